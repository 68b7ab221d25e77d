//! The server's key: secrets of second factors are stored encrypted with it, and nothing else reads them.

use std::{fs, path::Path};

use attain::{
    domain::access::Role,
    sign_in::keeping::{KeyError, Place, ready},
};
use sqlx::{PgPool, Row};
use time::Duration;

use crate::{
    phone::Phone,
    second_factor::turn_on,
    support::{Answer, Client, KEY, NOW, PASSWORD, TestApp, User, email},
};

const PAGE: &str = "/profile/second-factor";

/// Two reps with a second factor each.
struct Two {
    app: TestApp,
    people: [(User, &'static str, Phone); 2],
}

impl Two {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let org = app.company("Nordlys").await;
        let mut people = vec![];
        for name in ["Ingrid", "Olav"] {
            let user = app.user_with_password(org, name, &[Role::Rep]).await;
            let (phone, _) = turn_on(&mut app.client(user).await, NOW).await;
            people.push((user, name, phone));
        }
        Self { app, people: people.try_into().ok().unwrap() }
    }

    fn db(&self) -> &PgPool {
        &self.app.db
    }

    /// Signs one of them in at a minute after [`NOW`], with password and code.
    async fn sign_in(&self, whom: usize, minute: i64) -> (Client, Answer) {
        let (user, name, phone) = &self.people[whom];
        let after = Duration::minutes(minute);
        let mut browser = self.app.later(after).visitor();
        let typed = [("email", &*email(user.org, name)), ("password", PASSWORD)];
        browser.post("/sign-in", &typed).await.expect(303);
        let answer = browser.post("/sign-in/code", &[("code", &phone.code(NOW + after))]).await;
        (browser, answer)
    }

    /// The same in front of a server without a key.
    fn without_key(&self) -> Self {
        let mut app = self.app.later(Duration::ZERO);
        app.app.key = None;
        Self { app, people: self.people.clone() }
    }

    /// As it was stored before there were keys.
    async fn store_readable(&self) {
        for (user, _, phone) in &self.people {
            sqlx::query!(
                "update second_factors set secret = $3, sealed = null where org_id = $1 and user_id = $2",
                user.org.0,
                user.id.0,
                raw(phone),
            )
            .execute(self.db())
            .await
            .unwrap();
        }
    }
}

/// The bytes of what a phone was told in base32.
fn raw(phone: &Phone) -> Vec<u8> {
    let place = |letter| u64::try_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(letter).unwrap()).unwrap();
    let eight: Vec<char> = phone.secret.chars().collect();
    let five = |letters: &[char]| letters.iter().fold(0, |bits, letter| (bits << 5) | place(*letter)).to_be_bytes();
    eight.chunks(8).flat_map(|letters| five(letters)[3..].to_vec()).collect()
}

/// Every row of every table, as text: bytes are hexadecimal there.
async fn dump(db: &PgPool) -> String {
    let tables = sqlx::query_scalar!(
        r#"select relname::text as "name!" from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'"#
    );
    let mut all = String::new();
    for table in tables.fetch_all(db).await.unwrap() {
        let sql = sqlx::AssertSqlSafe(format!("select coalesce(string_agg(t::text, E'\\n'), '') from {table} t"));
        all += sqlx::raw_sql(sql).fetch_one(db).await.unwrap().get(0);
    }
    all
}

/// How the secrets are stored, readable and not.
async fn stored(db: &PgPool) -> Vec<(Option<Vec<u8>>, Option<Vec<u8>>)> {
    let rows = sqlx::query!("select secret, sealed from second_factors order by user_id").fetch_all(db).await.unwrap();
    rows.into_iter().map(|row| (row.secret, row.sealed)).collect()
}

fn file_with(folder: &Path, key: &str) -> Place {
    let path = folder.join("named.key");
    fs::write(&path, key).unwrap();
    Place::Named(path)
}

