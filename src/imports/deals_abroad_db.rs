//! The SQL about deals in another currency: rates and deals that are there, what is wrong with staged ones, and what they
//! come to.

use std::collections::{BTreeSet, HashMap};

use rust_decimal::Decimal;
use serde_json::json;
use time::Date;

use super::{abroad::Known, db::Unknown};
use crate::{
    audit,
    deals::rerates_db,
    domain::{
        id::{DealId, OrgId},
        money::Currency,
    },
    postgres::tx::Tx,
};

/// The rates that count, each from its day on.
pub async fn rates(tx: &mut Tx) -> sqlx::Result<Vec<(String, Date, Decimal)>> {
    let org = tx.org;
    let rows = sqlx::query!(
        "select distinct on (currency, from_date) currency, from_date, rate
         from exchange_rates
         where org_id = $1
         order by currency, from_date, id desc",
        org as OrgId,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.currency, row.from_date, row.rate)).collect())
}

/// The imported deals in another currency, by external id.
pub async fn known(tx: &mut Tx) -> sqlx::Result<HashMap<String, Known>> {
    let org = tx.org;
    let rows = sqlx::query!(
        r#"select external_id as "external_id!", currency as "currency!", rate as "rate!", stage,
                  coalesce(booked_on, closed_on) as on_date
           from deals
           where org_id = $1 and currency is not null and external_id is not null"#,
        org as OrgId,
    )
    .fetch_all(&mut **tx)
    .await?;
    let known = rows.into_iter().map(|row| {
        (row.external_id, Known { currency: row.currency, rate: row.rate, stage: row.stage, on: row.on_date })
    });
    Ok(known.collect())
}

/// Deals that are in the company's currency already, and in another one in the file.
pub async fn moved(tx: &mut Tx, import: i64) -> sqlx::Result<Vec<Unknown>> {
    let org = tx.org;
    sqlx::query_as!(
        Unknown,
        r#"select s.line, s.currency as "value!"
           from import_deals s
           join deals d on d.org_id = $2 and d.external_id = s.external_id
           where s.import_id = $1 and s.currency is not null and d.currency is null
           order by s.line"#,
        import,
        org as OrgId,
    )
    .fetch_all(&mut **tx)
    .await
}

/// A return in another currency than its deal's.
pub struct Apart {
    /// The row's line.
    pub line: i64,
    /// The return's currency; none: the company's.
    pub currency: Option<String>,
    /// That of the deal.
    pub of_deal: Option<String>,
}

/// Returns in another currency than their deals'.
pub async fn apart(tx: &mut Tx, import: i64) -> sqlx::Result<Vec<Apart>> {
    let org = tx.org;
    sqlx::query_as!(
        Apart,
        r#"select distinct on (s.line) s.line, s.currency,
                  case when o.line is not null then o.currency else d.currency end as of_deal
           from import_deals s
           left join import_deals o on o.import_id = $1 and o.external_id = s.returns
           left join deals d on d.org_id = $2 and d.external_id = s.returns
           where s.import_id = $1 and s.returns is not null and (o.line is not null or d.id is not null)
             and s.currency is distinct from case when o.line is not null then o.currency else d.currency end
           order by s.line, o.line"#,
        import,
        org as OrgId,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Works out what the deals in another currency come to that the import touched, with what came back of them, and writes
/// it. The error is the number of a deal whose amount would not fit.
pub async fn price(tx: &mut Tx, import: i64, own: Currency) -> sqlx::Result<Result<(), i64>> {
    let org = tx.org;
    let deals = sqlx::query_scalar!(
        r#"select distinct coalesce(d.returns_id, d.id) as "id!: DealId"
           from deals d
           where d.org_id = $2 and d.currency is not null
             and (d.id in (select s.deal_id from import_deals s where s.import_id = $1)
                  or d.id in (select x.deal_id from import_changes x where x.import_id = $1))"#,
        import,
        org as OrgId,
    )
    .fetch_all(&mut **tx)
    .await?;
    let new = sqlx::query_scalar!(
        r#"select deal_id as "id: DealId"
           from import_deals
           where import_id = $1 and not known and currency is not null"#,
        import,
    )
    .fetch_all(&mut **tx)
    .await?;
    let new: BTreeSet<DealId> = new.into_iter().collect();
    let foreign = rerates_db::of_deals(tx, org, &deals).await?;
    let rerated = match rerates_db::rerated(&foreign, own) {
        Ok(rerated) => rerated,
        Err(number) => return Ok(Err(number)),
    };
    rerates_db::write(tx, &rerated).await?;
    let moved = foreign.iter().zip(rerated.nets()).filter(|(deal, net)| deal.net != **net && !new.contains(&deal.id));
    let told = moved.map(|(deal, net)| {
        let detail = json!({ "old": { "net": deal.net.0 }, "new": { "net": net.0 }, "import": true });
        (format!("/deals/{}", deal.id), detail)
    });
    audit::db::record_all(tx, "deal.changed", told.collect()).await?;
    Ok(Ok(()))
}
