//! The plan editor where it says no, and where its words are the form's own: room, periods, people who left, cost.

use super::*;

#[tokio::test]
async fn the_largest_plan_is_saved_whole_and_a_larger_one_not_at_all() {
    let mut desk = Desk::new().await;
    let mut sent = vec![("name".to_owned(), "Large".to_owned())];
    let mut add = |name: String, value: &str| sent.push((name, value.to_owned()));
    add("from".to_owned(), "2026-11");
    add("period".to_owned(), "month");
    for i in 0..20 {
        let fields = [("measure", "net_sales"), ("pays", "tiers"), ("over", "amount"), ("mode", "marginal")];
        let fields = fields.into_iter().chain([("times", "lost_customers")]);
        for (field, value) in fields {
            add(format!("c{i}_{field}"), value);
        }
        add(format!("c{i}_name"), &format!("{i:ø<120}"));
        for k in 0..30 {
            add(format!("c{i}_s{k}_from"), &if k == 0 { "0".to_owned() } else { format!("€{k},000,000.00") });
            add(format!("c{i}_s{k}_pays"), "2.123456%");
            add(format!("c{i}_s{k}_bonus"), if k == 0 { "" } else { "€1,000,000.00" });
            add(format!("c{i}_p{k}_at"), "100%");
            add(format!("c{i}_p{k}_pays"), "100%");
            add(format!("c{i}_g{k}_of"), "%existing_customer_sales");
            add(format!("c{i}_g{k}_least"), "100.123456%");
            add(format!("c{i}_g{k}_most"), "200.123456%");
            add(format!("c{i}_g{k}_who"), "every_rep");
            add(format!("c{i}_m{k}_from"), &format!("{k}"));
            add(format!("c{i}_m{k}_times"), "1.123456");
            add(format!("c{i}_w{k}_metric"), "");
            add(format!("c{i}_w{k}_weight"), "");
        }
    }
    let sent: Vec<(&str, &str)> = sent.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    desk.freja.post("/plans", &sent).await.expect(303);
    let plan = &desk.documents().await[0];
    let components = plan["components"].as_array().unwrap();
    assert_eq!(components.len(), 20);
    for component in components {
        let rows = [&component["pays"]["tiers"]["steps"], &component["gate"], &component["modifier"]["steps"]];
        assert_eq!(rows.map(|rows| rows.as_array().unwrap().len()), [30, 30, 30]);
    }
    for beyond in ["c20_name", "c100_rate", "c0_s30_from", "c2_g30_least"] {
        let mut sent = EVERYTHING.to_vec();
        sent.push((beyond, "1"));
        let refused = desk.freja.post("/plans", &sent).await.expect(422);
        assert!(refused.text("#add-error").contains("at most 20 components"), "{beyond}: {}", refused.words());
        sent.push(("act", "up-1"));
        let pressed = desk.freja.post("/plans", &sent).await.expect(422);
        assert_eq!(pressed.value("c0_name"), "New customers", "the press itself counts");
        assert!(pressed.text("#add-error").contains("What was sent beyond is not shown"), "{beyond}");
    }
    assert_eq!(desk.documents().await.len(), 1);
}

#[tokio::test]
async fn warnings_speak_of_the_fields() {
    let mut desk = Desk::new().await;
    for (steps, field, typed, told) in [
        (false, "c0_rate", "300", "this pays 300% of the sales. For 3%, write 3."),
        (true, "c0_mode", "whole", "steps that pay “Only for what lies in it” have none."),
        (false, "c0_pays", "bonus", "there is no condition, so the bonus is always paid."),
    ] {
        let page =
            if steps { desk.steps().await } else { desk.freja.get("/plans/new?template=starter").await.expect(200) };
        let typed = [("name", "Some"), ("c0_bonus", "100"), (field, typed)];
        let words = press(&mut desk.freja, &page, "show", &typed).await.expect(200).texts("main .warn").concat();
        assert!(words.contains(told), "{told}: {words}");
        for engine in ["\"0.03\"", "gate", "marginal"] {
            assert!(!words.contains(engine), "{engine}: {words}");
        }
    }
}

#[tokio::test]
async fn a_period_that_leaves_somebody_without_a_statement_is_refused() {
    let mut desk = Desk::new().await;
    let plan = desk.saved("starter").await;
    let page = desk.freja.get(&plan).await.expect(200);
    let rep = desk.ingrid.id.to_string();
    desk.freja.submit(&page, "main form", &[("rep", &*rep), ("from", "2026-11"), ("act", "on")]).await.expect(303);
    let page = desk.freja.get(&format!("{plan}/versions/new")).await.expect(200);
    for (period, within) in [("quarter", "inside Q4 2026"), ("year", "")] {
        let from = if period == "quarter" { "2026-10" } else { "2026-01" };
        let refused = desk.freja.submit(&page, FORM, &[("period", period), ("from", from)]).await.expect(422);
        let words = refused.text("#period-error");
        assert!(words.contains("Ingrid is put on this plan in November 2026") && words.contains(within), "{words}");
    }
    assert_eq!(desk.documents().await.len(), 1);
    // The same length, and a longer one after she began, cut nothing off.
    desk.freja.submit(&page, FORM, &[("from", "2026-10")]).await.expect(303);
    let page = desk.freja.get(&format!("{plan}/versions/new")).await.expect(200);
    desk.freja.submit(&page, FORM, &[("period", "quarter"), ("from", "2027-01")]).await.expect(303);
    assert_eq!(desk.documents().await.len(), 3);
}

