//! Visits: logging in three taps, planning, correcting, undoing, and lists that hold what a number counts.

use attain::{domain::visit::Kind, scorecards::db::Subject};
use time::{Duration, macros::date};

use crate::{
    field::{Field, number},
    support::{Answer, Client, NOW},
};

/// The page that an answer leads to, and what it says happened.
pub async fn toast(browser: &mut Client, answer: &Answer) -> (Answer, String) {
    let page = browser.follow(answer).await;
    let words = page.texts(".toast").join(" ");
    (page, words)
}

#[tokio::test]
async fn a_visit_is_logged_with_the_defaults() {
    let field = Field::new().await;
    let (havn, torget) = (field.customer("Havn", field.ingrid).await, field.customer("Torget", field.ingrid).await);
    field.visit(field.ingrid, havn, date!(2026 - 11 - 01), Kind::InPerson).await;
    field.visit(field.ingrid, torget, date!(2026 - 11 - 10), Kind::InPerson).await;
    let mut browser = field.app.client(field.ingrid).await;
    let page = browser.get("/visits/new").await.expect(200);
    // The one visited last is ticked; one more tap on the outcome, one on the button.
    assert_eq!(page.value("customer"), torget.to_string());
    assert_eq!((page.value("visited_on"), page.value("kind")), ("2026-11-19".into(), "in_person".into()));
    let answer = browser.submit(&page, "main form", &[("outcome", "order")]).await.expect(303);
    assert_eq!(answer.location(), "/my-month");
    let (_, words) = toast(&mut browser, &answer).await;
    assert!(words.contains("Visit to Torget saved"), "{words}");
    let list = browser.get("/visits").await.expect(200);
    assert_eq!(list.count("tbody tr"), 3);
    assert_eq!(list.texts("tbody tr:first-child td")[3], "Order");
    assert_eq!(field.facts(Subject::Rep(field.ingrid.id), "2026-11-19").await.visits, 1);
}

#[tokio::test]
async fn the_same_form_sent_twice_makes_one_visit() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let mut browser = field.app.client(field.ingrid).await;
    let page = browser.get(&format!("/visits/new?customer={havn}")).await.expect(200);
    let first = browser.submit(&page, "main form", &[]).await.expect(303);
    let again = browser.submit(&page, "main form", &[]).await.expect(303);
    assert_eq!(first.location(), again.location());
    assert_eq!(field.count("visits").await, 1);
}

#[tokio::test]
async fn bad_input_is_told_and_kept() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await.to_string();
    let foreign = field.customer("Olavs", field.olav).await.to_string();
    let mut browser = field.app.client(field.ingrid).await;
    let good = [("customer", &*havn), ("visited_on", "2026-11-19"), ("kind", "in_person")];
    for (change, field_name) in [
        (("customer", ""), "customer"),
        (("customer", "x"), "customer"),
        (("customer", "99999999999999999999"), "customer"),
        (("customer", "999999"), "customer"),
        (("customer", &*foreign), "customer"),
        (("other", "Nobody at all"), "other"),
        (("other", "Olavs"), "other"),
        (("visited_on", ""), "visited_on"),
        (("visited_on", "2026-11-20"), "visited_on"),
        (("visited_on", "19.11.2026"), "visited_on"),
        (("visited_on", "0001-01-01"), "visited_on"),
        (("kind", "lunch"), "kind"),
        (("outcome", "great"), "outcome"),
        (("minutes", "-1"), "minutes"),
        (("minutes", "1441"), "minutes"),
        (("next", "2026-11-19"), "next"),
        (("notes", &*"x".repeat(2001)), "notes"),
    ] {
        let mut fields: Vec<(&str, &str)> = good.iter().filter(|(name, _)| *name != change.0).copied().collect();
        fields.push(change);
        fields.push(("notes", "kept as typed"));
        if change.0 == "notes" {
            fields.pop();
        }
        let page = browser.post("/visits", &fields).await.expect(422);
        let links = page.attributes(".summary-error a", "href");
        assert_eq!(links, [format!("#{field_name}")], "{change:?}: {}", page.words());
        assert!(page.has(&format!("[id='{field_name}']")), "{field_name} has no place on the page");
        assert!(change.0 == "notes" || page.value("notes").contains("kept as typed"), "{change:?}");
        assert!(page.texts("title")[0].starts_with("Error: "));
    }
    assert_eq!(field.count("visits").await, 0);
    let nul = "once=7b0e0d8e-5d0a-4c8e-9f44-0c4cc6f3d0b1&customer=1&notes=%00";
    browser.post_body("/visits", nul).await.expect(400);
}

