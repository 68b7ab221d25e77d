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

/// A line of a deal in another currency, and how much of it came back so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sold {
    position: i32,
    original: Money,
    amount: Money,
    back: Money,
}

impl Sold {
    /// As much of an amount as is left of the line, in the line's direction.
    fn left_of(self, amount: Money) -> Money {
        let left = self.original - self.back;
        if left.0.signum() != amount.0.signum() {
            return Money::ZERO;
        }
        if left.0.abs() < amount.0.abs() { left } else { amount }
    }
}

/// What of a deal in another currency came back so far, step by step, so that all steps together take back the whole deal
/// and not a cent more.
///
/// Of NOK 100.01 at 0.0851 (EUR 8.51), NOK 50.00 are EUR 4.26 and the rest EUR 4.25.
#[derive(Clone, Debug)]
pub struct Returned {
    from: Currency,
    rate: Decimal,
    to: Currency,
    lines: Vec<Sold>,
    /// What came back in the deal's currency, and in the company's.
    back: (Money, Money),
}

impl Returned {
    /// Nothing yet of a deal in `from` at `rate`: its lines by position, each in `from` and in `to`.
    pub fn new(
        lines: impl IntoIterator<Item = (i32, Money, Money)>,
        from: Currency,
        rate: Decimal,
        to: Currency,
    ) -> Self {
        let sold = |(position, original, amount)| Sold { position, original, amount, back: Money::ZERO };
        Self { from, rate, to, lines: lines.into_iter().map(sold).collect(), back: (Money::ZERO, Money::ZERO) }
    }

    /// What the next step takes back in the company's currency: of its line what is back after it, less what was back before
    /// it. A step larger than its line goes on to the others, the first ones first: imported returns need not say of which
    /// line they are. The step that leaves nothing takes all that is left.
    pub fn step(&mut self, position: i32, original: Money) -> Option<Money> {
        let sum = |part: fn(&Sold) -> Money| self.lines.iter().map(part).sum::<Money>();
        let amount = if self.back.0 + original == sum(|line| line.original) {
            let whole = sum(|line| line.amount);
            for line in &mut self.lines {
                line.back = line.original;
            }
            whole - self.back.1
        } else {
            self.spread(position, original)?
        };
        self.back = (self.back.0 + original, self.back.1 + amount);
        Some(amount)
    }

    /// The same where it is known what the step took back.
    pub fn stepped(&mut self, position: i32, original: Money, amount: Money) {
        let before = self.back.1;
        // What does not fit an amount was never written.
        self.step(position, original);
        self.back.1 = before + amount;
    }

    fn spread(&mut self, position: i32, original: Money) -> Option<Money> {
        let mut order: Vec<usize> = (0..self.lines.len()).collect();
        order.sort_by_key(|&at| self.lines.get(at).is_none_or(|line| line.position != position));
        let (mut left, mut amount) = (original, Money::ZERO);
        for at in order {
            let Some(line) = self.lines.get_mut(at) else { continue };
            let part = line.left_of(left);
            amount += converted(line.back + part, self.from, self.rate, self.to)?
                - converted(line.back, self.from, self.rate, self.to)?;
            line.back += part;
            left -= part;
        }
        // More than was sold.
        Some(amount + converted(left, self.from, self.rate, self.to)?)
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

    #[test]
    fn one_return_of_several_lines_takes_back_what_they_came_to() {
        let (nok, eur) = (Currency::parse("NOK").unwrap(), Currency::parse("EUR").unwrap());
        let rate: Decimal = "0.0851".parse().unwrap();
        let sold = [(1, Money(10_001), Money(851)), (2, Money(5), Money(0))];
        let steps = |steps: &[(i32, i64)]| {
            let mut returned = Returned::new(sold, nok, rate, eur);
            steps.iter().map(|&(at, step)| returned.step(at, Money(step)).unwrap().0).collect::<Vec<_>>()
        };
        assert_eq!(steps(&[(1, 10_006)]), [851], "NOK 100.06 alone would be EUR 8.52");
        assert_eq!(steps(&[(1, 5_000), (1, 5_001), (2, 5)]), [426, 425, 0]);
        assert_eq!(steps(&[(1, 10_004), (2, 2)]), [851, 0]);
        assert_eq!(steps(&[(1, 10_006), (1, 10)]), [851, 1], "more than was sold");
    }

    proptest! {
        #[test]
        fn steps_take_the_whole_deal_back(
            lines in prop::collection::vec(1_i64..1_000_000, 1..5),
            steps in prop::collection::vec((0_i32..6, 0_i64..1_000_000), 0..8),
            rate in 1_i64..1_000_000,
        ) {
            let (nok, eur) = (Currency::parse("NOK").unwrap(), Currency::parse("EUR").unwrap());
            let rate = Decimal::new(rate, 4);
            let amounts: Vec<Money> = lines.iter().map(|line| converted(Money(*line), nok, rate, eur).unwrap()).collect();
            let whole: Money = amounts.iter().copied().sum();
            let sold = (1..).zip(&lines).zip(&amounts).map(|((position, line), amount)| (position, Money(*line), *amount));
            let mut returned = Returned::new(sold, nok, rate, eur);
            let (mut left, mut back) = (lines.iter().sum::<i64>(), Money::ZERO);
            // Whatever line a step names: never below zero, never more than the whole, and in the end the whole.
            for (position, step) in steps.into_iter().chain([(1, i64::MAX)]) {
                let step = step.min(left);
                let amount = returned.step(position, Money(step)).unwrap();
                prop_assert!(amount >= Money::ZERO);
                (left, back) = (left - step, back + amount);
                prop_assert!(back <= whole);
            }
            prop_assert_eq!(back, whole);
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
