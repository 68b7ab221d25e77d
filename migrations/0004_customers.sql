-- Customers, who owned them when, how long they may stay silent, and how relations end.
set local lock_timeout = '5s';

create table customers (
    org_id         bigint not null,
    id             bigint generated always as identity,
    external_id    text,
    name           text not null,
    segment        text,
    industry       text,
    city           text,
    country        text,
    customer_since date,               -- bought before the first recorded sale
    created_on     date not null,
    attributes     jsonb not null default '{}', -- free fields: {"employees": "40"}
    notes          text not null default '',
    version        integer not null default 1,
    recorded_at    timestamptz not null,
    constraint customers_pkey primary key (org_id, id),
    constraint customers_org_fkey foreign key (org_id) references organizations (id),
    constraint customers_external_id_key unique (org_id, external_id),
    constraint customers_name_check check (length(name) between 1 and 200),
    constraint customers_attributes_check check (jsonb_typeof(attributes) = 'object')
);
create index customers_name on customers (org_id, lower(name), id);

create table contacts (
    org_id      bigint not null,
    id          bigint generated always as identity,
    customer_id bigint not null,
    name        text not null,
    role        text not null default '',
    email       text not null default '',
    phone       text not null default '',
    constraint contacts_pkey primary key (org_id, id),
    constraint contacts_customer_fkey foreign key (org_id, customer_id) references customers (org_id, id),
    constraint contacts_name_check check (length(name) between 1 and 200)
);
create index contacts_customer on contacts (org_id, customer_id);

create table ownerships (
    org_id      bigint not null,
    customer_id bigint not null,
    rep_id      bigint not null,
    during      daterange not null,    -- lower bound missing: from the beginning
    constraint ownerships_pkey primary key (org_id, customer_id, during),
    constraint ownerships_customer_fkey foreign key (org_id, customer_id) references customers (org_id, id),
    constraint ownerships_rep_fkey foreign key (org_id, rep_id) references users (org_id, id),
    constraint ownerships_during_check check (not isempty(during)),
    constraint ownerships_overlap exclude using gist (org_id with =, customer_id with =, during with &&)
);
create index ownerships_rep on ownerships (org_id, rep_id, customer_id);

create table endings (
    org_id          bigint not null,
    id              bigint generated always as identity,
    customer_id     bigint not null,
    on_date         date not null,
    kind            text not null,
    reason          text not null,     -- what the customer said
    verified_reason text,              -- what turned out to be true
    competitor      text,
    recorded_by     bigint,             -- null: an import
    recorded_at     timestamptz not null,
    constraint endings_pkey primary key (org_id, id),
    constraint endings_customer_fkey foreign key (org_id, customer_id) references customers (org_id, id),
    constraint endings_recorded_by_fkey foreign key (org_id, recorded_by) references users (org_id, id),
    constraint endings_kind_check check (kind in ('declared_lost', 'deselected', 'closed', 'merged', 'credit_block')),
    constraint endings_reason_check check (length(reason) between 1 and 2000)
);
create index endings_customer on endings (org_id, customer_id, on_date);

-- Days without a sale after which a customer counts as lost: the customer's own, else its segment's, else the company's.
create table loss_limits (
    org_id      bigint not null,
    id          bigint generated always as identity,
    segment     text,
    customer_id bigint,
    days        integer not null,
    from_date   date,                  -- null: from the beginning
    constraint loss_limits_pkey primary key (org_id, id),
    constraint loss_limits_org_fkey foreign key (org_id) references organizations (id),
    constraint loss_limits_customer_fkey foreign key (org_id, customer_id) references customers (org_id, id),
    constraint loss_limits_key unique nulls not distinct (org_id, customer_id, segment, from_date),
    constraint loss_limits_subject_check check (segment is null or customer_id is null),
    constraint loss_limits_days_check check (days between 1 and 3650)
);

grant select, insert, update on customers to attain_app;
grant select, insert, update, delete on contacts, ownerships, loss_limits to attain_app;
grant select, insert, delete on endings to attain_app;

alter table customers enable row level security;
alter table contacts enable row level security;
alter table ownerships enable row level security;
alter table endings enable row level security;
alter table loss_limits enable row level security;
create policy organization on customers using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on contacts using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on ownerships using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on endings using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on loss_limits using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
