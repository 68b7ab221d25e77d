//! The main job in a real browser, from an empty database to a statement that a rep reads. Clicks and typing only; every
//! page on the way is looked over.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::{
    future,
    panic::{AssertUnwindSafe, resume_unwind},
    sync::Arc,
    thread,
};

use attain::{
    App,
    clock::Clock,
    demo::{self, data::Size},
    server::{self, Limits},
};
use futures_util::FutureExt;
use time::{Duration, OffsetDateTime, macros::datetime};
use tokio::net::TcpListener;

use chromium::Chromium;
use database::TestDatabase;
use window::Window;

mod arranged;
mod board_on_paper;
mod chromium;
#[path = "../support/database.rs"]
mod database;
mod every;
mod journey;
mod look;
mod pace;
mod paper;
mod pay;
#[path = "../support/phone.rs"]
mod phone;
mod second_factor;
mod window;

/// One application, served at two instants.
pub struct Sites {
    /// Thursday, 19 November 2026.
    pub now: String,
    /// Later that day: passwords that were given before are no longer fresh.
    pub minutes_later: String,
}

/// From an empty database to a statement on one day: the clock stands still.
#[tokio::test(flavor = "multi_thread")]
async fn a_company_goes_from_set_up_to_a_statement() {
    let database = TestDatabase::create().await;
    let app = App::new(database.pool.clone(), Clock::System, "http://127.0.0.1".parse().unwrap());
    let site = serve(&app, datetime!(2026-11-19 09:00 UTC)).await;
    let mut window = Window::of(&site).await;
    let went = AssertUnwindSafe(journey::go(&mut window, &app)).catch_unwind().await;
    close(window, went).await;
}

/// The demo company, in which everything has happened that pay must cope with.
#[tokio::test(flavor = "multi_thread")]
async fn pay_goes_from_late_facts_to_a_paid_run_and_from_a_dispute_to_its_answer() {
    let database = TestDatabase::create().await;
    let folder = tempfile::tempdir().unwrap();
    let now = datetime!(2026-11-19 09:00 UTC);
    demo::fill::fill(&database.pool, Size::S, folder.path(), now).await.unwrap();
    let app = App::new(database.pool.clone(), Clock::System, "http://127.0.0.1".parse().unwrap());
    let minutes_later = serve(&app, now + Duration::minutes(25)).await;
    let sites = Sites { now: serve(&app, now + Duration::minutes(5)).await, minutes_later };
    let mut window = Window::of(&sites.now).await;
    let journeys = async {
        pay::late_facts(&mut window, &sites).await;
        pay::a_dispute(&mut window).await;
    };
    let went = AssertUnwindSafe(journeys).catch_unwind().await;
    close(window, went).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor_is_turned_on_and_asked_for() {
    let database = TestDatabase::create().await;
    let mut app = App::new(database.pool.clone(), Clock::System, "http://127.0.0.1".parse().unwrap());
    app.key = Some(Arc::new("a5".repeat(32).parse().unwrap()));
    second_factor::person(&app).await;
    let now = second_factor::NOW;
    let (site, later) = (serve(&app, now).await, serve(&app, now + Duration::minutes(1)).await);
    let mut window = Window::of(&site).await;
    let went = AssertUnwindSafe(second_factor::go(&mut window, &later)).catch_unwind().await;
    close(window, went).await;
}

/// A manager takes the board to a meeting.
#[tokio::test(flavor = "multi_thread")]
async fn a_board_fits_on_a4() {
    let database = TestDatabase::create().await;
    let folder = tempfile::tempdir().unwrap();
    let now = datetime!(2026-11-19 09:00 UTC);
    demo::fill::fill(&database.pool, Size::S, folder.path(), now).await.unwrap();
    let app = App::new(database.pool.clone(), Clock::System, "http://127.0.0.1".parse().unwrap());
    let site = serve(&app, now).await;
    let mut window = Window::of(&site).await;
    let went = AssertUnwindSafe(board_on_paper::boards(&mut window)).catch_unwind().await;
    close(window, went).await;
}

/// Ends the browser, also after a failure: nobody else would. Fails as the journey did, or by what was found on its pages.
async fn close(window: Window, went: thread::Result<()>) {
    window.chromium.close().await;
    let findings = format!("{} findings on the pages:\n{}", window.findings.len(), window.findings.join("\n"));
    if let Err(panic) = went {
        eprintln!("{findings}");
        resume_unwind(panic);
    }
    assert!(window.findings.is_empty(), "{findings}");
}

/// The looks of the journey would be worth nothing if they saw nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_look_sees_what_is_wrong_with_a_page() {
    let page = "data:text/html,<html lang=en><title>Wrong</title>\
        <style>.wide{width:600px} @media (prefers-color-scheme:dark){p{color:rgb(40,40,40);background:rgb(0,0,0)}}</style>\
        <body><main><h1>Wrong</h1><p class=wide>Dark on dark</p><input></main>\
        <script>console.error('planted')</script>";
    let chromium = Chromium::start().await;
    chromium.client.goto(page).await.unwrap();
    let findings = look::over(&chromium).await;
    chromium.close().await;
    for (place, mistake) in [
        ("390 px, light", "label at input"),
        ("320 px, light", "label at input"),
        ("390 px, dark", "color-contrast at p"),
        ("1280 px, dark", "color-contrast at p"),
        ("1280 px, light", "label at input"),
        ("390 px: ", "too far right"),
        ("320 px: ", "too far right"),
        ("console", "planted"),
    ] {
        let found = findings.iter().any(|finding| finding.starts_with(place) && finding.contains(mistake));
        assert!(found, "{mistake} at {place} is not among {findings:#?}");
    }
    assert_eq!(findings.len(), 8, "{findings:#?}");
}

/// Nor would those on paper.
#[tokio::test(flavor = "multi_thread")]
async fn a_print_sees_what_is_missing_on_paper() {
    let page = "data:text/html,<html lang=en><title>Wrong</title>        <style>@page{size:A5} .wide{width:900px} .low{height:20px;overflow:auto}</style>        <body><nav>Menu</nav><main><h1>Wrong</h1><details><summary>3 deals</summary><p>Havn</p></details>        <div class=low><p>one</p><p>two</p></div><p class=wide>Far</p></main>";
    let chromium = Chromium::start().await;
    chromium.client.goto(page).await.unwrap();
    let findings = paper::over(&chromium).await;
    chromium.close().await;
    let mistakes = [
        "screen: <nav>",
        "screen: <summary>",
        "1 hidden, first: <p>Havn",
        "cut off: <div class=\"low\"",
        "wide on 688",
        "a sheet of 4",
    ];
    for mistake in mistakes {
        assert!(findings.iter().any(|finding| finding.contains(mistake)), "{mistake} is not among {findings:#?}");
    }
}

/// Serves the application at an instant that stands still, and says where.
async fn serve(app: &App, at: OffsetDateTime) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let mut app = app.clone();
    app.clock = Clock::Fixed(at);
    app.public_url = origin.parse().unwrap();
    tokio::spawn(server::serve(listener, attain::router(app), future::pending(), Limits::default()));
    origin
}
