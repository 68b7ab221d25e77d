//! Runs' SQL: calculations of a period, their signatures, and what came too late for them. Rows are only ever added.

use sqlx::PgConnection;
use time::{Date, OffsetDateTime};

use crate::{
    domain::{
        access::Scope,
        id::{OrgId, RunId, StatementId, UserId},
        money::Money,
        period::PeriodKind,
    },
    postgres::tx::Tx,
};

/// A run with its signatures.
pub struct RunRow {
    /// The run.
    pub id: RunId,
    /// month, quarter or year.
    pub period_kind: PeriodKind,
    /// First day of the period.
    pub period_start: Date,
    /// Who calculated it.
    pub prepared_by: UserId,
    /// That person's name.
    pub preparer: String,
    /// On which day at the company.
    pub prepared_on: Date,
    /// How many statements in sight it has.
    pub statements: i64,
    /// How many of them are approved.
    pub approved: i64,
    /// Sum of the statements' totals.
    pub total: Money,
    /// Sum of what is paid out of them: nothing of a total below zero.
    pub payable: Money,
    /// Sum of what they carry to the next period: zero or below.
    pub carried: Money,
    /// When it was submitted for approval.
    pub submitted_at: Option<OffsetDateTime>,
    /// When its last statement was approved: the period is locked.
    pub locked_at: Option<OffsetDateTime>,
    /// On which day at the company that was.
    pub locked_on: Option<Date>,
    /// When it was paid.
    pub paid_on: Option<Date>,
    /// Whether a newer run of the period, or the one that locked it, replaces this one.
    pub superseded: bool,
}

/// Runs, the newest first, with the statements that are in sight; `before` continues a list after that id. `id` asks for one only;
/// without `drafts` only those that are submitted.
pub async fn list(
    db: &mut PgConnection,
    scope: &Scope,
    id: Option<RunId>,
    before: Option<RunId>,
    drafts: bool,
    limit: i64,
) -> sqlx::Result<Vec<RunRow>> {
    sqlx::query_as!(
        RunRow,
        r#"select r.id, r.period_kind as "period_kind: PeriodKind", r.period_start, r.prepared_by, u.name as preparer,
                  (r.prepared_at at time zone o.time_zone)::date as "prepared_on!",
                  t.statements as "statements!", t.approved as "approved!", t.total as "total!: Money",
                  t.payable as "payable!: Money", t.carried as "carried!: Money",
                  b.submitted_at as "submitted_at?", l.locked_at as "locked_at?",
                  (l.locked_at at time zone o.time_zone)::date as locked_on, y.paid_on as "paid_on?",
                  l.run_id is null and exists(
                      select from commission_runs n
                      where n.org_id = r.org_id and n.period_kind = r.period_kind and n.period_start = r.period_start
                        and n.id > r.id
                  ) as "superseded!"
           from commission_runs r
           join organizations o on o.id = r.org_id
           join users u on u.org_id = r.org_id and u.id = r.prepared_by
           cross join lateral (
               select count(*) as statements, count(a.statement_id) as approved,
                      coalesce(sum(s.total), 0)::bigint as total,
                      coalesce(sum(greatest(s.total, 0)), 0)::bigint as payable,
                      coalesce(sum(s.carried), 0)::bigint as carried
               from statements s
               left join approvals a on a.org_id = s.org_id and a.statement_id = s.id
               where s.org_id = r.org_id and s.run_id = r.id and ($5::bigint[] is null or s.rep_id = any($5))
           ) t
           left join run_submissions b on b.org_id = r.org_id and b.run_id = r.id
           left join period_locks l on l.org_id = r.org_id and l.run_id = r.id
           left join payments y on y.org_id = r.org_id and y.run_id = r.id
           where r.org_id = $1 and ($2::bigint is null or r.id = $2) and ($3::bigint is null or r.id < $3)
             and ($6 or b.run_id is not null)
           order by r.id desc
           limit $4"#,
        scope.org as OrgId,
        id as Option<RunId>,
        before as Option<RunId>,
        limit,
        scope.reps() as Option<&[UserId]>,
        drafts,
    )
    .fetch_all(db)
    .await
}

/// One run.
pub async fn find(db: &mut PgConnection, scope: &Scope, id: RunId) -> sqlx::Result<Option<RunRow>> {
    Ok(list(db, scope, Some(id), None, true, 1).await?.pop())
}

/// The digests of a run's statements by rep: what was calculated then.
pub async fn digests(db: &mut PgConnection, org: OrgId, run: RunId) -> sqlx::Result<Vec<(UserId, Vec<u8>)>> {
    let rows = sqlx::query!(
        "select rep_id, digest
         from statements
         where org_id = $1 and run_id = $2
         order by rep_id",
        org as OrgId,
        run as RunId,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.rep_id, row.digest)).collect())
}

