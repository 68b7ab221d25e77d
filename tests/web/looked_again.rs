//! Which locked periods are looked at again: when others changed, and never the one that is asked for.
#![expect(clippy::disallowed_methods, reason = "what happens behind the program's back is no query of the program")]

use attain::domain::id::DealId;
use serde_json::{Value, json};
use time::macros::date;

use crate::commissions::Desk;

impl Desk {
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
