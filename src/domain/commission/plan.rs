//! The plan: what is measured and what it pays, and the rules that every plan obeys before it may pay anybody.

use rust_decimal::Decimal;

use super::json::{Fault, LARGEST_AMOUNT, Place};
use crate::domain::{
    metric::{Metric, Unit},
    money::{Currency, Money},
    period::PeriodKind,
};

/// A commission plan: components that add up, within an optional floor and cap.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The name that people know it by.
    pub name: String,
    /// The company's currency: every amount of the plan is in it.
    pub currency: Currency,
    /// How long one measuring period is.
    pub period: MeasuringPeriod,
    /// What it pays for, in the order in which a statement lists it.
    pub components: Vec<Component>,
    /// The most that all components together pay in one period.
    pub cap: Option<Money>,
    /// The least that all components together pay in one period.
    pub floor: Option<Money>,
}

/// How long one measuring period of a plan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeasuringPeriod {
    /// A calendar month.
    Month,
    /// A quarter of the company's fiscal year.
    Quarter,
    /// A fiscal year.
    Year,
}

impl From<MeasuringPeriod> for PeriodKind {
    fn from(period: MeasuringPeriod) -> Self {
        match period {
            MeasuringPeriod::Month => Self::Month,
            MeasuringPeriod::Quarter => Self::Quarter,
            MeasuringPeriod::Year => Self::Year,
        }
    }
}

/// One thing that a plan pays for: a line of the statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Component {
    /// Its name on the statement, once per plan.
    pub name: String,
    /// What is measured.
    pub measure: Measure,
    /// How the measure turns into money.
    pub pays: Schedule,
    /// Conditions that must all hold, else it pays nothing.
    pub gate: Vec<Condition>,
    /// The most that it pays in one period; zero or more.
    pub cap: Option<Money>,
    /// The least that it pays in one period while its gate holds.
    pub floor: Option<Money>,
}

/// A metric, or its attainment: how much of its target was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// The metric's value.
    Metric(Metric),
    /// Value ÷ target (docs/definitions.md, *Targets*).
    Attainment(Metric),
}

impl Measure {
    /// The metric behind it.
    pub fn metric(self) -> Metric {
        match self {
            Self::Metric(metric) | Self::Attainment(metric) => metric,
        }
    }
}

/// How a measure turns into money.
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    /// A share of a money measure; 0.03 is 3 %.
    Rate(Decimal),
    /// An amount for each one of a count.
    PerUnit(Money),
    /// Rates or amounts that change as the measure or its attainment grows.
    Tiers(Tiers),
    /// A share of an on-target amount that follows the attainment.
    Curve(Curve),
    /// A fixed amount, if the gate holds.
    Bonus(Money),
}

impl Schedule {
    /// Whether it is read at the attainment of the component's metric, whichever way that is measured.
    pub(super) fn climbs_attainment(&self) -> bool {
        match self {
            Self::Curve(_) => true,
            Self::Tiers(tiers) => tiers.axis == Axis::Attainment,
            Self::Rate(_) | Self::PerUnit(_) | Self::Bonus(_) => false,
        }
    }
}

/// A table of steps over one axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tiers {
    /// Whether each part of the measure takes the rate of its own step, or the whole takes one rate.
    pub mode: Mode,
    /// What the steps' edges are compared with.
    pub axis: Axis,
    /// Whether the steps are climbed by each deal or by the period.
    pub per: Per,
    /// The steps, the first from 0, ascending; each reaches up to the next one's edge, the last has no end.
    pub steps: Vec<Step>,
}

/// Whether the measure is cut into parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Each part of the measure pays by the step it lies in.
    Marginal,
    /// The whole measure pays by the step that was reached.
    Whole,
}

/// What the edges of the steps are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// Money in major units.
    Amount,
    /// Whole numbers: 5 means "from the fifth on".
    Count,
    /// Shares of the target: 1 is the target.
    Attainment,
}

/// What climbs the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// Each deal by itself, net of its linked returns.
    Deal,
    /// The whole period.
    Period,
}

/// One step: from here on (this value included) it pays so much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The lower edge: reach it, and you have it. Money in major units, a whole count, or a share of the target.
    pub from: Decimal,
    /// What it pays.
    pub pays: StepPays,
}

