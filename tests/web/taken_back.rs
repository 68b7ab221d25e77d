//! Visits and plans taken back: done ones that did not take place, missed and removed plans, and what fulfils a plan.

use attain::{
    domain::{id::VisitId, visit::Kind},
    scorecards::db::Subject,
};
use time::{Duration, macros::date};

use crate::{
    field::Field,
    support::{Answer, Client},
    visits::toast,
};

const FORM: &str = "main form[action='/visits/plan']";
const VOID: &str = "form[action$='/void']";

async fn plan(browser: &mut Client, typed: &[(&str, &str)]) -> Answer {
    let page = browser.get("/visits/plan").await.expect(200);
    let answer = browser.submit(&page, FORM, typed).await.expect(303);
    browser.follow(&answer).await.expect(200)
}

/// A visit of an earlier day that was planned and not logged.
async fn overdue(field: &Field, on: &str) -> VisitId {
    let havn = field.customer("Havn", field.ingrid).await;
    let id = field.visit(field.ingrid, havn, date!(2026 - 11 - 12), Kind::InPerson).await;
    let day = attain::web::form::parse_date(on);
    sqlx::query!("update visits set state = 'planned', visited_on = $2 where id = $1", id.0, day)
        .execute(&field.app.db)
        .await
        .unwrap();
    id
}

async fn visits(field: &Field) -> i64 {
    field.facts(Subject::Rep(field.ingrid.id), "2026-11").await.visits
}

#[tokio::test]
async fn a_visit_that_did_not_take_place_counts_for_nothing_and_keeps_its_history() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let entered = crate::support::NOW - Duration::days(8);
    let id = field.visit_entered(field.ingrid, havn, date!(2026 - 11 - 11), Kind::InPerson, entered).await;
    let mut ingrid = field.app.client(field.ingrid).await;
    let path = format!("/visits/{id}");
    assert_eq!(visits(&field).await, 1);
    // Only with a reason.
    let page = ingrid.get(&path).await.expect(200);
    let refused = ingrid.submit(&page, VOID, &[("reason", " ")]).await.expect(422);
    assert_eq!(refused.attributes(".summary-error a", "href"), ["#reason"]);
    assert_eq!(visits(&field).await, 1);
    let voided = ingrid.submit(&refused, VOID, &[("reason", "They were closed")]).await.expect(303);
    assert_eq!(visits(&field).await, 0);
    let (page, words) = toast(&mut ingrid, &voided).await;
    assert!(words.contains("it did not take place and counts for nothing"), "{words}");
    let history = ingrid.get(&path).await.expect(200).text("section:has(#history)");
    assert!(history.contains("State: Done → Missed") && history.contains("Reason: They were closed"), "{history}");
    ingrid.post(&format!("{path}/void"), &[("reason", "Twice")]).await.expect(409);
    // Undone, it is what it was, also in time.
    ingrid.submit(&page, ".toast form", &[]).await.expect(303);
    assert_eq!(visits(&field).await, 1);
    let page = ingrid.get(&path).await.expect(200);
    assert!(!page.words().contains("late"), "{}", page.words());
    // The manager may say so as well, and take it back; another team's may not.
    let mut berit = field.app.client(field.berit).await;
    field.app.client(field.olav).await.post(&format!("{path}/void"), &[("reason", "x")]).await.expect(404);
    let page = berit.get(&path).await.expect(200);
    let voided = berit.submit(&page, VOID, &[("reason", "Another shop")]).await.expect(303);
    let (page, _) = toast(&mut berit, &voided).await;
    berit.submit(&page, ".toast form", &[]).await.expect(303);
    assert_eq!(visits(&field).await, 1);
    let page = berit.get(&path).await.expect(200);
    berit.submit(&page, VOID, &[("reason", "Another shop")]).await.expect(303);
    // It did after all: entered anew, and late.
    let page = ingrid.get(&path).await.expect(200);
    let page = ingrid.get(&page.attribute("a[href$='/done']", "href")).await.expect(200);
    let saved = ingrid.submit(&page, "main form", &[]).await.expect(303);
    let (_, words) = toast(&mut ingrid, &saved).await;
    assert!(words.contains("flagged as entered late"), "{words}");
    assert_eq!(visits(&field).await, 1);
    field.verify().await;
}

