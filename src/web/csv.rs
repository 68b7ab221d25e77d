//! CSV files for people's spreadsheets: text that a spreadsheet would run as a formula is disarmed.

use std::future::ready;

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, stream};
use rust_decimal::Decimal;

use super::error::Error;

/// A file that is written row by row.
pub struct File {
    writer: csv::Writer<Vec<u8>>,
    rows: i64,
}

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
        Self { writer, rows: 0 }
    }

    /// More rows of a file: without heads.
    pub fn more() -> Self {
        Self { writer: csv::Writer::from_writer(Vec::new()), rows: 0 }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        let _ = self.writer.write_record(cells.into_iter().map(|Cell(cell)| cell));
        self.rows = self.rows.saturating_add(1);
    }

    /// How many rows it has so far, without the heads.
    pub fn rows(&self) -> i64 {
        self.rows
    }

    /// The file as a download of this name.
    pub fn respond(self, name: &str) -> Result<Response, Error> {
        let bytes = self.into_bytes()?;
        attach(name, Body::from(bytes))
    }

    /// The same for a file that is longer than one wants to keep in memory: `next` writes more of it from a place on, and says
    /// where it goes on from there, each time that the browser has taken what was before. What goes wrong then breaks the
    /// download off, so that nobody takes a part for the whole.
    pub fn respond_in_parts<P, F>(
        self,
        name: &str,
        rest: Option<P>,
        next: impl Fn(P) -> F + Send + 'static,
    ) -> Result<Response, Error>
    where
        P: Send + 'static,
        F: Future<Output = Result<(Self, Option<P>), Error>> + Send + 'static,
    {
        let first = stream::once(ready(Ok::<_, Error>(self.into_bytes()?)));
        let others = stream::try_unfold(rest, move |place| {
            let more = place.map(&next);
            async move {
                let Some(more) = more else { return Ok(None) };
                let (file, place) = more.await.inspect_err(|error| tracing::warn!("broke a download off: {error}"))?;
                Ok(Some((file.into_bytes()?, place)))
            }
        });
        attach(name, Body::from_stream(first.chain(others)))
    }

    fn into_bytes(self) -> Result<Bytes, Error> {
        self.writer.into_inner().map(Bytes::from).map_err(|e| Error::Internal(e.to_string()))
    }
}

fn attach(name: &str, body: Body) -> Result<Response, Error> {
    let plain: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).collect();
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{plain}\""))
        .map_err(|e| Error::Internal(e.to_string()))?;
    Ok((
        [
            (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
            (header::CONTENT_DISPOSITION, disposition),
        ],
        body,
    )
        .into_response())
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
