//! An import from the first file to the last: read, check, write, all in one transaction.

use std::{collections::HashMap, io, path::Path};

use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use time::{Date, OffsetDateTime};

use super::{
    abroad::Rates,
    assignments, before_db, changes, customers, db, deals, deals_db,
    done_db::{self, Before},
    ownership, plans,
    problem::Problems,
    progress::Progress,
    reps,
    source::{SentFile, Source},
    table, targets, visits,
};
use crate::{
    audit,
    customers::events_db,
    domain::{
        id::{ImportId, OrgId, UserId},
        money::Currency,
    },
    organizations::{self, db::NewOrganization},
    postgres::{
        error::{is_deadlock, violates},
        tx::{self, Tx},
    },
    web::format,
};

/// The files that are read, in this order.
pub const FILES: [&str; 9] = [
    reps::REPS.file,
    customers::CUSTOMERS.file,
    ownership::OWNERSHIP.file,
    deals::DEALS.file,
    deals::LINES.file,
    visits::VISITS.file,
    targets::TARGETS.file,
    plans::FILE,
    assignments::ASSIGNMENTS.file,
];

/// The page that lists imports.
pub const HISTORY: &str = "/imports";

/// The page of an import that was done.
pub fn path(id: ImportId) -> String {
    format!("{HISTORY}/done/{id}")
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The folder of the files.
    pub folder: &'a Path,
    /// The organization, created when missing.
    pub organization: &'a str,
    /// Whether to do everything and leave nothing.
    pub dry_run: bool,
    /// The instant of the import.
    pub now: OffsetDateTime,
}

/// An import that is under way.
pub struct Import<'a> {
    /// The one transaction, as the owner.
    pub tx: &'a mut Tx,
    /// The import's number: its staged rows carry it.
    pub id: i64,
    /// Where the files are.
    pub source: Source<'a>,
    /// The organization's currency.
    pub currency: Currency,
    /// Month in which its fiscal year begins.
    pub fiscal_year_start: u8,
    /// What day it is at the organization.
    pub today: Date,
    /// The people by external id.
    pub reps: HashMap<String, UserId>,
    /// What other currencies are in the organization's, and the deals in them.
    pub rates: Rates,
    /// What is wrong so far.
    pub problems: Problems,
    /// What the person who imports should know.
    pub notes: Vec<String>,
    /// How far it is.
    pub progress: Progress,
    /// What was there before, and a way to look at it beside the transaction; none: it cannot be taken back.
    pub before: Option<(Before, &'a PgPool)>,
}

/// What became of the rows of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Rows that made something new.
    pub created: u64,
    /// Rows that changed something.
    pub updated: u64,
    /// Rows that said what was known.
    pub unchanged: u64,
}

impl Counts {
    /// The counts of a file with so many rows, of which so many made and changed something.
    pub fn of(rows: u64, created: u64, updated: u64) -> Self {
        Self { created, updated, unchanged: rows.saturating_sub(created).saturating_sub(updated) }
    }
}

/// What an import did.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Its number.
    pub id: ImportId,
    /// The counts of each file that was there.
    pub files: Vec<(&'static str, Counts)>,
    /// What the person who imports should know.
    pub notes: Vec<String>,
}

