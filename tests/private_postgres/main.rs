//! The private PostgreSQL, killed in every way: nothing that was acknowledged is lost, and the next start works.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

#[path = "../support/database.rs"]
mod database;
mod places;
mod program;

use attain::postgres::pool;
use database::TestDatabase;
use program::{Job, Start, kill, lives, postmaster, wait_until};
use sqlx::ConnectOptions;
use std::{
    fs,
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::Path,
    process::{Child, Command},
};
use tempfile::TempDir;

/// A folder that PostgreSQL's user can reach, whoever's home the checkout is in.
fn folder() -> TempDir {
    let folder = tempfile::Builder::new().prefix("attain-private-").tempdir_in("/tmp").unwrap();
    fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    folder
}

/// The number of rows, counted by a command that starts PostgreSQL if need be and leaves nothing behind.
fn count(data_dir: &Path) -> i64 {
    let output = Start::new(Job::Count, data_dir).run();
    let (out, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{errors}");
    assert!(out.contains("tcp [] fsync on"), "{out}");
    let ticks = out.lines().find_map(|line| line.strip_prefix("ticks ")?.split_whitespace().next()?.parse().ok());
    ticks.unwrap_or_else(|| panic!("no count in {out}"))
}

fn errors_of(start: Start) -> String {
    let output = start.run();
    assert_eq!(output.status.code(), Some(2));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn keeps_data_and_leaves_nothing_running() {
    let dir = folder();
    let mut server = Start::new(Job::Serve, dir.path()).until_ready();
    server.let_it_write();
    let id = postmaster(dir.path()).unwrap();
    let last = server.stop();
    assert!(last >= 50);
    assert!(!lives(id) && postmaster(dir.path()).is_none());
    assert_eq!(count(dir.path()), last);
    assert!(postmaster(dir.path()).is_none());
}

#[test]
fn adopts_the_postmaster_of_a_killed_server() {
    let dir = folder();
    let mut server = Start::new(Job::Serve, dir.path()).until_ready();
    server.let_it_write();
    let id = postmaster(dir.path()).unwrap();
    let last = server.kill(None);
    assert!(lives(id));
    let mut next = Start::new(Job::Serve, dir.path()).until_ready();
    next.let_it_write();
    assert_eq!(postmaster(dir.path()), Some(id));
    let later = next.stop();
    assert!(later > last && !lives(id));
    assert!(count(dir.path()) >= last);
}

#[test]
fn recovers_after_server_and_postmaster_were_killed() {
    let dir = folder();
    let mut server = Start::new(Job::Serve, dir.path()).until_ready();
    server.let_it_write();
    let last = server.kill(postmaster(dir.path()));
    assert!(postmaster(dir.path()).is_some());
    assert!(count(dir.path()) >= last);
}

#[test]
fn is_not_misled_by_what_a_dead_postmaster_left() {
    let dir = folder();
    let server = Start::new(Job::Serve, dir.path()).until_ready();
    let (socket, id) = (server.socket.clone(), postmaster(dir.path()).unwrap());
    let last = server.kill(Some(id));
    let pid_file = dir.path().join("pg/postmaster.pid");
    let (left, owner) = (fs::read_to_string(&pid_file).unwrap(), fs::metadata(&pid_file).unwrap());
    let socket_lock = socket.join(".s.PGSQL.5432.lock");

    // A living stranger, a zombie, and nobody: PostgreSQL itself refuses to start in the first two cases.
    let mut stranger = sleeper(owner.uid(), "60");
    let mut zombie = sleeper(owner.uid(), "0");
    wait_until("the sleeper is a zombie", || !lives(zombie.id()));
    let mut gone = sleeper(owner.uid(), "0");
    gone.wait().unwrap();
    for process in [stranger.id(), zombie.id(), gone.id()] {
        let text = left.replacen(&id.to_string(), &process.to_string(), 1);
        for path in [&pid_file, &socket_lock] {
            fs::write(path, &text).unwrap();
            std::os::unix::fs::chown(path, Some(owner.uid()), Some(owner.gid())).unwrap();
        }
        assert!(count(dir.path()) >= last);
        assert!(!pid_file.exists() && !socket_lock.exists());
    }
    assert!(stranger.try_wait().unwrap().is_none(), "the stranger was harmed");
    stranger.kill().unwrap();
    stranger.wait().unwrap();
    zombie.wait().unwrap();
}

fn sleeper(uid: u32, seconds: &str) -> Child {
    let mut sleep = Command::new("/bin/sleep");
    if rustix::process::geteuid().is_root() {
        sleep.uid(uid);
    }
    sleep.arg(seconds).spawn().unwrap()
}

#[test]
fn restarts_a_postmaster_that_lost_its_socket() {
    let dir = folder();
    let server = Start::new(Job::Serve, dir.path()).until_ready();
    let (socket, id) = (server.socket.clone(), postmaster(dir.path()).unwrap());
    let last = server.kill(None);
    fs::remove_dir_all(socket).unwrap();
    assert!(count(dir.path()) >= last);
    assert!(!lives(id));
}

#[test]
fn a_second_server_is_told_so() {
    let dir = folder();
    let mut server = Start::new(Job::Serve, dir.path()).until_ready();
    let errors = errors_of(Start::new(Job::Serve, dir.path()));
    assert!(errors.contains(&format!("another attain server (process {})", server.child.id())), "{errors}");
    server.let_it_write();
    server.stop();
}

#[test]
fn commands_work_beside_a_server_and_outlive_it() {
    let dir = folder();
    let mut server = Start::new(Job::Serve, dir.path()).until_ready();
    server.let_it_write();
    assert!(count(dir.path()) > 0);
    let id = postmaster(dir.path()).unwrap();
    let command = Start::new(Job::Count, dir.path()).until_ready();
    let last = server.stop();
    assert!(lives(id), "the server stopped PostgreSQL under a command");
    assert!(command.finish().contains(&format!("ticks {last} ")));
    wait_until("the last one out has stopped PostgreSQL", || !lives(id));
}

#[test]
fn commands_that_come_together_share_one_postmaster() {
    let dir = folder();
    Start::new(Job::Serve, dir.path()).until_ready().stop();
    let commands: Vec<_> = (0..4).map(|_| Start::new(Job::Count, dir.path()).at_once()).collect();
    for command in commands {
        let said = command.finish();
        assert!(said.contains("\nticks "), "{said}");
    }
    assert!(postmaster(dir.path()).is_none());
}

#[test]
fn a_server_starts_postgres_again_when_it_dies() {
    let dir = folder();
    let mut server = Start::new(Job::Supervise, dir.path()).until_ready();
    for _ in 0..2 {
        server.wait_for("answers");
        let id = postmaster(dir.path()).unwrap();
        kill(id);
        server.wait_for("silent");
        server.wait_for("answers");
        assert_ne!(postmaster(dir.path()), Some(id));
    }
    server.stop();
    assert!(postmaster(dir.path()).is_none());
}

#[test]
fn an_upgraded_package_restarts_what_was_left_running() {
    let dir = folder();
    Start::new(Job::Serve, dir.path()).until_ready().kill(None);
    let id = postmaster(dir.path()).unwrap();
    let real = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/postgres-bin")).output().unwrap();
    let (real, newer) = (String::from_utf8(real.stdout).unwrap(), dir.path().join("newer"));
    fs::create_dir(&newer).unwrap();
    for program in ["initdb", "postgres"] {
        let version = "sed -E 's/\\) ([0-9]+)[.][0-9]+/) \\1.99/'";
        let script = format!(
            "#!/bin/sh\nP={}/{program}\n[ \"$1\" != --version ] || exec $P --version | {version}\nexec $P \"$@\"\n",
            real.trim()
        );
        fs::write(newer.join(program), script).unwrap();
        fs::set_permissions(newer.join(program), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    let mut next = Start::new(Job::Serve, dir.path()).with_pg_bin(&newer).until_ready();
    assert!(!lives(id));
    next.let_it_write();
    next.stop();
}

#[test]
fn begins_anew_after_an_interrupted_initdb() {
    let dir = folder();
    let unfinished = || {
        let entries = fs::read_dir(dir.path()).unwrap().flatten();
        entries.map(|entry| entry.path()).find(|path| path.to_string_lossy().contains("pg.unfinished-"))
    };
    let mut start = Start::new(Job::Serve, dir.path());
    let first = start.at_once();
    wait_until("initdb works", || unfinished().is_some_and(|path| path.join("PG_VERSION").exists()));
    first.kill(None); // its initdb lives on for a while
    assert!(unfinished().is_some() && !dir.path().join("pg").exists());
    Start::new(Job::Serve, dir.path()).until_ready().stop();
    assert!(unfinished().is_none());
}

#[tokio::test]
async fn each_test_has_a_database_of_its_own() {
    let (one, two) = tokio::join!(TestDatabase::create(), TestDatabase::create());
    let insert =
        "insert into organizations (name, currency, time_zone, created_at) values ('A', 'EUR', 'UTC', 'epoch')";
    sqlx::raw_sql(insert).execute(&one.pool).await.unwrap();
    assert_eq!((organizations(&one.pool).await, organizations(&two.pool).await), (1, 0));
    let url = two.pool.connect_options().to_url_lossy();
    let by_address = pool::connect(pool::options_of(url.as_str()).unwrap());
    sqlx::raw_sql(insert).execute(&by_address).await.unwrap();
    assert_eq!(organizations(&two.pool).await, 1);
}

async fn organizations(pool: &sqlx::PgPool) -> i64 {
    sqlx::query_scalar!("select count(*) as \"count!\" from organizations").fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn migrating_again_changes_nothing_and_a_newer_schema_is_refused() {
    let database = TestDatabase::create().await;
    pool::migrate(&database.pool).await.unwrap();
    let newer = "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
                 values (9999, 'of tomorrow', true, '', 0)";
    sqlx::raw_sql(newer).execute(&database.pool).await.unwrap();
    let error = pool::migrate(&database.pool).await.unwrap_err().to_string();
    assert!(error.contains("9999") && error.contains("newer program"), "{error}");
}

#[tokio::test]
async fn a_wrong_address_is_named_without_its_password() {
    let error = pool::options_of("postgres://me:secret@host:port/db").unwrap_err().to_string();
    assert!(error.contains("DATABASE_URL") && !error.contains("secret"), "{error}");
    let nowhere = pool::connect(pool::options_of("postgres://me:secret@127.0.0.1:1/db").unwrap());
    let error = pool::migrate(&nowhere).await.unwrap_err().to_string();
    assert!(error.contains("127.0.0.1") && !error.contains("secret"), "{error}");
}

#[test]
fn the_test_server_dies_with_its_process() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "each_test_has_a_database_of_its_own"])
        .spawn()
        .and_then(|mut child| {
            let folder = database::folder_of(child.id());
            wait_until("PostgreSQL runs", || postmaster(&folder).is_some());
            let id = postmaster(&folder).unwrap();
            std::thread::sleep(std::time::Duration::from_millis(300));
            kill(child.id());
            child.wait()?;
            wait_until("the watchdog has cleaned up", || !lives(id) && !folder.exists());
            Ok(())
        });
    output.unwrap();
}
