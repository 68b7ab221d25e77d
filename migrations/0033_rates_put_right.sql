-- Deals that were won at a rate which was corrected since.
set local lock_timeout = '5s';

-- A rate of exchange asks which won deals of its days are at another one; an import, which deals are in other currencies.
create index deals_abroad on deals (org_id, currency, booked_on) where currency is not null;

alter table import_deals
    add column currency text,   -- null: the company's; else amounts are staged in its minor units
    add column rate numeric;    -- what the deal takes; null: that of the deal which it returns
