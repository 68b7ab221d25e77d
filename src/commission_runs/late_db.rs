//! The SQL of late facts: locked periods, by which plans they were paid, and what was paid for them so far.

use sqlx::{PgConnection, types::Json};
use time::{Date, OffsetDateTime};

use super::{late::Correction, rules::Rules};
use crate::{
    domain::{
        commission::statement::Amount,
        company::{GrowthBase, GrowthBasis},
        contribution::Costs,
        id::{OrgId, PlanVersionId, RunId, StatementId, UserId},
        money::Money,
        period::PeriodKind,
    },
    postgres::tx::Tx,
};

/// A locked period.
pub struct LockedPeriod {
    /// The run that locked it.
    pub run_id: RunId,
    /// month, quarter or year.
    pub period_kind: PeriodKind,
    /// First day.
    pub period_start: Date,
    /// The mark of its facts when all of them were last posted, by a later run, else by its own; none where something was
    /// corrected since: facts as they were then are not what was paid any more.
    pub mark: Option<i64>,
    /// First day of the facts that the mark is of.
    pub facts_from: Date,
    /// Whether everybody who has a statement in it is one of those asked for.
    pub whole: bool,
    /// What growth was compared with; this and what follows is none in a run older than such settings.
    pub growth_base: Option<GrowthBase>,
    /// Whose sales growth compared.
    pub growth_basis: Option<GrowthBasis>,
    /// Whether deals had to be confirmed.
    pub confirm_deals: Option<bool>,
    /// What visits, minutes and orders cost.
    pub costs: Option<Json<Costs>>,
    /// The tree of teams.
    pub team_tree: Option<serde_json::Value>,
}

impl LockedPeriod {
    /// The settings that it was paid by.
    pub fn rules(&self) -> Rules {
        Rules {
            growth_base: self.growth_base,
            growth_basis: self.growth_basis,
            confirm_deals: self.confirm_deals,
            costs: self.costs.as_ref().map(|costs| costs.0),
            team_tree: self.team_tree.clone(),
            held_pays: false,
        }
    }
}

/// The locked periods that end after a day and in which one of these reps has a statement, in order of time. `run` asks
/// for one only.
pub async fn locked(
    db: &mut PgConnection,
    org: OrgId,
    after: Date,
    reps: &[UserId],
    run: Option<RunId>,
) -> sqlx::Result<Vec<LockedPeriod>> {
    sqlx::query_as!(
        LockedPeriod,
        r#"select l.run_id, l.period_kind as "period_kind: PeriodKind", l.period_start,
                  case when not exists (
                      select from statements s
                      join statement_corrections c on c.org_id = s.org_id and c.corrected_id = s.id
                      join statements p on p.org_id = c.org_id and p.id = c.statement_id
                      join period_locks k on k.org_id = p.org_id and k.run_id = p.run_id
                      where s.org_id = l.org_id and s.run_id = l.run_id
                        and k.locked_at > coalesce(posted.locked_at, l.locked_at)
                  ) then coalesce(posted.mark, r.facts_mark) end as mark, coalesce(r.facts_from, l.period_start) as "facts_from!",
                  not exists (
                      select from statements s
                      where s.org_id = l.org_id and s.run_id = l.run_id and s.rep_id <> all ($3)
                  ) as "whole!",
                  r.growth_base as "growth_base: GrowthBase", r.growth_basis as "growth_basis: GrowthBasis",
                  r.confirm_deals, r.costs as "costs: Json<Costs>", r.team_tree
           from period_locks l
           join commission_runs r on r.org_id = l.org_id and r.id = l.run_id
           left join lateral (
               select m.mark, k.locked_at
               from run_marks m
               join commission_runs n on n.org_id = m.org_id and n.id = m.run_id
               join period_locks k on k.org_id = m.org_id and k.run_id = m.run_id
               where m.org_id = l.org_id and m.locked_id = l.run_id
                 and (m.run_id = m.locked_id or not exists (
                     -- What was posted between its calculation and its lock, its marks of others do not know.
                     select from period_locks x
                     where x.org_id = m.org_id and x.run_id <> m.run_id and x.locked_at > n.prepared_at
                       and x.locked_at < k.locked_at
                 ))
               order by k.locked_at desc, m.run_id desc
               limit 1
           ) posted on true
           where l.org_id = $1 and l.period_end > $2 and ($4::bigint is null or l.run_id = $4)
             and exists (
                 select from statements s
                 where s.org_id = l.org_id and s.run_id = l.run_id and s.rep_id = any ($3)
             )
           order by l.period_start, l.period_end, l.run_id"#,
        org as OrgId,
        after,
        reps as &[UserId],
        run as Option<RunId>,
    )
    .fetch_all(db)
    .await
}

