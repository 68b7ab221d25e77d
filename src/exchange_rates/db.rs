//! The exchange rates' SQL: what one unit of a currency is in the company's, from which day on.

use rust_decimal::Decimal;
use sqlx::PgConnection;
use time::{Date, PrimitiveDateTime};

use crate::{
    domain::{
        id::{OrgId, RateId, UserId},
        money::Currency,
    },
    postgres::tx::Tx,
};

/// A rate that was entered.
#[derive(Clone, Debug)]
pub struct Rate {
    /// Its number.
    pub id: RateId,
    /// Of which currency.
    pub currency: String,
    /// From which day on.
    pub from: Date,
    /// What one unit of it is in the company's currency.
    pub rate: Decimal,
    /// Who entered it.
    pub by: String,
    /// When, at the company.
    pub at: PrimitiveDateTime,
    /// Whether it counts: no later one was entered for the same day.
    pub counts: bool,
}

/// Where a page of the rates begins: behind this currency, day and rate.
pub type Behind = (String, Date, RateId);

/// One page of the rates that were entered, by currency, the latest day first.
pub async fn list(
    db: &mut PgConnection,
    org: OrgId,
    time_zone: &str,
    behind: Option<Behind>,
    limit: i64,
) -> sqlx::Result<Vec<Rate>> {
    entered(db, org, time_zone, None, behind, limit).await
}

/// One rate that was entered.
pub async fn get(db: &mut PgConnection, org: OrgId, time_zone: &str, id: RateId) -> sqlx::Result<Option<Rate>> {
    Ok(entered(db, org, time_zone, Some(id), None, 1).await?.pop())
}

async fn entered(
    db: &mut PgConnection,
    org: OrgId,
    time_zone: &str,
    only: Option<RateId>,
    behind: Option<Behind>,
    limit: i64,
) -> sqlx::Result<Vec<Rate>> {
    let (currency, day, id) = behind.map_or((None, None, None), |(c, day, id)| (Some(c), Some(day), Some(id)));
    sqlx::query_as!(
        Rate,
        r#"select r.id, r.currency, r.from_date as from, r.rate, u.name as by, r.entered_at at time zone $2 as "at!",
                  not exists (
                      select from exchange_rates l
                      where l.org_id = r.org_id and l.currency = r.currency and l.from_date = r.from_date and l.id > r.id
                  ) as "counts!"
           from exchange_rates r
           join users u on u.org_id = r.org_id and u.id = r.entered_by
           where r.org_id = $1 and ($7::bigint is null or r.id = $7)
             and ($3::text is null or r.currency >= $3)
             and ($3::text is null or r.currency > $3 or (r.from_date, r.id) < ($4::date, $5::bigint))
           order by r.currency, r.from_date desc, r.id desc
           limit $6"#,
        org as OrgId,
        time_zone,
        currency,
        day,
        id as Option<RateId>,
        limit,
        only as Option<RateId>,
    )
    .fetch_all(db)
    .await
}

/// A rate that counts on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    /// Of which currency.
    pub currency: String,
    /// What one unit of it is in the company's currency.
    pub rate: Decimal,
    /// Since when.
    pub from: Date,
}

/// The rate of every currency on a day, by currency.
pub async fn in_force(db: &mut PgConnection, org: OrgId, on: Date) -> sqlx::Result<Vec<InForce>> {
    sqlx::query_as!(
        InForce,
        "select distinct on (currency) currency, rate, from_date as from
         from exchange_rates
         where org_id = $1 and from_date <= $2
         order by currency, from_date desc, id desc",
        org as OrgId,
        on,
    )
    .fetch_all(db)
    .await
}

/// The rate of a currency on a day, if there is one.
pub async fn find(db: &mut PgConnection, org: OrgId, currency: Currency, on: Date) -> sqlx::Result<Option<Decimal>> {
    sqlx::query_scalar!(
        "select rate
         from exchange_rates
         where org_id = $1 and currency = $2 and from_date <= $3
         order by from_date desc, id desc
         limit 1",
        org as OrgId,
        currency.code(),
        on,
    )
    .fetch_optional(db)
    .await
}

/// The first day on which there is a rate of a currency.
pub async fn first_day(db: &mut PgConnection, org: OrgId, currency: Currency) -> sqlx::Result<Option<Date>> {
    sqlx::query_scalar!(
        "select min(from_date) from exchange_rates where org_id = $1 and currency = $2",
        org as OrgId,
        currency.code(),
    )
    .fetch_one(db)
    .await
}

/// Enters a rate. What is booked from now on takes it; what was booked before keeps its own.
pub async fn insert(tx: &mut Tx, by: UserId, currency: Currency, from: Date, rate: Decimal) -> sqlx::Result<()> {
    let (org, now) = (tx.org, tx.now);
    sqlx::query!(
        "insert into exchange_rates (org_id, currency, from_date, rate, entered_by, entered_at)
         values ($1, $2, $3, $4, $5, $6)",
        org as OrgId,
        currency.code(),
        from,
        rate,
        by as UserId,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
