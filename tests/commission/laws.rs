//! What holds for every way to pay: caps, returns, corrections, draws that end, and the way to the next step.

use attain::domain::{
    commission::{
        facts::{Deal, Facts},
        late::{Difference, differences},
        plan::{
            Axis, Component, CreditKind, Curve, Days, Draw, Factor, Measure, MeasuringPeriod, Mode, Modifier, Months,
            Only, Per, Plan, Point, Schedule, Scope, Step, StepPays, Tiers,
        },
        reach::next,
        what_if::{self, Supposed},
    },
    metric::Metric,
    money::{Currency, Money},
};
use proptest::{collection::vec, option, prelude::*};
use rust_decimal::Decimal;
use time::{Date, Month};

use crate::support::pay;

mod periods;

fn plan(components: Vec<Component>) -> Plan {
    Plan::new("P", Currency::parse("EUR").unwrap(), MeasuringPeriod::Month, components)
}

fn on(day: u8) -> Date {
    Date::from_calendar_date(2026, Month::October, day).unwrap()
}

/// Edges that ascend from 0, and what is paid from each on.
fn steps(highest: i64) -> impl Strategy<Value = Vec<(i64, i64)>> {
    (vec((1..highest, 1_i64..3_000), 1..5), 1_i64..3_000).prop_map(|(mut later, first)| {
        later.sort_unstable();
        later.dedup_by_key(|(edge, _)| *edge);
        [(0, first)].into_iter().chain(later).collect()
    })
}

/// Edges in cents, hundredths of a percent or numbers; what is paid in hundredths of a percent or cents.
fn tiers(mode: Mode, axis: Axis, per: Per, steps: &[(i64, i64)]) -> Schedule {
    let step = |(edge, pays): &(i64, i64)| match axis {
        Axis::Amount => Step::new(Decimal::new(*edge, 2), StepPays::Rate(Decimal::new(*pays, 4))),
        Axis::Attainment => Step::new(Decimal::new(*edge, 4), StepPays::Rate(Decimal::new(*pays, 4))),
        Axis::Count => Step::new(Decimal::from(*edge), StepPays::PerUnit(Money(*pays))),
    };
    Schedule::Tiers(Tiers { mode, axis, per, steps: steps.iter().map(step).collect() })
}

/// A component of every way to pay that follows the deals, none of which pays for nothing.
fn every_way(steps: &[(i64, i64)]) -> Vec<Component> {
    let sales = |name: &str, pays| Component::new(name, Measure::Metric(Metric::NetSales), pays);
    let deals = |name: &str, pays| Component::new(name, Measure::Deals, pays);
    let rate = || Schedule::Rate(Decimal::new(steps[0].1, 4));
    let each = || Schedule::PerUnit(Money(steps[0].1));
    let curve = Curve {
        on_target: Money(50_000),
        points: vec![
            Point { at: Decimal::ZERO, pays: Decimal::ZERO },
            Point { at: Decimal::ONE, pays: Decimal::ONE },
            Point { at: Decimal::TWO, pays: Decimal::from(3) },
        ],
    };
    let months = Only { customer_months: Some(Months { from: 0, below: Some(12) }), ..Only::default() };
    let campaign = Only { booked: Some(Days { from: Some(on(5)), through: Some(on(20)) }), ..Only::default() };
    let first = Only { new_customer: Some(true), ..Only::default() };
    let by_visits = Modifier {
        of: Measure::Metric(Metric::Visits),
        steps: vec![Factor { from: Decimal::ZERO, times: Decimal::new(15, 1) }],
    };
    let mut bonuses = tiers(Mode::Marginal, Axis::Amount, Per::Period, steps);
    if let Schedule::Tiers(tiers) = &mut bonuses {
        tiers.steps.iter_mut().skip(1).for_each(|step| step.bonus = Some(Money(700)));
    }
    vec![
        sales("rate", rate()),
        sales("marginal", tiers(Mode::Marginal, Axis::Amount, Per::Period, steps)),
        sales("whole", tiers(Mode::Whole, Axis::Amount, Per::Period, steps)),
        sales("marginal by the deal", tiers(Mode::Marginal, Axis::Amount, Per::Deal, steps)),
        sales("whole by the deal", tiers(Mode::Whole, Axis::Amount, Per::Deal, steps)),
        sales("marginal attainment", tiers(Mode::Marginal, Axis::Attainment, Per::Period, steps)),
        sales("whole attainment", tiers(Mode::Whole, Axis::Attainment, Per::Period, steps)),
        sales("bonuses", bonuses),
        sales("curve", Schedule::Curve(curve)),
        deals("deals", each()),
        deals("deals in steps", tiers(Mode::Marginal, Axis::Count, Per::Period, &[(0, steps[0].1), (3, 900)])),
        Component { only: Some(months), ..sales("months", rate()) },
        Component { only: Some(campaign), ..deals("campaign", each()) },
        Component { only: Some(first), ..deals("first sales", each()) },
        Component { modifier: Some(by_visits), ..sales("modified", rate()) },
        Component { credit: CreditKind::Overlay, ..sales("overlay", rate()) },
        Component { scope: Scope::Team, ..sales("override", rate()) },
    ]
}

