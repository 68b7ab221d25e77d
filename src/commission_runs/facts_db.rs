//! The facts that pay: deals with their linked returns, customer events and visits of a period, rep by rep.

use std::collections::HashMap;

use sqlx::PgConnection;
use time::Date;

use super::rules::Rules;
use crate::domain::{
    id::{DealId, OrgId, UserId},
    money::Money,
};

/// A part of a deal that a rep is credited with, as commission needs it.
#[derive(Clone)]
pub struct CreditedDeal {
    /// Whose part.
    pub rep_id: UserId,
    /// The deal.
    pub id: DealId,
    /// Its number.
    pub number: i64,
    /// The number of the deal that it returns.
    pub returns: Option<i64>,
    /// Its own business date.
    pub booked_on: Date,
    /// That of the deal that it returns, or its own.
    pub class_on: Date,
    /// The customer's name.
    pub customer: String,
    /// The whole deal's net.
    pub net: Money,
    /// The rep's part of it.
    pub amount: Money,
    /// Whether it may pay.
    pub confirmed: bool,
    /// Whether it returns a deal of another period: then it counts there.
    pub elsewhere: bool,
    /// Whether it counts as a sale to a new customer.
    pub to_new_customer: bool,
    /// Whether the credit is apart from those that share the deal.
    pub overlay: bool,
    /// Since when the customer has been one; the day of the deal where every sale to it came back.
    pub customer_since: Option<Date>,
    /// Whether it is the customer's first sale.
    pub new_customer: bool,
    /// When the customer of a first sale was lost for the first time after it; the day may lie ahead.
    pub lost_on: Option<Date>,
    /// Whether the rep is the deal's primary one, for whom it counts as a deal; an overlay, and of returns each.
    pub primary: bool,
    /// Whether it sells a category for the first time to a customer that had bought another one; false if not asked.
    pub cross_sell: bool,
    /// Why it is not paid to the rep yet, and who holds it.
    pub hold: Option<String>,
}

