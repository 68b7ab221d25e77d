//! `attain commission run`: what everybody on a plan earns in a period, as rows for other programs, and stored if asked.

use std::{
    collections::{BTreeMap, HashMap},
    io::{self, Write},
};

use super::{failure::Failure, user::organization};
use crate::{
    clock::Clock,
    commission_runs::{
        calculate::{Calculated, Question, calculate},
        store::{is_paid_by, store},
    },
    domain::{
        access::Permission,
        id::{OrgId, UserId},
        money::Currency,
        period::Period,
    },
    period_locks,
    postgres::{
        database::Database,
        tx::{self, Tx},
    },
    scorecards::export_db::{self, Settings},
    users::list_db,
    web::error::Error,
};

/// Which period of which company, and whether it is kept.
#[derive(Debug, clap::Args)]
pub struct Run {
    /// The company; not needed when there is only one
    #[arg(long, value_name = "NAME")]
    pub organization: Option<String>,
    /// The month, fiscal quarter or fiscal year, like 2026-10, 2019-Q4 or 2026
    #[arg(long, value_name = "PERIOD")]
    pub period: String,
    /// How the rows are printed
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
    /// Keep it as a run that somebody else can approve, as the page does
    #[arg(long)]
    pub store: bool,
    /// Who prepares the run: the address of an active person of finance, who then cannot approve it; not needed where
    /// finance is one person
    #[arg(long = "as", id = "preparer", value_name = "EMAIL", requires = "store")]
    pub preparer: Option<String>,
}

/// How rows are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// Comma-separated, with a header
    Csv,
    /// An array of objects; amounts are text, exact
    Json,
}

/// What each row has. `rep` is the external id; of the rep's sum, `component` is `*` and `measure` is `total`.
const COLUMNS: [&str; 5] = ["rep", "component", "measure", "amount", "currency"];

/// One printed row: a cell for each column.
type Row = [String; COLUMNS.len()];

impl Run {
    /// Runs the command: rows to `out`, words to `err`.
    pub async fn run(&self, database: &Database, out: &mut impl Write, err: &mut impl Write) -> Result<(), Failure> {
        let org = organization(database, self.organization.as_deref()).await?;
        let (rows, note) =
            if self.store { self.kept(database, org).await? } else { self.calculated(database, org).await? };
        print(self.format, &rows, out)?;
        if let Some(note) = note {
            writeln!(err, "{note}")?;
        }
        Ok(())
    }

    /// Calculates in one snapshot and changes nothing.
    async fn calculated(&self, database: &Database, org: OrgId) -> Result<(Vec<Row>, Option<String>), Failure> {
        let mut db = tx::long_read(&database.pool, org).await?;
        let settings = export_db::settings(&mut db, org, Clock::System.now()).await?;
        let asked = self.question(org, settings)?;
        let calculated = calculate(&mut db, &asked).await.map_err(failure)?;
        if calculated.is_empty() {
            let words = format!("nobody is on a plan that is paid by a {}", asked.period.kind().as_str());
            return Err(Failure::Refused(format!("--period {}: {words}", asked.period)));
        }
        let settled = period_locks::db::is_settled(&mut db, org, asked.period).await?;
        let note = settled
            .then(|| format!("note: {} is approved and locked; this is what its facts give now", asked.period.label()));
        let names = export_db::reps(&mut db, org).await?.into_iter().collect();
        Ok((rows(&calculated, &names, settings.currency), note))
    }

    /// Calculates and stores a run, beside which nobody else writes.
    async fn kept(&self, database: &Database, org: OrgId) -> Result<(Vec<Row>, Option<String>), Failure> {
        let mut write = tx::alone(&database.pool, org, None, Clock::System).await?;
        let preparer = match &self.preparer {
            Some(email) => preparer(&mut write, email).await?,
            None => only_preparer(&mut write).await?,
        };
        write.actor = Some(preparer);
        let now = write.now;
        let settings = export_db::settings(&mut write, org, now).await?;
        let asked = self.question(org, settings)?;
        let stored = store(&mut write, &asked).await.map_err(failure)?;
        let (run, calculated) =
            stored.map_err(|refused| Failure::Refused(format!("--period {}: {}", asked.period, refused.words())))?;
        let names = export_db::reps(&mut write, org).await?.into_iter().collect();
        let rows = rows(&calculated, &names, settings.currency);
        write.commit().await?;
        Ok((rows, Some(format!("run {run} of {} is stored: {} statements", asked.period.label(), calculated.len()))))
    }

