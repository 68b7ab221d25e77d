//! Won deals at a rate that no longer counts on their day: what they come to with the one that does, and writing it.

use rust_decimal::Decimal;
use sqlx::PgConnection;
use time::Date;

use super::estimates_db::{self, Columns, Made};
use crate::{
    domain::{
        exchange::{Returned, converted},
        id::{CustomerId, DealId, OrgId, RateId},
        money::{Currency, Money},
    },
    postgres::tx::Tx,
};

/// A deal in another currency, or what came back of one, with what is needed to work out what it comes to.
#[derive(Clone, Debug)]
pub struct Foreign {
    /// The deal.
    pub id: DealId,
    /// Its number.
    pub number: i64,
    /// The number of the deal that it returns.
    pub returns: Option<i64>,
    /// Its day, if it is won.
    pub booked_on: Option<Date>,
    /// What it comes to now.
    pub net: Money,
    /// The currency's code.
    pub currency: String,
    /// What one unit is at the rate that it takes.
    pub rate: Decimal,
    /// What it is made of.
    pub made: Made,
}

/// A deal at another rate than the one that counts on its day, or what came back of such a deal.
#[derive(Clone, Debug)]
pub struct Row {
    /// The deal, to be taken at that rate.
    pub deal: Foreign,
    /// The rate that counts on its day, or on that of the deal that it returns.
    pub rate_id: RateId,
    /// Since when that rate counts.
    pub from: Date,
    /// Who buys.
    pub customer_id: CustomerId,
    /// The customer's name.
    pub customer: String,
    /// The rate that it is at now.
    pub rated: Decimal,
    /// Whether its period is locked.
    pub locked: bool,
}

/// The deals at another rate than counts on their day, each with what came back of it behind it; of one rate or of all.
/// By rate, then by day and number.
pub async fn find(db: &mut PgConnection, org: OrgId, rate: Option<RateId>) -> sqlx::Result<Vec<Row>> {
    let rows = sqlx::query!(
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
                  ) as "locked!"
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
           order by due.currency, due.from_date desc, due.booked_on, due.number, d.id <> due.id, d.number"#,
        org as OrgId,
        rate as Option<RateId>,
    )
    .fetch_all(&mut *db)
    .await?;
    let ids: Vec<DealId> = rows.iter().map(|row| row.id).collect();
    let mut made = estimates_db::made(db, org, &ids).await?;
    let row = rows.into_iter().map(|row| Row {
        deal: Foreign {
            id: row.id,
            number: row.number,
            returns: row.returns,
            booked_on: row.booked_on,
            net: row.net,
            currency: row.currency,
            rate: row.rate,
            made: made.remove(&row.id).unwrap_or_default(),
        },
        rate_id: row.rate_id,
        from: row.from,
        customer_id: row.customer_id,
        customer: row.customer,
        rated: row.rated,
        locked: row.locked,
    });
    Ok(row.collect())
}

/// These deals, each with what came back of it behind it, at the rate that the deal has; for writing them anew.
pub async fn of_deals(db: &mut PgConnection, org: OrgId, deals: &[DealId]) -> sqlx::Result<Vec<Foreign>> {
    let rows = sqlx::query!(
        r#"select d.id, d.number, case when d.id <> sold.id then sold.number end as returns, d.booked_on, d.net,
                  sold.currency as "currency!", sold.rate as "rate!"
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
           order by sold.id, d.id <> sold.id, d.number"#,
        org as OrgId,
        deals as &[DealId],
    )
    .fetch_all(&mut *db)
    .await?;
    let ids: Vec<DealId> = rows.iter().map(|row| row.id).collect();
    let mut made = estimates_db::made(db, org, &ids).await?;
    let deal = rows.into_iter().map(|row| Foreign {
        id: row.id,
        number: row.number,
        returns: row.returns,
        booked_on: row.booked_on,
        net: row.net,
        currency: row.currency,
        rate: row.rate,
        made: made.remove(&row.id).unwrap_or_default(),
    });
    Ok(deal.collect())
}

/// What deals come to at their rates.
#[derive(Default)]
pub struct Rerated {
    rates: Vec<Decimal>,
    columns: Columns,
}

impl Rerated {
    /// What each of the deals would come to, in their order.
    pub fn nets(&self) -> &[Money] {
        &self.columns.nets
    }
}

/// Works out what deals come to, of which each stands before what came back of it: each line converted, what came back in its
/// steps, and the credits shared anew. The error is the number of a deal whose amount would not fit.
pub fn rerated<'a>(deals: impl IntoIterator<Item = &'a Foreign>, own: Currency) -> Result<Rerated, i64> {
    let mut rerated = Rerated::default();
    let mut back = None;
    for deal in deals {
        let currency = Currency::parse(&deal.currency).map_err(|_| deal.number)?;
        let mut lines = Vec::with_capacity(deal.made.positions.len());
        for (&position, &original) in deal.made.positions.iter().zip(&deal.made.originals) {
            // What came back and was cancelled takes nothing back.
            let taken_back = back.as_mut().filter(|_| deal.returns.is_some() && deal.booked_on.is_some());
            let amount = match taken_back {
                None => converted(original, currency, deal.rate, own),
                Some(back) => Returned::step(back, position, -original).map(|amount| -amount),
            };
            lines.push((position, original, amount.ok_or(deal.number)?));
        }
        if deal.returns.is_none() {
            back = Some(Returned::new(lines.iter().copied(), currency, deal.rate, own));
        }
        let lines: Vec<(i32, Money)> = lines.into_iter().map(|(position, _, amount)| (position, amount)).collect();
        let amounts: Vec<Money> = lines.iter().map(|(_, amount)| *amount).collect();
        rerated.columns.push(deal.id, &lines, &deal.made.shares(&amounts));
        rerated.rates.push(deal.rate);
    }
    Ok(rerated)
}

/// Writes what was worked out, as a change of each deal that comes to something else. What was confirmed stays confirmed.
/// Nobody else may write meanwhile ([`crate::postgres::tx::alone`]); the events of the customers are to be recomputed.
pub async fn write(tx: &mut Tx, rerated: &Rerated) -> sqlx::Result<()> {
    let (org, now) = (tx.org, tx.now);
    sqlx::query!(
        "update deals d
         set rate = n.rate, net = n.net, fully_returned_on = null, changed_at = $5, version = d.version + 1
         from unnest($2::bigint[], $3::numeric[], $4::bigint[]) as n (id, rate, net)
         where d.org_id = $1 and d.id = n.id and (d.rate, d.net) is distinct from (n.rate, n.net)",
        org as OrgId,
        &rerated.columns.deals as &[DealId],
        &rerated.rates,
        &rerated.columns.nets as &[Money],
        now,
    )
    .execute(&mut **tx)
    .await?;
    estimates_db::write_parts(tx, &rerated.columns).await
}
