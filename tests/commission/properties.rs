//! What holds for every plan and every list of deals.

use attain::domain::{
    commission::{
        facts::{Credit, Deal, Facts, RepParts},
        plan::{
            Axis, Component, Condition, Measure, MeasuringPeriod, Mode, Per, Plan, Schedule, Step, StepPays, Tiers, Who,
        },
        statement::Statement,
    },
    metric::Metric,
    money::{Currency, Money},
};
use proptest::{collection::vec, option, prelude::*};
use rust_decimal::{Decimal, RoundingStrategy};
use time::{Date, Month};

use crate::support::pay;

/// Edges in cents and rates in hundredths of a percent, the first edge 0.
fn steps() -> impl Strategy<Value = Vec<(i64, i64)>> {
    (vec((1_i64..500_000, 0_i64..3_000), 0..5), 0_i64..3_000).prop_map(|(mut later, first)| {
        later.sort_unstable();
        later.dedup_by_key(|(edge, _)| *edge);
        [(0, first)].into_iter().chain(later).collect()
    })
}

fn rate(rate: i64) -> Decimal {
    Decimal::new(rate, 4)
}

fn amount_tiers(mode: Mode, per: Per, steps: &[(i64, i64)]) -> Schedule {
    let step = |(edge, pays): &(i64, i64)| Step::new(Decimal::new(*edge, 2), StepPays::Rate(rate(*pays)));
    Schedule::Tiers(Tiers { mode, axis: Axis::Amount, per, steps: steps.iter().map(step).collect() })
}

fn component(name: &str, pays: Schedule) -> Component {
    Component::new(name, Measure::Metric(Metric::NetSales), pays)
}

fn plan(components: Vec<Component>) -> Plan {
    let currency = Currency::parse("EUR").unwrap();
    Plan::new("P", currency, MeasuringPeriod::Month, components)
}

fn facts(deals: Vec<Deal>) -> Facts {
    Facts { rep: "R1".into(), period: "2026-10".into(), deals: Some(deals), ..Facts::default() }
}

fn on(day: u8) -> Date {
    Date::from_calendar_date(2026, Month::October, day).unwrap()
}

/// Deals of some cents on some days, some of them with a return of a part of them.
fn deals() -> impl Strategy<Value = Vec<Deal>> {
    vec((-200_000_i64..1_000_000, 1_u8..=31, option::of(0_i64..=100)), 0..12).prop_map(|drawn| {
        let mut deals = Vec::new();
        for (i, (cents, day, returned)) in drawn.into_iter().enumerate() {
            let number = i64::try_from(i).unwrap() + 1;
            deals.push(Deal::won(number, on(day), "C", Money(cents)));
            if let Some(percent) = returned.filter(|_| cents > 0) {
                let back = Deal::won(1_000 + number, on(31), "C", Money(-(cents * percent / 100)));
                deals.push(Deal { returns: Some(number), ..back });
            }
        }
        deals
    })
}

/// All schedules over net sales that need no target.
fn schedules(steps: &[(i64, i64)]) -> Vec<Component> {
    vec![
        component("rate", Schedule::Rate(rate(steps[0].1))),
        component("marginal", amount_tiers(Mode::Marginal, Per::Period, steps)),
        component("whole", amount_tiers(Mode::Whole, Per::Period, steps)),
        component("marginal per deal", amount_tiers(Mode::Marginal, Per::Deal, steps)),
        component("whole per deal", amount_tiers(Mode::Whole, Per::Deal, steps)),
    ]
}

fn paid(pays: &Schedule, cents: i64) -> Money {
    pay(&plan(vec![component("C", pays.clone())]), &facts(vec![Deal::won(1, on(1), "C", Money(cents))])).total.money
}

