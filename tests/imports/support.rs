//! Folders of small files, imports of them, and short looks at what came of it.

use std::fs;

use attain::imports::import::{Counts, Failure, Request, Summary, run};
use sqlx::{AssertSqlSafe, PgPool, Row as _};
use time::{OffsetDateTime, macros::datetime};

pub use super::database::TestDatabase;

/// The day of every import that does not say another one.
pub const TODAY: OffsetDateTime = datetime!(2026-11-19 10:00 UTC);

/// A folder with files.
pub fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// Imports files into the organization Acme on a day.
pub async fn import_on(now: OffsetDateTime, db: &TestDatabase, files: &[(&str, &str)]) -> Result<Summary, Failure> {
    import_into("Acme", now, db, files).await
}

/// Imports files into an organization on a day.
pub async fn import_into(
    organization: &str,
    now: OffsetDateTime,
    db: &TestDatabase,
    files: &[(&str, &str)],
) -> Result<Summary, Failure> {
    let folder = folder(files);
    let request = Request { folder: folder.path(), organization, dry_run: false, now };
    run(&db.pool, request).await
}

/// Imports files that are right.
pub async fn import(db: &TestDatabase, files: &[(&str, &str)]) -> Summary {
    import_on(TODAY, db, files).await.unwrap_or_else(|failure| panic!("{failure}"))
}

/// Imports files that are wrong: the listed problems, each as `file:line column value`, and the remedies.
pub async fn refused(db: &TestDatabase, files: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
    match import_on(TODAY, db, files).await {
        Ok(summary) => panic!("imported {summary:?}"),
        Err(Failure::Refused(problems)) => problems
            .listed()
            .iter()
            .map(|p| {
                (format!("{}:{} {} {}", p.file, p.line, p.column, p.value).trim_end().to_owned(), p.remedy.clone())
            })
            .unzip(),
        Err(failure) => panic!("{failure}"),
    }
}

/// Where the problems of files are.
pub async fn places(db: &TestDatabase, files: &[(&str, &str)]) -> Vec<String> {
    refused(db, files).await.0
}

/// The rows that a query of one text column finds.
pub async fn ask(pool: &PgPool, sql: &str) -> Vec<String> {
    let rows = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).fetch_all(pool).await.unwrap();
    rows.iter().map(|row| row.try_get::<Option<String>, _>(0).unwrap().unwrap_or_default()).collect()
}

/// The counts of a file: created, updated, unchanged.
pub fn counts(summary: &Summary, file: &str) -> (u64, u64, u64) {
    let Counts { created, updated, unchanged } = summary.files.iter().find(|(name, _)| *name == file).unwrap().1;
    (created, updated, unchanged)
}

pub const REPS: (&str, &str) =
    ("reps.csv", "external_id,name,team,manager\nR1,Ann,North,R3\nR2,Ben,North,R3\nR3,Cyd,,\n");
pub const CUSTOMERS: (&str, &str) = ("customers.csv", "external_id,name,rep\nC1,Alpha,R1\nC2,Beta,R2\n");
