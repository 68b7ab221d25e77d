//! Amounts in another currency: what they are in the company's at a rate.

use rust_decimal::Decimal;

use super::money::{Currency, Money};

/// The most decimals of a rate.
pub const RATE_DECIMALS: u32 = 12;
/// The largest rate.
pub const MOST_RATE: i64 = 1_000_000_000;
/// The largest amount that comes of a conversion, in minor units: what a form takes too.
const MOST_MONEY: i64 = 100_000_000_000_000;

/// An amount in the company's currency: `original` is in minor units of `from`, `rate` what one unit of `from` is in
/// `to`. Rounded once to the minor unit, half away from zero. Nothing beyond 10¹⁴ minor units.
///
/// NOK 120,000.00 at 0.0851 are EUR 10,212.00; JPY 1,000 at 0.0062 are EUR 6.20.
pub fn converted(original: Money, from: Currency, rate: Decimal, to: Currency) -> Option<Money> {
    let product = i128::from(original.0).checked_mul(rate.mantissa())?;
    let shift = i64::from(rate.scale()) + i64::from(from.decimals()) - i64::from(to.decimals());
    let power = 10_i128.checked_pow(u32::try_from(shift.unsigned_abs()).ok()?)?;
    let minor = if shift <= 0 {
        product.checked_mul(power)?
    } else {
        // Twice the rest against the divisor: halves go away from zero.
        let up = product % power * 2;
        product / power + if up.abs() >= power { product.signum() } else { 0 }
    };
    i64::try_from(minor).ok().filter(|minor| minor.abs() <= MOST_MONEY).map(Money)
}

/// How much of a line came back so far: in the deal's currency, and what that is in the company's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Back {
    /// In the deal's currency, above zero.
    pub original: Money,
    /// In the company's.
    pub amount: Money,
}

impl Back {
    /// What the next step takes back in the company's currency: what is back after it, less what was back before it, so
    /// that steps take back the whole line and not a cent more.
    ///
    /// Of NOK 100.01 at 0.0851 (EUR 8.51), NOK 50.00 are EUR 4.26 and the rest EUR 4.25.
    pub fn step(self, original: Money, from: Currency, rate: Decimal, to: Currency) -> Option<Money> {
        Some(converted(self.original + original, from, rate, to)? - self.amount)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn convert(original: i64, from: &str, rate: &str, to: &str) -> Option<i64> {
        let currency = |code: &str| Currency::parse(code).unwrap();
        converted(Money(original), currency(from), rate.parse().unwrap(), currency(to)).map(|money| money.0)
    }

    #[test]
    fn minor_units_of_one_become_minor_units_of_the_other() {
        for (original, from, rate, to, expected) in [
            (12_000_000, "NOK", "0.0851", "EUR", 1_021_200),
            (1_000, "JPY", "0.0062", "EUR", 620),
            (620, "EUR", "161.29", "JPY", 1_000),
            (1_234, "KWD", "3.05", "EUR", 376),
            (100, "EUR", "0.3279", "KWD", 328),
            (500_000, "VND", "0.0000358", "EUR", 1_790),
            (5, "NOK", "0.1", "EUR", 1),
            (-5, "NOK", "0.1", "EUR", -1),
            (4, "NOK", "0.1", "EUR", 0),
            (100, "USD", "1", "EUR", 100),
            (100, "USD", "2.000", "EUR", 200),
        ] {
            assert_eq!(convert(original, from, rate, to), Some(expected), "{original} {from} at {rate}");
        }
        assert_eq!(convert(i64::MAX, "USD", "1000000000", "KWD"), None);
        assert_eq!(convert(100_000_000_000_000, "USD", "0.000000000001", "EUR"), Some(100));
    }

    proptest! {
        #[test]
        fn steps_take_the_whole_line_back(steps in prop::collection::vec(0_i64..1_000_000, 1..6), rate in 1_i64..1_000_000) {
            let (nok, eur) = (Currency::parse("NOK").unwrap(), Currency::parse("EUR").unwrap());
            let rate = Decimal::new(rate, 4);
            let mut back = Back::default();
            for step in steps {
                let amount = back.step(Money(step), nok, rate, eur).unwrap();
                back = Back { original: back.original + Money(step), amount: back.amount + amount };
            }
            prop_assert_eq!(Some(back.amount), converted(back.original, nok, rate, eur));
        }

        #[test]
        fn a_conversion_is_odd_and_never_off_by_more_than_half(original in -1_000_000_000_i64..1_000_000_000, rate in 1_i64..1_000_000) {
            let (nok, eur) = (Currency::parse("NOK").unwrap(), Currency::parse("EUR").unwrap());
            let rate = Decimal::new(rate, 4);
            let there = converted(Money(original), nok, rate, eur).unwrap();
            prop_assert_eq!(converted(Money(-original), nok, rate, eur), Some(-there));
            let off = (there.exact() - Decimal::from(original) * rate).abs();
            prop_assert!(off <= Decimal::new(5, 1));
        }
    }
}
