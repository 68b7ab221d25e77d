//! Short ways to write plans and facts, and the worked examples.

use std::{
    fs,
    path::{Path, PathBuf},
};

use attain::domain::{
    commission::{
        evaluate::{EvaluateError, evaluate},
        facts::Facts,
        plan::Plan,
        statement::{Line, Statement},
    },
    money::Currency,
};

/// The plan of definitions §9.5.
pub const FIELD: &str = r#"{ "name": "Field 2026", "currency": "EUR", "period": "month",
  "components": [
    { "name": "Sales", "measure": "net_sales",
      "pays": { "tiers": { "mode": "marginal", "axis": "amount", "per": "period", "steps": [
        { "from": "0", "rate": "0.01" }, { "from": "1000", "rate": "0.02" }, { "from": "3000", "rate": "0.03" }, { "from": "8000", "rate": "0.05" } ] } } },
    { "name": "New customers", "measure": "new_customers", "pays": { "per_unit": "80.00" }, "gate": [ { "metric": "stranger_visits", "at_least": "20" } ], "cap": "400.00" },
    { "name": "Visits", "measure": "visits", "pays": { "bonus": "200.00" }, "gate": [ { "attainment": "visits", "at_least": "1" } ] } ] }"#;

/// The facts of definitions §9.5.
pub const OCTOBER: &str = r#"{ "rep": "R1", "period": "2026-10",
  "metrics": { "new_customers": "6", "visits": "92", "stranger_visits": "22" }, "targets": { "visits": "96" },
  "deals": [ { "number": 1, "booked_on": "2026-10-02", "customer": "C1", "amount": "200.00" }, { "number": 2, "booked_on": "2026-10-05", "customer": "C2", "amount": "300.00" },
             { "number": 3, "booked_on": "2026-10-06", "customer": "C1", "amount": "1500.00" }, { "number": 4, "booked_on": "2026-10-12", "customer": "C3", "amount": "1200.00" },
             { "number": 5, "booked_on": "2026-10-20", "customer": "C4", "amount": "2000.00" }, { "number": 6, "booked_on": "2026-10-28", "customer": "C5", "amount": "4500.00" } ] }"#;

/// The folder of the documents.
pub fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")
}

/// The files of worked examples, in order, each with its name.
pub fn example_files() -> Vec<(String, serde_json::Value)> {
    let entries = fs::read_dir(docs().join("examples")).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let document = serde_json::from_str(&fs::read_to_string(path).unwrap());
        (name.clone(), document.unwrap_or_else(|error| panic!("{name}: {error}")))
    };
    files.iter().map(read).collect()
}

/// Every worked example: `name`, `plan`, `facts`, and what comes out.
pub fn examples() -> Vec<serde_json::Value> {
    let files = example_files().into_iter();
    files.flat_map(|(_, mut document)| document["examples"].as_array_mut().map(std::mem::take).unwrap()).collect()
}

/// A monthly plan of these components in this currency.
pub fn plan_in(currency: &str, components: &str) -> Plan {
    let text = format!(r#"{{"name": "P", "currency": "{currency}", "period": "month", "components": [{components}]}}"#);
    Plan::from_json(&text).unwrap_or_else(|refused| panic!("{refused}"))
}

/// A plan in euros with one component on this measure; `more` are further keys, each after a comma.
pub fn component(measure: &str, pays: &str, more: &str) -> Plan {
    plan_in("EUR", &format!(r#"{{"name": "C", "measure": {measure}, "pays": {pays}{more}}}"#))
}

/// Facts of R1 in October with these further keys.
pub fn facts_in(currency: &str, keys: &str) -> Facts {
    let text = format!(r#"{{"rep": "R1", "period": "2026-10", {keys}}}"#);
    Facts::from_json(&text, Currency::parse(currency).unwrap()).unwrap_or_else(|refused| panic!("{refused}"))
}

/// Facts in euros.
pub fn facts(keys: &str) -> Facts {
    facts_in("EUR", keys)
}

/// Facts with one deal per amount, numbered from 1, a day apart from the first of October.
pub fn deals(amounts: &[&str]) -> Facts {
    let one = |(i, amount): (usize, &&str)| {
        format!(r#"{{"number": {0}, "booked_on": "2026-10-{0:02}", "amount": "{amount}"}}"#, i + 1)
    };
    let list: Vec<String> = amounts.iter().enumerate().map(one).collect();
    facts(&format!(r#""deals": [{}]"#, list.join(",")))
}

/// The statement.
pub fn pay(plan: &Plan, facts: &Facts) -> Statement {
    evaluate(plan, facts).unwrap_or_else(|error| panic!("{error}"))
}

/// The only line of the statement.
pub fn line(plan: &Plan, facts: &Facts) -> Line {
    let statement = pay(plan, facts);
    assert_eq!(statement.lines.len(), 1, "{statement:?}");
    statement.lines.into_iter().next().unwrap()
}

/// The total as it is written.
pub fn total(plan: &Plan, facts: &Facts) -> String {
    pay(plan, facts).total.to_string()
}

/// The amounts of a line's records as they are written.
pub fn records(line: &Line) -> Vec<String> {
    line.records.iter().map(|record| record.amount.to_string()).collect()
}

/// Why the plan is refused.
pub fn refused_plan(text: &str) -> Vec<String> {
    match Plan::from_json(text) {
        Ok(plan) => panic!("accepted: {plan:?}"),
        Err(refused) => refused.0.iter().map(ToString::to_string).collect(),
    }
}

/// Why the facts are refused.
pub fn refused_facts(text: &str) -> Vec<String> {
    match Facts::from_json(text, Currency::parse("EUR").unwrap()) {
        Ok(facts) => panic!("accepted: {facts:?}"),
        Err(refused) => refused.0.iter().map(ToString::to_string).collect(),
    }
}

/// Why plan and facts do not go together.
pub fn refused_together(plan: &Plan, facts: &Facts) -> String {
    match evaluate(plan, facts) {
        Ok(statement) => panic!("accepted: {statement:?}"),
        Err(error @ EvaluateError::Facts(_)) => error.to_string(),
        Err(error) => panic!("{error}"),
    }
}

/// Tiers as a plan writes them: pairs of edge and rate, or of edge and amount on the axis `count`.
pub fn tiers(mode: &str, axis: &str, per: &str, steps: &[(&str, &str)]) -> String {
    let key = if axis == "count" { "per_unit" } else { "rate" };
    let steps: Vec<String> =
        steps.iter().map(|(from, pays)| format!(r#"{{"from": "{from}", "{key}": "{pays}"}}"#)).collect();
    format!(r#"{{"tiers": {{"mode": "{mode}", "axis": "{axis}", "per": "{per}", "steps": [{}]}}}}"#, steps.join(","))
}
