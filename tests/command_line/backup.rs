//! `attain db backup` and `restore`: everything comes back, nothing is replaced, and a torn file changes nothing.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use attain::{
    audit::seals,
    clock::Clock,
    demo::{data::Size, fill},
    domain::id::OrgId,
    postgres::{embedded, emptying, pool, statistics},
};
use sqlx::{AssertSqlSafe, Row};
use time::macros::datetime;

use super::{database::TestDatabase, run, told};

fn db(database: &TestDatabase, act: &str, file: &Path) -> (Option<i32>, String) {
    let (code, out, err) = told(&run(database, &["db", act, file.to_str().unwrap()], ""));
    assert_eq!(out, "");
    (code, err)
}

/// A backup by PostgreSQL alone: the program would bring the schema up to date first.
fn dump(database: &TestDatabase, file: &Path) {
    let options = database.pool.connect_options();
    let done = Command::new(embedded::programs(None).unwrap().join("pg_dump"))
        .args(["--format=custom", "--no-owner", "--file"])
        .arg(file)
        .env("PGHOST", options.get_socket().unwrap())
        .env("PGPORT", options.get_port().to_string())
        .env("PGUSER", options.get_username())
        .env("PGDATABASE", options.get_database().unwrap())
        .status()
        .unwrap();
    assert!(done.success());
}

/// Of every table how many rows it has, and a checksum of all that they hold.
async fn checksums(database: &TestDatabase) -> Vec<(String, i64, String)> {
    let tables = sqlx::query_scalar!(
        r#"select relname::text as "name!"
           from pg_class
           where relnamespace = 'public'::regnamespace and relkind = 'r'
           order by relname"#
    );
    let mut sums = vec![];
    for table in tables.fetch_all(&database.pool).await.unwrap() {
        let sql = format!(
            "select count(*), md5(coalesce(string_agg(t::text, '|' order by t::text collate \"C\"), '')) from {table} t"
        );
        let row = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_one(&database.pool).await.unwrap();
        sums.push((table, row.get(0), row.get(1)));
    }
    sums
}

