//! The plan editor over the engine: form and plan say the same, in fields, in words, in the chart, and side by side.

use std::collections::BTreeMap;

use attain::{
    domain::{
        commission::{
            check,
            compare::changes,
            evaluate::evaluate,
            facts::{Deal, Facts},
            picture::{self, Example},
            plan::{
                Axis, Component, Condition, Curve, Draw, Factor, Measure, MeasuringPeriod, Mode, Modifier, Per, Plan,
                Point, Schedule, Step, StepPays, Tiers, Weight, Who,
            },
            templates::Template,
            told,
        },
        metric::{Metric, Unit},
        money::{Currency, Money},
        rate::Ratio,
    },
    plans::form::PlanForm,
};
use proptest::{collection::vec, option, prelude::*, sample::select};
use rust_decimal::Decimal;
use time::{Month, macros::date};

use crate::support::{FIELD, plan_in};

mod chart;
mod fields;

fn euro() -> Currency {
    Currency::parse("EUR").unwrap()
}

/// A plan of one component of one line of JSON.
fn one(measure: &str, pays: &str, more: &str) -> Plan {
    plan_in("EUR", &format!(r#"{{"name": "C", "measure": {measure}, "pays": {pays}{more}}}"#))
}

fn comes_back(plan: &Plan) {
    let form = PlanForm::of(plan, "2026-01");
    let read = form.parse(plan.currency, Month::January);
    let errors: Vec<_> = read.errors.iter().collect();
    assert_eq!(errors, [], "{form:#?}");
    assert_eq!(read.plan, Some((plan.clone(), date!(2026 - 01 - 01))));
}

#[test]
fn every_example_comes_back_from_the_form() {
    comes_back(&Plan::from_json(FIELD).unwrap());
    for template in Template::ALL {
        for code in ["EUR", "JPY", "KWD", "NOK"] {
            let currency = Currency::parse(code).unwrap();
            comes_back(&template.plan("P", currency, date!(2026 - 01 - 31)));
        }
    }
    let guide = include_str!("../../docs/commission-plans.md");
    let blocks = guide.split("\n```").skip(1).step_by(2).filter_map(|block| block.split_once('\n'));
    let mut seen = 0;
    for (kind, inside) in blocks {
        match kind {
            "json plan" => comes_back(&Plan::from_json(inside).unwrap()),
            "json component" => comes_back(&plan_in("EUR", inside)),
            _ => continue,
        }
        seen += 1;
    }
    assert_eq!(seen, 14);
}

fn share() -> impl Strategy<Value = Decimal> {
    (0_i64..3_000_000_000).prop_map(|digits| Decimal::new(digits, 9))
}

fn amount() -> impl Strategy<Value = Money> {
    (0_i64..10_000_000).prop_map(Money)
}

/// Ascending numbers, the first 0.
fn edges() -> impl Strategy<Value = Vec<i64>> {
    vec(1_i64..5_000_000, 0..5).prop_map(|mut edges| {
        edges.push(0);
        edges.sort_unstable();
        edges.dedup();
        edges
    })
}

fn tiers() -> impl Strategy<Value = (Measure, Schedule)> {
    let kinds = select(vec![
        (Axis::Amount, Per::Period),
        (Axis::Amount, Per::Deal),
        (Axis::Count, Per::Period),
        (Axis::Attainment, Per::Period),
        (Axis::Amount, Per::YearToDate),
        (Axis::Count, Per::YearToDate),
        (Axis::Attainment, Per::YearToDate),
    ]);
    let pays = vec((0_i64..500_000, option::of(amount())), 6);
    (kinds, any::<bool>(), edges(), pays).prop_map(|((axis, per), whole, edges, pays)| {
        let plain = |edge: i64, pays: i64| match axis {
            Axis::Amount => Step::new(Decimal::new(edge, 2), StepPays::Rate(Decimal::new(pays, 6))),
            Axis::Count => Step::new(Decimal::from(edge), StepPays::PerUnit(Money(pays))),
            Axis::Attainment => Step::new(Decimal::new(edge, 5), StepPays::Rate(Decimal::new(pays, 6))),
        };
        let step = |(edge, (pays, bonus)): (i64, (i64, Option<Money>))| {
            // Everybody reaches 0.
            let bonus = bonus.map(|bonus| if edge == 0 { Money::ZERO } else { bonus });
            Step { bonus, ..plain(edge, pays) }
        };
        let metric = if axis == Axis::Count { Metric::Visits } else { Metric::NetSales };
        let measure =
            if axis == Axis::Attainment && whole { Measure::Attainment(metric) } else { Measure::Metric(metric) };
        let steps = edges.into_iter().zip(pays).map(step).collect();
        (measure, Schedule::Tiers(Tiers { mode: if whole { Mode::Whole } else { Mode::Marginal }, axis, per, steps }))
    })
}

/// A scorecard of some metrics; now and then another one than a component's own.
fn card() -> impl Strategy<Value = Measure> {
    (1_u32..100).prop_map(|first| {
        let weight = |metric, weight: u32| Weight { metric, weight: weight.into() };
        Measure::Scorecard(vec![weight(Metric::NetSales, first), weight(Metric::Visits, 100 - first)])
    })
}

/// What is compared or looked up.
fn compared() -> impl Strategy<Value = Measure> {
    prop_oneof![3 => measure(), 1 => card()]
}

fn modifier() -> impl Strategy<Value = Modifier> {
    (compared(), edges(), vec(0_i64..9_000_000, 6)).prop_map(|(of, edges, times)| {
        let step = |(edge, times)| Factor { from: number_of(&of, edge), times: Decimal::new(times, 4) };
        let steps = edges.into_iter().zip(times).map(step).collect();
        Modifier { of, steps }
    })
}

/// A number that a measure can be compared with.
fn number_of(of: &Measure, number: i64) -> Decimal {
    match of.what().unit() {
        _ if of.is_attainment() => Decimal::new(number, 7),
        Unit::Fraction => Decimal::new(number, 7),
        Unit::Money => Decimal::new(number, 2),
        Unit::Count => Decimal::from(number),
    }
}

fn measure() -> impl Strategy<Value = Measure> {
    (select(Metric::ALL.to_vec()), any::<bool>())
        .prop_map(|(metric, plain)| if plain { Measure::Metric(metric) } else { Measure::Attainment(metric) })
}

fn curve() -> impl Strategy<Value = (Measure, Schedule)> {
    (measure(), amount(), edges(), vec(share(), 6)).prop_map(|(measure, on_target, at, pays)| {
        let point = |(at, pays)| Point { at: Decimal::new(at, 6), pays };
        (measure, Schedule::Curve(Curve { on_target, points: at.into_iter().zip(pays).map(point).collect() }))
    })
}

fn schedule() -> impl Strategy<Value = (Measure, Schedule)> {
    prop_oneof![
        share().prop_map(|rate| (Measure::Metric(Metric::NewCustomerSales), Schedule::Rate(rate))),
        amount().prop_map(|each| (Measure::Metric(Metric::Touches), Schedule::PerUnit(each))),
        (measure(), amount()).prop_map(|(measure, bonus)| (measure, Schedule::Bonus(bonus))),
        curve(),
        tiers(),
    ]
}

fn condition() -> impl Strategy<Value = Condition> {
    let edges = (0_i64..2_000_000, option::of(0_i64..2_000_000), any::<bool>());
    (compared(), select(Who::ALL.to_vec()), edges).prop_map(|(of, who, (edge, more, least))| {
        let (low, high) = (Some(number_of(&of, edge)), more.map(|more| number_of(&of, edge + more)));
        let (at_least, at_most) = if least || high.is_some() { (low, high) } else { (None, low) };
        Condition { of, who, at_least, at_most }
    })
}

/// Draws that follow each other, the last now and then without an end.
fn draws() -> impl Strategy<Value = Vec<Draw>> {
    (vec((amount(), any::<bool>(), 1_u32..9), 0..4), any::<bool>()).prop_map(|(drawn, open)| {
        let mut through = 0;
        let mut draws: Vec<Draw> = drawn
            .into_iter()
            .map(|(amount, recoverable, periods)| {
                through += periods;
                Draw { amount, recoverable, through: Some(through) }
            })
            .collect();
        if let Some(last) = draws.last_mut().filter(|_| open) {
            last.through = None;
        }
        draws
    })
}

/// What is drawn for a component: measure and schedule, conditions and modifier, cap and floor.
type Part = ((Measure, Schedule), (Vec<Condition>, Option<Modifier>), (Option<Money>, Option<Money>));

fn plans() -> impl Strategy<Value = Plan> {
    let limits = || (option::of(amount()), option::of(amount()));
    let component = (schedule(), (vec(condition(), 0..4), option::of(modifier())), limits());
    let account = (draws(), option::of((0_i64..=1_000_000).prop_map(|part| Decimal::new(part, 6))));
    // Measured by the year, a plan has no year to date.
    let periods = select(vec![MeasuringPeriod::Month, MeasuringPeriod::Quarter]);
    (vec(component, 1..5), limits(), periods, account).prop_map(
        |(drawn, (cap, floor), period, (draw, recovery_cap))| {
            // The floor lies below the cap.
            let limits = |cap: Option<Money>, floor: Option<Money>| match (cap, floor) {
                (Some(cap), Some(floor)) => (Some(cap.max(floor)), Some(cap.min(floor))),
                limits => limits,
            };
            let component = |(i, part): (usize, Part)| {
                let ((measure, pays), (gate, modifier), (cap, floor)) = part;
                let (cap, floor) = limits(cap, floor);
                Component { gate, modifier, cap, floor, ..Component::new(format!("C {i}"), measure, pays) }
            };
            let components = drawn.into_iter().enumerate().map(component).collect();
            let (cap, floor) = limits(cap, floor);
            Plan {
                cap,
                floor,
                draw,
                recovery_cap,
                ..Plan::new("P", Currency::parse("EUR").unwrap(), period, components)
            }
        },
    )
}

proptest! {
    #[test]
    fn every_plan_comes_back_from_the_form(plan in plans()) {
        prop_assert_eq!(plan.faults(), []);
        comes_back(&plan);
        // And it can be told.
        for component in &plan.components {
            prop_assert!(told::component(component, plan.currency).iter().all(|words| words.ends_with('.')));
        }
    }
}

fn words(plan: &Plan) -> Vec<String> {
    plan.components.iter().flat_map(|component| told::component(component, plan.currency)).collect()
}

#[test]
fn every_way_to_pay_reads_as_sentences() {
    let tiers = |mode: &str, axis: &str, steps: &str| {
        format!(r#"{{"tiers": {{"mode": "{mode}", "axis": "{axis}", "steps": [{steps}]}}}}"#)
    };
    let amounts =
        r#"{"from": "0", "rate": "0.01"}, {"from": "1000", "rate": "0.02"}, {"from": "3000", "rate": "0.03"}"#;
    let shares = r#"{"from": "0", "rate": "0.04"}, {"from": "1", "rate": "0.06"}, {"from": "1.2", "rate": "0.08"}"#;
    let counts = r#"{"from": "0", "per_unit": "50"}, {"from": "5", "per_unit": "80"}, {"from": "9", "per_unit": "90"}"#;
    let sales = r#""net_sales""#;
    let customers = r#""new_customers""#;
    let deals = tiers("whole", "amount", amounts).replace(r#""axis""#, r#""per": "deal", "axis""#);
    let deals_marginal = deals.replace("whole", "marginal");
    for (measure, pays, more, told) in [
        (sales, r#"{"rate": "0.03"}"#.to_owned(), "", &["Every euro of net sales pays 3%."][..]),
        (r#""visits""#, r#"{"per_unit": "8"}"#.to_owned(), "", &["Each visit pays €8.00."]),
        (
            r#""visits""#,
            r#"{"bonus": "200"}"#.to_owned(),
            r#", "gate": [{"attainment": "visits", "at_least": "1"}, {"metric": "net_sales", "at_least": "1000"}], "cap": "150", "floor": "10""#,
            &[
                "A bonus of €200.00.",
                "It pays only with at least 100% of the target for visits and net sales of at least €1,000.00.",
                "It pays €150.00 at most.",
                "It pays €10.00 at least, as long as it pays at all.",
            ],
        ),
        (
            sales,
            tiers("marginal", "amount", amounts),
            "",
            &[
                "Up to €1,000.00 every euro of net sales pays 1%.",
                "From €1,000.00 to €3,000.00 every further euro pays 2%.",
                "From €3,000.00 on every further euro pays 3%.",
            ],
        ),
        (
            sales,
            tiers("whole", "amount", amounts),
            "",
            &[
                "Below €1,000.00 all net sales pay 1%.",
                "From €1,000.00 to below €3,000.00 all net sales pay 2%, from the first euro.",
                "From €3,000.00 on all net sales pay 3%, from the first euro.",
            ],
        ),
        (
            sales,
            tiers("marginal", "attainment", shares),
            "",
            &[
                "Up to 100% of target every euro of net sales pays 4%.",
                "From 100% to 120% of target every further euro pays 6%.",
                "From 120% of target every further euro pays 8%.",
                "Without a target it pays nothing.",
            ],
        ),
        (
            sales,
            deals,
            "",
            &[
                "A deal below €1,000.00 pays 1%.",
                "A deal from €1,000.00 to below €3,000.00 pays 2%, all of it.",
                "A deal of €3,000.00 or more pays 3%, all of it.",
            ],
        ),
        (
            sales,
            deals_marginal,
            "",
            &[
                "Of each deal, every euro up to €1,000.00 pays 1%.",
                "From €1,000.00 to €3,000.00 every further euro of a deal pays 2%.",
                "From €3,000.00 on every further euro of a deal pays 3%.",
            ],
        ),
        (
            customers,
            tiers("marginal", "count", counts),
            "",
            &[
                "The first 4 new customers pay €50.00 each.",
                "From number 5 to 8 each new customer pays €80.00.",
                "From number 9 on each further new customer pays €90.00.",
            ],
        ),
        (
            customers,
            tiers("whole", "count", counts),
            "",
            &[
                "With fewer than 5 each new customer pays €50.00.",
                "With 5 to 8 each new customer pays €80.00, from the first one.",
                "With 9 or more each new customer pays €90.00, from the first one.",
            ],
        ),
        (
            r#"{"attainment": "visits"}"#,
            r#"{"curve": {"on_target": "500", "points": [{"at": "0.8", "pays": "0.5"}, {"at": "1", "pays": "1"}]}}"#
                .to_owned(),
            "",
            &[
                "Below 80% of target for visits it pays nothing.",
                "It pays €250.00 at 80% and €500.00 at 100%, and follows a straight line in between.",
                "Above 100% it stays at €500.00.",
                "Without a target it pays nothing.",
            ],
        ),
    ] {
        assert_eq!(words(&one(measure, &pays, more)), told);
    }
}

fn example(targets: &[(Metric, i64)], reached: &[(Metric, i64)]) -> Example {
    let map = |values: &[(Metric, i64)]| -> BTreeMap<Metric, Decimal> {
        values.iter().map(|(metric, value)| (*metric, Decimal::from(*value))).collect()
    };
    let (targets, reached) = (map(targets), map(reached));
    Example {
        on: date!(2026 - 11 - 01),
        period: "2026-11".to_owned(),
        targets,
        reached,
        deals: 4,
        year_targets: None,
        period_on_plan: 1,
    }
}

/// 50,000 expected, 46,000 sold.
fn behind() -> Example {
    example(&[(Metric::NetSales, 5_000_000)], &[(Metric::NetSales, 4_600_000)])
}

fn accelerator() -> Plan {
    let mut plan = Template::Accelerator.plan("P", euro(), date!(2026 - 11 - 01));
    plan.components[0].true_up = None;
    plan
}

#[test]
fn every_point_of_the_chart_is_what_the_engine_pays() {
    let whole = one(
        r#""net_sales""#,
        r#"{"tiers": {"mode": "whole", "axis": "attainment", "steps": [{"from": "0", "rate": "0.01"}, {"from": "0.777", "rate": "0.05"}]}}"#,
        r#", "cap": "3000", "gate": [{"metric": "visits", "at_least": "3"}]"#,
    );
    for plan in [accelerator(), whole] {
        let mut example = behind();
        example.reached.insert(Metric::Visits, 3.into());
        let picture = picture::draw(&plan, &example, Metric::NetSales).unwrap().unwrap();
        assert!(picture.points.len() > 200);
        assert!(picture.points.is_sorted_by(|a, b| a.share < b.share));
        for point in &picture.points {
            let sales = (point.share.decimal() * Decimal::from(5_000_000)).round();
            let facts = Facts {
                rep: "R".into(),
                period: "2026-11".into(),
                metrics: [(Metric::NetSales, sales), (Metric::Visits, 3.into())].into(),
                targets: [(Metric::NetSales, 5_000_000.into())].into(),
                ..Facts::default()
            };
            assert_eq!(point.pays, evaluate(&plan, &facts).unwrap().total.money, "{point:?}");
        }
        // The end, the edge and what lies just below it are there.
        assert_eq!(picture.points.last().unwrap().share, Ratio::from(2));
    }
}

#[test]
fn a_jump_has_a_point_on_both_sides() {
    let plan = one(
        r#""net_sales""#,
        r#"{"tiers": {"mode": "whole", "axis": "attainment", "steps": [{"from": "0", "rate": "0"}, {"from": "0.777", "rate": "0.10"}]}}"#,
        "",
    );
    let picture = picture::draw(&plan, &behind(), Metric::NetSales).unwrap().unwrap();
    let first = picture.points.iter().position(|point| point.pays > Money::ZERO).unwrap();
    assert_eq!(picture.points[first].share, Ratio::from_decimal(Decimal::new(777, 3)));
    assert_eq!(picture.points[first - 1].share, Ratio::from_decimal(Decimal::new(7_769_998, 7)));
    assert_eq!(picture.points[first].pays, Money(388_500));
}

#[test]
fn the_next_unit_and_the_next_edges_are_asked_of_the_engine() {
    let next = |plan: &Plan, example: &Example, along| picture::draw(plan, example, along).unwrap().unwrap().next;
    assert_eq!(
        next(&accelerator(), &behind(), Metric::NetSales),
        [
            "The next €100.00 of net sales is worth €4.00.",
            "Another €4,000.00 reach the 6% tier of Sales: €2,000.00 in all.",
            "Another €14,000.00 reach the 8% tier of Sales: €2,600.00 in all.",
        ]
    );
    let gate = r#""gate": [{"attainment": "stranger_visits", "at_least": "1"}]"#;
    let hunter = plan_in(
        "EUR",
        &format!(
            r#"{{"name": "New customers", "measure": "new_customers", {gate}, "pays": {{"tiers": {{"mode": "marginal", "axis": "count",
                 "steps": [{{"from": "0", "per_unit": "50.00"}}, {{"from": "5", "per_unit": "80.00"}}]}}}}}},
               {{"name": "Sales", "measure": "net_sales", {gate}, "pays": {{"rate": "0.04"}}}}"#
        ),
    );
    let mut example = example(
        &[(Metric::NewCustomers, 6), (Metric::StrangerVisits, 20)],
        &[(Metric::NewCustomers, 4), (Metric::StrangerVisits, 20)],
    );
    assert_eq!(
        next(&hunter, &example, Metric::NewCustomers),
        [
            "The next new customer is worth €80.00.",
            "Another new customer reaches the €80.00 tier of New customers: €280.00 in all.",
        ]
    );
    example.reached.insert(Metric::StrangerVisits, 17.into());
    assert_eq!(
        next(&hunter, &example, Metric::StrangerVisits),
        [
            "The next stranger visit is worth nothing.",
            "Another 3 stranger visits reach the condition of New customers: €200.00 in all.",
            "Another 3 stranger visits reach the condition of Sales: €200.00 in all.",
        ]
    );
    // Of a limit, fewer is better: attainment rises as losses fall.
    let keeping = one(
        r#""lost_customers""#,
        r#"{"curve": {"on_target": "100", "points": [{"at": "0.5", "pays": "0"}, {"at": "1", "pays": "1"}]}}"#,
        "",
    );
    let losses = self::example(&[(Metric::LostCustomers, 2)], &[(Metric::LostCustomers, 2)]);
    let picture = picture::draw(&keeping, &losses, Metric::LostCustomers).unwrap().unwrap();
    assert_eq!(picture.next, ["The next lost customer costs €100.00."]);
    let pays: Vec<i64> = picture.points.iter().map(|point| point.pays.0).collect();
    assert_eq!(pays, [0, 0, 10_000, 10_000, 10_000], "4, 3, 2, 1 and 0 losses");
}