/// The definition written down once more, naively: each slice between its edges times its rate, over |x|.
fn naive_marginal(steps: &[(i64, i64)], cents: i64) -> Money {
    let reach = Decimal::from(cents.abs());
    let mut sum = Decimal::ZERO;
    for (i, (from, pays)) in steps.iter().enumerate() {
        let from = Decimal::from(*from);
        let to = steps.get(i + 1).map_or(reach, |(to, _)| Decimal::from(*to).min(reach));
        sum += (to - from).max(Decimal::ZERO) * rate(*pays);
    }
    let rounded = sum.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
    Money(i64::try_from(rounded).unwrap() * cents.signum())
}

fn add_up(statement: &Statement) -> Result<(), TestCaseError> {
    let total: Money = statement.lines.iter().map(|line| line.amount.money).sum();
    prop_assert_eq!(total, statement.total.money);
    for line in &statement.lines {
        let records: Money = line.records.iter().map(|record| record.amount.money).sum();
        prop_assert_eq!(records, line.amount.money, "{}", line.component);
    }
    Ok(())
}

proptest! {
    #[test]
    fn marginal_tiers_are_what_the_definition_says(steps in steps(), cents in -2_000_000_i64..2_000_000) {
        prop_assert_eq!(paid(&amount_tiers(Mode::Marginal, Per::Period, &steps), cents), naive_marginal(&steps, cents));
        prop_assert_eq!(paid(&amount_tiers(Mode::Marginal, Per::Deal, &steps), cents), naive_marginal(&steps, cents));
    }

    #[test]
    fn marginal_tiers_are_monotone_continuous_and_odd(steps in steps(), cents in 0_i64..2_000_000) {
        let pays = amount_tiers(Mode::Marginal, Per::Period, &steps);
        for x in [cents, steps[steps.len() - 1].0] {
            let (here, next) = (paid(&pays, x), paid(&pays, x + 1));
            // Rates stay below 30 %, so one cent more pays at most one cent more, by rounding.
            prop_assert!(next >= here && next.0 - here.0 <= 1, "{x}: {here:?} {next:?}");
            prop_assert_eq!(paid(&pays, -x), -here);
        }
    }

    #[test]
    fn records_add_up_to_lines_and_lines_to_the_total(
        steps in steps(),
        deals in deals(),
        cap in option::of(0_i64..50_000),
        floor in option::of(-5_000_i64..1),
        plan_cap in option::of(0_i64..100_000),
        gate in option::of(-100_000_i64..500_000),
    ) {
        let mut components = schedules(&steps);
        for component in &mut components {
            component.cap = cap.map(Money);
            component.floor = floor.map(Money);
            component.gate.extend(gate.map(|edge| Condition {
                of: Measure::Metric(Metric::NetSales),
                who: Who::Rep,
                at_least: Some(Decimal::new(edge, 2)),
                at_most: None,
            }));
        }
        let mut plan = plan(components);
        plan.cap = plan_cap.map(Money);
        let facts = facts(deals);
        let statement = pay(&plan, &facts);
        add_up(&statement)?;
        for line in statement.lines.iter().filter(|line| line.measure.is_some()) {
            prop_assert!(cap.is_none_or(|cap| line.amount.money <= Money(cap)));
            let open = line.gate.iter().all(|gate| gate.holds);
            prop_assert!(!open || floor.is_none_or(|floor| line.amount.money >= Money(floor)));
            prop_assert!(open || line.amount.money == Money::ZERO);
        }
        prop_assert!(plan_cap.is_none_or(|cap| statement.total.money <= Money(cap)));
        // What is stored gives the same bytes again.
        let currency = plan.currency;
        let again = pay(
            &Plan::from_json(&plan.to_json()).unwrap(),
            &Facts::from_json(&facts.to_json(currency), currency).unwrap(),
        );
        prop_assert_eq!(again.to_json().unwrap(), statement.to_json().unwrap());
        prop_assert_eq!(Statement::from_json(&statement.to_json().unwrap()).unwrap(), statement);
    }

    #[test]
    fn over_the_period_splitting_and_reordering_deals_changes_nothing(
        steps in steps(),
        deals in deals(),
        cut in 1_i64..1_000,
        seed in any::<u64>(),
    ) {
        let over_the_period = || plan(schedules(&steps).into_iter().take(3).collect());
        let amounts = |deals: Vec<Deal>| -> Vec<Money> {
            pay(&over_the_period(), &facts(deals)).lines.iter().map(|line| line.amount.money).collect()
        };
        let before = amounts(deals.clone());
        let mut other = Vec::new();
        for deal in deals.iter().filter(|deal| deal.returns.is_none()) {
            let part = Money(deal.amount.0 * cut / 1_000);
            other.push(Deal { amount: part, ..deal.clone() });
            other.push(Deal { number: deal.number + 5_000, amount: deal.amount - part, ..deal.clone() });
        }
        other.extend(deals.iter().filter(|deal| deal.returns.is_some()).cloned());
        other.sort_by_key(|deal| seed.wrapping_mul(deal.number.unsigned_abs().wrapping_add(7)) % 1_009);
        for (i, deal) in other.iter_mut().filter(|deal| deal.returns.is_none()).enumerate() {
            deal.booked_on = Some(on(u8::try_from(i % 31).unwrap() + 1));
        }
        prop_assert_eq!(before, amounts(other));
    }

    #[test]
    fn the_order_in_the_facts_does_not_matter(steps in steps(), deals in deals(), seed in any::<u64>()) {
        let plan = plan(schedules(&steps));
        let mut shuffled = deals.clone();
        shuffled.sort_by_key(|deal| seed.wrapping_mul(deal.number.unsigned_abs().wrapping_add(13)) % 997);
        prop_assert_eq!(pay(&plan, &facts(deals)), pay(&plan, &facts(shuffled)));
    }

    #[test]
    fn what_was_returned_completely_pays_nothing(steps in steps(), deals in deals(), cap in option::of(0_i64..50_000)) {
        let mut all = Vec::new();
        for deal in deals.into_iter().filter(|deal| deal.returns.is_none() && deal.amount > Money::ZERO) {
            let back = Deal { number: deal.number + 9_000, amount: -deal.amount, ..deal.clone() };
            all.push(Deal { returns: Some(deal.number), ..back });
            all.push(deal);
        }
        let mut components = schedules(&steps);
        for component in &mut components {
            component.cap = cap.map(Money);
        }
        let statement = pay(&plan(components), &facts(all));
        prop_assert!(statement.lines.iter().all(|line| line.amount.money == Money::ZERO), "{statement:?}");
        add_up(&statement)?;
    }

    #[test]
    fn slices_add_up_to_the_exact_amount(steps in steps(), deals in deals()) {
        for line in pay(&plan(schedules(&steps)), &facts(deals)).lines {
            let exact: Decimal = line.slices.iter().map(|slice| slice.amount).sum();
            let rounded = exact.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
            prop_assert_eq!(rounded, line.amount.decimal(), "{}", line.component);
        }
    }

    #[test]
    fn parts_of_a_split_deal_add_up_to_it(cents in -1_000_000_i64..1_000_000, parts in vec(0_u32..50, 1..6)) {
        prop_assume!(parts.iter().any(|part| *part > 0));
        let credits: Vec<RepParts> =
            parts.iter().enumerate().map(|(i, parts)| RepParts { rep: format!("R{i}"), parts: *parts, overlay: false }).collect();
        let everything = plan(vec![component("C", Schedule::Rate(Decimal::ONE))]);
        let mut sum = Money::ZERO;
        for credit in &credits {
            let deal = Deal { credit: Credit::Parts(credits.clone()), ..Deal::won(1, on(1), "C", Money(cents)) };
            let facts = Facts { rep: credit.rep.clone(), ..facts(vec![deal]) };
            sum += pay(&everything, &facts).total.money;
        }
        prop_assert_eq!(sum, Money(cents));
    }
}
