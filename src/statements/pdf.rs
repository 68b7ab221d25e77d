//! A statement as a PDF file: A4, in the order of its page, with who, what and the check code on every sheet.

use super::{
    sheet::{Align, Column, Sheets},
    view::{LineView, View},
};
use crate::domain::{commission::section::Section, period::short_date};

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
    let mark = view.not_final();
    let marked = mark.map(|(word, _)| format!("{word} · ")).unwrap_or_default();
    let head = [
        format!("{marked}{} · Commission, {}", view.company, view.label),
        format!("{} · {plan}", statement.rep),
        format!("Check code {}, engine {}", view.check, statement.engine),
    ];
    let mut sheets = Sheets::new(head)?;
    sheets.title(&format!("{marked}Commission, {}", view.label), &view.money(statement.payable()));
    if let Some((_, words)) = mark {
        sheets.words(words);
        sheets.space(6.0);
    }
    sheets.pair("For", &statement.rep);
    sheets.pair("Plan", &plan);
    sheets.pair("Statement", &format!("{}, run {}", statement.id, statement.run_id));
    sheets.pair("Calculated", &short_date(statement.prepared_on));
    if let Some(by) = &statement.approved_by {
        let on = statement.approved_on.map(|day| format!(", {}", short_date(day))).unwrap_or_default();
        sheets.pair("Approved", &format!("by {by}{on}"));
    }
    sheets.pair("Paid", &statement.paid_on.map_or_else(|| "not yet".to_owned(), short_date));
    sheets.space(10.0);
    sheets.table(&SUMMARY, summary(view).into_iter());
    for section in &view.sections {
        sheets.part(section.of.title());
        for one in &section.lines {
            line(&mut sheets, view, one);
        }
        for (words, amount) in &section.left {
            sheets.section(words, &view.money(*amount));
        }
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
    if statement.payable() != statement.total {
        sheets.total("To pay", &view.money(statement.payable()));
        sheets.words("A total below zero pays nothing and is carried to the next period.");
    }
    sheets.words(&format!(
        "The same inputs and plan version give this result again. Plan {plan}, engine {}, check code {}.",
        statement.engine, view.check
    ));
    sheets.finish(&format!("Commission, {}, {}", view.label, statement.rep))
}

/// What each component and each further part pays, and the sum.
fn summary(view: &View) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for section in &view.sections {
        if section.of == Section::Lines {
            let lines = section.lines.iter();
            rows.extend(lines.map(|one| vec![one.line.title(), view.money(one.line.amount.money)]));
        } else {
            rows.push(vec![section.of.title().to_owned(), view.money(section.sum())]);
        }
    }
    rows.push(vec!["Total".to_owned(), view.money(view.statement.total)]);
    rows
}

fn line(sheets: &mut Sheets, view: &View, one: &LineView) {
    sheets.section(&one.line.title(), &view.money(one.line.amount.money));
    for words in [&one.line.rule].into_iter().chain(&one.line.formulas).chain(&one.line.notes) {
        sheets.words(words);
    }
    if !one.listed().is_empty() {
        let rows = one.listed().iter().map(|record| {
            let whole = if record.deal.is_some() { "whole" } else { "" };
            vec![
                record.name.clone(),
                record.on.map(short_date).unwrap_or_default(),
                record.deal.map(|deal| deal.to_string()).unwrap_or_default(),
                record.part.map_or_else(|| whole.to_owned(), |part| view.money(part)),
                view.money(record.pays),
            ]
        });
        sheets.table(&DEALS, rows);
    }
    if !one.counted.is_empty() {
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
