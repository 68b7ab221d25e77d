//! The settings' SQL: the company's rules, its holidays and its loss limits.

use sqlx::PgConnection;
use time::Date;

use crate::{
    customers::rules_db,
    domain::{
        company::{GrowthBase, GrowthBasis},
        contribution::Costs,
        id::{CustomerId, OrgId},
        locale::Locale,
        money::Money,
    },
    postgres::tx::Tx,
};

/// The settings that a form changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The company's name, unique.
    pub name: String,
    /// Month in which the fiscal year begins, 1–12.
    pub fiscal_year_start: i16,
    /// Working weekdays, 1 = Monday … 7 = Sunday.
    pub workdays: Vec<i16>,
    /// What growth is compared with.
    pub growth_base: GrowthBase,
    /// Whose sales growth compares.
    pub growth_basis: GrowthBasis,
    /// How many months the sales of a customer who is won now count as sales to a new customer.
    pub new_customer_months: u32,
    /// A loss within this many days of a handover is charged to the owner before.
    pub handover_grace_days: u32,
    /// A visit entered more days late than this is flagged.
    pub late_entry_days: i32,
    /// Whether a deal that a rep entered pays only once somebody else confirmed it.
    pub confirm_deals: bool,
    /// What visits, minutes and orders cost, for the contribution of customers.
    pub costs: Costs,
    /// The form of numbers and dates of everybody who has chosen none.
    pub locale: Locale,
    /// Whether finance and administrators must have a second factor.
    pub second_factor_required: bool,
}

/// The settings with the version that a form was opened with.
pub async fn find(db: &mut PgConnection, org: OrgId) -> sqlx::Result<(Settings, i32)> {
    let row = sqlx::query!(
        r#"select name, fiscal_year_start, workdays, growth_base as "growth_base: GrowthBase",
                  growth_basis as "growth_basis: GrowthBasis", late_entry_days, confirm_deals,
                  cost_per_visit as "cost_per_visit: Money", cost_per_minute as "cost_per_minute: Money",
                  cost_per_order as "cost_per_order: Money", locale as "locale: Locale",
                  second_factor_required, version
           from organizations
           where id = $1"#,
        org as OrgId,
    )
    .fetch_one(&mut *db)
    .await?;
    let rule = rules_db::list(db, org).await?.into_iter().max_by_key(|rule| rule.from).unwrap_or_default();
    let settings = Settings {
        name: row.name,
        fiscal_year_start: row.fiscal_year_start,
        workdays: row.workdays,
        growth_base: row.growth_base,
        growth_basis: row.growth_basis,
        new_customer_months: rule.new_months,
        handover_grace_days: rule.grace_days,
        late_entry_days: row.late_entry_days,
        confirm_deals: row.confirm_deals,
        costs: Costs { visit: row.cost_per_visit, minute: row.cost_per_minute, order: row.cost_per_order },
        locale: row.locale,
        second_factor_required: row.second_factor_required,
    };
    Ok((settings, row.version))
}

