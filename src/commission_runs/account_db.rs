//! The SQL of what stands beside a rep's facts: balances, how long the rep is on the plan, holds, adjustments by hand, and
//! whom the rep leads.

use sqlx::PgConnection;
use time::Date;

use crate::{
    domain::{
        id::{AdjustmentId, OrgId, PlanVersionId, RunId, UserId},
        money::Money,
        period::Period,
    },
    postgres::tx::Tx,
};

/// What a rep owes after the last approved statement.
pub struct Owing {
    /// The rep.
    pub rep_id: UserId,
    /// Of draws; zero or more.
    pub draw_balance: Money,
    /// Of what could not be taken back yet; zero or less.
    pub carried: Money,
}

/// What these reps owe after their last statement that is approved: the one whose period was locked last, whichever
/// period that was, so that no balance is taken twice or left behind when periods are approved out of order.
pub async fn balances(db: &mut PgConnection, org: OrgId, reps: &[UserId]) -> sqlx::Result<Vec<Owing>> {
    sqlx::query_as!(
        Owing,
        "select distinct on (s.rep_id) s.rep_id, s.draw_balance, s.carried
         from statements s
         join period_locks l on l.org_id = s.org_id and l.run_id = s.run_id
         where s.org_id = $1 and s.rep_id = any ($2)
         order by s.rep_id, l.locked_at desc, s.id desc",
        org as OrgId,
        reps as &[UserId],
    )
    .fetch_all(db)
    .await
}

/// Since when each of these reps is on the plan of a day: the assignment's first day, else that of employment, else that
/// of the plan.
pub async fn on_plan_since(
    db: &mut PgConnection,
    org: OrgId,
    reps: &[UserId],
    day: Date,
) -> sqlx::Result<Vec<(UserId, Date)>> {
    let rows = sqlx::query!(
        r#"select a.rep_id,
                  coalesce(lower(a.during), u.hired_on, (
                      select min(v.from_date)
                      from plan_versions v
                      where v.org_id = a.org_id and v.plan_id = a.plan_id
                  )) as since
           from plan_assignments a
           join users u on u.org_id = a.org_id and u.id = a.rep_id
           where a.org_id = $1 and a.rep_id = any ($2) and a.during @> $3::date"#,
        org as OrgId,
        reps as &[UserId],
        day,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.rep_id, row.since?))).collect())
}

/// A component of a rep's pay that is on hold.
pub struct OnHold {
    /// The rep.
    pub rep_id: UserId,
    /// The component.
    pub component: String,
    /// Why, and who holds it.
    pub reason: String,
}

/// The components of this period that are on hold for these reps. Deals on hold are facts: they do not pay.
pub async fn holds(db: &mut PgConnection, org: OrgId, reps: &[UserId], period: Period) -> sqlx::Result<Vec<OnHold>> {
    sqlx::query_as!(
        OnHold,
        r#"select h.rep_id, h.component, h.reason || ' (' || u.name || ')' as "reason!"
           from pay_holds h
           join users u on u.org_id = h.org_id and u.id = h.made_by
           where h.org_id = $1 and h.rep_id = any ($2) and h.deal_id is null and h.period_kind = $3
             and h.period_start = $4
             and not exists (select from pay_hold_releases r where r.org_id = h.org_id and r.hold_id = h.id)
           order by h.id"#,
        org as OrgId,
        reps as &[UserId],
        period.kind().as_str(),
        period.from(),
    )
    .fetch_all(db)
    .await
}

/// An amount that somebody adds to a rep's pay, or takes off it.
pub struct ByHand {
    /// It.
    pub id: AdjustmentId,
    /// The rep.
    pub rep_id: UserId,
    /// The component.
    pub component: String,
    /// The period that it is about.
    pub about: String,
    /// How much.
    pub amount: Money,
    /// Who and why.
    pub reason: String,
    /// Who made it.
    pub made_by: UserId,
}

