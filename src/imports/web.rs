//! `/imports`: an administrator sends files, looks at what an import of them would do, and has it done.

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use super::{
    done::Past,
    done_db,
    import::{self, HISTORY},
    plans,
    preview::Preview,
    templates::{self, Kind},
    upload::{self, oldest},
    uploads_db::{self, Waiting},
};
use crate::{
    App,
    domain::id::UploadId,
    postgres::tx,
    web::{
        auth::{Allowed, ImportRecords, Viewer},
        csv,
        error::Error,
        form::{Errors, Form, Nothing, Path},
        format, once,
        page::{Page, answer},
        routes::Routes,
        step_up,
        toast::Toast,
        upload::{MOST_BYTES, MOST_READ, Upload},
    },
};

/// How many past imports are listed.
const MOST_LISTED: i64 = 20;
/// For whoever presses a button of a page that was drawn a while ago.
const GONE: &str = "These files were imported, discarded or replaced by others, or were sent more than a day ago. The page Import says what was imported.";

/// `/imports` and below.
pub fn routes() -> Routes {
    Routes::new()
        .get(HISTORY, index)
        .post_large(HISTORY, MOST_READ, send)
        .get("/imports/templates/{file}", template)
        .get("/imports/{id}", show)
        .get("/imports/{id}/problems.csv", problems)
        .post("/imports/{id}/columns", name_columns)
        .post("/imports/{id}/apply", apply)
        .post("/imports/{id}/discard", discard)
}

#[derive(Template)]
#[template(path = "imports/index.html")]
struct IndexPage {
    page: Page,
    errors: Errors,
    kinds: Vec<Kind>,
    waiting: Option<UploadId>,
    past: Vec<Past>,
    most_rows: String,
    most_bytes: usize,
}

async fn index(State(app): State<App>, me: Allowed<ImportRecords>, page: Page) -> Result<Response, Error> {
    draw(&app, &me, page, StatusCode::OK, Errors::new()).await
}

async fn draw(app: &App, me: &Viewer, page: Page, status: StatusCode, errors: Errors) -> Result<Response, Error> {
    let org = me.scope.org;
    let mut read = tx::read(&app.db, org).await?;
    let waiting = uploads_db::latest(&mut read, org, me.id, oldest(me.now)).await?;
    let past = done_db::list(&mut read, org, &me.company.time_zone, None, MOST_LISTED).await?;
    let page = IndexPage {
        page,
        errors,
        kinds: templates::kinds(),
        waiting: waiting.map(|waiting| waiting.id),
        past: past.into_iter().map(Past::from).collect(),
        most_rows: format::count(upload::MOST_ROWS.cast_signed()),
        most_bytes: MOST_BYTES >> 20,
    };
    answer(status, page)
}

async fn template(me: Allowed<ImportRecords>, Path(file): Path<String>) -> Result<Response, Error> {
    let kind = templates::kinds().into_iter().find(|kind| kind.file == file).ok_or(Error::NotFound)?;
    let content = templates::template(kind.file, me.company.currency).ok_or(Error::NotFound)?;
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{}\"", kind.file))
        .map_err(|e| Error::Internal(e.to_string()))?;
    let kind = if kind.file == plans::FILE { "application/json" } else { "text/csv; charset=utf-8" };
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static(kind));
    Ok(([kind, (header::CONTENT_DISPOSITION, disposition)], content).into_response())
}

