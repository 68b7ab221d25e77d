//! What load balancers and watchdogs ask: does the process live, and can it serve?

use std::{sync::atomic::Ordering, time::Duration};

use axum::{Router, extract::State, http::StatusCode, routing::get};

use crate::{App, postgres::pool};

/// A database that takes longer is not ready.
const PATIENCE: Duration = Duration::from_secs(1);

/// `/healthz` and `/readyz`.
pub fn routes() -> Router<App> {
    Router::new().route("/healthz", get(async || "ok\n")).route("/readyz", get(ready))
}

/// Ready: not about to stop, the database answers within a second, and its schema is the one that this program knows.
async fn ready(State(app): State<App>) -> (StatusCode, &'static str) {
    if app.draining.load(Ordering::Relaxed) {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
    }
    match tokio::time::timeout(PATIENCE, pool::is_current(&app.db)).await {
        Ok(Ok(true)) => (StatusCode::OK, "ready\n"),
        Ok(Ok(false)) => (StatusCode::SERVICE_UNAVAILABLE, "the database has another schema\n"),
        Ok(Err(_)) | Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n"),
    }
}