/// Why an import did nothing.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The files are wrong.
    #[error("{0}")]
    Refused(Problems),
    /// What was asked for is wrong.
    #[error("{0}")]
    Asked(String),
    /// The folder or a file cannot be read.
    #[error("cannot read {0}: {1}")]
    Folder(String, io::Error),
    /// A file cannot be read to its end.
    #[error("cannot read a file: {0}")]
    File(#[from] io::Error),
    /// The database.
    #[error("the database refused: {0}")]
    Database(#[from] sqlx::Error),
}

/// How often an import begins again that PostgreSQL broke off because it and somebody else waited for each other.
const ATTEMPTS: u32 = 5;

/// Imports a folder: everything, or nothing.
pub async fn run(pool: &PgPool, request: Request<'_>) -> Result<Summary, Failure> {
    let mut attempt = 1;
    loop {
        match run_once(pool, request).await {
            Err(Failure::Database(error)) if is_deadlock(&error) && attempt < ATTEMPTS => {
                tracing::info!("the import and a page waited for each other: beginning again ({attempt})");
                attempt += 1;
            }
            done => return done,
        }
    }
}

async fn run_once(pool: &PgPool, request: Request<'_>) -> Result<Summary, Failure> {
    let source = Source::Folder(request.folder);
    let folder = |error| Failure::Folder(request.folder.display().to_string(), error);
    let progress = Progress::of(source, &FILES).map_err(folder)?;
    let name = request.organization.trim();
    if !(1..=120).contains(&name.chars().count()) || name.contains('\0') {
        return Err(Failure::Asked("The name of an organization has 1 to 120 characters.".to_owned()));
    }
    let mut news = vec![];
    let mut tx = if let Some(org) = organizations::db::find_by_name(pool, name).await? {
        tx::write_as_owner(pool, org, request.now).await?
    } else {
        let (tx, currency) = create_organization(pool, &request, name).await?;
        news.push(format!("{name} is new: its currency is {currency}, its time zone UTC."));
        tx
    };
    let mut summary = carry_out(&mut tx, source, progress, None, request.dry_run).await?;
    if !request.dry_run {
        tx.commit().await?;
    }
    summary.notes.extend(news);
    Ok(summary)
}

/// Imports what a browser sent into the organization of a transaction of the owner: everything, or an error. It is the
/// caller's to commit. Indexes are never put aside: pages are read meanwhile.
pub async fn sent(pool: &PgPool, tx: &mut Tx, files: &[SentFile], dry_run: bool) -> Result<Summary, Failure> {
    let source = Source::Sent(files);
    carry_out(tx, source, Progress::of(source, &FILES)?, Some(pool), dry_run).await
}

async fn carry_out(
    tx: &mut Tx,
    source: Source<'_>,
    progress: Progress,
    beside: Option<&PgPool>,
    dry_run: bool,
) -> Result<Summary, Failure> {
    let mut import = begin(tx, source, progress, beside).await?;
    let mut files = vec![];
    let mut done = |file: &'static str, counts: Option<Counts>| files.extend(counts.map(|counts| (file, counts)));

    done(reps::REPS.file, reps::import(&mut import).await?);
    let customers = customers::read(&mut import).await?;
    let ownerships = ownership::read(&mut import).await?;
    let deals = deals::read(&mut import).await?;
    let lines = deals::read_lines(&mut import).await?;
    let visits = visits::read(&mut import).await?;
    let targets = targets::read(&mut import).await?;
    let plans = plans::read(&mut import).await?;
    let assignments = assignments::read(&mut import, &plans).await?;

    import.progress.step("Checking");
    db::analyze_staged(import.tx).await?;
    follow_merged(&mut import).await?;
    customers::check(&mut import).await?;
    ownership::check(&mut import).await?;
    deals::check(&mut import).await?;
    visits::check(&mut import).await?;
    targets::check(&mut import).await?;
    assignments::check(&mut import).await?;
    if !import.problems.is_empty() {
        return Err(Failure::Refused(import.problems.sorted(&FILES)));
    }

    import.progress.step("Writing customers");
    if deals.is_some() {
        deals_db::hold_numbers(import.tx).await?;
    }
    let lifted = lift_rules(&mut import, customers, deals).await?;
    done(customers::CUSTOMERS.file, customers::write(&mut import, customers).await?);
    done(ownership::OWNERSHIP.file, ownership::write(&mut import, ownerships).await?);
    import.progress.step("Writing deals");
    let (deals, lines) = deals::write(&mut import, deals, lines).await?;
    done(deals::DEALS.file, deals);
    done(deals::LINES.file, lines);
    import.progress.step("Writing visits, targets and plans");
    done(visits::VISITS.file, visits::write(&mut import, visits).await?);
    done(targets::TARGETS.file, targets::write(&mut import, targets).await?);
    done(plans::FILE, plans::write(&mut import, plans).await?);
    done(assignments::ASSIGNMENTS.file, assignments::write(&mut import, assignments).await?);

    import.progress.step("Following what became of each customer");
    let touched = db::touched(import.tx, import.id).await?;
    events_db::recompute(import.tx, &touched).await?;
    if lifted {
        import.progress.step("Building indexes and checking references");
        db::restore_rules(import.tx).await?;
    }
    finish(import, dry_run, files).await
}

/// What became part of another customer is no customer of its own any more, whatever the source of the files says.
async fn follow_merged(import: &mut Import<'_>) -> Result<(), Failure> {
    let (customers, ownerships) = db::follow_merged(import.tx, import.id).await?;
    for (file, rows) in [(customers::CUSTOMERS.file, customers), (ownership::OWNERSHIP.file, ownerships)] {
        if rows > 0 {
            let words = "about customers that were merged into others: left out. Deals and visits go on to those.";
            import.notes.push(format!("{file}: {} {words}", format::counted(rows, "row", "rows")));
        }
    }
    Ok(())
}

async fn begin<'a>(
    tx: &'a mut Tx,
    source: Source<'a>,
    progress: Progress,
    beside: Option<&'a PgPool>,
) -> Result<Import<'a>, Failure> {
    let strangers = progress.strangers().iter();
    let notes = strangers.map(|file| format!("{file} is none of the files that are read: ignored.")).collect();
    let settings = db::lock_organization(tx).await?;
    let currency = Currency::parse(&settings.currency)
        .map_err(|error| Failure::Asked(format!("The organization's currency: {error}")))?;
    let id = db::next_import(tx).await?;
    let before = match beside {
        Some(pool) => Some((done_db::before(tx).await?, pool)),
        None => None,
    };
    let rates = Rates::load(tx).await?;
    Ok(Import {
        tx,
        id,
        source,
        currency,
        fiscal_year_start: settings.fiscal_year_start,
        today: settings.today,
        reps: HashMap::new(),
        rates,
        problems: Problems::default(),
        notes,
        progress,
        before,
    })
}

