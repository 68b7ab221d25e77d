//! The SQL of marks: numbers that change whenever facts change, day by day and period by period.

use sqlx::PgConnection;
use time::Date;

use super::mark::{Days, Kind, OfDay, Reach};
use crate::domain::id::OrgId;

/// Whether deals need to be confirmed, by today's setting.
pub async fn confirms(db: &mut PgConnection, org: OrgId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        "select confirm_deals
         from organizations
         where id = $1",
        org as OrgId,
    )
    .fetch_one(db)
    .await
}

/// The marks of these days, each kind of fact for itself, from one look at all of them; a day without facts of a kind has no
/// row. What a deal's day is made of are the deals booked then with what was returned of them, whenever.
///
/// Whether a visit went to a stranger follows from the customer's first sale, but where something came back, it follows from
/// all sales.
pub async fn of_days(db: &mut PgConnection, org: OrgId, reach: &Reach) -> sqlx::Result<Vec<OfDay>> {
    let (from, to): (Vec<Date>, Vec<Date>) = reach.sold.iter().map(|days| (days.from, days.to)).unzip();
    sqlx::query_as!(
        OfDay,
        r#"with firsts as materialized (
               select distinct on (e.customer_id) e.customer_id, e.kind, e.on_date, e.new_until
               from customer_events e
               where e.org_id = $1 and e.kind in ('first_sale', 'first_sale_undone')
               order by e.customer_id, e.position desc
           ),
           buyers as materialized (
               select c.id, c.customer_since, f.kind, f.on_date, f.new_until
               from customers c
               left join firsts f on f.customer_id = c.id
               where c.org_id = $1
           ),
           sent_back as materialized (
               select distinct r.customer_id
               from deals r
               where r.org_id = $1 and r.returns_id is not null
           ),
           locked as materialized (
               select g.day::date as day, min(l.locked_at) as at
               from period_locks l
               cross join generate_series(l.period_start, l.period_end - 1, interval '1 day') as g (day)
               where l.org_id = $1
               group by g.day
           ),
           spans as materialized (
               select s.from_date, s.to_date
               from unnest($2::date[], $3::date[]) as s (from_date, to_date)
           ),
           sold as materialized (
               select d.booked_on as day, d.id, d.id as root_id, d.booked_on, d.customer_id, d.net, d.confirmed_at
               from spans s
               join deals d on d.org_id = $1 and d.booked_on >= s.from_date and d.booked_on < s.to_date
               where d.returns_id is null
               union all
               select b.booked_on, r.id, b.id, r.booked_on, r.customer_id, r.net, r.confirmed_at
               from deals r
               join deals b on b.org_id = $1 and b.id = r.returns_id
               join spans s on b.booked_on >= s.from_date and b.booked_on < s.to_date
               where r.org_id = $1 and r.returns_id is not null and r.booked_on is not null
           ),
           -- Those of the days of which everything counts: how many these are PostgreSQL knows, so it reads what belongs to
           -- them one by one or all at once, whichever is less.
           own as not materialized (
               select d.booked_on as day, d.id
               from deals d
               where d.org_id = $1 and d.booked_on >= $4 and d.booked_on < $5 and d.returns_id is null
               union all
               select b.booked_on, r.id
               from deals r
               join deals b on b.org_id = $1 and b.id = r.returns_id
               where r.org_id = $1 and r.returns_id is not null and r.booked_on is not null
                 and b.booked_on >= $4 and b.booked_on < $5
           )
           select d.day as "day!", 'sale' as "kind!: Kind",
                  bit_xor(hash_record_extended(row (d.id, d.root_id, d.booked_on, d.customer_id, d.net,
                                                    c.customer_since, c.kind, c.on_date, c.new_until), 0)) as "mark!"
           from sold d
           join buyers c on c.id = d.customer_id
           group by d.day
           union all
           select d.day, 'confirmed', bit_xor(hashint8extended(d.id, 0))
           from sold d
           where d.confirmed_at is not null
           group by d.day
           union all
           select c.day, 'credit', bit_xor(hash_record_extended(row (c.id, c.rep_id, c.amount, c.overlay), 0))
           from (
               select d.day, d.id, c.rep_id, c.amount, c.overlay
               from own d
               join deal_credits c on c.org_id = $1 and c.deal_id = d.id
               union all
               select d.day, d.id, c.rep_id, c.amount, c.overlay
               from sold d
               cross join lateral (
                   -- One by one: all credits there are would be read else.
                   select c.rep_id, c.amount, c.overlay
                   from deal_credits c
                   where c.org_id = $1 and c.deal_id = d.id
                   offset 0
               ) c
               where d.day < $4 or d.day >= $5
           ) c
           group by c.day
           union all
           select d.day, 'line',
                  bit_xor(hash_record_extended(row (d.id, l.position, l.amount, l.cost, p.category_id), 0))
           from own d
           join deal_lines l on l.org_id = $1 and l.deal_id = d.id
           left join products p on p.org_id = $1 and p.id = l.product_id
           group by d.day
           union all
           select o.day, 'owner', bit_xor(o.mark)
           from (
               select coalesce(lower(w.during), '0001-01-01') as day,
                      hash_record_extended(row (w.customer_id, w.rep_id), 0) as mark
               from ownerships w
               where w.org_id = $1
               union all
               select upper(w.during), hash_record_extended(row (w.customer_id, w.rep_id), 1)
               from ownerships w
               where w.org_id = $1 and not upper_inf(w.during)
           ) o
           where o.day < $5
           group by o.day
           union all
           select v.visited_on, 'visit',
                  bit_xor(hash_record_extended(row (v.id, v.rep_id, v.customer_id, v.kind, v.minutes,
                      c.customer_since is null and case
                          when s.customer_id is null then c.on_date is null or v.visited_on <= c.on_date
                          else not exists (
                              select from deals d
                              where d.org_id = $1 and d.customer_id = v.customer_id and d.booked_on < v.visited_on
                                and d.net > 0 and (d.fully_returned_on is null or d.fully_returned_on > v.visited_on)
                          )
                      end), 0))
           from visits v
           join buyers c on c.id = v.customer_id
           left join sent_back s on s.customer_id = v.customer_id
           left join locked k on k.day = v.visited_on
           where v.org_id = $1 and v.visited_on >= $4::date - 3 and v.visited_on < $5::date + 3 and v.state = 'done'
             and (k.at is null or v.recorded_at <= k.at)
           group by v.visited_on
           union all
           select p.visited_on, 'along', bit_xor(hash_record_extended(row (p.visit_id, p.rep_id), 0))
           from visit_participants p
           left join locked k on k.day = p.visited_on
           where p.org_id = $1 and p.visited_on >= $4::date - 3 and p.visited_on < $5::date + 3
             and (k.at is null or p.recorded_at <= k.at)
           group by p.visited_on
           union all
           select e.on_date, 'event',
                  bit_xor(hash_record_extended(row (e.kind, e.customer_id, e.rep_id, e.deal_id, lost.on_date,
                      exists (
                          select from customer_events u
                          where u.org_id = $1 and u.customer_id = e.customer_id and u.deal_id = e.deal_id
                            and u.kind = e.kind || '_undone'
                          offset 0
                      )), 0))
           from customer_events e
           left join lateral (
               select min(l.on_date) as on_date
               from customer_events l
               where e.kind = 'first_sale' and l.org_id = $1 and l.customer_id = e.customer_id and l.kind = 'lost'
                 and l.position > e.position and l.on_date <= $6
           ) lost on true
           where e.org_id = $1 and e.on_date >= $4 and e.on_date < $5 and e.on_date <= $6
           group by e.on_date"#,
        org as OrgId,
        &from,
        &to,
        reach.own.from,
        reach.own.to,
        reach.today,
    )
    .fetch_all(db)
    .await
}

