//! Periods: half-open ranges of business dates, their names in URLs and on pages, and what growth compares them with.

use std::fmt;

use time::{Date, Duration, Month, Weekday};

use super::{company::GrowthBase, words::words};

/// A half-open range of business dates: `from` is in it, `to` is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dates {
    /// First day.
    pub from: Date,
    /// First day after.
    pub to: Date,
}

impl Dates {
    /// Whether the day is in it.
    pub fn contains(self, day: Date) -> bool {
        self.from <= day && day < self.to
    }

    /// Whether there is no day in it.
    pub fn is_empty(self) -> bool {
        self.to <= self.from
    }

    /// Its days, first to last.
    pub fn days(self) -> impl Iterator<Item = Date> {
        std::iter::successors(Some(self.from), |day| day.next_day()).take_while(move |day| *day < self.to)
    }

    /// How many days are in it.
    pub fn len(self) -> i64 {
        (self.to - self.from).whole_days().max(0)
    }
}

words! {
    /// How long a period is. Quarter and year are the company's fiscal ones.
    PeriodKind {
        /// One date.
        Day = "day", "Day";
        /// An ISO week, Monday to Sunday.
        Week = "week", "Week";
        /// A calendar month.
        Month = "month", "Month";
        /// Three months of the fiscal year.
        Quarter = "quarter", "Quarter";
        /// A fiscal year, named after the year in which it ends.
        Year = "year", "Year";
    }
}

impl std::str::FromStr for PeriodKind {
    type Err = NotAPeriod;
    fn from_str(text: &str) -> Result<Self, NotAPeriod> {
        Self::parse(text).ok_or_else(|| NotAPeriod(text.to_owned()))
    }
}

/// A day, week, month, quarter or year of a company. It displays as the word of URLs: `2026-11-19`, `2026-W47`,
/// `2026-11`, `2026-Q4`, `2026`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    kind: PeriodKind,
    dates: Dates,
    fiscal_start: Month,
}

/// The text names no period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not a period: use 2026-11-19, 2026-W47, 2026-11, 2026-Q4 or 2026")]
pub struct NotAPeriod(pub String);

/// The years that a period may lie in; business dates outside are typing errors.
const YEARS: std::ops::RangeInclusive<i32> = 1900..=2999;

impl Period {
    /// The period of this kind that holds the day. `fiscal_start` is the month in which the fiscal year begins.
    pub fn containing(kind: PeriodKind, day: Date, fiscal_start: Month) -> Self {
        let first_of_month = with_day(day.year(), day.month(), 1);
        let into_year = months_between(fiscal_start, day.month());
        let dates = match kind {
            PeriodKind::Day => Dates { from: day, to: add_days(day, 1) },
            PeriodKind::Week => {
                let monday = add_days(day, -i64::from(day.weekday().number_days_from_monday()));
                Dates { from: monday, to: add_days(monday, 7) }
            }
            PeriodKind::Month => Dates { from: first_of_month, to: add_months(first_of_month, 1) },
            PeriodKind::Quarter => {
                let from = add_months(first_of_month, -(into_year % 3));
                Dates { from, to: add_months(from, 3) }
            }
            PeriodKind::Year => {
                let from = add_months(first_of_month, -into_year);
                Dates { from, to: add_months(from, 12) }
            }
        };
        Self { kind, dates, fiscal_start }
    }

    /// The calendar month that holds the day, at a company whose fiscal year begins in `fiscal_start`.
    pub fn month(day: Date, fiscal_start: Month) -> Self {
        Self::containing(PeriodKind::Month, day, fiscal_start)
    }

    /// Reads the word of a URL. Years before 1900 and after 2999 are refused.
    pub fn parse(text: &str, fiscal_start: Month) -> Result<Self, NotAPeriod> {
        Self::read(text, fiscal_start).ok_or_else(|| NotAPeriod(text.to_owned()))
    }

