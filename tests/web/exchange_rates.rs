//! Deals in another currency: rates with dates, frozen on what was won, and back at the same rate.

use attain::domain::subject::Subject;

use crate::{
    field::Field,
    support::{Answer, Client},
};

async fn enter_rate(browser: &mut Client, currency: &str, from: &str, rate: &str) -> Answer {
    let page = browser.get("/exchange-rates").await.expect(200);
    browser.submit(&page, "main aside form", &[("currency", currency), ("from", from), ("rate", rate)]).await
}

/// A deal of two lines in a currency: 120,000.00 and 0.05.
fn deal<'a>(customer: &'a str, currency: &'a str, stage: &'a str, day: &'a str) -> Vec<(&'a str, &'a str)> {
    let day = if stage == "won" { ("booked_on", day) } else { ("expected_on", day) };
    vec![
        ("customer", customer),
        ("currency", currency),
        ("stage", stage),
        day,
        ("item", "Coffee"),
        ("amount", "120 000"),
        ("cost", "7000"),
        ("item", "Cups"),
        ("amount", "0,05"),
        ("cost", ""),
    ]
}

#[tokio::test]
async fn finance_enters_rates_and_history_stays() {
    let field = Field::new().await;
    let mut finn = field.app.client(field.finn).await;
    assert!(finn.get("/exchange-rates").await.words().contains("No rates yet"));
    for (currency, from, rate, place) in [
        ("", "2026-11-01", "1", "currency"),
        ("ZZZ", "2026-11-01", "1", "currency"),
        ("EUR", "2026-11-01", "1", "currency"),
        ("NOK", "", "1", "from"),
        ("NOK", "2026-11-20", "1", "from"),
        ("NOK", "2026-11-01", "", "rate"),
        ("NOK", "2026-11-01", "0", "rate"),
        ("NOK", "2026-11-01", "-1", "rate"),
        ("NOK", "2026-11-01", "0.0000000000001", "rate"),
        ("NOK", "2026-11-01", "99999999999", "rate"),
    ] {
        let page = enter_rate(&mut finn, currency, from, rate).await.expect(422);
        assert_eq!(page.attributes(".summary-error a", "href"), [format!("#{place}")], "{currency} {from} {rate}");
        assert_eq!((page.value("currency"), page.value("rate")), (currency.to_owned(), rate.to_owned()));
    }
    assert_eq!(field.count("exchange_rates").await, 0);
    enter_rate(&mut finn, "nok", "2026-11-01", "0,085").await.expect(303);
    enter_rate(&mut finn, "NOK", "2026-11-01", "0.0851").await.expect(303);
    let mut astrid = field.app.client(field.astrid).await;
    enter_rate(&mut astrid, "JPY", "2026-10-01", "0.0062").await.expect(303);
    // Everybody reads them, with what was corrected.
    let page = field.app.client(field.ingrid).await.get("/exchange-rates").await.expect(200);
    assert!(!page.has("main form"));
    assert_eq!(page.texts("tbody th"), ["JPY", "NOK", "NOK"]);
    assert_eq!(page.texts("tbody td.n"), ["0.0062", "0.0851", "0.085 Corrected"]);
    // Rows are added and never changed.
    let mut tx = field.app.write(field.org).await;
    let changed = sqlx::raw_sql("update exchange_rates set rate = 1").execute(&mut *tx).await;
    assert!(changed.unwrap_err().to_string().contains("permission denied"));
}

