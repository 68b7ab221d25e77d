//! Attain: sales targets that pay. Visits, deals, targets and commission from one set of numbers.
//!
//! This file is the map. Data flows in a sandwich: **load facts** (one query shaped like the question, in a `db.rs`)
//! → **compute** (a pure function in [`domain`]) → **render or store** (a handler in a `web.rs`).

// The program answers bad input and reports faults; only tests may panic and print.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

use std::{
    any::Any,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use tokio::sync::Semaphore;
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer, csrf::CsrfLayer};

/// The command line.
pub mod cli {
    pub mod backup;
    pub mod command;
    pub mod commission;
    pub mod commission_proof;
    pub mod commission_run;
    pub mod db;
    pub mod demo;
    pub mod failure;
    pub mod import;
    pub mod metrics;
    pub mod serve;
    pub mod user;
}
/// The instant of a request.
pub mod clock;
/// Every setting.
pub mod config;
/// What the server counts of itself, for Prometheus.
pub mod figures;
/// The rules of the business, pure: no SQL, no HTTP, no clock.
pub mod domain {
    pub mod access;
    pub mod bridge;
    pub mod calendar;
    pub mod classes;
    /// What a plan pays for the facts of one rep, in numbers and in words.
    pub mod commission {
        mod account;
        pub mod check;
        pub mod compare;
        mod counted;
        pub mod evaluate;
        mod evidence;
        mod exact;
        mod explain;
        pub mod facts;
        mod facts_json;
        mod facts_node;
        mod fit;
        mod gate;
        pub mod json;
        pub mod late;
        mod line;
        mod measure;
        mod missing;
        mod parts_check;
        pub mod picture;
        pub mod plan;
        mod plan_check;
        mod plan_json;
        mod plan_node;
        pub mod reach;
        mod schedule;
        pub mod section;
        pub mod since;
        mod slices;
        pub mod statement;
        pub mod templates;
        pub mod text;
        pub mod told;
        mod true_up;
        pub mod what_if;
        pub mod words;
    }
    pub mod company;
    pub mod contribution;
    pub mod cross_sell;
    pub mod deal;
    pub mod dispute;
    pub mod exchange;
    /// Customers: what happened, what follows from it, and where each stands.
    pub mod customer {
        pub mod events;
        pub mod facts;
        pub mod handover;
        pub mod merge;
        pub mod similar;
        pub mod stage;
    }
    pub mod id;
    pub mod leave;
    pub mod locale;
    pub mod metric;
    pub mod minimum;
    pub mod money;
    pub mod period;
    pub mod rate;
    pub mod scorecard;
    pub mod subject;
    pub mod suggestion;
    pub mod target;
    pub mod visit;
    mod words;
}
/// PostgreSQL: a private one, connections and schema, transactions bound to an organization, what its errors mean.
pub mod postgres {
    pub mod activity;
    pub mod database;
    pub mod derived;
    pub mod embedded;
    pub mod emptying;
    pub mod error;
    pub mod pool;
    pub mod receipts;
    pub mod sessions;
    pub mod statistics;
    pub mod tx;
}
/// The listener: limits on connections, time and endings.
pub mod server;
/// The HTTP kit: it knows the domain and no feature.
pub mod web {
    pub mod assets;
    pub mod auth;
    pub mod chart;
    pub mod client;
    pub mod csv;
    pub mod error;
    pub mod form;
    pub mod format;
    #[cfg(test)]
    mod gallery;
    pub mod headers;
    pub mod health;
    pub mod kept;
    pub mod list;
    pub mod number;
    pub mod once;
    pub mod page;
    pub mod periods;
    pub mod problem;
    pub mod qr;
    pub mod routes;
    pub mod step_up;
    pub mod terms;
    pub mod toast;
    pub mod trace;
    pub mod ui;
    pub mod upload;
    pub mod workbook;
}
/// Who did what when.
pub mod audit {
    pub mod acts;
    mod chain;
    pub mod db;
    pub mod downloads;
    pub mod list_db;
    pub mod seals;
    mod seals_db;
    pub mod verify;
    pub mod web;
    pub mod words;
}
/// Customers: who they are, who owns them, and what became of them.
pub mod customers {
    pub mod batches_db;
    pub mod classes;
    pub mod db;
    pub mod edit;
    pub mod endings;
    pub mod events_db;
    pub mod export;
    pub mod find_db;
    pub mod form;
    pub mod handover;
    pub mod handover_db;
    pub mod list_db;
    pub mod merge;
    pub mod merge_db;
    pub mod merge_undo_db;
    pub mod notes;
    pub mod notes_db;
    pub mod offers_db;
    pub mod page_db;
    pub mod pick;
    pub mod proposals;
    pub mod proposals_db;
    pub mod rules_db;
    pub mod settled_db;
    pub mod show;
    pub mod similar;
    pub mod timeline_db;
    pub mod verify_db;
    pub mod web;
}
/// Visits: who was with which customer, and what is planned.
pub mod visits {
    pub mod db;
    pub mod export;
    pub mod form;
    pub mod handed_db;
    pub mod list_db;
    pub mod log;
    pub mod moved;
    pub mod page_db;
    pub mod plan;
    pub mod series;
    pub mod undo;
    pub mod verify_db;
    pub mod void;
    pub mod web;
    pub mod week;
}
/// Products: what is sold, in categories.
pub mod products {
    pub mod db;
    pub mod show;
    pub mod web;
}
/// Exchange rates: what other currencies are in the company's, from which day on.
pub mod exchange_rates {
    pub mod db;
    mod rerate;
    pub mod web;
}
/// Deals: what was sold to whom, and who is credited.
pub mod deals {
    mod act;
    mod close;
    pub mod db;
    mod edit;
    mod enter;
    pub mod estimates_db;
    mod export;
    mod export_db;
    mod facts;
    mod follow;
    mod form;
    mod give;
    pub mod give_db;
    pub mod list_db;
    pub mod page_db;
    mod pipeline;
    mod pipeline_db;
    mod price;
    pub mod rerates_db;
    mod returns;
    mod said;
    pub mod save;
    mod show;
    mod undo;
    pub mod verify_db;
    pub mod web;
}
/// Targets: what is expected of whom, with every change kept.
pub mod targets {
    pub mod accept;
    pub mod accept_db;
    pub mod changes;
    pub mod db;
    pub mod draw;
    pub mod expected;
    mod export;
    mod fill;
    pub mod grid;
    pub mod levels;
    mod levels_db;
    pub mod minimums;
    pub mod minimums_db;
    mod presence_db;
    pub mod proration;
    mod sums;
    pub mod undo;
    pub mod web;
}
/// Scorecards: what was done against what was expected, for each rep and team.
pub mod scorecards {
    pub mod behind;
    mod behind_worth;
    pub mod board;
    pub mod compared;
    pub mod db;
    pub mod drill;
    pub mod export_db;
    pub mod figure;
    pub mod growth;
    pub mod growth_db;
    pub mod headline;
    pub mod meaning;
    pub mod measured;
    pub mod more;
    pub mod more_db;
    pub mod my_month;
    pub mod my_month_db;
    mod ranking;
    pub mod shared;
    pub mod trend_db;
    mod visit_days;
    pub mod web;
    pub mod worth;
    pub mod worth_db;
}
/// Commission plans, and who is on which.
pub mod plans {
    pub mod account;
    pub mod assign;
    pub mod compare;
    pub mod db;
    pub mod editor;
    pub mod example;
    pub mod fill;
    pub mod form;
    pub mod holds;
    mod lists;
    pub mod more;
    pub mod parse;
    mod place;
    pub mod simulate;
    pub mod simulation;
    mod simulation_db;
    mod targets;
    pub mod web;
}
/// Plan letters: a version in plain words, published to its reps, who accept it.
pub mod plan_letters {
    pub mod acts;
    pub mod db;
    pub mod letter;
    mod pdf;
    pub mod publish;
    pub mod web;
}
/// Locks: which periods approved pay has closed.
pub mod period_locks {
    pub mod db;
    pub mod words;
}
/// Calculations of commission, period by period, and the signatures under them.
pub mod commission_runs {
    mod account_db;
    mod after_lock;
    pub mod approval;
    pub mod calculate;
    pub mod chain;
    mod chain_db;
    mod cores;
    pub mod daily;
    mod daily_db;
    pub mod db;
    mod earnings;
    pub mod facts_db;
    pub mod files;
    pub mod hands;
    pub mod hands_db;
    pub mod inputs;
    mod known;
    pub mod late;
    mod late_db;
    pub mod limit;
    mod mark;
    mod mark_db;
    mod measured;
    mod needs;
    pub mod paid_base_db;
    pub mod payroll_db;
    pub mod report;
    mod report_db;
    pub mod rules;
    mod sources;
    pub mod store;
    mod store_db;
    pub mod trial;
    pub mod web;
    pub mod what_if;
}
/// What each rep earned, line by line.
pub mod statements {
    pub mod bundle;
    pub mod db;
    pub mod files;
    mod pdf;
    pub mod sheet;
    mod since;
    pub mod verify;
    pub mod verify_db;
    pub mod view;
    pub mod web;
    mod what_if;
    mod what_if_db;
}
/// What reps ask and dispute about a line of a statement, and what becomes of it.
pub mod disputes {
    pub mod ask;
    pub mod db;
    pub mod decide;
    pub mod told;
    pub mod web;
}

