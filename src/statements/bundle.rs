//! A run as one file: facts, plans, results and check codes, enough to calculate it again without a database.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::verify_db::Stored;
use crate::domain::{
    id::{RunId, StatementId, UserId},
    money::{Currency, Money},
    period::{Period, month_number},
};

/// What the file says it is. Another form gets another number.
pub const FORMAT: &str = "attain commission run 1";

/// A run with everything that it was calculated from (docs/commission-plans.md, *A run in a file*).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// [`FORMAT`].
    pub format: String,
    /// The company's name.
    pub organization: String,
    /// The currency of every amount.
    pub currency: String,
    /// The run.
    pub run: RunId,
    /// Its period, like `2026-10`, `2019-Q4` or `2026`.
    pub period: String,
    /// Its first day.
    pub first_day: String,
    /// Its last day.
    pub last_day: String,
    /// Who calculated it.
    pub prepared_by: String,
    /// On which day at the company.
    pub prepared_on: String,
    /// Whether all of its statements are approved and the period is locked.
    pub approved: bool,
    /// The version of the engine that calculated it.
    pub engine: String,
    /// The sum of its statements.
    pub total: String,
    /// Every plan version that it was calculated with.
    pub plans: Vec<PlanVersion>,
    /// Every statement.
    pub statements: Vec<Bundled>,
}

/// A version of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanVersion {
    /// The plan's name.
    pub plan: String,
    /// The version's number.
    pub version: i32,
    /// The plan as in `docs/commission-plans.md`.
    pub document: serde_json::Value,
}

/// A statement: what it was calculated from, and what came out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundled {
    /// The statement.
    pub statement: StatementId,
    /// The number of the rep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rep_id: Option<UserId>,
    /// The rep's name.
    pub rep: String,
    /// The rep's name in imported files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The plan's name.
    pub plan: String,
    /// The number of its version.
    pub version: i32,
    /// Plan and facts, and what the counts of the facts count.
    pub inputs: serde_json::Value,
    /// The sum of its lines.
    pub total: String,
    /// What it carries to the next period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried: Option<String>,
    /// What is owed of draws after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draw_balance: Option<String>,
    /// What each component pays, and why.
    pub lines: Vec<BundledLine>,
    /// SHA-256 of inputs, engine and result in hexadecimal; the check code is its beginning.
    pub digest: String,
}

/// A line of a statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundledLine {
    /// The component's name.
    pub component: String,
    /// What it measures.
    pub measure: String,
    /// What it pays.
    pub amount: String,
    /// Words, slices and records.
    pub detail: serde_json::Value,
}

impl Bundled {
    /// The statement as it is stored.
    pub fn of(stored: Stored, currency: Currency) -> Self {
        let lines = stored.components.into_iter().zip(stored.measures).zip(stored.amounts).zip(stored.details);
        let line = |(((component, measure), amount), detail)| BundledLine {
            component,
            measure,
            amount: currency.plain(Money(amount)),
            detail,
        };
        Self {
            statement: stored.id,
            rep_id: stored.rep_id,
            rep: stored.rep,
            external_id: stored.external_id,
            plan: stored.plan_name,
            version: stored.plan_number,
            inputs: stored.inputs,
            total: currency.plain(stored.total),
            carried: stored.carried.map(|amount| currency.plain(amount)),
            draw_balance: stored.draw_balance.map(|amount| currency.plain(amount)),
            lines: lines.map(line).collect(),
            digest: hex(&stored.digest),
        }
    }
}

/// A statement of the file, ready to be calculated again.
pub struct Unpacked {
    /// Its currency.
    pub currency: Currency,
    /// The statements in the order of the file.
    pub statements: Vec<Stored>,
    /// The sum that the file names.
    pub total: Money,
}

impl Bundle {
    /// Reads a file.
    ///
    /// # Errors
    /// Every mistake with its place, like `statements[3].total`, and what to do.
    pub fn parse(text: &str) -> Result<Self, String> {
        let bundle: Self = serde_json::from_str(text)
            .map_err(|error| format!("{error}: use the file as `attain commission export` wrote it"))?;
        if bundle.format == FORMAT {
            Ok(bundle)
        } else {
            Err(format!("format: “{}” is not “{FORMAT}”: export the run with this version of attain", bundle.format))
        }
    }

