//! The facts of every metric: one query, so that pages, exports and the command line cannot disagree. Pay lists what it
//! counts (`commission_runs::facts_db`).

use std::collections::BTreeMap;

use sqlx::PgConnection;
use time::Date;

pub use crate::domain::subject::{Subject, Subjects};
use crate::{
    domain::{
        company::GrowthBase,
        id::{OrgId, TeamId, UserId},
        metric::Facts,
        money::Money,
        period::{Base, Dates, Period, PeriodKind, add_months},
    },
    postgres::tx,
};

/// **The** facts of these subjects in these periods, by today: every pair is there, with zeros where nothing happened.
///
/// What is dated after today does not count. A team's facts are those of who was a member on the day of the fact.
pub async fn facts(
    db: &mut PgConnection,
    org: OrgId,
    subjects: &Subjects,
    periods: &[Period],
    growth_base: GrowthBase,
    today: Date,
) -> sqlx::Result<BTreeMap<(Period, Subject), Facts>> {
    let bases: Vec<Option<Base>> = periods.iter().map(|period| period.base(growth_base, today)).collect();
    let spans = spans(periods, &bases);
    let mut table = BTreeMap::new();
    for (period, base) in periods.iter().zip(&bases) {
        let none = base.map(|_| Money::ZERO);
        let nothing = Facts { net_sales_base: none, net_sales_whole_base: none, ..Facts::default() };
        table.extend(subjects.each().map(|subject| ((*period, subject), nothing)));
    }
    let rows = if is_of_many(subjects) {
        rows(db, org, subjects, &spans, today).await?
    } else {
        // To plan it takes longer than to answer it for a few.
        tx::planned_once(db, async |db| rows(db, org, subjects, &spans, today).await).await?
    };
    for row in rows {
        let period = usize::try_from(row.period).ok().and_then(|index| periods.get(index).zip(bases.get(index)));
        let Some((period, base)) = period else { continue };
        let Some(facts) = row.subject().and_then(|subject| table.get_mut(&(*period, subject))) else { continue };
        *facts = Facts {
            new_customers: row.new_customers,
            lost_customers: row.lost_customers,
            won_back_customers: row.won_back_customers,
            visits: row.visits,
            stranger_visits: row.stranger_visits,
            touches: row.touches,
            net_sales: row.net_sales,
            new_customer_sales: row.new_customer_sales,
            book_sales: row.book_sales,
            net_sales_base: base.map(|_| row.net_sales_base),
            net_sales_whole_base: base
                .map(|b| if b.so_far == b.whole { row.net_sales_base } else { row.net_sales_whole_base }),
            ..Facts::default()
        };
    }
    Ok(table)
}

/// The date ranges of the query: each period, its base so far and, where that is not all of it, its whole base.
///
/// A day of the base stands for a day of the period: so many years and days later, and not after the period's last day.
#[derive(Default)]
pub struct Spans {
    /// The place of the period.
    pub periods: Vec<i32>,
    /// 0: the period; 1: its base so far; 2: its whole base.
    pub parts: Vec<i16>,
    /// First days.
    pub from: Vec<Date>,
    /// First days after.
    pub to: Vec<Date>,
    /// How many years later a day of the base stands for.
    pub years: Vec<i32>,
    /// How many days later.
    pub days: Vec<i32>,
    /// The last days of the periods.
    pub last: Vec<Date>,
}

/// The date ranges of periods with these bases.
pub fn spans(periods: &[Period], bases: &[Option<Base>]) -> Spans {
    let mut spans = Spans::default();
    for (index, (period, base)) in (0..).zip(periods.iter().zip(bases)) {
        let mut push = |part, dates: Dates| {
            let (years, days) = match base {
                Some(base) if part > 0 => later(*period, *base),
                _ => (0, 0),
            };
            spans.years.push(years);
            spans.days.push(days);
            spans.last.push(period.last_day());
            spans.periods.push(index);
            spans.parts.push(part);
            spans.from.push(dates.from);
            spans.to.push(dates.to);
        };
        push(0, period.dates());
        if let Some(base) = base {
            push(1, base.so_far);
            if base.so_far != base.whole {
                push(2, base.whole);
            }
        }
    }
    spans
}

