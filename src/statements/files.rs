//! A statement's files: PDF and workbook, for whoever may read its page.

use axum::{extract::State, response::Response};

use super::{
    pdf::pdf,
    view::{LineView, View},
    web::find,
};
use crate::{
    App,
    domain::{id::StatementId, money::Money},
    postgres::tx,
    web::{
        auth::{Allowed, ReadStatements, Viewer},
        error::Error,
        form::Path,
        workbook::{self, Cell, Sheet, apart, workbook},
    },
};

/// The statement as a PDF file.
pub async fn as_pdf(
    State(app): State<App>,
    me: Allowed<ReadStatements>,
    Path(id): Path<StatementId>,
) -> Result<Response, Error> {
    let view = load(&app, &me, id).await?;
    let name = name(&view, "pdf");
    let bytes = apart(move || pdf(&view).map_err(Error::Internal)).await?;
    workbook::download(bytes, "application/pdf", &name)
}

/// The statement as a workbook.
pub async fn as_workbook(
    State(app): State<App>,
    me: Allowed<ReadStatements>,
    Path(id): Path<StatementId>,
) -> Result<Response, Error> {
    let view = load(&app, &me, id).await?;
    let name = name(&view, "xlsx");
    let bytes = apart(move || workbook(&sheets(&view), view.currency)).await?;
    workbook::respond(bytes, &name)
}

async fn load(app: &App, me: &Viewer, id: StatementId) -> Result<View, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let statement = find(&mut read, me, id).await?;
    View::load(&mut read, me, statement).await
}

fn name(view: &View, kind: &str) -> String {
    let marked = view.not_final().map(|(word, _)| format!("-{}", word.to_lowercase())).unwrap_or_default();
    format!("commission-{}-statement-{}{marked}.{kind}", view.statement.period_start, view.statement.id)
}

/// A row with a sum.
fn sum(part: Cell, what: &str, measure: &str, amount: Money) -> Vec<Cell> {
    vec![part, Cell::text(what), Cell::text(measure), Cell::Amount(amount), Cell::Empty, Cell::Empty, Cell::Empty]
}

/// The lines with their words in the order of the page, what they come to, and every record behind them.
fn sheets(view: &View) -> Vec<Sheet> {
    let statement = &view.statement;
    let mark = view.not_final();
    let mut about: Vec<(&'static str, Cell)> =
        mark.map(|(word, words)| (word, Cell::text(words))).into_iter().collect();
    about.extend([
        ("Company", Cell::text(&view.company)),
        ("For", Cell::text(&statement.rep)),
        ("Period", Cell::text(&view.label)),
        ("Plan", Cell::text(format!("{}, version {}", statement.plan, statement.plan_number))),
        ("Statement", Cell::text(format!("{}, run {}", statement.id, statement.run_id))),
        ("Calculated", Cell::Day(statement.prepared_on)),
        ("Approved by", Cell::text(statement.approved_by.as_deref().unwrap_or("nobody yet"))),
        ("Approved", Cell::day(statement.approved_on)),
        ("Paid", Cell::day(statement.paid_on)),
        ("Engine", Cell::text(&statement.engine)),
        ("Check code", Cell::text(&view.check)),
        ("To pay", Cell::Amount(statement.payable())),
    ]);
    let mut rows = Vec::new();
    for section in &view.sections {
        let part = || Cell::text(section.of.title());
        rows.extend(section.lines.iter().map(|LineView { line, .. }| {
            vec![
                part(),
                Cell::text(line.title()),
                Cell::text(line.measure_word()),
                Cell::Amount(line.amount.money),
                Cell::text(&line.rule),
                Cell::text(line.formulas.join("\n")),
                Cell::text(line.notes.join("\n")),
            ]
        }));
        let left = section.left.iter();
        rows.extend(left.map(|(words, amount)| sum(part(), words, "after this statement", *amount)));
    }
    rows.push(sum(Cell::text("Total"), "Sum of the lines", "total", statement.total));
    rows.push(sum(Cell::text("To pay"), "Nothing of a total below zero", "payable", statement.payable()));
    let records = view.lines().flat_map(|one| {
        let component = one.line.title();
        let records: Vec<_> = one
            .records
            .iter()
            .map(|record| {
                vec![
                    Cell::text(&component),
                    Cell::text(&record.name),
                    Cell::day(record.on),
                    record.deal.map_or(Cell::Empty, Cell::Number),
                    record.part.map_or(Cell::Empty, Cell::Amount),
                    Cell::Amount(record.pays),
                ]
            })
            .collect();
        let counted: Vec<_> = one
            .counted
            .iter()
            .map(|counted| {
                vec![
                    Cell::text(&component),
                    Cell::text(&counted.customer),
                    Cell::Day(counted.on),
                    counted.deal.map_or(Cell::Empty, Cell::Number),
                    Cell::Empty,
                    Cell::Empty,
                ]
            })
            .collect();
        records.into_iter().chain(counted)
    });
    vec![
        Sheet {
            name: "Statement",
            about,
            heads: vec![
                ("Section", 14),
                ("Component", 28),
                ("Measure", 28),
                ("Amount", 16),
                ("Rule", 50),
                ("Calculation", 50),
                ("Notes", 50),
            ],
            rows,
        },
        Sheet {
            name: "Records",
            about: vec![],
            heads: vec![("Component", 28), ("Customer", 32), ("Date", 12), ("Deal", 12), ("Part", 16), ("Pays", 16)],
            rows: records.collect(),
        },
    ]
}
