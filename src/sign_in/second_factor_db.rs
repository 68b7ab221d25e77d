//! The SQL of second factors: encrypted secrets with the last accepted step, and recovery codes as hashes.

use sqlx::PgConnection;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

use super::{
    key::{DoesNotFit, Key},
    totp::Secret,
};
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
pub async fn begin(tx: &mut Tx, key: &Key, user: UserId, secret: &Secret) -> sqlx::Result<bool> {
    let (org, now) = (tx.org, tx.now);
    let sealed = key.seal(org, user, secret.bytes()).map_err(unreadable)?;
    let done = sqlx::query!(
        "insert into second_factors as f (org_id, user_id, sealed, begun_at)
         values ($1, $2, $3, $4)
         on conflict on constraint second_factors_pkey do update
         set sealed = excluded.sealed, secret = null, begun_at = excluded.begun_at
         where f.confirmed_at is null",
        org as OrgId,
        user as UserId,
        sealed,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A second factor that waits for its first code.
pub struct Begun {
    /// What is shown.
    pub secret: Secret,
    /// How it is stored: begun anew it is another one.
    stored: Vec<u8>,
}

/// The one that the person has begun a short time ago, and that the key opens.
pub async fn begun(
    db: &mut PgConnection,
    key: Option<&Key>,
    org: OrgId,
    user: UserId,
    now: OffsetDateTime,
) -> sqlx::Result<Option<Begun>> {
    let found = sqlx::query!(
        r#"select coalesce(sealed, secret) as "stored!", sealed is not null as "is_sealed!"
           from second_factors
           where org_id = $1 and user_id = $2 and confirmed_at is null and begun_at > $3"#,
        org as OrgId,
        user as UserId,
        now - CONFIRM_WITHIN,
    )
    .fetch_optional(db)
    .await?;
    let Some(row) = found else { return Ok(None) };
    // Of a key that was changed meanwhile: it is begun anew.
    let secret = read(key, row.is_sealed, org, user, &row.stored).ok();
    Ok(secret.map(|secret| Begun { secret, stored: row.stored }))
}

/// Makes the begun one count from the code of this step on. False: it is not begun any more.
pub async fn confirm(tx: &mut Tx, user: UserId, begun: &Begun, step: i64) -> sqlx::Result<bool> {
    let (org, now) = (tx.org, tx.now);
    let done = sqlx::query!(
        "update second_factors
         set confirmed_at = $5, last_step = $4
         where org_id = $1 and user_id = $2 and coalesce(sealed, secret) = $3 and confirmed_at is null",
        org as OrgId,
        user as UserId,
        begun.stored,
        step,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The secret from which the person's codes follow, if a second factor is on.
pub async fn secret(tx: &mut Tx, key: Option<&Key>, user: UserId) -> sqlx::Result<Option<Secret>> {
    let org = tx.org;
    let found = sqlx::query!(
        r#"select coalesce(sealed, secret) as "stored!", sealed is not null as "is_sealed!"
           from second_factors
           where org_id = $1 and user_id = $2 and confirmed_at is not null"#,
        org as OrgId,
        user as UserId,
    )
    .fetch_optional(&mut **tx)
    .await?;
    found.map(|row| read(key, row.is_sealed, org, user, &row.stored)).transpose()
}

/// Reads a secret. Where no server has started with a key yet it is stored as it is, and counts as that; a start with one
/// leaves none that is readable, so whoever puts one there afterwards opens no door.
fn read(key: Option<&Key>, is_sealed: bool, org: OrgId, user: UserId, stored: &[u8]) -> sqlx::Result<Secret> {
    let bytes = match (key, is_sealed) {
        (Some(key), true) => key.open(org, user, stored).map_err(unreadable)?,
        (None, false) => stored.to_vec(),
        (Some(_), false) | (None, true) => return Err(unreadable(DoesNotFit)),
    };
    Secret::stored(&bytes).ok_or_else(|| unreadable(DoesNotFit))
}

/// To the page it is like any other value that cannot be read: our fault, and the log says what it is.
fn unreadable(error: DoesNotFit) -> sqlx::Error {
    sqlx::Error::Decode(error.into())
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

/// A secret as it is stored, and whose it is.
pub struct Stored {
    /// The organization.
    pub org_id: OrgId,
    /// The person.
    pub user_id: UserId,
    /// The secret, readable or not.
    pub bytes: Vec<u8>,
}

/// The encrypted secrets of everybody's second factors that are on; nobody else changes them until the transaction ends.
pub async fn sealed(owner: &mut PgConnection) -> sqlx::Result<Vec<Stored>> {
    sqlx::query_as!(
        Stored,
        r#"select org_id, user_id, sealed as "bytes!"
           from second_factors
           where sealed is not null and confirmed_at is not null
           order by org_id, user_id
           for update"#,
    )
    .fetch_all(owner)
    .await
}

/// The secrets that are stored readable yet, of everybody; nobody else changes them until the transaction ends.
pub async fn readable(owner: &mut PgConnection) -> sqlx::Result<Vec<Stored>> {
    sqlx::query_as!(
        Stored,
        r#"select org_id, user_id, secret as "bytes!"
           from second_factors
           where secret is not null
           order by org_id, user_id
           for update"#,
    )
    .fetch_all(owner)
    .await
}

/// Stores these secrets encrypted, and not readable any more.
pub async fn seal(owner: &mut PgConnection, sealed: &[Stored]) -> sqlx::Result<()> {
    let orgs: Vec<i64> = sealed.iter().map(|one| one.org_id.0).collect();
    let users: Vec<i64> = sealed.iter().map(|one| one.user_id.0).collect();
    let bytes: Vec<Vec<u8>> = sealed.iter().map(|one| one.bytes.clone()).collect();
    sqlx::query!(
        "update second_factors f
         set sealed = s.bytes, secret = null
         from unnest($1::bigint[], $2::bigint[], $3::bytea[]) s (org_id, user_id, bytes)
         where f.org_id = s.org_id and f.user_id = s.user_id",
        &orgs,
        &users,
        &bytes,
    )
    .execute(owner)
    .await?;
    Ok(())
}

/// How many companies require second factors.
pub async fn requiring(owner: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select count(*) as "number!" from organizations where second_factor_required"#)
        .fetch_one(owner)
        .await
}

/// Who of a company has a second factor, or has begun one.
pub async fn everybody(owner: &mut Tx) -> sqlx::Result<Vec<UserId>> {
    let org = owner.org;
    sqlx::query_scalar!("select user_id from second_factors where org_id = $1 order by user_id", org as OrgId)
        .fetch_all(&mut **owner)
        .await
}
