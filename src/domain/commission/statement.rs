//! The statement: what a plan pays for the facts, line by line down to the records, in numbers and in words.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{
    plan::{Measure, Weight, Who},
    told,
};
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
    /// What is paid out, where that is not the total: nothing of a total below zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payable: Option<Amount>,
    /// What is carried to the next period: below zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balance: Option<Amount>,
    /// What the rep owes of draws after this period; none where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draw_balance: Option<Amount>,
    /// One line per component, in the plan's order, each with its true-up behind it; then what the plan's own floor or
    /// cap adds or cuts, the draw, adjustments of earlier periods, and what is carried.
    pub lines: Vec<Line>,
    /// Won deals that pay once they are released.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<Held>,
    /// Won deals of the rep that pay once somebody has confirmed them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unconfirmed: Vec<Held>,
    /// Linked returns whose deals belong to another period, where they are taken back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_periods: Vec<Held>,
}

/// One component in one period, or something of the plan as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The component's name, or what else it is: "Plan cap", "Draw".
    pub component: String,
    /// What kind of line it is.
    #[serde(default, skip_serializing_if = "LineKind::is_usual")]
    pub kind: LineKind,
    /// The earlier period that is corrected, or the longer one that is trued up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<String>,
    /// What was measured; none on a line of the plan as a whole.
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
    /// What the year gave before this period, of tiers by the year to date (money in major units).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Decimal>,
    /// The conditions of the gate and whether they held.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gate: Vec<GateOutcome>,
    /// How the measure was cut and what each slice pays, exactly: before modifier, rounding, floor, cap and gate.
    pub slices: Vec<Slice>,
    /// What the modifier found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modifier: Option<ModifierOutcome>,
    /// The rounded amount before floor and cap, where they changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_limits: Option<Amount>,
    /// The cap of the component.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<Amount>,
    /// The floor of the component.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<Amount>,
    /// What it would pay if it were not on hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Amount>,
    /// Of an adjustment: what was paid before. Of a true-up: what its period's parts paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<Amount>,
    /// Of an adjustment: what it is worth now. Of a true-up: what its period as a whole pays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<Amount>,
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

/// What kind of line it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// A component.
    #[default]
    Component,
    /// What a longer period pays beyond its parts.
    TrueUp,
    /// The plan's own cap or floor.
    Limit,
    /// A draw, or what is recovered of one.
    Draw,
    /// A component of an earlier period, corrected.
    Adjustment,
    /// What earlier statements carried, and what this one carries on.
    Carried,
}

impl LineKind {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands in a reference")]
    fn is_usual(&self) -> bool {
        *self == Self::Component
    }
}

impl Line {
    /// A line of the plan as a whole.
    pub(super) fn plain(component: &str, kind: LineKind, amount: Amount, rule: String) -> Self {
        Self {
            component: component.to_owned(),
            kind,
            period: None,
            measure: None,
            amount,
            measured: None,
            target: None,
            attainment: None,
            before: None,
            gate: Vec::new(),
            slices: Vec::new(),
            modifier: None,
            before_limits: None,
            cap: None,
            floor: None,
            held: None,
            old: None,
            new: None,
            records: vec![Record::of(amount)],
            text: rule.clone(),
            rule,
            formulas: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// The records that a statement lists under it: none where the only one is the line itself.
    pub fn listed(&self) -> &[Record] {
        match self.records.as_slice() {
            [one] if one.is_whole() => &[],
            several => several,
        }
    }

    /// What it is called beside others: "Sales", "Sales, 2026-09", "Sales, true-up of 2026-Q4".
    pub fn title(&self) -> String {
        match (&self.period, self.kind) {
            (Some(period), LineKind::TrueUp) => format!("{}, true-up of {period}", self.component),
            (Some(period), _) => format!("{}, {period}", self.component),
            (None, _) => self.component.clone(),
        }
    }

    /// The word for what it measures, in lists and files: a metric's, `deals`, `earnings`, `scorecard`; `draw`,
    /// `adjustment`, `carried`; `plan` of the plan's own limits.
    pub fn measure_word(&self) -> &'static str {
        match (&self.measure, self.kind) {
            (Some(measure), _) => measure.word(),
            (None, LineKind::Draw) => "draw",
            (None, LineKind::Adjustment) => "adjustment",
            (None, LineKind::Carried) => "carried",
            (None, _) => "plan",
        }
    }
}

/// What a modifier found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModifierOutcome {
    /// What was looked up.
    pub of: Measure,
    /// What it was (money in major units); attainment floored to four decimals. None: it has no value or target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actual: Option<Decimal>,
    /// What the exact amount was multiplied by.
    pub times: Decimal,
}

