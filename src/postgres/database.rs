//! The database of a program: the one that is named, or a private one.

use super::{
    embedded::{Private, Settings, StartError},
    pool::{self, SchemaError},
};
use sqlx::{PgPool, postgres::PgConnectOptions};
use std::time::Duration;

/// How long connections may take to say goodbye. One whose network went silent never does.
const MAY_CLOSE_WITHIN: Duration = Duration::from_secs(5);

/// Where the data is.
#[derive(Clone, Debug)]
pub enum Source {
    /// A database that somebody else runs (`DATABASE_URL`).
    Named(Box<PgConnectOptions>),
    /// A private PostgreSQL.
    Private(Settings),
}

/// Why there is no database.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The private PostgreSQL does not start or stop.
    #[error(transparent)]
    Private(#[from] StartError),
    /// The schema is not what the program needs.
    #[error(transparent)]
    Schema(#[from] SchemaError),
}

/// An open database with its schema up to date. Close it at the end.
#[derive(Debug)]
pub struct Database {
    /// Connections as the owner of the schema.
    pub pool: PgPool,
    private: Option<Private>,
}

impl Database {
    /// For a server: there is one on a private PostgreSQL.
    pub async fn serve(source: &Source) -> Result<Self, OpenError> {
        match source {
            Source::Named(options) => Self::open(options.as_ref().clone(), None).await,
            Source::Private(settings) => Self::open_private(Private::start(settings).await?).await,
        }
    }

    /// For a command, which may run beside a server.
    pub async fn command(source: &Source) -> Result<Self, OpenError> {
        match source {
            Source::Named(options) => Self::open(options.as_ref().clone(), None).await,
            Source::Private(settings) => Self::open_private(Private::attach_or_start(settings).await?).await,
        }
    }

    /// Keeps the private PostgreSQL running; never ends. For a server to run beside its work.
    pub async fn keep_running(&mut self) {
        match &mut self.private {
            Some(private) => private.keep_running().await,
            None => std::future::pending().await,
        }
    }

    /// Closes the connections, and stops the private PostgreSQL if nobody else uses it.
    pub async fn close(self) -> Result<(), OpenError> {
        if tokio::time::timeout(MAY_CLOSE_WITHIN, self.pool.close()).await.is_err() {
            tracing::warn!("left connections behind to which the database does not answer");
        }
        match self.private {
            Some(private) => Ok(private.stop().await?),
            None => Ok(()),
        }
    }

    async fn open_private(private: Private) -> Result<Self, OpenError> {
        Self::open(private.connect_options(), Some(private)).await
    }

    async fn open(options: PgConnectOptions, private: Option<Private>) -> Result<Self, OpenError> {
        let database = Self { pool: pool::connect(options), private };
        match pool::migrate(&database.pool).await {
            Ok(()) => Ok(database),
            Err(error) => {
                database.close().await?;
                Err(error.into())
            }
        }
    }
}
