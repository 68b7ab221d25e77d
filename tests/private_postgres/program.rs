//! A small program on a private PostgreSQL, in a process of its own: this test binary, started again.

use attain::postgres::embedded::{Mode, Private, Settings, StartError};
use sqlx::{ConnectOptions, PgConnection};
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio},
    time::{Duration, Instant},
};

/// What `program` does with the PostgreSQL of a data folder.
#[derive(Clone, Copy)]
pub enum Job {
    /// As a server: writes rows and acknowledges each, until its input ends.
    Serve,
    /// As a server that starts PostgreSQL again when it dies, and then says so.
    Supervise,
    /// As a command: waits until its input ends, then says how many rows there are.
    Count,
}

/// Not a test: what the tests start.
#[tokio::test]
#[ignore = "the other tests start it in a process of its own"]
async fn program() {
    let Some(data_dir) = std::env::var_os("PROGRAM_DATA_DIR") else { return };
    let settings = Settings {
        data_dir: data_dir.into(),
        pg_bin: std::env::var_os("PROGRAM_PG_BIN").map(PathBuf::from),
        mode: Mode::Durable,
    };
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).init();
    let job = std::env::var("PROGRAM_JOB").unwrap();
    let result = match job.as_str() {
        "serve" => serve(&settings).await,
        "supervise" => supervise(&settings).await,
        _ => count(&settings).await,
    };
    if let Err(error) = result {
        eprintln!("error: {error}");
        std::process::exit(2);
    }
    std::process::exit(0);
}

async fn serve(settings: &Settings) -> Result<(), StartError> {
    let private = Private::start(settings).await?;
    let mut connection = private.connect_options().connect().await?;
    sqlx::raw_sql("create table if not exists ticks (id bigint generated always as identity)")
        .execute(&mut connection)
        .await?;
    say(&format!("ready {}", private.connect_options().get_socket().unwrap().display()));
    let input = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    while !input.is_finished() {
        say(&format!("acknowledged {}", tick(&mut connection).await?));
    }
    drop(connection);
    private.stop().await
}

#[expect(clippy::disallowed_methods, reason = "a table of this test, not of the schema")]
async fn tick(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("insert into ticks default values returning id").fetch_one(connection).await
}

async fn supervise(settings: &Settings) -> Result<(), StartError> {
    let mut private = Private::start(settings).await?;
    let options = private.connect_options();
    say(&format!("ready {}", options.get_socket().unwrap().display()));
    let input = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    let look = async {
        while !input.is_finished() {
            say(if options.connect().await.is_ok() { "answers" } else { "silent" });
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        () = private.keep_running() => {}
        () = look => {}
    }
    private.stop().await
}

#[expect(clippy::disallowed_methods, reason = "a table of this test, not of the schema")]
async fn count(settings: &Settings) -> Result<(), StartError> {
    let private = Private::attach_or_start(settings).await?;
    say("ready");
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await.unwrap().unwrap();
    let mut connection = private.connect_options().connect().await?;
    let ticks: i64 = sqlx::query_scalar("select count(*) from ticks").fetch_one(&mut connection).await?;
    let addresses: String = sqlx::query_scalar("show listen_addresses").fetch_one(&mut connection).await?;
    let fsync: String = sqlx::query_scalar("show fsync").fetch_one(&mut connection).await?;
    say(&format!("ticks {ticks} tcp [{addresses}] fsync {fsync}"));
    drop(connection);
    private.stop().await
}

fn say(words: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "{words}").and_then(|()| out.flush()).unwrap();
}

/// How to start the program.
pub struct Start {
    command: Command,
}

impl Start {
    pub fn new(job: Job, data_dir: &Path) -> Self {
        Self::of(&std::env::current_exe().unwrap(), job, data_dir)
    }

