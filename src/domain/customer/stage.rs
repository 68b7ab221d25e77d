//! Where a customer stands on a day, since when and why, and whether it is slipping away.

use time::Date;

use super::{
    events::{Event, EventKind, events},
    facts::{EndingKind, History, full_returns},
};
use crate::domain::{
    id::DealId,
    money::Money,
    period::{Dates, add_days, add_months},
    words::words,
};

/// A stage of the lifecycle, with what made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Has not bought, or gave everything back.
    Prospect,
    /// Within the first months from its first sale.
    New {
        /// The first sale's date.
        since: Date,
        /// The first sale.
        deal: Option<DealId>,
        /// The first day on which it is not a new one any more.
        until: Date,
    },
    /// Buys for longer than that.
    Existing {
        /// When it grew out of being new or won back; or since when it buys, if that was before the first recorded sale.
        since: Date,
    },
    /// Lapsed or was declared lost.
    Lost {
        /// The day of the loss.
        since: Date,
    },
    /// Came back, until the second sale after the loss.
    WonBack {
        /// The win-back's date.
        since: Date,
        /// The sale that won it back.
        deal: Option<DealId>,
    },
    /// The relation ended otherwise.
    Ended {
        /// From when on.
        since: Date,
        /// How.
        kind: EndingKind,
    },
}

impl Stage {
    /// Which of the stages it is.
    pub fn kind(self) -> StageKind {
        match self {
            Self::Prospect => StageKind::Prospect,
            Self::New { .. } => StageKind::New,
            Self::Existing { .. } => StageKind::Existing,
            Self::Lost { .. } => StageKind::Lost,
            Self::WonBack { .. } => StageKind::WonBack,
            Self::Ended { .. } => StageKind::Ended,
        }
    }
}

words! {
    /// A stage of the lifecycle.
    StageKind {
        /// Has not bought, or gave everything back.
        Prospect = "prospect", "Prospect";
        /// Within the first months from its first sale.
        New = "new", "New";
        /// Buys for longer than that.
        Existing = "existing", "Existing";
        /// Came back, until the second sale after the loss.
        WonBack = "won_back", "Won back";
        /// Lapsed or was declared lost.
        Lost = "lost", "Lost";
        /// The relation ended otherwise.
        Ended = "ended", "Ended";
    }
}

impl StageKind {
    /// Whether the customer buys from us in this stage.
    pub fn is_buying(self) -> bool {
        matches!(self, Self::New | Self::Existing | Self::WonBack)
    }
}

/// A sign that a buying customer is slipping away: a warning, never pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warning {
    /// Silent for more than one and a half times its usual interval.
    Silent {
        /// Days since the last sale.
        days: i64,
        /// The usual interval: median of the last eight gaps between sale days, rounded up to whole days.
        usual: i64,
    },
    /// The last 90 days sold less than 60 % of the same days a year before.
    Falling {
        /// Net sales of the last 90 days.
        now: Money,
        /// Net sales of the same days a year before.
        before: Money,
    },
}

/// A customer on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its stage.
    pub stage: Stage,
    /// Why it is at risk; empty when it is not.
    pub warnings: Vec<Warning>,
    /// The day on which it will count as lost if it buys nothing more.
    pub lost_on: Option<Date>,
    /// The day of its last sale.
    pub last_sale: Option<Date>,
}

/// Where the customer stands on a day, knowing what is dated up to that day.
pub fn standing(history: &History, on: Date) -> Standing {
    let mut known = history.clone();
    known.deals.retain(|deal| deal.booked_on <= on);
    known.endings.retain(|ending| ending.on <= on);
    let events = events(&known);
    let sale_days = sale_days(&known);
    let past = events.iter().take_while(|event| event.on <= on);
    let stage = ended(&known, &sale_days).unwrap_or_else(|| bought(&known, past, on));
    let lost_on = events.iter().find(|event| event.on > on && event.kind == EventKind::Lost).map(|event| event.on);
    Standing {
        stage,
        warnings: if stage.kind().is_buying() { warnings(&known, &sale_days, on) } else { Vec::new() },
        lost_on: lost_on.filter(|_| stage.kind().is_buying()),
        last_sale: sale_days.last().copied(),
    }
}

/// The latest end of the relation that no later sale superseded.
fn ended(known: &History, sale_days: &[Date]) -> Option<Stage> {
    let last_sale = sale_days.last().copied();
    known
        .endings
        .iter()
        .filter(|ending| ending.kind != EndingKind::DeclaredLost && last_sale.is_none_or(|sale| sale <= ending.on))
        .max_by_key(|ending| ending.on)
        .map(|ending| Stage::Ended { since: ending.on, kind: ending.kind })
}

