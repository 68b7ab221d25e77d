//! What a plan pays for an example, seen along one metric from 0 to 200 % of its target: the points of a chart, what
//! the next unit is worth, which edge comes next, and where a cap cuts. All of it is asked of the engine.

use std::collections::BTreeMap;

use rust_decimal::{Decimal, RoundingStrategy};
use time::Date;

use super::{
    evaluate::{EvaluateError, evaluate},
    exact::attainment,
    facts::{Deal, Facts, Figures, Member, Team},
    gate::{needed_for, whole_towards},
    plan::{Axis, Component, Condition, CreditKind, Measure, Modifier, Plan, Schedule, Scope},
    schedule::rate_of,
    statement::Statement,
    told::step_pays,
    words::{bare, difference, in_minor_units, money, percent, quantity, singular},
};
use crate::domain::{
    metric::{Metric, Unit},
    money::{Currency, Money},
    period::add_months,
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
    /// The targets of the whole fiscal year; none: those of the period stand for them.
    pub year_targets: Option<BTreeMap<Metric, Decimal>>,
    /// Which of the rep's periods on the plan it is, from 1: draws and ramps ask for it.
    pub period_on_plan: u32,
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
    for metric in plan.components.iter().flat_map(metrics_of) {
        if !metrics.contains(&metric) {
            metrics.push(metric);
        }
    }
    metrics
}

/// The metrics that a component looks at, as often as it names them.
pub fn metrics_of(component: &Component) -> Vec<Metric> {
    let gate = component.gate.iter().map(|condition| &condition.of);
    let asked = [&component.measure].into_iter().chain(gate).chain(component.modifier.iter().map(|one| &one.of));
    let counts_deals = (component.measure == Measure::Deals).then_some(Metric::NetSales);
    asked.flat_map(Measure::metrics).chain(counts_deals).collect()
}

/// Between the points of a smooth course lies 1/100 of the target.
const POINTS: i64 = 200;
/// At the most so many edges get points of their own: each point costs a statement, and no reader sees more jumps.
const MOST_EDGES: usize = 60;

/// Whose the deals of the team are, in an example.
const TEAM: &str = "Team";
/// For how many months an old customer of an example has been one.
const OLD: i32 = 36;

/// The attainments of the table, in percent.
const TABLE: [i64; 7] = [0, 50, 80, 100, 120, 150, 200];

impl Example {
    /// The facts of the example as they are when a metric has another value.
    fn facts(&self, plan: &Plan, along: Metric, value: Decimal) -> Facts {
        let mut metrics: BTreeMap<Metric, Decimal> =
            Metric::ALL.into_iter().map(|m| (m, self.reached.get(&m).copied().unwrap_or_default())).collect();
        metrics.insert(along, value);
        let sales = metrics.get(&Metric::NetSales).copied().unwrap_or_default();
        let deals = plan.components.iter().any(Component::asks_for_deals).then(|| {
            metrics.remove(&Metric::NetSales);
            let parts = vec![1; usize::try_from(self.deals.max(1)).unwrap_or(1)];
            let shares = Money::from_exact(sales).split(&parts);
            (1..).zip(shares).flat_map(|(number, part)| self.deal(plan, number, part)).collect()
        });
        let targets = self.targets.clone();
        let team = Figures { metrics: metrics.clone(), targets: targets.clone(), ..Figures::default() };
        let mut of_rep = team.clone();
        of_rep.metrics.insert(Metric::NetSales, sales);
        Facts {
            rep: "Example".to_owned(),
            period: self.period.clone(),
            year_to_date: Metric::ALL.map(|metric| (metric, Decimal::ZERO)).into(),
            year_targets: self.year_targets.clone(),
            period_on_plan: Some(self.period_on_plan),
            team: Some(Team { figures: team, reps: vec![Member { rep: TEAM.to_owned(), figures: of_rep }] }),
            team_earnings: Some(Vec::new()),
            metrics,
            targets,
            deals,
            ..Facts::default()
        }
    }

