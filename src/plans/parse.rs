//! The editor's form into a plan: each number as people type it, each mistake at its own field.

use rust_decimal::Decimal;
use time::{Date, Month};

use super::{
    fill,
    form::{ComponentForm, PlanForm},
    more::At,
    place,
};
use crate::{
    domain::{
        commission::plan::{
            Axis, Component, Condition, Curve, MOST_COMPONENTS, MOST_ROWS, Measure, MeasuringPeriod, Mode, Per, Plan,
            Point, Schedule, Step, StepPays, Tiers, Weight, Who,
        },
        metric::{Metric, Unit},
        money::{Currency, Money},
        period::{Period, PeriodKind},
    },
    web::{form::Errors, number},
};

/// What a form says.
#[derive(Clone, Debug)]
pub struct Read {
    /// The components; none where one could not be read.
    pub components: Vec<Option<Component>>,
    /// The plan and the first day that it holds for, if nothing is wrong.
    pub plan: Option<(Plan, Date)>,
    /// What is wrong.
    pub errors: Errors,
}

impl PlanForm {
    /// The words where more was sent than a plan has room for.
    pub fn left_out(&self) -> Errors {
        let mut errors = Errors::new();
        if self.beyond {
            let words = format!(
                "A plan has at most {MOST_COMPONENTS} components, and each at most {MOST_ROWS} rows of a kind. \
                 What was sent beyond is not shown here: look through the plan before you save it."
            );
            errors.add("add", words);
        }
        errors
    }

    /// Reads the form. Every rule of [`Plan::faults`] is told at the field that breaks it.
    pub fn parse(&self, currency: Currency, fiscal_start: Month) -> Read {
        let mut errors = self.left_out();
        let name = errors.text("name", &self.name, "The name", 120);
        let period = MeasuringPeriod::ALL.into_iter().find(|period| period.as_str() == self.period);
        if period.is_none() {
            errors.add("period", "Choose how long it is measured.");
        }
        let from = self.read_from(period, fiscal_start, &mut errors);
        let mut reader = Reader { currency, errors };
        let cap = reader.limit("cap", &self.cap, "The cap of the plan");
        let floor = reader.limit("floor", &self.floor, "The floor of the plan");
        let components: Vec<Option<Component>> =
            self.components.iter().enumerate().map(|(i, form)| reader.component(i, form)).collect();
        let read: Vec<Component> = components.iter().flatten().cloned().collect();
        let whole = read.len() == components.len();
        let period = period.unwrap_or(MeasuringPeriod::Month);
        let mut plan = Plan { cap, floor, ..Plan::new(name, currency, period, read) };
        self.account.read_into(&mut plan, &mut reader);
        let mut errors = reader.errors;
        if whole {
            place::tell(&plan.faults(), self, &mut errors);
        }
        let plan = from.filter(|_| whole && errors.is_empty()).map(|from| (plan, from));
        Read { components, plan, errors }
    }

    fn read_from(&self, period: Option<MeasuringPeriod>, fiscal_start: Month, errors: &mut Errors) -> Option<Date> {
        let month = Period::parse(self.from.trim(), fiscal_start).ok().filter(|p| p.kind() == PeriodKind::Month);
        let Some(month) = month else {
            errors.add("from", "Say the month from which it holds, like 2026-11.");
            return None;
        };
        let kind = period.map_or(PeriodKind::Month, PeriodKind::from);
        let measured = Period::containing(kind, month.from(), fiscal_start);
        if measured.from() != month.from() {
            let begins = Period::month(measured.from(), fiscal_start);
            let words =
                format!("It is measured by the {}: choose the first month of one, like {begins}.", kind.as_str());
            errors.add("from", words);
            return None;
        }
        Some(month.from())
    }
}

/// The value of the list of measures, back; `card` is the component's scorecard.
pub fn measure(value: &str, card: &[Weight]) -> Option<Measure> {
    match value {
        "deals" => Some(Measure::Deals),
        "earnings" => Some(Measure::Earnings),
        _ => compared(value, card),
    }
}

/// The value of the list of what is compared or looked up, back.
pub fn compared(value: &str, card: &[Weight]) -> Option<Measure> {
    match (value.strip_prefix('%'), value.strip_prefix(fill::CARD)) {
        (Some(metric), _) => Metric::parse(metric).map(Measure::Attainment),
        (None, Some("")) => Some(Measure::Scorecard(card.to_vec())),
        // A further scorecard beside the component's own: its weights stand in the value.
        (None, Some(other)) => {
            let weight = |part: &str| {
                let (metric, weight) = part.split_once('=')?;
                Some(Weight { metric: Metric::parse(metric)?, weight: weight.parse().ok()? })
            };
            other.split_whitespace().map(weight).collect::<Option<_>>().map(Measure::Scorecard)
        }
        (None, None) => Metric::parse(value).map(Measure::Metric),
    }
}

