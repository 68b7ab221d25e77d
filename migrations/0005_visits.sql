-- Visits: who was with which customer, and what is planned.
set local lock_timeout = '5s';

create table visits (
    org_id      bigint not null,
    id          bigint generated always as identity,
    external_id text,
    rep_id      bigint not null,
    customer_id bigint not null,
    visited_on  date not null,          -- for a planned visit: the day it is planned for
    starts_at   time,
    kind        text not null default 'in_person',
    state       text not null default 'done',
    outcome     text,
    minutes     integer,
    notes       text not null default '',
    recorded_by bigint,                 -- null: an import
    recorded_at timestamptz not null,   -- when it was entered as done
    version     integer not null default 1,
    constraint visits_pkey primary key (org_id, id),
    constraint visits_rep_fkey foreign key (org_id, rep_id) references users (org_id, id),
    constraint visits_customer_fkey foreign key (org_id, customer_id) references customers (org_id, id),
    constraint visits_recorded_by_fkey foreign key (org_id, recorded_by) references users (org_id, id),
    constraint visits_external_id_key unique (org_id, external_id),
    constraint visits_kind_check check (kind in ('in_person', 'call', 'online')),
    constraint visits_state_check check (state in ('planned', 'done', 'missed')),
    constraint visits_outcome_check check (outcome in ('order', 'follow_up', 'no_interest', 'not_met', 'other')),
    constraint visits_minutes_check check (minutes between 1 and 1440)
);
create index visits_rep_day on visits (org_id, rep_id, visited_on) include (customer_id, kind, state);
create index visits_day on visits (org_id, visited_on) include (rep_id, customer_id, kind, state);
create index visits_customer_day on visits (org_id, customer_id, visited_on) include (rep_id, kind, state);
alter table visits set (autovacuum_vacuum_insert_scale_factor = 0.02);

grant select, insert, update, delete on visits to attain_app;
alter table visits enable row level security;
create policy organization on visits using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
