//! Receipts: which forms have taken effect, and where their first answer led.

use std::time::Duration;

use sqlx::{PgPool, types::Uuid};
use time::OffsetDateTime;

use super::tx::Tx;
use crate::clock::Clock;

/// So long a form may be sent again: nobody leaves a page open for longer and means it.
const KEPT: time::Duration = time::Duration::days(30);
/// How often the server looks for older ones.
const EVERY: Duration = Duration::from_hours(24);
/// How many are forgotten at once: nobody waits behind so few.
const AT_ONCE: i64 = 5_000;

/// What is known of a form's key.
pub enum Claim {
    /// It is new, and now this transaction's.
    New,
    /// The same person sent the same form before: where the first answer led.
    Again(String),
    /// The key was used for other data or by somebody else.
    Reused,
}

/// Claims a key. A twin that is still at work holds this back until it commits or fails.
pub async fn claim(tx: &mut Tx, key: Uuid, hash: &[u8]) -> sqlx::Result<Claim> {
    let (org, actor, now) = (tx.org, tx.actor.map(|user| user.0), tx.now);
    let claimed = sqlx::query!(
        "insert into receipts (org_id, token, user_id, request_hash, location, at)
         values ($1, $2, $3, $4, '', $5)
         on conflict do nothing",
        org.0,
        key,
        actor,
        hash,
        now,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    if claimed == 1 {
        return Ok(Claim::New);
    }
    let first = sqlx::query!(
        "select user_id, request_hash, location
         from receipts
         where org_id = $1 and token = $2",
        org.0,
        key,
    )
    .fetch_one(&mut **tx)
    .await?;
    let same = Some(first.user_id.0) == actor && first.request_hash == hash;
    Ok(if same { Claim::Again(first.location) } else { Claim::Reused })
}

/// Notes where the answer leads.
pub async fn settle(tx: &mut Tx, key: Uuid, location: &str) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "update receipts
         set location = $3
         where org_id = $1 and token = $2",
        org.0,
        key,
        location,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Forgets receipts that are older than a form may be, once a day, for as long as the server runs.
pub async fn keep_tidy(db: PgPool, clock: Clock) {
    loop {
        match forget_old(&db, clock.now()).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "forgot receipts of forms that were sent more than 30 days ago"),
            Err(error) => tracing::warn!("cannot forget old receipts: {error}"),
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Forgets those of all organizations, as the owner of the database: no page takes a receipt away. Returns how many they were.
pub async fn forget_old(db: &PgPool, now: OffsetDateTime) -> sqlx::Result<u64> {
    let mut forgotten = 0;
    loop {
        let some = sqlx::query!(
            "delete from receipts r
             using (select org_id, token from receipts where at < $1 order by at limit $2) old
             where r.org_id = old.org_id and r.token = old.token",
            now - KEPT,
            AT_ONCE,
        )
        .execute(db)
        .await?
        .rows_affected();
        if some == 0 {
            return Ok(forgotten);
        }
        forgotten += some;
    }
}
