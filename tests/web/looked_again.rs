//! Which locked periods are looked at again: also when facts are as they once were, when others changed, and never the
//! one that is asked for.
#![expect(clippy::disallowed_methods, reason = "what happens behind the program's back is no query of the program")]

use attain::{customers, domain::id::DealId};
use serde_json::{Value, json};
use time::macros::date;

use crate::commissions::{Desk, press};

impl Desk {
    /// Takes a deal out of the records.
    async fn forget(&self, deal: DealId) {
        for sql in ["update customer_events set deal_id = null where deal_id = $1", "delete from deals where id = $1"] {
            sqlx::query(sql).bind(deal.0).execute(&self.app.db).await.unwrap();
        }
        let mut tx = self.app.write(self.org).await;
        customers::events_db::recompute(&mut tx, &[self.customer]).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Says that what a deal sold is of a category.
    async fn of_category(&self, deal: DealId, category: &str) {
        let sql = "with c as (
                       insert into categories (org_id, name) values ($1, $2)
                       on conflict do nothing
                       returning id
                   )
                   insert into products (org_id, name, category_id) select $1, $2, id from c";
        sqlx::query(sql).bind(self.org.0).bind(category).execute(&self.app.db).await.unwrap();
        let sql = "update deal_lines set product_id = (select id from products where name = $2) where deal_id = $1";
        sqlx::query(sql).bind(deal.0).bind(category).execute(&self.app.db).await.unwrap();
    }
}

fn twentieth(period: &str) -> Value {
    json!({ "name": period, "currency": "EUR", "period": period, "components": [
        { "name": "Sales", "measure": "net_sales", "pays": { "rate": "0.05" } } ] })
}

#[tokio::test]
async fn what_a_run_corrected_while_another_was_locked_is_taken_back_too() {
    let desk = Desk::new().await;
    desk.plan(twentieth("month"), &[desk.ingrid.id]).await;
    desk.plan(twentieth("quarter"), &[desk.jonas.id]).await;
    let sold = desk.deal(desk.jonas, date!(2026 - 05 - 05), 1_000_000, true, None).await;
    desk.deal(desk.jonas, date!(2026 - 08 - 05), 1_000_000, true, None).await;
    desk.deal(desk.ingrid, date!(2026 - 09 - 05), 100_000, true, None).await;
    desk.lock("2026-Q2").await;
    let back = desk.deal(desk.jonas, date!(2026 - 09 - 10), -200_000, true, Some(sold)).await;
    // Both are calculated before one is approved.
    let first = desk.after(1);
    let mut freja = first.app.client(desk.freja).await;
    let runs = [first.calculate(&mut freja, "2026-09").await, first.calculate(&mut freja, "2026-Q3").await];
    for (day, run) in (2..).zip(&runs) {
        let later = desk.after(day);
        press(&mut later.app.client(desk.freja).await, run, "submission").await.expect(303);
        press(&mut later.app.client(desk.farid).await, run, "approval").await.expect(303);
    }
    assert_eq!(desk.lines("2026-Q4", desk.jonas.id).await, ["Sales 0.00"], "it is taken back once");
    desk.forget(back).await;
    let lines = desk.lines("2026-Q4", desk.jonas.id).await;
    assert_eq!(lines, ["Sales 0.00", "Sales, 2026-Q2 100.00"], "facts are as they were, pay is not");
    desk.after(45).lock("2026-Q4").await;
    assert_eq!(desk.lines("2027-Q1", desk.jonas.id).await, ["Sales 0.00"]);
}

#[tokio::test]
async fn a_plan_that_looks_back_follows_periods_that_were_never_locked() {
    let desk = Desk::new().await;
    let plan = json!({ "name": "Cross", "currency": "EUR", "period": "month", "components": [
        { "name": "Campaign", "measure": "deals", "only": { "cross_sell": true }, "pays": { "per_unit": "100.00" } },
        { "name": "Categories", "measure": "cross_sell_count", "pays": { "per_unit": "1.00" } } ] });
    desk.plan(plan, &[desk.ingrid.id]).await;
    let tea = desk.deal(desk.ingrid, date!(2026 - 03 - 05), 100_000, true, None).await;
    let cups = desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.of_category(tea, "Tea").await;
    desk.of_category(cups, "Cups").await;
    assert_eq!(desk.lines("2026-10", desk.ingrid.id).await, ["Campaign 100.00", "Categories 1.00"]);
    desk.lock("2026-10").await;
    assert_eq!(desk.lines("2026-11", desk.ingrid.id).await, ["Campaign 0.00", "Categories 0.00"]);
    let late = desk.deal(desk.ingrid, date!(2026 - 09 - 20), 50_000, true, None).await;
    desk.of_category(late, "Cups").await;
    let lines = desk.lines("2026-11", desk.ingrid.id).await;
    assert_eq!(lines[2..4], ["Campaign, 2026-10 -100.00", "Categories, 2026-10 -1.00"], "{lines:?}");
}

#[tokio::test]
async fn a_locked_period_that_is_calculated_again_does_not_correct_itself() {
    let desk = Desk::new().await;
    desk.plan(twentieth("month"), &[desk.ingrid.id]).await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.lock("2026-10").await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 06), 10_000, true, None).await;
    assert_eq!(desk.lines("2026-10", desk.ingrid.id).await, ["Sales 55.00"]);
    assert_eq!(desk.lines("2026-11", desk.ingrid.id).await, ["Sales 0.00", "Sales, 2026-10 5.00"]);
}
