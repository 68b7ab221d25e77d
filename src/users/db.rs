//! The people's SQL: who they are, their roles, and which team they belong to from when.

use sqlx::PgConnection;
use time::{Date, OffsetDateTime, PrimitiveDateTime};

use crate::{
    domain::{
        access::{Role, Scope},
        id::{OrgId, TeamId, UserId},
        locale::Locale,
    },
    postgres::tx::{Read, Tx},
};

/// What is known of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
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

/// A person as the administrator sees one.
#[derive(Clone, Debug)]
pub struct Person {
    /// The id.
    pub id: UserId,
    /// What is known of the person.
    pub details: Details,
    /// The name of the person in imported files.
    pub external_id: Option<String>,
    /// Whether the person may sign in, until the last day is over.
    pub active: bool,
    /// Whether the last day is over.
    pub has_left: bool,
    /// Counts the changes.
    pub version: i32,
    /// The roles, in the order of [`Role::ALL`].
    pub roles: Vec<Role>,
    /// Whether the person has ever chosen a password.
    pub has_sign_in: bool,
    /// Whether a code is asked for after the password.
    pub second_factor: bool,
    /// Until when the person's link works, at the company; if there is one.
    pub invited_until: Option<PrimitiveDateTime>,
}

/// Sets the person's own form of numbers and dates; nothing: that of the company.
pub async fn set_locale(tx: &mut Tx, id: UserId, locale: Option<Locale>) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "update users
         set locale = $3
         where org_id = $1 and id = $2",
        org as OrgId,
        id as UserId,
        locale.map(Locale::as_str),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// One person of the organization.
pub async fn find(tx: &mut Read, scope: &Scope, id: UserId, now: OffsetDateTime) -> sqlx::Result<Option<Person>> {
    let row = sqlx::query!(
        r#"select u.id, u.external_id, u.name, u.email, u.title, u.level, u.hired_on, u.left_on, u.active, u.version,
                  coalesce(u.left_on <= ($3::timestamptz at time zone o.time_zone)::date, false) as "has_left!",
                  array(select r.role from user_roles r where r.org_id = u.org_id and r.user_id = u.id) as "roles!",
                  exists (select from sign_ins s where s.org_id = u.org_id and s.user_id = u.id) as "has_sign_in!",
                  exists (
                      select from second_factors f
                      where f.org_id = u.org_id and f.user_id = u.id and f.confirmed_at is not null
                  ) as "second_factor!",
                  (select i.expires_at at time zone o.time_zone
                   from invitations i
                   where i.org_id = u.org_id and i.user_id = u.id and i.expires_at > $3) as invited_until
           from users u
           join organizations o on o.id = u.org_id
           where u.org_id = $1 and u.id = $2"#,
        scope.org as OrgId,
        id as UserId,
        now,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| Person {
        id: row.id,
        details: Details {
            name: row.name,
            email: row.email,
            title: row.title,
            level: row.level,
            hired_on: row.hired_on,
            left_on: row.left_on,
        },
        external_id: row.external_id,
        active: row.active,
        has_left: row.has_left,
        version: row.version,
        roles: roles(&row.roles),
        has_sign_in: row.has_sign_in,
        second_factor: row.second_factor,
        invited_until: row.invited_until,
    }))
}

/// The roles behind the words of the database, in the order of [`Role::ALL`].
pub fn roles(words: &[String]) -> Vec<Role> {
    Role::ALL.into_iter().filter(|role| words.iter().any(|word| word == role.as_str())).collect()
}

/// A stretch of time in a team.
#[derive(Clone, Debug)]
pub struct Membership {
    /// The team.
    pub team: TeamId,
    /// Its name.
    pub name: String,
    /// First day; none stands for the beginning.
    pub from: Option<Date>,
    /// First day no longer; none stands for open.
    pub to: Option<Date>,
}

/// The teams of a person over time, the latest first.
pub async fn memberships(db: &mut PgConnection, scope: &Scope, user: UserId) -> sqlx::Result<Vec<Membership>> {
    sqlx::query_as!(
        Membership,
        r#"select m.team_id as team, t.name, lower(m.during) as from, upper(m.during) as to
           from memberships m
           join teams t on t.org_id = m.org_id and t.id = m.team_id
           where m.org_id = $1 and m.user_id = $2
           order by lower(m.during) desc nulls last"#,
        scope.org as OrgId,
        user as UserId,
    )
    .fetch_all(db)
    .await
}

/// Everybody who bears this role, may sign in or be counted, and has not left by a day, by name: for lists to choose from.
pub async fn with_role(tx: &mut Read, scope: &Scope, role: Role, on: Date) -> sqlx::Result<Vec<(UserId, String)>> {
    let rows = sqlx::query!(
        r#"select u.id, u.name
           from user_roles r
           join users u on u.org_id = r.org_id and u.id = r.user_id and u.active
           where r.org_id = $1 and r.role = $2 and (u.left_on is null or u.left_on > $3)
           order by u.name, u.id"#,
        scope.org as OrgId,
        role.as_str(),
        on,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
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

/// Changes what is known of a person, if it is still of this version.
pub async fn update(tx: &mut Tx, id: UserId, version: i32, new: &Details) -> sqlx::Result<bool> {
    let org = tx.org;
    let done = sqlx::query!(
        "update users
         set name = $4, email = $5, title = $6, level = $7, hired_on = $8, left_on = $9, version = version + 1
         where org_id = $1 and id = $2 and version = $3",
        org as OrgId,
        id as UserId,
        version,
        new.name,
        new.email,
        new.title,
        new.level,
        new.hired_on,
        new.left_on,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Lets a person sign in, or no longer.
pub async fn set_active(tx: &mut Tx, id: UserId, active: bool) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "update users
         set active = $3
         where org_id = $1 and id = $2",
        org as OrgId,
        id as UserId,
        active,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Counts a change of a person, if it is still of this version.
pub async fn touch(tx: &mut Tx, id: UserId, version: i32) -> sqlx::Result<bool> {
    let org = tx.org;
    let done = sqlx::query!(
        "update users
         set version = version + 1
         where org_id = $1 and id = $2 and version = $3",
        org as OrgId,
        id as UserId,
        version,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether the organization has a person of this id.
pub async fn exists(tx: &mut Tx, id: UserId) -> sqlx::Result<bool> {
    let org = tx.org;
    sqlx::query_scalar!(
        r#"select exists (select from users where org_id = $1 and id = $2) as "exists!""#,
        org as OrgId,
        id as UserId,
    )
    .fetch_one(&mut **tx)
    .await
}

/// Why the only one of [`admins`] stays.
pub const LAST_ADMIN: &str = "This is the only administrator with a password. Make somebody else administrator first.";

/// The administrators who can sign in and have no last day. Take [`crate::organizations::db::lock`] before: two administrators
/// could remove each other in the same moment.
pub async fn admins(tx: &mut Tx) -> sqlx::Result<Vec<UserId>> {
    let org = tx.org;
    sqlx::query_scalar!(
        r#"select u.id
           from user_roles r
           join users u on u.org_id = r.org_id and u.id = r.user_id and u.active and u.left_on is null
           join sign_ins s on s.org_id = u.org_id and s.user_id = u.id
           where r.org_id = $1 and r.role = 'admin'"#,
        org as OrgId,
    )
    .fetch_all(&mut **tx)
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
