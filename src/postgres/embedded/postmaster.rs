//! Makes a data folder, starts a postmaster in it, waits until it answers, stops it.

use super::{
    Mode, StartError,
    find::Version,
    place::{LOCALE, PORT, Place},
    process,
};
use sqlx::{ConnectOptions, Connection, postgres::PgConnectOptions};
use std::{
    fs, io,
    os::unix::process::CommandExt,
    path::Path,
    process::Child,
    time::{Duration, Instant},
};

/// The database and its owner in the private PostgreSQL.
pub const NAME: &str = "attain";
/// A log larger than this is put aside at the next start (bytes).
const LARGEST_LOG: u64 = 10 << 20;
const MAY_STAY_SILENT: Duration = Duration::from_mins(1);
/// One that was left running either answers at once or has lost its socket.
const LEFT_MAY_STAY_SILENT: Duration = Duration::from_secs(5);
const MAY_STOP_WITHIN: Duration = Duration::from_mins(1);
const SETTINGS: [&str; 9] = [
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "max_connections=60",
    "shared_buffers=128MB",
    "jit=off",
    "timezone=UTC",
    "log_timezone=UTC",
    "log_min_messages=warning",
    "log_line_prefix=%m [%p] ",
];
/// Tests throw their data away, so it need not survive a crash.
const SETTINGS_OF_TESTS: [&str; 4] =
    ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=300"];

/// Makes the data folder under another name and renames it when it is whole: an interrupted attempt leaves nothing that
/// looks like data.
pub async fn create(place: &Place, mode: Mode) -> Result<(), StartError> {
    let parent = place.data.parent().unwrap_or(Path::new("/"));
    remove_unfinished(parent).await?;
    let unfinished = parent.join(format!("pg.unfinished-{}", std::process::id()));
    place.private_folder(&unfinished)?;
    let mut initdb = place.command("initdb");
    initdb
        .args(["--username", NAME, "--auth-local", "trust", "--auth-host", "reject", "--encoding", "UTF8"])
        .args(["--locale", LOCALE, "--data-checksums", "--no-instructions", "--pgdata"])
        .arg(&unfinished);
    if mode == Mode::Test {
        initdb.arg("--no-sync");
    }
    let output = tokio::process::Command::from(initdb).output().await;
    let output = output.map_err(StartError::io("run", &place.binaries.dir.join("initdb")))?;
    if !output.status.success() {
        return Err(StartError::Initdb(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    fs::rename(&unfinished, &place.data).map_err(StartError::io("create", &place.data))?;
    sync_folder(parent)
}

/// Removes what an interrupted attempt left. Its `initdb` may have outlived the program that was killed, and writes on
/// until it notices that its folder is gone.
async fn remove_unfinished(parent: &Path) -> Result<(), StartError> {
    let entries = fs::read_dir(parent).map_err(StartError::io("read", parent))?.flatten();
    for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("pg.unfinished-")) {
        let since = Instant::now();
        while let Err(error) = fs::remove_dir_all(entry.path()) {
            if error.kind() == io::ErrorKind::NotFound {
                break;
            }
            if since.elapsed() > MAY_STOP_WITHIN {
                return Err(StartError::io("remove", &entry.path())(error));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    Ok(())
}

/// Starts a postmaster in its own process group: a Ctrl-C in the terminal is for us to handle.
pub fn spawn(place: &Place, mode: Mode) -> Result<Child, StartError> {
    put_large_log_aside(&place.log)?;
    let log = fs::OpenOptions::new().create(true).append(true).open(&place.log);
    let log = log.map_err(StartError::io("write", &place.log))?;
    place.give(&place.log)?;
    let mut command = place.command("postgres");
    command.arg("-D").arg(&place.data);
    let of_mode: &[&str] = if mode == Mode::Test { &SETTINGS_OF_TESTS } else { &[] };
    for setting in SETTINGS.iter().chain(of_mode) {
        command.args(["-c", setting]);
    }
    command.arg("-c").arg(format!("port={PORT}"));
    command.arg("-c").arg(format!("unix_socket_directories={}", place.socket.display()));
    command.stdout(log.try_clone().map_err(StartError::io("write", &place.log))?).stderr(log).process_group(0);
    command.spawn().map_err(StartError::io("run", &place.binaries.dir.join("postgres")))
}

/// Waits until the database answers, creates it when this is the first time, and returns the running version.
/// `child` is the postmaster if we started it.
pub async fn wait_until_ready(
    place: &Place,
    options: &PgConnectOptions,
    mut child: Option<&mut Child>,
) -> Result<Version, StartError> {
    let patience = if child.is_some() { MAY_STAY_SILENT } else { LEFT_MAY_STAY_SILENT };
    let mut silent_since = Instant::now();
    let mut told_at = Instant::now();
    loop {
        let error = match options.connect().await {
            Ok(connection) => {
                let version = Version::from_number(connection.server_version_num().unwrap_or_default());
                connection.close().await?;
                return Ok(version);
            }
            Err(error) => error,
        };
        match sql_state(&error).as_deref() {
            Some("3D000") => create_database(options).await?,
            // Starting, recovering or stopping: recovery takes as long as it takes.
            Some("57P03") => silent_since = Instant::now(),
            Some(_) => return Err(error.into()),
            None => {}
        }
        if let Some(child) = child.as_deref_mut()
            && let Some(status) = child.try_wait().map_err(StartError::io("wait for", &place.data))?
        {
            return Err(StartError::Exited { status, log: place.log.clone(), last_words: last_lines(&place.log) });
        }
        if child.is_none() && process::postmaster(&place.data)?.is_none() {
            return Err(StartError::Gone);
        }
        if silent_since.elapsed() > patience {
            return Err(StartError::Silent { log: place.log.clone(), source: error });
        }
        if told_at.elapsed() > Duration::from_secs(10) {
            told_at = Instant::now();
            tracing::info!("waiting for PostgreSQL in {}: {error}", place.data.display());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Stops the postmaster of the folder (connections are ended, everything is written) and waits until it is gone.
/// Returns false if it is still at it after a minute.
pub async fn stop(data: &Path, mut child: Option<&mut Child>) -> Result<bool, StartError> {
    let Some(running) = process::postmaster(data)? else { return Ok(true) };
    process::tell_to_stop(running.pid);
    let since = Instant::now();
    while process::is_postmaster_of(running.pid, data) {
        if since.elapsed() > MAY_STOP_WITHIN {
            return Ok(false);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        if let Some(child) = child.as_deref_mut() {
            let _ = child.try_wait(); // takes its status, so that it does not stay a zombie
        }
    }
    Ok(true)
}

async fn create_database(options: &PgConnectOptions) -> Result<(), StartError> {
    let mut connection = options.clone().database("postgres").connect().await?;
    match sqlx::raw_sql("create database attain").execute(&mut connection).await {
        Err(error) if sql_state(&error).as_deref() != Some("42P04") => Err(error.into()), // 42P04: it is there
        _ => Ok(connection.close().await?),
    }
}

fn sql_state(error: &sqlx::Error) -> Option<String> {
    error.as_database_error()?.code().map(std::borrow::Cow::into_owned)
}

fn put_large_log_aside(log: &Path) -> Result<(), StartError> {
    match fs::metadata(log) {
        Ok(metadata) if metadata.len() > LARGEST_LOG => {
            fs::rename(log, log.with_extension("log.1")).map_err(StartError::io("rename", log))
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StartError::io("read", log)(error)),
        _ => Ok(()),
    }
}

fn last_lines(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(4)..].join("\n")
}

fn sync_folder(folder: &Path) -> Result<(), StartError> {
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(StartError::io("write", folder))
}
