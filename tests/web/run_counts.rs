//! What a run counts, for whom and until when: years and growth, teams by the day, shared deals, shorter periods.
#![expect(clippy::disallowed_methods, reason = "what happens behind the program's back is no query of the program")]

use std::time::Duration;

use attain::{
    commission_runs::daily,
    customers, deals,
    domain::{
        access::Role,
        deal::{Credit, Stage},
        id::{CustomerId, UserId},
        money::Money,
    },
    users,
};
use serde_json::{Value, json};
use time::{Date, macros::date};

use crate::{commissions::Desk, support::User};

fn plan(name: &str, period: &str, components: &Value) -> Value {
    json!({ "name": name, "currency": "EUR", "period": period, "components": components })
}

fn day(month: u8, day: u8) -> Date {
    Date::from_calendar_date(2026, month.try_into().unwrap(), day).unwrap()
}

impl Desk {
    async fn target(&self, rep: UserId, metric: &str, (kind, from): (&str, Date), value: i64) {
        let sql = "insert into targets (org_id, rep_id, metric, period_kind, period_start, value, set_at)
                   values ($1, $2, $3, $4, $5, $6, '2025-06-01')";
        let row = sqlx::query(sql).bind(self.org.0).bind(rep.0).bind(metric).bind(kind).bind(from).bind(value);
        row.execute(&self.app.db).await.unwrap();
    }

    async fn new_customer(&self, name: &str) -> CustomerId {
        let mut tx = self.app.write(self.org).await;
        let details = customers::db::Details { name: name.to_owned(), ..customers::db::Details::default() };
        let customer = customers::db::insert(&mut tx, &details, date!(2026 - 01 - 01)).await.unwrap();
        tx.commit().await.unwrap();
        customer
    }

