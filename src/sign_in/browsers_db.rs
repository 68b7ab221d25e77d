//! The SQL of known browsers: in which somebody has signed in before.

use sqlx::PgExecutor;
use time::OffsetDateTime;

use crate::domain::id::{OrgId, UserId};

/// Whether whoever signs in with this address has done so before in the browser with this mark.
pub async fn is_known(db: impl PgExecutor<'_>, email: &str, mark_hash: &[u8]) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
               select from sign_ins s
               join known_browsers b on b.org_id = s.org_id and b.user_id = s.user_id
               where s.email = $1 and b.mark_hash = $2
           ) as "known!""#,
        email,
        mark_hash,
    )
    .fetch_one(db)
    .await
}

/// Notes that a person signs in here, and forgets where that was long ago.
pub async fn remember(
    db: impl PgExecutor<'_>,
    org: OrgId,
    user: UserId,
    mark_hash: &[u8],
    now: OffsetDateTime,
    forget_before: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "with forgotten as (
             delete from known_browsers
             where org_id = $1 and user_id = $2 and seen_at < $5 and mark_hash <> $3
         )
         insert into known_browsers (org_id, user_id, mark_hash, seen_at)
         values ($1, $2, $3, $4)
         on conflict on constraint known_browsers_pkey do update
         set seen_at = excluded.seen_at",
        org as OrgId,
        user as UserId,
        mark_hash,
        now,
        forget_before,
    )
    .execute(db)
    .await?;
    Ok(())
}
