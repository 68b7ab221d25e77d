//! A logged visit that did not take place: it counts for nothing, and its history says why.

use axum::{extract::State, response::Response};
use serde::Deserialize;
use serde_json::json;

use super::{
    db::{self, NewVisit},
    log, page_db, plan,
    web::{self, Typed},
};
use crate::{
    App, audit,
    domain::{
        id::VisitId,
        visit::{Outcome, State as Standing},
    },
    postgres::tx,
    web::{
        auth::{Allowed, RecordSales},
        error::Error,
        form::{Errors, Form, Path},
        once,
        page::Page,
        toast::Toast,
    },
};

/// Why, as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct VoidForm {
    reason: String,
}

/// Says of a done visit, of whichever day, that it did not take place. In a locked period it stays.
pub async fn create(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    page: Page,
    Path(id): Path<VisitId>,
    Form { once, fields, .. }: Form<VoidForm>,
) -> Result<Response, Error> {
    let mut errors = Errors::new();
    let reason = errors.text("reason", &fields.reason, "The reason", 500);
    let mut write = once::begin(&app, &me, once).await?;
    let visit = page_db::find(&mut write, &me.scope, &me.company, id).await?.ok_or(Error::NotFound)?;
    if visit.state != Standing::Done {
        return Err(Error::Conflict("This visit is not logged as done: there is nothing to take back."));
    }
    if !me.scope.sees(visit.rep_id) {
        return Err(plan::NOT_YOURS);
    }
    if visit.locked {
        return Err(Error::Conflict("Its period is locked: the visit stays. Correct it, and say why."));
    }
    if !errors.is_empty() {
        drop(write);
        let mut read = tx::read(&app.db, me.scope.org).await?;
        return web::draw(&mut read, &me, page, id, Typed { reason: fields.reason, ..Typed::default() }, errors).await;
    }
    if !db::void(&mut write, id, visit.version).await? {
        return Err(log::CHANGED);
    }
    let new = NewVisit { state: Standing::Missed, outcome: None, ..log::as_new(&visit) };
    let detail = json!({
        "old": log::facts_of(&visit),
        "new": log::facts(&new, &visit.customer, &visit.with_names),
        "reason": reason,
        "outcome": visit.outcome.map(Outcome::as_str),
    });
    let path = format!("/visits/{id}");
    audit::db::record(&mut write, "visit.voided", &path, detail).await?;
    let words = format!("Visit to {}: it did not take place and counts for nothing", visit.customer);
    write.done_saying(&path, &Toast::new(words).undo(format!("{path}/undo"))).await
}
