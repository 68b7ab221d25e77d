//! The SQL of the list of people: search, filters and pages.

use sqlx::{PgConnection, PgPool};
use time::{Date, OffsetDateTime};

use super::db::roles;
use crate::{
    domain::{
        access::{Role, Scope},
        id::{OrgId, TeamId, UserId},
    },
    postgres::tx::Read,
};

/// How many people a page shows.
pub const PAGE: usize = 50;

/// Whether somebody may and can sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// May sign in and has chosen a password.
    Active,
    /// May sign in, but has not chosen a password yet.
    NotYet,
    /// May not sign in, or has left.
    Deactivated,
}

impl State {
    /// Every state, in the order in which pages list them.
    pub const ALL: [Self; 3] = [Self::Active, Self::NotYet, Self::Deactivated];

    /// The word in the address of the list.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::NotYet => "not-yet",
            Self::Deactivated => "deactivated",
        }
    }

    /// The words on a page.
    pub fn label(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::NotYet => "No password yet",
            Self::Deactivated => "Deactivated",
        }
    }

    /// Reads the word of [`State::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// The state of a person.
    pub fn of(active: bool, has_sign_in: bool) -> Self {
        match (active, has_sign_in) {
            (false, _) => Self::Deactivated,
            (true, false) => Self::NotYet,
            (true, true) => Self::Active,
        }
    }
}

/// Which people are listed.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// A part of name, e-mail or external id; empty: all.
    pub search: String,
    /// Who bears this role.
    pub role: Option<Role>,
    /// Who belongs to this team today.
    pub team: Option<TeamId>,
    /// Who may and can sign in.
    pub state: Option<State>,
    /// Who is of this level; empty: all.
    pub level: String,
}

/// Which part of the list, in the order of the names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// From the top.
    #[default]
    First,
    /// What follows this person.
    After(UserId),
    /// What stands before this person.
    Before(UserId),
}

/// One line of the list.
#[derive(Clone, Debug)]
pub struct Line {
    /// The person.
    pub id: UserId,
    /// The name.
    pub name: String,
    /// The e-mail address.
    pub email: Option<String>,
    /// What the person is called at work.
    pub title: Option<String>,
    /// Junior, senior …
    pub level: Option<String>,
    /// The roles.
    pub roles: Vec<Role>,
    /// Today's team.
    pub team: Option<String>,
    /// The name in imported files.
    pub external_id: Option<String>,
    /// The first day.
    pub hired_on: Option<Date>,
    /// The first day no longer there.
    pub left_on: Option<Date>,
    /// Whether the person may and can sign in.
    pub state: State,
}

/// Some people, and how many there are before and after them.
#[derive(Clone, Debug)]
pub struct Found {
    /// The people, by name.
    pub lines: Vec<Line>,
    /// How many people the filter finds.
    pub total: i64,
    /// Whether there are people before.
    pub has_before: bool,
    /// Whether there are people after.
    pub has_after: bool,
}

/// The people whom the filter finds, so many at most.
pub async fn list(
    tx: &mut Read,
    scope: &Scope,
    filter: &Filter,
    part: Part,
    most: usize,
    today: Date,
) -> sqlx::Result<Found> {
    let (cursor, backwards) = match part {
        Part::First => (None, false),
        Part::After(id) => (Some(id), false),
        Part::Before(id) => (Some(id), true),
    };
    let limit = i64::try_from(most).unwrap_or(i64::MAX - 1) + 1;
    let rows = sqlx::query!(
        r#"with found as (
               select u.id, u.name, u.email, u.title, u.level, u.external_id, u.hired_on, u.left_on, t.name as team,
                      u.active and (u.left_on is null or u.left_on > $2) as active,
                      exists (select from sign_ins s where s.org_id = u.org_id and s.user_id = u.id) as has_sign_in,
                      array(select r.role from user_roles r where r.org_id = u.org_id and r.user_id = u.id) as roles
               from users u
               left join memberships m on m.org_id = u.org_id and m.user_id = u.id and m.during @> $2::date
               left join teams t on t.org_id = m.org_id and t.id = m.team_id
               where u.org_id = $1
                 and ($3 = '' or strpos(lower(concat_ws(' ', u.name, u.email, u.external_id)), lower($3)) > 0)
                 and ($4::bigint is null or m.team_id = $4)
                 and ($10 = '' or lower(u.level) = lower($10))
           ),
           chosen as (
               select id, name, email, title, level, external_id, hired_on, left_on, active, team, has_sign_in, roles
               from found
               where ($5::text is null or $5 = any (roles))
                 and ($6::text is null
                      or $6 = case when not active then 'deactivated' when has_sign_in then 'active' else 'not-yet' end)
           )
           select c.id as "id!: UserId", c.name as "name!", c.email, c.title, c.level, c.external_id, c.hired_on, c.left_on,
                  c.active as "active!", c.team as "team?",
                  c.has_sign_in as "has_sign_in!", c.roles as "roles!", (select count(*) from chosen) as "total!"
           from chosen c
           left join users p on p.org_id = $1 and p.id = $7
           where $7::bigint is null
              or case when $8 then (c.name, c.id) < (p.name, p.id) else (c.name, c.id) > (p.name, p.id) end
           order by case when $8 then c.name end desc, case when $8 then c.id end desc, c.name, c.id
           limit $9"#,
        scope.org as OrgId,
        today,
        filter.search,
        filter.team as Option<TeamId>,
        filter.role.map(Role::as_str),
        filter.state.map(State::as_str),
        cursor as Option<UserId>,
        backwards,
        limit,
        filter.level,
    )
    .fetch_all(&mut **tx)
    .await?;
    let total = rows.first().map_or(0, |row| row.total);
    let more = rows.len() > most;
    let mut lines: Vec<Line> = rows
        .into_iter()
        .take(most)
        .map(|row| Line {
            id: row.id,
            name: row.name,
            email: row.email,
            title: row.title,
            level: row.level,
            roles: roles(&row.roles),
            team: row.team,
            external_id: row.external_id,
            hired_on: row.hired_on,
            left_on: row.left_on,
            state: State::of(row.active, row.has_sign_in),
        })
        .collect();
    if backwards {
        lines.reverse();
    }
    let (has_before, has_after) = if backwards { (more, true) } else { (cursor.is_some(), more) };
    Ok(Found { lines, total, has_before, has_after })
}

