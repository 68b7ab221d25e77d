//! Entering a deal and changing it.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::PgConnection;
use time::Date;

use super::{
    db::{self, NewDeal},
    form::{DealForm, Known, Said},
    page_db::{self, Deal, LineRow},
    returns, save,
};
use crate::{
    App, audit,
    customers::{
        find_db::{self, Named},
        offers_db,
        pick::{Picked, named_choice, offer_choice, pick},
    },
    domain::{
        access::{Permission, Role},
        deal::{Credit, Stage},
        id::{CustomerId, DealId, ProductId, UserId},
        money::Money,
    },
    period_locks,
    postgres::tx,
    products,
    users::reps_db,
    web::{
        auth::{Allowed, RecordSales, Viewer},
        error::Error,
        form::{Errors, Form, Path, Query},
        format, once,
        page::{Page, answer, html, refused},
        toast::Toast,
        ui::Choice,
    },
};

/// What a link to the form may say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Start {
    customer: String,
}

/// What a form is drawn with and read against.
struct Lists {
    products: Vec<(ProductId, String)>,
    reps: Vec<(UserId, String)>,
}

impl Lists {
    async fn load(db: &mut PgConnection, me: &Viewer, deal: Option<DealId>) -> Result<Self, Error> {
        let products = products::db::list(db, me.scope.org).await?;
        let mut reps = reps_db::selling(db, me.scope.org, me.today).await?;
        if let Some(deal) = deal {
            // Who is credited already may have left since; the credit stays.
            for credit in page_db::credits(db, me.scope.org, deal).await? {
                if !reps.iter().any(|(id, _)| *id == credit.rep_id) {
                    reps.push((credit.rep_id, credit.rep));
                }
            }
        }
        Ok(Self { products: products.into_iter().map(|product| (product.id, product.name)).collect(), reps })
    }

    fn known<'a>(&'a self, me: &'a Viewer) -> Known<'a> {
        Known { products: &self.products, reps: &self.reps, company: &me.company, today: me.today }
    }
}

#[derive(Template)]
#[template(path = "deals/form.html")]
struct FormPage {
    page: Page,
    /// The deal that is changed; none: a new one.
    deal: Option<Deal>,
    form: DealForm,
    errors: Errors,
    customers: Vec<Choice>,
    names: Vec<Named>,
    products: Vec<String>,
    reps: Vec<Choice>,
    stages: Vec<Choice>,
    counts: Vec<Choice>,
    symbol: String,
    today: Date,
    /// Whether what is entered waits for somebody to confirm it.
    waits: bool,
    /// What somebody else saved meanwhile.
    stored: Option<Vec<(String, String)>>,
}

impl FormPage {
    async fn load(
        db: &mut PgConnection,
        me: &Viewer,
        page: Page,
        deal: Option<Deal>,
        form: DealForm,
        picked: &Picked,
    ) -> Result<Self, Error> {
        let lists = Lists::load(db, me, deal.as_ref().map(|deal| deal.id)).await?;
        let customers = if picked.similar.is_empty() {
            offers(db, me, &form, deal.as_ref()).await?
        } else {
            picked.similar.iter().map(named_choice).collect()
        };
        let icon = |stage| if stage == Stage::Won { "handshake" } else { "clock" };
        let stage = |stage: Stage| Choice::new(stage.as_str(), stage.label()).icon(icon(stage));
        Ok(Self {
            page,
            deal,
            form: form.padded(),
            errors: Errors::new(),
            customers,
            names: find_db::names(db, &me.scope, me.today).await?,
            products: lists.products.into_iter().map(|(_, name)| name).collect(),
            reps: lists.reps.into_iter().map(|(id, name)| Choice::new(id, name)).collect(),
            stages: vec![stage(Stage::Won), stage(Stage::Open)],
            counts: vec![Choice::new("split", "Shares"), Choice::new("overlay", "Overlay")],
            symbol: me.company.currency.symbol().trim().to_owned(),
            today: me.today,
            waits: me.company.confirm_deals && !me.may(Permission::ConfirmDeals),
            stored: None,
        })
    }

