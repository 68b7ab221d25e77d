//! Notices: what waits for the person and what happened to the person's own numbers, and how many of it are new.

use std::path::Path;

use askama::Template;
use axum::{
    extract::{Request, State},
    http::Method,
    middleware::Next,
    response::Response,
};
use serde::Deserialize;
use time::{OffsetDateTime, PrimitiveDateTime, format_description::well_known::Rfc3339};

use super::db::{self, Asker, Row};
use crate::{
    App, disputes,
    domain::{
        access::{Permission, Role},
        period::Period,
    },
    postgres::tx,
    sign_in::required::PATH as SECOND_FACTOR,
    web::{
        auth::Viewer,
        error::Error,
        form::Form,
        format, once,
        page::{Page, Unseen, Waiting, html},
        routes::Routes,
        toast::Toast,
    },
};

/// `/notices` and below.
pub fn routes() -> Routes {
    Routes::new().get("/notices", index).post("/notices/seen", seen)
}

/// How many notices the page lists.
const MOST: i64 = 200;
/// How far the bell counts.
const COUNTED: i64 = 100;

/// Middleware: counts what is new for the signed-in person, for the bell of the page that is asked for.
pub async fn count(State(app): State<App>, mut request: Request, next: Next) -> Result<Response, Error> {
    let is_file = Path::new(request.uri().path()).extension().is_some_and(|extension| extension == "csv");
    let is_page = request.method() == Method::GET && !is_file;
    if is_page && let Some(me) = request.extensions().get::<Viewer>() {
        let mut read = tx::read_alike(&app.db, me.scope.org).await?;
        let new = db::list(&mut read, &asker(me), true, COUNTED).await?.len();
        if me.may(Permission::PrepareCommission) {
            let waiting = disputes::db::waiting(&mut read, me.scope.org, me.id).await?;
            request.extensions_mut().insert(Waiting(waiting));
        }
        request.extensions_mut().insert(Unseen(new));
    }
    Ok(next.run(request).await)
}

fn asker(me: &Viewer) -> Asker<'_> {
    let scope_of = |permission| me.may(permission).then(|| me.scope_of(permission));
    Asker {
        org: me.scope.org,
        user: me.id,
        confirms: scope_of(Permission::ConfirmDeals),
        approves: scope_of(Permission::ApproveCommission),
        ends: scope_of(Permission::RecordSales).filter(|_| me.is(Role::Manager)),
        answers: me.may(Permission::PrepareCommission),
        today: me.today,
        now: me.now,
        time_zone: &me.company.time_zone,
    }
}

/// Something to know.
struct Notice {
    at: PrimitiveDateTime,
    is_new: bool,
    icon: &'static str,
    title: String,
    detail: String,
    href: String,
}

#[derive(Template)]
#[template(path = "notices/index.html")]
struct NoticesPage {
    page: Page,
    /// What waits for the person.
    waiting: Vec<Notice>,
    /// What happened to the person's own numbers.
    happened: Vec<Notice>,
    /// The instant of the page: what comes later stays new.
    until: String,
}

/// What waits for somebody; everything else has happened.
const WAITING: [&str; 7] = ["deal", "run", "ending", "dispute", "follow_up", "letter", "question"];

async fn index(State(app): State<App>, me: Viewer, page: Page) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let rows = db::list(&mut read, &asker(&me), false, MOST).await?;
    let (waiting, happened): (Vec<Row>, Vec<Row>) =
        rows.into_iter().partition(|row| WAITING.contains(&row.kind.as_str()));
    let told = |rows: Vec<Row>| rows.into_iter().map(|row| notice(row, &me)).collect();
    let until = me.now.format(&Rfc3339).unwrap_or_default();
    html(NoticesPage { page, waiting: told(waiting), happened: told(happened), until })
}

