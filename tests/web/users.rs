//! The people's pages.

use attain::{
    domain::access::{Permission, Reach, Role},
    postgres::sessions,
    web::auth::hash_token,
};
use time::Duration;

use crate::{
    field::Field,
    support::{PASSWORD, TestApp, User, email},
};

async fn start() -> (TestApp, User) {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    let admin = app.user_with_password(company, "Astrid", &[Role::Admin]).await;
    (app, admin)
}

#[tokio::test]
async fn a_manager_sees_the_teams_below() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    let boss = app.user(company, "Berit", &[Role::Manager]).await;
    let rep = app.user(company, "Ingrid", &[Role::Rep]).await;
    let other = app.user(company, "Olav", &[Role::Rep]).await;
    let north = app.team(company, "North", None, Some(boss), &[]).await;
    let below = app.team(company, "Oslo", Some(north), None, &[rep]).await;
    app.team(company, "South", None, None, &[other]).await;
    let client = app.client(boss).await;
    let session = sessions::find(&app.db, &hash_token(client.token()), app.now()).await.unwrap().unwrap();
    let Reach::Some { mut reps, mut teams } = session.bearer.reach(Permission::ReadSales) else {
        panic!("a manager does not see all")
    };
    reps.sort_unstable();
    teams.sort_unstable();
    assert_eq!((reps, teams), (vec![boss.id, rep.id], vec![north, below]));
}

#[tokio::test]
async fn people_are_listed_searched_and_filtered() {
    let (app, admin) = start().await;
    let rep = app.user(admin.org, "Ingrid", &[Role::Rep]).await;
    let gone = app.user_with_password(admin.org, "Olav", &[Role::Rep, Role::Manager]).await;
    let team = app.team(admin.org, "North", None, None, &[rep]).await;
    let elsewhere = app.company("Sørlys").await;
    app.user(elsewhere, "Ingrid", &[Role::Rep]).await;
    app.client(admin).await.post(&format!("/users/{}/deactivation", gone.id), &[]).await.expect(303);
    let mut browser = app.client(admin).await;
    for (query, names) in [
        ("", &["Astrid", "Ingrid", "Olav"][..]),
        ("?q=ingr", &["Ingrid"]),
        ("?q=OLAV.", &["Olav"]),
        ("?q=%25", &[]),
        ("?role=rep", &["Ingrid", "Olav"]),
        ("?role=admin", &["Astrid"]),
        ("?state=active", &["Astrid"]),
        ("?state=not-yet", &["Ingrid"]),
        ("?state=deactivated&role=manager", &["Olav"]),
        (&*format!("?team={team}"), &["Ingrid"]),
        ("?team=999999", &[]),
        ("?role=nonsense&team=x&state=y", &["Astrid", "Ingrid", "Olav"]),
    ] {
        let page = browser.get(&format!("/users{query}")).await.expect(200);
        assert_eq!(page.texts("tbody th a"), names, "{query}");
        if names.is_empty() {
            assert!(page.words().contains("Nothing matches"), "{query}");
        }
    }
    let page = browser.get("/users?q=ingr&role=rep").await;
    assert_eq!((page.value("role").as_str(), page.attribute("main input[name=q]", "value").as_str()), ("rep", "ingr"));
}

#[tokio::test]
async fn levels_are_offered_listed_and_filtered() {
    let (app, admin) = start().await;
    let mut browser = app.client(admin).await;
    for (name, level) in [("Ingrid", "Senior"), ("Jonas", "Junior"), ("Olav", "Senior"), ("Pia", "")] {
        let page = browser.get("/users/new").await.expect(200);
        let typed = [("name", name), ("level", level), ("roles", "rep")];
        browser.submit(&page, "main form", &typed).await.expect(200);
    }
    let page = browser.get("/users/new").await.expect(200);
    assert_eq!(page.attributes("datalist#levels option", "value"), ["Junior", "Senior"]);
    assert_eq!(page.attribute("input[name=level]", "list"), "levels");
    let page = browser.get("/users?level=senior").await.expect(200);
    assert_eq!(page.texts("tbody th a"), ["Ingrid", "Olav"]);
    assert!(page.text("tbody tr:first-child .meta").contains("Senior"));
    assert_eq!(page.attributes("select[name=level] option", "value"), ["", "Junior", "Senior"]);
    assert!(browser.get("/users?level=boss").await.words().contains("Nothing matches"));
}

