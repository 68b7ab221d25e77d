//! The statement as text: its parts in order, and records that add up to their line.

use attain::domain::{
    commission::{
        facts::Facts,
        plan::Plan,
        section::{Section, payable},
        text::text,
    },
    money::{Currency, Money},
};

use crate::support::{facts, pay, plan_in};

fn places(text: &str, words: &[&str]) -> Vec<usize> {
    words.iter().map(|words| text.find(words).unwrap_or_else(|| panic!("{words}: {text}"))).collect()
}

#[test]
fn draw_adjustments_and_balance_stand_between_lines_and_total() {
    let plan = r#"{ "name": "P", "currency": "EUR", "period": "month", "recovery_cap": "0.5",
        "components": [ { "name": "Sales", "measure": "net_sales", "pays": { "rate": "0.1" } } ],
        "draw": { "amount": "500.00", "recoverable": true } }"#;
    let facts = r#"{ "rep": "R1", "period": "2026-10", "metrics": { "net_sales": "1000.00" }, "balance": "-20.00",
        "adjustments": [ { "component": "Sales", "period": "2026-09", "old": "900.00", "new": "100.00" } ] }"#;
    let euro = Currency::parse("EUR").unwrap();
    let statement = pay(&Plan::from_json(plan).unwrap(), &Facts::from_json(facts, euro).unwrap());
    let text = text(&statement);
    let order = [
        "\nSales ",
        "\nDraw\n",
        "A draw of €500.00",
        "\nAdjustments\n",
        "Sales, 2026-09",
        "\nBalance\n",
        "Carried from before",
        "Carried to the next period",
        "Balance for the next period ",
        "Owed of draws ",
        "\nTotal ",
    ];
    assert!(places(&text, &order).is_sorted(), "{text}");
    let sections: Vec<Section> = statement.lines.iter().map(|line| line.kind.section()).collect();
    assert!(sections.windows(2).all(|two| {
        let place = |of| Section::ALL.iter().position(|section| *section == of);
        place(two[0]) <= place(two[1])
    }));
}

#[test]
fn a_total_below_zero_pays_nothing_and_says_so() {
    let plan = plan_in("EUR", r#"{"name": "C", "measure": "net_sales", "pays": {"rate": "0.1"}}"#);
    let statement = pay(&plan, &facts(r#""metrics": { "net_sales": "-300.00" }"#));
    let text = text(&statement);
    assert!(places(&text, &["Balance", "Balance for the next period", "−€30.00\n\nTotal", "To pay"]).is_sorted());
    assert!(text.trim_end().ends_with("€0.00"), "{text}");
    for (total, pays) in [(-1, 0), (0, 0), (1, 1), (i64::MIN, 0)] {
        assert_eq!(payable(Money(total)), Money(pays));
    }
}

#[test]
fn records_without_a_deal_are_listed_and_add_up() {
    let steps = r#"{"tiers": {"mode": "whole", "axis": "attainment", "per": "period", "steps": [
        {"from": "0", "rate": "0.01"}, {"from": "1", "rate": "0.01", "bonus": "25.00"}]}}"#;
    let deals = r#""deals": [{"number": 1, "booked_on": "2026-10-01", "amount": "1500.00"}],
        "targets": {"net_sales": "1000.00"}, "metrics": {"visits": "1"}"#;
    let override_facts = r#""team_earnings": [ {"rep": "R2", "amount": "100.00"}, {"rep": "R3", "amount": "40.00"} ]"#;
    for (component, facts_in, listed) in [
        (format!(r#"{{"name": "C", "measure": "net_sales", "pays": {steps}}}"#), deals, &["Deal 1", "Bonus"][..]),
        (
            format!(r#"{{"name": "C", "measure": "net_sales", "pays": {steps}, "floor": "100.00"}}"#),
            deals,
            &["Deal 1", "Bonus", "Floor"],
        ),
        (
            r#"{"name": "C", "measure": "visits", "pays": {"per_unit": "5.00"}, "floor": "80.00"}"#.to_owned(),
            deals,
            &["Visits", "Floor"],
        ),
        (r#"{"name": "C", "measure": "visits", "pays": {"per_unit": "5.00"}}"#.to_owned(), deals, &[]),
        (
            r#"{"name": "C", "measure": "earnings", "scope": "team", "pays": {"rate": "0.1"}}"#.to_owned(),
            override_facts,
            &["Earnings of R2", "Earnings of R3"],
        ),
    ] {
        let statement = pay(&plan_in("EUR", &component), &facts(facts_in));
        let line = &statement.lines[0];
        let names: Vec<String> =
            line.listed().iter().map(attain::domain::commission::statement::Record::name).collect();
        assert_eq!(names, listed, "{component}");
        let sum: i64 = line.records.iter().map(|record| record.amount.money.0).sum();
        assert_eq!(sum, line.amount.money.0, "{component}");
        let printed = text(&statement);
        for name in names {
            assert!(printed.contains(&format!("\n    {name} ")), "{name}: {printed}");
        }
    }
}
