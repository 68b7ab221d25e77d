//! What a locked period was paid by stays, and what came late is worked out once: settings, draws, years, leavers.
#![expect(clippy::disallowed_methods, reason = "what happens behind the program's back is no query of the program")]

use attain::{
    commission_runs::{
        calculate::{Question, calculate},
        late,
    },
    customers, deals,
    domain::{
        access::Role,
        customer::facts::EndingKind,
        deal::{Credit, Stage},
        id::{OrgId, UserId},
        money::Money,
    },
    postgres::tx,
};
use serde_json::json;
use time::{Date, macros::date};

use crate::commissions::{Desk, press};

/// A plan of one component that pays a tenth of sales, with something beside it.
fn tenth(beside: &serde_json::Value) -> serde_json::Value {
    let mut plan = json!({ "name": "Tenth", "currency": "EUR", "period": "month",
        "components": [ { "name": "Sales", "measure": "net_sales", "pays": { "rate": "0.1" } } ] });
    for (key, value) in beside.as_object().unwrap() {
        plan[key] = value.clone();
    }
    plan
}

impl Desk {
    async fn sql(&self, sql: &'static str) {
        sqlx::raw_sql(sql).execute(&self.app.db).await.unwrap();
    }

    /// How many locked periods a calculation looks into.
    async fn again(&self, period: &str, reps: &[UserId]) -> Vec<String> {
        let asked = self.question(period, date!(2027 - 01 - 05));
        let mut read = tx::read(&self.app.db, self.org).await.unwrap();
        let looked = late::look(&mut read, &asked, reps).await.unwrap();
        looked.again.iter().map(ToString::to_string).collect()
    }

    /// Whether a period pays this rep.
    async fn pays(&self, period: &str, rep: UserId) -> bool {
        self.calculated(period).await.iter().any(|one| one.rep == rep)
    }
}

#[tokio::test]
async fn who_has_left_draws_nothing_after_the_month_of_the_last_day() {
    let desk = Desk::new().await;
    let draw = json!({ "draw": { "amount": "500.00", "recoverable": false }, "floor": "100.00" });
    desk.plan(tenth(&draw), &[desk.ingrid.id, desk.jonas.id]).await;
    desk.sql("update users set left_on = '2026-10-16' where name = 'Ingrid'").await;
    assert_eq!(desk.lines("2026-10", desk.ingrid.id).await.last().unwrap(), "Draw 400.00");
    assert!(!desk.pays("2026-11", desk.ingrid.id).await && desk.pays("2026-11", desk.jonas.id).await);
    let mut freja = desk.app.client(desk.freja).await;
    let list = freja.get("/plans").await.expect(200);
    let plan = freja.get(&list.attribute("main a[href^='/plans/1']", "href")).await.expect(200);
    assert!(plan.words().contains("before 16 Oct 2026"), "{}", plan.words());
}

