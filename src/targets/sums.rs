//! What the targets of several reps come to: as they were set, and what of them counts.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::{
    draw::{Loaded, plain},
    grid::{self, Cell},
};
use crate::domain::{
    id::UserId,
    metric::{Metric, Unit},
    money::Currency,
    subject::Subject,
};

/// What the targets of a team's reps come to.
pub struct Sum {
    /// The id of the sum, for the script.
    pub id: String,
    /// The field of the team's own target.
    pub goal: String,
    /// As they were set.
    pub shown: String,
    /// "(counts 196)", where something else counts of them.
    pub counts: String,
    /// "22 below the target": of what counts, as boards say it.
    pub gap: String,
}

impl Loaded {
    /// What the targets of these reps come to: as they were set, and what of them counts.
    pub fn sums(
        &self,
        reps: impl Iterator<Item = UserId>,
        metric: Metric,
        values: &BTreeMap<Cell, Decimal>,
    ) -> (Decimal, Decimal) {
        let of = |rep| Some((rep, *values.get(&(Subject::Rep(rep), metric))?));
        reps.filter_map(of).fold((Decimal::ZERO, Decimal::ZERO), |(sum, count), (rep, set)| {
            (sum + set, count + self.presences.expected(rep, metric, set).value.unwrap_or_default())
        })
    }

    /// What of a rep's target counts, for the script; empty for all of it.
    pub fn share(&self, rep: UserId, metric: Metric, currency: Currency) -> String {
        let Some(presence) = self.presences.of(rep).filter(|_| self.presences.is_part(rep, metric)) else {
            return String::new();
        };
        let (decimals, least) = if metric.unit() == Unit::Money { (currency.decimals(), 0) } else { (0, 1) };
        format!("{} {} {decimals} {least}", presence.days, presence.of)
    }
}

/// The id of the sum of the targets of all reps, or of those of a team or the company.
pub fn sum_id(whose: Option<Subject>, metric: Metric) -> String {
    match whose {
        None => format!("sum-{}", metric.as_str()),
        Some(whose) => format!("sum-{}-{}", grid::word(whose), metric.as_str()),
    }
}

/// "(counts 196)", where something else counts than was set. `static/grid.js` says the same while one types.
pub fn counts(metric: Metric, set: Decimal, count: Decimal, currency: Currency) -> String {
    if set == count { String::new() } else { format!("(counts {})", plain(metric, count, currency)) }
}

/// "22 below the target", "as the target", "€500 above the target". `static/grid.js` says the same while one types.
pub fn gap(metric: Metric, sum: Decimal, goal: Decimal, currency: Currency) -> String {
    let size = || plain(metric, (sum - goal).abs(), currency);
    match sum.cmp(&goal) {
        std::cmp::Ordering::Less => format!("{} below the target", size()),
        std::cmp::Ordering::Equal => "as the target".to_owned(),
        std::cmp::Ordering::Greater => format!("{} above the target", size()),
    }
}
