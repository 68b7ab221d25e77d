//! Facts that come after a lock: the next run takes them up once, balances are carried, and nothing happens twice.
#![expect(clippy::disallowed_methods, reason = "what happens behind the program's back is no query of the program")]

use attain::{
    commission_runs::{
        calculate::{Calculated, Question, calculate},
        late, store,
    },
    customers, deals,
    demo::{data::Size, fill},
    domain::{
        access::Role,
        company::GrowthBase,
        customer::facts::EndingKind,
        id::{DealId, OrgId, RunId, UserId},
        money::Money,
        period::Period,
    },
    plans,
};
use serde_json::json;
use time::{
    Date, Duration, Month,
    macros::{date, datetime},
};

use crate::{
    commissions::{Desk, press},
    database::TestDatabase,
    support::Client,
};

impl Desk {
    /// The same desk so many days later.
    pub fn after(&self, days: i64) -> Self {
        let Self { org, ingrid, jonas, freja, farid, customer, .. } = *self;
        Self { app: self.app.later(Duration::days(days)), org, ingrid, jonas, freja, farid, customer }
    }

    pub fn question(&self, period: &str, today: Date) -> Question {
        let period = Period::parse(period, Month::January).unwrap();
        Question { org: self.org, growth_base: GrowthBase::LastYear, period, rep: None, today }
    }

    /// What a period pays now.
    pub async fn calculated(&self, period: &str) -> Vec<Calculated> {
        let mut tx = self.app.write(self.org).await;
        calculate(&mut tx, &self.question(period, date!(2027 - 06 - 30))).await.unwrap()
    }

    /// Puts reps on a plan from January 2026 on.
    pub async fn plan(&self, document: serde_json::Value, reps: &[UserId]) {
        let mut tx = self.app.write(self.org).await;
        let name = document["name"].as_str().unwrap().to_owned();
        let plan = plans::db::insert(&mut tx, &name).await.unwrap();
        plans::db::insert_version(&mut tx, plan, date!(2026 - 01 - 01), &document).await.unwrap();
        for rep in reps {
            plans::db::assign(&mut tx, *rep, Some(plan), date!(2026 - 01 - 01)).await.unwrap();
        }
        tx.commit().await.unwrap();
    }

    /// The lines of a rep's statement in a period, as it is now: "Sales 30.00".
    pub async fn lines(&self, period: &str, rep: UserId) -> Vec<String> {
        let mut all = self.calculated(period).await;
        let mine = all.iter().position(|one| one.rep == rep).map(|at| all.swap_remove(at)).unwrap();
        mine.statement.lines.iter().map(|line| format!("{} {}", line.title(), line.amount)).collect()
    }

    async fn confirm(&self, deal: DealId) {
        let mut tx = self.app.write(self.org).await;
        tx.actor = Some(self.freja.id);
        deals::db::confirm(&mut tx, deal, 1, self.freja.id).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub async fn count(&self, table: &str) -> i64 {
        let sql = format!("select count(*) from {table}");
        sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(&self.app.db).await.unwrap()
    }
}

const LATE: &str = "section[aria-labelledby=now] tbody tr";

#[tokio::test]
async fn a_late_return_is_taken_back_once_by_the_next_run() {
    let desk = Desk::new().await;
    let sold = desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.starter(&[desk.ingrid]).await;
    let october = desk.lock("2026-10").await;
    let mut freja = desk.app.client(desk.freja).await;
    let page = freja.get(&october).await.expect(200);
    assert!(page.words().contains("the period is worth what was paid for it"), "{}", page.words());

    let december = desk.after(20);
    december.deal(desk.ingrid, date!(2026 - 11 - 24), -40_000, true, Some(sold)).await;
    december.deal(desk.ingrid, date!(2026 - 11 - 25), 200_000, true, None).await;
    let mut freja = december.app.client(desk.freja).await;
    let page = freja.get(&october).await.expect(200);
    assert_eq!(page.texts(LATE), ["Ingrid Sales €30.00 €18.00 −€12.00"]);

    let november = december.lock("2026-11").await;
    let page = freja.get(&november).await.expect(200);
    assert!(page.text("section[aria-labelledby=statements] tbody tr").contains("€48.00"), "{}", page.words());
    let statement = freja.get(&page.attribute("tbody a[href^='/statements/']", "href")).await.expect(200);
    assert!(statement.words().contains("2026-10") && statement.words().contains("−€12.00"), "{}", statement.words());

    let page = freja.get(&october).await.expect(200);
    assert_eq!(page.texts(LATE), ["Ingrid Sales €30.00 €18.00 November 2026"], "posted, and nothing is left");
    assert_eq!(december.lines("2026-12", desk.ingrid.id).await[0], "Sales 0.00");
    assert_eq!(december.lines("2026-12", desk.ingrid.id).await.len(), 1, "no correction is posted twice");
}

#[tokio::test]
async fn late_confirmed_moved_and_reassigned_deals_are_late_facts_and_late_visits_are_not() {
    let desk = Desk::new().await;
    let waits = desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, false, None).await;
    let taken = desk.deal(desk.ingrid, date!(2026 - 10 - 06), 50_000, true, None).await;
    desk.starter(&[desk.ingrid, desk.jonas]).await;
    desk.lock("2026-10").await;
    assert_eq!(desk.lines("2026-11", desk.ingrid.id).await, ["Sales 0.00"]);

