//! The history of a thing in words: who did what when, with the values that changed.

use serde_json::{Map, Value};
use time::PrimitiveDateTime;

use super::db::Entry;
use crate::{
    domain::money::{Currency, Money},
    web::{form::parse_date, format},
};

/// An act as a page tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// When, at the company.
    pub at: PrimitiveDateTime,
    /// Who.
    pub who: String,
    /// "Logged", "Confirmed".
    pub what: String,
    /// What changed.
    pub changes: Vec<Change>,
    /// Why, if a reason was given.
    pub reason: String,
}

/// A value that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Of what: "Day".
    pub label: String,
    /// The value before; empty where there was none.
    pub old: String,
    /// The value now; empty where it was taken away.
    pub new: String,
}

/// Tells what was done. The detail of an act holds `old` and `new` as objects of words, and perhaps a `reason`; that of
/// an import holds columns.
pub fn told(entries: Vec<Entry>, currency: Currency) -> Vec<Act> {
    entries
        .into_iter()
        .map(|entry| {
            let imported_kind = ["customer.", "deal.", "visit."].iter().any(|kind| entry.action.starts_with(kind));
            let marked = entry.detail.get("import").is_some();
            let by_import = marked || entry.user_id.is_none() && imported_kind;
            let who = entry.who.map(|name| if marked { format!("{name}, by an import") } else { name });
            Act {
                at: entry.at,
                who: who.unwrap_or_else(|| if by_import { "an import" } else { "the command line" }.to_owned()),
                what: label(entry.action.split_once('.').map_or(&*entry.action, |(_, act)| act)),
                changes: if by_import { imported(&entry.detail, currency) } else { changes(&entry.detail) },
                reason: entry.detail.get("reason").and_then(Value::as_str).unwrap_or_default().to_owned(),
            }
        })
        .collect()
}

/// What an import changed, in words; of what a column tells by numbers of the database, that it changed.
fn imported(detail: &Value, currency: Currency) -> Vec<Change> {
    let (Some(Value::Object(old)), Some(Value::Object(new))) = (detail.get("old"), detail.get("new")) else {
        return vec![];
    };
    let changed = |(name, column): (&str, Column)| {
        let (label, read): (&str, fn(&Value, Currency) -> String) = match column {
            Column::Text(label) => (label, |value, _| words(value)),
            Column::Word(label) => {
                (label, |value, _| format::capital(&value.as_str().unwrap_or_default().replace('_', " ")))
            }
            Column::Money(label) => {
                (label, |value, currency| value.as_i64().map_or(String::new(), |n| format::money(currency, Money(n))))
            }
            Column::Told(label) => (label, |_, _| String::new()),
        };
        let value = |values: &Map<String, Value>| values.get(name).map_or(String::new(), |value| read(value, currency));
        let told = Change { label: label.to_owned(), old: value(old), new: value(new) };
        if !new.contains_key(name) {
            None
        } else if matches!(column, Column::Told(_)) {
            Some(Change { old: "as it was".to_owned(), new: "changed".to_owned(), ..told })
        } else {
            Some(told).filter(|change| change.old != change.new)
        }
    };
    COLUMNS.into_iter().filter_map(changed).collect()
}

