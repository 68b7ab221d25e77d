//! The plan of visits: days and weeks, series, moved and missed visits, follow-ups, and the list as a file.

use attain::{
    domain::{id::VisitId, visit::Kind},
    scorecards::db::Subject,
};
use time::macros::date;

use crate::{
    field::Field,
    support::{Answer, Client},
};

const FORM: &str = "main form[action='/visits/plan']";

async fn plan(browser: &mut Client, typed: &[(&str, &str)]) -> Answer {
    let page = browser.get("/visits/plan").await.expect(200);
    browser.submit(&page, FORM, typed).await
}

/// A visit that was planned for a day that is over.
async fn overdue(field: &Field, day: &str) -> VisitId {
    let havn = field.customer("Havn", field.ingrid).await;
    let id = field.visit(field.ingrid, havn, date!(2026 - 11 - 12), Kind::InPerson).await;
    sqlx::query!(
        "update visits set state = 'planned', visited_on = $2 where id = $1",
        id.0,
        attain::web::form::parse_date(day)
    )
    .execute(&field.app.db)
    .await
    .unwrap();
    id
}

#[tokio::test]
async fn a_series_is_planned_at_once_and_ends_where_one_says() {
    let field = Field::new().await;
    field.customer("Havn", field.ingrid).await;
    let mut ingrid = field.app.client(field.ingrid).await;
    let typed = [
        ("other", "Havn"),
        ("visited_on", "2026-11-20"),
        ("starts_at", "09:00"),
        ("repeat", "2"),
        ("until", "2027-01-15"),
        ("with", &*field.jonas.id.to_string()),
    ];
    let answer = plan(&mut ingrid, &typed).await.expect(303);
    let page = ingrid.follow(&answer).await.expect(200);
    assert!(page.words().contains("Havn: 5 visits planned at 09:00 until 15 Jan 2027"), "{}", page.words());
    assert_eq!(field.count("visits where state = 'planned'").await, 5);
    assert_eq!(field.count("visit_participants").await, 5, "Jonas goes along each time");
    // On its weekday, every other week.
    for (day, planned) in [("2026-12-04", 1), ("2026-12-11", 0), ("2026-12-18", 1), ("2027-01-15", 1)] {
        let page = ingrid.get(&format!("/visits/plan?day={day}")).await.expect(200);
        assert_eq!(page.count("ul.list li"), planned, "{day}");
        assert_eq!(page.words().contains("one of a series"), planned == 1, "{day}");
    }
    // One of them moves, and says so; from the next on they are taken off the plan.
    let page = ingrid.get("/visits/plan?day=2026-12-04").await.expect(200);
    let path = page.attribute("ul.list a[href$='/edit']", "href").replace("/edit", "");
    let page = ingrid.get(&path).await.expect(200);
    let moved = ingrid.submit(&page, "form[action$='/move']", &[("day", "2026-12-07")]).await.expect(303);
    assert_eq!(moved.location(), "/visits/plan?day=2026-12-07");
    let page = ingrid.get(&path).await.expect(200);
    let history = page.text("section:has(#history)");
    assert!(history.contains("Moved by Ingrid") && history.contains("4 Dec 2026 → 7 Dec 2026"), "{history}");
    let answer = ingrid.submit(&page, "form[action$='/remove-later']", &[]).await.expect(303);
    let page = ingrid.follow(&answer).await.expect(200);
    assert!(page.words().contains("4 visits to Havn taken off the plan"), "{}", page.words());
    assert_eq!(field.count("visits").await, 1);
    field.verify().await;
    // Undo takes the whole series back.
    let answer = plan(&mut ingrid, &typed).await.expect(303);
    let page = ingrid.follow(&answer).await.expect(200);
    ingrid.submit(&page, ".toast form", &[]).await.expect(303);
    assert_eq!(field.count("visits").await, 1);
    // A single one is no series, and too many are refused.
    let id = ingrid.get("/visits/plan?day=2026-11-20").await.attribute("ul.list a[href$='/edit']", "href");
    let single = plan(&mut ingrid, &[("other", "Havn"), ("visited_on", "2026-11-23")]).await.expect(303);
    let page = ingrid.follow(&single).await.expect(200);
    let lone = page.attribute("ul.list a[href$='/edit']", "href").replace("/edit", "/remove-later");
    ingrid.post(&lone, &[]).await.expect(409);
    assert!(id.starts_with("/visits/"));
    for (repeat, until, place) in
        [("3", "2026-12-31", "repeat"), ("1", "", "until"), ("1", "2026-11-01", "until"), ("1", "2099-01-01", "until")]
    {
        let typed = [("other", "Havn"), ("visited_on", "2026-11-20"), ("repeat", repeat), ("until", until)];
        let page = ingrid.post("/visits/plan", &typed).await.expect(422);
        assert_eq!(page.attributes(".summary-error a", "href"), [format!("#{place}")], "{repeat} {until}");
        assert!(page.has(&format!("[id='{place}']")));
    }
}

