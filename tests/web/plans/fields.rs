//! The plan editor's further fields: team, campaign, some of the deals, multiplier, scorecard, taking back, draws.

use super::*;

/// A plan with every further part of the engine, as a browser sends it.
const FURTHER: [(&str, &str); 56] = [
    ("name", "Further"),
    ("from", "2026-11"),
    ("period", "month"),
    ("c0_name", "Override"),
    ("c0_measure", "net_sales"),
    ("c0_pays", "rate"),
    ("c0_rate", "0.5"),
    ("c0_scope", "team"),
    ("c0_credit", "overlay"),
    ("c0_g0_of", "%net_sales"),
    ("c0_g0_who", "every_rep"),
    ("c0_g0_least", "70"),
    ("c1_name", "Young customers"),
    ("c1_measure", "deals"),
    ("c1_pays", "unit"),
    ("c1_each", "50"),
    ("c1_months_below", "12"),
    ("c1_booked_from", "2026-11-01"),
    ("c1_booked_through", "2026-12-31"),
    ("c1_first", "yes"),
    ("c1_cross", "no"),
    ("c1_clawback", "365"),
    ("c2_name", "Farming"),
    ("c2_measure", "scorecard"),
    ("c2_pays", "curve"),
    ("c2_target", "500"),
    ("c2_p0_at", "100"),
    ("c2_p0_pays", "100"),
    ("c2_p1_at", "120"),
    ("c2_p1_pays", "150"),
    ("c2_w0_metric", "net_sales"),
    ("c2_w0_weight", "60"),
    ("c2_w1_metric", "new_customers"),
    ("c2_w1_weight", "40 %"),
    ("c2_times", "lost_customers"),
    ("c2_m0_from", "0"),
    ("c2_m0_times", "1,2"),
    ("c2_m1_from", "2"),
    ("c2_m1_times", "0.5"),
    ("c2_true_up", "quarter"),
    ("c3_name", "Year"),
    ("c3_measure", "net_sales"),
    ("c3_pays", "tiers"),
    ("c3_over", "year_amount"),
    ("c3_mode", "marginal"),
    ("c3_s0_from", "0"),
    ("c3_s0_pays", "1"),
    ("c3_s1_from", "€10,000"),
    ("c3_s1_pays", "2"),
    ("c3_s1_bonus", "100"),
    ("d0_amount", "2,000"),
    ("d0_back", "no"),
    ("d0_through", "3"),
    ("d1_amount", "1,500"),
    ("d1_back", "yes"),
    ("recovery", "50"),
];

#[tokio::test]
async fn every_further_part_of_the_engine_is_made_with_fields() {
    let mut desk = Desk::new().await;
    let saved = desk.freja.post("/plans", &FURTHER).await.expect(303);
    let wanted = serde_json::json!({
        "name": "Further", "currency": "EUR", "period": "month",
        "components": [
            { "name": "Override", "scope": "team", "credit": "overlay", "measure": "net_sales", "pays": { "rate": "0.005" },
              "gate": [{ "attainment": "net_sales", "who": "every_rep", "at_least": "0.7" }] },
            { "name": "Young customers", "measure": "deals", "pays": { "per_unit": "50.00" }, "clawback_days": "365",
              "only": { "customer_months": { "below": "12" }, "booked": { "from": "2026-11-01", "through": "2026-12-31" },
                        "new_customer": true, "cross_sell": false } },
            { "name": "Farming", "true_up": "quarter",
              "measure": { "scorecard": [{ "metric": "net_sales", "weight": "60" }, { "metric": "new_customers", "weight": "40" }] },
              "pays": { "curve": { "on_target": "500.00", "points": [{ "at": "1", "pays": "1" }, { "at": "1.2", "pays": "1.5" }] } },
              "modifier": { "metric": "lost_customers", "steps": [{ "from": "0", "times": "1.2" }, { "from": "2", "times": "0.5" }] } },
            { "name": "Year", "measure": "net_sales", "pays": { "tiers": { "mode": "marginal", "axis": "amount", "per": "year_to_date",
              "steps": [{ "from": "0", "rate": "0.01" }, { "from": "10000", "rate": "0.02", "bonus": "100.00" }] } } },
        ],
        "draw": [{ "amount": "2000.00", "recoverable": false, "through": "3" }, { "amount": "1500.00", "recoverable": true }],
        "recovery_cap": "0.5",
    });
    assert_eq!(desk.documents().await, std::slice::from_ref(&wanted));
    let address = format!("{}/versions/new", saved.location());
    let page = desk.freja.get(&address).await.expect(200);
    for (field, value) in [
        ("c0_g0_who", "every_rep"),
        ("c1_booked_from", "2026-11-01"),
        ("c2_w1_weight", "40"),
        ("c2_m0_times", "1.2"),
        ("c3_s1_bonus", "€100.00"),
        ("d0_through", "3"),
        ("recovery", "50"),
    ] {
        assert_eq!(page.value(field), value, "{field}");
    }
    assert!(page.has("#c0 details[open]") && page.has("#advance[open]"));
    assert!(!page.has("input[name$=kept]"), "nothing is hidden in the form");
    let words = page.words();
    for told in [
        "It counts the work of the reps of the team, without the rep's own.",
        "booked from 2026-11-01 to 2026-12-31",
        "The amount is multiplied by lost customers: × 1.2 from 0 and × 0.5 from 2 on.",
        "At least €2,000.00 is paid in a rep's first 3 periods on the plan: a draw.",
        "About this example: It is the first period of the year",
        "All its deals are booked on 1 Nov 2026.",
    ] {
        assert!(words.contains(told), "{told}: {words}");
    }
    // A warning stands at the part that it is about, and the example's statement is there.
    assert!(page.text("#advance .warn").contains("the draw has no end"), "{}", page.text("#advance"));
    assert!(page.texts("#c2 .warn").concat().contains("target for"), "{}", page.texts("main .warn").concat());
    assert!(page.has("figure"), "{}", page.texts("[role=alert]").concat());
    // Saved unchanged it is the same plan.
    desk.freja.submit(&page, FORM, &[("from", "2026-12")]).await.expect(303);
    assert_eq!(desk.documents().await, [wanted.clone(), wanted]);
}

