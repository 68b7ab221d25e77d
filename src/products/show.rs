//! The page of one product: its name and category, whether it is offered, and what was done to it.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use serde_json::json;
use sqlx::PgConnection;

use super::{
    db::{self, Product},
    web::{ProductForm, categories},
};
use crate::{
    App,
    audit::{
        self,
        words::{Act, told},
    },
    domain::id::ProductId,
    postgres::{error::violates, tx},
    web::{
        auth::{Allowed, KeepProducts, Viewer},
        error::Error,
        form::{Errors, Form, Nothing, Path},
        once,
        page::{Page, answer},
        toast::Toast,
    },
};

#[derive(Template)]
#[template(path = "products/show.html")]
struct ShowPage {
    page: Page,
    product: Product,
    categories: Vec<String>,
    form: ProductForm,
    errors: Errors,
    /// What somebody else saved meanwhile.
    stored: Option<Vec<(String, String)>>,
    acts: Vec<Act>,
}

/// Where a product is changed, or something below it.
pub fn path(id: ProductId, below: &str) -> String {
    if below.is_empty() { format!("/products/{id}") } else { format!("/products/{id}/{below}") }
}

/// The product and its history.
pub async fn show(
    State(app): State<App>,
    me: Allowed<KeepProducts>,
    page: Page,
    Path(id): Path<ProductId>,
) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    draw(&mut read, &me, page, id, None, Errors::new()).await
}

/// The page; with what was typed, where that cannot be saved.
async fn draw(
    db: &mut PgConnection,
    me: &Viewer,
    page: Page,
    id: ProductId,
    typed: Option<ProductForm>,
    errors: Errors,
) -> Result<Response, Error> {
    let product = db::find(db, me.scope.org, id).await?.ok_or(Error::NotFound)?;
    let acts = audit::db::history(db, me.scope.org, &me.company.time_zone, &path(id, "")).await?;
    let is_stale = typed.as_ref().is_some_and(|form| form.version != product.version.to_string());
    let stored = typed.as_ref().filter(|_| errors.is_empty() && is_stale).map(|form| {
        let fields = [("Name", &form.name, &product.name), ("Category", &form.category, &product.category)];
        let differing = fields.into_iter().filter(|(_, typed, stored)| typed.trim() != stored.as_str());
        differing.map(|(label, _, stored)| (label.to_owned(), stored.clone())).collect()
    });
    let version = product.version.to_string();
    let form = typed.map_or_else(
        || ProductForm { name: product.name.clone(), category: product.category.clone(), version: version.clone() },
        // Saved again it is saved over what is shown now.
        |form| ProductForm { version: if is_stale { version.clone() } else { form.version.clone() }, ..form },
    );
    let status = if stored.is_some() { StatusCode::CONFLICT } else { errors.status() };
    let categories = categories(&db::list(db, me.scope.org).await?);
    answer(status, ShowPage { page, acts: told(acts, me.company.currency), product, categories, form, errors, stored })
}

/// Another name or category.
pub async fn change(
    State(app): State<App>,
    me: Allowed<KeepProducts>,
    page: Page,
    Path(id): Path<ProductId>,
    Form { once, fields, .. }: Form<ProductForm>,
) -> Result<Response, Error> {
    let mut errors = Errors::new();
    let (name, category) = fields.parse(&mut errors);
    let mut write = once::begin(&app, &me, once).await?;
    let old = db::find(&mut write, me.scope.org, id).await?.ok_or(Error::NotFound)?;
    if errors.is_empty() && db::is_taken(&mut write, me.scope.org, &name, Some(id)).await? {
        errors.add("name", super::web::TAKEN);
    }
    let saved = if errors.is_empty() {
        db::update(&mut write, id, fields.version.parse().unwrap_or(0), &name, &category).await
    } else {
        Ok(false)
    };
    match saved {
        Ok(true) => {
            let path = path(id, "");
            let detail = json!({
                "old": { "name": old.name, "category": old.category },
                "new": { "name": name, "category": category },
            });
            audit::db::record(&mut write, "product.changed", &path, detail).await?;
            return write.done_saying(&path, &Toast::new(format!("{name} saved"))).await;
        }
        Ok(false) => {}
        Err(e) if violates(&e, "products_name_key") => errors.add("name", super::web::TAKEN),
        Err(e) => return Err(e.into()),
    }
    drop(write);
    let mut read = tx::read(&app.db, me.scope.org).await?;
    draw(&mut read, &me, page, id, Some(fields), errors).await
}

/// The product is no longer offered for new deals; those that name it stay as they are.
pub async fn retire(
    State(app): State<App>,
    me: Allowed<KeepProducts>,
    Path(id): Path<ProductId>,
    Form { once, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let mut write = once::begin(&app, &me, once).await?;
    let product = db::find(&mut write, me.scope.org, id).await?.ok_or(Error::NotFound)?;
    if !db::retire(&mut write, id, Some(me.today)).await? {
        return Err(Error::Conflict("This product is no longer offered already. Open its page again."));
    }
    audit::db::record(&mut write, "product.retired", &path(id, ""), json!({})).await?;
    let toast = Toast::new(format!("{} is no longer offered", product.name)).undo(path(id, "retirement/end"));
    write.done_saying(&path(id, ""), &toast).await
}

/// The product is offered again.
pub async fn offer(
    State(app): State<App>,
    me: Allowed<KeepProducts>,
    Path(id): Path<ProductId>,
    Form { once, .. }: Form<Nothing>,
) -> Result<Response, Error> {
    let mut write = once::begin(&app, &me, once).await?;
    let product = db::find(&mut write, me.scope.org, id).await?.ok_or(Error::NotFound)?;
    if !db::retire(&mut write, id, None).await? {
        return Err(Error::Conflict("This product is offered already. Open its page again."));
    }
    audit::db::record(&mut write, "product.offered", &path(id, ""), json!({})).await?;
    write.done_saying(&path(id, ""), &Toast::new(format!("{} is offered again", product.name))).await
}