async fn send(
    State(app): State<App>,
    me: Allowed<ImportRecords>,
    page: Page,
    Upload { once, files, too_large }: Upload,
) -> Result<Response, Error> {
    let mut errors = Errors::new();
    if too_large {
        let most = MOST_BYTES >> 20;
        errors.add("files", format!("The files have more than {most} MB together. Import them in parts, or on the server with “attain import”."));
        return draw(&app, &me, page, StatusCode::PAYLOAD_TOO_LARGE, errors).await;
    }
    let mut files = upload::parse(files, &mut errors);
    if !errors.is_empty() {
        return draw(&app, &me, page, StatusCode::UNPROCESSABLE_ENTITY, errors).await;
    }
    let remembered = uploads_db::columns(&mut *tx::read(&app.db, me.scope.org).await?, me.scope.org).await?;
    let columns = upload::strangers(&files, &remembered)?;
    let preview = upload::look(&app, &me, &mut files, columns).await?;
    let mut write = once::begin(&app, &me, once).await?;
    let id = uploads_db::insert(&mut write, me.id, &files, &stored(&preview)?, oldest(me.now)).await?;
    write.done(&path(id)).await
}

fn path(id: UploadId) -> String {
    format!("{HISTORY}/{id}")
}

fn stored(preview: &Preview) -> Result<serde_json::Value, Error> {
    serde_json::to_value(preview).map_err(|e| Error::Internal(e.to_string()))
}

fn preview_of(waiting: &Waiting) -> Result<Preview, Error> {
    Preview::deserialize(&waiting.preview).map_err(|e| Error::Internal(e.to_string()))
}

#[derive(Template)]
#[template(path = "imports/show.html")]
struct ShowPage {
    page: Page,
    id: UploadId,
    preview: Preview,
    /// Whether it is not what was looked at a moment ago.
    changed: bool,
}

impl ShowPage {
    /// As what a column may be read: value and words.
    fn choices(file: &str) -> Vec<(String, String)> {
        let Some(format) = templates::format(file) else { return vec![] };
        let as_it_is = if format.more_columns { "as an attribute" } else { "not decided" };
        let own = [(String::new(), as_it_is.to_owned()), (LEFT_OUT.to_owned(), "left out".to_owned())];
        own.into_iter().chain(format.columns.iter().map(|c| (c.name.to_owned(), c.name.to_owned()))).collect()
    }

    /// The value of the choice that is made.
    fn chosen(column: Option<&String>) -> &str {
        match column.map(String::as_str) {
            None => "",
            Some("") => LEFT_OUT,
            Some(column) => column,
        }
    }
}

/// What a form sends for a column that is left out.
const LEFT_OUT: &str = "-";

async fn show(
    State(app): State<App>,
    me: Allowed<ImportRecords>,
    page: Page,
    Path(id): Path<UploadId>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let waiting = uploads_db::find(&mut read, me.scope.org, me.id, id, oldest(me.now)).await?;
    let preview = preview_of(&waiting.ok_or(Error::NotFound)?)?;
    answer(StatusCode::OK, ShowPage { page, id, preview, changed: false })
}

/// Every problem of the files that wait, as they stand now: the page shows the first of each kind.
async fn problems(
    State(app): State<App>,
    me: Allowed<ImportRecords>,
    Path(id): Path<UploadId>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let waiting = uploads_db::find(&mut read, me.scope.org, me.id, id, oldest(me.now)).await?;
    let columns = preview_of(&waiting.ok_or(Error::NotFound)?)?.columns;
    let mut files = upload::kept(uploads_db::files(&mut read, me.scope.org, id).await?);
    drop(read);
    let problems = upload::problems(&app, &me, &mut files, &columns).await?;
    let mut file = csv::File::new(&["file", "line", "column", "value", "what_to_do"]);
    for problem in problems.listed() {
        file.row([
            csv::text(problem.file),
            csv::number(problem.line),
            csv::text(&problem.column),
            csv::text(&problem.value),
            csv::text(&problem.remedy),
        ]);
    }
    if problems.unlisted() > 0 {
        let more = format!("And {} more problems.", format::count(problems.unlisted().cast_signed()));
        file.row(["", "", "", "", &*more].map(csv::text));
    }
    file.respond(&format!("problems-{id}.csv"))
}

/// As what columns are read, in three lists of the same length.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ColumnsForm {
    file: Vec<String>,
    header: Vec<String>,
    column: Vec<String>,
}

