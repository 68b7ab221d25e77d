//! What a sent grid of targets means: which cells changed, which cannot be read, and which somebody else changed
//! meanwhile.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::db::Target;
use crate::{
    domain::{
        metric::{Metric, Unit},
        money::Currency,
        subject::Subject,
    },
    web::number,
};

/// The place of a value: whose, of what.
pub type Cell = (Subject, Metric);

/// The name of a cell's field in the form, and the anchor that an error leads to: `7.visits` of a rep, `t3.visits` of a
/// team, `all.visits` of the company.
pub fn field((whose, metric): Cell) -> String {
    format!("{}.{}", word(whose), metric.as_str())
}

/// The first part of [`field`].
pub fn word(whose: Subject) -> String {
    match whose {
        Subject::Company => "all".to_owned(),
        Subject::Rep(rep) => rep.to_string(),
        Subject::Team(team) => format!("t{team}"),
    }
}

/// Reads the name of [`field`].
pub fn parse_field(name: &str) -> Option<Cell> {
    let (word, metric) = name.split_once('.')?;
    let whose = match word.strip_prefix('t') {
        _ if word == "all" => Subject::Company,
        Some(team) => Subject::Team(team.parse().ok()?),
        None => Subject::Rep(word.parse().ok()?),
    };
    Some((whose, Metric::parse(metric)?))
}

/// A value that the sender changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where.
    pub cell: Cell,
    /// What stands there now.
    pub old: Option<Decimal>,
    /// What is to stand there; none: no target.
    pub new: Option<Decimal>,
}

/// A cell that both the sender and somebody else changed, to different values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Where.
    pub cell: Cell,
    /// What the sender typed, as a value.
    pub mine: Option<Decimal>,
    /// What the other one has set.
    pub theirs: Target,
}

/// What a sent grid comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Cells to write.
    pub changes: Vec<Change>,
    /// Cells that cannot be read, with the words to show.
    pub errors: Vec<(Cell, String)>,
    /// Cells that somebody else changed since the page was drawn.
    pub conflicts: Vec<Conflict>,
}

/// Compares what was typed with what stood in the drawn page and with what stands now. A cell that the sender left
/// alone stays as it is now, whoever changed it.
pub fn compare(typed: &[(Cell, String)], drawn: &[Target], now: &[Target], currency: Currency) -> Outcome {
    let by_cell = |targets: &[Target]| -> BTreeMap<Cell, Target> {
        targets.iter().map(|target| ((target.whose, target.metric), target.clone())).collect()
    };
    let (drawn, now) = (by_cell(drawn), by_cell(now));
    let mut outcome = Outcome::default();
    for (cell, text) in typed {
        let new = match read(cell.1, text, currency) {
            Ok(new) => new,
            Err(words) => {
                outcome.errors.push((*cell, words));
                continue;
            }
        };
        let was = drawn.get(cell).and_then(|target| target.value);
        let is = now.get(cell).and_then(|target| target.value);
        if new == was || new == is {
            continue;
        }
        match now.get(cell) {
            Some(theirs) if is != was => {
                outcome.conflicts.push(Conflict { cell: *cell, mine: new, theirs: theirs.clone() });
            }
            _ => outcome.changes.push(Change { cell: *cell, old: is, new }),
        }
    }
    outcome
}

