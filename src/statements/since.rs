//! "Why did it change since yesterday": what was kept of an earlier day beside today's calculation, in plain words.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use time::{Date, PrimitiveDateTime};

use crate::{
    commission_runs::{calculate::Calculated, daily::Day},
    domain::{
        commission::{
            compare::Change,
            facts::Facts,
            plan::{Measure, Plan},
            since::{Calculation, DealChange, DealMoved, LineMoved, Moved, What, Why, moved},
            statement::{LineKind, Statement},
            told,
        },
        id::DealId,
        metric::Unit,
        money::{Currency, Money},
    },
    web::{error::Error, format, ui::Choice},
};

/// How many deals of one line are named; the others are summed up.
const MOST_DEALS: usize = 12;

/// The comparison as a page shows it.
pub struct Since {
    /// "Wednesday 18 November, 06:02".
    pub from: String,
    /// The total then.
    pub before: Money,
    /// The total now.
    pub after: Money,
    /// By how much it is more; below zero: less.
    pub more: Money,
    /// Whether nothing is otherwise.
    pub is_nothing: bool,
    /// The lines that moved.
    pub lines: Vec<LineView>,
    /// What changed and moved no line's pay by itself.
    pub others: Vec<Told>,
    /// How the plan differs.
    pub plan: Vec<Change>,
    /// Whether the program has been renewed in between.
    pub renewed: bool,
}

/// A line that moved.
pub struct LineView {
    /// What it is called.
    pub title: String,
    /// What it paid.
    pub before: Money,
    /// What it pays.
    pub after: Money,
    /// By how much it pays more; below zero: less.
    pub more: Money,
    /// What moved it, in parts that add up to the difference.
    pub parts: Vec<Told>,
    /// What else is otherwise about it, in sentences.
    pub why: Vec<String>,
}

/// Something that changed.
pub struct Told {
    /// "Deal 1042"; empty where it is no deal.
    pub deal: String,
    /// The page of the deal, if it is in sight.
    pub href: Option<String>,
    /// The rest of the words.
    pub words: String,
    /// What it moved; none: nothing by itself.
    pub amount: Option<Money>,
}

impl Since {
    /// Compares; `pages` finds the deals in sight by their numbers.
    pub fn new(day: &Day, now: &Calculated, currency: Currency, pages: &Pages<'_>) -> Result<Self, Error> {
        let read = |why: String| Error::Internal(format!("what {} earns: {why}", now.rep));
        let plan = Plan::from_value(&now.inputs.plan).map_err(|e| read(e.to_string()))?;
        let facts = pages.facts;
        let was = Calculation { plan: &day.plan, facts: &day.facts, statement: &day.statement };
        let is = Calculation { plan: &plan, facts, statement: &now.statement };
        let moved = moved(&was, &is);
        let (more, is_nothing) = (moved.amount(), moved.is_nothing());
        let Moved { before, after, lines, plan, deals } = moved;
        let words = Words { currency, pages, now: &now.statement };
        Ok(Self {
            from: from(day.at),
            before,
            after,
            more,
            is_nothing,
            lines: lines.into_iter().map(|line| words.line(line)).collect(),
            others: deals.iter().map(|deal| words.deal(deal, None)).collect(),
            plan,
            renewed: !day.same_engine,
        })
    }
}

/// "Wednesday 18 November, 06:02".
fn from(at: PrimitiveDateTime) -> String {
    format!("{}, {}", format::long_day(at.date()), format::clock(&at.time()))
}

/// The days to choose from.
pub fn choices(earlier: &[(Date, PrimitiveDateTime)]) -> Vec<Choice> {
    earlier.iter().map(|(day, at)| Choice::new(day, from(*at))).collect()
}

/// The numbers of the deals that a comparison may name.
pub fn numbers(day: &Day, facts: &Facts) -> Vec<i64> {
    day.facts.deals.iter().chain(&facts.deals).flatten().map(|deal| deal.number).collect()
}

/// The deals in sight, and the facts that name them.
pub struct Pages<'a> {
    /// Today's facts.
    pub facts: &'a Facts,
    /// The deals in sight.
    pub ids: &'a BTreeMap<i64, DealId>,
}

struct Words<'a> {
    currency: Currency,
    pages: &'a Pages<'a>,
    /// What is paid now: it knows which deals wait.
    now: &'a Statement,
}