#[tokio::test]
async fn a_visit_of_a_locked_month_stays() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let old = field.visit(field.ingrid, havn, date!(2026 - 10 - 14), Kind::InPerson).await;
    let voided = field.visit(field.ingrid, havn, date!(2026 - 10 - 15), Kind::InPerson).await;
    let mut ingrid = field.app.client(field.ingrid).await;
    let page = ingrid.get(&format!("/visits/{voided}")).await.expect(200);
    let answer = ingrid.submit(&page, VOID, &[("reason", "Wrong day")]).await.expect(303);
    let (page, _) = toast(&mut ingrid, &answer).await;
    field.lock("2026-10").await;
    assert!(!ingrid.get(&format!("/visits/{old}")).await.expect(200).has(VOID));
    ingrid.post(&format!("/visits/{old}/void"), &[("reason", "Wrong day")]).await.expect(409);
    ingrid.submit(&page, ".toast form", &[]).await.expect(409);
    assert_eq!(field.facts(Subject::Rep(field.ingrid.id), "2026-10").await.visits, 1);
    // Whoever went along takes only the own part off.
    let page = ingrid.get(&format!("/visits/new?customer={havn}")).await.expect(200);
    ingrid.submit(&page, "main form", &[("with", &*field.jonas.id.to_string())]).await.expect(303);
    let mut jonas = field.app.client(field.jonas).await;
    let visit = jonas.get("/visits").await.attribute("tbody a[href^='/visits/']", "href");
    assert!(!jonas.get(&visit).await.expect(200).has(VOID));
    jonas.post(&format!("{visit}/void"), &[("reason", "I was not there")]).await.expect(409);
}

#[tokio::test]
async fn a_call_leaves_the_visit_that_is_planned() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await.to_string();
    let mut ingrid = field.app.client(field.ingrid).await;
    plan(&mut ingrid, &[("other", "Havn"), ("starts_at", "13:00")]).await;
    // A visit takes the place of the planned one; then a call that of a planned call, and not that of a planned visit.
    for (plans, kind, left) in [
        (&[][..], "call", &["in_person"][..]),
        (&[], "online", &["in_person"]),
        (&[], "in_person", &[]),
        (&["in_person", "call"], "call", &["in_person"]),
        (&["call"], "in_person", &["call"]),
        (&[], "in_person", &[]),
    ] {
        for kind in plans {
            plan(&mut ingrid, &[("other", "Havn"), ("kind", kind)]).await;
        }
        let logged = [("customer", &*havn), ("visited_on", "2026-11-19"), ("kind", kind)];
        ingrid.post("/visits", &logged).await.expect(303);
        let planned = sqlx::query_scalar!("select kind from visits where state = 'planned'");
        assert_eq!(planned.fetch_all(&field.app.db).await.unwrap(), left, "{kind}");
    }
    assert_eq!(field.count("visits").await, 6, "each plan became what was logged");
}

#[tokio::test]
async fn what_is_missed_or_removed_comes_back_with_undo() {
    let field = Field::new().await;
    let id = overdue(&field, "2026-11-10").await;
    let mut ingrid = field.app.client(field.ingrid).await;
    let page = ingrid.get("/visits/plan").await.expect(200);
    let missed = ingrid.submit(&page, "section:has(#overdue) form[action$='/missed']", &[]).await.expect(303);
    let (page, words) = toast(&mut ingrid, &missed).await;
    assert!(words.contains("marked as missed"), "{words}");
    ingrid.submit(&page, ".toast form", &[]).await.expect(303);
    let page = ingrid.get("/visits/plan").await.expect(200);
    assert!(page.has("#overdue"), "planned again");
    ingrid.submit(&page, "section:has(#overdue) form[action$='/missed']", &[]).await.expect(303);
    // It did happen: the form knows customer and day; undone it is missed again.
    let page = ingrid.get(&format!("/visits/{id}")).await.expect(200);
    assert!(page.words().contains("It did take place"), "{}", page.words());
    let form = ingrid.get(&format!("/visits/{id}/done")).await.expect(200);
    assert_eq!(form.value("visited_on"), "2026-11-10");
    let saved = ingrid.submit(&form, "main form", &[("outcome", "order")]).await.expect(303);
    let (page, words) = toast(&mut ingrid, &saved).await;
    assert!(words.contains("Visit to Havn saved, flagged as entered late"), "{words}");
    assert_eq!(visits(&field).await, 1);
    ingrid.submit(&page, ".toast form", &[]).await.expect(303);
    assert_eq!((visits(&field).await, field.count("visits where state = 'missed'").await), (0, 1));

    // What was taken off the plan is on it again as it stood there, with who goes along.
    let jonas = field.jonas.id.to_string();
    let typed = [
        ("other", "Havn"),
        ("visited_on", "2026-11-24"),
        ("starts_at", "13:00"),
        ("kind", "online"),
        ("with", &*jonas),
    ];
    let page = plan(&mut ingrid, &typed).await;
    let path = page.attribute("ul.list a[href$='/edit']", "href").replace("/edit", "");
    let removed = ingrid.submit(&page, "ul.list form[action$='/remove']", &[]).await.expect(303);
    let (page, words) = toast(&mut ingrid, &removed).await;
    assert!(words.contains("Havn taken off the plan"), "{words}");
    ingrid.get(&path).await.expect(404);
    field.app.client(field.jonas).await.post(&format!("{path}/undo"), &[]).await.expect(404);
    let back = ingrid.submit(&page, ".toast form", &[]).await.expect(303);
    assert_eq!(back.location(), "/visits/plan?day=2026-11-24");
    let page = field.app.client(field.jonas).await.get("/visits/plan?day=2026-11-24").await.expect(200);
    let line = page.text("ul.list li");
    assert!(line.starts_with("13:00 Havn") && line.contains("Online"), "{line}");
    let history = ingrid.get(&path).await.expect(200).text("section:has(#history)");
    assert!(history.contains("Removed by") && history.contains("Undone by"), "{history}");
    // Taken back once.
    ingrid.post(&format!("{path}/undo"), &[]).await.expect(409);
    field.verify().await;
}