    fn with(mut self, errors: Errors) -> Self {
        self.errors = errors;
        self
    }
}

/// The customer that is chosen, and those that were visited last.
async fn offers(
    db: &mut PgConnection,
    me: &Viewer,
    form: &DealForm,
    deal: Option<&Deal>,
) -> Result<Vec<Choice>, Error> {
    if let Some(deal) = deal {
        return Ok(vec![Choice::new(deal.customer_id, &*deal.customer)]);
    }
    let chosen: Option<CustomerId> = form.customer.parse().ok();
    let chosen = match chosen {
        Some(id) => find_db::visible(db, &me.scope, me.today, id).await?.map(|customer| customer.id),
        None => None,
    };
    let offers = offers_db::offers(db, me.scope.org, me.id, me.today, chosen).await?;
    Ok(offers.into_iter().map(|offer| offer_choice(offer, me.today)).collect())
}

/// The form of a new deal.
pub async fn new(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    page: Page,
    Query(start): Query<Start>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let mut form = DealForm::new(me.today, me.is(Role::Rep).then_some(me.id));
    form.customer = start.customer;
    html(FormPage::load(&mut read, &me, page, None, form, &Picked::default()).await?)
}

/// A new deal.
pub async fn create(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    page: Page,
    Form { once, fields, .. }: Form<DealForm>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    if !fields.more.is_empty() {
        return html(FormPage::load(&mut read, &me, page, None, fields, &Picked::default()).await?);
    }
    let mut errors = Errors::new();
    let lists = Lists::load(&mut read, &me, None).await?;
    let picked = pick(&mut read, &me.scope, me.today, &fields.customer, &fields.other, &mut errors).await?;
    let said = fields.parse(&lists.known(&me), &mut errors);
    let credits = with_default(&mut read, &me, &said, picked.customer.as_ref(), &mut errors).await?;
    let (Some(customer), true) = (&picked.customer, errors.is_empty()) else {
        let page = FormPage::load(&mut read, &me, page, None, fields, &picked).await?.with(errors);
        return refused(page);
    };
    drop(read);
    let deal = NewDeal {
        customer: customer.id,
        owner: Some(if me.is(Role::Rep) { me.id } else { owner_of(&credits, me.id) }),
        stage: said.stage,
        opened_on: Some(said.booked_on.unwrap_or(me.today)),
        booked_on: said.booked_on,
        expected_on: said.expected_on,
        returns: None,
        notes: said.notes,
        confirmed: said.stage == Stage::Won && confirms(&me, &credits),
        lines: said.lines,
        credits,
    };
    let mut write = once::begin(&app, &me, once).await?;
    let id = save::enter(&mut write, &deal).await?;
    let saved = page_db::find(&mut write, &me.scope, &me.company, me.today, id).await?;
    let path = format!("/deals/{id}");
    let detail = json!({ "new": facts(&deal, &customer.name, &lists.reps, &lists.products, &me) });
    audit::db::record(&mut write, "deal.entered", &path, detail).await?;
    let number = saved.as_ref().map_or(0, |deal| deal.number);
    let words = match (deal.stage, deal.confirmed) {
        (Stage::Won, false) => format!("Deal {number} saved. It pays once somebody has confirmed it"),
        _ => format!("Deal {number} saved"),
    };
    // A manager may enter a deal for somebody whom he does not see.
    let to = if saved.is_some() { path } else { "/deals".to_owned() };
    write.done_saying(&to, &Toast::new(words)).await
}

/// The credits that were typed; none: the customer's owner gets all of it.
async fn with_default(
    db: &mut PgConnection,
    me: &Viewer,
    said: &Said,
    customer: Option<&Named>,
    errors: &mut Errors,
) -> Result<Vec<Credit>, Error> {
    let (Some(customer), true, true) = (customer, said.credits.is_empty(), errors.is_empty()) else {
        return Ok(said.credits.clone());
    };
    let on = said.booked_on.unwrap_or(me.today);
    let Some(rep) = page_db::owner(db, me.scope.org, customer.id, on).await? else {
        errors.add("credit-0", "Nobody owns this customer. Choose who is credited.");
        return Ok(vec![]);
    };
    Ok(vec![Credit { rep, parts: 1, overlay: false }])
}

