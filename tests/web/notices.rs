//! Notices: what waits for one and what happened to one's own numbers, counted on every page.

use attain::{
    domain::{access::Role, metric::Metric, period::Period, subject::Subject},
    targets::db::NewTarget,
};
use time::{Duration, Month, macros::date};

use crate::{
    field::{Field, TODAY},
    support::{Answer, Client, User},
};

/// What the bell of a page counts.
fn bell(page: &Answer) -> String {
    page.texts(".bell .count").concat()
}

async fn notices(browser: &mut Client) -> (Answer, Vec<String>) {
    let page = browser.get("/notices").await.expect(200);
    let titles = page.texts("main li .title");
    (page, titles)
}

async fn set_target(field: &Field, by: User, rep: User) {
    let mut tx = field.app.write(field.org).await;
    tx.actor = Some(by.id);
    let target =
        NewTarget { whose: Subject::Rep(rep.id), metric: Metric::parse("visits").unwrap(), value: Some(40.into()) };
    let period = Period::parse("2026-12", Month::January).unwrap();
    attain::targets::db::insert(&mut tx, period, &[target], None).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn deals_wait_for_those_who_confirm_them() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await.to_string();
    let mut ingrid = field.app.client(field.ingrid).await;
    let page = ingrid.get(&format!("/deals/new?customer={havn}")).await.expect(200);
    ingrid.submit(&page, "main form", &[("item", "Coffee"), ("amount", "100")]).await.expect(303);
    let (_, own) = notices(&mut ingrid).await;
    assert_eq!(own, [""; 0], "nobody confirms the own deal");
    let olav = field.app.user(field.org, "Piet", &[Role::Manager]).await;
    assert_eq!(notices(&mut field.app.client(olav).await).await.1, [""; 0], "not in sight");
    let mut berit = field.app.client(field.berit).await;
    let (page, waiting) = notices(&mut berit).await;
    assert_eq!(waiting, ["Deal 1 of Ingrid waits for confirmation"]);
    assert_eq!((bell(&page), bell(&berit.get("/customers").await)), ("1 new".into(), "1 new".into()));
    // Seen is not done: it stays as long as it waits, and is no longer new.
    let answer = berit.submit(&page, "main form", &[]).await.expect(303);
    let page = berit.follow(&answer).await.expect(200);
    assert_eq!((bell(&page).as_str(), page.count("main li"), page.count("main li .badge")), ("", 1, 0));
    let deal = berit.get(&page.attribute("main li a", "href")).await.expect(200);
    berit.submit(&deal, "form[action$='/confirm']", &[]).await.expect(303);
    assert_eq!(notices(&mut berit).await.1, [""; 0]);
}

#[tokio::test]
async fn targets_and_statements_of_ones_own_are_told() {
    let field = Field::new().await;
    let mut ingrid = field.app.client(field.ingrid).await;
    set_target(&field, field.ingrid, field.ingrid).await;
    set_target(&field, field.berit, field.jonas).await;
    assert_eq!(notices(&mut ingrid).await.1, [""; 0], "neither one's own doing nor somebody else's target");
    set_target(&field, field.berit, field.ingrid).await;
    set_target(&field, field.berit, field.ingrid).await;
    let (page, told) = notices(&mut ingrid).await;
    assert_eq!(told, ["Your targets for December 2026: two changes"]);
    assert!(page.text("main li .meta").starts_with("By Berit"));
    ingrid.get(&page.attribute("main li a", "href")).await.expect(200);
    ingrid.submit(&page, "main form", &[]).await.expect(303);
    // What comes after the look is new again; long after, it is news no more.
    let later = field.app.later(Duration::minutes(5));
    let field = Field { app: later, ..field };
    set_target(&field, field.berit, field.ingrid).await;
    let mut ingrid = field.app.client(field.ingrid).await;
    assert_eq!(bell(&ingrid.get("/my-month").await), "1 new");
    let much_later = field.app.later(Duration::days(61));
    assert_eq!(notices(&mut much_later.client(field.ingrid).await).await.1, [""; 0]);
}

#[tokio::test]
async fn a_run_waits_for_its_approver_and_then_the_statement_is_ready() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    field.deal(havn, date!(2026 - 10 - 15), 100_000, &[(field.ingrid, 1)]).await;
    assert_eq!(TODAY, date!(2026 - 11 - 19));
    let mut finn = field.app.client(field.finn).await;
    let page = finn.get("/plans/new?template=starter").await.expect(200);
    let plan = finn.submit(&page, "main form", &[("name", "Starter"), ("from", "2026-01")]).await.expect(303);
    let page = finn.follow(&plan).await.expect(200);
    let rep = field.ingrid.id.to_string();
    finn.submit(&page, "main form", &[("rep", &rep), ("from", "2026-01"), ("act", "on")]).await.expect(303);
    let page = finn.get("/commission-runs").await.expect(200);
    let run = finn.submit(&page, "main form", &[("period", "2026-10")]).await.expect(303);
    let (mut berit, mut ingrid) = (field.app.client(field.berit).await, field.app.client(field.ingrid).await);
    assert_eq!(notices(&mut berit).await.1, [""; 0], "a draft waits for nobody");
    let page = finn.follow(&run).await.expect(200);
    finn.submit(&page, "form[action$='/submission']", &[]).await.expect(303);
    assert_eq!(notices(&mut finn).await.1, [""; 0], "who prepared it approves nothing");
    let (page, waiting) = notices(&mut berit).await;
    assert_eq!(waiting, ["The run of October 2026 waits for your approval"]);
    let page = berit.get(&page.attribute("main li a", "href")).await.expect(200);
    berit.submit(&page, "form[action$='/approval']", &[]).await.expect(303);
    assert_eq!(notices(&mut berit).await.1, [""; 0]);
    let (page, told) = notices(&mut ingrid).await;
    assert_eq!(told, ["Your statement for October 2026 is ready"]);
    ingrid.get(&page.attribute("main li a", "href")).await.expect(200);
    // Search finds the run and the statement by the month.
    let found = berit.get("/search?q=oct").await.expect(200).texts("main section[aria-labelledby^=found] .title");
    assert_eq!(found, ["Run of October 2026", "Ingrid, October 2026"]);
    let found = ingrid.get("/search?q=oct").await.expect(200).texts("main section[aria-labelledby^=found] .title");
    assert_eq!(found, ["Ingrid, October 2026"]);
}

#[tokio::test]
async fn a_day_in_a_notice_is_in_the_readers_form() {
    let field = Field::new().await;
    sqlx::query!("update organizations set locale = 'de'").execute(&field.app.db).await.unwrap();
    let mut berit = field.app.client(field.berit).await;
    let page = berit.get("/targets/2026-11-20").await.expect(200);
    let cell = format!("{}.visits", field.ingrid.id);
    berit.submit(&page, "form#grid", &[(&*cell, "5")]).await.expect(303);
    let (_, told) = notices(&mut field.app.client(field.ingrid).await).await;
    assert!(told[0].contains("20.11.2026"), "{told:?}");
}