    /// A confirmed deal with a customer, shared by these in equal parts; the first of them owns it.
    async fn shared(&self, customer: CustomerId, reps: &[User], on: Date, cents: i64, cost: Option<i64>) {
        let mut tx = self.app.write(self.org).await;
        let line = deals::db::Line {
            position: 1,
            product: None,
            text: "Coffee".to_owned(),
            quantity: 1.into(),
            amount: Money(cents),
            original: None,
            cost: cost.map(Money),
        };
        let new = deals::db::NewDeal {
            customer,
            owner: Some(reps[0].id),
            stage: Stage::Won,
            opened_on: None,
            booked_on: Some(on),
            expected_on: None,
            returns: None,
            currency: None,
            rate: None,
            notes: String::new(),
            confirmed: true,
            lines: vec![line],
            credits: reps.iter().map(|rep| Credit { rep: rep.id, parts: 1, overlay: false }).collect(),
        };
        deals::db::insert(&mut tx, &new).await.unwrap();
        customers::events_db::recompute(&mut tx, &[customer]).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Everything that a line says, of the first line of a rep's statement.
    async fn said(&self, period: &str, rep: UserId) -> String {
        let all = self.calculated(period).await;
        all.iter().find(|one| one.rep == rep).unwrap().statement.lines[0].text.clone()
    }
}

fn year(measure: &str, axis: &str, edge: &str) -> Value {
    json!([ { "name": "Year", "measure": measure, "pays": { "tiers": { "mode": "marginal", "axis": axis,
        "per": "year_to_date", "steps": [ { "from": "0", "rate": "0.04" }, { "from": edge, "rate": "0.06" } ] } } } ])
}

#[tokio::test]
async fn tiers_by_the_year_never_take_a_months_target_for_the_years() {
    let desk = Desk::new().await;
    let (ingrid, jonas) = (desk.ingrid.id, desk.jonas.id);
    desk.plan(plan("Year", "month", &year("net_sales", "attainment", "1")), &[ingrid, jonas]).await;
    for month in 1..=10 {
        desk.deal(desk.ingrid, day(month, 5), 1_000_000, true, None).await;
    }
    for month in 1..=10 {
        desk.target(ingrid, "net_sales", ("month", day(month, 1)), 1_000_000).await;
    }
    // A year's target for something else says nothing about sales.
    desk.target(ingrid, "visits", ("year", day(1, 1)), 100).await;
    assert_eq!(desk.lines("2026-10", ingrid).await, ["Year 0.00"]);
    let said = desk.said("2026-10", ingrid).await;
    assert!(said.contains("No target of the year for net sales is set, so it pays nothing."), "{said}");
    for month in [11, 12] {
        desk.target(ingrid, "net_sales", ("month", day(month, 1)), 1_000_000).await;
    }
    assert_eq!(desk.lines("2026-10", ingrid).await, ["Year 400.00"], "100,000 of the months' 120,000");
    assert_eq!(desk.lines("2026-01", ingrid).await, ["Year 400.00"]);
    desk.target(ingrid, "net_sales", ("year", day(1, 1)), 9_500_000).await;
    assert_eq!(desk.lines("2026-10", ingrid).await, ["Year 500.00"], "the year's own: half at 4 %, half at 6 %");
}

#[tokio::test]
async fn a_years_targets_begin_with_who_is_there() {
    let desk = Desk::new().await;
    let (ingrid, jonas) = (desk.ingrid.id, desk.jonas.id);
    desk.plan(plan("Year", "month", &year("net_sales", "attainment", "1")), &[ingrid, jonas]).await;
    for month in 7..=12 {
        desk.target(ingrid, "net_sales", ("month", day(month, 1)), 1_000_000).await;
        desk.target(jonas, "net_sales", ("month", day(month, 1)), 1_000_000).await;
    }
    for month in 1..=10 {
        desk.deal(desk.ingrid, day(month, 5), 1_000_000, true, None).await;
    }
    for month in 7..=10 {
        desk.deal(desk.jonas, day(month, 5), 1_000_000, true, None).await;
    }
    sqlx::raw_sql("update users set hired_on = '2026-07-01' where name = 'Jonas'").execute(&desk.app.db).await.unwrap();
    assert_eq!(desk.lines("2026-10", jonas).await, ["Year 400.00"], "40,000 of 60,000");
    assert_eq!(
        desk.lines("2026-10", ingrid).await,
        ["Year 0.00"],
        "half of the year has no target, and all of it counts"
    );
}

#[tokio::test]
async fn tiers_by_the_year_climb_whatever_adds_up() {
    let desk = Desk::new().await;
    let ingrid = desk.ingrid.id;
    let components: Vec<Value> = ["gross_margin", "cross_sell_sales", "contribution"]
        .into_iter()
        .map(|measure| {
            let mut one = year(measure, "amount", "1000")[0].clone();
            one["name"] = json!(measure);
            one
        })
        .collect();
    let mut components = Value::from(components);
    components.as_array_mut().unwrap().push(json!({ "name": "count", "measure": "cross_sell_count", "pays": { "tiers": {
        "mode": "marginal", "axis": "count", "per": "year_to_date", "steps": [ { "from": "0", "per_unit": "5.00" } ] } } }));
    desk.plan(plan("Year", "month", &components), &[ingrid]).await;
    desk.shared(desk.customer, &[desk.ingrid], day(9, 5), 200_000, Some(120_000)).await;
    desk.shared(desk.customer, &[desk.ingrid], day(10, 5), 200_000, Some(150_000)).await;
    // September gave 800; of the 500 of October 200 reach 1,000 at 4 %, 300 lie above it at 6 %.
    let lines = desk.lines("2026-10", ingrid).await;
    assert_eq!(lines, ["gross_margin 26.00", "cross_sell_sales 0.00", "contribution 0.00", "count 0.00"]);
    assert_eq!(desk.lines("2026-01", ingrid).await[0], "gross_margin 0.00", "the year begins");
}

#[tokio::test]
async fn growth_that_pays_nets_returns_in_the_base_too() {
    let desk = Desk::new().await;
    let ingrid = desk.ingrid.id;
    let curve = |measure: &str| {
        json!({ "name": measure, "measure": measure, "pays": { "curve": { "on_target": "1000.00", "points": [
            { "at": "0", "pays": "0" }, { "at": "1", "pays": "1" }, { "at": "2", "pays": "2" } ] } } })
    };
    let both = json!([curve("sales_growth"), curve("growth_from_existing")]);
    desk.plan(plan("Farmer", "month", &both), &[ingrid]).await;
    for metric in ["sales_growth", "growth_from_existing"] {
        for month in [9, 10] {
            let sql = "insert into targets (org_id, rep_id, metric, period_kind, period_start, value, set_at)
                       values ($1, $2, $3, 'month', $4, 0.05, '2025-06-01')";
            let row = sqlx::query(sql).bind(desk.org.0).bind(ingrid.0).bind(metric).bind(day(month, 1));
            row.execute(&desk.app.db).await.unwrap();
        }
    }
    desk.deal(desk.ingrid, date!(2023 - 01 - 05), 100, true, None).await;
    for year in [2025, 2026] {
        let on = |month: u8, day: u8| Date::from_calendar_date(year, month.try_into().unwrap(), day).unwrap();
        let sold = desk.deal(desk.ingrid, on(9, 5), 10_000_000, true, None).await;
        desk.deal(desk.ingrid, on(10, 5), 20_000_000, true, None).await;
        desk.deal(desk.ingrid, on(10, 6), -6_000_000, true, Some(sold)).await;
    }
    let nothing = ["sales_growth 0.00", "growth_from_existing 0.00"];
    for basis in ["credited", "book"] {
        let sql = format!("update organizations set growth_basis = '{basis}'");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&desk.app.db).await.unwrap();
        assert_eq!(desk.lines("2026-09", ingrid).await, nothing, "40,000 against 40,000, {basis}");
        assert_eq!(desk.lines("2026-10", ingrid).await, nothing, "200,000 against 200,000, {basis}");
    }
    let said = desk.said("2026-10", ingrid).await;
    assert!(said.contains("0%"), "{said}");
    // What nobody has confirmed pays on neither side.
    sqlx::raw_sql("update organizations set confirm_deals = true, growth_basis = 'credited'")
        .execute(&desk.app.db)
        .await
        .unwrap();
    desk.deal(desk.ingrid, date!(2025 - 10 - 20), 5_000_000, false, None).await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 20), 1_000_000, true, None).await;
    assert_eq!(desk.lines("2026-10", ingrid).await[0], "sales_growth 1000.00", "210,000 against 200,000 is 5 %");
}

