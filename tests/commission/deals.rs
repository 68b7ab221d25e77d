//! Deals: splits, linked returns, stages, confirmation, and whose deals are in the facts at all.

use crate::support::{component, deals, facts, line, pay, plan_in, records, refused_together, tiers, total};

const PER_DEAL: [(&str, &str); 3] = [("0", "0.01"), ("1000", "0.02"), ("3000", "0.03")];

fn rate() -> attain::domain::commission::plan::Plan {
    component(r#""net_sales""#, r#"{"rate": "0.10"}"#, "")
}

#[test]
fn a_linked_return_stands_right_after_its_deal_and_takes_back_what_it_paid() {
    // The return is booked after deal 2 and even after the month.
    let facts = facts(
        r#""deals": [
            {"number": 3, "booked_on": "2026-11-15", "amount": "-1500.00", "returns": 1},
            {"number": 2, "booked_on": "2026-10-20", "amount": "500.00"},
            {"number": 1, "booked_on": "2026-10-02", "amount": "4000.00"}]"#,
    );
    let per_deal = component(r#""net_sales""#, &tiers("marginal", "amount", "deal", &PER_DEAL), "");
    let found = line(&per_deal, &facts);
    // 4000 pays 10 + 40 + 30 = 80; the deal then stands at 2500, which pays 10 + 30 = 40.
    let order: Vec<(Option<i64>, Option<i64>)> = found.records.iter().map(|r| (r.deal, r.returns)).collect();
    assert_eq!(order, [(Some(1), None), (Some(3), Some(1)), (Some(2), None)]);
    assert_eq!(records(&found), ["80.00", "-40.00", "5.00"]);
    assert_eq!(found.amount.to_string(), "45.00");
    assert_eq!(found.measured.unwrap().to_string(), "3000.00");

    let whole = component(r#""net_sales""#, &tiers("whole", "amount", "deal", &PER_DEAL), "");
    assert_eq!(records(&line(&whole, &facts)), ["120.00", "-70.00", "5.00"]);
    let period = component(r#""net_sales""#, &tiers("marginal", "amount", "period", &PER_DEAL), "");
    assert_eq!(records(&line(&period, &facts)), ["80.00", "-40.00", "10.00"]);
}

#[test]
fn a_deal_that_was_returned_completely_pays_nothing() {
    let facts = facts(
        r#""deals": [
            {"number": 1, "booked_on": "2026-10-02", "amount": "999.99", "credits": [{"rep": "R2", "parts": 1}, {"rep": "R1", "parts": 2}]},
            {"number": 2, "booked_on": "2026-10-09", "amount": "-999.99", "returns": 1}]"#,
    );
    for pays in [
        r#"{"rate": "0.037"}"#.to_owned(),
        tiers("marginal", "amount", "deal", &PER_DEAL),
        tiers("whole", "amount", "deal", &PER_DEAL),
        tiers("marginal", "amount", "period", &PER_DEAL),
        tiers("whole", "amount", "period", &PER_DEAL),
    ] {
        let found = line(&component(r#""net_sales""#, &pays, r#", "cap": "1.00""#), &facts);
        assert_eq!(found.amount.to_string(), "0.00", "{pays}");
        assert_eq!(found.measured.unwrap().to_string(), "0.00");
    }
}

#[test]
fn a_return_without_a_link_counts_by_itself() {
    let found = line(
        &component(r#""net_sales""#, &tiers("marginal", "amount", "deal", &PER_DEAL), ""),
        &deals(&["4000", "-1500"]),
    );
    assert_eq!(records(&found), ["80.00", "-20.00"]);
    assert_eq!(total(&rate(), &deals(&["100", "-350"])), "-25.00");
}

#[test]
fn a_return_of_a_deal_of_another_period_is_not_in_this_one() {
    let facts = facts(
        r#""deals": [
            {"number": 8, "booked_on": "2026-10-02", "amount": "1000.00"},
            {"number": 9, "booked_on": "2026-10-05", "amount": "-400.00", "returns": 3}]"#,
    );
    let statement = pay(&rate(), &facts);
    assert_eq!(statement.total.to_string(), "100.00");
    assert_eq!(statement.other_periods.len(), 1);
    assert_eq!(statement.other_periods[0].part.to_string(), "-400.00");
    assert!(
        statement.lines[0]
            .text
            .ends_with("Return 9 (−€400.00) belongs to deal 3 of another period, where it is taken back."),
        "{}",
        statement.lines[0].text
    );
}

#[test]
fn a_return_of_a_return_belongs_to_the_first_deal() {
    let facts = facts(
        r#""deals": [
            {"number": 1, "booked_on": "2026-10-02", "amount": "1000.00"},
            {"number": 2, "booked_on": "2026-10-03", "amount": "-200.00", "returns": 1},
            {"number": 3, "booked_on": "2026-10-04", "amount": "500.00"},
            {"number": 4, "booked_on": "2026-10-05", "amount": "-100.00", "returns": 2}]"#,
    );
    let found = line(&rate(), &facts);
    assert_eq!(found.records.iter().map(|r| r.deal.unwrap()).collect::<Vec<_>>(), [1, 2, 4, 3]);
    assert_eq!(found.amount.to_string(), "120.00");
}

#[test]
fn credits_split_by_largest_remainder() {
    let split = |amount: &str, credits: &str| {
        facts(&format!(r#""deals": [{{"number": 1, "booked_on": "2026-10-02", "amount": "{amount}", {credits}}}]"#))
    };
    let everything = component(r#""net_sales""#, r#"{"rate": "1"}"#, "");
    let two_to_one = r#""credits": [{"rep": "R1", "parts": 2}, {"rep": "R2", "parts": 1}]"#;
    let one_to_two = r#""credits": [{"rep": "R2", "parts": 2}, {"rep": "R1", "parts": 1}]"#;
    for (amount, two, one) in [("100.00", "66.67", "33.33"), ("0.01", "0.01", "0.00"), ("-100.00", "-66.67", "-33.33")]
    {
        assert_eq!(total(&everything, &split(amount, two_to_one)), two);
        assert_eq!(total(&everything, &split(amount, one_to_two)), one);
    }
    // Ties go to the earlier one.
    let half = |first: &str, second: &str| {
        format!(r#""credits": [{{"rep": "{first}", "parts": 1}}, {{"rep": "{second}", "parts": 1}}]"#)
    };
    assert_eq!(total(&everything, &split("0.05", &half("R1", "R2"))), "0.03");
    assert_eq!(total(&everything, &split("0.05", &half("R2", "R1"))), "0.02");
    // Somebody else's deal is none of his records.
    let found = line(&everything, &split("100.00", r#""credits": [{"rep": "R2", "parts": 1}]"#));
    assert_eq!((found.amount.to_string(), found.records.len()), ("0.00".into(), 0));
    let found = line(&everything, &split("100.00", two_to_one));
    assert_eq!(found.records[0].part.unwrap().to_string(), "66.67");
}

#[test]
fn a_share_is_rounded_half_away_from_zero_and_a_part_is_taken_as_it_is() {
    let everything = component(r#""net_sales""#, r#"{"rate": "1"}"#, "");
    let one = |keys: &str| facts(&format!(r#""deals": [{{"number": 1, "booked_on": "2026-10-02", {keys}}}]"#));
    assert_eq!(total(&everything, &one(r#""amount": "1000.00", "share": "0.6""#)), "600.00");
    assert_eq!(total(&everything, &one(r#""amount": "0.01", "share": "0.5""#)), "0.01");
    assert_eq!(total(&everything, &one(r#""amount": "-0.01", "share": "0.5""#)), "-0.01");
    assert_eq!(total(&everything, &one(r#""amount": "1000.00", "share": "0""#)), "0.00");
    assert_eq!(total(&everything, &one(r#""amount": "100.00", "part": "33.34""#)), "33.34");
}

#[test]
fn a_linked_return_that_says_nothing_is_credited_as_its_deal() {
    for (credit, left) in [
        (r#", "share": "0.6""#, "480.00"),
        (r#", "part": "250.00""#, "200.00"),
        (r#", "credits": [{"rep": "R1", "parts": 1}, {"rep": "R2", "parts": 3}]"#, "200.00"),
        ("", "800.00"),
    ] {
        let facts = facts(&format!(
            r#""deals": [{{"number": 1, "booked_on": "2026-10-02", "amount": "1000.00"{credit}}},
                         {{"number": 2, "booked_on": "2026-10-03", "amount": "-200.00", "returns": 1}}]"#
        ));
        assert_eq!(total(&component(r#""net_sales""#, r#"{"rate": "1"}"#, ""), &facts), left, "{credit}");
    }
}

#[test]
fn only_won_and_confirmed_deals_pay() {
    let facts = facts(
        r#""deals": [
            {"number": 1, "booked_on": "2026-10-02", "amount": "100.00"},
            {"number": 2, "amount": "1000.00", "stage": "open"},
            {"number": 3, "amount": "1000.00", "stage": "lost"},
            {"number": 4, "booked_on": "2026-10-03", "amount": "1000.00", "stage": "cancelled"},
            {"number": 5, "booked_on": "2026-10-04", "amount": "500.00", "confirmed": false},
            {"number": 6, "booked_on": "2026-10-05", "amount": "-50.00", "returns": 5},
            {"number": 7, "booked_on": "2026-10-05", "amount": "-10.00", "returns": 4}]"#,
    );
    let statement = pay(&rate(), &facts);
    assert_eq!(statement.total.to_string(), "10.00");
    assert_eq!(statement.unconfirmed.iter().map(|held| held.deal).collect::<Vec<_>>(), [5, 6]);
    assert!(
        statement.lines[0].text.ends_with(
            "Deal 5 (€500.00) is not confirmed yet: it pays once it is. Return 6 (−€50.00) waits with deal 5."
        ),
        "{}",
        statement.lines[0].text
    );
}

#[test]
fn many_unconfirmed_deals_are_told_together() {
    let list: Vec<String> = (1..=5)
        .map(|n| format!(r#"{{"number": {n}, "booked_on": "2026-10-02", "amount": "100.00", "confirmed": false}}"#))
        .collect();
    let found = line(&rate(), &facts(&format!(r#""deals": [{}]"#, list.join(","))));
    assert_eq!(
        found.notes,
        ["There were no net sales to pay for.", "5 deals (€500.00) are not confirmed yet: they pay once they are."]
    );
}

#[test]
fn net_sales_have_one_value() {
    let both = facts(
        r#""metrics": {"net_sales": "90.00"}, "deals": [{"number": 1, "booked_on": "2026-10-02", "amount": "100.00"}]"#,
    );
    assert_eq!(
        refused_together(&rate(), &both),
        "the facts are not enough:\nmetrics.net_sales: 90.00 is given, and the deals that pay add up to 100.00: leave it out"
    );
    let equal = facts(
        r#""metrics": {"net_sales": "100.0"}, "deals": [{"number": 1, "booked_on": "2026-10-02", "amount": "100.00"}]"#,
    );
    assert_eq!(total(&rate(), &equal), "10.00");
    // Without deals the metric counts; an empty list of deals is no sales.
    assert_eq!(total(&rate(), &facts(r#""metrics": {"net_sales": "104300.00"}"#)), "10430.00");
    assert_eq!(total(&rate(), &facts(r#""deals": []"#)), "0.00");
    assert_eq!(total(&rate(), &facts(r#""metrics": {"net_sales": "104300.00"}, "deals": []"#)), "10430.00");
}

#[test]
fn what_the_plan_needs_and_the_facts_do_not_hold_is_refused() {
    let gated = component(
        r#""visits""#,
        r#"{"bonus": "1.00"}"#,
        r#", "gate": [{"metric": "touches", "at_least": "1"}, {"attainment": "net_sales", "at_least": "1"}]"#,
    );
    assert_eq!(
        refused_together(&gated, &facts(r#""metrics": {}"#)),
        "the facts are not enough:\n\
         metrics.visits: this is missing, and “C” needs it: add it\n\
         metrics.touches: this is missing, and “C” needs it: add it\n\
         metrics.net_sales: this is missing, and “C” needs it: add it"
    );
    let per_deal = component(r#""net_sales""#, &tiers("marginal", "amount", "deal", &PER_DEAL), "");
    assert_eq!(
        refused_together(&per_deal, &facts(r#""metrics": {"net_sales": "100.00"}"#)),
        "the facts are not enough:\ndeals: “C” pays deal by deal: list the deals"
    );
}

#[test]
fn deals_of_another_month_are_refused() {
    let other = facts(r#""deals": [{"number": 1, "booked_on": "2026-11-01", "amount": "1.00"}]"#);
    assert_eq!(
        refused_together(&rate(), &other),
        "the facts are not enough:\ndeals[0].booked_on: 2026-11-01 does not lie in 2026-10: leave deals of other periods out"
    );
}

#[test]
fn two_deals_with_one_number_and_returns_in_a_circle_are_refused() {
    let twice = facts(
        r#""deals": [{"number": 1, "booked_on": "2026-10-01", "amount": "1.00"}, {"number": 1, "booked_on": "2026-10-02", "amount": "2.00"}]"#,
    );
    assert!(refused_together(&rate(), &twice).contains("deals[1].number: there are two deals with the number 1"));
    let circle = facts(
        r#""deals": [{"number": 1, "booked_on": "2026-10-01", "amount": "-1.00", "returns": 2}, {"number": 2, "booked_on": "2026-10-02", "amount": "-2.00", "returns": 1}]"#,
    );
    assert!(refused_together(&rate(), &circle).contains("deals[0].returns: deal 1 returns itself in a circle"));
}

#[test]
fn the_reps_own_sales_are_never_the_teams() {
    let plan = plan_in("EUR", r#"{"name": "O", "scope": "team", "measure": "net_sales", "pays": {"rate": "0.01"}}"#);
    let own = r#"{"number": 1, "booked_on": "2026-10-02", "amount": "5000.00"}"#;
    let of_other = r#"{"number": 2, "booked_on": "2026-10-02", "rep": "R2", "amount": "800.00", "confirmed": false}"#;
    for (deals, more, paid) in [
        (String::new(), "", "0.00"),
        (own.to_owned(), r#""metrics": {"net_sales": "5000.00"},"#, "0.00"),
        (format!("{own},{of_other}"), r#""metrics": {"net_sales": "5000.00"},"#, "0.00"),
        (format!("{own},{}", of_other.replace("false", "true")), "", "8.00"),
        (own.to_owned(), r#""team": {"metrics": {"net_sales": "900.00"}},"#, "9.00"),
    ] {
        assert_eq!(total(&plan, &facts(&format!(r#"{more} "deals": [{deals}]"#))), paid, "{deals} {more}");
    }
    let gated = component(
        r#""visits""#,
        r#"{"bonus": "10.00"}"#,
        r#", "gate": [{"metric": "net_sales", "who": "team", "at_least": "800"}]"#,
    );
    let deals = of_other.replace("false", "true");
    assert_eq!(total(&gated, &facts(&format!(r#""metrics": {{"visits": "0"}}, "deals": [{deals}]"#))), "10.00");
}

#[test]
fn given_net_sales_are_those_that_pay_or_those_of_the_metric() {
    let list = r#""deals": [
        {"number": 1, "booked_on": "2026-10-02", "amount": "1000.00"},
        {"number": 2, "booked_on": "2026-10-03", "amount": "200.00", "confirmed": false},
        {"number": 3, "booked_on": "2026-10-04", "amount": "30.00", "hold": true},
        {"number": 4, "booked_on": "2026-10-05", "amount": "-4.00", "returns": 99},
        {"number": 5, "booked_on": "2026-11-05", "amount": "-100.00", "returns": 1}]"#;
    let with = |given: &str| facts(&format!(r#""metrics": {{"net_sales": "{given}"}}, {list}"#));
    // What pays; with what waits; with what is held; both; by every return's own date.
    for given in ["900.00", "1100.00", "930.00", "1130.00", "1226.00"] {
        let statement = pay(&rate(), &with(given));
        assert_eq!(statement.total.to_string(), "90.00", "{given}");
        let said = format!("As a metric net sales are €{given}; €900.00 of them pay here.");
        let told = statement.lines[0].text.replace(',', "");
        assert_eq!(told.contains(&said), given != "900.00", "{given}: {told}");
    }
    let wrong = refused_together(&rate(), &with("5000.00"));
    assert!(
        wrong.contains("5000.00 is given, and the deals that pay add up to 900.00 (with those that wait, 1130.00)"),
        "{wrong}"
    );
    // The name makes no difference.
    let named = list.replace(r#""amount""#, r#""rep": "R1", "amount""#);
    let wrong = refused_together(&rate(), &facts(&format!(r#""metrics": {{"net_sales": "5000.00"}}, {named}"#)));
    assert!(wrong.contains("metrics.net_sales: 5000.00 is given"), "{wrong}");
}

#[test]
fn one_deal_with_and_without_its_rep_is_one_deal() {
    let twice = facts(
        r#""deals": [{"number": 1, "booked_on": "2026-10-02", "amount": "100.00"},
                     {"number": 1, "booked_on": "2026-10-02", "rep": "R1", "amount": "100.00"}]"#,
    );
    assert!(refused_together(&rate(), &twice).contains("deals[1].number: there are two deals with the number 1"));
    let back = facts(
        r#""deals": [{"number": 1, "booked_on": "2026-10-02", "rep": "R1", "amount": "100.00"},
                     {"number": 2, "booked_on": "2026-10-03", "amount": "-40.00", "returns": 1}]"#,
    );
    assert_eq!(total(&rate(), &back), "6.00");
}

#[test]
fn what_was_not_won_may_be_of_any_month() {
    let deals = |stage: &str| {
        format!(r#""deals": [{{"number": 1, "booked_on": "2026-09-02", "amount": "100.00", "stage": "{stage}"}}]"#)
    };
    for stage in ["lost", "cancelled", "open"] {
        assert_eq!(total(&rate(), &facts(&deals(stage))), "0.00", "{stage}");
    }
    assert!(refused_together(&rate(), &facts(&deals("won"))).contains("does not lie in 2026-10"));
}

#[test]
fn nothing_is_returned_by_a_positive_amount() {
    let told = crate::support::refused_facts(
        r#"{"rep": "R1", "period": "2026-10", "deals": [
            {"number": 2, "booked_on": "2026-10-03", "amount": "-40.00", "returns": 1},
            {"number": 3, "booked_on": "2026-10-04", "amount": "40.00", "returns": 2}]}"#,
    );
    assert_eq!(
        told,
        [
            "deals[1].amount: a return takes back: write its amount with a minus; one that was wrong is cancelled by its stage"
        ]
    );
}
