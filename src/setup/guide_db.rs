//! What a company has so far: the facts that the first steps follow from.

use sqlx::PgConnection;

use crate::domain::id::OrgId;

/// How far a company has come.
pub struct Done {
    /// People with a role.
    pub people: i64,
    /// Teams.
    pub teams: i64,
    /// Customers.
    pub customers: i64,
    /// Visits that took place and won deals, some at most.
    pub facts: i64,
    /// Targets that were set, some at most.
    pub targets: i64,
    /// Reps who are on a plan.
    pub on_plans: i64,
    /// Periods whose pay is approved.
    pub locks: i64,
}

/// What there is. Large tables are counted up to a thousand.
pub async fn done(db: &mut PgConnection, org: OrgId) -> sqlx::Result<Done> {
    sqlx::query_as!(
        Done,
        r#"select (select count(distinct user_id) from user_roles where org_id = $1) as "people!",
                  (select count(*) from teams where org_id = $1) as "teams!",
                  (select count(*) from (select from customers where org_id = $1 limit 1000) c) as "customers!",
                  (select count(*) from (select from visits where org_id = $1 and state = 'done' limit 1000) v)
                  + (select count(*) from (select from deals where org_id = $1 and stage = 'won' limit 1000) d) as "facts!",
                  (select count(*) from (select from targets where org_id = $1 limit 1000) t) as "targets!",
                  (select count(distinct rep_id) from plan_assignments where org_id = $1) as "on_plans!",
                  (select count(*) from period_locks where org_id = $1) as "locks!""#,
        org as OrgId,
    )
    .fetch_one(db)
    .await
}
