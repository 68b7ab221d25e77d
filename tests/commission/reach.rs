//! What is missing to the next step is exact: with it the step is reached, with a cent less it is not.

use attain::domain::{
    commission::{facts::Facts, plan::Plan, reach::next},
    money::Money,
};
use proptest::prelude::*;

use crate::support::{component, facts, pay, tiers};

fn accelerator() -> Plan {
    component(
        r#""net_sales""#,
        &tiers("whole", "attainment", "period", &[("0", "0.04"), ("1", "0.06"), ("1.2", "0.08")]),
        "",
    )
}

fn sold(cents: i64, target: i64) -> Facts {
    let major = |cents: i64| format!("{}.{:02}", cents / 100, cents % 100);
    let (sold, target) = (major(cents), major(target));
    facts(&format!(r#""metrics": {{"net_sales": "{sold}"}}, "targets": {{"net_sales": "{target}"}}"#))
}

#[test]
fn the_next_tier_is_told_with_what_it_pays() {
    let ahead = next(&accelerator(), &sold(870_000, 1_000_000)).unwrap();
    assert_eq!(ahead.len(), 1);
    assert_eq!(ahead[0].words, "€1,300.00 more in net sales");
    assert_eq!((ahead[0].now, ahead[0].then), (Money(34_800), Money(60_000)));
    assert_eq!(ahead[0].further, Some(("€100.00 more in net sales".to_owned(), Money(600))), "at 6 %");
    assert!(next(&accelerator(), &sold(1_200_000, 1_000_000)).unwrap().is_empty());
}

proptest! {
    #[test]
    fn a_cent_less_does_not_reach_it(cents in 0_i64..2_000_000, target in 1_i64..1_000_000) {
        let plan = accelerator();
        for reach in next(&plan, &sold(cents, target)).unwrap() {
            let missing = i64::try_from(reach.missing).unwrap();
            let from = |cents: i64| pay(&plan, &sold(cents, target)).lines[0].slices.first().map(|slice| slice.from);
            let there = pay(&plan, &sold(cents + missing, target));
            prop_assert_eq!(there.total.money, reach.then);
            prop_assert_ne!(from(cents + missing), from(cents + missing - 1));
        }
    }
}
