//! The SQL of disputes: opened, talked about, decided. Rows are only ever added.

use sqlx::PgConnection;
use time::{Date, PrimitiveDateTime};

use crate::{
    domain::{
        access::Scope,
        dispute::Outcome,
        id::{AdjustmentId, DealId, DisputeId, OrgId, RunId, StatementId, UserId},
        money::Money,
        period::{Period, PeriodKind},
    },
    postgres::tx::Tx,
};

/// A dispute with the line that it is about, and what became of it. Instants are those at the company.
pub struct Dispute {
    /// The dispute.
    pub id: DisputeId,
    /// The statement.
    pub statement_id: StatementId,
    /// The run of the statement.
    pub run_id: RunId,
    /// The line, from 1.
    pub position: i32,
    /// Whose pay it is.
    pub rep_id: UserId,
    /// The rep's name.
    pub rep: String,
    /// month, quarter or year.
    pub period_kind: PeriodKind,
    /// First day of the statement's period.
    pub period_start: Date,
    /// The component of the line.
    pub component: String,
    /// The other period that the line is about, if it is.
    pub line_period: Option<String>,
    /// What the line pays.
    pub line_amount: Money,
    /// One record of the line: its deal.
    pub deal_id: Option<DealId>,
    /// The number of that deal.
    pub deal: Option<i64>,
    /// What the rep expects, if that was said.
    pub expected: Option<Money>,
    /// When it was opened.
    pub opened_at: PrimitiveDateTime,
    /// When somebody else than the rep said something for the first time.
    pub answered_at: Option<PrimitiveDateTime>,
    /// Since when the rep waits for an answer; none: the last word was somebody else's, or it is decided.
    pub waits_since: Option<PrimitiveDateTime>,
    /// How many messages there are.
    pub messages: i64,
    /// What became of it.
    pub outcome: Option<Outcome>,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<PrimitiveDateTime>,
    /// Why.
    pub reason: Option<String>,
    /// What the adjustment of an accepted one pays.
    pub pays: Option<Money>,
    /// First day of the period from which on it is paid.
    pub pays_from: Option<Date>,
    /// Whether that period is locked.
    pub pays_from_locked: bool,
    /// Who withdrew the adjustment.
    pub withdrawn_by: Option<String>,
    /// The statement of a locked period that pays it.
    pub paid_statement: Option<StatementId>,
    /// First day of that statement's period.
    pub paid_start: Option<Date>,
    /// When that was paid out.
    pub paid_on: Option<Date>,
}

/// Which disputes are asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked {
    /// This one.
    pub id: Option<DisputeId>,
    /// Those of a statement.
    pub statement: Option<StatementId>,
    /// Those of a run's statements.
    pub run: Option<RunId>,
    /// Only those that nobody has decided.
    pub open: bool,
}