/// The adjustments by hand that a statement of this period takes up: made for it or an earlier one, not withdrawn, and
/// not yet in a statement of a locked period.
pub async fn by_hand(db: &mut PgConnection, org: OrgId, reps: &[UserId], period: Period) -> sqlx::Result<Vec<ByHand>> {
    sqlx::query_as!(
        ByHand,
        r#"select a.id, a.rep_id, a.component, a.about, a.amount, u.name || ': ' || a.reason as "reason!",
                  a.made_by
           from pay_adjustments a
           join users u on u.org_id = a.org_id and u.id = a.made_by
           where a.org_id = $1 and a.rep_id = any ($2) and a.period_start <= $3
             and not exists (
                 select from pay_adjustment_withdrawals w where w.org_id = a.org_id and w.adjustment_id = a.id
             )
             and not exists (
                 select from statement_adjustments t
                 join statements s on s.org_id = t.org_id and s.id = t.statement_id
                 join period_locks l on l.org_id = s.org_id and l.run_id = s.run_id
                 where t.org_id = a.org_id and t.adjustment_id = a.id
             )
           order by a.id"#,
        org as OrgId,
        reps as &[UserId],
        period.from(),
    )
    .fetch_all(db)
    .await
}

/// A rep who has earlier statements and is on no plan now.
pub struct OffPlan {
    /// The rep.
    pub rep_id: UserId,
    /// The rep's name.
    pub rep: String,
    /// The version of the last statement of such a period.
    pub version_id: PlanVersionId,
    /// Its document.
    pub document: serde_json::Value,
}

/// The reps who were paid by periods of this kind and are on no plan on the first day of this one, by name.
pub async fn off_plan(db: &mut PgConnection, org: OrgId, period: Period) -> sqlx::Result<Vec<OffPlan>> {
    sqlx::query_as!(
        OffPlan,
        r#"with last as (
               select distinct on (s.rep_id) s.rep_id, s.plan_version_id
               from commission_runs r
               join statements s on s.org_id = r.org_id and s.run_id = r.id
               where r.org_id = $1 and r.period_kind = $2 and r.period_start < $3
               order by s.rep_id, r.period_start desc, s.id desc
           )
           select s.rep_id, u.name as rep, v.id as version_id, v.document
           from last s
           join users u on u.org_id = $1 and u.id = s.rep_id
           join plan_versions v on v.org_id = $1 and v.id = s.plan_version_id
           where not exists (
               select from plan_assignments a
               where a.org_id = $1 and a.rep_id = s.rep_id and a.during @> $3::date
                 and (u.left_on is null or u.left_on > $3)
                 and exists (
                     select from plan_versions f
                     where f.org_id = $1 and f.plan_id = a.plan_id and f.from_date <= $3
                 )
           )
           order by u.name, s.rep_id"#,
        org as OrgId,
        period.kind().as_str(),
        period.from(),
    )
    .fetch_all(db)
    .await
}

/// Somebody who did something by hand to what a rep's statement pays.
#[derive(Clone, Copy)]
pub struct Hand {
    /// The rep.
    pub rep_id: UserId,
    /// Who did it.
    pub made_by: UserId,
}

/// Who held, released or took back something of these reps that a statement of this period pays or leaves out: of the
/// period itself, or since the rep's last statement that is approved.
pub async fn hands(db: &mut PgConnection, org: OrgId, reps: &[UserId], period: Period) -> sqlx::Result<Vec<Hand>> {
    sqlx::query_as!(
        Hand,
        r#"with since as materialized (
               select r.rep_id, (
                          select max(l.locked_at)
                          from statements s
                          join period_locks l on l.org_id = s.org_id and l.run_id = s.run_id
                          where s.org_id = $1 and s.rep_id = r.rep_id
                      ) as at
               from unnest($2::bigint[]) as r (rep_id)
           ),
           acts as (
               select h.rep_id, h.made_by, h.made_at, h.period_kind, h.period_start
               from pay_holds h
               where h.org_id = $1 and h.rep_id = any ($2)
               union all
               select h.rep_id, e.made_by, e.made_at, h.period_kind, h.period_start
               from pay_hold_releases e
               join pay_holds h on h.org_id = e.org_id and h.id = e.hold_id
               where e.org_id = $1 and h.rep_id = any ($2)
               union all
               select a.rep_id, w.made_by, w.made_at, a.period_kind, a.period_start
               from pay_adjustment_withdrawals w
               join pay_adjustments a on a.org_id = w.org_id and a.id = w.adjustment_id
               where w.org_id = $1 and a.rep_id = any ($2)
           )
           select distinct a.rep_id as "rep_id!: UserId", a.made_by as "made_by!: UserId"
           from acts a
           join since s on s.rep_id = a.rep_id
           where a.period_kind = $3 and a.period_start = $4 or s.at is null or a.made_at >= s.at
           order by 1, 2"#,
        org as OrgId,
        reps as &[UserId],
        period.kind().as_str(),
        period.from(),
    )
    .fetch_all(db)
    .await
}