/// A statement as its run lists it.
pub struct StatementRow {
    /// The statement.
    pub id: StatementId,
    /// Whose pay it is.
    pub rep_id: UserId,
    /// The rep's name.
    pub rep: String,
    /// The plan's name.
    pub plan: String,
    /// What is paid out of it.
    pub payable: Money,
    /// What it carries to the next period: zero or below.
    pub carried: Money,
    /// Who approved it.
    pub approved_by: Option<String>,
    /// Whether the asking person may approve it, once the run is submitted; see [`approve`].
    pub is_mine: bool,
}

/// The statements of one run that are in sight of this person, by name of the rep.
pub async fn statements(
    db: &mut PgConnection,
    me: UserId,
    scope: &Scope,
    run: RunId,
) -> sqlx::Result<Vec<StatementRow>> {
    sqlx::query_as!(
        StatementRow,
        r#"select s.id, s.rep_id, u.name as rep, p.name as plan,
                  greatest(s.total, 0) as "payable!: Money", s.carried, au.name as "approved_by?",
                  a.statement_id is null and s.rep_id <> $4 and s.prepared_by <> $4 and $4 <> all (s.hands) as "is_mine!"
           from statements s
           join users u on u.org_id = s.org_id and u.id = s.rep_id
           join plan_versions v on v.org_id = s.org_id and v.id = s.plan_version_id
           join plans p on p.org_id = v.org_id and p.id = v.plan_id
           left join approvals a on a.org_id = s.org_id and a.statement_id = s.id
           left join users au on au.org_id = a.org_id and au.id = a.approved_by
           where s.org_id = $1 and s.run_id = $2 and ($3::bigint[] is null or s.rep_id = any($3))
           order by u.name, s.id"#,
        scope.org as OrgId,
        run as RunId,
        scope.reps() as Option<&[UserId]>,
        me as UserId,
    )
    .fetch_all(db)
    .await
}

