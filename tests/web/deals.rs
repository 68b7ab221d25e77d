//! Deals: entering, sharing, returning, confirming, and lists that hold what a number counts.

use attain::{
    deals::list_db::{self, Filter},
    domain::{
        access::{Reach, Role, Scope},
        deal::Stage,
    },
    postgres::tx,
    scorecards::db::Subject,
};
use time::{Duration, macros::date};

use crate::{
    field::{Field, TODAY, cents, number},
    support::{Answer, Client},
};

/// What a browser sends for a won deal of one line.
fn won(customer: &str, amount: &str) -> Vec<(String, String)> {
    [("customer", customer), ("stage", "won"), ("booked_on", "2026-11-19"), ("item", "Coffee"), ("amount", amount)]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
}

async fn post(browser: &mut Client, path: &str, fields: &[(String, String)]) -> Answer {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post(path, &fields).await
}

fn add(fields: &mut Vec<(String, String)>, more: &[(&str, &str)]) {
    fields.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
}

#[tokio::test]
async fn a_deal_is_entered_with_lines_and_credits() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await.to_string();
    let mut berit = field.app.client(field.berit).await;
    let page = berit.get("/products").await.expect(200);
    berit.submit(&page, "main form", &[("name", "Coffee"), ("category", "Drinks")]).await.expect(303);
    let mut browser = field.app.client(field.ingrid).await;
    let page = browser.get(&format!("/deals/new?customer={havn}")).await.expect(200);
    // Won today, credited to the rep: one amount is enough.
    assert_eq!((page.value("customer"), page.value("stage")), (havn.clone(), "won".into()));
    assert_eq!((page.value("booked_on"), page.value("credit")), ("2026-11-19".into(), field.ingrid.id.to_string()));
    // More rows keep what was typed.
    let body: String = {
        let mut fields = won(&havn, "100,00");
        add(
            &mut fields,
            &[
                ("item", "Delivery"),
                ("quantity", ""),
                ("amount", "0.01"),
                ("more", "lines"),
                ("once", "7b0e0d8e-5d0a-4c8e-9f44-0c4cc6f3d0b1"),
            ],
        );
        serde_html_form::to_string(&fields).unwrap()
    };
    let more = browser.post_body("/deals", body).await.expect(200);
    assert_eq!(more.attributes("[name=item]", "value")[..2], ["Coffee", "Delivery"]);
    assert_eq!(more.count("[name=item]"), 5);
    assert_eq!(field.count("deals").await, 0);
    // In thirds, with an overlay beside.
    let mut fields = won(&havn, "100.00");
    let (ingrid, jonas, olav) = (field.ingrid.id.to_string(), field.jonas.id.to_string(), field.olav.id.to_string());
    for (rep, counts) in [(&ingrid, "split"), (&jonas, "split"), (&olav, "split"), (&olav, "overlay")] {
        add(&mut fields, &[("credit", rep), ("parts", "1"), ("counts", counts)]);
    }
    add(&mut fields, &[("cost", "60"), ("quantity", "2,5")]);
    let answer = post(&mut browser, "/deals", &fields).await.expect(303);
    let page = browser.follow(&answer).await.expect(200);
    assert_eq!(page.text("h1"), "Deal 1");
    let shares = page.texts("section:has(#credits) td.n");
    assert_eq!(shares, ["€33.34", "€33.33", "€33.33", "€33.33"]);
    assert_eq!(page.texts("section:has(#lines) tbody td"), ["2.5", "€100.00", "€60.00"]);
    assert!(page.words().contains("Waits for confirmation"));
    for (rep, part) in [(field.ingrid, 3334), (field.jonas, 3333), (field.olav, 3333)] {
        assert_eq!(field.facts(Subject::Rep(rep.id), "2026-11").await.net_sales.0, part);
    }
    assert_eq!(field.facts(Subject::Company, "2026-11").await.net_sales.0, 10_000);
    assert_eq!(field.facts(Subject::Rep(field.ingrid.id), "2026-11").await.new_customers, 1);
    field.verify().await;
}

#[tokio::test]
async fn two_customers_of_one_deal_are_refused() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await.to_string();
    let torget = field.customer("Torget", field.ingrid).await.to_string();
    let mut browser = field.app.client(field.ingrid).await;
    let mut fields = won(&havn, "100");
    add(&mut fields, &[("other", "Torget"), ("notes", "kept")]);
    let refused = post(&mut browser, "/deals", &fields).await.expect(422);
    assert_eq!(refused.attributes(".summary-error a", "href"), ["#other"], "{}", refused.words());
    assert_eq!((refused.value("other"), refused.value("customer")), ("Torget".into(), havn.clone()));
    assert!(refused.value("notes").contains("kept"));
    assert_eq!(field.count("deals").await, 0);
    let answer = browser.submit(&refused, "main form", &[("customer", &torget)]).await.expect(303);
    // Changed later: the customer that stands there is nobody's choice.
    let edit = format!("{}/edit", answer.location());
    let page = browser.get(&edit).await.expect(200);
    assert_eq!(page.value("customer"), torget);
    browser.submit(&page, "main form", &[("other", "Havn")]).await.expect(303);
    assert_eq!(browser.get(&edit).await.expect(200).value("customer"), havn);
}

