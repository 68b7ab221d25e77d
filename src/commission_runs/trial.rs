//! What plans would have paid in past periods: the facts and the engine of a run, period after period. Nothing is stored.

use std::collections::HashMap;

use sqlx::PgConnection;
use time::Date;

use super::{
    account_db::Owing,
    calculate::{Beside, OnPlan, Paid, Question, Tried, paid},
    earnings,
    late_db::PaidBefore,
    rules::Rules,
    sources::Sources,
};
use crate::{
    domain::{
        commission::{plan::Attained, statement::LineKind},
        id::UserId,
        money::Money,
        period::Period,
    },
    web::error::Error,
};

/// What a plan would have paid a rep in a period.
#[derive(Clone, Debug)]
pub struct TriedPay {
    /// The rep.
    pub rep: UserId,
    /// What the statement would come to.
    pub total: Money,
    /// What the rep's deals that pay came to.
    pub net: Money,
    /// The targets whose attainment the plan looks at and that the rep did not have.
    pub lacking: Vec<Attained>,
}

/// A way to pay that is tried out: who is on which version, and since when.
pub struct Way<'a> {
    /// The reps with their plans, all measured by periods of one kind.
    pub on_plans: &'a [OnPlan],
    /// Since when each of them counts as on the plan; who is not named is in the first period of all.
    pub since: HashMap<UserId, Date>,
}

/// What two ways to pay come to in consecutive periods, in the order of their reps. The facts of a period are loaded once
/// for both, in a fixed number of queries. Balances begin at nothing and are carried on within the trial; what is held
/// counts as paid, and adjustments by hand and corrections of earlier periods are none of it.
///
/// # Errors
/// The database, or a plan that cannot be evaluated.
pub async fn tried(
    db: &mut PgConnection,
    asked: &Question,
    periods: &[Period],
    ways: [Way<'_>; 2],
) -> Result<Vec<(Period, [Vec<TriedPay>; 2])>, Error> {
    let everybody: Vec<OnPlan> = ways.iter().flat_map(|way| way.on_plans).cloned().collect();
    let [first, second] = ways;
    let Some(from) = periods.first().map(|period| period.from()) else { return Ok(Vec::new()) };
    let mut besides = [&first, &second].map(|way| Beside {
        tried: Some(Tried { since: way.since.clone(), from, paid: Vec::new() }),
        rules: Rules { held_pays: true, ..Rules::default() },
        ..Beside::default()
    });
    let mut found = Vec::with_capacity(periods.len());
    for period in periods {
        let asked = Question { period: *period, rep: None, ..*asked };
        let [beside, _] = &besides;
        let sources = Sources::load(db, &asked, &everybody, beside).await?;
        let shorter = earnings::of_shorter(db, &asked, &everybody, beside).await?;
        let mut both = [Vec::new(), Vec::new()];
        for ((way, beside), pays) in [&first, &second].into_iter().zip(&mut besides).zip(&mut both) {
            let all = paid(&sources, way.on_plans, beside, &shorter)?;
            for (on_plan, paid) in way.on_plans.iter().zip(&all) {
                let attained = on_plan.plan.attained().into_iter();
                let has = |target: &Attained| paid.facts.targets_of(target.of_year).contains_key(&target.metric);
                pays.push(TriedPay {
                    rep: on_plan.rep,
                    total: paid.statement.total.money,
                    net: sources.net_that_pays(on_plan.rep),
                    lacking: attained.filter(|target| !has(target)).collect(),
                });
            }
            carry_on(beside, *period, way.on_plans, &all);
        }
        found.push((*period, both));
    }
    Ok(found)
}

/// Keeps what the next periods need of this one.
fn carry_on(beside: &mut Beside, period: Period, on_plans: &[OnPlan], all: &[Paid]) {
    beside.balances.clear();
    for (on_plan, Paid { statement, .. }) in on_plans.iter().zip(all) {
        let rep_id = on_plan.rep;
        beside.balances.push(Owing {
            rep_id,
            draw_balance: statement.draw_balance.map_or(Money::ZERO, |owed| owed.money),
            carried: statement.balance.map_or(Money::ZERO, |owed| owed.money),
        });
        let Some(tried) = &mut beside.tried else { continue };
        // As what was locked is read: neither the plan's own limits nor draws are trued up.
        let lines = statement.lines.iter().filter(|line| matches!(line.kind, LineKind::Component | LineKind::TrueUp));
        let paid = lines.filter(|line| line.measure_word() != "plan").map(|line| PaidBefore {
            rep_id,
            period_start: period.from(),
            component: line.component.clone(),
            amount: line.amount.money,
        });
        tried.paid.extend(paid);
    }
}
