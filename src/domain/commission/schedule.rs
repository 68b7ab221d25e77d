//! Schedules as functions from a measure to money, in whole numbers, exact until a line is rounded.

use rust_decimal::Decimal;

use super::{
    exact::{Exact, TooLarge, attainment, plus, power_of_ten, scale_of, scaled, times},
    measure::Measure,
    plan::{Axis, Component, Curve, Mode, Per, Schedule, Step, StepPays, Tiers},
};
use crate::domain::{
    metric::{Metric, Unit},
    money::Currency,
    rate::Ratio,
};

/// Where a component stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Situation {
    /// The measure in its own unit.
    pub measured: Decimal,
    pub target: Option<Decimal>,
    /// How much of the target that is, or the score; of tiers by the year, with what the year gave before.
    pub reached: Option<Ratio>,
    /// What the year gave before this period.
    pub before: Decimal,
    /// The modifier's factor.
    pub times: Decimal,
}

/// What a component pays as a function of its measure: the metric in its own unit, as a whole number.
pub(super) struct Paying {
    pub pays: Pays,
    /// How often each step's bonus is paid at the end, where deals do not climb the steps one after the other.
    rewards: Vec<i128>,
    /// What climbed the steps before: it is paid already.
    before: i128,
    times: Exact,
}

/// A schedule in one situation.
pub(super) enum Pays {
    /// Nothing: the schedule needs a target and there is none.
    Nothing,
    /// So many minor units, whatever the measure.
    Fixed(Exact),
    /// The measure × `per` ÷ `den`; where tiers pay the whole by one step, that step's position.
    Line { per: i128, den: i128, step: Option<usize> },
    /// Steps over the measure × `unit`; `strictly`: a step is reached above its edge, as with numbers of a count.
    Steps { steps: Vec<Edge>, unit: i128, den: i128, whole: bool, strictly: bool },
    /// A curve over the attainment; the measure is a whole number ÷ 10^`scale`.
    Curve { curve: Curve, metric: Metric, target: Decimal, scale: u32 },
}

/// The lower edge of a step in scaled units, its rate, and what the steps below it pay together.
pub(super) struct Edge {
    from: i128,
    rate: i128,
    below: i128,
    /// What reaching it pays, with the bonuses of the steps below it where each part pays by its own step.
    bonus: i128,
}

impl Paying {
    /// The function in this situation.
    pub(super) fn of(component: &Component, now: &Situation, currency: Currency) -> Result<Self, TooLarge> {
        let pays = Pays::of(component, now, currency)?;
        let rewards = match &component.pays {
            Schedule::Tiers(tiers) => tiers.rewards(&pays, now),
            _ => Vec::new(),
        };
        let before = scaled(now.before, 0)?;
        Ok(Self { pays, rewards, before, times: Exact::of(now.times) })
    }

    /// What a measure of `x` pays, in minor units, before the modifier and without the bonuses that are paid at the end.
    pub(super) fn at(&self, x: i128) -> Result<Exact, TooLarge> {
        if self.before == 0 {
            return self.pays.at(x);
        }
        let before = self.pays.at(self.before)?;
        self.pays.at(plus(self.before, x)?)?.plus(Exact { num: -before.num, den: before.den })
    }

    /// The bonuses that are paid at the end, in minor units.
    pub(super) fn reward(&self, steps: &[Step]) -> Result<Exact, TooLarge> {
        let each = steps.iter().map(|step| i128::from(step.bonus.unwrap_or_default().0));
        let sum = self.rewards.iter().zip(each).try_fold(0, |sum, (number, each)| plus(sum, times(*number, each)?))?;
        Ok(Exact { num: sum, den: 1 })
    }

    /// An amount after the modifier.
    pub(super) fn modified(&self, exact: Exact) -> Result<Exact, TooLarge> {
        if self.times.num == self.times.den {
            return Ok(exact);
        }
        Ok(Exact { num: times(exact.num, self.times.num)?, den: times(exact.den, self.times.den)? })
    }

    /// What a measure pays in all.
    pub(super) fn whole(&self, x: i128, steps: &[Step]) -> Result<Exact, TooLarge> {
        self.modified(self.at(x)?.plus(self.reward(steps)?)?)
    }

    /// How a measure of `x` is cut by the steps: each step's part, with the sign of `x`, in scaled units.
    pub(super) fn cut(&self, x: i128) -> Result<Vec<i128>, TooLarge> {
        let mut parts = self.pays.cut(plus(self.before, x)?)?;
        if self.before != 0 {
            for (part, before) in parts.iter_mut().zip(self.pays.cut(self.before)?) {
                *part = plus(*part, -before)?;
            }
        }
        Ok(parts)
    }

