//! The plan editor's chart and hints: caps, conditions that end, round attainments, and how much is asked.

use super::*;

fn draw(plan: &Plan, example: &Example, along: Metric) -> picture::Picture {
    picture::draw(plan, example, along).unwrap().unwrap()
}

#[test]
fn a_cap_within_the_chart_is_told_with_its_place() {
    let mut plan = accelerator();
    plan.components[0].cap = Some(Money(150_000));
    let cuts = |plan: &Plan| -> Vec<String> {
        draw(plan, &behind(), Metric::NetSales).cuts.into_iter().map(|cut| cut.words).collect()
    };
    let at_or_before = ", so before the target or on it: what is done beyond pays nothing more";
    assert_eq!(cuts(&plan), [format!("the cap of €1,500.00 is reached at 75% of the target{at_or_before}")]);
    // Between two points of the chart: at the one after it.
    plan.components[0].cap = Some(Money(150_100));
    assert_eq!(cuts(&plan), [format!("the cap of €1,501.00 is reached at 76% of the target{at_or_before}")]);
    plan.components[0].cap = None;
    plan.cap = Some(Money(260_000));
    assert_eq!(
        cuts(&plan),
        ["the cap of €2,600.00 is reached at 120% of the target: what is done beyond pays nothing more"]
    );
    plan.cap = Some(Money(100_000_000));
    assert_eq!(cuts(&plan), [""; 0]);
    // By accident exactly on the target.
    let plan = one(r#""net_sales""#, r#"{"rate": "0.04"}"#, r#", "cap": "2000""#);
    assert_eq!(cuts(&plan), [format!("the cap of €2,000.00 is reached at 100% of the target{at_or_before}")]);
    // A plan that ends at its cap by itself loses nothing.
    let pays = r#"{"curve": {"on_target": "500", "points": [{"at": "0", "pays": "0"}, {"at": "1", "pays": "1"}]}}"#;
    assert_eq!(cuts(&one(r#""net_sales""#, pays, r#", "cap": "500""#)), [""; 0]);
}

#[test]
fn a_condition_that_ends_is_an_edge() {
    // Of a limit fewer is better: at most two opens it.
    let plan = one(
        r#""lost_customers""#,
        r#"{"bonus": "200"}"#,
        r#", "gate": [{"metric": "lost_customers", "at_most": "2"}]"#,
    );
    let next = |plan: &Plan, lost: i64| {
        let example = example(&[(Metric::LostCustomers, 4)], &[(Metric::LostCustomers, lost)]);
        draw(plan, &example, Metric::LostCustomers).next
    };
    assert_eq!(
        next(&plan, 3),
        [
            "The next lost customer is worth nothing.",
            "1 fewer lost customer reaches the condition of C: €200.00 in all."
        ]
    );
    assert_eq!(next(&plan, 2), ["The next lost customer costs €200.00."]);
    let odd = one(
        r#""lost_customers""#,
        r#"{"bonus": "200"}"#,
        r#", "gate": [{"metric": "lost_customers", "at_least": "0"}]"#,
    );
    assert_eq!(next(&odd, 2), ["The next lost customer is worth nothing."], "fewer than none are not lost");
    // Net sales above the edge end it.
    let plan =
        one(r#""net_sales""#, r#"{"rate": "0.01"}"#, r#", "gate": [{"metric": "net_sales", "at_most": "60010"}]"#);
    assert_eq!(
        draw(&plan, &behind(), Metric::NetSales).next,
        ["The next €100.00 of net sales is worth €1.00.", "Another €14,010.01 break the condition of C: €0.00 in all."]
    );
    let points = draw(&plan, &behind(), Metric::NetSales).points;
    let last = points.iter().rposition(|point| point.pays > Money::ZERO).unwrap();
    assert_eq!(points[last].pays, Money(60_010), "paid up to the edge itself");
    assert_eq!(points[last + 1].share, Ratio::new(6_001_001, 5_000_000).unwrap(), "and a cent above it no longer");
}

#[test]
fn a_jump_along_a_limit_has_a_point_on_both_sides() {
    let shares = |gate: &str, first: bool| {
        let plan = one(r#""lost_customers""#, r#"{"bonus": "200"}"#, &format!(r#", "gate": [{gate}]"#));
        let example = example(&[(Metric::LostCustomers, 400)], &[(Metric::LostCustomers, 400)]);
        let points = draw(&plan, &example, Metric::LostCustomers).points;
        let paid = |point: &picture::Point| (point.pays > Money::ZERO) == first;
        let at = points.iter().position(paid).unwrap();
        [points[at - 1].share, points[at].share]
    };
    let lost = |lost: i128| Ratio::new(800 - lost, 400).unwrap();
    assert_eq!(shares(r#"{"metric": "lost_customers", "at_most": "201"}"#, true), [lost(202), lost(201)]);
    assert_eq!(shares(r#"{"attainment": "lost_customers", "at_most": "1"}"#, false), [lost(400), lost(399)]);
    assert_eq!(shares(r#"{"metric": "lost_customers", "at_least": "201"}"#, false), [lost(201), lost(200)]);
    assert_eq!(shares(r#"{"attainment": "lost_customers", "at_least": "0.5025"}"#, true), [lost(600), lost(599)]);
}

#[test]
fn the_table_names_the_share_that_whole_numbers_have() {
    let rows = |target: i64| -> Vec<(Decimal, Decimal)> {
        let rows = example(&[(Metric::NewCustomers, target)], &[]).rows_of_table(Metric::NewCustomers);
        rows.into_iter().map(|(value, share)| (value, share.percent_floored(0))).collect()
    };
    let pairs = |pairs: &[(i64, i64)]| -> Vec<(Decimal, Decimal)> {
        pairs.iter().map(|(value, percent)| ((*value).into(), (*percent).into())).collect()
    };
    assert_eq!(rows(6), pairs(&[(0, 0), (3, 50), (5, 83), (6, 100), (7, 116), (9, 150), (12, 200)]));
    assert_eq!(rows(2), pairs(&[(0, 0), (1, 50), (2, 100), (3, 150), (4, 200)]), "each once");
    assert_eq!(rows(0), []);
}

/// So many components, each with so many steps at other edges.
fn steps(components: usize, steps: usize) -> String {
    let step = |i: usize, k: usize| {
        let from = if k == 0 { 0 } else { i * 1_009 + k * 2_003 };
        format!(r#"{{"from": "{from}", "rate": "0.01"}}"#)
    };
    let one = |i: usize| {
        let steps: Vec<String> = (0..steps).map(|k| step(i, k)).collect();
        format!(
            r#"{{"name": "C{i}", "measure": "net_sales", "pays": {{"tiers": {{"mode": "marginal", "axis": "amount", "steps": [{}]}}}}}}"#,
            steps.join(",")
        )
    };
    (0..components).map(one).collect::<Vec<_>>().join(",")
}

#[test]
fn the_largest_plan_is_drawn_with_a_limited_number_of_points() {
    let points = draw(&plan_in("EUR", &steps(20, 30)), &behind(), Metric::NetSales).points;
    assert!((202..=201 + 120).contains(&points.len()), "{}", points.len());
}

#[test]
fn a_plan_larger_than_what_is_saved_is_told_so_and_pays() {
    let refused = |components: &str| -> Vec<String> {
        let text = format!(r#"{{"name": "P", "currency": "EUR", "period": "month", "components": [{components}]}}"#);
        // Larger than what is saved, a plan is read all the same, and pays.
        let plan = Plan::from_json(&text).unwrap();
        assert!(behind().pay(&plan, Metric::NetSales, Decimal::from(1_000_000)).is_ok());
        plan.oversize().iter().map(ToString::to_string).collect()
    };
    assert_eq!(refused(&steps(20, 30)), [""; 0]);
    comes_back(&plan_in("EUR", &steps(20, 30)));
    assert_eq!(refused(&steps(21, 1)), ["components: 21 components are too many: at most 20 are possible"]);
    assert_eq!(
        refused(&steps(1, 31)),
        ["components[0].pays.tiers.steps: 31 steps are too many: at most 30 are possible"]
    );
    let rows = |number: usize, row: &dyn Fn(usize) -> String| (0..number).map(row).collect::<Vec<_>>().join(",");
    let curve = |number: usize| {
        let points = rows(number, &|k| format!(r#"{{"at": "0.{k:02}", "pays": "1"}}"#));
        format!(
            r#"{{"name": "C", "measure": "visits", "pays": {{"curve": {{"on_target": "5", "points": [{points}]}}}}}}"#
        )
    };
    assert_eq!(refused(&curve(30)), [""; 0]);
    assert_eq!(
        refused(&curve(31)),
        ["components[0].pays.curve.points: 31 points are too many: at most 30 are possible"]
    );
    let gate = |number: usize| {
        let gate = rows(number, &|k| format!(r#"{{"metric": "visits", "at_least": "{k}"}}"#));
        format!(r#"{{"name": "C", "measure": "visits", "pays": {{"bonus": "5"}}, "gate": [{gate}]}}"#)
    };
    assert_eq!(refused(&gate(30)), [""; 0]);
    assert_eq!(refused(&gate(31)), ["components[0].gate: 31 conditions are too many: at most 30 are possible"]);
    let clawback = |days: u32| {
        format!(
            r#"{{"name": "C", "measure": "new_customers", "pays": {{"per_unit": "5"}}, "clawback_days": "{days}"}}"#
        )
    };
    assert_eq!(refused(&clawback(730)), [""; 0]);
    let [too_long] = &refused(&clawback(731))[..] else { panic!("one fault") };
    assert!(
        too_long.starts_with("components[0].clawback_days: ") && too_long.ends_with("use at most 730"),
        "{too_long}"
    );
}

#[tokio::test]
async fn the_chart_is_drawn_beside_the_threads_that_serve() {
    let plan = plan_in("EUR", &steps(20, 30));
    let mut drawing = std::pin::pin!(attain::plans::example::shown_beside(&plan, behind(), Metric::NetSales));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(drawing.as_mut().poll(&mut context).is_pending(), "it is not drawn here");
    assert!(drawing.await.unwrap().unwrap().is_some());
}
