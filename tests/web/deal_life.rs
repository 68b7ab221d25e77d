//! What becomes of deals: cancelled for a reason, confirmed and not, credited without their deal; shares, margin, files.

use attain::domain::subject::Subject;
use time::macros::date;

use crate::field::Field;

#[tokio::test]
async fn a_cancelled_deal_keeps_its_facts_and_comes_back_as_it_was() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let deal = field.deal(havn, date!(2026 - 11 - 10), 10_000, &[(field.ingrid, 2), (field.jonas, 1)]).await;
    let path = format!("/deals/{deal}");
    let mut ingrid = field.app.client(field.ingrid).await;
    let page = ingrid.get(&path).await.expect(200);
    let page = ingrid.submit(&page, "form[action$='/cancel']", &[("reason", " ")]).await.expect(422);
    assert_eq!(page.attributes(".summary-error a", "href"), ["#reason"]);
    let cancelled = ingrid.submit(&page, "form[action$='/cancel']", &[("reason", "Entered twice")]).await.expect(303);
    let page = ingrid.follow(&cancelled).await.expect(200);
    let head = page.text(".head p");
    assert!(
        head.contains("cancelled on 19 Nov 2026 by Ingrid: Entered twice (it had been won on 10 Nov 2026"),
        "{head}"
    );
    assert_eq!(page.texts("section:has(#credits) td.n"), ["€66.67", "€33.33"]);
    let nothing = field.facts(Subject::Company, "2026-11").await;
    assert_eq!((nothing.net_sales.0, nothing.new_customers), (0, 0));
    assert_eq!(field.facts(Subject::Rep(field.jonas.id), "2026-11").await.net_sales.0, 0);
    field.verify().await;
    assert_eq!(ingrid.get("/deals?stage=cancelled").await.count("tbody tr"), 1);
    // Undone it is won again on its day, shared and confirmed as before.
    ingrid.submit(&page, ".toast form", &[]).await.expect(303);
    let page = ingrid.get(&path).await.expect(200);
    assert!(page.text(".head p").contains("won on 10 Nov 2026") && !page.words().contains("Waits for confirmation"));
    assert_eq!(field.facts(Subject::Rep(field.jonas.id), "2026-11").await.net_sales.0, 3_333);
    assert_eq!(field.facts(Subject::Company, "2026-11").await.new_customers, 1);
    field.verify().await;
    let history = page.text("section:has(#history)");
    assert!(history.contains("Reopened") && history.contains("Reason: Entered twice"), "{history}");
    // What was done meanwhile is not undone by an old button.
    let again = ingrid.submit(&page, "form[action$='/cancel']", &[("reason", "Once more")]).await.expect(303);
    let page = ingrid.follow(&again).await;
    let old = page.attribute(".toast form", "action");
    ingrid.submit(&page, "main form[action$='/reopen']", &[]).await.expect(303);
    ingrid.post(&old, &[]).await.expect(409);
    // Neither what came back nor what is paid is cancelled.
    ingrid.post(&format!("{path}/return"), &[("booked_on", "2026-11-12"), ("whole", "all")]).await.expect(303);
    assert!(!ingrid.get(&path).await.has("form[action$='/cancel']"));
    let version = "5";
    ingrid.post(&format!("{path}/cancel"), &[("reason", "x"), ("version", version)]).await.expect(409);
    let paid = field.deal(havn, date!(2026 - 10 - 10), 500, &[(field.ingrid, 1)]).await;
    field.lock("2026-10").await;
    assert!(!ingrid.get(&format!("/deals/{paid}")).await.has("form[action$='/cancel']"));
    ingrid.post(&format!("/deals/{paid}/cancel"), &[("reason", "x"), ("version", "1")]).await.expect(409);
    field.verify().await;
}

#[tokio::test]
async fn a_cancelled_return_comes_back_only_as_long_as_so_much_is_left() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let deal = field.deal(havn, date!(2026 - 11 - 10), 10_000, &[(field.ingrid, 1)]).await;
    let mut ingrid = field.app.client(field.ingrid).await;
    let whole = [("booked_on", "2026-11-12"), ("whole", "all")];
    let first = ingrid.post(&format!("/deals/{deal}/return"), &whole).await.expect(303).location().to_owned();
    let page = ingrid.get(&first).await.expect(200);
    let cancelled =
        ingrid.submit(&page, "form[action$='/cancel']", &[("reason", "They keep it after all")]).await.expect(303);
    assert_eq!(field.facts(Subject::Company, "2026-11").await.net_sales.0, 10_000);
    assert_eq!(field.facts(Subject::Company, "2026-11").await.new_customers, 1);
    field.verify().await;
    let page = ingrid.follow(&cancelled).await.expect(200);
    let second = ingrid.post(&format!("/deals/{deal}/return"), &whole).await.expect(303).location().to_owned();
    ingrid.submit(&page, ".toast form", &[]).await.expect(409);
    let other = ingrid.get(&second).await.expect(200);
    ingrid.submit(&other, "form[action$='/cancel']", &[("reason", "Entered twice")]).await.expect(303);
    ingrid.submit(&page, ".toast form", &[]).await.expect(303);
    assert_eq!(field.facts(Subject::Company, "2026-11").await.net_sales.0, 0);
    field.verify().await;
}

