//! Pay by hand: holds, adjustments and notes, each with a reason, and other eyes before any of it is paid.
#![expect(clippy::disallowed_methods, reason = "what happens behind the program's back is no query of the program")]

use attain::domain::access::Role;
use time::{Duration, macros::date};

use crate::{
    commissions::{Desk, press},
    support::{Answer, Client, User},
};

const FORM: &str = "section[aria-labelledby=act] form";

/// Fills the form of a rep's pay in a run.
async fn act(by: &mut Client, run: &str, rep: User, fields: &[(&str, &str)]) -> Answer {
    let page = by.get(&format!("{run}/reps/{}", rep.id)).await.expect(200);
    by.submit(&page, FORM, fields).await
}

/// The run that an answer leads to, and its page of the rep's pay.
fn run_of(answer: &Answer) -> String {
    answer.location().split("/reps/").next().unwrap().to_owned()
}

/// The totals of a run's statements.
async fn totals(by: &mut Client, run: &str) -> Vec<String> {
    by.get(run).await.expect(200).texts("section[aria-labelledby=statements] tbody td.n")
}

#[tokio::test]
async fn a_deal_on_hold_is_not_paid_until_it_is_released() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 06), 50_000, true, None).await;
    desk.starter(&[desk.ingrid]).await;
    let mut freja = desk.app.client(desk.freja).await;
    let first = desk.calculate(&mut freja, "2026-10").await;
    assert_eq!(totals(&mut freja, &first).await, ["€45.00"]);

    let hold = [("line", "Sales"), ("what", "hold"), ("deal", "2"), ("reason", "The customer disputes it")];
    let held = act(&mut freja, &first, desk.ingrid, &hold).await.expect(303);
    let run = run_of(&held);
    assert_ne!(run, first, "a newer run replaces the one that was seen");
    assert!(freja.get(&first).await.words().contains("Replaced"));
    assert_eq!(totals(&mut freja, &run).await, ["€30.00"]);
    let page = freja.follow(&held).await.expect(200);
    let row = page.text("section[aria-labelledby=held] li");
    assert!(row.contains("Sales, deal 2") && row.contains("The customer disputes it"), "{row}");

    press(&mut freja, &run, "submission").await.expect(303);
    let page = freja.get(&format!("{run}/reps/{}", desk.ingrid.id)).await.expect(200);
    assert!(!page.has(FORM) && !page.has("section[aria-labelledby=held] form"), "submitted is submitted");
    freja.post(&format!("{run}/reps/{}", desk.ingrid.id), &hold).await.expect(409);
    freja.post(&format!("{run}/holds/1/release"), &[]).await.expect(409);
    press(&mut desk.app.client(desk.farid).await, &run, "approval").await.expect(303);

    // Released after the lock it goes into the next run.
    let page = freja.get(&format!("{run}/reps/{}", desk.ingrid.id)).await.expect(200);
    freja.submit(&page, "section[aria-labelledby=held] form", &[]).await.expect(303);
    freja.post(&format!("{run}/holds/1/release"), &[]).await.expect(409);
    assert_eq!(desk.lines("2026-11", desk.ingrid.id).await, ["Sales 0.00", "Sales, 2026-10 15.00"]);
    assert_eq!(
        freja.get(&run).await.texts("section[aria-labelledby=now] tbody tr"),
        ["Ingrid Sales €30.00 €45.00 +€15.00"]
    );
}

#[tokio::test]
async fn a_line_on_hold_pays_nothing_and_released_before_the_lock_pays_as_before() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.starter(&[desk.ingrid]).await;
    let mut freja = desk.app.client(desk.freja).await;
    let run = desk.calculate(&mut freja, "2026-10").await;
    let hold = [("line", "Sales"), ("what", "hold"), ("reason", "To be checked")];
    let run = run_of(&act(&mut freja, &run, desk.ingrid, &hold).await.expect(303));
    assert_eq!(totals(&mut freja, &run).await, ["€0.00"]);
    let page = freja.get(&format!("{run}/reps/{}", desk.ingrid.id)).await.expect(200);
    let run = run_of(&freja.submit(&page, "section[aria-labelledby=held] form", &[]).await.expect(303));
    assert_eq!(totals(&mut freja, &run).await, ["€30.00"]);
}

