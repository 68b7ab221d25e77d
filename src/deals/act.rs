//! What a button does to a deal: confirm it, win it, lose it, cancel it, open it again.

use axum::{extract::State, response::Response};
use serde::Deserialize;
use serde_json::json;

use super::{
    db::{self, NewDeal},
    edit, form, page_db, save,
};
use crate::{
    App, audit,
    domain::{deal::Stage, id::DealId},
    period_locks,
    postgres::tx,
    web::{
        auth::{Allowed, ConfirmDeals, RecordSales},
        error::Error,
        form::{Errors, Form, Nothing, Once, Path, Query},
        format, once,
        page::Page,
        toast::Toast,
    },
};

/// Where a button stood.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Place {
    queue: String,
}

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
    let to = if place.queue == "1" { "/deals?unconfirmed=1".to_owned() } else { path };
    write.done_saying(&to, &Toast::new(format!("Deal {} confirmed", deal.number))).await
}

/// The day of a win.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct WinForm {
    /// As typed.
    pub booked_on: String,
}

/// An open deal is won.
pub async fn win(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    page: Page,
    Path(id): Path<DealId>,
    Form { once, fields, .. }: Form<WinForm>,
) -> Result<Response, Error> {
    let mut errors = Errors::new();
    let Some(day) = form::booked(&fields.booked_on, me.today, &me.company, &mut errors) else {
        let mut read = tx::read(&app.db, me.scope.org).await?;
        return super::web::draw(&mut read, &me, page, id, fields, errors).await;
    };
    let mut write = once::begin(&app, &me, once).await?;
    let deal = edit::find_editable(&mut write, &me, id).await?;
    if deal.stage != Stage::Open {
        return Err(Error::Conflict("This deal is no longer open."));
    }
    if period_locks::db::crosses(&mut write, me.scope.org, None, Some(day)).await? {
        drop(write);
        errors.add("booked_on", edit::KEEP_STAGE);
        let mut read = tx::read(&app.db, me.scope.org).await?;
        return super::web::draw(&mut read, &me, page, id, fields, errors).await;
    }
    let before = edit::as_new(&mut write, &me, &deal).await?;
    let confirmed = edit::confirms(&me, &before.credits);
    let won = NewDeal { stage: Stage::Won, booked_on: Some(day), expected_on: None, confirmed, ..before };
    if !save::change(&mut write, id, deal.version, &won, deal.customer_id).await? {
        return Err(Error::Conflict("Somebody has changed this deal meanwhile. Look at it again."));
    }
    let path = format!("/deals/{id}");
    let detail = json!({ "old": { "stage": "Open" }, "new": { "stage": "Won", "won_on": day.to_string() } });
    audit::db::record(&mut write, "deal.won", &path, detail).await?;
    let wait = if confirmed { "" } else { ". It pays once somebody has confirmed it" };
    write.done_saying(&path, &Toast::new(format!("Deal {} won{wait}", deal.number))).await
}

/// An open deal is lost.
pub async fn lose(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    Path(id): Path<DealId>,
    Form { once, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    turn(&app, &me, id, once, Stage::Open, Stage::Lost).await
}

/// An open deal is given up.
pub async fn cancel(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    Path(id): Path<DealId>,
    Form { once, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    turn(&app, &me, id, once, Stage::Open, Stage::Cancelled).await
}

/// A lost or cancelled deal is open again.
pub async fn reopen(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    Path(id): Path<DealId>,
    Form { once, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    turn(&app, &me, id, once, Stage::Lost, Stage::Open).await
}

async fn turn(
    app: &App,
    me: &Allowed<RecordSales>,
    id: DealId,
    once: Once,
    from: Stage,
    to: Stage,
) -> Result<Response, Error> {
    let mut write = once::begin(app, me, once).await?;
    let deal = page_db::find(&mut write, &me.scope, &me.company, me.today, id).await?.ok_or(Error::NotFound)?;
    if !edit::may_change(me, &deal) {
        return Err(Error::Forbidden);
    }
    let fits = deal.stage == from || (to == Stage::Open && deal.stage == Stage::Cancelled);
    if !fits {
        return Err(Error::Conflict("The deal is in another stage by now. Look at it again."));
    }
    let before = edit::as_new(&mut write, me, &deal).await?;
    let turned = NewDeal { stage: to, confirmed: false, ..before };
    if !save::change(&mut write, id, deal.version, &turned, deal.customer_id).await? {
        return Err(Error::Conflict("Somebody has changed this deal meanwhile. Look at it again."));
    }
    let path = format!("/deals/{id}");
    let (action, word) = match to {
        Stage::Lost => ("deal.lost", "lost"),
        Stage::Cancelled => ("deal.cancelled", "cancelled"),
        _ => ("deal.reopened", "open again"),
    };
    let detail = json!({ "old": { "stage": deal.stage.label() }, "new": { "stage": to.label() } });
    audit::db::record(&mut write, action, &path, detail).await?;
    let toast = Toast::new(format!("Deal {} is {word}", deal.number));
    let toast = if to == Stage::Open { toast } else { toast.undo(format!("{path}/reopen")) };
    write.done_saying(&path, &toast).await
}
