//! A statement as plain text for people.

use std::fmt::Write;

use super::statement::{Amount, Held, Statement};
use crate::domain::money::Currency;

/// Names and amounts stand in a page of this width.
const WIDTH: usize = 72;

/// The statement in plain text: each line with its rule, its calculation and what was missing, then the total.
pub fn text(statement: &Statement) -> String {
    let currency = Currency::parse(&statement.currency).ok();
    let show = |amount: Amount| currency.map_or_else(|| amount.to_string(), |currency| currency.show(amount.money));
    let mut page = format!("{}, {}, {}\n", statement.plan, statement.rep, statement.period);
    for line in &statement.lines {
        page.push('\n');
        row(&mut page, &line.title(), &show(line.amount));
        for words in [&line.rule].into_iter().chain(&line.formulas).chain(&line.notes) {
            wrap(&mut page, words);
        }
        for record in &line.records {
            let name = match (record.deal, record.returns) {
                (Some(deal), Some(returns)) => format!("    return {deal} of deal {returns}"),
                (Some(deal), None) => format!("    deal {deal}"),
                (None, _) if record.floor => String::from("    floor"),
                (None, _) if record.bonus => String::from("    bonus"),
                (None, _) => continue,
            };
            row(&mut page, &name, &show(record.amount));
        }
    }
    page.push('\n');
    row(&mut page, "Total", &show(statement.total));
    let account = [
        ("Paid out", statement.payable),
        ("Carried to the next period", statement.balance),
        ("Owed of draws", statement.draw_balance),
    ];
    for (name, amount) in account {
        if let Some(amount) = amount {
            row(&mut page, name, &show(amount));
        }
    }
    let held = |page: &mut String, title: &str, held: &[Held]| {
        if !held.is_empty() {
            page.push('\n');
            page.push_str(title);
            page.push('\n');
        }
        for held in held {
            row(page, &format!("    deal {}", held.deal), &show(held.part));
        }
    };
    held(&mut page, "On hold", &statement.held);
    held(&mut page, "Not confirmed yet", &statement.unconfirmed);
    held(&mut page, "Taken back in other periods", &statement.other_periods);
    page
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
