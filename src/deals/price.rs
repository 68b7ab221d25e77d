//! What a deal in another currency comes to in the company's: at the rate of the day of the win, until then of today.

use rust_decimal::Decimal;
use sqlx::PgConnection;

use super::db::NewDeal;
use crate::{
    domain::{deal::Stage, exchange::converted},
    exchange_rates,
    web::{auth::Viewer, error::Error, format},
};

/// Converts the lines of a deal that is about to be written. `frozen` is the rate that it keeps, if it was booked with one
/// already. The inner error is the words to show beside the currency or day.
pub async fn price(
    db: &mut PgConnection,
    me: &Viewer,
    deal: &mut NewDeal,
    frozen: Option<Decimal>,
) -> Result<Result<(), String>, Error> {
    let Some(currency) = deal.currency else {
        deal.rate = None;
        return Ok(Ok(()));
    };
    let (day, own) = (deal.booked_on.unwrap_or(me.today), me.company.currency);
    let found = match frozen {
        Some(rate) => Some(rate),
        None => exchange_rates::db::find(db, me.scope.org, currency, day).await?,
    };
    let Some(rate) = found else {
        let first = exchange_rates::db::first_day(db, me.scope.org, currency).await?;
        let first = first.map(|first| format!(" The first one counts from {}.", format::date(first)));
        return Ok(Err(format!(
            "There is no exchange rate for {currency} on {}.{} Ask finance to enter one.",
            format::date(day),
            first.unwrap_or_default()
        )));
    };
    for line in &mut deal.lines {
        let original = line.face();
        let Some(amount) = converted(original, currency, rate, own) else {
            let shown = format::money(currency, original);
            return Ok(Err(format!("{shown} at {} is larger than an amount can be.", format::quantity(&rate))));
        };
        (line.original, line.amount) = (Some(original), amount);
    }
    deal.rate = Some(rate);
    Ok(Ok(()))
}

/// The rate that a deal keeps when it is changed: it was won, and is still won on the same day in the same currency.
pub fn frozen(before: &NewDeal, new: &NewDeal) -> Option<Decimal> {
    let won = before.stage == Stage::Won && new.stage == Stage::Won;
    let same = before.booked_on == new.booked_on && before.currency == new.currency;
    before.rate.filter(|_| won && same)
}
