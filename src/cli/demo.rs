//! `attain demo`: the server with a company to look at.

use std::{fmt::Write as _, io::Write};

use super::{failure::Failure, serve::serve};
use crate::{
    App,
    clock::Clock,
    config::{DatabaseArgs, ListenArgs},
    demo::{
        data::Size,
        fill::{self, COMPANY, PASSWORD, SIGN_INS},
    },
};

/// What `attain demo` takes.
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// Where to serve.
    #[command(flatten)]
    pub listen: ListenArgs,
    /// How large the company is: 10, 50 or 200 reps with two years behind them
    #[arg(long, value_enum, default_value = "S")]
    pub size: Size,
}

impl Demo {
    /// Fills the company, where it is not there yet, says who can sign in, and serves.
    pub async fn run(&self, database: &DatabaseArgs, out: &mut impl Write) -> Result<(), Failure> {
        serve(database, &self.listen, Clock::System, async |app: &App| {
            let folder = std::env::temp_dir().join(format!("attain-demo-{}", std::process::id()));
            let filled = fill::fill(&app.db, self.size, &folder, app.clock.now()).await.map_err(Failure::cannot_run)?;
            out.write_all(welcome(&self.listen, filled).as_bytes())?;
            out.flush()?;
            Ok(())
        })
        .await
    }
}

/// Where to go and whom to be.
fn welcome(listen: &ListenArgs, filled: bool) -> String {
    let mut words = format!("\n{COMPANY}: {}\n\n", listen.public_url().origin());
    for person in SIGN_INS {
        let _ = writeln!(words, "  {:<16} {:<15} {}", person.name, person.role, person.email);
    }
    let _ = writeln!(words, "\n  Everybody's password: {PASSWORD}\n");
    if !filled {
        words.push_str("  The company was there already. To begin anew, remove the data folder.\n\n");
    }
    words
}
