//! Viewing as another person: what is seen, that nothing changes, and how it ends.

use attain::domain::access::Role;
use time::Duration;

use crate::{
    field::Field,
    support::{Client, PASSWORD, TestApp},
};

/// The administrator's browser as Ingrid's eyes.
async fn as_ingrid(field: &Field) -> Client {
    let mut astrid = field.app.client(field.astrid).await;
    let path = format!("/users/{}", field.ingrid.id);
    let page = astrid.get(&path).await.expect(200);
    let answer = astrid.submit(&page, &format!("form[action='{path}/viewing']"), &[]).await.expect(303);
    assert_eq!(astrid.follow(&answer).await.path, "/my-month", "where Ingrid's day begins");
    astrid
}

async fn log(field: &Field) -> Vec<(String, Option<i64>, String)> {
    let rows = sqlx::query!("select action, user_id, object from audit where action like 'user.viewing%' order by id")
        .fetch_all(&field.app.db)
        .await
        .unwrap();
    rows.into_iter().map(|row| (row.action, row.user_id.map(|id| id.0), row.object)).collect()
}

#[tokio::test]
async fn an_administrator_sees_what_the_person_sees_and_no_more() {
    let field = Field::new().await;
    let own = field.customer("Alpha", field.ingrid).await;
    let other = field.customer("Beta", field.olav).await;
    let mut browser = as_ingrid(&field).await;
    for path in ["/my-month", "/customers", "/visits", "/profile"] {
        let page = browser.get(path).await.expect(200);
        assert!(page.text("body > .strip").contains("You view Attain as Ingrid"), "{path}");
        assert!(page.has("body > .strip form[action='/viewing/end'] button"));
    }
    browser.get(&format!("/customers/{own}")).await.expect(200);
    let missing = browser.get(&format!("/customers/{other}")).await.expect(404);
    assert!(missing.has("form[action='/viewing/end']"), "also on pages that tell of a mistake");
    browser.get("/users").await.expect(403);
    browser.get("/audit").await.expect(403);
    // Where Ingrid is signed in, and her password, are hers.
    assert!(!browser.get("/profile").await.has("form[action='/profile/password'], [aria-labelledby=devices]"));

    let page = browser.get("/customers").await.expect(200);
    let ended = browser.submit(&page, "form[action='/viewing/end']", &[]).await.expect(303);
    let page = browser.follow(&ended).await.expect(200);
    assert_eq!(page.path, format!("/users/{}", field.ingrid.id));
    assert!(!page.has("form[action='/viewing/end']"));
    browser.get(&format!("/customers/{other}")).await.expect(200);
    // Twice is once.
    browser.post("/viewing/end", &[]).await.expect(303);
    let (admin, path) = (Some(field.astrid.id.0), format!("/users/{}", field.ingrid.id));
    let acts = ["user.viewing_started", "user.viewing_ended"].map(|act| (act.to_owned(), admin, path.clone()));
    assert_eq!(log(&field).await, acts);
    let told = browser.get("/audit").await.expect(200).words();
    assert!(told.contains("Astrid stopped viewing as Ingrid"), "{told}");
}

#[tokio::test]
async fn nothing_changes_while_somebody_is_looked_over_the_shoulder() {
    let field = Field::new().await;
    let customer = field.customer("Alpha", field.ingrid).await.to_string();
    let mut browser = as_ingrid(&field).await;
    let routes = attain::routes();
    let posts = routes.listed().iter().filter(|(method, _)| method == "POST").map(|(_, path)| *path);
    let mut asked = 0;
    for route in posts.filter(|path| !["/viewing/end", "/sign-out"].contains(path)) {
        // Nobody looks at what stands for a placeholder: the form is refused before.
        let path = route.replace(['{', '}'], "");
        let refused = browser.post(&path, &[]).await.expect(403);
        assert!(refused.words().contains("You are only looking"), "{path}: {}", refused.words());
        asked += 1;
    }
    assert!(asked > 60);
    let visit = [("customer", &*customer), ("visited_on", "2026-11-19"), ("kind", "in_person")];
    browser.post("/visits", &visit).await.expect(403);
    browser.post("/notices/seen", &[("until", "2026-11-19T09:00:00Z")]).await.expect(403);
    for table in ["visits", "notices_seen"] {
        assert_eq!(field.count(table).await, 0, "{table}");
    }
    // The same visit in the rep's own browser is taken.
    field.app.client(field.ingrid).await.post("/visits", &visit).await.expect(303);
}

