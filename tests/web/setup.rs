//! The first start.

use attain::{domain::access::Role, setup::guard::Setup};

use crate::{
    imports::{APPLY, send},
    support::{Answer, Client, PASSWORD, TestApp},
};

const FORM: [(&str, &str); 7] = [
    ("company", "Nordlys Catering"),
    ("currency", "nok"),
    ("time_zone", "Europe/Oslo"),
    ("name", "Astrid Berg"),
    ("email", "Astrid@Nordlys.example"),
    ("new_password", PASSWORD),
    ("repeat_password", PASSWORD),
];

#[tokio::test]
async fn an_empty_database_leads_to_the_set_up_and_then_never_again() {
    let app = TestApp::new().await;
    let mut browser = app.visitor();
    for path in ["/", "/users", "/sign-in", "/nowhere"] {
        assert_eq!(browser.get(path).await.expect(303).location(), "/setup", "{path}");
    }
    assert_eq!(browser.post("/sign-in", &[]).await.expect(303).location(), "/setup");
    browser.get("/healthz").await.expect(200);
    browser.get("/readyz").await.expect(200);
    browser.get(attain::web::assets::url("app.css")).await.expect(200);

    let closed = browser.get("/setup").await.expect(403);
    assert_eq!(closed.text("h1"), "Not set up yet");
    assert!(!closed.has("form"));
    browser.get("/setup?token=wrong").await.expect(403);
    browser.get(&Setup::new().path()).await.expect(403);
    browser.post("/setup", &FORM).await.expect(403);

    let path = app.app.setup.path();
    let page = browser.get(&path).await.expect(200);
    assert_eq!(page.value("time_zone"), "UTC");
    assert!(page.count("select[name=time_zone] option") > 300);
    let answer = browser.submit(&page, "main form", &FORM).await.expect(303);
    assert_eq!(answer.location(), "/first-steps");
    let steps = browser.follow(&answer).await.expect(200);
    assert!(steps.words().contains("Nordlys Catering is set up."));
    let users = browser.get("/users").await.expect(200);
    assert_eq!(users.texts("tbody th a"), ["Astrid Berg"]);

    browser.get(&path).await.expect(404);
    browser.get("/setup").await.expect(404);
    browser.post("/setup", &FORM).await.expect(404);

    let stored = sqlx::query!(
        r#"select o.name, o.currency, o.time_zone, l.days, l.from_date, l.segment, l.customer_id, s.email
           from organizations o
           join loss_limits l on l.org_id = o.id
           join sign_ins s on s.org_id = o.id"#
    )
    .fetch_one(&app.db)
    .await
    .unwrap();
    assert_eq!(
        (stored.name.as_str(), stored.currency.as_str(), stored.time_zone.as_str()),
        ("Nordlys Catering", "NOK", "Europe/Oslo")
    );
    assert_eq!(
        (stored.days, stored.from_date, stored.segment, stored.customer_id.map(|id| id.0)),
        (180, None, None, None)
    );
    assert_eq!(stored.email, "astrid@nordlys.example");
    let sign_in = [("email", "astrid@nordlys.example"), ("password", PASSWORD)];
    app.visitor().post("/sign-in", &sign_in).await.expect(303);
}

#[tokio::test]
async fn mistakes_are_named_and_what_was_typed_is_kept() {
    let app = TestApp::new().await;
    let mut browser = app.visitor();
    let page = browser.get(&app.app.setup.path()).await.expect(200);
    let typed = [
        ("company", " "),
        ("currency", "EURO"),
        ("time_zone", "Mars/Olympus"),
        ("name", "Astrid"),
        ("email", "astrid@"),
        ("new_password", "short"),
        ("repeat_password", "short"),
    ];
    let answer = browser.submit(&page, "main form", &typed).await.expect(422);
    assert_eq!(answer.texts(".summary-error li").len(), 5, "{:?}", answer.texts(".summary-error li"));
    assert_eq!((answer.value("currency").as_str(), answer.value("name").as_str()), ("EURO", "Astrid"));
    assert_eq!(answer.value("new_password"), "");
    let answer = browser.submit(&answer, "main form", &FORM).await;
    answer.expect(303);
}

#[tokio::test]
async fn of_two_set_ups_at_once_one_wins() {
    let app = TestApp::new().await;
    let path = app.app.setup.path();
    let (mut one, mut two) = (app.visitor(), app.visitor());
    let (first, second) = (one.get(&path).await, two.get(&path).await);
    let (first, second) = tokio::join!(one.submit(&first, "main form", &FORM), two.submit(&second, "main form", &FORM));
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 404]);
    let companies = sqlx::query_scalar!("select count(*) from organizations").fetch_one(&app.db).await.unwrap();
    assert_eq!(companies, Some(1));
}

