//! CSV files for people's spreadsheets: text that a spreadsheet would run as a formula is disarmed.

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use rust_decimal::Decimal;

use super::error::Error;

/// A file that is written row by row.
pub struct File(csv::Writer<Vec<u8>>);

/// One cell.
pub struct Cell(String);

/// What a formula begins with.
const RISKY: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

/// A cell of text. What begins like a formula gets an apostrophe before it.
pub fn text(text: &str) -> Cell {
    Cell(if text.starts_with(RISKY) { format!("'{text}") } else { text.to_owned() })
}

/// The text of such a cell, without that apostrophe.
pub fn read(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|text| text.starts_with(RISKY)).unwrap_or(cell)
}

/// A cell of a number: plain digits with a point, and a minus where it is below zero.
pub fn number(number: impl Into<Decimal>) -> Cell {
    Cell(number.into().to_string())
}

impl File {
    /// A file with these heads.
    pub fn new(heads: &[&str]) -> Self {
        let mut writer = csv::Writer::from_writer(Vec::new());
        // Writing into memory does not fail.
        let _ = writer.write_record(heads);
        Self(writer)
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        let _ = self.0.write_record(cells.into_iter().map(|Cell(cell)| cell));
    }

    /// The file as a download of this name.
    pub fn respond(self, name: &str) -> Result<Response, Error> {
        let bytes = self.0.into_inner().map_err(|e| Error::Internal(e.to_string()))?;
        let plain: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).collect();
        let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{plain}\""))
            .map_err(|e| Error::Internal(e.to_string()))?;
        Ok((
            [
                (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
                (header::CONTENT_DISPOSITION, disposition),
            ],
            bytes,
        )
            .into_response())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_disarmed_and_numbers_are_not() {
        for typed in ["=1+1", "+1", "-1", "@sum", "\tx", "＝1"] {
            assert_eq!(text(typed).0, format!("'{typed}"));
            assert_eq!(read(&text(typed).0), typed);
        }
        assert_eq!(text("Café = good").0, "Café = good");
        assert_eq!(number(Decimal::new(-500, 2)).0, "-5.00");
    }

    proptest::proptest! {
        #[test]
        fn no_text_cell_begins_a_formula(typed in ".*") {
            proptest::prop_assert!(!text(&typed).0.starts_with(['=', '+', '-', '@', '\t', '\r']));
        }
    }
}
