//! Every page: of each route that answers a browser with a page, one page of the demo company, found by following links as
//! whoever may open it, is looked over.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use attain::{
    App,
    clock::Clock,
    demo::{data::Size, fill},
};
use axum::http::Method;
use serde_json::Value;
use time::{OffsetDateTime, macros::datetime};

use crate::{arranged, chromium::Chromium, database::TestDatabase, look, serve, window::Window};

const NOW: OffsetDateTime = datetime!(2026-11-19 10:00 UTC);

/// Routes that no link leads to while all is well, each with why.
const UNLINKED: [(&str, &str); 7] = [
    ("/setup", "there is a company"),
    ("/setup/{token}", "there is a company"),
    ("/invitations/{token}", "its link is told once, to whom it invites"),
    ("/sign-in/code", "nobody of the demo has a second factor: its own journey goes there"),
    ("/profile/second-factor/new", "a form leads there, on its own journey"),
    ("/sign-in", "whoever is signed in has left it"),
    ("/welcome", "it is behind"),
];

#[tokio::test(flavor = "multi_thread")]
#[ignore = "looks at each page five times and takes minutes: make look"]
async fn every_page_can_be_used_by_everybody() {
    let database = TestDatabase::create().await;
    let folder = tempfile::tempdir().unwrap();
    fill::fill(&database.pool, Size::S, &folder.path().join("demo"), NOW).await.unwrap();
    let app = App::new(database.pool.clone(), Clock::System, "http://127.0.0.1".parse().unwrap());
    let site = serve(&app, NOW).await;
    arranged::arrange(&database.pool, &site).await;
    let mut seen = BTreeSet::new();
    let mut findings = Vec::new();
    for person in fill::SIGN_INS {
        let mut window = Window::of(&site).await;
        walk(&mut window, person.email, &mut seen).await;
        window.chromium.close().await;
        findings.append(&mut window.findings);
    }
    assert!(findings.is_empty(), "{} findings on the pages:\n{}", findings.len(), findings.join("\n"));
    let routes = attain::routes();
    let pages = routes.listed().iter().filter(|(method, _)| *method == Method::GET).map(|(_, path)| *path);
    let unseen: Vec<&str> =
        pages.filter(|path| !seen.contains(*path) && UNLINKED.iter().all(|(unlinked, _)| unlinked != path)).collect();
    assert_eq!(unseen, [""; 0], "no link of the demo company leads there");
}

/// Signs in and follows links, one for each route that nobody has seen yet.
async fn walk(window: &mut Window, email: &str, seen: &mut BTreeSet<&'static str>) {
    window.open("/sign-in").await;
    window.sign_in(email, fill::PASSWORD).await;
    let routes = patterns();
    let mut queue: VecDeque<String> = links(&window.chromium, PAGES).await.into();
    queue.push_front("/".to_owned());
    let mut mine = BTreeSet::new();
    while let Some(path) = queue.pop_front() {
        let Some(route) = route_of(&routes, &path) else { continue };
        if path.contains("sign-out") || !mine.insert(route) {
            continue;
        }
        window.open(&path).await;
        if !is_page(&window.chromium).await {
            seen.insert(route);
            continue;
        }
        if seen.insert(route) {
            let found = look::over(&window.chromium).await;
            window.findings.extend(found.into_iter().map(|finding| format!("{path} ({email}): {finding}")));
        }
        queue.extend(links(&window.chromium, PAGES).await);
        let files = links(&window.chromium, FILES).await;
        seen.extend(files.iter().filter_map(|file| route_of(&routes, file)));
    }
}

/// Every route that is opened by a link, by its segments.
fn patterns() -> BTreeMap<&'static str, Vec<&'static str>> {
    let routes = attain::routes();
    let gets = routes.listed().iter().filter(|(method, _)| *method == Method::GET);
    gets.map(|(_, path)| (*path, path.split('/').collect())).collect()
}

/// The route that answers a path: of several that fit the one with the most words of its own.
fn route_of(routes: &BTreeMap<&'static str, Vec<&'static str>>, path: &str) -> Option<&'static str> {
    let path = path.split(['?', '#']).next()?;
    let segments: Vec<&str> = path.split('/').collect();
    let fits = |pattern: &[&str]| {
        pattern.len() == segments.len() && pattern.iter().zip(&segments).all(|(a, b)| a.starts_with('{') || a == b)
    };
    let words = |pattern: &[&str]| pattern.iter().filter(|part| !part.starts_with('{')).count();
    routes.iter().filter(|(_, pattern)| fits(pattern)).max_by_key(|(_, pattern)| words(pattern)).map(|(path, _)| *path)
}

const PAGES: &str = "a[href]:not([download])";
/// Files are kept, not shown: a link to them is all there is to look at.
const FILES: &str = "a[href][download]";

async fn links(chromium: &Chromium, which: &str) -> Vec<String> {
    let script = "return [...document.querySelectorAll(arguments[0])]
        .filter((a) => a.origin === location.origin).map((a) => a.pathname + a.search)";
    let found = chromium.client.execute(script, vec![which.into()]).await.unwrap();
    found.as_array().unwrap().iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Whether the browser shows a page: files are kept instead, and leave the page before.
async fn is_page(chromium: &Chromium) -> bool {
    let kind = chromium.client.execute("return document.contentType", vec![]).await.unwrap();
    kind == "text/html"
}