/// What a step pays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum StepPays {
    /// A share of money; 0.03 is 3 %.
    Rate(Decimal),
    /// An amount for each one of a count.
    PerUnit(Money),
}

/// A share of an on-target amount: nothing below the first point, straight between points, flat above the last.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// What a share of 1 pays.
    pub on_target: Money,
    /// The points, ascending in attainment.
    pub points: Vec<Point>,
}

/// A point of a curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Attainment; 1 is the target.
    pub at: Decimal,
    /// The share of the on-target amount that it pays.
    pub pays: Decimal,
}

/// A condition of a gate. At least one of the two edges is given; both edges hold when they are hit exactly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Condition {
    /// What is compared.
    pub of: Measure,
    /// It must be at least this. Money in major units, a count, or a fraction.
    pub at_least: Option<Decimal>,
    /// It must be at most this.
    pub at_most: Option<Decimal>,
}

/// The most components of a plan that is saved.
pub const MOST_COMPONENTS: usize = 20;
/// The most steps, points or conditions of its components.
pub const MOST_ROWS: usize = 30;
/// Rates, edges and shares have at most so many decimals: what is larger than any plan needs, and small enough that
/// every product stays exact in 128 bits.
const MAX_DECIMALS: u32 = 9;
/// Rates, edges of attainment and shares stay below this: 100,000 %.
const MAX_RATIO: i64 = 1_000;

impl Plan {
    /// Everything that is wrong with the plan, with place and remedy; a plan with a fault pays nobody.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        self.check_own(&mut faults);
        let list = Place::Root.key("components");
        for (i, component) in self.components.iter().enumerate() {
            component.check(&list.item(i), &mut faults);
        }
        faults
    }

    /// Where it is larger than a plan that is saved may be. One that is there already pays all the same.
    pub fn oversize(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let list = Place::Root.key("components");
        check_number(self.components.len(), MOST_COMPONENTS, "components", &list, &mut faults);
        for (i, component) in self.components.iter().enumerate() {
            let place = list.item(i);
            let pays = place.key("pays");
            match &component.pays {
                Schedule::Tiers(tiers) => {
                    let table = pays.key("tiers");
                    check_number(tiers.steps.len(), MOST_ROWS, "steps", &table.key("steps"), &mut faults);
                }
                Schedule::Curve(curve) => {
                    let table = pays.key("curve");
                    check_number(curve.points.len(), MOST_ROWS, "points", &table.key("points"), &mut faults);
                }
                Schedule::Rate(_) | Schedule::PerUnit(_) | Schedule::Bonus(_) => {}
            }
            check_number(component.gate.len(), MOST_ROWS, "conditions", &place.key("gate"), &mut faults);
        }
        faults
    }

    /// The metrics whose attainment it looks at, in the order in which it names them: without a target for them it pays
    /// nothing, or less.
    pub fn attained(&self) -> Vec<Metric> {
        let mut metrics = Vec::new();
        for component in &self.components {
            let gate = component.gate.iter().map(|condition| condition.of);
            let own = if component.pays.climbs_attainment() {
                Measure::Attainment(component.measure.metric())
            } else {
                component.measure
            };
            for measure in [own].into_iter().chain(gate) {
                if let Measure::Attainment(metric) = measure
                    && !metrics.contains(&metric)
                {
                    metrics.push(metric);
                }
            }
        }
        metrics
    }

    /// The rules of the plan itself; those of its components are checked apart.
    pub(super) fn check_own(&self, faults: &mut Vec<Fault>) {
        if self.name.trim().is_empty() {
            Place::Root.key("name").fault(faults, "the plan needs a name");
        }
        check_limits(self.floor, self.cap, &Place::Root, faults);
        let list = Place::Root.key("components");
        if self.components.is_empty() {
            list.fault(faults, "the plan pays nothing: give it at least one component");
        }
        for (i, component) in self.components.iter().enumerate() {
            if self.components.iter().take(i).any(|other| other.name == component.name) {
                let place = list.item(i);
                let message = format!("“{}” is the name of an earlier component: give each its own", component.name);
                place.key("name").fault(faults, message);
            }
        }
    }
}