/// The largest share's rep.
fn owner_of(credits: &[Credit], otherwise: UserId) -> UserId {
    let shares: Vec<&Credit> = credits.iter().filter(|credit| !credit.overlay).collect();
    let largest = shares.iter().map(|credit| credit.parts).max();
    shares.iter().find(|credit| Some(credit.parts) == largest).map_or(otherwise, |credit| credit.rep)
}

/// Whether entering a won deal confirms it: where deals need none, or this person may and is not credited.
pub fn confirms(me: &Viewer, credits: &[Credit]) -> bool {
    !me.company.confirm_deals || me.may(Permission::ConfirmDeals) && !credits.iter().any(|credit| credit.rep == me.id)
}

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
    Form { once, fields, .. }: Form<DealForm>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let deal = find_editable(&mut read, &me, id).await?;
    if deal.returns_id.is_some() {
        return Err(Error::NotFound);
    }
    if !fields.more.is_empty() {
        return html(FormPage::load(&mut read, &me, page, Some(deal), fields, &Picked::default()).await?);
    }
    let mut errors = Errors::new();
    let lists = Lists::load(&mut read, &me, Some(id)).await?;
    let before = as_new(&mut read, &me, &deal).await?;
    let stays = fields.other.trim().is_empty() && fields.customer == deal.customer_id.to_string();
    let picked = if stays {
        let own = Named { id: deal.customer_id, name: deal.customer.clone(), city: None };
        Picked { customer: Some(own), similar: vec![] }
    } else {
        pick(&mut read, &me.scope, me.today, &fields.customer, &fields.other, &mut errors).await?
    };
    let said = fields.parse(&lists.known(&me), &mut errors);
    let credits = with_default(&mut read, &me, &said, picked.customer.as_ref(), &mut errors).await?;
    let reason = errors.optional_text("reason", &fields.reason, "The reason", 500);
    let (Some(customer), true) = (&picked.customer, errors.is_empty()) else {
        let page = FormPage::load(&mut read, &me, page, Some(deal), fields, &picked).await?.with(errors);
        return refused(page);
    };
    drop(read);
    let mut write = once::begin(&app, &me, once).await?;
    // From here on nothing of it is returned meanwhile, and it changes for nobody else.
    db::lock(&mut write, id).await?;
    check_returns(&mut write, &me, id, &said, stays, &mut errors).await?;
    check_locks(&mut write, &me, &deal, &said, &reason, &mut errors).await?;
    if !errors.is_empty() {
        drop(write);
        let mut read = tx::read(&app.db, me.scope.org).await?;
        let page = FormPage::load(&mut read, &me, page, Some(deal), fields, &picked).await?.with(errors);
        return refused(page);
    }
    let mut new = NewDeal {
        customer: customer.id,
        stage: said.stage,
        booked_on: said.booked_on,
        expected_on: said.expected_on,
        notes: said.notes,
        lines: said.lines,
        credits,
        ..before.clone()
    };
    new.confirmed = stays_confirmed(&me, &before, &new);
    let new_facts = facts(&new, &customer.name, &lists.reps, &lists.products, &me);
    if !save::change(&mut write, id, fields.version.parse().unwrap_or(0), &new, deal.customer_id).await? {
        drop(write);
        let mut read = tx::read(&app.db, me.scope.org).await?;
        let saved = find_editable(&mut read, &me, id).await?;
        let stored = as_new(&mut read, &me, &saved).await?;
        let stored = facts(&stored, &saved.customer, &lists.reps, &lists.products, &me);
        let stored = audit::words::changes(&json!({ "old": new_facts, "new": stored }));
        let form = DealForm { version: saved.version.to_string(), ..fields };
        let mut page = FormPage::load(&mut read, &me, page, Some(saved), form, &picked).await?;
        page.stored = Some(stored.into_iter().map(|change| (change.label, change.new)).collect());
        return answer(StatusCode::CONFLICT, page);
    }
    let path = format!("/deals/{id}");
    let old = facts(&before, &deal.customer, &lists.reps, &lists.products, &me);
    audit::db::record(&mut write, "deal.changed", &path, json!({ "old": old, "new": new_facts, "reason": reason }))
        .await?;
    write.done_saying(&path, &Toast::new(format!("Deal {} changed", deal.number))).await
}