/// The deals of a period and their linked returns, whenever those were booked; and returns of other periods' deals,
/// which only reconcile with the boards (docs/definitions.md, *Commission*). Who is credited on a return alone finds the
/// deal here, too, with no part of it. `rep` asks for one only, `cross_sell` for categories sold for the first time. In no
/// order: to sort them costs PostgreSQL half as much again.
pub async fn credited_deals(
    db: &mut PgConnection,
    org: OrgId,
    from: Date,
    to: Date,
    rep: Option<UserId>,
    cross_sell: bool,
    rules: &Rules,
) -> sqlx::Result<Vec<CreditedDeal>> {
    sqlx::query_as!(
        CreditedDeal,
        r#"with mine as (
               -- Where one rep is asked for, credits lead to the deals. No return is booked before its deal.
               select c.deal_id as id
               from deal_credits c
               where c.org_id = $1 and c.rep_id = $4 and c.booked_on >= $2 and c.booked_on < $3
               union
               select r.returns_id
               from deal_credits c
               cross join lateral (
                   -- One by one: all returns there are would be read else.
                   select d.returns_id
                   from deals d
                   where d.org_id = $1 and d.id = c.deal_id
                   offset 0
               ) r
               where c.org_id = $1 and c.rep_id = $4 and c.booked_on >= $2 and r.returns_id is not null
           ),
           base as (
               select d.id, d.number, d.booked_on, d.customer_id, d.confirmed_at, d.net
               from deals d
               where d.org_id = $1 and d.booked_on >= $2 and d.booked_on < $3 and d.returns_id is null
                 and ($4::bigint is null or d.id = any (array(select id from mine)))
           ),
           returned as (
               select d.id, d.number, b.number as returns, d.booked_on, d.customer_id, d.confirmed_at, d.net,
                      b.booked_on as class_on, b.id as root_id, b.customer_id as root_customer_id,
                      b.confirmed_at as root_confirmed_at, b.net as root_net
               from base b
               join deals d on d.org_id = $1 and d.returns_id = b.id and d.booked_on is not null
           ),
           all_deals as (
               select b.id, b.number, null::bigint as returns, b.booked_on, b.customer_id, b.confirmed_at, b.net,
                      b.booked_on as class_on, false as elsewhere
               from base b
               union all
               select r.id, r.number, r.returns, r.booked_on, r.customer_id, r.confirmed_at, r.net, r.class_on, false
               from returned r
               union all
               select d.id, d.number, o.number, d.booked_on, d.customer_id, d.confirmed_at, d.net, o.booked_on, true
               from deals d
               join deals o on o.org_id = $1 and o.id = d.returns_id
               where d.org_id = $1 and d.booked_on >= $2 and d.booked_on < $3 and d.returns_id is not null
                 and not (o.booked_on >= $2 and o.booked_on < $3)
                 and ($4::bigint is null or d.id = any (array(select id from mine)))
           ),
           parts as (
               select d.id, d.number, d.returns, d.booked_on, d.customer_id, d.confirmed_at, d.net, d.class_on, d.elsewhere,
                      c.rep_id, c.amount, c.overlay
               from all_deals d
               join deal_credits c on c.org_id = $1 and c.deal_id = d.id and c.booked_on >= $2
               where $4::bigint is null or c.rep_id = $4
               union all
               select distinct r.root_id, r.returns, null::bigint, r.class_on, r.root_customer_id, r.root_confirmed_at,
                               r.root_net, r.class_on, false, c.rep_id, 0::bigint, false
               from returned r
               cross join lateral (
                   -- One by one: all credits there are would be read else.
                   select c.rep_id
                   from deal_credits c
                   where c.org_id = $1 and c.deal_id = r.id and not c.overlay
                   offset 0
               ) c
               where ($4::bigint is null or c.rep_id = $4)
                 -- As a count: an anti-join would read all credits there are.
                 and (
                     select count(*)
                     from deal_credits own
                     where own.org_id = $1 and own.deal_id = r.root_id and own.rep_id = c.rep_id and not own.overlay
                 ) = 0
           ),
           -- Each customer once, however many deals.
           buyers as materialized (
               select cu.id, cu.name, cu.customer_since, f.on_date, f.deal_id, f.position, f.new_until
               from (select distinct p.customer_id from parts p) p
               join customers cu on cu.org_id = $1 and cu.id = p.customer_id
               left join lateral (
                   select e.kind, e.on_date, e.deal_id, e.position, e.new_until
                   from customer_events e
                   where e.org_id = $1 and e.customer_id = p.customer_id
                     and e.kind in ('first_sale', 'first_sale_undone')
                   order by e.position desc
                   limit 1
               ) f on f.kind = 'first_sale'
           ),
           held as materialized (
               select distinct on (h.rep_id, h.deal_id) h.rep_id, h.deal_id, h.reason || ' (' || w.name || ')' as reason
               from pay_holds h
               join users w on w.org_id = h.org_id and w.id = h.made_by
               where h.org_id = $1 and h.deal_id is not null and not $7
                 and not exists (select from pay_hold_releases r where r.org_id = h.org_id and r.hold_id = h.id)
               order by h.rep_id, h.deal_id, h.id
           )
           select d.rep_id as "rep_id!: UserId", d.id as "id!: DealId", d.number as "number!", d.returns as "returns?",
                  d.booked_on as "booked_on!", cu.name as customer, d.net as "net!: Money", d.amount as "amount!: Money",
                  not coalesce($6, o.confirm_deals) or d.confirmed_at is not null as "confirmed!", d.elsewhere as "elsewhere!",
                  d.class_on as "class_on!", d.overlay as "overlay!",
                  d.overlay or d.returns is not null or d.amount = d.net or coalesce(d.rep_id = (
                      select k.rep_id
                      from deals w
                      join deal_credits k on k.org_id = w.org_id and k.deal_id = w.id and not k.overlay
                      where w.org_id = $1 and w.id = d.id
                      order by k.parts desc, k.rep_id is distinct from w.owner_id, k.position
                      limit 1
                  ), false) as "primary!",
                  cu.customer_since is null
                  and coalesce(d.class_on < cu.new_until, true) as "to_new_customer!",
                  coalesce(cu.customer_since, cu.on_date, d.class_on) as customer_since,
                  cu.customer_since is null and coalesce(cu.deal_id = d.id, false) as "new_customer!",
                  case when cu.deal_id = d.id then (
                      select min(l.on_date)
                      from customer_events l
                      where l.org_id = $1 and l.customer_id = d.customer_id and l.kind = 'lost'
                        and l.position > cu.position
                  ) end as lost_on,
                  case when $5 then d.returns is null and exists (
                      select from deal_lines l
                      join products p on p.org_id = l.org_id and p.id = l.product_id
                      cross join lateral (
                          select coalesce(bool_or(q.category_id = p.category_id), false) as same,
                                 coalesce(bool_or(q.category_id <> p.category_id), false) as other
                          from deals e
                          join deal_lines m on m.org_id = e.org_id and m.deal_id = e.id and m.amount > 0
                          join products q on q.org_id = m.org_id and q.id = m.product_id
                          where e.org_id = $1 and e.customer_id = d.customer_id and e.returns_id is null
                            and (e.booked_on, e.number) < (d.booked_on, d.number)
                            and (e.fully_returned_on is null or e.fully_returned_on > d.booked_on or exists (
                                -- A return on hold for the deal's primary rep has not come back yet.
                                select from held x
                                join deals b on b.org_id = $1 and b.id = x.deal_id and b.returns_id = e.id
                                where x.rep_id = (
                                    select k.rep_id
                                    from deal_credits k
                                    where k.org_id = $1 and k.deal_id = e.id and not k.overlay
                                    order by k.parts desc, k.rep_id is distinct from e.owner_id, k.position
                                    limit 1
                                )
                            ))
                      ) b
                      where l.org_id = $1 and l.deal_id = d.id and l.amount > 0 and b.other and not b.same
                  ) else false end as "cross_sell!", h.reason as "hold?"
           from parts d
           left join held h on h.rep_id = d.rep_id and h.deal_id = d.id
           join organizations o on o.id = $1
           join buyers cu on cu.id = d.customer_id"#,
        org as OrgId,
        from,
        to,
        rep as Option<UserId>,
        cross_sell,
        rules.confirm_deals,
        rules.held_pays,
    )
    .fetch_all(db)
    .await
}

