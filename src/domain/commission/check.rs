//! What a plan allows and its author may not have meant: cliffs, accidental caps, conditions that always hold.

use rust_decimal::Decimal;

use super::{
    json::{Fault, Place},
    plan::{Axis, Component, Condition, Curve, Measure, Mode, Plan, Schedule, Step, StepPays, Tiers},
    schedule::rate_of,
    words::{in_minor_units, money, percent, plural},
};
use crate::domain::{
    metric::Metric,
    money::{Currency, Money},
};

/// Warnings about a plan that may pay: each with its place and what it does.
pub fn warnings(plan: &Plan) -> Vec<Fault> {
    let mut warnings = Vec::new();
    let list = Place::Root.key("components");
    for (i, component) in plan.components.iter().enumerate() {
        component.warn(&list.item(i), plan.currency, &mut warnings);
    }
    let list = Place::Root.key("draw");
    for (i, draw) in plan.draw.iter().enumerate() {
        if draw.recoverable && draw.through.is_none() {
            let item = list.item(i);
            let place = if plan.draw.len() == 1 { &list } else { &item };
            place.fault(
                &mut warnings,
                "the draw has no end, so a debt can grow without one: say through which of a rep's periods it is paid",
            );
        }
    }
    let floors: Decimal = plan.components.iter().filter_map(|component| component.floor).map(Money::exact).sum();
    if let Some(cap) = plan.cap.filter(|cap| cap.exact() < floors) {
        let message =
            format!("the plan's cap of {} is below its components' floors together", money(cap, plan.currency));
        Place::Root.key("cap").fault(&mut warnings, message);
    }
    warnings
}

impl Component {
    fn warn(&self, place: &Place<'_>, currency: Currency, warnings: &mut Vec<Fault>) {
        warn_of_weights(&self.measure, &place.key("measure"), warnings);
        let gate = place.key("gate");
        for (i, condition) in self.gate.iter().enumerate() {
            warn_of_weights(&condition.of, &gate.item(i), warnings);
        }
        if let Some(modifier) = &self.modifier {
            warn_of_weights(&modifier.of, &place.key("modifier"), warnings);
        }
        let pays = place.key("pays");
        match &self.pays {
            Schedule::Rate(rate) => warn_of_rate(*rate, &pays.key("rate"), warnings),
            Schedule::Tiers(tiers) => tiers.warn(&pays.key("tiers"), currency, warnings),
            Schedule::Curve(curve) => curve.warn(&pays.key("curve"), currency, warnings),
            Schedule::Bonus(_) if self.gate.is_empty() => {
                pays.key("bonus").fault(warnings, "there is no gate, so the bonus is always paid");
            }
            Schedule::PerUnit(_) | Schedule::Bonus(_) => {}
        }
        if let Some(cap) = self.cap {
            self.warn_of_cap(cap, &place.key("cap"), currency, warnings);
        }
        for (i, condition) in self.gate.iter().enumerate() {
            if let Some(why) = never_holds(condition, self.gate.iter().take(i)) {
                gate.item(i).fault(warnings, format!("{why}, so this never holds and the component never pays"));
            }
            let never_below_zero = condition.of.is_attainment();
            if never_below_zero && condition.at_most.is_none() && condition.at_least == Some(Decimal::ZERO) {
                gate.item(i).fault(warnings, "an attainment is never below zero, so this holds with any target");
            }
        }
    }

    /// Where the cap begins to cut, so that nobody is capped by accident.
    fn warn_of_cap(&self, cap: Money, place: &Place<'_>, currency: Currency, warnings: &mut Vec<Fault>) {
        let cut = money(cap, currency);
        let message = match &self.pays {
            Schedule::Bonus(amount) if *amount > cap => {
                format!("the bonus of {} is never paid in full", money(*amount, currency))
            }
            Schedule::Curve(curve) if curve.on_target > cap => {
                format!("on target it would pay {}, and the cap cuts it to {cut}", money(curve.on_target, currency))
            }
            Schedule::PerUnit(each) if *each > Money::ZERO => {
                let full = (cap.exact() / each.exact()).floor();
                format!("the cap is reached after {full}: the next one pays less or nothing")
            }
            Schedule::Rate(rate) if *rate > Decimal::ZERO => {
                let sales = Money::from_exact(cap.exact() / *rate);
                format!("the cap is reached at {}: what is sold above pays nothing", money(sales, currency))
            }
            _ => return,
        };
        place.fault(warnings, message);
    }
}

