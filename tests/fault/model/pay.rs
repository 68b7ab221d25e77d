//! What a month pays, by school arithmetic over the vectors, and the run that says so: calculated, submitted, approved, paid.

use std::collections::{BTreeMap, BTreeSet};

use attain::domain::{
    id::OrgId,
    period::{Period, PeriodKind},
};
use serde_json::json;
use sqlx::PgPool;
use time::Date;

use super::Model;
use crate::{
    naive::{Happened, Who},
    support::User,
    world::{Deal, Lock},
};

/// What was paid so far, by month and rep, and what each still owes.
#[derive(Default)]
pub struct Paid {
    months: BTreeMap<(Date, usize), i64>,
    owed: BTreeMap<usize, i64>,
    /// Whose visits of a month are on hold: the hold, and the run that was approved without them.
    held: BTreeMap<(Date, usize), (i64, String)>,
    /// How many statements corrected an earlier month, or carried something.
    pub corrected: usize,
    /// How often something was held, released or adjusted.
    pub by_hand: usize,
    /// The run that paid each month, and its statements: rep, total and check code.
    pub runs: BTreeMap<i64, (Date, Vec<Statement>)>,
}

/// A statement: whose, what it pays, and its check code.
pub type Statement = (i64, i64, Vec<u8>);

/// Of a rep: the total, what each month is worth, and what is still owed afterwards.
type Due = (i64, Vec<(Date, i64)>, i64);

/// 3 % of the sales, €50 for each new customer, €2 for each visit, and €100 for whoever made as many as were set.
/// What was paid too much is taken back whole.
pub async fn put_on_a_plan(db: &PgPool, org: OrgId, reps: &[User]) {
    let document = json!({ "name": "Field", "currency": "EUR", "period": "month", "recovery_cap": "1", "components": [
        { "name": "Sales", "measure": "net_sales", "pays": { "rate": "0.03" } },
        { "name": "New customers", "measure": "new_customers", "pays": { "per_unit": "50.00" } },
        { "name": "Visits", "measure": "visits", "pays": { "per_unit": "2.00" } },
        { "name": "Enough visits", "measure": "visits", "pays": { "bonus": "100.00" },
          "gate": [{ "attainment": "visits", "at_least": "1" }] } ] });
    let plan = "with p as (insert into plans (org_id, name) values ($1, 'Field') returning id),
                     v as (insert into plan_versions (org_id, plan_id, number, from_date, document, created_at)
                           select $1, p.id, 1, '2025-01-01', $2, '2025-01-01' from p)
                insert into plan_assignments (org_id, rep_id, plan_id, during)
                select $1, r, p.id, daterange('2025-01-01', null) from p, unnest($3::bigint[]) r";
    let reps: Vec<i64> = reps.iter().map(|rep| rep.id.0).collect();
    sqlx::query(plan).bind(org.0).bind(document).bind(reps).execute(db).await.unwrap();
}

impl Model {
    /// What a month is worth to a rep as everything is known now.
    fn worth(&self, rep: usize, month: Period, lives: &[Vec<Happened>]) -> i64 {
        let month_of = |deal: &Deal| deal.returns.map_or(deal.on, |original| self.world.deals[original].on);
        let in_month = |day: Date| month.from() <= day && day < month.to() && day <= self.world.today;
        let sales: i64 = (0..self.deals.len())
            .filter(|deal| self.world.deals[*deal].won && self.deals[*deal].confirmed)
            .map(|deal| &self.world.deals[deal])
            .filter(|deal| in_month(month_of(deal)))
            .map(|deal| self.world.sold_on(Who::Rep(rep), deal, &deal.lines, deal.on))
            .sum();
        let won = |(life, event): &(&Vec<Happened>, &Happened)| {
            let undone = life.iter().any(|other| other.what == "first_sale_undone" && other.deal == event.deal);
            let confirmed = event.deal.is_some_and(|deal| self.deals[deal].confirmed);
            event.what == "first_sale" && event.rep == Some(rep) && in_month(event.on) && confirmed && !undone
        };
        let events = lives.iter().flat_map(|life| life.iter().map(move |event| (life, event)));
        let new = i64::try_from(events.filter(won).count()).unwrap();
        let visits = self.world.numbers(Who::Rep(rep), month, lives).visits;
        let target = self.targets.get(&(month.from(), rep));
        let bonus = if target.is_some_and(|target| visits >= *target) { 10_000 } else { 0 };
        let visited = if self.pay.held.contains_key(&(month.from(), rep)) { 0 } else { visits * 200 };
        (sales * 3 + 50).div_euclid(100) + new * 5_000 + visited + bonus
    }

