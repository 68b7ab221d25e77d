//! Taking back what was done today to a visit or a plan: it stands again as it stood before.

use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    db::{self, NewVisit},
    form::parse_time,
    log,
    page_db::{self, Visit},
};
use crate::{
    App, audit,
    domain::{
        access::{Reach, Scope},
        id::{UserId, VisitId},
        visit,
    },
    web::{
        auth::{Allowed, RecordSales},
        error::Error,
        form::{Form, Nothing, Path, parse_date},
        format,
        once::{self, Write},
        toast::Toast,
    },
};

/// What a visit was on the plan, kept beside its logging or moving. What the record does not say stays as it was logged.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Planned {
    day: Option<String>,
    time: Option<String>,
    kind: Option<String>,
    minutes: Option<i32>,
    notes: Option<String>,
    with: Option<Vec<(UserId, String)>>,
    missed: bool,
}

impl Planned {
    /// A visit that is still planned, or was missed.
    pub fn of(visit: &Visit) -> Self {
        Self {
            day: Some(visit.visited_on.to_string()),
            time: visit.starts_at.as_ref().map(format::clock),
            kind: Some(visit.kind.as_str().to_owned()),
            minutes: visit.minutes,
            notes: Some(visit.notes.clone()),
            with: Some(visit.along()),
            missed: visit.state == visit::State::Missed,
        }
    }

    /// What the audit of a logging kept.
    fn read(detail: &Value) -> Self {
        let planned = detail.get("planned").cloned().map(serde_json::from_value);
        planned.and_then(Result::ok).unwrap_or_default()
    }

    /// The logged or moved visit as it stood on the plan, and who was to go along.
    fn restore(self, visit: &Visit) -> (NewVisit, Vec<(UserId, String)>) {
        let with = self.with.unwrap_or_else(|| visit.along());
        let logged = log::as_new(visit);
        let planned = NewVisit {
            visited_on: self.day.as_deref().and_then(parse_date).unwrap_or(logged.visited_on),
            starts_at: match (&self.day, &self.time) {
                (None, _) => logged.starts_at,
                (Some(_), time) => time.as_deref().and_then(parse_time),
            },
            kind: self.kind.as_deref().and_then(visit::Kind::parse).unwrap_or(logged.kind),
            state: if self.missed { visit::State::Missed } else { visit::State::Planned },
            outcome: None,
            minutes: self.minutes,
            notes: self.notes.unwrap_or_else(|| logged.notes.clone()),
            ..logged
        };
        (planned, with)
    }
}

/// What is said where there is nothing of today to take back.
const NOT_TODAY: Error = Error::Conflict("Only what you did today can be undone. Correct the visit instead.");