#[tokio::test]
async fn another_customer_is_found_by_its_name() {
    let field = Field::new().await;
    field.customer("Havn", field.ingrid).await;
    let nord = field.customer("Havnegata Nord", field.ingrid).await;
    field.customer("Havnegata Sør", field.ingrid).await;
    let mut browser = field.app.client(field.ingrid).await;
    let page = browser.get("/visits/new").await.expect(200);
    assert!(page.attributes("datalist#customers option", "value").contains(&"Havnegata Sør".to_owned()));
    // Like two: they are offered.
    let page = browser.submit(&page, "main form", &[("other", "havnegata")]).await.expect(422);
    assert_eq!(page.texts("label.choice:has([name=customer]) .grow"), ["Havnegata Nord Oslo", "Havnegata Sør Oslo"]);
    // The exact name is taken at once, in whatever case.
    let answer = browser.submit(&page, "main form", &[("other", "HAVNEGATA nord")]).await.expect(303);
    browser.follow(&answer).await;
    assert_eq!(browser.get(&format!("/visits?customer={nord}")).await.count("tbody tr"), 1);
}

#[tokio::test]
async fn two_customers_of_one_visit_are_refused() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await.to_string();
    let torget = field.customer("Torget", field.ingrid).await.to_string();
    let kaia = field.customer("Kaia", field.ingrid).await.to_string();
    let mut browser = field.app.client(field.ingrid).await;
    let page = browser.get(&format!("/visits/new?customer={havn}")).await.expect(200);
    // What the page has ticked by itself is nobody's choice.
    browser.submit(&page, "main form", &[("other", "torget")]).await.expect(303);
    // What somebody has ticked is.
    let page = browser.get(&format!("/visits/new?customer={havn}")).await.expect(200);
    let typed = [("customer", &*kaia), ("other", "torget"), ("notes", "Kept")];
    let refused = browser.submit(&page, "main form", &typed).await.expect(422);
    assert_eq!(refused.attributes(".summary-error a", "href"), ["#other"], "{}", refused.words());
    let words = "“torget” is typed here, and Kaia is ticked.";
    assert!(refused.text(".summary-error").contains(words), "{}", refused.text(".summary-error"));
    assert_eq!((refused.value("other"), refused.value("customer")), ("torget".into(), kaia.clone()));
    assert_eq!(refused.value("notes"), "Kept");
    let again = browser.submit(&refused, "main form", &[]).await.expect(422);
    assert_eq!(field.count("visits").await, 1);
    // Either way out.
    browser.submit(&refused, "main form", &[("customer", &torget)]).await.expect(303);
    browser.submit(&again, "main form", &[("other", "")]).await.expect(303);
    let to = sqlx::query_scalar!("select customer_id from visits order by id").fetch_all(&field.app.db).await.unwrap();
    let to: Vec<String> = to.iter().map(ToString::to_string).collect();
    assert_eq!(to, [&*torget, &*torget, &*kaia]);
    // Of those with a name like it the ticked one is taken, though a part of the name still stands there.
    let nord = field.customer("Havnegata Nord", field.ingrid).await.to_string();
    field.customer("Havnegata Sør", field.ingrid).await;
    let page = browser.get("/visits/new").await.expect(200);
    let page = browser.submit(&page, "main form", &[("other", "havnegata")]).await.expect(422);
    browser.submit(&page, "main form", &[("customer", &nord)]).await.expect(303);
    assert_eq!(browser.get(&format!("/visits?customer={nord}")).await.count("tbody tr"), 1);
    // In a correction the customer that stands there is no choice either, and another one is typed.
    let path = format!("/visits/{}/edit", visit_of(&field, &nord).await);
    let page = browser.get(&path).await.expect(200);
    browser.submit(&page, "main form", &[("other", "Kaia")]).await.expect(303);
    assert_eq!(browser.get(&path).await.expect(200).value("customer"), kaia);
}

