//! Leaving the company: the last day ends the sign-in and the managing by itself, and all of it can be taken back.

use attain::{
    domain::{access::Role, visit::State},
    teams, users,
};
use time::{Date, Duration, macros::date};

use crate::{
    field::Field,
    support::{PASSWORD, TestApp, User, email},
};

/// Signs in with the password of the tests: 303 or 422.
async fn door(app: &TestApp, user: User, name: &str) -> u16 {
    let sign_in = [("email", &*email(user.org, name)), ("password", PASSWORD)];
    app.visitor().post("/sign-in", &sign_in).await.status.as_u16()
}

async fn managing(app: &TestApp, user: User) -> Vec<String> {
    sqlx::query_scalar!(
        r#"select during::text as "during!" from team_managers where user_id = $1 order by lower(during) nulls first"#,
        user.id.0
    )
    .fetch_all(&app.db)
    .await
    .unwrap()
}

#[tokio::test]
async fn the_last_day_ends_sign_in_and_managing_by_itself() {
    let app = TestApp::new().await;
    let org = app.company("Nordlys").await;
    let astrid = app.user_with_password(org, "Astrid", &[Role::Admin]).await;
    let berit = app.user_with_password(org, "Berit", &[Role::Manager]).await;
    let rep = app.user(org, "Ingrid", &[Role::Rep]).await;
    let north = app.team(org, "North", None, Some(berit), &[rep]).await;
    let mut admin = app.client(astrid).await;
    let path = format!("/users/{}", berit.id);
    let form = format!("form[action='{path}/departure']");
    let page = admin.get(&path).await.expect(200);
    assert_eq!(page.attributes("section:has(#managed) a", "href"), [format!("/teams/{north}")]);
    assert!(page.text(&form).contains("Managing North ends with that day"), "{}", page.text(&form));
    // A last day that is still to come.
    let gone = admin.submit(&page, &form, &[("last_day", "2026-11-20")]).await.expect(303);
    let page = admin.follow(&gone).await.expect(200);
    assert!(page.text(".toast").contains("Berit leaves: the sign-in ends with 20 Nov 2026"), "{}", page.words());
    assert!(page.text("section:has(#managed)").contains("Until 20 Nov 2026"), "{}", page.words());
    assert_eq!(managing(&app, berit).await, ["(,2026-11-21)"]);
    let mut manager = app.client(berit).await;
    for (days, session, sign_in) in [(0, 200, 303), (1, 200, 303), (2, 303, 422)] {
        let then = app.later(Duration::days(days));
        // Signed in again each day: sessions end by themselves, too.
        let mut manager = if days == 0 { manager.clone() } else { then.client(berit).await };
        assert_eq!(manager.get("/scoreboard").await.status.as_u16(), session, "after {days} days");
        assert_eq!(door(&then, berit, "Berit").await, sign_in, "after {days} days");
    }
    let then = app.later(Duration::days(2));
    let mut later = then.client(astrid).await;
    assert_eq!(later.get("/users?state=deactivated").await.texts("tbody th a"), ["Berit"]);
    let shown = later.get(&path).await.expect(200);
    assert!(shown.words().contains("Berit cannot sign in"), "{}", shown.words());
    later.post(&format!("{path}/viewing"), &[]).await.expect(409);
    // The undo of the toast: no last day, the team again.
    admin.submit(&page, &format!(".toast form[action='{path}/activation']"), &[]).await.expect(303);
    assert_eq!(admin.get(&path).await.value("left_on"), "");
    assert_eq!(managing(&app, berit).await, ["(,)"]);
    assert_eq!(door(&then, berit, "Berit").await, 303);
    manager.get("/scoreboard").await.expect(200);
}

#[tokio::test]
async fn who_comes_back_is_there_again_everywhere() {
    let app = TestApp::new().await;
    let org = app.company("Nordlys").await;
    let astrid = app.user_with_password(org, "Astrid", &[Role::Admin]).await;
    let ingrid = app.user_with_password(org, "Ingrid", &[Role::Rep, Role::Manager]).await;
    app.team(org, "North", None, Some(ingrid), &[ingrid]).await;
    let mut admin = app.client(astrid).await;
    let path = format!("/users/{}", ingrid.id);
    let page = admin.get(&path).await.expect(200);
    let form = format!("form[action='{path}/departure']");
    admin.submit(&page, &form, &[("last_day", "2026-11-10")]).await.expect(303);
    assert_eq!(managing(&app, ingrid).await, ["(,2026-11-11)"]);
    assert_eq!(door(&app, ingrid, "Ingrid").await, 422);
    let page = admin.get(&path).await.expect(200);
    assert!(page.text("section:has(#sign-in)").contains("10 Nov 2026 is taken away"), "{}", page.words());
    let back = admin.submit(&page, &format!("section form[action='{path}/activation']"), &[]).await.expect(303);
    let page = admin.follow(&back).await.expect(200);
    assert!(page.text(".toast").contains("has no last day any more"), "{}", page.words());
    assert_eq!((page.value("left_on").as_str(), managing(&app, ingrid).await), ("", vec!["(,)".to_owned()]));
    assert_eq!(door(&app, ingrid, "Ingrid").await, 303);
    // On boards and plans again.
    let board = app.client(astrid).await.get("/scoreboard").await.expect(200);
    assert!(board.words().contains("Ingrid"), "{}", board.words());
    // A last day typed under the details does the same, and another one moves the end of the managing.
    let details = format!("form[action='{path}']");
    for (day, during) in [("2026-11-16", "(,2026-11-16)"), ("2026-12-01", "(,2026-12-01)"), ("", "(,)")] {
        let page = admin.get(&path).await.expect(200);
        admin.submit(&page, &details, &[("left_on", day)]).await.expect(303);
        assert_eq!(managing(&app, ingrid).await, [during]);
        assert_eq!(door(&app, ingrid, "Ingrid").await, if day == "2026-11-16" { 422 } else { 303 }, "{day}");
    }
}

