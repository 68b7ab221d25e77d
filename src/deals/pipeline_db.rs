//! The open deals of some people with what is theirs of each, and the same summed by rep.

use sqlx::PgConnection;
use time::Date;

use crate::domain::{
    id::{DealId, OrgId, TeamId, UserId},
    money::Money,
    subject::Subject,
};

/// An open deal.
#[derive(Clone, Debug)]
pub struct OpenDeal {
    /// The deal.
    pub id: DealId,
    /// Its number.
    pub number: i64,
    /// Who may buy.
    pub customer: String,
    /// Who keeps it.
    pub owner_id: Option<UserId>,
    /// When it is expected to be won.
    pub expected_on: Option<Date>,
    /// The whole deal.
    pub net: Money,
    /// What of it would count for the person or team; of the company the whole.
    pub part: Money,
    /// Who is credited, in order.
    pub credits: String,
    /// Counts its changes.
    pub version: i32,
}

/// The open deals in which a rep, or who belongs today to the team or one below it, has a share, and those that they keep
/// without one; of the company all. The first expected first, those without a date last.
pub async fn open(db: &mut PgConnection, org: OrgId, whose: Subject, today: Date) -> sqlx::Result<Vec<OpenDeal>> {
    let (rep, team) = match whose {
        Subject::Company => (None, None),
        Subject::Team(team) => (None, Some(team)),
        Subject::Rep(rep) => (Some(rep), None),
    };
    sqlx::query_as!(
        OpenDeal,
        r#"with recursive below as (
               select t.id from teams t where t.org_id = $1 and t.id = $3
               union
               select t.id
               from below
               join teams t on t.org_id = $1 and t.parent_id = below.id
           ),
           people as materialized (
               select $2::bigint as id
               where $2::bigint is not null
               union
               select m.user_id
               from memberships m
               where m.org_id = $1 and m.during @> $4::date and m.team_id in (select below.id from below)
           )
           select d.id, d.number, c.name as customer, d.owner_id, d.expected_on, d.net,
                  case when $2::bigint is null and $3::bigint is null then d.net else coalesce(shares.part, 0) end
                      as "part!: Money",
                  coalesce((
                      select string_agg(u.name, ', ' order by dc.position)
                      from deal_credits dc
                      join users u on u.org_id = dc.org_id and u.id = dc.rep_id
                      where dc.org_id = d.org_id and dc.deal_id = d.id
                  ), '') as "credits!",
                  d.version
           from deals d
           join customers c on c.org_id = d.org_id and c.id = d.customer_id
           left join lateral (
               select sum(dc.amount)::bigint as part
               from deal_credits dc
               where dc.org_id = d.org_id and dc.deal_id = d.id and not dc.overlay
                 and dc.rep_id in (select people.id from people)
           ) shares on true
           where d.org_id = $1 and d.stage = 'open'
             and ($2::bigint is null and $3::bigint is null
                  or shares.part is not null
                  or d.owner_id in (select people.id from people))
           order by d.expected_on nulls last, d.number"#,
        org as OrgId,
        rep as Option<UserId>,
        team as Option<TeamId>,
        today,
    )
    .fetch_all(db)
    .await
}

/// What is open of a rep's shares and expected on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RepSum {
    /// The rep.
    pub rep: UserId,
    /// The day; none: nobody has said when.
    pub expected_on: Option<Date>,
    /// The shares.
    pub part: Money,
    /// In how many deals.
    pub deals: i64,
}

/// What these reps have open, by the day on which it is expected: their shares, and what they keep without one.
pub async fn by_rep(db: &mut PgConnection, org: OrgId, reps: &[UserId]) -> sqlx::Result<Vec<RepSum>> {
    sqlx::query_as!(
        RepSum,
        r#"select r.id as "rep!: UserId", d.expected_on, coalesce(sum(c.amount), 0)::bigint as "part!: Money",
                  count(*) as "deals!"
           from deals d
           cross join unnest($2::bigint[]) as r (id)
           left join deal_credits c on c.org_id = d.org_id and c.deal_id = d.id and c.rep_id = r.id and not c.overlay
           where d.org_id = $1 and d.stage = 'open' and (c.rep_id is not null or d.owner_id = r.id)
           group by r.id, d.expected_on"#,
        org as OrgId,
        reps as &[UserId],
    )
    .fetch_all(db)
    .await
}
