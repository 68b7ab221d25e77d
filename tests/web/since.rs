//! "Why did it change since yesterday": kept once a day by the server or by the first page, compared line by line.
#![expect(clippy::disallowed_methods, reason = "what happens behind the program's back is no query of the program")]

use std::time::Duration;

use attain::{commission_runs::daily, domain::access::Role};
use serde_json::json;
use time::macros::date;

use crate::{
    commissions::Desk,
    support::{Answer, Client},
};

const SO_FAR: &str = "/statements/so-far";

/// 10 % of sales and 50 for each new customer.
fn plan() -> serde_json::Value {
    json!({
        "name": "Field", "currency": "EUR", "period": "month",
        "components": [
            {"name": "Sales", "measure": "net_sales", "pays": {"rate": "0.1"}},
            {"name": "New customers", "measure": "new_customers", "pays": {"per_unit": "50.00"}}
        ]
    })
}

async fn look(desk: &Desk) -> usize {
    daily::look(&desk.app.app, Duration::ZERO).await.unwrap()
}

/// How many days are kept of everybody.
async fn kept(desk: &Desk) -> i64 {
    sqlx::query_scalar("select count(*) from daily_earnings").fetch_one(&desk.app.db).await.unwrap()
}

async fn so_far(client: &mut Client) -> Answer {
    client.get(SO_FAR).await.expect(200)
}

/// The lines of the comparison.
fn lines(page: &Answer) -> Vec<String> {
    page.texts("section[aria-labelledby=changed] .line")
}

/// Nobody has to know by which period a plan pays: the page without one is that of the own plan.
#[tokio::test]
async fn a_plan_by_the_quarter_leads_to_the_quarter() {
    let desk = Desk::new().await;
    let paid_by = |name: &str, period: &str| {
        let mut plan = plan();
        plan["name"] = json!(name);
        plan["period"] = json!(period);
        plan
    };
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.deal(desk.ingrid, date!(2026 - 11 - 05), 20_000, true, None).await;
    let mut ingrid = desk.app.client(desk.ingrid).await;
    let page = so_far(&mut ingrid).await;
    assert_eq!(page.text("h1"), "Commission so far, November 2026", "on no plan");
    desk.plan(paid_by("Quarterly", "quarter"), &[desk.ingrid.id]).await;
    let page = so_far(&mut ingrid).await;
    assert_eq!(page.text("h1"), "Commission so far, Q4 2026");
    // 10 % of 1,200 and a new customer.
    assert_eq!(page.text(".total"), "€170.00");
    let month = ingrid.get("/statements/so-far?period=2026-11").await.expect(200);
    assert!(month.words().contains("November 2026"), "what is asked for stays: {}", month.words());
    desk.plan(paid_by("Yearly", "year"), &[desk.jonas.id]).await;
    let mut jonas = desk.app.client(desk.jonas).await;
    assert_eq!(so_far(&mut jonas).await.text("h1"), "Commission so far, 2026");
    let mut freja = desk.app.client(desk.freja).await;
    let of_ingrid = freja.get(&format!("{SO_FAR}?rep={}", desk.ingrid.id)).await.expect(200);
    assert_eq!(of_ingrid.text("h1"), "Commission so far, Q4 2026");
}