    /// Finance pays the first month that is over and not yet paid.
    pub async fn pay_a_month(&mut self) {
        let today = self.world.today;
        let first = self.world.locks.last().map_or_else(|| self.first_month(), |lock| lock.to);
        let month = Period::containing(PeriodKind::Month, first, self.world.fiscal_start);
        if month.to() > today {
            return;
        }
        let [freja, farid] = self.finance;
        self.release().await;
        let page = self.door.get(freja, "/commission-runs").await.expect(200);
        let run = self.submit(freja, &page, "main form", &[("period", &month.to_string())], 303).await;
        let mut run = run.location().to_owned();
        let mut due = self.due(month);
        self.compare_statements(&run, &due, month).await;
        if self.random.once_in(2) {
            run = self.hold(&run, month).await;
            due = self.due(month);
            self.compare_statements(&run, &due, month).await;
        }
        if self.random.once_in(2) {
            run = self.adjust(&run, month, &mut due).await;
            self.compare_statements(&run, &due, month).await;
        }
        let page = self.door.get(freja, &run).await.expect(200);
        self.submit(freja, &page, &format!("form[action='{run}/submission']"), &[], 303).await;
        let page = self.door.get(farid, &run).await.expect(200);
        let (body, path) = (page.form_body(&format!("form[action='{run}/approval']"), &[]), format!("{run}/approval"));
        // Nobody approves what they prepared; the other does, perhaps twice at once.
        let own = self.door.post(freja, &path, format!("once={}", uuid::Uuid::new_v4()), false).await;
        assert!(own.status.as_u16() >= 400, "{} approved by its preparer", own.path);
        let twice = self.random.once_in(2);
        self.told.push(format!("{today} approves {month}"));
        self.door.post(farid, &path, body, twice).await.expect(303);
        for (_, of) in self.pay.held.iter_mut().filter(|(held, _)| held.0 == month.from()).map(|(_, held)| held) {
            run.clone_into(of);
        }
        let page = self.door.get(freja, &run).await.expect(200);
        self.submit(freja, &page, &format!("form[action='{run}/payment']"), &[], 303).await;
        for (rep, (total, worth, owed)) in due {
            let own = worth.last().map_or(0, |(_, worth)| *worth);
            self.pay.corrected += usize::from(total != own);
            for (month, worth) in worth {
                self.pay.months.insert((month, rep), worth);
            }
            self.pay.owed.insert(rep, owed);
        }
        self.world.locks.push(Lock { from: month.from(), to: month.to(), on: today });
        self.remember(&run, month.from()).await;
        // What is entered later on the same day comes after the lock.
        self.next_day(1).await;
    }

    /// Finance holds what the visits of a rep pay: the month is calculated again.
    async fn hold(&mut self, run: &str, month: Period) -> String {
        let rep = self.random.below(self.reps.len());
        let path = format!("{run}/reps/{}", self.reps[rep].id);
        let fields = [("line", "Visits"), ("what", "hold"), ("reason", "To be checked")];
        let again = self.send(self.finance[0], &path, &fields, 303).await;
        let again = again.location().rsplit_once("/reps/").unwrap().0.to_owned();
        let hold = self.number("select max(id) from pay_holds").await;
        self.pay.held.insert((month.from(), rep), (hold, again.clone()));
        self.pay.by_hand += 1;
        again
    }

