//! The SQL behind the verification of statements: each as it is stored, one by one, and the locks of periods.

use futures_util::Stream;
use sqlx::PgConnection;
use time::Date;

use crate::domain::{
    id::{OrgId, RunId, StatementId, UserId},
    money::Money,
    period::PeriodKind,
};

/// A statement as it is stored, its lines in order.
pub struct Stored {
    /// The statement.
    pub id: StatementId,
    /// The run it belongs to.
    pub run_id: RunId,
    /// Whose pay it is; none: the file does not say it.
    pub rep_id: Option<UserId>,
    /// The rep's name.
    pub rep: String,
    /// month, quarter or year.
    pub period_kind: PeriodKind,
    /// First day of the period.
    pub period_start: Date,
    /// The number of the month in which the company's fiscal year begins.
    pub fiscal_start: i16,
    /// The rep's name in imported files.
    pub external_id: Option<String>,
    /// Version of the engine that calculated it.
    pub engine: String,
    /// What it was calculated from.
    pub inputs: serde_json::Value,
    /// The plan's name.
    pub plan_name: String,
    /// The number of its version.
    pub plan_number: i32,
    /// The document of its plan version.
    pub plan: serde_json::Value,
    /// Sum of the lines.
    pub total: Money,
    /// What is carried to the next period; none: the file does not say it.
    pub carried: Option<Money>,
    /// What is owed of draws after it, likewise.
    pub draw_balance: Option<Money>,
    /// SHA-256 of inputs, engine and result.
    pub digest: Vec<u8>,
    /// The lines' components.
    pub components: Vec<String>,
    /// What they measure.
    pub measures: Vec<String>,
    /// What they pay, in minor units.
    pub amounts: Vec<i64>,
    /// Their words, slices and records.
    pub details: Vec<serde_json::Value>,
}

/// Every statement of the organization in order, of one run only, or one alone.
pub fn stored(
    db: &mut PgConnection,
    org: OrgId,
    run: Option<RunId>,
    statement: Option<StatementId>,
) -> impl Stream<Item = sqlx::Result<Stored>> {
    sqlx::query_as!(
        Stored,
        r#"select s.id, s.run_id, s.rep_id as "rep_id?", u.name as rep, r.period_kind as "period_kind: PeriodKind",
                  r.period_start, o.fiscal_year_start as fiscal_start, u.external_id, r.engine, s.inputs,
                  p.name as plan_name, v.number as plan_number, v.document as plan, s.total,
                  s.carried as "carried?", s.draw_balance as "draw_balance?", s.digest,
                  l.components as "components!", l.measures as "measures!", l.amounts as "amounts!",
                  l.details as "details!"
           from statements s
           join organizations o on o.id = s.org_id
           join commission_runs r on r.org_id = s.org_id and r.id = s.run_id
           join users u on u.org_id = s.org_id and u.id = s.rep_id
           join plan_versions v on v.org_id = s.org_id and v.id = s.plan_version_id
           join plans p on p.org_id = v.org_id and p.id = v.plan_id
           cross join lateral (
               select coalesce(array_agg(l.component order by l.position), '{}') as components,
                      coalesce(array_agg(l.measure order by l.position), '{}') as measures,
                      coalesce(array_agg(l.amount order by l.position), '{}') as amounts,
                      coalesce(array_agg(l.detail order by l.position), '{}') as details
               from statement_lines l
               where l.org_id = s.org_id and l.statement_id = s.id
           ) l
           where s.org_id = $1 and ($2::bigint is null or s.run_id = $2) and ($3::bigint is null or s.id = $3)
           order by s.id"#,
        org as OrgId,
        run as Option<RunId>,
        statement as Option<StatementId>,
    )
    .fetch(db)
}

/// The runs, or of them one only, whose lock is not what follows from their approvals, each with whether there is a
/// lock.
pub async fn wrong_locks(db: &mut PgConnection, org: OrgId, run: Option<RunId>) -> sqlx::Result<Vec<(i64, bool)>> {
    let rows = sqlx::query!(
        r#"select r.id as "id: i64", l.run_id is not null as "locked!"
           from commission_runs r
           left join period_locks l on l.org_id = r.org_id and l.run_id = r.id
           cross join lateral (
               select count(*) > 0 and count(*) = count(a.statement_id) as approved
               from statements s
               left join approvals a on a.org_id = s.org_id and a.statement_id = s.id
               where s.org_id = r.org_id and s.run_id = r.id
           ) s
           where r.org_id = $1 and ($2::bigint is null or r.id = $2) and (l.run_id is not null) <> s.approved
           order by r.id"#,
        org as OrgId,
        run as Option<RunId>,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.locked)).collect())
}
