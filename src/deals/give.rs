//! An open deal is given to another rep, with a reason.

use axum::{extract::State, response::Response};
use serde::Deserialize;
use serde_json::json;

use super::{
    act::CHANGED,
    edit, give_db, page_db,
    show::{self, Next},
    undo,
};
use crate::{
    App, audit,
    domain::{
        deal::Stage,
        id::{DealId, UserId},
    },
    postgres::tx,
    users::reps_db,
    web::{
        auth::{Allowed, RecordSales},
        error::Error,
        form::{Errors, Form, Path},
        once,
        page::Page,
        toast::Toast,
    },
};

/// To whom and why, and what was seen of the deal.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct GiveForm {
    to: String,
    given_reason: String,
    version: String,
}

/// Gives an open deal, and the owner's share of it, to another rep. Whoever may change it may give it to any rep.
pub async fn create(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    page: Page,
    Path(id): Path<DealId>,
    Form { once, fields, .. }: Form<GiveForm>,
) -> Result<Response, Error> {
    let mut errors = Errors::new();
    let reason = errors.text("given_reason", &fields.given_reason, "The reason", 500);
    let mut write = once::begin(&app, &me, once).await?;
    let deal = edit::find_editable(&mut write, &me, id).await?;
    if deal.stage != Stage::Open {
        return Err(Error::Conflict("This deal is no longer open. What is won stays with whoever won it."));
    }
    let reps = reps_db::selling(&mut write, me.scope.org, me.today).await?;
    let chosen: Option<UserId> = fields.to.trim().parse().ok().filter(|to| deal.owner_id != Some(*to));
    let to = chosen.and_then(|to| reps.into_iter().find(|(rep, _)| *rep == to));
    if to.is_none() {
        errors.add("to", "Choose who gets it, somebody else who sells today.");
    }
    let (Some((to, name)), true) = (to, errors.is_empty()) else {
        drop(write);
        let mut read = tx::read(&app.db, me.scope.org).await?;
        return show::draw(&mut read, &me, page, id, Next::given(fields.to, fields.given_reason), errors).await;
    };
    if fields.version != deal.version.to_string() || give_db::give(&mut write, &[(id, deal.version)], to).await? != 1 {
        return Err(CHANGED);
    }
    let old = json!({ "owner": deal.owner });
    let detail = json!({ "old": old, "new": { "owner": name }, "reason": reason, "from": deal.owner_id });
    audit::db::record(&mut write, "deal.given", &format!("/deals/{id}"), detail).await?;
    // Whoever gives it away may not see it any more.
    let seen = page_db::find(&mut write, &me.scope, &me.company, me.today, id).await?;
    let place = if seen.is_some() { format!("/deals/{id}") } else { "/deals/pipeline".to_owned() };
    let toast = Toast::new(format!("Deal {} given to {name}", deal.number));
    write.done_saying(&place, &toast.undo(undo::path(id))).await
}
