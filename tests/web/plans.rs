//! The plan editor: every button of the form, mistakes in their places, versions that never change, side by side.

use attain::domain::{
    access::Role,
    id::OrgId,
    metric::Metric,
    period::{Period, PeriodKind},
    subject::Subject,
};
use rust_decimal::Decimal;
use time::{Month, macros::date};

use crate::support::{Answer, Client, TestApp, User};

mod fields;
mod holds;
mod limits;

/// A company with a rep and two finance people.
struct Desk {
    app: TestApp,
    org: OrgId,
    ingrid: User,
    freja: Client,
    farid: Client,
}

impl Desk {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let org = app.company("Nordlys").await;
        let ingrid = app.user(org, "Ingrid", &[Role::Rep]).await;
        let freja = app.user(org, "Freja", &[Role::Finance]).await;
        let farid = app.user(org, "Farid", &[Role::Finance]).await;
        let (freja, farid) = (app.client(freja).await, app.client(farid).await);
        Self { app, org, ingrid, freja, farid }
    }

    /// A saved plan made from a template; its address.
    async fn saved(&mut self, template: &str) -> String {
        let page = self.freja.get(&format!("/plans/new?template={template}")).await.expect(200);
        let fields = [("name", "Field"), ("from", "2026-10")];
        self.freja.submit(&page, FORM, &fields).await.expect(303).location().to_owned()
    }

    /// The editor with three steps over the attainment of net sales: 4 %, 6 % from the target, 8 % from 120 % of it.
    async fn steps(&mut self) -> Answer {
        let page = self.freja.get("/plans/new?template=starter").await.expect(200);
        let page = press(&mut self.freja, &page, "step-0", &[]).await.expect(200);
        press(&mut self.freja, &page, "show", &STEPS).await.expect(200)
    }

    /// The same, saved.
    async fn saved_steps(&mut self) -> String {
        let page = self.steps().await;
        self.freja
            .submit(&page, FORM, &[("name", "Field"), ("from", "2026-10")])
            .await
            .expect(303)
            .location()
            .to_owned()
    }

    async fn documents(&self) -> Vec<serde_json::Value> {
        sqlx::query_scalar!("select document from plan_versions order by number").fetch_all(&self.app.db).await.unwrap()
    }
}

const FORM: &str = "main form[method=post]";

const STEPS: [(&str, &str); 9] = [
    ("c0_pays", "tiers"),
    ("c0_mode", "marginal"),
    ("c0_over", "attainment"),
    ("c0_s0_from", "0%"),
    ("c0_s0_pays", "4%"),
    ("c0_s1_from", "100%"),
    ("c0_s1_pays", "6%"),
    ("c0_s2_from", "120%"),
    ("c0_s2_pays", "8%"),
];

/// Presses a button of the editor with more typed.
async fn press(client: &mut Client, page: &Answer, act: &str, typed: &[(&str, &str)]) -> Answer {
    assert!(page.has(&format!("{FORM} button[name=act][value={act}]")), "no button {act}");
    let mut typed = typed.to_vec();
    typed.push(("act", act));
    client.submit(page, FORM, &typed).await
}

#[tokio::test]
async fn a_plan_begins_with_a_template_a_copy_or_nothing() {
    let mut desk = Desk::new().await;
    let offers = desk.freja.get("/plans/new").await.expect(200);
    assert_eq!(offers.attributes("main a[href^='/plans/new?template=']", "href").len(), 7, "six and an empty one");
    assert!(offers.words().contains("From 100% to 120% of target every further euro pays 6%."), "{}", offers.words());
    let page = desk.freja.get("/plans/new?template=empty").await.expect(200);
    assert_eq!((page.value("name"), page.value("c0_name")), (String::new(), String::new()));
    let plan = desk.saved_steps().await;
    let id = plan.strip_prefix("/plans/").unwrap();
    assert!(desk.freja.get("/plans/new").await.has(&format!("a[href='/plans/new?plan={id}']")));
    let copy = desk.freja.get(&format!("/plans/new?plan={id}")).await.expect(200);
    assert_eq!(
        (copy.value("name"), copy.value("c0_s2_pays"), copy.value("c0_s2_from")),
        (String::new(), "8%".to_owned(), "120%".to_owned())
    );
    for unknown in ["999999", "x", "-1"] {
        desk.freja.get(&format!("/plans/new?plan={unknown}")).await.expect(404);
    }
}

