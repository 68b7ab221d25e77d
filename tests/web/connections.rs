//! Nobody takes the database's connections from others: neither who waits for a lock, nor who downloads slowly.

use std::time::{Duration, Instant};

use attain::{domain::access::Role, postgres::tx};
use axum::{
    body::{Body, Bytes},
    http::{Request, header},
};
use futures_util::{Stream, StreamExt};
use tower::ServiceExt;

use crate::support::{Client, TestApp, User};

/// Connections in use.
fn used(app: &TestApp) -> usize {
    usize::try_from(app.db.size()).unwrap() - app.db.num_idle()
}

#[tokio::test]
async fn one_companys_lock_leaves_connections_for_others() {
    let app = TestApp::new().await;
    let (org, other) = (app.company("Nordlys").await, app.company("Sørlys").await);
    let (rep, neighbour) = (app.user(org, "Ingrid", &[Role::Rep]).await, app.user(other, "Olga", &[Role::Rep]).await);
    let alone = tx::alone(&app.db, org, None, app.app.clock).await.unwrap();
    let mut posts = vec![];
    for _ in 0..12 {
        let mut browser = app.client(rep).await;
        posts.push(tokio::spawn(async move { browser.post("/profile/formats", &[("locale", "company")]).await }));
    }
    app.until_waiting(2).await;
    let mut neighbour = app.client(neighbour).await;
    for _ in 0..10 {
        let since = Instant::now();
        neighbour.get("/profile").await.expect(200);
        neighbour.post("/profile/formats", &[("locale", "company")]).await.expect(303);
        assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
    }
    assert!(posts.iter().all(|post| !post.is_finished()), "they wait for their turn");
    drop(alone);
    for post in posts {
        post.await.unwrap().expect(303);
    }
    let kept = sqlx::query_scalar!(r#"select count(*) as "count!" from receipts where org_id = $1"#, org.0);
    assert_eq!(kept.fetch_one(&app.db).await.unwrap(), 12, "all that were sent");
}

#[tokio::test]
async fn whoever_writes_alone_gets_a_turn_among_many() {
    let app = TestApp::new().await;
    let org = app.company("Nordlys").await;
    let mut alone = vec![];
    for number in 0..20 {
        let (db, clock) = (app.db.clone(), app.app.clock);
        alone.push(tokio::spawn(async move {
            let tx = if number % 2 == 0 {
                tx::alone(&db, org, None, clock).await.unwrap()
            } else {
                tx::write(&db, org, None, clock).await.unwrap()
            };
            tokio::time::sleep(Duration::from_millis(20)).await;
            tx.commit().await.unwrap();
        }));
    }
    for one in alone {
        tokio::time::timeout(Duration::from_secs(20), one).await.expect("all get their turn").unwrap();
    }
}

/// Asks for a file and takes nothing of it yet.
async fn begin(app: &TestApp, browser: &Client, path: &str) -> impl Stream<Item = Result<Bytes, axum::Error>> + Unpin {
    let request = Request::get(path).header(header::COOKIE, format!("session={}", browser.token()));
    let answer = attain::router(app.app.clone()).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.into_body().into_data_stream()
}

async fn audited(app: &TestApp, who: User) -> Vec<(String, String, serde_json::Value)> {
    let rows = sqlx::query!("select action, object, detail from audit where user_id = $1 order by id", who.id.0);
    let rows = rows.fetch_all(&app.db).await.unwrap();
    rows.into_iter().map(|row| (row.action, row.object, row.detail)).collect()
}

#[tokio::test]
async fn a_long_file_comes_in_parts_and_holds_no_connection_between_them() {
    let app = TestApp::new().await;
    let org = app.company("Nordlys").await;
    let admin = app.user(org, "Astrid", &[Role::Admin]).await;
    sqlx::query!(
        "insert into customers (org_id, name, external_id, created_on, recorded_at)
         select $1, 'Customer ' || n, 'C' || n, '2026-01-01', $2
         from generate_series(1, 4500) n",
        org.0,
        app.now(),
    )
    .execute(&app.db)
    .await
    .unwrap();
    let browser = app.client(admin).await;
    let mut file = begin(&app, &browser, "/customers.csv?q=Customer").await;
    // Who takes it is noted before the first byte.
    let detail = serde_json::json!({ "file": "/customers.csv?q=Customer", "rows": 4500 });
    assert_eq!(audited(&app, admin).await, [("customer.exported".to_owned(), "/customers".to_owned(), detail)]);
    let (mut parts, mut bytes) = (0, vec![]);
    while let Some(part) = file.next().await {
        let part = part.unwrap();
        assert!(part.len() < 500_000, "{} bytes at once", part.len());
        bytes.extend_from_slice(&part);
        parts += 1;
        // However long the browser takes for the next one.
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(used(&app), 0);
    }
    assert_eq!(parts, 3);
    let file = String::from_utf8(bytes).unwrap();
    assert_eq!(file.lines().count(), 4501);
    let ids: std::collections::BTreeSet<&str> = file.lines().filter_map(|line| line.split(',').next()).collect();
    assert_eq!(ids.len(), 4501, "each customer once, and the heads");

    // Many who begin and read on slowly are in nobody's way.
    let mut slow = vec![];
    for _ in 0..12 {
        slow.push(begin(&app, &browser, "/customers.csv").await);
    }
    tokio::time::sleep(Duration::from_millis(200)).await; // a transaction ends a moment after it was let go
    assert_eq!(used(&app), 0);
    app.client(admin).await.get("/users").await.expect(200);
    let log = app.client(admin).await.get("/audit?act=customer.exported").await.expect(200).words();
    assert!(
        log.contains("Astrid downloaded the list of customers") && log.contains("/customers.csv?q=Customer"),
        "{log}"
    );
    assert!(log.contains("4,500"), "{log}");
}

#[tokio::test]
async fn a_download_that_goes_wrong_breaks_off() {
    let app = TestApp::new().await;
    let org = app.company("Nordlys").await;
    let admin = app.user(org, "Astrid", &[Role::Admin]).await;
    sqlx::query!(
        "insert into customers (org_id, name, created_on, recorded_at)
         select $1, 'Customer ' || n, '2026-01-01', $2
         from generate_series(1, 2500) n",
        org.0,
        app.now(),
    )
    .execute(&app.db)
    .await
    .unwrap();
    let browser = app.client(admin).await;
    let mut file = begin(&app, &browser, "/customers.csv").await;
    file.next().await.unwrap().unwrap();
    sqlx::raw_sql("alter table customers rename to elsewhere").execute(&app.db).await.unwrap();
    assert!(file.next().await.unwrap().is_err(), "nobody takes a part for the whole");
}