async fn visit_of(field: &Field, customer: &str) -> i64 {
    let customer: i64 = customer.parse().unwrap();
    let id = sqlx::query_scalar!("select id from visits where customer_id = $1", customer);
    id.fetch_one(&field.app.db).await.unwrap().0
}

#[tokio::test]
async fn undo_takes_back_what_was_done_today() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let mut browser = field.app.client(field.ingrid).await;
    let page = browser.get(&format!("/visits/new?customer={havn}")).await;
    let saved = browser.submit(&page, "main form", &[]).await.expect(303);
    let (page, _) = toast(&mut browser, &saved).await;
    let undone = browser.submit(&page, ".toast form", &[]).await.expect(303);
    assert_eq!(undone.location(), "/visits");
    assert_eq!(field.count("visits").await, 0);
    // What was done yesterday stays.
    let old = field.visit(field.ingrid, havn, date!(2026 - 11 - 18), Kind::InPerson).await;
    browser.post(&format!("/visits/{old}/undo"), &[]).await.expect(409);
    assert_eq!(field.count("visits").await, 1);
}

#[tokio::test]
async fn a_planned_visit_becomes_the_done_one_and_can_be_planned_again() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let mut browser = field.app.client(field.ingrid).await;
    let page = browser.get("/visits/plan").await.expect(200);
    let typed = [("other", "Havn"), ("starts_at", "13:00")];
    let planned = browser.submit(&page, "main form:has([name=other])", &typed).await.expect(303);
    assert_eq!(planned.location(), "/visits/plan?day=2026-11-19");
    let plan = browser.follow(&planned).await;
    assert!(plan.text("ul.list li").starts_with("13:00 Havn"), "{}", plan.words());
    assert_eq!(field.facts(Subject::Rep(field.ingrid.id), "2026-11-19").await.visits, 0, "planned counts for nothing");
    // The form offers it first, and logging the customer does the planned one.
    let page = browser.get("/visits/new").await.expect(200);
    assert_eq!(page.value("customer"), havn.to_string());
    assert!(page.text("label.choice:has([name=customer]) .meta").starts_with("Planned for 13:00"));
    let saved = browser.submit(&page, "main form", &[("outcome", "order"), ("minutes", "30")]).await.expect(303);
    assert_eq!(field.count("visits").await, 1);
    assert_eq!(field.facts(Subject::Rep(field.ingrid.id), "2026-11-19").await.visits, 1);
    let (page, _) = toast(&mut browser, &saved).await;
    let plan = browser.get("/visits/plan").await.expect(200);
    assert!(plan.text("ul.list li").starts_with("13:00 Havn"), "the time stays: {}", plan.words());
    browser.submit(&page, ".toast form", &[]).await.expect(303);
    assert_eq!(field.facts(Subject::Rep(field.ingrid.id), "2026-11-19").await.visits, 0);
    let plan = browser.get("/visits/plan").await.expect(200);
    let log = plan.attributes("a.btn.primary.sm", "href").into_iter().find(|href| href.ends_with("/done")).unwrap();
    // Logged from the plan, with the next visit planned along.
    let page = browser.get(&log).await.expect(200);
    browser.submit(&page, "main form", &[("next", "2026-11-30")]).await.expect(303);
    let next = browser.get("/visits/plan?day=2026-11-30").await.expect(200);
    assert_eq!(next.count("ul.list li"), 1);
    browser.get(&log).await.expect(409);
    let plan = browser.get("/visits/plan").await.expect(200);
    assert!(plan.text("ul.list li").starts_with("13:00 Havn"), "the time stays: {}", plan.words());
    let page = browser.get("/visits/plan?day=2026-11-30").await;
    browser.submit(&page, "ul.list form[action$=remove]", &[]).await.expect(303);
    assert_eq!(field.count("visits").await, 1);
}