#[tokio::test]
async fn what_it_pays_is_shown_and_nothing_is_saved() {
    let mut desk = Desk::new().await;
    let page = desk.steps().await;
    // The example: 50,000 × 4 % + 2,000 × 6 %.
    assert_eq!(page.text("main .grand span:last-child"), "€2,120.00");
    let words = page.words();
    for told in [
        "From 100% to 120% of target every further euro pays 6%.",
        "The next €100.00 of net sales is worth €6.00.",
        "Another €8,000.00 reach the 8% tier of Sales: €2,600.00 in all.",
        "Nobody has a target for net sales in October 2026",
    ] {
        assert!(words.contains(told), "{told}: {words}");
    }
    let label = page.attribute("svg.chart.wide", "aria-label");
    assert_eq!(
        label,
        "Pay against the attainment of net sales: €1,000.00 at 50%, €2,000.00 at 100% and €3,800.00 at 150%; the example stands at 104% and pays €2,120.00."
    );
    assert!(
        page.texts("figure tbody tr").contains(&"120% €60,000.00 €2,600.00".to_owned()),
        "{:?}",
        page.texts("figure tbody tr")
    );
    let shown =
        press(&mut desk.freja, &page, "show", &[("x_net_sales_reached", "65,000"), ("c0_s1_pays", "10 %")]).await;
    let shown = shown.expect(200);
    assert_eq!(shown.text("main .grand span:last-child"), "€3,400.00", "2,000 + 10,000 × 10 % + 5,000 × 8 %");
    assert_eq!(shown.value("x_net_sales_reached"), "65,000");
    assert!(shown.words().contains("pays less than before"), "a falling step is warned of: {}", shown.words());
    assert!(desk.freja.get("/plans").await.words().contains("No plans yet"));
}

#[tokio::test]
async fn buttons_add_remove_and_move_and_keep_what_was_typed() {
    let mut desk = Desk::new().await;
    let page = desk.freja.get("/plans/new?template=starter").await.expect(200);
    let typed = [("name", "Mine"), ("c0_name", "First"), ("c0_rate", "not a number")];
    let page = press(&mut desk.freja, &page, "add", &typed).await.expect(200);
    assert_eq!(
        (page.value("name"), page.value("c0_rate"), page.value("c1_name")),
        ("Mine".into(), "not a number".into(), String::new())
    );
    assert!(!page.has("[role=alert]"), "nothing is judged before it is shown or saved");
    let page = press(&mut desk.freja, &page, "up-1", &[("c1_name", "Second")]).await.expect(200);
    assert_eq!((page.value("c0_name"), page.value("c1_name")), ("Second".to_owned(), "First".to_owned()));
    let page = press(&mut desk.freja, &page, "down-0", &[]).await.expect(200);
    assert_eq!(page.value("c0_name"), "First");
    let page = press(&mut desk.freja, &page, "gate-1", &[]).await.expect(200);
    let page =
        press(&mut desk.freja, &page, "step-1", &[("c1_g0_of", "%visits"), ("c1_g0_least", "100%")]).await.expect(200);
    assert_eq!((page.value("c1_g0_of"), page.value("c1_s2_from")), ("%visits".to_owned(), String::new()));
    assert_eq!(page.value("x_visits_target"), "20", "the example asks for the new metric");
    let page =
        press(&mut desk.freja, &page, "unstep-1-0", &[("c1_s1_from", "5"), ("c1_s2_from", "9")]).await.expect(200);
    assert_eq!((page.value("c1_s0_from"), page.value("c1_s1_from")), ("5".to_owned(), "9".to_owned()));
    let page = press(&mut desk.freja, &page, "point-1", &[]).await.expect(200);
    let page = press(&mut desk.freja, &page, "unpoint-1-2", &[]).await.expect(200);
    let page = press(&mut desk.freja, &page, "ungate-1-0", &[]).await.expect(200);
    assert!(!page.has("[name^=c1_g]") && page.has("#c1_p1_at") && !page.has("#c1_p2_at"));
    let page = press(&mut desk.freja, &page, "remove-0", &[]).await.expect(200);
    assert_eq!(page.value("c0_name"), "Second");
    assert!(!page.has("#c1_name"));
    // After a button the page stands where it was pressed.
    assert_eq!(page.attribute("button[value=gate-0]", "formaction"), "/plans#c0");
    assert!(desk.documents().await.is_empty());
}

