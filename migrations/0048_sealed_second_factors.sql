-- Secrets of second factors are stored encrypted, with a key that the database does not have.
set local lock_timeout = '5s';

alter table second_factors
    add column sealed bytea,              -- the secret, encrypted for this row alone: src/sign_in/key.rs
    alter column secret drop not null,    -- readable, from before; a server that starts with a key empties it
    add constraint second_factors_sealed_check check (num_nonnulls(secret, sealed) = 1);
