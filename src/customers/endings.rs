//! The end of a relation, as a person declares or proposes it, and taking the declaration back.

use askama::Template;
use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    db::{self, NewEnding},
    edit, events_db, page_db,
    page_db::Customer,
    proposals_db,
    settled_db::{self, NEEDS_REASON},
};
use crate::{
    App, audit,
    domain::{
        access::Role,
        customer::facts::EndingKind,
        id::{CustomerId, EndingId},
    },
    period_locks,
    postgres::{error::violates, tx},
    web::{
        auth::{Allowed, RecordSales, Viewer},
        error::Error,
        form::{Errors, Form, Nothing, Path},
        format,
        once::{self, Write},
        page::{Page, html, refused},
        toast::Toast,
        ui::Choice,
    },
};

/// An ending as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct EndingForm {
    on: String,
    kind: String,
    reason: String,
    verified_reason: String,
    competitor: String,
    late_reason: String,
}

impl EndingForm {
    fn parse(&self, today: time::Date, errors: &mut Errors) -> Option<NewEnding> {
        let on = errors.date("on", &self.on, "The day");
        if let Some(day) = on.filter(|day| *day > today) {
            errors.add("on", format!("{} is after today. Use the day on which it ended.", format::date(day)));
        }
        let kind = EndingKind::parse(&self.kind).filter(|kind| KINDS.contains(kind));
        if kind.is_none() {
            errors.add("kind", "Choose how it ended.");
        }
        let reason = errors.text("reason", &self.reason, "The reason", 2000);
        let optional = |text: String| Some(text).filter(|text| !text.is_empty());
        let verified = errors.optional_text("verified_reason", &self.verified_reason, "The verified reason", 2000);
        let competitor = errors.optional_text("competitor", &self.competitor, "The competitor", 200);
        Some(NewEnding {
            on: on?,
            kind: kind?,
            reason,
            verified_reason: optional(verified),
            competitor: optional(competitor),
        })
    }
}

/// What people declare; merging has a page of its own.
const KINDS: [EndingKind; 4] =
    [EndingKind::DeclaredLost, EndingKind::Deselected, EndingKind::Closed, EndingKind::CreditBlock];

/// Reps declare losses; every other end needs a manager: theirs counts at once, a rep's once a manager has confirmed it.
fn may_declare(me: &Viewer, kind: EndingKind) -> bool {
    kind == EndingKind::DeclaredLost || me.is(Role::Manager)
}

#[derive(Template)]
#[template(path = "customers/ending.html")]
struct EndingPage {
    page: Page,
    customer: Customer,
    form: EndingForm,
    errors: Errors,
    kinds: Vec<Choice>,
    today: time::Date,
}

impl EndingPage {
    fn new(me: &Viewer, page: Page, customer: Customer, form: EndingForm, errors: Errors) -> Self {
        let hint = |kind: EndingKind| match kind {
            EndingKind::DeclaredLost => "Counts as a loss on that day",
            EndingKind::Deselected => "We no longer want to sell to them: no loss",
            EndingKind::Closed => "They went out of business: no loss",
            EndingKind::Merged => "The same as another customer: no loss",
            EndingKind::CreditBlock => "They may not buy on credit: no loss",
        };
        let kinds = KINDS.map(|kind| {
            let hint = hint(kind);
            let hint =
                if may_declare(me, kind) { hint.to_owned() } else { format!("{hint}, once your manager confirms") };
            Choice::new(kind.as_str(), kind.label()).hint(hint)
        });
        let kinds = kinds.to_vec();
        Self { page, customer, form, errors, kinds, today: me.today }
    }
}

/// The form of an ending.
pub async fn new(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    page: Page,
    Path(id): Path<CustomerId>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let customer = edit::find_editable(&mut read, &me, id).await?;
    let kind = EndingKind::DeclaredLost.as_str().to_owned();
    let form = EndingForm { on: me.today.to_string(), kind, ..EndingForm::default() };
    html(EndingPage::new(&me, page, customer, form, Errors::new()))
}

