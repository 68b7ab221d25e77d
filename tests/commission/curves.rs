//! Curves and bonuses: nothing below the first point, straight between points, flat above the last.

use crate::support::{component, deals, facts, line, records, total};

const CURVE: &str = r#"{"curve": {"on_target": "500.00", "points": [{"at": "0.8", "pays": "0.5"}, {"at": "1", "pays": "1"}, {"at": "1.5", "pays": "2"}]}}"#;

fn visits(actual: &str, target: &str) -> attain::domain::commission::facts::Facts {
    facts(&format!(r#""metrics": {{"visits": "{actual}"}}, "targets": {{"visits": "{target}"}}"#))
}

#[test]
fn a_curve_is_straight_between_its_points() {
    for measure in [r#""visits""#, r#"{"attainment": "visits"}"#] {
        let plan = component(measure, CURVE, "");
        for (actual, paid) in [
            ("0", "0.00"),
            ("79", "0.00"),
            ("80", "250.00"),
            ("81", "262.50"),
            ("90", "375.00"),
            ("99", "487.50"),
            ("100", "500.00"),
            ("101", "510.00"),
            ("150", "1000.00"),
            ("151", "1000.00"),
            ("100000", "1000.00"),
            ("-5", "0.00"),
        ] {
            assert_eq!(total(&plan, &visits(actual, "100")), paid, "{actual}");
        }
    }
}

#[test]
fn a_share_without_end_is_rounded_once() {
    let plan = component(r#""visits""#, CURVE, "");
    let found = line(&plan, &visits("92", "96"));
    // 0.5 + (92/96 − 0.8) ÷ 0.2 × 0.5 = 43/48 = 0.8958333…; × 500 = 447.91666…
    assert_eq!(found.amount.to_string(), "447.92");
    assert_eq!(
        found.text,
        "92 of 96 visits, which is 95.83%. Of €500.00 it pays 50% at 80%, 100% at 100% and 200% at 150%, straight \
         between, nothing below, flat above. €500.00 × 89.5833333% = €447.92. Rounded to €447.92."
    );
}

#[test]
fn below_the_first_point_it_says_what_was_missing() {
    let plan = component(r#""visits""#, CURVE, "");
    let found = line(&plan, &visits("72", "96"));
    assert_eq!(found.amount.to_string(), "0.00");
    // 80 % of 96 is 76.8, so 77 visits: 0.5 + (77/96 − 0.8) ÷ 0.2 × 0.5 = 0.50520833…
    assert!(found.text.ends_with("5 more visits would have paid €252.60."), "{}", found.text);
    let none = line(&plan, &facts(r#""metrics": {"visits": "72"}"#));
    assert!(none.text.ends_with("No target for visits is set, so it pays nothing."), "{}", none.text);
}

#[test]
fn a_limit_counts_what_is_left_of_it() {
    let plan = component(
        r#""lost_customers""#,
        r#"{"curve": {"on_target": "100.00", "points": [{"at": "0", "pays": "0"}, {"at": "1", "pays": "1"}, {"at": "2", "pays": "2"}]}}"#,
        "",
    );
    for (lost, limit, paid) in [
        ("0", "2", "200.00"), // 2 − 0
        ("1", "2", "150.00"),
        ("2", "2", "100.00"),
        ("3", "2", "50.00"),
        ("4", "2", "0.00"),
        ("9", "2", "0.00"),
        ("0", "0", "100.00"), // a limit of 0 is kept or not
        ("1", "0", "0.00"),
    ] {
        let facts =
            facts(&format!(r#""metrics": {{"lost_customers": "{lost}"}}, "targets": {{"lost_customers": "{limit}"}}"#));
        assert_eq!(total(&plan, &facts), paid, "{lost} of {limit}");
    }
    let found = line(&plan, &facts(r#""metrics": {"lost_customers": "1"}, "targets": {"lost_customers": "2"}"#));
    assert!(found.text.starts_with("1 lost customer against a limit of 2, which counts as 150%."), "{}", found.text);
}

#[test]
fn growth_is_a_fraction() {
    let plan = component(
        r#""sales_growth""#,
        r#"{"curve": {"on_target": "250.00", "points": [{"at": "0.5", "pays": "0.5"}, {"at": "1", "pays": "1"}]}}"#,
        "",
    );
    let grow = |growth: &str| {
        line(
            &plan,
            &facts(&format!(r#""metrics": {{"sales_growth": "{growth}"}}, "targets": {{"sales_growth": "0.08"}}"#)),
        )
    };
    assert_eq!(grow("0.08").amount.to_string(), "250.00");
    assert_eq!(grow("0.06").amount.to_string(), "187.50");
    assert_eq!(grow("0.039999").amount.to_string(), "0.00");
    let found = grow("0.0320");
    assert!(found.text.starts_with("Sales growth of 3.2% against a target of 8%, which is 40%."), "{}", found.text);
    assert!(
        found.text.ends_with("0.8 percentage points more of sales growth would have paid €125.00."),
        "{}",
        found.text
    );
}

#[test]
fn a_curve_over_sales_spreads_over_the_deals() {
    let plan = component(r#""net_sales""#, CURVE, "");
    let mut facts = deals(&["500", "300", "200"]);
    facts.targets.insert(attain::domain::metric::Metric::NetSales, 100_000.into());
    let found = line(&plan, &facts);
    assert_eq!(
        (found.amount.to_string(), records(&found)),
        ("500.00".into(), vec!["0.00".into(), "250.00".into(), "250.00".into()])
    );
}

#[test]
fn a_bonus_without_a_gate_is_always_paid() {
    let plan = component(r#""visits""#, r#"{"bonus": "200.00"}"#, "");
    let found = line(&plan, &facts(r#""metrics": {"visits": "0"}"#));
    assert_eq!((found.amount.to_string(), records(&found)), ("200.00".into(), vec!["200.00".into()]));
}
