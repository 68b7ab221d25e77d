//! Bad input on every form: a clear message or the first result, nothing lost, nothing doubled, never a fault.
//!
//! The forms come from the pages themselves, each with every field that it has: whoever adds a form adds nothing here.

use std::collections::BTreeSet;

use axum::http::Method;

use crate::{
    access::{World, number_from},
    crawl::{crawl, pages},
    every_form::{EMAIL, Field, Form, filters_of, forms, offered, renew},
    support::{Answer, Client, TestApp},
};

/// What people, scripts and broken browsers send instead of what a field asks for.
const BAD: [&str; 29] = [
    "",
    " ",
    "x",
    "a\0b",
    "0",
    "-1",
    "1000000000",
    "99999999999999999999",
    "1e9",
    "NaN",
    "9999-12-31",
    "0000-00-00",
    "2026-02-30",
    "<b>&\"'",
    "\u{202e}drawkcab",
    "in\u{200b}vi\u{200d}si\u{feff}ble",
    "\u{200b}",
    "\u{1f98a}\u{1f3f3}\u{fe0f}\u{200d}\u{1f308}",
    "a\r\nb: c",
    "{{7*7}}",
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    "\"'>",
    "../../etc/passwd",
    "' or 1=1 --",
    "//evil.example",
    NO_TEXT,
    LONG,
    HUGE,
];
/// Sent as the bytes of half a surrogate pair, which are no UTF-8.
const NO_TEXT: &str = "NO-TEXT";
/// Sent as 20,000 letters: longer than any field, shorter than the largest form.
const LONG: &str = "LONG";
/// Sent as 100,000 letters: longer than most forms.
const HUGE: &str = "HUGE";
/// How many of them a field meets, unless `FIELDS=all` asks for all: the next field meets the next ones.
const AT_A_TIME: usize = 4;
/// What is saved wherever it is taken, and must never come back as it is: on a page, or in a cell of a file.
const HOSTILE: &str = "=1+1<script>alert(1)</script>\"'>";

