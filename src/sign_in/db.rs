//! The SQL of signing in: addresses with their password hashes, and the buckets that slow guessing down.

use sqlx::{PgExecutor, PgPool};
use time::OffsetDateTime;

use crate::{
    domain::id::{OrgId, UserId},
    postgres::tx::Tx,
};

/// How somebody signs in.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// The organization.
    pub org: OrgId,
    /// The person.
    pub user: UserId,
    /// The address, lower case.
    pub email: String,
    /// argon2id, as a PHC string.
    pub password_hash: String,
    /// Wrong codes in a row.
    pub failures: i32,
    /// Whether the person may sign in at all, and has not left by today.
    pub active: bool,
    /// Whether a code is asked for after the password.
    pub second_factor: bool,
}

/// Who signs in with this address. It is asked before the organization is known.
pub async fn find(db: &PgPool, email: &str, now: OffsetDateTime) -> sqlx::Result<Option<SignIn>> {
    sqlx::query_as!(
        SignIn,
        r#"select s.org_id as org, s.user_id as user, s.email, s.password_hash, s.failures,
                  u.active and (u.left_on is null or u.left_on > ($2::timestamptz at time zone o.time_zone)::date) as "active!",
                  exists (
                      select from second_factors f
                      where f.org_id = s.org_id and f.user_id = s.user_id and f.confirmed_at is not null
                  ) as "second_factor!"
           from sign_ins s
           join users u on u.org_id = s.org_id and u.id = s.user_id
           join organizations o on o.id = s.org_id
           where s.email = $1"#,
        email,
        now,
    )
    .fetch_optional(db)
    .await
}

/// How this person signs in, if an invitation was accepted.
pub async fn of_user(db: &PgPool, org: OrgId, user: UserId, now: OffsetDateTime) -> sqlx::Result<Option<SignIn>> {
    sqlx::query_as!(
        SignIn,
        r#"select s.org_id as org, s.user_id as user, s.email, s.password_hash, s.failures,
                  u.active and (u.left_on is null or u.left_on > ($3::timestamptz at time zone o.time_zone)::date) as "active!",
                  exists (
                      select from second_factors f
                      where f.org_id = s.org_id and f.user_id = s.user_id and f.confirmed_at is not null
                  ) as "second_factor!"
           from sign_ins s
           join users u on u.org_id = s.org_id and u.id = s.user_id
           join organizations o on o.id = s.org_id
           where s.org_id = $1 and s.user_id = $2"#,
        org as OrgId,
        user as UserId,
        now,
    )
    .fetch_optional(db)
    .await
}

/// Keeps a person's password as it is until the transaction ends, and returns its hash: a session that follows from it is
/// there before somebody ends all sessions, or is not begun.
pub async fn hold(db: impl PgExecutor<'_>, org: OrgId, user: UserId) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        "select password_hash
         from sign_ins
         where org_id = $1 and user_id = $2
         for share",
        org as OrgId,
        user as UserId,
    )
    .fetch_optional(db)
    .await
}

/// Counts a wrong code.
pub async fn note_failure(db: &PgPool, email: &str) -> sqlx::Result<()> {
    sqlx::query!("update sign_ins set failures = failures + 1 where email = $1", email).execute(db).await?;
    Ok(())
}

/// Keeps a password's new hash in place of the one that it was compared with: never of a password that was chosen since.
pub async fn renew_hash(db: &PgPool, email: &str, old: &str, new: &str) -> sqlx::Result<()> {
    sqlx::query!("update sign_ins set password_hash = $3 where email = $1 and password_hash = $2", email, old, new)
        .execute(db)
        .await?;
    Ok(())
}

/// Forgets the wrong codes before the right one.
pub async fn forget_failures(db: &PgPool, email: &str) -> sqlx::Result<()> {
    sqlx::query!("update sign_ins set failures = 0 where email = $1 and failures > 0", email).execute(db).await?;
    Ok(())
}

/// Whether a person has a second factor that counts.
pub async fn has_second_factor(db: impl PgExecutor<'_>, org: OrgId, user: UserId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
               select from second_factors where org_id = $1 and user_id = $2 and confirmed_at is not null
           ) as "on!""#,
        org as OrgId,
        user as UserId,
    )
    .fetch_one(db)
    .await
}

/// Gives a person a password, and with the first one the address to sign in with. An address with which somebody else
/// signs in violates `sign_ins_pkey`.
pub async fn set_password(tx: &mut Tx, user: UserId, email: &str, password_hash: &str) -> sqlx::Result<()> {
    let (org, now) = (tx.org, tx.now);
    sqlx::query!(
        "insert into sign_ins (email, org_id, user_id, password_hash, changed_at)
         values ($1, $2, $3, $4, $5)
         on conflict on constraint sign_ins_user_key do update
         set email = excluded.email, password_hash = excluded.password_hash, failures = 0,
             changed_at = excluded.changed_at",
        email,
        org as OrgId,
        user as UserId,
        password_hash,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Changes the address with which a person signs in, if there is one. A taken one violates `sign_ins_pkey`.
pub async fn set_email(tx: &mut Tx, user: UserId, email: &str) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "update sign_ins
         set email = $3
         where org_id = $1 and user_id = $2",
        org as OrgId,
        user as UserId,
        email,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A bucket of tries: it begins full and fills up steadily.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    /// How many tries it holds.
    pub burst: f64,
    /// How many come back each second.
    pub per_second: f64,
}

/// Takes one try from a bucket; none left: the number of seconds until there is one.
pub async fn take(db: &PgPool, key: &str, bucket: Bucket, now: OffsetDateTime) -> sqlx::Result<Result<(), u32>> {
    let taken = sqlx::query!(
        "insert into throttle as t (key, tokens, filled_at)
         values ($1, $2::double precision - 1, $4)
         on conflict (key) do update
         set tokens = least($2, t.tokens + $3 * greatest(0, extract(epoch from $4 - t.filled_at))::double precision) - 1,
             filled_at = $4
         where least($2, t.tokens + $3 * greatest(0, extract(epoch from $4 - t.filled_at))::double precision) >= 1",
        key,
        bucket.burst,
        bucket.per_second,
        now,
    )
    .execute(db)
    .await?
    .rows_affected();
    if taken == 1 {
        return Ok(Ok(()));
    }
    let wait = sqlx::query_scalar!(
        r#"select ceil((1 - tokens) / $2::double precision
                       - greatest(0, extract(epoch from $3 - filled_at))::double precision)::integer as "wait!"
           from throttle
           where key = $1"#,
        key,
        bucket.per_second,
        now,
    )
    .fetch_optional(db)
    .await?;
    Ok(Err(wait.map_or(1, |seconds| u32::try_from(seconds).unwrap_or(1).max(1))))
}

/// Puts one try back.
pub async fn put_back(db: &PgPool, key: &str, bucket: Bucket) -> sqlx::Result<()> {
    sqlx::query!("update throttle set tokens = least($2, tokens + 1) where key = $1", key, bucket.burst)
        .execute(db)
        .await?;
    Ok(())
}

/// Makes a bucket full again, and forgets all that have become full by themselves.
pub async fn refill(db: &PgPool, key: &str, full_since: OffsetDateTime) -> sqlx::Result<()> {
    sqlx::query!("delete from throttle where key = $1 or filled_at < $2", key, full_since).execute(db).await?;
    Ok(())
}
