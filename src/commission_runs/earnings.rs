//! What reps earn who are paid by shorter periods than those who earn a share of it.

use std::collections::HashMap;

use sqlx::PgConnection;

use super::{
    calculate::{Beside, OnPlan, Question, in_force, paid},
    needs,
    sources::Sources,
};
use crate::{
    domain::{
        id::UserId,
        money::Money,
        period::{Period, PeriodKind},
    },
    web::error::Error,
};

/// What everybody earns for their own work in the shorter periods of the one that is asked for, as far as it has come: by
/// the plans in force in each, and by what is known now. Nothing where none of these plans pays a share of earnings.
pub(super) async fn of_shorter(
    db: &mut PgConnection,
    asked: &Question,
    on_plans: &[OnPlan],
    beside: &Beside,
) -> Result<HashMap<UserId, Money>, Error> {
    let mut sums: HashMap<UserId, Money> = HashMap::new();
    if !on_plans.iter().any(|on_plan| needs::earnings(&on_plan.plan) && !on_plan.settles) {
        return Ok(sums);
    }
    for period in shorter(asked.period).into_iter().filter(|period| period.from() <= asked.today) {
        let asked = Question { period, rep: None, ..*asked };
        let on_plans = in_force(db, &asked, None).await?;
        if on_plans.is_empty() {
            continue;
        }
        let beside = Beside { rules: beside.rules.clone(), ..Beside::default() };
        let sources = Sources::load(db, &asked, &on_plans, &beside).await?;
        for (on_plan, paid) in on_plans.iter().zip(paid(&sources, &on_plans, &beside, &HashMap::new())?) {
            *sums.entry(on_plan.rep).or_default() += needs::own_earnings(&on_plan.plan, &paid.statement);
        }
    }
    Ok(sums)
}

/// The shorter periods of a period by which plans pay.
fn shorter(period: Period) -> Vec<Period> {
    let kinds: &[PeriodKind] = match period.kind() {
        PeriodKind::Year => &[PeriodKind::Month, PeriodKind::Quarter],
        PeriodKind::Quarter => &[PeriodKind::Month],
        _ => &[],
    };
    let each = |kind: &PeriodKind| {
        let first = period.at(*kind, period.from());
        let all = std::iter::successors(Some(first), |one| Some(one.next()));
        all.take_while(move |one| one.to() <= period.to())
    };
    kinds.iter().flat_map(each).collect()
}
