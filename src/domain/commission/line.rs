//! One component of a plan against the facts: its gate, its slices, its amount and the records that add up to it.

use rust_decimal::{Decimal, prelude::ToPrimitive};

use super::{
    counted::PayingDeals,
    exact::{Exact, TooLarge, attainment, plus, scale_of, scaled, times},
    facts::Facts,
    facts_json::{as_written, with_decimals},
    gate::Gate,
    plan::{Axis, Component, Per, Plan, Schedule},
    schedule::{Pays, rate_of},
    statement::{Amount, Record, Slice},
};
use crate::domain::{
    metric::Metric,
    money::{Currency, Money},
    rate::Ratio,
};

/// What the lines are calculated from.
pub(super) struct Evidence<'a> {
    pub plan: &'a Plan,
    pub facts: &'a Facts,
    /// The deals that pay, where the facts have deals.
    pub counted: Option<PayingDeals<'a>>,
}

impl Evidence<'_> {
    pub(super) fn currency(&self) -> Currency {
        self.plan.currency
    }

    /// A metric in its own unit. Net sales are those of the deals that pay, where there are any.
    pub(super) fn value(&self, metric: Metric) -> Option<Decimal> {
        let given = self.facts.metrics.get(&metric).copied();
        match &self.counted {
            Some(counted) if metric == Metric::NetSales => {
                given.or_else(|| Decimal::try_from_i128_with_scale(counted.net(), 0).ok())
            }
            _ => given,
        }
    }

    pub(super) fn target(&self, metric: Metric) -> Option<Decimal> {
        self.facts.targets.get(&metric).copied()
    }
}

/// A component, worked out.
pub(super) struct Worked<'a> {
    pub component: &'a Component,
    pub metric: Metric,
    /// The metric in its own unit; 0 where it has no value.
    pub measured: Decimal,
    /// Whether the metric has a value: growth without a base has none.
    pub has_value: bool,
    pub target: Option<Decimal>,
    pub reached: Option<Ratio>,
    pub gates: Vec<Gate>,
    pub slices: Vec<Slice>,
    /// What the schedule pays, before rounding, floor, cap and gate.
    pub exact: Exact,
    pub rounded: Money,
    pub amount: Money,
    pub records: Vec<Record>,
}

impl<'a> Worked<'a> {
    /// Works a component out. A metric that is missing in the facts was refused before.
    pub(super) fn out(component: &'a Component, evidence: &Evidence<'a>) -> Result<Self, TooLarge> {
        let metric = component.measure.metric();
        let value = evidence.value(metric);
        let (measured, has_value) = (value.unwrap_or_default(), value.is_some());
        // Without a value there is no attainment, as without a target.
        let target = evidence.target(metric).filter(|_| has_value);
        let reached = target.map(|target| attainment(metric, measured, target)).transpose()?;
        let mut gates = Vec::with_capacity(component.gate.len());
        for condition in &component.gate {
            let metric = condition.of.metric();
            gates.push(Gate::of(condition, evidence.value(metric), evidence.target(metric), evidence.currency())?);
        }
        let open = gates.iter().all(|gate| gate.outcome.holds);
        let pays = Pays::of(component, measured, target, evidence.currency())?;
        let run = run(component, &pays, measured, evidence, open)?;
        let mut worked = Self {
            component,
            metric,
            measured,
            has_value,
            target,
            reached,
            gates,
            slices: slices(component, &pays, &run, measured, evidence.currency())?,
            exact: run.exact,
            rounded: run.exact.rounded()?,
            amount: run.paid,
            records: run.records,
        };
        if let Some(floor) = component.floor.filter(|floor| open && worked.amount < *floor) {
            let amount = Amount::new(floor - worked.amount, evidence.currency());
            worked.records.push(Record { floor: true, ..Record::of(amount) });
            worked.amount = floor;
        }
        Ok(worked)
    }

    pub(super) fn open(&self) -> bool {
        self.gates.iter().all(|gate| gate.outcome.holds)
    }
}

impl Component {
    /// Whether each deal is paid by itself.
    pub(super) fn per_deal(&self) -> bool {
        matches!(&self.pays, Schedule::Tiers(tiers) if tiers.per == Per::Deal)
    }

    /// An amount within the component's floor and cap.
    pub(super) fn within_limits(&self, amount: Money) -> Money {
        let capped = self.cap.map_or(amount, |cap| amount.min(cap));
        self.floor.map_or(capped, |floor| capped.max(floor))
    }

    /// What the component would pay for another value of its metric, its gate open and its cap and floor kept. Not for
    /// tiers per deal.
    pub(super) fn would_pay(
        &self,
        measured: Decimal,
        target: Option<Decimal>,
        currency: Currency,
    ) -> Result<Money, TooLarge> {
        let pays = Pays::of(self, measured, target, currency)?;
        let x = scaled(measured, scale_of([measured].into_iter()))?;
        Ok(self.within_limits(pays.at(x)?.rounded()?))
    }
}

/// What running through the deals, or the measure as a whole, gave.
struct Run {
    exact: Exact,
    /// Rounded and cut by the cap; nothing where the gate is shut.
    paid: Money,
    records: Vec<Record>,
    /// The measures that climbed the steps: each deal net of its returns, or the whole.
    climbs: Vec<i128>,
}

