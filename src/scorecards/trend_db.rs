//! The SQL of the small curves: net sales by rep and month.

use sqlx::PgConnection;
use time::Date;

use crate::domain::{
    id::{OrgId, UserId},
    money::Money,
    period::Dates,
};

/// What a rep sold in a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MonthSales {
    /// The rep.
    pub rep: UserId,
    /// First day of the month.
    pub month: Date,
    /// Net sales of the rep.
    pub sales: Money,
}

/// Net sales of the reps in whole calendar months. A month in which a rep sold nothing has no row.
pub async fn by_month(
    db: &mut PgConnection,
    org: OrgId,
    reps: &[UserId],
    months: Dates,
) -> sqlx::Result<Vec<MonthSales>> {
    sqlx::query_as!(
        MonthSales,
        r#"select c.rep_id as rep, date_trunc('month', c.booked_on)::date as "month!", sum(c.amount)::bigint as "sales!: Money"
           from deal_credits c
           where c.org_id = $1 and c.rep_id = any($2) and not c.overlay and c.booked_on >= $3 and c.booked_on < $4
           group by 1, 2
           order by 1, 2"#,
        org as OrgId,
        reps as &[UserId],
        months.from,
        months.to,
    )
    .fetch_all(db)
    .await
}