/// The stage that the events lead to.
fn bought<'a>(known: &History, past: impl Iterator<Item = &'a Event>, on: Date) -> Stage {
    let mut stage = known.customer_since.map_or(Stage::Prospect, |since| Stage::Existing { since });
    let mut last_loss = None;
    for event in past {
        let (since, deal) = (event.on, event.deal);
        stage = match event.kind {
            EventKind::FirstSale => Stage::New { since, deal, until: event.new_until.unwrap_or(since) },
            EventKind::FirstSaleUndone => Stage::Prospect,
            EventKind::WonBack => Stage::WonBack { since, deal },
            EventKind::Lost => {
                last_loss = Some(since);
                Stage::Lost { since }
            }
            // Undone after the first sale was, it is a prospect already.
            EventKind::WonBackUndone if matches!(stage, Stage::Prospect) => stage,
            EventKind::WonBackUndone => Stage::Lost { since: last_loss.unwrap_or(since) },
        };
    }
    match stage {
        Stage::New { until, .. } if until <= on => Stage::Existing { since: until },
        Stage::WonBack { since, deal } => {
            second_sale(known, since, deal).map_or(stage, |since| Stage::Existing { since })
        }
        _ => stage,
    }
}

/// The next sale after the one that won the customer back, if it was not returned.
fn second_sale(known: &History, since: Date, won_back: Option<DealId>) -> Option<Date> {
    let returned = full_returns(&known.deals);
    known
        .deals
        .iter()
        .filter(|deal| deal.net > Money::ZERO && deal.booked_on >= since && Some(deal.id) != won_back)
        .filter(|deal| !returned.contains_key(&deal.id))
        .map(|deal| deal.booked_on)
        .min()
}

/// The distinct days of sales, in order; also of sales that were returned later.
fn sale_days(known: &History) -> Vec<Date> {
    let mut days: Vec<Date> =
        known.deals.iter().filter(|deal| deal.net > Money::ZERO).map(|deal| deal.booked_on).collect();
    days.sort_unstable();
    days.dedup();
    days
}

fn warnings(known: &History, sale_days: &[Date], on: Date) -> Vec<Warning> {
    let [now, before] = compared(on).map(|days| {
        known.deals.iter().filter(|deal| days.contains(deal.booked_on)).map(|deal| deal.net).sum::<Money>()
    });
    warnings_of(sale_days, now, before, on)
}

/// The days whose sales a warning compares: the 90 that end on this one, and the same a year before.
pub fn compared(on: Date) -> [Dates; 2] {
    let year_ago = |day| add_days(add_months(day, -12), 1);
    [
        Dates { from: add_days(on, -89), to: add_days(on, 1) },
        Dates { from: year_ago(add_days(on, -90)), to: year_ago(on) },
    ]
}

/// Why a buying customer is at risk on a day: from its last sale days in order (nine are enough), the net sales of the
/// 90 days that end on it, and those of the same days a year before.
pub fn warnings_of(sale_days: &[Date], now: Money, before: Money, on: Date) -> Vec<Warning> {
    [silent(sale_days, on), falling(now, before)].into_iter().flatten().collect()
}

fn silent(sale_days: &[Date], on: Date) -> Option<Warning> {
    let days = (on - *sale_days.last()?).whole_days();
    let usual = usual_interval(sale_days)?;
    (2 * days > 3 * usual).then_some(Warning::Silent { days, usual })
}

/// The median of the last eight gaps between sale days, rounded up to whole days; nothing below four gaps.
pub fn usual_interval(sale_days: &[Date]) -> Option<i64> {
    let mut gaps: Vec<i64> =
        sale_days.iter().zip(sale_days.iter().skip(1)).map(|(a, b)| (*b - *a).whole_days()).rev().take(8).collect();
    gaps.sort_unstable();
    let upper = *gaps.get(gaps.len() / 2).filter(|_| gaps.len() >= 4)?;
    let lower = *gaps.get((gaps.len() - 1) / 2)?;
    Some((lower + upper + 1).div_euclid(2))
}

