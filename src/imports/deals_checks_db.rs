//! What is wrong with staged deals, asked of whole files at once.

use time::Date;

use super::db::{Repeated, Unknown};
use crate::{domain::id::OrgId, postgres::tx::Tx};

/// Deals whose external id an earlier row has.
pub async fn repeated(tx: &mut Tx, import: i64) -> sqlx::Result<Vec<Repeated>> {
    sqlx::query_as!(
        Repeated,
        r#"select line as "line!", external_id as "value!", first as "first!"
           from (
               select line, external_id, min(line) over (partition by external_id) as first
               from import_deals
               where import_id = $1
                 -- The common answer is none, and sorting numbers is cheaper than grouping a million texts.
                 and (select count(external_id) > count(distinct hashtextextended(external_id, 0))
                      from import_deals
                      where import_id = $1)
           ) as s
           where line > first and external_id is not null
           order by line"#,
        import,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Deals of customers that nobody knows.
pub async fn unknown_customers(tx: &mut Tx, import: i64) -> sqlx::Result<Vec<Unknown>> {
    let org = tx.org;
    sqlx::query_as!(
        Unknown,
        r#"select s.line, s.customer as "value!"
           from import_deals s
           where s.import_id = $1 and s.customer is not null
             and not exists (select from customers c where c.org_id = $2 and c.external_id = s.customer)
             and not exists (select from import_customers c where c.import_id = $1 and c.external_id = s.customer)
           order by s.line"#,
        import,
        org as OrgId,
    )
    .fetch_all(&mut **tx)
    .await
}

/// The lines of won deals that have neither an amount nor lines.
pub async fn won_without_amount(tx: &mut Tx, import: i64) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar!(
        r#"select s.line
           from import_deals s
           where s.import_id = $1 and s.stage = 'won' and s.amount is null
             and not exists (select from import_lines l where l.import_id = $1 and l.deal = s.external_id)
           order by s.line"#,
        import,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Lines of deals that nobody knows.
pub async fn lines_of_unknown_deals(tx: &mut Tx, import: i64) -> sqlx::Result<Vec<Unknown>> {
    let org = tx.org;
    sqlx::query_as!(
        Unknown,
        r#"select l.line, l.deal as "value!"
           from import_lines l
           where l.import_id = $1 and l.deal is not null
             and not exists (select from import_deals s where s.import_id = $1 and s.external_id = l.deal)
             and not exists (select from deals d where d.org_id = $2 and d.external_id = l.deal)
           order by l.line"#,
        import,
        org as OrgId,
    )
    .fetch_all(&mut **tx)
    .await
}

/// A return that would add to sales.
pub struct Unsigned {
    /// The file.
    pub file: &'static str,
    /// The row's line.
    pub line: i64,
    /// The deal.
    pub deal: String,
    /// What the deal would be worth, in minor units.
    pub amount: i64,
}

/// Returns whose lines add up to more than nothing, and deals that were imported as returns and now have an amount above
/// zero.
pub async fn returns_above_zero(tx: &mut Tx, import: i64) -> sqlx::Result<Vec<Unsigned>> {
    let org = tx.org;
    let rows = sqlx::query!(
        r#"with summed as (
               select deal, min(line) as line, sum(amount)::bigint as amount
               from import_lines
               where import_id = $1
               group by deal
               having sum(amount) between 1 and 9000000000000000000
           )
           select true as "has_lines!", l.line as "line!", l.deal as "deal!", l.amount as "amount!"
           from summed l
           left join import_deals s on s.import_id = $1 and s.external_id = l.deal
           left join deals d on d.org_id = $2 and d.external_id = l.deal
           where coalesce(s.returns, d.returns_id::text) is not null
           union all
           select false, s.line, s.external_id, s.amount
           from import_deals s
           join deals d on d.org_id = $2 and d.external_id = s.external_id and d.returns_id is not null
           where s.import_id = $1 and s.returns is null and s.amount > 0
             and not exists (select from import_lines l where l.import_id = $1 and l.deal = s.external_id)"#,
        import,
        org as OrgId,
    )
    .fetch_all(&mut **tx)
    .await?;
    let file = |has_lines| if has_lines { "deal_lines.csv" } else { "deals.csv" };
    Ok(rows
        .into_iter()
        .map(|row| Unsigned { file: file(row.has_lines), line: row.line, deal: row.deal, amount: row.amount })
        .collect())
}

/// A return with the deal that it returns.
pub struct Link {
    /// The return's line.
    pub line: i64,
    /// The return.
    pub external_id: String,
    /// The deal that it returns, as the file says.
    pub returns: String,
    /// The return's customer.
    pub customer: Option<String>,
    /// The return's stage.
    pub stage: Option<String>,
    /// The return's day.
    pub closed_on: Option<Date>,
    /// Whether the returned deal is there.
    pub found: bool,
    /// Whether the returned deal is a return itself.
    pub is_return: bool,
    /// The returned deal's customer.
    pub returned_customer: Option<String>,
    /// The returned deal's stage.
    pub returned_stage: Option<String>,
    /// The returned deal's day.
    pub returned_closed_on: Option<Date>,
}

/// Every staged return.
pub async fn returns(tx: &mut Tx, import: i64) -> sqlx::Result<Vec<Link>> {
    let org = tx.org;
    sqlx::query_as!(
        Link,
        r#"select distinct on (s.line)
                  s.line as "line!", coalesce(s.external_id, '') as "external_id!", s.returns as "returns!", s.customer,
                  s.stage, s.closed_on,
                  (o.line is not null or d.id is not null) as "found!",
                  coalesce(o.returns is not null or d.returns_id is not null, false) as "is_return!",
                  coalesce(o.customer, c.external_id) as returned_customer,
                  coalesce(o.stage, d.stage) as returned_stage,
                  coalesce(o.closed_on, d.booked_on) as returned_closed_on
           from import_deals s
           left join import_deals o on o.import_id = $1 and o.external_id = s.returns
           left join deals d on d.org_id = $2 and d.external_id = s.returns
           left join customers c on c.org_id = $2 and c.id = d.customer_id
           where s.import_id = $1 and s.returns is not null
           order by s.line, o.line"#,
        import,
        org as OrgId,
    )
    .fetch_all(&mut **tx)
    .await
}

/// A stored return that no longer goes with its deal, once one of them is as the file says.
pub struct Apart {
    /// The deal's line, or else that of its return.
    pub line: i64,
    /// Whether the file has the deal.
    pub has_deal: bool,
    /// The other one of the two: its `external_id`, or its number.
    pub other: String,
    /// What does not go together.
    pub wrong: Wrong,
    /// What the line says there.
    pub value: String,
}

/// In what a deal and its return differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Wrong {
    /// They would belong to different customers.
    Customer,
    /// Something would come back that was not sold.
    Stage,
    /// The deal would be won later than its return.
    Day,
}

/// The stored returns whose link the file leaves as it is, and that would not go with their deal any more.
pub async fn apart(tx: &mut Tx, import: i64) -> sqlx::Result<Vec<Apart>> {
    let org = tx.org;
    sqlx::query_as!(
        Apart,
        r#"with linked as (
               select coalesce(o.line, s.line) as line, o.line is not null as has_deal,
                      case when o.line is null then coalesce(d.external_id, d.number::text)
                      else coalesce(r.external_id, r.number::text) end as other,
                      coalesce(o.customer, s.customer) as customer, coalesce(o.stage, s.stage) as stage,
                      coalesce(o.closed_on, s.closed_on) as closed_on,
                      case when coalesce(o.customer, dc.external_id) is distinct from coalesce(s.customer, rc.external_id)
                               then 'customer'
                           when coalesce(o.stage, d.stage) <> 'won' then 'stage'
                           when coalesce(o.closed_on, d.booked_on) > coalesce(s.closed_on, r.booked_on) then 'day'
                      end as wrong
               from deals r
               join deals d on d.org_id = r.org_id and d.id = r.returns_id
               join customers rc on rc.org_id = r.org_id and rc.id = r.customer_id
               join customers dc on dc.org_id = d.org_id and dc.id = d.customer_id
               left join import_deals o on o.import_id = $1 and o.external_id = d.external_id
               left join import_deals s on s.import_id = $1 and s.external_id = r.external_id
               where r.org_id = $2 and r.returns_id is not null and s.returns is null
                 and (o.line is not null or s.line is not null) and coalesce(s.stage, r.stage) = 'won'
           )
           select distinct on (line) line as "line!", has_deal as "has_deal!", other as "other!", wrong as "wrong!: Wrong",
                  coalesce(case wrong when 'customer' then customer when 'stage' then stage else closed_on::text end, '')
                      as "value!"
           from linked
           where wrong is not null
           order by line, other"#,
        import,
        org as OrgId,
    )
    .fetch_all(&mut **tx)
    .await
}
