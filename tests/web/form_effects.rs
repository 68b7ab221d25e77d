//! What a form does, it does once, for its own site and by its own fields: two equal worlds end equal.
//!
//! In the one every form is sent once, as its page has it. In the other it is sent from another site first, then from a
//! stale page, then with fields that it does not have, and then again. Every column of every table is compared.

use std::collections::{BTreeMap, BTreeSet};

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use sqlx::{AssertSqlSafe, PgPool};

use crate::{
    access::World,
    bad_input::route_of,
    every_form::{Form, forms, renew},
    support::{Answer, Client, TestApp},
};

/// Fields that somebody might hope to be read, beside every column that there is.
const HOPED_FOR: [(&str, &str); 18] = [
    ("role", "admin"),
    ("roles", "admin"),
    ("is_admin", "true"),
    ("admin", "on"),
    ("permissions", "ManagePeople"),
    ("scope", "all"),
    ("state", "approved"),
    ("status", "paid"),
    ("stage", "won"),
    ("approved", "true"),
    ("confirmed", "true"),
    ("locked", "true"),
    ("paid", "true"),
    ("total", "987654"),
    ("amount", "987654"),
    ("net", "987654"),
    ("rate", "9"),
    ("version", "1"),
];

/// Fields that forms read whether their page has them or not: why what is settled changes, the row of a grid, what a visit
/// has on other days.
const READ_ANYWAY: [&str; 5] = ["reason", "level", "starts_at", "minutes", "outcome"];

/// Where a field that is not of the form is refused, and nothing done.
const REFUSED: [&str; 1] = ["/targets/{period}"];

/// A form before it has done what it is about, or moved it on: it is told so (409, 404).
const DONE: &str = "something before it was done first";
/// It wants a password or a code that the test does not enter.
const SECRET: &str = "it wants a secret";
/// It wants a file, and is sent without one.
const FILE: &str = "it wants a file";
/// As its page has it, it is refused in words: several fields have to fit each other.
const WHOLE: &str = "it is not whole";
/// Its address is drawn at random: see [`is_drawn`].
const DRAWN: &str = "it is sent from another site only";

/// Forms of which none does anything here, in order, and why. Both worlds refuse them alike, and nothing is left of them;
/// all others do what they are for.
const IDLE: [(&str, &str); 39] = [
    ("/commission-runs/{id}/holds/{hold}/release", DONE),
    ("/commission-runs/{id}/reps/{rep}", DONE),
    ("/commission-runs/{id}/submission", DONE),
    ("/confirm-password", SECRET),
    ("/customers/{id}/merge", WHOLE),
    ("/customers/{id}/proposals/{proposal}/reject", DONE),
    ("/customers/{id}/proposals/{proposal}/withdraw", DONE),
    ("/deals/{id}/confirm", DONE),
    ("/deals/{id}/confirm/undo", DONE),
    ("/deals/{id}/give", DONE),
    ("/deals/{id}/lose", DONE),
    ("/deals/{id}/return", DONE),
    ("/deals/{id}/win/undo", DONE),
    ("/disputes/{id}/messages", DONE),
    ("/disputes/{id}/refusal", DONE),
    ("/disputes/{id}/withdrawal", DONE),
    ("/imports", FILE),
    ("/imports/{id}/apply", DONE),
    ("/invitations/{token}", SECRET),
    ("/plans", WHOLE),
    ("/plans/{id}/versions", WHOLE),
    ("/profile/password", SECRET),
    ("/profile/second-factor/new", SECRET),
    ("/profile/second-factor/off", SECRET),
    ("/profile/sessions/{key}/end", DRAWN),
    ("/settings/holidays/file", FILE),
    ("/settings/limits", WHOLE),
    ("/setup", SECRET),
    ("/sign-in", SECRET),
    ("/sign-in/code", SECRET),
    ("/statements/{id}/approval", DONE),
    ("/statements/{id}/lines/{line}/dispute", WHOLE),
    ("/targets/{period}/acceptance", DONE),
    // A period was locked since its page was drawn: to move a team wants a reason now.
    ("/teams/{id}", WHOLE),
    ("/users/{id}/departure", DONE),
    ("/users/{id}/invitation", DONE),
    ("/visits/{id}/done", DONE),
    ("/visits/{id}/missed", DONE),
    ("/visits/{id}/remove-later", DONE),
];

