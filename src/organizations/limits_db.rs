//! The SQL of a change of limits: who counts as lost.

use sqlx::PgConnection;
use time::Date;

use crate::domain::id::{CustomerId, OrgId};

/// A loss.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The customer.
    pub customer: CustomerId,
    /// The name.
    pub name: String,
    /// When.
    pub on_date: Date,
    /// Who is charged with it; nobody: the customer had no owner.
    pub owner: Option<String>,
}

/// The losses from a day through today, by the customer's name: what `lost_customers` of the company counts.
pub async fn lost(db: &mut PgConnection, org: OrgId, from: Date, today: Date) -> sqlx::Result<Vec<Lost>> {
    sqlx::query_as!(
        Lost,
        r#"select e.customer_id as customer, c.name, e.on_date, u.name as "owner?"
           from customer_events e
           join customers c on c.org_id = e.org_id and c.id = e.customer_id
           left join users u on u.org_id = e.org_id and u.id = e.rep_id
           where e.org_id = $1 and e.kind = 'lost' and e.on_date >= $2 and e.on_date <= $3
           order by lower(c.name), c.id, e.on_date"#,
        org as OrgId,
        from,
        today,
    )
    .fetch_all(db)
    .await
}

/// The customers of exactly this name, in any spelling of its letters: at most two.
pub async fn named(db: &mut PgConnection, org: OrgId, name: &str) -> sqlx::Result<Vec<(CustomerId, String)>> {
    let rows = sqlx::query!(
        "select id, name
         from customers
         where org_id = $1 and name_key = lower($2)
         limit 2",
        org as OrgId,
        name,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}