#[tokio::test]
async fn an_adjustment_is_a_line_with_who_and_why_and_is_paid_once() {
    let desk = Desk::new().await;
    let finn = desk.app.user(desk.org, "Finn", &[Role::Finance]).await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.starter(&[desk.ingrid]).await;
    let (mut freja, mut farid) = (desk.app.client(desk.freja).await, desk.app.client(desk.farid).await);
    let run = desk.calculate(&mut freja, "2026-10").await;
    let adjust = [
        ("line", "Sales"),
        ("what", "adjust"),
        ("amount", "100.50"),
        ("about", "2026-09"),
        ("reason", "Promised at the fair"),
    ];
    let adjusted = act(&mut freja, &run, desk.ingrid, &adjust).await.expect(303);
    let run = run_of(&adjusted);
    assert_eq!(totals(&mut freja, &run).await, ["€130.50"]);
    let page = freja.follow(&adjusted).await.expect(200);
    assert!(page.text("section[aria-labelledby=adjusted] li").contains("Freja"), "{}", page.words());
    let lines = page.text("section[aria-labelledby=lines]");
    assert!(lines.contains("Added by hand by Freja: Promised at the fair, €100.50."), "{lines}");

    // Somebody else calculates it again: whoever adjusted still does not approve it.
    let again = desk.calculate(&mut farid, "2026-10").await;
    press(&mut farid, &again, "submission").await.expect(303);
    freja.post(&format!("{again}/approval"), &[]).await.expect(409);
    press(&mut desk.app.client(finn).await, &again, "approval").await.expect(303);
    assert_eq!(desk.lines("2026-11", desk.ingrid.id).await, ["Sales 0.00"], "it is paid");
    let october = freja.get(&format!("{again}/reps/{}", desk.ingrid.id)).await.expect(200);
    assert!(october.text("section[aria-labelledby=adjusted] li").contains("paid in run"), "{}", october.words());
    freja.post(&format!("{again}/adjustments/1/withdrawal"), &[]).await.expect(409);
    // By what is known now October is worth its line: the adjustment by hand is no part of it.
    assert!(!freja.get(&again).await.has("section[aria-labelledby=now] tbody tr"));
}

#[tokio::test]
async fn a_withdrawn_adjustment_is_not_paid_and_one_without_a_statement_waits() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 09 - 05), 100_000, true, None).await;
    desk.starter(&[desk.ingrid]).await;
    let mut freja = desk.app.client(desk.freja).await;
    let run = desk.calculate(&mut freja, "2026-09").await;
    let adjust =
        [("line", "Sales"), ("what", "adjust"), ("amount", "-5"), ("about", "2026-08"), ("reason", "Paid twice")];
    let run = run_of(&act(&mut freja, &run, desk.ingrid, &adjust).await.expect(303));
    assert_eq!(totals(&mut freja, &run).await, ["€25.00"]);
    // It waits for the first statement that is approved, in this period or a later one.
    let waiting = ["Sales 0.00", "Sales, 2026-08 -5.00", "Carried to the next period 5.00"];
    assert_eq!(desk.lines("2026-10", desk.ingrid.id).await, waiting, "nothing is earned to take it back from");
    assert_eq!(desk.lines("2026-08", desk.ingrid.id).await, ["Sales 0.00"]);
    let page = freja.get(&format!("{run}/reps/{}", desk.ingrid.id)).await.expect(200);
    let run = run_of(&freja.submit(&page, "section[aria-labelledby=adjusted] form", &[]).await.expect(303));
    assert_eq!(totals(&mut freja, &run).await, ["€30.00"]);
    assert_eq!(desk.lines("2026-10", desk.ingrid.id).await, ["Sales 0.00"]);
}