/// How many years, and how many days more, a day of the base lies before the day of the period that it stands for: a
/// calendar's year where that is what lies between, else days counted from the first one on.
pub fn later(period: Period, base: Base) -> (i32, i32) {
    let by_calendar = match period.kind() {
        PeriodKind::Day | PeriodKind::Week => false,
        PeriodKind::Month | PeriodKind::Quarter => base.whole.to != period.from(),
        PeriodKind::Year => add_months(base.whole.from, 12) == period.from(),
    };
    if by_calendar { (1, 0) } else { (0, i32::try_from((period.from() - base.whole.from).whole_days()).unwrap_or(0)) }
}

struct Row {
    period: i32,
    kind: i16,
    subject_id: i64,
    new_customers: i64,
    lost_customers: i64,
    won_back_customers: i64,
    visits: i64,
    stranger_visits: i64,
    touches: i64,
    net_sales: Money,
    new_customer_sales: Money,
    book_sales: Option<Money>,
    net_sales_base: Money,
    net_sales_whole_base: Money,
}

impl Row {
    fn subject(&self) -> Option<Subject> {
        match self.kind {
            0 => Some(Subject::Company),
            1 => Some(Subject::Rep(UserId(self.subject_id))),
            2 => Some(Subject::Team(TeamId(self.subject_id))),
            _ => None,
        }
    }
}

/// Whether many people's facts are asked for.
fn is_of_many(subjects: &Subjects) -> bool {
    subjects.company || !subjects.teams.is_empty() || subjects.reps.len() > A_FEW
}

/// So many people's deals are looked up one by one sooner than everybody's are read.
pub const A_FEW: usize = 10;

