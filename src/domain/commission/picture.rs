//! What a plan pays for an example, seen along one metric from 0 to 200 % of its target: the points of a chart, what
//! the next unit is worth, which edge comes next, and where a cap cuts. All of it is asked of the engine.

use std::collections::BTreeMap;

use rust_decimal::{Decimal, RoundingStrategy};
use time::Date;

use super::{
    evaluate::{EvaluateError, evaluate},
    exact::attainment,
    facts::{Deal, Facts},
    gate::needed_for,
    plan::{Axis, Component, Measure, Plan, Schedule},
    statement::Statement,
    told::step_pays,
    words::{bare, difference, in_minor_units, money, percent, quantity, singular},
};
use crate::domain::{
    metric::{Metric, Unit},
    money::{Currency, Money},
    rate::Ratio,
};

/// What one rep did in one period, to try a plan with.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// A day in the period.
    pub on: Date,
    /// How the period is called: `2026-11`.
    pub period: String,
    /// Targets and limits in the metrics' own units ([`Metric::unit`]).
    pub targets: BTreeMap<Metric, Decimal>,
    /// What was reached, in the same units; what is left out was 0.
    pub reached: BTreeMap<Metric, Decimal>,
    /// In how many deals of one size net sales were made, at least 1: it matters to a plan that pays deal by deal.
    pub deals: u32,
}

/// A point of the chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// Attainment of the target along which the chart is drawn.
    pub share: Ratio,
    /// What the whole plan pays there.
    pub pays: Money,
}

/// A cap that is reached within the chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The component's position; none: the plan's own cap.
    pub component: Option<usize>,
    /// What it does, in words.
    pub words: String,
}

/// What a plan pays along one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// The metric.
    pub along: Metric,
    /// From 0 to 200 % of its target, ascending; two close points where pay jumps.
    pub points: Vec<Point>,
    /// A few of them with the value of the metric in words, for those who read tables.
    pub table: Vec<(String, Point)>,
    /// The example itself.
    pub here: Point,
    /// What the plan pays for the example, line by line.
    pub statement: Statement,
    /// What the next unit is worth, and the next edges, in words.
    pub next: Vec<String>,
    /// Caps that are reached.
    pub cuts: Vec<Cut>,
}

/// The metrics that a plan looks at, in the order in which it names them.
pub fn metrics(plan: &Plan) -> Vec<Metric> {
    let mut metrics = Vec::new();
    for component in &plan.components {
        let gate = component.gate.iter().map(|condition| condition.of.metric());
        for metric in [component.measure.metric()].into_iter().chain(gate) {
            if !metrics.contains(&metric) {
                metrics.push(metric);
            }
        }
    }
    metrics
}

/// Between the points of a smooth course lies 1/100 of the target.
const POINTS: i64 = 200;

/// The attainments of the table, in percent.
pub const TABLE: [i64; 7] = [0, 50, 80, 100, 120, 150, 200];

impl Example {
    /// The facts of the example as they are when a metric has another value.
    fn facts(&self, plan: &Plan, along: Metric, value: Decimal) -> Facts {
        let mut metrics: BTreeMap<Metric, Decimal> =
            Metric::ALL.into_iter().map(|m| (m, self.reached.get(&m).copied().unwrap_or_default())).collect();
        metrics.insert(along, value);
        let deals = plan.components.iter().any(Component::per_deal).then(|| {
            let sales = metrics.remove(&Metric::NetSales).unwrap_or_default();
            let parts = vec![1; usize::try_from(self.deals.max(1)).unwrap_or(1)];
            let shares = Money::from_exact(sales).split(&parts);
            (1..).zip(shares).map(|(number, part)| Deal::won(number, self.on, "Example", part)).collect()
        });
        let targets = self.targets.clone();
        Facts { rep: "Example".to_owned(), period: self.period.clone(), metrics, targets, deals, ..Facts::default() }
    }

    /// What the plan pays when a metric has this value.
    ///
    /// # Errors
    /// As [`evaluate`].
    pub fn pay(&self, plan: &Plan, along: Metric, value: Decimal) -> Result<Statement, EvaluateError> {
        evaluate(plan, &self.facts(plan, along, value))
    }

    /// The value of a metric at a share of its target: whole where the metric is. None without a target above zero.
    pub fn value_at(&self, metric: Metric, share: Decimal) -> Option<Decimal> {
        let target = self.targets.get(&metric).copied().filter(|target| *target > Decimal::ZERO)?;
        let share = if metric.is_limit() { Decimal::TWO - share } else { share };
        Some(whole(metric, share.checked_mul(target)?))
    }

