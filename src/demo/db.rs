//! The demo's SQL: who is who among the imported, and whom to visit today.

use sqlx::PgConnection;
use time::Date;

use crate::{
    domain::id::{CustomerId, OrgId, TeamId, UserId},
    postgres::tx::Tx,
};

/// An imported person.
pub struct PersonRow {
    /// The person.
    pub id: UserId,
    /// The name in the files.
    pub external_id: String,
    /// The name.
    pub name: String,
    /// Whether the person sells.
    pub is_rep: bool,
}

/// Everybody who came with the files, by name in the files.
pub async fn people(db: &mut PgConnection, org: OrgId) -> sqlx::Result<Vec<PersonRow>> {
    sqlx::query_as!(
        PersonRow,
        r#"select u.id, u.external_id as "external_id!", u.name,
                  exists(
                      select from user_roles r where r.org_id = u.org_id and r.user_id = u.id and r.role = 'rep'
                  ) as "is_rep!"
           from users u
           where u.org_id = $1 and u.external_id is not null
           order by u.external_id"#,
        org as OrgId,
    )
    .fetch_all(db)
    .await
}

/// The reps that are on a plan.
pub async fn on_plan(db: &mut PgConnection, org: OrgId, plan: &str) -> sqlx::Result<Vec<UserId>> {
    sqlx::query_scalar!(
        "select a.rep_id
         from plan_assignments a
         join plans p on p.org_id = a.org_id and p.id = a.plan_id
         where a.org_id = $1 and p.name = $2
         order by a.rep_id",
        org as OrgId,
        plan,
    )
    .fetch_all(db)
    .await
}

/// The team that a person belongs to on a day.
pub async fn team_of(db: &mut PgConnection, org: OrgId, user: UserId, on: Date) -> sqlx::Result<Option<TeamId>> {
    sqlx::query_scalar!(
        "select m.team_id
         from memberships m
         where m.org_id = $1 and m.user_id = $2 and m.during @> $3::date",
        org as OrgId,
        user as UserId,
        on,
    )
    .fetch_optional(db)
    .await
}

/// Gives a person the address to write to.
pub async fn set_address(tx: &mut Tx, user: UserId, email: &str) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!("update users set email = $3 where org_id = $1 and id = $2", org as OrgId, user as UserId, email)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// A rep's customers that were not visited for the longest time.
pub async fn to_visit(
    db: &mut PgConnection,
    org: OrgId,
    rep: UserId,
    today: Date,
    limit: i64,
) -> sqlx::Result<Vec<CustomerId>> {
    sqlx::query_scalar!(
        "select o.customer_id
         from ownerships o
         left join visits v on v.org_id = o.org_id and v.customer_id = o.customer_id and v.state = 'done'
         where o.org_id = $1 and o.rep_id = $2 and o.during @> $3::date
         group by o.customer_id
         order by max(v.visited_on) nulls first, o.customer_id
         limit $4",
        org as OrgId,
        rep as UserId,
        today,
        limit,
    )
    .fetch_all(db)
    .await
}
