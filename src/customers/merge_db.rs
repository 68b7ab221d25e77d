//! The SQL of merging two customers: what would move, moving it, and keeping what moved.

use sqlx::PgConnection;
use time::{Date, OffsetDateTime, PrimitiveDateTime};

use crate::{
    domain::{
        customer::facts::Ownership,
        id::{CustomerId, EndingId, MergeId, OrgId, UserId},
    },
    postgres::tx::Tx,
};

/// How much of a customer moves with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moving {
    /// Deals in every stage.
    pub deals: i64,
    /// Visits and touches, planned ones among them.
    pub visits: i64,
    /// Notes, with the free one of its form.
    pub notes: i64,
    /// People whom the other customer does not have, too.
    pub contacts: i64,
    /// Visits to either that are stranger visits now: with what the other one bought they are none.
    pub strangers: i64,
    /// Whether an end that somebody proposed waits for a decision.
    pub waits: bool,
    /// Whether some of it lies in a locked period.
    pub is_settled: bool,
}

/// What would move from one customer to the other.
pub async fn moving(db: &mut PgConnection, org: OrgId, kept: CustomerId, merged: CustomerId) -> sqlx::Result<Moving> {
    sqlx::query_as!(
        Moving,
        r#"with strange as (
               select v.visited_on
               from visits v
               join customers c on c.org_id = $1 and c.id = v.customer_id and c.customer_since is null
               join customers o on o.org_id = $1 and o.id in ($2, $3) and o.id <> c.id
               where v.org_id = $1 and v.customer_id in ($2, $3) and v.state = 'done' and v.kind = 'in_person'
                 and not exists (
                     select from deals d
                     where d.org_id = $1 and d.customer_id = c.id and d.booked_on < v.visited_on and d.net > 0
                       and (d.fully_returned_on is null or d.fully_returned_on > v.visited_on)
                 )
                 and (o.customer_since is not null or exists (
                     select from deals d
                     where d.org_id = $1 and d.customer_id = o.id and d.booked_on < v.visited_on and d.net > 0
                       and (d.fully_returned_on is null or d.fully_returned_on > v.visited_on)
                 ))
                 and not exists (
                     select from period_locks l
                     where l.org_id = $1 and l.period_start <= v.visited_on and v.visited_on < l.period_end
                       and v.recorded_at > l.locked_at
                 )
           )
           select (select count(*) from deals d where d.org_id = $1 and d.customer_id = $3) as "deals!",
                  (select count(*) from visits v where v.org_id = $1 and v.customer_id = $3) as "visits!",
                  (select count(*) from customer_notes n where n.org_id = $1 and n.customer_id = $3)
                      + (select count(*) from customers c where c.org_id = $1 and c.id = $3 and c.notes <> '') as "notes!",
                  (select count(*) from strange) as "strangers!",
                  exists (
                      select from ending_proposals p
                      where p.org_id = $1 and p.customer_id = $3 and p.settled_at is null
                  ) as "waits!",
                  (select count(*)
                   from contacts c
                   where c.org_id = $1 and c.customer_id = $3 and not exists (
                       select from contacts k
                       where k.org_id = $1 and k.customer_id = $2
                         and (k.name, k.role, k.email, k.phone) = (c.name, c.role, c.email, c.phone)
                   )) as "contacts!",
                  exists (
                      select from period_locks l
                      where l.org_id = $1
                        and (exists (
                                 select from deals d
                                 where d.org_id = $1 and d.customer_id = $3 and d.booked_on >= l.period_start
                                   and d.booked_on < l.period_end
                             )
                             or exists (
                                 select from visits v
                                 where v.org_id = $1 and v.customer_id = $3 and v.visited_on >= l.period_start
                                   and v.visited_on < l.period_end and v.state = 'done'
                             )
                             or exists (
                                 select from strange s where s.visited_on >= l.period_start and s.visited_on < l.period_end
                             ))
                  ) as "is_settled!""#,
        org as OrgId,
        kept as CustomerId,
        merged as CustomerId,
    )
    .fetch_one(db)
    .await
}

