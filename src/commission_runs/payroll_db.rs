//! The payroll file's SQL: which columns a company wants, and what stands in them.

use sqlx::PgConnection;
use time::Date;

use crate::{
    domain::{
        id::{OrgId, RunId, StatementId},
        money::Money,
    },
    postgres::tx::Tx,
};

/// A statement with what payroll may want to know of it.
pub struct PayRow {
    /// The rep's name in imported files.
    pub external_id: Option<String>,
    /// The rep's name.
    pub name: String,
    /// The rep's address.
    pub email: Option<String>,
    /// What the rep is called at work.
    pub title: Option<String>,
    /// The rep's team on the last day of the period.
    pub team: Option<String>,
    /// The plan's name.
    pub plan: String,
    /// The number of its version.
    pub plan_number: i32,
    /// The statement.
    pub statement: StatementId,
    /// Its total; it may be below zero.
    pub total: Money,
    /// What is carried to the next period: zero or below.
    pub carried: Money,
    /// What is owed of draws after it.
    pub draw_balance: Money,
    /// SHA-256 of inputs, engine and result.
    pub digest: Vec<u8>,
    /// Who approved it.
    pub approved_by: Option<String>,
    /// When it was paid.
    pub paid_on: Option<Date>,
}

/// Every statement of a run, by rep.
pub async fn rows(db: &mut PgConnection, org: OrgId, run: RunId) -> sqlx::Result<Vec<PayRow>> {
    sqlx::query_as!(
        PayRow,
        r#"select u.external_id, u.name, u.email, u.title, t.name as "team?", p.name as plan, v.number as plan_number,
                  s.id as statement, s.total, s.carried, s.draw_balance, s.digest, au.name as "approved_by?",
                  y.paid_on as "paid_on?"
           from statements s
           join commission_runs r on r.org_id = s.org_id and r.id = s.run_id
           join users u on u.org_id = s.org_id and u.id = s.rep_id
           join plan_versions v on v.org_id = s.org_id and v.id = s.plan_version_id
           join plans p on p.org_id = v.org_id and p.id = v.plan_id
           left join memberships m on m.org_id = u.org_id and m.user_id = u.id and m.during @> (r.period_end - 1)
           left join teams t on t.org_id = m.org_id and t.id = m.team_id
           left join approvals a on a.org_id = s.org_id and a.statement_id = s.id
           left join users au on au.org_id = a.org_id and au.id = a.approved_by
           left join payments y on y.org_id = r.org_id and y.run_id = r.id
           where s.org_id = $1 and s.run_id = $2
           order by u.name, s.id"#,
        org as OrgId,
        run as RunId,
    )
    .fetch_all(db)
    .await
}

/// The columns that the company has chosen.
pub async fn columns(db: &mut PgConnection, org: OrgId) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!("select payroll_columns from organizations where id = $1", org as OrgId).fetch_one(db).await
}

/// Chooses the columns.
pub async fn choose(tx: &mut Tx, columns: &[String]) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!("update organizations set payroll_columns = $2 where id = $1", org as OrgId, columns)
        .execute(&mut **tx)
        .await?;
    Ok(())
}
