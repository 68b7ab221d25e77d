//! A private PostgreSQL for those who have none: made and started from the installed server programs, on a unix socket.
//!
//! Several programs may use one data folder: one server, and commands beside it. Three locks keep them in order
//! (the kernel frees them when their holder dies, however it dies):
//! `serving.lock` is held by the one server; `using.lock` is shared by everyone who uses PostgreSQL, so that the last
//! one to leave stops it; `door.lock` is held while somebody starts or stops it.

mod error;
mod find;
mod place;
mod postmaster;
mod process;

pub use error::StartError;
pub use find::{OLDEST_MAJOR, Version};
pub use postmaster::NAME;

use place::{PORT, Place};
use sqlx::{
    ConnectOptions,
    postgres::{PgConnectOptions, PgSslMode},
};
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, chown},
    path::{Path, PathBuf},
    process::Child,
    time::{Duration, Instant},
};

/// How long another program may take to start or stop PostgreSQL: the first start makes the data folder.
const MAY_STAND_IN_THE_DOOR: Duration = Duration::from_mins(2);
/// How often a server looks whether its PostgreSQL lives.
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

/// The folder of PostgreSQL's programs: `chosen` if given, else that of the newest that is installed.
pub fn programs(chosen: Option<&Path>) -> Result<PathBuf, StartError> {
    Ok(find::binaries(chosen, None)?.dir)
}

/// What a private PostgreSQL needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The program's data folder (`--data-dir`); created when missing.
    pub data_dir: PathBuf,
    /// The folder of the server programs (`ATTAIN_PG_BIN`); searched for when not given.
    pub pg_bin: Option<PathBuf>,
    /// Whether data survives a crash.
    pub mode: Mode,
}

/// Whether data survives a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// What is acknowledged is on disk.
    Durable,
    /// Nothing is waited for: for tests, whose data is thrown away.
    Test,
}

/// A private PostgreSQL in use. Call [`Private::stop`] at the end; dropped without, it is told to stop, not waited for.
#[derive(Debug)]
pub struct Private {
    place: Place,
    door: File,
    using: File,
    _serving: Option<File>,
    mode: Mode,
    options: PgConnectOptions,
    child: Option<Child>,
    left: bool,
}

impl Private {
    /// For a server: there is at most one on a data folder.
    pub async fn start(settings: &Settings) -> Result<Self, StartError> {
        let home = home(&settings.data_dir)?;
        let mut serving = lock_file(&home, "serving.lock")?;
        if !try_lock(&serving, &home)? {
            let mut process = String::new();
            let _ = serving.read_to_string(&mut process); // only for the message
            let process = Some(process.trim().to_owned()).filter(|id| !id.is_empty());
            return Err(StartError::InUse { data_dir: home, process });
        }
        let note = serving.set_len(0).and_then(|()| serving.rewind());
        note.and_then(|()| writeln!(serving, "{}", std::process::id())).map_err(StartError::io("write", &home))?;
        Self::enter(settings, &home, Some(serving)).await
    }

    /// For a command: uses the PostgreSQL that runs, or starts it; whoever leaves last stops it.
    pub async fn attach_or_start(settings: &Settings) -> Result<Self, StartError> {
        let home = home(&settings.data_dir)?;
        Self::enter(settings, &home, None).await
    }

    /// How to connect to the database, as its owner.
    pub fn connect_options(&self) -> PgConnectOptions {
        self.options.clone()
    }

    /// Starts PostgreSQL again whenever it dies (the system may kill it for its memory); never ends. For a server to run
    /// beside its work.
    pub async fn keep_running(&mut self) {
        loop {
            tokio::time::sleep(BETWEEN_LOOKS).await;
            if let Some(child) = &mut self.child {
                let _ = child.try_wait(); // takes its status, so that it does not stay a zombie
            }
            if let Ok(None) = process::postmaster(&self.place.data) {
                tracing::error!("PostgreSQL has died: starting it again");
                if let Err(error) = self.start_again().await {
                    tracing::error!("{error}");
                }
            }
        }
    }

    /// Leaves, and stops PostgreSQL if nobody else uses it.
    pub async fn stop(mut self) -> Result<(), StartError> {
        self.left = true;
        wait_for_door(&self.door, &self.place.data).await?;
        if !self.is_alone()? {
            tracing::info!("PostgreSQL goes on: another attain uses it and will stop it");
            return Ok(());
        }
        if postmaster::stop(&self.place.data, self.child.as_mut()).await? {
            Ok(())
        } else {
            Err(StartError::StillStopping(self.place.data.clone()))
        }
    }

