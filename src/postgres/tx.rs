//! Transactions bound to one organization: a read is one snapshot, a write carries who does it and when.

use std::{
    ops::{Deref, DerefMut},
    time::Duration,
};

use sqlx::{AssertSqlSafe, PgConnection, PgPool, PgTransaction};
use time::OffsetDateTime;

use crate::{
    clock::Clock,
    domain::id::{OrgId, UserId},
    postgres::error::waited_in_vain,
};

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

/// A statement of a page that takes longer is broken off, and the page answers 503: it would hold a connection that many
/// others wait for.
const LONGEST_STATEMENT: Duration = Duration::from_secs(10);

/// The same where pay is calculated: shorter than the longest request.
const LONGEST_CALCULATION: Duration = Duration::from_secs(50);

/// A transaction that hears nothing from its page for longer is given up by the database: else one whose network went
/// silent would hold what it locked for ever.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Begins one snapshot as the serving role, bound to the organization by row-level security.
pub async fn read(pool: &PgPool, org: OrgId) -> sqlx::Result<Read> {
    begin(pool, SNAPSHOT, org, LONGEST_STATEMENT, None).await.map(Read)
}

/// The same for commands that go through all of a company's history: no statement is broken off.
pub async fn long_read(pool: &PgPool, org: OrgId) -> sqlx::Result<Read> {
    begin(pool, SNAPSHOT, org, Duration::ZERO, None).await.map(Read)
}

/// Begins a write as the serving role, bound to the organization by row-level security. It waits while somebody writes
/// [`alone`]; only then is the clock read, so what was written later bears the later instant.
pub async fn write(pool: &PgPool, org: OrgId, actor: Option<UserId>, clock: Clock) -> sqlx::Result<Tx> {
    let inner = begin(pool, "begin", org, LONGEST_STATEMENT, Some("pg_advisory_xact_lock_shared")).await?;
    Ok(Tx { inner, org, actor, now: clock.now() })
}

/// The same, beside which nobody else writes in the organization: it waits until all others are done, and they wait for
/// it. What is calculated and locked then has seen every fact that was written before.
pub async fn alone(pool: &PgPool, org: OrgId, actor: Option<UserId>, clock: Clock) -> sqlx::Result<Tx> {
    let inner = begin(pool, "begin", org, LONGEST_STATEMENT, Some("pg_advisory_xact_lock")).await?;
    Ok(Tx { inner, org, actor, now: clock.now() })
}

/// The same for what can wait: nothing where others write for longer than a moment, which would hold up everybody else.
pub async fn alone_soon(pool: &PgPool, org: OrgId, clock: Clock) -> sqlx::Result<Option<Tx>> {
    let lock = Some("pg_advisory_xact_lock");
    match begin(pool, "begin; set local lock_timeout = '200ms'", org, LONGEST_STATEMENT, lock).await {
        Ok(inner) => Ok(Some(Tx { inner, org, actor: None, now: clock.now() })),
        Err(error) if waited_in_vain(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Begins a write as the owner of the database, whom neither row-level security nor a time limit binds: imports.
pub async fn write_as_owner(pool: &PgPool, org: OrgId, now: OffsetDateTime) -> sqlx::Result<Tx> {
    let mut inner = pool.begin().await?;
    wait("pg_advisory_xact_lock_shared", &mut inner, org).await?;
    Ok(Tx { inner, org, actor: None, now })
}

/// The same for an import that a page asks for: a statement is broken off like those of every page, and the clock is
/// read once nobody writes alone.
pub async fn import(pool: &PgPool, org: OrgId, actor: UserId, clock: Clock) -> sqlx::Result<Tx> {
    import_with("pg_advisory_xact_lock_shared", pool, org, actor, clock).await
}

/// The same, beside which nobody else writes in the organization: an import is taken back.
pub async fn import_alone(pool: &PgPool, org: OrgId, actor: UserId, clock: Clock) -> sqlx::Result<Tx> {
    import_with("pg_advisory_xact_lock", pool, org, actor, clock).await
}

async fn import_with(lock: &str, pool: &PgPool, org: OrgId, actor: UserId, clock: Clock) -> sqlx::Result<Tx> {
    let limit = LONGEST_STATEMENT.as_millis();
    let pause = LONGEST_PAUSE.as_millis();
    let statement = format!(
        "begin; set local statement_timeout = {limit}; set local idle_in_transaction_session_timeout = {pause}"
    );
    let mut inner = pool.begin_with(AssertSqlSafe(statement)).await?;
    wait(lock, &mut inner, org).await?;
    Ok(Tx { inner, org, actor: Some(actor), now: clock.now() })
}

const SNAPSHOT: &str = "begin isolation level repeatable read read only";

/// How statements of pages are planned: for one process, because to begin two more takes longer than most pages, and others
/// wait; and anew each time, because whether one person's facts are asked for or everybody's makes another plan.
const OF_PAGES: &str =
    "; set local max_parallel_workers_per_gather = 0; set local plan_cache_mode = force_custom_plan";

/// A limit of zero is none, of pauses neither.
async fn begin(
    pool: &PgPool,
    begin: &str,
    org: OrgId,
    limit: Duration,
    lock: Option<&str>,
) -> sqlx::Result<PgTransaction<'static>> {
    // One round trip. Nothing but fixed texts and integers is formatted in.
    let statement = format!(
        "{begin}; set local role attain_app; set local app.org_id = '{}'; set local statement_timeout = {}; \
         set local idle_in_transaction_session_timeout = {}{}",
        org.0,
        limit.as_millis(),
        if limit.is_zero() { 0 } else { LONGEST_PAUSE.as_millis() },
        if limit.is_zero() { "" } else { OF_PAGES },
    );
    let mut begun = pool.begin_with(AssertSqlSafe(statement)).await?;
    if let Some(lock) = lock {
        wait(lock, &mut begun, org).await?;
    }
    Ok(begun)
}

/// Takes the lock of an organization's writes. Not in one go with the beginning: where that is broken off, sqlx knows of no
/// transaction yet, and the connection would go back to the others in the middle of one.
async fn wait(lock: &str, begun: &mut PgConnection, org: OrgId) -> sqlx::Result<()> {
    let statement = format!("select {lock}(hashtextextended('writes', {}))", org.0);
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(begun).await?;
    Ok(())
}

impl Read {
    /// What this snapshot sees, in words: another one of the same words sees the same.
    pub async fn snapshot(&mut self) -> sqlx::Result<String> {
        // A database that was put back in time has been started again.
        sqlx::query_scalar!(
            r#"select concat_ws(' ', pg_current_snapshot(), pg_postmaster_start_time()) as "snapshot!""#
        )
        .fetch_one(&mut *self.0)
        .await
    }
}

impl Tx {
    /// Gives its statements more time than those of a page: it goes through years of everybody's facts.
    pub async fn take_time(&mut self) -> sqlx::Result<()> {
        let limit = LONGEST_CALCULATION.as_millis();
        let statement =
            format!("set local statement_timeout = {limit}; set local max_parallel_workers_per_gather to default");
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *self.inner).await?;
        Ok(())
    }

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
