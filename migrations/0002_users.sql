-- People, their roles, the tree of teams, and how they sign in.
set local lock_timeout = '5s';

create table users (
    org_id      bigint not null,
    id          bigint generated always as identity,
    external_id text,             -- the name of the person in imported files
    name        text not null,
    email       text,             -- to whom an invitation goes; signing in uses sign_ins.email
    title       text,
    level       text,             -- junior, senior …
    hired_on    date,
    left_on     date,             -- first day no longer there
    active      boolean not null default true, -- may sign in
    version     integer not null default 1,
    created_at  timestamptz not null,
    constraint users_pkey primary key (org_id, id),
    constraint users_org_fkey foreign key (org_id) references organizations (id),
    constraint users_external_id_key unique (org_id, external_id),
    constraint users_name_check check (length(name) between 1 and 200),
    constraint users_time_check check (left_on is null or hired_on is null or left_on >= hired_on)
);
create unique index users_email_key on users (org_id, lower(email));

create table user_roles (
    org_id  bigint not null,
    user_id bigint not null,
    role    text not null,
    constraint user_roles_pkey primary key (org_id, user_id, role),
    constraint user_roles_user_fkey foreign key (org_id, user_id) references users (org_id, id),
    constraint user_roles_role_check check (role in ('rep', 'manager', 'finance', 'admin'))
);

create table teams (
    org_id    bigint not null,
    id        bigint generated always as identity,
    name      text not null,
    parent_id bigint,
    version   integer not null default 1,
    constraint teams_pkey primary key (org_id, id),
    constraint teams_org_fkey foreign key (org_id) references organizations (id),
    constraint teams_parent_fkey foreign key (org_id, parent_id) references teams (org_id, id),
    constraint teams_name_key unique (org_id, name),
    constraint teams_name_check check (length(name) between 1 and 120),
    constraint teams_parent_check check (parent_id <> id)
);
create index teams_parent on teams (org_id, parent_id);

-- Which team a person belongs to, over time: one at a time.
create table memberships (
    org_id  bigint not null,
    user_id bigint not null,
    team_id bigint not null,
    during  daterange not null,
    constraint memberships_pkey primary key (org_id, user_id, during),
    constraint memberships_user_fkey foreign key (org_id, user_id) references users (org_id, id),
    constraint memberships_team_fkey foreign key (org_id, team_id) references teams (org_id, id),
    constraint memberships_during_check check (not isempty(during)),
    constraint memberships_overlap exclude using gist (org_id with =, user_id with =, during with &&)
);
create index memberships_team on memberships (org_id, team_id);

-- Who manages a team, over time. A manager may belong to the team above it, so this is no attribute of membership.
create table team_managers (
    org_id  bigint not null,
    team_id bigint not null,
    user_id bigint not null,
    during  daterange not null,
    constraint team_managers_pkey primary key (org_id, team_id, user_id, during),
    constraint team_managers_user_fkey foreign key (org_id, user_id) references users (org_id, id),
    constraint team_managers_team_fkey foreign key (org_id, team_id) references teams (org_id, id),
    constraint team_managers_during_check check (not isempty(during)),
    constraint team_managers_overlap exclude using gist (org_id with =, team_id with =, user_id with =, during with &&)
);
create index team_managers_user on team_managers (org_id, user_id);

-- The four tables below are read before it is known which organization asks: no row-level security.

create table sign_ins (
    email         text not null,      -- lower case; unique over all organizations
    org_id        bigint not null,
    user_id       bigint not null,
    password_hash text not null,      -- argon2id, PHC string
    failures      integer not null default 0, -- wrong passwords in a row
    changed_at    timestamptz not null,
    constraint sign_ins_pkey primary key (email),
    constraint sign_ins_user_key unique (org_id, user_id),
    constraint sign_ins_user_fkey foreign key (org_id, user_id) references users (org_id, id),
    constraint sign_ins_email_check check (email = lower(email) and length(email) between 3 and 254)
);

create table sessions (
    token_hash   bytea not null,       -- sha256 of the cookie's token
    org_id       bigint not null,
    user_id      bigint not null,
    created_at   timestamptz not null,
    last_seen_at timestamptz not null, -- written at most once a minute
    auth_at      timestamptz not null, -- when the password was last given
    ends_at      timestamptz,          -- replaced by a new token: good until then for requests under way
    ip           text not null,
    user_agent   text not null,
    constraint sessions_pkey primary key (token_hash),
    constraint sessions_user_fkey foreign key (org_id, user_id) references users (org_id, id)
);
create index sessions_user on sessions (org_id, user_id);

create table invitations (
    token_hash bytea not null,         -- sha256 of the link's token
    org_id     bigint not null,
    user_id    bigint not null,
    kind       text not null,          -- a first password, or a new one
    email      text not null,
    created_by bigint not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    constraint invitations_pkey primary key (token_hash),
    constraint invitations_user_key unique (org_id, user_id),
    constraint invitations_user_fkey foreign key (org_id, user_id) references users (org_id, id),
    constraint invitations_created_by_fkey foreign key (org_id, created_by) references users (org_id, id),
    constraint invitations_kind_check check (kind in ('invite', 'reset'))
);

-- Token buckets of the sign-in form, per address and per e-mail: they survive a restart and are shared by replicas.
create table throttle (
    key       text not null,
    tokens    double precision not null,
    filled_at timestamptz not null,
    constraint throttle_pkey primary key (key)
);

grant select, insert, update on users, teams to attain_app;
grant select, insert, update, delete on user_roles, memberships, team_managers, sign_ins, sessions, invitations, throttle to attain_app;

alter table users enable row level security;
alter table user_roles enable row level security;
alter table teams enable row level security;
alter table memberships enable row level security;
alter table team_managers enable row level security;
create policy organization on users using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on user_roles using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on teams using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on memberships using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on team_managers using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
