//! The SQL of the rules of customers: how long one is new, and who answers for a loss after a handover, from which day on.

use sqlx::PgConnection;

use crate::{
    domain::{customer::facts::CustomerRule, id::OrgId},
    postgres::tx::Tx,
};

/// The rules that were set, in order of time; before the first one the defaults hold.
pub async fn list(db: &mut PgConnection, org: OrgId) -> sqlx::Result<Vec<CustomerRule>> {
    let rows = sqlx::query!(
        "select from_date, new_customer_months, handover_grace_days
         from customer_rules
         where org_id = $1
         order by from_date nulls first",
        org as OrgId,
    )
    .fetch_all(db)
    .await?;
    let rule = rows.into_iter().map(|row| CustomerRule {
        from: row.from_date,
        new_months: row.new_customer_months.unsigned_abs(),
        grace_days: row.handover_grace_days.unsigned_abs(),
    });
    Ok(rule.collect())
}

/// Sets the rule from its day on, in place of those from that day or later. Events follow from it: recompute them all.
pub async fn set(tx: &mut Tx, rule: CustomerRule) -> sqlx::Result<()> {
    let org = tx.org;
    sqlx::query!(
        "delete from customer_rules
         where org_id = $1 and ($2::date is null or from_date >= $2)",
        org as OrgId,
        rule.from,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into customer_rules (org_id, from_date, new_customer_months, handover_grace_days)
         values ($1, $2, $3, $4)",
        org as OrgId,
        rule.from,
        i32::try_from(rule.new_months).unwrap_or(i32::MAX),
        i32::try_from(rule.grace_days).unwrap_or(i32::MAX),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
