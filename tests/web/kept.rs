//! Pages that are kept: drawn once, right after every write, and never with a form's key of before.

use std::collections::BTreeSet;

use attain::{
    domain::{access::Role, id::CustomerId, visit::Kind},
    postgres::tx,
};
use axum::{body::Body, http::Request};
use time::Duration;
use uuid::Uuid;

use crate::{
    field::{Field, TODAY},
    figures::{scrape, value},
    imports::{APPLY, send},
    support::{Answer, Client, NOW, TestApp},
};

/// Whose page shows what follows a write.
type Watched<'a> = (&'a mut Client, &'a str);

/// How many pages were answered from memory.
async fn from_memory(app: &TestApp) -> usize {
    value(&scrape(&app.app).await, "attain_pages_kept_total").parse().unwrap()
}

/// Asks for a page: the answer, and whether it came from memory.
async fn ask(app: &TestApp, browser: &mut Client, path: &str) -> (Answer, bool) {
    let before = from_memory(app).await;
    let answer = browser.get(path).await;
    (answer, from_memory(app).await > before)
}

#[track_caller]
fn keys(page: &Answer) -> Vec<String> {
    let keys = page.attributes("form input[type=hidden][name=once]", "value");
    assert!(!keys.is_empty(), "{} has no form", page.path);
    keys
}

/// A page's text with names in the place of its keys.
fn without_keys(page: &Answer) -> String {
    keys(page).iter().enumerate().fold(page.body(), |page, (at, key)| page.replace(key, &format!("key {at}")))
}

async fn world() -> (Field, CustomerId) {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    field.visit(field.ingrid, havn, TODAY, Kind::InPerson).await;
    field.deal(havn, TODAY, 120_000, &[(field.ingrid, 1)]).await;
    (field, havn)
}

/// Says on a page that is kept what came of a write: before it the page is answered from memory, and at once afterwards it
/// says what it did not.
async fn seen_at_once(app: &TestApp, (browser, path): Watched<'_>, words: &str, write: impl AsyncFnOnce()) {
    browser.cookies.remove("toast");
    browser.get(path).await.expect(200);
    let (page, kept) = ask(app, browser, path).await;
    assert!(kept && !page.words().contains(words), "{kept} {words}: {}", page.words());
    write().await;
    let (page, kept) = ask(app, browser, path).await;
    assert!(!kept && page.words().contains(words), "{kept} {words}: {}", page.words());
}

#[tokio::test]
async fn a_page_is_drawn_once_and_is_the_same_but_for_its_keys() {
    let (field, havn) = world().await;
    let (mut ingrid, berit) = (field.app.client(field.ingrid).await, field.app.client(field.berit).await);
    let customer = format!("/customers/{havn}");
    let of_rep = format!("/reps/{}?period=2026-10&more=1", field.ingrid.id);
    let mut all = BTreeSet::new();
    for (browser, path) in [
        (&ingrid, "/my-month"),
        (&ingrid, "/customers?sort=sales"),
        (&ingrid, &customer),
        (&ingrid, "/deals"),
        (&ingrid, "/visits"),
        (&berit, "/scoreboard"),
        (&berit, &of_rep),
    ] {
        let browser = &mut browser.clone();
        let (drawn, kept) = ask(&field.app, browser, path).await;
        assert!(!kept, "{path}");
        let drawn = drawn.expect(200);
        for _ in 0..2 {
            let (again, kept) = ask(&field.app, browser, path).await;
            assert!(kept, "{path}");
            assert_eq!(without_keys(&drawn), without_keys(&again), "{path}");
            for header in ["content-type", "cache-control", "content-security-policy", "content-length"] {
                assert_eq!(drawn.header(header), again.header(header), "{path} {header}");
            }
            assert!(!again.header("x-request-id").is_empty());
            assert!(keys(&again).iter().all(|key| all.insert(key.clone())), "{path}: a key came twice");
        }
        assert!(keys(&drawn).iter().all(|key| all.insert(key.clone())), "{path}: a key came twice");
    }
    // What nobody said that it lasts is drawn each time; so is a page of an address that leads elsewhere or nowhere.
    for (path, status) in
        [("/visits/new", 200), ("/notices", 200), ("/scoreboard", 303), ("/my-month?period=never", 400)]
    {
        for _ in 0..2 {
            let (answer, kept) = ask(&field.app, &mut ingrid, path).await;
            assert!(!kept, "{path}");
            answer.expect(status);
        }
    }
    let other = field.customer("Beta", field.olav).await;
    for path in [format!("/customers/{other}"), format!("/reps/{}", field.olav.id)] {
        for _ in 0..2 {
            let (answer, kept) = ask(&field.app, &mut ingrid, &path).await;
            assert!(!kept, "{path}");
            answer.expect(404);
        }
    }
}