    /// As an ordinary user, with a copy of the program where that user can read it.
    pub fn as_user(uid: u32, copy: &Path, job: Job, data_dir: &Path) -> Self {
        if !copy.exists() {
            fs::copy(std::env::current_exe().unwrap(), copy).unwrap();
        }
        let mut start = Self::of(copy, job, data_dir);
        start.command.uid(uid).gid(uid).current_dir("/");
        start
    }

    fn of(exe: &Path, job: Job, data_dir: &Path) -> Self {
        let mut command = Command::new(exe);
        let job = match job {
            Job::Serve => "serve",
            Job::Supervise => "supervise",
            Job::Count => "count",
        };
        command.args(["--exact", "program::program", "--ignored", "--nocapture"]);
        command.env("PROGRAM_JOB", job).env("PROGRAM_DATA_DIR", data_dir).env_remove("DATABASE_URL");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self { command }
    }

    pub fn with_pg_bin(mut self, dir: &Path) -> Self {
        self.command.env("PROGRAM_PG_BIN", dir);
        self
    }

    pub fn with_env(mut self, name: &str, value: &Path) -> Self {
        self.command.env(name, value);
        self
    }

    /// Starts it and lets it run to its end.
    pub fn run(mut self) -> Output {
        self.command.stdin(Stdio::null()).output().unwrap()
    }

    /// Starts it and waits until it is ready.
    pub fn until_ready(mut self) -> Running {
        let mut running = self.at_once();
        let ready = running.wait_for("ready");
        running.socket = ready.trim().into();
        running
    }

    /// Starts it.
    pub fn at_once(&mut self) -> Running {
        let mut child = self.command.spawn().unwrap();
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Running { child, input, output, socket: PathBuf::new(), last: 0 }
    }
}

/// The program while it runs.
pub struct Running {
    pub child: Child,
    pub socket: PathBuf,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    last: i64,
}

impl Running {
    /// The rest of the next line that begins with `word`.
    pub fn wait_for(&mut self, word: &str) -> String {
        let mut line = String::new();
        while self.output.read_line(&mut line).unwrap() > 0 {
            if let Some(rest) = line.strip_prefix(word) {
                return rest.to_owned();
            }
            line.clear();
        }
        let mut errors = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        panic!("the program ended before it said {word}: {errors}");
    }

    /// Lets it write for a while.
    pub fn let_it_write(&mut self) {
        for _ in 0..50 {
            self.last = self.wait_for("acknowledged ").trim().parse().unwrap();
        }
    }

    /// Kills it, and another process in the same moment; returns the last row that it acknowledged.
    pub fn kill(mut self, with_it: Option<u32>) -> i64 {
        if let Some(id) = with_it {
            kill(id);
        }
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.last_acknowledged()
    }

    /// Ends its input, waits until it has stopped, and returns the last row that it acknowledged.
    pub fn stop(mut self) -> i64 {
        drop(self.input.take());
        let last = self.last_acknowledged();
        assert!(self.child.wait().unwrap().success());
        last
    }

    /// Ends its input and returns what it says next, up to its end.
    pub fn finish(mut self) -> String {
        drop(self.input.take());
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        self.child.wait().unwrap();
        rest
    }

    fn last_acknowledged(&mut self) -> i64 {
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        // A line that was cut off by the kill is not an acknowledgement.
        let whole = rest.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole.lines().filter_map(|line| line.strip_prefix("acknowledged ")?.parse().ok()).fold(self.last, i64::max)
    }
}

pub fn kill(id: u32) {
    let id = rustix::process::Pid::from_raw(id.try_into().unwrap()).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::KILL).unwrap();
}

/// The process that `postmaster.pid` names; none when there is no such file.
pub fn postmaster(data_dir: &Path) -> Option<u32> {
    let file = fs::read_to_string(data_dir.join("pg/postmaster.pid")).ok()?;
    file.lines().next()?.parse().ok()
}

/// Whether a process exists and is not a zombie.
pub fn lives(id: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

pub fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let since = Instant::now();
    while !condition() {
        assert!(since.elapsed() < Duration::from_secs(20), "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
