//! What the next page says happened, with an undo where there is one: carried by a short-lived cookie.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, header},
    middleware::Next,
    response::Response,
};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use time::Duration;

const COOKIE: &str = "toast";

/// A sentence about what was just done, and the form target that takes it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Toast {
    /// The sentence: "Visit to Nordlys Catering saved".
    pub words: String,
    /// Where a POST undoes it.
    pub undo: Option<String>,
}

impl Toast {
    /// Says this.
    pub fn new(words: impl Into<String>) -> Self {
        Self { words: words.into(), undo: None }
    }

    /// With an undo button that posts there.
    #[must_use]
    pub fn undo(mut self, path: impl Into<String>) -> Self {
        self.undo = Some(path.into());
        self
    }
}

/// Leaves the toast for the next page.
pub fn with(mut response: Response, toast: &Toast) -> Response {
    let value = serde_json::to_vec(toast).map(|json| BASE64_URL_SAFE_NO_PAD.encode(json)).unwrap_or_default();
    set(&mut response, value, Duration::seconds(30));
    response
}

/// The toast that the browser brings along. Its words are escaped like everything else; its undo must be a path here.
pub fn read(headers: &HeaderMap) -> Option<Toast> {
    let jar = CookieJar::from_headers(headers);
    let json = BASE64_URL_SAFE_NO_PAD.decode(jar.get(COOKIE)?.value()).ok()?;
    let toast: Toast = serde_json::from_slice(&json).ok()?;
    let local = toast.undo.as_ref().is_none_or(|path| path.starts_with('/') && !path.starts_with("//"));
    (local && toast.words.len() <= 500).then_some(toast)
}

/// Middleware: a page that showed the toast takes its cookie away.
pub async fn clear_shown(request: Request, next: Next) -> Response {
    let shown = request.method() == Method::GET && read(request.headers()).is_some();
    let mut response = next.run(request).await;
    let is_page =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if shown && is_page && response.status().is_success() {
        set(&mut response, String::new(), Duration::ZERO);
    }
    response
}

fn set(response: &mut Response, value: String, age: Duration) {
    let cookie = Cookie::build((COOKIE, value)).path("/").http_only(true).same_site(SameSite::Lax).max_age(age).build();
    if let Ok(value) = HeaderValue::from_str(&cookie.to_string()) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}
