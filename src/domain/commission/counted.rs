//! The deals that pay: won, confirmed, not on hold, with the parts that count and linked returns right after their deals.

use std::collections::HashMap;

use rust_decimal::Decimal;
use time::Date;

use super::{
    exact::Exact,
    facts::{Credit, Deal, Facts, RepParts},
    json::{Fault, Place},
    measure::Only,
    plan::{CreditKind, Scope},
};
use crate::domain::{deal::Stage, money::Money, period::add_months};

/// The deals of the facts in the order in which they pay, whoever is credited.
pub(super) struct Ledger<'f> {
    facts: &'f Facts,
    /// What pays or waits, in order of (date, number), a linked return right after its deal.
    ordered: Vec<Entry<'f>>,
    /// Returns whose deals belong to another period.
    elsewhere: Vec<&'f Deal>,
}

/// A won deal, and the deal that it belongs to: itself, or the one at the end of its returns.
#[derive(Clone, Copy)]
struct Entry<'f> {
    deal: &'f Deal,
    root: &'f Deal,
}

/// Some of the deals, as they count for whoever is asked about.
#[derive(Default)]
pub(super) struct PayingDeals<'f> {
    /// What pays.
    pub rows: Vec<Row<'f>>,
    /// Won, but nobody confirmed it (or the deal it returns) yet.
    pub waiting: Vec<Waiting<'f>>,
    /// On hold.
    pub held: Vec<Waiting<'f>>,
    /// Returns whose deals belong to another period: they are netted there.
    pub elsewhere: Vec<Waiting<'f>>,
}

/// What climbs a schedule one after the other: deals that pay, returns that take back, or what reps of the team earned.
#[derive(Clone, Copy)]
pub(super) struct Row<'f> {
    pub deal: Option<&'f Deal>,
    /// The deal that it belongs to.
    pub root: Option<&'f Deal>,
    /// Whose it is, where that is not the rep of the facts.
    pub rep: Option<&'f str>,
    /// What of it counts.
    pub part: Money,
    /// Whether that is not the whole deal.
    pub split: bool,
    /// By how much it climbs: minor units, or a number of deals.
    pub weight: i128,
}

/// A deal that does not pay now, with what of it counts.
#[derive(Clone, Copy)]
pub(super) struct Waiting<'f> {
    pub deal: &'f Deal,
    pub part: Money,
    pub why: &'f str,
}

impl<'f> Ledger<'f> {
    /// Sorts the deals. Two deals with one number, or returns in a circle, are faults.
    pub(super) fn of(facts: &'f Facts, deals: &'f [Deal]) -> Result<Self, Vec<Fault>> {
        let roots = roots(facts, deals)?;
        let mut ordered: Vec<(OrderKey, Entry<'f>)> = Vec::with_capacity(deals.len());
        let mut elsewhere = Vec::new();
        for (deal, root) in deals.iter().zip(roots) {
            if deal.stage != Stage::Won {
                continue;
            }
            let Some((index, root)) = root.and_then(|index| Some((index, deals.get(index)?))) else {
                elsewhere.push(deal);
                continue;
            };
            if root.stage == Stage::Won {
                let is_return = deal.returns.is_some();
                let key = (root.booked_on, root.number, index, is_return, deal.booked_on, deal.number);
                ordered.push((key, Entry { deal, root }));
            }
        }
        ordered.sort_unstable_by_key(|(key, _)| *key);
        elsewhere.sort_by_key(|deal| (deal.booked_on, deal.number));
        Ok(Self { facts, ordered: ordered.into_iter().map(|(_, entry)| entry).collect(), elsewhere })
    }

    /// What counts for the rep or the rep's team, of the credits that share deals or of those beside them.
    pub(super) fn select(&self, scope: Scope, kind: CreditKind) -> PayingDeals<'f> {
        let mut counted = PayingDeals { rows: Vec::with_capacity(self.ordered.len()), ..PayingDeals::default() };
        for entry in &self.ordered {
            let Entry { deal, root } = *entry;
            let Some(part) = entry.part(self.facts, scope, kind) else { continue };
            // A deal that others are credited on is none of these records.
            let split = part != deal.amount;
            if part == Money::ZERO && split {
                continue;
            }
            let hold = deal.hold.as_deref().or(root.hold.as_deref());
            if let Some(why) = hold {
                counted.held.push(Waiting { deal, part, why });
            } else if deal.confirmed && root.confirmed {
                let rep = entry.rep().filter(|rep| *rep != self.facts.rep);
                let weight = i128::from(part.0);
                counted.rows.push(Row { deal: Some(deal), root: Some(root), rep, part, split, weight });
            } else if part != Money::ZERO {
                counted.waiting.push(Waiting { deal, part, why: "" });
            }
        }
        let elsewhere = self.elsewhere.iter().filter_map(|deal| {
            let part = Entry { deal, root: deal }.part(self.facts, scope, kind)?;
            (part != Money::ZERO).then_some(Waiting { deal, part, why: "" })
        });
        counted.elsewhere.extend(elsewhere);
        counted.waiting.sort_by_key(|waiting| (waiting.deal.booked_on, waiting.deal.number));
        counted.held.sort_by_key(|held| (held.deal.booked_on, held.deal.number));
        counted
    }
}

