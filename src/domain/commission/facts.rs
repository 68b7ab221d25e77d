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
    /// Metrics that have no value in this period: growth without a base above zero, shares of nothing. They open no gate and pay nothing.
    pub no_value: BTreeSet<Metric>,
    /// Targets and limits, in the same units.
    pub targets: BTreeMap<Metric, Decimal>,
    /// The deals that may pay in this period, in any order; `None` where nothing is known deal by deal.
    pub deals: Option<Vec<Deal>>,
    /// What the fiscal year gave before this period, in the metrics' own units.
    pub year_to_date: BTreeMap<Metric, Decimal>,
    /// The targets of the whole fiscal year; where nothing is said of them, `targets` are taken for them.
    pub year_targets: Option<BTreeMap<Metric, Decimal>>,
    /// Which of the rep's periods on the plan this is, from 1: draws that end ask for it.
    pub period_on_plan: Option<u32>,
    /// What the rep owes of earlier draws; zero or more.
    pub draw_balance: Money,
    /// What earlier statements carried: zero or less.
    pub balance: Money,
    /// The rep's team, for components of its scope and conditions on it.
    pub team: Option<Team>,
    /// What the reps of the team earned.
    pub team_earnings: Option<Vec<Earned>>,
    /// What earlier periods are worth now, where that differs from what was paid.
    pub adjustments: Vec<Adjustment>,
    /// Components that are calculated and not paid yet.
    pub holds: Vec<Hold>,
    /// Of the new customers that are counted, those that were lost again.
    pub lost_again: Vec<LostAgain>,
    /// Whether the rep is on no plan in this period: then only what earlier ones left is settled.
    pub off_plan: bool,
    /// The longer period that ends with this one, for components that are trued up.
    pub true_up: Option<TrueUp>,
}

/// Metrics and targets in the metrics' own units, of a team or of one of its reps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// Values of metrics.
    pub metrics: BTreeMap<Metric, Decimal>,
    /// Metrics that have no value.
    pub no_value: BTreeSet<Metric>,
    /// Targets and limits.
    pub targets: BTreeMap<Metric, Decimal>,
}

/// A team: its figures as a whole, and those of its reps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Team {
    /// The team as a whole. Net sales may be left out where deals of the team are given.
    pub figures: Figures,
    /// Its reps, each once. Whoever the facts are about is left out of every condition.
    pub reps: Vec<Member>,
}

/// A rep of a team.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Member {
    /// The rep.
    pub rep: String,
    /// What the rep did and should have done.
    pub figures: Figures,
}

/// What one rep of the team earned in the period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earned {
    /// The rep.
    pub rep: String,
    /// The earnings that an override is paid on.
    pub amount: Money,
}

/// A component of an earlier period, paid as `old` and worth `new` by what is known now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjustment {
    /// The component.
    pub component: String,
    /// The period that is corrected.
    pub period: String,
    /// What was paid for it so far.
    pub old: Money,
    /// What it is worth now.
    pub new: Money,
    /// Why, for the reader of the statement.
    pub reason: Option<String>,
}

/// A new customer that was lost again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostAgain {
    /// Its name or number, for the reader of the statement.
    pub customer: String,
    /// How many days after its first sale.
    pub after: u32,
}

/// A component that is calculated and not paid yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The component.
    pub component: String,
    /// Why, for the reader of the statement.
    pub reason: Option<String>,
}

/// The facts of a longer period that ends with this one, and what its components paid before this period.
#[derive(Clone, Debug, PartialEq)]
pub struct TrueUp {
    /// How many measuring periods of it the rep was on the plan; none: all of them.
    pub periods: Option<u32>,
    /// The longer period's facts; they hold no true-up of their own.
    pub facts: Box<Facts>,
    /// What each component paid in the measuring periods of it before this one.
    pub paid: BTreeMap<String, Money>,
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
    /// Whose deal it is, where that is not the rep of the facts: deals of the team.
    pub rep: Option<String>,
    /// Whether the credit said here is an overlay: apart from those that share the deal.
    pub overlay: bool,
    /// Why it is not paid yet, though it counts; empty where no reason is given.
    pub hold: Option<String>,
    /// The day of the customer's first sale.
    pub customer_since: Option<Date>,
    /// Whether it is the customer's first sale.
    pub new_customer: bool,
    /// Whether it is the customer's first sale of a category, having bought another one before.
    pub cross_sell: bool,
    /// Whether it counts as one deal for this rep, who shares it: only for one of them, the primary rep.
    pub primary: bool,
    /// Of a first sale: how many days after it the customer was lost again.
    pub lost_after: Option<u32>,
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
    /// Whole parts; his share is these ÷ all parts that are no overlays.
    pub parts: u32,
    /// Whether the credit is apart from those that share the deal.
    pub overlay: bool,
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
            rep: None,
            overlay: false,
            hold: None,
            customer_since: None,
            new_customer: false,
            cross_sell: false,
            primary: true,
            lost_after: None,
        }
    }
}

impl Facts {
    /// The targets of the period, or of the whole fiscal year: where nothing is said of these, the period's stand for them.
    pub fn targets_of(&self, year: bool) -> &BTreeMap<Metric, Decimal> {
        self.year_targets.as_ref().filter(|_| year).unwrap_or(&self.targets)
    }

