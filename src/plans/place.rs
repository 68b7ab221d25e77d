//! From the engine's places (`components[0].pays.tiers.steps[2].from`) to the fields and components of the editor.

use super::{
    fill,
    form::{ComponentForm, PlanForm},
    parse::filled,
};
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
    let words = of_fields(&warning.message);
    name.map_or_else(|| format!("{words}."), |name| format!("{name}: {words}."))
}

/// What the engine says of JSON, and how the form's fields are called instead: shares are typed in percent.
const OF_FIELDS: [(&str, &str); 18] = [
    (": 3 % is written \"0.03\"", ". For 3%, write 3"),
    ("there is no gate", "there is no condition"),
    ("marginal tiers have none", "steps that pay “Only for what lies in it” have none"),
    ("at_least", "“at least”"),
    ("at_most", "“at most”"),
    ("measure new_customers, or deals with only new_customer", "measure new customers, or count only first deals"),
    ("net_sales and deals are", "net sales and deals are"),
    ("measure net_sales or deals", "measure net sales or deals"),
    ("leave this out, or pay a rate or tiers over amount", "count all deals, or pay a share or steps over an amount"),
    (
        "by a rate, per_unit or tiers over amount or count",
        "by a share, an amount for each, or steps over an amount or a number",
    ),
    ("measure one of them, or leave this out", "measure one of them, or count all deals"),
    ("pay tiers over attainment by the period, or a curve", "pay by steps over the % of target reached, or by a curve"),
    ("use \"period\"", "choose the steps of the period"),
    ("use 0 to 1, and \"0.5\" for 50 %", "use 0% to 100%"),
    ("say through which period it is paid", "say until when that one is paid"),
    ("like \"60\"", "like 60"),
    ("leave this out", "choose “No”"),
    ("customer_months, booked, new_customer or cross_sell", "months, days or deals"),
];

/// The engine's words with the fields' names.
fn of_fields(words: &str) -> String {
    OF_FIELDS.iter().fold(words.to_owned(), |words, (engine, field)| words.replace(engine, field))
}

/// The part of the form that a place lies in, where the form shows it as one of its own.
pub fn part_of(place: &str) -> &'static str {
    let parts = [("pays.tiers", "tiers"), ("pays.curve", "curve"), (".gate", "gate"), ("cap", "cap"), ("draw", "draw")];
    let found = parts.into_iter().find(|(inside, _)| place.contains(inside));
    found.map_or("", |(_, part)| part)
}

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
        return match place.strip_prefix("draw") {
            Some(inside) => of_draw(inside, form),
            None if place.starts_with("components") => "add".to_owned(),
            None if place == "recovery_cap" => "recovery".to_owned(),
            None if place.starts_with("ramp") => "ramp".to_owned(),
            None => place.to_owned(),
        };
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
        let at = nth_condition(component, k);
        let own = component.gate.get(at).is_some_and(|[of, ..]| of == fill::CARD);
        return match rest.strip_prefix("scorecard") {
            Some(weight) if own => of_weight(weight, i, component),
            Some(_) => row("", "g", at),
            None => row(rest, "g", at),
        };
    }
    if let Some((k, rest)) = inside.strip_prefix("modifier.steps").and_then(numbered) {
        return row(rest, "m", nth(&component.more.factors, k));
    }
    if let Some(weight) = inside.strip_prefix("measure.scorecard") {
        return of_weight(weight, i, component);
    }
    if let Some(weight) = inside.strip_prefix("modifier.scorecard").filter(|_| component.more.times == fill::CARD) {
        return of_weight(weight, i, component);
    }
    let field = match inside {
        "name" | "measure" | "cap" | "floor" | "scope" | "credit" | "true_up" => inside,
        "pays.rate" => "rate",
        "pays.per_unit" => "each",
        "pays.bonus" => "bonus",
        "pays.curve.on_target" => "target",
        "pays.tiers.axis" | "pays.tiers.per" => "over",
        "clawback_days" => "clawback",
        "only.booked" => "booked_through",
        "only.customer_months" => "months_below",
        // What does not go together is told at the first of its fields that says something.
        "only" => component.more.first_filter(),
        inside if inside.starts_with("modifier") => "times",
        _ => "pays",
    };
    format!("c{i}_{field}")
}

/// The field of a weight of the component's scorecard; the first one's where it is about all of them.
fn of_weight(place: &str, i: usize, component: &ComponentForm) -> String {
    let (k, column) = match numbered(place) {
        Some((k, "metric")) => (k, "metric"),
        Some((k, _)) => (k, "weight"),
        None => (0, if component.weights.iter().any(|row| filled(row)) { "weight" } else { "metric" }),
    };
    format!("c{i}_w{}_{column}", nth(&component.weights, k))
}

/// The field of a draw: `.amount`, `[1].through`, or the draw as a whole, which the one before has to end for.
fn of_draw(inside: &str, form: &PlanForm) -> String {
    let draws = &form.account.draws;
    match numbered(inside) {
        Some((k, "")) => format!("d{}_through", nth(draws, k.saturating_sub(1))),
        Some((k, rest)) => format!("d{}_{rest}", nth(draws, k)),
        None => {
            let rest = inside.strip_prefix('.').unwrap_or("amount");
            format!("d{}_{rest}", nth(draws, 0))
        }
    }
}

/// Where the condition stands that was the `k`th to be read.
fn nth_condition(component: &ComponentForm, k: usize) -> usize {
    let filled = component.gate.iter().enumerate().filter(|(_, row)| filled(&row[..3]));
    filled.map(|(at, _)| at).nth(k).unwrap_or(k)
}

/// Where the row stands that was the `k`th to be read.
fn nth<const N: usize>(rows: &[[String; N]], k: usize) -> usize {
    let filled = rows.iter().enumerate().filter(|(_, row)| filled(*row));
    filled.map(|(at, _)| at).nth(k).unwrap_or(k)
}

/// The words of a fault for people who see fields: where the engine speaks of JSON, of the fields instead.
fn words_of(fault: &Fault) -> String {
    let place = fault.place.as_str();
    let last = place.rsplit('.').next().unwrap_or_default();
    let first_row = place.contains("[0].from") || place.contains("steps[0]");
    match last {
        _ if fault.message.contains("too many") => format!("{}.", fault.message),
        "scorecard" if fault.message.contains("at least one") => {
            "the scorecard is empty: choose at least one metric with its weight.".to_owned()
        }
        "metric" if fault.message.contains("twice") => {
            "it stands in the scorecard twice: keep one, with both weights added up.".to_owned()
        }
        "times" => "a factor is 0 or more and below 1,000, with at most nine decimals.".to_owned(),
        _ if fault.message.contains("no end") => "another draw follows: say until when this one is paid.".to_owned(),
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
        _ => format!("{}.", of_fields(&fault.message)),
    }
}
