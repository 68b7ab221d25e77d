//! The history of a thing in words: who did what when, with the values that changed.

use serde_json::{Map, Value};
use time::PrimitiveDateTime;

use super::db::Entry;
use crate::web::{form::parse_date, format};

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

/// Tells what was done. The detail of an act holds `old` and `new` as objects of words, and perhaps a `reason`.
pub fn told(entries: Vec<Entry>) -> Vec<Act> {
    entries
        .into_iter()
        .map(|entry| Act {
            at: entry.at,
            who: entry.who.unwrap_or_else(|| "Import or command line".to_owned()),
            what: label(entry.action.split_once('.').map_or(&*entry.action, |(_, act)| act)),
            changes: changes(&entry.detail),
            reason: entry.detail.get("reason").and_then(Value::as_str).unwrap_or_default().to_owned(),
        })
        .collect()
}

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

fn shown(values: &Map<String, Value>, name: &str) -> String {
    match values.get(name) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => parse_date(text).map_or_else(|| text.clone(), format::date),
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

    #[test]
    fn acts_name_what_changed() {
        let entry = Entry {
            at: datetime!(2026-11-19 10:00),
            who: None,
            user_id: None,
            action: "visit.corrected".into(),
            detail: json!({
                "old": { "day": "2026-11-18", "notes": "x", "minutes": null },
                "new": { "day": "2026-11-19", "notes": "x", "minutes": 30 },
                "reason": "Wrong day"
            }),
        };
        let act = told(vec![entry]).remove(0);
        assert_eq!((act.what.as_str(), act.reason.as_str()), ("Corrected", "Wrong day"));
        let change = |label: &str, old: &str, new: &str| Change {
            label: label.to_owned(),
            old: old.to_owned(),
            new: new.to_owned(),
        };
        assert_eq!(act.changes, [change("Day", "18 Nov 2026", "19 Nov 2026"), change("Minutes", "", "30")]);
        assert_eq!(changes(&json!({ "new": { "day": "2026-11-19" } })), []);
    }
}
