-- The least number of visits that is expected of a day or a week.
set local lock_timeout = '5s';

create table visit_minimums (
    org_id         bigint not null,
    id             bigint generated always as identity,
    rep_id         bigint,                 -- null: for everybody without one of their own
    visits         integer not null,       -- 0: none is expected from that day on
    per            text not null,          -- a working day, or an ISO week with at least one working day
    strangers_only boolean not null,       -- only visits to customers that had never bought count
    from_date      date,                   -- null: from the beginning
    constraint visit_minimums_pkey primary key (org_id, id),
    constraint visit_minimums_org_fkey foreign key (org_id) references organizations (id),
    constraint visit_minimums_rep_fkey foreign key (org_id, rep_id) references users (org_id, id),
    constraint visit_minimums_key unique nulls not distinct (org_id, rep_id, from_date),
    constraint visit_minimums_visits_check check (visits between 0 and 100),
    constraint visit_minimums_per_check check (per in ('day', 'week'))
);
grant select, insert, update, delete on visit_minimums to attain_app;
alter table visit_minimums enable row level security;
create policy organization on visit_minimums using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
