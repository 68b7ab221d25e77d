//! The minimum of visits: on which working days, or in which weeks, it was met.

use std::collections::BTreeMap;

use time::{Date, Weekday};

use super::{
    id::UserId,
    period::{Dates, add_days},
    words::words,
};

words! {
    /// How long the stretches are in which a minimum is to be met.
    Per {
        /// Each working day.
        Day = "day", "working day";
        /// Each ISO week with at least one working day.
        Week = "week", "week";
    }
}

/// What is expected, of whom, from when on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Minimum {
    /// Of one rep; none: of everybody without one of their own.
    pub rep: Option<UserId>,
    /// So many visits in person; 0: none is expected.
    pub visits: i64,
    /// In each of which stretches.
    pub per: Per,
    /// Whether only visits to customers count that had never bought.
    pub strangers_only: bool,
    /// The first day; none: from the beginning.
    pub from: Option<Date>,
}

/// The minimum of a rep on a day: the rep's own before everybody's, the latest that has begun; nothing where none is
/// expected.
pub fn in_force(minimums: &[Minimum], rep: UserId, day: Date) -> Option<Minimum> {
    let latest = |whose: Option<UserId>| {
        let begun = minimums.iter().filter(|m| m.rep == whose && m.from.is_none_or(|from| from <= day));
        begun.max_by_key(|minimum| minimum.from).copied()
    };
    latest(Some(rep)).or_else(|| latest(None)).filter(|minimum| minimum.visits > 0)
}

/// The counted visits in person of a rep on a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// All of them.
    pub visits: i64,
    /// Those to customers that had never bought.
    pub strangers: i64,
}

/// A day or week with a minimum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The day that decides where it belongs: itself, or the week's Thursday.
    pub on: Date,
    /// What was expected.
    pub minimum: Minimum,
    /// The visits that count for it.
    pub made: i64,
}

impl Stretch {
    /// Whether the minimum was met.
    pub fn is_met(&self) -> bool {
        self.made >= self.minimum.visits
    }
}

/// The days and weeks of a period with a minimum, as far as they have come: working days through today on which the rep
/// is there (`is_here`), and weeks whose Thursday lies in the period, from the last such day of theirs on.
pub fn stretches(
    minimums: &[Minimum],
    rep: UserId,
    period: Dates,
    today: Date,
    is_here: impl Fn(Date) -> bool,
    made: &BTreeMap<Date, Made>,
) -> Vec<Stretch> {
    let mut found = vec![];
    for day in period.days() {
        let Some(minimum) = in_force(minimums, rep, day) else { continue };
        let (from, last) = match minimum.per {
            Per::Day => (day, day),
            Per::Week if day.weekday() == Weekday::Thursday => (add_days(day, -3), add_days(day, 3)),
            Per::Week => continue,
        };
        let here = Dates { from, to: add_days(last, 1) }.days().filter(|day| is_here(*day)).last();
        if here.is_none_or(|here| here > today) {
            continue;
        }
        let counted = |made: &Made| if minimum.strangers_only { made.strangers } else { made.visits };
        let visits = made.range(from..=last.min(today)).map(|(_, made)| counted(made));
        found.push(Stretch { on: day, minimum, made: visits.sum() });
    }
    found
}

/// How often a minimum was met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Days or weeks in which it was.
    pub met: i64,
    /// Days or weeks so far.
    pub of: i64,
}

impl Kept {
    /// With one more day or week.
    #[must_use]
    pub fn and(self, stretch: &Stretch) -> Self {
        Self { met: self.met + i64::from(stretch.is_met()), of: self.of + 1 }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    const REP: UserId = UserId(1);

    fn minimum(rep: Option<UserId>, visits: i64, per: Per, from: Option<Date>) -> Minimum {
        Minimum { rep, visits, per, strangers_only: false, from }
    }

    fn made(days: &[(Date, i64)]) -> BTreeMap<Date, Made> {
        days.iter().map(|&(day, visits)| (day, Made { visits, strangers: visits / 2 })).collect()
    }

    #[test]
    fn an_own_minimum_goes_before_everybodys() {
        let all = [
            minimum(None, 4, Per::Day, None),
            minimum(None, 5, Per::Day, Some(date!(2026 - 11 - 09))),
            minimum(Some(REP), 0, Per::Day, Some(date!(2026 - 11 - 16))),
        ];
        let visits = |rep, day| in_force(&all, rep, day).map(|minimum| minimum.visits);
        assert_eq!(visits(REP, date!(2026 - 11 - 08)), Some(4));
        assert_eq!(visits(REP, date!(2026 - 11 - 09)), Some(5));
        assert_eq!(visits(REP, date!(2026 - 11 - 16)), None, "none is expected");
        assert_eq!(visits(UserId(2), date!(2026 - 11 - 16)), Some(5));
    }

    #[test]
    fn days_count_through_today_and_weeks_once_their_last_working_day_has_come() {
        let november = Dates { from: date!(2026 - 11 - 01), to: date!(2026 - 12 - 01) };
        let works = |day: Date| !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        // Mon 2 … Fri 6 and Mon 9, Tue 10 November.
        let made = made(&[(date!(2026 - 11 - 02), 4), (date!(2026 - 11 - 03), 3), (date!(2026 - 11 - 07), 9)]);
        let kept = |per, visits, today| {
            let all = [minimum(None, visits, per, None)];
            let found = stretches(&all, REP, november, today, works, &made);
            let kept = found.iter().fold(Kept::default(), Kept::and);
            (kept.met, kept.of)
        };
        assert_eq!(kept(Per::Day, 4, date!(2026 - 11 - 10)), (1, 7));
        assert_eq!(kept(Per::Day, 3, date!(2026 - 11 - 10)), (2, 7));
        assert_eq!(kept(Per::Week, 16, date!(2026 - 11 - 05)), (0, 0), "Friday is to come");
        assert_eq!(kept(Per::Week, 7, date!(2026 - 11 - 06)), (1, 1));
        assert_eq!(kept(Per::Week, 16, date!(2026 - 11 - 07)), (1, 1), "a Saturday's visits are the week's");
        assert_eq!(kept(Per::Week, 1, date!(2026 - 11 - 13)), (1, 2));
        // The week from Monday 30 November on has its Thursday in December.
        assert_eq!(kept(Per::Week, 1, date!(2026 - 12 - 31)), (1, 4));
    }

    #[test]
    fn who_is_away_is_expected_nothing() {
        let november = Dates { from: date!(2026 - 11 - 01), to: date!(2026 - 12 - 01) };
        let all = [minimum(None, 1, Per::Week, None)];
        let only_tuesday = |day: Date| day == date!(2026 - 11 - 10);
        let found = stretches(&all, REP, november, date!(2026 - 11 - 10), only_tuesday, &BTreeMap::new());
        assert_eq!(
            found.iter().map(|stretch| (stretch.on, stretch.is_met())).collect::<Vec<_>>(),
            [(date!(2026 - 11 - 12), false)]
        );
    }
}
