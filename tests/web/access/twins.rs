//! Two companies with the same names of people, customers, plans and days: nobody of the one meets anything of the other.
//!
//! They differ in what nobody could confuse: the ids of each begin with digits of their own, and what is free text in
//! their records ends in a word of their own.

use std::{collections::BTreeSet, io::Cursor};

use calamine::{Data, Range, Reader, Xlsx};
use sqlx::AssertSqlSafe;
use time::Duration;

use super::{APART, REACH, ROUTES, World, ask, every_route::elsewhere, filled, number_from};
use crate::{
    crawl::{crawl, pages},
    pdf,
    support::{Answer, Client, TestApp},
};

/// What tells a company's records apart: how all of their ids begin, and the word in what was written freely.
struct Mark {
    digits: &'static str,
    word: &'static str,
}

const OURS: Mark = Mark { digits: "510000000", word: "Haferkorn" };
const THEIRS: Mark = Mark { digits: "730000000", word: "Zimtstern" };

/// What people write freely.
const WRITTEN: [&str; 12] = [
    "customers.notes",
    "customers.city",
    "customer_notes.body",
    "visits.notes",
    "deals.notes",
    "deal_lines.text",
    "endings.reason",
    "ending_proposals.reason",
    "dispute_messages.text",
    "holidays.name",
    "leaves.note",
    "users.title",
];

/// Pages with a query that finds by name, which both companies have.
const FOUND: [&str; 8] = [
    "/search?q=Ingrid",
    "/search?q=Customer",
    "/customers?q=Customer",
    "/deals?q=Customer",
    "/visits?q=Customer",
    "/users?q=Ingrid",
    "/visits/plan?q=Customer",
    "/deals/new?q=Customer",
];

/// Gives a company's customers the names of its people instead of their ids, and writes its word everywhere.
async fn write(world: &World, mark: &Mark) {
    let (db, org) = (&world.app.db, world.people[0].org);
    let mut sql = format!(
        "update customers c set name = 'Customer of ' || u.name
         from ownerships o
         join users u on u.org_id = o.org_id and u.id = o.rep_id
         where c.org_id = {org} and o.org_id = c.org_id and o.customer_id = c.id;",
    );
    for place in WRITTEN {
        let (table, column) = place.split_once('.').unwrap();
        let text = format!("trim(coalesce({column}, '') || ' {}')", mark.word);
        sql += &format!("update {table} set {column} = {text} where org_id = {org};");
    }
    // Only the names of companies are no two companies'.
    sql += "update organizations set name = name || ' ' || id where name in ('Nordlys', 'Sørlys');";
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(db).await.unwrap();
}

/// Approves the run, so that everybody sees statements.
async fn approve(world: &World) {
    let [_, manager, finance, admin] = world.people;
    let run = format!("/commission-runs/{}", world.runs[0]);
    world.app.client(finance).await.post(&format!("{run}/submission"), &[]).await.expect(303);
    for approver in [manager, admin] {
        world.app.client(approver).await.post(&format!("{run}/approval"), &[]).await.expect(303);
    }
}

async fn twins() -> [World; 2] {
    let app = TestApp::new().await;
    let mut worlds = vec![];
    for mark in [&OURS, &THEIRS] {
        number_from(&app.db, mark.digits).await;
        let world = World::within(app.later(Duration::ZERO)).await;
        write(&world, mark).await;
        approve(&world).await;
        worlds.push(world);
    }
    // What comes from now on, lines of the audit log above all, has the numbers of neither.
    number_from(&app.db, "990000000").await;
    worlds.try_into().unwrap_or_else(|_| panic!("two worlds"))
}

/// What an answer says: pages and files as they are, statements that are packed as somebody reads them.
fn text(answer: &Answer) -> String {
    match answer.header("content-type") {
        "application/pdf" => pdf::pages(&answer.bytes).join("\n"),
        kind if kind.contains("spreadsheetml") => {
            let mut book: Xlsx<_> = Xlsx::new(Cursor::new(answer.bytes.clone())).unwrap();
            let cells = |(name, sheet): (String, Range<Data>)| {
                let cells = sheet.cells().map(|(_, _, cell)| cell.to_string()).collect::<Vec<_>>();
                format!("{name}\n{}", cells.join("\n"))
            };
            book.worksheets().into_iter().map(cells).collect::<Vec<_>>().join("\n")
        }
        _ => String::from_utf8_lossy(&answer.bytes).into_owned(),
    }
}

