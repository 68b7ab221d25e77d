//! The facts of the metrics that are loaded only where they are asked for: lines of deals, categories bought, visits
//! day by day. What they come to is computed in [`super::more`].

use sqlx::PgConnection;
use time::Date;

use crate::domain::{
    company::GrowthBasis,
    cross_sell::CategorySale,
    id::{CategoryId, CustomerId, DealId, OrgId, TeamId, UserId},
    minimum::Minimum,
    money::Money,
    period::Dates,
    subject::{Subject, Subjects},
};

/// Whose facts belong to a team, or to who leads it, while.
pub struct Member {
    /// The team, or who leads it.
    pub team: Subject,
    /// Whose.
    pub rep: UserId,
    /// The first day; none: from the beginning.
    pub from: Option<Date>,
    /// The first day no longer; none: open.
    pub to: Option<Date>,
}

/// Who belongs to these teams or a team below them, and when.
pub async fn members(db: &mut PgConnection, org: OrgId, subjects: &Subjects) -> sqlx::Result<Vec<Member>> {
    let rows = sqlx::query!(
        r#"with recursive below as (
               select t.id as team_id, t.id as below_id
               from teams t
               where t.org_id = $1 and t.id = any ($2)
               union
               select b.team_id, t.id
               from below b
               join teams t on t.org_id = $1 and t.parent_id = b.below_id
           )
           select b.team_id as "team_id!", m.user_id, lower(m.during) as from_date, upper(m.during) as to_date
           from below b
           join memberships m on m.org_id = $1 and m.team_id = b.below_id"#,
        org as OrgId,
        &subjects.teams as &[TeamId],
    )
    .fetch_all(db)
    .await?;
    let member = |team_id: i64, rep, from, to| {
        let team = Subject::Team(TeamId(team_id));
        Member { team, rep, from, to }
    };
    Ok(rows.into_iter().map(|row| member(row.team_id, row.user_id, row.from_date, row.to_date)).collect())
}

/// A line of a won deal.
#[derive(Clone, Debug)]
pub struct Line {
    /// The deal.
    pub deal: DealId,
    /// Its number.
    pub number: i64,
    /// When the deal was booked.
    pub booked_on: Date,
    /// On which day the line counts: its own business date; for pay that of the deal that it returns.
    pub counts_on: Date,
    /// Who bought.
    pub customer: CustomerId,
    /// What it is called.
    pub customer_name: String,
    /// The category of its product, if it has one.
    pub category: Option<CategoryId>,
    /// Net.
    pub amount: Money,
    /// What it cost, if that is known.
    pub cost: Option<Money>,
    /// Who is credited, in order.
    pub reps: Vec<UserId>,
    /// With how many parts each.
    pub parts: Vec<u32>,
    /// For whom it is on hold, if only what pays counts.
    pub held: Vec<UserId>,
}

/// The rules of pay that a locked period keeps.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pays {
    /// Whether deals have to be confirmed; none: by today's setting.
    pub confirm: Option<bool>,
    /// Whether what is on hold counts all the same.
    pub held: bool,
}

/// Which lines are asked for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The days on which they count.
    pub dates: Dates,
    /// Only of deals that one of these is credited on.
    pub reps: Option<&'a [UserId]>,
    /// Only of these customers.
    pub customers: Option<&'a [CustomerId]>,
    /// Whether only what pays counts: confirmed, and linked returns on the day of their deal, whenever they came.
    pub paying: bool,
    /// By which rules, if so.
    pub pays: Pays,
}