/// The route that answers a path, with or without a query: of several that fit the one with the most words of its own.
pub fn route_of(path: &str, routes: &BTreeSet<&'static str>) -> Option<&'static str> {
    let path: Vec<&str> = path.split('?').next()?.split('/').collect();
    let is_open = |part: &str| part.starts_with('{');
    let fits = |route: &&&str| {
        let route: Vec<&str> = route.split('/').collect();
        route.len() == path.len() && route.iter().zip(&path).all(|(part, sent)| is_open(part) || part == sent)
    };
    routes.iter().filter(fits).min_by_key(|route| route.split('/').filter(|part| is_open(part)).count()).copied()
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

/// Which bad values the fields meet, one after the other: all of them, or a window that moves on with every field.
struct Deck {
    next: usize,
    at_a_time: usize,
}

impl Deck {
    /// From a seed: `FIELDS_SEED` deals again what failed.
    fn new(seed: usize) -> Self {
        let all = std::env::var("FIELDS").is_ok_and(|fields| fields == "all");
        Self { next: seed % BAD.len(), at_a_time: if all { BAD.len() } else { AT_A_TIME } }
    }

    fn seed() -> usize {
        let given = std::env::var("FIELDS_SEED").ok().and_then(|seed| seed.parse().ok());
        given.unwrap_or_else(|| usize::from(uuid::Uuid::new_v4().as_bytes()[0]))
    }

    fn deal<'a>(&mut self) -> impl Iterator<Item = &'a str> + use<'a> {
        let from = self.next;
        self.next = (from + self.at_a_time) % BAD.len();
        (from..from + self.at_a_time).map(|at| BAD[at % BAD.len()])
    }
}

/// A form with a bad value in a field, as it is sent.
fn damaged(form: &Form, field: &str, bad: &str) -> String {
    let body = form.filled(field, bad);
    match bad {
        NO_TEXT => body.replace(NO_TEXT, "%ED%A0%80"),
        LONG => body.replace(LONG, &"m".repeat(20_000)),
        HUGE => body.replace(HUGE, &"m".repeat(100_000)),
        _ => body,
    }
}

fn is_page(answer: &Answer) -> bool {
    answer.header("content-type").starts_with("text/html")
}

/// Whether an answer has this; it is faster than to read the page.
fn shows(answer: &Answer, what: &str) -> bool {
    String::from_utf8_lossy(&answer.bytes).contains(what)
}

/// Whether a field of a page that came back holds what was typed.
fn keeps(answer: &Answer, typed: &str) -> bool {
    let escaped = ["&#38;", "&#60;", "&#62;", "&#34;", "&#39;"].into_iter().zip(['&', '<', '>', '"', '\'']);
    let typed = escaped.fold(typed.trim().to_owned(), |typed, (code, plain)| typed.replace(plain, code));
    let body = String::from_utf8_lossy(&answer.bytes);
    let inputs = body.split("value=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let areas = body.split("<textarea").skip(1).filter_map(|rest| rest.split("</textarea").next());
    inputs.chain(areas).any(|held| held.contains(&*typed))
}

/// What is wrong with the answer to any form.
fn faults(form: &Form, answer: &Answer) -> Vec<&'static str> {
    let status = answer.status.as_u16();
    let leads = answer.header("location");
    let faults = [
        (!matches!(status, 200 | 303 | 400 | 403 | 404 | 409 | 410 | 413 | 422 | 429), "is a fault"),
        (status == 303 && leads.starts_with("/sign-in") && !form.ends(), "tries nothing: nobody is signed in"),
        (status == 303 && (!leads.starts_with('/') || leads.starts_with("//")), "leads to another site"),
        (status == 422 && !shows(answer, "role=\"alert\""), "does not say what is wrong"),
        (is_page(answer) && shows(answer, "<script>alert"), "is a page with a script of somebody"),
    ];
    faults.into_iter().filter(|(is_wrong, _)| *is_wrong).map(|(_, what)| what).collect()
}

/// What is wrong with the answer to a bad value in a field.
async fn faults_of(browser: &mut Client, form: &Form, field: &Field, bad: &str, answer: &Answer) -> Vec<&'static str> {
    let mut faults = faults(form, answer);
    let status = answer.status.as_u16();
    // To end something twice is to end it.
    if field.name == "once" && matches!(status, 200 | 303) && !form.ends() {
        faults.push("takes a key that no page has drawn");
    }
    // A browser with a select sends only what it offers: who sends something else is told so.
    if status == 422 && field.shown && field.options.is_empty() && !["a\0b", NO_TEXT].contains(&bad) {
        let typed = if [LONG, HUGE].contains(&bad) { "mmmmmmmmmm" } else { bad };
        // What a right answer has ended meanwhile has no field any more.
        if !bad.trim().is_empty() && !keeps(answer, typed) && offered(browser, form).await.is_some() {
            faults.push("loses what was typed");
        }
    }
    faults
}

