//! The command line.

use std::process::ExitCode;

use attain::cli::command::Cli;
use clap::Parser;

fn main() -> ExitCode {
    Cli::parse().run()
}