#[tokio::test]
async fn a_leaver_is_paid_and_charged_what_came_late() {
    let desk = Desk::new().await;
    let sold = desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.plan(tenth(&json!({})), &[desk.ingrid.id, desk.jonas.id]).await;
    desk.lock("2026-10").await;
    desk.sql("update users set left_on = '2026-11-01' where name = 'Ingrid'").await;
    assert!(!desk.pays("2026-11", desk.ingrid.id).await, "nothing to settle");
    let december = desk.after(20);
    december.deal(desk.ingrid, date!(2026 - 10 - 20), 20_000, true, None).await;
    assert_eq!(december.lines("2026-11", desk.ingrid.id).await, ["Sales, 2026-10 20.00"]);
    let run = december.lock("2026-11").await;
    let mut freja = december.app.client(desk.freja).await;
    let page = freja.get(&run).await.expect(200);
    assert!(page.words().contains("2 of 2") && page.words().contains("€20.00"), "{}", page.words());
    let own = page.attribute("tbody a[href^='/statements/']", "href");
    freja.get(&own).await.expect(200);
    assert!(!desk.pays("2026-12", desk.ingrid.id).await, "posted once");

    // What is to be taken back is carried: nothing is earned that it could be taken from.
    let january = desk.after(45);
    january.deal(desk.ingrid, date!(2026 - 12 - 20), -50_000, true, Some(sold)).await;
    let back = ["Sales, 2026-10 -50.00", "Carried to the next period 50.00"];
    assert_eq!(january.lines("2026-12", desk.ingrid.id).await, back);
    january.lock("2026-12").await;
    let open = ["Carried from before -50.00", "Carried to the next period 50.00"];
    assert_eq!(january.lines("2027-01", desk.ingrid.id).await, open);
    // Finance writes it off.
    let run = january.calculate(&mut january.app.client(desk.freja).await, "2027-01").await;
    let mut freja = january.app.client(desk.freja).await;
    let page = freja.get(&format!("{run}/reps/{}", desk.ingrid.id)).await.expect(200);
    let fields =
        [("line", "Balance"), ("what", "adjust"), ("amount", "50"), ("about", "2026-12"), ("reason", "Written off")];
    freja.submit(&page, "section[aria-labelledby=act] form", &fields).await.expect(303);
    let lines = january.lines("2027-01", desk.ingrid.id).await;
    assert_eq!(lines.len(), 2, "nothing is carried on: {lines:?}");
}

#[tokio::test]
async fn a_debt_that_was_paid_back_is_not_paid_out_again() {
    let desk = Desk::new().await;
    let draws = json!({ "draw": [
        { "amount": "2000.00", "recoverable": true, "through": "7" }, { "amount": "1000.00", "recoverable": false } ] });
    desk.plan(tenth(&draws), &[desk.ingrid.id]).await;
    desk.deal(desk.ingrid, date!(2026 - 07 - 05), 1_500_000, true, None).await;
    desk.deal(desk.ingrid, date!(2026 - 08 - 05), 3_000_000, true, None).await;
    desk.lock("2026-07").await;
    assert_eq!(desk.lines("2026-08", desk.ingrid.id).await, ["Sales 3000.00", "Draw -500.00"]);
    desk.lock("2026-08").await;
    let later = desk.after(1);
    later.deal(desk.ingrid, date!(2026 - 08 - 20), 10_000, true, None).await;
    let lines = later.lines("2026-09", desk.ingrid.id).await;
    assert_eq!(lines, ["Sales 0.00", "Draw 1000.00", "Sales, 2026-08 10.00"]);
}

#[tokio::test]
async fn settings_and_the_tree_of_a_locked_period_stay_with_it() {
    let desk = Desk::new().await;
    let karin = desk.app.user(desk.org, "Karin", &[Role::Manager, Role::Rep]).await;
    let north = desk.app.team(desk.org, "North", None, Some(karin), &[karin]).await;
    desk.app.team(desk.org, "City", Some(north), None, &[desk.ingrid]).await;
    let manager = json!({ "name": "Manager", "currency": "EUR", "period": "month", "components": [
        { "name": "Override", "scope": "team", "measure": "net_sales", "pays": { "rate": "0.01" } } ] });
    let new = json!({ "components": [
        { "name": "Sales", "measure": "net_sales", "pays": { "rate": "0.1" } },
        { "name": "New", "measure": "new_customer_sales", "pays": { "rate": "0.1" } },
        { "name": "Growth", "measure": "net_sales", "pays": { "bonus": "100.00" },
          "gate": [ { "metric": "sales_growth", "at_least": "0" } ] } ] });
    desk.plan(manager, &[karin.id]).await;
    desk.plan(tenth(&new), &[desk.ingrid.id]).await;
    desk.sql("update organizations set confirm_deals = false").await;
    desk.deal(desk.ingrid, date!(2026 - 02 - 05), 100_000, true, None).await;
    // A new customer until the 25th of October: growth compares with that month, and every sale of October is to a new one.
    desk.deal(desk.ingrid, date!(2025 - 10 - 25), 50_000, true, None).await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, false, None).await;
    let october = desk.lines("2026-10", desk.ingrid.id).await;
    assert_eq!(october, ["Sales 100.00", "New 100.00", "Growth 100.00"]);
    desk.lock("2026-10").await;

    desk.sql(
        "update organizations set confirm_deals = true, growth_basis = 'book', \
         growth_base = 'period_before'; update teams set parent_id = null",
    )
    .await;
    let later = desk.after(1);
    assert_eq!(later.again("2026-11", &[desk.ingrid.id, karin.id]).await, [""; 0]);
    later.deal(desk.ingrid, date!(2026 - 10 - 20), 1_000, false, None).await;
    let mut read = tx::read(&desk.app.db, desk.org).await.unwrap();
    let asked = Question {
        growth_base: attain::domain::company::GrowthBase::PeriodBefore,
        ..desk.question("2026-11", date!(2026 - 11 - 20))
    };
    let posted = late::look(&mut read, &asked, &[desk.ingrid.id, karin.id]).await.unwrap().corrections;
    let told: Vec<String> = posted
        .iter()
        .map(|one| format!("{} {} {}", one.name, one.difference.component, one.difference.amount().0))
        .collect();
    assert_eq!(told, ["Ingrid Sales 100", "Ingrid New 100", "Karin Override 10"], "the late deal, and nothing else");
}

