//! A mistyped rate put right: the deals that were won with it follow, all of them or none, and what is paid stays.

use attain::{
    deals,
    domain::{id::DealId, subject::Subject},
};

use crate::{
    commissions::Desk,
    field::Field,
    support::{Answer, Client},
};

async fn enter_rate(browser: &mut Client, currency: &str, from: &str, rate: &str) {
    let page = browser.get("/exchange-rates").await.expect(200);
    let typed = [("currency", currency), ("from", from), ("rate", rate)];
    browser.submit(&page, "main aside form", &typed).await.expect(303);
}

/// A won deal in NOK of two lines, shared two to one; its page.
async fn sell(browser: &mut Client, customer: &str, day: &str, amounts: [&str; 2], reps: [&str; 2]) -> String {
    let fields = [
        ("customer", customer),
        ("currency", "NOK"),
        ("stage", "won"),
        ("booked_on", day),
        ("item", "Coffee"),
        ("amount", amounts[0]),
        ("item", "Cups"),
        ("amount", amounts[1]),
        ("credit", reps[0]),
        ("parts", "2"),
        ("counts", "split"),
        ("credit", reps[1]),
        ("parts", "1"),
        ("counts", "split"),
    ];
    browser.post("/deals", &fields).await.expect(303).location().to_owned()
}

/// The page of the one rate that leaves something to put right.
async fn open(browser: &mut Client) -> Answer {
    let page = browser.get("/exchange-rates").await.expect(200);
    let path = page.attribute("[aria-labelledby=due] a", "href");
    browser.get(&path).await.expect(200)
}

const FORM: &str = "form[action$='/re-rate']";

#[tokio::test]
async fn a_corrected_rate_puts_the_deals_right_that_were_won_with_it() {
    let field = Field::new().await;
    let (havn, fjord) = (field.customer("Havn", field.ingrid).await, field.customer("Fjord", field.ingrid).await);
    let (ingrid_id, jonas_id) = (field.ingrid.id.to_string(), field.jonas.id.to_string());
    let reps = [&*ingrid_id, &*jonas_id];
    let (mut finn, mut ingrid) = (field.app.client(field.finn).await, field.app.client(field.ingrid).await);
    enter_rate(&mut finn, "NOK", "2026-11-01", "0.851").await;
    let sold = sell(&mut ingrid, &havn.to_string(), "2026-11-05", ["120 000", "0,05"], reps).await;
    let back = sell(&mut ingrid, &fjord.to_string(), "2026-11-06", ["100.01", "0.05"], reps).await;
    for day in ["2026-11-07", "2026-11-08"] {
        let typed =
            [("booked_on", day), ("whole", if day == "2026-11-08" { "all" } else { "lines" }), ("amount", "50")];
        ingrid.post(&format!("{back}/return"), &typed).await.expect(303);
    }
    // Of a later rate's days nothing is mistyped.
    enter_rate(&mut finn, "NOK", "2026-11-10", "0.09").await;
    let fine = sell(&mut ingrid, &havn.to_string(), "2026-11-12", ["1 000", "0.05"], reps).await;
    assert!(!finn.get("/exchange-rates").await.has("[aria-labelledby=due]"));
    field.verify().await;

    enter_rate(&mut finn, "NOK", "2026-11-01", "0.0851").await;
    let page = finn.get("/exchange-rates").await.expect(200);
    let told = page.text("[aria-labelledby=due] li");
    assert!(told.contains("NOK from 1 Nov 2026: 2 deals and 2 returns"), "{told}");
    assert!(told.contains("€102,120.04, at the rate that counts now (0.0851) €10,212.00"), "{told}");
    assert!(!ingrid.get("/exchange-rates").await.has("[aria-labelledby=due]"), "nothing that a rep could do");
    let page = open(&mut finn).await;
    assert_eq!(
        page.texts("tbody td.n"),
        [
            "0.851",
            "€102,120.04",
            "€10,212.00",
            "0.851",
            "€85.15",
            "€8.51",
            "0.851",
            "−€42.55",
            "−€4.26",
            "0.851",
            "−€42.60",
            "−€4.25"
        ]
    );
    assert_eq!(page.texts("tfoot td.n"), ["€102,120.04", "€10,212.00"]);
    assert_eq!(page.text(&format!("{FORM} button")), "Re-rate these 2 deals");
    let refused = finn.submit(&page, FORM, &[("reason", "  ")]).await.expect(422);
    assert_eq!(refused.attributes(".summary-error a", "href"), ["#reason"]);
    // Sent twice with one key: once.
    let body = page.form_body(FORM, &[("reason", "A zero was missing")]);
    let path = page.attribute(FORM, "action");
    let done = finn.post_body(&path, body.clone()).await.expect(303);
    let again = finn.post_body(&path, body).await.expect(303);
    assert_eq!(done.location(), again.location());
    let page = finn.follow(&done).await.expect(200);
    assert!(page.words().contains("2 deals and 2 returns re-rated: €102,120.04 → €10,212.00"), "{}", page.words());
    assert!(!page.has("[aria-labelledby=due]"));

    let page = ingrid.get(&sold).await.expect(200);
    assert!(page.words().contains("NOK 120,000.05 at 0.0851 = €10,212.00."), "{}", page.words());
    assert_eq!(page.texts("section[aria-labelledby=credits] tbody td.n"), ["€6,808.00", "€3,404.00"]);
    let history = page.text("section:has(#history)");
    assert!(history.contains("Rate: NOK at 0.851 → NOK at 0.0851"), "{history}");
    assert!(history.contains("A zero was missing") && history.contains("Finn"), "{history}");
    assert_eq!(history.matches("0.851 →").count(), 1, "once: {history}");
    assert!(ingrid.get(&back).await.words().contains("at 0.0851 = €8.51."));
    assert!(ingrid.get(&fine).await.words().contains("at 0.09 = €90.00."));
    // What came back cancels to zero; Fjord never became a customer.
    let facts = field.facts(Subject::Company, "2026-11").await;
    assert_eq!((facts.net_sales.0, facts.new_customers), (1_021_200 + 9_000, 1));
    assert_eq!(field.facts(Subject::Rep(field.ingrid.id), "2026-11").await.net_sales.0, 680_800 + 6_000);
    field.verify().await;
    // The log tells it once for the rates, and for each deal.
    let audit = field.app.client(field.astrid).await.get("/audit?act=rate.rerated").await.expect(200);
    assert!(audit.words().contains("re-rated deals in the exchange rates"), "{}", audit.words());
    // The rest of a deal comes back at its new rate.
    ingrid.post(&format!("{sold}/return"), &[("booked_on", "2026-11-19"), ("whole", "all")]).await.expect(303);
    assert_eq!(field.facts(Subject::Company, "2026-11").await.net_sales.0, 9_000);
    field.verify().await;
}

