-- Browsers in which somebody has signed in: what strangers try at the door does not keep them out.
set local lock_timeout = '5s';

-- Like sign_ins it is read before it is known which organization asks: no row-level security, and no page's role reads it.
create table known_browsers (
    org_id    bigint not null,
    user_id   bigint not null,
    mark_hash bytea not null,       -- sha256 of the cookie's mark
    seen_at   timestamptz not null, -- when the person last signed in there
    constraint known_browsers_pkey primary key (org_id, user_id, mark_hash),
    constraint known_browsers_user_fkey foreign key (org_id, user_id) references users (org_id, id)
);

-- From here on sign_ins.failures counts wrong codes in a row: only whoever has the password can bring it about. Wrong
-- passwords were counted in it too, and whoever knew an address could close its door.
update sign_ins set failures = 0 where failures > 0;

-- Receipts are forgotten by age.
create index receipts_at on receipts (at);
