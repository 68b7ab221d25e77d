//! What of a customer is settled: its events and owners up to the last lock, which do not change without a reason.

use time::Date;

use super::events_db;
use crate::{
    domain::{
        customer::{events::Event, facts::Ownership},
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

impl Settled {
    /// What of these events and owners lies before the first day that is open.
    pub fn of(events: &[Event], owners: &[Ownership], until: Date) -> Self {
        let days = owners.iter().filter(|days| days.from.is_none_or(|from| from < until));
        let mut owners: Vec<_> = days.map(|days| (days.rep, days.from, days.to.filter(|to| *to < until))).collect();
        owners.sort_by_key(|(_, from, _)| *from);
        Self { events: events.iter().filter(|event| event.on < until).copied().collect(), owners }
    }
}

/// What is settled of a customer; the same for every customer while nothing is locked.
pub async fn settled(tx: &mut Tx, customer: CustomerId) -> sqlx::Result<Settled> {
    let org = tx.org;
    let Some(until) = period_locks::db::locked_until(tx, org).await? else {
        return Ok(Settled { events: vec![], owners: vec![] });
    };
    let events = events_db::list(tx, org, customer).await?;
    let owners = sqlx::query_as!(
        Ownership,
        r#"select rep_id as rep, lower(during) as "from?", upper(during) as "to?"
           from ownerships
           where org_id = $1 and customer_id = $2"#,
        org as OrgId,
        customer as CustomerId,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(Settled::of(&events, &owners, until))
}
