//! The SQL of levels: what a junior or senior is usually expected to reach.

use rust_decimal::Decimal;
use sqlx::PgConnection;

use crate::{
    domain::{
        id::{OrgId, UserId},
        metric::Metric,
        period::PeriodKind,
    },
    postgres::tx::Tx,
};

/// A level's usual target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelTarget {
    /// The level, in small letters.
    pub level: String,
    /// Of what.
    pub metric: Metric,
    /// Whole count, minor units of money, or a fraction.
    pub value: Decimal,
}

/// The usual targets of all levels for periods of a kind, and the last change of them (0: there was none).
pub async fn of_kind(db: &mut PgConnection, org: OrgId, kind: PeriodKind) -> sqlx::Result<(Vec<LevelTarget>, i64)> {
    let rows = sqlx::query!(
        r#"select distinct on (lower(level), metric) id, lower(level) as "level!", metric, value
           from level_targets
           where org_id = $1 and period_kind = $2
           order by lower(level), metric, id desc"#,
        org as OrgId,
        kind.as_str(),
    )
    .fetch_all(db)
    .await?;
    let seen = rows.iter().map(|row| row.id).max().unwrap_or(0);
    let targets = rows.into_iter().filter_map(|row| {
        Some(LevelTarget { level: row.level, metric: Metric::parse(&row.metric)?, value: row.value? })
    });
    Ok((targets.collect(), seen))
}

/// The levels that people have or that have targets, as they were written first, by name.
pub async fn levels(db: &mut PgConnection, org: OrgId) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        r#"select min(level) as "level!"
           from (
               select u.level
               from users u
               where u.org_id = $1 and u.level <> ''
                 and exists (select from user_roles r where r.org_id = u.org_id and r.user_id = u.id and r.role = 'rep')
               union
               select t.level from level_targets t where t.org_id = $1
           ) as known
           group by lower(level)
           order by lower(level)"#,
        org as OrgId,
    )
    .fetch_all(db)
    .await
}

/// A level's target to be set; none takes it away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLevelTarget {
    /// Which level.
    pub level: String,
    /// Of what.
    pub metric: Metric,
    /// Whole count, minor units of money, or a fraction.
    pub value: Option<Decimal>,
}

/// Adds the changes of one save. Nobody else may write.
pub async fn insert(tx: &mut Tx, kind: PeriodKind, targets: &[NewLevelTarget]) -> sqlx::Result<()> {
    let (org, actor, now) = (tx.org, tx.actor, tx.now);
    let levels: Vec<&str> = targets.iter().map(|target| target.level.as_str()).collect();
    let metrics: Vec<&str> = targets.iter().map(|target| target.metric.as_str()).collect();
    let values: Vec<Option<Decimal>> = targets.iter().map(|target| target.value).collect();
    sqlx::query!(
        "insert into level_targets (org_id, level, metric, period_kind, value, set_by, set_at)
         select $1, n.level, n.metric, $2, n.value, $3, $4
         from unnest($5::text[], $6::text[], $7::numeric[]) as n (level, metric, value)",
        org as OrgId,
        kind.as_str(),
        actor as Option<UserId>,
        now,
        &levels as &[&str],
        &metrics as &[&str],
        &values as &[Option<Decimal>],
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
