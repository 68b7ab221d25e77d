//! Choosing a customer in a form: one of those offered, or another one by its name.

use sqlx::PgConnection;
use time::Date;

use super::{
    find_db::{self, Named},
    offers_db::Offer,
};
use crate::{
    domain::{access::Scope, id::CustomerId},
    web::{form::Errors, format, ui::Choice},
};

/// The field of the offered customers.
pub const CHOSEN: &str = "customer";
/// The field for the name of another one.
pub const TYPED: &str = "other";

/// What a form says of its customer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Given<'a> {
    /// The offer that is ticked.
    pub chosen: &'a str,
    /// The offer that the page ticked by itself. It is nobody's choice: a name that is typed counts before it.
    pub ticked: &'a str,
    /// The name that was typed.
    pub typed: &'a str,
}

/// What the form's two fields come to.
#[derive(Clone, Debug, Default)]
pub struct Picked {
    /// The customer; nobody where a mistake was noted.
    pub customer: Option<Named>,
    /// Customers whose name is like what was typed, to choose from.
    pub similar: Vec<Named>,
}

/// Reads the two fields. Who ticks one customer and types the name of another is asked which is meant. Customers out of
/// sight are not found, like those that do not exist.
pub async fn pick(
    db: &mut PgConnection,
    scope: &Scope,
    today: Date,
    given: Given<'_>,
    errors: &mut Errors,
) -> sqlx::Result<Picked> {
    let typed = errors.optional_text(TYPED, given.typed, "The name", 200);
    let chosen = given.chosen.trim();
    let is_chosen = typed.is_empty() || chosen != given.ticked.trim();
    let id: Option<CustomerId> = chosen.parse().ok().filter(|_| is_chosen);
    let customer = match id {
        Some(id) => find_db::visible(db, scope, today, id).await?,
        None => None,
    };
    if typed.is_empty() {
        if customer.is_none() {
            errors.add(CHOSEN, "Choose a customer.");
        }
        return Ok(Picked { customer, similar: vec![] });
    }
    let mut found = find_db::by_name(db, scope, today, &typed).await?;
    if let Some(chosen) = customer.filter(|_| !found.is_empty()) {
        if !found.iter().any(|one| one.id == chosen.id) {
            errors.add(
                TYPED,
                format!(
                    "“{typed}” is typed here, and {} is ticked. Empty this field, or tick the customer that is typed.",
                    chosen.name
                ),
            );
            found.push(chosen);
            return Ok(Picked { customer: None, similar: found });
        }
        return Ok(Picked { customer: Some(chosen), similar: vec![] });
    }
    let exact = found.first().is_some_and(|one| one.name.to_lowercase() == typed.to_lowercase());
    if found.len() == 1 && exact {
        return Ok(Picked { customer: found.pop(), similar: vec![] });
    }
    errors.add(
        if found.is_empty() { TYPED } else { CHOSEN },
        if found.is_empty() {
            format!("None of your customers is called “{typed}”. Check the name, or add the customer first.")
        } else if exact {
            format!("{} customers are called “{typed}”. Choose one of them.", found.len())
        } else {
            format!("No customer is called exactly “{typed}”. Choose one of those with a name like it.")
        },
    );
    Ok(Picked { customer: None, similar: found })
}

/// A customer with what helps to recognise the visit: the plan, and when somebody was there last.
pub fn offer_choice(offer: Offer, today: Date) -> Choice {
    let plan = match (offer.planned, offer.starts_at) {
        (true, Some(time)) => Some(format!("Planned for {}", format::clock(&time))),
        (true, None) => Some("On the plan".to_owned()),
        (false, _) => None,
    };
    let last = offer
        .last_visit
        .map_or("first visit".to_owned(), |day| format!("last visit {}", format::short_date(day, today)));
    let hint = plan.map_or_else(|| format::capital(&last), |plan| format!("{plan} · {last}"));
    Choice::new(offer.id, offer.name).hint(hint)
}

/// A customer with its city.
pub fn named_choice(customer: &Named) -> Choice {
    Choice::new(customer.id, &*customer.name).hint(customer.city.clone().unwrap_or_default())
}