    fn read(text: &str, fiscal_start: Month) -> Option<Self> {
        let (year, rest) = match text.split_once('-') {
            Some((year, rest)) => (year, Some(rest)),
            None => (text, None),
        };
        let year: i32 = digits(year, 4)?;
        if !YEARS.contains(&year) {
            return None;
        }
        let (kind, day) = match rest {
            None => (PeriodKind::Year, fiscal_year_start(year, fiscal_start)),
            Some(rest) => match rest.as_bytes() {
                [b'W', ..] => {
                    let week = digits(rest.get(1..)?, 2)?;
                    (PeriodKind::Week, Date::from_iso_week_date(year, week, Weekday::Monday).ok()?)
                }
                [b'Q', quarter @ b'1'..=b'4'] => {
                    let from = fiscal_year_start(year, fiscal_start);
                    (PeriodKind::Quarter, add_months(from, 3 * i32::from(quarter - b'1')))
                }
                [_, _] => (PeriodKind::Month, date(year, rest, "01")?),
                [_, _, b'-', _, _] => (PeriodKind::Day, date(year, rest.get(..2)?, rest.get(3..)?)?),
                _ => return None,
            },
        };
        Some(Self::containing(kind, day, fiscal_start))
    }

    /// How long it is.
    pub fn kind(self) -> PeriodKind {
        self.kind
    }

    /// Its dates, half-open.
    pub fn dates(self) -> Dates {
        self.dates
    }

    /// First day.
    pub fn from(self) -> Date {
        self.dates.from
    }

    /// First day after it.
    pub fn to(self) -> Date {
        self.dates.to
    }

    /// Last day.
    pub fn last_day(self) -> Date {
        add_days(self.dates.to, -1)
    }

    /// Whether the day is in it.
    pub fn contains(self, day: Date) -> bool {
        self.dates.contains(day)
    }

    /// Whether its last day has passed.
    pub fn is_over(self, today: Date) -> bool {
        self.dates.to <= today
    }

    /// The period of the same kind right before.
    #[must_use]
    pub fn previous(self) -> Self {
        Self::containing(self.kind, add_days(self.dates.from, -1), self.fiscal_start)
    }

    /// The period of the same kind right after.
    #[must_use]
    pub fn next(self) -> Self {
        Self::containing(self.kind, self.dates.to, self.fiscal_start)
    }

    /// The period of another kind that holds this one's first day.
    #[must_use]
    pub fn as_kind(self, kind: PeriodKind) -> Self {
        Self::containing(kind, self.dates.from, self.fiscal_start)
    }

    /// The period of a kind that holds a day, in the same company.
    #[must_use]
    pub fn at(self, kind: PeriodKind, day: Date) -> Self {
        Self::containing(kind, day, self.fiscal_start)
    }

    /// What of it lies from a day on, under its own name; a day that is not in it leaves it whole, or its last day.
    #[must_use]
    pub fn since(self, day: Date) -> Self {
        Self { dates: Dates { from: day.clamp(self.dates.from, self.last_day()), ..self.dates }, ..self }
    }

    /// Every period of the kind with at least one day in the dates, in order.
    pub fn overlapping(kind: PeriodKind, dates: Dates, fiscal_start: Month) -> Vec<Self> {
        let first = Self::containing(kind, dates.from, fiscal_start);
        std::iter::successors(Some(first), |period| (period.to() > period.from()).then(|| period.next()))
            .take_while(|period| period.from() < dates.to)
            .collect()
    }

    /// The same period of the year before: of a week the same ISO week, nothing for week 53.
    pub fn last_year(self) -> Option<Self> {
        let day = match self.kind {
            PeriodKind::Week => {
                let (year, week, monday) = self.dates.from.to_iso_week_date();
                Date::from_iso_week_date(year - 1, week, monday).ok().filter(|_| week < 53)?
            }
            _ => add_months(self.dates.from, -12),
        };
        Some(self.at(self.kind, day))
    }

    /// What this period's sales are compared with, or nothing for week 53 against last year.
    pub fn base(self, growth_base: GrowthBase, today: Date) -> Option<Base> {
        let whole = match growth_base {
            GrowthBase::PeriodBefore if self.as_kind(self.kind) == self => self.previous().dates,
            // What is left of a longer one is compared with as many months before it.
            GrowthBase::PeriodBefore => {
                let months = months_between(self.dates.from.month(), self.dates.to.month());
                Dates { from: add_months(self.dates.from, -months), to: self.dates.from }
            }
            GrowthBase::LastYear if self.as_kind(self.kind) == self => self.last_year()?.dates,
            GrowthBase::LastYear => {
                Dates { from: add_months(self.dates.from, -12), to: add_months(self.dates.to, -12) }
            }
        };
        let through = match (growth_base, self.kind) {
            _ if self.is_over(today) => return Some(Base { so_far: whole, whole }),
            (GrowthBase::LastYear, PeriodKind::Month | PeriodKind::Quarter | PeriodKind::Year) => {
                add_days(add_months(today, -12), 1)
            }
            // Weeks are compared weekday by weekday, and a period with the one before it by the day's position.
            _ => add_days(whole.from, (today - self.dates.from).whole_days() + 1),
        };
        Some(Base { so_far: Dates { from: whole.from, to: through.clamp(whole.from, whole.to) }, whole })
    }

