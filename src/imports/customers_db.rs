//! The SQL of `customers.csv`.

use time::Date;

use super::db::Repeated;
use crate::{
    domain::id::{OrgId, UserId},
    postgres::tx::Tx,
};

/// Rows whose external id an earlier row has.
pub async fn repeated(tx: &mut Tx, import: i64) -> sqlx::Result<Vec<Repeated>> {
    sqlx::query_as!(
        Repeated,
        r#"select line as "line!", external_id as "value!", first as "first!"
           from (
               select line, external_id, min(line) over (partition by external_id) as first
               from import_customers
               where import_id = $1 and external_id is not null
           ) as rows
           where line > first
           order by line"#,
        import,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Changes the customers that were there, as far as the file says something else. What the file does not say stays.
pub async fn update(tx: &mut Tx, import: i64) -> sqlx::Result<()> {
    let (org, now, actor) = (tx.org, tx.now, tx.actor);
    sqlx::query!(
        r#"with changed as (
               update customers c
               set name = s.name,
                   segment = coalesce(s.segment, c.segment),
                   industry = coalesce(s.industry, c.industry),
                   city = coalesce(s.city, c.city),
                   country = coalesce(s.country, c.country),
                   customer_since = coalesce(s.customer_since, c.customer_since),
                   created_on = coalesce(s.created_on, c.created_on),
                   attributes = c.attributes || s.attributes,
                   version = c.version + 1
               from import_customers s
               join customers old on old.org_id = $2 and old.external_id = s.external_id
               where s.import_id = $1 and c.org_id = $2 and c.id = old.id
                 and (c.name, c.segment, c.industry, c.city, c.country, c.customer_since, c.created_on, c.attributes)
                     is distinct from
                     (s.name, coalesce(s.segment, c.segment), coalesce(s.industry, c.industry),
                      coalesce(s.city, c.city), coalesce(s.country, c.country),
                      coalesce(s.customer_since, c.customer_since), coalesce(s.created_on, c.created_on),
                      c.attributes || s.attributes)
               returning s.line, c.id, to_jsonb(old) as old, to_jsonb(c) as new,
                         (old.segment, old.customer_since) is distinct from (c.segment, c.customer_since) as moves
           ), noted as (
               insert into audit (org_id, at, user_id, action, object, detail)
               select $2, $3, $4::bigint, 'customer.changed', '/customers/' || id, changes(old, new) || jsonb_build_object('import', true)
               from changed
           ), counted as (
               insert into import_updates (import_id, file, line)
               select $1, 'customers.csv', line
               from changed
           )
           insert into import_touched (import_id, customer_id)
           select $1, id
           from changed
           where moves"#,
        import,
        org as OrgId,
        now,
        actor as Option<UserId>,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Makes the customers that were not there. Without a date of its own a customer is there since its first deal.
pub async fn insert(tx: &mut Tx, import: i64, today: Date) -> sqlx::Result<u64> {
    let (org, now) = (tx.org, tx.now);
    let done = sqlx::query!(
        "insert into customers (org_id, external_id, name, segment, industry, city, country, customer_since, created_on,
             attributes, recorded_at)
         select $2, s.external_id, s.name, s.segment, s.industry, s.city, s.country, s.customer_since,
                coalesce(s.created_on, least(d.first_on, s.customer_since, $4)), s.attributes, $3
         from import_customers s
         left join (
             select customer, min(least(opened_on, closed_on)) as first_on
             from import_deals
             where import_id = $1
             group by customer
         ) d on d.customer = s.external_id
         where s.import_id = $1
           and not exists (select from customers c where c.org_id = $2 and c.external_id = s.external_id)
         order by s.line",
        import,
        org as OrgId,
        now,
        today,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!("analyze customers").execute(&mut **tx).await?;
    Ok(done.rows_affected())
}

/// A rep owns from the beginning what nobody owned before, unless ownership.csv says who owned it when.
pub async fn own_from_the_beginning(tx: &mut Tx, import: i64) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "with owned as (
             insert into ownerships (org_id, customer_id, rep_id, during)
             select $2, c.id, s.rep_id, daterange(null, null)
             from import_customers s
             join customers c on c.org_id = $2 and c.external_id = s.external_id
             where s.import_id = $1 and s.rep_id is not null
               and not exists (select from ownerships o where o.org_id = $2 and o.customer_id = c.id)
               and not exists (
                   select from import_ownerships w where w.import_id = $1 and w.customer = s.external_id
               )
             returning customer_id
         )
         insert into import_touched (import_id, customer_id)
         select $1, customer_id
         from owned
         on conflict do nothing",
        import,
        org as OrgId,
    )
    .execute(&mut **tx)
    .await?;
    // A customer that was there and owned by nobody has changed; one that was just made has not.
    sqlx::query!(
        "insert into import_updates (import_id, file, line)
         select $1, 'customers.csv', s.line
         from import_touched t
         join customers c on c.org_id = $2 and c.id = t.customer_id
         join import_customers s on s.import_id = $1 and s.external_id = c.external_id
         where t.import_id = $1 and c.recorded_at < $3
         on conflict do nothing",
        import,
        org as OrgId,
        tx.now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Hands a customer over as of today if the file names another rep than today's owner.
pub async fn hand_over(tx: &mut Tx, import: i64, today: Date) -> sqlx::Result<()> {
    let (org, now, actor) = (tx.org, tx.now, tx.actor);
    sqlx::query!(
        r#"with moved as (
               select s.line, c.id, s.rep_id as to_rep, o.rep_id as from_rep
               from import_customers s
               join customers c on c.org_id = $2 and c.external_id = s.external_id
               left join ownerships o on o.org_id = $2 and o.customer_id = c.id and o.during @> $4::date
               where s.import_id = $1 and s.rep_id is not null and o.rep_id is distinct from s.rep_id
                 and not exists (
                     select from import_ownerships w where w.import_id = $1 and w.customer = s.external_id
                 )
           ), noted as (
               insert into audit (org_id, at, user_id, action, object, detail)
               select $2, $3, $5::bigint, 'customer.handed_over', '/customers/' || id,
                      jsonb_build_object('import', true, 'old', jsonb_build_object('rep', from_rep),
                                         'new', jsonb_build_object('rep', to_rep, 'from', $4::date))
               from moved
           ), counted as (
               insert into import_updates (import_id, file, line)
               select $1, 'customers.csv', line
               from moved
               on conflict do nothing
           )
           insert into import_touched (import_id, customer_id, new_owner)
           select $1, id, to_rep
           from moved
           on conflict (import_id, customer_id) do update set new_owner = excluded.new_owner"#,
        import,
        org as OrgId,
        now,
        today,
        actor as Option<UserId>,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "delete from ownerships o
         using import_touched t
         where t.import_id = $1 and t.new_owner is not null
           and o.org_id = $2 and o.customer_id = t.customer_id and lower(o.during) >= $3",
        import,
        org as OrgId,
        today,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "update ownerships o
         set during = daterange(lower(o.during), $3)
         from import_touched t
         where t.import_id = $1 and t.new_owner is not null
           and o.org_id = $2 and o.customer_id = t.customer_id and o.during @> $3::date",
        import,
        org as OrgId,
        today,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into ownerships (org_id, customer_id, rep_id, during)
         select $2, customer_id, new_owner, daterange($3, null)
         from import_touched
         where import_id = $1 and new_owner is not null",
        import,
        org as OrgId,
        today,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
