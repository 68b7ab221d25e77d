//! The settings as typed: read into what they mean, or refused with the words beside the field.

use std::ops::RangeInclusive;

use serde::Deserialize;

use super::settings_db::Settings;
use crate::{
    domain::{
        company::{GrowthBase, GrowthBasis},
        contribution::Costs,
        locale::Locale,
        money::{Currency, Money},
    },
    web::{form::Errors, format, number},
};

/// The company's settings as typed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct SettingsForm {
    /// The company's name.
    pub name: String,
    /// 1 to 12.
    pub fiscal_year_start: String,
    /// 1 = Monday … 7 = Sunday, those that are ticked.
    pub workdays: Vec<String>,
    /// A word of [`GrowthBase`].
    pub growth_base: String,
    /// A word of [`GrowthBasis`].
    pub growth_basis: String,
    /// Months.
    pub new_customer_months: String,
    /// Days.
    pub handover_grace_days: String,
    /// Days.
    pub late_entry_days: String,
    /// `yes` if ticked.
    pub confirm_deals: String,
    /// `yes` if ticked.
    pub second_factor_required: String,
    /// Money, or nothing where it is not set.
    pub cost_per_visit: String,
    /// Money, or nothing.
    pub cost_per_minute: String,
    /// Money, or nothing.
    pub cost_per_order: String,
    /// A word of [`Locale`].
    pub locale: String,
    /// A time zone's IANA name; empty: as it is.
    pub time_zone: String,
    /// The version that was changed.
    pub version: String,
}

impl SettingsForm {
    /// What is saved, to be changed.
    pub fn of(settings: &Settings, version: i32, currency: Currency, time_zone: &str) -> Self {
        let cost = |cost: Option<Money>| cost.map(|cost| format::trimmed_units(currency, cost)).unwrap_or_default();
        Self {
            name: settings.name.clone(),
            fiscal_year_start: settings.fiscal_year_start.to_string(),
            workdays: settings.workdays.iter().map(ToString::to_string).collect(),
            growth_base: settings.growth_base.as_str().to_owned(),
            growth_basis: settings.growth_basis.as_str().to_owned(),
            new_customer_months: settings.new_customer_months.to_string(),
            handover_grace_days: settings.handover_grace_days.to_string(),
            late_entry_days: settings.late_entry_days.to_string(),
            confirm_deals: if settings.confirm_deals { "yes" } else { "" }.to_owned(),
            second_factor_required: if settings.second_factor_required { "yes" } else { "" }.to_owned(),
            cost_per_visit: cost(settings.costs.visit),
            cost_per_minute: cost(settings.costs.minute),
            cost_per_order: cost(settings.costs.order),
            locale: settings.locale.as_str().to_owned(),
            time_zone: time_zone.to_owned(),
            version: version.to_string(),
        }
    }

    /// Reads all fields. What is wrong is noted, and then the result must not be saved.
    pub fn parse(&self, currency: Currency, errors: &mut Errors) -> Settings {
        let mut workdays: Vec<i16> =
            self.workdays.iter().filter_map(|day| day.parse().ok()).filter(|day| (1..=7).contains(day)).collect();
        workdays.sort_unstable();
        workdays.dedup();
        if workdays.is_empty() {
            errors.add("workdays", "Tick at least one working day.");
        }
        let growth_base = GrowthBase::parse(&self.growth_base).unwrap_or_else(|| {
            errors.add("growth_base", "Choose what growth is compared with.");
            GrowthBase::LastYear
        });
        let growth_basis = GrowthBasis::parse(&self.growth_basis).unwrap_or_else(|| {
            errors.add("growth_basis", "Choose whose sales growth compares.");
            GrowthBasis::Credited
        });
        let locale = Locale::parse(&self.locale).unwrap_or_else(|| {
            errors.add("locale", "Choose how numbers and dates are written.");
            Locale::En
        });
        let visit = cost(errors, "cost_per_visit", &self.cost_per_visit, currency);
        let minute = cost(errors, "cost_per_minute", &self.cost_per_minute, currency);
        let order = cost(errors, "cost_per_order", &self.cost_per_order, currency);
        let month = whole(errors, "fiscal_year_start", &self.fiscal_year_start, 1..=12);
        Settings {
            name: errors.text("name", &self.name, "The name", 120),
            fiscal_year_start: i16::try_from(month).unwrap_or(1),
            workdays,
            growth_base,
            growth_basis,
            new_customer_months: whole(errors, "new_customer_months", &self.new_customer_months, 1..=60).unsigned_abs(),
            handover_grace_days: whole(errors, "handover_grace_days", &self.handover_grace_days, 0..=3650)
                .unsigned_abs(),
            late_entry_days: whole(errors, "late_entry_days", &self.late_entry_days, 0..=365),
            confirm_deals: self.confirm_deals == "yes",
            costs: Costs { visit, minute, order },
            locale,
            second_factor_required: self.second_factor_required == "yes",
        }
    }
}

/// What something costs: zero or more, or nothing where it is not set.
fn cost(errors: &mut Errors, field: &str, typed: &str, currency: Currency) -> Option<Money> {
    if typed.trim().is_empty() {
        return None;
    }
    match number::money(typed, currency) {
        Ok(cost) if cost >= Money::ZERO => return Some(cost),
        Ok(_) => errors.add(field, "A cost is zero or more."),
        Err(words) => errors.add(field, words),
    }
    None
}

/// A whole number within a range; its lower end where it is wrong, which is noted.
pub fn whole(errors: &mut Errors, field: &str, typed: &str, range: RangeInclusive<i32>) -> i32 {
    let (from, to) = (*range.start(), *range.end());
    match number::count(typed).map(i32::try_from) {
        Ok(Ok(number)) if range.contains(&number) => return number,
        Ok(_) => errors.add(field, format!("Use a whole number from {from} to {to}.")),
        Err(words) => errors.add(field, words),
    }
    from
}

#[cfg(test)]
mod tests {
    use super::*;

    fn euro() -> Currency {
        Currency::parse("EUR").unwrap()
    }

    #[test]
    fn every_wrong_field_is_named() {
        let form = SettingsForm {
            new_customer_months: "61".into(),
            late_entry_days: "x".into(),
            cost_per_visit: "-1".into(),
            cost_per_order: "much".into(),
            ..Default::default()
        };
        let mut errors = Errors::new();
        form.parse(euro(), &mut errors);
        let fields: Vec<&str> = errors.iter().map(|(field, _)| field).collect();
        let all = [
            "workdays",
            "growth_base",
            "growth_basis",
            "locale",
            "cost_per_visit",
            "cost_per_order",
            "fiscal_year_start",
            "name",
            "new_customer_months",
            "handover_grace_days",
            "late_entry_days",
        ];
        assert_eq!(fields, all);
    }

    #[test]
    fn what_is_saved_is_read_again() {
        let settings = Settings {
            name: "Nordlys".into(),
            fiscal_year_start: 4,
            workdays: vec![1, 3, 6],
            growth_base: GrowthBase::PeriodBefore,
            growth_basis: GrowthBasis::Book,
            new_customer_months: 6,
            handover_grace_days: 0,
            late_entry_days: 365,
            confirm_deals: false,
            costs: Costs { visit: Some(Money(25_00)), minute: Some(Money(55)), order: None },
            locale: Locale::De,
            second_factor_required: true,
        };
        let mut errors = Errors::new();
        assert_eq!(SettingsForm::of(&settings, 3, euro(), "Europe/Oslo").parse(euro(), &mut errors), settings);
        assert!(errors.is_empty());
    }
}
