//! Two calculations of the same pay side by side: what moved it, line by line, in parts that add up to the difference.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use rust_decimal::Decimal;

use super::{
    compare::{self, Change},
    facts::{Credit, Deal, Facts},
    plan::{Measure, Plan, Who},
    statement::{GateOutcome, Line, LineKind, Record, Statement},
};
use crate::domain::money::Money;

/// A calculation: by which plan, from what, and what came of it.
#[derive(Clone, Copy, Debug)]
pub struct Calculation<'a> {
    /// The plan in force.
    pub plan: &'a Plan,
    /// What was known.
    pub facts: &'a Facts,
    /// What it paid.
    pub statement: &'a Statement,
}

/// What moved pay from one calculation to a later one.
#[derive(Clone, Debug, PartialEq)]
pub struct Moved {
    /// The total before.
    pub before: Money,
    /// The total after.
    pub after: Money,
    /// The lines that pay something else, in the order of the later statement, then those that it has no more: their
    /// differences add up to that of the totals.
    pub lines: Vec<LineMoved>,
    /// How the plan differs.
    pub plan: Vec<Change>,
    /// The deals that are new, gone or otherwise and stand in no line above: they moved no line's pay by themselves.
    pub deals: Vec<DealMoved>,
}

/// A line that pays something else.
#[derive(Clone, Debug, PartialEq)]
pub struct LineMoved {
    /// What it is called: "Sales", "Sales, 2026-09".
    pub title: String,
    /// What kind of line it is.
    pub kind: LineKind,
    /// What it paid.
    pub before: Money,
    /// What it pays.
    pub after: Money,
    /// Its difference in parts, none of them zero: they add up to it.
    pub parts: Vec<Part>,
    /// What else about it is otherwise, and so moved it.
    pub why: Vec<Why>,
}

/// A part of a line's difference.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// What pays more or less.
    pub what: What,
    /// How much more; below zero: less.
    pub amount: Money,
}

/// What pays more or less in a line.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A deal that is new, gone or otherwise.
    Deal(DealMoved),
    /// So many deals that are as they were, and pay something else.
    SameDeals(usize),
    /// The measure as a whole, or the line itself.
    Whole,
    /// What the floor adds.
    Floor,
    /// The bonuses for steps reached.
    Bonus,
    /// What another rep earned.
    Earnings(String),
}

/// A deal that is otherwise than before.
#[derive(Clone, Debug, PartialEq)]
pub struct DealMoved {
    /// Its number.
    pub number: i64,
    /// The deal that it returns.
    pub returns: Option<i64>,
    /// Who bought.
    pub customer: String,
    /// Whose it is, where that is not the rep of the statement.
    pub rep: Option<String>,
    /// The rep's part before; none: it was not there.
    pub before: Option<Money>,
    /// The rep's part after; none: it is not there any more.
    pub after: Option<Money>,
    /// What happened to it.
    pub change: DealChange,
}

/// What happened to a deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DealChange {
    /// It is new.
    Added,
    /// It is not among the facts any more.
    Gone,
    /// Somebody confirmed it.
    Confirmed,
    /// It waits for confirmation again.
    Unconfirmed,
    /// It is on hold.
    Held,
    /// It is not on hold any more.
    Released,
    /// The rep's part is another amount.
    Amount,
    /// Something else of it: the day, the customer's first sale, whose credit it is.
    Otherwise,
}

/// Something that a line says otherwise. Numbers are in documents' units: money in major ones, attainments as shares.
#[derive(Clone, Debug, PartialEq)]
pub enum Why {
    /// The value of what it measures.
    Value(Measure, Option<Decimal>, Option<Decimal>),
    /// The target or limit of what it measures.
    Target(Measure, Option<Decimal>, Option<Decimal>),
    /// The weighted attainment of several metrics.
    Attainment(Measure, Option<Decimal>, Option<Decimal>),
    /// What the year gave before this period.
    YearBefore(Measure, Option<Decimal>, Option<Decimal>),
    /// A condition: whether it held before and holds now, and what it compared.
    Condition {
        /// What was compared.
        of: Measure,
        /// Whose it was.
        who: Who,
        /// Whether it holds now.
        holds: bool,
        /// What it was before and is now.
        values: [Option<Decimal>; 2],
    },
    /// What the amount is multiplied by.
    Multiplier(Option<Decimal>, Option<Decimal>),
    /// The component is on hold now (true), or not any more.
    Hold(bool),
    /// What would be paid without cap and floor.
    BeforeLimits(Option<Money>, Option<Money>),
    /// What is owed of draws before this period.
    Owed(Money, Money),
    /// The plan says something else of it.
    Plan,
    /// It is a line that was not there before.
    New,
    /// It is a line that is there no more.
    Gone,
    /// It follows from what the lines above pay.
    Follows,
}

