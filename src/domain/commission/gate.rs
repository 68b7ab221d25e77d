//! Gates: conditions on metrics and attainments, and by how much one that fails was missed.

use rust_decimal::{Decimal, RoundingStrategy};

use super::{
    evidence::Seen,
    facts_node::as_written,
    plan::{Condition, Who},
    statement::GateOutcome,
    words::floored,
};
use crate::domain::{
    metric::{Metric, Unit},
    money::Currency,
    rate::Ratio,
};

/// A condition that was looked at.
pub(super) struct Gate {
    pub outcome: GateOutcome,
    /// The metric's value and target, as far as there are any; of every rep none.
    pub value: Option<Decimal>,
    pub target: Option<Decimal>,
    /// The nearest value of the metric with which the condition would hold, in its own unit.
    pub needed: Option<Decimal>,
    /// Of every rep of the team: those for whom it does not hold, and what they reached.
    pub failed: Vec<(String, Option<Decimal>)>,
}

impl Gate {
    /// The metric, where it is one of the rep himself.
    pub(super) fn own_metric(&self) -> Option<Metric> {
        self.outcome.of.metric().filter(|_| self.outcome.who == Who::Rep)
    }

    /// Looks at a condition.
    pub(super) fn of(condition: &Condition, seen: &[Seen<'_>], currency: Currency) -> Self {
        let one = |seen: &Seen<'_>| Looked::at(condition, seen, currency);
        if condition.who == Who::EveryRep {
            let looked: Vec<(&Seen<'_>, Looked)> = seen.iter().map(|seen| (seen, one(seen))).collect();
            let failed = looked.iter().filter(|(_, looked)| !looked.holds);
            let failed: Vec<_> = failed.map(|(seen, looked)| (seen.rep.to_owned(), looked.shown)).collect();
            let mut outcome = condition.outcome();
            // Nobody is no team: a bonus for every rep's success is not paid for none.
            outcome.holds = failed.is_empty() && !looked.is_empty();
            outcome.failed = failed.iter().map(|(rep, _)| rep.clone()).collect();
            return Self { outcome, value: None, target: None, needed: None, failed };
        }
        let Some(seen) = seen.first() else {
            let outcome = condition.outcome();
            return Self { outcome, value: None, target: None, needed: None, failed: Vec::new() };
        };
        let looked = one(seen);
        let missing = looked.needed.zip(seen.value).zip(condition.of.metric());
        let outcome = GateOutcome {
            actual: looked.shown,
            holds: looked.holds,
            missing: missing.map(|((needed, value), metric)| as_written(metric, needed - value, currency)),
            ..condition.outcome()
        };
        Self { outcome, value: seen.value, target: seen.target, needed: looked.needed, failed: Vec::new() }
    }
}

impl Condition {
    /// The outcome before anything was looked at: it does not hold.
    fn outcome(&self) -> GateOutcome {
        GateOutcome {
            of: self.of.clone(),
            who: self.who,
            failed: Vec::new(),
            at_least: self.at_least,
            at_most: self.at_most,
            actual: None,
            holds: false,
            missing: None,
        }
    }
}

/// What somebody's number is against the edges.
struct Looked {
    holds: bool,
    /// As it is written: money in major units, attainment floored.
    shown: Option<Decimal>,
    needed: Option<Decimal>,
}

impl Looked {
    fn at(condition: &Condition, seen: &Seen<'_>, currency: Currency) -> Self {
        let written = |value| as_written(condition.of.what(), value, currency);
        let attained = condition.of.is_attainment();
        let actual = if attained { seen.reached } else { seen.value.map(|value| Ratio::from_decimal(written(value))) };
        let (mut below, mut above) = (false, false);
        if let Some(actual) = actual {
            below = condition.at_least.is_some_and(|edge| actual < Ratio::from_decimal(edge));
            above = condition.at_most.is_some_and(|edge| actual > Ratio::from_decimal(edge));
        }
        let edge = if below { condition.at_least } else { condition.at_most.filter(|_| above) };
        let needed = edge.zip(condition.of.metric()).and_then(|(edge, metric)| {
            if attained {
                return needed_for(metric, edge, seen.target?, below);
            }
            // The edge in the metric's own unit.
            Some(whole_towards(metric, edge.checked_div(written(Decimal::ONE))?, below))
        });
        let shown = if attained { actual.map(floored) } else { seen.value.map(written) };
        Self { holds: actual.is_some() && !below && !above, shown, needed }
    }
}

/// The value of a metric whose attainment is at least (or at most) an edge; `None` where no value would do.
pub(super) fn needed_for(metric: Metric, edge: Decimal, target: Decimal, at_least: bool) -> Option<Decimal> {
    let one = (metric.unit() != Unit::Fraction).then_some(Decimal::ONE);
    let limit = metric.is_limit();
    // Of a limit less is better, so at least an attainment is at most a value.
    let upwards = at_least != limit;
    if target <= Decimal::ZERO {
        return match (at_least, limit) {
            (true, _) if edge <= Decimal::ONE => Some(target),
            (false, false) if edge >= Decimal::ZERO => Some(target - one?),
            (false, true) if edge >= Decimal::ZERO => Some(target + one?),
            _ => None,
        };
    }
    let share = if limit { Decimal::TWO - edge } else { edge };
    let possible = edge >= Decimal::ZERO && share >= Decimal::ZERO;
    possible.then(|| share.checked_mul(target)).flatten().map(|value| whole_towards(metric, value, upwards))
}

/// The next value that the metric can have: counts and minor units are whole.
pub(super) fn whole_towards(metric: Metric, value: Decimal, upwards: bool) -> Decimal {
    let away = if upwards { RoundingStrategy::ToPositiveInfinity } else { RoundingStrategy::ToNegativeInfinity };
    let decimals = if metric.unit() == Unit::Fraction { 12 } else { 0 };
    value.round_dp_with_strategy(decimals, away)
}
