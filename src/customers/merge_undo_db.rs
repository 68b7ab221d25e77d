//! The SQL that takes a merge back: everything that moved goes where it was.

use sqlx::PgConnection;
use time::{Date, OffsetDateTime};

use crate::{
    domain::id::{CustomerId, MergeId, OrgId, UserId},
    postgres::tx::Tx,
};

/// Whether a period that holds something that moves back was locked after the merge.
pub async fn is_locked_since(db: &mut PgConnection, org: OrgId, merge: MergeId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
               select from customer_merges m
               join period_locks l on l.org_id = m.org_id and l.locked_at > m.merged_at
               join customer_merge_moves v on v.org_id = m.org_id and v.merge_id = m.id
               left join deals d on d.org_id = m.org_id and v.kind = 'deal' and v.thing_id in (d.id, d.returns_id)
               left join visits s on s.org_id = m.org_id and v.kind = 'visit' and s.id = v.thing_id and s.state = 'done'
               where m.org_id = $1 and m.id = $2
                 and coalesce(d.booked_on, s.visited_on) >= l.period_start
                 and coalesce(d.booked_on, s.visited_on) < l.period_end
           ) as "locked!""#,
        org as OrgId,
        merge as MergeId,
    )
    .fetch_one(db)
    .await
}

/// The first and the first day after of every period that was locked after an instant.
pub async fn locked_since(db: &mut PgConnection, org: OrgId, at: OffsetDateTime) -> sqlx::Result<Vec<(Date, Date)>> {
    let rows = sqlx::query!(
        "select period_start, period_end
         from period_locks
         where org_id = $1 and locked_at > $2",
        org as OrgId,
        at,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.period_start, row.period_end)).collect())
}

/// Moves back what moved and is still there. What came to the kept customer since stays there; its owners and
/// `customer_since` go back unless somebody has changed them since. Recompute the events of both in the same transaction.
pub async fn undo(tx: &mut Tx, merge: MergeId, kept: CustomerId, merged: CustomerId) -> sqlx::Result<()> {
    move_back(tx, merge, kept, merged).await?;
    restore_owners(tx, merge, kept, merged).await?;
    let (org, actor, now) = (tx.org, tx.actor, tx.now);
    sqlx::query!(
        "update customers c
         set version = c.version + 1,
             customer_since = case when c.customer_since is not distinct from m.since_after
                                   then m.since_before else c.customer_since end,
             external_id = case when m.external_id is null then c.external_id end
         from customer_merges m
         where c.org_id = $1 and c.id = $3 and m.org_id = $1 and m.id = $2",
        org as OrgId,
        merge as MergeId,
        kept as CustomerId,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "update customers c
         set version = c.version + 1, merged_into = null, external_id = coalesce(m.external_id, c.external_id)
         from customer_merges m
         where c.org_id = $1 and c.id = $3 and m.org_id = $1 and m.id = $2",
        org as OrgId,
        merge as MergeId,
        merged as CustomerId,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "delete from endings e
         using customer_merges m
         where m.org_id = $1 and m.id = $2 and e.org_id = $1 and e.id = m.ending_id",
        org as OrgId,
        merge as MergeId,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "update customer_merges
         set undone_by = $3::bigint, undone_at = $4
         where org_id = $1 and id = $2",
        org as OrgId,
        merge as MergeId,
        actor as Option<UserId>,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn move_back(tx: &mut Tx, merge: MergeId, kept: CustomerId, merged: CustomerId) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "with moved as (
             select kind, thing_id, detail
             from customer_merge_moves
             where org_id = $1 and merge_id = $2
         ), deal as (
             -- What came back of a deal since is where its deal is.
             update deals d
             set customer_id = $4, version = version + 1
             where d.org_id = $1 and d.customer_id = $3 and exists (
                 select from moved
                 join deals o on o.org_id = $1 and o.id = moved.thing_id and o.customer_id = $3
                 where moved.kind = 'deal' and o.id in (d.id, d.returns_id)
             )
         ), visit as (
             update visits v
             set customer_id = $4, version = version + 1
             from moved
             where v.org_id = $1 and moved.kind = 'visit' and v.id = moved.thing_id and v.customer_id = $3
         ), note as (
             update customer_notes n
             set customer_id = $4
             from moved
             where n.org_id = $1 and moved.kind = 'note' and moved.detail is null and n.id = moved.thing_id
               and n.customer_id = $3
         ), free as (
             delete from customer_notes n
             using moved
             where n.org_id = $1 and moved.kind = 'note' and moved.detail is not null and n.id = moved.thing_id
               and n.customer_id = $3
         ), contact as (
             delete from contacts c
             using moved
             where c.org_id = $1 and c.customer_id = $3 and moved.kind = 'contact'
               and (c.name, c.role, c.email, c.phone)
                   = (moved.detail ->> 'name', moved.detail ->> 'role', moved.detail ->> 'email', moved.detail ->> 'phone')
             returning c.id, c.name, c.role, c.email, c.phone
         )
         -- Whoever was taken away or changed since is not moved back.
         insert into contacts (org_id, customer_id, name, role, email, phone)
         select $1, $4, name, role, email, phone
         from contact
         order by id",
        org as OrgId,
        merge as MergeId,
        kept as CustomerId,
        merged as CustomerId,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn restore_owners(tx: &mut Tx, merge: MergeId, kept: CustomerId, merged: CustomerId) -> sqlx::Result<()> {
    let org = tx.org;
    let stands = sqlx::query_scalar!(
        r#"select m.owners_after = (
                      select coalesce(jsonb_agg(jsonb_build_object('rep', o.rep_id, 'during', o.during) order by o.during),
                                      '[]')
                      from ownerships o
                      where o.org_id = $1 and o.customer_id = m.kept_id
                  ) as "stands!"
           from customer_merges m
           where m.org_id = $1 and m.id = $2"#,
        org as OrgId,
        merge as MergeId,
    )
    .fetch_one(&mut **tx)
    .await?;
    sqlx::query!(
        "delete from ownerships
         where org_id = $1 and (customer_id = $3 or $4 and customer_id = $2)",
        org as OrgId,
        kept as CustomerId,
        merged as CustomerId,
        stands,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into ownerships (org_id, customer_id, rep_id, during)
         select $1, before.customer_id, (o ->> 'rep')::bigint, (o ->> 'during')::daterange
         from customer_merges m
         cross join lateral (
             values ($3::bigint, case when $5 then m.owners_before else '[]' end), ($4::bigint, m.owners_merged)
         ) as before (customer_id, owners)
         cross join jsonb_array_elements(before.owners) as o
         where m.org_id = $1 and m.id = $2",
        org as OrgId,
        merge as MergeId,
        kept as CustomerId,
        merged as CustomerId,
        stands,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
