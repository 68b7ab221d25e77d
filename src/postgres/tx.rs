//! Transactions bound to one organization: a read is one snapshot, a write carries who does it and when.

use std::ops::{Deref, DerefMut};

use sqlx::{AssertSqlSafe, PgConnection, PgPool, PgTransaction};
use time::OffsetDateTime;

use crate::domain::id::{OrgId, UserId};

/// A read-only snapshot of one organization, for one page.
pub struct Read(PgTransaction<'static>);

/// A write transaction of one organization. Every function that writes takes `&mut Tx`, so audit and effect commit
/// together; dropped without [`Tx::commit`], nothing has happened.
pub struct Tx {
    inner: PgTransaction<'static>,
    /// The organization that every query of this transaction names.
    pub org: OrgId,
    /// Who writes; nobody for the command line.
    pub actor: Option<UserId>,
    /// The instant of the write.
    pub now: OffsetDateTime,
}

/// Begins one snapshot as the serving role, bound to the organization by row-level security.
pub async fn read(pool: &PgPool, org: OrgId) -> sqlx::Result<Read> {
    begin(pool, "begin isolation level repeatable read read only", org).await.map(Read)
}

/// Begins a write as the serving role, bound to the organization by row-level security.
pub async fn write(pool: &PgPool, org: OrgId, actor: Option<UserId>, now: OffsetDateTime) -> sqlx::Result<Tx> {
    Ok(Tx { inner: begin(pool, "begin", org).await?, org, actor, now })
}

/// Begins a write as the owner of the database, whom row-level security does not bind: imports, `db verify`.
pub async fn write_as_owner(pool: &PgPool, org: OrgId, now: OffsetDateTime) -> sqlx::Result<Tx> {
    Ok(Tx { inner: pool.begin().await?, org, actor: None, now })
}

async fn begin(pool: &PgPool, begin: &str, org: OrgId) -> sqlx::Result<PgTransaction<'static>> {
    // One round trip. Nothing but a fixed text and an integer is formatted in.
    let statement = format!("{begin}; set local role attain_app; set local app.org_id = '{}'", org.0);
    pool.begin_with(AssertSqlSafe(statement)).await
}

impl Tx {
    /// Makes everything written durable.
    pub async fn commit(self) -> sqlx::Result<()> {
        self.inner.commit().await
    }
}

impl Deref for Read {
    type Target = PgConnection;
    fn deref(&self) -> &PgConnection {
        &self.0
    }
}
impl DerefMut for Read {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.0
    }
}
impl Deref for Tx {
    type Target = PgConnection;
    fn deref(&self) -> &PgConnection {
        &self.inner
    }
}
impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.inner
    }
}
