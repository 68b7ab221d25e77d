//! How a measure was cut and what each slice pays, exactly, as the statement writes it.

use rust_decimal::{Decimal, prelude::ToPrimitive};

use super::{
    exact::{Exact, TooLarge, attainment, plus, times},
    facts_node::{as_written, with_decimals},
    measure::What,
    plan::{Component, Curve, Schedule, Step, Tiers},
    schedule::{Paying, Pays, Situation, rate_of},
    statement::{Amount, Slice},
};
use crate::domain::{
    metric::Metric,
    money::{Currency, Money},
};

/// The slices, before the modifier: together what the schedule pays.
pub(super) fn slices(
    component: &Component,
    paying: &Paying,
    now: &Situation,
    climbs: &[i128],
    exact: Exact,
    currency: Currency,
) -> Result<Vec<Slice>, TooLarge> {
    let cutter = Cutter { component, what: component.measure.what(), currency };
    let mut slices = match (&component.pays, &paying.pays) {
        (Schedule::Curve(curve), Pays::Curve { .. } | Pays::Fixed(_)) => cutter.curve(curve, now, exact)?,
        (_, Pays::Nothing | Pays::Fixed(_)) => Vec::new(),
        _ if now.measured.is_zero() && exact.num == 0 => Vec::new(),
        (Schedule::Tiers(tiers), Pays::Steps { unit, .. }) => cutter.steps(tiers, paying, climbs, *unit)?,
        (_, Pays::Line { per, den, step }) => {
            let edge = |position: usize| component.steps().get(position).map(|step| step.from);
            let rate = Exact { num: *per, den: *den }.decimal().ok_or(TooLarge)?;
            let to = step.and_then(|held| edge(held + 1));
            vec![cutter.slice(step.and_then(edge), to, now.measured, rate)?]
        }
        _ => Vec::new(),
    };
    if component.steps().iter().any(|step| step.bonus.is_some()) {
        cutter.bonuses(component.steps(), paying, climbs, &mut slices)?;
    }
    Ok(slices)
}

struct Cutter<'p> {
    component: &'p Component,
    what: What,
    currency: Currency,
}

impl Cutter<'_> {
    fn slice(&self, from: Option<Decimal>, to: Option<Decimal>, of: Decimal, rate: Decimal) -> Result<Slice, TooLarge> {
        let (share, per_unit) = if self.component.counts() {
            (None, rate.to_i64().map(|minor| Amount::new(Money(minor), self.currency)))
        } else {
            (Some(rate.normalize()), None)
        };
        let of = as_written(self.what, of, self.currency);
        let amount = match per_unit {
            Some(each) => each.decimal() * of,
            None => exact_product(of, rate)?,
        };
        let (from, to) = (from.map(|edge| edge.normalize()), to.map(|edge| edge.normalize()));
        let amount = with_decimals(amount, self.currency);
        Ok(Slice { from, to, of, rate: share, per_unit, bonus: false, amount })
    }

    fn curve(&self, curve: &Curve, now: &Situation, exact: Exact) -> Result<Vec<Slice>, TooLarge> {
        let share = match (self.what, now.target, now.reached) {
            (What::Metric(metric), Some(target), _) => curve.share(attainment(metric, now.measured, target)?)?,
            (What::Scorecard, _, Some(score)) => curve.share(score)?,
            _ => return Ok(Vec::new()),
        };
        if share.num == 0 {
            return Ok(Vec::new());
        }
        let amount = match exact.decimal() {
            Some(minor) => as_written(Metric::NetSales, minor, self.currency),
            None => self.currency.major(exact.rounded()?),
        };
        let rate = share.decimal().map_or_else(|| share.floored(9), Ok)?.normalize();
        let of = self.currency.major(curve.on_target);
        Ok(vec![Slice { from: None, to: None, of, rate: Some(rate), per_unit: None, bonus: false, amount }])
    }

    fn steps(&self, tiers: &Tiers, paying: &Paying, climbs: &[i128], unit: i128) -> Result<Vec<Slice>, TooLarge> {
        let mut parts = vec![0_i128; tiers.steps.len()];
        for climb in climbs {
            for (sum, part) in parts.iter_mut().zip(paying.cut(*climb)?) {
                *sum = plus(*sum, part)?;
            }
        }
        let ends = tiers.steps.iter().skip(1).map(|step| Some(step.from)).chain([None]);
        let cut = tiers.steps.iter().zip(ends).zip(parts).filter(|(_, part)| *part != 0);
        cut.map(|((step, to), part)| {
            let part = Exact { num: part, den: unit }.decimal().ok_or(TooLarge)?;
            self.slice(Some(step.from), to, part, rate_of(step))
        })
        .collect()
    }

    /// A slice for each bonus, as often as it is paid.
    fn bonuses(
        &self,
        steps: &[Step],
        paying: &Paying,
        climbs: &[i128],
        slices: &mut Vec<Slice>,
    ) -> Result<(), TooLarge> {
        let mut paid: Vec<i128> = vec![0; steps.len()];
        for (sum, number) in paid.iter_mut().zip(paying.rewards()) {
            *sum += number;
        }
        for climb in climbs {
            for (sum, number) in paid.iter_mut().zip(paying.bonuses(*climb)?) {
                *sum = plus(*sum, number)?;
            }
        }
        for (step, number) in steps.iter().zip(paid) {
            let Some(bonus) = step.bonus.filter(|bonus| number != 0 && *bonus != Money::ZERO) else { continue };
            let each = Amount::new(bonus, self.currency);
            let of = Decimal::try_from_i128_with_scale(number, 0).map_err(|_| TooLarge)?;
            let amount = each.decimal().checked_mul(of).ok_or(TooLarge)?;
            slices.push(Slice {
                from: Some(step.from.normalize()),
                to: None,
                of,
                rate: None,
                per_unit: Some(each),
                bonus: true,
                amount: with_decimals(amount, self.currency),
            });
        }
        Ok(())
    }
}

fn exact_product(a: Decimal, b: Decimal) -> Result<Decimal, TooLarge> {
    let (a, b) = (a.normalize(), b.normalize());
    let scale = a.scale() + b.scale();
    Decimal::try_from_i128_with_scale(times(a.mantissa(), b.mantissa())?, scale).map_err(|_| TooLarge)
}