/// The disputes in sight that are asked for: those that wait first, the longest waiting before the others; then those
/// that are answered; then those decided, the latest first. At most 200.
pub async fn list(db: &mut PgConnection, scope: &Scope, asked: Asked) -> sqlx::Result<Vec<Dispute>> {
    sqlx::query_as!(
        Dispute,
        r#"select d.id, d.statement_id, s.run_id, d.position, d.rep_id, u.name as rep,
                  r.period_kind as "period_kind: PeriodKind", r.period_start, l.component,
                  l.detail ->> 'period' as line_period, l.amount as line_amount, d.deal_id, deal.number as "deal?",
                  d.expected, d.opened_at at time zone o.time_zone as "opened_at!",
                  least(said.answered_at, x.made_at) at time zone o.time_zone as answered_at,
                  case when x.dispute_id is null then said.waits_since end at time zone o.time_zone as waits_since,
                  said.messages as "messages!", x.outcome as "outcome?: Outcome", xu.name as "decided_by?",
                  x.made_at at time zone o.time_zone as decided_at, x.reason as "reason?", a.amount as "pays?",
                  a.period_start as "pays_from?",
                  exists (
                      select from period_locks p
                      where p.org_id = a.org_id and p.period_kind = a.period_kind and p.period_start = a.period_start
                  ) as "pays_from_locked!",
                  wu.name as "withdrawn_by?", paid.statement_id as "paid_statement?: StatementId",
                  paid.period_start as "paid_start?", paid.paid_on as "paid_on?"
           from disputes d
           join organizations o on o.id = d.org_id
           join users u on u.org_id = d.org_id and u.id = d.rep_id
           join statements s on s.org_id = d.org_id and s.id = d.statement_id
           join commission_runs r on r.org_id = s.org_id and r.id = s.run_id
           join statement_lines l on l.org_id = d.org_id and l.statement_id = d.statement_id and l.position = d.position
           left join deals deal on deal.org_id = d.org_id and deal.id = d.deal_id
           left join dispute_decisions x on x.org_id = d.org_id and x.dispute_id = d.id
           left join users xu on xu.org_id = x.org_id and xu.id = x.made_by
           left join pay_adjustments a on a.org_id = x.org_id and a.id = x.adjustment_id
           left join pay_adjustment_withdrawals w on w.org_id = a.org_id and w.adjustment_id = a.id
           left join users wu on wu.org_id = w.org_id and wu.id = w.made_by
           cross join lateral (
               select count(*) as messages,
                      min(m.written_at) filter (where m.written_by <> d.rep_id) as answered_at,
                      min(m.written_at) filter (where m.written_by = d.rep_id and m.id > coalesce((
                          select max(e.id)
                          from dispute_messages e
                          where e.org_id = d.org_id and e.dispute_id = d.id and e.written_by <> d.rep_id
                      ), 0)) as waits_since
               from dispute_messages m
               where m.org_id = d.org_id and m.dispute_id = d.id
           ) said
           left join lateral (
               select t.statement_id, k.period_start, y.paid_on
               from statement_adjustments t
               join statements ps on ps.org_id = t.org_id and ps.id = t.statement_id
               join period_locks k on k.org_id = ps.org_id and k.run_id = ps.run_id
               left join payments y on y.org_id = k.org_id and y.run_id = k.run_id
               where t.org_id = a.org_id and t.adjustment_id = a.id
               limit 1
           ) paid on true
           where d.org_id = $1 and ($2::bigint[] is null or d.rep_id = any ($2))
             and ($3::bigint is null or d.id = $3) and ($4::bigint is null or d.statement_id = $4)
             and ($5::bigint is null or s.run_id = $5) and (not $6 or x.dispute_id is null)
           order by x.dispute_id is not null, case when x.dispute_id is null then said.waits_since end nulls last,
                    x.made_at desc, d.id desc
           limit 200"#,
        scope.org as OrgId,
        scope.reps() as Option<&[UserId]>,
        asked.id as Option<DisputeId>,
        asked.statement as Option<StatementId>,
        asked.run as Option<RunId>,
        asked.open,
    )
    .fetch_all(db)
    .await
}

/// One dispute in sight.
pub async fn find(db: &mut PgConnection, scope: &Scope, id: DisputeId) -> sqlx::Result<Option<Dispute>> {
    Ok(list(db, scope, Asked { id: Some(id), ..Asked::default() }).await?.pop())
}

/// How many disputes wait for an answer of somebody else than their reps; nobody's own.
pub async fn waiting(db: &mut PgConnection, org: OrgId, me: UserId) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "waiting!"
           from disputes d
           where d.org_id = $1 and d.rep_id <> $2
             and not exists (select from dispute_decisions x where x.org_id = d.org_id and x.dispute_id = d.id)
             and (
                 select m.written_by
                 from dispute_messages m
                 where m.org_id = d.org_id and m.dispute_id = d.id
                 order by m.id desc
                 limit 1
             ) = d.rep_id"#,
        org as OrgId,
        me as UserId,
    )
    .fetch_one(db)
    .await
}