/// Managers of two teams with these components, and Ingrid in the first of them until the 15th.
async fn two_teams(desk: &Desk, components: Value) -> (User, User) {
    let karin = desk.app.user(desk.org, "Karin", &[Role::Manager, Role::Rep]).await;
    let lars = desk.app.user(desk.org, "Lars", &[Role::Manager, Role::Rep]).await;
    desk.app.team(desk.org, "North", None, Some(karin), &[desk.ingrid]).await;
    let south = desk.app.team(desk.org, "South", None, Some(lars), &[desk.jonas]).await;
    let mut tx = desk.app.write(desk.org).await;
    users::db::set_team(&mut tx, desk.ingrid.id, Some(south), Some(date!(2026 - 10 - 16))).await.unwrap();
    tx.commit().await.unwrap();
    desk.plan(plan("Manager", "month", &components), &[karin.id, lars.id]).await;
    (karin, lars)
}

#[tokio::test]
async fn whoever_moves_counts_for_each_manager_on_the_days_there() {
    let desk = Desk::new().await;
    let rate =
        |measure: &str| json!({ "name": measure, "scope": "team", "measure": measure, "pays": { "rate": "0.01" } });
    let each =
        |measure: &str| json!({ "name": measure, "scope": "team", "measure": measure, "pays": { "per_unit": "10" } });
    let components =
        json!([rate("net_sales"), rate("new_customer_sales"), rate("gross_margin"), each("new_customers")]);
    let (karin, lars) = two_teams(&desk, components).await;
    for (place, on) in [5, 6, 7, 8, 20, 21].into_iter().enumerate() {
        let customer = desk.new_customer(&format!("Number {place}")).await;
        desk.shared(customer, &[desk.ingrid], day(10, on), 100_000, Some(60_000)).await;
    }
    assert_eq!(
        desk.lines("2026-10", karin.id).await,
        ["net_sales 40.00", "new_customer_sales 40.00", "gross_margin 16.00", "new_customers 40.00"]
    );
    assert_eq!(
        desk.lines("2026-10", lars.id).await,
        ["net_sales 20.00", "new_customer_sales 20.00", "gross_margin 8.00", "new_customers 20.00"]
    );
}

