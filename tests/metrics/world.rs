//! A small company as plain vectors, and a generator of random ones that seeks the edges: returns on every side of a sale,
//! deals of one day, sales on the last day of a limit and the day after, handovers around the grace, leap days, week 53.

use attain::domain::{
    company::{GrowthBase, GrowthBasis},
    customer::facts::CustomerRule,
    period::add_days,
};
use proptest::prelude::*;
use time::{Date, Month, macros::date};

/// First day of every history: 2020 has a 29 February and a week 53.
pub const START: Date = date!(2019 - 11 - 20);

#[derive(Clone, Debug)]
pub struct World {
    pub today: Date,
    pub fiscal_start: Month,
    pub growth_base: GrowthBase,
    pub growth_basis: GrowthBasis,
    /// In order of time, the first from the beginning.
    pub rules: Vec<Rule>,
    pub reps: usize,
    /// The team above each; always an earlier one.
    pub teams: Vec<Option<usize>>,
    pub memberships: Vec<Held>,
    pub customers: Vec<Customer>,
    pub ownerships: Vec<Held>,
    pub endings: Vec<Ending>,
    pub limits: Vec<Limit>,
    /// In order of entry: the first has number 1.
    pub deals: Vec<Deal>,
    pub visits: Vec<Visit>,
    pub locks: Vec<Lock>,
    pub minimums: Vec<Least>,
    pub leaves: Vec<Leave>,
    pub holidays: Vec<Date>,
    /// What a visit, a minute and an order cost, where that is set.
    pub costs: [Option<i64>; 3],
}

/// For how long a customer is new, and the owner before answers for a loss.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    pub from: Option<Date>,
    pub new_months: i32,
    pub grace_days: i64,
}

impl World {
    pub fn rules(&self) -> Vec<CustomerRule> {
        let rule = |rule: &Rule| CustomerRule {
            from: rule.from,
            new_months: u32::try_from(rule.new_months).unwrap(),
            grace_days: u32::try_from(rule.grace_days).unwrap(),
        };
        self.rules.iter().map(rule).collect()
    }
}

/// What is expected of everybody or of one.
#[derive(Clone, Debug)]
pub struct Least {
    pub rep: Option<usize>,
    pub visits: i64,
    pub weekly: bool,
    pub strangers: bool,
    pub from: Option<Date>,
}

/// A rep is away.
#[derive(Clone, Debug)]
pub struct Leave {
    pub rep: usize,
    pub from: Date,
    pub to: Date,
}

/// What a line is of: one of three categories, or nothing that is known; and what it cost.
#[derive(Clone, Copy, Debug, Default)]
pub struct Good {
    pub category: Option<usize>,
    pub cost: Option<i64>,
}

/// A rep holds something (a place in a team, a customer) for a time.
#[derive(Clone, Debug)]
pub struct Held {
    pub rep: usize,
    pub what: usize,
    pub from: Option<Date>,
    pub to: Option<Date>,
}

#[derive(Clone, Debug)]
pub struct Customer {
    pub since: Option<Date>,
    pub segment: Option<u8>,
}

#[derive(Clone, Debug)]
pub struct Ending {
    pub customer: usize,
    pub on: Date,
    pub kind: &'static str,
}

