//! The list of visits: what fits the filters, and exactly those visits that a metric counts.

use sqlx::PgConnection;
use time::{Date, Time};

use crate::domain::{
    company::Company,
    id::{CustomerId, OrgId, TeamId, UserId, VisitId},
    visit::{Kind, Outcome, State},
};

/// Which visits are asked for.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of these people; none: of everybody.
    pub reps: Option<Vec<UserId>>,
    /// Of those who belonged on the day of the visit to this team or one below it.
    pub team: Option<TeamId>,
    /// To this customer.
    pub customer: Option<CustomerId>,
    /// From this day on.
    pub from: Option<Date>,
    /// Before this day.
    pub to: Option<Date>,
    /// Of these kinds; none: of all.
    pub kinds: Option<Vec<Kind>>,
    /// In this state.
    pub state: Option<State>,
    /// Only those that count: done, not after today, not entered after the lock of their period; one per customer, day
    /// and kind (and per person, where one person is asked for).
    pub counted: bool,
    /// Only visits to customers who had not bought before that day.
    pub stranger: bool,
    /// Only what comes behind this one.
    pub after: Option<(Date, i64)>,
    /// At most so many.
    pub limit: i64,
}

/// A visit in a list.
#[derive(Clone, Debug)]
pub struct Row {
    /// The visit.
    pub id: VisitId,
    /// Everybody who went: "Ingrid, Jonas".
    pub rep: String,
    /// To whom.
    pub customer_id: CustomerId,
    /// The customer's name.
    pub customer: String,
    /// The day.
    pub visited_on: Date,
    /// At what time.
    pub starts_at: Option<Time>,
    /// In person or not.
    pub kind: Kind,
    /// Planned, done or missed.
    pub state: State,
    /// What came of it.
    pub outcome: Option<Outcome>,
    /// How long it took.
    pub minutes: Option<i32>,
    /// Free words.
    pub notes: String,
    /// How many days after its day it, or somebody asked for who went, was entered, if later than the company allows.
    pub late: Option<i32>,
    /// Whether it was entered after its period was locked: it counts for nothing.
    pub after_lock: bool,
    /// Whether it is one of those that a metric counts: see [`Filter::counted`].
    pub counts: bool,
    /// How many fit the filters.
    pub total: i64,
}

