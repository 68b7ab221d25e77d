//! Plans' SQL: immutable versions, and which rep is on which plan since when.

use std::collections::BTreeSet;

use sqlx::PgConnection;
use time::Date;

use crate::{
    domain::{
        id::{OrgId, PlanId, PlanVersionId, UserId},
        metric::Metric,
    },
    postgres::tx::Tx,
};

/// A plan with its newest version, for the list.
pub struct PlanRow {
    /// The plan.
    pub id: PlanId,
    /// Its name.
    pub name: String,
    /// How many versions there are.
    pub versions: i64,
    /// From which day on the newest version holds.
    pub from_date: Date,
    /// How many reps are on it today.
    pub reps: i64,
}

/// Every plan by name.
pub async fn list(db: &mut PgConnection, org: OrgId, today: Date) -> sqlx::Result<Vec<PlanRow>> {
    sqlx::query_as!(
        PlanRow,
        r#"select p.id, p.name,
                  (select count(*) from plan_versions v where v.org_id = p.org_id and v.plan_id = p.id) as "versions!",
                  (select v.from_date
                   from plan_versions v
                   where v.org_id = p.org_id and v.plan_id = p.id
                   order by v.number desc
                   limit 1) as "from_date!",
                  (select count(*)
                   from plan_assignments a
                   join users u on u.org_id = a.org_id and u.id = a.rep_id
                   where a.org_id = p.org_id and a.plan_id = p.id and a.during @> $2::date
                     and (u.left_on is null or u.left_on > $2)) as "reps!"
           from plans p
           where p.org_id = $1
           order by p.name"#,
        org as OrgId,
        today,
    )
    .fetch_all(db)
    .await
}

/// An immutable version of a plan.
#[derive(Clone)]
pub struct VersionRow {
    /// The version.
    pub id: PlanVersionId,
    /// The plan.
    pub plan_id: PlanId,
    /// The plan's name.
    pub plan: String,
    /// Counted from 1.
    pub number: i32,
    /// First day of the first period that it holds for.
    pub from_date: Date,
    /// The plan as in `docs/commission-plans.md`.
    pub document: serde_json::Value,
    /// Who made it; nobody: an import.
    pub created_by: Option<String>,
    /// On which day at the company.
    pub created_on: Date,
}

/// The versions of a plan, the newest first. None: there is no such plan.
pub async fn versions(db: &mut PgConnection, org: OrgId, plan: PlanId) -> sqlx::Result<Vec<VersionRow>> {
    sqlx::query_as!(
        VersionRow,
        r#"select v.id, v.plan_id, p.name as plan, v.number, v.from_date, v.document,
                  u.name as "created_by?", (v.created_at at time zone o.time_zone)::date as "created_on!"
           from plan_versions v
           join organizations o on o.id = v.org_id
           join plans p on p.org_id = v.org_id and p.id = v.plan_id
           left join users u on u.org_id = v.org_id and u.id = v.created_by
           where v.org_id = $1 and v.plan_id = $2
           order by v.number desc"#,
        org as OrgId,
        plan as PlanId,
    )
    .fetch_all(db)
    .await
}

/// A rep's time on a plan.
pub struct AssignmentRow {
    /// The rep.
    pub rep_id: UserId,
    /// The rep's name.
    pub rep: String,
    /// First day; none: from the beginning.
    pub from_date: Option<Date>,
    /// First day no longer on it: who leaves is on it until the last day; none: open.
    pub to_date: Option<Date>,
}

/// Who is or was on a plan, present ones first.
pub async fn assignments(db: &mut PgConnection, org: OrgId, plan: PlanId) -> sqlx::Result<Vec<AssignmentRow>> {
    sqlx::query_as!(
        AssignmentRow,
        r#"select a.rep_id, u.name as rep, lower(a.during) as from_date, least(upper(a.during), u.left_on) as to_date
           from plan_assignments a
           join users u on u.org_id = a.org_id and u.id = a.rep_id
           where a.org_id = $1 and a.plan_id = $2
           order by least(upper(a.during), u.left_on) is null desc, u.name, lower(a.during) desc"#,
        org as OrgId,
        plan as PlanId,
    )
    .fetch_all(db)
    .await
}

/// Somebody who can be paid by a plan, a rep or a manager, and the plan on a day.
pub struct RepRow {
    /// The rep.
    pub id: UserId,
    /// The name.
    pub name: String,
    /// Whether the person sells: who only manages needs no plan.
    pub sells: bool,
    /// The plan's name, if the person is on one.
    pub plan: Option<String>,
}

/// Every rep and manager with the plan on this day, by name.
pub async fn reps(db: &mut PgConnection, org: OrgId, on: Date) -> sqlx::Result<Vec<RepRow>> {
    sqlx::query_as!(
        RepRow,
        r#"select u.id, u.name, p.name as "plan?",
                  exists(
                      select from user_roles r where r.org_id = u.org_id and r.user_id = u.id and r.role = 'rep'
                  ) as "sells!"
           from users u
           left join plan_assignments a on a.org_id = u.org_id and a.rep_id = u.id and a.during @> $2::date
           left join plans p on p.org_id = a.org_id and p.id = a.plan_id
           where u.org_id = $1 and (u.left_on is null or u.left_on > $2)
             and exists (
                 select from user_roles r
                 where r.org_id = u.org_id and r.user_id = u.id and r.role in ('rep', 'manager')
             )
           order by u.name, u.id"#,
        org as OrgId,
        on,
    )
    .fetch_all(db)
    .await
}