#[tokio::test]
async fn a_long_list_has_pages() {
    let (app, admin) = start().await;
    let mut tx = app.write(admin.org).await;
    for number in 0..120 {
        let name = format!("Person {:03}", number / 2); // pairs of the same name
        let details = attain::users::db::Details { name, ..Default::default() };
        let id = attain::users::db::insert(&mut tx, &details).await.unwrap();
        attain::users::db::set_roles(&mut tx, id, &[Role::Rep]).await.unwrap();
    }
    tx.commit().await.unwrap();
    let mut browser = app.client(admin).await;
    let mut page = browser.get("/users?role=rep").await.expect(200);
    let (mut forwards, mut counts) = (vec![], vec![]);
    loop {
        forwards.extend(page.attributes("tbody th a", "href"));
        counts.push(page.count("tbody tr"));
        let Some(next) = page.attributes("a[rel=next]", "href").first().cloned() else { break };
        page = browser.get(&next).await.expect(200);
    }
    assert_eq!(counts, [50, 50, 20]);
    let mut distinct = forwards.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), 120, "nobody twice, nobody left out");
    let mut backwards = page.attributes("tbody th a", "href");
    while let Some(previous) = page.attributes("a[rel=prev]", "href").first().cloned() {
        page = browser.get(&previous).await.expect(200);
        backwards.splice(0..0, page.attributes("tbody th a", "href"));
    }
    assert_eq!(backwards, forwards);
}

#[tokio::test]
async fn a_new_person_gets_what_was_entered_and_nothing_else() {
    let (app, admin) = start().await;
    let team = app.team(admin.org, "North", None, None, &[]).await.to_string();
    let elsewhere = app.company("Sørlys").await;
    let mut browser = app.client(admin).await;
    let fields = [
        ("name", "  Ingrid Solberg "),
        ("email", "Ingrid@Nordlys.example"),
        ("title", "Key account"),
        ("level", "senior"),
        ("hired_on", "2024-02-29"),
        ("roles", "rep"),
        ("roles", "manager"),
        ("team", &team),
        // What no form has: it must not matter.
        ("org_id", &*elsewhere.to_string()),
        ("id", "1"),
        ("external_id", "77"),
        ("active", "false"),
        ("version", "9"),
        ("password_hash", "x"),
    ];
    let page = browser.post("/users", &fields).await.expect(200);
    assert!(page.attribute("input#link", "value").starts_with("http://127.0.0.1:8080/invitations/"));
    let stored = sqlx::query!(
        r#"select u.org_id, u.name, u.email, u.title, u.level, u.hired_on, u.left_on, u.external_id, u.active, u.version,
                  array(select role from user_roles where user_id = u.id order by role) as "roles!",
                  m.team_id, lower(m.during) as from
           from users u
           join memberships m on m.user_id = u.id
           where u.email = 'ingrid@nordlys.example'"#
    )
    .fetch_one(&app.db)
    .await
    .unwrap();
    assert_eq!(
        (stored.org_id, stored.name.as_str(), stored.active, stored.version),
        (admin.org, "Ingrid Solberg", true, 1)
    );
    assert_eq!(
        (stored.title.as_deref(), stored.level.as_deref(), stored.external_id),
        (Some("Key account"), Some("senior"), None)
    );
    assert_eq!(stored.hired_on.unwrap().to_string(), "2024-02-29");
    assert_eq!((stored.left_on, stored.from), (None, stored.hired_on));
    assert_eq!(stored.roles, ["manager", "rep"]);
    assert_eq!(stored.team_id.to_string(), team);
}

