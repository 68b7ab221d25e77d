//! Changing a deal that is there: what may change, what a return or a locked period forbids, and how it is saved.

use axum::{extract::State, http::StatusCode, response::Response};
use serde_json::json;
use sqlx::PgConnection;
use time::Date;

use super::{
    db::{self, Line, NewDeal},
    enter::{FormPage, Lists, confirms, with_default},
    facts::{as_new, facts},
    follow::{follow, followers},
    form::{DealForm, is_credit_note},
    page_db::{self, Deal},
    price::{frozen, price},
    returns,
    said::Said,
    save,
};
use crate::{
    App, audit,
    customers::{
        find_db::Named,
        pick::{Picked, pick},
    },
    domain::{access::Permission, deal::Stage, id::DealId, money::Money},
    period_locks,
    postgres::tx,
    web::{
        auth::{Allowed, RecordSales, Viewer},
        error::Error,
        form::{Errors, Form, Path},
        format, once,
        page::{Page, answer, html, refused},
        toast::Toast,
    },
};

/// The form of a deal that is there; of a return its own.
pub async fn edit(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    page: Page,
    Path(id): Path<DealId>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let deal = find_editable(&mut read, &me, id).await?;
    let lines = page_db::lines(&mut read, me.scope.org, id, None).await?;
    if let Some(original) = deal.returns_id {
        return returns::draw_edit(&mut read, &me, page, &deal, original, &lines).await;
    }
    let credits = page_db::credits(&mut read, me.scope.org, id).await?;
    let form = DealForm::of(&deal, &lines, &credits, &me.company);
    html(FormPage::load(&mut read, &me, page, Some(deal), form, &Picked::default()).await?)
}

/// A deal that this person may change: the owner is in sight, and it is neither lost nor cancelled.
pub async fn find_editable(db: &mut PgConnection, me: &Viewer, id: DealId) -> Result<Deal, Error> {
    let deal = page_db::find(db, &me.scope, &me.company, me.today, id).await?.ok_or(Error::NotFound)?;
    if !may_change(me, &deal) {
        return Err(Error::Forbidden);
    }
    if !matches!(deal.stage, Stage::Open | Stage::Won) {
        return Err(Error::Conflict("This deal is lost or cancelled. Open it again before you change it."));
    }
    Ok(deal)
}

/// Whether this person may change a deal in sight.
pub fn may_change(me: &Viewer, deal: &Deal) -> bool {
    me.may(Permission::RecordSales)
        && deal.owner_id.is_some_and(|owner| me.scope_of(Permission::RecordSales).sees(owner))
}

/// A deal that was changed.
pub async fn update(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    page: Page,
    Path(id): Path<DealId>,
    Form { once, mut fields, .. }: Form<DealForm>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let deal = find_editable(&mut read, &me, id).await?;
    if deal.returns_id.is_some() {
        return Err(Error::NotFound);
    }
    fields.credit_note = is_credit_note(&deal, &page_db::lines(&mut read, me.scope.org, id, None).await?);
    if !fields.more.is_empty() {
        return html(FormPage::load(&mut read, &me, page, Some(deal), fields, &Picked::default()).await?);
    }
    let mut errors = Errors::new();
    let lists = Lists::load(&mut read, &me, Some(&deal)).await?;
    let before = as_new(&mut read, &me, &deal).await?;
    let stays = fields.other.trim().is_empty() && fields.customer == deal.customer_id.to_string();
    let picked = if stays {
        let own = Named { id: deal.customer_id, name: deal.customer.clone(), city: None };
        Picked { customer: Some(own), similar: vec![] }
    } else {
        pick(&mut read, &me.scope, me.today, fields.given(), &mut errors).await?
    };
    let said = fields.parse(&lists.known(&me), &mut errors);
    lists.check_left(&fields, said.booked_on.unwrap_or(me.today), &mut errors);
    let credits = with_default(&mut read, &me, &said, picked.customer.as_ref(), &mut errors).await?;
    if deal.imported && said.currency != deal.foreign() {
        errors.add("currency", "An import brought this deal: its currency stays.");
    }
    let reason = errors.optional_text("reason", &fields.reason, "The reason", 500);
    let (Some(customer), true) = (&picked.customer, errors.is_empty()) else {
        let page = FormPage::load(&mut read, &me, page, Some(deal), fields, &picked).await?.with(errors);
        return refused(page);
    };
    drop(read);
    let mut write = once::begin(&app, &me, once).await?;
    // From here on nothing of it is returned meanwhile, and it changes for nobody else.
    db::lock(&mut write, id).await?;
    check_returns(&mut write, &me, &deal, &said, stays, &mut errors).await?;
    check_locks(&mut write, &me, &deal, &said, &reason, &mut errors).await?;
    let mut new = NewDeal {
        customer: customer.id,
        stage: said.stage,
        booked_on: said.booked_on,
        // A deal that was won keeps the day on which it had been expected.
        expected_on: if said.stage == Stage::Won { before.expected_on } else { said.expected_on },
        currency: said.currency,
        notes: said.notes,
        lines: said.lines,
        credits,
        ..before.clone()
    };
    let kept = frozen(&before, &new);
    if let Err(words) = price(&mut write, &me, &mut new, kept).await? {
        errors.add("currency", words);
    }
    let followers = followers(&mut write, &me, &deal).await?;
    let moves = before.lines != new.lines || before.credits != new.credits;
    if moves && reason.is_empty() && followers.iter().any(|follower| follower.locked) {
        errors.add("reason", "What came back of this deal follows, also in a locked period. Say why you change it.");
    }
    if !errors.is_empty() {
        drop(write);
        let mut read = tx::read(&app.db, me.scope.org).await?;
        let page = FormPage::load(&mut read, &me, page, Some(deal), fields, &picked).await?.with(errors);
        return refused(page);
    }
    new.confirmed = stays_confirmed(&me, &before, &new);
    if !save::change(&mut write, id, fields.version.parse().unwrap_or(0), &new, deal.customer_id).await? {
        drop(write);
        let mut read = tx::read(&app.db, me.scope.org).await?;
        let saved = find_editable(&mut read, &me, id).await?;
        let stored = as_new(&mut read, &me, &saved).await?;
        let stored = facts(&stored, &saved.customer, &lists.reps, &lists.products, &me);
        let typed = facts(&new, &customer.name, &lists.reps, &lists.products, &me);
        let stored = audit::words::changes(&json!({ "old": typed, "new": stored }));
        let form = DealForm { version: saved.version.to_string(), ..fields };
        let mut page = FormPage::load(&mut read, &me, page, Some(saved), form, &picked).await?;
        page.stored = Some(stored.into_iter().map(|change| (change.label, change.new)).collect());
        return answer(StatusCode::CONFLICT, page);
    }
    follow(&mut write, &me, id, &followers, Some(reason.as_str()).filter(|reason| !reason.is_empty())).await?;
    let path = format!("/deals/{id}");
    let detail = format::stored(|| {
        let old = facts(&before, &deal.customer, &lists.reps, &lists.products, &me);
        let new = facts(&new, &customer.name, &lists.reps, &lists.products, &me);
        json!({ "old": old, "new": new, "reason": reason })
    });
    audit::db::record(&mut write, "deal.changed", &path, detail).await?;
    write.done_saying(&path, &Toast::new(format!("Deal {} changed", deal.number))).await
}

