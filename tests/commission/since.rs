//! What moved pay from one calculation to another: every cent of the difference is said, and nothing where nothing changed.

use attain::domain::{
    commission::{
        facts::{Adjustment, Credit, Deal, Facts, Hold},
        plan::Plan,
        since::{Calculation, DealChange, DealMoved, LineMoved, Moved, What, Why, moved},
        statement::LineKind,
    },
    metric::Metric,
    money::Money,
};
use proptest::{collection::vec, option, prelude::*};
use rust_decimal::Decimal;
use time::{Date, Month};

use crate::support::{FIELD, OCTOBER, facts, pay, plan_in};

fn between(before: (&Plan, &Facts), after: (&Plan, &Facts)) -> Moved {
    let (was, is) = (pay(before.0, before.1), pay(after.0, after.1));
    moved(
        &Calculation { plan: before.0, facts: before.1, statement: &was },
        &Calculation { plan: after.0, facts: after.1, statement: &is },
    )
}

/// "Sales 100→250: Deal 2 C2 Added +150" line by line.
fn told(moved: &Moved) -> Vec<String> {
    let deal = |deal: &DealMoved| format!("deal {} {} {:?}", deal.number, deal.customer, deal.change);
    let mut told: Vec<String> = moved
        .lines
        .iter()
        .map(|line| {
            let parts = line.parts.iter().map(|part| match &part.what {
                What::Deal(one) => format!("{} {}", deal(one), part.amount.0),
                other => format!("{other:?} {}", part.amount.0),
            });
            let why = line.why.iter().map(|why| match why {
                Why::Value(_, was, is) => {
                    format!("value {:?} to {:?}", was.map(|d| d.to_string()), is.map(|d| d.to_string()))
                }
                Why::Condition { holds, .. } => format!("holds: {holds}"),
                other => format!("{other:?}"),
            });
            let parts: Vec<String> = parts.chain(why).collect();
            format!("{} {} to {}: {}", line.title, line.before.0, line.after.0, parts.join("; "))
        })
        .collect();
    told.extend(moved.deals.iter().map(|one| format!("also {}", deal(one))));
    told
}

#[test]
fn a_day_with_a_new_deal_and_a_gate_that_opens() {
    let plan = Plan::from_json(FIELD).unwrap();
    let euro = plan.currency;
    let before = Facts::from_json(OCTOBER, euro).unwrap();
    let mut after = before.clone();
    after.metrics.insert(Metric::Visits, Decimal::from(96));
    after.deals.as_mut().unwrap().retain(|deal| deal.number != 2);
    let new = Deal::won(7, Date::from_calendar_date(2026, Month::October, 29).unwrap(), "C6", Money(100_000));
    after.deals.as_mut().unwrap().push(new);
    let moved = between((&plan, &before), (&plan, &after));
    assert_eq!(
        told(&moved),
        [
            "Sales 28500 to 32000: deal 7 C6 Added 5000; deal 2 C2 Gone -300; SameDeals(4) -1200; \
             value Some(\"9700.00\") to Some(\"10400.00\")",
            "Visits 0 to 20000: Whole 20000; value Some(\"92\") to Some(\"96\"); holds: true",
        ]
    );
    assert_eq!((moved.before, moved.after), (Money(68_500), Money(92_000)));
}

