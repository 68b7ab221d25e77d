//! Who lives in a data folder: reads `postmaster.pid` and the process table, and clears what dead processes left.

use super::{StartError, place::socket_file};
use rustix::process::{Pid, Signal};
use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// How long backends that outlive their postmaster may take to notice.
const ORPHANS_MAY_TAKE: Duration = Duration::from_secs(20);

/// What `postmaster.pid` says.
#[derive(Debug)]
pub struct PidFile {
    /// The postmaster, or whoever bears its number now.
    pub pid: Pid,
    /// The folder of its socket; none when it has not come that far.
    pub socket: Option<PathBuf>,
    /// Key and id of the shared memory that each of its processes is attached to.
    memory: Option<(String, String)>,
}

impl PidFile {
    /// Reads the file; none when there is none, or when it is not one.
    pub fn read(data: &Path) -> Result<Option<Self>, StartError> {
        let path = data.join("postmaster.pid");
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Self::parse(&text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StartError::io("read", &path)(error)),
        }
    }

    /// Lines: pid, data folder, start, port, socket folders, listen addresses, shared memory, status.
    fn parse(text: &str) -> Option<Self> {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let line = |index: usize| lines.get(index).copied().filter(|line| !line.is_empty());
        Some(Self {
            pid: line(0)?.trim_start_matches('-').parse().ok().and_then(Pid::from_raw)?,
            socket: line(4).and_then(|folders| folders.split(',').next()).map(PathBuf::from),
            memory: line(6).and_then(|line| {
                let mut words = line.split_whitespace().map(str::to_owned);
                Some((words.next()?, words.next()?))
            }),
        })
    }
}

/// The live postmaster of a data folder, if there is one. A zombie does not live, and neither does a process that
/// merely got the number of a dead postmaster.
pub fn postmaster(data: &Path) -> Result<Option<PidFile>, StartError> {
    Ok(PidFile::read(data)?.filter(|file| is_postmaster_of(file.pid, data)))
}

/// Whether this process is the live postmaster of the folder. It removes its pid file shortly before it ends.
pub fn is_postmaster_of(pid: Pid, data: &Path) -> bool {
    if !has_process_table() {
        return rustix::process::test_kill_process(pid).is_ok();
    }
    let folder = PathBuf::from(format!("/proc/{pid}", pid = pid.as_raw_nonzero()));
    if is_zombie(&folder) || !is_postgres(&folder) {
        return false;
    }
    match fs::read_link(folder.join("cwd")) {
        Ok(cwd) => cwd == data,
        // In a container root may not look into other users' processes, but may read how they were called.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let line = fs::read(folder.join("cmdline")).unwrap_or_default();
            line.split(|byte| *byte == 0).any(|word| word == data.as_os_str().as_encoded_bytes())
        }
        Err(_) => false,
    }
}

/// Removes `postmaster.pid` and the socket that a dead postmaster left, after proof that nothing lives in the folder.
/// PostgreSQL does so itself only when the old number is free: neither a zombie's nor a stranger's.
pub async fn clear_leftovers(data: &Path, socket: &Path) -> Result<(), StartError> {
    if !has_process_table() {
        return Ok(());
    }
    let left = PidFile::read(data)?;
    let since = Instant::now();
    loop {
        let orphans = processes_in(data);
        let attached = left.as_ref().is_some_and(|file| file.memory.as_ref().is_some_and(is_attached));
        if orphans.is_empty() && !attached {
            break;
        }
        if since.elapsed() > ORPHANS_MAY_TAKE {
            return Err(StartError::Orphans { data: data.to_owned(), processes: orphans });
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let socket = socket_file(socket);
    for path in [data.join("postmaster.pid"), socket.with_extension("5432.lock"), socket] {
        match fs::remove_file(&path) {
            Ok(()) => tracing::info!("removed {}, which a dead PostgreSQL had left", path.display()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(StartError::io("remove", &path)(error)),
        }
    }
    Ok(())
}

/// Tells a postmaster to end its connections and stop.
pub fn tell_to_stop(pid: Pid) {
    if let Err(error) = rustix::process::kill_process(pid, Signal::INT) {
        tracing::debug!("postmaster {} is gone: {error}", pid.as_raw_nonzero());
    }
}

/// PostgreSQL's processes that work in the folder, as far as we may look into them.
fn processes_in(data: &Path) -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let number = entry.file_name().to_str()?.parse().ok()?;
            let folder = entry.path();
            // A zombie has no working directory any more.
            (fs::read_link(folder.join("cwd")).ok()? == data && is_postgres(&folder)).then_some(number)
        })
        .collect()
}

/// Whether a process holds the shared memory: the proof that PostgreSQL itself asks for, readable in any container.
fn is_attached((key, id): &(String, String)) -> bool {
    let table = fs::read_to_string("/proc/sysvipc/shm").unwrap_or_default();
    table.lines().any(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let column = |index: usize| columns.get(index).copied().unwrap_or_default();
        column(0) == key && column(1) == id && column(6) != "0"
    })
}

fn has_process_table() -> bool {
    Path::new("/proc/self/stat").exists()
}

fn is_zombie(process: &Path) -> bool {
    // The state follows the name, which stands in brackets and may itself contain brackets.
    let stat = fs::read_to_string(process.join("stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with(['Z', 'X']))
}

fn is_postgres(process: &Path) -> bool {
    fs::read_to_string(process.join("comm")).is_ok_and(|name| name.starts_with("postgres"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_whole_and_a_half_written_pid_file() {
        let whole = PidFile::parse("4711\n/d/pg\n1700000000\n5432\n/d/run\n\n  1234567  42\nready   \n").unwrap();
        assert_eq!(whole.pid.as_raw_nonzero().get(), 4711);
        assert_eq!(whole.socket.as_deref(), Some(Path::new("/d/run")));
        assert_eq!(whole.memory, Some(("1234567".into(), "42".into())));
        let half = PidFile::parse("4711\n/d/pg\n1700000000\n5432\n").unwrap();
        assert!(half.socket.is_none() && half.memory.is_none());
        assert!(PidFile::parse("").is_none());
        assert!(PidFile::parse("0\n").is_none());
    }

    #[test]
    fn does_not_take_another_process_for_a_postmaster() {
        let this_process = rustix::process::getpid();
        assert!(!is_postmaster_of(this_process, &std::env::current_dir().unwrap()));
    }
}
