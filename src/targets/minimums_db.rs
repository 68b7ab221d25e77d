//! The SQL of the minimums of visits.

use sqlx::PgConnection;
use time::Date;

use crate::{
    domain::{
        id::{OrgId, UserId},
        minimum::{Minimum, Per},
    },
    postgres::tx::Tx,
};

/// A minimum in the list.
pub struct Row {
    /// Which.
    pub id: i64,
    /// Of which rep.
    pub rep: Option<UserId>,
    /// Of whom; nobody: of everybody without one of their own.
    pub whose: Option<String>,
    /// So many visits in person; 0: none.
    pub visits: i32,
    /// Per day or week.
    pub per: Per,
    /// Whether only visits to customers count that had never bought.
    pub strangers_only: bool,
    /// The first day; none: from the beginning.
    pub from_date: Option<Date>,
}

/// Everybody's minimums, then those of single reps, each in order of time.
pub async fn list(db: &mut PgConnection, org: OrgId) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as!(
        Row,
        r#"select m.id, m.rep_id as "rep: UserId", u.name as "whose?", m.visits, m.per as "per: Per", m.strangers_only, m.from_date
           from visit_minimums m
           left join users u on u.org_id = m.org_id and u.id = m.rep_id
           where m.org_id = $1
           order by lower(u.name) nulls first, m.rep_id, m.from_date nulls first"#,
        org as OrgId,
    )
    .fetch_all(db)
    .await
}

/// Sets a minimum from a day on, in place of one from the same day: its id, and whether none was there.
pub async fn set(tx: &mut Tx, new: &Minimum, visits: i32) -> sqlx::Result<(i64, bool)> {
    let org = tx.org;
    let row = sqlx::query!(
        r#"insert into visit_minimums (org_id, rep_id, visits, per, strangers_only, from_date)
         values ($1, $2, $3, $4, $5, $6)
         on conflict on constraint visit_minimums_key do update
             set visits = excluded.visits, per = excluded.per, strangers_only = excluded.strangers_only
         returning id, xmax = 0 as "is_new!""#,
        org as OrgId,
        new.rep as Option<UserId>,
        visits,
        new.per.as_str(),
        new.strangers_only,
        new.from,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok((row.id, row.is_new))
}

/// Takes a minimum away; the one before it holds on.
pub async fn remove(tx: &mut Tx, id: i64) -> sqlx::Result<Option<Row>> {
    let org = tx.org;
    sqlx::query_as!(
        Row,
        r#"delete from visit_minimums m
           where m.org_id = $1 and m.id = $2
           returning m.id, m.rep_id as "rep: UserId", (
               select u.name from users u where u.org_id = m.org_id and u.id = m.rep_id
           ) as "whose?", m.visits, m.per as "per: Per", m.strangers_only, m.from_date"#,
        org as OrgId,
        id,
    )
    .fetch_optional(&mut **tx)
    .await
}