#[tokio::test]
async fn bad_input_is_told_and_kept() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await.to_string();
    let foreign = field.customer("Olavs", field.olav).await.to_string();
    let elsewhere = field.app.company("Sørlys").await;
    let stranger = field.app.user(elsewhere, "Olga", &[Role::Rep]).await.id.to_string();
    let manager = field.berit.id.to_string();
    let mut browser = field.app.client(field.ingrid).await;
    for (name, typed, place) in [
        ("customer", "", "customer"),
        ("customer", &*foreign, "customer"),
        ("customer", "-1", "customer"),
        ("other", "Nobody", "other"),
        ("stage", "lost", "stage"),
        ("stage", "", "stage"),
        ("booked_on", "2026-11-20", "booked_on"),
        ("booked_on", "", "booked_on"),
        ("amount", "", "amount-0"),
        ("amount", "1e9", "amount-0"),
        ("amount", "12.3456", "amount-0"),
        ("amount", "99999999999999999999", "amount-0"),
        ("quantity", "0", "quantity-0"),
        ("quantity", "many", "quantity-0"),
        ("cost", "x", "cost-0"),
        ("item", &*"x".repeat(201), "item-0"),
        ("credit", &*stranger, "credit-0"),
        ("credit", &*manager, "credit-0"),
        ("credit", "999999", "credit-0"),
        ("notes", &*"x".repeat(2001), "notes"),
    ] {
        let mut fields = won(&havn, "100");
        fields.retain(|(field, _)| field != name);
        add(&mut fields, &[(name, typed), ("notes", "kept")]);
        if name == "notes" {
            fields.pop();
        }
        let page = post(&mut browser, "/deals", &fields).await.expect(422);
        assert_eq!(
            page.attributes(".summary-error a", "href"),
            [format!("#{place}")],
            "{name} {typed}: {}",
            page.words()
        );
        assert!(page.has(&format!("[id='{place}']")), "{place} has no place on the page");
        assert!(name == "notes" || page.value("notes").contains("kept"), "{name}");
    }
    let mut fields = won(&havn, "100");
    add(&mut fields, &[("credit", &*field.ingrid.id.to_string()), ("parts", "0")]);
    let page = post(&mut browser, "/deals", &fields).await.expect(422);
    assert_eq!(page.attributes(".summary-error a", "href"), ["#parts-0"]);
    assert_eq!(field.count("deals").await, 0);
    let page = post(&mut browser, "/deals", &[]).await.expect(422);
    assert!(page.count(".summary-error a") >= 2);
}

