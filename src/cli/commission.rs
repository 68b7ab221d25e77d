//! `attain commission`: what a plan pays for the facts of two files; the commands beside it have files of their own.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use super::{
    commission_proof::{Export, Recompute, Verify},
    commission_run::Run,
    failure::Failure,
};
use crate::domain::commission::{
    check,
    evaluate::{EvaluateError, evaluate},
    facts::Facts,
    json::Refused,
    plan::Plan,
    text::text,
};

/// Commission: from files, or of a period of the company.
#[derive(Debug, clap::Subcommand)]
pub enum Commission {
    /// Calculate what a plan pays for the facts of one rep in one period (docs/commission-plans.md); no database.
    Evaluate(Evaluate),
    /// Calculate a period for everybody on a plan, and print what each component pays.
    Run(Run),
    /// Calculate every stored statement again from its stored facts, and compare: exit 1 if one differs.
    Verify(Verify),
    /// Write a run with its facts, plans, results and check codes into one file.
    Export(Export),
    /// Calculate the run of such a file again, and compare: exit 1 if something differs; no database.
    Recompute(Recompute),
}

/// The files and the form of the answer.
#[derive(Debug, clap::Args)]
pub struct Evaluate {
    /// The plan, a JSON file.
    #[arg(long)]
    pub plan: PathBuf,
    /// The facts, a JSON file.
    #[arg(long)]
    pub facts: PathBuf,
    /// How the statement is printed.
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// How a statement is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For machines.
    Json,
}

impl Evaluate {
    /// Runs the command: data to `out`, words to `err`.
    pub fn run(&self, out: &mut impl Write, err: &mut impl Write) -> Result<(), Failure> {
        let answer = self.calculate(err)?;
        out.write_all(answer.as_bytes())?;
        out.flush()?;
        Ok(())
    }

    fn calculate(&self, err: &mut impl Write) -> Result<String, Failure> {
        let plan = read(&self.plan)?;
        let facts = read(&self.facts)?;
        let plan = Plan::from_json(&plan).map_err(|refused| in_file(&self.plan, &refused))?;
        let facts = Facts::from_json(&facts, plan.currency).map_err(|refused| in_file(&self.facts, &refused))?;
        let statement = evaluate(&plan, &facts).map_err(|error| match error {
            EvaluateError::Plan(refused) => in_file(&self.plan, &refused),
            EvaluateError::Facts(refused) => in_file(&self.facts, &refused),
            EvaluateError::TooLarge { .. } => Failure::Refused(error.to_string()),
        })?;
        for warning in check::warnings(&plan) {
            let told = writeln!(err, "note: {}: {warning}", self.plan.display());
            told.map_err(|error| Failure::CannotRun(error.to_string()))?;
        }
        match self.format {
            Format::Text => Ok(text(&statement)),
            Format::Json => serde_json::to_string_pretty(&statement)
                .map(|json| json + "\n")
                .map_err(|error| Failure::CannotRun(error.to_string())),
        }
    }
}

pub(super) fn read(path: &Path) -> Result<String, Failure> {
    let bytes = std::fs::read(path)
        .map_err(|error| Failure::CannotRun(format!("{} cannot be read: {error}", path.display())))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::Refused(format!("{}: this is not UTF-8 text: save it as UTF-8", path.display())))?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

fn in_file(path: &Path, refused: &Refused) -> Failure {
    let lines: Vec<String> = refused.0.iter().map(|fault| format!("{}: {fault}", path.display())).collect();
    Failure::Refused(lines.join("\n"))
}
