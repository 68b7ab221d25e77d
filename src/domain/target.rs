//! Targets: how much of one was reached, and where it should stand by today.

use rust_decimal::Decimal;
use time::Date;

use super::{
    calendar::{Calendar, Progress},
    metric::{self, Facts, Metric, Unit, Value},
    period::Dates,
    rate::Ratio,
};

/// How much of a target was reached, exact: 1 is all of it. Shown floored, so that 99.996 % is never shown as reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attainment(pub Ratio);

impl Attainment {
    /// Whether the target was reached or the limit kept.
    pub fn is_reached(self) -> bool {
        self.0 >= Ratio::ONE
    }

    /// Percent, cut (towards −∞) to two decimals: 99.99.
    pub fn percent(self) -> Decimal {
        self.0.percent_floored(2)
    }
}

/// The attainment of a value against a target in the same unit (money in minor units, growth as a fraction).
///
/// More is better: actual ÷ target, at least 0; a target of 0 or less is reached or not. A limit: 2 − actual ÷ limit
/// within 0 … 2, so it is kept from 1 on; a limit of 0 is kept (1) or not (0).
pub fn attainment(metric: Metric, actual: Value, target: impl Into<Ratio>) -> Attainment {
    Attainment(reached_share(metric.is_limit(), actual.exact(), target.into()))
}

fn reached_share(limit: bool, actual: Ratio, target: Ratio) -> Ratio {
    let all_or_nothing = |reached: bool| if reached { Ratio::ONE } else { Ratio::ZERO };
    match (limit, actual.divided_by(target).filter(|_| target > Ratio::ZERO)) {
        (false, None) => all_or_nothing(actual >= target),
        (true, None) => all_or_nothing(actual <= target),
        (false, Some(share)) => share.max(Ratio::ZERO),
        (true, Some(used)) => Ratio::from(2).minus(used).clamp(Ratio::ZERO, Ratio::from(2)),
    }
}

/// The attainment of a metric over the facts. Nothing where the metric has no value (no base to grow over).
pub fn attained(metric: Metric, facts: &Facts, target: impl Into<Ratio>) -> Option<Attainment> {
    metric::value(metric, facts).map(|actual| attainment(metric, actual, target))
}

/// On how many working days of a period somebody is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presence {
    /// Working days on which the person is employed and not on leave.
    pub days: u32,
    /// Working days of the period.
    pub of: u32,
}

/// When somebody is there: employed, and not on leave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stay {
    /// First day; none: from the beginning.
    pub hired: Option<Date>,
    /// First day no longer there; none: open.
    pub left: Option<Date>,
    /// Away in between.
    pub leave: Vec<Dates>,
    /// Settled dates, and the days of them on which the person was away, whatever the rest says; the first counts.
    pub settled: Vec<(Dates, Vec<Date>)>,
}

impl Stay {
    /// Whether the person is there on a day.
    pub fn is_there(&self, day: Date) -> bool {
        if let Some((_, away)) = self.settled.iter().find(|(dates, _)| dates.contains(day)) {
            return !away.contains(&day);
        }
        let employed = self.hired.is_none_or(|hired| hired <= day) && self.left.is_none_or(|left| day < left);
        employed && !self.leave.iter().any(|away| away.contains(day))
    }

    /// The working days on which the person is there, in order.
    pub fn days(&self, calendar: &Calendar, dates: Dates) -> Vec<Date> {
        dates.days().filter(|day| calendar.is_working(*day) && self.is_there(*day)).collect()
    }
}

impl Presence {
    /// Whether no working day is missed.
    pub fn is_whole(self) -> bool {
        self.days >= self.of
    }
}

/// What of a target counts for who is there on some of the working days: counts and amounts × days ÷ working days, half
/// up, positive counts at least 1; rates and limits of 0 stay. Nothing for who is never there.
pub fn prorated(metric: Metric, target: Decimal, presence: Presence) -> Option<Decimal> {
    if presence.is_whole() || metric.unit() == Unit::Fraction {
        return Some(target);
    }
    if presence.days == 0 {
        return None;
    }
    let share = Ratio::new(i128::from(presence.days), i128::from(presence.of))?;
    let part = Ratio::from_decimal(target).times(share).rounded(0);
    let least = if metric.unit() == Unit::Count && target > Decimal::ZERO { Decimal::ONE } else { part };
    Some(part.max(least))
}

/// Where a target should stand by today: spread evenly over the working days, today included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// What the target is on.
    pub metric: Metric,
    /// Counts, or minor units of money (growth is paced in money).
    pub unit: Unit,
    /// What was reached so far, in that unit.
    pub actual: i64,
    /// What is to be reached by the end; of growth: base of the whole period × (1 + target).
    pub goal: Ratio,
    /// How far the period has come.
    pub progress: Progress,
}