/// What was typed cannot be read; its field says why.
pub(super) struct Wrong;

/// Reads fields one by one and notes what is wrong.
pub(super) struct Reader {
    currency: Currency,
    pub(super) errors: Errors,
}

impl Reader {
    fn component(&mut self, i: usize, form: &ComponentForm) -> Option<Component> {
        let id = |field: &str| format!("c{i}_{field}");
        let name = self.errors.text(&id("name"), &form.name, &format!("The name of component {}", i + 1), 120);
        let who = if name.is_empty() || name.len() > 120 { format!("Component {}", i + 1) } else { name.clone() };
        let card = if form.names_card() { self.card(i, form, &who) } else { Some(vec![]) };
        let known = card.as_deref().unwrap_or_default();
        let measure = measure(&form.measure, known);
        if measure.is_none() {
            self.errors.add(id("measure"), format!("{who}: choose what is measured."));
        }
        let cap = self.limit(&id("cap"), &form.cap, &format!("{who}, cap"));
        let floor = self.limit(&id("floor"), &form.floor, &format!("{who}, floor"));
        let gate = self.gate(i, form, known, &who);
        // Numbers of a way to pay that does not fit would only tell of other mistakes.
        if let Some(Err((field, words))) = measure.as_ref().map(|measure| fits(measure, form)) {
            self.errors.add(id(field), format!("{who}: {words}"));
            return None;
        }
        let pays = self.schedule(i, form, &who);
        let bare = Component::new(name, measure?, Schedule::Bonus(Money::ZERO));
        let more = form.more.read_into(bare, &At { i, who: &who }, known, self);
        card?;
        Some(Component { pays: pays?, gate: gate?, cap, floor, ..more? })
    }

    /// The scorecard's metrics and weights.
    fn card(&mut self, i: usize, form: &ComponentForm, who: &str) -> Option<Vec<Weight>> {
        let rows = form.weights.iter().enumerate().filter(|(_, row)| filled(*row)).map(|(k, [metric, weight])| {
            let who = format!("{who}, scorecard");
            let read = Metric::parse(metric);
            if read.is_none() {
                self.errors.add(format!("c{i}_w{k}_metric"), format!("{who}: choose what is weighted."));
            }
            let weight = self.factor(&format!("c{i}_w{k}_weight"), weight, &who);
            Some(Weight { metric: read?, weight: weight? })
        });
        let rows: Vec<Option<Weight>> = rows.collect();
        rows.into_iter().collect()
    }

    fn schedule(&mut self, i: usize, form: &ComponentForm, who: &str) -> Option<Schedule> {
        let id = |field: &str| format!("c{i}_{field}");
        match form.pays.as_str() {
            "rate" => self.share(&id("rate"), &form.rate, who).map(Schedule::Rate),
            "unit" => self.money(&id("each"), &form.each, who).map(Schedule::PerUnit),
            "bonus" => self.money(&id("bonus"), &form.bonus, who).map(Schedule::Bonus),
            "curve" => {
                let on_target = self.money(&id("target"), &form.on_target, who);
                let points = form.points.iter().enumerate().filter(|(_, row)| filled(*row)).map(|(k, [at, pays])| {
                    let who = format!("{who}, point {}", k + 1);
                    let at = self.share(&id(&format!("p{k}_at")), at, &who);
                    let pays = self.share(&id(&format!("p{k}_pays")), pays, &who);
                    Some(Point { at: at?, pays: pays? })
                });
                // Every row is read, so that each tells its own mistake.
                let points: Vec<Option<Point>> = points.collect();
                Some(Schedule::Curve(Curve {
                    on_target: on_target?,
                    points: points.into_iter().collect::<Option<_>>()?,
                }))
            }
            "tiers" => self.tiers(i, form, who).map(Schedule::Tiers),
            _ => {
                self.errors.add(id("pays"), format!("{who}: choose how it pays."));
                None
            }
        }
    }