#[tokio::test]
async fn who_is_put_on_a_plan_twice_is_on_it_since_the_first_time() {
    let mut desk = Desk::new().await;
    let plan = desk.saved("starter").await;
    for from in ["2026-10", "2026-11"] {
        let page = desk.freja.get(&plan).await.expect(200);
        let fields = [("rep", &*desk.ingrid.id.to_string()), ("from", from), ("act", "on")];
        desk.freja.submit(&page, "main form", &fields).await.expect(303);
    }
    let page = desk.freja.get(&format!("{plan}/versions/new")).await.expect(200);
    desk.freja.submit(&page, FORM, &[("period", "quarter"), ("from", "2026-10")]).await.expect(303);
}

#[tokio::test]
async fn who_has_left_needs_no_target() {
    let mut desk = Desk::new().await;
    let olav = desk.app.user(desk.org, "Olav", &[Role::Rep]).await;
    let plan = desk.saved_steps().await;
    for rep in [desk.ingrid, olav] {
        let page = desk.freja.get(&plan).await.expect(200);
        let fields = [("rep", &*rep.id.to_string()), ("from", "2026-10"), ("act", "on")];
        desk.freja.submit(&page, "main form", &fields).await.expect(303);
    }
    let november = Period::containing(PeriodKind::Month, date!(2026 - 11 - 01), Month::January);
    let whose = Subject::Rep(desk.ingrid.id);
    let mut tx = desk.app.write(desk.org).await;
    let target =
        attain::targets::db::NewTarget { whose, metric: Metric::NetSales, value: Some(Decimal::from(5_000_000)) };
    attain::targets::db::insert(&mut tx, november, &[target], None).await.unwrap();
    tx.commit().await.unwrap();
    let lacking = "Olav does not have a target for net sales";
    assert!(desk.freja.get(&plan).await.expect(200).words().contains(lacking));
    let left_on = time::macros::date!(2026 - 10 - 31);
    sqlx::query!("update users set left_on = $2 where id = $1", olav.id.0, left_on)
        .execute(&desk.app.db)
        .await
        .unwrap();
    let words = desk.freja.get(&plan).await.expect(200).words();
    assert!(!words.contains(lacking) && !words.contains("target for net sales in"), "{words}");
}

#[tokio::test]
async fn the_chart_is_drawn_when_it_is_asked_for() {
    let mut desk = Desk::new().await;
    let page = desk.freja.get("/plans/new?template=starter").await.expect(200);
    assert!(page.has("figure"));
    let added = press(&mut desk.freja, &page, "gate-0", &[]).await.expect(200);
    assert!(!added.has("figure") && added.words().contains("press the button to see what it would pay"));
    let shown = press(&mut desk.freja, &added, "show", &[("name", "Some")]).await.expect(200);
    assert!(shown.has("figure"));
    let mut sent = EVERYTHING.to_vec();
    sent.extend([("act", "show"), ("x_deals", "51")]);
    let refused = desk.freja.post("/plans", &sent).await.expect(422);
    assert_eq!(refused.text("#x_deals-error"), "In how many deals? Use 1 to 50.");
    sent.retain(|(name, _)| *name != "x_deals");
    sent.push(("x_deals", "50"));
    assert!(desk.freja.post("/plans", &sent).await.expect(200).has("figure"));
}

#[tokio::test]
async fn both_sides_are_labelled_with_the_share_that_they_pay_for() {
    let mut desk = Desk::new().await;
    let fields = [
        ("name", "Hunting"),
        ("from", "2026-10"),
        ("period", "month"),
        ("c0_name", "New customers"),
        ("c0_measure", "new_customers"),
        ("c0_pays", "unit"),
        ("c0_each", "10"),
    ];
    let plan = desk.freja.post("/plans", &fields).await.expect(303).location().to_owned();
    let rows = desk.freja.get(&format!("{plan}/compare")).await.expect(200).texts("tbody tr");
    let labels: Vec<&str> = rows.iter().filter_map(|row| row.split(' ').next()).collect();
    assert_eq!(labels, ["0%", "50%", "83%", "100%", "116%", "150%", "200%"], "of 6: {rows:?}");
    assert!(rows[2].starts_with("83% €50.00 €50.00"), "{rows:?}");
}
