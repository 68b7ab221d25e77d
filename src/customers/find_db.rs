//! Finding customers: who may be seen, by id, by name and for lists to choose from.

use sqlx::PgConnection;
use time::Date;

use crate::domain::{
    access::Scope,
    id::{CustomerId, OrgId, UserId},
};

/// A customer by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The customer.
    pub id: CustomerId,
    /// The name.
    pub name: String,
    /// Where it is.
    pub city: Option<String>,
}

/// A customer that is in sight: somebody in sight owns it today, visited it, or is credited with a deal there.
pub async fn visible(db: &mut PgConnection, scope: &Scope, today: Date, id: CustomerId) -> sqlx::Result<Option<Named>> {
    sqlx::query_as!(
        Named,
        "select c.id, c.name, c.city
         from customers c
         where c.org_id = $1 and c.id = $3 and c.merged_into is null
           and ($2::bigint[] is null
                or exists (
                    select from ownerships o
                    where o.org_id = c.org_id and o.customer_id = c.id and o.during @> $4::date and o.rep_id = any ($2)
                )
                or exists (
                    select from visits v
                    where v.org_id = c.org_id and v.customer_id = c.id
                      and (v.rep_id = any ($2) or exists (
                          select from visit_participants p
                          where p.org_id = v.org_id and p.visit_id = v.id and p.rep_id = any ($2)
                      ))
                )
                or exists (
                    select from deals d
                    join deal_credits dc on dc.org_id = d.org_id and dc.deal_id = d.id
                    where d.org_id = c.org_id and d.customer_id = c.id and dc.rep_id = any ($2)
                ))",
        scope.org as OrgId,
        scope.reps() as Option<&[UserId]>,
        id as CustomerId,
        today,
    )
    .fetch_optional(db)
    .await
}

/// The customer that this one has become by merging, if it has.
pub async fn merged_into(db: &mut PgConnection, org: OrgId, id: CustomerId) -> sqlx::Result<Option<CustomerId>> {
    sqlx::query_scalar!(
        r#"with recursive led as (
               select c.id, c.merged_into from customers c where c.org_id = $1 and c.id = $2
               union
               select c.id, c.merged_into
               from led
               join customers c on c.org_id = $1 and c.id = led.merged_into
           )
           select led.id as "id!: CustomerId"
           from led
           where led.merged_into is null and led.id <> $2"#,
        org as OrgId,
        id as CustomerId,
    )
    .fetch_optional(db)
    .await
}

/// Customers of the people in sight whose name is what was typed, else those whose name contains it; some at most.
pub async fn by_name(db: &mut PgConnection, scope: &Scope, today: Date, typed: &str) -> sqlx::Result<Vec<Named>> {
    let pattern = typed.trim().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    sqlx::query_as!(
        Named,
        r#"with fitting as (
               select c.id, c.name, c.city, lower(c.name) = lower($4) as is_exact
               from customers c
               where c.org_id = $1 and c.merged_into is null and c.name ilike '%' || $5 || '%'
                 and ($2::bigint[] is null or exists (
                     select from ownerships o
                     where o.org_id = c.org_id and o.customer_id = c.id and o.during @> $3::date
                       and o.rep_id = any ($2)
                 ))
           )
           select f.id, f.name, f.city
           from fitting f
           where f.is_exact or not exists (select from fitting e where e.is_exact)
           order by lower(f.name), f.id
           limit 6"#,
        scope.org as OrgId,
        scope.reps() as Option<&[UserId]>,
        today,
        typed.trim(),
        pattern,
    )
    .fetch_all(db)
    .await
}

/// The names to complete what is typed: the customers owned today by the people in sight, at most 500 of them.
pub async fn names(db: &mut PgConnection, scope: &Scope, today: Date) -> sqlx::Result<Vec<Named>> {
    sqlx::query_as!(
        Named,
        "select c.id, c.name, c.city
         from customers c
         where c.org_id = $1 and c.merged_into is null
           and ($2::bigint[] is null or exists (
               select from ownerships o
               where o.org_id = c.org_id and o.customer_id = c.id and o.during @> $3::date and o.rep_id = any ($2)
           ))
         order by lower(c.name), c.id
         limit 500",
        scope.org as OrgId,
        scope.reps() as Option<&[UserId]>,
        today,
    )
    .fetch_all(db)
    .await
}

/// Every customer's name, in sight or not: to compare with, not to show.
pub async fn all_names(db: &mut PgConnection, org: OrgId) -> sqlx::Result<Vec<(CustomerId, String)>> {
    let rows = sqlx::query!(
        "select id, name
         from customers
         where org_id = $1 and merged_into is null",
        org as OrgId,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

/// Customers with a contact whose e-mail address is at one of these domains, in sight or not; some at most.
pub async fn with_domain(db: &mut PgConnection, org: OrgId, domains: &[String]) -> sqlx::Result<Vec<CustomerId>> {
    sqlx::query_scalar!(
        "select distinct customer_id
         from contacts
         where org_id = $1 and split_part(lower(email), '@', 2) = any ($2)
           and customer_id in (select id from customers where org_id = $1 and merged_into is null)
         order by customer_id
         limit 10",
        org as OrgId,
        domains,
    )
    .fetch_all(db)
    .await
}
