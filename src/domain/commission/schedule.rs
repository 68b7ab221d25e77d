//! Schedules as functions from a measure to money, in whole numbers, exact until a line is rounded.

use rust_decimal::Decimal;

use super::{
    exact::{Exact, TooLarge, attainment, plus, power_of_ten, scale_of, scaled, times},
    plan::{Axis, Component, Curve, Mode, Per, Schedule, Step, StepPays, Tiers},
};
use crate::domain::{metric::Metric, money::Currency, rate::Ratio};

/// What a component pays as a function of its measure: the metric in its own unit, as a whole number.
pub(super) enum Pays {
    /// Nothing: the schedule needs a target and there is none.
    Nothing,
    /// So many minor units, whatever the measure.
    Fixed(i128),
    /// The measure × `per` ÷ `den`; where tiers pay the whole by one step, that step's position.
    Line { per: i128, den: i128, step: Option<usize> },
    /// Steps over the measure × `unit`.
    Steps { steps: Vec<Edge>, unit: i128, den: i128, whole: bool },
    /// A curve over the attainment; the measure is a whole number ÷ 10^`scale`.
    Curve { curve: Curve, metric: Metric, target: Decimal, scale: u32 },
}

/// The lower edge of a step in scaled units, its rate, and what the steps below it pay together.
pub(super) struct Edge {
    from: i128,
    rate: i128,
    below: i128,
}

impl Pays {
    /// The function for a measure that reached `measured` against this target.
    pub(super) fn of(
        component: &Component,
        measured: Decimal,
        target: Option<Decimal>,
        currency: Currency,
    ) -> Result<Self, TooLarge> {
        let metric = component.measure.metric();
        match &component.pays {
            Schedule::Rate(rate) => Self::rate(*rate, None),
            Schedule::PerUnit(each) => Ok(Self::Line { per: i128::from(each.0), den: 1, step: None }),
            Schedule::Bonus(amount) => Ok(Self::Fixed(i128::from(amount.0))),
            Schedule::Curve(curve) => {
                let Some(target) = target else { return Ok(Self::Nothing) };
                Ok(Self::Curve { curve: curve.clone(), metric, target, scale: scale_of([measured].into_iter()) })
            }
            Schedule::Tiers(tiers) => match (tiers.axis, target) {
                (Axis::Amount, _) => {
                    let minor = Decimal::from(power_of_ten_i64(currency.decimals()));
                    let edges = tiers.steps.iter().map(|step| scaled(step.from * minor, 0));
                    Self::steps(tiers, edges.collect::<Result<_, _>>()?, 1, measured)
                }
                (Axis::Count, _) => {
                    // Unit number n pays what the step holding n says: step "from 5" begins after four units.
                    let edges = tiers.steps.iter().map(|step| Ok((scaled(step.from, 0)? - 1).max(0)));
                    Self::steps(tiers, edges.collect::<Result<_, _>>()?, 1, measured)
                }
                (Axis::Attainment, Some(target)) => Self::attained(tiers, metric, measured, target),
                (Axis::Attainment, None) => Ok(Self::Nothing),
            },
        }
    }

    fn rate(rate: Decimal, step: Option<usize>) -> Result<Self, TooLarge> {
        let scale = scale_of([rate].into_iter());
        Ok(Self::Line { per: scaled(rate, scale)?, den: power_of_ten(scale), step })
    }

    /// Steps whose edges are known in the measure × `unit`.
    fn steps(tiers: &Tiers, edges: Vec<i128>, unit: i128, measured: Decimal) -> Result<Self, TooLarge> {
        let scale = scale_of(tiers.steps.iter().map(rate_of));
        let whole = tiers.mode == Mode::Whole;
        let mut steps: Vec<Edge> = Vec::with_capacity(edges.len());
        for (from, step) in edges.into_iter().zip(&tiers.steps) {
            let below = match steps.last() {
                Some(last) => plus(last.below, times(from - last.from, last.rate)?)?,
                None => 0,
            };
            steps.push(Edge { from, rate: scaled(rate_of(step), scale)?, below });
        }
        let den = times(unit, power_of_ten(scale))?;
        if whole && tiers.per == Per::Period {
            let reached = times(scaled(measured, 0)?, unit)?.abs();
            // Over a count the whole takes the step that holds the number reached, as the last unit does.
            let held = holding(&steps, reached, tiers.axis == Axis::Count);
            let per = steps.get(held).map_or(0, |step| step.rate);
            return Ok(Self::Line { per, den: power_of_ten(scale), step: Some(held) });
        }
        Ok(Self::Steps { steps, unit, den, whole })
    }

