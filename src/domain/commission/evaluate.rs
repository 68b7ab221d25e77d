//! The engine: a plan and the facts of one rep give a statement, the same one every time.

use super::{
    account::Account,
    counted::Waiting,
    evidence::Evidence,
    exact::TooLarge,
    explain::explain,
    facts::Facts,
    facts_node::as_written,
    fit::unfit,
    json::{Fault, Refused},
    line::{Modified, Worked},
    measure::What,
    plan::{Component, Plan},
    section::payable,
    statement::{Amount, Held, Line, LineKind, ModifierOutcome, Record, Statement},
    true_up::TrueUps,
    words::{floored, money},
};
use crate::domain::money::{Currency, Money};

/// The version of the engine: it changes when the same inputs could give another statement, in numbers or in words.
pub const ENGINE_VERSION: &str = "5";

/// The versions that took back from draws that were not earned, too.
const FROM_DRAWS: [&str; 4] = ["1", "2", "3", "4"];

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
///
/// # Errors
/// A plan or facts that break a rule or do not fit together; numbers that cannot be calculated exactly.
pub fn evaluate(plan: &Plan, facts: &Facts) -> Result<Statement, EvaluateError> {
    evaluate_as(ENGINE_VERSION, plan, facts)
}

/// The same by the rules of a version of the engine: what a statement of an earlier one pays stays what it was.
///
/// # Errors
/// Those of [`evaluate`].
pub fn evaluate_as(engine: &str, plan: &Plan, facts: &Facts) -> Result<Statement, EvaluateError> {
    let from_draws = FROM_DRAWS.contains(&engine);
    none(plan.faults()).map_err(EvaluateError::Plan)?;
    if facts.off_plan {
        let settling = Plan { components: vec![], cap: None, floor: None, draw: vec![], ..plan.clone() };
        return paid(&settling, facts, from_draws);
    }
    paid(plan, facts, from_draws)
}

fn paid(plan: &Plan, facts: &Facts, from_draws: bool) -> Result<Statement, EvaluateError> {
    let evidence = evidence(plan, facts).map_err(EvaluateError::Facts)?;
    let longer = TrueUps::of(plan, facts).map_err(EvaluateError::Facts)?;
    let longer = longer.as_ref().map(TrueUps::evidence).transpose().map_err(EvaluateError::Facts)?;

    let currency = plan.currency;
    let mut lines = Vec::with_capacity(plan.components.len() + 4);
    for (i, component) in plan.components.iter().enumerate() {
        let too_large = |TooLarge| EvaluateError::TooLarge { component: component.name.clone() };
        let line = line(component, &evidence).map_err(too_large)?;
        let paid = line.amount.money;
        lines.push(line);
        if let Some(longer) = &longer {
            lines.extend(longer.line(i, component, paid, &evidence).map_err(too_large)?);
        }
    }
    let too_large = |TooLarge| EvaluateError::TooLarge { component: plan.name.clone() };
    let earned = sum(&lines).map_err(too_large)?;
    lines.extend(plan_limit(plan, earned).map_err(too_large)?);
    let account = Account::of(plan, facts, sum(&lines).map_err(too_large)?, from_draws).map_err(too_large)?;
    lines.extend(account.lines);
    let total = sum(&lines).map_err(too_large)?;
    let amount = |money| Amount::new(money, currency);
    let payable = payable(total);
    let balance = Money(total.0.min(0).checked_sub(account.carried.0).ok_or(TooLarge).map_err(too_large)?);
    let listed = |waiting: &Waiting<'_>| waiting.held(facts, currency);
    Ok(Statement {
        plan: plan.name.clone(),
        rep: facts.rep.clone(),
        period: facts.period.clone(),
        currency: currency.code().to_owned(),
        total: amount(total),
        payable: (payable != total).then(|| amount(payable)),
        balance: (balance != Money::ZERO).then(|| amount(balance)),
        draw_balance: account.draw_balance.map(amount),
        lines,
        held: evidence.all_deals().flat_map(|deals| &deals.held).map(listed).collect(),
        unconfirmed: evidence.all_deals().flat_map(|deals| &deals.waiting).map(listed).collect(),
        other_periods: evidence.all_deals().flat_map(|deals| &deals.elsewhere).map(listed).collect(),
    })
}

