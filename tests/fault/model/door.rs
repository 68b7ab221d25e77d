//! The way into the product: within this process on any day, or a server of its own that is killed at random.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::http::{HeaderMap, StatusCode};
use sqlx::ConnectOptions;
use time::Date;
use tokio::task::JoinHandle;

use super::Random;
use crate::{
    PATIENCE,
    client::{Browser, Form},
    program::{Place, Server},
    support::{Answer, Client, TestApp, User},
};

pub struct Door {
    app: TestApp,
    browsers: HashMap<i64, Client>,
    served: Option<Served>,
}

struct Served {
    address: SocketAddr,
    browsers: HashMap<i64, Browser>,
    over: Arc<AtomicBool>,
    killing: JoinHandle<u32>,
}

impl Door {
    /// Within this process.
    pub fn within(app: TestApp) -> Self {
        Self { app, browsers: HashMap::new(), served: None }
    }

    /// Over a server that is killed and started again at random.
    pub async fn serve(app: TestApp, seed: u64) -> Self {
        let place = Place::Named(app.db.connect_options().to_url_lossy().to_string());
        let server = Server::start(&place).await;
        let (address, over) = (server.address, Arc::new(AtomicBool::new(false)));
        let killing = tokio::spawn(kill_at_random(place, server, Arc::clone(&over), Random(seed)));
        let served = Some(Served { address, browsers: HashMap::new(), over, killing });
        Self { app, browsers: HashMap::new(), served }
    }

    /// Whether a server of its own answers: its clock is the machine's.
    pub fn is_served(&self) -> bool {
        self.served.is_some()
    }

    /// It is this day, and everybody has just signed in.
    pub fn go_to(&mut self, day: Date) {
        self.app = self.app.later(time::Duration::days((day - self.app.now().date()).whole_days()));
        self.browsers.clear();
    }

    /// Ends the killing; how often it happened.
    pub async fn close(&mut self) -> u32 {
        let Some(served) = self.served.take() else { return 0 };
        served.over.store(true, Ordering::Relaxed);
        served.killing.await.unwrap()
    }

    pub async fn get(&mut self, who: User, path: &str) -> Answer {
        if self.served.is_none() {
            return self.client(who).await.get(path).await;
        }
        let browser = self.browser(who).await;
        until_answered(path, async || browser.get(path).await).await
    }

    /// Sends a form, now and then twice at once: the second gets the answer of the first.
    pub async fn post(&mut self, who: User, path: &str, body: String, twice: bool) -> Answer {
        let form = Form::of(path, body.clone());
        if self.served.is_none() {
            let client = self.client(who).await;
            let mut other = client.clone();
            let first = client.post_body(path, body.clone()).await;
            if twice && first.status == StatusCode::SEE_OTHER {
                let again = other.post_body(path, body).await;
                assert_eq!((again.status, again.location()), (first.status, first.location()), "{path} sent twice");
            }
            return first;
        }
        let browser = self.browser(who).await;
        let send = async || until_answered(path, async || browser.send(&form).await).await;
        if !twice {
            return send().await;
        }
        let (first, second) = tokio::join!(send(), send());
        assert_eq!(first.status, second.status, "{path} sent twice");
        assert_eq!(first.header("location"), second.header("location"), "{path} sent twice");
        first
    }

    async fn client(&mut self, who: User) -> &mut Client {
        if !self.browsers.contains_key(&who.id.0) {
            let client = self.app.client(who).await;
            self.browsers.insert(who.id.0, client);
        }
        self.browsers.get_mut(&who.id.0).unwrap()
    }

    async fn browser(&mut self, who: User) -> Browser {
        let served = self.served.as_mut().unwrap();
        if !served.browsers.contains_key(&who.id.0) {
            let token = self.app.client(who).await.token().to_owned();
            served.browsers.insert(who.id.0, Browser::with_session(served.address, &token));
        }
        served.browsers[&who.id.0].clone()
    }
}

async fn until_answered(path: &str, ask: impl AsyncFn() -> Result<crate::client::Answer, String>) -> Answer {
    let since = std::time::Instant::now();
    loop {
        if let Ok(answer) = ask().await
            && answer.status != 503
        {
            let status = StatusCode::from_u16(answer.status).unwrap();
            let headers: HeaderMap = answer.headers;
            return Answer { path: path.to_owned(), status, headers, bytes: answer.body.into_bytes() };
        }
        assert!(since.elapsed() < PATIENCE, "{path} is never answered");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

async fn kill_at_random(place: Place, mut server: Server, over: Arc<AtomicBool>, mut random: Random) -> u32 {
    let mut kills = 0;
    loop {
        let pause = 200 + random.below(1300);
        tokio::time::sleep(Duration::from_millis(u64::try_from(pause).unwrap())).await;
        if over.load(Ordering::Relaxed) {
            server.stop().await;
            return kills;
        }
        let address = server.address;
        server.kill();
        kills += 1;
        server = Server::start_on(&place, address).await;
    }
}
