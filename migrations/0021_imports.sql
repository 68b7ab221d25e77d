-- Imports that were done, and what each made, so that it can be taken back until something depends on it.
set local lock_timeout = '5s';

create table imports (
    org_id    bigint not null,
    id        bigint not null,         -- the number under which its rows were staged
    user_id   bigint,                  -- null: the command line
    at        timestamptz not null,
    files     jsonb not null,          -- created, updated and unchanged rows by file
    is_sample boolean not null,        -- the first steps' data to try things with
    hanging   text,                    -- checksum of what hangs on the people, teams and customers that it made
    undone_by bigint,
    undone_at timestamptz,
    constraint imports_pkey primary key (org_id, id),
    constraint imports_org_fkey foreign key (org_id) references organizations (id),
    constraint imports_user_fkey foreign key (org_id, user_id) references users (org_id, id),
    constraint imports_undone_by_fkey foreign key (org_id, undone_by) references users (org_id, id),
    constraint imports_undone_check check ((undone_by is null) = (undone_at is null))
);

-- What an import made, where it changed nothing that was there before. Without rows: it cannot be taken back.
create table import_made (
    org_id    bigint not null,
    import_id bigint not null,
    kind      text not null,           -- the table
    ids       bigint[] not null,
    constraint import_made_pkey primary key (org_id, import_id, kind),
    constraint import_made_import_fkey foreign key (org_id, import_id) references imports (org_id, id),
    constraint import_made_kind_check check (kind in ('users', 'teams', 'categories', 'products', 'customers', 'deals',
        'visits', 'targets', 'plans', 'plan_versions'))
);

grant select on imports, import_made to attain_app; -- imports are done, and taken back, by the owner
alter table imports enable row level security;
alter table import_made enable row level security;
create policy organization on imports using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on import_made using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
