//! Deals: their stages, how credits share them, and what is left of them to return.

use rust_decimal::Decimal;

use super::{id::UserId, money::Money, words::words};

words! {
    /// How far a deal has come.
    Stage {
        /// Still talked about.
        Open = "open", "Open";
        /// Booked: the only stage that counts.
        Won = "won", "Won";
        /// Somebody else got it, or nobody.
        Lost = "lost", "Lost";
        /// Given up before it was decided.
        Cancelled = "cancelled", "Cancelled";
    }
}

/// Who is credited with a deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credit {
    /// The rep.
    pub rep: UserId,
    /// Whole-number parts, 1 to 1,000,000: 2 beside 1 is two thirds.
    pub parts: u32,
    /// Credited apart: the split credits share the deal as if this one were not there.
    pub overlay: bool,
}

/// The amount of each credit. Each line is split over the split credits by largest remainder (ties by position), and the
/// parts are summed: they add up to the sum of the lines. An overlay credit stands for its parts ÷ the split credits'
/// parts of each line, rounded half away from zero, beside that sum.
///
/// Lines of 100.00 with parts 1, 1, 1 are 33.34, 33.33, 33.33; an overlay of 1 part beside one of 1 part is 100.00.
pub fn credit_amounts(lines: &[Money], credits: &[Credit]) -> Vec<Money> {
    let split: Vec<u32> = credits.iter().filter(|credit| !credit.overlay).map(|credit| credit.parts).collect();
    let total: Decimal = split.iter().map(|&parts| Decimal::from(parts)).sum();
    let mut sums = vec![Money::ZERO; split.len()];
    for line in lines {
        for (sum, part) in sums.iter_mut().zip(line.split(&split)) {
            *sum += part;
        }
    }
    let mut sums = sums.into_iter();
    credits
        .iter()
        .map(|credit| match credit.overlay {
            false => sums.next().unwrap_or_default(),
            true if total.is_zero() => Money::ZERO,
            true => {
                let share = |line: &Money| Money::from_exact(line.exact() * Decimal::from(credit.parts) / total);
                lines.iter().map(share).sum()
            }
        })
        .collect()
}

/// What a linked return of `amount` takes back of a line's cost and quantity, so that returns in several steps take back
/// the whole of it and not a cent more: the share of the line that is returned after this step, less that before it.
pub fn returned_part(line: Money, before: Money, amount: Money, of: Decimal, decimals: u32) -> Decimal {
    if line == Money::ZERO {
        return Decimal::ZERO;
    }
    let part = |returned: Money| {
        (of * returned.exact() / line.exact())
            .round_dp_with_strategy(decimals, rust_decimal::RoundingStrategy::MidpointAwayFromZero)
    };
    part(before + amount) - part(before)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(rep: i64, parts: u32) -> Credit {
        Credit { rep: UserId(rep), parts, overlay: false }
    }

    #[test]
    fn credits_share_line_by_line() {
        let thirds = [split(1, 1), split(2, 1), split(3, 1)];
        for (lines, parts) in [
            (vec![10_000], [3_334, 3_333, 3_333]),
            (vec![-10_000], [-3_334, -3_333, -3_333]),
            (vec![10_000, 10_000], [6_668, 6_666, 6_666]),
            (vec![1], [1, 0, 0]),
            (vec![], [0, 0, 0]),
        ] {
            let lines: Vec<Money> = lines.into_iter().map(Money).collect();
            assert_eq!(credit_amounts(&lines, &thirds), parts.map(Money), "{lines:?}");
        }
        assert_eq!(credit_amounts(&[Money(100)], &[split(1, 2), split(2, 1)]), [Money(67), Money(33)]);
        assert_eq!(credit_amounts(&[Money(100)], &[]), []);
    }

    #[test]
    fn an_overlay_takes_no_share() {
        let overlay = Credit { overlay: true, ..split(9, 1) };
        assert_eq!(credit_amounts(&[Money(10_000)], &[overlay, split(1, 1)]), [Money(10_000), Money(10_000)]);
        assert_eq!(
            credit_amounts(&[Money(10_001)], &[split(1, 1), overlay, split(2, 1)]),
            [Money(5_001), Money(5_001), Money(5_000)]
        );
        assert_eq!(credit_amounts(&[Money(10_000)], &[overlay]), [Money(0)]);
    }

    #[test]
    fn returns_in_steps_take_the_whole_cost_back() {
        let (line, cost) = (Money(10_000), Decimal::from(3_333));
        let (mut before, mut taken) = (Money::ZERO, Decimal::ZERO);
        for step in [3_333, 3_333, 3_334] {
            taken += returned_part(line, before, Money(step), cost, 0);
            before += Money(step);
        }
        assert_eq!(taken, cost);
        assert_eq!(returned_part(line, Money::ZERO, Money(5_000), Decimal::ONE, 3), Decimal::new(5, 1));
        assert_eq!(returned_part(Money::ZERO, Money::ZERO, Money::ZERO, cost, 0), Decimal::ZERO);
    }

    proptest! {
        #[test]
        fn split_credits_add_up_to_the_deal(
            lines in prop::collection::vec(-1_000_000_000_i64..1_000_000_000, 0..6),
            parts in prop::collection::vec((1_u32..1000, any::<bool>()), 1..6),
        ) {
            let lines: Vec<Money> = lines.into_iter().map(Money).collect();
            let mut credits: Vec<Credit> =
                parts.into_iter().map(|(parts, overlay)| Credit { overlay, ..split(1, parts) }).collect();
            credits.push(split(2, 1));
            let amounts = credit_amounts(&lines, &credits);
            let shared: Money = credits.iter().zip(&amounts).filter(|(c, _)| !c.overlay).map(|(_, amount)| *amount).sum();
            prop_assert_eq!(shared, lines.iter().copied().sum::<Money>());
            let back: Vec<Money> = lines.iter().map(|line| -*line).collect();
            let negated: Vec<Money> = amounts.into_iter().map(|amount| -amount).collect();
            prop_assert_eq!(credit_amounts(&back, &credits), negated);
        }
    }
}