#[tokio::test]
async fn every_answer_of_a_kept_page_has_forms_that_work() {
    let (field, havn) = world().await;
    let mut ingrid = field.app.client(field.ingrid).await;
    let path = format!("/customers/{havn}");
    ingrid.get(&path).await.expect(200);
    let (one, kept_one) = ask(&field.app, &mut ingrid, &path).await;
    let (other, kept_other) = ask(&field.app, &mut ingrid, &path).await;
    assert!(kept_one && kept_other);
    let note = "form[action$='/notes']";
    for (page, words) in [(&one, "Strong coffee"), (&other, "Weak tea"), (&one, "Strong coffee")] {
        ingrid.clone().submit(page, note, &[("note", words)]).await.expect(303);
    }
    ingrid.clone().submit(&one, note, &[("note", "Something else")]).await.expect(422);
    let page = ingrid.get(&path).await.expect(200).words();
    assert_eq!((page.matches("Strong coffee").count(), page.matches("Weak tea").count()), (1, 1), "{page}");
    // A refused form is its own page, and the next one is as it was.
    let (_, kept) = ask(&field.app, &mut ingrid, &path).await;
    assert!(kept);
    let refused = ingrid.post(&format!("{path}/notes"), &[("note", "")]).await.expect(422);
    assert!(refused.has("[aria-invalid]"));
    let (page, kept) = ask(&field.app, &mut ingrid, &path).await;
    assert!(kept && !page.has("[aria-invalid]"));
}

#[tokio::test]
async fn a_kept_page_asks_nothing_but_whose_session_it_is() {
    let (field, _) = world().await;
    let mut ingrid = field.app.client(field.ingrid).await;
    ingrid.get("/my-month").await.expect(200);
    // Pages read as a role of their own; the session is looked up by the owner.
    sqlx::raw_sql("revoke select on all tables in schema public from attain_app").execute(&field.app.db).await.unwrap();
    ingrid.get("/my-month?period=2026-10").await.expect(500);
    ingrid.get("/my-month").await.expect(200);
    let head = Request::head("/my-month").body(Body::empty()).unwrap();
    ingrid.send(head).await.expect(500);
    assert_eq!(from_memory(&field.app).await, 1, "and HEAD is answered anew");
}

#[tokio::test]
async fn what_is_written_on_pages_is_seen_at_once() {
    let (field, havn) = world().await;
    let app = &field.app;
    let (mut ingrid, mut berit) = (app.client(field.ingrid).await, app.client(field.berit).await);
    let mut astrid = app.client(field.astrid).await;

    // One's own visit, logged in another browser.
    let mut phone = app.client(field.ingrid).await;
    let customer = havn.to_string();
    seen_at_once(app, (&mut ingrid, "/visits"), "2 visits", async || {
        let visit = [("customer", &*customer), ("visited_on", "2026-11-19"), ("kind", "call")];
        phone.post("/visits", &visit).await.expect(303);
    })
    .await;
    let month = |page: &Answer| page.words();
    let before = month(&ingrid.get("/my-month?more=1").await.expect(200));
    phone
        .post("/visits", &[("customer", &*customer), ("visited_on", "2026-11-18"), ("kind", "in_person")])
        .await
        .expect(303);
    assert_ne!(before, month(&ingrid.get("/my-month?more=1").await.expect(200)));

    // A colleague's deal on the board, also for who shares it.
    let mut finn = app.client(field.finn).await;
    let whole = finn.get("/scoreboard").await.expect(200).words();
    seen_at_once(app, (&mut berit, "/scoreboard"), "7,777", async || {
        field.deal(havn, TODAY, 777_700, &[(field.jonas, 1)]).await;
    })
    .await;
    assert_ne!(whole, finn.get("/scoreboard").await.expect(200).words());

    // A target, and the bell that tells of it until one has looked.
    let bell = |page: &Answer| page.texts(".bell .badge");
    assert_eq!(bell(&ingrid.get("/deals").await), [""; 0]);
    seen_at_once(app, (&mut ingrid, "/my-month"), "of 4,321", async || {
        let page = berit.get("/targets/2026-11").await.expect(200);
        let cell = format!("{}.visits", field.ingrid.id);
        berit.submit(&page, "#grid", &[(&*cell, "4321")]).await.expect(303);
    })
    .await;
    assert_eq!(bell(&ingrid.get("/deals").await), ["1 new"]);
    assert_eq!(bell(&ingrid.get("/deals").await), ["1 new"]);
    let page = ingrid.get("/notices").await;
    ingrid.submit(&page, "main form", &[]).await.expect(303);
    ingrid.get("/notices").await.expect(200);
    assert_eq!(bell(&ingrid.get("/deals").await), [""; 0]);

    // The company's settings, people's roles and teams.
    seen_at_once(app, (&mut ingrid, "/my-month"), "Nordlys og sønner", async || {
        let page = astrid.get("/settings").await.expect(200);
        astrid.submit(&page, "form[action='/settings']", &[("name", "Nordlys og sønner")]).await.expect(303);
    })
    .await;
    let of_olav = format!("/reps/{}", field.olav.id);
    berit.get(&of_olav).await.expect(404);
    seen_at_once(app, (&mut berit, "/scoreboard"), "Olav", async || {
        let fields = [("team", &*field.north.to_string()), ("from", "2026-11-01")];
        astrid.post(&format!("/users/{}/team", field.olav.id), &fields).await.expect(303);
    })
    .await;
    berit.get(&of_olav).await.expect(200);
    assert!(ask(app, &mut berit, &of_olav).await.1);
    let version = sqlx::query_scalar!("select version from users where id = $1", field.berit.id.0);
    let version = version.fetch_one(&app.db).await.unwrap().to_string();
    let roles = [("roles", "rep"), ("version", &*version)];
    astrid.post(&format!("/users/{}/roles", field.berit.id), &roles).await.expect(303);
    berit.get(&of_olav).await.expect(303);
    let mut berit = app.client(field.berit).await;
    berit.get(&of_olav).await.expect(404);

    // An import, and taking it back.
    let mut list = app.client(field.finn).await;
    let mut done = None;
    seen_at_once(app, (&mut list, "/customers"), "Zulu", async || {
        let sent = send(&mut astrid, &[("customers.csv", "external_id,name,city\nC1,Zulu,Oslo\n")]).await.expect(303);
        let preview = astrid.follow(&sent).await.expect(200);
        astrid.submit(&preview, APPLY, &[]).await.expect(303);
        let page = astrid.get("/imports").await.expect(200);
        done = Some(page.attribute("main a[href^='/imports/done/']", "href"));
    })
    .await;
    assert!(ask(app, &mut list, "/customers").await.1);
    let done = astrid.get(&done.unwrap()).await.expect(200);
    astrid.submit(&done, "form[action$='/undo']", &[]).await.expect(303);
    assert!(!list.get("/customers").await.words().contains("Zulu"));
}