#[tokio::test]
async fn every_field_of_every_form_bears_what_it_does_not_expect() {
    let (world, empty) = (World::new().await, TestApp::new().await);
    let foreign = world.elsewhere();
    // What is arranged from here on has no id that something of others has as well.
    number_from(&world.app.db, "510000000").await;
    let routes = attain::routes();
    let posts: BTreeSet<&str> =
        routes.listed().iter().filter(|(method, _)| *method == Method::POST).map(|(_, path)| *path).collect();
    let seed = Deck::seed();
    let mut deck = Deck::new(seed);
    let (mut wrong, mut asked, mut tried, mut met) = (vec![], 0, BTreeSet::new(), BTreeSet::new());
    for (mut browser, mut form) in forms(&world, &empty).await {
        tried.extend(route_of(&form.path, &posts));
        renew(&mut browser, &mut form).await;
        for field in form.fields.clone() {
            let ids = foreign.iter().map(String::as_str).filter(|_| names_records(&field));
            for bad in deck.deal().chain(ids) {
                let answer = browser.post_body(&form.path, damaged(&form, &field.name, bad)).await;
                asked += 1;
                met.insert(bad);
                let mut faults = faults_of(&mut browser, &form, &field, bad, &answer).await;
                if answer.status == 303 {
                    renew(&mut browser, &mut form).await;
                }
                let is_taken = matches!(answer.status.as_u16(), 200 | 303);
                let is_own = field.options.iter().any(|option| option == bad);
                if is_taken && offers_ids(&field) && !is_own && foreign.iter().any(|id| id == bad) {
                    faults.push("takes what is out of reach");
                }
                wrong.extend(faults.iter().map(|what| told(&form, &format!("{}={bad:?}", field.name), what, &answer)));
            }
        }
        // What is hostile, in all fields at once or in those that take it; and at last the form as its page has it.
        let free: Vec<String> =
            form.fields.iter().filter(|field| field.is_free).map(|field| field.name.clone()).collect();
        let all = [&*free].into_iter().filter(|free| free.len() > 1);
        for (at, names) in all.chain(free.chunks(1)).chain([&[][..]]).enumerate() {
            let address = format!("hostile{at}@example.com");
            let body = form.with(|field| match &*field.value {
                _ if names.contains(&field.name) => Some(HOSTILE),
                EMAIL => Some(&address),
                _ => None,
            });
            let answer = browser.post_body(&form.path, body).await;
            asked += 1;
            if answer.status == 303 {
                renew(&mut browser, &mut form).await;
            }
            wrong.extend(faults(&form, &answer).iter().map(|what| told(&form, "whole", what, &answer)));
        }
    }
    let unsent = posts.iter().filter(|route| !tried.contains(*route));
    wrong.extend(unsent.map(|route| format!("{route}: no page that was opened has a form for it, arrange one")));
    wrong.extend(escaped_everywhere(&world).await);
    assert!(asked > 3000 && BAD.iter().all(|bad| met.contains(bad)), "only {asked} answers, to {met:?}");
    assert!(wrong.is_empty(), "FIELDS_SEED={seed}: {} of {asked}:\n{}", wrong.len(), wrong.join("\n"));
}

fn told(form: &Form, sent: &str, what: &str, answer: &Answer) -> String {
    let words: String = answer.words().chars().take(200).collect();
    format!("{} {sent}: {} {what}: {words}", form.path, answer.status)
}

/// What a spreadsheet would run of a CSV file, and whether something of it was disarmed.
fn formulas(file: &Answer) -> (Vec<String>, bool) {
    let (mut wrong, mut is_guarded) = (vec![], false);
    for record in csv::Reader::from_reader(&*file.bytes).into_records() {
        for cell in &record.unwrap() {
            let is_number = cell.parse::<rust_decimal::Decimal>().is_ok();
            if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']) && !is_number {
                wrong.push(format!("{} has the formula {cell:?}", file.path));
            }
            is_guarded |= cell.starts_with("'=");
        }
    }
    (wrong, is_guarded)
}

/// Opens whatever everybody may, after hostile text was saved wherever it was taken: what shows it as it is.
async fn escaped_everywhere(world: &World) -> Vec<String> {
    let (mut wrong, mut escaped, mut guarded) = (vec![], BTreeSet::new(), BTreeSet::new());
    for browser in &mut world.browsers().await[1..] {
        crawl(browser, pages(world), |path, answer| {
            if answer.status.is_server_error() {
                wrong.push(format!("{path}: {}", answer.status));
            }
            if is_page(answer) && (shows(answer, "<script>alert") || shows(answer, "\"'>")) {
                wrong.push(format!("{path} shows what was typed as it is"));
            }
            if shows(answer, "&#60;script&#62;alert") {
                escaped.insert(path.to_owned());
            }
            if answer.header("content-type").starts_with("text/csv") {
                let (formulas, is_guarded) = formulas(answer);
                wrong.extend(formulas);
                guarded.extend(is_guarded.then(|| path.to_owned()));
            }
        })
        .await;
    }
    // Files that are asked for with a form.
    let mut finance = world.app.client(world.people[2]).await;
    for path in [world.path("/commission-runs/{id}/lines.csv"), "/statements.csv".to_owned()] {
        let answer = finance.post(&path, &[]).await.expect(200);
        assert!(answer.body().lines().count() > 1, "{path} has no rows");
        wrong.extend(formulas(&answer).0);
    }
    if escaped.len() < 50 || guarded.len() < 2 {
        wrong.push(format!("hostile text was seen on {escaped:?} and in {guarded:?} only"));
    }
    wrong
}

