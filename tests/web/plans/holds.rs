//! From when a version holds: overtaken by one made earlier, inside a period that is paid as a whole, larger than the form.

use super::*;

/// Saves a version with more typed, and answers what came of it.
async fn version(desk: &mut Desk, plan: &str, typed: &[(&str, &str)]) -> Answer {
    let page = desk.freja.get(&format!("{plan}/versions/new")).await.expect(200);
    desk.freja.submit(&page, FORM, typed).await
}

#[tokio::test]
async fn a_version_that_is_overtaken_says_by_which_and_when() {
    let mut desk = Desk::new().await;
    let plan = desk.saved("starter").await;
    let words = "Version 2 holds from 1 Jan 2027: from that day on it pays, not this one.";
    let saved = version(&mut desk, &plan, &[("from", "2027-01"), ("c0_rate", "4")]).await.expect(303);
    let page = desk.freja.follow(&saved).await.expect(200);
    assert!(!page.words().contains("pays, not this one"), "the last one is not overtaken: {}", page.words());
    let rows = page.texts("section[aria-labelledby=history] tbody tr");
    assert!(rows[0].contains("2 1 Jan 2027 Freja"), "{rows:?}");
    assert!(rows[1].contains("1 Oct 2026 until 1 Jan 2027, then version 2"), "{rows:?}");
    // While it is written, when it is saved, and afterwards on the page of the plan.
    let page = desk.freja.get(&format!("{plan}/versions/new")).await.expect(200);
    let typed = [("from", "2026-12"), ("c0_rate", "5")];
    let page = press(&mut desk.freja, &page, "show", &typed).await.expect(200);
    assert!(page.texts("main .warn").concat().contains(words), "{}", page.words());
    assert!(page.texts("main .warn").concat().contains("save this one from 2027-01 as well"), "{}", page.words());
    let saved = desk.freja.submit(&page, FORM, &typed).await.expect(303);
    let page = desk.freja.follow(&saved).await.expect(200);
    assert!(page.text(".toast").contains(words), "{}", page.text(".toast"));
    assert!(page.texts("main .warn").concat().contains(words), "{}", page.words());
    let rows = page.texts("section[aria-labelledby=history] tbody tr");
    assert!(rows[0].contains("3 1 Dec 2026 until 1 Jan 2027, then version 2"), "{rows:?}");
    assert!(rows[2].contains("1 Oct 2026 until 1 Dec 2026, then version 3"), "{rows:?}");
    // The list says since when the newest one holds, not the latest day of all.
    let list = desk.freja.get("/plans").await.expect(200).text("tbody tr");
    assert!(list.contains("1 Dec 2026"), "{list}");
    // From the same day on the later one holds, and the earlier never.
    let saved = version(&mut desk, &plan, &[("from", "2027-01"), ("c0_rate", "6")]).await.expect(303);
    let page = desk.freja.follow(&saved).await.expect(200);
    assert!(!page.words().contains("pays, not this one"), "{}", page.words());
    let rows = page.texts("section[aria-labelledby=history] tbody tr");
    assert!(rows[2].contains("1 Jan 2027 never: version 4 holds from the same day"), "{rows:?}");
}

#[tokio::test]
async fn no_version_begins_inside_a_year_that_is_paid_as_a_whole() {
    let mut desk = Desk::new().await;
    let page = desk.freja.get("/plans/new?template=starter").await.expect(200);
    let typed = [("name", "Yearly"), ("from", "2026-01"), ("period", "year")];
    let plan = desk.freja.submit(&page, FORM, &typed).await.expect(303).location().to_owned();
    for (from, period) in [("2026-07", "month"), ("2026-07", "quarter"), ("2026-02", "month"), ("2026-12", "month")] {
        let refused = version(&mut desk, &plan, &[("from", from), ("period", period)]).await.expect(422);
        let words = refused.text("#from-error");
        assert!(words.contains("Version 1 pays by the year, and 2026 as a whole"), "{from} {period}: {words}");
        assert!(words.contains("Choose the first month of a year, 2026-01 or 2027-01."), "{words}");
        assert_eq!((refused.value("from"), refused.value("period")), (from.to_owned(), period.to_owned()));
    }
    assert_eq!(desk.documents().await.len(), 1);
    version(&mut desk, &plan, &[("from", "2027-01"), ("period", "month")]).await.expect(303);
    // From then on it pays by the month: any month begins one.
    version(&mut desk, &plan, &[("from", "2027-03"), ("period", "month")]).await.expect(303);
    // Nor is a year put over months that a later version pays.
    let refused = version(&mut desk, &plan, &[("from", "2027-01"), ("period", "year")]).await.expect(422);
    let words = refused.text("#from-error");
    assert!(words.contains("Version 3 holds from 1 Mar 2027, inside 2027, which this one would pay"), "{words}");
    assert!(words.contains("Choose 2028-01"), "{words}");
    version(&mut desk, &plan, &[("from", "2028-01"), ("period", "year")]).await.expect(303);
    version(&mut desk, &plan, &[("from", "2026-01"), ("period", "year")]).await.expect(303);
    assert_eq!(desk.documents().await.len(), 5);
}

