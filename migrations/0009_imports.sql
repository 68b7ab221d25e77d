-- Where imported files land before they become records: unlogged, without row-level security (COPY refuses tables with
-- it), seen by nobody but the owner. Rows belong to one import and are gone when it ends, whichever way it ends.
set local lock_timeout = '5s';

create sequence import_ids;

create unlogged table import_customers (
    import_id      bigint not null,
    line           bigint not null,   -- of the file, from 1
    external_id    text,
    name           text,
    rep_id         bigint,
    created_on     date,
    customer_since date,
    segment        text,
    industry       text,
    city           text,
    country        text,
    attributes     jsonb not null
);

create unlogged table import_ownerships (
    import_id bigint not null,
    line      bigint not null,
    customer  text,
    rep_id    bigint,
    during    daterange
);

create unlogged table import_deals (
    import_id      bigint not null,
    line           bigint not null,
    deal_id        bigint not null default nextval('deals_id_seq'), -- replaced if the deal is known
    known          boolean not null default false,
    external_id    text,
    customer       text,
    owner_id       bigint,
    stage          text,
    opened_on      date,
    closed_on      date,
    source_stage   text,
    returns        text,
    amount         bigint,
    product        text,
    quantity       numeric,
    cost           bigint,
    credit_reps    bigint[],          -- null: no credits are given, the owner has the whole of it
    credit_parts   integer[],
    credit_amounts bigint[]           -- null: the amount stands in the deal's lines
);

create unlogged table import_lines (
    import_id bigint not null,
    line      bigint not null,
    deal      text,
    product   text,
    quantity  numeric,
    amount    bigint,
    cost      bigint
);

create unlogged table import_visits (
    import_id   bigint not null,
    line        bigint not null,
    external_id text,
    rep_id      bigint,
    customer    text,
    visited_on  date,
    kind        text,
    outcome     text,
    notes       text,
    minutes     integer,
    recorded_on date
);

create unlogged table import_targets (
    import_id    bigint not null,
    line         bigint not null,
    rep_id       bigint,
    period_kind  text,
    period_start date,
    metric       text,
    value        numeric
);

create unlogged table import_assignments (
    import_id bigint not null,
    line      bigint not null,
    plan      text,
    rep_id    bigint,
    during    daterange
);

-- Lines and credits of deals that were there before, as they shall be.
create unlogged table import_new_lines (
    import_id  bigint not null,
    deal_id    bigint not null,
    position   integer not null,
    product_id bigint,
    text       text not null default '', -- of a line that was there
    quantity   numeric not null,
    amount     bigint not null,
    cost       bigint
);

create unlogged table import_new_credits (
    import_id bigint not null,
    deal_id   bigint not null,
    position  integer not null,
    rep_id    bigint not null,
    parts     integer not null
);

-- Deals that were there before and get other lines or credits.
create unlogged table import_changes (
    import_id bigint not null,
    deal_id   bigint not null,
    lines     boolean not null default false,
    credits   boolean not null default false,
    constraint import_changes_pkey primary key (import_id, deal_id)
);

-- What an import has changed: the rows of a file that updated something, and the customers whose events it moves.
create unlogged table import_updates (
    import_id bigint not null,
    file      text not null,
    line      bigint not null,
    constraint import_updates_pkey primary key (import_id, file, line)
);
create unlogged table import_touched (
    import_id   bigint not null,
    customer_id bigint not null,
    new_owner   bigint,                         -- to whom the customer is handed over today
    replaces    boolean not null default false, -- whether ownership.csv says who owned it when
    constraint import_touched_pkey primary key (import_id, customer_id)
);

-- What differs between two rows, as old and new values.
create function changes(old jsonb, new jsonb) returns jsonb
language sql immutable as $$
    select jsonb_build_object('old', coalesce(jsonb_object_agg(key, old -> key), '{}'),
                              'new', coalesce(jsonb_object_agg(key, value), '{}'))
    from jsonb_each(new)
    where old -> key is distinct from value and key not in ('version', 'changed_at')
$$;

-- A first import of a million deals takes minutes when each row finds its place in ten indexes and asks for each of its
-- references, and half a minute when both are done once for all rows. lift_rules() puts the indexes and references of
-- tables aside, restore_rules() makes them again from their own definitions and thereby checks every row. Between the
-- two these tables and those that they refer to are locked, also for reading: only a large import into tables without
-- rows may call them, in its one transaction.
create unlogged table import_lifted_rules (
    position   integer not null,
    table_name text not null,
    name       text not null,
    definition text not null,
    kind       text not null,          -- index, unique (constraint), reference
    constraint import_lifted_rules_kind_check check (kind in ('index', 'unique', 'reference'))
);

-- False, and nothing has happened: somebody reads the tables for longer than the lock may wait.
create function lift_rules(tables regclass[]) returns boolean
language plpgsql set lock_timeout = '3s' as $$
declare
    rule record;
begin
    insert into import_lifted_rules (position, table_name, name, definition, kind)
    select row_number() over (order by kind <> 'reference', kind <> 'index', name), table_name, name, definition, kind
    from (
        select c.conrelid::regclass::text as table_name, c.conname::text as name, pg_get_constraintdef(c.oid) as definition,
               case c.contype when 'u' then 'unique' else 'reference' end as kind
        from pg_constraint c
        where c.conrelid = any (tables) and c.contype in ('u', 'f')
        union all
        select i.indrelid::regclass::text, i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid), 'index'
        from pg_index i
        where i.indrelid = any (tables)
          and not exists (select from pg_constraint c where c.conindid = i.indexrelid and c.contype in ('p', 'u', 'x'))
    ) as found;
    for rule in select table_name, name, kind from import_lifted_rules order by position loop
        if rule.kind = 'index' then
            execute format('drop index %s', rule.name);
        else
            execute format('alter table %s drop constraint %I', rule.table_name, rule.name);
        end if;
    end loop;
    return true;
exception
    when lock_not_available or deadlock_detected then
        return false;
end
$$;

create function restore_rules() returns void
language plpgsql as $$
declare
    rule record;
begin
    for rule in select table_name, name, definition, kind from import_lifted_rules order by position desc loop
        if rule.kind = 'index' then
            execute rule.definition;
        else
            execute format('alter table %s add constraint %I %s', rule.table_name, rule.name, rule.definition);
        end if;
    end loop;
    delete from import_lifted_rules;
end
$$;

revoke all on function lift_rules(regclass[]), restore_rules() from public;
