//! The SQL of what growth is compared with where it is paid: the base by the same rules as the period.

use std::collections::BTreeMap;

use sqlx::PgConnection;

use super::{
    db::{self, Subject},
    more::Asked,
};
use crate::domain::{
    company::GrowthBasis,
    id::{OrgId, UserId},
    metric::Facts,
    money::Money,
    period::{Base, Period},
};

/// Puts in place of each rep's base, as far as the period has come, what of it pays: confirmed deals of its days, less
/// their linked returns whenever those came. `basis` is that of growth, where a locked period keeps it.
pub async fn replace(
    db: &mut PgConnection,
    asked: &Asked<'_>,
    basis: Option<GrowthBasis>,
    table: &mut BTreeMap<(Period, Subject), Facts>,
) -> sqlx::Result<()> {
    let bases: Vec<Option<Base>> = asked.periods.iter().map(|one| one.base(asked.growth_base, asked.today)).collect();
    let spans = db::spans(asked.periods, &bases);
    let rows = sqlx::query!(
        r#"with spans as materialized (
               select s.period, s.from_date, least(s.to_date, $9::date + 1) as to_date, s.years, s.days, s.last_day
               from unnest($3::int[], $4::smallint[], $5::date[], $6::date[], $7::int[], $8::int[], $10::date[])
                   as s (period, part, from_date, to_date, years, days, last_day)
               where s.part = 1
           ),
           rules as materialized (
               select coalesce($11::text, o.growth_basis) = 'book' as is_book, coalesce($12, o.confirm_deals) as confirm
               from organizations o
               where o.id = $1
           ),
           -- Of a few people each deal is looked up, and what came back of it by their own negative credits: a linked return is
           -- never booked before its deal.
           own as materialized (
               select s.period, s.from_date, s.to_date, c.rep_id, c.deal_id, c.booked_on, c.amount
               from spans s
               cross join unnest($2::bigint[]) as r (id)
               cross join lateral (
                   select c.rep_id, c.deal_id, c.booked_on, c.amount
                   from deal_credits c
                   where c.org_id = $1 and c.rep_id = r.id and not c.overlay and c.booked_on >= s.from_date
                     and (c.booked_on < s.to_date or c.amount < 0)
                   offset 0
               ) c
               where not $13 and not (select r.is_book from rules r)
           ),
           sold as materialized (
               select s.period, d.id, d.customer_id, d.net,
                      least((d.booked_on + make_interval(years => s.years))::date + s.days, s.last_day) as for_date
               from spans s
               join deals d on d.org_id = $1 and d.booked_on >= s.from_date and d.booked_on < s.to_date
               where d.returns_id is null and (not (select r.confirm from rules r) or d.confirmed_at is not null)
                 and ($13 or (select r.is_book from rules r))
           ),
           netted as materialized (
               select s.period, s.id, s.customer_id, s.net, s.for_date
               from sold s
               union all
               select s.period, d.id, s.customer_id, d.net, s.for_date
               from sold s
               join deals d on d.org_id = $1 and d.returns_id = s.id and d.booked_on is not null
               where not (select r.confirm from rules r) or d.confirmed_at is not null
           ),
           paid as (
               select o.period, o.rep_id, o.amount
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
               where coalesce(b.booked_on, o.booked_on) >= o.from_date and coalesce(b.booked_on, o.booked_on) < o.to_date
                 and (d.returns_id is null or b.booked_on is not null)
                 and (not (select r.confirm from rules r)
                      or d.confirmed_at is not null and (d.returns_id is null or b.confirmed_at is not null))
               union all
               select n.period, c.rep_id, c.amount
               from netted n
               cross join lateral (
                   select c.rep_id, c.amount
                   from deal_credits c
                   where c.org_id = $1 and c.deal_id = n.id and c.rep_id = any ($2) and not c.overlay
                   offset 0
               ) c
               where $13 and not (select r.is_book from rules r)
               union all
               select n.period, w.rep_id, n.net
               from netted n
               join ownerships w on w.org_id = $1 and w.customer_id = n.customer_id and w.during @> n.for_date
               where (select r.is_book from rules r) and w.rep_id = any ($2)
           )
           select period as "period!", rep_id as "rep_id!: UserId", sum(amount)::bigint as "base!: Money"
           from paid
           group by period, rep_id"#,
        asked.org as OrgId,
        &asked.subjects.reps as &[UserId],
        &spans.periods,
        &spans.parts,
        &spans.from,
        &spans.to,
        &spans.years,
        &spans.days,
        asked.today,
        &spans.last,
        basis.map(GrowthBasis::as_str),
        asked.pays.confirm,
        asked.subjects.reps.len() > db::A_FEW,
    )
    .fetch_all(db)
    .await?;
    for ((_, subject), facts) in table.iter_mut() {
        if subject.rep().is_some() && facts.net_sales_base.is_some() {
            facts.net_sales_base = Some(Money::ZERO);
        }
    }
    for row in rows {
        let period = usize::try_from(row.period).ok().and_then(|place| asked.periods.get(place));
        if let Some(facts) = period.and_then(|period| table.get_mut(&(*period, Subject::Rep(row.rep_id)))) {
            facts.net_sales_base = Some(row.base);
        }
    }
    Ok(())
}
