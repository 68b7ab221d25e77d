//! `attain import`: a folder of files becomes records, all or nothing.

use std::{io::Write, path::PathBuf};

use super::failure::Failure;
use crate::{
    clock::Clock,
    imports::import::{self, Request, Summary},
    postgres::{database::Database, statistics},
};

/// Import a folder of CSV files (docs/importing.md): all of it, or nothing.
#[derive(Debug, clap::Args)]
pub struct Import {
    /// The folder: reps.csv, customers.csv, ownership.csv, deals.csv, `deal_lines.csv`, visits.csv, targets.csv, plans.json,
    /// assignments.csv. Missing files are fine.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// The organization's name; it is created when missing.
    #[arg(long, value_name = "NAME")]
    pub organization: String,
    /// Do everything, say what it did, and leave nothing.
    #[arg(long)]
    pub dry_run: bool,
}

impl Import {
    /// Runs the command: the counts to `out`, words to `err`.
    pub async fn run(&self, database: &Database, out: &mut impl Write, err: &mut impl Write) -> Result<(), Failure> {
        let now = Clock::System.now();
        let request = Request { folder: &self.folder, organization: &self.organization, dry_run: self.dry_run, now };
        let summary = tokio::select! {
            result = import::run(&database.pool, request) => result?,
            _ = tokio::signal::ctrl_c() => {
                return Err(Failure::CannotRun("interrupted; nothing was imported".to_owned()));
            }
        };
        if !self.dry_run {
            statistics::gather(&database.pool).await;
        }
        out.write_all(table(&summary).as_bytes())?;
        out.flush()?;
        writeln!(err, "{}", self.said(&summary))?;
        Ok(())
    }

    fn said(&self, summary: &Summary) -> String {
        let mut lines = summary.notes.clone();
        lines.push(if self.dry_run {
            "Dry run: this is what an import would do. Nothing was written.".to_owned()
        } else {
            format!("Imported {} into {}.", self.folder.display(), self.organization.trim())
        });
        lines.join("\n")
    }
}

impl From<import::Failure> for Failure {
    fn from(failure: import::Failure) -> Self {
        match failure {
            import::Failure::Refused(problems) => {
                let count = problems.total();
                let what = if count == 1 { "problem" } else { "problems" };
                Self::Refused(format!("{problems}{count} {what}: nothing was imported."))
            }
            import::Failure::Asked(words) => Self::Refused(words),
            other => Self::CannotRun(format!("{other}; nothing was imported")),
        }
    }
}

fn table(summary: &Summary) -> String {
    let mut rows = vec![format!("{:<16}{:>10}{:>10}{:>11}\n", "file", "created", "updated", "unchanged")];
    rows.extend(summary.files.iter().map(|(file, counts)| {
        format!("{file:<16}{:>10}{:>10}{:>11}\n", counts.created, counts.updated, counts.unchanged)
    }));
    rows.concat()
}
