//! The JSON Schemas of docs/ say what the parser says: the same keys, the same mistakes, nothing more and nothing less.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use attain::domain::{
    commission::{facts::Facts, json::Fault, plan::Plan, templates::Template},
    money::Currency,
};
use serde_json::{Value, json};
use time::macros::date;

use crate::{
    json_schema::{Problem, Regex, Schemas},
    support::{docs, example_files, examples, pay},
};

const PLAN: &str = "commission-plan.schema.json";
const FACTS: &str = "commission-facts.schema.json";
const STATEMENT: &str = "commission-statement.schema.json";
const EXAMPLE: &str = "commission-example.schema.json";

fn schemas() -> Schemas {
    let read = |file: &str| serde_json::from_str(&fs::read_to_string(docs().join(file)).unwrap()).unwrap();
    Schemas([PLAN, FACTS, STATEMENT, EXAMPLE].map(|file| (file.to_owned(), read(file))).into())
}

/// What the parser finds wrong with a plan.
fn plan_faults(plan: &Value) -> Vec<Fault> {
    Plan::from_json(&plan.to_string()).err().map(|refused| refused.0).unwrap_or_default()
}

fn facts_faults(facts: &Value, currency: Currency) -> Vec<Fault> {
    Facts::from_json(&facts.to_string(), currency).err().map(|refused| refused.0).unwrap_or_default()
}

#[test]
fn every_example_every_template_and_every_statement_is_valid() {
    let schemas = schemas();
    for (file, document) in example_files() {
        assert_eq!(schemas.problems(EXAMPLE, &document), [], "{file}");
    }
    for example in examples() {
        let plan = Plan::from_value(&example["plan"]).unwrap();
        let facts = Facts::from_value(&example["facts"], plan.currency).unwrap();
        // What is stored is valid, too.
        for (file, written) in [
            (PLAN, plan.to_json()),
            (FACTS, facts.to_json(plan.currency)),
            (STATEMENT, pay(&plan, &facts).to_json().unwrap()),
        ] {
            let document = serde_json::from_str(&written).unwrap();
            assert_eq!(schemas.problems(file, &document), [], "{}: {written}", example["name"]);
        }
    }
    for template in Template::ALL {
        for currency in ["EUR", "JPY", "TND"] {
            let plan = template.plan("Field", Currency::parse(currency).unwrap(), date!(2026 - 01 - 31));
            assert_eq!(schemas.problems(PLAN, &serde_json::from_str(&plan.to_json()).unwrap()), [], "{template:?}");
        }
    }
}

#[test]
fn the_schemas_know_the_keys_that_the_parser_knows_and_no_others() {
    let schemas = schemas();
    let mut seen = BTreeMap::<&str, BTreeSet<Vec<String>>>::new();
    for example in examples() {
        let currency = Plan::from_value(&example["plan"]).unwrap().currency;
        for (file, document) in [(PLAN, &example["plan"]), (FACTS, &example["facts"])] {
            for path in places(document).into_iter().filter(|path| document.pointer(path).unwrap().is_object()) {
                let mut wrong = document.clone();
                wrong.pointer_mut(&path).unwrap()["?"] = json!("1");
                let faults = if file == PLAN { plan_faults(&wrong) } else { facts_faults(&wrong, currency) };
                let problems = schemas.problems(file, &wrong);
                let by_parser = faults.iter().find_map(|fault| {
                    let known = fault.message.strip_prefix("unknown key; known here: ")?;
                    let mut known: Vec<String> = known.split(", ").map(str::to_owned).collect();
                    known.sort_unstable();
                    Some((fault.place.clone(), known))
                });
                let by_schema = problems.iter().find(|problem| problem.keyword == "additionalProperties");
                let by_schema = by_schema.map(|problem| (problem.place.clone(), problem.known.clone()));
                assert_eq!(by_parser, by_schema, "{path} of {wrong}");
                match by_parser {
                    Some((_, known)) => _ = seen.entry(file).or_default().insert(known),
                    // Names are free there: metrics, or components.
                    None if path.ends_with("/paid") => {}
                    None => assert!(path.ends_with("metrics") || path.ends_with("targets") || path.ends_with("date")),
                }
            }
        }
    }
    // Every object of the schemas stood in some example.
    for file in [PLAN, FACTS] {
        let described: BTreeSet<Vec<String>> =
            objects(&schemas.0[file]).into_iter().map(|one| one.keys().cloned().collect()).collect();
        assert_eq!(described, seen[file], "{file}");
    }
}

