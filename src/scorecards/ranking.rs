//! What the ranks of a board follow from: the scorecard, or the attainment of one metric.

use crate::{
    domain::metric::Metric,
    web::{error::Error, list::List},
};

/// The parameter that names the metric.
pub const PARAMETER: &str = "by";

/// Refuses a word that names none.
pub fn check(list: &List) -> Result<(), Error> {
    list.word(PARAMETER, Metric::parse).map(|_| ())
}

/// The metric by whose attainment the address asks to rank; none: by scorecard.
pub fn asked(list: &List) -> Option<Metric> {
    Metric::parse(list.value(PARAMETER))
}

/// "scorecard", "attainment of visits".
pub fn words(by: Option<Metric>) -> String {
    by.map_or_else(|| "scorecard".to_owned(), |metric| format!("attainment of {}", metric.label().to_lowercase()))
}