impl<'f> PayingDeals<'f> {
    /// Whether nothing of it is anybody's who is asked about.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.waiting.is_empty() && self.held.is_empty() && self.elsewhere.is_empty()
    }

    /// Net sales, in minor units.
    pub(super) fn net(&self) -> i128 {
        self.rows.iter().map(|row| row.weight).sum()
    }

    /// What of it are returns that were booked after a month: taken back here, and counted there by the metric.
    pub(super) fn later(&self, month: &str) -> i128 {
        let Some(month) = month_of(month) else { return 0 };
        let after = |deal: &Deal| {
            deal.returns.is_some() && deal.booked_on.is_some_and(|on| (on.year(), u8::from(on.month())) > month)
        };
        let waiting =
            self.waiting.iter().chain(&self.held).filter(|one| after(one.deal)).map(|one| i128::from(one.part.0));
        let rows = self.rows.iter().filter(|row| row.deal.is_some_and(after)).map(|row| row.weight);
        rows.chain(waiting).sum()
    }

    /// The rows of the deals that a component is about.
    pub(super) fn only(&self, only: Option<&Only>) -> Vec<Row<'f>> {
        let taken = |row: &&Row<'f>| only.is_none_or(|only| row.root.is_some_and(|root| only.takes(root)));
        self.rows.iter().filter(taken).copied().collect()
    }
}

/// One row for each deal that stands above zero, net of its linked returns.
pub(super) fn deals_above_zero(rows: Vec<Row<'_>>) -> Vec<Row<'_>> {
    let mut deals: Vec<Row<'_>> = Vec::with_capacity(rows.len());
    for row in rows {
        match deals.last_mut() {
            Some(last) if same(last.root, row.root) && last.rep == row.rep => last.weight += row.weight,
            _ => deals.push(row),
        }
    }
    deals.retain(|deal| deal.weight > 0);
    for deal in &mut deals {
        deal.weight = 1;
    }
    deals
}

impl Row<'_> {
    /// Whether its deal counts as one for whose it is: of a deal that several share, only for the one with the largest part,
    /// of equal ones the first.
    pub(super) fn counts_as_one(&self, facts: &Facts, scope: Scope) -> bool {
        let Some(root) = self.root else { return true };
        let Credit::Parts(credits) = &root.credit else { return root.primary };
        let sharing = credits.iter().filter(|credit| !credit.overlay);
        let Some(first) = sharing.reduce(|first, one| if one.parts > first.parts { one } else { first }) else {
            return false;
        };
        match (scope, root.rep.as_deref()) {
            (Scope::Own, _) => first.rep == facts.rep,
            (Scope::Team, Some(named)) => first.rep == named,
            (Scope::Team, None) => first.rep != facts.rep,
        }
    }
}

