//! The command line's words: which commands there are and what they take.

use std::{io, process::ExitCode};

use super::commission::Commission;

/// Sales targets that pay.
#[derive(Debug, clap::Parser)]
#[command(name = "attain", version, about)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Commission from files, without a database.
    #[command(subcommand)]
    Commission(Commission),
}

impl Cli {
    /// Runs the command. Data goes to stdout, words to stderr; exit 0 done, 1 refused input, 2 cannot run.
    pub fn run(&self) -> ExitCode {
        match &self.command {
            Command::Commission(commission) => commission.run(&mut io::stdout().lock(), &mut io::stderr().lock()),
        }
    }
}