#[tokio::test]
async fn every_way_to_write_leaves_another_mark() {
    let app = TestApp::new().await;
    let (org, other) = (app.company("Nordlys").await, app.company("Sydlys").await);
    let user = app.user(org, "Astrid", &[Role::Admin]).await;
    let clock = app.app.clock;
    let mark = async |of: i64| {
        let mark = sqlx::query_scalar!("select mark from writes where org_id = $1", of);
        mark.fetch_one(&app.db).await.unwrap()
    };
    let others = mark(other.0).await;
    let mut seen = BTreeSet::from([others, mark(org.0).await]);
    for way in 0..6 {
        let begin = async || {
            match way {
                0 => tx::write(&app.db, org, Some(user.id), clock).await,
                1 => tx::alone(&app.db, org, None, clock).await,
                2 => tx::alone_soon(&app.db, org, clock).await.map(Option::unwrap),
                3 => tx::write_as_owner(&app.db, org, NOW).await,
                4 => tx::import(&app.db, org, user.id, clock).await,
                _ => tx::import_alone(&app.db, org, user.id, clock).await,
            }
            .unwrap()
        };
        let before = mark(org.0).await;
        let mut write = begin().await;
        sqlx::raw_sql("set constraints all deferred").execute(&mut *write).await.unwrap();
        drop(write);
        assert_eq!(mark(org.0).await, before, "nothing was written");
        begin().await.commit().await.unwrap();
        assert!(seen.insert(mark(org.0).await), "{way}");
    }
    assert_eq!(mark(other.0).await, others, "nobody else's");
    // Two writes side by side: the row of the mark is held for the commit only, so that neither waits before.
    let (one, two) = (app.write(org).await, app.write(org).await);
    two.commit().await.unwrap();
    one.commit().await.unwrap();
}

#[tokio::test]
async fn others_writes_and_sessions_leave_a_page_as_it_is() {
    let (field, _) = world().await;
    let app = &field.app;
    let mut ingrid = app.client(field.ingrid).await;
    ingrid.get("/my-month").await.expect(200);
    let sydlys = app.company("Sydlys").await;
    let stranger = app.user(sydlys, "Ingrid", &[Role::Rep]).await;
    assert!(ask(app, &mut ingrid, "/my-month").await.1, "another company writes");

    // Signing in and being there is no write. Another browser of the same person has pages, and keys, of its own.
    let mut phone = app.client(field.ingrid).await;
    let mut away = app.client(stranger).await;
    for browser in [&mut phone, &mut away] {
        assert!(!ask(app, browser, "/my-month").await.1);
        assert!(ask(app, browser, "/my-month").await.1);
    }
    assert!(!away.get("/my-month").await.words().contains("Nordlys"));
    assert!(ask(app, &mut ingrid, "/my-month").await.1);

    // A session that has ended finds nothing.
    ingrid.clone().post("/sign-out", &[]).await.expect(303);
    let answer = ingrid.get("/my-month").await.expect(303);
    assert!(answer.location().starts_with("/sign-in"));
    assert!(ask(app, &mut phone, "/my-month").await.1);
    sqlx::query!("delete from sessions where user_id = $1", field.ingrid.id.0).execute(&app.db).await.unwrap();
    phone.get("/my-month").await.expect(303);
}

