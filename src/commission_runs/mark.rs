//! The mark of a period's facts: one number that changes whenever something changes that pay could follow from.
//!
//! PostgreSQL reads each fact once and sums up days ([`mark_db`]); here days become periods, however these overlap.

use std::collections::HashMap;

use sqlx::PgConnection;
use time::Date;

use super::mark_db;
use crate::domain::id::OrgId;

/// Some days, the last one not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    /// First day.
    pub from: Date,
    /// First day after.
    pub to: Date,
}

impl Days {
    fn has(self, day: Date) -> bool {
        self.from <= day && day < self.to
    }

    fn and(self, other: Self) -> Self {
        Self { from: self.from.min(other.from), to: self.to.max(other.to) }
    }
}

/// The days that a mark is made of.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// Which mark: spans of the same place make one.
    pub place: i32,
    /// The days.
    pub days: Days,
    /// Whether only sales count: days that growth is compared with.
    pub base: bool,
    /// Whether only confirmed deals pay; none: by today's setting.
    pub confirm: Option<bool>,
}

/// What is read for all spans at once.
#[derive(Clone, Debug)]
pub struct Reach {
    /// The days whose sales count, in order of time, none of them twice.
    pub sold: Vec<Days>,
    /// The days of which everything counts.
    pub own: Days,
    /// Today at the company: what comes later has not happened.
    pub today: Date,
}

/// A kind of fact that belongs to a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Kind {
    /// A deal or a return: what, of whom, how much, and what became of the customer.
    Sale = 1,
    /// That a deal is confirmed.
    Confirmed,
    /// Who is credited.
    Credit,
    /// What of which category was sold, at which cost.
    Line,
    /// Who came to own a customer, and who no longer did.
    Owner,
    /// A visit that counts.
    Visit,
    /// Somebody else who went along.
    Along,
    /// A first sale, a loss or a win-back, and what became of it.
    Event,
}

/// The mark of one kind of fact on one day.
#[derive(Clone, Copy, Debug)]
pub struct OfDay {
    /// The day.
    pub day: Date,
    /// Which facts.
    pub kind: Kind,
    /// Their mark.
    pub mark: i64,
}

/// The marks of some days, by place, as facts stand today.
///
/// A mark is made of everything that pay of these days is made of: deals with their linked returns, credits, categories
/// and costs; first sales, losses, win-backs and whether a customer won was lost again; visits that count; whose customer
/// it was; who belonged to which team and led it; what is held. Not of targets, plans, settings and the tree: a locked
/// period keeps those of its lock. Visits count by the week, which reaches three days beyond its period; who owned a customer
/// follows from all that was handed over before. Two marks that differ may still pay the same; equal ones do.
pub async fn marks(db: &mut PgConnection, org: OrgId, spans: &[Span], today: Date) -> sqlx::Result<HashMap<i32, i64>> {
    let sold = merged(spans.iter().map(|span| span.days));
    let Some(first) = sold.first() else { return Ok(HashMap::new()) };
    let confirm = mark_db::confirms(db, org).await?;
    let own = spans.iter().filter(|span| !span.base);
    let none = Days { from: first.from, to: first.from };
    let reach = Reach { own: own.clone().map(|span| span.days).reduce(Days::and).unwrap_or(none), sold, today };
    let places: Vec<(i32, Days)> = own.map(|span| (span.place, span.days)).collect();
    let days = mark_db::of_days(db, org, &reach).await?;
    let mut marks: HashMap<i32, i64> = spans.iter().map(|span| (span.place, 0)).collect();
    for (place, mark) in mark_db::of_places(db, org, &places).await? {
        *marks.entry(place).or_default() ^= mark;
    }
    for span in spans {
        let mark = marks.entry(span.place).or_default();
        for of_day in days.iter().filter(|one| counts(one, span, span.confirm.unwrap_or(confirm))) {
            *mark ^= mixed(of_day, span.base);
        }
    }
    Ok(marks)
}

/// The same days, those that meet or overlap in one.
fn merged(days: impl Iterator<Item = Days>) -> Vec<Days> {
    let mut days: Vec<Days> = days.collect();
    days.sort_by_key(|days| days.from);
    let mut merged: Vec<Days> = Vec::new();
    for next in days {
        match merged.last_mut() {
            Some(last) if next.from <= last.to => *last = last.and(next),
            _ => merged.push(next),
        }
    }
    merged
}

fn counts(of_day: &OfDay, span: &Span, confirm: bool) -> bool {
    let week = Days { from: span.days.from - WEEK_BEYOND, to: span.days.to + WEEK_BEYOND };
    match of_day.kind {
        Kind::Sale | Kind::Credit => span.days.has(of_day.day),
        Kind::Confirmed => confirm && span.days.has(of_day.day),
        Kind::Owner => !span.base && of_day.day < span.days.to,
        Kind::Line | Kind::Event => !span.base && span.days.has(of_day.day),
        Kind::Visit | Kind::Along => !span.base && week.has(of_day.day),
    }
}

/// How far the weeks of a period reach beyond it.
const WEEK_BEYOND: time::Duration = time::Duration::days(3);

/// The mark of a day so that no other day, kind or role of it takes it away again (`SplitMix64`'s mixing).
fn mixed(of_day: &OfDay, base: bool) -> i64 {
    let place = i64::from(of_day.day.to_julian_day()) << 8 | i64::from(of_day.kind as u8) << 1 | i64::from(base);
    let mut x = of_day.mark.wrapping_add(place.wrapping_mul(0x1E37_79B9_7F4A_7C15)).cast_unsigned();
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (x ^ (x >> 31)).cast_signed()
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn days_that_meet_are_read_once() {
        let (september, october) = (
            Days { from: date!(2026 - 09 - 01), to: date!(2026 - 10 - 01) },
            Days { from: date!(2026 - 10 - 01), to: date!(2026 - 11 - 01) },
        );
        let year = Days { from: date!(2026 - 01 - 01), to: date!(2026 - 10 - 01) };
        let before = Days { from: date!(2025 - 10 - 01), to: date!(2025 - 11 - 01) };
        let both = Days { from: september.from, to: october.to };
        let cases: [(&[Days], &[Days]); 5] = [
            (&[], &[]),
            (&[october, before], &[before, october]),
            (&[october, september], &[both]),
            (&[year, september], &[year]),
            (&[october, before, year, before], &[before, Days { from: year.from, to: october.to }]),
        ];
        for (days, expected) in cases {
            assert_eq!(merged(days.iter().copied()), expected, "{days:?}");
        }
    }
}
