//! Signing in and out, sessions, and the password that is asked for again.

use attain::{
    App,
    domain::access::Role,
    postgres::{
        sessions::{self, NewSession},
        tx::Tx,
    },
    sign_in::passwords,
    web::auth::new_token,
};
use axum::{body::Body, http::Request};
use time::Duration;

use crate::support::{Answer, Client, PASSWORD, TestApp, User, email};

async fn sign_in(browser: &mut Client, email: &str, password: &str) -> Answer {
    let page = browser.get("/sign-in").await.expect(200);
    browser.submit(&page, "main form", &[("email", email), ("password", password)]).await
}

#[tokio::test]
async fn the_right_password_leads_to_where_the_day_begins() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    for (name, roles, home) in [
        ("Ingrid", &[Role::Rep][..], "/my-month"),
        ("Berit", &[Role::Manager], "/scoreboard"),
        ("Finn", &[Role::Finance], "/commission-runs"),
        ("Astrid", &[Role::Admin], "/users"),
        ("Piet", &[Role::Admin, Role::Rep], "/my-month"),
    ] {
        app.user_with_password(company, name, roles).await;
        let mut browser = app.visitor();
        let answer = sign_in(&mut browser, &email(company, name).to_uppercase(), PASSWORD).await.expect(303);
        assert_eq!(answer.location(), "/");
        assert_eq!(browser.get("/").await.expect(303).location(), home, "{name}");
        assert_eq!(browser.get("/sign-in").await.expect(303).location(), "/", "nothing to do there any more");
    }
}

#[tokio::test]
async fn the_page_that_was_asked_for_comes_after_signing_in() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    app.user_with_password(company, "Astrid", &[Role::Admin]).await;
    let mut browser = app.visitor();
    let answer = browser.get("/users?role=rep&q=a%26b").await.expect(303);
    assert_eq!(answer.location(), "/sign-in?next=%2Fusers%3Frole%3Drep%26q%3Da%2526b");
    let page = browser.follow(&answer).await;
    let fields = [("email", &*email(company, "Astrid")), ("password", PASSWORD)];
    let answer = browser.submit(&page, "main form", &fields).await;
    assert_eq!(answer.expect(303).location(), "/users?role=rep&q=a%26b");

    for next in
        ["https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/a\r\nSet-Cookie: x=y", "x"]
    {
        let fields = [("email", &*email(company, "Astrid")), ("password", PASSWORD), ("next", next)];
        assert_eq!(app.visitor().post("/sign-in", &fields).await.expect(303).location(), "/", "{next}");
    }
}

#[tokio::test]
async fn all_failures_look_the_same() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    app.user_with_password(company, "Ingrid", &[Role::Rep]).await;
    let gone = app.user_with_password(company, "Gone", &[Role::Rep]).await;
    app.user(company, "Invited", &[Role::Rep]).await;
    let mut tx = app.write(company).await;
    attain::users::db::set_active(&mut tx, gone.id, false).await.unwrap();
    tx.commit().await.unwrap();

    let mut answers = vec![];
    for (who, password) in
        [("Ingrid", "tuba paraffin nebel hest"), ("Nobody", PASSWORD), ("Gone", PASSWORD), ("Invited", PASSWORD)]
    {
        let address = email(company, who);
        let answer = sign_in(&mut app.visitor(), &address, password).await.expect(422);
        assert_eq!(answer.value("email"), address, "what was typed is kept");
        assert_eq!(answer.value("password"), "", "but not the password");
        assert!(!answer.headers.contains_key("set-cookie"));
        assert!(answer.text("title").starts_with("Error: "));
        let once = answer.value("once");
        answers.push(answer.body().replace(&address, "").replace(&once, ""));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");

    let answer = app.visitor().post("/sign-in", &[("email", ""), ("password", "")]).await.expect(422);
    assert_eq!(answer.texts(".summary-error li"), ["E-mail is missing.", "Password is missing."]);
}

/// Whoever is known or not: the answer waits until a password was hashed. (With the same parameters, which a test beside
/// the hash of nobody says; clocks say nothing on a busy machine.)
#[tokio::test]
async fn an_unknown_address_is_hashed_for_too() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    app.user_with_password(company, "Ingrid", &[Role::Rep]).await;
    let places = u32::try_from(app.app.hashing.places.available_permits()).unwrap();
    for who in ["Ingrid", "Nobody"] {
        let address = email(company, who);
        let fields = [("email", &*address), ("password", "wrong")];
        let all_busy = app.app.hashing.places.acquire_many(places).await.unwrap();
        let mut browser = app.visitor();
        let answer = browser.post("/sign-in", &fields);
        let early = tokio::time::timeout(std::time::Duration::from_millis(300), answer).await;
        assert!(early.is_err(), "{who} was answered while nothing could be hashed");
        drop(all_busy);
        app.visitor().post("/sign-in", &fields).await.expect(422);
    }
}