#[tokio::test]
async fn what_had_to_be_confirmed_stays_with_a_locked_period_line_by_line() {
    let desk = Desk::new().await;
    desk.sql("update organizations set confirm_deals = false").await;
    let margin =
        json!({ "components": [ { "name": "Margin", "measure": "gross_margin", "pays": { "rate": "0.1" } } ] });
    desk.plan(tenth(&margin), &[desk.ingrid.id]).await;
    let cost = "update deal_lines set cost = amount / 2; update organizations set confirm_deals = true";
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, false, None).await;
    desk.sql("update deal_lines set cost = amount / 2").await;
    desk.lock("2026-10").await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 06), 20_000, false, None).await;
    desk.sql(cost).await;
    let lines = desk.lines("2026-11", desk.ingrid.id).await;
    assert_eq!(lines, ["Margin 0.00", "Margin, 2026-10 10.00"], "only what came late");
}

#[tokio::test]
async fn the_costs_of_a_locked_period_stay_with_it() {
    let desk = Desk::new().await;
    desk.sql("update organizations set cost_per_visit = 0, cost_per_minute = 0, cost_per_order = 500").await;
    let book = json!({ "components": [ { "name": "Book", "measure": "contribution", "pays": { "rate": "0.1" } } ] });
    desk.plan(tenth(&book), &[desk.ingrid.id]).await;
    for day in [date!(2026 - 10 - 05), date!(2026 - 10 - 06)] {
        desk.deal(desk.ingrid, day, 100_000, true, None).await;
    }
    // Two orders; what they cost to make is not known.
    assert_eq!(desk.lines("2026-10", desk.ingrid.id).await, ["Book -1.00"]);
    desk.lock("2026-10").await;
    desk.sql("update organizations set cost_per_order = 9900").await;
    assert_eq!(
        desk.after(1).lines("2026-11", desk.ingrid.id).await,
        ["Book 0.00", "Carried from before -1.00", "Carried to the next period 1.00"]
    );
    // Today's costs are not set: the period before has its own, and this one no value.
    desk.sql("update organizations set cost_per_order = null").await;
    let later = desk.after(1);
    later.deal(desk.ingrid, date!(2026 - 10 - 20), 1_000, true, None).await;
    let lines = later.lines("2026-11", desk.ingrid.id).await;
    assert_eq!(lines[..2], ["Book 0.00", "Book, 2026-10 -0.50"], "three orders at the costs of October: {lines:?}");
}