#[test]
fn deals_of_the_example_climb_one_by_one() {
    let plan = one(
        r#""net_sales""#,
        r#"{"tiers": {"mode": "whole", "per": "deal", "axis": "amount", "steps": [{"from": "0", "rate": "0.01"}, {"from": "12500", "rate": "0.02"}]}}"#,
        "",
    );
    let example = behind();
    let pay = |sales: i64| example.pay(&plan, Metric::NetSales, sales.into()).unwrap().total.money;
    assert_eq!(pay(5_000_000), Money(100_000), "four deals of 12,500");
    assert_eq!(pay(4_999_999), Money(87_500), "one of the four lies a cent below");
    let deals = (1..=4).map(|n| Deal::won(n, date!(2026 - 11 - 01), "C", Money(1_250_000))).collect();
    let facts = Facts { rep: "R".into(), period: "2026-11".into(), deals: Some(deals), ..Facts::default() };
    assert_eq!(evaluate(&plan, &facts).unwrap().total.money, pay(5_000_000));
}

#[test]
fn a_gate_that_never_holds_is_told() {
    let gate = |gate: &str| {
        let plan = one(r#""visits""#, r#"{"bonus": "1"}"#, &format!(r#", "gate": [{gate}]"#));
        check::warnings(&plan).iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        gate(r#"{"metric": "visits", "at_least": "20"}, {"metric": "visits", "at_most": "10"}"#),
        [
            "components[0].gate[1]: it contradicts an earlier condition, so this never holds and the component never pays"
        ]
    );
    assert_eq!(
        gate(r#"{"attainment": "lost_customers", "at_least": "2.5"}"#),
        [
            "components[0].gate[0]: on a limit more than 200% is never reached, so this never holds and the component never pays"
        ]
    );
    assert_eq!(
        gate(r#"{"metric": "visits", "at_most": "-1"}"#),
        ["components[0].gate[0]: visits are never below zero, so this never holds and the component never pays"]
    );
    assert_eq!(gate(r#"{"metric": "visits", "at_least": "10"}, {"metric": "visits", "at_most": "20"}"#), [""; 0]);
    assert_eq!(gate(r#"{"metric": "new_customers", "at_most": "-1"}"#), [""; 0]);
}

#[test]
fn two_versions_differ_by_component() {
    let old = Plan::from_json(FIELD).unwrap();
    let mut new = old.clone();
    assert_eq!(changes(&old, &new), []);
    new.components.swap(0, 2);
    assert_eq!(changes(&old, &new), [], "the order pays nothing");
    new.components[2].cap = Some(Money(50_000));
    new.components[1].name = "Hunting".to_owned();
    new.floor = Some(Money(10_000));
    let told = changes(&old, &new);
    let parts: Vec<(&str, &str)> = told.iter().map(|change| (change.part.as_str(), change.what())).collect();
    assert_eq!(
        parts,
        [("The whole plan", "changed"), ("Hunting", "added"), ("Sales", "changed"), ("New customers", "removed")]
    );
    assert_eq!(told[2].new.last().unwrap(), "It pays €500.00 at most.");
    assert_eq!(told[0].new.last().unwrap(), "All components together pay €100.00 at least.");
}

#[test]
fn the_metrics_whose_targets_it_needs_are_known() {
    let needs = |plan: &Plan| plan.attained().iter().map(|one| one.metric).collect::<Vec<_>>();
    assert_eq!(needs(&accelerator()), [Metric::NetSales]);
    assert!(accelerator().attained().iter().all(|target| !target.of_year));
    assert_eq!(needs(&Plan::from_json(FIELD).unwrap()), [Metric::Visits]);
    assert_eq!(needs(&Template::Starter.plan("P", euro(), date!(2026 - 11 - 01))), []);
}
