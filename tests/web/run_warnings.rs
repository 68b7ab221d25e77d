//! What finance is told to beware of on a run: who entered nothing, who owes without a statement, what is credited apart.

use attain::{
    deals,
    domain::{
        deal::{Credit, Stage},
        money::Money,
        visit::{Kind, State},
    },
    plans, visits,
};
use serde_json::json;
use time::macros::date;

use crate::{
    commissions::{Desk, press},
    support::Client,
};

async fn warnings(client: &mut Client, run: &str) -> Vec<String> {
    client.get(run).await.expect(200).texts(".strip.warn")
}

fn told(warnings: &[String], words: &str) -> bool {
    warnings.iter().any(|warning| warning.contains(words))
}

#[tokio::test]
async fn who_entered_nothing_this_week_is_named() {
    let desk = Desk::new().await;
    desk.starter(&[desk.ingrid, desk.jonas]).await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    let mut freja = desk.app.client(desk.freja).await;
    let run = desk.calculate(&mut freja, "2026-10").await;
    // Ingrid has entered a deal today, if an old one.
    let words = "Nothing entered in 7 days: Jonas. Something may be missing.";
    let found = warnings(&mut freja, &run).await;
    assert!(told(&found, words), "{found:?}");
    for (on, silent) in [(date!(2026 - 11 - 11), true), (date!(2026 - 11 - 12), false)] {
        let mut tx = desk.app.write(desk.org).await;
        let visit = visits::db::NewVisit {
            rep: desk.jonas.id,
            customer: desk.customer,
            visited_on: on,
            starts_at: None,
            kind: Kind::Call,
            state: State::Done,
            outcome: None,
            minutes: None,
            notes: String::new(),
        };
        visits::db::insert(&mut tx, &visit).await.unwrap();
        tx.commit().await.unwrap();
        let found = warnings(&mut freja, &run).await;
        assert_eq!(told(&found, "Nothing entered"), silent, "{on}: {found:?}");
    }
    // A week later both are silent; once the run is locked, nothing can be missing in it.
    let later = desk.after(8);
    let (mut freja, mut farid) = (later.app.client(desk.freja).await, later.app.client(desk.farid).await);
    let run = later.calculate(&mut freja, "2026-10").await;
    let found = warnings(&mut freja, &run).await;
    assert!(told(&found, "Nothing entered in 7 days: Ingrid, Jonas."), "{found:?}");
    press(&mut freja, &run, "submission").await.expect(303);
    press(&mut farid, &run, "approval").await.expect(303);
    let found = warnings(&mut freja, &run).await;
    assert!(!told(&found, "Nothing entered"), "{found:?}");
}

#[tokio::test]
async fn who_owes_of_draws_and_has_no_statement_is_named() {
    let desk = Desk::new().await;
    let plan = json!({ "name": "Drawn", "currency": "EUR", "period": "month",
        "components": [ { "name": "Sales", "measure": "net_sales", "pays": { "rate": "0.1" } } ],
        "draw": { "amount": "500.00", "recoverable": true } });
    desk.plan(plan, &[desk.ingrid.id, desk.jonas.id]).await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 300_000, true, None).await;
    let run = desk.lock("2026-10").await;
    let mut freja = desk.app.client(desk.freja).await;
    let found = warnings(&mut freja, &run).await;
    // Ingrid earned 300 of 500, Jonas nothing: both have a statement here.
    assert!(told(&found, "Owed of draws: Ingrid €200.00, Jonas €500.00."), "{found:?}");
    assert!(!told(&found, "have no statement here"), "{found:?}");
    let mut tx = desk.app.write(desk.org).await;
    plans::db::assign(&mut tx, desk.jonas.id, None, date!(2026 - 11 - 01)).await.unwrap();
    tx.commit().await.unwrap();
    let december = desk.after(20);
    let mut freja = december.app.client(desk.freja).await;
    let run = december.calculate(&mut freja, "2026-11").await;
    let found = warnings(&mut freja, &run).await;
    let words = "Owe of draws and have no statement here: Jonas €500.00. It waits for their next plan.";
    assert!(told(&found, words), "{found:?}");
    let newer = december.calculate(&mut freja, "2026-11").await;
    let found = warnings(&mut freja, &run).await;
    assert!(!told(&found, "have no statement here"), "a run that was replaced says nothing: {found:?}");
    let found = warnings(&mut freja, &newer).await;
    assert!(told(&found, words), "{found:?}");
}

