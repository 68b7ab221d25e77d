//! A plan in plain sentences for its reader, made from what the engine runs: "From 100% of target every further euro
//! pays 6%."

use rust_decimal::Decimal;

use super::{
    plan::{Axis, Component, Curve, Measure, Mode, Per, Plan, Schedule, Step, StepPays, Tiers},
    words::{bare, condition, in_minor_units, list, money, percent, plural, sentence, singular},
};
use crate::domain::{metric::Metric, money::Currency};

/// What a component pays: a sentence for each step or point, then its conditions, its cap and its floor.
pub fn component(component: &Component, currency: Currency) -> Vec<String> {
    let metric = component.measure.metric();
    let mut told = match &component.pays {
        Schedule::Rate(rate) => {
            vec![format!("Every {} of {} pays {}.", one_of(currency), plural(metric), share_or_nothing(*rate))]
        }
        Schedule::PerUnit(each) => vec![format!("Each {} pays {}.", singular(metric), money(*each, currency))],
        Schedule::Bonus(amount) => vec![format!("A bonus of {}.", money(*amount, currency))],
        Schedule::Curve(curve) => curve.told(metric, currency),
        Schedule::Tiers(tiers) => tiers.told(metric, currency),
    };
    let gate: Vec<String> = component.gate.iter().map(|one| condition(one, currency)).collect();
    if !gate.is_empty() {
        told.push(format!("It pays only with {}.", list(&gate)));
    }
    told.extend(component.cap.map(|cap| format!("It pays {} at most.", money(cap, currency))));
    told.extend(component.floor.map(|floor| {
        let open = if gate.is_empty() { "" } else { ", as long as it pays at all" };
        format!("It pays {} at least{open}.", money(floor, currency))
    }));
    told
}

/// What holds for all components together: how long a period is, and the plan's own cap and floor.
pub fn together(plan: &Plan) -> Vec<String> {
    let mut told = vec![format!("It is measured and paid by the {}.", plan.period.as_str())];
    told.extend(plan.cap.map(|cap| format!("All components together pay {} at most.", money(cap, plan.currency))));
    told.extend(
        plan.floor.map(|floor| format!("All components together pay {} at least.", money(floor, plan.currency))),
    );
    told
}

/// What is measured, for a list to choose from: `Net sales`, `Net sales, % of target`.
pub fn measure(measure: Measure) -> String {
    match measure {
        Measure::Metric(metric) => metric.label().to_owned(),
        Measure::Attainment(metric) if metric.is_limit() => format!("{}, % on the limit", metric.label()),
        Measure::Attainment(metric) => format!("{}, % of target", metric.label()),
    }
}

/// One of the currency's major unit, as people say it: "euro".
pub fn one_of(currency: Currency) -> String {
    let word = match currency.code() {
        "EUR" => "euro",
        "USD" | "CAD" | "AUD" | "NZD" => "dollar",
        "GBP" => "pound",
        "NOK" | "DKK" => "krone",
        "SEK" | "ISK" => "krona",
        "CHF" => "franc",
        "PLN" => "zloty",
        "JPY" => "yen",
        code => return format!("{code} 1"),
    };
    word.to_owned()
}

/// What a step is called beside others: `6%`, `€80.00`.
pub(super) fn step_pays(step: &Step, currency: Currency) -> String {
    match step.pays {
        StepPays::Rate(rate) => percent(rate),
        StepPays::PerUnit(each) => money(each, currency),
    }
}

fn share_or_nothing(rate: Decimal) -> String {
    if rate.is_zero() { "nothing".to_owned() } else { percent(rate) }
}

impl Tiers {
    fn told(&self, metric: Metric, currency: Currency) -> Vec<String> {
        let ends = self.steps.iter().skip(1).map(Some).chain([None]);
        let several = self.steps.len() > 1;
        let mut told: Vec<String> = self
            .steps
            .iter()
            .zip(ends)
            .enumerate()
            .filter_map(|(i, (step, end))| {
                let span = Span { step, end, first: i == 0, several };
                match self.axis {
                    Axis::Count => self.counted(&span, metric, currency),
                    _ if self.per == Per::Deal => Some(self.of_deals(&span, currency)),
                    _ => Some(self.of_money(&span, metric, currency)),
                }
            })
            .collect();
        if self.axis == Axis::Attainment {
            told.push("Without a target it pays nothing.".to_owned());
        }
        told
    }

    /// An edge in words: `€3,000.00`, `120% of target`.
    fn brim(&self, step: &Step, currency: Currency) -> String {
        match self.axis {
            Axis::Amount => currency.show_exact(in_minor_units(step.from, currency)),
            Axis::Count => step.from.normalize().to_string(),
            Axis::Attainment => format!("{} of target", percent(step.from)),
        }
    }

    /// Where a step of the middle begins: `€1,000.00`, `100%`.
    fn brim_of_two(&self, step: &Step, currency: Currency) -> String {
        if self.axis == Axis::Attainment { percent(step.from) } else { self.brim(step, currency) }
    }