/// Everything that the engine has, typed into an empty plan.
const EVERYTHING: [(&str, &str); 38] = [
    ("name", "Everything"),
    ("from", "2027-01"),
    ("period", "quarter"),
    ("cap", "9,000"),
    ("floor", "100"),
    ("c0_name", "Sales"),
    ("c0_measure", "net_sales"),
    ("c0_pays", "tiers"),
    ("c0_over", "deal"),
    ("c0_mode", "whole"),
    ("c0_s0_from", "0"),
    ("c0_s0_pays", "1"),
    ("c0_s1_from", "€10,000"),
    ("c0_s1_pays", "2,5 %"),
    // Asked for by another way to pay: kept, and not read.
    ("c0_each", "5"),
    ("c1_name", "New customers"),
    ("c1_measure", "new_customers"),
    ("c1_pays", "tiers"),
    ("c1_over", "count"),
    ("c1_mode", "marginal"),
    ("c1_s0_from", "0"),
    ("c1_s0_pays", "50"),
    ("c1_s1_from", "5"),
    ("c1_s1_pays", "€80"),
    ("c1_cap", "400"),
    ("c2_name", "Visits"),
    ("c2_measure", "%visits"),
    ("c2_pays", "curve"),
    ("c2_target", "500"),
    ("c2_p0_at", "80"),
    ("c2_p0_pays", "50"),
    ("c2_p1_at", "100"),
    ("c2_p1_pays", "100"),
    ("c2_g0_of", "net_sales"),
    ("c2_g0_least", "1000"),
    ("c2_g1_of", "%lost_customers"),
    ("c2_g1_least", "100"),
    ("c2_g1_most", "150"),
];

#[tokio::test]
async fn any_plan_of_the_engine_is_made_with_fields() {
    let mut desk = Desk::new().await;
    let saved = desk.freja.post("/plans", &EVERYTHING).await.expect(303);
    let wanted = serde_json::json!({
        "name": "Everything", "currency": "EUR", "period": "quarter",
        "components": [
            { "name": "Sales", "measure": "net_sales", "pays": { "tiers": { "mode": "whole", "axis": "amount", "per": "deal",
              "steps": [{ "from": "0", "rate": "0.01" }, { "from": "10000", "rate": "0.025" }] } } },
            { "name": "New customers", "measure": "new_customers", "pays": { "tiers": { "mode": "marginal", "axis": "count",
              "per": "period", "steps": [{ "from": "0", "per_unit": "50.00" }, { "from": "5", "per_unit": "80.00" }] } }, "cap": "400.00" },
            { "name": "Visits", "measure": { "attainment": "visits" }, "pays": { "curve": { "on_target": "500.00",
              "points": [{ "at": "0.8", "pays": "0.5" }, { "at": "1", "pays": "1" }] } },
              "gate": [{ "metric": "net_sales", "at_least": "1000" },
                       { "attainment": "lost_customers", "at_least": "1", "at_most": "1.5" }] },
        ],
        "cap": "9000.00", "floor": "100.00",
    });
    assert_eq!(desk.documents().await, std::slice::from_ref(&wanted));
    let plan = desk.freja.follow(&saved).await.expect(200);
    for told in [
        "A deal of €10,000.00 or more pays 2.5%, all of it.",
        "From number 5 on each further new customer pays €80.00.",
        "It is measured and paid by the quarter.",
        "All components together pay €9,000.00 at most.",
        "Nobody has a target for visits in ",
        "Nobody has a limit for lost customers in ",
    ] {
        assert!(plan.words().contains(told), "{told}: {}", plan.words());
    }
    // And its next version begins with all of it.
    let page = desk.freja.get(&format!("{}/versions/new", saved.location())).await.expect(200);
    desk.freja.submit(&page, FORM, &[("from", "2027-04")]).await.expect(303);
    assert_eq!(desk.documents().await, [wanted.clone(), wanted]);
}

