-- Plan letters: what a version of a plan pays a rep, in plain words, published to the rep, who accepts it or asks.
set local lock_timeout = '5s';

-- The words of one rep, never changed: a newer letter of the same or an earlier first day takes its place.
create table plan_letters (
    org_id       bigint not null,
    id           bigint generated always as identity,
    version_id   bigint not null,
    rep_id       bigint not null,
    from_date    date not null,         -- since when it holds for this rep
    body         text not null,         -- the letter as JSON, as src/plan_letters/letter.rs reads it
    digest       bytea not null,
    published_by bigint not null,
    published_at timestamptz not null,
    constraint plan_letters_pkey primary key (org_id, id),
    constraint plan_letters_version_fkey foreign key (org_id, version_id) references plan_versions (org_id, id),
    constraint plan_letters_rep_fkey foreign key (org_id, rep_id) references users (org_id, id),
    constraint plan_letters_published_by_fkey foreign key (org_id, published_by) references users (org_id, id),
    constraint plan_letters_text_key unique (org_id, id, rep_id, digest),
    constraint plan_letters_digest_check check (digest = sha256(convert_to(body, 'UTF8')))
);
create index plan_letters_rep on plan_letters (org_id, rep_id, id desc);
create index plan_letters_version on plan_letters (org_id, version_id, rep_id, id desc);

-- A rep said yes to these very words: the composite key ties person and text down.
create table plan_letter_acceptances (
    org_id      bigint not null,
    letter_id   bigint not null,
    rep_id      bigint not null,
    digest      bytea not null,
    typed_name  text not null,
    accepted_at timestamptz not null,
    constraint plan_letter_acceptances_pkey primary key (org_id, letter_id),
    constraint plan_letter_acceptances_text_fkey foreign key (org_id, letter_id, rep_id, digest)
        references plan_letters (org_id, id, rep_id, digest),
    constraint plan_letter_acceptances_name_check check (length(typed_name) between 2 and 120)
);

-- What a rep asks about a letter, and the answers.
create table plan_letter_messages (
    org_id     bigint not null,
    id         bigint generated always as identity,
    letter_id  bigint not null,
    written_by bigint not null,
    words      text not null,
    written_at timestamptz not null,
    constraint plan_letter_messages_pkey primary key (org_id, id),
    constraint plan_letter_messages_letter_fkey foreign key (org_id, letter_id) references plan_letters (org_id, id),
    constraint plan_letter_messages_by_fkey foreign key (org_id, written_by) references users (org_id, id),
    constraint plan_letter_messages_words_check check (length(words) between 1 and 2000)
);
create index plan_letter_messages_letter on plan_letter_messages (org_id, letter_id, id);

create table plan_letter_reminders (
    org_id      bigint not null,
    letter_id   bigint not null,
    reminded_by bigint not null,
    reminded_at timestamptz not null,
    constraint plan_letter_reminders_pkey primary key (org_id, letter_id, reminded_at),
    constraint plan_letter_reminders_letter_fkey foreign key (org_id, letter_id) references plan_letters (org_id, id),
    constraint plan_letter_reminders_by_fkey foreign key (org_id, reminded_by) references users (org_id, id)
);

grant select, insert on plan_letters, plan_letter_acceptances, plan_letter_messages, plan_letter_reminders to attain_app;
alter table plan_letters enable row level security;
alter table plan_letter_acceptances enable row level security;
alter table plan_letter_messages enable row level security;
alter table plan_letter_reminders enable row level security;
create policy organization on plan_letters using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on plan_letter_acceptances using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on plan_letter_messages using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on plan_letter_reminders using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
