//! The end of a deal without a sale: it is lost or cancelled by somebody for a reason, and can be opened again.

use axum::{extract::State, response::Response};
use serde::Deserialize;
use serde_json::json;
use sqlx::PgConnection;

use super::{
    act::{CHANGED, Seen, UNPRICED},
    db::{self, NewDeal},
    edit,
    enter::confirms,
    facts::as_new,
    follow::{Follower, follow, followers},
    page_db::{self, Deal},
    price::price,
    save,
    show::{self, Next},
};
use crate::{
    App, audit,
    customers::events_db,
    domain::{deal::Stage, id::DealId, money::Money},
    period_locks,
    postgres::tx::{self, Tx},
    web::{
        auth::{Allowed, RecordSales, Viewer},
        error::Error,
        form::{Errors, Form, Once, Path, Query},
        once,
        page::Page,
        toast::Toast,
    },
};

/// Why a deal ends, and what was seen of it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct CloseForm {
    /// As typed.
    pub reason: String,
    version: String,
}

/// An open deal is lost.
pub async fn lose(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    page: Page,
    Path(id): Path<DealId>,
    Form { once, fields, .. }: Form<CloseForm>,
) -> Result<Response, Error> {
    let mut errors = Errors::new();
    let reason = errors.optional_text("lost_reason", &fields.reason, "The reason", 500);
    if !errors.is_empty() {
        let mut read = tx::read(&app.db, me.scope.org).await?;
        edit::find_editable(&mut read, &me, id).await?;
        return show::draw(&mut read, &me, page, id, Next::lost(fields.reason), errors).await;
    }
    close(&app, &me, id, once, Stage::Lost, CloseForm { reason, ..fields }).await
}

/// An open deal is given up; or a won one was none, as long as its period is open and nothing of it came back.
pub async fn cancel(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    page: Page,
    Path(id): Path<DealId>,
    Form { once, fields, .. }: Form<CloseForm>,
) -> Result<Response, Error> {
    let mut errors = Errors::new();
    let reason = errors.text("reason", &fields.reason, "The reason", 500);
    if !errors.is_empty() {
        let mut read = tx::read(&app.db, me.scope.org).await?;
        edit::find_editable(&mut read, &me, id).await?;
        return show::draw(&mut read, &me, page, id, Next::cancelled(fields.reason), errors).await;
    }
    close(&app, &me, id, once, Stage::Cancelled, CloseForm { reason, ..fields }).await
}

async fn close(
    app: &App,
    me: &Allowed<RecordSales>,
    id: DealId,
    once: Once,
    to: Stage,
    form: CloseForm,
) -> Result<Response, Error> {
    let mut write = once::begin(app, me, once).await?;
    let deal = edit::find_editable(&mut write, me, id).await?;
    // A deal before its returns, as everywhere: nobody waits in a circle.
    if let Some(original) = deal.returns_id {
        db::lock(&mut write, original).await?;
    }
    db::lock(&mut write, id).await?;
    if to == Stage::Lost && deal.stage != Stage::Open {
        return Err(Error::Conflict("The deal is in another stage by now. Look at it again."));
    }
    if form.version != deal.version.to_string() {
        return Err(CHANGED);
    }
    if !page_db::returns(&mut write, me.scope.org, id).await?.is_empty() {
        return Err(Error::Conflict("Something of this deal was returned: it stays won."));
    }
    if raises_pay(&mut write, me, &deal).await? {
        return Err(Error::Conflict(
            "Without it more is paid, and it is confirmed: somebody who confirms deals and is not credited on it has to cancel it.",
        ));
    }
    if period_locks::db::crosses(&mut write, me.scope.org, deal.booked_on, None).await? {
        return Err(Error::Conflict(edit::KEEP_STAGE));
    }
    let others = beside(&mut write, me, &deal).await?;
    if !db::close(&mut write, id, deal.version, to, &form.reason, me.today).await? {
        return Err(CHANGED);
    }
    if let Some(original) = deal.returns_id {
        follow(&mut write, me, original, &others, None).await?;
    }
    events_db::recompute(&mut write, &[deal.customer_id]).await?;
    let path = format!("/deals/{id}");
    let (action, word) = if to == Stage::Lost { ("deal.lost", "lost") } else { ("deal.cancelled", "cancelled") };
    let won_on = |day: Option<time::Date>| day.map(|day| day.to_string());
    let detail = json!({
        "old": { "stage": deal.stage.label(), "won_on": won_on(deal.booked_on) },
        "new": { "stage": to.label(), "won_on": null },
        "reason": form.reason,
    });
    audit::db::record(&mut write, action, &path, detail).await?;
    let toast = Toast::new(format!("Deal {} is {word}", deal.number));
    write.done_saying(&path, &toast.undo(format!("{path}/reopen?version={}", deal.version + 1))).await
}