#[tokio::test]
async fn a_correction_keeps_its_history_and_overwrites_nothing_unseen() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let id = field.visit(field.ingrid, havn, date!(2026 - 11 - 18), Kind::InPerson).await;
    let mut browser = field.app.client(field.ingrid).await;
    let path = format!("/visits/{id}");
    let first = browser.get(&format!("{path}/edit")).await.expect(200);
    let second = browser.get(&format!("{path}/edit")).await.expect(200);
    browser.submit(&first, "main form", &[("visited_on", "2026-11-17"), ("notes", "Mine")]).await.expect(303);
    let stale = browser.submit(&second, "main form", &[("notes", "Other")]).await.expect(409);
    assert_eq!(stale.value("notes").trim(), "Other");
    assert!(stale.text(".summary-error").contains("17 Nov 2026"), "{}", stale.text(".summary-error"));
    assert!(stale.text(".summary-error").contains("Mine"));
    browser.submit(&stale, "main form", &[]).await.expect(303);
    let page = browser.get(&path).await.expect(200);
    assert!(page.text("section:has(#history)").contains("Notes: Mine → Other"), "{}", page.words());
    // The manager may correct it too; another team's people do not see it.
    field.app.client(field.berit).await.get(&format!("{path}/edit")).await.expect(200);
    field.app.client(field.olav).await.get(&path).await.expect(404);
}

#[tokio::test]
async fn what_is_entered_late_is_flagged_and_after_the_lock_counts_for_nothing() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await.to_string();
    let mut browser = field.app.client(field.ingrid).await;
    let typed = |day| [("customer", havn.clone()), ("visited_on", day), ("kind", "in_person".to_owned())];
    let fields = typed("2026-11-15".to_owned());
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = browser.post("/visits", &fields).await.expect(303);
    let (_, words) = toast(&mut browser, &answer).await;
    assert!(words.contains("flagged as entered late"), "{words}");
    assert!(browser.get("/visits").await.text("tbody tr").contains("4 days late"));
    assert_eq!(field.facts(Subject::Rep(field.ingrid.id), "2026-11").await.visits, 1);

    let old = date!(2026 - 10 - 10);
    let id = field.visit(field.ingrid, havn.parse().unwrap(), old, Kind::InPerson).await;
    field.lock("2026-10").await;
    let fields = typed("2026-10-20".to_owned());
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = browser.post("/visits", &fields).await.expect(303);
    let (_, words) = toast(&mut browser, &answer).await;
    assert!(words.contains("counts for nothing"), "{words}");
    assert_eq!(field.facts(Subject::Rep(field.ingrid.id), "2026-10").await.visits, 1);
    let counted = format!("/visits?counted=1&rep={}&from=2026-10-01&to=2026-11-01", field.ingrid.id);
    assert_eq!(browser.get(&counted).await.count("tbody tr"), 1);
    assert_eq!(browser.get("/visits?from=2026-10-01&to=2026-11-01").await.count("tbody tr"), 2);
    // A change in the locked month needs a reason.
    let page = browser.get(&format!("/visits/{id}/edit")).await.expect(200);
    let page = browser.submit(&page, "main form", &[("outcome", "order")]).await.expect(422);
    assert_eq!(page.attributes(".summary-error a", "href"), ["#reason"]);
    browser.submit(&page, "main form", &[("reason", "They ordered")]).await.expect(303);
    let page = browser.get(&format!("/visits/{id}")).await;
    assert!(page.text("section:has(#history)").contains("Reason: They ordered"));
}

