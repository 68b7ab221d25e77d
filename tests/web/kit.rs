//! What every answer has in common: headers, the refusal of foreign forms, pages for what goes wrong, health.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, atomic::Ordering},
    time::{Duration, Instant},
};

use attain::{App, clock::Clock, domain::access::Role, postgres::receipts, web::toast::Toast};
use axum::{
    body::Body,
    http::{Method, Request},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use futures_util::stream;
use serde_json::Value;
use uuid::Uuid;

use attain::config::log_filter;

use crate::{
    second_factor::turn_on,
    support::{Answer, Client, NOW, PASSWORD, TestApp, email},
};

const HEADERS: [(&str, &str); 6] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// What every answer has, whatever it is.
#[track_caller]
pub fn has_headers(answer: &Answer) {
    for (name, value) in HEADERS {
        assert_eq!(answer.header(name), value, "{} {}", answer.path, answer.status);
    }
    assert!(answer.header("permissions-policy").contains("geolocation=()"), "{}", answer.path);
    Uuid::try_parse(answer.header("x-request-id")).unwrap();
}

#[tokio::test]
async fn every_kind_of_answer_has_the_security_headers() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    let admin = app.user(company, "Astrid", &[Role::Admin]).await;
    let rep = app.user(company, "Ingrid", &[Role::Rep]).await;
    let (mut admin, mut rep, mut visitor) = (app.client(admin).await, app.client(rep).await, app.visitor());

    for (answer, status) in [
        (admin.get("/users").await, 200),
        (visitor.get("/users").await, 303),
        (rep.get("/users").await, 403),
        (admin.get("/nowhere").await, 404),
        (admin.post_body("/users", "once=x").await, 400),
        (admin.post("/users", &[]).await, 422),
        (admin.post("/", &[]).await, 405),
        (admin.post("/users", &[("name", &"x".repeat(70_000))]).await, 413),
        (visitor.get("/healthz").await, 200),
        (visitor.get("/sign-in").await, 200),
    ] {
        let answer = answer.expect(status);
        has_headers(&answer);
        assert_eq!(answer.header("cache-control"), "no-store", "{}", answer.path);
        assert_eq!(
            answer.header("strict-transport-security"),
            "",
            "plain http is served: no browser may insist on https"
        );
    }
    let asset = visitor.get(attain::web::assets::url("app.css")).await.expect(200);
    has_headers(&asset);
    assert_eq!(asset.header("cache-control"), "public, max-age=31536000, immutable");
}

#[tokio::test]
async fn an_error_within_has_the_headers_and_a_page_without_its_cause() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    let admin = app.user(company, "Astrid", &[Role::Admin]).await;
    let mut browser = app.client(admin).await;
    sqlx::raw_sql("alter table teams rename column name to title").execute(&app.db).await.unwrap();
    let answer = browser.get("/teams").await.expect(500);
    has_headers(&answer);
    assert_eq!(answer.text("h1"), "Something went wrong");
    assert!(answer.has("nav[aria-label=Main] a[href='/users']"), "with the reader's own navigation");
    assert!(answer.words().contains(answer.header("x-request-id")), "the number is on the page");
    assert!(!answer.body().contains("column"), "not the cause");
}

