//! Joint visits: planned, logged and corrected for several people, and who counts what of them.

use attain::{
    domain::{id::UserId, visit::Kind},
    scorecards::db::Subject,
};
use time::{Duration, macros::date};

use crate::{field::Field, support::NOW, visits::toast};

#[tokio::test]
async fn a_joint_visit_counts_for_each_who_went_and_once_for_the_team() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let mut ingrid = field.app.client(field.ingrid).await;
    let page = ingrid.get(&format!("/visits/new?customer={havn}")).await.expect(200);
    let (jonas_id, olav_id) = (field.jonas.id.to_string(), field.olav.id.to_string());
    let with = [("with", &*jonas_id), ("with", &*olav_id)];
    let saved = ingrid.submit(&page, "main form", &with).await.expect(303);
    let (_, words) = toast(&mut ingrid, &saved).await;
    assert!(words.contains("Visit to Havn saved, along with Jonas, Olav"), "{words}");
    for rep in [field.ingrid, field.jonas, field.olav] {
        assert_eq!(field.facts(Subject::Rep(rep.id), "2026-11").await.visits, 1);
        // Each finds it in the own list, and exactly it behind the number.
        let mut browser = field.app.client(rep).await;
        assert_eq!(browser.get("/visits").await.texts("tbody td:nth-child(3)"), ["Ingrid, Jonas, Olav"]);
        let counted = format!("/visits?counted=1&rep={}&from=2026-11-01&to=2026-12-01", rep.id);
        assert_eq!(browser.get(&counted).await.count("tbody tr"), 1);
        assert_eq!(browser.get(&format!("/visits?customer={havn}")).await.count("tbody tr"), 1);
    }
    assert_eq!(field.facts(Subject::Team(field.north), "2026-11").await.visits, 1);
    assert_eq!(field.facts(Subject::Company, "2026-11").await.visits, 1);
    // Jonas has logged the same day himself: still one.
    let mut jonas = field.app.client(field.jonas).await;
    let typed = [("customer", &*havn.to_string()), ("visited_on", "2026-11-19"), ("kind", "in_person")];
    jonas.post("/visits", &typed).await.expect(303);
    assert_eq!(field.facts(Subject::Rep(field.jonas.id), "2026-11").await.visits, 1);
    // He was not there after all: whoever went may correct it.
    let visit = jonas.get("/visits").await.attributes("tbody a[href^='/visits/']", "href").pop().unwrap();
    let page = jonas.get(&format!("{visit}/edit")).await.expect(200);
    jonas.submit(&page, "main form", &[("with", &*olav_id)]).await.expect(303);
    let history = ingrid.get(&visit).await.expect(200).text("section:has(#history)");
    assert!(history.contains("With: Jonas, Olav → Olav"), "{history}");
    assert_eq!(jonas.get("/visits").await.count("tbody tr"), 1, "his own one stays");
    // Who is no colleague goes along with nobody.
    for wrong in ["x", "999999", &*field.ingrid.id.to_string(), &*field.finn.id.to_string()] {
        let typed = [("customer", &*havn.to_string()), ("visited_on", "2026-11-18"), ("with", wrong)];
        let page = ingrid.post("/visits", &typed).await.expect(422);
        assert_eq!(page.attributes(".summary-error a", "href"), ["#with"], "{wrong}");
        assert!(page.has("#with"));
    }
}

