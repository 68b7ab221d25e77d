//! Visits that come again every so many weeks: planned at once, and taken off the plan from one on.

use axum::{extract::State, response::Response};
use serde_json::json;

use super::{db, log, page_db};
use crate::{
    App, audit,
    domain::id::VisitId,
    postgres::tx::Tx,
    web::{
        auth::{Allowed, RecordSales},
        error::Error,
        form::{Form, Nothing, Path},
        format, once,
        toast::Toast,
        ui::Choice,
    },
};

/// How often a visit may come again: weeks and words.
pub const EVERY: [(i64, &str); 3] = [(1, "Every week"), (2, "Every 2 weeks"), (4, "Every 4 weeks")];

/// How often to choose from.
pub fn choices() -> Vec<Choice> {
    EVERY.iter().map(|(weeks, words)| Choice::new(weeks, *words)).collect()
}

/// Plans a visit for one day, or for each of several as one series. The first of them.
pub async fn plan(
    tx: &mut Tx,
    new: &db::NewVisit,
    days: &[time::Date],
    customer: &str,
    with: &[(crate::domain::id::UserId, String)],
) -> sqlx::Result<Option<VisitId>> {
    let ids: Vec<_> = with.iter().map(|(id, _)| *id).collect();
    let mut first = None;
    for day in days {
        let new = db::NewVisit { visited_on: *day, ..new.clone() };
        // What stands on the plan already comes once.
        if first.is_some() && page_db::planned(tx, new.rep, new.customer, *day, &[new.kind]).await?.is_some() {
            continue;
        }
        let id = db::insert(tx, &new).await?;
        db::set_participants(tx, id, &ids).await?;
        let series = *first.get_or_insert(id);
        if days.len() > 1 {
            db::set_series(tx, id, series).await?;
        }
        let detail = json!({ "new": log::facts(&new, customer, &log::names(with)) });
        audit::db::record(tx, "visit.planned", &format!("/visits/{id}"), detail).await?;
    }
    Ok(first)
}

/// Takes a visit of a series and all later ones off the plan. What is done or missed stays.
pub async fn remove(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    Path(id): Path<VisitId>,
    Form { once, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let mut write = once::begin(&app, &me, once).await?;
    let visit = page_db::find(&mut write, &me.scope, &me.company, id).await?.ok_or(Error::NotFound)?;
    let Some(series) = visit.series_id else {
        return Err(Error::Conflict("This visit is not one of a series. Take it off the plan alone."));
    };
    if !me.scope.sees(visit.rep_id) {
        return Err(super::plan::NOT_YOURS);
    }
    let kept = db::kept(&mut write, id, Some(series), visit.visited_on).await?;
    let removed = db::delete_series(&mut write, series, visit.visited_on).await?;
    let count = i64::try_from(removed.len()).unwrap_or(i64::MAX);
    let first = removed.iter().map(|(id, _)| *id).min();
    let acts = removed.into_iter().map(|(id, day)| {
        let old = json!({ "customer": visit.customer, "day": day.to_string() });
        let kept = (Some(id) == first).then_some(&kept);
        (format!("/visits/{id}"), json!({ "old": old, "kept": kept }))
    });
    audit::db::record_all(&mut write, "visit.removed", acts.collect()).await?;
    let words = format!("{} to {} taken off the plan", format::counted(count, "visit", "visits"), visit.customer);
    let mut toast = Toast::new(words);
    if let Some(first) = first {
        toast = toast.undo(format!("/visits/{first}/undo"));
    }
    write.done_saying(&format!("/visits/plan?day={}", visit.visited_on), &toast).await
}
