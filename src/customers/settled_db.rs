//! What of a customer is settled: its events and owners up to the last lock, which do not change without a reason.

use time::Date;

use super::events_db;
use crate::{
    domain::{
        customer::events::Event,
        id::{CustomerId, OrgId, UserId},
    },
    period_locks,
    postgres::tx::Tx,
};

/// What is said where somebody changes it without a reason.
pub const NEEDS_REASON: &str =
    "This changes what was counted in a locked period: who won, kept or lost the customer. Say why.";

/// A customer's events and owners of the days up to the last lock; compared before and after a change.
#[derive(Debug, PartialEq, Eq)]
pub struct Settled {
    events: Vec<Event>,
    /// Who, from when, to before when; each within the locked days.
    owners: Vec<(UserId, Option<Date>, Option<Date>)>,
}

/// What is settled of a customer; the same for every customer while nothing is locked.
pub async fn settled(tx: &mut Tx, customer: CustomerId) -> sqlx::Result<Settled> {
    let org = tx.org;
    let Some(until) = period_locks::db::locked_until(tx, org).await? else {
        return Ok(Settled { events: vec![], owners: vec![] });
    };
    let events = events_db::list(tx, org, customer).await?;
    let rows = sqlx::query!(
        r#"select rep_id, lower(during) as "from?", upper(during) as "to?"
           from ownerships
           where org_id = $1 and customer_id = $2 and during && daterange(null, $3)
           order by lower(during) nulls first"#,
        org as OrgId,
        customer as CustomerId,
        until,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(Settled {
        events: events.into_iter().filter(|event| event.on < until).collect(),
        owners: rows.into_iter().map(|row| (row.rep_id, row.from, row.to.filter(|to| *to < until))).collect(),
    })
}