/// The version that a rep is paid by.
pub struct InForce {
    /// The rep.
    pub rep_id: UserId,
    /// The rep's name.
    pub rep: String,
    /// The version.
    pub version_id: PlanVersionId,
    /// The plan.
    pub document: serde_json::Value,
}

/// The plan version in force for each rep on the first day of a period, by name of the rep. Who has left before that day
/// is on none: the period of the last day is the last one that pays.
/// `rep` asks for one only.
pub async fn in_force(
    db: &mut PgConnection,
    org: OrgId,
    first_day: Date,
    rep: Option<UserId>,
) -> sqlx::Result<Vec<InForce>> {
    sqlx::query_as!(
        InForce,
        r#"select a.rep_id, u.name as rep, v.id as version_id, v.document
           from plan_assignments a
           join users u on u.org_id = a.org_id and u.id = a.rep_id
           join lateral (
               select v.id, v.document
               from plan_versions v
               where v.org_id = a.org_id and v.plan_id = a.plan_id and v.from_date <= $2
               order by v.from_date desc, v.number desc
               limit 1
           ) v on true
           where a.org_id = $1 and a.during @> $2::date and ($3::bigint is null or a.rep_id = $3)
             and (u.left_on is null or u.left_on > $2)
           order by u.name, a.rep_id"#,
        org as OrgId,
        first_day,
        rep as Option<UserId>,
    )
    .fetch_all(db)
    .await
}

/// Which of these metrics a plan names on which one of these reps is on the first day of a period.
pub async fn naming(
    db: &mut PgConnection,
    org: OrgId,
    first_day: Date,
    reps: &[UserId],
    metrics: &[Metric],
) -> sqlx::Result<BTreeSet<Metric>> {
    let words: Vec<&str> = metrics.iter().map(|metric| metric.as_str()).collect();
    let rows = sqlx::query_scalar!(
        r#"with documents as materialized (
               select v.document::text as document
               from (
                   select distinct a.plan_id
                   from plan_assignments a
                   where a.org_id = $1 and a.rep_id = any ($3) and a.during @> $2::date
               ) a
               join lateral (
                   select v.document
                   from plan_versions v
                   where v.org_id = $1 and v.plan_id = a.plan_id and v.from_date <= $2
                   order by v.from_date desc, v.number desc
                   limit 1
               ) v on true
           )
           select w.word as "word!"
           from unnest($4::text[]) as w (word)
           where exists (select from documents d where strpos(d.document, '"' || w.word || '"') > 0)"#,
        org as OrgId,
        first_day,
        reps as &[UserId],
        &words as &[&str],
    )
    .fetch_all(db)
    .await?;
    Ok(rows.iter().filter_map(|word| Metric::parse(word)).collect())
}

/// Adds a plan. Its name is unique (`plans_name_key`).
pub async fn insert(tx: &mut Tx, name: &str) -> sqlx::Result<PlanId> {
    let org = tx.org;
    sqlx::query_scalar!("insert into plans (org_id, name) values ($1, $2) returning id", org as OrgId, name)
        .fetch_one(&mut **tx)
        .await
}

/// Adds the next version of a plan, in force from `from_date`, the first day of a month.
/// Two people at once: the second meets `plan_versions_number_key`; the editor asks for it alone.
pub async fn insert_version(
    tx: &mut Tx,
    plan: PlanId,
    from_date: Date,
    document: &serde_json::Value,
) -> sqlx::Result<PlanVersionId> {
    let (org, actor, now) = (tx.org, tx.actor, tx.now);
    sqlx::query_scalar!(
        "insert into plan_versions (org_id, plan_id, number, from_date, document, created_by, created_at)
         select $1, $2, coalesce(max(v.number), 0) + 1, $3, $4, $5, $6
         from plan_versions v
         where v.org_id = $1 and v.plan_id = $2
         returning id",
        org as OrgId,
        plan as PlanId,
        from_date,
        document,
        actor as Option<UserId>,
        now,
    )
    .fetch_one(&mut **tx)
    .await
}

/// Puts a rep on a plan from a day on, without end; what was assigned from that day on ends there.
/// Without a plan the rep is on none from that day on.
pub async fn assign(tx: &mut Tx, rep: UserId, plan: Option<PlanId>, from_date: Date) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "delete from plan_assignments
         where org_id = $1 and rep_id = $2 and lower(during) >= $3",
        org as OrgId,
        rep as UserId,
        from_date,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "update plan_assignments
         set during = daterange(lower(during), $3)
         where org_id = $1 and rep_id = $2 and during @> $3::date",
        org as OrgId,
        rep as UserId,
        from_date,
    )
    .execute(&mut **tx)
    .await?;
    if let Some(plan) = plan {
        sqlx::query!(
            "insert into plan_assignments (org_id, rep_id, plan_id, during)
             values ($1, $2, $3, daterange($4, null))",
            org as OrgId,
            rep as UserId,
            plan as PlanId,
            from_date,
        )
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}
