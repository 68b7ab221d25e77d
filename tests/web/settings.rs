//! The company's settings: rules, limits and holidays, and what follows from them.

use time::{Duration, macros::date};

use crate::{
    field::{Field, TODAY},
    support::{Answer, Client},
};

async fn admin(field: &Field) -> Client {
    field.app.client(field.astrid).await
}

/// Fills a form of the settings, and sends it.
async fn send(client: &mut Client, action: &str, typed: &[(&str, &str)]) -> Answer {
    let page = client.get("/settings").await.expect(200);
    client.submit(&page, &format!("form[action='{action}']"), typed).await
}

#[tokio::test]
async fn settings_are_saved_and_told() {
    let field = Field::new().await;
    let mut astrid = admin(&field).await;
    let typed = [("new_customer_months", "6"), ("growth_base", "period_before"), ("late_entry_days", "10")];
    send(&mut astrid, "/settings", &typed).await.expect(303);
    let page = astrid.get("/settings").await.expect(200);
    assert_eq!(page.value("new_customer_months"), "6");
    assert!(
        page.words().contains("Growth compared with: The same period of last year → The period before"),
        "{}",
        page.words()
    );
}

#[tokio::test]
async fn wrong_settings_are_refused_and_kept() {
    let field = Field::new().await;
    let mut astrid = admin(&field).await;
    for (name, typed, words) in [
        ("name", "", "The name is missing."),
        ("new_customer_months", "0", "Use a whole number from 1 to 60."),
        ("handover_grace_days", "4000", "Use a whole number from 0 to 3650."),
        ("late_entry_days", "-1", ""),
        ("late_entry_days", "soon", ""),
        ("fiscal_year_start", "13", "Use a whole number from 1 to 12."),
        ("growth_base", "luck", "Choose what growth is compared with."),
        ("workdays", "8", "Tick at least one working day."),
    ] {
        let refused = send(&mut astrid, "/settings", &[(name, typed)]).await.expect(422);
        assert!(refused.text(".summary-error").contains(words), "{name}: {}", refused.text(".summary-error"));
    }
    for (path, fields) in [
        ("/settings/limits", [("days", "0"), ("from", "")]),
        ("/settings/limits", [("days", "90"), ("from", "2026-02-30")]),
        ("/settings/holidays", [("on", "never"), ("holiday", "Easter")]),
        ("/settings/holidays", [("on", "2026-12-25"), ("holiday", "")]),
    ] {
        astrid.post(path, &fields).await.expect(422);
    }
    astrid.post("/settings", &[("name", "X")]).await.expect(422);
    astrid.post("/settings/limits/999/remove", &[]).await.expect(404);
    astrid.post("/settings/holidays/2026-12-24/remove", &[]).await.expect(404);
    astrid.post("/settings/holidays/never/remove", &[]).await.expect(404);
}

#[tokio::test]
async fn a_stale_form_overwrites_nothing() {
    let field = Field::new().await;
    let mut astrid = admin(&field).await;
    let old = astrid.get("/settings").await.expect(200);
    send(&mut astrid, "/settings", &[("late_entry_days", "7")]).await.expect(303);
    let stale = astrid.submit(&old, "form[action='/settings']", &[("new_customer_months", "24")]).await.expect(409);
    assert!(stale.words().contains("Somebody else has changed the settings"), "{}", stale.words());
    assert_eq!(stale.value("new_customer_months"), "24", "what was typed is kept");
    assert_eq!(astrid.get("/settings").await.value("late_entry_days"), "7");
}

#[tokio::test]
async fn a_limit_decides_who_is_lost() {
    let field = Field::new().await;
    let customer = field.customer("Havn", field.ingrid).await;
    field.deal(customer, TODAY - Duration::days(60), 100, &[(field.ingrid, 1)]).await;
    let mut astrid = admin(&field).await;
    let mut ingrid = field.app.client(field.ingrid).await;
    assert_eq!(ingrid.get("/customers?stage=lost").await.expect(200).count("tbody tr"), 0);
    send(&mut astrid, "/settings/limits", &[("days", "30"), ("from", "")]).await.expect(303);
    let lost = ingrid.get("/customers?stage=lost").await.expect(200);
    assert!(lost.text("tbody tr").contains("Havn"), "60 days without a sale, 30 allowed: {}", lost.words());

    let from = (TODAY + Duration::days(1)).to_string();
    send(&mut astrid, "/settings/limits", &[("days", "45"), ("from", &from)]).await.expect(303);
    let page = astrid.get("/settings").await;
    assert_eq!(page.count("form[action$='/remove']"), 1, "the first limit stays");
    let path = page.attribute("form[action^='/settings/limits/'][action$='/remove']", "action");
    send(&mut astrid, &path, &[]).await.expect(303);
    assert_eq!(astrid.get("/settings").await.count("form[action$='/remove']"), 0);
}

#[tokio::test]
async fn a_holiday_is_no_working_day() {
    let field = Field::new().await;
    let mut astrid = admin(&field).await;
    let mut ingrid = field.app.client(field.ingrid).await;
    let days = |page: &Answer| page.words().split("working day ").nth(1).unwrap().chars().take(8).collect::<String>();
    let before = days(&ingrid.get("/my-month").await.expect(200));
    let first = date!(2026 - 11 - 02).to_string();
    send(&mut astrid, "/settings/holidays", &[("on", &first), ("holiday", "All Souls")]).await.expect(303);
    let after = days(&ingrid.get("/my-month").await.expect(200));
    assert_ne!(before, after);
    send(&mut astrid, &format!("/settings/holidays/{first}/remove"), &[]).await.expect(303);
    assert_eq!(days(&ingrid.get("/my-month").await.expect(200)), before);
}