    fn of_money(&self, span: &Span<'_>, metric: Metric, currency: Currency) -> String {
        let pays = share(span.step);
        let (what, one) = (plural(metric), one_of(currency));
        let edge = |step: &Step| self.brim(step, currency);
        let on = if self.axis == Axis::Attainment { "" } else { " on" };
        if !span.several {
            return format!("Every {one} of {what} pays {pays}.");
        }
        match (self.mode, span.first, span.end) {
            (Mode::Marginal, true, Some(end)) => format!("Up to {} every {one} of {what} pays {pays}.", edge(end)),
            (Mode::Marginal, _, Some(end)) => {
                let from = self.brim_of_two(span.step, currency);
                format!("From {from} to {} every further {one} pays {pays}.", edge(end))
            }
            (Mode::Marginal, _, None) => format!("From {}{on} every further {one} pays {pays}.", edge(span.step)),
            (Mode::Whole, true, Some(end)) => format!("Below {} all {what} pay {pays}.", edge(end)),
            (Mode::Whole, _, Some(end)) => {
                let from = self.brim_of_two(span.step, currency);
                format!("From {from} to below {} all {what} pay {pays}, from the first {one}.", edge(end))
            }
            (Mode::Whole, _, None) => {
                format!("From {}{on} all {what} pay {pays}, from the first {one}.", edge(span.step))
            }
        }
    }

    fn of_deals(&self, span: &Span<'_>, currency: Currency) -> String {
        let pays = share(span.step);
        let one = one_of(currency);
        let edge = |step: &Step| self.brim(step, currency);
        if !span.several {
            return format!("Every {one} of each deal pays {pays}.");
        }
        match (self.mode, span.first, span.end) {
            (Mode::Marginal, true, Some(end)) => format!("Of each deal, every {one} up to {} pays {pays}.", edge(end)),
            (Mode::Marginal, _, Some(end)) => {
                format!("From {} to {} every further {one} of a deal pays {pays}.", edge(span.step), edge(end))
            }
            (Mode::Marginal, _, None) => {
                format!("From {} on every further {one} of a deal pays {pays}.", edge(span.step))
            }
            (Mode::Whole, true, Some(end)) => format!("A deal below {} pays {pays}.", edge(end)),
            (Mode::Whole, _, Some(end)) => {
                format!("A deal from {} to below {} pays {pays}, all of it.", edge(span.step), edge(end))
            }
            (Mode::Whole, _, None) => format!("A deal of {} or more pays {pays}, all of it.", edge(span.step)),
        }
    }

    /// Nothing for a step that holds no unit: one from 0 below one from 1.
    fn counted(&self, span: &Span<'_>, metric: Metric, currency: Currency) -> Option<String> {
        let pays = step_pays(span.step, currency);
        let number = |number: Decimal| bare(metric, number, currency);
        let from = span.step.from.max(Decimal::ONE);
        let Some(end) = span.end else {
            return Some(match (span.several, self.mode) {
                (false, _) => format!("Each {} pays {pays}.", singular(metric)),
                (true, Mode::Marginal) => {
                    format!("From number {} on each further {} pays {pays}.", number(from), singular(metric))
                }
                (true, Mode::Whole) => {
                    format!("With {} or more each {} pays {pays}, from the first one.", number(from), singular(metric))
                }
            });
        };
        let last = end.from - Decimal::ONE;
        if last < from {
            return None;
        }
        Some(match (self.mode, span.first) {
            (Mode::Marginal, true) if last == Decimal::ONE => format!("The first {} pays {pays}.", singular(metric)),
            (Mode::Marginal, true) => format!("The first {} {} pay {pays} each.", number(last), plural(metric)),
            (Mode::Marginal, false) if last == from => {
                format!("{} number {} pays {pays}.", sentence(singular(metric)).trim_end_matches('.'), number(from))
            }
            (Mode::Marginal, false) => {
                format!("From number {} to {} each {} pays {pays}.", number(from), number(last), singular(metric))
            }
            (Mode::Whole, true) => {
                format!("With fewer than {} each {} pays {pays}.", number(end.from), singular(metric))
            }
            (Mode::Whole, false) => {
                format!(
                    "With {} to {} each {} pays {pays}, from the first one.",
                    number(from),
                    number(last),
                    singular(metric)
                )
            }
        })
    }
}

/// A step, and the one above it.
struct Span<'p> {
    step: &'p Step,
    end: Option<&'p Step>,
    first: bool,
    /// Whether the table has more than one step.
    several: bool,
}

fn share(step: &Step) -> String {
    match step.pays {
        StepPays::Rate(rate) => share_or_nothing(rate),
        // Refused over money; told as it stands.
        StepPays::PerUnit(each) => each.0.to_string(),
    }
}

impl Curve {
    fn told(&self, metric: Metric, currency: Currency) -> Vec<String> {
        let (Some(first), Some(last)) = (self.points.first(), self.points.last()) else { return Vec::new() };
        let of = if metric.is_limit() { "on the limit" } else { "of target" };
        let pays = |share: Decimal| currency.show_exact(self.on_target.exact() * share);
        let mut told = Vec::new();
        if !first.at.is_zero() {
            told.push(format!("Below {} {of} for {} it pays nothing.", percent(first.at), plural(metric)));
        }
        let points: Vec<String> =
            self.points.iter().map(|point| format!("{} at {}", pays(point.pays), percent(point.at))).collect();
        let between = if points.len() > 1 { ", and follows a straight line in between" } else { "" };
        told.push(format!("It pays {}{between}.", list(&points)));
        told.push(format!("Above {} it stays at {}.", percent(last.at), pays(last.pays)));
        told.push("Without a target it pays nothing.".to_owned());
        told
    }
}