#[tokio::test]
async fn two_entries_at_once_take_numbers_in_a_row() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await.to_string();
    let mut tasks = vec![];
    for _ in 0..6 {
        let mut browser = field.app.client(field.ingrid).await;
        let fields = won(&havn, "10");
        tasks.push(tokio::spawn(async move { post(&mut browser, "/deals", &fields).await.expect(303) }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let numbers: Vec<i64> =
        sqlx::query_scalar!("select number from deals order by number").fetch_all(&field.app.db).await.unwrap();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
    assert_eq!(field.facts(Subject::Rep(field.ingrid.id), "2026-11").await.new_customers, 1);
    field.verify().await;
}

#[tokio::test]
async fn a_return_takes_back_lines_and_shares_and_never_more_than_is_left() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await.to_string();
    let mut browser = field.app.client(field.ingrid).await;
    let mut fields = won(&havn, "100.00");
    add(&mut fields, &[("cost", "33.33"), ("item", "Cups"), ("amount", "50.00"), ("cost", "")]);
    for (at, value) in fields.iter_mut().filter(|(name, _)| name == "booked_on") {
        let _ = at;
        *value = "2026-10-10".to_owned();
    }
    let (ingrid, jonas) = (field.ingrid.id.to_string(), field.jonas.id.to_string());
    add(
        &mut fields,
        &[
            ("credit", &ingrid),
            ("parts", "2"),
            ("counts", "split"),
            ("credit", &jonas),
            ("parts", "1"),
            ("counts", "split"),
        ],
    );
    let deal = post(&mut browser, "/deals", &fields).await.expect(303).location().to_owned();
    let path = format!("{deal}/return");
    for (fields, place) in [
        (vec![("booked_on", "2026-10-09"), ("whole", "all")], "booked_on"),
        (vec![("booked_on", "2026-11-20"), ("whole", "all")], "booked_on"),
        (vec![("booked_on", "2026-11-01"), ("whole", "lines"), ("amount", "100.01")], "amount-0"),
        (vec![("booked_on", "2026-11-01"), ("whole", "lines"), ("amount", "-1")], "amount-0"),
        (vec![("booked_on", "2026-11-01"), ("whole", "lines"), ("amount", ""), ("amount", "50.01")], "amount-1"),
        (vec![("booked_on", "2026-11-01"), ("whole", "lines")], "amount-0"),
        (vec![("booked_on", "2026-11-01"), ("whole", "lines"), ("amount", "x")], "amount-0"),
    ] {
        let page = browser.post(&path, &fields).await.expect(422);
        assert_eq!(page.attributes(".summary-error a", "href"), [format!("#{place}")], "{fields:?}");
    }
    // Part of a line, on its own day.
    let part = [("booked_on", "2026-11-02"), ("whole", "lines"), ("amount", "40"), ("amount", "")];
    let first = browser.post(&path, &part).await.expect(303);
    let page = browser.follow(&first).await.expect(200);
    assert_eq!(page.text("h1"), "Return 2");
    assert_eq!(page.texts("section:has(#credits) td.n"), ["−€26.67", "−€13.33"]);
    assert_eq!(page.texts("section:has(#lines) tbody td"), ["−0.4", "−€40.00", "−€13.33"]);
    assert_eq!(field.facts(Subject::Rep(field.ingrid.id), "2026-11").await.net_sales.0, -2667);
    assert_eq!(field.facts(Subject::Company, "2026-10").await.new_customers, 1, "partly returned is not undone");
    // A deal cannot shrink below what came back, nor move behind it.
    let edit = browser.get(&format!("{deal}/edit")).await.expect(200);
    let page = browser.submit(&edit, "main form", &[("booked_on", "2026-11-03")]).await.expect(422);
    assert_eq!(page.attributes(".summary-error a", "href"), ["#booked_on"]);
    // All the rest: the customer was never new, from that day on.
    let page = browser.get(&path).await.expect(200);
    let rest = browser.submit(&page, "main form", &[("booked_on", "2026-11-05")]).await.expect(303);
    let page = browser.follow(&rest).await;
    assert_eq!(page.texts("section:has(#lines) tbody td"), ["−0.6", "−€60.00", "−€20.00", "−1", "−€50.00", ""]);
    assert_eq!(field.facts(Subject::Company, "2026-11").await.new_customers, -1);
    assert_eq!(field.facts(Subject::Company, "2026").await.net_sales.0, 0);
    browser.get(&path).await.expect(409);
    browser.post(&path, &part).await.expect(409);
    let page = browser.get(&deal).await;
    assert!(page.words().contains("Everything came back by 5 Nov 2026"), "{}", page.words());
    field.verify().await;
    // A return that was wrong is corrected; what is left is counted without it.
    let edit = browser.get(&format!("{}/edit", rest.location())).await.expect(200);
    let fields = [("booked_on", "2026-11-06"), ("whole", "lines"), ("amount", "60.01"), ("version", "1")];
    browser.post(&format!("{}/correct", rest.location()), &fields).await.expect(422);
    browser.submit(&edit, "main form", &[("booked_on", "2026-11-06")]).await.expect(303);
    let fields = [("booked_on", "2026-11-06"), ("whole", "lines"), ("amount", "10"), ("version", "1")];
    let stale = browser.post(&format!("{}/correct", rest.location()), &fields).await.expect(409);
    let told = stale.text(".summary-error");
    assert!(told.contains("Net −€110.00") && told.contains("Coffee: −€60.00; Cups: −€50.00"), "{told}");
    assert!(!told.contains("Day"), "the day is the same: {told}");
    let fields = [("booked_on", "2026-11-06"), ("whole", "lines"), ("amount", "10"), ("version", "2")];
    browser.post(&format!("{}/correct", rest.location()), &fields).await.expect(303);
    assert_eq!(field.facts(Subject::Company, "2026").await.net_sales.0, 10_000);
    assert_eq!(field.facts(Subject::Company, "2026-11").await.new_customers, 0);
    field.verify().await;
}

#[tokio::test]
async fn two_returns_at_once_take_back_no_more_than_there_is() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let deal = field.deal(havn, date!(2026 - 11 - 01), 10_000, &[(field.ingrid, 1)]).await;
    let mut tasks = vec![];
    for _ in 0..4 {
        let mut browser = field.app.client(field.ingrid).await;
        tasks.push(tokio::spawn(async move {
            let fields = [("booked_on", "2026-11-19"), ("whole", "lines"), ("amount", "60")];
            browser.post(&format!("/deals/{deal}/return"), &fields).await.status.as_u16()
        }));
    }
    let mut answers = vec![];
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers.sort_unstable();
    assert_eq!(answers, [303, 422, 422, 422]);
    field.verify().await;
}

#[tokio::test]
async fn an_open_deal_is_won_lost_or_given_up() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await.to_string();
    let mut browser = field.app.client(field.ingrid).await;
    let mut fields = won(&havn, "100");
    fields.retain(|(name, _)| name != "stage");
    add(&mut fields, &[("stage", "open"), ("expected_on", "2026-12-24")]);
    let deal = post(&mut browser, "/deals", &fields).await.expect(303).location().to_owned();
    assert_eq!(field.facts(Subject::Company, "2026-11").await.net_sales.0, 0);
    assert_eq!(browser.get("/deals?stage=open").await.count("tbody tr"), 1);
    assert_eq!(browser.get("/deals").await.count("tbody tr"), 0);
    let page = browser.get(&deal).await.expect(200);
    let lost = browser.submit(&page, "form[action$='/lose']", &[]).await.expect(303);
    let page = browser.follow(&lost).await;
    assert!(page.words().contains("lost on 19 Nov"), "{}", page.words());
    browser.submit(&page, ".toast form", &[]).await.expect(303);
    let page = browser.get(&deal).await;
    assert!(page.words().contains("expected on 24 Dec"), "{}", page.words());
    let page = browser.submit(&page, "form[action$='/win']", &[("booked_on", "2026-11-20")]).await.expect(422);
    assert_eq!(page.value("booked_on"), "2026-11-20");
    browser.submit(&page, "form[action$='/win']", &[("booked_on", "2026-11-18")]).await.expect(303);
    assert_eq!(field.facts(Subject::Rep(field.ingrid.id), "2026-11").await.net_sales.0, 10_000);
    assert_eq!(field.facts(Subject::Rep(field.ingrid.id), "2026-11").await.new_customers, 1);
    for act in ["lose", "cancel", "reopen"] {
        browser.post(&format!("{deal}/{act}"), &[("reason", "Late"), ("version", "1")]).await.expect(409);
    }
    field.verify().await;
}

