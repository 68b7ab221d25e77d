//! A plan letter: a version of a plan in plain sentences for one rep, with pay at 80, 100 and 120 % of target.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use time::{Date, Month};

use crate::{
    domain::{
        commission::{
            picture::{self, Example},
            plan::Plan,
            told,
        },
        metric::{Metric, Unit},
        period::{Period, add_months},
    },
    plans::form::ExampleForm,
    scorecards::figure::target_words,
    web::{error::Error, format},
};

/// The shares of the target that the examples show, in percent.
const SHARES: [i64; 3] = [80, 100, 120];
/// Over how many months from its first day a letter names targets.
const MONTHS: i32 = 12;

/// What a rep is told, as it is stored. It says nothing that changes by itself, so that the same words are the same letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// The company.
    pub company: String,
    /// The rep.
    pub rep: String,
    /// The plan.
    pub plan: String,
    /// The number of its version.
    pub number: i32,
    /// Since when it holds for the rep.
    pub from: Date,
    /// Each component's name and sentences, then those of the whole plan.
    pub parts: Vec<(String, Vec<String>)>,
    /// The rep's targets, a sentence for each metric.
    pub targets: Vec<String>,
    /// What the examples assume.
    pub example: String,
    /// The metric along which they go.
    pub along: String,
    /// Share of the target, value, and what the plan pays in all.
    pub pays: Vec<[String; 3]>,
}

/// A target of the rep's, in the metric's unit.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Of what.
    pub metric: Metric,
    /// First day of its period.
    pub starts: Date,
    /// How much.
    pub value: Decimal,
}

/// The version that is told.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// The company's name.
    pub company: &'a str,
    /// The number of the version.
    pub number: i32,
    /// The plan itself.
    pub plan: &'a Plan,
    /// Where the company's fiscal year begins.
    pub fiscal_start: Month,
}

/// The periods whose targets a letter names.
pub fn periods(plan: &Plan, from: Date, fiscal_start: Month) -> Vec<Period> {
    let first = Period::containing(plan.period.into(), from, fiscal_start);
    let through = add_months(first.from(), MONTHS);
    std::iter::successors(Some(first), |period| Some(period.next())).take_while(|one| one.from() < through).collect()
}

impl Letter {
    /// The letter for a rep. The targets are those of [`periods`].
    ///
    /// # Errors
    /// A plan that cannot be evaluated.
    pub fn new(told: &Told<'_>, rep: &str, from: Date, targets: &[Target]) -> Result<Self, Error> {
        let plan = told.plan;
        let parts = plan.components.iter().map(|one| (one.name.clone(), told::component(one, plan.currency)));
        let periods = periods(plan, from, told.fiscal_start);
        let Examples { example, along, pays } = examples(told, from, targets)?;
        Ok(Self {
            company: told.company.to_owned(),
            rep: rep.to_owned(),
            plan: plan.name.clone(),
            number: told.number,
            from,
            parts: parts.chain([("The whole plan".to_owned(), told::together(plan))]).collect(),
            targets: picture::metrics(plan)
                .into_iter()
                .filter_map(|one| of_metric(plan, one, &periods, targets))
                .collect(),
            example,
            along,
            pays,
        })
    }

    /// The letter as it is stored.
    ///
    /// # Errors
    /// None that this type can meet.
    pub fn to_json(&self) -> Result<String, Error> {
        serde_json::to_string(self).map_err(|e| Error::Internal(e.to_string()))
    }

    /// Reads a stored letter.
    ///
    /// # Errors
    /// One that was not written by this program.
    pub fn read(body: &str) -> Result<Self, Error> {
        serde_json::from_str(body).map_err(|e| Error::Internal(format!("a plan letter: {e}")))
    }
}

/// "Net sales: €50,000 in January 2027 to March 2027, €52,000 in April 2027".
fn of_metric(plan: &Plan, metric: Metric, periods: &[Period], targets: &[Target]) -> Option<String> {
    let mut runs: Vec<(Decimal, Period, Period)> = Vec::new();
    for period in periods {
        let set = targets.iter().find(|target| target.metric == metric && target.starts == period.from());
        let Some(value) = set.map(|target| target.value) else { continue };
        match runs.last_mut() {
            Some((known, _, last)) if *known == value && last.next() == *period => *last = *period,
            _ => runs.push((value, *period, *period)),
        }
    }
    let told = |(value, first, last): &(Decimal, Period, Period)| {
        let amount = target_words(metric, *value, plan.currency);
        if first == last {
            format!("{amount} in {}", format::period(*first))
        } else {
            let each = plan.period.as_str();
            format!("{amount} each {each} from {} to {}", format::period(*first), format::period(*last))
        }
    };
    let told: Vec<String> = runs.iter().map(told).collect();
    (!told.is_empty()).then(|| format!("{}: {}.", metric.label(), format::listed(&told)))
}

/// What the examples say.
#[derive(Default)]
struct Examples {
    example: String,
    along: String,
    pays: Vec<[String; 3]>,
}

