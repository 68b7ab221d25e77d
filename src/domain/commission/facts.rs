//! The facts: what one rep did in one period, as far as a plan may pay for it.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use time::Date;

use super::json::{Fault, LARGEST_AMOUNT, Place};
use crate::domain::{
    deal::Stage,
    metric::{Metric, Unit},
    money::Money,
};

/// What one rep did in one measuring period.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// Whose pay it is; the name that credits of deals use.
    pub rep: String,
    /// The measuring period, like `2026-10`.
    pub period: String,
    /// Values of metrics in their own unit ([`Metric::unit`]): counts whole, money in **minor** units, fractions with
    /// at most 12 decimals. `net_sales` is left out where deals are given: it is then their sum.
    pub metrics: BTreeMap<Metric, Decimal>,
    /// Metrics that have no value in this period: growth without a base above zero. They open no gate and pay nothing.
    pub no_value: BTreeSet<Metric>,
    /// Targets and limits, in the same units.
    pub targets: BTreeMap<Metric, Decimal>,
    /// The deals that may pay in this period, in any order; `None` where nothing is known deal by deal.
    pub deals: Option<Vec<Deal>>,
}

/// A deal, or the return of one.
#[derive(Clone, Debug, PartialEq)]
pub struct Deal {
    /// The number that people see; once per list.
    pub number: i64,
    /// Business date of the win; a won deal has one.
    pub booked_on: Option<Date>,
    /// The customer's name or number, for the reader of the statement.
    pub customer: String,
    /// The whole deal, net of tax and discount, whoever is credited; negative on a return.
    pub amount: Money,
    /// How much of it is this rep's.
    pub credit: Credit,
    /// The number of the deal that this one returns.
    pub returns: Option<i64>,
    /// Only won deals pay.
    pub stage: Stage,
    /// Whether somebody confirmed it: only confirmed deals pay.
    pub confirmed: bool,
}

/// How much of a deal is this rep's.
#[derive(Clone, Debug, PartialEq)]
pub enum Credit {
    /// Not said: all of it; of a linked return, as its deal is credited.
    Unstated,
    /// A share between 0 and 1, rounded half away from zero.
    Share(Decimal),
    /// Whole-number parts of several reps, split by largest remainder; ties go to the earlier one.
    Parts(Vec<RepParts>),
    /// The rep's part in money, worked out before (line by line, where a deal has several lines).
    Part(Money),
}

/// One rep's parts of a deal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepParts {
    /// The rep.
    pub rep: String,
    /// Whole parts; his share is these ÷ all.
    pub parts: u32,
}

impl Deal {
    /// A won and confirmed deal that is all this rep's.
    pub fn won(number: i64, booked_on: Date, customer: impl Into<String>, amount: Money) -> Self {
        Self {
            number,
            booked_on: Some(booked_on),
            customer: customer.into(),
            amount,
            credit: Credit::Unstated,
            returns: None,
            stage: Stage::Won,
            confirmed: true,
        }
    }
}

impl Facts {
    /// Everything that is wrong with the facts, with place and remedy.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (key, word) in [("rep", &self.rep), ("period", &self.period)] {
            if word.trim().is_empty() {
                Place::Root.key(key).fault(&mut faults, "this is empty");
            }
        }
        check_values(&self.metrics, "metrics", &mut faults);
        check_values(&self.targets, "targets", &mut faults);
        for metric in &self.no_value {
            let place = Place::Root.key("metrics");
            if metric.unit() != Unit::Fraction {
                place.key(metric.as_str()).fault(&mut faults, "only growth can be without a value: write the number");
            }
        }
        let list = Place::Root.key("deals");
        for (i, deal) in self.deals.iter().flatten().enumerate() {
            deal.check(&list.item(i), &mut faults);
        }
        faults
    }
}

fn check_values(values: &BTreeMap<Metric, Decimal>, key: &str, faults: &mut Vec<Fault>) {
    let place = Place::Root.key(key);
    for (metric, value) in values {
        let here = place.key(metric.as_str());
        if value.abs() > Decimal::from(LARGEST_AMOUNT) {
            here.fault(faults, "the number is beyond the largest amount: check the digits");
        }
        let decimals = value.normalize().scale();
        match metric.unit() {
            Unit::Count if decimals > 0 => here.fault(faults, format!("{value} is no count: counts are whole")),
            Unit::Money if decimals > 0 => here.fault(faults, "the amount is not whole in the minor unit: round it"),
            Unit::Fraction if decimals > 12 => here.fault(faults, "the fraction has more than 12 decimals: round it"),
            _ => {}
        }
    }
}

impl Deal {
    fn check(&self, place: &Place<'_>, faults: &mut Vec<Fault>) {
        if self.amount.0.unsigned_abs() > LARGEST_AMOUNT.unsigned_abs() {
            place.key("amount").fault(faults, "the number is beyond the largest amount: check the digits");
        }
        if self.stage == Stage::Won && self.booked_on.is_none() {
            place.key("booked_on").fault(faults, "a won deal has the date of the win: add it");
        }
        if self.returns.is_some() && self.amount > Money::ZERO {
            place.key("amount").fault(faults, "a return takes back: write its amount with a minus");
        }
        match &self.credit {
            Credit::Share(share) if *share < Decimal::ZERO || *share > Decimal::ONE => {
                place.key("share").fault(faults, format!("{share} is no share of a deal: use 0 to 1"));
            }
            Credit::Share(share) if share.normalize().scale() > 9 => {
                place.key("share").fault(faults, "the share has more than 9 decimals: use credits with whole parts");
            }
            // Lines of both signs, each split by itself, can leave a part larger than the deal: only its size is checked.
            Credit::Part(part) if part.0.unsigned_abs() > LARGEST_AMOUNT.unsigned_abs() => {
                place.key("part").fault(faults, "the number is beyond the largest amount: check the digits");
            }
            Credit::Parts(credits) => {
                if credits.iter().all(|credit| credit.parts == 0) {
                    place.key("credits").fault(faults, "nobody has a part: give at least one rep 1");
                }
                for (i, credit) in credits.iter().enumerate() {
                    if credits.iter().take(i).any(|other| other.rep == credit.rep) {
                        let list = place.key("credits");
                        let message = format!("“{}” is credited twice: add the parts up", credit.rep);
                        list.item(i).key("rep").fault(faults, message);
                    }
                }
            }
            _ => {}
        }
    }
}