/// The pace of a metric's target. Nothing for growth without a base above zero, and for shares of days.
pub fn pace(metric: Metric, facts: &Facts, target: impl Into<Ratio>, progress: Progress) -> Option<Pace> {
    let target = target.into();
    let (unit, actual, goal) = match metric::value(metric, facts) {
        Some(Value::Count(count)) => (Unit::Count, count, target),
        Some(Value::Money(money)) => (Unit::Money, money.0, target),
        Some(Value::Fraction(_)) | None if metric.is_growth() => {
            let base = facts.net_sales_whole_base.filter(|base| base.0 > 0)?;
            let grown = Ratio::from(base.0).times(Ratio::ONE.plus(target));
            let (actual, goal) = match metric {
                Metric::GrowthFromNew => (facts.growth_new?, Ratio::from(base.0).times(target)),
                Metric::GrowthFromExisting => (facts.growing_sales() - facts.growth_new?, grown),
                _ => (facts.growing_sales(), grown),
            };
            (Unit::Money, actual.0, goal)
        }
        // A share of days stays what it is, however far the period has come.
        Some(Value::Fraction(_)) | None => return None,
    };
    Some(Pace { metric, unit, actual, goal, progress })
}

/// How a target stands today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// So much more than expected by today.
    Ahead(i64),
    /// As expected by today.
    OnPace,
    /// So much less than expected by today.
    Behind(i64),
    /// A limit that is kept, with so many to go before it is broken.
    Within(i64),
    /// A limit that is broken by so many.
    Over(i64),
}

impl Pace {
    /// Goal × working days gone ÷ working days, exact.
    pub fn exact(&self) -> Ratio {
        let (elapsed, total) = self.progress.share();
        let share = Ratio::new(i128::from(elapsed), i128::from(total)).unwrap_or(Ratio::ZERO);
        self.goal.times(share)
    }

    /// What is expected by today in whole units, as pages show it: a part of a visit cannot be made.
    pub fn expected(&self) -> i64 {
        saturated(self.exact().floor())
    }

    /// The goal in whole units, as pages show it; it is reached from here on.
    pub fn whole_goal(&self) -> i64 {
        saturated(-self.goal.times(Ratio::from(-1)).floor())
    }

    /// What is left to the goal, at least 0.
    pub fn to_go(&self) -> i64 {
        self.whole_goal().saturating_sub(self.actual).max(0)
    }

    /// How the target stands today, in whole units: the difference of the two shown numbers.
    pub fn standing(&self) -> Standing {
        if self.metric.is_limit() {
            let left = saturated(self.goal.floor()).saturating_sub(self.actual);
            return if left < 0 { Standing::Over(left.saturating_neg()) } else { Standing::Within(left) };
        }
        match self.actual.saturating_sub(self.expected()) {
            0 => Standing::OnPace,
            gap if gap > 0 => Standing::Ahead(gap),
            gap => Standing::Behind(gap.saturating_neg()),
        }
    }

    /// Attainment against what is expected by today: 1 is on pace. A limit is held against all of itself.
    pub fn attainment(&self) -> Attainment {
        let limit = self.metric.is_limit();
        let due = if limit { self.goal } else { self.exact() };
        Attainment(reached_share(limit, Ratio::from(self.actual), due))
    }
}

