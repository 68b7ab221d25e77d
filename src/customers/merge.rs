//! Merging two customers that are one: choosing the other, seeing what moves and what changes, doing it, taking it back.

use std::collections::BTreeMap;

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use time::Date;

use super::{
    db::{self, NewEnding},
    events_db,
    find_db::{self, Named},
    merge_db::{self, Moving, NewMerge},
    merge_undo_db,
    page_db::{self, Customer},
    pick::{Given, named_choice, pick},
    settled_db::{NEEDS_REASON, Settled, settled},
    show,
};
use crate::{
    App, audit,
    domain::{
        customer::{
            events::{Event, events},
            facts::{Ending, EndingKind, History, Ownership},
            merge::{changed, earliest, united},
        },
        id::{CustomerId, MergeId, UserId},
    },
    period_locks,
    postgres::tx,
    users::reps_db,
    web::{
        auth::{Allowed, HandOver, Viewer},
        error::Error,
        form::{Errors, Form, Nothing, Path, Query},
        list::List,
        once,
        page::{Page, answer},
        toast::Toast,
        ui::Choice,
    },
};

/// What is asked for: the other customer, which of both goes on; and what the preview showed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct MergeForm {
    customer: String,
    other: String,
    /// `this` (the page's customer goes on) or `other`.
    keep: String,
    reason: String,
    seen: String,
}

/// What a merge would do.
struct Plan {
    kept: Customer,
    merged: Customer,
    /// Since when the kept one is a customer, then.
    since: Option<Date>,
    /// Who owns it when, then.
    owners: Vec<Ownership>,
    /// Events of both that would no longer be there.
    gone: Vec<Event>,
    /// Events that would be there instead.
    new: Vec<Event>,
    moving: Moving,
}

impl Plan {
    async fn load(db: &mut PgConnection, me: &Viewer, kept: Customer, merged: Customer) -> Result<Self, Error> {
        let org = me.scope.org;
        let mut histories = events_db::histories(db, org, &[kept.id, merged.id]).await?;
        let mut history = |id: CustomerId| -> History { histories.remove(&id).unwrap_or_default() };
        let (of_kept, of_merged) = (history(kept.id), history(merged.id));
        let both = united(&of_kept, &of_merged);
        let before = [events(&of_kept), events(&of_merged)].concat();
        let (gone, new) = changed(&before, &events(&both));
        let mut moving = merge_db::moving(db, org, kept.id, merged.id).await?;
        if let Some(until) = period_locks::db::locked_until(db, org).await? {
            let settled = |history: &History| Settled::of(&events(history), &history.ownerships, until);
            let mut left = History { deals: vec![], ownerships: vec![], ..of_merged.clone() };
            left.endings.push(Ending { on: me.today, kind: EndingKind::Merged });
            moving.is_settled |= settled(&of_kept) != settled(&both) || settled(&of_merged) != settled(&left);
        }
        let since = earliest(kept.details.customer_since, merged.details.customer_since);
        Ok(Self { kept, merged, since, owners: both.ownerships, gone, new, moving })
    }

    /// The fingerprint of what would happen: what was confirmed is what was seen.
    fn seen(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(format!("{} {} {:?} {:?}", self.kept.id, self.merged.id, self.since, self.moving));
        hash.update(format!("{:?} {:?} {:?}", self.owners, self.gone, self.new));
        BASE64_URL_SAFE_NO_PAD.encode(hash.finalize())
    }

    /// What changes, in the words of the page.
    async fn lines(&self, db: &mut PgConnection, me: &Viewer) -> Result<Vec<Line>, Error> {
        let mut names: BTreeMap<UserId, String> = BTreeMap::new();
        let mut lines = vec![];
        // Where only its deal or value is another one, a person counts the same.
        let is_among = |events: &[Event], event: &Event| {
            events.iter().any(|other| (other.kind, other.on, other.rep) == (event.kind, event.on, event.rep))
        };
        let gone = self.gone.iter().filter(|event| !is_among(&self.new, event)).map(|event| (event, false));
        let new = self.new.iter().filter(|event| !is_among(&self.gone, event)).map(|event| (event, true));
        for (event, counts_then) in gone.chain(new) {
            if let Some(rep) = event.rep
                && !names.contains_key(&rep)
            {
                let name = reps_db::name(db, me.scope.org, rep).await?.unwrap_or_default();
                names.insert(rep, name);
            }
            let who = event.rep.and_then(|rep| names.get(&rep).cloned());
            lines.push(Line {
                on: event.on,
                what: show::what(event.kind),
                who: who.unwrap_or_else(|| "the company only".to_owned()),
                counts_then,
            });
        }
        lines.sort_by_key(|line| (line.on, line.counts_then));
        Ok(lines)
    }
}

