//! Taking back what was logged or planned today: a planned visit stands on the plan again as it stood there.

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

/// What a visit was on the plan, kept beside its logging. What the record does not say stays as it was logged.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Planned {
    day: Option<String>,
    time: Option<String>,
    kind: Option<String>,
    minutes: Option<i32>,
    notes: Option<String>,
    with: Option<Vec<(UserId, String)>>,
}

impl Planned {
    /// A visit that is still planned.
    pub fn of(visit: &Visit) -> Self {
        Self {
            day: Some(visit.visited_on.to_string()),
            time: visit.starts_at.as_ref().map(format::clock),
            kind: Some(visit.kind.as_str().to_owned()),
            minutes: visit.minutes,
            notes: Some(visit.notes.clone()),
            with: Some(visit.along()),
        }
    }

    /// What the audit of a logging kept.
    fn read(detail: &Value) -> Self {
        let planned = detail.get("planned").cloned().map(serde_json::from_value);
        planned.and_then(Result::ok).unwrap_or_default()
    }

    /// The logged visit as it stood on the plan, and who was to go along.
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
            state: visit::State::Planned,
            outcome: None,
            minutes: self.minutes,
            notes: self.notes.unwrap_or_else(|| logged.notes.clone()),
            ..logged
        };
        (planned, with)
    }
}

/// Takes back what was logged or planned today: a planned visit is planned again as it was, a new one is gone.
pub async fn create(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    Path(id): Path<VisitId>,
    Form { once, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let mut write = once::begin(&app, &me, once).await?;
    let visit = page_db::find(&mut write, &me.scope, &me.company, id).await?.ok_or(Error::NotFound)?;
    let object = format!("/visits/{id}");
    let history = audit::db::history(&mut write, me.scope.org, &me.company.time_zone, &object).await?;
    let last = history.first().filter(|act| act.user_id == Some(me.id) && act.at.date() == me.today);
    let Some(last) = last.filter(|_| visit.rep_id == me.id || visit.with.contains(&me.id)) else {
        return Err(Error::Conflict("Only what you did today can be undone. Correct the visit instead."));
    };
    if visit.locked {
        return Err(Error::Conflict("Its period is locked: the visit stays. Correct it, and say why."));
    }
    let old = log::facts_of(&visit);
    if last.action != "visit.planned" {
        remove_follow_ups(&mut write, &visit).await?;
    }
    match last.action.as_str() {
        "visit.done" => {
            let (planned, with) = Planned::read(&last.detail).restore(&visit);
            if !db::update(&mut write, id, visit.version, &planned).await? {
                return Err(log::CHANGED);
            }
            log::write_with(&mut write, id, &with).await?;
            let detail = json!({ "old": old, "new": log::facts(&planned, &visit.customer, &log::names(&with)) });
            audit::db::record(&mut write, "visit.undone", &object, detail).await?;
        }
        "visit.logged" | "visit.planned" => {
            if !db::delete(&mut write, id, visit.version).await? {
                return Err(log::CHANGED);
            }
            audit::db::record(&mut write, "visit.removed", &object, json!({ "old": old })).await?;
        }
        _ => return Err(log::CHANGED),
    }
    let to = if visit.state == visit::State::Planned { "/visits/plan" } else { "/visits" };
    write.done_saying(to, &Toast::new(format!("Visit to {} taken back", visit.customer))).await
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
