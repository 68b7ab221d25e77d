//! What a button does to a deal in its life: it is confirmed, won, expected on another day; and the undo of each.

use axum::{extract::State, response::Response};
use serde::Deserialize;
use serde_json::json;

use super::{
    db::{self, NewDeal},
    edit,
    enter::confirms,
    facts::as_new,
    page_db,
    price::price,
    said, save, show, undo,
};
use crate::{
    App, audit,
    domain::{deal::Stage, id::DealId},
    period_locks,
    postgres::tx,
    web::{
        auth::{self, Allowed, ConfirmDeals, RecordSales},
        error::Error,
        form::{Errors, Form, Nothing, Path, Query},
        format, once,
        page::Page,
        toast::Toast,
    },
};

/// Where a button stood: its page is where the browser goes on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Place {
    queue: String,
    /// The pipeline with its filters.
    back: String,
}

impl Place {
    fn path(&self, id: DealId) -> String {
        let pipeline = auth::local_path(&self.back).filter(|path| path.starts_with("/deals/pipeline"));
        match pipeline {
            Some(path) => path.to_owned(),
            None if self.queue == "1" => "/deals?unconfirmed=1".to_owned(),
            None => format!("/deals/{id}"),
        }
    }
}

/// Said where a deal cannot be open again.
pub const UNPRICED: Error =
    Error::Conflict("With the exchange rate of today this deal would be larger than an amount can be.");
/// Said where a page was behind.
pub const CHANGED: Error = Error::Conflict("Somebody has changed this deal meanwhile. Look at it again.");

/// What was seen of a deal when it was confirmed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ConfirmForm {
    version: String,
}

/// Confirms a deal that somebody else entered, as it was shown, so that it may pay.
pub async fn confirm(
    State(app): State<App>,
    me: Allowed<ConfirmDeals>,
    Path(id): Path<DealId>,
    Query(place): Query<Place>,
    Form { once, fields, .. }: Form<ConfirmForm>,
) -> Result<Response, Error> {
    let mut write = once::begin(&app, &me, once).await?;
    let deal = page_db::find(&mut write, &me.scope, &me.company, me.today, id).await?.ok_or(Error::NotFound)?;
    if deal.confirmed_at.is_none() && fields.version != deal.version.to_string() {
        return Err(Error::Conflict(
            "Somebody has changed this deal since you saw it. Look at it again, then confirm it.",
        ));
    }
    if !db::confirm(&mut write, id, deal.version, me.id).await? {
        return Err(Error::Conflict(
            "It is confirmed already, is no longer won, or you are credited on it: then somebody else has to confirm it.",
        ));
    }
    let path = format!("/deals/{id}");
    let net = format::money(me.company.currency, deal.net);
    let detail = json!({ "new": { "confirmed": "yes", "net": net } });
    audit::db::record(&mut write, "deal.confirmed", &path, detail).await?;
    let toast = Toast::new(format!("Deal {} confirmed", deal.number));
    let undo = format!("{path}/confirm/undo?version={}", deal.version + 1);
    write.done_saying(&place.path(id), &toast.undo(undo)).await
}

/// A confirmation is taken back by whoever gave it, as long as nothing depends on it.
pub async fn unconfirm(
    State(app): State<App>,
    me: Allowed<ConfirmDeals>,
    Path(id): Path<DealId>,
    Query(seen): Query<Seen>,
    Form { once, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let mut write = once::begin(&app, &me, once).await?;
    let deal = page_db::find(&mut write, &me.scope, &me.company, me.today, id).await?.ok_or(Error::NotFound)?;
    let version = seen.version.parse().unwrap_or(0);
    if !db::unconfirm(&mut write, id, version, me.id).await? {
        return Err(Error::Conflict(
            "This confirmation stays: the deal was changed since, or its period was handed in for approval.",
        ));
    }
    let path = format!("/deals/{id}");
    let detail = json!({ "old": { "confirmed": "yes" }, "new": { "confirmed": "no" } });
    audit::db::record(&mut write, "deal.confirmation_undone", &path, detail).await?;
    write.done_saying(&path, &Toast::new(format!("Deal {} waits for confirmation again", deal.number))).await
}

/// The day of a win.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct WinForm {
    /// As typed.
    pub booked_on: String,
    /// The version that was seen.
    pub version: String,
}

