//! Rates, amounts per unit and tiers: edges hit exactly, a cent beside them, thirds, half cents, very large numbers.

use crate::support::{component, deals, facts, facts_in, line, plan_in, records, tiers, total};

#[test]
fn a_rate_rounds_once_half_away_from_zero() {
    let plan = component(r#""net_sales""#, r#"{"rate": "0.015"}"#, "");
    for (sales, paid) in [
        ("0.33", "0.00"),   // 0.495 cents
        ("0.34", "0.01"),   // 0.51
        ("1.00", "0.02"),   // 1.5: half goes away from zero
        ("-1.00", "-0.02"), // on both sides
        ("-0.33", "0.00"),
        ("100000000000.00", "1500000000.00"),
        ("-100000000000.00", "-1500000000.00"),
        ("104300.01", "1564.50"),
    ] {
        assert_eq!(total(&plan, &facts(&format!(r#""metrics": {{"net_sales": "{sales}"}}"#))), paid, "{sales}");
        assert_eq!(total(&plan, &deals(&[sales])), paid, "{sales}");
    }
}

#[test]
fn records_are_differences_of_the_rounded_cumulative_amount() {
    let plan = component(r#""net_sales""#, r#"{"rate": "0.5"}"#, "");
    let found = line(&plan, &deals(&["0.01", "0.01", "0.01", "0.01"]));
    assert_eq!(records(&found), ["0.01", "0.00", "0.01", "0.00"]);
    assert_eq!(found.amount.to_string(), "0.02");
    // Thirds of a cent never gather into a cent too much.
    let plan = component(r#""net_sales""#, r#"{"rate": "0.333333333"}"#, "");
    let found = line(&plan, &deals(&["0.01"; 9]));
    assert_eq!(found.amount.to_string(), "0.03");
    assert_eq!(
        found.text,
        "Net sales of €0.09. They pay 33.3333333%. €0.09 × 33.3333333% = €0.02999999997. Rounded to €0.03."
    );
}

#[test]
fn marginal_tiers_at_their_edges() {
    let steps = [("0", "0"), ("1000", "0.02"), ("1000.01", "0.5"), ("3000", "0.03")];
    let plan = component(r#""net_sales""#, &tiers("marginal", "amount", "period", &steps), "");
    for (sales, paid) in [
        ("999.99", "0.00"),
        ("1000", "0.00"),
        ("1000.01", "0.00"), // 0.02 cents
        ("1000.02", "0.01"), // 0.52 cents
        ("1000.03", "0.01"), // 1.02 cents
        ("3000", "1000.00"), // 0.0002 + 1999.99 / 2 = 999.9952
        ("3000.01", "1000.00"),
        ("-3000", "-1000.00"),
        ("-1000.02", "-0.01"),
        ("0", "0.00"),
        ("100000000000", "3000000910.00"), // 999.9952 + 99,999,997,000 × 3 %
        ("-100000000000", "-3000000910.00"),
    ] {
        assert_eq!(total(&plan, &deals(&[sales])), paid, "{sales}");
    }
}

#[test]
fn tiers_are_odd_in_every_mode() {
    let steps = [("0", "0.01"), ("100", "0.07"), ("250.5", "0.003")];
    for mode in ["marginal", "whole"] {
        for per in ["deal", "period"] {
            let plan = component(r#""net_sales""#, &tiers(mode, "amount", per, &steps), "");
            for sales in ["0.01", "99.99", "100", "100.01", "250.49", "250.50", "99999.99"] {
                let paid = total(&plan, &deals(&[sales]));
                let taken = total(&plan, &deals(&[&format!("-{sales}")]));
                let negated = if paid == "0.00" { paid } else { format!("-{paid}") };
                assert_eq!(taken, negated, "{mode} {per} {sales}");
            }
        }
    }
}

#[test]
fn whole_tiers_apply_their_one_rate_to_each_deal() {
    let steps = [("0", "0.01"), ("1000", "0.10")];
    let plan = component(r#""net_sales""#, &tiers("whole", "amount", "period", &steps), "");
    assert_eq!(records(&line(&plan, &deals(&["400", "600"]))), ["40.00", "60.00"]);
    assert_eq!(records(&line(&plan, &deals(&["400", "599.99"]))), ["4.00", "6.00"]);
    let each = component(r#""net_sales""#, &tiers("whole", "amount", "deal", &steps), "");
    assert_eq!(records(&line(&each, &deals(&["400", "1000", "600"]))), ["4.00", "100.00", "6.00"]);
}

#[test]
fn a_count_climbs_tiers_by_its_number() {
    let steps = [("0", "50.00"), ("5", "80.00")];
    let marginal = component(r#""new_customers""#, &tiers("marginal", "count", "period", &steps), "");
    let whole = component(r#""new_customers""#, &tiers("whole", "count", "period", &steps), "");
    for (count, by_parts, at_once) in [
        ("0", "0.00", "0.00"),
        ("1", "50.00", "50.00"),
        ("4", "200.00", "200.00"),
        ("5", "280.00", "400.00"),
        ("6", "360.00", "480.00"),
        ("-1", "-50.00", "-50.00"),
        ("-6", "-360.00", "-480.00"),
    ] {
        let facts = facts(&format!(r#""metrics": {{"new_customers": "{count}"}}"#));
        assert_eq!(total(&marginal, &facts), by_parts, "{count}");
        assert_eq!(total(&whole, &facts), at_once, "{count}");
    }
    let found = line(&marginal, &facts(r#""metrics": {"new_customers": "6"}"#));
    assert_eq!(
        found.text,
        "6 new customers. Each new customer pays €50.00 and €80.00 from number 5 on. 4 × €50.00 = €200.00. 2 × €80.00 = €160.00."
    );
    let found = line(&whole, &facts(r#""metrics": {"new_customers": "6"}"#));
    assert_eq!(found.formulas, ["6 × €80.00 = €480.00"]);
    // A second step from the first one on leaves nothing to the first.
    let plan = component(r#""visits""#, &tiers("marginal", "count", "period", &[("0", "1.00"), ("1", "2.00")]), "");
    assert_eq!(total(&plan, &facts(r#""metrics": {"visits": "3"}"#)), "6.00");
}

#[test]
fn per_unit_pays_each_one_and_takes_back_what_was_undone() {
    let plan = component(r#""new_customers""#, r#"{"per_unit": "80.00"}"#, "");
    assert_eq!(total(&plan, &facts(r#""metrics": {"new_customers": "3"}"#)), "240.00");
    assert_eq!(total(&plan, &facts(r#""metrics": {"new_customers": "-1"}"#)), "-80.00");
    let none = line(&plan, &facts(r#""metrics": {"new_customers": "0"}"#));
    assert_eq!(
        none.text,
        "No new customers. Each new customer pays €80.00. 1 more new customer would have paid €80.00."
    );
}

const ACCELERATOR: [(&str, &str); 3] = [("0", "0.04"), ("1", "0.06"), ("1.2", "0.08")];

#[test]
fn marginal_tiers_over_attainment_become_edges_in_money() {
    let plan = component(r#""net_sales""#, &tiers("marginal", "attainment", "period", &ACCELERATOR), "");
    let sell = |sales: &str, target: &str| {
        total(
            &plan,
            &facts(&format!(r#""metrics": {{"net_sales": "{sales}"}}, "targets": {{"net_sales": "{target}"}}"#)),
        )
    };
    for (sales, paid) in [
        ("0", "0.00"),
        ("50000", "2000.00"),
        ("99999.99", "4000.00"),
        ("100000", "4000.00"),
        ("100000.10", "4000.01"), // 6 % of ten cents
        ("120000", "5200.00"),
        ("130000", "6000.00"),
        ("-1000", "-40.00"),
        ("100000000000", "7999995600.00"),
    ] {
        assert_eq!(sell(sales, "100000"), paid, "{sales}");
    }
    // The edge need not be whole: 120 % of 0.01 lies between one cent and two.
    assert_eq!(sell("100.00", "0.01"), "8.00");
    // 333.33 × 1.2 = 399.996: 13.3332 + 3.99996 + 0.00032 = 17.33348
    assert_eq!(sell("400", "333.33"), "17.33");
}

#[test]
fn the_accelerator_shows_its_calculation() {
    let plan = component(r#""net_sales""#, &tiers("marginal", "attainment", "period", &ACCELERATOR), "");
    let found = line(&plan, &facts(r#""metrics": {"net_sales": "130000.00"}, "targets": {"net_sales": "100000.00"}"#));
    assert_eq!(
        found.text,
        "Net sales of €130,000.00 against a target of €100,000.00, which is 130%. They pay 4% up to the target, \
         6% up to 120% of the target and 8% above. €100,000.00 × 4% = €4,000.00. €20,000.00 × 6% = €1,200.00. \
         €10,000.00 × 8% = €800.00."
    );
    assert_eq!(found.attainment.unwrap().to_string(), "1.3000");
}

#[test]
fn attainment_is_shown_floored_and_compared_exactly() {
    let plan = component(r#""net_sales""#, &tiers("whole", "attainment", "period", &ACCELERATOR), "");
    let sell = |sales: &str| {
        line(&plan, &facts(&format!(r#""metrics": {{"net_sales": "{sales}"}}, "targets": {{"net_sales": "100000"}}"#)))
    };
    let just_below = sell("99999.99");
    assert_eq!(just_below.amount.to_string(), "4000.00");
    assert!(just_below.text.contains("which is 99.99%"), "{}", just_below.text);
    assert_eq!(sell("100000").amount.to_string(), "6000.00");
    assert_eq!(sell("119999.99").amount.to_string(), "7200.00");
    assert_eq!(sell("120000").amount.to_string(), "9600.00");
    // Attainment is never below 0: the first rate holds.
    assert_eq!(sell("-1000").amount.to_string(), "-40.00");
}

#[test]
fn without_a_target_attainment_pays_nothing_and_says_so() {
    for mode in ["marginal", "whole"] {
        let plan = component(r#""net_sales""#, &tiers(mode, "attainment", "period", &ACCELERATOR), "");
        let found = line(&plan, &deals(&["1000", "200"]));
        assert_eq!(found.amount.to_string(), "0.00");
        assert!(found.text.ends_with("No target for net sales is set, so it pays nothing."), "{}", found.text);
        assert_eq!(records(&found), ["0.00", "0.00"]);
    }
}

#[test]
fn a_target_of_zero_or_less_is_reached_by_exactly_a_hundred_percent_or_not_at_all() {
    let marginal = component(r#""net_sales""#, &tiers("marginal", "attainment", "period", &ACCELERATOR), "");
    let whole = component(r#""net_sales""#, &tiers("whole", "attainment", "period", &ACCELERATOR), "");
    for (target, sales, by_parts, at_once) in [
        ("0", "1000", "40.00", "60.00"),
        ("0", "0", "0.00", "0.00"),
        ("0", "-1000", "-40.00", "-40.00"),
        ("-500", "1000", "40.00", "60.00"),
        ("-500", "-500", "-20.00", "-30.00"),
        ("-500", "-500.50", "-20.02", "-20.02"),
    ] {
        let facts = facts(&format!(r#""metrics": {{"net_sales": "{sales}"}}, "targets": {{"net_sales": "{target}"}}"#));
        assert_eq!(total(&marginal, &facts), by_parts, "{sales} of {target}");
        assert_eq!(total(&whole, &facts), at_once, "{sales} of {target}");
    }
}

#[test]
fn the_minor_unit_is_the_currencys() {
    let steps = [("0", "0.015"), ("1000", "0.03")];
    let yen = plan_in(
        "JPY",
        &format!(
            r#"{{"name": "C", "measure": "net_sales", "pays": {}}}"#,
            tiers("marginal", "amount", "period", &steps)
        ),
    );
    let found = line(&yen, &facts_in("JPY", r#""metrics": {"net_sales": "1050"}"#));
    assert_eq!(found.amount.to_string(), "17"); // 15 + 1.5 = 16.5
    assert_eq!(found.formulas, ["¥1,000 × 1.5% = ¥15", "¥50 × 3% = ¥1.5"]);
    assert_eq!(found.notes, ["Together ¥16.5, rounded to ¥17."]);

    let dinar = plan_in("KWD", r#"{"name": "C", "measure": "net_sales", "pays": {"rate": "0.05"}}"#);
    assert_eq!(total(&dinar, &facts_in("KWD", r#""metrics": {"net_sales": "1.234"}"#)), "0.062"); // 61.7 fils
    assert_eq!(total(&dinar, &facts_in("KWD", r#""metrics": {"net_sales": "0.010"}"#)), "0.001"); // half a fils
}

#[test]
fn the_largest_inputs_are_exact() {
    let steps = [("0", "999.999999999"), ("1.000000001", "0.000000001")];
    let plan = component(r#""net_sales""#, &tiers("marginal", "attainment", "period", &steps), "");
    let facts = facts(r#""metrics": {"net_sales": "9999999999999.99"}, "targets": {"net_sales": "9999999999999.99"}"#);
    assert_eq!(total(&plan, &facts), "9999999999989990.00");
}
