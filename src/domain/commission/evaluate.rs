//! The engine: a plan and the facts of one rep give a statement, the same one every time.

use rust_decimal::Decimal;

use super::{
    counted::{PayingDeals, Waiting},
    exact::TooLarge,
    explain::explain,
    facts::Facts,
    facts_json::as_written,
    json::{Fault, Place, Refused},
    line::{Evidence, Worked},
    plan::{Component, MeasuringPeriod, Plan},
    statement::{Amount, Held, Line, Record, Statement},
    words::{floored, money},
};
use crate::domain::{
    metric::Metric,
    money::{Currency, Money},
};

/// The version of the engine: it changes when the same inputs could give another statement, in numbers or in words.
pub const ENGINE_VERSION: &str = "1";

/// Why there is no statement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvaluateError {
    /// The plan breaks a rule.
    #[error("the plan cannot pay:\n{0}")]
    Plan(Refused),
    /// The facts break a rule, or the plan needs a metric that they do not hold.
    #[error("the facts are not enough:\n{0}")]
    Facts(Refused),
    /// The numbers are beyond what can be calculated exactly.
    #[error("the numbers of “{component}” are too large to be calculated exactly: check the amounts and rates")]
    TooLarge {
        /// The component that could not be calculated.
        component: String,
    },
}