/// An open deal is won.
pub async fn win(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    page: Page,
    Path(id): Path<DealId>,
    Query(place): Query<Place>,
    Form { once, fields, .. }: Form<WinForm>,
) -> Result<Response, Error> {
    let mut errors = Errors::new();
    let Some(day) = said::booked(&fields.booked_on, me.today, &me.company, &mut errors) else {
        let mut read = tx::read(&app.db, me.scope.org).await?;
        return show::draw(&mut read, &me, page, id, fields.into(), errors).await;
    };
    let mut write = once::begin(&app, &me, once).await?;
    let deal = edit::find_editable(&mut write, &me, id).await?;
    if deal.stage != Stage::Open {
        return Err(Error::Conflict("This deal is no longer open."));
    }
    if fields.version != deal.version.to_string() {
        return Err(CHANGED);
    }
    if period_locks::db::crosses(&mut write, me.scope.org, None, Some(day)).await? {
        drop(write);
        errors.add("booked_on", edit::KEEP_STAGE);
        let mut read = tx::read(&app.db, me.scope.org).await?;
        return show::draw(&mut read, &me, page, id, fields.into(), errors).await;
    }
    let before = as_new(&mut write, &me, &deal).await?;
    let confirmed = confirms(&me, &before.credits);
    let mut won = NewDeal { stage: Stage::Won, booked_on: Some(day), confirmed, ..before };
    if let Err(words) = price(&mut write, &me, &mut won, None).await? {
        drop(write);
        errors.add("booked_on", words);
        let mut read = tx::read(&app.db, me.scope.org).await?;
        return show::draw(&mut read, &me, page, id, fields.into(), errors).await;
    }
    if !save::change(&mut write, id, deal.version, &won, deal.customer_id).await? {
        return Err(CHANGED);
    }
    let path = format!("/deals/{id}");
    let detail = json!({ "old": { "stage": "Open" }, "new": { "stage": "Won", "won_on": day.to_string() } });
    audit::db::record(&mut write, "deal.won", &path, detail).await?;
    let wait = if confirmed { "" } else { ". It pays once somebody has confirmed it" };
    let toast = Toast::new(format!("Deal {} won{wait}", deal.number));
    let undo = format!("{path}/win/undo?version={}", deal.version + 1);
    write.done_saying(&place.path(id), &toast.undo(undo)).await
}

/// What an undo was offered for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Seen {
    /// The version that the act made.
    pub version: String,
}

/// A deal that was just won is open again, as it was: as long as nothing has happened to it since.
pub async fn unwin(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    Path(id): Path<DealId>,
    Query(seen): Query<Seen>,
    Form { once, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let mut write = once::begin(&app, &me, once).await?;
    let deal = edit::find_editable(&mut write, &me, id).await?;
    db::lock(&mut write, id).await?;
    let is_as_won = deal.stage == Stage::Won && deal.returns_id.is_none() && seen.version == deal.version.to_string();
    if !is_as_won || !page_db::returns(&mut write, me.scope.org, id).await?.is_empty() {
        return Err(Error::Conflict("Something has happened to this deal since it was won. Look at it again."));
    }
    if period_locks::db::crosses(&mut write, me.scope.org, deal.booked_on, None).await? {
        return Err(Error::Conflict(edit::KEEP_STAGE));
    }
    let before = as_new(&mut write, &me, &deal).await?;
    let mut open = NewDeal { stage: Stage::Open, booked_on: None, confirmed: false, ..before };
    if price(&mut write, &me, &mut open, None).await?.is_err() {
        return Err(UNPRICED);
    }
    if !save::change(&mut write, id, deal.version, &open, deal.customer_id).await? {
        return Err(CHANGED);
    }
    let path = format!("/deals/{id}");
    let won_on = deal.booked_on.map(|day| day.to_string());
    let detail = json!({ "old": { "stage": "Won", "won_on": won_on }, "new": { "stage": "Open" } });
    audit::db::record(&mut write, "deal.win_undone", &path, detail).await?;
    write.done_saying(&path, &Toast::new(format!("Deal {} is open again", deal.number))).await
}

/// Another day on which an open deal is expected.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ExpectForm {
    /// As typed; empty: nobody knows.
    pub expected_on: String,
    /// The version that was seen.
    pub version: String,
}

/// An open deal is expected on another day.
pub async fn expect(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    page: Page,
    Path(id): Path<DealId>,
    Query(place): Query<Place>,
    Form { once, fields, .. }: Form<ExpectForm>,
) -> Result<Response, Error> {
    let mut errors = Errors::new();
    let day = errors.optional_date("expected_on", &fields.expected_on, "The expected day");
    if let Some(day) = day.filter(|day| *day < me.today) {
        errors.add("expected_on", format!("{} has passed. Use today or a later day.", format::date(day)));
    }
    if !errors.is_empty() {
        let mut read = tx::read(&app.db, me.scope.org).await?;
        return show::draw(&mut read, &me, page, id, fields.into(), errors).await;
    }
    let mut write = once::begin(&app, &me, once).await?;
    let deal = edit::find_editable(&mut write, &me, id).await?;
    if deal.stage != Stage::Open {
        return Err(Error::Conflict("This deal is no longer open."));
    }
    if fields.version != deal.version.to_string() {
        return Err(CHANGED);
    }
    let before = as_new(&mut write, &me, &deal).await?;
    let moved = NewDeal { expected_on: day, ..before };
    if !save::change(&mut write, id, deal.version, &moved, deal.customer_id).await? {
        return Err(CHANGED);
    }
    let shown = |day: Option<time::Date>| day.map(|day| day.to_string());
    let detail = json!({ "old": { "expected_on": shown(deal.expected_on) }, "new": { "expected_on": shown(day) } });
    audit::db::record(&mut write, "deal.expected", &format!("/deals/{id}"), detail).await?;
    let when = day.map_or_else(|| "without a date".to_owned(), |day| format!("expected on {}", format::date(day)));
    let toast = Toast::new(format!("Deal {} is {when}", deal.number));
    write.done_saying(&place.path(id), &toast.undo(undo::path(id))).await
}