#[tokio::test]
async fn a_deal_takes_the_rate_of_the_day_of_the_win_and_keeps_it() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await.to_string();
    let (mut finn, mut ingrid) = (field.app.client(field.finn).await, field.app.client(field.ingrid).await);
    let form = ingrid.get("/deals/new").await.expect(200);
    assert!(!form.has("[name=currency]"), "without a rate there is only the company's currency");
    enter_rate(&mut finn, "NOK", "2026-11-01", "0.0851").await.expect(303);
    let form = ingrid.get("/deals/new").await.expect(200);
    assert_eq!(form.attributes("[name=currency] option", "value"), ["EUR", "NOK"]);
    // Another currency, and a day without a rate.
    let page = ingrid.post("/deals", &deal(&havn, "USD", "won", "2026-11-18")).await.expect(422);
    assert_eq!(page.attributes(".summary-error a", "href"), ["#currency"]);
    let page = ingrid.post("/deals", &deal(&havn, "NOK", "won", "2026-10-31")).await.expect(422);
    assert_eq!(
        page.texts(".summary-error a"),
        [
            "There is no exchange rate for NOK on 31 Oct 2026. The first one counts from 1 Nov 2026. Ask finance to enter one."
        ]
    );
    assert_eq!((page.value("currency"), page.value("amount")), ("NOK".to_owned(), "120 000".to_owned()));
    // Each line is rounded: 10,212.00 and 0.00.
    let won = ingrid.post("/deals", &deal(&havn, "NOK", "won", "2026-11-18")).await.expect(303);
    let page = ingrid.follow(&won).await.expect(200);
    assert!(page.words().contains("NOK 120,000.05 at 0.0851 = €10,212.00."), "{}", page.words());
    assert_eq!(
        page.texts("section:has(#lines) tbody td"),
        ["1", "NOK 120,000.00", "€10,212.00", "€7,000.00", "1", "NOK 0.05", "€0.00", ""]
    );
    assert_eq!(page.text("#margin"), "Margin €3,212.00: net less cost, without 1 line of unknown cost.");
    assert_eq!(field.facts(Subject::Rep(field.ingrid.id), "2026-11").await.net_sales.0, 1_021_200);
    field.verify().await;
    // A correction counts for what is booked afterwards.
    enter_rate(&mut finn, "NOK", "2026-11-01", "0.1").await.expect(303);
    let path = won.location().to_owned();
    assert!(ingrid.get(&path).await.words().contains("at 0.0851 = €10,212.00."));
    let edit = ingrid.get(&format!("{path}/edit")).await.expect(200);
    assert_eq!((edit.value("currency"), edit.value("amount")), ("NOK".to_owned(), "120000.00".to_owned()));
    let amounts = [("amount", "60000"), ("amount", "0.05"), ("amount", "")];
    ingrid.submit(&edit, "main form", &amounts).await.expect(303);
    assert!(ingrid.get(&path).await.words().contains("NOK 60,000.05 at 0.0851 = €5,106.00."), "same day, same rate");
    let edit = ingrid.get(&format!("{path}/edit")).await.expect(200);
    ingrid.submit(&edit, "main form", &[("booked_on", "2026-11-17")]).await.expect(303);
    let page = ingrid.get(&path).await;
    assert!(page.words().contains("NOK 60,000.05 at 0.1 = €6,000.01."), "another day is booked anew: {}", page.words());
    assert!(page.text("section:has(#history)").contains("Rate: NOK at 0.0851 → NOK at 0.1"), "{}", page.words());
    assert_eq!(field.facts(Subject::Company, "2026-11").await.net_sales.0, 600_001);
    field.verify().await;
    // What is stored and does not follow is told.
    sqlx::query!("update deal_lines set amount = amount + 1 where original = 6000000")
        .execute(&field.app.db)
        .await
        .unwrap();
    let mut found = vec![];
    let mut read = attain::postgres::tx::read(&field.app.db, field.org).await.unwrap();
    let euro = attain::domain::money::Currency::parse("EUR").unwrap();
    let mut tell = |differs: attain::postgres::derived::Differs| found.push(differs.to_string());
    attain::deals::verify_db::verify(&mut read, field.org, euro, &mut tell).await.unwrap();
    assert!(
        found.contains(&"deal_lines.amount of line 1 of deal 1: stored 6000.01, derived 6000.00".to_owned()),
        "{found:?}"
    );
}