/// What the plan pays at some shares of the rep's first target, or of a round one, the others on theirs.
fn examples(told: &Told<'_>, from: Date, targets: &[Target]) -> Result<Examples, Error> {
    let plan = told.plan;
    let metrics = picture::metrics(plan);
    let Some(along) = metrics.first().copied() else { return Ok(Examples::default()) };
    let mut form = ExampleForm::default();
    form.fill(&metrics);
    let mut example: Example = form
        .parse(plan, from, told.fiscal_start)
        .map_err(|_| Error::Internal(format!("the example of plan {}", plan.name)))?;
    let mut own = false;
    for metric in &metrics {
        let first = targets.iter().filter(|target| target.metric == *metric).min_by_key(|target| target.starts);
        let set = first.map(|target| target.value).filter(|value| *value > Decimal::ZERO);
        if let Some(value) = set {
            own |= *metric == along;
            example.targets.insert(*metric, value);
        }
        // On the target, so that it opens every condition on one.
        if let Some(target) = example.targets.get(metric) {
            example.reached.insert(*metric, *target);
        }
    }
    let shown = |value: Decimal| match along.unit() {
        Unit::Money => format::locale().money_exact(plan.currency, value),
        Unit::Fraction => format::rate(value),
        Unit::Count => format::quantity(&value),
    };
    let mut pays = Vec::new();
    for percent in SHARES {
        let Some(value) = example.value_at(along, Decimal::new(percent, 2)) else { continue };
        let statement = example
            .pay(plan, along, value)
            .map_err(|e| Error::Internal(format!("the example of plan {}: {e}", plan.name)))?;
        pays.push([format!("{percent}%"), shown(value), format::money(plan.currency, statement.total.money)]);
    }
    let name = |metric: Metric| metric.label().to_lowercase();
    let kind = if along.is_limit() { "limit" } else { "target" };
    let whose = if own { "With your" } else { "If you had a" };
    let target = example.targets.get(&along).map(|target| shown(*target)).unwrap_or_default();
    let others: Vec<String> = metrics.iter().filter(|metric| **metric != along).map(|metric| name(*metric)).collect();
    let beside =
        if others.is_empty() { String::new() } else { format!(", and with {} on target", format::listed(&others)) };
    Ok(Examples {
        example: format!("{whose} {kind} of {target} for {}{beside}, one {} pays:", name(along), plan.period.as_str()),
        along: along.label().to_owned(),
        pays,
    })
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;
    use crate::domain::{
        commission::{plan::Component, templates::Template},
        money::Currency,
    };

    #[test]
    fn a_letter_tells_the_plan_the_targets_and_what_three_attainments_pay() {
        let euro = Currency::parse("EUR").unwrap();
        let plan = Template::Accelerator.plan("Field", euro, date!(2027 - 01 - 01));
        let components = plan.components.iter().map(|one| Component { true_up: None, ..one.clone() }).collect();
        let plan = Plan { components, ..plan };
        let told = Told { company: "Nordlys", number: 2, plan: &plan, fiscal_start: Month::January };
        let target =
            |starts, euros: i64| Target { metric: Metric::NetSales, starts, value: Decimal::new(euros * 100, 0) };
        let targets = [
            target(date!(2027 - 01 - 01), 40_000),
            target(date!(2027 - 02 - 01), 40_000),
            target(date!(2027 - 04 - 01), 45_000),
        ];
        let letter = Letter::new(&told, "Ingrid", date!(2027 - 01 - 01), &targets).unwrap();
        assert!(letter.parts[0].1.contains(&"From 100% to 120% of target every further euro pays 6%.".to_owned()));
        assert_eq!(
            letter.targets,
            ["Net sales: €40,000 each month from January 2027 to February 2027 and €45,000 in April 2027."]
        );
        assert_eq!(letter.example, "With your target of €40,000.00 for net sales, one month pays:");
        // 32,000 × 4 %; 40,000 × 4 %; and 8,000 × 6 % on top.
        let paid: Vec<&str> = letter.pays.iter().map(|row| row[2].as_str()).collect();
        assert_eq!(paid, ["€1,280.00", "€1,600.00", "€2,080.00"]);
        let without = Letter::new(&told, "Ingrid", date!(2027 - 01 - 01), &[]).unwrap();
        assert_eq!(without.example, "If you had a target of €50,000.00 for net sales, one month pays:");
        assert_eq!(Letter::read(&letter.to_json().unwrap()).unwrap(), letter);
    }

    #[test]
    fn the_letter_of_each_template_pays_on_target_and_more_above() {
        let euro = Currency::parse("EUR").unwrap();
        let from = date!(2027 - 01 - 01);
        for template in Template::ALL {
            let plan = template.plan(template.label(), euro, from);
            let told = Told { company: "Nordlys", number: 1, plan: &plan, fiscal_start: Month::January };
            let pays = Letter::new(&told, "Ingrid", from, &[]).unwrap().pays;
            let cents = |row: &[String; 3]| row[2].replace(['€', ',', '.'], "").parse::<i64>().unwrap();
            assert!(cents(&pays[1]) > 0 && cents(&pays[2]) >= cents(&pays[1]), "{}: {pays:?}", plan.name);
            if template == Template::Hunter {
                // 4 × 50 and 2 × 80; 6 % of 25,000 and 2 % of 25,000.
                assert_eq!(pays[1][2], "€2,360.00");
            }
        }
    }
}
