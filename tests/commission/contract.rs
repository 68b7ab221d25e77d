//! The worked examples of definitions §9.4 and §9.5, to the letter.

use attain::domain::{
    commission::{facts::Facts, plan::Plan, statement::Statement},
    metric::Metric,
    money::Money,
};

use crate::support::{FIELD, OCTOBER, component, deals, facts, line, pay, records, tiers, total};

const STEPS: [(&str, &str); 4] = [("0", "0.01"), ("1000", "0.02"), ("3000", "0.03"), ("8000", "0.05")];
const DEALS: [&str; 6] = ["200", "300", "1500", "1200", "2000", "4500"];

#[test]
fn the_table_of_tiers() {
    let marginal_per_deal = component(r#""net_sales""#, &tiers("marginal", "amount", "deal", &STEPS), "");
    let found = line(&marginal_per_deal, &deals(&DEALS));
    assert_eq!(records(&found), ["2.00", "3.00", "20.00", "14.00", "30.00", "95.00"]);
    assert_eq!(found.amount.to_string(), "164.00");

    let marginal = component(r#""net_sales""#, &tiers("marginal", "amount", "period", &STEPS), "");
    let found = line(&marginal, &deals(&DEALS));
    assert_eq!(records(&found), ["2.00", "3.00", "25.00", "26.00", "60.00", "169.00"]);
    assert_eq!(found.amount.to_string(), "285.00");

    let whole = component(r#""net_sales""#, &tiers("whole", "amount", "period", &STEPS), "");
    let found = line(&whole, &deals(&DEALS));
    assert_eq!(records(&found), ["10.00", "15.00", "75.00", "60.00", "100.00", "225.00"]);
    assert_eq!(found.amount.to_string(), "485.00");
}

#[test]
fn the_cliff_at_eight_thousand() {
    let marginal = component(r#""net_sales""#, &tiers("marginal", "amount", "period", &STEPS), "");
    let whole = component(r#""net_sales""#, &tiers("whole", "amount", "period", &STEPS), "");
    for (sales, by_parts, at_once) in [
        ("7999", "199.97", "239.97"),
        ("7999.99", "200.00", "240.00"),
        ("8000", "200.00", "400.00"),
        ("8000.01", "200.00", "400.00"),
    ] {
        assert_eq!(total(&marginal, &deals(&[sales])), by_parts, "{sales}");
        assert_eq!(total(&whole, &deals(&[sales])), at_once, "{sales}");
    }
}

#[test]
fn thirds_of_a_hundred() {
    let everything = component(r#""net_sales""#, r#"{"rate": "1"}"#, "");
    for (amount, parts) in [("100.00", ["33.34", "33.33", "33.33"]), ("-100.00", ["-33.34", "-33.33", "-33.33"])] {
        for (position, part) in parts.into_iter().enumerate() {
            let credits: Vec<String> = (0..3)
                .map(|i| {
                    format!(r#"{{"rep": "{}", "parts": 1}}"#, if i == position { "R1".into() } else { format!("X{i}") })
                })
                .collect();
            let facts = facts(&format!(
                r#""deals": [{{"number": 1, "booked_on": "2026-10-02", "amount": "{amount}", "credits": [{}]}}]"#,
                credits.join(",")
            ));
            assert_eq!(total(&everything, &facts), part);
        }
    }
}

#[test]
fn the_example_of_the_forms() {
    let plan = Plan::from_json(FIELD).unwrap();
    let facts = Facts::from_json(OCTOBER, plan.currency).unwrap();
    let statement = pay(&plan, &facts);
    let json: serde_json::Value = serde_json::from_str(&statement.to_json().unwrap()).unwrap();
    assert_eq!(json["total"], "685.00");
    let [sales, customers, visits] = json["lines"].as_array().unwrap().as_slice() else { panic!("three lines") };

    assert_eq!(sales["component"], "Sales");
    assert_eq!(sales["amount"], "285.00");
    assert_eq!(sales["records"][0], serde_json::json!({"deal": 1, "amount": "2.00"}));
    let paid: Vec<&str> =
        sales["records"].as_array().unwrap().iter().map(|record| record["amount"].as_str().unwrap()).collect();
    assert_eq!(paid, ["2.00", "3.00", "25.00", "26.00", "60.00", "169.00"]);
    let cut: Vec<&str> =
        sales["slices"].as_array().unwrap().iter().map(|slice| slice["amount"].as_str().unwrap()).collect();
    assert_eq!(cut, ["10.00", "40.00", "150.00", "85.00"]);
    assert_eq!(
        sales["text"],
        "Net sales of €9,700.00. They pay 1% up to €1,000.00, 2% up to €3,000.00, 3% up to €8,000.00 and 5% above. \
         €1,000.00 × 1% = €10.00. €2,000.00 × 2% = €40.00. €5,000.00 × 3% = €150.00. €1,700.00 × 5% = €85.00."
    );

    assert_eq!(customers["component"], "New customers");
    assert_eq!(customers["amount"], "400.00");
    assert_eq!((&customers["cap"], &customers["before_limits"]), (&"400.00".into(), &"480.00".into()));
    assert_eq!(
        customers["text"],
        "6 new customers. Each new customer pays €80.00. Paid only with at least 20 stranger visits. \
         6 × €80.00 = €480.00. There were 22 stranger visits. The cap of €400.00 cuts it from €480.00."
    );

    assert_eq!(visits["component"], "Visits");
    assert_eq!(visits["amount"], "0.00");
    assert_eq!(
        visits["text"],
        "92 of 96 visits, which is 95.83%. A bonus of €200.00. Paid only with at least 100% of the target for visits. \
         4 more visits would have paid €200.00."
    );
}

#[test]
fn the_same_inputs_give_the_same_bytes() {
    let plan = Plan::from_json(FIELD).unwrap();
    let facts = Facts::from_json(OCTOBER, plan.currency).unwrap();
    let stored_plan = Plan::from_json(&plan.to_json()).unwrap();
    let stored_facts = Facts::from_json(&facts.to_json(plan.currency), plan.currency).unwrap();
    assert_eq!((&plan, &facts), (&stored_plan, &stored_facts));
    assert_eq!(
        (plan.to_json(), facts.to_json(plan.currency)),
        (stored_plan.to_json(), stored_facts.to_json(plan.currency))
    );
    let (first, again) = (pay(&plan, &facts).to_json().unwrap(), pay(&stored_plan, &stored_facts).to_json().unwrap());
    assert_eq!(first, again);
    let read = Statement::from_json(&first).unwrap();
    assert_eq!(read, pay(&plan, &facts));
    assert_eq!(read.total.money, Money(68_500));
}

#[test]
fn a_document_that_the_database_reordered_is_the_same_plan() {
    let plan = Plan::from_json(FIELD).unwrap();
    let facts = Facts::from_json(OCTOBER, plan.currency).unwrap();
    // A jsonb column sorts the keys in its own way.
    let value: serde_json::Value = serde_json::from_str(FIELD).unwrap();
    assert_eq!(Plan::from_value(&value).unwrap().to_json(), plan.to_json());
    let value: serde_json::Value = serde_json::from_str(OCTOBER).unwrap();
    assert_eq!(Facts::from_value(&value, plan.currency).unwrap(), facts);
}

#[test]
fn facts_made_in_rust_are_the_facts_of_the_form() {
    let plan = Plan::from_json(FIELD).unwrap();
    let mut facts = Facts::from_json(OCTOBER, plan.currency).unwrap();
    facts.metrics.insert(Metric::Visits, 96.into());
    assert_eq!(total(&plan, &facts), "885.00");
}
