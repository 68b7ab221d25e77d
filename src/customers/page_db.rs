//! One customer: details, owner, contacts, figures and everything that happened.

use serde_json::Value;
use sqlx::PgConnection;
use time::{Date, Month, PrimitiveDateTime};

use super::db::{Contact, Details};
use crate::domain::{
    customer::facts::EndingKind,
    id::{CustomerId, EndingId, OrgId, UserId},
    money::Money,
    period::{Period, add_months},
};

/// A customer as it is kept.
#[derive(Clone, Debug)]
pub struct Customer {
    /// The customer.
    pub id: CustomerId,
    /// Its id in imported files.
    pub external_id: Option<String>,
    /// What is kept of it.
    pub details: Details,
    /// Who owns it today.
    pub owner_id: Option<UserId>,
    /// The owner's name.
    pub owner: Option<String>,
    /// Since when; none: from the beginning.
    pub owner_from: Option<Date>,
    /// When it was first entered.
    pub created_on: Date,
    /// Counts its changes.
    pub version: i32,
}

/// A customer of the organization. Whether it is in sight says [`super::find_db::visible`].
pub async fn find(db: &mut PgConnection, org: OrgId, id: CustomerId, today: Date) -> sqlx::Result<Option<Customer>> {
    let row = sqlx::query!(
        r#"select c.id, c.external_id, c.name, c.segment, c.industry, c.city, c.country, c.customer_since, c.attributes,
                  c.notes, c.created_on, c.version, o.rep_id as "owner_id?", u.name as "owner?",
                  lower(o.during) as owner_from
           from customers c
           left join ownerships o on o.org_id = c.org_id and o.customer_id = c.id and o.during @> $3::date
           left join users u on u.org_id = o.org_id and u.id = o.rep_id
           where c.org_id = $1 and c.id = $2"#,
        org as OrgId,
        id as CustomerId,
        today,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Customer {
        id: row.id,
        external_id: row.external_id,
        details: Details {
            name: row.name,
            segment: row.segment,
            industry: row.industry,
            city: row.city,
            country: row.country,
            customer_since: row.customer_since,
            attributes: attributes(&row.attributes),
            notes: row.notes,
        },
        owner_id: row.owner_id,
        owner: row.owner,
        owner_from: row.owner_from,
        created_on: row.created_on,
        version: row.version,
    }))
}

fn attributes(json: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    json.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), text(value))).collect()
}

/// The people at a customer, in the order in which they were entered.
pub async fn contacts(db: &mut PgConnection, org: OrgId, customer: CustomerId) -> sqlx::Result<Vec<Contact>> {
    sqlx::query_as!(
        Contact,
        "select name, role, email, phone
         from contacts
         where org_id = $1 and customer_id = $2
         order by id",
        org as OrgId,
        customer as CustomerId,
    )
    .fetch_all(db)
    .await
}

/// An owner over time.
#[derive(Clone, Debug)]
pub struct Owner {
    /// The name.
    pub name: String,
    /// First day; none: from the beginning.
    pub from: Option<Date>,
    /// First day no longer; none: open.
    pub to: Option<Date>,
}

/// Who owns, owned and will own a customer, the latest first.
pub async fn owners(db: &mut PgConnection, org: OrgId, customer: CustomerId) -> sqlx::Result<Vec<Owner>> {
    sqlx::query_as!(
        Owner,
        r#"select u.name, lower(o.during) as "from?", upper(o.during) as "to?"
           from ownerships o
           join users u on u.org_id = o.org_id and u.id = o.rep_id
           where o.org_id = $1 and o.customer_id = $2
           order by lower(o.during) desc nulls last"#,
        org as OrgId,
        customer as CustomerId,
    )
    .fetch_all(db)
    .await
}

/// The end of a relation.
#[derive(Clone, Debug)]
pub struct Ending {
    /// The ending.
    pub id: EndingId,
    /// On which day.
    pub on: Date,
    /// How.
    pub kind: EndingKind,
    /// What the customer said.
    pub reason: String,
    /// What turned out to be true.
    pub verified_reason: Option<String>,
    /// Who got it.
    pub competitor: Option<String>,
    /// Who declared it; nobody: an import.
    pub by: Option<String>,
    /// When, at the company.
    pub recorded_at: PrimitiveDateTime,
}

/// The endings of a relation, the latest first.
pub async fn endings(
    db: &mut PgConnection,
    org: OrgId,
    customer: CustomerId,
    time_zone: &str,
) -> sqlx::Result<Vec<Ending>> {
    sqlx::query_as!(
        Ending,
        r#"select e.id, e.on_date as on, e.kind as "kind: EndingKind", e.reason, e.verified_reason, e.competitor,
                  u.name as "by?", e.recorded_at at time zone $3 as "recorded_at!"
           from endings e
           left join users u on u.org_id = e.org_id and u.id = e.recorded_by
           where e.org_id = $1 and e.customer_id = $2
           order by e.on_date desc, e.id desc"#,
        org as OrgId,
        customer as CustomerId,
        time_zone,
    )
    .fetch_all(db)
    .await
}

/// The figures of a customer's page.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Net sales of the last twelve months.
    pub sales: Money,
    /// Net sales of the twelve months before.
    pub sales_before: Money,
    /// Deals won in the last twelve months, returns not among them.
    pub deals: i64,
    /// Visits in the last twelve months, one a day.
    pub visits: i64,
    /// When somebody was there last.
    pub last_visit: Option<Date>,
}

/// The figures of a customer by today.
pub async fn figures(db: &mut PgConnection, org: OrgId, customer: CustomerId, today: Date) -> sqlx::Result<Figures> {
    sqlx::query_as!(
        Figures,
        r#"select coalesce(sum(d.net) filter (where d.booked_on > $4), 0)::bigint as "sales!: Money",
                  coalesce(sum(d.net) filter (where d.booked_on <= $4), 0)::bigint as "sales_before!: Money",
                  count(*) filter (where d.booked_on > $4 and d.net > 0) as "deals!",
                  (select count(distinct v.visited_on)
                   from visits v
                   where v.org_id = $1 and v.customer_id = $2 and v.visited_on > $4 and v.visited_on <= $3
                     and v.state = 'done' and v.kind = 'in_person') as "visits!",
                  (select max(v.visited_on)
                   from visits v
                   where v.org_id = $1 and v.customer_id = $2 and v.visited_on <= $3 and v.state = 'done'
                     and v.kind = 'in_person') as last_visit
           from deals d
           where d.org_id = $1 and d.customer_id = $2 and d.booked_on > $5 and d.booked_on <= $3"#,
        org as OrgId,
        customer as CustomerId,
        today,
        add_months(today, -12),
        add_months(today, -24),
    )
    .fetch_one(db)
    .await
}

/// Net sales of each of the last twelve months, this one last and so far: the month's first day and the sum.
pub async fn months(
    db: &mut PgConnection,
    org: OrgId,
    customer: CustomerId,
    today: Date,
) -> sqlx::Result<Vec<(Date, Money)>> {
    let rows = sqlx::query!(
        r#"select m.first::date as "first!", coalesce(sum(d.net), 0)::bigint as "net!: Money"
           from generate_series($4::date::timestamp, $3::date::timestamp, interval '1 month') as m (first)
           left join deals d on d.org_id = $1 and d.customer_id = $2 and d.booked_on >= $4 and d.booked_on <= $3
                             and date_trunc('month', d.booked_on::timestamp) = m.first
           group by m.first
           order by m.first"#,
        org as OrgId,
        customer as CustomerId,
        today,
        add_months(Period::month(today, Month::January).from(), -11),
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.first, row.net)).collect())
}
