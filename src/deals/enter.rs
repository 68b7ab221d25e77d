//! The form of a deal or credit note, and entering one.

use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;
use serde_json::json;
use sqlx::PgConnection;
use time::Date;

use super::{
    db::NewDeal,
    facts::facts,
    form::DealForm,
    page_db::{self, Deal},
    price::price,
    said::{Known, Said},
    save,
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
        deal::{Credit, Stage, credit_amounts},
        id::{CustomerId, ProductId, UserId},
        money::{Currency, Money},
        period::add_months,
    },
    exchange_rates,
    postgres::tx,
    products,
    users::reps_db,
    web::{
        auth::{Allowed, RecordSales, Viewer},
        error::Error,
        form::{Errors, Form, Once, Query},
        format, once,
        page::{Page, html, refused},
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

/// So many months back who left is offered for a late deal.
const LATE_MONTHS: i32 = 12;

/// What a form is drawn with and read against.
pub struct Lists {
    /// The products by name, also those that are sold no more: a late deal may name one.
    pub products: Vec<(ProductId, String)>,
    /// The names of the products that are offered.
    offered: Vec<String>,
    /// Who may be credited.
    pub reps: Vec<(UserId, String)>,
    /// Who of them has left, and on which day they were no longer there; without those whom the deal credits already.
    left: Vec<(UserId, Date)>,
    currencies: Vec<Currency>,
}

impl Lists {
    /// For a new deal or one that is there.
    pub async fn load(db: &mut PgConnection, me: &Viewer, deal: Option<&Deal>) -> Result<Self, Error> {
        let products = products::db::list(db, me.scope.org).await?;
        let mut reps = reps_db::selling(db, me.scope.org, me.today).await?;
        if let Some(deal) = deal {
            // Who is credited already may have left since; the credit stays.
            for credit in page_db::credits(db, me.scope.org, deal.id).await? {
                if !reps.iter().any(|(id, _)| *id == credit.rep_id) {
                    reps.push((credit.rep_id, credit.rep));
                }
            }
        }
        let mut left = vec![];
        for (id, name, day) in
            reps_db::left_since(db, me.scope.org, add_months(me.today, -LATE_MONTHS), me.today).await?
        {
            if !reps.iter().any(|(known, _)| *known == id) {
                reps.push((id, name));
                left.push((id, day));
            }
        }
        // An import may bring its deal once more, in the currency that it has.
        let currencies = if let Some(deal) = deal.filter(|deal| deal.imported) {
            deal.foreign().into_iter().collect()
        } else {
            let rates = exchange_rates::db::in_force(db, me.scope.org, me.today).await?;
            rates.iter().filter_map(|rate| Currency::parse(&rate.currency).ok()).collect()
        };
        let offered = products.iter().filter(|product| product.retired_on.is_none());
        let offered = offered.map(|product| product.name.clone()).collect();
        let products = products.into_iter().map(|product| (product.id, product.name)).collect();
        Ok(Self { products, offered, reps, left, currencies })
    }

    /// Adds what is wrong where somebody is credited who had left by the day of the deal.
    pub fn check_left(&self, form: &DealForm, on: Date, errors: &mut Errors) {
        for row in form.credits() {
            let rep: Option<UserId> = row.rep.trim().parse().ok();
            let left = self.left.iter().find(|(id, day)| Some(*id) == rep && *day <= on);
            if let Some((_, day)) = left {
                let words = format!("This person left on {}: the deal is of a later day.", format::date(*day));
                errors.add(row.id("credit"), words);
            }
        }
    }

    /// The reps to choose from; of who has left it is said since when.
    fn choices(&self) -> Vec<Choice> {
        let choice = |(id, name): &(UserId, String)| match self.left.iter().find(|(left, _)| left == id) {
            Some((_, day)) => Choice::new(id, format!("{name} (left on {})", format::date(*day))),
            None => Choice::new(id, &**name),
        };
        self.reps.iter().map(choice).collect()
    }

    /// What the form is read against.
    pub fn known<'a>(&'a self, me: &'a Viewer) -> Known<'a> {
        Known {
            products: &self.products,
            reps: &self.reps,
            currencies: &self.currencies,
            company: &me.company,
            today: me.today,
        }
    }
}

#[derive(Template)]
#[template(path = "deals/form.html")]
pub struct FormPage {
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
    /// The company's currency and those that have a rate; nothing where there is only the company's.
    currencies: Vec<Choice>,
    /// Who gets how much, as far as it was typed: the rep, the parts, the amount.
    shares: Vec<(String, String, String)>,
    symbol: String,
    today: Date,
    /// Whether what is entered waits for somebody to confirm it.
    waits: bool,
    /// What somebody else saved meanwhile.
    pub stored: Option<Vec<(String, String)>>,
}

impl FormPage {
    /// The form as it was typed.
    pub async fn load(
        db: &mut PgConnection,
        me: &Viewer,
        page: Page,
        deal: Option<Deal>,
        form: DealForm,
        picked: &Picked,
    ) -> Result<Self, Error> {
        let lists = Lists::load(db, me, deal.as_ref()).await?;
        let mut form = form.padded();
        if !picked.similar.is_empty() {
            form.ticked.clear(); // from now on what is ticked is an answer
        }
        let customers = if picked.similar.is_empty() {
            offers(db, me, &form, deal.as_ref()).await?
        } else {
            picked.similar.iter().map(named_choice).collect()
        };
        let own = me.company.currency;
        let mut currencies = vec![];
        if !lists.currencies.is_empty() {
            if deal.as_ref().is_none_or(|deal| !deal.imported) {
                currencies.push(Choice::new(own.code(), format!("{own}, the company’s")));
            }
            currencies.extend(lists.currencies.iter().map(|currency| Choice::new(currency.code(), currency.code())));
        }
        let icon = |stage| if stage == Stage::Won { "handshake" } else { "clock" };
        let stage = |stage: Stage| Choice::new(stage.as_str(), stage.label()).icon(icon(stage));
        Ok(Self {
            page,
            deal,
            shares: shares(&form, &lists, me),
            currencies,
            form,
            errors: Errors::new(),
            customers,
            names: find_db::names(db, &me.scope, me.today).await?,
            reps: lists.choices(),
            products: lists.offered,
            stages: vec![stage(Stage::Won), stage(Stage::Open)],
            counts: vec![Choice::new("split", "Shares"), Choice::new("overlay", "Overlay")],
            symbol: me.company.currency.symbol().trim().to_owned(),
            today: me.today,
            waits: me.company.confirm_deals && !me.may(Permission::ConfirmDeals),
            stored: None,
        })
    }

    /// With what is wrong about it.
    pub fn with(mut self, errors: Errors) -> Self {
        self.errors = errors;
        self
    }
}

/// Who gets how much of the lines, if both can be read.
fn shares(form: &DealForm, lists: &Lists, me: &Viewer) -> Vec<(String, String, String)> {
    let (known, mut errors) = (lists.known(me), Errors::new());
    let currency = form.parse_currency(&known, &mut errors);
    let lines = form.parse_lines(&known, currency, &mut errors);
    let credits = form.parse_credits(&known, &mut errors);
    if !errors.is_empty() {
        return vec![];
    }
    let amounts: Vec<Money> = lines.iter().map(super::db::Line::face).collect();
    let all: u32 = credits.iter().filter(|credit| !credit.overlay).map(|credit| credit.parts).sum();
    let told = |(credit, amount): (&Credit, Money)| {
        let rep = lists.reps.iter().find(|(rep, _)| *rep == credit.rep).map(|(_, name)| name.clone());
        let kind = if credit.overlay { ", overlay" } else { "" };
        let parts = format!("{} of {}{kind}", credit.parts, format::counted(i64::from(all), "part", "parts"));
        (rep.unwrap_or_default(), parts, format::money(currency.unwrap_or(me.company.currency), amount))
    };
    credits.iter().zip(credit_amounts(&amounts, &credits)).map(told).collect()
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
    (form.customer, form.ticked) = (start.customer.clone(), start.customer);
    html(FormPage::load(&mut read, &me, page, None, form, &Picked::default()).await?)
}

/// The form of a new credit note: what is taken back without the deal being known.
pub async fn new_credit_note(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    page: Page,
    Query(start): Query<Start>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let mut form = DealForm::new(me.today, me.is(Role::Rep).then_some(me.id));
    (form.customer, form.ticked, form.credit_note) = (start.customer.clone(), start.customer, true);
    html(FormPage::load(&mut read, &me, page, None, form, &Picked::default()).await?)
}

/// A new deal.
pub async fn create(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    page: Page,
    Form { once, fields, .. }: Form<DealForm>,
) -> Result<Response, Error> {
    enter(&app, &me, page, once, fields).await
}

/// A new credit note.
pub async fn create_credit_note(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    page: Page,
    Form { once, fields, .. }: Form<DealForm>,
) -> Result<Response, Error> {
    enter(&app, &me, page, once, DealForm { credit_note: true, ..fields }).await
}

async fn enter(
    app: &App,
    me: &Allowed<RecordSales>,
    page: Page,
    once: Once,
    fields: DealForm,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    if !fields.more.is_empty() {
        return html(FormPage::load(&mut read, me, page, None, fields, &Picked::default()).await?);
    }
    let mut errors = Errors::new();
    let lists = Lists::load(&mut read, me, None).await?;
    let picked = pick(&mut read, &me.scope, me.today, fields.given(), &mut errors).await?;
    let said = fields.parse(&lists.known(me), &mut errors);
    lists.check_left(&fields, said.booked_on.unwrap_or(me.today), &mut errors);
    let credits = with_default(&mut read, me, &said, picked.customer.as_ref(), &mut errors).await?;
    let comes_to: Money = said.lines.iter().map(super::db::Line::face).sum();
    if !fields.credit_note && errors.is_empty() && comes_to < Money::ZERO {
        errors.add("amount-0", "This comes to less than zero. Enter it as a return of its deal, or as a credit note.");
    }
    let (Some(customer), true) = (&picked.customer, errors.is_empty()) else {
        let page = FormPage::load(&mut read, me, page, None, fields, &picked).await?.with(errors);
        return refused(page);
    };
    drop(read);
    let mut deal = NewDeal {
        customer: customer.id,
        owner: Some(if me.is(Role::Rep) { me.id } else { owner_of(&credits, me.id) }),
        stage: said.stage,
        opened_on: Some(said.booked_on.unwrap_or(me.today)),
        booked_on: said.booked_on,
        expected_on: said.expected_on,
        returns: None,
        currency: said.currency,
        rate: None,
        notes: said.notes,
        confirmed: said.stage == Stage::Won && confirms(me, &credits),
        lines: said.lines,
        credits,
    };
    let mut write = once::begin(app, me, once).await?;
    if let Err(words) = price(&mut write, me, &mut deal, None).await? {
        drop(write);
        errors.add("currency", words);
        let mut read = tx::read(&app.db, me.scope.org).await?;
        return refused(FormPage::load(&mut read, me, page, None, fields, &picked).await?.with(errors));
    }
    let id = save::enter(&mut write, &deal).await?;
    let saved = page_db::find(&mut write, &me.scope, &me.company, me.today, id).await?;
    let path = format!("/deals/{id}");
    let facts = format::stored(|| facts(&deal, &customer.name, &lists.reps, &lists.products, me));
    let detail = json!({ "new": facts });
    let action = if fields.credit_note { "deal.credit_note" } else { "deal.entered" };
    audit::db::record(&mut write, action, &path, detail).await?;
    let number = saved.as_ref().map_or(0, |deal| deal.number);
    let thing = if fields.credit_note { "Credit note" } else { "Deal" };
    let words = match (deal.stage, deal.confirmed) {
        (Stage::Won, false) => format!("{thing} {number} saved. It pays once somebody has confirmed it"),
        _ => format!("{thing} {number} saved"),
    };
    // A manager may enter a deal for somebody whom he does not see.
    let to = if saved.is_some() { path } else { "/deals".to_owned() };
    write.done_saying(&to, &Toast::new(words)).await
}

/// The credits that were typed; none: the customer's owner gets all of it.
pub async fn with_default(
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