/// How a column of an imported change reads.
#[derive(Clone, Copy)]
enum Column {
    /// Text and dates, as they are.
    Text(&'static str),
    /// A word of the program: `in_person`.
    Word(&'static str),
    /// Minor units.
    Money(&'static str),
    /// Nothing that a person reads.
    Told(&'static str),
}

/// The columns that imports change, in the order of pages.
const COLUMNS: [(&str, Column); 24] = [
    ("name", Column::Text("Name")),
    ("customer_id", Column::Told("Customer")),
    ("owner_id", Column::Told("Owner")),
    ("segment", Column::Text("Segment")),
    ("industry", Column::Text("Industry")),
    ("city", Column::Text("City")),
    ("country", Column::Text("Country")),
    ("customer_since", Column::Text("Customer since")),
    ("attributes", Column::Told("Fields")),
    ("stage", Column::Word("Stage")),
    ("opened_on", Column::Text("Opened on")),
    ("booked_on", Column::Text("Won on")),
    ("expected_on", Column::Text("Expected on")),
    ("source_stage", Column::Text("Stage of the source")),
    ("returns_id", Column::Told("What it returns")),
    ("net", Column::Money("Net")),
    ("rate", Column::Text("Rate")),
    ("lines", Column::Told("Lines")),
    ("credits", Column::Told("Credits")),
    ("visited_on", Column::Text("Day")),
    ("kind", Column::Word("How")),
    ("state", Column::Word("State")),
    ("outcome", Column::Word("Outcome")),
    ("notes", Column::Text("Note")),
];

/// What differs between the `old` and `new` of an act's detail; nothing where there is no `old`: then all of it is new.
pub fn changes(detail: &Value) -> Vec<Change> {
    let (Some(Value::Object(old)), Some(Value::Object(new))) = (detail.get("old"), detail.get("new")) else {
        return vec![];
    };
    let mut names: Vec<&String> = new.keys().chain(old.keys().filter(|name| !new.contains_key(*name))).collect();
    names.dedup();
    names
        .into_iter()
        .map(|name| Change { label: label(name), old: shown(old, name), new: shown(new, name) })
        .filter(|change| change.old != change.new)
        .collect()
}

fn label(name: &str) -> String {
    format::capital(&name.replace('_', " "))
}

/// A text as it is, a date as people write it.
pub fn words(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    parse_date(text).map_or_else(|| text.to_owned(), format::date)
}

fn shown(values: &Map<String, Value>, name: &str) -> String {
    match values.get(name) {
        None | Some(Value::Null) => String::new(),
        Some(text @ Value::String(_)) => words(text),
        Some(Value::Array(values)) => values
            .iter()
            .map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned))
            .collect::<Vec<_>>()
            .join("; "),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;
    use crate::domain::id::UserId;

    #[test]
    fn acts_name_what_changed() {
        let entry = Entry {
            at: datetime!(2026-11-19 10:00),
            who: Some("Ingrid".to_owned()),
            user_id: Some(UserId(1)),
            action: "visit.corrected".into(),
            detail: json!({
                "old": { "day": "2026-11-18", "notes": "x", "minutes": null },
                "new": { "day": "2026-11-19", "notes": "x", "minutes": 30 },
                "reason": "Wrong day"
            }),
        };
        let euro = Currency::parse("EUR").unwrap();
        let act = told(vec![entry], euro).remove(0);
        assert_eq!((act.what.as_str(), act.reason.as_str()), ("Corrected", "Wrong day"));
        let change = |label: &str, old: &str, new: &str| Change {
            label: label.to_owned(),
            old: old.to_owned(),
            new: new.to_owned(),
        };
        assert_eq!(act.changes, [change("Day", "18 Nov 2026", "19 Nov 2026"), change("Minutes", "", "30")]);
        assert_eq!(changes(&json!({ "new": { "day": "2026-11-19" } })), []);
    }

    #[test]
    fn an_imported_change_reads_like_any_other() {
        let entry = Entry {
            at: datetime!(2026-11-19 10:00),
            who: None,
            user_id: None,
            action: "deal.changed".into(),
            detail: json!({
                "old": { "net": 10_000, "stage": "open", "booked_on": null, "customer_id": 12, "credits": [[5, 1]], "confirmed_at": null },
                "new": { "net": 12_050, "stage": "won", "booked_on": "2026-01-05", "customer_id": 13, "credits": [[6, 1]], "confirmed_at": "2026-01-05T10:00:00+00:00" },
            }),
        };
        let act = told(vec![entry], Currency::parse("EUR").unwrap()).remove(0);
        assert_eq!(act.who, "an import");
        let who = |detail| {
            let entry = Entry {
                at: datetime!(2026-11-19 10:00),
                who: Some("Astrid".to_owned()),
                user_id: Some(UserId(1)),
                action: "deal.changed".into(),
                detail,
            };
            told(vec![entry], Currency::parse("EUR").unwrap()).remove(0).who
        };
        assert_eq!(who(json!({ "import": true })), "Astrid, by an import");
        assert_eq!(who(json!({})), "Astrid");
        let told: Vec<String> =
            act.changes.iter().map(|change| format!("{}: {} → {}", change.label, change.old, change.new)).collect();
        assert_eq!(
            told,
            [
                "Customer: as it was → changed",
                "Stage: Open → Won",
                "Won on:  → 5 Jan 2026",
                "Net: €100.00 → €120.50",
                "Credits: as it was → changed",
            ]
        );
    }
}
