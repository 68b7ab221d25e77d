//! A database of its own for each test, made in milliseconds from a template; include it with `#[path]`.
//!
//! One private PostgreSQL per test process is started when the first test asks. It dies with the process, however that
//! ends: a watchdog holds the other end of a pipe, and cleans up when the pipe breaks.
#![expect(clippy::unwrap_used, reason = "a test without its database fails")]

use attain::postgres::{
    embedded::{Mode, NAME, Private, Settings},
    pool,
};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{
    env, fs,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{ChildStdin, Command, Stdio},
    sync::{
        atomic::{AtomicU32, Ordering},
        mpsc,
    },
    time::Duration,
};
use tokio::sync::OnceCell;

static SERVER: OnceCell<Server> = OnceCell::const_new();
static NUMBER: AtomicU32 = AtomicU32::new(1);

/// An empty, migrated database; dropped with the value.
pub struct TestDatabase {
    /// Connections as the owner of the schema, as the program has them. A program of its own gets
    /// `pool.connect_options().to_url_lossy()` as its `DATABASE_URL`.
    pub pool: PgPool,
    name: String,
    server: &'static Server,
}

impl TestDatabase {
    /// Makes a database.
    pub async fn create() -> Self {
        let server = SERVER.get_or_init(Server::start).await;
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        server.execute(format!("create database {name} template {NAME}")).await;
        let pool = PgPoolOptions::new()
            .max_connections(5)
            .acquire_timeout(Duration::from_secs(30))
            .connect_lazy_with(server.options.clone().database(&name));
        Self { pool, name, server }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let _ = self.server.unused.send(self.name.clone()); // the process ends: everything goes
    }
}

struct Server {
    options: PgConnectOptions,
    unused: mpsc::Sender<String>,
    _private: Private,
    _alive: ChildStdin,
}

impl Server {
    async fn start() -> Self {
        let folder = fresh_folder();
        // Another PostgreSQL than the newest one here, as for the program.
        let pg_bin = env::var_os("ATTAIN_PG_BIN").map(PathBuf::from);
        let settings = Settings { data_dir: folder.clone(), pg_bin, mode: Mode::Test };
        let alive = watch(&folder);
        let private = Private::start(&settings).await.unwrap();
        let options = private.connect_options();
        let template = PgPoolOptions::new().max_connections(1).connect_lazy_with(options.clone());
        pool::migrate(&template).await.unwrap();
        template.close().await; // a template must have no connections
        Self { unused: dropper(options.clone()), options, _private: private, _alive: alive }
    }

    async fn execute(&self, sql: String) {
        let mut connection = self.maintenance().await;
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    async fn maintenance(&self) -> PgConnection {
        self.options.clone().database("postgres").connect().await.unwrap()
    }
}

/// Drops the databases of finished tests, so that hundreds of tests do not fill the disk.
fn dropper(options: PgConnectOptions) -> mpsc::Sender<String> {
    let (sender, unused) = mpsc::channel::<String>();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut connection = options.database("postgres").connect().await.unwrap();
            for name in unused {
                let sql = format!("drop database {name} with (force)");
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
            }
        });
    });
    sender
}

/// A short path that any user can reach, whoever's home the checkout is in: in memory where there is plenty, because each
/// database is hundreds of files that are made and removed.
fn fresh_folder() -> PathBuf {
    let folder = folder_of(std::process::id());
    let prefix = prefix();
    for entry in fs::read_dir(folder.parent().unwrap()).unwrap().flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(&prefix)).and_then(|id| id.parse().ok());
        if let Some(process) = process.and_then(rustix::process::Pid::from_raw)
            && rustix::process::test_kill_process(process).is_err()
        {
            let _ = fs::remove_dir_all(entry.path()); // of a process whose watchdog was killed as well
        }
    }
    let _ = fs::remove_dir_all(&folder);
    folder
}

/// The folder of a test process.
pub fn folder_of(process: u32) -> PathBuf {
    in_memory().unwrap_or_else(env::temp_dir).join(format!("{}{process}", prefix()))
}

fn prefix() -> String {
    format!("attain-test-{}-", rustix::process::geteuid().as_raw())
}

/// The folder in memory, unless it is as small as containers often have it.
pub fn in_memory() -> Option<PathBuf> {
    let base = PathBuf::from("/dev/shm");
    let space = rustix::fs::statvfs(&base).ok()?;
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    (free >= ENOUGH && tempfile::tempfile_in(&base).is_ok()).then_some(base)
}

/// The databases of a test process are a few hundred megabytes at a time.
const ENOUGH: u64 = 4 << 30;

/// Waits in its own process group, where no Ctrl-C reaches it, until this process is gone.
fn watch(folder: &Path) -> ChildStdin {
    let script = r#"
        read -r _
        postmaster=$(head -n 1 "$1/pg/postmaster.pid") && kill -QUIT "$postmaster"
        for attempt in $(seq 100); do
            rm -rf "$1"
            test -e "$1" || kill -0 "$postmaster" || exit
            sleep 0.1
        done"#;
    let mut watchdog = Command::new("/bin/sh");
    watchdog.args(["-c", script, "watchdog"]).arg(folder).current_dir("/").process_group(0);
    watchdog.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    watchdog.spawn().unwrap().stdin.take().unwrap()
}