/// Year and month of a period like `2026-10`; none of a longer one.
pub(super) fn month_of(period: &str) -> Option<(i32, u8)> {
    let (year, month) = period.split_once('-').filter(|_| period.len() == 7)?;
    Some((year.parse().ok()?, month.parse().ok()?))
}

/// Whether two rows belong to one deal.
pub(super) fn same(one: Option<&Deal>, other: Option<&Deal>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => std::ptr::eq(one, other),
        _ => false,
    }
}

impl Only {
    /// Whether a deal is one of those. The day of the customer's first sale is known where it is asked for.
    pub(super) fn takes(&self, deal: &Deal) -> bool {
        let booked = self.booked.is_none_or(|days| {
            let Some(on) = deal.booked_on else { return false };
            days.from.is_none_or(|from| from <= on) && days.through.is_none_or(|through| on <= through)
        });
        let months = self.customer_months.is_none_or(|months| {
            let (Some(since), Some(on)) = (deal.first_sale(), deal.booked_on) else { return false };
            let reached = |number: u32| i32::try_from(number).is_ok_and(|number| on >= add_months(since, number));
            (months.from == 0 || reached(months.from)) && !months.below.is_some_and(reached)
        });
        let is = |asked: Option<bool>, said: bool| asked.is_none_or(|asked| asked == said);
        booked && months && is(self.new_customer, deal.new_customer) && is(self.cross_sell, deal.cross_sell)
    }
}

impl Deal {
    /// The day of the customer's first sale, where it is known.
    pub(super) fn first_sale(&self) -> Option<Date> {
        self.customer_since.or(self.booked_on.filter(|_| self.new_customer))
    }
}

/// Date, number and place of the deal, whether this is a return, its own date and number.
type OrderKey = (Option<Date>, i64, usize, bool, Option<Date>, i64);

/// For each deal, the index of the deal that it belongs to: itself, or the one at the end of its returns; `None` where
/// that deal is not among these.
fn roots(facts: &Facts, deals: &[Deal]) -> Result<Vec<Option<usize>>, Vec<Fault>> {
    let mut faults = Vec::new();
    let list = Place::Root.key("deals");
    let mut by_number: HashMap<Identity<'_>, usize> = HashMap::with_capacity(deals.len());
    // A deal of several reps of a team stands there once for each; its first entry is found by the number alone.
    let mut of_others: HashMap<i64, usize> = HashMap::new();
    for (i, deal) in deals.iter().enumerate() {
        if by_number.insert((deal.number, of_other(facts, deal), deal.overlay), i).is_some() {
            let place = list.item(i);
            place.key("number").fault(&mut faults, format!("there are two deals with the number {}", deal.number));
        }
        if of_other(facts, deal).is_some() || deal.overlay {
            of_others.entry(deal.number).or_insert(i);
        }
    }
    let find = |deal: &Deal, number: i64| {
        let same = by_number.get(&(number, of_other(facts, deal), deal.overlay));
        same.or_else(|| by_number.get(&(number, None, false))).or_else(|| of_others.get(&number)).copied()
    };
    let mut roots = Vec::with_capacity(deals.len());
    for (i, deal) in deals.iter().enumerate() {
        let mut at = Some(i);
        let mut steps = 0;
        while let Some((here, returns)) = at.and_then(|at| deals.get(at)).and_then(|deal| Some((deal, deal.returns?))) {
            at = find(here, returns);
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

/// Whose deal it says that it is, where that is somebody else: a deal that names nobody is the rep's own.
fn of_other<'f>(facts: &Facts, deal: &'f Deal) -> Option<&'f str> {
    deal.rep.as_deref().filter(|rep| *rep != facts.rep)
}

/// Number, whose, and whether it is an overlay: once per list.
type Identity<'f> = (i64, Option<&'f str>, bool);