/// What moved pay from one calculation to the other. Whatever the two are, the lines add up to the difference of the
/// totals, and the parts of a line to the line's. Sums beyond 64 bits do not occur in statements.
pub fn moved(before: &Calculation<'_>, after: &Calculation<'_>) -> Moved {
    let plan = if before.plan == after.plan { Vec::new() } else { compare::changes(before.plan, after.plan) };
    let deals = Deals::of(before.facts, after.facts);
    let lines: Vec<LineMoved> = keys(before.statement, after.statement)
        .into_iter()
        .filter_map(|key| {
            let of = |statement| Grouped::of(statement, &key);
            line(&key, &of(before.statement), &of(after.statement), &deals, &plan, [before.facts, after.facts])
        })
        .collect();
    let told: HashSet<(i64, Option<&str>)> = lines
        .iter()
        .flat_map(|line| &line.parts)
        .filter_map(|part| match &part.what {
            What::Deal(deal) => Some((deal.number, deal.rep.as_deref())),
            _ => None,
        })
        .collect();
    let rest = deals.moved().filter(|deal| !told.contains(&(deal.number, deal.rep.as_deref())));
    Moved {
        deals: rest.collect(),
        before: before.statement.total.money,
        after: after.statement.total.money,
        lines,
        plan,
    }
}

impl Moved {
    /// By how much the total is more; below zero: less.
    pub fn amount(&self) -> Money {
        self.after - self.before
    }

    /// Whether the two calculations say the same.
    pub fn is_nothing(&self) -> bool {
        self.before == self.after && self.lines.is_empty() && self.plan.is_empty() && self.deals.is_empty()
    }
}

impl LineMoved {
    /// By how much it pays more; below zero: less.
    pub fn amount(&self) -> Money {
        self.after - self.before
    }
}

/// What makes lines of two statements the same one.
type Key = (String, LineKind);

/// The lines of both, in the order of the later statement, then those that only the earlier one has.
fn keys(before: &Statement, after: &Statement) -> Vec<Key> {
    let mut keys: Vec<Key> = Vec::new();
    for line in after.lines.iter().chain(&before.lines) {
        let key = (line.title(), line.kind);
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

/// The lines of one name: adjustments may be several.
struct Grouped<'a> {
    lines: Vec<&'a Line>,
    amount: Money,
    pays: BTreeMap<Payer, Money>,
}

/// What a record is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Payer {
    Deal(i64, Option<String>),
    Whole,
    Floor,
    Bonus,
    Earnings(String),
}

impl<'a> Grouped<'a> {
    fn of(statement: &'a Statement, (title, kind): &Key) -> Self {
        let lines: Vec<&Line> =
            statement.lines.iter().filter(|line| line.kind == *kind && line.title() == *title).collect();
        let mut pays: BTreeMap<Payer, Money> = BTreeMap::new();
        for record in lines.iter().flat_map(|line| &line.records) {
            *pays.entry(Payer::of(record)).or_default() += record.amount.money;
        }
        let amount: Money = lines.iter().map(|line| line.amount.money).sum();
        // Records add up to their line; a document in which they do not still adds up here.
        let recorded: Money = pays.values().copied().sum();
        *pays.entry(Payer::Whole).or_default() += amount - recorded;
        Self { lines, amount, pays }
    }

    fn pays(&self, payer: &Payer) -> Money {
        self.pays.get(payer).copied().unwrap_or_default()
    }
}

impl Payer {
    fn of(record: &Record) -> Self {
        match (record.deal, &record.rep) {
            (Some(deal), rep) => Self::Deal(deal, rep.clone()),
            _ if record.floor => Self::Floor,
            _ if record.bonus => Self::Bonus,
            (None, Some(rep)) => Self::Earnings(rep.clone()),
            (None, None) => Self::Whole,
        }
    }
}

