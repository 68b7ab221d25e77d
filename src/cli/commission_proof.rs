//! `attain commission verify`, `export`, `recompute`: that what was paid follows from its facts, here and anywhere.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use futures_util::TryStreamExt;

use super::{failure::Failure, user::organization};
use crate::{
    clock::Clock,
    commission_runs,
    domain::{
        access::{Reach, Scope},
        commission::evaluate::ENGINE_VERSION,
        id::{OrgId, RunId},
        money::{Currency, Money},
        period::Period,
    },
    organizations,
    postgres::{database::Database, tx},
    scorecards::export_db,
    statements::{
        bundle::{Bundle, Bundled, FORMAT, PlanVersion},
        verify,
        verify_db::{self, Stored},
    },
};

/// Which statements are calculated again.
#[derive(Debug, clap::Args)]
pub struct Verify {
    /// Only those of this company
    #[arg(long, value_name = "NAME")]
    pub organization: Option<String>,
    /// Only those of this run
    #[arg(long, value_name = "RUN")]
    pub run: Option<RunId>,
}

/// Which run goes into which file.
#[derive(Debug, clap::Args)]
pub struct Export {
    /// The run's number, as its page says
    #[arg(value_name = "RUN")]
    pub run: RunId,
    /// The file to write; one that is there already is left as it is
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The company; not needed when there is only one
    #[arg(long, value_name = "NAME")]
    pub organization: Option<String>,
}

/// Which file is calculated again.
#[derive(Debug, clap::Args)]
pub struct Recompute {
    /// The file that `attain commission export` wrote
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// How many statements were calculated again.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    all: u64,
    differ: u64,
    /// What does not hold together between statements.
    between: u64,
    by_other_engines: u64,
}

impl Count {
    /// Looks at one statement and prints one line if it differs.
    fn look(&mut self, stored: &Stored, differs: &[String], out: &mut impl Write, before: &str) -> io::Result<()> {
        self.all += 1;
        let other = !stored.is_of_this_engine();
        self.by_other_engines += u64::from(other);
        if differs.is_empty() {
            return Ok(());
        }
        self.differ += 1;
        let engine = if other { format!(" by engine {}", stored.engine) } else { String::new() };
        let (id, rep, run) = (stored.id, &stored.rep, stored.run_id);
        writeln!(out, "{before}statement {id} of {rep} in run {run}{engine}: {}", differs.join("; "))
    }

    /// Says how it went.
    fn end(self, err: &mut impl Write) -> Result<(), Failure> {
        let statements = |count: u64| format!("{count} {}", if count == 1 { "statement" } else { "statements" });
        if self.by_other_engines > 0 {
            writeln!(
                err,
                "note: {} calculated by another version of the engine than this one ({ENGINE_VERSION}): their amounts \
                 were compared, not their words",
                statements(self.by_other_engines)
            )?;
        }
        let mut wrong = Vec::new();
        if self.differ > 0 {
            wrong.push(format!("{} of {} differ", self.differ, statements(self.all)));
        }
        if self.between > 0 {
            let things = if self.between == 1 { "1 thing does" } else { &format!("{} things do", self.between) };
            wrong.push(format!("{things} not hold together between statements"));
        }
        if !wrong.is_empty() {
            return Err(Failure::Refused(wrong.join("; ")));
        }
        writeln!(err, "{} calculated again: all the same", statements(self.all))?;
        Ok(())
    }
}

/// What differs, without naming the statement again.
fn differences(stored: &Stored, currency: Currency) -> Vec<String> {
    let differs = stored.check(currency).into_iter();
    differs.map(|d| format!("{}: stored {}, calculated {}", d.what, d.stored, d.derived)).collect()
}

impl Verify {
    /// Runs the command: a line per statement that differs to `out`, words to `err`.
    pub async fn run(&self, database: &Database, out: &mut impl Write, err: &mut impl Write) -> Result<(), Failure> {
        let mut all = organizations::db::all(&database.pool).await?;
        if let Some(name) = &self.organization {
            let org = organization(database, Some(name)).await?;
            all.retain(|(id, _)| *id == org);
        }
        let mut count = Count::default();
        for (org, name) in all {
            let mut db = tx::long_read(&database.pool, org).await?;
            let currency = export_db::settings(&mut db, org, Clock::System.now()).await?.currency;
            {
                let mut statements = std::pin::pin!(verify_db::stored(&mut db, org, self.run, None));
                while let Some(stored) = statements.try_next().await? {
                    count.look(&stored, &differences(&stored, currency), out, &format!("{name}: "))?;
                }
            }
            let mut between = Vec::new();
            verify::together(&mut db, org, self.run, currency, &mut |differs| between.push(differs)).await?;
            for differs in between {
                count.between += 1;
                writeln!(out, "{name}: {differs}")?;
            }
        }
        out.flush()?;
        match self.run {
            Some(run) if count.all == 0 => Err(no_run(run)),
            _ => count.end(err),
        }
    }
}

