//! One's own page.

use attain::domain::access::Role;
use time::Duration;

use crate::support::{PASSWORD, TestApp, email};

const OTHER: &str = "kran nebel paraffin tuba";

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    let rep = app.user_with_password(company, "Ingrid", &[Role::Rep]).await;
    let (mut here, mut elsewhere) = (app.client(rep).await, app.client(rep).await);
    let page = here.get("/profile").await.expect(200);
    let old = here.clone();
    let typed = [("current_password", PASSWORD), ("new_password", OTHER), ("repeat_password", OTHER)];
    let answer = here.submit(&page, "form[action='/profile/password']", &typed).await.expect(303);
    assert_eq!(answer.location(), "/profile");
    assert_ne!(here.token(), old.token());
    here.follow(&answer).await.expect(200);
    elsewhere.get("/profile").await.expect(303);
    old.on(&app.later(Duration::seconds(11))).get("/profile").await.expect(303);

    let address = email(company, "Ingrid");
    app.visitor().post("/sign-in", &[("email", &address), ("password", PASSWORD)]).await.expect(422);
    app.visitor().post("/sign-in", &[("email", &address), ("password", OTHER)]).await.expect(303);
}

#[tokio::test]
async fn a_second_click_finds_the_session_alive() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    let rep = app.user_with_password(company, "Ingrid", &[Role::Rep]).await;
    let mut here = app.client(rep).await;
    let page = here.get("/profile").await.expect(200);
    let typed = [("current_password", PASSWORD), ("new_password", OTHER), ("repeat_password", OTHER)];
    let mut twin = here.clone();
    here.submit(&page, "form[action='/profile/password']", &typed).await.expect(303);
    // The browser has thrown the first answer away, and its cookie with it. The old password is wrong now.
    twin.submit(&page, "form[action='/profile/password']", &typed).await.expect(422);
    twin.get("/profile").await.expect(200);
}

#[tokio::test]
async fn mistakes_change_nothing() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    let rep = app.user_with_password(company, "Ingrid", &[Role::Rep]).await;
    let mut browser = app.client(rep).await;
    for (current, new, repeat, words) in [
        ("wrong", OTHER, OTHER, "This is not your password."),
        (PASSWORD, "too short", "too short", "The password has 9 characters."),
        (PASSWORD, OTHER, "kran", "The two passwords differ."),
        (PASSWORD, PASSWORD, PASSWORD, "This is the password that you have now."),
        (PASSWORD, "Ingrid-Nordlys-99", "Ingrid-Nordlys-99", "a stranger would try first"),
    ] {
        let page = browser.get("/profile").await.expect(200);
        let typed = [("current_password", current), ("new_password", new), ("repeat_password", repeat)];
        let answer = browser.submit(&page, "form[action='/profile/password']", &typed).await.expect(422);
        assert!(answer.text(".summary-error li").contains(words), "{}", answer.text(".summary-error li"));
        for typed in [current, new] {
            assert!(!answer.body().contains(&format!("value=\"{typed}\"")), "a password is never shown again");
        }
    }
    let address = email(company, "Ingrid");
    app.visitor().post("/sign-in", &[("email", &address), ("password", PASSWORD)]).await.expect(303);
}

#[tokio::test]
async fn one_sees_where_one_is_signed_in_and_can_end_it() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    let rep = app.user(company, "Ingrid", &[Role::Rep]).await;
    let stranger = app.user(company, "Olav", &[Role::Rep]).await;
    let (mut here, mut elsewhere, mut other) =
        (app.client(rep).await, app.client(rep).await, app.client(stranger).await);
    let page = here.get("/profile").await.expect(200);
    assert_eq!(page.count("[aria-labelledby=devices] li"), 2);
    let times = page.attributes("[aria-labelledby=devices] time", "datetime");
    assert_eq!(times, ["2026-11-19T10:00"; 4], "the company's time");
    let answer = here.submit(&page, "form[action='/profile/sign-out-elsewhere']", &[]).await.expect(303);
    assert_eq!(here.follow(&answer).await.count("[aria-labelledby=devices] li"), 1);
    elsewhere.get("/profile").await.expect(303);
    other.get("/profile").await.expect(200);
}

#[tokio::test]
async fn one_browser_is_signed_out_by_itself() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    let rep = app.user(company, "Ingrid", &[Role::Rep]).await;
    let stranger = app.user(company, "Olav", &[Role::Rep]).await;
    let mut browsers = vec![app.client(rep).await, app.client(rep).await, app.client(rep).await];
    let mut other = app.client(stranger).await;
    let page = browsers[0].get("/profile").await.expect(200);
    let buttons = "[aria-labelledby=devices] li form";
    assert_eq!(page.count(buttons), 2, "each but this one");
    let path = page.attribute(buttons, "action");
    other.post(&path, &[]).await.expect(404);
    let answer = browsers[0].submit(&page, buttons, &[]).await.expect(303);
    assert_eq!(browsers[0].follow(&answer).await.count("[aria-labelledby=devices] li"), 2);
    let mut inside = 0;
    for browser in &mut browsers {
        inside += u32::from(browser.get("/profile").await.status == 200);
    }
    assert_eq!(inside, 2);
    browsers[0].post(&path, &[]).await.expect(404);
    other.get("/profile").await.expect(200);
}
