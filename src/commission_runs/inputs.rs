//! The documents that a statement is calculated from, and their check.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::Date;

use crate::{
    domain::{commission::statement::Statement, id::UserId, metric::Metric, money::Currency, target::Presence},
    scorecards::figure,
    web::error::Error,
};

/// The documents that a statement is calculated from: enough to calculate it again anywhere.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Inputs {
    /// Whose pay it is; statements of the first versions do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rep: Option<UserId>,
    /// The plan as in `docs/commission-plans.md`.
    pub plan: serde_json::Value,
    /// The facts, likewise.
    pub facts: serde_json::Value,
    /// What the counts of the facts count, metric by metric.
    pub records: BTreeMap<Metric, Vec<Counted>>,
    /// The targets of which only a part counts: the facts hold that part.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parts: BTreeMap<Metric, Part>,
}

impl Inputs {
    /// As JSON with sorted keys, however it was stored: what the check of a statement is made of.
    ///
    /// # Errors
    ///
    /// If a part is no JSON, which is a fault of the program.
    pub fn text(&self) -> serde_json::Result<String> {
        /// The fields in the order of their names: to sort a large company's facts as values takes as long as to pay them.
        #[derive(Serialize)]
        struct Sorted<'i> {
            facts: &'i serde_json::Value,
            #[serde(skip_serializing_if = "Option::is_none")]
            parts: Option<serde_json::Value>,
            plan: &'i serde_json::Value,
            records: BTreeMap<&'static str, &'i [Counted]>,
            #[serde(skip_serializing_if = "Option::is_none")]
            rep: Option<UserId>,
        }
        serde_json::to_string(&Sorted {
            facts: &self.facts,
            parts: if self.parts.is_empty() { None } else { Some(serde_json::to_value(&self.parts)?) },
            plan: &self.plan,
            records: self.records.iter().map(|(metric, counted)| (metric.as_str(), counted.as_slice())).collect(),
            rep: self.rep,
        })
    }
}

/// Why only a part of a target counts: on how many working days the rep was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The target as it was set, in its unit (money in minor units).
    pub target: Decimal,
    /// What of it counts, in the same unit; nothing for who was never there.
    pub counts: Option<Decimal>,
    /// Working days of presence.
    pub here: u32,
    /// Working days of the period.
    pub of: u32,
}

/// One thing that a count counts: a customer won or lost, or a visit. The fields are in the order of their names
/// ([`Inputs::text`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// The customer's name at that time.
    pub customer: String,
    /// The deal that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deal: Option<i64>,
    /// The day.
    pub on: Date,
}

impl Part {
    /// "visits 100 of 110, here 20 of 22 working days".
    pub fn words(&self, metric: Metric, currency: Currency) -> String {
        let shown = |value| figure::target_words(metric, value, currency);
        let here = figure::here(Presence { days: self.here, of: self.of });
        let counts = self.counts.map_or_else(|| "none".to_owned(), shown);
        format!("{} {counts} of {}, {here}", metric.label().to_lowercase(), shown(self.target))
    }
}

/// The check of a statement: SHA-256 of its inputs, the engine's version and its result, each as JSON with sorted keys.
pub fn digest(inputs: &str, engine: &str, statement: &Statement) -> Result<[u8; 32], Error> {
    let result = statement.to_json().map_err(|e| Error::Internal(e.to_string()))?;
    let mut hash = Sha256::new();
    for part in [inputs, engine, result.as_str()] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    Ok(hash.finalize().into())
}

/// The check code that pages and files print: the first four bytes of a digest.
pub fn check_code(digest: &[u8]) -> String {
    let check = u32::from_be_bytes(digest.first_chunk().copied().unwrap_or_default());
    format!("{:04X}-{:04X}", check >> 16, check & 0xFFFF)
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn inputs_are_written_with_sorted_keys() {
        let counted = Counted { customer: "Nordlys".to_owned(), on: date!(2026 - 10 - 02), deal: Some(7) };
        let part = Part { target: Decimal::TEN, counts: None, here: 3, of: 20 };
        let whole = Inputs {
            rep: Some(UserId(4)),
            plan: serde_json::json!({ "period": "month", "name": "Field" }),
            facts: serde_json::json!({ "rep": "Kari", "deals": [{ "id": "D1", "amount": "10.00" }] }),
            records: Metric::ALL.into_iter().map(|metric| (metric, vec![counted.clone()])).collect(),
            parts: Metric::ALL.into_iter().map(|metric| (metric, part)).collect(),
        };
        let bare = Inputs { rep: None, parts: BTreeMap::new(), ..whole.clone() };
        for inputs in [whole, bare] {
            let text = inputs.text().unwrap();
            assert_eq!(text, serde_json::to_value(&inputs).unwrap().to_string());
            assert_eq!(text, serde_json::from_str::<serde_json::Value>(&text).unwrap().to_string());
        }
    }
}
