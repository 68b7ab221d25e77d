//! Recomputes what is stored beside deals: their net, the amounts and dates of their credits, the last number.

use futures_util::TryStreamExt;
use rust_decimal::Decimal;
use sqlx::PgConnection;
use time::Date;

use crate::{
    domain::{
        deal::{Credit, credit_amounts},
        exchange::converted,
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
    /// What linked returns took back of each line, in the company's and in the deal's currency.
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
                  l.back as "back!", l.back_originals as "back_originals!", c.reps as "reps!: Vec<UserId>",
                  c.parts as "parts!", c.overlays as "overlays!", c.amounts as "amounts!",
                  c.booked as "booked!: Vec<Option<Date>>"
           from deals d
           cross join lateral (
               select coalesce(array_agg(l.amount order by l.position), '{}') as amounts,
                      coalesce(array_agg(l.original order by l.position), '{}') as originals,
                      coalesce(array_agg(b.amount order by l.position), '{}') as back,
                      coalesce(array_agg(b.original order by l.position), '{}') as back_originals
               from deal_lines l
               left join lateral (
                   select coalesce(-sum(rl.amount), 0)::bigint as amount, coalesce(-sum(rl.original), 0)::bigint as original
                   from deals r
                   join deal_lines rl on rl.org_id = $1 and rl.deal_id = r.id and rl.position = l.position
                   where d.currency is not null and r.org_id = $1 and r.returns_id = d.id and r.stage = 'won'
               ) b on true
               where l.org_id = $1 and l.deal_id = d.id
           ) l
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
        let mut compare = |what, line: usize, stored: i64, original: Option<i64>| {
            let derived = original.and_then(|original| converted(Money(original), currency, rate, own));
            if derived != Some(Money(stored)) {
                let record = format!("line {line} of deal {}", self.number);
                let derived = derived.map_or_else(|| "nothing".to_owned(), |derived| own.plain(derived));
                tell(Differs { what, record, stored: own.plain(Money(stored)), derived });
            }
        };
        for (line, (&amount, &original)) in (1..).zip(self.lines.iter().zip(&self.originals)) {
            compare("deal_lines.amount", line, amount, original);
        }
        for (line, (&back, &original)) in (1..).zip(self.back.iter().zip(&self.back_originals)) {
            compare("the returned amount", line, back, Some(original));
        }
    }
}

fn day(day: Option<Date>) -> String {
    day.map_or_else(|| "none".to_owned(), |day| day.to_string())
}