#[tokio::test]
async fn by_the_year_an_earlier_open_month_moves_a_locked_one() {
    let desk = Desk::new().await;
    let plan = json!({ "components": [ { "name": "Sales", "measure": "net_sales", "pays": { "tiers": {
        "mode": "marginal", "axis": "amount", "per": "year_to_date",
        "steps": [ { "from": "0", "rate": "0.01" }, { "from": "1000", "rate": "0.02" } ] } } } ] });
    desk.plan(tenth(&plan), &[desk.ingrid.id]).await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.lock("2026-10").await;
    let later = desk.after(1);
    later.deal(desk.ingrid, date!(2026 - 09 - 20), 100_000, true, None).await;
    // October begins where September, which is open, ends: at 1,000.
    let lines = later.lines("2026-11", desk.ingrid.id).await;
    assert_eq!(lines, ["Sales 0.00", "Sales, 2026-10 10.00"]);
}

#[tokio::test]
async fn what_stands_in_a_period_and_in_its_base_is_seen() {
    let desk = Desk::new().await;
    desk.sql("update organizations set growth_base = 'period_before'").await;
    let plan = json!({ "components": [ { "name": "Sales", "measure": "net_sales", "pays": { "tiers": {
        "mode": "marginal", "axis": "amount", "per": "year_to_date",
        "steps": [ { "from": "0", "rate": "0.01" }, { "from": "1000", "rate": "0.02" } ] } } } ] });
    desk.plan(tenth(&plan), &[desk.ingrid.id]).await;
    desk.deal(desk.ingrid, date!(2026 - 09 - 05), 100_000, true, None).await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.lock("2026-10").await;
    let reps = [desk.ingrid.id];
    assert_eq!(desk.again("2026-11", &reps).await, [""; 0]);
    // September, which is open, stands twice in the mark of October: as a part of the year, and as what growth compares with.
    let sql = "update deal_credits set rep_id = $1 where booked_on = '2026-09-05'";
    sqlx::query(sql).bind(desk.jonas.id.0).execute(&desk.app.db).await.unwrap();
    assert_eq!(desk.again("2026-11", &reps).await, ["2026-10"]);
}

#[tokio::test]
async fn a_late_fact_is_looked_into_until_it_is_posted_and_no_longer() {
    let desk = Desk::new().await;
    desk.plan(tenth(&json!({})), &[desk.ingrid.id]).await;
    for month in [6, 7, 8, 9, 10] {
        let day = Date::from_calendar_date(2026, time::Month::try_from(month).unwrap(), 5).unwrap();
        desk.deal(desk.ingrid, day, 100_000, true, None).await;
    }
    for month in ["2026-06", "2026-07", "2026-08", "2026-09", "2026-10"] {
        desk.lock(month).await;
    }
    let reps = [desk.ingrid.id];
    assert_eq!(desk.again("2026-11", &reps).await, [""; 0]);
    let later = desk.after(20);
    later.deal(desk.ingrid, date!(2026 - 06 - 20), 10_000, true, None).await;
    assert_eq!(later.again("2026-11", &reps).await, ["2026-06"], "not every month since");
    later.lock("2026-11").await;
    assert_eq!(later.again("2026-12", &reps).await, [""; 0], "posted is posted");
    assert_eq!(later.lines("2026-12", desk.ingrid.id).await, ["Sales 0.00"]);
    later.deal(desk.ingrid, date!(2026 - 06 - 21), 10_000, true, None).await;
    assert_eq!(later.again("2026-12", &reps).await, ["2026-06"]);
    assert_eq!(later.lines("2026-12", desk.ingrid.id).await, ["Sales 0.00", "Sales, 2026-06 10.00"]);
}

