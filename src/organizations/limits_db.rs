//! The SQL of a change of limits: who counts as lost, and for whom a limit may be.

use sqlx::PgConnection;
use time::Date;

use crate::domain::id::{CustomerId, OrgId, UserId};

/// A loss.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The customer.
    pub customer: CustomerId,
    /// The name.
    pub name: String,
    /// When; it counts once the day has come.
    pub on_date: Date,
    /// Who is charged with it; nobody: the customer had no owner.
    pub owner_id: Option<UserId>,
    /// The name.
    pub owner: Option<String>,
}

/// Every loss of these customers that is stored, past and to come, by the customer's name.
pub async fn lost(db: &mut PgConnection, org: OrgId, customers: &[CustomerId]) -> sqlx::Result<Vec<Lost>> {
    sqlx::query_as!(
        Lost,
        r#"select e.customer_id as customer, c.name, e.on_date, e.rep_id as owner_id, u.name as "owner?"
           from customer_events e
           join customers c on c.org_id = e.org_id and c.id = e.customer_id
           left join users u on u.org_id = e.org_id and u.id = e.rep_id
           where e.org_id = $1 and e.kind = 'lost' and e.customer_id = any ($2)
           order by lower(c.name), c.id, e.on_date"#,
        org as OrgId,
        customers as &[CustomerId],
    )
    .fetch_all(db)
    .await
}

/// Losses that are not stored, with their names, by the customer's name.
pub async fn named(
    db: &mut PgConnection,
    org: OrgId,
    losses: &[(CustomerId, Date, Option<UserId>)],
) -> sqlx::Result<Vec<Lost>> {
    let customers: Vec<CustomerId> = losses.iter().map(|(customer, ..)| *customer).collect();
    let days: Vec<Date> = losses.iter().map(|(_, on, _)| *on).collect();
    let owners: Vec<Option<UserId>> = losses.iter().map(|(.., owner)| *owner).collect();
    sqlx::query_as!(
        Lost,
        r#"select c.id as customer, c.name, e.on_date as "on_date!", u.id as "owner_id?", u.name as "owner?"
           from unnest($2::bigint[], $3::date[], $4::bigint[]) as e (customer_id, on_date, rep_id)
           join customers c on c.org_id = $1 and c.id = e.customer_id
           left join users u on u.org_id = $1 and u.id = e.rep_id
           order by lower(c.name), c.id, e.on_date"#,
        org as OrgId,
        &customers as &[CustomerId],
        &days,
        &owners as &[Option<UserId>],
    )
    .fetch_all(db)
    .await
}

/// The segments that customers are in, by name.
pub async fn segments(db: &mut PgConnection, org: OrgId) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        r#"select c.segment as "segment!"
           from customers c
           where c.org_id = $1 and c.merged_into is null and c.segment <> ''
           group by c.segment
           order by lower(c.segment), c.segment"#,
        org as OrgId,
    )
    .fetch_all(db)
    .await
}
