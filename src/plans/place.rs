//! From the engine's places (`components[0].pays.tiers.steps[2].from`) to the fields and components of the editor.

use super::form::{ComponentForm, PlanForm};
use crate::{
    domain::commission::{json::Fault, plan::Plan},
    web::form::Errors,
};

/// Notes the faults of a plan at the fields of the form that it was read from; one mistake per field.
pub fn tell(faults: &[Fault], form: &PlanForm, errors: &mut Errors) {
    for fault in faults {
        let field = field_of(&fault.place, form);
        if errors.get(&field).is_none() {
            let words = words_of(fault);
            let who = component_of(&fault.place).and_then(|i| form.components.get(i));
            let words = match who.map(|component| component.name.trim()).filter(|name| !name.is_empty()) {
                Some(name) => format!("{name}: {words}"),
                None => words,
            };
            errors.add(field, words);
        }
    }
}

/// A warning with its component's name: "Sales: a cliff: …".
pub fn worded(warning: &Fault, plan: &Plan) -> String {
    let name = component_of(&warning.place).and_then(|i| plan.components.get(i)).map(|component| &component.name);
    let words = OF_FIELDS.iter().fold(warning.message.clone(), |words, (engine, field)| words.replace(engine, field));
    name.map_or_else(|| format!("{words}."), |name| format!("{name}: {words}."))
}

/// What the engine's warnings say of JSON, and how the form's fields are called instead: shares are typed in percent.
const OF_FIELDS: [(&str, &str); 3] = [
    (": 3 % is written \"0.03\"", ". For 3%, write 3"),
    ("there is no gate", "there is no condition"),
    ("marginal tiers have none", "steps that pay “Only for what lies in it” have none"),
];

/// The component that a place lies in.
pub fn component_of(place: &str) -> Option<usize> {
    numbered(place.strip_prefix("components")?).map(|(i, _)| i)
}

/// `[2].rest` as 2 and `rest`.
fn numbered(text: &str) -> Option<(usize, &str)> {
    let (number, rest) = text.strip_prefix('[')?.split_once(']')?;
    Some((number.parse().ok()?, rest.strip_prefix('.').unwrap_or(rest)))
}

/// The field of a place. The plan has no rows for empty ones of the form: they are counted past.
fn field_of(place: &str, form: &PlanForm) -> String {
    let Some((i, inside)) = place.strip_prefix("components").and_then(numbered) else {
        return if place.starts_with("components") { "add".to_owned() } else { place.to_owned() };
    };
    let empty = ComponentForm::default();
    let component = form.components.get(i).unwrap_or(&empty);
    let row = |rest: &str, letter: &str, at: usize| {
        let column = match rest {
            "" if letter == "g" => "of",
            "" => "from",
            "rate" | "per_unit" => "pays",
            "at_least" => "least",
            "at_most" => "most",
            column => column,
        };
        format!("c{i}_{letter}{at}_{column}")
    };
    if let Some((k, rest)) = inside.strip_prefix("pays.tiers.steps").and_then(numbered) {
        return row(rest, "s", nth(&component.steps, k));
    }
    if let Some((k, rest)) = inside.strip_prefix("pays.curve.points").and_then(numbered) {
        return row(rest, "p", nth(&component.points, k));
    }
    if let Some((k, rest)) = inside.strip_prefix("gate").and_then(numbered) {
        return row(rest, "g", nth(&component.gate, k));
    }
    let field = match inside {
        "name" | "measure" | "cap" | "floor" => inside,
        "pays.rate" => "rate",
        "pays.per_unit" => "each",
        "pays.bonus" => "bonus",
        "pays.curve.on_target" => "target",
        "pays.tiers.axis" | "pays.tiers.per" => "over",
        _ => "pays",
    };
    format!("c{i}_{field}")
}

/// Where the row stands that was the `k`th to be read.
fn nth<const N: usize>(rows: &[[String; N]], k: usize) -> usize {
    let filled = rows.iter().enumerate().filter(|(_, row)| row.iter().any(|cell| !cell.trim().is_empty()));
    filled.map(|(at, _)| at).nth(k).unwrap_or(k)
}

/// The words of a fault for people who see fields: where the engine speaks of JSON, of the fields instead.
fn words_of(fault: &Fault) -> String {
    let place = fault.place.as_str();
    let last = place.rsplit('.').next().unwrap_or_default();
    let first_row = place.contains("[0].from") || place.contains("steps[0]");
    match last {
        _ if fault.message.contains("too many") => format!("{}.", fault.message),
        "components" => "The plan pays nothing: add a component.".to_owned(),
        "steps" => "the steps are missing: fill in at least one, the first from 0.".to_owned(),
        "points" => "the points are missing: fill in at least one, like 100% pays 100%.".to_owned(),
        "from" if first_row => {
            "the first step begins at 0: what lies below would silently pay nothing. Begin with 0.".to_owned()
        }
        "from" | "at" if fault.message.contains("ascend") || fault.message.contains("overlap") => {
            "it does not begin above the row before. Put the rows in order, or remove one of the two.".to_owned()
        }
        _ if fault.message.contains("no edge") => "say at least or at most how much.".to_owned(),
        _ => format!("{}.", fault.message.replace("at_least", "“at least”").replace("at_most", "“at most”")),
    }
}