#[tokio::test]
async fn who_is_credited_does_not_confirm() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await.to_string();
    let seller = field.app.user(field.org, "Selma", &[Role::Rep, Role::Manager]).await;
    let mut ingrid = field.app.client(field.ingrid).await;
    let deal = post(&mut ingrid, "/deals", &won(&havn, "100")).await.expect(303).location().to_owned();
    let queue = field.app.client(field.ingrid).await.get("/deals?unconfirmed=1").await.expect(200);
    assert!(!queue.has("form[action*=confirm]"), "a rep confirms nothing");
    ingrid.post(&format!("{deal}/confirm"), &[]).await.expect(403);
    field.app.client(seller).await.post(&format!("{deal}/confirm"), &[]).await.expect(404);
    let mut berit = field.app.client(field.berit).await;
    let page = berit.get("/deals?unconfirmed=1").await.expect(200);
    let confirmed = berit.submit(&page, "form[action*=confirm]", &[]).await.expect(303);
    assert_eq!(confirmed.location(), "/deals?unconfirmed=1");
    assert!(berit.follow(&confirmed).await.words().contains("Nothing to confirm"));
    berit.post(&format!("{deal}/confirm"), &[]).await.expect(409);
    assert!(berit.get(&deal).await.words().contains("by Berit"));
    // What changes the pay waits again; a note does not.
    let page = ingrid.get(&format!("{deal}/edit")).await.expect(200);
    ingrid.submit(&page, "main form", &[("notes", "Paid")]).await.expect(303);
    assert!(!ingrid.get(&deal).await.words().contains("Waits for confirmation"));
    let page = ingrid.get(&format!("{deal}/edit")).await;
    let amounts: Vec<(&str, &str)> = vec![("amount", "200"), ("amount", ""), ("amount", "")];
    ingrid.submit(&page, "main form", &amounts).await.expect(303);
    assert!(ingrid.get(&deal).await.words().contains("Waits for confirmation"));
    // A manager who sells is credited on his own deals: somebody else confirms them.
    let own = field.customer("Selmas", seller).await.to_string();
    let mut selma = field.app.client(seller).await;
    let deal = post(&mut selma, "/deals", &won(&own, "10")).await.expect(303).location().to_owned();
    assert!(selma.get(&deal).await.words().contains("Waits for confirmation"));
    selma.post(&format!("{deal}/confirm"), &[]).await.expect(409);
    let mut finn = field.app.client(field.finn).await;
    let page = finn.get(&deal).await;
    finn.submit(&page, "form[action*=confirm]", &[]).await.expect(303);
    // A manager who enters a deal for a rep has confirmed it.
    let deal = post(&mut berit, "/deals", &won(&havn, "10")).await.expect(303).location().to_owned();
    let page = berit.get(&deal).await;
    assert!(!page.words().contains("Waits for confirmation"));
    assert_eq!(page.texts("section:has(#credits) th[scope=row]"), ["Ingrid"], "nobody typed: the customer's owner");
}

#[tokio::test]
async fn a_stale_form_shows_both() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let deal = field.deal(havn, date!(2026 - 11 - 01), 10_000, &[(field.ingrid, 1)]).await;
    let mut browser = field.app.client(field.ingrid).await;
    let path = format!("/deals/{deal}/edit");
    let (first, second) = (browser.get(&path).await, browser.get(&path).await);
    browser.submit(&first, "main form", &[("booked_on", "2026-11-02")]).await.expect(303);
    let stale = browser.submit(&second, "main form", &[("notes", "Mine")]).await.expect(409);
    assert_eq!(stale.value("notes").trim(), "Mine");
    assert!(stale.text(".summary-error").contains("2 Nov 2026"), "{}", stale.text(".summary-error"));
    browser.submit(&stale, "main form", &[]).await.expect(303);
    let page = browser.get(&format!("/deals/{deal}")).await;
    assert!(page.text("section:has(#history)").contains("Won on: 2 Nov 2026 → 1 Nov 2026"), "{}", page.words());
}

#[tokio::test]
async fn a_change_in_a_locked_period_needs_a_reason() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let deal = field.deal(havn, date!(2026 - 10 - 10), 10_000, &[(field.ingrid, 1)]).await;
    field.lock("2026-10").await;
    let mut browser = field.app.client(field.ingrid).await;
    assert!(browser.get(&format!("/deals/{deal}")).await.words().contains("Its period is locked"));
    let page = browser.get(&format!("/deals/{deal}/edit")).await.expect(200);
    let page = browser.submit(&page, "main form", &[("booked_on", "2026-10-11")]).await.expect(422);
    assert_eq!(page.attributes(".summary-error a", "href"), ["#reason"]);
    browser.submit(&page, "main form", &[("reason", "Wrong day")]).await.expect(303);
    let page = browser.get(&format!("/deals/{deal}")).await;
    assert!(page.text("section:has(#history)").contains("Reason: Wrong day"));
}

