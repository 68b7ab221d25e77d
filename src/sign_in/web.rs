//! The pages of signing in and out, and of giving the password again.

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{proof, session};
use crate::{
    App,
    postgres::sessions,
    web::{
        auth::{self, Viewer},
        client::ClientAddress,
        error::Error,
        form::{Errors, Form, Query},
        page::{Page, html, refused},
        routes::Routes,
        step_up,
    },
};

/// One sentence for a wrong password, an unknown address, a person who may not sign in and too many failures: the
/// answer tells nobody which addresses exist.
const WRONG: &str =
    "E-mail or password is wrong. If you do not remember the password, ask your administrator for a link.";

/// `/`, `/sign-in`, `/sign-out`, `/confirm-password`.
pub fn routes() -> Routes {
    Routes::new()
        .get("/", home)
        .get("/sign-in", show)
        .post("/sign-in", sign_in)
        .post("/sign-out", sign_out)
        .post(step_up::PATH, confirm_password)
}

async fn home(me: Viewer) -> Redirect {
    Redirect::to(me.home())
}

#[derive(Template)]
#[template(path = "sign_in/index.html")]
struct SignInPage {
    page: Page,
    email: String,
    next: String,
    errors: Errors,
}

#[derive(Deserialize)]
struct SignInQuery {
    #[serde(default)]
    next: String,
}

async fn show(page: Page, me: Option<Viewer>, Query(query): Query<SignInQuery>) -> Result<Response, Error> {
    if me.is_some() {
        return Ok(Redirect::to("/").into_response());
    }
    html(SignInPage { page, email: String::new(), next: query.next, errors: Errors::new() })
}

#[derive(Deserialize)]
struct SignInForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

async fn sign_in(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    page: Page,
    Form { fields: SignInForm { email, password, next }, .. }: Form<SignInForm>,
) -> Result<Response, Error> {
    let mut errors = Errors::new();
    let email = errors.text("email", &email, "E-mail", 254).to_lowercase();
    if password.is_empty() {
        errors.add("password", "Password is missing.");
    }
    if errors.is_empty() {
        if let Some(who) = proof::by_password(&app, address, &email, password).await? {
            let token = session::begin(&app, who.org, who.user, address, &headers).await?;
            let to = auth::local_path(&next).unwrap_or("/");
            return Ok(session::give(&app, Redirect::to(to).into_response(), &token));
        }
        tracing::info!(%address, "refused a sign-in");
        errors.add("email", WRONG);
    }
    refused(SignInPage { page, email, next, errors })
}

/// Asks for no form key: signing out twice is signing out.
async fn sign_out(State(app): State<App>, headers: HeaderMap) -> Result<Response, Error> {
    if let Some(hash) = auth::token_hash(&app, &headers) {
        sessions::end(&app.db, &hash).await?;
    }
    let forget = [(HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"cache\""))];
    Ok(session::give(&app, (forget, Redirect::to("/sign-in")).into_response(), ""))
}

#[derive(Deserialize)]
struct ConfirmForm {
    #[serde(default)]
    password: String,
    #[serde(default)]
    then: String,
}

/// The password was asked for again: gives the session a new token and lets the browser send the held-back form.
async fn confirm_password(
    State(app): State<App>,
    me: Viewer,
    ClientAddress(address): ClientAddress,
    page: Page,
    Form { fields: ConfirmForm { password, then }, typed, .. }: Form<ConfirmForm>,
) -> Result<Response, Error> {
    let then = auth::local_path(&then).ok_or(Error::BadRequest("The form is incomplete. Open the page again."))?;
    if password.is_empty() {
        return step_up::ask(page, then, &typed, Some("Password is missing."));
    }
    if !proof::is_mine(&app, &me, address, password).await? {
        return step_up::ask(page, then, &typed, Some("This is not your password."));
    }
    let token = session::renew(&app, &me).await?;
    // 307: the browser sends the same form again, there.
    Ok(session::give(&app, Redirect::temporary(then).into_response(), &token))
}
