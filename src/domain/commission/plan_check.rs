//! The rules that every plan obeys before it may pay anybody: each broken one with its place and a remedy.

use rust_decimal::Decimal;

use super::{
    json::{Fault, LARGEST_AMOUNT, Place},
    plan::{
        Axis, Component, Condition, CreditKind, Curve, Draw, MOST_COMPONENTS, MOST_ROWS, Measure, MeasuringPeriod,
        Modifier, Only, Per, Plan, Schedule, Scope, StepPays, Tiers, Weight,
    },
};
use crate::domain::{
    metric::{Metric, Unit},
    money::Money,
};

/// Rates, edges and shares have at most so many decimals: what is larger than any plan needs, and small enough that
/// every product stays exact in 128 bits.
const MAX_DECIMALS: u32 = 9;
/// Rates, edges of attainment and shares stay below this: 100,000 %.
const MAX_RATIO: i64 = 1_000;
/// The most days after which what was paid is taken back: ten years.
const MAX_DAYS: u32 = 3_650;
/// The most months that a filter asks for: a hundred years.
const MAX_MONTHS: u32 = 1_200;

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

    /// Where it is larger than a plan that is saved may be. One that is there already pays all the same.
    pub fn oversize(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let list = Place::Root.key("components");
        check_number(self.components.len(), MOST_COMPONENTS, "components", &list, &mut faults);
        check_number(self.draw.len(), MOST_ROWS, "draws", &Place::Root.key("draw"), &mut faults);
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

impl Measure {
    fn is_money(&self) -> bool {
        matches!(self, Self::Metric(_) | Self::Earnings) && self.what().unit() == Unit::Money
    }

    fn is_count(&self) -> bool {
        matches!(self, Self::Metric(_) | Self::Deals) && self.what().unit() == Unit::Count
    }

    fn check(&self, place: &Place<'_>, faults: &mut Vec<Fault>) {
        let Self::Scorecard(weights) = self else { return };
        let list = place.key("scorecard");
        if weights.is_empty() {
            list.fault(faults, "give at least one metric with its weight");
            return;
        }
        let before = faults.len();
        for (i, Weight { metric, weight }) in weights.iter().enumerate() {
            let here = list.item(i);
            if *weight <= Decimal::ZERO || weight.normalize().scale() > MAX_DECIMALS {
                here.key("weight").fault(faults, format!("{weight} is no weight: use a number above 0, like \"60\""));
            }
            if weights.iter().take(i).any(|other| other.metric == *metric) {
                let message = format!("{} stands in the scorecard twice: add the weights up", metric.as_str());
                here.key("metric").fault(faults, message);
            }
        }
        let sum = weights.iter().fold(Decimal::ZERO, |sum, one| sum.saturating_add(one.weight));
        if faults.len() == before && sum != Decimal::ONE_HUNDRED {
            list.fault(faults, format!("the weights add up to {}: make it 100", sum.normalize()));
        }
    }
}

impl Only {
    fn check(&self, place: &Place<'_>, faults: &mut Vec<Fault>) {
        if *self == Self::default() {
            place.fault(
                faults,
                "it says nothing: give customer_months, booked, new_customer or cross_sell, or leave it out",
            );
        }
        if let Some(months) = self.customer_months {
            let place = place.key("customer_months");
            if months.below.is_some_and(|below| below <= months.from) {
                place.fault(faults, "no month lies from the one to below the other: change one of them");
            } else if months.from > MAX_MONTHS || months.below.is_some_and(|below| below > MAX_MONTHS) {
                place.fault(faults, format!("at most {MAX_MONTHS} months are possible"));
            }
        }
        if let Some(days) = self.booked {
            let place = place.key("booked");
            match (days.from, days.through) {
                (None, None) => place.fault(faults, "say from or through which day, or leave it out"),
                (Some(from), Some(through)) if through < from => {
                    place.fault(faults, format!("{through} lies before {from}: put them in order"));
                }
                _ => {}
            }
        }
    }
}

impl Modifier {
    fn check(&self, place: &Place<'_>, faults: &mut Vec<Fault>) {
        self.of.check(place, faults);
        let steps = place.key("steps");
        if self.steps.is_empty() {
            steps.fault(faults, "give at least one step, the first from \"0\"");
        }
        for (i, step) in self.steps.iter().enumerate() {
            let here = steps.item(i);
            check_ratio(step.times, &here.key("times"), faults);
            let from = here.key("from");
            match i.checked_sub(1).and_then(|before| self.steps.get(before)) {
                None if step.from > Decimal::ZERO => {
                    from.fault(faults, format!("the first step starts from 0: say what holds below {}", step.from));
                }
                Some(before) => check_edge(step.from, Some(before.from), &from, faults),
                None => {}
            }
            check_number_of(&self.of, step.from, &from, faults);
        }
    }
}

impl Tiers {
    fn check(&self, measure: &Measure, place: &Place<'_>, faults: &mut Vec<Fault>) {
        let unit = measure.what().unit();
        let axis = place.key("axis");
        // Steps that pay nothing but bonuses fit whatever has a target.
        let only_bonuses =
            self.steps.iter().all(|step| step.pays == StepPays::Rate(Decimal::ZERO) && step.bonus.is_some());
        match self.axis {
            Axis::Amount if !measure.is_money() => {
                axis.fault(
                    faults,
                    "the axis amount is for a measure in money: measure net_sales, or use count or a curve",
                );
            }
            Axis::Count if !measure.is_count() => {
                axis.fault(faults, "the axis count is for a measure that is counted: measure new_customers, or use amount or attainment");
            }
            Axis::Attainment if measure.metric().is_none() && !matches!(measure, Measure::Scorecard(_)) => {
                axis.fault(faults, "this has no target: measure a metric, or use amount or count");
            }
            Axis::Attainment if unit != Unit::Money && !only_bonuses => {
                axis.fault(
                    faults,
                    "tiers over attainment take a share of money: measure net_sales, or pay this measure by a curve",
                );
            }
            _ => {}
        }
        if self.per == Per::Deal {
            if self.axis != Axis::Amount {
                place.key("per").fault(faults, "only tiers over amount can be climbed by each deal: use \"period\"");
            } else if measure.metric() != Some(Metric::NetSales) {
                place.key("per").fault(faults, "only net_sales is known deal by deal: use \"period\"");
            }
        }
        if self.per == Per::YearToDate && (measure.metric().is_none() || !matches!(unit, Unit::Money | Unit::Count)) {
            place.key("per").fault(faults, "only amounts and counts add up over the year: use \"period\"");
        } else if self.per == Per::YearToDate && self.axis == Axis::Attainment && unit != Unit::Money {
            place.key("per").fault(faults, "over the year only money is paid by its attainment: use \"period\"");
        }
        let steps = place.key("steps");
        if self.steps.is_empty() {
            steps.fault(faults, "give at least one step, the first from \"0\"");
        }
        for (i, step) in self.steps.iter().enumerate() {
            let here = steps.item(i);
            let before = i.checked_sub(1).and_then(|before| self.steps.get(before));
            check_edge(step.from, before.map(|step| step.from), &here.key("from"), faults);
            match self.axis {
                Axis::Count if !step.from.fract().is_zero() => {
                    here.key("from").fault(faults, "counts are whole: write the number of the first one, like \"5\"");
                }
                Axis::Attainment => check_ratio(step.from, &here.key("from"), faults),
                _ if step.from.abs() > Decimal::from(LARGEST_AMOUNT) || step.from.normalize().scale() > 3 => {
                    here.key("from").fault(faults, "the edge is no amount: check the digits");
                }
                _ => {}
            }
            match (step.pays, self.axis) {
                (StepPays::Rate(_), Axis::Count) => {
                    here.key("rate").fault(faults, "steps over a count pay an amount for each: write \"per_unit\"");
                }
                (StepPays::Rate(rate), _) => check_ratio(rate, &here.key("rate"), faults),
                (StepPays::PerUnit(amount), Axis::Count) => check_amount(amount, &here.key("per_unit"), faults),
                (StepPays::PerUnit(_), _) => {
                    here.key("per_unit").fault(faults, "steps over money pay a share of it: write \"rate\"");
                }
            }
            if let Some(bonus) = step.bonus {
                let place = here.key("bonus");
                check_amount(bonus, &place, faults);
                if step.from.is_zero() && bonus > Money::ZERO {
                    place.fault(faults, "everybody reaches 0: pay a bonus from a later step on");
                }
            }
        }
    }
}

impl Curve {
    fn check(&self, place: &Place<'_>, faults: &mut Vec<Fault>) {
        check_amount(self.on_target, &place.key("on_target"), faults);
        let points = place.key("points");
        if self.points.is_empty() {
            points.fault(faults, "give at least one point, like {\"at\": \"1\", \"pays\": \"1\"}");
        }
        for (i, point) in self.points.iter().enumerate() {
            let here = points.item(i);
            check_ratio(point.at, &here.key("at"), faults);
            check_ratio(point.pays, &here.key("pays"), faults);
            let before = i.checked_sub(1).and_then(|before| self.points.get(before));
            if before.is_some_and(|before| point.at <= before.at) {
                here.key("at")
                    .fault(faults, format!("the points must ascend: {} does not lie above the one before", point.at));
            }
        }
    }
}

impl Condition {
    fn check(&self, place: &Place<'_>, faults: &mut Vec<Fault>) {
        match (self.at_least, self.at_most) {
            (None, None) => place.fault(faults, "the condition has no edge: give at_least or at_most"),
            (Some(least), Some(most)) if least > most => {
                place.fault(faults, "at_least lies above at_most, so this can never hold: change one of them");
            }
            _ => {}
        }
        self.of.check(place, faults);
        for (key, edge) in [("at_least", self.at_least), ("at_most", self.at_most)] {
            if let Some(edge) = edge {
                check_number_of(&self.of, edge, &place.key(key), faults);
            }
        }
    }
}

/// A number that a measure is compared with.
fn check_number_of(of: &Measure, edge: Decimal, place: &Place<'_>, faults: &mut Vec<Fault>) {
    let decimals = edge.normalize().scale();
    if of.is_attainment() {
        check_ratio(edge, place, faults);
    } else if edge.abs() > Decimal::from(LARGEST_AMOUNT) || decimals > MAX_DECIMALS {
        place.fault(faults, format!("at most {MAX_DECIMALS} decimals, and no larger than an amount"));
    } else if of.what().unit() == Unit::Count && decimals > 0 {
        place.fault(faults, "a count is whole: leave the decimals out");
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

fn check_amount(amount: Money, place: &Place<'_>, faults: &mut Vec<Fault>) {
    if amount < Money::ZERO {
        place.fault(faults, "a plan does not pay less than nothing: use 0 or more");
    }
}

fn check_ratio(ratio: Decimal, place: &Place<'_>, faults: &mut Vec<Fault>) {
    if ratio < Decimal::ZERO {
        place.fault(faults, format!("{ratio} is below zero: use 0 or more"));
    } else if ratio >= Decimal::from(MAX_RATIO) {
        place.fault(faults, format!("{ratio} is a share, and 1 is 100 %: write 3 % as \"0.03\""));
    } else if ratio.normalize().scale() > MAX_DECIMALS {
        place.fault(faults, format!("{ratio} has more than {MAX_DECIMALS} decimals: round it"));
    }
}

fn check_edge(from: Decimal, before: Option<Decimal>, place: &Place<'_>, faults: &mut Vec<Fault>) {
    match before {
        None if !from.is_zero() => {
            place.fault(
                faults,
                format!("the first step starts from 0: what lies below {from} would silently pay nothing"),
            );
        }
        Some(before) if from == before => {
            place.fault(faults, format!("two steps start from {from}, so they overlap: keep one of them"));
        }
        Some(before) if from < before => {
            place.fault(faults, format!("the steps must ascend: {from} comes after {before}; put them in order"));
        }
        _ => {}
    }
}
