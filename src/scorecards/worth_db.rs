//! The facts of the metrics about what customers are worth: who bought when a period began, what they bought, and the
//! time spent with them. What they come to is computed in [`super::worth`].

use sqlx::PgConnection;
use time::Date;

use crate::domain::{
    contribution::Costs,
    id::{CustomerId, OrgId, UserId},
    money::Money,
    period::Dates,
};

/// A customer that bought and was owned as a day began.
pub struct Buying {
    /// The day.
    pub day: Date,
    /// Which customer.
    pub customer: CustomerId,
    /// Its name.
    pub name: String,
    /// Whose.
    pub rep: UserId,
}

/// The customers in a buying state as each of these days begins, owned on it by one of these reps, or by anybody.
pub async fn buying(
    db: &mut PgConnection,
    org: OrgId,
    days: &[Date],
    reps: Option<&[UserId]>,
    today: Date,
) -> sqlx::Result<Vec<Buying>> {
    sqlx::query_as!(
        Buying,
        r#"select d.day as "day!", c.id as customer, c.name, o.rep_id as rep
           from unnest($2::date[]) as d (day)
           join ownerships o on o.org_id = $1 and o.during @> d.day and ($3::bigint[] is null or o.rep_id = any ($3))
           join customers c on c.org_id = $1 and c.id = o.customer_id
           left join lateral (
               select e.kind
               from customer_events e
               where e.org_id = $1 and e.customer_id = c.id and e.on_date < d.day and e.on_date <= $4
               order by e.position desc
               limit 1
           ) e on true
           where coalesce(e.kind in ('first_sale', 'won_back'), c.customer_since < d.day)
             and not exists (
                 -- The relation ended, and no sale followed.
                 select from endings x
                 where x.org_id = $1 and x.customer_id = c.id and x.kind <> 'declared_lost' and x.on_date < d.day
                   and x.on_date <= $4
                   and not exists (
                       select from deals s
                       where s.org_id = $1 and s.customer_id = c.id and s.net > 0 and s.booked_on > x.on_date
                         and s.booked_on < d.day and s.booked_on <= $4
                   )
             )
           order by d.day, lower(c.name), c.id"#,
        org as OrgId,
        days,
        reps as Option<&[UserId]>,
        today,
    )
    .fetch_all(db)
    .await
}

/// What a customer bought in the year up to a day.
pub struct Bought {
    /// The day.
    pub day: Date,
    /// Who.
    pub customer: CustomerId,
    /// Net.
    pub net: Money,
}

/// What each customer bought in the twelve months up to each of these days.
pub async fn bought(db: &mut PgConnection, org: OrgId, days: &[Date], today: Date) -> sqlx::Result<Vec<Bought>> {
    sqlx::query_as!(
        Bought,
        r#"select w.day as "day!", d.customer_id as customer, sum(d.net)::bigint as "net!: Money"
           from unnest($2::date[]) as w (day)
           join deals d on d.org_id = $1 and d.booked_on > (w.day - interval '12 months')::date
                       and d.booked_on <= w.day and d.booked_on <= $3
           group by w.day, d.customer_id"#,
        org as OrgId,
        days,
        today,
    )
    .fetch_all(db)
    .await
}

/// A visit, call or online meeting of one of those who took part.
#[derive(Clone, Debug)]
pub struct Spent {
    /// Who took part.
    pub rep: UserId,
    /// With which customer.
    pub customer: CustomerId,
    /// What it is called.
    pub customer_name: String,
    /// When.
    pub on: Date,
    /// Whether it was a visit in person.
    pub in_person: bool,
    /// How long it took; 0 where nobody said.
    pub minutes: i64,
}

/// Visits, calls and online meetings that count, once for each who took part: done, and not entered after the lock of
/// their period.
pub async fn spent(
    db: &mut PgConnection,
    org: OrgId,
    dates: Dates,
    reps: Option<&[UserId]>,
) -> sqlx::Result<Vec<Spent>> {
    sqlx::query_as!(
        Spent,
        r#"with went as (
               select v.rep_id, v.customer_id, v.visited_on, v.kind, v.minutes, v.recorded_at
               from visits v
               where v.org_id = $1 and v.visited_on >= $2 and v.visited_on < $3 and v.state = 'done'
                 and ($4::bigint[] is null or v.rep_id = any ($4))
               union all
               select p.rep_id, v.customer_id, v.visited_on, v.kind, v.minutes, greatest(v.recorded_at, p.recorded_at)
               from visit_participants p
               join visits v on v.org_id = $1 and v.id = p.visit_id and v.state = 'done'
               where p.org_id = $1 and p.visited_on >= $2 and p.visited_on < $3
                 and ($4::bigint[] is null or p.rep_id = any ($4))
           )
           select w.rep_id as "rep!: UserId", w.customer_id as "customer!: CustomerId", c.name as customer_name,
                  w.visited_on as "on!", w.kind = 'in_person' as "in_person!", coalesce(w.minutes, 0)::bigint as "minutes!"
           from went w
           join customers c on c.org_id = $1 and c.id = w.customer_id
           where not exists (
               select from period_locks l
               where l.org_id = $1 and l.period_start <= w.visited_on and w.visited_on < l.period_end
                 and w.recorded_at > l.locked_at
           )"#,
        org as OrgId,
        dates.from,
        dates.to,
        reps as Option<&[UserId]>,
    )
    .fetch_all(db)
    .await
}

/// What visits, minutes and orders cost the company.
pub async fn costs(db: &mut PgConnection, org: OrgId) -> sqlx::Result<Costs> {
    sqlx::query_as!(
        Costs,
        r#"select cost_per_visit as "visit: Money", cost_per_minute as "minute: Money", cost_per_order as "order: Money"
           from organizations
           where id = $1"#,
        org as OrgId,
    )
    .fetch_one(db)
    .await
}
