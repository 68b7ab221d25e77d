//! `attain db`: the schema.

use std::io::Write;

use super::failure::Failure;
use crate::postgres::{database::Database, pool};

/// The database itself.
#[derive(Debug, clap::Subcommand)]
pub enum Db {
    /// Bring the schema up to date. Every command does so by itself; this one does nothing else.
    Migrate,
}

impl Db {
    /// Runs the command: data to `out`, words to `err`.
    pub async fn run(&self, database: &Database, err: &mut impl Write) -> Result<(), Failure> {
        match self {
            Self::Migrate => {
                // Opening the database has migrated it: this only says what came of it.
                if !pool::is_current(&database.pool).await.map_err(Failure::cannot_run)? {
                    return Err(Failure::CannotRun("the schema is not what this program needs".to_owned()));
                }
                writeln!(err, "the schema is up to date: {} migrations", pool::MIGRATIONS.iter().count())?;
                Ok(())
            }
        }
    }
}