#[tokio::test]
async fn what_is_wrong_is_said_and_nothing_happens() {
    let desk = Desk::new().await;
    let selma = desk.app.user(desk.org, "Selma", &[Role::Rep, Role::Finance]).await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.deal(desk.jonas, date!(2026 - 10 - 06), 100_000, true, None).await;
    desk.starter(&[desk.ingrid, selma]).await;
    let mut freja = desk.app.client(desk.freja).await;
    let run = desk.calculate(&mut freja, "2026-10").await;
    let path = format!("{run}/reps/{}", desk.ingrid.id);
    for (fields, words) in [
        (vec![("line", "Gifts"), ("what", "hold"), ("reason", "x")], "Choose a line"),
        (vec![("line", "Sales"), ("what", "steal"), ("reason", "x")], "Choose what to do"),
        (vec![("line", "Sales"), ("what", "hold"), ("reason", "")], "The reason is missing"),
        (vec![("line", "Sales"), ("what", "hold"), ("deal", "2"), ("reason", "x")], "none of Ingrid’s"),
        (vec![("line", "Sales"), ("what", "hold"), ("deal", "no"), ("reason", "x")], "no deal number"),
        (
            vec![("line", "Sales"), ("what", "adjust"), ("amount", "0"), ("about", "2026-09"), ("reason", "x")],
            "Nothing would",
        ),
        (
            vec![("line", "Sales"), ("what", "adjust"), ("amount", "5"), ("about", "2026-10"), ("reason", "x")],
            "earlier period",
        ),
        (vec![("line", "Sales"), ("what", "note"), ("reason", " ")], "The note is missing"),
    ] {
        let page = freja.post(&path, &fields).await.expect(422);
        assert!(page.words().contains(words), "{words}: {}", page.words());
    }
    let list = freja.get("/commission-runs").await.expect(200);
    assert_eq!(list.count("tbody tr"), 1, "nothing was calculated again");

    let mut selma_browser = desk.app.client(selma).await;
    let own = [("line", "Sales"), ("what", "adjust"), ("amount", "5"), ("about", "2026-09"), ("reason", "x")];
    selma_browser.post(&format!("{run}/reps/{}", selma.id), &own).await.expect(409);
    let later = desk.app.later(Duration::minutes(11));
    let asked = freja.on(&later).post(&path, &own).await.expect(403);
    assert_eq!(asked.text("h1"), "Confirm that it is you");
}

#[tokio::test]
async fn a_reason_that_is_too_long_is_kept_and_told_where_it_stands() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.starter(&[desk.ingrid]).await;
    let mut freja = desk.app.client(desk.freja).await;
    let run = desk.calculate(&mut freja, "2026-10").await;
    let hold = [("line", "Sales"), ("what", "hold"), ("reason", "To be checked")];
    let run = run_of(&act(&mut freja, &run, desk.ingrid, &hold).await.expect(303));
    let adjust = [("line", "Sales"), ("what", "adjust"), ("amount", "5"), ("about", "2026-09"), ("reason", "Promised")];
    let mut run = run_of(&act(&mut freja, &run, desk.ingrid, &adjust).await.expect(303));
    let long = format!("It is {}.", "so ".repeat(200).trim());
    for (section, field) in [("adjusted", "withdrawal-1"), ("held", "release-1")] {
        let page = freja.get(&format!("{run}/reps/{}", desk.ingrid.id)).await.expect(200);
        let form = format!("section[aria-labelledby={section}] form");
        let refused = freja.submit(&page, &form, &[("reason", &long)]).await.expect(422);
        assert_eq!(refused.attributes(".summary-error a", "href"), [format!("#{field}")]);
        assert_eq!(refused.text(&format!("#{field}-error")), "The reason has 606 characters; 500 are possible.");
        assert_eq!(refused.attribute(&format!("#{field}"), "value"), long, "what was typed stays");
        assert_eq!(refused.count("[aria-invalid=true]"), 1);
        run = run_of(&freja.submit(&refused, &form, &[("reason", "All is well")]).await.expect(303));
    }
    let page = freja.get(&format!("{run}/reps/{}", desk.ingrid.id)).await.expect(200);
    assert!(
        page.text("section[aria-labelledby=held] li").contains("released by Freja: All is well"),
        "{}",
        page.words()
    );
}

