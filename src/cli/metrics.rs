//! `attain metrics`: the numbers of reps, teams or the company, period by period.

use std::io::{self, Write};

use time::{Date, Month};

use super::{failure::Failure, user::organization};
use crate::{
    clock::Clock,
    domain::{
        metric::{Facts, Metric, Value, value},
        money::Currency,
        period::{Dates, Period, PeriodKind},
    },
    postgres::{database::Database, tx},
    scorecards::{
        db::{Subject, Subjects},
        export_db::{self, Settings},
        more::{self, Asked},
        more_db::Pays,
    },
};

/// The metrics of every rep, team or the company in every period of some months.
#[derive(Debug, clap::Args)]
pub struct Metrics {
    /// The company; not needed when there is only one
    #[arg(long, value_name = "NAME")]
    pub organization: Option<String>,
    /// How long each period is: day, week, month, quarter or year
    #[arg(long, value_name = "PERIOD")]
    pub every: PeriodKind,
    /// First month, like 2016-10
    #[arg(long, value_name = "MONTH")]
    pub from: String,
    /// Last month, like 2017-12; every period with a day in these months is printed
    #[arg(long, value_name = "MONTH")]
    pub to: String,
    /// Whose numbers
    #[arg(long, value_enum, default_value = "rep")]
    pub by: By,
    /// Further columns, like `growth_from_new,gross_margin`: `growth_from_new`, `growth_from_existing`, `visit_minimum`,
    /// `cross_sell_sales`, `cross_sell_count`, `gross_margin`, `loss_rate`, `time_on_a`, `concentration`, `contribution`
    #[arg(long, value_name = "METRICS", value_delimiter = ',', value_parser = further)]
    pub with: Vec<Metric>,
    /// How they are printed
    #[arg(long, value_enum, default_value = "table")]
    pub format: Format,
    /// The day that counts as today, like 2017-12-31; what is dated later does not count
    #[arg(long, value_name = "DATE")]
    pub today: Option<String>,
}

/// Whose numbers are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum By {
    /// Each rep, and the company as `*`
    Rep,
    /// Each team with the teams below it
    Team,
    /// The company as `*`
    Organization,
}

/// How numbers are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people
    Table,
    /// Comma-separated, with a header
    Csv,
    /// An array of objects
    Json,
}

/// What each row has, in order; what `--with` names follows. `rep` is the external id, the team's name, or `*`.
const COLUMNS: [&str; 14] = [
    "period_kind",
    "period_start",
    "rep",
    "new_customers",
    "lost_customers",
    "won_back_customers",
    "visits",
    "stranger_visits",
    "touches",
    "net_sales",
    "new_customer_sales",
    "existing_customer_sales",
    "net_sales_base",
    "sales_growth",
];

/// How many rows are in memory at once.
const BATCH: usize = 20_000;

/// One printed row: a cell for each column.
type Row = Vec<String>;

impl Metrics {
    /// Runs the command: data to `out`.
    pub async fn run(&self, database: &Database, out: &mut impl Write) -> Result<(), Failure> {
        let org = organization(database, self.organization.as_deref()).await?;
        let mut db = tx::long_read(&database.pool, org).await?;
        let settings = export_db::settings(&mut db, org, Clock::System.now()).await?;
        let today = self.today(settings)?;
        let periods = self.periods(settings)?;
        let mut named: Vec<(String, Subject)> = match self.by {
            By::Organization => vec![],
            By::Rep => {
                let reps = export_db::reps(&mut db, org).await?;
                reps.into_iter().map(|(id, name)| (name, Subject::Rep(id))).collect()
            }
            By::Team => {
                let teams = export_db::teams(&mut db, org).await?;
                teams.into_iter().map(|(id, name)| (name, Subject::Team(id))).collect()
            }
        };
        named.sort();
        if self.by != By::Team {
            named.insert(0, ("*".to_owned(), Subject::Company));
        }
        let subjects = Subjects::of(named.iter().map(|(_, subject)| *subject));
        let mut printer = Printer::new(self.format, &self.with, out)?;
        for batch in periods.chunks((BATCH / named.len().max(1)).max(1)) {
            let growth_base = settings.growth_base;
            let pays = Pays::default();
            let asked = Asked { org, subjects: &subjects, periods: batch, growth_base, today, paying: false, pays };
            let table = more::facts(&mut db, &asked, &self.with.iter().copied().collect()).await?;
            for period in batch {
                for (name, subject) in &named {
                    if let Some(facts) = table.get(&(*period, *subject)) {
                        printer.print(row(*period, name, facts, &self.with, settings.currency))?;
                    }
                }
            }
        }
        Ok(printer.finish()?)
    }

    fn today(&self, settings: Settings) -> Result<Date, Failure> {
        let Some(text) = &self.today else { return Ok(settings.today) };
        match Period::parse(text, Month::January) {
            Ok(day) if day.kind() == PeriodKind::Day => Ok(day.from()),
            _ => Err(Failure::Refused(format!("--today: “{text}” is not a date: use one like 2017-12-31"))),
        }
    }