#[tokio::test]
async fn a_joint_plan_is_on_both_plans_and_whoever_logs_it_logs_it_for_both() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let mut ingrid = field.app.client(field.ingrid).await;
    let page = ingrid.get("/visits/plan").await.expect(200);
    let typed = [("other", "Havn"), ("with", &*field.jonas.id.to_string())];
    ingrid.submit(&page, "main form:has([name=other])", &typed).await.expect(303);
    let mut jonas = field.app.client(field.jonas).await;
    let plan = jonas.get("/visits/plan").await.expect(200);
    assert!(plan.text("ul.list li").contains("with Ingrid"), "{}", plan.words());
    assert!(jonas.get("/my-month").await.expect(200).words().contains("Havn"));
    let page = jonas.get("/visits/new").await.expect(200);
    assert_eq!(page.value("customer"), havn.to_string(), "it is offered first");
    // Whom it is logged for is shown before, with what was typed; nothing is saved yet.
    let page = jonas.submit(&page, "main form", &[("minutes", "40"), ("notes", "Both there")]).await.expect(422);
    assert_eq!(page.attributes(".summary-error a", "href"), ["#with"]);
    assert!(page.text(".summary-error").contains("planned together with Ingrid"), "{}", page.words());
    assert_eq!(page.attributes("[name=with][checked]", "value"), [field.jonas.id.to_string()]);
    assert_eq!((page.value("minutes"), page.value("notes").trim()), ("40".into(), "Both there"));
    assert_eq!(field.count("visits where state = 'done'").await, 0);
    let saved = jonas.submit(&page, "main form", &[]).await.expect(303);
    let (page, words) = toast(&mut jonas, &saved).await;
    assert!(words.contains("along with Ingrid"), "{words}");
    assert_eq!(field.count("visits").await, 1);
    for rep in [field.ingrid, field.jonas] {
        assert_eq!(field.facts(Subject::Rep(rep.id), "2026-11").await.visits, 1);
    }
    jonas.submit(&page, ".toast form", &[]).await.expect(303);
    assert_eq!(field.facts(Subject::Rep(field.ingrid.id), "2026-11").await.visits, 0);
    assert_eq!(ingrid.get("/visits/plan").await.count("ul.list li"), 1);
    // Ingrid went with Olav instead; undone, it is planned with Jonas as it was.
    let page = ingrid.get(&format!("/visits/new?customer={havn}")).await.expect(200);
    let page = ingrid.submit(&page, "main form", &[]).await.expect(422);
    assert_eq!(page.attributes("[name=with][checked]", "value"), [field.jonas.id.to_string()]);
    let done = page.attribute("main form[action$='/done']", "action");
    let typed = [("visited_on", "2026-11-19"), ("with", &*field.olav.id.to_string())];
    let saved = ingrid.post(&done, &typed).await.expect(303);
    assert_eq!(jonas.get("/visits").await.count("tbody tr"), 0);
    let (page, _) = toast(&mut ingrid, &saved).await;
    ingrid.submit(&page, ".toast form", &[]).await.expect(303);
    assert_eq!(jonas.get("/visits").await.count("tbody tr"), 1);
    assert_eq!(field.app.client(field.olav).await.get("/visits").await.count("tbody tr"), 0);
    // Who ticks everybody at once saves at once.
    let typed =
        [("customer", &*havn.to_string()), ("visited_on", "2026-11-19"), ("with", &*field.jonas.id.to_string())];
    ingrid.post("/visits", &typed).await.expect(303);
    assert_eq!(field.count("visits").await, 1);
}

