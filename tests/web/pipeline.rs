//! The pipeline: open deals beside what was won and is to be won, never mixed into it.

use attain::{
    deals::{self, db::Line},
    domain::{
        deal::{Credit, Stage},
        id::DealId,
        metric::Metric,
        money::Money,
        period::Period,
        subject::Subject,
    },
    targets::{self, db::NewTarget},
};
use rust_decimal::Decimal;
use time::{Date, Month, macros::date};

use crate::{field::Field, support::User};

impl Field {
    async fn open(&self, name: &str, expected: Option<Date>, cents: i64, credits: &[(User, u32)]) -> DealId {
        let owner = credits[0].0;
        let customer = self.customer(name, owner).await;
        let mut tx = self.app.write(self.org).await;
        let new = deals::db::NewDeal {
            customer,
            owner: Some(owner.id),
            stage: Stage::Open,
            opened_on: Some(date!(2026 - 10 - 01)),
            booked_on: None,
            expected_on: expected,
            returns: None,
            currency: None,
            rate: None,
            notes: String::new(),
            confirmed: false,
            lines: vec![Line {
                position: 1,
                product: None,
                text: "Coffee".to_owned(),
                quantity: 1.into(),
                amount: Money(cents),
                original: None,
                cost: None,
            }],
            credits: credits.iter().map(|&(rep, parts)| Credit { rep: rep.id, parts, overlay: false }).collect(),
        };
        let id = deals::save::enter(&mut tx, &new).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    async fn sales_target(&self, rep: User, month: &str, cents: i64) {
        let mut tx = self.app.write(self.org).await;
        let month = Period::parse(month, Month::January).unwrap();
        let new =
            [NewTarget { whose: Subject::Rep(rep.id), metric: Metric::NetSales, value: Some(Decimal::from(cents)) }];
        targets::db::insert(&mut tx, month, &new, None).await.unwrap();
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn open_deals_stand_beside_the_target_and_in_no_number() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    field.deal(havn, date!(2026 - 11 - 10), 3_200_000, &[(field.ingrid, 1)]).await;
    field.sales_target(field.ingrid, "2026-11", 5_000_000).await;
    field.sales_target(field.ingrid, "2026-12", 4_000_000).await;
    field.open("Late", Some(date!(2026 - 11 - 18)), 700_000, &[(field.ingrid, 1)]).await;
    field.open("Today", Some(date!(2026 - 11 - 19)), 1_000_000, &[(field.ingrid, 1)]).await;
    field.open("Shared", Some(date!(2026 - 11 - 30)), 2_200_000, &[(field.ingrid, 1), (field.jonas, 1)]).await;
    field.open("Winter", Some(date!(2026 - 12 - 01)), 400_000, &[(field.ingrid, 1)]).await;
    field.open("Someday", None, 100_000, &[(field.ingrid, 1)]).await;
    field.open("Far", Some(date!(2026 - 11 - 20)), 900_000, &[(field.olav, 1)]).await;
    let mut ingrid = field.app.client(field.ingrid).await;
    let page = ingrid.get("/deals/pipeline").await.expect(200);
    assert_eq!(
        page.text(".lede"),
        "Won €32,000 of €50,000. Open and expected this month: €21,000 in 2 deals; with all of it 106%."
    );
    assert_eq!(page.texts("section h2"), ["Overdue", "November 2026", "December 2026", "Without a date"]);
    assert_eq!(page.texts("section li .title"), ["Late", "Today", "Shared", "Winter", "Someday"]);
    let told = page.words();
    assert!(told.contains("Target €40,000. Open and expected: €4,000 in 1 deal; with all of it 10%."), "{told}");
    assert!(told.contains("Open in all: €33,000 in 5 deals, €7,000 in 1 deal of it overdue."), "{told}");
    // The same numbers as everywhere, and what is open in none of them.
    assert_eq!(field.facts(Subject::Rep(field.ingrid.id), "2026-11").await.net_sales.0, 3_200_000);
    let month = ingrid.get("/my-month").await.expect(200);
    assert_eq!(month.attribute("[data-metric=net_sales]", "data-value"), "32000.00");
    assert_eq!(month.attribute("a[href^='/deals/pipeline']", "href"), "/deals/pipeline");
    // By quarter, the two months are one.
    let quarter = ingrid.get("/deals/pipeline?by=quarter").await.expect(200);
    assert_eq!(quarter.texts("section h2"), ["Overdue", "Q4 2026", "Without a date"]);
    assert!(
        quarter.text(".lede").starts_with("Won €32,000; no target is set. Open and expected this quarter: €25,000")
    );
    // As a file.
    let file = ingrid.get("/deals/pipeline.csv").await.expect(200).body();
    let lines: Vec<&str> = file.lines().collect();
    assert_eq!(lines.len(), 6);
    assert_eq!(lines[3], "November 2026,2026-11-30,4,Shared,\"Ingrid, Jonas\",22000.00,11000.00,EUR");
    // A manager has the team's sums by rep; finance has everybody's.
    let mut berit = field.app.client(field.berit).await;
    let page = berit.get("/deals/pipeline").await.expect(200);
    assert_eq!(page.text("h1"), "Pipeline of North");
    let lede = "Won €32,000; 1 of 2 reps have a target. Open and expected this month: €32,000 in 2 deals.";
    assert_eq!(page.text(".lede"), lede);
    assert_eq!(page.texts("section:has(#reps) tbody th"), ["Ingrid", "Jonas"]);
    assert_eq!(
        page.texts("section:has(#reps) tbody tr:first-child td"),
        ["€32,000", "€50,000", "€21,000 in 2 deals", "106%", "€7,000 in 1 deal", "€33,000 in 5 deals"]
    );
    let own = berit.get(&page.attribute("section:has(#reps) tbody a", "href")).await.expect(200);
    assert_eq!(own.text("h1"), "Pipeline of Ingrid");
    let all = field.app.client(field.finn).await.get("/deals/pipeline").await.expect(200);
    assert!(all.words().contains("Far") && all.words().contains("Open in all: €53,000 in 6 deals"), "{}", all.words());
    assert!(!all.has("form[action*='/win']"), "finance decides nothing");
    for path in ["/deals/pipeline?by=day", "/deals/pipeline?rep=x"] {
        ingrid.get(path).await.expect(400);
    }
    ingrid.get(&format!("/deals/pipeline?rep={}", field.olav.id)).await.expect(404);
    let empty = field.app.client(field.astrid).await.get("/deals/pipeline?by=year").await.expect(200);
    assert!(!empty.has(".empty"));
}

#[tokio::test]
async fn a_deal_is_won_or_moved_from_the_pipeline() {
    let field = Field::new().await;
    let mut ingrid = field.app.client(field.ingrid).await;
    let page = ingrid.get("/deals/pipeline").await.expect(200);
    assert!(page.words().contains("Nothing is open"));
    let deal = field.open("Havn", Some(date!(2026 - 11 - 02)), 10_000, &[(field.ingrid, 1)]).await;
    let page = ingrid.get("/deals/pipeline?by=week").await.expect(200);
    let moved = ingrid.submit(&page, "form[action*='/expected']", &[("expected_on", "2026-12-24")]).await.expect(303);
    assert_eq!(moved.location(), "/deals/pipeline?by=week");
    let after = ingrid.follow(&moved).await;
    assert!(after.texts("section h2").contains(&"Week 52, 2026".to_owned()), "{:?}", after.texts("section h2"));
    // A page that is behind changes nothing; a day that has passed is told on the deal's page.
    ingrid.submit(&page, "form[action*='/win']", &[]).await.expect(409);
    let stale = [("expected_on", "2026-12-25"), ("version", "1")];
    ingrid.post(&format!("/deals/{deal}/expected"), &stale).await.expect(409);
    let told = ingrid.submit(&after, "form[action*='/expected']", &[("expected_on", "2026-11-18")]).await.expect(422);
    assert_eq!(
        (told.attributes(".summary-error a", "href"), told.value("expected_on")),
        (vec!["#expected_on".to_owned()], "2026-11-18".to_owned())
    );
    // Somewhere else it does not lead.
    let page = ingrid.get("/deals/pipeline").await.expect(200);
    let action = page.attribute("form[action*='/win']", "action");
    let away = action.replace("back=%2Fdeals%2Fpipeline", "back=%2F%2Felsewhere.example%2Fdeals%2Fpipeline");
    let fields = [("booked_on", "2026-11-19"), ("version", "2")];
    let won = ingrid.post(&away, &fields).await.expect(303);
    assert_eq!(won.location(), format!("/deals/{deal}"));
    assert_eq!(field.facts(Subject::Rep(field.ingrid.id), "2026-11").await.net_sales.0, 10_000);
    // Undone, it is as it was, with the day on which it was expected.
    let page = ingrid.follow(&won).await.expect(200);
    ingrid.submit(&page, ".toast form", &[]).await.expect(303);
    let page = ingrid.get("/deals/pipeline").await.expect(200);
    assert_eq!(page.value("expected_on"), "2026-12-24");
    assert_eq!(field.facts(Subject::Rep(field.ingrid.id), "2026-11").await.new_customers, 0);
    field.verify().await;
    // Once something has happened to it, the undo of before says so.
    let won = ingrid.submit(&page, "form[action*='/win']", &[]).await.expect(303);
    assert_eq!(won.location(), "/deals/pipeline");
    let page = ingrid.follow(&won).await;
    let undo = page.attribute(".toast form", "action");
    ingrid.post(&format!("/deals/{deal}/return"), &[("booked_on", "2026-11-19"), ("whole", "all")]).await.expect(303);
    ingrid.post(&undo, &[]).await.expect(409);
    let history = ingrid.get(&format!("/deals/{deal}")).await.text("section:has(#history)");
    assert!(history.contains("Win undone") && history.contains("Expected on: 2 Nov 2026 → 24 Dec 2026"), "{history}");
}

const GIVE: &str = "form[action$='/give']";

#[tokio::test]
async fn an_open_deal_is_given_with_the_share_of_its_owner() {
    let field = Field::new().await;
    let whole = field.open("Havn", Some(date!(2026 - 11 - 30)), 1_000_000, &[(field.ingrid, 1)]).await;
    let shared = field.open("Torget", None, 600_000, &[(field.ingrid, 1), (field.jonas, 2)]).await;
    let (jonas, olav) = (field.jonas.id.to_string(), field.olav.id.to_string());
    let mut ingrid = field.app.client(field.ingrid).await;
    let path = format!("/deals/{whole}");
    let page = ingrid.get(&path).await.expect(200);
    assert!(!page.attributes(&format!("{GIVE} option"), "value").contains(&field.ingrid.id.to_string()));
    for (to, reason, field) in [("", "Leave", "to"), (&*jonas, " ", "given_reason"), ("999999", "Leave", "to")] {
        let typed = [("to", to), ("given_reason", reason)];
        let refused = ingrid.submit(&page, GIVE, &typed).await.expect(422);
        assert_eq!(refused.attributes(".summary-error a", "href"), [format!("#{field}")], "{to}");
        assert_eq!(refused.value("given_reason").trim(), reason.trim());
    }
    let stale = ingrid.get(&path).await.expect(200);
    let given = ingrid.submit(&page, GIVE, &[("to", &jonas), ("given_reason", "His street")]).await.expect(303);
    // The customer is still hers: she sees it, and may no longer change it.
    let page = ingrid.follow(&given).await.expect(200);
    assert!(page.words().contains("given to Jonas") && !page.has(GIVE), "{}", page.words());
    assert_eq!(page.texts("section:has(#credits) tbody th"), ["Jonas"]);
    let history = page.text("section:has(#history)");
    assert!(history.contains("Ingrid → Jonas") && history.contains("Reason: His street"), "{history}");
    ingrid.submit(&stale, GIVE, &[("to", &olav), ("given_reason", "Twice")]).await.expect(403);
    assert_eq!(ingrid.get("/deals/pipeline").await.texts("section li .title"), ["Torget"]);
    let mut second = field.app.client(field.jonas).await;
    assert_eq!(second.get("/deals/pipeline").await.texts("section li .title"), ["Havn", "Torget"]);
    // Who has a share already keeps it as it was agreed.
    let page = ingrid.get(&format!("/deals/{shared}")).await.expect(200);
    ingrid.submit(&page, GIVE, &[("to", &jonas), ("given_reason", "Leave")]).await.expect(303);
    let page = second.get(&format!("/deals/{shared}")).await.expect(200);
    assert_eq!(page.texts("section:has(#credits) tbody th"), ["Ingrid", "Jonas"]);
    assert!(page.has(GIVE), "{}", page.words());
    // Outside of reach, and what is won: no.
    field.app.client(field.olav).await.post(&format!("/deals/{whole}/give"), &[("to", &olav)]).await.expect(404);
    let page = second.get(&path).await.expect(200);
    second.submit(&page, "form[action$='/win']", &[]).await.expect(303);
    assert!(!second.get(&path).await.expect(200).has(GIVE));
    second.post(&format!("{path}/give"), &[("to", &olav), ("given_reason", "x")]).await.expect(409);
    field.verify().await;
}

#[tokio::test]
async fn open_deals_follow_their_customer_to_another_rep() {
    let field = Field::new().await;
    let open = field.open("Havn", Some(date!(2026 - 11 - 30)), 1_000_000, &[(field.ingrid, 1)]).await;
    field.open("Torget", None, 500_000, &[(field.ingrid, 1)]).await;
    field.open("Kaia", None, 300_000, &[(field.olav, 1)]).await;
    let won_to = field.customer("Brygga", field.ingrid).await;
    let won = field.deal(won_to, date!(2026 - 11 - 02), 200_000, &[(field.ingrid, 1)]).await;
    let mut berit = field.app.client(field.berit).await;
    let typed = [("to", field.jonas.id.to_string()), ("from", "2026-11-19".to_owned())];
    let path = format!("/customers/handover?of={}&to={}&from={}", field.ingrid.id, typed[0].1, typed[1].1);
    let page = berit.get(&path).await.expect(200);
    assert!(page.words().contains("Give Jonas 2 open deals, €15,000.00 together too"), "{}", page.words());
    // Something happens to one of them meanwhile: it is shown once more.
    let deal = berit.get(&format!("/deals/{open}")).await.expect(200);
    berit.submit(&deal, "form[action$='/expected']", &[("expected_on", "2026-12-04")]).await.expect(303);
    let again = berit.submit(&page, "form[method=post][action$=handover]", &[]).await.expect(409);
    let answer = berit.submit(&again, "form[method=post][action$=handover]", &[]).await.expect(303);
    let page = berit.follow(&answer).await.expect(200);
    assert!(page.words().contains("from 19 Nov 2026, with 2 open deals"), "{}", page.words());
    let pipeline = field.app.client(field.jonas).await.get("/deals/pipeline").await.expect(200);
    assert_eq!(pipeline.texts("section li .title"), ["Havn", "Torget"]);
    let deal = berit.get(&format!("/deals/{open}")).await.expect(200);
    assert_eq!(deal.texts("section:has(#credits) tbody th"), ["Jonas"]);
    assert!(deal.text("section:has(#history)").contains("Reason: The customer was handed over"));
    // What was won stays where it was.
    let deal = berit.get(&format!("/deals/{won}")).await.expect(200);
    assert_eq!(deal.texts("section:has(#credits) tbody th"), ["Ingrid"]);
    assert!(deal.text("section:has(#about)").contains("Owner Ingrid"));
    // Without the tick they stay.
    field.open("Alene", None, 100_000, &[(field.jonas, 1)]).await;
    let path = format!("/customers/handover?of={}&to={}&from=2026-11-19", field.jonas.id, field.ingrid.id);
    let page = berit.get(&path).await.expect(200);
    berit.submit(&page, "form[method=post][action$=handover]", &[("deals", "")]).await.expect(303);
    let pipeline = field.app.client(field.jonas).await.get("/deals/pipeline").await.expect(200);
    assert_eq!(pipeline.texts("section li .title"), ["Havn", "Torget", "Alene"]);
    field.verify().await;
}

#[tokio::test]
async fn each_period_stands_beside_its_own_target() {
    let field = Field::new().await;
    field.sales_target(field.ingrid, "2026-11", 5_000_000).await;
    field.open("Now", Some(date!(2026 - 11 - 30)), 1_000_000, &[(field.ingrid, 1)]).await;
    for (month, name) in [("2026-12", "A"), ("2027-01", "B"), ("2027-02", "C"), ("2027-03", "D"), ("2027-04", "E")] {
        field.sales_target(field.ingrid, month, 4_000_000).await;
        field.sales_target(field.jonas, month, 3_000_000).await;
        let day = Period::parse(month, Month::January).unwrap().from();
        field.open(name, Some(day), 400_000, &[(field.ingrid, 1), (field.jonas, 1)]).await;
    }
    let page = field.app.client(field.berit).await.get("/deals/pipeline").await.expect(200);
    assert!(page.words().contains("April 2027"), "{}", page.words());
    assert_eq!(page.words().matches("Target €70,000.").count(), 5, "{}", page.words());
}

#[tokio::test]
async fn what_was_given_or_moved_is_taken_back_at_once() {
    let field = Field::new().await;
    let deal = field.open("Havn", Some(date!(2026 - 11 - 30)), 1_000_000, &[(field.ingrid, 1)]).await;
    let (path, jonas) = (format!("/deals/{deal}"), field.jonas.id.to_string());
    let mut ingrid = field.app.client(field.ingrid).await;
    let page = ingrid.get(&path).await.expect(200);
    let given = ingrid.submit(&page, GIVE, &[("to", &jonas), ("given_reason", "His street")]).await.expect(303);
    let page = ingrid.follow(&given).await.expect(200);
    // Nobody else takes it back, and it is once.
    field.app.client(field.jonas).await.post(&format!("{path}/undo"), &[]).await.expect(409);
    field.app.client(field.olav).await.post(&format!("{path}/undo"), &[]).await.expect(404);
    let back = ingrid.submit(&page, ".toast form", &[]).await.expect(303);
    let page = ingrid.follow(&back).await.expect(200);
    assert!(page.text(".toast").contains("is with Ingrid again"), "{}", page.words());
    assert_eq!(page.texts("section:has(#credits) tbody th"), ["Ingrid"]);
    assert!(page.has(GIVE), "it is hers again");
    ingrid.post(&format!("{path}/undo"), &[]).await.expect(409);
    // The expected day, from the pipeline.
    let page = ingrid.get(&path).await.expect(200);
    let moved = ingrid.submit(&page, "form[action$='/expected']", &[("expected_on", "2026-12-04")]).await.expect(303);
    let page = ingrid.follow(&moved).await.expect(200);
    let back = ingrid.submit(&page, ".toast form", &[]).await.expect(303);
    assert_eq!(ingrid.follow(&back).await.expect(200).value("expected_on"), "2026-11-30");
    // What came after stays.
    let page = ingrid.get(&path).await.expect(200);
    ingrid.submit(&page, "form[action$='/expected']", &[("expected_on", "2026-12-11")]).await.expect(303);
    let page = ingrid.get(&path).await.expect(200);
    ingrid.submit(&page, "form[action$='/win']", &[]).await.expect(303);
    ingrid.post(&format!("{path}/undo"), &[]).await.expect(409);
    field.verify().await;
}