    /// A deal of the example; every other one is of a new customer, so that a plan which pays those otherwise shows it.
    fn deal(&self, plan: &Plan, number: i64, part: Money) -> Vec<Deal> {
        let is_new = number % 2 == 1;
        let own = Deal {
            customer_since: Some(if is_new { self.on } else { add_months(self.on, -OLD) }),
            new_customer: is_new,
            cross_sell: !is_new,
            ..Deal::won(number, self.on, "Example", part)
        };
        let beside = |own: &Deal, credit| match credit {
            CreditKind::Split => own.clone(),
            CreditKind::Overlay => Deal { overlay: true, ..own.clone() },
        };
        let kinds = |scope| {
            let of = move |kind| plan.components.iter().any(|one| one.scope == scope && one.credit == kind);
            [CreditKind::Split, CreditKind::Overlay].into_iter().filter(move |kind| of(*kind))
        };
        let team = Deal { rep: Some(TEAM.to_owned()), ..own.clone() };
        let others = kinds(Scope::Own).filter(|kind| *kind == CreditKind::Overlay).map(|kind| beside(&own, kind));
        let teams = kinds(Scope::Team).map(|kind| beside(&team, kind));
        let all: Vec<Deal> = others.chain(teams).collect();
        [own].into_iter().chain(all).collect()
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

    /// The rows of a table along a metric: its values near a few round attainments, each once, and what share of the
    /// target it is. Empty without a target above zero.
    pub fn rows_of_table(&self, along: Metric) -> Vec<(Decimal, Ratio)> {
        let mut rows: Vec<(Decimal, Ratio)> = Vec::new();
        let Some(target) = self.target(along) else { return rows };
        for value in TABLE.iter().filter_map(|percent| self.value_at(along, Decimal::new(*percent, 2))) {
            if rows.last().is_none_or(|(last, _)| *last != value) {
                rows.push((value, attainment(along, value, target).unwrap_or(Ratio::ZERO)));
            }
        }
        rows
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
    let mut caps = Caps::default();
    for value in values(plan, along, target) {
        let statement = example.pay(plan, along, value)?;
        let point = Point { share: share(value), pays: statement.total.money };
        caps.note(plan, along, &statement, point.share);
        points.push(point);
    }
    let mut table: Vec<(String, Point)> = Vec::new();
    for (value, share) in example.rows_of_table(along) {
        let pays = example.pay(plan, along, value)?.total.money;
        table.push((bare(along, value, plan.currency), Point { share, pays }));
    }
    let value = example.reached.get(&along).copied().unwrap_or_default();
    let statement = example.pay(plan, along, value)?;
    let here = Point { share: share(value), pays: statement.total.money };
    let next = next(plan, example, along, value)?;
    Ok(Some(Picture { along, points, table, here, statement, next, cuts: caps.cuts }))
}

/// The values of the metric at which the chart asks the engine: evenly, and at both sides of each edge. Of a limit the
/// attainment falls as the value grows, so they descend.
fn values(plan: &Plan, along: Metric, target: Decimal) -> Vec<Decimal> {
    let end = target * Decimal::TWO;
    // What lies just before an edge, as the attainment grows.
    let before = if along.is_limit() { smallest(along) } else { -smallest(along) };
    let mut edges: Vec<Decimal> = edges(plan, along, target).into_iter().map(|edge| edge.value).collect();
    edges.retain(|value| *value >= Decimal::ZERO && *value <= end);
    edges.sort_unstable();
    edges.dedup();
    edges.truncate(MOST_EDGES);
    let mut values: Vec<Decimal> = (0..=POINTS)
        .map(|i| whole(along, end * Decimal::from(i) / Decimal::from(POINTS)))
        .chain(edges.into_iter().flat_map(|edge| [edge + before, edge]))
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

/// A value of the metric from which on something else is paid, as the attainment grows.
struct Edge {
    value: Decimal,
    /// What begins or ends there: "the 6% tier of Sales".
    words: String,
    /// Whether it ends.
    ends: bool,
}

impl Edge {
    fn begins(value: Decimal, words: String) -> Self {
        Self { value, words, ends: false }
    }
}

/// Every edge along a metric, in no order. What is climbed deal by deal has none.
fn edges(plan: &Plan, along: Metric, target: Decimal) -> Vec<Edge> {
    let at_share = |share: Decimal| needed_for(along, share, target, true);
    let mut edges = Vec::new();
    for component in &plan.components {
        let name = &component.name;
        for condition in component.gate.iter().filter(|condition| condition.of.metric() == Some(along)) {
            edges.extend(edges_of(condition, along, name, target, plan.currency));
        }
        if let Some(modifier) = component.modifier.as_ref().filter(|one| one.of.metric() == Some(along)) {
            edges.extend(edges_of_factors(modifier, along, name, target, plan.currency));
        }
        if component.measure.metric() != Some(along) || component.asks_for_deals() {
            continue;
        }
        match &component.pays {
            Schedule::Tiers(tiers) => edges.extend(tiers.steps.iter().skip(1).filter_map(|step| {
                let value = match tiers.axis {
                    Axis::Amount => in_minor_units(step.from, plan.currency),
                    Axis::Count => step.from,
                    Axis::Attainment => at_share(step.from)?,
                };
                let words = match step.bonus.filter(|bonus| *bonus > Money::ZERO) {
                    Some(bonus) if rate_of(step).is_zero() => format!("the {} bonus", money(bonus, plan.currency)),
                    _ => format!("the {} tier", step_pays(step, plan.currency)),
                };
                Some(Edge::begins(value, format!("{words} of {name}")))
            })),
            Schedule::Curve(curve) => edges.extend(curve.points.iter().filter_map(|point| {
                let pays = plan.currency.show_exact(curve.on_target.exact() * point.pays);
                Some(Edge::begins(at_share(point.at)?, format!("{pays} of {name}")))
            })),
            Schedule::Rate(_) | Schedule::PerUnit(_) | Schedule::Bonus(_) => {}
        }
    }
    edges
}

/// Where another factor begins, as the attainment grows.
fn edges_of_factors(
    modifier: &Modifier,
    along: Metric,
    name: &str,
    target: Decimal,
    currency: Currency,
) -> impl Iterator<Item = Edge> {
    modifier.steps.iter().zip(modifier.steps.iter().skip(1)).filter_map(move |(before, step)| {
        let (value, times) = match (modifier.of.is_attainment(), along.unit()) {
            (true, _) => (needed_for(along, step.from, target, true)?, step.times),
            (false, Unit::Money) => (in_minor_units(step.from, currency), step.times),
            // Of a limit the value falls: what lies just below the edge comes after it.
            (false, _) if along.is_limit() => (step.from - smallest(along), before.times),
            (false, _) => (step.from, step.times),
        };
        Some(Edge::begins(value, format!("the factor {} of {name}", times.normalize())))
    })
}

/// Where a condition begins to hold, and where it ends.
fn edges_of(
    condition: &Condition,
    along: Metric,
    name: &str,
    target: Decimal,
    currency: Currency,
) -> impl Iterator<Item = Edge> {
    let words = format!("the condition of {name}");
    let attained = condition.of.is_attainment();
    [(condition.at_least, true), (condition.at_most, false)].into_iter().filter_map(move |(edge, at_least)| {
        // The last value with which the condition holds.
        let holds = if attained {
            needed_for(along, edge?, target, at_least)?
        } else if along.unit() == Unit::Money {
            whole_towards(along, in_minor_units(edge?, currency), at_least)
        } else {
            whole_towards(along, edge?, at_least)
        };
        // Of a limit the value falls as the attainment grows; an edge of the attainment itself does not turn round.
        let falls = along.is_limit();
        let ends = if falls && !attained { at_least } else { !at_least };
        let beyond = if falls { -smallest(along) } else { smallest(along) };
        Some(Edge { value: if ends { holds + beyond } else { holds }, words: words.clone(), ends })
    })
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
    let ahead = |edge: &Edge| {
        let below = edge.value < value && edge.value >= Decimal::ZERO;
        if along.is_limit() { below } else { edge.value > value }
    };
    let mut ahead: Vec<Edge> = edges(plan, along, target).into_iter().filter(ahead).collect();
    ahead.sort_by_key(|edge| (edge.value - value).abs());
    ahead.dedup_by(|a, b| (a.value, &a.words, a.ends) == (b.value, &b.words, b.ends));
    for edge in ahead.into_iter().take(2) {
        let missing = edge.value - value;
        let paid = money(pays(edge.value)?, currency);
        told.push(format!("{}: {paid} in all.", reaching(along, missing, currency, &edge)));
    }
    Ok(told)
}

/// "Another €4,000.00 reach the 6% tier of Sales", "Another visit reaches the condition of Visits", "Another €0.01 break
/// the condition of Bonus".
fn reaching(metric: Metric, missing: Decimal, currency: Currency, edge: &Edge) -> String {
    let another = match metric.unit() {
        Unit::Money => format!("Another {}", currency.show_exact(missing)),
        Unit::Count if missing == Decimal::ONE => format!("Another {}", singular(metric)),
        Unit::Count if missing > Decimal::ZERO => format!("Another {}", quantity(metric, missing, currency)),
        _ => difference(metric, missing, currency),
    };
    let one = metric.unit() == Unit::Count && missing.abs() == Decimal::ONE;
    let verb = match (edge.ends, one) {
        (false, true) => "reaches",
        (false, false) => "reach",
        (true, true) => "breaks",
        (true, false) => "break",
    };
    format!("{another} {verb} {}", edge.words)
}

/// `€100.00 of net sales`.
fn quantity_of(metric: Metric, minor: Decimal, currency: Currency) -> String {
    format!("{} of {}", currency.show_exact(minor), singular(metric))
}

/// The caps met on the way along the chart; none: the plan's own.
#[derive(Default)]
struct Caps {
    /// Where the pay came to stand at the cap or above it.
    reached: BTreeMap<Option<usize>, Ratio>,
    /// Those that took something away.
    cuts: Vec<Cut>,
}

impl Caps {
    /// Notes what the caps do at the next point.
    fn note(&mut self, plan: &Plan, along: Metric, statement: &Statement, share: Ratio) {
        let lines = || plan.components.iter().zip(&statement.lines);
        let own = lines().enumerate().filter(|(_, (component, _))| component.measure.metric() == Some(along));
        let own = own.filter_map(|(i, (component, line))| {
            Some((Some(i), line.before_limits.as_ref().unwrap_or(&line.amount).money, component.cap?))
        });
        let together = lines().fold(Money::ZERO, |sum, (_, line)| Money(sum.0.saturating_add(line.amount.money.0)));
        for (component, earned, cap) in own.chain(plan.cap.map(|cap| (None, together, cap))) {
            if earned < cap {
                self.reached.remove(&component);
                continue;
            }
            let reached = *self.reached.entry(component).or_insert(share);
            // Exactly at the cap nothing is lost yet; what is beyond shows that it is no plan's natural end.
            if earned > cap && !self.cuts.iter().any(|cut| cut.component == component) {
                let words = cut_words(&money(cap, plan.currency), reached, along);
                self.cuts.push(Cut { component, words });
            }
        }
    }
}

fn cut_words(cap: &str, reached: Ratio, along: Metric) -> String {
    // A cent before an edge pays as much once it is rounded: that is told as the edge.
    let at = percent(reached.rounded(2));
    let of = if along.is_limit() { "on the limit" } else { "of the target" };
    let when = if reached <= Ratio::ONE { ", so before the target or on it" } else { "" };
    format!("the cap of {cap} is reached at {at} {of}{when}: what is done beyond pays nothing more")
}
