-- Visits by several people, in series and with follow-ups; customers that are merged; ends that wait for a manager.
set local lock_timeout = '5s';

-- Who went along beside the rep of the visit.
create table visit_participants (
    org_id      bigint not null,
    visit_id    bigint not null,
    rep_id      bigint not null,
    visited_on  date not null,          -- the visit's, so that one index finds a rep's days
    recorded_at timestamptz not null,   -- when the person was entered: after the lock of its period it counts for nothing
    constraint visit_participants_pkey primary key (org_id, visit_id, rep_id),
    constraint visit_participants_visit_fkey foreign key (org_id, visit_id) references visits (org_id, id) on delete cascade,
    constraint visit_participants_rep_fkey foreign key (org_id, rep_id) references users (org_id, id)
);
create index visit_participants_rep_day on visit_participants (org_id, rep_id, visited_on) include (visit_id, recorded_at);

alter table visits
    add column corrected_at timestamptz, -- when what counts was last corrected after its period was locked
    add column series_id bigint,         -- of visits that were planned as one series: the id of the first
    add column follows_id bigint,        -- the visit that this one follows up
    add constraint visits_follows_fkey foreign key (org_id, follows_id) references visits (org_id, id)
        on delete set null (follows_id);
create index visits_series on visits (org_id, series_id, visited_on) where series_id is not null;
create index visits_follows on visits (org_id, follows_id) where follows_id is not null;

grant select, insert, update, delete on visit_participants to attain_app;
alter table visit_participants enable row level security;
create policy organization on visit_participants using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));

-- Two customers that are one: the one that goes stays as a record that leads to the other.
alter table customers
    add column merged_into bigint,
    add constraint customers_merged_into_fkey foreign key (org_id, merged_into) references customers (org_id, id),
    add constraint customers_merged_into_check check (merged_into <> id);
create index customers_merged on customers (org_id, merged_into) where merged_into is not null;

create table customer_merges (
    org_id        bigint not null,
    id            bigint generated always as identity,
    kept_id       bigint not null,
    merged_id     bigint not null,
    reason        text not null default '', -- why, where facts of locked periods moved
    merged_by     bigint not null,
    merged_at     timestamptz not null,
    ending_id     bigint,               -- the end of the merged one
    external_id   text,                 -- which the kept one had none of, and took over
    since_before  date,                 -- customer_since of the kept one, before and after
    since_after   date,
    owners_before jsonb not null,       -- who owned the kept one when, before and after: [{"rep": 1, "during": "[,)"}]
    owners_after  jsonb not null,
    owners_merged jsonb not null,       -- who owned the merged one when
    undone_by     bigint,
    undone_at     timestamptz,
    constraint customer_merges_pkey primary key (org_id, id),
    constraint customer_merges_kept_fkey foreign key (org_id, kept_id) references customers (org_id, id),
    constraint customer_merges_merged_fkey foreign key (org_id, merged_id) references customers (org_id, id),
    constraint customer_merges_merged_by_fkey foreign key (org_id, merged_by) references users (org_id, id),
    constraint customer_merges_undone_by_fkey foreign key (org_id, undone_by) references users (org_id, id),
    constraint customer_merges_undone_check check ((undone_by is null) = (undone_at is null))
);
create unique index customer_merges_once on customer_merges (org_id, merged_id) where undone_at is null;
create index customer_merges_kept on customer_merges (org_id, kept_id);

-- What moved with a merge, so that undoing it moves exactly this back.
create table customer_merge_moves (
    org_id   bigint not null,
    merge_id bigint not null,
    kind     text not null,
    thing_id bigint not null,
    detail   jsonb,                     -- of a contact: what it said, for contacts are written anew with their customer
    constraint customer_merge_moves_pkey primary key (org_id, merge_id, kind, thing_id),
    constraint customer_merge_moves_merge_fkey foreign key (org_id, merge_id) references customer_merges (org_id, id),
    constraint customer_merge_moves_kind_check check (kind in ('deal', 'visit', 'note', 'contact'))
);

grant select, insert, update on customer_merges to attain_app;
grant select, insert on customer_merge_moves to attain_app;
grant update (customer_id) on customer_notes to attain_app;
alter table customer_merges enable row level security;
alter table customer_merge_moves enable row level security;
create policy organization on customer_merges using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on customer_merge_moves using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));

-- Ends of a relation that a rep proposes: they count once a manager has confirmed them, as a row of endings.
create table ending_proposals (
    org_id          bigint not null,
    id              bigint generated always as identity,
    customer_id     bigint not null,
    on_date         date not null,
    kind            text not null,
    reason          text not null,      -- what the rep says
    verified_reason text,
    competitor      text,
    proposed_by     bigint not null,
    proposed_at     timestamptz not null,
    settled_by      bigint,             -- who confirmed, rejected or took it back
    settled_at      timestamptz,
    ending_id       bigint,             -- the end that it became; none: rejected or taken back
    words           text not null default '', -- why it was rejected
    constraint ending_proposals_pkey primary key (org_id, id),
    constraint ending_proposals_customer_fkey foreign key (org_id, customer_id) references customers (org_id, id),
    constraint ending_proposals_proposed_by_fkey foreign key (org_id, proposed_by) references users (org_id, id),
    constraint ending_proposals_settled_by_fkey foreign key (org_id, settled_by) references users (org_id, id),
    constraint ending_proposals_kind_check check (kind in ('deselected', 'closed', 'credit_block')),
    constraint ending_proposals_reason_check check (length(reason) between 1 and 2000),
    constraint ending_proposals_settled_check check ((settled_by is null) = (settled_at is null)),
    constraint ending_proposals_ending_check check (ending_id is null or settled_at is not null)
);
-- At most one of a customer waits.
create unique index ending_proposals_waiting on ending_proposals (org_id, customer_id) where settled_at is null;
create index ending_proposals_customer on ending_proposals (org_id, customer_id, id);
create index ending_proposals_settled on ending_proposals (org_id, proposed_by, settled_at) where settled_at is not null;

grant select, insert, update on ending_proposals to attain_app;
alter table ending_proposals enable row level security;
create policy organization on ending_proposals using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
