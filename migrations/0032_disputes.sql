-- Disputes about a line of a statement: who asked what, what was said, and what was decided. Rows are only ever added.
set local lock_timeout = '5s';

-- Whose pay a statement is: what hangs on it leans on this.
alter table statements add constraint statements_whose_key unique (org_id, id, rep_id);

create table disputes (
    org_id       bigint not null,
    id           bigint generated always as identity,
    statement_id bigint not null,
    rep_id       bigint not null,       -- whose pay it is; nobody else opens one
    position     integer not null,      -- the line
    deal_id      bigint,                -- one record of the line; null: all of it
    expected     bigint,                -- what the rep expects the line or the record to pay; null: not said
    opened_at    timestamptz not null,
    constraint disputes_pkey primary key (org_id, id),
    constraint disputes_whose_key unique (org_id, id, rep_id),
    constraint disputes_statement_fkey foreign key (org_id, statement_id, rep_id) references statements (org_id, id, rep_id),
    constraint disputes_line_fkey foreign key (org_id, statement_id, position)
        references statement_lines (org_id, statement_id, position),
    constraint disputes_deal_fkey foreign key (org_id, deal_id) references deals (org_id, id)
);
create index disputes_rep on disputes (org_id, rep_id, id);
create index disputes_statement on disputes (org_id, statement_id, position);

create table dispute_messages (
    org_id     bigint not null,
    id         bigint generated always as identity,
    dispute_id bigint not null,
    text       text not null,
    written_by bigint not null,
    written_at timestamptz not null,
    constraint dispute_messages_pkey primary key (org_id, dispute_id, id),
    constraint dispute_messages_dispute_fkey foreign key (org_id, dispute_id) references disputes (org_id, id),
    constraint dispute_messages_written_by_fkey foreign key (org_id, written_by) references users (org_id, id),
    constraint dispute_messages_text_check check (length(text) between 1 and 2000)
);

-- What became of it: the rep withdraws, somebody else accepts or refuses. Once.
create table dispute_decisions (
    org_id        bigint not null,
    dispute_id    bigint not null,
    rep_id        bigint not null,
    outcome       text not null,
    reason        text not null default '',
    adjustment_id bigint,               -- what an accepted one pays
    made_by       bigint not null,
    made_at       timestamptz not null,
    constraint dispute_decisions_pkey primary key (org_id, dispute_id),
    constraint dispute_decisions_dispute_fkey foreign key (org_id, dispute_id, rep_id) references disputes (org_id, id, rep_id),
    constraint dispute_decisions_adjustment_fkey foreign key (org_id, adjustment_id) references pay_adjustments (org_id, id),
    constraint dispute_decisions_adjustment_key unique (org_id, adjustment_id),
    constraint dispute_decisions_made_by_fkey foreign key (org_id, made_by) references users (org_id, id),
    constraint dispute_decisions_outcome_check check (outcome in ('accepted', 'refused', 'withdrawn')),
    constraint dispute_decisions_eyes check ((outcome = 'withdrawn') = (made_by = rep_id)),
    constraint dispute_decisions_pays check ((outcome = 'accepted') = (adjustment_id is not null)),
    constraint dispute_decisions_reason_check check (length(reason) <= 500 and (reason <> '' or outcome = 'withdrawn'))
);

grant select, insert on disputes, dispute_messages, dispute_decisions to attain_app;

alter table disputes enable row level security;
alter table dispute_messages enable row level security;
alter table dispute_decisions enable row level security;
create policy organization on disputes using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on dispute_messages using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
create policy organization on dispute_decisions using (org_id = (select nullif(current_setting('app.org_id', true), '')::bigint));
