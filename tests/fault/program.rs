//! The built program: its commands, and its server with the signals that end it.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{PATIENCE, client::Browser};

/// Where the data of a program is.
#[derive(Clone, Debug)]
pub enum Place {
    /// In a database that somebody else runs, at this address.
    Named(String),
    /// In a private PostgreSQL in this folder.
    Folder(PathBuf),
}

impl Place {
    /// The program with these words.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_attain"));
        for name in ["DATABASE_URL", "DATABASE_URL_FILE", "ATTAIN_DATA_DIR"] {
            command.env_remove(name);
        }
        match self {
            Self::Named(url) => command.env("DATABASE_URL", url),
            Self::Folder(folder) => command.env("ATTAIN_DATA_DIR", folder),
        };
        command.args(args).env("ATTAIN_LOG", "info");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end: its exit code and what it said, data and words.
    pub fn run(&self, args: &[&str], input: &str) -> (Option<i32>, String, String) {
        let mut child = self.command(args).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    /// The same for what must succeed; the data.
    pub fn done(&self, args: &[&str], input: &str) -> String {
        let (code, out, err) = self.run(args, input);
        assert_eq!(code, Some(0), "{args:?}: {err}");
        out
    }

    /// Everything that is derived and every statement, derived once more: nothing differs.
    pub fn verify(&self) {
        let (code, out, err) = self.run(&["db", "verify"], "");
        assert_eq!((code, out.as_str()), (Some(0), ""), "{err}");
    }
}

/// A running server. It does not outlive the test.
pub struct Server {
    pub address: SocketAddr,
    child: Child,
    log: Arc<Mutex<String>>,
}

impl Server {
    /// Starts one on a free port, and returns once it answers.
    pub async fn start(place: &Place) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        Self::start_on(place, address).await
    }

    /// The same on this port.
    pub async fn start_on(place: &Place, address: SocketAddr) -> Self {
        Self::start_with(place, address, &[]).await
    }

    /// The same with these environment variables.
    pub async fn start_with(place: &Place, address: SocketAddr, environment: &[(&str, &str)]) -> Self {
        let command = || {
            let mut command = place.command(&["serve", "--listen", &address.to_string()]);
            command.envs(environment.iter().copied());
            command
        };
        Self::start_by(command, address).await
    }

    /// The same for whatever serves on this port.
    pub async fn start_by(command: impl Fn() -> Command, address: SocketAddr) -> Self {
        let since = Instant::now();
        loop {
            let mut child =
                command().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
            let log = keep(child.stderr.take().unwrap());
            let mut server = Self { address, child, log };
            if server.answers().await {
                return server;
            }
            // The port of a killed server may be taken for a moment by a connection that goes out.
            let log = server.log();
            assert!(log.contains("choose another --listen") && since.elapsed() < PATIENCE, "{log}");
        }
    }

    /// Whether it came so far as to answer.
    async fn answers(&mut self) -> bool {
        let since = Instant::now();
        let visitor = Browser::visitor(self.address);
        while since.elapsed() < PATIENCE {
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            if visitor.get("/healthz").await.is_ok_and(|answer| answer.status == 200) {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the server does not answer: {}", self.log());
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Ends it in the middle of whatever it does.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end (SIGTERM).
    pub fn tell_to_stop(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
    }

    /// Waits until it has ended; its exit code.
    pub async fn ended(mut self) -> Option<i32> {
        let since = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(since.elapsed() < PATIENCE, "the server does not end: {}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Asks it to end and waits until it has.
    pub async fn stop(self) {
        self.tell_to_stop();
        assert_eq!(self.ended().await, Some(0));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Keeps what a program logs, so that it never waits for a reader.
fn keep(from: std::process::ChildStderr) -> Arc<Mutex<String>> {
    let log = Arc::new(Mutex::new(String::new()));
    let kept = Arc::clone(&log);
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            kept.lock().unwrap().push_str(&format!("{line}\n"));
        }
    });
    log
}

/// Kills the postmaster of a data folder and every process that it started, as when the power goes but for the disk's
/// own cache.
pub fn kill_postgres(folder: &Path) {
    let (postmaster, children) = postgres(folder);
    for id in std::iter::once(postmaster).chain(children) {
        let _ = kill_process(Pid::from_raw(id).unwrap(), Signal::KILL); // it may have ended meanwhile
    }
}

/// Sends a signal to the postmaster of a data folder alone.
pub fn signal_postmaster(folder: &Path, signal: Signal) {
    kill_process(Pid::from_raw(postgres(folder).0).unwrap(), signal).unwrap();
}

/// Kills a backend, one that works if there is one: PostgreSQL then ends all others and recovers.
pub fn kill_backend(folder: &Path) {
    let (_, children) = postgres(folder);
    let backends: Vec<(i32, String)> =
        children.into_iter().map(|id| (id, title(id))).filter(|(_, title)| title.contains("[local]")).collect();
    let works = backends.iter().find(|(_, title)| !title.contains("idle"));
    if let Some((backend, _)) = works.or(backends.first()) {
        let _ = kill_process(Pid::from_raw(*backend).unwrap(), Signal::KILL); // it may have ended meanwhile
    }
}

/// Halts the process that writes what was committed without waiting for it.
pub fn halt_wal_writer(folder: &Path) {
    kill_process(Pid::from_raw(one_of_postgres(folder, "walwriter")).unwrap(), Signal::STOP).unwrap();
}

/// The process of a PostgreSQL that does this.
pub fn one_of_postgres(folder: &Path, what: &str) -> i32 {
    postgres(folder).1.into_iter().find(|id| title(*id).contains(what)).unwrap()
}

/// What a process calls itself; empty once it is gone.
pub fn title(id: i32) -> String {
    std::fs::read_to_string(format!("/proc/{id}/cmdline")).unwrap_or_default()
}

/// The postmaster of a data folder and its children.
fn postgres(folder: &Path) -> (i32, Vec<i32>) {
    let file = std::fs::read_to_string(folder.join("pg/postmaster.pid")).unwrap();
    let postmaster: i32 = file.lines().next().unwrap().parse().unwrap();
    let children = processes().into_iter().filter(|(_, parent)| *parent == postmaster).map(|(id, _)| id);
    let children: Vec<i32> = children.collect();
    assert!(children.len() > 3, "only {children:?} below {postmaster}");
    (postmaster, children)
}

/// Every process with its parent.
fn processes() -> Vec<(i32, i32)> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    ids.filter_map(|id| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        let parent = stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()?;
        Some((id, parent))
    })
    .collect()
}
