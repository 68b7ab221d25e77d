//! Opens pages and whatever they lead to, as somebody who follows every link would.

use std::collections::BTreeSet;

use axum::http::Method;

use crate::{
    access::World,
    support::{Answer, Client},
};

/// Every page that has a route, with the objects of a world.
pub fn pages(world: &World) -> Vec<String> {
    let routes = attain::routes();
    let gets = routes.listed().iter().filter(|(method, _)| *method == Method::GET);
    gets.map(|(_, path)| world.path(path)).collect()
}

/// Opens these pages and whatever they lead to, each once, and lets every answer be looked at. How many there were.
///
/// Days and months lead to days and months without an end, and each filter to all others: of addresses that differ in
/// days one is opened, and a filter of a page is tried with one value.
pub async fn crawl(browser: &mut Client, from: Vec<String>, mut look: impl FnMut(&str, &Answer)) -> usize {
    let mut opened = 0;
    let mut known = BTreeSet::new();
    let mut waiting: Vec<String> = from.into_iter().filter(|path| is_new(&mut known, path)).collect();
    while let Some(path) = waiting.pop() {
        let answer = browser.get(&path).await;
        opened += 1;
        assert!(opened < 2000, "{path}: the pages have no end");
        look(&path, &answer);
        let led = answer.headers.contains_key("location").then(|| answer.location().to_owned());
        for link in links(&answer).into_iter().chain(led) {
            if !link.starts_with("/static/") && is_new(&mut known, &link) {
                waiting.push(link);
            }
        }
    }
    opened
}

/// Whether an address has a page or a filter that was not met before.
fn is_new(known: &mut BTreeSet<String>, path: &str) -> bool {
    let (page, query) = path.split_once('?').unwrap_or((path, ""));
    // 2026, 2026-11, 2026-Q4, 2026-11-19.
    let is_day =
        |part: &str| part.starts_with("20") && part.len() > 3 && matches!(part.as_bytes().get(4), None | Some(b'-'));
    let page: Vec<&str> = page.split('/').map(|part| if is_day(part) { "{day}" } else { part }).collect();
    let page = page.join("/");
    let filters = query.split('&').filter_map(|pair| pair.split('=').next()).map(|name| format!("{page}?{name}"));
    let before = known.len();
    known.extend(filters.chain([page.clone()]));
    known.len() > before
}

/// Where the links of a page lead, in this application.
fn links(answer: &Answer) -> Vec<String> {
    let body = String::from_utf8_lossy(&answer.bytes);
    let addresses = body.split("href=\"/").skip(1).filter_map(|rest| rest.split('"').next());
    addresses
        .map(|address| format!("/{}", address.split('#').next().unwrap().replace("&#38;", "&").replace("&amp;", "&")))
        .collect()
}
