//! The SQL of `targets.csv`.

use super::db::Repeated;
use crate::{domain::id::OrgId, postgres::tx::Tx};

/// Targets that an earlier row sets.
pub async fn repeated(tx: &mut Tx, import: i64) -> sqlx::Result<Vec<Repeated>> {
    sqlx::query_as!(
        Repeated,
        r#"select line as "line!", metric as "value!", first as "first!"
           from (
               select line, metric,
                      min(line) over (partition by rep_id, period_kind, period_start, metric) as first
               from import_targets
               where import_id = $1 and (rep_id, period_kind, period_start, metric) is not null
           ) as rows
           where line > first
           order by line"#,
        import,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Adds the targets whose latest value is another one: how many are the first of their kind, how many a change.
pub async fn set(tx: &mut Tx, import: i64) -> sqlx::Result<(u64, u64)> {
    let (org, now) = (tx.org, tx.now);
    let row = sqlx::query!(
        r#"with said as (
               select s.line, s.rep_id, s.metric, s.period_kind, s.period_start, s.value, latest.value as known,
                      latest.id is not null as is_known
               from import_targets s
               left join lateral (
                   select t.id, t.value
                   from targets t
                   where t.org_id = $2 and t.period_kind = s.period_kind and t.period_start = s.period_start
                     and t.rep_id = s.rep_id and t.metric = s.metric
                   order by t.id desc
                   limit 1
               ) latest on true
               where s.import_id = $1
           ), added as (
               insert into targets (org_id, rep_id, metric, period_kind, period_start, value, set_at)
               select $2, rep_id, metric, period_kind, period_start, value, $3
               from said
               where not is_known or known is distinct from value
               order by line
           )
           select count(*) filter (where not is_known) as "created!",
                  count(*) filter (where is_known and known is distinct from value) as "updated!"
           from said"#,
        import,
        org as OrgId,
        now,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok((row.created.unsigned_abs(), row.updated.unsigned_abs()))
}