#[tokio::test]
async fn whoever_goes_along_leaves_a_plan_and_does_not_end_it() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let mut ingrid = field.app.client(field.ingrid).await;
    let mut jonas = field.app.client(field.jonas).await;
    let mut olav = field.app.client(field.olav).await;
    let jonas_id = field.jonas.id.to_string();
    for act in ["missed", "remove"] {
        let page = ingrid.get("/visits/plan").await.expect(200);
        let typed = [("other", "Havn"), ("with", &*jonas_id)];
        ingrid.submit(&page, "main form:has([name=other])", &typed).await.expect(303);
        let visit = jonas.get("/visits?state=planned").await.attribute("tbody a[href^='/visits/']", "href");
        jonas.post(&format!("{visit}/move"), &[("day", "2026-11-24")]).await.expect(409);
        let shown = jonas.get(&visit).await.expect(200);
        assert!(!shown.has("form[action$='/move']") && !shown.has("form[action$='/missed']"));
        let left = jonas.post(&format!("{visit}/{act}"), &[]).await.expect(303);
        let (page, words) = toast(&mut jonas, &left).await;
        assert!(words.contains("Jonas taken off the visit to Havn; Ingrid still has it"), "{words}");
        assert_eq!(jonas.get("/visits?state=planned").await.count("tbody tr"), 0);
        // Undone: on the visit again, once, and only by who left.
        olav.post(&format!("{visit}/undo"), &[]).await.expect(404);
        let undone = jonas.submit(&page, ".toast form", &[]).await.expect(303);
        let (_, words) = toast(&mut jonas, &undone).await;
        assert!(words.contains("On the visit to Havn again, with Ingrid"), "{words}");
        assert_eq!(jonas.get("/visits?state=planned").await.texts("tbody td:nth-child(3)"), ["Ingrid, Jonas"]);
        jonas.post(&format!("{visit}/undo"), &[]).await.expect(409);
        // What somebody has changed since stays.
        let left = jonas.post(&format!("{visit}/{act}"), &[]).await.expect(303);
        let (page, _) = toast(&mut jonas, &left).await;
        for day in ["2026-11-24", "2026-11-19"] {
            ingrid.post(&format!("{visit}/move"), &[("day", day)]).await.expect(303);
        }
        jonas.submit(&page, ".toast form", &[]).await.expect(404);
        assert_eq!(jonas.get("/visits?state=planned").await.count("tbody tr"), 0);
        let shown = ingrid.get(&visit).await.expect(200);
        assert!(shown.text("section:has(#history)").contains("With: Jonas →"), "{}", shown.words());
        assert_eq!(field.count("visits where state = 'planned'").await, 1, "{act}");
        ingrid.submit(&shown, "form[action$='/missed']", &[]).await.expect(303);
        assert_eq!(field.count("visits where state = 'planned'").await, 0);
    }
    assert_eq!(ingrid.get(&format!("/visits?customer={havn}&state=missed")).await.count("tbody tr"), 2);
}

#[tokio::test]
async fn a_plan_that_somebody_logs_meanwhile_is_not_logged_twice() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await.to_string();
    let mut browser = field.app.client(field.ingrid).await;
    let page = browser.get("/visits/plan").await.expect(200);
    browser.submit(&page, "main form:has([name=other])", &[("other", "Havn")]).await.expect(303);
    let mut twin = field.app.db.begin().await.unwrap();
    sqlx::query!("update visits set state = 'done', version = version + 1").execute(&mut *twin).await.unwrap();
    let pressed = tokio::spawn(async move {
        let typed = [("customer", &*havn), ("visited_on", "2026-11-19"), ("kind", "in_person")];
        browser.post("/visits", &typed).await
    });
    field.app.until_waiting(1).await;
    twin.commit().await.unwrap();
    pressed.await.unwrap().expect(409);
    assert_eq!(field.count("visits").await, 1);
}

