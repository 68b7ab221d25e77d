//! One component of a plan against the facts: its gate, its amount and the records that add up to it.

use rust_decimal::Decimal;

use super::{
    counted::{Row, same},
    evidence::{Evidence, Seen},
    exact::{Exact, TooLarge, attainment, plus, scale_of, scaled},
    gate::Gate,
    measure::{Factor, Measure, Modifier, What},
    plan::{Axis, Component, CreditKind, Per, Schedule, Who},
    schedule::{Paying, Situation},
    slices::slices,
    statement::{Amount, Record, Slice},
};
use crate::domain::{
    money::{Currency, Money},
    rate::Ratio,
};

/// A component, worked out.
pub(super) struct Worked<'a> {
    pub component: &'a Component,
    pub what: What,
    /// Whether the measure has a value: growth without a base has none.
    pub has_value: bool,
    pub now: Situation,
    pub gates: Vec<Gate>,
    pub modifier: Option<Modified<'a>>,
    pub slices: Vec<Slice>,
    /// What the schedule pays after the modifier, before rounding, floor, cap and gate.
    pub exact: Exact,
    /// The same before the modifier.
    pub unmodified: Exact,
    pub rounded: Money,
    /// What the line would pay if it were not on hold.
    pub amount: Money,
    pub records: Vec<Record>,
    /// Why it is not paid yet.
    pub hold: Option<&'a str>,
}

/// What a modifier found.
pub(super) struct Modified<'a> {
    pub of: &'a Measure,
    pub seen: Seen<'a>,
    pub times: Decimal,
}

impl<'a> Worked<'a> {
    /// Works a component out. A metric that is missing in the facts was refused before.
    pub(super) fn out(component: &'a Component, evidence: &Evidence<'a>) -> Result<Self, TooLarge> {
        let currency = evidence.currency();
        let what = component.measure.what();
        let rows = evidence.rows(component);
        let value = evidence.measured(component, rows.as_deref())?;
        let (measured, has_value) = (value.unwrap_or_default(), value.is_some());
        // Without a value there is no attainment, as without a target.
        let target = evidence.target_of(component).filter(|_| has_value);
        let before = match what {
            What::Metric(metric) if component.year_to_date() => {
                evidence.facts.year_to_date.get(&metric).copied().unwrap_or_default()
            }
            _ => Decimal::ZERO,
        };
        let reached = match (what, target) {
            (What::Metric(metric), Some(target)) => Some(attainment(metric, sum(before, measured)?, target)?),
            (What::Scorecard, _) => evidence.reached(&component.measure, component.scope)?,
            _ => None,
        };
        let mut gates = Vec::with_capacity(component.gate.len());
        for condition in &component.gate {
            let seen = evidence.looked_at(&condition.of, condition.who)?;
            gates.push(Gate::of(condition, &seen, currency));
        }
        let open = gates.iter().all(|gate| gate.outcome.holds);
        let modifier = component.modifier.as_ref().map(|one| one.look(evidence)).transpose()?;
        let times = modifier.as_ref().map_or(Decimal::ONE, |modified| modified.times);
        let now = Situation { measured, target, reached, before, times };
        let paying = Paying::of(component, &now, currency)?;
        let run = run(component, &paying, &now, rows.as_deref().unwrap_or_default(), currency, open)?;
        let hold = evidence.facts.holds.iter().find(|hold| hold.component == component.name);
        let mut worked = Self {
            component,
            what,
            has_value,
            slices: slices(component, &paying, &now, &run.climbs, run.unmodified, currency)?,
            now,
            gates,
            modifier,
            exact: run.exact,
            unmodified: run.unmodified,
            rounded: run.exact.rounded()?,
            amount: run.paid,
            records: run.records,
            hold: hold.map(|hold| hold.reason.as_deref().unwrap_or_default()),
        };
        if let Some(floor) = component.floor.filter(|floor| open && worked.amount < *floor) {
            let amount = Amount::new(difference(floor, worked.amount)?, currency);
            worked.records.push(Record { floor: true, ..Record::of(amount) });
            worked.amount = floor;
        }
        Ok(worked)
    }

    pub(super) fn open(&self) -> bool {
        self.gates.iter().all(|gate| gate.outcome.holds)
    }

    /// What the component would pay for another value of its metric, its gate open and its cap and floor kept. Not for
    /// tiers per deal, and none where the modifier would change with it.
    pub(super) fn would_pay(&self, measured: Decimal, currency: Currency) -> Result<Option<Money>, TooLarge> {
        let component = self.component;
        let changes = component
            .modifier
            .as_ref()
            .is_some_and(|one| self.what.metric().is_some_and(|metric| one.of.metrics().contains(&metric)));
        let What::Metric(metric) = self.what else {
            return if self.what == What::Scorecard { Ok(None) } else { self.pays_at(measured, None, currency) };
        };
        if changes || component.per_deal() {
            return Ok(None);
        }
        let whole = sum(self.now.before, measured)?;
        let reached = self.now.target.map(|target| attainment(metric, whole, target)).transpose()?;
        self.pays_at(measured, reached, currency)
    }

    fn pays_at(
        &self,
        measured: Decimal,
        reached: Option<Ratio>,
        currency: Currency,
    ) -> Result<Option<Money>, TooLarge> {
        let component = self.component;
        let now = Situation { measured, reached, ..self.now };
        let paying = Paying::of(component, &now, currency)?;
        let x = scaled(measured, scale_of([measured].into_iter()))?;
        let amount = paying.whole(x, component.steps())?.rounded()?;
        Ok(Some(component.within_limits(amount)))
    }
}

