//! Importing in the browser: files are sent, looked at, and imported once and whole, or not at all.

use std::io::Read as _;

use attain::{domain::access::Role, imports::changes};
use axum::{
    body::Body,
    http::{Request, header},
};
use time::Duration;
use uuid::Uuid;

use crate::support::{Answer, Client, TestApp, User, email};

const CUSTOMERS: (&str, &str) = ("customers.csv", "external_id,name,city\nC1,Alpha,Oslo\nC2,Beta,Bergen\n");

struct World {
    app: TestApp,
    astrid: User,
}

impl World {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let org = app.company("Nordlys").await;
        let astrid = app.user_with_password(org, "Astrid", &[Role::Admin]).await;
        Self { app, astrid }
    }

    async fn browser(&self) -> Client {
        self.app.client(self.astrid).await
    }

    async fn customers(&self) -> Vec<String> {
        let names =
            sqlx::query_scalar!("select name from customers where org_id = $1 order by name", self.astrid.org.0);
        names.fetch_all(&self.app.db).await.unwrap()
    }

    async fn waiting(&self) -> Option<i64> {
        sqlx::query_scalar!("select count(*) from import_upload_files").fetch_one(&self.app.db).await.unwrap()
    }
}

/// The body of a form with files, as browsers send it.
fn multipart(once: &str, files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = format!("--XX\r\nContent-Disposition: form-data; name=\"once\"\r\n\r\n{once}\r\n").into_bytes();
    for (name, content) in files {
        let head = format!(
            "--XX\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{name}\"\r\nContent-Type: text/csv\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--XX--\r\n");
    body
}

async fn send_body(browser: &mut Client, body: Vec<u8>, site: &str) -> Answer {
    let request = Request::post("/imports")
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=XX")
        .header("sec-fetch-site", site)
        .body(Body::from(body))
        .unwrap();
    browser.send(request).await
}

/// Sends files to be looked at.
pub async fn send(browser: &mut Client, files: &[(&str, &str)]) -> Answer {
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    send_body(browser, multipart(&Uuid::new_v4().to_string(), &files), "same-origin").await
}

/// The button that imports what was looked at.
pub const APPLY: &str = "form[action$='/apply']";

#[tokio::test]
async fn files_are_looked_at_before_they_are_imported() {
    let world = World::new().await;
    let mut astrid = world.browser().await;
    let sent = send(&mut astrid, &[CUSTOMERS]).await.expect(303);
    let preview = astrid.follow(&sent).await.expect(200);
    assert_eq!(preview.text("h1"), "Ready to import");
    assert_eq!(preview.text("tbody tr"), "customers.csv 2 0 0");
    assert!(world.customers().await.is_empty(), "nothing has happened yet");
    assert_eq!(astrid.get("/imports").await.attribute(".strip a", "href"), sent.location());

    let done = astrid.submit(&preview, APPLY, &[]).await.expect(303);
    let page = astrid.follow(&done).await.expect(200);
    assert!(page.words().contains("Imported: 2 created, 0 updated, 0 unchanged"), "{}", page.words());
    assert!(page.words().contains("by Astrid customers.csv: 2 created"), "{}", page.words());
    assert_eq!(world.customers().await, ["Alpha", "Beta"]);
    assert_eq!(world.waiting().await, Some(0), "what was imported is thrown away");

    // The same again, with one change.
    let text = "external_id,name,city\nC1,Alpha,Oslo\nC2,Beta,Voss\n";
    let sent = send(&mut astrid, &[("Customers (1).CSV", text)]).await.expect(303);
    let preview = astrid.follow(&sent).await;
    assert_eq!(preview.text("tbody tr"), "customers.csv 0 1 1");
    astrid.submit(&preview, APPLY, &[]).await.expect(303);
    let who = sqlx::query_scalar!("select user_id from audit where action = 'customer.changed'");
    assert_eq!(who.fetch_one(&world.app.db).await.unwrap(), Some(world.astrid.id), "the history names who imported");
    let sent = send(&mut astrid, &[("customers.csv", text)]).await.expect(303);
    let preview = astrid.follow(&sent).await.expect(200);
    assert_eq!(preview.text("h1"), "Nothing new");
    assert!(!preview.has(APPLY));
}

#[tokio::test]
async fn every_problem_stands_with_its_place() {
    let world = World::new().await;
    let mut astrid = world.browser().await;
    let rows: String = (2..=31).map(|n| format!("V{n},R9,C{n},2026-13-01\n")).collect();
    let visits = format!("external_id,rep,customer,visited_on\n{rows}");
    let customers = "external_id,name\nC1,\nC2,Be\0ta\n";
    let sent = send(&mut astrid, &[("visits.csv", &visits), ("customers.csv", customers)]).await.expect(303);
    let page = astrid.follow(&sent).await.expect(200);
    assert_eq!(page.text("h1"), "91 problems");
    assert_eq!(page.texts("section h2"), ["customers.csv", "visits.csv"]);
    let rows = page.texts("tbody tr");
    assert_eq!(rows[0], "name Line 2 The cell is empty. Each row needs a value here.");
    assert_eq!(rows[1], "name Line 3 : “Be ta” A NUL character cannot be stored. Remove it.");
    assert!(rows[2].ends_with("add the person to reps.csv.") && rows[2].contains("and 22 more"), "{}", rows[2]);
    assert!(!page.has(APPLY));
    // Whoever asks nevertheless imports nothing.
    let again = astrid.post(&format!("{}/apply", sent.location()), &[]).await.expect(409);
    assert_eq!(again.texts("section h2"), ["customers.csv", "visits.csv"]);
    assert!(world.customers().await.is_empty());
    let page = astrid.get(sent.location()).await;
    astrid.submit(&page, "form[action$='/discard']", &[]).await.expect(303);
    astrid.get(sent.location()).await.expect(404);
    assert_eq!(world.waiting().await, Some(0));
}

#[tokio::test]
async fn somebody_stays_administrator() {
    let world = World::new().await;
    let org = world.astrid.org;
    world.app.user(org, "Berit", &[Role::Admin]).await; // without a password
    let mut astrid = world.browser().await;
    let people = format!(
        "external_id,name,email,left_on\nR1,Ingrid,,2026-10-01\nR2,Astrid,{},2026-12-01\n",
        email(org, "Astrid")
    );
    let sent = send(&mut astrid, &[("reps.csv", &people)]).await.expect(303);
    let page = astrid.follow(&sent).await.expect(200);
    let words = "This is the only administrator with a password. Make somebody else administrator first.";
    assert_eq!(page.texts("tbody tr"), [format!("left_on Line 3 : “2026-12-01” {words}")]);
    assert!(!page.has(APPLY));
    // Of two one may leave, and not both.
    world.app.user_with_password(org, "Cecilie", &[Role::Admin]).await;
    let sent = send(&mut astrid, &[("reps.csv", &people)]).await.expect(303);
    assert!(astrid.follow(&sent).await.expect(200).has(APPLY));
    let both = format!("{people}R3,Cecilie,{},2026-12-01\n", email(org, "Cecilie"));
    let sent = send(&mut astrid, &[("reps.csv", &both)]).await.expect(303);
    let page = astrid.follow(&sent).await.expect(200);
    assert_eq!(page.texts("tbody tr"), [format!("left_on Line 4 : “2026-12-01” {words}")]);
}

#[tokio::test]
async fn what_no_import_reads_is_refused_in_words() {
    let world = World::new().await;
    let mut astrid = world.browser().await;
    let many: String =
        std::iter::once("external_id,name\n".to_owned()).chain((0..20_001).map(|n| format!("C{n},Name\n"))).collect();
    for (files, words) in [
        (&[][..], "Choose at least one file."),
        (&[("", "")], "Choose at least one file."),
        (&[("leads.csv", "a\n")], "“leads.csv” is none of the files that are read."),
        (&[("../../etc/customers.csv", "a\n")], "is none of the files that are read."),
        (&[("customers.csv", "")], "“customers.csv” is empty."),
        (&[CUSTOMERS, ("customers (1).csv", "external_id,name\n")], "is the second customers.csv."),
        (&[("customers.csv", many.as_str())], "The files have 20,001 rows together; 20,000 are possible here."),
    ] {
        let page = send(&mut astrid, files).await.expect(422);
        assert!(page.text(".summary-error").contains(words), "{words}: {}", page.text(".summary-error"));
    }
    astrid.post("/imports", &[]).await.expect(400);
    send_body(&mut astrid, b"--XX\r\nContent-Dis".to_vec(), "same-origin").await.expect(400);
    send_body(&mut astrid, multipart("no key", &[("customers.csv", b"external_id,name\n")]), "same-origin")
        .await
        .expect(400);
    let body = multipart(&Uuid::new_v4().to_string(), &[("customers.csv", b"external_id,name\nC1,A\n")]);
    send_body(&mut astrid, body, "cross-site").await.expect(403);
    assert_eq!(world.waiting().await, Some(0));
}

#[tokio::test]
async fn too_much_is_refused_in_words() {
    let world = World::new().await;
    let mut astrid = world.browser().await;
    for megabytes in [17, 65] {
        let mut content = vec![];
        std::io::repeat(b'x').take(megabytes << 20).read_to_end(&mut content).unwrap();
        let body = multipart(&Uuid::new_v4().to_string(), &[("customers.csv", &content)]);
        let page = send_body(&mut astrid, body, "same-origin").await.expect(413);
        assert!(page.text(".summary-error").contains("more than 16 MB together"), "{}", page.words());
    }
    // Together, too.
    let half = vec![b'x'; 9 << 20];
    let body = multipart(&Uuid::new_v4().to_string(), &[("customers.csv", &half), ("reps.csv", &half)]);
    send_body(&mut astrid, body, "same-origin").await.expect(413);
    // Other forms stay as small as they were.
    astrid.post_body("/products", "name=".to_owned() + &"x".repeat(70 << 10)).await.expect(413);
}

#[tokio::test]
async fn nothing_is_imported_twice() {
    let world = World::new().await;
    let mut astrid = world.browser().await;
    let body = multipart(&Uuid::new_v4().to_string(), &[("customers.csv", CUSTOMERS.1.as_bytes())]);
    let first = send_body(&mut astrid, body.clone(), "same-origin").await.expect(303);
    let twin = send_body(&mut astrid, body, "same-origin").await.expect(303);
    assert_eq!(first.location(), twin.location(), "a double click sends one upload");

    let (tab, other_tab) = (astrid.get(first.location()).await, astrid.get(first.location()).await);
    let (mut one, mut two) = (astrid.clone(), astrid.clone());
    let (one, two) = tokio::join!(one.submit(&tab, APPLY, &[]), two.submit(&tab, APPLY, &[]));
    assert_eq!((one.expect(303).location(), two.expect(303).location()), ("/imports", "/imports"));
    let late = astrid.submit(&other_tab, APPLY, &[]).await.expect(409);
    assert!(late.words().contains("were imported, discarded or replaced"), "{}", late.words());
    astrid.submit(&other_tab, "form[action$='/discard']", &[]).await.expect(409);
    let imports = sqlx::query_scalar!("select count(*) from audit where action = 'import.done'");
    assert_eq!(imports.fetch_one(&world.app.db).await.unwrap(), Some(1));
    assert_eq!(world.customers().await, ["Alpha", "Beta"]);
}

#[tokio::test]
async fn nothing_is_imported_that_was_not_looked_at() {
    let world = World::new().await;
    let mut astrid = world.browser().await;
    let sent = send(&mut astrid, &[CUSTOMERS]).await.expect(303);
    let preview = astrid.follow(&sent).await.expect(200);
    // Somebody else imports one of the two meanwhile.
    let berit = world.app.user_with_password(world.astrid.org, "Berit", &[Role::Admin]).await;
    let mut berit = world.app.client(berit).await;
    let theirs = send(&mut berit, &[("customers.csv", "external_id,name\nC1,Alfa\n")]).await.expect(303);
    let page = berit.follow(&theirs).await;
    berit.submit(&page, APPLY, &[]).await.expect(303);

    let changed = astrid.submit(&preview, APPLY, &[]).await.expect(409);
    assert!(changed.text(".summary-error").contains("has changed since you looked"), "{}", changed.words());
    assert_eq!(changed.text("tbody tr"), "customers.csv 1 1 0");
    assert_eq!(world.customers().await, ["Alfa"]);
    astrid.submit(&changed, APPLY, &[]).await.expect(303);
    assert_eq!(world.customers().await, ["Alpha", "Beta"]);

    // Files that were replaced by others, and files of yesterday, are over.
    let first = send(&mut astrid, &[("customers.csv", "external_id,name\nC3,Gamma\n")]).await.expect(303);
    let old = astrid.follow(&first).await;
    let second = send(&mut astrid, &[("customers.csv", "external_id,name\nC4,Delta\n")]).await.expect(303);
    astrid.submit(&old, APPLY, &[]).await.expect(409);
    let page = astrid.follow(&second).await.expect(200);
    let later = world.app.later(Duration::hours(25));
    let mut tomorrow = later.client(world.astrid).await;
    tomorrow.submit(&page, APPLY, &[]).await.expect(409);
    tomorrow.get(second.location()).await.expect(404);
    assert!(!tomorrow.get("/imports").await.expect(200).has(".strip a"));
    send(&mut tomorrow, &[CUSTOMERS]).await.expect(303);
    assert_eq!(world.waiting().await, Some(1), "what is over is thrown away");
}

#[tokio::test]
async fn nobody_else_sees_or_imports_what_was_sent() {
    let world = World::new().await;
    let mut astrid = world.browser().await;
    let sent = send(&mut astrid, &[CUSTOMERS]).await.expect(303);
    let colleague = world.app.user(world.astrid.org, "Berit", &[Role::Admin]).await;
    let elsewhere = world.app.company("Sørlys").await;
    let stranger = world.app.user(elsewhere, "Olga", &[Role::Admin]).await;
    for other in [colleague, stranger] {
        let mut browser = world.app.client(other).await;
        browser.get(sent.location()).await.expect(404);
        for act in ["apply", "discard", "columns"] {
            browser.post(&format!("{}/{act}", sent.location()), &[]).await.expect(409);
        }
        assert!(!browser.get("/imports").await.expect(200).has(".strip a"));
    }
    let page = astrid.follow(&sent).await.expect(200);
    astrid.submit(&page, APPLY, &[]).await.expect(303);
    assert_eq!(world.customers().await, ["Alpha", "Beta"]);
    // What is imported there is not imported here.
    let mut olga = world.app.client(stranger).await;
    let sent = send(&mut olga, &[CUSTOMERS]).await.expect(303);
    assert_eq!(olga.follow(&sent).await.text("tbody tr"), "customers.csv 2 0 0");
}

#[tokio::test]
async fn a_fresh_password_is_asked_for_before_an_import() {
    let world = World::new().await;
    let astrid = world.browser().await;
    let later = world.app.later(Duration::minutes(11));
    let mut astrid = astrid.on(&later);
    let sent = send(&mut astrid, &[CUSTOMERS]).await.expect(303);
    let page = astrid.follow(&sent).await.expect(200);
    let asked = astrid.submit(&page, APPLY, &[]).await.expect(403);
    assert!(asked.has("input[type='password']"));
    assert!(world.customers().await.is_empty());
    let again = astrid.submit(&asked, "main form", &[("password", crate::support::PASSWORD)]).await.expect(307);
    let fields = page.form_body(APPLY, &[]);
    astrid.post_body(again.location(), fields).await.expect(303);
    assert_eq!(world.customers().await, ["Alpha", "Beta"]);
}

#[tokio::test]
async fn templates_are_files_that_an_import_takes() {
    let world = World::new().await;
    let mut astrid = world.browser().await;
    let page = astrid.get("/imports").await.expect(200);
    let mut files = vec![];
    for path in page.attributes("a[href^='/imports/templates/']", "href") {
        let answer = astrid.get(&path).await.expect(200);
        let name = path.rsplit('/').next().unwrap().to_owned();
        assert_eq!(answer.header("content-disposition"), format!("attachment; filename=\"{name}\""));
        files.push((name, answer.body()));
    }
    assert_eq!(files.len(), attain::imports::import::FILES.len());
    astrid.get("/imports/templates/leads.csv").await.expect(404);
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let sent = send(&mut astrid, &files).await.expect(303);
    let preview = astrid.follow(&sent).await.expect(200);
    assert_eq!(preview.text("h1"), "Ready to import", "{}", preview.words());
    astrid.submit(&preview, APPLY, &[]).await.expect(303);
    assert_eq!(world.customers().await, ["Nordlys Catering"]);
    let sent = send(&mut astrid, &files).await.expect(303);
    assert_eq!(astrid.follow(&sent).await.text("h1"), "Nothing new");
}

#[tokio::test]
async fn columns_of_other_names_are_read_as_it_was_said() {
    let world = World::new().await;
    let mut astrid = world.browser().await;
    let reps = ("reps.csv", "external_id,Navn,Lønn\nR1,Ingrid,5\n");
    let sent = send(&mut astrid, &[reps]).await.expect(303);
    let page = astrid.follow(&sent).await.expect(200);
    assert_eq!(page.text("h1"), "3 problems", "{}", page.words());
    assert_eq!(page.texts("label"), ["“Navn” in reps.csv", "“Lønn” in reps.csv"]);
    let path = format!("{}/columns", sent.location());
    let said = |columns: [&'static str; 2]| {
        let [navn, pay] = columns;
        [
            ("file", "reps.csv"),
            ("header", "Navn"),
            ("column", navn),
            ("file", "reps.csv"),
            ("header", "Lønn"),
            ("column", pay),
        ]
    };
    astrid.post(&path, &said(["shoe_size", "-"])).await.expect(400);
    let checked = astrid.post(&path, &said(["name", "-"])).await.expect(303);
    let page = astrid.follow(&checked).await.expect(200);
    assert_eq!(page.text("tbody tr"), "reps.csv 1 0 0");
    assert_eq!(page.attributes("option[selected]", "value"), ["name", "-"]);
    astrid.submit(&page, APPLY, &[]).await.expect(303);
    let name = sqlx::query_scalar!("select name from users where external_id = 'R1'");
    assert_eq!(name.fetch_one(&world.app.db).await.unwrap(), "Ingrid");

    // It is remembered, and can be taken back.
    let sent = send(&mut astrid, &[("reps.csv", "Navn,external_id,Lønn\nOlav,R2,6\n")]).await.expect(303);
    let page = astrid.follow(&sent).await.expect(200);
    assert_eq!(page.text("tbody tr"), "reps.csv 1 0 0");
    let checked = astrid.post(&format!("{}/columns", sent.location()), &said(["name", ""])).await.expect(303);
    assert_eq!(astrid.follow(&checked).await.text("h1"), "One problem");

    // Columns of one's own become attributes of customers, unless they are read as something else.
    let customers = ("customers.csv", "external_id,name,By,Notes\nC1,Alpha,Oslo,VIP\n");
    let sent = send(&mut astrid, &[customers]).await.expect(303);
    let fields = [("file", "customers.csv"), ("header", "By"), ("column", "city")];
    let checked = astrid.post(&format!("{}/columns", sent.location()), &fields).await.expect(303);
    let page = astrid.follow(&checked).await.expect(200);
    astrid.submit(&page, APPLY, &[]).await.expect(303);
    let row = sqlx::query!("select city, attributes from customers").fetch_one(&world.app.db).await.unwrap();
    assert_eq!((row.city.as_deref(), row.attributes), (Some("Oslo"), serde_json::json!({ "Notes": "VIP" })));
}

#[tokio::test]
async fn administrators_find_the_way() {
    let world = World::new().await;
    let mut astrid = world.browser().await;
    for page in ["/users", "/settings", "/customers"] {
        assert!(astrid.get(page).await.expect(200).has("main a[href='/imports']"), "{page}");
    }
    let rep = world.app.user(world.astrid.org, "Ingrid", &[Role::Rep]).await;
    let mut ingrid = world.app.client(rep).await;
    assert!(!ingrid.get("/customers").await.expect(200).has("a[href='/imports']"));
    send(&mut ingrid, &[CUSTOMERS]).await.expect(403);
}

const UNDO: &str = "form[action$='/undo']";

/// A small company as files: everything that can be imported.
const COMPANY: [(&str, &str); 7] = [
    ("reps.csv", "external_id,name,team,manager\nR1,Ingrid,North,Kari\nR2,Jonas,North,Kari\n"),
    ("customers.csv", "external_id,name,rep,city\nC1,Alpha,R1,Oslo\nC2,Beta,R2,Bergen\n"),
    (
        "deals.csv",
        "external_id,customer,rep,closed_on,amount,currency,stage,product,returns\n\
         D1,C1,R1,2026-11-02,900.00,EUR,won,Jam,\nD2,C2,R2,2026-11-03,100.00,EUR,won,Tea,\n\
         D3,C2,R2,2026-11-04,-100.00,EUR,won,Tea,D2\n",
    ),
    ("visits.csv", "external_id,rep,customer,visited_on\nV1,R1,C1,2026-11-02\n"),
    ("targets.csv", "rep,period_kind,period_start,metric,value,currency\nR1,month,2026-11-01,visits,20,\n"),
    (
        "plans.json",
        r#"[{ "name": "Three", "currency": "EUR", "period": "month",
              "components": [{ "name": "Sales", "measure": "net_sales", "pays": { "rate": "0.03" } }] }]"#,
    ),
    ("assignments.csv", "plan,rep,from,to\nThree,R1,2026-10-01,\n"),
];