/// Lines of won deals, deal by deal.
pub async fn lines(db: &mut PgConnection, org: OrgId, wanted: &Wanted<'_>) -> sqlx::Result<Vec<Line>> {
    let rows = sqlx::query!(
        r#"with chosen as (
               select d.id, d.id as root_id, d.number, d.customer_id, d.booked_on, d.booked_on as counts_on
               from deals d
               join organizations o on o.id = d.org_id
               where d.org_id = $1 and d.booked_on >= $2 and d.booked_on < $3
                 and (not $6 or d.returns_id is null
                      and (not coalesce($7, o.confirm_deals) or d.confirmed_at is not null))
               union all
               select r.id, d.id, r.number, r.customer_id, r.booked_on, d.booked_on
               from deals d
               join organizations o on o.id = d.org_id
               join deals r on r.org_id = d.org_id and r.returns_id = d.id and r.booked_on is not null
               where $6 and d.org_id = $1 and d.booked_on >= $2 and d.booked_on < $3 and d.returns_id is null
                 and (not coalesce($7, o.confirm_deals) or d.confirmed_at is not null and r.confirmed_at is not null)
           ),
           held as materialized (
               select h.rep_id, h.deal_id
               from pay_holds h
               where h.org_id = $1 and h.deal_id is not null and $6 and not $8
                 and not exists (select from pay_hold_releases r where r.org_id = h.org_id and r.hold_id = h.id)
           )
           select c.id as "deal!: DealId", c.number as "number!", c.booked_on as "booked_on!", c.counts_on as "counts_on!",
                  c.customer_id as "customer!: CustomerId", u.name as customer_name,
                  p.category_id as "category?: CategoryId", l.amount, l.cost,
                  coalesce(k.reps, '{}') as "reps!: Vec<UserId>", coalesce(k.parts, '{}') as "parts!: Vec<i32>",
                  array(
                      select h.rep_id from held h where h.deal_id in (c.root_id, c.id)
                  ) as "held!: Vec<UserId>"
           from chosen c
           join customers u on u.org_id = $1 and u.id = c.customer_id
           join deal_lines l on l.org_id = $1 and l.deal_id = c.id
           left join products p on p.org_id = $1 and p.id = l.product_id
           left join lateral (
               select array_agg(k.rep_id order by k.position) as reps, array_agg(k.parts order by k.position) as parts
               from deal_credits k
               where k.org_id = $1 and k.deal_id = c.id and not k.overlay
           ) k on true
           where ($4::bigint[] is null or k.reps && $4) and ($5::bigint[] is null or c.customer_id = any ($5))
           order by c.counts_on, c.number, l.position"#,
        org as OrgId,
        wanted.dates.from,
        wanted.dates.to,
        wanted.reps as Option<&[UserId]>,
        wanted.customers as Option<&[CustomerId]>,
        wanted.paying,
        wanted.pays.confirm,
        wanted.pays.held,
    )
    .fetch_all(db)
    .await?;
    let parts = |parts: Vec<i32>| parts.into_iter().filter_map(|parts| u32::try_from(parts).ok()).collect();
    Ok(rows
        .into_iter()
        .map(|row| Line {
            deal: row.deal,
            number: row.number,
            booked_on: row.booked_on,
            counts_on: row.counts_on,
            customer: row.customer,
            customer_name: row.customer_name,
            category: row.category,
            amount: row.amount,
            cost: row.cost,
            reps: row.reps,
            parts: parts(row.parts),
            held: row.held,
        })
        .collect())
}