#[tokio::test]
async fn nothing_is_older_than_a_minute_or_of_another_day() {
    let (field, havn) = world().await;
    let app = &field.app;
    let customer = format!("/customers/{havn}");
    for path in ["/my-month", &customer] {
        let mut ingrid = app.client(field.ingrid).await;
        ingrid.get(path).await.expect(200);
        for (later, kept) in [
            (Duration::ZERO, true),
            (Duration::seconds(59), true),
            (Duration::seconds(60), false),
            (Duration::seconds(119), true),
            (Duration::hours(11), false),
        ] {
            let app = app.later(later);
            assert_eq!(ask(&app, &mut ingrid.on(&app), path).await.1, kept, "{path} {later}");
        }
    }
    // What somebody changes by hand is seen when the minute is over, on boards too.
    let mut berit = app.client(field.berit).await;
    assert!(berit.get("/scoreboard").await.expect(200).words().contains("Jonas"));
    sqlx::query!("update users set name = 'Junes' where id = $1", field.jonas.id.0).execute(&app.db).await.unwrap();
    let later = app.later(Duration::MINUTE);
    let page = berit.on(&later).get("/scoreboard").await.expect(200).words();
    assert!(page.contains("Junes") && !page.contains("Jonas"), "{page}");
    // What the session look-up tells of the person counts at once.
    berit.get("/customers").await.expect(200);
    sqlx::query!("delete from user_roles where user_id = $1", field.berit.id.0).execute(&app.db).await.unwrap();
    berit.get("/customers").await.expect(403);
}

#[tokio::test]
async fn what_was_just_done_is_told_once() {
    let (field, havn) = world().await;
    let app = &field.app;
    let mut ingrid = app.client(field.ingrid).await;
    let path = format!("/customers/{havn}");
    ingrid.get(&path).await.expect(200);
    let done = ingrid.post(&format!("{path}/notes"), &[("note", "Strong coffee")]).await.expect(303);
    assert!(ingrid.cookies.contains_key("toast"));
    let mut before = ingrid.clone();
    before.cookies.remove("toast");
    before.get(&path).await.expect(200);
    let (told, kept) = ask(app, &mut ingrid, done.location()).await;
    assert!(!kept && told.has(".toast"), "{}", told.words());
    let (page, kept) = ask(app, &mut ingrid, &path).await;
    assert!(kept && !page.has(".toast"), "what was told is not kept");
}

#[tokio::test]
async fn whoever_views_as_somebody_else_has_pages_apart() {
    let (field, _) = world().await;
    let app = &field.app;
    let mut astrid = app.client(field.astrid).await;
    let own = astrid.get("/customers").await.expect(200);
    assert!(ask(app, &mut astrid, "/customers").await.1);
    astrid.post(&format!("/users/{}/viewing", field.ingrid.id), &[]).await.expect(303);
    astrid.get("/my-month").await.expect(200);
    let (seen, kept) = ask(app, &mut astrid, "/customers").await;
    assert!(!kept && seen.has("body > .strip"));
    let (seen, kept) = ask(app, &mut astrid, "/customers").await;
    assert!(kept && seen.has("body > .strip form[action='/viewing/end']"));
    astrid.submit(&seen, "form[action='/viewing/end']", &[]).await.expect(303);
    let later = app.later(Duration::seconds(1));
    let (page, _) = ask(&later, &mut astrid.on(&later), "/customers").await;
    assert!(!page.has("body > .strip"));
    assert_eq!(page.text("nav.nav"), own.text("nav.nav"));
    let mut ingrid = app.client(field.ingrid).await;
    assert!(!ingrid.get("/customers").await.has("body > .strip"));
}

#[tokio::test]
async fn a_form_of_its_own_key_is_no_key_of_a_page() {
    // Whoever types what looks like a form's field into a name changes nothing about the page.
    let field = Field::new().await;
    let typed = format!(r#"name="once" value="{}"#, Uuid::nil());
    field.customer(&typed, field.ingrid).await;
    let mut ingrid = field.app.client(field.ingrid).await;
    let first = ingrid.get("/customers").await.expect(200);
    let (again, kept) = ask(&field.app, &mut ingrid, "/customers").await;
    assert!(kept && again.words().contains(&typed));
    assert_eq!(without_keys(&first), without_keys(&again));
}
