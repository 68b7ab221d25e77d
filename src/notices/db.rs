//! What a person should know, asked of the facts themselves: nothing is stored but when the person last looked.

use sqlx::PgConnection;
use time::{Date, Duration, OffsetDateTime, PrimitiveDateTime};

use crate::{
    domain::{
        access::Scope,
        id::{OrgId, UserId},
        money::Money,
        period::PeriodKind,
    },
    postgres::tx::Tx,
};

/// How long statements and targets are news.
const RECENT: Duration = Duration::days(60);
/// What counts as new for somebody who never looked.
const NEVER: Duration = Duration::days(30);

/// Who asks.
pub struct Asker<'a> {
    /// The organization.
    pub org: OrgId,
    /// The person.
    pub user: UserId,
    /// Whose deals the person confirms, if any.
    pub confirms: Option<Scope>,
    /// Whose pay the person approves, if any.
    pub approves: Option<Scope>,
    /// Of whose customers the person confirms the end, if any.
    pub ends: Option<Scope>,
    /// Whether the person answers disputes about pay, and what reps ask about their plans.
    pub answers: bool,
    /// The day at the company.
    pub today: Date,
    /// The instant.
    pub now: OffsetDateTime,
    /// Where the company is.
    pub time_zone: &'a str,
}

/// Something to know, in the words of the database.
pub struct Row {
    /// deal, run, ending, dispute (waits, or of a rep whom the person leads), decision (on an ending of the person's), answer to or decision on a dispute of
    /// the person's, statement, follow-up, letter (of a plan), question (about one, waits), answer (to one), second factor (that was taken off) or target.
    pub kind: String,
    /// Since when, at the company.
    pub at: PrimitiveDateTime,
    /// Whether it came since the person last looked.
    pub is_new: bool,
    /// The deal, run, ending, statement, visit or letter; of targets: how many.
    pub number: i64,
    /// What the deal is called; of an ending: the customer.
    pub deal: Option<i64>,
    /// The customer; who submitted the run; who set the targets; the plan.
    pub name: Option<String>,
    /// Who keeps the deal; who published the letter, asked or answered.
    pub owner: Option<String>,
    /// What the deal is worth.
    pub net: Option<Money>,
    /// How long the period is.
    pub period_kind: Option<PeriodKind>,
    /// When the period begins, the letter holds, the follow-up is due.
    pub period_start: Option<Date>,
    /// Of targets: whether the person has not accepted them yet.
    pub to_accept: bool,
}

