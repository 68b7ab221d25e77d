-- What reps had earned so far on a day: "why did it change since yesterday" compares two of these. Derived, and thrown away
-- after some days: nothing that is paid follows from it.
set local lock_timeout = '5s';

create table daily_earnings (
    org_id          bigint not null,
    rep_id          bigint not null,
    period_kind     text not null,
    period_start    date not null,
    day             date not null,          -- of the company; the first calculation of the day is kept
    plan_version_id bigint not null,
    engine          text not null,          -- the version of the engine
    inputs          jsonb not null,         -- plan, facts and records, as of a statement
    statement       jsonb not null,         -- what came of them
    calculated_at   timestamptz not null,
    constraint daily_earnings_pkey primary key (org_id, rep_id, period_kind, period_start, day),
    constraint daily_earnings_rep_fkey foreign key (org_id, rep_id) references users (org_id, id) on delete cascade,
    constraint daily_earnings_version_fkey foreign key (org_id, plan_version_id)
        references plan_versions (org_id, id) on delete cascade,
    constraint daily_earnings_kind_check check (period_kind in ('month', 'quarter', 'year'))
);
create index daily_earnings_day on daily_earnings (org_id, day);
create index daily_earnings_version on daily_earnings (org_id, plan_version_id);

-- The days on which the server has kept everybody's: once per company.
create table daily_rounds (
    org_id  bigint not null,
    day     date not null,
    done_at timestamptz not null,
    constraint daily_rounds_pkey primary key (org_id, day),
    constraint daily_rounds_org_fkey foreign key (org_id) references organizations (id)
);

grant select, insert, delete on daily_earnings, daily_rounds to attain_app;

alter table daily_earnings enable row level security;
alter table daily_rounds enable row level security;
create policy organization on daily_earnings using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on daily_rounds using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