/// An event that is counted before or after only.
struct Line {
    on: Date,
    what: &'static str,
    who: String,
    counts_then: bool,
}

/// A plan with its words.
struct Preview {
    plan: Plan,
    lines: Vec<Line>,
    seen: String,
}

#[derive(Template)]
#[template(path = "customers/merge.html")]
struct MergePage {
    page: Page,
    customer: Customer,
    form: MergeForm,
    errors: Errors,
    /// Customers whose name is like what was typed.
    similar: Vec<Choice>,
    names: Vec<Named>,
    keeps: Vec<Choice>,
    preview: Option<Preview>,
    has_changed: bool,
}

/// A customer that this person may merge: its owner of today is in sight, or nobody owns it and it is in sight.
async fn find(db: &mut PgConnection, me: &Viewer, id: CustomerId) -> Result<Customer, Error> {
    find_db::visible(db, &me.scope, me.today, id).await?.ok_or(Error::NotFound)?;
    let customer = page_db::find(db, me.scope.org, id, me.today).await?.ok_or(Error::NotFound)?;
    if customer.owner_id.is_none_or(|owner| me.scope.sees(owner)) { Ok(customer) } else { Err(Error::Forbidden) }
}

/// What a form comes to: the plan, or what is wrong.
struct Asked {
    plan: Option<Plan>,
    errors: Errors,
    similar: Vec<Choice>,
}

impl Asked {
    async fn load(db: &mut PgConnection, me: &Viewer, customer: &Customer, form: &MergeForm) -> Result<Self, Error> {
        let mut errors = Errors::new();
        let given = Given { chosen: &form.customer, ticked: "", typed: &form.other };
        let picked = pick(db, &me.scope, me.today, given, &mut errors).await?;
        let similar = picked.similar.iter().filter(|one| one.id != customer.id).map(named_choice).collect();
        let mut plan = None;
        if let Some(other) = picked.customer {
            let other = match find(db, me, other.id).await {
                Ok(other) => Some(other),
                Err(Error::Forbidden) => {
                    let words = format!("{} belongs to somebody outside your teams. Ask an administrator.", other.name);
                    errors.add("other", words);
                    None
                }
                Err(error) => return Err(error),
            };
            if other.as_ref().is_some_and(|other| other.id == customer.id) {
                errors.add("other", "This is the customer itself. Choose another one.");
            } else if let Some(other) = other {
                plan = Some(match form.keep.as_str() {
                    "" | "this" => Plan::load(db, me, customer.clone(), other).await?,
                    "other" => Plan::load(db, me, other, customer.clone()).await?,
                    _ => {
                        errors.add("keep", "Choose which of the two goes on.");
                        return Ok(Self { plan: None, errors, similar });
                    }
                });
            }
        }
        Ok(Self { plan, errors, similar })
    }
}

/// The page where a merge is prepared; with the other customer chosen, its preview.
pub async fn new(
    State(app): State<App>,
    me: Allowed<HandOver>,
    page: Page,
    Path(id): Path<CustomerId>,
    Query(form): Query<MergeForm>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let customer = find(&mut read, &me, id).await?;
    let asked = if form.customer.is_empty() && form.other.is_empty() {
        Asked { plan: None, errors: Errors::new(), similar: vec![] }
    } else {
        Asked::load(&mut read, &me, &customer, &form).await?
    };
    let status = asked.errors.status();
    draw(&mut read, &me, page, customer, form, asked, status).await
}

