//! The SQL of what an import changed: which records, what they were before, and how they become that again.

use sqlx::{PgConnection, PgPool};
use time::{Date, OffsetDateTime};

use super::done_db::Before;
use crate::{
    domain::{
        id::{CustomerId, ImportId, OrgId},
        period::PeriodKind,
    },
    postgres::tx::Tx,
};

/// The kinds of records of which an import changes some: their tables.
pub const KINDS: [&str; 5] = ["users", "teams", "customers", "deals", "visits"];

/// A record that was there before the import.
pub struct Changed {
    /// Its table.
    pub kind: String,
    /// Its number.
    pub id: i64,
}

/// The records that were there before and of which the import of this transaction wrote something. A row of this
/// transaction is one whose `xmin` it is.
pub async fn changed(tx: &mut Tx, before: &Before) -> sqlx::Result<Vec<Changed>> {
    let org = tx.org;
    sqlx::query_as!(
        Changed,
        r#"with mine as (select pg_current_xact_id()::xid as id)
           select 'users' as "kind!", t.id as "id!" from users t, mine where t.org_id = $1 and t.xmin = mine.id and t.id <= $2
           union
           select 'users', t.user_id from user_roles t, mine where t.org_id = $1 and t.xmin = mine.id and t.user_id <= $2
           union
           select 'users', t.user_id from memberships t, mine where t.org_id = $1 and t.xmin = mine.id and t.user_id <= $2
           union
           select 'users', t.rep_id from plan_assignments t, mine where t.org_id = $1 and t.xmin = mine.id and t.rep_id <= $2
           union
           select 'teams', t.id from teams t, mine where t.org_id = $1 and t.xmin = mine.id and t.id <= $3
           union
           select 'teams', t.team_id from team_managers t, mine where t.org_id = $1 and t.xmin = mine.id and t.team_id <= $3
           union
           select 'customers', t.id from customers t, mine where t.org_id = $1 and t.xmin = mine.id and t.id <= $4
           union
           select 'customers', t.customer_id from ownerships t, mine
           where t.org_id = $1 and t.xmin = mine.id and t.customer_id <= $4
           union
           select 'deals', t.id from deals t, mine where t.org_id = $1 and t.xmin = mine.id and t.id <= $5
           union
           select 'deals', t.deal_id from deal_lines t, mine where t.org_id = $1 and t.xmin = mine.id and t.deal_id <= $5
           union
           select 'deals', t.deal_id from deal_credits t, mine where t.org_id = $1 and t.xmin = mine.id and t.deal_id <= $5
           union
           select 'visits', t.id from visits t, mine where t.org_id = $1 and t.xmin = mine.id and t.id <= $6"#,
        org as OrgId,
        before.users,
        before.teams,
        before.customers,
        before.deals,
        before.visits,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Holds records until the transaction ends: nobody changes them while it is looked what they were. What hangs on them (owners,
/// teams, plans) is written beside nobody else (`tx::alone`), and an import keeps that away.
pub async fn hold(tx: &mut Tx, kind: &str, ids: &[i64]) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "with held_users as (
             select from users where $2 = 'users' and org_id = $1 and id = any ($3) for no key update
         ), held_teams as (
             select from teams where $2 = 'teams' and org_id = $1 and id = any ($3) for no key update
         ), held_customers as (
             select from customers where $2 = 'customers' and org_id = $1 and id = any ($3) for no key update
         )
         select (select count(*) from held_users) + (select count(*) from held_teams) + (select count(*) from held_customers) as held",
        org as OrgId,
        kind,
        ids,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(())
}

/// What records are to whoever asks: beside the transaction of an import, what they were before.
pub async fn states(
    db: &mut PgConnection,
    org: OrgId,
    kind: &str,
    ids: &[i64],
) -> sqlx::Result<(Vec<i64>, Vec<String>)> {
    let rows = sqlx::query!(
        r#"select id as "id!", state::text as "state!" from import_state($1, $2, $3)"#,
        org as OrgId,
        kind,
        ids,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.state)).unzip())
}

/// Keeps what records were, of those that are something else now.
pub async fn keep(
    tx: &mut Tx,
    import: ImportId,
    kind: &str,
    (ids, states): &(Vec<i64>, Vec<String>),
) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "insert into import_before (org_id, import_id, kind, id, state, mark)
         select $1, $2, $3, was.id, was.state::jsonb, import_mark(now.state)
         from unnest($4::bigint[], $5::text[]) as was (id, state)
         join import_state($1, $3, $4) as now on now.id = was.id
         where import_mark(was.state::jsonb) <> import_mark(now.state)",
        org as OrgId,
        import as ImportId,
        kind,
        ids,
        states,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Notes whether an import changed what was there before.
