//! A plan in plain sentences for its reader, made from what the engine runs: "From 100% of target every further euro
//! pays 6%."

use rust_decimal::Decimal;

use super::{
    plan::{
        Axis, Component, CreditKind, Curve, Draw, Factor, Measure, Mode, Modifier, Only, Per, Plan, Schedule, Scope,
        Step, StepPays, Tiers, What,
    },
    schedule::rate_of,
    words::{bare, condition, in_minor_units, list, money, percent, plural, scorecard, sentence, singular},
};
use crate::domain::{metric::Unit, money::Currency};

/// What a component pays: a sentence for each step or point, then its conditions, its cap and its floor.
pub fn component(component: &Component, currency: Currency) -> Vec<String> {
    let metric = component.measure.what();
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
    told.extend(component.modifier.as_ref().map(|one| modifier(one, currency)));
    told.extend(whose(component));
    told.extend(component.clawback_days.map(|days| {
        format!(
            "Clawback: what was paid for a new customer is taken back if its first sale is returned, or if it is lost \
             within {days} days of it."
        )
    }));
    told.extend(component.true_up.map(|longer| {
        let longer = longer.as_str();
        format!("At the end of the {longer} it is made up to what the {longer} as a whole pays.")
    }));
    told.extend(component.cap.map(|cap| format!("It pays {} at most.", money(cap, currency))));
    told.extend(component.floor.map(|floor| {
        let open = if gate.is_empty() { "" } else { ", as long as it pays at all" };
        format!("It pays {} at least{open}.", money(floor, currency))
    }));
    told
}

/// Whose work and which deals a component is about, where that is not all of the rep's.
fn whose(component: &Component) -> Vec<String> {
    let mut told = Vec::new();
    if let Some(only) = &component.only {
        told.push(format!("It counts only deals {}.", self::only(only)));
    }
    if component.measure == Measure::Deals && component.credit == CreditKind::Split {
        told.push("A deal that several share counts once, for whoever has the largest part.".to_owned());
    }
    if component.credit == CreditKind::Overlay {
        told.push("It counts overlay credits, apart from those that share a deal.".to_owned());
    }
    if component.scope == Scope::Team {
        told.push("It counts the work of the reps of the team, without the rep's own.".to_owned());
    }
    told
}

/// Which deals count, after "deals": "with customers in their first 12 months, booked from 2026-10-01 to 2026-10-31".
pub(super) fn only(only: &Only) -> String {
    let mut parts = Vec::new();
    if let Some(months) = only.customer_months {
        parts.push(match (months.from, months.below) {
            (0, Some(below)) => format!("with customers in their first {below} months"),
            (from, Some(below)) => {
                format!("with customers from month {from} to before month {below} after their first sale")
            }
            (0, None) => "with customers".to_owned(),
            (from, None) => format!("with customers from {from} months after their first sale on"),
        });
    }
    match only.new_customer {
        Some(true) => parts.push("that are a customer's first".to_owned()),
        Some(false) => parts.push("that are not a customer's first".to_owned()),
        None => {}
    }
    match only.cross_sell {
        Some(true) => parts.push("of a category that is new to the customer".to_owned()),
        Some(false) => parts.push("of categories that the customer knew".to_owned()),
        None => {}
    }
    match only.booked.map(|days| (days.from, days.through)) {
        Some((Some(from), Some(through))) => parts.push(format!("booked from {from} to {through}")),
        Some((Some(from), None)) => parts.push(format!("booked from {from} on")),
        Some((None, Some(through))) => parts.push(format!("booked until {through}")),
        _ => {}
    }
    parts.join(", ")
}

/// What a modifier does: "The amount is multiplied by lost customers: × 1.2 from 0, × 1 from 1, × 0.8 from 2 on."
pub(super) fn modifier(modifier: &Modifier, currency: Currency) -> String {
    let of = match &modifier.of {
        Measure::Scorecard(weights) => format!("the scorecard of {}", scorecard(weights)),
        Measure::Attainment(metric) if metric.is_limit() => format!("the % on the limit for {}", plural(*metric)),
        Measure::Attainment(metric) => format!("the % of the target for {}", plural(*metric)),
        other => plural(other.what()).to_owned(),
    };
    let edge = |edge: Decimal| match &modifier.of {
        of if of.is_attainment() => percent(edge),
        of if of.what().unit() == Unit::Money => currency.show_exact(in_minor_units(edge, currency)),
        of => bare(of.what(), edge, currency),
    };
    let last = modifier.steps.len().saturating_sub(1);
    let step = |(i, step): (usize, &Factor)| {
        let on = if i == last { " on" } else { "" };
        format!("× {} from {}{on}", step.times.normalize(), edge(step.from))
    };
    format!(
        "The amount is multiplied by {of}: {}.",
        list(&modifier.steps.iter().enumerate().map(step).collect::<Vec<_>>())
    )
}