#[tokio::test]
async fn without_a_database_the_answer_says_when_to_come_back() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    let admin = app.user(company, "Astrid", &[Role::Admin]).await;
    let mut browser = app.client(admin).await;
    app.db.close().await;
    let answer = browser.get("/users").await.expect(503);
    has_headers(&answer);
    assert_eq!(answer.header("retry-after"), "2");
    assert_eq!(answer.text("h1"), "One moment");
    assert_eq!(browser.get("/healthz").await.expect(200).body(), "ok\n");
    assert_eq!(browser.get("/readyz").await.expect(503).body(), "the database does not answer\n");
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_broken_off() {
    let mut app = TestApp::new().await;
    assert_eq!(app.app.longest_request, Duration::from_mins(1));
    app.app.longest_request = Duration::from_millis(300);
    let company = app.company("Nordlys").await;
    let mut browser = app.client(app.user(company, "Astrid", &[Role::Admin]).await).await;
    let begun = Instant::now();
    // A form that does not come to its end.
    let answer =
        browser.post_body("/users", Body::from_stream(stream::pending::<io::Result<Vec<u8>>>())).await.expect(503);
    assert!((300..5_000).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
    has_headers(&answer);
    assert_eq!(answer.text("h1"), "This took too long");
    browser.get("/users").await.expect(200);
}

#[tokio::test]
async fn ready_means_the_schema_is_there_and_nothing_stops() {
    let app = TestApp::new().await;
    let mut visitor = app.visitor();
    assert_eq!(visitor.get("/readyz").await.expect(200).body(), "ready\n");
    app.app.draining.store(true, Ordering::Relaxed);
    assert_eq!(visitor.get("/readyz").await.expect(503).body(), "stopping\n");
    app.app.draining.store(false, Ordering::Relaxed);
    sqlx::raw_sql("delete from _sqlx_migrations where version = (select max(version) from _sqlx_migrations)")
        .execute(&app.db)
        .await
        .unwrap();
    assert_eq!(visitor.get("/readyz").await.expect(503).body(), "the database has another schema\n");
}

#[tokio::test]
async fn a_page_that_is_not_there_keeps_the_navigation() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    let admin = app.user(company, "Astrid", &[Role::Admin]).await;
    let answer = app.client(admin).await.get("/users/999999").await.expect(404);
    assert_eq!(answer.text("h1"), "Not found");
    assert!(answer.has("nav[aria-label=Main] a[href='/teams']"));
    let answer = app.visitor().get("/nowhere").await.expect(404);
    assert!(!answer.has("nav[aria-label=Main] a"), "a stranger sees no navigation");
    let answer = app.visitor().post("/", &[]).await.expect(405);
    assert_eq!((answer.text("h1").as_str(), answer.header("allow")), ("Not possible here", "GET,HEAD"));
}

#[tokio::test]
async fn over_https_browsers_insist_on_it() {
    let app = TestApp::new().await;
    app.company("Nordlys").await;
    let public_url = "https://attain.example".parse().unwrap();
    let https = App::new(app.db.clone(), Clock::Fixed(NOW), public_url);
    let answer = app.visitor().before(https).get("/sign-in").await.expect(200);
    assert_eq!(answer.header("strict-transport-security"), "max-age=31536000; includeSubDomains");
}

/// Posts an empty form to a path with the headers that a browser may send.
async fn post_with(client: &mut Client, path: &str, headers: &[(&str, &str)]) -> u16 {
    let mut request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = format!("once={}", Uuid::new_v4());
    client.send(request.body(Body::from(body)).unwrap()).await.status.as_u16()
}

#[tokio::test]
async fn forms_of_other_sites_are_refused() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    let rep = app.user(company, "Ingrid", &[Role::Rep]).await;
    for (headers, status) in [
        (&[("sec-fetch-site", "same-origin")][..], 303),
        (&[("sec-fetch-site", "none")], 303),
        (&[("sec-fetch-site", "cross-site")], 403),
        (&[("sec-fetch-site", "same-site")], 403),
        (&[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")], 403),
        // A browser in front of plain http on a local network sends no Sec-Fetch-Site.
        (&[("origin", "http://127.0.0.1:8080")], 303),
        (&[("origin", "http://attain.lan:8080"), ("host", "attain.lan:8080")], 303),
        (&[("origin", "https://evil.example")], 403),
        (&[("origin", "http://127.0.0.1:9999")], 403),
        (&[("origin", "null")], 403),
        // No browser at all.
        (&[], 303),
    ] {
        let mut browser = app.client(rep).await;
        assert_eq!(post_with(&mut browser, "/sign-out", headers).await, status, "{headers:?}");
    }
}

#[tokio::test]
async fn every_form_of_another_site_is_refused() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    let all = app.user(company, "Astrid", &Role::ALL).await;
    let mut browser = app.client(all).await;
    let routes = attain::routes();
    let posts: Vec<&str> =
        routes.listed().iter().filter(|(method, _)| *method == Method::POST).map(|(_, path)| *path).collect();
    assert!(posts.len() > 10, "{posts:?}");
    for path in posts {
        let path = path.replace(['{', '}'], "");
        for told in [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "null")] {
            assert_eq!(post_with(&mut browser, &path, &[told]).await, 403, "{path} {told:?}");
        }
    }
    browser.get("/profile").await.expect(200);
}