#[tokio::test]
async fn an_open_deal_is_estimated_with_the_rate_of_today() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await.to_string();
    let (mut finn, mut ingrid) = (field.app.client(field.finn).await, field.app.client(field.ingrid).await);
    enter_rate(&mut finn, "NOK", "2026-11-01", "0.0851").await.expect(303);
    let mut fields = deal(&havn, "NOK", "open", "2026-11-30");
    let (own, other) = (field.ingrid.id.to_string(), field.jonas.id.to_string());
    fields.extend([("credit", &*own), ("parts", "2"), ("counts", "split")]);
    fields.extend([("credit", &*other), ("parts", "1"), ("counts", "split")]);
    let open = ingrid.post("/deals", &fields).await.expect(303).location().to_owned();
    assert_eq!(field.facts(Subject::Company, "2026-11").await.net_sales.0, 0);
    let page = ingrid.get("/deals/pipeline").await.expect(200);
    assert_eq!(page.texts("section li .num"), ["€6,808.00 of €10,212.00"]);
    let before = ingrid.get(&format!("{open}/edit")).await.expect(200);
    // A new rate of today estimates it anew everywhere; who is just changing it is not disturbed.
    enter_rate(&mut finn, "NOK", "2026-11-19", "0.09").await.expect(303);
    let page = ingrid.get("/deals/pipeline").await.expect(200);
    assert_eq!(page.texts("section li .num"), ["€7,200.00 of €10,800.00"]);
    assert!(ingrid.get(&open).await.words().contains("NOK 120,000.05 at 0.09 = €10,800.00. An estimate"));
    field.verify().await;
    ingrid.submit(&before, "main form", &[("notes", "They hesitate")]).await.expect(303);
    field.verify().await;
    // A rate for a day long ago changes nothing of today.
    enter_rate(&mut finn, "NOK", "2026-11-02", "0.5").await.expect(303);
    assert!(ingrid.get(&open).await.words().contains("at 0.09 = €10,800.00"));
    // Won on an earlier day: the rate of that day. Taken back: today's again.
    let page = ingrid.get(&open).await.expect(200);
    let page = ingrid.submit(&page, "form[action$='/win']", &[("booked_on", "2026-10-31")]).await.expect(422);
    assert!(page.text(".summary-error").contains("no exchange rate for NOK on 31 Oct 2026"), "{}", page.words());
    let won = ingrid.submit(&page, "form[action$='/win']", &[("booked_on", "2026-11-01")]).await.expect(303);
    let page = ingrid.follow(&won).await.expect(200);
    assert!(page.words().contains("NOK 120,000.05 at 0.0851 = €10,212.00. The rate of that day; it stays."));
    field.verify().await;
    ingrid.submit(&page, ".toast form", &[]).await.expect(303);
    assert!(ingrid.get(&open).await.words().contains("at 0.09 = €10,800.00. An estimate"));
    // Lost and opened again: at the rate of that day.
    let page = ingrid.get(&open).await.expect(200);
    let lost = ingrid.submit(&page, "form[action$='/lose']", &[("reason", "Too dear")]).await.expect(303);
    enter_rate(&mut finn, "NOK", "2026-11-19", "0.08").await.expect(303);
    let page = ingrid.follow(&lost).await.expect(200);
    assert!(page.words().contains("lost on 19 Nov 2026 by Ingrid: Too dear"), "{}", page.words());
    ingrid.submit(&page, ".toast form", &[]).await.expect(303);
    assert!(ingrid.get(&open).await.words().contains("at 0.08 = €9,600.00. An estimate"));
    field.verify().await;
}