/// What the customers bought in a period that each rep owned on the day, as far as it pays: confirmed, not on hold for
/// that rep, and net of linked returns whenever those were booked. `rep` asks for one only.
pub async fn book_sales(
    db: &mut PgConnection,
    org: OrgId,
    from: Date,
    to: Date,
    rep: Option<UserId>,
    rules: &Rules,
) -> sqlx::Result<HashMap<UserId, Money>> {
    let rows = sqlx::query!(
        r#"with paying as (
               select d.id, d.customer_id, d.booked_on, d.net, coalesce($5, o.confirm_deals) as confirm_deals
               from organizations o
               join deals d on d.org_id = o.id and d.booked_on >= $2 and d.booked_on < $3 and d.returns_id is null
               where o.id = $1 and (not coalesce($5, o.confirm_deals) or d.confirmed_at is not null)
           ),
           netted as (
               select p.id as root_id, p.id, p.customer_id, p.booked_on, p.net
               from paying p
               union all
               select p.id, r.id, p.customer_id, p.booked_on, r.net
               from paying p
               join deals r on r.org_id = $1 and r.returns_id = p.id and r.booked_on is not null
               where not p.confirm_deals or r.confirmed_at is not null
           )
           select w.rep_id, sum(n.net)::bigint as "sales!: Money"
           from netted n
           join ownerships w on w.org_id = $1 and w.customer_id = n.customer_id and w.during @> n.booked_on
           where ($4::bigint is null or w.rep_id = $4)
             and ($6 or not exists (
                 select from pay_holds h
                 where h.org_id = $1 and h.rep_id = w.rep_id and h.deal_id in (n.root_id, n.id)
                   and not exists (select from pay_hold_releases r where r.org_id = h.org_id and r.hold_id = h.id)
             ))
           group by w.rep_id"#,
        org as OrgId,
        from,
        to,
        rep as Option<UserId>,
        rules.confirm_deals,
        rules.held_pays,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.rep_id, row.sales)).collect())
}

/// A first sale, loss or win-back of a period that counts for a rep's pay.
#[derive(Clone)]
pub struct PaidEvent {
    /// To whom it counts.
    pub rep_id: UserId,
    /// `first_sale`, `lost` or `won_back`.
    pub kind: String,
    /// When.
    pub on_date: Date,
    /// The customer's name.
    pub customer: String,
    /// The deal that made it.
    pub deal: Option<i64>,
    /// When a customer won was lost for the first time after that; the day may lie ahead.
    pub lost_on: Option<Date>,
}

