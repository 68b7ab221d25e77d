//! What people do with a letter, with its place in the history: its rep accepts it or asks, others answer.

use serde_json::json;

use super::db::{self, LetterRow};
use crate::{audit, commission_runs::inputs::check_code, postgres::tx::Tx};

/// Notes the yes of a letter's rep, under a name.
pub async fn accepted(tx: &mut Tx, row: &LetterRow, name: &str) -> sqlx::Result<()> {
    db::accept(tx, row.id, row.rep_id, &row.digest, name).await?;
    let detail = json!({ "name": name, "check": check_code(&row.digest) });
    audit::db::record(tx, "letter.accepted", &format!("/plan-letters/{}", row.id), detail).await
}

/// Adds a question of a letter's rep, or an answer of somebody else.
pub async fn asked(tx: &mut Tx, row: &LetterRow, words: &str) -> sqlx::Result<()> {
    db::write(tx, row.id, words).await?;
    let act = if tx.actor == Some(row.rep_id) { "letter.asked" } else { "letter.answered" };
    audit::db::record(tx, act, &format!("/plan-letters/{}", row.id), json!({})).await
}
