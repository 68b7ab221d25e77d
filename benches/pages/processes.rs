//! The server's process and its PostgreSQL: their processor time and memory, as the system tells.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// A running server.
pub struct Server {
    child: Child,
    postmaster: u32,
    /// Where it listens.
    pub port: u16,
    /// The token of a rep's session.
    pub rep: String,
    /// The token of a session of somebody who sees everybody.
    pub admin: String,
    /// The page of one of the rep's customers.
    pub customer: String,
}

/// Ticks of the system's clock in a second: what /proc counts in.
const TICKS: u32 = 100;

impl Server {
    /// Starts this program once more, as the server of a data folder.
    pub fn start(data: &str) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        command.env("ATTAIN_BENCH_SERVES", "1").stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        let postmaster = fs::read_to_string(format!("{data}/pg/postmaster.pid")).unwrap();
        Self {
            child,
            postmaster: postmaster.lines().next().unwrap().parse().unwrap(),
            port: words[0].parse().unwrap(),
            rep: words[1].to_owned(),
            admin: words[2].to_owned(),
            customer: words[3].to_owned(),
        }
    }

    /// Processor time of the server so far.
    pub fn own_time(&self) -> Duration {
        ticks(self.child.id(), 11..13)
    }

    /// Processor time of PostgreSQL so far: of the processes that live, and of those that have ended.
    pub fn database_time(&self) -> Duration {
        let mut sum = ticks(self.postmaster, 11..15);
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            if parent(id) == Some(self.postmaster) {
                sum += ticks(id, 11..13);
            }
        }
        sum
    }

    /// The most memory that the server has had so far, in MiB.
    pub fn peak_mib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    }

    /// Ends it; PostgreSQL ends with the last that uses it.
    pub fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The numbers of /proc/PID/stat behind the name, of which the first is the state.
fn stat(id: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    Some(text.rsplit_once(") ")?.1.split(' ').map(str::to_owned).collect())
}

fn parent(id: u32) -> Option<u32> {
    stat(id)?.get(1)?.parse().ok()
}

fn ticks(id: u32, which: std::ops::Range<usize>) -> Duration {
    let numbers = stat(id).unwrap_or_default();
    let sum: u32 = numbers.get(which).unwrap_or_default().iter().filter_map(|number| number.parse::<u32>().ok()).sum();
    Duration::from_secs(1) * sum / TICKS
}
