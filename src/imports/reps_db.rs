//! The SQL of `reps.csv`.

use std::collections::HashMap;

use time::Date;

use crate::{
    domain::{
        access::Role,
        id::{OrgId, TeamId, UserId},
    },
    postgres::tx::Tx,
    users::db::Details,
};

/// Somebody who is there before the import.
pub struct Existing {
    /// The person.
    pub id: UserId,
    /// The name of the person in imported files.
    pub external_id: Option<String>,
    /// What is known of the person.
    pub details: Details,
    /// Whether the person has the role rep.
    pub is_rep: bool,
    /// Today's team.
    pub team: Option<String>,
    /// Whether the person ever belonged to a team.
    pub ever_in_a_team: bool,
}

/// Everybody, in the order of entry.
pub async fn existing(tx: &mut Tx, today: Date) -> sqlx::Result<Vec<Existing>> {
    let org = tx.org;
    let rows = sqlx::query!(
        r#"select u.id, u.external_id, u.name, lower(u.email) as email, u.title, u.level, u.hired_on, u.left_on,
                  exists (
                      select from user_roles r where r.org_id = u.org_id and r.user_id = u.id and r.role = 'rep'
                  ) as "is_rep!",
                  t.name as "team?",
                  exists (
                      select from memberships m where m.org_id = u.org_id and m.user_id = u.id
                  ) as "ever_in_a_team!"
           from users u
           left join memberships m on m.org_id = u.org_id and m.user_id = u.id and m.during @> $2::date
           left join teams t on t.org_id = m.org_id and t.id = m.team_id
           where u.org_id = $1
           order by u.id"#,
        org as OrgId,
        today,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Existing {
            id: row.id,
            external_id: row.external_id,
            details: Details {
                name: row.name,
                email: row.email,
                title: row.title,
                level: row.level,
                hired_on: row.hired_on,
                left_on: row.left_on,
            },
            is_rep: row.is_rep,
            team: row.team,
            ever_in_a_team: row.ever_in_a_team,
        })
        .collect())
}

/// Every team with the team above it.
pub async fn team_parents(tx: &mut Tx) -> sqlx::Result<HashMap<String, Option<String>>> {
    let org = tx.org;
    let rows = sqlx::query!(
        r#"select t.name, p.name as "parent?"
           from teams t
           left join teams p on p.org_id = t.org_id and p.id = t.parent_id
           where t.org_id = $1"#,
        org as OrgId,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.name, row.parent)).collect())
}

/// Sets what is known of a person.
pub async fn update(tx: &mut Tx, id: UserId, external_id: &str, details: &Details) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "update users
         set external_id = $3, name = $4, email = $5, title = $6, level = $7, hired_on = $8, left_on = $9,
             version = version + 1
         where org_id = $1 and id = $2",
        org as OrgId,
        id as UserId,
        external_id,
        details.name,
        details.email,
        details.title,
        details.level,
        details.hired_on,
        details.left_on,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Gives a person a role, if the person has it not yet.
pub async fn give_role(tx: &mut Tx, id: UserId, role: Role) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "insert into user_roles (org_id, user_id, role)
         values ($1, $2, $3)
         on conflict do nothing",
        org as OrgId,
        id as UserId,
        role.as_str(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The team of this name, made if it is not there.
pub async fn ensure_team(tx: &mut Tx, name: &str) -> sqlx::Result<TeamId> {
    let org = tx.org;
    sqlx::query_scalar!(
        r#"with made as (
               insert into teams (org_id, name)
               values ($1, $2)
               on conflict do nothing
               returning id
           )
           select id as "id!: TeamId" from made
           union all
           select id from teams where org_id = $1 and name = $2
           limit 1"#,
        org as OrgId,
        name,
    )
    .fetch_one(&mut **tx)
    .await
}

/// Puts a team below another.
pub async fn set_parent(tx: &mut Tx, team: TeamId, parent: TeamId) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "update teams
         set parent_id = $3, version = version + 1
         where org_id = $1 and id = $2 and parent_id is distinct from $3",
        org as OrgId,
        team as TeamId,
        parent as TeamId,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The managers of a team.
pub struct Managers {
    /// Who manages it today.
    pub today: Vec<UserId>,
    /// Whether anybody ever managed it.
    pub ever: bool,
}

/// Who manages a team today.
pub async fn managers(tx: &mut Tx, team: TeamId, today: Date) -> sqlx::Result<Managers> {
    let org = tx.org;
    let rows = sqlx::query!(
        r#"select user_id, during @> $3::date as "today!"
           from team_managers
           where org_id = $1 and team_id = $2"#,
        org as OrgId,
        team as TeamId,
        today,
    )
    .fetch_all(&mut **tx)
    .await?;
    let ever = !rows.is_empty();
    Ok(Managers { today: rows.into_iter().filter(|row| row.today).map(|row| row.user_id).collect(), ever })
}