#[tokio::test]
async fn the_next_visit_is_planned_for_whoever_went() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let mut ingrid = field.app.client(field.ingrid).await;
    let page = ingrid.get("/visits/plan").await.expect(200);
    ingrid.submit(&page, "main form:has([name=other])", &[("other", "Havn")]).await.expect(303);
    let mut berit = field.app.client(field.berit).await;
    let plan = berit.get(&format!("/visits?customer={havn}&state=planned")).await.expect(200);
    let visit = plan.attribute("tbody a[href^='/visits/']", "href");
    let page = berit.get(&format!("{visit}/done")).await.expect(200);
    berit.submit(&page, "main form", &[("next", "2026-11-24")]).await.expect(303);
    assert!(ingrid.get("/visits/plan?day=2026-11-24").await.text("ul.list li").contains("Havn"));
    assert!(!berit.get("/visits/plan?day=2026-11-24").await.has("ul.list li"), "not the manager's");
}

#[tokio::test]
async fn no_button_takes_a_visit_out_of_a_locked_month() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await.to_string();
    let mut browser = field.app.client(field.ingrid).await;
    let typed = |day| {
        [("customer", &*havn), ("visited_on", day), ("kind", "in_person")].map(|(n, v): (&str, &str)| (n, v.to_owned()))
    };
    let fields = typed("2026-10-31");
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let saved = browser.post("/visits", &fields).await.expect(303);
    let (page, _) = toast(&mut browser, &saved).await;
    let visit = browser.get("/visits?from=2026-10-01").await.attribute("tbody a[href^='/visits/']", "href");
    // Entered today, and locked behind it: it counts, and stays.
    field.lock_at("2026-10", NOW + Duration::hours(1)).await;
    browser.submit(&page, ".toast form", &[]).await.expect(409);
    browser.post(&format!("{visit}/remove"), &[]).await.expect(409);
    assert_eq!(field.facts(Subject::Rep(field.ingrid.id), "2026-10").await.visits, 1);
    // Neither out of the month nor into it, whatever the reason.
    let page = browser.get(&format!("{visit}/edit")).await.expect(200);
    let moved = [("visited_on", "2026-11-01"), ("reason", "Wrong day")];
    let page = browser.submit(&page, "main form", &moved).await.expect(422);
    assert_eq!(page.attributes(".summary-error a", "href"), ["#visited_on"]);
    let page = browser.submit(&page, "main form", &[("visited_on", "2026-10-30")]).await.expect(422);
    assert_eq!(page.attributes(".summary-error a", "href"), ["#visited_on"], "nor to another day of it");
    browser.submit(&page, "main form", &[("visited_on", "2026-10-31"), ("notes", "It was the 30th")]).await.expect(303);
    let late = field.visit(field.ingrid, havn.parse().unwrap(), date!(2026 - 11 - 02), Kind::InPerson).await;
    let page = browser.get(&format!("/visits/{late}/edit")).await.expect(200);
    let page = browser.submit(&page, "main form", &[("visited_on", "2026-10-20")]).await.expect(422);
    assert_eq!(page.attributes(".summary-error a", "href"), ["#visited_on"]);
}

