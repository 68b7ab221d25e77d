//! The forms are read strictly: what is unknown, unfit or not supported yet is refused with its place and a remedy.

use attain::domain::{
    commission::{check::warnings, plan::Plan},
    metric::{Metric, Unit},
};

use crate::support::{FIELD, OCTOBER, component, refused_facts, refused_plan, tiers};

fn plan_with(component: &str) -> String {
    format!(r#"{{"name": "P", "currency": "EUR", "period": "month", "components": [{component}]}}"#)
}

/// Why a component on net sales that pays this is refused.
fn refused_pays(measure: &str, pays: &str) -> Vec<String> {
    refused_plan(&plan_with(&format!(r#"{{"name": "C", "measure": {measure}, "pays": {pays}}}"#)))
}

#[test]
fn unknown_keys_are_refused_with_their_place() {
    let typo = FIELD.replace(r#""rate": "0.03""#, r#""rat": "0.03""#);
    assert_eq!(
        refused_plan(&typo),
        [
            "components[0].pays.tiers.steps[2].rat: unknown key; known here: from, rate, per_unit, bonus",
            "components[0].pays.tiers.steps[2]: say what the step pays: give it \"rate\", and only that",
        ]
    );
    let typo = FIELD.replace(r#""cap": "400.00""#, r#""capp": "400.00""#);
    assert_eq!(
        refused_plan(&typo),
        [
            "components[1].capp: unknown key; known here: name, measure, pays, gate, cap, floor, modifier, scope, credit, only, clawback_days, true_up"
        ]
    );
    let typo = FIELD.replace(r#""at_least": "1""#, r#""atleast": "1""#);
    assert_eq!(
        refused_plan(&typo),
        [
            "components[2].gate[0].atleast: unknown key; known here: metric, attainment, scorecard, who, at_least, at_most",
            "components[2].gate[0]: the condition has no edge: give at_least or at_most",
        ]
    );
    let typo = FIELD.replacen(r#""name""#, r#""colour": 1, "name""#, 1);
    assert_eq!(
        refused_plan(&typo),
        [
            "colour: unknown key; known here: name, currency, period, components, cap, floor, draw, recovery_cap, ramp, scope"
        ]
    );
    let typo = OCTOBER.replacen(r#""customer""#, r#""client""#, 1);
    assert_eq!(
        refused_facts(&typo),
        [
            "deals[0].client: unknown key; known here: number, booked_on, customer, amount, returns, share, credits, part, stage, confirmed, rep, overlay, hold, customer_since, new_customer, cross_sell, primary, lost_after"
        ]
    );
}

/// The definitions name every metric in one table: each of them is known here, in that unit and with that better side.
#[test]
fn every_metric_of_the_dictionary_can_be_paid_by() {
    for (metric, unit, limit) in [
        ("loss_rate", Unit::Fraction, true),
        ("time_on_a", Unit::Fraction, false),
        ("concentration", Unit::Fraction, true),
        ("contribution", Unit::Money, false),
    ] {
        let known = Metric::parse(metric).unwrap();
        assert_eq!((known.unit(), known.is_limit(), known.is_more()), (unit, limit, true), "{metric}");
    }
    let refused = refused_pays("\"win_rate\"", r#"{"bonus": "1.00"}"#);
    assert!(
        refused[0].starts_with("components[0].measure: “win_rate” is no metric; use one of new_customers,"),
        "{refused:?}"
    );
    assert!(refused[0].ends_with("gross_margin, loss_rate, time_on_a, concentration, contribution"), "{refused:?}");
}

/// Shares are no money: nothing is a rate of them, and no unit of them is counted.
#[test]
fn a_share_has_no_rate_and_no_units() {
    for metric in ["loss_rate", "time_on_a", "concentration"] {
        for pays in [r#"{"rate": "0.1"}"#, r#"{"per_unit": "1.00"}"#] {
            assert_eq!(refused_pays(&format!("\"{metric}\""), pays).len(), 1, "{metric} {pays}");
        }
    }
    assert_eq!(refused_pays("\"contribution\"", r#"{"per_unit": "1.00"}"#).len(), 1);
}

#[test]
fn weights_draws_and_modifiers_are_checked() {
    let scorecard = |weights: &str| refused_pays(&format!(r#"{{"scorecard": [{weights}]}}"#), r#"{"bonus": "1.00"}"#);
    assert_eq!(
        scorecard(r#"{"metric": "net_sales", "weight": "0"}, {"metric": "visits", "weight": "1001"}"#),
        [
            "components[0].measure.scorecard[0].weight: 0 is no weight: use a number above 0, like \"60\"",
            "components[0].measure.scorecard[1].weight: 1001 is no weight: use a number above 0, like \"60\"",
        ]
    );
    let one = r#"{"name": "C", "measure": "visits", "pays": {"per_unit": "1.00"}}"#;
    let draw = |draw: &str| refused_plan(&plan_with(one).replacen('{', &format!(r#"{{"draw": {draw}, "#), 1));
    assert_eq!(
        draw(r#"[{"amount": "5.00", "recoverable": true}, {"amount": "4.00", "recoverable": true}]"#),
        ["draw[1]: the draw before it has no end: say through which period it is paid"]
    );
    let modifier = r#"{"name": "C", "measure": "visits", "pays": {"per_unit": "1.00"},
        "modifier": {"metric": "lost_customers", "steps": [{"from": "1", "times": "1"}, {"from": "0", "times": "2"}]}}"#;
    assert_eq!(
        refused_plan(&plan_with(modifier)),
        [
            "components[0].modifier.steps[0].from: the first step starts from 0: say what holds below 1",
            "components[0].modifier.steps[1].from: the steps must ascend: 0 comes after 1; put them in order",
        ]
    );
}

#[test]
fn numbers_are_text_and_exact() {
    let number = |rate: &str| refused_pays(r#""net_sales""#, &format!(r#"{{"rate": {rate}}}"#));
    assert_eq!(number("0.03"), ["components[0].pays.rate: numbers are written as text: \"0.03\""]);
    assert_eq!(number("3"), ["components[0].pays.rate: numbers are written as text: \"3\""]);
    for wrong in [
        "",
        "3%",
        "1e-2",
        "0,03",
        " 0.03",
        "+0.03",
        ".5",
        "5.",
        "1_000",
        "--1",
        "NaN",
        "0x1",
        "99999999999999999999999999999999",
    ] {
        let refused = number(&format!("\"{wrong}\""));
        assert_eq!(
            refused,
            [format!(
                "components[0].pays.rate: “{wrong}” is not a number: write digits with a point, like \"1234.50\" or \"0.03\""
            )]
        );
    }
    assert_eq!(number("\"-0.01\""), ["components[0].pays.rate: -0.01 is below zero: use 0 or more"]);
    assert_eq!(number("\"1000\""), ["components[0].pays.rate: 1000 is a share, and 1 is 100 %: write 3 % as \"0.03\""]);
    assert_eq!(
        number("\"0.0123456789\""),
        ["components[0].pays.rate: 0.0123456789 has more than 9 decimals: round it"]
    );
    assert_eq!(
        refused_pays(r#""visits""#, r#"{"per_unit": "1.005"}"#),
        ["components[0].pays.per_unit: “1.005” has more decimals than EUR (2): round it"]
    );
    assert_eq!(
        refused_pays(r#""visits""#, r#"{"bonus": "99999999999999999"}"#),
        ["components[0].pays.bonus: “99999999999999999” is beyond the largest amount: check the digits"]
    );
    let yen = plan_with(r#"{"name": "C", "measure": "visits", "pays": {"per_unit": "10.5"}}"#).replace("EUR", "JPY");
    assert_eq!(refused_plan(&yen), ["components[0].pays.per_unit: “10.5” has more decimals than JPY (0): round it"]);
}

#[test]
fn steps_with_gaps_overlaps_and_in_disorder_are_refused() {
    let steps = |steps: &[(&str, &str)]| refused_pays(r#""net_sales""#, &tiers("marginal", "amount", "period", steps));
    assert_eq!(
        steps(&[("100", "0.01")]),
        [
            "components[0].pays.tiers.steps[0].from: the first step starts from 0: what lies below 100 would silently pay nothing"
        ]
    );
    assert_eq!(
        steps(&[("0", "0.01"), ("100", "0.02"), ("100.00", "0.03")]),
        ["components[0].pays.tiers.steps[2].from: two steps start from 100, so they overlap: keep one of them"]
    );
    assert_eq!(
        steps(&[("0", "0.01"), ("300", "0.02"), ("100", "0.03")]),
        ["components[0].pays.tiers.steps[2].from: the steps must ascend: 100 comes after 300; put them in order"]
    );
    assert_eq!(steps(&[]), ["components[0].pays.tiers.steps: give at least one step, the first from \"0\""]);
    assert_eq!(
        refused_pays(r#""visits""#, &tiers("marginal", "count", "period", &[("0", "1.00"), ("2.5", "2.00")])),
        ["components[0].pays.tiers.steps[1].from: counts are whole: write the number of the first one, like \"5\""]
    );
    assert_eq!(
        refused_pays(
            r#""visits""#,
            r#"{"curve": {"on_target": "1.00", "points": [{"at": "1", "pays": "1"}, {"at": "1", "pays": "2"}]}}"#
        ),
        ["components[0].pays.curve.points[1].at: the points must ascend: 1 does not lie above the one before"]
    );
}

#[test]
fn schedules_that_do_not_fit_their_measure_are_refused() {
    let first = |measure: &str, pays: &str| refused_pays(measure, pays).remove(0);
    assert!(
        first(r#""visits""#, r#"{"rate": "0.03"}"#).starts_with("components[0].pays.rate: a rate is a share of money")
    );
    assert!(
        first(r#"{"attainment": "net_sales"}"#, r#"{"rate": "0.03"}"#)
            .starts_with("components[0].pays.rate: a rate is a share of money")
    );
    assert!(
        first(r#""net_sales""#, r#"{"per_unit": "3.00"}"#)
            .starts_with("components[0].pays.per_unit: per_unit pays for each one of a count")
    );
    assert!(first(r#""sales_growth""#, r#"{"per_unit": "3.00"}"#).starts_with("components[0].pays.per_unit"));
    for (measure, axis, per, place) in [
        ("visits", "amount", "period", "axis"),
        ("net_sales", "count", "period", "axis"),
        ("visits", "attainment", "period", "axis"),
        ("net_sales", "attainment", "deal", "per"),
        ("visits", "count", "deal", "per"),
        ("new_customer_sales", "amount", "deal", "per"),
    ] {
        let refused = first(&format!("\"{measure}\""), &tiers("marginal", axis, per, &[("0", "0.01")]));
        assert!(
            refused.starts_with(&format!("components[0].pays.tiers.{place}: ")),
            "{measure} {axis} {per}: {refused}"
        );
    }
    let per_unit = r#"{"tiers": {"mode": "whole", "axis": "amount", "per": "period", "steps": [{"from": "0", "per_unit": "5.00"}]}}"#;
    assert_eq!(
        first(r#""net_sales""#, per_unit),
        "components[0].pays.tiers.steps[0].per_unit: steps over money pay a share of it: write \"rate\""
    );
    assert!(
        first(r#""net_sales""#, r#"{"rate": "0.03", "bonus": "1.00"}"#)
            .starts_with("components[0].pays: write exactly one of rate,")
    );
    assert!(first(r#""net_sales""#, "{}").starts_with("components[0].pays: write exactly one of rate,"));
}

#[test]
fn limits_gates_and_names_are_checked() {
    let with = |more: &str| {
        refused_plan(&plan_with(&format!(
            r#"{{"name": "C", "measure": "visits", "pays": {{"per_unit": "1.00"}}{more}}}"#
        )))
    };
    assert_eq!(
        with(r#", "cap": "10.00", "floor": "10.01""#),
        ["components[0].floor: the floor lies above the cap: lower it, or raise the cap"]
    );
    assert_eq!(
        with(r#", "cap": "-1.00""#),
        ["components[0].cap: a cap is zero or more: a cap does not touch a negative amount"]
    );
    assert_eq!(
        with(r#", "gate": [{"metric": "visits", "at_least": "9", "at_most": "8"}]"#),
        ["components[0].gate[0]: at_least lies above at_most, so this can never hold: change one of them"]
    );
    assert_eq!(
        with(r#", "gate": [{"metric": "visits", "attainment": "visits", "at_least": "9"}]"#),
        ["components[0].gate[0]: say what is compared: give either \"metric\" or \"attainment\""]
    );
    assert_eq!(
        with(r#", "gate": [{"metric": "visits", "at_least": "9.5"}]"#),
        ["components[0].gate[0].at_least: a count is whole: leave the decimals out"]
    );
    assert_eq!(
        with(r#", "gate": [{"metric": "visitz", "at_least": "9"}]"#),
        [
            "components[0].gate[0].metric: “visitz” is no metric; use one of new_customers, lost_customers, won_back_customers, visits, stranger_visits, touches, net_sales, new_customer_sales, existing_customer_sales, sales_growth, growth_from_new, growth_from_existing, visit_minimum, cross_sell_sales, cross_sell_count, gross_margin, loss_rate, time_on_a, concentration, contribution"
        ]
    );
    let twice = r#"{"name": "C", "measure": "visits", "pays": {"per_unit": "1.00"}}"#;
    assert_eq!(
        refused_plan(&plan_with(&format!("{twice}, {twice}"))),
        ["components[1].name: “C” is the name of an earlier component: give each its own"]
    );
    assert_eq!(refused_plan(&plan_with("")), ["components: the plan pays nothing: give it at least one component"]);
    assert_eq!(refused_plan(&plan_with(twice).replace(r#""P""#, r#"" ""#)), ["name: the plan needs a name"]);
    assert_eq!(
        refused_plan(&plan_with(twice).replace("EUR", "EURO")),
        ["currency: “EURO” is not a currency code: use three letters like EUR"]
    );
    assert_eq!(
        refused_plan(&plan_with(twice).replace("month", "day")),
        ["period: “day” is not known here: use \"month\" or \"quarter\" or \"year\""]
    );
    assert_eq!(
        refused_plan(r#"{"name": "P"}"#),
        ["period: this is missing", "currency: this is missing", "components: this is missing"]
    );
}

#[test]
fn what_is_no_json_and_keys_that_stand_twice_are_refused() {
    assert!(refused_plan("{").remove(0).starts_with("this is not readable as JSON: EOF"));
    assert_eq!(refused_plan("[]"), ["write an object { … } here; this is a list"]);
    let twice = FIELD.replace(r#""cap": "400.00""#, r#""cap": "400.00", "cap": "500.00""#);
    assert!(refused_plan(&twice).remove(0).contains("the key “cap” stands twice in one object: keep one of them"));
    assert!(
        Plan::from_json(&FIELD.replace(r#""cap": "400.00""#, r#""cap": null"#)).unwrap().components[1].cap.is_none()
    );
}

#[test]
fn facts_are_checked() {
    let deal = |keys: &str| {
        refused_facts(&format!(
            r#"{{"rep": "R1", "period": "2026-10", "deals": [{{"number": 1, "booked_on": "2026-10-02", "amount": "1.00"{keys}}}]}}"#
        ))
    };
    assert_eq!(
        deal(r#", "returns": 3"#),
        [
            "deals[0].amount: a return takes back: write its amount with a minus; one that was wrong is cancelled by its stage"
        ]
    );
    assert_eq!(deal(r#", "share": "1.1""#), ["deals[0].share: 1.1 is no share of a deal: use 0 to 1"]);
    assert_eq!(
        deal(r#", "share": "0.5", "credits": []"#),
        ["deals[0]: say once whose deal it is: keep one of share, credits"]
    );
    assert_eq!(deal(r#", "credits": []"#), ["deals[0].credits: nobody has a part: give at least one rep 1"]);
    assert_eq!(
        deal(r#", "credits": [{"rep": "R1", "parts": 1}, {"rep": "R1", "parts": 1}]"#),
        ["deals[0].credits[1].rep: “R1” is credited twice: add the parts up"]
    );
    assert_eq!(
        deal(r#", "credits": [{"rep": "R1", "parts": -1}]"#),
        ["deals[0].credits[0].parts: parts are whole numbers from 0 to 1000000"]
    );
    assert_eq!(
        deal(r#", "stage": "signed""#),
        ["deals[0].stage: “signed” is no stage: use open, won, lost or cancelled"]
    );
    assert_eq!(deal(r#", "confirmed": "no""#), ["deals[0].confirmed: write true or false here"]);
    let facts = |keys: &str| refused_facts(&format!(r#"{{"rep": "R1", "period": "2026-10", {keys}}}"#));
    assert_eq!(facts(r#""metrics": {"visits": "1.5"}"#), ["metrics.visits: 1.5 is no count: counts are whole"]);
    assert_eq!(facts(r#""metrics": {"visits": 3}"#), ["metrics.visits: numbers are written as text: \"3\""]);
    assert_eq!(
        facts(r#""metrics": {"net_sales": "1.005"}"#),
        ["metrics.net_sales: “1.005” has more decimals than EUR (2): round it"]
    );
    assert_eq!(
        facts(r#""metrics": {"visits": null}"#),
        ["metrics.visits: only growth, shares and contribution can be without a value: write the number"]
    );
    assert!(facts(r#""targets": {"orders": "3"}"#)[0].starts_with("targets.orders: “orders” is no metric; use one of"));
    assert_eq!(
        facts(r#""deals": [{"number": "1", "amount": "1"}]"#),
        ["deals[0].number: write a whole number here, like 3; this is text"]
    );
    assert_eq!(
        facts(r#""deals": [{"number": 1, "amount": "1"}]"#),
        ["deals[0].booked_on: a won deal has the date of the win: add it"]
    );
    assert_eq!(
        facts(r#""deals": [{"number": 1, "amount": "1", "booked_on": "2026-02-30"}]"#),
        ["deals[0].booked_on: “2026-02-30” is no date: write it like 2026-10-02"]
    );
}

#[test]
fn warnings_name_cliffs_and_accidental_caps() {
    let told = |plan: &Plan| warnings(plan).iter().map(ToString::to_string).collect::<Vec<_>>();
    let whole =
        component(r#""net_sales""#, &tiers("whole", "amount", "period", &[("0", "0.03"), ("8000", "0.05")]), "");
    assert_eq!(
        told(&whole),
        [
            "components[0].pays.tiers.steps[1]: a cliff: just below €8,000.00 the whole pays €240.00, there €400.00, so the last little bit decides; marginal tiers have none"
        ]
    );
    let count = component(r#""visits""#, &tiers("whole", "count", "period", &[("0", "50.00"), ("5", "10.00")]), "");
    assert_eq!(
        told(&count),
        [
            "components[0].pays.tiers.steps[1]: a cliff: just below number 5 the whole pays €200.00, there €50.00, so more pays less; marginal tiers have none"
        ]
    );
    let capped = component(
        r#""net_sales""#,
        &tiers("marginal", "amount", "period", &[("0", "0"), ("1000", "0.03"), ("8000", "0")]),
        "",
    );
    assert_eq!(
        told(&capped),
        [
            "components[0].pays.tiers.steps[0]: from €0.00 to €1,000.00 nothing is paid",
            "components[0].pays.tiers.steps[2]: from €8,000.00 on nothing more is paid: a cap that nobody may have meant",
        ]
    );
    let curve = component(
        r#""visits""#,
        r#"{"curve": {"on_target": "500.00", "points": [{"at": "0.8", "pays": "0.5"}, {"at": "1", "pays": "1"}]}}"#,
        "",
    );
    assert_eq!(
        told(&curve),
        [
            "components[0].pays.curve.points[0]: a cliff: just below 80% it pays nothing, there €250.00",
            "components[0].pays.curve.points[1]: above 100% nothing more is paid: a cap that nobody may have meant",
        ]
    );
    assert_eq!(
        told(&component(r#""visits""#, r#"{"bonus": "5.00"}"#, "")),
        ["components[0].pays.bonus: there is no gate, so the bonus is always paid"]
    );
    assert_eq!(
        told(&component(r#""net_sales""#, r#"{"rate": "3"}"#, r#", "cap": "300.00""#)),
        [
            "components[0].pays.rate: this pays 300% of the sales: 3 % is written \"0.03\"",
            "components[0].cap: the cap is reached at €100.00: what is sold above pays nothing",
        ]
    );
    let accelerator =
        component(r#""net_sales""#, &tiers("marginal", "attainment", "period", &[("0", "0.04"), ("1", "0.06")]), "");
    assert_eq!(told(&accelerator), [""; 0]);
}