#[tokio::test]
async fn somebody_stays_who_can_sign_in_as_administrator() {
    let app = TestApp::new().await;
    let org = app.company("Nordlys").await;
    let astrid = app.user_with_password(org, "Astrid", &[Role::Admin]).await;
    let second = app.user_with_password(org, "Berit", &[Role::Admin]).await;
    let mut browser = app.client(astrid).await;
    // Berit leaves at the end of the year: then Astrid is the last one.
    let page = browser.get(&format!("/users/{}", second.id)).await.expect(200);
    browser.submit(&page, "form[action$='/departure']", &[("last_day", "2026-12-31")]).await.expect(303);
    let path = format!("/users/{}", astrid.id);
    let page = browser.get(&path).await.expect(200);
    for (day, words) in [("2026-11-19", "You cannot end your own sign-in"), ("2027-06-01", "only administrator")] {
        let refused = browser.submit(&page, &format!("form[action='{path}']"), &[("left_on", day)]).await.expect(422);
        assert!(refused.text(".summary-error li").contains(words), "{}", refused.words());
        assert_eq!(refused.attributes(".summary-error a", "href"), ["#left_on"]);
    }
}

#[tokio::test]
async fn the_last_plan_of_a_leaver_needs_nobody() {
    let field = Field::new().await;
    let mut finn = field.app.client(field.finn).await;
    let page = finn.get("/plans/new?template=starter").await.expect(200);
    let plan = finn.submit(&page, "main form", &[("name", "Starter"), ("from", "2026-01")]).await.expect(303);
    let page = finn.follow(&plan).await.expect(200);
    let on = [("rep", &*field.ingrid.id.to_string()), ("from", "2026-01"), ("act", "on")];
    finn.submit(&page, "main form", &on).await.expect(303);
    let mut astrid = field.app.client(field.astrid).await;
    let path = format!("/users/{}", field.ingrid.id);
    let page = astrid.get(&path).await.expect(200);
    astrid.submit(&page, "form[action$='/departure']", &[("last_day", "2026-11-18")]).await.expect(303);
    let left = astrid.get(&path).await.expect(200).text("section:has(#left)");
    assert!(left.contains("The plan Starter pays for the last time for the period of 18 Nov 2026"), "{left}");
    assert!(left.contains("Nobody has to be taken off it") && !left.contains("finance takes"), "{left}");
}

async fn planned(field: &Field, user: User, customer: attain::domain::id::CustomerId, day: Date) {
    let id = field.visit(user, customer, day, attain::domain::visit::Kind::InPerson).await;
    sqlx::query!("update visits set state = $2 where id = $1", id.0, State::Planned.as_str())
        .execute(&field.app.db)
        .await
        .unwrap();
}

