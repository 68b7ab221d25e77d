//! Exact fractions: growth rates, attainments and scores are compared without rounding, and rounded only to be shown.

use std::cmp::Ordering;

use rust_decimal::Decimal;

/// An exact fraction of whole numbers in lowest terms, the denominator above zero. It orders exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ratio {
    numerator: i128,
    denominator: i128,
}

impl Ratio {
    /// 0.
    pub const ZERO: Self = Self { numerator: 0, denominator: 1 };
    /// 1, which is 100 %.
    pub const ONE: Self = Self { numerator: 1, denominator: 1 };

    /// `numerator ÷ denominator`; nothing for a denominator of zero.
    pub fn new(numerator: i128, denominator: i128) -> Option<Self> {
        let divisor = i128::try_from(gcd(numerator.unsigned_abs(), denominator.unsigned_abs())).ok()?;
        if denominator == 0 {
            return None;
        }
        let sign = denominator.signum();
        Some(Self {
            numerator: (numerator / divisor).checked_mul(sign)?,
            denominator: (denominator / divisor).checked_mul(sign)?,
        })
    }

    /// The number above the line, in lowest terms.
    pub fn numerator(self) -> i128 {
        self.numerator
    }

    /// The number below the line, in lowest terms; above zero.
    pub fn denominator(self) -> i128 {
        self.denominator
    }

    /// A decimal as a fraction, exact.
    pub fn from_decimal(number: Decimal) -> Self {
        Self::new(number.mantissa(), 10_i128.pow(number.scale().min(28))).unwrap_or(Self::ZERO)
    }

    /// This ÷ other; nothing when the other is zero.
    pub fn divided_by(self, other: Self) -> Option<Self> {
        if other.numerator == 0 {
            return None;
        }
        let sign = other.numerator.signum();
        Some(self.times(Self { numerator: other.denominator * sign, denominator: other.numerator.abs() }))
    }

    /// The product. Exact as long as it fits 127 bits, which amounts up to 10¹⁴ and rates of 6 decimals do.
    #[must_use]
    pub fn times(self, other: Self) -> Self {
        exactly(self, other, |a, b| {
            let (left, right) =
                (cross_reduced(a.numerator, b.denominator)?, cross_reduced(b.numerator, a.denominator)?);
            Some((left.0.checked_mul(right.0)?, left.1.checked_mul(right.1)?))
        })
    }

    /// The sum. Exact as long as it fits 127 bits.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        exactly(self, other, |a, b| {
            let divisor = i128::try_from(gcd(a.denominator.unsigned_abs(), b.denominator.unsigned_abs())).ok()?;
            let (left, right) = (b.denominator / divisor, a.denominator / divisor);
            Some((
                a.numerator.checked_mul(left)?.checked_add(b.numerator.checked_mul(right)?)?,
                a.denominator.checked_mul(left)?,
            ))
        })
    }

    /// The difference. Exact as long as it fits 127 bits.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        self.plus(Self { numerator: -other.numerator, denominator: other.denominator })
    }

    /// The largest whole number that is not above it.
    pub fn floor(self) -> i128 {
        self.numerator.div_euclid(self.denominator)
    }

    /// Rounded to so many decimals (at most 9), half away from zero: how exports print it.
    pub fn rounded(self, decimals: u32) -> Decimal {
        let decimals = decimals.min(9);
        let scaled = self.times(whole(10_i128.pow(decimals)));
        let (numerator, denominator) = (scaled.numerator.unsigned_abs(), scaled.denominator.unsigned_abs());
        let up = numerator % denominator >= denominator.div_ceil(2);
        let size = i128::try_from(numerator / denominator + u128::from(up)).unwrap_or(i128::MAX);
        decimal(size * scaled.numerator.signum(), decimals)
    }

    /// As a percentage cut (towards −∞) to so many decimals (at most 9): how attainments are shown.
    /// 99.996 % with two decimals is 99.99.
    pub fn percent_floored(self, decimals: u32) -> Decimal {
        let decimals = decimals.min(9);
        decimal(self.times(whole(100 * 10_i128.pow(decimals))).floor(), decimals)
    }

    /// The nearest decimal, with up to 18 decimals: for arithmetic that ends in money.
    pub fn decimal(self) -> Decimal {
        match (
            Decimal::try_from_i128_with_scale(self.numerator, 0),
            Decimal::try_from_i128_with_scale(self.denominator, 0),
        ) {
            (Ok(numerator), Ok(denominator)) => numerator.checked_div(denominator).unwrap_or(Decimal::ZERO),
            _ => self.rounded(9),
        }
    }
}

impl From<i64> for Ratio {
    fn from(number: i64) -> Self {
        whole(i128::from(number))
    }
}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ratio {
    /// Exact for every value: whole parts first, then the reciprocals of what remains (no product can overflow).
    fn cmp(&self, other: &Self) -> Ordering {
        let (mut a, mut b) = (*self, *other);
        let mut turned = false;
        loop {
            let order = a.floor().cmp(&b.floor());
            let rest = |r: Self| r.numerator.rem_euclid(r.denominator);
            let order = match (order, rest(a), rest(b)) {
                (Ordering::Equal, 0, 0) => return Ordering::Equal,
                (Ordering::Equal, 0, _) => Ordering::Less,
                (Ordering::Equal, _, 0) => Ordering::Greater,
                (Ordering::Equal, rest_a, rest_b) => {
                    a = Self { numerator: a.denominator, denominator: rest_a };
                    b = Self { numerator: b.denominator, denominator: rest_b };
                    turned = !turned;
                    continue;
                }
                (order, ..) => order,
            };
            return if turned { order.reverse() } else { order };
        }
    }
}