/// Tables that count what was asked, not what was done.
const COUNTING: [&str; 1] = ["throttle"];

/// Every column of a company's tables with a value that it would take: ids are those of another company.
async fn planted(world: &World) -> BTreeMap<String, String> {
    let columns = sqlx::query!(
        r#"select distinct column_name::text as "name!", data_type::text as "kind!"
           from information_schema.columns
           where table_schema = 'public' and table_name not like 'import\_%' and table_name not like '\_sqlx%'"#,
    )
    .fetch_all(&world.app.db)
    .await
    .unwrap();
    let foreign = world.reps[2];
    let value = |kind: &str| match kind {
        "bigint" | "integer" | "smallint" | "numeric" => foreign.id.to_string(),
        "boolean" => "true".to_owned(),
        "date" => "2020-01-01".to_owned(),
        kind if kind.starts_with("timestamp") => "2020-01-01T00:00:00Z".to_owned(),
        _ => "Planted".to_owned(),
    };
    let mut planted: BTreeMap<String, String> =
        columns.into_iter().map(|column| (column.name, value(&column.kind))).collect();
    planted.extend(HOPED_FOR.map(|(name, value)| (name.to_owned(), value.to_owned())));
    for name in ["org", "org_id", "organization", "organization_id", "company"] {
        planted.insert(name.to_owned(), foreign.org.to_string());
    }
    for name in ["user", "rep", "owner", "approver", "actor", "viewer", "prepared_by", "approved_by"] {
        planted.insert(name.to_owned(), foreign.id.to_string());
    }
    planted.retain(|name, _| !READ_ANYWAY.contains(&&**name));
    planted
}

/// Every row of every table as text, without what is drawn at random: keys, tokens and hashes.
async fn everything(db: &PgPool) -> BTreeSet<String> {
    let tables = sqlx::query!(
        r#"select table_name::text as "name!",
               coalesce(array_agg(column_name::text) filter (
                   where data_type in ('bytea', 'uuid') or column_name = 'password_hash'), '{}') as "random!"
           from information_schema.columns
           join information_schema.tables using (table_schema, table_name)
           where table_schema = 'public' and table_type = 'BASE TABLE'
           group by 1"#,
    )
    .fetch_all(db)
    .await
    .unwrap();
    let all: Vec<String> = tables
        .iter()
        .filter(|table| !COUNTING.contains(&&*table.name) && !table.name.starts_with("_sqlx"))
        .map(|table| {
            let (name, random) = (&table.name, table.random.join(","));
            format!(
                "select '{name} ' || (row_number() over (partition by line)) || ' ' || line
                 from (select (to_jsonb(t) - '{{{random}}}'::text[])::text as line from {name} t) t",
            )
        })
        .collect();
    let rows = sqlx::raw_sql(AssertSqlSafe(all.join("\nunion all\n"))).fetch_all(db).await.unwrap();
    rows.iter().map(|row| sqlx::Row::get(row, 0)).collect()
}

/// Sends a form as a page of another site would.
async fn from_another_site(browser: &mut Client, form: &Form) -> Answer {
    let request = Request::post(&form.path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "cross-site")
        .header(header::ORIGIN, "https://evil.example")
        .body(Body::from(form.filled("", "")));
    browser.send(request.unwrap()).await
}

/// Whether the keys of both worlds' forms differ: those of sessions, which are drawn at random, in an order of their own.
fn is_drawn(form: &Form) -> bool {
    form.path.starts_with("/profile/sessions/")
}

