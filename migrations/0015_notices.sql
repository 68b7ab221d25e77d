-- Notices, search and the log of everything: what each of them looks up has an index.
set local lock_timeout = '5s';

-- When a person last looked at the notices: what came later is new. What there is to say follows from the facts.
create table notices_seen (
    org_id  bigint not null,
    user_id bigint not null,
    seen_at timestamptz not null,
    constraint notices_seen_pkey primary key (org_id, user_id),
    constraint notices_seen_user_fkey foreign key (org_id, user_id) references users (org_id, id)
);
grant select, insert, update on notices_seen to attain_app;
alter table notices_seen enable row level security;
create policy organization on notices_seen using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));

-- The log is read from its end: of everything, of one person, of one kind of act. (Of one thing: audit_object.)
create index audit_at on audit (org_id, at desc, id desc);
create index audit_user on audit (org_id, user_id, at desc, id desc);
create index audit_action on audit (org_id, action collate "C", at desc, id desc);

-- Search finds customers by the beginning of their names, in any spelling of the letters. A column of its own: behind
-- row-level security an index serves comparisons of plain columns only.
alter table customers add column name_key text collate "C" generated always as (lower(name)) stored;
create index customers_name_key on customers (org_id, name_key, id);

-- What an import changed: not what is kept for searching.
create or replace function changes(old jsonb, new jsonb) returns jsonb
language sql immutable as $$
    select jsonb_build_object('old', coalesce(jsonb_object_agg(key, old -> key), '{}'),
                              'new', coalesce(jsonb_object_agg(key, value), '{}'))
    from jsonb_each(new)
    where old -> key is distinct from value and key not in ('version', 'changed_at', 'name_key')
$$;

-- Targets of a rep that were set since the last look.
create index targets_rep_set on targets (org_id, rep_id, set_at desc);

-- Deals that wait for somebody's confirmation, the latest first.
create index deals_waiting on deals (org_id, changed_at desc) where stage = 'won' and confirmed_at is null;
