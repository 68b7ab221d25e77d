//! True-up: at the end of a longer period its components pay what the longer period as a whole is worth beyond its parts.

use rust_decimal::Decimal;

use super::{
    evaluate::{evidence, line},
    evidence::Evidence,
    exact::TooLarge,
    facts::{Facts, TrueUp},
    json::{Fault, Refused},
    plan::{Axis, Component, Condition, Factor, Measure, MeasuringPeriod, Plan, Schedule},
    statement::{Amount, Line, LineKind},
    words::money,
};
use crate::domain::{metric::Unit, money::Money};

/// The plan of the longer period: what the plan says of one of its measuring periods, so many times over.
pub(super) struct TrueUps<'a> {
    longer: &'a TrueUp,
    /// The components that are trued up, each with its place in the plan.
    plan: Plan,
    places: Vec<usize>,
}

/// The longer period with its facts, checked.
pub(super) struct Longer<'a> {
    of: &'a TrueUps<'a>,
    evidence: Evidence<'a>,
}

impl<'a> TrueUps<'a> {
    /// None where the facts have no longer period, or the plan trues nothing up.
    pub(super) fn of(plan: &Plan, facts: &'a Facts) -> Result<Option<Self>, Refused> {
        let Some(longer) = &facts.true_up else { return Ok(None) };
        let trued = || plan.components.iter().enumerate().filter(|(_, component)| component.true_up.is_some());
        let mut components = Vec::new();
        let mut faults = Vec::new();
        for (_, component) in trued() {
            let usual = component.true_up.and_then(|period| plan.period.in_one(period)).unwrap_or(1);
            let periods = longer.periods.unwrap_or(usual);
            if periods > usual {
                let message = format!("{periods} is more than the {usual} that lie in it");
                faults.push(Fault { place: "true_up.periods".to_owned(), message });
            }
            components.push(component.times(periods));
            if !longer.paid.contains_key(&component.name) {
                let message = "this is missing: say what it paid in the earlier periods, \"0\" if nothing".to_owned();
                faults.push(Fault { place: format!("true_up.paid.{}", component.name), message });
            }
        }
        for name in longer.paid.keys() {
            if !plan.components.iter().any(|component| component.name == *name && component.true_up.is_some()) {
                let message = "no component of this name is trued up: leave it out".to_owned();
                faults.push(Fault { place: format!("true_up.paid.{name}"), message });
            }
        }
        if !faults.is_empty() {
            return Err(Refused(faults));
        }
        if components.is_empty() {
            return Ok(None);
        }
        // The plan measures months: the facts of a quarter hold deals of all of them.
        let plan = Plan::new(plan.name.clone(), plan.currency, MeasuringPeriod::Year, components);
        Ok(Some(Self { longer, plan, places: trued().map(|(i, _)| i).collect() }))
    }

    pub(super) fn evidence(&'a self) -> Result<Longer<'a>, Refused> {
        let evidence = evidence(&self.plan, &self.longer.facts);
        let evidence = evidence.map_err(|Refused(faults)| {
            let inside = |fault: Fault| Fault { place: format!("true_up.{}", fault.place), ..fault };
            Refused(faults.into_iter().map(inside).collect())
        })?;
        Ok(Longer { of: self, evidence })
    }
}

impl Longer<'_> {
    /// The true-up of the component at this place, which paid so much in this period.
    pub(super) fn line(
        &self,
        place: usize,
        component: &Component,
        paid: Money,
        this: &Evidence<'_>,
    ) -> Result<Option<Line>, TooLarge> {
        let at = self.of.places.iter().position(|i| *i == place);
        let Some(longer) = at.and_then(|at| self.of.plan.components.get(at)) else { return Ok(None) };
        let currency = this.currency();
        let mut line = line(longer, &self.evidence)?;
        let before = self.of.longer.paid.get(&component.name).copied().unwrap_or_default();
        let parts = Money(before.0.checked_add(paid.0).ok_or(TooLarge)?);
        let whole = line.amount.money;
        // A component on hold waits with its true-up.
        let held = this.facts.holds.iter().any(|hold| hold.component == component.name);
        let change = if held { Money::ZERO } else { Money(whole.0.checked_sub(parts.0).ok_or(TooLarge)?) };
        let words = |amount| money(amount, currency);
        let period = &self.of.longer.facts.period;
        let note = format!(
            "{period} as a whole pays {}; its parts paid {} (this one {}), so the true-up is {}.",
            words(whole),
            words(parts),
            words(paid),
            words(change),
        );
        component.name.clone_into(&mut line.component);
        line.kind = LineKind::TrueUp;
        line.period = Some(period.clone());
        line.amount = Amount::new(change, currency);
        line.old = Some(Amount::new(parts, currency));
        line.new = Some(Amount::new(whole, currency));
        line.held = None;
        line.records = vec![super::statement::Record::of(line.amount)];
        line.text = format!("{} {note}", line.text);
        line.notes.push(note);
        Ok(Some(line))
    }
}

impl Component {
    /// The component of a period that is so many times as long: amounts, and edges of amounts and counts, are that
    /// many times as large; rates and shares stay.
    fn times(&self, periods: u32) -> Self {
        let times = |amount: Money| Money(amount.0.saturating_mul(i64::from(periods)));
        let by = Decimal::from(periods);
        let edge = |of: &Measure, edge: Decimal| {
            let adds_up = !of.is_attainment() && of.what().unit() != Unit::Fraction;
            if adds_up { edge.saturating_mul(by) } else { edge }
        };
        let mut longer = Self { true_up: None, ..self.clone() };
        longer.cap = self.cap.map(times);
        longer.floor = self.floor.map(times);
        match &mut longer.pays {
            Schedule::Curve(curve) => curve.on_target = times(curve.on_target),
            Schedule::Tiers(tiers) => {
                for step in &mut tiers.steps {
                    step.bonus = step.bonus.map(times);
                    if tiers.axis != Axis::Attainment {
                        step.from = step.from.saturating_mul(by);
                    }
                }
            }
            Schedule::Bonus(amount) => *amount = times(*amount),
            Schedule::Rate(_) | Schedule::PerUnit(_) => {}
        }
        for Condition { of, at_least, at_most, .. } in &mut longer.gate {
            *at_least = at_least.map(|value| edge(of, value));
            *at_most = at_most.map(|value| edge(of, value));
        }
        if let Some(modifier) = &mut longer.modifier {
            for Factor { from, .. } in &mut modifier.steps {
                *from = edge(&modifier.of, *from);
            }
        }
        longer
    }
}