#[tokio::test]
async fn what_was_not_seen_is_not_re_rated() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await.to_string();
    let (ingrid_id, jonas_id) = (field.ingrid.id.to_string(), field.jonas.id.to_string());
    let (mut finn, mut ingrid) = (field.app.client(field.finn).await, field.app.client(field.ingrid).await);
    enter_rate(&mut finn, "NOK", "2026-11-01", "0.1").await;
    let sold = sell(&mut ingrid, &havn, "2026-11-05", ["100", "1"], [&ingrid_id, &jonas_id]).await;
    enter_rate(&mut finn, "NOK", "2026-11-01", "0.2").await;
    let seen = open(&mut finn).await;
    // The deal is corrected meanwhile, at the rate that it keeps.
    let edit = ingrid.get(&format!("{sold}/edit")).await.expect(200);
    ingrid.submit(&edit, "main form", &[("amount", "200"), ("amount", "1"), ("amount", "")]).await.expect(303);
    let page = finn.submit(&seen, FORM, &[("reason", "Mistyped")]).await.expect(409);
    assert!(page.words().contains("Nothing was re-rated"), "{}", page.words());
    assert_eq!(page.value("reason"), "Mistyped");
    assert!(ingrid.get(&sold).await.words().contains("NOK 201.00 at 0.1 = €20.10."));
    // The rate is corrected once more: the page of the one before has nothing left.
    enter_rate(&mut finn, "NOK", "2026-11-01", "0.3").await;
    let gone = finn.submit(&page, FORM, &[("reason", "Mistyped")]).await.expect(409);
    assert!(gone.words().contains("This rate was corrected since") && !gone.has(FORM), "{}", gone.words());
    let (page, tab) = (open(&mut finn).await, open(&mut finn).await);
    finn.submit(&page, FORM, &[("reason", "Mistyped")]).await.expect(303);
    assert!(ingrid.get(&sold).await.words().contains("NOK 201.00 at 0.3 = €60.30."));
    // A second tab, opened before.
    finn.submit(&tab, FORM, &[("reason", "Once more")]).await.expect(409);
    field.verify().await;
    // Nor where an amount would be larger than one can be.
    enter_rate(&mut finn, "NOK", "2026-11-01", "1000000000").await;
    let edit = ingrid.get(&format!("{sold}/edit")).await.expect(200);
    ingrid.submit(&edit, "main form", &[("amount", "2000000"), ("amount", "1"), ("amount", "")]).await.expect(303);
    let page = open(&mut finn).await;
    assert!(
        page.words().contains("deal 1 would be larger than an amount can be") && !page.has(FORM),
        "{}",
        page.words()
    );
}

