//! Facts and targets of a period, put together: what every page about numbers starts from.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rust_decimal::Decimal;
use sqlx::PgConnection;
use time::Date;

use super::{
    db::{Subject, Subjects},
    figure::Figure,
    more::{self, Asked},
    more_db::Pays,
};
use crate::{
    domain::{
        calendar::Progress,
        company::GrowthBase,
        id::UserId,
        metric::{Facts, Metric, Unit},
        period::{Dates, Period, PeriodKind},
        rate::Ratio,
    },
    targets::{
        self,
        db::Rep,
        expected::{Expected, Presences},
    },
    web::{auth::Viewer, format},
};

/// What was done, what was expected, and how far the period has come.
pub struct Measured {
    /// What was done, by rep. Who did nothing may be missing.
    pub facts: HashMap<UserId, Facts>,
    /// What the team or the company did: from its own facts, not the sum of its reps.
    pub total: Facts,
    /// What is expected, by rep.
    pub expected: HashMap<UserId, BTreeMap<Metric, Expected>>,
    /// The targets of the team or company itself.
    pub own: BTreeMap<Metric, Decimal>,
    /// On how many working days each rep is there.
    pub presences: Presences,
    /// Working days gone and in all.
    pub progress: Progress,
    /// The same of those days on which a rep is there: what is expected of a rep is spread over them.
    pub own_progress: HashMap<UserId, Progress>,
    /// What growth is compared with.
    pub growth_base: GrowthBase,
    /// The metrics that were loaded, in the order of pages.
    pub metrics: Vec<Metric>,
}

/// What a page is about, beside the period.
pub struct Question<'a> {
    /// The last day that counts.
    pub until: Date,
    /// Whose.
    pub reps: &'a [UserId],
    /// Their team or company, or the one rep.
    pub whole: Subject,
    /// Which of [`Metric::MORE`] are asked for; those with a target are loaded anyway.
    pub more: BTreeSet<Metric>,
}

/// Loads facts and targets of these reps, and the facts of their team or company.
pub async fn load(db: &mut PgConnection, me: &Viewer, period: Period, asked: Question<'_>) -> sqlx::Result<Measured> {
    load_each(db, me, &[period], asked).await?.pop().ok_or(sqlx::Error::RowNotFound)
}

/// The same of several periods of one kind, in their order, in as many queries as of one.
pub async fn load_each(
    db: &mut PgConnection,
    me: &Viewer,
    periods: &[Period],
    asked: Question<'_>,
) -> sqlx::Result<Vec<Measured>> {
    let Question { until, reps, whole, more } = asked;
    let org = me.scope.org;
    let mut subjects = Subjects { reps: reps.to_vec(), ..Subjects::default() };
    let mut with_targets = subjects.clone();
    match whole {
        Subject::Company => subjects.company = true,
        Subject::Team(team) => subjects.teams.push(team),
        Subject::Rep(rep) if !reps.contains(&rep) => subjects.reps.push(rep),
        Subject::Rep(_) => {}
    }
    (with_targets.company, with_targets.teams) = (subjects.company, subjects.teams.clone());
    let dates: Vec<Dates> = periods.iter().map(|period| period.dates()).collect();
    let presences = Presences::load_each(db, org, reps, &dates).await?;
    let targets = targets::db::in_force(db, org, &with_targets, periods).await?;
    let growth_base = me.company.growth_base;
    let pays = Pays::default();
    let asked = Asked { org, subjects: &subjects, periods, growth_base, today: until, paying: false, pays };
    let wanted: BTreeSet<Metric> = more.iter().copied().chain(targets.iter().map(|target| target.metric)).collect();
    let facts = more::facts(db, &asked, &wanted).await?;
    let measured = |(&period, presences): (&Period, Presences)| {
        let (mut expected, mut own) = (HashMap::<UserId, BTreeMap<Metric, Expected>>::new(), BTreeMap::new());
        for target in targets.iter().filter(|target| target.period_start == period.from()) {
            let Some(set) = target.value else { continue };
            if let Some(rep) = target.whose.rep() {
                let one = presences.expected(rep, target.metric, set);
                expected.entry(rep).or_default().insert(target.metric, one);
            } else {
                own.insert(target.metric, set);
            }
        }
        let here: BTreeSet<Metric> =
            more.iter().chain(expected.values().flat_map(BTreeMap::keys)).chain(own.keys()).copied().collect();
        let of = |subject| facts.get(&(period, subject)).copied();
        let own_progress = |rep| Some((rep, Progress::over_days(presences.days(rep)?, period, until)));
        Measured {
            facts: reps.iter().filter_map(|&rep| Some((rep, of(Subject::Rep(rep))?))).collect(),
            total: of(whole).unwrap_or_default(),
            expected,
            own,
            progress: presences.calendar().progress(period, until),
            own_progress: reps.iter().filter_map(|&rep| own_progress(rep)).collect(),
            presences,
            growth_base,
            metrics: Metric::ALL.into_iter().filter(|metric| !metric.is_more() || here.contains(metric)).collect(),
        }
    };
    Ok(periods.iter().zip(presences).map(measured).collect())
}

