//! A statement as plain text for people.

use std::fmt::Write;

use super::{
    section::{CARRIED, OWED, Section},
    statement::{Amount, Held, Line, Statement},
};
use crate::domain::money::Currency;

/// Names and amounts stand in a page of this width.
const WIDTH: usize = 72;

/// The statement in plain text: each line with its rule, its calculation, what was missing and its
/// records; then draw, adjustments and balance, and the total.
pub fn text(statement: &Statement) -> String {
    let currency = Currency::parse(&statement.currency).ok();
    let show = |amount: Amount| currency.map_or_else(|| amount.to_string(), |currency| currency.show(amount.money));
    let mut page = format!("{}, {}, {}\n", statement.plan, statement.rep, statement.period);
    for section in Section::ALL {
        let lines: Vec<&Line> = statement.lines.iter().filter(|line| line.kind.section() == section).collect();
        let left = if section == Section::Balance { left(statement) } else { Vec::new() };
        if section != Section::Lines && !(lines.is_empty() && left.is_empty()) {
            page.push('\n');
            page.push_str(section.title());
            page.push('\n');
        }
        for line in lines {
            page.push('\n');
            row(&mut page, &line.title(), &show(line.amount));
            for words in [&line.rule].into_iter().chain(&line.formulas).chain(&line.notes) {
                wrap(&mut page, words);
            }
            for record in line.listed() {
                row(&mut page, &format!("    {}", record.name()), &show(record.amount));
            }
        }
        for (name, amount) in left {
            row(&mut page, name, &show(amount));
        }
    }
    page.push('\n');
    row(&mut page, "Total", &show(statement.total));
    if let Some(payable) = statement.payable {
        row(&mut page, "To pay", &show(payable));
    }
    let held = |page: &mut String, title: &str, held: &[Held]| {
        if !held.is_empty() {
            page.push('\n');
            page.push_str(title);
            page.push('\n');
        }
        for held in held {
            row(page, &format!("    Deal {}", held.deal), &show(held.part));
        }
    };
    held(&mut page, "On hold", &statement.held);
    held(&mut page, "Not confirmed yet", &statement.unconfirmed);
    held(&mut page, "Taken back in other periods", &statement.other_periods);
    page
}

/// What is left over after the statement.
fn left(statement: &Statement) -> Vec<(&'static str, Amount)> {
    let left = [(CARRIED, statement.balance), (OWED, statement.draw_balance)];
    left.into_iter().filter_map(|(name, amount)| Some((name, amount?))).collect()
}

fn row(page: &mut String, name: &str, amount: &str) {
    let room = WIDTH.saturating_sub(name.chars().count()).max(amount.chars().count() + 1);
    // Writing to a String cannot fail.
    let _ = writeln!(page, "{name}{amount:>room$}");
}

/// Words below a line, indented and broken between words.
fn wrap(page: &mut String, words: &str) {
    let mut width = WIDTH;
    for word in words.split(' ') {
        let length = word.chars().count();
        if width + length + 1 > WIDTH {
            if width != WIDTH || !page.ends_with('\n') {
                page.push('\n');
            }
            page.push_str("  ");
            width = 1;
        } else {
            page.push(' ');
        }
        page.push_str(word);
        width += length + 1;
    }
    page.push('\n');
}
