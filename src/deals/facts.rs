//! A deal as it is written anew, and what the audit keeps of it.

use serde_json::{Value, json};
use sqlx::PgConnection;

use super::{
    db::{Line, NewDeal},
    page_db::{self, Deal, LineRow},
};
use crate::{
    domain::{
        deal::Credit,
        id::{ProductId, UserId},
    },
    web::{auth::Viewer, error::Error, format},
};

/// A deal as it is written anew.
pub async fn as_new(db: &mut PgConnection, me: &Viewer, deal: &Deal) -> Result<NewDeal, Error> {
    let lines = page_db::lines(db, me.scope.org, deal.id, None).await?;
    let credits = page_db::credits(db, me.scope.org, deal.id).await?;
    Ok(NewDeal {
        customer: deal.customer_id,
        owner: deal.owner_id,
        stage: deal.stage,
        opened_on: deal.opened_on,
        booked_on: deal.booked_on,
        expected_on: deal.expected_on,
        returns: deal.returns_id,
        currency: deal.foreign(),
        rate: deal.rate,
        notes: deal.notes.clone(),
        confirmed: deal.confirmed_at.is_some(),
        lines: lines.into_iter().map(LineRow::into_line).collect(),
        credits: credits
            .into_iter()
            .map(|row| Credit { rep: row.rep_id, parts: row.parts.unsigned_abs(), overlay: row.overlay })
            .collect(),
    })
}

/// What the audit keeps of a deal ([`format::stored`]), and what a page says that somebody else has saved.
pub fn facts(
    deal: &NewDeal,
    customer: &str,
    reps: &[(UserId, String)],
    products: &[(ProductId, String)],
    me: &Viewer,
) -> Value {
    let name = |rep: UserId| reps.iter().find(|(id, _)| *id == rep).map_or_else(|| rep.to_string(), |(_, n)| n.clone());
    let line = |line: &Line| {
        let product = products.iter().find(|(id, _)| Some(*id) == line.product).map(|(_, name)| name.as_str());
        let cost = line.cost.map(|cost| format!(", cost {}", format::money(me.company.currency, cost)));
        let item = product.unwrap_or(&line.text);
        let amount = format::money(deal.currency.unwrap_or(me.company.currency), line.face());
        format!("{} × {item}: {amount}{}", format::quantity(&line.quantity), cost.unwrap_or_default())
    };
    let credit = |credit: &Credit| {
        format!("{} {}{}", name(credit.rep), credit.parts, if credit.overlay { " overlay" } else { "" })
    };
    json!({
        "customer": customer,
        "stage": deal.stage.label(),
        "won_on": deal.booked_on.map(|day| day.to_string()),
        "expected_on": deal.expected_on.map(|day| day.to_string()),
        "rate": deal.currency.zip(deal.rate).map(|(currency, rate)| format!("{currency} at {}", format::quantity(&rate))),
        "lines": deal.lines.iter().map(line).collect::<Vec<_>>(),
        "net": format::money(me.company.currency, deal.net()),
        "credits": deal.credits.iter().map(credit).collect::<Vec<_>>(),
        "confirmed": if deal.confirmed { "yes" } else { "no" },
        "note": deal.notes,
    })
}
