//! `/metrics`: what the server counts of itself, without a word about anybody.

use std::time::{Duration, Instant};

use attain::{App, clock::Clock, domain::access::Role, figures};
use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use http_body_util::BodyExt;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use time::macros::date;
use tower::ServiceExt;

use crate::{
    commissions::{Desk, press},
    second_factor::turn_on,
    support::{NOW, PASSWORD, TestApp, email},
};

/// What a scrape is answered.
pub async fn scrape(app: &App) -> String {
    let request = Request::get("/metrics").body(Body::empty()).unwrap();
    let answer = figures::router(app.clone()).oneshot(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let kind = &answer.headers()["content-type"];
    assert_eq!(kind, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    let text = String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap();
    assert!(text.ends_with("# EOF\n") && text.matches("# EOF").count() == 1, "{text}");
    text
}

/// The lines of a figure, in order.
fn lines<'a>(text: &'a str, figure: &str) -> Vec<&'a str> {
    let mut lines: Vec<&str> = text.lines().filter(|line| line.starts_with(figure)).collect();
    lines.sort_unstable();
    lines
}

/// The one value of a figure without labels.
#[track_caller]
pub fn value<'a>(text: &'a str, figure: &str) -> &'a str {
    let found = lines(text, &format!("{figure} "));
    assert_eq!(found.len(), 1, "{figure}: {text}");
    found[0].rsplit(' ').next().unwrap()
}

/// How often no connection became free, and whether the database answers.
fn database(text: &str) -> (&str, &str) {
    (value(text, "attain_database_waits_in_vain_total"), value(text, "attain_database_up"))
}

#[tokio::test]
async fn requests_are_counted_by_the_pattern_of_their_route() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    let admin = app.user(company, "Astrid", &[Role::Admin]).await;
    let mut browser = app.client(admin).await;
    let own = format!("/users/{}", admin.id);
    browser.get(&own).await.expect(200);
    browser.get(&format!("{own}?q=secret-query")).await.expect(200);
    browser.get("/users/987654").await.expect(404);
    browser.post("/users", &[("email", "secret@example.com")]).await.expect(422);
    for path in ["/nowhere-1", "/nowhere-2/astrid@example.com", "/metrics"] {
        browser.get(path).await.expect(404);
        app.visitor().get(path).await.expect(404);
    }
    app.visitor()
        .send(Request::builder().method("BREW").uri("/healthz").body(Body::empty()).unwrap())
        .await
        .expect(405);
    app.visitor().get("/healthz").await.expect(200);

    let text = scrape(&app.app).await;
    assert_eq!(
        lines(&text, "attain_http_requests_total"),
        [
            "attain_http_requests_total{method=\"GET\",route=\"/healthz\",status=\"2xx\"} 1",
            "attain_http_requests_total{method=\"GET\",route=\"/users/{id}\",status=\"2xx\"} 2",
            "attain_http_requests_total{method=\"GET\",route=\"/users/{id}\",status=\"4xx\"} 1",
            "attain_http_requests_total{method=\"GET\",route=\"none\",status=\"4xx\"} 6",
            "attain_http_requests_total{method=\"POST\",route=\"/users\",status=\"4xx\"} 1",
            "attain_http_requests_total{method=\"other\",route=\"/healthz\",status=\"4xx\"} 1",
        ]
    );
    let of_users = "attain_http_request_duration_seconds_count{method=\"GET\",route=\"/users/{id}\"}";
    assert_eq!(lines(&text, of_users), [format!("{of_users} 3")]);
    for word in ["987654", "nowhere", "astrid", "Astrid", "Nordlys", "secret", "Secret", "BREW", browser.token()] {
        assert!(!text.contains(word), "{word}: {text}");
    }
    for (figure, kind) in [
        ("attain_http_requests", "counter"),
        ("attain_http_request_duration_seconds", "histogram"),
        ("attain_sign_ins", "counter"),
        ("attain_database_connections_used", "gauge"),
        ("attain_database_statement_seconds", "counter"),
    ] {
        assert!(text.contains(&format!("# TYPE {figure} {kind}\n")), "{figure}: {text}");
    }
    let build = format!("attain_build_info{{version=\"{}\",engine=", env!("CARGO_PKG_VERSION"));
    assert_eq!(lines(&text, &build).len(), 1, "{text}");
    assert_eq!(
        lines(&text, "process_start_time_seconds "),
        [format!("process_start_time_seconds {}", NOW.unix_timestamp())]
    );
}

#[tokio::test]
async fn the_listener_of_figures_knows_nothing_else() {
    let app = TestApp::new().await;
    for (method, path, status) in
        [("GET", "/", 404), ("GET", "/healthz", 404), ("GET", "/users", 404), ("POST", "/metrics", 405)]
    {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let answer = figures::router(app.app.clone()).oneshot(request).await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{method} {path}");
    }
}

