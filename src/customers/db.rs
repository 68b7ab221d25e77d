//! The customers' SQL that writes: who they are, who owns them from when, how relations end.

use serde_json::Value;
use time::Date;

use crate::{
    domain::{
        customer::facts::EndingKind,
        id::{CustomerId, EndingId, OrgId, UserId},
    },
    postgres::tx::Tx,
};

/// What is kept of a customer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// The name, 1 to 200 characters.
    pub name: String,
    /// The company's own grouping; loss limits may differ by it.
    pub segment: Option<String>,
    /// What it does.
    pub industry: Option<String>,
    /// Where it is.
    pub city: Option<String>,
    /// In which country.
    pub country: Option<String>,
    /// Bought before the first recorded sale, since that day.
    pub customer_since: Option<Date>,
    /// Free fields: name and value.
    pub attributes: Vec<(String, String)>,
    /// Free words.
    pub notes: String,
}

impl Details {
    fn json(&self) -> Value {
        self.attributes.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect()
    }
}

/// A person at a customer.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Contact {
    /// The name, 1 to 200 characters.
    pub name: String,
    /// What the person does there.
    pub role: String,
    /// An address, not checked.
    pub email: String,
    /// A number, as typed.
    pub phone: String,
}

/// The end of a relation, as a person declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEnding {
    /// On which day.
    pub on: Date,
    /// How.
    pub kind: EndingKind,
    /// What the customer said, 1 to 2000 characters.
    pub reason: String,
    /// What turned out to be true.
    pub verified_reason: Option<String>,
    /// Who got it.
    pub competitor: Option<String>,
}

/// Writes a customer that is new, without owner and contacts.
pub async fn insert(tx: &mut Tx, new: &Details, created_on: Date) -> sqlx::Result<CustomerId> {
    let (org, now) = (tx.org, tx.now);
    sqlx::query_scalar!(
        "insert into customers (org_id, name, segment, industry, city, country, customer_since, attributes, notes,
                                created_on, recorded_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         returning id",
        org as OrgId,
        new.name,
        new.segment,
        new.industry,
        new.city,
        new.country,
        new.customer_since,
        new.json(),
        new.notes,
        created_on,
        now,
    )
    .fetch_one(&mut **tx)
    .await
}

/// Writes a customer anew, if it is still of this version. A new `customer_since` or segment may change its events:
/// recompute them in the same transaction.
pub async fn update(tx: &mut Tx, id: CustomerId, version: i32, new: &Details) -> sqlx::Result<bool> {
    let org = tx.org;
    let done = sqlx::query!(
        "update customers
         set name = $4, segment = $5, industry = $6, city = $7, country = $8, customer_since = $9, attributes = $10,
             notes = $11, version = version + 1
         where org_id = $1 and id = $2 and version = $3",
        org as OrgId,
        id as CustomerId,
        version,
        new.name,
        new.segment,
        new.industry,
        new.city,
        new.country,
        new.customer_since,
        new.json(),
        new.notes,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Hands a customer to a rep (or to nobody) from a day on; none stands for the beginning. What was entered for later
/// days is replaced. Recompute the customer's events in the same transaction.
pub async fn set_owner(tx: &mut Tx, customer: CustomerId, rep: Option<UserId>, from: Option<Date>) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "delete from ownerships
         where org_id = $1 and customer_id = $2
           and ($3::date is null or lower(during) >= $3)",
        org as OrgId,
        customer as CustomerId,
        from,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "update ownerships
         set during = daterange(lower(during), $3)
         where org_id = $1 and customer_id = $2 and during @> $3::date",
        org as OrgId,
        customer as CustomerId,
        from,
    )
    .execute(&mut **tx)
    .await?;
    if let Some(rep) = rep {
        sqlx::query!(
            "insert into ownerships (org_id, customer_id, rep_id, during)
             values ($1, $2, $3, daterange($4, null))",
            org as OrgId,
            customer as CustomerId,
            rep as UserId,
            from,
        )
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

/// Replaces the contacts of a customer.
pub async fn set_contacts(tx: &mut Tx, customer: CustomerId, contacts: &[Contact]) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!("delete from contacts where org_id = $1 and customer_id = $2", org as OrgId, customer as CustomerId)
        .execute(&mut **tx)
        .await?;
    for contact in contacts {
        sqlx::query!(
            "insert into contacts (org_id, customer_id, name, role, email, phone)
             values ($1, $2, $3, $4, $5, $6)",
            org as OrgId,
            customer as CustomerId,
            contact.name,
            contact.role,
            contact.email,
            contact.phone,
        )
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

/// Writes the end of a relation. Recompute the customer's events in the same transaction.
pub async fn insert_ending(tx: &mut Tx, customer: CustomerId, ending: &NewEnding) -> sqlx::Result<EndingId> {
    let (org, actor, now) = (tx.org, tx.actor, tx.now);
    sqlx::query_scalar!(
        "insert into endings (org_id, customer_id, on_date, kind, reason, verified_reason, competitor, recorded_by,
                              recorded_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         returning id",
        org as OrgId,
        customer as CustomerId,
        ending.on,
        ending.kind as EndingKind,
        ending.reason,
        ending.verified_reason,
        ending.competitor,
        actor as Option<UserId>,
        now,
    )
    .fetch_one(&mut **tx)
    .await
}

/// Takes the end of a relation back. Recompute the customer's events in the same transaction.
pub async fn delete_ending(tx: &mut Tx, customer: CustomerId, id: EndingId) -> sqlx::Result<bool> {
    let org = tx.org;
    let done = sqlx::query!(
        "delete from endings
         where org_id = $1 and customer_id = $2 and id = $3",
        org as OrgId,
        customer as CustomerId,
        id as EndingId,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}