#[tokio::test]
async fn a_simple_plan_shows_no_further_field_and_each_mistake_opens_its_own() {
    let mut desk = Desk::new().await;
    let page = desk.freja.get("/plans/new?template=starter").await.expect(200);
    assert!(page.has("#c0 > details") && !page.has("#c0 > details[open]") && !page.has("#advance[open]"));
    let page = press(&mut desk.freja, &page, "show", &[("name", "Some")]).await.expect(200);
    assert!(!page.has("#c0 > details[open]") && !page.has("#advance[open]"), "sent back untouched it stays closed");
    for (field, typed, words) in [
        ("c0_months_below", "soon", "“soon” is not a number"),
        ("c0_booked_from", "2026-13-01", "not a date"),
        ("c0_m0_times", "2", ""),
        ("c0_clawback", "30", "measure new customers"),
    ] {
        let refused = desk.freja.submit(&page, FORM, &[("name", "Some"), (field, typed)]).await.expect(422);
        assert!(refused.has("#c0 > details[open]"), "{field}");
        let at = if words.is_empty() { "c0_times" } else { field };
        assert!(refused.text(&format!("#{at}-error")).contains(words), "{field}: {}", refused.words());
        assert_eq!(refused.value(field), typed);
    }
    assert_eq!(desk.documents().await.len(), 0);
}

#[tokio::test]
async fn buttons_add_and_remove_further_rows() {
    let mut desk = Desk::new().await;
    let page = desk.freja.get("/plans/new?template=starter").await.expect(200);
    let typed = [("c0_times", "lost_customers"), ("c0_m0_times", "1")];
    let page = press(&mut desk.freja, &page, "factor-0", &typed).await.expect(200);
    assert!(page.has("#c0_m2_from") && page.has("#c0 > details[open]"));
    let page = press(&mut desk.freja, &page, "unfactor-0-1", &[("c0_m2_from", "3")]).await.expect(200);
    assert_eq!((page.value("c0_m1_from"), page.has("#c0_m2_from")), ("3".to_owned(), false));
    let page = press(&mut desk.freja, &page, "weight-0", &[]).await.expect(200);
    assert!(page.has("#c0_w2_metric"));
    let page = press(&mut desk.freja, &page, "draw", &[]).await.expect(200);
    assert!(page.has("#advance[open] #d0_amount"));
    let page = press(&mut desk.freja, &page, "draw", &[("d0_amount", "5")]).await.expect(200);
    let page = press(&mut desk.freja, &page, "undraw-0", &[("d1_amount", "6")]).await.expect(200);
    assert_eq!((page.value("d0_amount"), page.has("#d1_amount")), ("6".to_owned(), false));
}
