//! The form of a plan: a template with its numbers as typed, and the plan that they make.

use rust_decimal::Decimal;
use serde::Deserialize;
use time::{Date, Month};

use crate::{
    domain::{
        commission::{
            plan::{MeasuringPeriod, Plan},
            templates::{Accelerator, Hunter, Starter, Template},
        },
        money::{Currency, Money},
        period::{Period, PeriodKind},
    },
    web::{form::Errors, number},
};

/// What the form sends: numbers as people type them, rates in percent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct PlanForm {
    /// The plan's name.
    pub name: String,
    /// starter, accelerator or hunter.
    pub template: String,
    /// The month from which it holds: `2026-11`.
    pub from: String,
    /// Percent of net sales; up to the target, where there is one.
    pub rate: String,
    /// Percent above the target.
    pub above_target: String,
    /// Percent of the target where the last rate begins.
    pub edge: String,
    /// Percent from there on.
    pub above_edge: String,
    /// Money for each new customer.
    pub each: String,
    /// The number of the first one that pays more.
    pub more_from: String,
    /// Money for each from there on.
    pub each_more: String,
    /// `yes`: sales, too, need the stranger visits.
    pub sales_need_visits: String,
    /// Sales of the worked example.
    pub try_sales: String,
    /// Sales target of the worked example.
    pub try_target: String,
    /// New customers of the worked example.
    pub try_new: String,
    /// Which button was pressed.
    pub act: String,
}

impl PlanForm {
    /// The form of a template with its usual numbers.
    pub fn usual(template: &Template, from: Date, currency: Currency) -> Self {
        let mut form = Self {
            name: template.label().to_owned(),
            template: template.name().to_owned(),
            from: format!("{:04}-{:02}", from.year(), u8::from(from.month())),
            try_sales: "52000".to_owned(),
            try_target: "50000".to_owned(),
            try_new: "6".to_owned(),
            ..Self::default()
        };
        match template {
            Template::Starter(starter) => form.rate = percent(starter.rate),
            Template::Accelerator(plan) => {
                form.rate = percent(plan.to_target);
                form.above_target = percent(plan.above_target);
                form.edge = percent(plan.edge);
                form.above_edge = percent(plan.above_edge);
            }
            Template::Hunter(plan) => {
                form.each = currency.major(plan.each).to_string();
                form.more_from = plan.more_from.to_string();
                form.each_more = currency.major(plan.each_more).to_string();
                form.rate = percent(plan.rate);
                if plan.sales_need_visits { "yes" } else { "" }.clone_into(&mut form.sales_need_visits);
            }
        }
        form
    }

    /// The plan that the numbers make, and the first day it holds.
    pub fn parse(&self, currency: Currency, fiscal_start: Month) -> Result<(Plan, Date), Errors> {
        let mut errors = Errors::new();
        let name = errors.text("name", &self.name, "The name", 120);
        let from = self.parse_from(fiscal_start, &mut errors);
        let template = self.template(currency, &mut errors);
        let (Some(template), Some(from), true) = (template, from, errors.is_empty()) else { return Err(errors) };
        let plan = template.plan(&name, currency, MeasuringPeriod::Month);
        for fault in plan.faults() {
            errors.add("name", fault.to_string());
        }
        if errors.is_empty() { Ok((plan, from)) } else { Err(errors) }
    }

    fn parse_from(&self, fiscal_start: Month, errors: &mut Errors) -> Option<Date> {
        let period = Period::parse(self.from.trim(), fiscal_start);
        match period {
            Ok(period) if period.kind() == PeriodKind::Month => Some(period.from()),
            _ => {
                errors.add("from", "Say the month from which it holds, like 2026-11.");
                None
            }
        }
    }

    fn template(&self, currency: Currency, errors: &mut Errors) -> Option<Template> {
        match self.template.as_str() {
            "starter" => Some(Template::Starter(Starter { rate: share("rate", &self.rate, errors)? })),
            "accelerator" => {
                let rate = share("rate", &self.rate, errors);
                let above_target = share("above_target", &self.above_target, errors);
                let edge = share("edge", &self.edge, errors);
                let above_edge = share("above_edge", &self.above_edge, errors);
                if edge.is_some_and(|edge| edge <= Decimal::ONE) {
                    errors.add("edge", "The last rate begins above 100 % of the target. Use more than 100.");
                }
                Some(Template::Accelerator(Accelerator {
                    to_target: rate?,
                    above_target: above_target?,
                    edge: edge?,
                    above_edge: above_edge?,
                }))
            }
            "hunter" => {
                let each = amount("each", &self.each, currency, errors);
                let more_from = self.more_from.trim().parse::<u32>().ok().filter(|n| (2..=10_000).contains(n));
                if more_from.is_none() {
                    errors.add("more_from", "Say which new customer is the first to pay more: 2 or a later one.");
                }
                let each_more = amount("each_more", &self.each_more, currency, errors);
                let rate = share("rate", &self.rate, errors);
                Some(Template::Hunter(Hunter {
                    each: each?,
                    more_from: more_from?,
                    each_more: each_more?,
                    rate: rate?,
                    sales_need_visits: self.sales_need_visits == "yes",
                }))
            }
            _ => {
                errors.add("template", "Choose one of the three templates.");
                None
            }
        }
    }
}

/// A share as percent without needless decimals: 0.045 is "4.5".
fn percent(share: Decimal) -> String {
    (share * Decimal::ONE_HUNDRED).normalize().to_string()
}

/// A typed percentage as a share, 0 to below 1000 %.
fn share(field: &str, typed: &str, errors: &mut Errors) -> Option<Decimal> {
    match number::percent(typed) {
        Ok(share) if share >= Decimal::ZERO && share < Decimal::TEN => Some(share.normalize()),
        Ok(_) => {
            errors.add(field, "Use 0 % or more, and less than 1000 %.");
            None
        }
        Err(words) => {
            errors.add(field, words);
            None
        }
    }
}

/// A typed amount of zero or more.
fn amount(field: &str, typed: &str, currency: Currency, errors: &mut Errors) -> Option<Money> {
    match number::money(typed, currency) {
        Ok(amount) if amount >= Money::ZERO => Some(amount),
        Ok(_) => {
            errors.add(field, format!("{} is below zero. Use 0 or more.", typed.trim()));
            None
        }
        Err(words) => {
            errors.add(field, words);
            None
        }
    }
}
