//! The commands that need a database, run as people run them.

mod backup;
mod commission;
#[path = "../support/database.rs"]
mod database;
mod metrics;
mod server_key;
mod verify;

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Output, Stdio},
};

use attain::{clock::Clock, domain::id::OrgId, postgres::tx};
use database::TestDatabase;
use sha1::{Digest, Sha1};
use sqlx::ConnectOptions;
use time::macros::datetime;

fn attain(database: &TestDatabase, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_attain"));
    let url = database.pool.connect_options().to_url_lossy();
    command.args(args).env("DATABASE_URL", url.as_str()).env("ATTAIN_LOG", "info");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(database: &TestDatabase, args: &[&str], input: &str) -> Output {
    let mut child = attain(database, args).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn told(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_created_listed_and_given_passwords() {
    let database = TestDatabase::create().await;
    let (code, _, err) =
        told(&run(&database, &["user", "create", "a@example.com", "--name", "Astrid", "--role", "admin"], ""));
    assert_eq!((code, err.trim()), (Some(1), "there is no company yet: run attain serve and set it up"));

    sqlx::raw_sql(
        "insert into organizations (name, currency, time_zone, created_at) values ('Nordlys', 'EUR', 'UTC', 'epoch')",
    )
    .execute(&database.pool)
    .await
    .unwrap();
    let create = ["user", "create", "Astrid@Example.com", "--name", "Astrid Berg", "--role", "admin", "--role", "rep"];
    let (code, _, err) = told(&run(&database, &create, "short\n"));
    assert_eq!(code, Some(1));
    assert!(err.contains("The password has 5 characters"), "{err}");
    let (code, out, err) = told(&run(&database, &create, "tuba paraffin nebel kran\n"));
    assert_eq!((code, out.as_str(), err.trim()), (Some(0), "", "Astrid Berg can sign in as astrid@example.com"));
    let (code, _, err) = told(&run(&database, &create, "tuba paraffin nebel kran\n"));
    assert_eq!((code, err.trim()), (Some(1), "somebody has the address astrid@example.com already"));

    let (code, out, _) = told(&run(&database, &["user", "list"], ""));
    assert_eq!(code, Some(0));
    let rows: Vec<Vec<&str>> =
        out.lines().map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()).collect();
    assert_eq!(rows[0], ["organization", "name", "email", "roles", "state"]);
    assert_eq!(rows[1], ["Nordlys", "Astrid Berg", "astrid@example.com", "rep admin", "active"]);
    let (_, out, _) = told(&run(&database, &["user", "list", "--format", "json", "--organization", "Nordlys"], ""));
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json[0]["roles"], serde_json::json!(["rep", "admin"]));

    let before = hash(&database).await;
    let (code, _, err) =
        told(&run(&database, &["user", "password", "ASTRID@example.com"], "kran nebel paraffin tuba\n"));
    assert_eq!((code, err.trim()), (Some(0), "Astrid Berg has a new password and is signed out everywhere"));
    assert_ne!(hash(&database).await, before);
    let (code, _, err) = told(&run(&database, &["user", "password", "x@example.com"], "kran nebel paraffin tuba\n"));
    assert_eq!((code, err.trim()), (Some(1), "nobody has the address x@example.com: see attain user list"));
    let off = ["user", "second-factor-off", "Astrid@Example.com"];
    let (code, _, err) = told(&run(&database, &off, ""));
    assert_eq!((code, err.trim()), (Some(1), "Astrid Berg has no second factor"));
    sqlx::raw_sql(
        "insert into second_factors (org_id, user_id, secret, begun_at, confirmed_at)
         select org_id, user_id, substring(sha256('a') for 20), 'epoch', 'epoch' from sign_ins;
         insert into recovery_codes (org_id, user_id, code_hash) select org_id, user_id, 'a' from sign_ins;
         insert into sessions (token_hash, org_id, user_id, created_at, last_seen_at, auth_at, ip, user_agent)
         select 'a', org_id, user_id, 'epoch', 'epoch', 'epoch', '', '' from sign_ins",
    )
    .execute(&database.pool)
    .await
    .unwrap();
    let (code, out, err) = told(&run(&database, &off, ""));
    let words = "Astrid Berg signs in with the password alone, and is signed out everywhere";
    assert_eq!((code, out.as_str(), err.trim()), (Some(0), "", words));
    let left = sqlx::query_scalar!(
        r#"select (select count(*) from second_factors) + (select count(*) from recovery_codes)
                + (select count(*) from sessions) + (select count(*) from audit where user_id is not null) as "left!""#,
    )
    .fetch_one(&database.pool)
    .await
    .unwrap();
    assert_eq!(left, 0);
    let told_of =
        sqlx::query_scalar!(r#"select count(*) as "told!" from audit where action = 'user.second_factor_taken_off'"#)
            .fetch_one(&database.pool)
            .await
            .unwrap();
    assert_eq!(told_of, 1, "nobody's act: the command line's");
    let (code, _, err) = told(&run(&database, &["user", "list", "--organization", "Other"], ""));
    assert_eq!((code, err.trim()), (Some(1), "there is no company “Other”: Nordlys"));
}

/// A list of breached passwords has to be one before anything begins, and counts for the command line, too.
#[tokio::test(flavor = "multi_thread")]
async fn breached_passwords_are_refused_and_so_is_a_list_that_is_none() {
    let database = TestDatabase::create().await;
    sqlx::raw_sql(
        "insert into organizations (name, currency, time_zone, created_at) values ('Nordlys', 'EUR', 'UTC', 'epoch')",
    )
    .execute(&database.pool)
    .await
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list");
    let with_list = |args: &[&str], input: &str| {
        let mut child = attain(&database, args).env("ATTAIN_BREACHED_PASSWORDS", &list).spawn().unwrap();
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes()); // it may have ended without reading
        told(&child.wait_with_output().unwrap())
    };
    let create = ["user", "create", "astrid@example.com", "--name", "Astrid Berg", "--role", "admin"];
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    for content in [None, Some(""), Some("password\n"), Some("5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8\n00\n")] {
        if let Some(content) = content {
            std::fs::write(&list, content).unwrap();
        }
        for args in [&create[..], &serve] {
            let (code, _, err) = with_list(args, "tuba paraffin nebel kran\n");
            assert_eq!(code, Some(2), "{content:?}: {err}");
            assert!(err.starts_with("ATTAIN_BREACHED_PASSWORDS: cannot use ") && err.contains("/list: "), "{err}");
        }
    }
    let hash: String = Sha1::digest("tuba paraffin nebel kran").iter().map(|byte| format!("{byte:02x}")).collect();
    std::fs::write(&list, hash + ":2").unwrap();
    let (code, _, err) = with_list(&create, "tuba paraffin nebel kran\n");
    assert_eq!(code, Some(1));
    assert!(err.contains("on a list of stolen ones"), "{err}");
    let people = sqlx::query_scalar!("select count(*) from users").fetch_one(&database.pool).await.unwrap();
    assert_eq!(people, Some(0));
    assert_eq!(with_list(&create, "kran nebel paraffin tuba\n").0, Some(0));
    let password = ["user", "password", "astrid@example.com"];
    assert_eq!(with_list(&password, "tuba paraffin nebel kran\n").0, Some(1));
}

async fn hash(database: &TestDatabase) -> String {
    let hash = sqlx::query_scalar!("select password_hash from sign_ins").fetch_one(&database.pool).await.unwrap();
    assert!(hash.starts_with("$argon2id$"));
    hash
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schema_is_brought_up_to_date() {
    let database = TestDatabase::create().await;
    let (code, out, err) = told(&run(&database, &["db", "migrate"], ""));
    assert_eq!((code, out.as_str()), (Some(0), ""));
    assert!(err.starts_with("the schema is up to date: "), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_a_company_prints_where_to_set_it_up() {
    let database = TestDatabase::create().await;
    let address = free_address();
    let mut server = attain(&database, &["serve", "--listen", &address.to_string()]).spawn().unwrap();
    let mut log = BufReader::new(server.stderr.take().unwrap());
    let line = line_with(&mut log, "/setup?token=");
    let path = line.split_once(&format!("http://{address}")).unwrap().1.trim();
    assert!(get(address, path).starts_with("HTTP/1.1 200 "), "{line}");
    assert!(get(address, "/").contains("\r\nlocation: /setup\r\n"));

    let (code, ..) = told(&run(&database, &["healthcheck", "--listen", &address.to_string()], ""));
    assert_eq!(code, Some(0));
    let (code, _, err) = told(&run(&database, &["serve", "--listen", &address.to_string()], ""));
    assert_eq!(code, Some(2));
    assert!(err.contains("choose another --listen"), "{err}");

    stop(&mut server);
    assert_eq!(server.wait().unwrap().code(), Some(0));
    let (code, _, err) = told(&run(&database, &["healthcheck", "--listen", &address.to_string()], ""));
    assert_eq!(code, Some(2));
    assert!(err.contains("does not answer"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_stand_on_a_listener_of_their_own() {
    let database = TestDatabase::create().await;
    let (address, figures) = (free_address().to_string(), free_address());
    let serve = ["serve", "--listen", &address, "--metrics-listen", &figures.to_string()];
    let mut server = attain(&database, &serve).spawn().unwrap();
    let mut log = BufReader::new(server.stderr.take().unwrap());
    line_with(&mut log, &format!("serving figures at http://{figures}/metrics"));
    let address: SocketAddr = address.parse().unwrap();
    assert!(get(address, "/healthz").starts_with("HTTP/1.1 200 "));
    let public = get(address, "/metrics");
    assert!(!public.starts_with("HTTP/1.1 200 ") && !public.contains("attain_http_requests"), "{public}");
    let told = get(figures, "/metrics");
    assert!(told.starts_with("HTTP/1.1 200 ") && told.contains("\nattain_database_up 1\n"), "{told}");
    let healthz = "attain_http_requests_total{method=\"GET\",route=\"/healthz\",status=\"2xx\"} 1\n";
    assert!(told.contains(healthz), "{told}");
    assert!(get(figures, "/healthz").starts_with("HTTP/1.1 404 "));

    let other = free_address().to_string();
    let taken = ["serve", "--listen", &other, "--metrics-listen", &figures.to_string()];
    let (code, _, err) = self::told(&run(&database, &taken, ""));
    assert_eq!(code, Some(2));
    let words = format!("cannot serve figures on {figures}: ");
    assert!(err.starts_with(&words) && err.contains("choose another --metrics-listen"), "{err}");

    stop(&mut server);
    assert_eq!(server.wait().unwrap().code(), Some(0));
    assert!(TcpStream::connect(figures).is_err());
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn line_with(log: &mut impl BufRead, words: &str) -> String {
    let mut all = String::new();
    loop {
        let mut line = String::new();
        assert_ne!(log.read_line(&mut line).unwrap(), 0, "the server ended: {all}");
        if line.contains(words) {
            return line;
        }
        all.push_str(&line);
    }
}

fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn stop(server: &mut Child) {
    let pid = rustix::process::Pid::from_child(server);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
}

/// A page gives up before it holds a connection for long; what goes through a whole history does not.
#[tokio::test(flavor = "multi_thread")]
async fn statements_of_pages_have_a_limit_of_time() {
    let TestDatabase { pool, .. } = &TestDatabase::create().await;
    let (mut limits, mut pauses) = (vec![], vec![]);
    let (org, now) = (OrgId(1), datetime!(2026-11-19 10:00 UTC));
    for db in [
        &mut *tx::read(pool, org).await.unwrap(),
        &mut *tx::write(pool, org, None, Clock::Fixed(now)).await.unwrap(),
        &mut *tx::long_read(pool, org).await.unwrap(),
        &mut *tx::write_as_owner(pool, org, now).await.unwrap(),
    ] {
        let limit = sqlx::query_scalar!("select current_setting('statement_timeout')").fetch_one(&mut *db).await;
        limits.push(limit.unwrap());
        let pause = sqlx::query_scalar!("select current_setting('idle_in_transaction_session_timeout')");
        pauses.push(pause.fetch_one(db).await.unwrap());
    }
    assert_eq!(pauses.into_iter().flatten().collect::<Vec<_>>(), ["30s", "30s", "0", "0"]);
    assert_eq!(limits.into_iter().flatten().collect::<Vec<_>>(), ["10s", "10s", "0", "0"]);
}