/// The first start: a company and its first administrator, and the steps from there to a first statement.
pub mod setup {
    pub mod guard;
    pub mod guide;
    mod guide_db;
    pub mod sample;
    pub mod web;
}
/// Organizations: the tenants and their settings.
pub mod organizations {
    pub mod db;
    pub mod form;
    mod holidays;
    mod ics;
    mod limits;
    mod limits_db;
    pub mod settings_db;
    pub mod web;
}
/// Signing in and out, passwords and second factors, and what slows guessing down.
pub mod sign_in {
    mod argon;
    pub mod breached;
    mod browsers_db;
    pub mod db;
    pub mod door;
    pub mod hashing;
    pub mod keeping;
    pub mod key;
    pub mod passwords;
    pub mod proof;
    mod recovery;
    pub mod required;
    pub mod second_factor;
    pub mod second_factor_db;
    pub mod session;
    pub mod throttle;
    pub mod totp;
    mod unfinished_db;
    pub mod web;
}
/// Links that let a person choose a password.
pub mod invitations {
    pub mod db;
    pub mod link;
    pub mod web;
}
/// One's own page: password, second factor and signed-in browsers.
pub mod profile {
    pub mod second_factor;
    pub mod web;
}
/// Notices: what waits for a person, and what happened to the person's own numbers.
pub mod notices {
    mod db;
    pub mod web;
}
/// Search: one field for records, pages and commands.
pub mod search {
    mod commands;
    mod db;
    pub mod web;
}
/// Users: the people of a company, their roles and teams over time.
pub mod users {
    pub mod db;
    pub mod departure;
    mod export;
    pub mod form;
    pub mod leave;
    pub mod leaves_db;
    pub mod list_db;
    pub mod person;
    pub mod reps_db;
    pub mod viewing;
    pub mod web;
}
/// Teams: the tree, and who manages what.
pub mod teams {
    pub mod choose;
    pub mod db;
    pub mod web;
}
/// A believable company, the same for a seed and a date.
pub mod demo {
    pub mod chance;
    pub mod data;
    pub mod db;
    pub mod fill;
    pub mod names;
    pub mod sales;
    pub mod story;
    mod talk;
}

