-- Targets: every change is a row of its own; the latest counts.
set local lock_timeout = '5s';

create table targets (
    org_id       bigint not null,
    id           bigint generated always as identity,
    rep_id       bigint not null,
    metric       text not null,
    period_kind  text not null,
    period_start date not null,
    value        numeric,               -- null: the target was taken away; money in minor units; growth as a fraction
    reason       text,
    set_by       bigint,                -- null: an import
    set_at       timestamptz not null,
    constraint targets_pkey primary key (org_id, id),
    constraint targets_rep_fkey foreign key (org_id, rep_id) references users (org_id, id),
    constraint targets_set_by_fkey foreign key (org_id, set_by) references users (org_id, id),
    constraint targets_period_kind_check check (period_kind in ('day', 'week', 'month', 'quarter', 'year')),
    constraint targets_metric_check check (metric ~ '^[a-z_]+$')
);
create index targets_latest on targets (org_id, period_kind, period_start, rep_id, metric, id desc);

grant select, insert on targets to attain_app; -- history is never rewritten
alter table targets enable row level security;
create policy organization on targets using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
