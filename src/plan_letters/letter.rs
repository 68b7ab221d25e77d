//! A plan letter: a version of a plan in plain sentences for one rep, with pay at 80, 100 and 120 % of target.

use std::collections::BTreeMap;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};
use time::{Date, Month};

use crate::{
    domain::{
        commission::{
            picture::{self, Example},
            plan::{Attained, MeasuringPeriod, Plan},
            told,
        },
        metric::{Metric, Unit},
        period::{Period, PeriodKind, add_months},
    },
    plans::{example, form::ExampleForm},
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
    /// What the examples pay for.
    pub example: String,
    /// The metric along which they go.
    pub along: String,
    /// Share of the target, value, and what the plan pays in all.
    pub pays: Vec<[String; 3]>,
    /// What the examples take for granted, or why there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assumes: Vec<String>,
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

/// What is expected of the rep, in the metrics' units.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// The targets of [`periods`].
    pub targets: Vec<Target>,
    /// Those of the whole fiscal year that the letter begins in, for a plan that [`climbs_by_the_year`].
    pub of_year: BTreeMap<Metric, Decimal>,
}

/// Whether a plan looks at targets of the fiscal year.
pub fn climbs_by_the_year(plan: &Plan) -> bool {
    plan.attained().iter().any(|target| target.of_year)
}

/// The periods whose targets a letter names.
pub fn periods(plan: &Plan, from: Date, fiscal_start: Month) -> Vec<Period> {
    let first = Period::containing(plan.period.into(), from, fiscal_start);
    let through = add_months(first.from(), MONTHS);
    std::iter::successors(Some(first), |period| Some(period.next())).take_while(|one| one.from() < through).collect()
}