#[tokio::test]
async fn each_component_takes_back_within_its_own_days() {
    let desk = Desk::new().await;
    let plan = json!({ "components": [
        { "name": "Short", "measure": "new_customers", "pays": { "per_unit": "50.00" }, "clawback_days": "30" },
        { "name": "Long", "measure": "new_customers", "pays": { "per_unit": "20.00" }, "clawback_days": "365" },
        { "name": "First sale", "measure": "net_sales", "only": { "new_customer": true }, "pays": { "rate": "0.1" },
          "clawback_days": "60" },
        { "name": "All", "measure": "new_customers", "pays": { "per_unit": "1.00" } } ] });
    desk.plan(tenth(&plan), &[desk.ingrid.id]).await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.lock("2026-10").await;
    let mut tx = desk.app.write(desk.org).await;
    let ending = customers::db::NewEnding {
        on: date!(2026 - 11 - 14),
        kind: EndingKind::DeclaredLost,
        reason: "Shut".to_owned(),
        verified_reason: None,
        competitor: None,
    };
    customers::db::insert_ending(&mut tx, desk.customer, &ending).await.unwrap();
    customers::events_db::recompute(&mut tx, &[desk.customer]).await.unwrap();
    tx.commit().await.unwrap();
    // Lost after 40 days.
    let lines = desk.lines("2026-11", desk.ingrid.id).await;
    assert_eq!(lines[4..6], ["Long, 2026-10 -20.00", "First sale, 2026-10 -100.00"], "{lines:?}");
    assert_eq!(lines[6..], ["Carried to the next period 120.00"]);
}

#[tokio::test]
async fn years_overlays_and_first_days_come_from_the_database_as_the_engine_reads_them() {
    let desk = Desk::new().await;
    let plan = json!({ "components": [
        { "name": "Sales", "measure": "net_sales", "pays": { "tiers": { "mode": "marginal", "axis": "amount",
          "per": "year_to_date", "steps": [ { "from": "0", "rate": "0.01" }, { "from": "1000", "rate": "0.02" } ] } } },
        { "name": "Beside", "measure": "net_sales", "credit": "overlay", "pays": { "rate": "0.05" } },
        { "name": "Young", "measure": "net_sales", "only": { "customer_months": { "below": "12" } },
          "pays": { "rate": "0.1" } } ] });
    desk.plan(tenth(&plan), &[desk.ingrid.id]).await;
    desk.deal(desk.ingrid, date!(2026 - 09 - 05), 80_000, true, None).await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 50_000, true, None).await;
    let mut tx = desk.app.write(desk.org).await;
    let line = deals::db::Line {
        position: 1,
        product: None,
        text: "Coffee".to_owned(),
        quantity: 1.into(),
        amount: Money(20_000),
        original: None,
        cost: None,
    };
    let new = deals::db::NewDeal {
        customer: desk.customer,
        owner: Some(desk.jonas.id),
        stage: Stage::Won,
        opened_on: None,
        booked_on: Some(date!(2026 - 10 - 07)),
        expected_on: None,
        returns: None,
        currency: None,
        rate: None,
        notes: String::new(),
        confirmed: true,
        lines: vec![line],
        credits: vec![
            Credit { rep: desk.jonas.id, parts: 1, overlay: false },
            Credit { rep: desk.ingrid.id, parts: 1, overlay: true },
        ],
    };
    deals::db::insert(&mut tx, &new).await.unwrap();
    tx.commit().await.unwrap();
    let mine = desk.calculated("2026-10").await.into_iter().find(|one| one.rep == desk.ingrid.id).unwrap();
    let facts = &mine.inputs.facts;
    assert_eq!(facts["year_to_date"]["net_sales"], "800.00");
    assert_eq!(
        (&facts["deals"][0]["customer_since"], &facts["deals"][0]["overlay"]),
        (&json!("2026-09-05"), &json!(null))
    );
    assert_eq!((&facts["deals"][1]["overlay"], &facts["deals"][1]["part"]), (&json!(true), &json!("200.00")));
    // 200 × 1 % + 300 × 2 %; 200 × 5 %; 500 × 10 %.
    let amounts: Vec<i64> = mine.statement.lines.iter().map(|line| line.amount.money.0).collect();
    assert_eq!(amounts, [800, 1_000, 5_000]);
}

