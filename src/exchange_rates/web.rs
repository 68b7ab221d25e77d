//! The page of the exchange rates: what was entered when, entering one, and what it leaves to put right.

use askama::Template;
use axum::{extract::State, response::Response};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::json;
use time::Date;

use super::{
    db::{self, Behind, Rate},
    rerate::{self, Due},
};
use crate::{
    App, audit,
    deals::estimates_db,
    domain::{
        access::Permission,
        exchange::{MOST_RATE, RATE_DECIMALS},
        id::RateId,
        money::Currency,
    },
    postgres::tx,
    web::{
        auth::{Allowed, KeepRates, ReadSales, Viewer},
        error::Error,
        form::{Errors, Form, parse_date},
        format,
        list::{FETCH, List, PAGE},
        number, once,
        page::{Page, answer},
        routes::Routes,
        toast::Toast,
        ui::Pager,
    },
};

/// `/exchange-rates`.
pub fn routes() -> Routes {
    Routes::new()
        .get("/exchange-rates", index)
        .post("/exchange-rates", create)
        .get("/exchange-rates/{id}/re-rate", rerate::show)
        .post("/exchange-rates/{id}/re-rate", rerate::rerate)
}

/// A rate as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct RateForm {
    currency: String,
    from: String,
    rate: String,
}

struct Said {
    currency: Currency,
    from: Date,
    rate: Decimal,
}

impl RateForm {
    fn parse(&self, me: &Viewer, errors: &mut Errors) -> Option<Said> {
        let own = me.company.currency;
        let currency = Currency::parse(&self.currency)
            .map_err(|_| errors.add("currency", "Use the three letters of a currency, like NOK."))
            .ok();
        if currency == Some(own) {
            errors.add("currency", format!("{own} is the company’s own currency. Choose another one."));
        }
        let from = errors.date("from", &self.from, "The first day");
        if let Some(day) = from.filter(|day| *day > me.today) {
            errors.add("from", format!("{} is after today. Enter the rate once that day has come.", format::date(day)));
        }
        let rate = read_rate(&self.rate).map_err(|words| errors.add("rate", words)).ok();
        if !errors.is_empty() {
            return None;
        }
        Some(Said { currency: currency?, from: from?, rate: rate? })
    }
}

fn read_rate(typed: &str) -> Result<Decimal, String> {
    let (rate, shown) = (number::rate(typed)?, typed.trim());
    if rate <= Decimal::ZERO {
        return Err(format!("{} is not above zero. Use more than 0.", shown.replace('-', "−")));
    }
    if rate.scale() > RATE_DECIMALS {
        return Err(format!("{shown} has too many decimals. Use at most {RATE_DECIMALS}."));
    }
    if rate > Decimal::from(MOST_RATE) {
        return Err(format!("{shown} is too large. Use at most {}.", format::count(MOST_RATE)));
    }
    Ok(rate)
}

#[derive(Template)]
#[template(path = "exchange_rates/index.html")]
struct IndexPage {
    page: Page,
    rates: Vec<Rate>,
    pager: Pager,
    /// What was won at another rate than counts now, for those who may put it right.
    due: Vec<Due>,
    own: String,
    form: RateForm,
    errors: Errors,
    may_keep: bool,
    today: Date,
}

async fn index(State(app): State<App>, me: Allowed<ReadSales>, page: Page, list: List) -> Result<Response, Error> {
    let form = RateForm { from: me.today.to_string(), ..RateForm::default() };
    draw(&app, &me, page, &list, form, Errors::new()).await
}

async fn draw(
    app: &App,
    me: &Viewer,
    page: Page,
    list: &List,
    form: RateForm,
    errors: Errors,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let mut rates = db::list(&mut read, me.scope.org, &me.company.time_zone, behind(list), FETCH).await?;
    let more = rates.len() > PAGE;
    rates.truncate(PAGE);
    let pager = list.around(rates.last().filter(|_| more).map(key));
    let may_keep = me.may(Permission::KeepRates);
    let due = if may_keep { Due::load(&mut read, me, None).await? } else { vec![] };
    let status = errors.status();
    let own = me.company.currency.to_string();
    answer(status, IndexPage { page, rates, pager, due, own, form, errors, may_keep, today: me.today })
}

/// The place of a rate: the list goes on behind it.
fn key(rate: &Rate) -> (String, i64) {
    (format!("{} {}", rate.currency, rate.from), rate.id.0)
}

fn behind(list: &List) -> Option<Behind> {
    let (key, id) = list.after()?;
    let (currency, day) = key.split_once(' ')?;
    Some((Currency::parse(currency).ok()?.to_string(), parse_date(day)?, RateId(id)))
}

/// A rate; the open deals in its currency are estimated with it from now on, those that were won keep theirs.
async fn create(
    State(app): State<App>,
    me: Allowed<KeepRates>,
    page: Page,
    list: List,
    Form { once, fields, .. }: Form<RateForm>,
) -> Result<Response, Error> {
    let mut errors = Errors::new();
    let Some(said) = fields.parse(&me, &mut errors) else {
        return draw(&app, &me, page, &list, fields, errors).await;
    };
    // Nobody saves an open deal beside it with the rate of before.
    let mut write = once::begin_alone(&app, &me, once).await?;
    let (own, currency) = (me.company.currency, said.currency);
    db::insert(&mut write, me.id, currency, said.from, said.rate).await?;
    let today = db::find(&mut write, me.scope.org, currency, me.today).await?.unwrap_or(said.rate);
    if let Err(number) = estimates_db::renew(&mut write, currency, today, own).await? {
        drop(write);
        errors.add("rate", format!("With this rate the open deal {number} would be larger than an amount can be."));
        return draw(&app, &me, page, &list, fields, errors).await;
    }
    let detail = json!({ "new": {
        "currency": currency.code(),
        "from": said.from.to_string(),
        "rate": said.rate.normalize().to_string(),
    } });
    audit::db::record(&mut write, "rate.entered", "/exchange-rates", detail).await?;
    let words = format!("1 {currency} is {} {own} from {}", format::quantity(&said.rate), format::date(said.from));
    write.done_saying("/exchange-rates", &Toast::new(words)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_as_people_type_them() {
        for (typed, rate) in [("0,0851", "0.0851"), ("11,52", "11.52"), ("11.523", "11.523"), (" 1 250,5 ", "1250.5")] {
            assert_eq!(read_rate(typed), Ok(rate.parse().unwrap()), "{typed}");
        }
        // A comma before three digits could stand between thousands.
        for typed in ["11,523", "", "x", "0", "-1", "0.0000000000001", "1000000001", "1e5"] {
            assert!(read_rate(typed).is_err(), "{typed}");
        }
    }
}
