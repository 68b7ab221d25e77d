//! What the demo company has for a look around: every template at work, what came late, disputes, and plan letters.

use attain::{
    demo::{data::Size, fill},
    domain::id::{OrgId, UserId},
};

use crate::support::{Answer, Client, TestApp, User};

const PLANS: [&str; 6] = ["Accelerator", "Farmer", "Hunter", "Manager", "Newcomer", "Starter"];

async fn person(app: &TestApp, name: &str) -> Client {
    let row = sqlx::query!("select org_id, id from users where name = $1", name).fetch_one(&app.db).await.unwrap();
    app.client(User { org: OrgId(row.org_id.0), id: UserId(row.id.0) }).await
}

/// The run of a month: "September 2026".
async fn run(finance: &mut Client, month: &str) -> Answer {
    let runs = finance.get("/commission-runs").await.expect(200);
    let labels = runs.texts("tbody a[href^='/commission-runs/']");
    let place = labels.iter().position(|label| label.starts_with(month)).unwrap();
    let path = runs.attributes("tbody a[href^='/commission-runs/']", "href").swap_remove(place);
    finance.get(&path).await.expect(200)
}

/// The words of a rep's statement of a month.
async fn statement(finance: &mut Client, month: &str, rep: &str) -> String {
    let run = run(finance, month).await;
    let place = run.texts("tbody a[href^='/statements/']").iter().position(|name| name == rep).unwrap();
    let path = run.attributes("tbody a[href^='/statements/']", "href").swap_remove(place);
    finance.get(&path).await.expect(200).words()
}

#[tokio::test]
async fn the_demo_company_has_everything_that_pay_must_cope_with() {
    let app = TestApp::new().await;
    let folder = tempfile::tempdir().unwrap();
    fill::fill(&app.db, Size::S, folder.path(), app.now()).await.unwrap();
    months_with_six_templates(&app).await;
    what_came_late(&app).await;
    disputes(&app).await;
    letters(&app).await;
}

async fn months_with_six_templates(app: &TestApp) {
    let mut freja = person(app, "Freja Aune").await;
    for (month, state) in
        [("July 2026", "Paid"), ("August 2026", "Paid"), ("September 2026", "Approved"), ("October 2026", "Waiting")]
    {
        let run = run(&mut freja, month).await;
        assert!(run.text("main .head .badge").starts_with(state), "{month}: {}", run.text("main .head .badge"));
        let mut plans = run.texts("section[aria-labelledby=statements] tbody td:nth-child(2)");
        assert_eq!(plans.len(), 14, "{month}");
        plans.sort_unstable();
        plans.dedup();
        assert_eq!(plans, PLANS, "{month}");
    }
    // A true-up makes up what three paid months lack, and nothing else.
    let words = statement(&mut freja, "September 2026", "Ingrid Solberg").await;
    let (_, sum) = words.split_once("its parts paid ").unwrap();
    let mut parts = 0;
    for month in ["July 2026", "August 2026", "September 2026"] {
        parts += cents(after(&statement(&mut freja, month, "Ingrid Solberg").await, "Summary Pays Sales "));
    }
    assert_eq!(cents(sum), parts);
}

async fn what_came_late(app: &TestApp) {
    let mut freja = person(app, "Freja Aune").await;
    let amina = statement(&mut freja, "September 2026", "Amina Yusuf").await;
    assert!(amina.contains("Sales of 2026-08 was paid as"), "a deal was found: {amina}");
    let elena = statement(&mut freja, "September 2026", "Elena Rossi").await;
    assert!(elena.contains("New customers, 2026-08 −€50.00"), "a bonus is taken back: {elena}");
    let hana = statement(&mut freja, "September 2026", "Hana Novák").await;
    assert!(hana.contains("of an earlier draw is paid back"), "a draw is paid back: {hana}");
    let ingrid = statement(&mut freja, "October 2026", "Ingrid Solberg").await;
    assert!(
        ingrid.contains("Stood in for Hana Novák, as agreed with Kari Berg") && ingrid.contains("€150.00"),
        "a dispute is paid: {ingrid}"
    );
}

async fn disputes(app: &TestApp) {
    let mut freja = person(app, "Freja Aune").await;
    let queue = freja.get("/disputes").await.expect(200);
    assert!(queue.words().contains("One dispute waits for an answer"), "{}", queue.words());
    assert_eq!(queue.texts("section li .badge"), ["Open", "Answered"]);
    assert!(queue.texts("section li")[0].contains("Jonas Lindqvist"));
    let all = freja.get("/disputes?show=all").await.expect(200);
    assert_eq!(all.texts("section li .badge"), ["Open", "Answered", "Accepted"]);
    let notices = freja.get("/notices").await.expect(200).words();
    for told in ["Jonas Lindqvist disputes Sales, September 2026", "Hana Novák asks about the plan Newcomer"] {
        assert!(notices.contains(told), "{told}: {notices}");
    }
    let mut ingrid = person(app, "Ingrid Solberg").await;
    let own = ingrid.get("/disputes?show=all").await.expect(200);
    assert_eq!(own.count("section li"), 2);
    assert!(own.words().contains("Accepted, €150.00 comes with October 2026"), "{}", own.words());
    let thread = ingrid.get(&own.attributes("section li a", "href")[0]).await.expect(200);
    assert_eq!(thread.count("ol.timeline li"), 2, "a question about one deal, and its answer");
    let seen = person(app, "Nils Aas").await.get("/disputes").await.expect(200);
    assert_eq!(seen.count("section li"), 2, "of the manager's reps");
}

async fn letters(app: &TestApp) {
    let mut ingrid = person(app, "Ingrid Solberg").await;
    let page = ingrid.get("/my-plan").await.expect(200);
    assert!(page.words().contains("To accept"), "{}", page.words());
    let letter = ingrid.get(&page.attributes("a[href^='/plan-letters/']", "href")[0]).await.expect(200).words();
    assert!(letter.contains("Holds from 1 Dec 2025") && letter.contains("With your target of"), "{letter}");
    let mut freja = person(app, "Freja Aune").await;
    let plans = freja.get("/plans").await.expect(200);
    let mut accepted = 0;
    for path in plans.attributes("tbody a[href^='/plans/']", "href") {
        let page = freja.get(&format!("{path}/letter")).await.expect(200);
        let cells = page.texts("section[aria-labelledby=who] tbody td:last-child");
        assert!(!cells.is_empty() && cells.iter().all(|cell| !cell.is_empty()), "published: {}", page.words());
        accepted += cells.iter().filter(|cell| cell.contains(", by ")).count();
    }
    assert_eq!(accepted, 4);
}

fn after<'a>(words: &'a str, label: &str) -> &'a str {
    words.split_once(label).unwrap_or_else(|| panic!("no {label} in {words}")).1
}

/// The amount with which words begin, in cents.
fn cents(words: &str) -> i64 {
    words.split(' ').next().unwrap().replace(['€', ',', '.'], "").parse().unwrap()
}
