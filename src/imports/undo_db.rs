//! The SQL that takes an import back: whether something depends on what it made, and how all of that goes.

use time::Date;

use super::done_db;
use crate::{
    domain::{
        id::{CustomerId, ImportId, OrgId, UserId},
        period::PeriodKind,
    },
    postgres::tx::Tx,
};

/// Holds an import for the rest of the transaction: whether it was there and not taken back.
pub async fn lock(tx: &mut Tx, id: ImportId) -> sqlx::Result<bool> {
    let org = tx.org;
    let row = sqlx::query_scalar!(
        r#"select id as "id: ImportId"
           from imports
           where org_id = $1 and id = $2 and undone_at is null
           for update"#,
        org as OrgId,
        id as ImportId,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.is_some())
}

/// Whether it is kept what an import made, and what was there before of all that it changed.
pub async fn is_kept(tx: &mut Tx, id: ImportId) -> sqlx::Result<bool> {
    let org = tx.org;
    sqlx::query_scalar!(
        r#"select exists (select from import_before where org_id = $1 and import_id = $2)
               or exists (select from import_made where org_id = $1 and import_id = $2)
                  and not (select has_changed from imports where org_id = $1 and id = $2) as "is_kept!""#,
        org as OrgId,
        id as ImportId,
    )
    .fetch_one(&mut **tx)
    .await
}

/// How many of the things that the import made somebody has worked with since: they have entries in the log behind the
/// import's own, at `page`, or a later value stands in place of a target of it.
pub async fn worked_with(tx: &mut Tx, id: ImportId, page: &str) -> sqlx::Result<i64> {
    let org = tx.org;
    sqlx::query_scalar!(
        r#"with made as (
               select m.kind, made.id
               from import_made m
               cross join lateral unnest(m.ids) as made (id)
               where m.org_id = $1 and m.import_id = $2
           ), objects as (
               select '/' || kind || '/' || id as object
               from made
               union
               select '/plans/' || v.plan_id
               from made
               join plan_versions v on made.kind = 'plan_versions' and v.org_id = $1 and v.id = made.id
           )
           select (
               select count(distinct a.object)
               from objects
               join audit a on a.org_id = $1 and a.object = objects.object
               where a.id > (select min(own.id) from audit own where own.org_id = $1 and own.object = $3)
           ) + (
               select count(*)
               from made
               join targets t on made.kind = 'targets' and t.org_id = $1 and t.id = made.id
               where exists (
                   select from targets later
                   where later.org_id = $1 and later.period_kind = t.period_kind and later.period_start = t.period_start
                     and later.rep_id is not distinct from t.rep_id and later.team_id is not distinct from t.team_id
                     and later.metric = t.metric and later.id > t.id
               )
           ) as "things!""#,
        org as OrgId,
        id as ImportId,
        page,
    )
    .fetch_one(&mut **tx)
    .await
}

/// Whether roles, teams, plans or owners of what the import made are no longer what they were when it ended.
pub async fn hangs_otherwise(tx: &mut Tx, id: ImportId) -> sqlx::Result<bool> {
    let now = done_db::hanging(tx, id).await?;
    let org = tx.org;
    let then = sqlx::query_scalar!(
        "select hanging
         from imports
         where org_id = $1 and id = $2",
        org as OrgId,
        id as ImportId,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(then != Some(now))
}

/// A locked period in which a deal, visit or target of the import lies.
pub async fn locked_period(tx: &mut Tx, id: ImportId) -> sqlx::Result<Option<(PeriodKind, Date)>> {
    let org = tx.org;
    let row = sqlx::query!(
        r#"with made as (
               select m.kind, made.id
               from import_made m
               cross join lateral unnest(m.ids) as made (id)
               where m.org_id = $1 and m.import_id = $2
           ), days as (
               select d.booked_on as day
               from made
               join deals d on made.kind = 'deals' and d.org_id = $1 and d.id = made.id
               union
               select v.visited_on
               from made
               join visits v on made.kind = 'visits' and v.org_id = $1 and v.id = made.id
               union
               select t.period_start
               from made
               join targets t on made.kind = 'targets' and t.org_id = $1 and t.id = made.id
           )
           select l.period_kind as "kind: PeriodKind", l.period_start
           from period_locks l
           where l.org_id = $1 and exists (select from days where day >= l.period_start and day < l.period_end)
           order by l.period_start desc
           limit 1"#,
        org as OrgId,
        id as ImportId,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| (row.kind, row.period_start)))
}

/// Removes everything that the import made. Products and categories that something else uses stay. Returns the customers
/// that were there before and had deals of the import: their events are to be followed anew.
///
/// # Errors
/// A violated foreign key: something depends on what the import made.
pub async fn remove(tx: &mut Tx, id: ImportId) -> sqlx::Result<Vec<CustomerId>> {
    let users = made(tx, id, "users").await?;
    let teams = made(tx, id, "teams").await?;
    let (plans, versions) = (made(tx, id, "plans").await?, made(tx, id, "plan_versions").await?);
    let (products, categories) = (made(tx, id, "products").await?, made(tx, id, "categories").await?);
    let (targets, visits) = (made(tx, id, "targets").await?, made(tx, id, "visits").await?);
    let (deals, customers) = (made(tx, id, "deals").await?, made(tx, id, "customers").await?);
    remove_plans(tx, &users, &plans, &versions).await?;
    let followed = remove_facts(tx, &targets, &visits, &deals, &customers).await?;
    remove_products(tx, &products, &categories).await?;
    remove_people(tx, &users, &teams).await?;
    Ok(followed)
}

