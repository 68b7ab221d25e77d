//! Bad input on every form: a clear message or the first result, nothing lost, nothing doubled, never a fault.
//!
//! The forms come from the pages themselves, each with every field that it has: whoever adds a form adds nothing here.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::Method;
use scraper::{ElementRef, Html, Selector};

use crate::{
    access::World,
    every_form::{Field, forms, is_offered},
    support::{Answer, TestApp},
};

/// What people, scripts and broken browsers send instead of what a field asks for.
const BAD: [&str; 12] = [
    "",
    " ",
    "x",
    "a\0b",
    "0",
    "-1",
    "1000000000",
    "99999999999999999999",
    "9999-12-31",
    "2026-02-30",
    "<b>&\"'",
    "\u{202e}drawkcab",
];
/// Longer than any field, shorter than the largest form.
const LONG: usize = 20_000;

/// The route that answers a path, with or without a query: of several that fit the one with the most words of its own.
fn route_of(path: &str, routes: &BTreeSet<&'static str>) -> Option<&'static str> {
    let path: Vec<&str> = path.split('?').next()?.split('/').collect();
    let is_open = |part: &str| part.starts_with('{');
    let fits = |route: &&&str| {
        let route: Vec<&str> = route.split('/').collect();
        route.len() == path.len() && route.iter().zip(&path).all(|(part, sent)| is_open(part) || part == sent)
    };
    routes.iter().filter(fits).min_by_key(|route| route.split('/').filter(|part| is_open(part)).count()).copied()
}

/// How many rows each table has, without those of requests themselves.
async fn rows(world: &World) -> BTreeMap<String, i64> {
    let tables = sqlx::query_scalar!(
        r#"select table_name::text as "name!"
           from information_schema.tables
           where table_schema = 'public' and table_type = 'BASE TABLE'"#,
    )
    .fetch_all(&world.app.db)
    .await
    .unwrap();
    let mut rows = BTreeMap::new();
    for table in tables {
        let sql = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
        let count = sqlx::raw_sql(sql).fetch_one(&world.app.db).await.map(|row| sqlx::Row::get(&row, 0)).unwrap();
        rows.insert(table, count);
    }
    rows
}

/// Whether a field offers records of the company.
fn offers_ids(field: &Field) -> bool {
    let mut ids = field.options.iter().filter(|option| !option.is_empty()).peekable();
    ids.peek().is_some() && ids.all(|option| option.parse::<i64>().is_ok())
}

/// Whether what a field holds or offers may be the id of a record: only there the ids of others are more than numbers.
fn names_records(field: &Field) -> bool {
    offers_ids(field) || (!field.shown && field.value.parse::<i64>().is_ok())
}

/// A form that came back.
struct Again {
    says_what_is_wrong: bool,
    /// What its fields hold.
    kept: Vec<String>,
}

impl Again {
    fn of(answer: &Answer) -> Self {
        let (alert, named) = (Selector::parse("[role=alert]").unwrap(), Selector::parse("[name], textarea").unwrap());
        let page = Html::parse_document(&answer.body());
        let held = |field: ElementRef<'_>| match field.value().name() {
            "textarea" => Some(field.text().collect()),
            _ => field.attr("value").map(str::to_owned),
        };
        Self {
            says_what_is_wrong: page.select(&alert).next().is_some(),
            kept: page.select(&named).filter_map(held).collect(),
        }
    }
}

