//! The list of customers: search, filters and sort, with the figures of each.

use sqlx::PgConnection;
use time::Date;

use crate::domain::{
    access::Scope,
    customer::stage::{StageKind, compared},
    id::{CustomerId, OrgId, TeamId, UserId},
    money::Money,
    period::add_months,
};

/// Which customers are asked for, in which order.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// A part of the name, the city or the external id, as `like` takes it.
    pub search: Option<String>,
    /// In this segment.
    pub segment: Option<String>,
    /// Owned today by this person.
    pub owner: Option<UserId>,
    /// Owned today by nobody.
    pub is_unowned: bool,
    /// Owned today by somebody who belongs today to this team or one below it.
    pub team: Option<TeamId>,
    /// One of these.
    pub among: Option<Vec<CustomerId>>,
    /// In one of these stages of its life.
    pub stages: Option<Vec<StageKind>>,
    /// Without a sale on this day or later.
    pub unsold_since: Option<Date>,
    /// Where nobody was on this day or later.
    pub unvisited_since: Option<Date>,
    /// `name`, `last_sale`, `last_visit` or `sales`.
    pub sort: &'static str,
    /// The largest first.
    pub descending: bool,
    /// Only what comes behind this sort key and id.
    pub after: Option<(String, i64)>,
    /// At most so many.
    pub limit: i64,
}

/// A customer in a list.
#[derive(Clone, Debug)]
pub struct Row {
    /// The customer.
    pub id: CustomerId,
    /// The name.
    pub name: String,
    /// Its id in imported files.
    pub external_id: Option<String>,
    /// Where it is.
    pub city: Option<String>,
    /// Its segment.
    pub segment: Option<String>,
    /// Who owns it today.
    pub owner_id: Option<UserId>,
    /// The owner's name.
    pub owner: Option<String>,
    /// The day of its last sale.
    pub last_sale: Option<Date>,
    /// When somebody was there last.
    pub last_visit: Option<Date>,
    /// Net sales of the last twelve months.
    pub sales: Money,
    /// Where it stands.
    pub stage: StageKind,
    /// The last nine days on which it bought (also what it returned later), the latest first.
    pub sale_days: Vec<Date>,
    /// Net sales of the last 90 days, today included.
    pub sales_lately: Money,
    /// Net sales of the same days a year before.
    pub sales_before: Money,
    /// What the list is sorted by, as text.
    pub sort_key: String,
    /// How many fit the filters.
    pub total: i64,
}

