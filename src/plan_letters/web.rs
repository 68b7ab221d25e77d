//! `/my-plan` and a letter's page: a rep reads what the plan pays, accepts it with name and time, or asks.

use askama::Template;
use axum::{extract::State, response::Response};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sqlx::PgConnection;

use super::{
    acts,
    db::{self, LetterRow, MessageRow, Which},
    letter::Letter,
    pdf::pdf,
    publish,
};
use crate::{
    App,
    commission_runs::inputs::check_code,
    domain::{access::Permission, id::LetterId},
    postgres::tx,
    web::{
        auth::{Allowed, ReadStatements, Viewer},
        error::Error,
        form::{Errors, Form, Path},
        once,
        page::{Page, html, refused},
        routes::Routes,
        toast::Toast,
        workbook::{self, apart},
    },
};

/// The routes of plan letters.
pub fn routes() -> Routes {
    Routes::new()
        .get("/plans/{id}/letter", publish::show)
        .post("/plans/{id}/letters", publish::publish)
        .post("/plans/{id}/letters/reminder", publish::remind)
        .get("/my-plan", mine)
        .get("/plan-letters/{id}", show)
        .get("/plan-letters/{id}/letter.pdf", as_pdf)
        .post("/plan-letters/{id}/acceptance", accept)
        .post("/plan-letters/{id}/messages", ask)
}

#[derive(Template)]
#[template(path = "plan_letters/mine.html")]
struct MinePage {
    page: Page,
    letters: Vec<LetterRow>,
}

async fn mine(State(app): State<App>, me: Allowed<ReadStatements>, page: Page) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let which = Which { rep: Some(me.id), ..Which::default() };
    html(MinePage { page, letters: db::letters(&mut read, &me.scope, which, me.today).await? })
}

#[derive(Template)]
#[template(path = "plan_letters/show.html")]
struct ShowPage {
    page: Page,
    row: LetterRow,
    letter: Letter,
    messages: Vec<MessageRow>,
    /// The words that a yes is about.
    digest: String,
    check: String,
    may_accept: bool,
    is_own: bool,
    may_write: bool,
    /// What was typed as name and as question.
    signed: String,
    asked: String,
    errors: Errors,
}

async fn find(db: &mut PgConnection, me: &Viewer, id: LetterId) -> Result<LetterRow, Error> {
    let which = Which { id: Some(id), ..Which::default() };
    db::letters(db, &me.scope, which, me.today).await?.pop().ok_or(Error::NotFound)
}

/// What a person may do with a letter within reach: the rep accepts and asks, finance answers.
fn may_write(me: &Viewer, row: &LetterRow) -> bool {
    row.rep_id == me.id || me.may(Permission::PrepareCommission)
}

async fn load(
    db: &mut PgConnection,
    me: &Viewer,
    page: Page,
    row: LetterRow,
    typed: [String; 2],
    errors: Errors,
) -> Result<ShowPage, Error> {
    let [signed, asked] = typed;
    Ok(ShowPage {
        page,
        letter: Letter::read(&row.body)?,
        messages: db::messages(db, me.scope.org, row.id).await?,
        digest: BASE64_URL_SAFE_NO_PAD.encode(&row.digest),
        check: check_code(&row.digest),
        may_accept: row.rep_id == me.id && row.accepted_at.is_none() && !row.is_past,
        is_own: row.rep_id == me.id,
        may_write: may_write(me, &row),
        row,
        signed,
        asked,
        errors,
    })
}

async fn show(
    State(app): State<App>,
    me: Allowed<ReadStatements>,
    page: Page,
    Path(id): Path<LetterId>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let row = find(&mut read, &me, id).await?;
    html(load(&mut read, &me, page, row, Default::default(), Errors::new()).await?)
}

async fn as_pdf(
    State(app): State<App>,
    me: Allowed<ReadStatements>,
    Path(id): Path<LetterId>,
) -> Result<Response, Error> {
    let row = find(&mut *tx::read(&app.db, me.scope.org).await?, &me, id).await?;
    let letter = Letter::read(&row.body)?;
    let bytes = apart(move || pdf(&row, &letter).map_err(Error::Internal)).await?;
    workbook::download(bytes, "application/pdf", &format!("plan-letter-{id}.pdf"))
}

#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default)]
struct AcceptForm {
    name: String,
    digest: String,
}

/// `POST /plan-letters/7/acceptance`. The first yes stays.
async fn accept(
    State(app): State<App>,
    me: Allowed<ReadStatements>,
    page: Page,
    Path(id): Path<LetterId>,
    Form { once, fields: form, .. }: Form<AcceptForm>,
) -> Result<Response, Error> {
    let mut errors = Errors::new();
    let name = errors.text("name", &form.name, "Your name", 120);
    if name.chars().count() == 1 {
        errors.add("name", "Type your name in full.");
    }
    // Two who press at once: the second finds the first's yes, and a new letter does not come in between.
    let mut write = once::begin_alone(&app, &me, once).await?;
    let row = find(&mut write, &me, id).await?;
    if row.rep_id != me.id {
        return Err(Error::Forbidden);
    }
    let here = format!("/plan-letters/{id}");
    if row.accepted_at.is_some() {
        return write.done(&here).await;
    }
    if !errors.is_empty() {
        return refused(load(&mut write, &me, page, row, [form.name, String::new()], errors).await?);
    }
    if row.is_past || form.digest != BASE64_URL_SAFE_NO_PAD.encode(&row.digest) {
        return Err(Error::Conflict("This letter was replaced meanwhile. Open My plan and read the new one."));
    }
    acts::accepted(&mut write, &row, &name).await?;
    write.done_saying(&here, &Toast::new(format!("{} accepted", row.plan))).await
}

#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default)]
struct AskForm {
    words: String,
}

/// `POST /plan-letters/7/messages`: the rep asks, finance answers.
async fn ask(
    State(app): State<App>,
    me: Allowed<ReadStatements>,
    page: Page,
    Path(id): Path<LetterId>,
    Form { once, fields: form, .. }: Form<AskForm>,
) -> Result<Response, Error> {
    let mut errors = Errors::new();
    let words = errors.text("words", &form.words, "What you want to say", 2000);
    let mut write = once::begin(&app, &me, once).await?;
    let row = find(&mut write, &me, id).await?;
    if !may_write(&me, &row) {
        return Err(Error::Forbidden);
    }
    if !errors.is_empty() {
        return refused(load(&mut write, &me, page, row, [String::new(), form.words], errors).await?);
    }
    acts::asked(&mut write, &row, &words).await?;
    let said = if row.rep_id == me.id { "Finance is asked" } else { "Answered" };
    write.done_saying(&format!("/plan-letters/{id}"), &Toast::new(said)).await
}
