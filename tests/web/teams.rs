//! The pages of the teams.

use attain::{
    domain::access::{Permission, Role, Scope},
    postgres::sessions,
    web::auth::hash_token,
};
use time::{Duration, macros::date};

use crate::{
    field::Field,
    support::{TestApp, User},
};

async fn start() -> (TestApp, User) {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    let admin = app.user(company, "Astrid", &[Role::Admin]).await;
    (app, admin)
}

#[tokio::test]
async fn teams_are_created_as_a_tree() {
    let (app, admin) = start().await;
    let mut browser = app.client(admin).await;
    let page = browser.get("/teams").await.expect(200);
    assert!(page.words().contains("No teams yet"));
    let answer = browser.submit(&page, "main form", &[("name", "Europe")]).await.expect(303);
    let europe = answer.location().rsplit('/').next().unwrap().to_owned();
    let page = browser.get("/teams").await;
    browser.submit(&page, "main form", &[("name", "North"), ("parent", &europe)]).await.expect(303);
    let page = browser.get("/teams").await;
    browser.submit(&page, "main form", &[("name", "Asia")]).await.expect(303);
    let page = browser.get("/teams").await;
    assert_eq!(page.texts("tbody th a"), ["Asia", "Europe", "North"]);
    assert_eq!(page.texts("select[name=parent] option")[1..], ["Asia", "Europe", "Europe / North"]);
    let acts = sqlx::query_scalar!("select count(*) from audit where action = 'team.created'");
    assert_eq!(acts.fetch_one(&app.db).await.unwrap(), Some(3));
}

#[tokio::test]
async fn mistakes_are_named_and_what_was_typed_is_kept() {
    let (app, admin) = start().await;
    let north = app.team(admin.org, "North", None, None, &[]).await;
    let mut browser = app.client(admin).await;
    for (name, parent, words) in [
        ("  ", "", "Name is missing."),
        ("North", "", "Another team has this name. Use another one."),
        ("East", "999999", "This team is no longer there. Choose another one."),
        ("East", "x", "Choose a team of the list."),
    ] {
        let answer = browser.post("/teams", &[("name", name), ("parent", parent)]).await.expect(422);
        assert_eq!(answer.texts(".summary-error li"), [words]);
        assert_eq!(answer.attribute("main input[name=name]", "value"), name);
    }
    let long = "x".repeat(121);
    let answer = browser.post(&format!("/teams/{north}"), &[("name", &long), ("version", "1")]).await.expect(422);
    assert_eq!(answer.texts(".summary-error li"), ["Name has 121 characters; 120 are possible."]);
    assert_eq!(answer.attribute("main input[name=name]", "value"), long);
}

#[tokio::test]
async fn a_team_cannot_stand_below_itself() {
    let (app, admin) = start().await;
    let top = app.team(admin.org, "Top", None, None, &[]).await;
    let middle = app.team(admin.org, "Middle", Some(top), None, &[]).await;
    let bottom = app.team(admin.org, "Bottom", Some(middle), None, &[]).await;
    let mut browser = app.client(admin).await;
    let page = browser.get(&format!("/teams/{top}")).await.expect(200);
    assert_eq!(page.texts("select[name=parent] option"), ["No other team"], "only what is possible is offered");
    for parent in [top, middle, bottom] {
        let fields = [("name", "Top"), ("parent", &*parent.to_string()), ("version", "1")];
        let answer = browser.post(&format!("/teams/{top}"), &fields).await.expect(422);
        assert!(answer.text(".summary-error li").starts_with("A team cannot stand below itself."));
    }
    let page = browser.get(&format!("/teams/{bottom}")).await.expect(200);
    let form = format!("form[action='/teams/{bottom}']");
    browser.submit(&page, &form, &[("name", "Bottom"), ("parent", &top.to_string())]).await.expect(303);
    assert_eq!(browser.get("/teams").await.texts("tbody th a"), ["Top", "Bottom", "Middle"]);
}

