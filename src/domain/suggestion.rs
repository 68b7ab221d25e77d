//! A target suggested from what somebody did before: a percentile of the last periods.

use rust_decimal::Decimal;

use super::{
    metric::{self, Facts, Metric, Unit},
    money::Money,
    rate::Ratio,
    words::words,
};

words! {
    /// How ambitious a suggestion is: which share of the earlier periods it would have beaten or met.
    Percentile {
        /// As many periods above as below.
        Median = "50", "Median";
        /// A little more than usual.
        Sixty = "60", "60th percentile";
        /// Reached in one of four periods.
        SeventyFive = "75", "75th percentile";
    }
}

/// How many periods a suggestion looks back at.
pub const MOST: usize = 12;
/// With fewer there is no suggestion.
pub const FEWEST: usize = 3;

impl Percentile {
    fn percent(self) -> i128 {
        match self {
            Self::Median => 50,
            Self::Sixty => 60,
            Self::SeventyFive => 75,
        }
    }

    /// What it is called for a limit, where fewer is better: as ambitious from the other side.
    pub fn label_of_limit(self) -> &'static str {
        match self {
            Self::Median => "median",
            Self::Sixty => "40th percentile",
            Self::SeventyFive => "25th percentile",
        }
    }
}

/// How many of the periods (oldest first) are there to look at: none before the first in which anything happened.
pub fn begun(history: &[Facts]) -> &[Facts] {
    let first = history.iter().position(|facts| {
        let some = |amount: Option<Money>| amount.filter(|amount| *amount != Money::ZERO);
        // What a base holds is no deed of the period, and neither is a minimum that nobody met.
        let deeds = Facts {
            net_sales_base: None,
            net_sales_whole_base: None,
            growth_new: some(facts.growth_new),
            cross_sell_sales: some(facts.cross_sell_sales),
            cross_sell_count: facts.cross_sell_count.filter(|count| *count != 0),
            gross_margin: some(facts.gross_margin),
            visit_minimum: None,
            buying_customers: None,
            time: facts.time.filter(|time| time.all != 0),
            largest: None,
            book: facts.book.filter(|book| !book.is_empty()),
            ..*facts
        };
        deeds != Facts::default()
    });
    first.and_then(|first| history.get(first..)).unwrap_or_default()
}

/// The percentile of a metric over the periods, between two neighbours in proportion; of a limit from the other side.
/// A count is whole, half up; an amount in whole hundreds of minor units; a rate in tenths of a percent. At least 0 but
/// for rates. Nothing with fewer than [`FEWEST`] values: a period without a base has no rate.
pub fn suggested(metric: Metric, history: &[Facts], percentile: Percentile) -> Option<Decimal> {
    let mut values: Vec<Ratio> =
        history.iter().filter_map(|facts| Some(metric::value(metric, facts)?.exact())).collect();
    if values.len() < FEWEST {
        return None;
    }
    values.sort_unstable();
    let percent = if metric.is_limit() { 100 - percentile.percent() } else { percentile.percent() };
    let steps = i128::try_from(values.len() - 1).ok()?;
    let place = Ratio::new(percent * steps, 100)?;
    let below = usize::try_from(place.floor()).ok()?;
    let from = *values.get(below)?;
    let to = values.get(below + 1).copied().unwrap_or(from);
    let value = from.plus(to.minus(from).times(place.minus(Ratio::new(place.floor(), 1)?)));
    let hundred = Ratio::from(100);
    Some(match metric.unit() {
        Unit::Count => value.rounded(0).max(Decimal::ZERO),
        Unit::Money => (value.divided_by(hundred)?.rounded(0) * Decimal::ONE_HUNDRED).max(Decimal::ZERO),
        Unit::Fraction => value.rounded(3),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn visits(counts: &[i64]) -> Vec<Facts> {
        counts.iter().map(|&visits| Facts { visits, lost_customers: visits, ..Facts::default() }).collect()
    }

    fn of(metric: Metric, counts: &[i64], percentile: Percentile) -> Option<String> {
        Some(suggested(metric, &visits(counts), percentile)?.normalize().to_string())
    }

    #[test]
    fn a_percentile_lies_between_its_neighbours() {
        let twelve = [80, 92, 75, 88, 95, 70, 84, 90, 78, 86, 99, 82];
        for (counts, percentile, expected) in [
            (&twelve[..], Percentile::Median, Some("85")),  // between 84 and 86
            (&twelve, Percentile::Sixty, Some("87")),       // 6.6 steps up: 86 + 0.6 × 2 = 87.2
            (&twelve, Percentile::SeventyFive, Some("91")), // 8.25 steps: 90 + 0.25 × 2 = 90.5, half up
            (&[1, 2, 3], Percentile::Median, Some("2")),
            (&[5, 5, 5, 5], Percentile::SeventyFive, Some("5")),
            (&[5, 6], Percentile::Median, None),
            (&[], Percentile::Median, None),
            (&[-3, -2, -1], Percentile::Median, Some("0")),
        ] {
            assert_eq!(of(Metric::Visits, counts, percentile).as_deref(), expected, "{counts:?} {percentile:?}");
        }
        assert_eq!(of(Metric::LostCustomers, &[0, 1, 2, 3, 4], Percentile::SeventyFive).as_deref(), Some("1"));
    }

    #[test]
    fn amounts_are_whole_and_rates_in_tenths_of_a_percent() {
        let month = |net, base| Facts { net_sales: Money(net), net_sales_base: base, ..Facts::default() };
        let months = [month(100_049, Some(Money(90_000))), month(100_050, None), month(200_000, Some(Money(0)))];
        assert_eq!(suggested(Metric::NetSales, &months, Percentile::Median), Some(100_100.into()));
        assert_eq!(suggested(Metric::SalesGrowth, &months, Percentile::Median), None, "one has a base");
        let grown = [(110, 100), (104, 100), (100, 99)].map(|(net, base)| month(net, Some(Money(base))));
        assert_eq!(suggested(Metric::SalesGrowth, &grown, Percentile::Median), Some(Decimal::new(4, 2)));
    }

    #[test]
    fn what_was_before_anything_happened_does_not_count() {
        let base = Facts { net_sales_base: Some(Money(5)), ..Facts::default() };
        let history = [base, base, visits(&[1])[0], base, visits(&[3])[0]];
        assert_eq!(begun(&history).len(), 3, "a month without anything in between does");
        assert_eq!(begun(&[base, base]), []);
    }

    proptest! {
        #[test]
        fn more_ambition_never_asks_for_less(counts in proptest::collection::vec(0_i64..500, 3..13)) {
            let all = visits(&counts);
            let each = |metric| Percentile::ALL.map(|percentile| suggested(metric, &all, percentile).unwrap());
            let [median, sixty, most] = each(Metric::Visits);
            prop_assert!(median <= sixty && sixty <= most);
            let (least, highest) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
            prop_assert!(median >= Decimal::from(*least) && most <= Decimal::from(*highest));
            let [median, sixty, most] = each(Metric::LostCustomers);
            prop_assert!(median >= sixty && sixty >= most);
        }
    }
}
