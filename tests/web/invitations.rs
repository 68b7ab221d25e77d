//! Links that let a person choose a password.

use attain::domain::access::Role;
use time::Duration;

use crate::support::{Answer, PASSWORD, TestApp, User, email};

const NEW: [(&str, &str); 2] = [("new_password", PASSWORD), ("repeat_password", PASSWORD)];

/// Lets an administrator make a link for a person, and returns its path.
async fn link(app: &TestApp, admin: User, user: User) -> String {
    let mut browser = app.client(admin).await;
    let page = browser.get(&format!("/users/{}", user.id)).await.expect(200);
    let page = browser.submit(&page, &format!("form[action='/users/{}/invitation']", user.id), &[]).await.expect(200);
    path(&page)
}

fn path(page: &Answer) -> String {
    let link = page.attribute("input#link", "value");
    link.strip_prefix("http://127.0.0.1:8080").unwrap().to_owned()
}

#[tokio::test]
async fn an_invited_person_chooses_a_password_and_is_in() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    let admin = app.user_with_password(company, "Astrid", &[Role::Admin]).await;
    let mut browser = app.client(admin).await;
    let page = browser.get("/users/new").await.expect(200);
    let typed = [("name", "Ingrid Solberg"), ("email", "Ingrid@Nordlys.example"), ("roles", "rep")];
    let page = browser.submit(&page, "main form[method=post]", &typed).await.expect(200);
    assert!(page.words().contains("It works once, for 72 hours, and is shown only now."));
    let path = path(&page);

    let mut guest = app.visitor();
    let form = guest.get(&path).await.expect(200);
    assert_eq!(form.text("h1"), "Welcome, Ingrid Solberg");
    guest.get(&path).await.expect(200); // looking at it does not use it up
    let answer = guest.submit(&form, "main form", &NEW).await.expect(303);
    assert_eq!(answer.location(), "/");
    assert_eq!(guest.get("/").await.location(), "/my-month");
    let sign_in = [("email", "ingrid@nordlys.example"), ("password", PASSWORD)];
    app.visitor().post("/sign-in", &sign_in).await.expect(303);

    let again = app.visitor().post(&path, &NEW).await.expect(410);
    assert_eq!(again.text("h1"), "This link is over");
    app.visitor().get(&path).await.expect(410);
    app.visitor().get("/invitations/made-up").await.expect(410);
}

#[tokio::test]
async fn the_token_of_a_link_is_not_stored() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    let admin = app.user(company, "Astrid", &[Role::Admin]).await;
    let rep = app.user(company, "Ingrid", &[Role::Rep]).await;
    let token = link(&app, admin, rep).await.rsplit('/').next().unwrap().to_owned();
    assert_eq!(token.len(), 43, "256 bits");
    let dump: Vec<String> = sqlx::query_scalar!(
        r#"select i::text as "row!" from invitations i
           union all select r::text from receipts r
           union all select a::text from audit a"#
    )
    .fetch_all(&app.db)
    .await
    .unwrap();
    let hex: String = token.bytes().map(|byte| format!("{byte:02x}")).collect();
    assert!(dump.len() >= 2);
    assert!(dump.iter().all(|row| !row.contains(&token) && !row.contains(&hex)), "{dump:?}");
}

#[tokio::test]
async fn a_link_ends_by_itself_and_by_a_newer_one() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    let admin = app.user(company, "Astrid", &[Role::Admin]).await;
    let rep = app.user(company, "Ingrid", &[Role::Rep]).await;
    let first = link(&app, admin, rep).await;
    let second = link(&app, admin, rep).await;
    app.visitor().get(&first).await.expect(410);
    app.visitor().get(&second).await.expect(200);
    let second_before = app.later(Duration::hours(72) - Duration::seconds(1));
    second_before.visitor().get(&second).await.expect(200);
    let over = app.later(Duration::hours(72));
    over.visitor().get(&second).await.expect(410);
    over.visitor().post(&second, &NEW).await.expect(410);
}

