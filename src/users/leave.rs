//! The page of a person's leave: managers and administrators enter and remove it.

use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;
use serde_json::{Value, json};
use time::Date;

use super::{
    leaves_db::{self, Leave},
    reps_db,
};
use crate::{
    App, audit,
    domain::{
        access::{Permission, Role},
        id::{LeaveId, UserId},
        leave::Kind,
        period::add_days,
    },
    period_locks,
    postgres::{error::violates, tx},
    web::{
        auth::{Allowed, KeepLeave, Viewer},
        error::Error,
        form::{Errors, Form, Nothing, Path, parse_date},
        format::{self, date},
        once,
        page::{Page, answer},
        routes::Routes,
        toast::Toast,
        ui::Choice,
    },
};

/// `/users/{id}/leave` and below.
pub fn routes() -> Routes {
    Routes::new()
        .get("/users/{id}/leave", show)
        .post("/users/{id}/leave", add)
        .post("/users/{id}/leave/{leave}/end", end)
        .post("/users/{id}/leave/{leave}/remove", remove)
        .post("/users/{id}/leave/{leave}/restore", restore)
}

/// Leave as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct LeaveForm {
    from: String,
    /// The last day away; empty while nobody knows it.
    last: String,
    kind: String,
    note: String,
    /// Why what is settled changes.
    reason: String,
    /// The leave that shall end, and its last day as typed.
    #[serde(skip)]
    ended: Option<(LeaveId, String)>,
}

#[derive(Template)]
#[template(path = "users/leave.html")]
struct LeavePage {
    page: Page,
    id: UserId,
    name: String,
    /// The person's page for administrators, the rep's numbers for managers.
    back: String,
    leaves: Vec<Leave>,
    kinds: Vec<Choice>,
    form: LeaveForm,
    errors: Errors,
    /// What lies before this day is locked.
    open_from: Option<Date>,
    may_change: bool,
}

impl Leave {
    /// The last day away.
    pub fn last(&self) -> Option<Date> {
        self.to.map(|to| add_days(to, -1))
    }

    /// Whether the person is away on this day, or will be.
    pub fn is_over(&self, today: Date) -> bool {
        self.to.is_some_and(|to| to <= today)
    }

    /// What it is called.
    pub fn label(&self) -> &'static str {
        Kind::parse(&self.kind).map_or("Leave", Kind::label)
    }

    /// What the audit keeps of it.
    fn kept(&self) -> Value {
        format::stored(|| {
            let until = self.last().map_or_else(|| "open".to_owned(), date);
            let note = if self.note.is_empty() { String::new() } else { format!(": {}", self.note) };
            json!({ "leave": format!("{}, {} to {until}{note}", self.label(), date(self.from)) })
        })
    }

    /// What is needed to put it back: `instead` stands in its place until then.
    fn whole(&self, instead: Option<LeaveId>) -> Value {
        let day = |day: Date| day.to_string();
        json!({
            "id": self.id, "from": day(self.from), "to": self.to.map(day), "kind": self.kind, "note": self.note,
            "instead": instead,
        })
    }

    /// The other way round.
    fn of(whole: &Value) -> Option<(Self, Option<LeaveId>)> {
        let text = |field: &str| whole.get(field)?.as_str();
        let id = |field: &str| whole.get(field)?.as_i64().map(LeaveId);
        let leave = Self {
            id: id("id")?,
            from: parse_date(text("from")?)?,
            to: text("to").and_then(parse_date),
            kind: text("kind")?.to_owned(),
            note: text("note")?.to_owned(),
        };
        Some((leave, id("instead")))
    }
}

impl LeavePage {
    fn reason_hint(&self) -> String {
        self.open_from.map_or_else(String::new, period_locks::words::wants_reason)
    }

    /// The last day that was typed for an open leave.
    fn typed_last(&self, leave: &Leave) -> String {
        let ended = self.form.ended.as_ref().filter(|(id, _)| *id == leave.id);
        ended.map_or_else(String::new, |(_, last)| last.clone())
    }

    /// Whether its removal needs a reason.
    fn is_settled(&self, leave: &Leave) -> bool {
        self.open_from.is_some_and(|open| leave.from < open)
    }
}

async fn show(
    State(app): State<App>,
    me: Allowed<KeepLeave>,
    page: Page,
    Path(id): Path<UserId>,
) -> Result<Response, Error> {
    draw(&app, &me, page, id, LeaveForm::default(), Errors::new()).await
}

async fn draw(
    app: &App,
    me: &Viewer,
    page: Page,
    id: UserId,
    form: LeaveForm,
    errors: Errors,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let name = reps_db::name(&mut read, me.scope.org, id).await?;
    let name = name.filter(|_| me.scope.sees(id)).ok_or(Error::NotFound)?;
    let shown = LeavePage {
        page,
        id,
        name,
        back: if me.may(Permission::ManagePeople) { format!("/users/{id}") } else { format!("/reps/{id}") },
        leaves: leaves_db::of(&mut read, me.scope.org, id).await?,
        kinds: Kind::ALL.map(|kind| Choice::new(kind.as_str(), kind.label())).to_vec(),
        form,
        open_from: period_locks::db::locked_until(&mut read, me.scope.org).await?,
        may_change: may_change(me, id),
        errors,
    };
    answer(shown.errors.status(), shown)
}

