//! The examples of docs/commission-plans.md, run.

use attain::domain::commission::{facts::Facts, plan::Plan, text::text};

use crate::support::{pay, plan_in};

const GUIDE: &str = include_str!("../../docs/commission-plans.md");

/// The fenced blocks: what stands after the fence, and what is inside.
fn blocks() -> Vec<(&'static str, &'static str)> {
    GUIDE.split("\n```").skip(1).step_by(2).filter_map(|block| block.split_once('\n')).collect()
}

#[test]
fn the_statements_are_what_the_engine_prints() {
    let (mut plan, mut facts, mut seen) = (None, None, 0);
    for (kind, inside) in blocks() {
        match kind {
            "json plan" => plan = Some(Plan::from_json(inside).unwrap()),
            "json facts" => facts = Some(Facts::from_json(inside, plan.as_ref().unwrap().currency).unwrap()),
            "text statement" => {
                assert_eq!(text(&pay(plan.as_ref().unwrap(), facts.as_ref().unwrap())).trim_end(), inside);
                seen += 1;
            }
            _ => {}
        }
    }
    assert_eq!(seen, 2);
}

#[test]
fn the_components_are_read() {
    let components: Vec<&str> =
        blocks().into_iter().filter(|(kind, _)| *kind == "json component").map(|(_, inside)| inside).collect();
    assert_eq!(components.len(), 12);
    for component in components {
        plan_in("EUR", component);
    }
}