#[tokio::test]
async fn mistakes_stand_where_they_were_made() {
    let mut desk = Desk::new().await;
    desk.saved("starter").await;
    let long = "x".repeat(121);
    for (field, typed, told) in [
        ("name", "", "The name is missing."),
        ("name", "Field", "There is a plan called “Field” already."),
        ("name", long.as_str(), "121 characters"),
        ("from", "soon", "like 2026-11"),
        ("from", "2026-W10", "like 2026-11"),
        ("from", "2027-02", "choose the first month of one, like 2027-01"),
        ("period", "week", "Choose how long"),
        ("cap", "50", "raise the cap"),
        ("floor", "much", "is not a number"),
        ("c0_name", " ", "The name of component 1 is missing."),
        ("c0_measure", "turnover", "choose what is measured"),
        ("c0_measure", "visits", "only net sales are known deal by deal"),
        ("c0_pays", "luck", "choose how it pays"),
        ("c0_pays", "unit", "is paid for what is counted"),
        ("c0_over", "count", "steps over a count need something counted"),
        ("c0_over", "moon", "choose what the steps are climbed by"),
        ("c0_mode", "half", "choose what a step pays for"),
        ("c0_s0_from", "5", "Sales: the first step begins at 0"),
        ("c0_s1_from", "0", "Sales: it does not begin above the row before"),
        ("c0_s1_from", "120%", "Sales, step 2: “120%” is not a number"),
        ("c0_s1_pays", "-3", "Sales, step 2: -3 is below zero"),
        ("c0_s1_pays", "", "Sales, step 2: Nothing was entered"),
        ("c1_name", "Sales", "is the name of an earlier component"),
        ("c1_measure", "net_sales", "steps over a count"),
        ("c1_s1_from", "4.5", "is not whole"),
        ("c1_s1_pays", "80%", "is not a number"),
        ("c1_cap", "-1", "a cap is zero or more"),
        ("c2_target", "", "Visits: Nothing was entered"),
        ("c2_p1_at", "70", "Visits: it does not begin above the row before"),
        ("c2_p1_pays", "0.12345678", "too many decimals"),
        ("c2_g0_of", "", "Visits, condition 1: choose what is compared"),
        ("c2_g0_least", "", "Visits: say at least or at most how much"),
        ("c2_g1_most", "90", "never hold"),
        ("c2_floor", "x", "Visits, floor: “x” is not a number"),
    ] {
        let mut sent: Vec<(&str, &str)> = EVERYTHING.to_vec();
        sent.retain(|(name, _)| *name != field);
        sent.push((field, typed));
        let answer = desk.freja.post("/plans", &sent).await.expect(422);
        assert!(answer.text("title").starts_with("Error: "), "{field}={typed}");
        let at = match (field, typed) {
            // What does not fit is told beside the choice that does not fit; what contradicts, at the condition.
            ("cap", "50") => "floor",
            ("c0_measure", "visits") => "c0_over",
            ("c1_measure", "net_sales") => "c1_over",
            ("c2_g0_least", "") => "c2_g0_of",
            ("c2_g1_most", "90") => "c2_g1_of",
            _ => field,
        };
        assert!(
            answer.has(&format!("#{at}[aria-invalid]")),
            "{field}={typed}: {}",
            answer.texts("[role=alert]").concat()
        );
        assert!(
            answer.text(&format!("#{at}-error")).contains(told),
            "{field}={typed}: {}",
            answer.text(&format!("#{at}-error"))
        );
        if !matches!(field, "period" | "c0_measure" | "c0_pays" | "c0_over" | "c0_mode" | "c1_measure") {
            assert_eq!(answer.value(field), typed, "{field}");
        }
        let others = EVERYTHING.iter().filter(|(name, _)| *name != field);
        for (name, value) in others.filter(|(name, _)| !name.ends_with("measure")) {
            assert_eq!(answer.value(name), *value, "{field}={typed} keeps {name}");
        }
    }
    let empty =
        desk.freja.post("/plans", &[("name", "None"), ("from", "2026-11"), ("period", "month")]).await.expect(422);
    assert!(empty.words().contains("The plan pays nothing: add a component."), "{}", empty.words());
    assert_eq!(desk.documents().await.len(), 1, "nothing of it was saved");
}

#[tokio::test]
async fn an_example_that_makes_no_sense_is_told_and_stops_no_plan() {
    let mut desk = Desk::new().await;
    let page = desk.freja.get("/plans/new?template=starter").await.expect(200);
    let wrong = press(&mut desk.freja, &page, "show", &[("x_net_sales_reached", "lots")]).await.expect(422);
    assert!(wrong.has("#x_net_sales_reached[aria-invalid]") && !wrong.has("figure"));
    desk.freja.submit(&wrong, FORM, &[("name", "Saved")]).await.expect(303);
    let page = desk.freja.get("/plans/new?template=starter").await.expect(200);
    for (target, words) in [("0", "with a target above zero"), ("", "with a target above zero")] {
        let shown = press(&mut desk.freja, &page, "show", &[("x_net_sales_target", target)]).await.expect(200);
        assert!(shown.words().contains(words), "{}", shown.words());
    }
    let huge =
        [("x_net_sales_reached", "1000000000000"), ("x_net_sales_target", "1000000000000"), ("c0_rate", "99999")];
    let huge = press(&mut desk.freja, &page, "show", &huge).await;
    assert!(matches!(huge.status.as_u16(), 200 | 422), "{}", huge.words());
}

