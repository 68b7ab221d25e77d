//! Gates: all conditions must hold, and a line that pays nothing says which failed and by how much.

use attain::domain::commission::facts::Facts;

use crate::support::{component, deals, facts, line, pay, plan_in, records, tiers, total};

#[test]
fn edges_that_are_hit_exactly_hold() {
    let gate = |gate: &str| component(r#""visits""#, r#"{"bonus": "200.00"}"#, &format!(r#", "gate": [{gate}]"#));
    for (condition, visits, paid) in [
        (r#"{"metric": "visits", "at_least": "20"}"#, "19", "0.00"),
        (r#"{"metric": "visits", "at_least": "20"}"#, "20", "200.00"),
        (r#"{"metric": "visits", "at_most": "20"}"#, "20", "200.00"),
        (r#"{"metric": "visits", "at_most": "20"}"#, "21", "0.00"),
        (r#"{"metric": "visits", "at_least": "3", "at_most": "5"}"#, "5", "200.00"),
        (r#"{"metric": "visits", "at_least": "3", "at_most": "5"}"#, "2", "0.00"),
        (r#"{"metric": "visits", "at_least": "3", "at_most": "5"}"#, "6", "0.00"),
        (r#"{"attainment": "visits", "at_least": "0.9583"}"#, "92", "200.00"), // 92/96 = 0.95833…
        (r#"{"attainment": "visits", "at_least": "0.9584"}"#, "92", "0.00"),
        (r#"{"attainment": "visits", "at_most": "1"}"#, "96", "200.00"),
        (r#"{"attainment": "visits", "at_most": "1"}"#, "97", "0.00"),
    ] {
        let facts = facts(&format!(r#""metrics": {{"visits": "{visits}"}}, "targets": {{"visits": "96"}}"#));
        assert_eq!(total(&gate(condition), &facts), paid, "{condition} with {visits}");
    }
}

#[test]
fn a_gate_in_money_is_compared_to_the_cent() {
    let plan = component(
        r#""net_sales""#,
        r#"{"rate": "0.10"}"#,
        r#", "gate": [{"metric": "net_sales", "at_least": "1000.00"}]"#,
    );
    assert_eq!(total(&plan, &deals(&["1000"])), "100.00");
    let short = line(&plan, &deals(&["400", "599.99"]));
    assert_eq!((short.amount.to_string(), records(&short)), ("0.00".into(), vec!["0.00".into(), "0.00".into()]));
    assert_eq!(
        short.text,
        "Net sales of €999.99. They pay 10%. Paid only with net sales of at least €1,000.00. €999.99 × 10% = €99.999. \
         €0.01 more in net sales would have paid €100.00."
    );
    assert_eq!(short.gate[0].missing.unwrap().to_string(), "0.01");
}

#[test]
fn every_failed_condition_is_told() {
    let plan = component(
        r#""new_customers""#,
        r#"{"per_unit": "80.00"}"#,
        r#", "gate": [{"metric": "stranger_visits", "at_least": "20"}, {"metric": "lost_customers", "at_most": "1"}, {"attainment": "net_sales", "at_least": "0.9"}], "cap": "150.00""#,
    );
    let found = line(
        &plan,
        &facts(
            r#""metrics": {"new_customers": "2", "stranger_visits": "18", "lost_customers": "2", "net_sales": "800.00"}, "targets": {"net_sales": "1000.00"}"#,
        ),
    );
    assert_eq!(
        found.text,
        "2 new customers. Each new customer pays €80.00. Paid only with at least 20 stranger visits, at most 1 lost \
         customer and at least 90% of the target for net sales. 2 × €80.00 = €160.00. There were 18 stranger visits. \
         There were 2 lost customers. There were net sales of €800.00 against a target of €1,000.00, which is 80%. \
         2 more stranger visits, 1 fewer lost customer and €100.00 more in net sales would have paid €150.00."
    );
    let missing: Vec<String> = found.gate.iter().map(|gate| gate.missing.unwrap().to_string()).collect();
    assert_eq!(missing, ["2", "-1", "100.00"]);
}

#[test]
fn what_would_have_paid_counts_the_raised_measure() {
    let plan = component(
        r#""new_customers""#,
        r#"{"per_unit": "80.00"}"#,
        r#", "gate": [{"metric": "new_customers", "at_least": "5"}]"#,
    );
    let found = line(&plan, &facts(r#""metrics": {"new_customers": "3"}"#));
    assert!(found.text.ends_with("2 more new customers would have paid €400.00."), "{}", found.text);
    // What each further deal would have paid by itself nobody knows.
    let plan = component(
        r#""net_sales""#,
        &tiers("marginal", "amount", "deal", &[("0", "0.01"), ("1000", "0.02")]),
        r#", "gate": [{"metric": "net_sales", "at_least": "5000.00"}]"#,
    );
    let found = line(&plan, &deals(&["4000"]));
    assert!(found.text.ends_with("€1,000.00 more in net sales would have opened it."), "{}", found.text);
}

#[test]
fn no_target_no_attainment_no_pay() {
    let plan =
        component(r#""visits""#, r#"{"bonus": "200.00"}"#, r#", "gate": [{"attainment": "visits", "at_least": "0"}]"#);
    let found = line(&plan, &facts(r#""metrics": {"visits": "500"}"#));
    assert_eq!(found.amount.to_string(), "0.00");
    assert!(found.text.ends_with("No target for visits is set, so this condition does not hold."), "{}", found.text);
    assert_eq!((found.gate[0].actual, found.gate[0].missing), (None, None));
}

#[test]
fn targets_of_zero_or_less_and_limits_of_zero() {
    let plan = component(
        r#""net_sales""#,
        r#"{"bonus": "9.00"}"#,
        r#", "gate": [{"attainment": "net_sales", "at_least": "1"}]"#,
    );
    let sell = |sales: &str, target: &str| {
        line(
            &plan,
            &facts(&format!(r#""metrics": {{"net_sales": "{sales}"}}, "targets": {{"net_sales": "{target}"}}"#)),
        )
    };
    assert_eq!(sell("0", "0").amount.to_string(), "9.00");
    assert_eq!(sell("-100", "-100").amount.to_string(), "9.00");
    assert!(sell("-100.01", "-100").text.ends_with("€0.01 more in net sales would have paid €9.00."));
    let plan = component(
        r#""lost_customers""#,
        r#"{"bonus": "150.00"}"#,
        r#", "gate": [{"attainment": "lost_customers", "at_least": "1"}]"#,
    );
    let lose = |lost: &str, limit: &str| {
        line(
            &plan,
            &facts(&format!(
                r#""metrics": {{"lost_customers": "{lost}"}}, "targets": {{"lost_customers": "{limit}"}}"#
            )),
        )
    };
    assert_eq!(lose("2", "2").amount.to_string(), "150.00");
    assert_eq!(lose("0", "0").amount.to_string(), "150.00");
    assert!(lose("1", "0").text.ends_with("1 fewer lost customer would have paid €150.00."));
    let three = lose("3", "2");
    assert_eq!(
        three.text,
        "3 lost customers against a limit of 2, which counts as 50%. A bonus of €150.00. Paid only with at least 100% on \
         the limit for lost customers. 1 fewer lost customer would have paid €150.00."
    );
}

#[test]
fn a_shut_gate_leaves_no_floor() {
    let plan = component(
        r#""new_customers""#,
        r#"{"per_unit": "80.00"}"#,
        r#", "floor": "100.00", "gate": [{"metric": "visits", "at_least": "10"}]"#,
    );
    assert_eq!(total(&plan, &facts(r#""metrics": {"new_customers": "0", "visits": "9"}"#)), "0.00");
    assert_eq!(total(&plan, &facts(r#""metrics": {"new_customers": "0", "visits": "10"}"#)), "100.00");
    let shut = line(&plan, &facts(r#""metrics": {"new_customers": "0", "visits": "9"}"#));
    assert!(shut.text.ends_with("1 more visit would have paid €100.00."), "{}", shut.text);
    assert!(shut.records.is_empty());
}

#[test]
fn the_growth_bonus_of_the_picture() {
    let plan = component(
        r#""sales_growth""#,
        r#"{"bonus": "250.00"}"#,
        r#", "gate": [{"metric": "sales_growth", "at_least": "0.08"}]"#,
    );
    let found = line(&plan, &facts(r#""metrics": {"sales_growth": "0.072"}"#));
    assert_eq!(
        found.text,
        "Sales growth of 7.2%. A bonus of €250.00. Paid only with sales growth of at least 8%. \
         0.8 percentage points more of sales growth would have paid €250.00."
    );
}

#[test]
fn a_gate_looks_at_the_sales_that_pay() {
    let plan = plan_in(
        "EUR",
        r#"{"name": "Sales", "measure": "net_sales", "pays": {"rate": "0.01"}},
           {"name": "Bonus", "measure": "net_sales", "pays": {"bonus": "50.00"}, "gate": [{"attainment": "net_sales", "at_least": "1"}]}"#,
    );
    let facts = facts(
        r#""targets": {"net_sales": "1000.00"}, "deals": [
            {"number": 1, "booked_on": "2026-10-02", "amount": "900.00"},
            {"number": 2, "booked_on": "2026-10-03", "amount": "100.00", "confirmed": false}]"#,
    );
    let statement = pay(&plan, &facts);
    assert_eq!(statement.total.to_string(), "9.00");
    assert!(statement.lines[1].text.contains("€100.00 more in net sales would have paid €50.00."));
}

#[test]
fn growth_without_a_base_opens_no_gate_and_pays_no_curve() {
    let growth = r#""metrics": {"sales_growth": null, "visits": "3"}, "targets": {"sales_growth": "0.05"}"#;
    let plan = component(
        r#""sales_growth""#,
        r#"{"bonus": "250.00"}"#,
        r#", "gate": [{"metric": "sales_growth", "at_most": "0.08"}]"#,
    );
    let found = line(&plan, &facts(growth));
    assert_eq!((found.amount.to_string(), found.measured), ("0.00".into(), None));
    assert_eq!(
        found.text,
        "There is no sales growth: the base is missing, zero or below. A bonus of €250.00. Paid only with sales growth \
         of at most 8%."
    );
    let plan = component(
        r#""sales_growth""#,
        r#"{"curve": {"on_target": "250.00", "points": [{"at": "0", "pays": "1"}]}}"#,
        "",
    );
    assert_eq!(total(&plan, &facts(growth)), "0.00");
    let plan = component(
        r#""visits""#,
        r#"{"per_unit": "1.00"}"#,
        r#", "gate": [{"attainment": "sales_growth", "at_least": "0"}]"#,
    );
    let found = line(&plan, &facts(growth));
    assert!(found.text.ends_with("There is no sales growth: the base is missing, zero or below."), "{}", found.text);
    assert_eq!(found.amount.to_string(), "0.00");
    let currency = plan.currency;
    let stored = Facts::from_json(&facts(growth).to_json(currency), currency).unwrap();
    assert_eq!(stored, facts(growth));
}
