-- Large first imports put the rules of customers, ownerships and events aside, too: days that must not overlap are
-- compared once for all rows. Tables that have rows keep their rules.
set local lock_timeout = '5s';

-- False, and nothing has happened: all tables have rows, or somebody reads one for longer than the lock may wait.
create or replace function lift_rules(tables regclass[]) returns boolean
language plpgsql set lock_timeout = '3s' as $$
declare
    candidate regclass;
    filled boolean;
    empty regclass[] := '{}';
    rule record;
begin
    foreach candidate in array tables loop
        execute format('select exists (select from %s)', candidate) into filled;
        if not filled then
            empty := empty || candidate;
        end if;
    end loop;
    insert into import_lifted_rules (position, table_name, name, definition, kind)
    select row_number() over (order by kind <> 'reference', kind <> 'index', name), table_name, name, definition, kind
    from (
        select c.conrelid::regclass::text as table_name, c.conname::text as name, pg_get_constraintdef(c.oid) as definition,
               case c.contype when 'f' then 'reference' else 'unique' end as kind
        from pg_constraint c
        where c.conrelid = any (empty) and c.contype in ('u', 'x', 'f')
        union all
        select i.indrelid::regclass::text, i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid), 'index'
        from pg_index i
        where i.indrelid = any (empty)
          and not exists (select from pg_constraint c where c.conindid = i.indexrelid and c.contype in ('p', 'u', 'x'))
    ) as found;
    for rule in select table_name, name, kind from import_lifted_rules order by position loop
        if rule.kind = 'index' then
            execute format('drop index %s', rule.name);
        else
            execute format('alter table %s drop constraint %I', rule.table_name, rule.name);
        end if;
    end loop;
    return cardinality(empty) > 0;
exception
    when lock_not_available or deadlock_detected then
        return false;
end
$$;
