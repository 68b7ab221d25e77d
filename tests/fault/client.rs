//! A browser's part of HTTP: a session, forms with their keys, and patience.

use std::{net::SocketAddr, time::Duration};

use axum::http::{HeaderMap, Method, Request, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use uuid::Uuid;

use crate::PATIENCE;

/// A password that the rules accept.
pub const PASSWORD: &str = "tuba paraffin nebel kran";

/// A browser in front of one server.
#[derive(Clone)]
pub struct Browser {
    http: Client<HttpConnector, Full<Bytes>>,
    address: SocketAddr,
    session: String,
    patience: Duration,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    /// A header, empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// Fails unless it has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }
}

/// A form: where it goes, what it says, and the key under which it takes effect once.
#[derive(Clone, Debug)]
pub struct Form {
    path: String,
    body: String,
}

impl Form {
    /// A form with a key of its own.
    pub fn new(path: &str, fields: &[(&str, &str)]) -> Self {
        let key = Uuid::new_v4().to_string();
        let fields: Vec<(&str, &str)> = fields.iter().copied().chain([("once", key.as_str())]).collect();
        Self { path: path.to_owned(), body: serde_html_form::to_string(fields).unwrap() }
    }

    /// A form as a page has drawn and a person filled it.
    pub fn of(path: &str, body: String) -> Self {
        Self { path: path.to_owned(), body }
    }
}

impl Browser {
    /// One in which nobody is signed in.
    pub fn visitor(address: SocketAddr) -> Self {
        let http = Client::builder(TokioExecutor::new()).build_http();
        Self { http, address, session: String::new(), patience: PATIENCE }
    }

    /// One in which this person has signed in.
    pub async fn signed_in(address: SocketAddr, email: &str) -> Self {
        let mut browser = Self::visitor(address);
        let answer = browser.send(&Form::new("/sign-in", &[("email", email), ("password", PASSWORD)])).await.unwrap();
        let cookie = answer.clone().expect(303).header("set-cookie").to_owned();
        cookie.split(';').next().unwrap().clone_into(&mut browser.session);
        assert!(browser.session.starts_with("session="), "{cookie}");
        browser
    }

    /// One that keeps this session's token.
    pub fn with_session(address: SocketAddr, token: &str) -> Self {
        Self { session: format!("session={token}"), ..Self::visitor(address) }
    }

    /// The same one, who gives up sooner.
    #[must_use]
    pub fn patient_for(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The same session in front of another server.
    #[must_use]
    pub fn before(&self, address: SocketAddr) -> Self {
        Self { session: self.session.clone(), patience: self.patience, ..Self::visitor(address) }
    }

    /// Asks for a page; why there was no answer.
    pub async fn get(&self, path: &str) -> Result<Answer, String> {
        self.request(Method::GET, path, String::new()).await
    }

    /// Sends a form once; why there was no answer.
    pub async fn send(&self, form: &Form) -> Result<Answer, String> {
        self.request(Method::POST, &form.path, form.body.clone()).await
    }

    async fn request(&self, method: Method, path: &str, body: String) -> Result<Answer, String> {
        let request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::COOKIE, &self.session)
            .body(Full::from(body))
            .unwrap();
        let answer = async {
            let (parts, body) = self.http.request(request).await.map_err(|error| format!("{error:?}"))?.into_parts();
            let body = body.collect().await.map_err(|error| format!("{error:?}"))?.to_bytes();
            let body = String::from_utf8_lossy(&body).into_owned();
            Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
        };
        tokio::time::timeout(self.patience, answer).await.map_err(|_| "no answer in time".to_owned())?
    }
}