/// Deals of the rep, of the team and beside them, some of them a customer's first one.
fn deals() -> impl Strategy<Value = Vec<Deal>> {
    vec((1_i64..900_000, 1_u8..=31, 0_u8..4, any::<bool>(), 0_i32..30), 0..14).prop_map(|drawn| {
        let deal = |(i, (cents, day, whose, first, months)): (usize, (i64, u8, u8, bool, i32))| {
            let number = i64::try_from(i).unwrap() + 1;
            let since = on(1).replace_year(2026 - months / 12).unwrap();
            Deal {
                new_customer: first,
                customer_since: Some(since),
                overlay: whose == 1,
                rep: (whose == 2).then(|| "R2".to_owned()),
                ..Deal::won(number, on(day), "C", Money(cents))
            }
        };
        drawn.into_iter().enumerate().map(deal).collect()
    })
}

/// Facts with these deals, a target for net sales and some visits.
fn facts(deals: Vec<Deal>) -> Facts {
    Facts {
        rep: "R1".into(),
        period: "2026-10".into(),
        metrics: [(Metric::Visits, Decimal::from(9))].into(),
        targets: [(Metric::NetSales, Decimal::from(1_000_000))].into(),
        deals: Some(deals),
        ..Facts::default()
    }
}

/// A full return of a deal.
fn back(deal: &Deal) -> Deal {
    let number = deal.number + 9_000;
    Deal { number, amount: -deal.amount, returns: Some(deal.number), new_customer: false, ..deal.clone() }
}

fn amounts(plan: &Plan, facts: &Facts) -> Vec<(String, Money)> {
    pay(plan, facts).lines.into_iter().map(|line| (line.component, line.amount.money)).collect()
}