#[derive(Clone, Debug)]
pub struct Limit {
    pub of: LimitOf,
    pub from: Option<Date>,
    pub days: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitOf {
    Company,
    Segment(u8),
    Customer(usize),
}

#[derive(Clone, Debug)]
pub struct Deal {
    pub customer: usize,
    pub owner: Option<usize>,
    pub won: bool,
    pub on: Date,
    pub lines: Vec<i64>,
    /// What each line is of.
    pub goods: Vec<Good>,
    pub credits: Vec<Credit>,
    /// The place of the deal that it returns.
    pub returns: Option<usize>,
}

#[derive(Clone, Debug)]
pub struct Credit {
    pub rep: usize,
    pub parts: u32,
    pub overlay: bool,
}

#[derive(Clone, Debug)]
pub struct Visit {
    pub rep: usize,
    pub customer: usize,
    pub on: Date,
    pub kind: &'static str,
    pub state: &'static str,
    /// How long it took; nobody has to say.
    pub minutes: Option<i32>,
    /// Days after `on` on which it was entered.
    pub entered_after: i64,
    /// Who went along, and how many days after `on` that was entered.
    pub along: Vec<(usize, i64)>,
}

/// A month that was locked so many days after its end.
#[derive(Clone, Debug)]
pub struct Lock {
    pub from: Date,
    pub to: Date,
    pub on: Date,
}

/// Something that happens to a customer some days after what happened before.
#[derive(Clone, Debug)]
struct Step {
    gap: i64,
    what: What,
    entry: u16,
}

#[derive(Clone, Debug)]
enum What {
    Sale {
        lines: Vec<(i64, Good)>,
        credits: Credits,
        owner: Option<usize>,
    },
    Open,
    CreditNote(i64),
    /// Of one of the sales so far: the whole, a part in tenths, or more than it was; some days before or after now.
    Return {
        sale: usize,
        tenths: i64,
        shift: i64,
    },
    Ending(&'static str),
    Handover(Option<usize>),
    Visit {
        rep: usize,
        kind: &'static str,
        state: &'static str,
        minutes: Option<i32>,
        entered_after: i64,
        along: Vec<(usize, i64)>,
    },
}

#[derive(Clone, Debug)]
enum Credits {
    Nobody,
    One(usize),
    /// One third each, beginning with this rep.
    Thirds(usize),
    Tie(usize),
    TwoToOne(usize),
    WithOverlay(usize),
}

const REPS: usize = 4;

impl Credits {
    fn rows(&self) -> Vec<Credit> {
        let split = |first: &usize, parts: &[u32]| -> Vec<Credit> {
            let reps = (0..).map(|n| (first + n) % REPS);
            reps.zip(parts).map(|(rep, &parts)| Credit { rep, parts, overlay: false }).collect()
        };
        match self {
            Self::Nobody => vec![],
            Self::One(rep) => split(rep, &[1]),
            Self::Thirds(rep) => split(rep, &[1, 1, 1]),
            Self::Tie(rep) => split(rep, &[3, 3]),
            Self::TwoToOne(rep) => split(rep, &[1, 2]),
            Self::WithOverlay(rep) => {
                let mut rows = split(rep, &[1, 1]);
                rows.insert(0, Credit { rep: (rep + 2) % REPS, parts: 1, overlay: true });
                rows
            }
        }
    }
}

fn gap() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => Just(0_i64),
        1 => Just(1_i64),
        2 => 9..=12_i64,
        2 => 28..=32_i64,
        2 => 44..=47_i64,
        1 => 88..=92_i64,
        1 => 179..=182_i64,
        1 => 363..=367_i64,
        3 => 0..=60_i64,
    ]
}

fn credits() -> impl Strategy<Value = Credits> {
    prop_oneof![
        1 => Just(Credits::Nobody),
        4 => (0..REPS).prop_map(Credits::One),
        1 => (0..REPS).prop_map(Credits::Thirds),
        1 => (0..REPS).prop_map(Credits::Tie),
        1 => (0..REPS).prop_map(Credits::TwoToOne),
        1 => (0..REPS).prop_map(Credits::WithOverlay),
    ]
}

