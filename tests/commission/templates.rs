//! The plans to begin with: each is sound, says what it pays, and pays what anybody can check by hand.

use attain::domain::{
    commission::{plan::Plan, templates::Template, told},
    money::Currency,
};
use time::macros::date;

use crate::support::{facts, pay, total};

fn plan(template: Template) -> Plan {
    let plan = template.plan("Field", Currency::parse("EUR").unwrap(), date!(2026 - 09 - 15));
    assert_eq!(plan.faults(), []);
    assert_eq!(Plan::from_json(&plan.to_json()).unwrap(), plan);
    plan
}

fn words(plan: &Plan) -> Vec<String> {
    plan.components.iter().map(|component| told::component(component, plan.currency).join(" ")).collect()
}

#[test]
fn every_template_has_one_word_and_is_sound_in_every_kind_of_currency() {
    for template in Template::ALL {
        assert_eq!(Template::parse(template.as_str()), Some(template));
        for currency in ["EUR", "JPY", "TND"] {
            let currency = Currency::parse(currency).unwrap();
            for today in [date!(2026 - 01 - 31), date!(2028 - 02 - 29)] {
                assert_eq!(template.plan("Field", currency, today).faults(), [], "{template:?} {currency}");
            }
        }
    }
    assert_eq!(Template::parse("rancher"), None);
}

#[test]
fn starter_pays_three_percent() {
    let plan = plan(Template::Starter);
    assert_eq!(words(&plan), ["Every euro of net sales pays 3%."]);
    assert_eq!(total(&plan, &facts(r#""metrics": {"net_sales": "104300.00"}"#)), "3129.00");
}

#[test]
fn accelerator_rises_with_the_target_and_makes_up_for_the_quarter() {
    let plan = plan(Template::Accelerator);
    for (sales, paid) in [("80000", "3200.00"), ("100000", "4000.00"), ("120000", "5200.00"), ("150000", "7600.00")] {
        let facts = facts(&format!(r#""metrics": {{"net_sales": "{sales}"}}, "targets": {{"net_sales": "100000"}}"#));
        assert_eq!(total(&plan, &facts), paid, "{sales}");
    }
    // 60,000 + 90,000 + 150,000 = 300,000 is the quarter's target: 12,000. The months paid 2,400 + 3,600 and 7,600.
    let quarter = facts(
        r#""metrics": {"net_sales": "150000"}, "targets": {"net_sales": "100000"},
           "true_up": {"period": "2026-Q4", "metrics": {"net_sales": "300000"}, "targets": {"net_sales": "300000"}, "paid": {"Sales": "6000.00"}}"#,
    );
    let statement = pay(&plan, &quarter);
    let amounts: Vec<String> = statement.lines.iter().map(|line| line.amount.to_string()).collect();
    assert_eq!(amounts, ["7600.00", "-1600.00"]);
}

#[test]
fn hunter_pays_new_and_young_customers_to_those_who_visit_strangers() {
    let plan = plan(Template::Hunter);
    assert_eq!(plan.components.len(), 3);
    let month = |met: &str| {
        facts(&format!(
            r#""metrics": {{"new_customers": "6", "visit_minimum": "{met}"}},
               "deals": [
                 {{"number": 1, "booked_on": "2026-10-02", "customer_since": "2026-10-02", "amount": "1000.00"}},
                 {{"number": 2, "booked_on": "2026-10-05", "customer_since": "2025-10-06", "amount": "2000.00"}},
                 {{"number": 3, "booked_on": "2026-10-05", "customer_since": "2025-10-05", "amount": "3000.00"}}]"#
        ))
    };
    // 4 × 50 + 2 × 80; 6 % of 1,000 and 2,000; 2 % of 3,000, whose customer has been one for twelve months to the day.
    let statement = pay(&plan, &month("0.8"));
    let amounts: Vec<String> = statement.lines.iter().map(|line| line.amount.to_string()).collect();
    assert_eq!(amounts, ["360.00", "180.00", "60.00"]);
    assert_eq!(total(&plan, &month("0.79")), "0.00");
}

#[test]
fn farmer_pays_growth_times_what_was_kept() {
    let plan = plan(Template::Farmer);
    let month = |growth: &str, lost: &str| {
        facts(&format!(
            r#""metrics": {{"growth_from_existing": "{growth}", "lost_customers": "{lost}"}},
               "targets": {{"growth_from_existing": "0.05"}},
               "deals": [
                 {{"number": 1, "booked_on": "2026-10-02", "amount": "900.00", "cross_sell": true}},
                 {{"number": 2, "booked_on": "2026-10-05", "amount": "2000.00"}}]"#
        ))
    };
    for (growth, lost, paid) in [
        ("0", "0", "100.00"), // the campaign alone: one cross-sold deal
        ("-0.02", "0", "100.00"),
        ("0.025", "1", "600.00"), // half of 1,000
        ("0.05", "0", "1300.00"), // 1,000 × 1.2
        ("0.05", "2", "900.00"),  // 1,000 × 0.8
        ("0.1", "3", "1100.00"),  // 2,000 × 0.5
        ("0.3", "7", "1100.00"),  // never above the double
    ] {
        assert_eq!(total(&plan, &month(growth, lost)), paid, "{growth} {lost}");
    }
}

#[test]
fn manager_shares_what_the_team_sells() {
    let plan = plan(Template::Manager);
    let month = |worst: &str| {
        facts(&format!(
            r#""deals": [
                 {{"number": 1, "booked_on": "2026-10-02", "rep": "R2", "amount": "100000.00"}},
                 {{"number": 2, "booked_on": "2026-10-05", "rep": "R3", "amount": "{worst}"}}],
               "team": {{"reps": [
                 {{"rep": "R2", "metrics": {{"net_sales": "100000.00"}}, "targets": {{"net_sales": "100000.00"}}}},
                 {{"rep": "R3", "metrics": {{"net_sales": "{worst}"}}, "targets": {{"net_sales": "100000.00"}}}}]}}"#
        ))
    };
    assert_eq!(total(&plan, &month("70000.00")), "1350.00"); // 0.5 % of 170,000, and 500
    assert_eq!(total(&plan, &month("69999.00")), "850.00"); // 0.5 % of 169,999 = 849.995
}

#[test]
fn newcomer_keeps_three_draws_and_pays_three_back() {
    let plan = plan(Template::Newcomer);
    let month = |number: u32, sales: &str, owed: &str| {
        facts(&format!(
            r#""metrics": {{"net_sales": "{sales}"}}, "targets": {{"net_sales": "50000"}},
               "period_on_plan": "{number}", "draw_balance": "{owed}""#
        ))
    };
    for (number, sales, owed, paid, owes) in [
        (1, "20000", "0", "2000.00", "0.00"),       // 600 earned, the rest is kept
        (3, "90000", "0", "3750.00", "0.00"),       // 75 % of the target: 1,125 + 2,625 earned
        (4, "20000", "0", "2000.00", "1400.00"),    // 1,400 are owed
        (5, "90000", "1400.00", "2100.00", "0.00"), // 3,500 earned, 1,400 paid back
        (7, "20000", "0", "600.00", "0.00"),        // no draw any more
    ] {
        let statement = pay(&plan, &month(number, sales, owed));
        assert_eq!(statement.total.to_string(), paid, "month {number}");
        let left = statement.draw_balance.map_or_else(|| "0.00".to_owned(), |left| left.to_string());
        assert_eq!(left, owes, "month {number}");
    }
}
