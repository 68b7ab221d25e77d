//! The pages of the products: the list, adding one, and the routes of one.

use askama::Template;
use axum::{extract::State, response::Response};
use serde::Deserialize;
use serde_json::json;

use super::{
    db::{self, Product},
    show,
};
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

/// `/products` and below.
pub fn routes() -> Routes {
    Routes::new()
        .get("/products", index)
        .post("/products", create)
        .get("/products/{id}", show::show)
        .post("/products/{id}", show::change)
        .post("/products/{id}/retirement", show::retire)
        .post("/products/{id}/retirement/end", show::offer)
}

/// A product as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ProductForm {
    /// The name.
    pub name: String,
    /// The category's name.
    pub category: String,
    /// The version that the form shows, of a product that is there.
    pub version: String,
}

impl ProductForm {
    /// Name and category.
    pub fn parse(&self, errors: &mut Errors) -> (String, String) {
        let name = errors.text("name", &self.name, "The name", 200);
        (name, errors.text("category", &self.category, "The category", 120))
    }
}

/// What is said of a name that another product has.
pub const TAKEN: &str = "Another product has this name. Use another one.";

/// The categories to choose from, each once.
pub fn categories(products: &[Product]) -> Vec<String> {
    let mut categories: Vec<String> = products.iter().map(|product| product.category.clone()).collect();
    categories.sort_by_key(|category| category.to_lowercase());
    categories.dedup();
    categories
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
    let status = errors.status();
    let categories = categories(&products);
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
    let (name, category) = fields.parse(&mut errors);
    if !errors.is_empty() {
        return draw(&app, &me, page, fields, errors).await;
    }
    let mut write = once::begin(&app, &me, once).await?;
    if db::is_taken(&mut write, me.scope.org, &name, None).await? {
        drop(write);
        errors.add("name", TAKEN);
        return draw(&app, &me, page, fields, errors).await;
    }
    match db::insert(&mut write, &name, &category).await {
        Ok(id) => {
            let detail = json!({ "new": { "name": name, "category": category } });
            audit::db::record(&mut write, "product.added", &show::path(id, ""), detail).await?;
            write.done_saying("/products", &Toast::new(format!("{name} added"))).await
        }
        Err(e) if violates(&e, "products_name_key") => {
            errors.add("name", TAKEN);
            drop(write);
            draw(&app, &me, page, fields, errors).await
        }
        Err(e) => Err(e.into()),
    }
}
