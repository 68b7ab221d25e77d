//! What happened with a customer: visits, deals, events and endings in one row of time; and the events behind a number.

use sqlx::PgConnection;
use time::Date;

use crate::domain::{
    access::Scope,
    customer::events::EventKind,
    id::{CustomerId, OrgId, TeamId, UserId},
    money::Money,
};

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Happening {
    /// When.
    pub on_date: Date,
    /// `visit`, `deal`, `event`, `ending`.
    pub what: String,
    /// Its id, unique among those of its sort.
    pub id: i64,
    /// Its place among what happened on the same day.
    pub rank: i64,
    /// The kind of visit, the stage of the deal, the kind of event or ending.
    pub kind: String,
    /// The state of the visit; `returned` for a deal that returns another.
    pub state: Option<String>,
    /// The outcome of the visit.
    pub outcome: Option<String>,
    /// Who: the visitor, the credited ones, to whom the event counts.
    pub who: Option<String>,
    /// The deal's number.
    pub number: Option<i64>,
    /// The deal's net, or the value of the loss.
    pub amount: Option<Money>,
    /// Notes or reason.
    pub words: String,
    /// Whether the viewer may open it.
    pub in_sight: bool,
}

/// Which part of what happened.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// Only this: `visit` or `deal`.
    pub what: Option<&'a str>,
    /// Only what comes behind this day and rank.
    pub after: Option<(Date, i64)>,
    /// At most so many.
    pub limit: i64,
}

/// One page of what happened up to today and what is planned, the latest first. `what` asks for visits or deals only.
pub async fn list(
    db: &mut PgConnection,
    scope: &Scope,
    customer: CustomerId,
    today: Date,
    part: Part<'_>,
) -> sqlx::Result<Vec<Happening>> {
    let (after_day, after_id) = part.after.unzip();
    sqlx::query_as!(
        Happening,
        r#"-- Cut before anything is looked up for it: a long history costs no more than a short one. Of visits and won deals the
           -- index leads to the latest.
           with page as materialized (
               select k.on_date, k.what, k.id, k.rank
               from (
                   (
                       select v.visited_on as on_date, 'visit' as what, v.id, 4 * v.id as rank
                       from visits v
                       where v.org_id = $1 and v.customer_id = $2 and ($4::text is null or $4 = 'visit')
                         and ($5::date is null or v.visited_on <= $5 and (v.visited_on, 4 * v.id) < ($5, $6::bigint))
                       order by v.visited_on desc, v.id desc
                       limit $8
                   )
                   union all
                   (
                       select d.booked_on, 'deal', d.id, 4 * d.id + 1
                       from deals d
                       where d.org_id = $1 and d.customer_id = $2 and d.booked_on is not null
                         and ($4::text is null or $4 = 'deal')
                         and ($5::date is null or d.booked_on <= $5 and (d.booked_on, 4 * d.id + 1) < ($5, $6::bigint))
                       order by d.booked_on desc, d.id desc
                       limit $8
                   )
                   union all
                   select at.day, 'deal', d.id, 4 * d.id + 1
                   from deals d
                   cross join lateral (
                       select coalesce(d.closed_on, d.expected_on, d.opened_on, d.recorded_at::date) as day
                   ) at
                   where d.org_id = $1 and d.customer_id = $2 and d.booked_on is null and ($4::text is null or $4 = 'deal')
                     and ($5::date is null or (at.day, 4 * d.id + 1) < ($5, $6::bigint))
                   union all
                   select e.on_date, 'event', e.position, 4 * e.position::bigint + 2
                   from customer_events e
                   where e.org_id = $1 and e.customer_id = $2 and e.on_date <= $7 and $4::text is null
                     and ($5::date is null or (e.on_date, 4 * e.position::bigint + 2) < ($5, $6::bigint))
                   union all
                   select n.on_date, 'ending', n.id, 4 * n.id + 3
                   from endings n
                   where n.org_id = $1 and n.customer_id = $2 and $4::text is null
                     and ($5::date is null or (n.on_date, 4 * n.id + 3) < ($5, $6::bigint))
               ) k
               order by k.on_date desc, k.rank desc
               limit $8
           )
           select h.on_date as "on_date!", h.what as "what!", h.id as "id!", h.rank as "rank!", h.kind as "kind!", h.state, h.outcome, h.who,
                  h.number, h.amount as "amount: Money", h.words as "words!", h.in_sight as "in_sight!"
           from (
               select p.on_date, p.what, p.id, p.rank, v.kind, v.state, v.outcome, concat_ws(', ', u.name, along.names) as who,
                      null::bigint as number, null::bigint as amount, left(v.notes, 400) as words,
                      $3::bigint[] is null or v.rep_id = any ($3) or coalesce(along.ids && $3, false) as in_sight
               from page p
               join visits v on v.org_id = $1 and v.id = p.id
               join users u on u.org_id = v.org_id and u.id = v.rep_id
               left join lateral (
                   select string_agg(w.name, ', ' order by lower(w.name)) as names, array_agg(a.rep_id) as ids
                   from visit_participants a
                   join users w on w.org_id = a.org_id and w.id = a.rep_id
                   where a.org_id = v.org_id and a.visit_id = v.id
               ) along on true
               where p.what = 'visit'
               union all
               select p.on_date, p.what, p.id, p.rank, d.stage, case when d.returns_id is not null then 'returned' end, null,
                      (select string_agg(u.name, ', ' order by c.position)
                       from deal_credits c
                       join users u on u.org_id = c.org_id and u.id = c.rep_id
                       where c.org_id = d.org_id and c.deal_id = d.id),
                      d.number, d.net, left(d.notes, 400),
                      $3::bigint[] is null or d.owner_id = any ($3)
                      or exists (
                          select from deal_credits c
                          where c.org_id = d.org_id and c.deal_id = d.id and c.rep_id = any ($3)
                      )
                      or exists (
                          select from ownerships o
                          where o.org_id = $1 and o.customer_id = $2 and o.during @> $7::date and o.rep_id = any ($3)
                      )
               from page p
               join deals d on d.org_id = $1 and d.id = p.id
               where p.what = 'deal'
               union all
               select p.on_date, p.what, p.id, p.rank, e.kind, null, null, u.name, d.number, e.value, '', false
               from page p
               join customer_events e on e.org_id = $1 and e.customer_id = $2 and e.position = p.id
               left join users u on u.org_id = e.org_id and u.id = e.rep_id
               left join deals d on d.org_id = e.org_id and d.id = e.deal_id
               where p.what = 'event'
               union all
               select p.on_date, p.what, p.id, p.rank, n.kind, null, null, u.name, null, null,
                      left(concat_ws(' · ', n.reason, 'in truth: ' || n.verified_reason, 'went to ' || n.competitor), 400), false
               from page p
               join endings n on n.org_id = $1 and n.id = p.id
               left join users u on u.org_id = n.org_id and u.id = n.recorded_by
               where p.what = 'ending'
           ) h
           order by h.on_date desc, h.rank desc"#,
        scope.org as OrgId,
        customer as CustomerId,
        scope.reps() as Option<&[UserId]>,
        part.what,
        after_day,
        after_id,
        today,
        part.limit,
    )
    .fetch_all(db)
    .await
}