#[tokio::test]
async fn nothing_that_is_stored_tells_a_secret() {
    let two = Two::new().await;
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let is_told = |all: &str, phone: &Phone| {
        let text = phone.secret.as_bytes();
        [phone.secret.clone(), hex(text), hex(&raw(phone))].iter().any(|told| all.contains(told))
    };
    let (all, stored_now) = (dump(two.db()).await, stored(two.db()).await);
    assert!(two.people.iter().all(|(_, _, phone)| !is_told(&all, phone)));
    assert!(stored_now.iter().all(|(secret, sealed)| secret.is_none() && sealed.as_ref().unwrap().len() == 49));
    assert!(all.contains(&hex(stored_now[0].1.as_ref().unwrap())), "the look sees bytes");
    for whom in 0..2 {
        assert_eq!(two.sign_in(whom, 1).await.1.expect(303).location(), "/");
    }
    // Nor does one that is begun only.
    let (ingrid, _, _) = two.people[0];
    let anna = two.app.user_with_password(ingrid.org, "Anna", &[Role::Rep]).await;
    let mut browser = two.app.client(anna).await;
    browser.post(PAGE, &[]).await.expect(303);
    let secret = browser.get(&format!("{PAGE}/new")).await.expect(200).text("textarea#secret").replace(' ', "");
    assert!(!is_told(&dump(two.db()).await, &Phone { secret }));
    // It would be found.
    two.store_readable().await;
    let all = dump(two.db()).await;
    assert!(two.people.iter().all(|(_, _, phone)| is_told(&all, phone)));
}

#[tokio::test]
async fn a_row_of_somebody_else_or_a_changed_one_lets_nobody_in() {
    let two = Two::new().await;
    // Whoever can write to the database would sign in as Ingrid with the own phone.
    let copied = "update second_factors f set sealed = o.sealed from second_factors o
                  where f.user_id <> o.user_id and f.user_id = (select min(user_id) from second_factors)";
    sqlx::raw_sql(copied).execute(two.db()).await.unwrap();
    let mut people = two.people.clone();
    people[0].2 = two.people[1].2.clone();
    let thief = Two { app: two.app.later(Duration::ZERO), people };
    let (mut browser, answer) = thief.sign_in(0, 1).await;
    assert!(!answer.expect(500).body().contains("server’s key"), "the cause is for the log");
    browser.get("/profile").await.expect(303);
    assert_eq!(two.sign_in(1, 1).await.1.expect(303).location(), "/", "others are not concerned");
    let torn = "update second_factors set sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1)";
    sqlx::raw_sql(torn).execute(two.db()).await.unwrap();
    two.sign_in(1, 2).await.1.expect(500);
    // Nor does one that somebody wrote there readable: the server has a key, so it is none of its own.
    two.store_readable().await;
    two.sign_in(1, 3).await.1.expect(500);
    // An administrator takes it off.
    let (ingrid, _, _) = two.people[0];
    let admin = two.app.user_with_password(ingrid.org, "Astrid", &[Role::Admin]).await;
    let mut admin = two.app.client(admin).await;
    admin.post(&format!("/users/{}/second-factor/off", ingrid.id), &[]).await.expect(303);
}

#[tokio::test]
async fn what_was_stored_readable_is_encrypted_at_the_start() {
    let two = Two::new().await;
    two.store_readable().await;
    let without = two.without_key();
    assert_eq!(without.sign_in(0, 1).await.1.expect(303).location(), "/", "without a key it counts as it is");
    let (mut browser, answer) = two.sign_in(1, 1).await;
    answer.expect(500);
    browser.get("/profile").await.expect(303);
    let folder = tempfile::tempdir().unwrap();
    let place = file_with(folder.path(), KEY);
    assert!(ready(two.db(), &Place::Nowhere).await.unwrap().is_none());
    assert!(stored(two.db()).await.iter().all(|(secret, _)| secret.is_some()), "without a key nothing is lost");
    assert!(ready(two.db(), &place).await.unwrap().is_some());
    let taken_over = stored(two.db()).await;
    assert!(taken_over.iter().all(|(secret, sealed)| secret.is_none() && sealed.is_some()));
    for whom in 0..2 {
        assert_eq!(two.sign_in(whom, 2).await.1.expect(303).location(), "/");
    }
    assert!(ready(two.db(), &place).await.unwrap().is_some());
    assert_eq!(stored(two.db()).await, taken_over, "the next start has nothing to do");
}