/// Imports: CSV files, of a folder or of a browser, become records, all or nothing.
pub mod imports {
    mod abroad;
    pub mod assignments;
    mod assignments_db;
    mod before_db;
    mod cell;
    pub mod changes;
    mod copy;
    pub mod customers;
    mod customers_db;
    mod db;
    pub mod deals;
    mod deals_abroad_db;
    mod deals_checks_db;
    mod deals_db;
    mod deals_known_db;
    pub mod done;
    pub mod done_db;
    mod drafts_db;
    pub mod import;
    mod lines;
    #[cfg(test)]
    mod mutated;
    pub mod ownership;
    mod ownership_db;
    pub mod plans;
    mod plans_db;
    pub mod preview;
    pub mod problem;
    mod progress;
    mod put_back_db;
    pub mod reps;
    mod reps_db;
    pub mod source;
    mod table;
    pub mod targets;
    mod targets_db;
    mod team_tree;
    pub mod templates;
    mod undo_db;
    pub mod upload;
    pub mod uploads_db;
    pub mod visits;
    mod visits_db;
    pub mod web;
}

/// What every handler is given.
#[derive(Clone)]
pub struct App {
    /// Connections to PostgreSQL.
    pub db: sqlx::PgPool,
    /// Where the instant of a request comes from.
    pub clock: clock::Clock,
    /// The address that people type: in links, in cookies, and as the origin of our own forms.
    pub public_url: config::PublicUrl,
    /// Whose word on a client's address is taken.
    pub trusted_proxies: config::TrustedProxies,
    /// Passwords that nobody may choose, if there is a list of them.
    pub breached: Option<Arc<sign_in::breached::Breached>>,
    /// What secrets of second factors are encrypted with, if there is a key.
    pub key: Option<Arc<sign_in::key::Key>>,
    /// Where passwords are hashed.
    pub hashing: Arc<sign_in::hashing::Hashing>,
    /// Whose import is at work: pages import one at a time, so that the others' connections stay free.
    pub importing: Arc<Semaphore>,
    /// Pages that people open again and again.
    pub kept: Arc<web::kept::Pages>,
    /// Boards that several people read.
    pub boards: Arc<scorecards::shared::Shared<scorecards::web::Loaded>>,
    /// Who reads a part of a long file: few at once, so that the others' connections stay free.
    pub exporting: Arc<Semaphore>,
    /// Whether there is a company, and who may create the first one.
    pub setup: Arc<setup::guard::Setup>,
    /// What is counted for `/metrics`.
    pub figures: Arc<figures::Figures>,
    /// The classes of customers, which pages share.
    pub classes: Arc<customers::classes::Shared>,
    /// A request that takes longer is broken off. Queries have shorter limits of their own.
    pub longest_request: Duration,
    /// Whether the program is about to stop.
    pub draining: Arc<AtomicBool>,
}

