//! Workbooks for spreadsheets (XLSX): text as text, amounts as numbers in their currency, days as days.

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use rust_xlsxwriter::{ExcelDateTime, Format, FormatAlign, Workbook, Worksheet, XlsxError};
use time::Date;

use super::error::Error;
use crate::domain::money::{Currency, Money};

/// What a workbook of ours is called on the way.
const KIND: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// A cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// Text; never a formula, whatever it begins with.
    Text(String),
    /// A whole number.
    Number(i64),
    /// An amount.
    Amount(Money),
    /// A day.
    Day(Date),
}

/// A sheet of rows under heads.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    /// The name on its tab: at most 31 letters.
    pub name: &'static str,
    /// Pairs above the table.
    pub about: Vec<(&'static str, Cell)>,
    /// The heads with the width of each column in letters.
    pub heads: Vec<(&'static str, u16)>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
}

impl Cell {
    /// Text, or nothing.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A day, if there is one.
    pub fn day(day: Option<Date>) -> Self {
        day.map_or(Self::Empty, Self::Day)
    }
}

/// How each kind of cell looks.
struct Looks {
    head: Format,
    amount: Format,
    day: Format,
    text: Format,
}

/// The file. Slow for many rows: not on a thread that answers others.
///
/// # Errors
/// More rows or letters than a workbook holds.
pub fn workbook(sheets: &[Sheet], currency: Currency) -> Result<Vec<u8>, Error> {
    let mut book = Workbook::new();
    let looks = Looks {
        head: Format::new().set_bold().set_text_wrap(),
        amount: Format::new().set_num_format(number_format(currency)).set_align(FormatAlign::Top),
        day: Format::new().set_num_format("yyyy-mm-dd").set_align(FormatAlign::Top),
        text: Format::new().set_text_wrap().set_align(FormatAlign::Top),
    };
    for sheet in sheets {
        write(book.add_worksheet(), sheet, currency, &looks).map_err(|e| Error::Internal(e.to_string()))?;
    }
    book.save_to_buffer().map_err(|e| Error::Internal(e.to_string()))
}

fn write(page: &mut Worksheet, sheet: &Sheet, currency: Currency, looks: &Looks) -> Result<(), XlsxError> {
    const A4: u8 = 9;
    page.set_name(sheet.name)?.set_landscape().set_paper_size(A4).set_print_fit_to_pages(1, 0);
    let mut row = 0;
    for (name, cell) in &sheet.about {
        page.write_string_with_format(row, 0, *name, &looks.head)?;
        put(page, row, 1, cell, currency, looks)?;
        row += 1;
    }
    if row > 0 {
        row += 1;
    }
    for (column, (head, width)) in (0..).zip(&sheet.heads) {
        page.write_string_with_format(row, column, *head, &looks.head)?;
        page.set_column_width(column, *width)?;
    }
    row += 1;
    page.set_freeze_panes(row, 0)?;
    for cells in &sheet.rows {
        for (column, cell) in (0..).zip(cells) {
            put(page, row, column, cell, currency, looks)?;
        }
        row += 1;
    }
    Ok(())
}

fn put(
    page: &mut Worksheet,
    row: u32,
    column: u16,
    cell: &Cell,
    currency: Currency,
    looks: &Looks,
) -> Result<(), XlsxError> {
    match cell {
        Cell::Empty => {}
        Cell::Text(text) => {
            // A cell holds 32,767 letters and no more.
            let text: String = text.chars().take(32_000).collect();
            page.write_string_with_format(row, column, text, &looks.text)?;
        }
        Cell::Number(number) => match i32::try_from(*number) {
            Ok(number) => {
                page.write_number(row, column, number)?;
            }
            Err(_) => {
                page.write_string(row, column, number.to_string())?;
            }
        },
        Cell::Amount(amount) => {
            let plain = currency.plain(*amount);
            match exact(&plain) {
                Some(number) => page.write_number_with_format(row, column, number, &looks.amount)?,
                None => page.write_string(row, column, plain)?,
            };
        }
        Cell::Day(day) => match u16::try_from(day.year()) {
            Ok(year @ 1900..) => {
                let date = ExcelDateTime::from_ymd(year, day.month().into(), day.day())?;
                page.write_datetime_with_format(row, column, &date, &looks.day)?;
            }
            _ => {
                page.write_string(row, column, day.to_string())?;
            }
        },
    }
    Ok(())
}

/// The number that a workbook keeps for a plain decimal: of up to 15 digits, read back it is the same decimal. Nothing
/// is calculated with it here.
fn exact(plain: &str) -> Option<f64> {
    let digits = plain.bytes().filter(u8::is_ascii_digit).count();
    if digits <= 15 { plain.parse().ok() } else { None }
}

/// `"€"#,##0.00`, below zero with a minus before the sign of the currency.
fn number_format(currency: Currency) -> String {
    let sign = currency.symbol().replace('"', "");
    let fraction = match currency.decimals() {
        0 => String::new(),
        decimals => format!(".{}", "0".repeat(usize::from(decimals))),
    };
    format!("\"{sign}\"#,##0{fraction};-\"{sign}\"#,##0{fraction}")
}

/// The file as a download of this name.
pub fn respond(bytes: Vec<u8>, name: &str) -> Result<Response, Error> {
    download(bytes, KIND, name)
}

/// Bytes as a download of this name.
pub fn download(bytes: Vec<u8>, kind: &'static str, name: &str) -> Result<Response, Error> {
    let plain: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).collect();
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{plain}\""))
        .map_err(|e| Error::Internal(e.to_string()))?;
    let kind = HeaderValue::from_static(kind);
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, disposition)], bytes).into_response())
}

/// Writes a file beside the threads that answer others.
pub async fn apart(work: impl FnOnce() -> Result<Vec<u8>, Error> + Send + 'static) -> Result<Vec<u8>, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|e| Error::Internal(e.to_string()))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_kept_to_the_cent() {
        for plain in ["0.00", "-0.01", "0.10", "33.33", "9999999999999.99", "-1234567890123.45", "123456789012345"] {
            let kept = exact(plain).unwrap();
            let decimals = plain.split_once('.').map_or(0, |(_, cents)| cents.len());
            assert_eq!(format!("{kept:.decimals$}"), plain);
        }
        assert_eq!(exact("99999999999999.99"), None, "16 digits do not fit");
    }

    #[test]
    fn amounts_look_like_their_currency() {
        let format = |code: &str| number_format(Currency::parse(code).unwrap());
        assert_eq!(format("EUR"), "\"€\"#,##0.00;-\"€\"#,##0.00");
        assert_eq!(format("JPY"), "\"¥\"#,##0;-\"¥\"#,##0");
        assert_eq!(format("NOK"), "\"NOK\u{a0}\"#,##0.00;-\"NOK\u{a0}\"#,##0.00");
    }
}