#[test]
fn what_became_of_a_deal_is_said() {
    let plan = plan_in("EUR", r#"{"name": "Sales", "measure": "net_sales", "pays": {"rate": "0.1"}}"#);
    let day = Date::from_calendar_date(2026, Month::October, 2).unwrap();
    let deal = |cents| Deal { credit: Credit::Part(Money(cents)), ..Deal::won(1, day, "Havn", Money(90_000)) };
    let of = |deals: Vec<Deal>| Facts { deals: Some(deals), ..facts(r#""metrics": {}"#) };
    let waiting = Deal { confirmed: false, ..deal(1_000) };
    let held = Deal { hold: Some("Goods not paid.".to_owned()), ..deal(1_000) };
    let renamed = Deal { customer: "Havnen".to_owned(), ..deal(1_000) };
    let later = Deal { booked_on: day.next_day(), ..deal(1_000) };
    for (before, after, change, cents) in [
        (vec![], vec![deal(1_000)], Some(DealChange::Added), 100),
        (vec![deal(1_000)], vec![], Some(DealChange::Gone), -100),
        (vec![waiting.clone()], vec![deal(1_000)], Some(DealChange::Confirmed), 100),
        (vec![deal(1_000)], vec![waiting.clone()], Some(DealChange::Unconfirmed), -100),
        (vec![deal(1_000)], vec![held.clone()], Some(DealChange::Held), -100),
        (vec![held], vec![deal(1_000)], Some(DealChange::Released), 100),
        (vec![deal(1_000)], vec![deal(1_500)], Some(DealChange::Amount), 50),
        (vec![deal(1_000)], vec![later], Some(DealChange::Otherwise), 0),
        (vec![deal(1_000)], vec![renamed], None, 0),
        (vec![deal(1_000)], vec![Deal { cross_sell: true, ..deal(1_000) }], None, 0),
        // New, but not yet paid: said, though no line moves.
        (vec![], vec![waiting], Some(DealChange::Added), 0),
    ] {
        let moved = between((&plan, &of(before)), (&plan, &of(after)));
        let in_lines = moved.lines.iter().flat_map(|line| &line.parts).filter_map(|part| match &part.what {
            What::Deal(deal) => Some((deal.change, part.amount.0)),
            _ => None,
        });
        let apart = moved.deals.iter().map(|deal| (deal.change, 0));
        let told: Vec<(DealChange, i64)> = in_lines.chain(apart).collect();
        assert_eq!(told, change.map(|change| (change, cents)).into_iter().collect::<Vec<_>>());
        assert_eq!(moved.amount(), Money(cents));
        assert_eq!(moved.is_nothing(), change.is_none());
    }
}

#[test]
fn another_version_holds_and_corrections_are_named() {
    let old = plan_in("EUR", r#"{"name": "Sales", "measure": "net_sales", "pays": {"rate": "0.1"}}"#);
    let new = plan_in("EUR", r#"{"name": "Sales", "measure": "net_sales", "pays": {"rate": "0.2"}}"#);
    let before = facts(r#""deals": [{"number": 1, "booked_on": "2026-10-02", "customer": "Havn", "amount": "10.00"}]"#);
    let mut after = before.clone();
    let one = |cents| Adjustment {
        component: "Sales".to_owned(),
        period: "2026-09".to_owned(),
        old: Money::ZERO,
        new: Money(cents),
        reason: None,
    };
    after.adjustments = vec![one(30), one(12)];
    let moved = between((&old, &before), (&new, &after));
    assert_eq!(
        told(&moved),
        ["Sales 100 to 200: SameDeals(1) 100; Plan", "Sales, 2026-09 0 to 42: Whole 42; New"],
        "two adjustments of one name stand together"
    );
    assert_eq!((moved.lines[1].kind, moved.plan.len()), (LineKind::Adjustment, 1));
    after.holds = vec![Hold { component: "Sales".to_owned(), reason: None }];
    let held = between((&new, &before), (&new, &after));
    assert!(held.lines[0].why.contains(&Why::Hold(true)), "{held:?}");
}

/// A plan with everything that makes lines: per deal and as a whole, gated, capped, with a draw.
fn plan(rate: i64, cap: Option<i64>, draw: Option<i64>) -> Plan {
    let sales = format!(
        r#"{{"name": "Sales", "measure": "net_sales", "pays": {{"tiers": {{"mode": "whole", "axis": "amount", "per": "period",
        "steps": [{{"from": "0", "rate": "0.01"}}, {{"from": "1000", "rate": "0.{rate:02}"}}]}}}}, "floor": "5.00"}}"#
    );
    let visits = r#"{"name": "Visits", "measure": "visits", "pays": {"per_unit": "2.50"}, "gate": [{"metric": "visits", "at_least": "5"}]}"#;
    let deals = r#"{"name": "Deals", "measure": "deals", "pays": {"per_unit": "10.00"}}"#;
    let text = format!(
        r#"{{"name": "P", "currency": "EUR", "period": "month", "components": [{sales}, {visits}, {deals}]{}{}}}"#,
        cap.map(|cap| format!(r#", "cap": "{cap}.00""#)).unwrap_or_default(),
        draw.map(|draw| format!(r#", "draw": {{"amount": "{draw}.00", "recoverable": true}}"#)).unwrap_or_default(),
    );
    Plan::from_json(&text).unwrap_or_else(|refused| panic!("{refused}"))
}

fn plans() -> impl Strategy<Value = Plan> {
    (2_i64..30, option::of(1_i64..500), option::of(1_i64..500)).prop_map(|(rate, cap, draw)| plan(rate, cap, draw))
}

fn known() -> impl Strategy<Value = Facts> {
    let deal = (1_i64..8, -50_000_i64..200_000, 1_u8..=3, any::<bool>(), any::<bool>());
    let rest = (0_i64..12, 0_i64..50_000, -30_000_i64..0, vec(-20_000_i64..20_000, 0..3), any::<bool>());
    (vec(deal, 0..7), rest).prop_map(|(drawn, (visits, owed, carried, adjustments, on_hold))| {
        let mut deals: Vec<Deal> = Vec::new();
        for (number, cents, day, confirmed, held) in drawn {
            if deals.iter().all(|deal| deal.number != number) {
                let day = Date::from_calendar_date(2026, Month::October, day).unwrap();
                let hold = held.then(|| "Why".to_owned());
                deals.push(Deal { confirmed, hold, ..Deal::won(number, day, "C", Money(cents)) });
            }
        }
        let adjustment = |(i, cents): (usize, i64)| Adjustment {
            component: "Sales".to_owned(),
            period: format!("2026-0{}", 8 + i % 2),
            old: Money::ZERO,
            new: Money(cents),
            reason: None,
        };
        Facts {
            rep: "R1".to_owned(),
            period: "2026-10".to_owned(),
            metrics: [(Metric::Visits, Decimal::from(visits))].into(),
            deals: Some(deals),
            draw_balance: Money(owed),
            balance: Money(carried),
            adjustments: adjustments.into_iter().enumerate().map(adjustment).collect(),
            holds: if on_hold { vec![Hold { component: "Deals".to_owned(), reason: None }] } else { vec![] },
            ..Facts::default()
        }
    })
}

proptest! {
    #[test]
    fn every_cent_of_the_difference_is_said(p in plans(), q in plans(), f in known(), g in known()) {
        let there = between((&p, &f), (&q, &g));
        let lines: Money = there.lines.iter().map(LineMoved::amount).sum();
        prop_assert_eq!(lines, there.amount());
        prop_assert_eq!(there.amount(), pay(&q, &g).total.money - pay(&p, &f).total.money);
        for line in &there.lines {
            let parts: Money = line.parts.iter().map(|part| part.amount).sum();
            prop_assert_eq!(parts, line.amount(), "{:?}", line);
            prop_assert!(line.parts.iter().all(|part| part.amount != Money::ZERO));
        }
        // Backwards it is the same with the other sign.
        let back = between((&q, &g), (&p, &f));
        prop_assert_eq!(back.amount(), -there.amount());
        prop_assert_eq!(back.lines.len(), there.lines.len());
        for line in &there.lines {
            let other = back.lines.iter().find(|other| (&other.title, other.kind) == (&line.title, line.kind));
            prop_assert_eq!(other.map(LineMoved::amount), Some(-line.amount()));
        }
    }

    #[test]
    fn the_same_facts_move_nothing(p in plans(), f in known()) {
        let moved = between((&p, &f), (&p, &f));
        prop_assert!(moved.is_nothing(), "{:?}", moved);
    }
}