#[tokio::test]
async fn a_version_is_saved_once_and_never_changes() {
    let mut desk = Desk::new().await;
    let plan = desk.saved("starter").await;
    let before = desk.documents().await;
    let page = desk.freja.get(&format!("{plan}/versions/new")).await.expect(200);
    let body = page.form_body(FORM, &[("c0_rate", "4"), ("from", "2026-12")]);
    let first = desk.freja.post_body(&format!("{plan}/versions"), body.clone()).await.expect(303);
    let again = desk.freja.post_body(&format!("{plan}/versions"), body).await.expect(303);
    assert_eq!(first.location(), again.location());
    let documents = desk.documents().await;
    assert_eq!(documents.len(), 2, "sent twice, saved once");
    assert_eq!(documents[0], before[0]);
    assert_eq!(documents[1]["components"][0]["pays"]["rate"], "0.04");
    let page = desk.freja.follow(&first).await.expect(200);
    let rows = page.texts("section[aria-labelledby=history] tbody tr");
    assert_eq!(rows.len(), 2);
    assert!(rows[0].contains("2 1 Dec 2026 Freja 19 Nov 2026"), "{rows:?}");
}

#[tokio::test]
async fn what_somebody_saved_meanwhile_is_shown_and_not_lost() {
    let mut desk = Desk::new().await;
    let plan = desk.saved("starter").await;
    let mine = desk.freja.get(&format!("{plan}/versions/new")).await.expect(200);
    let theirs = desk.farid.get(&format!("{plan}/versions/new")).await.expect(200);
    desk.farid.submit(&theirs, FORM, &[("c0_rate", "5")]).await.expect(303);
    let conflict = desk.freja.submit(&mine, FORM, &[("c0_rate", "4")]).await.expect(409);
    assert!(conflict.text("[role=alert] h2").contains("Farid saved version 2 meanwhile"));
    assert_eq!(conflict.texts("[role=alert] del"), ["Measured: Net sales. Every euro of net sales pays 5%."]);
    assert_eq!(conflict.texts("[role=alert] ins"), ["Measured: Net sales. Every euro of net sales pays 4%."]);
    assert_eq!((conflict.value("c0_rate"), conflict.value("version")), ("4".to_owned(), "2".to_owned()));
    assert_eq!(desk.documents().await.len(), 2);
    desk.freja.submit(&conflict, FORM, &[]).await.expect(303);
    let rates: Vec<serde_json::Value> =
        desk.documents().await.iter().map(|document| document["components"][0]["pays"]["rate"].clone()).collect();
    assert_eq!(rates, ["0.03", "0.05", "0.04"]);
}

#[tokio::test]
async fn two_who_save_at_once_do_not_both_follow_the_same_version() {
    let mut desk = Desk::new().await;
    let plan = desk.saved("starter").await;
    let mine = desk.freja.get(&format!("{plan}/versions/new")).await.expect(200);
    let theirs = desk.farid.get(&format!("{plan}/versions/new")).await.expect(200);
    let (mine, theirs) = tokio::join!(
        desk.freja.submit(&mine, FORM, &[("c0_rate", "4")]),
        desk.farid.submit(&theirs, FORM, &[("c0_rate", "5")])
    );
    let mut answers = [mine.status.as_u16(), theirs.status.as_u16()];
    answers.sort_unstable();
    assert_eq!(answers, [303, 409]);
    assert_eq!(desk.documents().await.len(), 2);
}