async fn draw(
    db: &mut PgConnection,
    me: &Viewer,
    page: Page,
    customer: Customer,
    form: MergeForm,
    asked: Asked,
    status: StatusCode,
) -> Result<Response, Error> {
    let preview = match asked.plan {
        Some(plan) => Some(Preview { lines: plan.lines(db, me).await?, seen: plan.seen(), plan }),
        None => None,
    };
    let other = preview.as_ref().map(|preview| {
        let plan = &preview.plan;
        if plan.kept.id == customer.id { &plan.merged } else { &plan.kept }
    });
    let keeps = vec![
        Choice::new("this", format!("{} goes on", customer.details.name)),
        Choice::new(
            "other",
            other.map_or("The other one goes on".to_owned(), |o| format!("{} goes on", o.details.name)),
        ),
    ];
    let chosen = other.map(|other| (other.id.to_string(), other.details.name.clone()));
    let mut form = form;
    if let Some((id, name)) = chosen {
        (form.customer, form.other) = (id, name);
    }
    if form.keep != "other" {
        "this".clone_into(&mut form.keep);
    }
    let page = MergePage {
        page,
        form,
        errors: asked.errors,
        similar: asked.similar,
        names: find_db::names(db, &me.scope, me.today).await?,
        keeps,
        preview,
        has_changed: status == StatusCode::CONFLICT,
        customer,
    };
    answer(status, page)
}

/// The merge that was seen and confirmed.
pub async fn create(
    State(app): State<App>,
    me: Allowed<HandOver>,
    page: Page,
    Path(id): Path<CustomerId>,
    Form { once, fields, .. }: Form<MergeForm>,
) -> Result<Response, Error> {
    // The chosen one is confirmed by its id: two customers may bear one name.
    let fields = MergeForm { other: String::new(), ..fields };
    let mut write = once::begin_alone(&app, &me, once).await?;
    let customer = find(&mut write, &me, id).await?;
    let mut asked = Asked::load(&mut write, &me, &customer, &fields).await?;
    let reason = asked.errors.optional_text("reason", &fields.reason, "The reason", 500);
    if asked.plan.as_ref().is_some_and(|plan| plan.moving.is_settled) && reason.is_empty() {
        asked.errors.add("reason", "Some of it lies in a locked period. Say why you merge them.");
    }
    let stale = asked.errors.is_empty() && asked.plan.as_ref().is_some_and(|plan| plan.seen() != fields.seen);
    let (Some(plan), false, true) = (&asked.plan, stale, asked.errors.is_empty()) else {
        drop(write);
        let mut read = tx::read(&app.db, me.scope.org).await?;
        let status = if stale { StatusCode::CONFLICT } else { StatusCode::UNPROCESSABLE_ENTITY };
        return draw(&mut read, &me, page, customer, fields, asked, status).await;
    };
    let (kept, merged) = (&plan.kept, &plan.merged);
    let (name, merged_name) = (&kept.details.name, &merged.details.name);
    let ending = NewEnding {
        on: me.today,
        kind: EndingKind::Merged,
        reason: format!("The same as {name}"),
        verified_reason: None,
        competitor: None,
    };
    let ending = db::insert_ending(&mut write, merged.id, &ending).await?;
    let new =
        NewMerge { kept: kept.id, merged: merged.id, reason: &reason, ending, since: plan.since, owners: &plan.owners };
    let merge = merge_db::apply(&mut write, &new).await?;
    events_db::recompute(&mut write, &[kept.id, merged.id]).await?;
    let path = format!("/customers/{}", kept.id);
    let Moving { deals, visits, notes, contacts, .. } = plan.moving;
    let moved = format!("{deals} deals, {visits} visits, {notes} notes, {contacts} people");
    let detail = json!({ "old": {}, "new": { "merged_with": merged_name, "moved": moved }, "reason": reason });
    audit::db::record(&mut write, "customer.merged", &path, detail).await?;
    let detail = json!({ "old": {}, "new": { "became_part_of": name }, "reason": reason });
    audit::db::record(&mut write, "customer.merged", &format!("/customers/{}", merged.id), detail).await?;
    let toast = Toast::new(format!("{merged_name} is part of {name} now")).undo(undo_path(kept.id, merge));
    write.done_saying(&path, &toast).await
}

