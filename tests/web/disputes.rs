//! Disputes: a rep asks about a line of a statement, finance answers, and what is accepted comes with a later one.

use attain::domain::access::Role;
use time::{Duration, macros::date};

use crate::{
    commissions::{Desk, press},
    support::{Answer, Client},
};

const ASK: &str = "main form";
const SAY: &str = "form[action$='/messages']";
const ACCEPT: &str = "form[action$='/acceptance']";
const REFUSE: &str = "form[action$='/refusal']";

/// A desk whose October is locked and pays Ingrid €45.00 for two deals; the path of her statement.
async fn october() -> (Desk, String) {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 06), 50_000, true, None).await;
    desk.starter(&[desk.ingrid]).await;
    let run = desk.lock("2026-10").await;
    let page = desk.app.client(desk.freja).await.get(&run).await.expect(200);
    let statement = page.attribute("tbody a[href^='/statements/']", "href");
    (desk, statement)
}

/// Ingrid disputes the line, from the link on her statement; the path of the thread.
async fn dispute(ingrid: &mut Client, statement: &str, fields: &[(&str, &str)]) -> String {
    let page = ingrid.get(statement).await.expect(200);
    let form = ingrid.get(&page.attribute("#line-1 a[href$='/dispute']", "href")).await.expect(200);
    assert!(!form.has("select[name=deal][required]"), "a browser would not send the whole line, whose value is empty");
    ingrid.submit(&form, ASK, fields).await.expect(303).location().to_owned()
}

async fn notices(browser: &mut Client) -> Vec<String> {
    browser.get("/notices").await.expect(200).texts("main li .title")
}

/// The words of a thread's strip: what became of it.
fn result(page: &Answer) -> String {
    page.text("main .strip")
}

#[tokio::test]
async fn an_accepted_dispute_is_paid_with_the_next_statement_and_the_rep_is_told() {
    let (desk, statement) = october().await;
    let (mut ingrid, mut freja) = (desk.app.client(desk.ingrid).await, desk.app.client(desk.freja).await);
    let fields = [("words", "The fair’s deal is missing.\nSee my mail."), ("expected", "95")];
    let thread = dispute(&mut ingrid, &statement, &fields).await;
    let page = ingrid.get(&statement).await.expect(200);
    assert_eq!(page.text("#line-1 a[href^='/disputes/']"), "Disputed: open");
    assert!(!page.has("#line-1 a[href$='/dispute']"));

    // Finance is told, by count and notice, and finds it in the queue.
    let page = freja.get("/customers").await.expect(200);
    assert_eq!(page.text("nav.nav a[href='/disputes'] .count"), "1 waiting");
    assert_eq!(notices(&mut freja).await, ["Ingrid disputes Sales, October 2026"]);
    let later = desk.app.later(Duration::days(4));
    let mut monday = later.client(desk.freja).await;
    let queue = monday.get("/disputes").await.expect(200);
    let listed = queue.text("section li");
    assert!(listed.contains("Ingrid · Waiting for 2 working days · expects €95.00"), "{listed}");
    assert!(queue.words().contains("One dispute waits for an answer; the first is waiting for 2 working days."));

    // An answer: the rep is told, and writes back.
    let page = monday.get(&thread).await.expect(200);
    assert_eq!(page.texts("ol.timeline p"), ["The fair’s deal is missing. See my mail."]);
    monday.submit(&page, SAY, &[("words", "Which number has it?")]).await.expect(303);
    assert_eq!(notices(&mut monday).await, [""; 0], "answered");
    let mut back = later.client(desk.ingrid).await;
    assert_eq!(notices(&mut back).await[0], "Freja answered your dispute about Sales, October 2026");
    let page = back.get(&thread).await.expect(200);
    assert!(page.text("main .badge").contains("Answered"), "{}", page.words());
    assert!(page.text("section .dl").contains("First answer after two working days"), "{}", page.words());
    back.submit(&page, SAY, &[("words", "12, of the 7th")]).await.expect(303);
    assert!(back.get(&thread).await.text("main .badge").contains("Open"));

    // Accepted: the difference is proposed, the period is the open one, and nothing of October changes.
    let page = monday.get(&thread).await.expect(200);
    assert_eq!(page.attribute("input[name=amount]", "value"), "50.00");
    let accepted = monday.submit(&page, ACCEPT, &[("reason", "The fair’s deal")]).await.expect(303);
    assert!(result(&monday.follow(&accepted).await).contains("Accepted, €50.00 comes with November 2026"));
    assert_eq!(notices(&mut back).await[0], "Freja accepted your dispute about Sales, October 2026");
    assert!(back.get(&statement).await.text(".statement .total").contains("€45.00"));
    assert_eq!(desk.lines("2026-11", desk.ingrid.id).await, ["Sales 0.00", "Sales, 2026-10 50.00"]);

    // Paid with November: the thread leads to that statement, whose approver is not who accepted.
    let december = desk.after(20);
    let mut farid = december.app.client(desk.farid).await;
    let run = december.calculate(&mut farid, "2026-11").await;
    press(&mut farid, &run, "submission").await.expect(303);
    december.app.client(desk.freja).await.post(&format!("{run}/approval"), &[]).await.expect(409);
    let finn = december.app.user(desk.org, "Finn", &[Role::Finance]).await;
    press(&mut december.app.client(finn).await, &run, "approval").await.expect(303);
    let mut back = december.app.client(desk.ingrid).await;
    let page = back.get(&thread).await.expect(200);
    assert!(result(&page).contains("Accepted, €50.00 is on the statement for November 2026"), "{}", result(&page));
    let paid = back.get(&page.attribute("main .strip a", "href")).await.expect(200);
    assert!(paid.text(".statement .total").contains("€50.00") && paid.words().contains("The fair’s deal"));
    press(&mut farid, &run, "payment").await.expect(303);
    assert!(result(&back.get(&thread).await).contains("€50.00 paid with November 2026 on"));
}

