//! The SQL of imports that were done: what each did, and what it made.

use sqlx::PgConnection;
use time::PrimitiveDateTime;

use crate::{
    domain::id::{ImportId, OrgId, UserId},
    postgres::tx::Tx,
};

/// An import that was done.
#[derive(Clone, Debug)]
pub struct Done {
    /// Its number.
    pub id: ImportId,
    /// When, at the company.
    pub at: PrimitiveDateTime,
    /// Who; nobody: the command line.
    pub who: Option<String>,
    /// Created, updated and unchanged rows by file.
    pub files: serde_json::Value,
    /// Whether it is the first steps' data to try things with.
    pub is_sample: bool,
    /// Whether it can be taken back, as far as it alone says: it is kept what it made, and what it changed.
    pub is_kept: bool,
    /// Whether it changed what was there before.
    pub has_changed: bool,
    /// Since when it is taken back.
    pub undone_at: Option<PrimitiveDateTime>,
    /// Who took it back.
    pub undone_by: Option<String>,
}

/// The imports of a company, or the one of this number, the latest first.
pub async fn list(
    db: &mut PgConnection,
    org: OrgId,
    time_zone: &str,
    id: Option<ImportId>,
    limit: i64,
) -> sqlx::Result<Vec<Done>> {
    sqlx::query_as!(
        Done,
        r#"select i.id, i.at at time zone $2 as "at!", u.name as "who?", i.files, i.is_sample,
                  (kept.changed or not i.has_changed and kept.made) as "is_kept!", i.has_changed,
                  i.undone_at at time zone $2 as undone_at, b.name as "undone_by?"
           from imports i
           cross join lateral (
               select exists (select from import_made m where m.org_id = i.org_id and m.import_id = i.id) as made,
                      exists (select from import_before b where b.org_id = i.org_id and b.import_id = i.id) as changed
           ) kept
           left join users u on u.org_id = i.org_id and u.id = i.user_id
           left join users b on b.org_id = i.org_id and b.id = i.undone_by
           where i.org_id = $1 and ($3::bigint is null or i.id = $3)
           order by i.id desc
           limit $4"#,
        org as OrgId,
        time_zone,
        id as Option<ImportId>,
        limit,
    )
    .fetch_all(db)
    .await
}

/// The sample data that is in a company now, and whether it may have any: there is nothing yet but its first person.
pub async fn sample(db: &mut PgConnection, org: OrgId) -> sqlx::Result<(Option<ImportId>, bool)> {
    let row = sqlx::query!(
        r#"select (select max(id) from imports where org_id = $1 and is_sample and undone_at is null) as "id: ImportId",
                  not exists (select from customers where org_id = $1)
                  and not exists (select from teams where org_id = $1)
                  and not exists (select from plans where org_id = $1)
                  and (select count(*) from users where org_id = $1) <= 1 as "is_empty!""#,
        org as OrgId,
    )
    .fetch_one(db)
    .await?;
    Ok((row.id, row.is_empty))
}