#[tokio::test]
async fn a_rep_sees_what_moved_the_pay_since_yesterday() {
    let desk = Desk::new().await;
    let first = desk.deal(desk.ingrid, date!(2026 - 11 - 05), 100_000, true, None).await;
    desk.deal(desk.ingrid, date!(2026 - 11 - 06), 20_000, false, None).await;
    desk.plan(plan(), &[desk.ingrid.id]).await;
    let mut ingrid = desk.app.client(desk.ingrid).await;
    let page = so_far(&mut ingrid).await;
    let words = page.text("section[aria-labelledby=changed]");
    assert!(words.contains("Nothing is kept of an earlier day yet"), "{words}");

    let tomorrow = desk.after(1);
    let mut ingrid = tomorrow.app.client(desk.ingrid).await;
    let page = so_far(&mut ingrid).await;
    let words = page.text("section[aria-labelledby=changed]");
    assert!(words.contains("Nothing changed since Thursday 19 November, 10:00: €150.00."), "{words}");

    tomorrow.deal(desk.ingrid, date!(2026 - 11 - 20), 30_000, true, None).await;
    tomorrow.deal(desk.ingrid, date!(2026 - 11 - 20), 7_000, false, None).await;
    tomorrow.deal(desk.ingrid, date!(2026 - 11 - 20), -10_000, true, Some(first)).await;
    let confirm = "update deals set confirmed_at = $1, confirmed_by = recorded_by where number = 2";
    let confirmed = sqlx::query(confirm).bind(tomorrow.app.now()).execute(&desk.app.db).await;
    assert_eq!(confirmed.unwrap().rows_affected(), 1);
    let page = so_far(&mut ingrid).await;
    let words = page.text("section[aria-labelledby=changed]");
    assert!(words.contains("Since Thursday 19 November, 10:00: from €150.00 to €190.00, +€40.00"), "{words}");
    let told = lines(&page);
    assert!(told[0].starts_with("Sales +€40.00 €100.00 before, €140.00 now."), "{told:?}");
    for part in [
        "Deal 3 Havn, €300.00: new +€30.00",
        "Deal 2 Havn, €200.00: confirmed +€20.00",
        "return of deal 1, −€100.00: new −€10.00",
        "Net sales: €1,000.00 before, €1,400.00 now.",
    ] {
        assert!(told[0].contains(part), "{part}: {told:?}");
    }
    assert!(
        told[1].contains("Also changed") && told[1].contains("Deal 4 Havn, €70.00: new, pays once it is confirmed"),
        "{told:?}"
    );
    assert!(page.has("section[aria-labelledby=changed] a[href^='/deals/']"), "the deals can be opened");
    assert_eq!(page.text(".statement .total"), "€190.00", "the same total as the page's");
}

#[tokio::test]
async fn any_kept_day_can_be_compared_and_others_are_not_found() {
    let desk = Desk::new().await;
    desk.plan(plan(), &[desk.ingrid.id]).await;
    so_far(&mut desk.app.client(desk.ingrid).await).await;
    desk.deal(desk.ingrid, date!(2026 - 11 - 19), 10_000, true, None).await;
    so_far(&mut desk.after(1).app.client(desk.ingrid).await).await;
    let later = desk.after(2);
    let mut ingrid = later.app.client(desk.ingrid).await;
    let page = so_far(&mut ingrid).await;
    let words = page.text("section[aria-labelledby=changed]");
    assert!(words.contains("Nothing changed since Friday 20 November"), "the latest day first: {words}");
    let page =
        ingrid.submit(&page, "section[aria-labelledby=changed] form", &[("since", "2026-11-19")]).await.expect(200);
    let words = page.text("section[aria-labelledby=changed]");
    assert!(words.contains("Since Thursday 19 November, 10:00: from €0.00 to €60.00, +€60.00"), "{words}");
    for day in ["2026-11-18", "2026-11-21", "2027-01-01", "x", "9999-99-99"] {
        ingrid.get(&format!("{SO_FAR}?since={day}")).await.expect(404);
    }
    assert!(words.contains("New customers +€50.00"), "{words}");
}

#[tokio::test]
async fn the_server_keeps_each_day_once_for_everybody() {
    let desk = Desk::new().await;
    let elsewhere = desk.app.company("Sørlys").await;
    desk.deal(desk.ingrid, date!(2026 - 11 - 05), 100_000, true, None).await;
    desk.plan(plan(), &[desk.ingrid.id, desk.jonas.id]).await;
    assert_eq!(look(&desk).await, 2, "both companies");
    assert_eq!(kept(&desk).await, 4, "November and October of two reps; {elsewhere} has none");
    assert_eq!((look(&desk).await, kept(&desk).await), (0, 4), "never twice");
    // The page finds the day kept, and two servers do it once.
    so_far(&mut desk.app.client(desk.ingrid).await).await;
    assert_eq!(kept(&desk).await, 4);
    let next = desk.after(1);
    let (app, other) = (next.app.app.clone(), next.app.app.clone());
    let (one, two) = tokio::join!(daily::look(&app, Duration::ZERO), daily::look(&other, Duration::ZERO));
    assert_eq!((one.unwrap() + two.unwrap(), kept(&desk).await), (2, 8));
    let mut jonas = next.app.client(desk.jonas).await;
    let words = so_far(&mut jonas).await.text("section[aria-labelledby=changed]");
    assert!(words.contains("Nothing changed since Thursday 19 November, 10:00: €0.00."), "{words}");
    // It is forgotten after some days, and once a period is approved.
    next.lock("2026-10").await;
    look(&desk.after(2)).await;
    assert_eq!(kept(&desk).await, 6, "three days of November, none of October");
    look(&desk.after(17)).await;
    let oldest: Option<String> =
        sqlx::query_scalar("select min(day)::text from daily_earnings").fetch_one(&desk.app.db).await.unwrap();
    assert_eq!(oldest.as_deref(), Some("2026-11-21"));
}