/// Takes the latest merge back, as long as no period that it touches was locked since. What else is settled since changes
/// with a reason.
pub async fn undo(
    State(app): State<App>,
    me: Allowed<HandOver>,
    page: Page,
    Path((id, merge)): Path<(CustomerId, MergeId)>,
    Form { once, typed, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let mut errors = Errors::new();
    let field = reason_field(merge);
    let reason = typed.iter().find(|(name, _)| *name == field).map_or("", |(_, reason)| reason);
    let reason = errors.optional_text(&field, reason, "The reason", 500);
    let mut write = once::begin_alone(&app, &me, once).await?;
    let kept = find(&mut write, &me, id).await?;
    let org = me.scope.org;
    let merges = merge_db::of(&mut write, org, id, &me.company.time_zone).await?;
    // Each begins from what the one before has left.
    let latest = merges.first().map(|latest| (latest.id, latest.name.clone()));
    let Some(merge) = merges.into_iter().find(|one| one.id == merge) else { return Err(Error::NotFound) };
    if let Some((_, latest)) = latest.filter(|(latest, _)| *latest != merge.id) {
        drop(write);
        errors.add("merged", format!("Undo {latest} first: it became part of {} later.", kept.details.name));
        let mut response = shown_with(&app, &me, page, id, errors).await?;
        *response.status_mut() = StatusCode::CONFLICT;
        return Ok(response);
    }
    if merge_undo_db::is_locked_since(&mut write, org, merge.id).await? {
        return Err(LOCKED);
    }
    let before = events_db::list(&mut write, org, id).await?;
    let settled_before = (settled(&mut write, id).await?, settled(&mut write, merge.merged_id).await?);
    merge_undo_db::undo(&mut write, merge.id, id, merge.merged_id).await?;
    events_db::recompute(&mut write, &[id, merge.merged_id]).await?;
    let after = [events_db::list(&mut write, org, id).await?, events_db::list(&mut write, org, merge.merged_id).await?]
        .concat();
    let (gone, new) = changed(&before, &after);
    let locked = merge_undo_db::locked_since(&mut write, org, merge.merged_at).await?;
    let in_locked = |event: &Event| locked.iter().any(|(from, to)| *from <= event.on && event.on < *to);
    if gone.iter().chain(&new).any(in_locked) {
        return Err(LOCKED);
    }
    let changes_settled = merge.is_locked_since
        && settled_before != (settled(&mut write, id).await?, settled(&mut write, merge.merged_id).await?);
    if reason.is_empty() && changes_settled {
        errors.add(field, NEEDS_REASON);
    }
    if !errors.is_empty() {
        drop(write);
        return shown_with(&app, &me, page, id, errors).await;
    }
    let name = &kept.details.name;
    let path = format!("/customers/{id}");
    let detail = json!({ "old": { "merged_with": merge.name }, "new": {}, "reason": reason });
    audit::db::record(&mut write, "customer.merge_undone", &path, detail).await?;
    let detail = json!({ "old": { "became_part_of": name }, "new": {}, "reason": reason });
    audit::db::record(&mut write, "customer.merge_undone", &format!("/customers/{}", merge.merged_id), detail).await?;
    write.done_saying(&path, &Toast::new(format!("{} and {name} are two customers again", merge.name))).await
}

async fn shown_with(app: &App, me: &Viewer, page: Page, id: CustomerId, errors: Errors) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let list = List::new(format!("/customers/{id}"), vec![]);
    show::draw(app, &mut read, me, page, id, &list, (String::new(), errors)).await
}

const LOCKED: Error =
    Error::Conflict("A period that this merge touches was locked since. It is paid as it is: the merge stays.");

/// The field for why a merge is taken back.
pub fn reason_field(merge: MergeId) -> String {
    format!("reason-{merge}")
}

/// Where a merge is taken back.
pub fn undo_path(kept: CustomerId, merge: MergeId) -> String {
    format!("/customers/{kept}/merges/{merge}/undo")
}