#[tokio::test]
async fn a_correction_after_the_lock_goes_on_counting_and_nobody_joins_any_more() {
    let field = Field::new().await;
    let (havn, torget) = (field.customer("Havn", field.ingrid).await, field.customer("Torget", field.ingrid).await);
    let id = field.visit(field.ingrid, havn, date!(2026 - 10 - 10), Kind::InPerson).await;
    let call = field.visit(field.ingrid, havn, date!(2026 - 10 - 12), Kind::Call).await;
    field.lock("2026-10").await;
    let october = async || field.facts(Subject::Rep(field.ingrid.id), "2026-10").await;
    let mut browser = field.app.client(field.ingrid).await;
    let page = browser.get(&format!("/visits/{id}/edit")).await.expect(200);
    let jonas = field.jonas.id.to_string();
    // Day and customer stay, and so does who was there: otherwise there could be more, or less, than was locked.
    let torget = torget.to_string();
    for (name, typed, place) in [
        ("other", "Torget", "#other"),
        ("customer", &*torget, "#customer"),
        ("visited_on", "2026-10-11", "#visited_on"),
    ] {
        let page = browser.submit(&page, "main form", &[(name, typed), ("reason", "Wrong one")]).await.expect(422);
        assert_eq!(page.attributes(".summary-error a", "href"), [place]);
    }
    browser.submit(&page, "main form", &[("outcome", "order"), ("reason", "So"), ("with", &*jonas)]).await.expect(303);
    assert_eq!(october().await.visits, 1);
    let counted = format!("/visits?counted=1&rep={}&from=2026-10-01&to=2026-11-01", field.ingrid.id);
    assert!(browser.get(&counted).await.text("tbody tr").contains("Order"));
    let (olav, both) = (field.olav.id, date!(2026 - 10 - 14));
    let joint = field.visit(field.ingrid, havn, both, Kind::InPerson).await;
    sqlx::query!(
        "insert into visit_participants (org_id, visit_id, rep_id, visited_on, recorded_at) values ($1, $2, $3, $4, $5)",
        field.org.0,
        joint.0,
        olav.0,
        both,
        NOW - Duration::days(30),
    )
    .execute(&field.app.db)
    .await
    .unwrap();
    let page = browser.get(&format!("/visits/{joint}/edit")).await.expect(200);
    let havn = havn.to_string();
    let without = [("customer", &*havn), ("visited_on", "2026-10-14"), ("reason", "Alone"), ("version", "1")];
    let refused = browser.post(&format!("/visits/{joint}"), &without).await.expect(422);
    assert_eq!(refused.attributes(".summary-error a", "href"), ["#with"]);
    browser.submit(&page, "main form", &[("notes", "Kept"), ("reason", "More words")]).await.expect(303);
    assert_eq!(field.facts(Subject::Rep(olav), "2026-10").await.visits, 1);
    assert_eq!(october().await.visits, 2);
    // Jonas was entered after the lock: for him it counts for nothing.
    assert_eq!(field.facts(Subject::Rep(field.jonas.id), "2026-10").await.visits, 0);
    let shown = browser.get(&format!("/visits/{id}")).await.expect(200);
    assert!(shown.words().contains("Jonas was added: for them it counts for nothing"), "{}", shown.words());
    field.verify().await;
    // What was a visit does not become a touch, nor a touch a visit: each counts elsewhere.
    let page = browser.get(&format!("/visits/{id}/edit")).await.expect(200);
    for kind in ["call", "online"] {
        let page = browser.submit(&page, "main form", &[("kind", kind), ("reason", "By phone")]).await.expect(422);
        assert_eq!(page.attributes(".summary-error a", "href"), ["#kind"]);
    }
    assert_eq!((october().await.visits, october().await.touches), (2, 1));
    let page = browser.get(&format!("/visits/{call}/edit")).await.expect(200);
    let typed = [("kind", "in_person"), ("reason", "I was there")];
    let page = browser.submit(&page, "main form", &typed).await.expect(422);
    assert_eq!(page.attributes(".summary-error a", "href"), ["#kind"]);
    browser.submit(&page, "main form", &[("kind", "online")]).await.expect(303);
    assert_eq!((october().await.visits, october().await.touches), (2, 1));
}

