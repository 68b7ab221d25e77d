//! Caps and floors of components and of the plan.

use attain::domain::commission::plan::Plan;

use crate::support::{component, deals, facts, line, pay, records, total};

#[test]
fn a_cap_cuts_the_later_records() {
    let plan = component(r#""net_sales""#, r#"{"rate": "0.10"}"#, r#", "cap": "100.00""#);
    let found = line(&plan, &deals(&["600", "300", "200", "50"]));
    assert_eq!(records(&found), ["60.00", "30.00", "10.00", "0.00"]);
    assert_eq!(
        (found.amount.to_string(), found.before_limits.unwrap().to_string()),
        ("100.00".into(), "115.00".into())
    );
    assert!(found.text.ends_with("The cap of €100.00 cuts it from €115.00."));
    // Exactly at the cap nothing is cut; below it a return counts in full.
    assert_eq!(line(&plan, &deals(&["1000"])).before_limits, None);
    assert_eq!(records(&line(&plan, &deals(&["1100", "-50", "-100"]))), ["100.00", "0.00", "-5.00"]);
}

#[test]
fn a_cap_does_not_touch_a_negative_amount() {
    let plan = component(r#""net_sales""#, r#"{"rate": "0.10"}"#, r#", "cap": "100.00""#);
    assert_eq!(total(&plan, &deals(&["-5000"])), "-500.00");
    let nothing = component(r#""net_sales""#, r#"{"rate": "0.10"}"#, r#", "cap": "0.00""#);
    assert_eq!(total(&nothing, &deals(&["5000"])), "0.00");
    assert_eq!(total(&nothing, &deals(&["-5000"])), "-500.00");
}

#[test]
fn a_floor_is_a_record_of_its_own() {
    let plan = component(r#""net_sales""#, r#"{"rate": "0.10"}"#, r#", "floor": "50.00""#);
    let found = line(&plan, &deals(&["100", "200"]));
    assert_eq!(records(&found), ["10.00", "20.00", "20.00"]);
    assert!(found.records[2].floor && found.records[2].deal.is_none());
    assert!(found.text.ends_with("The floor of €50.00 lifts it from €30.00."));
    assert_eq!(records(&line(&plan, &deals(&["500"]))), ["50.00"]);
    assert_eq!(records(&line(&plan, &deals(&["-500"]))), ["-50.00", "100.00"]);
    let counted = component(r#""visits""#, r#"{"per_unit": "2.00"}"#, r#", "floor": "50.00""#);
    assert_eq!(records(&line(&counted, &facts(r#""metrics": {"visits": "10"}"#))), ["20.00", "30.00"]);
    assert_eq!(records(&line(&counted, &facts(r#""metrics": {"visits": "0"}"#))), ["50.00"]);
}

#[test]
fn a_floor_may_hold_back_what_is_taken_back() {
    let plan = component(r#""net_sales""#, r#"{"rate": "0.10"}"#, r#", "floor": "-20.00""#);
    assert_eq!(total(&plan, &deals(&["-150"])), "-15.00");
    assert_eq!(total(&plan, &deals(&["-1500"])), "-20.00");
}

fn limited(limits: &str) -> Plan {
    Plan::from_json(&format!(
        r#"{{"name": "P", "currency": "EUR", "period": "month", "components": [
            {{"name": "A", "measure": "visits", "pays": {{"per_unit": "10.00"}}}},
            {{"name": "B", "measure": "net_sales", "pays": {{"rate": "0.10"}}}}]{limits}}}"#
    ))
    .unwrap()
}

#[test]
fn the_plans_own_cap_and_floor_are_lines_so_that_lines_add_up() {
    let facts =
        |visits: &str, sales: &str| facts(&format!(r#""metrics": {{"visits": "{visits}", "net_sales": "{sales}"}}"#));
    for (limits, visits, sales, lines, total) in [
        ("", "3", "200", vec!["30.00", "20.00"], "50.00"),
        (r#", "cap": "50.00""#, "3", "200", vec!["30.00", "20.00"], "50.00"),
        (r#", "cap": "49.99""#, "3", "200", vec!["30.00", "20.00", "-0.01"], "49.99"),
        (r#", "floor": "50.01""#, "3", "200", vec!["30.00", "20.00", "0.01"], "50.01"),
        (r#", "floor": "10.00", "cap": "40.00""#, "3", "-300", vec!["30.00", "-30.00", "10.00"], "10.00"),
        (r#", "cap": "40.00""#, "1", "-3000", vec!["10.00", "-300.00"], "-290.00"),
    ] {
        let statement = pay(&limited(limits), &facts(visits, sales));
        let amounts: Vec<String> = statement.lines.iter().map(|line| line.amount.to_string()).collect();
        assert_eq!(
            (amounts, statement.total.to_string()),
            (lines.iter().map(ToString::to_string).collect(), total.to_string()),
            "{limits}"
        );
    }
    let cut = pay(&limited(r#", "cap": "40.00""#), &facts("3", "200"));
    assert_eq!(cut.lines[2].component, "Plan cap");
    assert_eq!(cut.lines[2].text, "The plan pays €40.00 at most; its components earned €50.00.");
}
