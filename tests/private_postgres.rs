//! The private PostgreSQL, killed in every way.
//!
//! The tests drive [`program`], which runs in a process of its own: this test binary, started again.

#[path = "support/database.rs"]
mod database;

use attain::postgres::pool;
use database::TestDatabase;
use sqlx::ConnectOptions;

#[tokio::test]
async fn each_test_has_a_database_of_its_own() {
    let (one, two) = tokio::join!(TestDatabase::create(), TestDatabase::create());
    sqlx::raw_sql(
        "insert into organizations (name, currency, time_zone, created_at) values ('A', 'EUR', 'UTC', 'epoch')",
    )
    .execute(&one.pool)
    .await
    .unwrap();
    let count = |pool: sqlx::PgPool| async move {
        sqlx::query_scalar!("select count(*) from organizations").fetch_one(&pool).await.unwrap()
    };
    assert_eq!(count(one.pool.clone()).await, Some(1));
    assert_eq!(count(two.pool.clone()).await, Some(0));

    let url = two.pool.connect_options().to_url_lossy();
    let by_address = pool::connect(pool::options_of(url.as_str()).unwrap());
    sqlx::raw_sql(
        "insert into organizations (name, currency, time_zone, created_at) values ('B', 'EUR', 'UTC', 'epoch')",
    )
    .execute(&by_address)
    .await
    .unwrap();
    assert_eq!(count(two.pool.clone()).await, Some(1));
}
