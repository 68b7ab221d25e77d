//! What a customer's life follows from: sales, owners, endings and limits.

use std::collections::BTreeMap;

use time::Date;

use crate::domain::{
    id::{DealId, UserId},
    money::Money,
    words::words,
};

/// Days without a sale after which a customer counts as lost where nobody set a limit.
pub const DEFAULT_LIMIT_DAYS: u32 = 180;

/// For how many months a customer counts as a new one where nobody set it.
pub const DEFAULT_NEW_MONTHS: u32 = 12;

/// For how many days after a handover a loss is charged to the owner before where nobody set it.
pub const DEFAULT_GRACE_DAYS: u32 = 90;

/// Everything that a customer's events follow from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Bought before the first recorded sale: then no recorded sale is a first one.
    pub customer_since: Option<Date>,
    /// The won deals, returns among them, in any order.
    pub deals: Vec<DealFact>,
    /// Who owned the customer when; no two at once.
    pub ownerships: Vec<Ownership>,
    /// Ends of the relation that people declared.
    pub endings: Vec<Ending>,
    /// The limits that may hold for this customer: its own, its segment's, the company's.
    pub limits: Vec<Limit>,
    /// The company's rules over time.
    pub rules: Vec<CustomerRule>,
}

impl History {
    /// The rule in force on a day: the latest.
    pub fn rule_on(&self, day: Date) -> CustomerRule {
        let held = self.rules.iter().filter(|rule| rule.from.is_none_or(|from| from <= day));
        held.max_by_key(|rule| rule.from).copied().unwrap_or_default()
    }
}

/// What holds for every customer from a day on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CustomerRule {
    /// In force since; none: from the beginning.
    pub from: Option<Date>,
    /// For how many months from its first sale on a customer who is won now counts as a new one.
    pub new_months: u32,
    /// A loss within this many days of a handover is charged to the owner before.
    pub grace_days: u32,
}

impl Default for CustomerRule {
    fn default() -> Self {
        Self { from: None, new_months: DEFAULT_NEW_MONTHS, grace_days: DEFAULT_GRACE_DAYS }
    }
}

/// A won deal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DealFact {
    /// Which.
    pub id: DealId,
    /// Its number, in order of entry.
    pub number: i64,
    /// Business date of the win.
    pub booked_on: Date,
    /// Sum of its lines; below zero for a return.
    pub net: Money,
    /// The deal that it returns.
    pub returns: Option<DealId>,
    /// Who is credited with what the deal makes of the customer; see [`primary_rep`].
    pub primary_rep: Option<UserId>,
}

/// An ownership over time, half-open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ownership {
    /// The owner.
    pub rep: UserId,
    /// First day; none: from the beginning.
    pub from: Option<Date>,
    /// First day no longer; none: to this day.
    pub to: Option<Date>,
}

/// The end of a customer relation, declared by a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The day it holds from.
    pub on: Date,
    /// What kind of end.
    pub kind: EndingKind,
}

words! {
    /// How a relation ended.
    EndingKind {
        /// The customer went away: a loss on that day.
        DeclaredLost = "declared_lost", "Declared lost";
        /// The company no longer wants to sell to it.
        Deselected = "deselected", "Deselected";
        /// It went out of business.
        Closed = "closed", "Closed down";
        /// It is the same as another customer.
        Merged = "merged", "Merged";
        /// It may not buy on credit.
        CreditBlock = "credit_block", "Credit block";
    }
}

/// Days without a sale after which a customer counts as lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Whose limit it is; the closest to the customer holds.
    pub level: LimitLevel,
    /// In force since; none: from the beginning.
    pub from: Option<Date>,
    /// The days, at least 1.
    pub days: u32,
}

/// Whose limit it is. A later one of these is closer to the customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LimitLevel {
    /// The whole company's.
    Company,
    /// The customer's segment's.
    Segment,
    /// The customer's own.
    Own,
}

/// Who is credited with what a deal makes of a customer: the largest split credit; on a tie the deal's owner if among
/// the tied, else the first by position. `splits` are the split credits (no overlays) as rep and parts, by position.
pub fn primary_rep(splits: &[(UserId, u32)], owner: Option<UserId>) -> Option<UserId> {
    let largest = splits.iter().map(|(_, parts)| *parts).max()?;
    let tied = || splits.iter().filter(|(_, parts)| *parts == largest).map(|(rep, _)| *rep);
    tied().find(|rep| Some(*rep) == owner).or_else(|| tied().next())
}

/// From when on each fully returned deal is so: the date of the linked return with which they add up to at least its
/// net. A deal of zero or less is none that could be returned.
pub fn full_returns(deals: &[DealFact]) -> BTreeMap<DealId, Date> {
    let mut left: BTreeMap<DealId, Money> =
        deals.iter().filter(|deal| deal.net > Money::ZERO).map(|deal| (deal.id, deal.net)).collect();
    let mut returns: Vec<_> = deals.iter().filter_map(|deal| Some((deal.booked_on, deal.returns?, deal.net))).collect();
    returns.sort_unstable_by_key(|(on, ..)| *on);
    let mut completed = BTreeMap::new();
    for (on, deal, net) in returns {
        if let Some(left) = left.get_mut(&deal) {
            *left += net;
            if *left <= Money::ZERO {
                completed.entry(deal).or_insert(on);
            }
        }
    }
    completed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_credit_is_the_primary_one() {
        assert_eq!(primary_rep(&[(UserId(1), 1), (UserId(2), 2)], Some(UserId(1))), Some(UserId(2)));
        assert_eq!(primary_rep(&[(UserId(1), 1), (UserId(2), 1)], Some(UserId(2))), Some(UserId(2)));
        assert_eq!(primary_rep(&[(UserId(1), 1), (UserId(2), 1)], Some(UserId(3))), Some(UserId(1)));
        assert_eq!(primary_rep(&[], Some(UserId(1))), None);
    }
}
