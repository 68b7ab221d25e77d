//! Which customers a form offers: those on the day's plan, then those visited last.

use sqlx::PgConnection;
use time::{Date, Time};

use crate::domain::id::{CustomerId, OrgId, UserId};

/// A customer that a form offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The customer.
    pub id: CustomerId,
    /// The name.
    pub name: String,
    /// Whether it is on the plan of the day and not done yet.
    pub planned: bool,
    /// For what time.
    pub starts_at: Option<Time>,
    /// The last time anybody was there before that day.
    pub last_visit: Option<Date>,
}

/// Whom the person may have seen: what is left of the day's plan in its order, then own customers as they were visited
/// last; three at most beside `chosen`, which comes first wherever it stands.
pub async fn offers(
    db: &mut PgConnection,
    org: OrgId,
    rep: UserId,
    day: Date,
    chosen: Option<CustomerId>,
) -> sqlx::Result<Vec<Offer>> {
    sqlx::query_as!(
        Offer,
        r#"with planned as (
               select v.customer_id, min(v.starts_at) as starts_at, min(v.id) as first
               from visits v
               where v.org_id = $1 and v.visited_on = $3 and v.state = 'planned'
                 and (v.rep_id = $2 or exists (
                     select from visit_participants p
                     where p.org_id = v.org_id and p.visit_id = v.id and p.rep_id = $2
                 ))
               group by v.customer_id
           ),
           recent as (
               select v.customer_id, max(v.visited_on) as last_on
               from (
                   select v.org_id, v.customer_id, v.visited_on
                   from visits v
                   where v.org_id = $1 and v.rep_id = $2 and v.state = 'done' and v.visited_on >= $3 - 400
                     and v.visited_on < $3
                   union all
                   select v.org_id, v.customer_id, v.visited_on
                   from visit_participants p
                   join visits v on v.org_id = p.org_id and v.id = p.visit_id and v.state = 'done'
                   where p.org_id = $1 and p.rep_id = $2 and p.visited_on >= $3 - 400 and p.visited_on < $3
               ) v
               where exists (
                     select from ownerships o
                     where o.org_id = v.org_id and o.customer_id = v.customer_id and o.rep_id = $2
                       and o.during @> $3::date
                 )
               group by v.customer_id
           ),
           offered as (
               select $4::bigint as customer_id, 0 as rank
               where $4::bigint is not null
               union all
               select planned.customer_id, 1 from planned
               union all
               select recent.customer_id, 2 from recent
           ),
           ranked as (
               select offered.customer_id, min(offered.rank) as rank
               from offered
               group by offered.customer_id
           )
           select c.id, c.name, planned.customer_id is not null as "planned!", planned.starts_at as "starts_at?",
                  (select max(v.visited_on)
                   from visits v
                   where v.org_id = c.org_id and v.customer_id = c.id and v.state = 'done' and v.visited_on < $3)
                      as last_visit
           from ranked
           join customers c on c.org_id = $1 and c.id = ranked.customer_id
           left join planned on planned.customer_id = c.id
           left join recent on recent.customer_id = c.id
           order by ranked.rank, planned.starts_at nulls last, planned.first, recent.last_on desc nulls last, c.id
           limit 3"#,
        org as OrgId,
        rep as UserId,
        day,
        chosen as Option<CustomerId>,
    )
    .fetch_all(db)
    .await
}
