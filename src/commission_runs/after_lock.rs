//! What becomes of the facts that came or changed after their period was locked, or waited at it.

use super::db::LateFact;
use crate::{domain::period::Period, web::format};

/// What becomes of a late fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Becomes {
    /// The deal is not confirmed.
    Unconfirmed,
    /// A visit of after the lock counts for nothing.
    Never,
    /// Somebody holds the deal, or the one that it returns: it is worth nothing until it is released, and is a late fact
    /// then.
    OnHold,
    /// An approved run of this period has looked at it as it is now.
    LookedAt(String),
    /// By what is known now everything is paid as it is worth.
    ChangesNothing,
    /// The next run looks at it.
    Waits,
    /// No run looks at the period again.
    TooLate,
}

impl Becomes {
    /// What becomes of a fact of a locked period. `paid`: by what is known now the period is worth what was paid for it.
    pub fn of(fact: &LateFact, period: Period, paid: bool, beyond_reach: bool) -> Self {
        match fact.taken_up_kind.zip(fact.taken_up_start) {
            _ if fact.never => Self::Never,
            // No run would pay its confirmation or its release.
            _ if (fact.waits || fact.on_hold) && beyond_reach => Self::TooLate,
            _ if fact.waits => Self::Unconfirmed,
            _ if fact.on_hold => Self::OnHold,
            Some((kind, start)) => Self::LookedAt(format::period(period.at(kind, start))),
            None if paid => Self::ChangesNothing,
            None if beyond_reach => Self::TooLate,
            None => Self::Waits,
        }
    }

    /// Whether it is not in pay and may come into it.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Unconfirmed | Self::OnHold | Self::Waits | Self::TooLate)
    }

    /// In words, for the column *In pay*.
    pub fn words(&self) -> String {
        match self {
            Self::Unconfirmed => "Not yet: once it is confirmed".to_owned(),
            Self::Never => "No: a visit entered after the lock does not count".to_owned(),
            Self::OnHold => "Not yet: it is on hold, and looked at once it is released".to_owned(),
            Self::LookedAt(label) => format!("Looked at by {label}"),
            Self::ChangesNothing => "It changes no pay".to_owned(),
            Self::Waits => "Not yet: the next run looks at it".to_owned(),
            Self::TooLate => "Not by itself: adjust it by hand".to_owned(),
        }
    }
}
