//! What becomes of a dispute: accepted with an adjustment in the open period, refused with a reason, or withdrawn.

use axum::{extract::State, response::Response};
use serde_json::json;

use super::{
    db::{self, Dispute},
    web::{ThreadForm, ThreadPage},
};
use crate::{
    App, audit,
    commission_runs::hands_db::{self, NewAdjustment, Of},
    domain::{
        dispute::Outcome,
        id::DisputeId,
        money::{Currency, Money},
        period::Period,
    },
    postgres::tx::Tx,
    web::{
        auth::{Allowed, PrepareCommission, ReadStatements, Viewer},
        error::Error,
        form::{Errors, Form, Nothing, Path},
        format, number, once,
        page::{Page, refused},
        periods, step_up,
        toast::Toast,
    },
};

/// Accepts: what it pays goes into the rep's next open statement, and never into the one that is disputed.
pub async fn accept(
    State(app): State<App>,
    me: Allowed<PrepareCommission>,
    page: Page,
    Path(id): Path<DisputeId>,
    Form { once, typed, fields: form }: Form<ThreadForm>,
) -> Result<Response, Error> {
    let path = format!("/disputes/{id}");
    if let Some(ask) = step_up::required(&me, &page, &format!("{path}/acceptance"), &typed) {
        return ask;
    }
    let mut errors = Errors::new();
    let amount = match number::money(&form.amount, me.company.currency) {
        Ok(Money::ZERO) => {
            errors.add("amount", "Nothing would change. Give an amount, with a minus to take it off, or refuse.");
            None
        }
        Ok(amount) => Some(amount),
        Err(words) => {
            errors.add("amount", words);
            None
        }
    };
    let reason = errors.text("reason", &form.reason, "The reason", 500);
    let mut write = once::begin_alone(&app, &me, once).await?;
    let dispute = others(&mut write, &me, id).await?;
    if dispute.is_stale(&form) {
        drop(write);
        return ThreadPage::conflict(&app, &me, page, id, form).await;
    }
    let (Some(amount), true) = (amount, errors.is_empty()) else {
        return refused(ThreadPage::load(&mut write, &me, page, id, form, errors).await?);
    };
    let about = periods::containing(dispute.period_kind, dispute.period_start, &me);
    let pays = Pays { about, amount, currency: me.company.currency };
    let period = accepted(&mut write, &dispute, &pays, &reason).await?;
    let shown = format::money(pays.currency, amount);
    let words = format!("Accepted: {shown} comes with {}", format::period(period));
    write.done_saying(&path, &Toast::new(words)).await
}

/// What an acceptance pays.
pub struct Pays {
    /// The period of the statement that is disputed.
    pub about: Period,
    /// How much on top; not zero.
    pub amount: Money,
    /// The company's currency.
    pub currency: Currency,
}

/// Accepts an undecided dispute. The period with which it is paid.
pub async fn accepted(tx: &mut Tx, dispute: &Dispute, pays: &Pays, reason: &str) -> sqlx::Result<Period> {
    let Pays { about, amount, currency } = *pays;
    let period = open_after(tx, about).await?;
    let of = Of { rep: dispute.rep_id, period, component: &dispute.component };
    let adjustment = hands_db::adjust(tx, &NewAdjustment { of, about, amount, reason, source: "dispute" }).await?;
    db::decide(tx, dispute, Outcome::Accepted, reason, Some(adjustment)).await?;
    let plain = currency.plain(amount);
    let detail = json!({ "rep": dispute.rep_id.0, "line": dispute.about(), "amount": plain, "reason": reason });
    audit::db::record(tx, "dispute.accepted", &format!("/disputes/{}", dispute.id), detail).await?;
    Ok(period)
}

/// Refuses, and says why.
pub async fn refuse(
    State(app): State<App>,
    me: Allowed<PrepareCommission>,
    page: Page,
    Path(id): Path<DisputeId>,
    Form { once, fields: form, .. }: Form<ThreadForm>,
) -> Result<Response, Error> {
    let mut errors = Errors::new();
    let why = errors.text("why", &form.why, "The reason", 500);
    let mut write = once::begin_alone(&app, &me, once).await?;
    let dispute = others(&mut write, &me, id).await?;
    if dispute.is_stale(&form) {
        drop(write);
        return ThreadPage::conflict(&app, &me, page, id, form).await;
    }
    if !errors.is_empty() {
        return refused(ThreadPage::load(&mut write, &me, page, id, form, errors).await?);
    }
    db::decide(&mut write, &dispute, Outcome::Refused, &why, None).await?;
    let path = format!("/disputes/{id}");
    let detail = json!({ "rep": dispute.rep_id.0, "line": dispute.about(), "reason": why });
    audit::db::record(&mut write, "dispute.refused", &path, detail).await?;
    write.done_saying(&path, &Toast::new(format!("Refused; {} reads why", dispute.rep))).await
}

/// The rep takes it back.
pub async fn withdraw(
    State(app): State<App>,
    me: Allowed<ReadStatements>,
    page: Page,
    Path(id): Path<DisputeId>,
    Form { once, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let mut write = once::begin_alone(&app, &me, once).await?;
    let dispute = db::find(&mut write, &me.scope, id).await?.ok_or(Error::NotFound)?;
    if dispute.rep_id != me.id {
        return Err(Error::Forbidden);
    }
    if dispute.outcome.is_some() {
        drop(write);
        return ThreadPage::conflict(&app, &me, page, id, ThreadForm::default()).await;
    }
    db::decide(&mut write, &dispute, Outcome::Withdrawn, "", None).await?;
    let path = format!("/disputes/{id}");
    let detail = json!({ "rep": dispute.rep_id.0, "line": dispute.about() });
    audit::db::record(&mut write, "dispute.withdrawn", &path, detail).await?;
    write.done_saying(&path, &Toast::new("Withdrawn")).await
}

/// A dispute in sight on which this person may decide.
async fn others(tx: &mut Tx, me: &Viewer, id: DisputeId) -> Result<Dispute, Error> {
    let dispute = db::find(tx, &me.scope, id).await?.ok_or(Error::NotFound)?;
    if dispute.rep_id == me.id {
        return Err(Error::Conflict("Nobody decides about their own pay. Somebody else can."));
    }
    Ok(dispute)
}

impl Dispute {
    /// Whether somebody decided or wrote since the form was drawn.
    fn is_stale(&self, form: &ThreadForm) -> bool {
        self.outcome.is_some() || !form.version.is_empty() && form.version != self.messages.to_string()
    }
}

/// The first period behind this one of which what is paid is not settled and not about to be.
async fn open_after(tx: &mut Tx, period: Period) -> sqlx::Result<Period> {
    let org = tx.org;
    let mut next = period.next();
    while db::is_closing(tx, org, next).await? {
        next = next.next();
    }
    Ok(next)
}
