//! What holds for every draw and everything that is carried, period after period.

use attain::domain::{
    commission::{
        evaluate::evaluate_as,
        facts::{Adjustment, Facts},
        plan::{Draw, Plan},
        told,
    },
    metric::Metric,
    money::{Currency, Money},
};
use proptest::{collection::vec, option, prelude::*};
use rust_decimal::Decimal;

use crate::support::{component, pay, refused_together};

fn plan(draw: Option<Draw>, recovery_cap: Option<Decimal>) -> Plan {
    let everything = component(r#""net_sales""#, r#"{"rate": "1"}"#, "");
    Plan { draw: draw.into_iter().collect(), recovery_cap, ..everything }
}

fn earned(cents: i64) -> Facts {
    Facts {
        rep: "R1".into(),
        period: "2026-10".into(),
        metrics: [(Metric::NetSales, Decimal::from(cents))].into(),
        ..Facts::default()
    }
}

proptest! {
    #[test]
    fn a_draws_balance_is_never_negative_and_never_lost(draw in 0_i64..3_000, months in vec(-2_000_i64..6_000, 1..15)) {
        let plan = plan(Some(Draw { amount: Money(draw), recoverable: true, through: None }), None);
        let (mut owed, mut beyond) = (Money::ZERO, 0);
        for cents in months {
            let statement = pay(&plan, &Facts { draw_balance: owed, ..earned(cents) });
            owed = statement.draw_balance.unwrap().money;
            beyond += statement.total.money.0 - cents;
            prop_assert!(owed >= Money::ZERO);
            prop_assert_eq!(owed.0, beyond);
            prop_assert!(statement.total.money >= Money(draw));
        }
    }

    #[test]
    fn what_is_carried_is_never_lost(
        months in vec((0_i64..5_000, -6_000_i64..3_000), 1..15),
        share in option::of(0_i64..=100),
    ) {
        let plan = plan(None, share.map(|percent| Decimal::new(percent, 2)));
        let (mut carried, mut paid, mut due) = (Money::ZERO, 0, 0);
        for (cents, change) in months {
            let one = Adjustment {
                component: "C".into(),
                period: "2026-09".into(),
                old: Money(6_000),
                new: Money(6_000 + change),
                reason: None,
            };
            let statement = pay(&plan, &Facts { balance: carried, adjustments: vec![one], ..earned(cents) });
            carried = statement.balance.map_or(Money::ZERO, |amount| amount.money);
            let payable = statement.payable.unwrap_or(statement.total).money;
            prop_assert!(payable >= Money::ZERO && carried <= Money::ZERO);
            paid += payable.0;
            due += cents + change;
            prop_assert_eq!(paid + carried.0, due);
        }
    }
}

#[test]
fn what_an_earlier_engine_took_from_a_draw_stays_what_it_was() {
    let plan = plan(Some(Draw { amount: Money(2_000), recoverable: true, through: None }), None);
    let facts = Facts { balance: Money(-1_000), ..earned(0) };
    let total = |engine: &str| evaluate_as(engine, &plan, &facts).unwrap().total.money.0;
    assert_eq!((total("4"), total("5"), pay(&plan, &facts).total.money.0), (1_000, 2_000, 2_000));
}

#[test]
fn a_ramp_makes_targets_smaller_at_the_beginning_and_says_so() {
    let plan = |ramp: &str| {
        Plan::from_json(&format!(
            r#"{{"name": "P", "currency": "EUR", "period": "month", "ramp": {ramp}, "components": [
                {{"name": "S", "measure": "net_sales", "pays": {{"tiers": {{"mode": "marginal", "axis": "attainment", "steps": [
                    {{"from": "0", "rate": "0.01"}}, {{"from": "1", "rate": "0.02"}}]}}}}}},
                {{"name": "V", "measure": "visits", "pays": {{"bonus": "50.00"}}, "gate": [{{"attainment": "visits", "at_least": "1"}}]}},
                {{"name": "L", "measure": "lost_customers", "pays": {{"bonus": "9.00"}}, "gate": [{{"attainment": "lost_customers", "at_least": "1"}}]}}]}}"#
        ))
    };
    let quarters = plan(r#"["0.25", "0.5", "0.75", "1"]"#).unwrap();
    assert_eq!(Plan::from_json(&quarters.to_json()).unwrap(), quarters);
    let month = |number: u32| {
        let text = format!(
            r#"{{"rep": "R1", "period": "2026-10", "period_on_plan": "{number}",
                "metrics": {{"net_sales": "10000.00", "visits": "5", "lost_customers": "2"}},
                "targets": {{"net_sales": "10000.00", "visits": "10", "lost_customers": "2"}}}}"#
        );
        Facts::from_json(&text, Currency::parse("EUR").unwrap()).unwrap()
    };
    for (number, paid) in [
        (1, ["175.00", "50.00", "9.00"]), // 2,500 × 1 % + 7,500 × 2 %; 3 of 10 visits are asked for
        (2, ["150.00", "50.00", "9.00"]), // exactly 5 visits
        (3, ["125.00", "0.00", "9.00"]),  // 7.5 visits are 8
        (4, ["100.00", "0.00", "9.00"]),
        (40, ["100.00", "0.00", "9.00"]),
    ] {
        let statement = pay(&quarters, &month(number));
        let amounts: Vec<String> = statement.lines.iter().map(|line| line.amount.to_string()).collect();
        assert_eq!(amounts, paid, "period {number}");
        let said = statement.lines[0]
            .text
            .contains("In period 2 on the plan 50% of the target for net sales counts: €5,000.00 of €10,000.00.");
        assert_eq!(said, number == 2, "{}", statement.lines[0].text);
        assert!(!statement.lines[2].text.contains("on the plan"), "a limit stays: {}", statement.lines[2].text);
    }
    assert!(told::account(&quarters)[0].contains("25%, 50%, 75% and 100%"), "{:?}", told::account(&quarters));
    let mut without = month(1);
    without.period_on_plan = None;
    assert!(refused_together(&quarters, &without).contains("period_on_plan: the plan's ramp goes by"));
    for wrong in [r#"["0"]"#, r#"["1.1"]"#, r#"["-0.5"]"#, r#""0.5""#, "[0.5]"] {
        assert!(plan(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn half_of_what_is_earned_is_taken_back_at_most() {
    let facts = |earned: i64| Facts {
        adjustments: vec![Adjustment {
            component: "C".into(),
            period: "2026-09".into(),
            old: Money(10_000),
            new: Money::ZERO,
            reason: None,
        }],
        ..self::earned(earned)
    };
    for (cap, earned, total, balance) in [
        (None, 10_000, 5_000, Some(-5_000)),
        (None, 30_000, 20_000, None),
        (None, 0, 0, Some(-10_000)),
        (Some(Decimal::ONE), 10_000, 0, None),
        (Some(Decimal::ONE), 4_000, 0, Some(-6_000)),
        (Some(Decimal::ZERO), 4_000, 4_000, Some(-10_000)),
    ] {
        let statement = pay(&plan(None, cap), &facts(earned));
        assert_eq!(statement.total.money, Money(total), "{cap:?} {earned}");
        assert_eq!(statement.balance.map(|balance| balance.money), balance.map(Money), "{cap:?} {earned}");
    }
}