#[tokio::test]
async fn whoever_goes_along_does_not_move_a_plan() {
    let field = Field::new().await;
    field.customer("Havn", field.ingrid).await;
    let torget = field.customer("Torget", field.jonas).await.to_string();
    let mut ingrid = field.app.client(field.ingrid).await;
    let mut jonas = field.app.client(field.jonas).await;
    let page = ingrid.get("/visits/plan").await.expect(200);
    let typed = [("other", "Havn"), ("starts_at", "13:00"), ("with", &*field.jonas.id.to_string())];
    ingrid.submit(&page, "main form:has([name=other])", &typed).await.expect(303);
    let plan = jonas.get("/visits/plan").await.expect(200);
    let edit = plan.attribute("ul.list a[href$='/edit']", "href");
    let visit = edit.replace("/edit", "");
    // The form has no field for it, and what is sent nevertheless is refused and changes nothing.
    let page = jonas.get(&edit).await.expect(200);
    for name in ["visited_on", "starts_at", "customer", "other"] {
        assert!(!page.has(&format!("main form [name={name}]")), "{name}");
    }
    assert!(page.text("main form").contains("You only go along"), "{}", page.words());
    for (name, typed) in
        [("visited_on", "2026-11-24"), ("starts_at", "09:00"), ("customer", &*torget), ("other", "Torget")]
    {
        let sent = [("version", &*page.value("version")), ("kind", "in_person"), (name, typed)];
        let refused = jonas.post(&visit, &sent).await.expect(409);
        assert!(refused.words().contains("You only go along on this visit"), "{name}: {}", refused.words());
    }
    assert!(ingrid.get("/visits/plan").await.text("ul.list li").starts_with("13:00 Havn"));
    // The note may be changed, and everything else stays where it was.
    jonas.submit(&page, "main form", &[("notes", "Bring the samples")]).await.expect(303);
    let shown = ingrid.get(&visit).await.expect(200);
    assert!(shown.words().contains("Bring the samples") && shown.text(".head p").ends_with("13:00"));
    // Moved meanwhile by its rep, the guest is told so, and saves the note at the new day.
    let page = jonas.get(&edit).await.expect(200);
    let own = ingrid.get(&edit).await.expect(200);
    ingrid.submit(&own, "main form", &[("visited_on", "2026-11-23")]).await.expect(303);
    let stale = jonas.submit(&page, "main form", &[("notes", "And the list")]).await.expect(409);
    assert!(stale.has("main form [name=version]"), "{}", stale.words());
    jonas.submit(&stale, "main form", &[]).await.expect(303);
    let mut berit = field.app.client(field.berit).await;
    let plan = ingrid.get("/visits/plan?day=2026-11-23").await.expect(200);
    assert!(plan.text("ul.list li").starts_with("13:00 Havn"), "{}", plan.words());
    // The manager of both moves it; Olav's visit, which Berit does not reach, she does not.
    let page = berit.get(&edit).await.expect(200);
    berit.submit(&page, "main form", &[("visited_on", "2026-11-25")]).await.expect(303);
    assert_eq!(jonas.get("/visits/plan?day=2026-11-25").await.count("ul.list li"), 1);
    let mut olav = field.app.client(field.olav).await;
    field.customer("Brygga", field.olav).await;
    let page = olav.get("/visits/plan").await.expect(200);
    let typed = [("other", "Brygga"), ("with", &*field.jonas.id.to_string())];
    olav.submit(&page, "main form:has([name=other])", &typed).await.expect(303);
    let edit = jonas.get("/visits/plan").await.attribute("ul.list a[href$='/edit']", "href");
    let page = berit.get(&edit).await.expect(200);
    let sent = [("version", &*page.value("version")), ("visited_on", "2026-11-26")];
    berit.post(&edit.replace("/edit", ""), &sent).await.expect(409);
    assert_eq!(olav.get("/visits/plan").await.count("ul.list li"), 1);
    // What took place, whoever was there may correct.
    let done = edit.replace("/edit", "/done");
    let page = jonas.get(&done).await.expect(200);
    jonas.submit(&page, "main form", &[]).await.expect(303);
    let page = jonas.get(&edit).await.expect(200);
    jonas.submit(&page, "main form", &[("visited_on", "2026-11-18")]).await.expect(303);
    assert_eq!(field.facts(Subject::Rep(field.olav.id), "2026-11-18").await.visits, 1);
}