#[tokio::test]
async fn two_moves_at_once_close_no_loop() {
    let (app, admin) = start().await;
    let one = app.team(admin.org, "One", None, None, &[]).await;
    let two = app.team(admin.org, "Two", None, None, &[]).await;
    let (mut first, mut second) = (app.client(admin).await, app.client(admin).await);
    let (under_two, under_one) = (two.to_string(), one.to_string());
    let (path_one, path_two) = (format!("/teams/{one}"), format!("/teams/{two}"));
    let move_one = [("name", "One"), ("parent", under_two.as_str()), ("version", "1")];
    let move_two = [("name", "Two"), ("parent", under_one.as_str()), ("version", "1")];
    let (a, b) = tokio::join!(first.post(&path_one, &move_one), second.post(&path_two, &move_two));
    let mut statuses = [a.status.as_u16(), b.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 422]);
}

#[tokio::test]
async fn a_stale_form_overwrites_nothing() {
    let (app, admin) = start().await;
    let team = app.team(admin.org, "North", None, None, &[]).await;
    let mut browser = app.client(admin).await;
    let (path, form) = (format!("/teams/{team}"), format!("form[action='/teams/{team}']"));
    let stale = browser.get(&path).await;
    let fresh = browser.get(&path).await;
    browser.submit(&fresh, &form, &[("name", "Nord")]).await.expect(303);
    let conflict = browser.submit(&stale, &form, &[("name", "Norden")]).await.expect(409);
    assert!(conflict.text("main [role=alert]").contains("Saved meanwhile is the name “Nord”"));
    assert_eq!(conflict.attribute("main input[name=name]", "value"), "Norden", "what was typed is kept");
    assert_eq!(browser.get(&path).await.text("h1"), "Nord");
    browser.submit(&conflict, &form, &[]).await.expect(303);
    assert_eq!(browser.get(&path).await.text("h1"), "Norden");
}

#[tokio::test]
async fn a_manager_sees_the_team_from_the_day_on_which_it_is_given_until_the_day_on_which_it_ends() {
    let (app, admin) = start().await;
    let boss = app.user(admin.org, "Berit", &[Role::Manager]).await;
    let rep = app.user(admin.org, "Ingrid", &[Role::Rep]).await;
    let team = app.team(admin.org, "North", None, None, &[rep]).await;
    let mut browser = app.client(admin).await;
    let path = format!("/teams/{team}");
    let sees = async |by: Duration| {
        let client = app.client(boss).await;
        let session = sessions::find(&app.db, &hash_token(client.token()), app.now() + by).await.unwrap().unwrap();
        Scope { org: admin.org, reach: session.bearer.reach(Permission::ReadSales) }.sees(rep.id)
    };
    assert!(!sees(Duration::ZERO).await);
    let page = browser.get(&path).await.expect(200);
    let form = format!("form[action='{path}/managers']");
    let typed = [("user", &*boss.id.to_string()), ("from", "2026-11-20")];
    browser.submit(&page, &form, &typed).await.expect(303);
    assert!(!sees(Duration::ZERO).await);
    assert!(sees(Duration::days(1)).await);

    let page = browser.get(&path).await;
    assert_eq!(page.texts("[aria-labelledby=managers] .list .title"), ["Berit"]);
    let (form, day) = (format!("form[action='{path}/managers/end']"), format!("end-{}", boss.id));
    assert_eq!(page.value(&day), "2026-11-19", "today is offered");
    for (typed, words) in [("", "The first day without this manager is missing."), ("soon", "is not a date")] {
        let refused = browser.submit(&page, &form, &[(&day, typed)]).await.expect(422);
        assert!(refused.text(".summary-error").contains(words), "{}", refused.words());
        assert_eq!(refused.value(&day), typed);
    }
    browser.submit(&page, &form, &[(&day, "2026-11-22")]).await.expect(303);
    assert!(browser.get(&path).await.words().contains("from 20 Nov 2026 to before 22 Nov 2026"));
    assert!(sees(Duration::days(2)).await && !sees(Duration::days(3)).await);

    for (user, from, words) in [
        (rep.id.to_string(), "2026-11-20", "Choose a person with the role manager."),
        (String::new(), "2026-11-20", "Choose a person."),
        (boss.id.to_string(), "tomorrow", "“tomorrow” is not a date. Use year-month-day, like 2026-11-19."),
    ] {
        let answer = browser.post(&format!("{path}/managers"), &[("user", &user), ("from", from)]).await.expect(422);
        assert_eq!(answer.texts(".summary-error li"), [words]);
    }
}