    fn tiers(&mut self, i: usize, form: &ComponentForm, who: &str) -> Option<Tiers> {
        let id = |field: &str| format!("c{i}_{field}");
        let over = match form.over.as_str() {
            "amount" => Some((Axis::Amount, Per::Period)),
            "year_amount" => Some((Axis::Amount, Per::YearToDate)),
            "year_count" => Some((Axis::Count, Per::YearToDate)),
            "year_attainment" => Some((Axis::Attainment, Per::YearToDate)),
            "deal" => Some((Axis::Amount, Per::Deal)),
            "count" => Some((Axis::Count, Per::Period)),
            "attainment" => Some((Axis::Attainment, Per::Period)),
            _ => None,
        };
        let mode = match form.mode.as_str() {
            "marginal" => Some(Mode::Marginal),
            "whole" => Some(Mode::Whole),
            _ => None,
        };
        if over.is_none() {
            self.errors.add(id("over"), format!("{who}: choose what the steps are climbed by."));
        }
        if mode.is_none() {
            self.errors.add(id("mode"), format!("{who}: choose what a step pays for."));
        }
        let (axis, per) = over?;
        let steps = form.steps.iter().enumerate().filter(|(_, row)| filled(*row)).map(|(k, [from, pays, bonus])| {
            let who = format!("{who}, step {}", k + 1);
            let field = id(&format!("s{k}_from"));
            let from = match axis {
                Axis::Amount => self.money(&field, from, &who).map(|edge| self.currency.major(edge).normalize()),
                Axis::Count => self.read(&field, number::count(from).map(Decimal::from), &who),
                Axis::Attainment => self.share(&field, from, &who),
            };
            let bonus = self.optional(bonus, |reader, typed| reader.money(&id(&format!("s{k}_bonus")), typed, &who));
            let field = id(&format!("s{k}_pays"));
            let pays = match axis {
                // A step may pay its bonus alone.
                Axis::Count if pays.trim().is_empty() && !matches!(bonus, Ok(None)) => {
                    Some(StepPays::PerUnit(Money::ZERO))
                }
                _ if pays.trim().is_empty() && !matches!(bonus, Ok(None)) => Some(StepPays::Rate(Decimal::ZERO)),
                Axis::Count => self.money(&field, pays, &who).map(StepPays::PerUnit),
                Axis::Amount | Axis::Attainment => self.share(&field, pays, &who).map(StepPays::Rate),
            };
            Some(Step { from: from?, pays: pays?, bonus: bonus.ok()? })
        });
        let steps: Vec<Option<Step>> = steps.collect();
        Some(Tiers { mode: mode?, axis, per, steps: steps.into_iter().collect::<Option<_>>()? })
    }

    fn gate(&mut self, i: usize, form: &ComponentForm, card: &[Weight], who: &str) -> Option<Vec<Condition>> {
        // A row that only says whose it is is still empty.
        let rows = form.gate.iter().enumerate().filter(|(_, row)| filled(&row[..3]));
        let rows = rows.map(|(k, [of, least, most, whose])| {
            let who = format!("{who}, condition {}", k + 1);
            let id = |field: &str| format!("c{i}_g{k}_{field}");
            let Some(of) = compared(of, card) else {
                self.errors.add(id("of"), format!("{who}: choose what is compared."));
                return None;
            };
            let mut edge = |field: &str, typed: &str| {
                self.optional(typed, |reader, typed| reader.edge(&id(field), typed, &of, &who))
            };
            let (at_least, at_most) = (edge("least", least), edge("most", most));
            let whose =
                if whose.is_empty() { Some(Who::Rep) } else { Who::ALL.into_iter().find(|one| one.as_str() == whose) };
            if whose.is_none() {
                self.errors.add(id("who"), format!("{who}: choose whose number it is."));
            }
            Some(Condition { of, who: whose?, at_least: at_least.ok()?, at_most: at_most.ok()? })
        });
        let rows: Vec<Option<Condition>> = rows.collect();
        rows.into_iter().collect()
    }

    /// What a condition compares with: percent of the target, money, a count, or percent of growth.
    pub(super) fn edge(&mut self, field: &str, typed: &str, of: &Measure, who: &str) -> Option<Decimal> {
        match of.what().unit() {
            _ if of.is_attainment() => self.share(field, typed, who),
            Unit::Fraction => self.read(field, number::fine_percent(typed), who),
            Unit::Money => {
                let amount = number::money(typed, self.currency);
                self.read(field, amount, who).map(|amount| self.currency.major(amount).normalize())
            }
            Unit::Count => {
                // Customers won can be fewer than none, when their deals are undone.
                let (sign, digits) = match typed.trim().strip_prefix(['-', '−']) {
                    Some(digits) => (Decimal::NEGATIVE_ONE, digits),
                    None => (Decimal::ONE, typed),
                };
                self.read(field, number::count(digits), who).map(|count| sign * Decimal::from(count))
            }
        }
    }

    /// A percentage of zero or more, as a share.
    fn share(&mut self, field: &str, typed: &str, who: &str) -> Option<Decimal> {
        let read = number::fine_percent(typed).and_then(|share| match share {
            below if below < Decimal::ZERO => Err(format!("{} is below zero. Use 0 or more.", typed.trim())),
            share => Ok(share),
        });
        self.read(field, read, who)
    }