/// How many rows each table of the company has that an import can fill.
async fn rows(world: &World) -> [Option<i64>; 17] {
    let counted = sqlx::query!(
        "select (select count(*) from users) as a, (select count(*) from user_roles) as b,
                (select count(*) from memberships) as c, (select count(*) from teams) as d,
                (select count(*) from team_managers) as e, (select count(*) from customers) as f,
                (select count(*) from ownerships) as g, (select count(*) from deals) as h,
                (select count(*) from deal_lines) as i, (select count(*) from deal_credits) as j,
                (select count(*) from customer_events) as k, (select count(*) from visits) as l,
                (select count(*) from targets) as m, (select count(*) from plans) as n,
                (select count(*) from plan_versions) as o, (select count(*) from plan_assignments) as p,
                (select count(*) from products) + (select count(*) from categories) as q"
    )
    .fetch_one(&world.app.db)
    .await
    .unwrap();
    let c = counted;
    [c.a, c.b, c.c, c.d, c.e, c.f, c.g, c.h, c.i, c.j, c.k, c.l, c.m, c.n, c.o, c.p, c.q]
}

/// Imports files, and opens the page of that import.
async fn import(browser: &mut Client, files: &[(&str, &str)]) -> Answer {
    let sent = send(browser, files).await.expect(303);
    let preview = browser.follow(&sent).await.expect(200);
    browser.submit(&preview, APPLY, &[]).await.expect(303);
    let page = browser.get("/imports").await.expect(200);
    let done = page.attribute("main a[href^='/imports/done/']", "href");
    browser.get(&done).await.expect(200)
}

