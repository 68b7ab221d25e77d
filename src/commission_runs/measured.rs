//! What the boards measure of each rep in a period, and the targets that count for it.

use std::collections::{BTreeMap, HashMap};

use rust_decimal::Decimal;
use sqlx::PgConnection;

use super::calculate::Question;
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
    targets,
    web::error::Error,
};

/// Facts and targets of reps in one period.
pub struct Measured {
    facts: HashMap<UserId, Facts>,
    targets: HashMap<UserId, BTreeMap<Metric, Decimal>>,
}

/// Loads what is asked for: the facts of the query that every page uses, and the targets in force.
pub async fn of_reps(db: &mut PgConnection, asked: &Question, reps: Vec<UserId>) -> Result<Measured, Error> {
    let (org, period) = (asked.org, asked.period);
    let mut targets: HashMap<UserId, BTreeMap<Metric, Decimal>> = HashMap::new();
    for target in targets::db::in_force(db, org, Some(&reps), &[period]).await? {
        if let Some(value) = target.value {
            targets.entry(target.rep).or_default().insert(target.metric, value);
        }
    }
    let subjects = Subjects { reps, ..Subjects::default() };
    let facts = scorecards::db::facts(db, org, &subjects, &[period], asked.growth_base, asked.today)
        .await?
        .into_iter()
        .filter_map(|((_, subject), facts)| match subject {
            Subject::Rep(rep) => Some((rep, facts)),
            Subject::Team(_) | Subject::Company => None,
        })
        .collect();
    Ok(Measured { facts, targets })
}

impl Measured {
    /// The value of every metric that has one, in its unit.
    pub fn metrics(&self, rep: UserId) -> BTreeMap<Metric, Decimal> {
        let facts = self.facts.get(&rep).copied().unwrap_or_default();
        Metric::ALL.into_iter().filter_map(|metric| Some((metric, metric::value(metric, &facts)?.decimal()))).collect()
    }

    /// The targets that are set, in the same units.
    pub fn targets(&self, rep: UserId) -> BTreeMap<Metric, Decimal> {
        self.targets.get(&rep).cloned().unwrap_or_default()
    }

    /// Net sales of the period that growth is compared with, as far as this one has come.
    pub fn base(&self, rep: UserId) -> Option<Money> {
        self.facts.get(&rep).and_then(|facts| facts.net_sales_base)
    }
}