    /// Everything that is wrong with the facts, with place and remedy.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (key, word) in [("rep", &self.rep), ("period", &self.period)] {
            if word.trim().is_empty() {
                Place::Root.key(key).fault(&mut faults, "this is empty");
            }
        }
        check_figures((&self.metrics, &self.no_value, &self.targets), &Place::Root, &mut faults);
        check_values(&self.year_to_date, &Place::Root.key("year_to_date"), &mut faults);
        if let Some(targets) = &self.year_targets {
            check_values(targets, &Place::Root.key("year_targets"), &mut faults);
        }
        self.check_others(&mut faults);
        self.check_account(&mut faults);
        let list = Place::Root.key("deals");
        for (i, deal) in self.deals.iter().flatten().enumerate() {
            deal.check(&list.item(i), &mut faults);
        }
        faults
    }
}

impl Facts {
    /// The team, what it earned, and the longer period.
    fn check_others(&self, faults: &mut Vec<Fault>) {
        if let Some(team) = &self.team {
            let place = Place::Root.key("team");
            team.figures.check(&place, faults);
            let list = place.key("reps");
            for (i, member) in team.reps.iter().enumerate() {
                member.figures.check(&list.item(i), faults);
            }
            check_once(team.reps.iter().map(|member| member.rep.as_str()), &list, faults);
        }
        let list = Place::Root.key("team_earnings");
        let earned = self.team_earnings.as_deref().unwrap_or_default();
        check_once(earned.iter().map(|earned| earned.rep.as_str()), &list, faults);
        if let Some(longer) = &self.true_up {
            let place = Place::Root.key("true_up");
            if longer.periods == Some(0) {
                place.key("periods").fault(faults, "at least this period lies in it: use 1 or more");
            }
            for fault in longer.facts.faults() {
                faults.push(Fault { place: format!("true_up.{}", fault.place), ..fault });
            }
        }
    }

    /// Balances, adjustments and holds.
    fn check_account(&self, faults: &mut Vec<Fault>) {
        if self.draw_balance < Money::ZERO {
            Place::Root.key("draw_balance").fault(faults, "a draw's balance is what the rep owes: use 0 or more");
        }
        if self.balance > Money::ZERO {
            Place::Root.key("balance").fault(faults, "a carried balance is what the rep owes: write it with a minus");
        }
        let list = Place::Root.key("adjustments");
        for (i, one) in self.adjustments.iter().enumerate() {
            let place = list.item(i);
            for (key, word) in [("component", &one.component), ("period", &one.period)] {
                if word.trim().is_empty() {
                    place.key(key).fault(faults, "this is empty");
                }
            }
            if one.period == self.period {
                place.key("period").fault(faults, "this period is calculated anew: adjustments are of earlier ones");
            }
        }
        let list = Place::Root.key("holds");
        check_once(self.holds.iter().map(|hold| hold.component.as_str()), &list, faults);
    }
}

impl Figures {
    fn check(&self, place: &Place<'_>, faults: &mut Vec<Fault>) {
        check_figures((&self.metrics, &self.no_value, &self.targets), place, faults);
    }
}

type Parts<'f> = (&'f BTreeMap<Metric, Decimal>, &'f BTreeSet<Metric>, &'f BTreeMap<Metric, Decimal>);

fn check_figures((metrics, no_value, targets): Parts<'_>, place: &Place<'_>, faults: &mut Vec<Fault>) {
    check_values(metrics, &place.key("metrics"), faults);
    check_values(targets, &place.key("targets"), faults);
    for metric in no_value {
        if !metric.may_lack_value() {
            let place = place.key("metrics");
            let words = "only growth, shares and contribution can be without a value: write the number";
            place.key(metric.as_str()).fault(faults, words);
        }
    }
}

/// Names that stand in a list once.
fn check_once<'f>(names: impl Iterator<Item = &'f str>, list: &Place<'_>, faults: &mut Vec<Fault>) {
    let mut seen = BTreeSet::new();
    for (i, name) in names.enumerate() {
        if name.trim().is_empty() {
            list.item(i).fault(faults, "the name is empty");
        } else if !seen.insert(name) {
            list.item(i).fault(faults, format!("“{name}” stands here twice: keep one of them"));
        }
    }
}

fn check_values(values: &BTreeMap<Metric, Decimal>, place: &Place<'_>, faults: &mut Vec<Fault>) {
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
            place.key("amount").fault(
                faults,
                "a return takes back: write its amount with a minus; one that was wrong is cancelled by its stage",
            );
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
                } else if credits.iter().all(|credit| credit.parts == 0 || credit.overlay) {
                    place
                        .key("credits")
                        .fault(faults, "there are only overlays, and nobody whose deal it is: add who shares it");
                }
                if self.overlay {
                    place.key("overlay").fault(faults, "say it of the credits, each by itself");
                }
                for (i, credit) in credits.iter().enumerate() {
                    let same = |other: &&RepParts| other.rep == credit.rep && other.overlay == credit.overlay;
                    if credits.iter().take(i).any(|other| same(&other)) {
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
