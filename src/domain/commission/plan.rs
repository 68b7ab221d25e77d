//! The plan: what is measured and what it pays.

use rust_decimal::Decimal;

pub use super::measure::{Days, Factor, Measure, Modifier, Months, Only, Weight, What};
use crate::domain::{
    metric::Metric,
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
    /// What is paid in advance, one draw after the other; empty: nothing.
    pub draw: Vec<Draw>,
    /// The share of what is earned that adjustments and a carried balance may take back in one period; none: half.
    pub recovery_cap: Option<Decimal>,
    /// What of a rep's own targets counts in the first, second … of the rep's periods on the plan, then the last one on;
    /// empty: all of them, from the first on.
    pub ramp: Vec<Decimal>,
}

/// An amount that is paid even if less was earned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    /// What is paid at least.
    pub amount: Money,
    /// Whether the gap is a debt that later earnings above the draw pay back.
    pub recoverable: bool,
    /// The last of the rep's periods on the plan, from 1, in which it is paid; none: it has no end.
    pub through: Option<u32>,
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
    /// Whose work it measures.
    pub scope: Scope,
    /// Which credits of deals it pays for.
    pub credit: CreditKind,
    /// What is measured.
    pub measure: Measure,
    /// Which deals it is about; none: all.
    pub only: Option<Only>,
    /// How the measure turns into money.
    pub pays: Schedule,
    /// Conditions that must all hold, else it pays nothing.
    pub gate: Vec<Condition>,
    /// What multiplies the exact amount, before floor, cap and rounding.
    pub modifier: Option<Modifier>,
    /// The most that it pays in one period; zero or more.
    pub cap: Option<Money>,
    /// The least that it pays in one period while its gate holds.
    pub floor: Option<Money>,
    /// What was paid for a new customer is taken back if it is lost within so many days of its first sale.
    pub clawback_days: Option<u32>,
    /// The longer period at whose end its pay is made up to what that period pays as a whole.
    pub true_up: Option<MeasuringPeriod>,
}

/// Whose work a component measures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// The rep's own.
    #[default]
    Own,
    /// That of the rep's team, without the rep: an override.
    Team,
}

/// Which credits of deals a component pays for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CreditKind {
    /// The credits that share a deal.
    #[default]
    Split,
    /// Credits apart, beside those that share the deal.
    Overlay,
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
    /// The fiscal year up to the end of the period; what the year paid before is taken off.
    YearToDate,
}

/// One step: from here on (this value included) it pays so much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The lower edge: reach it, and you have it. Money in major units, a whole count, or a share of the target.
    pub from: Decimal,
    /// What it pays.
    pub pays: StepPays,
    /// An amount for reaching it, of each deal, period or year; never for what is below zero.
    pub bonus: Option<Money>,
}

impl Step {
    /// A step without a bonus.
    pub fn new(from: Decimal, pays: StepPays) -> Self {
        Self { from, pays, bonus: None }
    }
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
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// What is compared.
    pub of: Measure,
    /// Whose it is.
    pub who: Who,
    /// It must be at least this. Money in major units, a count, or a fraction.
    pub at_least: Option<Decimal>,
    /// It must be at most this.
    pub at_most: Option<Decimal>,
}

/// Whose number a condition looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// The rep's own.
    #[default]
    Rep,
    /// The team's as a whole.
    Team,
    /// That of every rep of the team: it must hold for each.
    EveryRep,
}

impl Plan {
    /// A plan without a cap, a floor or a draw.
    pub fn new(
        name: impl Into<String>,
        currency: Currency,
        period: MeasuringPeriod,
        components: Vec<Component>,
    ) -> Self {
        Self {
            name: name.into(),
            currency,
            period,
            components,
            cap: None,
            floor: None,
            draw: Vec::new(),
            recovery_cap: None,
            ramp: Vec::new(),
        }
    }

    /// A component that this plan trues up over a longer period and an earlier version of it does not, under that name:
    /// what such a period's first part paid would be paid once more by a version that begins inside it.
    pub fn trues_up_anew(&self, before: &Self) -> Option<(&Component, MeasuringPeriod)> {
        let trued = self.components.iter().filter_map(|component| Some((component, component.true_up?)));
        let known = |name: &str, longer| {
            let mut all = before.components.iter();
            all.any(|component| component.name == name && component.true_up == Some(longer))
        };
        trued.into_iter().find(|(component, longer)| !known(&component.name, *longer))
    }

