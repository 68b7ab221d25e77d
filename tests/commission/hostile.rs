//! Numbers that nobody means: the engine answers or refuses with words, and never falls over.

use attain::domain::{
    commission::{check, compare, evaluate::evaluate, facts::Facts, plan::Plan, reach, text, told},
    money::Currency,
};
use proptest::{collection::vec, prelude::*, sample::select};

use crate::support::{component, facts};

const NUMBERS: [&str; 16] = [
    "0",
    "1",
    "-1",
    "2",
    "0.01",
    "-0.01",
    "0.000000001",
    "0.999999999",
    "999.999999999",
    "1000000000",
    "9999999999999.99",
    "-9999999999999.99",
    "10000000000000",
    "-10000000000000",
    "1000000000000000",
    "79228162514264337593543950335",
];
const METRICS: [&str; 6] = ["net_sales", "visits", "lost_customers", "sales_growth", "gross_margin", "visit_minimum"];

fn number() -> impl Strategy<Value = &'static str> {
    select(&NUMBERS[..])
}

/// Numbers that fit the place more often than not, so that many plans are calculated.
fn fitting(usual: [&'static str; 4]) -> impl Strategy<Value = &'static str> {
    prop_oneof![6 => select(usual.to_vec()), 1 => number()]
}

fn amount() -> impl Strategy<Value = &'static str> {
    fitting(["9999999999999.99", "1000000000", "0.01", "10000000000000"])
}

fn rate() -> impl Strategy<Value = &'static str> {
    fitting(["999.999999999", "0.000000001", "0.03", "1"])
}

fn steps() -> impl Strategy<Value = String> {
    (rate(), amount(), rate(), amount(), amount(), rate()).prop_map(|(a, from, b, bonus, to, c)| {
        format!(
            r#"{{"from": "0", "rate": "{a}"}}, {{"from": "{from}", "rate": "{b}", "bonus": "{bonus}"}}, {{"from": "{to}", "rate": "{c}"}}"#
        )
    })
}