/// Submits a run for approval. Twice meets `run_submissions_pkey`.
pub async fn submit(tx: &mut Tx, run: RunId) -> sqlx::Result<()> {
    let (org, actor, now) = (tx.org, tx.actor, tx.now);
    sqlx::query!(
        "insert into run_submissions (org_id, run_id, submitted_by, submitted_at) values ($1, $2, $3, $4)",
        org as OrgId,
        run as RunId,
        actor as Option<UserId>,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Approves the statements of a run that this person may approve: not prepared by and not about the person, with no
/// adjustment, hold, release or withdrawal of the person's making, within reach, not approved yet. `statement` asks for one only. Returns how many were approved.
pub async fn approve(tx: &mut Tx, scope: &Scope, run: RunId, statement: Option<StatementId>) -> sqlx::Result<u64> {
    let (org, actor, now) = (tx.org, tx.actor, tx.now);
    let done = sqlx::query!(
        "insert into approvals (org_id, statement_id, run_id, rep_id, prepared_by, hands, approved_by, approved_at)
         select s.org_id, s.id, s.run_id, s.rep_id, s.prepared_by, s.hands, $3, $4
         from statements s
         where s.org_id = $1 and s.run_id = $2 and ($5::bigint is null or s.id = $5)
           and ($6::bigint[] is null or s.rep_id = any($6))
           and s.rep_id <> $3 and s.prepared_by <> $3 and $3 <> all (s.hands)
         on conflict on constraint approvals_pkey do nothing",
        org as OrgId,
        run as RunId,
        actor as Option<UserId>,
        now,
        statement as Option<StatementId>,
        scope.reps() as Option<&[UserId]>,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
}

/// Notes that a locked run was paid. Twice meets `payments_pkey`.
pub async fn pay(tx: &mut Tx, run: RunId, paid_on: Date) -> sqlx::Result<()> {
    let (org, actor, now) = (tx.org, tx.actor, tx.now);
    sqlx::query!(
        "insert into payments (org_id, run_id, paid_on, paid_by, at) values ($1, $2, $3, $4, $5)",
        org as OrgId,
        run as RunId,
        paid_on,
        actor as Option<UserId>,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A line of a run, for the file that goes to payroll.
pub struct ExportRow {
    /// The rep's name in imported files, else nothing.
    pub external_id: Option<String>,
    /// The rep's name.
    pub rep: String,
    /// The component.
    pub component: String,
    /// What it measures.
    pub measure: String,
    /// What it pays.
    pub amount: Money,
}

/// Every line of a run, by rep and in the order of calculation.
pub async fn export(db: &mut PgConnection, org: OrgId, run: RunId) -> sqlx::Result<Vec<ExportRow>> {
    sqlx::query_as!(
        ExportRow,
        "select u.external_id, u.name as rep, l.component, l.measure, l.amount
         from statements s
         join users u on u.org_id = s.org_id and u.id = s.rep_id
         join statement_lines l on l.org_id = s.org_id and l.statement_id = s.id
         where s.org_id = $1 and s.run_id = $2
         order by u.name, s.id, l.position",
        org as OrgId,
        run as RunId,
    )
    .fetch_all(db)
    .await
}

/// A fact of a locked period that came or changed after the lock.
pub struct LateFact {
    /// `deal` or `visit`.
    pub kind: String,
    /// Its page.
    pub path: String,
    /// The customer's name.
    pub customer: String,
    /// Its business date.
    pub on_date: Date,
    /// Who entered it; nobody: an import.
    pub by: Option<String>,
    /// On which day it came, or was changed, confirmed or released last.
    pub changed_on: Date,
    /// A deal's amount as it is now.
    pub amount: Option<Money>,
    /// Whether the deal still waits for confirmation.
    pub waits: bool,
    /// Whether it counts for nothing: a visit that was entered after the lock, or that somebody joined then.
    pub never: bool,
    /// Whether it is a deal, or a return of one, that is on hold for somebody within reach who is credited on it.
    pub on_hold: bool,
    /// The kind and first day of the period whose approved run was calculated after it came, and after its release, and
    /// looked at everything.
    pub taken_up_kind: Option<PeriodKind>,
    /// The latter.
    pub taken_up_start: Option<Date>,
}

/// A rep of a run's period who has no statement in it.
pub struct WithoutStatement {
    /// The rep's name.
    pub name: String,
    /// The plan's name, if the rep is on one.
    pub plan: Option<String>,
}

/// The reps within reach who worked in the run's period and have no statement in it, by name.
pub async fn without_statement(
    db: &mut PgConnection,
    scope: &Scope,
    run: RunId,
) -> sqlx::Result<Vec<WithoutStatement>> {
    sqlx::query_as!(
        WithoutStatement,
        r#"select u.name, (
                      select p.name
                      from plan_assignments a
                      join plans p on p.org_id = a.org_id and p.id = a.plan_id
                      where a.org_id = u.org_id and a.rep_id = u.id
                        and a.during && daterange(r.period_start, r.period_end)
                      order by a.during
                      limit 1
                  ) as "plan?"
           from commission_runs r
           join users u on u.org_id = r.org_id
           join user_roles o on o.org_id = u.org_id and o.user_id = u.id and o.role = 'rep'
           where r.org_id = $1 and r.id = $2 and ($3::bigint[] is null or u.id = any($3))
             and coalesce(u.hired_on < r.period_end, true) and coalesce(u.left_on > r.period_start, true)
             and not exists (
                 select from statements s where s.org_id = r.org_id and s.run_id = r.id and s.rep_id = u.id
             )
           order by u.name, u.id"#,
        scope.org as OrgId,
        run as RunId,
        scope.reps() as Option<&[UserId]>,
    )
    .fetch_all(db)
    .await
}

/// Facts of the run's period that came, changed, were confirmed or were released after it was locked, and deals that still wait
/// for confirmation or are on hold: within reach, the latest first, at most 200; those that no later run has looked at, and
/// those on hold, before the others.
pub async fn late_facts(db: &mut PgConnection, scope: &Scope, run: RunId) -> sqlx::Result<Vec<LateFact>> {
    sqlx::query_as!(
        LateFact,
        r#"with lock as (
               select l.org_id, l.period_start, l.period_end, l.locked_at
               from period_locks l
               where l.org_id = $1 and l.run_id = $2
           ),
           -- The deals of the period, and what returns them, whenever that was booked.
           booked as (
               select d.id, d.returns_id, d.customer_id, d.stage, d.booked_on, d.was_booked_on, d.net, d.recorded_by,
                      d.changed_at, d.confirmed_at
               from deals d
               left join deals r on r.org_id = d.org_id and r.id = d.returns_id
               where d.org_id = $1 and d.booked_on >= (select period_start from lock)
                 and d.booked_on < (select period_end from lock) and r.booked_on is null
               union all
               select d.id, d.returns_id, d.customer_id, d.stage, d.booked_on, d.was_booked_on, d.net, d.recorded_by,
                      d.changed_at, d.confirmed_at
               from deals r
               join deals d on d.org_id = r.org_id and d.returns_id = r.id
               where r.org_id = $1 and r.booked_on >= (select period_start from lock)
                 and r.booked_on < (select period_end from lock)
           ),
           -- A return is held with its deal, and either only for whom it is credited to: others are paid all the same.
           held as (
               select d.id, bool_or(e.hold_id is null) as now, max(e.made_at) as released_at,
                      bool_or(e.hold_id is null or e.made_at > lock.locked_at) as unpaid
               from lock
               cross join booked d
               cross join lateral (
                   -- One by one: all holds there ever were would be read else.
                   select h.id, h.rep_id
                   from pay_holds h
                   where h.org_id = $1 and h.deal_id = any (array[d.id, d.returns_id])
                   offset 0
               ) h
               left join pay_hold_releases e on e.org_id = $1 and e.hold_id = h.id
               where d.booked_on is not null and ($3::bigint[] is null or h.rep_id = any ($3))
                 and exists (
                     select from deal_credits c
                     where c.org_id = $1 and c.deal_id = d.id and c.rep_id = h.rep_id
                 )
               group by d.id
           ),
           late as (
               select 'deal' as kind, '/deals/' || d.id as path, d.customer_id,
                      coalesce(d.booked_on, d.was_booked_on) as on_date, d.recorded_by,
                      greatest(d.changed_at, d.confirmed_at, held.released_at) as at, d.net as amount,
                      o.confirm_deals and d.confirmed_at is null and d.stage = 'won' as waits, false as never,
                      coalesce(held.now, false) as on_hold
               from lock
               join organizations o on o.id = lock.org_id
               cross join booked d
               left join held on held.id = d.id
               where (greatest(d.changed_at, d.confirmed_at) > lock.locked_at
                      or o.confirm_deals and d.confirmed_at is null and d.stage = 'won'
                      or held.unpaid)
                 and ($3::bigint[] is null or exists (
                     select from deal_credits c
                     where c.org_id = lock.org_id and c.deal_id = d.id and c.rep_id = any($3)
                 ))
               union all
               select 'visit', '/visits/' || v.id, v.customer_id, v.visited_on, v.recorded_by,
                      greatest(v.recorded_at, v.corrected_at, joined.at), null, false,
                      v.recorded_at > lock.locked_at or not coalesce(v.corrected_at > lock.locked_at, false), false
               from lock
               join visits v on v.org_id = lock.org_id and v.visited_on >= lock.period_start
                    and v.visited_on < lock.period_end and v.state = 'done'
               left join lateral (
                   select max(p.recorded_at) as at
                   from visit_participants p
                   where p.org_id = v.org_id and p.visit_id = v.id
                     and ($3::bigint[] is null or p.rep_id = any ($3))
               ) joined on true
               -- The visit's own instants concern each who went, those of a participant only that person.
               where greatest(v.recorded_at, v.corrected_at, joined.at) > lock.locked_at
                 and ($3::bigint[] is null or v.rep_id = any ($3) or joined.at is not null)
               union all
               -- Of a merge that moved something of the period: the customer that goes on.
               select 'merge', '/customers/' || m.kept_id, m.kept_id, (m.merged_at at time zone o.time_zone)::date,
                      m.merged_by, m.merged_at, null, false, false, false
               from lock
               join organizations o on o.id = lock.org_id
               join customer_merges m on m.org_id = lock.org_id and m.merged_at > lock.locked_at and m.undone_at is null
               where exists (
                   select from customer_merge_moves v
                   left join deals d on d.org_id = v.org_id and v.kind = 'deal' and d.id = v.thing_id
                   left join visits s on s.org_id = v.org_id and v.kind = 'visit' and s.id = v.thing_id and s.state = 'done'
                   where v.org_id = m.org_id and v.merge_id = m.id
                     and coalesce(d.booked_on, s.visited_on) >= lock.period_start
                     and coalesce(d.booked_on, s.visited_on) < lock.period_end
                     and ($3::bigint[] is null or s.rep_id = any ($3) or exists (
                         select from deal_credits c
                         where c.org_id = d.org_id and c.deal_id = d.id and c.rep_id = any ($3)
                     ))
               )
           )
           select late.kind as "kind!", late.path as "path!", c.name as customer, late.on_date as "on_date!",
                  u.name as "by?", (late.at at time zone o.time_zone)::date as "changed_on!",
                  late.amount as "amount?: Money", late.waits as "waits!", late.never as "never!",
                  late.on_hold as "on_hold!",
                  taken.period_kind as "taken_up_kind?: PeriodKind", taken.period_start as "taken_up_start?"
           from late
           join organizations o on o.id = $1
           join customers c on c.org_id = $1 and c.id = late.customer_id
           left join users u on u.org_id = $1 and u.id = late.recorded_by
           left join lateral (
               select k.period_kind, k.period_start
               from run_marks m
               join commission_runs n on n.org_id = m.org_id and n.id = m.run_id
                    and n.prepared_at > late.at
               join period_locks k on k.org_id = m.org_id and k.run_id = m.run_id
               where m.org_id = $1 and m.locked_id = $2
               order by k.locked_at
               limit 1
           ) taken on not late.waits and not late.never
           order by taken.period_start is not null and not late.on_hold or late.never, late.at desc, late.path
           limit 200"#,
        scope.org as OrgId,
        run as RunId,
        scope.reps() as Option<&[UserId]>,
    )
    .fetch_all(db)
    .await
}
