//! Reads a CSV file row by row: its header is checked once, each cell as it is asked for, and memory stays flat.

use std::{
    collections::HashMap,
    io::{self, Read},
};

use csv::{ByteRecord, Reader, ReaderBuilder};
use rust_decimal::Decimal;
use time::Date;

use super::{
    cell::{self, BadMoney},
    lines::{Lines, line_ends},
    problem::Problems,
    source::Source,
};
use crate::{
    domain::{id::UserId, money::Currency},
    web::csv as csv_cells,
};

/// What a file may hold.
pub struct Format {
    /// Its name.
    pub file: &'static str,
    /// What it holds, in a sentence.
    pub about: &'static str,
    /// Its columns.
    pub columns: &'static [Column],
    /// Whether other columns are welcome: they become attributes.
    pub more_columns: bool,
    /// Columns that our own file has for people: they are passed over.
    pub for_people: &'static [&'static str],
}

/// A column of a file.
pub struct Column {
    /// Its name in the header.
    pub name: &'static str,
    /// Whether each row must have a value.
    pub required: bool,
    /// What a template shows in it.
    pub example: &'static str,
}

/// A column in which each row must have a value.
pub const fn required(name: &'static str, example: &'static str) -> Column {
    Column { name, required: true, example }
}

/// A column that may be missing or empty.
pub const fn optional(name: &'static str, example: &'static str) -> Column {
    Column { name, required: false, example }
}

/// How many columns a header may have: no file of ours has a tenth of it, and each is offered as a choice on a page.
pub const MOST_COLUMNS: usize = 200;

/// A file that is being read.
pub struct Table<'s> {
    format: &'static Format,
    source: Source<'s>,
    reader: Reader<Lines<Box<dyn Read + Send + 's>>>,
    record: ByteRecord,
    header: Vec<String>,
    /// Where the columns stand that the format does not know.
    strange: Vec<usize>,
}

impl<'s> Table<'s> {
    /// Opens a file and checks its header. None: there is no such file, or its header is wrong.
    pub fn open(source: Source<'s>, format: &'static Format, problems: &mut Problems) -> io::Result<Option<Self>> {
        let Some(file) = source.open(format.file)? else { return Ok(None) };
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(1 << 18)
            .from_reader(Lines::new(file));
        let mut table = Self { format, source, reader, record: ByteRecord::new(), header: vec![], strange: vec![] };
        table.reader.read_byte_record(&mut table.record)?;
        Ok(table.read_header(problems).then_some(table))
    }

    fn read_header(&mut self, problems: &mut Problems) -> bool {
        let Format { file, columns, more_columns, for_people, .. } = self.format;
        let count = self.record.len();
        if let Some(name) = self.record.get(MOST_COLUMNS) {
            let name = String::from_utf8_lossy(name);
            let remedy = format!(
                "The header has {count} columns, and {MOST_COLUMNS} are possible. Remove those that are not needed."
            );
            problems.add(file, 1, (MOST_COLUMNS + 1).to_string(), name, remedy);
            return false;
        }
        let mut fine = true;
        let mut refuse = |column: &str, remedy: String| {
            problems.add(file, 1, column, column, remedy);
            fine = false;
        };
        let known = || columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", ");
        for (position, name) in self.record.iter().enumerate() {
            let Ok(name) = std::str::from_utf8(name).map(str::trim) else {
                refuse(&String::from_utf8_lossy(name), "The file is not UTF-8. Save it as “CSV UTF-8”.".to_owned());
                continue;
            };
            let column = self.source.column(file, name);
            if column.is_empty() && !name.is_empty() || for_people.contains(&&*column) {
                self.header.push(String::new());
                continue;
            }
            let name = column.as_str();
            if name.is_empty() {
                refuse(&(position + 1).to_string(), "The column has no name. Name it or remove it.".to_owned());
            } else if name.contains('\0') || name.chars().count() > 60 {
                refuse(name, "The name of a column has at most 60 characters, none of them NUL.".to_owned());
            } else if self.header.iter().any(|other| other == name) {
                refuse(name, "The column stands there twice. Remove one of them.".to_owned());
            } else if name.contains(';') && self.record.len() == 1 {
                refuse(name, "Semicolons stand between the cells. Save the file with commas.".to_owned());
            } else if !more_columns && !columns.iter().any(|column| column.name == name) {
                refuse(name, format!("There is no such column. Remove it, or name it as one of: {}.", known()));
            }
            self.header.push(name.to_owned());
        }
        let strange = |name: &String| !name.is_empty() && !columns.iter().any(|column| column.name == name);
        self.strange = self.header.iter().enumerate().filter(|(_, name)| strange(name)).map(|(at, _)| at).collect();
        for column in columns.iter().filter(|column| column.required) {
            if !self.header.iter().any(|name| name == column.name) {
                problems.add(file, 1, column.name, "", "The column is missing. Add it to the header and to each row.");
                fine = false;
            }
        }
        fine
    }

    /// The next row, if there is one. A row with too many or too few cells is refused and skipped.
    pub fn next<'a>(&'a mut self, problems: &'a mut Problems) -> io::Result<Option<Row<'a>>> {
        while self.reader.read_byte_record(&mut self.record)? {
            let line = self.line();
            if self.record.iter().all(<[u8]>::is_empty) {
                continue;
            }
            if self.record.len() == self.header.len() {
                return Ok(Some(Row {
                    format: self.format,
                    record: &self.record,
                    header: &self.header,
                    strange: &self.strange,
                    line,
                    problems,
                }));
            }
            let (cells, columns) = (self.record.len(), self.header.len());
            let last = self.record.iter().next_back().map(String::from_utf8_lossy).unwrap_or_default();
            problems.add(
                self.format.file,
                line,
                cells.to_string(),
                last,
                format!(
                    "The row has {cells} cells, the header {columns}. Put cells that hold commas or quotes in quotes."
                ),
            );
        }
        Ok(None)
    }

    /// The line on which the record begins that was just read: the line of its last byte, less the line ends within it before
    /// that byte. The last byte itself is within it only where a quote is never closed.
    fn line(&mut self) -> u64 {
        let last = self.reader.position().byte().saturating_sub(1);
        let is_open = matches!(self.record.as_slice(), [.., b'\n' | b'\r']) && self.reader.get_ref().is_open_end(last);
        let within = self.record.iter().map(line_ends).sum::<usize>() - usize::from(is_open);
        self.reader.get_mut().line_of(last).saturating_sub(u64::try_from(within).unwrap_or(0))
    }

    /// How far into the file the reader is, in bytes.
    pub fn position(&self) -> u64 {
        self.reader.position().byte()
    }

    /// Whether the header has this column.
    pub fn has(&self, column: &str) -> bool {
        self.header.iter().any(|name| name == column)
    }
}

