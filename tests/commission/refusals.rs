//! Every kind of bad plan and bad facts is refused with its place and a remedy; what is only doubtful is warned about.

use attain::domain::commission::{check::warnings, plan::Plan};

use crate::support::{component, facts, plan_in, refused_facts, refused_plan, refused_together, tiers};

const SALES: &str = r#""name": "C", "measure": "net_sales", "pays": {"rate": "0.01"}"#;
const CURVE: &str = r#"{"curve": {"on_target": "1.00", "points": [{"at": "1", "pays": "1"}]}}"#;

/// What is wrong first with a plan of one component.
fn of_component(keys: &str) -> String {
    of_plan(keys, "")
}

/// The same with further keys of the plan, each after a comma.
fn of_plan(component: &str, more: &str) -> String {
    let text =
        format!(r#"{{"name": "P", "currency": "EUR", "period": "month", "components": [{{{component}}}]{more}}}"#);
    refused_plan(&text).remove(0)
}

#[test]
fn what_a_component_is_about_is_checked() {
    let measure = |measure: &str, pays: &str, more: &str| {
        of_component(&format!(r#""name": "C", "measure": {measure}, "pays": {pays}{more}"#))
    };
    let table = |axis: &str, per: &str| tiers("marginal", axis, per, &[("0", "0.01")]);
    let deals = "only net_sales and deals are known deal by deal: measure one of them, or leave this out";
    for (measured, pays, more, refused) in [
        ("\"orders\"", CURVE, "", "measure: “orders” is no metric; use one of new_customers, lost_customers,"),
        ("\"visits\"", r#"{"rate": "0.01"}"#, "", "pays.rate: a rate is a share of money: measure net_sales, or pay"),
        ("\"deals\"", CURVE, "", "pays.curve: a curve follows an attainment, and this has no target: measure a metric"),
        ("\"deals\"", &table("attainment", "period"), "", "pays.tiers.axis: this has no target: measure a metric, or"),
        ("\"visits\"", &table("amount", "period"), "", "pays.tiers.axis: the axis amount is for a measure in money:"),
        ("\"net_sales\"", &table("count", "period"), "", "pays.tiers.axis: the axis count is for a measure that is"),
        ("\"visits\"", &table("attainment", "period"), "", "pays.tiers.axis: tiers over attainment take a share of mo"),
        ("\"net_sales\"", &table("attainment", "deal"), "", "pays.tiers.per: only tiers over amount can be climbed by"),
        ("\"gross_margin\"", &table("amount", "deal"), "", "pays.tiers.per: only net_sales is known deal by deal: use"),
        ("\"deals\"", &table("count", "year_to_date"), "", "pays.tiers.per: only amounts and counts add up over the y"),
        (
            "\"earnings\"",
            r#"{"rate": "0.1"}"#,
            r#", "scope": "own""#,
            "scope: earnings are those of the team: write \"team\"",
        ),
        ("\"visits\"", CURVE, r#", "only": {"new_customer": true}"#, &format!("only: {deals}")),
        (
            "\"net_sales\"",
            CURVE,
            r#", "only": {"new_customer": true}"#,
            "only: a target is for all deals, not for some of",
        ),
        (
            "\"net_sales\"",
            CURVE,
            r#", "credit": "overlay""#,
            "credit: overlay credits are of deals and have no target:",
        ),
        (
            "\"visits\"",
            CURVE,
            r#", "clawback_days": "9""#,
            "clawback_days: only pay for new customers is taken back with",
        ),
        (
            "\"new_customers\"",
            CURVE,
            r#", "clawback_days": "0""#,
            "clawback_days: 0 days are not possible: use 1 to 3650",
        ),
        (
            "\"new_customers\"",
            CURVE,
            r#", "clawback_days": "-1""#,
            "clawback_days: -1 is no whole number of 0 or more:",
        ),
        (
            "\"net_sales\"",
            CURVE,
            r#", "true_up": "month""#,
            "true_up: “month” is not known here: use \"quarter\" or \"year\"",
        ),
        (
            "\"net_sales\"",
            r#"{"rate": "0.01"}"#,
            r#", "true_up": "year""#,
            "true_up: only what follows the attainment of",
        ),
    ] {
        let found = measure(measured, pays, more);
        assert!(found.starts_with(&format!("components[0].{refused}")), "{measured} {pays}{more}: {found}");
    }
    let year = r#"{"name": "P", "currency": "EUR", "period": "year", "components": [{"name": "C", "measure": "net_sales", "pays": PAYS}]}"#;
    assert_eq!(
        refused_plan(&year.replace("PAYS", &table("amount", "year_to_date"))),
        ["components[0].pays.tiers.per: the plan is measured by the year: use \"period\""]
    );
    assert_eq!(
        refused_plan(&year.replace("PAYS", &format!(r#"{CURVE}, "true_up": "quarter""#))),
        ["components[0].true_up: a quarter is not longer than the plan's year: leave this out"]
    );
    assert_eq!(
        measure("\"net_sales\"", &table("amount", "year_to_date"), r#", "scope": "team""#),
        "components[0].pays.tiers.per: only the rep's own figures are known of the year to date: use \"period\""
    );
}

#[test]
fn numbers_of_a_plan_are_checked() {
    let with = |more: &str| of_component(&format!("{SALES}, {more}"));
    let steps = |axis: &str, steps: &str| {
        let measure = if axis == "count" { "visits" } else { "net_sales" };
        of_component(&format!(
            r#""name": "C", "measure": "{measure}", "pays": {{"tiers": {{"mode": "whole", "axis": "{axis}", "steps": [{steps}]}}}}"#
        ))
    };
    for (found, refused) in [
        (with(r#""cap": "-1""#), "cap: a cap is zero or more: a cap does not touch a negative amount"),
        (with(r#""floor": "2", "cap": "1""#), "floor: the floor lies above the cap: lower it, or raise the cap"),
        (with(r#""only": {}"#), "only: it says nothing: give customer_months, booked, new_customer or cross_sell, or"),
        (with(r#""only": {"booked": {}}"#), "only.booked: say from or through which day, or leave it out"),
        (
            with(r#""only": {"booked": {"from": "2026-10-31", "through": "2026-10-01"}}"#),
            "only.booked: 2026-10-01 lies before 2026-10-31: put them in order",
        ),
        (
            with(r#""only": {"customer_months": {"from": "6", "below": "6"}}"#),
            "only.customer_months: no month lies from the one to below the other: change one of them",
        ),
        (
            with(r#""only": {"customer_months": {"below": "1201"}}"#),
            "only.customer_months: at most 1200 months are possible",
        ),
        (with(r#""gate": [{"metric": "visits"}]"#), "gate[0]: the condition has no edge: give at_least or at_most"),
        (
            with(r#""gate": [{"attainment": "visits", "at_least": "-1"}]"#),
            "gate[0].at_least: -1 is below zero: use 0 or more",
        ),
        (
            with(r#""gate": [{"metric": "sales_growth", "at_least": "0.0123456789"}]"#),
            "gate[0].at_least: at most 9 decimals, and no larger than an amount",
        ),
        (with(r#""gate": [{"scorecard": [], "at_least": "1"}]"#), "gate[0].scorecard: give at least one metric with"),
        (
            with(
                r#""gate": [{"scorecard": [{"metric": "visits", "weight": "1"}, {"metric": "visits", "weight": "1"}], "at_least": "1"}]"#,
            ),
            "gate[0].scorecard[1].metric: visits stands in the scorecard twice: add the weights up",
        ),
        (with(r#""modifier": {"metric": "visits", "steps": []}"#), "modifier.steps: give at least one step, the first"),
        (
            with(r#""modifier": {"metric": "visits", "steps": [{"from": "0", "times": "-1"}]}"#),
            "modifier.steps[0].times: -1 is below zero: use 0 or more",
        ),
        (
            with(
                r#""modifier": {"metric": "visits", "steps": [{"from": "0", "times": "1"}, {"from": "0", "times": "2"}]}"#,
            ),
            "modifier.steps[1].from: two steps start from 0, so they overlap: keep one of them",
        ),
        (steps("amount", r#"{"from": "5", "rate": "0.1"}"#), "pays.tiers.steps[0].from: the first step starts from 0:"),
        (steps("amount", r#"{"from": "0", "rate": "-0.1"}"#), "pays.tiers.steps[0].rate: -0.1 is below zero: use 0"),
        (
            steps("amount", r#"{"from": "0"}"#),
            "pays.tiers.steps[0]: say what the step pays: give it \"rate\", and only",
        ),
        (steps("count", r#"{"from": "0", "rate": "1"}"#), "pays.tiers.steps[0].rate: steps over a count pay an amount"),
        (
            steps("count", r#"{"from": "0", "per_unit": "-1"}"#),
            "pays.tiers.steps[0].per_unit: a plan does not pay less",
        ),
        (
            steps("count", r#"{"from": "0", "per_unit": "1"}, {"from": "9000000000000000", "per_unit": "2"}"#),
            "pays.tiers.steps[1].from: the edge is no amount: check the digits",
        ),
        (
            steps("attainment", r#"{"from": "0", "rate": "0.1", "bonus": "5"}"#),
            "pays.tiers.steps[0].bonus: everybody reaches 0: pay a bonus from a later step on",
        ),
    ] {
        assert!(found.starts_with(&format!("components[0].{refused}")), "{found}");
    }
}

#[test]
fn the_plan_itself_is_checked() {
    let with = |more: &str| of_plan(SALES, &format!(", {more}"));
    for (more, refused) in [
        (r#""cap": "-1""#, "cap: a cap is zero or more: a cap does not touch a negative amount"),
        (r#""floor": "2", "cap": "1""#, "floor: the floor lies above the cap: lower it, or raise the cap"),
        (
            r#""recovery_cap": "1.5""#,
            "recovery_cap: 1.5 is no share of what is earned: use 0 to 1, and \"0.5\" for 50 %",
        ),
        (r#""ramp": ["0.5", "0"]"#, "ramp[1]: 0 is no share of a target: use more than 0 and at most 1"),
        (
            r#""draw": {"amount": "-5", "recoverable": true}"#,
            "draw.amount: a plan does not pay less than nothing: use 0",
        ),
        (r#""draw": {"amount": "5"}"#, "draw.recoverable: this is missing"),
        (
            r#""draw": {"amount": "5", "recoverable": true, "through": "0"}"#,
            "draw.through: the rep's first period on the plan is 1: count from there",
        ),
        (
            r#""draw": [{"amount": "5", "recoverable": true, "through": "3"}, {"amount": "5", "recoverable": true, "through": "3"}]"#,
            "draw[1].through: the draws must follow each other: this ends before it begins",
        ),
    ] {
        let found = with(more);
        assert!(found.starts_with(refused), "{more}: {found}");
    }
    let trued_up = format!(r#""name": "C", "measure": "net_sales", "pays": {CURVE}, "true_up": "quarter""#);
    assert_eq!(
        of_plan(&trued_up, r#", "ramp": ["0.5"]"#),
        "ramp: a ramp is of each period's target, and “C” follows that of a quarter or year: leave one of them out"
    );
}

#[test]
fn what_is_doubtful_is_warned_about() {
    let told = |plan: &Plan| warnings(plan).iter().map(ToString::to_string).collect::<Vec<_>>();
    let read = |more: &str| {
        Plan::from_json(&format!(
            r#"{{"name": "P", "currency": "EUR", "period": "month", "components": [{{{SALES}, "floor": "80.00"}}]{more}}}"#
        ))
        .unwrap()
    };
    assert_eq!(told(&read("")), [""; 0]);
    assert_eq!(
        told(&read(r#", "draw": {"amount": "5", "recoverable": true}"#)),
        ["draw: the draw has no end, so a debt can grow without one: say through which of a rep's periods it is paid"]
    );
    assert_eq!(told(&read(r#", "draw": {"amount": "5", "recoverable": true, "through": "6"}"#)), [""; 0]);
    assert_eq!(told(&read(r#", "draw": {"amount": "5", "recoverable": false}"#)), [""; 0]);
    assert_eq!(
        told(&read(r#", "cap": "79.99""#)),
        ["cap: the plan's cap of €79.99 is below its components' floors together"]
    );
    let falls = r#"{"curve": {"on_target": "9.00", "points": [{"at": "0", "pays": "2"}, {"at": "2", "pays": "1"}]}}"#;
    for (measure, pays, more, warned) in [
        (
            r#"{"scorecard": [{"metric": "visits", "weight": "60"}, {"metric": "touches", "weight": "30"}]}"#,
            r#"{"curve": {"on_target": "9.00", "points": [{"at": "0", "pays": "0"}, {"at": "2", "pays": "2"}]}}"#,
            "",
            "measure.scorecard: the weights add up to 90, not to 100: each counts by its share of that",
        ),
        ("\"visits\"", falls, "", "pays.curve.points[1]: it falls: a higher attainment pays less"),
        ("\"visits\"", falls, r#", "cap": "8.00""#, "cap: on target it would pay €9.00, and the cap cuts it to €8.00"),
        ("\"visits\"", r#"{"bonus": "9.00"}"#, r#", "cap": "8.00""#, "cap: the bonus of €9.00 is never paid in full"),
        (
            "\"visits\"",
            r#"{"bonus": "9.00"}"#,
            r#", "gate": [{"attainment": "visits", "at_least": "0"}]"#,
            "gate[0]: an attainment is never below zero, so this holds with any target",
        ),
        (
            "\"visits\"",
            r#"{"bonus": "9.00"}"#,
            r#", "gate": [{"metric": "visits", "at_most": "-1"}]"#,
            "gate[0]: visits are never below zero, so this never holds and the component never pays",
        ),
        (
            "\"visits\"",
            r#"{"bonus": "9.00"}"#,
            r#", "gate": [{"metric": "touches", "at_least": "9"}, {"metric": "touches", "at_most": "8"}]"#,
            "gate[1]: it contradicts an earlier condition, so this never holds and the component never pays",
        ),
        (
            "\"net_sales\"",
            r#"{"tiers": {"mode": "marginal", "axis": "amount", "steps": [{"from": "0", "rate": "0.03"}, {"from": "100", "rate": "0.01"}]}}"#,
            "",
            "pays.tiers.steps[1]: from €100.00 on each further part pays less than before",
        ),
    ] {
        let warned = format!("components[0].{warned}");
        let all = told(&component(measure, pays, more));
        assert!(all.contains(&warned), "{warned} is not among {all:?}");
    }
}

#[test]
fn bad_facts_are_refused() {
    let facts = |keys: &str| refused_facts(&format!(r#"{{"rep": "R1", "period": "2026-10", {keys}}}"#)).remove(0);
    let deal = |keys: &str| {
        facts(&format!(r#""deals": [{{"number": 1, "booked_on": "2026-10-02", "amount": "1.00", {keys}}}]"#))
    };
    for (found, refused) in [
        (facts(r#""draw_balance": "-1""#), "draw_balance: a draw's balance is what the rep owes: use 0 or more"),
        (facts(r#""balance": "1""#), "balance: a carried balance is what the rep owes: write it with a minus"),
        (facts(r#""holds": [{"component": " "}]"#), "holds[0]: the name is empty"),
        (facts(r#""holds": [{"component": "C"}, {"component": "C"}]"#), "holds[1]: “C” stands here twice: keep one of"),
        (
            facts(r#""adjustments": [{"component": "C", "period": "2026-10", "old": "1", "new": "2"}]"#),
            "adjustments[0].period: this period is calculated anew: adjustments are of earlier ones",
        ),
        (
            facts(r#""adjustments": [{"component": "", "period": "2026-09", "old": "1", "new": "2"}]"#),
            "adjustments[0].component: this is empty",
        ),
        (
            facts(r#""metrics": {"sales_growth": "0.0123456789012"}"#),
            "metrics.sales_growth: the fraction has more than 12 decimals: round it",
        ),
        (
            facts(r#""metrics": {"visits": "9000000000000000"}"#),
            "metrics.visits: the number is beyond the largest amount: check the digits",
        ),
        (facts(r#""true_up": {"period": "2026-Q4"}"#), "true_up.paid: this is missing"),
        (
            facts(r#""true_up": {"period": "2026-Q4", "paid": []}"#),
            "true_up.paid: write what each component paid, like { \"Sales\": \"120.00\" }",
        ),
        (
            facts(r#""true_up": {"period": "2026-Q4", "periods": "0", "paid": {}}"#),
            "true_up.periods: at least this period lies in it: use 1 or more",
        ),
        (deal(r#""share": "0.0123456789""#), "deals[0].share: the share has more than 9 decimals: use credits with"),
        (
            deal(r#""credits": [{"rep": "R1", "parts": 1, "overlay": true}]"#),
            "deals[0].credits: there are only overlays, and nobody whose deal it is: add who shares it",
        ),
        (
            deal(r#""overlay": true, "credits": [{"rep": "R1", "parts": 1}]"#),
            "deals[0].overlay: say it of the credits, each by itself",
        ),
        (deal("\"customer\": \"a\\u0000b\""), "deals[0].customer: the text holds a NUL character: leave it out"),
    ] {
        assert!(found.starts_with(refused), "{found}");
    }
}

#[test]
fn facts_that_do_not_fit_the_plan_are_refused() {
    let sales = |more: &str| component(r#""net_sales""#, r#"{"rate": "0.1"}"#, more);
    let ends = Plan::from_json(&format!(
        r#"{{"name": "P", "currency": "EUR", "period": "month", "draw": {{"amount": "5", "recoverable": true, "through": "3"}}, "components": [{{{SALES}}}]}}"#
    ))
    .unwrap();
    let some = r#""metrics": {"net_sales": "1.00"}"#;
    let year = tiers("marginal", "amount", "year_to_date", &[("0", "0.01")]);
    let trued_up = component(r#""net_sales""#, CURVE, r#", "true_up": "quarter""#);
    let longer = |more: &str| {
        format!(
            r#"{some}, "true_up": {{"period": "2026-Q4", "metrics": {{"net_sales": "1.00"}}, "paid": {{"C": "0"}}{more}}}"#
        )
    };
    for (plan, keys, refused) in [
        (&ends, some.to_owned(), "period_on_plan: the draw ends with one of the rep's periods on the plan: say which"),
        (
            &sales(""),
            format!(r#"{some}, "holds": [{{"component": "X"}}]"#),
            "holds[0].component: “X” is no component of the plan: use its name",
        ),
        (
            &sales(r#", "gate": [{"metric": "visits", "who": "every_rep", "at_least": "1"}]"#),
            some.to_owned(),
            "team.reps: this is missing, and “C” looks at every rep: add it",
        ),
        (
            &component(r#""net_sales""#, &year, ""),
            some.to_owned(),
            "year_to_date.net_sales: this is missing, and “C” goes by the year: add",
        ),
        (
            &sales(r#", "only": {"customer_months": {"below": "12"}}"#),
            r#""deals": [{"number": 1, "booked_on": "2026-10-02", "amount": "1.00"}]"#.to_owned(),
            "deals[0].customer_since: this is missing, and “C” goes by the months since the first sale: add it",
        ),
        (
            &plan_in("EUR", r#"{"name": "C", "measure": "earnings", "pays": {"rate": "0.1"}}"#),
            some.to_owned(),
            "team_earnings: this is missing, and “C” needs it: add it",
        ),
        (&trued_up, longer(r#", "periods": "4""#), "true_up.periods: 4 is more than the 3 that lie in it"),
        (
            &trued_up,
            longer("").replace(r#"{"C": "0"}"#, "{}"),
            "true_up.paid.C: this is missing: say what it paid in the earlier periods, \"0\" if nothing",
        ),
        (
            &trued_up,
            longer("").replace(r#"{"C": "0"}"#, r#"{"C": "0", "X": "1"}"#),
            "true_up.paid.X: no component of this name is trued up: leave it out",
        ),
    ] {
        let found = refused_together(plan, &facts(&keys));
        assert!(found.lines().any(|line| line.starts_with(refused)), "{refused}: {found}");
    }
}

#[test]
fn a_plan_that_is_saved_is_made_up_for_one_longer_period() {
    let one = |name: &str, longer: &str| {
        format!(r#"{{"name": "{name}", "measure": "net_sales", "pays": {CURVE}, "true_up": "{longer}"}}"#)
    };
    let faults = |first: &str, second: &str| -> Vec<String> {
        let both = format!("{}, {}", one("First", first), one("Second", second));
        let text = format!(r#"{{"name": "P", "currency": "EUR", "period": "month", "components": [{both}]}}"#);
        Plan::from_json(&text).unwrap().oversize().iter().map(ToString::to_string).collect()
    };
    assert_eq!(faults("quarter", "quarter"), [""; 0]);
    assert_eq!(
        faults("quarter", "year"),
        ["components[1].true_up: “First” is made up at the end of the quarter, and a plan knows one such period: \
             choose the quarter here, too, or leave it out"]
    );
}
