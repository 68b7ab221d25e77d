//! Search: what begins with the text, as far as one's own lists go, and what one can do.

use attain::domain::access::Role;

use crate::{
    field::{Field, TODAY},
    support::{Answer, TestApp, User},
};

/// What a search of a person shows: the words of each hit.
async fn found(app: &TestApp, who: User, q: &str) -> Vec<String> {
    search(app, who, q).await.texts("main section[aria-labelledby^=found] .title")
}

async fn search(app: &TestApp, who: User, q: &str) -> Answer {
    let mut browser = app.client(who).await;
    let page = browser.get("/search").await.expect(200);
    browser.submit(&page, "main form", &[("q", q)]).await.expect(200)
}

#[tokio::test]
async fn records_are_found_by_their_beginning_as_far_as_ones_lists_go() {
    let field = Field::new().await;
    let havn = field.customer("Havn & Hage", field.ingrid).await;
    let other = field.customer("HAVFRUEN", field.olav).await;
    field.customer("Nye Havn", field.ingrid).await;
    let deal = field.deal(havn, TODAY, 10_000, &[(field.ingrid, 1)]).await;
    let hidden = field.deal(other, TODAY, 10_000, &[(field.olav, 1)]).await;
    sqlx::query!("update deals set external_id = 'SO-' || number").execute(&field.app.db).await.unwrap();
    let app = &field.app;
    assert_eq!(found(app, field.ingrid, "hav").await, ["Havn & Hage"]);
    assert_eq!(found(app, field.berit, " HAVN &").await, ["Havn & Hage"]);
    assert_eq!(found(app, field.finn, "hav").await, ["HAVFRUEN", "Havn & Hage"]);
    // By number or by the id of imports; of others nothing, whatever is typed.
    for (who, q, hits) in [
        (field.ingrid, "1", vec!["Deal 1, Havn & Hage"]),
        (field.ingrid, "#1", vec!["Deal 1, Havn & Hage"]),
        (field.ingrid, "SO-1", vec!["Deal 1, Havn & Hage"]),
        (field.ingrid, "2", vec![]),
        (field.ingrid, "SO-2", vec![]),
        (field.berit, "2", vec![]),
        (field.olav, "2", vec!["Deal 2, HAVFRUEN"]),
        (field.astrid, "SO-2", vec!["Deal 2, HAVFRUEN"]),
        (field.ingrid, "%", vec![]),
        (field.ingrid, "_", vec![]),
        (field.ingrid, "\\", vec![]),
        (field.ingrid, "99999999999999999999", vec![]),
    ] {
        assert_eq!(found(app, who, q).await, hits, "{q}");
    }
    // A sole hit is shown, and led to by a click only.
    let page = search(app, field.ingrid, "1").await;
    assert_eq!(page.attribute("main section .title", "href"), format!("/deals/{deal}"));
    field.app.client(field.ingrid).await.get(&format!("/deals/{hidden}")).await.expect(404);
    // People and teams lead to the page that one may open.
    let page = search(app, field.berit, "ing").await;
    assert_eq!(page.attribute("main section .title", "href"), format!("/reps/{}", field.ingrid.id));
    let page = search(app, field.astrid, "ing").await;
    assert_eq!(page.attribute("main section .title", "href"), format!("/users/{}", field.ingrid.id));
    assert_eq!(found(app, field.berit, "ola").await, [""; 0]);
    assert_eq!(found(app, field.berit, "north").await, ["North"]);
    assert_eq!(found(app, field.berit, "south").await, [""; 0]);
    assert_eq!(found(app, field.ingrid, "north").await, [""; 0]);
    let mut astrid = app.client(field.astrid).await;
    for q in ["hav", "1", "ing", "north", "sou"] {
        for href in search(app, field.astrid, q).await.attributes("main section a.title", "href") {
            astrid.get(&href).await.expect(200);
        }
    }
    astrid.get("/search?q=%00").await.expect(400);
    astrid.get(&format!("/search?q={}", "x".repeat(5_000))).await.expect(200);
}

#[tokio::test]
async fn no_search_reaches_another_company() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    field.deal(havn, TODAY, 10_000, &[(field.ingrid, 1)]).await;
    let elsewhere = field.app.company("Sørlys").await;
    let olga = field.app.user(elsewhere, "Olga", &[Role::Admin, Role::Finance]).await;
    for q in ["havn", "1", "ing", "north", "october"] {
        assert_eq!(found(&field.app, olga, q).await, [""; 0], "{q}");
    }
}

#[tokio::test]
async fn commands_are_those_that_one_may_use() {
    let field = Field::new().await;
    let commands = async |who: User, q: &str| {
        let page = search(&field.app, who, q).await;
        let hrefs = page.attributes("[aria-labelledby=commands] a", "href");
        let mut browser = field.app.client(who).await;
        for href in &hrefs {
            let answer = browser.get(href).await;
            assert!(answer.status == 200 || answer.status == 303, "{href}: {}", answer.status);
        }
        page.texts("[aria-labelledby=commands] a").into_iter().zip(hrefs).collect::<Vec<_>>()
    };
    let pair = |label: &str, href: &str| (label.to_owned(), href.to_owned());
    assert_eq!(commands(field.ingrid, "log vis").await, [pair("Log a visit", "/visits/new")]);
    assert_eq!(commands(field.finn, "log vis").await, []);
    assert_eq!(
        commands(field.berit, "targets dec").await,
        [pair("Targets of December 2026", "/targets/2026-12"), pair("Targets of December 2025", "/targets/2025-12")]
    );
    assert_eq!(commands(field.ingrid, "targets dec").await, []);
    for who in [field.ingrid, field.berit, field.finn, field.astrid] {
        let all = commands(who, "").await;
        assert!(all.contains(&pair("Help: keyboard", "/help/keys")) && all.len() > 5, "{all:?}");
    }
}

#[tokio::test]
async fn every_page_leads_to_search_and_tells_the_keys() {
    let field = Field::new().await;
    let mut browser = field.app.client(field.ingrid).await;
    let page = browser.get("/customers").await.expect(200);
    assert_eq!(page.attribute(".topbar form[role=search]", "action"), "/search");
    assert!(page.has(".topbar a[href='/search']") && page.has(".topbar a[href='/help/keys']"));
    let help = browser.get("/help/keys").await.expect(200);
    assert_eq!(help.text("main dl"), page.text("dialog dl"), "the same list with and without a script");
    // Each key that is told of leads somewhere on the page.
    let links = page.attributes(".topbar a[data-key]", "data-key");
    let told = help.texts("main dl dt").into_iter().filter_map(|keys| keys.strip_prefix("g ").map(str::to_owned));
    assert_eq!(told.filter(|key| !links.contains(key)).collect::<Vec<_>>(), [""; 0]);
}
