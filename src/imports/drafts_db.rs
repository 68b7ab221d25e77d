//! The SQL of the runs that were calculated with the people or plans of an import: what is not approved goes with it.

use sqlx::PgConnection;
use time::Date;

use crate::{
    domain::{
        id::{ImportId, OrgId, RunId},
        period::PeriodKind,
    },
    postgres::tx::Tx,
};

/// A run that pays somebody, or by a plan, of an import.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The run.
    pub id: RunId,
    /// The kind of its period.
    pub period_kind: PeriodKind,
    /// The first day of its period.
    pub period_start: Date,
    /// Whether somebody has approved some of it already.
    pub is_signed: bool,
}

/// The runs that pay what sample data made, in their order; none for any other import: whoever imports the own people keeps
/// what was calculated with them.
pub async fn of_sample(db: &mut PgConnection, org: OrgId, id: ImportId) -> sqlx::Result<Vec<Draft>> {
    sqlx::query_as!(
        Draft,
        r#"with made as (
               select m.kind, made.id
               from import_made m
               join imports i on i.org_id = m.org_id and i.id = m.import_id and i.is_sample and i.undone_at is null
               cross join lateral unnest(m.ids) as made (id)
               where m.org_id = $1 and m.import_id = $2 and m.kind in ('users', 'plan_versions')
           )
           select r.id, r.period_kind as "period_kind: PeriodKind", r.period_start,
                  exists (
                      select from approvals a where a.org_id = r.org_id and a.run_id = r.id
                  ) as "is_signed!"
           from commission_runs r
           where r.org_id = $1 and exists (
               select from statements s
               where s.org_id = r.org_id and s.run_id = r.id
                 and (s.rep_id in (select id from made where kind = 'users')
                      or s.plan_version_id in (select id from made where kind = 'plan_versions'))
           )
           order by r.period_start, r.period_kind, r.id"#,
        org as OrgId,
        id as ImportId,
    )
    .fetch_all(db)
    .await
}

/// Removes runs of which nothing is approved, with their statements.
///
/// # Errors
/// A violated foreign key: something is approved, or hangs on a statement.
pub async fn remove(tx: &mut Tx, runs: &[RunId]) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "delete from statement_lines l
         using statements s
         where l.org_id = $1 and s.org_id = l.org_id and s.id = l.statement_id and s.run_id = any ($2)",
        org as OrgId,
        runs as &[RunId],
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "delete from statement_corrections c
         using statements s
         where c.org_id = $1 and s.org_id = c.org_id and s.id = c.statement_id and s.run_id = any ($2)",
        org as OrgId,
        runs as &[RunId],
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "delete from statement_adjustments a
         using statements s
         where a.org_id = $1 and s.org_id = a.org_id and s.id = a.statement_id and s.run_id = any ($2)",
        org as OrgId,
        runs as &[RunId],
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!("delete from statements where org_id = $1 and run_id = any ($2)", org as OrgId, runs as &[RunId])
        .execute(&mut **tx)
        .await?;
    sqlx::query!("delete from run_marks where org_id = $1 and run_id = any ($2)", org as OrgId, runs as &[RunId])
        .execute(&mut **tx)
        .await?;
    sqlx::query!("delete from run_submissions where org_id = $1 and run_id = any ($2)", org as OrgId, runs as &[RunId])
        .execute(&mut **tx)
        .await?;
    sqlx::query!("delete from commission_runs where org_id = $1 and id = any ($2)", org as OrgId, runs as &[RunId])
        .execute(&mut **tx)
        .await?;
    Ok(())
}
