//! Receipts: which forms have taken effect, and where their first answer led.

use sqlx::types::Uuid;

use super::tx::Tx;

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