#[tokio::test]
async fn a_deal_moves_neither_out_of_a_locked_month_nor_into_one() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let paid = field.deal(havn, date!(2026 - 10 - 10), 10_000, &[(field.ingrid, 1)]).await;
    let later = field.deal(havn, date!(2026 - 11 - 10), 10_000, &[(field.ingrid, 1)]).await;
    let back = field.deal_like(havn, date!(2026 - 10 - 20), -1_000, &[(field.ingrid, 1)], Some(paid)).await;
    field.lock("2026-10").await;
    let mut browser = field.app.client(field.ingrid).await;
    for (deal, change, place) in [
        (later, vec![("booked_on", "2026-10-31")], "booked_on"),
        (back, vec![("booked_on", "2026-11-01")], "booked_on"),
        (field.deal(havn, date!(2026 - 10 - 12), 500, &[(field.ingrid, 1)]).await, vec![("stage", "open")], "stage"),
        (
            field.deal(havn, date!(2026 - 10 - 12), 500, &[(field.ingrid, 1)]).await,
            vec![("booked_on", "2026-11-02")],
            "booked_on",
        ),
    ] {
        let page = browser.get(&format!("/deals/{deal}/edit")).await.expect(200);
        let typed: Vec<(&str, &str)> =
            change.into_iter().filter(|(name, _)| page.has(&format!("[name={name}]"))).collect();
        // The reason is asked for on the page of what is locked only; none helps here.
        let page = browser.submit(&page, "main form", &typed).await.expect(422);
        assert_eq!(page.attributes(".summary-error a", "href"), [format!("#{place}")], "{typed:?}: {}", page.words());
        assert!(page.has(&format!("[id='{place}']")), "{place} has no place on the page");
    }
    // An open deal is not won in it either.
    let mut fields = won(&havn.to_string(), "100");
    fields.retain(|(name, _)| name != "stage");
    add(&mut fields, &[("stage", "open"), ("expected_on", "2026-12-24")]);
    let open = post(&mut browser, "/deals", &fields).await.expect(303).location().to_owned();
    let page = browser.get(&open).await.expect(200);
    let page = browser.submit(&page, "form[action$='/win']", &[("booked_on", "2026-10-31")]).await.expect(422);
    assert!(page.words().contains("locked"), "{}", page.words());
    browser.submit(&page, "form[action$='/win']", &[("booked_on", "2026-11-01")]).await.expect(303);
    assert_eq!(field.facts(Subject::Company, "2026-10").await.net_sales.0, 10_000);
    field.verify().await;
}

#[tokio::test]
async fn the_queue_offers_only_what_one_may_confirm() {
    let field = Field::new().await;
    let both = field.app.user(field.org, "Mona", &[Role::Manager, Role::Admin]).await;
    field.app.team(field.org, "West", None, Some(both), &[field.jonas]).await;
    let (havn, fjord) = (field.customer("Havn", field.olav).await, field.customer("Fjord", field.jonas).await);
    for (seller, customer) in [(field.olav, havn), (field.jonas, fjord)] {
        let mut browser = field.app.client(seller).await;
        post(&mut browser, "/deals", &won(&customer.to_string(), "100")).await.expect(303);
    }
    let mut mona = field.app.client(both).await;
    let page = mona.get("/deals?unconfirmed=1").await.expect(200);
    assert_eq!(page.count("tbody tr"), 2, "as administrator she sees both");
    assert_eq!(page.count("form[action*=confirm]"), 1, "as manager she confirms one");
    mona.submit(&page, "form[action*=confirm]", &[]).await.expect(303);
}

#[tokio::test]
async fn a_deal_is_confirmed_as_it_was_shown() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await.to_string();
    let (mut ingrid, mut berit) = (field.app.client(field.ingrid).await, field.app.client(field.berit).await);
    let deal = post(&mut ingrid, "/deals", &won(&havn, "100")).await.expect(303).location().to_owned();
    let (queue, seen) = (berit.get("/deals?unconfirmed=1").await, berit.get(&deal).await);
    let page = ingrid.get(&format!("{deal}/edit")).await.expect(200);
    ingrid.submit(&page, "main form", &[("amount", "10000"), ("amount", ""), ("amount", "")]).await.expect(303);
    for page in [queue, seen] {
        let answer = berit.submit(&page, "form[action*=confirm]", &[]).await.expect(409);
        assert!(answer.words().contains("since you saw it"), "{}", answer.words());
    }
    assert!(berit.get(&deal).await.words().contains("Waits for confirmation"));
    let page = berit.get(&deal).await;
    berit.submit(&page, "form[action*=confirm]", &[]).await.expect(303);
}

#[tokio::test]
async fn a_deal_is_not_cut_below_what_comes_back_at_the_same_time() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let deal = field.deal(havn, date!(2026 - 11 - 01), 10_000, &[(field.ingrid, 1)]).await;
    let mut browser = field.app.client(field.ingrid).await;
    let edit = browser.get(&format!("/deals/{deal}/edit")).await.expect(200);
    let mut other = field.app.client(field.ingrid).await;
    let back = other.get(&format!("/deals/{deal}/return")).await.expect(200);
    // Somebody holds the deal until both have read it as it was.
    let mut holds = field.app.db.begin().await.unwrap();
    sqlx::query!("select id from deals where id = $1 for update", deal.0).fetch_one(&mut *holds).await.unwrap();
    let returned = tokio::spawn(async move { other.submit(&back, "main form", &[]).await });
    field.app.until_waiting(1).await;
    let cut = tokio::spawn(async move {
        browser.submit(&edit, "main form", &[("amount", "50"), ("amount", ""), ("amount", "")]).await
    });
    field.app.until_waiting(2).await;
    holds.commit().await.unwrap();
    returned.await.unwrap().expect(303);
    let page = cut.await.unwrap().expect(422);
    assert_eq!(page.attributes(".summary-error a", "href"), ["#amount-0"]);
    assert_eq!(field.facts(Subject::Company, "2026-11").await.net_sales.0, 0);
    field.verify().await;
}