#[tokio::test]
async fn an_import_is_taken_back_without_a_trace() {
    let world = World::new().await;
    let mut astrid = world.browser().await;
    import(&mut astrid, &[("customers.csv", "external_id,name\nX1,Own\n")]).await;
    let before = rows(&world).await;
    let page = import(&mut astrid, &COMPANY).await;
    let with = rows(&world).await;
    assert!(before.iter().zip(&with).all(|(before, with)| before < with), "{before:?} {with:?}");

    let done = astrid.submit(&page, UNDO, &[]).await.expect(303);
    let page = astrid.follow(&done).await.expect(200);
    assert!(page.words().contains("The import is taken back"), "{}", page.words());
    assert!(page.words().contains("by Astrid."), "{}", page.words());
    assert!(!page.has(UNDO));
    assert_eq!(rows(&world).await, before);
    let last = sqlx::query_scalar!("select last from deal_numbers where org_id = $1", world.astrid.org.0);
    assert_eq!(last.fetch_one(&world.app.db).await.unwrap(), 0, "deals are numbered as if it had not been");
    let twice = astrid.post(&format!("{}/undo", done.location()), &[]).await.expect(409);
    assert!(twice.words().contains("was taken back before"), "{}", twice.words());
    assert!(astrid.get("/imports").await.words().contains("taken back"));
    // The same files can come again.
    import(&mut astrid, &COMPANY).await;
    assert_eq!(rows(&world).await, with);
}

