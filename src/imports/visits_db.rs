//! The SQL of `visits.csv`.

use super::db::{Repeated, Unknown};
use crate::{
    domain::id::{OrgId, UserId},
    postgres::tx::Tx,
};

/// Visits whose external id an earlier row has.
pub async fn repeated(tx: &mut Tx, import: i64) -> sqlx::Result<Vec<Repeated>> {
    sqlx::query_as!(
        Repeated,
        r#"select s.line, s.external_id as "value!", twice.first as "first!"
           from (
               select external_id, min(line) as first
               from import_visits
               where import_id = $1 and external_id is not null
               group by external_id
               having count(*) > 1
           ) as twice
           join import_visits s on s.import_id = $1 and s.external_id = twice.external_id and s.line > twice.first
           order by s.line"#,
        import,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Visits to customers that nobody knows.
pub async fn unknown_customers(tx: &mut Tx, import: i64) -> sqlx::Result<Vec<Unknown>> {
    let org = tx.org;
    sqlx::query_as!(
        Unknown,
        r#"select s.line, s.customer as "value!"
           from import_visits s
           where s.import_id = $1 and s.customer is not null
             and not exists (select from customers c where c.org_id = $2 and c.external_id = s.customer)
             and not exists (select from import_customers c where c.import_id = $1 and c.external_id = s.customer)
           order by s.line"#,
        import,
        org as OrgId,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Changes the visits that were there, as far as the file says something else. A visit that moves into or out of a
/// locked period, or changes within it, is from now on entered after the lock: it is kept and counts for nothing there.
pub async fn update(tx: &mut Tx, import: i64) -> sqlx::Result<()> {
    let (org, now, actor) = (tx.org, tx.now, tx.actor);
    sqlx::query!(
        r#"with said as (
               select s.line, v.id, s.rep_id, c.id as customer_id, s.visited_on, coalesce(s.kind, v.kind) as kind,
                      coalesce(s.outcome, v.outcome) as outcome, coalesce(s.notes, v.notes) as notes,
                      coalesce(s.minutes, v.minutes) as minutes,
                      (v.rep_id, v.customer_id, v.visited_on, v.kind, v.state)
                      is distinct from (s.rep_id, c.id, s.visited_on, coalesce(s.kind, v.kind), 'done') as counts_otherwise,
                      exists (
                          select from period_locks l
                          where l.org_id = $2
                            and (daterange(l.period_start, l.period_end) @> v.visited_on
                                 or daterange(l.period_start, l.period_end) @> s.visited_on)
                      ) as locked,
                      s.recorded_on::timestamp at time zone o.time_zone as recorded_at
               from import_visits s
               join organizations o on o.id = $2
               join visits v on v.org_id = $2 and v.external_id = s.external_id
               join customers c on c.org_id = $2 and c.external_id = s.customer
               where s.import_id = $1
           ), changed as (
               update visits v
               set rep_id = said.rep_id, customer_id = said.customer_id, visited_on = said.visited_on, kind = said.kind,
                   outcome = said.outcome, notes = said.notes, minutes = said.minutes, state = 'done',
                   recorded_at = case when said.locked and said.counts_otherwise then $3
                                      when said.locked then v.recorded_at
                                      else coalesce(said.recorded_at, v.recorded_at) end,
                   version = v.version + 1
               from said
               join visits old on old.org_id = $2 and old.id = said.id
               where v.org_id = $2 and v.id = said.id
                 and (said.counts_otherwise
                      or (v.outcome, v.notes, v.minutes) is distinct from (said.outcome, said.notes, said.minutes)
                      or not said.locked and said.recorded_at <> v.recorded_at)
               returning said.line, v.id, to_jsonb(old) as old, to_jsonb(v) as new
           ), noted as (
               insert into audit (org_id, at, user_id, action, object, detail)
               select $2, $3, $4::bigint, 'visit.changed', '/visits/' || id, changes(old, new) || jsonb_build_object('import', true)
               from changed
           )
           insert into import_updates (import_id, file, line)
           select $1, 'visits.csv', line
           from changed"#,
        import,
        org as OrgId,
        now,
        actor as Option<UserId>,
    )
    .execute(&mut **tx)
    .await?;
    // Who went along goes along to the new day, and nobody goes along with oneself.
    sqlx::query!(
        "update visit_participants p
         set visited_on = v.visited_on
         from import_visits s
         join visits v on v.org_id = $2 and v.external_id = s.external_id
         where s.import_id = $1 and p.org_id = $2 and p.visit_id = v.id and p.visited_on <> v.visited_on",
        import,
        org as OrgId,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "delete from visit_participants p
         using import_visits s
         join visits v on v.org_id = $2 and v.external_id = s.external_id
         where s.import_id = $1 and p.org_id = $2 and p.visit_id = v.id and p.rep_id = v.rep_id",
        import,
        org as OrgId,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Makes the visits that were not there. In a locked period a visit is entered now, whatever the file says.
pub async fn insert(tx: &mut Tx, import: i64) -> sqlx::Result<u64> {
    let (org, now) = (tx.org, tx.now);
    let done = sqlx::query!(
        "insert into visits (org_id, external_id, rep_id, customer_id, visited_on, kind, state, outcome, minutes, notes,
             recorded_at)
         select $2, s.external_id, s.rep_id, c.id, s.visited_on, coalesce(s.kind, 'in_person'), 'done', s.outcome, s.minutes,
                coalesce(s.notes, ''),
                case when exists (
                         select from period_locks l
                         where l.org_id = $2 and daterange(l.period_start, l.period_end) @> s.visited_on
                     ) then $3
                     else coalesce(s.recorded_on, s.visited_on)::timestamp at time zone o.time_zone end
         from import_visits s
         join organizations o on o.id = $2
         join customers c on c.org_id = $2 and c.external_id = s.customer
         where s.import_id = $1
           and not exists (select from visits v where v.org_id = $2 and v.external_id = s.external_id)
         order by s.line",
        import,
        org as OrgId,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
}
