//! What the boards measure of each rep in a period, and the targets that count for it.

use std::collections::{BTreeMap, HashMap};

use rust_decimal::Decimal;
use sqlx::PgConnection;

use super::calculate::{Part, Question};
use crate::{
    domain::{
        id::UserId,
        metric::{self, Facts, Metric},
        money::Money,
    },
    scorecards::{
        self,
        db::{Subject, Subjects},
    },
    targets::expected::{self, Expected, Presences},
    web::error::Error,
};

/// Facts and targets of reps in one period.
pub struct Measured {
    facts: HashMap<UserId, Facts>,
    expected: HashMap<UserId, BTreeMap<Metric, Expected>>,
}

/// Loads what is asked for: the facts of the query that every page uses, and the targets in force.
pub async fn of_reps(db: &mut PgConnection, asked: &Question, reps: Vec<UserId>) -> Result<Measured, Error> {
    let (org, period) = (asked.org, asked.period);
    let presences = Presences::load(db, org, &reps, period.dates()).await?;
    let expected = expected::of_reps(db, org, &reps, period, &presences).await?;
    let subjects = Subjects { reps, ..Subjects::default() };
    let facts = scorecards::db::facts(db, org, &subjects, &[period], asked.growth_base, asked.today)
        .await?
        .into_iter()
        .filter_map(|((_, subject), facts)| match subject {
            Subject::Rep(rep) => Some((rep, facts)),
            Subject::Team(_) | Subject::Company => None,
        })
        .collect();
    Ok(Measured { facts, expected })
}

impl Measured {
    /// The value of every metric that has one, in its unit.
    pub fn metrics(&self, rep: UserId) -> BTreeMap<Metric, Decimal> {
        let facts = self.facts.get(&rep).copied().unwrap_or_default();
        Metric::ALL.into_iter().filter_map(|metric| Some((metric, metric::value(metric, &facts)?.decimal()))).collect()
    }

    /// The targets that are set, in the same units: what of them counts for who is there on some of the days.
    pub fn targets(&self, rep: UserId) -> BTreeMap<Metric, Decimal> {
        self.each(rep).filter_map(|(metric, expected)| Some((metric, expected.value?))).collect()
    }

    /// The targets of which only a part counts.
    pub fn parts(&self, rep: UserId) -> BTreeMap<Metric, Part> {
        let part = |(metric, expected): (Metric, Expected)| {
            let Expected { set, value, presence } = expected;
            let part = Part { target: set, counts: value, here: presence.days, of: presence.of };
            expected.is_part().then_some((metric, part))
        };
        self.each(rep).filter_map(part).collect()
    }

    fn each(&self, rep: UserId) -> impl Iterator<Item = (Metric, Expected)> {
        self.expected.get(&rep).into_iter().flatten().map(|(metric, expected)| (*metric, *expected))
    }

    /// Whether growth compares books, and not what reps are credited with.
    pub fn is_by_book(&self, rep: UserId) -> bool {
        self.facts.get(&rep).is_some_and(|facts| facts.book_sales.is_some())
    }

    /// Net sales of the period that growth is compared with, as far as this one has come.
    pub fn base(&self, rep: UserId) -> Option<Money> {
        self.facts.get(&rep).and_then(|facts| facts.net_sales_base)
    }
}