#[tokio::test]
async fn a_list_holds_exactly_what_the_metric_counts() {
    let field = Field::new().await;
    let (havn, torget) = (field.customer("Havn", field.ingrid).await, field.customer("Torget", field.jonas).await);
    field.deal(torget, date!(2025 - 01 - 15), 3_000, &[(field.jonas, 1)]).await;
    field.deal(havn, date!(2026 - 11 - 02), 10_000, &[(field.ingrid, 1), (field.jonas, 1), (field.olav, 1)]).await;
    let sold = field.deal(torget, date!(2026 - 11 - 03), 9_999, &[(field.jonas, 2), (field.ingrid, 1)]).await;
    field.deal_like(torget, date!(2026 - 11 - 04), -999, &[(field.jonas, 2), (field.ingrid, 1)], Some(sold)).await;
    field.deal(havn, date!(2026 - 10 - 31), 500, &[(field.ingrid, 1)]).await;
    field.deal(havn, date!(2026 - 11 - 05), 700, &[(field.olav, 1)]).await;
    let subjects = [
        (Subject::Rep(field.ingrid.id), format!("&rep={}", field.ingrid.id), field.ingrid),
        (Subject::Rep(field.jonas.id), format!("&rep={}", field.jonas.id), field.berit),
        (Subject::Team(field.north), format!("&team={}", field.north), field.berit),
        (Subject::Company, String::new(), field.finn),
    ];
    for (subject, query, asker) in subjects {
        let facts = field.facts(subject, "2026-11").await;
        let mut browser = field.app.client(asker).await;
        for (class, expected) in [
            ("", facts.net_sales),
            ("&class=new", facts.new_customer_sales),
            ("&class=existing", facts.net_sales - facts.new_customer_sales),
        ] {
            let path = format!("/deals?counted=1&from=2026-11-01&to=2026-12-01{class}{query}");
            let page = browser.get(&path).await.expect(200);
            let rows = page.count("tbody tr");
            if rows == 0 {
                assert_eq!(expected.0, 0, "{path}");
                continue;
            }
            // The last column of money is what counts: the part, or the whole deal for the company.
            let money = page.texts("tbody tr td.n");
            let columns = money.len() / rows;
            let sum: i64 = money.iter().skip(columns - 1).step_by(columns).map(|text| cents(text)).sum();
            let total = page.texts("tfoot td.n").last().map(|text| cents(text)).unwrap();
            assert_eq!((sum, total), (expected.0, expected.0), "{subject:?} {path}");
            assert_eq!(number(&page.text(".pager .meta")), i64::try_from(rows).unwrap());
        }
    }
    let ingrid = field.facts(Subject::Rep(field.ingrid.id), "2026-11").await;
    assert_eq!((ingrid.net_sales.0, ingrid.new_customer_sales.0), (3_334 + 3_333 - 333, 3_334));
}

