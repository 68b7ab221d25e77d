-- Seals of the audit log: each proves the lines since the one before, and that one. Rows are only ever added.
set local lock_timeout = '5s';

create table audit_seals (
    org_id    bigint not null,
    number    bigint not null,       -- 1, 2, 3 … of each company
    up_to     bigint not null,       -- the last line that it proves; the first comes behind the seal before
    rows      bigint not null,       -- how many lines these are
    sealed_at timestamptz not null,
    digest    bytea not null,        -- SHA-256 of all this, the digest before and the lines: src/audit/chain.rs
    constraint audit_seals_pkey primary key (org_id, number),
    constraint audit_seals_org_fkey foreign key (org_id) references organizations (id),
    constraint audit_seals_number_check check (number > 0),
    constraint audit_seals_rows_check check (rows > 0),
    constraint audit_seals_digest_check check (length(digest) = 32)
);

grant select, insert on audit_seals to attain_app;

alter table audit_seals enable row level security;
create policy organization on audit_seals using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
