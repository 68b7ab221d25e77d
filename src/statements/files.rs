//! A statement's files: PDF and workbook, for whoever may read its page.

use axum::{extract::State, response::Response};

use super::{pdf::pdf, view::View, web::find};
use crate::{
    App,
    domain::id::StatementId,
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
    format!("commission-{}-statement-{}.{kind}", view.statement.period_start, view.statement.id)
}

/// The lines with their words, and every record behind them.
fn sheets(view: &View) -> Vec<Sheet> {
    let statement = &view.statement;
    let about = vec![
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
        ("Total", Cell::Amount(statement.total)),
    ];
    let lines = view.lines.iter().map(|one| {
        let line = &one.line;
        vec![
            Cell::text(&line.component),
            Cell::text(line.measure_word()),
            Cell::Amount(line.amount.money),
            Cell::text(&line.rule),
            Cell::text(line.formulas.join("\n")),
            Cell::text(line.notes.join("\n")),
        ]
    });
    let records = view.lines.iter().flat_map(|one| {
        let component = one.line.component.as_str();
        let deals = one.records.iter().map(move |record| {
            vec![
                Cell::text(component),
                Cell::text(&record.customer),
                Cell::day(record.on),
                Cell::Number(record.deal),
                record.part.map_or(Cell::Empty, Cell::Amount),
                Cell::Amount(record.pays),
            ]
        });
        let counted = one.counted.iter().filter(|_| one.records.is_empty()).map(move |counted| {
            vec![
                Cell::text(component),
                Cell::text(&counted.customer),
                Cell::Day(counted.on),
                counted.deal.map_or(Cell::Empty, Cell::Number),
                Cell::Empty,
                Cell::Empty,
            ]
        });
        deals.chain(counted)
    });
    vec![
        Sheet {
            name: "Statement",
            about,
            heads: vec![
                ("Component", 28),
                ("Measure", 28),
                ("Amount", 16),
                ("Rule", 50),
                ("Calculation", 50),
                ("Notes", 50),
            ],
            rows: lines.collect(),
        },
        Sheet {
            name: "Records",
            about: vec![],
            heads: vec![("Component", 28), ("Customer", 32), ("Date", 12), ("Deal", 12), ("Part", 16), ("Pays", 16)],
            rows: records.collect(),
        },
    ]
}
