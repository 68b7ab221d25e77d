//! What is expected of each rep in a period: the targets in force, and of who is there on some of the days their part.
//! My month, scoreboards, the grid and commission runs all ask here, so that a target never has two values.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rust_decimal::Decimal;
use sqlx::PgConnection;
use time::Date;

use super::{db, presence_db};
use crate::{
    domain::{
        calendar::Calendar,
        id::{OrgId, RunId, UserId},
        metric::{Metric, Unit},
        period::{Dates, Period, PeriodKind},
        subject::Subjects,
        target::{Presence, Stay, prorated},
    },
    period_locks,
    postgres::tx::Tx,
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

/// On which working days of a period each rep is there, and for which metrics that makes no difference.
#[derive(Clone, Debug, Default)]
pub struct Presences {
    there: HashMap<UserId, Vec<Date>>,
    calendar: Calendar,
    working: u32,
    whole: BTreeSet<Metric>,
}

impl Presences {
    /// The presences of these reps: working days of the company on which they are employed and not on leave. Of locked
    /// days what was kept when they were locked.
    pub async fn load(db: &mut PgConnection, org: OrgId, reps: &[UserId], dates: Dates) -> sqlx::Result<Self> {
        Ok(Self::load_each(db, org, reps, &[dates]).await?.pop().unwrap_or_default())
    }

    /// The same for each of these dates, in their order, in as many queries as for one.
    pub async fn load_each(
        db: &mut PgConnection,
        org: OrgId,
        reps: &[UserId],
        dates: &[Dates],
    ) -> sqlx::Result<Vec<Self>> {
        let ends = dates.iter().map(|dates| dates.from).min().zip(dates.iter().map(|dates| dates.to).max());
        let Some((from, to)) = ends else { return Ok(vec![]) };
        let all = Dates { from, to };
        let rules = presence_db::rules(db, org, dates).await?;
        let locked = presence_db::locked_calendars(db, org, all).await?;
        let stays = stays(db, org, reps, all).await?;
        let of = |(&dates, rules): (&Dates, presence_db::Rules)| {
            let workdays: Vec<u8> = rules.workdays.iter().filter_map(|&day| u8::try_from(day).ok()).collect();
            let calendar = locked.iter().fold(Calendar::new(&workdays, rules.holidays), |calendar, kept| {
                calendar.settle(Dates { from: kept.from, to: kept.to }, kept.days.iter().copied())
            });
            let there = stays.iter().map(|(rep, stay)| (*rep, stay.days(&calendar, dates))).collect();
            let whole = rules.whole.iter().filter_map(|metric| Metric::parse(metric)).collect();
            Self { there, working: calendar.working_days(dates), calendar, whole }
        };
        Ok(dates.iter().zip(rules).map(of).collect())
    }

    /// The same for whom only the days from one on count: of a target the share of these in the company's working days.
    #[must_use]
    pub fn since(mut self, day: Date) -> Self {
        for days in self.there.values_mut() {
            days.retain(|there| *there >= day);
        }
        self
    }

    /// The company's working days; only of the period's days.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// The working days on which one of the reps is there, in order.
    pub fn days(&self, rep: UserId) -> Option<&[Date]> {
        self.there.get(&rep).map(Vec::as_slice)
    }

    /// The presence of one of the reps.
    pub fn of(&self, rep: UserId) -> Option<Presence> {
        let days = u32::try_from(self.days(rep)?.len()).unwrap_or(u32::MAX);
        Some(Presence { days, of: self.working })
    }

    /// Whether a target of the rep does not count as it was set.
    pub fn is_part(&self, rep: UserId, metric: Metric) -> bool {
        let counts_whole = metric.unit() == Unit::Fraction || self.whole.contains(&metric);
        !counts_whole && self.of(rep).is_some_and(|presence| !presence.is_whole())
    }

    /// What of a target counts for a rep.
    pub fn expected(&self, rep: UserId, metric: Metric, set: Decimal) -> Expected {
        let presence = self.of(rep).unwrap_or(Presence { days: 0, of: 0 });
        let value = if self.whole.contains(&metric) { Some(set) } else { prorated(metric, set, presence) };
        Expected { set, value, presence }
    }
}

/// When each of these people is there within the dates.
async fn stays(
    db: &mut PgConnection,
    org: OrgId,
    reps: &[UserId],
    dates: Dates,
) -> sqlx::Result<HashMap<UserId, Stay>> {
    let employed = presence_db::stays(db, org, reps).await?.into_iter();
    let mut stays: HashMap<UserId, Stay> =
        employed.map(|row| (row.rep, Stay { hired: row.hired_on, left: row.left_on, ..Stay::default() })).collect();
    for away in leaves_db::within(db, org, reps, dates).await? {
        stays.entry(away.rep).or_default().leave.push(away.during);
    }
    for (rep, kept) in presence_db::locked_absences(db, org, reps, dates).await? {
        stays.entry(rep).or_default().settled.push((Dates { from: kept.from, to: kept.to }, kept.days));
    }
    Ok(stays)
}

/// Locks the run's period if all of its statements are approved, and keeps who was there on which of its days: leave,
/// employment, holidays and working days that are corrected later move nothing that was paid. The mark of its facts is for
/// `commission_runs::approval::lock_if_approved`.
pub async fn lock_if_approved(tx: &mut Tx, run: RunId) -> sqlx::Result<bool> {
    let Some(dates) = period_locks::db::lock_if_approved(tx, run).await? else { return Ok(false) };
    keep(tx, run, dates).await?;
    Ok(true)
}

/// Keeps who was there on which of the days of a lock.
pub async fn keep(tx: &mut Tx, run: RunId, dates: Dates) -> sqlx::Result<()> {
    let org = tx.org;
    let everybody = presence_db::everybody(tx, org).await?;
    let presences = Presences::load(tx, org, &everybody, dates).await?;
    let working: Vec<Date> = dates.days().filter(|day| presences.calendar.is_working(*day)).collect();
    let missed = |rep: UserId| {
        let there = presences.days(rep).unwrap_or_default();
        working.iter().copied().filter(|day| there.binary_search(day).is_err()).collect()
    };
    let away: Vec<(UserId, Vec<Date>)> = everybody.iter().map(|&rep| (rep, missed(rep))).collect();
    presence_db::keep(tx, run, &working, &away).await
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

/// What the targets of consecutive periods of `whole`, up to its `last`, come to together, by rep and metric: what is
/// expected of the whole where nobody said so. Rates do not add up, and where one in between is missing nothing follows;
/// periods before the first target are left out, like those before somebody joined.
pub async fn added_up(
    db: &mut PgConnection,
    org: OrgId,
    reps: &[UserId],
    (whole, last): (Period, Period),
) -> sqlx::Result<HashMap<UserId, BTreeMap<Metric, Decimal>>> {
    let mut period = last;
    let mut sums: HashMap<UserId, BTreeMap<Metric, Sum>> = HashMap::new();
    while period.from() >= whole.from() {
        let presences = Presences::load(db, org, reps, period.dates()).await?;
        let expected = of_reps(db, org, reps, period, &presences).await?;
        for (rep, targets) in expected {
            for (metric, one) in targets.into_iter().filter(|(metric, _)| metric.unit() != Unit::Fraction) {
                let sum = sums.entry(rep).or_default().entry(metric).or_default();
                sum.value += one.value.unwrap_or_default();
                sum.from = Some(period.from());
                sum.periods += 1;
            }
        }
        period = period.previous();
    }
    let unbroken = |sum: &Sum| {
        let since = sum.from.is_some_and(|from| {
            let all = std::iter::successors(Some(last), |period| Some(period.previous()));
            all.take_while(|period| period.from() >= from).count() == sum.periods
        });
        since.then_some(sum.value)
    };
    let of_rep = |(rep, sums): (UserId, BTreeMap<Metric, Sum>)| {
        (rep, sums.iter().filter_map(|(metric, sum)| Some((*metric, unbroken(sum)?))).collect())
    };
    Ok(sums.into_iter().map(of_rep).collect())
}

/// The same of those who have a target from the first period of `whole` on in which they are there: what they did in one
/// before the first target would count, and nothing would be expected of it.
async fn added_up_from_the_first_day(
    db: &mut PgConnection,
    org: OrgId,
    reps: &[UserId],
    (whole, last): (Period, Period),
    there: &Presences,
) -> sqlx::Result<HashMap<UserId, BTreeMap<Metric, Decimal>>> {
    let mut sums = added_up(db, org, reps, (whole, last)).await?;
    let mut firsts: BTreeMap<Period, Vec<UserId>> = BTreeMap::new();
    for &rep in sums.keys() {
        let first = there.days(rep).and_then(<[Date]>::first).copied().unwrap_or(whole.from());
        firsts.entry(whole.at(last.kind(), first)).or_default().push(rep);
    }
    for (first, reps) in firsts {
        let presences = Presences::load(db, org, &reps, first.dates()).await?;
        let expected = of_reps(db, org, &reps, first, &presences).await?;
        for rep in reps {
            let has = |metric: &Metric| expected.get(&rep).is_some_and(|targets| targets.contains_key(metric));
            if let Some(sums) = sums.get_mut(&rep) {
                sums.retain(|metric, _| has(metric));
            }
        }
    }
    Ok(sums)
}

/// What is expected of these reps in a fiscal year, by rep and metric: the year's own targets, and where it has none those
/// of its periods of a kind together.
pub async fn of_year(
    db: &mut PgConnection,
    org: OrgId,
    reps: &[UserId],
    year: Period,
    kind: PeriodKind,
) -> sqlx::Result<HashMap<UserId, BTreeMap<Metric, Decimal>>> {
    let there = Presences::load(db, org, reps, year.dates()).await?;
    let last = year.at(kind, year.last_day());
    let mut targets = added_up_from_the_first_day(db, org, reps, (year, last), &there).await?;
    for (rep, own) in of_reps(db, org, reps, year, &there).await? {
        let own = own.into_iter().filter_map(|(metric, expected)| Some((metric, expected.value?)));
        targets.entry(rep).or_default().extend(own);
    }
    Ok(targets)
}

/// Targets of one metric, added up from the last period backwards.
#[derive(Default)]
struct Sum {
    value: Decimal,
    /// First day of the earliest.
    from: Option<Date>,
    periods: usize,
}