#[tokio::test]
async fn a_note_stays_with_the_line_and_changes_nothing() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.starter(&[desk.ingrid]).await;
    let mut freja = desk.app.client(desk.freja).await;
    let run = desk.calculate(&mut freja, "2026-10").await;
    let note = [("line", "Sales"), ("what", "note"), ("reason", "Asked Kari about the fair")];
    let noted = act(&mut freja, &run, desk.ingrid, &note).await.expect(303);
    assert_eq!(run_of(&noted), run, "a note calculates nothing");
    let newer = desk.calculate(&mut freja, "2026-10").await;
    let page = freja.get(&format!("{newer}/reps/{}", desk.ingrid.id)).await.expect(200);
    assert!(page.words().contains("Asked Kari about the fair"), "{}", page.words());
    press(&mut freja, &newer, "submission").await.expect(303);
    press(&mut desk.app.client(desk.farid).await, &newer, "approval").await.expect(303);
    let statement = freja.get(&newer).await.attribute("tbody a[href^='/statements/']", "href");
    let read = desk.app.client(desk.ingrid).await.get(&statement).await.expect(200);
    assert!(!read.words().contains("Asked Kari"), "the rep does not read it");
}

#[tokio::test]
async fn a_return_on_hold_is_taken_back_once_it_is_released() {
    let desk = Desk::new().await;
    let sold = desk.deal(desk.ingrid, date!(2026 - 09 - 05), 100_000, true, None).await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.starter(&[desk.ingrid]).await;
    desk.lock("2026-09").await;
    // It comes back in October; finance holds that back from the run of October.
    desk.deal(desk.ingrid, date!(2026 - 10 - 20), -50_000, true, Some(sold)).await;
    let mut freja = desk.app.client(desk.freja).await;
    let run = desk.calculate(&mut freja, "2026-10").await;
    let hold = [("line", "Sales"), ("what", "hold"), ("deal", "3"), ("reason", "Did it come back?")];
    let run = run_of(&act(&mut freja, &run, desk.ingrid, &hold).await.expect(303));
    assert_eq!(desk.lines("2026-10", desk.ingrid.id).await, ["Sales 30.00"], "nothing is taken back yet");
    press(&mut freja, &run, "submission").await.expect(303);
    press(&mut desk.app.client(desk.farid).await, &run, "approval").await.expect(303);
    freja.post(&format!("{run}/holds/1/release"), &[]).await.expect(303);
    let lines = desk.lines("2026-11", desk.ingrid.id).await;
    assert_eq!(lines[..2], ["Sales 0.00", "Sales, 2026-09 -15.00"], "{lines:?}");
}

#[tokio::test]
async fn a_run_tells_what_changed_and_what_to_beware_of() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 09 - 05), 100_000, true, None).await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 400_000, true, None).await;
    desk.deal(desk.jonas, date!(2026 - 10 - 06), 50_000, false, None).await;
    let orphan = desk.deal(desk.jonas, date!(2026 - 10 - 07), 20_000, true, None).await;
    let sql = "delete from deal_credits where deal_id = $1";
    sqlx::query(sql).bind(orphan.0).execute(&desk.app.db).await.unwrap();
    desk.starter(&[desk.ingrid, desk.jonas]).await;
    desk.lock("2026-09").await;
    let mut freja = desk.app.client(desk.freja).await;
    let list = freja.get("/commission-runs").await.expect(200);
    freja.submit(&list, "form[action='/commission-runs/limit']", &[("above", "100")]).await.expect(303);
    freja.post("/commission-runs/limit", &[("above", "-1")]).await.expect(422);
    let run = desk.calculate(&mut freja, "2026-10").await;
    let page = freja.get(&run).await.expect(200);
    assert_eq!(page.texts("section[aria-labelledby=changes] li"), ["Ingrid Sales +€90.00 +€90.00"]);
    let words = page.words();
    for warning in [
        "Above €100.00: Ingrid €120.00.",
        "Nobody is credited on 1 deal of €200.00",
        "1 deal of €500.00 waits for confirmation",
        "Credited €4,500.00 and €200.00 without credit, of €4,700.00 booked: the sums agree",
    ] {
        assert!(words.contains(warning), "{warning}: {words}");
    }
}