impl Component {
    /// How many rows its longest list has: steps, points or conditions.
    pub fn rows(&self) -> usize {
        let table = match &self.pays {
            Schedule::Tiers(tiers) => tiers.steps.len(),
            Schedule::Curve(curve) => curve.points.len(),
            Schedule::Rate(_) | Schedule::PerUnit(_) | Schedule::Bonus(_) => 0,
        };
        table.max(self.gate.len())
    }

    /// The rules of one component.
    pub(super) fn check(&self, place: &Place<'_>, faults: &mut Vec<Fault>) {
        if self.name.trim().is_empty() {
            place.key("name").fault(faults, "the component needs a name");
        }
        check_limits(self.floor, self.cap, place, faults);
        let pays = place.key("pays");
        let money = self.measure.metric().unit() == Unit::Money;
        let plain = matches!(self.measure, Measure::Metric(_));
        match &self.pays {
            Schedule::Rate(rate) => {
                let place = pays.key("rate");
                check_ratio(*rate, &place, faults);
                if !(plain && money) {
                    place.fault(faults, "a rate is a share of money: measure net_sales, or pay per_unit, tiers over attainment or a curve");
                }
            }
            Schedule::PerUnit(amount) => {
                let place = pays.key("per_unit");
                check_amount(*amount, &place, faults);
                if !(plain && self.measure.metric().unit() == Unit::Count) {
                    place.fault(
                        faults,
                        "per_unit pays for each one of a count: measure a count like visits, or pay a rate or a curve",
                    );
                }
            }
            Schedule::Tiers(tiers) => tiers.check(self.measure, &pays.key("tiers"), faults),
            Schedule::Curve(curve) => curve.check(&pays.key("curve"), faults),
            Schedule::Bonus(amount) => check_amount(*amount, &pays.key("bonus"), faults),
        }
        let gate = place.key("gate");
        for (i, condition) in self.gate.iter().enumerate() {
            condition.check(&gate.item(i), faults);
        }
    }
}

impl Tiers {
    fn check(&self, measure: Measure, place: &Place<'_>, faults: &mut Vec<Fault>) {
        let unit = measure.metric().unit();
        let plain = matches!(measure, Measure::Metric(_));
        let axis = place.key("axis");
        match self.axis {
            Axis::Amount if !(plain && unit == Unit::Money) => {
                axis.fault(
                    faults,
                    "the axis amount is for a measure in money: measure net_sales, or use count or a curve",
                );
            }
            Axis::Count if !(plain && unit == Unit::Count) => {
                axis.fault(faults, "the axis count is for a measure that is counted: measure new_customers, or use amount or attainment");
            }
            Axis::Attainment if unit != Unit::Money => {
                axis.fault(
                    faults,
                    "tiers over attainment take a share of money: measure net_sales, or pay this measure by a curve",
                );
            }
            _ => {}
        }
        if self.per == Per::Deal {
            if self.axis != Axis::Amount {
                place.key("per").fault(faults, "only tiers over amount can be climbed by each deal: use \"period\"");
            } else if measure.metric() != Metric::NetSales {
                place.key("per").fault(faults, "only net_sales is known deal by deal: use \"period\"");
            }
        }
        let steps = place.key("steps");
        if self.steps.is_empty() {
            steps.fault(faults, "give at least one step, the first from \"0\"");
        }
        for (i, step) in self.steps.iter().enumerate() {
            let here = steps.item(i);
            let before = i.checked_sub(1).and_then(|before| self.steps.get(before));
            check_edge(step.from, before.map(|step| step.from), &here.key("from"), faults);
            match self.axis {
                Axis::Count if !step.from.fract().is_zero() => {
                    here.key("from").fault(faults, "counts are whole: write the number of the first one, like \"5\"");
                }
                Axis::Attainment => check_ratio(step.from, &here.key("from"), faults),
                _ if step.from.abs() > Decimal::from(LARGEST_AMOUNT) || step.from.normalize().scale() > 3 => {
                    here.key("from").fault(faults, "the edge is no amount: check the digits");
                }
                _ => {}
            }
            match (step.pays, self.axis) {
                (StepPays::Rate(_), Axis::Count) => {
                    here.key("rate").fault(faults, "steps over a count pay an amount for each: write \"per_unit\"");
                }
                (StepPays::Rate(rate), _) => check_ratio(rate, &here.key("rate"), faults),
                (StepPays::PerUnit(amount), Axis::Count) => check_amount(amount, &here.key("per_unit"), faults),
                (StepPays::PerUnit(_), _) => {
                    here.key("per_unit").fault(faults, "steps over money pay a share of it: write \"rate\"");
                }
            }
        }
    }
}

