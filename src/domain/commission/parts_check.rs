//! The rules of what a component is made of: measures, filters, tables and conditions.

use rust_decimal::Decimal;

use super::{
    json::{Fault, LARGEST_AMOUNT, Place},
    plan::{Axis, Condition, Curve, Measure, Modifier, Only, Per, StepPays, Tiers, Weight},
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
/// The largest weight in a scorecard: what counts is its share of all of them.
const MAX_WEIGHT: i64 = 1_000;
/// The most months that a filter asks for: a hundred years.
const MAX_MONTHS: u32 = 1_200;

impl Measure {
    pub(super) fn is_money(&self) -> bool {
        matches!(self, Self::Metric(_) | Self::Earnings) && self.what().unit() == Unit::Money
    }

    pub(super) fn is_count(&self) -> bool {
        matches!(self, Self::Metric(_) | Self::Deals) && self.what().unit() == Unit::Count
    }

    pub(super) fn check(&self, place: &Place<'_>, faults: &mut Vec<Fault>) {
        let Self::Scorecard(weights) = self else { return };
        let list = place.key("scorecard");
        if weights.is_empty() {
            list.fault(faults, "give at least one metric with its weight");
            return;
        }
        for (i, Weight { metric, weight }) in weights.iter().enumerate() {
            let here = list.item(i);
            let scale = weight.normalize().scale();
            if *weight <= Decimal::ZERO || *weight > Decimal::from(MAX_WEIGHT) || scale > MAX_DECIMALS {
                here.key("weight").fault(faults, format!("{weight} is no weight: use a number above 0, like \"60\""));
            }
            if weights.iter().take(i).any(|other| other.metric == *metric) {
                let message = format!("{} stands in the scorecard twice: add the weights up", metric.as_str());
                here.key("metric").fault(faults, message);
            }
        }
    }
}

impl Only {
    pub(super) fn check(&self, place: &Place<'_>, faults: &mut Vec<Fault>) {
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
    pub(super) fn check(&self, place: &Place<'_>, faults: &mut Vec<Fault>) {
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
    pub(super) fn check(&self, measure: &Measure, place: &Place<'_>, faults: &mut Vec<Fault>) {
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
    pub(super) fn check(&self, place: &Place<'_>, faults: &mut Vec<Fault>) {
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
    pub(super) fn check(&self, place: &Place<'_>, faults: &mut Vec<Fault>) {
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

pub(super) fn check_amount(amount: Money, place: &Place<'_>, faults: &mut Vec<Fault>) {
    if amount < Money::ZERO {
        place.fault(faults, "a plan does not pay less than nothing: use 0 or more");
    }
}

pub(super) fn check_ratio(ratio: Decimal, place: &Place<'_>, faults: &mut Vec<Fault>) {
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
