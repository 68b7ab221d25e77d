//! The visits' SQL that writes: plan, log, correct, undo, and who went along.

use serde_json::Value;
use time::{Date, Time};

use crate::{
    domain::{
        id::{CustomerId, OrgId, UserId, VisitId},
        visit::{Kind, Outcome, State},
    },
    postgres::tx::Tx,
};

/// A visit or touch as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewVisit {
    /// Who goes.
    pub rep: UserId,
    /// To whom.
    pub customer: CustomerId,
    /// The day; of a planned visit the day it is planned for.
    pub visited_on: Date,
    /// At what time.
    pub starts_at: Option<Time>,
    /// In person or not.
    pub kind: Kind,
    /// Planned, done or missed.
    pub state: State,
    /// What came of it.
    pub outcome: Option<Outcome>,
    /// How long it took, 1 to 1440.
    pub minutes: Option<i32>,
    /// Free words.
    pub notes: String,
}

/// Writes a visit that is new.
pub async fn insert(tx: &mut Tx, visit: &NewVisit) -> sqlx::Result<VisitId> {
    let (org, actor, now) = (tx.org, tx.actor, tx.now);
    sqlx::query_scalar!(
        "insert into visits (org_id, rep_id, customer_id, visited_on, starts_at, kind, state, outcome, minutes, notes,
                             recorded_by, recorded_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         returning id",
        org as OrgId,
        visit.rep as UserId,
        visit.customer as CustomerId,
        visit.visited_on,
        visit.starts_at,
        visit.kind as Kind,
        visit.state as State,
        visit.outcome as Option<Outcome>,
        visit.minutes,
        visit.notes,
        actor as Option<UserId>,
        now,
    )
    .fetch_one(&mut **tx)
    .await
}

/// Writes a visit anew, if it is still of this version. Its rep stays; who else went says [`set_participants`]. What
/// changes how it counts (customer, day, kind, done or not) is an entry of now; the rest is not. A done visit of a locked
/// period is no new entry: it stays entered when it was, and bears the instant of its correction.
pub async fn update(tx: &mut Tx, id: VisitId, version: i32, visit: &NewVisit) -> sqlx::Result<bool> {
    let (org, actor, now) = (tx.org, tx.actor, tx.now);
    let done = sqlx::query!(
        "update visits v
         set customer_id = $4, visited_on = $5, starts_at = $6, kind = $7, state = $8, outcome = $9, minutes = $10,
             notes = $11, version = version + 1,
             recorded_by = case when how.counts_otherwise and not how.is_settled then $12 else recorded_by end,
             recorded_at = case when how.counts_otherwise and not how.is_settled then $13 else recorded_at end,
             corrected_at = case when how.counts_otherwise and how.is_settled then $13 else corrected_at end
         from (
             select (o.customer_id, o.visited_on, o.kind, o.state) is distinct from ($4, $5, $7, $8) as counts_otherwise,
                    o.state = 'done' and $8 = 'done' and exists (
                        select from period_locks l
                        where l.org_id = $1 and l.period_start <= o.visited_on and o.visited_on < l.period_end
                    ) as is_settled
             from visits o
             where o.org_id = $1 and o.id = $2
         ) how
         where v.org_id = $1 and v.id = $2 and v.version = $3",
        org as OrgId,
        id as VisitId,
        version,
        visit.customer as CustomerId,
        visit.visited_on,
        visit.starts_at,
        visit.kind as Kind,
        visit.state as State,
        visit.outcome as Option<Outcome>,
        visit.minutes,
        visit.notes,
        actor as Option<UserId>,
        now,
    )
    .execute(&mut **tx)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query!(
        "update visit_participants
         set visited_on = $3
         where org_id = $1 and visit_id = $2 and visited_on <> $3",
        org as OrgId,
        id as VisitId,
        visit.visited_on,
    )
    .execute(&mut **tx)
    .await?;
    Ok(true)
}

/// Says who went along beside the rep of a visit. Who was there already stays entered when it was; whoever is new is an
/// entry of now.
pub async fn set_participants(tx: &mut Tx, visit: VisitId, with: &[UserId]) -> sqlx::Result<()> {
    let (org, now) = (tx.org, tx.now);
    sqlx::query!(
        "delete from visit_participants
         where org_id = $1 and visit_id = $2 and rep_id <> all ($3)",
        org as OrgId,
        visit as VisitId,
        with as &[UserId],
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into visit_participants (org_id, visit_id, rep_id, visited_on, recorded_at)
         select v.org_id, v.id, w.rep_id, v.visited_on, $4
         from visits v
         cross join unnest($3::bigint[]) as w (rep_id)
         where v.org_id = $1 and v.id = $2 and w.rep_id <> v.rep_id
         on conflict (org_id, visit_id, rep_id) do nothing",
        org as OrgId,
        visit as VisitId,
        with as &[UserId],
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Marks a visit as one of a series, which bears the id of its first.
pub async fn set_series(tx: &mut Tx, id: VisitId, series: VisitId) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "update visits set series_id = $3 where org_id = $1 and id = $2",
        org as OrgId,
        id as VisitId,
        series as VisitId,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Takes what is planned of a series from a day on away. The visits and their days.
pub async fn delete_series(tx: &mut Tx, series: VisitId, from: Date) -> sqlx::Result<Vec<(VisitId, Date)>> {
    let org = tx.org;
    let rows = sqlx::query!(
        "delete from visits
         where org_id = $1 and series_id = $2 and visited_on >= $3 and state = 'planned'
         returning id, visited_on",
        org as OrgId,
        series as VisitId,
        from,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.visited_on)).collect())
}