/// By their people, among a customer's and among those to confirm: in each way the same deals and sums.
#[tokio::test]
async fn a_list_is_the_same_however_its_deals_are_found() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    for (owner, cents, credits) in [
        (field.ingrid, 10_000, &[(field.ingrid, 2, false), (field.jonas, 1, false)][..]),
        (field.ingrid, 9_000, &[(field.jonas, 1, false), (field.olav, 1, true)]),
        (field.olav, 8_000, &[(field.olav, 1, false), (field.olav, 1, true)]),
        (field.jonas, 7_000, &[]),
    ] {
        let deal = field.deal(havn, TODAY, cents, &[]).await;
        let mut tx = field.app.write(field.org).await;
        let (reps, overlays) =
            credits.iter().map(|(rep, _, overlay)| (rep.id.0, *overlay)).unzip::<_, _, Vec<_>, Vec<_>>();
        let all: i64 = credits.iter().filter(|credit| !credit.2).map(|credit| credit.1).sum();
        let parts = credits.iter().map(|credit| i32::try_from(credit.1).unwrap()).collect::<Vec<_>>();
        let amounts = credits.iter().map(|credit| cents * credit.1 / all).collect::<Vec<_>>();
        sqlx::query!(
            "update deals set owner_id = $2, confirmed_at = null, confirmed_by = null where id = $1",
            deal.0,
            owner.id.0
        )
        .execute(&mut *tx)
        .await
        .unwrap();
        sqlx::query!(
            "insert into deal_credits (org_id, deal_id, position, rep_id, parts, overlay, amount, booked_on)
             select $1, $2, c.position, c.rep_id, c.parts, c.overlay, c.amount, $3
             from unnest($4::bigint[], $5::int[], $6::bool[], $7::bigint[]) with ordinality
                 as c (rep_id, parts, overlay, amount, position)",
            field.org.0,
            deal.0,
            TODAY,
            &reps,
            &parts,
            &overlays,
            &amounts,
        )
        .execute(&mut *tx)
        .await
        .unwrap();
        tx.commit().await.unwrap();
    }
    let lost = field.deal(havn, date!(2026 - 11 - 10), 6_000, &[(field.ingrid, 1), (field.jonas, 1)]).await;
    sqlx::query!("update deals set stage = 'lost', booked_on = null, closed_on = '2026-11-11' where id = $1", lost.0)
        .execute(&field.app.db)
        .await
        .unwrap();

    let confirms = Scope { org: field.org, reach: Reach::All };
    let mut read = tx::read(&field.app.db, field.org).await.unwrap();
    let mut listed = async |filter: Filter| {
        let rows = list_db::list(&mut read, field.astrid.id, &confirms, &filter, TODAY).await.unwrap();
        let first = rows.first().map(|row| [row.total_net, row.total_part, row.total_overlay].map(|sum| sum.0 / 100));
        let rows: Vec<(i64, i64)> = rows.iter().map(|row| (row.number, row.part.0)).collect();
        (rows, first.unwrap_or_default())
    };
    for (rep, shares_only, numbers, sums) in [
        (field.ingrid, false, &[2, 1][..], [190, 66, 0]),
        (field.ingrid, true, &[1], [100, 66, 0]),
        (field.jonas, false, &[4, 2, 1], [260, 123, 0]),
        (field.jonas, true, &[2, 1], [190, 123, 0]),
        (field.olav, false, &[3, 2], [170, 80, 170]),
        (field.olav, true, &[3], [80, 80, 80]),
    ] {
        let by_people =
            Filter { reps: Some(vec![rep.id]), shares_only, stage: Some(Stage::Won), limit: 9, ..Filter::default() };
        let of_customer = Filter { customer: Some(havn), ..by_people.clone() };
        let to_confirm = Filter { unconfirmed: true, stage: None, ..by_people.clone() };
        let dated = Filter { from: Some(TODAY), to: Some(TODAY + Duration::DAY), ..by_people.clone() };
        for filter in [by_people, of_customer, to_confirm, dated] {
            let (rows, found) = listed(filter.clone()).await;
            let found_numbers: Vec<i64> = rows.iter().map(|row| row.0).collect();
            assert_eq!((&*found_numbers, found), (numbers, sums), "{filter:?}");
        }
        let lost =
            Filter { reps: Some(vec![rep.id]), shares_only, stage: Some(Stage::Lost), limit: 9, ..Filter::default() };
        let theirs = if rep.id == field.olav.id { vec![] } else { vec![(5, 3_000)] };
        assert_eq!(listed(lost.clone()).await.0, theirs, "{lost:?}");
        assert_eq!(listed(Filter { customer: Some(havn), ..lost }).await.0, theirs);
    }
}

#[tokio::test]
async fn deals_out_of_sight_are_not_there() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let deal = field.deal(havn, date!(2026 - 11 - 01), 10_000, &[(field.ingrid, 1)]).await;
    let mut olav = field.app.client(field.olav).await;
    olav.get(&format!("/deals/{deal}")).await.expect(404);
    for path in [
        format!("/deals?rep={}", field.ingrid.id),
        format!("/deals?team={}", field.north),
        format!("/deals?customer={havn}"),
        "/deals/0/edit".to_owned(),
        "/deals/x".to_owned(),
    ] {
        olav.get(&path).await.expect(404);
    }
    for path in ["/deals?rep=x", "/deals?from=2026", "/deals?stage=maybe", "/deals?class=old"] {
        olav.get(path).await.expect(400);
    }
    // Credited on it: in sight, and not his to change.
    let shared = field.deal(havn, date!(2026 - 11 - 01), 10_000, &[(field.ingrid, 1), (field.olav, 1)]).await;
    olav.get(&format!("/deals/{shared}")).await.expect(200);
    olav.get(&format!("/deals/{shared}/edit")).await.expect(403);
    olav.post(&format!("/deals/{shared}/return"), &[("booked_on", "2026-11-19")]).await.expect(403);
    // A deal of nobody counts for the company only.
    let nobody = field.deal(havn, date!(2026 - 11 - 01), 1_000, &[]).await;
    field.app.client(field.finn).await.get(&format!("/deals/{nobody}")).await.expect(200);
    assert_eq!(field.facts(Subject::Company, "2026-11").await.net_sales.0, 21_000);
}

#[tokio::test]
async fn products_are_kept_by_managers_and_administrators() {
    let field = Field::new().await;
    for user in [field.berit, field.astrid] {
        let mut browser = field.app.client(user).await;
        let page = browser.get("/products").await.expect(200);
        let name = format!("Coffee {}", user.id);
        browser.submit(&page, "main form", &[("name", &*name), ("category", "Drinks")]).await.expect(303);
        let page = browser.submit(&page, "main form", &[("name", &*name), ("category", "Other")]).await;
        assert_eq!(page.status.as_u16(), 422, "the key was used for other data");
        let page = browser.get("/products").await;
        let page = browser.submit(&page, "main form", &[("name", &*name), ("category", "Other")]).await.expect(422);
        assert_eq!(page.attributes(".summary-error a", "href"), ["#name"]);
        assert_eq!(page.value("category"), "Other");
    }
    let mut ingrid = field.app.client(field.ingrid).await;
    let page = ingrid.get("/products").await.expect(200);
    assert!(!page.has("main form"));
    assert_eq!(page.count("tbody tr"), 2);
    ingrid.post("/products", &[("name", "Tea"), ("category", "Drinks")]).await.expect(403);
}

