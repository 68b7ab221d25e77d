//! Plans and facts that were damaged at random: refused with a place, or calculated exactly. `make fuzz` tries a million.

use std::{ops::ControlFlow, sync::LazyLock};

use attain::domain::{
    commission::{check, compare, evaluate::evaluate, facts::Facts, json::Refused, plan::Plan, reach, text, told},
    money::Currency,
};
use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
};
use serde_json::{Map, Value, json};

use crate::support::examples;

/// The plans of the worked examples, each with its facts.
static EXAMPLES: LazyLock<Vec<(Value, Value)>> = LazyLock::new(|| {
    let pairs = examples().into_iter().map(|mut example| (example["plan"].take(), example["facts"].take()));
    pairs.collect()
});

/// Every key that the forms know: what one form knows is a stranger in another.
static KEYS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut keys = vec![];
    for (plan, facts) in EXAMPLES.iter() {
        for form in [plan, facts] {
            let mut form = form.clone();
            let _ = each(&mut form, &mut |node| {
                keys.extend(node.as_object().into_iter().flat_map(Map::keys).cloned());
                ControlFlow::Continue(())
            });
        }
    }
    keys.sort();
    keys.dedup();
    keys
});

/// Calls for a value and everything within it, until told to stop.
fn each(node: &mut Value, call: &mut impl FnMut(&mut Value) -> ControlFlow<()>) -> ControlFlow<()> {
    call(node)?;
    match node {
        Value::Array(items) => items.iter_mut().try_for_each(|item| each(item, call)),
        Value::Object(entries) => entries.values_mut().try_for_each(|entry| each(entry, call)),
        _ => ControlFlow::Continue(()),
    }
}

/// What is done to one place of a form.
#[derive(Clone, Debug)]
enum Damage {
    /// Another value stands there.
    Put(Value),
    /// A key is missing, or an item.
    Drop(Index),
    /// An item is there twice, or a key under another name.
    Repeat(Index, String),
    /// What stands elsewhere in the form stands here too.
    Graft(Index),
}

/// Values that stand in forms, nearly stand there, and never do.
fn value() -> impl Strategy<Value = Value> {
    let edges = [
        "0",
        "1",
        "-1",
        "0.01",
        "-0.01",
        "0.5",
        "1.0",
        "2",
        "3",
        "12",
        "100.00",
        "0.000000001",
        "0.0000000001",
        "999.999999999",
        "1000",
        "1000000000",
        "9999999999999.99",
        "-9999999999999.99",
        "10000000000000",
        "9223372036854775807",
        "79228162514264337593543950335",
        "1e9",
        "NaN",
        "",
        " ",
        "+1",
        ".5",
        "5.",
        "١",
        "month",
        "quarter",
        "year",
        "marginal",
        "whole",
        "amount",
        "attainment",
        "count",
        "deal",
        "period",
        "year_to_date",
        "net_sales",
        "visits",
        "deals",
        "earnings",
        "sales_growth",
        "gross_margin",
        "team",
        "overlay",
        "EUR",
        "JPY",
        "KWD",
        "XXX",
        "R1",
        "R2",
        "C1",
        "2026-10",
        "2026-02-29",
        "2026-10-31",
        "9999-12-31",
        "0001-01-01",
        "-0001-01-01",
        "a\0b",
        "\u{202e}x",
        "{{7*7}}",
        "=1+1",
        "👩‍👩‍👧",
    ];
    let numbers = [0, 1, -1, 2, 3, 12, 31, 32, 999_999, 1_000_000, 2_147_483_648, i64::MAX, i64::MIN];
    prop_oneof![
        8 => select(edges.to_vec()).prop_map(|text| json!(text)),
        4 => (any::<i64>(), 0_u32..12).prop_map(|(digits, scale)| json!(decimal(digits >> 20, scale))),
        3 => select(numbers.to_vec()).prop_map(|number| json!(number)),
        1 => any::<f64>().prop_map(|number| json!(number)),
        1 => any::<bool>().prop_map(|yes| json!(yes)),
        1 => select(vec![json!(null), json!([]), json!({}), json!([[]]), json!([null]), json!({"": ""})]),
        1 => any::<String>().prop_map(|text| json!(text)),
        1 => (1_usize..70).prop_map(|deep| (0..deep).fold(json!("1"), |inner, _| json!([inner]))),
        1 => select(vec![200_usize, 5_000]).prop_map(|long| json!("9".repeat(long))),
    ]
}

fn decimal(digits: i64, scale: u32) -> String {
    rust_decimal::Decimal::new(digits, scale).to_string()
}

fn damage() -> impl Strategy<Value = (Index, Damage)> {
    let damage = prop_oneof![
        6 => value().prop_map(Damage::Put),
        2 => any::<Index>().prop_map(Damage::Drop),
        2 => (any::<Index>(), select(KEYS.clone())).prop_map(|(which, key)| Damage::Repeat(which, key)),
        2 => any::<Index>().prop_map(Damage::Graft),
    ];
    (any::<Index>(), damage)
}

/// The value at a place of the form, counted in the order of `each`.
fn at(form: &mut Value, place: Index, mut then: impl FnMut(&mut Value)) {
    let mut count = 0;
    let _ = each(form, &mut |_| {
        count += 1;
        ControlFlow::Continue(())
    });
    let mut left = place.index(count);
    let _ = each(form, &mut |node| {
        if left == 0 {
            then(node);
            return ControlFlow::Break(());
        }
        left -= 1;
        ControlFlow::Continue(())
    });
}