#[tokio::test]
async fn planned_visits_go_along_with_the_customer() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let kaia = field.customer("Kaia", field.jonas).await;
    for (customer, day) in [
        (havn, date!(2026 - 11 - 20)), // before the handover: hers
        (havn, date!(2026 - 11 - 26)),
        (havn, date!(2026 - 12 - 03)),
        (kaia, date!(2026 - 12 - 04)), // not her customer
    ] {
        planned(&field, field.ingrid, customer, day).await;
    }
    sqlx::query!(
        "insert into visit_participants (org_id, visit_id, rep_id, visited_on, recorded_at)
         select org_id, id, $1, visited_on, recorded_at from visits where visited_on = '2026-11-26'",
        field.jonas.id.0,
    )
    .execute(&field.app.db)
    .await
    .unwrap();
    let mut astrid = field.app.client(field.astrid).await;
    let path = format!("/users/{}", field.ingrid.id);
    let page = astrid.get(&path).await.expect(200);
    let gone = astrid.submit(&page, "form[action$='/departure']", &[("last_day", "2026-11-20")]).await.expect(303);
    let page = astrid.follow(&gone).await.expect(200);
    let left = page.text("section:has(#left)");
    assert!(left.contains("3 visits are still planned after the last day"), "{left}");
    let list = astrid.get(&page.attribute("section:has(#left) a[href^='/visits']", "href")).await.expect(200);
    assert_eq!(list.count("tbody tr"), 3);
    // As of the day after the last one.
    let page = astrid.get(&format!("/customers/handover?of={}", field.ingrid.id)).await.expect(200);
    let to = field.jonas.id.to_string();
    let page = astrid.submit(&page, "main form", &[("to", &to)]).await.expect(200);
    assert!(page.words().contains("Jonas takes over 2 planned visits, the first on 26 Nov 2026"), "{}", page.words());
    // Without the tick they stay.
    let form = "form[method=post][action$=handover]";
    let unticked = page.form_body(form, &[]).replace("&visits=1", "");
    assert_ne!(unticked, page.form_body(form, &[]));
    // One is changed meanwhile: nothing moves before it was seen.
    let mut ingrid = field.app.client(field.ingrid).await;
    let id = sqlx::query_scalar!("select id from visits where visited_on = '2026-12-03'")
        .fetch_one(&field.app.db)
        .await
        .unwrap();
    ingrid.post(&format!("/visits/{id}/move"), &[("day", "2026-12-02")]).await.expect(303);
    let stale = astrid.submit(&page, form, &[]).await.expect(409);
    let done = astrid.submit(&stale, form, &[]).await.expect(303);
    let shown = astrid.follow(&done).await.expect(200);
    assert!(shown.text(".toast").contains("from 21 Nov 2026, with 2 planned visits"), "{}", shown.words());
    let of = async |user: User| {
        sqlx::query_scalar!(
            r#"select visited_on::text as "day!" from visits where rep_id = $1 and state = 'planned' order by 1"#,
            user.id.0
        )
        .fetch_all(&field.app.db)
        .await
        .unwrap()
    };
    assert_eq!(of(field.jonas).await, ["2026-11-26", "2026-12-02"]);
    assert_eq!(of(field.ingrid).await, ["2026-11-20", "2026-12-04"]);
    assert_eq!(field.count("visit_participants").await, 0, "nobody goes along with oneself");
    let mut jonas = field.app.client(field.jonas).await;
    let plan = jonas.get("/visits/plan?day=2026-11-26").await.expect(200);
    assert_eq!(plan.texts("ul.list li .title"), ["Havn"]);
    let history = jonas.get(&format!("/visits/{id}")).await.expect(200).text("section:has(#history)");
    assert!(history.contains("Ingrid → Jonas") && history.contains("The customer was handed over"), "{history}");
    field.verify().await;
}

#[tokio::test]
async fn two_people_at_once_meet_no_error() {
    let field = Field::new().await;
    let south = {
        let mut tx = field.app.write(field.org).await;
        let team = teams::db::insert(&mut tx, "West", None).await.unwrap();
        tx.commit().await.unwrap();
        team
    };
    let mut finn = field.app.client(field.finn).await;
    let page = finn.get("/plans/new?template=starter").await.expect(200);
    let plan = finn.submit(&page, "main form", &[("name", "Starter"), ("from", "2026-01")]).await.expect(303);
    let plan = plan.location().to_owned();
    let id = attain::domain::id::PlanId(plan.rsplit('/').next().unwrap().parse().unwrap());
    let (ingrid, team) = (field.ingrid.id.to_string(), south.to_string());
    let (user, berit) = (format!("/users/{ingrid}/team"), field.berit.id.to_string());
    let managers = format!("/teams/{team}/managers");
    for (path, fields) in [
        (&*user, vec![("team", &*team), ("from", "2026-12-01")]),
        (&*managers, vec![("user", &*berit), ("from", "2026-12-01")]),
        (&*plan, vec![("rep", &*ingrid), ("from", "2026-12"), ("act", "on")]),
    ] {
        let is_plan = path == plan;
        // Somebody else is about to say the same, and is done while the form waits.
        let mut tx = field.app.write(field.org).await;
        let from = date!(2026 - 12 - 01);
        users::db::set_team(&mut tx, field.ingrid.id, Some(south), Some(from)).await.unwrap();
        teams::db::add_manager(&mut tx, south, field.berit.id, Some(from)).await.unwrap();
        attain::plans::db::assign(&mut tx, field.ingrid.id, Some(id), from).await.unwrap();
        let mut browser = field.app.client(if is_plan { field.finn } else { field.astrid }).await;
        let path = if is_plan { format!("{path}/assignments") } else { path.to_owned() };
        let body = serde_html_form::to_string(
            fields.iter().copied().chain([("once", &*uuid::Uuid::new_v4().to_string())]).collect::<Vec<_>>(),
        )
        .unwrap();
        let sent = tokio::spawn(async move { browser.post_body(&path, body).await });
        field.app.until_waiting(1).await;
        tx.commit().await.unwrap();
        sent.await.unwrap().expect(303);
    }
    assert_eq!(field.count("plan_assignments").await, 1);
}
