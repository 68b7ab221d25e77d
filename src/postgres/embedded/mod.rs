//! A private PostgreSQL for those who have none: made and started from the installed server programs, on a unix socket.
//!
//! Several programs may use one data folder: one server, and commands beside it. Three locks keep them in order
//! (the kernel frees them when their holder dies, however it dies):
//! `serving.lock` is held by the one server; `using.lock` is shared by everyone who uses PostgreSQL, so that the last
//! one to leave stops it; `door.lock` is held while somebody starts or stops it.

mod find;
mod place;
mod postmaster;
mod process;

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
    process::{Child, ExitStatus},
    time::{Duration, Instant},
};

/// How long another program may take to start or stop PostgreSQL: the first start makes the data folder.
const MAY_STAND_IN_THE_DOOR: Duration = Duration::from_mins(2);

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

/// Why there is no private PostgreSQL. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No server programs on this system; holds the command that installs them.
    #[error("PostgreSQL is not installed; install it ({0}) or name a database with DATABASE_URL")]
    NoBinaries(String),
    /// `ATTAIN_PG_BIN` is wrong.
    #[error("ATTAIN_PG_BIN: {} does not hold PostgreSQL's server programs (initdb, postgres)", .0.display())]
    BadPgBin(PathBuf),
    /// The data was made by a major version that is not installed.
    #[error(
        "the data was made by PostgreSQL {data}, but {installed} is installed: install PostgreSQL {data} beside it \
         (ATTAIN_PG_BIN names its folder), or dump the data there and restore it into a new --data-dir"
    )]
    OtherMajor {
        /// Major version of the data.
        data: u32,
        /// The newest version that is installed.
        installed: Version,
    },
    /// The installed version is too old for new data.
    #[error("PostgreSQL {0} is too old: install {OLDEST_MAJOR} or newer")]
    TooOld(Version),
    /// A second server on one data folder.
    #[error(
        "another attain server{} uses {}: stop it, or give this one another --data-dir",
        .process.as_ref().map(|id| format!(" (process {id})")).unwrap_or_default(), .data_dir.display()
    )]
    InUse {
        /// The data folder.
        data_dir: PathBuf,
        /// The other server.
        process: Option<String>,
    },
    /// Somebody starts or stops PostgreSQL for minutes.
    #[error("another attain has been starting or stopping PostgreSQL in {} for two minutes: see postgres.log there", .0.display())]
    Busy(PathBuf),
    /// The data belongs to another user.
    #[error("{} belongs to user {owner}: run attain as that user, or give another --data-dir", .data.display())]
    NotOurs {
        /// PostgreSQL's data folder.
        data: PathBuf,
        /// Who owns it.
        owner: String,
    },
    /// Root without anybody to become.
    #[error(
        "PostgreSQL does not run as root, and there is no user attain, postgres or nobody to run it as: \
         create one (useradd --system attain), or run attain as another user"
    )]
    NoUser,
    /// The data exists, but its user cannot reach it any more.
    #[error("{user} cannot enter {}: allow it on the folders above (chmod o+x), or give another --data-dir", .data.display())]
    NotEntered {
        /// PostgreSQL's data folder.
        data: PathBuf,
        /// Who cannot enter.
        user: String,
    },
    /// Data can live neither in the data folder nor elsewhere.
    #[error("user {user} cannot enter {}, and no other place can be made: {source}; give another --data-dir", .home.display())]
    Elsewhere {
        /// The data folder of the program.
        home: PathBuf,
        /// Who cannot enter.
        user: String,
        /// Why the other place failed.
        source: io::Error,
    },
    /// Something else stands where the data should.
    #[error("{} is not a PostgreSQL data folder: move it away, or give another --data-dir", .0.display())]
    NotACluster(PathBuf),
    /// A folder that must be private is not.
    #[error("{} must be a folder that only PostgreSQL's user can enter, and is not: remove it", .0.display())]
    FolderTaken(PathBuf),
    /// No short folder for the socket.
    #[error("the path of the socket is too long ({}), and no short folder could be made in /tmp: give a shorter --data-dir", .0.display())]
    SocketPath(PathBuf),
    /// `initdb` failed.
    #[error("PostgreSQL could not make its data folder: {0}")]
    Initdb(String),
    /// The postmaster ended while starting.
    #[error("PostgreSQL did not start ({status}); its last words in {}:\n{last_words}", .log.display())]
    Exited {
        /// How it ended.
        status: ExitStatus,
        /// Its log.
        log: PathBuf,
        /// The end of its log.
        last_words: String,
    },
    /// The postmaster runs and does not answer.
    #[error("PostgreSQL runs, but does not answer ({source}): see {}", .log.display())]
    Silent {
        /// Its log.
        log: PathBuf,
        /// The last attempt.
        source: sqlx::Error,
    },
    /// An adopted postmaster ended while it was asked. Handled by starting anew.
    #[error("PostgreSQL went away while starting: try again")]
    Gone,
    /// Backends without a postmaster.
    #[error("processes of a dead PostgreSQL still work in {}: end them (kill -INT) and start again: {processes:?}", .data.display())]
    Orphans {
        /// PostgreSQL's data folder.
        data: PathBuf,
        /// Those that we can see.
        processes: Vec<u32>,
    },
    /// A postmaster that should have stopped has not.
    #[error("PostgreSQL in {} is still stopping after a minute: wait and try again", .0.display())]
    StillStopping(PathBuf),
    /// A file or program.
    #[error("cannot {doing} {}: {source}", .path.display())]
    Io {
        /// A verb.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The private PostgreSQL refused us.
    #[error("the private PostgreSQL refused: {0}")]
    Database(#[from] sqlx::Error),
}

impl StartError {
    fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }
}

/// A private PostgreSQL in use. Call [`Private::stop`] at the end; dropped without, it is told to stop, not waited for.
#[derive(Debug)]
pub struct Private {
    place: Place,
    door: File,
    using: File,
    _serving: Option<File>,
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

    /// PostgreSQL's data folder.
    pub fn data(&self) -> &Path {
        &self.place.data
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
        let mut private = Self { place, door, using, _serving: serving, options, child: None, left: false };
        private.ensure_running(settings.mode).await?;
        private.using.lock_shared().map_err(StartError::io("lock", home))?;
        private.door.unlock().map_err(StartError::io("unlock", home))?;
        Ok(private)
    }

    /// Adopts the postmaster that a killed program left, or that another program uses; else starts one.
    async fn ensure_running(&mut self, mode: Mode) -> Result<(), StartError> {
        let alone = self.is_alone()?;
        for _attempt in 0..3 {
            let Some(running) = process::postmaster(&self.place.data)? else {
                process::clear_leftovers(&self.place.data, &self.place.socket).await?;
                let child = self.child.insert(postmaster::spawn(&self.place, mode)?);
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