    fn periods(&self, settings: Settings) -> Result<Vec<Period>, Failure> {
        let (from, to) = (month("--from", &self.from)?, month("--to", &self.to)?);
        if to.to() <= from.from() {
            return Err(Failure::Refused(format!("--from {from} lies after --to {to}")));
        }
        let dates = Dates { from: from.from(), to: to.to() };
        Ok(Period::overlapping(self.every, dates, settings.fiscal_start))
    }
}

fn month(argument: &str, text: &str) -> Result<Period, Failure> {
    match Period::parse(text, Month::January) {
        Ok(month) if month.kind() == PeriodKind::Month => Ok(month),
        _ => Err(Failure::Refused(format!("{argument}: “{text}” is not a month: use one like 2016-10"))),
    }
}

/// Reads the name of a metric that has no column of its own.
fn further(word: &str) -> Result<Metric, String> {
    let known = || Metric::MORE.map(Metric::as_str).join(", ");
    let metric = Metric::parse(word.trim()).filter(|metric| metric.is_more());
    metric.ok_or_else(|| format!("no further column has this name: use {}", known()))
}

fn row(period: Period, name: &str, facts: &Facts, with: &[Metric], currency: Currency) -> Row {
    let cell = |metric: Metric| match value(metric, facts) {
        None => String::new(),
        Some(Value::Count(count)) => count.to_string(),
        Some(Value::Money(money)) => currency.plain(money),
        Some(Value::Fraction(ratio)) => ratio.rounded(6).to_string(),
    };
    let mut row = vec![
        period.kind().as_str().to_owned(),
        period.from().to_string(),
        name.to_owned(),
        cell(Metric::NewCustomers),
        cell(Metric::LostCustomers),
        cell(Metric::WonBackCustomers),
        cell(Metric::Visits),
        cell(Metric::StrangerVisits),
        cell(Metric::Touches),
        cell(Metric::NetSales),
        cell(Metric::NewCustomerSales),
        cell(Metric::ExistingCustomerSales),
        facts.net_sales_base.map_or(String::new(), |base| currency.plain(base)),
        cell(Metric::SalesGrowth),
    ];
    row.extend(with.iter().map(|metric| cell(*metric)));
    row
}

/// Prints rows as they come; a table waits for its widths.
enum Printer<W: Write> {
    Csv(Box<csv::Writer<W>>),
    Json { out: W, rows: usize, columns: Vec<&'static str> },
    Table { out: W, rows: Vec<Row> },
}

impl<W: Write> Printer<W> {
    fn new(format: Format, with: &[Metric], mut out: W) -> io::Result<Self> {
        let columns: Vec<&str> = COLUMNS.into_iter().chain(with.iter().map(|metric| metric.as_str())).collect();
        Ok(match format {
            Format::Csv => {
                let mut writer = csv::Writer::from_writer(out);
                writer.write_record(&columns)?;
                Self::Csv(Box::new(writer))
            }
            Format::Json => {
                write!(out, "[")?;
                Self::Json { out, rows: 0, columns }
            }
            Format::Table => Self::Table { out, rows: vec![columns.into_iter().map(str::to_owned).collect()] },
        })
    }

    fn print(&mut self, row: Row) -> io::Result<()> {
        match self {
            Self::Csv(writer) => writer.write_record(&row)?,
            Self::Json { out, rows, columns } => {
                write!(out, "{}\n  {}", if *rows == 0 { "" } else { "," }, object(columns, &row))?;
                *rows += 1;
            }
            Self::Table { rows, .. } => rows.push(row),
        }
        Ok(())
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Csv(mut writer) => writer.flush(),
            Self::Json { mut out, .. } => {
                writeln!(out, "\n]")?;
                out.flush()
            }
            Self::Table { mut out, rows } => {
                let columns = rows.first().map_or(0, Vec::len);
                let wide = |row: &Row, column: usize| row.get(column).map_or(0, |cell| cell.chars().count());
                let width = |column: usize| rows.iter().map(|row| wide(row, column)).max().unwrap_or(0);
                let widths: Vec<usize> = (0..columns).map(width).collect();
                for row in &rows {
                    let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| match column {
                        0..=2 => format!("{cell:width$}"),
                        _ => format!("{cell:>width$}"),
                    });
                    writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
                }
                out.flush()
            }
        }
    }
}

/// Counts as numbers; money and growth as strings, exact; what is not there as null.
fn object(columns: &[&str], row: &Row) -> String {
    let cells = columns.iter().zip(row).enumerate().map(|(column, (name, cell))| {
        let value = match column {
            3..=8 => cell.clone(),
            _ if *name == Metric::CrossSellCount.as_str() => cell.clone(),
            _ if column > 8 && cell.is_empty() => "null".to_owned(),
            _ => serde_json::Value::from(cell.as_str()).to_string(),
        };
        format!("\"{name}\": {value}")
    });
    format!("{{{}}}", cells.collect::<Vec<_>>().join(", "))
}
