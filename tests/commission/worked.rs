//! The worked examples of docs/examples: plans and facts with amounts that a person can check by hand.

use attain::domain::commission::{facts::Facts, plan::Plan, statement::Statement};
use serde_json::Value;

use crate::support::{docs, example_files, examples, pay, records};

fn statement(example: &Value) -> Statement {
    let name = &example["name"];
    let plan = Plan::from_json(&example["plan"].to_string()).unwrap_or_else(|refused| panic!("{name}: {refused}"));
    let facts = Facts::from_value(&example["facts"], plan.currency);
    let facts = facts.unwrap_or_else(|refused| panic!("{name}: {refused}"));
    // What is stored says the same again.
    assert_eq!(Plan::from_json(&plan.to_json()).unwrap(), plan, "{name}");
    assert_eq!(Facts::from_json(&facts.to_json(plan.currency), plan.currency).unwrap(), facts, "{name}");
    let statement = pay(&plan, &facts);
    assert_eq!(Statement::from_json(&statement.to_json().unwrap()).unwrap(), statement, "{name}");
    statement
}

#[test]
fn the_worked_examples_hold() {
    let examples = examples();
    assert!(examples.len() >= 60, "{} examples", examples.len());
    for example in &examples {
        let name = example["name"].as_str().unwrap();
        let statement = statement(example);
        assert_eq!(statement.total.to_string(), example["total"].as_str().unwrap(), "{name}: {statement:#?}");
        if let Some(lines) = example["lines"].as_array() {
            let paid: Vec<String> = statement.lines.iter().map(|line| line.amount.to_string()).collect();
            assert_eq!(paid, *lines, "{name}");
        }
        for (i, wanted) in example["records"].as_array().into_iter().flatten().enumerate() {
            assert_eq!(records(&statement.lines[i]), *wanted.as_array().unwrap(), "{name}");
        }
        let account =
            [("payable", statement.payable), ("balance", statement.balance), ("draw_balance", statement.draw_balance)];
        for (key, amount) in account {
            assert_eq!(amount.map(|amount| amount.to_string()).as_deref(), example[key].as_str(), "{name}: {key}");
        }
        let sum: i64 = statement.lines.iter().map(|line| line.amount.money.0).sum();
        assert_eq!(sum, statement.total.money.0, "{name}");
        for line in &statement.lines {
            let sum: i64 = line.records.iter().map(|record| record.amount.money.0).sum();
            assert_eq!(sum, line.amount.money.0, "{name}: {}", line.component);
        }
    }
}

#[test]
fn the_guide_leads_to_every_file_of_examples() {
    let guide = std::fs::read_to_string(docs().join("commission-plans.md")).unwrap();
    for (file, document) in example_files() {
        assert!(guide.contains(&format!("(examples/{file})")), "{file}: {}", document["feature"]);
    }
}
