//! The SQL of `plans.json`.

use std::collections::HashMap;

use serde_json::Value;
use time::Date;

use crate::{
    domain::{
        id::{OrgId, PlanId},
        period::PeriodKind,
    },
    postgres::tx::Tx,
};

/// The measuring period of each plan that is there, by name.
pub async fn periods(tx: &mut Tx) -> sqlx::Result<HashMap<String, PeriodKind>> {
    let org = tx.org;
    let rows = sqlx::query!(
        r#"select distinct on (p.id) p.name, v.document ->> 'period' as period
           from plans p
           join plan_versions v on v.org_id = p.org_id and v.plan_id = p.id
           where p.org_id = $1
           order by p.id, v.number desc"#,
        org as OrgId,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.name, PeriodKind::parse(&row.period?)?))).collect())
}

/// The newest version of a plan.
pub struct Newest {
    /// The plan.
    pub id: PlanId,
    /// What it says.
    pub document: Value,
}

/// The newest version of the plan of this name.
pub async fn newest(tx: &mut Tx, name: &str) -> sqlx::Result<Option<Newest>> {
    let org = tx.org;
    sqlx::query_as!(
        Newest,
        "select p.id, v.document
         from plans p
         join plan_versions v on v.org_id = p.org_id and v.plan_id = p.id
         where p.org_id = $1 and p.name = $2
         order by v.number desc
         limit 1",
        org as OrgId,
        name,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// The first day on which somebody is on the plan as the import says, or something was sold.
pub async fn first_use(tx: &mut Tx, import: i64, plan: &str) -> sqlx::Result<Option<Date>> {
    let org = tx.org;
    sqlx::query_scalar!(
        "select least(
             (select min(lower(during)) from import_assignments where import_id = $1 and plan = $3),
             (select min(booked_on) from deals where org_id = $2)
         )",
        import,
        org as OrgId,
        plan,
    )
    .fetch_one(&mut **tx)
    .await
}
