//! Before there is a company, every page leads to the set-up; afterwards there is no set-up any more.

use std::sync::atomic::{AtomicBool, Ordering};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};

use crate::{
    App, organizations,
    web::{auth, error::Error},
};

/// Whether the program was set up, and the secret that lets somebody do it.
#[derive(Debug)]
pub struct Setup {
    token: String,
    done: AtomicBool,
}

impl Setup {
    /// Not known to be done, with a new token.
    pub fn new() -> Self {
        Self { token: auth::new_token().0, done: AtomicBool::new(false) }
    }

    /// The path that is printed in the log of a program without a company.
    pub fn path(&self) -> String {
        format!("/setup?token={}", self.token)
    }

    /// Whether this is the token. What is compared are hashes, so that the time tells nothing.
    pub fn admits(&self, token: &str) -> bool {
        auth::hash_token(token) == auth::hash_token(&self.token)
    }

    /// Whether there is a company. Once there is one, there always is: companies are not deleted.
    pub async fn is_done(&self, db: &sqlx::PgPool) -> sqlx::Result<bool> {
        if !self.done.load(Ordering::Relaxed) && organizations::db::any_exists(db).await? {
            self.done.store(true, Ordering::Relaxed);
        }
        Ok(self.done.load(Ordering::Relaxed))
    }
}

impl Default for Setup {
    fn default() -> Self {
        Self::new()
    }
}

/// Middleware: leads to the set-up as long as there is no company.
pub async fn lead(State(app): State<App>, request: Request, next: Next) -> Result<Response, Error> {
    if request.uri().path() != "/setup" && !app.setup.is_done(&app.db).await? {
        return Ok(Redirect::to("/setup").into_response());
    }
    Ok(next.run(request).await)
}