/// Nobody lowers the own targets, except who may do everything.
fn may_change(me: &Viewer, id: UserId) -> bool {
    id != me.id || me.is(Role::Admin)
}

const SETTLED: &str =
    "These days lie in a locked period: what was paid stays as it is. Say why it is entered now, or use a later day.";

async fn add(
    State(app): State<App>,
    me: Allowed<KeepLeave>,
    page: Page,
    Path(id): Path<UserId>,
    Form { once, fields, .. }: Form<LeaveForm>,
) -> Result<Response, Error> {
    let mut errors = Errors::new();
    let from = errors.date("from", &fields.from, "The first day");
    let last = errors.optional_date("last", &fields.last, "The last day");
    let kind = Kind::parse(&fields.kind);
    if kind.is_none() {
        errors.add("kind", "Choose why the person is away.");
    }
    let note = errors.optional_text("note", &fields.note, "The note", 500);
    let reason = errors.optional_text("reason", &fields.reason, "The reason", 500);
    if let (Some(from), Some(last)) = (from, last)
        && last < from
    {
        errors.add("last", "The last day is before the first one. Correct one of the two.");
    }
    if !me.scope.sees(id) {
        return Err(Error::NotFound);
    }
    if !may_change(&me, id) {
        return Err(Error::Forbidden);
    }
    let (Some(from), Some(kind), true) = (from, kind, errors.is_empty()) else {
        return draw(&app, &me, page, id, fields, errors).await;
    };
    let mut write = once::begin_alone(&app, &me, once).await?;
    let name = reps_db::name(&mut write, me.scope.org, id).await?.ok_or(Error::NotFound)?;
    let open = period_locks::db::locked_until(&mut write, me.scope.org).await?;
    let settled = open.is_some_and(|open| from < open);
    if settled && reason.is_empty() {
        drop(write);
        errors.add("reason", SETTLED);
        return draw(&app, &me, page, id, fields, errors).await;
    }
    let mut new =
        Leave { id: LeaveId(0), from, to: last.map(|last| add_days(last, 1)), kind: kind.as_str().to_owned(), note };
    match leaves_db::insert(&mut write, id, &new, me.id).await {
        Ok(leave) => new.id = leave,
        Err(e) if violates(&e, "leaves_overlap") => {
            drop(write);
            errors.add("from", format!("{name} is away on some of these days already. Remove that leave first."));
            return draw(&app, &me, page, id, fields, errors).await;
        }
        Err(e) => return Err(e.into()),
    }
    let detail = json!({ "old": {}, "new": new.kept(), "reason": reason });
    audit::db::record(&mut write, "user.leave_added", &format!("/users/{id}"), detail).await?;
    let path = format!("/users/{id}/leave");
    let toast = period_locks::words::done(format!("{} of {name} saved", new.label()), Some(from), open);
    let toast = if settled { toast } else { toast.undo(format!("{path}/{}/remove", new.id)) };
    write.done_saying(&path, &toast).await
}

