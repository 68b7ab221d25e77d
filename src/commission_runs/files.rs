//! A run's files: the payroll file with the columns that the company wants, every line as CSV, and a workbook.

use askama::Template;
use axum::{extract::State, response::Response};
use sqlx::PgConnection;

use super::{
    db::{self, RunRow},
    inputs::check_code,
    payroll_db::{self, PayRow},
    web::find,
};
use crate::{
    App,
    audit::{
        self,
        downloads::{self, Download},
    },
    domain::{commission::section::payable, id::RunId, money::Currency, period::Period},
    postgres::tx,
    web::{
        auth::{Allowed, PrepareCommission, Viewer},
        csv,
        error::Error,
        form::{Errors, Form, Nothing, Path},
        format, once,
        page::{Page, html, refused},
        periods, step_up,
        toast::Toast,
        workbook::{self, Cell, Sheet, apart, workbook},
    },
};

/// The columns that a payroll file may have, in its order: the word in the file, and what it is.
const COLUMNS: [(&str, &str); 19] = [
    ("rep", "Number of the rep in your files"),
    ("name", "Name"),
    ("email", "E-mail address"),
    ("title", "Title"),
    ("team", "Team on the last day of the period"),
    ("period", "Period, like 2026-10"),
    ("first_day", "First day of the period"),
    ("last_day", "Last day of the period"),
    ("plan", "Plan and version"),
    ("payable", "To pay: nothing of a total below zero"),
    ("total", "Total of the lines, also below zero: not what is paid"),
    ("carried", "Carried to the next period, which takes it back"),
    ("draw_balance", "Owed of draws"),
    ("currency", "Currency"),
    ("run", "Number of the run"),
    ("statement", "Number of the statement"),
    ("approved_by", "Approved by"),
    ("paid_on", "Day of payment"),
    ("check_code", "Check code of the statement"),
];

/// The company's columns in the order of the file. A word that this program does not know is left out.
async fn chosen(db: &mut PgConnection, me: &Viewer) -> Result<Vec<&'static str>, Error> {
    let chosen = payroll_db::columns(db, me.scope.org).await?;
    Ok(COLUMNS.iter().map(|(word, _)| *word).filter(|word| chosen.iter().any(|one| one == word)).collect())
}

#[derive(Template)]
#[template(path = "commission_runs/payroll.html")]
struct ColumnsPage {
    page: Page,
    columns: Vec<(&'static str, &'static str, bool)>,
    errors: Errors,
}

/// The page on which the columns are chosen.
pub async fn columns(State(app): State<App>, me: Allowed<PrepareCommission>, page: Page) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let chosen = chosen(&mut read, &me).await?;
    html(columns_page(page, &chosen, Errors::new()))
}

fn columns_page(page: Page, chosen: &[&str], errors: Errors) -> ColumnsPage {
    let columns = COLUMNS.iter().map(|(word, label)| (*word, *label, chosen.contains(word))).collect();
    ColumnsPage { page, columns, errors }
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct ColumnsForm {
    columns: Vec<String>,
}

/// Keeps the choice for every later file of the company.
pub(super) async fn choose(
    State(app): State<App>,
    me: Allowed<PrepareCommission>,
    page: Page,
    Form { once, fields: form, .. }: Form<ColumnsForm>,
) -> Result<Response, Error> {
    let known = COLUMNS.iter().map(|(word, _)| *word).filter(|word| form.columns.iter().any(|one| one == word));
    let known: Vec<&str> = known.collect();
    if known.is_empty() {
        let mut errors = Errors::new();
        errors.add("columns", "Choose at least one column.");
        return refused(columns_page(page, &[], errors));
    }
    let mut write = once::begin(&app, &me, once).await?;
    let before = chosen(&mut write, &me).await?;
    if before != known {
        let words: Vec<String> = known.iter().map(|word| (*word).to_owned()).collect();
        payroll_db::choose(&mut write, &words).await?;
        let detail = serde_json::json!({ "old": before.join(", "), "new": known.join(", ") });
        audit::db::record(&mut write, "organization.payroll_columns", "/commission-runs/payroll", detail).await?;
    }
    write.done_saying("/commission-runs/payroll", &Toast::new("Columns kept")).await
}

/// What can be downloaded of a run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum File {
    /// What everybody gets, one row per statement: of an approved run only, for it is paid as it stands.
    Payroll,
    /// Everybody's pay line by line.
    Lines,
    /// Statements and lines as a workbook.
    Workbook,
}

