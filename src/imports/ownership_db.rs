//! The SQL of `ownership.csv`.

use super::db::{Repeated, Unknown};
use crate::{
    domain::id::{OrgId, UserId},
    postgres::tx::Tx,
};

/// Customers that nobody knows.
pub async fn unknown_customers(tx: &mut Tx, import: i64) -> sqlx::Result<Vec<Unknown>> {
    let org = tx.org;
    sqlx::query_as!(
        Unknown,
        r#"select s.line, s.customer as "value!"
           from import_ownerships s
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

/// Rows whose days overlap with those of an earlier row of the same customer.
pub async fn overlaps(tx: &mut Tx, import: i64) -> sqlx::Result<Vec<Repeated>> {
    sqlx::query_as!(
        Repeated,
        r#"select later.line as "line!", lower(later.during)::text as "value!", min(earlier.line) as "first!"
           from import_ownerships later
           join import_ownerships earlier
             on earlier.import_id = later.import_id and earlier.customer = later.customer
            and earlier.line < later.line and earlier.during && later.during
           where later.import_id = $1
           group by later.line, later.during
           order by later.line"#,
        import,
    )
    .fetch_all(&mut **tx)
    .await
}

/// How many rows say something new of a customer's day, and how many say something else than was known.
pub async fn count(tx: &mut Tx, import: i64) -> sqlx::Result<(u64, u64)> {
    let org = tx.org;
    let row = sqlx::query!(
        r#"select count(*) filter (where o.rep_id is null) as "created!",
                  count(*) filter (where (o.rep_id, o.during) is distinct from (s.rep_id, s.during)
                                     and o.rep_id is not null) as "updated!"
           from import_ownerships s
           left join customers c on c.org_id = $2 and c.external_id = s.customer
           left join ownerships o
             on o.org_id = $2 and o.customer_id = c.id and lower(o.during) = lower(s.during)
           where s.import_id = $1"#,
        import,
        org as OrgId,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok((row.created.unsigned_abs(), row.updated.unsigned_abs()))
}

/// Replaces the ownerships of the file's customers, where they are not the same already.
pub async fn replace(tx: &mut Tx, import: i64) -> sqlx::Result<()> {
    let (org, now, actor) = (tx.org, tx.now, tx.actor);
    sqlx::query!(
        r#"with said as (
               select c.id, array_agg((s.rep_id, s.during) order by s.during) as stretches,
                      jsonb_agg(jsonb_build_object('rep', s.rep_id, 'during', s.during) order by s.during) as shown
               from import_ownerships s
               join customers c on c.org_id = $2 and c.external_id = s.customer
               where s.import_id = $1
               group by c.id
           ), known as (
               select o.customer_id as id, array_agg((o.rep_id, o.during) order by o.during) as stretches,
                      jsonb_agg(jsonb_build_object('rep', o.rep_id, 'during', o.during) order by o.during) as shown
               from ownerships o
               join said on said.id = o.customer_id
               where o.org_id = $2
               group by o.customer_id
           ), replaced as (
               select said.id, known.shown as old, said.shown as new
               from said
               left join known on known.id = said.id
               where said.stretches is distinct from known.stretches
           ), noted as (
               insert into audit (org_id, at, user_id, action, object, detail)
               select $2, $3, $4::bigint, 'customer.ownership_replaced', '/customers/' || id,
                      jsonb_build_object('import', true, 'old', old, 'new', new)
               from replaced
               where old is not null
           )
           insert into import_touched (import_id, customer_id, replaces)
           select $1, id, true
           from replaced
           on conflict (import_id, customer_id) do update set replaces = true"#,
        import,
        org as OrgId,
        now,
        actor as Option<UserId>,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "delete from ownerships o
         using import_touched t
         where t.import_id = $1 and t.replaces and o.org_id = $2 and o.customer_id = t.customer_id",
        import,
        org as OrgId,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into ownerships (org_id, customer_id, rep_id, during)
         select $2, c.id, s.rep_id, s.during
         from import_ownerships s
         join customers c on c.org_id = $2 and c.external_id = s.customer
         join import_touched t on t.import_id = $1 and t.customer_id = c.id and t.replaces
         where s.import_id = $1",
        import,
        org as OrgId,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