/// Notes which statements of a new run take up which adjustments by hand.
pub async fn insert_taken_up(tx: &mut Tx, run: RunId, taken: &[(UserId, AdjustmentId)]) -> sqlx::Result<()> {
    let org = tx.org;
    let reps: Vec<i64> = taken.iter().map(|(rep, _)| rep.0).collect();
    let adjustments: Vec<i64> = taken.iter().map(|(_, adjustment)| adjustment.0).collect();
    sqlx::query!(
        "insert into statement_adjustments (org_id, statement_id, adjustment_id)
         select s.org_id, s.id, n.adjustment_id
         from unnest($3::bigint[], $4::bigint[]) as n (rep_id, adjustment_id)
         join statements s on s.org_id = $1 and s.run_id = $2 and s.rep_id = n.rep_id",
        org as OrgId,
        run as RunId,
        &reps,
        &adjustments,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A stretch of days on which somebody belongs to a team that another one leads, directly or further down.
pub struct Led {
    /// Who leads.
    pub leader_id: UserId,
    /// Who belongs.
    pub member_id: UserId,
    /// The member's name.
    pub member: String,
    /// First day; none: from the beginning.
    pub from_date: Option<Date>,
    /// First day no longer; none: open.
    pub to_date: Option<Date>,
}

/// Who belongs to the teams of these people in a period, and when: each member's days once, however many levels lie
/// between, and nobody under oneself. `tree` is the tree that counts; none: today's.
pub async fn led(
    db: &mut PgConnection,
    org: OrgId,
    leaders: &[UserId],
    period: Period,
    tree: Option<&serde_json::Value>,
) -> sqlx::Result<Vec<Led>> {
    sqlx::query_as!(
        Led,
        r#"with recursive tree as (
               select t.id, t.parent_id
               from teams t
               where t.org_id = $1 and t.parent_id is not null and $5::jsonb is null
               union all
               select e.key::bigint, e.value::bigint
               from jsonb_each_text($5::jsonb) e
           ),
           below as (
               select m.user_id as leader_id, m.team_id, m.during
               from team_managers m
               where m.org_id = $1 and m.user_id = any ($2) and m.during && daterange($3, $4)
               union
               select b.leader_id, t.id, b.during
               from below b
               join tree t on t.parent_id = b.team_id
           ),
           stretches as (
               select b.leader_id, m.user_id as member_id, range_agg(b.during * m.during) as during
               from below b
               join memberships m on m.org_id = $1 and m.team_id = b.team_id and m.user_id <> b.leader_id
               where not isempty(b.during * m.during * daterange($3, $4))
               group by b.leader_id, m.user_id
           )
           select s.leader_id as "leader_id!: UserId", s.member_id as "member_id!: UserId", u.name as member,
                  lower(r.stretch) as from_date, upper(r.stretch) as to_date
           from stretches s
           cross join lateral unnest(s.during) as r (stretch)
           join users u on u.org_id = $1 and u.id = s.member_id
           order by s.leader_id, u.name, s.member_id, lower(r.stretch)"#,
        org as OrgId,
        leaders as &[UserId],
        period.from(),
        period.to(),
        tree,
    )
    .fetch_all(db)
    .await
}
