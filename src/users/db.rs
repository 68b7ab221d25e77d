//! The people's SQL: who they are, their roles, and which team they belong to from when.

use time::Date;

use crate::{
    domain::{
        access::Role,
        id::{OrgId, TeamId, UserId},
    },
    postgres::tx::Tx,
};

/// What is known of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// The name, 1 to 200 characters.
    pub name: String,
    /// The address to which an invitation goes, lower case; unique in the organization.
    pub email: Option<String>,
    /// What the person is called at work.
    pub title: Option<String>,
    /// Junior, senior …
    pub level: Option<String>,
    /// First day at the company.
    pub hired_on: Option<Date>,
    /// First day no longer there.
    pub left_on: Option<Date>,
}

/// Creates a person without roles, team and sign-in. An address that is taken violates `users_email_key`.
pub async fn insert(tx: &mut Tx, new: &Details) -> sqlx::Result<UserId> {
    let (org, now) = (tx.org, tx.now);
    sqlx::query_scalar!(
        "insert into users (org_id, name, email, title, level, hired_on, left_on, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         returning id",
        org as OrgId,
        new.name,
        new.email,
        new.title,
        new.level,
        new.hired_on,
        new.left_on,
        now,
    )
    .fetch_one(&mut **tx)
    .await
}

/// Gives a person exactly these roles.
pub async fn set_roles(tx: &mut Tx, user: UserId, roles: &[Role]) -> sqlx::Result<()> {
    let org = tx.org;
    let roles: Vec<String> = roles.iter().map(|role| role.as_str().to_owned()).collect();
    sqlx::query!(
        "delete from user_roles
         where org_id = $1 and user_id = $2 and role <> all ($3)",
        org as OrgId,
        user as UserId,
        &roles,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into user_roles (org_id, user_id, role)
         select $1, $2, role
         from unnest($3::text[]) as role
         on conflict do nothing",
        org as OrgId,
        user as UserId,
        &roles,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Puts a person into a team (or into none) from a day on; none stands for the beginning. What was entered for later
/// days is replaced.
pub async fn set_team(tx: &mut Tx, user: UserId, team: Option<TeamId>, from: Option<Date>) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "delete from memberships
         where org_id = $1 and user_id = $2
           and ($3::date is null or lower(during) >= $3)",
        org as OrgId,
        user as UserId,
        from,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "update memberships
         set during = daterange(lower(during), $3)
         where org_id = $1 and user_id = $2 and during @> $3::date",
        org as OrgId,
        user as UserId,
        from,
    )
    .execute(&mut **tx)
    .await?;
    if let Some(team) = team {
        sqlx::query!(
            "insert into memberships (org_id, user_id, team_id, during)
             values ($1, $2, $3, daterange($4, null))",
            org as OrgId,
            user as UserId,
            team as TeamId,
            from,
        )
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}