impl App {
    /// An application over a database, without trusted proxies, a list of breached passwords and a key.
    pub fn new(db: sqlx::PgPool, clock: clock::Clock, public_url: config::PublicUrl) -> Self {
        Self {
            figures: Arc::new(figures::Figures::new(clock.now())),
            db,
            clock,
            public_url,
            trusted_proxies: config::TrustedProxies::default(),
            breached: None,
            key: None,
            hashing: Arc::default(),
            importing: Arc::new(Semaphore::new(1)),
            kept: Arc::default(),
            boards: Arc::default(),
            exporting: Arc::new(Semaphore::new(2)),
            setup: Arc::default(),
            classes: Arc::default(),
            longest_request: Duration::from_mins(1),
            draining: Arc::default(),
        }
    }
}

/// The largest form, in bytes.
const LARGEST_FORM: usize = 64 << 10;

/// Every route of the product, by feature.
pub fn routes() -> web::routes::Routes {
    web::routes::Routes::new()
        .merge(scorecards::web::routes())
        .merge(targets::web::routes())
        .merge(plans::web::routes())
        .merge(plan_letters::web::routes())
        .merge(commission_runs::web::routes())
        .merge(commission_runs::hands::routes())
        .merge(commission_runs::limit::routes())
        .merge(statements::web::routes())
        .merge(disputes::web::routes())
        .merge(setup::web::routes())
        .merge(setup::guide::routes())
        .merge(setup::sample::routes())
        .merge(sign_in::web::routes())
        .merge(invitations::web::routes())
        .merge(profile::web::routes())
        .merge(profile::second_factor::routes())
        .merge(users::web::routes())
        .merge(teams::web::routes())
        .merge(organizations::web::routes())
        .merge(audit::web::routes())
        .merge(search::web::routes())
        .merge(notices::web::routes())
        .merge(customers::web::routes())
        .merge(visits::web::routes())
        .merge(products::web::routes())
        .merge(exchange_rates::web::routes())
        .merge(deals::web::routes())
        .merge(imports::web::routes())
        .merge(imports::done::routes())
}

