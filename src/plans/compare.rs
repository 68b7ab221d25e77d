//! Two versions of a plan side by side: what differs in words, and what both pay at a few attainments.

use axum::{extract::State, response::Response};

use super::{
    db::{self, VersionRow},
    form::ExampleForm,
    holds,
};
use crate::{
    App,
    domain::{
        commission::{
            compare::{self, Change},
            picture,
            plan::Plan,
        },
        id::PlanId,
        metric::{Metric, Unit},
        money::Money,
    },
    postgres::tx,
    web::{
        auth::{Allowed, PrepareCommission, Viewer},
        error::Error,
        form::{Path, Query},
        format,
        page::{Page, html},
        ui::Choice,
    },
};

#[derive(askama::Template)]
#[template(path = "plans/compare.html")]
struct ComparePage {
    page: Page,
    left: VersionRow,
    right: VersionRow,
    /// Every version, to choose from.
    versions: Vec<Choice>,
    changes: Vec<Change>,
    /// Whether they are the same to the last letter.
    same: bool,
    /// What the example is.
    example: String,
    /// Attainment, both amounts, and the difference.
    pays: Vec<(String, Money, Money, Money)>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Sides {
    /// A version's number; empty: the one before the newest.
    left: String,
    /// A version's number; empty: the newest.
    right: String,
}

pub(super) async fn show(
    State(app): State<App>,
    me: Allowed<PrepareCommission>,
    page: Page,
    Path(id): Path<PlanId>,
    Query(sides): Query<Sides>,
) -> Result<Response, Error> {
    let all = db::versions(&mut *tx::read(&app.db, me.scope.org).await?, me.scope.org, id).await?;
    let newest = all.first().ok_or(Error::NotFound)?;
    let before = all.get(1).unwrap_or(newest);
    let find = |asked: &str, usual: &VersionRow| -> Result<VersionRow, Error> {
        let asked = if asked.is_empty() { usual.number.to_string() } else { asked.to_owned() };
        all.iter().find(|version| version.number.to_string() == asked).cloned().ok_or(Error::NotFound)
    };
    let (left, right) = (find(&sides.left, before)?, find(&sides.right, newest)?);
    let (old, new) = (left.plan()?, right.plan()?);
    let versions = all.iter().map(holds::choice).collect();
    let (example, pays) = pays(&old, &new, &right, &me)?;
    html(ComparePage {
        page,
        versions,
        changes: compare::changes(&old, &new),
        same: old == new,
        left,
        right,
        example,
        pays,
    })
}

/// What both pay at a few attainments of the newer plan's first metric, the others on their targets.
#[expect(clippy::type_complexity, reason = "a table's rows, shown once")]
fn pays(
    old: &Plan,
    new: &Plan,
    right: &VersionRow,
    me: &Viewer,
) -> Result<(String, Vec<(String, Money, Money, Money)>), Error> {
    let mut metrics = picture::metrics(new);
    metrics.extend(picture::metrics(old));
    let Some(along) = metrics.first().copied() else { return Ok((String::new(), vec![])) };
    let mut form = ExampleForm::default();
    form.fill(&metrics);
    // On the target, so that it opens every condition on one.
    for [target, reached] in form.rows.values_mut() {
        reached.clone_from(target);
    }
    let failed = |e: String| Error::Internal(format!("example of plan version {}: {e}", right.id));
    let parse = |plan: &Plan| {
        form.parse(plan, right.from_date, me.company.fiscal_start).map_err(|_| failed("its numbers".to_owned()))
    };
    let (mut example, of_old) = (parse(new)?, parse(old)?);
    example.targets.extend(of_old.targets);
    example.reached.extend(of_old.reached);
    let mut rows: Vec<(String, Money, Money, Money)> = vec![];
    for (value, share) in example.rows_of_table(along) {
        let pay =
            |plan: &Plan| example.pay(plan, along, value).map(|s| s.total.money).map_err(|e| failed(e.to_string()));
        let (before, after) = (pay(old)?, pay(new)?);
        rows.push((format::percent(share), before, after, after - before));
    }
    let mut others: Vec<Metric> = vec![];
    for metric in metrics.into_iter().filter(|metric| *metric != along) {
        if !others.contains(&metric) {
            others.push(metric);
        }
    }
    let others: Vec<String> = others.into_iter().map(|metric| metric.label().to_lowercase()).collect();
    let target = match (along.unit(), example.targets.get(&along)) {
        (Unit::Money, Some(target)) => format::locale().money_exact(new.currency, *target),
        (Unit::Fraction, Some(target)) => format::rate(*target),
        (Unit::Count, Some(target)) => format::number(*target),
        (_, None) => String::new(),
    };
    let words = words(along, &target, &others);
    Ok((words, rows))
}

fn words(along: Metric, target: &str, others: &[String]) -> String {
    let kind = if along.is_limit() { "limit" } else { "target" };
    let mut words = format!("An example with a {kind} of {target} for {}", along.label().to_lowercase());
    if !others.is_empty() {
        words += &format!(", and {} on target", format::listed(others));
    }
    words + "."
}
