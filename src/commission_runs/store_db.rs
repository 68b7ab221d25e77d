//! The SQL that stores a calculation: a run, its statements and their lines, each written once.

use time::Date;

use crate::{
    domain::{
        company::GrowthBase,
        id::{OrgId, PlanVersionId, RunId, UserId},
        money::Money,
        period::Period,
    },
    postgres::tx::Tx,
};

/// Adds a run of a period, with the day from which on facts make it and the settings that it is paid by.
pub async fn insert(
    tx: &mut Tx,
    period: Period,
    engine: &str,
    growth_base: GrowthBase,
    facts_from: Date,
) -> sqlx::Result<RunId> {
    let (org, actor, now) = (tx.org, tx.actor, tx.now);
    sqlx::query_scalar!(
        "insert into commission_runs (org_id, period_kind, period_start, period_end, prepared_by, prepared_at, engine,
                                      facts_from, growth_base, growth_basis, confirm_deals,
                                      costs, team_tree)
         select o.id, $2, $3, $4, $5, $6, $7, $8, $9, o.growth_basis, o.confirm_deals,
                jsonb_build_object('visit', o.cost_per_visit, 'minute', o.cost_per_minute, 'order', o.cost_per_order), (
                    select coalesce(jsonb_object_agg(t.id, t.parent_id), '{}')
                    from teams t
                    where t.org_id = o.id and t.parent_id is not null
                )
         from organizations o
         where o.id = $1
         returning id",
        org as OrgId,
        period.kind().as_str(),
        period.from(),
        period.to(),
        actor as Option<UserId>,
        now,
        engine,
        facts_from,
        growth_base.as_str(),
    )
    .fetch_one(&mut **tx)
    .await
}

/// What is stored of a calculated statement.
pub struct NewStatement {
    /// Whose pay it is.
    pub rep: UserId,
    /// The version it was calculated with.
    pub plan_version: PlanVersionId,
    /// Plan and facts, whole.
    pub inputs: String,
    /// Sum of the lines after plan floor and cap.
    pub total: Money,
    /// SHA-256 of inputs, engine and result.
    pub digest: [u8; 32],
    /// What the rep owes of draws after it.
    pub draw_balance: Money,
    /// What it carries on: zero or less.
    pub carried: Money,
    /// Who did something by hand to what it pays: none of them approves it.
    pub hands: Vec<UserId>,
    /// The lines in order.
    pub lines: Vec<NewLine>,
}

/// What is stored of a line.
pub struct NewLine {
    /// The component's name.
    pub component: String,
    /// What it measures.
    pub measure: String,
    /// What it pays.
    pub amount: Money,
    /// Words, slices and records, as JSON.
    pub detail: String,
}

/// Adds the statements of a run with their lines, in two statements of SQL.
pub async fn insert_statements(tx: &mut Tx, run: RunId, statements: &[NewStatement]) -> sqlx::Result<()> {
    let (org, actor) = (tx.org, tx.actor);
    let reps: Vec<i64> = statements.iter().map(|s| s.rep.0).collect();
    let versions: Vec<i64> = statements.iter().map(|s| s.plan_version.0).collect();
    let inputs: Vec<&str> = statements.iter().map(|s| s.inputs.as_str()).collect();
    let totals: Vec<i64> = statements.iter().map(|s| s.total.0).collect();
    let draws: Vec<i64> = statements.iter().map(|s| s.draw_balance.0).collect();
    let carried: Vec<i64> = statements.iter().map(|s| s.carried.0).collect();
    let hands = statements.iter().flat_map(|s| s.hands.iter().map(|by| (s.rep.0, by.0)));
    let (touched, by): (Vec<i64>, Vec<i64>) = hands.unzip();
    let digests: Vec<Vec<u8>> = statements.iter().map(|s| s.digest.to_vec()).collect();
    let ids = sqlx::query!(
        "insert into statements (org_id, run_id, rep_id, prepared_by, plan_version_id, inputs, total, digest,
                                 draw_balance, carried, hands)
         select $1, $2, n.rep_id, $3, n.version_id, n.inputs::json, n.total, n.digest, n.draw_balance, n.carried, (
                    select coalesce(array_agg(distinct h.made_by order by h.made_by), '{}')
                    from unnest($11::bigint[], $12::bigint[]) as h (rep_id, made_by)
                    where h.rep_id = n.rep_id
                )
         from unnest($4::bigint[], $5::bigint[], $6::text[], $7::bigint[], $8::bytea[], $9::bigint[], $10::bigint[])
              as n (rep_id, version_id, inputs, total, digest, draw_balance, carried)
         returning id, rep_id",
        org as OrgId,
        run as RunId,
        actor as Option<UserId>,
        &reps,
        &versions,
        &inputs as &[&str],
        &totals,
        &digests,
        &draws,
        &carried,
        &touched,
        &by,
    )
    .fetch_all(&mut **tx)
    .await?;
    let (mut of, mut positions, mut components, mut measures, mut amounts, mut details) =
        (vec![], vec![], vec![], vec![], vec![], vec![]);
    for statement in statements {
        let Some(row) = ids.iter().find(|row| row.rep_id == statement.rep) else { continue };
        for (line, position) in statement.lines.iter().zip(1_i32..) {
            of.push(row.id.0);
            positions.push(position);
            components.push(line.component.clone());
            measures.push(line.measure.clone());
            amounts.push(line.amount.0);
            details.push(line.detail.as_str());
        }
    }
    sqlx::query!(
        "insert into statement_lines (org_id, statement_id, position, component, measure, amount, detail)
         select $1, n.statement_id, n.position, n.component, n.measure, n.amount, n.detail::json
         from unnest($2::bigint[], $3::integer[], $4::text[], $5::text[], $6::bigint[], $7::text[])
              as n (statement_id, position, component, measure, amount, detail)",
        org as OrgId,
        &of,
        &positions,
        &components,
        &measures,
        &amounts,
        &details as &[&str],
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