fn whole(number: i128) -> Ratio {
    Ratio { numerator: number, denominator: 1 }
}

fn decimal(number: i128, scale: u32) -> Decimal {
    Decimal::try_from_i128_with_scale(number, scale).unwrap_or(if number < 0 { Decimal::MIN } else { Decimal::MAX })
}

fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Two factors that will be divided by each other, without what they have in common.
fn cross_reduced(numerator: i128, denominator: i128) -> Option<(i128, i128)> {
    Ratio::new(numerator, denominator).map(|r| (r.numerator, r.denominator))
}

/// The result of an operation, exact if 127 bits hold it; else of the operands cut to 9 decimals (beyond 10²⁹, which no
/// amount reaches, zero).
fn exactly(a: Ratio, b: Ratio, operation: impl Fn(Ratio, Ratio) -> Option<(i128, i128)>) -> Ratio {
    let result = |a, b| operation(a, b).and_then(|(numerator, denominator)| Ratio::new(numerator, denominator));
    result(a, b).or_else(|| result(cut(a), cut(b))).unwrap_or(Ratio::ZERO)
}

fn cut(r: Ratio) -> Ratio {
    const UNIT: i128 = 1_000_000_000;
    let (whole_part, rest) = (r.floor(), r.numerator.rem_euclid(r.denominator));
    let (rest, denominator) =
        if r.denominator > i128::MAX / UNIT { (rest / UNIT, r.denominator / UNIT) } else { (rest, r.denominator) };
    let fraction = rest * UNIT / denominator;
    whole_part.checked_mul(UNIT).and_then(|n| Ratio::new(n.checked_add(fraction)?, UNIT)).unwrap_or(whole(whole_part))
}

impl From<Decimal> for Ratio {
    fn from(number: Decimal) -> Self {
        Self::from_decimal(number)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ratio(numerator: i128, denominator: i128) -> Ratio {
        Ratio::new(numerator, denominator).unwrap()
    }

    #[test]
    fn fractions_are_exact() {
        assert_eq!(ratio(1, 3).plus(ratio(2, 3)), Ratio::ONE);
        assert_eq!(ratio(2, -4), ratio(-1, 2));
        assert_eq!(ratio(1, 3).times(ratio(3, 1)), Ratio::ONE);
        assert_eq!(ratio(1, 3).divided_by(ratio(-2, 3)), Some(ratio(-1, 2)));
        assert_eq!(ratio(1, 3).divided_by(Ratio::ZERO), None);
        assert_eq!(Ratio::new(1, 0), None);
        assert_eq!(Ratio::from_decimal("0.050".parse().unwrap()), ratio(1, 20));
    }

    #[test]
    fn percent_is_floored() {
        let shown = |n, d| ratio(n, d).percent_floored(2).to_string();
        assert_eq!(shown(99_996, 100_000), "99.99");
        assert_eq!(shown(1, 1), "100.00");
        assert_eq!(shown(-1, 3), "-33.34");
        assert_eq!(shown(2, 3), "66.66");
    }

    #[test]
    fn exports_round_half_away_from_zero() {
        let shown = |n, d| ratio(n, d).rounded(6).to_string();
        assert_eq!(shown(1, 3), "0.333333");
        assert_eq!(shown(-2, 3), "-0.666667");
        assert_eq!(shown(5, 10_000_000), "0.000001");
        assert_eq!(shown(-5, 10_000_000), "-0.000001");
        assert_eq!(shown(4, 10_000_000), "0.000000");
        assert_eq!(shown(0, 7), "0.000000");
    }

    #[test]
    fn huge_fractions_compare_and_do_not_overflow() {
        let (a, b) = (ratio(i128::MAX, 2), ratio(i128::MAX - 2, 2));
        assert!(a > b);
        assert!(b < a);
        assert_eq!(a, ratio(i128::MAX, 2));
        let tiny = ratio(1, i128::MAX).plus(ratio(1, i128::MAX - 1));
        assert!(tiny >= Ratio::ZERO && tiny < ratio(1, 1_000_000_000));
    }

    proptest! {
        #[test]
        fn order_is_that_of_cross_multiplication(a in -1000..1000_i128, b in 1..1000_i128, c in -1000..1000_i128, d in 1..1000_i128) {
            prop_assert_eq!(ratio(a, b).cmp(&ratio(c, d)), (a * d).cmp(&(c * b)));
            prop_assert_eq!(ratio(a, b).plus(ratio(c, d)).minus(ratio(c, d)), ratio(a, b));
            prop_assert_eq!(ratio(a, b).floor(), a.div_euclid(b));
        }
    }
}
