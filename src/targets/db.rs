//! Targets' SQL: what was set for whom and when. A change is a new row; the latest row that stood before the period's
//! lock counts.

use rust_decimal::Decimal;
use sqlx::PgConnection;
use time::{Date, PrimitiveDateTime};

use crate::{
    domain::{
        access::{Reach, Scope},
        id::{OrgId, TargetId, TeamId, UserId},
        metric::Metric,
        period::Period,
        subject::{Subject, Subjects},
    },
    postgres::tx::Tx,
};

/// The latest row of somebody's metric and period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The row: a later one has a greater id.
    pub id: TargetId,
    /// For whom.
    pub whose: Subject,
    /// Of what.
    pub metric: Metric,
    /// First day of its period.
    pub period_start: Date,
    /// Whole count, minor units of money, or a fraction; none: the target was taken away.
    pub value: Option<Decimal>,
    /// Who set it; nobody: an import.
    pub set_by: Option<String>,
    /// When, in the company's time zone.
    pub set_at: PrimitiveDateTime,
}

/// The targets of these people, teams and the company in some periods of one or more kinds. What was taken away is left
/// out. What of a rep's target counts, [`super::expected`] says.
pub async fn in_force(
    db: &mut PgConnection,
    org: OrgId,
    whose: &Subjects,
    periods: &[Period],
) -> sqlx::Result<Vec<Target>> {
    let mut targets = latest(db, org, whose, periods, None).await?;
    targets.retain(|target| target.value.is_some());
    Ok(targets)
}

/// Like [`in_force`], with what was taken away; `seen` asks for what stood when that row was the last one.
pub async fn latest(
    db: &mut PgConnection,
    org: OrgId,
    whose: &Subjects,
    periods: &[Period],
    seen: Option<TargetId>,
) -> sqlx::Result<Vec<Target>> {
    let kinds: Vec<&str> = periods.iter().map(|period| period.kind().as_str()).collect();
    let starts: Vec<Date> = periods.iter().map(|period| period.from()).collect();
    let ends: Vec<Date> = periods.iter().map(|period| period.to()).collect();
    let rows = sqlx::query!(
        r#"select distinct on (t.period_kind, t.period_start, t.rep_id, t.team_id, t.metric)
                  t.id, t.rep_id, t.team_id, t.metric, t.period_start, t.value, u.name as "set_by?",
                  t.set_at at time zone o.time_zone as "set_at!"
           from unnest($3::text[], $4::date[], $5::date[]) as p (kind, starts_on, ends_on)
           join targets t on t.org_id = $1 and t.period_kind = p.kind and t.period_start = p.starts_on
           join organizations o on o.id = t.org_id
           left join users u on u.org_id = t.org_id and u.id = t.set_by
           where (t.rep_id = any ($2) or t.team_id = any ($7) or $8 and t.rep_id is null and t.team_id is null)
             and ($6::bigint is null or t.id <= $6)
             and not exists (
                 select from period_locks l
                 where l.org_id = t.org_id and l.period_start <= p.starts_on and l.period_end >= p.ends_on
                   and l.locked_at < t.set_at
             )
           order by t.period_kind, t.period_start, t.rep_id, t.team_id, t.metric, t.id desc"#,
        org as OrgId,
        &whose.reps as &[UserId],
        &kinds as &[&str],
        &starts,
        &ends,
        seen as Option<TargetId>,
        &whose.teams as &[TeamId],
        whose.company,
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            Some(Target {
                id: row.id,
                whose: subject(row.rep_id, row.team_id),
                metric: Metric::parse(&row.metric)?,
                period_start: row.period_start,
                value: row.value,
                set_by: row.set_by,
                set_at: row.set_at,
            })
        })
        .collect())
}

/// Whose target a row is.
fn subject(rep: Option<UserId>, team: Option<TeamId>) -> Subject {
    rep.map(Subject::Rep).or(team.map(Subject::Team)).unwrap_or(Subject::Company)
}

