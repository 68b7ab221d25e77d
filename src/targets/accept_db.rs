//! The SQL of acceptance: which state of the own targets a rep said yes to, and when.

use sqlx::PgConnection;
use time::PrimitiveDateTime;

use crate::{
    domain::{
        access::Scope,
        id::{OrgId, TargetId, UserId},
        period::Period,
    },
    postgres::tx::Tx,
};

/// How a rep stands to the own targets of a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The last change of them.
    pub last: TargetId,
    /// When that was, in the company's time zone.
    pub set_at: PrimitiveDateTime,
    /// Who has set what is not accepted yet; nobody: an import.
    pub set_by: Option<String>,
    /// Up to which change the rep has accepted them.
    pub accepted: Option<TargetId>,
    /// When that was, in the company's time zone.
    pub accepted_at: Option<PrimitiveDateTime>,
}

impl Standing {
    /// Whether something is new since the rep last said yes.
    pub fn is_open(&self) -> bool {
        self.accepted.is_none_or(|accepted| accepted < self.last)
    }
}

/// How a rep stands to the own targets; nothing where none was ever set before the period was locked.
pub async fn standing(
    db: &mut PgConnection,
    org: OrgId,
    rep: UserId,
    period: Period,
) -> sqlx::Result<Option<Standing>> {
    sqlx::query_as!(
        Standing,
        r#"select max(t.id) as "last!: TargetId", max(t.set_at) at time zone o.time_zone as "set_at!",
                  string_agg(distinct u.name, ', ') filter (where t.id > coalesce(a.target_id, 0)) as set_by,
                  a.target_id as "accepted?: TargetId", a.accepted_at at time zone o.time_zone as "accepted_at?"
           from targets t
           join organizations o on o.id = t.org_id
           left join users u on u.org_id = t.org_id and u.id = t.set_by
           left join lateral (
               select c.target_id, c.accepted_at
               from target_acceptances c
               where c.org_id = t.org_id and c.rep_id = t.rep_id and c.period_kind = t.period_kind
                 and c.period_start = t.period_start
               order by c.target_id desc
               limit 1
           ) a on true
           where t.org_id = $1 and t.rep_id = $2 and t.period_kind = $3 and t.period_start = $4
             and not exists (
                 select from period_locks l
                 where l.org_id = t.org_id and l.period_start <= $4 and l.period_end >= $5 and l.locked_at < t.set_at
             )
           group by o.time_zone, a.target_id, a.accepted_at"#,
        org as OrgId,
        rep as UserId,
        period.kind().as_str(),
        period.from(),
        period.to(),
    )
    .fetch_optional(db)
    .await
}

/// Keeps that a rep accepts the own targets up to a change; a second time nothing happens.
pub async fn accept(tx: &mut Tx, rep: UserId, period: Period, last: TargetId) -> sqlx::Result<()> {
    let (org, now) = (tx.org, tx.now);
    sqlx::query!(
        "insert into target_acceptances (org_id, rep_id, period_kind, period_start, target_id, accepted_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict on constraint target_acceptances_pkey do nothing",
        org as OrgId,
        rep as UserId,
        period.kind().as_str(),
        period.from(),
        last as TargetId,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A yes that a rep gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// Who.
    pub rep: UserId,
    /// The name.
    pub name: String,
    /// Up to which change.
    pub target: TargetId,
    /// When that change was made, in the company's time zone.
    pub set_at: PrimitiveDateTime,
    /// When it was accepted, in the company's time zone.
    pub at: PrimitiveDateTime,
    /// Whether the rep's targets of the period were changed after it.
    pub changed_since: bool,
}

/// What the reps in sight accepted of a period, the latest first.
pub async fn of_period(db: &mut PgConnection, scope: &Scope, period: Period) -> sqlx::Result<Vec<Acceptance>> {
    sqlx::query_as!(
        Acceptance,
        r#"select c.rep_id as rep, u.name, c.target_id as target, t.set_at at time zone o.time_zone as "set_at!",
                  c.accepted_at at time zone o.time_zone as "at!",
                  exists (
                      select from targets n
                      where n.org_id = c.org_id and n.rep_id = c.rep_id and n.period_kind = c.period_kind
                        and n.period_start = c.period_start and n.id > c.target_id
                  ) as "changed_since!"
           from target_acceptances c
           join organizations o on o.id = c.org_id
           join users u on u.org_id = c.org_id and u.id = c.rep_id
           join targets t on t.org_id = c.org_id and t.id = c.target_id
           where c.org_id = $1 and c.period_kind = $2 and c.period_start = $3
             and ($4::bigint[] is null or c.rep_id = any ($4))
           order by c.target_id desc, c.rep_id
           limit 500"#,
        scope.org as OrgId,
        period.kind().as_str(),
        period.from(),
        scope.reps() as Option<&[UserId]>,
    )
    .fetch_all(db)
    .await
}
