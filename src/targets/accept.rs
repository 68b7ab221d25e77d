//! `/targets/2026-11/acceptance`: a rep says yes to the own targets as they stand.

use axum::{extract::State, response::Response};
use serde::Deserialize;
use serde_json::json;

use super::accept_db;
use crate::{
    App, audit,
    domain::{access::Role, id::TargetId},
    web::{
        auth::{Allowed, ReadSales},
        error::Error,
        form::{Form, Path},
        format, once, periods,
        toast::Toast,
    },
};

/// Up to which change: what the page showed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct AcceptForm {
    last: String,
}

/// `POST /targets/2026-11/acceptance`.
pub async fn accept(
    State(app): State<App>,
    me: Allowed<ReadSales>,
    Path(word): Path<String>,
    Form { once, fields, .. }: Form<AcceptForm>,
) -> Result<Response, Error> {
    if !me.is(Role::Rep) {
        return Err(Error::Forbidden);
    }
    let period = periods::parse(&word, &me)?;
    let incomplete = Error::BadRequest("The form is incomplete. Open the page again.");
    let last: TargetId = fields.last.parse().map_err(|_| incomplete)?;
    let mut write = once::begin(&app, &me, once).await?;
    let standing = accept_db::standing(&mut write, me.scope.org, me.id, period).await?.ok_or(Error::NotFound)?;
    if standing.last != last {
        return Err(Error::Conflict("Your targets were changed meanwhile. Open my month again and look at them."));
    }
    let here = format!("/my-month?period={period}");
    if !standing.is_open() {
        return write.done(&here).await;
    }
    accept_db::accept(&mut write, me.id, period, last).await?;
    audit::db::record(&mut write, "target.accepted", &format!("/targets/{period}"), json!({ "target": last })).await?;
    write.done_saying(&here, &Toast::new(format!("Targets for {} accepted", format::period(period)))).await
}