#[tokio::test]
async fn where_deals_need_no_confirmation_nobody_is_said_to_have_given_it() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await.to_string();
    let confirm = async |asked: bool| {
        sqlx::query!("update organizations set confirm_deals = $1", asked).execute(&field.app.db).await.unwrap();
    };
    let confirmed = async |number: i64| {
        sqlx::query!(r#"select confirmed_at is not null as "at!", confirmed_by from deals where number = $1"#, number)
            .fetch_one(&field.app.db)
            .await
            .map(|row| (row.at, row.confirmed_by))
            .unwrap()
    };
    confirm(false).await;
    let mut ingrid = field.app.client(field.ingrid).await;
    let entered = post(&mut ingrid, "/deals", &won(&havn, "100.00")).await.expect(303);
    assert_eq!(confirmed(1).await, (true, None));
    let page = ingrid.follow(&entered).await;
    assert!(!page.words().contains("Waits for confirmation"));
    // Neither does a manager's entry say more, nor a change.
    post(&mut field.app.client(field.berit).await, "/deals", &won(&havn, "200.00")).await.expect(303);
    assert_eq!(confirmed(2).await, (true, None));
    // Where it is asked for, the manager who enters a deal for a rep has confirmed it.
    confirm(true).await;
    post(&mut field.app.client(field.berit).await, "/deals", &won(&havn, "300.00")).await.expect(303);
    assert_eq!(confirmed(3).await, (true, Some(field.berit.id)));
    assert_eq!(confirmed(1).await, (true, None), "what was entered before pays on");
}

#[tokio::test]
async fn a_list_shows_the_day_of_its_stage_or_none() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await.to_string();
    let mut browser = field.app.client(field.ingrid).await;
    for expected in ["2026-12-24", "", ""] {
        let mut fields = won(&havn, "100");
        fields.retain(|(name, _)| name != "stage" && name != "booked_on");
        add(&mut fields, &[("stage", "open"), ("expected_on", expected), ("opened_on", "2026-11-02")]);
        let deal = post(&mut browser, "/deals", &fields).await.expect(303).location().to_owned();
        if deal.ends_with('3') {
            let page = browser.get(&deal).await.expect(200);
            browser.submit(&page, "form[action$='/lose']", &[]).await.expect(303);
        }
    }
    let open = browser.get("/deals?stage=open").await.expect(200);
    assert_eq!(open.texts("thead th")[2], "Expected");
    assert_eq!(
        open.texts("tbody td:nth-of-type(2)"),
        ["24 Dec 2026", ""],
        "the day that is not known is empty, and last"
    );
    let lost = browser.get("/deals?stage=lost").await.expect(200);
    assert_eq!(
        (lost.texts("thead th")[2].as_str(), lost.texts("tbody td:nth-of-type(2)")),
        ("Lost", vec!["19 Nov 2026".to_owned()])
    );
    let file = browser.get("/deals.csv?stage=open").await.expect(200).body();
    let column = |line: &str| line.split(',').nth(10).unwrap().to_owned();
    assert_eq!(file.lines().map(column).collect::<Vec<_>>(), ["date", "2026-12-24", ""], "{file}");
    assert_eq!(browser.get("/deals?stage=cancelled").await.texts("thead th").get(2), None);
}

#[tokio::test]
async fn a_late_deal_of_a_leaver_is_the_leavers() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await.to_string();
    let left = async |user: crate::support::User, day: &str| {
        let day = attain::web::form::parse_date(day);
        sqlx::query!("update users set left_on = $2 where id = $1", user.id.0, day)
            .execute(&field.app.db)
            .await
            .unwrap();
    };
    left(field.jonas, "2026-11-02").await;
    left(field.olav, "2025-11-01").await;
    let mut berit = field.app.client(field.berit).await;
    let page = berit.get("/deals/new").await.expect(200);
    let offered = page.texts("[name=credit] option");
    assert!(offered.contains(&"Jonas (left on 2 Nov 2026)".to_owned()), "{offered:?}");
    assert!(!offered.iter().any(|name| name.contains("Olav")), "more than twelve months ago: {offered:?}");
    let (jonas, mut fields) = (field.jonas.id.to_string(), won(&havn, "100.00"));
    add(&mut fields, &[("credit", &jonas)]);
    // Of a day on which he was no longer there: no.
    let refused = post(&mut berit, "/deals", &fields).await.expect(422);
    assert_eq!(refused.attributes(".summary-error a", "href"), ["#credit-0"], "{}", refused.words());
    for (name, value) in &mut fields {
        if name == "booked_on" {
            "2026-10-30".clone_into(value);
        }
    }
    let entered = post(&mut berit, "/deals", &fields).await.expect(303);
    assert_eq!(field.facts(Subject::Rep(field.jonas.id), "2026-10").await.net_sales.0, 10_000);
    // Corrected later it stays his; the history calls him by his name.
    let page = berit.get(&format!("{}/edit", entered.location())).await.expect(200);
    berit.submit(&page, "main form[method=post]", &[("notes", "Late")]).await.expect(303);
    let history = berit.get(entered.location()).await.expect(200).text("section:has(#history)");
    assert!(!history.contains("left on"), "{history}");
    field.verify().await;
}