#[tokio::test]
async fn a_confirmation_is_taken_back_until_something_depends_on_it() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await.to_string();
    let mut ingrid = field.app.client(field.ingrid).await;
    let fields = [("customer", &*havn), ("stage", "won"), ("booked_on", "2026-11-19"), ("amount", "100")];
    let deal = ingrid.post("/deals", &fields).await.expect(303).location().to_owned();
    let mut berit = field.app.client(field.berit).await;
    let confirm = async |berit: &mut crate::support::Client| {
        let queue = berit.get("/deals?unconfirmed=1").await.expect(200);
        let confirmed = berit.submit(&queue, "main form[action*=confirm]", &[]).await.expect(303);
        berit.follow(&confirmed).await.expect(200)
    };
    let page = confirm(&mut berit).await;
    let undo = page.attribute(".toast form", "action");
    // Nobody else takes it back.
    field.app.client(field.finn).await.post(&undo, &[]).await.expect(409);
    berit.submit(&page, ".toast form", &[]).await.expect(303);
    let page = berit.get(&deal).await.expect(200);
    assert!(page.words().contains("Waits for confirmation"));
    assert!(page.text("section:has(#history)").contains("Confirmation undone"));
    berit.post(&undo, &[]).await.expect(409);
    // Changed since: it stays.
    let page = confirm(&mut berit).await;
    let edit = ingrid.get(&format!("{deal}/edit")).await.expect(200);
    ingrid.submit(&edit, "main form", &[("notes", "Paid")]).await.expect(303);
    berit.submit(&page, ".toast form", &[]).await.expect(409);
    // Its period is paid: it stays.
    let lone = ingrid.post("/deals", &fields).await.expect(303).location().to_owned();
    let page = confirm(&mut berit).await;
    field.lock("2026-11").await;
    berit.submit(&page, ".toast form", &[]).await.expect(409);
    assert!(!berit.get(&lone).await.words().contains("Waits for confirmation"));
}

#[tokio::test]
async fn a_credit_note_counts_below_zero_and_makes_no_customer() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let mut ingrid = field.app.client(field.ingrid).await;
    let page = ingrid.get(&format!("/customers/{havn}")).await.expect(200);
    let form = ingrid.get(&page.attribute("a[href^='/deals/credit-note']", "href")).await.expect(200);
    assert_eq!((form.value("customer"), form.has("[name=stage]")), (havn.to_string(), false));
    let page =
        ingrid.submit(&form, "main form", &[("amount", "-10"), ("amount", ""), ("amount", "")]).await.expect(422);
    assert_eq!(page.attributes(".summary-error a", "href"), ["#notes", "#amount-0"]);
    let typed = [("amount", "30"), ("amount", ""), ("amount", ""), ("notes", "Broken cups of 2024")];
    let saved = ingrid.submit(&form, "main form", &typed).await.expect(303);
    let page = ingrid.follow(&saved).await.expect(200);
    assert_eq!(page.text("h1"), "Credit note 1");
    assert!(page.text(".toast").contains("Credit note 1 saved. It pays once somebody has confirmed it"));
    assert_eq!(page.texts("section:has(#lines) tbody td"), ["−1", "−€30.00"]);
    let facts = field.facts(Subject::Rep(field.ingrid.id), "2026-11").await;
    assert_eq!((facts.net_sales.0, facts.new_customers, facts.won_back_customers), (-3_000, 0, 0));
    field.verify().await;
    // It cannot be returned, and is changed as what it is.
    assert!(!page.has("a[href$='/return']"));
    let edit = ingrid.get(&format!("{}/edit", saved.location())).await.expect(200);
    assert_eq!((edit.text("h1"), edit.value("amount")), ("Change credit note 1".to_owned(), "30.00".to_owned()));
    ingrid.submit(&edit, "main form", &[("amount", "40"), ("amount", ""), ("amount", "")]).await.expect(303);
    assert_eq!(field.facts(Subject::Company, "2026-11").await.net_sales.0, -4_000);
    // A first sale on the same day is the first one; a deal below zero is none.
    field.deal(havn, date!(2026 - 11 - 19), 9_000, &[(field.ingrid, 1)]).await;
    assert_eq!(field.facts(Subject::Company, "2026-11").await.new_customers, 1);
    let id = havn.to_string();
    let below = [("customer", &*id), ("stage", "won"), ("booked_on", "2026-11-19"), ("amount", "-10")];
    let page = ingrid.post("/deals", &below).await.expect(422);
    assert!(page.text(".summary-error").contains("Enter it as a return of its deal, or as a credit note."));
    field.verify().await;
    // Confirmed, it is in pay on its own day: 3 % of 90 before, of 50 after.
    let mut finn = field.app.client(field.finn).await;
    let page = finn.get("/plans/new?template=starter").await.expect(200);
    let plan = finn.submit(&page, "main form", &[("name", "Starter"), ("from", "2026-01")]).await.expect(303);
    let page = finn.follow(&plan).await.expect(200);
    let rep = field.ingrid.id.to_string();
    finn.submit(&page, "main form", &[("rep", &*rep), ("from", "2026-01"), ("act", "on")]).await.expect(303);
    assert!(ingrid.get("/statements/so-far").await.text(".statement .total").contains("€2.70"));
    let mut berit = field.app.client(field.berit).await;
    let queue = berit.get("/deals?unconfirmed=1").await.expect(200);
    berit.submit(&queue, "main form[action*=confirm]", &[]).await.expect(303);
    assert!(ingrid.get("/statements/so-far").await.text(".statement .total").contains("€1.50"));
}