fn notice(row: Row, me: &Viewer) -> Notice {
    let name = row.name.unwrap_or_default();
    let period = match (row.period_kind, row.period_start) {
        (Some(kind), Some(start)) => Some(Period::containing(kind, start, me.company.fiscal_start)),
        _ => None,
    };
    let label = period.map_or_else(String::new, format::period);
    let (icon, title, detail, href) = match row.kind.as_str() {
        "deal" => {
            let net = row.net.map_or_else(String::new, |net| format::money(me.company.currency, net));
            let number = row.deal.unwrap_or_default();
            let of = row.owner.map_or_else(String::new, |owner| format!(" of {owner}"));
            let title = format!("Deal {number}{of} waits for confirmation");
            ("handshake", title, format!("{name}, {net}"), format!("/deals/{}", row.number))
        }
        "run" => {
            let title = format!("The run of {label} waits for your approval");
            ("badge-check", title, format!("Submitted by {name}"), format!("/commission-runs/{}", row.number))
        }
        "ending" => {
            let by = row.owner.unwrap_or_default();
            let customer = row.deal.unwrap_or_default();
            let title = format!("The end of {name} waits for your word");
            ("flag", title, format!("Proposed by {by}"), format!("/customers/{customer}/proposals/{}", row.number))
        }
        "confirmed" | "rejected" => {
            let by = row.owner.unwrap_or_default();
            let title = format!("The end of {name} was {}", row.kind);
            ("flag", title, format!("By {by}"), format!("/customers/{}", row.deal.unwrap_or_default()))
        }
        "dispute" | "dispute_of_rep" => {
            let by = row.owner.unwrap_or_default();
            let title = format!("{by} disputes {name}, {label}");
            let waits = if row.kind == "dispute" { "Waits for an answer" } else { "Waits for an answer of finance" };
            ("message-square", title, waits.to_owned(), format!("/disputes/{}", row.number))
        }
        "answer_written" | "answer_accepted" | "answer_refused" => {
            let by = row.owner.unwrap_or_default();
            let did = match row.kind.as_str() {
                "answer_accepted" => "accepted",
                "answer_refused" => "refused",
                _ => "answered",
            };
            let title = format!("{by} {did} your dispute about {name}, {label}");
            ("message-square", title, "Read what it says".to_owned(), format!("/disputes/{}", row.number))
        }
        "follow_up" => {
            let day = row.period_start.map_or_else(String::new, |day| format::short_date(day, me.today));
            let title = format!("Follow up with {name}");
            ("calendar", title, format!("Planned for {day}"), format!("/visits/{}", row.number))
        }
        "letter" => {
            let by = row.owner.unwrap_or_default();
            let from = row.period_start.map_or_else(String::new, |day| format!(" from {}", format::date(day)));
            let title = format!("Your plan{from} is ready to read: {name}");
            (
                "file-check",
                title,
                format!("Published by {by}. Read it and accept"),
                format!("/plan-letters/{}", row.number),
            )
        }
        "question" | "answer" => {
            let by = row.owner.unwrap_or_default();
            let did = if row.kind == "question" { "asks about" } else { "answered about" };
            let title = format!("{by} {did} the plan {name}");
            ("message-square", title, "Plan letter".to_owned(), format!("/plan-letters/{}#asked", row.number))
        }
        "second_factor" => {
            let by = if name.is_empty() { "on the server".to_owned() } else { format!("by {name}") };
            let title = format!("Your second factor was taken off {by}");
            (
                "lock",
                title,
                "You sign in with the password alone. Turn it on again".to_owned(),
                SECOND_FACTOR.to_owned(),
            )
        }
        "statement" => {
            let title = format!("Your statement for {label} is ready");
            ("receipt", title, "Approved".to_owned(), format!("/statements/{}", row.number))
        }
        _ => {
            let what = format::in_words(row.number, "change", "changes");
            let title = format!("Your targets for {label}: {what}");
            let by = if name.is_empty() { "By an import".to_owned() } else { format!("By {name}") };
            let by = if row.to_accept { format!("{by}. Look at them and accept") } else { by };
            let href = period.map_or_else(|| "/my-month".to_owned(), |period| format!("/my-month?period={period}"));
            ("target", title, by, href)
        }
    };
    Notice { at: row.at, is_new: row.is_new, icon, title, detail, href }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SeenForm {
    until: String,
}

/// Remembers that everything on the page was seen.
async fn seen(
    State(app): State<App>,
    me: Viewer,
    Form { once, fields, .. }: Form<SeenForm>,
) -> Result<Response, Error> {
    let until = OffsetDateTime::parse(&fields.until, &Rfc3339)
        .map_err(|_| Error::BadRequest("The form is incomplete. Open the page again."))?;
    let mut write = once::begin(&app, &me, once).await?;
    db::looked(&mut write, me.id, until.min(me.now)).await?;
    write.done_saying("/notices", &Toast::new("Everything is marked as seen")).await
}
