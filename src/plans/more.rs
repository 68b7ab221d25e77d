//! What few components say, as typed: whose work and which deals count, what multiplies the amount, what is taken back
//! or made up later. Both ways.

use time::Date;

use super::{
    fill::{self, edge},
    form::ComponentForm,
    parse::{Reader, compared, filled},
};
use crate::{
    domain::{
        commission::plan::{
            Component, CreditKind, Days, Factor, Measure, MeasuringPeriod, Modifier, Months, Only, Scope, Weight,
        },
        money::Currency,
    },
    web::{form::Errors, format},
};

/// What few components say, as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MoreForm {
    /// team, or empty: the rep's own.
    pub scope: String,
    /// overlay, or empty: those that share a deal.
    pub credit: String,
    /// The first month since the customer's first sale.
    pub months_from: String,
    /// The first month that no longer counts.
    pub months_below: String,
    /// The first day of a campaign: `2026-11-01`.
    pub booked_from: String,
    /// Its last day.
    pub booked_through: String,
    /// Only customers' first deals: yes, no or empty.
    pub first: String,
    /// Only deals of a category that is new to the customer: yes, no or empty.
    pub cross: String,
    /// What the amount is multiplied by, as the list of what is compared has it; empty: nothing.
    pub times: String,
    /// From, and the factor.
    pub factors: Vec<[String; 2]>,
    /// Within how many days a lost customer takes back what was paid for it.
    pub clawback: String,
    /// quarter, year or empty.
    pub true_up: String,
}

impl MoreForm {
    pub(super) fn slot(&mut self, field: &str) -> Option<&mut String> {
        Some(match field {
            "scope" => &mut self.scope,
            "credit" => &mut self.credit,
            "months_from" => &mut self.months_from,
            "months_below" => &mut self.months_below,
            "booked_from" => &mut self.booked_from,
            "booked_through" => &mut self.booked_through,
            "first" => &mut self.first,
            "cross" => &mut self.cross,
            "times" => &mut self.times,
            "clawback" => &mut self.clawback,
            "true_up" => &mut self.true_up,
            _ => return None,
        })
    }

    /// The form of a component; `card` is its scorecard.
    pub(super) fn of(component: &Component, card: &[Weight], currency: Currency) -> Self {
        let word = |is: bool, word: &str| if is { word.to_owned() } else { String::new() };
        let number = |number: Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
        let day = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
        let either =
            |only: Option<bool>| only.map(|only| if only { "yes" } else { "no" }).unwrap_or_default().to_owned();
        let only = component.only.unwrap_or_default();
        let months = only.customer_months;
        let from = months.filter(|months| months.from > 0 || months.below.is_none()).map(|months| months.from);
        let factor = |of: &Measure, step: &Factor| [edge(of, step.from, currency), format::field(step.times)];
        Self {
            scope: word(component.scope == Scope::Team, "team"),
            credit: word(component.credit == CreditKind::Overlay, "overlay"),
            months_from: number(from),
            months_below: number(months.and_then(|months| months.below)),
            booked_from: day(only.booked.and_then(|days| days.from)),
            booked_through: day(only.booked.and_then(|days| days.through)),
            first: either(only.new_customer),
            cross: either(only.cross_sell),
            times: component.modifier.as_ref().map(|one| fill::measure(&one.of, card)).unwrap_or_default(),
            factors: match &component.modifier {
                Some(one) => one.steps.iter().map(|step| factor(&one.of, step)).collect(),
                None => ComponentForm::empty().more.factors,
            },
            clawback: number(component.clawback_days),
            true_up: component.true_up.map(|longer| longer.as_str().to_owned()).unwrap_or_default(),
        }
    }

    /// Whether only some deals count, or credits apart: the example then needs deals.
    pub(super) fn asks_for_deals(&self) -> bool {
        self.filters().iter().any(|(_, typed)| !typed.trim().is_empty()) || self.credit == "overlay"
    }

