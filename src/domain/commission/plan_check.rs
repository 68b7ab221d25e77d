//! The rules that every plan obeys before it may pay anybody: each broken one with its place and a remedy.

use rust_decimal::Decimal;

use super::{
    json::{Fault, Place},
    parts_check::{check_amount, check_ratio},
    plan::{Component, CreditKind, Draw, MOST_COMPONENTS, MOST_ROWS, Measure, MeasuringPeriod, Plan, Schedule, Scope},
};
use crate::domain::{metric::Metric, money::Money};

/// The most days after which what was paid is taken back: ten years.
const MAX_DAYS: u32 = 3_650;
/// The most days of a plan that is saved: locked periods are looked at again for 24 months.
const DAYS_LOOKED_AT: u32 = 730;

impl Plan {
    /// Everything that is wrong with the plan, with place and remedy; a plan with a fault pays nobody.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        self.check_own(&mut faults);
        let list = Place::Root.key("components");
        for (i, component) in self.components.iter().enumerate() {
            component.check(self.period, &list.item(i), &mut faults);
        }
        faults
    }

    /// Where it is larger, or reaches further back, than a plan that is saved may, also by a second longer period that it is
    /// made up for: the facts of a run hold one. One that is there already pays all the same, so that its statements can be
    /// verified.
    pub fn oversize(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let list = Place::Root.key("components");
        let mut longer = self.components.iter().enumerate().filter_map(|(i, one)| Some((i, &one.name, one.true_up?)));
        if let Some((_, name, first)) = longer.next()
            && let Some((i, ..)) = longer.find(|(_, _, other)| *other != first)
        {
            let first = first.as_str();
            let message = format!(
                "“{name}” is made up at the end of the {first}, and a plan knows one such period: choose the {first} here, \
                 too, or leave it out"
            );
            list.item(i).key("true_up").fault(&mut faults, message);
        }
        check_number(self.components.len(), MOST_COMPONENTS, "components", &list, &mut faults);
        check_number(self.draw.len(), MOST_ROWS, "draws", &Place::Root.key("draw"), &mut faults);
        check_number(self.ramp.len(), MOST_ROWS, "steps", &Place::Root.key("ramp"), &mut faults);
        for (i, component) in self.components.iter().enumerate() {
            let place = list.item(i);
            let pays = place.key("pays");
            match &component.pays {
                Schedule::Tiers(tiers) => {
                    let table = pays.key("tiers");
                    check_number(tiers.steps.len(), MOST_ROWS, "steps", &table.key("steps"), &mut faults);
                }
                Schedule::Curve(curve) => {
                    let table = pays.key("curve");
                    check_number(curve.points.len(), MOST_ROWS, "points", &table.key("points"), &mut faults);
                }
                Schedule::Rate(_) | Schedule::PerUnit(_) | Schedule::Bonus(_) => {}
            }
            check_number(component.gate.len(), MOST_ROWS, "conditions", &place.key("gate"), &mut faults);
            if component.clawback_days.is_some_and(|days| (DAYS_LOOKED_AT + 1..=MAX_DAYS).contains(&days)) {
                let message = format!(
                    "what was paid is looked at again for two years, and a later loss would take nothing back: use at most {DAYS_LOOKED_AT}"
                );
                place.key("clawback_days").fault(&mut faults, message);
            }
            if let Some(modifier) = &component.modifier {
                check_number(modifier.steps.len(), MOST_ROWS, "steps", &place.key("modifier"), &mut faults);
            }
        }
        faults
    }

    /// The rules of the plan itself; those of its components are checked apart.
    pub(super) fn check_own(&self, faults: &mut Vec<Fault>) {
        if self.name.trim().is_empty() {
            Place::Root.key("name").fault(faults, "the plan needs a name");
        }
        check_limits(self.floor, self.cap, &Place::Root, faults);
        self.check_draw(faults);
        if let Some(share) = self.recovery_cap.filter(|share| *share < Decimal::ZERO || *share > Decimal::ONE) {
            let message = format!("{share} is no share of what is earned: use 0 to 1, and \"0.5\" for 50 %");
            Place::Root.key("recovery_cap").fault(faults, message);
        }
        self.check_ramp(faults);
        let list = Place::Root.key("components");
        if self.components.is_empty() {
            list.fault(faults, "the plan pays nothing: give it at least one component");
        }
        for (i, component) in self.components.iter().enumerate() {
            if self.components.iter().take(i).any(|other| other.name == component.name) {
                let place = list.item(i);
                let message = format!("“{}” is the name of an earlier component: give each its own", component.name);
                place.key("name").fault(faults, message);
            }
        }
    }
}