/// What was returned already cannot be taken out of a deal.
async fn check_returns(
    db: &mut PgConnection,
    me: &Viewer,
    deal: &Deal,
    said: &Said,
    same_customer: bool,
    errors: &mut Errors,
) -> Result<(), Error> {
    let returns = page_db::returns(db, me.scope.org, deal.id).await?;
    let Some(first) = returns.first() else { return Ok(()) };
    let before = page_db::lines(db, me.scope.org, deal.id, None).await?;
    let total: Money = returns.iter().map(|returned| returned.original.unwrap_or(returned.net)).sum();
    let net: Money = said.lines.iter().map(Line::face).sum();
    if said.currency != deal.foreign() {
        errors.add("currency", "Something of this deal was returned: its currency stays.");
    } else if said.currency.is_some() && said.booked_on != deal.booked_on {
        errors.add("booked_on", "Something of this deal was returned at the rate of its day: that stays.");
    }
    if said.stage != Stage::Won {
        errors.add("stage", "Something of this deal was returned: it stays won.");
    }
    if said.booked_on.is_some_and(|day| day > first.booked_on) {
        let day = format::date(first.booked_on);
        errors.add("booked_on", format!("Something of this deal was returned on {day}: it was won by then."));
    }
    if !same_customer {
        errors.add("customer", "Something of this deal was returned: its customer stays.");
    }
    let shrunk = before.iter().any(|line| {
        let now = said.lines.iter().find(|new| new.position == line.position);
        let back = line.face_returned();
        back > Money::ZERO && now.is_none_or(|new| new.face() < back)
    });
    if shrunk || net + total < Money::ZERO {
        let back = format::money(deal.foreign().unwrap_or(me.company.currency), -total);
        errors.add("amount-0", format!("{back} of this deal was returned. A line cannot be less than what is back."));
    }
    Ok(())
}

/// In a locked period a change needs a reason; out of one and into one nothing moves: it is paid, or settled without it.
async fn check_locks(
    db: &mut PgConnection,
    me: &Viewer,
    deal: &Deal,
    said: &Said,
    reason: &str,
    errors: &mut Errors,
) -> Result<(), Error> {
    if period_locks::db::crosses(db, me.scope.org, deal.booked_on, said.booked_on).await? {
        let (field, words) = if said.stage == deal.stage { ("booked_on", KEEP_DAY) } else { ("stage", KEEP_STAGE) };
        errors.add(field, words);
    } else if reason.is_empty() && is_locked(db, me, said.booked_on).await? {
        errors.add("reason", "The period of this deal is locked. Say why you change it.");
    }
    Ok(())
}

async fn is_locked(db: &mut PgConnection, me: &Viewer, day: Option<Date>) -> sqlx::Result<bool> {
    match day {
        Some(day) => period_locks::db::is_locked(db, me.scope.org, day).await,
        None => Ok(false),
    }
}

const KEEP_DAY: &str =
    "A deal moves neither out of a locked period nor into one. Keep its day; to take the deal back, enter a return.";
/// What is said where an open deal would be won in a locked period, or a won one of such a period opened.
pub const KEEP_STAGE: &str = "That period is locked: no deal of it is won or opened any more. To take a deal back, enter a return; what came late is entered as a new deal.";

/// A confirmed deal waits for confirmation again when somebody who may not confirm it changes what it pays.
fn stays_confirmed(me: &Viewer, before: &NewDeal, new: &NewDeal) -> bool {
    if new.stage != Stage::Won {
        return false;
    }
    if before.stage != Stage::Won {
        return confirms(me, &new.credits);
    }
    let same = before.customer == new.customer
        && before.booked_on == new.booked_on
        && before.lines == new.lines
        && before.credits == new.credits;
    before.confirmed && (same || confirms(me, &new.credits))
}