    /// Steps over the attainment of a money measure.
    fn attained(tiers: &Tiers, metric: Metric, measured: Decimal, target: Decimal) -> Result<Self, TooLarge> {
        let reached = attainment(metric, measured, target)?;
        if tiers.mode == Mode::Whole || (target <= Decimal::ZERO && reached == Ratio::ZERO) {
            let mut held = 0;
            for (i, step) in tiers.steps.iter().enumerate() {
                if reached >= Ratio::from_decimal(step.from) {
                    held = i;
                }
            }
            return tiers.steps.get(held).map_or(Ok(Self::Nothing), |step| Self::rate(rate_of(step), Some(held)));
        }
        // A target of 0 or less that was reached is reached by exactly 100 %: the measure stands for the target.
        let full = if target > Decimal::ZERO { target } else { measured.abs() };
        let scale = scale_of(tiers.steps.iter().map(|step| step.from));
        let full = scaled(full, 0)?;
        let edges = tiers.steps.iter().map(|step| times(scaled(step.from, scale)?, full));
        Self::steps(tiers, edges.collect::<Result<_, _>>()?, power_of_ten(scale), measured)
    }

    /// What a measure of `x` pays, in minor units.
    pub(super) fn at(&self, x: i128) -> Result<Exact, TooLarge> {
        match self {
            Self::Nothing => Ok(Exact::ZERO),
            Self::Fixed(amount) => Ok(Exact { num: *amount, den: 1 }),
            Self::Line { per, den, .. } => Ok(Exact { num: times(x, *per)?, den: *den }),
            Self::Steps { steps, unit, den, whole } => {
                let reach = times(x.abs(), *unit)?;
                let Some(step) = steps.get(holding(steps, reach, false)) else { return Ok(Exact::ZERO) };
                let over = if *whole { reach } else { reach - step.from };
                let below = if *whole { 0 } else { step.below };
                Ok(Exact { num: plus(below, times(over, step.rate)?)? * x.signum(), den: *den })
            }
            Self::Curve { curve, metric, target, scale } => {
                let x = Decimal::try_from_i128_with_scale(x, *scale).map_err(|_| TooLarge)?;
                let share = curve.share(attainment(*metric, x, *target)?)?;
                Ok(Exact { num: times(share.num, i128::from(curve.on_target.0))?, den: share.den })
            }
        }
    }

    /// How a measure of `x` is cut by the steps: each step's part, with the sign of `x`, in scaled units.
    pub(super) fn cut(&self, x: i128) -> Result<Vec<i128>, TooLarge> {
        let Self::Steps { steps, unit, whole, .. } = self else { return Ok(Vec::new()) };
        let reach = times(x.abs(), *unit)?;
        let held = holding(steps, reach, false);
        let ends = steps.iter().skip(1).map(|step| Some(step.from)).chain([None]);
        let part = |(i, (step, end)): (usize, (&Edge, Option<i128>))| {
            let part = match (*whole, end) {
                (true, _) if held == i => reach,
                (true, _) => 0,
                (false, Some(end)) => (reach.min(end) - step.from).max(0),
                (false, None) => (reach - step.from).max(0),
            };
            part * x.signum()
        };
        Ok(steps.iter().zip(ends).enumerate().map(part).collect())
    }
}

/// Which step holds a reach: the last whose edge lies at or below it (`strictly`: below it).
fn holding(steps: &[Edge], reach: i128, strictly: bool) -> usize {
    steps.iter().rposition(|step| step.from < reach || (!strictly && step.from == reach)).unwrap_or(0)
}

/// What a step pays for one unit of the measure: a share, or minor units.
pub(super) fn rate_of(step: &Step) -> Decimal {
    match step.pays {
        StepPays::Rate(rate) => rate,
        StepPays::PerUnit(each) => each.exact(),
    }
}

fn power_of_ten_i64(decimals: u8) -> i64 {
    10_i64.pow(u32::from(decimals))
}

impl Curve {
    /// The share that an attainment pays: nothing below the first point, straight between, flat above the last.
    pub(super) fn share(&self, reached: Ratio) -> Result<Exact, TooLarge> {
        let mut held = None;
        for (i, point) in self.points.iter().enumerate() {
            if reached >= Ratio::from_decimal(point.at) {
                held = Some((i, point));
            }
        }
        let Some((i, left)) = held else { return Ok(Exact::ZERO) };
        let Some(right) = self.points.get(i + 1) else { return Ok(Exact::of(left.pays)) };
        let at_scale = scale_of([left.at, right.at].into_iter());
        let pays_scale = scale_of([left.pays, right.pays].into_iter());
        let (from, to) = (scaled(left.at, at_scale)?, scaled(right.at, at_scale)?);
        let (low, high) = (scaled(left.pays, pays_scale)?, scaled(right.pays, pays_scale)?);
        let beyond = plus(times(reached.numerator(), power_of_ten(at_scale))?, -times(from, reached.denominator())?)?;
        let width = times(to - from, reached.denominator())?;
        let num = plus(times(low, width)?, times(beyond, high - low)?)?;
        Exact::new(num, times(power_of_ten(pays_scale), width)?).ok_or(TooLarge)
    }
}
