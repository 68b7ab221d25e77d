-- What makes a form safe to send twice, and who did what when.
set local lock_timeout = '5s';

create table receipts (
    org_id       bigint not null,
    token        uuid not null,        -- the form's once key
    user_id      bigint not null,
    request_hash bytea not null,       -- sha256 of what was sent: the same key with other data is refused
    location     text not null,        -- where the first answer sent the browser
    at           timestamptz not null,
    constraint receipts_pkey primary key (org_id, token),
    constraint receipts_user_fkey foreign key (org_id, user_id) references users (org_id, id)
);

create table audit (
    org_id  bigint not null,
    id      bigint generated always as identity,
    at      timestamptz not null,
    user_id bigint,                    -- null: the command line
    action  text not null,             -- visit.logged, target.set, run.approved …
    object  text not null,             -- the page of the thing, like /visits/12
    detail  jsonb not null default '{}', -- old and new values, reason
    constraint audit_pkey primary key (org_id, id),
    constraint audit_user_fkey foreign key (org_id, user_id) references users (org_id, id)
);
create index audit_object on audit (org_id, object, id);

grant select, insert, update on receipts to attain_app;
grant select, insert on audit to attain_app; -- append-only by privilege

alter table receipts enable row level security;
alter table audit enable row level security;
create policy organization on receipts using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on audit using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
