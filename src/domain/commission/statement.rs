//! The statement: what a plan pays for the facts, line by line down to the records, in numbers and in words.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::plan::Measure;
use crate::domain::{
    metric::Metric,
    money::{Currency, Money},
};

/// What one rep earns by one plan in one period. The total is the sum of the lines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    /// The plan's name.
    pub plan: String,
    /// Whose pay it is.
    pub rep: String,
    /// The measuring period.
    pub period: String,
    /// The currency of every amount.
    pub currency: String,
    /// The sum of the lines; it may be below zero.
    pub total: Amount,
    /// One line per component, in the plan's order; then what the plan's own floor or cap adds or cuts.
    pub lines: Vec<Line>,
    /// Won deals of the rep that pay once somebody has confirmed them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unconfirmed: Vec<Held>,
    /// Linked returns whose deals belong to another period, where they are taken back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_periods: Vec<Held>,
}

/// One component in one period, or the plan's own floor or cap.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The component's name.
    pub component: String,
    /// What was measured; none on a line of the plan's own floor or cap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measure: Option<Measure>,
    /// What the line pays, whole in the minor unit. Its records add up to it.
    pub amount: Amount,
    /// The metric's value (money in major units).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<Decimal>,
    /// The metric's target or limit, if one is set (money in major units).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Decimal>,
    /// Attainment floored to four decimals: 0.9583 is shown as 95.83 %. Calculations use the exact one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attainment: Option<Decimal>,
    /// The conditions of the gate and whether they held.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gate: Vec<GateOutcome>,
    /// How the measure was cut and what each slice pays, exactly: before rounding, floor, cap and gate.
    pub slices: Vec<Slice>,
    /// The rounded amount before floor and cap, where they changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_limits: Option<Amount>,
    /// The cap of the component.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<Amount>,
    /// The floor of the component.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<Amount>,
    /// What each deal (or the measure as a whole) pays of the line, in order.
    pub records: Vec<Record>,
    /// What was reached and the rule, in words.
    pub rule: String,
    /// The calculation with its numbers; each gives its result on a calculator.
    pub formulas: Vec<String>,
    /// What else one has to know: gates that failed and by how much, caps, rounding, unconfirmed deals.
    pub notes: Vec<String>,
    /// Rule, formulas and notes in one text.
    pub text: String,
}

/// What one condition of a gate found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GateOutcome {
    /// What was compared.
    pub of: Measure,
    /// It had to be at least this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Decimal>,
    /// It had to be at most this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Decimal>,
    /// What it was; attainment floored to four decimals, none without a target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actual: Option<Decimal>,
    /// Whether the condition held.
    pub holds: bool,
    /// By how much the metric misses; below zero: so much too many. None where it held, or where no number would do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<Decimal>,
}

/// A part of the measure and what it pays, exactly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slice {
    /// The lower edge of the step: money in major units, the number of the first one, or a share of the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Decimal>,
    /// The upper edge, where the next step begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Decimal>,
    /// The part of the measure in this slice (money in major units); of a curve, the on-target amount.
    pub of: Decimal,
    /// The share of it that is paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Decimal>,
    /// What each one pays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_unit: Option<Amount>,
    /// What the slice pays in major units, unrounded (of a curve: rounded where it has no end).
    pub amount: Decimal,
}

/// What one deal pays of a line, or the measure as a whole, or the floor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The deal's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deal: Option<i64>,
    /// The deal that it returns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returns: Option<i64>,
    /// The rep's part, where it is not the whole deal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Amount>,
    /// The measure, where the line has no deals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measure: Option<Measure>,
    /// Whether this is what the floor adds.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub floor: bool,
    /// What it pays.
    pub amount: Amount,
}

impl Record {
    pub(super) fn of(amount: Amount) -> Self {
        Self { deal: None, returns: None, part: None, measure: None, floor: false, amount }
    }
}

/// A deal that does not pay in this statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Its number.
    pub deal: i64,
    /// The deal that it returns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returns: Option<i64>,
    /// The rep's part of it.
    pub part: Amount,
}

impl Statement {
    /// The statement as JSON; the same inputs give the same bytes.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// Reads a statement that was stored as JSON.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

/// Money that knows how many decimals its currency has, so that it is written `"685.00"` in documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    /// The amount in minor units.
    pub money: Money,
    decimals: u8,
}

impl Amount {
    /// Money in this currency.
    pub fn new(money: Money, currency: Currency) -> Self {
        Self { money, decimals: currency.decimals() }
    }

    /// The amount in major units, with the currency's decimals.
    pub fn decimal(self) -> Decimal {
        Decimal::from_i128_with_scale(i128::from(self.money.0), u32::from(self.decimals))
    }

    fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let decimals = u8::try_from(fraction.len()).ok()?;
        let minor: i64 = format!("{whole}{fraction}").parse().ok()?;
        Some(Self { money: Money(if text.starts_with('-') { -minor } else { minor }), decimals })
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.decimal().fmt(f)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom(format!("“{text}” is no amount")))
    }
}

/// How a measure is written: `"visits"` or `{"attainment": "visits"}`.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum MeasureForm {
    Metric(Metric),
    Attainment { attainment: Metric },
}

impl Serialize for Measure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Metric(metric) => MeasureForm::Metric(metric),
            Self::Attainment(attainment) => MeasureForm::Attainment { attainment },
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Measure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match MeasureForm::deserialize(deserializer)? {
            MeasureForm::Metric(metric) => Self::Metric(metric),
            MeasureForm::Attainment { attainment } => Self::Attainment(attainment),
        })
    }
}