#[tokio::test]
async fn the_cookie_is_for_this_site_only_and_is_not_stored() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    app.user_with_password(company, "Ingrid", &[Role::Rep]).await;
    let mut browser = app.visitor();
    let answer = sign_in(&mut browser, &email(company, "Ingrid"), PASSWORD).await.expect(303);
    let cookie = answer.header("set-cookie");
    let token = browser.token();
    assert_eq!(cookie, format!("session={token}; HttpOnly; SameSite=Lax; Path=/"));
    assert_eq!(token.len(), 43, "256 bits");

    let dump: Vec<String> =
        sqlx::query_scalar!(r#"select s::text as "row!" from sessions s"#).fetch_all(&app.db).await.unwrap();
    assert_eq!(dump.len(), 1);
    let hex: String = token.bytes().map(|byte| format!("{byte:02x}")).collect();
    assert!(!dump[0].contains(token) && !dump[0].contains(&hex), "{dump:?}");
}

#[tokio::test]
async fn over_https_the_cookie_never_travels_without() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    app.user_with_password(company, "Ingrid", &[Role::Rep]).await;
    let https = App::new(app.db.clone(), app.app.clock, "https://attain.example".parse().unwrap());
    let mut browser = app.visitor().before(https);
    let answer = sign_in(&mut browser, &email(company, "Ingrid"), PASSWORD).await.expect(303);
    let token = &browser.cookies["__Host-session"];
    let cookie = format!("__Host-session={token}; HttpOnly; SameSite=Lax; Secure; Path=/");
    assert_eq!(answer.header("set-cookie"), cookie);
    assert_eq!(browser.get("/").await.expect(303).location(), "/my-month");
}

#[tokio::test]
async fn a_new_token_comes_with_every_sign_in_and_the_old_one_ends() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    app.user_with_password(company, "Ingrid", &[Role::Rep]).await;
    let mut browser = app.visitor();
    browser.cookies.insert("session".to_owned(), "chosen-by-somebody-else".to_owned());
    sign_in(&mut browser, &email(company, "Ingrid"), PASSWORD).await.expect(303);
    assert_ne!(browser.token(), "chosen-by-somebody-else");

    let mut old = browser.clone();
    let fields = [("email", &*email(company, "Ingrid")), ("password", PASSWORD)];
    browser.post("/sign-in", &fields).await.expect(303);
    assert_ne!(browser.token(), old.token());
    browser.get("/profile").await.expect(200);
    assert_eq!(old.get("/profile").await.expect(303).location(), "/sign-in?next=%2Fprofile");
}

#[tokio::test]
async fn signing_out_ends_the_session_and_empties_the_cache() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    let rep = app.user(company, "Ingrid", &[Role::Rep]).await;
    let mut browser = app.client(rep).await;
    let mut copied = browser.clone();
    let page = browser.get("/profile").await.expect(200);
    let answer = browser.submit(&page, "form[action='/sign-out']", &[]).await.expect(303);
    assert_eq!((answer.location(), answer.header("clear-site-data")), ("/sign-in", "\"cache\""));
    assert!(!browser.cookies.contains_key("session"));
    copied.get("/profile").await.expect(303);
    browser.post("/sign-out", &[]).await.expect(303);
}

#[tokio::test]
async fn sessions_end_by_themselves() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    for (roles, idle, absolute) in [
        (&[Role::Rep][..], Duration::hours(12), Duration::days(7)),
        (&[Role::Manager], Duration::hours(12), Duration::days(7)),
        (&[Role::Finance], Duration::hours(1), Duration::hours(24)),
        (&[Role::Rep, Role::Admin], Duration::hours(1), Duration::hours(24)),
    ] {
        let name = format!("P{}{}", roles.len(), roles[0].as_str());
        let user = app.user(company, &name, roles).await;
        let browser = app.client(user).await;
        let second = Duration::seconds(1);
        browser.on(&app.later(idle)).get("/profile").await.expect(303);
        // Used again and again it goes on, but not for ever.
        let mut since = Duration::ZERO;
        while since + idle - second < absolute {
            since += idle - second;
            browser.on(&app.later(since)).get("/profile").await.expect(200);
        }
        browser.on(&app.later(absolute - second)).get("/profile").await.expect(200);
        browser.on(&app.later(absolute)).get("/profile").await.expect(303);
    }
}

