//! The products' SQL: what is sold, in which category, and what no longer.

use sqlx::PgConnection;
use time::Date;

use crate::{
    domain::id::{CategoryId, OrgId, ProductId},
    postgres::tx::Tx,
};

/// A product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// The product.
    pub id: ProductId,
    /// Its name.
    pub name: String,
    /// Its category's name.
    pub category: String,
    /// Since when it is no longer offered.
    pub retired_on: Option<Date>,
    /// Counts its changes.
    pub version: i32,
}

/// Every product, those that are offered first, by category and name.
pub async fn list(db: &mut PgConnection, org: OrgId) -> sqlx::Result<Vec<Product>> {
    sqlx::query_as!(
        Product,
        "select p.id, p.name, c.name as category, p.retired_on, p.version
         from products p
         join categories c on c.org_id = p.org_id and c.id = p.category_id
         where p.org_id = $1
         order by p.retired_on is not null, lower(c.name), lower(p.name), p.id",
        org as OrgId,
    )
    .fetch_all(db)
    .await
}

/// One product.
pub async fn find(db: &mut PgConnection, org: OrgId, id: ProductId) -> sqlx::Result<Option<Product>> {
    sqlx::query_as!(
        Product,
        "select p.id, p.name, c.name as category, p.retired_on, p.version
         from products p
         join categories c on c.org_id = p.org_id and c.id = p.category_id
         where p.org_id = $1 and p.id = $2",
        org as OrgId,
        id as ProductId,
    )
    .fetch_optional(db)
    .await
}

/// Whether another product has this name, in any spelling of its letters.
pub async fn is_taken(db: &mut PgConnection, org: OrgId, name: &str, except: Option<ProductId>) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
               select from products where org_id = $1 and lower(name) = lower($2) and id is distinct from $3
           ) as "taken!""#,
        org as OrgId,
        name,
        except as Option<ProductId>,
    )
    .fetch_one(db)
    .await
}

/// Creates a product, and its category where there is none of this name. A name that is taken violates
/// `products_name_key`.
pub async fn insert(tx: &mut Tx, name: &str, category: &str) -> sqlx::Result<ProductId> {
    let category = find_or_add_category(tx, category).await?;
    let org = tx.org;
    sqlx::query_scalar!(
        "insert into products (org_id, name, category_id)
         values ($1, $2, $3)
         returning id",
        org as OrgId,
        name,
        category as CategoryId,
    )
    .fetch_one(&mut **tx)
    .await
}

/// Gives a product another name or category, if it is still of this version. A name that is taken violates
/// `products_name_key`.
pub async fn update(tx: &mut Tx, id: ProductId, version: i32, name: &str, category: &str) -> sqlx::Result<bool> {
    let category = find_or_add_category(tx, category).await?;
    let org = tx.org;
    let done = sqlx::query!(
        "update products
         set name = $4, category_id = $5, version = version + 1
         where org_id = $1 and id = $2 and version = $3",
        org as OrgId,
        id as ProductId,
        version,
        name,
        category as CategoryId,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Offers a product no longer from a day on, or again. False: that was so already.
pub async fn retire(tx: &mut Tx, id: ProductId, from: Option<Date>) -> sqlx::Result<bool> {
    let org = tx.org;
    let done = sqlx::query!(
        "update products
         set retired_on = $3, version = version + 1
         where org_id = $1 and id = $2 and (retired_on is null) <> ($3::date is null)",
        org as OrgId,
        id as ProductId,
        from,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

async fn find_or_add_category(tx: &mut Tx, name: &str) -> sqlx::Result<CategoryId> {
    let org = tx.org;
    sqlx::query!(
        "insert into categories (org_id, name)
         values ($1, $2)
         on conflict do nothing",
        org as OrgId,
        name,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query_scalar!("select id from categories where org_id = $1 and name = $2", org as OrgId, name)
        .fetch_one(&mut **tx)
        .await
}
