//! The page behind an invitation's link: choose a password, once.

use askama::Template;
use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use serde_json::json;

use super::db::{self, Invitation};
use crate::{
    App, audit,
    postgres::{
        error::violates,
        sessions,
        tx::{self, Tx},
    },
    sign_in::{
        self,
        door::{self, Proved},
        passwords,
    },
    web::{
        auth,
        client::ClientAddress,
        error::Error,
        form::{Errors, Form, Path},
        page::{html, refused},
        routes::Routes,
        toast::{self, Toast},
    },
};

/// `/invitations/{token}`.
pub fn routes() -> Routes {
    Routes::new().get("/invitations/{token}", show).post("/invitations/{token}", accept)
}

const USED: Error = Error::Gone(
    "A link works once and for a short time. If you have just chosen your password, sign in with it; otherwise ask your administrator for a new link.",
);

#[derive(Template)]
#[template(path = "invitations/show.html")]
struct InvitationPage {
    invitation: Invitation,
    token: String,
    errors: Errors,
}

/// Only shows the form: programs that look at links in messages must not use it up.
async fn show(State(app): State<App>, Path(token): Path<String>) -> Result<Response, Error> {
    let invitation = find(&app, &token).await?;
    html(InvitationPage { invitation, token, errors: Errors::new() })
}

async fn find(app: &App, token: &str) -> Result<Invitation, Error> {
    db::find(&app.db, &auth::hash_token(token), app.clock.now()).await?.ok_or(USED)
}

#[derive(Deserialize)]
struct NewPasswordForm {
    #[serde(default)]
    new_password: String,
    #[serde(default)]
    repeat_password: String,
}

async fn accept(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    Path(token): Path<String>,
    Form { fields, .. }: Form<NewPasswordForm>,
) -> Result<Response, Error> {
    let invitation = find(&app, &token).await?;
    let about = [invitation.company.as_str(), &invitation.name, &invitation.email];
    let mut errors = passwords::check_new(&app, &fields.new_password, &fields.repeat_password, &about).await?;
    if errors.is_empty() {
        let hash = passwords::hash(&app, fields.new_password).await?;
        let mut tx = tx::write(&app.db, invitation.org, Some(invitation.user), app.clock).await?;
        match choose(&mut tx, &token, &invitation, &hash).await {
            Ok(()) => {
                tx.commit().await?;
                let who = Proved { org: invitation.org, user: invitation.user, password_hash: &hash };
                return welcome(&app, &invitation, who, address, &headers).await;
            }
            Err(Error::Database(e)) if violates(&e, "sign_ins_pkey") => {
                errors.add("email", "This address cannot be used here. Ask your administrator to enter another one.");
            }
            Err(error) => return Err(error),
        }
    }
    refused(InvitationPage { invitation, token, errors })
}

async fn choose(tx: &mut Tx, token: &str, invitation: &Invitation, password_hash: &str) -> Result<(), Error> {
    if !db::consume(tx, &auth::hash_token(token)).await? {
        return Err(USED);
    }
    sign_in::db::set_password(tx, invitation.user, &invitation.email, password_hash).await?;
    sessions::end_all(tx, invitation.user, None).await?;
    let action = if invitation.is_reset { "user.password_reset" } else { "user.invitation_accepted" };
    audit::db::record(tx, action, &format!("/users/{}", invitation.user), json!({})).await?;
    Ok(())
}

/// A first password comes in by the door, where a second factor may be asked for. A new one has to be given there, like any
/// other.
async fn welcome(
    app: &App,
    invitation: &Invitation,
    who: Proved<'_>,
    address: std::net::IpAddr,
    headers: &HeaderMap,
) -> Result<Response, Error> {
    if invitation.is_reset {
        let toast = Toast::new("Your new password is set. Sign in with it.");
        return Ok(toast::with(Redirect::to("/sign-in").into_response(), &toast));
    }
    let inside = door::admit(app, who, address, headers, "/").await?;
    let response = inside.unwrap_or_else(|| Redirect::to("/sign-in").into_response());
    Ok(toast::with(response, &Toast::new("Welcome. Your password is set.")))
}