async fn name_columns(
    State(app): State<App>,
    me: Allowed<ImportRecords>,
    Path(id): Path<UploadId>,
    Form { once, fields, .. }: Form<ColumnsForm>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let waiting = uploads_db::find(&mut read, me.scope.org, me.id, id, oldest(me.now)).await?;
    let mut columns = preview_of(&waiting.ok_or(Error::Conflict(GONE))?)?.columns;
    let mut files = upload::kept(uploads_db::files(&mut read, me.scope.org, id).await?);
    drop(read);
    let said = fields.file.iter().zip(&fields.header).zip(&fields.column);
    for ((file, header), column) in said {
        let stranger = columns.iter_mut().find(|stranger| stranger.file == *file && stranger.header == *header);
        let known = ShowPage::choices(file).iter().any(|(value, _)| value == column);
        let (Some(stranger), true) = (stranger, known) else {
            return Err(Error::BadRequest("The form is incomplete. Open the page again."));
        };
        stranger.column = match column.as_str() {
            "" => None,
            LEFT_OUT => Some(String::new()),
            column => Some(column.to_owned()),
        };
    }
    let preview = upload::look(&app, &me, &mut files, columns).await?;
    let mut write = once::begin(&app, &me, once).await?;
    for stranger in &preview.columns {
        uploads_db::remember(&mut write, &stranger.file, &stranger.header, stranger.column.as_deref()).await?;
    }
    if !uploads_db::set_preview(&mut write, id, &stored(&preview)?).await? {
        return Err(Error::Conflict(GONE));
    }
    write.done(&path(id)).await
}

async fn apply(
    State(app): State<App>,
    me: Allowed<ImportRecords>,
    page: Page,
    Path(id): Path<UploadId>,
    Form { once, typed, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    if let Some(response) = step_up::required(&me, &page, &format!("{}/apply", path(id)), &typed) {
        return response;
    }
    let turn = upload::turn(&app).await?;
    let mut write = once::begin_import(&app, &me, once).await?;
    let waiting = uploads_db::lock(&mut write, me.id, id, oldest(me.now)).await?.ok_or(Error::Conflict(GONE))?;
    let looked_at = preview_of(&waiting)?;
    let mut files = upload::kept(uploads_db::files(&mut write, me.scope.org, id).await?);
    upload::rename(&mut files, &looked_at.columns);
    let done = import::sent(&app.db, &mut write, &files, false).await;
    let import = done.as_ref().ok().map(|done| done.id);
    let outcome = Preview::of(done).map_err(upload::error)?;
    if let Some(import) = import.filter(|_| outcome.is_ready() && outcome.files == looked_at.files) {
        uploads_db::delete(&mut write, id).await?;
        let toast = Toast::new(format!("Imported: {}", outcome.words()));
        return write.done_saying(HISTORY, &toast.undo(format!("{}/undo", import::path(import)))).await;
    }
    // Somebody has changed meanwhile what the files are about: nothing is imported that was not looked at.
    drop(write);
    drop(turn);
    let preview = Preview { columns: looked_at.columns, ..outcome };
    let mut tx = tx::write(&app.db, me.scope.org, Some(me.id), app.clock).await?;
    if !uploads_db::set_preview(&mut tx, id, &stored(&preview)?).await? {
        return Err(Error::Conflict(GONE));
    }
    tx.commit().await?;
    answer(StatusCode::CONFLICT, ShowPage { page, id, preview, changed: true })
}

async fn discard(
    State(app): State<App>,
    me: Allowed<ImportRecords>,
    Path(id): Path<UploadId>,
    Form { once, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let mut write = once::begin(&app, &me, once).await?;
    uploads_db::lock(&mut write, me.id, id, oldest(me.now)).await?.ok_or(Error::Conflict(GONE))?;
    uploads_db::delete(&mut write, id).await?;
    write.done_saying(HISTORY, &Toast::new("The files were thrown away; nothing was imported")).await
}