/// What one condition of a gate found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GateOutcome {
    /// What was compared.
    pub of: Measure,
    /// Whose it was.
    #[serde(default, skip_serializing_if = "is_own")]
    pub who: Who,
    /// Of every rep of the team: those for whom it did not hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<String>,
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

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands in a reference")]
fn is_own(who: &Who) -> bool {
    *who == Who::Rep
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
    /// Whether it is a bonus for reaching the step, and `of` how often.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bonus: bool,
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
    /// Whose it is, where that is not the rep of the statement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rep: Option<String>,
    /// The rep's part, where it is not the whole deal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Amount>,
    /// The measure, where the line has no deals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measure: Option<Measure>,
    /// Whether this is what the floor adds.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub floor: bool,
    /// Whether these are the bonuses for the steps that the whole reached.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bonus: bool,
    /// What it pays.
    pub amount: Amount,
}

impl Record {
    pub(super) fn of(amount: Amount) -> Self {
        Self { deal: None, returns: None, rep: None, part: None, measure: None, floor: false, bonus: false, amount }
    }

    /// Whether it is the measure as a whole: no deal, nobody's earnings, neither floor nor bonus.
    fn is_whole(&self) -> bool {
        self.deal.is_none() && self.rep.is_none() && !self.floor && !self.bonus
    }

    /// What it is called: "Deal 4", "Return 6 of deal 4", "Floor", "Bonus", "Earnings of Jonas"; of the measure as a
    /// whole the measure's name.
    pub fn name(&self) -> String {
        match (self.deal, self.returns, &self.rep, &self.measure) {
            (Some(deal), Some(returns), ..) => format!("Return {deal} of deal {returns}"),
            (Some(deal), ..) => format!("Deal {deal}"),
            _ if self.floor => "Floor".to_owned(),
            _ if self.bonus => "Bonus".to_owned(),
            (_, _, Some(rep), _) => format!("Earnings of {rep}"),
            (.., Some(measure)) => told::measure(measure),
            _ => "As a whole".to_owned(),
        }
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
    /// Whose it is, where that is not the rep of the statement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rep: Option<String>,
    /// Why it is on hold, if a reason is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
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

/// How a measure is written: `"visits"`, `{"attainment": "visits"}`, `{"scorecard": […]}`, `"deals"`.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum MeasureForm {
    Metric(Metric),
    Attainment { attainment: Metric },
    Scorecard { scorecard: Vec<Weight> },
    Word(String),
}

impl Serialize for Measure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Metric(metric) => MeasureForm::Metric(*metric),
            Self::Attainment(attainment) => MeasureForm::Attainment { attainment: *attainment },
            Self::Scorecard(scorecard) => MeasureForm::Scorecard { scorecard: scorecard.clone() },
            Self::Deals | Self::Earnings => MeasureForm::Word(self.word().to_owned()),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Measure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match MeasureForm::deserialize(deserializer)? {
            MeasureForm::Metric(metric) => Self::Metric(metric),
            MeasureForm::Attainment { attainment } => Self::Attainment(attainment),
            MeasureForm::Scorecard { scorecard } => Self::Scorecard(scorecard),
            MeasureForm::Word(word) if word == "deals" => Self::Deals,
            MeasureForm::Word(word) if word == "earnings" => Self::Earnings,
            MeasureForm::Word(word) => return Err(D::Error::custom(format!("“{word}” is no measure"))),
        })
    }
}
