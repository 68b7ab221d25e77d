//! The SQL of what growth is compared with where it is paid: the base by the same rules as the period.

use std::collections::HashMap;

use sqlx::PgConnection;

use super::{calculate::Question, rules::Rules};
use crate::{
    domain::{
        company::GrowthBasis,
        id::{OrgId, UserId},
        money::Money,
        period::{Base, add_days},
    },
    scorecards::db,
};

/// What of each rep's base pays, as far as the period has come: confirmed deals of its days, less their linked returns
/// whenever those came. Who has nothing of it is not there.
pub async fn of_reps(
    db: &mut PgConnection,
    asked: &Question,
    reps: &[UserId],
    base: Base,
    basis: GrowthBasis,
    rules: &Rules,
) -> sqlx::Result<HashMap<UserId, Money>> {
    let (years, days) = db::later(asked.period, base);
    let rows = sqlx::query!(
        r#"with rules as materialized (
               select coalesce($9, o.confirm_deals) as confirm
               from organizations o
               where o.id = $1
           ),
           -- Of a few people each deal is looked up, and what came back of it by their own negative credits: a linked return is
           -- never booked before its deal. Of many all deals of these days are read, and what came back of them.
           own as materialized (
               select c.rep_id, c.deal_id, c.booked_on, c.amount
               from unnest($2::bigint[]) as r (id)
               cross join lateral (
                   select c.rep_id, c.deal_id, c.booked_on, c.amount
                   from deal_credits c
                   where c.org_id = $1 and c.rep_id = r.id and not c.overlay and c.booked_on >= $3
                     and (c.booked_on < $4 or not $10 and c.amount < 0)
                   offset 0
               ) c
               where not $8
           ),
           sold as materialized (
               select d.id, d.customer_id, d.booked_on, d.net
               from deals d
               where d.org_id = $1 and d.booked_on >= $3 and d.booked_on < $4 and d.returns_id is null
                 and (not (select r.confirm from rules r) or d.confirmed_at is not null)
                 and ($8 or $10)
           ),
           returned as materialized (
               select d.id, s.customer_id, s.booked_on, d.net
               from sold s
               join deals d on d.org_id = $1 and d.returns_id = s.id and d.booked_on is not null
               where not (select r.confirm from rules r) or d.confirmed_at is not null
           ),
           paid as (
               select o.rep_id, o.amount
               from own o
               cross join lateral (
                   select d.returns_id, d.confirmed_at
                   from deals d
                   where d.org_id = $1 and d.id = o.deal_id
                   offset 0
               ) d
               left join lateral (
                   select b.booked_on, b.confirmed_at
                   from deals b
                   where b.org_id = $1 and b.id = d.returns_id
                   offset 0
               ) b on true
               where not $10
                 and coalesce(b.booked_on, o.booked_on) >= $3 and coalesce(b.booked_on, o.booked_on) < $4
                 and (d.returns_id is null or b.booked_on is not null)
                 and (not (select r.confirm from rules r)
                      or d.confirmed_at is not null and (d.returns_id is null or b.confirmed_at is not null))
               union all
               select o.rep_id, o.amount
               from own o
               join sold s on s.id = o.deal_id
               where $10
               union all
               select c.rep_id, c.amount
               from returned r
               cross join lateral (
                   select c.rep_id, c.amount
                   from deal_credits c
                   where c.org_id = $1 and c.deal_id = r.id and c.rep_id = any ($2) and not c.overlay
                   offset 0
               ) c
               where $10 and not $8
               union all
               select w.rep_id, n.net
               from (
                   select s.customer_id, s.booked_on, s.net
                   from sold s
                   union all
                   select r.customer_id, r.booked_on, r.net
                   from returned r
               ) n
               join ownerships w on w.org_id = $1 and w.customer_id = n.customer_id
                   and w.during @> least((n.booked_on + make_interval(years => $5))::date + $6::int, $7::date)
               where $8 and w.rep_id = any ($2)
           )
           select rep_id as "rep_id!: UserId", sum(amount)::bigint as "base!: Money"
           from paid
           group by rep_id"#,
        asked.org as OrgId,
        reps as &[UserId],
        base.so_far.from,
        base.so_far.to.min(add_days(asked.today, 1)),
        years,
        days,
        asked.period.last_day(),
        basis == GrowthBasis::Book,
        rules.confirm_deals,
        reps.len() > db::A_FEW,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.rep_id, row.base)).collect())
}