    fn question(&self, org: OrgId, settings: Settings) -> Result<Question, Failure> {
        let refused = |words: &str| Failure::Refused(format!("--period: “{}” {words}", self.period));
        let period = Period::parse(self.period.trim(), settings.fiscal_start)
            .ok()
            .filter(|period| is_paid_by(period.kind()))
            .ok_or_else(|| refused("is no month, quarter or year: use one like 2026-10, 2019-Q4 or 2026"))?;
        if period.from() > settings.today {
            return Err(refused("has not begun: use a period that has"));
        }
        Ok(Question { org, growth_base: settings.growth_base, period, rep: None, today: settings.today })
    }
}

/// Who may prepare runs as the page has it: active, of finance.
async fn preparer(write: &mut Tx, email: &str) -> Result<UserId, Failure> {
    let org = write.org;
    match list_db::active_by_email(write, org, email.trim()).await? {
        Some((id, roles)) if Permission::PrepareCommission.held_by(&roles) => Ok(id),
        Some(_) => Err(Failure::Refused(format!("--as: {email} is not of finance, who alone prepares runs"))),
        None => Err(Failure::Refused(format!("--as: nobody active has the address {email}: see attain user list"))),
    }
}

/// The only person who may prepare runs.
async fn only_preparer(write: &mut Tx) -> Result<UserId, Failure> {
    let org = write.org;
    let preparers = list_db::active_of(write, org, Permission::PrepareCommission.granted_to()).await?;
    match preparers.as_slice() {
        [] => Err(Failure::Refused(
            "--store: nobody active is of finance, who alone prepares runs: see attain user create --role finance"
                .to_owned(),
        )),
        [(id, _)] => Ok(*id),
        several => {
            let called: Vec<&str> = several.iter().map(|(_, called)| called.as_str()).collect();
            Err(Failure::Refused(format!("--store: say with --as who prepares the run: {}", called.join(", "))))
        }
    }
}

/// Every line by rep in the order of calculation, and after each rep's lines the sum.
fn rows(calculated: &[Calculated], names: &HashMap<UserId, String>, currency: Currency) -> Vec<Row> {
    let mut reps = Vec::with_capacity(calculated.len());
    for one in calculated {
        let name = names.get(&one.rep).cloned().unwrap_or_else(|| format!("#{}", one.rep));
        reps.push((name, &one.statement));
    }
    reps.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut rows = Vec::new();
    for (rep, statement) in reps {
        let row = |component: &str, measure: &str, amount| {
            [rep.as_str(), component, measure, &currency.plain(amount), currency.code()].map(str::to_owned)
        };
        rows.extend(statement.lines.iter().map(|line| row(&line.component, line.measure_word(), line.amount.money)));
        rows.push(row("*", "total", statement.total.money));
    }
    rows
}

fn failure(error: Error) -> Failure {
    match error {
        Error::Uncalculable { words, .. } => Failure::Refused(words),
        error => Failure::cannot_run(error),
    }
}

fn print(format: Format, rows: &[Row], out: &mut impl Write) -> io::Result<()> {
    match format {
        Format::Csv => {
            let mut writer = csv::Writer::from_writer(&mut *out);
            writer.write_record(COLUMNS)?;
            for row in rows {
                writer.write_record(row)?;
            }
            writer.flush()?;
        }
        Format::Json => {
            let objects: Vec<BTreeMap<&str, &str>> =
                rows.iter().map(|row| COLUMNS.into_iter().zip(row.iter().map(String::as_str)).collect()).collect();
            serde_json::to_writer_pretty(&mut *out, &objects)?;
            writeln!(out)?;
        }
        Format::Text => {
            let heads = COLUMNS.map(str::to_owned);
            let all = || std::iter::once(&heads).chain(rows);
            let widths: Vec<usize> = (0..COLUMNS.len())
                .map(|column| all().map(|row| row[column].chars().count()).max().unwrap_or(0))
                .collect();
            for row in all() {
                let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| match column {
                    3 => format!("{cell:>width$}"),
                    _ => format!("{cell:width$}"),
                });
                writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
            }
        }
    }
    out.flush()
}
