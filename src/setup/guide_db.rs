//! What a company has so far: the facts that the first steps follow from.

use sqlx::PgConnection;
use time::Date;

use crate::domain::id::OrgId;

/// How far a company has come.
pub struct Done {
    /// People with a role.
    pub people: i64,
    /// Teams, with a manager and without.
    pub teams: i64,
    /// Teams in which somebody is, led by somebody: themselves, or from above.
    pub led_teams: i64,
    /// Customers.
    pub customers: i64,
    /// Visits that took place and deals won before this month, some at most.
    pub facts: i64,
    /// Targets of periods that began before this month, some at most.
    pub targets: i64,
    /// Reps who were on a plan before this month.
    pub on_plans: i64,
    /// Periods whose pay is approved.
    pub locks: i64,
}

/// What there is today. Large tables are counted up to a thousand. `month` is the first day of this month: what is of
/// earlier days belongs to a month that is over, and can be paid.
pub async fn done(db: &mut PgConnection, org: OrgId, today: Date, month: Date) -> sqlx::Result<Done> {
    sqlx::query_as!(
        Done,
        r#"with recursive led as (
               select m.team_id as id from team_managers m where m.org_id = $1 and m.during @> $2::date
               union
               select t.id from led join teams t on t.org_id = $1 and t.parent_id = led.id
           )
           select (select count(distinct user_id) from user_roles where org_id = $1) as "people!",
                  (select count(*) from teams where org_id = $1) as "teams!",
                  (select count(distinct m.team_id)
                   from memberships m
                   join led on led.id = m.team_id
                   where m.org_id = $1 and m.during @> $2::date) as "led_teams!",
                  (select count(*) from (select from customers where org_id = $1 limit 1000) c) as "customers!",
                  (select count(*) from (
                      select from visits where org_id = $1 and state = 'done' and visited_on < $3 limit 1000) v)
                  + (select count(*) from (
                      select from deals where org_id = $1 and stage = 'won' and booked_on < $3 limit 1000) d) as "facts!",
                  (select count(*) from (
                      select from targets where org_id = $1 and period_start < $3 limit 1000) t) as "targets!",
                  (select count(distinct rep_id)
                   from plan_assignments
                   where org_id = $1 and during && daterange(null, $3)) as "on_plans!",
                  (select count(*) from period_locks where org_id = $1) as "locks!""#,
        org as OrgId,
        today,
        month,
    )
    .fetch_one(db)
    .await
}
