//! Notes who takes files with many people's records away, before the first byte is sent.

use serde_json::json;

use super::db;
use crate::{
    App,
    postgres::tx,
    web::{auth::Viewer, error::Error},
};

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