#[tokio::test]
async fn whoever_releases_or_takes_back_does_not_approve_the_run_that_pays_it() {
    let desk = Desk::new().await;
    let finn = desk.app.user(desk.org, "Finn", &[Role::Finance]).await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.starter(&[desk.ingrid]).await;
    let (mut freja, mut farid) = (desk.app.client(desk.freja).await, desk.app.client(desk.farid).await);
    let run = desk.calculate(&mut freja, "2026-10").await;
    let hold = [("line", "Sales"), ("what", "hold"), ("reason", "To be checked")];
    let run = run_of(&act(&mut freja, &run, desk.ingrid, &hold).await.expect(303));
    press(&mut freja, &run, "submission").await.expect(303);
    press(&mut farid, &run, "approval").await.expect(303);

    // Finn releases it after the lock: November pays it, and Finn does not approve November.
    let later = desk.after(20);
    let mut freja = later.app.client(desk.freja).await;
    let released = later.app.client(finn).await.post(&format!("{run}/holds/1/release"), &[]).await.expect(303);
    assert!(released.location().starts_with(&run), "{}", released.location());
    let run = later.calculate(&mut freja, "2026-11").await;
    assert_eq!(totals(&mut freja, &run).await, ["€30.00"]);
    let adjust = [("line", "Sales"), ("what", "adjust"), ("amount", "5"), ("about", "2026-09"), ("reason", "Promised")];
    let adjusted = run_of(&act(&mut freja, &run, desk.ingrid, &adjust).await.expect(303));
    let page = later.app.client(desk.farid).await.get(&format!("{adjusted}/reps/{}", desk.ingrid.id)).await;
    let mut farid = later.app.client(desk.farid).await;
    farid.submit(&page, "section[aria-labelledby=adjusted] form", &[]).await.expect(303);
    let run = later.calculate(&mut freja, "2026-11").await;
    press(&mut freja, &run, "submission").await.expect(303);
    for (who, why) in [(finn, "released"), (desk.farid, "withdrew")] {
        let mut by = later.app.client(who).await;
        by.post(&format!("{run}/approval"), &[]).await.expect(409);
        // Neither does the database take it, whatever is said about whose hands are in it.
        for (hands, constraint) in [("hands", "approvals_by_hand"), ("'{}'", "approvals_statement_fkey")] {
            let clock = later.app.app.clock;
            let mut tx = attain::postgres::tx::write(&desk.app.db, desk.org, Some(who.id), clock).await.unwrap();
            let sql = format!(
                "insert into approvals (org_id, statement_id, run_id, rep_id, prepared_by, hands, approved_by, approved_at) \
                 select org_id, id, run_id, rep_id, prepared_by, {hands}, {}, now() from statements order by id desc limit 1",
                who.id
            );
            let error = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut *tx).await.unwrap_err();
            assert_eq!(error.as_database_error().unwrap().constraint(), Some(constraint), "{why}: {error}");
        }
    }
    let olga = desk.app.user(desk.org, "Olga", &[Role::Finance]).await;
    press(&mut later.app.client(olga).await, &run, "approval").await.expect(303);
}