#[tokio::test]
async fn the_eleventh_try_has_to_wait_and_others_do_not() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    app.user_with_password(company, "Ingrid", &[Role::Rep]).await;
    app.user_with_password(company, "Olav", &[Role::Rep]).await;
    let mut guesser = app.visitor();
    guesser.peer.set_ip([192, 0, 2, 1].into());
    for _ in 0..10 {
        sign_in(&mut guesser, &email(company, "Ingrid"), "wrong").await.expect(422);
    }
    // The right password does not help either: the address is out of tries.
    let answer = sign_in(&mut guesser, &email(company, "Ingrid"), PASSWORD).await.expect(429);
    assert_eq!(answer.header("retry-after"), "20", "three a minute come back");
    assert_eq!(answer.text("h1"), "Too many attempts");
    sign_in(&mut guesser, &email(company, "Olav"), PASSWORD).await.expect(429);

    // What a forged header says does not make it another address.
    guesser.headers.insert("x-forwarded-for", "203.0.113.9".parse().unwrap());
    sign_in(&mut guesser, &email(company, "Olav"), PASSWORD).await.expect(429);

    // From elsewhere nobody is held up, neither the person who was meant nor another.
    let mut elsewhere = app.visitor();
    elsewhere.peer.set_ip([192, 0, 2, 2].into());
    sign_in(&mut elsewhere.clone(), &email(company, "Ingrid"), PASSWORD).await.expect(303);
    sign_in(&mut elsewhere, &email(company, "Olav"), PASSWORD).await.expect(303);

    // For the person who was meant, a try comes back from there each three minutes.
    guesser.headers.clear();
    let answer =
        sign_in(&mut guesser.on(&app.later(Duration::seconds(120))), &email(company, "Ingrid"), PASSWORD).await;
    assert_eq!(answer.expect(429).header("retry-after"), "60", "twenty an hour come back");
    let later = app.later(Duration::seconds(180));
    sign_in(&mut guesser.on(&later), &email(company, "Ingrid"), PASSWORD).await.expect(303);
}

/// As if so many strangers in as many networks had guessed that nothing is left for further ones.
async fn exhaust(app: &TestApp, address: &str) {
    let key = format!("email {address}");
    sqlx::query!(
        "insert into throttle (key, tokens, filled_at)
         values ($1, 0, $2)
         on conflict (key) do update
         set tokens = 0, filled_at = $2",
        key,
        app.now(),
    )
    .execute(&app.db)
    .await
    .unwrap();
}

#[tokio::test]
async fn strangers_keep_nobody_out_who_has_been_in_before() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    let ingrid_herself = app.user_with_password(company, "Ingrid", &[Role::Rep]).await;
    app.user_with_password(company, "Olav", &[Role::Rep]).await;
    let (ingrid, olav) = (email(company, "Ingrid"), email(company, "Olav"));
    let mut known = app.visitor();
    let page = known.get("/sign-in").await;
    let answer = known.submit(&page, "main form", &[("email", &ingrid), ("password", PASSWORD)]).await.expect(303);
    let mark = answer.headers.get_all("set-cookie").iter().find(|cookie| cookie.as_bytes().starts_with(b"browser="));
    let mark = mark.unwrap().to_str().unwrap();
    assert!(mark.ends_with("; HttpOnly; SameSite=Lax; Path=/; Max-Age=15552000"), "{mark}");
    known.post("/sign-out", &[]).await.expect(303);

    // Strangers have guessed at Ingrid from everywhere, and others in her own network at everybody.
    exhaust(&app, &ingrid).await;
    let mut stranger = app.visitor();
    stranger.peer.set_ip([192, 0, 2, 7].into());
    let answer = sign_in(&mut stranger, &ingrid, PASSWORD).await.expect(429);
    assert_eq!(answer.header("retry-after"), "180", "all strangers together have twenty an hour");
    for number in 0..9 {
        sign_in(&mut app.visitor(), &format!("{number}@example.com"), "wrong").await.expect(422);
    }
    sign_in(&mut app.visitor(), &olav, "wrong").await.expect(422);
    sign_in(&mut app.visitor(), &olav, PASSWORD).await.expect(429);

    // Where she has signed in before she signs in, and where she is signed in she gives her password again.
    sign_in(&mut known.clone(), &ingrid, PASSWORD).await.expect(303);
    let again = [("password", PASSWORD), ("then", "/visits")];
    app.client(ingrid_herself).await.post("/confirm-password", &again).await.expect(307);

    // That browser is hers: for Olav it is a stranger's. And it has tries of its own, not without end.
    sign_in(&mut known.clone(), &olav, PASSWORD).await.expect(429);
    for _ in 0..10 {
        sign_in(&mut known.clone(), &ingrid, "wrong").await.expect(422);
    }
    let answer = sign_in(&mut known.clone(), &ingrid, PASSWORD).await.expect(429);
    assert_eq!(answer.header("retry-after"), "180");
    // A mark that somebody made up is none.
    stranger.cookies.insert("browser".to_owned(), "a".repeat(43));
    sign_in(&mut stranger, &ingrid, PASSWORD).await.expect(429);
    // In half a year it is forgotten, by the next sign-in elsewhere.
    let late = app.later(Duration::days(181));
    sign_in(&mut late.visitor(), &ingrid, PASSWORD).await.expect(303);
    exhaust(&late, &ingrid).await;
    sign_in(&mut known.on(&late), &ingrid, PASSWORD).await.expect(429);
}