fn sum(a: Decimal, b: Decimal) -> Result<Decimal, TooLarge> {
    a.checked_add(b).ok_or(TooLarge)
}

impl Modifier {
    fn look<'a>(&'a self, evidence: &Evidence<'a>) -> Result<Modified<'a>, TooLarge> {
        let mut all = evidence.looked_at(&self.of, Who::Rep)?;
        let seen = all.pop().unwrap_or(Seen { rep: "", value: None, target: None, reached: None });
        let at = match (&self.of, seen.reached, seen.value) {
            (measure, Some(reached), _) if measure.is_attainment() => Some(reached),
            (Measure::Metric(metric), _, Some(value)) => {
                Some(Ratio::from_decimal(super::facts_node::as_written(*metric, value, evidence.currency())))
            }
            _ => None,
        };
        let times = at.and_then(|at| self.factor(at)).map_or(Decimal::ONE, |factor| factor.times);
        Ok(Modified { of: &self.of, seen, times })
    }

    /// The step that holds a number; the first one holds for everything below it too.
    fn factor(&self, at: Ratio) -> Option<&Factor> {
        self.steps.iter().rev().find(|step| at >= Ratio::from_decimal(step.from)).or(self.steps.first())
    }
}

impl Component {
    /// Whether each deal is paid by itself.
    pub(super) fn per_deal(&self) -> bool {
        matches!(&self.pays, Schedule::Tiers(tiers) if tiers.per == Per::Deal)
    }

    /// Whether it can only be calculated deal by deal.
    pub fn asks_for_deals(&self) -> bool {
        self.per_deal() || self.only.is_some() || self.credit == CreditKind::Overlay || self.measure == Measure::Deals
    }

    /// An amount within the component's floor and cap.
    pub(super) fn within_limits(&self, amount: Money) -> Money {
        let capped = self.cap.map_or(amount, |cap| amount.min(cap));
        self.floor.map_or(capped, |floor| capped.max(floor))
    }

    /// Whether it pays an amount for each one of a count.
    pub(super) fn counts(&self) -> bool {
        match &self.pays {
            Schedule::PerUnit(_) => true,
            Schedule::Tiers(tiers) => tiers.axis == Axis::Count,
            _ => false,
        }
    }
}

/// What running through the deals, or the measure as a whole, gave.
struct Run {
    exact: Exact,
    unmodified: Exact,
    /// Rounded and cut by the cap; nothing where the gate is shut.
    paid: Money,
    records: Vec<Record>,
    /// The measures that climbed the steps: each deal net of its returns, or the whole.
    climbs: Vec<i128>,
}

fn run(
    component: &Component,
    paying: &Paying,
    now: &Situation,
    rows: &[Row<'_>],
    currency: Currency,
    open: bool,
) -> Result<Run, TooLarge> {
    let cut = |amount: Money| match component.cap {
        _ if !open => Money::ZERO,
        Some(cap) => amount.min(cap),
        None => amount,
    };
    let reward = paying.reward(component.steps())?;
    if rows.is_empty() || matches!(component.pays, Schedule::Bonus(_)) {
        let x = scaled(now.measured, scale_of([now.measured].into_iter()))?;
        let unmodified = paying.at(x)?.plus(reward)?;
        let exact = paying.modified(unmodified)?;
        let paid = cut(exact.rounded()?);
        let measure = Some(component.measure.clone());
        let record = Record { measure, ..Record::of(Amount::new(paid, currency)) };
        let records = if paid == Money::ZERO { Vec::new() } else { vec![record] };
        return Ok(Run { exact, unmodified, paid, records, climbs: vec![x] });
    }
    let per_deal = component.per_deal();
    let shows_parts = component.measure != Measure::Deals;
    let mut records = Vec::with_capacity(rows.len() + 2);
    let mut climbs = Vec::new();
    // What the deals before this one pay together, what has climbed the steps so far, and what was paid so far.
    let mut closed = Exact::ZERO;
    let mut unmodified = Exact::ZERO;
    let mut climbed = 0_i128;
    let mut paid = Money::ZERO;
    let mut last: Option<&Row<'_>> = None;
    for row in rows {
        if per_deal && !last.is_some_and(|last| same(last.root, row.root)) {
            if last.is_some() {
                climbs.push(climbed);
            }
            (closed, climbed) = (unmodified, 0);
        }
        last = Some(row);
        climbed = plus(climbed, row.weight)?;
        unmodified = closed.plus(paying.at(climbed)?)?;
        let so_far = cut(paying.modified(unmodified)?.rounded()?);
        records.push(Record {
            deal: row.deal.map(|deal| deal.number),
            returns: row.deal.and_then(|deal| deal.returns),
            rep: row.rep.map(str::to_owned),
            part: (row.split && shows_parts).then(|| Amount::new(row.part, currency)),
            ..Record::of(Amount::new(difference(so_far, paid)?, currency))
        });
        paid = so_far;
    }
    climbs.push(climbed);
    if reward.num != 0 {
        unmodified = unmodified.plus(reward)?;
        let so_far = cut(paying.modified(unmodified)?.rounded()?);
        let amount = Amount::new(difference(so_far, paid)?, currency);
        records.push(Record { bonus: true, ..Record::of(amount) });
        paid = so_far;
    }
    Ok(Run { exact: paying.modified(unmodified)?, unmodified, paid, records, climbs })
}

fn difference(now: Money, before: Money) -> Result<Money, TooLarge> {
    now.0.checked_sub(before.0).map(Money).ok_or(TooLarge)
}