    let later = desk.after(1);
    later.confirm(waits).await;
    let lines = later.lines("2026-11", desk.ingrid.id).await;
    assert_eq!(lines.last().unwrap(), "Sales, 2026-10 30.00");
    later.deal(desk.jonas, date!(2026 - 10 - 30), 10_000, true, None).await;
    assert_eq!(later.lines("2026-11", desk.jonas.id).await.last().unwrap(), "Sales, 2026-10 3.00");

    // The deal was Jonas’s after all: it moves from the one to the other.
    let sql = "update deal_credits set rep_id = $1 where deal_id = $2";
    sqlx::query(sql).bind(desk.jonas.id.0).bind(taken.0).execute(&desk.app.db).await.unwrap();
    assert_eq!(later.lines("2026-11", desk.ingrid.id).await.last().unwrap(), "Sales, 2026-10 15.00");
    assert_eq!(later.lines("2026-11", desk.jonas.id).await.last().unwrap(), "Sales, 2026-10 18.00");
    // What is gone altogether leaves no row behind, and is missed all the same.
    let gone = "delete from deals where id = $1";
    sqlx::query("update customer_events set deal_id = null where deal_id = $1")
        .bind(taken.0)
        .execute(&desk.app.db)
        .await
        .unwrap();
    sqlx::query(gone).bind(taken.0).execute(&desk.app.db).await.unwrap();
    assert_eq!(later.lines("2026-11", desk.jonas.id).await.last().unwrap(), "Sales, 2026-10 3.00");

    let before = later.lines("2026-11", desk.ingrid.id).await;
    let mut tx = later.app.write(desk.org).await;
    let visit = attain::visits::db::NewVisit {
        rep: desk.ingrid.id,
        customer: desk.customer,
        visited_on: date!(2026 - 10 - 07),
        starts_at: None,
        kind: attain::domain::visit::Kind::InPerson,
        state: attain::domain::visit::State::Done,
        outcome: None,
        minutes: None,
        notes: String::new(),
    };
    attain::visits::db::insert(&mut tx, &visit).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(later.lines("2026-11", desk.ingrid.id).await, before);
}

#[tokio::test]
async fn a_run_that_is_not_approved_posts_nothing() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.starter(&[desk.ingrid]).await;
    desk.lock("2026-10").await;
    let december = desk.after(20);
    december.deal(desk.ingrid, date!(2026 - 10 - 09), 50_000, true, None).await;
    let mut freja = december.app.client(desk.freja).await;
    let mut farid = december.app.client(desk.farid).await;
    let first = december.calculate(&mut freja, "2026-11").await;
    let second = december.calculate(&mut freja, "2026-11").await;
    assert_eq!(desk.count("statement_corrections").await, 2, "each run names its own");
    // A draft of another month sees the same, until one of them is approved.
    assert_eq!(december.lines("2026-12", desk.ingrid.id).await.last().unwrap(), "Sales, 2026-10 15.00");
    press(&mut freja, &second, "submission").await.expect(303);
    farid.post(&format!("{first}/approval"), &[]).await.expect(409);
    press(&mut farid, &second, "approval").await.expect(303);
    assert_eq!(december.lines("2026-12", desk.ingrid.id).await, ["Sales 0.00"]);
}

