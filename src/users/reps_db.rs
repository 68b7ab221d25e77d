//! The reps by name: those in sight, for filters; all who sell at a time, to share a deal with.

use sqlx::PgConnection;
use time::Date;

use crate::domain::{
    access::Scope,
    id::{OrgId, TeamId, UserId},
};

/// The reps in sight by name, also those who left: their records stay.
pub async fn in_sight(db: &mut PgConnection, scope: &Scope) -> sqlx::Result<Vec<(UserId, String)>> {
    let rows = sqlx::query!(
        "select u.id, u.name
         from users u
         where u.org_id = $1 and ($2::bigint[] is null or u.id = any ($2))
           and exists (
               select from user_roles r
               where r.org_id = u.org_id and r.user_id = u.id and r.role = 'rep'
           )
         order by lower(u.name), u.id",
        scope.org as OrgId,
        scope.reps() as Option<&[UserId]>,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

/// Everybody of the organization who is a rep and has not left by that day, by name.
pub async fn selling(db: &mut PgConnection, org: OrgId, on: Date) -> sqlx::Result<Vec<(UserId, String)>> {
    let rows = sqlx::query!(
        "select u.id, u.name
         from users u
         where u.org_id = $1 and (u.left_on is null or u.left_on > $2)
           and exists (
               select from user_roles r
               where r.org_id = u.org_id and r.user_id = u.id and r.role = 'rep'
           )
         order by lower(u.name), u.id",
        org as OrgId,
        on,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

/// Every rep who left on a day or since, and by today, by name: whom a late deal may name.
pub async fn left_since(
    db: &mut PgConnection,
    org: OrgId,
    since: Date,
    today: Date,
) -> sqlx::Result<Vec<(UserId, String, Date)>> {
    let rows = sqlx::query!(
        r#"select u.id, u.name, u.left_on as "left_on!"
           from users u
           where u.org_id = $1 and u.left_on between $2 and $3
             and exists (
                 select from user_roles r
                 where r.org_id = u.org_id and r.user_id = u.id and r.role = 'rep'
             )
           order by lower(u.name), u.id"#,
        org as OrgId,
        since,
        today,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name, row.left_on)).collect())
}

/// The name of a team, for the head of a list.
pub async fn team_name(db: &mut PgConnection, org: OrgId, team: TeamId) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!("select name from teams where org_id = $1 and id = $2", org as OrgId, team as TeamId,)
        .fetch_optional(db)
        .await
}

/// The name of a person, for the head of a list.
pub async fn name(db: &mut PgConnection, org: OrgId, user: UserId) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!("select name from users where org_id = $1 and id = $2", org as OrgId, user as UserId)
        .fetch_optional(db)
        .await
}

/// The name of the plan that a person is on.
pub async fn plan(db: &mut PgConnection, org: OrgId, user: UserId, on: Date) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!(
        "select p.name
         from plan_assignments a
         join plans p on p.org_id = a.org_id and p.id = a.plan_id
         where a.org_id = $1 and a.rep_id = $2 and a.during @> $3::date",
        org as OrgId,
        user as UserId,
        on,
    )
    .fetch_optional(db)
    .await
}
