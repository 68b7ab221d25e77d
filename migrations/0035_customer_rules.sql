-- Since when which rules of customers hold, so that a change of them moves nothing that is locked. Until when a customer is a
-- new one is kept with its first sale: it is decided by the rule of that day.
set local lock_timeout = '5s';

create table customer_rules (
    org_id              bigint not null,
    id                  bigint generated always as identity,
    from_date           date,               -- null: from the beginning
    new_customer_months integer not null,   -- how long sales count as sales to a new customer
    handover_grace_days integer not null,   -- a loss within this time of a handover is the owner's before
    constraint customer_rules_pkey primary key (org_id, id),
    constraint customer_rules_key unique nulls not distinct (org_id, from_date),
    constraint customer_rules_org_fkey foreign key (org_id) references organizations (id),
    constraint customer_rules_new_customer_months_check check (new_customer_months between 1 and 60),
    constraint customer_rules_handover_grace_days_check check (handover_grace_days between 0 and 3650)
);
grant select, insert, delete on customer_rules to attain_app;
alter table customer_rules enable row level security;
create policy organization on customer_rules using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));

insert into customer_rules (org_id, new_customer_months, handover_grace_days)
select id, new_customer_months, handover_grace_days
from organizations;

alter table customer_events add column new_until date; -- of a first sale: first day on which it is no new customer any more
update customer_events e
set new_until = (e.on_date + make_interval(months => o.new_customer_months))::date
from organizations o
where o.id = e.org_id and e.kind = 'first_sale';
alter table customer_events
    add constraint customer_events_new_check check ((kind = 'first_sale') = (new_until is not null));

-- Not read any more; a later release drops them, so that a server of the release before goes on meanwhile.
comment on column organizations.new_customer_months is 'not read any more: customer_rules';
comment on column organizations.handover_grace_days is 'not read any more: customer_rules';
