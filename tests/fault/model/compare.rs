//! Every metric of everybody in every month of half a year, by the query that all pages use and by walking through vectors;
//! and what is there of all that was acknowledged and paid.

use std::collections::BTreeMap;

use attain::{
    domain::{
        metric::{Facts, Metric, Value, value},
        period::{Period, PeriodKind},
    },
    postgres::tx,
    scorecards::db::{Subject, Subjects, facts},
};

use time::Date;

use super::{Model, pay::Statement};
use crate::naive::{Happened, Numbers, Who};

impl Model {
    /// The life of every customer, as it should be.
    pub fn lives(&self) -> Vec<Vec<Happened>> {
        (0..self.customers.len()).map(|customer| self.world.life(customer)).collect()
    }

    /// Fails where a metric differs.
    pub async fn compare(&mut self) {
        let mut periods = vec![Period::containing(PeriodKind::Month, self.world.today, self.world.fiscal_start)];
        for _ in 0..5 {
            periods.push(periods[periods.len() - 1].previous());
        }
        periods.push(Period::containing(PeriodKind::Year, self.world.today, self.world.fiscal_start));
        periods.push(Period::containing(PeriodKind::Week, self.world.today, self.world.fiscal_start));
        let (reps, teams) = (self.reps.iter().map(|rep| rep.id).collect(), self.teams.clone());
        let subjects = Subjects { reps, teams, company: true };
        let lives = self.lives();
        for kind in [PeriodKind::Month, PeriodKind::Year, PeriodKind::Week] {
            let periods: Vec<Period> = periods.iter().copied().filter(|period| period.kind() == kind).collect();
            let mut read = tx::read(&self.db, self.org).await.unwrap();
            let (base, today) = (self.world.growth_base, self.world.today);
            let table = facts(&mut read, self.org, &subjects, &periods, base, today).await.unwrap();
            assert_eq!(table.len(), periods.len() * (super::REPS + super::TEAMS + 1));
            for ((period, subject), facts) in table {
                let who = match subject {
                    Subject::Company => Who::Company,
                    Subject::Rep(id) => Who::Rep(self.reps.iter().position(|rep| rep.id == id).unwrap()),
                    Subject::Team(id) => Who::Team(self.teams.iter().position(|team| *team == id).unwrap()),
                };
                let (is, should) = (numbers(&facts), self.world.numbers(who, period, &lives));
                assert!(is == should, "{who:?} in {period}: is {is:?}, should be {should:?}\n{}", self.last());
                self.compared += 10;
            }
        }
    }
}

/// What there is, and how often. Each act on a visit or a deal has its line in the audit log.
const THERE: &str = "
    select 'visits', count(*) from visits
    union all select 'missed visits', count(*) from visits where state = 'missed'
    union all select 'lines about visits', count(*) from audit where action in ('visit.logged', 'visit.planned')
    union all select 'deals', count(*) from deals
    union all select 'confirmed deals', count(*) from deals where confirmed_at is not null
    union all select 'lines about entered deals', count(*) from audit where action = 'deal.entered'
    union all select 'lines about returns', count(*) from audit where action = 'deal.returned'
    union all select 'locked months', count(*) from period_locks
    union all select 'payments', count(*) from payments";

impl Model {
    /// How what is there differs from what was acknowledged: anything lost, anything twice.
    pub async fn differences(&self) -> Vec<String> {
        let (visits, deals, months) = (self.visits.len(), self.deals.len(), self.world.locks.len());
        let missed = self.world.visits.iter().filter(|visit| visit.state == "missed").count();
        let returns = self.world.deals.iter().filter(|deal| deal.returns.is_some()).count();
        let confirmed = self.deals.iter().filter(|deal| deal.confirmed).count();
        let acknowledged = [
            ("visits", visits),
            ("missed visits", missed),
            ("lines about visits", visits),
            ("deals", deals),
            ("confirmed deals", confirmed),
            ("lines about entered deals", deals - returns),
            // One is about the return, the other about what came back.
            ("lines about returns", 2 * returns),
            ("locked months", months),
            ("payments", months),
        ];
        let there: BTreeMap<String, i64> =
            sqlx::query_as(THERE).fetch_all(&self.db).await.unwrap().into_iter().collect();
        let should = |(what, count): &(&str, usize)| (there[*what], i64::try_from(*count).unwrap());
        let differ = acknowledged.iter().filter(|one| should(one).0 != should(one).1);
        differ.map(|one| format!("{} {} instead of {}", should(one).0, one.0, should(one).1)).collect()
    }

    /// Fails unless what was acknowledged is there, once, and every statement that was paid is the one that was compared.
    pub async fn compare_what_is_there(&mut self) {
        let differences = self.differences().await;
        assert!(differences.is_empty(), "{differences:?}\n{}", self.last());
        let approved: Vec<i64> = self.runs("select distinct run_id from approvals order by run_id").await;
        let paid: Vec<i64> = self.runs("select run_id from payments order by run_id").await;
        let known: Vec<i64> = self.pay.runs.keys().copied().collect();
        assert_eq!((&approved, &paid), (&known, &known), "runs that are approved and paid\n{}", self.last());
        for (run, (month, statements)) in &self.pay.runs {
            let (is, last) = (self.statements_of(*run).await, || self.last());
            assert!(is == *statements, "{month} was paid as {statements:?} and is {is:?}\n{}", last());
            self.paid_compared += statements.len();
        }
    }

    /// Keeps what a run has paid.
    pub async fn remember(&mut self, run: &str, month: Date) {
        let run = run.rsplit('/').next().unwrap().parse().unwrap();
        let statements = self.statements_of(run).await;
        self.pay.runs.insert(run, (month, statements));
    }

    async fn statements_of(&self, run: i64) -> Vec<Statement> {
        let sql = "select rep_id, total, digest from statements where run_id = $1 order by rep_id";
        sqlx::query_as(sql).bind(run).fetch_all(&self.db).await.unwrap()
    }

    async fn runs(&self, sql: &'static str) -> Vec<i64> {
        sqlx::query_scalar(sql).fetch_all(&self.db).await.unwrap()
    }
}

/// The ten metrics through the product's one function.
fn numbers(facts: &Facts) -> Numbers {
    let whole = |metric| match value(metric, facts) {
        Some(Value::Count(count)) => count,
        Some(Value::Money(money)) => money.0,
        other => panic!("{metric:?} is {other:?}"),
    };
    let base = facts.net_sales_base.map(|base| base.0).filter(|base| *base > 0);
    Numbers {
        new_customers: whole(Metric::NewCustomers),
        lost_customers: whole(Metric::LostCustomers),
        won_back_customers: whole(Metric::WonBackCustomers),
        visits: whole(Metric::Visits),
        stranger_visits: whole(Metric::StrangerVisits),
        touches: whole(Metric::Touches),
        net_sales: whole(Metric::NetSales),
        new_customer_sales: whole(Metric::NewCustomerSales),
        existing_customer_sales: whole(Metric::ExistingCustomerSales),
        sales_growth: base.map(|base| (facts.growing_sales().0 - base, base)),
    }
}