#[tokio::test]
async fn sign_ins_are_counted_by_their_end() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    app.user_with_password(company, "Ingrid", &[Role::Rep]).await;
    let careful = app.user_with_password(company, "Berit", &[Role::Manager]).await;
    let ends = |text: &str| {
        let counted = lines(text, "attain_sign_ins_total");
        counted.into_iter().map(|line| line.rsplit(' ').next().unwrap().parse().unwrap()).collect::<Vec<u32>>()
    };
    // In the order of their names: ok, throttled, wrong_code, wrong_password.
    assert_eq!(ends(&scrape(&app.app).await), [0, 0, 0, 0]);

    let (ingrid, berit) = (&*email(company, "Ingrid"), &*email(company, "Berit"));
    app.visitor().post("/sign-in", &[("email", ingrid), ("password", PASSWORD)]).await.expect(303);
    app.visitor().post("/sign-in", &[("email", ingrid), ("password", "")]).await.expect(422);
    app.visitor().post("/sign-in", &[("email", ingrid), ("password", "wrong")]).await.expect(422);
    app.visitor().post("/sign-in", &[("email", "nobody@example.com"), ("password", "wrong")]).await.expect(422);
    assert_eq!(ends(&scrape(&app.app).await), [1, 0, 0, 2], "what was not filled in is no try");

    let (phone, _) = turn_on(&mut app.client(careful).await, NOW).await;
    let later = app.later(time::Duration::MINUTE);
    let mut browser = later.visitor();
    browser.post("/sign-in", &[("email", berit), ("password", PASSWORD)]).await.expect(303);
    assert_eq!(ends(&scrape(&app.app).await), [1, 0, 0, 2], "the code is owed: neither in nor out");
    browser.post("/sign-in/code", &[("code", "000000")]).await.expect(422);
    browser.post("/sign-in/code", &[("code", &phone.code(later.now()))]).await.expect(303);
    assert_eq!(ends(&scrape(&app.app).await), [2, 0, 1, 2]);

    for _ in 0..20 {
        app.visitor().post("/sign-in", &[("email", "else@example.com"), ("password", "wrong")]).await;
    }
    let text = scrape(&app.app).await;
    let [2, throttled, 1, wrong] = ends(&text)[..] else { panic!("{text}") };
    assert!(throttled > 0 && throttled + wrong == 22, "{text}");
    assert!(!text.contains("example.com"), "{text}");
}

#[tokio::test]
async fn runs_calculations_and_seals_are_counted() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.starter(&[desk.ingrid]).await;
    let run = desk.lock("2026-10").await;
    let mut freja = desk.app.client(desk.freja).await;
    press(&mut freja, &run, "payment").await.expect(303);
    // The second click changes nothing, and counts nothing.
    let paid = freja.get(&run).await.expect(200);
    assert!(!paid.has(&format!("form[action='{run}/payment']")));
    freja.post(&format!("{run}/payment"), &[("paid_on", "2026-11-19")]).await.expect(409);

    let text = scrape(&desk.app.app).await;
    for act in ["approved", "calculated", "paid"] {
        let figure = format!("attain_commission_runs_total{{act=\"{act}\"}}");
        assert_eq!(lines(&text, &figure), [format!("{figure} 1")]);
    }
    for (work, times) in [("run", 1), ("approval", 1), ("day", 0)] {
        let figure = format!("attain_commission_calculation_seconds_count{{work=\"{work}\"}}");
        assert_eq!(lines(&text, &figure), [format!("{figure} {times}")]);
    }
    assert_eq!(lines(&text, "attain_audit_seals_total"), ["attain_audit_seals_total 1"]);
}

#[tokio::test]
async fn a_page_that_finds_no_connection_is_counted() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    let admin = app.user(company, "Astrid", &[Role::Admin]).await;
    let mut few = app.app.clone();
    let options = PgPoolOptions::new().max_connections(1).acquire_timeout(Duration::from_secs(1));
    few.db = options.connect_lazy_with(app.db.connect_options().as_ref().clone());
    let mut browser = app.client(admin).await.before(few.clone());
    browser.get("/users").await.expect(200);
    let text = scrape(&few).await;
    assert_eq!(database(&text), ("0", "1"));
    for figure in ["commits", "rollbacks", "deadlocks", "statement_seconds"] {
        let counted = value(&text, &format!("attain_database_{figure}_total"));
        assert!(counted.parse::<f64>().is_ok_and(|counted| counted >= 0.0), "{figure} {counted}");
    }

    let taken = few.db.acquire().await.unwrap();
    browser.get("/users").await.expect(503);
    let text = scrape(&few).await;
    let pool = ["max", "open", "idle", "used"].map(|of| value(&text, &format!("attain_database_connections_{of}")));
    assert_eq!(pool, ["1", "1", "0", "1"]);
    assert_eq!(database(&text), ("1", "0"));
    drop(taken);
}

/// Neither a database that is gone nor one that says nothing holds a scrape up.
#[tokio::test]
async fn a_scrape_does_not_wait_for_the_database() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let options = PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(port).username("attain");
    let db = PgPoolOptions::new().connect_lazy_with(options);
    let app = App::new(db, Clock::Fixed(NOW), "http://127.0.0.1:8080".parse().unwrap());
    for _ in 0..2 {
        let since = Instant::now();
        let text = scrape(&app).await;
        assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
        assert_eq!(value(&text, "attain_database_up"), "0");
        assert!(!text.contains("attain_database_commits"), "no figure is better than an old one");
        assert_eq!(lines(&text, "attain_sign_ins_total").len(), 4);
        app.db.close().await;
    }
}
