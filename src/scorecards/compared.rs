//! A board beside an earlier one: whose score rose, and who is new since.

use std::collections::BTreeSet;

use time::Date;

use super::{
    db::Subject,
    figure,
    measured::{self, Measured, Question},
};
use crate::{
    domain::{id::UserId, metric::Metric, period::Period, rate::Ratio, scorecard::Scorecard, target::Attainment},
    postgres::tx::Read,
    targets::{self, db::Rep},
    web::{auth::Viewer, format},
};

/// With which period a board is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Earlier {
    /// The period just before.
    Before,
    /// The same one a year before.
    Year,
}

impl Earlier {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Before, Self::Year];

    /// Its word in an address.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::Year => "year",
        }
    }

    /// Reads that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|earlier| earlier.as_str() == word)
    }

    /// That period; week 53 has none a year before.
    pub fn period(self, period: Period) -> Option<Period> {
        match self {
            Self::Before => Some(period.previous()),
            Self::Year => period.last_year(),
        }
    }
}

/// What the same reps had reached in an earlier period: by its end, or while the board's period still runs by the same
/// day of it, so that both have come equally far.
pub struct Compared {
    /// The earlier period.
    pub period: Period,
    /// By which day of it, where it is not its end.
    pub until: Option<Date>,
    /// The team's or company's numbers of then, and the reps' of now.
    pub measured: Measured,
    /// Who worked there then.
    there: BTreeSet<UserId>,
}

/// Loads the numbers of a board's reps in the period before.
pub async fn load(
    read: &mut Read,
    me: &Viewer,
    before: Period,
    period: Period,
    reps: &[UserId],
    whole: Subject,
    more: BTreeSet<Metric>,
) -> sqlx::Result<Compared> {
    let until = until(before, period, me.today);
    let until_or_now = until.unwrap_or(me.today);
    let asked = Question { until: until_or_now, reps, whole, more };
    let measured = measured::load(read, me, before, asked).await?;
    let there = targets::db::reps(read, &me.scope, before, None, before.last_day()).await?;
    Ok(Compared { period: before, until, measured, there: there.into_iter().map(|rep| rep.id).collect() })
}

/// The day of the earlier period that is as far from its beginning as today is from the running one's.
fn until(before: Period, period: Period, today: Date) -> Option<Date> {
    let same = before.from() + (today - period.from());
    (period.contains(today) && same < before.last_day()).then_some(same)
}

impl Compared {
    /// The score of then; nothing without targets.
    pub fn score(&self, rep: UserId) -> Option<Attainment> {
        figure::score(&Scorecard::default(), &self.measured.figures(rep))
    }

    /// By how much the score rose, as a fraction; nothing where one of the two is missing, or the rep is new.
    pub fn rise(&self, rep: UserId, now: Option<Attainment>) -> Option<Ratio> {
        if self.is_new(rep) {
            return None;
        }
        Some(now?.0.minus(self.score(rep)?.0))
    }

    /// "October 2026", "October 2026 up to 19 Oct 2026".
    pub fn words(&self) -> String {
        let period = format::period(self.period);
        self.until.map_or_else(|| period.clone(), |day| format!("{period} up to {}", format::date(day)))
    }

    /// What the team had reached in a metric then.
    pub fn total(&self, metric: Metric, reps: &[Rep], me: &Viewer) -> Option<String> {
        let figures = self.measured.total_figures(reps);
        let value = figures.into_iter().find(|figure| figure.metric == metric)?.value?;
        Some(figure::shown(metric, value, me.company.currency))
    }

    /// Whose score rose most, and by how much: several where they rose alike, nobody where none rose.
    pub fn most_improved<'a>(&self, scores: &[(&'a str, UserId, Option<Attainment>)]) -> Option<(Vec<&'a str>, Ratio)> {
        let rises: Vec<(&str, Ratio)> =
            scores.iter().filter_map(|&(name, rep, score)| Some((name, self.rise(rep, score)?))).collect();
        let most = rises.iter().map(|(_, rise)| *rise).max().filter(|rise| *rise > Ratio::ZERO)?;
        Some((rises.into_iter().filter(|(_, rise)| *rise == most).map(|(name, _)| name).collect(), most))
    }

    /// Whether a rep was hired since.
    pub fn is_new(&self, rep: UserId) -> bool {
        !self.there.contains(&rep)
    }
}

#[cfg(test)]
mod tests {
    use time::{Month, macros::date};

    use super::*;

    #[test]
    fn a_running_period_is_compared_with_as_much_of_the_earlier_one() {
        let month = |text| Period::parse(text, Month::January).unwrap();
        let (october, november, february) = (month("2026-10"), month("2026-11"), month("2026-02"));
        assert_eq!(until(october, november, date!(2026 - 11 - 19)), Some(date!(2026 - 10 - 19)));
        assert_eq!(until(october, november, date!(2026 - 12 - 01)), None, "over: compared whole");
        assert_eq!(until(february, month("2026-03"), date!(2026 - 03 - 30)), None, "the shorter one is whole by then");
        assert_eq!(until(february, month("2026-03"), date!(2026 - 03 - 28)), None, "its last day");
    }
}