fn saturated(number: i128) -> i64 {
    i64::try_from(number).unwrap_or(if number < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::{Month, macros::date};

    use super::*;
    use crate::domain::{
        money::Money,
        period::{Period, add_days},
    };

    fn counts(metric: Metric, target: &str, days: u32, of: u32) -> Option<String> {
        let part = prorated(metric, target.parse().unwrap(), Presence { days, of })?;
        Some(part.normalize().to_string())
    }

    #[test]
    fn counts_and_amounts_follow_presence_and_rates_stay() {
        for (metric, target, days, of, expected) in [
            (Metric::Visits, "120", 16, 20, Some("96")),
            (Metric::Visits, "96", 16, 20, Some("77")),    // 76.8
            (Metric::Visits, "5", 10, 20, Some("3")),      // 2.5: half up
            (Metric::NewCustomers, "6", 1, 20, Some("1")), // 0.3: at least one
            (Metric::Visits, "96", 20, 20, Some("96")),
            (Metric::Visits, "96", 0, 20, None),
            (Metric::Visits, "96", 0, 0, Some("96")), // a period without working days
            (Metric::Visits, "0", 5, 20, Some("0")),
            (Metric::LostCustomers, "2", 10, 20, Some("1")),
            (Metric::LostCustomers, "2", 1, 20, Some("1")),
            (Metric::LostCustomers, "0", 10, 20, Some("0")),
            (Metric::NetSales, "10430000", 13, 21, Some("6456667")), // 6456666.67 minor units
            (Metric::NetSales, "1", 1, 21, Some("0")),
            (Metric::SalesGrowth, "0.08", 10, 20, Some("0.08")),
            (Metric::SalesGrowth, "0.08", 0, 20, Some("0.08")),
        ] {
            assert_eq!(counts(metric, target, days, of).as_deref(), expected, "{metric:?} {target} × {days} / {of}");
        }
    }

    #[test]
    fn joiners_leavers_and_leave_miss_working_days() {
        let november = Period::parse("2026-11", Month::January).unwrap();
        let calendar = Calendar::new(&[1, 2, 3, 4, 5], [date!(2026 - 11 - 18)]); // 20 working days
        let working = calendar.working_days(november.dates());
        let here = |hired, left, leave: &[Dates]| {
            let stay = Stay { hired, left, leave: leave.to_vec(), settled: vec![] };
            (stay.days(&calendar, november.dates()).len(), working)
        };
        let away = |from, to| Dates { from, to };
        assert_eq!(here(None, None, &[]), (20, 20));
        assert_eq!(here(Some(date!(2026 - 11 - 01)), Some(date!(2026 - 12 - 01)), &[]), (20, 20));
        assert_eq!(here(Some(date!(2026 - 11 - 16)), None, &[]), (10, 20));
        assert_eq!(here(None, Some(date!(2026 - 11 - 04)), &[]), (2, 20)); // the 4th is the first day no longer there
        // Saturday, Sunday and a holiday are nobody's loss.
        assert_eq!(here(None, None, &[away(date!(2026 - 11 - 14), date!(2026 - 11 - 19))]), (18, 20));
        // Two entries over the same days are taken off once.
        let twice =
            [away(date!(2026 - 11 - 02), date!(2026 - 11 - 05)), away(date!(2026 - 11 - 04), date!(2026 - 11 - 06))];
        assert_eq!(here(None, None, &twice), (16, 20));
        assert_eq!(here(Some(date!(2026 - 12 - 01)), None, &[]), (0, 20));
        // What is settled stays: away on the 2nd, there from the 3rd to the 6th.
        let settled = vec![(away(date!(2026 - 11 - 01), date!(2026 - 11 - 07)), vec![date!(2026 - 11 - 02)])];
        let stay = Stay { hired: Some(date!(2026 - 11 - 26)), settled, ..Stay::default() };
        let days = stay.days(&calendar, november.dates());
        assert_eq!((days.len(), days.first()), (4 + 3, Some(&date!(2026 - 11 - 03))));
    }

    proptest! {
        #[test]
        fn a_part_is_never_more_than_the_whole_and_grows_with_presence(
            target in 0_i64..2_000_000_000, of in 1_u32..262, days in 0_u32..262, more in 0_u32..262,
        ) {
            let (days, more) = (days.min(of), (days + more).min(of));
            for metric in Metric::ALL {
                let target = Decimal::from(target);
                let part = |days| prorated(metric, target, Presence { days, of });
                prop_assert_eq!(part(of), Some(target));
                let (less, more) = (part(days), part(more));
                prop_assert!(less <= more && more.is_none_or(|more| more <= target));
                // Off by less than one unit, but for counts that are kept at one.
                if let Some(part) = less && metric.unit() != Unit::Fraction {
                    let exact = target * Decimal::from(days) / Decimal::from(of);
                    prop_assert!((part - exact).abs() <= Decimal::new(5, 1) || part == Decimal::ONE);
                }
            }
        }

        #[test]
        fn presence_before_and_after_a_day_add_up(offset in 0_i64..40) {
            let november = Period::parse("2026-11", Month::January).unwrap();
            let calendar = Calendar::new(&[1, 2, 3, 4, 5], []);
            let day = add_days(date!(2026 - 10 - 28), offset);
            let days = |stay: Stay| stay.days(&calendar, november.dates());
            let mut all = days(Stay { left: Some(day), ..Stay::default() });
            all.extend(days(Stay { hired: Some(day), ..Stay::default() }));
            prop_assert_eq!(all, days(Stay::default()));
        }
    }

    fn share(metric: Metric, actual: i64, target: &str) -> String {
        let attainment = attainment(metric, Value::Count(actual), target.parse::<Decimal>().unwrap());
        format!("{}{}", attainment.percent(), if attainment.is_reached() { " reached" } else { "" })
    }

    #[test]
    fn more_is_better() {
        assert_eq!(share(Metric::Visits, 61, "96"), "63.54");
        assert_eq!(share(Metric::Visits, 96, "96"), "100.00 reached");
        assert_eq!(share(Metric::Visits, 99_996, "100000"), "99.99");
        assert_eq!(share(Metric::Visits, 300, "96"), "312.50 reached");
        assert_eq!(share(Metric::NewCustomers, -1, "4"), "0.00");
        assert_eq!(share(Metric::Visits, 0, "0"), "100.00 reached");
        assert_eq!(share(Metric::Visits, -1, "0"), "0.00");
        assert_eq!(share(Metric::Visits, -1, "-2"), "100.00 reached");
    }

    #[test]
    fn fewer_is_better_of_a_limit() {
        assert_eq!(share(Metric::LostCustomers, 0, "2"), "200.00 reached");
        assert_eq!(share(Metric::LostCustomers, 1, "2"), "150.00 reached");
        assert_eq!(share(Metric::LostCustomers, 2, "2"), "100.00 reached");
        assert_eq!(share(Metric::LostCustomers, 3, "2"), "50.00");
        assert_eq!(share(Metric::LostCustomers, 9, "2"), "0.00");
        assert_eq!(share(Metric::LostCustomers, 0, "0"), "100.00 reached");
        assert_eq!(share(Metric::LostCustomers, 1, "0"), "0.00");
    }

    #[test]
    fn growth_is_compared_exactly() {
        let facts = |net| Facts { net_sales: Money(net), net_sales_base: Some(Money(300)), ..Facts::default() };
        let third = "0.3333333333333333333333333333".parse::<Decimal>().unwrap();
        assert!(attained(Metric::SalesGrowth, &facts(400), third).unwrap().is_reached());
        assert_eq!(attained(Metric::SalesGrowth, &Facts::default(), third), None);
        let tenth = "0.1".parse::<Decimal>().unwrap();
        assert!(attained(Metric::SalesGrowth, &facts(330), tenth).unwrap().is_reached());
        assert!(!attained(Metric::SalesGrowth, &facts(329), tenth).unwrap().is_reached());
        assert_eq!(attained(Metric::SalesGrowth, &facts(200), tenth).unwrap().percent().to_string(), "0.00");
    }

    const DAY_14: Progress = Progress { elapsed: 14, total: 21, over: false };

    fn paced(metric: Metric, facts: &Facts, target: &str) -> (i64, i64, Standing) {
        let pace = pace(metric, facts, target.parse::<Decimal>().unwrap(), DAY_14).unwrap();
        (pace.expected(), pace.to_go(), pace.standing())
    }

    #[test]
    fn pace_is_spread_over_working_days() {
        let facts = Facts { visits: 61, new_customers: 5, lost_customers: 1, ..Facts::default() };
        assert_eq!(paced(Metric::Visits, &facts, "96"), (64, 35, Standing::Behind(3)));
        assert_eq!(paced(Metric::NewCustomers, &facts, "6"), (4, 1, Standing::Ahead(1)));
        assert_eq!(paced(Metric::NewCustomers, &facts, "8"), (5, 3, Standing::OnPace)); // 5.33: a third of a customer is none
        assert_eq!(paced(Metric::LostCustomers, &facts, "2"), (1, 1, Standing::Within(1)));
        assert_eq!(paced(Metric::LostCustomers, &Facts { lost_customers: 4, ..facts }, "2").2, Standing::Over(2));
    }

    #[test]
    fn growth_is_paced_in_money_over_the_whole_base() {
        let facts = Facts {
            net_sales: Money(7_124_000),
            net_sales_base: Some(Money(6_670_000)),
            net_sales_whole_base: Some(Money(10_000_000)),
            ..Facts::default()
        };
        assert_eq!(paced(Metric::SalesGrowth, &facts, "0.08"), (7_200_000, 3_676_000, Standing::Behind(76_000)));
        let no_base = Facts { net_sales_whole_base: Some(Money(0)), ..facts };
        assert_eq!(pace(Metric::SalesGrowth, &no_base, Decimal::ONE, DAY_14), None);
    }

    #[test]
    fn pace_has_an_attainment_of_its_own() {
        let pace_of = |visits, progress| {
            let facts = Facts { visits, ..Facts::default() };
            pace(Metric::Visits, &facts, Decimal::from(96), progress).unwrap().attainment().percent().to_string()
        };
        assert_eq!(pace_of(61, DAY_14), "95.31");
        assert_eq!(pace_of(0, Progress { elapsed: 0, total: 21, over: false }), "100.00");
        assert_eq!(pace_of(61, Progress { elapsed: 21, total: 21, over: true }), "63.54");
    }
}
