//! Recomputes what is stored beside deals: their net, the amounts and dates of their credits, the last number.

use std::collections::BTreeMap;

use futures_util::TryStreamExt;
use rust_decimal::Decimal;
use sqlx::PgConnection;
use time::Date;

use crate::{
    domain::{
        deal::{Credit, credit_amounts},
        exchange::{Returned, converted},
        id::{CustomerId, OrgId, UserId},
        money::{Currency, Money},
    },
    postgres::derived::Differs,
};

/// A deal with its lines and credits, each list in order of position.
struct Deal {
    number: i64,
    net: Money,
    booked_on: Option<Date>,
    currency: Option<String>,
    rate: Option<Decimal>,
    /// The rate that counts today, of an open deal.
    rate_today: Option<Decimal>,
    is_return: bool,
    customer: CustomerId,
    /// Whose the deal is that it returns.
    sold_to: Option<CustomerId>,
    lines: Vec<i64>,
    originals: Vec<Option<i64>>,
    positions: Vec<i32>,
    /// The lines of linked returns of a deal in another currency, in order: of which line, in both currencies.
    back_positions: Vec<i32>,
    back: Vec<i64>,
    back_originals: Vec<i64>,
    reps: Vec<UserId>,
    parts: Vec<i32>,
    overlays: Vec<bool>,
    amounts: Vec<i64>,
    booked: Vec<Option<Date>>,
}

/// Tells every stored value of the organization's deals that does not follow from their lines and credits. The deals
/// pass one by one. How many there were.
pub async fn verify(
    db: &mut PgConnection,
    org: OrgId,
    currency: Currency,
    tell: &mut impl FnMut(Differs),
) -> sqlx::Result<u64> {
    let mut deals = sqlx::query_as!(
        Deal,
        r#"select d.number, d.net, d.booked_on, d.currency, d.rate, d.returns_id is not null as "is_return!",
                  d.customer_id as customer,
                  (select o.customer_id from deals o where o.org_id = $1 and o.id = d.returns_id) as "sold_to?: CustomerId",
                  (select x.rate
                   from exchange_rates x
                   where x.org_id = $1 and x.currency = d.currency and d.stage = 'open'
                   order by x.from_date desc, x.id desc
                   limit 1) as rate_today,
                  l.amounts as "lines!", l.originals as "originals!: Vec<Option<i64>>",
                  l.positions as "positions!", b.positions as "back_positions!", b.amounts as "back!",
                  b.originals as "back_originals!", c.reps as "reps!: Vec<UserId>",
                  c.parts as "parts!", c.overlays as "overlays!", c.amounts as "amounts!",
                  c.booked as "booked!: Vec<Option<Date>>"
           from deals d
           cross join lateral (
               select coalesce(array_agg(l.amount order by l.position), '{}') as amounts,
                      coalesce(array_agg(l.original order by l.position), '{}') as originals,
                      coalesce(array_agg(l.position order by l.position), '{}') as positions
               from deal_lines l
               where l.org_id = $1 and l.deal_id = d.id
           ) l
           cross join lateral (
               select coalesce(array_agg(l.position order by r.number, l.position), '{}') as positions,
                      coalesce(array_agg(-l.amount order by r.number, l.position), '{}') as amounts,
                      coalesce(array_agg(-l.original order by r.number, l.position), '{}') as originals
               from deals r
               join deal_lines l on l.org_id = $1 and l.deal_id = r.id and l.original is not null
               where d.currency is not null and r.org_id = $1 and r.returns_id = d.id and r.stage = 'won'
           ) b
           cross join lateral (
               select coalesce(array_agg(c.rep_id order by c.position), '{}') as reps,
                      coalesce(array_agg(c.parts order by c.position), '{}') as parts,
                      coalesce(array_agg(c.overlay order by c.position), '{}') as overlays,
                      coalesce(array_agg(c.amount order by c.position), '{}') as amounts,
                      coalesce(array_agg(c.booked_on order by c.position), '{}') as booked
               from deal_credits c
               where c.org_id = $1 and c.deal_id = d.id
           ) c
           where d.org_id = $1"#,
        org as OrgId,
    )
    .fetch(&mut *db);
    let (mut count, mut last) = (0, 0);
    while let Some(deal) = deals.try_next().await? {
        count += 1;
        last = last.max(deal.number);
        deal.verify(currency, tell);
    }
    drop(deals);
    let stored = sqlx::query_scalar!("select last from deal_numbers where org_id = $1", org as OrgId)
        .fetch_optional(db)
        .await?
        .unwrap_or_default();
    if stored != last {
        tell(Differs {
            what: "deal_numbers.last",
            record: "the company".to_owned(),
            stored: stored.to_string(),
            derived: last.to_string(),
        });
    }
    Ok(count)
}