#[tokio::test]
async fn versions_stand_side_by_side() {
    let mut desk = Desk::new().await;
    let plan = desk.saved_steps().await;
    let alone = desk.freja.get(&format!("{plan}/compare")).await.expect(200);
    assert!(alone.words().contains("There is only one version yet.") && alone.words().contains("They are the same."));
    let page = desk.freja.get(&format!("{plan}/versions/new")).await.expect(200);
    let page = press(&mut desk.freja, &page, "add", &[("c0_s1_pays", "7%")]).await.expect(200);
    let fields =
        [("c1_name", "Visits"), ("c1_measure", "visits"), ("c1_pays", "unit"), ("c1_each", "10"), ("cap", "6000")];
    desk.freja.submit(&page, FORM, &fields).await.expect(303);
    let page = desk.freja.get(&format!("{plan}/compare?left=1&right=2")).await.expect(200);
    assert_eq!(
        page.texts("main section h2"),
        ["The whole plan changed", "Sales changed", "Visits added", "What both pay"]
    );
    assert_eq!(
        page.texts("main section:nth-of-type(2) del"),
        ["From 100% to 120% of target every further euro pays 6%."]
    );
    assert_eq!(
        page.texts("main section:nth-of-type(2) ins"),
        ["From 100% to 120% of target every further euro pays 7%."]
    );
    let rows = page.texts("tbody tr");
    // 20 visits pay 200 more, wherever sales stand.
    assert!(rows.contains(&"100% €2,000.00 €2,200.00 +€200.00".to_owned()), "{rows:?}");
    assert!(rows.contains(&"120% €2,600.00 €2,900.00 +€300.00".to_owned()), "{rows:?}");
    let back = desk.freja.get(&format!("{plan}/compare?left=2&right=1")).await.expect(200);
    assert!(back.texts("main section h2").contains(&"Visits removed".to_owned()));
    for query in ["left=0", "right=9", "left=x", "left=1&right=99999999999"] {
        desk.freja.get(&format!("{plan}/compare?{query}")).await.expect(404);
    }
}

#[tokio::test]
async fn reps_without_the_target_that_a_plan_needs_are_named() {
    let mut desk = Desk::new().await;
    let olav = desk.app.user(desk.org, "Olav", &[Role::Rep]).await;
    let plan = desk.saved_steps().await;
    let page = desk.freja.get(&plan).await.expect(200);
    assert!(page.words().contains("Nobody has a target for net sales in November 2026"), "{}", page.words());
    for rep in [desk.ingrid, olav] {
        let page = desk.freja.get(&plan).await.expect(200);
        let fields = [("rep", &*rep.id.to_string()), ("from", "2026-10"), ("act", "on")];
        desk.freja.submit(&page, "main form", &fields).await.expect(303);
    }
    let november = Period::containing(PeriodKind::Month, date!(2026 - 11 - 01), Month::January);
    for (rep, told) in [
        (None, "Nobody on this plan has a target for net sales in November 2026"),
        (Some(desk.ingrid), "Olav does not have a target for net sales in November 2026"),
        (Some(olav), ""),
    ] {
        if let Some(rep) = rep {
            let mut tx = desk.app.write(desk.org).await;
            let target = attain::targets::db::NewTarget {
                whose: Subject::Rep(rep.id),
                metric: Metric::NetSales,
                value: Some(Decimal::from(5_000_000)),
            };
            attain::targets::db::insert(&mut tx, november, &[target], None).await.unwrap();
            tx.commit().await.unwrap();
        }
        let words = desk.freja.get(&plan).await.expect(200).words();
        assert!(
            words.contains(told) && words.contains("target for net sales in") != told.is_empty(),
            "{told}: {words}"
        );
    }
}

#[tokio::test]
async fn only_who_prepares_commission_writes_plans() {
    let mut desk = Desk::new().await;
    let plan = desk.saved("starter").await;
    let mut rep = desk.app.client(desk.ingrid).await;
    for path in ["/plans/new?template=empty".to_owned(), format!("{plan}/compare"), format!("{plan}/versions/new")] {
        rep.get(&path).await.expect(403);
    }
    rep.post("/plans", &EVERYTHING).await.expect(403);
    // Another company's plan is not there.
    let other = desk.app.company("Sørlys").await;
    let banker = desk.app.user(other, "Banker", &[Role::Finance]).await;
    let mut banker = desk.app.client(banker).await;
    let id = plan.strip_prefix("/plans/").unwrap();
    for path in [format!("{plan}/compare"), format!("{plan}/versions/new"), format!("/plans/new?plan={id}")] {
        banker.get(&path).await.expect(404);
    }
    banker.post(&format!("{plan}/versions"), &EVERYTHING).await.expect(404);
    assert_eq!(desk.documents().await.len(), 1);
}
