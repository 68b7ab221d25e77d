//! The command line's words: which commands there are and what they take.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use super::{
    commission::Commission, db::Db, demo::Demo, failure::Failure, import::Import, metrics::Metrics, serve, user::User,
};
use crate::{
    clock::Clock,
    config::{DatabaseArgs, ListenArgs, LogArgs},
    postgres::database::Database,
};

/// Sales targets that pay.
#[derive(Debug, clap::Parser)]
#[command(name = "attain", version, about)]
pub struct Cli {
    /// Where the data is.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// What is told.
    #[command(flatten)]
    pub log: LogArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Serve the web application.
    Serve(ListenArgs),
    /// Import a folder of CSV files: all of it, or nothing (docs/importing.md).
    Import(Import),
    /// The metrics of reps, teams or the company, period by period.
    Metrics(Metrics),
    /// Serve a demo company.
    Demo(Demo),
    /// People, their roles and passwords.
    #[command(subcommand)]
    User(User),
    /// The database itself.
    #[command(subcommand)]
    Db(Db),
    /// Ask the server on this machine whether it lives: exit 0 if it does.
    Healthcheck(ListenArgs),
    /// Commission: from files, or of a period of the company.
    #[command(subcommand)]
    Commission(Commission),
}

impl Cli {
    /// Runs the command. Data goes to stdout, words to stderr; exit 0 done, 1 refused input, 2 cannot run.
    pub fn run(&self) -> ExitCode {
        self.log.init();
        let (mut out, mut err) = (io::stdout().lock(), io::stderr());
        match self.command.run(&self.database, &mut out, &mut err) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => failure.tell(&mut err),
        }
    }
}

impl Command {
    fn run(&self, database: &DatabaseArgs, out: &mut impl Write, err: &mut impl Write) -> Result<(), Failure> {
        match self {
            Self::Serve(listen) => wait(serve::serve(database, listen, Clock::System, async |_| Ok(()))),
            Self::Import(import) => {
                wait(with_database(database, async |database| import.run(database, out, err).await))
            }
            Self::Metrics(metrics) => wait(with_database(database, async |database| metrics.run(database, out).await)),
            Self::Demo(demo) => wait(demo.run(database, out)),
            Self::User(user) => wait(with_database(database, async |database| user.run(database, out, err).await)),
            Self::Db(db) => {
                let pg_bin = database.pg_bin.as_deref();
                wait(with_database(database, async |database| db.run(database, pg_bin, out, err).await))
            }
            Self::Healthcheck(listen) => serve::healthcheck(listen.listen),
            Self::Commission(Commission::Evaluate(evaluate)) => evaluate.run(out, err),
            Self::Commission(Commission::Recompute(recompute)) => recompute.run(out, err),
            Self::Commission(Commission::Run(run)) => {
                wait(with_database(database, async |database| run.run(database, out, err).await))
            }
            Self::Commission(Commission::Verify(verify)) => {
                wait(with_database(database, async |database| verify.run(database, out, err).await))
            }
            Self::Commission(Commission::Export(export)) => {
                wait(with_database(database, async |database| export.run(database, err).await))
            }
        }
    }
}

/// Runs a command's work to its end.
fn wait(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

/// Opens the database for a command, beside a running server or alone, and closes it after.
async fn with_database(
    database: &DatabaseArgs,
    work: impl AsyncFnOnce(&Database) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let database = Database::command(&database.source()?).await?;
    let result = work(&database).await;
    database.close().await?;
    result
}