    fn target(&self, metric: Metric) -> Option<Decimal> {
        self.targets.get(&metric).copied().filter(|target| *target > Decimal::ZERO)
    }
}

/// A value that the metric can have.
fn whole(metric: Metric, value: Decimal) -> Decimal {
    let decimals = if metric.unit() == Unit::Fraction { 12 } else { 0 };
    value.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero).normalize()
}

/// Draws a plan along a metric. None where the example has no target above zero for it.
///
/// # Errors
/// As [`evaluate`]: faults of the plan, numbers that are too large.
pub fn draw(plan: &Plan, example: &Example, along: Metric) -> Result<Option<Picture>, EvaluateError> {
    let Some(target) = example.target(along) else { return Ok(None) };
    let share = |value| attainment(along, value, target).unwrap_or(Ratio::ZERO);
    let mut points = Vec::new();
    let mut cuts: Vec<Cut> = Vec::new();
    for value in values(plan, along, target) {
        let statement = example.pay(plan, along, value)?;
        let point = Point { share: share(value), pays: statement.total.money };
        note_cuts(plan, along, &statement, point.share, &mut cuts);
        points.push(point);
    }
    let mut table: Vec<(String, Point)> = Vec::new();
    for percent in TABLE {
        let Some(value) = example.value_at(along, Decimal::new(percent, 2)) else { continue };
        let pays = example.pay(plan, along, value)?.total.money;
        let row = (bare(along, value, plan.currency), Point { share: share(value), pays });
        if table.last() != Some(&row) {
            table.push(row);
        }
    }
    let value = example.reached.get(&along).copied().unwrap_or_default();
    let statement = example.pay(plan, along, value)?;
    let here = Point { share: share(value), pays: statement.total.money };
    let next = next(plan, example, along, value)?;
    Ok(Some(Picture { along, points, table, here, statement, next, cuts }))
}

/// The values of the metric at which the chart asks the engine: evenly, and at both sides of each edge. Of a limit the
/// attainment falls as the value grows, so they descend.
fn values(plan: &Plan, along: Metric, target: Decimal) -> Vec<Decimal> {
    let end = target * Decimal::TWO;
    let mut values: Vec<Decimal> = (0..=POINTS)
        .map(|i| whole(along, end * Decimal::from(i) / Decimal::from(POINTS)))
        .chain(edges(plan, along, target).into_iter().flat_map(|edge| [edge.value - smallest(along), edge.value]))
        .filter(|value| *value >= Decimal::ZERO && *value <= end)
        .collect();
    values.sort_unstable();
    values.dedup();
    if along.is_limit() {
        values.reverse();
    }
    values
}

/// The least by which two values of the metric differ; of growth, as little as nobody sees.
fn smallest(metric: Metric) -> Decimal {
    if metric.unit() == Unit::Fraction { Decimal::new(1, 6) } else { Decimal::ONE }
}

/// A value of the metric from which on something else is paid.
struct Edge {
    value: Decimal,
    /// What begins there: "the 6% tier of Sales".
    words: String,
}

/// Every edge along a metric, in no order. What is climbed deal by deal has none.
fn edges(plan: &Plan, along: Metric, target: Decimal) -> Vec<Edge> {
    let at_share = |share: Decimal| needed_for(along, share, target, true);
    let mut edges = Vec::new();
    for component in &plan.components {
        let name = &component.name;
        for condition in component.gate.iter().filter(|condition| condition.of.metric() == along) {
            let value = condition.at_least.and_then(|edge| match condition.of {
                Measure::Metric(_) => Some(in_own_unit(along, edge, plan.currency)),
                Measure::Attainment(_) => at_share(edge),
            });
            edges.extend(value.map(|value| Edge { value, words: format!("the condition of {name}") }));
        }
        if component.measure.metric() != along || component.per_deal() {
            continue;
        }
        match &component.pays {
            Schedule::Tiers(tiers) => edges.extend(tiers.steps.iter().skip(1).filter_map(|step| {
                let value = match tiers.axis {
                    Axis::Amount => in_minor_units(step.from, plan.currency),
                    Axis::Count => step.from,
                    Axis::Attainment => at_share(step.from)?,
                };
                Some(Edge { value, words: format!("the {} tier of {name}", step_pays(step, plan.currency)) })
            })),
            Schedule::Curve(curve) => edges.extend(curve.points.iter().filter_map(|point| {
                let pays = plan.currency.show_exact(curve.on_target.exact() * point.pays);
                Some(Edge { value: at_share(point.at)?, words: format!("{pays} of {name}") })
            })),
            Schedule::Rate(_) | Schedule::PerUnit(_) | Schedule::Bonus(_) => {}
        }
    }
    edges
}

