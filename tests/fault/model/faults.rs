//! A server of the model's day as a process of its own, on a PostgreSQL of its own; both are killed at random.

use std::{collections::BTreeMap, fs, net::SocketAddr, path::Path, process::Command, time::Duration};

use attain::{
    cli::serve::serve,
    clock::Clock,
    config::{DatabaseArgs, ListenArgs, LogArgs},
    postgres::{
        embedded::{Mode, Private, Settings},
        pool,
    },
};
use clap::Parser;
use rustix::process::Signal;
use sqlx::postgres::PgPoolOptions;
use tempfile::TempDir;
use time::OffsetDateTime;

use super::Random;
use crate::{
    PATIENCE,
    client::Browser,
    database::in_memory,
    program::{Place, Server, halt_wal_writer, kill_backend, kill_postgres, one_of_postgres, signal_postmaster, title},
    support::TestApp,
};

/// Among so many requests one meets a fault, unless a test says otherwise.
const SELDOM: usize = 6;
/// A fault comes at most so long after the request was sent (milliseconds): most are answered by then, and some are not.
const LATEST: usize = 80;
/// The day of [`a_server_of_a_day`].
const NOW: &str = "FAULT_NOW";

/// What is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    Server,
    /// One backend of PostgreSQL, which ends all others and recovers.
    Backend,
    /// The postmaster, by the signal that lets it end its processes at once (SIGQUIT).
    PostmasterQuits,
    /// The postmaster alone: its processes notice.
    Postmaster,
    /// The postmaster and all its processes.
    Postgres,
    /// The same and the server.
    Both,
}

const FAULTS: [Fault; 8] = [
    Fault::Server,
    Fault::Server,
    Fault::Server,
    Fault::Backend,
    Fault::PostmasterQuits,
    Fault::Postmaster,
    Fault::Postgres,
    Fault::Both,
];

/// A server and its PostgreSQL, and what happened to them.
pub struct Faulty {
    folder: TempDir,
    pub address: SocketAddr,
    now: OffsetDateTime,
    server: Option<Server>,
    random: Random,
    /// Among so many requests one meets a fault.
    pub seldom: usize,
    pub happened: BTreeMap<Fault, u32>,
}

impl Faulty {
    /// A new PostgreSQL and, once `fill` has filled it, a server of this instant.
    pub async fn start<T>(now: OffsetDateTime, seed: u64, fill: impl AsyncFnOnce(TestApp) -> T) -> (Self, T) {
        // Memory outlives a process as a disk does, and PostgreSQL is back sooner.
        let base = in_memory().unwrap_or_else(|| "/tmp".into());
        let folder = tempfile::Builder::new().prefix("attain-fault-").tempdir_in(base).unwrap();
        fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let settings = Settings { data_dir: folder.path().to_owned(), pg_bin: None, mode: Mode::Durable };
        let private = Private::attach_or_start(&settings).await.unwrap();
        let db = PgPoolOptions::new().max_connections(3).connect_lazy_with(private.connect_options());
        pool::migrate(&db).await.unwrap();
        let filled = fill(TestApp::over(db, now)).await;
        // The server starts it again in the same place.
        private.stop().await.unwrap();
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (random, happened) = (Random(seed), BTreeMap::new());
        let mut faulty = Self { folder, address, now, server: None, random, seldom: SELDOM, happened };
        faulty.serve().await;
        (faulty, filled)
    }

    async fn serve(&mut self) {
        let folder = self.folder.path().to_owned();
        let (address, now) = (self.address, self.now);
        let command = || {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.args(["--exact", "model::faults::a_server_of_a_day", "--ignored", "--nocapture"]);
            for name in ["DATABASE_URL", "DATABASE_URL_FILE"] {
                command.env_remove(name);
            }
            command.env("ATTAIN_DATA_DIR", &folder).env("ATTAIN_LISTEN", address.to_string());
            command.env("ATTAIN_LOG", "info").env(NOW, now.unix_timestamp().to_string());
            command
        };
        self.server = Some(Server::start_by(command, address).await);
        self.until_ready().await;
    }