#[tokio::test]
async fn a_period_about_to_be_approved_is_left_alone() {
    let (desk, statement) = october().await;
    let mut ingrid = desk.app.client(desk.ingrid).await;
    let thread = dispute(&mut ingrid, &statement, &[("words", "Too little")]).await;
    let december = desk.after(20);
    let mut freja = december.app.client(desk.freja).await;
    let run = december.calculate(&mut freja, "2026-11").await;
    press(&mut freja, &run, "submission").await.expect(303);
    let page = freja.get(&thread).await.expect(200);
    let accepted = freja.submit(&page, ACCEPT, &[("amount", "5"), ("reason", "Right")]).await.expect(303);
    assert!(result(&freja.follow(&accepted).await).contains("comes with December 2026"));
    press(&mut december.app.client(desk.farid).await, &run, "approval").await.expect(303);

    // What finance takes back before it is paid is told, and the rep may ask again.
    let january = december.after(31);
    let mut freja = january.app.client(desk.freja).await;
    let run = january.calculate(&mut freja, "2026-12").await;
    let hands = freja.get(&format!("{run}/reps/{}", desk.ingrid.id)).await.expect(200);
    freja.submit(&hands, "section[aria-labelledby=adjusted] form", &[]).await.expect(303);
    let mut ingrid = january.app.client(desk.ingrid).await;
    let page = ingrid.get(&thread).await.expect(200);
    assert!(result(&page).contains("Accepted, but Freja withdrew the €5.00"), "{}", result(&page));
    let again = ingrid.get(&page.attribute("main a[href$='/dispute']", "href")).await.expect(200);
    ingrid.submit(&again, ASK, &[("words", "And now?")]).await.expect(303);
}

