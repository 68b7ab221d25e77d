//! The deals' SQL that writes: one way in for pages, demo and tests; what is stored beside a deal follows from it here.

use rust_decimal::Decimal;
use time::Date;

use crate::{
    domain::{
        deal::{Credit, Stage, credit_amounts},
        id::{CustomerId, DealId, OrgId, ProductId, UserId},
        money::{Currency, Money},
    },
    postgres::tx::Tx,
};

/// A deal as it is written, with everything that it consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDeal {
    /// Who buys.
    pub customer: CustomerId,
    /// Who keeps the deal; nobody's deals count for the company only.
    pub owner: Option<UserId>,
    /// How far it has come.
    pub stage: Stage,
    /// When it was first talked about.
    pub opened_on: Option<Date>,
    /// Business date of the win; there exactly when it is won.
    pub booked_on: Option<Date>,
    /// When an open deal is expected to be won.
    pub expected_on: Option<Date>,
    /// The deal that this one returns.
    pub returns: Option<DealId>,
    /// The currency in which it was agreed; none: the company's.
    pub currency: Option<Currency>,
    /// What one unit of that currency is in the company's: there exactly when there is a currency.
    pub rate: Option<Decimal>,
    /// Free words.
    pub notes: String,
    /// Whether it may pay from now on. Who writes it has then confirmed it, where the company wants deals confirmed; where
    /// it does not, nobody has.
    pub confirmed: bool,
    /// What is sold.
    pub lines: Vec<Line>,
    /// Who is credited, in order; ties of the split go to the earlier one.
    pub credits: Vec<Credit>,
}

/// One thing sold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// From 1. A return's line has the position of the line that it returns.
    pub position: i32,
    /// What, if it is a product of the list.
    pub product: Option<ProductId>,
    /// What, in words.
    pub text: String,
    /// How many; below zero on a return.
    pub quantity: Decimal,
    /// Net, in the company's currency: tax and discount out; below zero on a return.
    pub amount: Money,
    /// The same in minor units of the deal's currency, if that is another one.
    pub original: Option<Money>,
    /// What it cost the company, if known.
    pub cost: Option<Money>,
}

impl Line {
    /// The amount in the deal's currency.
    pub fn face(&self) -> Money {
        self.original.unwrap_or(self.amount)
    }
}

impl NewDeal {
    /// Sum of the lines.
    pub fn net(&self) -> Money {
        self.lines.iter().map(|line| line.amount).sum()
    }
}

/// Writes a new deal with its lines and credits, and gives it the next number. The events of its customer are not yet in
/// step: [`crate::deals::save`] does both; who writes many deals calls `customers::events_db::recompute` once after them.
pub async fn insert(tx: &mut Tx, deal: &NewDeal) -> sqlx::Result<DealId> {
    let (org, actor, now) = (tx.org, tx.actor, tx.now);
    let number = next_number(tx).await?;
    let id = sqlx::query_scalar!(
        "insert into deals (org_id, number, customer_id, owner_id, stage, opened_on, booked_on, expected_on, returns_id,
                            net, notes, confirmed_by, confirmed_at, recorded_by, recorded_at, changed_at, closed_on,
                            currency, rate)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
                 (select $13::bigint from organizations where id = $1 and confirm_deals and $12),
                 case when $12 then $14::timestamptz end, $13, $14, $14,
                 (select ($14::timestamptz at time zone time_zone)::date
                  from organizations
                  where id = $1 and $5 in ('lost', 'cancelled')),
                 $15, $16)
         returning id",
        org as OrgId,
        number,
        deal.customer as CustomerId,
        deal.owner as Option<UserId>,
        deal.stage as Stage,
        deal.opened_on,
        deal.booked_on,
        deal.expected_on,
        deal.returns as Option<DealId>,
        deal.net() as Money,
        deal.notes,
        deal.confirmed,
        actor as Option<UserId>,
        now,
        deal.currency.as_ref().map(Currency::code),
        deal.rate,
    )
    .fetch_one(&mut **tx)
    .await?;
    write_parts(tx, id, deal).await?;
    Ok(id)
}