#[tokio::test]
async fn the_week_shows_every_day_with_its_visits() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    field.customer("Torget", field.ingrid).await;
    field.visit(field.ingrid, havn, date!(2026 - 11 - 16), Kind::InPerson).await;
    field.visit(field.jonas, havn, date!(2026 - 11 - 17), Kind::InPerson).await;
    let mut ingrid = field.app.client(field.ingrid).await;
    plan(&mut ingrid, &[("other", "Torget"), ("visited_on", "2026-11-20")]).await.expect(303);
    let page = ingrid.get("/visits/plan/week").await.expect(200);
    assert_eq!(page.count("section.card"), 7);
    assert_eq!(page.texts("ul.list li .title"), ["Havn", "Torget"], "not what Jonas did");
    assert!(page.words().contains("1 planned, 1 done"), "{}", page.words());
    let day = ingrid.get("/visits/plan?day=2026-11-20").await.expect(200);
    assert!(day.has("a[href='/visits/plan/week?day=2026-11-20']"));
    let next = ingrid.get("/visits/plan/week?day=2026-11-23").await.expect(200);
    assert!(!next.has("ul.list li"));
    ingrid.get("/visits/plan/week?day=nonsense").await.expect(200);
}

#[tokio::test]
async fn what_was_not_logged_is_overdue_until_it_is_missed_or_moved() {
    let field = Field::new().await;
    let id = overdue(&field, "2026-11-17").await;
    let mut ingrid = field.app.client(field.ingrid).await;
    let page = ingrid.get("/visits/plan").await.expect(200);
    assert!(page.text("section:has(#overdue) li").contains("Havn"), "{}", page.words());
    assert!(ingrid.get("/visits").await.expect(200).text("tbody tr").contains("Overdue"));
    // Moved to a later day, not to one that is over.
    let shown = ingrid.get(&format!("/visits/{id}")).await.expect(200);
    let wrong = ingrid.submit(&shown, "form[action$='/move']", &[("day", "2026-11-18")]).await.expect(422);
    assert_eq!(wrong.attributes(".summary-error a", "href"), ["#day"]);
    assert_eq!(wrong.value("day"), "2026-11-18");
    ingrid.submit(&page, "section:has(#overdue) form[action$='/missed']", &[]).await.expect(303);
    assert!(!ingrid.get("/visits/plan").await.has("#overdue"));
    let shown = ingrid.get(&format!("/visits/{id}")).await.expect(200);
    assert!(shown.words().contains("Missed"));
    // What was missed is planned again.
    let moved = ingrid.submit(&shown, "form[action$='/move']", &[("day", "2026-11-24")]).await.expect(303);
    let page = ingrid.follow(&moved).await.expect(200);
    assert_eq!(page.count("ul.list li"), 1);
    // Taken back it is missed on its day as before.
    let back = ingrid.submit(&page, ".toast form", &[]).await.expect(303);
    assert_eq!(back.location(), "/visits/plan?day=2026-11-17");
    assert_eq!(field.count("visits where visited_on = '2026-11-17' and state = 'missed'").await, 1);
    ingrid.post(&format!("/visits/{id}/undo"), &[]).await.expect(409);
    let shown = ingrid.get(&format!("/visits/{id}")).await.expect(200);
    ingrid.submit(&shown, "form[action$='/move']", &[("day", "2026-11-24")]).await.expect(303);
    let page = ingrid.get("/visits/plan?day=2026-11-24").await.expect(200);
    assert_eq!(page.count("ul.list li"), 1);
    // What is done stays on its day.
    let havn = field.customer("Torget", field.ingrid).await;
    let done = field.visit(field.ingrid, havn, date!(2026 - 11 - 18), Kind::InPerson).await;
    assert!(!ingrid.get(&format!("/visits/{done}")).await.has("form[action$='/move']"));
    ingrid.post(&format!("/visits/{done}/move"), &[("day", "2026-11-24")]).await.expect(409);
    field.app.client(field.olav).await.post(&format!("/visits/{id}/move"), &[("day", "2026-11-24")]).await.expect(404);
}

