//! The SQL of planned visits that go along when a customer is handed over: which ones would, and giving them.

use sqlx::PgConnection;
use time::Date;

use crate::{
    domain::id::{CustomerId, OrgId, UserId, VisitId},
    postgres::tx::Tx,
};

/// A planned visit that may go to somebody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedVisit {
    /// The visit.
    pub id: VisitId,
    /// Whose it is now.
    pub rep: String,
    /// The day.
    pub day: Date,
    /// Counts its changes.
    pub version: i32,
}

/// The visits that the owners of these customers have planned to them, each in the days that change hands.
pub async fn of_owners(
    db: &mut PgConnection,
    org: OrgId,
    stretches: &[(CustomerId, UserId, Date, Option<Date>)],
) -> sqlx::Result<Vec<PlannedVisit>> {
    let customers: Vec<CustomerId> = stretches.iter().map(|stretch| stretch.0).collect();
    let owners: Vec<UserId> = stretches.iter().map(|stretch| stretch.1).collect();
    let from: Vec<Date> = stretches.iter().map(|stretch| stretch.2).collect();
    let until: Vec<Option<Date>> = stretches.iter().map(|stretch| stretch.3).collect();
    sqlx::query_as!(
        PlannedVisit,
        r#"select v.id, u.name as rep, v.visited_on as day, v.version
           from unnest($2::bigint[], $3::bigint[], $4::date[], $5::date[]) as s (customer_id, rep_id, from_date, to_date)
           join visits v on v.org_id = $1 and v.customer_id = s.customer_id and v.rep_id = s.rep_id
            and v.visited_on <@ daterange(s.from_date, s.to_date)
           join users u on u.org_id = v.org_id and u.id = v.rep_id
           where v.state = 'planned'
           order by v.visited_on, v.id"#,
        org as OrgId,
        &customers as &[CustomerId],
        &owners as &[UserId],
        &from,
        &until as &[Option<Date>],
    )
    .fetch_all(db)
    .await
}

/// How many visits a person has planned from a day on.
pub async fn planned_from(db: &mut PgConnection, org: OrgId, rep: UserId, from: Date) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "visits!"
           from visits
           where org_id = $1 and rep_id = $2 and visited_on >= $3 and state = 'planned'"#,
        org as OrgId,
        rep as UserId,
        from,
    )
    .fetch_one(db)
    .await
}

/// Gives planned visits of these versions to a rep, who is no companion of one's own visit. How many were given; the others
/// are no longer as they were seen.
pub async fn give(tx: &mut Tx, visits: &[(VisitId, i32)], to: UserId) -> sqlx::Result<usize> {
    let (org, actor, now) = (tx.org, tx.actor, tx.now);
    let (ids, versions): (Vec<VisitId>, Vec<i32>) = visits.iter().copied().unzip();
    let given = sqlx::query_scalar!(
        "update visits v
         set rep_id = $4, recorded_by = $5, recorded_at = $6, version = v.version + 1
         from unnest($2::bigint[], $3::int[]) as s (id, version)
         where v.org_id = $1 and v.id = s.id and v.version = s.version and v.state = 'planned'
         returning v.id",
        org as OrgId,
        &ids as &[VisitId],
        &versions,
        to as UserId,
        actor as Option<UserId>,
        now,
    )
    .fetch_all(&mut **tx)
    .await?;
    sqlx::query!(
        "delete from visit_participants
         where org_id = $1 and visit_id = any ($2) and rep_id = $3",
        org as OrgId,
        &given as &[VisitId],
        to as UserId,
    )
    .execute(&mut **tx)
    .await?;
    Ok(given.len())
}
