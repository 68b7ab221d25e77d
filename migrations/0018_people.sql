-- Leave, the basis of growth, and viewing as another person.
set local lock_timeout = '5s';

-- When a person is away: targets count the days of presence.
create table leaves (
    org_id      bigint not null,
    id          bigint generated always as identity,
    user_id     bigint not null,
    during      daterange not null,    -- open above while nobody knows the day of return
    kind        text not null,
    note        text not null default '',
    recorded_by bigint not null,
    recorded_at timestamptz not null,
    constraint leaves_pkey primary key (org_id, id),
    constraint leaves_user_fkey foreign key (org_id, user_id) references users (org_id, id),
    constraint leaves_recorded_by_fkey foreign key (org_id, recorded_by) references users (org_id, id),
    constraint leaves_kind_check check (kind in ('vacation', 'sick', 'parental', 'other')),
    constraint leaves_during_check check (not isempty(during) and not lower_inf(during)),
    constraint leaves_note_check check (length(note) <= 500),
    constraint leaves_overlap exclude using gist (org_id with =, user_id with =, during with &&)
);
-- A correction is a removal and a new entry: the audit keeps both.
grant select, insert, delete on leaves to attain_app;
alter table leaves enable row level security;
create policy organization on leaves using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));

-- Whose sales growth is measured: those that a rep is credited with, or those of the customers that the rep owned on
-- the day, against the same customers a year before.
alter table organizations
    add column growth_basis text not null default 'credited',
    add constraint organizations_growth_basis_check check (growth_basis in ('credited', 'book'));

-- An administrator who looks at the program with somebody else's eyes, and since when.
alter table sessions
    add column viewing_as bigint,
    add column viewing_since timestamptz,
    add constraint sessions_viewing_as_fkey foreign key (org_id, viewing_as) references users (org_id, id),
    add constraint sessions_viewing_check check ((viewing_as is null) = (viewing_since is null) and viewing_as <> user_id);