/// What the person should know, the latest first: deals and ends to confirm, runs to approve, disputes to answer, decisions
/// on own words, answers to own disputes, own statements that are ready, own follow-ups that are due, letters of own plans,
/// questions about letters, a second factor that was taken off, own targets that somebody else set. `only_new`: what came since the last look.
pub async fn list(db: &mut PgConnection, asker: &Asker<'_>, only_new: bool, limit: i64) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as!(
        Row,
        r#"with looked as (
               select coalesce((
                          select n.seen_at from notices_seen n where n.org_id = $1 and n.user_id = $2
                      ), $4) as at
           ),
           since as (
               -- What waits is told as long as it waits, what happened only for a while.
               select at, case when $6 then at else '-infinity' end as waiting,
                      case when $6 then greatest(at, $5::timestamptz) else $5 end as recent
               from looked
           ),
           told as (
               (select 'deal' as kind, d.changed_at as at, d.id as number, d.number as deal, c.name,
                       o.name as owner, d.net, null as period_kind, null::date as period_start,
                       false as to_accept
                from deals d
                join customers c on c.org_id = d.org_id and c.id = d.customer_id
                left join users o on o.org_id = d.org_id and o.id = d.owner_id
                where $8 and d.org_id = $1 and d.stage = 'won' and d.confirmed_at is null and d.booked_on <= $3
                  and d.changed_at > (select waiting from since)
                  and ($9::bigint[] is null or d.owner_id = any ($9) or exists (
                      select from deal_credits dc
                      where dc.org_id = d.org_id and dc.deal_id = d.id and dc.rep_id = any ($9)
                  ))
                  and not exists (
                      select from deal_credits dc
                      where dc.org_id = d.org_id and dc.deal_id = d.id and dc.rep_id = $2
                  )
                order by d.changed_at desc
                limit $7)
               union all
               select 'run', b.submitted_at, r.id, null, u.name, null, null, r.period_kind, r.period_start, false
               from run_submissions b
               join commission_runs r on r.org_id = b.org_id and r.id = b.run_id
               join users u on u.org_id = b.org_id and u.id = b.submitted_by
               where $10 and b.org_id = $1 and b.submitted_at > (select waiting from since) and r.prepared_by <> $2
                 and not exists (select from period_locks l where l.org_id = $1 and l.run_id = r.id)
                 and not exists (
                     select from commission_runs n
                     where n.org_id = $1 and n.period_kind = r.period_kind and n.period_start = r.period_start
                       and n.id > r.id
                 )
                 and exists (
                     select from statements s
                     where s.org_id = $1 and s.run_id = r.id and s.rep_id <> $2
                       and ($11::bigint[] is null or s.rep_id = any ($11))
                       and not exists (select from approvals a where a.org_id = $1 and a.statement_id = s.id)
                 )
               union all
               select 'ending', p.proposed_at, p.id, p.customer_id, c.name, u.name, null, null, null, false
               from ending_proposals p
               join customers c on c.org_id = p.org_id and c.id = p.customer_id
               join users u on u.org_id = p.org_id and u.id = p.proposed_by
               left join ownerships o on o.org_id = p.org_id and o.customer_id = p.customer_id and o.during @> $3::date
               where $13 and p.org_id = $1 and p.settled_at is null and c.merged_into is null
                 and p.proposed_at > (select waiting from since)
                 and ($14::bigint[] is null or coalesce(o.rep_id, p.proposed_by) = any ($14))
               union all
               select case when p.ending_id is null then 'rejected' else 'confirmed' end, p.settled_at, p.id, p.customer_id,
                      c.name, u.name, null, null, null, false
               from ending_proposals p
               join customers c on c.org_id = p.org_id and c.id = p.customer_id
               join users u on u.org_id = p.org_id and u.id = p.settled_by
               where p.org_id = $1 and p.proposed_by = $2 and p.settled_by <> $2
                 and p.settled_at > (select recent from since)
               union all
               -- It waits for those who answer, and is told to those who lead the rep.
               select case when $15 then 'dispute' else 'dispute_of_rep' end, said.at, d.id, null, l.component, u.name, null, r.period_kind, r.period_start, false
               from disputes d
               join users u on u.org_id = d.org_id and u.id = d.rep_id
               join statements s on s.org_id = d.org_id and s.id = d.statement_id
               join commission_runs r on r.org_id = s.org_id and r.id = s.run_id
               join statement_lines l on l.org_id = d.org_id and l.statement_id = d.statement_id and l.position = d.position
               cross join lateral (
                   select m.written_by, m.written_at as at
                   from dispute_messages m
                   where m.org_id = d.org_id and m.dispute_id = d.id
                   order by m.id desc
                   limit 1
               ) said
               where ($15 or $13 and ($14::bigint[] is null or d.rep_id = any ($14)))
                 and d.org_id = $1 and d.rep_id <> $2 and said.written_by = d.rep_id
                 and said.at > (select waiting from since)
                 and not exists (select from dispute_decisions x where x.org_id = d.org_id and x.dispute_id = d.id)
               union all
               select 'answer_' || said.kind, said.at, d.id, null, l.component, w.name, null, r.period_kind,
                      r.period_start, false
               from disputes d
               join statements s on s.org_id = d.org_id and s.id = d.statement_id
               join commission_runs r on r.org_id = s.org_id and r.id = s.run_id
               join statement_lines l on l.org_id = d.org_id and l.statement_id = d.statement_id and l.position = d.position
               cross join lateral (
                   select 'written' as kind, m.written_by as by, m.written_at as at
                   from dispute_messages m
                   where m.org_id = d.org_id and m.dispute_id = d.id and m.written_by <> d.rep_id
                   union all
                   select x.outcome, x.made_by, x.made_at
                   from dispute_decisions x
                   where x.org_id = d.org_id and x.dispute_id = d.id and x.made_by <> d.rep_id
               ) said
               join users w on w.org_id = d.org_id and w.id = said.by
               where d.org_id = $1 and d.rep_id = $2 and said.at > (select recent from since)
               union all
               -- A follow-up comes back on its day, and stays until it is done, moved or missed.
               (select 'follow_up', v.visited_on::timestamp at time zone $12, v.id, null, c.name, null, null, null, v.visited_on, false
                from visits v
                join customers c on c.org_id = v.org_id and c.id = v.customer_id
                where v.org_id = $1 and v.rep_id = $2 and v.visited_on <= $3 and v.visited_on > $3::date - 60
                  and v.state = 'planned' and v.follows_id is not null
                  and v.visited_on::timestamp at time zone $12 > (select waiting from since)
                order by v.visited_on desc
                limit $7)
               union all
               select 'statement', l.locked_at, s.id, null, null, null, null, l.period_kind, l.period_start, false
               from statements s
               join period_locks l on l.org_id = s.org_id and l.run_id = s.run_id
               where s.org_id = $1 and s.rep_id = $2 and l.locked_at > (select recent from since)
               union all
               -- A letter waits until it is accepted; a reminder makes it new again.
               select 'letter', greatest(l.published_at, (
                          select max(m.reminded_at)
                          from plan_letter_reminders m
                          where m.org_id = l.org_id and m.letter_id = l.id
                      )), l.id, null, p.name, u.name, null, null, l.from_date, false
               from plan_letters l
               join plan_versions v on v.org_id = l.org_id and v.id = l.version_id
               join plans p on p.org_id = v.org_id and p.id = v.plan_id
               join users u on u.org_id = l.org_id and u.id = l.published_by
               where l.org_id = $1 and l.rep_id = $2
                 and greatest(l.published_at, (
                     select max(m.reminded_at)
                     from plan_letter_reminders m
                     where m.org_id = l.org_id and m.letter_id = l.id
                 )) > (select waiting from since)
                 and not exists (
                     select from plan_letter_acceptances a where a.org_id = l.org_id and a.letter_id = l.id
                 )
                 and not exists (
                     select from plan_letters n
                     where n.org_id = l.org_id and n.rep_id = l.rep_id and n.id > l.id and n.from_date <= l.from_date
                 )
                 and exists (
                     select from plan_assignments s
                     where s.org_id = l.org_id and s.rep_id = l.rep_id and s.plan_id = v.plan_id
                       and s.during @> greatest(l.from_date, $3::date)
                 )
               union all
               -- The last word about a letter: a question waits for finance, an answer is news for the rep.
               select case when m.written_by = l.rep_id then 'question' else 'answer' end, m.written_at, l.id, null,
                      p.name, u.name, null, null, null, false
               from plan_letter_messages m
               join plan_letters l on l.org_id = m.org_id and l.id = m.letter_id
               join plan_versions v on v.org_id = l.org_id and v.id = l.version_id
               join plans p on p.org_id = v.org_id and p.id = v.plan_id
               join users u on u.org_id = m.org_id and u.id = m.written_by
               where m.org_id = $1
                 and not exists (
                     select from plan_letter_messages n
                     where n.org_id = m.org_id and n.letter_id = m.letter_id and n.id > m.id
                 )
                 and case when m.written_by = l.rep_id
                          then $15 and l.rep_id <> $2 and m.written_at > (select waiting from since)
                          else l.rep_id = $2 and m.written_at > (select recent from since) end
               union all
               -- Somebody else took the person's second factor off.
               select 'second_factor', a.at, a.id, null, u.name, null, null, null, null, false
               from audit a
               left join users u on u.org_id = a.org_id and u.id = a.user_id
               where a.org_id = $1 and a.object = '/users/' || $2::bigint and a.action = 'user.second_factor_taken_off'
                 and a.at > (select recent from since)
               union all
               select 'target', max(t.set_at), count(*), null, string_agg(distinct u.name, ', '), null, null,
                      t.period_kind, t.period_start,
                      not exists (
                          select from target_acceptances a
                          where a.org_id = $1 and a.rep_id = $2 and a.period_kind = t.period_kind
                            and a.period_start = t.period_start and a.target_id >= max(t.id)
                      )
               from targets t
               left join users u on u.org_id = t.org_id and u.id = t.set_by
               where t.org_id = $1 and t.rep_id = $2 and t.set_by is distinct from $2
                 and t.set_at > (select recent from since)
               group by t.period_kind, t.period_start
           )
           select told.kind as "kind!", told.at at time zone $12 as "at!", told.at > since.at as "is_new!",
                  told.number as "number!", told.deal, told.name, told.owner, told.net as "net: Money",
                  told.period_kind as "period_kind: PeriodKind", told.period_start,
                  told.to_accept as "to_accept!"
           from told
           cross join since
           order by told.at desc, told.kind, told.number
           limit $7"#,
        asker.org as OrgId,
        asker.user as UserId,
        asker.today,
        asker.now - NEVER,
        asker.now - RECENT,
        only_new,
        limit,
        asker.confirms.is_some(),
        asker.confirms.as_ref().and_then(Scope::reps) as Option<&[UserId]>,
        asker.approves.is_some(),
        asker.approves.as_ref().and_then(Scope::reps) as Option<&[UserId]>,
        asker.time_zone,
        asker.ends.is_some(),
        asker.ends.as_ref().and_then(Scope::reps) as Option<&[UserId]>,
        asker.answers,
    )
    .fetch_all(db)
    .await
}

/// Notes that the person has looked at what there was at an instant.
pub async fn looked(tx: &mut Tx, user: UserId, at: OffsetDateTime) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "insert into notices_seen (org_id, user_id, seen_at)
         values ($1, $2, $3)
         on conflict (org_id, user_id) do update set seen_at = greatest(notices_seen.seen_at, excluded.seen_at)",
        org as OrgId,
        user as UserId,
        at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
