-- What a locked period is worth now against what was paid for it, balances, and what finance does by hand to pay.
set local lock_timeout = '5s';

alter table commission_runs
    add column facts_mark bigint;       -- mark of the period's facts when it was calculated; null: not known

-- What the rep owes after this statement. Verified against its inputs, and against the inputs of the next one.
alter table statements
    add column draw_balance bigint not null default 0, -- of draws
    add column carried bigint not null default 0,      -- of what could not be taken back yet
    add constraint statements_draw_balance_check check (draw_balance >= 0),
    add constraint statements_carried_check check (carried <= 0);

-- What a statement corrects of statements of locked periods: one row per component.
create table statement_corrections (
    org_id       bigint not null,
    statement_id bigint not null,       -- pays the difference
    corrected_id bigint not null,       -- is worth something else now
    component    text not null,
    old          bigint not null,       -- what was paid for it so far
    new          bigint not null,       -- what it is worth by what was known
    constraint statement_corrections_pkey primary key (org_id, statement_id, corrected_id, component),
    constraint statement_corrections_statement_fkey foreign key (org_id, statement_id) references statements (org_id, id),
    constraint statement_corrections_corrected_fkey foreign key (org_id, corrected_id) references statements (org_id, id),
    constraint statement_corrections_check check (old <> new and statement_id <> corrected_id)
);
create index statement_corrections_corrected on statement_corrections (org_id, corrected_id);

-- A component of a rep in a period, or a deal of a rep, that counts and is not paid yet.
create table pay_holds (
    org_id       bigint not null,
    id           bigint generated always as identity,
    rep_id       bigint not null,
    period_kind  text not null,
    period_start date not null,
    component    text not null,         -- of the line on which it was held
    deal_id      bigint,                -- null: the whole component in this period
    reason       text not null,
    made_by      bigint not null,
    made_at      timestamptz not null,
    constraint pay_holds_pkey primary key (org_id, id),
    constraint pay_holds_rep_fkey foreign key (org_id, rep_id) references users (org_id, id),
    constraint pay_holds_deal_fkey foreign key (org_id, deal_id) references deals (org_id, id),
    constraint pay_holds_made_by_fkey foreign key (org_id, made_by) references users (org_id, id),
    constraint pay_holds_period_kind_check check (period_kind in ('month', 'quarter', 'year')),
    constraint pay_holds_reason_check check (length(reason) between 1 and 500)
);
create index pay_holds_rep on pay_holds (org_id, rep_id, id);
create table pay_hold_releases (
    org_id  bigint not null,
    hold_id bigint not null,
    reason  text not null default '',
    made_by bigint not null,
    made_at timestamptz not null,
    constraint pay_hold_releases_pkey primary key (org_id, hold_id),
    constraint pay_hold_releases_hold_fkey foreign key (org_id, hold_id) references pay_holds (org_id, id),
    constraint pay_hold_releases_made_by_fkey foreign key (org_id, made_by) references users (org_id, id),
    constraint pay_hold_releases_reason_check check (length(reason) <= 500)
);

-- An amount that somebody adds to a rep's pay, or takes off it, with a reason. It goes into the rep's first statement of
-- this period or a later one that is approved. What late facts make is worked out by the run and not kept here.
create table pay_adjustments (
    org_id       bigint not null,
    id           bigint generated always as identity,
    rep_id       bigint not null,
    period_kind  text not null,         -- of the period from which on it is paid
    period_start date not null,
    component    text not null,
    about        text not null,         -- the period that it is about, like 2026-09
    amount       bigint not null,
    reason       text not null,
    source       text not null default 'manual',
    made_by      bigint not null,
    made_at      timestamptz not null,
    constraint pay_adjustments_pkey primary key (org_id, id),
    constraint pay_adjustments_rep_fkey foreign key (org_id, rep_id) references users (org_id, id),
    constraint pay_adjustments_made_by_fkey foreign key (org_id, made_by) references users (org_id, id),
    constraint pay_adjustments_four_eyes check (made_by <> rep_id),
    constraint pay_adjustments_period_kind_check check (period_kind in ('month', 'quarter', 'year')),
    constraint pay_adjustments_source_check check (source in ('manual', 'dispute')),
    constraint pay_adjustments_amount_check check (amount <> 0),
    constraint pay_adjustments_reason_check check (length(reason) between 1 and 500),
    constraint pay_adjustments_component_check check (length(component) between 1 and 200),
    constraint pay_adjustments_about_check check (length(about) between 4 and 20)
);
create index pay_adjustments_rep on pay_adjustments (org_id, rep_id, id);
create table pay_adjustment_withdrawals (
    org_id        bigint not null,
    adjustment_id bigint not null,
    reason        text not null default '',
    made_by       bigint not null,
    made_at       timestamptz not null,
    constraint pay_adjustment_withdrawals_pkey primary key (org_id, adjustment_id),
    constraint pay_adjustment_withdrawals_adjustment_fkey foreign key (org_id, adjustment_id)
        references pay_adjustments (org_id, id),
    constraint pay_adjustment_withdrawals_made_by_fkey foreign key (org_id, made_by) references users (org_id, id),
    constraint pay_adjustment_withdrawals_reason_check check (length(reason) <= 500)
);
-- Which statement holds it. It is paid with the one whose period is locked.
create table statement_adjustments (
    org_id        bigint not null,
    statement_id  bigint not null,
    adjustment_id bigint not null,
    constraint statement_adjustments_pkey primary key (org_id, statement_id, adjustment_id),
    constraint statement_adjustments_statement_fkey foreign key (org_id, statement_id) references statements (org_id, id),
    constraint statement_adjustments_adjustment_fkey foreign key (org_id, adjustment_id)
        references pay_adjustments (org_id, id)
);
create index statement_adjustments_adjustment on statement_adjustments (org_id, adjustment_id);

-- What those who prepare and approve say to each other about a line. It changes no pay.
create table pay_notes (
    org_id       bigint not null,
    id           bigint generated always as identity,
    rep_id       bigint not null,
    period_kind  text not null,
    period_start date not null,
    component    text not null,
    text         text not null,
    made_by      bigint not null,
    made_at      timestamptz not null,
    constraint pay_notes_pkey primary key (org_id, id),
    constraint pay_notes_rep_fkey foreign key (org_id, rep_id) references users (org_id, id),
    constraint pay_notes_made_by_fkey foreign key (org_id, made_by) references users (org_id, id),
    constraint pay_notes_period_kind_check check (period_kind in ('month', 'quarter', 'year')),
    constraint pay_notes_text_check check (length(text) between 1 and 500)
);
create index pay_notes_rep on pay_notes (org_id, rep_id, period_start);

alter table organizations
    add column warn_above bigint,       -- pay of one rep above this is named on the run's page; null: never
    add constraint organizations_warn_above_check check (warn_above > 0);

-- Nothing here is ever changed: a release, a withdrawal is a row of its own.
grant select, insert on statement_corrections, pay_holds, pay_hold_releases, pay_adjustments, pay_adjustment_withdrawals,
    statement_adjustments, pay_notes to attain_app;

alter table statement_corrections enable row level security;
alter table pay_holds enable row level security;
alter table pay_hold_releases enable row level security;
alter table pay_adjustments enable row level security;
alter table pay_adjustment_withdrawals enable row level security;
alter table statement_adjustments enable row level security;
alter table pay_notes enable row level security;
create policy organization on statement_corrections using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on pay_holds using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on pay_hold_releases using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on pay_adjustments using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on pay_adjustment_withdrawals using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on statement_adjustments using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on pay_notes using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
