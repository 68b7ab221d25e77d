//! A statement as a PDF file: A4, in the order of its page, with who, what and the check code on every sheet.

use super::{
    sheet::{Align, Column, Sheets},
    view::{LineView, View},
};
use crate::domain::period::short_date;

/// The columns of the deals behind a line: customer, day, number, the rep's part, what it pays.
const DEALS: [Column; 5] = [
    Column { head: "Customer", width: 190.0, align: Align::Left },
    Column { head: "Date", width: 75.0, align: Align::Left },
    Column { head: "Deal", width: 60.0, align: Align::Right },
    Column { head: "Part", width: 80.0, align: Align::Right },
    Column { head: "Pays", width: 80.0, align: Align::Right },
];
/// Of what a count counts.
const COUNTED: [Column; 3] = [
    Column { head: "Customer", width: 265.0, align: Align::Left },
    Column { head: "Date", width: 110.0, align: Align::Left },
    Column { head: "Deal", width: 110.0, align: Align::Right },
];
/// The summary: what each component pays.
const SUMMARY: [Column; 2] = [
    Column { head: "Component", width: 375.0, align: Align::Left },
    Column { head: "Pays", width: 110.0, align: Align::Right },
];

/// The file.
///
/// # Errors
/// What the writer says; a statement that can be read does not meet it.
pub fn pdf(view: &View) -> Result<Vec<u8>, String> {
    let statement = &view.statement;
    let plan = format!("{}, version {}", statement.plan, statement.plan_number);
    let head = [
        format!("{} · Commission, {}", view.company, view.label),
        format!("{} · {plan}", statement.rep),
        format!("Check code {}, engine {}", view.check, statement.engine),
    ];
    let mut sheets = Sheets::new(head)?;
    sheets.title(&format!("Commission, {}", view.label), &view.money(statement.total));
    sheets.pair("For", &statement.rep);
    sheets.pair("Plan", &plan);
    sheets.pair("Statement", &format!("{}, run {}", statement.id, statement.run_id));
    sheets.pair("Calculated", &short_date(statement.prepared_on));
    if let Some(by) = &statement.approved_by {
        let on = statement.approved_on.map(|day| format!(", {}", short_date(day))).unwrap_or_default();
        sheets.pair("Approved", &format!("by {by}{on}"));
    }
    sheets.pair("Paid", &statement.paid_on.map_or_else(|| "not yet".to_owned(), short_date));
    if statement.superseded {
        sheets.words("A newer calculation replaces this statement. It is kept as it was.");
    }
    sheets.space(10.0);
    let rows = view
        .lines
        .iter()
        .map(|view_line| vec![view_line.line.component.clone(), view.money(view_line.line.amount.money)]);
    sheets.table(&SUMMARY, rows);
    for one in &view.lines {
        line(&mut sheets, view, one);
    }
    sheets.space(6.0);
    if view.unconfirmed > 0 {
        let deals = if view.unconfirmed == 1 { "deal waits" } else { "deals wait" };
        sheets.words(&format!("{} {deals} for confirmation and pay once confirmed.", view.unconfirmed));
    }
    for part in &view.parts {
        sheets.words(&format!("Target in proportion: {part}."));
    }
    sheets.total("Total", &view.money(statement.total));
    sheets.words(&format!(
        "The same inputs and plan version give this result again. Plan {plan}, engine {}, check code {}.",
        statement.engine, view.check
    ));
    sheets.finish(&format!("Commission, {}, {}", view.label, statement.rep))
}

fn line(sheets: &mut Sheets, view: &View, one: &LineView) {
    sheets.section(&one.line.component, &view.money(one.line.amount.money));
    for words in [&one.line.rule].into_iter().chain(&one.line.formulas).chain(&one.line.notes) {
        sheets.words(words);
    }
    if !one.records.is_empty() {
        let rows = one.records.iter().map(|record| {
            vec![
                record.customer.clone(),
                record.on.map(short_date).unwrap_or_default(),
                record.deal.to_string(),
                record.part.map_or_else(|| "whole".to_owned(), |part| view.money(part)),
                view.money(record.pays),
            ]
        });
        sheets.table(&DEALS, rows);
    } else if !one.counted.is_empty() {
        let rows = one.counted.iter().map(|counted| {
            vec![
                counted.customer.clone(),
                short_date(counted.on),
                counted.deal.map(|deal| deal.to_string()).unwrap_or_default(),
            ]
        });
        sheets.table(&COUNTED, rows);
    }
}