#[tokio::test]
async fn a_button_does_nothing_to_a_visit_that_changed_meanwhile() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    for act in ["missed", "remove"] {
        let mut browser = field.app.client(field.ingrid).await;
        let page = browser.get("/visits/plan").await.expect(200);
        browser.submit(&page, "main form:has([name=other])", &[("other", "Havn")]).await.expect(303);
        let plan = browser.get(&format!("/visits?customer={havn}&state=planned")).await.expect(200);
        let visit = plan.attribute("tbody a[href^='/visits/']", "href");
        // A twin holds the visit while it logs it as done; the button waits, and then finds another version.
        let mut twin = field.app.db.begin().await.unwrap();
        let id: i64 = visit.rsplit('/').next().unwrap().parse().unwrap();
        sqlx::query!("update visits set state = 'done', version = version + 1 where id = $1", id)
            .execute(&mut *twin)
            .await
            .unwrap();
        let path = format!("{visit}/{act}");
        let pressed = tokio::spawn(async move { browser.post(&path, &[]).await });
        field.app.until_waiting(1).await;
        twin.commit().await.unwrap();
        pressed.await.unwrap().expect(409);
        let state =
            sqlx::query_scalar!("select state from visits where id = $1", id).fetch_one(&field.app.db).await.unwrap();
        assert_eq!(state, "done", "{act}");
        let told =
            sqlx::query_scalar!("select count(*) from audit where object = $1 and action <> 'visit.planned'", visit)
                .fetch_one(&field.app.db)
                .await
                .unwrap();
        assert_eq!(told, Some(0), "{act}");
    }
}

#[tokio::test]
async fn a_list_holds_exactly_what_the_metric_counts() {
    let field = Field::new().await;
    let (havn, torget) = (field.customer("Havn", field.ingrid).await, field.customer("Torget", field.jonas).await);
    field.deal(havn, date!(2026 - 11 - 10), 10_000, &[(field.ingrid, 1)]).await;
    for (rep, customer, day, kind) in [
        (field.ingrid, havn, 9, Kind::InPerson),
        (field.ingrid, havn, 10, Kind::InPerson),
        (field.ingrid, havn, 10, Kind::InPerson), // twice on a day: once
        (field.jonas, havn, 10, Kind::InPerson),  // with a colleague: once for the team
        (field.ingrid, havn, 11, Kind::InPerson), // bought before: no stranger
        (field.ingrid, torget, 11, Kind::Call),
        (field.ingrid, torget, 11, Kind::Call),
        (field.ingrid, torget, 11, Kind::Online),
        (field.jonas, torget, 12, Kind::InPerson),
        (field.olav, torget, 12, Kind::InPerson),
    ] {
        field.visit(rep, customer, date!(2026 - 11 - 01).replace_day(day).unwrap(), kind).await;
    }
    field.visit_entered(field.ingrid, havn, date!(2026 - 10 - 31), Kind::InPerson, NOW - Duration::days(19)).await;
    let month = "from=2026-11-01&to=2026-12-01";
    let subjects = [
        (Subject::Rep(field.ingrid.id), format!("&rep={}", field.ingrid.id), field.ingrid),
        (Subject::Rep(field.jonas.id), format!("&rep={}", field.jonas.id), field.berit),
        (Subject::Team(field.north), format!("&team={}", field.north), field.berit),
        (Subject::Company, String::new(), field.finn),
    ];
    for (subject, query, asker) in subjects {
        let facts = field.facts(subject, "2026-11").await;
        let mut browser = field.app.client(asker).await;
        for (path, expected) in [
            ("/visits?counted=1", facts.visits),
            ("/visits?counted=1&kind=in_person", facts.visits),
            ("/visits?counted=1&stranger=1", facts.stranger_visits),
            ("/visits?counted=1&kind=touch", facts.touches),
        ] {
            let page = browser.get(&format!("{path}&{month}{query}")).await.expect(200);
            assert_eq!(i64::try_from(page.count("tbody tr")).unwrap(), expected, "{subject:?} {path}");
            assert_eq!(number(&page.text("main .head p.muted")), expected, "{subject:?} {path}");
        }
    }
    let ingrid = field.facts(Subject::Rep(field.ingrid.id), "2026-11").await;
    assert_eq!((ingrid.visits, ingrid.stranger_visits, ingrid.touches), (3, 2, 2));
    let north = field.facts(Subject::Team(field.north), "2026-11").await;
    assert_eq!((north.visits, north.stranger_visits), (4, 3));
}