#[tokio::test]
async fn shares_are_shown_before_the_deal_is_saved_and_rows_taken_out() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await.to_string();
    let mut ingrid = field.app.client(field.ingrid).await;
    let (own, other, third) = (field.ingrid.id.to_string(), field.jonas.id.to_string(), field.olav.id.to_string());
    let mut fields = vec![("customer", &*havn), ("stage", "won"), ("booked_on", "2026-11-19")];
    fields.extend([("item", "Coffee"), ("amount", "100"), ("item", "Cups"), ("amount", "50")]);
    for (rep, parts, counts) in [(&own, "2", "split"), (&other, "1", "split"), (&third, "1", "overlay")] {
        fields.extend([("credit", &**rep), ("parts", parts), ("counts", counts)]);
    }
    let mut shares = fields.clone();
    shares.push(("more", "shares"));
    let page = ingrid.post("/deals", &shares).await.expect(200);
    assert_eq!(
        page.text("#shares"),
        "Ingrid, 2 of 3 parts €100.00 Jonas, 1 of 3 parts €50.00 Olav, 1 of 3 parts, overlay €50.00"
    );
    let mut without = fields.clone();
    without.push(("more", "without-line-1"));
    let page = ingrid.post("/deals", &without).await.expect(200);
    assert_eq!(page.attributes("[name=amount]", "value"), ["100", "", ""]);
    assert_eq!(page.text("#shares").matches("€66.67").count(), 1);
    without.push(("more", "nonsense"));
    ingrid.post("/deals", &without).await.expect(400);
    assert_eq!(field.count("deals").await, 0);
    // What comes on top is told apart.
    ingrid.post("/deals", &fields).await.expect(303);
    let list = field.app.client(field.olav).await.get("/deals").await.expect(200);
    assert!(list.text(".head p").ends_with("€0.00 of it credited to you, and €50.00 beside it as overlay"));
    assert_eq!(field.facts(Subject::Rep(field.olav.id), "2026-11").await.net_sales.0, 0);
}

#[tokio::test]
async fn the_list_is_a_file_with_the_same_filters() {
    let field = Field::new().await;
    let havn = field.customer("=Havn", field.ingrid).await;
    let sold = field.deal(havn, date!(2026 - 11 - 10), 10_000, &[(field.ingrid, 2), (field.olav, 1)]).await;
    field.deal_like(havn, date!(2026 - 11 - 12), -1_000, &[(field.ingrid, 2), (field.olav, 1)], Some(sold)).await;
    field.deal(havn, date!(2026 - 10 - 12), 700, &[(field.ingrid, 1)]).await;
    let mut ingrid = field.app.client(field.ingrid).await;
    let page = ingrid.get("/deals?from=2026-11-01&to=2026-12-01").await.expect(200);
    assert_eq!(page.text("tfoot th"), "Sum of all", "how many there are is said once");
    let file = ingrid.get(&page.attribute("a[href^='/deals.csv']", "href")).await.expect(200);
    assert_eq!(
        file.body().lines().collect::<Vec<_>>(),
        [
            "external_id,customer,rep,closed_on,amount,currency,stage,returns,credits,deal,date,customer_name,returned_deal,\
             credited,net,part,net_currency,confirmed",
            ",,,2026-11-12,-10.00,EUR,won,,,2,2026-11-12,'=Havn,1,\"Ingrid, Olav\",-10.00,-6.67,EUR,yes",
            ",,,2026-11-10,100.00,EUR,won,,,1,2026-11-10,'=Havn,,\"Ingrid, Olav\",100.00,66.67,EUR,yes",
        ]
    );
    ingrid.get("/deals.csv?stage=maybe").await.expect(400);
    ingrid.get(&format!("/deals.csv?rep={}", field.jonas.id)).await.expect(404);
}