impl Deal {
    fn verify(&self, currency: Currency, tell: &mut impl FnMut(Differs)) {
        let record = || format!("deal {}", self.number);
        let lines: Vec<Money> = self.lines.iter().copied().map(Money).collect();
        let net: Money = lines.iter().copied().sum();
        if self.net != net {
            let (stored, derived) = (currency.plain(self.net), currency.plain(net));
            tell(Differs { what: "deals.net", record: record(), stored, derived });
        }
        if let Some(sold_to) = self.sold_to.filter(|sold_to| *sold_to != self.customer) {
            tell(Differs {
                what: "deals.customer_id",
                record: record(),
                stored: format!("customer {}", self.customer),
                derived: format!("customer {sold_to}, as of its deal"),
            });
        }
        self.verify_conversion(currency, tell);
        let credits: Vec<Credit> = self
            .reps
            .iter()
            .zip(&self.parts)
            .zip(&self.overlays)
            .map(|((&rep, parts), &overlay)| Credit { rep, parts: parts.unsigned_abs(), overlay })
            .collect();
        let derived = credit_amounts(&lines, &credits);
        for ((position, &stored), derived) in (1..).zip(&self.amounts).zip(derived) {
            if stored != derived.0 {
                let record = format!("credit {position} of deal {}", self.number);
                let (stored, derived) = (currency.plain(Money(stored)), currency.plain(derived));
                tell(Differs { what: "deal_credits.amount", record, stored, derived });
            }
        }
        for (position, &stored) in (1..).zip(&self.booked) {
            if stored != self.booked_on {
                let record = format!("credit {position} of deal {}", self.number);
                let (stored, derived) = (day(stored), day(self.booked_on));
                tell(Differs { what: "deal_credits.booked_on", record, stored, derived });
            }
        }
    }
}

impl Deal {
    /// Of a deal in another currency each line is its original at the rate, and so is what came back of it; a return is
    /// looked at with its deal.
    fn verify_conversion(&self, own: Currency, tell: &mut impl FnMut(Differs)) {
        let Some((currency, rate)) =
            self.currency.as_deref().and_then(|code| Currency::parse(code).ok()).zip(self.rate)
        else {
            return;
        };
        if let Some(today) = self.rate_today.filter(|today| *today != rate) {
            let record = format!("deal {}", self.number);
            let (stored, derived) = (rate.normalize().to_string(), today.normalize().to_string());
            tell(Differs { what: "deals.rate", record, stored, derived });
        }
        if self.is_return {
            return;
        }
        let mut compare = |what, record: String, stored: Money, derived: Option<Money>| {
            if derived != Some(stored) {
                let derived = derived.map_or_else(|| "nothing".to_owned(), |derived| own.plain(derived));
                tell(Differs { what, record, stored: own.plain(stored), derived });
            }
        };
        let line = |position: i32| format!("line {position} of deal {}", self.number);
        let mut sold = Vec::with_capacity(self.lines.len());
        for (&position, (&amount, &original)) in self.positions.iter().zip(self.lines.iter().zip(&self.originals)) {
            let derived = original.and_then(|original| converted(Money(original), currency, rate, own));
            compare("deal_lines.amount", line(position), Money(amount), derived);
            sold.push((position, Money(original.unwrap_or_default()), Money(amount)));
        }
        let mut returned = Returned::new(sold.iter().copied(), currency, rate, own);
        // Of each line: what came back in the deal's currency, what that is as stored, and as it follows.
        let mut back: BTreeMap<i32, (Money, Money, Option<Money>)> = BTreeMap::new();
        for (&position, (&amount, &original)) in
            self.back_positions.iter().zip(self.back.iter().zip(&self.back_originals))
        {
            let step = returned.step(position, Money(original));
            let line = back.entry(position).or_insert((Money::ZERO, Money::ZERO, Some(Money::ZERO)));
            *line = (line.0 + Money(original), line.1 + Money(amount), line.2.zip(step).map(|(sum, step)| sum + step));
        }
        let whole = |position: &i32| sold.iter().find(|line| line.0 == *position).map_or(0, |line| line.1.0.abs());
        if back.iter().all(|(position, line)| line.0.0.abs() <= whole(position)) {
            for (position, (_, stored, derived)) in back {
                compare("the returned amount", line(position), stored, derived);
            }
        } else {
            // What an import returned in one row is of no line: the steps of one may be told of another.
            let stored = back.values().map(|line| line.1).sum();
            let derived = back.values().map(|line| line.2).try_fold(Money::ZERO, |sum, line| Some(sum + line?));
            compare("the returned amount", format!("deal {}", self.number), stored, derived);
        }
    }
}

fn day(day: Option<Date>) -> String {
    day.map_or_else(|| "none".to_owned(), |day| day.to_string())
}
