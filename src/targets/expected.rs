//! What is expected of each rep in a period: the targets in force, and of who is there on some of the days their part.
//! My month, scoreboards, the grid and commission runs all ask here, so that a target never has two values.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rust_decimal::Decimal;
use sqlx::PgConnection;

use super::{db, presence_db};
use crate::{
    domain::{
        calendar::Calendar,
        id::{OrgId, UserId},
        metric::Metric,
        period::{Dates, Period},
        subject::Subjects,
        target::{Presence, prorated},
    },
    users::leaves_db,
};

/// A rep's target: as it was set, and what of it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// As it was set: a whole count, minor units of money, or a fraction.
    pub set: Decimal,
    /// What counts, in the same unit; nothing for who is never there.
    pub value: Option<Decimal>,
    /// What the part follows from.
    pub presence: Presence,
}

impl Expected {
    /// Whether something else counts than what was set.
    pub fn is_part(&self) -> bool {
        self.value != Some(self.set)
    }
}

/// On how many working days of a period each rep is there, and for which metrics that makes no difference.
#[derive(Clone, Debug, Default)]
pub struct Presences {
    of: HashMap<UserId, Presence>,
    whole: BTreeSet<Metric>,
}

impl Presences {
    /// The presences of these reps: working days of the company on which they are employed and not on leave.
    pub async fn load(db: &mut PgConnection, org: OrgId, reps: &[UserId], period: Period) -> sqlx::Result<Self> {
        let rules = presence_db::rules(db, org, period).await?;
        let stays = presence_db::stays(db, org, reps).await?;
        let away = leaves_db::within(db, org, reps, period.dates()).await?;
        let mut leave: HashMap<UserId, Vec<Dates>> = HashMap::new();
        for stretch in away {
            leave.entry(stretch.rep).or_default().push(stretch.during);
        }
        let workdays: Vec<u8> = rules.workdays.iter().filter_map(|&day| u8::try_from(day).ok()).collect();
        let calendar = Calendar::new(&workdays, rules.holidays);
        let of = stays.into_iter().map(|stay| {
            let leave = leave.remove(&stay.rep).unwrap_or_default();
            (stay.rep, Presence::new(&calendar, period, stay.hired_on, stay.left_on, &leave))
        });
        let of = of.collect();
        Ok(Self { of, whole: rules.whole.iter().filter_map(|metric| Metric::parse(metric)).collect() })
    }

    /// The presence of one of the reps.
    pub fn of(&self, rep: UserId) -> Option<Presence> {
        self.of.get(&rep).copied()
    }

    /// What of a target counts for a rep.
    pub fn expected(&self, rep: UserId, metric: Metric, set: Decimal) -> Expected {
        let presence = self.of(rep).unwrap_or(Presence { days: 0, of: 0 });
        let value = if self.whole.contains(&metric) { Some(set) } else { prorated(metric, set, presence) };
        Expected { set, value, presence }
    }
}

/// What is expected of these reps in a period, by rep and metric.
pub async fn of_reps(
    db: &mut PgConnection,
    org: OrgId,
    reps: &[UserId],
    period: Period,
    presences: &Presences,
) -> sqlx::Result<HashMap<UserId, BTreeMap<Metric, Expected>>> {
    let mut found: HashMap<UserId, BTreeMap<Metric, Expected>> = HashMap::new();
    for target in db::in_force(db, org, &Subjects::reps(reps), &[period]).await? {
        if let (Some(rep), Some(set)) = (target.whose.rep(), target.value) {
            let expected = presences.expected(rep, target.metric, set);
            found.entry(rep).or_default().insert(target.metric, expected);
        }
    }
    Ok(found)
}
