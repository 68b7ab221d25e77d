//! The scorecard: several attainments as one exact number, and the ranks that follow from it.

use rust_decimal::Decimal;

use super::{metric::Metric, rate::Ratio, target::Attainment};

/// What each metric weighs in the one number, and how much of an attainment counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scorecard {
    /// Metrics and their weights, each at least 0.
    pub weights: Vec<(Metric, Decimal)>,
    /// The most that one attainment counts for.
    pub cap: Ratio,
}

impl Default for Scorecard {
    /// Growth 40, new customers 25, lost customers 20, visits 15; at most 150 % each.
    fn default() -> Self {
        let weights =
            [(Metric::SalesGrowth, 40), (Metric::NewCustomers, 25), (Metric::LostCustomers, 20), (Metric::Visits, 15)];
        Self {
            weights: weights.map(|(metric, weight)| (metric, Decimal::from(weight))).to_vec(),
            cap: Ratio::from_decimal(Decimal::new(15, 1)),
        }
    }
}

impl Scorecard {
    /// Σ weight × attainment (capped) ÷ Σ weight over the metrics that have an attainment; nothing if none has.
    pub fn score(&self, attainment: impl Fn(Metric) -> Option<Attainment>) -> Option<Attainment> {
        let (mut sum, mut weights) = (Ratio::ZERO, Ratio::ZERO);
        for &(metric, weight) in &self.weights {
            if let Some(Attainment(share)) = attainment(metric) {
                let weight = Ratio::from_decimal(weight);
                sum = sum.plus(weight.times(share.min(self.cap)));
                weights = weights.plus(weight);
            }
        }
        sum.divided_by(weights).map(Attainment)
    }
}

/// A place on a leaderboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranked<T> {
    /// 1, 1, 3 …; nothing for who has no score.
    pub rank: Option<usize>,
    /// Who.
    pub item: T,
}

/// Ranks by exact score, best first: equal scores share a rank (1, 1, 3), then by name; who has none comes last.
pub fn ranked<T>(
    items: impl IntoIterator<Item = T>,
    score: impl Fn(&T) -> Option<Attainment>,
    name: impl Fn(&T) -> String,
) -> Vec<Ranked<T>> {
    let mut scored: Vec<_> =
        items.into_iter().map(|item| (std::cmp::Reverse(score(&item)), name(&item), item)).collect();
    scored.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
    let mut places: Vec<Ranked<T>> = Vec::with_capacity(scored.len());
    let mut last = None;
    for (place, (std::cmp::Reverse(score), _, item)) in scored.into_iter().enumerate() {
        let rank = score.map(|score| match last {
            Some((rank, same)) if same == score => rank,
            _ => place + 1,
        });
        last = rank.zip(score);
        places.push(Ranked { rank, item });
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reached(percent: i128) -> Option<Attainment> {
        Ratio::new(percent, 100).map(Attainment)
    }

    fn score(growth: Option<i128>, new: Option<i128>, lost: Option<i128>, visits: Option<i128>) -> Option<String> {
        let of = |metric| match metric {
            Metric::SalesGrowth => growth.and_then(reached),
            Metric::NewCustomers => new.and_then(reached),
            Metric::LostCustomers => lost.and_then(reached),
            Metric::Visits => visits.and_then(reached),
            _ => None,
        };
        Scorecard::default().score(of).map(|score| score.percent().to_string())
    }

    #[test]
    fn weights_are_rescaled_over_what_has_an_attainment() {
        assert_eq!(score(Some(100), Some(100), Some(100), Some(100)).as_deref(), Some("100.00"));
        assert_eq!(score(Some(50), Some(100), Some(200), Some(80)).as_deref(), Some("87.00")); // 20 + 25 + 30 + 12
        assert_eq!(score(None, Some(100), None, Some(20)).as_deref(), Some("70.00")); // (25 + 3) ÷ 40
        assert_eq!(score(None, None, Some(900), None).as_deref(), Some("150.00"));
        assert_eq!(score(None, None, None, None), None);
    }

    #[test]
    fn equal_scores_share_a_rank_and_go_by_name() {
        let third = |n| Ratio::new(n, 3).map(Attainment);
        let people = [
            ("Zoe", third(2)),
            ("Amina", third(1).map(|a| Attainment(a.0.plus(a.0)))),
            ("Piet", reached(66)),
            ("Karin", None),
            ("Bo", None),
            ("Ada", reached(99)),
        ];
        let board = ranked(people, |p| p.1, |p| p.0.to_owned());
        let places: Vec<_> = board.iter().map(|place| (place.rank, place.item.0)).collect();
        assert_eq!(
            places,
            [(Some(1), "Ada"), (Some(2), "Amina"), (Some(2), "Zoe"), (Some(4), "Piet"), (None, "Bo"), (None, "Karin")]
        );
    }
}
