//! The connections to the database, and its schema.

use sqlx::{
    ConnectOptions, Connection, PgConnection, PgPool,
    migrate::{Migrate, MigrateError, Migrator},
    postgres::{PgConnectOptions, PgDatabaseError, PgPoolOptions},
};
use std::{str::FromStr, time::Duration};

use super::error;

/// Every change of the schema, in order.
pub static MIGRATIONS: Migrator = sqlx::migrate!();

/// More connections do not make a database faster; they make it wait for itself.
const MOST_CONNECTIONS: u32 = 8;
/// Whoever waits longer for a connection is told to come back (503) instead of waiting in vain.
const WAIT_FOR_CONNECTION: Duration = Duration::from_secs(2);
/// Over a network that went silent no answer comes, and no end either: a connection that was left in the middle of a
/// request has so long to come back, else its place goes to another one.
const WAIT_FOR_ANSWER: Duration = Duration::from_secs(5);
/// A migration that waits for a table holds up everyone behind it: it gives up, lets them pass and tries again.
/// What is there already is no news.
const SESSION: &str = "set lock_timeout = '3s'; set client_min_messages = 'warning'";
const LOCK_ATTEMPTS: u32 = 20;
const PAUSE_BETWEEN_ATTEMPTS: Duration = Duration::from_secs(1);

/// Why the schema is not what the program needs. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// `DATABASE_URL` cannot be read. Its text may hold a password and is not shown.
    #[error("DATABASE_URL is not the address of a PostgreSQL database (postgres://user:password@host/database): {0}")]
    Address(sqlx::Error),
    /// No connection.
    #[error("cannot reach the database {server}: {source}")]
    Unreachable {
        /// Which one, without its password.
        server: String,
        /// Why not.
        source: sqlx::Error,
    },
    /// The database was used by a newer program.
    #[error("the database has migration {0}, which this program does not know: run the newer program that made it")]
    Newer(i64),
    /// A released migration was edited.
    #[error("migration {0} differs from the one that made this database: run the program that made it")]
    Edited(i64),
    /// A migration failed; it left nothing behind.
    #[error("migration {version} failed and changed nothing: {}", with_hint(.source))]
    Failed {
        /// Which one.
        version: i64,
        /// Why.
        source: sqlx::Error,
    },
    /// Something else.
    #[error("cannot bring the schema up to date: {0}")]
    Other(MigrateError),
}

/// The connections to a database. Returns at once: the first one is made when it is needed, so that the program starts
/// while its database restarts.
pub fn connect(options: PgConnectOptions) -> PgPool {
    let mut pool = PgPoolOptions::new().max_connections(MOST_CONNECTIONS).acquire_timeout(WAIT_FOR_CONNECTION);
    if options.get_socket().is_none() {
        pool = pool.after_release(|connection, _| Box::pin(answers(connection)));
    }
    pool.connect_lazy_with(options)
}

/// The pool asks the same without a limit of time.
async fn answers(connection: &mut PgConnection) -> sqlx::Result<bool> {
    match tokio::time::timeout(WAIT_FOR_ANSWER, connection.ping()).await {
        Ok(answer) => answer.map(|()| true),
        Err(late) => Err(sqlx::Error::Io(late.into())),
    }
}

/// Reads `DATABASE_URL`.
pub fn options_of(database_url: &str) -> Result<PgConnectOptions, SchemaError> {
    let options = PgConnectOptions::from_str(database_url).map_err(SchemaError::Address)?;
    Ok(options.application_name("attain").disable_statement_logging())
}

/// Brings the schema up to date, over a connection of its own: the lock that keeps two programs from migrating at once
/// belongs to the session.
pub async fn migrate(pool: &PgPool) -> Result<(), SchemaError> {
    let options = pool.connect_options();
    let mut connection = options.connect().await.map_err(|source| SchemaError::Unreachable {
        server: format!("{} on {}", options.get_database().unwrap_or_default(), options.get_host()),
        source,
    })?;
    let mut attempt = 1;
    let result = loop {
        match migrate_once(&mut connection).await {
            Err(error) if waited_in_vain(&error) && attempt < LOCK_ATTEMPTS => {
                tracing::info!("somebody works with a table that a migration changes: trying again ({attempt})");
                attempt += 1;
                tokio::time::sleep(PAUSE_BETWEEN_ATTEMPTS).await;
            }
            result => break result,
        }
    };
    // Closing frees the lock, also after a failure.
    let _ = connection.close().await;
    result.map_err(|error| match error {
        MigrateError::VersionMissing(version) => SchemaError::Newer(version),
        MigrateError::VersionMismatch(version) => SchemaError::Edited(version),
        MigrateError::ExecuteMigration(source, version) => SchemaError::Failed { version, source },
        other => SchemaError::Other(other),
    })
}

/// Whether every change of the schema that this program knows was made. A newer program may have made more: it only
/// adds to what its predecessor uses.
pub async fn is_current(pool: &PgPool) -> Result<bool, MigrateError> {
    let mut connection = pool.acquire().await.map_err(MigrateError::Execute)?;
    let applied = connection.list_applied_migrations(&MIGRATIONS.table_name).await?;
    Ok(MIGRATIONS.iter().all(|known| applied.iter().any(|migration| migration.version == known.version)))
}

async fn migrate_once(connection: &mut PgConnection) -> Result<(), MigrateError> {
    sqlx::raw_sql(SESSION).execute(&mut *connection).await?;
    MIGRATIONS.run_direct(None, connection, false).await
}

fn waited_in_vain(error: &MigrateError) -> bool {
    let (MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _)) = error else { return false };
    error::waited_in_vain(source)
}

fn with_hint(error: &sqlx::Error) -> String {
    let hint = error.as_database_error().and_then(|error| error.try_downcast_ref::<PgDatabaseError>()?.hint());
    hint.map_or_else(|| error.to_string(), |hint| format!("{error}; {hint}"))
}