#[tokio::test]
async fn one_record_is_disputed_once_and_a_refusal_says_why() {
    let (desk, statement) = october().await;
    let (mut ingrid, mut freja) = (desk.app.client(desk.ingrid).await, desk.app.client(desk.freja).await);
    let fields = [("deal", "2"), ("words", "Shared with nobody"), ("expected", "20.00")];
    let thread = dispute(&mut ingrid, &statement, &fields).await;
    let page = ingrid.get(&thread).await.expect(200);
    assert_eq!(page.text("h1"), "Sales, deal 2, October 2026");
    assert!(page.text("section .dl").contains("€15.00"), "what the deal pays: {}", page.words());

    // The same again leads to the thread; another part of the line is another dispute.
    let ask = format!("{statement}/lines/1/dispute");
    assert_eq!(ingrid.get(&format!("{ask}?deal=2")).await.expect(303).location(), thread);
    let kept = ingrid.post(&ask, &[("deal", "2"), ("words", "Once more")]).await.expect(409);
    assert!(kept.text("textarea").contains("Once more") && kept.has(&format!("main a[href='{thread}']")));
    let other = ingrid.post(&ask, &[("deal", "1"), ("words", "This as well")]).await.expect(303);
    let page = ingrid.get(other.location()).await.expect(200);
    ingrid.submit(&page, "form[action$='/withdrawal']", &[]).await.expect(303);
    assert_eq!(result(&ingrid.get(other.location()).await), "Withdrawn");
    assert_eq!(notices(&mut ingrid).await.len(), 1, "the statement; nobody is told of the own doing");

    let page = freja.get(&thread).await.expect(200);
    assert_eq!(page.attribute("input[name=amount]", "value"), "5.00", "of the record");
    freja.submit(&page, REFUSE, &[("why", " ")]).await.expect(422);
    freja.submit(&page, REFUSE, &[("why", "It was Jonas’s as well")]).await.expect(303);
    let page = ingrid.get(&thread).await.expect(200);
    assert_eq!(result(&page), "Refused");
    assert!(page.words().contains("It was Jonas’s as well") && !page.has(SAY));
    assert_eq!(notices(&mut ingrid).await[0], "Freja refused your dispute about Sales, October 2026");
    assert_eq!(desk.lines("2026-11", desk.ingrid.id).await, ["Sales 0.00"]);
    assert_eq!(freja.get("/disputes").await.count("section li"), 0);
    assert_eq!(freja.get("/disputes?show=all").await.count("section li"), 2);
}

#[tokio::test]
async fn stale_and_doubled_decisions_take_effect_once() {
    let (desk, statement) = october().await;
    let mut ingrid = desk.app.client(desk.ingrid).await;
    let (mut freja, mut farid) = (desk.app.client(desk.freja).await, desk.app.client(desk.farid).await);
    let thread = dispute(&mut ingrid, &statement, &[("words", "Too little")]).await;
    let first = freja.get(&thread).await.expect(200);
    let second = farid.get(&thread).await.expect(200);
    ingrid.post(&format!("{thread}/messages"), &[("words", "It was deal 3")]).await.expect(303);
    let accept = [("amount", "5"), ("reason", "Right")];
    let page = freja.submit(&first, ACCEPT, &accept).await.expect(409);
    assert!(page.words().contains("Somebody has written meanwhile") && page.words().contains("It was deal 3"));
    assert_eq!(page.attribute("input[name=reason]", "value"), "Right", "kept");

    // Drawn again it holds, and sent twice it is one.
    let body = page.form_body(ACCEPT, &accept);
    let once = freja.post_body(&format!("{thread}/acceptance"), body.clone()).await.expect(303);
    let twice = freja.post_body(&format!("{thread}/acceptance"), body).await.expect(303);
    assert_eq!(once.location(), twice.location());
    assert_eq!(desk.lines("2026-11", desk.ingrid.id).await, ["Sales 0.00", "Sales, 2026-10 5.00"]);

    let page = farid.submit(&second, REFUSE, &[("why", "No")]).await.expect(409);
    assert!(
        page.words().contains("Freja has accepted this dispute meanwhile")
            && page.words().contains("What you wrote: No")
    );
    let page = ingrid.post(&format!("{thread}/messages"), &[("words", "Hello?")]).await.expect(409);
    assert!(page.words().contains("What you wrote: Hello?"), "{}", page.words());
    ingrid.post(&format!("{thread}/withdrawal"), &[]).await.expect(409);
}

