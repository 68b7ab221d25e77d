//! `plans.json`: commission plans. A plan that says something new becomes a new version; none is ever changed.

use std::{collections::HashMap, io::Read as _};

use serde_json::Value;
use time::{Date, Month};

use super::{
    import::{Counts, Failure, Import},
    plans_db,
};
use crate::{
    audit,
    domain::{
        commission::{json::Refused, plan::Plan},
        period::{Period, PeriodKind},
    },
    period_locks, plans,
};

/// The file.
pub const FILE: &str = "plans.json";
/// What it holds.
pub const ABOUT: &str = "Commission plans, each with what it pays.";

/// The plans of the file.
#[derive(Default)]
pub struct Plans {
    /// Whether the file is there.
    present: bool,
    /// What it says.
    said: Vec<Plan>,
    /// The measuring period of each plan, of the file or known before, by name.
    pub periods: HashMap<String, PeriodKind>,
}

/// Reads the file. A company has a handful of plans: they stay in memory.
pub async fn read(import: &mut Import<'_>) -> Result<Plans, Failure> {
    let mut plans = Plans { periods: plans_db::periods(import.tx).await?, ..Plans::default() };
    let Some(mut file) = import.source.open(FILE)? else { return Ok(plans) };
    let mut text = vec![];
    file.read_to_end(&mut text)?;
    drop(file);
    plans.present = true;
    let Ok(text) = std::str::from_utf8(&text) else {
        import.problems.add(FILE, 1, "", "", "The file is not UTF-8. Save it as UTF-8.");
        return Ok(plans);
    };
    let text = text.trim_start_matches('\u{feff}');
    if let Err(error) = serde_json::from_str::<Vec<Value>>(text) {
        let line = u64::try_from(error.line()).unwrap_or(1).max(1);
        let shown = text.lines().nth(error.line().saturating_sub(1)).unwrap_or_default().trim();
        let remedy = format!("The file is no array of plans: {error}. Write [ {{ \"name\": … }}, … ].");
        import.problems.add(FILE, line, "", shown, remedy);
        return Ok(plans);
    }
    for (line, item) in items(text) {
        let read = match Plan::from_json(item) {
            Ok(plan) => fitting(import, plan).await?,
            Err(refused) => Err(refused),
        };
        match read {
            Ok(plan) => take(import, &mut plans, line, plan),
            Err(refused) => {
                let value: Value = serde_json::from_str(item).unwrap_or_default();
                for fault in refused.0 {
                    let shown = value_at(&value, &fault.place);
                    import.problems.add(FILE, line, fault.place, shown, fault.message);
                }
            }
        }
    }
    Ok(plans)
}

/// A plan that is no larger than one that is saved may be, or that says just what is there already.
async fn fitting(import: &mut Import<'_>, plan: Plan) -> Result<Result<Plan, Refused>, Failure> {
    let faults = plan.oversize();
    if faults.is_empty() {
        return Ok(Ok(plan));
    }
    let known = plans_db::newest(import.tx, &plan.name).await?;
    let is_known = known.is_some_and(|known| serde_json::from_str(&plan.to_json()).ok() == Some(known.document));
    Ok(if is_known { Ok(plan) } else { Err(Refused(faults)) })
}

fn take(import: &mut Import<'_>, plans: &mut Plans, line: u64, plan: Plan) {
    let name = plan.name.clone();
    if plan.currency != import.currency {
        let remedy =
            format!("An organization has one currency, and this one's is {}. Convert the plan.", import.currency);
        import.problems.add(FILE, line, "currency", plan.currency.code(), remedy);
    }
    if name.chars().count() > 120 {
        import.problems.add(FILE, line, "name", &name, "The name is too long. At most 120 characters are possible.");
    }
    if plans.said.iter().any(|other| other.name == name) {
        import.problems.add(FILE, line, "name", &name, "Another plan of the file has this name. Give each its own.");
    }
    plans.periods.insert(name, plan.period.into());
    plans.said.push(plan);
}

/// The elements of an array in valid JSON, each with its line.
fn items(text: &str) -> Vec<(u64, &str)> {
    let (mut items, mut depth, mut line, mut in_text, mut escaped) = (vec![], 0, 1, false, false);
    let mut start = None;
    for (at, byte) in text.bytes().enumerate() {
        line += u64::from(byte == b'\n');
        match byte {
            _ if in_text => {
                in_text = escaped || byte != b'"';
                escaped = !escaped && byte == b'\\';
                continue;
            }
            b'"' => in_text = true,
            _ => {}
        }
        let ends = depth == 1 && matches!(byte, b',' | b']');
        if ends && let Some((line, from)) = start.take() {
            items.extend(text.get(from..at).map(|item: &str| (line, item.trim_end())));
        } else if depth == 1 && !ends && start.is_none() && !byte.is_ascii_whitespace() {
            start = Some((line, at));
        }
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth -= 1,
            _ => {}
        }
    }
    items
}

