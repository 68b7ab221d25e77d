//! Ends that reps propose: those that wait, and a manager's yes or no.

use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::{
    db, edit, events_db,
    page_db::Customer,
    proposals_db::{self, Proposal},
    settled_db::{self, NEEDS_REASON},
};
use crate::{
    App, audit,
    domain::{
        access::Role,
        id::{CustomerId, ProposalId},
    },
    postgres::tx,
    web::{
        auth::{Allowed, RecordSales, Viewer},
        error::Error,
        form::{Errors, Form, Nothing, Path},
        once,
        page::{Page, html, refused},
        toast::Toast,
    },
};

/// A decision as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct DecisionForm {
    /// Why it is rejected.
    words: String,
    /// Why a locked period is told otherwise.
    late_reason: String,
}

#[derive(Template)]
#[template(path = "customers/proposals.html")]
struct WaitingPage {
    page: Page,
    proposals: Vec<Proposal>,
    is_manager: bool,
}

/// What waits for a manager.
pub async fn index(State(app): State<App>, me: Allowed<RecordSales>, page: Page) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let proposals = proposals_db::waiting(&mut read, &me.scope, me.today, &me.company.time_zone).await?;
    html(WaitingPage { page, proposals, is_manager: me.is(Role::Manager) })
}

#[derive(Template)]
#[template(path = "customers/proposal.html")]
struct ProposalPage {
    page: Page,
    customer: Customer,
    proposal: Proposal,
    form: DecisionForm,
    errors: Errors,
    may_decide: bool,
    may_withdraw: bool,
}

impl ProposalPage {
    fn new(
        me: &Viewer,
        page: Page,
        (customer, proposal): (Customer, Proposal),
        form: DecisionForm,
        errors: Errors,
    ) -> Self {
        let waits = proposal.settled_by.is_none();
        let may_decide = waits && me.is(Role::Manager);
        let may_withdraw = waits && proposal.by_id == me.id;
        Self { page, customer, proposal, form, errors, may_decide, may_withdraw }
    }
}

/// A proposal about a customer whom this person keeps.
async fn find(
    db: &mut PgConnection,
    me: &Viewer,
    id: CustomerId,
    proposal: ProposalId,
) -> Result<(Customer, Proposal), Error> {
    let customer = edit::find_editable(db, me, id).await?;
    let found = proposals_db::of(db, me.scope.org, id, Some(proposal), &me.company.time_zone).await?;
    let found = found.into_iter().next().ok_or(Error::NotFound)?;
    Ok((customer, found))
}

/// A proposed end, and what can be said to it.
pub async fn show(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    page: Page,
    Path((id, proposal)): Path<(CustomerId, ProposalId)>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let found = find(&mut read, &me, id, proposal).await?;
    html(ProposalPage::new(&me, page, found, DecisionForm::default(), Errors::new()))
}

/// A manager confirms: from now on it counts.
pub async fn confirm(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    page: Page,
    Path((id, proposal)): Path<(CustomerId, ProposalId)>,
    Form { once, fields, .. }: Form<DecisionForm>,
) -> Result<Response, Error> {
    let mut errors = Errors::new();
    let late_reason = errors.optional_text("late_reason", &fields.late_reason, "The reason", 500);
    let mut write = once::begin(&app, &me, once).await?;
    let found = find_waiting(&mut write, &me, id, proposal).await?;
    let (customer, proposed) = &found;
    let settled = settled_db::settled(&mut write, id).await?;
    let ending = db::insert_ending(&mut write, id, &proposed.ending()).await?;
    if !proposals_db::settle(&mut write, proposal, Some(ending), "").await? {
        return Err(SETTLED);
    }
    events_db::recompute(&mut write, &[id]).await?;
    if late_reason.is_empty() && settled_db::settled(&mut write, id).await? != settled {
        errors.add("late_reason", NEEDS_REASON);
    }
    if !errors.is_empty() {
        drop(write);
        return refused(ProposalPage::new(&me, page, found, fields, errors));
    }
    let path = format!("/customers/{id}");
    let detail = json!({ "new": facts(proposed), "reason": late_reason });
    audit::db::record(&mut write, "customer.end_confirmed", &path, detail).await?;
    let words = format!("{}: {}", customer.details.name, proposed.kind.label().to_lowercase());
    write.done_saying(&path, &Toast::new(words)).await
}

/// A manager says no, and why.
pub async fn reject(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    page: Page,
    Path((id, proposal)): Path<(CustomerId, ProposalId)>,
    Form { once, fields, .. }: Form<DecisionForm>,
) -> Result<Response, Error> {
    let mut errors = Errors::new();
    let words = errors.text("words", &fields.words, "The reason", 500);
    let mut write = once::begin(&app, &me, once).await?;
    let found = find_waiting(&mut write, &me, id, proposal).await?;
    if !errors.is_empty() {
        drop(write);
        return refused(ProposalPage::new(&me, page, found, fields, errors));
    }
    if !proposals_db::settle(&mut write, proposal, None, &words).await? {
        return Err(SETTLED);
    }
    let path = format!("/customers/{id}");
    let detail = json!({ "old": facts(&found.1), "new": {}, "reason": words });
    audit::db::record(&mut write, "customer.end_rejected", &path, detail).await?;
    let toast = Toast::new(format!("{} goes on; {} reads why", found.0.details.name, found.1.by));
    write.done_saying(&path, &toast).await
}

/// Whoever proposed it takes it back.
pub async fn withdraw(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    Path((id, proposal)): Path<(CustomerId, ProposalId)>,
    Form { once, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let mut write = once::begin(&app, &me, once).await?;
    let (customer, proposed) = find(&mut write, &me, id, proposal).await?;
    if proposed.by_id != me.id {
        return Err(Error::Forbidden);
    }
    if !proposals_db::settle(&mut write, proposal, None, "").await? {
        return Err(SETTLED);
    }
    let path = format!("/customers/{id}");
    let detail = json!({ "old": facts(&proposed), "new": {} });
    audit::db::record(&mut write, "customer.end_taken_back", &path, detail).await?;
    write.done_saying(&path, &Toast::new(format!("Nothing waits about {} any more", customer.details.name))).await
}

const SETTLED: Error = Error::Conflict("Somebody has decided on it meanwhile. Look at the customer again.");

/// A proposal on which this manager decides, as long as nobody has.
async fn find_waiting(
    db: &mut PgConnection,
    me: &Viewer,
    id: CustomerId,
    proposal: ProposalId,
) -> Result<(Customer, Proposal), Error> {
    let found = find(db, me, id, proposal).await?;
    if !me.is(Role::Manager) {
        return Err(Error::Forbidden);
    }
    if found.1.settled_by.is_some() { Err(SETTLED) } else { Ok(found) }
}

fn facts(proposed: &Proposal) -> Value {
    json!({
        "ended": proposed.kind.label(),
        "on": proposed.on.to_string(),
        "because": proposed.reason,
        "verified_reason": proposed.verified_reason,
        "competitor": proposed.competitor,
        "proposed_by": proposed.by,
    })
}

/// The address of a proposal, or of something below it.
pub fn path(customer: CustomerId, proposal: ProposalId, below: &str) -> String {
    let slash = if below.is_empty() { "" } else { "/" };
    format!("/customers/{customer}/proposals/{proposal}{slash}{below}")
}