/// Who may be given targets for a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rep {
    /// The person.
    pub id: UserId,
    /// The name.
    pub name: String,
    /// The team on the period's last day, or today in a running period.
    pub team: Option<String>,
    /// The same team.
    pub team_id: Option<TeamId>,
    /// Junior, senior …
    pub level: Option<String>,
}

/// The reps in sight who are at the company for at least a day of the period, or were there on one when it was locked, by
/// name; `team` asks for those who belong to it or to a team below it on `on`.
pub async fn reps(
    db: &mut PgConnection,
    scope: &Scope,
    period: Period,
    team: Option<TeamId>,
    on: Date,
) -> sqlx::Result<Vec<Rep>> {
    sqlx::query_as!(
        Rep,
        r#"with recursive below as (
               select t.org_id, t.id from teams t where t.org_id = $1 and t.id = $5
               union
               select t.org_id, t.id
               from below
               join teams t on t.org_id = below.org_id and t.parent_id = below.id
           )
           select u.id, u.name, t.name as "team?", t.id as "team_id?", u.level
           from users u
           left join memberships m on m.org_id = u.org_id and m.user_id = u.id and m.during @> $6::date
           left join teams t on t.org_id = m.org_id and t.id = m.team_id
           where u.org_id = $1
             and ($2::bigint[] is null or u.id = any($2))
             and (
                 coalesce(u.hired_on < $4, true) and coalesce(u.left_on > $3, true)
                 or exists (
                     select from period_locks l
                     join locked_calendars c on c.org_id = l.org_id and c.run_id = l.run_id
                     join locked_presences p on p.org_id = l.org_id and p.run_id = l.run_id
                     cross join lateral unnest(c.working_days) as w (on_date)
                     where l.org_id = $1 and l.period_start < $4 and l.period_end > $3 and p.rep_id = u.id
                       and w.on_date >= $3 and w.on_date < $4 and w.on_date <> all (p.away)
                 )
             )
             and exists (select from user_roles r where r.org_id = u.org_id and r.user_id = u.id and r.role = 'rep')
             and ($5::bigint is null or m.team_id in (select below.id from below))
           order by lower(u.name), u.id"#,
        scope.org as OrgId,
        scope.reps() as Option<&[UserId]>,
        period.from(),
        period.to(),
        team as Option<TeamId>,
        on,
    )
    .fetch_all(db)
    .await
}

/// A row of a save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Saved {
    /// The row.
    pub id: TargetId,
    /// For whom.
    pub whose: Subject,
    /// Of what.
    pub metric: Metric,
    /// What was set; none: taken away.
    pub value: Option<Decimal>,
}

/// What somebody set for a period, from one row to another.
pub async fn saved_by(
    tx: &mut Tx,
    by: UserId,
    period: Period,
    first: TargetId,
    last: TargetId,
) -> sqlx::Result<Vec<Saved>> {
    let org = tx.org;
    let rows = sqlx::query!(
        "select id, rep_id, team_id, metric, value
         from targets
         where org_id = $1 and id between $2 and $3 and set_by = $4 and period_kind = $5 and period_start = $6
         order by id",
        org as OrgId,
        first as TargetId,
        last as TargetId,
        by as UserId,
        period.kind().as_str(),
        period.from(),
    )
    .fetch_all(&mut **tx)
    .await?;
    let saved = rows.into_iter().filter_map(|row| {
        let whose = subject(row.rep_id, row.team_id);
        Some(Saved { id: row.id, whose, metric: Metric::parse(&row.metric)?, value: row.value })
    });
    Ok(saved.collect())
}

/// Whether somebody leads the whole company: manages every team that stands under no other. That one sets its targets.
pub async fn leads_company(db: &mut PgConnection, scope: &Scope) -> sqlx::Result<bool> {
    let Reach::Some { teams, .. } = &scope.reach else { return Ok(true) };
    sqlx::query_scalar!(
        r#"select count(*) > 0 and count(*) = count(*) filter (where id = any ($2)) as "leads!"
           from teams
           where org_id = $1 and parent_id is null"#,
        scope.org as OrgId,
        teams as &[TeamId],
    )
    .fetch_one(db)
    .await
}