#[tokio::test]
async fn new_deals_of_a_known_customer_are_taken_back_with_what_followed_from_them() {
    let world = World::new().await;
    let mut astrid = world.browser().await;
    let events = async || {
        sqlx::query!("select kind, on_date, deal_id from customer_events order by customer_id, position")
            .fetch_all(&world.app.db)
            .await
            .unwrap()
            .into_iter()
            .map(|row| format!("{:?} {} {:?}", row.kind, row.on_date, row.deal_id))
            .collect::<Vec<_>>()
    };
    import(&mut astrid, &COMPANY).await;
    let before = events().await;
    let deals = "external_id,customer,closed_on,amount,currency,stage\nD9,C2,2026-01-05,70.00,EUR,won\n";
    let page = import(&mut astrid, &[("deals.csv", deals)]).await;
    assert_ne!(events().await, before, "an earlier first sale");
    astrid.submit(&page, UNDO, &[]).await.expect(303);
    assert_eq!(events().await, before);
}

#[tokio::test]
async fn an_import_stays_once_something_depends_on_it() {
    let world = World::new().await;
    let mut astrid = world.browser().await;
    let page = import(&mut astrid, &COMPANY).await;
    import(&mut astrid, &[("customers.csv", "external_id,name\nC1,Alfa\n")]).await;
    // Somebody changed what it made.
    let all = rows(&world).await;
    let refused = astrid.submit(&page, UNDO, &[]).await.expect(409);
    assert!(refused.text(".summary-error").contains("1 thing that it made was changed since"), "{}", refused.words());
    // Somebody else got a plan that it made, a team of it another manager, a target of it another value.
    let page = import(&mut astrid, &[("reps.csv", "external_id,name\nR8,Vera\n")]).await;
    sqlx::query!(
        "insert into plan_assignments (org_id, rep_id, plan_id, during)
         select u.org_id, u.id, p.id, '[2026-11-01,)' from users u join plans p on p.org_id = u.org_id where u.name = 'Vera'"
    )
    .execute(&world.app.db)
    .await
    .unwrap();
    let refused = astrid.submit(&page, UNDO, &[]).await.expect(409);
    assert!(refused.text(".summary-error").contains("other teams, roles or plans"), "{}", refused.words());
    let page = import(&mut astrid, &[("reps.csv", "external_id,name\nR9,Wilma\n")]).await;
    sqlx::query!(
        "insert into team_managers (org_id, team_id, user_id, during)
         select u.org_id, t.id, u.id, '[2020-01-01,2020-02-01)' from users u join teams t on t.org_id = u.org_id
         where u.name = 'Wilma'"
    )
    .execute(&world.app.db)
    .await
    .unwrap();
    let refused = astrid.submit(&page, UNDO, &[]).await.expect(409);
    assert!(refused.text(".summary-error").contains("other teams, roles or plans"), "{}", refused.words());
    let targets = "rep,period_kind,period_start,metric,value,currency\nR1,month,2026-12-01,visits,20,\n";
    let page = import(&mut astrid, &[("targets.csv", targets)]).await;
    import(&mut astrid, &[("targets.csv", &targets.replace(",20,", ",30,"))]).await;
    let refused = astrid.submit(&page, UNDO, &[]).await.expect(409);
    assert!(refused.text(".summary-error").contains("1 thing that it made was changed"), "{}", refused.words());
    // Something refers to what it made.
    let page = import(&mut astrid, &[("customers.csv", "external_id,name\nC7,Gamma\n")]).await;
    import(&mut astrid, &[("visits.csv", "external_id,rep,customer,visited_on\nV7,R1,C7,2026-11-05\n")]).await;
    let refused = astrid.submit(&page, UNDO, &[]).await.expect(409);
    assert!(refused.text(".summary-error").contains("Visits were logged or planned since"), "{}", refused.words());
    // A period in which it lies is locked.
    let page =
        import(&mut astrid, &[("visits.csv", "external_id,rep,customer,visited_on\nV8,R1,C1,2026-10-05\n")]).await;
    let run = sqlx::query!(
        "with run as (
             insert into commission_runs (org_id, period_kind, period_start, period_end, prepared_by, prepared_at, engine)
             values ($1, 'month', '2026-10-01', '2026-11-01', $2, $3, 'x')
             returning id
         )
         insert into period_locks (org_id, run_id, period_kind, period_start, period_end, locked_at)
         select $1, id, 'month', '2026-10-01', '2026-11-01', $3 from run",
        world.astrid.org.0,
        world.astrid.id.0,
        world.app.now(),
    );
    run.execute(&world.app.db).await.unwrap();
    let refused = astrid.submit(&page, UNDO, &[]).await.expect(409);
    assert!(refused.text(".summary-error").contains("October 2026 is approved"), "{}", refused.words());
    assert!(rows(&world).await.iter().zip(&all).all(|(now, then)| now >= then), "nothing is gone");
}