/// The returns of the deal that this one returns: they share one rounding.
async fn beside(tx: &mut Tx, me: &Viewer, returned: &Deal) -> Result<Vec<Follower>, Error> {
    let Some(original) = returned.returns_id else { return Ok(Vec::new()) };
    let deal = page_db::find(tx, &me.scope, &me.company, me.today, original).await?.ok_or(CHANGED)?;
    followers(tx, me, &deal).await
}

/// Whether it takes back what others have confirmed, so that more is paid without it, and this person may not say so.
pub async fn raises_pay(db: &mut PgConnection, me: &Viewer, deal: &Deal) -> Result<bool, Error> {
    if deal.stage != Stage::Won || deal.confirmed_at.is_none() || deal.net >= Money::ZERO {
        return Ok(false);
    }
    Ok(!confirms(me, &as_new(db, me, deal).await?.credits))
}

/// A lost or cancelled deal is again what it was before.
pub async fn reopen(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    Path(id): Path<DealId>,
    Query(seen): Query<Seen>,
    Form { once, fields, .. }: Form<Seen>,
) -> Result<Response, Error> {
    let mut write = once::begin(&app, &me, once).await?;
    let deal = page_db::find(&mut write, &me.scope, &me.company, me.today, id).await?.ok_or(Error::NotFound)?;
    if !edit::may_change(&me, &deal) {
        return Err(Error::Forbidden);
    }
    if !matches!(deal.stage, Stage::Lost | Stage::Cancelled) {
        return Err(Error::Conflict("The deal is in another stage by now. Look at it again."));
    }
    let version = deal.version.to_string();
    if seen.version != version && fields.version != version {
        return Err(CHANGED);
    }
    let again = deal.was_booked_on.filter(|_| deal.stage == Stage::Cancelled);
    let mut others = Vec::new();
    let done = if again.is_some() {
        if period_locks::db::crosses(&mut write, me.scope.org, None, again).await? {
            return Err(Error::Conflict(edit::KEEP_STAGE));
        }
        check_original(&mut write, &me, &deal).await?;
        others = beside(&mut write, &me, &deal).await?;
        others.push(Follower::again(id));
        db::win_again(&mut write, id, deal.version).await?
    } else {
        let mut open = NewDeal { stage: Stage::Open, confirmed: false, ..as_new(&mut write, &me, &deal).await? };
        if price(&mut write, &me, &mut open, None).await?.is_err() {
            return Err(UNPRICED);
        }
        save::change(&mut write, id, deal.version, &open, deal.customer_id).await?
    };
    if !done {
        return Err(CHANGED);
    }
    if let Some(original) = deal.returns_id {
        follow(&mut write, &me, original, &others, None).await?;
    }
    events_db::recompute(&mut write, &[deal.customer_id]).await?;
    let path = format!("/deals/{id}");
    let (stage, word) = if again.is_some() { (Stage::Won, "won again") } else { (Stage::Open, "open again") };
    let detail = json!({
        "old": { "stage": deal.stage.label(), "won_on": null },
        "new": { "stage": stage.label(), "won_on": again.map(|day| day.to_string()) },
    });
    audit::db::record(&mut write, "deal.reopened", &path, detail).await?;
    write.done_saying(&path, &Toast::new(format!("Deal {} is {word}", deal.number))).await
}

/// A return comes back only as long as there is so much left of its deal, at the same rate.
async fn check_original(tx: &mut Tx, me: &Viewer, returned: &Deal) -> Result<(), Error> {
    const GONE: Error = Error::Conflict("The deal that this returns has changed since. Enter the return again.");
    let Some(original) = returned.returns_id else { return Ok(()) };
    db::lock(tx, original).await?;
    let deal = page_db::find(tx, &me.scope, &me.company, me.today, original).await?.ok_or(GONE)?;
    let same_rate = deal.currency == returned.currency && deal.rate == returned.rate;
    let same_customer = deal.customer_id == returned.customer_id && deal.booked_on <= returned.was_booked_on;
    if deal.stage != Stage::Won || !same_rate || !same_customer {
        return Err(GONE);
    }
    let lines = page_db::lines(tx, me.scope.org, original, None).await?;
    let own = page_db::lines(tx, me.scope.org, returned.id, None).await?;
    let same_credits = as_new(tx, me, &deal).await?.credits == as_new(tx, me, returned).await?.credits;
    let others = page_db::returns(tx, me.scope.org, original).await?;
    let back: Money = others.iter().map(|other| other.original.unwrap_or(other.net)).sum();
    let faces = |lines: &[page_db::LineRow]| lines.iter().map(page_db::LineRow::face).sum::<Money>();
    let is_left = faces(&lines) + back + faces(&own) >= Money::ZERO;
    let fits = own.iter().all(|own| {
        let line = lines.iter().find(|line| line.position == own.position);
        line.is_some_and(|line| line.product_id == own.product_id && line.face_returned() - own.face() <= line.face())
    });
    if is_left && fits && same_credits { Ok(()) } else { Err(GONE) }
}