/// A row. Each getter notes a problem and returns nothing if the cell holds something else, or nothing though it must.
pub struct Row<'a> {
    format: &'static Format,
    record: &'a ByteRecord,
    header: &'a [String],
    strange: &'a [usize],
    /// The row's line in the file, from 1.
    pub line: u64,
    problems: &'a mut Problems,
}

impl<'a> Row<'a> {
    /// Notes that a cell is wrong.
    pub fn refuse(&mut self, column: &str, value: &str, remedy: impl Into<String>) {
        self.problems.add(self.format.file, self.line, column, value, remedy);
    }

    /// The trimmed cell of a column; none if it is empty.
    fn cell(&mut self, column: &str) -> Option<&'a str> {
        let at = self.header.iter().position(|name| name == column);
        self.cell_at(at, column)
    }

    fn cell_at(&mut self, at: Option<usize>, column: &str) -> Option<&'a str> {
        let cell = at.and_then(|at| self.record.get(at));
        match std::str::from_utf8(cell.unwrap_or_default()).map(str::trim) {
            Ok("") => {
                if self.format.columns.iter().any(|known| known.required && known.name == column) {
                    self.refuse(column, "", "The cell is empty. Each row needs a value here.");
                }
                None
            }
            Ok(text) if text.contains('\0') => {
                self.refuse(column, text, "A NUL character cannot be stored. Remove it.");
                None
            }
            Ok(text) => Some(csv_cells::read(text)),
            Err(_) => {
                let shown = String::from_utf8_lossy(cell.unwrap_or_default());
                self.refuse(column, &shown, "The cell is not UTF-8. Save the file as “CSV UTF-8”.");
                None
            }
        }
    }

    /// Whether a column is missing or its cell empty.
    pub fn is_empty(&self, column: &str) -> bool {
        let cell = self.header.iter().position(|name| name == column).and_then(|at| self.record.get(at));
        cell.unwrap_or_default().trim_ascii().is_empty()
    }

    /// Text of at most so many characters.
    pub fn text(&mut self, column: &str, most: usize) -> Option<&'a str> {
        let text = self.cell(column)?;
        self.at_most(column, text, most)
    }

    fn at_most(&mut self, column: &str, text: &'a str, most: usize) -> Option<&'a str> {
        if text.len() > most && text.chars().count() > most {
            self.refuse(column, text, format!("The text is too long. At most {most} characters are possible."));
            return None;
        }
        Some(text)
    }

    /// One of these words.
    pub fn word(&mut self, column: &str, words: &[&str]) -> Option<&'a str> {
        let text = self.cell(column)?;
        if !words.contains(&text) {
            self.refuse(column, text, format!("The word is not known. Write one of: {}.", words.join(", ")));
            return None;
        }
        Some(text)
    }

    /// A date.
    pub fn date(&mut self, column: &str) -> Option<Date> {
        let text = self.cell(column)?;
        let date = cell::date(text);
        if date.is_none() {
            self.refuse(column, text, "This is no date. Write year-month-day, like 2026-11-19.");
        }
        date
    }

    /// A date that has come.
    pub fn past_date(&mut self, column: &str, today: Date) -> Option<Date> {
        let date = self.date(column)?;
        if date > today {
            self.refuse(column, &date.to_string(), format!("The date lies in the future. Today is {today}."));
            return None;
        }
        Some(date)
    }

    /// An amount of money in minor units.
    pub fn money(&mut self, column: &str, currency: Currency) -> Option<i64> {
        let text = self.cell(column)?;
        let decimals = currency.decimals();
        match cell::money(text, decimals) {
            Ok(minor) => Some(minor),
            Err(why) => {
                let remedy = match why {
                    BadMoney::NotPlain => {
                        "This is no plain amount. Write it like 1234.50, without signs of groups or currency."
                            .to_owned()
                    }
                    BadMoney::TooManyDecimals => {
                        format!("{currency} has {decimals} decimals. Round the amount to as many.")
                    }
                    BadMoney::TooLarge => "The amount is too large. At most 10^14 minor units are possible.".to_owned(),
                };
                self.refuse(column, text, remedy);
                None
            }
        }
    }

    /// A plain decimal number.
    pub fn decimal(&mut self, column: &str) -> Option<Decimal> {
        let text = self.cell(column)?;
        let number = cell::decimal(text);
        if number.is_none() {
            let remedy =
                "This is no plain number. Write it like 12.5, with up to 12 digits before and 9 after the point.";
            self.refuse(column, text, remedy);
        }
        number
    }

    /// A whole number between two bounds, both included.
    pub fn whole(&mut self, column: &str, least: i32, most: i32) -> Option<i32> {
        let text = self.cell(column)?;
        let number = text.parse().ok().filter(|number| (least..=most).contains(number));
        if number.is_none() {
            self.refuse(column, text, format!("Write a whole number from {least} to {most}."));
        }
        number
    }

    /// A person by external id.
    pub fn rep(&mut self, column: &str, reps: &HashMap<String, UserId>) -> Option<UserId> {
        let text = self.cell(column)?;
        let rep = reps.get(text).copied();
        if rep.is_none() {
            self.refuse(column, text, "Nobody has this external_id. Correct it, or add the person to reps.csv.");
        }
        rep
    }

    /// The days from one date (included) to another (not included; none: open), as PostgreSQL writes them.
    pub fn days(&mut self, from: &str, to: &str) -> Option<String> {
        let (first, after) = (self.date(from), self.date(to));
        let first = first?;
        let Some(after) = after else { return Some(format!("[{first},)")) };
        if after <= first {
            let remedy =
                format!("It ends before it begins on {first}. Write the first day no longer, or leave the cell empty.");
            self.refuse(to, &after.to_string(), remedy);
            return None;
        }
        Some(format!("[{first},{after})"))
    }

    /// A currency.
    pub fn currency(&mut self, column: &str) -> Option<Currency> {
        let text = self.cell(column)?;
        let currency = Currency::parse(text).ok();
        if currency.is_none() {
            self.refuse(column, text, "This is no currency. Write a code of ISO 4217, like EUR.");
        }
        currency
    }

    /// The currency of the row, which must be the organization's.
    pub fn check_currency(&mut self, own: Currency) {
        if let Some(other) = self.currency("currency").filter(|currency| *currency != own) {
            let remedy = format!(
                "An organization has one currency, and this one's is {own}. Convert the amount, or import it into another organization."
            );
            self.refuse("currency", other.code(), remedy);
        }
    }

    /// The cells of columns that the format does not know, by the header's name.
    pub fn others(&mut self) -> Vec<(&'a str, &'a str)> {
        let named = self.strange.iter().filter_map(|at| Some((*at, self.header.get(*at)?.as_str())));
        named
            .filter_map(|(at, name)| {
                let text = self.cell_at(Some(at), name)?;
                Some((name, self.at_most(name, text, 2000)?))
            })
            .collect()
    }
}