#[tokio::test]
async fn what_the_migrations_make_is_what_their_text_says() {
    let database = TestDatabase::create().await;
    let made: Vec<(&str, String)> = emptying::made().into_iter().map(|(kind, name)| (kind, name.to_owned())).collect();
    let there = sqlx::query!(
        r#"select case relkind when 'r' then 'table' else 'sequence' end as "kind!", relname::text as "name!"
         from pg_class c
         where relnamespace = 'public'::regnamespace and relkind in ('r', 'S')
           and not exists (select from pg_depend where objid = c.oid and deptype in ('a', 'i') and relkind = 'S')
         union
         select 'function', proname::text
         from pg_proc p
         where pronamespace = 'public'::regnamespace
           and not exists (select from pg_depend where objid = p.oid and deptype = 'e')"#
    );
    let there = there.fetch_all(&database.pool).await.unwrap();
    let missing: Vec<_> = there.iter().filter(|row| !made.contains(&(&row.kind, row.name.clone()))).collect();
    assert!(there.len() > 80 && missing.is_empty(), "{missing:?}");
    emptying::empty(&database.pool).await.unwrap();
    pool::migrate(&database.pool).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_brings_everything_back_and_replaces_nothing() {
    let whole = TestDatabase::create().await;
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("demo");
    fill::fill(&whole.pool, Size::S, &files, datetime!(2026-11-19 10:00 UTC)).await.unwrap();
    let clock = Clock::Fixed(datetime!(2026-11-19 10:00 UTC));
    assert!(seals::beside(&whole.pool, OrgId(1), clock).await.unwrap().is_some());
    let (_, _, verified) = told(&run(&whole, &["db", "verify"], ""));
    let seal = verified.lines().find_map(|line| line.split_once(" UTC: ")).unwrap().1;
    let file = folder.path().join("attain.backup");
    let (code, err) = db(&whole, "backup", &file);
    assert_eq!(code, Some(0), "{err}");
    assert!(err.contains("holds everything"), "{err}");
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600,
        "it holds everything: nobody else reads it"
    );
    let (code, err) = db(&whole, "backup", &file);
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("exists already"), "{err}");

    // A torn copy, and one of something else.
    let other = TestDatabase::create().await;
    let bytes = fs::read(&file).unwrap();
    let torn = folder.path().join("torn.backup");
    for content in [&bytes[..bytes.len() / 2], &b"no backup"[..], &[]] {
        fs::write(&torn, content).unwrap();
        let (code, err) = db(&other, "restore", &torn);
        assert_eq!(code, Some(2), "{err}");
    }
    let (code, err) = db(&other, "restore", &folder.path().join("missing"));
    assert_eq!(code, Some(2), "{err}");
    let (_, out, err) = told(&run(&other, &["user", "list"], ""));
    assert!(!out.contains("Nordlys"), "nothing of the torn file is there: {out}{err}");

    // What is not ours is not taken away, whatever it is.
    for (make, name, unmake) in [
        ("create table takings (id bigint)", "table public.takings", "drop table takings"),
        ("create view people as select name from users", "view public.people", "drop view people"),
        ("create function answer() returns int language sql return 42", "function answer()", "drop function answer"),
        ("create type mood as enum ('good')", "type public.mood", "drop type mood"),
        ("create sequence counter", "sequence public.counter", "drop sequence counter"),
    ] {
        sqlx::raw_sql(make).execute(&other.pool).await.unwrap();
        let (code, err) = db(&other, "restore", &file);
        assert_eq!(code, Some(1), "{err}");
        assert!(err.contains(name) && err.contains("not Attain’s"), "{err}");
        sqlx::raw_sql(unmake).execute(&other.pool).await.unwrap(); // it is still there
    }
    // Nor what hangs on ours from elsewhere.
    let beside = "create schema beside; create view beside.people as select name from users";
    sqlx::raw_sql(beside).execute(&other.pool).await.unwrap();
    let (code, err) = db(&other, "restore", &file);
    assert_eq!(code, Some(2), "{err}");
    sqlx::raw_sql("drop view beside.people; drop schema beside").execute(&other.pool).await.unwrap();

    // A backup of an older schema: the last tables were not there yet.
    let older = TestDatabase::create().await;
    let sql = "drop table daily_earnings, daily_rounds, customer_rules, audit_seals, second_factors, recovery_codes,
                   unfinished_sign_ins, known_browsers, import_before, writes;
               drop function import_state, import_mark, customer_stage;
               drop index receipts_at, customers_segment, pay_holds_deal;
               delete from _sqlx_migrations where version > 33;
               alter table customer_events drop column new_until;
               alter table organizations drop column second_factor_required, drop column cost_per_visit,
                   drop column cost_per_minute, drop column cost_per_order;
               alter table commission_runs drop column costs;
               alter table imports drop column has_changed;
               alter table products drop column retired_on, drop column version";
    sqlx::raw_sql(sql).execute(&older.pool).await.unwrap();
    let old = folder.path().join("old.backup");
    dump(&older, &old);
    let (code, err) = db(&other, "restore", &old);
    assert_eq!(code, Some(0), "{err}");
    let (code, _, err) = told(&run(&other, &["db", "migrate"], ""));
    assert_eq!(code, Some(0), "{err}");

    let (code, err) = db(&other, "restore", &file);
    assert_eq!(code, Some(0), "{err}");
    assert!(err.contains("Nordlys"), "{err}");
    let (before, after) = (checksums(&whole).await, checksums(&other).await);
    assert!(before.len() > 50 && before.iter().any(|(table, rows, _)| table == "statements" && *rows > 0));
    assert_eq!(before, after, "the restored rows are others");
    assert_eq!(statistics::missing(&other.pool).await.unwrap(), Vec::<String>::new());
    let (code, out, err) = told(&run(&other, &["db", "verify", "--seal", seal], ""));
    assert_eq!((code, out.as_str()), (Some(0), ""), "{err}");
    assert_eq!(err, verified, "the log is the one that was sealed");
    for args in [
        &["metrics", "--every", "month", "--from", "2026-06", "--to", "2026-11", "--today", "2026-11-19"][..],
        &["user", "list"],
        &["commission", "verify"],
    ] {
        let (before, after) = (told(&run(&whole, args, "")), told(&run(&other, args, "")));
        assert_eq!(before, after, "{args:?}");
        assert_eq!(before.0, Some(0), "{args:?}: {}", before.2);
    }
    let (code, err) = db(&other, "restore", &file);
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("already"), "{err}");
}
