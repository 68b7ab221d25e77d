//! The schema changes while people read and write: a migration makes way for them, and pages that were prepared before a
//! new column go on.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use attain::postgres::pool::MIGRATIONS;
use sqlx::{ConnectOptions, Connection};

use crate::{
    PATIENCE,
    company::Company,
    database::TestDatabase,
    load::{deal, until_saved, visit},
    program::{Place, Server},
};

/// The last migration before one that changes a table which pages read.
const BEFORE: i64 = 34;
/// A table that the next one changes.
const READ: &str = "select count(*) from customer_events";

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_waits_for_a_long_read_lets_others_pass() {
    let cluster = TestDatabase::create().await;
    let sql = "create database older";
    sqlx::raw_sql(sql).execute(&cluster.pool).await.unwrap();
    let options = (*cluster.pool.connect_options()).clone().database("older");
    let mut long_read = options.connect().await.unwrap();
    MIGRATIONS.run_to(BEFORE, &mut long_read).await.unwrap();
    sqlx::raw_sql("begin; select count(*) from customer_events").execute(&mut long_read).await.unwrap();

    let place = Place::Named(options.to_url_lossy().to_string());
    let migrate = std::thread::spawn(move || place.run(&["db", "migrate"], ""));
    // Others read all the time. One of them meets the migration in the queue, and passes while the long read goes on.
    let over = Arc::new(AtomicBool::new(false));
    let reading = tokio::spawn({
        let (over, options) = (Arc::clone(&over), options.clone());
        async move {
            let mut connection = options.connect().await.unwrap();
            let (mut longest, mut reads) = (Duration::ZERO, 0);
            while !over.load(Ordering::Relaxed) {
                let since = Instant::now();
                sqlx::raw_sql(READ).execute(&mut connection).await.unwrap();
                longest = longest.max(since.elapsed());
                reads += 1;
                if longest > Duration::from_secs(1) {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            (longest, reads)
        }
    });
    let met = tokio::time::timeout(PATIENCE, reading).await.expect("readers wait as long as the long read").unwrap();
    over.store(true, Ordering::Relaxed);
    assert!(!migrate.is_finished(), "the migration did not wait");
    println!(
        "F12 a reader met the waiting migration and passed it after {:.2} s; {} reads",
        met.0.as_secs_f32(),
        met.1
    );
    sqlx::raw_sql("commit").execute(&mut long_read).await.unwrap();
    let (code, _, err) = migrate.join().unwrap();
    assert_eq!(code, Some(0), "{err}");
    assert!(err.contains("trying again"), "{err}");
    let sql = "select count(*) from customer_events where new_until is null";
    sqlx::raw_sql(sql).execute(&mut long_read).await.unwrap();
    long_read.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_go_on_when_every_table_gets_a_column() {
    let company = Company::new().await;
    let server = Server::start(&company.place).await;
    let rep = company.reps(&server).await.remove(0);
    let finance = company.finance(&server, "freja").await;
    let customer = company.customers[0][0].to_string();
    let pages = ["/my-month", "/visits", "/visits/new", "/deals", "/deals/new", "/customers", "/my-month?period=2026"];
    let paths = async || {
        for round in 0..4 {
            // At once, so that every connection has prepared every statement.
            let all = pages.iter().map(|path| (&rep, *path)).chain([
                (&finance, "/commission-runs"),
                (&finance, "/scoreboard"),
                (&finance, "/customers"),
                (&finance, "/deals"),
            ]);
            let asked = futures_util::future::join_all(
                all.map(async |(browser, path)| (path, browser.get(path).await.unwrap())),
            );
            for (path, answer) in asked.await {
                assert_eq!(answer.status, 200, "{path} in round {round}: {}", answer.body);
            }
            for number in 0..4 {
                let note = format!("column {round}{number}");
                let day = company.today.to_string();
                assert!(until_saved(&rep, &visit(&customer, &day, &note)).await.1.answers.is_empty());
                assert!(until_saved(&rep, &deal(&customer, &day, &note)).await.1.answers.is_empty());
            }
        }
    };
    paths().await;
    let tables: Vec<String> = sqlx::query_scalar(
        "select format('alter table %I add column added_later text', relname) from pg_class
         where relnamespace = 'public'::regnamespace and relkind = 'r' and relname not like '\\_sqlx%'",
    )
    .fetch_all(&company.db)
    .await
    .unwrap();
    assert!(tables.len() > 50);
    for alter in &tables {
        sqlx::raw_sql(sqlx::AssertSqlSafe(alter.clone())).execute(&company.db).await.unwrap();
    }
    paths().await;
    println!("F13 {} tables got a column; every page of before and every form went on", tables.len());
    assert_eq!(company.count("select count(*) from visits where notes like 'column %'").await, 32);
    server.stop().await;
}