#[tokio::test]
async fn what_comes_back_comes_back_at_the_rate_of_its_deal() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await.to_string();
    let (mut finn, mut ingrid) = (field.app.client(field.finn).await, field.app.client(field.ingrid).await);
    enter_rate(&mut finn, "NOK", "2026-11-01", "0.0851").await.expect(303);
    let mut fields = deal(&havn, "NOK", "won", "2026-11-10");
    fields.retain(|(name, value)| *name != "amount" || *value != "120 000");
    fields.insert(5, ("amount", "100.01"));
    let won = ingrid.post("/deals", &fields).await.expect(303).location().to_owned();
    // 100.01 at 0.0851 is 8.51; in two halves of 4.255 it would be 8.52.
    assert_eq!(field.facts(Subject::Company, "2026-11").await.net_sales.0, 851);
    enter_rate(&mut finn, "NOK", "2026-11-15", "0.2").await.expect(303);
    let page = ingrid.get(&format!("{won}/return")).await.expect(200);
    assert!(page.words().contains("NOK 100.06 of NOK 100.06"), "{}", page.words());
    let first = [("booked_on", "2026-11-16"), ("whole", "lines"), ("amount", "50")];
    let back = ingrid.post(&format!("{won}/return"), &first).await.expect(303);
    let page = ingrid.follow(&back).await.expect(200);
    assert!(page.words().contains("−NOK 50.00 at 0.0851 = −€4.26. The rate of its deal."), "{}", page.words());
    field.verify().await;
    // Its day and currency stay as long as something is back.
    let edit = ingrid.get(&format!("{won}/edit")).await.expect(200);
    for (name, typed) in [("booked_on", "2026-11-09"), ("currency", "EUR")] {
        let page = ingrid.submit(&edit, "main form", &[(name, typed)]).await.expect(422);
        assert_eq!(page.attributes(".summary-error a", "href"), [format!("#{name}")]);
    }
    // What came back is corrected in the deal's currency.
    let edit = ingrid.get(&format!("{}/edit", back.location())).await.expect(200);
    assert_eq!(edit.value("amount"), "50.00");
    ingrid.submit(&edit, "main form", &[("amount", "50.01"), ("amount", "")]).await.expect(303);
    field.verify().await;
    let page = ingrid.get(&format!("{won}/return")).await.expect(200);
    let rest = ingrid.submit(&page, "main form", &[("booked_on", "2026-11-17")]).await.expect(303);
    let page = ingrid.follow(&rest).await.expect(200);
    assert!(page.words().contains("−NOK 50.05 at 0.0851 = −€4.25"), "{}", page.words());
    assert_eq!(field.facts(Subject::Company, "2026-11").await.net_sales.0, 0);
    assert_eq!(field.facts(Subject::Company, "2026-11").await.new_customers, 0, "all of it is back");
    field.verify().await;
}

#[tokio::test]
async fn a_deal_of_an_import_stays_in_its_currency() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await.to_string();
    let (mut finn, mut ingrid) = (field.app.client(field.finn).await, field.app.client(field.ingrid).await);
    enter_rate(&mut finn, "NOK", "2026-11-01", "0.0851").await.expect(303);
    let won = ingrid.post("/deals", &deal(&havn, "NOK", "won", "2026-11-10")).await.expect(303).location().to_owned();
    let plain = ingrid.post("/deals", &deal(&havn, "EUR", "won", "2026-11-10")).await.expect(303).location().to_owned();
    sqlx::query!("update deals set external_id = 'D' || number").execute(&field.app.db).await.unwrap();
    let edit = ingrid.get(&format!("{won}/edit")).await.expect(200);
    assert_eq!(edit.attributes("[name=currency] option", "value"), ["NOK"]);
    let page = ingrid.submit(&edit, "main form", &[("currency", "EUR")]).await.expect(422);
    assert_eq!(page.texts(".summary-error a"), ["An import brought this deal: its currency stays."]);
    ingrid.submit(&edit, "main form", &[("notes", "They hesitated")]).await.expect(303);
    assert!(ingrid.get(&won).await.words().contains("NOK 120,000.05 at 0.0851 = €10,212.00."));
    let edit = ingrid.get(&format!("{plain}/edit")).await.expect(200);
    assert!(!edit.has("[name=currency]"));
    ingrid.submit(&edit, "main form", &[("notes", "They too")]).await.expect(303);
    field.verify().await;
}
