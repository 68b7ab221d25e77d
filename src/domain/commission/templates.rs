//! Plans that many companies begin with: an ordinary plan each, which the editor opens and changes like any other.

use rust_decimal::Decimal;
use time::Date;

use super::plan::{
    Axis, Component, Condition, Curve, Days, Draw, Factor, Measure, MeasuringPeriod, Mode, Modifier, Months, Only, Per,
    Plan, Point, Schedule, Scope, Step, StepPays, Tiers, Who,
};
use crate::domain::{
    metric::Metric,
    money::{Currency, Money},
    period::{add_days, add_months},
};

/// A plan to begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template {
    /// A share of net sales.
    Starter,
    /// Higher rates above the target, made up for each quarter.
    Accelerator,
    /// New customers, and sales to young ones, for those who visit strangers.
    Hunter,
    /// Growth with the customers that are there, and keeping them.
    Farmer,
    /// A share of what the team sells, and a bonus if every rep is on the way.
    Manager,
    /// A draw and smaller targets while somebody learns the trade.
    Newcomer,
}

impl Template {
    /// Every template, in the order in which pages offer them.
    pub const ALL: [Self; 6] =
        [Self::Starter, Self::Accelerator, Self::Hunter, Self::Farmer, Self::Manager, Self::Newcomer];

    /// The template of this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|template| template.as_str() == word)
    }

    /// Its word in URLs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starter => "starter",
            Self::Accelerator => "accelerator",
            Self::Hunter => "hunter",
            Self::Farmer => "farmer",
            Self::Manager => "manager",
            Self::Newcomer => "newcomer",
        }
    }

    /// Its name on a page.
    pub fn label(self) -> &'static str {
        match self {
            Self::Starter => "Starter",
            Self::Accelerator => "Accelerator",
            Self::Hunter => "Hunter",
            Self::Farmer => "Farmer",
            Self::Manager => "Manager",
            Self::Newcomer => "Newcomer",
        }
    }

    /// The monthly plan with its usual numbers. `today` places its campaign: the three months after this one.
    pub fn plan(self, name: &str, currency: Currency, today: Date) -> Plan {
        let plan = |components| Plan::new(name, currency, MeasuringPeriod::Month, components);
        match self {
            Self::Starter => plan(vec![sales(percent(3))]),
            Self::Accelerator => {
                let steps = [(Decimal::ZERO, percent(4)), (Decimal::ONE, percent(6)), (share(120), percent(8))];
                let tiers = over_attainment(&steps);
                let component = Component { true_up: Some(MeasuringPeriod::Quarter), ..sales(percent(0)) };
                plan(vec![Component { pays: tiers, ..component }])
            }
            Self::Hunter => plan(hunter(currency)),
            Self::Farmer => plan(farmer(currency, today)),
            Self::Manager => plan(manager(currency)),
            Self::Newcomer => Plan { draw: draws(currency), ramp: ramp(), ..plan(newcomer()) },
        }
    }
}

fn hunter(currency: Currency) -> Vec<Component> {
    let step = |from: u32, each: u32| Step::new(from.into(), StepPays::PerUnit(whole(each, currency)));
    let steps = vec![step(0, 50), step(5, 80)];
    let tiers = Tiers { mode: Mode::Marginal, axis: Axis::Count, per: Per::Period, steps };
    let gate = vec![at_least(Measure::Metric(Metric::VisitMinimum), share(80))];
    let months = |from, below| Some(Only { customer_months: Some(Months { from, below }), ..Only::default() });
    let won = Component::new("New customers", Measure::Metric(Metric::NewCustomers), Schedule::Tiers(tiers));
    let young = Component { name: "Young customers".to_owned(), only: months(0, Some(12)), ..sales(percent(6)) };
    let others = Component { name: "Other customers".to_owned(), only: months(12, None), ..sales(percent(2)) };
    [Component { clawback_days: Some(365), ..won }, young, others]
        .into_iter()
        .map(|component| Component { gate: gate.clone(), ..component })
        .collect()
}

fn farmer(currency: Currency, today: Date) -> Vec<Component> {
    // With a target of 5 %: nothing without growth, the amount on target, the double at 10 %.
    let points = [0, 1, 2].map(|at: u32| Point { at: at.into(), pays: at.into() }).to_vec();
    let curve = Schedule::Curve(Curve { on_target: whole(1_000, currency), points });
    let kept = [(0, 120), (1, 100), (2, 80), (3, 50)];
    let steps = kept.map(|(from, times): (u32, i64)| Factor { from: from.into(), times: share(times) }).to_vec();
    let modifier = Some(Modifier { of: Measure::Metric(Metric::LostCustomers), steps });
    let growth = Component::new("Growth", Measure::Metric(Metric::GrowthFromExisting), curve);
    let from = add_months(today.replace_day(1).unwrap_or(today), 1);
    let days = Days { from: Some(from), through: Some(add_days(add_months(from, 3), -1)) };
    let only = Some(Only { booked: Some(days), cross_sell: Some(true), ..Only::default() });
    let each = Schedule::PerUnit(whole(100, currency));
    let campaign = Component::new("Cross-selling campaign", Measure::Deals, each);
    vec![Component { modifier, ..growth }, Component { only, ..campaign }]
}

fn manager(currency: Currency) -> Vec<Component> {
    let team = |name: &str, component| Component { name: name.to_owned(), scope: Scope::Team, ..component };
    let every = Condition { who: Who::EveryRep, ..at_least(Measure::Attainment(Metric::NetSales), share(70)) };
    let bonus = Component { pays: Schedule::Bonus(whole(500, currency)), gate: vec![every], ..sales(Decimal::ZERO) };
    vec![team("Team sales", sales(Decimal::new(5, 3))), team("Nobody left behind", bonus)]
}

fn newcomer() -> Vec<Component> {
    let steps = [(Decimal::ZERO, percent(3)), (Decimal::ONE, percent(5))];
    vec![Component { pays: over_attainment(&steps), ..sales(Decimal::ZERO) }]
}

/// A quarter of the target in the first month, and a quarter more in each of the next three.
fn ramp() -> Vec<Decimal> {
    [25, 50, 75, 100].map(share).to_vec()
}

/// Three months to keep, three to pay back from what is earned above the draw.
fn draws(currency: Currency) -> Vec<Draw> {
    let draw = |recoverable, through| Draw { amount: whole(2_000, currency), recoverable, through: Some(through) };
    vec![draw(false, 3), draw(true, 6)]
}

fn sales(rate: Decimal) -> Component {
    Component::new("Sales", Measure::Metric(Metric::NetSales), Schedule::Rate(rate))
}

fn over_attainment(steps: &[(Decimal, Decimal)]) -> Schedule {
    let steps = steps.iter().map(|&(from, rate)| Step::new(from, StepPays::Rate(rate))).collect();
    Schedule::Tiers(Tiers { mode: Mode::Marginal, axis: Axis::Attainment, per: Per::Period, steps })
}

fn at_least(of: Measure, edge: Decimal) -> Condition {
    Condition { of, who: Who::Rep, at_least: Some(edge), at_most: None }
}

fn percent(percent: i64) -> Decimal {
    Decimal::new(percent, 2)
}

/// A share of 1 in percent, without zeros at its end: 120 is 1.2.
fn share(percent: i64) -> Decimal {
    Decimal::new(percent, 2).normalize()
}

fn whole(major: u32, currency: Currency) -> Money {
    currency.money(major.into()).unwrap_or_default()
}