/// What these customers bought of each category up to today, customer by customer, and whether it may pay. Where it is
/// asked for pay, a return that is on hold for the deal's primary rep has not come back yet.
pub async fn category_sales(
    db: &mut PgConnection,
    org: OrgId,
    customers: &[CustomerId],
    today: Date,
    paying: bool,
    pays: Pays,
) -> sqlx::Result<Vec<CategorySale>> {
    sqlx::query_as!(
        CategorySale,
        r#"with held as materialized (
               select h.rep_id, h.deal_id, d.returns_id
               from pay_holds h
               join deals d on d.org_id = h.org_id and d.id = h.deal_id and d.returns_id is not null
               where $6 and h.org_id = $1 and h.deal_id is not null
                 and not exists (select from pay_hold_releases r where r.org_id = h.org_id and r.hold_id = h.id)
           ),
           sold as (
               select d.id, d.number, d.customer_id, d.booked_on, d.owner_id, d.fully_returned_on, d.net, p.category_id,
                      not coalesce($4, o.confirm_deals) or d.confirmed_at is not null as confirmed, sum(l.amount) as amount
               from deals d
               join organizations o on o.id = d.org_id
               join deal_lines l on l.org_id = d.org_id and l.deal_id = d.id
               join products p on p.org_id = l.org_id and p.id = l.product_id
               where d.org_id = $1 and d.customer_id = any ($2) and d.booked_on <= $3 and d.returns_id is null
               group by d.id, d.number, d.customer_id, d.booked_on, d.owner_id, d.fully_returned_on, d.net, p.category_id,
                        o.confirm_deals, d.confirmed_at
               having sum(l.amount) > 0
           )
           select s.customer_id as customer, c.name as customer_name, s.category_id as category,
                  g.name as category_name, s.id as deal, s.number, s.booked_on as "on!",
                  least(case when k.rep_id in (select h.rep_id from held h where h.returns_id = s.id) then f.back_on
                             else s.fully_returned_on end, b.back_on) as back_on, k.rep_id as "rep?",
                  s.confirmed and ($5 or not exists (
                      select from pay_holds h
                      where h.org_id = $1 and h.rep_id = k.rep_id and h.deal_id = s.id
                        and not exists (select from pay_hold_releases r where r.org_id = h.org_id and r.hold_id = h.id)
                  )) as "confirmed!"
           from sold s
           join customers c on c.org_id = $1 and c.id = s.customer_id
           join categories g on g.org_id = $1 and g.id = s.category_id
           left join lateral (
               select k.rep_id
               from deal_credits k
               where k.org_id = $1 and k.deal_id = s.id and not k.overlay
               order by k.parts desc, k.rep_id is distinct from s.owner_id, k.position
               limit 1
           ) k on true
           left join lateral (
               -- When the whole deal has come back without what is held.
               select min(r.booked_on) as back_on
               from (
                   select d.booked_on, sum(sum(d.net)) over (order by d.booked_on) as so_far
                   from deals d
                   where d.org_id = $1 and d.returns_id = s.id and d.booked_on is not null
                     and d.id not in (select h.deal_id from held h where h.rep_id = k.rep_id)
                   group by d.booked_on
               ) r
               where s.net + r.so_far <= 0
           ) f on k.rep_id in (select h.rep_id from held h where h.returns_id = s.id)
           left join lateral (
               select min(r.booked_on) as back_on
               from (
                   select d.booked_on, sum(sum(l.amount)) over (order by d.booked_on) as so_far
                   from deals d
                   join deal_lines l on l.org_id = d.org_id and l.deal_id = d.id
                   join products p on p.org_id = l.org_id and p.id = l.product_id
                   where d.org_id = $1 and d.returns_id = s.id and d.booked_on is not null
                     and p.category_id = s.category_id
                     and d.id not in (select h.deal_id from held h where h.rep_id = k.rep_id)
                   group by d.booked_on
               ) r
               where s.amount + r.so_far <= 0
           ) b on true
           order by s.customer_id, s.category_id, s.booked_on, s.number"#,
        org as OrgId,
        customers as &[CustomerId],
        today,
        pays.confirm,
        pays.held,
        paying && !pays.held,
    )
    .fetch_all(db)
    .await
}

/// The customers whose first sale in force lies on one of these days.
pub async fn first_sales(
    db: &mut PgConnection,
    org: OrgId,
    dates: Dates,
    today: Date,
) -> sqlx::Result<Vec<(CustomerId, Date)>> {
    let rows = sqlx::query!(
        "select e.customer_id, e.on_date
         from customer_events e
         where e.org_id = $1 and e.kind = 'first_sale' and e.on_date >= $2 and e.on_date < $3 and e.on_date <= $4
           and not exists (
               select from customer_events u
               where u.org_id = e.org_id and u.customer_id = e.customer_id and u.position > e.position
                 and u.kind in ('first_sale', 'first_sale_undone') and u.on_date <= $4
           )",
        org as OrgId,
        dates.from,
        dates.to,
        today,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.customer_id, row.on_date)).collect())
}

/// A rep's time with a customer.
pub struct Owned {
    /// Which customer.
    pub customer: CustomerId,
    /// Whose.
    pub rep: UserId,
    /// The first day; none: from the beginning.
    pub from: Option<Date>,
    /// The first day no longer; none: open.
    pub to: Option<Date>,
}

/// Who owned these customers when.
pub async fn owners(db: &mut PgConnection, org: OrgId, customers: &[CustomerId]) -> sqlx::Result<Vec<Owned>> {
    sqlx::query_as!(
        Owned,
        r#"select customer_id as customer, rep_id as rep, lower(during) as "from", upper(during) as "to"
           from ownerships
           where org_id = $1 and customer_id = any ($2)"#,
        org as OrgId,
        customers as &[CustomerId],
    )
    .fetch_all(db)
    .await
}

/// Whose sales growth compares.
pub async fn growth_basis(db: &mut PgConnection, org: OrgId) -> sqlx::Result<GrowthBasis> {
    sqlx::query_scalar!(
        r#"select growth_basis as "growth_basis: GrowthBasis" from organizations where id = $1"#,
        org as OrgId,
    )
    .fetch_one(db)
    .await
}

/// Somebody of whom visits may be expected.
pub struct Visitor {
    /// Who.
    pub rep: UserId,
    /// What the person is called.
    pub name: String,
}