/// Gives an open leave its last day.
async fn end(
    State(app): State<App>,
    me: Allowed<KeepLeave>,
    page: Page,
    Path((id, leave)): Path<(UserId, LeaveId)>,
    Form { once, typed, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    if !me.scope.sees(id) {
        return Err(Error::NotFound);
    }
    if !may_change(&me, id) {
        return Err(Error::Forbidden);
    }
    let mut errors = Errors::new();
    let (field, reason_field) = (format!("last-{leave}"), format!("end-reason-{leave}"));
    let sent = |field: &str| typed.iter().find(|(name, _)| name == field).map_or("", |(_, value)| value);
    let last = errors.date(&field, sent(&field), "The last day");
    let reason = errors.optional_text(&reason_field, sent(&reason_field), "The reason", 500);
    let refused = || LeaveForm { ended: Some((leave, sent(&field).to_owned())), ..LeaveForm::default() };
    let mut write = once::begin_alone(&app, &me, once).await?;
    let old = leaves_db::remove(&mut write, id, leave).await?.ok_or(Error::NotFound)?;
    if old.to.is_some() {
        return Err(Error::Conflict(
            "This leave has its last day already. To correct it, remove it and enter it again.",
        ));
    }
    let Some(last) = last.filter(|_| errors.is_empty()) else {
        drop(write);
        return draw(&app, &me, page, id, refused(), errors).await;
    };
    let to = add_days(last, 1);
    if last < old.from {
        errors.add(&field, "The last day is before the first one. Correct it, or remove the leave.");
    }
    let open = period_locks::db::locked_until(&mut write, me.scope.org).await?;
    if reason.is_empty() && open.is_some_and(|open| to < open) {
        errors.add(&reason_field, SETTLED);
    }
    if !errors.is_empty() {
        drop(write);
        return draw(&app, &me, page, id, refused(), errors).await;
    }
    let new = Leave { to: Some(to), ..old.clone() };
    let instead = leaves_db::insert(&mut write, id, &new, me.id).await?;
    let detail = json!({ "old": old.kept(), "new": new.kept(), "reason": reason, "kept": old.whole(Some(instead)) });
    audit::db::record(&mut write, "user.leave_ended", &format!("/users/{id}"), detail).await?;
    let toast = period_locks::words::done(format!("{} ends with {}", new.label(), date(last)), Some(to), open);
    let toast = if open.is_some_and(|open| to < open) { toast } else { toast.undo(restore_path(id, leave)) };
    write.done_saying(&format!("/users/{id}/leave"), &toast).await
}

async fn remove(
    State(app): State<App>,
    me: Allowed<KeepLeave>,
    page: Page,
    Path((id, leave)): Path<(UserId, LeaveId)>,
    Form { once, typed, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    if !me.scope.sees(id) {
        return Err(Error::NotFound);
    }
    if !may_change(&me, id) {
        return Err(Error::Forbidden);
    }
    let mut errors = Errors::new();
    let field = format!("reason-{leave}");
    let reason = typed.iter().find(|(name, _)| *name == field).map_or("", |(_, reason)| reason);
    let reason = errors.optional_text(&field, reason, "The reason", 500);
    let mut write = once::begin_alone(&app, &me, once).await?;
    let old = leaves_db::remove(&mut write, id, leave).await?.ok_or(Error::NotFound)?;
    if !errors.is_empty() {
        drop(write);
        return draw(&app, &me, page, id, LeaveForm::default(), errors).await;
    }
    let open = period_locks::db::locked_until(&mut write, me.scope.org).await?;
    if reason.is_empty() && open.is_some_and(|open| old.from < open) {
        drop(write);
        errors.add(field, SETTLED);
        return draw(&app, &me, page, id, LeaveForm::default(), errors).await;
    }
    let detail = json!({ "old": old.kept(), "new": {}, "reason": reason, "kept": old.whole(None) });
    audit::db::record(&mut write, "user.leave_removed", &format!("/users/{id}"), detail).await?;
    let toast = period_locks::words::done(format!("{} removed", old.label()), Some(old.from), open);
    let toast = if open.is_some_and(|open| old.from < open) { toast } else { toast.undo(restore_path(id, leave)) };
    write.done_saying(&format!("/users/{id}/leave"), &toast).await
}

fn restore_path(id: UserId, leave: LeaveId) -> String {
    format!("/users/{id}/leave/{leave}/restore")
}

/// Puts leave back that this person removed or ended today, as it was.
async fn restore(
    State(app): State<App>,
    me: Allowed<KeepLeave>,
    Path((id, leave)): Path<(UserId, LeaveId)>,
    Form { once, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    if !me.scope.sees(id) {
        return Err(Error::NotFound);
    }
    if !may_change(&me, id) {
        return Err(Error::Forbidden);
    }
    let mut write = once::begin_alone(&app, &me, once).await?;
    let object = format!("/users/{id}");
    let zone = &me.company.time_zone;
    let act = audit::db::latest_with(&mut write, me.scope.org, zone, &object, &json!(leave)).await?;
    let act = act.ok_or(Error::NotFound)?;
    let taken = ["user.leave_removed", "user.leave_ended"].contains(&act.action.as_str());
    let own = act.user_id == Some(me.id) && act.at.date() == me.today;
    let Some((old, instead)) = act.detail.get("kept").and_then(Leave::of).filter(|_| taken && own) else {
        return Err(Error::Conflict("Only leave that you removed or ended today can be put back. Enter it again."));
    };
    let now = match instead {
        Some(instead) => leaves_db::remove(&mut write, id, instead).await?,
        None => None,
    };
    let open = period_locks::db::locked_until(&mut write, me.scope.org).await?;
    let moved = now.as_ref().and_then(|now| now.to).unwrap_or(old.from);
    if open.is_some_and(|open| moved < open) {
        return Err(Error::Conflict("A period was locked meanwhile. Enter the leave again, with the reason."));
    }
    if instead.is_some() && now.is_none() {
        return Err(Error::Conflict("Somebody has changed this leave since. Look at what is entered."));
    }
    match leaves_db::insert(&mut write, id, &old, me.id).await {
        Ok(_) => {}
        Err(e) if violates(&e, "leaves_overlap") => {
            return Err(Error::Conflict("Other leave was entered on some of these days since. Remove that first."));
        }
        Err(e) => return Err(e.into()),
    }
    let now = now.map_or_else(|| json!({}), |now| now.kept());
    let detail = json!({ "old": now, "new": old.kept(), "kept": { "id": leave } });
    audit::db::record(&mut write, "user.leave_restored", &object, detail).await?;
    write.done_saying(&format!("{object}/leave"), &Toast::new(format!("{} put back", old.label()))).await
}
