-- Organizations: the tenant, the serving role, and the settings that decide what numbers mean.
set local lock_timeout = '5s';

create extension if not exists btree_gist;

-- Serving happens as attain_app: no login, no ownership, never a superuser. Where the owner may not create roles,
-- an administrator runs these two statements once.
do $$
begin
    if not exists (select from pg_roles where rolname = 'attain_app') then
        create role attain_app nologin nosuperuser nobypassrls nocreatedb nocreaterole;
    end if;
    if not pg_has_role(current_user, 'attain_app', 'member') then
        execute format('grant attain_app to %I', current_user);
    end if;
exception
    when insufficient_privilege then
        raise exception 'the database user % may not create the role attain_app', current_user
            using hint = format('as an administrator run: create role attain_app nologin; grant attain_app to %I;', current_user);
    when unique_violation or duplicate_object then
        null; -- another database of this cluster was migrated in the same moment
end
$$;

create table organizations (
    id                  bigint generated always as identity,
    name                text not null,
    currency            text not null,
    time_zone           text not null,
    fiscal_year_start   smallint not null default 1,            -- month in which the fiscal year begins
    workdays            smallint[] not null default '{1,2,3,4,5}', -- ISO weekdays, 1 = Monday
    growth_base         text not null default 'last_year',      -- what growth is compared with
    new_customer_months integer not null default 12,            -- how long sales count as sales to a new customer
    handover_grace_days integer not null default 90,            -- a loss within this time is the owner's before
    late_entry_days     integer not null default 3,             -- a visit entered later than this is flagged
    confirm_deals       boolean not null default true,          -- a rep's deal pays only once confirmed
    created_at          timestamptz not null,
    constraint organizations_pkey primary key (id),
    constraint organizations_name_key unique (name),
    constraint organizations_name_check check (length(name) between 1 and 120),
    constraint organizations_currency_check check (currency ~ '^[A-Z]{3}$'),
    constraint organizations_fiscal_year_start_check check (fiscal_year_start between 1 and 12),
    constraint organizations_workdays_check check (cardinality(workdays) between 1 and 7 and workdays <@ '{1,2,3,4,5,6,7}'),
    constraint organizations_growth_base_check check (growth_base in ('last_year', 'period_before')),
    constraint organizations_new_customer_months_check check (new_customer_months between 1 and 60),
    constraint organizations_handover_grace_days_check check (handover_grace_days between 0 and 3650),
    constraint organizations_late_entry_days_check check (late_entry_days between 0 and 365)
);
grant select, insert, update on organizations to attain_app;

create table holidays (
    org_id  bigint not null,
    on_date date not null,
    name    text not null,
    constraint holidays_pkey primary key (org_id, on_date),
    constraint holidays_org_fkey foreign key (org_id) references organizations (id)
);
grant select, insert, update, delete on holidays to attain_app;
alter table holidays enable row level security;
create policy organization on holidays using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
