//! The way into the product: within this process, or a server of its own to which faults happen at random.

use std::{collections::HashMap, time::Duration};

use axum::http::{HeaderMap, StatusCode};
use time::Date;

use super::faults::Faulty;
use crate::{
    PATIENCE,
    client::{Browser, Form},
    support::{Answer, Client, TestApp, User},
};

pub struct Door {
    app: TestApp,
    clients: HashMap<i64, Client>,
    browsers: HashMap<i64, Browser>,
    /// None: within this process.
    pub faulty: Option<Faulty>,
}

impl Door {
    /// Within this process.
    pub fn within(app: TestApp) -> Self {
        Self { app, clients: HashMap::new(), browsers: HashMap::new(), faulty: None }
    }

    /// It is this day, and everybody has just signed in.
    pub async fn go_to(&mut self, day: Date, people: &[User]) {
        self.app = self.app.later(time::Duration::days((day - self.app.now().date()).whole_days()));
        if let Some(faulty) = &mut self.faulty {
            faulty.go_to(self.app.now()).await;
        }
        self.sign_in(people).await;
    }

    /// These people have just signed in.
    pub async fn sign_in(&mut self, people: &[User]) {
        for person in people {
            let client = self.app.client(*person).await;
            if let Some(faulty) = &self.faulty {
                let browser = Browser::with_session(faulty.address, client.token());
                self.browsers.insert(person.id.0, browser);
            }
            self.clients.insert(person.id.0, client);
        }
    }

    /// How many faults happened.
    pub fn faults(&self) -> u32 {
        self.faulty.as_ref().map_or(0, |faulty| faulty.happened.values().sum())
    }

    pub async fn get(&mut self, who: User, path: &str) -> Answer {
        let Some(faulty) = &mut self.faulty else {
            return self.clients.get_mut(&who.id.0).unwrap().get(path).await;
        };
        let browser = &self.browsers[&who.id.0];
        faulty.meanwhile(until_answered(path, async || browser.get(path).await)).await
    }

    /// Sends a form, now and then twice at once: the second gets the answer of the first.
    pub async fn post(&mut self, who: User, path: &str, body: String, twice: bool) -> Answer {
        let Some(faulty) = &mut self.faulty else {
            let client = self.clients.get_mut(&who.id.0).unwrap();
            let mut other = client.clone();
            let first = client.post_body(path, body.clone()).await;
            if twice && first.status == StatusCode::SEE_OTHER {
                let again = other.post_body(path, body).await;
                assert_eq!((again.status, again.location()), (first.status, first.location()), "{path} sent twice");
            }
            return first;
        };
        let (form, browser) = (Form::of(path, body), &self.browsers[&who.id.0]);
        let send = async || until_answered(path, async || browser.send(&form).await).await;
        if !twice {
            return faulty.meanwhile(send()).await;
        }
        let (first, second) = faulty.meanwhile(async { tokio::join!(send(), send()) }).await;
        assert_eq!(first.status, second.status, "{path} sent twice");
        assert_eq!(first.header("location"), second.header("location"), "{path} sent twice");
        first
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