/// The levels that somebody of the company has, by name: what a form offers.
pub async fn levels(tx: &mut Read, scope: &Scope) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        r#"select distinct level as "level!"
           from users
           where org_id = $1 and level is not null
           order by 1"#,
        scope.org as OrgId,
    )
    .fetch_all(&mut **tx)
    .await
}

/// A person as the command line lists one.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Account {
    /// The organization's name.
    pub organization: String,
    /// The person's name.
    pub name: String,
    /// The e-mail address.
    pub email: Option<String>,
    /// The roles.
    pub roles: Vec<Role>,
    /// Whether the person may and can sign in.
    pub state: State,
}

/// Everybody of one organization or of all, for the command line: it reads as the owner of the database.
pub async fn everybody(db: &PgPool, org: Option<OrgId>, now: OffsetDateTime) -> sqlx::Result<Vec<Account>> {
    let rows = sqlx::query!(
        r#"select o.name as organization, u.name, u.email,
                  u.active and (u.left_on is null or u.left_on > ($2::timestamptz at time zone o.time_zone)::date) as "active!",
                  exists (select from sign_ins s where s.org_id = u.org_id and s.user_id = u.id) as "has_sign_in!",
                  array(select r.role from user_roles r where r.org_id = u.org_id and r.user_id = u.id) as "roles!"
           from users u
           join organizations o on o.id = u.org_id
           where $1::bigint is null or u.org_id = $1
           order by o.name, u.name, u.id"#,
        org as Option<OrgId>,
        now,
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Account {
            organization: row.organization,
            name: row.name,
            email: row.email,
            roles: roles(&row.roles),
            state: State::of(row.active, row.has_sign_in),
        })
        .collect())
}

/// The person of this address, in any spelling of its letters.
pub async fn find_by_email(db: &PgPool, org: OrgId, email: &str) -> sqlx::Result<Option<(UserId, String)>> {
    let row = sqlx::query!(
        "select id, name
         from users
         where org_id = $1 and lower(email) = lower($2)",
        org as OrgId,
        email,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| (row.id, row.name)))
}

/// The active person of this address, in any spelling of its letters, with the roles.
pub async fn active_by_email(
    db: &mut PgConnection,
    org: OrgId,
    email: &str,
) -> sqlx::Result<Option<(UserId, Vec<Role>)>> {
    let row = sqlx::query!(
        r#"select u.id,
                  array(select r.role from user_roles r where r.org_id = u.org_id and r.user_id = u.id) as "roles!"
           from users u
           where u.org_id = $1 and lower(u.email) = lower($2) and u.active"#,
        org as OrgId,
        email,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| (row.id, roles(&row.roles))))
}

/// The active people with one of these roles: each with the address, else the name, in that order.
pub async fn active_of(db: &mut PgConnection, org: OrgId, of: &[Role]) -> sqlx::Result<Vec<(UserId, String)>> {
    let of: Vec<String> = of.iter().map(|role| role.as_str().to_owned()).collect();
    let rows = sqlx::query!(
        r#"select u.id, coalesce(u.email, u.name) as "called!"
           from users u
           where u.org_id = $1 and u.active
             and exists (
                 select from user_roles r
                 where r.org_id = u.org_id and r.user_id = u.id and r.role = any ($2)
             )
           order by 2, u.id"#,
        org as OrgId,
        &of,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.called)).collect())
}