    /// Finance adds an amount to a rep's statement: the month is calculated again.
    async fn adjust(&mut self, run: &str, month: Period, due: &mut BTreeMap<usize, Due>) -> String {
        let rep = self.random.below(self.reps.len());
        let cents = i64::try_from(1 + self.random.below(9_000)).unwrap();
        let (amount, about) = (format!("{}.{:02}", cents / 100, cents % 100), month.previous().to_string());
        if due[&rep].2 < 0 {
            return run.to_owned();
        }
        let path = format!("{run}/reps/{}", self.reps[rep].id);
        let fields =
            [("line", "Sales"), ("what", "adjust"), ("amount", &amount), ("about", &about), ("reason", "Agreed")];
        let again = self.send(self.finance[0], &path, &fields, 303).await;
        due.get_mut(&rep).unwrap().0 += cents;
        self.pay.by_hand += 1;
        again.location().rsplit_once("/reps/").unwrap().0.to_owned()
    }

    /// What was held in a month that is paid is released: the next run pays it.
    async fn release(&mut self) {
        for (held, (hold, run)) in self.pay.held.clone() {
            if self.random.once_in(2) {
                self.send(self.finance[0], &format!("{run}/holds/{hold}/release"), &[("reason", "Checked")], 303).await;
                self.pay.held.remove(&held);
                self.pay.by_hand += 1;
            }
        }
    }

    fn first_month(&self) -> Date {
        let days = self.world.deals.iter().map(|deal| deal.on).chain(self.world.visits.iter().map(|visit| visit.on));
        let first = days.min().unwrap_or(self.world.today);
        let month = |day| Period::containing(PeriodKind::Month, day, self.world.fiscal_start);
        month(first).from()
    }

    /// What a run of this month is to pay everybody.
    fn due(&self, month: Period) -> BTreeMap<usize, Due> {
        let lives = self.lives();
        let months: BTreeSet<Date> = self.pay.months.keys().map(|(month, _)| *month).chain([month.from()]).collect();
        let of = |rep: usize| {
            let period = |from: Date| Period::containing(PeriodKind::Month, from, self.world.fiscal_start);
            let worth: Vec<(Date, i64)> =
                months.iter().map(|from| (*from, self.worth(rep, period(*from), &lives))).collect();
            let paid = |from: &Date| self.pay.months.get(&(*from, rep)).copied().unwrap_or_default();
            let owed = self.pay.owed.get(&rep).copied().unwrap_or_default();
            let due = owed + worth.iter().map(|(from, worth)| worth - paid(from)).sum::<i64>();
            (rep, (due.max(0), worth, due.min(0)))
        };
        (0..super::REPS).map(of).collect()
    }

    async fn compare_statements(&mut self, run: &str, due: &BTreeMap<usize, Due>, month: Period) {
        let run: i64 = run.rsplit('/').next().unwrap().parse().unwrap();
        let rows: Vec<(i64, i64)> = sqlx::query_as("select rep_id, total from statements where run_id = $1")
            .bind(run)
            .fetch_all(&self.db)
            .await
            .unwrap();
        assert_eq!(rows.len(), super::REPS, "statements of {month}\n{}", self.last());
        for (id, total) in rows {
            let rep = self.reps.iter().position(|rep| rep.id.0 == id).unwrap();
            let should = due[&rep].0;
            if total != should {
                let lines: Vec<(String, String, i64)> = sqlx::query_as(
                    "select l.component, l.measure, l.amount from statement_lines l
                     join statements s on s.id = l.statement_id where s.run_id = $1 and s.rep_id = $2 order by l.position",
                )
                .bind(run)
                .bind(id)
                .fetch_all(&self.db)
                .await
                .unwrap();
                panic!(
                    "rep {rep} in {month}: is {total}, should be {should} ({:?}): {lines:?}\n{}",
                    due[&rep],
                    self.last()
                );
            }
            self.statements += 1;
        }
    }
}
