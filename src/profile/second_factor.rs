//! One's own second factor: turned on with a first code, turned off with password and code, and its recovery codes.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use crate::{
    App,
    postgres::{sessions, tx},
    sign_in::{
        self, proof,
        required::{NO_KEY, PATH},
        second_factor,
        second_factor_db::{self, Begun, Status},
        session,
        totp::Secret,
    },
    web::{
        auth::Viewer,
        error::Error,
        form::{Errors, Form, Nothing},
        once,
        page::{Page, answer, html},
        qr::Qr,
        routes::Routes,
        step_up,
        toast::{self, Toast},
    },
};

/// Where the secret is shown.
const NEW: &str = "/profile/second-factor/new";
/// Where new recovery codes are made.
const RECOVERY_CODES: &str = "/profile/second-factor/recovery-codes";

/// `/profile/second-factor` and below.
pub fn routes() -> Routes {
    Routes::new()
        .get(PATH, show)
        .post(PATH, begin)
        .get(NEW, show_secret)
        .post(NEW, confirm)
        .post(RECOVERY_CODES, make_recovery_codes)
        .post("/profile/second-factor/off", turn_off)
}

#[derive(Template)]
#[template(path = "profile/second_factor.html")]
struct FactorPage {
    page: Page,
    /// None: it is off.
    status: Option<Status>,
    /// The company, where it wants the person to have one.
    required_by: Option<String>,
    /// Whether secrets can be stored.
    has_key: bool,
    errors: Errors,
}

async fn show(State(app): State<App>, me: Viewer, page: Page) -> Result<Response, Error> {
    draw(&app, &me, page, Errors::new()).await
}

async fn draw(app: &App, me: &Viewer, page: Page, errors: Errors) -> Result<Response, Error> {
    // With what somebody signs in is nobody else's business.
    if me.behind.is_some() {
        return Ok(Redirect::to("/profile").into_response());
    }
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let status = second_factor_db::status(&mut read, me.scope.org, me.id).await?;
    let required_by = me.needs_second_factor().then(|| me.company.name.clone());
    answer(errors.status(), FactorPage { page, status, required_by, has_key: app.key.is_some(), errors })
}

/// Makes a secret, which counts for nothing until a code of it has come.
async fn begin(
    State(app): State<App>,
    me: Viewer,
    page: Page,
    Form { once, typed, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let Some(key) = &app.key else { return Err(Error::Conflict(NO_KEY)) };
    if let Some(response) = step_up::required(&me, &page, PATH, &typed) {
        return response;
    }
    let mut write = once::begin(&app, &me, once).await?;
    if !second_factor_db::begin(&mut write, key, me.id, &Secret::random()).await? {
        return Err(Error::Conflict("Your second factor is on already. Turn it off first to set up another phone."));
    }
    write.done(NEW).await
}

#[derive(Template)]
#[template(path = "profile/second_factor_new.html")]
struct SecretPage {
    page: Page,
    /// The secret in groups of four.
    groups: String,
    /// The secret as an app takes it from a link.
    address: String,
    qr: Option<Qr>,
    errors: Errors,
}

/// The secret, for whoever has just given the password: another one has found an open browser.
async fn show_secret(State(app): State<App>, me: Viewer, page: Page) -> Result<Response, Error> {
    match begun(&app, &me).await?.filter(|_| me.is_fresh() && me.behind.is_none()) {
        Some(begun) => draw_secret(&app, &me, page, &begun.secret, Errors::new()).await,
        None => Ok(Redirect::to(PATH).into_response()),
    }
}

async fn begun(app: &App, me: &Viewer) -> Result<Option<Begun>, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    Ok(second_factor_db::begun(&mut read, app.key.as_deref(), me.scope.org, me.id, me.now).await?)
}

async fn draw_secret(app: &App, me: &Viewer, page: Page, secret: &Secret, errors: Errors) -> Result<Response, Error> {
    let mine = sign_in::db::of_user(&app.db, me.scope.org, me.id, me.now).await?;
    let address = secret.address(mine.as_ref().map_or(&me.name, |mine| &mine.email));
    let letters: Vec<char> = secret.text().chars().collect();
    let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
    let qr = Qr::new(&address, "QR code of the secret that stands below");
    answer(errors.status(), SecretPage { page, groups: groups.join(" "), address, qr, errors })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CodeForm {
    password: String,
    code: String,
}

#[derive(Template)]
#[template(path = "profile/recovery_codes.html")]
struct CodesPage {
    page: Page,
    codes: Vec<String>,
}

impl CodesPage {
    /// As they are copied: one a line.
    fn lines(&self) -> String {
        self.codes.join("\n")
    }
}

/// The first code: from now on one is asked for. It takes no receipt, because the answer is the recovery codes, which are
/// shown once: a second click finds the second factor on, with a button for new codes.
async fn confirm(
    State(app): State<App>,
    me: Viewer,
    page: Page,
    Form { fields, .. }: Form<CodeForm>,
) -> Result<Response, Error> {
    let Some(begun) = begun(&app, &me).await? else { return Ok(Redirect::to(PATH).into_response()) };
    let mut write = tx::write(&app.db, me.scope.org, Some(me.id), app.clock).await?;
    let Some(codes) = second_factor::confirm(&mut write, me.id, &begun, &fields.code).await? else {
        drop(write);
        let mut errors = Errors::new();
        errors.add(
            "code",
            "This is not the code of the secret above. Wait for the next one, and check the clock of the phone.",
        );
        return draw_secret(&app, &me, page, &begun.secret, errors).await;
    };
    // Whoever came in elsewhere came with the password alone.
    sessions::end_all(&mut write, me.id, Some(&me.session)).await?;
    write.commit().await?;
    let token = session::renew(&app, &me).await?;
    Ok(session::give(&app, html(CodesPage { page, codes })?, &token))
}

/// New recovery codes, shown once: a second click makes others, and the page shows those.
async fn make_recovery_codes(
    State(app): State<App>,
    me: Viewer,
    page: Page,
    Form { typed, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    if let Some(response) = step_up::required(&me, &page, RECOVERY_CODES, &typed) {
        return response;
    }
    let mut write = tx::write(&app.db, me.scope.org, Some(me.id), app.clock).await?;
    let Some(codes) = second_factor::new_recovery_codes(&mut write, me.id).await? else {
        return Ok(Redirect::to(PATH).into_response());
    };
    write.commit().await?;
    html(CodesPage { page, codes })
}

async fn turn_off(
    State(app): State<App>,
    me: Viewer,
    page: Page,
    Form { once, fields, .. }: Form<CodeForm>,
) -> Result<Response, Error> {
    if !me.second_factor {
        return Ok(Redirect::to(PATH).into_response());
    }
    let mut errors = Errors::new();
    if fields.password.is_empty() {
        errors.add("password", "Password is missing.");
    }
    if fields.code.trim().is_empty() {
        errors.add("code", "Code is missing.");
    }
    if errors.is_empty() && !proof::is_mine(&app, &me, fields.password, &fields.code).await? {
        errors.add("password", proof::not_mine(&me));
    }
    if !errors.is_empty() {
        return draw(&app, &me, page, errors).await;
    }
    let mut write = once::begin(&app, &me, once).await?;
    second_factor::turn_off(&mut write, me.id).await?;
    sessions::end_all(&mut write, me.id, Some(&me.session)).await?;
    let response = write.done(PATH).await?;
    let token = session::renew(&app, &me).await?;
    let toast = Toast::new("Your second factor is off, and you are signed out everywhere else");
    Ok(toast::with(session::give(&app, response, &token), &toast))
}