fn apply(form: &mut Value, (place, damage): &(Index, Damage)) {
    let mut elsewhere = Value::Null;
    if let Damage::Graft(from) = damage {
        at(form, *from, |node| elsewhere = node.clone());
    }
    at(form, *place, |node| match (damage, node) {
        (Damage::Put(value), node) => *node = value.clone(),
        (Damage::Graft(_), node) => *node = elsewhere.clone(),
        (Damage::Drop(which), Value::Array(items)) if !items.is_empty() => {
            items.remove(which.index(items.len()));
        }
        (Damage::Drop(which), Value::Object(entries)) if !entries.is_empty() => {
            let key = entries.keys().nth(which.index(entries.len())).cloned();
            key.and_then(|key| entries.remove(&key));
        }
        (Damage::Repeat(which, _), Value::Array(items)) if !items.is_empty() => {
            items.push(items[which.index(items.len())].clone());
        }
        (Damage::Repeat(which, key), Value::Object(entries)) if !entries.is_empty() => {
            let value = entries.values().nth(which.index(entries.len())).cloned();
            entries.insert(key.clone(), value.unwrap_or_default());
        }
        _ => {}
    });
}

/// Bytes that are changed after a form was written: what is cut off, doubled or no JSON any more.
fn scribble() -> impl Strategy<Value = Option<(Index, char)>> {
    prop_oneof![
        9 => Just(None),
        1 => (any::<Index>(), prop_oneof![select(vec!['"', '{', '}', '[', ']', ',', ':', '\\', '\0', '-', 'e']), any::<char>()]).prop_map(Some),
    ]
}

fn scribbled(form: &Value, scribble: Option<(Index, char)>) -> String {
    let text = form.to_string();
    let Some((place, char)) = scribble else { return text };
    let mut chars: Vec<char> = text.chars().collect();
    let place = place.index(chars.len());
    chars[place] = char;
    chars.into_iter().collect()
}

/// A refusal says what is wrong, and where: only what is no such form at all has no place.
fn says(refused: &Refused) -> Result<(), TestCaseError> {
    prop_assert!(!refused.0.is_empty());
    for fault in &refused.0 {
        prop_assert!(!fault.message.is_empty());
    }
    Ok(())
}

/// Whatever is accepted is told, compared, written and read again, and calculated: exactly, or not at all.
fn bears(plan: &str, facts: &str) -> Result<(), TestCaseError> {
    let plan = Plan::from_json(plan);
    let currency = plan.as_ref().map_or(Currency::parse("EUR").unwrap(), |plan| plan.currency);
    let facts = Facts::from_json(facts, currency);
    if let Ok(plan) = &plan {
        let _ = (check::warnings(plan), told::together(plan), compare::changes(plan, plan));
        plan.components.iter().for_each(|component| drop(told::component(component, currency)));
        prop_assert_eq!(&Plan::from_json(&plan.to_json()).unwrap(), plan);
    }
    if let Ok(facts) = &facts {
        prop_assert_eq!(&Facts::from_json(&facts.to_json(currency), currency).unwrap(), facts);
    }
    let (plan, facts) = match (plan, facts) {
        (Ok(plan), Ok(facts)) => (plan, facts),
        (plan, facts) => {
            plan.err().as_ref().map_or(Ok(()), says)?;
            return facts.err().as_ref().map_or(Ok(()), says);
        }
    };
    let _ = reach::next(&plan, &facts);
    match evaluate(&plan, &facts) {
        Ok(statement) => {
            let lines: i128 = statement.lines.iter().map(|line| i128::from(line.amount.money.0)).sum();
            prop_assert_eq!(lines, i128::from(statement.total.money.0));
            for line in &statement.lines {
                let records: i128 = line.records.iter().map(|record| i128::from(record.amount.money.0)).sum();
                prop_assert_eq!(records, i128::from(line.amount.money.0), "{}", line.component);
            }
            prop_assert!(statement.to_json().is_ok());
            let _ = text::text(&statement);
        }
        Err(error) => prop_assert!(!error.to_string().is_empty()),
    }
    Ok(())
}

/// A few in each run of the tests; `make fuzz` sets `PROPTEST_CASES`.
fn cases() -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { cases: asked.unwrap_or(400), ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn damaged_plans_are_refused_or_calculated(
        example in any::<Index>(),
        damages in vec(damage(), 1..4),
        scribble in scribble(),
    ) {
        let (mut plan, facts) = example.get(&EXAMPLES).clone();
        for damage in &damages {
            apply(&mut plan, damage);
        }
        bears(&scribbled(&plan, scribble), &facts.to_string())?;
    }

    #[test]
    fn damaged_facts_are_refused_or_calculated(
        example in any::<Index>(),
        other in any::<Index>(),
        damages in vec(damage(), 1..4),
        scribble in scribble(),
    ) {
        // The facts of another example often lack what the plan asks for.
        let (plan, mut facts) = (example.get(&EXAMPLES).0.clone(), other.get(&EXAMPLES).1.clone());
        for damage in &damages {
            apply(&mut facts, damage);
        }
        bears(&plan.to_string(), &scribbled(&facts, scribble))?;
    }

    #[test]
    fn what_is_no_form_is_refused(text in ".{0,200}") {
        prop_assert!(Plan::from_json(&text).is_err());
        prop_assert!(Facts::from_json(&text, Currency::parse("EUR").unwrap()).is_err());
        bears(&text, &text)?;
    }
}
