//! True-ups in runs: whose months, whose deals and whose team they are about, and what waits on hold.
#![expect(clippy::disallowed_methods, reason = "what happens behind the program's back is no query of the program")]

use attain::{domain::access::Role, plans};
use serde_json::{Value, json};
use time::{Date, Month, macros::date};

use crate::{commissions::Desk, support::User};

/// 4 % up to the target and 6 % above, made up to the quarter.
fn accelerator(component: &str, gate: Value) -> Value {
    let steps = json!([ { "from": "0", "rate": "0.04" }, { "from": "1", "rate": "0.06" } ]);
    let tiers = json!({ "mode": "marginal", "axis": "attainment", "per": "period", "steps": steps });
    let mut one =
        json!({ "name": component, "measure": "net_sales", "true_up": "quarter", "pays": { "tiers": tiers } });
    if gate.is_array() {
        one["gate"] = gate;
    }
    json!({ "name": "Accelerator", "currency": "EUR", "period": "month", "components": [one] })
}

fn fifth_of(month: u8) -> Date {
    Date::from_calendar_date(2026, Month::try_from(month).unwrap(), 5).unwrap()
}

impl Desk {
    /// The same target of net sales for July, August and September.
    async fn targets(&self, rep: User, cents: i64) {
        for month in 7..10 {
            self.sales_target(rep, "month", fifth_of(month).replace_day(1).unwrap(), cents).await;
        }
    }

    async fn sales_target(&self, rep: User, kind: &str, from: Date, cents: i64) {
        let sql = "insert into targets (org_id, rep_id, metric, period_kind, period_start, value, set_at)
                   values ($1, $2, 'net_sales', $3, $4, $5, '2026-06-01')";
        let row = sqlx::query(sql).bind(self.org.0).bind(rep.id.0).bind(kind).bind(from).bind(cents);
        row.execute(&self.app.db).await.unwrap();
    }

    /// A deal in each of July, August and September.
    async fn sells(&self, rep: User, cents: [i64; 3]) {
        for (month, cents) in (7..).zip(cents) {
            self.deal(rep, fifth_of(month), cents, true, None).await;
        }
    }

