-- What visits, time and orders cost, for the contribution of customers; a run keeps those that it was calculated with.
set local lock_timeout = '5s';

-- In minor units of the company's currency; null: not set, and then there is no contribution.
alter table organizations
    add column cost_per_visit bigint,   -- of each person who goes
    add column cost_per_minute bigint,  -- of each person, with a customer in any way
    add column cost_per_order bigint,
    add constraint organizations_costs_check check (cost_per_visit >= 0 and cost_per_minute >= 0 and cost_per_order >= 0);

-- {"visit": 2500, "minute": null, "order": 400}; null: the run is older than this, and today's are taken.
alter table commission_runs add column costs jsonb;
