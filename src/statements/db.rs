//! Statements' SQL: what a rep earned in a run, line by line. Statements are written once and only read after that.

use std::collections::BTreeMap;

use sqlx::PgConnection;
use time::{Date, OffsetDateTime};

use crate::domain::{
    access::Scope,
    commission::section::payable,
    id::{DealId, OrgId, RunId, StatementId, UserId},
    money::Money,
    period::PeriodKind,
};

/// A statement with what its page says around its lines.
pub struct StatementRow {
    /// The statement.
    pub id: StatementId,
    /// The run it belongs to.
    pub run_id: RunId,
    /// Whose pay it is.
    pub rep_id: UserId,
    /// The rep's name.
    pub rep: String,
    /// month, quarter or year.
    pub period_kind: PeriodKind,
    /// First day of the period.
    pub period_start: Date,
    /// The plan's name.
    pub plan: String,
    /// The number of the version it was calculated with.
    pub plan_number: i32,
    /// Who calculated it.
    pub prepared_by: UserId,
    /// On which day at the company.
    pub prepared_on: Date,
    /// Version of the engine.
    pub engine: String,
    /// Sum of the lines; it may be below zero.
    pub total: Money,
    /// What is carried to the next period: zero or below.
    pub carried: Money,
    /// What is owed of draws after it.
    pub draw_balance: Money,
    /// SHA-256 of inputs, engine and result.
    pub digest: Vec<u8>,
    /// When the run was submitted for approval.
    pub submitted_at: Option<OffsetDateTime>,
    /// Who approved it.
    pub approved_by: Option<String>,
    /// On which day it was approved.
    pub approved_on: Option<Date>,
    /// When it was paid.
    pub paid_on: Option<Date>,
    /// Whether its run is approved as a whole, and so the period locked.
    pub locked: bool,
    /// Whether a newer run of the period replaces this one.
    pub superseded: bool,
}

impl StatementRow {
    /// What is paid out of it.
    pub fn payable(&self) -> Money {
        payable(self.total)
    }
}

/// A statement within reach. Who neither prepares nor approves commission sees locked ones only (`locked_only`).
pub async fn find(
    db: &mut PgConnection,
    scope: &Scope,
    id: StatementId,
    locked_only: bool,
) -> sqlx::Result<Option<StatementRow>> {
    sqlx::query_as!(
        StatementRow,
        r#"select s.id, s.run_id, s.rep_id, u.name as rep, r.period_kind as "period_kind: PeriodKind", r.period_start,
                  p.name as plan, v.number as plan_number, s.prepared_by,
                  (r.prepared_at at time zone o.time_zone)::date as "prepared_on!", r.engine, s.total, s.carried,
                  s.draw_balance, s.digest, b.submitted_at as "submitted_at?", au.name as "approved_by?",
                  (a.approved_at at time zone o.time_zone)::date as "approved_on?",
                  y.paid_on as "paid_on?", l.run_id is not null as "locked!",
                  l.run_id is null and exists(
                      select from commission_runs n
                      where n.org_id = r.org_id and n.period_kind = r.period_kind and n.period_start = r.period_start
                        and n.id > r.id
                  ) as "superseded!"
           from statements s
           join organizations o on o.id = s.org_id
           join commission_runs r on r.org_id = s.org_id and r.id = s.run_id
           join users u on u.org_id = s.org_id and u.id = s.rep_id
           join plan_versions v on v.org_id = s.org_id and v.id = s.plan_version_id
           join plans p on p.org_id = v.org_id and p.id = v.plan_id
           left join run_submissions b on b.org_id = r.org_id and b.run_id = r.id
           left join approvals a on a.org_id = s.org_id and a.statement_id = s.id
           left join users au on au.org_id = a.org_id and au.id = a.approved_by
           left join period_locks l on l.org_id = r.org_id and l.run_id = r.id
           left join payments y on y.org_id = r.org_id and y.run_id = r.id
           where s.org_id = $1 and s.id = $2 and ($3::bigint[] is null or s.rep_id = any($3))
             and (not $4 or l.run_id is not null)"#,
        scope.org as OrgId,
        id as StatementId,
        scope.reps() as Option<&[UserId]>,
        locked_only,
    )
    .fetch_optional(db)
    .await
}

/// A line of a statement.
pub struct LineRow {
    /// In the order of calculation, from 1.
    pub position: i32,
    /// Words, slices and records.
    pub detail: serde_json::Value,
}

/// The lines of a statement in order.
pub async fn lines(db: &mut PgConnection, org: OrgId, statement: StatementId) -> sqlx::Result<Vec<LineRow>> {
    sqlx::query_as!(
        LineRow,
        "select l.position, l.detail
         from statement_lines l
         where l.org_id = $1 and l.statement_id = $2
         order by l.position",
        org as OrgId,
        statement as StatementId,
    )
    .fetch_all(db)
    .await
}

