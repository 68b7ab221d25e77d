//! Won deals at a rate that no longer counts on their day: what they come to with the one that does, and writing it.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use sqlx::PgConnection;
use time::Date;

use super::estimates_db::{self, Columns};
use crate::{
    customers::events_db,
    domain::{
        exchange::{Back, converted},
        id::{CustomerId, DealId, OrgId, RateId, UserId},
        money::{Currency, Money},
    },
    postgres::tx::Tx,
};

/// A deal at another rate than the one that counts on its day, or what came back of such a deal.
#[derive(Clone, Debug)]
pub struct Row {
    /// The rate that counts on its day, or on that of the deal that it returns.
    pub rate_id: RateId,
    /// What one unit is at that rate.
    pub rate: Decimal,
    /// The currency's code.
    pub currency: String,
    /// Since when that rate counts.
    pub from: Date,
    /// The deal.
    pub id: DealId,
    /// Its number.
    pub number: i64,
    /// The number of the deal that it returns.
    pub returns: Option<i64>,
    /// Who buys.
    pub customer_id: CustomerId,
    /// The customer's name.
    pub customer: String,
    /// Its day, if it is won.
    pub booked_on: Option<Date>,
    /// What it comes to now.
    pub net: Money,
    /// The rate that it is at now.
    pub rated: Decimal,
    /// Whether its period is locked.
    pub locked: bool,
    positions: Vec<i32>,
    originals: Vec<i64>,
    credit_positions: Vec<i32>,
    reps: Vec<UserId>,
    parts: Vec<i32>,
    overlays: Vec<bool>,
}

impl Row {
    /// Whether this person is credited with it.
    pub fn pays(&self, person: UserId) -> bool {
        self.reps.contains(&person)
    }
}

/// The deals at another rate than counts on their day, each with what came back of it behind it; of one rate or of all.
/// By rate, then by day and number.
pub async fn find(db: &mut PgConnection, org: OrgId, rate: Option<RateId>) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as!(
        Row,
        r#"with due as (
               select x.id as rate_id, x.rate, x.currency, x.from_date, d.id, d.booked_on, d.number
               from exchange_rates x
               join deals d
                 on d.org_id = x.org_id and d.currency = x.currency and d.booked_on >= x.from_date and d.stage = 'won'
                and d.returns_id is null and d.rate <> x.rate
               where x.org_id = $1 and ($2::bigint is null or x.id = $2)
                 and not exists (
                     select from exchange_rates l
                     where l.org_id = x.org_id and l.currency = x.currency and l.from_date <= d.booked_on
                       and (l.from_date, l.id) > (x.from_date, x.id)
                 )
           )
           select due.rate_id as "rate_id: RateId", due.rate, due.currency, due.from_date as from, d.id as "id: DealId",
                  d.number, case when d.id <> due.id then due.number end as returns, d.customer_id, c.name as customer,
                  d.booked_on, d.net, d.rate as "rated!",
                  exists (
                      select from period_locks k
                      where k.org_id = $1 and d.booked_on >= k.period_start and d.booked_on < k.period_end
                  ) as "locked!",
                  l.positions as "positions!", l.originals as "originals!", r.positions as "credit_positions!",
                  r.reps as "reps!: Vec<UserId>", r.parts as "parts!", r.overlays as "overlays!"
           from due
           cross join lateral (
               select due.id
               union all
               select b.id
               from deals b
               where b.org_id = $1 and b.returns_id = due.id and b.stage = 'won'
           ) one
           join deals d on d.org_id = $1 and d.id = one.id
           join customers c on c.org_id = $1 and c.id = d.customer_id
           cross join lateral (
               select coalesce(array_agg(l.position order by l.position), '{}') as positions,
                      coalesce(array_agg(l.original order by l.position), '{}') as originals
               from deal_lines l
               where l.org_id = $1 and l.deal_id = d.id and l.original is not null
           ) l
           cross join lateral (
               select coalesce(array_agg(r.position order by r.position), '{}') as positions,
                      coalesce(array_agg(r.rep_id order by r.position), '{}') as reps,
                      coalesce(array_agg(r.parts order by r.position), '{}') as parts,
                      coalesce(array_agg(r.overlay order by r.position), '{}') as overlays
               from deal_credits r
               where r.org_id = $1 and r.deal_id = d.id
           ) r
           order by due.currency, due.from_date desc, due.booked_on, due.number, d.id <> due.id, d.number"#,
        org as OrgId,
        rate as Option<RateId>,
    )
    .fetch_all(db)
    .await
}

