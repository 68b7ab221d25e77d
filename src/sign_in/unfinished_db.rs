//! The SQL of unfinished sign-ins: the password was right, the code is owed. They open no page.

use sqlx::{PgConnection, PgExecutor, PgPool};
use time::OffsetDateTime;

use crate::domain::id::{OrgId, UserId};

/// Who owes a code.
#[derive(Clone, Copy, Debug)]
pub struct Unfinished {
    /// The organization.
    pub org: OrgId,
    /// The person.
    pub user: UserId,
}

/// Notes that somebody owes a code, and forgets what is over.
pub async fn insert(
    db: &mut PgConnection,
    token_hash: &[u8],
    who: Unfinished,
    now: OffsetDateTime,
    ends_at: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!("delete from unfinished_sign_ins where ends_at <= $1", now).execute(&mut *db).await?;
    sqlx::query!(
        "insert into unfinished_sign_ins (token_hash, org_id, user_id, ends_at)
         values ($1, $2, $3, $4)",
        token_hash,
        who.org as OrgId,
        who.user as UserId,
        ends_at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Who owes a code in the browser with this token. It is asked before the organization is known.
pub async fn find(db: &PgPool, token_hash: &[u8], now: OffsetDateTime) -> sqlx::Result<Option<Unfinished>> {
    sqlx::query_as!(
        Unfinished,
        "select org_id as org, user_id as user
         from unfinished_sign_ins
         where token_hash = $1 and ends_at > $2",
        token_hash,
        now,
    )
    .fetch_optional(db)
    .await
}

/// Ends one. False: it was over.
pub async fn end(db: impl PgExecutor<'_>, token_hash: &[u8]) -> sqlx::Result<bool> {
    let done = sqlx::query!("delete from unfinished_sign_ins where token_hash = $1", token_hash).execute(db).await?;
    Ok(done.rows_affected() == 1)
}
