//! Taking back what was saved in a grid: the values that stood before are written again, if nobody changed them since.

use std::collections::BTreeMap;

use axum::{extract::State, response::Response};
use serde_json::json;

use super::{
    db::{self, NewTarget},
    grid::{Cell, Change},
    web::{self, may_set},
};
use crate::{
    App, audit,
    domain::{
        id::TargetId,
        period::Period,
        subject::{Subject, Subjects},
    },
    period_locks,
    web::{
        auth::{Allowed, SetTargets},
        error::Error,
        form::{Form, Nothing, Path},
        format, once, periods,
        toast::Toast,
    },
};

/// Where a save is taken back: its rows are those from the first to the last.
pub fn path(period: Period, (first, last): (TargetId, TargetId)) -> String {
    format!("/targets/{period}/undo/{first}-{last}")
}

/// `POST /targets/2026-11/undo/7-12`.
pub async fn undo(
    State(app): State<App>,
    me: Allowed<SetTargets>,
    Path((word, rows)): Path<(String, String)>,
    Form { once, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let period = periods::parse(&word, &me)?;
    let rows = rows.split_once('-').and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok()?)));
    let (first, last): (TargetId, TargetId) = rows.ok_or(Error::NotFound)?;
    let mut write = once::begin_alone(&app, &me, once).await?;
    let saved = db::saved_by(&mut write, me.id, period, first, last).await?;
    let may = may_set(&mut write, &me, period).await?;
    if saved.is_empty() || !saved.iter().all(|row| may.contains(row.whose)) {
        return Err(Error::NotFound);
    }
    if period_locks::db::locked_at(&mut write, me.scope.org, period).await?.is_some() {
        return Err(Error::Conflict("The period was locked meanwhile. Its targets stay as they are."));
    }
    let whose = Subjects::of(saved.iter().map(|row| row.whose).collect::<std::collections::BTreeSet<Subject>>());
    let by_cell = |targets: Vec<db::Target>| -> BTreeMap<Cell, db::Target> {
        targets.into_iter().map(|target| ((target.whose, target.metric), target)).collect()
    };
    let now = by_cell(db::latest(&mut write, me.scope.org, &whose, &[period], None).await?);
    let before = Some(TargetId(first.0 - 1));
    let before = by_cell(db::latest(&mut write, me.scope.org, &whose, &[period], before).await?);
    let mut changes = vec![];
    for row in saved {
        let cell = (row.whose, row.metric);
        if now.get(&cell).is_none_or(|now| now.id != row.id) {
            return Err(Error::Conflict(
                "Somebody has changed one of these targets since. Nothing was taken back: open the grid to see what stands.",
            ));
        }
        changes.push(Change { cell, old: row.value, new: before.get(&cell).and_then(|target| target.value) });
    }
    let targets: Vec<NewTarget> = changes
        .iter()
        .map(|change| NewTarget { whose: change.cell.0, metric: change.cell.1, value: change.new })
        .collect();
    db::insert(&mut write, period, &targets, Some("undone")).await?;
    let detail = json!({ "changes": web::told(&mut write, &me, &changes).await?, "reason": "undone" });
    audit::db::record(&mut write, "target.set", &format!("/targets/{period}"), detail).await?;
    let count = i64::try_from(targets.len()).unwrap_or(0);
    let words = format!("{} for {} taken back", format::counted(count, "target", "targets"), format::period(period));
    write.done_saying(&format!("/targets/{period}"), &Toast::new(words)).await
}
