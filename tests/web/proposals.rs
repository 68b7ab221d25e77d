//! Ends that reps propose: they count once a manager has confirmed them, and not before.

use attain::{domain::access::Role, scorecards::db::Subject};
use time::{Duration, macros::date};

use crate::{
    field::Field,
    support::{Answer, Client, NOW},
};

async fn propose(browser: &mut Client, customer: &str, kind: &str) -> Answer {
    let page = browser.get(&format!("/customers/{customer}/ending")).await.expect(200);
    let typed = [("kind", kind), ("on", "2026-11-10"), ("reason", "Orders too little")];
    browser.submit(&page, "main form", &typed).await
}

#[tokio::test]
async fn an_end_of_ours_counts_once_a_manager_has_confirmed_it() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    // Lost on 15 November, unless the relation had ended before.
    field.deal(havn, date!(2026 - 05 - 18), 10_000, &[(field.ingrid, 1)]).await;
    let lost = async || field.facts(Subject::Rep(field.ingrid.id), "2026-11").await.lost_customers;
    assert_eq!(lost().await, 1);
    let id = havn.to_string();
    let (mut ingrid, mut berit) = (field.app.client(field.ingrid).await, field.app.client(field.berit).await);
    let answer = propose(&mut ingrid, &id, "deselected").await.expect(303);
    let page = ingrid.follow(&answer).await.expect(200);
    assert!(page.words().contains("waits for your manager’s confirmation"), "{}", page.words());
    assert!(page.text("section:has(#ended)").contains("Waits for confirmation"), "{}", page.words());
    assert_eq!((lost().await, field.count("endings").await), (1, 0), "it counts for nothing yet");
    // A second one is told that the first waits.
    let again = propose(&mut ingrid, &id, "closed").await.expect(422);
    assert_eq!(again.attributes(".summary-error a", "href"), ["#kind"]);
    // The manager is told, finds it, and confirms; a manager of others is not.
    let other = field.app.user(field.org, "Piet", &[Role::Manager]).await;
    let mut piet = field.app.client(other).await;
    assert!(!piet.get("/notices").await.words().contains("Havn"));
    assert!(!piet.get("/customers/proposals").await.expect(200).words().contains("Havn"));
    let notices = berit.get("/notices").await.expect(200);
    assert_eq!(notices.texts("main li .title"), ["The end of Havn waits for your word"]);
    assert!(berit.get("/customers").await.has("main a[href='/customers/proposals']"));
    assert!(!ingrid.get("/customers").await.has("main a[href='/customers/proposals']"));
    let waiting = berit.get("/customers/proposals").await.expect(200);
    assert!(waiting.text("main li").contains("Deselected on 10 Nov 2026 · Ingrid: Orders too little"));
    let page = berit.get(&waiting.attribute("main li a", "href")).await.expect(200);
    let own = ingrid.get(&page.path).await.expect(200);
    assert!(!own.has("form[action$=confirm]") && own.has("form[action$=withdraw]"));
    ingrid.post(&format!("{}/confirm", page.path), &[]).await.expect(403);
    piet.post(&format!("{}/confirm", page.path), &[]).await.expect(404);
    let answer = berit.submit(&page, "form[action$=confirm]", &[]).await.expect(303);
    let shown = berit.follow(&answer).await.expect(200);
    assert_eq!(shown.text("section:has(#life) h2"), "Ended");
    assert_eq!(lost().await, 0);
    assert!(shown.text("section:has(#history)").contains("End confirmed by Berit"), "{}", shown.words());
    assert_eq!(ingrid.get("/notices").await.texts("main li .title"), ["The end of Havn was confirmed"]);
    berit.submit(&page, "form[action$=reject]", &[("words", "No")]).await.expect(409);
    field.verify().await;
    // What a manager enters counts at once.
    let torget = field.customer("Torget", field.jonas).await.to_string();
    propose(&mut berit, &torget, "closed").await.expect(303);
    assert_eq!((field.count("endings").await, field.count("ending_proposals").await), (2, 1));
}

#[tokio::test]
async fn a_no_is_told_with_its_words_and_a_proposal_may_be_taken_back() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await.to_string();
    let (mut ingrid, mut berit) = (field.app.client(field.ingrid).await, field.app.client(field.berit).await);
    propose(&mut ingrid, &havn, "credit_block").await.expect(303);
    let path = berit.get("/customers/proposals").await.attribute("main li a", "href");
    let page = berit.get(&path).await.expect(200);
    let page = berit.submit(&page, "form[action$=reject]", &[]).await.expect(422);
    assert_eq!(page.attributes(".summary-error a", "href"), ["#words"]);
    berit.submit(&page, "form[action$=reject]", &[("words", "They pay again")]).await.expect(303);
    let shown = ingrid.get(&format!("/customers/{havn}")).await.expect(200);
    assert!(shown.text("section:has(#ended)").contains("Why not: They pay again"), "{}", shown.words());
    assert_eq!(ingrid.get("/notices").await.texts("main li .title"), ["The end of Havn was rejected"]);
    assert_eq!(field.count("endings").await, 0);
    // It may be proposed once more, and taken back.
    propose(&mut ingrid, &havn, "closed").await.expect(303);
    let path = ingrid.get("/customers/proposals").await.attribute("main li a", "href");
    let page = ingrid.get(&path).await.expect(200);
    ingrid.submit(&page, "form[action$=withdraw]", &[]).await.expect(303);
    berit.post(&format!("{path}/confirm"), &[]).await.expect(409);
    assert!(!berit.get("/customers/proposals").await.has("main li"));
    assert_eq!(field.count("endings").await, 0);
}

#[tokio::test]
async fn what_is_confirmed_into_a_locked_period_needs_a_reason() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    field.deal(havn, date!(2026 - 05 - 18), 10_000, &[(field.ingrid, 1)]).await;
    let mut ingrid = field.app.client(field.ingrid).await;
    propose(&mut ingrid, &havn.to_string(), "closed").await.expect(303);
    field.lock_at("2026-11", NOW - Duration::hours(1)).await;
    let mut berit = field.app.client(field.berit).await;
    let path = berit.get("/customers/proposals").await.attribute("main li a", "href");
    let page = berit.get(&path).await.expect(200);
    let page = berit.submit(&page, "form[action$=confirm]", &[]).await.expect(422);
    assert_eq!(page.attributes(".summary-error a", "href"), ["#late_reason"]);
    assert_eq!(field.count("endings").await, 0);
    berit.submit(&page, "form[action$=confirm]", &[("late_reason", "Told too late")]).await.expect(303);
    field.verify().await;
}
