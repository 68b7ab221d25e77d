//! The deals that pay: won, confirmed, the rep's parts, with linked returns right after their deals.

use std::collections::HashMap;

use time::Date;

use super::{
    exact::Exact,
    facts::{Credit, Deal, Facts},
    json::{Fault, Place},
};
use crate::domain::{deal::Stage, money::Money};

/// The deals of the facts, sorted into what pays and what does not.
pub(super) struct PayingDeals<'f> {
    /// What pays, in order of (date, number), a linked return right after its deal.
    pub rows: Vec<Row>,
    /// Won, but nobody confirmed it (or the deal it returns) yet.
    pub waiting: Vec<Waiting<'f>>,
    /// Returns whose deals belong to another period: they are netted there.
    pub elsewhere: Vec<Waiting<'f>>,
}

/// A deal that pays, or a return that takes back.
pub(super) struct Row {
    pub number: i64,
    pub returns: Option<i64>,
    /// The rep's part.
    pub part: Money,
    /// Whether the rep's part is not the whole deal.
    pub split: bool,
    /// The number of the deal that it belongs to: its own, or that of the deal it returns.
    pub root: i64,
}

/// A deal that does not pay now, with the rep's part of it.
pub(super) struct Waiting<'f> {
    pub deal: &'f Deal,
    pub part: Money,
}

impl<'f> PayingDeals<'f> {
    /// Sorts the deals. Two deals with one number, or returns in a circle, are faults.
    pub(super) fn of(facts: &'f Facts, deals: &'f [Deal]) -> Result<Self, Vec<Fault>> {
        let roots = roots(deals)?;
        let mut counted = Self { rows: Vec::with_capacity(deals.len()), waiting: Vec::new(), elsewhere: Vec::new() };
        let mut order: Vec<(OrderKey, &Deal, &Deal)> = Vec::with_capacity(deals.len());
        for (deal, root) in deals.iter().zip(roots) {
            if deal.stage != Stage::Won {
                continue;
            }
            let Some(root) = root.and_then(|index| deals.get(index)) else {
                counted.elsewhere.push(Waiting { deal, part: part(deal, deal, facts) });
                continue;
            };
            if root.stage != Stage::Won {
                continue;
            }
            if deal.confirmed && root.confirmed {
                let is_return = deal.returns.is_some();
                order.push(((root.booked_on, root.number, is_return, deal.booked_on, deal.number), deal, root));
            } else {
                let part = part(deal, root, facts);
                if part != Money::ZERO {
                    counted.waiting.push(Waiting { deal, part });
                }
            }
        }
        order.sort_unstable_by_key(|(key, _, _)| *key);
        counted.rows.extend(order.into_iter().map(|(_, deal, root)| {
            let part = part(deal, root, facts);
            Row { number: deal.number, returns: deal.returns, part, split: part != deal.amount, root: root.number }
        }));
        // A deal that others are credited on is none of this rep's records.
        counted.rows.retain(|row| row.part != Money::ZERO || !row.split);
        counted.waiting.sort_unstable_by_key(|waiting| (waiting.deal.booked_on, waiting.deal.number));
        counted.elsewhere.sort_unstable_by_key(|waiting| (waiting.deal.booked_on, waiting.deal.number));
        Ok(counted)
    }

    /// The rep's net sales, in minor units.
    pub(super) fn net(&self) -> i128 {
        self.rows.iter().map(|row| i128::from(row.part.0)).sum()
    }
}

/// Date and number of the deal, whether this is a return, its own date and number.
type OrderKey = (Option<Date>, i64, bool, Option<Date>, i64);

/// For each deal, the index of the deal that it belongs to: itself, or the one at the end of its returns; `None` where
/// that deal is not among these.
fn roots(deals: &[Deal]) -> Result<Vec<Option<usize>>, Vec<Fault>> {
    let mut faults = Vec::new();
    let list = Place::Root.key("deals");
    let mut by_number: HashMap<i64, usize> = HashMap::with_capacity(deals.len());
    for (i, deal) in deals.iter().enumerate() {
        if by_number.insert(deal.number, i).is_some() {
            let place = list.item(i);
            place.key("number").fault(&mut faults, format!("there are two deals with the number {}", deal.number));
        }
    }
    let mut roots = Vec::with_capacity(deals.len());
    for (i, deal) in deals.iter().enumerate() {
        let mut at = Some(i);
        let mut steps = 0;
        while let Some(returns) = at.and_then(|at| deals.get(at)).and_then(|deal| deal.returns) {
            at = by_number.get(&returns).copied();
            steps += 1;
            if steps > MAX_CHAIN {
                let place = list.item(i);
                let message = format!("deal {} returns itself in a circle: say which deal it returns", deal.number);
                place.key("returns").fault(&mut faults, message);
                break;
            }
        }
        roots.push(at);
    }
    if faults.is_empty() { Ok(roots) } else { Err(faults) }
}

/// Returns of returns are followed so far; nobody takes a deal back and forth more often.
const MAX_CHAIN: usize = 32;

/// The rep's part of a deal; a linked return that says nothing is credited as its deal is.
fn part(deal: &Deal, root: &Deal, facts: &Facts) -> Money {
    match (&deal.credit, &root.credit) {
        (Credit::Unstated, Credit::Part(part)) => match root.amount {
            Money::ZERO => deal.amount,
            whole => proportion(deal.amount, *part, whole),
        },
        (Credit::Unstated, credit) | (credit, _) => match credit {
            Credit::Unstated => deal.amount,
            Credit::Share(share) => deal.amount.times(*share),
            Credit::Part(part) => *part,
            Credit::Parts(credits) => {
                let parts: Vec<u32> = credits.iter().map(|credit| credit.parts).collect();
                let shares = deal.amount.split(&parts);
                let mine = credits.iter().zip(shares).find(|(credit, _)| credit.rep == facts.rep);
                mine.map_or(Money::ZERO, |(_, share)| share)
            }
        },
    }
}

/// `amount × part ÷ whole`, half away from zero. The part is no larger than the whole, so it cannot overflow.
fn proportion(amount: Money, part: Money, whole: Money) -> Money {
    let exact = Exact::new(i128::from(amount.0) * i128::from(part.0), i128::from(whole.0)).unwrap_or(Exact::ZERO);
    exact.rounded().unwrap_or(amount)
}
