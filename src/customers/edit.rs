//! Adding a customer, changing it, and handing it over.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::{
    db::{self, Contact, Details},
    events_db, find_db,
    form::CustomerForm,
    list_db,
    page_db::{self, Customer},
    settled_db::{self, NEEDS_REASON},
    similar::{self, Similar},
};
use crate::{
    App, audit,
    domain::{
        access::{Permission, Role},
        id::{CustomerId, UserId},
        period::short_date,
    },
    postgres::tx,
    users::reps_db,
    web::{
        auth::{Allowed, RecordSales, Viewer},
        error::Error,
        form::{Errors, Form, Path},
        once,
        page::{Page, answer, html, refused},
        toast::Toast,
        ui::Choice,
    },
};

#[derive(Template)]
#[template(path = "customers/form.html")]
struct FormPage {
    page: Page,
    /// The customer that is changed; none: a new one.
    customer: Option<Customer>,
    form: CustomerForm,
    errors: Errors,
    /// Who may own a new one; nobody to choose: it is the rep's own. One that is there is handed over elsewhere.
    owners: Vec<Choice>,
    /// Whether the viewer hands customers over.
    hands_over: bool,
    segments: Vec<String>,
    /// What somebody else saved meanwhile.
    stored: Option<Vec<(String, String)>>,
    /// Customers that may be the one that is to be added.
    similar: Option<Similar>,
}

impl FormPage {
    async fn load(
        db: &mut PgConnection,
        me: &Viewer,
        page: Page,
        customer: Option<Customer>,
        form: CustomerForm,
        errors: Errors,
    ) -> Result<Self, Error> {
        let owners = if customer.is_none() { owners(db, me).await? } else { vec![] };
        let mut choices: Vec<Choice> = owners.into_iter().map(|(id, name)| Choice::new(id, name)).collect();
        if !choices.is_empty() {
            choices.push(Choice::new("none", "Nobody"));
        }
        Ok(Self {
            page,
            customer,
            form: form.padded(),
            errors,
            owners: choices,
            hands_over: me.may(Permission::HandOver),
            segments: list_db::segments(db, me.scope.org).await?,
            stored: None,
            similar: None,
        })
    }
}

/// Whom this person may make the owner of a new customer: managers choose among the reps in sight who sell today; a rep's
/// customers are his own.
async fn owners(db: &mut PgConnection, me: &Viewer) -> Result<Vec<(UserId, String)>, Error> {
    if !me.is(Role::Manager) {
        return Ok(vec![]);
    }
    let mut owners = reps_db::selling(db, me.scope.org, me.today).await?;
    owners.retain(|(rep, _)| me.scope.sees(*rep));
    Ok(owners)
}

/// The form of a new customer.
pub async fn new(State(app): State<App>, me: Allowed<RecordSales>, page: Page) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let form = CustomerForm::new(me.is(Role::Rep).then_some(me.id));
    html(FormPage::load(&mut read, &me, page, None, form, Errors::new()).await?)
}

/// A new customer.
pub async fn create(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    page: Page,
    Form { once, fields, .. }: Form<CustomerForm>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    if !fields.more.is_empty() {
        return html(FormPage::load(&mut read, &me, page, None, fields, Errors::new()).await?);
    }
    let mut errors = Errors::new();
    let owners = owners(&mut read, &me).await?;
    // A rep's form does not ask for an owner: what is sent nevertheless is not read.
    let fields = if owners.is_empty() { fields.without_owner() } else { fields };
    let said = fields.parse(&owners, me.today, &mut errors);
    if !errors.is_empty() {
        let page = FormPage::load(&mut read, &me, page, None, fields, errors).await?;
        return refused(page);
    }
    let owner = if owners.is_empty() { Some(me.id) } else { said.owner.flatten() };
    drop(read);
    let mut write = once::begin(&app, &me, once).await?;
    // Only now: sent twice, the second finds no customer that the first has added, but the first's answer.
    let similar = similar::find(&mut write, &me, &said.details.name, &said.contacts).await?;
    if !similar.is_empty() && fields.anyway.trim() != similar.name {
        drop(write);
        let mut read = tx::read(&app.db, me.scope.org).await?;
        let page = FormPage::load(&mut read, &me, page, None, fields, errors).await?;
        return refused(FormPage { similar: Some(similar), ..page });
    }
    let id = db::insert(&mut write, &said.details, me.today).await?;
    db::set_contacts(&mut write, id, &said.contacts).await?;
    db::set_owner(&mut write, id, owner, said.owner_from).await?;
    events_db::recompute(&mut write, &[id]).await?;
    let path = format!("/customers/{id}");
    let mut new = facts(&said.details, &said.contacts);
    add_owner(&mut new, owner.and_then(|owner| name_of(owner, &owners, &me)).as_deref(), said.owner_from);
    audit::db::record(&mut write, "customer.added", &path, json!({ "new": new })).await?;
    let visible = find_db::visible(&mut write, &me.scope, me.today, id).await?.is_some();
    let to = if visible { path } else { "/customers".to_owned() };
    write.done_saying(&to, &Toast::new(format!("{} added", said.details.name))).await
}

fn name_of(owner: UserId, owners: &[(UserId, String)], me: &Viewer) -> Option<String> {
    if owner == me.id {
        return Some(me.name.clone());
    }
    owners.iter().find(|(id, _)| *id == owner).map(|(_, name)| name.clone())
}

