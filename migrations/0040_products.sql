-- Products change: another name, another category, and the day from which they are no longer offered.
set local lock_timeout = '5s';

alter table products
    add column retired_on date,                     -- null: offered for new deals; those that name it stay as they are
    add column version integer not null default 1;  -- counts the changes
