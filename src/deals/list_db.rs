//! The list of deals: what fits the filters, with the part that a metric counts of each, and their sums.

use sqlx::PgConnection;
use time::Date;

use crate::domain::{
    access::Scope,
    deal::Stage,
    id::{CustomerId, DealId, OrgId, TeamId, UserId},
    money::Money,
};

/// Which deals are asked for.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those in which these people have a share; none: everybody's.
    pub reps: Option<Vec<UserId>>,
    /// Those in which somebody has a share who belonged on the day of the win (of what is not won: today) to this team or
    /// one below it.
    pub team: Option<TeamId>,
    /// Only deals with such a share, as a metric counts them. Otherwise also those that the people own or are credited
    /// with apart.
    pub shares_only: bool,
    /// Of this customer.
    pub customer: Option<CustomerId>,
    /// Won from this day on.
    pub from: Option<Date>,
    /// Won before this day.
    pub to: Option<Date>,
    /// In this stage.
    pub stage: Option<Stage>,
    /// Won and not confirmed.
    pub unconfirmed: bool,
    /// `Some(true)`: sales to new customers; `Some(false)`: to existing ones.
    pub to_new: Option<bool>,
    /// Only what comes behind this date and number.
    pub after: Option<(Date, i64)>,
    /// At most so many.
    pub limit: i64,
}

/// A deal in a list.
#[derive(Clone, Debug)]
pub struct Row {
    /// The deal.
    pub id: DealId,
    /// Its number.
    pub number: i64,
    /// The customer.
    pub customer_id: CustomerId,
    /// The customer's name.
    pub customer: String,
    /// How far it has come.
    pub stage: Stage,
    /// The day of the win; of an open deal the day on which it is expected; else that on which it was lost or cancelled.
    pub day: Option<Date>,
    /// Where it stands in the list: that day, and behind all days what has none.
    pub place: Date,
    /// The whole deal.
    pub net: Money,
    /// What counts of it for the people or team that were asked for; the whole where nobody was.
    pub part: Money,
    /// Who is credited, in order.
    pub credits: String,
    /// Whether it may pay.
    pub confirmed: bool,
    /// The number of the deal that it returns.
    pub returns: Option<i64>,
    /// Whether somebody who confirms deals may confirm this one: it is in that sight, and the person is not credited on it.
    pub may_confirm: bool,
    /// Counts its changes.
    pub version: i32,
    /// How many fit the filters.
    pub total: i64,
    /// Sum of the whole deals.
    pub total_net: Money,
    /// Sum of the parts.
    pub total_part: Money,
    /// Sum of what is credited to the people apart, as overlay.
    pub total_overlay: Money,
}

