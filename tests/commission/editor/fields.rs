//! The fields that few components need: each part of the engine comes back from them, and each mistake stands at its own.

use attain::plans::example::{self, assumes};

use super::*;
use crate::support::examples;

/// What a browser sends for a plan: a share of net sales, and what else is typed; of two of one name the last counts.
fn sent(typed: &[(&str, &str)]) -> PlanForm {
    let usual = [
        ("name", "P"),
        ("from", "2026-11"),
        ("period", "month"),
        ("c0_name", "Sales"),
        ("c0_measure", "net_sales"),
        ("c0_pays", "rate"),
        ("c0_rate", "3"),
        ("c0_m0_from", "0"),
    ];
    let all = typed.iter().chain(usual.iter().filter(|(name, _)| !typed.iter().any(|(typed, _)| typed == name)));
    PlanForm::read(&all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>())
}

fn read(typed: &[(&str, &str)]) -> Plan {
    let read = sent(typed).parse(euro(), Month::January);
    let errors: Vec<_> = read.errors.iter().collect();
    assert_eq!(errors, []);
    read.plan.unwrap().0
}

#[test]
fn every_worked_example_comes_back_from_the_form() {
    let examples = examples();
    assert!(examples.len() >= 60);
    for example in examples {
        comes_back(&Plan::from_json(&example["plan"].to_string()).unwrap());
    }
}

