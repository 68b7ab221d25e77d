//! One's own page: who the program thinks one is, the password, and where one is signed in.

use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::json;

use crate::{
    App, audit,
    postgres::sessions::{self, Device},
    sign_in::{self, passwords, proof, session},
    web::{
        auth::Viewer,
        client::ClientAddress,
        error::Error,
        form::{Errors, Form, Nothing},
        once::{self, Begun},
        page::{Page, html},
        routes::Routes,
        toast::{self, Toast},
    },
};

/// `/profile` and below.
pub fn routes() -> Routes {
    Routes::new()
        .get("/profile", show)
        .post("/profile/password", change_password)
        .post("/profile/sign-out-elsewhere", sign_out_elsewhere)
}

#[derive(Template)]
#[template(path = "profile/show.html")]
struct ProfilePage {
    page: Page,
    me: Viewer,
    email: Option<String>,
    devices: Vec<Device>,
    errors: Errors,
}

async fn show(State(app): State<App>, me: Viewer, page: Page) -> Result<Response, Error> {
    draw(&app, me, page, Errors::new()).await
}

async fn draw(app: &App, me: Viewer, page: Page, errors: Errors) -> Result<Response, Error> {
    let email = sign_in::db::of_user(&app.db, me.scope.org, me.id).await?.map(|mine| mine.email);
    let zone = &me.company.time_zone;
    let devices = sessions::devices(&app.db, me.scope.org, me.id, &me.session, me.now, zone).await?;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok((status, html(ProfilePage { page, me, email, devices, errors })?).into_response())
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PasswordForm {
    current_password: String,
    new_password: String,
    repeat_password: String,
}

async fn change_password(
    State(app): State<App>,
    me: Viewer,
    ClientAddress(address): ClientAddress,
    page: Page,
    Form { once, fields, .. }: Form<PasswordForm>,
) -> Result<Response, Error> {
    let Some(mine) = sign_in::db::of_user(&app.db, me.scope.org, me.id).await? else { return Err(Error::NotFound) };
    let about = [me.company.name.as_str(), &me.name, &mine.email];
    let mut errors = passwords::check_new(&fields.new_password, &fields.repeat_password, &about);
    if errors.is_empty() && fields.current_password == fields.new_password {
        errors.add("new_password", "This is the password that you have now. Choose another one.");
    }
    if errors.is_empty() && !proof::is_mine(&app, &me, address, fields.current_password).await? {
        errors.add("current_password", "This is not your password.");
    }
    if !errors.is_empty() {
        return draw(&app, me, page, errors).await;
    }
    let hash = passwords::hash(&app, fields.new_password).await?;
    let response = match once::begin(&app, &me, once).await? {
        Begun::First(mut write) => {
            sign_in::db::set_password(&mut write, me.id, &mine.email, &hash).await?;
            sessions::end_all(&mut write, me.id, Some(&me.session)).await?;
            audit::db::record(&mut write, "user.password_changed", &format!("/users/{}", me.id), json!({})).await?;
            write.done("/profile").await?
        }
        Begun::Again(response) => response,
    };
    let token = session::renew(&app, &me).await?;
    let toast = Toast::new("Your password is changed, and you are signed out everywhere else");
    Ok(toast::with(session::give(&app, response, &token), &toast))
}

async fn sign_out_elsewhere(
    State(app): State<App>,
    me: Viewer,
    Form { once, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let mut write = match once::begin(&app, &me, once).await? {
        Begun::First(write) => write,
        Begun::Again(response) => return Ok(response),
    };
    sessions::end_all(&mut write, me.id, Some(&me.session)).await?;
    audit::db::record(&mut write, "user.signed_out_elsewhere", &format!("/users/{}", me.id), json!({})).await?;
    write.done_saying("/profile", &Toast::new("You are signed out everywhere else")).await
}