#[tokio::test]
async fn the_first_steps_are_done_when_the_records_say_so() {
    let app = TestApp::new().await;
    let org = app.company("Nordlys").await;
    let astrid = app.user(org, "Astrid", &[Role::Admin]).await;
    let mut browser = app.client(astrid).await;
    let page = browser.get("/first-steps").await.expect(200);
    assert_eq!((page.count("main ol > li"), page.texts("main .badge.good").len()), (7, 0));
    assert!(page.words().contains("Somebody with the role finance does this."));
    assert!(!page.has("main a[href^='/plans']"), "a link that would be refused is not there");
    let ingrid = app.user(org, "Ingrid", &[Role::Rep]).await;
    let north = app.team(org, "North", None, None, &[ingrid]).await;
    let page = browser.get("/first-steps").await.expect(200);
    assert_eq!(page.texts("main .badge.good"), ["2 people"], "nobody leads the team");
    assert!(page.words().contains("no team has both a manager and somebody in it"), "{}", page.words());
    let berit = app.user(org, "Berit", &[Role::Manager]).await;
    app.team(org, "All", None, Some(berit), &[]).await;
    let page = browser.get("/first-steps").await.expect(200);
    assert_eq!(page.texts("main .badge.good"), ["3 people"], "nobody is in the team that is led");
    sqlx::query!("update teams set parent_id = (select id from teams where name = 'All') where id = $1", north.0)
        .execute(&app.db)
        .await
        .unwrap();
    let page = browser.get("/first-steps").await.expect(200);
    assert_eq!(page.texts("main .badge.good"), ["3 people", "1 team"], "led from above");
    assert!(!page.words().contains("no team has both"), "{}", page.words());
    for link in page.attributes("main ol a", "href") {
        browser.get(&link).await.expect(200);
    }
    assert!(!page.has("main a[href='/customers/new']"), "administrators add no single customers");
    assert!(page.words().contains("somebody else in finance, a manager or an administrator"), "{}", page.words());
    let everything = app.user(org, "Eva", &[Role::Admin, Role::Manager, Role::Finance]).await;
    let page = app.client(everything).await.get("/first-steps").await.expect(200);
    for link in ["/customers/new", "/visits/new", "/targets/2026-10", "/plans/new?template=starter"] {
        assert!(page.has(&format!("main ol a[href='{link}']")), "{link}");
    }
}

/// Nobody waits for the end of a month, and no clock moves.
#[tokio::test]
async fn the_steps_end_in_a_statement_on_the_first_day() {
    let app = TestApp::new().await;
    let org = app.company("Nordlys").await;
    let astrid = app.user(org, "Astrid", &[Role::Admin]).await;
    let ingrid = app.user(org, "Ingrid", &[Role::Rep]).await;
    let berit = app.user(org, "Berit", &[Role::Manager]).await;
    let freja = app.user(org, "Freja", &[Role::Finance]).await;
    app.team(org, "North", None, Some(berit), &[ingrid]).await;
    let mut admin = app.client(astrid).await;
    let page = admin.get("/first-steps").await.expect(200);
    assert!(page.text("main .strip").starts_with("Pay is approved once its month is over."), "{}", page.words());
    assert!(page.words().contains("through October 2026"), "{}", page.words());

    let mut rep = app.client(ingrid).await;
    let page = rep.get("/customers/new").await.expect(200);
    let customer = rep.submit(&page, "main form", &[("name", "Havn")]).await.expect(303).location().to_owned();
    let customer = customer.rsplit('/').next().unwrap();
    // What is of this month cannot be paid yet: the step is not done by it.
    for (day, done) in [("2026-11-19", 2), ("2026-10-28", 3)] {
        rep.post("/visits", &[("customer", customer), ("visited_on", day), ("kind", "in_person")]).await.expect(303);
        let page = admin.get("/first-steps").await;
        assert_eq!(page.texts("main .badge.good").len(), done + 1, "{day}: {}", page.words());
    }
    let deal = [("stage", "won"), ("booked_on", "2026-10-28"), ("item", "Oven"), ("amount", "10000")];
    let deal = [&[("customer", customer)], &deal[..]].concat();
    let deal = rep.post("/deals", &deal).await.expect(303).location().to_owned();
    let mut manager = app.client(berit).await;
    let page = manager.get(&deal).await.expect(200);
    manager.submit(&page, "form[action$='/confirm']", &[]).await.expect(303);
    let page = manager.get("/targets/2026-10").await.expect(200);
    manager.submit(&page, "form#grid", &[(&format!("{}.visits", ingrid.id), "20")]).await.expect(303);

    let mut finance = app.client(freja).await;
    let page = finance.get("/plans/new?template=starter").await.expect(200);
    assert_eq!(page.value("from"), "2026-10", "the first month that can be paid");
    let plan = finance.submit(&page, "main form", &[]).await.expect(303).location().to_owned();
    let page = finance.get(&plan).await.expect(200);
    assert_eq!(page.value("from"), "2026-10");
    finance.submit(&page, "main form", &[("rep", &*ingrid.id.to_string()), ("act", "on")]).await.expect(303);
    let run = submit_month(&mut finance).await;
    press(&mut manager, &run, "approval").await.expect(303);

    assert!(rep.get("/statements").await.expect(200).words().contains("October 2026"));
    let page = admin.get("/first-steps").await.expect(200);
    assert!(page.words().contains("Everything is in place"), "{}", page.words());
    assert!(!page.has("main .strip"), "{}", page.words());
    let page = finance.get("/plans/new?template=starter").await.expect(200);
    assert_eq!(page.value("from"), "2026-11", "later plans begin with this month");
}