/// Everything that an import can change, but for versions: what is put back counts as a change.
async fn everything(world: &World) -> Vec<String> {
    let rows = sqlx::query_scalar!(
        r#"select line as "line!"
           from (
               select 'user ' || (to_jsonb(t) - 'version')::text from users t
               union all select 'role ' || to_jsonb(t)::text from user_roles t
               union all select 'member ' || to_jsonb(t)::text from memberships t
               union all select 'plan ' || to_jsonb(t)::text from plan_assignments t
               union all select 'team ' || (to_jsonb(t) - 'version')::text from teams t
               union all select 'manager ' || to_jsonb(t)::text from team_managers t
               union all select 'customer ' || (to_jsonb(t) - 'version')::text from customers t
               union all select 'owner ' || to_jsonb(t)::text from ownerships t
               union all select 'event ' || to_jsonb(t)::text from customer_events t
               union all select 'deal ' || (to_jsonb(t) - 'version')::text from deals t
               union all select 'line ' || to_jsonb(t)::text from deal_lines t
               union all select 'credit ' || to_jsonb(t)::text from deal_credits t
               union all select 'visit ' || (to_jsonb(t) - 'version')::text from visits t
               union all select 'along ' || to_jsonb(t)::text from visit_participants t
               union all select 'target ' || to_jsonb(t)::text from targets t
               union all select 'version ' || to_jsonb(t)::text from plan_versions t
               union all select 'product ' || to_jsonb(t)::text from products t
           ) as rows (line)
           order by line"#
    );
    rows.fetch_all(&world.app.db).await.unwrap()
}

