//! The example that a plan is tried with, as typed; and what the plan pays for it, ready to be shown.

use rust_decimal::Decimal;
use time::{Date, Month};

use super::{
    form::{ExampleForm, PlanForm},
    parse, place,
};
use crate::{
    domain::{
        commission::{
            check,
            picture::{self, Example, Picture},
            plan::{Component, CreditKind, Measure, Only, Plan, Scope, Who},
            statement::Line,
        },
        metric::{Metric, Unit},
        money::Currency,
        period::Period,
    },
    web::{
        chart::{PayLine, PayPoint},
        error::Error,
        form::Errors,
        format, number,
    },
};

/// The most deals of the example: each point of the chart pays all of them.
const MOST_DEALS: u32 = 50;

/// What a plan pays, in a chart, a table and a statement.
pub struct Shown {
    /// Pay against attainment.
    pub chart: PayLine,
    /// What the chart is drawn along: "Net sales".
    pub along: &'static str,
    /// Attainment, value and pay.
    pub table: Vec<[String; 3]>,
    /// What the next unit is worth, and the next edges.
    pub next: Vec<String>,
    /// The example's statement.
    pub lines: Vec<Line>,
    /// What it adds up to.
    pub total: String,
    /// Caps that are reached; by component, none for the whole plan.
    pub cuts: Vec<(Option<usize>, String)>,
}

impl PlanForm {
    /// The metrics that the form names, as far as they can be read, each once.
    pub fn metrics(&self) -> Vec<Metric> {
        let mut metrics = Vec::new();
        for component in &self.components {
            let gate = component.gate.iter().map(|[of, ..]| of);
            let named = [&component.measure].into_iter().chain(gate).chain([&component.more.times]);
            let typed = named.filter_map(|value| parse::measure(value, &[])).flat_map(|measure| match measure {
                Measure::Deals => vec![Metric::NetSales],
                measure => measure.metrics(),
            });
            let card = component.weights.iter().filter(|_| component.names_card());
            for metric in typed.chain(card.filter_map(|[metric, _]| Metric::parse(metric))) {
                if !metrics.contains(&metric) {
                    metrics.push(metric);
                }
            }
        }
        metrics
    }

    /// Whether a component pays deal by deal, so that the example asks for the number of deals.
    pub fn by_deal(&self) -> bool {
        self.components.iter().any(|component| {
            let climbed = component.pays == "tiers" && component.over == "deal";
            climbed || component.measure == Measure::Deals.word() || component.more.asks_for_deals()
        })
    }
}

impl ExampleForm {
    /// Reads the example for the metrics of a plan.
    pub fn parse(&self, plan: &Plan, from: Date, fiscal_start: Month) -> Result<Example, Errors> {
        let mut errors = Errors::new();
        let mut example = Example {
            on: from,
            period: Period::containing(plan.period.into(), from, fiscal_start).to_string(),
            targets: [].into(),
            reached: [].into(),
            deals: 1,
            year_targets: None,
            period_on_plan: 1,
        };
        for metric in picture::metrics(plan) {
            let [target, reached] = self.rows.get(&metric).cloned().unwrap_or_default();
            let mut take = |column: &str, typed: &str, words: &str| {
                let field = format!("x_{}_{column}", metric.as_str());
                let value = value(metric, typed, plan.currency);
                value.map_err(|why| errors.add(field, format!("{words}: {why}"))).ok()
            };
            if !target.trim().is_empty()
                && let Some(value) = take("target", &target, &format!("{}, target", metric.label()))
            {
                example.targets.insert(metric, value);
            }
            if let Some(value) = take("reached", &reached, &format!("{}, reached", metric.label())) {
                example.reached.insert(metric, value);
            }
        }
        let deals = if self.deals.trim().is_empty() { Ok(1) } else { number::count(&self.deals) };
        match deals {
            Ok(deals @ 1..=MOST_DEALS) => example.deals = deals,
            _ => errors.add("x_deals", format!("In how many deals? Use 1 to {MOST_DEALS}.")),
        }
        if errors.is_empty() { Ok(example) } else { Err(errors) }
    }
}

fn value(metric: Metric, typed: &str, currency: Currency) -> Result<Decimal, String> {
    match metric.unit() {
        Unit::Money => number::money(typed, currency).map(crate::domain::money::Money::exact),
        Unit::Count => number::count(typed).map(Decimal::from),
        Unit::Fraction => number::fine_percent(typed),
    }
}

/// What the plan of a form pays for its example; nothing where the example has no target to draw along.
pub fn shown(plan: &Plan, example: &Example, along: Metric) -> Result<Option<Shown>, Errors> {
    let picture = picture::draw(plan, example, along).map_err(|refused| {
        let mut errors = Errors::new();
        errors.add(format!("x_{}_reached", along.as_str()), format!("This example cannot be paid: {refused}."));
        errors
    })?;
    Ok(picture.map(|picture| Shown::of(picture, plan.currency)))
}

/// As [`shown`], and beside the threads that serve others: the chart asks the engine hundreds of times.
///
/// # Errors
/// The drawing broke off.
pub async fn shown_beside(
    plan: &Plan,
    example: Example,
    along: Metric,
) -> Result<Result<Option<Shown>, Errors>, Error> {
    let plan = plan.clone();
    let drawn = tokio::task::spawn_blocking(move || shown(&plan, &example, along)).await;
    drawn.map_err(|e| Error::Internal(e.to_string()))
}