/// One page of the deals that fit, the latest first. `confirms` is whose deals the asking person confirms.
pub async fn list(
    db: &mut PgConnection,
    me: UserId,
    confirms: &Scope,
    filter: &Filter,
    today: Date,
) -> sqlx::Result<Vec<Row>> {
    let (after_day, after_number) = filter.after.unzip();
    let org = confirms.org;
    // A customer's deals and those to confirm are fewer than what people sold in all their years.
    let by_people = filter.reps.is_some() && filter.team.is_none() && filter.customer.is_none() && !filter.unconfirmed;
    sqlx::query_as!(
        Row,
        r#"with recursive subtree as (
               select t.id from teams t where t.org_id = $1 and t.id = $3
               union
               select t.id
               from subtree
               join teams t on t.org_id = $1 and t.parent_id = subtree.id
           ),
           -- Where people are asked for, their deals are found by credits and owners, with what is theirs of each: of so many
           -- nothing more is looked up. Credits have the day of their deal's win.
           theirs as (
               select found.id, sum(found.part)::bigint as part, sum(found.overlay)::bigint as overlay
               from (
                   select c.deal_id as id, case when not c.overlay then c.amount end as part,
                          case when c.overlay then c.amount end as overlay
                   from deal_credits c
                   where c.org_id = $1 and c.rep_id = any ($2) and ($8::text is null or $8 = 'won' or c.booked_on is null)
                     and ($6::date is null or c.booked_on >= $6) and ($7::date is null or c.booked_on < $7)
                   union all
                   select d.id, null, null
                   from deals d
                   where d.org_id = $1 and d.owner_id = any ($2) and not $4
                     and ($8::text is null or $8 = 'won' or d.booked_on is null)
                     and ($6::date is null or d.booked_on >= $6) and ($7::date is null or d.booked_on < $7)
               ) found
               group by found.id
           ),
           -- By people, or among the few of a customer or to confirm, or all.
           reached as (
               select d.id, d.number, d.customer_id, d.stage, d.booked_on, d.expected_on, d.closed_on, d.net, d.returns_id,
                      d.confirmed_at, t.part, t.overlay
               from theirs t
               join deals d on d.org_id = $1 and d.id = t.id
               where $17 and (not $4 or t.part is not null)
               union all
               select d.id, d.number, d.customer_id, d.stage, d.booked_on, d.expected_on, d.closed_on, d.net, d.returns_id,
                      d.confirmed_at, shares.part, shares.overlay
               from deals d
               left join lateral (
                   select sum(c.amount) filter (where not c.overlay)::bigint as part,
                          sum(c.amount) filter (where c.overlay)::bigint as overlay
                   from deal_credits c
                   where c.org_id = d.org_id and c.deal_id = d.id and ($2::bigint[] is null or c.rep_id = any ($2))
                     and ($3::bigint is null or exists (
                         select from memberships m
                         where m.org_id = c.org_id and m.user_id = c.rep_id and m.during @> coalesce(d.booked_on, $11)
                           and m.team_id in (select id from subtree)
                     ))
               ) shares on $2::bigint[] is not null or $3::bigint is not null
               where d.org_id = $1 and not $17
                 and ($2::bigint[] is null and $3::bigint is null
                      or shares.part is not null
                      or not $4 and (d.owner_id = any ($2) or shares.overlay is not null))
           ),
           fitting as (
               select d.id, d.number, d.net, d.part, d.overlay, at.day, coalesce(at.day, date '1900-01-01') as place
               from reached d
               cross join lateral (
                   select case d.stage when 'won' then d.booked_on when 'open' then d.expected_on else d.closed_on end as day
               ) at
               where ($5::bigint is null or d.customer_id = $5)
                 and ($6::date is null or d.booked_on >= $6)
                 and ($7::date is null or d.booked_on < $7)
                 and ($8::text is null or d.stage = $8)
                 and (d.booked_on is null or d.booked_on <= $11)
                 and (not $9 or d.stage = 'won' and d.confirmed_at is null)
                 and ($10::bool is null or $10 = (
                     select c.customer_since is null
                            and (f.kind is distinct from 'first_sale'
                                 or coalesce(r.booked_on, d.booked_on) < f.new_until)
                     from organizations o
                     join customers c on c.org_id = o.id and c.id = d.customer_id
                     left join deals r on r.org_id = o.id and r.id = d.returns_id
                     left join lateral (
                         select e.kind, e.new_until
                         from customer_events e
                         where e.org_id = o.id and e.customer_id = d.customer_id and e.on_date <= $11
                           and e.kind in ('first_sale', 'first_sale_undone')
                         order by e.position desc
                         limit 1
                     ) f on true
                     where o.id = $1
                 ))
           ),
           -- Once, however many rows the planner expects beside it.
           sums as materialized (
               select count(*) as total, coalesce(sum(net), 0)::bigint as net,
                      coalesce(sum(case when $2::bigint[] is null and $3::bigint is null then net else part end), 0)::bigint
                          as part,
                      case when $2::bigint[] is null then 0 else coalesce(sum(overlay), 0) end::bigint as overlay
               from fitting
           ),
           -- Cut before anything is looked up for it.
           page as materialized (
               select f.id, f.number, f.day, f.place, f.part
               from fitting f
               where $13::date is null or (f.place, f.number) < ($13, $14::bigint)
               order by f.place desc, f.number desc
               limit $15
           )
           select d.id, d.number, d.customer_id, c.name as customer, d.stage as "stage: Stage", f.day,
                  f.place as "place!", d.net,
                  case when $2::bigint[] is null and $3::bigint is null then d.net else coalesce(f.part, 0) end
                      as "part!: Money",
                  coalesce((
                      select string_agg(u.name, ', ' order by dc.position)
                      from deal_credits dc
                      join users u on u.org_id = dc.org_id and u.id = dc.rep_id
                      where dc.org_id = d.org_id and dc.deal_id = d.id
                  ), '') as "credits!",
                  d.confirmed_at is not null as "confirmed!", r.number as "returns?",
                  not exists (
                      select from deal_credits dc
                      where dc.org_id = d.org_id and dc.deal_id = d.id and dc.rep_id = $12
                  ) and ($16::bigint[] is null
                      or d.owner_id = any ($16)
                      or exists (
                          select from deal_credits dc
                          where dc.org_id = d.org_id and dc.deal_id = d.id and dc.rep_id = any ($16)
                      )
                      or exists (
                          select from ownerships w
                          where w.org_id = d.org_id and w.customer_id = d.customer_id and w.during @> $11::date
                            and w.rep_id = any ($16)
                      )) as "may_confirm!",
                  d.version,
                  sums.total as "total!", sums.net as "total_net!: Money", sums.part as "total_part!: Money",
                  sums.overlay as "total_overlay!: Money"
           from page f
           cross join sums
           join deals d on d.org_id = $1 and d.id = f.id
           join customers c on c.org_id = d.org_id and c.id = d.customer_id
           left join deals r on r.org_id = d.org_id and r.id = d.returns_id
           order by f.place desc, f.number desc"#,
        org as OrgId,
        filter.reps.as_deref() as Option<&[UserId]>,
        filter.team as Option<TeamId>,
        filter.shares_only,
        filter.customer as Option<CustomerId>,
        filter.from,
        filter.to,
        filter.stage as Option<Stage>,
        filter.unconfirmed,
        filter.to_new,
        today,
        me as UserId,
        after_day,
        after_number,
        filter.limit,
        confirms.reps() as Option<&[UserId]>,
        by_people,
    )
    .fetch_all(db)
    .await
}
