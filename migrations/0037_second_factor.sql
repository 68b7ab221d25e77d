-- A second factor beside the password: codes that change every 30 seconds (RFC 6238), and recovery codes.
set local lock_timeout = '5s';

create table second_factors (
    org_id       bigint not null,
    user_id      bigint not null,
    secret       bytea not null,            -- 160 random bits that the person's app has too; codes follow from it, so no hash
    begun_at     timestamptz not null,
    confirmed_at timestamptz,               -- with a first code; null: nothing is asked for yet
    last_step    bigint not null default 0, -- of the last accepted code: 30 seconds each since 1970; none counts twice
    constraint second_factors_pkey primary key (org_id, user_id),
    constraint second_factors_user_fkey foreign key (org_id, user_id) references users (org_id, id),
    constraint second_factors_secret_check check (length(secret) = 20)
);

create table recovery_codes (
    org_id    bigint not null,
    user_id   bigint not null,
    code_hash bytea not null,               -- sha256 of 80 random bits
    used_at   timestamptz,
    constraint recovery_codes_pkey primary key (org_id, user_id, code_hash),
    constraint recovery_codes_factor_fkey foreign key (org_id, user_id)
        references second_factors (org_id, user_id) on delete cascade
);

grant select, insert, update, delete on second_factors, recovery_codes to attain_app;
alter table second_factors enable row level security;
alter table recovery_codes enable row level security;
create policy organization on second_factors using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on recovery_codes using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));

-- Who has given the right password and owes the code. It is read before it is known which organization asks: no row-level
-- security, like sessions; and it is no session.
create table unfinished_sign_ins (
    token_hash bytea not null,              -- sha256 of the cookie's token
    org_id     bigint not null,
    user_id    bigint not null,
    ends_at    timestamptz not null,
    constraint unfinished_sign_ins_pkey primary key (token_hash),
    constraint unfinished_sign_ins_user_fkey foreign key (org_id, user_id) references users (org_id, id)
);
create index unfinished_sign_ins_user on unfinished_sign_ins (org_id, user_id);
grant select, insert, delete on unfinished_sign_ins to attain_app;

-- Whether finance and administrators must have one.
alter table organizations add column second_factor_required boolean not null default false;
