//! The SQL of files that wait to be imported, and of how their columns are read.

use sqlx::PgConnection;
use time::OffsetDateTime;

use super::source::SentFile;
use crate::{
    domain::id::{OrgId, UploadId, UserId},
    postgres::tx::Tx,
};

/// Files that wait.
pub struct Waiting {
    /// Their number.
    pub id: UploadId,
    /// What an import of them would do.
    pub preview: serde_json::Value,
}

/// A file that waits.
pub struct WaitingFile {
    /// Which one.
    pub file: String,
    /// What stands in it.
    pub content: Vec<u8>,
}

/// Keeps files, instead of those that the same person sent before, and throws away what everybody sent before a time.
pub async fn insert(
    tx: &mut Tx,
    user: UserId,
    files: &[SentFile],
    preview: &serde_json::Value,
    oldest: OffsetDateTime,
) -> sqlx::Result<UploadId> {
    let (org, now) = (tx.org, tx.now);
    sqlx::query!(
        "delete from import_uploads
         where org_id = $1 and (user_id = $2 or at < $3)",
        org as OrgId,
        user as UserId,
        oldest,
    )
    .execute(&mut **tx)
    .await?;
    let id = sqlx::query_scalar!(
        "insert into import_uploads (org_id, user_id, at, preview)
         values ($1, $2, $3, $4)
         returning id",
        org as OrgId,
        user as UserId,
        now,
        preview,
    )
    .fetch_one(&mut **tx)
    .await?;
    for file in files {
        sqlx::query!(
            "insert into import_upload_files (org_id, upload_id, file, content)
             values ($1, $2, $3, $4)",
            org as OrgId,
            id as UploadId,
            file.name,
            file.content,
        )
        .execute(&mut **tx)
        .await?;
    }
    Ok(id)
}

/// The files that a person has sent last, unless they were sent before a time.
pub async fn latest(
    db: &mut PgConnection,
    org: OrgId,
    user: UserId,
    oldest: OffsetDateTime,
) -> sqlx::Result<Option<Waiting>> {
    sqlx::query_as!(
        Waiting,
        "select id, preview
         from import_uploads
         where org_id = $1 and user_id = $2 and at >= $3
         order by id desc
         limit 1",
        org as OrgId,
        user as UserId,
        oldest,
    )
    .fetch_optional(db)
    .await
}

/// Files that a person has sent, unless that was before a time.
pub async fn find(
    db: &mut PgConnection,
    org: OrgId,
    user: UserId,
    id: UploadId,
    oldest: OffsetDateTime,
) -> sqlx::Result<Option<Waiting>> {
    sqlx::query_as!(
        Waiting,
        "select id, preview
         from import_uploads
         where org_id = $1 and user_id = $2 and id = $3 and at >= $4",
        org as OrgId,
        user as UserId,
        id as UploadId,
        oldest,
    )
    .fetch_optional(db)
    .await
}

/// The same, and whoever else asks for them waits for the end of this transaction.
pub async fn lock(tx: &mut Tx, user: UserId, id: UploadId, oldest: OffsetDateTime) -> sqlx::Result<Option<Waiting>> {
    let org = tx.org;
    sqlx::query_as!(
        Waiting,
        "select id, preview
         from import_uploads
         where org_id = $1 and user_id = $2 and id = $3 and at >= $4
         for update",
        org as OrgId,
        user as UserId,
        id as UploadId,
        oldest,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// What stands in the files.
pub async fn files(db: &mut PgConnection, org: OrgId, id: UploadId) -> sqlx::Result<Vec<WaitingFile>> {
    sqlx::query_as!(
        WaitingFile,
        "select file, content
         from import_upload_files
         where org_id = $1 and upload_id = $2",
        org as OrgId,
        id as UploadId,
    )
    .fetch_all(db)
    .await
}

/// Says anew what an import of files would do. Whether they are still there.
pub async fn set_preview(tx: &mut Tx, id: UploadId, preview: &serde_json::Value) -> sqlx::Result<bool> {
    let org = tx.org;
    let done = sqlx::query!(
        "update import_uploads
         set preview = $3
         where org_id = $1 and id = $2",
        org as OrgId,
        id as UploadId,
        preview,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Throws files away.
pub async fn delete(tx: &mut Tx, id: UploadId) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "delete from import_uploads
         where org_id = $1 and id = $2",
        org as OrgId,
        id as UploadId,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// How a column of a file is read.
pub struct Remembered {
    /// The file.
    pub file: String,
    /// The header.
    pub header: String,
    /// As what it is read; empty: it is left out.
    pub column_name: String,
}

/// How the columns of files are read whose names no format knows.
pub async fn columns(db: &mut PgConnection, org: OrgId) -> sqlx::Result<Vec<Remembered>> {
    sqlx::query_as!(
        Remembered,
        "select file, header, column_name
         from import_columns
         where org_id = $1",
        org as OrgId,
    )
    .fetch_all(db)
    .await
}

/// Remembers as what a column is read; none: it is no longer known.
pub async fn remember(tx: &mut Tx, file: &str, header: &str, column: Option<&str>) -> sqlx::Result<()> {
    let org = tx.org;
    if let Some(column) = column {
        sqlx::query!(
            "insert into import_columns (org_id, file, header, column_name)
             values ($1, $2, $3, $4)
             on conflict (org_id, file, header) do update set column_name = excluded.column_name",
            org as OrgId,
            file,
            header,
            column,
        )
        .execute(&mut **tx)
        .await?;
    } else {
        sqlx::query!(
            "delete from import_columns
             where org_id = $1 and file = $2 and header = $3",
            org as OrgId,
            file,
            header,
        )
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}