#[test]
fn every_key_of_the_schemas_stands_in_an_example_and_in_the_guide() {
    let schemas = schemas();
    let mut used = BTreeMap::<&str, BTreeSet<String>>::new();
    for example in examples() {
        let plan = Plan::from_value(&example["plan"]).unwrap();
        let facts = Facts::from_value(&example["facts"], plan.currency).unwrap();
        let statement = serde_json::from_str(&pay(&plan, &facts).to_json().unwrap()).unwrap();
        for (file, document) in [(PLAN, &example["plan"]), (FACTS, &example["facts"]), (STATEMENT, &statement)] {
            let keys = places(document).into_iter().filter_map(|path| Some(path.rsplit_once('/')?.1.to_owned()));
            used.entry(file).or_default().extend(keys);
        }
    }
    let guide = fs::read_to_string(docs().join("commission-plans.md")).unwrap();
    for file in [PLAN, FACTS, STATEMENT] {
        for key in objects(&schemas.0[file]).into_iter().flat_map(serde_json::Map::keys) {
            assert!(used[file].contains(key), "{file}: no example has {key}");
            let told = [format!("`{key}`"), format!("\"{key}\"")].iter().any(|word| guide.contains(word));
            assert!(told || file == STATEMENT, "{file}: the guide does not tell of {key}");
        }
    }
}

/// What the parser says of a mistake that a schema can see: of shapes, words and numbers, not of what fits what.
const SHAPES: [&str; 15] = [
    "unknown key;",
    "this is missing",
    "write an object",
    "write a list",
    "write text here",
    "write a number as text",
    "write a whole number here",
    "write true or false here",
    "write exactly one of",
    "numbers are written as text",
    "write either attainment or scorecard",
    "write what each component paid",
    "say once whose deal it is",
    "say what the step pays",
    "say what is ",
];

fn is_about_shape(fault: &Fault) -> bool {
    let words = [" is not a number: ", " is no date: ", " is no stage: ", " is not known here: ", " is no metric; "];
    // Metrics that are not supported yet are none that a plan may name, either.
    let later = fault.message.contains(" is not supported yet; ");
    let shape = SHAPES.iter().any(|start| fault.message.starts_with(start));
    shape || later || words.iter().any(|part| fault.message.contains(part))
}

#[test]
fn parser_and_schema_refuse_the_same_mistakes() {
    let schemas = schemas();
    let (mut tried, mut refused) = (0_u32, 0_u32);
    let mut check = |file: &str, wrong: &Value, currency: Currency| {
        let faults = if file == PLAN { plan_faults(wrong) } else { facts_faults(wrong, currency) };
        let problems = schemas.problems(file, wrong);
        tried += 1;
        refused += u32::from(!problems.is_empty());
        // What the schema refuses the parser refuses; the other way round where it is about the form.
        assert!(problems.is_empty() || !faults.is_empty(), "only the schema refuses {problems:?}: {wrong}");
        let shape: Vec<&Fault> = faults.iter().filter(|fault| is_about_shape(fault)).collect();
        assert!(shape.is_empty() || !problems.is_empty(), "only the parser refuses {shape:?}: {wrong}");
    };
    // One example of each feature is enough.
    for example in example_files().iter().filter_map(|(_, document)| document["examples"].as_array()?.last()) {
        let currency = Plan::from_value(&example["plan"]).unwrap().currency;
        for (file, document) in [(PLAN, &example["plan"]), (FACTS, &example["facts"])] {
            for path in places(document) {
                for other in others(document.pointer(&path).unwrap()) {
                    let mut wrong = document.clone();
                    *wrong.pointer_mut(&path).unwrap() = other;
                    check(file, &wrong, currency);
                }
                if let Some((parent, key)) = path.rsplit_once('/') {
                    let mut wrong = document.clone();
                    if let Some(entries) = wrong.pointer_mut(parent).unwrap().as_object_mut() {
                        entries.remove(key);
                        check(file, &wrong, currency);
                    }
                }
            }
        }
    }
    assert!(refused > 1_000 && tried > refused, "{refused} of {tried} refused");
}