/// Notes that an import was done.
pub async fn insert(tx: &mut Tx, id: ImportId, files: &serde_json::Value) -> sqlx::Result<()> {
    let (org, now, actor) = (tx.org, tx.now, tx.actor);
    sqlx::query!(
        "insert into imports (org_id, id, user_id, at, files, is_sample)
         values ($1, $2, $3, $4, $5, false)",
        org as OrgId,
        id as ImportId,
        actor as Option<UserId>,
        now,
        files,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Notes that an import brought the sample data.
pub async fn set_sample(tx: &mut Tx, id: ImportId) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!("update imports set is_sample = true where org_id = $1 and id = $2", org as OrgId, id as ImportId)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The greatest numbers that were given when an import began.
pub struct Before {
    pub(super) users: i64,
    pub(super) teams: i64,
    categories: i64,
    products: i64,
    pub(super) customers: i64,
    pub(super) deals: i64,
    pub(super) visits: i64,
    targets: i64,
    plans: i64,
    plan_versions: i64,
}

/// What is there before an import writes.
pub async fn before(tx: &mut Tx) -> sqlx::Result<Before> {
    let org = tx.org;
    sqlx::query_as!(
        Before,
        r#"select coalesce((select max(id) from users where org_id = $1), 0) as "users!",
                  coalesce((select max(id) from teams where org_id = $1), 0) as "teams!",
                  coalesce((select max(id) from categories where org_id = $1), 0) as "categories!",
                  coalesce((select max(id) from products where org_id = $1), 0) as "products!",
                  coalesce((select max(id) from customers where org_id = $1), 0) as "customers!",
                  coalesce((select max(id) from deals where org_id = $1), 0) as "deals!",
                  coalesce((select max(id) from visits where org_id = $1), 0) as "visits!",
                  coalesce((select max(id) from targets where org_id = $1), 0) as "targets!",
                  coalesce((select max(id) from plans where org_id = $1), 0) as "plans!",
                  coalesce((select max(id) from plan_versions where org_id = $1), 0) as "plan_versions!""#,
        org as OrgId,
    )
    .fetch_one(&mut **tx)
    .await
}

/// Notes what the import of this transaction made. A row of this transaction is one whose `xmin` it is. False: it cannot be
/// told from what somebody else made meanwhile.
pub async fn note_made(tx: &mut Tx, id: ImportId, before: &Before) -> sqlx::Result<bool> {
    let org = tx.org;
    sqlx::query!(
        "with mine as (select pg_current_xact_id()::xid as id)
         insert into import_made (org_id, import_id, kind, ids)
         select $1, $2, made.kind, array_agg(made.id order by made.id)
         from (
             select 'users' as kind, t.id from users t, mine where t.org_id = $1 and t.xmin = mine.id and t.id > $3
             union all
             select 'teams', t.id from teams t, mine where t.org_id = $1 and t.xmin = mine.id and t.id > $4
             union all
             select 'categories', t.id from categories t, mine where t.org_id = $1 and t.xmin = mine.id and t.id > $5
             union all
             select 'products', t.id from products t, mine where t.org_id = $1 and t.xmin = mine.id and t.id > $6
             union all
             select 'customers', t.id from customers t, mine where t.org_id = $1 and t.xmin = mine.id and t.id > $7
             union all
             select 'deals', t.id from deals t, mine where t.org_id = $1 and t.xmin = mine.id and t.id > $8
             union all
             select 'visits', t.id from visits t, mine where t.org_id = $1 and t.xmin = mine.id and t.id > $9
             union all
             select 'targets', t.id from targets t, mine where t.org_id = $1 and t.xmin = mine.id and t.id > $10
             union all
             select 'plans', t.id from plans t, mine where t.org_id = $1 and t.xmin = mine.id and t.id > $11
             union all
             select 'plan_versions', t.id from plan_versions t, mine
             where t.org_id = $1 and t.xmin = mine.id and t.id > $12
         ) as made
         group by made.kind",
        org as OrgId,
        id as ImportId,
        before.users,
        before.teams,
        before.categories,
        before.products,
        before.customers,
        before.deals,
        before.visits,
        before.targets,
        before.plans,
        before.plan_versions,
    )
    .execute(&mut **tx)
    .await?;
    // What somebody made meanwhile, and the import changed, is in the log: imports do not note there what they make.
    let strange = sqlx::query!(
        "delete from import_made
         where org_id = $1 and import_id = $2
           and exists (
               select from import_made m
               cross join lateral unnest(m.ids) as made (id)
               join audit a on a.org_id = m.org_id and a.object = '/' || m.kind || '/' || made.id
               where m.org_id = $1 and m.import_id = $2 and m.kind <> 'plans'
           )",
        org as OrgId,
        id as ImportId,
    )
    .execute(&mut **tx)
    .await?;
    let hanging = hanging(tx, id).await?;
    sqlx::query!(
        "update imports set hanging = $3 where org_id = $1 and id = $2",
        org as OrgId,
        id as ImportId,
        hanging
    )
    .execute(&mut **tx)
    .await?;
    Ok(strange.rows_affected() == 0)
}

/// A checksum of what hangs on the people, teams and customers that an import made: roles, teams, plans and owners. It
/// is another one once somebody has changed any of that.
pub async fn hanging(tx: &mut Tx, id: ImportId) -> sqlx::Result<String> {
    let org = tx.org;
    sqlx::query_scalar!(
        r#"with made as (
               select m.kind, made.id
               from import_made m
               cross join lateral unnest(m.ids) as made (id)
               where m.org_id = $1 and m.import_id = $2
           ), hanging as (
               select 'role ' || t::text as row
               from user_roles t
               where t.org_id = $1 and t.user_id in (select id from made where kind = 'users')
               union all
               select 'member ' || t::text
               from memberships t
               where t.org_id = $1 and (t.user_id in (select id from made where kind = 'users')
                                        or t.team_id in (select id from made where kind = 'teams'))
               union all
               select 'manager ' || t::text
               from team_managers t
               where t.org_id = $1 and (t.user_id in (select id from made where kind = 'users')
                                        or t.team_id in (select id from made where kind = 'teams'))
               union all
               select 'plan ' || t::text
               from plan_assignments t
               where t.org_id = $1 and (t.rep_id in (select id from made where kind = 'users')
                                        or t.plan_id in (select id from made where kind = 'plans'))
               union all
               select 'owner ' || t::text
               from ownerships t
               where t.org_id = $1 and (t.customer_id in (select id from made where kind = 'customers')
                                        or t.rep_id in (select id from made where kind = 'users'))
           )
           select md5(coalesce(string_agg(hanging.row, '|' order by hanging.row), '')) as "checksum!"
           from hanging"#,
        org as OrgId,
        id as ImportId,
    )
    .fetch_one(&mut **tx)
    .await
}