#[tokio::test]
async fn a_follow_up_comes_back_on_its_day_and_goes_with_its_visit() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let mut ingrid = field.app.client(field.ingrid).await;
    let page = ingrid.get(&format!("/visits/new?customer={havn}")).await.expect(200);
    let typed = [("next", "2026-11-21"), ("next_kind", "call")];
    let answer = ingrid.submit(&page, "main form", &typed).await.expect(303);
    let page = ingrid.follow(&answer).await.expect(200);
    let first = ingrid.get("/visits").await.attributes("tbody a[href^='/visits/']", "href").pop().unwrap();
    let shown = ingrid.get(&first).await.expect(200);
    assert!(shown.words().contains("Followed up 21 Nov 2026 Planned"), "{}", shown.words());
    let plan = ingrid.get("/visits/plan?day=2026-11-21").await.expect(200);
    let line = plan.text("ul.list li");
    assert!(line.contains("Call") && line.contains("follow-up of 19 Nov"), "{line}");
    // Not before its day; then on the first page and among the notices, until it is done.
    assert!(!ingrid.get("/notices").await.words().contains("Follow up"));
    let later = field.app.later(time::Duration::days(2));
    let mut then = later.client(field.ingrid).await;
    let notices = then.get("/notices").await.expect(200);
    assert_eq!(notices.texts("main li .title"), ["Follow up with Havn"]);
    assert!(then.get("/my-month").await.expect(200).words().contains("Havn"));
    let open = then.get(&notices.attribute("main li a", "href")).await.expect(200);
    assert!(open.words().contains("Follows up the visit of 19 Nov 2026"), "{}", open.words());
    // Undone at once, the first takes along what was planned with it.
    ingrid.submit(&page, ".toast form", &[]).await.expect(303);
    assert_eq!(field.count("visits").await, 0);
    assert_eq!(field.count("audit where action = 'visit.removed'").await, 2);
    // What somebody has changed since stays.
    let page = ingrid.get(&format!("/visits/new?customer={havn}")).await.expect(200);
    let answer = ingrid.submit(&page, "main form", &typed).await.expect(303);
    let done = ingrid.follow(&answer).await.expect(200);
    let plan = ingrid.get("/visits/plan?day=2026-11-21").await.expect(200);
    let path = plan.attribute("ul.list a[href$='/edit']", "href").replace("/edit", "/move");
    ingrid.post(&path, &[("day", "2026-11-25")]).await.expect(303);
    ingrid.submit(&done, ".toast form", &[]).await.expect(303);
    assert_eq!(ingrid.get("/visits/plan?day=2026-11-25").await.count("ul.list li"), 1);
    for (name, typed) in [("next_kind", "lunch"), ("next", "2026-11-19"), ("next", "x")] {
        let fields = [("customer", &*havn.to_string()), ("visited_on", "2026-11-19"), (name, typed)];
        let page = ingrid.post("/visits", &fields).await.expect(422);
        assert_eq!(page.attributes(".summary-error a", "href"), [format!("#{name}")], "{typed}");
    }
}