    async fn enter(settings: &Settings, home: &Path, serving: Option<File>) -> Result<Self, StartError> {
        let (door, using) = (lock_file(home, "door.lock")?, lock_file(home, "using.lock")?);
        wait_for_door(&door, home).await?;
        let place = Place::choose(settings, home)?;
        if !place.data.exists() {
            tracing::info!("making a PostgreSQL {} data folder in {}", place.binaries.version, place.data.display());
            postmaster::create(&place, settings.mode).await?;
        }
        let options = connect_options(&place.socket);
        let mode = settings.mode;
        let mut private = Self { place, door, using, _serving: serving, mode, options, child: None, left: false };
        private.ensure_running().await?;
        private.leave_door()?;
        Ok(private)
    }

    async fn start_again(&mut self) -> Result<(), StartError> {
        wait_for_door(&self.door, &self.place.data).await?;
        // Where the connections that exist expect it.
        if let Some(socket) = self.options.get_socket() {
            self.place.socket.clone_from(socket);
        }
        self.place.private_folder(&self.place.socket)?;
        let started = self.ensure_running().await;
        self.leave_door()?;
        started
    }

    fn leave_door(&self) -> Result<(), StartError> {
        self.using.lock_shared().map_err(StartError::io("lock", &self.place.data))?;
        self.door.unlock().map_err(StartError::io("unlock", &self.place.data))
    }

    /// Adopts the postmaster that a killed program left, or that another program uses; else starts one.
    async fn ensure_running(&mut self) -> Result<(), StartError> {
        let alone = self.is_alone()?;
        for _attempt in 0..3 {
            let Some(running) = process::postmaster(&self.place.data)? else {
                process::clear_leftovers(&self.place.data, &self.place.socket).await?;
                let child = self.child.insert(postmaster::spawn(&self.place, self.mode)?);
                postmaster::wait_until_ready(&self.place, &self.options, Some(child)).await?;
                return Ok(());
            };
            self.options = connect_options(running.socket.as_deref().unwrap_or(&self.place.socket));
            match postmaster::wait_until_ready(&self.place, &self.options, None).await {
                // After an upgrade of the package new connections of the old postmaster may fail.
                Ok(version) if alone && version != self.place.binaries.version => {
                    tracing::info!("restarting PostgreSQL {version} as {}", self.place.binaries.version);
                }
                Ok(_) => return Ok(()),
                Err(StartError::Gone) => {}
                Err(error) if alone => tracing::warn!("restarting the PostgreSQL that was left running: {error}"),
                Err(error) => return Err(error),
            }
            if !postmaster::stop(&self.place.data, None).await? {
                return Err(StartError::StillStopping(self.place.data.clone()));
            }
            self.options = connect_options(&self.place.socket);
        }
        Err(StartError::Gone)
    }

    /// Whether nobody else uses this PostgreSQL. Asked only while we stand in the door; gives up our own share.
    fn is_alone(&self) -> Result<bool, StartError> {
        self.using.unlock().map_err(StartError::io("unlock", &self.place.data))?;
        let alone = try_lock(&self.using, &self.place.data)?;
        self.using.unlock().map_err(StartError::io("unlock", &self.place.data))?;
        Ok(alone)
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        let in_door = !self.left && self.door.try_lock().is_ok();
        if in_door
            && self.is_alone().unwrap_or(false)
            && let Ok(Some(running)) = process::postmaster(&self.place.data)
        {
            process::tell_to_stop(running.pid);
        }
    }
}

fn connect_options(socket: &Path) -> PgConnectOptions {
    // All that PGHOST and its like may say is said here: they mean another server.
    PgConnectOptions::new_without_pgpass()
        .socket(socket)
        .port(PORT)
        .username(NAME)
        .database(NAME)
        .ssl_mode(PgSslMode::Disable)
        .application_name("attain")
        .disable_statement_logging()
}

/// The program's data folder without symbolic links, made when missing so that PostgreSQL's user may pass through.
fn home(data_dir: &Path) -> Result<PathBuf, StartError> {
    let parents = data_dir.parent().map_or(Ok(()), std::fs::create_dir_all);
    parents.map_err(StartError::io("create", data_dir))?;
    match std::fs::DirBuilder::new().mode(0o755).create(data_dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(StartError::io("create", data_dir)(error)),
        _ => data_dir.canonicalize().map_err(StartError::io("enter", data_dir)),
    }
}

fn lock_file(home: &Path, name: &str) -> Result<File, StartError> {
    let path = home.join(name);
    let file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path);
    let file = file.map_err(StartError::io("write", &path))?;
    // What root starts once, the folder's owner can start later.
    if rustix::process::geteuid().is_root()
        && let Ok(owner) = std::fs::metadata(home)
    {
        chown(&path, Some(owner.uid()), Some(owner.gid())).map_err(StartError::io("give away", &path))?;
    }
    Ok(file)
}

fn try_lock(file: &File, path: &Path) -> Result<bool, StartError> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(StartError::io("lock", path)(error)),
    }
}

async fn wait_for_door(door: &File, home: &Path) -> Result<(), StartError> {
    let since = Instant::now();
    while !try_lock(door, home)? {
        if since.elapsed() > MAY_STAND_IN_THE_DOOR {
            return Err(StartError::Busy(home.to_owned()));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
