//! The SQL of open deals that go to another rep: which ones would, and giving them.

use sqlx::PgConnection;

use crate::{
    domain::{
        id::{CustomerId, DealId, OrgId, UserId},
        money::Money,
    },
    postgres::tx::Tx,
};

/// An open deal that may go to somebody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenDeal {
    /// The deal.
    pub id: DealId,
    /// Its number.
    pub number: i64,
    /// Who keeps it now.
    pub owner: String,
    /// What it comes to, in the company's currency.
    pub net: Money,
    /// Counts its changes.
    pub version: i32,
}

/// The open deals of these customers that are kept by who owns the customer: one owner for each customer.
pub async fn of_owners(
    db: &mut PgConnection,
    org: OrgId,
    customers: &[CustomerId],
    owners: &[UserId],
) -> sqlx::Result<Vec<OpenDeal>> {
    sqlx::query_as!(
        OpenDeal,
        "select d.id, d.number, u.name as owner, d.net, d.version
         from unnest($2::bigint[], $3::bigint[]) as o (customer_id, owner_id)
         join deals d on d.org_id = $1 and d.customer_id = o.customer_id and d.owner_id = o.owner_id
         join users u on u.org_id = d.org_id and u.id = d.owner_id
         where d.stage = 'open'
         order by d.number",
        org as OrgId,
        customers as &[CustomerId],
        owners as &[UserId],
    )
    .fetch_all(db)
    .await
}

/// Gives open deals of these versions to a rep, with the credits of who kept them, unless the rep is credited already:
/// then the shares stay as they were agreed. How many were given; the others are no longer as they were seen.
pub async fn give(tx: &mut Tx, deals: &[(DealId, i32)], to: UserId) -> sqlx::Result<usize> {
    let (org, now) = (tx.org, tx.now);
    let (ids, versions): (Vec<DealId>, Vec<i32>) = deals.iter().copied().unzip();
    sqlx::query!(
        "update deal_credits c
         set rep_id = $3
         from deals d
         where d.org_id = $1 and d.id = any ($2) and d.stage = 'open' and d.owner_id <> $3
           and c.org_id = d.org_id and c.deal_id = d.id and c.rep_id = d.owner_id
           and not exists (
               select from deal_credits o
               where o.org_id = d.org_id and o.deal_id = d.id and o.rep_id = $3
           )",
        org as OrgId,
        &ids as &[DealId],
        to as UserId,
    )
    .execute(&mut **tx)
    .await?;
    let done = sqlx::query!(
        "update deals d
         set owner_id = $4, changed_at = $5, version = d.version + 1
         from unnest($2::bigint[], $3::int[]) as s (id, version)
         where d.org_id = $1 and d.id = s.id and d.version = s.version and d.stage = 'open' and d.owner_id <> $4",
        org as OrgId,
        &ids as &[DealId],
        &versions,
        to as UserId,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(usize::try_from(done.rows_affected()).unwrap_or(usize::MAX))
}
