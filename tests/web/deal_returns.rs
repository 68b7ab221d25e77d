//! What follows for returns when their deal, or another return of it, is corrected, cancelled or brought back.

use attain::domain::{id::UserId, subject::Subject};
use time::macros::date;

use crate::field::Field;

#[tokio::test]
async fn a_return_that_is_cancelled_leaves_the_locked_run_readable() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let deal = field.deal(havn, date!(2026 - 10 - 10), 10_000, &[(field.ingrid, 1)]).await;
    field.lock("2026-10").await;
    let mut ingrid = field.app.client(field.ingrid).await;
    let back = [("booked_on", "2026-11-12"), ("whole", "all")];
    let returned = ingrid.post(&format!("/deals/{deal}/return"), &back).await.expect(303).location().to_owned();
    let page = ingrid.get(&returned).await.expect(200);
    ingrid.submit(&page, "form[action$='/cancel']", &[("reason", "Never came back")]).await.expect(303);
    let run = sqlx::query_scalar!("select max(id) from commission_runs").fetch_one(&field.app.db).await.unwrap();
    let page = field.app.client(field.finn).await.get(&format!("/commission-runs/{}", run.unwrap())).await.expect(200);
    assert!(page.words().contains("Havn"), "{}", page.words());
}

#[tokio::test]
async fn nobody_raises_the_own_pay_by_cancelling_what_others_confirmed() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let deal = field.deal(havn, date!(2026 - 11 - 10), 10_000, &[(field.ingrid, 1)]).await;
    let mut berit = field.app.client(field.berit).await;
    let back = [("booked_on", "2026-11-12"), ("whole", "lines"), ("amount", "40")];
    let returned = berit.post(&format!("/deals/{deal}/return"), &back).await.expect(303).location().to_owned();
    let mut ingrid = field.app.client(field.ingrid).await;
    let page = ingrid.get(&returned).await.expect(200);
    assert!(!page.words().contains("Waits for confirmation") && !page.has("form[action$='/cancel']"));
    ingrid.post(&format!("{returned}/cancel"), &[("reason", "x"), ("version", "1")]).await.expect(409);
    assert_eq!(field.facts(Subject::Rep(field.ingrid.id), "2026-11").await.net_sales.0, 6_000);
    // Who confirms deals and is not credited may.
    let page = berit.get(&returned).await.expect(200);
    berit.submit(&page, "form[action$='/cancel']", &[("reason", "Entered twice")]).await.expect(303);
    assert_eq!(field.facts(Subject::Rep(field.ingrid.id), "2026-11").await.net_sales.0, 10_000);
    // One that nobody has confirmed yet takes nothing back: it may go.
    let own = ingrid.post(&format!("/deals/{deal}/return"), &back).await.expect(303).location().to_owned();
    let page = ingrid.get(&own).await.expect(200);
    assert!(page.words().contains("Waits for confirmation"));
    ingrid.submit(&page, "form[action$='/cancel']", &[("reason", "Typed wrongly")]).await.expect(303);
}

#[tokio::test]
async fn corrected_credits_and_costs_take_their_returns_along() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let deal = field.deal(havn, date!(2026 - 11 - 10), 10_000, &[(field.ingrid, 1)]).await;
    let mut berit = field.app.client(field.berit).await;
    let parts = [("booked_on", "2026-11-12"), ("whole", "lines"), ("amount", "33.33")];
    for _ in 0..2 {
        berit.post(&format!("/deals/{deal}/return"), &parts).await.expect(303);
    }
    let rest = [("booked_on", "2026-11-13"), ("whole", "all")];
    let last = berit.post(&format!("/deals/{deal}/return"), &rest).await.expect(303).location().to_owned();
    let jonas = field.jonas.id.to_string();
    let page = berit.get(&format!("/deals/{deal}/edit")).await.expect(200);
    let changed = [("credit", jonas.as_str()), ("cost", "50.00")];
    berit.submit(&page, "main form", &changed).await.expect(303);
    for rep in [field.ingrid, field.jonas] {
        assert_eq!(field.facts(Subject::Rep(rep.id), "2026-11").await.net_sales.0, 0, "{:?}", rep.id);
    }
    let cost = sqlx::query_scalar!("select sum(cost)::bigint from deal_lines").fetch_one(&field.app.db).await.unwrap();
    assert_eq!(cost, Some(0), "what came back takes its cost along, to the cent");
    let page = berit.get(&last).await.expect(200);
    assert!(
        page.text("section:has(#credits)").contains("Jonas") && page.text("section:has(#history)").contains("Changed")
    );
    field.verify().await;
    // On a locked day it needs a reason.
    let paid = field.deal(havn, date!(2026 - 09 - 10), 10_000, &[(field.ingrid, 1)]).await;
    field.deal_like(havn, date!(2026 - 10 - 12), -10_000, &[(field.ingrid, 1)], Some(paid)).await;
    field.lock("2026-10").await;
    let page = berit.get(&format!("/deals/{paid}/edit")).await.expect(200);
    let page = berit.submit(&page, "main form", &[("credit", jonas.as_str())]).await.expect(422);
    assert_eq!(page.attributes(".summary-error a", "href"), ["#reason"]);
    let credited = async |rep: UserId| field.facts(Subject::Rep(rep), "2026-10").await.net_sales.0;
    assert_eq!((credited(field.ingrid.id).await, credited(field.jonas.id).await), (-10_000, 0));
    berit.submit(&page, "main form", &[("reason", "Jonas sold it")]).await.expect(303);
    assert_eq!((credited(field.ingrid.id).await, credited(field.jonas.id).await), (0, -10_000));
}