/// Writes a deal anew, if it is still of this version: lines, credits and all. Its number, its customer's events and what
/// it returns stay as they are.
pub async fn update(tx: &mut Tx, id: DealId, version: i32, deal: &NewDeal) -> sqlx::Result<bool> {
    let (org, actor, now) = (tx.org, tx.actor, tx.now);
    let done = sqlx::query!(
        "update deals
         set customer_id = $4, owner_id = $5, stage = $6, opened_on = $7, booked_on = $8, expected_on = $9, net = $10,
             notes = $11, currency = $15, rate = $16,
             confirmed_by = case when $12 and confirmed_at is not null then confirmed_by
                                 else (select $13::bigint from organizations where id = $1 and confirm_deals and $12) end,
             confirmed_at = case when $12 then coalesce(confirmed_at, $14) end,
             closed_on = (select coalesce(closed_on, ($14::timestamptz at time zone time_zone)::date)
                          from organizations
                          where id = $1 and $6 in ('lost', 'cancelled')),
             closed_by = null, closed_reason = '', was_booked_on = null,
             fully_returned_on = null, changed_at = $14, version = version + 1
         where org_id = $1 and id = $2 and version = $3",
        org as OrgId,
        id as DealId,
        version,
        deal.customer as CustomerId,
        deal.owner as Option<UserId>,
        deal.stage as Stage,
        deal.opened_on,
        deal.booked_on,
        deal.expected_on,
        deal.net() as Money,
        deal.notes,
        deal.confirmed,
        actor as Option<UserId>,
        now,
        deal.currency.as_ref().map(Currency::code),
        deal.rate,
    )
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query!("delete from deal_credits where org_id = $1 and deal_id = $2", org as OrgId, id as DealId)
        .execute(&mut **tx)
        .await?;
    sqlx::query!("delete from deal_lines where org_id = $1 and deal_id = $2", org as OrgId, id as DealId)
        .execute(&mut **tx)
        .await?;
    write_parts(tx, id, deal).await?;
    Ok(true)
}

/// The next number of the organization. Two entries at once wait for each other, so numbers follow the order of entry.
async fn next_number(tx: &mut Tx) -> sqlx::Result<i64> {
    let org = tx.org;
    sqlx::query_scalar!(
        "insert into deal_numbers (org_id, last)
         values ($1, 1)
         on conflict (org_id) do update set last = deal_numbers.last + 1
         returning last",
        org as OrgId,
    )
    .fetch_one(&mut **tx)
    .await
}

