//! Bad input on every form: a clear message or the first result, nothing lost, nothing doubled, never a fault.
//!
//! The forms come from the pages themselves, each with every field that it has: whoever adds a form adds nothing here.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::Method;
use scraper::{ElementRef, Html, Selector};
use uuid::Uuid;

use crate::{
    access::World,
    support::{Answer, Client},
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
/// Pages that have forms only with a query.
const MORE_PAGES: [&str; 3] = ["/plans/new?template=hunter", "/plans/new?template=newcomer", "/visits/new?again=1"];
/// Forms that end what the test stands on; so does one that lets the administrator view as somebody else.
const APART: [&str; 2] = ["/sign-out", "/profile/sign-out-elsewhere"];
/// A box that, once ticked, leads finance and administrators away from every form: `second_factor` has its own test.
const UNTICKED: &str = "second_factor_required";

/// A form as a page shows it.
struct Form {
    path: String,
    fields: Vec<Field>,
}

struct Field {
    name: String,
    /// What it holds, or what somebody might sensibly enter.
    value: String,
    /// Whether a person sees it.
    shown: bool,
    /// Whether it is a box or a button, which several may share a name.
    offered: bool,
    /// What it offers, if nothing else may be chosen.
    options: Vec<String>,
}

impl Form {
    /// The form as a browser would send it, one field with another value.
    fn filled(&self, name: &str, value: &str) -> String {
        let mut sent: Vec<(&str, &str)> = vec![];
        for field in &self.fields {
            sent.push((&field.name, if field.name == name { value } else { &field.value }));
        }
        let once = Uuid::new_v4().to_string();
        for (name, value) in &mut sent {
            if *name == "once" {
                *value = &once;
            }
        }
        serde_html_form::to_string(&sent).unwrap()
    }
}

/// Every form of every page that somebody of each role may open, each once.
async fn forms(world: &World) -> Vec<(Client, Form)> {
    let mut found: BTreeMap<String, (Client, Form)> = BTreeMap::new();
    let routes = attain::routes();
    let gets = routes.listed().iter().filter(|(method, _)| *method == Method::GET).map(|(_, path)| *path);
    let pages: BTreeSet<String> =
        gets.map(|path| world.path(path)).chain(MORE_PAGES.into_iter().map(str::to_owned)).collect();
    for browser in &mut world.browsers().await {
        for page in &pages {
            let answer = browser.get(page).await;
            if answer.status != 200 || !answer.header("content-type").starts_with("text/html") {
                continue;
            }
            for form in forms_of(&answer) {
                let key =
                    format!("{} {:?}", form.path, form.fields.iter().map(|field| &field.name).collect::<Vec<_>>());
                found.entry(key).or_insert_with(|| (browser.clone(), form));
            }
        }
    }
    found.into_values().collect()
}

fn forms_of(page: &Answer) -> Vec<Form> {
    let posts = Selector::parse("form[method=post]").unwrap();
    let named = Selector::parse("input[name], select[name], textarea[name]").unwrap();
    let named_or_button = Selector::parse("input[name], select[name], textarea[name], button[name]").unwrap();
    let plain_button = Selector::parse("button:not([name])").unwrap();
    let html = Html::parse_document(&page.body());
    let forms = html.select(&posts).map(|form| Form {
        path: form.attr("action").filter(|action| !action.is_empty()).unwrap_or(&page.path).to_owned(),
        // The plain button saves; those beside it add a line or leave.
        fields: match form.select(&plain_button).next() {
            Some(_) => form.select(&named).fold(vec![], gather),
            None => form.select(&named_or_button).fold(vec![], gather),
        },
    });
    forms
        .filter(|form| {
            !APART.contains(&&*form.path)
                && !form.path.ends_with("/viewing")
                && !form.path.starts_with("/profile/sessions/")
        })
        .collect()
}

/// Boxes and buttons of one name are one field with several offers; lines of a deal are fields of their own.
fn gather(mut fields: Vec<Field>, element: ElementRef<'_>) -> Vec<Field> {
    let new = field(element);
    let offers = |field: &Field| field.name == new.name && field.offered;
    match fields.iter_mut().find(|field| offers(field)) {
        Some(known) if new.offered => known.options.extend(new.options),
        _ if new.name == UNTICKED => {}
        _ => fields.push(new),
    }
    fields
}

fn field(element: ElementRef<'_>) -> Field {
    let kind = element.attr("type").unwrap_or("text");
    let option = Selector::parse("option").unwrap();
    let value = |option: ElementRef<'_>| option.attr("value").map_or_else(|| option.text().collect(), str::to_owned);
    let offered = matches!(kind, "radio" | "checkbox" | "submit") || element.value().name() == "button";
    let mut options: Vec<String> = element.select(&option).map(value).collect();
    options.extend(element.attr("value").filter(|_| offered).map(str::to_owned));
    let chosen = element.select(&option).find(|option| option.attr("selected").is_some()).map(value);
    let held = match element.value().name() {
        "select" => {
            chosen.filter(|value| !value.is_empty()).or_else(|| options.iter().rfind(|o| !o.is_empty()).cloned())
        }
        "textarea" => Some(element.text().collect()),
        _ => element.attr("value").map(str::to_owned),
    };
    let sensible = match (kind, element.attr("inputmode")) {
        ("date", _) => "2026-11-18",
        ("month", _) => "2026-12",
        ("time", _) => "10:30",
        ("email", _) => "somebody@example.com",
        ("number", _) | (_, Some("numeric" | "decimal")) => "10",
        ("hidden", _) => "",
        _ => "Something",
    };
    Field {
        name: element.attr("name").unwrap_or_default().to_owned(),
        value: held.filter(|value| !value.is_empty()).unwrap_or_else(|| sensible.to_owned()),
        shown: kind != "hidden" && kind != "password" && element.value().name() != "button",
        offered,
        options,
    }
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

#[tokio::test]
#[ignore = "takes minutes: make fields runs it"]
async fn every_field_of_every_form_bears_what_it_does_not_expect() {
    let world = World::new().await;
    let foreign = world.elsewhere();
    let long = "m".repeat(LONG);
    let (mut wrong, mut asked) = (vec![], 0);
    for (mut browser, form) in forms(&world).await {
        for field in &form.fields {
            let ids = field.options.iter().filter(|option| !option.is_empty());
            let offers_ids = ids.clone().count() > 0 && ids.clone().all(|option| option.parse::<i64>().is_ok());
            for bad in BAD.into_iter().chain([&*long]).chain(foreign.iter().map(String::as_str)) {
                let answer = browser.post_body(&form.path, form.filled(&field.name, bad)).await;
                asked += 1;
                let status = answer.status.as_u16();
                let shown: String = bad.chars().take(30).collect();
                let mut tell = |what: &str| {
                    let words: String = answer.texts("main").concat().chars().take(200).collect();
                    wrong.push(format!("{} {}={shown:?}: {status} {what}: {words}", form.path, field.name));
                };
                if !matches!(status, 200 | 303 | 400 | 403 | 404 | 409 | 410 | 413 | 422 | 429) {
                    tell("is a fault");
                }
                if status == 422 && !answer.has("[role=alert]") {
                    tell("does not say what is wrong");
                }
                // A browser with a select sends only what it offers: who sends something else is told so.
                if status == 422 && field.shown && field.options.is_empty() && !bad.contains('\0') {
                    let kept = answer.attributes("[name]", "value").into_iter().chain(answer.texts("textarea"));
                    if !bad.trim().is_empty() && !kept.into_iter().any(|kept| kept.contains(bad.trim())) {
                        tell("loses what was typed");
                    }
                }
                let offered = field.options.iter().any(|option| option == bad);
                if offers_ids && !offered && foreign.iter().any(|id| id == bad) && matches!(status, 200 | 303) {
                    tell("takes what is out of reach");
                }
            }
        }
    }
    assert!(asked > 3000, "only {asked} answers");
    assert!(wrong.is_empty(), "{} of {asked}:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn every_form_that_is_sent_twice_takes_effect_once() {
    let world = World::new().await;
    let mut done = 0;
    for (mut browser, form) in forms(&world).await {
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
    let world = World::new().await;
    let mut stale = 0;
    for (mut browser, form) in forms(&world).await {
        if form.fields.iter().any(|field| field.name == "version" && !field.value.is_empty()) {
            let answer = browser.post_body(&form.path, form.filled("version", "0")).await;
            assert!(matches!(answer.status.as_u16(), 409 | 422), "{}: {} {}", form.path, answer.status, answer.words());
            stale += 1;
        }
    }
    assert!(stale > 5, "only {stale} forms carry a version");
}