/// What stands at a place like `components[0].pays`; nothing if it is missing.
fn value_at(value: &Value, place: &str) -> String {
    let keys: Vec<&str> = place.split(['.', '[']).map(|key| key.trim_end_matches(']')).collect();
    let pointer = if place.is_empty() { String::new() } else { format!("/{}", keys.join("/")) };
    match value.pointer(&pointer) {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    }
}

/// Adds plans that nobody knows, and versions of those that say something else than their newest one.
pub async fn write(import: &mut Import<'_>, plans: Plans) -> Result<Option<Counts>, Failure> {
    if !plans.present {
        return Ok(None);
    }
    let mut counts = Counts::default();
    for plan in plans.said {
        let document: Value = serde_json::from_str(&plan.to_json()).map_err(|e| sqlx::Error::Encode(e.into()))?;
        let kind = PeriodKind::from(plan.period);
        let known = plans_db::newest(import.tx, &plan.name).await?;
        let (id, from) = match known {
            Some(known) if known.document == document => {
                counts.unchanged += 1;
                continue;
            }
            Some(known) => {
                counts.updated += 1;
                let from = first_open_day(import, kind).await?;
                // Inside a quarter or year that its newest version pays as a whole nothing else begins.
                let whole = known.document.get("period").and_then(Value::as_str).and_then(PeriodKind::parse);
                // Nor inside one whose end makes up for components that it did not have.
                let before = Plan::from_value(&known.document).ok();
                let anew = before.and_then(|before| plan.trues_up_anew(&before).map(|(_, longer)| longer.into()));
                let whole = period(import, anew.or(whole).unwrap_or(kind), from);
                (known.id, if whole.from() == from { from } else { whole.to() })
            }
            None => {
                counts.created += 1;
                let id = plans::db::insert(import.tx, &plan.name).await?;
                (id, first_used_day(import, &plan.name, kind).await?)
            }
        };
        plans::db::insert_version(import.tx, id, from, &document).await?;
        let detail = serde_json::json!({ "name": plan.name, "from": from.to_string(), "new": document });
        audit::db::record(import.tx, "plan.imported", &format!("/plans/{id}"), detail).await?;
    }
    Ok(Some(counts))
}

/// A changed plan holds from the current period on, or from the first one that is not locked.
async fn first_open_day(import: &mut Import<'_>, kind: PeriodKind) -> Result<Date, Failure> {
    let org = import.tx.org;
    let locked_until = period_locks::db::locked_until(import.tx, org).await?;
    let current = period(import, kind, import.today);
    Ok(match locked_until {
        Some(day) if day > current.from() => {
            let next = period(import, kind, day);
            if next.from() == day { day } else { next.to() }
        }
        _ => current.from(),
    })
}

/// A new plan holds from the first period in which somebody is on it or something was sold, at the latest from now on.
async fn first_used_day(import: &mut Import<'_>, plan: &str, kind: PeriodKind) -> Result<Date, Failure> {
    let used = plans_db::first_use(import.tx, import.id, plan).await?;
    let first = used.map_or(import.today, |day| day.min(import.today));
    Ok(period(import, kind, first).from())
}

fn period(import: &Import<'_>, kind: PeriodKind, day: Date) -> Period {
    let fiscal_start = Month::try_from(import.fiscal_year_start).unwrap_or(Month::January);
    Period::containing(kind, day, fiscal_start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_with_their_lines() {
        let text = "[\n {\"name\": \"a],{\\\"\"},\n\n {\"b\": [1, 2]}, 3 ]\n";
        assert_eq!(items(text), [(2, "{\"name\": \"a],{\\\"\"}"), (4, "{\"b\": [1, 2]}"), (4, "3")]);
        assert_eq!(items("[]"), []);
        assert_eq!(items("[ \"x\" ]"), [(1, "\"x\"")]);
    }

    #[test]
    fn values_are_shown_by_place() {
        let value = serde_json::json!({ "components": [ { "pays": { "rate": "x" } } ] });
        assert_eq!(value_at(&value, "components[0].pays.rate"), "x");
        assert_eq!(value_at(&value, "components[0].pays"), r#"{"rate":"x"}"#);
        assert_eq!(value_at(&value, "name"), "");
    }
}
