//! What holds for every draw and everything that is carried, period after period.

use attain::domain::{
    commission::{facts::Adjustment, facts::Facts, plan::Draw, plan::Plan},
    metric::Metric,
    money::Money,
};
use proptest::{collection::vec, option, prelude::*};
use rust_decimal::Decimal;

use crate::support::{component, pay};

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