/// The one query. Each source is read by index ranges of span and rep (`offset 0` keeps the planner from turning them
/// into a scan of everything), so its cost follows from the periods asked for and not from the length of history.
async fn rows(
    db: &mut PgConnection,
    org: OrgId,
    subjects: &Subjects,
    spans: &Spans,
    today: Date,
) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as!(
        Row,
        r#"with recursive below as (
               select t.id as team_id, t.id as below_id
               from teams t
               where t.org_id = $1 and t.id = any($3)
               union
               select b.team_id, t.id
               from below b
               join teams t on t.org_id = $1 and t.parent_id = b.below_id
           ),
           members as materialized (
               select 1::smallint as kind, r.id as subject_id, r.id as rep_id, null::date as from_date, null::date as to_date
               from unnest($2::bigint[]) as r (id)
               union all
               select 2::smallint, b.team_id, m.user_id, lower(m.during), upper(m.during)
               from below b
               join memberships m on m.org_id = $1 and m.team_id = b.below_id
           ),
           spans as materialized (
               select s.period, s.part, s.from_date, least(s.to_date, $9::date + 1) as to_date, s.years, s.days, s.last_day
               from unnest($5::int[], $6::smallint[], $7::date[], $8::date[], $10::int[], $11::int[], $12::date[])
                   as s (period, part, from_date, to_date, years, days, last_day)
           ),
           basis as materialized (
               select o.growth_basis = 'book' as is_book
               from organizations o
               where o.id = $1
           ),
           sales as (
               select s.period, s.part, m.kind, m.subject_id, c.net
               from spans s
               cross join members m
               cross join lateral (
                   select sum(c.amount)::bigint as net
                   from deal_credits c
                   where c.org_id = $1 and c.rep_id = m.rep_id and not c.overlay
                     and c.booked_on >= greatest(s.from_date, m.from_date)
                     and c.booked_on < least(s.to_date, m.to_date)
               ) c
               where c.net is not null and (s.part = 0 or not (select b.is_book from basis b))
               union all
               select s.period, s.part, 0::smallint, 0, d.net
               from spans s
               cross join lateral (
                   select sum(d.net)::bigint as net
                   from deals d
                   where d.org_id = $1 and d.booked_on >= s.from_date and d.booked_on < s.to_date
               ) d
               where $4 and d.net is not null
           ),
           -- Of the basis `book`: what customers bought, for the rep who owned them on the day that it stands for.
           owned as (
               select s.period, s.part, d.net, w.rep_id, stands.for_date
               from spans s
               join deals d on d.org_id = $1 and d.booked_on >= s.from_date and d.booked_on < s.to_date
               cross join lateral (
                   select least((d.booked_on + make_interval(years => s.years))::date + s.days, s.last_day) as for_date
               ) stands
               join ownerships w on w.org_id = $1 and w.customer_id = d.customer_id and w.during @> stands.for_date
               where (select b.is_book from basis b)
           ),
           book as (
               select o.period, o.part, m.kind, m.subject_id, o.net
               from owned o
               join members m on m.rep_id = o.rep_id
                   and (m.from_date is null or m.from_date <= o.for_date)
                   and (m.to_date is null or o.for_date < m.to_date)
           ),
           -- Whose facts are read, each person once, however many of the subjects they count for.
           people as materialized (
               select distinct m.rep_id
               from members m
           ),
           credited as materialized (
               select s.period, p.rep_id, c.deal_id, c.booked_on, c.amount
               from spans s
               cross join people p
               cross join lateral (
                   select c.deal_id, c.booked_on, c.amount
                   from deal_credits c
                   where c.org_id = $1 and c.rep_id = p.rep_id and not c.overlay
                     and c.booked_on >= s.from_date and c.booked_on < s.to_date
                   offset 0
               ) c
               where s.part = 0
           ),
           -- Of a few people each deal is looked up, of many all deals of these days are read.
           booked as materialized (
               select d.id, d.customer_id, d.returns_id, d.booked_on
               from deals d
               where d.org_id = $1
                 and d.booked_on >= (select min(s.from_date) from spans s where s.part = 0 and $13)
                 and d.booked_on < (select max(s.to_date) from spans s where s.part = 0 and $13)
           ),
           sold as materialized (
               select c.period, c.rep_id, d.customer_id, d.returns_id, d.booked_on, c.amount
               from credited c
               cross join lateral (
                   select d.customer_id, d.returns_id, d.booked_on
                   from deals d
                   where d.org_id = $1 and d.id = c.deal_id
                   offset 0
               ) d
               where not $13
               union all
               select c.period, c.rep_id, d.customer_id, d.returns_id, d.booked_on, c.amount
               from credited c
               join booked d on d.id = c.deal_id
               union all
               select s.period, null::bigint, d.customer_id, d.returns_id, d.booked_on, d.net
               from spans s
               cross join lateral (
                   select d.customer_id, d.returns_id, d.booked_on, d.net
                   from deals d
                   where d.org_id = $1 and d.booked_on >= s.from_date and d.booked_on < s.to_date
                   offset 0
               ) d
               where $4 and s.part = 0
           ),
           -- Who can have bought as a new customer: without a first sale in force and without customer_since, or before the
           -- first sale is too long ago.
           buyers as materialized (
               select c.id, case when f.kind = 'first_sale' then f.new_until end as new_until
               from (select distinct s.customer_id from sold s) s
               join customers c on c.org_id = $1 and c.id = s.customer_id
               left join lateral (
                   select e.kind, e.new_until
                   from customer_events e
                   where e.org_id = $1 and e.customer_id = s.customer_id and e.on_date <= $9
                     and e.kind in ('first_sale', 'first_sale_undone')
                   order by e.position desc
                   limit 1
               ) f on true
               where c.customer_since is null
           ),
           -- A linked return takes the class of its deal.
           sold_as_new as materialized (
               select s.period, s.rep_id, s.booked_on, s.amount
               from sold s
               join buyers b on b.id = s.customer_id
               where b.new_until is null
                  or b.new_until > coalesce(
                      (select r.booked_on from deals r where r.org_id = $1 and r.id = s.returns_id), s.booked_on)
           ),
           sold_to_new as (
               select s.period, m.kind, m.subject_id, s.amount
               from sold_as_new s
               join members m on m.rep_id = s.rep_id
                   and (m.from_date is null or m.from_date <= s.booked_on)
                   and (m.to_date is null or s.booked_on < m.to_date)
               union all
               select s.period, 0::smallint, 0, s.amount
               from sold_as_new s
               where s.rep_id is null
           ),
           events as (
               select s.period, m.kind, m.subject_id, e.kind as event
               from spans s
               cross join members m
               cross join lateral (
                   select e.kind
                   from customer_events e
                   where e.org_id = $1 and e.rep_id = m.rep_id
                     and e.on_date >= greatest(s.from_date, m.from_date)
                     and e.on_date < least(s.to_date, m.to_date)
                   offset 0
               ) e
               where s.part = 0
               union all
               select s.period, 0::smallint, 0, e.kind
               from spans s
               cross join lateral (
                   select e.kind
                   from customer_events e
                   where e.org_id = $1 and e.on_date >= s.from_date and e.on_date < s.to_date
                   offset 0
               ) e
               where $4 and s.part = 0
           ),
           -- Who met whom; what was entered after the lock of its period counts for nothing.
           went as materialized (
               select distinct s.period, p.rep_id, v.customer_id, v.visited_on, v.kind as how
               from spans s
               cross join people p
               cross join lateral (
                   select v.customer_id, v.visited_on, v.kind, v.recorded_at
                   from visits v
                   where v.org_id = $1 and v.rep_id = p.rep_id and v.state = 'done'
                     and v.visited_on >= s.from_date and v.visited_on < s.to_date
                   union all
                   select v.customer_id, v.visited_on, v.kind, greatest(v.recorded_at, a.recorded_at)
                   from visit_participants a
                   join visits v on v.org_id = $1 and v.id = a.visit_id and v.state = 'done'
                   where a.org_id = $1 and a.rep_id = p.rep_id
                     and a.visited_on >= s.from_date and a.visited_on < s.to_date
                   offset 0
               ) v
               where s.part = 0
                 and not exists (
                     select from period_locks l
                     where l.org_id = $1 and l.period_start <= v.visited_on and v.visited_on < l.period_end
                       and v.recorded_at > l.locked_at
                 )
               union all
               select distinct s.period, null::bigint, v.customer_id, v.visited_on, v.kind
               from spans s
               cross join lateral (
                   select v.customer_id, v.visited_on, v.kind
                   from visits v
                   where v.org_id = $1 and v.state = 'done'
                     and v.visited_on >= s.from_date and v.visited_on < s.to_date
                     and not exists (
                         select from period_locks l
                         where l.org_id = $1 and l.period_start <= v.visited_on and v.visited_on < l.period_end
                           and v.recorded_at > l.locked_at
                     )
                   offset 0
               ) v
               where $4 and s.part = 0
           ),
           strangers as materialized (
               select w.customer_id, w.visited_on
               from (select distinct w.customer_id, w.visited_on from went w where w.how = 'in_person') w
               join customers c on c.org_id = $1 and c.id = w.customer_id
               where c.customer_since is null
                 and not exists (
                     select from deals d
                     where d.org_id = $1 and d.customer_id = w.customer_id and d.booked_on < w.visited_on
                       and d.net > 0 and (d.fully_returned_on is null or d.fully_returned_on > w.visited_on)
                     offset 0
                 )
           ),
           -- At most one per subject, customer, day and kind, whoever of those who went.
           met as (
               select distinct w.period, m.kind, m.subject_id, w.customer_id, w.visited_on, w.how
               from went w
               join members m on m.rep_id = w.rep_id
                   and (m.from_date is null or m.from_date <= w.visited_on)
                   and (m.to_date is null or w.visited_on < m.to_date)
               union all
               select w.period, 0::smallint, 0::bigint, w.customer_id, w.visited_on, w.how
               from went w
               where w.rep_id is null
           ),
           visited as (
               select m.period, m.kind, m.subject_id, m.how, m.how = 'in_person' and s.customer_id is not null as stranger
               from met m
               left join strangers s on s.customer_id = m.customer_id and s.visited_on = m.visited_on
           ),
           counted as (
               select period, kind, subject_id,
                      count(*) filter (where event = 'first_sale')
                          - count(*) filter (where event = 'first_sale_undone') as new_customers,
                      count(*) filter (where event = 'lost') as lost_customers,
                      count(*) filter (where event = 'won_back')
                          - count(*) filter (where event = 'won_back_undone') as won_back_customers,
                      0::bigint as visits, 0::bigint as stranger_visits, 0::bigint as touches,
                      0::bigint as net_sales, 0::bigint as new_customer_sales, 0::bigint as net_sales_base,
                      0::bigint as net_sales_whole_base, 0::bigint as book_sales
               from events
               group by period, kind, subject_id
               union all
               select period, kind, subject_id, 0, 0, 0,
                      count(*) filter (where how = 'in_person'), count(*) filter (where stranger),
                      count(*) filter (where how <> 'in_person'), 0, 0, 0, 0, 0
               from visited
               group by period, kind, subject_id
               union all
               select period, kind, subject_id, 0, 0, 0, 0, 0, 0,
                      coalesce(sum(net) filter (where part = 0), 0)::bigint, 0,
                      coalesce(sum(net) filter (where part = 1), 0)::bigint,
                      coalesce(sum(net) filter (where part = 2), 0)::bigint, 0
               from sales
               group by period, kind, subject_id
               union all
               select period, kind, subject_id, 0, 0, 0, 0, 0, 0, 0, 0,
                      coalesce(sum(net) filter (where part = 1), 0)::bigint,
                      coalesce(sum(net) filter (where part = 2), 0)::bigint,
                      coalesce(sum(net) filter (where part = 0), 0)::bigint
               from book
               group by period, kind, subject_id
               union all
               select period, kind, subject_id, 0, 0, 0, 0, 0, 0, 0, sum(amount)::bigint, 0, 0, 0
               from sold_to_new
               group by period, kind, subject_id
           )
           select period as "period!", kind as "kind!", subject_id as "subject_id!",
                  sum(new_customers)::bigint as "new_customers!", sum(lost_customers)::bigint as "lost_customers!",
                  sum(won_back_customers)::bigint as "won_back_customers!", sum(visits)::bigint as "visits!",
                  sum(stranger_visits)::bigint as "stranger_visits!", sum(touches)::bigint as "touches!",
                  sum(net_sales)::bigint as "net_sales!: Money",
                  sum(new_customer_sales)::bigint as "new_customer_sales!: Money",
                  case when kind > 0 and (select b.is_book from basis b) then sum(book_sales)::bigint end
                      as "book_sales: Money",
                  sum(net_sales_base)::bigint as "net_sales_base!: Money",
                  sum(net_sales_whole_base)::bigint as "net_sales_whole_base!: Money"
           from counted
           group by period, kind, subject_id"#,
        org as OrgId,
        &subjects.reps as &[UserId],
        &subjects.teams as &[TeamId],
        subjects.company,
        &spans.periods,
        &spans.parts,
        &spans.from,
        &spans.to,
        today,
        &spans.years,
        &spans.days,
        &spans.last,
        is_of_many(subjects),
    )
    .fetch_all(db)
    .await
}
