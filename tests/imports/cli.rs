//! The command: what it prints where, and with which exit code it ends.

use std::process::{Command, Output};

use attain::postgres::statistics;
use sqlx::ConnectOptions as _;

use super::support::{TestDatabase, ask, folder};

fn attain(db: &TestDatabase, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_attain"))
        .arg("import")
        .args(arguments)
        .env_clear()
        .env("DATABASE_URL", db.pool.connect_options().to_url_lossy().as_str())
        .output()
        .unwrap()
}

fn words(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn counts_go_to_stdout_words_to_stderr_and_the_exit_code_tells() {
    let db = TestDatabase::create().await;
    let good = folder(&[("customers.csv", "external_id,name\nC1,Alpha\n")]);
    let good = good.path().to_str().unwrap();
    let table = "file               created   updated  unchanged\ncustomers.csv            1         0          0\n";

    let dry = attain(&db, &[good, "--organization", "Acme", "--dry-run"]);
    assert_eq!((dry.status.code(), words(&dry.stdout)), (Some(0), table));
    assert!(words(&dry.stderr).contains("Nothing was written."));
    assert_eq!(ask(&db.pool, "select name from organizations").await, Vec::<String>::new());

    let done = attain(&db, &["--organization", "Acme", good]);
    assert_eq!((done.status.code(), words(&done.stdout)), (Some(0), table));
    assert!(!words(&done.stderr).contains('\r'), "a bar is for terminals");
    assert_eq!(ask(&db.pool, "select external_id from customers").await, ["C1"]);
    assert_eq!(statistics::missing(&db.pool).await.unwrap(), Vec::<String>::new());

    let wrong = folder(&[("customers.csv", "external_id,name\nC2,\n"), ("reps.csv", "external_id,name\n,Ann\n")]);
    let refused = attain(&db, &[wrong.path().to_str().unwrap(), "--organization", "Acme"]);
    assert_eq!((refused.status.code(), words(&refused.stdout)), (Some(1), ""));
    assert_eq!(
        words(&refused.stderr),
        "reps.csv, line 2, column external_id, value \"\": The cell is empty. Each row needs a value here.\n\
         customers.csv, line 2, column name, value \"\": The cell is empty. Each row needs a value here.\n\
         2 problems: nothing was imported.\n"
    );
    assert_eq!(attain(&db, &["/nowhere", "--organization", "Acme"]).status.code(), Some(2));
    assert_eq!(attain(&db, &[good]).status.code(), Some(2));
    assert_eq!(attain(&db, &[good, "--organization", ""]).status.code(), Some(1));
}
