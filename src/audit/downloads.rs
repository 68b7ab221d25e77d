//! Notes who takes files with many people's records away, before the first byte is sent; and sends long ones in parts.

use axum::response::Response;
use serde_json::json;

use super::db;
use crate::{
    App,
    postgres::tx,
    web::{auth::Viewer, csv, error::Error},
};

/// How many rows of a long list are in memory at once.
pub const AT_ONCE: i64 = 2000;

/// What is taken away.
pub struct Download<'a> {
    /// `visit.exported`, `run.downloaded` …
    pub act: &'a str,
    /// The page that the file is of.
    pub object: &'a str,
    /// Which file, or the address with its filters.
    pub file: &'a str,
    /// How many rows it has.
    pub rows: i64,
}

/// Notes a download. Whoever views as somebody else does it under the own name.
pub async fn note(app: &App, me: &Viewer, download: Download<'_>) -> Result<(), Error> {
    let who = me.behind.as_ref().map_or(me.id, |behind| behind.id);
    let mut tx = tx::write(&app.db, me.scope.org, Some(who), app.clock).await?;
    let detail = json!({ "file": download.file, "rows": download.rows });
    db::record(&mut tx, download.act, download.object, detail).await?;
    Ok(tx.commit().await?)
}

/// A list that is sent as a file.
pub struct List<'a> {
    /// `visit.exported` …
    pub act: &'a str,
    /// The page of the list.
    pub object: &'a str,
    /// The address with its filters.
    pub filters: &'a str,
    /// What the file is called.
    pub name: &'a str,
    /// The heads of its columns.
    pub heads: &'a [&'a str],
}

/// A part of a list.
pub struct Part<P> {
    /// The file with this part added.
    pub file: csv::File,
    /// Where the list goes on, if there may be more.
    pub rest: Option<P>,
    /// How many rows the whole list has.
    pub rows: i64,
}

/// Sends a list from a place on, part by part as the browser takes them: each has a look at the database of its own.
pub async fn send<P, F>(
    app: &App,
    me: &Viewer,
    list: List<'_>,
    from: P,
    part: impl Fn(App, Viewer, P, csv::File) -> F + Clone + Send + Sync + 'static,
) -> Result<Response, Error>
where
    P: Send + 'static,
    F: Future<Output = Result<Part<P>, Error>> + Send + 'static,
{
    let (app, me) = (app.clone(), me.clone());
    let first = in_turn(&app, part(app.clone(), me.clone(), from, csv::File::new(list.heads))).await?;
    let download = Download { act: list.act, object: list.object, file: list.filters, rows: first.rows };
    note(&app, &me, download).await?;
    first.file.respond_in_parts(list.name, first.rest, move |place| {
        let app = app.clone();
        let next = part(app.clone(), me.clone(), place, csv::File::more());
        async move { in_turn(&app, next).await.map(|part| (part.file, part.rest)) }
    })
}

/// Parts of long lists are read one after the other: who waits has no connection.
async fn in_turn<P>(app: &App, part: impl Future<Output = Result<Part<P>, Error>>) -> Result<Part<P>, Error> {
    let _turn = app.exporting.acquire().await.map_err(|e| Error::Internal(e.to_string()))?;
    part.await
}
