//! The organizations' SQL.

use time::{Date, OffsetDateTime};

use crate::{
    domain::{customer::facts::DEFAULT_LIMIT_DAYS, id::OrgId, money::Currency},
    postgres::tx::Tx,
};

/// A company that is about to begin. Its other settings have the defaults of the table.
#[derive(Clone, Debug)]
pub struct NewOrganization {
    /// Its name, 1 to 120 characters, unique.
    pub name: String,
    /// The currency of all its money.
    pub currency: Currency,
    /// IANA name of its time zone; see [`time_zone`].
    pub time_zone: String,
}

/// Creates an organization with the default loss limit. The transaction must be the owner's
/// ([`crate::postgres::tx::write_as_owner`]): nobody serves an organization that is not there yet. From here on the
/// transaction is bound to it.
///
/// A name that is taken violates `organizations_name_key`.
pub async fn create(tx: &mut Tx, new: &NewOrganization) -> sqlx::Result<OrgId> {
    let now = tx.now;
    let org = sqlx::query_scalar!(
        "insert into organizations (name, currency, time_zone, created_at)
         values ($1, $2, $3, $4)
         returning id",
        new.name,
        new.currency.code(),
        new.time_zone,
        now,
    )
    .fetch_one(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into loss_limits (org_id, days)
         values ($1, $2)",
        org as OrgId,
        DEFAULT_LIMIT_DAYS.cast_signed(),
    )
    .execute(&mut **tx)
    .await?;
    tx.org = org;
    Ok(org)
}

/// The organization of this name.
pub async fn find_by_name(db: &sqlx::PgPool, name: &str) -> sqlx::Result<Option<OrgId>> {
    sqlx::query_scalar!("select id from organizations where name = $1", name).fetch_optional(db).await
}

/// Every organization with its name, by name: the command line names them.
pub async fn all(db: &sqlx::PgPool) -> sqlx::Result<Vec<(OrgId, String)>> {
    let rows = sqlx::query!("select id, name from organizations order by name").fetch_all(db).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

/// Whether there is any organization: as long as there is none, the program asks to be set up.
pub async fn any_exists(db: impl sqlx::PgExecutor<'_>) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select exists (select from organizations) as "exists!""#).fetch_one(db).await
}

/// Holds off everybody else who would create an organization, until this transaction ends.
pub async fn lock_out_others(tx: &mut Tx) -> sqlx::Result<()> {
    sqlx::query!("lock table organizations in share row exclusive mode").execute(&mut **tx).await?;
    Ok(())
}

/// The time zone as PostgreSQL spells it, if it knows it. PostgreSQL does all arithmetic with time zones.
pub async fn time_zone(db: &sqlx::PgPool, name: &str) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        r#"select name as "name!"
           from pg_timezone_names
           where lower(name) = lower($1) and name !~ '^(posix|right)/' and name <> 'Factory'"#,
        name,
    )
    .fetch_optional(db)
    .await
}

/// Every time zone that PostgreSQL knows by region and city, with UTC first.
pub async fn time_zones(db: &sqlx::PgPool) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        r#"select name as "name!"
           from pg_timezone_names
           where name = 'UTC'
              or name ~ '^(Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific)/'
           order by name <> 'UTC', name"#,
    )
    .fetch_all(db)
    .await
}

/// What day it is at the organization.
pub async fn today(db: &sqlx::PgPool, org: OrgId, now: OffsetDateTime) -> sqlx::Result<Date> {
    sqlx::query_scalar!(
        r#"select ($2::timestamptz at time zone time_zone)::date as "today!"
           from organizations
           where id = $1"#,
        org as OrgId,
        now,
    )
    .fetch_one(db)
    .await
}

/// Holds off everybody else who takes this lock, until this transaction ends: for rules over several rows, such as "no
/// loop in the tree of teams" and "somebody is administrator".
pub async fn lock(tx: &mut Tx) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!("select id from organizations where id = $1 for update", org as OrgId).fetch_one(&mut **tx).await?;
    Ok(())
}
