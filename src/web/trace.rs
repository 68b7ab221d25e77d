//! One line in the log per request, counted too: its number, route, status and time; never its body, cookies or query,
//! which hold passwords and tokens.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use tracing::Instrument;
use uuid::Uuid;

use super::error::WaitedInVain;
use crate::App;

/// The header that carries the request's number to the browser.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The number of a request: on the page of an error, and on every line that the log has of it.
#[derive(Clone, Copy, Debug)]
pub struct RequestId(pub Uuid);

/// Middleware: numbers the request, and logs and counts it once it is answered.
pub async fn log(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let id = Uuid::new_v4();
    request.extensions_mut().insert(RequestId(id));
    let method = request.method().clone();
    // The pattern, not the path: an invitation's token stands in its path.
    let pattern = request.extensions().get::<MatchedPath>().cloned();
    let route = pattern.as_ref().map_or("-", MatchedPath::as_str);
    let span = tracing::info_span!("request", %id, %method, route = %route);
    let begun = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let (status, took) = (response.status().as_u16(), begun.elapsed());
    app.figures.answered(&method, pattern.as_ref().map(MatchedPath::as_str), response.status(), took);
    if response.extensions().get::<WaitedInVain>().is_some() {
        app.figures.waited_in_vain();
    }
    // Watchdogs and static files would drown the rest.
    let is_quiet = status < 400 && ["/healthz", "/readyz", "/static/"].iter().any(|path| route.starts_with(path));
    span.in_scope(|| {
        if is_quiet {
            tracing::debug!(status, ?took, "answered");
        } else {
            tracing::info!(status, ?took, "answered");
        }
    });
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}
