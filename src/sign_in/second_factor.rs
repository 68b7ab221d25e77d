//! The second factor of a person: begun, confirmed with a first code, used, and turned off.

use serde_json::json;

use super::{
    key::Key,
    recovery,
    second_factor_db::{self as db, Begun},
};
use crate::{audit, domain::id::UserId, postgres::tx::Tx};

/// What a right code was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Used {
    /// One of the person's app.
    App,
    /// A recovery code.
    Recovery {
        /// How many are left.
        left: i64,
    },
}

/// Uses up a code of the person and notes what came of it. Nothing: it is wrong, or was used before; of two requests with
/// the same code one gets it.
pub async fn use_up(tx: &mut Tx, key: Option<&Key>, user: UserId, typed: &str) -> sqlx::Result<Option<Used>> {
    let used = match recovery::hash(typed) {
        Some(hash) => {
            let left = db::use_recovery_code(tx, user, &hash).await?;
            left.map(|left| Used::Recovery { left })
        }
        None => accept(tx, key, user, typed).await?.then_some(Used::App),
    };
    let act = match used {
        Some(Used::App) => return Ok(used),
        Some(Used::Recovery { .. }) => "user.recovery_code_used",
        None => "user.second_factor_wrong",
    };
    audit::db::record(tx, act, &format!("/users/{user}"), json!({})).await?;
    Ok(used)
}

async fn accept(tx: &mut Tx, key: Option<&Key>, user: UserId, typed: &str) -> sqlx::Result<bool> {
    let Some(secret) = db::secret(tx, key, user).await? else { return Ok(false) };
    let Some(step) = secret.step_of(typed, tx.now) else { return Ok(false) };
    db::accept_step(tx, user, step).await
}

/// Makes the begun second factor count, if this is its code, and gives the person recovery codes, to be shown once.
/// Nothing: the code is wrong, or nothing is begun any more.
pub async fn confirm(tx: &mut Tx, user: UserId, begun: &Begun, typed: &str) -> sqlx::Result<Option<Vec<String>>> {
    let Some(step) = begun.secret.step_of(typed, tx.now) else { return Ok(None) };
    if !db::confirm(tx, user, begun, step).await? {
        return Ok(None);
    }
    audit::db::record(tx, "user.second_factor_on", &format!("/users/{user}"), json!({})).await?;
    let (codes, hashes) = recovery::new();
    db::set_recovery_codes(tx, user, &hashes).await?;
    Ok(Some(codes))
}

/// New recovery codes in place of the old ones, to be shown once. Nothing: no second factor is on.
pub async fn new_recovery_codes(tx: &mut Tx, user: UserId) -> sqlx::Result<Option<Vec<String>>> {
    if !db::lock(tx, user).await? {
        return Ok(None);
    }
    let (codes, hashes) = recovery::new();
    db::set_recovery_codes(tx, user, &hashes).await?;
    audit::db::record(tx, "user.recovery_codes_made", &format!("/users/{user}"), json!({})).await?;
    Ok(Some(codes))
}

/// Turns the person's second factor off. False: there is none.
pub async fn turn_off(tx: &mut Tx, user: UserId) -> sqlx::Result<bool> {
    remove(tx, user, "user.second_factor_off").await
}

/// Takes it off for somebody whose phone is lost, or where the server's key is. False: there is none.
pub async fn take_off(tx: &mut Tx, user: UserId) -> sqlx::Result<bool> {
    remove(tx, user, "user.second_factor_taken_off").await
}

async fn remove(tx: &mut Tx, user: UserId, act: &str) -> sqlx::Result<bool> {
    if !db::delete(tx, user).await? {
        return Ok(false);
    }
    audit::db::record(tx, act, &format!("/users/{user}"), json!({})).await?;
    Ok(true)
}