#[tokio::test]
async fn nobody_is_paid_by_two_plans_for_one_year() {
    let mut desk = Desk::new().await;
    let monthly = desk.saved("starter").await;
    let page = desk.freja.get("/plans/new?template=starter").await.expect(200);
    let typed = [("name", "Yearly"), ("from", "2026-01"), ("period", "year")];
    let yearly = desk.freja.submit(&page, FORM, &typed).await.expect(303).location().to_owned();
    let rep = desk.ingrid.id.to_string();
    let mut put = async |plan: &str, from: &str, act: &str| {
        let page = desk.freja.get(plan).await.expect(200);
        desk.freja.submit(&page, "main form", &[("rep", &*rep), ("from", from), ("act", act)]).await
    };
    put(&yearly, "2026-01", "on").await.expect(303);
    for _ in 0..2 {
        let refused = put(&monthly, "2026-11", "on").await.expect(422);
        let words = refused.text("#from-error");
        assert!(words.contains("Ingrid is paid for 2026 as a whole by the plan Yearly"), "{words}");
        assert!(words.contains("Choose 2027-01 or a later month."), "{words}");
        // Taken off in between, the year is hers all the same.
        put(&yearly, "2026-01", "on").await.expect(303);
        put(&yearly, "2027-01", "off").await.expect(303);
    }
    put(&monthly, "2027-01", "on").await.expect(303);
    put(&monthly, "2027-02", "on").await.expect(303);
}

#[tokio::test]
async fn a_plan_older_than_the_limits_opens_and_is_made_smaller() {
    let mut desk = Desk::new().await;
    let plan = desk.saved("starter").await;
    let step = |k: usize| serde_json::json!({ "from": (k * 1000).to_string(), "rate": "0.01" });
    let component = |i: usize| {
        let steps: Vec<serde_json::Value> = (0..31).map(step).collect();
        let tiers = serde_json::json!({ "mode": "marginal", "axis": "amount", "per": "period", "steps": steps });
        serde_json::json!({ "name": format!("Part {i}"), "measure": "net_sales", "pays": { "tiers": tiers } })
    };
    let components: Vec<serde_json::Value> = (0..21).map(component).collect();
    let document = serde_json::json!({
        "name": "Field", "currency": "EUR", "period": "month", "components": components,
    });
    sqlx::query!("update plan_versions set document = $1", document).execute(&desk.app.db).await.unwrap();
    // It is shown, compared, put beside reps, and opened with everything that it holds.
    let page = desk.freja.get(&plan).await.expect(200);
    assert!(page.words().contains("Part 20"), "{}", page.words());
    let fields = [("rep", &*desk.ingrid.id.to_string()), ("from", "2026-10"), ("act", "on")];
    desk.freja.submit(&page, "main form", &fields).await.expect(303);
    desk.freja.get(&format!("{plan}/compare")).await.expect(200);
    desk.app.client(desk.ingrid).await.get("/my-month").await.expect(200);
    let page = desk.freja.get(&format!("{plan}/versions/new")).await.expect(200);
    assert_eq!((page.value("c20_name"), page.value("c20_s30_from")), ("Part 20".into(), "€30,000.00".into()));
    assert_eq!(page.text("main .grand span:last-child"), "€10,920.00", "21 times 1% of 52,000");
    // Only as large as it is it is not saved again, and nothing of it is lost.
    let refused = desk.freja.submit(&page, FORM, &[("from", "2026-12")]).await.expect(422);
    assert!(refused.text("#add-error").contains("21 components are too many: at most 20"), "{}", refused.words());
    assert!(refused.text("#c0_pays-error").contains("31 steps are too many: at most 30"), "{}", refused.words());
    assert_eq!(refused.value("c20_s30_from"), "€30,000.00");
    let mut page = press(&mut desk.freja, &refused, "remove-20", &[]).await.expect(200);
    for i in 0..20 {
        page = press(&mut desk.freja, &page, &format!("unstep-{i}-30"), &[]).await.expect(200);
    }
    desk.freja.submit(&page, FORM, &[]).await.expect(303);
    assert_eq!(desk.documents().await[1]["components"].as_array().unwrap().len(), 20);
}

#[tokio::test]
async fn what_is_made_up_to_a_quarter_has_one_name_in_it() {
    let mut desk = Desk::new().await;
    let plan = desk.saved_steps().await;
    let renamed = ("c0_name", "Net");
    // Made up to the quarter from November on, it would pay October again.
    let refused = version(&mut desk, &plan, &[("from", "2026-11"), ("c0_true_up", "quarter")]).await.expect(422);
    let words = refused.text("#from-error");
    assert!(words.contains("is made up to Q4 2026 as a whole, and nothing of that name is so in version 1"), "{words}");
    assert!(words.contains("the first month of a quarter, 2026-10 or 2027-01."), "{words}");
    version(&mut desk, &plan, &[("from", "2026-10"), ("c0_true_up", "quarter")]).await.expect(303);
    let refused = version(&mut desk, &plan, &[("from", "2026-12"), renamed]).await.expect(422);
    assert!(refused.text("#from-error").contains("“Net” is made up to Q4 2026"), "{}", refused.words());
    version(&mut desk, &plan, &[("from", "2026-12"), ("c0_s1_pays", "7")]).await.expect(303);
    // Nor does an earlier version leave it out while a later one makes up for it.
    let refused = version(&mut desk, &plan, &[("from", "2026-11"), ("c0_true_up", "")]).await.expect(422);
    let words = refused.text("#from-error");
    assert!(words.contains("Version 3 holds from 1 Dec 2026 and makes “Sales” up to Q4 2026"), "{words}");
    version(&mut desk, &plan, &[("from", "2027-01"), renamed]).await.expect(303);
}
