//! A customer's life as a function of its facts: when it became new, lapsed and came back, and to whom that counts.

use time::Date;

use super::facts::{DEFAULT_LIMIT_DAYS, DealFact, EndingKind, History, Ownership, full_returns};
use crate::domain::{
    id::{DealId, UserId},
    money::Money,
    period::{add_days, add_months},
};

/// A sale this many days after a declared loss, or later, is a win-back; an earlier one undoes the declaration.
const DECLARATION_STANDS_AFTER_DAYS: i64 = 30;

/// What happened in a customer's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// What.
    pub kind: EventKind,
    /// When. A loss may lie in the future: it counts once that day has come.
    pub on: Date,
    /// To whom it counts; nobody: to the company only.
    pub rep: Option<UserId>,
    /// The sale that made it, or was returned.
    pub deal: Option<DealId>,
    /// Of a loss: net sales of the twelve months up to the last sale.
    pub value: Money,
    /// Of a first sale: the first day on which the customer is not a new one any more.
    pub new_until: Option<Date>,
}

/// The kinds of events. An undone one takes back what was counted, on its own date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum EventKind {
    /// The first-ever qualifying sale: a new customer.
    FirstSale,
    /// Everything bought since was fully returned: a prospect again. It takes back that first sale, from whom it counted to.
    FirstSaleUndone,
    /// The customer lapsed, or was declared lost.
    Lost,
    /// The first qualifying sale after a loss.
    WonBack,
    /// Everything bought since the loss was fully returned.
    WonBackUndone,
}

impl EventKind {
    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FirstSale => "first_sale",
            Self::FirstSaleUndone => "first_sale_undone",
            Self::Lost => "lost",
            Self::WonBack => "won_back",
            Self::WonBackUndone => "won_back_undone",
        }
    }

    /// Reads the word of [`EventKind::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::FirstSale, Self::FirstSaleUndone, Self::Lost, Self::WonBack, Self::WonBackUndone]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// **The** lifecycle of a customer: its events in order of time (docs/definitions.md, *New, lost and won-back customers*).
pub fn events(history: &History) -> Vec<Event> {
    let sales = sales(history);
    let mut steps: Vec<(Date, Turn, Step)> = Vec::new();
    for (index, sale) in sales.iter().enumerate() {
        if sale.qualifies_on(sale.on) {
            steps.push((sale.on, Turn::Sale, Step::Sale(index)));
        }
        if let Some(on) = sale.returned_on {
            steps.push((on, Turn::Return, Step::Return));
        }
    }
    for lapse in lapses(history, &sales) {
        let turn = if lapse.on == lapse.last_sale { Turn::LossAfterSale } else { Turn::Loss };
        steps.push((lapse.on, turn, Step::Lapse(lapse)));
    }
    steps.sort_by_key(|(on, turn, _)| (*on, *turn)); // stable: sales of a day stay in order of their numbers
    let mut life = Life::new(history, &sales);
    for (on, _, step) in steps {
        life.take(on, step);
    }
    life.events
}

/// The first sale in force among events up to today: the latest that was not undone.
pub fn first_sale(events: &[Event]) -> Option<&Event> {
    events
        .iter()
        .rfind(|event| matches!(event.kind, EventKind::FirstSale | EventKind::FirstSaleUndone))
        .filter(|event| event.kind == EventKind::FirstSale)
}

/// A won deal above zero: what starts and keeps a relation.
struct Sale<'a> {
    deal: &'a DealFact,
    on: Date,
    returned_on: Option<Date>,
}

impl Sale<'_> {
    /// Whether it is a qualifying sale on that day.
    fn qualifies_on(&self, day: Date) -> bool {
        self.on <= day && self.returned_on.is_none_or(|returned| returned > day)
    }
}

