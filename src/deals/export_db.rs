//! What the importer knows deals by: external ids, and their cells of `deals.csv`.

use std::collections::HashMap;

use sqlx::PgConnection;
use time::Date;

use crate::domain::{
    id::{DealId, OrgId},
    money::Money,
};

/// A deal as `deals.csv` has it; what has no external id is empty.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    /// Its own id.
    pub external_id: String,
    /// That of its customer.
    pub customer: String,
    /// That of whoever keeps it.
    pub rep: String,
    /// The day of the win, of the expectation, or on which it was lost or cancelled.
    pub closed_on: Option<Date>,
    /// The sum of its lines, in its own currency.
    pub amount: Money,
    /// The currency's code; none: the company's.
    pub currency: Option<String>,
    /// The id of the deal that it returns.
    pub returns: String,
    /// Who shares it, like `R1:2;R2:1`; empty where somebody has no id.
    pub credits: String,
}

/// These deals as `deals.csv` has them.
pub async fn imported(db: &mut PgConnection, org: OrgId, deals: &[DealId]) -> sqlx::Result<HashMap<DealId, Imported>> {
    let rows = sqlx::query!(
        r#"select d.id as "id: DealId", coalesce(d.external_id, '') as "external_id!",
                  coalesce(c.external_id, '') as "customer!", coalesce(u.external_id, '') as "rep!",
                  case d.stage when 'won' then d.booked_on when 'open' then d.expected_on else d.closed_on end as closed_on,
                  case when d.currency is null then d.net else coalesce(l.original, 0) end as "amount!: Money", d.currency,
                  coalesce(r.external_id, '') as "returns!",
                  case when k.known then k.credits else '' end as "credits!"
           from deals d
           join customers c on c.org_id = d.org_id and c.id = d.customer_id
           left join users u on u.org_id = d.org_id and u.id = d.owner_id
           left join deals r on r.org_id = d.org_id and r.id = d.returns_id
           left join lateral (
               select sum(original)::bigint as original
               from deal_lines
               where org_id = d.org_id and deal_id = d.id
           ) l on true
           left join lateral (
               select bool_and(p.external_id is not null) as known,
                      string_agg(p.external_id || ':' || dc.parts, ';' order by dc.position) as credits
               from deal_credits dc
               join users p on p.org_id = dc.org_id and p.id = dc.rep_id
               where dc.org_id = d.org_id and dc.deal_id = d.id and not dc.overlay
           ) k on true
           where d.org_id = $1 and d.id = any ($2)"#,
        org as OrgId,
        deals as &[DealId],
    )
    .fetch_all(db)
    .await?;
    let imported = rows.into_iter().map(|row| {
        let imported = Imported {
            external_id: row.external_id,
            customer: row.customer,
            rep: row.rep,
            closed_on: row.closed_on,
            amount: row.amount,
            currency: row.currency,
            returns: row.returns,
            credits: row.credits,
        };
        (row.id, imported)
    });
    Ok(imported.collect())
}