/// One page of the visits that fit, the latest day first.
pub async fn list(
    db: &mut PgConnection,
    org: OrgId,
    filter: &Filter,
    company: &Company,
    today: Date,
) -> sqlx::Result<Vec<Row>> {
    let kinds: Option<Vec<&str>> = filter.kinds.as_ref().map(|kinds| kinds.iter().map(|kind| kind.as_str()).collect());
    let one_person = filter.team.is_none() && filter.reps.as_ref().is_some_and(|reps| reps.len() == 1);
    let (after_day, after_id) = filter.after.unzip();
    sqlx::query_as!(
        Row,
        r#"with recursive subtree as (
               select t.id from teams t where t.org_id = $1 and t.id = $3
               union
               select t.id
               from subtree
               join teams t on t.org_id = $1 and t.parent_id = subtree.id
           ),
           -- Each who went, with the instant from which the visit is entered for that person.
           went as (
               select v.id, v.rep_id, v.customer_id, v.visited_on, v.kind, v.state, v.recorded_at
               from visits v
               where v.org_id = $1
                 and ($2::bigint[] is null or v.rep_id = any ($2))
                 and ($5::date is null or v.visited_on >= $5)
                 and ($6::date is null or v.visited_on < $6)
                 and ($4::bigint is null or v.customer_id = $4)
               union all
               select v.id, p.rep_id, v.customer_id, v.visited_on, v.kind, v.state, greatest(v.recorded_at, p.recorded_at)
               from visit_participants p
               join visits v on v.org_id = $1 and v.id = p.visit_id
               where p.org_id = $1 and $4::bigint is null
                 and ($2::bigint[] is null or p.rep_id = any ($2))
                 and ($5::date is null or p.visited_on >= $5)
                 and ($6::date is null or p.visited_on < $6)
               union all
               -- Of one customer: from its visits, so that nobody else's are read.
               select v.id, p.rep_id, v.customer_id, v.visited_on, v.kind, v.state, greatest(v.recorded_at, p.recorded_at)
               from visits v
               join visit_participants p on p.org_id = v.org_id and p.visit_id = v.id
               where v.org_id = $1 and v.customer_id = $4
                 and ($2::bigint[] is null or p.rep_id = any ($2))
                 and ($5::date is null or v.visited_on >= $5)
                 and ($6::date is null or v.visited_on < $6)
           ),
           fitting as (
               select v.id, v.rep_id, v.customer_id, v.visited_on, v.kind, v.state, v.recorded_at as entered_at,
                      exists (
                          select from period_locks l
                          where l.org_id = $1 and v.visited_on >= l.period_start and v.visited_on < l.period_end
                            and v.recorded_at > l.locked_at
                      ) as after_lock
               from went v
               where ($3::bigint is null or exists (
                     select from memberships m
                     where m.org_id = $1 and m.user_id = v.rep_id and m.during @> v.visited_on
                       and m.team_id in (select id from subtree)
                 ))
                 and ($4::bigint is null or v.customer_id = $4)
                 and ($7::text[] is null or v.kind = any ($7))
                 and ($8::text is null or v.state = $8)
                 and (not $9 or (v.state = 'done' and v.visited_on <= $11))
                 and (not $10 or (
                     exists (
                         select from customers c
                         where c.org_id = $1 and c.id = v.customer_id and c.customer_since is null
                     )
                     and not exists (
                         select from deals d
                         where d.org_id = $1 and d.customer_id = v.customer_id and d.booked_on < v.visited_on
                           and d.net > 0 and (d.fully_returned_on is null or d.fully_returned_on > v.visited_on)
                     )
                 ))
           ),
           one as (
               select distinct on (f.customer_id, f.visited_on, f.kind, case when $13 then f.rep_id end)
                      f.id, f.visited_on, f.entered_at
               from fitting f
               where f.state = 'done' and f.visited_on <= $11 and not f.after_lock
               order by f.customer_id, f.visited_on, f.kind, case when $13 then f.rep_id end, f.id, f.entered_at
           ),
           chosen as (
               select f.id, f.visited_on, max(f.entered_at) as entered_at, bool_and(f.after_lock) as after_lock
               from fitting f
               where not $9
               group by f.id, f.visited_on
               union all
               select one.id, one.visited_on, one.entered_at, false
               from one
               where $9
           ),
           -- Cut before anything is looked up for it.
           page as materialized (
               select chosen.id, chosen.visited_on, chosen.entered_at, chosen.after_lock
               from chosen
               where $15::date is null or (chosen.visited_on, chosen.id) < ($15, $16::bigint)
               order by chosen.visited_on desc, chosen.id desc
               limit $17
           ),
           counting as (
               select distinct on (f.customer_id, f.visited_on, f.kind, case when $13 then f.rep_id end) f.id
               from page p
               join visits v on v.org_id = $1 and v.id = p.id
               join fitting f on f.customer_id = v.customer_id and f.visited_on = v.visited_on and f.kind = v.kind
               where f.state = 'done' and f.visited_on <= $11 and not f.after_lock
               order by f.customer_id, f.visited_on, f.kind, case when $13 then f.rep_id end, f.id, f.entered_at
           )
           select v.id,
                  concat_ws(', ', u.name, (
                      select string_agg(w.name, ', ' order by lower(w.name))
                      from visit_participants p
                      join users w on w.org_id = p.org_id and w.id = p.rep_id
                      where p.org_id = v.org_id and p.visit_id = v.id
                  )) as "rep!",
                  v.customer_id, c.name as customer, v.visited_on, v.starts_at,
                  v.kind as "kind: Kind", v.state as "state: State", v.outcome as "outcome: Outcome",
                  v.minutes, v.notes,
                  case when v.state = 'done' and (page.entered_at at time zone $12)::date - v.visited_on > $14
                       then (page.entered_at at time zone $12)::date - v.visited_on end as "late?",
                  page.after_lock as "after_lock!",
                  $9 or v.id in (select id from counting) as "counts!",
                  (select count(*) from chosen) as "total!"
           from page
           join visits v on v.org_id = $1 and v.id = page.id
           join users u on u.org_id = v.org_id and u.id = v.rep_id
           join customers c on c.org_id = v.org_id and c.id = v.customer_id
           order by page.visited_on desc, page.id desc"#,
        org as OrgId,
        filter.reps.as_deref() as Option<&[UserId]>,
        filter.team as Option<TeamId>,
        filter.customer as Option<CustomerId>,
        filter.from,
        filter.to,
        kinds.as_deref() as Option<&[&str]>,
        filter.state as Option<State>,
        filter.counted,
        filter.stranger,
        today,
        company.time_zone,
        one_person,
        i32::try_from(company.late_entry_days).unwrap_or(i32::MAX),
        after_day,
        after_id,
        filter.limit,
    )
    .fetch_all(db)
    .await
}