#[tokio::test]
async fn a_customer_who_sent_everything_back_stops_no_run() {
    let desk = Desk::new().await;
    let rate = |name: &str, rate: &str, only: serde_json::Value| json!({ "name": name, "measure": "net_sales", "pays": { "rate": rate }, "only": { "customer_months": only } });
    let young = rate("Young customers", "0.06", json!({ "below": "12" }));
    let others = rate("Other customers", "0.02", json!({ "from": "12" }));
    let plan = json!({ "name": "Hunter", "currency": "EUR", "period": "month", "components": [young, others] });
    desk.plan(plan, &[desk.ingrid.id]).await;
    let first = desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    assert_eq!(desk.lines("2026-10", desk.ingrid.id).await, ["Young customers 60.00", "Other customers 0.00"]);
    desk.deal(desk.ingrid, date!(2026 - 10 - 20), -100_000, true, Some(first)).await;
    let nothing = ["Young customers 0.00", "Other customers 0.00"];
    assert_eq!(desk.lines("2026-10", desk.ingrid.id).await, nothing, "there is no first sale any more");
}

#[tokio::test]
async fn a_customer_lost_within_the_window_takes_the_bonus_back() {
    let desk = Desk::new().await;
    let plan = json!({ "name": "Hunter", "currency": "EUR", "period": "month", "components": [
        { "name": "New customers", "measure": "new_customers", "pays": { "per_unit": "50.00" }, "clawback_days": "60" } ] });
    desk.plan(plan, &[desk.ingrid.id]).await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.lock("2026-10").await;
    assert_eq!(desk.lines("2026-11", desk.ingrid.id).await, ["New customers 0.00"]);
    let mut tx = desk.app.write(desk.org).await;
    let ending = customers::db::NewEnding {
        on: date!(2026 - 11 - 10),
        kind: EndingKind::DeclaredLost,
        reason: "Shut".to_owned(),
        verified_reason: None,
        competitor: None,
    };
    customers::db::insert_ending(&mut tx, desk.customer, &ending).await.unwrap();
    customers::events_db::recompute(&mut tx, &[desk.customer]).await.unwrap();
    tx.commit().await.unwrap();
    let lost = customers_lost(&desk).await;
    let lines = desk.lines("2026-11", desk.ingrid.id).await;
    let back = ["New customers 0.00", "New customers, 2026-10 -50.00", "Carried to the next period 50.00"];
    assert_eq!(lines, back, "lost on {lost:?}; nothing is earned to take it back from");
}

async fn customers_lost(desk: &Desk) -> Vec<Date> {
    let sql = "select on_date from customer_events where kind = 'lost' and customer_id = $1";
    sqlx::query_scalar(sql).bind(desk.customer.0).fetch_all(&desk.app.db).await.unwrap()
}

#[tokio::test]
async fn a_draw_is_owed_from_statement_to_statement() {
    let desk = Desk::new().await;
    let plan = json!({ "name": "Draw", "currency": "EUR", "period": "month",
        "components": [ { "name": "Sales", "measure": "net_sales", "pays": { "rate": "0.1" } } ],
        "draw": { "amount": "2000.00", "recoverable": true } });
    desk.plan(plan, &[desk.ingrid.id]).await;
    for (month, cents) in [(7, 1_500_000), (8, 2_375_000), (9, 3_000_000)] {
        let day = Date::from_calendar_date(2026, Month::try_from(month).unwrap(), 5).unwrap();
        desk.deal(desk.ingrid, day, cents, true, None).await;
    }
    let total = |desk: &Desk| {
        let db = desk.app.db.clone();
        async move {
            let sql = "select total, draw_balance from statements order by id desc limit 1";
            sqlx::query_as::<_, (i64, i64)>(sql).fetch_one(&db).await.unwrap()
        }
    };
    let mut freja = desk.app.client(desk.freja).await;
    for (month, expected) in [("2026-07", (200_000, 50_000)), ("2026-08", (200_000, 12_500)), ("2026-09", (287_500, 0))]
    {
        // What is calculated and not approved leaves no balance behind.
        desk.calculate(&mut freja, month).await;
        desk.lock(month).await;
        assert_eq!(total(&desk).await, expected, "{month}");
    }
}