impl Curve {
    fn check(&self, place: &Place<'_>, faults: &mut Vec<Fault>) {
        check_amount(self.on_target, &place.key("on_target"), faults);
        let points = place.key("points");
        if self.points.is_empty() {
            points.fault(faults, "give at least one point, like {\"at\": \"1\", \"pays\": \"1\"}");
        }
        for (i, point) in self.points.iter().enumerate() {
            let here = points.item(i);
            check_ratio(point.at, &here.key("at"), faults);
            check_ratio(point.pays, &here.key("pays"), faults);
            let before = i.checked_sub(1).and_then(|before| self.points.get(before));
            if before.is_some_and(|before| point.at <= before.at) {
                here.key("at")
                    .fault(faults, format!("the points must ascend: {} does not lie above the one before", point.at));
            }
        }
    }
}

impl Condition {
    fn check(&self, place: &Place<'_>, faults: &mut Vec<Fault>) {
        match (self.at_least, self.at_most) {
            (None, None) => place.fault(faults, "the condition has no edge: give at_least or at_most"),
            (Some(least), Some(most)) if least > most => {
                place.fault(faults, "at_least lies above at_most, so this can never hold: change one of them");
            }
            _ => {}
        }
        for (key, edge) in [("at_least", self.at_least), ("at_most", self.at_most)] {
            let Some(edge) = edge else { continue };
            let decimals = edge.normalize().scale();
            if matches!(self.of, Measure::Attainment(_)) {
                check_ratio(edge, &place.key(key), faults);
            } else if edge.abs() > Decimal::from(LARGEST_AMOUNT) || decimals > MAX_DECIMALS {
                place.key(key).fault(faults, format!("at most {MAX_DECIMALS} decimals, and no larger than an amount"));
            } else if matches!(self.of, Measure::Metric(metric) if metric.unit() == Unit::Count) && decimals > 0 {
                place.key(key).fault(faults, "a count is whole: leave the decimals out");
            }
        }
    }
}

fn check_number(number: usize, most: usize, what: &str, place: &Place<'_>, faults: &mut Vec<Fault>) {
    if number > most {
        place.fault(faults, format!("{number} {what} are too many: at most {most} are possible"));
    }
}

fn check_limits(floor: Option<Money>, cap: Option<Money>, place: &Place<'_>, faults: &mut Vec<Fault>) {
    if cap.is_some_and(|cap| cap < Money::ZERO) {
        place.key("cap").fault(faults, "a cap is zero or more: a cap does not touch a negative amount");
    }
    if let (Some(floor), Some(cap)) = (floor, cap)
        && floor > cap
    {
        place.key("floor").fault(faults, "the floor lies above the cap: lower it, or raise the cap");
    }
}

fn check_amount(amount: Money, place: &Place<'_>, faults: &mut Vec<Fault>) {
    if amount < Money::ZERO {
        place.fault(faults, "a plan does not pay less than nothing: use 0 or more");
    }
}

fn check_ratio(ratio: Decimal, place: &Place<'_>, faults: &mut Vec<Fault>) {
    if ratio < Decimal::ZERO {
        place.fault(faults, format!("{ratio} is below zero: use 0 or more"));
    } else if ratio >= Decimal::from(MAX_RATIO) {
        place.fault(faults, format!("{ratio} is a share, and 1 is 100 %: write 3 % as \"0.03\""));
    } else if ratio.normalize().scale() > MAX_DECIMALS {
        place.fault(faults, format!("{ratio} has more than {MAX_DECIMALS} decimals: round it"));
    }
}

fn check_edge(from: Decimal, before: Option<Decimal>, place: &Place<'_>, faults: &mut Vec<Fault>) {
    match before {
        None if !from.is_zero() => {
            place.fault(
                faults,
                format!("the first step starts from 0: what lies below {from} would silently pay nothing"),
            );
        }
        Some(before) if from == before => {
            place.fault(faults, format!("two steps start from {from}, so they overlap: keep one of them"));
        }
        Some(before) if from < before => {
            place.fault(faults, format!("the steps must ascend: {from} comes after {before}; put them in order"));
        }
        _ => {}
    }
}
