//! What holds where the axis is the period or the year: only what the deals come to decides, and it decides without a jump.

use super::*;
use crate::support::pay;
use attain::domain::commission::plan::Weight;

/// Every component whose pay follows what a period or year comes to, not how many deals that were.
fn by_the_period(steps: &[(i64, i64)]) -> Vec<Component> {
    let counted = ["deals", "deals in steps", "campaign", "first sales", "marginal by the deal", "whole by the deal"];
    let sales = |name: &str, pays| Component::new(name, Measure::Metric(Metric::NetSales), pays);
    let points = vec![
        Point { at: Decimal::ZERO, pays: Decimal::ZERO },
        Point { at: Decimal::ONE, pays: Decimal::ONE },
        Point { at: Decimal::TWO, pays: Decimal::from(3) },
    ];
    let weight = |metric, weight: i64| Weight { metric, weight: weight.into() };
    let card = Measure::Scorecard(vec![weight(Metric::NetSales, 60), weight(Metric::Visits, 40)]);
    let mut found = every_way(steps);
    found.retain(|component| !counted.contains(&component.name.as_str()));
    for (name, mode, axis) in [
        ("marginal of the year", Mode::Marginal, Axis::Amount),
        ("whole of the year", Mode::Whole, Axis::Amount),
        ("marginal attainment of the year", Mode::Marginal, Axis::Attainment),
        ("whole attainment of the year", Mode::Whole, Axis::Attainment),
    ] {
        found.push(sales(name, tiers(mode, axis, Per::YearToDate, steps)));
    }
    found.push(Component::new("scorecard", card, Schedule::Curve(Curve { on_target: Money(50_000), points })));
    found
}

/// A deal as two of the same kind, the second numbered beyond the others.
fn halves(deal: &Deal, percent: i64) -> [Deal; 2] {
    let first = Money(deal.amount.0 * percent / 100);
    [
        Deal { amount: first, ..deal.clone() },
        Deal { number: deal.number + 5_000, amount: deal.amount - first, ..deal.clone() },
    ]
}

proptest! {
    #[test]
    fn splitting_a_deal_changes_no_total(
        steps in steps(500_000),
        deals in deals(),
        percent in 0_i64..=100,
        which in 0_usize..14,
        before in 0_i64..2_000_000,
        target in 1_i64..3_000_000,
    ) {
        let plan = plan(by_the_period(&steps));
        let with = |deals: Vec<Deal>| {
            let mut facts = facts(deals);
            facts.targets = [(Metric::NetSales, Decimal::from(target)), (Metric::Visits, Decimal::from(12))].into();
            facts.year_to_date = [(Metric::NetSales, Decimal::from(before))].into();
            facts.year_targets = Some([(Metric::NetSales, Decimal::from(12 * target))].into());
            facts
        };
        let whole = amounts(&plan, &with(deals.clone()));
        prop_assert!(whole.len() >= 15, "{whole:?}");
        let split = deals.iter().enumerate().flat_map(|(at, deal)| {
            if at == which { halves(deal, percent).to_vec() } else { vec![deal.clone()] }
        });
        prop_assert_eq!(amounts(&plan, &with(split.collect())), whole.clone());
        // Nor does the order in which they were won.
        let turned = deals.iter().map(|deal| Deal { number: 1_000 - deal.number, ..deal.clone() }).rev();
        prop_assert_eq!(amounts(&plan, &with(turned.collect())), whole);
    }

    #[test]
    fn marginal_tiers_of_the_year_rise_without_a_jump(
        steps in steps(20_000),
        by_target in any::<bool>(),
        target in 1_i64..2_000_000,
        before in 0_i64..3_000_000,
        cents in 0_i64..3_000_000,
    ) {
        let axis = if by_target { Axis::Attainment } else { Axis::Amount };
        let tiers = |per| plan(vec![Component::new(
            "C",
            Measure::Metric(Metric::NetSales),
            tiers(Mode::Marginal, axis, per, &steps),
        )]);
        let (of_year, of_period) = (tiers(Per::YearToDate), tiers(Per::Period));
        let figures = |value: i64| [(Metric::NetSales, Decimal::from(value))].into();
        let paid = |plan: &Plan, before: i64, cents: i64| {
            let facts = Facts {
                metrics: figures(cents),
                targets: figures(target),
                year_to_date: figures(before),
                year_targets: Some(figures(target)),
                deals: None,
                ..facts(vec![])
            };
            pay(plan, &facts).total.money.0
        };
        let edge = |edge: i64| if by_target { edge * target / 10_000 } else { edge };
        // Anywhere, and at the edges that lie ahead of what the year gave before.
        let edges = steps.iter().map(|(from, _)| edge(*from) - before).filter(|ahead| *ahead >= 0);
        for x in edges.chain([cents]) {
            let (here, next) = (paid(&of_year, before, x), paid(&of_year, before, x + 1));
            prop_assert!(next >= here && next - here <= 1, "{before} and {x}: {here} {next}");
        }
        // A year that gave nothing before is a period, and one month after the other pays what both pay at once.
        prop_assert_eq!(paid(&of_year, 0, cents), paid(&of_period, 0, cents));
        let both = paid(&of_year, 0, before) + paid(&of_year, before, cents);
        let at_once = paid(&of_year, 0, before + cents);
        prop_assert!((both - at_once).abs() <= 1, "rounded once each: {both} and {at_once}");
    }
}
