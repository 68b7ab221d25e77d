//! The pages of signing in and out, of the code after the password, and of giving the password again.

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{
    door::{self, Proved},
    proof, session,
    throttle::Guesser,
};
use crate::{
    App,
    figures::SignIn,
    postgres::sessions,
    web::{
        auth::{self, SESSION, Viewer},
        client::ClientAddress,
        error::Error,
        form::{Errors, Form, Query},
        page::{Page, html, refused},
        routes::Routes,
        step_up,
        toast::{self, Toast},
    },
};

/// One sentence for a wrong password, an unknown address, a person who may not sign in and too many failures: the
/// answer tells nobody which addresses exist.
const WRONG: &str =
    "E-mail or password is wrong. If you do not remember the password, ask your administrator for a link.";

/// One sentence for a wrong code, one that was used before, and too many failures.
const WRONG_CODE: &str =
    "This code is wrong or was used before. Wait for the next one, and check the clock of your phone.";

/// `/`, `/sign-in`, `/sign-in/code`, `/sign-out`, `/confirm-password`.
pub fn routes() -> Routes {
    Routes::new()
        .get("/", home)
        .get("/sign-in", show)
        .post("/sign-in", sign_in)
        .get(door::CODE, show_code)
        .post(door::CODE, give_code)
        .post("/sign-out", sign_out)
        .post_large(step_up::PATH, step_up::MOST_HELD_BACK, confirm_password)
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
    Form { fields: SignInForm { email: typed, password, next }, .. }: Form<SignInForm>,
) -> Result<Response, Error> {
    let mut errors = Errors::new();
    let email = errors.text("email", &typed, "E-mail", 254).to_lowercase();
    if password.is_empty() {
        errors.add("password", "Password is missing.");
    }
    if errors.is_empty() {
        let from = Guesser::outside(&app, address, &headers);
        let proved = proof::by_password(&app, from, &email, password).await;
        if let Some(who) = counted(&app, proved, SignIn::WrongPassword)? {
            let to = auth::local_path(&next).unwrap_or("/");
            let who = Proved { org: who.org, user: who.user, password_hash: &who.password_hash };
            if let Some(inside) = door::admit(&app, who, address, &headers, to).await? {
                return Ok(inside);
            }
        }
        errors.add("email", WRONG);
    }
    refused(SignInPage { page, email: typed, next, errors })
}

/// Counts a try that failed; whoever comes in is counted at the door.
fn counted<T>(app: &App, proved: Result<Option<T>, Error>, wrong: SignIn) -> Result<Option<T>, Error> {
    match &proved {
        Ok(None) => app.figures.signed_in(wrong),
        Err(Error::TooMany(_)) => app.figures.signed_in(SignIn::Throttled),
        Ok(Some(_)) | Err(_) => {}
    }
    proved
}

#[derive(Template)]
#[template(path = "sign_in/code.html")]
struct CodePage {
    page: Page,
    next: String,
    errors: Errors,
}

async fn show_code(
    State(app): State<App>,
    headers: HeaderMap,
    page: Page,
    Query(query): Query<SignInQuery>,
) -> Result<Response, Error> {
    if door::who_owes(&app, &headers).await?.is_none() {
        return Ok(begin_again());
    }
    html(CodePage { page, next: query.next, errors: Errors::new() })
}

/// Nobody owes a code in this browser, or no longer.
fn begin_again() -> Response {
    let toast = Toast::new("Give your password once more: the code waits for ten minutes only.");
    toast::with(Redirect::to("/sign-in").into_response(), &toast)
}

#[derive(Deserialize)]
struct CodeForm {
    #[serde(default)]
    code: String,
    #[serde(default)]
    next: String,
}

async fn give_code(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    page: Page,
    Form { fields: CodeForm { code, next }, .. }: Form<CodeForm>,
) -> Result<Response, Error> {
    let Some(who) = door::who_owes(&app, &headers).await? else { return Ok(begin_again()) };
    let mut errors = Errors::new();
    let from = Guesser::outside(&app, address, &headers);
    if code.trim().is_empty() {
        errors.add("code", "Code is missing.");
    } else if let Some(used) =
        counted(&app, proof::by_code(&app, from, who.org, who.user, &code).await, SignIn::WrongCode)?
    {
        let to = auth::local_path(&next).unwrap_or("/");
        let inside = door::finish(&app, who, used, address, &headers, to).await?;
        return Ok(inside.unwrap_or_else(begin_again));
    } else {
        errors.add("code", WRONG_CODE);
    }
    refused(CodePage { page, next, errors })
}

/// Asks for no form key: signing out twice is signing out.
async fn sign_out(State(app): State<App>, headers: HeaderMap) -> Result<Response, Error> {
    if let Some(hash) = auth::token_hash(&app, &headers, SESSION) {
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
    code: String,
    #[serde(default)]
    then: String,
}

/// The password was asked for again, and a code where there is a second factor: gives the session a new token and lets the
/// browser send the held-back form.
async fn confirm_password(
    State(app): State<App>,
    me: Viewer,
    page: Page,
    Form { fields: ConfirmForm { password, code, then }, typed, .. }: Form<ConfirmForm>,
) -> Result<Response, Error> {
    let then = auth::local_path(&then).ok_or(Error::BadRequest("The form is incomplete. Open the page again."))?;
    let mut errors = Errors::new();
    if password.is_empty() {
        errors.add("password", "Password is missing.");
    }
    if me.second_factor && code.trim().is_empty() {
        errors.add("code", "Code is missing.");
    }
    if errors.is_empty() && !proof::is_mine(&app, &me, password, &code).await? {
        errors.add("password", proof::not_mine(&me));
    }
    if !errors.is_empty() {
        return step_up::ask(&me, page, then, &typed, errors);
    }
    let token = session::renew(&app, &me).await?;
    // 307: the browser sends the same form again, there.
    Ok(session::give(&app, Redirect::temporary(then).into_response(), &token))
}