/// A new organization has the currency of the deals, else EUR.
async fn create_organization(pool: &PgPool, request: &Request<'_>, name: &str) -> Result<(Tx, Currency), Failure> {
    let of_deals = table::first_currency(Source::Folder(request.folder), &deals::DEALS)?;
    let Some(currency) = of_deals.or_else(|| Currency::parse("EUR").ok()) else {
        return Err(Failure::Asked("There is no currency.".to_owned()));
    };
    let mut tx = tx::write_as_owner(pool, OrgId(0), request.now).await?;
    let new = NewOrganization { name: name.to_owned(), currency, time_zone: "UTC".to_owned() };
    match organizations::db::create(&mut tx, &new).await {
        Ok(_) => Ok((tx, currency)),
        Err(error) if violates(&error, "organizations_name_key") => {
            Err(Failure::Asked(format!("Somebody else just created {name}. Import again.")))
        }
        Err(error) => Err(error.into()),
    }
}

/// Puts the indexes and references of what has many rows in the files aside, until everything is written.
async fn lift_rules(import: &mut Import<'_>, customers: Option<u64>, deals: Option<u64>) -> Result<bool, Failure> {
    let mut tables = vec![];
    if let Source::Sent(_) = import.source {
        return Ok(false);
    }
    if customers.is_some_and(|rows| rows >= customers::MANY) {
        tables.extend(["customers", "ownerships"]);
    }
    if deals.is_some_and(|rows| rows >= deals::MANY) {
        tables.extend(["deals", "deal_lines", "deal_credits", "customer_events"]);
    }
    Ok(!tables.is_empty() && db::lift_rules(import.tx, &tables).await?)
}

async fn finish(import: Import<'_>, dry_run: bool, files: Vec<(&'static str, Counts)>) -> Result<Summary, Failure> {
    let id = ImportId(import.id);
    if !dry_run {
        let detail = files.iter().map(|(file, made)| ((*file).to_owned(), serde_json::json!(made))).collect();
        let detail = serde_json::Value::Object(detail);
        done_db::insert(import.tx, id, &detail).await?;
        if let Some((before, pool)) = &import.before {
            changes::keep(import.tx, pool, id, before).await?;
            if !done_db::note_made(import.tx, id, before).await? {
                before_db::forget(import.tx, id).await?;
            }
        }
        audit::db::record(import.tx, "import.done", &path(id), detail).await?;
        db::forget_staged(import.tx, import.id).await?;
    }
    import.progress.end();
    Ok(Summary { id, files, notes: import.notes })
}
