//! The key at the start of the server: read or made, tried on what is encrypted, and what is readable yet encrypted with it.

use std::{
    io,
    path::{Path, PathBuf},
};

use sqlx::PgPool;

use super::{
    key::{DoesNotFit, Key, Keys},
    second_factor_db::{self, Stored},
};
use crate::web::format;

/// Where the key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a file that somebody has made (`ATTAIN_KEY_FILE`).
    Named(PathBuf),
    /// In the data folder, where the first start makes it.
    Own(PathBuf),
    /// Nowhere: the database is somebody else's, and no file is named. Nobody turns a second factor on.
    Nowhere,
}

/// Why the server does not start. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file that is named cannot be used.
    #[error("ATTAIN_KEY_FILE: cannot use {}: {source}", .path.display())]
    Named {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file of the data folder cannot be used.
    #[error("the server’s key: cannot use {}: {source}", .path.display())]
    Own {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// What is encrypted has no key.
    #[error("{} encrypted, and {}. {LOST}", factors(*.sealed), .without)]
    Missing {
        /// How many second factors are encrypted.
        sealed: usize,
        /// Where no key is.
        without: String,
    },
    /// What is encrypted has another key.
    #[error("{} encrypted with another key than that of {}. {LOST}", factors(*.sealed), .path.display())]
    Another {
        /// How many second factors are encrypted.
        sealed: usize,
        /// The file.
        path: PathBuf,
    },
    /// The database.
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
    /// The key encrypts nothing.
    #[error(transparent)]
    Unusable(#[from] DoesNotFit),
}

/// What to do without the key.
const LOST: &str = "Bring the key file that was used before. If it is lost, attain user second-factor-off --everybody takes \
                    second factors off, for each company (--organization), and the server starts";

fn factors(number: usize) -> String {
    format::counted(i64::try_from(number).unwrap_or(i64::MAX), "second factor is", "second factors are")
}

/// The key with which the server works, once everything that is stored is encrypted with it. None: there is none, and
/// nothing is encrypted.
pub async fn ready(db: &PgPool, place: &Place) -> Result<Option<Key>, KeyError> {
    let mut tx = db.begin().await?;
    let sealed = second_factor_db::sealed(&mut tx).await?;
    let (keys, path) = match place {
        Place::Named(path) => (Some(named(path)?), path.as_path()),
        Place::Own(path) => (own(path, sealed.is_empty())?, path.as_path()),
        Place::Nowhere => (None, Path::new("")),
    };
    let readable = second_factor_db::readable(&mut tx).await?;
    let Some(Keys { now: key, earlier }) = keys else {
        if !sealed.is_empty() {
            let without = match place {
                Place::Nowhere => "ATTAIN_KEY_FILE names no file with their key".to_owned(),
                _ => format!("{}, which held their key, is not there", path.display()),
            };
            return Err(KeyError::Missing { sealed: sealed.len(), without });
        }
        warn_without(readable.len(), second_factor_db::requiring(&mut tx).await?);
        return Ok(None);
    };
    let (fitting, others): (Vec<&Stored>, Vec<&Stored>) = sealed.iter().partition(|one| opened(one, &key).is_some());
    let before: Vec<Stored> =
        others.iter().filter_map(|one| earlier.iter().find_map(|earlier| opened(one, earlier))).collect();
    if fitting.is_empty() && before.is_empty() && !sealed.is_empty() {
        return Err(KeyError::Another { sealed: sealed.len(), path: path.to_owned() });
    }
    if before.len() < others.len() {
        let unfit = factors(others.len() - before.len());
        tracing::warn!("{unfit} not encrypted with the server’s key, or changed since: take them off");
    }
    let told = [(readable.len(), "encrypted now"), (before.len(), "encrypted with the new key now")];
    let anew = readable.into_iter().chain(before).map(|Stored { org_id, user_id, bytes }| {
        key.seal(org_id, user_id, &bytes).map(|bytes| Stored { org_id, user_id, bytes })
    });
    let anew = anew.collect::<Result<Vec<Stored>, _>>()?;
    if !anew.is_empty() {
        second_factor_db::seal(&mut tx, &anew).await?;
        tx.commit().await?;
    }
    for (count, words) in told.into_iter().filter(|(count, _)| *count > 0) {
        tracing::info!("{} {words}", factors(count));
    }
    if !earlier.is_empty() {
        let path = path.display();
        tracing::info!(
            "nothing here needs the earlier keys of {path} any more: take their lines off, keep them for older backups"
        );
    }
    Ok(Some(key))
}

/// Says in the log what a server without a key leaves as it is, and whom it keeps out.
fn warn_without(readable: usize, requiring: i64) {
    if readable > 0 {
        tracing::warn!("{} stored readable: name a file for a key, ATTAIN_KEY_FILE", factors(readable));
    }
    if requiring > 0 {
        let companies = format::counted(requiring, "company requires", "companies require");
        tracing::warn!(
            "{companies} second factors, and without a key nobody can turn one on: finance and administrators who \
             have none get no further. Name a file for a key, ATTAIN_KEY_FILE"
        );
    }
}

/// What a key makes readable of what is stored. Nothing: it is another key's, or was changed.
fn opened(stored: &Stored, key: &Key) -> Option<Stored> {
    let Stored { org_id, user_id, ref bytes } = *stored;
    key.open(org_id, user_id, bytes).ok().map(|bytes| Stored { org_id, user_id, bytes })
}

fn named(path: &Path) -> Result<Keys, KeyError> {
    let refuse = |source| KeyError::Named { path: path.to_owned(), source };
    Keys::read(path).map_err(refuse)?.ok_or_else(|| refuse(io::ErrorKind::NotFound.into()))
}

/// The keys of the data folder; one is made if there is none and may be a new one.
fn own(path: &Path, may_be_new: bool) -> Result<Option<Keys>, KeyError> {
    let refuse = |source| KeyError::Own { path: path.to_owned(), source };
    match Keys::read(path).map_err(refuse)? {
        None if may_be_new => {
            let key = Key::make(path).map_err(refuse)?;
            tracing::info!("made {}, the key of second factors: back it up apart from the database", path.display());
            Ok(Some(key.into()))
        }
        found => Ok(found),
    }
}