    /// The file as text.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// What is to be calculated again.
    ///
    /// # Errors
    /// Every mistake with its place and what to do.
    pub fn unpack(self) -> Result<Unpacked, Vec<String>> {
        let Ok(currency) = Currency::parse(&self.currency) else {
            return Err(vec![format!("currency: “{}” is no currency: use a code like EUR", self.currency)]);
        };
        let Some((period, fiscal_start)) = period(&self.period, &self.first_day) else {
            return Err(vec![format!("period: “{}” is no period that begins on {}", self.period, self.first_day)]);
        };
        let mut faults = Vec::new();
        let total = money(currency, "total", &self.total, &mut faults);
        if self.statements.is_empty() {
            faults.push("statements: there is none: a run has at least one".to_owned());
        }
        let mut statements = Vec::with_capacity(self.statements.len());
        for (i, bundled) in self.statements.into_iter().enumerate() {
            let place = format!("statements[{i}]");
            let version = self.plans.iter().find(|v| v.plan == bundled.plan && v.version == bundled.version);
            let Some(version) = version else {
                let (plan, number) = (&bundled.plan, bundled.version);
                faults
                    .push(format!("{place}.plan: “{plan}” version {number} is not among the plans: add its document"));
                continue;
            };
            let amounts = bundled.lines.iter().enumerate();
            let amounts = amounts
                .map(|(j, line)| money(currency, &format!("{place}.lines[{j}].amount"), &line.amount, &mut faults))
                .collect::<Vec<_>>();
            let digest = bytes(&bundled.digest).unwrap_or_else(|| {
                faults.push(format!("{place}.digest: “{}” is not hexadecimal: 64 of 0-9, a-f", bundled.digest));
                Vec::new()
            });
            let total = money(currency, &format!("{place}.total"), &bundled.total, &mut faults);
            let mut left = |name: &str, text: Option<String>| {
                text.map(|text| money(currency, &format!("{place}.{name}"), &text, &mut faults))
            };
            let (carried, draw_balance) =
                (left("carried", bundled.carried), left("draw_balance", bundled.draw_balance));
            let mut stored = Stored {
                id: bundled.statement,
                run_id: self.run,
                rep_id: bundled.rep_id,
                period_kind: period.kind(),
                period_start: period.from(),
                fiscal_start,
                rep: bundled.rep,
                external_id: bundled.external_id,
                engine: self.engine.clone(),
                inputs: bundled.inputs,
                plan_name: bundled.plan,
                plan_number: bundled.version,
                plan: version.document.clone(),
                total,
                carried,
                draw_balance,
                digest,
                components: vec![],
                measures: vec![],
                amounts: amounts.into_iter().map(|amount| amount.0).collect(),
                details: vec![],
            };
            for line in bundled.lines {
                stored.components.push(line.component);
                stored.measures.push(line.measure);
                stored.details.push(line.detail);
            }
            statements.push(stored);
        }
        if faults.is_empty() { Ok(Unpacked { currency, statements, total }) } else { Err(faults) }
    }
}

/// The period of these words that begins on this day, in the fiscal year where it does, and that year's first month.
fn period(text: &str, first_day: &str) -> Option<(Period, i16)> {
    let begins = |number: i16| Some((Period::parse(text, month_number(i32::from(number))).ok()?, number));
    (1..=12).filter_map(begins).find(|(period, _)| period.from().to_string() == first_day)
}

fn money(currency: Currency, place: &str, text: &str, faults: &mut Vec<String>) -> Money {
    currency.parse_plain(text).unwrap_or_else(|| {
        faults.push(format!("{place}: “{text}” is no amount: write it like {}", currency.plain(Money(12_345))));
        Money::ZERO
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> = hex.chars().map(|digit| digit.to_digit(16)).collect::<Option<_>>()?;
    let whole = digits.len() == 2 * <Sha256 as Digest>::output_size();
    let pairs = digits.chunks(2).map(|pair| u8::try_from(pair.iter().fold(0, |byte, digit| byte * 16 + digit)).ok());
    if whole { pairs.collect() } else { None }
}
