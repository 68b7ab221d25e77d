-- What a period was paid by stays with its run: settings, the tree, and which marks of earlier periods it has settled.
set local lock_timeout = '5s';

-- The settings of the calculation; null: the run is older than this, and today's are taken.
alter table commission_runs
    add column growth_base text,
    add column growth_basis text,
    add column confirm_deals boolean,
    add column team_tree jsonb,         -- each team that has one above it, with that one
    add column facts_from date,         -- first day that facts_mark is of; null: that of the period
    add constraint commission_runs_growth_base_check check (growth_base in ('last_year', 'period_before')),
    add constraint commission_runs_growth_basis_check check (growth_basis in ('credited', 'book'));

-- The marks of earlier locked periods as a run found them. Once it is approved everything of them is posted.
create table run_marks (
    org_id    bigint not null,
    run_id    bigint not null,
    locked_id bigint not null,          -- the run of the locked period
    mark      bigint not null,
    constraint run_marks_pkey primary key (org_id, run_id, locked_id),
    constraint run_marks_run_fkey foreign key (org_id, run_id) references commission_runs (org_id, id),
    constraint run_marks_locked_fkey foreign key (org_id, locked_id) references period_locks (org_id, run_id)
);
create index run_marks_locked on run_marks (org_id, locked_id);

grant select, insert on run_marks to attain_app;
alter table run_marks enable row level security;
create policy organization on run_marks using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));

-- Four eyes: nobody approves what the same person held, released, adjusted or took back. The key ties the column down.
alter table statements
    add column hands bigint[] not null default '{}', -- who did something by hand to what it pays
    add constraint statements_hands_key unique (org_id, id, run_id, rep_id, prepared_by, hands);
alter table approvals
    add column hands bigint[] not null default '{}',
    drop constraint approvals_statement_fkey,
    add constraint approvals_statement_fkey foreign key (org_id, statement_id, run_id, rep_id, prepared_by, hands)
        references statements (org_id, id, run_id, rep_id, prepared_by, hands),
    add constraint approvals_by_hand check (approved_by <> all (hands));
