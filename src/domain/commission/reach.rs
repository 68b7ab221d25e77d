//! What is missing to the next step: "€1,300.00 more in net sales reaches the 6% tier", and what it would pay.

use rust_decimal::Decimal;

use super::{
    evaluate::{EvaluateError, evidence},
    facts::Facts,
    json::Refused,
    line::Worked,
    missing::candidates,
    plan::{Plan, What},
    words::{difference, in_minor_units},
};
use crate::domain::{metric::Unit, money::Money};

/// The next step of a component.
#[derive(Clone, Debug, PartialEq)]
pub struct Reach {
    /// The component's position in the plan.
    pub component: usize,
    /// What it measures.
    pub what: What,
    /// By how much that has to grow, in its own unit (money in minor units); of a limit it is below zero. With a
    /// minor unit or a count less, the step is not reached.
    pub missing: Decimal,
    /// The same in words: "€1,300.00 more in net sales".
    pub words: String,
    /// What the component pays now.
    pub now: Money,
    /// What it would pay there, its gate open.
    pub then: Money,
    /// What more of the measure pays beyond that: how much more in words (100 in money, one of what is counted), and its
    /// pay. None of a share.
    pub further: Option<(String, Money)>,
}

/// The next step of every component that has one ahead. What is paid deal by deal has none.
///
/// # Errors
/// As [`super::evaluate::evaluate`].
pub fn next(plan: &Plan, facts: &Facts) -> Result<Vec<Reach>, EvaluateError> {
    let faults = plan.faults();
    if !faults.is_empty() {
        return Err(EvaluateError::Plan(Refused(faults)));
    }
    let evidence = evidence(plan, facts).map_err(EvaluateError::Facts)?;
    let mut ahead = Vec::new();
    for (i, component) in plan.components.iter().enumerate() {
        let too_large = |_| EvaluateError::TooLarge { component: component.name.clone() };
        let worked = Worked::out(component, &evidence).map_err(too_large)?;
        if !worked.has_value || component.per_deal() || component.steps().is_empty() {
            continue;
        }
        let limit = worked.what.is_limit();
        let missing = candidates(&worked, plan.currency).into_iter().map(|one| one.value - worked.now.measured);
        let missing = missing.filter(|missing| if limit { *missing < Decimal::ZERO } else { *missing > Decimal::ZERO });
        let Some(missing) = missing.min_by_key(Decimal::abs) else { continue };
        let then = worked.would_pay(worked.now.measured + missing, plan.currency).map_err(too_large)?;
        let Some(then) = then else { continue };
        let more = match worked.what.unit() {
            Unit::Money => Some(in_minor_units(Decimal::ONE_HUNDRED, plan.currency)),
            Unit::Count => Some(Decimal::ONE),
            Unit::Fraction => None,
        };
        let mut further = None;
        if let Some(more) = more.filter(|_| !limit)
            && let Ok(Some(beyond)) = worked.would_pay(worked.now.measured + missing + more, plan.currency)
        {
            further = Some((difference(worked.what, more, plan.currency), beyond - then));
        }
        ahead.push(Reach {
            component: i,
            what: worked.what,
            missing,
            words: difference(worked.what, missing, plan.currency),
            now: worked.amount,
            then,
            further,
        });
    }
    Ok(ahead)
}
