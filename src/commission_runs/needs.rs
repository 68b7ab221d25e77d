//! What a plan needs to know beside the rep's own facts of the period.

use std::collections::BTreeSet;

use crate::domain::{
    commission::{
        plan::{Component, Measure, MeasuringPeriod, Plan, Scope, Who},
        statement::{LineKind, Statement},
    },
    metric::Metric,
    money::Money,
};

/// Whether it asks what others earn: then their pay is calculated, too.
pub fn of_others(plan: &Plan) -> bool {
    earnings(plan)
}

/// Whether it pays a share of what the team earns.
pub fn earnings(plan: &Plan) -> bool {
    plan.components.iter().any(|component| component.measure == Measure::Earnings)
}

/// Whether it looks at a team.
pub fn team(plan: &Plan) -> bool {
    plan.components.iter().any(|component| {
        component.scope == Scope::Team || component.gate.iter().any(|condition| condition.who != Who::Rep)
    })
}

/// Whether something that is trued up looks at a team: then that of the longer period is loaded, too.
pub fn team_of_true_up(plan: &Plan) -> bool {
    let trued = plan.components.iter().filter(|component| component.true_up.is_some());
    trued.flat_map(|component| &component.gate).any(|condition| condition.who != Who::Rep)
}

/// Whether it climbs tiers by the fiscal year.
pub fn year_to_date(plan: &Plan) -> bool {
    plan.components.iter().any(Component::year_to_date)
}

/// Whether it asks which deals sell a category for the first time.
pub fn cross_sell(plan: &Plan) -> bool {
    plan.components.iter().any(|component| component.only.is_some_and(|only| only.cross_sell.is_some()))
}

/// Which of [`Metric::MORE`] these plans name: the others are not loaded.
pub fn more<'p>(documents: impl Iterator<Item = &'p serde_json::Value>) -> BTreeSet<Metric> {
    let documents: Vec<String> = documents.map(ToString::to_string).collect();
    let names = |metric: &Metric| documents.iter().any(|text| text.contains(&format!("\"{}\"", metric.as_str())));
    Metric::MORE.into_iter().filter(names).collect()
}

/// The longer period at whose end something is trued up.
pub fn true_up(plan: &Plan) -> Option<MeasuringPeriod> {
    plan.components.iter().find_map(|component| component.true_up)
}

/// Whether what it pays may follow from all earlier facts, and not only from those of a longer period that it is in.
pub fn looks_back(document: &serde_json::Value) -> bool {
    let text = document.to_string();
    LOOKING_BACK.iter().any(|word| *word != TRUE_UP && text.contains(&format!("\"{word}\"")))
}

const TRUE_UP: &str = "true_up";

/// The words of plans whose pay may follow from facts of earlier periods that no mark of their own period holds.
pub const LOOKING_BACK: [&str; 8] = [
    TRUE_UP,
    "cross_sell",
    "cross_sell_sales",
    "cross_sell_count",
    "loss_rate",
    "concentration",
    "time_on_a",
    "contribution",
];

/// Within how many days of the first sale a loss takes a new customer back, where that is asked of a team or a year: of
/// several windows the longest. A component of the rep's own has its own.
pub fn clawback_days(plan: &Plan) -> Option<u32> {
    plan.components.iter().filter_map(|component| component.clawback_days).max()
}

/// Whether the draw of one of the rep's periods on the plan is a debt, or there is none.
pub fn draw_is_debt(plan: &Plan, period_on_plan: Option<u32>) -> bool {
    let reached = |through: u32| period_on_plan.is_some_and(|number| number > through);
    let draw = plan.draw.iter().find(|draw| !draw.through.is_some_and(reached));
    draw.is_none_or(|draw| draw.recoverable)
}

/// What a statement pays for the rep's own work: what overrides of others are a share of.
pub fn own_earnings(plan: &Plan, statement: &Statement) -> Money {
    let own = |name: &str| {
        let component = plan.components.iter().find(|component| component.name == name);
        component.is_some_and(|component| component.scope == Scope::Own)
    };
    let lines = statement.lines.iter().filter(|line| match line.kind {
        LineKind::Component | LineKind::TrueUp => line.measure.is_none() || own(&line.component),
        LineKind::Limit => true,
        LineKind::Draw | LineKind::Adjustment | LineKind::Carried => false,
    });
    lines.map(|line| line.amount.money).sum()
}