/// Other values to stand in a place: of another type, no number, no word that is known.
fn others(value: &Value) -> Vec<Value> {
    let mut others = vec![json!(3), json!(true), json!([]), json!({})];
    match value.as_str() {
        Some(text) => others.extend([
            json!(format!("{text}x")),
            json!(format!("{text} ")),
            json!(text.replace('0', "")),
            json!("win_rate"),
            json!("1,5"),
        ]),
        None => others.push(json!("1")),
    }
    others
}

#[test]
fn the_validator_itself_refuses() {
    let schema = json!({
        "type": "object", "required": ["a"], "additionalProperties": false, "minProperties": 1, "maxProperties": 2,
        "properties": {
            "a": { "type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?$" },
            "b": { "anyOf": [{ "enum": ["x", "y"] }, { "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/n" } }] },
            "c": { "oneOf": [{ "required": ["p"] }, { "required": ["q"] }], "not": { "required": ["r"] } },
            "d": { "type": "object", "propertyNames": { "enum": ["k"] }, "additionalProperties": { "const": 1 } }
        },
        "$defs": { "n": { "type": "integer", "minimum": 0, "maximum": 9 } }
    });
    let schemas = Schemas([("s".to_owned(), schema)].into());
    for (document, wrong) in [
        (json!({"a": "1"}), ""),
        (json!({"a": "-1.50", "b": "x"}), ""),
        (json!({"a": "1", "b": [0, 9]}), ""),
        (json!({"a": "1", "c": {"p": 1}}), ""),
        (json!({"a": "1", "d": {"k": 1}}), ""),
        (json!([]), "type"),
        (json!({}), "minProperties required"),
        (json!({"a": "1."}), "pattern"),
        (json!({"a": "x1"}), "pattern"),
        (json!({"a": 1}), "type"),
        (json!({"a": "1", "z": 1}), "additionalProperties"),
        (json!({"a": "1", "b": "x", "c": {"p": 1}}), "maxProperties"),
        (json!({"a": "1", "b": "z"}), "enum type anyOf"),
        (json!({"a": "1", "b": []}), "enum minItems anyOf"),
        (json!({"a": "1", "b": [10]}), "enum maximum anyOf"),
        (json!({"a": "1", "b": [-1]}), "enum minimum anyOf"),
        (json!({"a": "1", "c": {"p": 1, "q": 1}}), "oneOf"),
        (json!({"a": "1", "c": {"p": 1, "r": 1}}), "not"),
        (json!({"a": "1", "d": {"k": 2}}), "const"),
        (json!({"a": "1", "d": {"j": 1}}), "enum"),
    ] {
        let problems: Vec<Problem> = schemas.problems("s", &document);
        let keywords: Vec<&str> = problems.iter().map(|problem| problem.keyword.as_str()).collect();
        assert_eq!(keywords.join(" "), wrong, "{document}");
    }
    for (pattern, fits, does_not) in [
        ("^[A-Z]{3}$", "EUR", "EURO"),
        ("[^ ]", " a ", "  "),
        ("^(a|bc)+$", "abca", "abb"),
        ("^(-[0-9]+|0+)$", "-12", "12"),
        ("^[0-9]+(\\.0+)?$", "12.00", "12.50"),
    ] {
        assert!(Regex::parse(pattern).finds(fits) && !Regex::parse(pattern).finds(does_not), "{pattern}");
    }
}

/// The path of everything in a document, as JSON pointers.
fn places(document: &Value) -> Vec<String> {
    let mut found = vec![String::new()];
    let inner: Vec<(String, &Value)> = match document {
        Value::Object(entries) => entries.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(i, value)| (i.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    for (key, value) in inner {
        found.extend(places(value).into_iter().map(|path| format!("/{key}{path}")));
    }
    found
}

/// The `properties` of every object that a schema describes.
fn objects(schema: &Value) -> Vec<&serde_json::Map<String, Value>> {
    let mut found = Vec::new();
    match schema {
        Value::Object(entries) => {
            found.extend(entries.get("properties").and_then(Value::as_object));
            found.extend(entries.values().flat_map(objects));
        }
        Value::Array(items) => found.extend(items.iter().flat_map(objects)),
        _ => {}
    }
    found
}