/// Which events are asked for.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// Of these kinds; an undone one takes one back.
    pub kinds: Vec<EventKind>,
    /// That count to these people; none: to anybody, and to nobody but the company.
    pub reps: Option<Vec<UserId>>,
    /// That count to somebody who belonged on that day to this team or one below it.
    pub team: Option<TeamId>,
    /// From this day on.
    pub from: Option<Date>,
    /// Before this day.
    pub to: Option<Date>,
    /// Only what comes behind this day, position and customer.
    pub after: Option<(Date, i32, i64)>,
    /// At most so many.
    pub limit: i64,
}

/// An event in a list.
#[derive(Clone, Debug)]
pub struct EventRow {
    /// The customer.
    pub customer_id: CustomerId,
    /// The customer's name.
    pub customer: String,
    /// Its place in the customer's life.
    pub position: i32,
    /// What happened.
    pub kind: EventKind,
    /// When.
    pub on_date: Date,
    /// To whom it counts.
    pub rep: Option<String>,
    /// The number of the deal that made it.
    pub number: Option<i64>,
    /// What was lost.
    pub value: Money,
    /// Sum of what counts: 1 each, −1 for what was undone.
    pub counted: i64,
    /// How many fit the filters.
    pub total: i64,
}

/// One page of the events that a number counts, the latest first. What lies after today does not count yet.
pub async fn events(
    db: &mut PgConnection,
    org: OrgId,
    filter: &EventFilter,
    today: Date,
) -> sqlx::Result<Vec<EventRow>> {
    let kinds: Vec<&str> = filter.kinds.iter().map(|kind| kind.as_str()).collect();
    let (after_day, after_position, after_customer) =
        filter.after.map_or((None, None, None), |(day, position, id)| (Some(day), Some(position), Some(id)));
    sqlx::query_as!(
        EventRow,
        r#"with recursive subtree as (
               select t.id from teams t where t.org_id = $1 and t.id = $4
               union
               select t.id
               from subtree
               join teams t on t.org_id = $1 and t.parent_id = subtree.id
           ),
           fitting as (
               select e.customer_id, e.position, e.kind, e.on_date, e.rep_id, e.deal_id, e.value
               from customer_events e
               where e.org_id = $1 and e.kind = any ($2) and e.on_date <= $7
                 and ($3::bigint[] is null or e.rep_id = any ($3))
                 and ($4::bigint is null or exists (
                     select from memberships m
                     where m.org_id = e.org_id and m.user_id = e.rep_id and m.during @> e.on_date
                       and m.team_id in (select id from subtree)
                 ))
                 and ($5::date is null or e.on_date >= $5)
                 and ($6::date is null or e.on_date < $6)
           )
           select f.customer_id, c.name as customer, f.position, f.kind as "kind: EventKind", f.on_date, u.name as "rep?",
                  d.number as "number?", f.value,
                  (select count(*) filter (where kind not in ('first_sale_undone', 'won_back_undone'))
                          - count(*) filter (where kind in ('first_sale_undone', 'won_back_undone'))
                   from fitting) as "counted!",
                  (select count(*) from fitting) as "total!"
           from fitting f
           join customers c on c.org_id = $1 and c.id = f.customer_id
           left join users u on u.org_id = $1 and u.id = f.rep_id
           left join deals d on d.org_id = $1 and d.id = f.deal_id
           where $8::date is null
              or (f.on_date, f.position, f.customer_id) < ($8, $9::int, $10::bigint)
           order by f.on_date desc, f.position desc, f.customer_id desc
           limit $11"#,
        org as OrgId,
        &kinds as &[&str],
        filter.reps.as_deref() as Option<&[UserId]>,
        filter.team as Option<TeamId>,
        filter.from,
        filter.to,
        today,
        after_day,
        after_position,
        after_customer,
        filter.limit,
    )
    .fetch_all(db)
    .await
}
