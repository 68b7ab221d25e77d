//! `/targets/2026-11/changes`: who set what when and why, and who said yes to it.

use askama::Template;
use axum::{extract::State, response::Response};
use time::PrimitiveDateTime;

use super::{
    accept_db::{self, Acceptance},
    db::{self, Change},
    draw::words,
};
use crate::{
    App,
    domain::{metric::Metric, period::Period},
    postgres::tx,
    web::{
        auth::{Allowed, SetTargets, Viewer},
        error::Error,
        form::Path,
        page::{self, Page},
        periods,
    },
};

/// How many changes the list shows.
const MOST_CHANGES: i64 = 500;

/// The list as a page.
#[derive(Template)]
#[template(path = "targets/changes.html")]
struct Changes {
    page: Page,
    period: Period,
    rows: Vec<Row>,
    accepted: Vec<Acceptance>,
    cut: bool,
}

struct Row {
    whose: String,
    metric: &'static str,
    old: String,
    new: String,
    by: String,
    reason: String,
    at: PrimitiveDateTime,
}

/// `GET /targets/2026-11/changes`.
pub async fn index(
    State(app): State<App>,
    me: Allowed<SetTargets>,
    page: Page,
    Path(word): Path<String>,
) -> Result<Response, Error> {
    let period = periods::parse(&word, &me)?;
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let company = db::leads_company(&mut read, &me.scope).await?;
    let changes = db::changes(&mut read, &me.scope, company, period, MOST_CHANGES).await?;
    let cut = i64::try_from(changes.len()).is_ok_and(|count| count >= MOST_CHANGES);
    let rows = changes.into_iter().filter_map(|change| row(change, &me)).collect();
    let accepted = accept_db::of_period(&mut read, &me.scope, period).await?;
    page::html(Changes { page, period, rows, accepted, cut })
}

fn row(change: Change, me: &Viewer) -> Option<Row> {
    let metric = Metric::parse(&change.metric)?;
    let currency = me.company.currency;
    Some(Row {
        whose: change.whose.unwrap_or_else(|| me.company.name.clone()),
        metric: metric.label(),
        old: words(metric, change.old, currency),
        new: words(metric, change.new, currency),
        by: change.by.unwrap_or_else(|| "Import".to_owned()),
        reason: change.reason.unwrap_or_default(),
        at: change.at,
    })
}
