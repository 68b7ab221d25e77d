//! One deal with its lines, credits and returns.

use rust_decimal::Decimal;
use sqlx::PgConnection;
use time::{Date, PrimitiveDateTime};

use super::db::Line;
use crate::domain::{
    access::Scope,
    company::Company,
    deal::Stage,
    id::{CustomerId, DealId, OrgId, ProductId, UserId},
    money::{Currency, Money},
};

/// A deal with everything that its page shows beside lines, credits and returns.
#[derive(Clone, Debug)]
pub struct Deal {
    /// The deal.
    pub id: DealId,
    /// Its number.
    pub number: i64,
    /// Who buys.
    pub customer_id: CustomerId,
    /// The customer's name.
    pub customer: String,
    /// Who keeps it.
    pub owner_id: Option<UserId>,
    /// The owner's name.
    pub owner: Option<String>,
    /// How far it has come.
    pub stage: Stage,
    /// When it was first talked about.
    pub opened_on: Option<Date>,
    /// Business date of the win.
    pub booked_on: Option<Date>,
    /// When it is expected.
    pub expected_on: Option<Date>,
    /// When it was lost or cancelled.
    pub closed_on: Option<Date>,
    /// Who said so.
    pub closed_by: Option<String>,
    /// Why.
    pub closed_reason: String,
    /// Of a cancelled deal: when it had been won.
    pub was_booked_on: Option<Date>,
    /// The code of its currency, if that is not the company's.
    pub currency: Option<String>,
    /// What one unit of it is in the company's currency.
    pub rate: Option<Decimal>,
    /// Whether an import brought it, and may bring it once more: its currency stays.
    pub imported: bool,
    /// The deal that it returns.
    pub returns_id: Option<DealId>,
    /// That deal's number.
    pub returns_number: Option<i64>,
    /// Sum of the lines.
    pub net: Money,
    /// From when on it is fully returned.
    pub fully_returned_on: Option<Date>,
    /// Free words.
    pub notes: String,
    /// Who confirmed it.
    pub confirmed_by: Option<String>,
    /// Since when it may pay, at the company.
    pub confirmed_at: Option<PrimitiveDateTime>,
    /// Who entered it; nobody: an import.
    pub recorded_by: Option<String>,
    /// When it was entered, at the company.
    pub recorded_at: PrimitiveDateTime,
    /// Whether its period is locked: a change needs a reason.
    pub locked: bool,
    /// Counts its changes.
    pub version: i32,
}

/// A line of a deal.
#[derive(Clone, Debug)]
pub struct LineRow {
    /// From 1.
    pub position: i32,
    /// What, if it is a product.
    pub product_id: Option<ProductId>,
    /// The product's name, else the words; may be empty.
    pub item: String,
    /// How many.
    pub quantity: Decimal,
    /// Net, in the company's currency.
    pub amount: Money,
    /// The same in the deal's currency, if that is another one.
    pub original: Option<Money>,
    /// What it cost the company.
    pub cost: Option<Money>,
    /// How much of it linked returns have taken back, above zero.
    pub returned: Money,
    /// The same in the deal's currency.
    pub returned_original: Money,
}

/// A credit of a deal.
#[derive(Clone, Debug)]
pub struct CreditRow {
    /// Who.
    pub rep_id: UserId,
    /// The name.
    pub rep: String,
    /// Whole-number parts.
    pub parts: i32,
    /// Credited apart.
    pub overlay: bool,
    /// The credit's part of the deal.
    pub amount: Money,
}

/// A linked return.
#[derive(Clone, Debug)]
pub struct ReturnRow {
    /// The return.
    pub id: DealId,
    /// Its number.
    pub number: i64,
    /// When it was returned.
    pub booked_on: Date,
    /// How much, below zero.
    pub net: Money,
    /// The same in the deal's currency, if that is another one.
    pub original: Option<Money>,
}