#[tokio::test]
async fn lists_stay_within_sight_and_page_without_gaps() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    for day in 0..110 {
        field.visit(field.ingrid, havn, date!(2026 - 11 - 18) - Duration::days(day), Kind::InPerson).await;
    }
    let mut browser = field.app.client(field.ingrid).await;
    let mut path = "/visits?from=2026-01-01".to_owned();
    let mut days = vec![];
    let mut pages = vec![];
    loop {
        let page = browser.get(&path).await.expect(200);
        days.extend(page.attributes("tbody time", "datetime"));
        assert_eq!(number(&page.text(".pager .meta").replace("50 of ", "").replace("10 of ", "")), 110);
        pages.push(page.attributes("a[rel=prev]", "href").pop());
        match page.attributes("a[rel=next]", "href").pop() {
            Some(next) => path = next,
            None => break,
        }
    }
    assert_eq!((pages.len(), days.len()), (3, 110));
    let mut distinct = days.clone();
    distinct.sort_unstable();
    distinct.dedup();
    distinct.reverse();
    assert_eq!(days, distinct);
    assert_eq!(pages[1].as_deref(), Some("/visits?from=2026-01-01"));
    // Nobody lists others' visits by their id, and nonsense in the address is told.
    let mut olav = field.app.client(field.olav).await;
    assert_eq!(olav.get("/visits").await.expect(200).count("tbody tr"), 0);
    for path in [
        format!("/visits?rep={}", field.ingrid.id),
        format!("/visits?team={}", field.north),
        format!("/visits?customer={havn}"),
    ] {
        olav.get(&path).await.expect(404);
    }
    for path in ["/visits?rep=x", "/visits?from=yesterday", "/visits?state=nowhere", "/visits?team=1.5"] {
        olav.get(path).await.expect(400);
    }
    olav.get("/visits?after=nonsense&after=1~2").await.expect(200);
}

#[tokio::test]
async fn a_list_without_filters_is_empty_or_leads_to_what_is_older() {
    let field = Field::new().await;
    for (person, path) in [
        (field.ingrid, "/visits"),
        (field.finn, "/visits"),
        (field.ingrid, "/deals"),
        (field.finn, "/deals"),
        (field.astrid, "/deals"),
        (field.finn, "/deals?stage=open"),
        (field.finn, "/customers/events"),
        (field.ingrid, "/customers/events?kind=lost"),
    ] {
        let page = field.app.client(person).await.get(path).await.expect(200);
        assert!(page.has(".empty") && !page.words().contains("Nothing matches"), "{path}: {}", page.words());
        let may_enter = person.id == field.ingrid.id && !path.starts_with("/customers");
        assert_eq!(page.has(".empty a"), may_enter, "a button for whoever may enter one: {path}");
    }
    let mut ingrid = field.app.client(field.ingrid).await;
    for (path, all) in [
        ("/visits?kind=call", "/visits"),
        ("/deals?class=new", "/deals"),
        ("/customers/events?kind=lost&from=2026-11-01", "/customers/events?kind=lost"),
    ] {
        let page = ingrid.get(path).await.expect(200);
        assert!(page.words().contains("Nothing matches"), "{path}: {}", page.words());
        assert_eq!(page.attribute(".empty a", "href"), all);
    }
    // What is older than the days that a list begins with is one click away.
    let havn = field.customer("Havn", field.ingrid).await;
    field.visit(field.ingrid, havn, date!(2026 - 03 - 02), Kind::InPerson).await;
    field.deal(havn, date!(2025 - 03 - 02), 10_000, &[(field.ingrid, 1)]).await;
    for (path, words) in [("/visits", "in the last three months"), ("/deals", "in the last twelve months")] {
        let page = ingrid.get(path).await.expect(200);
        assert!(page.words().contains(words), "{}", page.words());
        let all = ingrid.get(&page.attribute(".empty a", "href")).await.expect(200);
        assert_eq!(all.count("section.card tbody tr"), 1, "{path}");
    }
}
