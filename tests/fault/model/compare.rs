//! Every metric of everybody in every month of half a year, by the query that all pages use and by walking through vectors.

use attain::{
    domain::{
        metric::{Facts, Metric, Value, value},
        period::{Period, PeriodKind},
    },
    postgres::tx,
    scorecards::db::{Subject, Subjects, facts},
};

use super::Model;
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
