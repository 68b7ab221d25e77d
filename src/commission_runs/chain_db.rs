//! The SQL behind the chain of statements: what each begins with and leaves, and what it corrects.

use rust_decimal::Decimal;
use sqlx::PgConnection;

use crate::domain::{
    id::{OrgId, RunId, StatementId, UserId},
    money::Money,
};

/// An approved statement, with what it begins with and leaves.
pub struct Link {
    /// The statement.
    pub id: StatementId,
    /// Its run.
    pub run_id: RunId,
    /// Whose pay it is.
    pub rep_id: UserId,
    /// The rep's name.
    pub rep: String,
    /// What it begins with of draws, as its inputs say it; none: nothing.
    pub begins_draw: Option<String>,
    /// What it begins with of earlier statements.
    pub begins_balance: Option<String>,
    /// What it leaves owed of draws.
    pub draw_balance: Money,
    /// What it carries on.
    pub carried: Money,
}

/// The statements of locked periods in the order in which they were locked.
pub async fn approved(db: &mut PgConnection, org: OrgId) -> sqlx::Result<Vec<Link>> {
    sqlx::query_as!(
        Link,
        "select s.id, s.run_id, s.rep_id, u.name as rep, s.inputs->'facts'->>'draw_balance' as begins_draw,
                s.inputs->'facts'->>'balance' as begins_balance, s.draw_balance, s.carried
         from statements s
         join period_locks l on l.org_id = s.org_id and l.run_id = s.run_id
         join users u on u.org_id = s.org_id and u.id = s.rep_id
         where s.org_id = $1
         order by l.locked_at, s.id",
        org as OrgId,
    )
    .fetch_all(db)
    .await
}

/// What a statement corrects, as its rows and as its inputs say it.
pub struct Corrected {
    /// The statement.
    pub id: StatementId,
    /// Σ of the differences of its rows.
    pub posted: Money,
    /// Σ of the differences of its inputs, in major units.
    pub in_inputs: Option<Decimal>,
}

/// The statements that correct something, by their rows or by their inputs: of all runs or of one.
pub async fn corrected(db: &mut PgConnection, org: OrgId, run: Option<RunId>) -> sqlx::Result<Vec<Corrected>> {
    sqlx::query_as!(
        Corrected,
        r#"select s.id, coalesce(c.posted, 0)::bigint as "posted!: Money", coalesce(i.posted, 0) as in_inputs
           from statements s
           left join lateral (
               select sum(c.new - c.old) as posted
               from statement_corrections c
               where c.org_id = s.org_id and c.statement_id = s.id
           ) c on true
           left join lateral (
               select sum((a->>'new')::numeric - (a->>'old')::numeric) as posted
               from json_array_elements(s.inputs->'facts'->'adjustments') a
               where a->>'reason' is null
           ) i on true
           where s.org_id = $1 and ($2::bigint is null or s.run_id = $2)
             and (c.posted is not null or i.posted is not null)
           order by s.id"#,
        org as OrgId,
        run as Option<RunId>,
    )
    .fetch_all(db)
    .await
}
