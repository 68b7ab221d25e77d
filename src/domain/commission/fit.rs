//! Whether the facts fit the plan: metrics that are missing, net sales that are not the deals', days of other months.

use rust_decimal::Decimal;

use super::{
    counted::{PayingDeals, Waiting, month_of},
    evidence::Evidence,
    facts_node::as_written,
    json::{Fault, Place},
    measure::Measure,
    plan::{Component, CreditKind, MeasuringPeriod, Scope, Who},
};
use crate::domain::{deal::Stage, metric::Metric};

/// What in the facts does not fit the plan.
pub(super) fn unfit(evidence: &Evidence<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for component in &evidence.plan.components {
        missing_metrics(component, evidence, &mut faults);
        missing_deals(component, evidence, &mut faults);
        if component.measure == Measure::Earnings && evidence.facts.team_earnings.is_none() {
            let message = format!("this is missing, and “{}” needs it: add it", component.name);
            Place::Root.key("team_earnings").fault(&mut faults, message);
        }
    }
    other_sum(evidence, &mut faults);
    other_months(evidence, &mut faults);
    let facts = evidence.facts;
    if facts.period_on_plan.is_none() && evidence.plan.draw.iter().any(|draw| draw.through.is_some()) {
        let message = "the draw ends with one of the rep's periods on the plan: say which of them this is, from 1";
        Place::Root.key("period_on_plan").fault(&mut faults, message);
    }
    if facts.period_on_plan.is_none() && !evidence.plan.ramp.is_empty() {
        let message = "the plan's ramp goes by the rep's periods on the plan: say which of them this is, from 1";
        Place::Root.key("period_on_plan").fault(&mut faults, message);
    }
    let list = Place::Root.key("holds");
    for (i, hold) in facts.holds.iter().enumerate() {
        if evidence.plan.components.iter().all(|component| component.name != hold.component) {
            let message = format!("“{}” is no component of the plan: use its name", hold.component);
            list.item(i).key("component").fault(&mut faults, message);
        }
    }
    faults
}

/// The figures that a component looks at, each told once.
fn missing_metrics(component: &Component, evidence: &Evidence<'_>, faults: &mut Vec<Fault>) {
    let facts = evidence.facts;
    let mut need = |metric: Metric, who: Who| {
        let team = Place::Root.key("team");
        let (scope, at) = match who {
            Who::Rep => (Scope::Own, Place::Root.key("metrics")),
            _ if facts.team.is_none() => (Scope::Team, Place::Root.key("metrics")),
            _ => (Scope::Team, team.key("metrics")),
        };
        let place = at.key(metric.as_str());
        let known = evidence.value(scope, metric).is_some() || evidence.known(scope).no_value.contains(&metric);
        if !known && !faults.iter().any(|fault: &Fault| fault.place == place.to_string()) {
            place.fault(faults, format!("this is missing, and “{}” needs it: add it", component.name));
        }
    };
    let mine = if component.scope == Scope::Own { Who::Rep } else { Who::Team };
    let by_deal = component.only.is_some() || component.credit == CreditKind::Overlay;
    if !by_deal {
        component.measure.metrics().into_iter().for_each(|metric| need(metric, mine));
    }
    for condition in component.gate.iter().filter(|condition| condition.who != Who::EveryRep) {
        condition.of.metrics().into_iter().for_each(|metric| need(metric, condition.who));
    }
    if let Some(modifier) = &component.modifier {
        modifier.of.metrics().into_iter().for_each(|metric| need(metric, Who::Rep));
    }
    for condition in component.gate.iter().filter(|condition| condition.who == Who::EveryRep) {
        let place = Place::Root.key("team");
        let list = place.key("reps");
        let Some(team) = &facts.team else {
            if !faults.iter().any(|fault| fault.place == list.to_string()) {
                list.fault(faults, format!("this is missing, and “{}” looks at every rep: add it", component.name));
            }
            continue;
        };
        for (i, member) in team.reps.iter().enumerate().filter(|(_, member)| member.rep != facts.rep) {
            for metric in condition.of.metrics() {
                let known = member.figures.metrics.contains_key(&metric) || member.figures.no_value.contains(&metric);
                let (item, key) = (list.item(i), metric.as_str());
                let values = item.key("metrics");
                let place = values.key(key);
                if !known && !faults.iter().any(|fault| fault.place == place.to_string()) {
                    place.fault(faults, format!("this is missing, and “{}” needs it: add it", component.name));
                }
            }
        }
    }
    if component.year_to_date() {
        for metric in component.measure.metrics().into_iter().filter(|metric| !facts.year_to_date.contains_key(metric))
        {
            let message = format!(
                "this is missing, and “{}” goes by the year: add what it was before this period",
                component.name
            );
            let place = Place::Root.key("year_to_date");
            place.key(metric.as_str()).fault(faults, message);
        }
    }
}