/// The marks of what lasts longer than a day, by place: who belonged to which team and led it, and what is held. A place
/// without any has no row.
pub async fn of_places(db: &mut PgConnection, org: OrgId, places: &[(i32, Days)]) -> sqlx::Result<Vec<(i32, i64)>> {
    let numbers: Vec<i32> = places.iter().map(|(place, _)| *place).collect();
    let from: Vec<Date> = places.iter().map(|(_, days)| days.from).collect();
    let to: Vec<Date> = places.iter().map(|(_, days)| days.to).collect();
    let rows = sqlx::query!(
        r#"with places as materialized (
               select p.place, daterange(p.from_date, p.to_date) as days
               from unnest($2::int[], $3::date[], $4::date[]) as p (place, from_date, to_date)
           ),
           words as (
               select p.place, hash_record_extended(row (m.team_id, m.user_id, m.during * p.days), 1) as word
               from places p
               join memberships m on m.org_id = $1 and m.during && p.days
               union all
               select p.place, hash_record_extended(row (m.team_id, m.user_id, m.during * p.days), 2)
               from places p
               join team_managers m on m.org_id = $1 and m.during && p.days
               union all
               select p.place, hashint8extended(h.id, 3)
               from places p
               join pay_holds h on h.org_id = $1
               left join deals d on d.org_id = h.org_id and d.id = h.deal_id
               left join deals root on root.org_id = d.org_id and root.id = d.returns_id
               where p.days @> coalesce(root.booked_on, d.booked_on, h.period_start)
                 and not exists (select from pay_hold_releases r where r.org_id = h.org_id and r.hold_id = h.id)
           )
           select place as "place!", bit_xor(word) as "mark!"
           from words
           group by place"#,
        org as OrgId,
        &numbers,
        &from,
        &to,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.place, row.mark)).collect())
}
