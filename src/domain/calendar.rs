//! The company's working days: how many a period has, how many are gone, and what should be reached by today.

use std::collections::BTreeSet;

use time::{Date, Weekday};

use super::period::{Dates, Period, add_days};

/// The weekdays on which a company works, less its holidays; of settled dates, the working days that were kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    weekdays: Vec<u8>,
    holidays: BTreeSet<Date>,
    settled: Vec<(Dates, BTreeSet<Date>)>,
}

impl Calendar {
    /// From ISO weekdays (1 = Monday … 7 = Sunday) and holidays.
    pub fn new(weekdays: &[u8], holidays: impl IntoIterator<Item = Date>) -> Self {
        Self { weekdays: weekdays.to_vec(), holidays: holidays.into_iter().collect(), settled: vec![] }
    }

    /// On these dates exactly these are the working days, whatever weekdays and holidays say; what was settled first
    /// stands.
    #[must_use]
    pub fn settle(mut self, dates: Dates, working: impl IntoIterator<Item = Date>) -> Self {
        self.settled.push((dates, working.into_iter().collect()));
        self
    }

    /// Whether the company works that day.
    pub fn is_working(&self, day: Date) -> bool {
        match self.settled.iter().find(|(dates, _)| dates.contains(day)) {
            Some((_, working)) => working.contains(&day),
            None => self.works_on(day.weekday()) && !self.holidays.contains(&day),
        }
    }

    /// How many working days the dates have.
    pub fn working_days(&self, dates: Dates) -> u32 {
        u32::try_from(dates.days().filter(|day| self.is_working(*day)).count()).unwrap_or(u32::MAX)
    }

    /// The working days of a period, and how many of them are gone, today included.
    pub fn progress(&self, period: Period, today: Date) -> Progress {
        let through = add_days(today, 1).clamp(period.from(), period.to());
        Progress {
            elapsed: self.working_days(Dates { from: period.from(), to: through }),
            total: self.working_days(period.dates()),
            over: period.is_over(today),
        }
    }

    fn works_on(&self, weekday: Weekday) -> bool {
        self.weekdays.contains(&weekday.number_from_monday())
    }
}

/// How far a period has come, in working days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Working days gone, today included.
    pub elapsed: u32,
    /// Working days in the whole period.
    pub total: u32,
    /// Whether the period's last day has passed.
    pub over: bool,
}

impl Progress {
    /// How far somebody has come who is there on these working days of a period, in order.
    pub fn over_days(days: &[Date], period: Period, today: Date) -> Self {
        let count = |days: usize| u32::try_from(days).unwrap_or(u32::MAX);
        Self {
            elapsed: count(days.partition_point(|day| *day <= today)),
            total: count(days.len()),
            over: period.is_over(today),
        }
    }

    /// Working days still to come, today not among them.
    pub fn left(self) -> u32 {
        self.total.saturating_sub(self.elapsed)
    }

    /// The share that should be reached by today, as elapsed over total. A period without a working day expects nothing
    /// until it is over, and then everything.
    pub fn share(self) -> (u32, u32) {
        match self {
            Self { over: true, .. } => (1, 1),
            Self { total: 0, .. } => (0, 1),
            Self { elapsed, total, .. } => (elapsed, total),
        }
    }
}

#[cfg(test)]
mod tests {
    use time::{Month, macros::date};

    use super::*;

    fn november() -> Period {
        Period::parse("2026-11", Month::January).unwrap()
    }

    fn progress(holidays: &[Date], today: Date) -> (u32, u32) {
        let progress = Calendar::new(&[1, 2, 3, 4, 5], holidays.iter().copied()).progress(november(), today);
        (progress.elapsed, progress.total)
    }

    #[test]
    fn today_is_counted() {
        assert_eq!(progress(&[], date!(2026 - 11 - 19)), (14, 21));
        assert_eq!(progress(&[], date!(2026 - 11 - 22)), (15, 21)); // a Sunday: Friday was the 15th
        assert_eq!(progress(&[], date!(2026 - 10 - 31)), (0, 21));
        assert_eq!(progress(&[], date!(2026 - 11 - 01)), (0, 21)); // it begins on a Sunday
        assert_eq!(progress(&[], date!(2026 - 11 - 30)), (21, 21));
        assert_eq!(progress(&[], date!(2027 - 05 - 01)), (21, 21));
    }

    #[test]
    fn holidays_are_not_worked() {
        let holidays = [date!(2026 - 11 - 18), date!(2026 - 11 - 22), date!(2026 - 12 - 01)];
        assert_eq!(progress(&holidays, date!(2026 - 11 - 19)), (13, 20));
    }

    #[test]
    fn settled_dates_keep_their_working_days() {
        let settled = Dates { from: date!(2026 - 11 - 01), to: date!(2026 - 11 - 08) };
        let kept = [date!(2026 - 11 - 02), date!(2026 - 11 - 07)]; // a Monday and a Saturday
        let calendar = Calendar::new(&[1, 2, 3, 4, 5], [date!(2026 - 11 - 02), date!(2026 - 11 - 09)])
            .settle(settled, kept)
            .settle(november().dates(), []);
        assert_eq!(calendar.working_days(settled), 2);
        assert!(calendar.is_working(kept[1]) && !calendar.is_working(date!(2026 - 11 - 03)));
        assert_eq!(calendar.working_days(november().dates()), 2, "what was settled first stands");
        assert!(calendar.is_working(date!(2026 - 12 - 01)));
    }

    #[test]
    fn a_person_comes_as_far_as_the_own_days() {
        let days = [date!(2026 - 11 - 16), date!(2026 - 11 - 17), date!(2026 - 11 - 30)];
        let progress = |today| {
            let Progress { elapsed, total, over } = Progress::over_days(&days, november(), today);
            (elapsed, total, over)
        };
        assert_eq!(progress(date!(2026 - 11 - 15)), (0, 3, false));
        assert_eq!(progress(date!(2026 - 11 - 16)), (1, 3, false));
        assert_eq!(progress(date!(2026 - 11 - 29)), (2, 3, false));
        assert_eq!(progress(date!(2026 - 12 - 01)), (3, 3, true));
    }

    #[test]
    fn a_period_without_working_days_expects_nothing_until_it_is_over() {
        let sunday = Period::parse("2026-11-22", Month::January).unwrap();
        let calendar = Calendar::new(&[1, 2, 3, 4, 5], []);
        assert_eq!(calendar.progress(sunday, date!(2026 - 11 - 22)).share(), (0, 1));
        assert_eq!(calendar.progress(sunday, date!(2026 - 11 - 23)).share(), (1, 1));
    }
}