#[tokio::test]
async fn what_cannot_be_stored_is_refused_in_words() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    let admin = app.user(company, "Astrid", &[Role::Admin]).await;
    let mut browser = app.client(admin).await;
    for path in ["/users?q=%00", "/sign-in?next=%00"] {
        browser.get(path).await.expect(400);
    }
    for path in ["/users/abc", "/users/99999999999999999999", "/users/%00", "/teams/-1"] {
        browser.get(path).await.expect(404);
    }
    for body in ["name=%00&once=00000000-0000-4000-8000-000000000000", "name=a", "once=1&once=2"] {
        browser.post_body("/users", body).await.expect(400);
    }
    for odd in ["\u{202e}evil", "🦊", "'; drop table users; --", "{{7*7}}", "<script>alert(1)</script>"] {
        let answer = browser.post("/teams", &[("name", odd)]).await.expect(303);
        let page = browser.follow(&answer).await.expect(200);
        assert_eq!(page.text("h1"), odd);
        assert!(!page.body().contains("<script>alert"));
    }
    let request = Request::post("/users").header("content-type", "application/json").body(Body::from("{}")).unwrap();
    browser.send(request).await.expect(400);
}

#[tokio::test]
async fn pages_are_compressed() {
    let app = TestApp::new().await;
    app.company("Nordlys").await;
    let request = Request::get("/sign-in").header("accept-encoding", "gzip").body(Body::empty()).unwrap();
    let answer = app.visitor().send(request).await.expect(200);
    assert_eq!(answer.header("content-encoding"), "gzip");
    assert_eq!(answer.bytes[..2], [0x1f, 0x8b]);
}

/// What the program logs while a test runs, at its wordiest.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// What was written since the last time.
    fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_holds_no_secrets() {
    // While there is one subscriber, tracing lets other tests' threads, which have none, decide what nobody wants to hear.
    let _second = tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default());
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(log_filter("trace"))
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let secrets = secretive_journey().await;
    drop(guard);
    let text = log.take();
    assert!(text.contains("answered status=303") && text.contains("/invitations/{token}"), "{text}");

    // The same for machines; there each line of a request bears its number, also what the layers below say of it.
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(log_filter("trace"))
        .with_writer(move || writer.clone())
        .json()
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let more_secrets = secretive_journey().await;
    drop(guard);
    let json = log.take();
    let lines: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let ours = lines.iter().filter(|line| line["target"].as_str().is_some_and(|target| target.starts_with("attain")));
    let ours: Vec<&Value> = ours.collect();
    assert!(
        ours.iter().any(|line| line["fields"]["message"] == "answered" && line["fields"]["status"] == 303),
        "{json}"
    );
    assert!(ours.iter().any(|line| line["fields"]["message"] == "refused a password at the door"), "{json}");
    for line in ours {
        assert!(line["span"]["name"] == "request" && line["span"]["id"].as_str().is_some(), "of which request? {line}");
    }
    for secret in secrets.iter().chain(&more_secrets) {
        assert!(!text.contains(secret), "{secret} is in the log:\n{text}");
        assert!(!json.contains(secret), "{secret} is in the log:\n{json}");
    }
}

