//! The SQL of leave: who is away when.

use sqlx::PgConnection;
use time::Date;

use crate::{
    domain::{
        id::{LeaveId, OrgId, UserId},
        period::Dates,
    },
    postgres::tx::Tx,
};

/// A stretch of leave, as far as it lies within the dates that were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Away {
    /// Who is away.
    pub rep: UserId,
    /// When; never empty, and the stretches of one person do not overlap.
    pub during: Dates,
}

/// The leave of these reps within the dates, by rep and day: what proration takes off the days of presence.
pub async fn within(db: &mut PgConnection, org: OrgId, reps: &[UserId], dates: Dates) -> sqlx::Result<Vec<Away>> {
    let rows = sqlx::query!(
        r#"select l.user_id,
                  lower(l.during * daterange($3, $4)) as "from!",
                  upper(l.during * daterange($3, $4)) as "to!"
           from leaves l
           where l.org_id = $1 and l.user_id = any ($2) and l.during && daterange($3, $4)
           order by l.user_id, lower(l.during)"#,
        org as OrgId,
        reps as &[UserId],
        dates.from,
        dates.to,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| Away { rep: row.user_id, during: Dates { from: row.from, to: row.to } }).collect())
}

/// A stretch of leave as it was entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leave {
    /// Its id.
    pub id: LeaveId,
    /// First day away.
    pub from: Date,
    /// First day back; none while nobody knows it.
    pub to: Option<Date>,
    /// Why: a word of [`crate::domain::leave::Kind`].
    pub kind: String,
    /// What was noted.
    pub note: String,
}

/// All leave of a person, the latest first.
pub async fn of(db: &mut PgConnection, org: OrgId, user: UserId) -> sqlx::Result<Vec<Leave>> {
    sqlx::query_as!(
        Leave,
        r#"select l.id, lower(l.during) as "from!", upper(l.during) as to, l.kind, l.note
           from leaves l
           where l.org_id = $1 and l.user_id = $2
           order by lower(l.during) desc"#,
        org as OrgId,
        user as UserId,
    )
    .fetch_all(db)
    .await
}

/// Enters leave; its id is made here. Days on which the person is away already violate `leaves_overlap`.
pub async fn insert(tx: &mut Tx, user: UserId, new: &Leave, by: UserId) -> sqlx::Result<LeaveId> {
    let (org, now) = (tx.org, tx.now);
    sqlx::query_scalar!(
        "insert into leaves (org_id, user_id, during, kind, note, recorded_by, recorded_at)
         values ($1, $2, daterange($3, $4), $5, $6, $7, $8)
         returning id",
        org as OrgId,
        user as UserId,
        new.from,
        new.to,
        new.kind,
        new.note,
        by as UserId,
        now,
    )
    .fetch_one(&mut **tx)
    .await
}

/// Takes a stretch of leave away.
pub async fn remove(tx: &mut Tx, user: UserId, id: LeaveId) -> sqlx::Result<Option<Leave>> {
    let org = tx.org;
    sqlx::query_as!(
        Leave,
        r#"delete from leaves
           where org_id = $1 and user_id = $2 and id = $3
           returning id, lower(during) as "from!", upper(during) as to, kind, note"#,
        org as OrgId,
        user as UserId,
        id as LeaveId,
    )
    .fetch_optional(&mut **tx)
    .await
}