/// Changes the settings but for the rules of customers, if they are still those of this version. A name that is taken violates `organizations_name_key`.
pub async fn update(tx: &mut Tx, new: &Settings, version: i32) -> sqlx::Result<bool> {
    let org = tx.org;
    let done = sqlx::query!(
        "update organizations
         set name = $3, fiscal_year_start = $4, workdays = $5, growth_base = $6, late_entry_days = $7,
             confirm_deals = $8, growth_basis = $9, locale = $10, second_factor_required = $11,
             cost_per_visit = $12, cost_per_minute = $13, cost_per_order = $14, version = version + 1
         where id = $1 and version = $2",
        org as OrgId,
        version,
        new.name,
        new.fiscal_year_start,
        &new.workdays,
        new.growth_base.as_str(),
        new.late_entry_days,
        new.confirm_deals,
        new.growth_basis.as_str(),
        new.locale.as_str(),
        new.second_factor_required,
        new.costs.visit as Option<Money>,
        new.costs.minute as Option<Money>,
        new.costs.order as Option<Money>,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Sets the company's time zone, as PostgreSQL spells it.
pub async fn set_time_zone(tx: &mut Tx, time_zone: &str) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!("update organizations set time_zone = $2 where id = $1", org as OrgId, time_zone)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// After how many days without a sale a customer counts as lost.
pub struct LimitRow {
    /// The limit.
    pub id: i64,
    /// For which segment; none: for all without a limit of their own.
    pub segment: Option<String>,
    /// For which customer alone.
    pub customer_id: Option<CustomerId>,
    /// Its name.
    pub customer: Option<String>,
    /// Days without a sale.
    pub days: i32,
    /// Since when; none: from the beginning.
    pub from_date: Option<Date>,
}

/// The limits of the company, of its segments and of single customers, in this order and that of time.
pub async fn limits(db: &mut PgConnection, org: OrgId) -> sqlx::Result<Vec<LimitRow>> {
    sqlx::query_as!(
        LimitRow,
        r#"select l.id, l.segment, l.customer_id, c.name as "customer?", l.days, l.from_date
           from loss_limits l
           left join customers c on c.org_id = l.org_id and c.id = l.customer_id
           where l.org_id = $1
           order by lower(c.name) nulls first, l.customer_id, l.segment nulls first, l.from_date nulls first"#,
        org as OrgId,
    )
    .fetch_all(db)
    .await
}

/// Sets a limit from a day on, in place of one from the same day. The customers' events follow from it: recompute them.
pub async fn set_limit(
    tx: &mut Tx,
    segment: Option<&str>,
    customer: Option<CustomerId>,
    days: i32,
    from: Option<Date>,
) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "insert into loss_limits (org_id, segment, customer_id, days, from_date)
         values ($1, $2, $3, $4, $5)
         on conflict on constraint loss_limits_key do update set days = excluded.days",
        org as OrgId,
        segment,
        customer as Option<CustomerId>,
        days,
        from,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Takes a limit away; the one before it holds on. The customers' events follow from it: recompute them.
pub async fn remove_limit(tx: &mut Tx, id: i64) -> sqlx::Result<Option<LimitRow>> {
    let org = tx.org;
    sqlx::query_as!(
        LimitRow,
        r#"delete from loss_limits l
           where l.org_id = $1 and l.id = $2
           returning l.id, l.segment, l.customer_id, (
               select c.name from customers c where c.org_id = l.org_id and c.id = l.customer_id
           ) as "customer?", l.days, l.from_date"#,
        org as OrgId,
        id,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// A day on which nobody works.
pub struct HolidayRow {
    /// The day.
    pub on_date: Date,
    /// Its name.
    pub name: String,
}

/// The holidays from a day on, in order.
pub async fn holidays(db: &mut PgConnection, org: OrgId, from: Date) -> sqlx::Result<Vec<HolidayRow>> {
    sqlx::query_as!(
        HolidayRow,
        "select on_date, name
         from holidays
         where org_id = $1 and on_date >= $2
         order by on_date",
        org as OrgId,
        from,
    )
    .fetch_all(db)
    .await
}

/// Adds a holiday, or gives the one of that day another name: the name that it had.
pub async fn add_holiday(tx: &mut Tx, on: Date, name: &str) -> sqlx::Result<Option<String>> {
    let org = tx.org;
    sqlx::query_scalar!(
        r#"with before as (
               select h.name from holidays h where h.org_id = $1 and h.on_date = $2
           )
           insert into holidays (org_id, on_date, name)
           values ($1, $2, $3)
           on conflict on constraint holidays_pkey do update set name = excluded.name
           returning (select before.name from before)"#,
        org as OrgId,
        on,
        name,
    )
    .fetch_one(&mut **tx)
    .await
}

/// Takes a holiday away: its name, if there was one.
pub async fn remove_holiday(tx: &mut Tx, on: Date) -> sqlx::Result<Option<String>> {
    let org = tx.org;
    sqlx::query_scalar!("delete from holidays where org_id = $1 and on_date = $2 returning name", org as OrgId, on)
        .fetch_optional(&mut **tx)
        .await
}