#[tokio::test]
async fn every_field_of_every_form_bears_what_it_does_not_expect() {
    let (world, empty) = (World::new().await, TestApp::new().await);
    let foreign = world.elsewhere();
    let long = "m".repeat(LONG);
    let routes = attain::routes();
    let posts: BTreeSet<&str> =
        routes.listed().iter().filter(|(method, _)| *method == Method::POST).map(|(_, path)| *path).collect();
    let (mut wrong, mut asked, mut tried) = (vec![], 0, BTreeSet::new());
    let none = Field::default();
    for (mut browser, form) in forms(&world, &empty).await {
        tried.extend(route_of(&form.path, &posts));
        // Last as its page has it.
        for field in form.fields.iter().chain([&none]) {
            let bad = BAD.into_iter().chain([&*long]).filter(|_| !field.name.is_empty());
            let ids = foreign.iter().map(String::as_str).filter(|_| names_records(field));
            let right = [""].into_iter().filter(|_| field.name.is_empty());
            for bad in bad.chain(ids).chain(right) {
                let answer = browser.post_body(&form.path, form.filled(&field.name, bad)).await;
                asked += 1;
                let status = answer.status.as_u16();
                let shown: String = bad.chars().take(30).collect();
                let is_at_the_door = status == 303 && answer.location().starts_with("/sign-in");
                let mut tell = |what: &str| {
                    let words: String = answer.texts("main").concat().chars().take(200).collect();
                    wrong.push(format!("{} {}={shown:?}: {status} {what}: {words}", form.path, field.name));
                };
                if !matches!(status, 200 | 303 | 400 | 403 | 404 | 409 | 410 | 413 | 422 | 429) {
                    tell("is a fault");
                }
                if is_at_the_door && !form.ends() {
                    tell("tries nothing: nobody is signed in");
                }
                // To end something twice is to end it.
                if field.name == "once" && matches!(status, 200 | 303) && !form.ends() {
                    tell("takes a key that no page has drawn");
                }
                let page = (status == 422).then(|| Again::of(&answer));
                if page.as_ref().is_some_and(|page| !page.says_what_is_wrong) {
                    tell("does not say what is wrong");
                }
                // A browser with a select sends only what it offers: who sends something else is told so.
                if let Some(page) = page
                    && field.shown
                    && field.options.is_empty()
                    && !bad.contains('\0')
                {
                    let is_kept = bad.trim().is_empty() || page.kept.iter().any(|kept| kept.contains(bad.trim()));
                    // What a right answer has ended meanwhile has no field any more.
                    if !is_kept && is_offered(&mut browser, &form).await {
                        tell("loses what was typed");
                    }
                }
                let offered = field.options.iter().any(|option| option == bad);
                if offers_ids(field) && !offered && foreign.iter().any(|id| id == bad) && matches!(status, 200 | 303) {
                    tell("takes what is out of reach");
                }
            }
        }
    }
    assert!(asked > 3000, "only {asked} answers");
    let unsent = posts.iter().filter(|route| !tried.contains(*route));
    wrong.extend(unsent.map(|route| format!("{route}: no page that was opened has a form for it, arrange one")));
    assert!(wrong.is_empty(), "{} of {asked}:\n{}", wrong.len(), wrong.join("\n"));
}

/// What stands in an address instead of an id or a day.
const BAD_IDS: [&str; 7] = ["0", "-1", "x", "99999999999999999999", "9999-12-31", "%00", "%ff"];

#[tokio::test]
async fn every_address_bears_ids_that_are_none() {
    let world = World::new().await;
    let long = "7".repeat(2000);
    let routes = attain::routes();
    let posts = routes.listed().iter().filter(|(method, _)| *method == Method::POST).map(|(_, path)| *path);
    let (mut wrong, mut asked) = (vec![], 0);
    for browser in &mut world.browsers().await[1..] {
        for route in posts.clone().filter(|route| !route.ends_with("/viewing")) {
            let parts: Vec<&str> = route.split('/').collect();
            let path = world.path(route);
            for at in (0..parts.len()).filter(|&at| parts[at].starts_with('{')) {
                for bad in BAD_IDS.into_iter().chain([&*long]) {
                    let mut sent: Vec<&str> = path.split('/').collect();
                    sent[at] = bad;
                    let sent = sent.join("/");
                    let answer = browser.post(&sent, &[]).await;
                    asked += 1;
                    if !matches!(answer.status.as_u16(), 400 | 403 | 404 | 409 | 410 | 414 | 422) {
                        wrong.push(format!("{}: {}", sent.chars().take(80).collect::<String>(), answer.status));
                    }
                }
            }
        }
    }
    assert!(asked > 1500, "only {asked} answers");
    assert!(wrong.is_empty(), "{} of {asked}:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn every_form_that_is_sent_twice_takes_effect_once() {
    let (world, empty) = (World::new().await, TestApp::new().await);
    let mut done = 0;
    for (mut browser, form) in forms(&world, &empty).await {
        if form.ends() {
            continue;
        }
        let body = form.filled("", "");
        let first = browser.post_body(&form.path, body.clone()).await;
        if first.status != 303 {
            continue;
        }
        done += 1;
        let before = rows(&world).await;
        let second = browser.post_body(&form.path, body).await;
        assert_eq!(
            (second.status, second.header("location")),
            (first.status, first.header("location")),
            "{}",
            form.path
        );
        assert_eq!(rows(&world).await, before, "{}", form.path);
    }
    assert!(done > 15, "only {done} forms did something");
}

#[tokio::test]
async fn every_form_of_a_stale_page_is_told_so() {
    let (world, empty) = (World::new().await, TestApp::new().await);
    let mut stale = 0;
    for (mut browser, form) in forms(&world, &empty).await {
        // What the password was asked for is looked at once it is given.
        let is_stale = form.fields.iter().any(|field| field.name == "version" && !field.value.is_empty());
        if is_stale && form.path != "/confirm-password" {
            let answer = browser.post_body(&form.path, form.filled("version", "0")).await;
            assert!(matches!(answer.status.as_u16(), 409 | 422), "{}: {} {}", form.path, answer.status, answer.words());
            stale += 1;
        }
    }
    assert!(stale > 5, "only {stale} forms carry a version");
}