/// A deal in sight: somebody in sight owns it or is credited with it, or owns its customer today.
pub async fn find(
    db: &mut PgConnection,
    scope: &Scope,
    company: &Company,
    today: Date,
    id: DealId,
) -> sqlx::Result<Option<Deal>> {
    sqlx::query_as!(
        Deal,
        r#"select d.id, d.number, d.customer_id, c.name as customer, d.owner_id, o.name as "owner?",
                  d.stage as "stage: Stage", d.opened_on, d.booked_on, d.expected_on, d.closed_on, d.closed_reason,
                  d.was_booked_on, xb.name as "closed_by?", d.currency, d.rate, d.external_id is not null as "imported!",
                  d.returns_id,
                  r.number as "returns_number?", d.net, d.fully_returned_on, d.notes, cb.name as "confirmed_by?",
                  d.confirmed_at at time zone $4 as confirmed_at, rb.name as "recorded_by?",
                  d.recorded_at at time zone $4 as "recorded_at!",
                  exists (
                      select from period_locks l
                      where l.org_id = d.org_id and d.booked_on >= l.period_start and d.booked_on < l.period_end
                  ) as "locked!",
                  d.version
           from deals d
           join customers c on c.org_id = d.org_id and c.id = d.customer_id
           left join users o on o.org_id = d.org_id and o.id = d.owner_id
           left join users cb on cb.org_id = d.org_id and cb.id = d.confirmed_by
           left join users xb on xb.org_id = d.org_id and xb.id = d.closed_by
           left join users rb on rb.org_id = d.org_id and rb.id = d.recorded_by
           left join deals r on r.org_id = d.org_id and r.id = d.returns_id
           where d.org_id = $1 and d.id = $3
             and ($2::bigint[] is null
                  or d.owner_id = any ($2)
                  or exists (
                      select from deal_credits dc
                      where dc.org_id = d.org_id and dc.deal_id = d.id and dc.rep_id = any ($2)
                  )
                  or exists (
                      select from ownerships w
                      where w.org_id = d.org_id and w.customer_id = d.customer_id and w.during @> $5::date
                        and w.rep_id = any ($2)
                  ))"#,
        scope.org as OrgId,
        scope.reps() as Option<&[UserId]>,
        id as DealId,
        company.time_zone,
        today,
    )
    .fetch_optional(db)
    .await
}

/// The lines of a deal in order, each with what was returned of it. `except` leaves one return out: the one that is being
/// changed.
pub async fn lines(
    db: &mut PgConnection,
    org: OrgId,
    deal: DealId,
    except: Option<DealId>,
) -> sqlx::Result<Vec<LineRow>> {
    sqlx::query_as!(
        LineRow,
        r#"select l.position, l.product_id, coalesce(p.name, l.text) as "item!", l.quantity, l.amount,
                  l.original, l.cost, back.amount as "returned!: Money", back.original as "returned_original!: Money"
           from deal_lines l
           cross join lateral (
               select coalesce(-sum(rl.amount), 0)::bigint as amount, coalesce(-sum(rl.original), 0)::bigint as original
               from deals r
               join deal_lines rl on rl.org_id = r.org_id and rl.deal_id = r.id and rl.position = l.position
               where r.org_id = l.org_id and r.returns_id = l.deal_id and r.stage = 'won' and r.id is distinct from $3
           ) back
           left join products p on p.org_id = l.org_id and p.id = l.product_id
           where l.org_id = $1 and l.deal_id = $2
           order by l.position"#,
        org as OrgId,
        deal as DealId,
        except as Option<DealId>,
    )
    .fetch_all(db)
    .await
}

/// The credits of a deal in order.
pub async fn credits(db: &mut PgConnection, org: OrgId, deal: DealId) -> sqlx::Result<Vec<CreditRow>> {
    sqlx::query_as!(
        CreditRow,
        "select c.rep_id, u.name as rep, c.parts, c.overlay, c.amount
         from deal_credits c
         join users u on u.org_id = c.org_id and u.id = c.rep_id
         where c.org_id = $1 and c.deal_id = $2
         order by c.position",
        org as OrgId,
        deal as DealId,
    )
    .fetch_all(db)
    .await
}

/// The linked returns of a deal, the earliest first.
pub async fn returns(db: &mut PgConnection, org: OrgId, deal: DealId) -> sqlx::Result<Vec<ReturnRow>> {
    sqlx::query_as!(
        ReturnRow,
        r#"select d.id, d.number, d.booked_on as "booked_on!", d.net,
                  (select sum(l.original)::bigint
                   from deal_lines l
                   where l.org_id = d.org_id and l.deal_id = d.id) as "original: Money"
           from deals d
           where d.org_id = $1 and d.returns_id = $2 and d.stage = 'won'
           order by d.booked_on, d.number"#,
        org as OrgId,
        deal as DealId,
    )
    .fetch_all(db)
    .await
}

/// Who owns a customer on a day.
pub async fn owner(db: &mut PgConnection, org: OrgId, customer: CustomerId, on: Date) -> sqlx::Result<Option<UserId>> {
    sqlx::query_scalar!(
        "select rep_id
         from ownerships
         where org_id = $1 and customer_id = $2 and during @> $3::date",
        org as OrgId,
        customer as CustomerId,
        on,
    )
    .fetch_optional(db)
    .await
}

impl LineRow {
    /// The line as it is written anew.
    pub fn into_line(self) -> Line {
        let text = if self.product_id.is_some() { String::new() } else { self.item };
        Line {
            position: self.position,
            product: self.product_id,
            text,
            quantity: self.quantity,
            amount: self.amount,
            original: self.original,
            cost: self.cost,
        }
    }

    /// The amount in the deal's currency.
    pub fn face(&self) -> Money {
        self.original.unwrap_or(self.amount)
    }

    /// How much of that was returned.
    pub fn face_returned(&self) -> Money {
        if self.original.is_some() { self.returned_original } else { self.returned }
    }
}

impl Deal {
    /// The currency in which it was agreed, if that is not the company's.
    pub fn foreign(&self) -> Option<Currency> {
        self.currency.as_deref().and_then(|code| Currency::parse(code).ok())
    }
}