/// These deals, each with what came back of it behind it, at the rate that the deal has; for writing them anew.
pub async fn of_deals(db: &mut PgConnection, org: OrgId, deals: &[DealId]) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as!(
        Row,
        r#"select 0::bigint as "rate_id!: RateId", sold.rate as "rate!", sold.currency as "currency!",
                  coalesce(sold.booked_on, '0001-01-01') as "from!", d.id, d.number,
                  case when d.id <> sold.id then sold.number end as returns, d.customer_id, '' as "customer!",
                  d.booked_on, d.net, d.rate as "rated!", false as "locked!", l.positions as "positions!",
                  l.originals as "originals!", r.positions as "credit_positions!", r.reps as "reps!: Vec<UserId>",
                  r.parts as "parts!", r.overlays as "overlays!"
           from (
               select s.id as sold_id, s.id
               from deals s
               where s.org_id = $1 and s.id = any ($2) and s.currency is not null
               union all
               select s.id, b.id
               from deals s
               join deals b on b.org_id = $1 and b.returns_id = s.id
               where s.org_id = $1 and s.id = any ($2) and s.currency is not null
           ) one
           join deals sold on sold.org_id = $1 and sold.id = one.sold_id
           join deals d on d.org_id = $1 and d.id = one.id and d.currency = sold.currency
           cross join lateral (
               select coalesce(array_agg(l.position order by l.position), '{}') as positions,
                      coalesce(array_agg(l.original order by l.position), '{}') as originals
               from deal_lines l
               where l.org_id = $1 and l.deal_id = d.id and l.original is not null
           ) l
           cross join lateral (
               select coalesce(array_agg(r.position order by r.position), '{}') as positions,
                      coalesce(array_agg(r.rep_id order by r.position), '{}') as reps,
                      coalesce(array_agg(r.parts order by r.position), '{}') as parts,
                      coalesce(array_agg(r.overlay order by r.position), '{}') as overlays
               from deal_credits r
               where r.org_id = $1 and r.deal_id = d.id
           ) r
           order by sold.id, d.id <> sold.id, d.number"#,
        org as OrgId,
        deals as &[DealId],
    )
    .fetch_all(db)
    .await
}

/// What deals come to with the rate that counts.
#[derive(Default)]
pub struct Rerated {
    columns: Columns,
}

impl Rerated {
    /// What each of the rows of [`find`] would come to, in their order.
    pub fn nets(&self) -> &[Money] {
        &self.columns.nets
    }
}

/// Works out what the deals of [`find`] come to: each line converted, what came back in its steps, and the credits shared
/// anew. The error is the number of a deal whose amount would not fit.
pub fn rerated(rows: &[Row], own: Currency) -> Result<Rerated, i64> {
    let mut rerated = Rerated::default();
    let mut back: BTreeMap<i32, Back> = BTreeMap::new();
    for row in rows {
        let currency = Currency::parse(&row.currency).map_err(|_| row.number)?;
        if row.returns.is_none() {
            back.clear();
        }
        let mut lines = Vec::with_capacity(row.positions.len());
        for (&position, &original) in row.positions.iter().zip(&row.originals) {
            let original = Money(original);
            // What came back and was cancelled takes nothing back.
            let amount = if row.returns.is_none() || row.booked_on.is_none() {
                converted(original, currency, row.rate, own)
            } else {
                let so_far = back.entry(position).or_default();
                let amount = so_far.step(-original, currency, row.rate, own);
                *so_far =
                    Back { original: so_far.original - original, amount: so_far.amount + amount.unwrap_or_default() };
                amount.map(|amount| -amount)
            };
            lines.push((position, amount.ok_or(row.number)?));
        }
        let amounts: Vec<Money> = lines.iter().map(|(_, amount)| *amount).collect();
        let shares = estimates_db::shares(&amounts, &row.reps, &row.parts, &row.overlays);
        rerated.columns.push(row.id, &lines, &row.credit_positions.iter().copied().zip(shares).collect::<Vec<_>>());
    }
    Ok(rerated)
}

/// Writes what was worked out of [`of_deals`]. Whoever calls it has written the deals, or tells of them; their customers'
/// events are not yet in step.
pub async fn write_quietly(tx: &mut Tx, rows: &[Row], rerated: &Rerated) -> sqlx::Result<()> {
    let (org, now) = (tx.org, tx.now);
    let rates: Vec<Decimal> = rows.iter().map(|row| row.rate).collect();
    sqlx::query!(
        "update deals d
         set rate = n.rate, net = n.net, fully_returned_on = null, changed_at = $5
         from unnest($2::bigint[], $3::numeric[], $4::bigint[]) as n (id, rate, net)
         where d.org_id = $1 and d.id = n.id and (d.rate, d.net) is distinct from (n.rate, n.net)",
        org as OrgId,
        &rerated.columns.deals as &[DealId],
        &rates,
        &rerated.columns.nets as &[Money],
        now,
    )
    .execute(&mut **tx)
    .await?;
    estimates_db::write_parts(tx, &rerated.columns).await
}

/// Writes what was worked out, as a correction of each deal: it counts as changed now, and its customer's events follow.
/// What was confirmed stays confirmed. Nobody else may write meanwhile ([`crate::postgres::tx::alone`]).
pub async fn write(tx: &mut Tx, rows: &[Row], rerated: &Rerated) -> sqlx::Result<()> {
    let (org, now) = (tx.org, tx.now);
    let rates: Vec<Decimal> = rows.iter().map(|row| row.rate).collect();
    sqlx::query!(
        "update deals d
         set rate = n.rate, net = n.net, fully_returned_on = null, changed_at = $5, version = d.version + 1
         from unnest($2::bigint[], $3::numeric[], $4::bigint[]) as n (id, rate, net)
         where d.org_id = $1 and d.id = n.id",
        org as OrgId,
        &rerated.columns.deals as &[DealId],
        &rates,
        &rerated.columns.nets as &[Money],
        now,
    )
    .execute(&mut **tx)
    .await?;
    estimates_db::write_parts(tx, &rerated.columns).await?;
    let mut customers: Vec<CustomerId> = rows.iter().map(|row| row.customer_id).collect();
    customers.sort_unstable();
    customers.dedup();
    events_db::recompute(tx, &customers).await
}
