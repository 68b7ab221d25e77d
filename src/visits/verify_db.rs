//! Recomputes what is stored of visits: the days of those who went along.

use sqlx::PgConnection;

use crate::{domain::id::OrgId, postgres::derived::Differs};

/// Tells everybody who went along on another day than the visit. How many there were.
pub async fn verify(db: &mut PgConnection, org: OrgId, tell: &mut impl FnMut(Differs)) -> sqlx::Result<usize> {
    let rows = sqlx::query!(
        "select p.visit_id, u.name, p.visited_on as stored, v.visited_on as derived
         from visit_participants p
         join visits v on v.org_id = p.org_id and v.id = p.visit_id
         join users u on u.org_id = p.org_id and u.id = p.rep_id
         where p.org_id = $1 and p.visited_on <> v.visited_on
         order by p.visit_id, u.name",
        org as OrgId,
    )
    .fetch_all(&mut *db)
    .await?;
    for row in rows {
        tell(Differs {
            what: "visit_participants.visited_on",
            record: format!("visit {}, {}", row.visit_id, row.name),
            stored: row.stored.to_string(),
            derived: row.derived.to_string(),
        });
    }
    let count =
        sqlx::query_scalar!(r#"select count(*) as "count!" from visit_participants where org_id = $1"#, org as OrgId)
            .fetch_one(db)
            .await?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}
