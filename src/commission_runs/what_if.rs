//! What a rep earns by today's facts, with what is needed to calculate it again as if something else had happened.

use sqlx::PgConnection;

use super::{
    calculate::{Question, calculate},
    measured,
    rules::Rules,
};
use crate::{
    domain::{
        commission::{facts::Facts, plan::Plan, statement::Statement},
        id::UserId,
        money::Money,
        period::Period,
    },
    web::error::Error,
};

/// What a rep earns now.
pub struct Now {
    /// The measuring period.
    pub period: Period,
    /// By which plan.
    pub plan: Plan,
    /// From what.
    pub facts: Facts,
    /// What growth is compared with.
    pub base: Option<Money>,
    /// What comes out.
    pub statement: Statement,
}

/// What a rep earns in the period of a question; nothing where the rep is on no plan of such periods. Nothing of it is
/// stored.
pub async fn now(db: &mut PgConnection, asked: &Question, rep: UserId) -> Result<Option<Now>, Error> {
    let asked = Question { rep: Some(rep), ..*asked };
    let Some(calculated) = calculate(db, &asked).await?.pop() else { return Ok(None) };
    let read = |what: &str, why: String| Error::Internal(format!("{what} of {}: {why}", calculated.statement.rep));
    let plan = Plan::from_value(&calculated.inputs.plan).map_err(|e| read("plan", e.to_string()))?;
    let facts = Facts::from_value(&calculated.inputs.facts, plan.currency).map_err(|e| read("facts", e.to_string()))?;
    let rules = Rules::default();
    let basis = measured::growth_basis(db, asked.org, &rules).await?;
    let bases = measured::bases(db, &asked, &[rep], basis, &rules).await?;
    let base = bases.map(|bases| bases.get(&rep).copied().unwrap_or_default());
    Ok(Some(Now { period: asked.period, plan, facts, base, statement: calculated.statement }))
}
