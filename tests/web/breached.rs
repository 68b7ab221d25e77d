//! Passwords of known breaches are refused wherever one is chosen, and nothing is stored of the try.

use std::{io::Write, sync::Arc};

use attain::{domain::access::Role, sign_in::breached::Breached};
use sha1::{Digest, Sha1};

use crate::support::{PASSWORD, TestApp, email};

/// A good password as far as it goes, which somebody lost.
const STOLEN: &str = "kran nebel paraffin tuba";
const STOLEN_TWICE: [(&str, &str); 2] = [("new_password", STOLEN), ("repeat_password", STOLEN)];
const WORDS: &str = "The password is on a list of stolen ones";

/// An application with a list that has [`STOLEN`] among others.
async fn with_a_list() -> TestApp {
    let hash = |password: &str| Sha1::digest(password).iter().map(|byte| format!("{byte:02X}")).collect::<String>();
    let mut lines: Vec<String> = (0..500).map(|n| format!("{}:{n}", hash(&n.to_string()))).collect();
    lines.push(format!("{}:3", hash(STOLEN)));
    lines.sort();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(lines.join("\r\n").as_bytes()).unwrap();
    let mut app = TestApp::new().await;
    app.app.breached = Some(Arc::new(Breached::open(file.path()).unwrap()));
    app
}

/// Everything that choosing a password changes.
async fn stored(app: &TestApp) -> Vec<String> {
    let rows = sqlx::query_scalar!(
        r#"select s::text as "row!" from sign_ins s
           union all select i::text from invitations i
           union all select a::text from audit a
           union all select o::text from organizations o
           order by 1"#,
    );
    rows.fetch_all(&app.db).await.unwrap()
}

#[tokio::test]
async fn one_of_them_cannot_be_chosen_by_anybody() {
    let app = with_a_list().await;
    let company = app.company("Nordlys").await;
    let admin = app.user(company, "Astrid", &[Role::Admin]).await;
    let rep = app.user_with_password(company, "Ingrid", &[Role::Rep]).await;
    let guest = app.user(company, "Olav", &[Role::Rep]).await;
    let page = app.client(admin).await.post(&format!("/users/{}/invitation", guest.id), &[]).await.expect(200);
    let link = page.attribute("input#link", "value");
    let link = link.strip_prefix("http://127.0.0.1:8080").unwrap();
    let before = stored(&app).await;

    let mut browser = app.client(rep).await;
    let page = browser.get("/profile").await.expect(200);
    let typed = [&[("current_password", PASSWORD)], &STOLEN_TWICE[..]].concat();
    let answer = browser.submit(&page, "form[action='/profile/password']", &typed).await.expect(422);
    assert!(answer.text(".summary-error li").contains(WORDS), "{}", answer.words());
    assert!(!answer.body().contains(STOLEN));
    let mut visitor = app.visitor();
    let page = visitor.get(link).await.expect(200);
    let answer = visitor.submit(&page, "main form", &STOLEN_TWICE).await.expect(422);
    assert!(answer.text(".summary-error li").contains(WORDS), "{}", answer.words());
    assert_eq!(stored(&app).await, before);

    // The list has this one as little as any other; and the old one still opens the door.
    let sign_in = [("email", &*email(company, "Ingrid")), ("password", PASSWORD)];
    app.visitor().post("/sign-in", &sign_in).await.expect(303);
    visitor.submit(&page, "main form", &[("new_password", PASSWORD), ("repeat_password", PASSWORD)]).await.expect(303);
}

#[tokio::test]
async fn the_first_administrator_cannot_choose_one_either() {
    let app = with_a_list().await;
    let mut browser = app.visitor();
    let page = browser.get(&app.app.setup.path()).await.expect(200);
    let company = [
        ("company", "Nordlys Catering"),
        ("currency", "NOK"),
        ("time_zone", "Europe/Oslo"),
        ("name", "Astrid Berg"),
        ("email", "astrid@nordlys.example"),
    ];
    let typed = [&company[..], &STOLEN_TWICE].concat();
    let answer = browser.submit(&page, "main form", &typed).await.expect(422);
    assert!(answer.text(".summary-error li").contains(WORDS), "{}", answer.words());
    assert_eq!(stored(&app).await, [""; 0]);
    let typed = [&company[..], &[("new_password", PASSWORD), ("repeat_password", PASSWORD)]].concat();
    browser.submit(&answer, "main form", &typed).await.expect(303);
}
