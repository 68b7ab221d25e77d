//! Files that a browser sent: which ones they are, how large an import a page does, and what it would do.

use csv::{ByteRecord, ReaderBuilder};
use time::{Duration, OffsetDateTime};
use tokio::sync::SemaphorePermit;

use super::{
    import::{self, FILES, Failure, Summary},
    preview::{Preview, Stranger},
    problem::Problems,
    source::{Renamed, SentFile, Source},
    table,
    templates::{format, recognized},
    uploads_db::{Remembered, WaitingFile},
};
use crate::{
    App,
    postgres::tx,
    web::{auth::Viewer, error::Error, form::Errors, format::count, upload::Uploaded},
};

/// How many rows a page imports at once: that stays within the time of a request with much to spare.
pub const MOST_ROWS: u64 = 20_000;
/// How long files wait for the person who sent them.
const WAITING: Duration = Duration::days(1);

/// Files that were sent before this are over.
pub fn oldest(now: OffsetDateTime) -> OffsetDateTime {
    now - WAITING
}

/// The files that the importer reads, out of those that were sent.
pub fn parse(sent: Vec<Uploaded>, errors: &mut Errors) -> Vec<SentFile> {
    let mut files: Vec<SentFile> = vec![];
    if sent.is_empty() {
        errors.add("files", "Choose at least one file.");
    }
    for Uploaded { name, content } in sent {
        let shown: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
        match recognized(&name) {
            None => errors.add(
                "files",
                format!("“{shown}” is none of the files that are read. Name it as one of: {}.", FILES.join(", ")),
            ),
            Some(name) if files.iter().any(|file| file.name == name) => {
                errors.add("files", format!("“{shown}” is the second {name}. Choose one of the two."));
            }
            Some(_) if content.is_empty() => {
                errors.add("files", format!("“{shown}” is empty. Fill it, or leave it out."));
            }
            Some(name) => files.push(SentFile { name, content, columns: vec![] }),
        }
    }
    let rows: u64 = files.iter().map(rows).sum();
    if rows > MOST_ROWS {
        let (rows, most) = (count(i64::try_from(rows).unwrap_or(i64::MAX)), count(MOST_ROWS.cast_signed()));
        errors.add(
            "files",
            format!("The files have {rows} rows together; {most} are possible here. Import them in parts, or on the server with “attain import”."),
        );
    }
    files
}

/// How many rows a file has, without its header. Plans are few.
fn rows(file: &SentFile) -> u64 {
    if format(file.name).is_none() {
        return 0;
    }
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(file.content.as_slice());
    let (mut row, mut rows) = (ByteRecord::new(), 0);
    while reader.read_byte_record(&mut row).unwrap_or(false) {
        rows += 1;
    }
    rows
}

/// The columns that no format knows, each as it was read before in the same file.
pub fn strangers(files: &[SentFile], remembered: &[Remembered]) -> Result<Vec<Stranger>, Error> {
    let mut strangers = vec![];
    for file in files {
        let Some(format) = format(file.name) else { continue };
        let headers = table::strangers(Source::Sent(files), format).map_err(|e| Error::Internal(e.to_string()))?;
        // What is longer is no name of a column, and what is refused for that needs no other name.
        for header in headers.into_iter().filter(|header| header.chars().count() <= 60 && !header.contains('\0')) {
            let known = remembered.iter().find(|known| known.file == file.name && known.header == header);
            let column = known.map(|known| known.column_name.clone());
            strangers.push(Stranger { file: file.name.to_owned(), header, column });
        }
    }
    Ok(strangers)
}

/// Has the columns of files read as it was said.
pub fn rename(files: &mut [SentFile], strangers: &[Stranger]) {
    for file in files {
        let own = strangers.iter().filter(|stranger| stranger.file == file.name);
        let renamed = own
            .filter_map(|stranger| Some(Renamed { header: stranger.header.clone(), column: stranger.column.clone()? }));
        file.columns = renamed.collect();
    }
}

/// The files as they were kept.
pub fn kept(waiting: Vec<WaitingFile>) -> Vec<SentFile> {
    let file = |waiting: WaitingFile| {
        let name = FILES.into_iter().find(|name| *name == waiting.file)?;
        Some(SentFile { name, content: waiting.content, columns: vec![] })
    };
    waiting.into_iter().filter_map(file).collect()
}

/// The right to import: one request at a time has it, and the others wait without a connection.
pub async fn turn(app: &App) -> Result<SemaphorePermit<'_>, Error> {
    app.importing.acquire().await.map_err(|e| Error::Internal(e.to_string()))
}

/// What an import of these files would do now: everything is done, and nothing is left of it.
pub async fn look(app: &App, me: &Viewer, files: &mut [SentFile], columns: Vec<Stranger>) -> Result<Preview, Error> {
    let outcome = tried(app, me, files, &columns).await?;
    let preview = Preview::of(outcome).map_err(error)?;
    Ok(Preview { columns, ..preview })
}

/// Everything that is wrong with these files now; nothing, where they could be imported.
pub async fn problems(app: &App, me: &Viewer, files: &mut [SentFile], columns: &[Stranger]) -> Result<Problems, Error> {
    match tried(app, me, files, columns).await? {
        Ok(_) => Ok(Problems::default()),
        Err(Failure::Refused(problems)) => Ok(problems),
        Err(other) => Err(error(other)),
    }
}

/// Imports these files, and takes all of it back at once.
async fn tried(
    app: &App,
    me: &Viewer,
    files: &mut [SentFile],
    columns: &[Stranger],
) -> Result<Result<Summary, Failure>, Error> {
    rename(files, columns);
    let _turn = turn(app).await?;
    let mut tx = tx::import(&app.db, me.scope.org, me.id, app.clock).await?;
    Ok(import::sent(&app.db, &mut tx, files, true).await)
}

/// Why an import did nothing, if that is not the files' fault.
pub fn error(failure: Failure) -> Error {
    match failure {
        Failure::Database(e) if is_broken_off(&e) => Error::Conflict(
            "The import took too long, and nothing was imported. Another one may be under way: try again in a minute, with fewer rows, or on the server with “attain import”.",
        ),
        Failure::Database(e) => e.into(),
        other => Error::Internal(other.to_string()),
    }
}

/// Whether a statement took longer than a page may.
fn is_broken_off(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(sqlx::error::DatabaseError::code).as_deref() == Some("57014")
}
