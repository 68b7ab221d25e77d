//! The door: whoever has given the right password comes in, or owes a code first. There is no other way to a session.

use std::net::IpAddr;

use axum::{
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use time::Duration;

use super::{
    db,
    second_factor::Used,
    session,
    unfinished_db::{self, Unfinished},
};
use crate::{
    App,
    domain::id::{OrgId, UserId},
    figures::SignIn,
    web::{
        auth::{self, UNFINISHED},
        error::Error,
        format,
        toast::{self, Toast},
    },
};

/// Where the code is asked for.
pub const CODE: &str = "/sign-in/code";
/// So long the code may take.
const PATIENCE: Duration = Duration::minutes(10);

/// Lets somebody in who has given the right password, and leads to `to`; where a second factor is on, to the code.
pub async fn admit(
    app: &App,
    org: OrgId,
    user: UserId,
    from: IpAddr,
    headers: &HeaderMap,
    to: &str,
) -> Result<Response, Error> {
    if !db::has_second_factor(&app.db, org, user).await? {
        let token = session::begin(app, org, user, from, headers).await?;
        app.figures.signed_in(SignIn::Done);
        return Ok(session::give(app, Redirect::to(to).into_response(), &token));
    }
    if let Some(old) = auth::token_hash(app, headers, UNFINISHED) {
        unfinished_db::end(&app.db, &old).await?;
    }
    let now = app.clock.now();
    let (token, token_hash) = auth::new_token();
    unfinished_db::insert(&app.db, &token_hash, Unfinished { org, user }, now, now + PATIENCE).await?;
    let query = serde_html_form::to_string([("next", to)]).unwrap_or_default();
    let response = Redirect::to(&format!("{CODE}?{query}")).into_response();
    Ok(session::carry(response, &auth::cookie(app, UNFINISHED, &token)))
}

/// Who owes a code in this browser.
pub async fn who_owes(app: &App, headers: &HeaderMap) -> Result<Option<Unfinished>, Error> {
    let Some(hash) = auth::token_hash(app, headers, UNFINISHED) else { return Ok(None) };
    Ok(unfinished_db::find(&app.db, &hash, app.clock.now()).await?)
}

/// Lets somebody in who has given the code too. Nothing: another request was faster.
pub async fn finish(
    app: &App,
    who: Unfinished,
    used: Used,
    from: IpAddr,
    headers: &HeaderMap,
    to: &str,
) -> Result<Option<Response>, Error> {
    let Some(hash) = auth::token_hash(app, headers, UNFINISHED) else { return Ok(None) };
    if !unfinished_db::end(&app.db, &hash).await? {
        return Ok(None);
    }
    let token = session::begin(app, who.org, who.user, from, headers).await?;
    app.figures.signed_in(SignIn::Done);
    let response = session::give(app, Redirect::to(to).into_response(), &token);
    let response = session::carry(response, &auth::cookie(app, UNFINISHED, ""));
    Ok(Some(match used {
        Used::App => response,
        Used::Recovery { left } => {
            let left = format::counted(left, "recovery code is", "recovery codes are");
            toast::with(response, &Toast::new(format!("That code is used up. {left} left: see your profile.")))
        }
    }))
}
