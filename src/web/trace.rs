//! One line in the log per request: its number, route, status and time; never its body, cookies or query, which hold
//! passwords and tokens.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use tracing::Instrument;
use uuid::Uuid;

/// The header that carries the request's number to the browser.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The number of a request: on the page of an error, and on every line that the log has of it.
#[derive(Clone, Copy, Debug)]
pub struct RequestId(pub Uuid);

/// Middleware: numbers the request and logs it once it is answered.
pub async fn log(mut request: Request, next: Next) -> Response {
    let id = Uuid::new_v4();
    request.extensions_mut().insert(RequestId(id));
    let method = request.method().clone();
    // The pattern, not the path: an invitation's token stands in its path.
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("request", %id, %method, route = %route);
    let begun = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let (status, took) = (response.status().as_u16(), begun.elapsed());
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
