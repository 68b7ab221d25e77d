-- Deals in another currency at a frozen rate, and what became of the deals that were lost or cancelled.
set local lock_timeout = '5s';

-- What one unit of a currency is in the company's. A correction is a later row; deals keep the rate that they were
-- booked with.
create table exchange_rates (
    org_id     bigint not null,
    id         bigint generated always as identity, -- of two rates from the same day, the later one counts
    currency   text not null,
    from_date  date not null,           -- counts from this day on, until the next one; never after the day of entry
    rate       numeric not null,
    entered_by bigint not null,
    entered_at timestamptz not null,
    constraint exchange_rates_pkey primary key (org_id, id),
    constraint exchange_rates_entered_by_fkey foreign key (org_id, entered_by) references users (org_id, id),
    constraint exchange_rates_currency_check check (currency ~ '^[A-Z]{3}$'),
    constraint exchange_rates_rate_check check (rate > 0)
);
create index exchange_rates_day on exchange_rates (org_id, currency, from_date desc, id desc);

grant select, insert on exchange_rates to attain_app;

alter table exchange_rates enable row level security;
create policy organization on exchange_rates using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));

alter table deals
    add column currency text,           -- null: the company's
    add column rate numeric,            -- of an open deal that of today, else that of the day on which it was decided
    add column was_booked_on date,      -- of a cancelled deal: the day on which it had been won
    add column closed_by bigint,        -- who said that it was lost or cancelled
    add column closed_reason text not null default '',
    add constraint deals_closed_by_fkey foreign key (org_id, closed_by) references users (org_id, id),
    add constraint deals_rate_check check ((currency is null) = (rate is null) and (rate is null or rate > 0));
create index deals_open_abroad on deals (org_id, currency) where stage = 'open' and currency is not null;

alter table deal_lines
    add column original bigint;         -- the amount in the deal's currency; null: that is the company's