/// A statement of a locked period, with the plan version that it was paid by.
pub struct PaidStatement {
    /// Its run.
    pub run_id: RunId,
    /// The statement.
    pub id: StatementId,
    /// Whose pay it is.
    pub rep_id: UserId,
    /// The rep's name.
    pub rep: String,
    /// The version.
    pub version_id: PlanVersionId,
    /// The plan.
    pub document: serde_json::Value,
    /// Which of the rep's periods on the plan it was, from 1.
    pub period_on_plan: Option<i32>,
    /// Whether the rep was on no plan: it only settles earlier periods.
    pub off_plan: bool,
}

/// The statements of these runs by name of the rep; `reps` asks for some only.
pub async fn statements(
    db: &mut PgConnection,
    org: OrgId,
    runs: &[RunId],
    reps: Option<&[UserId]>,
) -> sqlx::Result<Vec<PaidStatement>> {
    sqlx::query_as!(
        PaidStatement,
        r#"select s.run_id, s.id, s.rep_id, u.name as rep, v.id as version_id, v.document,
                (s.inputs->'facts'->>'period_on_plan')::integer as period_on_plan,
                coalesce((s.inputs->'facts'->>'off_plan')::boolean, false) as "off_plan!"
         from statements s
         join users u on u.org_id = s.org_id and u.id = s.rep_id
         join plan_versions v on v.org_id = s.org_id and v.id = s.plan_version_id
         where s.org_id = $1 and s.run_id = any ($2) and ($3::bigint[] is null or s.rep_id = any ($3))
         order by s.run_id, u.name, s.rep_id"#,
        org as OrgId,
        runs as &[RunId],
        reps as Option<&[UserId]>,
    )
    .fetch_all(db)
    .await
}

/// Those of these runs that paid by a plan with one of these words: what such a plan pays may follow from facts of earlier
/// periods.
pub async fn looking_back(
    db: &mut PgConnection,
    org: OrgId,
    runs: &[RunId],
    words: &[&str],
) -> sqlx::Result<Vec<RunId>> {
    sqlx::query_scalar!(
        r#"with paying as (
               select distinct s.run_id, s.plan_version_id
               from statements s
               where s.org_id = $1 and s.run_id = any ($2)
           )
           select distinct p.run_id
           from paying p
           join plan_versions v on v.org_id = $1 and v.id = p.plan_version_id
           where exists (
               select from unnest($3::text[]) as w (word)
               where strpos(v.document::text, '"' || w.word || '"') > 0
           )"#,
        org as OrgId,
        runs as &[RunId],
        words as &[&str],
    )
    .fetch_all(db)
    .await
}