impl Measured {
    /// Every metric of a rep that was loaded.
    pub fn figures(&self, rep: UserId) -> Vec<Figure> {
        let facts = self.facts.get(&rep).copied().unwrap_or_default();
        let progress = self.progress_of(rep);
        let figure = |metric: Metric| {
            let expected = self.expected_of(rep, metric);
            let target = expected.and_then(|expected| expected.value);
            let mut figure = Figure::new(metric, &facts, target, progress);
            figure.expected = expected;
            figure
        };
        self.metrics.iter().copied().map(figure).collect()
    }

    /// How far the period has come for a rep.
    pub fn progress_of(&self, rep: UserId) -> Progress {
        self.own_progress.get(&rep).copied().unwrap_or(self.progress)
    }

    /// Whether nothing is expected of a rep who is never there: that is no lack of a target.
    fn is_away(&self, rep: UserId, metric: Metric) -> bool {
        match self.expected_of(rep, metric) {
            Some(expected) => expected.value.is_none(),
            None => self.presences.of(rep).is_some_and(|presence| presence.days == 0 && !presence.is_whole()),
        }
    }

    fn expected_of(&self, rep: UserId, metric: Metric) -> Option<Expected> {
        self.expected.get(&rep)?.get(&metric).copied()
    }

    /// Every metric of the team or company, against its own target, else against what is expected of these reps together.
    /// What all of them did does not stand against what is expected of some: then there is no target, and the figure says
    /// of how many there is one.
    pub fn total_figures(&self, reps: &[Rep]) -> Vec<Figure> {
        let figure = |metric: Metric| {
            let there: Vec<&Rep> = reps.iter().filter(|rep| !self.is_away(rep.id, metric)).collect();
            let set: Vec<Decimal> = there.iter().filter_map(|rep| self.expected_of(rep.id, metric)?.value).collect();
            let all = !set.is_empty() && set.len() == there.len();
            if let Some(&own) = self.own.get(&metric) {
                let mut figure = Figure::new(metric, &self.total, Some(own), self.progress);
                figure.of_reps = (all && metric.unit() != Unit::Fraction).then(|| set.iter().sum());
                figure.is_own = true;
                return figure;
            }
            let mut figure = if metric.unit() == Unit::Fraction {
                Figure::exact(metric, &self.total, self.rate_target(metric, reps), self.progress)
            } else {
                Figure::new(metric, &self.total, all.then(|| set.iter().sum()), self.progress)
            };
            figure.lacking = (figure.target.is_none() && !set.is_empty()).then_some((set.len(), there.len()));
            figure
        };
        self.metrics.iter().copied().map(figure).collect()
    }