#[tokio::test]
async fn right_passwords_use_up_no_tries() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    app.user_with_password(company, "Ingrid", &[Role::Rep]).await;
    for _ in 0..12 {
        sign_in(&mut app.visitor(), &email(company, "Ingrid"), PASSWORD).await.expect(303);
    }
}

#[tokio::test]
async fn wrong_passwords_close_no_door_and_what_wrong_codes_close_a_new_password_opens() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    let rep = app.user_with_password(company, "Ingrid", &[Role::Rep]).await;
    let address = email(company, "Ingrid");
    sqlx::query!("update sign_ins set failures = 99 where email = $1", address).execute(&app.db).await.unwrap();
    sign_in(&mut app.visitor(), &address, "wrong").await.expect(422);
    sign_in(&mut app.visitor(), &address, PASSWORD).await.expect(303);
    // By codes: only whoever has the password is asked for one (`second_factor`).
    sqlx::query!("update sign_ins set failures = 100 where email = $1", address).execute(&app.db).await.unwrap();
    sign_in(&mut app.visitor(), &address, PASSWORD).await.expect(422);
    let mut tx = app.write(company).await;
    let hash = passwords::hash_here(PASSWORD).unwrap();
    attain::sign_in::db::set_password(&mut tx, rep.id, &address, &hash).await.unwrap();
    tx.commit().await.unwrap();
    sign_in(&mut app.visitor(), &address, PASSWORD).await.expect(303);
}

#[tokio::test]
async fn a_hash_of_other_parameters_is_renewed() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    app.user_with_password(company, "Ingrid", &[Role::Rep]).await;
    let weak = argon2::Params::new(8, 1, 1, None).unwrap();
    let weak = argon2::Argon2::from(weak);
    let weak = argon2::PasswordHasher::hash_password(&weak, PASSWORD.as_bytes()).unwrap().to_string();
    assert!(weak.contains("m=8,t=1,p=1"));
    sqlx::query!("update sign_ins set password_hash = $1, failures = 3", weak).execute(&app.db).await.unwrap();
    sign_in(&mut app.visitor(), &email(company, "Ingrid"), PASSWORD).await.expect(303);
    let now = sqlx::query!("select password_hash, failures from sign_ins").fetch_one(&app.db).await.unwrap();
    assert!(now.password_hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", now.password_hash);
    assert_eq!(now.failures, 0);
    sign_in(&mut app.visitor(), &email(company, "Ingrid"), PASSWORD).await.expect(303);
}

#[tokio::test]
async fn a_flood_of_sign_ins_does_not_keep_others_waiting() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    app.user_with_password(company, "Ingrid", &[Role::Rep]).await;
    let flood: Vec<_> = (1..=20_u8)
        .map(|number| {
            let mut browser = app.visitor();
            browser.peer.set_ip([192, 0, 2, number].into());
            let fields = [("email", format!("{number}@example.com")), ("password", "wrong".to_owned())];
            tokio::spawn(async move {
                let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
                browser.post("/sign-in", &fields).await
            })
        })
        .collect();
    let mut visitor = app.visitor();
    for _ in 0..10 {
        let begun = std::time::Instant::now();
        visitor.get("/healthz").await.expect(200);
        assert!(begun.elapsed().as_millis() < 100, "{:?}", begun.elapsed());
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    for answer in flood {
        answer.await.unwrap().expect(422);
    }
}

