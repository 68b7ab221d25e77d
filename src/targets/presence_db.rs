//! The SQL of presence: who is employed when, the company's working days, and which targets stay whole.

use sqlx::PgConnection;
use time::Date;

use crate::{
    domain::{
        id::{OrgId, RunId, UserId},
        metric::Metric,
        period::Dates,
    },
    postgres::tx::Tx,
};

/// When somebody is employed.
pub struct Stay {
    /// Who.
    pub rep: UserId,
    /// First day; none: from the beginning.
    pub hired_on: Option<Date>,
    /// First day no longer there; none: open.
    pub left_on: Option<Date>,
}

/// When these people are employed.
pub async fn stays(db: &mut PgConnection, org: OrgId, reps: &[UserId]) -> sqlx::Result<Vec<Stay>> {
    sqlx::query_as!(
        Stay,
        "select id as rep, hired_on, left_on
         from users
         where org_id = $1 and id = any ($2)",
        org as OrgId,
        reps as &[UserId],
    )
    .fetch_all(db)
    .await
}

/// What a period's proportions are made from.
pub struct Rules {
    /// Working weekdays, 1 = Monday … 7 = Sunday.
    pub workdays: Vec<i16>,
    /// Days of the period on which nobody works.
    pub holidays: Vec<Date>,
    /// Metrics whose targets count whole.
    pub whole: Vec<String>,
}

/// The rules that count for each of these dates, in their order: which targets stay whole is, of locked ones, what stood
/// when they were locked.
pub async fn rules(db: &mut PgConnection, org: OrgId, dates: &[Dates]) -> sqlx::Result<Vec<Rules>> {
    let starts: Vec<Date> = dates.iter().map(|dates| dates.from).collect();
    let ends: Vec<Date> = dates.iter().map(|dates| dates.to).collect();
    sqlx::query_as!(
        Rules,
        r#"select o.workdays,
                  array(select h.on_date
                        from holidays h
                        where h.org_id = o.id and h.on_date >= p.starts_on and h.on_date < p.ends_on) as "holidays!",
                  array(select c.metric
                        from (
                            select distinct on (r.metric) r.metric, r.prorated
                            from proration_changes r
                            where r.org_id = o.id
                              and not exists (
                                  select from period_locks l
                                  where l.org_id = r.org_id and l.period_start <= p.starts_on
                                    and l.period_end >= p.ends_on and l.locked_at < r.set_at
                              )
                            order by r.metric, r.id desc
                        ) c
                        where not c.prorated) as "whole!"
           from organizations o
           cross join unnest($2::date[], $3::date[]) with ordinality as p (starts_on, ends_on, nth)
           where o.id = $1
           order by p.nth"#,
        org as OrgId,
        &starts,
        &ends,
    )
    .fetch_all(db)
    .await
}

/// The working days of locked dates, as they were kept.
pub struct LockedDays {
    /// First day of the lock.
    pub from: Date,
    /// First day behind it.
    pub to: Date,
    /// The company's working days, or those on which somebody was away.
    pub days: Vec<Date>,
}

/// The company's working days of the locks over some of the dates, the first lock first.
pub async fn locked_calendars(db: &mut PgConnection, org: OrgId, dates: Dates) -> sqlx::Result<Vec<LockedDays>> {
    sqlx::query_as!(
        LockedDays,
        r#"select l.period_start as "from", l.period_end as "to", c.working_days as days
           from period_locks l
           join locked_calendars c on c.org_id = l.org_id and c.run_id = l.run_id
           where l.org_id = $1 and l.period_start < $3 and l.period_end > $2
           order by l.locked_at, l.run_id"#,
        org as OrgId,
        dates.from,
        dates.to,
    )
    .fetch_all(db)
    .await
}

/// The working days of the locks over some of the dates on which these people were away, the first lock first. Who was
/// not known yet has none.
pub async fn locked_absences(
    db: &mut PgConnection,
    org: OrgId,
    reps: &[UserId],
    dates: Dates,
) -> sqlx::Result<Vec<(UserId, LockedDays)>> {
    let rows = sqlx::query!(
        "select p.rep_id, l.period_start, l.period_end, p.away
         from period_locks l
         join locked_presences p on p.org_id = l.org_id and p.run_id = l.run_id
         where l.org_id = $1 and l.period_start < $3 and l.period_end > $2 and p.rep_id = any ($4)
         order by l.locked_at, l.run_id",
        org as OrgId,
        dates.from,
        dates.to,
        reps as &[UserId],
    )
    .fetch_all(db)
    .await?;
    let kept = |from, to, days| LockedDays { from, to, days };
    Ok(rows.into_iter().map(|row| (row.rep_id, kept(row.period_start, row.period_end, row.away))).collect())
}

/// Everybody of the company.
pub async fn everybody(db: &mut PgConnection, org: OrgId) -> sqlx::Result<Vec<UserId>> {
    sqlx::query_scalar!("select id from users where org_id = $1", org as OrgId).fetch_all(db).await
}

/// Keeps the working days of a lock, and those of them on which each of these people is away.
pub async fn keep(tx: &mut Tx, run: RunId, working: &[Date], away: &[(UserId, Vec<Date>)]) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "insert into locked_calendars (org_id, run_id, working_days) values ($1, $2, $3)",
        org as OrgId,
        run as RunId,
        working,
    )
    .execute(&mut **tx)
    .await?;
    let reps: Vec<UserId> = away.iter().map(|(rep, _)| *rep).collect();
    let missed = || away.iter().flat_map(|(rep, days)| days.iter().map(|day| (*rep, *day)));
    let (whose, days): (Vec<UserId>, Vec<Date>) = missed().unzip();
    sqlx::query!(
        "insert into locked_presences (org_id, run_id, rep_id, away)
         select $1, $2, r.id, coalesce(array_agg(a.on_date order by a.on_date) filter (where a.on_date is not null), '{}')
         from unnest($3::bigint[]) as r (id)
         left join unnest($4::bigint[], $5::date[]) as a (rep_id, on_date) on a.rep_id = r.id
         group by r.id",
        org as OrgId,
        run as RunId,
        &reps as &[UserId],
        &whose as &[UserId],
        &days,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Which metrics' targets count whole from now on, and the last change (0: there was none).
pub async fn whole_now(db: &mut PgConnection, org: OrgId) -> sqlx::Result<(Vec<Metric>, i64)> {
    let rows = sqlx::query!(
        "select distinct on (metric) metric, prorated, id
         from proration_changes
         where org_id = $1
         order by metric, id desc",
        org as OrgId,
    )
    .fetch_all(db)
    .await?;
    let seen = rows.iter().map(|row| row.id).max().unwrap_or(0);
    let whole = rows.iter().filter(|row| !row.prorated).filter_map(|row| Metric::parse(&row.metric)).collect();
    Ok((whole, seen))
}

/// Has targets of these metrics count in proportion from now on, or whole. Nobody else may write.
pub async fn change(tx: &mut Tx, metrics: &[(Metric, bool)]) -> sqlx::Result<()> {
    let (org, actor, now) = (tx.org, tx.actor, tx.now);
    let names: Vec<&str> = metrics.iter().map(|(metric, _)| metric.as_str()).collect();
    let prorated: Vec<bool> = metrics.iter().map(|(_, prorated)| *prorated).collect();
    sqlx::query!(
        "insert into proration_changes (org_id, metric, prorated, set_by, set_at)
         select $1, n.metric, n.prorated, $2, $3
         from unnest($4::text[], $5::boolean[]) as n (metric, prorated)",
        org as OrgId,
        actor as Option<UserId>,
        now,
        &names as &[&str],
        &prorated,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