#[tokio::test]
async fn a_logged_plan_that_is_undone_stands_where_it_stood() {
    let field = Field::new().await;
    field.customer("Havn", field.ingrid).await;
    let mut ingrid = field.app.client(field.ingrid).await;
    let jonas = field.jonas.id.to_string();
    let typed = [
        ("other", "Havn"),
        ("visited_on", "2026-11-24"),
        ("starts_at", "13:00"),
        ("kind", "online"),
        ("notes", "The new list"),
        ("with", &*jonas),
    ];
    let planned = plan(&mut ingrid, &typed).await.expect(303);
    let page = ingrid.follow(&planned).await.expect(200);
    let visit = page.attribute("ul.list a[href$='/edit']", "href").replace("/edit", "");
    // It took place before its day, otherwise than planned, and alone.
    let page = ingrid.get(&format!("{visit}/done")).await.expect(200);
    let typed = [
        ("visited_on", "2026-11-18"),
        ("kind", "in_person"),
        ("outcome", "order"),
        ("minutes", "30"),
        ("notes", "Sold it"),
        ("with", ""),
    ];
    let saved = ingrid.submit(&page, "main form", &typed).await.expect(303);
    assert_eq!(field.facts(Subject::Rep(field.ingrid.id), "2026-11-18").await.visits, 1);
    let page = ingrid.follow(&saved).await.expect(200);
    ingrid.submit(&page, ".toast form", &[]).await.expect(303);
    assert_eq!(field.facts(Subject::Rep(field.ingrid.id), "2026-11").await.visits, 0);
    for rep in [field.ingrid, field.jonas] {
        let mut browser = field.app.client(rep).await;
        let page = browser.get("/visits/plan?day=2026-11-24").await.expect(200);
        let line = page.text("ul.list li");
        assert!(line.starts_with("13:00 Havn") && line.contains("Online"), "{}", page.words());
        assert!(!browser.get("/visits/plan?day=2026-11-18").await.has("ul.list li"));
    }
    let shown = ingrid.get(&visit).await.expect(200);
    assert!(shown.words().contains("The new list") && !shown.text("dl.dl").contains("Minutes"), "{}", shown.words());
    let history = shown.text("section:has(#history)");
    assert!(history.contains("18 Nov 2026 → 24 Nov 2026"), "{history}");
    field.verify().await;
}

#[tokio::test]
async fn the_list_is_a_file_with_the_filters_in_force() {
    let field = Field::new().await;
    let havn = field.customer("=Havn", field.ingrid).await;
    let torget = field.customer("Torget", field.jonas).await;
    field.visit(field.ingrid, havn, date!(2026 - 11 - 17), Kind::InPerson).await;
    field.visit(field.ingrid, havn, date!(2026 - 11 - 18), Kind::Call).await;
    field.visit(field.jonas, torget, date!(2026 - 11 - 18), Kind::InPerson).await;
    field.visit(field.jonas, torget, date!(2026 - 05 - 04), Kind::InPerson).await;
    let mut berit = field.app.client(field.berit).await;
    let lines = |file: &Answer| -> Vec<String> { file.body().lines().skip(1).map(str::to_owned).collect() };
    let page = berit.get("/visits").await.expect(200);
    let file = berit.get(&page.attribute("a[href^='/visits.csv']", "href")).await.expect(200);
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(lines(&file).len(), 3, "three months, as on the page");
    assert!(lines(&file)[2].contains(",2026-11-17,,Ingrid,") && lines(&file)[2].contains(",'=Havn,In person,Done,"));
    for (query, count) in [
        (format!("rep={}", field.ingrid.id), 2),
        ("kind=call".to_owned(), 1),
        ("from=2026-01-01".to_owned(), 4),
        (format!("counted=1&rep={}", field.ingrid.id), 1),
        (format!("customer={torget}"), 2),
    ] {
        let page = berit.get(&format!("/visits?{query}")).await.expect(200);
        let file = berit.get(&page.attribute("a[href^='/visits.csv']", "href")).await.expect(200);
        assert_eq!((lines(&file).len(), page.count("tbody tr")), (count, count), "{query}");
    }
    let mut ingrid = field.app.client(field.ingrid).await;
    assert_eq!(lines(&ingrid.get("/visits.csv").await.expect(200)).len(), 2);
    ingrid.get(&format!("/visits.csv?rep={}", field.jonas.id)).await.expect(404);
}

#[tokio::test]
async fn enter_saves_a_customer_and_more_rows_are_a_button_of_their_own() {
    let field = Field::new().await;
    let mut ingrid = field.app.client(field.ingrid).await;
    let page = ingrid.get("/customers/new").await.expect(200);
    // A browser presses the first submit button of the form when Enter is pressed in a field.
    let first = page.body().find("type=\"submit\"").map(|_| page.texts("main form button[type=submit]"));
    assert_eq!(first.unwrap()[0], "Save");
    assert_eq!(page.attributes("main form button[type=submit]", "name"), ["more", "more"]);
}