#[tokio::test]
async fn a_deal_on_hold_pays_by_no_measure_until_it_is_released() {
    let desk = Desk::new().await;
    let karin = desk.app.user(desk.org, "Karin", &[Role::Manager]).await;
    desk.app.team(desk.org, "North", None, Some(karin), &[desk.ingrid]).await;
    let component = |name: &str, measure: &str, pays: (&str, &str)| serde_json::json!({ "name": name, "measure": measure, "pays": { pays.0: pays.1 } });
    let plan = serde_json::json!({ "name": "Many", "currency": "EUR", "period": "month", "components": [
        component("Sales", "net_sales", ("rate", "0.1")), component("New", "new_customers", ("per_unit", "50.00")),
        component("To new", "new_customer_sales", ("rate", "0.1")), component("Margin", "gross_margin", ("rate", "0.1")),
        component("Book", "contribution", ("rate", "0.1")) ] });
    let mut team = component("Team", "net_sales", ("rate", "0.01"));
    team["scope"] = "team".into();
    let mut won = component("Won", "new_customers", ("per_unit", "5.00"));
    won["scope"] = "team".into();
    let manager =
        serde_json::json!({ "name": "Manager", "currency": "EUR", "period": "month", "components": [team, won] });
    desk.plan(plan, &[desk.ingrid.id]).await;
    desk.plan(manager, &[karin.id]).await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    let sql = "update deal_lines set cost = 40000; \
               update organizations set cost_per_visit = 0, cost_per_minute = 0, cost_per_order = 0";
    sqlx::raw_sql(sql).execute(&desk.app.db).await.unwrap();
    let all = ["Sales 100.00", "New 50.00", "To new 100.00", "Margin 60.00", "Book 60.00"];
    assert_eq!(desk.lines("2026-10", desk.ingrid.id).await, all);
    assert_eq!(desk.lines("2026-10", karin.id).await, ["Team 10.00", "Won 5.00"]);
    let mut freja = desk.app.client(desk.freja).await;
    let run = desk.calculate(&mut freja, "2026-10").await;
    let hold = [("line", "Sales"), ("what", "hold"), ("deal", "1"), ("reason", "The invoice is disputed")];
    let run = run_of(&act(&mut freja, &run, desk.ingrid, &hold).await.expect(303));
    let nothing = ["Sales 0.00", "New 0.00", "To new 0.00", "Margin 0.00", "Book 0.00"];
    assert_eq!(desk.lines("2026-10", desk.ingrid.id).await, nothing);
    assert_eq!(desk.lines("2026-10", karin.id).await, ["Team 0.00", "Won 0.00"]);
    press(&mut freja, &run, "submission").await.expect(303);
    press(&mut desk.app.client(desk.farid).await, &run, "approval").await.expect(303);
    freja.post(&format!("{run}/holds/1/release"), &[]).await.expect(303);
    let released = all.map(|line| line.replacen(' ', ", 2026-10 ", 1).replace("To, 2026-10 new", "To new, 2026-10"));
    assert_eq!(desk.lines("2026-11", desk.ingrid.id).await[5..], released);
    assert_eq!(desk.lines("2026-11", karin.id).await[2..], ["Team, 2026-10 10.00", "Won, 2026-10 5.00"]);
}

#[tokio::test]
async fn a_return_on_hold_leaves_the_customer_that_was_won() {
    let desk = Desk::new().await;
    let plan = serde_json::json!({ "name": "Hunter", "currency": "EUR", "period": "month", "components": [
        { "name": "New", "measure": "new_customers", "pays": { "per_unit": "50.00" } } ] });
    desk.plan(plan, &[desk.ingrid.id]).await;
    let sold = desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 20), -100_000, true, Some(sold)).await;
    let mut freja = desk.app.client(desk.freja).await;
    let run = desk.calculate(&mut freja, "2026-10").await;
    assert_eq!(totals(&mut freja, &run).await, ["€0.00"]);
    let hold = [("line", "New"), ("what", "hold"), ("deal", "2"), ("reason", "Did it come back?")];
    let run = run_of(&act(&mut freja, &run, desk.ingrid, &hold).await.expect(303));
    assert_eq!(totals(&mut freja, &run).await, ["€50.00"]);
}

#[tokio::test]
async fn a_deal_that_was_paid_is_not_held() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 09 - 05), 100_000, true, None).await;
    desk.deal(desk.ingrid, date!(2026 - 09 - 06), 100_000, false, None).await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.starter(&[desk.ingrid]).await;
    desk.lock("2026-09").await;
    let mut freja = desk.app.client(desk.freja).await;
    let run = desk.calculate(&mut freja, "2026-10").await;
    let hold = |deal| [("line", "Sales"), ("what", "hold"), ("deal", deal), ("reason", "To be checked")];
    let refused = act(&mut freja, &run, desk.ingrid, &hold("1")).await.expect(422);
    let words = refused.text("#deal-error");
    assert!(words.contains("Deal 1 was paid in September 2026") && words.contains("Adjust the line"), "{words}");
    // What waited for its confirmation in that month was not.
    let run = run_of(&act(&mut freja, &run, desk.ingrid, &hold("2")).await.expect(303));
    act(&mut freja, &run, desk.ingrid, &hold("3")).await.expect(303);
}