/// Opens pages and whatever they lead to; every answer that shows what it should not, and how many show the own word.
async fn crawled(browser: &mut Client, from: Vec<String>, forbidden: &Mark) -> (Vec<String>, usize, usize) {
    let (mut wrong, mut marked, mut kinds) = (vec![], 0, BTreeSet::new());
    let opened = crawl(browser, from, |path, answer| {
        let body = text(answer);
        if answer.status == 200 {
            kinds.insert(answer.header("content-type").to_owned());
        }
        for sign in [forbidden.digits, forbidden.word] {
            if let Some(at) = body.find(sign) {
                let around: String = body[..at].chars().rev().take(60).collect::<Vec<_>>().into_iter().rev().collect();
                wrong.push(format!("{path} shows {sign} after {around:?}"));
            }
        }
        if answer.status.is_server_error() {
            wrong.push(format!("{path}: {}", answer.status));
        }
        marked += usize::from(body.contains(OURS.word));
    })
    .await;
    for packed in ["pdf", "spreadsheetml"] {
        assert!(kinds.iter().any(|kind| kind.contains(packed)), "no {packed} among {kinds:?}");
    }
    (wrong, opened, marked)
}

#[tokio::test]
async fn nobody_meets_what_a_company_of_the_same_names_has() {
    let [ours, theirs] = twins().await;
    let pages: Vec<String> = pages(&ours).into_iter().chain(FOUND.map(str::to_owned)).collect();
    for (user, least) in ours.people.into_iter().zip([50, 60, 60, 60]) {
        let (wrong, opened, marked) = crawled(&mut ours.app.client(user).await, pages.clone(), &THEIRS).await;
        assert!(wrong.is_empty(), "{} of {opened}:\n{}", wrong.len(), wrong.join("\n"));
        assert!(opened > least && marked > 5, "only {opened} pages, {marked} of them with the own word");
    }
    // The other company reads its own: the mark is where it would be seen.
    let mut reader = theirs.app.client(theirs.people[2]).await;
    for route in ["/customers/{id}", "/deals/{id}", "/visits/{id}", "/disputes/{id}"] {
        let page = reader.get(&theirs.path(route)).await.expect(200).body();
        assert!(page.contains(THEIRS.word) && page.contains(THEIRS.digits), "{route}");
    }
    for (route, sign) in
        [("/statements/{id}/statement.pdf", "Ingrid"), ("/statements/{id}/statement.xlsx", THEIRS.digits)]
    {
        let file = text(&reader.get(&theirs.path(route)).await.expect(200));
        assert!(file.contains(sign), "{route}: {file}");
    }
    // Files that are asked for with a form.
    let mut finance = ours.app.client(ours.people[2]).await;
    let run = |file: &str| ours.path(&format!("/commission-runs/{{id}}/{file}"));
    for path in [run("lines.csv"), run("payroll.csv"), run("run.xlsx"), "/statements.csv".to_owned()] {
        let file = text(&finance.post(&path, &[]).await.expect(200));
        assert!(
            file.contains("Ingrid") && !file.contains(THEIRS.digits) && !file.contains(THEIRS.word),
            "{path}: {file}"
        );
    }
}

#[tokio::test]
async fn records_of_a_company_of_the_same_names_are_not_there() {
    let [ours, theirs] = twins().await;
    let mut browsers = ours.browsers().await.split_off(1);
    let (mut wrong, mut asked) = (vec![], 0);
    for (route, own) in ROUTES.iter().filter(|(route, _)| !APART.contains(route)) {
        let (method, pattern) = route.split_once(' ').unwrap();
        let reach = REACH.iter().find(|(known, _)| known == route);
        let expected = reach.map_or_else(|| elsewhere(route, *own), |(_, reach)| reach.map(|to_role| to_role[2]));
        // Theirs as a whole; and what is theirs below what is ours.
        let mut paths = vec![theirs.path(pattern)];
        if pattern.matches('{').count() == 2 {
            let first = pattern.find('{').unwrap();
            paths.push(filled(pattern, |before| {
                let whose = if before.len() == first { &ours } else { &theirs };
                whose.ids.iter().find(|(kind, _)| before.ends_with(**kind)).unwrap().1.clone()
            }));
        }
        for path in paths.iter().filter(|path| **path != ours.path(pattern)) {
            for (browser, expected) in browsers.iter_mut().zip(expected) {
                let answer = ask(browser, method, path).await;
                asked += 1;
                if answer != expected {
                    wrong.push(format!("{method} {path}: {answer}, not {expected}"));
                }
            }
        }
    }
    assert!(asked > 400, "only {asked} answers");
    assert!(wrong.is_empty(), "{} of {asked}:\n{}", wrong.len(), wrong.join("\n"));
}
