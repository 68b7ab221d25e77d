//! The SQL of a simulation: since when there are facts, what was really paid, and since when reps are on their plans.

use sqlx::PgConnection;
use time::Date;

use crate::domain::{
    id::{OrgId, PlanId, UserId},
    money::Money,
};

/// The day of the first deal or visit, if there is one.
pub async fn first_fact(db: &mut PgConnection, org: OrgId) -> sqlx::Result<Option<Date>> {
    sqlx::query_scalar!(
        "select least(
             (select min(d.booked_on) from deals d where d.org_id = $1),
             (select min(v.visited_on) from visits v where v.org_id = $1 and v.state = 'done')
         )",
        org as OrgId,
    )
    .fetch_one(db)
    .await
}

/// What an approved statement came to.
pub struct PaidThen {
    /// Whose pay it is.
    pub rep_id: UserId,
    /// First day after its period.
    pub period_end: Date,
    /// Its total, with what it corrected of earlier periods.
    pub total: Money,
}

/// The approved statements of these reps for periods that lie within some days.
pub async fn paid_then(
    db: &mut PgConnection,
    org: OrgId,
    reps: &[UserId],
    from: Date,
    to: Date,
) -> sqlx::Result<Vec<PaidThen>> {
    sqlx::query_as!(
        PaidThen,
        "select s.rep_id, l.period_end, s.total
         from period_locks l
         join statements s on s.org_id = l.org_id and s.run_id = l.run_id
         where l.org_id = $1 and s.rep_id = any ($2) and l.period_start >= $3 and l.period_end <= $4",
        org as OrgId,
        reps as &[UserId],
        from,
        to,
    )
    .fetch_all(db)
    .await
}

/// The plan that pays a rep on a day.
pub struct Present {
    /// The rep.
    pub rep_id: UserId,
    /// The plan.
    pub plan_id: PlanId,
    /// Its name.
    pub plan: String,
    /// The number of the version in force.
    pub number: i32,
    /// Since when the rep is on it: the assignment's first day, else that of employment.
    pub since: Option<Date>,
}

/// The plans that pay these reps on a day.
pub async fn present(db: &mut PgConnection, org: OrgId, reps: &[UserId], on: Date) -> sqlx::Result<Vec<Present>> {
    sqlx::query_as!(
        Present,
        r#"select a.rep_id, p.id as plan_id, p.name as plan, v.number as "number!",
                  coalesce(lower(a.during), u.hired_on) as since
           from plan_assignments a
           join users u on u.org_id = a.org_id and u.id = a.rep_id
           join plans p on p.org_id = a.org_id and p.id = a.plan_id
           join lateral (
               select n.number
               from plan_versions n
               where n.org_id = a.org_id and n.plan_id = a.plan_id and n.from_date <= $3
               order by n.from_date desc, n.number desc
               limit 1
           ) v on true
           where a.org_id = $1 and a.rep_id = any ($2) and a.during @> $3::date"#,
        org as OrgId,
        reps as &[UserId],
        on,
    )
    .fetch_all(db)
    .await
}