/// Why a condition cannot hold, alone or beside an earlier one on the same measure.
fn never_holds<'c>(condition: &Condition, mut earlier: impl Iterator<Item = &'c Condition>) -> Option<String> {
    let above =
        |least: Option<Decimal>, most: Option<Decimal>| least.zip(most).is_some_and(|(least, most)| least > most);
    if earlier.any(|other| {
        other.of == condition.of
            && other.who == condition.who
            && (above(other.at_least, condition.at_most) || above(condition.at_least, other.at_most))
    }) {
        return Some("it contradicts an earlier condition".to_owned());
    }
    match &condition.of {
        Measure::Attainment(metric) if metric.is_limit() && condition.at_least > Some(Decimal::TWO) => {
            Some("on a limit more than 200% is never reached".to_owned())
        }
        // Growth and money can be below zero, and customers won that were undone; visits and losses cannot.
        Measure::Metric(
            metric @ (Metric::Visits
            | Metric::StrangerVisits
            | Metric::Touches
            | Metric::LostCustomers
            | Metric::VisitMinimum
            | Metric::LossRate
            | Metric::TimeOnA
            | Metric::Concentration),
        ) if condition.at_most.is_some_and(|most| most < Decimal::ZERO) => {
            let be = if metric.unit() == crate::domain::metric::Unit::Count { "are" } else { "is" };
            Some(format!("{} {be} never below zero", plural(*metric)))
        }
        _ => None,
    }
}

impl Tiers {
    fn warn(&self, place: &Place<'_>, currency: Currency, warnings: &mut Vec<Fault>) {
        let steps = place.key("steps");
        for (i, (step, next)) in self.steps.iter().zip(self.steps.iter().skip(1)).enumerate() {
            let here = steps.item(i + 1);
            if self.mode == Mode::Whole && rate_of(step) != rate_of(next) {
                here.fault(warnings, self.cliff(step, next, currency));
            } else if rate_of(next).is_zero() && i + 2 == self.steps.len() {
                let edge = self.edge(next, currency);
                here.fault(warnings, format!("from {edge} on nothing more is paid: a cap that nobody may have meant"));
            } else if rate_of(next) < rate_of(step) {
                let edge = self.edge(next, currency);
                here.fault(warnings, format!("from {edge} on each further part pays less than before"));
            }
            if rate_of(step).is_zero() {
                let (from, to) = (self.edge(step, currency), self.edge(next, currency));
                steps.item(i).fault(warnings, format!("from {from} to {to} nothing is paid"));
            }
        }
        for (i, step) in self.steps.iter().enumerate() {
            if let StepPays::Rate(rate) = step.pays {
                warn_of_rate(rate, &steps.item(i).key("rate"), warnings);
            }
        }
    }

    /// What happens at the edge between two steps of which the whole takes one.
    fn cliff(&self, step: &Step, next: &Step, currency: Currency) -> String {
        let edge = self.edge(next, currency);
        let (before, after) = match self.axis {
            Axis::Amount => {
                let reached = in_minor_units(next.from, currency);
                let pays = |step: &Step| currency.show(Money::from_exact(reached * rate_of(step)));
                (pays(step), pays(next))
            }
            Axis::Count => {
                let pays = |step: &Step, count: Decimal| currency.show(Money::from_exact(count * rate_of(step)));
                (pays(step, next.from - Decimal::ONE), pays(next, next.from))
            }
            Axis::Attainment => (percent(rate_of(step)), percent(rate_of(next))),
        };
        let falls = rate_of(next) < rate_of(step);
        let advice = if falls { "so more pays less" } else { "so the last little bit decides" };
        format!("a cliff: just below {edge} the whole pays {before}, there {after}, {advice}; marginal tiers have none")
    }

    fn edge(&self, step: &Step, currency: Currency) -> String {
        match self.axis {
            Axis::Amount => currency.show_exact(in_minor_units(step.from, currency)),
            Axis::Count => format!("number {}", step.from.normalize()),
            Axis::Attainment => format!("{} of the target", percent(step.from)),
        }
    }
}

impl Curve {
    fn warn(&self, place: &Place<'_>, currency: Currency, warnings: &mut Vec<Fault>) {
        let points = place.key("points");
        if let Some(first) = self.points.first()
            && !first.pays.is_zero()
            && !first.at.is_zero()
        {
            let amount = currency.show(self.on_target.times(first.pays));
            let message = format!("a cliff: just below {} it pays nothing, there {amount}", percent(first.at));
            points.item(0).fault(warnings, message);
        }
        for (i, (point, next)) in self.points.iter().zip(self.points.iter().skip(1)).enumerate() {
            if next.pays < point.pays {
                points.item(i + 1).fault(warnings, "it falls: a higher attainment pays less");
            }
        }
        if let Some(last) = self.points.last().filter(|last| last.at <= Decimal::ONE) {
            let place = points.item(self.points.len() - 1);
            let message = format!("above {} nothing more is paid: a cap that nobody may have meant", percent(last.at));
            place.fault(warnings, message);
        }
    }
}

/// A scorecard whose weights are not 100 together: each counts by its share of all of them.
fn warn_of_weights(measure: &Measure, place: &Place<'_>, warnings: &mut Vec<Fault>) {
    let Measure::Scorecard(weights) = measure else { return };
    let sum: Decimal = weights.iter().map(|one| one.weight).sum();
    if sum != Decimal::ONE_HUNDRED {
        let message =
            format!("the weights add up to {}, not to 100: each counts by its share of that", sum.normalize());
        place.key("scorecard").fault(warnings, message);
    }
}

fn warn_of_rate(rate: Decimal, place: &Place<'_>, warnings: &mut Vec<Fault>) {
    if rate >= Decimal::ONE {
        let message = format!("this pays {} of the sales: 3 % is written \"0.03\"", percent(rate));
        place.fault(warnings, message);
    }
}
