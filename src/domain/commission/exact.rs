//! Exact arithmetic in 128-bit whole numbers: nothing is rounded before a statement line is.

use rust_decimal::Decimal;

use crate::domain::{
    metric::{Metric, Unit, Value},
    money::Money,
    rate::Ratio,
    target,
};

/// A number is beyond what can be calculated exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLarge;

/// An exact number of minor units (or a share) as a fraction that is not reduced, so that sums over one denominator
/// stay sums; the denominator is above zero.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exact {
    pub num: i128,
    pub den: i128,
}

impl Exact {
    pub(super) const ZERO: Self = Self { num: 0, den: 1 };

    /// `num / den` in lowest terms, with the sign on top. `None` for a denominator of zero.
    pub(super) fn new(num: i128, den: i128) -> Option<Self> {
        let common = gcd(num.unsigned_abs(), den.unsigned_abs());
        let common = i128::try_from(common).ok().filter(|common| *common != 0)?;
        let sign = if den < 0 { -1 } else { 1 };
        (den != 0).then_some(Self { num: num / common * sign, den: den / common * sign })
    }

    pub(super) fn of(decimal: Decimal) -> Self {
        let number = decimal.normalize();
        Self { num: number.mantissa(), den: power_of_ten(number.scale()) }
    }

    pub(super) fn plus(self, other: Self) -> Result<Self, TooLarge> {
        if self.num == 0 {
            return Ok(other);
        }
        if self.den == other.den {
            return Ok(Self { num: plus(self.num, other.num)?, den: self.den });
        }
        let num = plus(times(self.num, other.den)?, times(other.num, self.den)?)?;
        Self::new(num, times(self.den, other.den)?).ok_or(TooLarge)
    }

    /// Whole minor units, half away from zero.
    pub(super) fn rounded(self) -> Result<Money, TooLarge> {
        let (quotient, rest) = (self.num / self.den, self.num % self.den);
        let away = i128::from(rest.unsigned_abs() >= self.den.unsigned_abs() - rest.unsigned_abs());
        i64::try_from(quotient + away * self.num.signum()).map(Money).map_err(|_| TooLarge)
    }

    /// Floored towards −∞ to so many decimals: what a statement shows.
    pub(super) fn floored(self, decimals: u32) -> Result<Decimal, TooLarge> {
        let scaled = times(self.num, power_of_ten(decimals))?.div_euclid(self.den);
        Decimal::try_from_i128_with_scale(scaled, decimals).map_err(|_| TooLarge)
    }

    /// The exact decimal, if it has one.
    pub(super) fn decimal(self) -> Option<Decimal> {
        let reduced = Self::new(self.num, self.den)?;
        let scale = (0..=28).find(|scale| power_of_ten(*scale) % reduced.den == 0)?;
        let mantissa = reduced.num.checked_mul(power_of_ten(scale) / reduced.den)?;
        Decimal::try_from_i128_with_scale(mantissa, scale).ok()
    }
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// 10 to the power; up to 28 decimals, as many as a [`Decimal`] has.
pub(super) fn power_of_ten(exponent: u32) -> i128 {
    10_i128.pow(exponent.min(28))
}

/// `decimal × 10^scale`, exact; digits below the scale are an error.
pub(super) fn scaled(decimal: Decimal, scale: u32) -> Result<i128, TooLarge> {
    let number = decimal.normalize();
    let more = scale.checked_sub(number.scale()).ok_or(TooLarge)?;
    times(number.mantissa(), power_of_ten(more))
}

/// The decimals of the finest of these numbers.
pub(super) fn scale_of(decimals: impl Iterator<Item = Decimal>) -> u32 {
    decimals.map(|decimal| decimal.normalize().scale()).max().unwrap_or(0)
}

pub(super) fn times(a: i128, b: i128) -> Result<i128, TooLarge> {
    a.checked_mul(b).ok_or(TooLarge)
}

pub(super) fn plus(a: i128, b: i128) -> Result<i128, TooLarge> {
    a.checked_add(b).ok_or(TooLarge)
}

/// How much of a target was reached ([`target::attainment`]); the value and the target are in the metric's own unit.
pub(super) fn attainment(metric: Metric, actual: Decimal, target: Decimal) -> Result<Ratio, TooLarge> {
    let whole = |value| scaled(value, 0).and_then(|whole| i64::try_from(whole).map_err(|_| TooLarge));
    let actual = match metric.unit() {
        Unit::Count => Value::Count(whole(actual)?),
        Unit::Money => Value::Money(Money(whole(actual)?)),
        Unit::Fraction => Value::Fraction(Ratio::from_decimal(actual)),
    };
    Ok(target::attainment(metric, actual, target).0)
}