/// A merge as it is written.
pub struct NewMerge<'a> {
    /// The customer that goes on.
    pub kept: CustomerId,
    /// The one that becomes part of it.
    pub merged: CustomerId,
    /// Why; may be empty.
    pub reason: &'a str,
    /// The end of the merged one.
    pub ending: EndingId,
    /// Since when the kept one is a customer, now.
    pub since: Option<Date>,
    /// Who owns the kept one when, now.
    pub owners: &'a [Ownership],
}

/// Moves everything of one customer to the other and keeps what moved. Recompute the events of both in the same
/// transaction.
pub async fn apply(tx: &mut Tx, new: &NewMerge<'_>) -> sqlx::Result<MergeId> {
    let id = begin(tx, new).await?;
    move_facts(tx, new, id).await?;
    let org = tx.org;
    sqlx::query!(
        "update customers c
         set merged_into = $3, version = c.version + 1,
             external_id = case when m.external_id is null then c.external_id end
         from customer_merges m
         where c.org_id = $1 and c.id = $2 and m.org_id = $1 and m.id = $4",
        org as OrgId,
        new.merged as CustomerId,
        new.kept as CustomerId,
        id as MergeId,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "update customers c
         set customer_since = $3, version = c.version + 1, external_id = coalesce(c.external_id, m.external_id)
         from customer_merges m
         where c.org_id = $1 and c.id = $2 and m.org_id = $1 and m.id = $4",
        org as OrgId,
        new.kept as CustomerId,
        new.since,
        id as MergeId,
    )
    .execute(&mut **tx)
    .await?;
    set_owners(tx, new, id).await?;
    Ok(id)
}

async fn begin(tx: &mut Tx, new: &NewMerge<'_>) -> sqlx::Result<MergeId> {
    let (org, actor, now) = (tx.org, tx.actor, tx.now);
    sqlx::query_scalar!(
        r#"insert into customer_merges (org_id, kept_id, merged_id, reason, merged_by, merged_at, ending_id, external_id,
                                        since_before, since_after, owners_before, owners_after, owners_merged)
           select $1, k.id, g.id, $4, $5::bigint, $6, $7, case when k.external_id is null then g.external_id end,
                  k.customer_since, $8, owned.kept, '[]', owned.merged
           from customers k
           join customers g on g.org_id = k.org_id and g.id = $3
           cross join lateral (
               select coalesce(jsonb_agg(jsonb_build_object('rep', o.rep_id, 'during', o.during) order by o.during)
                               filter (where o.customer_id = k.id), '[]') as kept,
                      coalesce(jsonb_agg(jsonb_build_object('rep', o.rep_id, 'during', o.during) order by o.during)
                               filter (where o.customer_id = g.id), '[]') as merged
               from ownerships o
               where o.org_id = k.org_id and o.customer_id in (k.id, g.id)
           ) owned
           where k.org_id = $1 and k.id = $2
           returning id"#,
        org as OrgId,
        new.kept as CustomerId,
        new.merged as CustomerId,
        new.reason,
        actor as Option<UserId>,
        now,
        new.ending as EndingId,
        new.since,
    )
    .fetch_one(&mut **tx)
    .await
}

