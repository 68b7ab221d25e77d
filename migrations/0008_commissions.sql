-- Plans in immutable versions, runs with their statements, and the signatures under them. Nothing here is updated.
set local lock_timeout = '5s';

create table plans (
    org_id bigint not null,
    id     bigint generated always as identity,
    name   text not null,
    constraint plans_pkey primary key (org_id, id),
    constraint plans_org_fkey foreign key (org_id) references organizations (id),
    constraint plans_name_key unique (org_id, name),
    constraint plans_name_check check (length(name) between 1 and 120)
);

create table plan_versions (
    org_id     bigint not null,
    id         bigint generated always as identity,
    plan_id    bigint not null,
    number     integer not null,        -- from 1
    from_date  date not null,           -- first day of the first period it holds for
    document   jsonb not null,          -- the plan as in docs/commission-plans.md
    template   text,                    -- the form it was made with
    created_by bigint,
    created_at timestamptz not null,
    constraint plan_versions_pkey primary key (org_id, id),
    constraint plan_versions_plan_fkey foreign key (org_id, plan_id) references plans (org_id, id),
    constraint plan_versions_created_by_fkey foreign key (org_id, created_by) references users (org_id, id),
    constraint plan_versions_number_key unique (org_id, plan_id, number),
    constraint plan_versions_from_check check (extract(day from from_date) = 1)
);

create table plan_assignments (
    org_id  bigint not null,
    rep_id  bigint not null,
    plan_id bigint not null,
    during  daterange not null,
    constraint plan_assignments_pkey primary key (org_id, rep_id, during),
    constraint plan_assignments_rep_fkey foreign key (org_id, rep_id) references users (org_id, id),
    constraint plan_assignments_plan_fkey foreign key (org_id, plan_id) references plans (org_id, id),
    constraint plan_assignments_during_check check (not isempty(during)),
    constraint plan_assignments_overlap exclude using gist (org_id with =, rep_id with =, during with &&)
);

-- A calculation of one period. A newer run supersedes an older one that is not approved.
create table commission_runs (
    org_id       bigint not null,
    id           bigint generated always as identity,
    period_kind  text not null,
    period_start date not null,
    period_end   date not null,         -- first day after the period
    prepared_by  bigint not null,
    prepared_at  timestamptz not null,
    engine       text not null,         -- version of the engine that calculated it
    constraint commission_runs_pkey primary key (org_id, id),
    constraint commission_runs_prepared_by_fkey foreign key (org_id, prepared_by) references users (org_id, id),
    constraint commission_runs_preparer_key unique (org_id, id, prepared_by),
    constraint commission_runs_period_key unique (org_id, id, period_kind, period_start, period_end),
    constraint commission_runs_period_kind_check check (period_kind in ('month', 'quarter', 'year')),
    constraint commission_runs_period_check check (period_end > period_start)
);
create index commission_runs_period on commission_runs (org_id, period_start, id);

create table statements (
    org_id          bigint not null,
    id              bigint generated always as identity,
    run_id          bigint not null,
    rep_id          bigint not null,
    prepared_by     bigint not null,    -- the run's; the approval's four eyes lean on it
    plan_version_id bigint not null,
    inputs          jsonb not null,     -- plan and facts, whole: enough to calculate it again anywhere
    total           bigint not null,
    digest          bytea not null,     -- sha256 of inputs, engine and result: the check code
    constraint statements_pkey primary key (org_id, id),
    constraint statements_run_fkey foreign key (org_id, run_id, prepared_by) references commission_runs (org_id, id, prepared_by),
    constraint statements_rep_fkey foreign key (org_id, rep_id) references users (org_id, id),
    constraint statements_plan_version_fkey foreign key (org_id, plan_version_id) references plan_versions (org_id, id),
    constraint statements_rep_key unique (org_id, run_id, rep_id),
    constraint statements_eyes_key unique (org_id, id, run_id, rep_id, prepared_by)
);
create index statements_rep on statements (org_id, rep_id, id);

create table statement_lines (
    org_id       bigint not null,
    statement_id bigint not null,
    position     integer not null,      -- from 1, in the order of calculation
    component    text not null,
    measure      text not null,
    amount       bigint not null,
    detail       jsonb not null,        -- words, slices and records of the line
    constraint statement_lines_pkey primary key (org_id, statement_id, position),
    constraint statement_lines_statement_fkey foreign key (org_id, statement_id) references statements (org_id, id)
);

create table run_submissions (
    org_id       bigint not null,
    run_id       bigint not null,
    submitted_by bigint not null,
    submitted_at timestamptz not null,
    constraint run_submissions_pkey primary key (org_id, run_id),
    constraint run_submissions_run_fkey foreign key (org_id, run_id) references commission_runs (org_id, id),
    constraint run_submissions_by_fkey foreign key (org_id, submitted_by) references users (org_id, id)
);

-- Four eyes: the approver is neither who prepared the run nor whose pay it is. The composite key ties both columns down.
create table approvals (
    org_id       bigint not null,
    statement_id bigint not null,
    run_id       bigint not null,
    rep_id       bigint not null,
    prepared_by  bigint not null,
    approved_by  bigint not null,
    approved_at  timestamptz not null,
    constraint approvals_pkey primary key (org_id, statement_id),
    constraint approvals_statement_fkey foreign key (org_id, statement_id, run_id, rep_id, prepared_by)
        references statements (org_id, id, run_id, rep_id, prepared_by),
    constraint approvals_submitted_fkey foreign key (org_id, run_id) references run_submissions (org_id, run_id),
    constraint approvals_approved_by_fkey foreign key (org_id, approved_by) references users (org_id, id),
    constraint approvals_four_eyes check (approved_by <> prepared_by and approved_by <> rep_id)
);
create index approvals_run on approvals (org_id, run_id);

-- A period is locked by the run whose statements are all approved: one run per period, whoever presses what when.
create table period_locks (
    org_id       bigint not null,
    run_id       bigint not null,
    period_kind  text not null,
    period_start date not null,
    period_end   date not null,
    locked_at    timestamptz not null,
    constraint period_locks_pkey primary key (org_id, run_id),
    constraint period_locks_run_fkey foreign key (org_id, run_id, period_kind, period_start, period_end)
        references commission_runs (org_id, id, period_kind, period_start, period_end),
    constraint period_locks_once unique (org_id, period_kind, period_start)
);

create table payments (
    org_id  bigint not null,
    run_id  bigint not null,
    paid_on date not null,
    paid_by bigint not null,
    at      timestamptz not null,
    constraint payments_pkey primary key (org_id, run_id),
    constraint payments_lock_fkey foreign key (org_id, run_id) references period_locks (org_id, run_id),
    constraint payments_paid_by_fkey foreign key (org_id, paid_by) references users (org_id, id)
);

grant select, insert on plans, plan_versions, commission_runs, statements, statement_lines, run_submissions, approvals,
    period_locks, payments to attain_app;
grant select, insert, update, delete on plan_assignments to attain_app;

alter table plans enable row level security;
alter table plan_versions enable row level security;
alter table plan_assignments enable row level security;
alter table commission_runs enable row level security;
alter table statements enable row level security;
alter table statement_lines enable row level security;
alter table run_submissions enable row level security;
alter table approvals enable row level security;
alter table period_locks enable row level security;
alter table payments enable row level security;
create policy organization on plans using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on plan_versions using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on plan_assignments using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on commission_runs using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on statements using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on statement_lines using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on run_submissions using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on approvals using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on period_locks using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on payments using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