    /// The rate that the reps' targets come to together: each weighs as much as what it is a rate of (the sales to grow
    /// from, the days with a minimum, the customers that may be lost), so it is no average of rates. Nothing while a rep with such who is there has
    /// no target.
    fn rate_target(&self, metric: Metric, reps: &[Rep]) -> Option<Ratio> {
        let (mut goal, mut base) = (Decimal::ZERO, Decimal::ZERO);
        for rep in reps {
            let of = self.facts.get(&rep.id).and_then(|facts| match metric {
                Metric::VisitMinimum => facts.visit_minimum.map(|kept| kept.of),
                Metric::LossRate => facts.buying_customers,
                Metric::TimeOnA => facts.time.map(|time| time.all),
                Metric::Concentration => facts.largest.map(|largest| largest.all.0),
                _ => facts.net_sales_whole_base.map(|sales| sales.0),
            });
            let of = of.unwrap_or_default();
            if of <= 0 || self.is_away(rep.id, metric) {
                continue;
            }
            let target = self.expected_of(rep.id, metric)?.value?;
            base += Decimal::from(of);
            goal += Decimal::from(of) * target;
        }
        Ratio::from(goal).divided_by(Ratio::from(base))
    }

    /// "working day 14 of 21", "21 working days".
    pub fn working_days(&self, period: Period, today: Date) -> String {
        let Progress { elapsed, total, .. } = self.progress;
        if period.contains(today) && total > 0 {
            format!("working day {elapsed} of {total}")
        } else {
            format::counted(i64::from(total), "working day", "working days")
        }
    }