/// The customer events that count for pay in a period: not undone since, and their deal confirmed and not on hold.
/// `rep` asks for one only.
pub async fn paid_events(
    db: &mut PgConnection,
    org: OrgId,
    from: Date,
    to: Date,
    rep: Option<UserId>,
    rules: &Rules,
) -> sqlx::Result<Vec<PaidEvent>> {
    sqlx::query_as!(
        PaidEvent,
        r#"select e.rep_id as "rep_id!", e.kind, e.on_date, c.name as customer, d.number as "deal?",
                  case when e.kind = 'first_sale' then (
                      select min(l.on_date)
                      from customer_events l
                      where l.org_id = e.org_id and l.customer_id = e.customer_id and l.kind = 'lost'
                        and l.position > e.position
                  ) end as lost_on
           from customer_events e
           join organizations o on o.id = e.org_id
           join customers c on c.org_id = e.org_id and c.id = e.customer_id
           left join deals d on d.org_id = e.org_id and d.id = e.deal_id
           where e.org_id = $1 and e.on_date >= $2 and e.on_date < $3 and e.rep_id is not null
             and e.kind in ('first_sale', 'lost', 'won_back')
             and (e.kind = 'lost' or not coalesce($5, o.confirm_deals) or d.confirmed_at is not null)
             and not exists (
                 select from customer_events u
                 where u.org_id = e.org_id and u.customer_id = e.customer_id and u.deal_id = e.deal_id
                   and u.kind = e.kind || '_undone'
                   and ($6 or not exists (
                       -- A return on hold takes nothing back.
                       select from deals b
                       join pay_holds h on h.org_id = b.org_id and h.rep_id = e.rep_id and h.deal_id = b.id
                       where b.org_id = e.org_id and b.returns_id = e.deal_id
                         and not exists (select from pay_hold_releases r where r.org_id = h.org_id and r.hold_id = h.id)
                   ))
                 -- One by one: all events there are would be read else.
                 offset 0
             )
             and ($6 or e.kind = 'lost' or not exists (
                 select from pay_holds h
                 where h.org_id = e.org_id and h.rep_id = e.rep_id and h.deal_id = e.deal_id
                   and not exists (select from pay_hold_releases r where r.org_id = h.org_id and r.hold_id = h.id)
             ))
             and ($4::bigint is null or e.rep_id = $4)
           order by e.rep_id, e.on_date, c.name"#,
        org as OrgId,
        from,
        to,
        rep as Option<UserId>,
        rules.confirm_deals,
        rules.held_pays,
    )
    .fetch_all(db)
    .await
}

/// A counted visit or touch of a rep.
#[derive(Clone)]
pub struct CountedVisit {
    /// Who went.
    pub rep_id: UserId,
    /// When.
    pub visited_on: Date,
    /// The customer's name.
    pub customer: String,
    /// `in_person`, call or online.
    pub kind: String,
    /// Whether it was in person, to a customer that had never bought.
    pub stranger: bool,
}

/// The visits and touches that count in a period, for each who went: done, and not entered after the period's lock; one per
/// rep, customer, day and kind. `rep` asks for one only. In no order, as deals.
pub async fn counted_visits(
    db: &mut PgConnection,
    org: OrgId,
    from: Date,
    to: Date,
    rep: Option<UserId>,
) -> sqlx::Result<Vec<CountedVisit>> {
    sqlx::query_as!(
        CountedVisit,
        r#"with went as materialized (
               select distinct v.rep_id, v.customer_id, v.visited_on, v.kind
               from (
                   select v.rep_id, v.customer_id, v.visited_on, v.kind, v.recorded_at
                   from visits v
                   where v.org_id = $1 and v.visited_on >= $2 and v.visited_on < $3 and v.state = 'done'
                     and ($4::bigint is null or v.rep_id = $4)
                   union all
                   select p.rep_id, v.customer_id, v.visited_on, v.kind, greatest(v.recorded_at, p.recorded_at)
                   from visit_participants p
                   join visits v on v.org_id = p.org_id and v.id = p.visit_id and v.state = 'done'
                   where p.org_id = $1 and p.visited_on >= $2 and p.visited_on < $3
                     and ($4::bigint is null or p.rep_id = $4)
               ) v
               where not exists (
                   select from period_locks l
                   where l.org_id = $1 and v.visited_on >= l.period_start and v.visited_on < l.period_end
                     and v.recorded_at > l.locked_at
               )
           ),
           -- Each customer's days one after the other: their deals lie side by side.
           strangers as materialized (
               select w.customer_id, w.visited_on
               from (
                   select distinct w.customer_id, w.visited_on
                   from went w
                   where w.kind = 'in_person'
                   order by w.customer_id, w.visited_on
               ) w
               where not exists (
                   select from deals d
                   where d.org_id = $1 and d.customer_id = w.customer_id and d.booked_on < w.visited_on
                     and d.net > 0 and (d.fully_returned_on is null or d.fully_returned_on > w.visited_on)
                   offset 0
               )
           )
           select w.rep_id as "rep_id!: UserId", w.visited_on as "visited_on!", c.name as customer, w.kind as "kind!",
                  c.customer_since is null and s.customer_id is not null as "stranger!"
           from went w
           join customers c on c.org_id = $1 and c.id = w.customer_id
           left join strangers s on s.customer_id = w.customer_id and s.visited_on = w.visited_on"#,
        org as OrgId,
        from,
        to,
        rep as Option<UserId>,
    )
    .fetch_all(db)
    .await
}