/// Marks a visit as the follow-up of another.
pub async fn set_follows(tx: &mut Tx, id: VisitId, follows: VisitId) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "update visits set follows_id = $3 where org_id = $1 and id = $2",
        org as OrgId,
        id as VisitId,
        follows as VisitId,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Takes the follow-ups of a visit away that nobody has changed since they were planned along with it.
pub async fn delete_follow_ups(tx: &mut Tx, follows: VisitId) -> sqlx::Result<Vec<(VisitId, Date)>> {
    let org = tx.org;
    let rows = sqlx::query!(
        "delete from visits
         where org_id = $1 and follows_id = $2 and state = 'planned' and version = 1
         returning id, visited_on",
        org as OrgId,
        follows as VisitId,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.visited_on)).collect())
}

/// Says that a done visit did not take place, if it is still of this version. When it was entered stays, for an undo.
pub async fn void(tx: &mut Tx, id: VisitId, version: i32) -> sqlx::Result<bool> {
    let org = tx.org;
    let done = sqlx::query!(
        "update visits
         set state = 'missed', outcome = null, version = version + 1
         where org_id = $1 and id = $2 and version = $3 and state = 'done'",
        org as OrgId,
        id as VisitId,
        version,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes [`void`] back: the visit took place, and was entered when it was.
pub async fn unvoid(tx: &mut Tx, id: VisitId, version: i32, outcome: Option<Outcome>) -> sqlx::Result<bool> {
    let org = tx.org;
    let done = sqlx::query!(
        "update visits
         set state = 'done', outcome = $4, version = version + 1
         where org_id = $1 and id = $2 and version = $3 and state = 'missed'",
        org as OrgId,
        id as VisitId,
        version,
        outcome as Option<Outcome>,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A visit, and what is planned of its series from a day on, as [`put_back`] writes them again.
pub async fn kept(tx: &mut Tx, id: VisitId, series: Option<VisitId>, from: Date) -> sqlx::Result<Value> {
    let org = tx.org;
    sqlx::query_scalar!(
        r#"select coalesce(jsonb_agg(
                      jsonb_build_object(
                          'id', v.id, 'external_id', v.external_id, 'rep_id', v.rep_id, 'customer_id', v.customer_id,
                          'visited_on', v.visited_on, 'starts_at', v.starts_at, 'kind', v.kind, 'state', v.state,
                          'minutes', v.minutes, 'notes', v.notes, 'series_id', v.series_id, 'follows_id', v.follows_id,
                          'version', v.version,
                          'along', array(
                              select p.rep_id from visit_participants p where p.org_id = v.org_id and p.visit_id = v.id
                          )
                      )
                      order by v.visited_on, v.id
                  ), '[]'::jsonb) as "kept!"
           from visits v
           where v.org_id = $1 and v.state <> 'done'
             and (v.id = $2 or (v.series_id = $3 and v.visited_on >= $4 and v.state = 'planned'))"#,
        org as OrgId,
        id as VisitId,
        series as Option<VisitId>,
        from,
    )
    .fetch_one(&mut **tx)
    .await
}

/// Writes visits again that were [`kept`] when they were taken off the plan, with who goes along. Those whose customer
/// was merged meanwhile are to the one that goes on. The visits and their days.
pub async fn put_back(tx: &mut Tx, kept: &Value) -> sqlx::Result<Vec<(VisitId, Date)>> {
    let (org, actor, now) = (tx.org, tx.actor, tx.now);
    let rows = sqlx::query!(
        r#"insert into visits (org_id, id, external_id, rep_id, customer_id, visited_on, starts_at, kind, state, minutes,
                               notes, series_id, follows_id, version, recorded_by, recorded_at)
           overriding system value
           select c.org_id, k.id, k.external_id, k.rep_id, coalesce(c.merged_into, c.id), k.visited_on, k.starts_at,
                  k.kind, k.state, k.minutes, k.notes, k.series_id, f.id, k.version + 1, $3, $4
           from jsonb_to_recordset($2) as k (
               id bigint, external_id text, rep_id bigint, customer_id bigint, visited_on date, starts_at time, kind text,
               state text, minutes integer, notes text, series_id bigint, follows_id bigint, version integer
           )
           join customers c on c.org_id = $1 and c.id = k.customer_id
           left join visits f on f.org_id = $1 and f.id = k.follows_id
           on conflict do nothing
           returning id, visited_on"#,
        org as OrgId,
        kept,
        actor as Option<UserId>,
        now,
    )
    .fetch_all(&mut **tx)
    .await?;
    let back: Vec<(VisitId, Date)> = rows.into_iter().map(|row| (row.id, row.visited_on)).collect();
    let ids: Vec<VisitId> = back.iter().map(|(id, _)| *id).collect();
    sqlx::query!(
        "insert into visit_participants (org_id, visit_id, rep_id, visited_on, recorded_at)
         select $1, k.id, w.rep_id::bigint, k.visited_on, $4
         from jsonb_to_recordset($2) as k (id bigint, visited_on date, along jsonb)
         cross join jsonb_array_elements_text(k.along) as w (rep_id)
         where k.id = any ($3)",
        org as OrgId,
        kept,
        &ids as &[VisitId],
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(back)
}

/// Takes a visit away, if it is still of this version. Its audit stays.
pub async fn delete(tx: &mut Tx, id: VisitId, version: i32) -> sqlx::Result<bool> {
    let org = tx.org;
    let done = sqlx::query!(
        "delete from visits
         where org_id = $1 and id = $2 and version = $3",
        org as OrgId,
        id as VisitId,
        version,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}
