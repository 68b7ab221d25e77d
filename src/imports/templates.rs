//! The files of an import as pages explain them, and templates of them: made from the formats that the importer reads.

use super::{
    assignments::ASSIGNMENTS,
    cell,
    customers::CUSTOMERS,
    deals::{DEALS, LINES},
    import::FILES,
    ownership::OWNERSHIP,
    plans,
    reps::REPS,
    table::{Column, Format},
    targets::TARGETS,
    visits::VISITS,
};
use time::Date;

use crate::domain::{commission::templates::Template, money::Currency};

/// A file as a page explains it.
#[derive(Clone, Debug)]
pub struct Kind {
    /// Its name.
    pub file: &'static str,
    /// What it holds, in a sentence.
    pub about: &'static str,
    /// The columns that each row must fill.
    pub required: String,
    /// The columns that may be missing.
    pub optional: String,
}

const FORMATS: [&Format; 8] = [&REPS, &CUSTOMERS, &OWNERSHIP, &DEALS, &LINES, &VISITS, &TARGETS, &ASSIGNMENTS];

/// The format of a file; none for `plans.json`, which is no table.
pub(super) fn format(file: &str) -> Option<&'static Format> {
    FORMATS.into_iter().find(|format| format.file == file)
}

/// Every file that is read, in order.
pub fn kinds() -> Vec<Kind> {
    FILES.into_iter().map(kind).collect()
}

fn kind(file: &'static str) -> Kind {
    let Some(format) = format(file) else {
        return Kind { file, about: plans::ABOUT, required: String::new(), optional: String::new() };
    };
    let named = |wanted: bool| {
        let columns = format.columns.iter().filter(|column| column.required == wanted);
        columns.map(|column| column.name).collect::<Vec<_>>().join(", ")
    };
    Kind { file, about: format.about, required: named(true), optional: named(false) }
}

/// A template of a file: its header and one row, or one plan. None: no import reads such a file.
pub fn template(file: &str, currency: Currency) -> Option<Vec<u8>> {
    if file == plans::FILE {
        let starter = Template::Starter;
        let plan = starter.plan(starter.label(), currency, Date::MIN);
        return Some(format!("[\n{}\n]\n", plan.to_json()).into_bytes());
    }
    let columns = format(file)?.columns;
    let mut writer = csv::Writer::from_writer(vec![]);
    for cell in [|column: &Column| column.name, |column: &Column| column.example] {
        writer.write_record(columns.iter().map(cell)).ok()?;
    }
    writer.into_inner().ok()
}

/// Which file a browser means by a name: letters of either case, the day that our own files bear, and what browsers add to a
/// second download.
pub fn recognized(name: &str) -> Option<&'static str> {
    let name = name.trim().to_lowercase();
    let (stem, ending) = name.rsplit_once('.')?;
    let is_number = |text: &str| text.strip_suffix(')').is_some_and(|n| n.bytes().all(|byte| byte.is_ascii_digit()));
    let stem = stem.rsplit_once('(').filter(|(_, rest)| is_number(rest)).map_or(stem, |(stem, _)| stem.trim_end());
    let day = |text: &str| cell::date(text).is_some();
    let stem = stem.split_once('-').filter(|(_, rest)| day(rest)).map_or(stem, |(stem, _)| stem);
    FILES.into_iter().find(|file| file.rsplit_once('.') == Some((stem, ending)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_recognized_by_their_names_only() {
        for (name, file) in [
            ("customers.csv", Some("customers.csv")),
            ("Customers.CSV", Some("customers.csv")),
            ("deal_lines (2).csv", Some("deal_lines.csv")),
            ("plans(1).json", Some("plans.json")),
            ("deals-2026-11-19.csv", Some("deals.csv")),
            ("deals-2026-11-19 (1).csv", Some("deals.csv")),
            ("deals-2026.csv", None),
            ("customers (new).csv", None),
            ("customers.xlsx", None),
            ("../customers.csv", None),
            ("customers", None),
            ("plans.csv", None),
        ] {
            assert_eq!(recognized(name), file, "{name}");
        }
    }

    #[test]
    fn a_template_is_the_header_that_the_importer_reads_and_a_row() {
        let euro = Currency::parse("EUR").unwrap();
        let text = String::from_utf8(template("ownership.csv", euro).unwrap()).unwrap();
        assert_eq!(text, "customer,rep,from,to\nC1,R1,2025-01-15,\n");
        assert!(template("people.csv", euro).is_none());
        assert_eq!(kinds().len(), FILES.len());
        assert!(kinds().iter().all(|kind| kind.about.ends_with('.')));
    }
}