/// What was returned already cannot be taken out of a deal.
async fn check_returns(
    db: &mut PgConnection,
    me: &Viewer,
    deal: DealId,
    said: &Said,
    same_customer: bool,
    errors: &mut Errors,
) -> Result<(), Error> {
    let returns = page_db::returns(db, me.scope.org, deal).await?;
    let Some(first) = returns.first() else { return Ok(()) };
    let before = page_db::lines(db, me.scope.org, deal, None).await?;
    let total: Money = returns.iter().map(|returned| returned.net).sum();
    let net: Money = said.lines.iter().map(|line| line.amount).sum();
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
        line.returned > Money::ZERO && now.is_none_or(|new| new.amount < line.returned)
    });
    if shrunk || net + total < Money::ZERO {
        let back = format::money(me.company.currency, -total);
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

/// A deal as it is written anew.
pub async fn as_new(db: &mut PgConnection, me: &Viewer, deal: &Deal) -> Result<NewDeal, Error> {
    let lines = page_db::lines(db, me.scope.org, deal.id, None).await?;
    let credits = page_db::credits(db, me.scope.org, deal.id).await?;
    Ok(NewDeal {
        customer: deal.customer_id,
        owner: deal.owner_id,
        stage: deal.stage,
        opened_on: deal.opened_on,
        booked_on: deal.booked_on,
        expected_on: deal.expected_on,
        returns: deal.returns_id,
        notes: deal.notes.clone(),
        confirmed: deal.confirmed_at.is_some(),
        lines: lines.into_iter().map(LineRow::into_line).collect(),
        credits: credits
            .into_iter()
            .map(|row| Credit { rep: row.rep_id, parts: row.parts.unsigned_abs(), overlay: row.overlay })
            .collect(),
    })
}

/// What the audit keeps of a deal.
pub fn facts(
    deal: &NewDeal,
    customer: &str,
    reps: &[(UserId, String)],
    products: &[(ProductId, String)],
    me: &Viewer,
) -> Value {
    let name = |rep: UserId| reps.iter().find(|(id, _)| *id == rep).map_or_else(|| rep.to_string(), |(_, n)| n.clone());
    let line = |line: &db::Line| {
        let product = products.iter().find(|(id, _)| Some(*id) == line.product).map(|(_, name)| name.as_str());
        let cost = line.cost.map(|cost| format!(", cost {}", format::money(me.company.currency, cost)));
        let item = product.unwrap_or(&line.text);
        let amount = format::money(me.company.currency, line.amount);
        format!("{} × {item}: {amount}{}", line.quantity.normalize(), cost.unwrap_or_default())
    };
    let credit = |credit: &Credit| {
        format!("{} {}{}", name(credit.rep), credit.parts, if credit.overlay { " overlay" } else { "" })
    };
    json!({
        "customer": customer,
        "stage": deal.stage.label(),
        "won_on": deal.booked_on.map(|day| day.to_string()),
        "expected_on": deal.expected_on.map(|day| day.to_string()),
        "lines": deal.lines.iter().map(line).collect::<Vec<_>>(),
        "net": format::money(me.company.currency, deal.net()),
        "credits": deal.credits.iter().map(credit).collect::<Vec<_>>(),
        "confirmed": if deal.confirmed { "yes" } else { "no" },
        "note": deal.notes,
    })
}