#[tokio::test]
async fn weighty_changes_ask_for_the_password_again_and_then_go_on() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    let admin = app.user_with_password(company, "Astrid", &[Role::Admin]).await;
    let rep = app.user(company, "Ingrid", &[Role::Rep]).await;
    let later = app.later(Duration::minutes(11));
    let mut browser = app.client(admin).await.on(&later);
    let path = format!("/users/{}", rep.id);
    let roles = format!("form[action='{path}/roles']");

    let page = browser.get(&path).await.expect(200);
    let asked = browser.submit(&page, &roles, &[("roles", "rep"), ("roles", "manager")]).await.expect(403);
    assert_eq!(asked.text("h1"), "Confirm that it is you");
    assert_eq!(stored_roles(&later, rep.id.0).await, ["rep"], "nothing is done before");

    let wrong = browser.submit(&asked, "main form", &[("password", "wrong")]).await.expect(403);
    assert!(wrong.texts(".summary-error li").contains(&"This is not your password.".to_owned()));
    assert!(!wrong.body().contains("value=\"wrong\""), "a password is never shown again");

    let before = browser.clone();
    let on = browser.submit(&wrong, "main form", &[("password", PASSWORD)]).await.expect(307);
    assert_eq!(on.location(), format!("{path}/roles"));
    assert_ne!(browser.token(), before.token(), "the session has a new token");

    // The browser sends the same form again, to where the answer leads.
    let body = wrong.form_body("main form", &[("password", PASSWORD)]);
    let done = browser.post_body(on.location(), body.clone()).await.expect(303);
    assert_eq!(done.location(), path);
    assert_eq!(stored_roles(&later, rep.id.0).await, ["manager", "rep"]);
    browser.post_body(&format!("{path}/roles"), body).await.expect(303);

    // For ten minutes nothing is asked; the old token has ended after its last moment.
    let page = browser.get(&path).await.expect(200);
    browser.submit(&page, &roles, &[("roles", "rep")]).await.expect(303);
    before.on(&later.later(Duration::seconds(9))).get("/profile").await.expect(200);
    before.on(&later.later(Duration::seconds(10))).get("/profile").await.expect(303);
}

async fn stored_roles(app: &TestApp, user: i64) -> Vec<String> {
    sqlx::query_scalar!("select role from user_roles where user_id = $1 order by role", user)
        .fetch_all(&app.db)
        .await
        .unwrap()
}

#[tokio::test]
async fn confirming_leads_nowhere_else() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    let admin = app.user_with_password(company, "Astrid", &[Role::Admin]).await;
    let mut browser = app.client(admin).await;
    for then in ["https://evil.example/", "//evil.example", ""] {
        browser.post("/confirm-password", &[("password", PASSWORD), ("then", then)]).await.expect(400);
    }
    app.visitor().post("/confirm-password", &[("password", PASSWORD), ("then", "/users")]).await.expect(303);
}

#[tokio::test]
async fn guessing_the_password_again_is_slowed_down_too() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    let admin = app.user_with_password(company, "Astrid", &[Role::Admin]).await;
    let mut browser = app.client(admin).await;
    let guess = [("password", "wrong"), ("then", "/users")];
    for _ in 0..10 {
        browser.post("/confirm-password", &guess).await.expect(403);
    }
    browser.post("/confirm-password", &guess).await.expect(429);
    let fields = [
        ("current_password", "wrong"),
        ("new_password", "kran nebel paraffin tuba"),
        ("repeat_password", "kran nebel paraffin tuba"),
    ];
    browser.post("/profile/password", &fields).await.expect(429);
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_browsers_address_counts() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    app.user_with_password(company, "Ingrid", &[Role::Rep]).await;
    let mut behind = app.app.clone();
    behind.trusted_proxies = "10.0.0.0/8".parse().unwrap();
    let browser = |forwarded: &str| {
        let mut browser = app.visitor().before(behind.clone());
        browser.peer.set_ip([10, 0, 0, 1].into());
        browser.headers.insert("x-forwarded-for", forwarded.parse().unwrap());
        browser
    };
    for number in 0..10 {
        let mut guesser = browser(&format!("198.51.100.{number}, 203.0.113.9"));
        sign_in(&mut guesser, &format!("x{number}@example.com"), "wrong").await.expect(422);
    }
    sign_in(&mut browser("203.0.113.9"), &email(company, "Ingrid"), PASSWORD).await.expect(429);
    sign_in(&mut browser("203.0.113.10"), &email(company, "Ingrid"), PASSWORD).await.expect(303);
    let ip = sqlx::query_scalar!("select ip from sessions").fetch_one(&app.db).await.unwrap();
    assert_eq!(ip, "203.0.113.10");
}

