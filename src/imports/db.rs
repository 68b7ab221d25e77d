//! The SQL that every file of an import needs: the organization, the staged rows, the events of touched customers.

use time::Date;

use crate::{
    domain::id::{CustomerId, OrgId},
    postgres::tx::Tx,
};

/// What an import asks about its organization.
pub struct Settings {
    /// The currency of all its money.
    pub currency: String,
    /// Month in which the fiscal year begins.
    pub fiscal_year_start: u8,
    /// What day it is there.
    pub today: Date,
}

/// A row whose key, or whose days, an earlier row has.
pub struct Repeated {
    /// The row's line.
    pub line: i64,
    /// What it says.
    pub value: String,
    /// The earlier row's line.
    pub first: i64,
}

/// A row that refers to something that is not there.
pub struct Unknown {
    /// The row's line.
    pub line: i64,
    /// What it says.
    pub value: String,
}

/// What to do about a customer that is not there.
pub const UNKNOWN_CUSTOMER: &str =
    "No customer has this external_id. Correct it, or add the customer to customers.csv.";

/// Lets the rows of customers that became part of another go on to that one: deals and visits. What the file says of such
/// a customer itself and of its owners is left out. How many rows were.
pub async fn follow_merged(tx: &mut Tx, import: i64) -> sqlx::Result<(i64, i64)> {
    let org = tx.org;
    let left = sqlx::query!(
        r#"with recursive led as (
               select c.external_id as from_id, c.merged_into as id
               from customers c
               where c.org_id = $2 and c.merged_into is not null and c.external_id is not null
               union
               select led.from_id, c.merged_into
               from led
               join customers c on c.org_id = $2 and c.id = led.id
               where c.merged_into is not null
           ), kept as (
               select led.from_id, c.external_id as to_id
               from led
               join customers c on c.org_id = $2 and c.id = led.id
               where c.merged_into is null and c.external_id is not null
           ), led_deals as (
               update import_deals s
               set customer = kept.to_id
               from kept
               where s.import_id = $1 and s.customer = kept.from_id
           ), led_visits as (
               update import_visits s
               set customer = kept.to_id
               from kept
               where s.import_id = $1 and s.customer = kept.from_id
           ), led_customers as (
               delete from import_customers s
               using kept
               where s.import_id = $1 and s.external_id = kept.from_id
               returning s.line
           ), led_ownerships as (
               delete from import_ownerships s
               using kept
               where s.import_id = $1 and s.customer = kept.from_id
               returning s.line
           )
           select (select count(*) from led_customers) as "customers!",
                  (select count(*) from led_ownerships) as "ownerships!""#,
        import,
        org as OrgId,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok((left.customers, left.ownerships))
}

/// Holds off every other import into this organization until this one ends, gives this transaction the memory that
/// sorting a million rows needs, and has each query planned for the rows that are there now.
pub async fn lock_organization(tx: &mut Tx) -> sqlx::Result<Settings> {
    let (org, now) = (tx.org, tx.now);
    sqlx::query!(
        r#"select set_config('work_mem', '48MB', true) as work_mem, set_config('maintenance_work_mem', '256MB', true) as maintenance,
                  set_config('plan_cache_mode', 'force_custom_plan', true) as plans"#
    )
    .fetch_one(&mut **tx)
    .await?;
    let row = sqlx::query!(
        r#"select currency, fiscal_year_start, ($2::timestamptz at time zone time_zone)::date as "today!"
           from organizations
           where id = $1
           for no key update"#,
        org as OrgId,
        now,
    )
    .fetch_one(&mut **tx)
    .await?;
    let fiscal_year_start = u8::try_from(row.fiscal_year_start).unwrap_or(1);
    Ok(Settings { currency: row.currency, fiscal_year_start, today: row.today })
}

/// The number of an import that begins.
pub async fn next_import(tx: &mut Tx) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select nextval('import_ids') as "id!""#).fetch_one(&mut **tx).await
}

/// Tells the planner how much was staged.
pub async fn analyze_staged(tx: &mut Tx) -> sqlx::Result<()> {
    sqlx::query!(
        "analyze import_customers, import_ownerships, import_deals, import_lines, import_visits, import_targets,
             import_assignments"
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Removes the rows that were staged.
pub async fn forget_staged(tx: &mut Tx, import: i64) -> sqlx::Result<()> {
    sqlx::query!(
        "with customers as (delete from import_customers where import_id = $1),
              ownerships as (delete from import_ownerships where import_id = $1),
              deals as (delete from import_deals where import_id = $1),
              lines as (delete from import_lines where import_id = $1),
              visits as (delete from import_visits where import_id = $1),
              targets as (delete from import_targets where import_id = $1),
              assignments as (delete from import_assignments where import_id = $1),
              new_lines as (delete from import_new_lines where import_id = $1),
              new_credits as (delete from import_new_credits where import_id = $1),
              changes as (delete from import_changes where import_id = $1),
              updates as (delete from import_updates where import_id = $1)
         delete from import_touched where import_id = $1",
        import,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// How many rows of a file updated something.
pub async fn updated_rows(tx: &mut Tx, import: i64, file: &str) -> sqlx::Result<u64> {
    let rows = sqlx::query_scalar!(
        r#"select count(*) as "rows!"
           from import_updates
           where import_id = $1 and file = $2"#,
        import,
        file,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(rows.unsigned_abs())
}

/// The customers whose events the import may have moved.
pub async fn touched(tx: &mut Tx, import: i64) -> sqlx::Result<Vec<CustomerId>> {
    sqlx::query_scalar!(
        r#"select customer_id as "id: CustomerId"
           from import_touched
           where import_id = $1"#,
        import,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Puts the indexes and references of those tables aside that are empty, if nobody reads them for long. A million rows
/// then find their places once, sorted, and are checked at once. Whether it did.
pub async fn lift_rules(tx: &mut Tx, tables: &[&str]) -> sqlx::Result<bool> {
    let tables: Vec<String> = tables.iter().map(|table| (*table).to_owned()).collect();
    sqlx::query_scalar!(r#"select lift_rules($1::text[]::regclass[]) as "lifted!""#, &tables).fetch_one(&mut **tx).await
}

/// Makes again what was put aside, and thereby checks every row.
pub async fn restore_rules(tx: &mut Tx) -> sqlx::Result<()> {
    sqlx::query!("select restore_rules()").fetch_one(&mut **tx).await?;
    Ok(())
}
