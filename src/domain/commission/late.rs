//! Late facts: what the components of a locked period are worth now, against what was paid for them.

use crate::domain::money::Money;

/// A component of a locked period that is worth something else now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The component.
    pub component: String,
    /// What was paid for it so far.
    pub old: Money,
    /// What it is worth now.
    pub new: Money,
}

impl Difference {
    /// What is still to be paid, or, below zero, to be taken back.
    pub fn amount(&self) -> Money {
        self.new - self.old
    }
}

/// The components that are worth something else than was paid: in the order in which they are calculated now, then those
/// that are no longer there. What stands several times under one name is taken together.
pub fn differences(paid: &[(String, Money)], now: &[(String, Money)]) -> Vec<Difference> {
    let sum = |lines: &[(String, Money)], name: &str| -> Money {
        lines.iter().filter(|(component, _)| component == name).map(|(_, amount)| *amount).sum()
    };
    let mut found: Vec<Difference> = Vec::new();
    for (component, _) in now.iter().chain(paid) {
        if found.iter().all(|seen| seen.component != *component) {
            let (old, new) = (sum(paid, component), sum(now, component));
            found.push(Difference { component: component.clone(), old, new });
        }
    }
    found.retain(|difference| difference.old != difference.new);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<(String, Money)> {
        let line = |line: &str| {
            let (name, amount) = line.split_once(' ').unwrap();
            (name.to_owned(), Money(amount.parse().unwrap()))
        };
        text.split(", ").filter(|line| !line.is_empty()).map(line).collect()
    }

    #[test]
    fn what_differs_is_posted_with_old_new_and_difference() {
        for (paid, now, posted) in [
            ("Sales 3000, Visits 20000", "Sales 3000, Visits 20000", ""),
            ("Sales 3000", "Sales 1800", "Sales 3000 1800 -1200"),
            ("Sales 3000, Visits 0", "Sales 3000, Visits 20000", "Visits 0 20000 20000"),
            ("Sales 3000", "", "Sales 3000 0 -3000"),
            ("", "Sales 3000", "Sales 0 3000 3000"),
            // A line and a later correction of it count together.
            ("Sales 3000, Sales -1200", "Sales 1800", ""),
            ("Sales 3000, Sales -1200", "Sales 3000", "Sales 1800 3000 1200"),
            ("Sales 100, Cap -20", "Sales 60", "Sales 100 60 -40, Cap -20 0 20"),
            ("Sales 0", "Sales 0, Visits 0", ""),
        ] {
            let found = differences(&lines(paid), &lines(now));
            let told: Vec<String> =
                found.iter().map(|d| format!("{} {} {} {}", d.component, d.old.0, d.new.0, d.amount().0)).collect();
            assert_eq!(told.join(", "), posted, "{paid} → {now}");
        }
    }

    #[test]
    fn once_posted_nothing_is_left() {
        let mut paid = lines("Sales 3000, Visits 20000, Cap -500");
        for now in
            ["Sales 2500, Visits 20000", "Sales 2500, Visits 0, Cap -1", "", "Sales 3000, Visits 20000, Cap -500"]
        {
            let now = lines(now);
            let posted = differences(&paid, &now);
            let before: Money = paid.iter().map(|(_, amount)| *amount).sum();
            let after: Money = now.iter().map(|(_, amount)| *amount).sum();
            assert_eq!(before + posted.iter().map(Difference::amount).sum(), after);
            paid.extend(posted.into_iter().map(|d| (d.component.clone(), d.amount())));
            assert_eq!(differences(&paid, &now), []);
        }
    }
}
