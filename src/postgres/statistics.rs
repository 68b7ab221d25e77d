//! What the planner knows of the tables. PostgreSQL looks at a table by itself a minute after some fifty of its rows have
//! changed, and at a smaller one never. Of a table that nobody has looked at it expects ten pages: asking whose session it
//! is then paired all people with each other.

use std::time::Duration;

use sqlx::{AssertSqlSafe, PgPool};

/// How often the server looks for tables that nobody has looked at.
const EVERY: Duration = Duration::from_mins(5);

/// Looks at all tables: after much was written at once.
pub async fn gather(db: &PgPool) -> sqlx::Result<()> {
    sqlx::raw_sql("analyze").execute(db).await?;
    Ok(())
}

/// The tables that hold something and that nobody has looked at.
pub async fn missing(db: &PgPool) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        r#"select oid::regclass::text as "name!"
           from pg_class
           where relnamespace = 'public'::regnamespace and relkind = 'r' and reltuples < 0 and pg_relation_size(oid) > 0"#
    )
    .fetch_all(db)
    .await
}

/// Looks at these.
pub async fn gather_missing(db: &PgPool) -> sqlx::Result<()> {
    for table in missing(db).await? {
        sqlx::raw_sql(AssertSqlSafe(format!("analyze {table}"))).execute(db).await?;
    }
    Ok(())
}

/// Looks at new tables, for as long as the server runs.
pub async fn keep_known(db: PgPool) {
    loop {
        if let Err(error) = gather_missing(&db).await {
            tracing::warn!("cannot gather statistics of tables: {error}");
        }
        tokio::time::sleep(EVERY).await;
    }
}