/// Reads a target as typed; empty is no target.
pub fn read(metric: Metric, typed: &str, currency: Currency) -> Result<Option<Decimal>, String> {
    if typed.trim().is_empty() {
        return Ok(None);
    }
    let value = match metric.unit() {
        Unit::Count => number::count(typed)?.into(),
        Unit::Money => number::money(typed, currency)?.exact(),
        Unit::Fraction => number::percent(typed)?,
    };
    if value.is_sign_negative() && !value.is_zero() && metric.unit() == Unit::Money {
        return Err(format!("{} is below zero. Use 0 or more.", typed.trim().replace('-', "−")));
    }
    Ok(Some(value))
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;
    use crate::domain::id::{TargetId, TeamId, UserId};

    const REP: Subject = Subject::Rep(UserId(7));

    fn set(id: i64, metric: Metric, value: Option<i64>) -> Target {
        Target {
            id: TargetId(id),
            whose: REP,
            metric,
            period_start: date!(2026 - 11 - 01),
            value: value.map(Decimal::from),
            set_by: Some("Karin".to_owned()),
            set_at: datetime!(2026-11-02 10:12),
        }
    }

    fn sent(typed: &[(Metric, &str)], drawn: &[Target], now: &[Target]) -> Outcome {
        let typed: Vec<_> = typed.iter().map(|(metric, text)| ((REP, *metric), (*text).to_owned())).collect();
        compare(&typed, drawn, now, Currency::parse("EUR").unwrap())
    }

    #[test]
    fn only_changed_cells_are_written() {
        let stands = [set(1, Metric::Visits, Some(96)), set(2, Metric::LostCustomers, Some(2))];
        let typed = [
            (Metric::Visits, "96.0"),
            (Metric::LostCustomers, " "),
            (Metric::NetSales, "€1 250,50"),
            (Metric::SalesGrowth, ""),
        ];
        let outcome = sent(&typed, &stands, &stands);
        assert_eq!(outcome.errors, []);
        assert_eq!(outcome.conflicts, []);
        assert_eq!(
            outcome.changes,
            [
                Change { cell: (REP, Metric::LostCustomers), old: Some(2.into()), new: None },
                Change { cell: (REP, Metric::NetSales), old: None, new: Some(125_050.into()) },
            ]
        );
    }

    #[test]
    fn a_change_by_two_people_is_a_conflict_only_where_they_differ() {
        let drawn = [
            set(1, Metric::Visits, Some(96)),
            set(2, Metric::Touches, Some(10)),
            set(3, Metric::NewCustomers, Some(5)),
        ];
        let now = [
            set(11, Metric::Visits, Some(98)),
            set(12, Metric::Touches, Some(12)),
            set(13, Metric::NewCustomers, None),
            set(14, Metric::LostCustomers, Some(3)),
        ];
        let typed = [
            (Metric::Visits, "100"),      // both, differently
            (Metric::Touches, "10"),      // only the other one
            (Metric::NewCustomers, ""),   // both, the same
            (Metric::LostCustomers, "2"), // both set the first value
        ];
        let outcome = sent(&typed, &drawn, &now);
        assert_eq!(outcome.changes, []);
        let cells: Vec<_> = outcome.conflicts.iter().map(|conflict| (conflict.cell.1, conflict.mine)).collect();
        assert_eq!(cells, [(Metric::Visits, Some(100.into())), (Metric::LostCustomers, Some(2.into()))]);
        assert_eq!(outcome.conflicts[0].theirs.value, Some(98.into()));
    }

    #[test]
    fn what_cannot_be_read_is_said_in_words() {
        for (metric, typed, words) in [
            (Metric::NewCustomers, "-4", "−4 is below zero. Use 0 or more."),
            (Metric::Visits, "4.5", "4.5 is not whole. Use a whole number, like 12."),
            (Metric::NetSales, "-1", "−1 is below zero. Use 0 or more."),
            (Metric::NetSales, "1.999,999", "1.999,999 has too many decimals; EUR has 2."),
            (Metric::SalesGrowth, "much", "“much” is not a number. Use digits, like 5 or 5.5."),
        ] {
            assert_eq!(sent(&[(metric, typed)], &[], &[]).errors, [((REP, metric), words.to_owned())]);
        }
        let outcome = sent(&[(Metric::SalesGrowth, "-2,5 %")], &[], &[]);
        assert_eq!(outcome.changes[0].new, Some(Decimal::new(-25, 3)));
    }

    #[test]
    fn a_field_names_its_cell() {
        for whose in [REP, Subject::Team(TeamId(3)), Subject::Company] {
            assert_eq!(parse_field(&field((whose, Metric::Visits))), Some((whose, Metric::Visits)));
        }
        assert_eq!(parse_field("t.visits"), None);
        assert_eq!(parse_field("7.swimming"), None);
        assert_eq!(parse_field("once"), None);
    }
}
