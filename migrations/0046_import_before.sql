-- What an import changed is kept as it was, so that it can be put back while it stands as the import left it.
set local lock_timeout = '5s';

alter table imports add column has_changed boolean not null default false; -- records that were there before

create table import_before (
    org_id    bigint not null,
    import_id bigint not null,
    kind      text not null,           -- the table
    id        bigint not null,
    state     jsonb not null,          -- import_state() before the import
    mark      text not null,           -- import_mark() after it: another one once somebody has changed it
    constraint import_before_pkey primary key (org_id, import_id, kind, id),
    constraint import_before_import_fkey foreign key (org_id, import_id) references imports (org_id, id),
    constraint import_before_kind_check check (kind in ('users', 'teams', 'customers', 'deals', 'visits'))
);

grant select on import_before to attain_app; -- imports are done, and taken back, by the owner
alter table import_before enable row level security;
create policy organization on import_before using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));

-- Records with what belongs to them: the row, and by the name of their table the rows that an import writes along with it.
create function import_state(org bigint, kind text, ids bigint[]) returns table (id bigint, state jsonb)
language sql stable as $$
    select u.id, jsonb_build_object(
               'row', to_jsonb(u),
               'user_roles', (select jsonb_agg(to_jsonb(t) order by t.role)
                              from user_roles t where t.org_id = $1 and t.user_id = u.id),
               'memberships', (select jsonb_agg(to_jsonb(t) order by t.during)
                               from memberships t where t.org_id = $1 and t.user_id = u.id),
               'plan_assignments', (select jsonb_agg(to_jsonb(t) order by t.during)
                                    from plan_assignments t where t.org_id = $1 and t.rep_id = u.id))
    from users u
    where $2 = 'users' and u.org_id = $1 and u.id = any ($3)
    union all
    select m.id, jsonb_build_object(
               'row', to_jsonb(m),
               'team_managers', (select jsonb_agg(to_jsonb(t) order by t.during, t.user_id)
                                 from team_managers t where t.org_id = $1 and t.team_id = m.id))
    from teams m
    where $2 = 'teams' and m.org_id = $1 and m.id = any ($3)
    union all
    select c.id, jsonb_build_object(
               'row', to_jsonb(c),
               'ownerships', (select jsonb_agg(to_jsonb(t) order by t.during)
                              from ownerships t where t.org_id = $1 and t.customer_id = c.id))
    from customers c
    where $2 = 'customers' and c.org_id = $1 and c.id = any ($3)
    union all
    select d.id, jsonb_build_object(
               'row', to_jsonb(d),
               'deal_lines', (select jsonb_agg(to_jsonb(t) order by t.position)
                              from deal_lines t where t.org_id = $1 and t.deal_id = d.id),
               'deal_credits', (select jsonb_agg(to_jsonb(t) order by t.position)
                                from deal_credits t where t.org_id = $1 and t.deal_id = d.id),
               'returns', (select jsonb_agg(t.id order by t.id) from deals t where t.org_id = $1 and t.returns_id = d.id))
    from deals d
    where $2 = 'deals' and d.org_id = $1 and d.id = any ($3)
    union all
    select v.id, jsonb_build_object(
               'row', to_jsonb(v),
               'visit_participants', (select jsonb_agg(to_jsonb(t) order by t.rep_id)
                                      from visit_participants t where t.org_id = $1 and t.visit_id = v.id))
    from visits v
    where $2 = 'visits' and v.org_id = $1 and v.id = any ($3)
$$;

-- A checksum of such a state. The version counts also what was put back.
create function import_mark(state jsonb) returns text
language sql immutable as $$
    select md5((state #- '{row,version}')::text)
$$;
