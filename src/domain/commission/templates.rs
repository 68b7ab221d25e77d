//! Plans that many companies begin with, as a few numbers that a form asks for.

use rust_decimal::Decimal;

use super::plan::{
    Axis, Component, Condition, Measure, MeasuringPeriod, Mode, Per, Plan, Schedule, Step, StepPays, Tiers, Who,
};
use crate::domain::{
    metric::Metric,
    money::{Currency, Money},
};

/// A plan to begin with.
#[derive(Clone, Debug, PartialEq)]
pub enum Template {
    /// A share of net sales.
    Starter(Starter),
    /// Higher rates above the target.
    Accelerator(Accelerator),
    /// An amount for each new customer and a share of net sales, for those who visit strangers.
    Hunter(Hunter),
}

/// *Starter*: a share of net sales.
#[derive(Clone, Debug, PartialEq)]
pub struct Starter {
    /// The share; 0.03 is 3 %.
    pub rate: Decimal,
}

/// *Accelerator*: a share of net sales that rises with the attainment of their target, each part at its own rate.
#[derive(Clone, Debug, PartialEq)]
pub struct Accelerator {
    /// The share up to the target.
    pub to_target: Decimal,
    /// The share from the target up to `edge`.
    pub above_target: Decimal,
    /// Where the last rate begins, as a share of the target; 1.2 is 120 %. Above 1.
    pub edge: Decimal,
    /// The share from `edge` on.
    pub above_edge: Decimal,
}

/// *Hunter light*: an amount for each new customer, more from a certain one on, and a share of net sales; both only
/// while stranger visits reach their target.
#[derive(Clone, Debug, PartialEq)]
pub struct Hunter {
    /// What each new customer pays.
    pub each: Money,
    /// The number of the first one that pays more; 2 or more.
    pub more_from: u32,
    /// What each pays from there on.
    pub each_more: Money,
    /// The share of net sales.
    pub rate: Decimal,
    /// Whether the share of net sales, too, is paid only while stranger visits reach their target.
    pub sales_need_visits: bool,
}

impl Starter {
    /// 3 % of net sales.
    pub fn usual() -> Self {
        Self { rate: Decimal::new(3, 2) }
    }

    fn components(&self) -> Vec<Component> {
        vec![component("Sales", Metric::NetSales, Schedule::Rate(self.rate))]
    }
}

impl Accelerator {
    /// 4 % up to the target, 6 % up to 120 %, 8 % above.
    pub fn usual() -> Self {
        Self {
            to_target: Decimal::new(4, 2),
            above_target: Decimal::new(6, 2),
            edge: Decimal::new(12, 1),
            above_edge: Decimal::new(8, 2),
        }
    }

    fn components(&self) -> Vec<Component> {
        let step = |from, rate| Step::new(from, StepPays::Rate(rate));
        let steps = vec![
            step(Decimal::ZERO, self.to_target),
            step(Decimal::ONE, self.above_target),
            step(self.edge, self.above_edge),
        ];
        let tiers = Tiers { mode: Mode::Marginal, axis: Axis::Attainment, per: Per::Period, steps };
        vec![component("Sales", Metric::NetSales, Schedule::Tiers(tiers))]
    }
}

impl Hunter {
    /// 50 for each new customer, 80 from the fifth on, 4 % of net sales.
    pub fn usual(currency: Currency) -> Self {
        let whole = |major: i64| currency.money(Decimal::from(major)).unwrap_or_default();
        Self { each: whole(50), more_from: 5, each_more: whole(80), rate: Decimal::new(4, 2), sales_need_visits: true }
    }

    fn components(&self) -> Vec<Component> {
        let step = |from: u32, each| Step::new(Decimal::from(from), StepPays::PerUnit(each));
        let steps = vec![step(0, self.each), step(self.more_from, self.each_more)];
        let tiers = Tiers { mode: Mode::Marginal, axis: Axis::Count, per: Per::Period, steps };
        let gate = vec![Condition {
            of: Measure::Attainment(Metric::StrangerVisits),
            who: Who::Rep,
            at_least: Some(Decimal::ONE),
            at_most: None,
        }];
        let mut customers = component("New customers", Metric::NewCustomers, Schedule::Tiers(tiers));
        let mut sales = component("Sales", Metric::NetSales, Schedule::Rate(self.rate));
        if self.sales_need_visits {
            sales.gate.clone_from(&gate);
        }
        customers.gate = gate;
        vec![customers, sales]
    }
}

impl Template {
    /// The words that the database and URLs use for the templates, in the order in which pages offer them.
    pub const NAMES: [&str; 3] = ["starter", "accelerator", "hunter"];

    /// The template of this name with the numbers that it usually has.
    pub fn usual(name: &str, currency: Currency) -> Option<Self> {
        match name {
            "starter" => Some(Self::Starter(Starter::usual())),
            "accelerator" => Some(Self::Accelerator(Accelerator::usual())),
            "hunter" => Some(Self::Hunter(Hunter::usual(currency))),
            _ => None,
        }
    }

    /// Its word in the database and in URLs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Starter(_) => "starter",
            Self::Accelerator(_) => "accelerator",
            Self::Hunter(_) => "hunter",
        }
    }

    /// Its name on a page.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Starter(_) => "Starter",
            Self::Accelerator(_) => "Accelerator",
            Self::Hunter(_) => "Hunter light",
        }
    }

    /// The plan with these numbers. [`Plan::faults`] says what is wrong with them.
    pub fn plan(&self, name: &str, currency: Currency, period: MeasuringPeriod) -> Plan {
        let components = match self {
            Self::Starter(starter) => starter.components(),
            Self::Accelerator(accelerator) => accelerator.components(),
            Self::Hunter(hunter) => hunter.components(),
        };
        Plan::new(name, currency, period, components)
    }
}

fn component(name: &str, metric: Metric, pays: Schedule) -> Component {
    Component::new(name, Measure::Metric(metric), pays)
}
