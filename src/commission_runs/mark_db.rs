//! The mark of a period's facts: one number that changes whenever something changes that pay could follow from.

use sqlx::PgConnection;
use time::Date;

use crate::domain::id::OrgId;

/// The days that a mark is made of.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// Which mark: spans of the same place make one.
    pub place: i32,
    /// First day.
    pub from: Date,
    /// First day after.
    pub to: Date,
    /// Whether only sales count: days that growth is compared with.
    pub base: bool,
    /// Whether only confirmed deals pay; none: by today's setting.
    pub confirm: Option<bool>,
    /// Whether growth compares books; none: by today's setting.
    pub by_book: Option<bool>,
}

/// The marks of some days, by place, as facts stand today; a place without any fact has 0.
///
/// A mark is made of everything that pay of these days is made of: deals with their linked returns, credits, categories
/// and costs; first sales, losses, win-backs and whether a customer won was lost again; visits that count; whose customer
/// it was; who belonged to which team and led it; what is held. Not of targets, plans, settings and the tree: a locked period keeps those of its lock. Visits count
/// by the week, which reaches three days beyond its period; a book's growth follows from who owned it on the period's days.
/// Two marks that differ may still pay the same; equal ones do.
pub async fn marks(db: &mut PgConnection, org: OrgId, spans: &[Span], today: Date) -> sqlx::Result<Vec<(i32, i64)>> {
    let places: Vec<i32> = spans.iter().map(|span| span.place).collect();
    let from: Vec<Date> = spans.iter().map(|span| span.from).collect();
    let to: Vec<Date> = spans.iter().map(|span| span.to).collect();
    let base: Vec<bool> = spans.iter().map(|span| span.base).collect();
    let confirm: Vec<Option<bool>> = spans.iter().map(|span| span.confirm).collect();
    let by_book: Vec<Option<bool>> = spans.iter().map(|span| span.by_book).collect();
    let rows = sqlx::query!(
        r#"with spans as materialized (
               select s.place, s.from_date, s.to_date, s.base, coalesce(s.confirm, o.confirm_deals) as confirm,
                      coalesce(s.by_book, o.growth_basis = 'book') as by_book
               from organizations o
               cross join unnest($2::int[], $3::date[], $4::date[], $5::boolean[], $7::boolean[], $8::boolean[])
                   as s (place, from_date, to_date, base, confirm, by_book)
               where o.id = $1
           ),
           booked as materialized (
               select s.place, s.base, s.confirm, s.by_book, d.id, d.number, d.booked_on, d.customer_id, d.net, d.confirmed_at, d.id as root_id,
                      d.booked_on as class_on
               from spans s
               join deals d on d.org_id = $1 and d.booked_on >= s.from_date and d.booked_on < s.to_date
                    and d.returns_id is null
           ),
           sold as materialized (
               select b.place, b.base, b.confirm, b.by_book, b.id, b.number, b.booked_on, b.customer_id, b.net, b.confirmed_at, b.root_id,
                      b.class_on
               from booked b
               union all
               select b.place, b.base, b.confirm, b.by_book, r.id, r.number, r.booked_on, r.customer_id, r.net,
                      r.confirmed_at, b.id, b.class_on
               from booked b
               join deals r on r.org_id = $1 and r.returns_id = b.id and r.booked_on is not null
           ),
           words as (
               select d.place,
                      concat_ws('|', 'deal', d.base, d.id, d.booked_on, d.customer_id, d.net, d.root_id, c.customer_since,
                                not d.confirm or d.confirmed_at is not null, f.on_date, f.kind, w.rep_id) as word
               from sold d
               join customers c on c.org_id = $1 and c.id = d.customer_id
               left join ownerships w on w.org_id = $1 and d.by_book and w.customer_id = d.customer_id
                    and w.during @> d.booked_on
               left join lateral (
                   select e.kind, e.on_date
                   from customer_events e
                   where e.org_id = $1 and e.customer_id = d.customer_id
                     and e.kind in ('first_sale', 'first_sale_undone')
                   order by e.position desc
                   limit 1
               ) f on true
               union all
               select d.place, concat_ws('|', 'credit', d.base, d.id, c.rep_id, c.amount, c.overlay)
               from sold d
               join deal_credits c on c.org_id = $1 and c.deal_id = d.id
               union all
               select d.place, concat_ws('|', 'line', d.id, l.position, l.amount, l.cost, p.category_id)
               from sold d
               join deal_lines l on l.org_id = $1 and l.deal_id = d.id
               left join products p on p.org_id = l.org_id and p.id = l.product_id
               where not d.base
               union all
               select s.place,
                      concat_ws('|', 'event', e.kind, e.on_date, e.customer_id, e.rep_id, e.deal_id, lost.on_date,
                                exists (
                                    select from customer_events u
                                    where u.org_id = $1 and u.customer_id = e.customer_id and u.deal_id = e.deal_id
                                      and u.kind = e.kind || '_undone'
                                ))
               from spans s
               join customer_events e on e.org_id = $1 and e.on_date >= s.from_date and e.on_date < s.to_date
               left join lateral (
                   select min(l.on_date) as on_date
                   from customer_events l
                   where l.org_id = $1 and l.customer_id = e.customer_id and l.kind = 'lost' and l.position > e.position
                     and l.on_date <= $6
               ) lost on e.kind = 'first_sale'
               where not s.base and e.on_date <= $6
               union all
               select s.place,
                      concat_ws('|', 'visit', v.id, v.rep_id, v.customer_id, v.visited_on, v.kind,
                                c.customer_since is null and not exists (
                                    select from deals d
                                    where d.org_id = $1 and d.customer_id = v.customer_id and d.booked_on < v.visited_on
                                      and d.net > 0
                                      and (d.fully_returned_on is null or d.fully_returned_on > v.visited_on)
                                ))
               from spans s
               join visits v on v.org_id = $1 and v.visited_on >= s.from_date - 3 and v.visited_on < s.to_date + 3
                    and v.state = 'done'
               join customers c on c.org_id = $1 and c.id = v.customer_id
               where not s.base and not exists (
                   select from period_locks l
                   where l.org_id = $1 and v.visited_on >= l.period_start and v.visited_on < l.period_end
                     and v.recorded_at > l.locked_at
               )
               union all
               select s.place, concat_ws('|', 'along', p.visit_id, p.rep_id, p.visited_on)
               from spans s
               join visit_participants p on p.org_id = $1 and p.visited_on >= s.from_date - 3
                    and p.visited_on < s.to_date + 3
               where not s.base and not exists (
                   select from period_locks l
                   where l.org_id = $1 and p.visited_on >= l.period_start and p.visited_on < l.period_end
                     and p.recorded_at > l.locked_at
               )
               union all
               select s.place,
                      concat_ws('|', 'member', m.team_id, m.user_id, m.during * daterange(s.from_date, s.to_date))
               from spans s
               join memberships m on m.org_id = $1 and m.during && daterange(s.from_date, s.to_date)
               where not s.base
               union all
               select s.place,
                      concat_ws('|', 'manager', m.team_id, m.user_id, m.during * daterange(s.from_date, s.to_date))
               from spans s
               join team_managers m on m.org_id = $1 and m.during && daterange(s.from_date, s.to_date)
               where not s.base
               union all
               select s.place,
                      concat_ws('|', 'owner', w.customer_id, w.rep_id, w.during * daterange(s.from_date, s.to_date))
               from spans s
               join ownerships w on w.org_id = $1 and w.during && daterange(s.from_date, s.to_date)
               where s.by_book and not s.base
               union all
               select s.place, concat_ws('|', 'hold', h.id)
               from spans s
               join pay_holds h on h.org_id = $1
               left join deals d on d.org_id = h.org_id and d.id = h.deal_id
               left join deals root on root.org_id = d.org_id and root.id = d.returns_id
               where not s.base and coalesce(root.booked_on, d.booked_on, h.period_start) >= s.from_date
                 and coalesce(root.booked_on, d.booked_on, h.period_start) < s.to_date
                 and not exists (select from pay_hold_releases r where r.org_id = h.org_id and r.hold_id = h.id)
           )
           select s.place as "place!", coalesce(bit_xor(hashtextextended(w.word, 0)), 0) as "mark!"
           from (select distinct place from spans) s
           left join words w on w.place = s.place
           group by s.place"#,
        org as OrgId,
        &places,
        &from,
        &to,
        &base,
        today,
        &confirm as &[Option<bool>],
        &by_book as &[Option<bool>],
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.place, row.mark)).collect())
}
