//! What a line that pays nothing was missing: "4 more visits would have paid €200.00".

use rust_decimal::Decimal;

use super::{
    exact::TooLarge,
    gate::needed_for,
    line::Worked,
    plan::{Axis, Component, Mode, Schedule, StepPays},
    words::{difference, in_minor_units, list, money, plural},
};
use crate::domain::{
    metric::{Metric, Unit},
    money::{Currency, Money},
};

/// By how much the gate was missed, and what the component would have paid with it open.
pub(super) fn gate(worked: &Worked<'_>, currency: Currency) -> Result<Option<String>, TooLarge> {
    let mut differences: Vec<(Metric, Decimal)> = Vec::new();
    let mut measured = worked.measured;
    for gate in worked.gates.iter().filter(|gate| !gate.outcome.holds) {
        let (Some(needed), Some(value)) = (gate.needed, gate.value) else { return Ok(None) };
        let missing = needed - value;
        // Two conditions on one metric: what satisfies the stricter one satisfies both.
        match differences.iter_mut().find(|(metric, _)| *metric == gate.metric()) {
            Some((_, other)) if other.is_sign_negative() == missing.is_sign_negative() => {
                *other = if missing.is_sign_negative() { missing.min(*other) } else { missing.max(*other) };
            }
            Some(_) => return Ok(None),
            None => differences.push((gate.metric(), missing)),
        }
    }
    for (metric, missing) in &differences {
        if *metric == worked.metric {
            measured += missing;
        }
    }
    let needed: Vec<String> =
        differences.iter().map(|(metric, missing)| difference(*metric, *missing, currency)).collect();
    if needed.is_empty() {
        return Ok(None);
    }
    let component = worked.component;
    let would_pay = if measured == worked.measured {
        Some(component.within_limits(worked.rounded))
    } else if component.per_deal() {
        None
    } else {
        Some(component.would_pay(measured, worked.target, currency)?)
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
    for (value, begins) in candidates(component, worked.target, currency) {
        let missing = value - worked.measured;
        let helps = if worked.metric.is_limit() { missing < Decimal::ZERO } else { missing > Decimal::ZERO };
        if !helps {
            continue;
        }
        let amount = component.would_pay(value, worked.target, currency)?;
        let difference = difference(worked.metric, missing, currency);
        if amount > Money::ZERO {
            return Ok(Some(format!("{difference} would have paid {}.", money(amount, currency))));
        }
        if begins {
            return Ok(Some(format!("{difference}, and it begins to pay.")));
        }
    }
    Ok((worked.measured.is_zero() && worked.metric.unit() == Unit::Money)
        .then(|| format!("There were no {} to pay for.", plural(worked.metric))))
}

/// Values of the metric at which a schedule may begin to pay, nearest first, and whether it pays from there on.
fn candidates(component: &Component, target: Option<Decimal>, currency: Currency) -> Vec<(Decimal, bool)> {
    let metric = component.measure.metric();
    let at_share = |share: Decimal| needed_for(metric, share, target?, true);
    match &component.pays {
        Schedule::PerUnit(_) => vec![(Decimal::ONE, false)],
        Schedule::Curve(curve) => {
            curve.points.iter().filter_map(|point| Some((at_share(point.at)?, !point.pays.is_zero()))).collect()
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
                Some((value, pays && tiers.mode == Mode::Marginal))
            })
            .collect(),
        Schedule::Rate(_) | Schedule::Bonus(_) => Vec::new(),
    }
}
