//! What a line that pays nothing was missing: "4 more visits would have paid €200.00".

use rust_decimal::Decimal;

use super::{
    exact::TooLarge,
    gate::needed_for,
    line::Worked,
    plan::{Axis, Mode, Schedule, Scope, StepPays, What},
    words::{difference, in_minor_units, list, money, plural},
};
use crate::domain::{
    metric::{Metric, Unit},
    money::{Currency, Money},
};

/// By how much the gate was missed, and what the component would have paid with it open.
pub(super) fn gate(worked: &Worked<'_>, currency: Currency) -> Result<Option<String>, TooLarge> {
    let mut differences: Vec<(Metric, Decimal)> = Vec::new();
    let mut measured = worked.now.measured;
    let own_work = worked.component.scope == Scope::Own;
    for gate in worked.gates.iter().filter(|gate| !gate.outcome.holds) {
        let (Some(needed), Some(value)) = (gate.needed, gate.value) else { return Ok(None) };
        let missing = needed - value;
        // What the team or each of its reps is missing is no number of the rep's own.
        let Some(own) = gate.own_metric() else { return Ok(None) };
        // Two conditions on one metric: what satisfies the stricter one satisfies both.
        match differences.iter_mut().find(|(metric, _)| *metric == own) {
            Some((_, other)) if other.is_sign_negative() == missing.is_sign_negative() => {
                *other = if missing.is_sign_negative() { missing.min(*other) } else { missing.max(*other) };
            }
            Some(_) => return Ok(None),
            None => differences.push((own, missing)),
        }
    }
    for (metric, missing) in &differences {
        if own_work && worked.what == What::Metric(*metric) {
            measured += missing;
        }
    }
    let needed: Vec<String> =
        differences.iter().map(|(metric, missing)| difference(*metric, *missing, currency)).collect();
    if needed.is_empty() {
        return Ok(None);
    }
    let component = worked.component;
    let moved = |metric: &Metric| component.modifier.as_ref().is_some_and(|one| one.of.metrics().contains(metric));
    let scored = |metric: &Metric| worked.what == What::Scorecard && component.measure.metrics().contains(metric);
    let would_pay = if differences.iter().any(|(metric, _)| moved(metric) || scored(metric)) {
        None
    } else if measured == worked.now.measured {
        Some(component.within_limits(worked.rounded))
    } else {
        worked.would_pay(measured, currency)?
    };
    let needed = list(&needed);
    Ok(Some(match would_pay.filter(|amount| *amount > Money::ZERO) {
        Some(amount) => format!("{needed} would have paid {}.", money(amount, currency)),
        None => format!("{needed} would have opened it."),
    }))
}

/// What an open line that pays nothing was missing up to the first step that pays.
pub(super) fn next(worked: &Worked<'_>, currency: Currency) -> Result<Option<String>, TooLarge> {
    let component = worked.component;
    if !worked.has_value || component.per_deal() || component.cap == Some(Money::ZERO) {
        return Ok(None);
    }
    for Candidate { value, begins } in candidates(worked, currency) {
        let missing = value - worked.now.measured;
        let helps = if worked.what.is_limit() { missing < Decimal::ZERO } else { missing > Decimal::ZERO };
        if !helps {
            continue;
        }
        let amount = worked.would_pay(value, currency)?.unwrap_or_default();
        let difference = difference(worked.what, missing, currency);
        if amount > Money::ZERO {
            return Ok(Some(format!("{difference} would have paid {}.", money(amount, currency))));
        }
        if begins {
            return Ok(Some(format!("{difference}, and it begins to pay.")));
        }
    }
    let nothing = worked.now.measured.is_zero() && worked.what.unit() == Unit::Money;
    Ok(nothing.then(|| format!("There were no {} to pay for.", plural(worked.what))))
}

/// A value of the measure at which a schedule pays otherwise.
pub(super) struct Candidate {
    /// In the measure's own unit.
    pub value: Decimal,
    /// Whether it pays from there on.
    pub begins: bool,
}

/// Values of the measure at which a schedule may begin to pay, or pays otherwise, nearest to nothing first.
pub(super) fn candidates(worked: &Worked<'_>, currency: Currency) -> Vec<Candidate> {
    let component = worked.component;
    let at_share = |share: Decimal| needed_for(worked.what.metric()?, share, worked.now.target?, true);
    let at = |value: Decimal, begins: bool| Candidate { value: value - worked.now.before, begins };
    match &component.pays {
        Schedule::PerUnit(_) => vec![at(Decimal::ONE, false)],
        Schedule::Curve(curve) => {
            curve.points.iter().filter_map(|point| Some(at(at_share(point.at)?, !point.pays.is_zero()))).collect()
        }
        Schedule::Tiers(tiers) => tiers
            .steps
            .iter()
            .filter_map(|step| {
                let pays = !matches!(step.pays, StepPays::Rate(rate) if rate.is_zero())
                    && step.pays != StepPays::PerUnit(Money::ZERO);
                let value = match tiers.axis {
                    Axis::Amount => in_minor_units(step.from, currency),
                    Axis::Count => step.from.max(Decimal::ONE),
                    Axis::Attainment => at_share(step.from)?,
                };
                Some(at(value, pays && tiers.mode == Mode::Marginal))
            })
            .collect(),
        Schedule::Rate(_) | Schedule::Bonus(_) => Vec::new(),
    }
}