#[tokio::test]
async fn every_form_takes_effect_once_from_its_own_page_by_its_own_fields() {
    let ((calm, calm_empty), (tried, tried_empty)) =
        ((World::new().await, TestApp::new().await), (World::new().await, TestApp::new().await));
    let planted = planted(&tried).await;
    let (expected, sent) = (forms(&calm, &calm_empty).await, forms(&tried, &tried_empty).await);
    assert_eq!(expected.len(), sent.len(), "both worlds have the same forms");
    let routes = attain::routes();
    let posts: BTreeSet<&str> =
        routes.listed().iter().filter(|(method, _)| *method == Method::POST).map(|(_, path)| *path).collect();
    let (mut wrong, mut done, mut stale, mut reached, mut acted) = (vec![], 0, 0, BTreeSet::new(), BTreeSet::new());
    let mut refused = BTreeMap::new();
    for ((mut calm, mut own), (mut browser, mut form)) in expected.into_iter().zip(sent) {
        let route = route_of(&form.path, &posts);
        assert_eq!(route_of(&own.path, &posts), route, "both worlds have the same forms");
        reached.extend(route);
        renew(&mut calm, &mut own).await;
        renew(&mut browser, &mut form).await;
        let mut tell = |what: &str, answer: &Answer| {
            wrong.push(format!("{}: {} {what}: {}", form.path, answer.status, answer.words()));
        };
        let foreign = from_another_site(&mut browser, &form).await;
        if foreign.status != 403 {
            tell("from another site", &foreign);
        }
        if is_drawn(&form) {
            continue;
        }
        // What the password was asked for is looked at once it is given.
        let is_stale = form.fields.iter().any(|field| field.name == "version" && !field.value.is_empty());
        if is_stale && form.path != "/confirm-password" {
            stale += 1;
            let answer = browser.post_body(&form.path, form.filled("version", "0")).await;
            if !matches!(answer.status.as_u16(), 409 | 422) {
                tell("from a stale page", &answer);
            }
        }
        let right = calm.post_body(&own.path, own.filled("", "")).await;
        let more: Vec<(&String, &String)> =
            planted.iter().filter(|(name, _)| !form.fields.iter().any(|field| field.name == **name)).collect();
        let mut body = format!("{}&{}", form.filled("", ""), serde_html_form::to_string(&more).unwrap());
        let mut answer = browser.post_body(&form.path, body.clone()).await;
        if route.is_some_and(|route| REFUSED.contains(&route)) {
            if answer.status != 400 {
                tell("with more fields", &answer);
            }
            body = form.filled("", "");
            answer = browser.post_body(&form.path, body.clone()).await;
        }
        if (answer.status, answer.header("location")) != (right.status, right.header("location")) {
            tell(&format!("with more fields, not {} {}", right.status, right.header("location")), &answer);
        }
        if matches!(answer.status.as_u16(), 200 | 303) {
            acted.extend(route);
        } else if let Some(route) = route {
            refused.insert(route, format!("{} {}", answer.status, answer.words()));
        }
        if answer.status == 303 && !form.ends() {
            done += 1;
            let again = browser.post_body(&form.path, body).await;
            if (again.status, again.header("location")) != (answer.status, answer.header("location")) {
                tell("sent again", &again);
            }
        }
    }
    let unsent: Vec<&&str> = posts.difference(&reached).collect();
    assert!(unsent.is_empty(), "no page has a form for {unsent:?}");
    let idle: Vec<&str> = posts.difference(&acted).copied().collect();
    assert_eq!(idle, IDLE.map(|(route, _)| route), "forms that did nothing: {refused:#?}");
    // What is said of them is so: what wants a secret, a file or more is refused, what came too late is told so.
    for (route, why) in IDLE {
        let expected: &[&str] = match why {
            SECRET => &["422", "403"],
            FILE => &["400"],
            WHOLE => &["422"],
            DRAWN => &[],
            _ => &["409", "404"],
        };
        let told = refused.get(route).map(|told| told.split(' ').next().unwrap());
        assert!(told.map_or(expected.is_empty(), |told| expected.contains(&told)), "{route}, {why}: {told:?}");
    }
    assert!(done > 75 && stale > 20, "only {done} forms did something, {stale} carry a version");
    for (calm, tried) in [(&calm.app.db, &tried.app.db), (&calm_empty.db, &tried_empty.db)] {
        let (calm, tried) = (everything(calm).await, everything(tried).await);
        wrong.extend(calm.difference(&tried).map(|row| format!("missing: {row}")));
        wrong.extend(tried.difference(&calm).map(|row| format!("more: {row}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