#[tokio::test]
async fn a_company_that_fails_keeps_no_other_from_its_day() {
    let desk = Desk::new().await;
    desk.plan(plan(), &[desk.ingrid.id]).await;
    let broken = desk.app.company("Brokk").await;
    let rep = desk.app.user(broken, "Bo", &[Role::Rep]).await;
    let other = Desk { org: broken, ingrid: rep, ..desk.after(0) };
    other.plan(plan(), &[rep.id]).await;
    let spoil = "update plan_versions set document = '{}' where org_id = $1";
    sqlx::query(spoil).bind(broken.0).execute(&desk.app.db).await.unwrap();
    assert_eq!(look(&desk).await, 1);
    assert_eq!(kept(&desk).await, 2);
}

#[tokio::test]
async fn who_may_read_the_pay_reads_what_moved_it() {
    let desk = Desk::new().await;
    let (kari, mona) = (
        desk.app.user(desk.org, "Kari", &[Role::Manager]).await,
        desk.app.user(desk.org, "Mona", &[Role::Manager]).await,
    );
    desk.app.team(desk.org, "North", None, Some(kari), &[desk.ingrid]).await;
    desk.app.team(desk.org, "South", None, Some(mona), &[desk.jonas]).await;
    desk.plan(plan(), &[desk.ingrid.id]).await;
    look(&desk).await;
    let next = desk.after(1);
    next.deal(desk.ingrid, date!(2026 - 11 - 20), 10_000, true, None).await;
    let path = format!("{SO_FAR}?rep={}&since=2026-11-19", desk.ingrid.id);
    for (user, sees) in [(desk.ingrid, true), (kari, true), (desk.freja, true), (mona, false), (desk.jonas, false)] {
        let mut client = next.app.client(user).await;
        let page = client.get(&path).await.expect(if sees { 200 } else { 404 });
        assert_eq!(page.words().contains("from €0.00 to €60.00"), sees, "{}", page.words());
    }
}

#[tokio::test]
async fn another_version_of_the_plan_is_told() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 11 - 05), 100_000, true, None).await;
    desk.plan(plan(), &[desk.ingrid.id]).await;
    look(&desk).await;
    let mut document = plan();
    document["components"][0]["pays"]["rate"] = json!("0.12");
    let newer = "insert into plan_versions (org_id, plan_id, number, from_date, document, created_at)
                 select org_id, id, 2, '2026-11-01', $1, $2 from plans";
    sqlx::query(newer).bind(&document).bind(desk.app.now()).execute(&desk.app.db).await.unwrap();
    let next = desk.after(1);
    let page = so_far(&mut next.app.client(desk.ingrid).await).await;
    let told = lines(&page);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].starts_with("Sales +€20.00") && told[0].contains("1 deal that did not change now pays at another rate"),
        "{told:?}"
    );
    let words = page.text("section[aria-labelledby=changed]");
    assert!(words.contains("Your plan has changed") && words.contains("12%"), "{words}");
}

#[tokio::test]
async fn corrections_are_on_the_page_and_my_month_says_that_they_are_not_in_it() {
    let desk = Desk::new().await;
    let sold = desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.plan(plan(), &[desk.ingrid.id]).await;
    desk.lock("2026-10").await;
    desk.deal(desk.ingrid, date!(2026 - 11 - 05), 200_000, true, None).await;
    desk.deal(desk.ingrid, date!(2026 - 11 - 06), -40_000, true, Some(sold)).await;
    let mut ingrid = desk.app.client(desk.ingrid).await;
    let page = so_far(&mut ingrid).await;
    assert_eq!(page.text(".statement .total"), "€160.00", "200 and 40 taken back of October");
    let month = ingrid.get("/my-month").await.expect(200);
    let pay = month.text("section[aria-labelledby=pay]");
    assert!(pay.contains("€200.00") && pay.contains("Corrections of earlier periods are not in it yet"), "{pay}");
    let what_if = ingrid.get("/statements/what-if").await.expect(200);
    assert!(what_if.words().contains("So far €160.00."), "{}", what_if.words());
}