/// The whole application. A request goes through the layers from the last one added to the first, its answer back from
/// the first to the last:
///
/// 1. `trace::log` numbers the request, logs the answer and counts it.
/// 2. `headers::add` gives every answer its security headers, also errors and redirects.
/// 3. Compression.
/// 4. Health checks and static files branch off: they need no session.
/// 5. `problem::draw` makes a page of an `Error`, also of one of the layers below.
/// 6. `toast::carry` leaves a toast for the next page, and takes one away that was shown.
/// 7. `auth::identify` finds the viewer of the session cookie, and tells `draw` whose navigation to show.
/// 8. `users::viewing::read_only` refuses what an administrator who views as somebody else would change.
/// 9. `sign_in::required::lead` leads whoever must have a second factor, and has none, to where it is turned on.
/// 10. `kept::answer` answers from memory what lasts, and keeps it: above it one query was asked, that of the session.
/// 11. `notices::web::count` counts what is new, for the bell.
/// 12. A panic becomes an answer here, and so does a request that takes too long.
/// 13. Forms of other sites are refused before anybody reads them.
/// 14. Without a company everything leads to the set-up.
/// 15. The form's size is limited, and the feature's handler runs.
pub fn router(app: App) -> Router {
    // An address that no browser would send as its origin is trusted for nothing: our own host still is.
    let csrf = CsrfLayer::new().add_trusted_origin(app.public_url.origin()).unwrap_or_default();
    let pages = routes()
        .into_router()
        .fallback(async || web::error::Error::NotFound)
        .method_not_allowed_fallback(async || web::error::Error::MethodNotAllowed)
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .layer(middleware::from_fn_with_state(app.clone(), setup::guard::lead))
        .layer(csrf.with_rejection_response(|_| web::error::Error::CrossSite.into_response()))
        .layer(middleware::from_fn_with_state(app.clone(), limit_time))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(app.clone(), notices::web::count))
        .layer(middleware::from_fn_with_state(app.clone(), web::kept::answer))
        .layer(middleware::from_fn(sign_in::required::lead))
        .layer(middleware::from_fn_with_state(app.clone(), users::viewing::read_only))
        .layer(middleware::from_fn_with_state(app.clone(), web::auth::identify))
        .layer(middleware::from_fn_with_state(app.clone(), web::toast::carry))
        .layer(middleware::from_fn(web::problem::draw));
    pages
        .merge(web::health::routes())
        .merge(web::assets::routes())
        .layer(CompressionLayer::new())
        .layer(middleware::from_fn_with_state(app.clone(), web::headers::add))
        .layer(middleware::from_fn_with_state(app.clone(), web::trace::log))
        .with_state(app)
}

async fn limit_time(State(app): State<App>, request: Request, next: Next) -> Result<Response, web::error::Error> {
    tokio::time::timeout(app.longest_request, next.run(request)).await.map_err(|_| web::error::Error::TimedOut)
}

#[expect(clippy::needless_pass_by_value, reason = "the layer hands it over")]
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let words = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    web::error::Error::Internal(format!("panic: {}", words.unwrap_or("without words"))).into_response()
}