#[tokio::test]
async fn sample_data_fills_an_empty_company_and_goes_again() {
    for (currency, plan) in [("EUR", "€50.00 each"), ("JPY", "¥50 each"), ("KWD", "KWD")] {
        let app = TestApp::new().await;
        let org = app.company("Nordlys").await;
        sqlx::query!("update organizations set currency = $1", currency).execute(&app.db).await.unwrap();
        let astrid = app.user_with_password(org, "Astrid", &[Role::Admin, Role::Manager, Role::Finance]).await;
        let mut browser = app.client(astrid).await;
        let empty = browser.get("/first-steps").await.expect(200);
        let filled = browser.submit(&empty, "form[action='/first-steps/sample']", &[]).await.expect(303);
        let steps = browser.follow(&filled).await.expect(200);
        assert_eq!(steps.texts("main .badge.good").len(), 6, "all but the approved month");
        assert!(!steps.has("form[action='/first-steps/sample']"));
        browser.submit(&empty, "form[action='/first-steps/sample']", &[]).await.expect(303);
        browser.post("/first-steps/sample", &[]).await.expect(409);
        let board = browser.get("/scoreboard").await.expect(200);
        assert!(board.words().contains("Amina Yusuf"), "{}", board.words());
        let plans = browser.get("/plans").await.expect(200);
        let plan_page = plans.attributes("main a[href^='/plans/']", "href");
        let mut words = String::new();
        for path in plan_page.iter().filter(|path| path[7..].parse::<i64>().is_ok()) {
            words += &browser.get(path).await.expect(200).words();
        }
        assert!(words.contains(plan), "{currency}: {words}");

        // Tried as far as one goes alone: what nobody has approved goes along, and the page says so.
        let run = submit_month(&mut browser).await;
        let page = browser.get(&steps.attribute(".strip a", "href")).await.expect(200);
        assert!(page.text("main .strip.warn").contains("is not approved: October 2026."), "{}", page.words());
        let undone = browser.submit(&page, "form[action$='/undo']", &[]).await.expect(303);
        assert!(browser.follow(&undone).await.words().contains("The import is taken back"));
        let steps = browser.get("/first-steps").await.expect(200);
        assert_eq!(steps.texts("main .badge.good").len(), 0);
        assert!(steps.has("form[action='/first-steps/sample']"));
        browser.get(&run).await.expect(404);
        assert!(browser.get("/audit").await.expect(200).words().contains("Commission: October 2026"));
        let left = sqlx::query_scalar!(
            "select (select count(*) from commission_runs) + (select count(*) from statements)
                    + (select count(*) from statement_lines) + (select count(*) from run_submissions)"
        );
        assert_eq!(left.fetch_one(&app.db).await.unwrap(), Some(0), "{currency}");
    }
}

#[tokio::test]
async fn sample_data_leads_to_an_approved_statement_and_stays_with_it() {
    let app = TestApp::new().await;
    let org = app.company("Nordlys").await;
    let astrid = app.user_with_password(org, "Astrid", &[Role::Admin, Role::Manager, Role::Finance]).await;
    let mut browser = app.client(astrid).await;
    let page = browser.get("/first-steps").await.expect(200);
    browser.submit(&page, "form[action='/first-steps/sample']", &[]).await.expect(303);
    let freja = app.user(org, "Freja", &[Role::Finance]).await;
    let mut other = app.client(freja).await;
    let run = submit_month(&mut browser).await;
    let import = browser.get("/first-steps").await.attribute(".strip a", "href");
    let take_back = async |browser: &mut Client| {
        let page = browser.get(&import).await.expect(200);
        assert!(!page.has("main .strip.warn"), "nothing goes along");
        browser.submit(&page, "form[action$='/undo']", &[]).await.expect(409).text(".summary-error")
    };

    // One signature of four is enough to keep all of it.
    let statements = other.get(&run).await.expect(200).attributes("tbody a[href^='/statements/']", "href");
    press(&mut other, &statements[0], "approval").await.expect(303);
    let refused = take_back(&mut browser).await;
    assert!(refused.contains("Commission with its people is approved. Nothing has changed."), "{refused}");
    press(&mut other, &run, "approval").await.expect(303);
    let refused = take_back(&mut browser).await;
    assert!(refused.contains("October 2026 is approved"), "{refused}");

    let steps = browser.get("/first-steps").await.expect(200);
    assert_eq!(steps.texts("main ol .badge.good").len(), 7, "{}", steps.words());
    assert!(steps.words().contains("Everything is in place"), "{}", steps.words());
    let statement = browser.get(&statements[0]).await.expect(200);
    assert!(statement.words().contains("by Freja"), "{}", statement.words());
}

