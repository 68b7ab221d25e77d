//! What the planner knows of tables that are too small for PostgreSQL to look at by itself.

use attain::{domain::access::Role, postgres::statistics};

use crate::support::TestApp;

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