impl Letter {
    /// The letter for a rep.
    ///
    /// # Errors
    /// A plan that cannot be evaluated.
    pub fn new(told: &Told<'_>, rep: &str, from: Date, expected: &Expected) -> Result<Self, Error> {
        let plan = told.plan;
        let parts = plan.components.iter().map(|one| (one.name.clone(), told::component(one, plan.currency)));
        let periods = periods(plan, from, told.fiscal_start);
        let Examples { example, along, pays, assumes } = examples(told, from, expected)?;
        let metrics = picture::metrics(plan);
        let of_year = metrics.iter().filter_map(|one| of_metric_and_year(told, from, *one, expected));
        let each = metrics.iter().filter_map(|one| of_metric(plan, *one, &periods, &expected.targets));
        Ok(Self {
            company: told.company.to_owned(),
            rep: rep.to_owned(),
            plan: plan.name.clone(),
            number: told.number,
            from,
            parts: parts.chain([("The whole plan".to_owned(), told::together(plan))]).collect(),
            targets: of_year.chain(each).collect(),
            example,
            along,
            pays,
            assumes,
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

/// "Net sales: €600,000 in 2027, by which the plan climbs."
fn of_metric_and_year(told: &Told<'_>, from: Date, metric: Metric, expected: &Expected) -> Option<String> {
    let plan = told.plan;
    let is_looked_at = plan.attained().contains(&Attained { metric, of_year: true });
    let value = expected.of_year.get(&metric).filter(|_| is_looked_at && plan.period != MeasuringPeriod::Year)?;
    let year = Period::containing(PeriodKind::Year, from, told.fiscal_start);
    let amount = target_words(metric, *value, plan.currency);
    Some(format!("{}: {amount} in {}, by which the plan climbs.", metric.label(), format::period(year)))
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
    assumes: Vec<String>,
}

/// What the plan pays at some shares of the rep's first target, or of a round one, the others on theirs. It is a period
/// after those that begin otherwise; and no examples are made up of a year of which nothing is expected yet.
fn examples(told: &Told<'_>, from: Date, expected: &Expected) -> Result<Examples, Error> {
    let plan = told.plan;
    let metrics = picture::metrics(plan);
    let (targets, of_year) = (&expected.targets, &expected.of_year);
    let mut by_year = plan.attained().into_iter().filter(|target| target.of_year);
    if let Some(Attained { metric, .. }) = by_year.find(|target| !of_year.contains_key(&target.metric)) {
        let year = format::period(Period::containing(PeriodKind::Year, from, told.fiscal_start));
        let name = metric.label().to_lowercase();
        let why = format!(
            "The plan climbs by the year’s target for {name}, and you have none for {year} yet: what it pays cannot be shown."
        );
        return Ok(Examples { assumes: vec![why], ..Examples::default() });
    }
    let Some(along) = metrics.first().copied() else { return Ok(Examples::default()) };
    let mut form = ExampleForm::default();
    form.fill(&metrics);
    let mut example: Example = form
        .parse(plan, from, told.fiscal_start)
        .map_err(|_| Error::Internal(format!("the example of plan {}", plan.name)))?;
    example.year_targets = climbs_by_the_year(plan).then(|| of_year.clone());
    example.period_on_plan = plan.settled_from();
    let (mut own, mut even) = (false, false);
    for metric in &metrics {
        let first = targets.iter().filter(|target| target.metric == *metric).min_by_key(|target| target.starts);
        let set = first.map(|target| target.value).filter(|value| *value > Decimal::ZERO);
        let part = of_year.get(metric).filter(|_| set.is_none()).map(|of_year| even_part(plan, *metric, *of_year));
        if let Some(value) = set.or(part.filter(|value| *value > Decimal::ZERO)) {
            own |= *metric == along && set.is_some();
            even |= *metric == along && set.is_none();
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
        Unit::Count => format::number(value),
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
    let whose = match (own, even) {
        (true, _) => format!("With your {kind}"),
        (_, true) => format!("With an even part of your year’s {kind}, which is a {kind}"),
        _ => format!("If you had a {kind}"),
    };
    let target = example.targets.get(&along).map(|target| shown(*target)).unwrap_or_default();
    let others: Vec<String> = metrics.iter().filter(|metric| **metric != along).map(|metric| name(*metric)).collect();
    let beside =
        if others.is_empty() { String::new() } else { format!(", and with {} on target", format::listed(&others)) };
    Ok(Examples {
        example: format!("{whose} of {target} for {}{beside}, one {} pays:", name(along), plan.period.as_str()),
        along: along.label().to_owned(),
        pays,
        assumes: example::assumes(plan, &example),
    })
}

/// What of a year's target falls on each of the plan's periods; of a share all of it.
fn even_part(plan: &Plan, metric: Metric, of_year: Decimal) -> Decimal {
    if metric.unit() == Unit::Fraction {
        return of_year;
    }
    let parts = plan.period.in_one(MeasuringPeriod::Year).unwrap_or(1);
    (of_year / Decimal::from(parts)).round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero)
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;
    use crate::domain::{
        commission::{
            plan::{Component, Per, Schedule},
            templates::Template,
        },
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
        let targets = vec![
            target(date!(2027 - 01 - 01), 40_000),
            target(date!(2027 - 02 - 01), 40_000),
            target(date!(2027 - 04 - 01), 45_000),
        ];
        let expected = Expected { targets, ..Expected::default() };
        let letter = Letter::new(&told, "Ingrid", date!(2027 - 01 - 01), &expected).unwrap();
        assert!(letter.assumes.is_empty(), "{:?}", letter.assumes);
        assert!(letter.parts[0].1.contains(&"From 100% to 120% of target every further euro pays 6%.".to_owned()));
        assert_eq!(
            letter.targets,
            ["Net sales: €40,000 each month from January 2027 to February 2027 and €45,000 in April 2027."]
        );
        assert_eq!(letter.example, "With your target of €40,000.00 for net sales, one month pays:");
        // 32,000 × 4 %; 40,000 × 4 %; and 8,000 × 6 % on top.
        let paid: Vec<&str> = letter.pays.iter().map(|row| row[2].as_str()).collect();
        assert_eq!(paid, ["€1,280.00", "€1,600.00", "€2,080.00"]);
        let without = Letter::new(&told, "Ingrid", date!(2027 - 01 - 01), &Expected::default()).unwrap();
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
            let pays = Letter::new(&told, "Ingrid", from, &Expected::default()).unwrap().pays;
            let cents = |row: &[String; 3]| row[2].replace(['€', ',', '.'], "").parse::<i64>().unwrap();
            assert!(cents(&pays[1]) > 0 && cents(&pays[2]) >= cents(&pays[1]), "{}: {pays:?}", plan.name);
            if template == Template::Hunter {
                // 4 × 50 and 2 × 80; 6 % of 25,000 and 2 % of 25,000.
                assert_eq!(pays[1][2], "€2,360.00");
            }
        }
    }

    #[test]
    fn who_begins_with_a_draw_reads_what_is_paid_after_it() {
        let euro = Currency::parse("EUR").unwrap();
        let from = date!(2027 - 01 - 01);
        let plan = Template::Newcomer.plan("Newcomer", euro, from);
        let told = Told { company: "Nordlys", number: 1, plan: &plan, fiscal_start: Month::January };
        let letter = Letter::new(&told, "Ingrid", from, &Expected::default()).unwrap();
        // From month 7 on: 3 % of 40,000; of 50,000; and 5 % of the 10,000 above the whole target, not above a quarter.
        let paid: Vec<&str> = letter.pays.iter().map(|row| row[2].as_str()).collect();
        assert_eq!(paid, ["€1,200.00", "€1,500.00", "€2,000.00"]);
        let said = "It is the rep's month 7 on the plan or a later one: the targets count in full, and no draw is paid any \
                    more, and nothing is owed of one.";
        assert_eq!(letter.assumes, [said]);
    }

    #[test]
    fn a_plan_that_climbs_by_the_year_goes_by_the_years_target() {
        let euro = Currency::parse("EUR").unwrap();
        let from = date!(2027 - 01 - 01);
        let mut plan = Template::Accelerator.plan("Field", euro, from);
        plan.components[0].true_up = None;
        let Schedule::Tiers(tiers) = &mut plan.components[0].pays else { panic!() };
        tiers.per = Per::YearToDate;
        let told = Told { company: "Nordlys", number: 1, plan: &plan, fiscal_start: Month::January };
        let month = Target { metric: Metric::NetSales, starts: from, value: Decimal::from(4_000_000) };
        let without = Expected { targets: vec![month], ..Expected::default() };
        let letter = Letter::new(&told, "Ingrid", from, &without).unwrap();
        assert!(letter.pays.is_empty(), "{:?}", letter.pays);
        assert!(letter.assumes[0].ends_with("you have none for 2027 yet: what it pays cannot be shown."));
        let of_year = BTreeMap::from([(Metric::NetSales, Decimal::from(60_000_000))]);
        let letter = Letter::new(&told, "Ingrid", from, &Expected { of_year: of_year.clone(), ..without }).unwrap();
        assert_eq!(
            letter.targets,
            ["Net sales: €600,000 in 2027, by which the plan climbs.", "Net sales: €40,000 in January 2027."]
        );
        // 4 % of 32,000, of 40,000 and of 48,000: no month climbs above the first step of a year of 600,000.
        let paid: Vec<&str> = letter.pays.iter().map(|row| row[2].as_str()).collect();
        assert_eq!(paid, ["€1,280.00", "€1,600.00", "€1,920.00"]);
        assert_eq!(letter.assumes, ["It is the first period of the year: nothing came before it."]);
        // Only the year has a target: a month is its twelfth.
        let letter = Letter::new(&told, "Ingrid", from, &Expected { of_year, ..Expected::default() }).unwrap();
        assert_eq!(letter.pays[1], ["100%", "€50,000.00", "€2,000.00"]);
        assert!(letter.example.starts_with("With an even part of your year’s target, which is a target of €50,000.00"));
    }
}
