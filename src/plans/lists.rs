//! What the lists of the plan editor offer.

use super::fill;
use crate::{
    domain::{
        commission::{
            plan::{Measure, MeasuringPeriod, Who},
            told,
        },
        metric::Metric,
        period::PeriodKind,
    },
    web::ui::Choice,
};

/// What the lists of the form offer.
pub(super) struct Lists {
    pub periods: Vec<Choice>,
    pub measures: Vec<Choice>,
    /// What a condition compares and a multiplier looks up.
    pub compared: Vec<Choice>,
    pub metrics: Vec<Choice>,
    pub whose: Vec<Choice>,
    pub scopes: Vec<Choice>,
    pub credits: Vec<Choice>,
    pub backs: Vec<Choice>,
    pub either: Vec<Choice>,
    pub longer: Vec<Choice>,
    pub ways: Vec<Choice>,
    pub overs: Vec<Choice>,
    pub modes: Vec<Choice>,
}

impl Lists {
    /// Every choice, in the words of the form.
    pub fn new() -> Self {
        let named = |measure: Measure| Choice::new(fill::measure(&measure, &[]), told::measure(&measure));
        let metrics = Metric::ALL.map(Measure::Metric).into_iter().chain(Metric::ALL.map(Measure::Attainment));
        let metrics: Vec<Choice> = metrics.map(named).collect();
        let card = Choice::new(fill::CARD, "Scorecard of several, weighted below");
        let beside = [named(Measure::Deals), named(Measure::Earnings), card.clone()];
        Self {
            measures: metrics.iter().cloned().chain(beside).collect(),
            compared: metrics.into_iter().chain([card]).collect(),
            metrics: Metric::ALL.map(|metric| Choice::new(metric.as_str(), metric.label())).into(),
            whose: vec![
                Choice::new(Who::Team.as_str(), "The team's"),
                Choice::new(Who::EveryRep.as_str(), "Every rep's of the team"),
            ],
            scopes: vec![Choice::new("team", "The team, without the rep")],
            credits: vec![Choice::new("overlay", "Overlay credits, beside those")],
            backs: vec![Choice::new("no", "Theirs to keep"), Choice::new("yes", "Paid back later")],
            either: vec![Choice::new("yes", "Only these"), Choice::new("no", "All but these")],
            longer: [MeasuringPeriod::Quarter, MeasuringPeriod::Year]
                .map(|longer| Choice::new(longer.as_str(), PeriodKind::from(longer).label()))
                .into(),
            periods: MeasuringPeriod::ALL.map(|p| Choice::new(p.as_str(), PeriodKind::from(p).label())).into(),
            ways: vec![
                Choice::new("rate", "A share of the money"),
                Choice::new("unit", "An amount for each"),
                Choice::new("tiers", "Steps that pay more and more"),
                Choice::new("curve", "A curve up to a target amount"),
                Choice::new("bonus", "A bonus if the conditions hold"),
            ],
            overs: vec![
                Choice::new("attainment", "% of target reached"),
                Choice::new("amount", "Amount of the whole period"),
                Choice::new("deal", "Amount of each deal"),
                Choice::new("count", "Number of them"),
                Choice::new("year_attainment", "% of the year's target so far"),
                Choice::new("year_amount", "Amount of the year so far"),
                Choice::new("year_count", "Number in the year so far"),
            ],
            modes: vec![
                Choice::new("marginal", "Only for what lies in it"),
                Choice::new("whole", "For everything, from the first one"),
            ],
        }
    }
}