/// What a component has to know of the deals.
fn missing_deals(component: &Component, evidence: &Evidence<'_>, faults: &mut Vec<Fault>) {
    if !component.asks_for_deals() {
        return;
    }
    let Some(counted) = evidence.deals(component.scope, component.credit) else {
        let message = format!("“{}” pays deal by deal: list the deals", component.name);
        Place::Root.key("deals").fault(faults, message);
        return;
    };
    if component.only.is_some_and(|only| only.customer_months.is_some()) {
        unknown_customers(component, counted, evidence, faults);
    }
}

/// Deals whose customer's first sale is asked for and not said.
fn unknown_customers(
    component: &Component,
    counted: &PayingDeals<'_>,
    evidence: &Evidence<'_>,
    faults: &mut Vec<Fault>,
) {
    let list = Place::Root.key("deals");
    let lacking = counted.rows.iter().filter_map(|row| row.root).filter(|root| root.first_sale().is_none());
    for root in lacking.take(TOLD) {
        let deals = evidence.facts.deals.iter().flatten();
        let Some(i) = deals.into_iter().position(|deal| std::ptr::eq(deal, root)) else { continue };
        let item = list.item(i);
        let place = item.key("customer_since");
        if !faults.iter().any(|fault| fault.place == place.to_string()) {
            let message =
                format!("this is missing, and “{}” goes by the months since the first sale: add it", component.name);
            place.fault(faults, message);
        }
    }
}

/// More mistakes of one kind are not told one by one.
const TOLD: usize = 20;

/// Net sales that are given beside deals with another sum. The metric counts deals that wait or are on hold, and returns
/// on their own date; pay does not. Each of these sums may be given; what pays are the deals.
fn other_sum(evidence: &Evidence<'_>, faults: &mut Vec<Fault>) {
    let Some(given) = evidence.facts.metrics.get(&Metric::NetSales) else { return };
    let Some(counted) = evidence.deals(Scope::Own, CreditKind::Split).filter(|_| evidence.lists(Scope::Own)) else {
        return;
    };
    let sum = |some: &[Waiting<'_>]| some.iter().map(|one| i128::from(one.part.0)).sum::<i128>();
    let (pays, waiting, held) = (counted.net(), sum(&counted.waiting), sum(&counted.held));
    let all = pays + waiting + held;
    let by_date = all + sum(&counted.elsewhere);
    let sums = [pays, pays + waiting, pays + held, all, by_date, by_date - counted.later(&evidence.facts.period)];
    if sums.iter().any(|sum| Decimal::try_from_i128_with_scale(*sum, 0).is_ok_and(|sum| sum == *given)) {
        return;
    }
    let written = |minor| as_written(Metric::NetSales, minor, evidence.currency());
    let net = |sum| Decimal::try_from_i128_with_scale(sum, 0).map(written).unwrap_or_default();
    let others = if all == pays { String::new() } else { format!(" (with those that wait, {})", net(all)) };
    let message =
        format!("{} is given, and the deals that pay add up to {}{others}: leave it out", written(*given), net(pays));
    let metrics = Place::Root.key("metrics");
    metrics.key("net_sales").fault(faults, message);
}

/// A monthly plan pays the deals of its month, and no others.
fn other_months(evidence: &Evidence<'_>, faults: &mut Vec<Fault>) {
    let month = &evidence.facts.period;
    let Some(of_plan) = month_of(month).filter(|_| evidence.plan.period == MeasuringPeriod::Month) else { return };
    let list = Place::Root.key("deals");
    for (i, deal) in evidence.facts.deals.iter().flatten().enumerate() {
        // A return is taken back with its deal, whenever it came, and what was not won pays in no month.
        let asked = deal.returns.is_none() && deal.stage == Stage::Won;
        let Some(booked_on) = deal.booked_on.filter(|_| asked) else { continue };
        if (booked_on.year(), u8::from(booked_on.month())) != of_plan {
            let place = list.item(i);
            let message = format!("{booked_on} does not lie in {month}: leave deals of other periods out");
            place.key("booked_on").fault(faults, message);
        }
    }
}
