//! What the server counts of itself, and `/metrics`, which tells it to Prometheus on a listener of its own.
//!
//! Labels have few values, all of them words of this program: no path, id, address or name ever stands in one.

use std::{borrow::Cow, time::Duration};

use axum::{
    Router,
    extract::State,
    http::{Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use prometheus_client::{
    encoding::text,
    metrics::{
        counter::{ConstCounter, Counter},
        family::Family,
        gauge::ConstGauge,
        histogram::Histogram,
        info::Info,
    },
    registry::{Registry, Unit},
};
use sqlx::PgPool;
use time::OffsetDateTime;

use crate::{App, domain::commission::evaluate::ENGINE_VERSION, postgres::activity};

/// How a try to sign in ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignIn {
    /// A session began.
    Done,
    /// The password was wrong, or nobody has the address.
    WrongPassword,
    /// The password was right and the code wrong.
    WrongCode,
    /// There were too many tries before.
    Throttled,
}

/// What became of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// It was calculated and stored.
    Calculated,
    /// Its last statement was approved.
    Approved,
    /// It was marked as paid.
    Paid,
}

/// What everybody's pay of a period was calculated for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calculation {
    /// A new run.
    Run,
    /// An approval, which calculates once more.
    Approval,
    /// What is kept of a day, of all running periods.
    Day,
}

type Labels<const N: usize> = [(&'static str, Cow<'static, str>); N];

/// What is counted since the start of the process.
#[derive(Debug)]
pub struct Figures {
    registry: Registry,
    requests: Family<Labels<3>, Counter>,
    durations: Family<Labels<2>, Histogram>,
    waited_in_vain: Counter,
    pages_kept: Counter,
    sign_ins: Family<Labels<1>, Counter>,
    runs: Family<Labels<1>, Counter>,
    calculations: Family<Labels<1>, Histogram>,
    seals: Counter,
}

/// Pages take milliseconds; a request is broken off after a minute.
fn request_buckets() -> Histogram {
    Histogram::new([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0])
}

/// A company of two hundred reps takes seconds.
fn calculation_buckets() -> Histogram {
    Histogram::new([0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0])
}

impl Figures {
    /// Nothing is counted yet. What has known labels stands at zero, so that the first one is seen as an increase.
    pub fn new(started: OffsetDateTime) -> Self {
        let figures = Self {
            registry: Registry::default(),
            requests: Family::default(),
            durations: Family::new_with_constructor(request_buckets),
            waited_in_vain: Counter::default(),
            pages_kept: Counter::default(),
            sign_ins: Family::default(),
            runs: Family::default(),
            calculations: Family::new_with_constructor(calculation_buckets),
            seals: Counter::default(),
        };
        for how in [SignIn::Done, SignIn::WrongPassword, SignIn::WrongCode, SignIn::Throttled] {
            drop(figures.sign_ins.get_or_create(&how.label()));
        }
        for what in [Run::Calculated, Run::Approved, Run::Paid] {
            drop(figures.runs.get_or_create(&what.label()));
        }
        for work in [Calculation::Run, Calculation::Approval, Calculation::Day] {
            drop(figures.calculations.get_or_create(&work.label()));
        }
        figures.registered(started)
    }

    fn registered(mut self, started: OffsetDateTime) -> Self {
        let all = &mut self.registry;
        all.register("attain_http_requests", "Requests that were answered", self.requests.clone());
        let help = "How long requests took until their answer began";
        all.register_with_unit("attain_http_request_duration", help, Unit::Seconds, self.durations.clone());
        let help = "Requests that were told to come back (503) because no connection to the database became free";
        all.register("attain_database_waits_in_vain", help, self.waited_in_vain.clone());
        let help = "Pages that were answered from memory";
        all.register("attain_pages_kept", help, self.pages_kept.clone());
        all.register("attain_sign_ins", "Tries to sign in", self.sign_ins.clone());
        all.register("attain_commission_runs", "What was done with commission runs", self.runs.clone());
        let help = "How long calculations of everybody's pay took";
        all.register_with_unit("attain_commission_calculation", help, Unit::Seconds, self.calculations.clone());
        all.register("attain_audit_seals", "Seals of the audit log that were made", self.seals.clone());
        let labels = vec![("version", env!("CARGO_PKG_VERSION")), ("engine", ENGINE_VERSION)];
        all.register("attain_build", "The version of the program and of its commission engine", Info::new(labels));
        let help = "When the process started, since the beginning of 1970";
        let started = ConstGauge::new(started.unix_timestamp());
        all.register_with_unit("process_start_time", help, Unit::Seconds, started);
        self
    }