/// One page of the customers that the people in sight own today; for finance and administrators of all.
pub async fn list(db: &mut PgConnection, scope: &Scope, filter: &Filter, today: Date) -> sqlx::Result<Vec<Row>> {
    let (after_key, after_id) = filter.after.clone().unzip();
    let [lately, before] = compared(today);
    let stages: Option<Vec<&str>> =
        filter.stages.as_ref().map(|stages| stages.iter().map(|stage| stage.as_str()).collect());
    sqlx::query_as!(
        Row,
        r#"with recursive subtree as (
               select t.id from teams t where t.org_id = $1 and t.id = $17
               union
               select t.id
               from subtree
               join teams t on t.org_id = $1 and t.parent_id = subtree.id
           ),
           fitting as (
               select c.id,
                      case $7
                          when 'last_sale' then coalesce((
                              select max(d.booked_on)
                              from deals d
                              where d.org_id = c.org_id and d.customer_id = c.id and d.booked_on <= $3 and d.net > 0
                          )::text, '')
                          when 'last_visit' then coalesce((
                              select max(v.visited_on)
                              from visits v
                              where v.org_id = c.org_id and v.customer_id = c.id and v.visited_on <= $3
                                and v.state = 'done' and v.kind = 'in_person'
                          )::text, '')
                          when 'sales' then lpad((1000000000000000000 + coalesce((
                              select sum(d.net)
                              from deals d
                              where d.org_id = c.org_id and d.customer_id = c.id and d.booked_on > $10
                                and d.booked_on <= $3
                          ), 0))::text, 20, '0')
                          else lower(c.name)
                      end as sort_key
               from customers c
               where c.org_id = $1 and c.merged_into is null
                 -- As arrays: so few customers are looked up, not looked for among all.
                 and ($2::bigint[] is null or c.id = any (array(
                     select o.customer_id
                     from ownerships o
                     where o.org_id = $1 and o.rep_id = any ($2) and o.during @> $3::date
                 )))
                 and ($4::text is null or c.name ilike '%' || $4 || '%' or c.city ilike '%' || $4 || '%'
                      or c.external_id ilike '%' || $4 || '%')
                 and ($5::text is null or c.segment = $5)
                 and ($6::bigint is null or c.id = any (array(
                     select o.customer_id
                     from ownerships o
                     where o.org_id = $1 and o.rep_id = $6 and o.during @> $3::date
                 )))
                 and (not $14 or not exists (
                     select from ownerships o
                     where o.org_id = c.org_id and o.customer_id = c.id and o.during @> $3::date
                 ))
                 and ($17::bigint is null or exists (
                     select from ownerships o
                     join memberships m on m.org_id = o.org_id and m.user_id = o.rep_id and m.during @> $3::date
                     where o.org_id = c.org_id and o.customer_id = c.id and o.during @> $3::date
                       and m.team_id in (select id from subtree)
                 ))
                 and ($18::bigint[] is null or c.id = any ($18))
                 and ($15::date is null or not exists (
                     select from deals d
                     where d.org_id = c.org_id and d.customer_id = c.id and d.booked_on >= $15 and d.booked_on <= $3
                       and d.net > 0
                 ))
                 and ($16::date is null or not exists (
                     select from visits v
                     where v.org_id = c.org_id and v.customer_id = c.id and v.visited_on >= $16 and v.visited_on <= $3
                       and v.state = 'done' and v.kind = 'in_person'
                 ))
                 and ($9::text[] is null or (
                     select at.stage = any ($9) from customer_stage(c.org_id, c.id, c.customer_since, $3) at
                 ))
           ),
           -- Cut before anything is looked up for it.
           page as materialized (
               select f.id, f.sort_key
               from fitting f
               where $11::text is null
                  or case when $8 then (f.sort_key, f.id) < ($11, $12::bigint) else (f.sort_key, f.id) > ($11, $12) end
               order by case when $8 then f.sort_key end desc, case when $8 then f.id end desc, f.sort_key, f.id
               limit $13
           )
           select c.id, c.name, c.external_id, c.city, c.segment,
                  (select o.rep_id
                   from ownerships o
                   where o.org_id = c.org_id and o.customer_id = c.id and o.during @> $3::date)
                      as "owner_id: UserId",
                  (select u.name
                   from ownerships o
                   join users u on u.org_id = o.org_id and u.id = o.rep_id
                   where o.org_id = c.org_id and o.customer_id = c.id and o.during @> $3::date) as owner,
                  (select max(d.booked_on)
                   from deals d
                   where d.org_id = c.org_id and d.customer_id = c.id and d.booked_on <= $3 and d.net > 0) as last_sale,
                  (select max(v.visited_on)
                   from visits v
                   where v.org_id = c.org_id and v.customer_id = c.id and v.visited_on <= $3 and v.state = 'done'
                     and v.kind = 'in_person') as last_visit,
                  coalesce((
                      select sum(d.net)
                      from deals d
                      where d.org_id = c.org_id and d.customer_id = c.id and d.booked_on > $10 and d.booked_on <= $3
                  ), 0)::bigint as "sales!: Money",
                  (select at.stage from customer_stage(c.org_id, c.id, c.customer_since, $3) at) as "stage!: StageKind",
                  array(select distinct d.booked_on
                        from deals d
                        where d.org_id = c.org_id and d.customer_id = c.id and d.booked_on <= $3 and d.net > 0
                        order by d.booked_on desc
                        limit 9) as "sale_days!: Vec<Date>",
                  coalesce((
                      select sum(d.net)
                      from deals d
                      where d.org_id = c.org_id and d.customer_id = c.id and d.booked_on >= $19 and d.booked_on < $20
                  ), 0)::bigint as "sales_lately!: Money",
                  coalesce((
                      select sum(d.net)
                      from deals d
                      where d.org_id = c.org_id and d.customer_id = c.id and d.booked_on >= $21 and d.booked_on < $22
                  ), 0)::bigint as "sales_before!: Money",
                  f.sort_key as "sort_key!",
                  (select count(*) from fitting) as "total!"
           from page f
           join customers c on c.org_id = $1 and c.id = f.id
           order by case when $8 then f.sort_key end desc, case when $8 then f.id end desc, f.sort_key, f.id"#,
        scope.org as OrgId,
        scope.reps() as Option<&[UserId]>,
        today,
        filter.search,
        filter.segment,
        filter.owner as Option<UserId>,
        filter.sort,
        filter.descending,
        stages.as_deref() as Option<&[&str]>,
        add_months(today, -12),
        after_key,
        after_id,
        filter.limit,
        filter.is_unowned,
        filter.unsold_since,
        filter.unvisited_since,
        filter.team as Option<TeamId>,
        filter.among.as_deref() as Option<&[CustomerId]>,
        lately.from,
        lately.to,
        before.from,
        before.to,
    )
    .fetch_all(db)
    .await
}

/// The segments in use, by name: from each one the index leads to the next.
pub async fn segments(db: &mut PgConnection, org: OrgId) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        r#"with recursive named as (
               (
                   select c.segment
                   from customers c
                   where c.org_id = $1 and c.segment is not null
                   order by c.segment
                   limit 1
               )
               union all
               select (
                   select c.segment
                   from customers c
                   where c.org_id = $1 and c.segment > named.segment
                   order by c.segment
                   limit 1
               )
               from named
               where named.segment is not null
           )
           select segment as "segment!"
           from named
           where segment is not null
           limit 200"#,
        org as OrgId,
    )
    .fetch_all(db)
    .await
}
