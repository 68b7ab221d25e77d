//! A plan into the editor's form: the way back from [`super::parse`].

use rust_decimal::Decimal;

use super::{
    account::AccountForm,
    form::{ComponentForm, ExampleForm, PlanForm, Room},
    more::MoreForm,
};
use crate::{
    domain::{
        commission::{
            picture,
            plan::{Axis, Component, Condition, Measure, Mode, Per, Plan, Schedule, Step, StepPays, Weight, Who},
        },
        metric::{Metric, Unit},
        money::{Currency, Money},
    },
    web::format::{self, rate_plain},
};

impl PlanForm {
    /// The form that says what a plan says, from a month like `2026-11` on.
    pub fn of(plan: &Plan, from: &str) -> Self {
        let amount = |amount: Option<Money>| {
            amount.map_or_else(String::new, |amount| format::money_field(plan.currency, amount))
        };
        let mut form = Self {
            name: plan.name.clone(),
            from: from.to_owned(),
            period: plan.period.as_str().to_owned(),
            cap: amount(plan.cap),
            floor: amount(plan.floor),
            account: AccountForm::of(plan),
            components: plan.components.iter().map(|component| ComponentForm::of(component, plan.currency)).collect(),
            room: Room::of(plan),
            ..Self::default()
        };
        form.example.fill(&picture::metrics(plan));
        form
    }
}

impl ComponentForm {
    fn of(component: &Component, currency: Currency) -> Self {
        let plain = |amount: Money| format::money_field(currency, amount);
        let card = card(component);
        let mut form = Self {
            name: component.name.clone(),
            measure: measure(&component.measure, card),
            cap: component.cap.map(plain).unwrap_or_default(),
            floor: component.floor.map(plain).unwrap_or_default(),
            gate: component.gate.iter().map(|one| condition(one, card, currency)).collect(),
            more: MoreForm::of(component, card, currency),
            ..Self::empty()
        };
        if !card.is_empty() {
            form.weights = card.iter().map(|one| [one.metric.as_str().to_owned(), format::field(one.weight)]).collect();
        }
        match &component.pays {
            Schedule::Rate(rate) => form.rate = rate_plain(*rate),
            Schedule::PerUnit(each) => {
                "unit".clone_into(&mut form.pays);
                form.each = plain(*each);
            }
            Schedule::Bonus(amount) => {
                "bonus".clone_into(&mut form.pays);
                form.bonus = plain(*amount);
            }
            Schedule::Curve(curve) => {
                "curve".clone_into(&mut form.pays);
                form.on_target = plain(curve.on_target);
                form.points = curve.points.iter().map(|point| [percent(point.at), percent(point.pays)]).collect();
            }
            Schedule::Tiers(tiers) => {
                "tiers".clone_into(&mut form.pays);
                let mode = if tiers.mode == Mode::Whole { "whole" } else { "marginal" };
                mode.clone_into(&mut form.mode);
                let over = match (tiers.axis, tiers.per) {
                    (Axis::Amount, Per::Deal) => "deal",
                    (Axis::Amount, Per::Period) => "amount",
                    (Axis::Amount, Per::YearToDate) => "year_amount",
                    (Axis::Count, Per::YearToDate) => "year_count",
                    (Axis::Count, _) => "count",
                    (Axis::Attainment, Per::YearToDate) => "year_attainment",
                    (Axis::Attainment, _) => "attainment",
                };
                over.clone_into(&mut form.over);
                form.steps = tiers.steps.iter().map(|one| step(one, tiers.axis, currency)).collect();
            }
        }
        form
    }
}

impl ExampleForm {
    /// Round numbers for the metrics of a plan that have none yet: on the target, sales a little above it.
    pub fn fill(&mut self, metrics: &[Metric]) {
        for metric in metrics {
            let [target, reached] = match metric.unit() {
                Unit::Money => ["50000", "52000"],
                // Kept every day: it opens the conditions on it.
                Unit::Fraction if *metric == Metric::VisitMinimum => ["100", "100"],
                Unit::Fraction if matches!(metric, Metric::TimeOnA | Metric::Concentration) => ["50", "50"],
                Unit::Fraction => ["10", "10"],
                Unit::Count if metric.is_limit() => ["2", "1"],
                Unit::Count if matches!(metric, Metric::NewCustomers | Metric::WonBackCustomers) => ["6", "6"],
                Unit::Count => ["20", "20"],
            };
            self.rows.entry(*metric).or_insert_with(|| [target.to_owned(), reached.to_owned()]);
        }
        if self.deals.is_empty() {
            "10".clone_into(&mut self.deals);
        }
        if !metrics.iter().any(|metric| metric.as_str() == self.along) {
            self.along = metrics.first().map(|metric| metric.as_str().to_owned()).unwrap_or_default();
        }
    }
}

/// The word of the component's scorecard in the lists.
pub const CARD: &str = "scorecard";

/// The value of the lists of measures; `card` is the component's scorecard, and another one is written out.
pub fn measure(measure: &Measure, card: &[Weight]) -> String {
    match measure {
        Measure::Attainment(metric) => format!("%{}", metric.as_str()),
        Measure::Scorecard(weights) if weights != card => {
            let parts: Vec<String> =
                weights.iter().map(|one| format!(" {}={}", one.metric.as_str(), one.weight)).collect();
            format!("{CARD}{}", parts.concat())
        }
        _ => measure.word().to_owned(),
    }
}

/// The scorecard of a component: the first one that it names; empty where it names none.
fn card(component: &Component) -> &[Weight] {
    let gate = component.gate.iter().map(|condition| &condition.of);
    let named = [&component.measure].into_iter().chain(gate).chain(component.modifier.iter().map(|one| &one.of));
    let cards = named.filter_map(|measure| match measure {
        Measure::Scorecard(weights) => Some(weights.as_slice()),
        _ => None,
    });
    cards.into_iter().next().unwrap_or_default()
}

/// Rows say their unit, so that a number is never read in another one: `100%`, `€10,000.00`, `5`.
fn step(step: &Step, axis: Axis, currency: Currency) -> [String; 3] {
    let from = match axis {
        Axis::Amount => major(step.from, currency),
        Axis::Count => format::field(step.from),
        Axis::Attainment => percent(step.from),
    };
    let pays = match step.pays {
        StepPays::Rate(rate) => percent(rate),
        StepPays::PerUnit(each) => format::money(currency, each),
    };
    [from, pays, step.bonus.map(|bonus| format::money(currency, bonus)).unwrap_or_default()]
}

fn condition(condition: &Condition, card: &[Weight], currency: Currency) -> [String; 4] {
    let edge = |edge: Option<Decimal>| edge.map(|edge| self::edge(&condition.of, edge, currency)).unwrap_or_default();
    let who = if condition.who == Who::Rep { "" } else { condition.who.as_str() };
    [measure(&condition.of, card), edge(condition.at_least), edge(condition.at_most), who.to_owned()]
}

/// A number that a measure is compared with, with its unit.
pub(super) fn edge(of: &Measure, edge: Decimal, currency: Currency) -> String {
    match of.what().unit() {
        _ if of.is_attainment() => percent(edge),
        Unit::Fraction => percent(edge),
        Unit::Money => major(edge, currency),
        Unit::Count => format::field(edge),
    }
}

fn percent(share: Decimal) -> String {
    format!("{}%", rate_plain(share))
}

/// An amount in major units; one that is not whole in the minor unit stays as it is.
fn major(amount: Decimal, currency: Currency) -> String {
    currency.money(amount).map_or_else(|| format::field(amount), |amount| format::money(currency, amount))
}
