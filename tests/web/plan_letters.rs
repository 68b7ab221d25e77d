//! Plan letters: published to the reps, accepted once by name and time, asked about, and asked anew for other words.
#![expect(clippy::disallowed_methods, reason = "what happens behind the program's back is no query of the program")]

use attain::domain::access::Role;
use time::macros::date;

use crate::{
    commissions::Desk,
    support::{Answer, Client},
};

/// Publishes the newest version of a plan to its reps.
async fn publish(finance: &mut Client, plan: &str) -> Answer {
    let page = finance.get(&format!("{plan}/letter")).await.expect(200);
    finance.submit(&page, "form[action$='/letters']", &[]).await.expect(303)
}

/// The letters on a rep's own page, the newest first.
async fn own(rep: &mut Client) -> Vec<String> {
    rep.get("/my-plan").await.expect(200).attributes("a[href^='/plan-letters/']", "href")
}

const ACCEPT: &str = "form[action$='/acceptance']";
const ASK: &str = "form[action$='/messages']";

#[tokio::test]
async fn a_plan_is_published_read_and_accepted_once() {
    let desk = Desk::new().await;
    let plan = desk.starter(&[desk.ingrid, desk.jonas]).await;
    let mut freja = desk.app.client(desk.freja).await;
    let (mut ingrid, mut jonas) = (desk.app.client(desk.ingrid).await, desk.app.client(desk.jonas).await);
    assert!(own(&mut ingrid).await.is_empty());
    let page = freja.get(&format!("{plan}/letter")).await.expect(200);
    let words = page.words();
    for told in ["Every euro of net sales pays 3%.", "As Ingrid would read it now", "80% €40,000.00 €1,200.00"] {
        assert!(words.contains(told), "{told}: {words}");
    }
    publish(&mut freja, &plan).await;
    // Twice is once.
    freja.post(&format!("{plan}/letters"), &[]).await.expect(303);
    let published = sqlx::query_scalar!(r#"select count(*) as "count!" from plan_letters"#);
    assert_eq!(published.fetch_one(&desk.app.db).await.unwrap(), 2);

    let notices = ingrid.get("/notices").await.expect(200);
    assert!(notices.words().contains("Your plan from 1 Jan 2026 is ready to read: Starter"), "{}", notices.words());
    let letter = own(&mut ingrid).await.remove(0);
    let of_jonas = own(&mut jonas).await.remove(0);
    ingrid.get(&of_jonas).await.expect(404);
    let page = ingrid.get(&letter).await.expect(200);
    assert!(page.words().contains("Every euro of net sales pays 3%.") && page.words().contains("Accepted not yet"));
    let refused = ingrid.submit(&page, ACCEPT, &[("name", " ")]).await.expect(422);
    assert!(refused.has(".summary-error a[href='#name']"), "{}", refused.words());
    let refused = ingrid.submit(&page, ACCEPT, &[("name", "I")]).await.expect(422);
    assert_eq!((refused.value("name"), refused.value("words")), ("I".to_owned(), String::new()));
    ingrid.submit(&page, ACCEPT, &[("name", "Ingrid Solberg")]).await.expect(303);
    // A double click, and another tab with another name: the first yes stays.
    let tab = page.form_body(ACCEPT, &[("name", "Somebody Else"), ("once", &uuid::Uuid::new_v4().to_string())]);
    ingrid.post_body(&format!("{letter}/acceptance"), tab).await.expect(303);
    let page = ingrid.get(&letter).await.expect(200);
    assert!(page.words().contains("Accepted 19 Nov 2026, 10:00 , by Ingrid Solberg"), "{}", page.words());
    assert!(!page.has(ACCEPT));
    let kept = sqlx::query!(
        r#"select a.typed_name, a.digest = l.digest as "same!"
           from plan_letter_acceptances a
           join plan_letters l on l.org_id = a.org_id and l.id = a.letter_id"#
    );
    let kept = kept.fetch_all(&desk.app.db).await.unwrap();
    assert_eq!((kept.len(), kept[0].typed_name.as_str(), kept[0].same), (1, "Ingrid Solberg", true));
    assert!(!ingrid.get("/notices").await.words().contains("ready to read"));
    // Finance neither accepts for others nor loses sight of who has not.
    freja.post(&format!("{of_jonas}/acceptance"), &[("name", "Jonas")]).await.expect(403);
    let page = freja.get(&format!("{plan}/letter")).await.expect(200);
    assert!(page.words().contains("by Ingrid Solberg") && page.words().contains("not yet"), "{}", page.words());
    let file = ingrid.get(&format!("{letter}/letter.pdf")).await.expect(200);
    assert!(file.bytes.starts_with(b"%PDF-") && file.header("content-type") == "application/pdf");
}

#[tokio::test]
async fn other_words_are_asked_anew_and_never_accepted_by_an_old_page() {
    let desk = Desk::new().await;
    let plan = desk.starter(&[desk.ingrid]).await;
    let (mut freja, mut ingrid) = (desk.app.client(desk.freja).await, desk.app.client(desk.ingrid).await);
    publish(&mut freja, &plan).await;
    let first = own(&mut ingrid).await.remove(0);
    let reading = ingrid.get(&first).await.expect(200);
    // While she reads, a version of the same month takes the place of the first.
    let page = freja.get(&format!("{plan}/versions/new")).await.expect(200);
    freja.submit(&page, "main form[method=post]", &[("from", "2026-01"), ("c0_rate", "5%")]).await.expect(303);
    let stopped = freja.get(&format!("{plan}/letter?version=1")).await.expect(200);
    assert!(stopped.words().contains("Another version holds in its place"), "{}", stopped.words());
    freja.post(&format!("{plan}/letters"), &[("version", "1")]).await.expect(409);
    publish(&mut freja, &plan).await;
    let conflict = ingrid.submit(&reading, ACCEPT, &[("name", "Ingrid Solberg")]).await.expect(409);
    assert!(conflict.words().contains("This letter was replaced meanwhile"), "{}", conflict.words());
    let letters = own(&mut ingrid).await;
    assert_eq!(letters.len(), 2);
    let page = ingrid.get(&letters[0]).await.expect(200);
    assert!(page.words().contains("Every euro of net sales pays 5%."), "{}", page.words());
    let old = ingrid.get(&first).await.expect(200);
    assert!(!old.has(ACCEPT) && old.words().contains("kept as it was"), "{}", old.words());
    // Words of another letter are not accepted with this one.
    let digest = reading.value("digest");
    ingrid.post(&format!("{}/acceptance", letters[0]), &[("name", "Ingrid"), ("digest", &digest)]).await.expect(409);
    ingrid.submit(&page, ACCEPT, &[("name", "Ingrid Solberg")]).await.expect(303);
    let accepted = sqlx::query_scalar!(r#"select count(*) as "count!" from plan_letter_acceptances"#);
    assert_eq!(accepted.fetch_one(&desk.app.db).await.unwrap(), 1);
    // Who leaves the plan is not asked any more.
    publish_again_after_leaving(&desk, &mut freja, &plan).await;
}

async fn publish_again_after_leaving(desk: &Desk, freja: &mut Client, plan: &str) {
    let page = freja.get(plan).await.expect(200);
    let rep = desk.ingrid.id.to_string();
    let fields = [("rep", rep.as_str()), ("from", "2026-11"), ("act", "off")];
    freja.submit(&page, "form[action$='/assignments']", &fields).await.expect(303);
    let page = freja.get(&format!("{plan}/letter")).await.expect(200);
    assert!(page.words().contains("Nobody is on this plan from then on"), "{}", page.words());
    freja.post(&format!("{plan}/letters"), &[]).await.expect(409);
}

#[tokio::test]
async fn questions_go_to_finance_answers_come_back_and_reminders_are_told() {
    let desk = Desk::new().await;
    let plan = desk.starter(&[desk.ingrid, desk.jonas]).await;
    let anna = desk.app.user(desk.org, "Anna", &[Role::Admin]).await;
    let (mut freja, mut ingrid) = (desk.app.client(desk.freja).await, desk.app.client(desk.ingrid).await);
    publish(&mut freja, &plan).await;
    let letter = own(&mut ingrid).await.remove(0);
    let page = ingrid.get(&letter).await.expect(200);
    ingrid.submit(&page, ASK, &[("words", "Do returns of May count?")]).await.expect(303);
    let notices = freja.get("/notices").await.expect(200);
    assert!(notices.words().contains("Ingrid asks about the plan Starter"), "{}", notices.words());
    assert!(!desk.app.client(anna).await.get("/notices").await.words().contains("asks about"));
    assert!(freja.get(&format!("{plan}/letter")).await.words().contains("asks a question"));
    desk.app.client(anna).await.post(&format!("{letter}/messages"), &[("words", "No")]).await.expect(403);
    let page = freja.get(&letter).await.expect(200);
    freja.submit(&page, ASK, &[("words", "Yes, in May.")]).await.expect(303);
    assert!(!freja.get("/notices").await.words().contains("asks about"), "answered");
    assert!(ingrid.get("/notices").await.words().contains("Freja answered about the plan Starter"));
    assert!(ingrid.get(&letter).await.words().contains("Yes, in May."));
    // A reminder goes to who has not accepted, and is new again to who had looked.
    let page = ingrid.get(&letter).await.expect(200);
    ingrid.submit(&page, ACCEPT, &[("name", "Ingrid Solberg")]).await.expect(303);
    let later = desk.app.later(time::Duration::minutes(5));
    let mut freja = freja.on(&later);
    let page = freja.get(&format!("{plan}/letter")).await.expect(200);
    freja.submit(&page, "form[action$='/reminder']", &[]).await.expect(303);
    let reminded = sqlx::query_scalar!(
        "select u.name
         from plan_letter_reminders m
         join plan_letters l on l.org_id = m.org_id and l.id = m.letter_id
         join users u on u.org_id = l.org_id and u.id = l.rep_id"
    );
    assert_eq!(reminded.fetch_all(&desk.app.db).await.unwrap(), ["Jonas"]);
    let page = freja.get(&format!("{plan}/letter")).await.expect(200);
    assert!(page.words().contains("reminded 19 Nov 2026, 10:05"), "{}", page.words());
}

#[tokio::test]
async fn a_plan_that_climbs_by_the_year_tells_the_years_target_and_warns_where_it_is_missing() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    let document = serde_json::json!({ "name": "Year", "currency": "EUR", "period": "month", "components": [
        { "name": "Sales", "measure": "net_sales", "pays": { "tiers": { "mode": "marginal", "axis": "attainment",
          "per": "year_to_date", "steps": [ { "from": "0", "rate": "0.04" }, { "from": "1", "rate": "0.06" } ] } } } ] });
    desk.plan(document, &[desk.ingrid.id]).await;
    let id = sqlx::query_scalar!("select id from plans").fetch_one(&desk.app.db).await.unwrap();
    // Each month that is asked for has a target: the year has none, for nine others have not.
    let months = "insert into targets (org_id, rep_id, metric, period_kind, period_start, value, set_at)
                  select $1, $2, 'net_sales', 'month', make_date(2026, m, 1), 4000000, '2025-06-01'
                  from generate_series($3::int, 12) m";
    sqlx::query(months).bind(desk.org.0).bind(desk.ingrid.id.0).bind(10).execute(&desk.app.db).await.unwrap();
    let mut freja = desk.app.client(desk.freja).await;
    let lacking = "has a year's target for net sales in 2026: what depends on it pays nothing.";
    assert!(freja.get(&format!("/plans/{id}")).await.expect(200).words().contains(lacking));
    let simulated = freja.get(&format!("/plans/{id}/simulation")).await.expect(200).words();
    assert!(simulated.contains("1 rep has no year's target for net sales in October 2026"), "{simulated}");
    let words = freja.get(&format!("/plans/{id}/letter")).await.expect(200).words();
    assert!(words.contains("you have none for 2026 yet: what it pays cannot be shown"), "{words}");
    assert!(!words.contains("Pays in all"), "{words}");

    let year = "insert into targets (org_id, rep_id, metric, period_kind, period_start, value, set_at)
                values ($1, $2, 'net_sales', 'year', '2026-01-01', 48000000, '2025-06-01')";
    sqlx::query(year).bind(desk.org.0).bind(desk.ingrid.id.0).execute(&desk.app.db).await.unwrap();
    let page = freja.get(&format!("/plans/{id}")).await.expect(200).words();
    assert!(!page.contains("year's target"), "{page}");
    let simulated = freja.get(&format!("/plans/{id}/simulation")).await.expect(200).words();
    assert!(!simulated.contains("year's target"), "{simulated}");
    let words = freja.get(&format!("/plans/{id}/letter")).await.expect(200).words();
    for told in [
        "Net sales: €480,000 in 2026, by which the plan climbs.",
        "120% €48,000.00 €1,920.00",
        "It is the first period of the year: nothing came before it.",
    ] {
        assert!(words.contains(told), "{told}: {words}");
    }
}