/// What is wrong with the answer to a bad address.
fn faults_of_page(answer: &Answer) -> Vec<&'static str> {
    let leads = answer.header("location");
    let faults = [
        (!matches!(answer.status.as_u16(), 200 | 303 | 400 | 403 | 404 | 409 | 410 | 422), "is a fault"),
        (answer.status == 303 && (!leads.starts_with('/') || leads.starts_with("//")), "leads to another site"),
        (is_page(answer) && shows(answer, "<script>alert"), "is a page with a script of somebody"),
    ];
    faults.into_iter().filter(|(is_wrong, _)| *is_wrong).map(|(_, what)| what).collect()
}

#[tokio::test]
async fn every_filter_and_every_address_bears_what_it_does_not_expect() {
    let world = World::new().await;
    let (foreign, beside) = (world.elsewhere(), world.beside());
    let routes = attain::routes();
    let gets = routes.listed().iter().filter(|(method, _)| *method == Method::GET).map(|(_, path)| *path);
    let seed = Deck::seed();
    let mut deck = Deck::new(seed);
    let (mut wrong, mut asked, mut reached, mut filters) = (vec![], 0, 0, BTreeSet::new());
    for (role, browser) in (0..).zip(&mut world.browsers().await) {
        // Rep and manager do not see what is Olav's; nobody sees what is Olga's, of another company.
        let (ids, names) = if role < 3 { (&beside[..], &["Olav", "Olga"][..]) } else { (&[][..], &["Olga"][..]) };
        let hidden: Vec<&str> = foreign.iter().chain(ids).map(String::as_str).collect();
        let mut known = BTreeSet::new();
        for route in gets.clone() {
            let path = world.path(route);
            let parts: Vec<&str> = route.split('/').collect();
            for at in (0..parts.len()).filter(|&at| parts[at].starts_with('{')) {
                for bad in BAD_IDS.into_iter().chain(["%3Cscript%3Ealert(1)%3C%2Fscript%3E"]) {
                    let mut sent: Vec<&str> = path.split('/').collect();
                    sent[at] = bad;
                    let answer = browser.get(&sent.join("/")).await;
                    asked += 1;
                    wrong.extend(faults_of_page(&answer).iter().map(|what| format!("{role} {}: {what}", answer.path)));
                }
            }
            let page = browser.get(&path).await;
            let forms = if page.status == 200 && is_page(&page) { filters_of(&page) } else { vec![] };
            for form in forms {
                let action = form.path.split('?').next().unwrap().to_owned();
                filters.extend(route_of(&action, &gets.clone().collect()));
                for field in &form.fields {
                    if !known.insert((action.clone(), field.name.clone())) {
                        continue;
                    }
                    let ids = hidden.iter().copied().filter(|_| names_records(field));
                    // No browser writes 100,000 letters into an address.
                    for bad in deck.deal().filter(|bad| *bad != HUGE).chain(ids) {
                        let answer = browser.get(&format!("{action}?{}", damaged(&form, &field.name, bad))).await;
                        asked += 1;
                        let mut faults = faults_of_page(&answer);
                        // Records of different kinds have the same ids: whether something is shown, its people tell.
                        if names.iter().any(|name| shows(&answer, name) && !shows(&page, name)) {
                            faults.push("shows what is out of sight");
                        }
                        reached += usize::from(hidden.contains(&bad));
                        let told =
                            |what: &&str| format!("{role} {action} {}={bad:?}: {} {what}", field.name, answer.status);
                        wrong.extend(faults.iter().map(told));
                    }
                }
            }
        }
    }
    assert!(asked > 1000 && reached > 100 && filters.len() > 15, "only {asked} answers, {reached}, of {filters:?}");
    assert!(wrong.is_empty(), "FIELDS_SEED={seed}: {} of {asked}:\n{}", wrong.len(), wrong.join("\n"));
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