    /// The words on a page: "19 Nov 2026", "Week 47, 2026", "November 2026", "Q4 2026", "2026"; with "FY" before the
    /// year where the fiscal year is not the calendar's.
    pub fn label(self) -> String {
        let first = self.dates.from;
        let fiscal = if self.fiscal_start == Month::January { "" } else { "FY " };
        match self.kind {
            PeriodKind::Day => short_date(first),
            PeriodKind::Week => format!("Week {}, {}", first.iso_week(), first.to_iso_week_date().0),
            PeriodKind::Month => format!("{} {}", first.month(), first.year()),
            PeriodKind::Quarter => format!("Q{} {fiscal}{}", self.quarter(), self.fiscal_year()),
            PeriodKind::Year => format!("{fiscal}{}", self.fiscal_year()),
        }
    }

    fn quarter(self) -> i32 {
        months_between(self.fiscal_start, self.dates.from.month()) / 3 + 1
    }

    fn fiscal_year(self) -> i32 {
        self.as_kind(PeriodKind::Year).last_day().year()
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.dates.from;
        match self.kind {
            PeriodKind::Day => write!(f, "{first}"),
            PeriodKind::Week => write!(f, "{:04}-W{:02}", first.to_iso_week_date().0, first.iso_week()),
            PeriodKind::Month => write!(f, "{:04}-{:02}", first.year(), u8::from(first.month())),
            PeriodKind::Quarter => write!(f, "{:04}-Q{}", self.fiscal_year(), self.quarter()),
            PeriodKind::Year => write!(f, "{:04}", self.fiscal_year()),
        }
    }
}

/// What a period's sales are compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Base {
    /// The part that has a counterpart in the period by today; all of it once the period is over.
    pub so_far: Dates,
    /// All of it: what the pace of a growth target is spread over.
    pub whole: Dates,
}

/// The date as pages write it: "19 Nov 2026".
pub fn short_date(day: Date) -> String {
    let month = day.month().to_string();
    format!("{} {} {}", day.day(), month.get(..3).unwrap_or(&month), day.year())
}

/// The date so many months later (or earlier, below zero), on the same day of the month or, where the month is shorter,
/// its last: 29 Feb 2024 − 12 months = 28 Feb 2023. At the ends of the calendar it stays there.
pub fn add_months(day: Date, months: i32) -> Date {
    let count = day.year() * 12 + i32::from(u8::from(day.month())) - 1 + months;
    let year = count.div_euclid(12).clamp(Date::MIN.year(), Date::MAX.year());
    let month = month_number(count.rem_euclid(12) + 1);
    with_day(year, month, day.day().min(month.length(year)))
}

/// The date so many days later (or earlier). At the ends of the calendar it stays there.
pub fn add_days(day: Date, days: i64) -> Date {
    day.saturating_add(Duration::days(days.clamp(-4_000_000, 4_000_000)))
}

/// The month with this number, 1–12; numbers outside are taken as the nearest.
pub fn month_number(number: i32) -> Month {
    u8::try_from(number.clamp(1, 12)).ok().and_then(|n| Month::try_from(n).ok()).unwrap_or(Month::January)
}

/// The first day of the fiscal year that ends in this year.
fn fiscal_year_start(year: i32, fiscal_start: Month) -> Date {
    with_day(if fiscal_start == Month::January { year } else { year - 1 }, fiscal_start, 1)
}

/// How many months `month` comes after `start`, 0–11.
fn months_between(start: Month, month: Month) -> i32 {
    (i32::from(u8::from(month)) - i32::from(u8::from(start))).rem_euclid(12)
}

fn with_day(year: i32, month: Month, day: u8) -> Date {
    Date::from_calendar_date(year, month, day).unwrap_or(Date::MAX)
}

fn date(year: i32, month: &str, day: &str) -> Option<Date> {
    let month = Month::try_from(digits::<u8>(month, 2)?).ok()?;
    Date::from_calendar_date(year, month, digits(day, 2)?).ok()
}