/// The documents that a statement was calculated from.
pub async fn inputs(db: &mut PgConnection, org: OrgId, statement: StatementId) -> sqlx::Result<serde_json::Value> {
    sqlx::query_scalar!(
        "select inputs from statements where org_id = $1 and id = $2",
        org as OrgId,
        statement as StatementId,
    )
    .fetch_one(db)
    .await
}

/// A statement in a list.
pub struct ListedRow {
    /// The statement.
    pub id: StatementId,
    /// The rep's name.
    pub rep: String,
    /// month, quarter or year.
    pub period_kind: PeriodKind,
    /// First day of the period.
    pub period_start: Date,
    /// The plan's name.
    pub plan: String,
    /// What is paid out of it.
    pub payable: Money,
    /// When it was paid.
    pub paid_on: Option<Date>,
}

/// Statements of locked periods within reach, the newest period first; `before` continues a list after that id.
pub async fn list_locked(
    db: &mut PgConnection,
    scope: &Scope,
    rep: Option<UserId>,
    before: Option<StatementId>,
    limit: i64,
) -> sqlx::Result<Vec<ListedRow>> {
    sqlx::query_as!(
        ListedRow,
        r#"select s.id, u.name as rep, l.period_kind as "period_kind: PeriodKind", l.period_start, p.name as plan,
                  greatest(s.total, 0) as "payable!: Money", y.paid_on as "paid_on?"
           from statements s
           join period_locks l on l.org_id = s.org_id and l.run_id = s.run_id
           join users u on u.org_id = s.org_id and u.id = s.rep_id
           join plan_versions v on v.org_id = s.org_id and v.id = s.plan_version_id
           join plans p on p.org_id = v.org_id and p.id = v.plan_id
           left join payments y on y.org_id = s.org_id and y.run_id = s.run_id
           where s.org_id = $1 and ($2::bigint[] is null or s.rep_id = any($2))
             and ($3::bigint is null or s.rep_id = $3) and ($4::bigint is null or s.id < $4)
           order by s.id desc
           limit $5"#,
        scope.org as OrgId,
        scope.reps() as Option<&[UserId]>,
        rep as Option<UserId>,
        before as Option<StatementId>,
        limit,
    )
    .fetch_all(db)
    .await
}

/// The rep's statement of a locked period, and what is paid out of it.
pub async fn locked(
    db: &mut PgConnection,
    org: OrgId,
    rep: UserId,
    period_kind: PeriodKind,
    period_start: Date,
) -> sqlx::Result<Option<(StatementId, Money)>> {
    let row = sqlx::query!(
        "select s.id, s.total
         from statements s
         join period_locks l on l.org_id = s.org_id and l.run_id = s.run_id
         where s.org_id = $1 and s.rep_id = $2 and l.period_kind = $3 and l.period_start = $4",
        org as OrgId,
        rep as UserId,
        period_kind.as_str(),
        period_start,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| (row.id, payable(row.total))))
}

/// What was paid out of the rep's statement of the period before, if that period is locked.
pub async fn payable_before(
    db: &mut PgConnection,
    org: OrgId,
    rep: UserId,
    period_kind: PeriodKind,
    period_start: Date,
) -> sqlx::Result<Option<(Date, Money)>> {
    let row = sqlx::query!(
        "select l.period_start, s.total
         from statements s
         join period_locks l on l.org_id = s.org_id and l.run_id = s.run_id
         where s.org_id = $1 and s.rep_id = $2 and l.period_kind = $3 and l.period_start < $4
         order by l.period_start desc
         limit 1",
        org as OrgId,
        rep as UserId,
        period_kind.as_str(),
        period_start,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| (row.period_start, payable(row.total))))
}

/// The deals of these numbers that are in sight by owner or credit: their pages open.
pub async fn deals_in_sight(
    db: &mut PgConnection,
    scope: &Scope,
    numbers: &[i64],
) -> sqlx::Result<BTreeMap<i64, DealId>> {
    let rows = sqlx::query!(
        "select d.number, d.id
         from deals d
         where d.org_id = $1 and d.number = any ($3)
           and ($2::bigint[] is null
                or d.owner_id = any ($2)
                or exists (
                    select from deal_credits c
                    where c.org_id = d.org_id and c.deal_id = d.id and c.rep_id = any ($2)
                ))",
        scope.org as OrgId,
        scope.reps() as Option<&[UserId]>,
        numbers,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.number, row.id)).collect())
}
