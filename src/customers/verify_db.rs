//! Recomputes what is stored of customers' lives: their events, and from when on their deals are fully returned.

use std::collections::BTreeMap;

use sqlx::PgConnection;

use super::{batches_db, events_db::differences};
use crate::{
    domain::{
        customer::events::Event,
        id::{CustomerId, OrgId},
        money::Currency,
    },
    postgres::derived::Differs,
};

/// Tells every stored event and return of the organization's customers that does not follow from their deals, ownerships,
/// endings and limits. How many customers there were.
pub async fn verify(
    db: &mut PgConnection,
    org: OrgId,
    currency: Currency,
    tell: &mut impl FnMut(Differs),
) -> sqlx::Result<usize> {
    let mut count = 0;
    for batch in batches_db::of_all(db, org).await? {
        count += batch.len();
        let found = differences(db, org, &batch).await?;
        for returned in found.returns {
            let day = |on: Option<time::Date>| on.map_or_else(|| "none".to_owned(), |on| on.to_string());
            let (stored, derived) = (day(returned.stored), day(returned.derived));
            tell(Differs {
                what: "deals.fully_returned_on",
                record: format!("deal {}", returned.number),
                stored,
                derived,
            });
        }
        let changed: Vec<CustomerId> = found.events.keys().copied().collect();
        let names = names(db, org, &changed).await?;
        for (customer, (stored, derived)) in found.events {
            let name = names.get(&customer).map_or("", String::as_str);
            let (stored, derived) = (words(&stored, currency), words(&derived, currency));
            tell(Differs { what: "customer_events", record: format!("customer {customer} {name}"), stored, derived });
        }
    }
    Ok(count)
}

async fn names(
    db: &mut PgConnection,
    org: OrgId,
    customers: &[CustomerId],
) -> sqlx::Result<BTreeMap<CustomerId, String>> {
    let rows = sqlx::query!(
        "select id, name
         from customers
         where org_id = $1 and id = any($2)",
        org as OrgId,
        customers as &[CustomerId],
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

/// `first_sale 2026-01-05 rep 3 deal 7 new until 2027-01-05; lost 2026-07-05 rep 3 value 1200.00`; ids as in the tables.
fn words(events: &[Event], currency: Currency) -> String {
    let words = events.iter().map(|event| {
        let mut words = format!("{} {}", event.kind.as_str(), event.on);
        words.extend(event.rep.map(|rep| format!(" rep {rep}")));
        words.extend(event.deal.map(|deal| format!(" deal {deal}")));
        words.extend(event.new_until.map(|day| format!(" new until {day}")));
        if event.value.0 != 0 {
            words.extend([" value ", &currency.plain(event.value)]);
        }
        words
    });
    let all = words.collect::<Vec<_>>().join("; ");
    if all.is_empty() { "none".to_owned() } else { all }
}