pub async fn note_changed(tx: &mut Tx, import: ImportId) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "update imports
         set has_changed = exists (select from import_before where org_id = $1 and import_id = $2)
         where org_id = $1 and id = $2",
        org as OrgId,
        import as ImportId,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Forgets what records were before one import.
pub async fn forget(tx: &mut Tx, import: ImportId) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!("delete from import_before where org_id = $1 and import_id = $2", org as OrgId, import as ImportId)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Forgets what records of all organizations were before the imports that were done until then. Returns how many they were.
pub async fn forget_old(db: &PgPool, until: OffsetDateTime) -> sqlx::Result<u64> {
    let forgotten = sqlx::query!(
        "delete from import_before b
         using imports i
         where i.org_id = b.org_id and i.id = b.import_id and i.at <= $1",
        until,
    )
    .execute(db)
    .await?;
    Ok(forgotten.rows_affected())
}

/// What is no longer as the import left it, of one kind: the first few names, and how many there are.
pub async fn moved_on(tx: &mut Tx, import: ImportId, kind: &str) -> sqlx::Result<(Vec<String>, i64)> {
    let org = tx.org;
    let row = sqlx::query!(
        r#"with moved as (
               select b.id, coalesce(now.state, b.state) -> 'row' as row
               from import_before b
               left join import_state($1, $3, (
                   select array_agg(id) from import_before where org_id = $1 and import_id = $2 and kind = $3
               )) as now on now.id = b.id
               where b.org_id = $1 and b.import_id = $2 and b.kind = $3 and import_mark(now.state) is distinct from b.mark
           ), named as (
               select case $3 when 'deals' then 'deal ' || (m.row ->> 'number')
                              when 'visits' then 'a visit to ' || c.name
                              else m.row ->> 'name' end as name
               from moved m
               left join customers c on $3 = 'visits' and c.org_id = $1 and c.id = (m.row ->> 'customer_id')::bigint
               order by m.id
               limit 3
           )
           select (select count(*) from moved) as "count!", array(select name from named where name is not null) as "names!""#,
        org as OrgId,
        import as ImportId,
        kind,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok((row.names, row.count))
}

/// The last period that was locked since the import changed something, or in which a deal or visit lies that it changed.
pub async fn locked_period(tx: &mut Tx, import: ImportId) -> sqlx::Result<Option<(PeriodKind, Date)>> {
    let org = tx.org;
    let row = sqlx::query!(
        r#"with days as (
               select (b.state -> 'row' ->> case b.kind when 'deals' then 'booked_on' else 'visited_on' end)::date as day
               from import_before b
               where b.org_id = $1 and b.import_id = $2 and b.kind in ('deals', 'visits')
               union
               select d.booked_on
               from import_before b
               join deals d on b.kind = 'deals' and d.org_id = $1 and d.id = b.id
               where b.org_id = $1 and b.import_id = $2
               union
               select v.visited_on
               from import_before b
               join visits v on b.kind = 'visits' and v.org_id = $1 and v.id = b.id
               where b.org_id = $1 and b.import_id = $2
           )
           select l.period_kind as "kind: PeriodKind", l.period_start
           from period_locks l
           where l.org_id = $1
             and exists (select from import_before where org_id = $1 and import_id = $2)
             and (l.locked_at >= (select at from imports where org_id = $1 and id = $2)
                  or exists (select from days where day >= l.period_start and day < l.period_end))
           order by l.period_start desc
           limit 1"#,
        org as OrgId,
        import as ImportId,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| (row.kind, row.period_start)))
}

/// The customers whose events may be others once everything is put back: those that were changed, and those of deals. What the
/// import made goes.
pub async fn touched(tx: &mut Tx, import: ImportId) -> sqlx::Result<Vec<CustomerId>> {
    let org = tx.org;
    sqlx::query_scalar!(
        r#"select b.id as "id!: CustomerId"
           from import_before b
           where b.org_id = $1 and b.import_id = $2 and b.kind = 'customers'
           union
           select (b.state -> 'row' ->> 'customer_id')::bigint
           from import_before b
           where b.org_id = $1 and b.import_id = $2 and b.kind = 'deals'
           union
           select d.customer_id
           from import_before b
           join deals d on d.org_id = $1 and d.id = b.id
           where b.org_id = $1 and b.import_id = $2 and b.kind = 'deals'
           except
           select unnest(m.ids)
           from import_made m
           where m.org_id = $1 and m.import_id = $2 and m.kind = 'customers'"#,
        org as OrgId,
        import as ImportId,
    )
    .fetch_all(&mut **tx)
    .await
}
