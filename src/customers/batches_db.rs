//! Many customers, so many at a time that their deals fit into memory.

use sqlx::PgConnection;

use crate::domain::id::{CustomerId, OrgId};

/// So few customers are one batch, without counting their deals.
const FEW: usize = 20;
/// How many customers are in memory at once (a batch of 250,000 deals takes some 50 MB). Larger batches are faster:
/// PostgreSQL reads all credits once for each.
const CUSTOMERS: i64 = 20_000;
/// How many deals are in memory at once, but for a customer that has more.
const DEALS: i64 = 250_000;

/// These customers, each once, in order of their ids.
pub(super) async fn of(
    db: &mut PgConnection,
    org: OrgId,
    customers: &[CustomerId],
) -> sqlx::Result<Vec<Vec<CustomerId>>> {
    if customers.len() <= FEW {
        let mut few = customers.to_vec();
        few.sort_unstable();
        few.dedup();
        return Ok(vec![few]);
    }
    let counted = sqlx::query_as!(
        Counted,
        r#"select c.id as "id: CustomerId", coalesce(d.deals, 0) as "deals!"
           from customers c
           left join (
               select customer_id, count(*) as deals
               from deals
               where org_id = $1 and customer_id = any($2)
               group by customer_id
           ) d on d.customer_id = c.id
           where c.org_id = $1 and c.id = any($2)
           order by c.id"#,
        org as OrgId,
        customers as &[CustomerId],
    )
    .fetch_all(db)
    .await?;
    Ok(batches(&counted))
}

/// Every customer of the organization, in order of their ids.
pub(super) async fn of_all(db: &mut PgConnection, org: OrgId) -> sqlx::Result<Vec<Vec<CustomerId>>> {
    let counted = sqlx::query_as!(
        Counted,
        r#"select c.id as "id: CustomerId", coalesce(d.deals, 0) as "deals!"
           from customers c
           left join (
               select customer_id, count(*) as deals
               from deals
               where org_id = $1
               group by customer_id
           ) d on d.customer_id = c.id
           where c.org_id = $1
           order by c.id"#,
        org as OrgId,
    )
    .fetch_all(db)
    .await?;
    Ok(batches(&counted))
}

/// A customer with how many deals it has.
struct Counted {
    id: CustomerId,
    deals: i64,
}

fn batches(counted: &[Counted]) -> Vec<Vec<CustomerId>> {
    let (mut batches, mut batch, mut deals) = (vec![], vec![], 0);
    for customer in counted {
        let full = deals + customer.deals > DEALS || i64::try_from(batch.len()) == Ok(CUSTOMERS);
        if full && !batch.is_empty() {
            batches.push(std::mem::take(&mut batch));
            deals = 0;
        }
        batch.push(customer.id);
        deals += customer.deals;
    }
    batches.push(batch);
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(deals: &[i64]) -> Vec<usize> {
        let counted: Vec<Counted> =
            (1..).zip(deals).map(|(id, deals)| Counted { id: CustomerId(id), deals: *deals }).collect();
        let batches = batches(&counted);
        assert_eq!(batches.concat().len(), deals.len());
        batches.iter().map(Vec::len).collect()
    }

    #[test]
    fn a_batch_ends_before_it_is_too_large() {
        assert_eq!(sizes(&[DEALS - 1, 1, 1]), [2, 1]);
        assert_eq!(sizes(&[DEALS + 1, 1]), [1, 1]);
        assert_eq!(sizes(&[1, DEALS + 1, 1]), [1, 1, 1]);
        assert_eq!(sizes(&vec![0; 20_001]), [20_000, 1]);
        assert_eq!(sizes(&[]), [0]);
    }
}