    /// How often each step's bonus is paid for a measure of `x`.
    pub(super) fn bonuses(&self, x: i128) -> Result<Vec<i128>, TooLarge> {
        let mut paid = self.pays.bonuses(plus(self.before, x)?)?;
        if self.before != 0 {
            for (number, before) in paid.iter_mut().zip(self.pays.bonuses(self.before)?) {
                *number -= before;
            }
        }
        Ok(paid)
    }

    /// The same where they are paid at the end.
    pub(super) fn rewards(&self) -> &[i128] {
        &self.rewards
    }
}

impl Tiers {
    /// How often each step's bonus is paid at the end: of what is paid by one step or has no steps of its own measure.
    fn rewards(&self, pays: &Pays, now: &Situation) -> Vec<i128> {
        if matches!(pays, Pays::Nothing) || self.steps.iter().all(|step| step.bonus.is_none()) {
            return Vec::new();
        }
        let held = match pays {
            Pays::Line { step: Some(held), .. } if self.axis != Axis::Attainment => {
                (now.measured > Decimal::ZERO).then_some(*held)
            }
            // Deals climb: their bonuses lie in the steps.
            Pays::Steps { steps, .. } if steps.iter().any(|step| step.bonus != 0) => None,
            _ => now.reached.map(|reached| reached_step(&self.steps, reached)),
        };
        let Some(held) = held else { return Vec::new() };
        let paid = |i: usize| if self.mode == Mode::Whole { i == held } else { i <= held };
        (0..self.steps.len()).map(|i| i128::from(paid(i))).collect()
    }
}

/// The step that an attainment reaches: the first where it reaches none.
fn reached_step(steps: &[Step], reached: Ratio) -> usize {
    steps.iter().rposition(|step| reached >= Ratio::from_decimal(step.from)).unwrap_or(0)
}

impl Pays {
    /// The function for a measure in this situation.
    fn of(component: &Component, now: &Situation, currency: Currency) -> Result<Self, TooLarge> {
        match &component.pays {
            Schedule::Rate(rate) => Self::rate(*rate, None),
            Schedule::PerUnit(each) => Ok(Self::Line { per: i128::from(each.0), den: 1, step: None }),
            Schedule::Bonus(amount) => Ok(Self::Fixed(Exact { num: i128::from(amount.0), den: 1 })),
            Schedule::Curve(curve) => Self::curve(curve, component, now),
            Schedule::Tiers(tiers) => match tiers.axis {
                Axis::Amount => {
                    let minor = Decimal::from(power_of_ten_i64(currency.decimals()));
                    let edges = tiers.steps.iter().map(|step| scaled(step.from * minor, 0));
                    Self::steps(tiers, edges.collect::<Result<_, _>>()?, 1, now.measured, true)
                }
                Axis::Count => {
                    // Unit number n pays what the step holding n says: step "from 5" begins after four units.
                    let edges = tiers.steps.iter().map(|step| Ok((scaled(step.from, 0)? - 1).max(0)));
                    Self::steps(tiers, edges.collect::<Result<_, _>>()?, 1, now.measured, true)
                }
                Axis::Attainment => Self::attained(tiers, &component.measure, now),
            },
        }
    }

    fn curve(curve: &Curve, component: &Component, now: &Situation) -> Result<Self, TooLarge> {
        match (component.measure.metric(), now.target, now.reached) {
            (Some(metric), Some(target), _) => {
                Ok(Self::Curve { curve: curve.clone(), metric, target, scale: scale_of([now.measured].into_iter()) })
            }
            (None, _, Some(score)) => {
                let share = curve.share(score)?;
                let amount = times(share.num, i128::from(curve.on_target.0))?;
                Ok(Self::Fixed(Exact { num: amount, den: share.den }))
            }
            _ => Ok(Self::Nothing),
        }
    }

    fn rate(rate: Decimal, step: Option<usize>) -> Result<Self, TooLarge> {
        let scale = scale_of([rate].into_iter());
        Ok(Self::Line { per: scaled(rate, scale)?, den: power_of_ten(scale), step })
    }