/// A line that pays something else; none where it pays the same.
fn line(
    (title, kind): &Key,
    before: &Grouped<'_>,
    after: &Grouped<'_>,
    deals: &Deals<'_>,
    plan: &[Change],
    facts: [&Facts; 2],
) -> Option<LineMoved> {
    let parts = parts(before, after, deals);
    if before.amount == after.amount && parts.is_empty() {
        return None;
    }
    let mut why = Vec::new();
    match (before.lines.as_slice(), after.lines.as_slice()) {
        ([was], [is]) => reasons(was, is, &mut why),
        ([], _) if *kind != LineKind::Component => why.push(Why::New),
        (_, []) if *kind != LineKind::Component => why.push(Why::Gone),
        _ => {}
    }
    let [was, is] = facts.map(|facts| facts.draw_balance);
    if *kind == LineKind::Draw && was != is {
        why.push(Why::Owed(was, is));
    }
    let component = after.lines.first().or(before.lines.first()).map(|line| line.component.as_str());
    let part = match kind {
        LineKind::Component | LineKind::TrueUp => component,
        LineKind::Draw | LineKind::Limit => Some(WHOLE_PLAN),
        LineKind::Adjustment | LineKind::Carried => None,
    };
    if plan.iter().any(|change| Some(change.part.as_str()) == part) {
        why.push(Why::Plan);
    }
    if matches!(kind, LineKind::Draw | LineKind::Limit | LineKind::Carried) {
        why.retain(|why| !matches!(why, Why::New | Why::Gone));
        why.push(Why::Follows);
    }
    Some(LineMoved { title: title.clone(), kind: *kind, before: before.amount, after: after.amount, parts, why })
}

/// What [`compare::changes`] calls the plan's own rules.
const WHOLE_PLAN: &str = "The whole plan";

/// The difference of a line, record by record: deals that moved each, those that are as they were together.
fn parts(before: &Grouped<'_>, after: &Grouped<'_>, deals: &Deals<'_>) -> Vec<Part> {
    let mut parts = Vec::new();
    let (mut same, mut same_amount) = (0, Money::ZERO);
    let payers: BTreeSet<&Payer> = before.pays.keys().chain(after.pays.keys()).collect();
    for payer in payers {
        let amount = after.pays(payer) - before.pays(payer);
        if amount == Money::ZERO {
            continue;
        }
        let what = match payer {
            Payer::Deal(number, rep) => {
                let Some(deal) = deals.find(*number, rep.as_deref()) else {
                    same += 1;
                    same_amount += amount;
                    continue;
                };
                What::Deal(deal)
            }
            Payer::Whole => What::Whole,
            Payer::Floor => What::Floor,
            Payer::Bonus => What::Bonus,
            Payer::Earnings(rep) => What::Earnings(rep.clone()),
        };
        parts.push(Part { what, amount });
    }
    // Deals come first, the largest change before smaller ones.
    parts.sort_by_key(|part| (!matches!(part.what, What::Deal(_)), std::cmp::Reverse(part.amount.0.unsigned_abs())));
    if same_amount != Money::ZERO {
        parts.push(Part { what: What::SameDeals(same), amount: same_amount });
    }
    parts
}

/// What one line says otherwise than the other.
fn reasons(was: &Line, is: &Line, why: &mut Vec<Why>) {
    if let Some(measure) = is.measure.as_ref().or(was.measure.as_ref()) {
        let mut number = |before: Option<Decimal>, after, said: fn(_, _, _) -> Why| {
            if before != after {
                why.push(said(measure.clone(), before, after));
            }
            before != after
        };
        let value = number(was.measured, is.measured, Why::Value);
        let target = number(was.target, is.target, Why::Target);
        if !value && !target {
            number(was.attainment, is.attainment, Why::Attainment);
        }
        number(was.before, is.before, Why::YearBefore);
    }
    for now in &is.gate {
        let then = was.gate.iter().find(|then| same_condition(then, now));
        if let Some(then) = then.filter(|then| then.holds != now.holds) {
            let values = [then.actual, now.actual];
            why.push(Why::Condition { of: now.of.clone(), who: now.who, holds: now.holds, values });
        }
    }
    let times = |line: &Line| line.modifier.as_ref().map(|modifier| modifier.times);
    if times(was) != times(is) {
        why.push(Why::Multiplier(times(was), times(is)));
    }
    if was.held.is_some() != is.held.is_some() {
        why.push(Why::Hold(is.held.is_some()));
    }
    let limits = |line: &Line| line.before_limits.map(|amount| amount.money);
    if limits(was) != limits(is) {
        why.push(Why::BeforeLimits(limits(was), limits(is)));
    }
}

