//! The teams' SQL: the tree, and who manages which team from when.

use sqlx::PgConnection;
use time::Date;

use crate::{
    domain::{
        access::Scope,
        id::{OrgId, TeamId, UserId},
    },
    postgres::tx::{Read, Tx},
};

/// A team in the order of the tree, with today's managers.
#[derive(Clone, Debug)]
pub struct Team {
    /// Its id.
    pub id: TeamId,
    /// Its name.
    pub name: String,
    /// Its name after the names of the teams above it: "Europe / North".
    pub path: String,
    /// The team above it.
    pub parent: Option<TeamId>,
    /// How many teams are above it.
    pub depth: i32,
    /// How many people belong to it today, without its subteams.
    pub members: i64,
    /// Who manages it today.
    pub managers: Vec<String>,
    /// Counts its changes.
    pub version: i32,
}

/// A stretch of time in which somebody manages a team.
#[derive(Clone, Debug)]
pub struct Manager {
    /// Who.
    pub user: UserId,
    /// The name.
    pub name: String,
    /// First day; none stands for the beginning.
    pub from: Option<Date>,
    /// First day no longer; none stands for open.
    pub to: Option<Date>,
}

/// The whole tree, every team after the one above it.
pub async fn tree(tx: &mut Read, scope: &Scope, today: Date) -> sqlx::Result<Vec<Team>> {
    sqlx::query_as!(
        Team,
        r#"with recursive tree as (
               select t.org_id, t.id, t.name, t.parent_id, t.version, 0 as depth, array[t.name] as path
               from teams t
               where t.org_id = $1 and t.parent_id is null
               union all
               select t.org_id, t.id, t.name, t.parent_id, t.version, tree.depth + 1, tree.path || t.name
               from tree
               join teams t on t.org_id = tree.org_id and t.parent_id = tree.id
           )
           select tree.id as "id!: TeamId", tree.name as "name!", array_to_string(tree.path, ' / ') as "path!",
                  tree.parent_id as "parent: TeamId",
                  tree.depth as "depth!", tree.version as "version!",
                  (select count(*)
                   from memberships m
                   where m.org_id = tree.org_id and m.team_id = tree.id and m.during @> $2::date) as "members!",
                  array(select u.name
                        from team_managers m
                        join users u on u.org_id = m.org_id and u.id = m.user_id
                        where m.org_id = tree.org_id and m.team_id = tree.id and m.during @> $2::date
                        order by u.name) as "managers!"
           from tree
           order by tree.path"#,
        scope.org as OrgId,
        today,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Who manages, managed and will manage a team, the latest first.
pub async fn managers(db: &mut PgConnection, scope: &Scope, team: TeamId) -> sqlx::Result<Vec<Manager>> {
    sqlx::query_as!(
        Manager,
        r#"select m.user_id as user, u.name, lower(m.during) as from, upper(m.during) as to
           from team_managers m
           join users u on u.org_id = m.org_id and u.id = m.user_id
           where m.org_id = $1 and m.team_id = $2
           order by upper(m.during) desc nulls first, lower(m.during) desc nulls last, u.name"#,
        scope.org as OrgId,
        team as TeamId,
    )
    .fetch_all(db)
    .await
}

/// Creates a team. A name that is taken violates `teams_name_key`.
pub async fn insert(tx: &mut Tx, name: &str, parent: Option<TeamId>) -> sqlx::Result<TeamId> {
    let org = tx.org;
    sqlx::query_scalar!(
        "insert into teams (org_id, name, parent_id)
         values ($1, $2, $3)
         returning id",
        org as OrgId,
        name,
        parent as Option<TeamId>,
    )
    .fetch_one(&mut **tx)
    .await
}

/// Renames or moves a team, if it is still of this version.
pub async fn update(tx: &mut Tx, id: TeamId, version: i32, name: &str, parent: Option<TeamId>) -> sqlx::Result<bool> {
    let org = tx.org;
    let done = sqlx::query!(
        "update teams
         set name = $4, parent_id = $5, version = version + 1
         where org_id = $1 and id = $2 and version = $3",
        org as OrgId,
        id as TeamId,
        version,
        name,
        parent as Option<TeamId>,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The team and every team below it: what it cannot be put under.
pub async fn subtree(tx: &mut Tx, id: TeamId) -> sqlx::Result<Vec<TeamId>> {
    let org = tx.org;
    sqlx::query_scalar!(
        r#"with recursive below as (
               select org_id, id from teams where org_id = $1 and id = $2
               union
               select t.org_id, t.id
               from below
               join teams t on t.org_id = below.org_id and t.parent_id = below.id
           )
           select id as "id!: TeamId" from below"#,
        org as OrgId,
        id as TeamId,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Whether the organization has this team.
pub async fn exists(tx: &mut Tx, id: TeamId) -> sqlx::Result<bool> {
    let org = tx.org;
    sqlx::query_scalar!(
        r#"select exists (select from teams where org_id = $1 and id = $2) as "exists!""#,
        org as OrgId,
        id as TeamId,
    )
    .fetch_one(&mut **tx)
    .await
}

/// Puts a person in charge of a team from a day on; none stands for the beginning.
pub async fn add_manager(tx: &mut Tx, team: TeamId, user: UserId, from: Option<Date>) -> sqlx::Result<()> {
    let org = tx.org;
    remove_manager(tx, team, user, from).await?;
    sqlx::query!(
        "insert into team_managers (org_id, team_id, user_id, during)
         values ($1, $2, $3, daterange($4, null))",
        org as OrgId,
        team as TeamId,
        user as UserId,
        from,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Ends a person's charge of a team from a day on; none stands for the beginning.
pub async fn remove_manager(tx: &mut Tx, team: TeamId, user: UserId, from: Option<Date>) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "delete from team_managers
         where org_id = $1 and team_id = $2 and user_id = $3
           and ($4::date is null or lower(during) >= $4)",
        org as OrgId,
        team as TeamId,
        user as UserId,
        from,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "update team_managers
         set during = daterange(lower(during), $4)
         where org_id = $1 and team_id = $2 and user_id = $3 and during @> $4::date",
        org as OrgId,
        team as TeamId,
        user as UserId,
        from,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A team that somebody manages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Managed {
    /// The team.
    pub team: TeamId,
    /// Its name.
    pub name: String,
}

/// The teams that a person manages on a day or later, by name.
pub async fn managed_from(db: &mut PgConnection, org: OrgId, user: UserId, from: Date) -> sqlx::Result<Vec<Managed>> {
    sqlx::query_as!(
        Managed,
        "select distinct t.id as team, t.name
         from team_managers m
         join teams t on t.org_id = m.org_id and t.id = m.team_id
         where m.org_id = $1 and m.user_id = $2 and m.during && daterange($3, null)
         order by t.name",
        org as OrgId,
        user as UserId,
        from,
    )
    .fetch_all(db)
    .await
}

/// Takes back that a person's charge of teams ended on a day, unless the person is in charge again later. The teams.
pub async fn resume_managing(tx: &mut Tx, user: UserId, ended_on: Date) -> sqlx::Result<Vec<Managed>> {
    let org = tx.org;
    sqlx::query_as!(
        Managed,
        "update team_managers m
         set during = daterange(lower(m.during), null)
         from teams t
         where m.org_id = $1 and m.user_id = $2 and upper(m.during) = $3
           and t.org_id = m.org_id and t.id = m.team_id
           and not exists (
               select from team_managers o
               where o.org_id = m.org_id and o.team_id = m.team_id and o.user_id = m.user_id and lower(o.during) >= $3
           )
         returning t.id as team, t.name",
        org as OrgId,
        user as UserId,
        ended_on,
    )
    .fetch_all(&mut **tx)
    .await
}