fn falling(now: Money, before: Money) -> Option<Warning> {
    let below = i128::from(now.0) * 100 < i128::from(before.0) * 60;
    (before > Money::ZERO && below).then_some(Warning::Falling { now, before })
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;
    use crate::domain::customer::facts::{DealFact, Ending};

    const DAY: Date = date!(2025 - 01 - 10);

    fn deal(number: i64, days: i64, net: i64) -> DealFact {
        let booked_on = add_days(DAY, days);
        DealFact { id: DealId(number), number, booked_on, net: Money(net), returns: None, primary_rep: None }
    }

    fn bought(deals: &[DealFact]) -> History {
        History { deals: deals.to_vec(), ..History::default() }
    }

    fn at(history: &History, days: i64) -> String {
        let on = add_days(DAY, days);
        let standing = standing(history, on);
        let since = match standing.stage {
            Stage::Prospect => None,
            Stage::New { since, .. }
            | Stage::Existing { since }
            | Stage::Lost { since }
            | Stage::WonBack { since, .. }
            | Stage::Ended { since, .. } => Some(since),
        };
        let days = |date: Option<Date>| date.map_or("-".to_owned(), |date| (date - DAY).whole_days().to_string());
        format!("{} since {}, lost on {}", standing.stage.kind().as_str(), days(since), days(standing.lost_on))
    }

    #[test]
    fn a_customer_goes_through_its_stages() {
        let life = bought(&[deal(1, 0, 10), deal(2, 300, 10), deal(3, 330, 10)]);
        assert_eq!(at(&life, -1), "prospect since -, lost on -");
        assert_eq!(at(&life, 0), "new since 0, lost on 181");
        assert_eq!(at(&life, 180), "new since 0, lost on 181");
        assert_eq!(at(&life, 181), "lost since 181, lost on -");
        assert_eq!(at(&life, 300), "won_back since 300, lost on 481");
        assert_eq!(at(&life, 329), "won_back since 300, lost on 481");
        assert_eq!(at(&life, 330), "existing since 330, lost on 511");
        let steady = bought(&[deal(1, 0, 10), deal(2, 170, 10), deal(3, 340, 10)]);
        assert_eq!(at(&steady, 364), "new since 0, lost on 521");
        assert_eq!(at(&steady, 365), "existing since 365, lost on 521");
    }

    #[test]
    fn who_bought_before_exists_from_then_on() {
        let old = History { customer_since: Some(add_days(DAY, -900)), ..History::default() };
        assert_eq!(at(&old, 0), "existing since -900, lost on -");
    }

    #[test]
    fn what_is_undone_falls_back() {
        let back = |number, days, returns| DealFact { returns: Some(DealId(returns)), ..deal(number, days, -10) };
        let first = bought(&[deal(1, 0, 10), back(2, 5, 1)]);
        assert_eq!(
            (at(&first, 4), at(&first, 5)),
            ("new since 0, lost on 181".into(), "prospect since -, lost on -".into())
        );
        let again = bought(&[deal(1, 0, 10), deal(2, 200, 10), back(3, 205, 2)]);
        assert_eq!(at(&again, 204), "won_back since 200, lost on 381");
        assert_eq!(at(&again, 205), "lost since 181, lost on -");
        let all = bought(&[deal(1, 0, 10), deal(2, 200, 10), back(3, 205, 2), back(4, 206, 1)]);
        assert_eq!(at(&all, 206), "prospect since -, lost on -");
    }

    #[test]
    fn an_ending_ends_every_stage_until_the_next_sale() {
        let closed = vec![Ending { on: add_days(DAY, 20), kind: EndingKind::Closed }];
        let life = History { endings: closed, ..bought(&[deal(1, 0, 10), deal(2, 40, 10)]) };
        assert_eq!(at(&life, 20), "ended since 20, lost on -");
        assert_eq!(at(&life, 39), "ended since 20, lost on -");
        assert_eq!(at(&life, 40), "new since 0, lost on 221");
        let declared = vec![Ending { on: add_days(DAY, 20), kind: EndingKind::DeclaredLost }];
        let lost = History { endings: declared, ..bought(&[deal(1, 0, 10)]) };
        assert_eq!(
            (at(&lost, 19), at(&lost, 20)),
            ("new since 0, lost on 181".into(), "lost since 20, lost on -".into())
        );
    }

    fn warned(history: &History, days: i64) -> Vec<Warning> {
        standing(history, add_days(DAY, days)).warnings
    }

    #[test]
    fn silence_is_measured_against_the_usual_interval() {
        let days = |days: &[i64]| days.iter().map(|day| add_days(DAY, *day)).collect::<Vec<_>>();
        assert_eq!(usual_interval(&days(&[0, 10, 20, 30])), None); // three gaps
        assert_eq!(usual_interval(&days(&[0, 10, 20, 30, 51])), Some(10));
        assert_eq!(usual_interval(&days(&[0, 1, 3, 6, 10])), Some(3)); // 1 2 3 4: 2.5 rounded up
        // Nine gaps: the first one is forgotten.
        assert_eq!(usual_interval(&days(&[0, 100, 101, 102, 103, 104, 106, 108, 110, 112])), Some(2));
        let weekly: Vec<_> = (0..6).map(|n| deal(n + 1, 7 * n, 10)).collect();
        assert_eq!(warned(&bought(&weekly), 35 + 10), []); // 10 ≤ 10.5
        assert_eq!(warned(&bought(&weekly), 35 + 11), [Warning::Silent { days: 11, usual: 7 }]);
        // Two deals of one day are one sale day.
        let twice = [&weekly[..], &[deal(9, 35, 10)]].concat();
        assert_eq!(warned(&bought(&twice), 35 + 11), [Warning::Silent { days: 11, usual: 7 }]);
    }

    #[test]
    fn falling_sales_are_compared_with_the_same_days_of_last_year() {
        let life = |now| bought(&[deal(1, 0, 100), deal(2, 170, 1), deal(3, 340, now)]);
        assert_eq!(warned(&life(59), 365), [Warning::Falling { now: Money(59), before: Money(100) }]);
        assert_eq!(warned(&life(60), 365), []);
        // A year before there was nothing to compare with.
        assert_eq!(warned(&life(59), 364), []);
    }
}