    /// What sales are compared with, in words: "last year", "the month before".
    pub fn base_words(&self, period: Period) -> String {
        match self.growth_base {
            GrowthBase::LastYear => "last year".to_owned(),
            GrowthBase::PeriodBefore if period.kind() == PeriodKind::Day => "the day before".to_owned(),
            GrowthBase::PeriodBefore => format!("the {} before", period.kind().as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{metric::Value, money::Money, target::Presence};

    fn rep(id: i64) -> Rep {
        Rep { id: UserId(id), name: format!("Rep {id}"), team: None, team_id: None, level: None }
    }

    fn measured(reps: &[(i64, i64, Option<Decimal>)]) -> Measured {
        let facts = reps.iter().map(|&(id, base, _)| {
            let base = Some(Money(base));
            (UserId(id), Facts { net_sales_base: base, net_sales_whole_base: base, ..Facts::default() })
        });
        let expected = reps.iter().filter_map(|&(id, _, growth)| {
            let whole = |set| Expected { set, value: Some(set), presence: Presence { days: 21, of: 21 } };
            let both = [(Metric::SalesGrowth, whole(growth?)), (Metric::Visits, whole(10.into()))];
            Some((UserId(id), BTreeMap::from(both)))
        });
        Measured {
            facts: facts.collect(),
            total: Facts { visits: 15, ..Facts::default() },
            expected: expected.collect(),
            own: BTreeMap::new(),
            presences: Presences::default(),
            progress: Progress { elapsed: 14, total: 21, over: false },
            own_progress: HashMap::new(),
            growth_base: GrowthBase::LastYear,
            metrics: Metric::ALL.to_vec(),
        }
    }

    #[test]
    fn the_team_is_expected_to_grow_by_amounts_and_not_by_an_average_of_rates() {
        let percent = |n: i64| Some(Decimal::new(n, 2));
        let ratio = |numerator, denominator| Ratio::new(numerator, denominator);
        let reps = [rep(1), rep(2), rep(3)];
        let of = |rows: &[(i64, i64, Option<Decimal>)]| measured(rows).rate_target(Metric::SalesGrowth, &reps);
        // 900 is to grow by 90 and 100 by 50: 140 of 1000.
        assert_eq!(of(&[(1, 900, percent(10)), (2, 100, percent(50)), (3, 0, None)]), ratio(14, 100));
        // Not rounded before it is compared: 9 of 700.
        assert_eq!(of(&[(1, 600, percent(1)), (2, 100, percent(3))]), ratio(9, 700));
        assert_eq!(of(&[(1, 900, percent(10)), (2, 100, None)]), None);
        assert_eq!(of(&[(1, 0, percent(10))]), None);
    }

    #[test]
    fn team_numbers_stand_against_the_sum_of_the_targets() {
        let reps = [rep(1), rep(2)];
        let all = measured(&[(1, 10, Some(Decimal::ZERO)), (2, 10, Some(Decimal::ZERO))]).total_figures(&reps);
        let visits = all.iter().find(|figure| figure.metric == Metric::Visits).unwrap();
        assert_eq!((visits.value, visits.target), (Some(Value::Count(15)), Some(20.into())));
        let touches = all.iter().find(|figure| figure.metric == Metric::Touches).unwrap();
        assert_eq!((touches.target, touches.lacking), (None, None));
    }

    #[test]
    fn a_team_stands_against_its_own_target_where_it_has_one() {
        let reps = [rep(1), rep(2)];
        let mut measured = measured(&[(1, 10, Some(Decimal::ZERO)), (2, 10, Some(Decimal::ZERO))]);
        measured.own = BTreeMap::from([(Metric::Visits, 30.into()), (Metric::SalesGrowth, Decimal::new(5, 2))]);
        let all = measured.total_figures(&reps);
        let euro = crate::domain::money::Currency::parse("EUR").unwrap();
        let visits = all.iter().find(|figure| figure.metric == Metric::Visits).unwrap();
        assert_eq!(
            (visits.target, visits.attainment.unwrap().percent().to_string()),
            (Some(30.into()), "50.00".into())
        );
        assert_eq!(visits.own(euro), "own target, its reps' come to 20");
        let growth = all.iter().find(|figure| figure.metric == Metric::SalesGrowth).unwrap();
        assert_eq!((growth.target, growth.own(euro)), (Some(Decimal::new(5, 2)), "own target".to_owned()));
    }

    #[test]
    fn nothing_is_expected_of_who_is_away_all_the_time() {
        let reps = [rep(1), rep(2)];
        let mut measured = measured(&[(1, 10, Some(Decimal::ZERO)), (2, 10, Some(Decimal::ZERO))]);
        let away = Expected { set: 10.into(), value: None, presence: Presence { days: 0, of: 21 } };
        measured.expected.get_mut(&UserId(2)).unwrap().insert(Metric::Visits, away);
        let all = measured.total_figures(&reps);
        let visits = all.iter().find(|figure| figure.metric == Metric::Visits).unwrap();
        assert_eq!((visits.target, visits.lacking), (Some(10.into()), None));
        let own = measured.figures(UserId(2)).into_iter().find(|figure| figure.metric == Metric::Visits).unwrap();
        assert_eq!((own.target, own.attainment), (None, None));
        let euro = crate::domain::money::Currency::parse("EUR").unwrap();
        assert_eq!(own.part(euro), "away on all 21 working days");
    }

    #[test]
    fn what_all_did_does_not_stand_against_the_targets_of_some() {
        let reps = [rep(1), rep(2), rep(3)];
        let some = measured(&[(1, 10, Some(Decimal::ZERO)), (2, 10, None)]).total_figures(&reps);
        for metric in [Metric::Visits, Metric::SalesGrowth] {
            let figure = some.iter().find(|figure| figure.metric == metric).unwrap();
            assert_eq!((figure.target, figure.attainment, figure.lacking), (None, None, Some((1, 3))));
            let euro = crate::domain::money::Currency::parse("EUR").unwrap();
            assert_eq!(figure.of(euro), "1 of 3 reps have a target");
        }
        // All have a target, and nothing to grow from.
        let all = measured(&[(1, 0, Some(Decimal::ONE))]).total_figures(&[rep(1)]);
        let growth = all.iter().find(|figure| figure.metric == Metric::SalesGrowth).unwrap();
        let euro = crate::domain::money::Currency::parse("EUR").unwrap();
        assert_eq!((growth.target, growth.of(euro)), (None, "nothing to compare with yet".to_owned()));
        // Growth needs no target where there is nothing to grow from.
        let enough = measured(&[(1, 10, Some(Decimal::ONE)), (2, 0, None)]).total_figures(&reps);
        let growth = enough.iter().find(|figure| figure.metric == Metric::SalesGrowth).unwrap();
        assert_eq!((growth.target, growth.lacking), (Some(Decimal::ONE), None));
    }
}