/// Nothing is entered by hand but who signs in.
#[tokio::test]
async fn files_lead_to_an_approved_statement() {
    let app = TestApp::new().await;
    let org = app.company("Nordlys").await;
    let astrid = app.user_with_password(org, "Astrid", &[Role::Admin, Role::Finance]).await;
    let mut browser = app.client(astrid).await;
    let page = browser.get("/first-steps").await.expect(200);
    assert!(page.has("main ol a[href='/imports']"), "the guide leads there");
    let plans = browser.get("/imports/templates/plans.json").await.expect(200).body();
    let sent = send(
        &mut browser,
        &[
            (
                "reps.csv",
                "external_id,name,email,team,manager\nR1,Ingrid Aas,ingrid@example.com,North,Berit Lund\n\
                 R2,Jonas Lie,,North,Berit Lund\n",
            ),
            ("customers.csv", "external_id,name,rep,customer_since\nC1,Havn,R1,\nC2,Torget,R2,2020-01-01\n"),
            (
                "deals.csv",
                "external_id,customer,rep,closed_on,amount,stage\nD1,C1,R1,2026-10-05,10000,won\n\
                 D2,C2,R2,2026-10-06,2000,won\n",
            ),
            ("visits.csv", "external_id,rep,customer,visited_on,kind\nV1,R1,C1,2026-10-05,in_person\n"),
            ("targets.csv", "rep,period_kind,period_start,metric,value\nR1,month,2026-10-01,net_sales,20000\n"),
            ("plans.json", &plans),
            ("assignments.csv", "plan,rep,from\nStarter,R1,2026-10-01\nStarter,R2,2026-10-01\n"),
        ],
    )
    .await
    .expect(303);
    let preview = browser.follow(&sent).await.expect(200);
    assert_eq!(preview.text("h1"), "Ready to import", "{}", preview.words());
    browser.submit(&preview, APPLY, &[]).await.expect(303);
    let steps = browser.get("/first-steps").await.expect(200);
    let done = ["4 people", "1 team", "2 customers", "3 visits and deals", "1 target", "2 reps on plans"];
    assert_eq!(badges(&steps), done, "{}", steps.words());

    let run = submit_month(&mut browser).await;
    let freja = app.user(org, "Freja", &[Role::Finance]).await;
    press(&mut app.client(freja).await, &run, "approval").await.expect(303);
    let steps = browser.get("/first-steps").await.expect(200);
    assert_eq!(badges(&steps).len(), 7, "{}", steps.words());
    assert_eq!(badges(&steps)[6], "1 approved period");
    let ingrid =
        sqlx::query_scalar!("select id from users where name = 'Ingrid Aas'").fetch_one(&app.db).await.unwrap();
    let mut ingrid = app.client(crate::support::User { org, id: ingrid }).await;
    let list = ingrid.get("/statements").await.expect(200);
    let statement = ingrid
        .get(&list.attribute("main a[href^='/statements/']:not([href*='so-far']):not([href*='what-if'])", "href"))
        .await
        .expect(200);
    assert_eq!(statement.text(".total"), "€300.00", "3% of 10,000");
}

/// What the guide says is done.
fn badges(steps: &Answer) -> Vec<String> {
    steps.texts("main ol .badge.good")
}

/// Presses a button of a page.
async fn press(browser: &mut Client, path: &str, act: &str) -> Answer {
    let page = browser.get(path).await.expect(200);
    browser.submit(&page, &format!("form[action$='/{act}']"), &[]).await
}

/// Calculates the month that is offered, the one that is over, and submits it. The run's path.
async fn submit_month(finance: &mut Client) -> String {
    let page = finance.get("/commission-runs").await.expect(200);
    let run = finance.submit(&page, "main form[action='/commission-runs']", &[]).await.expect(303);
    press(finance, run.location(), "submission").await.expect(303);
    run.location().to_owned()
}
