//! The SQL of notes: what people wrote about a customer, the latest first.

use sqlx::PgConnection;
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::{
    domain::id::{CustomerId, NoteId, OrgId, UserId},
    postgres::tx::Tx,
};

/// A note.
#[derive(Clone, Debug)]
pub struct Note {
    /// The note.
    pub id: NoteId,
    /// What it says.
    pub body: String,
    /// Whose it is.
    pub by_id: UserId,
    /// The writer's name.
    pub by: String,
    /// When it was written, at the company.
    pub at: PrimitiveDateTime,
}

/// The notes about a customer, the latest first; a hundred at most.
pub async fn list(db: &mut PgConnection, org: OrgId, customer: CustomerId, time_zone: &str) -> sqlx::Result<Vec<Note>> {
    sqlx::query_as!(
        Note,
        r#"select n.id, n.body, n.recorded_by as by_id, u.name as by, n.recorded_at at time zone $3 as "at!"
           from customer_notes n
           join users u on u.org_id = n.org_id and u.id = n.recorded_by
           where n.org_id = $1 and n.customer_id = $2
           order by n.id desc
           limit 100"#,
        org as OrgId,
        customer as CustomerId,
        time_zone,
    )
    .fetch_all(db)
    .await
}

/// Keeps a note of 1 to 5000 characters.
pub async fn insert(tx: &mut Tx, customer: CustomerId, by: UserId, body: &str) -> sqlx::Result<NoteId> {
    let (org, now) = (tx.org, tx.now);
    sqlx::query_scalar!(
        "insert into customer_notes (org_id, customer_id, body, recorded_by, recorded_at)
         values ($1, $2, $3, $4, $5)
         returning id",
        org as OrgId,
        customer as CustomerId,
        body,
        by as UserId,
        now,
    )
    .fetch_one(&mut **tx)
    .await
}

/// A note that was taken away, as [`put_back`] writes it again.
pub struct Kept {
    /// What it said.
    pub body: String,
    /// Whose it was.
    pub by: UserId,
    /// When it was written.
    pub at: OffsetDateTime,
}

/// Takes a note away, if it was there.
pub async fn delete(tx: &mut Tx, customer: CustomerId, id: NoteId) -> sqlx::Result<Option<Kept>> {
    let org = tx.org;
    sqlx::query_as!(
        Kept,
        "delete from customer_notes
         where org_id = $1 and customer_id = $2 and id = $3
         returning body, recorded_by as by, recorded_at as at",
        org as OrgId,
        customer as CustomerId,
        id as NoteId,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Writes a note again that was taken away: of whom and when it was.
pub async fn put_back(tx: &mut Tx, customer: CustomerId, note: &Kept) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "insert into customer_notes (org_id, customer_id, body, recorded_by, recorded_at)
         values ($1, $2, $3, $4, $5)",
        org as OrgId,
        customer as CustomerId,
        note.body,
        note.by as UserId,
        note.at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
