//! The products' SQL: what is sold, in which category.

use sqlx::PgConnection;

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
}

/// Every product by category and name.
pub async fn list(db: &mut PgConnection, org: OrgId) -> sqlx::Result<Vec<Product>> {
    sqlx::query_as!(
        Product,
        "select p.id, p.name, c.name as category
         from products p
         join categories c on c.org_id = p.org_id and c.id = p.category_id
         where p.org_id = $1
         order by lower(c.name), lower(p.name), p.id",
        org as OrgId,
    )
    .fetch_all(db)
    .await
}

/// Creates a product, and its category where there is none of this name. A name that is taken violates
/// `products_name_key`.
pub async fn insert(tx: &mut Tx, name: &str, category: &str) -> sqlx::Result<ProductId> {
    let org = tx.org;
    sqlx::query!(
        "insert into categories (org_id, name)
         values ($1, $2)
         on conflict do nothing",
        org as OrgId,
        category,
    )
    .execute(&mut **tx)
    .await?;
    let category =
        sqlx::query_scalar!("select id from categories where org_id = $1 and name = $2", org as OrgId, category,)
            .fetch_one(&mut **tx)
            .await?;
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