#[test]
fn every_filter_of_deals_comes_back_from_the_form() {
    for only in [
        r#"{"customer_months": {"from": "3", "below": "12"}}"#,
        r#"{"customer_months": {"from": "0"}}"#,
        r#"{"booked": {"from": "2026-10-01"}}"#,
        r#"{"booked": {"through": "2026-10-31"}}"#,
        r#"{"new_customer": false, "cross_sell": false}"#,
        r#"{"customer_months": {"below": "12"}, "booked": {"from": "2026-10-01", "through": "2026-10-01"}, "new_customer": true, "cross_sell": true}"#,
    ] {
        for more in ["", r#", "scope": "team", "credit": "overlay""#] {
            comes_back(&one(r#""net_sales""#, r#"{"rate": "0.03"}"#, &format!(r#", "only": {only}{more}"#)));
            comes_back(&one(r#""deals""#, r#"{"per_unit": "50"}"#, &format!(r#", "only": {only}{more}"#)));
        }
    }
    comes_back(&one(
        r#""earnings""#,
        r#"{"rate": "0.1"}"#,
        r#", "gate": [{"attainment": "visits", "who": "every_rep", "at_least": "1"}]"#,
    ));
    comes_back(&one(r#""new_customers""#, r#"{"per_unit": "50"}"#, r#", "clawback_days": "365""#));
    let yearly = one(
        r#""net_sales""#,
        r#"{"tiers": {"mode": "marginal", "axis": "attainment", "steps": [{"from": "0", "rate": "0.04"}]}}"#,
        r#", "true_up": "year""#,
    );
    comes_back(&yearly);
}

#[test]
fn scorecards_come_back_from_the_form_each_with_its_own_weights() {
    let card = |sales: u32, visits: u32| {
        format!(
            r#"{{"scorecard": [{{"metric": "net_sales", "weight": "{sales}"}}, {{"metric": "visits", "weight": "{visits}"}}]"#
        )
    };
    let plan = one(
        &format!("{}}}", card(60, 40)),
        r#"{"curve": {"on_target": "500", "points": [{"at": "0", "pays": "0"}, {"at": "1", "pays": "1"}]}}"#,
        &format!(
            r#", "gate": [{}, "at_least": "0.5"}}, {}, "at_least": "0.4"}}], "modifier": {}, "steps": [{{"from": "0", "times": "1"}}]}}"#,
            card(60, 40),
            card(10, 90),
            card(60, 40)
        ),
    );
    comes_back(&plan);
    let form = PlanForm::of(&plan, "2026-01");
    let one = &form.components[0];
    assert_eq!((one.measure.as_str(), one.more.times.as_str()), ("scorecard", "scorecard"));
    assert_eq!(one.weights, [["net_sales", "60"], ["visits", "40"]].map(|row| row.map(str::to_owned)));
    assert_eq!(one.gate[1][0], "scorecard net_sales=10 visits=90", "beside the component's own it stays as it is");
}

#[test]
fn a_simple_component_stays_short_and_opens_where_it_says_more() {
    let opens = |typed: &[(&str, &str)]| {
        let form = sent(typed);
        let errors = form.parse(euro(), Month::January).errors;
        form.components[0].says_more(0, &errors)
    };
    let shown = |json: &str| {
        let form = PlanForm::of(&one(r#""net_sales""#, r#"{"rate": "0.03"}"#, json), "2026-01");
        form.components[0].says_more(0, &attain::web::form::Errors::default())
    };
    assert!(!shown(""));
    assert!(!shown(r#", "cap": "100", "gate": [{"metric": "visits", "at_least": "1"}]"#));
    for json in [
        r#", "scope": "team""#,
        r#", "only": {"new_customer": false}"#,
        r#", "modifier": {"metric": "lost_customers", "steps": [{"from": "0", "times": "1"}]}"#,
    ] {
        assert!(shown(json), "{json}");
    }
    // As a browser sends it back it is as short as before.
    let untouched =
        [("c0_m1_from", ""), ("c0_w0_metric", ""), ("c0_w1_metric", ""), ("c0_scope", ""), ("c0_m0_times", "")];
    assert!(!opens(&untouched));
    assert!(opens(&[("c0_clawback", "x")]) && opens(&[("c0_m0_times", "1")]));
    let form = sent(&[("d0_amount", "")]);
    assert!(form.account.says_something() && !sent(&[]).account.says_something());
}

#[test]
fn mistakes_of_the_further_fields_stand_where_they_were_made() {
    let factors = [("c0_times", "lost_customers"), ("c0_m0_times", "1.2"), ("c0_m1_from", "1"), ("c0_m1_times", "1")];
    let card = [
        ("c0_measure", "scorecard"),
        ("c0_pays", "curve"),
        ("c0_target", "500"),
        ("c0_p0_at", "100"),
        ("c0_p0_pays", "100"),
        ("c0_w0_metric", "net_sales"),
        ("c0_w0_weight", "60"),
        ("c0_w1_metric", "visits"),
        ("c0_w1_weight", "40"),
    ];
    let draws = [
        ("d0_amount", "2000"),
        ("d0_back", "no"),
        ("d0_through", "3"),
        ("d2_amount", "2000"),
        ("d2_back", "yes"),
        ("d2_through", "6"),
    ];
    let tiers = [
        ("c0_pays", "tiers"),
        ("c0_over", "amount"),
        ("c0_mode", "marginal"),
        ("c0_s0_from", "0"),
        ("c0_s0_pays", "1"),
        ("c0_s1_from", "1000"),
        ("c0_s1_pays", "2"),
        ("c0_s1_bonus", "50"),
    ];
    for (usual, field, typed, at, words) in [
        (&[][..], "c0_scope", "nobody", "c0_scope", "Sales: choose whose work counts"),
        (&[], "c0_credit", "other", "c0_credit", "choose which credits"),
        (&[], "c0_months_below", "1.5", "c0_months_below", "not whole"),
        (&[("c0_months_from", "12")], "c0_months_below", "6", "c0_months_below", "no month lies"),
        (&[], "c0_booked_from", "soon", "c0_booked_from", "“soon” is not a date"),
        (
            &[("c0_booked_from", "2026-11-01")],
            "c0_booked_through",
            "2026-10-01",
            "c0_booked_through",
            "put them in order",
        ),
        (&[], "c0_first", "perhaps", "c0_first", "choose which deals"),
        (
            &[("c0_first", "yes")],
            "c0_measure",
            "new_customer_sales",
            "c0_first",
            "only net sales and deals are known deal by deal: measure one of them, or count all deals",
        ),
        (
            &[("c0_measure", "visits"), ("c0_pays", "bonus"), ("c0_bonus", "5")],
            "c0_credit",
            "overlay",
            "c0_credit",
            "measure net sales or deals",
        ),
        (&factors, "c0_times", "", "c0_times", "choose what the amount is multiplied by"),
        (&factors, "c0_times", "earnings", "c0_times", "choose what the amount is multiplied by"),
        (&factors, "c0_m0_from", "1", "c0_m0_from", "the first step"),
        (&factors, "c0_m1_from", "0", "c0_m1_from", "does not begin above"),
        (&factors, "c0_m1_times", "", "c0_m1_times", "factor 2: Nothing was entered"),
        (&factors, "c0_m1_times", "-1", "c0_m1_times", "below zero"),
        (&factors, "c0_m1_times", "1000", "c0_m1_times", "below 1,000"),
        (&card, "c0_w1_metric", "", "c0_w1_metric", "choose what is weighted"),
        (&card, "c0_w1_metric", "net_sales", "c0_w1_metric", "twice"),
        (&card, "c0_w1_weight", "0", "c0_w1_weight", "no weight: use a number above 0, like 60"),
        (
            &[("c0_pays", "bonus"), ("c0_bonus", "5")],
            "c0_measure",
            "scorecard",
            "c0_w0_metric",
            "the scorecard is empty",
        ),
        (&card[1..], "c0_measure", "deals", "c0_pays", "follows a target, and this has none"),
        (&[], "c0_clawback", "365", "c0_clawback", "measure new customers, or count only first deals"),
        (&[], "c0_clawback", "x", "c0_clawback", "not a number"),
        (&[], "c0_true_up", "quarter", "c0_true_up", "pay by steps over the % of target reached, or by a curve"),
        (&[], "c0_true_up", "week", "c0_true_up", "choose the period"),
        (&[], "c0_true_up", "month", "c0_true_up", "not longer than the plan's month"),
        (&[("c0_g0_of", "visits"), ("c0_g0_least", "1")], "c0_g0_who", "me", "c0_g0_who", "choose whose number"),
        (&[("c0_g0_least", "1")], "c0_g0_of", "deals", "c0_g0_of", "choose what is compared"),
        (&[("c0_g0_least", "1")], "c0_g0_of", "scorecard nothing", "c0_g0_of", "choose what is compared"),
        (&tiers, "c0_s1_bonus", "much", "c0_s1_bonus", "Sales, step 2: “much” is not a number"),
        (&tiers, "c0_s0_bonus", "50", "c0_s0_bonus", "everybody reaches 0"),
        (&draws, "d0_amount", "-1", "d0_amount", "below zero"),
        (&draws, "d2_amount", "", "d2_amount", "Draw 3: Nothing was entered"),
        (&draws, "d0_back", "", "d0_back", "choose whether what was not earned is paid back"),
        (&draws, "d0_through", "", "d0_through", "another draw follows: say until when this one is paid"),
        (&draws, "d0_through", "0", "d0_through", "first period on the plan is 1"),
        (&draws, "d2_through", "2", "d2_through", "must follow each other"),
        (&[], "recovery", "120", "recovery", "use 0% to 100%"),
        (&[], "recovery", "half", "recovery", "not a number"),
        (&[], "ramp", "25; half", "ramp", "not a number"),
        (&[], "ramp", "0; 50", "ramp", "no share of a target"),
    ] {
        let mut all = usual.to_vec();
        all.retain(|(name, _)| *name != field);
        all.push((field, typed));
        let errors = sent(&all).parse(euro(), Month::January).errors;
        let told = errors.get(at).unwrap_or_else(|| panic!("{field}={typed}: {:?}", errors.iter().collect::<Vec<_>>()));
        assert!(told.contains(words), "{field}={typed}: {told}");
        for engine in ["net_sales", "per_unit", "tiers", "leave this out", "\""] {
            assert!(!told.contains(engine), "{field}={typed}: {told}");
        }
    }
    for usual in [&factors[..], &card, &draws, &tiers] {
        read(usual);
    }
}

#[test]
fn steps_may_pay_their_bonus_alone() {
    let plan = read(&[
        ("c0_measure", "visits"),
        ("c0_pays", "tiers"),
        ("c0_over", "attainment"),
        ("c0_mode", "whole"),
        ("c0_s0_from", "0"),
        ("c0_s0_bonus", "0"),
        ("c0_s1_from", "80"),
        ("c0_s1_bonus", "100"),
    ]);
    let steps = r#"{"tiers": {"mode": "whole", "axis": "attainment", "steps": [{"from": "0", "bonus": "0"}, {"from": "0.8", "bonus": "100"}]}}"#;
    assert_eq!(plan.components[0].pays, one(r#""visits""#, steps, "").components[0].pays);
    let form = sent(&[("c0_measure", "visits"), ("c0_pays", "tiers"), ("c0_over", "attainment"), ("c0_s0_pays", "1")]);
    assert!(form.parse(euro(), Month::January).errors.get("c0_over").unwrap().contains("or a bonus alone"));
}

#[test]
fn warnings_name_the_part_that_they_are_about() {
    let part = |typed: &[(&str, &str)]| -> Vec<(Option<usize>, &'static str)> {
        example::warnings(&read(typed), None).into_iter().map(|warning| (warning.component, warning.part)).collect()
    };
    assert_eq!(part(&[]), []);
    assert_eq!(part(&[("d0_amount", "2000"), ("d0_back", "yes")]), [(None, "draw")]);
    assert_eq!(part(&[("c0_cap", "100")]), [(Some(0), "cap")]);
    assert_eq!(part(&[("c0_g0_of", "visits"), ("c0_g0_most", "-1")]), [(Some(0), "gate")]);
    assert_eq!(part(&[("c0_floor", "100"), ("cap", "50")]), [(None, "cap")]);
    let tiers = [
        ("c0_pays", "tiers"),
        ("c0_over", "amount"),
        ("c0_mode", "whole"),
        ("c0_s0_from", "0"),
        ("c0_s0_pays", "1"),
        ("c0_s1_from", "1000"),
        ("c0_s1_pays", "2"),
    ];
    assert_eq!(part(&tiers), [(Some(0), "tiers")], "a cliff");
    let curve = [("c0_pays", "curve"), ("c0_target", "500"), ("c0_p0_at", "50"), ("c0_p0_pays", "50")];
    assert_eq!(part(&curve), [(Some(0), "curve"), (Some(0), "curve")], "a cliff, and an accidental cap");
    assert_eq!(part(&[("c0_pays", "bonus"), ("c0_bonus", "100")]), [(Some(0), "")]);
}

#[test]
fn what_the_example_takes_for_granted_is_said() {
    let on = |number, typed: &[(&str, &str)]| {
        let example = Example { period_on_plan: number, ..example(&[], &[]) };
        assumes(&read(typed), &example).join(" ")
    };
    let said = |typed: &[(&str, &str)]| on(1, typed);
    assert_eq!(said(&[]), "");
    assert_eq!(said(&[("c0_booked_from", "2026-11-02")]), "All its deals are booked on 1 Nov 2026.");
    assert!(said(&[("c0_first", "yes")]).contains("a new customer's first"));
    assert_eq!(said(&[("c0_scope", "team")]), "The team is one rep who did the same.");
    let draw = [("d0_amount", "2000"), ("d0_back", "no"), ("d0_through", "3"), ("ramp", "25; 100")];
    assert_eq!(
        said(&draw),
        "It is the rep's first month on the plan: 25% of the targets counts, and what is paid is paid with the draw."
    );
    assert!(on(2, &draw).ends_with(
        "month 2 on the plan or a later one: the targets count in full, and what is paid is paid with the draw."
    ));
    assert!(on(4, &draw[..3]).ends_with("a later one: no draw is paid any more, and nothing is owed of one."));
}

#[test]
fn the_chart_pays_what_a_team_sold_along_any_metric() {
    // Along visits, too, the team's deals stay what they are.
    let team = r#", "scope": "team", "gate": [{"attainment": "net_sales", "who": "every_rep", "at_least": "0.7"}, {"metric": "visits", "at_least": "10"}]"#;
    let plan = one(r#""net_sales""#, r#"{"rate": "0.005"}"#, team);
    let only = attain::domain::commission::plan::Only { cross_sell: Some(true), ..Default::default() };
    let plan = Plan { components: vec![Component { only: Some(only), ..plan.components[0].clone() }], ..plan };
    let example = example(
        &[(Metric::NetSales, 5_000_000), (Metric::Visits, 20)],
        &[(Metric::NetSales, 4_600_000), (Metric::Visits, 12)],
    );
    let along = |metric, value: i64| example.pay(&plan, metric, value.into()).unwrap().total.money;
    assert_eq!(along(Metric::NetSales, 4_600_000), along(Metric::Visits, 12));
    assert_eq!(along(Metric::Visits, 12), Money(11_500), "every other deal sells a further category");
    assert_eq!(along(Metric::Visits, 9), Money::ZERO);
}

#[test]
fn a_change_of_factor_has_a_point_on_both_sides() {
    let plan = one(
        r#""net_sales""#,
        r#"{"rate": "0.01"}"#,
        r#", "modifier": {"attainment": "net_sales", "steps": [{"from": "0", "times": "1"}, {"from": "0.777", "times": "2"}]}"#,
    );
    let picture = picture::draw(&plan, &behind(), Metric::NetSales).unwrap().unwrap();
    let at = picture.points.iter().position(|point| point.share == Ratio::from_decimal(Decimal::new(777, 3))).unwrap();
    assert_eq!([picture.points[at - 1].pays, picture.points[at].pays], [Money(38_850), Money(77_700)]);
    let example = example(&[(Metric::NetSales, 5_000_000)], &[(Metric::NetSales, 3_000_000)]);
    let next = picture::draw(&plan, &example, Metric::NetSales).unwrap().unwrap().next;
    assert_eq!(next[1], "Another €8,850.00 reach the factor 2 of C: €777.00 in all.");
    // Of a limit, fewer is better: two losses halve it.
    let plan = one(
        r#""visits""#,
        r#"{"bonus": "100"}"#,
        r#", "modifier": {"metric": "lost_customers", "steps": [{"from": "0", "times": "1.2"}, {"from": "2", "times": "0.5"}]}"#,
    );
    let losses = self::example(&[(Metric::LostCustomers, 4)], &[(Metric::LostCustomers, 3)]);
    let next = picture::draw(&plan, &losses, Metric::LostCustomers).unwrap().unwrap().next;
    assert_eq!(next[1], "2 fewer lost customers reach the factor 1.2 of C: €120.00 in all.");
}