#[tokio::test]
async fn viewing_ends_after_half_an_hour_and_with_the_session() {
    let field = Field::new().await;
    let customer = field.customer("Alpha", field.ingrid).await.to_string();
    let browser = as_ingrid(&field).await;
    let mut late = browser.on(&field.app.later(Duration::minutes(30)));
    // A form that was drawn for Ingrid does not become the administrator's.
    let visit = [("customer", &*customer), ("visited_on", "2026-11-19"), ("kind", "in_person")];
    late.post("/visits", &visit).await.expect(403);
    let led = late.get("/customers").await.expect(303);
    let page = late.follow(&led).await.expect(200);
    assert!(page.words().contains("You no longer view as Ingrid") && !page.has("form[action='/viewing/end']"));
    assert_eq!(log(&field).await.len(), 2);
    // Signing out ends both.
    let mut browser = as_ingrid(&field).await;
    browser.post("/sign-out", &[]).await.expect(303);
    browser.get("/my-month").await.expect(303);
    let log = log(&field).await;
    assert_eq!(
        log.last().map(|(act, who, _)| (act.as_str(), *who)),
        Some(("user.viewing_ended", Some(field.astrid.id.0)))
    );
    // An administrator's session is over after an hour, whoever is viewed.
    as_ingrid(&field).await.on(&field.app.later(Duration::hours(1))).get("/my-month").await.expect(303);
}

#[tokio::test]
async fn only_administrators_view_and_only_people_of_their_company() {
    let field = Field::new().await;
    let elsewhere = field.app.company("Sørlys").await;
    let olga = field.app.user(elsewhere, "Olga", &[Role::Rep]).await;
    let path = |user: crate::support::User| format!("/users/{}/viewing", user.id);
    for user in [field.ingrid, field.berit, field.finn] {
        field.app.client(user).await.post(&path(field.jonas), &[]).await.expect(403);
    }
    let mut astrid = field.app.client(field.astrid).await;
    astrid.post(&path(olga), &[]).await.expect(404);
    astrid.post(&path(field.astrid), &[]).await.expect(409);
    astrid.post(&format!("/users/{}/deactivation", field.jonas.id), &[]).await.expect(303);
    astrid.post(&path(field.jonas), &[]).await.expect(409);
    assert!(log(&field).await.is_empty());
    field.app.visitor().post(&path(field.ingrid), &[]).await.expect(303);
}

#[tokio::test]
async fn viewing_asks_for_a_fresh_password() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    let admin = app.user_with_password(company, "Astrid", &[Role::Admin]).await;
    let rep = app.user(company, "Ingrid", &[Role::Rep]).await;
    let mut browser = app.client(admin).await.on(&app.later(Duration::minutes(11)));
    let path = format!("/users/{}/viewing", rep.id);
    let asked = browser.post(&path, &[]).await.expect(403);
    assert!(asked.words().contains("Confirm that it is you"), "{}", asked.words());
    let body = asked.form_body("main .card form", &[("password", PASSWORD)]);
    let confirmed = browser.submit(&asked, "main .card form", &[("password", PASSWORD)]).await.expect(307);
    assert_eq!(confirmed.location(), path);
    browser.post_body(&path, body).await.expect(303);
    assert!(browser.get("/my-month").await.expect(200).has("form[action='/viewing/end']"));
}

#[tokio::test]
async fn a_form_that_was_drawn_for_somebody_else_takes_no_effect() {
    let field = Field::new().await;
    field.customer("Alpha", field.ingrid).await;
    // Viewing has ended in another tab since, and the administrator is a rep, too.
    let aud = field.app.user(field.org, "Aud", &[Role::Admin, Role::Rep]).await;
    let mut browser = field.app.client(aud).await;
    browser.post(&format!("/users/{}/viewing", field.ingrid.id), &[]).await.expect(303);
    let page = browser.get("/visits/new").await.expect(200);
    browser.post("/viewing/end", &[]).await.expect(303);
    let typed = [("other", "Alpha"), ("visited_on", "2026-11-19")];
    let refused = browser.submit(&page, "main form", &typed).await.expect(409);
    assert!(refused.words().contains("opened for somebody else"), "{}", refused.words());
    let ended = browser.submit(&page, "form[action='/viewing/end']", &[]).await.expect(303);
    assert_eq!(ended.location(), "/", "twice is once");
    // Somebody else has signed in, in the same browser.
    let mut browser = field.app.client(field.ingrid).await;
    let page = browser.get("/visits/new").await.expect(200);
    let settings = field.app.client(field.astrid).await.get("/settings").await.expect(200);
    browser.cookies = field.app.client(field.jonas).await.cookies;
    browser.submit(&page, "main form", &typed).await.expect(409);
    // A form with a file is no other.
    let once = settings.attribute("form[action$=file] [name=once]", "value");
    let body = format!("--XX\r\nContent-Disposition: form-data; name=\"once\"\r\n\r\n{once}\r\n--XX--\r\n");
    let request = axum::http::Request::post("/settings/holidays/file")
        .header("content-type", "multipart/form-data; boundary=XX")
        .header("sec-fetch-site", "same-origin")
        .body(axum::body::Body::from(body))
        .unwrap();
    field.app.client(aud).await.send(request).await.expect(409);
    assert_eq!(field.count("visits").await, 0);
    // The own one is taken.
    let mut browser = field.app.client(field.ingrid).await;
    browser.submit(&page, "main form", &typed).await.expect(303);
    assert_eq!(field.count("visits").await, 1);
}
