//! Viewing as another person: an administrator sees what the person sees, and changes nothing.

use axum::{
    extract::{Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use serde_json::json;
use time::Duration;

use super::db;
use crate::{
    App, audit,
    domain::id::UserId,
    postgres::{
        sessions::{self, Behind},
        tx,
    },
    web::{
        auth::{Allowed, ManagePeople, Viewer},
        error::Error,
        form::{Form, Nothing, Path},
        once,
        page::Page,
        routes::Routes,
        step_up,
        toast::{self, Toast},
    },
};

/// Where looking begins and ends.
pub fn routes() -> Routes {
    Routes::new().post("/users/{id}/viewing", begin).post(END, end)
}

const END: &str = "/viewing/end";
/// So long it lasts at most.
const LONGEST: Duration = Duration::minutes(30);

/// Lets an administrator look as somebody else of the company.
async fn begin(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    page: Page,
    Path(id): Path<UserId>,
    Form { once, typed, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let person = db::find(&mut read, &me.scope, id, me.now).await?.ok_or(Error::NotFound)?;
    drop(read);
    if id == me.id || !person.may_sign_in() {
        return Err(Error::Conflict("You can view as somebody else who may sign in. Open the page of such a person."));
    }
    if let Some(response) = step_up::required(&me, &page, &format!("/users/{id}/viewing"), &typed) {
        return response;
    }
    let mut write = once::begin(&app, &me, once).await?;
    let session = me.session;
    sessions::view_as(&mut write, &session, id).await?;
    audit::db::record(&mut write, "user.viewing_started", &format!("/users/{id}"), json!({})).await?;
    write.done("/").await
}

/// Ends it, and leads back to the page of the person. Twice is once, also where the form was drawn for the person viewed.
async fn end(State(app): State<App>, me: Viewer, _: Result<Form<Nothing>, Error>) -> Result<Response, Error> {
    let Some(behind) = &me.behind else { return Ok(Redirect::to("/").into_response()) };
    stop(&app, &me, behind).await?;
    Ok(led_back(&me))
}

/// The session is its owner's again, who is named by the audit.
async fn stop(app: &App, me: &Viewer, behind: &Behind) -> Result<(), Error> {
    let mut tx = tx::write(&app.db, me.scope.org, Some(behind.id), app.clock).await?;
    if sessions::end_viewing(&mut tx, &me.session).await? {
        audit::db::record(&mut tx, "user.viewing_ended", &format!("/users/{}", me.id), json!({})).await?;
        tx.commit().await?;
    }
    Ok(())
}

fn led_back(me: &Viewer) -> Response {
    let to = Redirect::to(&format!("/users/{}", me.id)).into_response();
    toast::with(to, &Toast::new(format!("You no longer view as {}", me.name)))
}

/// Middleware: nothing but the end of viewing and of the session is taken while somebody views as another person, and
/// the viewing ends after half an hour. A form that comes later than that is refused too, and so is one that comes after the
/// viewing has ended in another tab ([`crate::web::form`]): it was drawn for the other person, and must not take effect as
/// the administrator's.
pub async fn read_only(State(app): State<App>, request: Request, next: Next) -> Result<Response, Error> {
    let viewing = request.extensions().get::<Viewer>().and_then(|me| Some((me.clone(), me.behind.clone()?)));
    let Some((me, behind)) = viewing else { return Ok(next.run(request).await) };
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    match request.uri().path() {
        _ if reads && me.now - behind.since >= LONGEST => {
            stop(&app, &me, &behind).await?;
            Ok(led_back(&me))
        }
        "/sign-out" => {
            stop(&app, &me, &behind).await?;
            Ok(next.run(request).await)
        }
        path if !reads && path != END => Err(Error::Viewing),
        _ => Ok(next.run(request).await),
    }
}