/// Besides what moves, the free note of the merged one becomes a note like the others: its own page is reached no more.
async fn move_facts(tx: &mut Tx, new: &NewMerge<'_>, id: MergeId) -> sqlx::Result<()> {
    let (org, actor, now) = (tx.org, tx.actor, tx.now);
    sqlx::query!(
        "with deal as (
             update deals
             set customer_id = $2, version = version + 1
             where org_id = $1 and customer_id = $3
             returning id
         ), visit as (
             update visits
             set customer_id = $2, version = version + 1
             where org_id = $1 and customer_id = $3
             returning id
         ), note as (
             update customer_notes
             set customer_id = $2
             where org_id = $1 and customer_id = $3
             returning id
         ), free as (
             insert into customer_notes (org_id, customer_id, body, recorded_by, recorded_at)
             select $1, $2, left(format('Note of %s: %s', c.name, c.notes), 5000), $5, $6
             from customers c
             where c.org_id = $1 and c.id = $3 and c.notes <> ''
             returning id, jsonb_build_object('is_free', true) as said
         ), contact as (
             update contacts c
             set customer_id = $2
             where c.org_id = $1 and c.customer_id = $3 and not exists (
                 select from contacts k
                 where k.org_id = $1 and k.customer_id = $2
                   and (k.name, k.role, k.email, k.phone) = (c.name, c.role, c.email, c.phone)
             )
             returning c.id, jsonb_build_object('name', c.name, 'role', c.role, 'email', c.email, 'phone', c.phone) as said
         )
         insert into customer_merge_moves (org_id, merge_id, kind, thing_id, detail)
         select $1::bigint, $4::bigint, 'deal', id, null::jsonb from deal
         union all
         select $1, $4, 'visit', id, null from visit
         union all
         select $1, $4, 'note', id, null from note
         union all
         select $1, $4, 'note', id, said from free
         union all
         select $1, $4, 'contact', id, said from contact",
        org as OrgId,
        new.kept as CustomerId,
        new.merged as CustomerId,
        id as MergeId,
        actor as Option<UserId>,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn set_owners(tx: &mut Tx, new: &NewMerge<'_>, id: MergeId) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "delete from ownerships where org_id = $1 and customer_id in ($2, $3)",
        org as OrgId,
        new.kept as CustomerId,
        new.merged as CustomerId,
    )
    .execute(&mut **tx)
    .await?;
    let reps: Vec<UserId> = new.owners.iter().map(|days| days.rep).collect();
    let from: Vec<Option<Date>> = new.owners.iter().map(|days| days.from).collect();
    let to: Vec<Option<Date>> = new.owners.iter().map(|days| days.to).collect();
    sqlx::query!(
        "insert into ownerships (org_id, customer_id, rep_id, during)
         select $1, $2, o.rep_id, daterange(o.from_date, o.to_date)
         from unnest($3::bigint[], $4::date[], $5::date[]) as o (rep_id, from_date, to_date)",
        org as OrgId,
        new.kept as CustomerId,
        &reps as &[UserId],
        &from as &[Option<Date>],
        &to as &[Option<Date>],
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "update customer_merges
         set owners_after = (
             select coalesce(jsonb_agg(jsonb_build_object('rep', o.rep_id, 'during', o.during) order by o.during), '[]')
             from ownerships o
             where o.org_id = $1 and o.customer_id = $2
         )
         where org_id = $1 and id = $3",
        org as OrgId,
        new.kept as CustomerId,
        id as MergeId,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A merge that is not undone.
#[derive(Clone, Debug)]
pub struct Merge {
    /// The merge.
    pub id: MergeId,
    /// The customer that became part of another.
    pub merged_id: CustomerId,
    /// Its name.
    pub name: String,
    /// Who did it.
    pub by: String,
    /// When.
    pub merged_at: OffsetDateTime,
    /// When, at the company.
    pub at: PrimitiveDateTime,
    /// Whether a period was locked since: then what is settled may be told otherwise once it is undone.
    pub is_locked_since: bool,
}

/// What became part of a customer, the latest first.
pub async fn of(db: &mut PgConnection, org: OrgId, kept: CustomerId, time_zone: &str) -> sqlx::Result<Vec<Merge>> {
    sqlx::query_as!(
        Merge,
        r#"select m.id, m.merged_id, c.name, u.name as by, m.merged_at, m.merged_at at time zone $3 as "at!",
                  exists (
                      select from period_locks l where l.org_id = $1 and l.locked_at > m.merged_at
                  ) as "is_locked_since!"
           from customer_merges m
           join customers c on c.org_id = m.org_id and c.id = m.merged_id
           join users u on u.org_id = m.org_id and u.id = m.merged_by
           where m.org_id = $1 and m.kept_id = $2 and m.undone_at is null
           order by m.id desc"#,
        org as OrgId,
        kept as CustomerId,
        time_zone,
    )
    .fetch_all(db)
    .await
}
