//! The plans to begin with.

use attain::domain::{
    commission::{
        plan::{MeasuringPeriod, Plan},
        templates::{Accelerator, Hunter, Starter, Template},
        told,
    },
    money::{Currency, Money},
};
use rust_decimal::Decimal;

use crate::support::{facts, pay, total};

fn euro() -> Currency {
    Currency::parse("EUR").unwrap()
}

fn plan(template: &Template) -> Plan {
    let plan = template.plan("Field", euro(), MeasuringPeriod::Month);
    assert_eq!(plan.faults(), []);
    assert_eq!(Plan::from_json(&plan.to_json()).unwrap(), plan);
    assert_eq!(Template::usual(template.name(), euro()).as_ref(), Some(template));
    plan
}

fn words(plan: &Plan) -> Vec<String> {
    plan.components.iter().map(|component| told::component(component, plan.currency).join(" ")).collect()
}

#[test]
fn starter_pays_three_percent() {
    let plan = plan(&Template::Starter(Starter::usual()));
    assert_eq!(words(&plan), ["Every euro of net sales pays 3%."]);
    assert_eq!(total(&plan, &facts(r#""metrics": {"net_sales": "104300.00"}"#)), "3129.00");
}

#[test]
fn accelerator_rises_with_the_target() {
    let plan = plan(&Template::Accelerator(Accelerator::usual()));
    assert_eq!(
        words(&plan),
        [
            "Up to 100% of target every euro of net sales pays 4%. From 100% to 120% of target every further euro pays 6%. \
          From 120% of target every further euro pays 8%. Without a target it pays nothing."
        ]
    );
    for (sales, paid) in [("80000", "3200.00"), ("100000", "4000.00"), ("120000", "5200.00"), ("150000", "7600.00")] {
        let facts = facts(&format!(r#""metrics": {{"net_sales": "{sales}"}}, "targets": {{"net_sales": "100000"}}"#));
        assert_eq!(total(&plan, &facts), paid, "{sales}");
    }
}

#[test]
fn hunter_pays_those_who_visit_strangers() {
    let plan = plan(&Template::Hunter(Hunter::usual(euro())));
    assert_eq!(
        words(&plan),
        [
            "The first 4 new customers pay €50.00 each. From number 5 on each further new customer pays €80.00. It pays only with at least 100% of the target for stranger visits.",
            "Every euro of net sales pays 4%. It pays only with at least 100% of the target for stranger visits.",
        ]
    );
    let month = |visits: &str| {
        facts(&format!(
            r#""metrics": {{"new_customers": "6", "net_sales": "9700.00", "stranger_visits": "{visits}"}}, "targets": {{"stranger_visits": "20"}}"#
        ))
    };
    assert_eq!(total(&plan, &month("20")), "748.00"); // 4 × 50 + 2 × 80 + 388
    let short = pay(&plan, &month("17"));
    assert_eq!(short.total.to_string(), "0.00");
    assert!(
        short.lines[0].text.ends_with("3 more stranger visits would have paid €360.00."),
        "{}",
        short.lines[0].text
    );
    assert!(
        short.lines[1].text.ends_with("3 more stranger visits would have paid €388.00."),
        "{}",
        short.lines[1].text
    );

    let gentle = Template::Hunter(Hunter { sales_need_visits: false, ..Hunter::usual(euro()) });
    let plan = gentle.plan("Field", euro(), MeasuringPeriod::Month);
    assert_eq!(total(&plan, &month("17")), "388.00");
}

#[test]
fn numbers_that_make_no_plan_are_refused() {
    let hunter = Hunter { more_from: 0, each: Money(-1), ..Hunter::usual(euro()) };
    let faults = Template::Hunter(hunter).plan("Field", euro(), MeasuringPeriod::Month).faults();
    assert_eq!(faults.len(), 2, "{faults:?}");
    let flat = Accelerator { edge: Decimal::ONE, ..Accelerator::usual() };
    assert_eq!(Template::Accelerator(flat).plan("Field", euro(), MeasuringPeriod::Month).faults().len(), 1);
}