/// Signs in, invites, looks for what it must not, turns a second factor on and uses it; returns what no log may hold of that.
async fn secretive_journey() -> Vec<String> {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    app.user_with_password(company, "Astrid", &[Role::Admin]).await;
    let rep = app.user(company, "Ingrid", &[Role::Rep]).await;
    let mut browser = app.visitor();
    let wrong = "this was not the password";
    let address = email(company, "Astrid");
    browser.post("/sign-in", &[("email", &address), ("password", wrong)]).await.expect(422);
    browser.post("/sign-in", &[("email", &address), ("password", PASSWORD)]).await.expect(303);
    let page = browser.post(&format!("/users/{}/invitation", rep.id), &[]).await.expect(200);
    let link = page.attribute("input#link", "value");
    let token = link.rsplit('/').next().unwrap();
    app.visitor().get(&format!("/invitations/{token}")).await.expect(200);
    browser.get(&format!("/users?q={token}")).await.expect(200);
    browser.get(&app.app.setup.path()).await.expect(404);
    let (phone, codes) = turn_on(&mut browser, NOW).await;
    let mut owing = app.visitor();
    owing.post("/sign-in", &[("email", &address), ("password", PASSWORD)]).await.expect(303);
    let unfinished = owing.cookies["unfinished"].clone();
    let code = phone.code(NOW + time::Duration::seconds(30));
    for (code, status) in [("000000", 422), (&code, 303), (&codes[0], 303)] {
        owing.post("/sign-in", &[("email", &address), ("password", PASSWORD)]).await.expect(303);
        owing.post("/sign-in/code", &[("code", code)]).await.expect(status);
    }

    let setup = app.app.setup.path();
    let setup = setup.rsplit('=').next().unwrap();
    let (secret, recovery) = (&*phone.secret, &*codes[0]);
    let of_codes = [secret, recovery, &unfinished, owing.token(), "otpauth", &owing.cookies["browser"]];
    let of_passwords = [PASSWORD, wrong, token, setup, browser.token(), "$argon2id$", &address];
    of_passwords.into_iter().chain(of_codes).map(str::to_owned).collect()
}

#[tokio::test]
async fn over_https_a_toast_travels_like_the_other_cookies_and_leads_nowhere_else() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    let rep = app.user(company, "Ingrid", &[Role::Rep]).await;
    let https = App::new(app.db.clone(), app.app.clock, "https://attain.example".parse().unwrap());
    let mut browser = app.client(rep).await;
    let answer = browser.post("/profile/formats", &[("locale", "company")]).await.expect(303);
    let cookie = answer.header("set-cookie");
    assert!(
        cookie.starts_with("toast=") && cookie.ends_with("; HttpOnly; SameSite=Lax; Path=/; Max-Age=30"),
        "{cookie}"
    );
    let mut secure = browser.before(https);
    secure.cookies.insert("__Host-session".to_owned(), browser.token().to_owned());
    let answer = secure.post("/profile/formats", &[("locale", "company")]).await.expect(303);
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-toast=") && cookie.contains("; Secure;"), "{cookie}");
    let page = secure.get("/profile").await.expect(200);
    assert!(page.words().contains("Numbers and dates are written as you chose"));
    assert!(!secure.cookies.contains_key("__Host-toast"), "it is shown once");

    let toast = |undo: &str| {
        let json = serde_json::to_vec(&Toast::new("Something happened").undo(undo)).unwrap();
        BASE64_URL_SAFE_NO_PAD.encode(json)
    };
    for (undo, shown) in [
        ("/visits/7/undo", true),
        ("/\\evil.example", false),
        ("//evil.example", false),
        ("/users/7/deactivation", false),
    ] {
        browser.cookies.insert("toast".to_owned(), toast(undo));
        let page = browser.get("/profile").await.expect(200);
        assert_eq!(page.words().contains("Something happened"), shown, "{undo}");
        assert_eq!(page.has(&format!("form[action='{}']", undo.replace('\\', "\\\\"))), shown, "{undo}");
    }
}

#[tokio::test]
async fn receipts_are_kept_for_thirty_days() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    let rep = app.user(company, "Ingrid", &[Role::Rep]).await;
    let fields = [("locale", "company"), ("once", "0d9c2f4e-6c57-4b36-9d6a-3f6f4f0f4c11")];
    app.client(rep).await.post("/profile/formats", &fields).await.expect(303);
    let days = time::Duration::days;
    assert_eq!(receipts::forget_old(&app.db, app.now() + days(30)).await.unwrap(), 0);
    assert_eq!(receipts::forget_old(&app.db, app.now() + days(30) + time::Duration::SECOND).await.unwrap(), 1);
    assert_eq!(receipts::forget_old(&app.db, app.now() + days(31)).await.unwrap(), 0);
}