/// The facts, checked by themselves and against the plan.
pub(super) fn evidence<'a>(plan: &'a Plan, facts: &'a Facts) -> Result<Evidence<'a>, Refused> {
    none(facts.faults())?;
    let evidence = Evidence::of(plan, facts).map_err(Refused)?;
    none(unfit(&evidence))?;
    Ok(evidence)
}

fn none(faults: Vec<Fault>) -> Result<(), Refused> {
    if faults.is_empty() { Ok(()) } else { Err(Refused(faults)) }
}

/// The line of one component.
pub(super) fn line(component: &Component, evidence: &Evidence<'_>) -> Result<Line, TooLarge> {
    let currency = evidence.currency();
    let mut worked = Worked::out(component, evidence)?;
    let words = explain(&worked, evidence)?;
    let limited = worked.open() && worked.amount != worked.rounded;
    let written = |value| as_written(worked.what, value, currency);
    let held = worked.hold.map(|_| Amount::new(worked.amount, currency));
    if held.is_some() {
        worked.amount = Money::ZERO;
        worked.records.clear();
    }
    let shown = worked.has_value && worked.what != What::Scorecard;
    Ok(Line {
        component: component.name.clone(),
        kind: LineKind::Component,
        period: None,
        measure: Some(component.measure.clone()),
        amount: Amount::new(worked.amount, currency),
        measured: shown.then(|| written(worked.now.measured)),
        target: evidence.target_of(component).map(written),
        attainment: worked.now.reached.map(floored),
        before: component.year_to_date().then(|| written(worked.now.before)),
        gate: worked.gates.iter().map(|gate| gate.outcome.clone()).collect(),
        modifier: worked.modifier.as_ref().map(|modified| modified.outcome(currency)),
        before_limits: limited.then(|| Amount::new(worked.rounded, currency)),
        cap: component.cap.map(|cap| Amount::new(cap, currency)),
        floor: component.floor.map(|floor| Amount::new(floor, currency)),
        held,
        old: None,
        new: None,
        text: words.text(),
        rule: words.rule,
        formulas: words.formulas,
        notes: words.notes,
        slices: worked.slices,
        records: worked.records,
    })
}

impl Modified<'_> {
    fn outcome(&self, currency: Currency) -> ModifierOutcome {
        let value = self.seen.value.map(|value| as_written(self.of.what(), value, currency));
        let actual = if self.of.is_attainment() { self.seen.reached.map(floored) } else { value };
        ModifierOutcome { of: self.of.clone(), actual, times: self.times }
    }
}

fn sum(lines: &[Line]) -> Result<Money, TooLarge> {
    let sum = lines.iter().try_fold(0_i64, |sum, line| sum.checked_add(line.amount.money.0));
    sum.map(Money).ok_or(TooLarge)
}

/// The line of the plan's own cap or floor, where it changes what the components earn together.
fn plan_limit(plan: &Plan, earned: Money) -> Result<Option<Line>, TooLarge> {
    let over = plan.cap.filter(|cap| earned > *cap);
    let under = plan.floor.filter(|floor| earned < *floor);
    let Some((name, limit)) = over.map(|cap| ("Plan cap", cap)).or(under.map(|floor| ("Plan floor", floor))) else {
        return Ok(None);
    };
    let change = Money(limit.0.checked_sub(earned.0).ok_or(TooLarge)?);
    let (limit, before) = (money(limit, plan.currency), money(earned, plan.currency));
    let rule = match over {
        Some(_) => format!("The plan pays {limit} at most; its components earned {before}."),
        None => format!("The plan pays {limit} at least; its components earned {before}."),
    };
    let amount = Amount::new(change, plan.currency);
    let mut line = Line::plain(name, LineKind::Limit, amount, rule);
    line.cap = over.map(|cap| Amount::new(cap, plan.currency));
    line.floor = under.filter(|_| over.is_none()).map(|floor| Amount::new(floor, plan.currency));
    line.records = vec![Record { floor: over.is_none(), ..Record::of(amount) }];
    Ok(Some(line))
}

impl Waiting<'_> {
    fn held(&self, facts: &Facts, currency: Currency) -> Held {
        Held {
            deal: self.deal.number,
            returns: self.deal.returns,
            rep: self.deal.rep.clone().filter(|rep| *rep != facts.rep),
            why: (!self.why.is_empty()).then(|| self.why.to_owned()),
            part: Amount::new(self.part, currency),
        }
    }
}