#[tokio::test]
async fn what_was_paid_for_a_mistyped_rate_is_corrected_by_the_next_run() {
    let desk = Desk::new().await;
    let (mut freja, mut ingrid) = (desk.app.client(desk.freja).await, desk.app.client(desk.ingrid).await);
    enter_rate(&mut freja, "NOK", "2026-10-01", "0.1").await;
    let customer = desk.customer.to_string();
    let fields = [
        ("customer", &*customer),
        ("currency", "NOK"),
        ("stage", "won"),
        ("booked_on", "2026-10-05"),
        ("amount", "10000"),
    ];
    let deal = ingrid.post("/deals", &fields).await.expect(303).location().to_owned();
    let id: DealId = deal.trim_start_matches("/deals/").parse().unwrap();
    let mut tx = desk.app.write(desk.org).await;
    tx.actor = Some(desk.freja.id);
    assert!(deals::db::confirm(&mut tx, id, 1, desk.freja.id).await.unwrap());
    tx.commit().await.unwrap();
    desk.starter(&[desk.ingrid]).await;
    let october = desk.lock("2026-10").await;
    let december = desk.after(20);
    let mut freja = december.app.client(desk.freja).await;
    enter_rate(&mut freja, "NOK", "2026-10-01", "0.06").await;
    let page = open(&mut freja).await;
    assert!(page.words().contains("in a locked period"), "{}", page.words());
    freja.submit(&page, FORM, &[("reason", "A digit too high")]).await.expect(303);
    assert!(freja.get(&deal).await.words().contains("at 0.06 = €600.00."));
    let late = "section[aria-labelledby=now] tbody tr";
    let page = freja.get(&october).await.expect(200);
    assert_eq!(page.texts(late), ["Ingrid Sales €30.00 €18.00 −€12.00"]);
    december.lock("2026-11").await;
    let page = freja.get(&october).await.expect(200);
    assert_eq!(page.texts(late), ["Ingrid Sales €30.00 €18.00 November 2026"], "posted, and nothing is left");
}

#[tokio::test]
async fn every_rate_is_reached_page_by_page() {
    let field = Field::new().await;
    sqlx::query!(
        "insert into exchange_rates (org_id, currency, from_date, rate, entered_by, entered_at)
         select $1, c.code, date '2023-01-01' + n, 0.1 + n * 0.001, $2, $3
         from unnest(array['NOK', 'SEK']) as c (code), generate_series(0, 59) as n",
        field.org.0,
        field.finn.id.0,
        field.app.now(),
    )
    .execute(&field.app.db)
    .await
    .unwrap();
    let mut finn = field.app.client(field.finn).await;
    let mut page = finn.get("/exchange-rates").await.expect(200);
    let (mut pages, mut days) = (vec![], vec![]);
    loop {
        let currencies = page.texts("tbody th").into_iter();
        let dates = page.attributes("tbody td time", "datetime").into_iter().filter(|time| time.len() == 10);
        days.extend(currencies.zip(dates));
        pages.push(page.count("tbody tr"));
        let next = page.attributes(".pager a[rel=next]", "href");
        let Some(next) = next.first() else { break };
        page = finn.get(next).await.expect(200);
    }
    assert_eq!(pages, [50, 50, 20]);
    assert_eq!((&*days[0].0, &*days[0].1), ("NOK", "2023-03-01"));
    assert_eq!((&*days[119].0, &*days[119].1), ("SEK", "2023-01-01"));
    days.dedup();
    assert_eq!(days.len(), 120);
    // What is no place is the beginning; the way back is there.
    assert!(page.has(".pager a[rel=prev]"));
    assert_eq!(finn.get("/exchange-rates?after=7~x%20y").await.expect(200).texts("tbody th")[0], "NOK");
}