impl Shown {
    fn of(picture: Picture, currency: Currency) -> Self {
        let shown = |amount| format::money(currency, amount);
        let point = |point: &picture::Point| PayPoint { share: point.share.decimal(), pays: point.pays };
        let points: Vec<PayPoint> = picture.points.iter().map(point).collect();
        let total = shown(picture.here.pays);
        let along = picture.along.label();
        let at = |share: i64| picture.table.iter().find(|(_, p)| p.share.percent_floored(0) >= share.into());
        let told = [50, 100, 150].into_iter().filter_map(|share| {
            at(share).map(|(_, point)| format!("{} at {}", shown(point.pays), format::percent(point.share)))
        });
        let told: Vec<String> = told.collect();
        let label = format!(
            "Pay against the attainment of {}: {}; the example stands at {} and pays {total}.",
            along.to_lowercase(),
            format::listed(&told),
            format::percent(picture.here.share),
        );
        Self {
            chart: PayLine::new(currency, &points, &point(&picture.here), label),
            along,
            table: picture
                .table
                .iter()
                .map(|(value, point)| [format::percent(point.share), value.clone(), shown(point.pays)])
                .collect(),
            next: picture.next,
            lines: picture.statement.lines,
            total,
            cuts: picture.cuts.into_iter().map(|cut| (cut.component, cut.words)).collect(),
        }
    }
}

/// What the author may not have meant, and where in the form it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The component's position; none: the whole plan.
    pub component: Option<usize>,
    /// The part of it that has its own place in the form: tiers, curve, gate, cap, draw; empty: none.
    pub part: &'static str,
    /// What it is.
    pub words: String,
}

impl Warning {
    /// One of the whole plan.
    pub fn of_plan(words: String) -> Self {
        Self { component: None, part: "", words }
    }
}

/// What the author may not have meant: of the plan itself, and where the example meets a cap.
pub fn warnings(plan: &Plan, shown: Option<&Shown>) -> Vec<Warning> {
    let cuts = shown.map(|shown| shown.cuts.as_slice()).unwrap_or_default();
    let of_plan = check::warnings(plan).into_iter().filter_map(|warning| {
        let component = place::component_of(&warning.place);
        // Where the example shows the cap at work, its words say more.
        let told = warning.place.strip_suffix(".cap").is_some() && cuts.iter().any(|(cut, _)| *cut == component);
        let part = place::part_of(&warning.place);
        (!told).then(|| Warning { component, part, words: place::worded(&warning, plan) })
    });
    let name = |component: Option<usize>| component.and_then(|i| plan.components.get(i)).map(|c| c.name.as_str());
    let of_example = cuts.iter().map(|(component, words)| {
        let words = format!("{}: {words}.", name(*component).unwrap_or("All components together"));
        Warning { component: *component, part: "cap", words }
    });
    of_plan.chain(of_example).collect()
}

/// What the example takes for granted, or leaves out, of a plan that looks beyond one rep's one period.
pub fn assumes(plan: &Plan, example: &Example) -> Vec<String> {
    let any = |of: &dyn Fn(&Component) -> bool| plan.components.iter().any(of);
    let says = |is: bool, words: &str| is.then(|| words.to_owned());
    let dated = any(&|one| one.only.is_some_and(|only| only.booked.is_some()));
    let whose = any(&|one| one.only.is_some_and(|only| Only { booked: None, ..only } != Only::default()));
    let own_year = example.year_targets.is_some() || !plan.attained().iter().any(|one| one.of_year);
    let year = if own_year { "" } else { ", and its target stands for the year's" };
    [
        any(&Component::year_to_date)
            .then(|| format!("It is the first period of the year: nothing came before it{year}.")),
        dated.then(|| format!("All its deals are booked on {}.", format::date(example.on))),
        says(
            whose,
            "Its first, third, fifth … deal is a new customer's first; the others sell a further category to customers of three years.",
        ),
        says(any(&|one| one.credit == CreditKind::Overlay), "Each deal has an overlay credit for all of it, too."),
        says(any(&|one| one.measure == Measure::Earnings), "The team earned nothing in it."),
        says(
            any(&|one| one.scope == Scope::Team || one.gate.iter().any(|condition| condition.who != Who::Rep)),
            "The team is one rep who did the same.",
        ),
        begun(plan, example.period_on_plan),
        says(any(&|one| one.true_up.is_some()), "What is made up at the end of the longer period is not in it."),
        says(any(&|one| one.clawback_days.is_some()), "Nothing is taken back in it."),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// How far the rep has come with a plan that begins otherwise than it goes on: "It is the rep's first month on the plan:
/// 25% of the targets counts, and what is paid is paid with the draw."
fn begun(plan: &Plan, number: u32) -> Option<String> {
    let counts = match plan.ramped(number) {
        _ if plan.ramp.is_empty() => None,
        Some(share) => Some(format!("{} of the targets counts", format::rate(share))),
        None => Some("the targets count in full".to_owned()),
    };
    let draw = match plan.drawn(number) {
        _ if plan.draw.is_empty() => None,
        Some(_) => Some("what is paid is paid with the draw"),
        None => Some("no draw is paid any more, and nothing is owed of one"),
    };
    let told: Vec<String> = counts.into_iter().chain(draw.map(str::to_owned)).collect();
    let period = plan.period.as_str();
    let when = if number == 1 { format!("first {period}") } else { format!("{period} {number}") };
    let later = if number == 1 { "" } else { " or a later one" };
    (!told.is_empty()).then(|| format!("It is the rep's {when} on the plan{later}: {}.", told.join(", and ")))
}

/// What a metric's goal is called: a limit where fewer is better.
pub fn goal(metric: &Metric) -> &'static str {
    if metric.is_limit() { "Limit" } else { "Target" }
}