fn same_condition(then: &GateOutcome, now: &GateOutcome) -> bool {
    let edges = |gate: &GateOutcome| (gate.at_least, gate.at_most);
    then.of == now.of && then.who == now.who && edges(then) == edges(now)
}

/// The deals of both calculations, by number and by whose they are; a deal may be credited to the rep twice, shared and
/// apart.
struct Deals<'a>(BTreeMap<(i64, Option<&'a str>), [Vec<&'a Deal>; 2]>);

impl<'a> Deals<'a> {
    fn of(before: &'a Facts, after: &'a Facts) -> Self {
        let mut found: BTreeMap<(i64, Option<&str>), [Vec<&Deal>; 2]> = BTreeMap::new();
        for deal in before.deals.iter().flatten() {
            found.entry((deal.number, deal.rep.as_deref())).or_default()[0].push(deal);
        }
        for deal in after.deals.iter().flatten() {
            found.entry((deal.number, deal.rep.as_deref())).or_default()[1].push(deal);
        }
        Self(found)
    }

    /// The deal, if it is otherwise than before.
    fn find(&self, number: i64, rep: Option<&str>) -> Option<DealMoved> {
        self.0.get(&(number, rep)).and_then(of_deal)
    }

    /// Every deal that is otherwise, by number.
    fn moved(&self) -> impl Iterator<Item = DealMoved> {
        self.0.values().filter_map(of_deal)
    }
}

fn of_deal([before, after]: &[Vec<&Deal>; 2]) -> Option<DealMoved> {
    let deal = after.first().or(before.first())?;
    let change = change(before, after)?;
    let part = |deals: &[&Deal]| (!deals.is_empty()).then(|| deals.iter().map(|deal| part(deal)).sum());
    Some(DealMoved {
        number: deal.number,
        returns: deal.returns,
        customer: deal.customer.clone(),
        rep: deal.rep.clone(),
        before: part(before),
        after: part(after),
        change,
    })
}

/// The rep's part, where facts say it in money; else the deal.
fn part(deal: &Deal) -> Money {
    match deal.credit {
        Credit::Part(part) => part,
        Credit::Unstated | Credit::Share(_) | Credit::Parts(_) => deal.amount,
    }
}

/// The weightiest change. A customer's name is no change.
fn change(before: &[&Deal], after: &[&Deal]) -> Option<DealChange> {
    let waits = |deals: &[&Deal]| deals.iter().any(|deal| !deal.confirmed);
    let held = |deals: &[&Deal]| deals.iter().any(|deal| deal.hold.is_some());
    let parts = |deals: &[&Deal]| deals.iter().map(|deal| part(deal)).sum::<Money>();
    let rest = |deals: &[&Deal]| -> Vec<Deal> {
        // Whether it is a cross-sale is known only where somebody's plan asks for it: not of one rep as of everybody.
        let bare = |deal: &&Deal| Deal { customer: String::new(), hold: None, cross_sell: false, ..(*deal).clone() };
        deals.iter().map(bare).collect()
    };
    Some(match () {
        () if before.is_empty() => DealChange::Added,
        () if after.is_empty() => DealChange::Gone,
        () if waits(before) && !waits(after) => DealChange::Confirmed,
        () if !waits(before) && waits(after) => DealChange::Unconfirmed,
        () if !held(before) && held(after) => DealChange::Held,
        () if held(before) && !held(after) => DealChange::Released,
        () if parts(before) != parts(after) => DealChange::Amount,
        () if rest(before) != rest(after) => DealChange::Otherwise,
        () => return None,
    })
}