/// Returns of returns are followed so far; nobody takes a deal back and forth more often.
const MAX_CHAIN: usize = 32;

impl<'f> Entry<'f> {
    /// Whose deal it is, if it says so; a linked return that says nothing is whose its deal is.
    fn rep(&self) -> Option<&'f str> {
        self.deal.rep.as_deref().or(self.root.rep.as_deref())
    }

    /// What of it counts; none where it is of somebody else or another kind of credit.
    fn part(&self, facts: &Facts, scope: Scope, kind: CreditKind) -> Option<Money> {
        let (deal, root) = (self.deal, self.root);
        let mine = self.rep().is_none_or(|rep| rep == facts.rep);
        let by_name = |credit: &Credit| matches!(credit, Credit::Parts(_));
        let credit = if deal.credit == Credit::Unstated { &root.credit } else { &deal.credit };
        match scope {
            Scope::Own if !mine => return None,
            // Of a deal that names nobody it is not known that it is the team's; of one that names all, what others have.
            Scope::Team if mine && (self.rep().is_some() || !by_name(credit)) => return None,
            _ => {}
        }
        let overlay = if deal.credit == Credit::Unstated { root.overlay } else { deal.overlay } || deal.overlay;
        if !by_name(credit) && overlay != (kind == CreditKind::Overlay) {
            return None;
        }
        match (&deal.credit, &root.credit) {
            (Credit::Unstated, Credit::Part(part)) => match root.amount {
                Money::ZERO => Some(deal.amount),
                whole => Some(proportion(deal.amount, *part, whole)),
            },
            (Credit::Unstated, credit) | (credit, _) => match credit {
                Credit::Unstated => Some(deal.amount),
                Credit::Share(share) => Some(deal.amount.times(*share)),
                Credit::Part(part) => Some(*part),
                Credit::Parts(credits) => {
                    let whose = |rep: &str| match (scope, self.rep()) {
                        (Scope::Own, _) => rep == facts.rep,
                        (Scope::Team, Some(named)) => rep == named,
                        (Scope::Team, None) => rep != facts.rep,
                    };
                    parts(deal.amount, credits, kind, whose)
                }
            },
        }
    }
}

/// What of an amount is whose: the credits that share it by largest remainder, overlays beside them.
fn parts(amount: Money, credits: &[RepParts], kind: CreditKind, whose: impl Fn(&str) -> bool) -> Option<Money> {
    let sharing = || credits.iter().filter(|credit| !credit.overlay);
    if kind == CreditKind::Overlay {
        let all: i128 = sharing().map(|credit| i128::from(credit.parts)).sum();
        let mine = credits.iter().filter(|credit| credit.overlay && whose(&credit.rep));
        let mine: i128 = mine.map(|credit| i128::from(credit.parts)).sum();
        return (mine > 0 && all > 0).then(|| proportion_of(amount, mine, all));
    }
    let weights: Vec<u32> = sharing().map(|credit| credit.parts).collect();
    let shares = amount.split(&weights);
    Some(sharing().zip(shares).filter(|(credit, _)| whose(&credit.rep)).map(|(_, share)| share).sum())
}

/// `amount × part ÷ whole`, half away from zero. The part is no larger than the whole, so it cannot overflow.
fn proportion(amount: Money, part: Money, whole: Money) -> Money {
    proportion_of(amount, i128::from(part.0), i128::from(whole.0))
}

fn proportion_of(amount: Money, part: i128, whole: i128) -> Money {
    let exact = Exact::new(i128::from(amount.0) * part, whole).unwrap_or(Exact::ZERO);
    exact.rounded().unwrap_or(amount)
}

/// The sum of what climbs, in the measure's own unit.
pub(super) fn climbed(rows: &[Row<'_>]) -> Decimal {
    let sum: i128 = rows.iter().map(|row| row.weight).sum();
    Decimal::try_from_i128_with_scale(sum, 0).unwrap_or_default()
}