#[tokio::test]
async fn a_form_that_comes_twice_makes_one_person() {
    let (app, admin) = start().await;
    let mut browser = app.client(admin).await;
    let page = browser.get("/users/new").await.expect(200);
    let typed = [("name", "Ingrid"), ("email", "ingrid@nordlys.example"), ("roles", "rep")];
    browser.submit(&page, "main form[method=post]", &typed).await.expect(200);
    let again = browser.submit(&page, "main form[method=post]", &typed).await.expect(303);
    assert!(again.location().starts_with("/users/"));
    let other = [("name", "Ingeborg"), ("email", ""), ("roles", "rep")];
    browser.submit(&page, "main form[method=post]", &other).await.expect(422);
    assert_eq!(browser.get("/users?role=rep").await.texts("tbody th a"), ["Ingrid"]);
}

#[tokio::test]
async fn mistakes_in_a_new_person_are_named_and_what_was_typed_is_kept() {
    let (app, admin) = start().await;
    let mut browser = app.client(admin).await;
    let page = browser.get("/users/new").await.expect(200);
    let typed = [
        ("name", " "),
        ("email", "ingrid"),
        ("title", &*"x".repeat(101)),
        ("hired_on", "2026-02-30"),
        ("left_on", "2025-01-01"),
    ];
    let mut fields = typed.to_vec();
    fields.push(("roles", "king"));
    let answer = browser.submit(&page, "main form[method=post]", &fields).await.expect(422);
    assert_eq!(
        answer.texts(".summary-error li"),
        [
            "Name is missing.",
            "“ingrid” is no e-mail address. Use one like ingrid@example.com.",
            "Title has 101 characters; 100 are possible.",
            "“2026-02-30” is not a date. Use year-month-day, like 2026-11-19.",
            "Choose at least one role.",
        ]
    );
    for (name, value) in typed {
        assert_eq!(answer.value(name), value);
        assert!(answer.has(&format!("main [id={name}]")), "the summary's link to {name} leads somewhere");
    }
    assert!(answer.has("fieldset#roles"));
    assert!(answer.text("title").starts_with("Error: "));

    let taken = [("name", "Astrid 2"), ("email", &*email(admin.org, "Astrid")), ("roles", "rep")];
    let answer = browser.submit(&page, "main form[method=post]", &taken).await.expect(422);
    assert_eq!(answer.texts(".summary-error li"), ["Somebody else has this e-mail address. Use another one."]);
    let gone = [("name", "X"), ("roles", "rep"), ("team", "999999")];
    let answer = browser.post("/users", &gone).await.expect(422);
    assert_eq!(answer.texts(".summary-error li"), ["This team is no longer there. Choose another one."]);
}

#[tokio::test]
async fn details_change_and_are_noted() {
    let (app, admin) = start().await;
    let rep = app.user_with_password(admin.org, "Ingrid", &[Role::Rep]).await;
    let mut signed_in = app.client(rep).await;
    let mut browser = app.client(admin).await;
    let (path, form) = (format!("/users/{}", rep.id), format!("form[action='/users/{}']", rep.id));
    let page = browser.get(&path).await.expect(200);
    let answer = browser.submit(&page, &form, &[("name", "Ingrid S."), ("left_on", "2026-12-31")]).await.expect(303);
    assert_eq!(browser.follow(&answer).await.text("h1"), "Ingrid S.");
    signed_in.get("/profile").await.expect(200);
    let detail =
        sqlx::query_scalar!("select detail from audit where action = 'user.changed'").fetch_one(&app.db).await.unwrap();
    assert_eq!((&detail["old"]["name"], &detail["new"]["name"]), (&"Ingrid".into(), &"Ingrid S.".into()));

    // Another address signs in, and the person is signed out.
    let page = browser.get(&path).await;
    browser.submit(&page, &form, &[("email", "new@nordlys.example")]).await.expect(303);
    signed_in.get("/profile").await.expect(303);
    let old = email(admin.org, "Ingrid");
    app.visitor().post("/sign-in", &[("email", &old), ("password", PASSWORD)]).await.expect(422);
    app.visitor().post("/sign-in", &[("email", "new@nordlys.example"), ("password", PASSWORD)]).await.expect(303);

    let page = browser.get(&path).await;
    let answer = browser.submit(&page, &form, &[("email", "")]).await.expect(422);
    assert_eq!(answer.texts(".summary-error li"), ["E-mail is missing."], "somebody signs in with it");
    let taken = email(admin.org, "Astrid");
    browser.submit(&page, &form, &[("email", &taken)]).await.expect(422);
}