/// Other values for all of [`COMPANY`], beside new rows that hang together with them.
const OTHERWISE: [(&str, &str); 8] = [
    (
        "reps.csv",
        "external_id,name,email,team,manager,title,left_on\nR1,Inga,inga@example.com,South,Olga,Chief,\n\
         R2,Jonas,,North,Kari,,2026-12-01\nR3,Vera,,South,Olga,,\n",
    ),
    ("customers.csv", "external_id,name,rep,city,segment,chain\nC1,Alfa,R2,Voss,Large,yes\nC3,Gamma,R3,Oslo,,\n"),
    ("ownership.csv", "customer,rep,from,to\nC2,R1,2026-01-01,2026-11-10\nC2,R3,2026-11-10,\n"),
    (
        "deals.csv",
        "external_id,customer,rep,closed_on,amount,currency,stage,product,returns,credits\n\
         D1,C3,R1,2026-11-05,800.00,EUR,won,Honey,,R1:1;R3:1\nD2,C2,R2,2026-11-03,150.00,EUR,won,Tea,,\n\
         D4,C1,R2,2026-10-01,70.00,EUR,won,Jam,,\nD5,C2,R2,2026-11-06,-20.00,EUR,won,Tea,D2,\n",
    ),
    ("visits.csv", "external_id,rep,customer,visited_on,outcome\nV1,R2,C3,2026-11-04,order\nV2,R3,C1,2026-11-04,\n"),
    ("targets.csv", "rep,period_kind,period_start,metric,value,currency\nR1,month,2026-11-01,visits,30,\n"),
    (
        "plans.json",
        r#"[{ "name": "Three", "currency": "EUR", "period": "month",
              "components": [{ "name": "Sales", "measure": "net_sales", "pays": { "rate": "0.04" } }] }]"#,
    ),
    ("assignments.csv", "plan,rep,from,to\nThree,R1,2026-12-01,\nThree,R2,2026-12-01,\n"),
];