#[tokio::test]
async fn a_cancelled_return_comes_back_only_onto_the_deal_that_it_returned() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let fjord = field.customer("Fjord", field.ingrid).await;
    let deal = field.deal(havn, date!(2026 - 11 - 10), 10_000, &[(field.ingrid, 1)]).await;
    let mut berit = field.app.client(field.berit).await;
    let back = [("booked_on", "2026-11-12"), ("whole", "all")];
    let returned = berit.post(&format!("/deals/{deal}/return"), &back).await.expect(303).location().to_owned();
    let page = berit.get(&returned).await.expect(200);
    let cancelled = berit.submit(&page, "form[action$='/cancel']", &[("reason", "They keep it")]).await.expect(303);
    let cancelled = berit.follow(&cancelled).await.expect(200);
    let page = berit.get(&format!("/deals/{deal}/edit")).await.expect(200);
    for (field_name, other, own) in [
        ("customer", fjord.to_string(), havn.to_string()),
        ("booked_on", "2026-11-14".to_owned(), "2026-11-10".to_owned()),
        ("credit", field.jonas.id.to_string(), field.ingrid.id.to_string()),
    ] {
        let edit = berit.get(&format!("/deals/{deal}/edit")).await.expect(200);
        berit.submit(&edit, "main form", &[(field_name, &other)]).await.expect(303);
        berit.submit(&cancelled, ".toast form", &[]).await.expect(409);
        let edit = berit.get(&format!("/deals/{deal}/edit")).await.expect(200);
        berit.submit(&edit, "main form", &[(field_name, &own)]).await.expect(303);
    }
    drop(page);
    berit.submit(&cancelled, ".toast form", &[]).await.expect(303);
    assert_eq!(field.facts(Subject::Company, "2026-11").await.net_sales.0, 0);
    field.verify().await;
}

#[tokio::test]
async fn returns_in_another_currency_share_one_rounding() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await.to_string();
    let mut finn = field.app.client(field.finn).await;
    let page = finn.get("/exchange-rates").await.expect(200);
    let rate = [("currency", "NOK"), ("from", "2026-11-01"), ("rate", "0.0851")];
    finn.submit(&page, "main form", &rate).await.expect(303);
    let mut berit = field.app.client(field.berit).await;
    let rep = field.ingrid.id.to_string();
    let sold = [
        ("customer", &*havn),
        ("currency", "NOK"),
        ("stage", "won"),
        ("booked_on", "2026-11-10"),
        ("amount", "100"),
        ("credit", &rep),
        ("parts", "1"),
    ];
    let deal = berit.post("/deals", &sold).await.expect(303).location().to_owned();
    let half = [("booked_on", "2026-11-12"), ("whole", "lines"), ("amount", "50")];
    let first = berit.post(&format!("{deal}/return"), &half).await.expect(303).location().to_owned();
    berit.post(&format!("{deal}/return"), &half).await.expect(303);
    assert_eq!(field.facts(Subject::Company, "2026-11").await.net_sales.0, 0);
    let page = berit.get(&first).await.expect(200);
    let cancelled = berit.submit(&page, "form[action$='/cancel']", &[("reason", "Entered twice")]).await.expect(303);
    field.verify().await;
    assert_eq!(field.facts(Subject::Company, "2026-11").await.net_sales.0, 851 - 426);
    let page = berit.follow(&cancelled).await.expect(200);
    berit.submit(&page, ".toast form", &[]).await.expect(303);
    assert_eq!(field.facts(Subject::Company, "2026-11").await.net_sales.0, 0);
    field.verify().await;
}

#[tokio::test]
async fn an_overlay_is_the_whole_deal_at_most() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await.to_string();
    let (ingrid, jonas) = (field.ingrid.id.to_string(), field.jonas.id.to_string());
    let mut berit = field.app.client(field.berit).await;
    let typed = |parts: &'static str| {
        vec![
            ("customer".to_owned(), havn.clone()),
            ("stage".to_owned(), "won".to_owned()),
            ("booked_on".to_owned(), "2026-11-10".to_owned()),
            ("amount".to_owned(), "1000000000000".to_owned()),
            ("credit".to_owned(), ingrid.clone()),
            ("parts".to_owned(), "1".to_owned()),
            ("counts".to_owned(), "split".to_owned()),
            ("credit".to_owned(), jonas.clone()),
            ("parts".to_owned(), parts.to_owned()),
            ("counts".to_owned(), "overlay".to_owned()),
        ]
    };
    for (parts, status) in [("1000000", 422), ("2", 422), ("1", 303)] {
        let typed = typed(parts);
        let fields: Vec<(&str, &str)> = typed.iter().map(|(name, value)| (&**name, &**value)).collect();
        berit.post("/deals", &fields).await.expect(status);
    }
    // A team's open deals are in its list, too.
    let open = [("customer", &*havn), ("stage", "open"), ("amount", "10"), ("credit", &ingrid), ("parts", "1")];
    berit.post("/deals", &open).await.expect(303);
    let team = sqlx::query_scalar!("select team_id from memberships where user_id = $1", field.ingrid.id.0)
        .fetch_one(&field.app.db)
        .await
        .unwrap();
    let list = berit.get(&format!("/deals?team={team}&stage=open")).await.expect(200);
    assert_eq!(list.count("tbody tr"), 1);
}
