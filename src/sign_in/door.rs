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

/// Whose password was right, or was just chosen.
#[derive(Clone, Copy, Debug)]
pub struct Proved<'a> {
    /// The organization.
    pub org: OrgId,
    /// The person.
    pub user: UserId,
    /// The hash that the password was compared with.
    pub password_hash: &'a str,
}

/// Lets somebody in who has given the right password, and leads to `to`; where a second factor is on, to the code. Nothing:
/// there is another password by now.
pub async fn admit(
    app: &App,
    who: Proved<'_>,
    from: IpAddr,
    headers: &HeaderMap,
    to: &str,
) -> Result<Option<Response>, Error> {
    let Proved { org, user, password_hash } = who;
    let mut tx = app.db.begin().await?;
    if db::hold(&mut *tx, org, user).await?.is_none_or(|hash| hash != password_hash) {
        return Ok(None);
    }
    if !db::has_second_factor(&mut *tx, org, user).await? {
        let begun = session::begin(app, &mut tx, org, user, from, headers).await?;
        tx.commit().await?;
        app.figures.signed_in(SignIn::Done);
        return Ok(Some(begun.give(app, Redirect::to(to).into_response())));
    }
    if let Some(old) = auth::token_hash(app, headers, UNFINISHED) {
        unfinished_db::end(&mut *tx, &old).await?;
    }
    let now = app.clock.now();
    let (token, token_hash) = auth::new_token();
    unfinished_db::insert(&mut tx, &token_hash, Unfinished { org, user }, now, now + PATIENCE).await?;
    tx.commit().await?;
    let query = serde_html_form::to_string([("next", to)]).unwrap_or_default();
    let response = Redirect::to(&format!("{CODE}?{query}")).into_response();
    Ok(Some(session::carry(response, &auth::cookie(app, UNFINISHED, &token))))
}

/// Who owes a code in this browser.
pub async fn who_owes(app: &App, headers: &HeaderMap) -> Result<Option<Unfinished>, Error> {
    let Some(hash) = auth::token_hash(app, headers, UNFINISHED) else { return Ok(None) };
    Ok(unfinished_db::find(&app.db, &hash, app.clock.now()).await?)
}

/// Lets somebody in who has given the code too. Nothing: another request was faster, or there is another password by now.
pub async fn finish(
    app: &App,
    who: Unfinished,
    used: Used,
    from: IpAddr,
    headers: &HeaderMap,
    to: &str,
) -> Result<Option<Response>, Error> {
    let Some(hash) = auth::token_hash(app, headers, UNFINISHED) else { return Ok(None) };
    let mut tx = app.db.begin().await?;
    db::hold(&mut *tx, who.org, who.user).await?;
    if !unfinished_db::end(&mut *tx, &hash).await? {
        return Ok(None);
    }
    let begun = session::begin(app, &mut tx, who.org, who.user, from, headers).await?;
    tx.commit().await?;
    app.figures.signed_in(SignIn::Done);
    let response = begun.give(app, Redirect::to(to).into_response());
    let response = session::carry(response, &auth::cookie(app, UNFINISHED, ""));
    Ok(Some(match used {
        Used::App => response,
        Used::Recovery { left } => {
            let left = format::counted(left, "recovery code is", "recovery codes are");
            toast::with(response, &Toast::new(format!("That code is used up. {left} left: see your profile.")))
        }
    }))
}
