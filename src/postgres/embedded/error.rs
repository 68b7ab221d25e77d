//! Why there is no private PostgreSQL, in words that say what to do.

use super::find::{OLDEST_MAJOR, Version};
use std::{
    io,
    path::{Path, PathBuf},
    process::ExitStatus,
};

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
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }
}
