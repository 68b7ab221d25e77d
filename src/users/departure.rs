//! Leaving the company and coming back: the last day, the sign-in, and the teams that were managed.

use axum::{extract::State, response::Response};
use serde_json::json;
use time::Date;

use super::{
    db,
    form::DepartureForm,
    person::{PersonPage, STALE, first_moved, is_last_admin, path},
};
use crate::{
    App, audit,
    domain::{id::UserId, period::add_days},
    invitations, period_locks,
    postgres::{sessions, tx::Tx},
    teams,
    web::{
        auth::{Allowed, ManagePeople},
        error::Error,
        form::{Form, Nothing, Path},
        format::date,
        once,
        page::Page,
        step_up,
        toast::Toast,
    },
};

/// The person leaves: the first day no longer there is kept. A last day that is still to come ends the sign-in by itself
/// when it is over; of any other the sign-in is off at once. Managing ends with the last day. Customers are handed over from
/// the same page; the team stays, so that its manager goes on seeing what is settled later.
pub(super) async fn leave_company(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    page: Page,
    Path(id): Path<UserId>,
    Form { once, fields, typed }: Form<DepartureForm>,
) -> Result<Response, Error> {
    let mut shown = PersonPage::load(&app, &me, page, id).await?;
    if let Some(response) = step_up::required(&me, &shown.page, &path(id, "departure"), &typed) {
        return response;
    }
    if !shown.person.active {
        return Err(STALE);
    }
    let last = shown.errors.date("last_day", &fields.last_day, "The last day");
    shown.departure = fields;
    let old = shown.person.details.clone();
    if let Some(last) = last
        && old.hired_on.is_some_and(|hired| last < hired)
    {
        shown.errors.add("last_day", "The last day is before the first one.");
    }
    if shown.is_me {
        shown.errors.add("last_day", "You cannot end your own sign-in. Ask another administrator.");
    }
    let Some(last) = last.filter(|_| shown.errors.is_empty()) else { return shown.refuse() };
    let mut write = once::begin_alone(&app, &me, once).await?;
    if is_last_admin(&mut write, &shown.person).await? {
        shown.errors.add("", db::LAST_ADMIN);
        return shown.refuse();
    }
    let left_on = Some(add_days(last, 1));
    let new = db::Details { left_on, ..old.clone() };
    if !db::update(&mut write, id, shown.person.version, &new).await? {
        return Err(STALE);
    }
    let stays = last > me.today;
    if !stays {
        db::set_active(&mut write, id, false).await?;
        invitations::db::withdraw(&mut write, id).await?;
        sessions::end_all(&mut write, id, None).await?;
    }
    move_managing(&mut write, id, old.left_on, left_on).await?;
    let path = format!("/users/{id}");
    audit::db::record(&mut write, "user.left", &path, json!({ "old": old, "new": new })).await?;
    let open = period_locks::db::locked_until(&mut write, me.scope.org).await?;
    let words = if stays {
        format!("{} leaves: the sign-in ends with {}", new.name, date(last))
    } else {
        format!("{} has left and can no longer sign in", new.name)
    };
    let toast = period_locks::words::done(words, first_moved(&old, &new), open);
    write.done_saying(&path, &toast.undo(format!("{path}/activation"))).await
}

/// Ends what a person manages with the day of leaving, and takes the end back that came with another one.
pub(super) async fn move_managing(tx: &mut Tx, id: UserId, old: Option<Date>, new: Option<Date>) -> sqlx::Result<()> {
    if old == new {
        return Ok(());
    }
    if let Some(old) = old {
        let again = teams::db::resume_managing(tx, id, old).await?;
        let acts = again.iter().map(|managed| (format!("/teams/{}", managed.team), json!({ "user": id, "from": old })));
        audit::db::record_all(tx, "team.manager_added", acts.collect()).await?;
    }
    if let Some(new) = new {
        let org = tx.org;
        let ended = teams::db::managed_from(tx, org, id, new).await?;
        for managed in &ended {
            teams::db::remove_manager(tx, managed.team, id, Some(new)).await?;
        }
        let acts = ended.iter().map(|managed| (format!("/teams/{}", managed.team), json!({ "user": id, "from": new })));
        audit::db::record_all(tx, "team.manager_ended", acts.collect()).await?;
    }
    Ok(())
}

pub(super) async fn deactivate(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    page: Page,
    Path(id): Path<UserId>,
    Form { once, typed, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let mut shown = PersonPage::load(&app, &me, page, id).await?;
    if let Some(response) = step_up::required(&me, &shown.page, &path(id, "deactivation"), &typed) {
        return response;
    }
    if shown.is_me {
        shown.errors.add("", "You cannot deactivate yourself. Ask another administrator.");
        return shown.refuse();
    }
    let mut write = once::begin(&app, &me, once).await?;
    if is_last_admin(&mut write, &shown.person).await? {
        shown.errors.add("", db::LAST_ADMIN);
        return shown.refuse();
    }
    if !db::touch(&mut write, id, shown.person.version).await? {
        return Err(STALE);
    }
    db::set_active(&mut write, id, false).await?;
    invitations::db::withdraw(&mut write, id).await?;
    sessions::end_all(&mut write, id, None).await?;
    let path = format!("/users/{id}");
    audit::db::record(&mut write, "user.deactivated", &path, json!({})).await?;
    let toast = Toast::new(format!("{} can no longer sign in", shown.person.details.name));
    // The activation takes a last day away: where one is known, it is no undo.
    let toast = if shown.person.details.left_on.is_none() { toast.undo(format!("{path}/activation")) } else { toast };
    write.done_saying(&path, &toast).await
}

/// The person stays, or comes back: signs in, has no last day, and manages what was managed until then.
pub(super) async fn activate(
    State(app): State<App>,
    me: Allowed<ManagePeople>,
    page: Page,
    Path(id): Path<UserId>,
    Form { once, typed, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let shown = PersonPage::load(&app, &me, page, id).await?;
    if let Some(response) = step_up::required(&me, &shown.page, &path(id, "activation"), &typed) {
        return response;
    }
    let old = shown.person.details;
    let mut write = once::begin_alone(&app, &me, once).await?;
    let new = db::Details { left_on: None, ..old.clone() };
    if !db::update(&mut write, id, shown.person.version, &new).await? {
        return Err(STALE);
    }
    db::set_active(&mut write, id, true).await?;
    move_managing(&mut write, id, old.left_on, None).await?;
    let path = format!("/users/{id}");
    let detail = if old == new { json!({}) } else { json!({ "old": old, "new": new }) };
    audit::db::record(&mut write, "user.activated", &path, detail).await?;
    let open = period_locks::db::locked_until(&mut write, me.scope.org).await?;
    let words = if old == new { "" } else { ", and has no last day any more" };
    let words = format!("{} can sign in again{words}", new.name);
    write.done_saying(&path, &period_locks::words::done(words, first_moved(&old, &new), open)).await
}
