//! Sessions: begun at the door with a token for the browser, renewed when the password was given again.

use std::net::IpAddr;

use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use axum_extra::extract::cookie::Cookie;
use sqlx::PgConnection;
use time::Duration;

use super::browsers_db;
use crate::{
    App,
    domain::id::{OrgId, UserId},
    postgres::sessions::{self, NewSession},
    web::{
        auth::{self, BROWSER, SESSION, Viewer},
        error::Error,
    },
};

/// How long a replaced token is good for a request that is under way with it: a second click, another tab.
const GRACE: Duration = Duration::seconds(10);
/// A session that was not used for so long is over for everybody.
const FORGET_AFTER: Duration = Duration::days(7);

/// A browser that was not used to sign in for so long is a strange one again.
const KNOWN_FOR: Duration = Duration::days(180);
/// As long as a mark of ours is.
const MARK: usize = 43;

/// What the browser is given of a session that begins.
pub(super) struct Begun {
    token: String,
    mark: String,
}

impl Begun {
    /// Lets the answer carry it.
    pub(super) fn give(&self, app: &App, response: Response) -> Response {
        let mut mark = auth::cookie(app, BROWSER, &self.mark);
        mark.set_max_age(KNOWN_FOR);
        carry(give(app, response, &self.token), &mark)
    }
}

/// Begins a session, in place of the one that the browser may still have, and remembers the browser. The transaction holds
/// what the session follows from ([`super::db::hold`]).
pub(super) async fn begin(
    app: &App,
    tx: &mut PgConnection,
    org: OrgId,
    user: UserId,
    from: IpAddr,
    headers: &HeaderMap,
) -> Result<Begun, Error> {
    let now = app.clock.now();
    if let Some(old) = auth::token_hash(app, headers, SESSION) {
        sessions::end(&mut *tx, &old).await?;
    }
    sessions::forget_old(&mut *tx, org, user, now - FORGET_AFTER).await?;
    let (token, token_hash) = auth::new_token();
    let user_agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let user_agent: String = user_agent.chars().take(200).collect();
    let new = NewSession { token_hash: &token_hash, org, user, ip: &from.to_string(), user_agent: &user_agent };
    sessions::insert(&mut *tx, &new, now).await?;
    // Several people may use one browser: each of them is known in it by the same mark.
    let mark = auth::cookie_value(app, headers, BROWSER).filter(|mark| mark.len() == MARK);
    let mark = mark.unwrap_or_else(|| auth::new_token().0);
    browsers_db::remember(tx, org, user, &auth::hash_token(&mark), now, now - KNOWN_FOR).await?;
    tracing::info!(%org, %user, "signed in");
    Ok(Begun { token, mark })
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
