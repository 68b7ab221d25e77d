//! The SQL of the audit log's seals, and of the lines that they prove, which pass one by one.

use futures_util::TryStreamExt;
use sqlx::{PgConnection, PgPool};
use time::{OffsetDateTime, PrimitiveDateTime};

use super::chain::{self, Chain, Code, Line};
use crate::{
    domain::id::{OrgId, UserId},
    postgres::tx::Tx,
};

/// A stored seal.
#[derive(Clone, Debug)]
pub struct Seal {
    /// Its number: 1, 2, 3 …
    pub number: i64,
    /// The last line that it proves.
    pub up_to: i64,
    /// How many lines it proves.
    pub rows: i64,
    /// When it was made, as it is hashed.
    pub at: Vec<u8>,
    /// When it was made, in words: `2026-11-19 09:00 UTC`.
    pub sealed_at: String,
    /// What proves it.
    pub digest: Vec<u8>,
}

/// The newest seal of an organization.
pub async fn newest(db: &mut PgConnection, org: OrgId) -> sqlx::Result<Option<Seal>> {
    sqlx::query_as!(
        Seal,
        r#"select number, up_to, rows, timestamptz_send(sealed_at) as "at!",
                  to_char(sealed_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"') as "sealed_at!", digest
           from audit_seals
           where org_id = $1
           order by number desc
           limit 1"#,
        org as OrgId,
    )
    .fetch_optional(db)
    .await
}

/// The seals behind a number, in order; at most so many.
pub async fn behind(db: &mut PgConnection, org: OrgId, number: i64, limit: i64) -> sqlx::Result<Vec<Seal>> {
    sqlx::query_as!(
        Seal,
        r#"select number, up_to, rows, timestamptz_send(sealed_at) as "at!",
                  to_char(sealed_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"') as "sealed_at!", digest
           from audit_seals
           where org_id = $1 and number > $2
           order by number
           limit $3"#,
        org as OrgId,
        number,
        limit,
    )
    .fetch_all(db)
    .await
}

/// The newest seal as its page shows it: the instant is that of the company.
pub struct Shown {
    /// Its number.
    pub number: i64,
    /// When, at the company.
    pub at: PrimitiveDateTime,
    /// The last line that it proves.
    pub up_to: i64,
    /// What proves it.
    pub digest: Vec<u8>,
}

impl Shown {
    /// The seal as it is kept elsewhere.
    pub fn code(&self) -> String {
        format!("{}:{}", self.number, chain::hex(&self.digest))
    }
}

/// The newest seal, for people.
pub async fn shown(db: &mut PgConnection, org: OrgId, time_zone: &str) -> sqlx::Result<Option<Shown>> {
    sqlx::query_as!(
        Shown,
        r#"select number, sealed_at at time zone $2 as "at!", up_to, digest
           from audit_seals
           where org_id = $1
           order by number desc
           limit 1"#,
        org as OrgId,
        time_zone,
    )
    .fetch_optional(db)
    .await
}

/// The last line of the log.
pub async fn last_line(db: &mut PgConnection, org: OrgId) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!("select max(id) from audit where org_id = $1", org as OrgId).fetch_one(db).await
}

/// How many lines stand behind one.
pub async fn count_behind(db: &mut PgConnection, org: OrgId, line: i64) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select count(*) as "count!" from audit where org_id = $1 and id > $2"#, org as OrgId, line)
        .fetch_one(db)
        .await
}

/// Adds the lines behind `from` up to `up_to` to a chain, in order.
pub async fn add_lines(
    db: &mut PgConnection,
    org: OrgId,
    from: i64,
    up_to: i64,
    chain: &mut Chain,
) -> sqlx::Result<()> {
    let mut lines = sqlx::query!(
        r#"select id, timestamptz_send(at) as "at!", user_id, action, object, detail::text as "detail!"
           from audit
           where org_id = $1 and id > $2 and id <= $3
           order by id"#,
        org as OrgId,
        from,
        up_to,
    )
    .fetch(db);
    while let Some(line) = lines.try_next().await? {
        let user: Option<UserId> = line.user_id;
        chain.add(&Line {
            id: line.id,
            at: &line.at,
            user,
            action: &line.action,
            object: &line.object,
            detail: &line.detail,
        });
    }
    Ok(())
}

/// A seal to store.
pub struct NewSeal {
    /// Its number: the next.
    pub number: i64,
    /// The last line that it proves.
    pub up_to: i64,
    /// How many lines it proves.
    pub rows: i64,
    /// When it is made.
    pub sealed_at: OffsetDateTime,
    /// What proves it.
    pub digest: Code,
}

/// Stores a seal. False: somebody else was faster, and this one stands on nothing.
pub async fn insert(tx: &mut Tx, seal: &NewSeal) -> sqlx::Result<bool> {
    let org = tx.org;
    let done = sqlx::query!(
        "insert into audit_seals (org_id, number, up_to, rows, sealed_at, digest)
         values ($1, $2, $3, $4, $5, $6)
         on conflict do nothing",
        org as OrgId,
        seal.number,
        seal.up_to,
        seal.rows,
        seal.sealed_at,
        seal.digest.as_slice(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The organizations with lines that no seal proves, and whose newest seal is no younger than an instant, or many lines
/// away. Asked as the owner of the database.
pub async fn due(db: &PgPool, before: OffsetDateTime, many: i64) -> sqlx::Result<Vec<OrgId>> {
    sqlx::query_scalar!(
        "select o.id
         from organizations o
         cross join lateral (select max(a.id) as last from audit a where a.org_id = o.id) l
         left join lateral (
             select s.up_to, s.sealed_at
             from audit_seals s
             where s.org_id = o.id
             order by s.number desc
             limit 1
         ) s on true
         where l.last is not null
           and (s.up_to is null or l.last > s.up_to and (s.sealed_at <= $1 or l.last - s.up_to > $2))
         order by o.id",
        before,
        many,
    )
    .fetch_all(db)
    .await
}