/// A gate's edge in the metric's own unit, the next value that the metric can have.
fn in_own_unit(metric: Metric, edge: Decimal, currency: Currency) -> Decimal {
    let value = if metric.unit() == Unit::Money { in_minor_units(edge, currency) } else { edge };
    let decimals = if metric.unit() == Unit::Fraction { 12 } else { 0 };
    value.round_dp_with_strategy(decimals, RoundingStrategy::ToPositiveInfinity)
}

/// What the next unit is worth, and the nearest edge of each component that lies ahead.
fn next(plan: &Plan, example: &Example, along: Metric, value: Decimal) -> Result<Vec<String>, EvaluateError> {
    let currency = plan.currency;
    let pays = |value| example.pay(plan, along, value).map(|statement| statement.total.money);
    let now = pays(value)?;
    // One euro pays a few cents, of which rounding may swallow half: a hundred are asked for.
    let (step, noun) = match along.unit() {
        Unit::Count => (Decimal::ONE, format!("next {}", singular(along))),
        Unit::Money => {
            let step = in_minor_units(Decimal::ONE_HUNDRED, currency);
            (step, format!("next {}", quantity_of(along, step, currency)))
        }
        Unit::Fraction => (Decimal::new(1, 2), format!("next percentage point of {}", singular(along))),
    };
    let worth = Money(pays(value + step)?.0.saturating_sub(now.0));
    let words = match worth {
        Money::ZERO => format!("The {noun} is worth nothing."),
        more if more > Money::ZERO => format!("The {noun} is worth {}.", money(more, currency)),
        less => format!("The {noun} costs {}.", money(-less, currency)),
    };
    let mut told = vec![words];
    let Some(target) = example.target(along) else { return Ok(told) };
    let ahead = |edge: &Edge| if along.is_limit() { edge.value < value } else { edge.value > value };
    let mut ahead: Vec<Edge> = edges(plan, along, target).into_iter().filter(ahead).collect();
    ahead.sort_by_key(|edge| (edge.value - value).abs());
    ahead.dedup_by(|later, earlier| later.value == earlier.value && later.words == earlier.words);
    for edge in ahead.into_iter().take(2) {
        let missing = edge.value - value;
        let paid = money(pays(edge.value)?, currency);
        told.push(format!("{}: {paid} in all.", reaching(along, missing, currency, &edge.words)));
    }
    Ok(told)
}

/// "Another €4,000.00 reach the 6% tier of Sales", "Another visit reaches the condition of Visits".
fn reaching(metric: Metric, missing: Decimal, currency: Currency, what: &str) -> String {
    let (another, verb) = match metric.unit() {
        Unit::Money => (format!("Another {}", currency.show_exact(missing)), "reach"),
        Unit::Count if missing == Decimal::ONE => (format!("Another {}", singular(metric)), "reaches"),
        Unit::Count if missing > Decimal::ZERO => (format!("Another {}", quantity(metric, missing, currency)), "reach"),
        _ => (difference(metric, missing, currency), "reach"),
    };
    format!("{another} {verb} {what}")
}

/// `€100.00 of net sales`.
fn quantity_of(metric: Metric, minor: Decimal, currency: Currency) -> String {
    format!("{} of {}", currency.show_exact(minor), singular(metric))
}

/// Notes the caps that cut here, the first time they do.
fn note_cuts(plan: &Plan, along: Metric, statement: &Statement, share: Ratio, cuts: &mut Vec<Cut>) {
    for (i, line) in statement.lines.iter().enumerate() {
        let component = plan.components.get(i);
        if component.is_some_and(|component| component.measure.metric() != along) {
            continue;
        }
        let component = component.map(|_| i);
        let over = match component {
            Some(_) => line.before_limits.zip(line.cap).is_some_and(|(before, cap)| before.money > cap.money),
            None => line.cap.is_some(),
        };
        if !over || cuts.iter().any(|cut| cut.component == component) {
            continue;
        }
        let cap = line.cap.map_or(Money::ZERO, |cap| cap.money);
        let at = percent(share.percent_floored(0) / Decimal::ONE_HUNDRED);
        let of = if along.is_limit() { "on the limit" } else { "of the target" };
        let when = if share <= Ratio::ONE { ", so before the target or on it" } else { "" };
        let words = format!(
            "the cap of {} is reached at {at} {of}{when}: what is done beyond pays nothing more",
            money(cap, plan.currency)
        );
        cuts.push(Cut { component, words });
    }
}
