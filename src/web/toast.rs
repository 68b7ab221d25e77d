//! What the next page says happened, with an undo where there is one: carried by a short-lived cookie.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, header},
    middleware::Next,
    response::Response,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use time::Duration;

use super::auth;
use crate::App;

const COOKIE: &str = "toast";
/// So long it waits for the page that shows it.
const WAITS: Duration = Duration::seconds(30);

/// The routes to which an undo may lead. The browser brings the address back to us, so that it is no word of ours.
pub const UNDOES: [&str; 19] = [
    "/customers/{id}/endings/{ending}/withdraw",
    "/customers/{id}/merges/{merge}/undo",
    "/customers/{id}/notes/{note}/restore",
    "/deals/{id}/confirm/undo",
    "/deals/{id}/reopen",
    "/deals/{id}/undo",
    "/deals/{id}/win/undo",
    "/imports/done/{id}/undo",
    "/products/{id}/retirement/end",
    "/settings/holidays/{day}/remove",
    "/settings/holidays/{day}/restore",
    "/settings/minimums/{id}/remove",
    "/settings/minimums/{id}/restore",
    "/targets/{period}/undo/{rows}",
    "/users/{id}/activation",
    "/users/{id}/leave/{leave}/remove",
    "/users/{id}/leave/{leave}/restore",
    "/visits/{id}/remove-later",
    "/visits/{id}/undo",
];

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
    response.extensions_mut().insert(toast.clone());
    response
}

/// The toast that the browser brings along. Its words are escaped like everything else; its undo must lead to one here.
pub fn read(app: &App, headers: &HeaderMap) -> Option<Toast> {
    let json = BASE64_URL_SAFE_NO_PAD.decode(auth::cookie_value(app, headers, COOKIE)?).ok()?;
    let toast: Toast = serde_json::from_slice(&json).ok()?;
    let undoes = toast.undo.as_deref().is_none_or(|path| auth::local_path(path).is_some_and(is_undo));
    (undoes && toast.words.len() <= 500).then_some(toast)
}

fn is_undo(path: &str) -> bool {
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    let fits = |(part, pattern): (&str, &str)| part == pattern || pattern.starts_with('{') && is_plain(part);
    UNDOES.iter().any(|route| {
        path.split('/').count() == route.split('/').count() && path.split('/').zip(route.split('/')).all(fits)
    })
}

/// A number, a period or a range.
fn is_plain(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Middleware: an answer carries its toast as a cookie, and a page that showed one takes it away.
pub async fn carry(State(app): State<App>, request: Request, next: Next) -> Response {
    let shown = request.method() == Method::GET && read(&app, request.headers()).is_some();
    let mut response = next.run(request).await;
    if let Some(toast) = response.extensions_mut().remove::<Toast>() {
        let value = serde_json::to_vec(&toast).map(|json| BASE64_URL_SAFE_NO_PAD.encode(json)).unwrap_or_default();
        set(&app, &mut response, &value);
        return response;
    }
    let is_page =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if shown && is_page && response.status().is_success() {
        set(&app, &mut response, "");
    }
    response
}

fn set(app: &App, response: &mut Response, value: &str) {
    let mut cookie = auth::cookie(app, COOKIE, value);
    if !value.is_empty() {
        cookie.set_max_age(WAITS);
    }
    if let Ok(value) = HeaderValue::from_str(&cookie.to_string()) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_undo_leads_to_routes_that_undo() {
        let posts = crate::routes();
        for route in UNDOES {
            assert!(posts.listed().contains(&(Method::POST, route)), "{route}");
        }
        for path in
            ["/visits/7/undo", "/deals/7/win/undo?version=3", "/targets/2026-11/undo/7-12", "/users/7/activation"]
        {
            assert!(auth::local_path(path).is_some_and(is_undo), "{path}");
        }
        for path in [
            "/\\evil.example/visits/7/undo",
            "//evil.example/visits/7/undo",
            "https://evil.example/visits/7/undo",
            "/users/7/deactivation",
            "/visits/7/undo/..",
            "/visits/../undo",
            "/visits//undo",
            "/visits/7%2f8/undo",
            "/sign-out",
            "",
        ] {
            assert!(!auth::local_path(path).is_some_and(is_undo), "{path}");
        }
    }
}