#[tokio::test]
async fn out_of_order_a_balance_is_taken_once() {
    let desk = Desk::new().await;
    let plan = json!({ "name": "Draw", "currency": "EUR", "period": "month",
        "components": [ { "name": "Sales", "measure": "net_sales", "pays": { "rate": "0.1" } } ],
        "draw": { "amount": "2000.00", "recoverable": true } });
    desk.plan(plan, &[desk.ingrid.id]).await;
    desk.deal(desk.ingrid, date!(2026 - 07 - 05), 1_500_000, true, None).await;
    desk.deal(desk.ingrid, date!(2026 - 08 - 05), 2_200_000, true, None).await;
    desk.deal(desk.ingrid, date!(2026 - 09 - 05), 2_400_000, true, None).await;
    desk.lock("2026-07").await;
    let september = desk.after(1);
    september.lock("2026-09").await;
    let august = desk.after(2);
    august.lock("2026-08").await;
    let sql = "select total, draw_balance from statements order by id";
    let rows: Vec<(i64, i64)> = sqlx::query_as(sql).fetch_all(&desk.app.db).await.unwrap();
    assert_eq!(rows, [(200_000, 50_000), (200_000, 10_000), (210_000, 0)], "500 owed: 400 back, then 100");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shadow_of_unchanged_facts_is_what_was_paid() {
    let database = TestDatabase::create().await;
    let folder = tempfile::tempdir().unwrap();
    fill::fill(&database.pool, Size::S, folder.path(), datetime!(2026-11-19 10:00 UTC)).await.unwrap();
    let mut db = database.pool.acquire().await.unwrap();
    let locked: Vec<(i64, i64, Date)> =
        sqlx::query_as("select org_id, run_id, period_start from period_locks order by period_start")
            .fetch_all(&mut *db)
            .await
            .unwrap();
    assert!(!locked.is_empty());
    for (org, run, from) in locked {
        let reps: Vec<i64> = sqlx::query_scalar("select rep_id from statements where run_id = $1 and org_id = $2")
            .bind(run)
            .bind(org)
            .fetch_all(&mut *db)
            .await
            .unwrap();
        let reps: Vec<UserId> = reps.into_iter().map(UserId).collect();
        let period = Period::month(from, Month::January);
        let today = date!(2026 - 11 - 19);
        let asked = Question { org: OrgId(org), growth_base: GrowthBase::LastYear, period, rep: None, today };
        let found = late::of_run(&mut db, &asked, RunId(run), &reps).await.unwrap();
        assert!(found.is_empty(), "{period}: {found:?}");
        let next = Question { period: period.next(), ..asked };
        let by_mark = late::look(&mut db, &next, &reps).await.unwrap().corrections;
        assert!(by_mark.is_empty(), "{period}: {by_mark:?}");
        // Every tenth deal is worth a euro more: each rep who is credited gets, or loses, exactly what a run says now.
        let sql = "update deal_credits set amount = amount + 100 where org_id = $1 and booked_on >= $2 and booked_on < $3 \
                   and deal_id % 10 = 0 and not overlay";
        let done = sqlx::query(sql).bind(org).bind(period.from()).bind(period.to()).execute(&mut *db).await.unwrap();
        assert!(done.rows_affected() > 0);
        let found = late::of_run(&mut db, &asked, RunId(run), &reps).await.unwrap();
        let by_mark = late::look(&mut db, &next, &reps).await.unwrap().corrections;
        let told = |found: &[late::Correction]| -> Vec<String> {
            let of = |one: &&late::Correction| one.period == period;
            found.iter().filter(of).map(|one| format!("{} {:?}", one.rep, one.difference)).collect()
        };
        assert!(!found.is_empty() && told(&found) == told(&by_mark), "{found:?}\n{by_mark:?}");
        let back = sql.replace("+ 100", "- 100");
        sqlx::query(sqlx::AssertSqlSafe(back))
            .bind(org)
            .bind(period.from())
            .bind(period.to())
            .execute(&mut *db)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_manager_is_paid_on_the_team_by_the_tree_of_the_day() {
    let desk = Desk::new().await;
    let karin = desk.app.user(desk.org, "Karin", &[Role::Manager, Role::Rep]).await;
    let team = desk.app.team(desk.org, "North", None, Some(karin), &[desk.ingrid, karin]).await;
    let plan = json!({ "name": "Manager", "currency": "EUR", "period": "month", "components": [
        { "name": "Override", "scope": "team", "measure": "net_sales", "pays": { "rate": "0.01" } },
        { "name": "Share", "scope": "team", "measure": "earnings", "pays": { "rate": "0.1" } } ] });
    desk.starter(&[desk.ingrid, desk.jonas]).await;
    desk.plan(plan, &[karin.id]).await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.deal(desk.jonas, date!(2026 - 10 - 06), 700_000, true, None).await;
    desk.deal(karin, date!(2026 - 10 - 07), 500_000, true, None).await;
    assert_eq!(desk.lines("2026-10", karin.id).await, ["Override 10.00", "Share 3.00"], "not Jonas, not herself");
    // From mid-October on Jonas belongs to it, too: what he sold before stays outside.
    let mut tx = desk.app.write(desk.org).await;
    attain::users::db::set_team(&mut tx, desk.jonas.id, Some(team), Some(date!(2026 - 10 - 15))).await.unwrap();
    tx.commit().await.unwrap();
    desk.deal(desk.jonas, date!(2026 - 10 - 16), 200_000, true, None).await;
    assert_eq!(desk.lines("2026-10", karin.id).await[0], "Override 30.00");
}

#[tokio::test]
async fn a_quarter_is_trued_up_by_what_its_months_paid() {
    trued_up(Some(300_000)).await;
}

#[tokio::test]
async fn a_quarter_without_a_target_has_that_of_its_months_together() {
    trued_up(None).await;
}

async fn trued_up(quarter: Option<i64>) {
    let desk = Desk::new().await;
    let plan = json!({ "name": "Curve", "currency": "EUR", "period": "month", "components": [
        { "name": "Sales", "measure": "net_sales", "true_up": "quarter", "pays": { "curve": { "on_target": "100.00",
          "points": [ { "at": "0", "pays": "0" }, { "at": "1", "pays": "1" } ] } } } ] });
    desk.plan(plan, &[desk.ingrid.id]).await;
    let months =
        [date!(2026 - 07 - 01), date!(2026 - 08 - 01), date!(2026 - 09 - 01)].map(|from| ("month", from, 100_000));
    let quarter = quarter.map(|cents| ("quarter", date!(2026 - 07 - 01), cents));
    for (kind, from, cents) in months.into_iter().chain(quarter) {
        let sql = "insert into targets (org_id, rep_id, metric, period_kind, period_start, value, set_at)
                   values ($1, $2, 'net_sales', $3, $4, $5, '2026-06-01')";
        let row = sqlx::query(sql).bind(desk.org.0).bind(desk.ingrid.id.0).bind(kind).bind(from).bind(cents);
        row.execute(&desk.app.db).await.unwrap();
    }
    desk.deal(desk.ingrid, date!(2026 - 07 - 05), 50_000, true, None).await;
    desk.deal(desk.ingrid, date!(2026 - 08 - 05), 50_000, true, None).await;
    desk.deal(desk.ingrid, date!(2026 - 09 - 05), 500_000, true, None).await;
    desk.lock("2026-07").await;
    desk.lock("2026-08").await;
    // The months pay 50, 50 and 100; the quarter reached its target and pays 300.
    let lines = desk.lines("2026-09", desk.ingrid.id).await;
    assert_eq!(lines, ["Sales 100.00", "Sales, true-up of 2026-Q3 100.00"]);
    // A late fact of July is corrected there, and the quarter does not pay it once more.
    let later = desk.after(1);
    later.deal(desk.ingrid, date!(2026 - 07 - 20), 10_000, true, None).await;
    let lines = later.lines("2026-09", desk.ingrid.id).await;
    assert_eq!(lines, ["Sales 100.00", "Sales, true-up of 2026-Q3 90.00", "Sales, 2026-07 10.00"]);
}

#[tokio::test]
async fn two_who_calculate_at_once_make_two_runs_of_which_the_newer_counts() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.starter(&[desk.ingrid]).await;
    let (mut freja, mut farid) = (desk.app.client(desk.freja).await, desk.app.client(desk.farid).await);
    let period = [("period", "2026-10")];
    let (one, two) = tokio::join!(freja.post("/commission-runs", &period), farid.post("/commission-runs", &period));
    let (one, two) = (one.expect(303), two.expect(303));
    assert_ne!(one.location(), two.location());
    assert_eq!((desk.count("commission_runs").await, desk.count("statements").await), (2, 2));
    let mut replaced = 0;
    for run in [one.location(), two.location()] {
        replaced += usize::from(freja.get(run).await.expect(200).words().contains("Replaced"));
    }
    assert_eq!(replaced, 1);
}

#[tokio::test]
async fn calculating_while_approving_is_one_after_the_other() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.starter(&[desk.ingrid]).await;
    let (mut freja, mut farid) = (desk.app.client(desk.freja).await, desk.app.client(desk.farid).await);
    let run = desk.calculate(&mut freja, "2026-10").await;
    press(&mut freja, &run, "submission").await.expect(303);
    let path = format!("{run}/approval");
    // Both wait for somebody who writes, so that they really meet.
    let writes = desk.app.write(desk.org).await;
    let meet = async {
        tokio::join!(freja.post("/commission-runs", &[("period", "2026-10")]), farid.post(&path, &[]), async {
            desk.app.until_waiting(2).await;
            writes.commit().await.unwrap();
        })
    };
    let (calculated, approved, ()) = meet.await;
    match (calculated.status.as_u16(), approved.status.as_u16()) {
        // The new run came first: the old one is replaced, and nothing is locked.
        (303, 409) => assert_eq!((desk.count("period_locks").await, desk.count("approvals").await), (0, 0)),
        // The approval came first: the period is locked, and nothing is calculated any more.
        (422, 303) => assert_eq!((desk.count("period_locks").await, desk.count("commission_runs").await), (1, 1)),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_calculation_that_dies_in_the_middle_leaves_nothing() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.starter(&[desk.ingrid]).await;
    let asked = desk.question("2026-10", date!(2026 - 11 - 19));
    let clock = desk.app.app.clock;
    let mut tx = attain::postgres::tx::alone(&desk.app.db, desk.org, Some(desk.freja.id), clock).await.unwrap();
    store::store(&mut tx, &asked).await.unwrap().unwrap();
    let process: i32 = sqlx::query_scalar("select pg_backend_pid()").fetch_one(&mut *tx).await.unwrap();
    sqlx::query("select pg_terminate_backend($1)").bind(process).execute(&desk.app.db).await.unwrap();
    assert!(tx.commit().await.is_err(), "the connection is gone");
    for table in ["commission_runs", "statements", "statement_lines", "statement_corrections"] {
        assert_eq!(desk.count(table).await, 0, "{table}");
    }
    // Whoever comes next is not held up, and calculates as if nothing had been.
    let mut freja: Client = desk.app.client(desk.freja).await;
    desk.calculate(&mut freja, "2026-10").await;
    assert_eq!(desk.count("statements").await, 1);
    assert_eq!(
        Money(3_000),
        Money(sqlx::query_scalar("select total from statements").fetch_one(&desk.app.db).await.unwrap())
    );
}
