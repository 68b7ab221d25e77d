//! Gates: conditions on metrics and attainments, and by how much one that fails was missed.

use rust_decimal::{Decimal, RoundingStrategy};

use super::{
    exact::{TooLarge, attainment},
    facts_json::as_written,
    plan::{Condition, Measure},
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
    /// The metric's value and target, as far as there are any.
    pub value: Option<Decimal>,
    pub target: Option<Decimal>,
    /// The nearest value of the metric with which the condition would hold, in its own unit.
    pub needed: Option<Decimal>,
}

impl Gate {
    pub(super) fn metric(&self) -> Metric {
        self.outcome.of.metric()
    }

    /// Looks at a condition.
    pub(super) fn of(
        condition: &Condition,
        value: Option<Decimal>,
        target: Option<Decimal>,
        currency: Currency,
    ) -> Result<Self, TooLarge> {
        let metric = condition.of.metric();
        let unit = as_written(metric, Decimal::ONE, currency);
        let actual = match (condition.of, value, target) {
            (Measure::Metric(_), Some(value), _) => Some(Ratio::from_decimal(as_written(metric, value, currency))),
            (Measure::Attainment(_), Some(value), Some(target)) => Some(attainment(metric, value, target)?),
            (_, None, _) | (Measure::Attainment(_), _, None) => None,
        };
        let (mut below, mut above) = (false, false);
        if let Some(actual) = actual {
            below = condition.at_least.is_some_and(|edge| actual < Ratio::from_decimal(edge));
            above = condition.at_most.is_some_and(|edge| actual > Ratio::from_decimal(edge));
        }
        let edge = if below { condition.at_least } else { condition.at_most.filter(|_| above) };
        let needed = edge.and_then(|edge| match condition.of {
            // The edge in the metric's own unit.
            Measure::Metric(_) => Some(whole_towards(metric, edge.checked_div(unit)?, below)),
            Measure::Attainment(_) => needed_for(metric, edge, target?, below),
        });
        let shown = match condition.of {
            Measure::Metric(_) => value.map(|value| as_written(metric, value, currency)),
            Measure::Attainment(_) => actual.map(floored),
        };
        let outcome = GateOutcome {
            of: condition.of,
            at_least: condition.at_least,
            at_most: condition.at_most,
            actual: shown,
            holds: actual.is_some() && !below && !above,
            missing: needed.zip(value).map(|(needed, value)| as_written(metric, needed - value, currency)),
        };
        Ok(Self { outcome, value, target, needed })
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
