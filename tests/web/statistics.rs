//! How statements are planned: by what the planner knows of tables that are too small for PostgreSQL to look at by itself,
//! and by what is asked for this time.

use attain::{
    domain::access::Role,
    postgres::{statistics, tx},
};
use sqlx::{PgConnection, Row};

use crate::support::TestApp;

async fn plan_mode(db: &mut PgConnection) -> String {
    sqlx::raw_sql("show plan_cache_mode").fetch_one(db).await.unwrap().get(0)
}

#[tokio::test]
async fn a_table_that_is_new_is_looked_at_once() {
    let app = TestApp::new().await;
    let org = app.company("Nordlys").await;
    app.user(org, "Ingrid", &[Role::Rep]).await;
    let missing = statistics::missing(&app.db).await.unwrap();
    for table in ["organizations", "users", "user_roles"] {
        assert!(missing.contains(&table.to_owned()), "{table} is not among {missing:?}");
    }
    statistics::gather_missing(&app.db).await;
    assert_eq!(statistics::missing(&app.db).await.unwrap(), Vec::<String>::new());
}

/// A plan for all questions alike once had the day of a company of a million deals take a quarter of an hour to keep: it
/// came with the sixth question, for everybody's year.
#[tokio::test]
async fn whatever_counts_facts_is_planned_for_what_it_asks() {
    let app = TestApp::new().await;
    let (org, clock) = (app.company("Nordlys").await, app.app.clock);
    assert_eq!(
        plan_mode(&mut app.db.acquire().await.unwrap()).await,
        "auto",
        "which is what PostgreSQL does by itself"
    );
    let anew = "force_custom_plan";
    assert_eq!(plan_mode(&mut tx::read(&app.db, org).await.unwrap()).await, anew);
    assert_eq!(plan_mode(&mut tx::long_read(&app.db, org).await.unwrap()).await, anew);
    assert_eq!(plan_mode(&mut tx::write(&app.db, org, None, clock).await.unwrap()).await, anew);
    let mut run = tx::alone(&app.db, org, None, clock).await.unwrap();
    run.take_time().await.unwrap();
    assert_eq!(plan_mode(&mut run).await, anew);
}