#[tokio::test]
async fn nobody_decides_about_the_own_pay_and_a_draft_is_not_disputed() {
    let desk = Desk::new().await;
    let selma = desk.app.user(desk.org, "Selma", &[Role::Rep, Role::Finance]).await;
    desk.starter(&[desk.ingrid, selma]).await;
    let mut own = desk.app.client(selma).await;
    let mut freja = desk.app.client(desk.freja).await;
    let run = desk.calculate(&mut freja, "2026-10").await;
    let page = freja.get(&run).await.expect(200);
    let paths = page.attributes("tbody a[href^='/statements/']", "href");
    let draft = paths.last().unwrap();
    assert!(!own.get(draft).await.expect(200).has("a[href$='/dispute']"));
    own.post(&format!("{draft}/lines/1/dispute"), &[("words", "x")]).await.expect(404);
    press(&mut freja, &run, "submission").await.expect(303);
    press(&mut desk.app.client(desk.farid).await, &run, "approval").await.expect(303);

    let thread = dispute(&mut own, draft, &[("words", "More")]).await;
    let page = own.get(&thread).await.expect(200);
    assert!(!page.has(ACCEPT) && !page.has(REFUSE));
    own.post(&format!("{thread}/acceptance"), &[("amount", "5"), ("reason", "x")]).await.expect(409);
    own.post(&format!("{thread}/refusal"), &[("why", "x")]).await.expect(409);
    assert!(!own.get("/notices").await.words().contains("Selma disputes"), "not the own one");
    let later = desk.app.later(Duration::minutes(11));
    let asked = freja.on(&later).post(&format!("{thread}/acceptance"), &[("amount", "5"), ("reason", "x")]).await;
    assert_eq!(asked.expect(403).text("h1"), "Confirm that it is you");
    let run = freja.get(&run).await.expect(200);
    assert!(run.text("section[aria-labelledby=disputes]").contains("Selma: Sales"), "{}", run.words());
}

#[tokio::test]
async fn what_is_wrong_with_a_dispute_is_said_and_kept() {
    let (desk, statement) = october().await;
    let (mut ingrid, mut freja) = (desk.app.client(desk.ingrid).await, desk.app.client(desk.freja).await);
    let ask = format!("{statement}/lines/1/dispute");
    for (fields, words) in [
        (vec![("words", "")], "What is wrong is missing"),
        (vec![("words", "x"), ("expected", "much")], "“much”"),
        (vec![("words", "x"), ("deal", "3")], "Choose the whole line or one of its deals"),
        (vec![("words", "x"), ("deal", "x")], "Choose the whole line or one of its deals"),
    ] {
        let page = ingrid.post(&ask, &fields).await.expect(422);
        assert!(page.words().contains(words), "{words}: {}", page.words());
    }
    ingrid.post(&ask, &[("words", "a\0b")]).await.expect(400);
    let long = "m".repeat(2001);
    ingrid.post(&ask, &[("words", &*long)]).await.expect(422);
    for line in ["0", "2", "-1", "99999999999"] {
        ingrid.get(&format!("{statement}/lines/{line}/dispute")).await.expect(404);
    }
    desk.app.client(desk.jonas).await.get(&ask).await.expect(404);
    let thread = dispute(&mut ingrid, &statement, &[("words", "x")]).await;
    desk.app.client(desk.jonas).await.get(&thread).await.expect(404);
    for (amount, words) in [("0", "Nothing would change"), ("x", "“x”"), ("", "Nothing was entered")] {
        let page = freja.post(&format!("{thread}/acceptance"), &[("amount", amount), ("reason", "y")]).await;
        let page = page.expect(422);
        assert!(page.words().contains(words), "{words}: {}", page.words());
        assert_eq!(page.attribute("input[name=reason]", "value"), "y");
    }
}

#[tokio::test]
async fn who_leads_the_rep_is_told_of_a_dispute() {
    let (desk, statement) = october().await;
    let berit = desk.app.user(desk.org, "Berit", &[Role::Manager]).await;
    let other = desk.app.user(desk.org, "Otto", &[Role::Manager]).await;
    desk.app.team(desk.org, "North", None, Some(berit), &[desk.ingrid]).await;
    desk.app.team(desk.org, "South", None, Some(other), &[desk.jonas]).await;
    dispute(&mut desk.app.client(desk.ingrid).await, &statement, &[("words", "A deal is missing")]).await;
    let mut berit = desk.app.client(berit).await;
    let page = berit.get("/notices").await.expect(200);
    let at = page.texts("main li .title").iter().position(|title| title == "Ingrid disputes Sales, October 2026");
    assert!(at.is_some() && page.words().contains("Waits for an answer of finance"), "{}", page.words());
    let told = page.attributes("main li a[href^='/disputes/']", "href");
    berit.get(&told[0]).await.expect(200);
    let others = notices(&mut desk.app.client(other).await).await;
    assert!(!others.iter().any(|title| title.contains("disputes")), "{others:?}");
}
