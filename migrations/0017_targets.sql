-- Targets of teams and of the company, of levels, in proportion to presence, and accepted by the rep.
set local lock_timeout = '5s';

-- Whose target it is: a rep's, a team's, or, with neither, the company's.
alter table targets
    alter column rep_id drop not null,
    add column team_id bigint,
    add constraint targets_team_fkey foreign key (org_id, team_id) references teams (org_id, id),
    add constraint targets_subject_check check (rep_id is null or team_id is null);
drop index targets_latest;
create index targets_latest on targets (org_id, period_kind, period_start, rep_id, team_id, metric, id desc);

-- Whether targets of a metric count in proportion to the days of presence: every change is a row; none: they do.
create table proration_changes (
    org_id   bigint not null,
    id       bigint generated always as identity,
    metric   text not null,
    prorated boolean not null,
    set_by   bigint not null,
    set_at   timestamptz not null,
    constraint proration_changes_pkey primary key (org_id, id),
    constraint proration_changes_set_by_fkey foreign key (org_id, set_by) references users (org_id, id),
    constraint proration_changes_metric_check check (metric ~ '^[a-z_]+$')
);
create index proration_changes_latest on proration_changes (org_id, metric, id desc);
grant select, insert on proration_changes to attain_app; -- history is never rewritten
alter table proration_changes enable row level security;
create policy organization on proration_changes using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));

-- What a level is usually expected to reach; the grid of targets offers it. The latest row counts.
create table level_targets (
    org_id      bigint not null,
    id          bigint generated always as identity,
    level       text not null,         -- as in users.level; capital letters make no difference
    metric      text not null,
    period_kind text not null,
    value       numeric,               -- null: taken away; units as in targets
    set_by      bigint not null,
    set_at      timestamptz not null,
    constraint level_targets_pkey primary key (org_id, id),
    constraint level_targets_set_by_fkey foreign key (org_id, set_by) references users (org_id, id),
    constraint level_targets_level_check check (length(level) between 1 and 120),
    constraint level_targets_metric_check check (metric ~ '^[a-z_]+$'),
    constraint level_targets_period_kind_check check (period_kind in ('day', 'week', 'month', 'quarter', 'year'))
);
create index level_targets_latest on level_targets (org_id, period_kind, lower(level), metric, id desc);
grant select, insert on level_targets to attain_app; -- history is never rewritten
alter table level_targets enable row level security;
create policy organization on level_targets using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));

-- A rep said yes to the own targets of a period as they stood with this last change.
create table target_acceptances (
    org_id       bigint not null,
    rep_id       bigint not null,
    period_kind  text not null,
    period_start date not null,
    target_id    bigint not null,
    accepted_at  timestamptz not null,
    constraint target_acceptances_pkey primary key (org_id, rep_id, period_kind, period_start, target_id),
    constraint target_acceptances_rep_fkey foreign key (org_id, rep_id) references users (org_id, id),
    constraint target_acceptances_target_fkey foreign key (org_id, target_id) references targets (org_id, id)
);
grant select, insert on target_acceptances to attain_app; -- a word that was given stands
alter table target_acceptances enable row level security;
create policy organization on target_acceptances using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