fn sales(history: &History) -> Vec<Sale<'_>> {
    let returned = full_returns(&history.deals);
    let mut sales: Vec<_> = history
        .deals
        .iter()
        .filter(|deal| deal.net > Money::ZERO)
        .map(|deal| Sale { deal, on: deal.booked_on, returned_on: returned.get(&deal.id).copied() })
        .collect();
    sales.sort_by_key(|sale| (sale.on, sale.deal.number));
    sales
}

/// Silence that went on for too long, or was declared a loss.
#[derive(Clone, Copy)]
struct Lapse {
    /// Day of the loss.
    on: Date,
    last_sale: Date,
}

/// Every lapse that sales, limits and endings make; whether there was a customer to lose is decided later.
fn lapses(history: &History, sales: &[Sale<'_>]) -> Vec<Lapse> {
    let mut days: Vec<Date> = sales.iter().map(|sale| sale.on).collect();
    days.dedup();
    let next_days = days.iter().skip(1).map(|day| Some(*day)).chain([None]);
    days.iter().zip(next_days).filter_map(|(&day, next)| lapse(history, day, next)).collect()
}

fn lapse(history: &History, last_sale: Date, next_sale: Option<Date>) -> Option<Lapse> {
    let silent_since = add_days(last_sale, i64::from(limit_on(history, last_sale)) + 1);
    let declared = history
        .endings
        .iter()
        .filter(|ending| ending.kind == EndingKind::DeclaredLost && ending.on >= last_sale)
        .map(|ending| ending.on)
        .min()
        .filter(|on| *on < silent_since)
        .filter(|on| next_sale.is_none_or(|next| (next - *on).whole_days() >= DECLARATION_STANDS_AFTER_DAYS));
    let on = match declared {
        Some(on) => on,
        None if next_sale.is_some_and(|next| next < silent_since) => return None,
        None => silent_since,
    };
    let ended_otherwise = history
        .endings
        .iter()
        .any(|ending| ending.kind != EndingKind::DeclaredLost && last_sale <= ending.on && ending.on <= on);
    (!ended_otherwise).then_some(Lapse { on, last_sale })
}

/// The limit in force on a day: the closest level that has one, and of that the latest.
fn limit_on(history: &History, day: Date) -> u32 {
    history
        .limits
        .iter()
        .filter(|limit| limit.from.is_none_or(|from| from <= day))
        .max_by_key(|limit| (limit.level, limit.from))
        .map_or(DEFAULT_LIMIT_DAYS, |limit| limit.days)
}

/// What comes first on one day: a sale that is returned that day no longer counts on it; the day of a loss is too late
/// for a sale, unless the loss was declared on the very day of the last sale.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Return,
    Loss,
    Sale,
    LossAfterSale,
}

enum Step {
    /// A qualifying sale.
    Sale(usize),
    /// Some sale is fully returned from now on.
    Return,
    Lapse(Lapse),
}

/// The customer as it is after the steps so far.
struct Life<'a> {
    history: &'a History,
    sales: &'a [Sale<'a>],
    state: State,
    /// The first sale that counts, as long as returns could undo it.
    first: Option<usize>,
    /// Sales that won the customer back and were not undone, each with the last sale before the loss.
    win_backs: Vec<(usize, Date)>,
    events: Vec<Event>,
}

#[derive(Clone, Copy)]
enum State {
    Prospect,
    Customer,
    Lost { last_sale: Date },
}