#[tokio::test]
async fn a_link_for_a_new_password_works_for_half_an_hour_and_signs_out_everywhere() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    let admin = app.user(company, "Astrid", &[Role::Admin]).await;
    let rep = app.user_with_password(company, "Ingrid", &[Role::Rep]).await;
    let mut signed_in = app.client(rep).await;
    let path = link(&app, admin, rep).await;
    app.later(Duration::minutes(30)).visitor().get(&path).await.expect(410);

    let mut guest = app.visitor();
    let form = guest.get(&path).await.expect(200);
    assert_eq!(form.text("h1"), "Choose a new password");
    let other = "kran nebel paraffin tuba";
    let typed = [("new_password", other), ("repeat_password", other)];
    let answer = guest.submit(&form, "main form", &typed).await.expect(303);
    assert_eq!(answer.location(), "/sign-in", "the link alone signs nobody in");
    let page = guest.follow(&answer).await;
    assert!(page.words().contains("Your new password is set. Sign in with it."));
    signed_in.get("/profile").await.expect(303);
    let address = email(company, "Ingrid");
    app.visitor().post("/sign-in", &[("email", &address), ("password", PASSWORD)]).await.expect(422);
    app.visitor().post("/sign-in", &[("email", &address), ("password", other)]).await.expect(303);
}

#[tokio::test]
async fn a_bad_password_leaves_the_link_as_it_is() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    let admin = app.user(company, "Astrid", &[Role::Admin]).await;
    let rep = app.user(company, "Ingrid", &[Role::Rep]).await;
    let path = link(&app, admin, rep).await;
    let mut guest = app.visitor();
    let form = guest.get(&path).await;
    for (new, repeat, words) in [
        ("", "", "The password has 0 characters. Use 15 or more: three or four unrelated words do well."),
        ("Nordlys-Ingrid-2026", "Nordlys-Ingrid-2026", "words that a stranger would try first"),
        (PASSWORD, "something else here", "The two passwords differ."),
    ] {
        let typed = [("new_password", new), ("repeat_password", repeat)];
        let answer = guest.submit(&form, "main form", &typed).await.expect(422);
        assert!(answer.text(".summary-error li").contains(words), "{}", answer.text(".summary-error li"));
        assert_eq!((answer.value("new_password"), answer.value("repeat_password")), (String::new(), String::new()));
    }
    guest.submit(&form, "main form", &NEW).await.expect(303);
}

#[tokio::test]
async fn an_address_signs_in_to_one_company_only() {
    let app = TestApp::new().await;
    let (one, two) = (app.company("Nordlys").await, app.company("Sørlys").await);
    let admin = app.user(two, "Astrid", &[Role::Admin]).await;
    let first = app.user_with_password(one, "Ingrid", &[Role::Rep]).await;
    let second = app.user(two, "Ingrid", &[Role::Rep]).await;
    sqlx::query!("update users set email = $1 where id = $2", email(one, "Ingrid"), second.id.0)
        .execute(&app.db)
        .await
        .unwrap();
    let path = link(&app, admin, second).await;
    let answer = app.visitor().post(&path, &NEW).await.expect(422);
    assert!(answer.text(".summary-error li").contains("This address cannot be used here."));
    app.visitor().get(&path).await.expect(200);
    let _ = first;
}

#[tokio::test]
async fn a_deactivated_person_has_no_link() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    let admin = app.user(company, "Astrid", &[Role::Admin]).await;
    let rep = app.user(company, "Ingrid", &[Role::Rep]).await;
    let path = link(&app, admin, rep).await;
    app.client(admin).await.post(&format!("/users/{}/deactivation", rep.id), &[]).await.expect(303);
    app.visitor().get(&path).await.expect(410);
    app.client(admin).await.post(&format!("/users/{}/invitation", rep.id), &[]).await.expect(409);
}
