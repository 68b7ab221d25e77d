//! The audit log's SQL: one row per act, in the transaction of its effect.

use crate::{domain::id::UserId, postgres::tx::Tx};

/// Notes who did what to which thing. `object` is the thing's page; `detail` holds old and new values and the reason.
pub async fn record(tx: &mut Tx, action: &str, object: &str, detail: serde_json::Value) -> sqlx::Result<()> {
    let (org, actor, now) = (tx.org, tx.actor, tx.now);
    sqlx::query!(
        "insert into audit (org_id, at, user_id, action, object, detail)
         values ($1, $2, $3, $4, $5, $6)",
        org.0,
        now,
        actor as Option<UserId>,
        action,
        object,
        detail,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
