//! What PostgreSQL itself counts of the database: transactions, deadlocks and the time of statements.

use std::time::Duration;

use sqlx::PgPool;

/// A scrape does not wait longer for it.
const PATIENCE: Duration = Duration::from_secs(1);

/// What everybody has done in the database, this program and others, since PostgreSQL began to count.
#[derive(Clone, Copy, Debug)]
pub struct Activity {
    /// Transactions that were committed.
    pub commits: i64,
    /// Transactions that were rolled back: pages that only read are among them.
    pub rollbacks: i64,
    /// Transactions that waited for each other and were broken off.
    pub deadlocks: i64,
    /// How long statements ran, in seconds.
    pub statements: f64,
}

/// Asks for it. Nothing: the database did not answer within a second, or no connection was free.
pub async fn load(db: &PgPool) -> Option<Activity> {
    let asked = sqlx::query_as!(
        Activity,
        r#"select xact_commit as "commits!", xact_rollback as "rollbacks!", deadlocks as "deadlocks!",
                  active_time / 1000 as "statements!"
         from pg_stat_database
         where datname = current_database()"#,
    );
    tokio::time::timeout(PATIENCE, asked.fetch_one(db)).await.ok()?.ok()
}