/// Notes the marks of locked periods whose corrections a new run holds.
pub async fn insert_marks(tx: &mut Tx, run: RunId, marks: &[(RunId, i64)]) -> sqlx::Result<()> {
    let org = tx.org;
    let locked: Vec<i64> = marks.iter().map(|(locked, _)| locked.0).collect();
    let marks: Vec<i64> = marks.iter().map(|(_, mark)| *mark).collect();
    sqlx::query!(
        "insert into run_marks (org_id, run_id, locked_id, mark)
         select $1, $2, n.locked_id, n.mark
         from unnest($3::bigint[], $4::bigint[]) as n (locked_id, mark)",
        org as OrgId,
        run as RunId,
        &locked,
        &marks,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What was paid for a component, on its line or as a correction in a later statement.
pub struct PaidLine {
    /// The statement that it belongs to.
    pub statement_id: StatementId,
    /// The component.
    pub component: String,
    /// What it measures; `draw` of a draw's line, `correction` of a correction.
    pub measure: String,
    /// What was paid.
    pub amount: Money,
}

/// What was paid for these statements so far: their own lines and what later statements of locked periods corrected.
pub async fn paid(db: &mut PgConnection, org: OrgId, statements: &[StatementId]) -> sqlx::Result<Vec<PaidLine>> {
    sqlx::query_as!(
        PaidLine,
        r#"select l.statement_id as "statement_id!: StatementId", l.component as "component!",
                  l.measure as "measure!", l.amount as "amount!: Money"
           from statement_lines l
           where l.org_id = $1 and l.statement_id = any ($2) and l.measure not in ('adjustment', 'carried')
           union all
           select c.corrected_id, c.component, 'correction', c.new - c.old
           from statement_corrections c
           join statements s on s.org_id = c.org_id and s.id = c.statement_id
           join period_locks l on l.org_id = s.org_id and l.run_id = s.run_id
           where c.org_id = $1 and c.corrected_id = any ($2)"#,
        org as OrgId,
        statements as &[StatementId],
    )
    .fetch_all(db)
    .await
}

/// Notes what the statements of a new run correct.
pub async fn insert(tx: &mut Tx, run: RunId, corrections: &[&Correction]) -> sqlx::Result<()> {
    let org = tx.org;
    let reps: Vec<i64> = corrections.iter().map(|one| one.rep.0).collect();
    let corrected: Vec<i64> = corrections.iter().map(|one| one.statement.0).collect();
    let components: Vec<&str> = corrections.iter().map(|one| one.difference.component.as_str()).collect();
    let old: Vec<i64> = corrections.iter().map(|one| one.difference.old.0).collect();
    let new: Vec<i64> = corrections.iter().map(|one| one.difference.new.0).collect();
    sqlx::query!(
        "insert into statement_corrections (org_id, statement_id, corrected_id, component, old, new)
         select s.org_id, s.id, n.corrected_id, n.component, n.old, n.new
         from unnest($3::bigint[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[])
              as n (rep_id, corrected_id, component, old, new)
         join statements s on s.org_id = $1 and s.run_id = $2 and s.rep_id = n.rep_id",
        org as OrgId,
        run as RunId,
        &reps,
        &corrected,
        &components as &[&str],
        &old,
        &new,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What a rep was paid for a component in a locked period.
pub struct PaidBefore {
    /// The rep.
    pub rep_id: UserId,
    /// First day of the period.
    pub period_start: Date,
    /// The component.
    pub component: String,
    /// What was paid, or is paid once it is released: a true-up leaves that to the release.
    pub amount: Money,
}

/// What these reps were paid for each component in the locked periods of a kind within some days, later corrections and
/// all.
pub async fn paid_before(
    db: &mut PgConnection,
    org: OrgId,
    reps: &[UserId],
    kind: PeriodKind,
    from: Date,
    to: Date,
) -> sqlx::Result<Vec<PaidBefore>> {
    let rows = sqlx::query!(
        r#"with locked as (
               select s.id, s.rep_id, l.period_start
               from period_locks l
               join statements s on s.org_id = l.org_id and s.run_id = l.run_id
               where l.org_id = $1 and s.rep_id = any ($2) and l.period_kind = $3 and l.period_start >= $4
                 and l.period_end <= $5
           )
           select k.rep_id as "rep_id: UserId", k.period_start, p.component as "component!",
                  p.amount as "amount!: Money", p.held as "held?: Json<Amount>"
           from locked k
           cross join lateral (
               select n.component, n.amount, case when exists (
                          select from pay_holds h
                          where h.org_id = $1 and h.rep_id = k.rep_id and h.deal_id is null and h.component = n.component
                            and h.period_kind = $3 and h.period_start = k.period_start
                            and not exists (
                                select from pay_hold_releases r where r.org_id = h.org_id and r.hold_id = h.id
                            )
                      ) and json_typeof(n.detail->'held') <> 'null' then n.detail->'held' end as held
               from statement_lines n
               where n.org_id = $1 and n.statement_id = k.id
                 and n.measure not in ('adjustment', 'carried', 'draw', 'plan')
               union all
               select c.component, c.new - c.old, null
               from statement_corrections c
               join statements s on s.org_id = c.org_id and s.id = c.statement_id
               join period_locks l on l.org_id = s.org_id and l.run_id = s.run_id
               where c.org_id = $1 and c.corrected_id = k.id
           ) p"#,
        org as OrgId,
        reps as &[UserId],
        kind.as_str(),
        from,
        to,
    )
    .fetch_all(db)
    .await?;
    let paid = rows.into_iter().map(|row| PaidBefore {
        rep_id: row.rep_id,
        period_start: row.period_start,
        component: row.component,
        amount: row.amount + row.held.map_or(Money::ZERO, |held| held.0.money),
    });
    Ok(paid.collect())
}

/// A correction that a later statement has posted.
pub struct Posted {
    /// Whose pay it is.
    pub rep: String,
    /// The component.
    pub component: String,
    /// What was paid before it.
    pub old: Money,
    /// What it made it.
    pub new: Money,
    /// The run that posted it.
    pub run_id: RunId,
    /// That run's period.
    pub period_kind: PeriodKind,
    /// Its first day.
    pub period_start: Date,
    /// When that run locked its period.
    pub locked_at: OffsetDateTime,
}

/// What later runs of locked periods have corrected of a run, in order of time. `reps` asks for some only.
pub async fn posted(
    db: &mut PgConnection,
    org: OrgId,
    run: RunId,
    reps: Option<&[UserId]>,
) -> sqlx::Result<Vec<Posted>> {
    sqlx::query_as!(
        Posted,
        r#"select u.name as rep, c.component, c.old, c.new, l.run_id, l.period_kind as "period_kind: PeriodKind",
                  l.period_start, l.locked_at
           from statements s
           join statement_corrections c on c.org_id = s.org_id and c.corrected_id = s.id
           join statements p on p.org_id = c.org_id and p.id = c.statement_id
           join period_locks l on l.org_id = p.org_id and l.run_id = p.run_id
           join users u on u.org_id = s.org_id and u.id = s.rep_id
           where s.org_id = $1 and s.run_id = $2 and ($3::bigint[] is null or s.rep_id = any ($3))
           order by l.locked_at, u.name, c.component"#,
        org as OrgId,
        run as RunId,
        reps as Option<&[UserId]>,
    )
    .fetch_all(db)
    .await
}

/// The reps who have a statement in a run. `reps` asks for some only.
pub async fn reps_of(
    db: &mut PgConnection,
    org: OrgId,
    run: RunId,
    reps: Option<&[UserId]>,
) -> sqlx::Result<Vec<UserId>> {
    sqlx::query_scalar!(
        "select rep_id
         from statements
         where org_id = $1 and run_id = $2 and ($3::bigint[] is null or rep_id = any ($3))
         order by rep_id",
        org as OrgId,
        run as RunId,
        reps as Option<&[UserId]>,
    )
    .fetch_all(db)
    .await
}

/// How many periods of a kind within some days are locked with a statement of a rep.
pub async fn locked_count(
    db: &mut PgConnection,
    org: OrgId,
    rep: UserId,
    kind: PeriodKind,
    from: Date,
    to: Date,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!"
           from period_locks l
           join statements s on s.org_id = l.org_id and s.run_id = l.run_id and s.rep_id = $2
           where l.org_id = $1 and l.period_kind = $3 and l.period_start >= $4 and l.period_end <= $5"#,
        org as OrgId,
        rep as UserId,
        kind.as_str(),
        from,
        to,
    )
    .fetch_one(db)
    .await
}
