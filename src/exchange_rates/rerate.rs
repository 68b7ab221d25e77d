//! Won deals that keep a rate which was corrected since: what they would come to, and putting them right together.

use std::collections::BTreeSet;

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;
use time::Date;

use super::db::{self, Rate};
use crate::{
    App, audit,
    customers::events_db,
    deals::rerates_db::{self, Rerated, Row},
    domain::{
        id::{CustomerId, RateId, UserId},
        money::{Currency, Money},
    },
    postgres::tx,
    web::{
        auth::{Allowed, KeepRates, Viewer},
        error::Error,
        form::{Errors, Form, Path},
        format, once,
        page::{Page, answer, html},
        step_up,
        toast::Toast,
    },
};

/// The deals of one rate's days that are at another rate.
pub struct Due {
    /// The rate that counts.
    pub id: RateId,
    currency: String,
    from: Date,
    rate: Decimal,
    rows: Vec<Row>,
    /// What they come to now, together.
    pub before: Money,
    /// What they would come to.
    pub after: Option<Money>,
    /// What each comes to with it; else the number of a deal that would be too large.
    rerated: Result<Rerated, i64>,
}

/// How many rows the page names.
const NAMED: usize = 200;

impl Due {
    /// What is due of one rate, or of all of them.
    pub async fn load(db: &mut PgConnection, me: &Viewer, rate: Option<RateId>) -> Result<Vec<Self>, Error> {
        let mut rows = rerates_db::find(db, me.scope.org, rate).await?;
        let mut all = vec![];
        while let Some(first) = rows.first() {
            let end = rows.iter().position(|row| row.rate_id != first.rate_id).unwrap_or(rows.len());
            let others = rows.split_off(end);
            let rows = std::mem::replace(&mut rows, others);
            let Some(first) = rows.first() else { break };
            let (id, currency, from, rate) = (first.rate_id, first.deal.currency.clone(), first.from, first.deal.rate);
            let rerated = rerates_db::rerated(rows.iter().map(|row| &row.deal), me.company.currency);
            let before = rows.iter().map(|row| row.deal.net).sum();
            let after = rerated.as_ref().ok().map(|rerated| rerated.nets().iter().copied().sum());
            all.push(Self { id, currency, from, rate, rows, before, after, rerated });
        }
        Ok(all)
    }

    /// How many deals, without what came back of them.
    fn deals(&self) -> i64 {
        let deals = self.rows.iter().filter(|row| row.deal.returns.is_none()).count();
        i64::try_from(deals).unwrap_or(i64::MAX)
    }

    /// "2 deals", "2 deals and 1 return".
    pub fn counted(&self) -> String {
        let (deals, all) = (self.deals(), i64::try_from(self.rows.len()).unwrap_or(i64::MAX));
        let deals_words = format::counted(deals, "deal", "deals");
        match all - deals {
            0 => deals_words,
            returns => format!("{deals_words} and {}", format::counted(returns, "return", "returns")),
        }
    }

    /// "NOK from 1 Nov 2026".
    pub fn title(&self) -> String {
        format!("{} from {}", self.currency, format::date(self.from))
    }

    /// "0.0851".
    pub fn rate_words(&self) -> String {
        format::quantity(&self.rate)
    }

    /// The deal that would be larger than an amount can be.
    fn too_large(&self) -> Option<i64> {
        self.rerated.as_ref().err().copied()
    }

    /// Each deal with what it would come to, as many as the page names.
    fn named(&self) -> impl Iterator<Item = (&Row, &Money)> {
        let nets = self.rerated.as_ref().map(Rerated::nets).unwrap_or_default();
        self.rows.iter().zip(nets).take(NAMED)
    }

    fn unnamed(&self) -> usize {
        self.rows.len().saturating_sub(NAMED)
    }

    /// Whether one of them counts for this person's pay.
    fn pays(&self, person: UserId) -> bool {
        self.rows.iter().any(|row| row.deal.made.pays(person))
    }

    /// Whether one of them counts in pay that is settled.
    fn is_locked(&self) -> bool {
        self.rows.iter().any(|row| row.locked)
    }

    /// What was seen: the same words mean the same deals, days and amounts.
    fn seen(&self) -> String {
        let nets = self.rerated.as_ref().map(Rerated::nets).unwrap_or_default();
        let deals = self.rows.iter().map(|row| &row.deal).zip(nets);
        let words = deals.map(|(deal, net)| format!("{} {:?} {} {}\n", deal.id, deal.booked_on, deal.net.0, net.0));
        let digest = Sha256::digest(words.collect::<String>());
        BASE64_URL_SAFE_NO_PAD.encode(digest)
    }
}