#[tokio::test]
async fn whoever_is_added_is_entered_on_that_day_late_or_after_the_lock() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let mut browser = field.app.client(field.ingrid).await;
    let (jonas, olav) = (field.jonas.id.to_string(), field.olav.id.to_string());
    let flag = "Jonas was added late. It counts for them, and is flagged.";
    // Three days behind is in time, four are late: for who was added only, and it counts.
    for (day, is_late) in [(date!(2026 - 11 - 16), false), (date!(2026 - 11 - 15), true)] {
        let id = field.visit(field.ingrid, havn, day, Kind::InPerson).await;
        let page = browser.get(&format!("/visits/{id}/edit")).await.expect(200);
        browser.submit(&page, "main form", &[("with", &*jonas)]).await.expect(303);
        let shown = browser.get(&format!("/visits/{id}")).await.expect(200);
        assert_eq!(shown.words().contains(flag), is_late, "{day}: {}", shown.words());
        assert_eq!(field.facts(Subject::Rep(field.jonas.id), &day.to_string()).await.visits, 1);
        for (rep, flagged) in [(field.ingrid, false), (field.jonas, is_late)] {
            let list = format!("/visits?counted=1&rep={}&from={day}&to={}", rep.id, day.next_day().unwrap());
            let rows = field.app.client(rep).await.get(&list).await.expect(200);
            assert_eq!((rows.count("tbody tr"), rows.text("tbody tr").contains("late")), (1, flagged), "{list}");
        }
        // Saved again, nobody is an entry of a later day.
        let page = browser.get(&format!("/visits/{id}/edit")).await.expect(200);
        browser.submit(&page, "main form", &[("notes", "Again")]).await.expect(303);
        assert_eq!(browser.get(&format!("/visits/{id}")).await.words().contains(flag), is_late);
    }
    // Added before the lock it goes on counting, added after it never does, each for that person alone.
    let id = field.visit(field.ingrid, havn, date!(2026 - 10 - 10), Kind::InPerson).await;
    let page = browser.get(&format!("/visits/{id}/edit")).await.expect(200);
    browser.submit(&page, "main form", &[("with", &*jonas)]).await.expect(303);
    field.lock_at("2026-10", NOW + Duration::hours(1)).await;
    let mut then = field.app.later(Duration::hours(2)).client(field.ingrid).await;
    let page = then.get(&format!("/visits/{id}/edit")).await.expect(200);
    let both = [("with", &*jonas), ("with", &*olav), ("reason", "All three")];
    let refused = then.submit(&page, "main form", &both[..2]).await.expect(422);
    assert_eq!(refused.attributes(".summary-error a", "href"), ["#reason"]);
    then.submit(&page, "main form", &both).await.expect(303);
    let october = async |rep: UserId| field.facts(Subject::Rep(rep), "2026-10").await.visits;
    assert_eq!(
        (october(field.ingrid.id).await, october(field.jonas.id).await, october(field.olav.id).await),
        (1, 1, 0)
    );
    let shown = then.get(&format!("/visits/{id}")).await.expect(200);
    assert!(shown.words().contains(flag), "{}", shown.words());
    assert!(shown.words().contains("Olav was added: for them it counts for nothing"), "{}", shown.words());
    let list = "/visits?from=2026-10-01&to=2026-11-01";
    assert_eq!(field.app.client(field.olav).await.get(&format!("{list}&counted=1")).await.count("tbody tr"), 0);
    assert_eq!(field.app.client(field.olav).await.get(list).await.count("tbody tr"), 1, "kept");
    // Off again, the one who counts for nothing; who was there before the lock stays.
    let page = then.get(&format!("/visits/{id}/edit")).await.expect(200);
    let refused = then.submit(&page, "main form", &[("with", &*olav), ("reason", "No")]).await.expect(422);
    assert_eq!(refused.attributes(".summary-error a", "href"), ["#with"]);
    then.submit(&page, "main form", &[("with", &*jonas), ("reason", "Olav was not there")]).await.expect(303);
    assert_eq!(october(field.jonas.id).await, 1);
    field.verify().await;
}

#[tokio::test]
async fn a_joint_plan_logged_after_the_lock_counts_for_nobody() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let mut ingrid = field.app.client(field.ingrid).await;
    let page = ingrid.get("/visits/plan").await.expect(200);
    let typed = [("other", "Havn"), ("visited_on", "2026-11-20"), ("with", &*field.jonas.id.to_string())];
    ingrid.submit(&page, "main form:has([name=other])", &typed).await.expect(303);
    // The plan was there, with both, before the lock of its month; that it took place is entered behind it.
    field.lock_at("2026-11", NOW + Duration::days(14)).await;
    let later = field.app.later(Duration::days(15));
    let mut then = later.client(field.jonas).await;
    let list = then.get(&format!("/visits?customer={havn}&state=planned")).await.expect(200);
    let visit = list.attribute("tbody a[href^='/visits/']", "href");
    let page = then.get(&format!("{visit}/done")).await.expect(200);
    let saved = then.submit(&page, "main form", &[("visited_on", "2026-11-20")]).await.expect(303);
    let (_, words) = toast(&mut then, &saved).await;
    assert!(words.contains("counts for nothing"), "{words}");
    for rep in [field.ingrid, field.jonas] {
        assert_eq!(field.facts(Subject::Rep(rep.id), "2026-11").await.visits, 0);
    }
    let shown = then.get(&visit).await.expect(200);
    assert!(shown.words().contains("entered after its period was locked"), "{}", shown.words());
}