/// It was listed, and neither paid nor taken back; nor was it when a later run corrected the month for something else.
#[tokio::test]
async fn a_return_whose_deal_was_on_hold_can_be_held() {
    for corrected in [false, true] {
        let desk = Desk::new().await;
        let sold = desk.deal(desk.ingrid, date!(2026 - 09 - 05), 100_000, true, None).await;
        desk.deal(desk.ingrid, date!(2026 - 09 - 20), -40_000, true, Some(sold)).await;
        desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
        desk.starter(&[desk.ingrid]).await;
        let mut freja = desk.app.client(desk.freja).await;
        let run = desk.calculate(&mut freja, "2026-09").await;
        let hold = |deal| [("line", "Sales"), ("what", "hold"), ("deal", deal), ("reason", "To be checked")];
        let run = run_of(&act(&mut freja, &run, desk.ingrid, &hold("1")).await.expect(303));
        press(&mut freja, &run, "submission").await.expect(303);
        press(&mut desk.app.client(desk.farid).await, &run, "approval").await.expect(303);
        let mut period = "2026-10";
        if corrected {
            desk.after(1).deal(desk.ingrid, date!(2026 - 09 - 25), 20_000, true, None).await;
            desk.after(2).lock(period).await;
            assert_eq!(desk.count("statement_corrections").await, 1);
            period = "2026-11";
        }
        let later = desk.after(3);
        let mut freja = later.app.client(desk.freja).await;
        let run = later.calculate(&mut freja, period).await;
        act(&mut freja, &run, desk.ingrid, &hold("2")).await.expect(303);
    }
}

/// What a teammate was paid of the deal says nothing of the rep's own part, which was on hold.
#[tokio::test]
async fn a_return_can_be_held_whose_deal_only_a_teammate_was_paid() {
    let desk = Desk::new().await;
    let karin = desk.app.user(desk.org, "Karin", &[Role::Manager, Role::Rep]).await;
    desk.app.team(desk.org, "North", None, Some(karin), &[desk.jonas]).await;
    let plan = serde_json::json!({ "name": "Manager", "currency": "EUR", "period": "month", "components": [
        { "name": "Sales", "measure": "net_sales", "pays": { "rate": "0.03" } },
        { "name": "Team", "scope": "team", "measure": "net_sales", "pays": { "rate": "0.01" } } ] });
    desk.plan(plan, &[karin.id]).await;
    let sold = desk.deal(karin, date!(2026 - 09 - 05), 100_000, true, None).await;
    desk.deal(karin, date!(2026 - 09 - 20), -40_000, true, Some(sold)).await;
    for sql in [
        "update deal_credits set amount = 50000 where deal_id = $1 and rep_id <> $2",
        "insert into deal_credits (org_id, deal_id, position, rep_id, parts, amount, booked_on)
         select org_id, deal_id, 2, $2, 1, amount, booked_on from deal_credits where deal_id = $1",
    ] {
        sqlx::query(sql).bind(sold.0).bind(desk.jonas.id.0).execute(&desk.app.db).await.unwrap();
    }
    let mut freja = desk.app.client(desk.freja).await;
    let run = desk.calculate(&mut freja, "2026-09").await;
    let hold = |deal| [("line", "Sales"), ("what", "hold"), ("deal", deal), ("reason", "To be checked")];
    let run = run_of(&act(&mut freja, &run, karin, &hold("1")).await.expect(303));
    assert_eq!(desk.lines("2026-09", karin.id).await[..2], ["Sales 0.00", "Team 5.00"], "Jonas's half counts");
    press(&mut freja, &run, "submission").await.expect(303);
    press(&mut desk.app.client(desk.farid).await, &run, "approval").await.expect(303);
    let run = desk.calculate(&mut freja, "2026-10").await;
    act(&mut freja, &run, karin, &hold("2")).await.expect(303);
}