#[tokio::test]
async fn what_an_import_changed_is_put_back_as_it_was() {
    let world = World::new().await;
    let mut astrid = world.browser().await;
    import(&mut astrid, &COMPANY).await;
    // Somebody goes along, and steps aside when the visit becomes the own one.
    sqlx::query!(
        "insert into visit_participants (org_id, visit_id, rep_id, visited_on, recorded_at)
         select v.org_id, v.id, u.id, v.visited_on, v.recorded_at
         from visits v join users u on u.org_id = v.org_id and u.name = 'Jonas'"
    )
    .execute(&world.app.db)
    .await
    .unwrap();
    let before = everything(&world).await;
    let page = import(&mut astrid, &OTHERWISE).await;
    assert!(page.words().contains("and puts what it changed back to what it was"), "{}", page.words());
    let with = everything(&world).await;
    for kind in ["user", "role", "member", "plan", "manager", "customer", "owner", "event", "deal", "line", "credit"]
        .into_iter()
        .chain(["visit", "along"])
    {
        let of = |rows: &[String]| rows.iter().filter(|row| row.starts_with(kind)).cloned().collect::<Vec<_>>();
        assert_ne!(of(&with), of(&before), "{kind}");
    }
    // A second one on top goes first, and then the first goes too.
    let second = import(&mut astrid, &[("customers.csv", "external_id,name\nC2,Betty\n")]).await;
    let third = import(&mut astrid, &[("customers.csv", "external_id,name\nC2,Bettina\n")]).await;
    let refused = astrid.submit(&second, UNDO, &[]).await.expect(409);
    assert!(refused.text(".summary-error").contains("Bettina was changed since"), "{}", refused.words());
    astrid.submit(&third, UNDO, &[]).await.expect(303);
    astrid.submit(&second, UNDO, &[]).await.expect(303);
    assert_eq!(everything(&world).await, with);
    astrid.submit(&page, UNDO, &[]).await.expect(303);
    let after = everything(&world).await;
    let apart =
        after.iter().filter(|row| !before.contains(row)).chain(before.iter().filter(|row| !after.contains(row)));
    assert_eq!(apart.collect::<Vec<_>>(), [""; 0]);
    assert_eq!(after.len(), before.len());
    let kept = sqlx::query_scalar!("select count(*) from import_before").fetch_one(&world.app.db).await.unwrap();
    assert_eq!(kept, Some(0));
    // The history tells both ways.
    let id = sqlx::query_scalar!("select id from customers where external_id = 'C1'");
    let id = id.fetch_one(&world.app.db).await.unwrap();
    let told = astrid.get(&format!("/customers/{id}")).await.expect(200).text("section:has(#history)");
    assert!(told.contains("Name: Alpha → Alfa") && told.contains("Name: Alfa → Alpha"), "{told}");
}

#[tokio::test]
async fn a_new_rep_who_took_over_a_customer_goes_with_the_import() {
    let world = World::new().await;
    let mut astrid = world.browser().await;
    import(&mut astrid, &COMPANY).await;
    let before = everything(&world).await;
    let owners = "customer,rep,from,to\nC1,R1,2026-01-01,2026-11-10\nC1,R3,2026-11-10,\n";
    let page = import(&mut astrid, &[("reps.csv", "external_id,name\nR3,Vera\n"), ("ownership.csv", owners)]).await;
    let named = sqlx::query_scalar!(
        "select count(*) from customer_events e join users u on u.id = e.rep_id where u.name = 'Vera'"
    );
    assert_eq!(named.fetch_one(&world.app.db).await.unwrap(), Some(1), "the loss to come is hers");
    astrid.submit(&page, UNDO, &[]).await.expect(303);
    assert_eq!(everything(&world).await, before);
}

