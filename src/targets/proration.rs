//! `/settings/proration`: which targets count in proportion to the days on which a rep is there.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::presence_db;
use crate::{
    App, audit,
    domain::metric::{Metric, Unit},
    postgres::tx,
    web::{
        auth::{Allowed, ManagePeople},
        error::Error,
        form::Form,
        once,
        page::{Page, answer},
        toast::Toast,
    },
};

/// Where the page is.
pub const PATH: &str = "/settings/proration";

/// The metrics that can count in proportion: rates never do.
fn metrics() -> impl Iterator<Item = Metric> {
    Metric::ALL.into_iter().filter(|metric| metric.unit() != Unit::Fraction)
}

/// What was ticked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ProrationForm {
    metrics: Vec<String>,
    seen: String,
}

#[derive(Template)]
#[template(path = "targets/proration.html")]
struct ProrationPage {
    page: Page,
    /// Each metric, and whether it is ticked.
    metrics: Vec<(Metric, bool)>,
    seen: i64,
    /// Whether somebody else has saved meanwhile.
    stale: bool,
}

/// `GET /settings/proration`.
pub async fn index(State(app): State<App>, me: Allowed<ManagePeople>, page: Page) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let (whole, seen) = presence_db::whole_now(&mut read, me.scope.org).await?;
    let metrics = metrics().map(|metric| (metric, !whole.contains(&metric))).collect();
    answer(StatusCode::OK, ProrationPage { page, metrics, seen, stale: false })
}

/// `POST /settings/proration`: the boxes as they are ticked.
pub async fn save(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    page: Page,
    Form { once, fields, .. }: Form<ProrationForm>,
) -> Result<Response, Error> {
    let incomplete = Error::BadRequest("The form is incomplete. Open the page again.");
    let drawn: i64 = fields.seen.parse().map_err(|_| incomplete)?;
    let ticked: Vec<Metric> = fields.metrics.iter().filter_map(|metric| Metric::parse(metric)).collect();
    let mut write = once::begin_alone(&app, &me, once).await?;
    let (whole, seen) = presence_db::whole_now(&mut write, me.scope.org).await?;
    if seen != drawn {
        drop(write);
        let metrics = metrics().map(|metric| (metric, ticked.contains(&metric))).collect();
        return answer(StatusCode::CONFLICT, ProrationPage { page, metrics, seen, stale: true });
    }
    let changes: Vec<(Metric, bool)> = metrics()
        .map(|metric| (metric, ticked.contains(&metric)))
        .filter(|(metric, prorated)| *prorated == whole.contains(metric))
        .collect();
    if changes.is_empty() {
        return write.done_saying(PATH, &Toast::new("Nothing was changed")).await;
    }
    presence_db::change(&mut write, &changes).await?;
    let before = json!({ "targets in proportion": listed(|metric| !whole.contains(&metric)) });
    let after = json!({ "targets in proportion": listed(|metric| ticked.contains(&metric)) });
    let detail = json!({ "old": before, "new": after });
    audit::db::record(&mut write, "settings.proration_changed", "/settings", detail).await?;
    write.done_saying(PATH, &Toast::new("Saved. Open periods are counted anew")).await
}

fn listed(is_in: impl Fn(Metric) -> bool) -> Value {
    let names: Vec<String> = metrics().filter(|metric| is_in(*metric)).map(|m| m.label().to_lowercase()).collect();
    names.join(", ").into()
}
