//! Transactions bound to one organization: a read is one snapshot, a write carries who does it and when.

use std::{
    ops::{Deref, DerefMut},
    time::{Duration, Instant},
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

/// How the writes of an organization stand to each other.
#[derive(Clone, Copy)]
enum Lock {
    /// Beside others of this kind.
    Shared,
    /// Beside nobody.
    Alone,
}

/// Whoever cannot write at once lets the connection go between two tries: the first pause, doubled up to the last.
const PAUSES: [Duration; 2] = [Duration::from_millis(10), Duration::from_millis(160)];

/// Begins one snapshot as the serving role, bound to the organization by row-level security.
pub async fn read(pool: &PgPool, org: OrgId) -> sqlx::Result<Read> {
    begin(pool, &bound(SNAPSHOT, org, LONGEST_STATEMENT)).await.map(Read)
}

/// The same for what every page asks alike: each statement is planned once for all, which may take longer than to answer it.
pub async fn read_alike(pool: &PgPool, org: OrgId) -> sqlx::Result<Read> {
    let statement = bound(SNAPSHOT, org, LONGEST_STATEMENT) + "; " + PLANNED_ONCE;
    begin(pool, &statement).await.map(Read)
}

/// Answers one question of a page by a plan that is made once for all. What the page asks then is planned anew.
pub async fn planned_once<T>(
    db: &mut PgConnection,
    ask: impl AsyncFnOnce(&mut PgConnection) -> sqlx::Result<T>,
) -> sqlx::Result<T> {
    sqlx::raw_sql(PLANNED_ONCE).execute(&mut *db).await?;
    let answer = ask(&mut *db).await?;
    sqlx::raw_sql(PLANNED_ANEW).execute(&mut *db).await?;
    Ok(answer)
}

/// The same for commands that go through all of a company's history: no statement is broken off.
pub async fn long_read(pool: &PgPool, org: OrgId) -> sqlx::Result<Read> {
    begin(pool, &bound(SNAPSHOT, org, Duration::ZERO)).await.map(Read)
}

/// Begins a write as the serving role, bound to the organization by row-level security. It waits while somebody writes
/// [`alone`]; only then is the clock read, so what was written later bears the later instant.
pub async fn write(pool: &PgPool, org: OrgId, actor: Option<UserId>, clock: Clock) -> sqlx::Result<Tx> {
    let inner = in_turn(pool, &bound("begin", org, LONGEST_STATEMENT), org, Lock::Shared).await?;
    Ok(Tx { inner, org, actor, now: clock.now() })
}

/// The same, beside which nobody else writes in the organization: it waits until all others are done, and they wait for
/// it. What is calculated and locked then has seen every fact that was written before.
pub async fn alone(pool: &PgPool, org: OrgId, actor: Option<UserId>, clock: Clock) -> sqlx::Result<Tx> {
    let inner = in_turn(pool, &bound("begin", org, LONGEST_STATEMENT), org, Lock::Alone).await?;
    Ok(Tx { inner, org, actor, now: clock.now() })
}

/// The same for what can wait: nothing where others write for longer than a moment, which would hold up everybody else.
pub async fn alone_soon(pool: &PgPool, org: OrgId, clock: Clock) -> sqlx::Result<Option<Tx>> {
    let mut inner = begin(pool, &bound("begin; set local lock_timeout = '200ms'", org, LONGEST_STATEMENT)).await?;
    match wait(Lock::Alone, &mut inner, org).await {
        Ok(()) => Ok(Some(Tx { inner, org, actor: None, now: clock.now() })),
        Err(error) if waited_in_vain(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Begins a write as the owner of the database, whom neither row-level security nor a time limit binds: imports.
pub async fn write_as_owner(pool: &PgPool, org: OrgId, now: OffsetDateTime) -> sqlx::Result<Tx> {
    let mut inner = pool.begin().await?;
    wait(Lock::Shared, &mut inner, org).await?;
    Ok(Tx { inner, org, actor: None, now })
}

/// The same for an import that a page asks for: a statement is broken off like those of every page, and the clock is
/// read once nobody writes alone.
pub async fn import(pool: &PgPool, org: OrgId, actor: UserId, clock: Clock) -> sqlx::Result<Tx> {
    import_with(Lock::Shared, pool, org, actor, clock).await
}

/// The same, beside which nobody else writes in the organization: an import is taken back.
pub async fn import_alone(pool: &PgPool, org: OrgId, actor: UserId, clock: Clock) -> sqlx::Result<Tx> {
    import_with(Lock::Alone, pool, org, actor, clock).await
}

async fn import_with(lock: Lock, pool: &PgPool, org: OrgId, actor: UserId, clock: Clock) -> sqlx::Result<Tx> {
    let limit = LONGEST_STATEMENT.as_millis();
    let pause = LONGEST_PAUSE.as_millis();
    let statement = format!(
        "begin; set local statement_timeout = {limit}; set local idle_in_transaction_session_timeout = {pause}"
    );
    let inner = in_turn(pool, &statement, org, lock).await?;
    Ok(Tx { inner, org, actor: Some(actor), now: clock.now() })
}

const SNAPSHOT: &str = "begin isolation level repeatable read read only";

/// Statements of pages are planned for one process, because to begin two more takes longer than most pages, and others wait.
const BY_ONE_PROCESS: &str = "; set local max_parallel_workers_per_gather = 0";
/// Whether one person's facts are asked for or everybody's, of a month or of years, makes another plan. Left to itself, after
/// five answers PostgreSQL makes one for all, by which a year of a million deals was compared row by row.
const PLANNED_ANEW: &str = "set local plan_cache_mode = force_custom_plan";
const PLANNED_ONCE: &str = "set local plan_cache_mode = force_generic_plan";

/// What begins a transaction of the serving role in one round trip. Nothing but fixed texts and integers is formatted in. A
/// limit of zero is none, of pauses neither.
fn bound(begin: &str, org: OrgId, limit: Duration) -> String {
    format!(
        "{begin}; set local role attain_app; set local app.org_id = '{}'; set local statement_timeout = {}; \
         set local idle_in_transaction_session_timeout = {}; {PLANNED_ANEW}{}",
        org.0,
        limit.as_millis(),
        if limit.is_zero() { 0 } else { LONGEST_PAUSE.as_millis() },
        if limit.is_zero() { "" } else { BY_ONE_PROCESS },
    )
}

async fn begin(pool: &PgPool, statement: &str) -> sqlx::Result<PgTransaction<'static>> {
    pool.begin_with(AssertSqlSafe(statement.to_owned())).await
}

/// Begins a transaction that has the lock of the organization's writes. Two of them wait for it in the database, in their
/// order; who comes later asks again and again, without a connection meanwhile: however many wait in one organization, the
/// connections stay for all others.
async fn in_turn(pool: &PgPool, statement: &str, org: OrgId, lock: Lock) -> sqlx::Result<PgTransaction<'static>> {
    let since = Instant::now();
    let [mut pause, longest] = PAUSES;
    loop {
        let mut begun = begin(pool, statement).await?;
        if take(lock, &mut begun, org).await? {
            return Ok(begun);
        }
        let is_late = since.elapsed() >= LONGEST_STATEMENT;
        if is_late {
            // So the database says what it says to those who wait there: that it is busy.
            sqlx::raw_sql("set local lock_timeout = '50ms'").execute(&mut *begun).await?;
        }
        if is_late || is_next(&mut begun, org).await? {
            wait(lock, &mut begun, org).await?;
            return Ok(begun);
        }
        begun.rollback().await?;
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(longest);
    }
}

/// Takes the lock of an organization's writes, if nobody is in the way.
async fn take(lock: Lock, begun: &mut PgConnection, org: OrgId) -> sqlx::Result<bool> {
    match lock {
        Lock::Shared => {
            sqlx::query_scalar!(
                r#"select pg_try_advisory_xact_lock_shared(hashtextextended('writes', $1)) as "taken!""#,
                org.0
            )
            .fetch_one(begun)
            .await
        }
        Lock::Alone => {
            sqlx::query_scalar!(
                r#"select pg_try_advisory_xact_lock(hashtextextended('writes', $1)) as "taken!""#,
                org.0
            )
            .fetch_one(begun)
            .await
        }
    }
}

/// Whether this is one of the two transactions of the organization that wait, or have waited, in the database.
async fn is_next(begun: &mut PgConnection, org: OrgId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select case
                      when pg_try_advisory_xact_lock(hashtextextended('first in turn', $1)) then true
                      else pg_try_advisory_xact_lock(hashtextextended('second in turn', $1))
                  end as "next!""#,
        org.0,
    )
    .fetch_one(begun)
    .await
}

/// Waits for the lock of an organization's writes. Not in one go with the beginning: where that is broken off, sqlx knows of no
/// transaction yet, and the connection would go back to the others in the middle of one.
async fn wait(lock: Lock, begun: &mut PgConnection, org: OrgId) -> sqlx::Result<()> {
    let function = match lock {
        Lock::Shared => "pg_advisory_xact_lock_shared",
        Lock::Alone => "pg_advisory_xact_lock",
    };
    let statement = format!("select {function}(hashtextextended('writes', {}))", org.0);
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(begun).await?;
    Ok(())
}

impl Tx {
    /// Gives its statements more time and memory than those of a page: it goes through years of everybody's facts. Most of
    /// them are in memory: as if each were fetched from disk, PostgreSQL reads all there are sooner than it looks up some.
    pub async fn take_time(&mut self) -> sqlx::Result<()> {
        let statement = format!(
            "set local statement_timeout = {}; set local max_parallel_workers_per_gather to default; \
             set local work_mem = '48MB'; set local seq_page_cost = 0.1; set local random_page_cost = 0.1",
            LONGEST_CALCULATION.as_millis(),
        );
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Makes everything written durable, and marks the organization as written: what was drawn before is not shown again.
    ///
    /// Not marked is what is written without a `Tx`, because no kept page shows it: sessions that begin, are used or end, with
    /// browsers, unfinished sign-ins, tries, the hashes of passwords and readable secrets (`sessions`, `sign_in`); and what is forgotten by age
    /// (`receipts`, `imports::before_db`). As whom a session is looked at follows from the session itself.
    pub async fn commit(mut self) -> sqlx::Result<()> {
        // Last of all: the row of the mark is held for the commit only. Others wait for it as long as for any statement,
        // whatever this transaction has waited for before, and no longer than a moment for a program that fell silent.
        let statement = format!(
            "set constraints all immediate; set local lock_timeout = 0; \
             set local idle_in_transaction_session_timeout = '5s'; \
             insert into writes (org_id, mark) values ({}, gen_random_uuid()) \
             on conflict on constraint writes_pkey do update set mark = excluded.mark",
            self.org.0,
        );
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *self.inner).await?;
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