/// A relation ended.
pub async fn create(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    page: Page,
    Path(id): Path<CustomerId>,
    Form { once, fields, .. }: Form<EndingForm>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let customer = edit::find_editable(&mut read, &me, id).await?;
    let mut errors = Errors::new();
    let ending = fields.parse(me.today, &mut errors);
    let late_reason = errors.optional_text("late_reason", &fields.late_reason, "The reason", 500);
    let (Some(ending), true) = (ending, errors.is_empty()) else {
        let page = EndingPage::new(&me, page, customer, fields, errors);
        return refused(page);
    };
    let locked = period_locks::db::is_locked(&mut read, me.scope.org, ending.on).await?;
    drop(read);
    let mut write = once::begin(&app, &me, once).await?;
    if !may_declare(&me, ending.kind) {
        return match proposals_db::insert(&mut write, id, &ending, me.id).await {
            Ok(_) => proposed(write, id, &customer, &ending).await,
            Err(error) if violates(&error, "ending_proposals_waiting") => {
                drop(write);
                errors.add("kind", "An end of this relation waits for confirmation already. Take that one back first.");
                refused(EndingPage::new(&me, page, customer, fields, errors))
            }
            Err(error) => Err(error.into()),
        };
    }
    let settled = settled_db::settled(&mut write, id).await?;
    let ended = db::insert_ending(&mut write, id, &ending).await?;
    events_db::recompute(&mut write, &[id]).await?;
    if late_reason.is_empty() && settled_db::settled(&mut write, id).await? != settled {
        drop(write);
        errors.add("late_reason", NEEDS_REASON);
        return refused(EndingPage::new(&me, page, customer, fields, errors));
    }
    let path = format!("/customers/{id}");
    let detail = json!({ "new": facts(&ending), "reason": late_reason });
    audit::db::record(&mut write, "customer.ended", &path, detail).await?;
    let note = if locked { ". Its period is locked: it is not yet in pay" } else { "" };
    let words = format!("{}: {}{note}", customer.details.name, ending.kind.label().to_lowercase());
    let toast = Toast::new(words);
    let toast = if locked { toast } else { toast.undo(withdraw_path(id, ended)) };
    write.done_saying(&path, &toast).await
}

/// A rep's word that waits for a manager's.
async fn proposed(
    mut write: Write,
    id: CustomerId,
    customer: &Customer,
    ending: &NewEnding,
) -> Result<Response, Error> {
    let path = format!("/customers/{id}");
    audit::db::record(&mut write, "customer.end_proposed", &path, json!({ "new": facts(ending) })).await?;
    let words = format!("{}: waits for your manager’s confirmation", customer.details.name);
    write.done_saying(&path, &Toast::new(words)).await
}

/// What the audit keeps of an ending.
fn facts(ending: &NewEnding) -> serde_json::Value {
    json!({
        "ended": ending.kind.label(),
        "on": ending.on.to_string(),
        "because": ending.reason,
        "verified_reason": ending.verified_reason,
        "competitor": ending.competitor,
    })
}

/// Takes an ending back. What only managers declare, only managers take back.
pub async fn withdraw(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    Path((id, ending)): Path<(CustomerId, EndingId)>,
    Form { once, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let mut write = once::begin(&app, &me, once).await?;
    let customer = edit::find_editable(&mut write, &me, id).await?;
    let endings = page_db::endings(&mut write, me.scope.org, id, &me.company.time_zone).await?;
    let found = endings.into_iter().find(|one| one.id == ending).ok_or(Error::NotFound)?;
    if !may_declare(&me, found.kind) {
        return Err(Error::Forbidden);
    }
    if period_locks::db::is_locked(&mut write, me.scope.org, found.on).await? {
        return Err(Error::Conflict("Its period is locked: the ending is in somebody’s pay and stays."));
    }
    db::delete_ending(&mut write, id, ending).await?;
    events_db::recompute(&mut write, &[id]).await?;
    let path = format!("/customers/{id}");
    let old = json!({ "ended": found.kind.label(), "on": found.on.to_string(), "because": found.reason });
    audit::db::record(&mut write, "customer.ending_withdrawn", &path, json!({ "old": old, "new": {} })).await?;
    write.done_saying(&path, &Toast::new(format!("Ending of {} taken back", customer.details.name))).await
}

/// Where an ending is taken back.
pub fn withdraw_path(customer: CustomerId, ending: EndingId) -> String {
    format!("/customers/{customer}/endings/{ending}/withdraw")
}
