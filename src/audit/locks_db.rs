//! Whether a day is locked: then a change needs a reason.

use sqlx::PgConnection;
use time::Date;

use crate::domain::id::OrgId;

/// Whether a day lies in a locked period: what is entered for it counts for nothing, what is changed needs a reason.
pub async fn is_locked(db: &mut PgConnection, org: OrgId, day: Date) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
               select from period_locks l
               where l.org_id = $1 and $2 >= l.period_start and $2 < l.period_end
           ) as "locked!""#,
        org as OrgId,
        day,
    )
    .fetch_one(db)
    .await
}