/// The columns of a file that its format does not know, as they stand in the header. None of a header that is refused for
/// its length.
pub fn strangers(source: Source<'_>, format: &'static Format) -> io::Result<Vec<String>> {
    let Some(file) = source.open(format.file)? else { return Ok(vec![]) };
    let mut header = ByteRecord::new();
    ReaderBuilder::new().has_headers(false).from_reader(file).read_byte_record(&mut header)?;
    if header.len() > MOST_COLUMNS {
        return Ok(vec![]);
    }
    let names = header.iter().filter_map(|name| std::str::from_utf8(name).ok()).map(str::trim);
    let known =
        |name: &str| format.columns.iter().any(|column| column.name == name) || format.for_people.contains(&name);
    let strange = |name: &&str| !name.is_empty() && !known(name);
    Ok(names.filter(strange).map(str::to_owned).collect())
}

/// The first currency that a file names, whatever else is wrong with the file.
pub fn first_currency(source: Source<'_>, format: &'static Format) -> io::Result<Option<Currency>> {
    let mut unheard = Problems::default();
    let Some(mut table) = Table::open(source, format, &mut unheard)? else { return Ok(None) };
    if !table.has("currency") {
        return Ok(None);
    }
    while let Some(mut row) = table.next(&mut unheard)? {
        if let Some(text) = row.cell("currency") {
            return Ok(Currency::parse(text).ok());
        }
    }
    Ok(None)
}