proptest! {
    #[test]
    fn everything_returned_pays_nothing(steps in steps(500_000), deals in deals(), cap in option::of(0_i64..50_000)) {
        let mut plan = plan(every_way(&steps));
        plan.components.iter_mut().for_each(|component| component.cap = cap.map(Money));
        let paid = amounts(&plan, &facts(deals.clone()));
        let own = deals.iter().any(|deal| deal.rep.is_none() && !deal.overlay);
        prop_assert!(!own || cap == Some(0) || paid.iter().any(|(_, amount)| *amount > Money::ZERO));
        let all = deals.iter().map(back).chain(deals.iter().cloned()).collect();
        for (component, amount) in amounts(&plan, &facts(all)) {
            prop_assert_eq!(amount, Money::ZERO, "{}", component);
        }
    }

    #[test]
    fn a_cap_is_never_exceeded_whatever_pays(
        steps in steps(500_000),
        deals in deals(),
        cap in 0_i64..30_000,
        floor in -3_000_i64..1,
        plan_cap in 0_i64..60_000,
    ) {
        let mut plan = plan(every_way(&steps));
        for component in &mut plan.components {
            (component.cap, component.floor) = (Some(Money(cap)), Some(Money(floor)));
        }
        plan.cap = Some(Money(plan_cap));
        let statement = pay(&plan, &facts(deals));
        for line in statement.lines.iter().filter(|line| line.measure.is_some()) {
            prop_assert!(line.amount.money <= Money(cap), "{}", line.component);
            // Not on the way, either: what is above it was never paid.
            let mut so_far = Money::ZERO;
            for record in &line.records {
                so_far += record.amount.money;
                prop_assert!(so_far <= Money(cap), "{}", line.component);
            }
        }
        prop_assert!(statement.total.money <= Money(plan_cap));
    }

    #[test]
    fn unchanged_facts_post_nothing_and_others_the_difference(
        steps in steps(500_000),
        deals in deals(),
        late in option::of(0_usize..14),
    ) {
        let plan = plan(every_way(&steps));
        let paid = amounts(&plan, &facts(deals.clone()));
        let mut otherwise = deals.clone();
        otherwise.reverse();
        prop_assert_eq!(differences(&paid, &amounts(&plan, &facts(otherwise))), [], "the same facts, found in another order");
        let mut later = deals.clone();
        later.extend(late.and_then(|at| deals.get(at)).map(back));
        let now = amounts(&plan, &facts(later));
        let posted = differences(&paid, &now);
        prop_assert!(posted.iter().all(|one| one.amount() != Money::ZERO));
        let sum = |lines: &[(String, Money)]| -> Money { lines.iter().map(|(_, amount)| *amount).sum() };
        prop_assert_eq!(sum(&paid) + posted.iter().map(Difference::amount).sum(), sum(&now));
        // What was posted once is not posted again.
        let known: Vec<(String, Money)> =
            paid.into_iter().chain(posted.into_iter().map(|one| (one.component.clone(), one.amount()))).collect();
        prop_assert_eq!(differences(&known, &now), []);
    }

    #[test]
    fn marginal_tiers_over_a_target_rise_without_a_jump(
        steps in steps(20_000),
        target in 1_i64..2_000_000,
        cents in 0_i64..3_000_000,
    ) {
        let plan = plan(vec![Component::new(
            "C",
            Measure::Metric(Metric::NetSales),
            tiers(Mode::Marginal, Axis::Attainment, Per::Period, &steps),
        )]);
        let paid = |cents: i64| {
            let figures = |value: i64| [(Metric::NetSales, Decimal::from(value))].into();
            pay(&plan, &Facts { metrics: figures(cents), targets: figures(target), deals: None, ..facts(vec![]) }).total.money.0
        };
        // Anywhere, and at the edges, which lie between two cents.
        for x in steps.iter().map(|(edge, _)| edge * target / 10_000).chain([cents]) {
            let (here, next) = (paid(x), paid(x + 1));
            prop_assert!(next >= here && next - here <= 1, "{}: {} {}", x, here, next);
        }
    }

    #[test]
    fn each_number_of_a_count_pays_what_its_step_says(steps in steps(40), count in 0_i64..60) {
        let plan = plan(vec![Component::new(
            "C",
            Measure::Metric(Metric::Visits),
            tiers(Mode::Marginal, Axis::Count, Per::Period, &steps),
        )]);
        let paid = |count: i64| {
            pay(&plan, &Facts { metrics: [(Metric::Visits, Decimal::from(count))].into(), ..facts(vec![]) }).total.money.0
        };
        let of_the_next = steps.iter().rfind(|(from, _)| *from <= count + 1).unwrap().1;
        prop_assert_eq!(paid(count + 1) - paid(count), of_the_next);
    }

    #[test]
    fn draws_that_end_lose_nothing(
        gift in 0_i64..3_000,
        advance in 0_i64..3_000,
        first in 1_u32..4,
        more in 1_u32..4,
        months in vec(-2_000_i64..6_000, 1..15),
    ) {
        let mut plan = plan(vec![Component::new("C", Measure::Metric(Metric::NetSales), Schedule::Rate(Decimal::ONE))]);
        plan.draw = vec![
            Draw { amount: Money(gift), recoverable: false, through: Some(first) },
            Draw { amount: Money(advance), recoverable: true, through: Some(first + more) },
        ];
        let mut owed = Money::ZERO;
        for (number, earned) in (1..).zip(months) {
            let figures = [(Metric::NetSales, Decimal::from(earned))].into();
            let month = Facts { metrics: figures, deals: None, period_on_plan: Some(number), draw_balance: owed, ..facts(vec![]) };
            let statement = pay(&plan, &month);
            let (total, then) = (statement.total.money.0, statement.draw_balance.unwrap().money);
            prop_assert!(then >= Money::ZERO);
            if number <= first {
                prop_assert_eq!((total, then), (earned.max(gift), owed), "a gift is not owed");
            } else {
                prop_assert_eq!(then.0 - owed.0, total - earned, "what is paid beyond the earnings is owed");
                prop_assert!(number > first + more || total >= advance);
                prop_assert!(number <= first + more || total >= earned.min(0), "no more is taken than was earned");
            }
            owed = then;
        }
    }

    #[test]
    fn what_is_missing_to_the_next_edge_is_exact(
        mode in prop_oneof![Just(Mode::Marginal), Just(Mode::Whole)],
        by_target in any::<bool>(),
        steps in steps(30_000),
        target in 1_i64..1_000_000,
        cents in 0_i64..1_500_000,
    ) {
        let axis = if by_target { Axis::Attainment } else { Axis::Amount };
        let plan = plan(vec![Component::new("C", Measure::Metric(Metric::NetSales), tiers(mode, axis, Per::Period, &steps))]);
        let mut now = facts(vec![Deal::won(1, on(1), "C", Money(cents))]);
        now.targets = [(Metric::NetSales, Decimal::from(target))].into();
        // The fewest cents that reach an edge, counted naively: cents × 10,000 ≥ edge × target.
        let reaches = |edge: i64| if by_target { (edge * target + 9_999) / 10_000 } else { edge };
        let edge = steps.iter().map(|(edge, _)| reaches(*edge)).find(|edge| *edge > cents);
        let ahead = next(&plan, &now).unwrap();
        prop_assert_eq!(ahead.first().map(|reach| reach.missing), edge.map(|edge| Decimal::from(edge - cents)));
        if let (Some(reach), Some(edge)) = (ahead.first(), edge) {
            // "If I win this deal" of that much pays what was told.
            let deal = |cents: i64| Supposed {
                number: 2,
                on: on(2),
                customer: "D".into(),
                net: Money(cents),
                part: Money(cents),
                customer_since: Some(on(1)),
                to_new: false,
                wins_back: false,
                primary: true,
            };
            let with = |cents: i64| pay(&plan, &what_if::with(&now, &deal(cents), None)).total.money;
            prop_assert_eq!(with(edge - cents), reach.then);
            prop_assert_eq!(pay(&plan, &now).total.money, reach.now);
            if mode == Mode::Whole {
                let at = |cents: i64| pay(&plan, &what_if::with(&now, &deal(cents), None)).lines[0].slices[0].from;
                prop_assert!(edge - cents == 1 && cents == 0 || at(edge - cents) != at(edge - cents - 1));
            }
        }
    }
}