#[tokio::test]
async fn a_stale_form_overwrites_nothing() {
    let (app, admin) = start().await;
    let rep = app.user(admin.org, "Ingrid", &[Role::Rep]).await;
    let mut browser = app.client(admin).await;
    let (path, form) = (format!("/users/{}", rep.id), format!("form[action='/users/{}']", rep.id));
    let stale = browser.get(&path).await;
    let fresh = browser.get(&path).await;
    browser.submit(&fresh, &form, &[("title", "Key account")]).await.expect(303);
    let conflict = browser.submit(&stale, &form, &[("level", "senior")]).await.expect(409);
    assert_eq!(conflict.texts("main [role=alert] dt"), ["Title", "Level"]);
    assert_eq!(conflict.texts("main [role=alert] dd"), ["Key account", "nothing"]);
    assert_eq!(
        (conflict.value("title").as_str(), conflict.value("level").as_str()),
        ("", "senior"),
        "what was typed is kept"
    );
    let page = browser.get(&path).await;
    assert_eq!((page.value("title").as_str(), page.value("level").as_str()), ("Key account", ""));
    browser.submit(&conflict, &form, &[("title", "Key account")]).await.expect(303);
    let page = browser.get(&path).await;
    assert_eq!((page.value("title").as_str(), page.value("level").as_str()), ("Key account", "senior"));

    let roles = format!("form[action='{path}/roles']");
    browser.submit(&stale, &roles, &[("roles", "finance")]).await.expect(409);
    assert!(browser.get(&path).await.has("input[name=roles][value=rep][checked]"));
}

#[tokio::test]
async fn another_role_counts_at_once_and_signs_out() {
    let (app, admin) = start().await;
    let rep = app.user(admin.org, "Ingrid", &[Role::Rep]).await;
    let mut signed_in = app.client(rep).await;
    let mut browser = app.client(admin).await;
    let path = format!("/users/{}", rep.id);
    let page = browser.get(&path).await;
    let form = format!("form[action='{path}/roles']");
    let answer = browser.submit(&page, &form, &[]).await.expect(303);
    assert_eq!(answer.location(), path);
    signed_in.get("/users").await.expect(303);
    let page = browser.get(&path).await;
    browser.submit(&page, &form, &[("roles", "admin")]).await.expect(303);
    app.client(rep).await.get("/users").await.expect(200);
    let none = browser.post(&format!("{path}/roles"), &[("version", "3")]).await.expect(422);
    assert_eq!(none.texts(".summary-error li"), ["Choose at least one role."]);
}

#[tokio::test]
async fn the_list_is_a_file() {
    let (app, admin) = start().await;
    let rep = app.user(admin.org, "=Ingrid", &[Role::Rep, Role::Manager]).await;
    app.team(admin.org, "North", None, None, &[rep]).await;
    sqlx::query!(
        "update users set external_id = 'R1', email = null, title = '@work', level = 'senior', hired_on = '2024-03-01'
         where id = $1",
        rep.id.0
    )
    .execute(&app.db)
    .await
    .unwrap();
    for number in 0..60 {
        app.user(admin.org, &format!("Person {number:02}"), &[Role::Rep]).await;
    }
    let elsewhere = app.company("Sørlys").await;
    app.user(elsewhere, "Olga", &[Role::Rep]).await;
    let mut browser = app.client(admin).await;
    // The page leads to the file of what it shows; formulas are disarmed.
    let page = browser.get("/users?q=ingrid&role=rep").await.expect(200);
    let path = page.attribute("a[href*='.csv']", "href");
    let file = browser.get(&path).await.expect(200);
    assert!(file.header("content-disposition").contains("users-2026-11-19.csv"));
    let line = format!("{},'=Ingrid,R1,,'@work,senior,rep manager,North,2024-03-01,,not-yet", rep.id);
    assert_eq!(file.body().lines().skip(1).collect::<Vec<_>>(), [line]);
    // Everybody, more than a page has, and nobody of another company; the search in vain has no file.
    let file = browser.get("/users.csv").await.expect(200).body();
    let names: Vec<&str> = file.lines().skip(1).map(|line| line.split(',').nth(1).unwrap()).collect();
    assert_eq!((names.len(), names[0], names[61]), (62, "'=Ingrid", "Person 59"));
    assert!(!browser.get("/users?q=nobody").await.expect(200).has("a[href*='.csv']"));
    // Noted before the first byte.
    let log = browser.get("/audit?act=user.exported").await.expect(200).words();
    assert!(log.contains("Astrid downloaded the list of people") && log.contains("q=ingrid"), "{log}");
    app.client(rep).await.get("/users.csv").await.expect(403);
}