    /// Another day: the server is killed, and the next one lives on that day.
    pub async fn go_to(&mut self, now: OffsetDateTime) {
        self.server.take().unwrap().kill();
        self.now = now;
        self.serve().await;
    }

    /// Waits for an answer, and sometimes kills something meanwhile; returns once all is up again.
    pub async fn meanwhile<T>(&mut self, answer: impl Future<Output = T>) -> T {
        if !self.random.once_in(self.seldom) {
            return answer.await;
        }
        let fault = self.random.one_of(&FAULTS).unwrap();
        let delay = Duration::from_millis(u64::try_from(self.random.below(LATEST)).unwrap());
        let (answer, ()) = tokio::join!(answer, async {
            tokio::time::sleep(delay).await;
            self.kill(fault).await;
        });
        answer
    }

    /// Kills it, and returns once all is up again.
    pub async fn kill(&mut self, fault: Fault) {
        *self.happened.entry(fault).or_default() += 1;
        let folder = self.folder.path();
        let checkpointer = one_of_postgres(folder, "checkpointer");
        match fault {
            Fault::Server => {}
            Fault::Backend => kill_backend(folder),
            Fault::PostmasterQuits => signal_postmaster(folder, Signal::QUIT),
            Fault::Postmaster => signal_postmaster(folder, Signal::KILL),
            Fault::Postgres | Fault::Both => kill_postgres(folder),
        }
        if matches!(fault, Fault::Server | Fault::Both) {
            self.server.take().unwrap().kill();
            self.serve().await;
        }
        if fault != Fault::Server {
            self.until(async || !title(checkpointer).contains("checkpointer")).await;
        }
        self.until_ready().await;
    }

    async fn until_ready(&self) {
        let visitor = Browser::visitor(self.address);
        self.until(async || visitor.get("/readyz").await.is_ok_and(|answer| answer.status == 200)).await;
    }

    async fn until(&self, there: impl AsyncFn() -> bool) {
        let since = std::time::Instant::now();
        while !there().await {
            let log = || self.server.as_ref().map(Server::log).unwrap_or_default();
            assert!(since.elapsed() < PATIENCE, "it does not come back: {}", log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Lets PostgreSQL write nothing of what is committed without waiting.
    pub fn halt_wal_writer(&self) {
        halt_wal_writer(self.folder.path());
    }

    /// Ends the server and works every derived number and every statement out once more; how often what was killed.
    pub async fn close(&mut self) -> String {
        self.server.take().unwrap().stop().await;
        Place::Folder(self.folder.path().to_owned()).verify();
        format!("{:?}", self.happened)
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        drop(self.server.take());
        end_postgres(self.folder.path());
    }
}

/// A model that fails leaves no PostgreSQL behind.
fn end_postgres(folder: &Path) {
    let file = fs::read_to_string(folder.join("pg/postmaster.pid")).unwrap_or_default();
    let id = file.lines().next().and_then(|id| id.parse().ok()).and_then(rustix::process::Pid::from_raw);
    if let Some(id) = id.filter(|id| title(id.as_raw_nonzero().get()).contains("postgres")) {
        let _ = rustix::process::kill_process(id, Signal::QUIT); // it may have ended meanwhile
    }
}

/// What `attain serve` takes from its environment.
#[derive(clap::Parser)]
struct Settled {
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    listen: ListenArgs,
    #[command(flatten)]
    log: LogArgs,
}

/// What `attain serve` does, on a day: no test, but the process that is killed.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "the model starts it"]
async fn a_server_of_a_day() {
    let Ok(now) = std::env::var(NOW) else { return };
    let clock = Clock::Fixed(OffsetDateTime::from_unix_timestamp(now.parse().unwrap()).unwrap());
    let settled = Settled::parse_from(["attain"]);
    settled.log.init();
    if let Err(failure) = serve(&settled.database, &settled.listen, clock, async |_| Ok(())).await {
        failure.tell(&mut std::io::stderr());
        std::process::exit(1);
    }
}
