-- Products, deals with their lines and credits, and what follows from them in a customer's life.
set local lock_timeout = '5s';

create table categories (
    org_id bigint not null,
    id     bigint generated always as identity,
    name   text not null,
    constraint categories_pkey primary key (org_id, id),
    constraint categories_org_fkey foreign key (org_id) references organizations (id),
    constraint categories_name_key unique (org_id, name)
);

create table products (
    org_id      bigint not null,
    id          bigint generated always as identity,
    name        text not null,
    category_id bigint not null,
    constraint products_pkey primary key (org_id, id),
    constraint products_category_fkey foreign key (org_id, category_id) references categories (org_id, id),
    constraint products_name_key unique (org_id, name)
);

-- The last deal number of each organization: numbers are given in order of entry, without gaps.
create table deal_numbers (
    org_id bigint not null,
    last   bigint not null,
    constraint deal_numbers_pkey primary key (org_id),
    constraint deal_numbers_org_fkey foreign key (org_id) references organizations (id)
);

create table deals (
    org_id            bigint not null,
    id                bigint generated always as identity,
    number            bigint not null,
    external_id       text,
    customer_id       bigint not null,
    owner_id          bigint,           -- null: nobody's, it counts for the company only (imports)
    stage             text not null,
    opened_on         date,
    booked_on         date,             -- business date of the win
    expected_on       date,             -- when an open deal is expected to be won
    source_stage      text,             -- the stage's name where it came from
    returns_id        bigint,           -- the deal that this one returns
    net               bigint not null,  -- sum of the lines (kept by the code that writes lines; db verify compares)
    fully_returned_on date,             -- date of the return that completes it (derived; db verify compares)
    notes             text not null default '',
    confirmed_by      bigint,
    confirmed_at      timestamptz,      -- since when it pays
    recorded_by       bigint,           -- null: an import
    recorded_at       timestamptz not null,
    changed_at        timestamptz not null,
    version           integer not null default 1,
    constraint deals_pkey primary key (org_id, id),
    constraint deals_customer_fkey foreign key (org_id, customer_id) references customers (org_id, id),
    constraint deals_owner_fkey foreign key (org_id, owner_id) references users (org_id, id),
    constraint deals_confirmed_by_fkey foreign key (org_id, confirmed_by) references users (org_id, id),
    constraint deals_recorded_by_fkey foreign key (org_id, recorded_by) references users (org_id, id),
    constraint deals_returns_fkey foreign key (org_id, returns_id) references deals (org_id, id) deferrable initially immediate,
    constraint deals_number_key unique (org_id, number),
    constraint deals_external_id_key unique (org_id, external_id),
    constraint deals_booked_key unique (org_id, id, booked_on),
    constraint deals_stage_check check (stage in ('open', 'won', 'lost', 'cancelled')),
    constraint deals_booked_check check ((stage = 'won') = (booked_on is not null)),
    constraint deals_returns_check check (returns_id is null or net <= 0),
    constraint deals_fully_returned_check check (fully_returned_on is null or (booked_on is not null and net > 0))
);
create index deals_customer_booked on deals (org_id, customer_id, booked_on) include (net, fully_returned_on, number);
create index deals_booked on deals (org_id, booked_on) include (customer_id, net, returns_id);
create index deals_owner_booked on deals (org_id, owner_id, booked_on);
create index deals_returns on deals (org_id, returns_id) where returns_id is not null;
create index deals_open on deals (org_id, owner_id, expected_on) where stage = 'open';
create index deals_unconfirmed on deals (org_id, booked_on) where stage = 'won' and confirmed_at is null;
alter table deals set (autovacuum_vacuum_insert_scale_factor = 0.02);

create table deal_lines (
    org_id     bigint not null,
    deal_id    bigint not null,
    position   integer not null,        -- from 1; a return's line has the position of the line that it returns
    product_id bigint,
    text       text not null default '', -- what was sold, where no product says it
    quantity   numeric not null default 1,
    amount     bigint not null,         -- net: tax and discount out; negative on a return
    cost       bigint,
    constraint deal_lines_pkey primary key (org_id, deal_id, position),
    constraint deal_lines_deal_fkey foreign key (org_id, deal_id) references deals (org_id, id) on delete cascade,
    constraint deal_lines_product_fkey foreign key (org_id, product_id) references products (org_id, id)
);

-- Who is credited, and with how much of it: each line is split by largest remainder, and the parts are summed here.
create table deal_credits (
    org_id    bigint not null,
    deal_id   bigint not null,
    position  integer not null,         -- from 1; ties of the split go to the lower one
    rep_id    bigint not null,
    parts     integer not null,
    overlay   boolean not null default false, -- credited apart: takes no share
    amount    bigint not null,          -- this credit's part of the deal's net
    booked_on date,                     -- the deal's, so that a rep's sales of a period are one index range
    constraint deal_credits_pkey primary key (org_id, deal_id, position),
    constraint deal_credits_deal_fkey foreign key (org_id, deal_id) references deals (org_id, id) on delete cascade,
    constraint deal_credits_booked_fkey foreign key (org_id, deal_id, booked_on) references deals (org_id, id, booked_on)
        on update cascade deferrable initially deferred,
    constraint deal_credits_rep_fkey foreign key (org_id, rep_id) references users (org_id, id),
    constraint deal_credits_rep_key unique (org_id, deal_id, rep_id, overlay),
    constraint deal_credits_parts_check check (parts between 1 and 1000000)
);
create index deal_credits_rep_booked on deal_credits (org_id, rep_id, booked_on) include (amount, deal_id, overlay);
alter table deal_credits set (autovacuum_vacuum_insert_scale_factor = 0.02);

-- The one derived table of the lifecycle: a pure function of a customer's deals, ownerships, endings and limits,
-- written again for the touched customer in the transaction that touched one of these.
create table customer_events (
    org_id      bigint not null,
    customer_id bigint not null,
    position    integer not null,       -- in order of time, from 1
    kind        text not null,
    on_date     date not null,          -- a loss may lie in the future: it counts once that day has come
    rep_id      bigint,                 -- to whom it counts; null: to the company only
    deal_id     bigint,
    value       bigint not null default 0, -- of a loss: net sales of the twelve months before the last sale
    constraint customer_events_pkey primary key (org_id, customer_id, position),
    constraint customer_events_customer_fkey foreign key (org_id, customer_id) references customers (org_id, id),
    constraint customer_events_rep_fkey foreign key (org_id, rep_id) references users (org_id, id),
    constraint customer_events_deal_fkey foreign key (org_id, deal_id) references deals (org_id, id),
    constraint customer_events_kind_check
        check (kind in ('first_sale', 'first_sale_undone', 'lost', 'won_back', 'won_back_undone'))
);
create index customer_events_day on customer_events (org_id, on_date) include (kind, rep_id, customer_id);
create index customer_events_rep_day on customer_events (org_id, rep_id, on_date) include (kind, customer_id);

grant select, insert, update on categories, products, deal_numbers, deals to attain_app;
grant select, insert, update, delete on deal_lines, deal_credits, customer_events to attain_app;

alter table categories enable row level security;
alter table products enable row level security;
alter table deal_numbers enable row level security;
alter table deals enable row level security;
alter table deal_lines enable row level security;
alter table deal_credits enable row level security;
alter table customer_events enable row level security;
create policy organization on categories using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on products using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on deal_numbers using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on deals using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on deal_lines using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on deal_credits using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on customer_events using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