/// Why deals are put right, and what was seen of them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RerateForm {
    reason: String,
    seen: String,
}

#[derive(Template)]
#[template(path = "exchange_rates/rerate.html")]
struct RerateTemplate {
    page: Page,
    rate: Rate,
    due: Option<Due>,
    own: Currency,
    form: RerateForm,
    errors: Errors,
    has_changed: bool,
    /// Whether the viewer's own pay would move: then somebody else does it.
    own_pay: bool,
}

impl RerateTemplate {
    async fn load(db: &mut PgConnection, me: &Viewer, page: Page, id: RateId, form: RerateForm) -> Result<Self, Error> {
        let rate = db::get(db, me.scope.org, &me.company.time_zone, id).await?.ok_or(Error::NotFound)?;
        let due = Due::load(db, me, Some(id)).await?.pop();
        let (own, errors) = (me.company.currency, Errors::new());
        let own_pay = due.as_ref().is_some_and(|due| due.pays(me.id));
        Ok(Self { page, rate, due, own, form, errors, has_changed: false, own_pay })
    }
}

/// The won deals that a rate would change.
pub async fn show(
    State(app): State<App>,
    me: Allowed<KeepRates>,
    page: Page,
    Path(id): Path<RateId>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    html(RerateTemplate::load(&mut read, &me, page, id, RerateForm::default()).await?)
}

/// All of them at the rate that counts on their days, as they were shown: a correction of each deal.
pub async fn rerate(
    State(app): State<App>,
    me: Allowed<KeepRates>,
    page: Page,
    Path(id): Path<RateId>,
    Form { once, fields, typed }: Form<RerateForm>,
) -> Result<Response, Error> {
    if let Some(ask) = step_up::required(&me, &page, &format!("/exchange-rates/{id}/re-rate"), &typed) {
        return ask;
    }
    let mut errors = Errors::new();
    let reason = errors.text("reason", &fields.reason, "The reason", 500);
    // Numbers of locked periods move: nobody calculates, approves or sells beside it.
    let mut write = once::begin_alone(&app, &me, once).await?;
    let shown = RerateTemplate::load(&mut write, &me, page, id, fields).await?;
    if !errors.is_empty() {
        return answer(StatusCode::UNPROCESSABLE_ENTITY, RerateTemplate { errors, ..shown });
    }
    if shown.own_pay {
        return Err(Error::Conflict("Nobody changes their own pay. Somebody else can re-rate these deals."));
    }
    let as_seen = shown.due.as_ref().filter(|due| due.seen() == shown.form.seen);
    let Some((due, Ok(rerated))) = as_seen.map(|due| (due, &due.rerated)) else {
        return answer(StatusCode::CONFLICT, RerateTemplate { has_changed: true, ..shown });
    };
    rerates_db::write(&mut write, rerated).await?;
    let customers: BTreeSet<CustomerId> = due.rows.iter().map(|row| row.customer_id).collect();
    events_db::recompute(&mut write, &customers.into_iter().collect::<Vec<_>>()).await?;
    let money = |amount: Money| format::money(shown.own, amount);
    let acts = format::stored(|| {
        let told = |(row, net): (&Row, &Money)| {
            let at = |rate: &Decimal, net: Money| json!({ "rate": format!("{} at {}", row.deal.currency, format::quantity(rate)), "net": money(net) });
            let detail =
                json!({ "old": at(&row.rated, row.deal.net), "new": at(&row.deal.rate, *net), "reason": reason });
            (format!("/deals/{}", row.deal.id), detail)
        };
        due.rows.iter().zip(rerated.nets()).map(told).collect()
    });
    audit::db::record_all(&mut write, "deal.changed", acts).await?;
    let (counted, before, after) = (due.counted(), due.before, due.after.unwrap_or_default());
    let detail = format::stored(|| {
        json!({
            "old": { "net": money(before) },
            "new": {
                "currency": due.currency,
                "from": due.from.to_string(),
                "rate": due.rate.normalize().to_string(),
                "deals": due.counted(),
                "net": money(after),
            },
            "reason": reason,
        })
    });
    audit::db::record(&mut write, "rate.rerated", "/exchange-rates", detail).await?;
    let words = format!("{counted} re-rated: {} → {}", money(before), money(after));
    write.done_saying("/exchange-rates", &Toast::new(words)).await
}
