//! What a plan measures: metrics, their attainment, several as one, deals and earnings; and which deals count.

use rust_decimal::Decimal;
use time::Date;

use crate::domain::metric::{Metric, Unit};

/// What is measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Measure {
    /// The metric's value.
    Metric(Metric),
    /// Value ÷ target (docs/definitions.md, *Targets*).
    Attainment(Metric),
    /// Several attainments as one: Σ weight × attainment (150 % at most each) ÷ Σ weight.
    Scorecard(Vec<Weight>),
    /// The number of deals above zero, net of their linked returns.
    Deals,
    /// What the reps of the team earned.
    Earnings,
}

/// What a metric's attainment weighs in a scorecard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Weight {
    /// The metric.
    pub metric: Metric,
    /// Its weight: what counts is its share of all weights.
    pub weight: Decimal,
}

/// What a number is of: a metric, or one of the things that only pay knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A metric.
    Metric(Metric),
    /// Deals.
    Deals,
    /// What the team earned.
    Earnings,
    /// A scorecard.
    Scorecard,
}

impl From<Metric> for What {
    fn from(metric: Metric) -> Self {
        Self::Metric(metric)
    }
}

impl What {
    /// What it is counted in.
    pub fn unit(self) -> Unit {
        match self {
            Self::Metric(metric) => metric.unit(),
            Self::Deals => Unit::Count,
            Self::Earnings => Unit::Money,
            Self::Scorecard => Unit::Fraction,
        }
    }

    /// The metric, where it is one.
    pub fn metric(self) -> Option<Metric> {
        match self {
            Self::Metric(metric) => Some(metric),
            Self::Deals | Self::Earnings | Self::Scorecard => None,
        }
    }

    /// Whether fewer is better.
    pub fn is_limit(self) -> bool {
        self.metric().is_some_and(Metric::is_limit)
    }
}

impl Measure {
    /// The metric behind it, where there is one.
    pub fn metric(&self) -> Option<Metric> {
        self.what().metric()
    }

    /// What it is a number of.
    pub fn what(&self) -> What {
        match self {
            Self::Metric(metric) | Self::Attainment(metric) => What::Metric(*metric),
            Self::Scorecard(_) => What::Scorecard,
            Self::Deals => What::Deals,
            Self::Earnings => What::Earnings,
        }
    }

    /// Its word in lists and files: the metric's, `deals`, `earnings` or `scorecard`.
    pub fn word(&self) -> &'static str {
        match self.what() {
            What::Metric(metric) => metric.as_str(),
            What::Deals => "deals",
            What::Earnings => "earnings",
            What::Scorecard => "scorecard",
        }
    }

    /// Whether it is a share of targets, not an amount or a count.
    pub fn is_attainment(&self) -> bool {
        matches!(self, Self::Attainment(_) | Self::Scorecard(_))
    }

    /// The metrics that it needs.
    pub fn metrics(&self) -> Vec<Metric> {
        match self {
            Self::Metric(metric) | Self::Attainment(metric) => vec![*metric],
            Self::Scorecard(weights) => weights.iter().map(|weight| weight.metric).collect(),
            Self::Deals | Self::Earnings => Vec::new(),
        }
    }
}

/// Which deals a component is about: those of which everything said here is true. A linked return goes with its deal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Only {
    /// How long the customer had been one.
    pub customer_months: Option<Months>,
    /// When the deal was booked.
    pub booked: Option<Days>,
    /// Whether it is the customer's first sale.
    pub new_customer: Option<bool>,
    /// Whether it is the customer's first sale of a category, having bought another one before.
    pub cross_sell: Option<bool>,
}

/// Months since a customer's first sale: from (included) to below. Month 0 begins on the day of the first sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Months {
    /// The first of them.
    pub from: u32,
    /// The first one after; none: no end.
    pub below: Option<u32>,
}

/// Days, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    /// The first; none: no beginning.
    pub from: Option<Date>,
    /// The last; none: no end.
    pub through: Option<Date>,
}

/// A table of factors over a metric, an attainment or a scorecard.
#[derive(Clone, Debug, PartialEq)]
pub struct Modifier {
    /// What is looked up.
    pub of: Measure,
    /// The steps, ascending, the first from 0 or below; it holds for everything below itself too.
    pub steps: Vec<Factor>,
}

/// From here on (this value included) the amount is multiplied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factor {
    /// The lower edge: money in major units, a count, or a fraction.
    pub from: Decimal,
    /// The factor.
    pub times: Decimal,
}