impl Export {
    /// Runs the command: the run to the file, words to `err`.
    pub async fn run(&self, database: &Database, err: &mut impl Write) -> Result<(), Failure> {
        let org = organization(database, self.organization.as_deref()).await?;
        let text = self.bundle(database, org).await?.to_json().map_err(Failure::cannot_run)?;
        write_new(&self.file, text.as_bytes())?;
        writeln!(err, "run {} is in {}", self.run, self.file.display())?;
        Ok(())
    }

    async fn bundle(&self, database: &Database, org: OrgId) -> Result<Bundle, Failure> {
        let all = organizations::db::all(&database.pool).await?;
        let organization = all.into_iter().find(|(id, _)| *id == org).map(|(_, name)| name).unwrap_or_default();
        let mut db = tx::long_read(&database.pool, org).await?;
        let settings = export_db::settings(&mut db, org, Clock::System.now()).await?;
        let scope = Scope { org, reach: Reach::All };
        let run = commission_runs::db::find(&mut db, &scope, self.run).await?.ok_or_else(|| no_run(self.run))?;
        let period = Period::containing(run.period_kind, run.period_start, settings.fiscal_start);
        let mut bundle = Bundle {
            format: FORMAT.to_owned(),
            organization,
            currency: settings.currency.code().to_owned(),
            run: run.id,
            period: period.to_string(),
            first_day: period.from().to_string(),
            last_day: period.last_day().to_string(),
            prepared_by: run.preparer,
            prepared_on: run.prepared_on.to_string(),
            approved: run.locked_at.is_some(),
            engine: String::new(),
            total: settings.currency.plain(run.total),
            plans: vec![],
            statements: vec![],
        };
        let mut statements = std::pin::pin!(verify_db::stored(&mut db, org, Some(self.run), None));
        while let Some(mut stored) = statements.try_next().await? {
            bundle.engine.clone_from(&stored.engine);
            let known = |v: &PlanVersion| v.plan == stored.plan_name && v.version == stored.plan_number;
            if !bundle.plans.iter().any(known) {
                let (plan, version) = (stored.plan_name.clone(), stored.plan_number);
                bundle.plans.push(PlanVersion { plan, version, document: stored.plan.take() });
            }
            bundle.statements.push(Bundled::of(stored, settings.currency));
        }
        Ok(bundle)
    }
}

fn no_run(run: RunId) -> Failure {
    Failure::Refused(format!("there is no run {run}: see the page Commission runs"))
}

/// Writes a file that was not there before, whole or not at all.
fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => Failure::Refused(format!("{}: is there already", path.display())),
        _ => Failure::CannotRun(format!("{} cannot be written: {error}", path.display())),
    };
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(failed)?;
    let written = file.write_all(bytes).and_then(|()| File::sync_all(&file));
    if written.is_err() {
        // Half a file would look like a whole one.
        let _ = fs::remove_file(path);
    }
    written.map_err(failed)
}

impl Recompute {
    /// Runs the command, without a database: a line per difference to `out`, words to `err`.
    pub fn run(&self, out: &mut impl Write, err: &mut impl Write) -> Result<(), Failure> {
        let named = |fault: &str| format!("{}: {fault}", self.file.display());
        let text = super::commission::read(&self.file)?;
        let bundle = Bundle::parse(&text).map_err(|fault| Failure::Refused(named(&fault)))?;
        let unpacked = bundle.unpack().map_err(|faults| {
            Failure::Refused(faults.iter().map(|fault| named(fault)).collect::<Vec<_>>().join("\n"))
        })?;
        let mut count = Count::default();
        let mut sum = Some(0_i64);
        for stored in &unpacked.statements {
            sum = sum.and_then(|sum| sum.checked_add(stored.total.0));
            count.look(stored, &differences(stored, unpacked.currency), out, "")?;
        }
        let sum = sum.map(Money);
        if sum != Some(unpacked.total) {
            let sum = sum.map_or_else(|| verify::TOO_LARGE.to_owned(), |sum| unpacked.currency.plain(sum));
            let stored = unpacked.currency.plain(unpacked.total);
            writeln!(out, "total of the run: stored {stored}, sum of its statements {sum}")?;
        }
        out.flush()?;
        count.end(err)?;
        if sum == Some(unpacked.total) {
            Ok(())
        } else {
            Err(Failure::Refused("the total of the run differs".to_owned()))
        }
    }
}
