//! Attain: sales targets that pay. Visits, deals, targets and commission from one set of numbers.
//!
//! This file is the map. Data flows in a sandwich: **load facts** (one query shaped like the question, in a `db.rs`)
//! → **compute** (a pure function in [`domain`]) → **render or store** (a handler in a `web.rs`).

use std::sync::Arc;

use axum::{Router, middleware};
use tokio::sync::Semaphore;

/// The instant of a request.
pub mod clock;
/// Every setting.
pub mod config;
/// The rules of the business, pure: no SQL, no HTTP, no clock.
pub mod domain {
    pub mod access;
    /// What a plan pays for the facts of one rep, in numbers and in words.
    pub mod commission {
        mod counted;
        pub mod evaluate;
        mod exact;
        pub mod explain;
        pub mod facts;
        mod facts_form;
        mod gate;
        pub mod json;
        mod line;
        mod missing;
        pub mod plan;
        mod plan_form;
        mod schedule;
        pub mod statement;
        pub mod words;
    }
    pub mod company;
    pub mod id;
    pub mod metric;
    pub mod money;
}
/// PostgreSQL: a private one, connections and schema, transactions bound to an organization, what its errors mean.
pub mod postgres {
    pub mod database;
    pub mod embedded;
    pub mod error;
    pub mod pool;
    pub mod receipts;
    pub mod sessions;
    pub mod tx;
}
/// The listener: limits on connections, time and endings.
pub mod server;
/// The HTTP kit: it knows the domain and no feature.
pub mod web {
    pub mod auth;
    pub mod error;
    pub mod form;
    pub mod number;
    pub mod once;
    pub mod routes;
    pub mod toast;
}
/// Who did what when.
pub mod audit {
    pub mod db;
}
/// Targets: what is expected of whom, with every change kept.
pub mod targets {
    pub mod db;
}
/// Commission plans, and who is on which.
pub mod plans {
    pub mod db;
}
/// Calculations of commission, period by period, and the signatures under them.
pub mod commission_runs {
    pub mod db;
    pub mod facts_db;
}
/// What each rep earned, line by line.
pub mod statements {
    pub mod db;
}

/// Organizations: the tenants and their settings.
pub mod organizations {
    pub mod db;
}
/// Signing in and out, passwords, and what slows guessing down.
pub mod sign_in {
    pub mod db;
    pub mod passwords;
    pub mod throttle;
}
/// Users: the people of a company, their roles and teams over time.
pub mod users {
    pub mod db;
}
/// Teams: the tree, and who manages what.
pub mod teams {
    pub mod db;
}
/// A believable company, the same for a seed and a date.
pub mod demo {
    pub mod chance;
    pub mod data;
    pub mod names;
}

/// What every handler is given.
#[derive(Clone)]
pub struct App {
    /// Connections to PostgreSQL.
    pub db: sqlx::PgPool,
    /// Where the instant of a request comes from.
    pub clock: clock::Clock,
    /// Whether the public address is https: decides the cookie's name and flag.
    pub secure: bool,
    /// How many passwords are hashed at once: each takes 19 MiB and 15 ms of a core.
    pub hashing: Arc<Semaphore>,
}

/// Every route of the product, by feature.
pub fn routes() -> web::routes::Routes {
    web::routes::Routes::new()
}

/// The whole application.
pub fn router(app: App) -> Router {
    routes()
        .into_router()
        .layer(middleware::from_fn_with_state(app.clone(), web::auth::identify))
        .layer(middleware::from_fn(web::toast::clear_shown))
        .with_state(app)
}
