//! What the command line needs to know of a company before it asks for facts.

use sqlx::PgConnection;
use time::{Date, Month, OffsetDateTime};

use crate::domain::{
    company::GrowthBase,
    id::{OrgId, TeamId, UserId},
    money::{Currency, NotACurrency},
    period::month_number,
};

/// The settings that decide what periods and numbers mean.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The currency of all its money.
    pub currency: Currency,
    /// The month in which the fiscal year begins.
    pub fiscal_start: Month,
    /// What growth is compared with.
    pub growth_base: GrowthBase,
    /// The day it is there.
    pub today: Date,
}

/// The settings of an organization, and what day it is there.
pub async fn settings(db: &mut PgConnection, org: OrgId, now: OffsetDateTime) -> sqlx::Result<Settings> {
    let row = sqlx::query!(
        r#"select currency, fiscal_year_start, growth_base as "growth_base: GrowthBase",
                  ($2::timestamptz at time zone time_zone)::date as "today!"
           from organizations
           where id = $1"#,
        org as OrgId,
        now,
    )
    .fetch_one(db)
    .await?;
    Ok(Settings {
        currency: Currency::parse(&row.currency).map_err(|e: NotACurrency| sqlx::Error::Decode(e.into()))?,
        fiscal_start: month_number(i32::from(row.fiscal_year_start)),
        growth_base: row.growth_base,
        today: row.today,
    })
}

/// Everyone with the role rep, whether still there or not, by external id; who has none is `#` and the number of the
/// person.
pub async fn reps(db: &mut PgConnection, org: OrgId) -> sqlx::Result<Vec<(UserId, String)>> {
    let rows = sqlx::query!(
        r#"select u.id, coalesce(u.external_id, '#' || u.id) as "external_id!"
           from users u
           join user_roles r on r.org_id = u.org_id and r.user_id = u.id and r.role = 'rep'
           where u.org_id = $1"#,
        org as OrgId,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.external_id)).collect())
}

/// Every team by name.
pub async fn teams(db: &mut PgConnection, org: OrgId) -> sqlx::Result<Vec<(TeamId, String)>> {
    let rows = sqlx::query!(
        "select id, name
         from teams
         where org_id = $1",
        org as OrgId,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}