fn pays() -> impl Strategy<Value = String> {
    let tiers = (select(vec!["marginal", "whole"]), select(vec!["amount", "attainment"]), steps());
    let tiers = (tiers, select(vec!["period", "deal", "year_to_date"]));
    prop_oneof![
        rate().prop_map(|rate| format!(r#"{{"rate": "{rate}"}}"#)),
        amount().prop_map(|each| format!(r#"{{"per_unit": "{each}"}}"#)),
        amount().prop_map(|bonus| format!(r#"{{"bonus": "{bonus}"}}"#)),
        (amount(), rate(), rate(), rate()).prop_map(|(full, a, b, c)| format!(
            r#"{{"curve": {{"on_target": "{full}", "points": [{{"at": "0", "pays": "{a}"}}, {{"at": "{b}", "pays": "{c}"}}]}}}}"#
        )),
        tiers.prop_map(|((mode, axis, steps), per)| format!(
            r#"{{"tiers": {{"mode": "{mode}", "axis": "{axis}", "per": "{per}", "steps": [{steps}]}}}}"#
        )),
    ]
}

fn plan() -> impl Strategy<Value = String> {
    let measure = prop_oneof![
        4 => Just(r#""net_sales""#.to_owned()),
        2 => select(&METRICS[..]).prop_map(|metric| format!("\"{metric}\"")),
        1 => select(&METRICS[..]).prop_map(|metric| format!(r#"{{"attainment": "{metric}"}}"#)),
        1 => rate().prop_map(|weight| format!(r#"{{"scorecard": [{{"metric": "net_sales", "weight": "{weight}"}}, {{"metric": "sales_growth", "weight": "1"}}]}}"#)),
    ];
    let gate = prop_oneof![
        3 => Just(String::new()),
        1 => (select(&METRICS[..]), amount()).prop_map(|(metric, edge)| format!(r#", "gate": [{{"metric": "{metric}", "at_least": "{edge}"}}]"#)),
        1 => (select(&METRICS[..]), rate()).prop_map(|(metric, edge)| format!(r#", "gate": [{{"attainment": "{metric}", "at_most": "{edge}"}}]"#)),
    ];
    let modifier = prop_oneof![
        3 => Just(String::new()),
        1 => (select(&METRICS[..]), amount(), rate()).prop_map(|(metric, from, times)| format!(
            r#", "modifier": {{"metric": "{metric}", "steps": [{{"from": "0", "times": "{times}"}}, {{"from": "{from}", "times": "2"}}]}}"#
        )),
    ];
    let limits = prop_oneof![3 => Just(String::new()), 1 => amount().prop_map(|floor| format!(r#", "floor": "{floor}""#)), 1 => amount().prop_map(|cap| format!(r#", "cap": "{cap}""#))];
    let draw = prop_oneof![2 => Just(String::new()), 1 => (amount(), any::<bool>()).prop_map(|(amount, back)| format!(r#""draw": {{"amount": "{amount}", "recoverable": {back}}}, "recovery_cap": "0.999999999", "#))];
    ((measure, pays(), gate), (modifier, limits, draw)).prop_map(|((measure, pays, gate), (modifier, limits, draw))| {
        format!(
            r#"{{"name": "P", "currency": "EUR", "period": "month", {draw}"components": [
                {{"name": "A", "measure": {measure}, "pays": {pays}{gate}{modifier}{limits}}},
                {{"name": "B", "measure": "net_sales", "pays": {{"rate": "999.999999999"}}}}]}}"#
        )
    })
}

fn values(number: impl Strategy<Value = &'static str>) -> impl Strategy<Value = String> {
    (number, select(&["0", "1", "7", "1000000000000000"][..]), rate()).prop_map(|(money, count, share)| {
        format!(
            r#"{{"visits": "{count}", "lost_customers": "{count}", "sales_growth": "{share}", "visit_minimum": "{share}",
                "gross_margin": "{money}"}}"#
        )
    })
}

fn hostile_facts() -> impl Strategy<Value = String> {
    let deal = (
        amount(),
        select(vec![
            "",
            r#", "share": "0.333333333""#,
            r#", "part": "9999999999999.99""#,
            r#", "credits": [{"rep": "R1", "parts": 999999}, {"rep": "R2", "parts": 1}]"#,
        ]),
        any::<bool>(),
    );
    (values(amount()), values(amount()), vec(deal, 0..6), amount(), amount(), amount()).prop_map(
        |(metrics, targets, deals, before, old, sales)| {
            let deals: Vec<String> = deals
                .iter()
                .enumerate()
                .map(|(i, (amount, credit, back))| {
                    let number = i + 1;
                    let returned = if *back && i > 0 { r#", "returns": 1"# } else { "" };
                    format!(r#"{{"number": {number}, "booked_on": "2026-10-0{number}", "amount": "{amount}"{credit}{returned}}}"#)
                })
                .collect();
            let targets = targets.replacen('{', &format!(r#"{{"net_sales": "{sales}", "#), 1);
            format!(
                r#"{{"rep": "R1", "period": "2026-10", "metrics": {metrics}, "targets": {targets}, "deals": [{}],
                    "year_to_date": {{"net_sales": "{before}", "gross_margin": "{before}", "visits": "1000000000000000", "lost_customers": "0"}},
                    "draw_balance": "9999999999999.99", "balance": "-9999999999999.99",
                    "adjustments": [{{"component": "A", "period": "2026-09", "old": "{old}", "new": "-9999999999999.99"}}]}}"#,
                deals.join(",")
            )
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]
    #[test]
    fn absurd_numbers_are_paid_exactly_or_refused(plan in plan(), facts in hostile_facts()) {
        let Ok(plan) = Plan::from_json(&plan) else { return Ok(()) };
        let _ = (check::warnings(&plan), told::together(&plan), compare::changes(&plan, &plan));
        for component in &plan.components {
            let _ = told::component(component, plan.currency);
        }
        let Ok(facts) = Facts::from_json(&facts, Currency::parse("EUR").unwrap()) else { return Ok(()) };
        let _ = reach::next(&plan, &facts);
        match evaluate(&plan, &facts) {
            Ok(statement) => {
                let sum: i128 = statement.lines.iter().map(|line| i128::from(line.amount.money.0)).sum();
                prop_assert_eq!(sum, i128::from(statement.total.money.0));
                let _ = (statement.to_json().unwrap(), text::text(&statement));
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}

#[test]
fn what_cannot_be_calculated_exactly_is_refused_with_its_component() {
    let deals: Vec<String> = (1..=20)
        .map(|n| format!(r#"{{"number": {n}, "booked_on": "2026-10-01", "amount": "9999999999999.99"}}"#))
        .collect();
    let plan = component(r#""net_sales""#, r#"{"rate": "999.999999999"}"#, "");
    let error = evaluate(&plan, &facts(&format!(r#""deals": [{}]"#, deals.join(",")))).unwrap_err();
    assert!(error.to_string().contains("the numbers of “C” are too large to be calculated exactly"), "{error}");
    let floor = component(r#""net_sales""#, r#"{"rate": "999.999999999"}"#, r#", "floor": "9999999999999.99""#);
    let facts = facts(r#""metrics": {"net_sales": "-9999999999999.00"}"#);
    assert_eq!(evaluate(&floor, &facts).unwrap().total.to_string(), "9999999999999.99");
}
