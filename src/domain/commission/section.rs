//! The parts of a statement in the order in which it is read, and what of its total is paid out.

use super::statement::LineKind;
use crate::domain::money::Money;

/// The words for what a statement carries to the next period.
pub const CARRIED: &str = "Balance for the next period";
/// The words for what is owed of draws after it.
pub const OWED: &str = "Owed of draws";

/// What is paid out of a total: nothing of one below zero, which is carried on.
pub fn payable(total: Money) -> Money {
    total.max(Money::ZERO)
}

/// The parts of a statement, in the order in which it is calculated and read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// What the components pay, with true-ups and the plan's own limits.
    Lines,
    /// A draw, or what is recovered of one.
    Draw,
    /// What earlier periods are corrected by.
    Adjustments,
    /// What earlier statements carried, and what this one leaves.
    Balance,
}

impl Section {
    /// Each in its order.
    pub const ALL: [Self; 4] = [Self::Lines, Self::Draw, Self::Adjustments, Self::Balance];

    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Lines => "Lines",
            Self::Draw => "Draw",
            Self::Adjustments => "Adjustments",
            Self::Balance => "Balance",
        }
    }
}

impl LineKind {
    /// Where such a line stands.
    pub fn section(self) -> Section {
        match self {
            Self::Component | Self::TrueUp | Self::Limit => Section::Lines,
            Self::Draw => Section::Draw,
            Self::Adjustment => Section::Adjustments,
            Self::Carried => Section::Balance,
        }
    }
}