    /// Steps whose edges are known in the measure × `unit`.
    fn steps(tiers: &Tiers, edges: Vec<i128>, unit: i128, measured: Decimal, rewarded: bool) -> Result<Self, TooLarge> {
        let scale = scale_of(tiers.steps.iter().map(rate_of));
        let whole = tiers.mode == Mode::Whole;
        // Over a count a step is reached by the unit whose number it says, so above its edge.
        let strictly = tiers.axis == Axis::Count;
        let den = times(unit, power_of_ten(scale))?;
        let mut steps: Vec<Edge> = Vec::with_capacity(edges.len());
        for (from, step) in edges.into_iter().zip(&tiers.steps) {
            let own = step.bonus.filter(|_| rewarded).unwrap_or_default();
            let own = times(i128::from(own.0), den)?;
            let (below, bonus) = match steps.last() {
                Some(last) if !whole => {
                    (plus(last.below, times(from - last.from, last.rate)?)?, plus(last.bonus, own)?)
                }
                _ => (0, own),
            };
            steps.push(Edge { from, rate: scaled(rate_of(step), scale)?, below, bonus });
        }
        if whole && tiers.per == Per::Period {
            let reached = times(scaled(measured, 0)?, unit)?.abs();
            let held = holding(&steps, reached, strictly);
            let per = steps.get(held).map_or(0, |step| step.rate);
            return Ok(Self::Line { per, den: power_of_ten(scale), step: Some(held) });
        }
        Ok(Self::Steps { steps, unit, den, whole, strictly })
    }

    /// Steps over the attainment: of a money measure a share of it, of any other a bonus.
    fn attained(tiers: &Tiers, measure: &Measure, now: &Situation) -> Result<Self, TooLarge> {
        let Some(reached) = now.reached else { return Ok(Self::Nothing) };
        let (Some(target), Unit::Money) = (now.target, measure.what().unit()) else {
            return Ok(Self::Fixed(Exact::ZERO));
        };
        if tiers.per == Per::YearToDate && target <= Decimal::ZERO {
            return Ok(Self::Nothing);
        }
        let by_period = tiers.per == Per::Period;
        if by_period && (tiers.mode == Mode::Whole || (target <= Decimal::ZERO && reached == Ratio::ZERO)) {
            let held = reached_step(&tiers.steps, reached);
            return tiers.steps.get(held).map_or(Ok(Self::Nothing), |step| Self::rate(rate_of(step), Some(held)));
        }
        // A target of 0 or less that was reached is reached by exactly 100 %: the measure stands for the target.
        let full = if target > Decimal::ZERO { target } else { now.measured.abs() };
        let scale = scale_of(tiers.steps.iter().map(|step| step.from));
        let full = scaled(full, 0)?;
        let edges = tiers.steps.iter().map(|step| times(scaled(step.from, scale)?, full));
        let edges = edges.collect::<Result<_, _>>()?;
        Self::steps(tiers, edges, power_of_ten(scale), now.measured, target > Decimal::ZERO)
    }

    /// What a measure of `x` pays, in minor units.
    fn at(&self, x: i128) -> Result<Exact, TooLarge> {
        match self {
            Self::Nothing => Ok(Exact::ZERO),
            Self::Fixed(amount) => Ok(*amount),
            Self::Line { per, den, .. } => Ok(Exact { num: times(x, *per)?, den: *den }),
            Self::Steps { steps, unit, den, whole, strictly } => {
                let reach = times(x.abs(), *unit)?;
                let Some(step) = steps.get(holding(steps, reach, *strictly)) else { return Ok(Exact::ZERO) };
                let over = if *whole { reach } else { reach - step.from };
                let below = if *whole { 0 } else { step.below };
                let bonus = if x > 0 { step.bonus } else { 0 };
                Ok(Exact { num: plus(plus(below, times(over, step.rate)?)? * x.signum(), bonus)?, den: *den })
            }
            Self::Curve { curve, metric, target, scale } => {
                let x = Decimal::try_from_i128_with_scale(x, *scale).map_err(|_| TooLarge)?;
                let share = curve.share(attainment(*metric, x, *target)?)?;
                Ok(Exact { num: times(share.num, i128::from(curve.on_target.0))?, den: share.den })
            }
        }
    }

    fn cut(&self, x: i128) -> Result<Vec<i128>, TooLarge> {
        let Self::Steps { steps, unit, whole, strictly, .. } = self else { return Ok(Vec::new()) };
        let reach = times(x.abs(), *unit)?;
        let held = holding(steps, reach, *strictly);
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

    fn bonuses(&self, x: i128) -> Result<Vec<i128>, TooLarge> {
        let Self::Steps { steps, unit, whole, strictly, .. } = self else { return Ok(Vec::new()) };
        let held = holding(steps, times(x.abs(), *unit)?, *strictly);
        let paid = |i: usize| x > 0 && if *whole { i == held } else { i <= held };
        let lies_here = steps.iter().any(|step| step.bonus != 0);
        Ok((0..steps.len()).map(|i| i128::from(lies_here && paid(i))).collect())
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
        let held = self.points.iter().rposition(|point| reached >= Ratio::from_decimal(point.at));
        let Some((i, left)) = held.and_then(|i| Some((i, self.points.get(i)?))) else { return Ok(Exact::ZERO) };
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