/// Calculates what the plan pays for the facts. Nothing is rounded before a line is, and then half away from zero.
pub fn evaluate(plan: &Plan, facts: &Facts) -> Result<Statement, EvaluateError> {
    none(plan.faults()).map_err(EvaluateError::Plan)?;
    none(facts.faults()).map_err(EvaluateError::Facts)?;
    let counted = facts.deals.as_deref().map(|deals| PayingDeals::of(facts, deals)).transpose();
    let counted = counted.map_err(|faults| EvaluateError::Facts(Refused(faults)))?;
    let evidence = Evidence { plan, facts, counted };
    none(unfit(&evidence)).map_err(EvaluateError::Facts)?;

    let currency = plan.currency;
    let mut lines = Vec::with_capacity(plan.components.len() + 1);
    for component in &plan.components {
        let line = line(component, &evidence);
        lines.push(line.map_err(|TooLarge| EvaluateError::TooLarge { component: component.name.clone() })?);
    }
    let too_large = || EvaluateError::TooLarge { component: plan.name.clone() };
    let earned = sum(&lines).ok_or_else(too_large)?;
    lines.extend(plan_limit(plan, earned));
    let total = sum(&lines).ok_or_else(too_large)?;
    let held = |waiting: &[Waiting<'_>]| waiting.iter().map(|w| w.held(currency)).collect();
    Ok(Statement {
        plan: plan.name.clone(),
        rep: facts.rep.clone(),
        period: facts.period.clone(),
        currency: currency.code().to_owned(),
        total: Amount::new(total, currency),
        lines,
        unconfirmed: evidence.counted.as_ref().map(|counted| held(&counted.waiting)).unwrap_or_default(),
        other_periods: evidence.counted.as_ref().map(|counted| held(&counted.elsewhere)).unwrap_or_default(),
    })
}

fn none(faults: Vec<Fault>) -> Result<(), Refused> {
    if faults.is_empty() { Ok(()) } else { Err(Refused(faults)) }
}

/// What in the facts does not fit the plan: metrics that are missing, net sales that are not the deals', other months.
fn unfit(evidence: &Evidence<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let metrics = Place::Root.key("metrics");
    for component in &evidence.plan.components {
        let needed = component.gate.iter().map(|condition| condition.of.metric());
        for metric in [component.measure.metric()].into_iter().chain(needed) {
            let place = metrics.key(metric.as_str());
            let told = || faults.iter().any(|fault: &Fault| fault.place == place.to_string());
            if evidence.value(metric).is_none() && !evidence.facts.no_value.contains(&metric) && !told() {
                place.fault(&mut faults, format!("this is missing, and “{}” needs it: add it", component.name));
            }
        }
        if component.per_deal() && evidence.counted.is_none() {
            let message = format!("“{}” pays deal by deal: list the deals", component.name);
            Place::Root.key("deals").fault(&mut faults, message);
        }
    }
    let sales = evidence.facts.metrics.get(&Metric::NetSales);
    if let (Some(given), Some(counted)) = (sales, &evidence.counted)
        && !evidence.facts.deals.as_ref().is_none_or(Vec::is_empty)
        && let Ok(net) = Decimal::try_from_i128_with_scale(counted.net(), 0)
        && *given != net
    {
        let written = |minor| as_written(Metric::NetSales, minor, evidence.currency());
        metrics.key("net_sales").fault(
            &mut faults,
            format!("{} is given, and the deals that pay add up to {}: leave it out", written(*given), written(net)),
        );
    }
    other_months(evidence, &mut faults);
    faults
}

/// A monthly plan pays the deals of its month, and no others.
fn other_months(evidence: &Evidence<'_>, faults: &mut Vec<Fault>) {
    let month = &evidence.facts.period;
    let parts = month.split_once('-').filter(|_| month.len() == 7);
    let parsed = parts.and_then(|(year, month)| Some((year.parse().ok()?, month.parse().ok()?)));
    let Some((year, number)): Option<(i32, u8)> = parsed.filter(|_| evidence.plan.period == MeasuringPeriod::Month)
    else {
        return;
    };
    let list = Place::Root.key("deals");
    for (i, deal) in evidence.facts.deals.iter().flatten().enumerate() {
        let Some(booked_on) = deal.booked_on.filter(|_| deal.returns.is_none()) else { continue };
        if (booked_on.year(), u8::from(booked_on.month())) != (year, number) {
            let place = list.item(i);
            let message = format!("{booked_on} does not lie in {month}: leave deals of other periods out");
            place.key("booked_on").fault(faults, message);
        }
    }
}

fn line(component: &Component, evidence: &Evidence<'_>) -> Result<Line, TooLarge> {
    let currency = evidence.currency();
    let worked = Worked::out(component, evidence)?;
    let words = explain(&worked, evidence)?;
    let limited = worked.open() && worked.amount != worked.rounded;
    let written = |value| as_written(worked.metric, value, currency);
    Ok(Line {
        component: component.name.clone(),
        measure: Some(component.measure),
        amount: Amount::new(worked.amount, currency),
        measured: worked.has_value.then(|| written(worked.measured)),
        target: evidence.target(worked.metric).map(written),
        attainment: worked.reached.map(floored),
        gate: worked.gates.iter().map(|gate| gate.outcome.clone()).collect(),
        before_limits: limited.then(|| Amount::new(worked.rounded, currency)),
        cap: component.cap.map(|cap| Amount::new(cap, currency)),
        floor: component.floor.map(|floor| Amount::new(floor, currency)),
        text: words.text(),
        rule: words.rule,
        formulas: words.formulas,
        notes: words.notes,
        slices: worked.slices,
        records: worked.records,
    })
}

fn sum(lines: &[Line]) -> Option<Money> {
    lines.iter().try_fold(Money::ZERO, |sum, line| sum.0.checked_add(line.amount.money.0).map(Money))
}

/// The line of the plan's own cap or floor, where it changes what the components earn together.
fn plan_limit(plan: &Plan, earned: Money) -> Option<Line> {
    let over = plan.cap.filter(|cap| earned > *cap);
    let under = plan.floor.filter(|floor| earned < *floor);
    let (name, limit) = over.map(|cap| ("Plan cap", cap)).or(under.map(|floor| ("Plan floor", floor)))?;
    let change = Money(limit.0.checked_sub(earned.0)?);
    let (limit, before) = (money(limit, plan.currency), money(earned, plan.currency));
    let rule = match over {
        Some(_) => format!("The plan pays {limit} at most; its components earned {before}."),
        None => format!("The plan pays {limit} at least; its components earned {before}."),
    };
    let amount = Amount::new(change, plan.currency);
    Some(Line {
        component: name.to_owned(),
        measure: None,
        amount,
        measured: None,
        target: None,
        attainment: None,
        gate: Vec::new(),
        slices: Vec::new(),
        before_limits: None,
        cap: over.map(|cap| Amount::new(cap, plan.currency)),
        floor: under.filter(|_| over.is_none()).map(|floor| Amount::new(floor, plan.currency)),
        records: vec![Record { floor: over.is_none(), ..Record::of(amount) }],
        text: rule.clone(),
        rule,
        formulas: Vec::new(),
        notes: Vec::new(),
    })
}

impl Waiting<'_> {
    fn held(&self, currency: Currency) -> Held {
        Held { deal: self.deal.number, returns: self.deal.returns, part: Amount::new(self.part, currency) }
    }
}