    /// An amount of zero or more.
    pub(super) fn money(&mut self, field: &str, typed: &str, who: &str) -> Option<Money> {
        let read = number::money(typed, self.currency).and_then(|amount| match amount {
            below if below < Money::ZERO => Err(format!("{} is below zero. Use 0 or more.", typed.trim())),
            amount => Ok(amount),
        });
        self.read(field, read, who)
    }

    /// A factor or a weight: a number of zero or more.
    pub(super) fn factor(&mut self, field: &str, typed: &str, who: &str) -> Option<Decimal> {
        let read = number::rate(&typed.replace(['×', '%'], "")).and_then(|factor| match factor {
            below if below < Decimal::ZERO => Err(format!("{} is below zero. Use 0 or more.", typed.trim())),
            factor => Ok(factor),
        });
        self.read(field, read, who)
    }

    /// A whole number that may be left out.
    pub(super) fn number(&mut self, field: &str, typed: &str, who: &str) -> Result<Option<u32>, Wrong> {
        self.optional(typed, |reader, typed| reader.read(field, number::count(typed), who))
    }

    /// What may be left out.
    fn optional<T>(
        &mut self,
        typed: &str,
        read: impl FnOnce(&mut Self, &str) -> Option<T>,
    ) -> Result<Option<T>, Wrong> {
        if typed.trim().is_empty() { Ok(None) } else { read(self, typed).map(Some).ok_or(Wrong) }
    }

    /// An amount that may be left out; a floor may be below zero.
    fn limit(&mut self, field: &str, typed: &str, who: &str) -> Option<Money> {
        let read = (!typed.trim().is_empty()).then(|| number::money(typed, self.currency))?;
        self.read(field, read, who)
    }

    pub(super) fn read<T>(&mut self, field: &str, read: Result<T, String>, who: &str) -> Option<T> {
        read.map_err(|words| self.errors.add(field, format!("{who}: {words}"))).ok()
    }
}

/// Whether anything stands in a row; an empty one is left out.
pub(super) fn filled(row: &[String]) -> bool {
    row.iter().any(|cell| !cell.trim().is_empty())
}

/// Whether a measure can be paid this way; else the field to change, and the words.
fn fits(measure: &Measure, form: &ComponentForm) -> Result<(), (&'static str, &'static str)> {
    let unit = measure.what().unit();
    let plain = !measure.is_attainment();
    let (money, count) = (plain && unit == Unit::Money, plain && unit == Unit::Count);
    let has_target = !matches!(measure, Measure::Deals | Measure::Earnings);
    let over = if form.pays == "tiers" { form.over.as_str() } else { "" };
    let over = over.strip_prefix("year_").unwrap_or(over);
    match (form.pays.as_str(), over) {
        ("rate", _) if !money => {
            Err(("pays", "a share is paid of money. Measure sales, or choose another way to pay."))
        }
        ("unit", _) if !count => Err((
            "pays",
            "an amount for each is paid for what is counted. Measure visits or customers, or choose another way to pay.",
        )),
        ("curve", _) if !has_target => {
            Err(("pays", "a curve follows a target, and this has none. Choose another way to pay."))
        }
        (_, "amount") if !money => {
            Err(("over", "steps over an amount need sales. Measure sales, or choose the count or a curve."))
        }
        (_, "deal") if *measure != Measure::Metric(Metric::NetSales) => {
            Err(("over", "only net sales are known deal by deal. Measure net sales, or choose the whole period."))
        }
        (_, "count") if !count => Err((
            "over",
            "steps over a count need something counted. Measure visits or customers, or choose the amount.",
        )),
        (_, "attainment") if !has_target => {
            Err(("over", "this has no target. Choose the amount or the number of them."))
        }
        (_, "attainment") if unit != Unit::Money && !pays_bonuses_only(form) => Err((
            "over",
            "steps over the target pay a share of sales, or a bonus alone. Measure sales, leave out what the steps pay \
             beside their bonus, or pay this by a curve.",
        )),
        _ => Ok(()),
    }
}

/// Whether every step has a bonus and pays nothing else: then it fits whatever has a target.
fn pays_bonuses_only(form: &ComponentForm) -> bool {
    let nothing = |pays: &str| pays.trim().is_empty() || number::fine_percent(pays) == Ok(Decimal::ZERO);
    form.steps.iter().filter(|row| filled(*row)).all(|[_, pays, bonus]| nothing(pays) && !bonus.trim().is_empty())
}
