//! My month's SQL beside the facts: what was sold day by day, and the customers that matter today.

use sqlx::PgConnection;
use time::{Date, Time};

use crate::domain::{
    access::Scope,
    customer::stage::compared,
    id::{CustomerId, OrgId, UserId, VisitId},
    money::Money,
    period::Dates,
    visit,
};

/// A day of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// The date.
    pub on: Date,
    /// What the rep sold on it, returns taken off.
    pub sales: Money,
}

/// Every day of the dates, in order: what the rep sold.
pub async fn days(db: &mut PgConnection, org: OrgId, rep: UserId, dates: Dates) -> sqlx::Result<Vec<Day>> {
    sqlx::query_as!(
        Day,
        r#"select d.on_date as "on!", coalesce(s.amount, 0) as "sales!: Money"
           from (select day::date as on_date from generate_series($3::date, $4::date - 1, interval '1 day') as day) d
           left join (
               select c.booked_on, sum(c.amount)::bigint as amount
               from deal_credits c
               where c.org_id = $1 and c.rep_id = $2 and not c.overlay and c.booked_on >= $3 and c.booked_on < $4
               group by c.booked_on
           ) s on s.booked_on = d.on_date
           order by d.on_date"#,
        org as OrgId,
        rep as UserId,
        dates.from,
        dates.to,
    )
    .fetch_all(db)
    .await
}

/// A customer whom the rep has planned to see today, or saw today, or who will be lost unless it buys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerToday {
    /// The customer.
    pub id: CustomerId,
    /// The name.
    pub name: String,
    /// Whether the rep owns it today.
    pub mine: bool,
    /// Today's visit or touch.
    pub visit: Option<VisitId>,
    /// When it is planned.
    pub starts_at: Option<Time>,
    /// Planned or done.
    pub state: Option<visit::State>,
    /// What came of it.
    pub outcome: Option<visit::Outcome>,
    /// The last day before today on which anybody visited it; asked only for today's visits.
    pub visited_on: Option<Date>,
    /// The day on which it counts as lost unless it buys.
    pub lost_on: Option<Date>,
    /// The last nine days on which it bought (also what it returned later), the latest first.
    pub sale_days: Vec<Date>,
    /// Net sales of the last 90 days, today included.
    pub sales: Money,
    /// Net sales of the same days a year before.
    pub sales_before: Money,
}

/// The rep's visits of today by time, and the buying customers of his book. Its cost follows from the size of the book
/// and not from how long the customers have been buying.
pub async fn customers_today(
    db: &mut PgConnection,
    org: OrgId,
    rep: UserId,
    today: Date,
) -> sqlx::Result<Vec<CustomerToday>> {
    let [recent, before] = compared(today);
    sqlx::query_as!(
        CustomerToday,
        r#"with mine as (
               select o.customer_id
               from ownerships o
               where o.org_id = $1 and o.rep_id = $2 and o.during @> $3::date
           ),
           today as (
               select v.id, v.customer_id, v.starts_at, v.state, v.outcome
               from visits v
               where v.org_id = $1 and v.visited_on = $3 and v.state in ('planned', 'done')
                 and v.id in (
                     select own.id from visits own where own.org_id = $1 and own.rep_id = $2 and own.visited_on = $3
                     union all
                     select p.visit_id
                     from visit_participants p
                     where p.org_id = $1 and p.rep_id = $2 and p.visited_on = $3
                 )
           )
           select c.id, c.name, c.id in (select m.customer_id from mine m) as "mine!", today.id as "visit?: VisitId",
                  today.starts_at as "starts_at?", today.state as "state?: visit::State",
                  today.outcome as "outcome?: visit::Outcome", last.visited_on as "visited_on?", lost.on_date as "lost_on?",
                  array(select distinct d.booked_on
                        from deals d
                        where d.org_id = $1 and d.customer_id = c.id and d.booked_on <= $3 and d.net > 0
                        order by d.booked_on desc
                        limit 9) as "sale_days!: Vec<Date>",
                  (select coalesce(sum(d.net), 0)::bigint
                   from deals d
                   where d.org_id = $1 and d.customer_id = c.id and d.booked_on >= $4 and d.booked_on < $5) as "sales!: Money",
                  (select coalesce(sum(d.net), 0)::bigint
                   from deals d
                   where d.org_id = $1 and d.customer_id = c.id and d.booked_on >= $6 and d.booked_on < $7)
                      as "sales_before!: Money"
           from customers c
           left join today on today.customer_id = c.id
           left join lateral (
               select max(v.visited_on) as visited_on
               from visits v
               where today.id is not null and v.org_id = $1 and v.customer_id = c.id
                 and v.visited_on < $3 and v.state = 'done' and v.kind = 'in_person'
           ) last on true
           left join lateral (
               select min(e.on_date) as on_date
               from customer_events e
               where e.org_id = $1 and e.customer_id = c.id and e.kind = 'lost' and e.on_date > $3
           ) lost on true
           where c.org_id = $1
             -- As an array: so few customers are looked up, not looked for among all.
             and c.id = any (array(select m.customer_id from mine m union select t.customer_id from today t))
             and (today.id is not null or lost.on_date is not null)
           order by today.starts_at nulls last, today.id, lost.on_date, lower(c.name)"#,
        org as OrgId,
        rep as UserId,
        today,
        recent.from,
        recent.to,
        before.from,
        before.to,
    )
    .fetch_all(db)
    .await
}

/// The name of a rep in sight.
pub async fn rep_name(db: &mut PgConnection, scope: &Scope, id: UserId) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        "select u.name
         from users u
         where u.org_id = $1 and u.id = $2
           and ($3::bigint[] is null or u.id = any($3))
           and exists (select from user_roles r where r.org_id = u.org_id and r.user_id = u.id and r.role = 'rep')",
        scope.org as OrgId,
        id as UserId,
        scope.reps() as Option<&[UserId]>,
    )
    .fetch_optional(db)
    .await
}
