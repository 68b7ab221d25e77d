//! The SQL of second factors: secrets with the last accepted step, and recovery codes as hashes.

use sqlx::PgConnection;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

use super::totp::Secret;
use crate::{
    domain::id::{OrgId, UserId},
    postgres::tx::Tx,
};

/// So long a begun second factor waits for its first code.
const CONFIRM_WITHIN: Duration = Duration::minutes(15);

/// A second factor that counts, as its person sees it.
#[derive(Clone, Debug)]
pub struct Status {
    /// Since when, at the company.
    pub since: PrimitiveDateTime,
    /// How many recovery codes are left.
    pub codes: i64,
}

/// The person's second factor, if it is on.
pub async fn status(db: &mut PgConnection, org: OrgId, user: UserId) -> sqlx::Result<Option<Status>> {
    sqlx::query_as!(
        Status,
        r#"select f.confirmed_at at time zone o.time_zone as "since!",
                  (select count(*)
                   from recovery_codes c
                   where c.org_id = f.org_id and c.user_id = f.user_id and c.used_at is null) as "codes!"
           from second_factors f
           join organizations o on o.id = f.org_id
           where f.org_id = $1 and f.user_id = $2 and f.confirmed_at is not null"#,
        org as OrgId,
        user as UserId,
    )
    .fetch_optional(db)
    .await
}

/// Begins one with this secret, in place of one that was begun and not confirmed. False: one is on.
pub async fn begin(tx: &mut Tx, user: UserId, secret: &Secret) -> sqlx::Result<bool> {
    let (org, now) = (tx.org, tx.now);
    let done = sqlx::query!(
        "insert into second_factors as f (org_id, user_id, secret, begun_at)
         values ($1, $2, $3, $4)
         on conflict on constraint second_factors_pkey do update
         set secret = excluded.secret, begun_at = excluded.begun_at
         where f.confirmed_at is null",
        org as OrgId,
        user as UserId,
        secret.bytes(),
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The secret that was begun a short time ago and waits for its first code.
pub async fn begun(
    db: &mut PgConnection,
    org: OrgId,
    user: UserId,
    now: OffsetDateTime,
) -> sqlx::Result<Option<Secret>> {
    let stored = sqlx::query_scalar!(
        "select secret
         from second_factors
         where org_id = $1 and user_id = $2 and confirmed_at is null and begun_at > $3",
        org as OrgId,
        user as UserId,
        now - CONFIRM_WITHIN,
    )
    .fetch_optional(db)
    .await?;
    Ok(stored.as_deref().and_then(Secret::stored))
}

/// Makes the begun one count from the code of this step on. False: it is not begun any more.
pub async fn confirm(tx: &mut Tx, user: UserId, secret: &Secret, step: i64) -> sqlx::Result<bool> {
    let (org, now) = (tx.org, tx.now);
    let done = sqlx::query!(
        "update second_factors
         set confirmed_at = $5, last_step = $4
         where org_id = $1 and user_id = $2 and secret = $3 and confirmed_at is null",
        org as OrgId,
        user as UserId,
        secret.bytes(),
        step,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The secret from which the person's codes follow, if a second factor is on.
pub async fn secret(tx: &mut Tx, user: UserId) -> sqlx::Result<Option<Secret>> {
    let org = tx.org;
    let stored = sqlx::query_scalar!(
        "select secret
         from second_factors
         where org_id = $1 and user_id = $2 and confirmed_at is not null",
        org as OrgId,
        user as UserId,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(stored.as_deref().and_then(Secret::stored))
}

/// Accepts a code's step. False: this one or a later one was accepted before. The row is locked until the transaction
/// ends, so a second request with the same code waits, and then finds it used.
pub async fn accept_step(tx: &mut Tx, user: UserId, step: i64) -> sqlx::Result<bool> {
    let org = tx.org;
    let done = sqlx::query!(
        "update second_factors
         set last_step = $3
         where org_id = $1 and user_id = $2 and confirmed_at is not null and last_step < $3",
        org as OrgId,
        user as UserId,
        step,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Lets nobody else change the person's second factor until the transaction ends. False: none is on.
pub async fn lock(tx: &mut Tx, user: UserId) -> sqlx::Result<bool> {
    let org = tx.org;
    let row = sqlx::query_scalar!(
        "select last_step
         from second_factors
         where org_id = $1 and user_id = $2 and confirmed_at is not null
         for update",
        org as OrgId,
        user as UserId,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.is_some())
}

/// Replaces the person's recovery codes. Whoever calls it holds the second factor's row, or two sets would stand side by side.
pub async fn set_recovery_codes(tx: &mut Tx, user: UserId, hashes: &[[u8; 32]]) -> sqlx::Result<()> {
    let org = tx.org;
    let hashes: Vec<Vec<u8>> = hashes.iter().map(|hash| hash.to_vec()).collect();
    sqlx::query!("delete from recovery_codes where org_id = $1 and user_id = $2", org as OrgId, user as UserId)
        .execute(&mut **tx)
        .await?;
    sqlx::query!(
        "insert into recovery_codes (org_id, user_id, code_hash)
         select $1, $2, unnest($3::bytea[])",
        org as OrgId,
        user as UserId,
        &hashes,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Uses up a recovery code: how many are left. Nothing: there is no such code, or it was used before.
pub async fn use_recovery_code(tx: &mut Tx, user: UserId, hash: &[u8]) -> sqlx::Result<Option<i64>> {
    let (org, now) = (tx.org, tx.now);
    let used = sqlx::query!(
        "update recovery_codes
         set used_at = $4
         where org_id = $1 and user_id = $2 and code_hash = $3 and used_at is null",
        org as OrgId,
        user as UserId,
        hash,
        now,
    )
    .execute(&mut **tx)
    .await?;
    if used.rows_affected() == 0 {
        return Ok(None);
    }
    let left = sqlx::query_scalar!(
        r#"select count(*) as "left!"
           from recovery_codes
           where org_id = $1 and user_id = $2 and used_at is null"#,
        org as OrgId,
        user as UserId,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(Some(left))
}

/// Takes the person's second factor away, recovery codes and all; also one that was begun only. False: none was on.
pub async fn delete(tx: &mut Tx, user: UserId) -> sqlx::Result<bool> {
    let org = tx.org;
    let was_on = sqlx::query_scalar!(
        r#"delete from second_factors
           where org_id = $1 and user_id = $2
           returning confirmed_at is not null as "was_on!""#,
        org as OrgId,
        user as UserId,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(was_on == Some(true))
}