#[tokio::test]
async fn who_is_away_all_month_keeps_no_bonus_from_the_manager() {
    let desk = Desk::new().await;
    let karin = desk.app.user(desk.org, "Karin", &[Role::Manager, Role::Rep]).await;
    desk.app.team(desk.org, "North", None, Some(karin), &[desk.ingrid, desk.jonas]).await;
    let components = json!([ { "name": "Bonus", "scope": "team", "measure": "net_sales", "pays": { "bonus": "500.00" },
        "gate": [ { "attainment": "net_sales", "at_least": "0.7", "who": "every_rep" } ] } ]);
    desk.plan(plan("Manager", "month", &components), &[karin.id]).await;
    for rep in [desk.ingrid.id, desk.jonas.id] {
        desk.target(rep, "net_sales", ("month", day(10, 1)), 100_000).await;
    }
    desk.deal(desk.ingrid, day(10, 5), 80_000, true, None).await;
    assert_eq!(desk.lines("2026-10", karin.id).await, ["Bonus 0.00"], "Jonas sold nothing");
    for (from, to, bonus) in [(day(10, 5), day(11, 1), "0.00"), (day(10, 1), day(10, 5), "500.00")] {
        let mut tx = desk.app.write(desk.org).await;
        let leave = users::leaves_db::Leave {
            id: attain::domain::id::LeaveId(0),
            from,
            to: Some(to),
            kind: "parental".to_owned(),
            note: String::new(),
        };
        users::leaves_db::insert(&mut tx, desk.jonas.id, &leave, desk.freja.id).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(desk.lines("2026-10", karin.id).await, [format!("Bonus {bonus}")], "away from {from}");
    }
}

#[tokio::test]
async fn a_shared_deal_counts_once() {
    let desk = Desk::new().await;
    let components = json!([ { "name": "First sales", "measure": "deals", "only": { "new_customer": true },
        "pays": { "per_unit": "50.00" } } ]);
    desk.plan(plan("Campaign", "month", &components), &[desk.ingrid.id, desk.jonas.id]).await;
    // Of equal parts that of the deal's owner counts, as for a new customer.
    desk.shared(desk.customer, &[desk.jonas, desk.ingrid], day(10, 5), 90_000, None).await;
    assert_eq!(desk.lines("2026-10", desk.jonas.id).await, ["First sales 50.00"]);
    assert_eq!(desk.lines("2026-10", desk.ingrid.id).await, ["First sales 0.00"]);
    let said = desk.said("2026-10", desk.ingrid.id).await;
    assert!(said.contains("Deal 1 is shared, and counts for whoever has the largest part."), "{said}");
}

#[tokio::test]
async fn a_share_of_earnings_adds_up_what_shorter_periods_pay() {
    let desk = Desk::new().await;
    let karin = desk.app.user(desk.org, "Karin", &[Role::Manager, Role::Rep]).await;
    desk.app.team(desk.org, "North", None, Some(karin), &[desk.ingrid, desk.jonas]).await;
    let sales = |rate: &str| json!([ { "name": "Sales", "measure": "net_sales", "pays": { "rate": rate } } ]);
    desk.plan(plan("Monthly", "month", &sales("0.03")), &[desk.ingrid.id]).await;
    desk.plan(plan("Quarterly", "quarter", &sales("0.02")), &[desk.jonas.id]).await;
    let share = json!([ { "name": "Share", "scope": "team", "measure": "earnings", "pays": { "rate": "0.1" } } ]);
    desk.plan(plan("Share", "quarter", &share), &[karin.id]).await;
    for (month, cents) in [(7, 1_300_000), (8, 900_000), (9, 800_000)] {
        desk.deal(desk.ingrid, day(month, 5), cents, true, None).await;
        desk.deal(desk.jonas, day(month, 6), cents, true, None).await;
    }
    // A tenth of three months at 3 % and of a quarter at 2 %: of 900 and of 600.
    assert_eq!(desk.lines("2026-Q3", karin.id).await, ["Share 150.00"]);
}

#[tokio::test]
async fn a_plan_that_cannot_be_calculated_keeps_nobody_elses_day() {
    let desk = Desk::new().await;
    let sales = json!([ { "name": "Sales", "measure": "net_sales", "pays": { "rate": "0.1" } } ]);
    desk.plan(plan("Sales", "month", &sales), &[desk.ingrid.id]).await;
    // Written behind the program's back, as an earlier program might have: it pays nothing at all.
    desk.plan(json!({ "name": "Broken", "period": "month" }), &[desk.jonas.id]).await;
    desk.deal(desk.ingrid, day(11, 5), 100_000, true, None).await;
    assert_eq!(daily::look(&desk.app.app, Duration::ZERO).await.unwrap(), 1);
    let sql = "select distinct rep_id from daily_earnings";
    let kept: Vec<i64> = sqlx::query_scalar(sql).fetch_all(&desk.app.db).await.unwrap();
    assert_eq!(kept, [desk.ingrid.id.0]);
}
