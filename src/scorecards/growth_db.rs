//! The SQL behind the growth of a book: what each of its customers bought, now and in the base.

use sqlx::PgConnection;
use time::Date;

use super::db::Spans;
use crate::domain::{
    id::{CustomerId, OrgId, TeamId, UserId},
    money::Money,
};

/// A customer of a book, with what growth compares.
#[derive(Clone, Debug)]
pub struct Bought {
    /// The customer.
    pub id: CustomerId,
    /// The name.
    pub name: String,
    /// On the days of the period on which the book held the customer.
    pub now: Money,
    /// On the days of the base that stand for such days.
    pub before: Money,
}

/// What the customers of a rep's or team's book bought in a period and in its base so far, by name. The sums are what
/// [`super::db::facts`] compares.
pub async fn of_book(
    db: &mut PgConnection,
    org: OrgId,
    rep: Option<UserId>,
    team: Option<TeamId>,
    spans: &Spans,
    today: Date,
) -> sqlx::Result<Vec<Bought>> {
    sqlx::query_as!(
        Bought,
        r#"with recursive below as (
               select t.id
               from teams t
               where t.org_id = $1 and t.id = $3
               union
               select t.id
               from below b
               join teams t on t.org_id = $1 and t.parent_id = b.id
           ),
           members as materialized (
               select $2::bigint as rep_id, null::date as from_date, null::date as to_date
               where $2::bigint is not null
               union all
               select m.user_id, lower(m.during), upper(m.during)
               from below b
               join memberships m on m.org_id = $1 and m.team_id = b.id
           ),
           spans as materialized (
               select s.part, s.from_date, least(s.to_date, $7::date + 1) as to_date, s.years, s.days, s.last_day
               from unnest($4::smallint[], $5::date[], $6::date[], $8::int[], $9::int[], $10::date[])
                   as s (part, from_date, to_date, years, days, last_day)
               where s.part < 2
           ),
           owned as (
               select s.part, d.customer_id, d.net, w.rep_id, stands.for_date
               from spans s
               join deals d on d.org_id = $1 and d.booked_on >= s.from_date and d.booked_on < s.to_date
               cross join lateral (
                   select least((d.booked_on + make_interval(years => s.years))::date + s.days, s.last_day) as for_date
               ) stands
               join ownerships w on w.org_id = $1 and w.customer_id = d.customer_id and w.during @> stands.for_date
           )
           select c.id, c.name,
                  coalesce(sum(o.net) filter (where o.part = 0), 0)::bigint as "now!: Money",
                  coalesce(sum(o.net) filter (where o.part = 1), 0)::bigint as "before!: Money"
           from owned o
           join members m on m.rep_id = o.rep_id
               and (m.from_date is null or m.from_date <= o.for_date)
               and (m.to_date is null or o.for_date < m.to_date)
           join customers c on c.org_id = $1 and c.id = o.customer_id
           group by c.id, c.name
           order by lower(c.name), c.id"#,
        org as OrgId,
        rep as Option<UserId>,
        team as Option<TeamId>,
        &spans.parts,
        &spans.from,
        &spans.to,
        today,
        &spans.years,
        &spans.days,
        &spans.last,
    )
    .fetch_all(db)
    .await
}
