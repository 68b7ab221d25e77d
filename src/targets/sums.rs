//! What the targets of several reps come to: as they were set, and what of them counts.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::{
    draw::{Group, Loaded, plain},
    grid::{self, Cell},
};
use crate::domain::{
    id::UserId,
    metric::{Metric, Unit},
    money::Currency,
    subject::Subject,
};

/// What the targets of a team's reps, or those of the teams below it, come to.
pub struct Sum {
    /// The id of the sum, for the script.
    pub id: String,
    /// The field of the team's own target.
    pub goal: String,
    /// As they were set.
    pub shown: String,
    /// "(counts 196)", where something else counts of them; "(2 of 3 teams)", where not all have a target.
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

    /// What the own targets of the teams directly below come to, metric by metric; empty where none of them has any.
    pub fn teams_together(
        &self,
        group: &Group,
        values: &BTreeMap<Cell, Decimal>,
        currency: Currency,
    ) -> Vec<Option<Sum>> {
        let sum = |&metric: &Metric| {
            let own: Vec<Decimal> =
                group.teams.iter().filter_map(|&team| values.get(&(team, metric)).copied()).collect();
            let (set, of) = (own.len(), group.teams.len());
            let together = own.into_iter().sum();
            let goal = values.get(&(group.whose, metric));
            (set > 0 && metric.unit() != Unit::Fraction).then(|| Sum {
                id: teams_id(group.whose, metric),
                goal: grid::field((group.whose, metric)),
                shown: plain(metric, together, currency),
                counts: if set == of { String::new() } else { format!("({set} of {of} teams)") },
                gap: goal.map(|&goal| gap(metric, together, goal, currency)).unwrap_or_default(),
            })
        };
        let sums: Vec<Option<Sum>> = self.metrics.iter().map(sum).collect();
        if sums.iter().all(Option::is_none) { vec![] } else { sums }
    }

    /// The id of the sum to which the own target of a team adds; empty for rates, and where no team stands above it.
    pub fn above(&self, team: Subject, metric: Metric) -> String {
        let above = self.groups.iter().find(|group| group.teams.contains(&team));
        let above = above.filter(|_| metric.unit() != Unit::Fraction);
        above.map_or_else(String::new, |group| teams_id(group.whose, metric))
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

/// The id of the sum of the own targets of the teams directly below a team or the company.
fn teams_id(whose: Subject, metric: Metric) -> String {
    format!("teams-{}-{}", grid::word(whose), metric.as_str())
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
