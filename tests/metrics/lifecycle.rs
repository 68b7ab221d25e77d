//! The lifecycle as a pure function equals the life that is lived day by day.

use attain::domain::{
    customer::{
        events::events,
        facts::{DealFact, Ending, EndingKind, History, Limit, LimitLevel, Ownership, primary_rep},
    },
    id::{DealId, UserId},
    money::Money,
};
use proptest::prelude::*;

use crate::{
    naive::Happened,
    world::{LimitOf, World, world},
};

/// What the product would load of a customer; reps and deals are named by their places.
fn history(world: &World, customer: usize) -> History {
    let id = |place: usize| i64::try_from(place).unwrap();
    let deals = world.deals.iter().enumerate().filter(|(_, deal)| deal.customer == customer && deal.won);
    let level = |of| match of {
        LimitOf::Company => Some(LimitLevel::Company),
        LimitOf::Segment(segment) => {
            (world.customers[customer].segment == Some(segment)).then_some(LimitLevel::Segment)
        }
        LimitOf::Customer(own) => (own == customer).then_some(LimitLevel::Own),
    };
    History {
        customer_since: world.customers[customer].since,
        deals: deals
            .map(|(place, deal)| {
                let splits: Vec<_> =
                    deal.credits.iter().filter(|c| !c.overlay).map(|c| (UserId(id(c.rep)), c.parts)).collect();
                DealFact {
                    id: DealId(id(place)),
                    number: id(place) + 1,
                    booked_on: deal.on,
                    net: Money(deal.lines.iter().sum()),
                    returns: deal.returns.map(|place| DealId(id(place))),
                    primary_rep: primary_rep(&splits, deal.owner.map(|rep| UserId(id(rep)))),
                }
            })
            .collect(),
        ownerships: world
            .ownerships
            .iter()
            .filter(|held| held.what == customer)
            .map(|held| Ownership { rep: UserId(id(held.rep)), from: held.from, to: held.to })
            .collect(),
        endings: world
            .endings
            .iter()
            .filter(|ending| ending.customer == customer)
            .map(|ending| Ending { on: ending.on, kind: EndingKind::parse(ending.kind).unwrap() })
            .collect(),
        limits: world
            .limits
            .iter()
            .filter_map(|limit| {
                Some(Limit { level: level(limit.of)?, from: limit.from, days: u32::try_from(limit.days).unwrap() })
            })
            .collect(),
        rules: world.rules(),
    }
}

fn told(history: &History) -> Vec<Happened> {
    let place = |id: i64| usize::try_from(id).unwrap();
    events(history)
        .iter()
        .map(|event| Happened {
            what: event.kind.as_str(),
            on: event.on,
            rep: event.rep.map(|rep| place(rep.0)),
            deal: event.deal.map(|deal| place(deal.0)),
            value: event.value.0,
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_pure_lifecycle_is_the_lived_one(world in world()) {
        for customer in 0..world.customers.len() {
            let mut lived = world.life(customer);
            let mut told = told(&history(&world, customer));
            // Two undone on one day: either may be told first.
            lived.sort_by_key(|event| (event.on, event.what.ends_with("undone"), event.what));
            told.sort_by_key(|event| (event.on, event.what.ends_with("undone"), event.what));
            prop_assert_eq!(told, lived);
        }
    }
}

/// The generator would be worthless if it never reached what it is for.
#[test]
fn random_worlds_reach_every_kind_of_event() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let mut seen = std::collections::BTreeMap::new();
    for _ in 0..300 {
        let world = world().new_tree(&mut runner).unwrap().current();
        for customer in 0..world.customers.len() {
            for event in world.life(customer) {
                *seen.entry(event.what).or_insert(0) += 1;
            }
        }
    }
    for kind in ["first_sale", "first_sale_undone", "lost", "won_back", "won_back_undone"] {
        assert!(seen.get(kind).is_some_and(|count| *count >= 5), "{kind} in {seen:?}");
    }
}