#[tokio::test]
async fn a_series_that_was_removed_comes_back_whole() {
    let field = Field::new().await;
    field.customer("Havn", field.ingrid).await;
    let mut ingrid = field.app.client(field.ingrid).await;
    let typed = [
        ("other", "Havn"),
        ("visited_on", "2026-11-20"),
        ("repeat", "1"),
        ("until", "2026-12-18"),
        ("with", &*field.jonas.id.to_string()),
    ];
    plan(&mut ingrid, &typed).await;
    let page = ingrid.get("/visits/plan?day=2026-11-27").await.expect(200);
    let path = page.attribute("ul.list a[href$='/edit']", "href").replace("/edit", "");
    let page = ingrid.get(&path).await.expect(200);
    let removed = ingrid.submit(&page, "form[action$='/remove-later']", &[]).await.expect(303);
    assert_eq!(field.count("visits").await, 1);
    let (page, _) = toast(&mut ingrid, &removed).await;
    let back = ingrid.submit(&page, ".toast form", &[]).await.expect(303);
    let page = ingrid.follow(&back).await.expect(200);
    assert!(page.words().contains("4 visits to Havn planned again"), "{}", page.words());
    assert_eq!((field.count("visits").await, field.count("visit_participants").await), (5, 5));
    let page = ingrid.get(&path).await.expect(200);
    assert!(page.has("form[action$='/remove-later']"), "still one of its series");
    // A leaver of the plan, a day later, and what was never there: nothing to take back.
    ingrid.submit(&page, "form[action$='/remove']", &[]).await.expect(303);
    let mut tomorrow = field.app.later(Duration::days(1)).client(field.ingrid).await;
    tomorrow.post(&format!("{path}/undo"), &[]).await.expect(404);
    ingrid.post("/visits/999999/undo", &[]).await.expect(404);
    field.verify().await;
}

#[tokio::test]
async fn the_file_says_which_visits_count() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    for on in [date!(2026 - 11 - 17), date!(2026 - 11 - 17), date!(2026 - 11 - 18)] {
        field.visit(field.ingrid, havn, on, Kind::InPerson).await;
    }
    field.visit(field.ingrid, havn, date!(2026 - 11 - 18), Kind::Call).await;
    field.visit(field.jonas, havn, date!(2026 - 11 - 18), Kind::InPerson).await;
    let mut berit = field.app.client(field.berit).await;
    let counts = |file: &Answer| file.body().lines().skip(1).filter(|line| line.contains(",yes,")).count();
    // Ingrid's: two days and a call; everybody's: the customer and day once, whoever went.
    for (query, lines) in
        [(format!("?rep={}", field.ingrid.id), 3), ("?kind=in_person".to_owned(), 2), (String::new(), 3)]
    {
        let file = berit.get(&format!("/visits.csv{query}")).await.expect(200);
        assert_eq!(counts(&file), lines, "{query}: {}", file.body());
    }
    let both = berit.get(&format!("/visits?counted=1&rep={}", field.ingrid.id)).await.expect(200);
    assert_eq!(both.count("tbody tr"), 2);
}
