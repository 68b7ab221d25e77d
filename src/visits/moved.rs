//! A planned visit gets another day, and one that was missed a new one.

use axum::{extract::State, response::Response};
use serde::Deserialize;
use serde_json::json;

use super::{
    db::{self, NewVisit},
    log, page_db, plan,
    undo::Planned,
    web::{self, Typed},
};
use crate::{
    App, audit,
    domain::{id::VisitId, visit},
    postgres::tx,
    web::{
        auth::{Allowed, RecordSales},
        error::Error,
        form::{Errors, Form, Path},
        format, once,
        page::Page,
        toast::Toast,
    },
};

/// The new day as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct MoveForm {
    day: String,
}

/// Moves a visit that has not taken place to another day, on which it is planned.
pub async fn create(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    page: Page,
    Path(id): Path<VisitId>,
    Form { once, fields, .. }: Form<MoveForm>,
) -> Result<Response, Error> {
    let mut errors = Errors::new();
    let day = errors.date("day", &fields.day, "The new day");
    if let Some(day) = day.filter(|day| *day < me.today) {
        let (shown, today) = (format::date(day), format::date(me.today));
        errors.add("day", format!("{shown} is over: today is {today}. Use today or a later day."));
    }
    let mut write = once::begin(&app, &me, once).await?;
    let visit = page_db::find(&mut write, &me.scope, &me.company, id).await?.ok_or(Error::NotFound)?;
    if visit.state == visit::State::Done {
        return Err(Error::Conflict("This visit is done. What is done stays on its day; it can be corrected."));
    }
    if !me.scope.sees(visit.rep_id) {
        return Err(plan::NOT_YOURS);
    }
    let (Some(day), true) = (day, errors.is_empty()) else {
        drop(write);
        let mut read = tx::read(&app.db, me.scope.org).await?;
        return web::draw(&mut read, &me, page, id, Typed { day: fields.day, ..Typed::default() }, errors).await;
    };
    let new = NewVisit { visited_on: day, state: visit::State::Planned, ..log::as_new(&visit) };
    if !db::update(&mut write, id, visit.version, &new).await? {
        return Err(log::CHANGED);
    }
    let detail = json!({
        "old": log::facts_of(&visit),
        "new": log::facts(&new, &visit.customer, &visit.with_names),
        "planned": Planned::of(&visit),
    });
    audit::db::record(&mut write, "visit.moved", &format!("/visits/{id}"), detail).await?;
    let toast = Toast::new(format!("Visit to {} moved to {}", visit.customer, format::date(day)));
    let toast = toast.undo(format!("/visits/{id}/undo"));
    write.done_saying(&format!("/visits/plan?day={day}"), &toast).await
}
