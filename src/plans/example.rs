//! The example that a plan is tried with, as typed; and what the plan pays for it, ready to be shown.

use rust_decimal::Decimal;
use time::{Date, Month};

use super::{
    form::{ComponentForm, ExampleForm, PlanForm},
    parse, place,
};
use crate::{
    domain::{
        commission::{
            check,
            picture::{self, Example, Picture},
            plan::{Component, MeasuringPeriod, Plan},
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
    pub fn metrics(&self, currency: Currency) -> Vec<Metric> {
        let mut metrics = Vec::new();
        for component in &self.components {
            let gate = component.gate.iter().map(|[of, ..]| of);
            let typed =
                [&component.measure].into_iter().chain(gate).filter_map(|value| parse::measure(value)?.metric());
            let named: Vec<Metric> = match self.kept_component(component, currency) {
                Some(kept) => picture::metrics_of(&kept),
                None => typed.collect(),
            };
            for metric in named {
                if !metrics.contains(&metric) {
                    metrics.push(metric);
                }
            }
        }
        metrics
    }

    /// Whether a component pays deal by deal, so that the example asks for the number of deals.
    pub fn by_deal(&self, currency: Currency) -> bool {
        self.components.iter().any(|component| match self.kept_component(component, currency) {
            Some(kept) => kept.asks_for_deals(),
            None => component.pays == "tiers" && component.over == "deal",
        })
    }

    /// A component that the form keeps as it is.
    fn kept_component(&self, form: &ComponentForm, currency: Currency) -> Option<Component> {
        let period = MeasuringPeriod::ALL.into_iter().find(|period| period.as_str() == self.period);
        let period = period.unwrap_or(MeasuringPeriod::Month);
        (!form.kept.is_empty()).then(|| Component::from_json(&form.kept, currency, period).ok()).flatten()
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

/// What the author may not have meant, for the whole plan (none) or a component: of the plan itself, and where the
/// example meets a cap.
pub fn warnings(plan: &Plan, shown: Option<&Shown>) -> Vec<(Option<usize>, String)> {
    let cuts = shown.map(|shown| shown.cuts.as_slice()).unwrap_or_default();
    let of_plan = check::warnings(plan).into_iter().filter_map(|warning| {
        let component = place::component_of(&warning.place);
        // Where the example shows the cap at work, its words say more.
        let told = warning.place.strip_suffix(".cap").is_some() && cuts.iter().any(|(cut, _)| *cut == component);
        (!told).then(|| (component, place::worded(&warning, plan)))
    });
    let name = |component: Option<usize>| component.and_then(|i| plan.components.get(i)).map(|c| c.name.as_str());
    let of_example = cuts.iter().map(|(component, words)| {
        (*component, format!("{}: {words}.", name(*component).unwrap_or("All components together")))
    });
    of_plan.chain(of_example).collect()
}

/// What a metric's goal is called: a limit where fewer is better.
pub fn goal(metric: &Metric) -> &'static str {
    if metric.is_limit() { "Limit" } else { "Target" }
}