    /// A request was answered. The route is a pattern; there is none for an unknown path.
    pub fn answered(&self, method: &Method, route: Option<&str>, status: StatusCode, took: Duration) {
        let method = ("method", method_name(method).into());
        let route = ("route", Cow::from(route.unwrap_or("none").to_owned()));
        let class = ("status", status_class(status).into());
        self.durations.get_or_create(&[method.clone(), route.clone()]).observe(took.as_secs_f64());
        self.requests.get_or_create(&[method, route, class]).inc();
    }

    /// A request found no free connection to the database.
    pub fn waited_in_vain(&self) {
        self.waited_in_vain.inc();
    }

    /// A page was answered from memory.
    pub fn page_kept(&self) {
        self.pages_kept.inc();
    }

    /// Somebody tried to sign in.
    pub fn signed_in(&self, how: SignIn) {
        self.sign_ins.get_or_create(&how.label()).inc();
    }

    /// Something became of a run, for good.
    pub fn run(&self, what: Run) {
        self.runs.get_or_create(&what.label()).inc();
    }

    /// Everybody's pay was calculated.
    pub fn calculated(&self, work: Calculation, took: Duration) {
        self.calculations.get_or_create(&work.label()).observe(took.as_secs_f64());
    }

    /// A seal was made.
    pub fn sealed(&self) {
        self.seals.inc();
    }
}

impl SignIn {
    fn label(self) -> Labels<1> {
        let result = match self {
            Self::Done => "ok",
            Self::WrongPassword => "wrong_password",
            Self::WrongCode => "wrong_code",
            Self::Throttled => "throttled",
        };
        [("result", result.into())]
    }
}

impl Run {
    fn label(self) -> Labels<1> {
        let act = match self {
            Self::Calculated => "calculated",
            Self::Approved => "approved",
            Self::Paid => "paid",
        };
        [("act", act.into())]
    }
}

impl Calculation {
    fn label(self) -> Labels<1> {
        let work = match self {
            Self::Run => "run",
            Self::Approval => "approval",
            Self::Day => "day",
        };
        [("work", work.into())]
    }
}

/// Clients may write any word as a method: only the usual ones are labels.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        _ => "other",
    }
}

fn status_class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}

/// `/metrics`, and nothing else: a router beside the one of the pages.
pub fn router(app: App) -> Router {
    Router::new().route("/metrics", get(show)).with_state(app)
}

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

async fn show(State(app): State<App>) -> Response {
    let now = at_present(&app.db).await;
    let mut text = String::new();
    let written = text::encode_registry(&mut text, &app.figures.registry).and_then(|()| text::encode(&mut text, &now));
    match written {
        Ok(()) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// What is so at this moment. What the database does not tell is left out.
async fn at_present(db: &PgPool) -> Registry {
    let mut now = Registry::default();
    let whole = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let (open, idle) = (i64::from(db.size()), whole(db.num_idle())); // before one is taken to ask the database
    let mut gauge = |name: &str, help: &str, value: i64| now.register(name, help, ConstGauge::new(value));
    gauge(
        "attain_database_connections_max",
        "How many connections there may be",
        i64::from(db.options().get_max_connections()),
    );
    gauge("attain_database_connections_open", "Connections to the database", open);
    gauge("attain_database_connections_idle", "Connections that nobody uses", idle);
    gauge("attain_database_connections_used", "Connections at work", (open - idle).max(0));
    let activity = activity::load(db).await;
    let help = "Whether the database answered within a second";
    gauge("attain_database_up", help, i64::from(activity.is_some()));
    if let Some(activity) = activity {
        counter(
            &mut now,
            "attain_database_commits",
            "Transactions in the database that were committed",
            activity.commits,
        );
        counter(
            &mut now,
            "attain_database_rollbacks",
            "Transactions that were rolled back, pages that only read among them",
            activity.rollbacks,
        );
        counter(&mut now, "attain_database_deadlocks", "Transactions that waited for each other", activity.deadlocks);
        let help = "How long statements ran in the database, the program's and others'";
        now.register_with_unit(
            "attain_database_statement",
            help,
            Unit::Seconds,
            ConstCounter::new(activity.statements),
        );
    }
    now
}

fn counter(registry: &mut Registry, name: &str, help: &str, value: i64) {
    registry.register(name, help, ConstCounter::new(u64::try_from(value).unwrap_or_default()));
}