#[tokio::test]
async fn without_its_key_the_server_does_not_start() {
    let two = Two::new().await;
    let folder = tempfile::tempdir().unwrap();
    let own = Place::Own(folder.path().join("secret.key"));
    let words = async |place: &Place| ready(two.db(), place).await.unwrap_err().to_string();
    for place in [&own, &Place::Nowhere] {
        let told = words(place).await;
        assert!(
            told.starts_with("2 second factors are encrypted, and ")
                && told.contains("--everybody")
                && told.contains("for each company (--organization)"),
            "{told}"
        );
    }
    assert!(fs::read_dir(folder.path()).unwrap().next().is_none(), "a new key would hide that the old one is missing");
    let other = file_with(folder.path(), &"7".repeat(64));
    let told = words(&other).await;
    let path = folder.path().join("named.key");
    let expected = format!("2 second factors are encrypted with another key than that of {}. ", path.display());
    assert!(told.starts_with(&expected), "{told}");
    assert!(matches!(ready(two.db(), &file_with(folder.path(), "no key")).await, Err(KeyError::Named { .. })));
    fs::remove_file(&path).unwrap();
    assert!(words(&Place::Named(path)).await.starts_with("ATTAIN_KEY_FILE: cannot use "));
    // One row that does not fit is its person's affair; one that is begun only, nobody's.
    let place = file_with(folder.path(), KEY);
    let torn =
        "update second_factors set sealed = sha256('a') where user_id = (select min(user_id) from second_factors)";
    sqlx::raw_sql(torn).execute(two.db()).await.unwrap();
    assert!(ready(two.db(), &place).await.unwrap().is_some());
    sqlx::raw_sql("update second_factors set confirmed_at = null").execute(two.db()).await.unwrap();
    assert!(ready(two.db(), &own).await.unwrap().is_some(), "nothing that counts is lost");
    assert!(folder.path().join("secret.key").exists());
}

#[tokio::test]
async fn a_server_without_a_key_turns_none_on_and_asks_none() {
    let mut app = TestApp::new().await;
    app.app.key = None;
    let org = app.company("Nordlys").await;
    let mut admin = app.client(app.user_with_password(org, "Astrid", &[Role::Admin]).await).await;
    let page = admin.get(PAGE).await.expect(200);
    assert!(page.text("main .strip.warn").contains("ATTAIN_KEY_FILE") && !page.has("main form"), "{}", page.words());
    let refused = admin.post(PAGE, &[]).await.expect(409);
    assert!(refused.words().contains("This server has no key yet"), "{}", refused.words());
    // Whoever would have to have one could go nowhere.
    let page = admin.get("/settings").await.expect(200);
    let ticked = [("second_factor_required", "yes"), ("name", "Nordlys Foods")];
    let refused = admin.submit(&page, "form[action='/settings']", &ticked).await.expect(422);
    assert!(refused.words().contains("This server has no key yet"), "{}", refused.words());
    assert!(refused.has("input[name='name'][value='Nordlys Foods']"), "what was typed is kept");
    admin.submit(&page, "form[action='/settings']", &[]).await.expect(303);
    admin.get("/settings").await.expect(200);
}

#[test]
fn the_tests_read_secrets_as_phones_do() {
    let phone = Phone { secret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ".to_owned() };
    assert_eq!(raw(&phone), b"12345678901234567890");
}
