//! Sessions: begun at the door with a token for the browser, renewed when the password was given again.

use std::net::IpAddr;

use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use axum_extra::extract::cookie::Cookie;
use time::Duration;

use crate::{
    App,
    domain::id::{OrgId, UserId},
    postgres::sessions::{self, NewSession},
    web::{
        auth::{self, SESSION, Viewer},
        error::Error,
    },
};

/// How long a replaced token is good for a request that is under way with it: a second click, another tab.
const GRACE: Duration = Duration::seconds(10);
/// A session that was not used for so long is over for everybody.
const FORGET_AFTER: Duration = Duration::days(7);

/// Begins a session, in place of the one that the browser may still have, and returns its token.
pub(super) async fn begin(
    app: &App,
    org: OrgId,
    user: UserId,
    from: IpAddr,
    headers: &HeaderMap,
) -> Result<String, Error> {
    let now = app.clock.now();
    if let Some(old) = auth::token_hash(app, headers, SESSION) {
        sessions::end(&app.db, &old).await?;
    }
    sessions::forget_old(&app.db, org, user, now - FORGET_AFTER).await?;
    let (token, token_hash) = auth::new_token();
    let user_agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let user_agent: String = user_agent.chars().take(200).collect();
    let new = NewSession { token_hash: &token_hash, org, user, ip: &from.to_string(), user_agent: &user_agent };
    sessions::insert(&app.db, &new, now).await?;
    tracing::info!(%org, %user, "signed in");
    Ok(token)
}

/// Gives the viewer's session a new token, which counts as fresh: whoever has copied the old one has it no longer.
pub async fn renew(app: &App, me: &Viewer) -> Result<String, Error> {
    let (token, token_hash) = auth::new_token();
    sessions::rotate(&app.db, &me.session, &token_hash, me.now, me.now + GRACE).await?;
    Ok(token)
}

/// Lets the answer carry the token as a cookie; an empty one takes it away.
pub fn give(app: &App, response: Response, token: &str) -> Response {
    carry(response, &auth::cookie(app, SESSION, token))
}

/// Lets the answer carry a cookie.
pub(super) fn carry(mut response: Response, cookie: &Cookie<'_>) -> Response {
    if let Ok(cookie) = HeaderValue::from_str(&cookie.to_string()) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
