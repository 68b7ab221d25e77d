//! The SQL of locks: an approved run closes its period for targets, plans and runs, and a change in it needs a reason.

use sqlx::PgConnection;
use time::{Date, PrimitiveDateTime};

use crate::{
    domain::{
        id::{OrgId, RunId},
        period::{Dates, Period},
    },
    postgres::tx::Tx,
};

/// Locks the run's period if all of its statements are approved. One run per period and kind: `period_locks_once`.
///
/// The dates that are locked by it now; what else is kept of them is for `commission_runs::approval::lock_if_approved`.
pub async fn lock_if_approved(tx: &mut Tx, run: RunId) -> sqlx::Result<Option<Dates>> {
    let (org, now) = (tx.org, tx.now);
    sqlx::query_as!(
        Dates,
        r#"insert into period_locks (org_id, run_id, period_kind, period_start, period_end, locked_at)
         select r.org_id, r.id, r.period_kind, r.period_start, r.period_end, $3
         from commission_runs r
         where r.org_id = $1 and r.id = $2
           and not exists (
               select from statements s
               left join approvals a on a.org_id = s.org_id and a.statement_id = s.id
               where s.org_id = r.org_id and s.run_id = r.id and a.statement_id is null
           )
           and not exists (select from period_locks l where l.org_id = r.org_id and l.run_id = r.id)
         returning period_start as "from", period_end as "to""#,
        org as OrgId,
        run as RunId,
        now,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Whether a day lies in a locked period: what is entered for it counts for nothing, what is changed needs a reason.
pub async fn is_locked(db: &mut PgConnection, org: OrgId, day: Date) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
               select from period_locks l
               where l.org_id = $1 and $2 >= l.period_start and $2 < l.period_end
           ) as "locked!""#,
        org as OrgId,
        day,
    )
    .fetch_one(db)
    .await
}

/// Whether a locked period reaches to this day or beyond: then nothing about pay may change from here on.
pub async fn is_locked_from(db: &mut PgConnection, org: OrgId, from_date: Date) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists(
               select from period_locks l where l.org_id = $1 and l.period_end > $2
           ) as "locked!""#,
        org as OrgId,
        from_date,
    )
    .fetch_one(db)
    .await
}

/// Whether a run of exactly this period is approved: it is not calculated again.
pub async fn is_settled(db: &mut PgConnection, org: OrgId, period: Period) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists(
               select from period_locks
               where org_id = $1 and period_kind = $2 and period_start = $3
           ) as "locked!""#,
        org as OrgId,
        period.kind().as_str(),
        period.from(),
    )
    .fetch_one(db)
    .await
}

/// When the period was locked by an approved run over all of its days, in the company's time zone; its targets are
/// closed for change since.
pub async fn locked_at(db: &mut PgConnection, org: OrgId, period: Period) -> sqlx::Result<Option<PrimitiveDateTime>> {
    sqlx::query_scalar!(
        "select min(l.locked_at) at time zone o.time_zone
         from period_locks l
         join organizations o on o.id = l.org_id
         where l.org_id = $1 and l.period_start <= $2 and l.period_end >= $3
         group by o.time_zone",
        org as OrgId,
        period.from(),
        period.to(),
    )
    .fetch_optional(db)
    .await
    .map(Option::flatten)
}

/// The first day after the last locked period.
pub async fn locked_until(db: &mut PgConnection, org: OrgId) -> sqlx::Result<Option<Date>> {
    sqlx::query_scalar!("select max(period_end) from period_locks where org_id = $1", org as OrgId).fetch_one(db).await
}

/// Whether a fact that moves from one day to another (none: it had or gets no business date) would enter or leave a
/// locked period: then a period that is paid would say something else than what was paid.
pub async fn crosses(db: &mut PgConnection, org: OrgId, from: Option<Date>, to: Option<Date>) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
               select from period_locks l
               where l.org_id = $1
                 and coalesce($2 >= l.period_start and $2 < l.period_end, false)
                     <> coalesce($3 >= l.period_start and $3 < l.period_end, false)
           ) as "crosses!""#,
        org as OrgId,
        from,
        to,
    )
    .fetch_one(db)
    .await
}