#[tokio::test]
async fn what_an_import_changed_stays_once_somebody_went_on_from_there() {
    let world = World::new().await;
    let mut astrid = world.browser().await;
    import(&mut astrid, &COMPANY).await;
    let customers = "external_id,name,city\nC1,Alpha,Voss\nC2,Beta,Voss\n";
    let deals = "external_id,customer,rep,closed_on,amount,currency,stage,product,returns\n\
                 D1,C1,R1,2026-11-02,950.00,EUR,won,Jam,\n";
    let page = import(&mut astrid, &[("customers.csv", customers), ("deals.csv", deals)]).await;
    let refusal = async |astrid: &mut Client, page: &Answer| {
        let before = everything(&world).await;
        let refused = astrid.submit(page, UNDO, &[]).await.expect(409);
        assert_eq!(everything(&world).await, before, "nothing is put back");
        refused.text(".summary-error")
    };
    // Something comes back of a deal that it changed; it has another owner; somebody wrote on a customer.
    import(
        &mut astrid,
        &[("deals.csv", &format!("{}D8,C1,R1,2026-11-09,-950.00,EUR,won,Jam,D1\n", deals.split_once("D1").unwrap().0))],
    )
    .await;
    assert!(refusal(&mut astrid, &page).await.contains("deal 1 was changed since"));
    sqlx::query!("update customers set notes = 'Ring twice' where external_id <> 'X'")
        .execute(&world.app.db)
        .await
        .unwrap();
    let words = refusal(&mut astrid, &page).await;
    assert!(words.contains("Alpha, Beta, deal 1 were changed since"), "{words}");
    // A period is locked since, whatever lies in it.
    let page = import(&mut astrid, &[("customers.csv", "external_id,name\nC2,Betty\n")]).await;
    sqlx::query!(
        "with run as (
             insert into commission_runs (org_id, period_kind, period_start, period_end, prepared_by, prepared_at, engine)
             values ($1, 'month', '2026-09-01', '2026-10-01', $2, $3, 'x')
             returning id
         )
         insert into period_locks (org_id, run_id, period_kind, period_start, period_end, locked_at)
         select $1, id, 'month', '2026-09-01', '2026-10-01', $3 from run",
        world.astrid.org.0,
        world.astrid.id.0,
        world.app.now(),
    )
    .execute(&world.app.db)
    .await
    .unwrap();
    let words = refusal(&mut astrid, &page).await;
    assert!(words.contains("September 2026 is approved"), "{words}");
    // After a month it is forgotten what was there before: there is no button, and nothing happens without it.
    let done = page.attribute(UNDO, "action");
    let later = world.app.later(Duration::days(31));
    let mut astrid = later.client(world.astrid).await;
    assert!(changes::forget_old(&later.app.db, later.now()).await.unwrap() > 0);
    let page = astrid.get(done.trim_end_matches("/undo")).await.expect(200);
    assert!(!page.has(UNDO) && page.words().contains("It cannot be taken back as a whole"), "{}", page.words());
    let refused = astrid.post(&done, &[]).await.expect(409);
    assert!(
        refused.text(".summary-error").contains("It is kept no longer what was there before it"),
        "{}",
        refused.words()
    );
}

#[tokio::test]
async fn what_the_command_line_imported_is_listed_without_a_button() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(CUSTOMERS.0), CUSTOMERS.1).unwrap();
    let request = attain::imports::import::Request {
        folder: folder.path(),
        organization: "Nordlys",
        dry_run: false,
        now: world.app.now(),
    };
    attain::imports::import::run(&world.app.db, request).await.unwrap();
    attain::imports::import::run(&world.app.db, request).await.unwrap();
    let mut astrid = world.browser().await;
    let page = astrid.get("/imports").await.expect(200);
    assert!(page.words().contains("by the command line customers.csv: 2 created"), "{}", page.words());
    let [second, first] = &page.attributes("main a[href^='/imports/done/']", "href")[..] else { panic!("two imports") };
    for (path, words) in [(first, "or it came from the command line"), (second, "it changed nothing")] {
        let page = astrid.get(path).await.expect(200);
        assert!(!page.has(UNDO) && page.words().contains(words), "{}", page.words());
    }
}

#[tokio::test]
async fn all_problems_are_a_file() {
    let world = World::new().await;
    let mut astrid = world.browser().await;
    let lines = (2..=31).map(|n| format!("V{n},R9,C1,=soon{n}\n")).collect::<String>();
    let visits = format!("external_id,rep,customer,visited_on\n{lines}");
    let sent = send(&mut astrid, &[("visits.csv", &visits)]).await.expect(303);
    let page = astrid.follow(&sent).await.expect(200);
    assert_eq!(page.text("h1"), "90 problems");
    assert!(page.words().contains("and 22 more"), "{}", page.words());
    let file = astrid.get(&page.attribute("a[href$='/problems.csv']", "href")).await.expect(200);
    assert!(file.header("content-disposition").contains("problems-"), "{}", file.header("content-disposition"));
    let body = file.body();
    let lines: Vec<&str> = body.lines().collect();
    assert_eq!((lines.len(), lines[0]), (91, "file,line,column,value,what_to_do"));
    for line in 2..=31 {
        let place = format!("visits.csv,{line},visited_on,'=soon{line},");
        assert!(lines.iter().any(|one| one.starts_with(&place)), "{place} with a formula disarmed is not in {body}");
    }
    // What can be imported has no problem, and what is imported can be taken back at once.
    let sent = send(&mut astrid, &[("customers.csv", "external_id,name\nC1,Havn\n")]).await.expect(303);
    let preview = astrid.follow(&sent).await.expect(200);
    let applied = astrid.submit(&preview, APPLY, &[]).await.expect(303);
    let page = astrid.follow(&applied).await.expect(200);
    let undone = astrid.submit(&page, ".toast form", &[]).await.expect(303);
    assert!(astrid.follow(&undone).await.words().contains("The import is taken back"));
    assert_eq!(world.customers().await, [""; 0]);
}