fn what() -> impl Strategy<Value = What> {
    let amount = prop_oneof![Just(100_i64), Just(10_000), 1..2_000_i64, Just(0)];
    let good = (prop::option::weighted(0.8, 0..3_usize), prop::option::weighted(0.7, 0..700_i64))
        .prop_map(|(category, cost)| Good { category, cost });
    let sale = (prop::collection::vec((amount, good), 1..3), credits(), prop::option::of(0..REPS))
        .prop_map(|(lines, credits, owner)| What::Sale { lines, credits, owner });
    let given_back = (
        0..4_usize,
        prop_oneof![3 => Just(10_i64), 2 => 1..=9_i64, 1 => Just(12)],
        prop_oneof![3 => Just(0_i64), 1 => -2..=3_i64],
    )
        .prop_map(|(sale, tenths, shift)| What::Return { sale, tenths, shift });
    let ending = prop_oneof![3 => Just("declared_lost"), 1 => Just("closed"), 1 => Just("credit_block")];
    let kind = prop_oneof![3 => Just("in_person"), 1 => Just("call"), 1 => Just("online")];
    let state = prop_oneof![6 => Just("done"), 1 => Just("planned"), 1 => Just("missed")];
    let entered = || prop_oneof![Just(0_i64), 0..60_i64];
    let along = prop_oneof![
        2 => Just(vec![]),
        1 => prop::collection::vec((0..REPS, entered()), 1..3),
    ];
    let minutes = prop::option::weighted(0.8, 1..240_i32);
    let visit = (0..REPS, kind, state, minutes, entered(), along).prop_map(
        |(rep, kind, state, minutes, entered_after, along)| What::Visit {
            rep,
            kind,
            state,
            minutes,
            entered_after,
            along,
        },
    );
    prop_oneof![
        8 => sale,
        4 => given_back,
        5 => visit,
        1 => Just(What::Open),
        1 => (1..500_i64).prop_map(What::CreditNote),
        2 => ending.prop_map(What::Ending),
        2 => prop::option::weighted(0.8, 0..REPS).prop_map(What::Handover),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (gap(), what(), any::<u16>()).prop_map(|(gap, what, entry)| Step { gap, what, entry });
    prop::collection::vec(step, 0..14)
}

fn limit_days() -> impl Strategy<Value = i64> {
    prop_oneof![Just(10_i64), Just(30), Just(45), Just(90), Just(180), 1..200_i64]
}

fn rule() -> impl Strategy<Value = Rule> {
    let months = prop_oneof![2 => Just(12), 1 => Just(3)];
    let grace = prop_oneof![2 => Just(90_i64), 1 => Just(0), 1 => Just(31)];
    (months, grace).prop_map(|(new_months, grace_days)| Rule { from: None, new_months, grace_days })
}

fn limits() -> impl Strategy<Value = Vec<Limit>> {
    let of = prop_oneof![
        3 => Just(LimitOf::Company),
        1 => (0..2_u8).prop_map(LimitOf::Segment),
        1 => (0..3_usize).prop_map(LimitOf::Customer),
    ];
    let later =
        (of, 0..500_i64, limit_days()).prop_map(|(of, day, days)| Limit { of, from: Some(add_days(START, day)), days });
    (prop::option::weighted(0.9, limit_days()), prop::collection::vec(later, 0..4)).prop_map(|(first, later)| {
        let mut limits: Vec<Limit> =
            first.map(|days| Limit { of: LimitOf::Company, from: None, days }).into_iter().collect();
        for limit in later {
            if !limits.iter().any(|l| (l.of, l.from) == (limit.of, limit.from)) {
                limits.push(limit);
            }
        }
        limits
    })
}

fn minimums() -> impl Strategy<Value = Vec<Least>> {
    let least = (
        prop::option::weighted(0.4, 0..REPS),
        0..3_i64,
        any::<bool>(),
        prop::bool::weighted(0.3),
        prop::option::weighted(0.6, 0..500_i64),
    )
        .prop_map(|(rep, visits, weekly, strangers, from)| Least {
            rep,
            visits,
            weekly,
            strangers,
            from: from.map(|day| add_days(START, day)),
        });
    prop::collection::vec(least, 0..4).prop_map(|all| {
        let mut kept: Vec<Least> = vec![];
        for least in all {
            if !kept.iter().any(|other| (other.rep, other.from) == (least.rep, least.from)) {
                kept.push(least);
            }
        }
        kept
    })
}

/// One leave each at most, so that none overlap.
fn leaves() -> impl Strategy<Value = Vec<Leave>> {
    let one = |rep| {
        prop::option::weighted(0.4, (0..500_i64, 1..40_i64)).prop_map(move |leave| {
            leave.map(|(from, days)| Leave { rep, from: add_days(START, from), to: add_days(START, from + days) })
        })
    };
    (one(0), one(1), one(2), one(3)).prop_map(|(a, b, c, d)| [a, b, c, d].into_iter().flatten().collect())
}

/// Places held one after the other: `(day, what)` pairs, in order of days, from the beginning.
fn held_in_turn(first: Option<usize>, changes: Vec<(Date, Option<usize>)>) -> Vec<(usize, Option<Date>, Option<Date>)> {
    let mut rows: Vec<(usize, Option<Date>, Option<Date>)> = first.map(|what| (what, None, None)).into_iter().collect();
    let mut open = first.is_some();
    for (day, what) in changes {
        if open && let Some(last) = rows.last_mut() {
            if last.1 == Some(day) {
                rows.pop();
            } else {
                last.2 = Some(day);
            }
        }
        open = what.is_some();
        rows.extend(what.map(|what| (what, Some(day), None)));
    }
    rows
}

/// A random company.
pub fn world() -> impl Strategy<Value = World> {
    let customer = (
        prop::option::weighted(0.15, 0..400_i64),
        prop::option::of(0..2_u8),
        prop::option::weighted(0.9, 0..REPS),
        0..120_i64,
        steps(),
    );
    let members = prop::collection::vec(
        (
            prop::option::weighted(0.9, 0..3_usize),
            prop::collection::vec((1..400_i64, prop::option::weighted(0.8, 0..3_usize)), 0..3),
        ),
        REPS,
    );
    let settings = (
        prop_oneof![Just(Month::January), Just(Month::April), Just(Month::December)],
        any::<bool>(),
        (rule(), prop::option::weighted(0.4, (100..700_i64, rule()))),
        // Today: anywhere, a leap day, in week 53, or after everything.
        prop_oneof![2 => 300..750_i64, 1 => Just(101), 1 => 405..410_i64, 2 => Just(1_500)],
        prop::collection::btree_set(0..14_i32, 0..3),
        any::<bool>(),
    );
    let cost = || prop::option::weighted(0.9, 0..90_i64);
    let expected = (minimums(), leaves(), prop::collection::btree_set(0..500_i64, 0..4), [cost(), cost(), cost()]);
    (settings, prop::collection::vec(customer, 1..4), members, limits(), any::<bool>(), expected).prop_map(
        |(
            (fiscal_start, last_year, (rule, changed), today, locked, by_book),
            customers,
            members,
            limits,
            nested,
            (minimums, leaves, holidays, costs),
        )| {
            let mut world = World {
                today: add_days(START, today),
                fiscal_start,
                growth_base: if last_year { GrowthBase::LastYear } else { GrowthBase::PeriodBefore },
                growth_basis: if by_book { GrowthBasis::Book } else { GrowthBasis::Credited },
                rules: changed.into_iter().fold(vec![rule], |mut rules, (day, rule)| {
                    rules.push(Rule { from: Some(add_days(START, day)), ..rule });
                    rules
                }),
                reps: REPS,
                teams: vec![None, Some(0), if nested { Some(1) } else { None }],
                memberships: vec![],
                customers: vec![],
                ownerships: vec![],
                endings: vec![],
                limits,
                deals: vec![],
                visits: vec![],
                locks: locked.into_iter().map(lock).collect(),
                minimums,
                leaves,
                costs,
                holidays: holidays.into_iter().map(|day| add_days(START, day)).collect(),
            };
            for (rep, (first, changes)) in members.into_iter().enumerate() {
                let mut day = START;
                let changes = changes.into_iter().map(|(gap, team)| {
                    day = add_days(day, gap);
                    (day, team)
                });
                let rows = held_in_turn(first, changes.collect());
                world.memberships.extend(rows.into_iter().map(|(what, from, to)| Held { rep, what, from, to }));
            }
            let mut entered = vec![];
            for (since, segment, owner, start, steps) in customers {
                entered.extend(world.live(since, segment, owner, add_days(START, start), steps));
            }
            world.enter(entered);
            world.limits.retain(|limit| !matches!(limit.of, LimitOf::Customer(c) if c >= world.customers.len()));
            world
        },
    )
}

fn lock(month: i32) -> Lock {
    let from = attain::domain::period::add_months(date!(2019 - 12 - 01), month);
    let to = attain::domain::period::add_months(from, 1);
    Lock { from, to, on: add_days(to, 10) }
}

/// A deal with the key of its entry, and the key of the deal that it returns.
struct Entered {
    deal: Deal,
    key: (u16, usize),
    returns: Option<(u16, usize)>,
}

impl World {
    /// Lets a customer live; gives its deals, which are entered later in an order of their own.
    fn live(
        &mut self,
        since: Option<i64>,
        segment: Option<u8>,
        owner: Option<usize>,
        start: Date,
        steps: Vec<Step>,
    ) -> Vec<Entered> {
        let customer = self.customers.len();
        self.customers.push(Customer { since: since.map(|days| add_days(START, -days)), segment });
        let (mut day, mut sales, mut entered, mut handovers) = (start, vec![], Vec::<Entered>::new(), vec![]);
        let deal = |on, lines: Vec<(i64, Good)>, credits: &Credits, owner| Deal {
            customer,
            owner,
            won: true,
            on,
            goods: lines.iter().map(|(_, good)| *good).collect(),
            lines: lines.into_iter().map(|(amount, _)| amount).collect(),
            credits: credits.rows(),
            returns: None,
        };
        for (place, Step { gap, what, entry }) in steps.into_iter().enumerate() {
            day = add_days(day, gap);
            let key = (entry, customer * 100 + place);
            let on = day.min(self.today);
            match what {
                What::Sale { lines, credits, owner } => {
                    sales.push(entered.len());
                    entered.push(Entered { deal: deal(on, lines, &credits, owner), key, returns: None });
                }
                What::Open => {
                    let open = Deal { won: false, ..deal(on, vec![(70, Good::default())], &Credits::One(0), Some(0)) };
                    entered.push(Entered { deal: open, key, returns: None });
                }
                What::CreditNote(amount) => {
                    let lines = vec![(-amount, Good::default())];
                    entered.push(Entered { deal: deal(on, lines, &Credits::One(1), None), key, returns: None });
                }
                What::Return { sale, tenths, shift } => {
                    let Some(&sale) = sales.iter().rev().nth(sale) else { continue };
                    let sold = &entered[sale];
                    let (returns, mut key) = (sold.key, key);
                    key.0 = key.0.max(returns.0); // entered after its deal, and its place is higher
                    let deal = Deal {
                        on: add_days(day, shift).min(self.today),
                        lines: sold.deal.lines.iter().map(|line| -line * tenths / 10).collect(),
                        goods: sold
                            .deal
                            .goods
                            .iter()
                            .map(|good| Good { cost: good.cost.map(|cost| -cost * tenths / 10), ..*good })
                            .collect(),
                        ..sold.deal.clone()
                    };
                    entered.push(Entered { deal, key, returns: Some(returns) });
                }
                What::Ending(kind) => self.endings.push(Ending { customer, on, kind }),
                What::Handover(rep) => handovers.push((day, rep)),
                What::Visit { rep, kind, state, minutes, entered_after, along } => {
                    let mut once: Vec<(usize, i64)> = vec![];
                    for (other, entered) in along {
                        if other != rep && !once.iter().any(|(known, _)| *known == other) {
                            once.push((other, entered));
                        }
                    }
                    let visit = Visit { rep, customer, on: day, kind, state, minutes, entered_after, along: once };
                    self.visits.push(visit);
                }
            }
        }
        let rows = held_in_turn(owner, handovers);
        self.ownerships.extend(rows.into_iter().map(|(rep, from, to)| Held { rep, what: customer, from, to }));
        entered
    }

    /// Enters the deals in order of their keys: numbers do not follow dates.
    fn enter(&mut self, mut entered: Vec<Entered>) {
        entered.sort_by_key(|deal| deal.key);
        let keys: Vec<_> = entered.iter().map(|deal| deal.key).collect();
        for Entered { mut deal, returns, .. } in entered {
            deal.returns = returns.map(|key| keys.iter().position(|k| *k == key).unwrap());
            self.deals.push(deal);
        }
    }
}