    /// The share of what is earned that may be taken back in one period.
    pub fn recovery(&self) -> Decimal {
        self.recovery_cap.unwrap_or(Decimal::new(5, 1))
    }

    /// What of the rep's targets counts in one of the rep's periods on the plan, from 1; none: all of it.
    pub fn ramped(&self, period_on_plan: u32) -> Option<Decimal> {
        let at = usize::try_from(period_on_plan.saturating_sub(1)).unwrap_or(usize::MAX);
        self.ramp.get(at).or(self.ramp.last()).copied().filter(|share| *share != Decimal::ONE)
    }

    /// The draw of one of the rep's periods on the plan, from 1.
    pub fn drawn(&self, period_on_plan: u32) -> Option<&Draw> {
        self.draw.iter().find(|draw| draw.through.is_none_or(|last| period_on_plan <= last))
    }

    /// The first of the rep's periods on the plan from which on it pays as it always will: its last step of the ramp is
    /// reached, and draws that end have ended.
    pub fn settled_from(&self) -> u32 {
        let ramp = u32::try_from(self.ramp.len()).unwrap_or(u32::MAX);
        let ends = self.draw.iter().filter_map(|draw| draw.through).map(|last| last.saturating_add(1));
        ends.fold(ramp.max(1), u32::max)
    }

    /// The targets whose attainment it looks at, of the rep himself, in the order in which it names them: without them it
    /// pays nothing, or less.
    pub fn attained(&self) -> Vec<Attained> {
        let mut targets = Vec::new();
        for target in self.components.iter().flat_map(Component::attained) {
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
        targets
    }
}

/// A target whose attainment is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attained {
    /// Of what.
    pub metric: Metric,
    /// Whether it is the fiscal year's, not the period's.
    pub of_year: bool,
}

impl Component {
    /// A component of the rep's own work without conditions or limits.
    pub fn new(name: impl Into<String>, measure: Measure, pays: Schedule) -> Self {
        Self {
            name: name.into(),
            scope: if measure == Measure::Earnings { Scope::Team } else { Scope::Own },
            credit: CreditKind::Split,
            measure,
            only: None,
            pays,
            gate: Vec::new(),
            modifier: None,
            cap: None,
            floor: None,
            clawback_days: None,
            true_up: None,
        }
    }

    /// The targets whose attainment it looks at, of the rep himself, each once.
    pub fn attained(&self) -> Vec<Attained> {
        let mut targets = Vec::new();
        let mut take = |measure: &Measure, of_year: bool| {
            for target in measure.metrics().into_iter().map(|metric| Attained { metric, of_year }) {
                if !targets.contains(&target) {
                    targets.push(target);
                }
            }
        };
        if self.scope == Scope::Own && (self.measure.is_attainment() || self.pays.climbs_attainment()) {
            take(&self.measure, self.year_to_date());
        }
        let gate = self.gate.iter().filter(|condition| condition.who == Who::Rep).map(|condition| &condition.of);
        let asked = gate.chain(self.modifier.iter().map(|one| &one.of));
        asked.filter(|measure| measure.is_attainment()).for_each(|measure| take(measure, false));
        targets
    }

    /// The steps of its tiers; empty for other ways to pay.
    pub fn steps(&self) -> &[Step] {
        match &self.pays {
            Schedule::Tiers(tiers) => &tiers.steps,
            _ => &[],
        }
    }

    /// Whether its tiers are climbed by the year to date.
    pub fn year_to_date(&self) -> bool {
        matches!(&self.pays, Schedule::Tiers(tiers) if tiers.per == Per::YearToDate)
    }
}

impl MeasuringPeriod {
    /// How many of these make up a longer one; none where it is not longer.
    pub fn in_one(self, longer: Self) -> Option<u32> {
        match (self, longer) {
            (Self::Month, Self::Quarter) => Some(3),
            (Self::Month, Self::Year) => Some(12),
            (Self::Quarter, Self::Year) => Some(4),
            _ => None,
        }
    }
}

/// The most components of a plan that is saved.
pub const MOST_COMPONENTS: usize = 20;
/// The most steps, points or conditions of its components.
pub const MOST_ROWS: usize = 30;