impl Words<'_> {
    fn money(&self, amount: Money) -> String {
        format::money(self.currency, amount)
    }

    fn line(&self, line: LineMoved) -> LineView {
        let (mut parts, mut further, mut rest) = (Vec::new(), 0_i64, Money::ZERO);
        // One whole is the line itself: its reasons say it.
        let alone = line.parts.len() == 1 && !line.why.is_empty();
        for part in &line.parts {
            match &part.what {
                What::Deal(_) if parts.len() >= MOST_DEALS => {
                    further += 1;
                    rest += part.amount;
                }
                What::Deal(deal) => parts.push(self.deal(deal, Some(part.amount))),
                What::Whole if alone => {}
                other => parts.push(plain(other_words(other, line.kind), Some(part.amount))),
            }
        }
        if further > 0 {
            let words = format!("{} that changed", format::counted(further, "more deal", "more deals"));
            parts.insert(MOST_DEALS, plain(words, Some(rest)));
        }
        let more = line.amount();
        let why = line.why.iter().map(|why| self.why(why, line.kind)).filter(|words| !words.is_empty()).collect();
        LineView { before: line.before, after: line.after, more, title: line.title, parts, why }
    }

    fn deal(&self, deal: &DealMoved, amount: Option<Money>) -> Told {
        let part = |part: Option<Money>| part.map_or_else(String::new, |part| self.money(part));
        let waits = self.now.unconfirmed.iter().any(|one| one.deal == deal.number);
        let held = self.now.held.iter().any(|one| one.deal == deal.number);
        let change = match deal.change {
            DealChange::Added if waits => "new, pays once it is confirmed".to_owned(),
            DealChange::Added if held => "new, and on hold".to_owned(),
            DealChange::Added => "new".to_owned(),
            DealChange::Gone => "does not count here any more".to_owned(),
            DealChange::Confirmed => "confirmed".to_owned(),
            DealChange::Unconfirmed => "waits for confirmation again".to_owned(),
            DealChange::Held => "on hold".to_owned(),
            DealChange::Released => "no longer on hold".to_owned(),
            DealChange::Amount => format!("was {}", part(deal.before)),
            DealChange::Otherwise => "something else about it changed".to_owned(),
        };
        let whose = deal.rep.as_ref().map(|rep| format!(" by {rep}")).unwrap_or_default();
        let returns = deal.returns.map(|of| format!(", return of deal {of}")).unwrap_or_default();
        let worth = part(deal.after.or(deal.before));
        Told {
            deal: format!("Deal {}", deal.number),
            href: self.pages.ids.get(&deal.number).map(|id| format!("/deals/{id}")),
            words: format!(" {}{whose}{returns}, {worth}: {change}", deal.customer),
            amount,
        }
    }

    fn why(&self, why: &Why, kind: LineKind) -> String {
        let number = |of: &Measure, value: &Option<Decimal>| {
            value.map_or_else(|| "none".to_owned(), |value| self.number(of.what().unit(), value))
        };
        let amount = |amount: &Option<Money>| amount.map_or_else(|| "the same".to_owned(), |amount| self.money(amount));
        match why {
            Why::Value(of, was, is) => format!("{}: {} before, {} now.", named(of), number(of, was), number(of, is)),
            Why::Target(of, was, is) => {
                let goal = if of.what().is_limit() { "Limit" } else { "Target" };
                let of_what = named(of).to_lowercase();
                format!("{goal} for {of_what}: {} before, {} now.", number(of, was), number(of, is))
            }
            Why::Attainment(of, was, is) => {
                let share = |share: &Option<Decimal>| share.map_or_else(|| "none".to_owned(), format::rate);
                format!("{}: {} before, {} now.", told::measure(of), share(was), share(is))
            }
            Why::YearBefore(of, was, is) => {
                let of_what = named(of);
                format!("{of_what} of the year before this period: {} before, {} now.", number(of, was), number(of, is))
            }
            Why::Condition { of, holds, values: [was, is], .. } => {
                let met = if *holds { "is met now" } else { "is not met any more" };
                let value = |value: &Option<Decimal>| match value {
                    Some(share) if of.is_attainment() => format::rate(*share),
                    other => number(of, other),
                };
                let what = told::measure(of);
                if was == is {
                    format!("A condition {met}: {what}, {}.", value(is))
                } else {
                    format!("A condition {met}: {what}, {} before, {} now.", value(was), value(is))
                }
            }
            Why::Multiplier(was, is) => {
                let times =
                    |times: &Option<Decimal>| times.map_or_else(|| "none".to_owned(), |times| format::quantity(&times));
                format!("Multiplied by: {} before, {} now.", times(was), times(is))
            }
            Why::Hold(true) => "On hold now: it is paid once it is released.".to_owned(),
            Why::Hold(false) => "No longer on hold.".to_owned(),
            Why::BeforeLimits(was, None) => {
                format!("No cap or floor changes it any more; before, it would have been {} without.", amount(was))
            }
            Why::BeforeLimits(None, is) => {
                format!("A cap or floor changes it now: without, it would be {}.", amount(is))
            }
            Why::BeforeLimits(was, is) => {
                format!("Without cap and floor it would be {}; before, {}.", amount(is), amount(was))
            }
            Why::Owed(was, is) => format!("Owed of draws: {} before, {} now.", self.money(*was), self.money(*is)),
            Why::Plan => "The plan says something else of it, see below.".to_owned(),
            Why::New if kind == LineKind::Adjustment => "New: an earlier period was corrected.".to_owned(),
            Why::Gone if kind == LineKind::Adjustment => "This correction is no longer there.".to_owned(),
            Why::New => "This line is new.".to_owned(),
            Why::Gone => "This line is no longer there.".to_owned(),
            Why::Follows => "Follows from the other lines and from what was carried.".to_owned(),
        }
    }

    fn number(&self, unit: Unit, value: Decimal) -> String {
        match unit {
            Unit::Count => format::number(value),
            Unit::Money => {
                let money = self.currency.money(value);
                money.map_or_else(|| format::number(value), |money| self.money(money))
            }
            Unit::Fraction => format::rate(value),
        }
    }
}

/// What a measure's value is of: an attainment is told by value and target.
fn named(of: &Measure) -> String {
    of.metric().map_or_else(|| told::measure(of), |metric| metric.label().to_owned())
}

fn plain(words: String, amount: Option<Money>) -> Told {
    Told { deal: String::new(), href: None, words, amount }
}

fn other_words(what: &What, kind: LineKind) -> String {
    match what {
        What::SameDeals(1) => "1 deal that did not change now pays at another rate".to_owned(),
        What::SameDeals(count) => {
            let count = format::count(i64::try_from(*count).unwrap_or(i64::MAX));
            format!("{count} deals that did not change now pay at another rate")
        }
        What::Whole if kind == LineKind::Component => "From the figures of the period".to_owned(),
        What::Whole | What::Deal(_) => "In all".to_owned(),
        What::Floor => "What the floor adds".to_owned(),
        What::Bonus => "Bonuses for steps reached".to_owned(),
        What::Earnings(rep) => format!("What {rep} earned"),
    }
}
