//! The SQL of `assignments.csv`.

use super::db::Repeated;
use crate::{
    domain::id::{OrgId, UserId},
    postgres::tx::Tx,
};

/// Rows whose days overlap with those of an earlier row of the same rep.
pub async fn overlaps(tx: &mut Tx, import: i64) -> sqlx::Result<Vec<Repeated>> {
    sqlx::query_as!(
        Repeated,
        r#"select later.line as "line!", lower(later.during)::text as "value!", min(earlier.line) as "first!"
           from import_assignments later
           join import_assignments earlier
             on earlier.import_id = later.import_id and earlier.rep_id = later.rep_id
            and earlier.line < later.line and earlier.during && later.during
           where later.import_id = $1
           group by later.line, later.during
           order by later.line"#,
        import,
    )
    .fetch_all(&mut **tx)
    .await
}

/// How many rows say something of new days, and how many something else than was known.
pub async fn count(tx: &mut Tx, import: i64) -> sqlx::Result<(u64, u64)> {
    let org = tx.org;
    let row = sqlx::query!(
        r#"select count(*) filter (where a.rep_id is null) as "created!",
                  count(*) filter (where a.rep_id is not null
                                     and (a.plan_id, a.during) is distinct from (p.id, s.during)) as "updated!"
           from import_assignments s
           join plans p on p.org_id = $2 and p.name = s.plan
           left join plan_assignments a
             on a.org_id = $2 and a.rep_id = s.rep_id and lower(a.during) = lower(s.during)
           where s.import_id = $1"#,
        import,
        org as OrgId,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok((row.created.unsigned_abs(), row.updated.unsigned_abs()))
}

/// Puts reps on plans for the days that the file says, and leaves other days as they were.
pub async fn assign(tx: &mut Tx, import: i64) -> sqlx::Result<()> {
    let (org, now, actor) = (tx.org, tx.now, tx.actor);
    sqlx::query!(
        "insert into audit (org_id, at, user_id, action, object, detail)
         select $2, $3, $4::bigint, 'plan.assigned', '/plans/' || p.id, jsonb_build_object('rep', s.rep_id, 'during', s.during)
         from import_assignments s
         join plans p on p.org_id = $2 and p.name = s.plan
         where s.import_id = $1
           and not exists (
               select from plan_assignments a
               where a.org_id = $2 and a.rep_id = s.rep_id and a.plan_id = p.id and a.during = s.during
           )",
        import,
        org as OrgId,
        now,
        actor as Option<UserId>,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "with said as (
             select rep_id, range_agg(during) as days
             from import_assignments
             where import_id = $1
             group by rep_id
         ), cut as (
             delete from plan_assignments a
             using said
             where a.org_id = $2 and a.rep_id = said.rep_id and said.days && a.during
             returning a.rep_id, a.plan_id, datemultirange(a.during) - said.days as rest
         )
         insert into plan_assignments (org_id, rep_id, plan_id, during)
         select $2, rep_id, plan_id, unnest(rest)
         from cut",
        import,
        org as OrgId,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into plan_assignments (org_id, rep_id, plan_id, during)
         select $2, s.rep_id, p.id, s.during
         from import_assignments s
         join plans p on p.org_id = $2 and p.name = s.plan
         where s.import_id = $1",
        import,
        org as OrgId,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
