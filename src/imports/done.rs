//! `/imports/done/{id}`: what an import did, and the button that takes it back until something depends on it.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use serde_json::json;
use sqlx::error::{DatabaseError, ErrorKind};
use time::PrimitiveDateTime;

use super::{
    before_db,
    done_db::{self, Done},
    drafts_db::{self, Draft},
    import::{Counts, FILES, path},
    put_back_db, undo_db, upload,
};
use crate::{
    App, audit,
    customers::events_db,
    domain::{
        id::{CustomerId, ImportId, RunId},
        period::Period,
    },
    postgres::tx::{self, Tx},
    web::{
        auth::{Allowed, ImportRecords, Viewer},
        error::Error,
        form::{Form, Nothing, Path},
        format, once,
        page::{Page, answer},
        routes::Routes,
        step_up,
        toast::Toast,
    },
};

/// `/imports/done/{id}`.
pub fn routes() -> Routes {
    Routes::new().get("/imports/done/{id}", show).post("/imports/done/{id}/undo", undo)
}

/// An import that was done, as pages tell it.
pub struct Past {
    /// Its number.
    pub id: ImportId,
    /// When.
    pub at: PrimitiveDateTime,
    /// Who did it.
    pub who: String,
    /// What became of the rows of each file.
    pub files: Vec<(&'static str, Counts)>,
    /// Whether it can be taken back, as far as it alone says.
    pub is_kept: bool,
    /// Whether it changed what was there before.
    pub has_changed: bool,
    /// Whether everything in its files was there already.
    pub is_idle: bool,
    /// When and by whom it was taken back.
    pub undone: Option<(PrimitiveDateTime, String)>,
}

impl From<Done> for Past {
    fn from(done: Done) -> Self {
        let counts = |file: &'static str| Some((file, serde_json::from_value(done.files.get(file)?.clone()).ok()?));
        let files: Vec<(&'static str, Counts)> = FILES.into_iter().filter_map(counts).collect();
        Self {
            id: done.id,
            at: done.at,
            is_idle: files.iter().all(|(_, counts)| counts.created + counts.updated == 0),
            files,
            who: done.who.unwrap_or_else(|| "the command line".to_owned()),
            is_kept: done.is_kept,
            has_changed: done.has_changed,
            undone: done.undone_at.map(|at| (at, done.undone_by.unwrap_or_default())),
        }
    }
}

#[derive(Template)]
#[template(path = "imports/done.html")]
struct DonePage {
    page: Page,
    past: Past,
    /// The runs that go along with it: "October 2026".
    drafts: Vec<String>,
    /// Why it was not taken back.
    refusal: String,
}

async fn show(
    State(app): State<App>,
    me: Allowed<ImportRecords>,
    page: Page,
    Path(id): Path<ImportId>,
) -> Result<Response, Error> {
    draw(&app, &me, page, id, String::new()).await
}

async fn draw(app: &App, me: &Viewer, page: Page, id: ImportId, refusal: String) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let done = done_db::list(&mut read, me.scope.org, &me.company.time_zone, Some(id), 1).await?.pop();
    let past = Past::from(done.ok_or(Error::NotFound)?);
    let drafts = drafts_db::of_sample(&mut read, me.scope.org, id).await?;
    let drafts = if drafts.iter().any(|draft| draft.is_signed) { vec![] } else { periods(&drafts, me) };
    let status = if refusal.is_empty() { StatusCode::OK } else { StatusCode::CONFLICT };
    answer(status, DonePage { page, past, drafts, refusal })
}

/// The periods of runs, each once.
fn periods(drafts: &[Draft], me: &Viewer) -> Vec<String> {
    let period = |draft: &Draft| Period::containing(draft.period_kind, draft.period_start, me.company.fiscal_start);
    let mut words: Vec<String> = drafts.iter().map(|draft| format::period(period(draft))).collect();
    words.dedup();
    words
}

async fn undo(
    State(app): State<App>,
    me: Allowed<ImportRecords>,
    page: Page,
    Path(id): Path<ImportId>,
    Form { once, typed, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    if let Some(response) = step_up::required(&me, &page, &format!("{}/undo", path(id)), &typed) {
        return response;
    }
    let _turn = upload::turn(&app).await?;
    let mut write = once::begin_import_alone(&app, &me, once).await?;
    if let Some(refusal) = take_back(&mut write, id, &me).await? {
        drop(write);
        return draw(&app, &me, page, id, refusal).await;
    }
    write.done_saying(&path(id), &Toast::new("The import is taken back")).await
}

/// Puts back what an import changed and removes what it made, with the runs that were calculated with sample data; or says why
/// not.
async fn take_back(tx: &mut Tx, id: ImportId, me: &Viewer) -> Result<Option<String>, Error> {
    if !undo_db::lock(tx, id).await? {
        return Ok(Some("This import was taken back before.".to_owned()));
    }
    if !undo_db::is_kept(tx, id).await? {
        return Ok(Some("It is kept no longer what was there before it.".to_owned()));
    }
    let things = undo_db::worked_with(tx, id, &path(id)).await?;
    if things > 0 {
        let things = format::counted(things, "thing that it made was", "things that it made were");
        return Ok(Some(format!("{things} changed since. Remove or correct what is wrong one by one.")));
    }
    if undo_db::hangs_otherwise(tx, id).await? {
        let words = "Since then its people were given other teams, roles or plans, or its customers other owners.";
        return Ok(Some(words.to_owned()));
    }
    if let Some((kind, start)) = undo_db::locked_period(tx, id).await? {
        let period = format::period(Period::containing(kind, start, me.company.fiscal_start));
        return Ok(Some(format!("{period} is approved, and facts of the import lie in it.")));
    }
    if let Some(words) = moved_on(tx, id).await? {
        return Ok(Some(words));
    }
    if let Some((kind, start)) = before_db::locked_period(tx, id).await? {
        let period = format::period(Period::containing(kind, start, me.company.fiscal_start));
        return Ok(Some(format!("{period} is approved, and what the import changed may be paid with it.")));
    }
    let drafts = drafts_db::of_sample(tx, me.scope.org, id).await?;
    if drafts.iter().any(|draft| draft.is_signed) {
        return Ok(Some("Commission with its people is approved.".to_owned()));
    }
    let touched = before_db::touched(tx, id).await?;
    match put_back(tx, id, &drafts, &touched).await {
        Ok(None) => Ok(Some("A team would be below itself: the tree of teams is another one since.".to_owned())),
        Ok(Some(mut customers)) => {
            customers.extend(touched);
            customers.sort_unstable();
            customers.dedup();
            events_db::recompute(tx, &customers).await?;
            before_db::forget(tx, id).await?;
            undo_db::note_undone(tx, id).await?;
            let periods = periods(&drafts, me);
            let old = if periods.is_empty() { json!({}) } else { json!({ "commission": periods.join(", ") }) };
            audit::db::record(tx, "import.undone", &path(id), json!({ "old": old, "new": {} })).await?;
            Ok(None)
        }
        Err(sqlx::Error::Database(error)) if error.kind() == ErrorKind::ForeignKeyViolation => {
            Ok(Some(format!("{} since, with what the import made.", depending(&*error))))
        }
        Err(sqlx::Error::Database(error)) if error.kind() == ErrorKind::UniqueViolation => {
            Ok(Some("An address or external_id that it changed belongs to somebody else since.".to_owned()))
        }
        Err(error) => Err(error.into()),
    }
}

/// Puts back what an import changed, and removes these runs and what it made: the customers of removed deals. Nothing: teams
/// would go round in a loop.
async fn put_back(
    tx: &mut Tx,
    id: ImportId,
    drafts: &[Draft],
    touched: &[CustomerId],
) -> sqlx::Result<Option<Vec<CustomerId>>> {
    let runs: Vec<RunId> = drafts.iter().map(|draft| draft.id).collect();
    drafts_db::remove(tx, &runs).await?;
    put_back_db::put_back(tx, id).await?;
    if put_back_db::has_loop(tx).await? {
        return Ok(None);
    }
    // Their events may name people whom the import made, and who go now.
    events_db::recompute(tx, touched).await?;
    undo_db::remove(tx, id).await.map(Some)
}

/// What is no longer as the import left it.
async fn moved_on(tx: &mut Tx, id: ImportId) -> sqlx::Result<Option<String>> {
    let (mut names, mut count) = (vec![], 0);
    for kind in before_db::KINDS {
        let (named, moved) = before_db::moved_on(tx, id, kind).await?;
        names.extend(named);
        count += moved;
    }
    if count == 0 {
        return Ok(None);
    }
    let first = names.first().cloned().unwrap_or_else(|| "Something".to_owned());
    let others = count - i64::try_from(names.len().max(1)).unwrap_or(count);
    let named = names.iter().skip(1).fold(first, |words, name| format!("{words}, {name}"));
    let more = if others > 0 { format!(" and {} more", format::count(others)) } else { String::new() };
    let were = if count == 1 { "was" } else { "were" };
    Ok(Some(format!("{named}{more} {were} changed since. Correct what is wrong one by one.")))
}

/// What was done since that something of the import is needed for.
fn depending(error: &dyn DatabaseError) -> &'static str {
    match error.table() {
        Some("statements" | "statement_lines") => "Commission was calculated",
        Some("visits") => "Visits were logged or planned",
        Some("deals" | "deal_lines" | "deal_credits") => "Deals were entered",
        Some("targets") => "Targets were set",
        Some("sign_ins" | "sessions" | "invitations") => "Invitations were made",
        _ => "Somebody has worked",
    }
}
