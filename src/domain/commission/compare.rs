//! Two versions of a plan side by side: what was added, taken away and changed, in the words of both.

use super::{
    plan::{Component, Plan},
    told,
};

/// A part of the plan that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The component's name; of the plan's own rules: "The whole plan".
    pub part: String,
    /// The sentences before; none: it was added.
    pub old: Vec<String>,
    /// The sentences after; none: it was removed.
    pub new: Vec<String>,
}

impl Change {
    /// "added", "removed" or "changed".
    pub fn what(&self) -> &'static str {
        match (self.old.is_empty(), self.new.is_empty()) {
            (true, _) => "added",
            (_, true) => "removed",
            _ => "changed",
        }
    }
}

/// What differs between two plans, in the order of the newer one, then what it no longer has. A component is known by
/// its name.
pub fn changes(old: &Plan, new: &Plan) -> Vec<Change> {
    let find = |plan: &'_ Plan, name: &str| plan.components.iter().position(|component| component.name == name);
    let mut changes = Vec::new();
    let told = |plan: &Plan, at: Option<usize>| {
        let component = at.and_then(|at| plan.components.get(at));
        component.map(|component| sentences(component, plan)).unwrap_or_default()
    };
    let (before, after) = (told::together(old), told::together(new));
    if before != after {
        changes.push(Change { part: "The whole plan".to_owned(), old: before, new: after });
    }
    for (i, component) in new.components.iter().enumerate() {
        let before = find(old, &component.name);
        if before.and_then(|at| old.components.get(at)) != Some(component) {
            changes.push(Change { part: component.name.clone(), old: told(old, before), new: told(new, Some(i)) });
        }
    }
    for (i, component) in old.components.iter().enumerate() {
        if find(new, &component.name).is_none() {
            changes.push(Change { part: component.name.clone(), old: told(old, Some(i)), new: Vec::new() });
        }
    }
    changes
}

/// What is measured and what it pays: two ways to measure may pay in the same words.
fn sentences(component: &Component, plan: &Plan) -> Vec<String> {
    let measured = format!("Measured: {}.", told::measure(&component.measure));
    [measured].into_iter().chain(told::component(component, plan.currency)).collect()
}