async fn write_parts(tx: &mut Tx, id: DealId, deal: &NewDeal) -> sqlx::Result<()> {
    let org = tx.org;
    let positions: Vec<i32> = deal.lines.iter().map(|line| line.position).collect();
    let products: Vec<Option<ProductId>> = deal.lines.iter().map(|line| line.product).collect();
    let texts: Vec<String> = deal.lines.iter().map(|line| line.text.clone()).collect();
    let quantities: Vec<Decimal> = deal.lines.iter().map(|line| line.quantity).collect();
    let amounts: Vec<Money> = deal.lines.iter().map(|line| line.amount).collect();
    let originals: Vec<Option<Money>> = deal.lines.iter().map(|line| line.original).collect();
    let costs: Vec<Option<Money>> = deal.lines.iter().map(|line| line.cost).collect();
    sqlx::query!(
        "insert into deal_lines (org_id, deal_id, position, product_id, text, quantity, amount, original, cost)
         select $1, $2, l.position, l.product_id, l.text, l.quantity, l.amount, l.original, l.cost
         from unnest($3::int[], $4::bigint[], $5::text[], $6::numeric[], $7::bigint[], $8::bigint[], $9::bigint[])
             as l (position, product_id, text, quantity, amount, original, cost)",
        org as OrgId,
        id as DealId,
        &positions,
        &products as &[Option<ProductId>],
        &texts,
        &quantities,
        &amounts as &[Money],
        &originals as &[Option<Money>],
        &costs as &[Option<Money>],
    )
    .execute(&mut **tx)
    .await?;
    let reps: Vec<UserId> = deal.credits.iter().map(|credit| credit.rep).collect();
    let parts: Vec<i32> = deal.credits.iter().map(|credit| i32::try_from(credit.parts).unwrap_or(i32::MAX)).collect();
    let overlays: Vec<bool> = deal.credits.iter().map(|credit| credit.overlay).collect();
    let shares = credit_amounts(&amounts, &deal.credits);
    sqlx::query!(
        "insert into deal_credits (org_id, deal_id, position, rep_id, parts, overlay, amount, booked_on)
         select $1, $2, c.position, c.rep_id, c.parts, c.overlay, c.amount, $3
         from unnest($4::bigint[], $5::int[], $6::bool[], $7::bigint[]) with ordinality
             as c (rep_id, parts, overlay, amount, position)",
        org as OrgId,
        id as DealId,
        deal.booked_on,
        &reps as &[UserId],
        &parts,
        &overlays,
        &shares as &[Money],
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Closes an open or won deal, if it is still of this version: lost or cancelled by somebody for a reason. What it was
/// before stays with it, so that it can be opened again as it was.
pub async fn close(tx: &mut Tx, id: DealId, version: i32, stage: Stage, reason: &str, on: Date) -> sqlx::Result<bool> {
    let (org, actor, now) = (tx.org, tx.actor, tx.now);
    // The credits follow the day: see deal_credits_booked_fkey.
    let done = sqlx::query!(
        "update deals
         set stage = $4, was_booked_on = booked_on, booked_on = null, fully_returned_on = null, closed_on = $5,
             closed_by = $6, closed_reason = $7, changed_at = $8, version = version + 1
         where org_id = $1 and id = $2 and version = $3 and stage in ('open', 'won')",
        org as OrgId,
        id as DealId,
        version,
        stage as Stage,
        on,
        actor as Option<UserId>,
        reason,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A cancelled deal that had been won is won again on its day, confirmed or not as it was, if it is still of this version.
pub async fn win_again(tx: &mut Tx, id: DealId, version: i32) -> sqlx::Result<bool> {
    let (org, now) = (tx.org, tx.now);
    let done = sqlx::query!(
        "update deals
         set stage = 'won', booked_on = was_booked_on, was_booked_on = null, closed_on = null, closed_by = null,
             closed_reason = '', changed_at = $4, version = version + 1
         where org_id = $1 and id = $2 and version = $3 and stage = 'cancelled' and was_booked_on is not null",
        org as OrgId,
        id as DealId,
        version,
        now,
    )
    .execute(&mut **tx)
    .await?;
    // Won again: the reference to an empty day does not cascade.
    sqlx::query!(
        "update deal_credits c
         set booked_on = d.booked_on
         from deals d
         where d.org_id = $1 and d.id = $2 and c.org_id = $1 and c.deal_id = d.id
           and c.booked_on is distinct from d.booked_on",
        org as OrgId,
        id as DealId,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Confirms a won deal, so that it may pay, if it is still of this version. False too where it is confirmed already, is
/// not won, or this person is credited on it.
pub async fn confirm(tx: &mut Tx, id: DealId, version: i32, by: UserId) -> sqlx::Result<bool> {
    let (org, now) = (tx.org, tx.now);
    let done = sqlx::query!(
        "update deals d
         set confirmed_by = $3, confirmed_at = $4, version = version + 1
         where d.org_id = $1 and d.id = $2 and d.version = $5 and d.stage = 'won' and d.confirmed_at is null
           and not exists (
               select from deal_credits c
               where c.org_id = d.org_id and c.deal_id = d.id and c.rep_id = $3
           )",
        org as OrgId,
        id as DealId,
        by as UserId,
        now,
        version,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes a confirmation back, if this person gave it, the deal is still of this version, and nothing depends on it: it is
/// in no locked period and in no run that was handed in.
pub async fn unconfirm(tx: &mut Tx, id: DealId, version: i32, by: UserId) -> sqlx::Result<bool> {
    let org = tx.org;
    let done = sqlx::query!(
        "update deals d
         set confirmed_by = null, confirmed_at = null, version = version + 1
         where d.org_id = $1 and d.id = $2 and d.version = $3 and d.stage = 'won' and d.confirmed_by = $4
           and not exists (
               select from period_locks l
               where l.org_id = d.org_id and d.booked_on >= l.period_start and d.booked_on < l.period_end
           )
           and not exists (
               select from commission_runs r
               join run_submissions s on s.org_id = r.org_id and s.run_id = r.id
               where r.org_id = d.org_id and d.booked_on >= r.period_start and d.booked_on < r.period_end
           )",
        org as OrgId,
        id as DealId,
        version,
        by as UserId,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Holds a deal until the transaction ends: two returns of it at once see each other.
pub async fn lock(tx: &mut Tx, id: DealId) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!("select id from deals where org_id = $1 and id = $2 for update", org as OrgId, id as DealId)
        .fetch_one(&mut **tx)
        .await?;
    Ok(())
}