/// What holds for all components together: how long a period is, and the plan's own cap and floor.
pub fn together(plan: &Plan) -> Vec<String> {
    let mut told = vec![format!("It is measured and paid by the {}.", plan.period.as_str())];
    told.extend(plan.cap.map(|cap| format!("All components together pay {} at most.", money(cap, plan.currency))));
    told.extend(
        plan.floor.map(|floor| format!("All components together pay {} at least.", money(floor, plan.currency))),
    );
    told.extend(account(plan));
    told
}

/// What of the targets counts in a rep's first periods on the plan.
fn ramp(shares: &[Decimal]) -> Option<String> {
    let shares: Vec<String> = shares.iter().map(|share| percent(*share)).collect();
    match shares.as_slice() {
        [] => None,
        [all] => Some(format!("Of a rep's own targets {all} counts; limits stay.")),
        several => Some(format!(
            "Of a rep's own targets {} counts in the rep's first periods on the plan, one after the other; the last stays. \
             Limits stay as they are.",
            list(several)
        )),
    }
}

/// What is paid in advance and taken back, and how targets begin.
pub fn account(plan: &Plan) -> Vec<String> {
    let mut told = Vec::new();
    let mut before = 0;
    for draw in &plan.draw {
        told.push(draw.told(before, plan.currency));
        before = draw.through.unwrap_or(before);
    }
    told.extend(ramp(&plan.ramp));
    told.extend(plan.recovery_cap.map(|share| {
        format!(
            "Corrections of earlier periods take back {} of what is earned at most; the rest is carried on.",
            percent(share)
        )
    }));
    told
}

impl Draw {
    /// What is paid in advance, from the rep's period after these on.
    fn told(&self, before: u32, currency: Currency) -> String {
        let amount = money(self.amount, currency);
        let when = match (before, self.through) {
            (0, None) => String::new(),
            (0, Some(1)) => " in a rep's first period on the plan".to_owned(),
            (0, Some(last)) => format!(" in a rep's first {last} periods on the plan"),
            (before, Some(last)) => format!(" in a rep's periods {} to {last} on the plan", before + 1),
            (before, None) => format!(" from a rep's period {} on the plan on", before + 1),
        };
        let back = if self.recoverable {
            "What was not earned is paid back from later earnings above the draw."
        } else {
            "It is not paid back."
        };
        format!("At least {amount} is paid{when}: a draw. {back}")
    }
}

/// What is measured, for a list to choose from: `Net sales`, `Net sales, % of target`.
pub fn measure(measure: &Measure) -> String {
    match measure {
        Measure::Metric(metric) => metric.label().to_owned(),
        Measure::Deals => "Deals".to_owned(),
        Measure::Earnings => "Earnings of the team".to_owned(),
        Measure::Scorecard(weights) => format!("Scorecard of {}", scorecard(weights)),
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
    fn told(&self, metric: What, currency: Currency) -> Vec<String> {
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
        if self.steps.iter().all(|step| rate_of(step).is_zero() && step.bonus.is_some()) {
            told.clear();
        }
        told.extend(self.bonuses(metric, currency));
        if self.per == Per::YearToDate {
            told.push("It goes by the year to date: what the year paid before is taken off.".to_owned());
        }
        match (self.axis, self.per) {
            (Axis::Attainment, Per::YearToDate) => told.push(
                "The target is the year's; a year without one has those of its periods together. Without either it pays \
                 nothing."
                    .to_owned(),
            ),
            (Axis::Attainment, _) => told.push("Without a target it pays nothing.".to_owned()),
            _ => {}
        }
        told
    }

    /// The bonuses of the steps.
    fn bonuses(&self, metric: What, currency: Currency) -> Option<String> {
        let edge = |step: &Step| match self.axis {
            Axis::Count => format!("number {}", bare(metric, step.from, currency)),
            _ => self.brim(step, currency),
        };
        let paid = self.steps.iter().filter_map(|step| Some((step, step.bonus.filter(|bonus| bonus.0 > 0)?)));
        let paid: Vec<String> =
            paid.map(|(step, bonus)| format!("{} from {}", money(bonus, currency), edge(step))).collect();
        let several = paid.len() > 1;
        let which = match self.mode {
            Mode::Whole if several => ": the one of the step that is reached",
            Mode::Marginal if several => ": each one that is reached",
            _ => "",
        };
        let whose = if self.per == Per::Deal { " for each deal" } else { "" };
        (!paid.is_empty()).then(|| format!("Reaching a step pays a bonus{whose}: {} on{which}.", list(&paid)))
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

    fn of_money(&self, span: &Span<'_>, metric: What, currency: Currency) -> String {
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
    fn counted(&self, span: &Span<'_>, metric: What, currency: Currency) -> Option<String> {
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
    fn told(&self, metric: What, currency: Currency) -> Vec<String> {
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