/// A number of exactly so many digits, without signs or blanks.
fn digits<T: std::str::FromStr>(text: &str, count: usize) -> Option<T> {
    (text.len() == count && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::date;

    use super::*;

    const JAN: Month = Month::January;

    fn period(word: &str) -> Period {
        Period::parse(word, JAN).unwrap()
    }

    fn dates(period: Period) -> (Date, Date) {
        (period.from(), period.to())
    }

    #[test]
    fn each_kind_holds_its_days() {
        let day = date!(2026 - 11 - 19);
        let of = |kind| dates(Period::containing(kind, day, JAN));
        assert_eq!(of(PeriodKind::Day), (day, date!(2026 - 11 - 20)));
        assert_eq!(of(PeriodKind::Week), (date!(2026 - 11 - 16), date!(2026 - 11 - 23)));
        assert_eq!(of(PeriodKind::Month), (date!(2026 - 11 - 01), date!(2026 - 12 - 01)));
        assert_eq!(of(PeriodKind::Quarter), (date!(2026 - 10 - 01), date!(2027 - 01 - 01)));
        assert_eq!(of(PeriodKind::Year), (date!(2026 - 01 - 01), date!(2027 - 01 - 01)));
    }

    #[test]
    fn a_fiscal_year_is_named_after_the_year_in_which_it_ends() {
        let year = Period::containing(PeriodKind::Year, date!(2026 - 11 - 19), Month::April);
        assert_eq!((year.to_string().as_str(), dates(year)), ("2027", (date!(2026 - 04 - 01), date!(2027 - 04 - 01))));
        let year = Period::containing(PeriodKind::Year, date!(2026 - 03 - 31), Month::April);
        assert_eq!((year.to_string().as_str(), year.from()), ("2026", date!(2025 - 04 - 01)));
        let quarter = Period::containing(PeriodKind::Quarter, date!(2026 - 02 - 01), Month::April);
        assert_eq!((quarter.to_string().as_str(), quarter.from()), ("2026-Q4", date!(2026 - 01 - 01)));
        let quarter = Period::parse("2026-Q1", Month::December).unwrap();
        assert_eq!(dates(quarter), (date!(2025 - 12 - 01), date!(2026 - 03 - 01)));
        assert_eq!(quarter.label(), "Q1 FY 2026");
        assert_eq!(Period::parse("2026", Month::December).unwrap().label(), "FY 2026");
    }

    #[test]
    fn words_of_urls_are_read_and_written() {
        for word in ["2026-11-19", "2026-W47", "2026-W01", "2020-W53", "2026-11", "2026-Q4", "2026", "2024-02-29"] {
            assert_eq!(period(word).to_string(), word);
        }
        for word in [
            "",
            "26",
            "2026-",
            "2026-13",
            "2026-00",
            "2026-Q5",
            "2026-Q0",
            "2026-W00",
            "2026-W54",
            "2021-W53",
            "2026-w47",
            "2026-1",
            "2026-02-29",
            "2026-11-19x",
            "+026",
            "2026-+1",
            "1899",
            "3000",
            "2026-W4é",
            "2026-é",
            "-026-11",
        ] {
            assert_eq!(Period::parse(word, JAN), Err(NotAPeriod(word.to_owned())), "{word}");
        }
    }

    #[test]
    fn labels_are_words() {
        let labels = ["2026-11-19", "2026-W47", "2026-11", "2026-Q4", "2026"].map(|word| period(word).label());
        assert_eq!(labels, ["19 Nov 2026", "Week 47, 2026", "November 2026", "Q4 2026", "2026"]);
        // Week 1 of 2025 begins in 2024, and is named after the year of its Thursday.
        assert_eq!(Period::containing(PeriodKind::Week, date!(2024 - 12 - 30), JAN).label(), "Week 1, 2025");
    }

    #[test]
    fn a_period_is_compared_with_the_same_of_last_year() {
        let today = date!(2030 - 01 - 01);
        let base = |word| period(word).base(GrowthBase::LastYear, today).map(|base| base.whole);
        let range = |from, to| Some(Dates { from, to });
        assert_eq!(base("2026-11"), range(date!(2025 - 11 - 01), date!(2025 - 12 - 01)));
        assert_eq!(base("2025-02"), range(date!(2024 - 02 - 01), date!(2024 - 03 - 01)));
        assert_eq!(base("2026-Q4"), range(date!(2025 - 10 - 01), date!(2026 - 01 - 01)));
        assert_eq!(base("2024-02-29"), range(date!(2023 - 02 - 28), date!(2023 - 03 - 01)));
        assert_eq!(base("2026-W47"), range(date!(2025 - 11 - 17), date!(2025 - 11 - 24)));
        assert_eq!(base("2020-W53"), None);
        assert_eq!(base("2021-W01"), range(date!(2019 - 12 - 30), date!(2020 - 01 - 06)));
    }

    #[test]
    fn a_running_period_is_compared_through_todays_date_of_last_year() {
        let so_far = |word, today| {
            let base = period(word).base(GrowthBase::LastYear, today).unwrap().so_far;
            (base.from, base.to)
        };
        assert_eq!(so_far("2026-11", date!(2026 - 11 - 19)), (date!(2025 - 11 - 01), date!(2025 - 11 - 20)));
        assert_eq!(so_far("2026", date!(2026 - 11 - 19)), (date!(2025 - 01 - 01), date!(2025 - 11 - 20)));
        assert_eq!(so_far("2024-02", date!(2024 - 02 - 29)), (date!(2023 - 02 - 01), date!(2023 - 03 - 01)));
        assert_eq!(so_far("2025-02", date!(2025 - 02 - 28)), (date!(2024 - 02 - 01), date!(2024 - 02 - 29)));
        assert_eq!(so_far("2025-02", date!(2025 - 03 - 01)), (date!(2024 - 02 - 01), date!(2024 - 03 - 01)));
        // A week by weekday: Thursday through Thursday.
        assert_eq!(so_far("2026-W47", date!(2026 - 11 - 19)), (date!(2025 - 11 - 17), date!(2025 - 11 - 21)));
        // What has not begun has nothing to be compared with.
        let (from, to) = so_far("2026-12", date!(2026 - 11 - 19));
        assert_eq!(from, to);
    }

    #[test]
    fn the_period_before_is_compared_day_by_day() {
        let base = |word, today| period(word).base(GrowthBase::PeriodBefore, today).unwrap();
        let running = base("2026-11", date!(2026 - 11 - 19));
        assert_eq!(running.so_far, Dates { from: date!(2026 - 10 - 01), to: date!(2026 - 10 - 20) });
        assert_eq!(running.whole, period("2026-10").dates());
        // 31 March has no counterpart in February: all of February.
        assert_eq!(base("2026-03", date!(2026 - 03 - 31)).so_far, period("2026-02").dates());
        assert_eq!(base("2020-W53", date!(2021 - 06 - 01)).whole, period("2020-W52").dates());
    }

    #[test]
    fn periods_that_overlap_are_listed_whole() {
        let months = Dates { from: date!(2016 - 10 - 01), to: date!(2018 - 01 - 01) };
        let words = |kind, start| -> Vec<String> {
            Period::overlapping(kind, months, start).iter().map(ToString::to_string).collect()
        };
        assert_eq!(words(PeriodKind::Year, JAN), ["2016", "2017"]);
        assert_eq!(words(PeriodKind::Year, Month::April), ["2017", "2018"]);
        assert_eq!(words(PeriodKind::Quarter, JAN).len(), 5);
        let weeks = words(PeriodKind::Week, JAN);
        assert_eq!((weeks.first().unwrap().as_str(), weeks.last().unwrap().as_str()), ("2016-W39", "2017-W52"));
        assert_eq!(words(PeriodKind::Day, JAN).len(), 457);
    }

    proptest! {
        #[test]
        fn periods_tile_the_calendar(day in 0..400_000_i64, start in 1..=12_i32) {
            let day = add_days(date!(1901 - 01 - 01), day);
            for kind in PeriodKind::ALL {
                let period = Period::containing(kind, day, month_number(start));
                prop_assert!(period.contains(day));
                prop_assert_eq!(period.previous().to(), period.from());
                prop_assert_eq!(period.next().from(), period.to());
                prop_assert_eq!(period.next().previous(), period);
                prop_assert_eq!(Period::parse(&period.to_string(), month_number(start)), Ok(period));
            }
        }

        #[test]
        fn no_text_breaks_the_reader(text in "\\PC{0,12}") {
            let _ = Period::parse(&text, JAN);
        }
    }
}