impl Plan {
    fn check_ramp(&self, faults: &mut Vec<Fault>) {
        let list = Place::Root.key("ramp");
        for (i, share) in self.ramp.iter().enumerate() {
            if *share <= Decimal::ZERO || *share > Decimal::ONE {
                list.item(i).fault(faults, format!("{share} is no share of a target: use more than 0 and at most 1"));
            } else {
                check_ratio(*share, &list.item(i), faults);
            }
        }
        if self.ramp.is_empty() {
            return;
        }
        let longer = |one: &&Component| one.true_up.is_some() || (one.year_to_date() && one.pays.climbs_attainment());
        if let Some(component) = self.components.iter().find(longer) {
            let message = format!(
                "a ramp is of each period's target, and “{}” follows that of a quarter or year: leave one of them out",
                component.name
            );
            list.fault(faults, message);
        }
    }

    fn check_draw(&self, faults: &mut Vec<Fault>) {
        let list = Place::Root.key("draw");
        let mut before: Option<&Draw> = None;
        for (i, draw) in self.draw.iter().enumerate() {
            let item = list.item(i);
            let here = if self.draw.len() == 1 { &list } else { &item };
            check_amount(draw.amount, &here.key("amount"), faults);
            if draw.through == Some(0) {
                here.key("through").fault(faults, "the rep's first period on the plan is 1: count from there");
            }
            match before.map(|before| before.through) {
                Some(None) => here.fault(faults, "the draw before it has no end: say through which period it is paid"),
                Some(last) if draw.through.is_some() && draw.through <= last => {
                    here.key("through").fault(faults, "the draws must follow each other: this ends before it begins");
                }
                _ => {}
            }
            before = Some(draw);
        }
    }
}

impl Component {
    /// How many rows its longest list has: steps, points or conditions.
    pub fn rows(&self) -> usize {
        let table = match &self.pays {
            Schedule::Tiers(tiers) => tiers.steps.len(),
            Schedule::Curve(curve) => curve.points.len(),
            Schedule::Rate(_) | Schedule::PerUnit(_) | Schedule::Bonus(_) => 0,
        };
        table.max(self.gate.len())
    }

    /// The rules of one component of a plan with such measuring periods.
    pub(super) fn check(&self, period: MeasuringPeriod, place: &Place<'_>, faults: &mut Vec<Fault>) {
        if self.name.trim().is_empty() {
            place.key("name").fault(faults, "the component needs a name");
        }
        check_limits(self.floor, self.cap, place, faults);
        self.measure.check(&place.key("measure"), faults);
        let pays = place.key("pays");
        match &self.pays {
            Schedule::Rate(rate) => {
                let place = pays.key("rate");
                check_ratio(*rate, &place, faults);
                if !self.measure.is_money() {
                    place.fault(faults, "a rate is a share of money: measure net_sales, or pay per_unit, tiers over attainment or a curve");
                }
            }
            Schedule::PerUnit(amount) => {
                let place = pays.key("per_unit");
                check_amount(*amount, &place, faults);
                if !self.measure.is_count() {
                    place.fault(
                        faults,
                        "per_unit pays for each one of a count: measure a count like visits, or pay a rate or a curve",
                    );
                }
            }
            Schedule::Tiers(tiers) => tiers.check(&self.measure, &pays.key("tiers"), faults),
            Schedule::Curve(curve) => {
                if matches!(self.measure, Measure::Deals | Measure::Earnings) {
                    pays.key("curve").fault(faults, "a curve follows an attainment, and this has no target: measure a metric, or pay a rate, per_unit or tiers");
                }
                curve.check(&pays.key("curve"), faults);
            }
            Schedule::Bonus(amount) => check_amount(*amount, &pays.key("bonus"), faults),
        }
        let gate = place.key("gate");
        for (i, condition) in self.gate.iter().enumerate() {
            condition.check(&gate.item(i), faults);
        }
        if let Some(modifier) = &self.modifier {
            modifier.check(&place.key("modifier"), faults);
        }
        self.check_deals(place, faults);
        self.check_times(period, place, faults);
    }