/// A change, for the list of what was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// For whom: a person, a team, or with neither the company.
    pub whose: Option<String>,
    /// Of what.
    pub metric: String,
    /// The value before.
    pub old: Option<Decimal>,
    /// The value set; none: taken away.
    pub new: Option<Decimal>,
    /// Why.
    pub reason: Option<String>,
    /// Who; nobody: an import.
    pub by: Option<String>,
    /// When, in the company's time zone.
    pub at: PrimitiveDateTime,
}

/// The last changes to a period's targets of the people and teams in sight, and if asked the company's, the latest first.
pub async fn changes(
    db: &mut PgConnection,
    scope: &Scope,
    company: bool,
    period: Period,
    limit: i64,
) -> sqlx::Result<Vec<Change>> {
    let teams: Option<&[TeamId]> = match &scope.reach {
        Reach::All => None,
        Reach::Some { teams, .. } => Some(teams),
    };
    sqlx::query_as!(
        Change,
        r#"select coalesce(r.name, m.name) as "whose?", t.metric, t.value as new, t.reason, u.name as "by?", t.set_at at time zone o.time_zone as "at!",
                  (select b.value
                   from targets b
                   where b.org_id = t.org_id and b.period_kind = t.period_kind and b.period_start = t.period_start
                     and b.rep_id is not distinct from t.rep_id and b.team_id is not distinct from t.team_id
                     and b.metric = t.metric and b.id < t.id
                   order by b.id desc
                   limit 1) as old
           from targets t
           join organizations o on o.id = t.org_id
           left join users r on r.org_id = t.org_id and r.id = t.rep_id
           left join teams m on m.org_id = t.org_id and m.id = t.team_id
           left join users u on u.org_id = t.org_id and u.id = t.set_by
           where t.org_id = $1 and t.period_kind = $2 and t.period_start = $3
             and case
                 when t.rep_id is not null then $4::bigint[] is null or t.rep_id = any ($4)
                 when t.team_id is not null then $6::bigint[] is null or t.team_id = any ($6)
                 else $7
             end
           order by t.id desc
           limit $5"#,
        scope.org as OrgId,
        period.kind().as_str(),
        period.from(),
        scope.reps() as Option<&[UserId]>,
        limit,
        teams as Option<&[TeamId]>,
        company,
    )
    .fetch_all(db)
    .await
}

/// A value to be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTarget {
    /// For whom.
    pub whose: Subject,
    /// Of what.
    pub metric: Metric,
    /// Whole count, minor units of money, or a fraction; none takes the target away.
    pub value: Option<Decimal>,
}

/// Adds the changes of one save, all in one statement. The period must be open (`period_locks::db::locked_at`), and nobody else may write.
///
/// The first and the last row that were written.
pub async fn insert(
    tx: &mut Tx,
    period: Period,
    targets: &[NewTarget],
    reason: Option<&str>,
) -> sqlx::Result<Option<(TargetId, TargetId)>> {
    let (org, actor, now) = (tx.org, tx.actor, tx.now);
    let reps: Vec<Option<UserId>> = targets.iter().map(|target| target.whose.rep()).collect();
    let teams: Vec<Option<TeamId>> = targets.iter().map(|target| target.whose.team()).collect();
    let metrics: Vec<&str> = targets.iter().map(|target| target.metric.as_str()).collect();
    let values: Vec<Option<Decimal>> = targets.iter().map(|target| target.value).collect();
    let ids = sqlx::query_scalar!(
        "insert into targets (org_id, rep_id, team_id, metric, period_kind, period_start, value, reason, set_by, set_at)
         select $1, n.rep_id, n.team_id, n.metric, $2, $3, n.value, $4, $5, $6
         from unnest($7::bigint[], $8::bigint[], $9::text[], $10::numeric[]) as n (rep_id, team_id, metric, value)
         returning id",
        org as OrgId,
        period.kind().as_str(),
        period.from(),
        reason,
        actor as Option<UserId>,
        now,
        &reps as &[Option<UserId>],
        &teams as &[Option<TeamId>],
        &metrics as &[&str],
        &values as &[Option<Decimal>],
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(ids.iter().copied().min().zip(ids.iter().copied().max()))
}