#[tokio::test]
async fn what_is_credited_apart_from_the_shares_is_told() {
    let desk = Desk::new().await;
    desk.starter(&[desk.ingrid, desk.jonas]).await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    let mut freja = desk.app.client(desk.freja).await;
    let run = desk.calculate(&mut freja, "2026-10").await;
    let found = warnings(&mut freja, &run).await;
    assert!(!told(&found, "Credited twice over"), "{found:?}");
    let mut tx = desk.app.write(desk.org).await;
    let credit = |rep, overlay| Credit { rep, parts: 1, overlay };
    let new = deals::db::NewDeal {
        customer: desk.customer,
        owner: Some(desk.ingrid.id),
        stage: Stage::Won,
        opened_on: None,
        booked_on: Some(date!(2026 - 10 - 06)),
        expected_on: None,
        returns: None,
        currency: None,
        rate: None,
        notes: String::new(),
        confirmed: true,
        lines: vec![deals::db::Line {
            position: 1,
            product: None,
            text: "Coffee".to_owned(),
            quantity: 1.into(),
            amount: Money(40_000),
            original: None,
            cost: None,
        }],
        credits: vec![credit(desk.ingrid.id, false), credit(desk.jonas.id, true)],
    };
    deals::save::enter(&mut tx, &new).await.unwrap();
    tx.commit().await.unwrap();
    let found = warnings(&mut freja, &run).await;
    assert!(told(&found, "Credited twice over, apart from the shares: €400.00 on 1 deal."), "{found:?}");
}

#[tokio::test]
async fn a_plan_that_cannot_be_calculated_is_named_wherever_it_is_asked_and_nothing_is_stored() {
    let desk = Desk::new().await;
    for on in [date!(2026 - 10 - 05), date!(2026 - 11 - 05)] {
        desk.deal(desk.ingrid, on, 900_000_000_000_000, true, None).await;
    }
    let plan = desk.starter(&[desk.ingrid, desk.jonas]).await;
    let (mut freja, mut farid) = (desk.app.client(desk.freja).await, desk.app.client(desk.farid).await);
    let run = desk.calculate(&mut freja, "2026-10").await;
    let hands = format!("{run}/reps/{}", desk.ingrid.id);
    let before = freja.get(&hands).await.expect(200);
    press(&mut freja, &run, "submission").await.expect(303);
    // Each deal pays 998,001 times what it came to: more than there are cents.
    let spoil = r#"update plan_versions
                   set document = jsonb_set(document, '{components,0}', '{ "name": "Sales", "measure": "net_sales",
                       "pays": { "rate": "999" },
                       "modifier": { "metric": "lost_customers", "steps": [ { "from": "0", "times": "999" } ] } }')"#;
    sqlx::raw_sql(spoil).execute(&desk.app.db).await.unwrap();
    let named = |answer: crate::support::Answer| {
        let words = answer.expect(409).words();
        for told in
            ["This cannot be calculated", "Ingrid cannot be paid by the plan “Starter”", "too large", "new version"]
        {
            assert!(words.contains(told), "{told}: {words}");
        }
        assert!(!words.contains("our fault"), "{words}");
    };
    let stored = desk.count("statements").await;
    named(freja.post("/commission-runs", &[("period", "2026-10")]).await);
    named(press(&mut farid, &run, "approval").await);
    let hold = [("line", "Sales"), ("what", "hold"), ("reason", "To be checked")];
    sqlx::raw_sql("delete from run_submissions").execute(&desk.app.db).await.unwrap();
    named(freja.submit(&before, "section[aria-labelledby=act] form", &hold).await);
    named(freja.get(&format!("{plan}/simulation")).await);
    let mut ingrid = desk.app.client(desk.ingrid).await;
    named(ingrid.get("/statements/so-far?period=2026-10").await);
    named(ingrid.get("/statements/what-if").await);
    ingrid.get("/my-month?period=2026-10").await.expect(200);
    // Nor does one that cannot even be read any more.
    sqlx::raw_sql("update plan_versions set document = document - 'period'").execute(&desk.app.db).await.unwrap();
    let words = freja.post("/commission-runs", &[("period", "2026-10")]).await.expect(409).words();
    assert!(words.contains("Ingrid cannot be paid by the plan “Starter”: period: "), "{words}");
    assert_eq!((desk.count("statements").await, desk.count("approvals").await), (stored, 0));
    assert_eq!((desk.count("pay_holds").await, desk.count("commission_runs").await), (0, 1));
}