#[tokio::test]
async fn somebody_stays_administrator() {
    let (app, admin) = start().await;
    let path = format!("/users/{}", admin.id);
    let mut browser = app.client(admin).await;
    // A second administrator who has never chosen a password cannot help anybody.
    let second = app.user(admin.org, "Berit", &[Role::Admin]).await;
    let page = browser.get(&path).await;
    assert!(!page.has(&format!("form[action='{path}/deactivation']")), "nobody deactivates themselves");
    browser.post(&format!("{path}/deactivation"), &[]).await.expect(422);
    let form = format!("form[action='{path}/roles']");
    let answer = browser.submit(&page, &form, &[("roles", "rep")]).await.expect(422);
    assert!(answer.text(".summary-error li").contains("This is the only administrator with a password."));
    assert!(answer.has("input[name=roles][value=rep][checked]"), "what was ticked is kept");
    app.client(second).await.post(&format!("{path}/deactivation"), &[]).await.expect(422);

    app.user_with_password(admin.org, "Cecilie", &[Role::Admin]).await;
    browser.submit(&page, &form, &[("roles", "rep")]).await.expect(303);
}

#[tokio::test]
async fn whoever_is_deactivated_is_out_until_activated_again() {
    let (app, admin) = start().await;
    let rep = app.user_with_password(admin.org, "Ingrid", &[Role::Rep]).await;
    let mut signed_in = app.client(rep).await;
    let mut browser = app.client(admin).await;
    let path = format!("/users/{}", rep.id);
    let page = browser.get(&path).await;
    let answer = browser.submit(&page, &format!("form[action='{path}/deactivation']"), &[]).await.expect(303);
    let page = browser.follow(&answer).await;
    signed_in.get("/profile").await.expect(303);
    let sign_in = [("email", &*email(admin.org, "Ingrid")), ("password", PASSWORD)];
    app.visitor().post("/sign-in", &sign_in).await.expect(422);
    // The undo of the toast.
    browser.submit(&page, &format!(".toast form[action='{path}/activation']"), &[]).await.expect(303);
    app.visitor().post("/sign-in", &sign_in).await.expect(303);
}

#[tokio::test]
async fn an_administrator_signs_somebody_out() {
    let (app, admin) = start().await;
    let rep = app.user_with_password(admin.org, "Ingrid", &[Role::Rep]).await;
    let mut signed_in = app.client(rep).await;
    let mut browser = app.client(admin).await;
    let page = browser.get(&format!("/users/{}", rep.id)).await;
    browser.submit(&page, &format!("form[action='/users/{}/sign-out']", rep.id), &[]).await.expect(303);
    signed_in.get("/profile").await.expect(303);
    browser.get("/profile").await.expect(200);
}