/// Everything that a new password does, up to the moment before it counts.
async fn choose(app: &TestApp, user: User, address: &str) -> Tx {
    let mut tx = app.write(user.org).await;
    let hash = passwords::hash_here("kran nebel paraffin tuba").unwrap();
    attain::sign_in::db::set_password(&mut tx, user.id, address, &hash).await.unwrap();
    sessions::end_all(&mut tx, user.id, None).await.unwrap();
    tx
}

async fn sessions_left(app: &TestApp) -> i64 {
    sqlx::query_scalar!(r#"select count(*) as "count!" from sessions"#).fetch_one(&app.db).await.unwrap()
}

#[tokio::test]
async fn a_sign_in_with_the_old_password_that_is_under_way_begins_no_session() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    let rep = app.user_with_password(company, "Ingrid", &[Role::Rep]).await;
    let address = email(company, "Ingrid");
    let tx = choose(&app, rep, &address).await;
    let (mut browser, to) = (app.visitor(), address.clone());
    let asked = tokio::spawn(async move { browser.post("/sign-in", &[("email", &to), ("password", PASSWORD)]).await });
    app.until_waiting(1).await; // the old password was right, when it was compared
    tx.commit().await.unwrap();
    let answer = asked.await.unwrap().expect(422);
    assert!(!answer.headers.contains_key("set-cookie"));
    assert_eq!(sessions_left(&app).await, 0);
    sign_in(&mut app.visitor(), &address, "kran nebel paraffin tuba").await.expect(303);
}

#[tokio::test]
async fn a_new_password_waits_for_a_session_that_is_being_begun_and_ends_it() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    let rep = app.user_with_password(company, "Ingrid", &[Role::Rep]).await;
    // As the door and the renewal of a token do it: the password is held, and the session is not to be seen yet.
    let mut door = app.db.begin().await.unwrap();
    attain::sign_in::db::hold(&mut *door, rep.org, rep.id).await.unwrap().unwrap();
    let (_, token_hash) = new_token();
    let new = NewSession { token_hash: &token_hash, org: rep.org, user: rep.id, ip: "127.0.0.1", user_agent: "" };
    sessions::insert(&mut *door, &new, app.now()).await.unwrap();
    let ending = tokio::spawn({
        let (app, address) = (app.later(Duration::ZERO), email(company, "Ingrid"));
        async move { choose(&app, rep, &address).await.commit().await.unwrap() }
    });
    app.until_waiting(1).await;
    door.commit().await.unwrap();
    ending.await.unwrap();
    assert_eq!(sessions_left(&app).await, 0);
}

#[tokio::test]
async fn a_password_given_again_renews_no_session_that_was_ended_meanwhile() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    let rep = app.user_with_password(company, "Ingrid", &[Role::Rep]).await;
    let mut browser = app.client(rep).await;
    let tx = choose(&app, rep, &email(company, "Ingrid")).await;
    let asked = tokio::spawn(async move {
        let answer = browser.post("/confirm-password", &[("password", PASSWORD), ("then", "/visits")]).await;
        (browser, answer)
    });
    app.until_waiting(1).await;
    tx.commit().await.unwrap();
    let (mut browser, _) = asked.await.unwrap();
    assert_eq!(sessions_left(&app).await, 0);
    browser.get("/visits").await.expect(303);
}

#[tokio::test]
async fn an_old_password_is_not_kept_under_new_parameters() {
    let app = TestApp::new().await;
    let company = app.company("Nordlys").await;
    app.user_with_password(company, "Ingrid", &[Role::Rep]).await;
    let address = email(company, "Ingrid");
    attain::sign_in::db::renew_hash(&app.db, &address, "what it was compared with", "the old one anew").await.unwrap();
    sign_in(&mut app.visitor(), &address, PASSWORD).await.expect(303);
}

#[tokio::test]
async fn a_form_may_be_asked_for_without_a_body() {
    let app = TestApp::new().await;
    app.company("Nordlys").await;
    let request = Request::post("/sign-in").body(Body::empty()).unwrap();
    app.visitor().send(request).await.expect(400);
}