#[tokio::test]
async fn managers_of_locked_days_change_only_with_a_reason() {
    let field = Field::new().await;
    let mut browser = field.app.client(field.astrid).await;
    let path = format!("/teams/{}", field.north);
    let page = browser.get(&path).await.expect(200);
    assert!(!page.has("[name=reason]") && !page.has("[name=move_reason]"), "nothing is locked");
    field.lock("2026-10").await;
    let (end, day) = (format!("form[action='{path}/managers/end']"), format!("end-{}", field.berit.id));
    let reason = format!("end-reason-{}", field.berit.id);
    let told = "This changes who managed on days that are locked.";
    // Berit manages from the beginning: to end that in October takes a reason, from November on none.
    let page = browser.get(&path).await.expect(200);
    let refused = browser.submit(&page, &end, &[(&day, "2026-10-15")]).await.expect(422);
    assert!(refused.text(".summary-error").contains(told), "{}", refused.words());
    assert_eq!(refused.attributes(".summary-error a", "href"), [format!("#{reason}")]);
    assert_eq!(refused.value(&day), "2026-10-15", "what was typed is kept");
    assert!(!browser.get(&path).await.words().contains("to before"), "nothing has happened");
    browser.submit(&refused, &end, &[(&reason, "She had left the team")]).await.expect(303);
    assert!(browser.get(&path).await.words().contains("to before 15 Oct 2026"));

    // Who managed then is entered: the same.
    let page = browser.get(&path).await.expect(200);
    let add = format!("form[action='{path}/managers']");
    let berit = field.berit.id.to_string();
    let refused = browser.submit(&page, &add, &[("user", &berit), ("from", "2026-10-20")]).await.expect(422);
    assert!(refused.text(".summary-error").contains(told), "{}", refused.words());
    browser.submit(&refused, &add, &[("from", "2026-11-01")]).await.expect(303);
    let page = browser.get(&path).await.expect(200);
    browser.submit(&page, &end, &[(&day, "2026-11-10")]).await.expect(303);
    let page = browser.get(&path).await.expect(200);
    let back = [("user", &*berit), ("from", "2026-10-20"), ("reason", "She came back")];
    browser.submit(&page, &add, &back).await.expect(303);
    let log = browser.get("/audit").await.expect(200).words();
    assert!(log.contains("She had left the team") && log.contains("She came back"), "{log}");
}

#[tokio::test]
async fn a_team_moves_for_all_times_and_with_a_reason_once_something_is_locked() {
    let field = Field::new().await;
    let mut browser = field.app.client(field.astrid).await;
    let all = field.app.team(field.org, "All", None, None, &[]).await;
    let havn = field.customer("Havn", field.ingrid).await;
    field.deal(havn, date!(2026 - 10 - 05), 10_000, &[(field.ingrid, 1)]).await;
    field.lock("2026-10").await;
    let path = format!("/teams/{}", field.north);
    let form = format!("form[action='{path}']");
    let board = format!("/scoreboard?period=2026-10&team={all}");
    assert!(!browser.get(&board).await.expect(200).words().contains("Ingrid"));
    let page = browser.get(&path).await.expect(200);
    assert!(page.words().contains("A team has one place for all times"), "{}", page.words());
    let below = ("parent", &*all.to_string());
    let refused = browser.submit(&page, &form, &[below]).await.expect(422);
    assert!(refused.text(".summary-error").contains("boards of locked periods are told otherwise"));
    assert_eq!(refused.value("parent"), all.to_string());
    // A name is no place.
    browser.submit(&refused, &form, &[("name", "Nord"), ("parent", "")]).await.expect(303);
    let page = browser.get(&path).await.expect(200);
    browser.submit(&page, &form, &[below, ("move_reason", "One sales force")]).await.expect(303);
    assert!(browser.get(&board).await.expect(200).words().contains("Ingrid"), "also in October");
    assert!(browser.get("/audit").await.expect(200).words().contains("One sales force"));
}