#[tokio::test]
async fn teams_change_from_a_day_on() {
    let (app, admin) = start().await;
    let rep = app.user(admin.org, "Ingrid", &[Role::Rep]).await;
    let north = app.team(admin.org, "North", None, None, &[rep]).await.to_string();
    let south = app.team(admin.org, "South", None, None, &[]).await.to_string();
    let mut browser = app.client(admin).await;
    let path = format!("/users/{}/team", rep.id);
    for (team, from, history) in [
        (&south, "2026-12-01", "{North from  to 2026-12-01,South from 2026-12-01 to }"),
        (
            &north,
            "2027-01-01",
            "{North from  to 2026-12-01,South from 2026-12-01 to 2027-01-01,North from 2027-01-01 to }",
        ),
        // A correction in between replaces what was entered for later.
        (&String::new(), "2026-12-15", "{North from  to 2026-12-01,South from 2026-12-01 to 2026-12-15}"),
        (&south, "2026-12-01", "{North from  to 2026-12-01,South from 2026-12-01 to }"),
        (&south, "", "{South from  to }"),
    ] {
        browser.post(&path, &[("team", team), ("from", from)]).await.expect(303);
        let stored = sqlx::query_scalar!(
            r#"select array_agg(concat(t.name, ' from ', lower(m.during), ' to ', upper(m.during))
                                order by lower(m.during) nulls first)::text as "history!"
               from memberships m
               join teams t on t.id = m.team_id
               where m.user_id = $1"#,
            rep.id.0,
        );
        assert_eq!(stored.fetch_one(&app.db).await.unwrap().replace('"', ""), history, "{team} {from}");
    }
    browser.post(&path, &[("team", "999999"), ("from", "")]).await.expect(422);
    let answer = browser.post(&path, &[("team", &south), ("from", "soon")]).await.expect(422);
    assert_eq!((answer.value("team"), answer.value("from")), (south, "soon".to_owned()));
}

#[tokio::test]
async fn a_fresh_password_is_asked_for_before_people_get_power() {
    let (app, admin) = start().await;
    let rep = app.user_with_password(admin.org, "Ingrid", &[Role::Rep]).await;
    let mut browser = app.client(admin).await.on(&app.later(Duration::minutes(10)));
    let path = format!("/users/{}", rep.id);
    let new = [("name", "Evil"), ("email", "evil@example.com"), ("roles", "admin")];
    for (path, fields) in [
        ("/users".to_owned(), &new[..]),
        (format!("{path}/roles"), &[("roles", "admin"), ("version", "1")]),
        (format!("{path}/invitation"), &[]),
        (path.clone(), &[("name", "Ingrid"), ("email", "evil@example.com"), ("version", "1")]),
    ] {
        let answer = browser.post(&path, fields).await.expect(403);
        assert_eq!(answer.text("h1"), "Confirm that it is you", "{path}");
        assert_eq!(answer.value("then"), path);
    }
    // What gives nobody power needs no password.
    let fields = [("name", "Ingrid S."), ("email", &*email(admin.org, "Ingrid")), ("version", "1")];
    browser.post(&path, &fields).await.expect(303);
    let people = sqlx::query_scalar!("select count(*) from users").fetch_one(&app.db).await.unwrap();
    assert_eq!(people, Some(2));
}

#[tokio::test]
async fn a_team_of_locked_days_changes_only_with_a_reason() {
    let field = Field::new().await;
    let mut browser = field.app.client(field.astrid).await;
    let path = format!("/users/{}", field.ingrid.id);
    let form = format!("form[action='{path}/team']");
    field.lock("2026-10").await;
    let page = browser.get(&path).await.expect(200);
    let page = browser.submit(&page, &form, &[("team", ""), ("from", "2026-10-31")]).await.expect(422);
    assert_eq!(page.attributes(".summary-error a", "href"), ["#reason"], "{}", page.words());
    assert_eq!(page.value("from"), "2026-10-31");
    browser.submit(&page, &form, &[("reason", "She had left the team")]).await.expect(303);
    // From the day behind the lock on nothing is asked.
    let page = browser.get(&path).await.expect(200);
    browser.submit(&page, &form, &[("team", &field.north.to_string()), ("from", "2026-11-01")]).await.expect(303);
    let told = sqlx::query_scalar!("select detail from audit where action = 'user.team_changed' order by id")
        .fetch_all(&field.app.db)
        .await
        .unwrap();
    assert_eq!(
        told,
        [
            serde_json::json!({
                "old": { "teams": ["North"] },
                "new": { "teams": ["North to before 2026-10-31"] },
                "reason": "She had left the team",
            }),
            serde_json::json!({
                "old": { "teams": ["North to before 2026-10-31"] },
                "new": { "teams": ["North from 2026-11-01", "North to before 2026-10-31"] },
                "reason": "",
            }),
        ]
    );
}

