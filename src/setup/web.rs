//! The set-up page: the company and its first administrator, once, for whoever can read the log.

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use serde_json::json;

use crate::{
    App, audit,
    domain::{
        access::Role,
        id::{OrgId, UserId},
        money::Currency,
    },
    organizations::{self, db::NewOrganization},
    postgres::tx::{self, Tx},
    sign_in::{
        self,
        door::{self, Proved},
        passwords,
    },
    users::{self, db::Details},
    web::{
        client::ClientAddress,
        error::Error,
        form::{Errors, Form, Query},
        page::answer,
        routes::Routes,
        toast::{self, Toast},
        ui::Choice,
    },
};

/// `/setup`.
pub fn routes() -> Routes {
    Routes::new().get("/setup", show).post("/setup", set_up)
}

#[derive(Template)]
#[template(path = "setup/index.html")]
struct SetupPage {
    form: SetupForm,
    time_zones: Vec<Choice>,
    errors: Errors,
}

/// What is shown to whoever comes without the token.
#[derive(Template)]
#[template(path = "setup/closed.html")]
struct ClosedPage;

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct SetupForm {
    token: String,
    company: String,
    currency: String,
    time_zone: String,
    name: String,
    email: String,
    new_password: String,
    repeat_password: String,
}

#[derive(Deserialize)]
struct SetupQuery {
    #[serde(default)]
    token: String,
}

async fn show(State(app): State<App>, Query(query): Query<SetupQuery>) -> Result<Response, Error> {
    if let Some(response) = closed(&app, &query.token).await? {
        return Ok(response);
    }
    let form = SetupForm {
        token: query.token,
        currency: "EUR".to_owned(),
        time_zone: "UTC".to_owned(),
        ..SetupForm::default()
    };
    draw(&app, form, Errors::new()).await
}

/// The answer to whoever may not set the program up: it was done, or the token is wrong.
async fn closed(app: &App, token: &str) -> Result<Option<Response>, Error> {
    if app.setup.is_done(&app.db).await? {
        return Err(Error::NotFound);
    }
    if app.setup.admits(token) {
        return Ok(None);
    }
    answer(StatusCode::FORBIDDEN, ClosedPage).map(Some)
}

async fn draw(app: &App, form: SetupForm, errors: Errors) -> Result<Response, Error> {
    let time_zones = organizations::db::time_zones(&app.db).await?;
    let time_zones = time_zones.into_iter().map(|zone| Choice::new(&zone, zone.replace('_', " "))).collect();
    answer(errors.status(), SetupPage { form, time_zones, errors })
}

/// The company and its administrator, as read from the form.
struct NewCompany {
    organization: NewOrganization,
    admin: Details,
    email: String,
    password: String,
}

impl SetupForm {
    async fn parse(&self, app: &App, errors: &mut Errors) -> Result<Option<NewCompany>, Error> {
        let company = errors.text("company", &self.company, "Company", 120);
        let currency = Currency::parse(&self.currency);
        if let Err(e) = &currency {
            errors.add("currency", format!("{e}."));
        }
        let time_zone = organizations::db::time_zone(&app.db, self.time_zone.trim()).await?;
        if time_zone.is_none() {
            errors.add("time_zone", "Choose a time zone of the list.");
        }
        let name = errors.text("name", &self.name, "Your name", 200);
        let email = errors.email("email", &self.email);
        let about = [company.as_str(), &name, &email];
        errors.extend(passwords::check_new(app, &self.new_password, &self.repeat_password, &about).await?);
        let (true, Ok(currency), Some(time_zone)) = (errors.is_empty(), currency, time_zone) else { return Ok(None) };
        Ok(Some(NewCompany {
            organization: NewOrganization { name: company, currency, time_zone },
            admin: Details { name, email: Some(email.clone()), ..Details::default() },
            email,
            password: self.new_password.clone(),
        }))
    }
}

async fn set_up(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    Form { fields, .. }: Form<SetupForm>,
) -> Result<Response, Error> {
    if let Some(response) = closed(&app, &fields.token).await? {
        return Ok(response);
    }
    let mut errors = Errors::new();
    let Some(new) = fields.parse(&app, &mut errors).await? else {
        return draw(&app, fields, errors).await;
    };
    let hash = passwords::hash(&app, new.password.clone()).await?;
    let mut tx = tx::write_as_owner(&app.db, OrgId(0), app.clock.now()).await?;
    organizations::db::lock_out_others(&mut tx).await?;
    if organizations::db::any_exists(&mut *tx).await? {
        return Err(Error::NotFound);
    }
    let admin = create(&mut tx, &new, &hash).await?;
    let org = tx.org;
    tx.commit().await?;
    let who = Proved { org, user: admin, password_hash: &hash };
    let inside = door::admit(&app, who, address, &headers, "/first-steps").await?;
    let response = inside.unwrap_or_else(|| Redirect::to("/sign-in").into_response());
    let words = format!("{} is set up. These are its first steps.", new.organization.name);
    Ok(toast::with(response, &Toast::new(words)))
}

async fn create(tx: &mut Tx, new: &NewCompany, password_hash: &str) -> sqlx::Result<UserId> {
    organizations::db::create(tx, &new.organization).await?;
    let admin = users::db::insert(tx, &new.admin).await?;
    tx.actor = Some(admin);
    users::db::set_roles(tx, admin, &[Role::Admin]).await?;
    sign_in::db::set_password(tx, admin, &new.email, password_hash).await?;
    let detail = json!({ "company": new.organization.name, "administrator": admin });
    audit::db::record(tx, "organization.created", "/users", detail).await?;
    Ok(admin)
}
