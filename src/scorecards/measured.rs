//! Facts and targets of a period, put together: what every page about numbers starts from.

use std::collections::{BTreeMap, HashMap};

use rust_decimal::Decimal;
use sqlx::PgConnection;
use time::Date;

use super::{
    db::{Subject, Subjects},
    figure::Figure,
};
use crate::{
    domain::{
        calendar::{Calendar, Progress},
        company::GrowthBase,
        id::UserId,
        metric::{Facts, Metric, Unit},
        period::{Period, PeriodKind},
        rate::Ratio,
    },
    targets::{
        self,
        db::{Rep, Target},
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
    pub targets: HashMap<UserId, BTreeMap<Metric, Decimal>>,
    /// Working days gone and in all.
    pub progress: Progress,
    /// What growth is compared with.
    pub growth_base: GrowthBase,
}

/// Loads the facts up to a day and the targets of these reps, and the facts of their team or company. The holidays are
/// the period's.
pub async fn load(
    db: &mut PgConnection,
    me: &Viewer,
    period: Period,
    until: Date,
    reps: &[UserId],
    whole: Subject,
    holidays: Vec<Date>,
) -> sqlx::Result<Measured> {
    let org = me.scope.org;
    let mut subjects = Subjects { reps: reps.to_vec(), ..Subjects::default() };
    match whole {
        Subject::Company => subjects.company = true,
        Subject::Team(team) => subjects.teams.push(team),
        Subject::Rep(rep) if !reps.contains(&rep) => subjects.reps.push(rep),
        Subject::Rep(_) => {}
    }
    let facts = super::db::facts(db, org, &subjects, &[period], me.company.growth_base, until).await?;
    let of = |subject| facts.get(&(period, subject)).copied();
    Ok(Measured {
        facts: reps.iter().filter_map(|&rep| Some((rep, of(Subject::Rep(rep))?))).collect(),
        total: of(whole).unwrap_or_default(),
        targets: by_rep(targets::db::in_force(db, org, Some(reps), &[period]).await?),
        progress: Calendar::new(&me.company.workdays, holidays).progress(period, until),
        growth_base: me.company.growth_base,
    })
}

/// Targets in force by rep and metric.
pub fn by_rep(targets: Vec<Target>) -> HashMap<UserId, BTreeMap<Metric, Decimal>> {
    let mut found: HashMap<UserId, BTreeMap<Metric, Decimal>> = HashMap::new();
    for target in targets {
        if let Some(value) = target.value {
            found.entry(target.rep).or_default().insert(target.metric, value);
        }
    }
    found
}

impl Measured {
    /// Every metric of a rep.
    pub fn figures(&self, rep: UserId) -> Vec<Figure> {
        let facts = self.facts.get(&rep).copied().unwrap_or_default();
        let target = |metric: Metric| self.targets.get(&rep)?.get(&metric).copied();
        Metric::ALL.into_iter().map(|metric| Figure::new(metric, &facts, target(metric), self.progress)).collect()
    }

    /// Every metric of the team or company, against what is expected of these reps together. What all of them did does
    /// not stand against what is expected of some: then there is no target, and the figure says of how many there is one.
    pub fn total_figures(&self, reps: &[Rep]) -> Vec<Figure> {
        let figure = |metric: Metric| {
            let set: Vec<Decimal> =
                reps.iter().filter_map(|rep| self.targets.get(&rep.id)?.get(&metric).copied()).collect();
            let all = !set.is_empty() && set.len() == reps.len();
            let mut figure = if metric.unit() == Unit::Fraction {
                Figure::exact(metric, &self.total, self.growth_target(reps), self.progress)
            } else {
                Figure::new(metric, &self.total, all.then(|| set.iter().sum()), self.progress)
            };
            figure.lacking = (figure.target.is_none() && !set.is_empty()).then_some((set.len(), reps.len()));
            figure
        };
        Metric::ALL.into_iter().map(figure).collect()
    }

    /// The growth that the reps' targets come to together: each weighs as much as the sales it is to grow from, so it is
    /// no average of rates. Nothing while a rep with such sales has no target.
    fn growth_target(&self, reps: &[Rep]) -> Option<Ratio> {
        let (mut goal, mut base) = (Decimal::ZERO, Decimal::ZERO);
        for rep in reps {
            let sales = self.facts.get(&rep.id).and_then(|facts| facts.net_sales_whole_base).map_or(0, |sales| sales.0);
            if sales <= 0 {
                continue;
            }
            let target = self.targets.get(&rep.id)?.get(&Metric::SalesGrowth).copied()?;
            base += Decimal::from(sales);
            goal += Decimal::from(sales) * target;
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
    use crate::domain::{metric::Value, money::Money};

    fn rep(id: i64) -> Rep {
        Rep { id: UserId(id), name: format!("Rep {id}"), team: None }
    }

    fn measured(reps: &[(i64, i64, Option<Decimal>)]) -> Measured {
        let facts = reps.iter().map(|&(id, base, _)| {
            let base = Some(Money(base));
            (UserId(id), Facts { net_sales_base: base, net_sales_whole_base: base, ..Facts::default() })
        });
        let targets = reps.iter().filter_map(|&(id, _, growth)| {
            let both = BTreeMap::from([(Metric::SalesGrowth, growth?), (Metric::Visits, 10.into())]);
            Some((UserId(id), both))
        });
        Measured {
            facts: facts.collect(),
            total: Facts { visits: 15, ..Facts::default() },
            targets: targets.collect(),
            progress: Progress { elapsed: 14, total: 21, over: false },
            growth_base: GrowthBase::LastYear,
        }
    }

    #[test]
    fn the_team_is_expected_to_grow_by_amounts_and_not_by_an_average_of_rates() {
        let percent = |n: i64| Some(Decimal::new(n, 2));
        let ratio = |numerator, denominator| Ratio::new(numerator, denominator);
        let reps = [rep(1), rep(2), rep(3)];
        let of = |rows: &[(i64, i64, Option<Decimal>)]| measured(rows).growth_target(&reps);
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
    fn what_all_did_does_not_stand_against_the_targets_of_some() {
        let reps = [rep(1), rep(2), rep(3)];
        let some = measured(&[(1, 10, Some(Decimal::ZERO)), (2, 10, None)]).total_figures(&reps);
        for metric in [Metric::Visits, Metric::SalesGrowth] {
            let figure = some.iter().find(|figure| figure.metric == metric).unwrap();
            assert_eq!((figure.target, figure.attainment, figure.lacking), (None, None, Some((1, 3))));
            let euro = crate::domain::money::Currency::parse("EUR").unwrap();
            assert_eq!(figure.of(euro), "1 of 3 reps have a target");
        }
        // Growth needs no target where there is nothing to grow from.
        let enough = measured(&[(1, 10, Some(Decimal::ONE)), (2, 0, None)]).total_figures(&reps);
        let growth = enough.iter().find(|figure| figure.metric == Metric::SalesGrowth).unwrap();
        assert_eq!((growth.target, growth.lacking), (Some(Decimal::ONE), None));
    }
}