/// A customer that this person may change: the owner of today is in sight, or nobody owns it and it is in sight.
pub async fn find_editable(db: &mut PgConnection, me: &Viewer, id: CustomerId) -> Result<Customer, Error> {
    find_db::visible(db, &me.scope, me.today, id).await?.ok_or(Error::NotFound)?;
    let customer = page_db::find(db, me.scope.org, id, me.today).await?.ok_or(Error::NotFound)?;
    if may_change(db, me, &customer).await? { Ok(customer) } else { Err(Error::Forbidden) }
}

/// Whether this person keeps a customer in sight.
pub async fn may_change(db: &mut PgConnection, me: &Viewer, customer: &Customer) -> sqlx::Result<bool> {
    let scope = me.scope_of(Permission::RecordSales);
    match customer.owner_id {
        _ if !me.may(Permission::RecordSales) => Ok(false),
        Some(owner) => Ok(scope.sees(owner)),
        None => Ok(find_db::visible(db, &scope, me.today, customer.id).await?.is_some()),
    }
}

/// The form of a customer that is there.
pub async fn edit(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    page: Page,
    Path(id): Path<CustomerId>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let customer = find_editable(&mut read, &me, id).await?;
    let contacts = page_db::contacts(&mut read, me.scope.org, id).await?;
    let form = CustomerForm::of(&customer, &contacts);
    html(FormPage::load(&mut read, &me, page, Some(customer), form, Errors::new()).await?)
}

/// A customer that was changed.
pub async fn update(
    State(app): State<App>,
    me: Allowed<RecordSales>,
    page: Page,
    Path(id): Path<CustomerId>,
    Form { once, fields, .. }: Form<CustomerForm>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let customer = find_editable(&mut read, &me, id).await?;
    if !fields.more.is_empty() {
        return html(FormPage::load(&mut read, &me, page, Some(customer), fields, Errors::new()).await?);
    }
    let mut errors = Errors::new();
    // Another owner takes over from a day on, and after a look at what moves with it: `handover` alone writes that.
    let fields = fields.without_owner();
    let said = fields.parse(&[], me.today, &mut errors);
    let reason = errors.optional_text("reason", &fields.reason, "The reason", 500);
    if !errors.is_empty() {
        let page = FormPage::load(&mut read, &me, page, Some(customer), fields, errors).await?;
        return refused(page);
    }
    let contacts = page_db::contacts(&mut read, me.scope.org, id).await?;
    drop(read);
    let mut write = once::begin(&app, &me, once).await?;
    let new = facts(&said.details, &said.contacts);
    if !db::update(&mut write, id, fields.version.parse().unwrap_or(0), &said.details).await? {
        drop(write);
        let mut read = tx::read(&app.db, me.scope.org).await?;
        let saved = find_editable(&mut read, &me, id).await?;
        let contacts = page_db::contacts(&mut read, me.scope.org, id).await?;
        let stored = json!({ "old": new, "new": facts(&saved.details, &contacts) });
        let form = CustomerForm { version: saved.version.to_string(), ..fields };
        let mut page = FormPage::load(&mut read, &me, page, Some(saved), form, Errors::new()).await?;
        let stored = audit::words::changes(&stored);
        page.stored = Some(stored.into_iter().map(|change| (change.label, change.new)).collect());
        return answer(StatusCode::CONFLICT, page);
    }
    let settled = settled_db::settled(&mut write, id).await?;
    db::set_contacts(&mut write, id, &said.contacts).await?;
    events_db::recompute(&mut write, &[id]).await?;
    if reason.is_empty() && settled_db::settled(&mut write, id).await? != settled {
        drop(write);
        errors.add("reason", NEEDS_REASON);
        let mut read = tx::read(&app.db, me.scope.org).await?;
        return refused(FormPage::load(&mut read, &me, page, Some(customer), fields, errors).await?);
    }
    let path = format!("/customers/{id}");
    let detail = json!({ "old": facts(&customer.details, &contacts), "new": new, "reason": reason });
    audit::db::record(&mut write, "customer.changed", &path, detail).await?;
    write.done_saying(&path, &Toast::new(format!("{} saved", said.details.name))).await
}

/// What the audit keeps of a customer.
pub fn facts(details: &Details, contacts: &[Contact]) -> Value {
    let fields: Vec<String> = details.attributes.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let contacts: Vec<String> = contacts
        .iter()
        .map(|contact| {
            let parts = [&contact.name, &contact.role, &contact.email, &contact.phone];
            parts.into_iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(", ")
        })
        .collect();
    json!({
        "name": details.name,
        "segment": details.segment,
        "industry": details.industry,
        "city": details.city,
        "country": details.country,
        "customer_since": details.customer_since.map(|day| day.to_string()),
        "fields": fields,
        "contacts": contacts,
        "note": details.notes,
    })
}

fn add_owner(facts: &mut Value, owner: Option<&str>, from: Option<time::Date>) {
    let from = from.map_or("from the beginning".to_owned(), |day| format!("from {}", short_date(day)));
    if let Some(facts) = facts.as_object_mut() {
        facts.insert("owner".to_owned(), format!("{} {from}", owner.unwrap_or("nobody")).into());
    }
}

/// The address of a customer, or of something below it.
pub fn path(id: CustomerId, below: &str) -> String {
    if below.is_empty() { format!("/customers/{id}") } else { format!("/customers/{id}/{below}") }
}
