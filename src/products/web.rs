//! The page of the products: the list, and adding one.

use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;
use serde_json::json;

use super::db::{self, Product};
use crate::{
    App, audit,
    domain::access::Permission,
    postgres::{error::violates, tx},
    web::{
        auth::{Allowed, KeepProducts, ReadSales, Viewer},
        error::Error,
        form::{Errors, Form},
        once,
        page::{Page, answer},
        routes::Routes,
        toast::Toast,
    },
};

/// `/products`.
pub fn routes() -> Routes {
    Routes::new().get("/products", index).post("/products", create)
}

/// A product as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ProductForm {
    name: String,
    category: String,
}

#[derive(Template)]
#[template(path = "products/index.html")]
struct IndexPage {
    page: Page,
    products: Vec<Product>,
    categories: Vec<String>,
    form: ProductForm,
    errors: Errors,
    may_keep: bool,
}

async fn index(State(app): State<App>, me: Allowed<ReadSales>, page: Page) -> Result<Response, Error> {
    draw(&app, &me, page, ProductForm::default(), Errors::new()).await
}

async fn draw(app: &App, me: &Viewer, page: Page, form: ProductForm, errors: Errors) -> Result<Response, Error> {
    let mut read = tx::read(&app.db, me.scope.org).await?;
    let products = db::list(&mut read, me.scope.org).await?;
    let mut categories: Vec<String> = products.iter().map(|product| product.category.clone()).collect();
    categories.dedup();
    let status = errors.status();
    let page = IndexPage { page, products, categories, form, errors, may_keep: me.may(Permission::KeepProducts) };
    answer(status, page)
}

async fn create(
    State(app): State<App>,
    me: Allowed<KeepProducts>,
    page: Page,
    Form { once, fields, .. }: Form<ProductForm>,
) -> Result<Response, Error> {
    let mut errors = Errors::new();
    let name = errors.text("name", &fields.name, "The name", 200);
    let category = errors.text("category", &fields.category, "The category", 120);
    if !errors.is_empty() {
        return draw(&app, &me, page, fields, errors).await;
    }
    let mut write = once::begin(&app, &me, once).await?;
    match db::insert(&mut write, &name, &category).await {
        Ok(_) => {
            let detail = json!({ "new": { "name": name, "category": category } });
            audit::db::record(&mut write, "product.added", "/products", detail).await?;
            write.done_saying("/products", &Toast::new(format!("{name} added"))).await
        }
        Err(e) if violates(&e, "products_name_key") => {
            errors.add("name", "Another product has this name. Use another one.");
            drop(write);
            draw(&app, &me, page, fields, errors).await
        }
        Err(e) => Err(e.into()),
    }
}