    /// What is about deals: whose, which credits, which of them.
    fn check_deals(&self, place: &Place<'_>, faults: &mut Vec<Fault>) {
        let by_deal = matches!(self.measure, Measure::Metric(Metric::NetSales) | Measure::Deals);
        let attained = self.measure.is_attainment() || self.pays.climbs_attainment();
        if let Some(only) = &self.only {
            let place = place.key("only");
            only.check(&place, faults);
            if !by_deal {
                place.fault(
                    faults,
                    "only net_sales and deals are known deal by deal: measure one of them, or leave this out",
                );
            } else if attained {
                place.fault(faults, "a target is for all deals, not for some of them: leave this out, or pay a rate or tiers over amount");
            }
        }
        if self.credit == CreditKind::Overlay && (!by_deal || attained) {
            place.key("credit").fault(faults, "overlay credits are of deals and have no target: measure net_sales or deals, by a rate, per_unit or tiers over amount or count");
        }
        if self.measure == Measure::Earnings && self.scope == Scope::Own {
            place.key("scope").fault(faults, "earnings are those of the team: write \"team\"");
        }
        let new_customers = match (&self.measure, &self.only) {
            (Measure::Metric(Metric::NewCustomers), _) => true,
            (Measure::Deals | Measure::Metric(Metric::NetSales), Some(only)) => only.new_customer == Some(true),
            _ => false,
        };
        if let Some(days) = self.clawback_days {
            let place = place.key("clawback_days");
            if !new_customers {
                place.fault(faults, "only pay for new customers is taken back with them: measure new_customers, or deals with only new_customer");
            } else if !(1..=MAX_DAYS).contains(&days) {
                place.fault(faults, format!("{days} days are not possible: use 1 to {MAX_DAYS}"));
            }
        }
    }

    /// What is about longer periods: the year to date, and the true-up.
    fn check_times(&self, period: MeasuringPeriod, place: &Place<'_>, faults: &mut Vec<Fault>) {
        if self.year_to_date() {
            let place = place.key("pays");
            let place = place.key("tiers");
            let place = place.key("per");
            if period == MeasuringPeriod::Year {
                place.fault(faults, "the plan is measured by the year: use \"period\"");
            }
            if self.scope == Scope::Team || self.only.is_some() || self.credit == CreditKind::Overlay {
                place.fault(faults, "only the rep's own figures are known of the year to date: use \"period\"");
            }
        }
        let Some(longer) = self.true_up else { return };
        let place = place.key("true_up");
        if period.in_one(longer).is_none() {
            let message =
                format!("a {} is not longer than the plan's {}: leave this out", longer.as_str(), period.as_str());
            place.fault(faults, message);
        }
        if !self.pays.climbs_attainment() || self.year_to_date() || self.scope == Scope::Team {
            place.fault(faults, "only what follows the attainment of the rep's own target is trued up: pay tiers over attainment by the period, or a curve");
        }
    }
}

fn check_number(number: usize, most: usize, what: &str, place: &Place<'_>, faults: &mut Vec<Fault>) {
    if number > most {
        place.fault(faults, format!("{number} {what} are too many: at most {most} are possible"));
    }
}

fn check_limits(floor: Option<Money>, cap: Option<Money>, place: &Place<'_>, faults: &mut Vec<Fault>) {
    if cap.is_some_and(|cap| cap < Money::ZERO) {
        place.key("cap").fault(faults, "a cap is zero or more: a cap does not touch a negative amount");
    }
    if let (Some(floor), Some(cap)) = (floor, cap)
        && floor > cap
    {
        place.key("floor").fault(faults, "the floor lies above the cap: lower it, or raise the cap");
    }
}
