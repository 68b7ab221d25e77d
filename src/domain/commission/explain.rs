//! A line in words: what was reached, the rule, the calculation with its numbers, and what was missing.

use rust_decimal::Decimal;

use super::{
    counted::Waiting,
    exact::TooLarge,
    line::{Evidence, Worked},
    missing,
    plan::{Axis, Component, Curve, Measure, Mode, Per, Schedule, Step, StepPays, Tiers},
    statement::Slice,
    words::{bare, condition, in_minor_units, list, money, percent, plural, quantity, reached, sentence, singular},
};
use crate::domain::{
    metric::{Metric, Unit},
    money::{Currency, Money},
};

/// The words of a line.
pub(super) struct Words {
    pub rule: String,
    pub formulas: Vec<String>,
    pub notes: Vec<String>,
}

impl Words {
    /// Rule, formulas and notes in one text.
    pub(super) fn text(&self) -> String {
        let formulas = self.formulas.iter().map(|formula| format!("{formula}."));
        let parts = [self.rule.clone()].into_iter().chain(formulas).chain(self.notes.iter().cloned());
        parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

/// Explains a line.
pub(super) fn explain(worked: &Worked<'_>, evidence: &Evidence<'_>) -> Result<Words, TooLarge> {
    let currency = evidence.currency();
    let mut rule = vec![achieved(worked, currency), schedule(worked.component, currency)];
    rule.extend(gate_in_words(worked.component, currency));
    let formulas = worked.slices.iter().map(|slice| formula(slice, worked.metric, currency)).collect();
    let mut notes = Vec::new();
    gates(worked, currency, &mut notes)?;
    if worked.open() {
        rounding_and_limits(worked, currency, &mut notes);
        if worked.amount == Money::ZERO {
            notes.extend(missing::next(worked, currency)?);
        }
    }
    if let Some(counted) = evidence.counted.as_ref().filter(|_| worked.metric == Metric::NetSales) {
        notes.extend(unconfirmed(&counted.waiting, currency));
        notes.extend(counted.elsewhere.iter().map(|held| elsewhere(held, currency)));
    }
    Ok(Words { rule: rule.join(" "), formulas, notes })
}

/// What was reached: `92 of 96 visits, which is 95.83%.`
fn achieved(worked: &Worked<'_>, currency: Currency) -> String {
    let Worked { metric, measured, target, .. } = *worked;
    if !worked.has_value {
        return no_value(metric);
    }
    let target = target.zip(worked.reached).filter(|_| worked.component.uses_attainment());
    let Some((target, share)) = target else {
        return sentence(&quantity(metric, measured, currency));
    };
    let share = reached(share);
    let against = bare(metric, target, currency);
    match metric.unit() {
        _ if metric.is_limit() => {
            let what = quantity(metric, measured, currency);
            sentence(&format!("{what} against a limit of {against}, which counts as {share}"))
        }
        Unit::Count => {
            let noun = if target == Decimal::ONE { singular(metric) } else { plural(metric) };
            format!("{} of {against} {noun}, which is {share}.", bare(metric, measured, currency))
        }
        Unit::Money | Unit::Fraction => {
            let what = quantity(metric, measured, currency);
            sentence(&format!("{what} against a target of {against}, which is {share}"))
        }
    }
}

/// A metric that has no value in this period.
fn no_value(metric: Metric) -> String {
    format!("There is no {}: the base is missing, zero or below.", plural(metric))
}

impl Component {
    /// Whether it looks at the attainment of its own metric.
    fn uses_attainment(&self) -> bool {
        let metric = self.measure.metric();
        self.pays.climbs_attainment()
            || matches!(self.measure, Measure::Attainment(_))
            || self.gate.iter().any(|condition| condition.of == Measure::Attainment(metric))
    }
}

fn gate_in_words(component: &Component, currency: Currency) -> Option<String> {
    let gate: Vec<String> = component.gate.iter().map(|one| condition(one, currency)).collect();
    (!gate.is_empty()).then(|| format!("Paid only with {}.", list(&gate)))
}

/// What the component pays, in words, after the sentence that says what was reached.
fn schedule(component: &Component, currency: Currency) -> String {
    let metric = component.measure.metric();
    match &component.pays {
        Schedule::Rate(rate) => format!("They pay {}.", percent(*rate)),
        Schedule::PerUnit(each) => format!("Each {} pays {}.", singular(metric), money(*each, currency)),
        Schedule::Bonus(amount) => format!("A bonus of {}.", money(*amount, currency)),
        Schedule::Curve(curve) => curve_in_words(curve, currency),
        Schedule::Tiers(tiers) => tiers_in_words(tiers, metric, currency),
    }
}

fn curve_in_words(curve: &Curve, currency: Currency) -> String {
    let points: Vec<String> =
        curve.points.iter().map(|point| format!("{} at {}", percent(point.pays), percent(point.at))).collect();
    let between = if curve.points.len() > 1 { ", straight between" } else { "" };
    let below = if curve.points.first().is_some_and(|point| point.at.is_zero()) { "" } else { ", nothing below" };
    format!("Of {} it pays {}{between}{below}, flat above.", money(curve.on_target, currency), list(&points))
}

fn tiers_in_words(tiers: &Tiers, metric: Metric, currency: Currency) -> String {
    let subject = match (tiers.per, tiers.axis) {
        (Per::Deal, _) => String::from("each deal"),
        (_, Axis::Count) => format!("each {}", singular(metric)),
        _ => String::from("they"),
    };
    let verb = if subject.starts_with("each") { "pays" } else { "pay" };
    let pays = |step: &Step| match step.pays {
        StepPays::Rate(rate) => percent(rate),
        StepPays::PerUnit(each) => money(each, currency),
    };
    let edge = |step: &Step| match tiers.axis {
        Axis::Amount => currency.show_exact(in_minor_units(step.from, currency)),
        Axis::Count => format!("number {}", bare(metric, step.from, currency)),
        Axis::Attainment if step.from == Decimal::ONE => String::from("the target"),
        Axis::Attainment => format!("{} of the target", percent(step.from)),
    };
    let Some((first, later)) = tiers.steps.split_first() else { return String::new() };
    if later.is_empty() {
        return sentence(&format!("{subject} {verb} {}", pays(first)));
    }
    if tiers.mode == Mode::Whole || tiers.axis == Axis::Count {
        let steps: Vec<String> = [pays(first)]
            .into_iter()
            .chain(later.iter().map(|step| format!("{} from {} on", pays(step), edge(step))))
            .collect();
        let whole = if tiers.mode == Mode::Whole { ", all of it at the rate that was reached" } else { "" };
        return sentence(&format!("{subject} {verb} {}{whole}", list(&steps)));
    }
    let mut steps: Vec<String> =
        tiers.steps.iter().zip(later).map(|(step, next)| format!("{} up to {}", pays(step), edge(next))).collect();
    steps.extend(later.last().map(|last| format!("{} above", pays(last))));
    sentence(&format!("{subject} {verb} {}", list(&steps)))
}

/// A slice as a calculation: `€4,300.00 × 2.5% = €107.50`.
fn formula(slice: &Slice, metric: Metric, currency: Currency) -> String {
    let amount = currency.show_exact(in_minor_units(slice.amount, currency));
    let of = match slice.per_unit {
        Some(_) => bare(metric, slice.of, currency),
        None => currency.show_exact(in_minor_units(slice.of, currency)),
    };
    let factor = match (slice.per_unit, slice.rate) {
        (Some(each), _) => money(each.money, currency),
        (None, Some(rate)) => percent(rate),
        (None, None) => String::from("1"),
    };
    format!("{of} × {factor} = {amount}")
}

/// What each condition of the gate found; what would have opened it stands last.
fn gates(worked: &Worked<'_>, currency: Currency, notes: &mut Vec<String>) -> Result<(), TooLarge> {
    for gate in &worked.gates {
        let metric = gate.metric();
        let Some(value) = gate.value else {
            if metric != worked.metric {
                notes.push(no_value(metric));
            }
            continue;
        };
        match (gate.outcome.of, gate.target) {
            (Measure::Attainment(_), None) => {
                notes.push(format!("No target for {} is set, so this condition does not hold.", plural(metric)));
            }
            // Where the line already begins with the metric, it is not told again.
            _ if metric == worked.metric => {}
            (Measure::Attainment(_), Some(target)) => notes.push(was_of(metric, value, target, currency)?),
            (Measure::Metric(_), _) => {
                notes.push(sentence(&format!("there were {}", quantity(metric, value, currency))));
            }
        }
    }
    if !worked.open() {
        notes.extend(missing::gate(worked, currency)?);
    }
    Ok(())
}

fn was_of(metric: Metric, value: Decimal, target: Decimal, currency: Currency) -> Result<String, TooLarge> {
    let share = super::exact::attainment(metric, value, target)?;
    let kind = if metric.is_limit() { "limit" } else { "target" };
    let (value, target) = (quantity(metric, value, currency), bare(metric, target, currency));
    Ok(sentence(&format!("there were {value} against a {kind} of {target}, which is {}", reached(share))))
}

fn rounding_and_limits(worked: &Worked<'_>, currency: Currency, notes: &mut Vec<String>) {
    let component = worked.component;
    let rounded = money(worked.rounded, currency);
    if worked.has_value && worked.reached.is_none() && component.uses_attainment() && component.gate.is_empty() {
        notes.push(format!("No target for {} is set, so it pays nothing.", plural(worked.metric)));
    }
    let whole = worked.exact.decimal().is_some_and(|minor| minor.fract().is_zero());
    if !whole {
        match worked.exact.decimal() {
            Some(minor) if worked.slices.len() > 1 => {
                notes.push(format!("Together {}, rounded to {rounded}.", currency.show_exact(minor)));
            }
            _ => notes.push(format!("Rounded to {rounded}.")),
        }
    }
    if let Some(cap) = component.cap.filter(|cap| worked.rounded > *cap) {
        notes.push(format!("The cap of {} cuts it from {rounded}.", money(cap, currency)));
    }
    if let Some(floor) = component.floor.filter(|floor| worked.rounded < *floor) {
        notes.push(format!("The floor of {} lifts it from {rounded}.", money(floor, currency)));
    }
}

/// More deals than these are told as a number and a sum.
const TOLD_ONE_BY_ONE: usize = 3;

fn unconfirmed(waiting: &[Waiting<'_>], currency: Currency) -> Vec<String> {
    if waiting.len() > TOLD_ONE_BY_ONE {
        let sum = waiting.iter().map(|held| held.part.exact()).sum::<Decimal>();
        let sum = currency.show_exact(sum);
        return vec![format!("{} deals ({sum}) are not confirmed yet: they pay once they are.", waiting.len())];
    }
    let one = |held: &Waiting<'_>| {
        let what = if held.deal.returns.is_some() { "Return" } else { "Deal" };
        let part = money(held.part, currency);
        if held.deal.confirmed {
            let returned = held.deal.returns.unwrap_or_default();
            return format!("{what} {} ({part}) waits with deal {returned}.", held.deal.number);
        }
        format!("{what} {} ({part}) is not confirmed yet: it pays once it is.", held.deal.number)
    };
    waiting.iter().map(one).collect()
}

fn elsewhere(held: &Waiting<'_>, currency: Currency) -> String {
    let returned = held.deal.returns.unwrap_or_default();
    let part = money(held.part, currency);
    format!(
        "Return {} ({part}) belongs to deal {returned} of another period, where it is taken back.",
        held.deal.number
    )
}
