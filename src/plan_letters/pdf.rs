//! A plan letter as a PDF file: A4, with its check code on every sheet.

use super::{db::LetterRow, letter::Letter};
use crate::{
    commission_runs::inputs::check_code,
    domain::period::short_date,
    statements::sheet::{Align, Column, Sheets},
};

/// Share of the target, value, pay.
const PAYS: [Column; 3] = [
    Column { head: "Of target", width: 120.0, align: Align::Left },
    Column { head: "Reached", width: 185.0, align: Align::Right },
    Column { head: "Pays in all", width: 180.0, align: Align::Right },
];

/// The file.
///
/// # Errors
/// What the writer says; a letter that can be read does not meet it.
pub fn pdf(row: &LetterRow, letter: &Letter) -> Result<Vec<u8>, String> {
    let plan = format!("{}, version {}", letter.plan, letter.number);
    let head = [
        format!("{} · Plan letter", letter.company),
        format!("{} · {plan}", letter.rep),
        format!("Check code {}", check_code(&row.digest)),
    ];
    let mut sheets = Sheets::new(head)?;
    sheets.title(&letter.plan, "");
    sheets.pair("For", &letter.rep);
    sheets.pair("Plan", &plan);
    sheets.pair("Holds from", &short_date(letter.from));
    sheets.pair("Published", &format!("{}, by {}", short_date(row.published_at.date()), row.published_by));
    let accepted = row.typed_name.as_ref().zip(row.accepted_at);
    let accepted = accepted.map(|(name, at)| {
        let (hour, minute) = (at.hour(), at.minute());
        format!("{}, {hour:02}:{minute:02}, by {name}", short_date(at.date()))
    });
    sheets.pair("Accepted", accepted.as_deref().unwrap_or("not yet"));
    for (name, told) in &letter.parts {
        sheets.section(name, "");
        for words in told {
            sheets.words(words);
        }
    }
    if !letter.targets.is_empty() {
        sheets.section("Your targets", "");
        for words in &letter.targets {
            sheets.words(words);
        }
    }
    if !letter.pays.is_empty() || !letter.assumes.is_empty() {
        sheets.section("What it pays", "");
    }
    if !letter.pays.is_empty() {
        sheets.words(&letter.example);
        sheets.table(&PAYS, letter.pays.iter().map(|row| row.to_vec()));
    }
    for words in &letter.assumes {
        sheets.words(words);
    }
    sheets.finish(&format!("{plan}, {}", letter.rep))
}