fn run(
    component: &Component,
    pays: &Pays,
    measured: Decimal,
    evidence: &Evidence<'_>,
    open: bool,
) -> Result<Run, TooLarge> {
    let currency = evidence.currency();
    let cut = |amount: Money| match component.cap {
        _ if !open => Money::ZERO,
        Some(cap) => amount.min(cap),
        None => amount,
    };
    let deals = evidence.counted.as_ref().filter(|counted| {
        component.measure.metric() == Metric::NetSales
            && !counted.rows.is_empty()
            && !matches!(component.pays, Schedule::Bonus(_))
    });
    let Some(counted) = deals else {
        let x = scaled(measured, scale_of([measured].into_iter()))?;
        let exact = pays.at(x)?;
        let paid = cut(exact.rounded()?);
        let record = Record { measure: Some(component.measure), ..Record::of(Amount::new(paid, currency)) };
        let records = if paid == Money::ZERO { Vec::new() } else { vec![record] };
        return Ok(Run { exact, paid, records, climbs: vec![x] });
    };
    let per_deal = component.per_deal();
    let mut records = Vec::with_capacity(counted.rows.len() + 1);
    let mut climbs = Vec::new();
    // What the deals before this one pay together, what has climbed the steps so far, and what was paid so far.
    let mut closed = Exact::ZERO;
    let mut exact = Exact::ZERO;
    let mut climbed = 0_i128;
    let mut paid = Money::ZERO;
    let mut root = None;
    for row in &counted.rows {
        if per_deal && root != Some(row.root) {
            if root.is_some() {
                climbs.push(climbed);
            }
            (closed, climbed, root) = (exact, 0, Some(row.root));
        }
        climbed = plus(climbed, i128::from(row.part.0))?;
        exact = closed.plus(pays.at(climbed)?)?;
        let so_far = cut(exact.rounded()?);
        records.push(Record {
            deal: Some(row.number),
            returns: row.returns,
            part: row.split.then(|| Amount::new(row.part, currency)),
            ..Record::of(Amount::new(Money(so_far.0.checked_sub(paid.0).ok_or(TooLarge)?), currency))
        });
        paid = so_far;
    }
    climbs.push(climbed);
    Ok(Run { exact, paid, records, climbs })
}

/// How the measure was cut and what each slice pays, as the statement writes it.
fn slices(
    component: &Component,
    pays: &Pays,
    run: &Run,
    measured: Decimal,
    currency: Currency,
) -> Result<Vec<Slice>, TooLarge> {
    let metric = component.measure.metric();
    let each = |from: Option<Decimal>, to: Option<Decimal>, of: Decimal, rate: Decimal| {
        let (share, per_unit) = if component.counts() {
            (None, rate.to_i64().map(|minor| Amount::new(Money(minor), currency)))
        } else {
            (Some(rate.normalize()), None)
        };
        let of = as_written(metric, of, currency);
        let amount = match per_unit {
            Some(each) => each.decimal() * of,
            None => exact_product(of, rate)?,
        };
        let (from, to) = (from.map(|edge| edge.normalize()), to.map(|edge| edge.normalize()));
        Ok(Slice { from, to, of, rate: share, per_unit, amount: with_decimals(amount, currency) })
    };
    match (&component.pays, pays) {
        (_, Pays::Nothing | Pays::Fixed(_)) => Ok(Vec::new()),
        _ if measured.is_zero() && run.exact.num == 0 => Ok(Vec::new()),
        (Schedule::Curve(curve), Pays::Curve { metric, target, .. }) => {
            let share = curve.share(attainment(*metric, measured, *target)?)?;
            if share.num == 0 {
                return Ok(Vec::new());
            }
            let amount = match run.exact.decimal() {
                Some(minor) => as_written(Metric::NetSales, minor, currency),
                None => currency.major(run.exact.rounded()?),
            };
            let rate = share.decimal().map_or_else(|| share.floored(9), Ok)?.normalize();
            let of = currency.major(curve.on_target);
            Ok(vec![Slice { from: None, to: None, of, rate: Some(rate), per_unit: None, amount }])
        }
        (Schedule::Tiers(tiers), Pays::Steps { unit, .. }) => {
            let mut parts = vec![0_i128; tiers.steps.len()];
            for climb in &run.climbs {
                for (sum, part) in parts.iter_mut().zip(pays.cut(*climb)?) {
                    *sum = plus(*sum, part)?;
                }
            }
            let ends = tiers.steps.iter().skip(1).map(|step| Some(step.from)).chain([None]);
            let cut = tiers.steps.iter().zip(ends).zip(parts).filter(|(_, part)| *part != 0);
            cut.map(|((step, to), part)| {
                let part = Exact { num: part, den: *unit }.decimal().ok_or(TooLarge)?;
                each(Some(step.from), to, part, rate_of(step))
            })
            .collect()
        }
        (pays, Pays::Line { per, den, step }) => {
            let edge = |position: usize| match pays {
                Schedule::Tiers(tiers) => tiers.steps.get(position).map(|step| step.from),
                _ => None,
            };
            let rate = Exact { num: *per, den: *den }.decimal().ok_or(TooLarge)?;
            let from = step.and_then(edge);
            let to = step.and_then(|held| edge(held + 1));
            Ok(vec![each(from, to, measured, rate)?])
        }
        _ => Ok(Vec::new()),
    }
}

impl Component {
    /// Whether it pays an amount for each one of a count.
    pub(super) fn counts(&self) -> bool {
        match &self.pays {
            Schedule::PerUnit(_) => true,
            Schedule::Tiers(tiers) => tiers.axis == Axis::Count,
            _ => false,
        }
    }
}

fn exact_product(a: Decimal, b: Decimal) -> Result<Decimal, TooLarge> {
    let (a, b) = (a.normalize(), b.normalize());
    let scale = a.scale() + b.scale();
    Decimal::try_from_i128_with_scale(times(a.mantissa(), b.mantissa())?, scale).map_err(|_| TooLarge)
}