#[tokio::test]
async fn whoever_leaves_is_out_at_once_and_hands_everything_over() {
    let field = Field::new().await;
    let customer = field.customer("Havn", field.ingrid).await;
    field.deal(customer, time::macros::date!(2026 - 10 - 05), 50_000, &[(field.ingrid, 1)]).await;
    // On a plan, with a statement of October that is submitted.
    let mut finn = field.app.client(field.finn).await;
    let page = finn.get("/plans/new?template=starter").await.expect(200);
    let plan = finn.submit(&page, "main form", &[("name", "Starter"), ("from", "2026-01")]).await.expect(303);
    let page = finn.follow(&plan).await.expect(200);
    let on = [("rep", &*field.ingrid.id.to_string()), ("from", "2026-01"), ("act", "on")];
    finn.submit(&page, "main form", &on).await.expect(303);
    let page = finn.get("/commission-runs").await.expect(200);
    let run = finn.submit(&page, "main form", &[("period", "2026-10")]).await.expect(303).location().to_owned();
    finn.post(&format!("{run}/submission"), &[]).await.expect(303);

    let mut ingrid = field.app.client(field.ingrid).await;
    let mut astrid = field.app.client(field.astrid).await;
    let path = format!("/users/{}", field.ingrid.id);
    let form = format!("form[action='{path}/departure']");
    let page = astrid.get(&path).await.expect(200);
    for (day, words) in [("", "is missing"), ("soon", "is not a date")] {
        let refused = astrid.submit(&page, &form, &[("last_day", day)]).await.expect(422);
        assert!(refused.text(".summary-error").contains(words), "{}", refused.words());
    }
    ingrid.get("/my-month").await.expect(200);
    let gone = astrid.submit(&page, &form, &[("last_day", "2026-11-18")]).await.expect(303);
    ingrid.get("/my-month").await.expect(303);
    let page = astrid.follow(&gone).await.expect(200);
    assert_eq!(page.value("left_on"), "2026-11-19");
    assert!(page.words().contains("The plan Starter pays for the last time"), "{}", page.words());
    // Her customers, from the first day without her.
    let hand_over = page.attribute("a[href^='/customers/handover?of=']", "href");
    astrid.get(&hand_over).await.expect(200);
    // Her pay goes on: the manager of her team approves, finance and the manager read it, and pay it.
    let mut berit = field.app.client(field.berit).await;
    berit.post(&format!("{run}/approval"), &[]).await.expect(303);
    let statement = sqlx::query_scalar!("select id from statements where rep_id = $1", field.ingrid.id.0)
        .fetch_one(&field.app.db)
        .await
        .unwrap();
    let statement = format!("/statements/{statement}");
    for browser in [&mut berit, &mut finn, &mut astrid] {
        let list = browser.get(&format!("/statements?rep={}", field.ingrid.id)).await.expect(200);
        assert!(list.has(&format!("a[href='{statement}']")), "{}", list.words());
        browser.get(&statement).await.expect(200);
    }
    finn.post(&format!("{run}/payment"), &[("paid_on", "2026-11-19")]).await.expect(303);
    // What she earned in her last month is calculated, too.
    let so_far = format!("/statements/so-far?period=2026-11&rep={}", field.ingrid.id);
    finn.get(&so_far).await.expect(200);
    berit.get(&so_far).await.expect(200);
    let told = astrid.get("/audit").await.expect(200).words();
    assert!(told.contains("noted the leaving of Ingrid"), "{told}");
}
