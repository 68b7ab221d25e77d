-- What people note about a customer: who said it when.
set local lock_timeout = '5s';

create table customer_notes (
    org_id      bigint not null,
    id          bigint generated always as identity,
    customer_id bigint not null,
    body        text not null,
    recorded_by bigint not null,
    recorded_at timestamptz not null,
    constraint customer_notes_pkey primary key (org_id, id),
    constraint customer_notes_customer_fkey foreign key (org_id, customer_id) references customers (org_id, id),
    constraint customer_notes_recorded_by_fkey foreign key (org_id, recorded_by) references users (org_id, id),
    constraint customer_notes_body_check check (length(body) between 1 and 5000)
);
create index customer_notes_customer on customer_notes (org_id, customer_id, id);

grant select, insert, delete on customer_notes to attain_app;

alter table customer_notes enable row level security;
create policy organization on customer_notes using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