    /// The first field that says which deals count.
    pub(super) fn first_filter(&self) -> &'static str {
        self.filters().into_iter().find(|(_, typed)| !typed.trim().is_empty()).map_or("first", |(field, _)| field)
    }

    fn filters(&self) -> [(&'static str, &String); 6] {
        [
            ("months_from", &self.months_from),
            ("months_below", &self.months_below),
            ("booked_from", &self.booked_from),
            ("booked_through", &self.booked_through),
            ("first", &self.first),
            ("cross", &self.cross),
        ]
    }

    /// Reads it into a component. None where something of it is wrong; that is noted.
    pub(super) fn read_into(
        &self,
        mut component: Component,
        at: &At<'_>,
        card: &[Weight],
        reader: &mut Reader,
    ) -> Option<Component> {
        let before = reader.errors.iter().count();
        match self.scope.as_str() {
            // Earnings are only known of a team.
            "" => {}
            "team" => component.scope = Scope::Team,
            _ => at.refuse("scope", "choose whose work counts.", reader),
        }
        match self.credit.as_str() {
            "" => {}
            "overlay" => component.credit = CreditKind::Overlay,
            _ => at.refuse("credit", "choose which credits count.", reader),
        }
        component.only = self.only(at, reader);
        component.modifier = self.modifier(at, card, reader);
        component.clawback_days = reader.number(&at.id("clawback"), &self.clawback, at.who).ok().flatten();
        component.true_up = match self.true_up.as_str() {
            "" => None,
            word => {
                let longer = MeasuringPeriod::ALL.into_iter().find(|period| period.as_str() == word);
                if longer.is_none() {
                    at.refuse("true_up", "choose the period that it is made up for.", reader);
                }
                longer
            }
        };
        (reader.errors.iter().count() == before).then_some(component)
    }

    fn only(&self, at: &At<'_>, reader: &mut Reader) -> Option<Only> {
        let mut months = |field: &str, typed: &str| reader.number(&at.id(field), typed, at.who).ok().flatten();
        let (from, below) = (months("months_from", &self.months_from), months("months_below", &self.months_below));
        let customer_months =
            (from.is_some() || below.is_some()).then(|| Months { from: from.unwrap_or_default(), below });
        let mut day = |field: &str, typed: &str, words: &str| {
            reader.errors.optional_date(&at.id(field), typed, &format!("{}, {words}", at.who))
        };
        let from = day("booked_from", &self.booked_from, "first day");
        let through = day("booked_through", &self.booked_through, "last day");
        let booked = (from.is_some() || through.is_some()).then_some(Days { from, through });
        let mut either = |field: &str, typed: &str| match typed {
            "yes" => Some(true),
            "no" => Some(false),
            "" => None,
            _ => {
                at.refuse(field, "choose which deals count.", reader);
                None
            }
        };
        let (new_customer, cross_sell) = (either("first", &self.first), either("cross", &self.cross));
        let only = Only { customer_months, booked, new_customer, cross_sell };
        (only != Only::default()).then_some(only)
    }

    fn modifier(&self, at: &At<'_>, card: &[Weight], reader: &mut Reader) -> Option<Modifier> {
        if self.times.is_empty() {
            if self.factors.iter().any(|[_, times]| !times.trim().is_empty()) {
                let words = "choose what the amount is multiplied by, or empty the rows below.";
                at.refuse("times", words, reader);
            }
            return None;
        }
        let Some(of) = compared(&self.times, card) else {
            at.refuse("times", "choose what the amount is multiplied by.", reader);
            return None;
        };
        let rows = self.factors.iter().enumerate().filter(|(_, row)| filled(*row)).map(|(k, [from, times])| {
            let who = format!("{}, factor {}", at.who, k + 1);
            let from = reader.edge(&at.id(&format!("m{k}_from")), from, &of, &who);
            let times = reader.factor(&at.id(&format!("m{k}_times")), times, &who);
            Some(Factor { from: from?, times: times? })
        });
        // Every row is read, so that each tells its own mistake.
        let rows: Vec<Option<Factor>> = rows.collect();
        let steps = rows.into_iter().collect::<Option<_>>()?;
        Some(Modifier { of, steps })
    }
}

/// The component that is being read.
pub(super) struct At<'f> {
    /// Its position.
    pub(super) i: usize,
    /// What it is called in the words of a mistake.
    pub(super) who: &'f str,
}

impl At<'_> {
    pub(super) fn id(&self, field: &str) -> String {
        format!("c{}_{field}", self.i)
    }

    fn refuse(&self, field: &str, words: &str, reader: &mut Reader) {
        reader.errors.add(self.id(field), format!("{}: {words}", self.who));
    }
}

impl ComponentForm {
    /// Whether something is typed that stands under "More", or is wrong there: then it is shown.
    pub fn says_more(&self, i: usize, errors: &Errors) -> bool {
        let start = Self::empty();
        let usual = MoreForm { factors: start.more.factors, ..MoreForm::default() };
        let prefix = format!("c{i}_");
        let is_wrong = errors.iter().any(|(field, _)| {
            field.strip_prefix(&prefix).is_some_and(|field| {
                let row =
                    field.strip_prefix(['m', 'w']).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
                row || MoreForm::default().slot(field).is_some()
            })
        });
        is_wrong || self.more != usual || self.weights != start.weights || self.names_card()
    }

    /// Whether a step has a bonus, or one that is wrong: then the bonuses are shown.
    pub fn has_bonus(&self, i: usize, errors: &Errors) -> bool {
        let prefix = format!("c{i}_s");
        self.steps.iter().any(|[.., bonus]| !bonus.trim().is_empty())
            || errors.iter().any(|(field, _)| field.starts_with(&prefix) && field.ends_with("_bonus"))
    }

    /// Whether its scorecard is measured, compared or looked up.
    pub fn names_card(&self) -> bool {
        let gate = self.gate.iter().map(|[of, ..]| of);
        [&self.measure, &self.more.times].into_iter().chain(gate).any(|word| word == fill::CARD)
    }
}