/// Takes back what this person did today, as the last one: a planned visit is planned again as it was, a new one is gone,
/// one that was taken off the plan or moved is on it again as before, one that did not take place did, and who left one goes along again.
pub async fn create(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    Path(id): Path<VisitId>,
    Form { once, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let mut write = once::begin(&app, &me, once).await?;
    let object = format!("/visits/{id}");
    let history = audit::db::history(&mut write, me.scope.org, &me.company.time_zone, &object).await?;
    let last = history.into_iter().next().filter(|act| act.user_id == Some(me.id) && act.at.date() == me.today);
    if let Some(left) = last.as_ref().and_then(|act| left(&act.detail)) {
        return join_again(write, &me, id, left).await;
    }
    let Some(visit) = page_db::find(&mut write, &me.scope, &me.company, id).await? else {
        let removed = last.filter(|act| act.action == "visit.removed").ok_or(Error::NotFound)?;
        return put_back(write, &me, &removed.detail).await;
    };
    let last = last.ok_or(NOT_TODAY)?;
    if visit.locked && last.action != "visit.missed" {
        return Err(Error::Conflict("Its period is locked: the visit stays. Correct it, and say why."));
    }
    match last.action.as_str() {
        "visit.done" => {
            remove_follow_ups(&mut write, &visit).await?;
            let (planned, with) = Planned::read(&last.detail).restore(&visit);
            update(&mut write, &visit, &planned, &log::names(&with)).await?;
            log::write_with(&mut write, id, &with).await?;
        }
        // Of an older move it is not kept where the visit stood.
        "visit.moved" if last.detail.get("planned").is_some() => {
            let (planned, _) = Planned::read(&last.detail).restore(&visit);
            update(&mut write, &visit, &planned, &visit.with_names).await?;
            let toast = Toast::new(format!("Visit to {} on its day again", visit.customer));
            return write.done_saying(&format!("/visits/plan?day={}", planned.visited_on), &toast).await;
        }
        "visit.missed" => {
            let planned = NewVisit { state: visit::State::Planned, ..log::as_new(&visit) };
            update(&mut write, &visit, &planned, &visit.with_names).await?;
        }
        "visit.voided" => {
            let outcome = last.detail.get("outcome").and_then(Value::as_str).and_then(visit::Outcome::parse);
            if !db::unvoid(&mut write, id, visit.version, outcome).await? {
                return Err(log::CHANGED);
            }
            let done = NewVisit { state: visit::State::Done, outcome, ..log::as_new(&visit) };
            record(&mut write, &visit, &done, &visit.with_names).await?;
        }
        "visit.logged" | "visit.planned" => {
            if last.action == "visit.logged" {
                remove_follow_ups(&mut write, &visit).await?;
            }
            if !db::delete(&mut write, id, visit.version).await? {
                return Err(log::CHANGED);
            }
            let detail = json!({ "old": log::facts_of(&visit) });
            audit::db::record(&mut write, "visit.removed", &object, detail).await?;
        }
        _ => return Err(log::CHANGED),
    }
    let (to, words) = match last.action.as_str() {
        "visit.missed" => (format!("/visits/plan?day={}", visit.visited_on), "planned again"),
        "visit.voided" => (object, "counted as done again"),
        _ if visit.state == visit::State::Planned => ("/visits/plan".to_owned(), "taken back"),
        _ => ("/visits".to_owned(), "taken back"),
    };
    write.done_saying(&to, &Toast::new(format!("Visit to {} {words}", visit.customer))).await
}

/// Whom an act took off a visit that stays somebody else's.
fn left(detail: &Value) -> Option<Vec<(UserId, String)>> {
    serde_json::from_value(detail.get("left")?.clone()).ok()
}

/// Lets those go along again who left. The visit may be out of this person's sight since: it was in it with them.
async fn join_again(
    mut write: Write,
    me: &Allowed<RecordSales>,
    id: VisitId,
    left: Vec<(UserId, String)>,
) -> Result<Response, Error> {
    let all = Scope { org: me.scope.org, reach: Reach::All };
    let visit = page_db::find(&mut write, &all, &me.company, id).await?.ok_or(Error::NotFound)?;
    if !left.iter().all(|(rep, _)| me.scope.sees(*rep)) {
        return Err(Error::NotFound);
    }
    let mut with = visit.along();
    with.extend(left);
    update(&mut write, &visit, &log::as_new(&visit), &log::names(&with)).await?;
    log::write_with(&mut write, id, &with).await?;
    let toast = Toast::new(format!("On the visit to {} again, with {}", visit.customer, visit.rep));
    write.done_saying(&format!("/visits/plan?day={}", visit.visited_on), &toast).await
}

/// Writes the visit as it was before, and that somebody did.
async fn update(write: &mut Write, visit: &Visit, before: &NewVisit, with: &[String]) -> Result<(), Error> {
    if !db::update(write, visit.id, visit.version, before).await? {
        return Err(log::CHANGED);
    }
    Ok(record(write, visit, before, with).await?)
}

async fn record(write: &mut Write, visit: &Visit, before: &NewVisit, with: &[String]) -> sqlx::Result<()> {
    let detail = json!({ "old": log::facts_of(visit), "new": log::facts(before, &visit.customer, with) });
    audit::db::record(write, "visit.undone", &format!("/visits/{}", visit.id), detail).await
}

/// Puts on the plan again what was taken off it: one visit, or those of a series.
async fn put_back(mut write: Write, me: &Allowed<RecordSales>, removed: &Value) -> Result<Response, Error> {
    // Without them a visit was taken back that had been entered by mistake.
    let kept = removed.get("kept").filter(|kept| kept.is_array()).ok_or(NOT_TODAY)?;
    let rep = kept.get(0).and_then(|visit| visit.get("rep_id")).and_then(Value::as_i64).map(UserId);
    if !rep.is_some_and(|rep| me.scope.sees(rep)) {
        return Err(Error::NotFound);
    }
    let customer = removed.pointer("/old/customer").and_then(Value::as_str).unwrap_or_default();
    let back = db::put_back(&mut write, kept).await?;
    let Some(first) = back.iter().map(|(_, day)| *day).min() else { return Err(log::CHANGED) };
    let acts = back.iter().map(|(id, day)| {
        let new = json!({ "customer": customer, "day": day.to_string() });
        (format!("/visits/{id}"), json!({ "new": new }))
    });
    audit::db::record_all(&mut write, "visit.undone", acts.collect()).await?;
    let visits = format::counted(i64::try_from(back.len()).unwrap_or(i64::MAX), "visit", "visits");
    let toast = Toast::new(format!("{visits} to {customer} planned again"));
    write.done_saying(&format!("/visits/plan?day={first}"), &toast).await
}

/// What was planned along with a visit goes with it, unless somebody has changed it since.
async fn remove_follow_ups(write: &mut Write, visit: &Visit) -> sqlx::Result<()> {
    let removed = db::delete_follow_ups(write, visit.id).await?;
    let acts = removed.into_iter().map(|(id, day)| {
        let old = json!({ "customer": visit.customer, "day": day.to_string() });
        (format!("/visits/{id}"), json!({ "old": old }))
    });
    audit::db::record_all(write, "visit.removed", acts.collect()).await
}