#[tokio::test]
async fn two_who_approve_at_once_approve_once() {
    let desk = Desk::new().await;
    let finn = desk.app.user(desk.org, "Finn", &[Role::Finance]).await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.starter(&[desk.ingrid]).await;
    let (mut freja, mut farid) = (desk.app.client(desk.freja).await, desk.app.client(desk.farid).await);
    let mut other = desk.app.client(finn).await;
    let run = desk.calculate(&mut freja, "2026-10").await;
    press(&mut freja, &run, "submission").await.expect(303);
    let path = format!("{run}/approval");
    let writes = desk.app.write(desk.org).await;
    let (one, two, ()) = tokio::join!(farid.post(&path, &[]), other.post(&path, &[]), async {
        desk.app.until_waiting(2).await;
        writes.commit().await.unwrap();
    });
    let mut answers = [one.status.as_u16(), two.status.as_u16()];
    answers.sort_unstable();
    assert_eq!(answers, [303, 409]);
    assert_eq!((desk.count("approvals").await, desk.count("period_locks").await), (1, 1));
}

#[tokio::test]
async fn what_nobody_changed_posts_nothing_whatever_the_plan() {
    let desk = Desk::new().await;
    let karin = desk.app.user(desk.org, "Karin", &[Role::Manager, Role::Rep]).await;
    desk.app.team(desk.org, "North", None, Some(karin), &[desk.ingrid, karin]).await;
    let plans = [
        (desk.ingrid.id, json!({ "name": "A", "draw": { "amount": "500.00", "recoverable": true }, "cap": "900.00" })),
        (
            desk.jonas.id,
            json!({ "name": "B", "floor": "50.00", "components": [
            { "name": "Year", "measure": "net_sales", "pays": { "tiers": { "mode": "marginal", "axis": "amount",
              "per": "year_to_date", "steps": [ { "from": "0", "rate": "0.01" }, { "from": "1000", "rate": "0.02" } ] } } },
            { "name": "New", "measure": "new_customers", "pays": { "per_unit": "50.00" }, "clawback_days": "60" },
            { "name": "Curve", "measure": "net_sales", "true_up": "quarter", "pays": { "curve": { "on_target": "100.00",
              "points": [ { "at": "0", "pays": "0" }, { "at": "1", "pays": "1" } ] } } } ] }),
        ),
        (
            karin.id,
            json!({ "name": "C", "draw": { "amount": "300.00", "recoverable": false }, "components": [
            { "name": "Share", "scope": "team", "measure": "earnings", "pays": { "rate": "0.1" } } ] }),
        ),
    ];
    for (rep, beside) in plans {
        desk.plan(tenth(&beside), &[rep]).await;
    }
    for (month, cents) in [(7, 70_000), (8, 900_000), (9, 150_000), (10, 20_000)] {
        let day = Date::from_calendar_date(2026, time::Month::try_from(month).unwrap(), 5).unwrap();
        desk.deal(desk.ingrid, day, cents, true, None).await;
        let sold = desk.deal(desk.jonas, day, cents / 2, true, None).await;
        desk.deal(desk.jonas, day, -cents / 5, true, Some(sold)).await;
    }
    let mut runs = Vec::new();
    for month in ["2026-07", "2026-08", "2026-09", "2026-10"] {
        let run = desk.lock(month).await;
        runs.push((month, run.rsplit('/').next().unwrap().parse::<i64>().unwrap()));
    }
    let mut read = tx::read(&desk.app.db, desk.org).await.unwrap();
    let reps = [desk.ingrid.id, desk.jonas.id, karin.id];
    for (month, run) in runs {
        let asked = desk.question(month, date!(2026 - 11 - 20));
        let found = late::of_run(&mut read, &asked, attain::domain::id::RunId(run), &reps).await.unwrap();
        assert!(found.is_empty(), "{month}: {found:?}");
    }
    let november = calculate(&mut read, &desk.question("2026-11", date!(2026 - 11 - 20))).await.unwrap();
    assert!(november.iter().all(|one| one.corrections.is_empty()));
    assert_eq!(november.len(), 3, "{}", OrgId(desk.org.0));
}