    /// Puts a rep on another plan from a day on.
    async fn moves_to(&self, document: &Value, rep: User, from: Date) {
        let mut tx = self.app.write(self.org).await;
        let plan = plans::db::insert(&mut tx, document["name"].as_str().unwrap()).await.unwrap();
        plans::db::insert_version(&mut tx, plan, date!(2026 - 01 - 01), document).await.unwrap();
        plans::db::assign(&mut tx, rep.id, Some(plan), from).await.unwrap();
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn a_line_on_hold_is_paid_by_its_release_and_not_by_the_true_up() {
    let desk = Desk::new().await;
    desk.plan(accelerator("Sales", Value::Null), &[desk.ingrid.id]).await;
    desk.targets(desk.ingrid, 1_000_000).await;
    desk.sells(desk.ingrid, [1_300_000, 900_000, 800_000]).await;
    let hold = "insert into pay_holds (org_id, rep_id, period_kind, period_start, component, reason, made_by, made_at) \
                values ($1, $2, 'month', '2026-07-01', 'Sales', 'Is the invoice right?', $3, '2026-08-01') returning id";
    let hold = sqlx::query_scalar(hold).bind(desk.org.0).bind(desk.ingrid.id.0).bind(desk.freja.id.0);
    let hold: i64 = hold.fetch_one(&desk.app.db).await.unwrap();
    desk.lock("2026-07").await;
    desk.lock("2026-08").await;
    // The quarter is worth 1,200; 580 wait, 360 were paid, 320 are.
    let trued = ["Sales 320.00", "Sales, true-up of 2026-Q3 -60.00"];
    assert_eq!(desk.lines("2026-09", desk.ingrid.id).await, trued);
    desk.after(1).lock("2026-09").await;
    let release = "insert into pay_hold_releases (org_id, hold_id, made_by, made_at) values ($1, $2, $3, '2026-11-21')";
    let release = sqlx::query(release).bind(desk.org.0).bind(hold).bind(desk.freja.id.0);
    release.execute(&desk.app.db).await.unwrap();
    let lines = desk.lines("2026-10", desk.ingrid.id).await;
    assert_eq!(lines, ["Sales 0.00", "Sales, 2026-07 580.00"], "the true-up stays what it was");
    desk.after(3).lock("2026-10").await;
    assert_eq!(desk.lines("2026-11", desk.ingrid.id).await, ["Sales 0.00"]);
}

#[tokio::test]
async fn who_comes_inside_a_quarter_is_trued_up_from_then_on() {
    for name in ["Sales", "Accelerated sales"] {
        let desk = Desk::new().await;
        let starter = json!({ "name": "Starter", "currency": "EUR", "period": "month", "components": [
            { "name": "Sales", "measure": "net_sales", "pays": { "rate": "0.03" } } ] });
        desk.plan(starter, &[desk.ingrid.id]).await;
        desk.moves_to(&accelerator(name, Value::Null), desk.ingrid, date!(2026 - 08 - 01)).await;
        desk.targets(desk.ingrid, 1_000_000).await;
        desk.sells(desk.ingrid, [1_000_000; 3]).await;
        desk.lock("2026-07").await;
        desk.lock("2026-08").await;
        let lines = desk.lines("2026-09", desk.ingrid.id).await;
        let trued = [format!("{name} 400.00"), format!("{name}, true-up of 2026-Q3 0.00")];
        assert_eq!(lines, trued, "July was paid by the other plan");
        // What the months come to goes before a part of the quarter's own target.
        desk.sales_target(desk.ingrid, "quarter", date!(2026 - 07 - 01), 6_000_000).await;
        assert_eq!(desk.lines("2026-09", desk.ingrid.id).await, trued);
    }
}

#[tokio::test]
async fn who_comes_inside_a_quarter_has_a_part_of_its_target() {
    let desk = Desk::new().await;
    desk.moves_to(&accelerator("Sales", Value::Null), desk.ingrid, date!(2026 - 08 - 01)).await;
    // 66 working days, 43 of them from August on.
    desk.sales_target(desk.ingrid, "quarter", date!(2026 - 07 - 01), 6_600_000).await;
    desk.sells(desk.ingrid, [9_000_000, 2_150_000, 2_250_000]).await;
    desk.lock("2026-08").await;
    // 43,000 × 4 % + 1,000 × 6 %
    let trued = ["Sales 0.00", "Sales, true-up of 2026-Q3 1780.00"];
    assert_eq!(desk.lines("2026-09", desk.ingrid.id).await, trued);
}

#[tokio::test]
async fn a_condition_on_a_team_looks_at_the_team_of_the_quarter() {
    let team = json!([ { "metric": "net_sales", "at_least": "5000", "who": "team" } ]);
    let every = json!([ { "attainment": "net_sales", "at_least": "1", "who": "every_rep" } ]);
    for (gate, ingrids, trued) in
        [(team, 1_000_000, "0.00"), (every.clone(), 1_000_000, "0.00"), (every, 950_000, "160.00")]
    {
        let desk = Desk::new().await;
        let karin = desk.app.user(desk.org, "Karin", &[Role::Manager, Role::Rep]).await;
        desk.app.team(desk.org, "North", None, Some(karin), &[desk.ingrid, karin]).await;
        desk.plan(accelerator("Sales", gate), &[karin.id]).await;
        desk.targets(karin, 400_000).await;
        desk.targets(desk.ingrid, 900_000).await;
        desk.sells(karin, [400_000; 3]).await;
        desk.sells(desk.ingrid, [1_000_000, ingrids - 100_000, 1_000_000]).await;
        desk.lock("2026-07").await;
        desk.lock("2026-08").await;
        let lines = desk.lines("2026-09", karin.id).await;
        assert_eq!(lines, ["Sales 160.00".to_owned(), format!("Sales, true-up of 2026-Q3 {trued}")]);
    }
}
