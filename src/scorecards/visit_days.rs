//! The days and weeks in which visits are expected, and whether they were made: what the minimum of visits is a share of.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sqlx::PgConnection;
use time::Date;

use super::{
    more::{Asked, Who},
    more_db::{self, Visitor},
};
use crate::{
    domain::{
        id::UserId,
        minimum::{Made, Stretch, stretches},
        period::{Dates, Period, add_days},
        subject::Subject,
    },
    targets::expected::Presences,
};

/// A day or week in which visits were expected.
#[derive(Clone, Debug)]
pub struct Expected {
    /// When.
    pub period: Period,
    /// Whose.
    pub whose: Subject,
    /// Who was to go.
    pub rep: String,
    /// What was expected and made.
    pub stretch: Stretch,
}

/// The days and weeks of the periods in which visits were expected, rep by rep.
pub async fn minimums(db: &mut PgConnection, asked: &Asked<'_>, who: &Who) -> sqlx::Result<Vec<Expected>> {
    let minimums = more_db::minimums(db, asked.org).await?;
    let Some(all) = asked.so_far().filter(|_| !minimums.is_empty()) else { return Ok(vec![]) };
    // A week is whole, also where the period begins in the middle of it.
    let dates = Dates { from: add_days(all.from, -7), to: add_days(all.to, 7) };
    let sells: BTreeSet<UserId> = if asked.subjects.company {
        more_db::visitors(db, asked.org, None).await?.into_iter().map(|visitor| visitor.rep).collect()
    } else {
        BTreeSet::new()
    };
    let ids: BTreeSet<UserId> = who.reps.iter().chain(who.members.keys()).chain(&sells).copied().collect();
    let ids = Vec::from_iter(ids);
    let presences = Presences::load(db, asked.org, &ids, dates).await?;
    let mut made: HashMap<UserId, BTreeMap<Date, Made>> = HashMap::new();
    for day in more_db::visits_made(db, asked.org, &ids, dates).await? {
        made.entry(day.rep).or_default().insert(day.on, Made { visits: day.visits, strangers: day.strangers });
    }
    let mut found = vec![];
    for Visitor { rep, name } in more_db::visitors(db, asked.org, Some(&ids)).await? {
        let made = made.remove(&rep).unwrap_or_default();
        let here = presences.days(rep).unwrap_or_default();
        let is_here = |day: Date| here.binary_search(&day).is_ok();
        for &period in asked.periods {
            for stretch in stretches(&minimums, rep, period.dates(), asked.today, is_here, &made) {
                let company = sells.contains(&rep).then_some(Subject::Company);
                let expected = |whose| Expected { period, whose, rep: name.clone(), stretch };
                found.extend(who.of(rep, stretch.on).chain(company).map(expected));
            }
        }
    }
    Ok(found)
}