/// These people, or where nobody is named everybody with the role rep.
pub async fn visitors(db: &mut PgConnection, org: OrgId, reps: Option<&[UserId]>) -> sqlx::Result<Vec<Visitor>> {
    sqlx::query_as!(
        Visitor,
        "select u.id as rep, u.name
         from users u
         where u.org_id = $1
           and case when $2::bigint[] is null
                    then exists (
                        select from user_roles r
                        where r.org_id = u.org_id and r.user_id = u.id and r.role = 'rep'
                    )
                    else u.id = any ($2) end
         order by lower(u.name), u.id",
        org as OrgId,
        reps as Option<&[UserId]>,
    )
    .fetch_all(db)
    .await
}

/// Every minimum of the company.
pub async fn minimums(db: &mut PgConnection, org: OrgId) -> sqlx::Result<Vec<Minimum>> {
    sqlx::query_as!(
        Minimum,
        r#"select rep_id as rep, visits::bigint as "visits!", per as "per: crate::domain::minimum::Per",
                  strangers_only, from_date as "from"
           from visit_minimums
           where org_id = $1"#,
        org as OrgId,
    )
    .fetch_all(db)
    .await
}

/// The counted visits in person of a rep on a day.
pub struct MadeOn {
    /// Who went.
    pub rep: UserId,
    /// When.
    pub on: Date,
    /// To how many customers.
    pub visits: i64,
    /// To how many of them that had never bought.
    pub strangers: i64,
}

/// The visits in person that count, by rep and day: done, and not entered after the lock of their period.
pub async fn visits_made(
    db: &mut PgConnection,
    org: OrgId,
    reps: &[UserId],
    dates: Dates,
) -> sqlx::Result<Vec<MadeOn>> {
    sqlx::query_as!(
        MadeOn,
        r#"with went as (
               select v.rep_id, v.customer_id, v.visited_on, v.recorded_at
               from visits v
               where v.org_id = $1 and v.rep_id = any ($2) and v.visited_on >= $3 and v.visited_on < $4
                 and v.state = 'done' and v.kind = 'in_person'
               union all
               select p.rep_id, v.customer_id, v.visited_on, greatest(v.recorded_at, p.recorded_at)
               from visit_participants p
               join visits v on v.org_id = $1 and v.id = p.visit_id and v.state = 'done' and v.kind = 'in_person'
               where p.org_id = $1 and p.rep_id = any ($2) and p.visited_on >= $3 and p.visited_on < $4
           ),
           counted as (
               select distinct w.rep_id, w.customer_id, w.visited_on
               from went w
               where not exists (
                   select from period_locks l
                   where l.org_id = $1 and l.period_start <= w.visited_on and w.visited_on < l.period_end
                     and w.recorded_at > l.locked_at
               )
           )
           select c.rep_id as "rep!: UserId", c.visited_on as "on!", count(*) as "visits!",
                  count(*) filter (where u.customer_since is null and not exists (
                      select from deals d
                      where d.org_id = $1 and d.customer_id = c.customer_id and d.booked_on < c.visited_on
                        and d.net > 0 and (d.fully_returned_on is null or d.fully_returned_on > c.visited_on)
                  )) as "strangers!"
           from counted c
           join customers u on u.org_id = $1 and u.id = c.customer_id
           group by c.rep_id, c.visited_on"#,
        org as OrgId,
        reps as &[UserId],
        dates.from,
        dates.to,
    )
    .fetch_all(db)
    .await
}

/// The customers with a deal on one of these days, also a return; only those that one of these reps ever sold something.
pub async fn buyers(
    db: &mut PgConnection,
    org: OrgId,
    dates: Dates,
    reps: Option<&[UserId]>,
) -> sqlx::Result<Vec<CustomerId>> {
    sqlx::query_scalar!(
        "select distinct d.customer_id
         from deals d
         where d.org_id = $1 and d.booked_on >= $2 and d.booked_on < $3
           and ($4::bigint[] is null or exists (
               select from deals e
               join deal_credits k on k.org_id = e.org_id and k.deal_id = e.id and k.rep_id = any ($4) and not k.overlay
               where e.org_id = $1 and e.customer_id = d.customer_id and e.booked_on is not null
           ))",
        org as OrgId,
        dates.from,
        dates.to,
        reps as Option<&[UserId]>,
    )
    .fetch_all(db)
    .await
}
