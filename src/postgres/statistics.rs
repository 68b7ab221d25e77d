//! What the planner knows of the tables. PostgreSQL looks at a table by itself a minute after some fifty of its rows have
//! changed, and at a smaller one never. Of a table that nobody has looked at it expects ten pages: asking whose session it
//! is then paired all people with each other.

use std::time::Duration;

use sqlx::{AssertSqlSafe, PgPool};

/// How often the server looks for tables that nobody has looked at.
const EVERY: Duration = Duration::from_mins(5);

/// Looks at all tables that hold something: after much was written at once.
pub async fn gather(db: &PgPool) {
    look_at(db, holding_something(db, true).await).await;
}

/// Looks at the tables that hold something and that nobody has looked at.
pub async fn gather_missing(db: &PgPool) {
    look_at(db, missing(db).await).await;
}

/// Looks at new tables, for as long as the server runs.
pub async fn keep_known(db: PgPool) {
    loop {
        gather_missing(&db).await;
        tokio::time::sleep(EVERY).await;
    }
}

/// The tables that hold something and that nobody has looked at.
pub async fn missing(db: &PgPool) -> sqlx::Result<Vec<String>> {
    holding_something(db, false).await
}

/// The tables that hold something, also those `known`.
async fn holding_something(db: &PgPool, known: bool) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        r#"select oid::regclass::text as "name!"
           from pg_class
           where relnamespace = 'public'::regnamespace and relkind = 'r' and pg_relation_size(oid) > 0
             and ($1 or reltuples < 0)"#,
        known,
    )
    .fetch_all(db)
    .await
}

/// Looks at these, but for what somebody else holds. What fails is logged: nothing is wrong without it, only slow.
async fn look_at(db: &PgPool, tables: sqlx::Result<Vec<String>>) {
    let tables = tables.unwrap_or_else(|error| {
        tracing::warn!("cannot tell which tables lack statistics: {error}");
        vec![]
    });
    for table in tables {
        if let Err(error) = sqlx::raw_sql(AssertSqlSafe(format!("analyze (skip_locked) {table}"))).execute(db).await {
            tracing::warn!("cannot gather statistics of {table}: {error}");
        }
    }
}
