-- In which form numbers and dates are written: the company's, and a person's own.
set local lock_timeout = '5s';

alter table organizations
    add column locale text not null default 'en',
    add constraint organizations_locale_check check (locale in ('en', 'nb', 'de', 'es'));

alter table users
    add column locale text, -- null: as the company
    add constraint users_locale_check check (locale in ('en', 'nb', 'de', 'es'));