impl File {
    /// The last part of its address.
    fn path(self) -> &'static str {
        match self {
            Self::Payroll => "payroll.csv",
            Self::Lines => "lines.csv",
            Self::Workbook => "run.xlsx",
        }
    }
}

/// The word and the sentence that stand on every file of what is not final.
pub fn not_final(superseded: bool, locked: bool) -> Option<(&'static str, &'static str)> {
    match (superseded, locked) {
        (true, _) => Some((
            "REPLACED",
            "Replaced: a newer calculation takes its place. It is kept as it was; pay nothing by it.",
        )),
        (_, false) => Some(("DRAFT", "Draft: the run is not approved yet. Nothing is paid by it.")),
        _ => None,
    }
}

/// A file of everybody's pay. It changes nothing, but it is sent like a form: it may ask for the password first.
pub(super) async fn download(
    of: File,
    State(app): State<App>,
    me: Allowed<PrepareCommission>,
    page: Page,
    Path(id): Path<RunId>,
    Form { typed, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    if let Some(ask) = step_up::required(&me, &page, &format!("/commission-runs/{id}/{}", of.path()), &typed) {
        return ask;
    }
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let run = find(&mut read, &me, id).await?;
    let period = periods::containing(run.period_kind, run.period_start, &me);
    let mark = not_final(run.superseded, run.locked_at.is_some());
    let marked = mark.map(|(word, _)| format!("-{}", word.to_lowercase())).unwrap_or_default();
    let name = format!("commission-{}-run-{id}{marked}", run.period_start);
    match of {
        File::Payroll if run.superseded => Err(Error::Conflict(
            "A newer calculation replaces this run, so nothing is paid by it. Take the payroll file of the newest run of this period.",
        )),
        File::Payroll if run.locked_at.is_none() => Err(Error::Conflict(
            "This run is not approved yet, so nothing is paid by it. Have all of its statements approved, then take its payroll file.",
        )),
        File::Payroll => {
            let columns = chosen(&mut read, &me).await?;
            let rows = payroll_db::rows(&mut read, me.scope.org, id).await?;
            drop(read);
            note(&app, &me, id, of, rows.len()).await?;
            payroll(&columns, rows, &me, &run, period)
        }
        File::Lines => {
            let rows = db::export(&mut read, me.scope.org, id).await?;
            drop(read);
            note(&app, &me, id, of, rows.len()).await?;
            lines(rows, &me, &name)
        }
        File::Workbook => {
            let statements = payroll_db::rows(&mut read, me.scope.org, id).await?;
            let lines = db::export(&mut read, me.scope.org, id).await?;
            drop(read);
            note(&app, &me, id, of, statements.len()).await?;
            let (currency, label) = (me.company.currency, format::period(period));
            let sheets = sheets(about(&me.company.name, &label, &run), statements, lines);
            workbook::respond(apart(move || workbook(&sheets, currency)).await?, &format!("{name}.xlsx"))
        }
    }
}

/// Everybody's pay leaves the program: under whose name is known before it does.
async fn note(app: &App, me: &Viewer, run: RunId, of: File, rows: usize) -> Result<(), Error> {
    let rows = i64::try_from(rows).unwrap_or(i64::MAX);
    let object = format!("/commission-runs/{run}");
    downloads::note(app, me, Download { act: "run.downloaded", object: &object, file: of.path(), rows }).await
}

fn payroll(columns: &[&str], rows: Vec<PayRow>, me: &Viewer, run: &RunRow, period: Period) -> Result<Response, Error> {
    let mut file = csv::File::new(columns);
    for row in rows {
        file.row(columns.iter().map(|column| cell(column, &row, run.id, period, me.company.currency)));
    }
    file.respond(&format!("payroll-{}-run-{}.csv", run.period_start, run.id))
}

fn cell(column: &str, row: &PayRow, run: RunId, period: Period, currency: Currency) -> csv::Cell {
    let given = |text: &Option<String>| csv::text(text.as_deref().unwrap_or_default());
    match column {
        "rep" => given(&row.external_id),
        "name" => csv::text(&row.name),
        "email" => given(&row.email),
        "title" => given(&row.title),
        "team" => given(&row.team),
        "period" => csv::text(&period.to_string()),
        "first_day" => csv::text(&period.from().to_string()),
        "last_day" => csv::text(&period.last_day().to_string()),
        "plan" => csv::text(&format!("{}, version {}", row.plan, row.plan_number)),
        "payable" => csv::number(currency.major(payable(row.total))),
        "total" => csv::number(currency.major(row.total)),
        "carried" => csv::number(currency.major(row.carried)),
        "draw_balance" => csv::number(currency.major(row.draw_balance)),
        "currency" => csv::text(currency.code()),
        "run" => csv::number(run.0),
        "statement" => csv::number(row.statement.0),
        "approved_by" => given(&row.approved_by),
        "paid_on" => csv::text(&row.paid_on.map(|day| day.to_string()).unwrap_or_default()),
        _ => csv::text(&check_code(&row.digest)),
    }
}

fn lines(rows: Vec<db::ExportRow>, me: &Viewer, name: &str) -> Result<Response, Error> {
    let currency = me.company.currency;
    let mut file = csv::File::new(&["rep", "name", "component", "measure", "amount", "currency"]);
    for row in rows {
        file.row([
            csv::text(row.external_id.as_deref().unwrap_or_default()),
            csv::text(&row.rep),
            csv::text(&row.component),
            csv::text(&row.measure),
            csv::number(currency.major(row.amount)),
            csv::text(currency.code()),
        ]);
    }
    file.respond(&format!("{name}.csv"))
}

/// What stands above the statements of a run.
fn about(company: &str, label: &str, run: &RunRow) -> Vec<(&'static str, Cell)> {
    let mark = not_final(run.superseded, run.locked_at.is_some());
    let mut about: Vec<(&'static str, Cell)> =
        mark.map(|(word, words)| (word, Cell::text(words))).into_iter().collect();
    about.extend([
        ("Company", Cell::text(company)),
        ("Period", Cell::text(label)),
        ("Run", Cell::Number(run.id.0)),
        ("Calculated by", Cell::text(&run.preparer)),
        ("Calculated", Cell::Day(run.prepared_on)),
        ("Paid", Cell::day(run.paid_on)),
        ("To pay", Cell::Amount(run.payable)),
        ("Carried to the next period", Cell::Amount(run.carried)),
    ]);
    about
}

fn sheets(about: Vec<(&'static str, Cell)>, statements: Vec<PayRow>, lines: Vec<db::ExportRow>) -> Vec<Sheet> {
    let given = |text: Option<String>| text.map_or(Cell::Empty, Cell::Text);
    let of_reps = statements.into_iter().map(|row| {
        vec![
            given(row.external_id),
            Cell::Text(row.name),
            given(row.team),
            Cell::Text(format!("{}, version {}", row.plan, row.plan_number)),
            Cell::Amount(payable(row.total)),
            Cell::Amount(row.total),
            Cell::Amount(row.carried),
            Cell::Amount(row.draw_balance),
            Cell::Number(row.statement.0),
            Cell::Text(check_code(&row.digest)),
            given(row.approved_by),
        ]
    });
    let of_lines = lines.into_iter().map(|row| {
        vec![
            given(row.external_id),
            Cell::Text(row.rep),
            Cell::Text(row.component),
            Cell::Text(row.measure),
            Cell::Amount(row.amount),
        ]
    });
    vec![
        Sheet {
            name: "Statements",
            about,
            heads: vec![
                ("Rep", 14),
                ("Name", 28),
                ("Team", 20),
                ("Plan", 28),
                ("To pay", 16),
                ("Total", 16),
                ("Carried on", 16),
                ("Owed of draws", 16),
                ("Statement", 11),
                ("Check code", 13),
                ("Approved by", 24),
            ],
            rows: of_reps.collect(),
        },
        Sheet {
            name: "Lines",
            about: vec![],
            heads: vec![("Rep", 14), ("Name", 28), ("Component", 30), ("Measure", 28), ("Amount", 16)],
            rows: of_lines.collect(),
        },
    ]
}