impl<'a> Life<'a> {
    fn new(history: &'a History, sales: &'a [Sale<'a>]) -> Self {
        let state = if history.customer_since.is_some() { State::Customer } else { State::Prospect };
        Self { history, sales, state, first: None, win_backs: Vec::new(), events: Vec::new() }
    }

    fn take(&mut self, on: Date, step: Step) {
        match (step, self.state) {
            (Step::Sale(sale), State::Prospect) => {
                self.first = Some(sale);
                self.state = State::Customer;
                self.post_sale(EventKind::FirstSale, on, sale);
            }
            (Step::Sale(sale), State::Lost { last_sale }) => {
                self.win_backs.push((sale, last_sale));
                self.state = State::Customer;
                self.post_sale(EventKind::WonBack, on, sale);
            }
            (Step::Lapse(lapse), State::Customer) => {
                self.state = State::Lost { last_sale: lapse.last_sale };
                self.post_loss(lapse);
            }
            (Step::Return, _) => self.take_return(on),
            (Step::Sale(_), State::Customer) | (Step::Lapse(_), State::Prospect | State::Lost { .. }) => {}
        }
    }

    /// What sales made of the customer holds as long as one of them stands; with the last of them it is taken back.
    fn take_return(&mut self, on: Date) {
        if let Some(sale) = self.first
            && !self.any_stands(on, |_| true)
        {
            self.first = None;
            self.state = State::Prospect;
            self.post_sale(EventKind::FirstSaleUndone, on, sale);
        }
        for (sale, last_sale) in std::mem::take(&mut self.win_backs) {
            if self.any_stands(on, |day| day > last_sale) {
                self.win_backs.push((sale, last_sale));
                continue;
            }
            if matches!(self.state, State::Customer) {
                self.state = State::Lost { last_sale };
            }
            self.post_sale(EventKind::WonBackUndone, on, sale);
        }
    }

    fn any_stands(&self, on: Date, since: impl Fn(Date) -> bool) -> bool {
        self.sales.iter().any(|sale| since(sale.on) && sale.qualifies_on(on))
    }

    fn post_sale(&mut self, kind: EventKind, on: Date, sale: usize) {
        if let Some(Sale { deal, .. }) = self.sales.get(sale) {
            let new_until = (kind == EventKind::FirstSale).then(|| new_until(self.history, on));
            let (rep, deal) = (deal.primary_rep, Some(deal.id));
            self.events.push(Event { kind, on, rep, deal, value: Money::ZERO, new_until });
        }
    }

    fn post_loss(&mut self, lapse: Lapse) {
        let year_before = add_months(lapse.last_sale, -12);
        let value = self
            .history
            .deals
            .iter()
            .filter(|deal| year_before < deal.booked_on && deal.booked_on <= lapse.last_sale)
            .map(|deal| deal.net)
            .sum();
        let rep = charged(&self.history.ownerships, lapse.on, self.history.rule_on(lapse.on).grace_days);
        self.events.push(Event { kind: EventKind::Lost, on: lapse.on, rep, deal: None, value, new_until: None });
    }
}

/// Until when a customer is a new one whose first sale was on that day.
fn new_until(history: &History, on: Date) -> Date {
    add_months(on, i32::try_from(history.rule_on(on).new_months).unwrap_or(i32::MAX / 12))
}

/// To whom a loss on that day is charged: the owner; within the grace after a handover the owner before, if there was one.
fn charged(ownerships: &[Ownership], on: Date, grace_days: u32) -> Option<UserId> {
    let mut ownerships = ownerships.to_vec();
    ownerships.sort_by_key(|ownership| ownership.from);
    let mut before: Option<UserId> = None;
    let mut held: Option<Ownership> = None;
    for ownership in ownerships.into_iter().filter(|o| o.from.is_none_or(|from| from <= on)) {
        match &mut held {
            // Two rows of one owner without a gap are one ownership.
            Some(last) if last.rep == ownership.rep && last.to == ownership.from => last.to = ownership.to,
            _ => before = held.replace(ownership).map(|last| last.rep),
        }
    }
    let owner = held.filter(|o| o.to.is_none_or(|to| on < to))?;
    let fresh = owner.from.is_some_and(|from| (on - from).whole_days() < i64::from(grace_days));
    before.filter(|_| fresh).or(Some(owner.rep))
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;
    use crate::domain::customer::facts::{Ending, Limit, LimitLevel};

    const ANNA: UserId = UserId(1);
    const BO: UserId = UserId(2);

    fn sale(number: i64, booked_on: Date, net: i64) -> DealFact {
        DealFact { id: DealId(number), number, booked_on, net: Money(net), returns: None, primary_rep: Some(ANNA) }
    }

    fn returned(number: i64, booked_on: Date, net: i64, returns: i64) -> DealFact {
        DealFact { returns: Some(DealId(returns)), ..sale(number, booked_on, net) }
    }

    fn history(deals: &[DealFact]) -> History {
        History {
            deals: deals.to_vec(),
            ownerships: vec![Ownership { rep: ANNA, from: None, to: None }],
            ..History::default()
        }
    }

    fn ending(on: Date, kind: EndingKind) -> Ending {
        Ending { on, kind }
    }

    /// The events as "kind date", the deal's number behind sales.
    fn told(history: &History) -> Vec<String> {
        events(history)
            .iter()
            .map(|event| {
                let deal = event.deal.map_or(String::new(), |deal| format!(" {deal}"));
                format!("{} {}{deal}", event.kind.as_str(), event.on)
            })
            .collect()
    }

    const DAY: Date = date!(2025 - 01 - 10);

    #[test]
    fn a_customer_is_new_once_and_lost_the_day_after_its_limit() {
        let one = history(&[sale(1, DAY, 100)]);
        assert_eq!(told(&one), ["first_sale 2025-01-10 1", "lost 2025-07-10"]);
        // A sale on day d + L keeps it; on day d + L + 1 it is a win-back.
        let kept = history(&[sale(1, DAY, 100), sale(2, add_days(DAY, 180), 100)]);
        assert_eq!(told(&kept), ["first_sale 2025-01-10 1", "lost 2026-01-06"]);
        let back = history(&[sale(1, DAY, 100), sale(2, add_days(DAY, 181), 100)]);
        assert_eq!(
            told(&back),
            ["first_sale 2025-01-10 1", "lost 2025-07-10", "won_back 2025-07-10 2", "lost 2026-01-07"]
        );
    }

    #[test]
    fn of_several_deals_on_the_first_day_the_lowest_number_is_the_first() {
        let deals = [sale(9, DAY, 900), sale(4, DAY, 1), sale(2, DAY, -5), sale(3, DAY, 0)];
        assert_eq!(told(&history(&deals)).first().unwrap(), "first_sale 2025-01-10 4");
    }

    #[test]
    fn a_credit_note_alone_makes_nothing() {
        assert_eq!(told(&history(&[sale(1, DAY, -100)])), [""; 0]);
    }

    #[test]
    fn a_first_sale_is_undone_by_its_return_unless_another_sale_stands() {
        let undone = [sale(1, DAY, 100), returned(2, add_days(DAY, 5), -60, 1), returned(3, add_days(DAY, 9), -40, 1)];
        assert_eq!(told(&history(&undone)), ["first_sale 2025-01-10 1", "first_sale_undone 2025-01-19 1"]);
        // The next sale is the first again, and from then on the clock runs.
        let again = [&undone[..], &[sale(4, add_days(DAY, 400), 10)]].concat();
        assert_eq!(told(&history(&again))[2..], ["first_sale 2026-02-14 4", "lost 2026-08-14"]);
        // Another sale on the day of the return stands for it; one that was returned by then does not.
        let stands = [&undone[..], &[sale(4, add_days(DAY, 9), 10)]].concat();
        assert_eq!(told(&history(&stands)), ["first_sale 2025-01-10 1", "lost 2025-07-19"]);
        let fell = [&undone[..], &[sale(4, add_days(DAY, 3), 10), returned(5, add_days(DAY, 9), -10, 4)]].concat();
        assert_eq!(told(&history(&fell)), ["first_sale 2025-01-10 1", "first_sale_undone 2025-01-19 1"]);
        // Partly returned is not returned.
        assert_eq!(told(&history(&undone[..2])), ["first_sale 2025-01-10 1", "lost 2025-07-10"]);
    }

    #[test]
    fn who_sent_everything_back_is_a_prospect_again() {
        let two = [sale(1, DAY, 100), sale(2, add_days(DAY, 10), 50), returned(3, add_days(DAY, 20), -100, 1)];
        let all = [&two[..], &[returned(4, add_days(DAY, 30), -50, 2)]].concat();
        // The second sale stood for the first one; without it nothing is left, and nobody can be lost.
        assert_eq!(told(&history(&two)), ["first_sale 2025-01-10 1", "lost 2025-07-20"]);
        assert_eq!(told(&history(&all)), ["first_sale 2025-01-10 1", "first_sale_undone 2025-02-09 1"]);
        // The next one is the first again; a sale in between keeps the customer.
        let again = [&all[..], &[sale(5, add_days(DAY, 40), 10)]].concat();
        assert_eq!(told(&history(&again))[2..], ["first_sale 2025-02-19 5", "lost 2025-08-19"]);
        let kept = [&all[..], &[sale(5, add_days(DAY, 25), 10)]].concat();
        assert_eq!(told(&history(&kept)), ["first_sale 2025-01-10 1", "lost 2025-08-04"]);
        // What was counted to somebody is taken back from that person.
        let other = DealFact { primary_rep: Some(BO), ..sale(2, add_days(DAY, 10), 50) };
        let shared: Vec<DealFact> =
            all.iter().map(|deal| if deal.number == 2 { other.clone() } else { deal.clone() }).collect();
        assert!(events(&history(&shared)).iter().all(|event| event.rep == Some(ANNA)));
    }

    #[test]
    fn a_win_back_falls_with_the_last_sale_that_stands_for_it() {
        let back = add_days(DAY, 200);
        let deals = [
            sale(1, DAY, 100),
            sale(2, back, 100),
            sale(3, add_days(back, 10), 50),
            returned(4, add_days(back, 20), -100, 2),
            returned(5, add_days(back, 30), -50, 3),
        ];
        let undone =
            ["first_sale 2025-01-10 1", "lost 2025-07-10", "won_back 2025-07-29 2", "won_back_undone 2025-08-28 2"];
        assert_eq!(told(&history(&deals)), undone);
        assert_eq!(told(&history(&deals[..4]))[3..], ["lost 2026-02-05"]);
    }

    #[test]
    fn a_sale_returned_on_its_own_day_makes_nothing() {
        let deals = [sale(1, DAY, 100), returned(2, DAY, -100, 1)];
        assert_eq!(told(&history(&deals)), [""; 0]);
        let then = [&deals[..], &[sale(3, DAY, 1)]].concat();
        assert_eq!(told(&history(&then)), ["first_sale 2025-01-10 3", "lost 2025-07-10"]);
    }

    #[test]
    fn a_first_sale_may_be_undone_after_the_loss() {
        let deals = [sale(1, DAY, 100), returned(2, add_days(DAY, 300), -100, 1), sale(3, add_days(DAY, 301), 5)];
        assert_eq!(
            told(&history(&deals))[..4],
            ["first_sale 2025-01-10 1", "lost 2025-07-10", "first_sale_undone 2025-11-06 1", "first_sale 2025-11-07 3"]
        );
        // On the very day of the loss the customer is a prospect already.
        let deals = [sale(1, DAY, 100), returned(2, add_days(DAY, 181), -100, 1)];
        assert_eq!(told(&history(&deals)), ["first_sale 2025-01-10 1", "first_sale_undone 2025-07-10 1"]);
    }

    #[test]
    fn who_bought_before_is_never_new_and_can_be_lost() {
        let old = History { customer_since: Some(date!(2019 - 01 - 01)), ..history(&[sale(1, DAY, 100)]) };
        assert_eq!(told(&old), ["lost 2025-07-10"]);
        let nothing = History { deals: vec![], ..old };
        assert_eq!(told(&nothing), [""; 0]);
    }

    #[test]
    fn a_returned_sale_is_still_a_sign_of_life() {
        let old = History { customer_since: Some(date!(2019 - 01 - 01)), ..History::default() };
        let deals = vec![sale(1, DAY, 100), sale(2, add_days(DAY, 100), 5), returned(3, add_days(DAY, 101), -5, 2)];
        assert_eq!(told(&History { deals, ..old }), ["lost 2025-10-18"]);
    }

    #[test]
    fn a_win_back_is_undone_like_a_first_sale() {
        let back = add_days(DAY, 200);
        let deals = [
            sale(1, DAY, 100),
            sale(2, back, 100),
            returned(3, add_days(back, 10), -100, 2),
            sale(4, add_days(back, 300), 7),
        ];
        assert_eq!(
            told(&history(&deals)),
            [
                "first_sale 2025-01-10 1",
                "lost 2025-07-10",
                "won_back 2025-07-29 2",
                "won_back_undone 2025-08-08 2",
                "won_back 2026-05-25 4", // still lost in between: no second loss
                "lost 2026-11-22"
            ]
        );
    }

    #[test]
    fn both_are_undone_when_everything_comes_back_on_one_day() {
        let (back, day) = (add_days(DAY, 200), add_days(DAY, 210));
        let deals = [sale(1, DAY, 100), sale(2, back, 100), returned(3, day, -100, 1), returned(4, day, -100, 2)];
        assert_eq!(told(&history(&deals))[3..], ["first_sale_undone 2025-08-08 1", "won_back_undone 2025-08-08 2"]);
    }

    #[test]
    fn a_declared_loss_is_one_on_its_own_day() {
        let declared = |on| vec![ending(on, EndingKind::DeclaredLost)];
        let with = |deals: &[DealFact], endings| History { endings, ..history(deals) };
        let first = [sale(1, DAY, 100)];
        assert_eq!(told(&with(&first, declared(add_days(DAY, 20))))[1..], ["lost 2025-01-30"]);
        assert_eq!(told(&with(&first, declared(DAY)))[1..], ["lost 2025-01-10"]);
        assert_eq!(told(&with(&first, declared(add_days(DAY, 181))))[1..], ["lost 2025-07-10"]);
        // 29 days later the declaration was wrong; 30 days later it is a win-back.
        let soon = [sale(1, DAY, 100), sale(2, add_days(DAY, 49), 1)];
        assert_eq!(told(&with(&soon, declared(add_days(DAY, 20))))[1..], ["lost 2025-08-28"]);
        let later = [sale(1, DAY, 100), sale(2, add_days(DAY, 50), 1)];
        assert_eq!(
            told(&with(&later, declared(add_days(DAY, 20))))[1..],
            ["lost 2025-01-30", "won_back 2025-03-01 2", "lost 2025-08-29"]
        );
        // Undone, and yet too late for the limit: the natural loss.
        let slow = [sale(1, DAY, 100), sale(2, add_days(DAY, 190), 1)];
        assert_eq!(
            told(&with(&slow, declared(add_days(DAY, 175))))[1..3],
            ["lost 2025-07-10", "won_back 2025-07-19 2"]
        );
    }

    #[test]
    fn any_other_ending_before_the_loss_prevents_it() {
        let with = |endings: &[Ending], deals: &[DealFact]| History { endings: endings.to_vec(), ..history(deals) };
        let closed = |days| ending(add_days(DAY, days), EndingKind::Closed);
        let first = [sale(1, DAY, 100)];
        for (days, lost) in [(-1, true), (0, false), (100, false), (181, false), (182, true)] {
            assert_eq!(told(&with(&[closed(days)], &first)).len() == 2, lost, "{days}");
        }
        // A later sale supersedes it.
        let again = [sale(1, DAY, 100), sale(2, add_days(DAY, 101), 1)];
        assert_eq!(told(&with(&[closed(100)], &again)), ["first_sale 2025-01-10 1", "lost 2025-10-19"]);
        // Closed after the declared loss: the loss stays; before it: none.
        let declared = ending(add_days(DAY, 50), EndingKind::DeclaredLost);
        assert_eq!(told(&with(&[declared, closed(51)], &first)).len(), 2);
        assert_eq!(told(&with(&[declared, closed(50)], &first)).len(), 1);
    }

    #[test]
    fn the_limit_of_the_last_sales_day_holds_the_closest_first() {
        let limit = |level, from, days| Limit { level, from, days };
        let limits = vec![
            limit(LimitLevel::Company, None, 10),
            limit(LimitLevel::Company, Some(DAY), 20),
            limit(LimitLevel::Segment, Some(add_days(DAY, 1)), 30),
            limit(LimitLevel::Own, Some(add_days(DAY, 2)), 40),
            limit(LimitLevel::Company, Some(add_days(DAY, 2)), 50),
        ];
        let at = |day| limit_on(&History { limits: limits.clone(), ..History::default() }, day);
        assert_eq!([-1, 0, 1, 2, 9].map(|days| at(add_days(DAY, days))), [10, 20, 30, 40, 40]);
        assert_eq!(limit_on(&History::default(), DAY), 180);
    }

    #[test]
    fn a_loss_soon_after_a_handover_is_the_owners_before() {
        let row = |rep, from: Option<i64>, to: Option<i64>| Ownership {
            rep,
            from: from.map(|days| add_days(DAY, days)),
            to: to.map(|days| add_days(DAY, days)),
        };
        let on = |rows: &[Ownership]| charged(rows, DAY, 90);
        assert_eq!(on(&[row(ANNA, None, None)]), Some(ANNA));
        assert_eq!(on(&[]), None);
        assert_eq!(on(&[row(BO, Some(-89), None), row(ANNA, None, Some(-89))]), Some(ANNA));
        assert_eq!(on(&[row(ANNA, None, Some(-90)), row(BO, Some(-90), None)]), Some(BO));
        assert_eq!(on(&[row(BO, Some(-5), None)]), Some(BO)); // nobody before
        assert_eq!(on(&[row(ANNA, None, Some(-5))]), None); // nobody any more
        assert_eq!(on(&[row(ANNA, None, Some(0)), row(BO, Some(0), None)]), Some(ANNA)); // handed over on the day
        assert_eq!(on(&[row(ANNA, None, Some(1)), row(BO, Some(1), None)]), Some(ANNA)); // not yet handed over
        // Looking back once only: the owner before is charged however short he held it.
        let third = UserId(3);
        assert_eq!(
            on(&[row(third, None, Some(-9)), row(ANNA, Some(-9), Some(-5)), row(BO, Some(-5), None)]),
            Some(ANNA)
        );
        // The same owner written in two rows held it all along.
        assert_eq!(
            on(&[row(ANNA, None, Some(-200)), row(BO, Some(-200), Some(-5)), row(BO, Some(-5), None)]),
            Some(BO)
        );
    }

    #[test]
    fn the_value_of_a_loss_is_what_the_last_twelve_months_sold() {
        let last = date!(2024 - 02 - 29);
        let deals = [
            sale(1, date!(2023 - 02 - 28), 1_000), // (28 Feb 2023, 29 Feb 2024]
            sale(2, date!(2023 - 03 - 01), 200),
            returned(3, date!(2023 - 03 - 02), -50, 2),
            sale(4, last, 30),
            sale(5, date!(2024 - 03 - 01), -7),
        ];
        let lost = events(&history(&deals)).into_iter().rfind(|event| event.kind == EventKind::Lost).unwrap();
        assert_eq!(lost.value, Money(180));
    }

    #[test]
    fn the_first_sale_in_force_is_the_latest_not_undone() {
        let event = |kind, days| Event {
            kind,
            on: add_days(DAY, days),
            rep: None,
            deal: None,
            value: Money::ZERO,
            new_until: None,
        };
        let undone = [event(EventKind::FirstSale, 0), event(EventKind::Lost, 1), event(EventKind::FirstSaleUndone, 2)];
        assert_eq!(first_sale(&undone), None);
        let again = [&undone[..], &[event(EventKind::FirstSale, 3), event(EventKind::Lost, 4)]].concat();
        assert_eq!(first_sale(&again).map(|event| event.on), Some(add_days(DAY, 3)));
    }
}
