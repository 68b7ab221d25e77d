//! Clients that ask without a pause, each on a connection of its own, and what they saw.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use axum::{body::Body, http::Request};
use http_body_util::BodyExt;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::task::JoinSet;

use crate::processes::Server;

/// How many pages were asked for that had to be drawn anew.
static ASKED: AtomicU64 = AtomicU64::new(0);
/// How many forms of signing in were answered.
static SIGNED_IN: AtomicU64 = AtomicU64::new(0);
/// How many forms were sent: none is from where another one was.
static SENT: AtomicU64 = AtomicU64::new(0);

/// A page and who asks for it.
#[derive(Clone)]
pub struct Target {
    /// How the table calls it.
    pub name: &'static str,
    /// Its address.
    pub path: String,
    token: String,
    /// How many ask at once.
    pub connections: usize,
    /// Whether each request has an address of its own, so that no page is answered from memory.
    anew: bool,
}

/// What a round took.
#[derive(Clone, Copy)]
pub struct Taken {
    /// Answers per second.
    pub per_second: f64,
    median: Duration,
    p95: Duration,
    own: Duration,
    database: Duration,
    bytes: usize,
}

impl Target {
    /// A page that this session asks for.
    pub fn new(name: &'static str, path: &str, token: &str, connections: usize) -> Self {
        Self { name, path: path.to_owned(), token: token.to_owned(), connections, anew: false }
    }

    /// The same page drawn anew for each request.
    pub fn drawn_anew(&self, name: &'static str) -> Self {
        Self { name, anew: true, ..self.clone() }
    }

    /// A line of the table.
    pub fn row(&self, taken: &[Taken], bare: f64) -> String {
        let per_second = median(taken, |one| one.per_second);
        format!(
            "| {} | {per_second:.0} | {:.1} % | {:.1} ms | {:.1} ms | {:.2} ms | {:.2} ms | {:.2} | {} |",
            self.name,
            100.0 * per_second / bare,
            median(taken, |one| millis(one.median)),
            median(taken, |one| millis(one.p95)),
            median(taken, |one| millis(one.own)),
            median(taken, |one| millis(one.database)),
            median(taken, |one| (one.own + one.database).as_secs_f64() / one.database.as_secs_f64()),
            taken.first().map_or(0, |one| one.bytes),
        )
    }
}

/// The median of what the rounds took.
pub fn median(taken: &[Taken], of: impl Fn(&Taken) -> f64) -> f64 {
    let mut all: Vec<f64> = taken.iter().map(of).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or_default()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Asks for a page for so long.
pub async fn run(server: &Server, target: &Target, time: Duration) -> Taken {
    let (own, database, start) = (server.own_time(), server.database_time(), Instant::now());
    let mut clients = JoinSet::new();
    for _ in 0..target.connections {
        clients.spawn(ask(server.port, target.clone(), start + time));
    }
    let answers: Vec<(Duration, usize)> = clients.join_all().await.into_iter().flatten().collect();
    let elapsed = start.elapsed();
    let mut times: Vec<Duration> = answers.iter().map(|(time, _)| *time).collect();
    times.sort();
    let count = u32::try_from(times.len()).unwrap().max(1);
    let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or_default();
    Taken {
        per_second: f64::from(count) / elapsed.as_secs_f64(),
        median: at(50),
        p95: at(95),
        own: server.own_time().saturating_sub(own) / count,
        database: server.database_time().saturating_sub(database) / count,
        bytes: answers.first().map_or(0, |(_, bytes)| *bytes),
    }
}

/// Asks for a page for so long, while so many people sign in at once, again and again; and how many of them were answered.
pub async fn storm(server: &Server, target: &Target, time: Duration, people: usize) -> (Taken, u64) {
    let before = SIGNED_IN.load(Ordering::Relaxed);
    let mut storm = JoinSet::new();
    for _ in 0..people {
        storm.spawn(sign_in(server.port));
    }
    let taken = run(server, target, time).await;
    storm.abort_all();
    while let Some(ended) = storm.join_next().await {
        assert!(ended.is_err_and(|error| error.is_cancelled()), "whoever signs in does so to the end");
    }
    (taken, SIGNED_IN.load(Ordering::Relaxed) - before)
}

fn client() -> Client<HttpConnector, Body> {
    Client::builder(TokioExecutor::new()).build_http()
}

async fn ask(port: u16, target: Target, until: Instant) -> Vec<(Duration, usize)> {
    let client = client();
    let address = format!("http://127.0.0.1:{port}{}", target.path);
    let mut answers = Vec::new();
    while Instant::now() < until {
        let address = if target.anew {
            format!("{address}?n={}", ASKED.fetch_add(1, Ordering::Relaxed))
        } else {
            address.clone()
        };
        let request = Request::get(&address).header("cookie", format!("session={}", target.token));
        let start = Instant::now();
        let answer = client.request(request.body(Body::empty()).unwrap()).await.unwrap();
        assert!(answer.status().is_success(), "{}: {}", target.path, answer.status());
        let bytes = answer.into_body().collect().await.unwrap().to_bytes().len();
        answers.push((start.elapsed(), bytes));
    }
    answers
}

/// Each try is somebody else's from elsewhere, so that nothing but the hashing slows them down.
async fn sign_in(port: u16) {
    let client = client();
    loop {
        let number = SENT.fetch_add(1, Ordering::Relaxed);
        let once = uuid::Uuid::new_v4();
        let form = format!("once={once}&email=nobody.{number}%40example.com&password=tuba+paraffin+nebel+kran&next=");
        let from = format!("10.{}.{}.{}", number >> 16 & 255, number >> 8 & 255, number & 255);
        let request = Request::post(format!("http://127.0.0.1:{port}/sign-in"))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .header("x-forwarded-for", from);
        let answer = client.request(request.body(Body::from(form)).unwrap()).await.unwrap();
        assert_eq!(answer.status(), 422, "the password is compared, and wrong");
        answer.into_body().collect().await.unwrap();
        SIGNED_IN.fetch_add(1, Ordering::Relaxed);
    }
}