/// What somebody said.
pub struct Message {
    /// What.
    pub text: String,
    /// Who.
    pub by: String,
    /// Whether that is the rep.
    pub is_rep: bool,
    /// When, at the company.
    pub at: PrimitiveDateTime,
}

/// What was said, in order.
pub async fn messages(db: &mut PgConnection, org: OrgId, id: DisputeId) -> sqlx::Result<Vec<Message>> {
    sqlx::query_as!(
        Message,
        r#"select m.text, u.name as by, m.written_by = d.rep_id as "is_rep!",
                  m.written_at at time zone o.time_zone as "at!"
           from dispute_messages m
           join organizations o on o.id = m.org_id
           join disputes d on d.org_id = m.org_id and d.id = m.dispute_id
           join users u on u.org_id = m.org_id and u.id = m.written_by
           where m.org_id = $1 and m.dispute_id = $2
           order by m.id"#,
        org as OrgId,
        id as DisputeId,
    )
    .fetch_all(db)
    .await
}

/// What a rep disputes.
pub struct NewDispute {
    /// The statement.
    pub statement: StatementId,
    /// Its rep.
    pub rep: UserId,
    /// The line, from 1.
    pub position: i32,
    /// One record of it: the number of the deal.
    pub deal: Option<i64>,
    /// What the rep expects.
    pub expected: Option<Money>,
}

/// Opens a dispute. Its words are the first message.
pub async fn insert(tx: &mut Tx, new: &NewDispute, words: &str) -> sqlx::Result<DisputeId> {
    let (org, now) = (tx.org, tx.now);
    let id = sqlx::query_scalar!(
        "insert into disputes (org_id, statement_id, rep_id, position, deal_id, expected, opened_at)
         values ($1, $2, $3, $4, (select d.id from deals d where d.org_id = $1 and d.number = $5), $6, $7)
         returning id",
        org as OrgId,
        new.statement as StatementId,
        new.rep as UserId,
        new.position,
        new.deal,
        new.expected.map(|amount| amount.0),
        now,
    )
    .fetch_one(&mut **tx)
    .await?;
    say(tx, id, words).await?;
    Ok(id)
}

/// Adds a message.
pub async fn say(tx: &mut Tx, id: DisputeId, words: &str) -> sqlx::Result<()> {
    let (org, actor, now) = (tx.org, tx.actor, tx.now);
    sqlx::query!(
        "insert into dispute_messages (org_id, dispute_id, text, written_by, written_at) values ($1, $2, $3, $4, $5)",
        org as OrgId,
        id as DisputeId,
        words,
        actor as Option<UserId>,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Decides. Twice meets `dispute_decisions_pkey`.
pub async fn decide(
    tx: &mut Tx,
    dispute: &Dispute,
    outcome: Outcome,
    reason: &str,
    adjustment: Option<AdjustmentId>,
) -> sqlx::Result<()> {
    let (org, actor, now) = (tx.org, tx.actor, tx.now);
    sqlx::query!(
        "insert into dispute_decisions (org_id, dispute_id, rep_id, outcome, reason, adjustment_id, made_by, made_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        org as OrgId,
        dispute.id as DisputeId,
        dispute.rep_id as UserId,
        outcome as Outcome,
        reason,
        adjustment as Option<AdjustmentId>,
        actor as Option<UserId>,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Whether what a period pays is settled or about to be: it is locked, or its latest run is submitted.
pub async fn is_closing(db: &mut PgConnection, org: OrgId, period: Period) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select coalesce((
               select exists (select from period_locks l where l.org_id = r.org_id and l.period_kind = r.period_kind
                                                           and l.period_start = r.period_start)
                      or exists (select from run_submissions b where b.org_id = r.org_id and b.run_id = r.id)
               from commission_runs r
               where r.org_id = $1 and r.period_kind = $2 and r.period_start = $3
               order by r.id desc
               limit 1
           ), false) as "closing!""#,
        org as OrgId,
        period.kind().as_str(),
        period.from(),
    )
    .fetch_one(db)
    .await
}
