//! Entering and changing deals, with what follows from them for their customers, in one transaction.

use super::db::{self, NewDeal};
use crate::{
    customers::events_db,
    domain::id::{CustomerId, DealId},
    postgres::tx::Tx,
};

/// Enters a deal and keeps its customer's events in step.
pub async fn enter(tx: &mut Tx, deal: &NewDeal) -> sqlx::Result<DealId> {
    let id = db::insert(tx, deal).await?;
    events_db::recompute(tx, &[deal.customer]).await?;
    Ok(id)
}

/// Changes a deal, if it is still of this version, and keeps the events in step: of its customer, and of the customer
/// that it had before.
pub async fn change(tx: &mut Tx, id: DealId, version: i32, deal: &NewDeal, before: CustomerId) -> sqlx::Result<bool> {
    let done = db::update(tx, id, version, deal).await?;
    if done {
        events_db::recompute(tx, &[deal.customer, before]).await?;
    }
    Ok(done)
}
