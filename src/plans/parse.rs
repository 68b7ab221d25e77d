//! The editor's form into a plan: each number as people type it, each mistake at its own field.

use rust_decimal::Decimal;
use time::{Date, Month};

use super::{
    form::{ComponentForm, PlanForm},
    place,
};
use crate::{
    domain::{
        commission::plan::{
            Axis, Component, Condition, Curve, MOST_COMPONENTS, MOST_ROWS, Measure, MeasuringPeriod, Mode, Per, Plan,
            Point, Schedule, Step, StepPays, Tiers, Who,
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
                "A plan has at most {MOST_COMPONENTS} components, and each at most {MOST_ROWS} steps, points and \
                 conditions. What was sent beyond is not shown here: look through the plan before you save it."
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
        let mut reader = Reader { currency, period: period.unwrap_or(MeasuringPeriod::Month), errors };
        let cap = reader.limit("cap", &self.cap, "The cap of the plan");
        let floor = reader.limit("floor", &self.floor, "The floor of the plan");
        let components: Vec<Option<Component>> =
            self.components.iter().enumerate().map(|(i, form)| reader.component(i, form)).collect();
        let mut errors = reader.errors;
        let read: Vec<Component> = components.iter().flatten().cloned().collect();
        let whole = read.len() == components.len();
        let period = period.unwrap_or(MeasuringPeriod::Month);
        let mut plan = Plan { cap, floor, ..Plan::new(name, currency, period, read) };
        if !self.kept.is_empty() && plan.read_account(&self.kept).is_err() {
            errors.add("kept", "The draws of this plan cannot be read. Open the plan again.");
        }
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

/// The value of the list of measures, back.
pub fn measure(value: &str) -> Option<Measure> {
    match value.strip_prefix('%') {
        Some(metric) => Metric::parse(metric).map(Measure::Attainment),
        None => Metric::parse(value).map(Measure::Metric),
    }
}

/// Reads fields one by one and notes what is wrong.
struct Reader {
    currency: Currency,
    period: MeasuringPeriod,
    errors: Errors,
}

impl Reader {
    fn component(&mut self, i: usize, form: &ComponentForm) -> Option<Component> {
        let id = |field: &str| format!("c{i}_{field}");
        if !form.kept.is_empty() {
            let kept = Component::from_json(&form.kept, self.currency, self.period);
            let words = || format!("Component {} cannot be read. Open the plan again.", i + 1);
            return kept.map_err(|_| self.errors.add(id("kept"), words())).ok();
        }
        let name = self.errors.text(&id("name"), &form.name, &format!("The name of component {}", i + 1), 120);
        let who = if name.is_empty() || name.len() > 120 { format!("Component {}", i + 1) } else { name.clone() };
        let measure = measure(&form.measure);
        if measure.is_none() {
            self.errors.add(id("measure"), format!("{who}: choose what is measured."));
        }
        let cap = self.limit(&id("cap"), &form.cap, &format!("{who}, cap"));
        let floor = self.limit(&id("floor"), &form.floor, &format!("{who}, floor"));
        let gate = self.gate(i, form, &who);
        // Numbers of a way to pay that does not fit would only tell of other mistakes.
        if let Some(Err((field, words))) = measure.as_ref().map(|measure| fits(measure, form)) {
            self.errors.add(id(field), format!("{who}: {words}"));
            return None;
        }
        let pays = self.schedule(i, form, &who);
        Some(Component { gate: gate?, cap, floor, ..Component::new(name, measure?, pays?) })
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
        let steps = form.steps.iter().enumerate().filter(|(_, row)| filled(*row)).map(|(k, [from, pays])| {
            let who = format!("{who}, step {}", k + 1);
            let field = id(&format!("s{k}_from"));
            let from = match axis {
                Axis::Amount => self.money(&field, from, &who).map(|edge| self.currency.major(edge).normalize()),
                Axis::Count => self.read(&field, number::count(from).map(Decimal::from), &who),
                Axis::Attainment => self.share(&field, from, &who),
            };
            let field = id(&format!("s{k}_pays"));
            let pays = match axis {
                Axis::Count => self.money(&field, pays, &who).map(StepPays::PerUnit),
                Axis::Amount | Axis::Attainment => self.share(&field, pays, &who).map(StepPays::Rate),
            };
            Some(Step::new(from?, pays?))
        });
        let steps: Vec<Option<Step>> = steps.collect();
        Some(Tiers { mode: mode?, axis, per, steps: steps.into_iter().collect::<Option<_>>()? })
    }

    fn gate(&mut self, i: usize, form: &ComponentForm, who: &str) -> Option<Vec<Condition>> {
        let rows = form.gate.iter().enumerate().filter(|(_, row)| filled(*row)).map(|(k, [of, least, most])| {
            let who = format!("{who}, condition {}", k + 1);
            let id = |field: &str| format!("c{i}_g{k}_{field}");
            let Some(of) = measure(of) else {
                self.errors.add(id("of"), format!("{who}: choose what is compared."));
                return None;
            };
            let mut edge = |field: &str, typed: &str| {
                if typed.trim().is_empty() {
                    return Some(None);
                }
                self.edge(&id(field), typed, &of, &who).map(Some)
            };
            let (at_least, at_most) = (edge("least", least), edge("most", most));
            Some(Condition { of, who: Who::Rep, at_least: at_least?, at_most: at_most? })
        });
        let rows: Vec<Option<Condition>> = rows.collect();
        rows.into_iter().collect()
    }

    /// What a condition compares with: percent of the target, money, a count, or percent of growth.
    fn edge(&mut self, field: &str, typed: &str, of: &Measure, who: &str) -> Option<Decimal> {
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
    fn money(&mut self, field: &str, typed: &str, who: &str) -> Option<Money> {
        let read = number::money(typed, self.currency).and_then(|amount| match amount {
            below if below < Money::ZERO => Err(format!("{} is below zero. Use 0 or more.", typed.trim())),
            amount => Ok(amount),
        });
        self.read(field, read, who)
    }

    /// An amount that may be left out; a floor may be below zero.
    fn limit(&mut self, field: &str, typed: &str, who: &str) -> Option<Money> {
        let read = (!typed.trim().is_empty()).then(|| number::money(typed, self.currency))?;
        self.read(field, read, who)
    }

    fn read<T>(&mut self, field: &str, read: Result<T, String>, who: &str) -> Option<T> {
        read.map_err(|words| self.errors.add(field, format!("{who}: {words}"))).ok()
    }
}

/// Whether anything stands in a row; an empty one is left out.
fn filled(row: &[String]) -> bool {
    row.iter().any(|cell| !cell.trim().is_empty())
}

/// Whether a measure can be paid this way; else the field to change, and the words.
fn fits(measure: &Measure, form: &ComponentForm) -> Result<(), (&'static str, &'static str)> {
    let unit = measure.what().unit();
    let plain = !measure.is_attainment();
    let (money, count) = (plain && unit == Unit::Money, plain && unit == Unit::Count);
    let over = if form.pays == "tiers" { form.over.as_str() } else { "" };
    match (form.pays.as_str(), over) {
        ("rate", _) if !money => {
            Err(("pays", "a share is paid of money. Measure sales, or choose another way to pay."))
        }
        ("unit", _) if !count => Err((
            "pays",
            "an amount for each is paid for what is counted. Measure visits or customers, or choose another way to pay.",
        )),
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
        (_, "attainment") if unit != Unit::Money => {
            Err(("over", "steps over the target pay a share of sales. Measure sales, or pay this by a curve."))
        }
        _ => Ok(()),
    }
}
