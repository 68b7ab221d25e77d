//! The SQL of presence: who is employed when, the company's working days, and which targets stay whole.

use sqlx::PgConnection;
use time::Date;

use crate::{
    domain::{
        id::{OrgId, UserId},
        metric::Metric,
        period::Period,
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

/// The rules that count for a period: of a locked one those that stood when it was locked.
pub async fn rules(db: &mut PgConnection, org: OrgId, period: Period) -> sqlx::Result<Rules> {
    sqlx::query_as!(
        Rules,
        r#"select o.workdays,
                  array(select h.on_date
                        from holidays h
                        where h.org_id = o.id and h.on_date >= $2 and h.on_date < $3) as "holidays!",
                  array(select c.metric
                        from (
                            select distinct on (p.metric) p.metric, p.prorated
                            from proration_changes p
                            where p.org_id = o.id
                              and not exists (
                                  select from period_locks l
                                  where l.org_id = p.org_id and l.period_start <= $2 and l.period_end >= $3
                                    and l.locked_at < p.set_at
                              )
                            order by p.metric, p.id desc
                        ) c
                        where not c.prorated) as "whole!"
           from organizations o
           where o.id = $1"#,
        org as OrgId,
        period.from(),
        period.to(),
    )
    .fetch_one(db)
    .await
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