async fn made(tx: &mut Tx, id: ImportId, kind: &str) -> sqlx::Result<Vec<i64>> {
    let org = tx.org;
    let ids = sqlx::query_scalar!(
        "select ids
         from import_made
         where org_id = $1 and import_id = $2 and kind = $3",
        org as OrgId,
        id as ImportId,
        kind,
    );
    Ok(ids.fetch_optional(&mut **tx).await?.unwrap_or_default())
}

async fn remove_plans(tx: &mut Tx, users: &[i64], plans: &[i64], versions: &[i64]) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "delete from plan_assignments
         where org_id = $1 and (rep_id = any ($2) or plan_id = any ($3))",
        org as OrgId,
        users,
        plans,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!("delete from plan_versions where org_id = $1 and id = any ($2)", org as OrgId, versions)
        .execute(&mut **tx)
        .await?;
    sqlx::query!("delete from plans where org_id = $1 and id = any ($2)", org as OrgId, plans)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn remove_facts(
    tx: &mut Tx,
    targets: &[i64],
    visits: &[i64],
    deals: &[i64],
    customers: &[i64],
) -> sqlx::Result<Vec<CustomerId>> {
    let org = tx.org;
    sqlx::query!("delete from targets where org_id = $1 and id = any ($2)", org as OrgId, targets)
        .execute(&mut **tx)
        .await?;
    sqlx::query!("delete from visits where org_id = $1 and id = any ($2)", org as OrgId, visits)
        .execute(&mut **tx)
        .await?;
    let touched = sqlx::query_scalar!(
        r#"select distinct customer_id as "id: CustomerId"
           from deals
           where org_id = $1 and id = any ($2)"#,
        org as OrgId,
        deals,
    )
    .fetch_all(&mut **tx)
    .await?;
    sqlx::query!(
        "delete from customer_events where org_id = $1 and (customer_id = any ($2) or customer_id = any ($3))",
        org as OrgId,
        &touched as &[CustomerId],
        customers,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!("delete from deal_credits where org_id = $1 and deal_id = any ($2)", org as OrgId, deals)
        .execute(&mut **tx)
        .await?;
    sqlx::query!("delete from deal_lines where org_id = $1 and deal_id = any ($2)", org as OrgId, deals)
        .execute(&mut **tx)
        .await?;
    sqlx::query!("delete from deals where org_id = $1 and id = any ($2)", org as OrgId, deals)
        .execute(&mut **tx)
        .await?;
    // The numbers behind the last deal that stays are given again.
    sqlx::query!(
        "update deal_numbers n
         set last = coalesce((select max(d.number) from deals d where d.org_id = n.org_id), 0)
         where n.org_id = $1",
        org as OrgId,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!("delete from ownerships where org_id = $1 and customer_id = any ($2)", org as OrgId, customers)
        .execute(&mut **tx)
        .await?;
    sqlx::query!("delete from customers where org_id = $1 and id = any ($2)", org as OrgId, customers)
        .execute(&mut **tx)
        .await?;
    Ok(touched.into_iter().filter(|customer| !customers.contains(&customer.0)).collect())
}

async fn remove_products(tx: &mut Tx, products: &[i64], categories: &[i64]) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "delete from products p
         where p.org_id = $1 and p.id = any ($2)
           and not exists (select from deal_lines l where l.org_id = p.org_id and l.product_id = p.id)",
        org as OrgId,
        products,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "delete from categories c
         where c.org_id = $1 and c.id = any ($2)
           and not exists (select from products p where p.org_id = c.org_id and p.category_id = c.id)",
        org as OrgId,
        categories,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn remove_people(tx: &mut Tx, users: &[i64], teams: &[i64]) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "delete from team_managers where org_id = $1 and (team_id = any ($2) or user_id = any ($3))",
        org as OrgId,
        teams,
        users,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!("delete from memberships where org_id = $1 and user_id = any ($2)", org as OrgId, users)
        .execute(&mut **tx)
        .await?;
    sqlx::query!("delete from user_roles where org_id = $1 and user_id = any ($2)", org as OrgId, users)
        .execute(&mut **tx)
        .await?;
    sqlx::query!("delete from teams where org_id = $1 and id = any ($2)", org as OrgId, teams)
        .execute(&mut **tx)
        .await?;
    sqlx::query!("delete from users where org_id = $1 and id = any ($2)", org as OrgId, users)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Notes that the import is taken back.
pub async fn note_undone(tx: &mut Tx, id: ImportId) -> sqlx::Result<()> {
    let (org, now, actor) = (tx.org, tx.now, tx.actor);
    sqlx::query!(
        "update imports
         set undone_by = $3, undone_at = $4
         where org_id = $1 and id = $2",
        org as OrgId,
        id as ImportId,
        actor as Option<UserId>,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
