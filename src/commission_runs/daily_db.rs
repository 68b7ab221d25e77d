//! The SQL of what reps had earned so far on each day: kept once a day, read to compare, forgotten after some days.

use sqlx::{PgConnection, PgPool};
use time::{Date, OffsetDateTime, PrimitiveDateTime};

use crate::{
    domain::{
        id::{OrgId, PlanVersionId, UserId},
        period::Period,
    },
    postgres::tx::Tx,
};

/// The organizations whose day is not kept yet, whatever day it is there. Asked as the owner of the database.
pub async fn due(db: &PgPool, now: OffsetDateTime) -> sqlx::Result<Vec<OrgId>> {
    sqlx::query_scalar!(
        "select o.id
         from organizations o
         where not exists (
             select from daily_rounds r
             where r.org_id = o.id and r.day = ($1::timestamptz at time zone o.time_zone)::date
         )
         order by o.id",
        now,
    )
    .fetch_all(db)
    .await
}

/// Notes that a day is kept, with what is written in the same transaction. False: it was already.
pub async fn begin(tx: &mut Tx, day: Date) -> sqlx::Result<bool> {
    let (org, now) = (tx.org, tx.now);
    let done = sqlx::query!(
        "insert into daily_rounds (org_id, day, done_at)
         values ($1, $2, $3)
         on conflict do nothing",
        org as OrgId,
        day,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What a rep has earned in a period by a day, to keep.
pub struct NewDay {
    /// Whose pay it is.
    pub rep: UserId,
    /// The measuring period.
    pub period: Period,
    /// The plan version in force.
    pub version: PlanVersionId,
    /// The version of the engine.
    pub engine: &'static str,
    /// Plan and facts, whole, as JSON.
    pub inputs: String,
    /// What came of them, likewise.
    pub statement: String,
}

/// Keeps a day of some reps; what is kept of it already stays.
pub async fn insert(tx: &mut Tx, day: Date, kept: &[NewDay]) -> sqlx::Result<()> {
    let (org, now) = (tx.org, tx.now);
    let reps: Vec<i64> = kept.iter().map(|one| one.rep.0).collect();
    let kinds: Vec<String> = kept.iter().map(|one| one.period.kind().as_str().to_owned()).collect();
    let starts: Vec<Date> = kept.iter().map(|one| one.period.from()).collect();
    let versions: Vec<i64> = kept.iter().map(|one| one.version.0).collect();
    let engines: Vec<String> = kept.iter().map(|one| one.engine.to_owned()).collect();
    let inputs: Vec<&str> = kept.iter().map(|one| one.inputs.as_str()).collect();
    let statements: Vec<&str> = kept.iter().map(|one| one.statement.as_str()).collect();
    sqlx::query!(
        "insert into daily_earnings (org_id, rep_id, period_kind, period_start, day, plan_version_id, engine, inputs,
                                     statement, calculated_at)
         select $1, n.rep_id, n.period_kind, n.period_start, $2, n.plan_version_id, n.engine, n.inputs::json,
                n.statement::json, $3
         from unnest($4::bigint[], $5::text[], $6::date[], $7::bigint[], $8::text[], $9::text[], $10::text[])
              as n (rep_id, period_kind, period_start, plan_version_id, engine, inputs, statement)
         on conflict do nothing",
        org as OrgId,
        day,
        now,
        &reps,
        &kinds,
        &starts,
        &versions,
        &engines,
        &inputs as &[&str],
        &statements as &[&str],
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Forgets what is older than a day, and what belongs to approved periods: their statements say it for good.
pub async fn forget(tx: &mut Tx, before: Date) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "delete from daily_earnings e
         where e.org_id = $1
           and (e.day < $2 or exists (
               select from period_locks l
               where l.org_id = e.org_id and l.period_kind = e.period_kind and l.period_start = e.period_start
           ))",
        org as OrgId,
        before,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "delete from daily_rounds
         where org_id = $1 and day < $2",
        org as OrgId,
        before,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The days of which a rep's period is kept, the latest first, each with the instant at the company.
pub async fn days(
    db: &mut PgConnection,
    org: OrgId,
    rep: UserId,
    period: Period,
) -> sqlx::Result<Vec<(Date, PrimitiveDateTime)>> {
    let rows = sqlx::query!(
        r#"select e.day, e.calculated_at at time zone o.time_zone as "at!"
           from daily_earnings e
           join organizations o on o.id = e.org_id
           where e.org_id = $1 and e.rep_id = $2 and e.period_kind = $3 and e.period_start = $4
           order by e.day desc"#,
        org as OrgId,
        rep as UserId,
        period.kind().as_str(),
        period.from(),
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.day, row.at)).collect())
}

/// What is kept of a day.
pub struct DayRow {
    /// Plan and facts, whole.
    pub inputs: serde_json::Value,
    /// What came of them.
    pub statement: serde_json::Value,
    /// The version of the engine.
    pub engine: String,
}

/// What is kept of a rep's period on a day.
pub async fn find(
    db: &mut PgConnection,
    org: OrgId,
    rep: UserId,
    period: Period,
    day: Date,
) -> sqlx::Result<Option<DayRow>> {
    sqlx::query_as!(
        DayRow,
        "select inputs, statement, engine
         from daily_earnings
         where org_id = $1 and rep_id = $2 and period_kind = $3 and period_start = $4 and day = $5",
        org as OrgId,
        rep as UserId,
        period.kind().as_str(),
        period.from(),
        day,
    )
    .fetch_optional(db)
    .await
}
