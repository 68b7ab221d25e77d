//! Taking back what was just done to an open deal: given to another rep, or expected on another day.

use axum::{extract::State, response::Response};
use serde_json::{Value, json};

use super::{act::CHANGED, db::NewDeal, facts::as_new, give_db, page_db, save};
use crate::{
    App, audit,
    domain::{
        access::{Reach, Scope},
        deal::Stage,
        id::{DealId, UserId},
    },
    users::reps_db,
    web::{
        auth::{Allowed, RecordSales},
        error::Error,
        form::{Form, Nothing, Path, parse_date},
        once,
        toast::Toast,
    },
};

/// Where what was done last to a deal is taken back.
pub fn path(id: DealId) -> String {
    format!("/deals/{id}/undo")
}

/// Takes back what this person did to an open deal today, as the last one. It may be out of the person's sight since.
pub async fn create(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    Path(id): Path<DealId>,
    Form { once, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let mut write = once::begin(&app, &me, once).await?;
    let all = Scope { org: me.scope.org, reach: Reach::All };
    let deal = page_db::find(&mut write, &all, &me.company, me.today, id).await?.ok_or(Error::NotFound)?;
    let object = format!("/deals/{id}");
    let history = audit::db::history(&mut write, me.scope.org, &me.company.time_zone, &object).await?;
    let last = history.into_iter().next().filter(|act| act.user_id == Some(me.id) && act.at.date() == me.today);
    let Some(last) = last else {
        let seen = page_db::find(&mut write, &me.scope, &me.company, me.today, id).await?;
        return Err(seen.map_or(Error::NotFound, |_| {
            Error::Conflict("Only what you did today, as the last one, can be undone. Change the deal instead.")
        }));
    };
    if deal.stage != Stage::Open {
        return Err(CHANGED);
    }
    let words = match (last.action.as_str(), last.detail.get("from").and_then(Value::as_i64).map(UserId)) {
        ("deal.given", Some(from)) => {
            let name = reps_db::name(&mut write, me.scope.org, from).await?.ok_or(Error::NotFound)?;
            if !me.scope.sees(from) || give_db::give(&mut write, &[(id, deal.version)], from).await? != 1 {
                return Err(CHANGED);
            }
            let detail = json!({ "old": { "owner": deal.owner }, "new": { "owner": name }, "reason": "undone" });
            audit::db::record(&mut write, "deal.given", &object, detail).await?;
            format!("Deal {} is with {name} again", deal.number)
        }
        ("deal.expected", _) => {
            let day = last.detail.pointer("/old/expected_on").and_then(Value::as_str).and_then(parse_date);
            let before = as_new(&mut write, &me, &deal).await?;
            let moved = NewDeal { expected_on: day, ..before };
            if !save::change(&mut write, id, deal.version, &moved, deal.customer_id).await? {
                return Err(CHANGED);
            }
            let shown = |day: Option<time::Date>| day.map(|day| day.to_string());
            let (old, new) = (shown(deal.expected_on), shown(day));
            let detail = json!({ "old": { "expected_on": old }, "new": { "expected_on": new }, "reason": "undone" });
            audit::db::record(&mut write, "deal.expected", &object, detail).await?;
            format!("Deal {} is expected as before", deal.number)
        }
        _ => return Err(CHANGED),
    };
    write.done_saying(&object, &Toast::new(words)).await
}
