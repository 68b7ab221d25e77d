//! The log of everything: told in words, found by person, act, day and thing, and for administrators only.

use attain::{audit, clock::Clock, domain::visit::Kind, postgres::tx};
use axum::http::{Method, StatusCode};
use serde_json::json;
use time::Duration;

use crate::{
    access::World,
    field::{Field, TODAY},
    support::{NOW, User},
};

/// Notes an act at an instant.
async fn note(field: &Field, who: Option<User>, days_ago: i64, action: &str, object: &str, detail: serde_json::Value) {
    let clock = Clock::Fixed(NOW - Duration::days(days_ago));
    let mut tx = tx::write(&field.app.db, field.org, who.map(|who| who.id), clock).await.unwrap();
    audit::db::record(&mut tx, action, object, detail).await.unwrap();
    tx.commit().await.unwrap();
}

/// A company in which five things were done.
async fn told() -> (Field, String) {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let deal = field.deal(havn, TODAY, 10_000, &[(field.ingrid, 1)]).await;
    let visit = field.visit(field.ingrid, havn, TODAY, Kind::InPerson).await;
    let visit = format!("/visits/{visit}");
    note(
        &field,
        None,
        9,
        "customer.changed",
        &format!("/customers/{havn}"),
        json!({ "old": { "city": "Oslo" }, "new": { "city": "Moss" } }),
    )
    .await;
    let (old, new) = (json!({ "minutes": "30" }), json!({ "minutes": "45" }));
    note(
        &field,
        Some(field.ingrid),
        2,
        "visit.corrected",
        &visit,
        json!({ "old": old, "new": new, "reason": "Longer" }),
    )
    .await;
    note(&field, Some(field.berit), 1, "deal.confirmed", &format!("/deals/{deal}"), json!({})).await;
    let targets = json!([{ "rep": field.ingrid.id, "metric": "net_sales", "old": "100000", "new": "250000" }]);
    note(&field, Some(field.berit), 1, "target.set", "/targets/2026-11", json!({ "changes": targets })).await;
    note(
        &field,
        Some(field.finn),
        0,
        "plan.imported",
        "/plans/1",
        json!({ "old": { "rate": 5 }, "new": { "rate": 7 } }),
    )
    .await;
    (field, visit)
}

#[tokio::test]
async fn what_was_done_is_told_in_words() {
    let (field, visit) = told().await;
    let page = field.app.client(field.astrid).await.get("/audit").await.expect(200);
    let lines = page.texts("main ol.list > li");
    let expected = [
        "Finn imported /plans/1 19 Nov 2026, 10:00",
        "Berit set targets of November 2026 18 Nov 2026, 10:00 · All of this Ingrid, net sales: €1,000 → €2,500",
        "Berit confirmed deal 1, Havn 18 Nov 2026, 10:00",
        "Ingrid corrected visit to Havn of 19 Nov 2026 17 Nov 2026, 10:00 · All of this Minutes: 30 → 45 Reason: Longer",
        "An import changed Havn 10 Nov 2026, 10:00 · All of this City: Oslo → Moss",
    ];
    assert_eq!(lines.len(), 5, "{lines:#?}");
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.starts_with(expected), "{line} / {expected}");
    }
    assert!(!lines[0].contains('7'), "what plans pay is not for administrators: {}", lines[0]);
    let links = page.attributes("main ol.list .grow > a", "href");
    assert!(links.contains(&visit) && links.iter().all(|link| !link.starts_with("/targets")), "{links:?}");
    for link in links {
        field.app.client(field.astrid).await.get(&link).await.expect(200);
    }
}

#[tokio::test]
async fn filters_narrow_the_page_and_the_file_alike() {
    let (field, visit) = told().await;
    let mut astrid = field.app.client(field.astrid).await;
    let page = astrid.get("/audit").await.expect(200);
    let berit = field.berit.id.to_string();
    for (typed, found) in [
        (&[("person", &*berit)][..], 2),
        (&[("person", "nobody")], 1),
        (&[("act", "visit")], 1),
        (&[("act", "deal.confirmed")], 1),
        (&[("act", "deal.lost")], 0),
        (&[("from", "2026-11-18"), ("to", "2026-11-18")], 2),
        (&[("from", "2026-11-18"), ("act", "target")], 1),
        (&[("to", "2026-11-17")], 2),
        (&[("person", &berit), ("act", "visit")], 0),
    ] {
        let narrowed = astrid.submit(&page, "main form.filters", typed).await.expect(200);
        assert_eq!(narrowed.count("main ol.list > li"), found, "{typed:?}");
        let file = astrid.get(&narrowed.attribute("main a[download]", "href")).await.expect(200);
        assert_eq!(file.body().lines().count(), found + 1, "{typed:?}: {}", file.body());
    }
    let thing = astrid.get(&format!("/audit?object={visit}")).await.expect(200);
    assert_eq!(thing.texts("main ol.list > li").len(), 1);
    assert!(thing.text("main .strip").contains("visit to Havn"));
    let file = astrid.get(&format!("/audit.csv?object={visit}")).await.expect(200);
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert!(
        file.body().ends_with(&format!(
            "\"17 Nov 2026, 10:00\",Ingrid,corrected,visit to Havn of 19 Nov 2026,{visit},Minutes: 30 → 45,Longer\n"
        )),
        "{}",
        file.body()
    );
    for refused in ["person=x", "act=%27", "from=yesterday", "act=%00"] {
        astrid.get(&format!("/audit?{refused}")).await.expect(400);
    }
}

#[tokio::test]
async fn the_log_is_read_page_by_page_and_never_of_another_company() {
    let field = Field::new().await;
    let elsewhere = field.app.company("Sørlys").await;
    let olga = field.app.user(elsewhere, "Olga", &[attain::domain::access::Role::Admin]).await;
    for n in 0..120 {
        note(
            &field,
            Some(field.finn),
            n / 10,
            "settings.changed",
            "/settings",
            json!({ "old": { "n": "" }, "new": { "n": n.to_string() } }),
        )
        .await;
    }
    let mut astrid = field.app.client(field.astrid).await;
    let mut page = astrid.get("/audit?act=settings").await.expect(200);
    let mut seen = page.texts("main ol.list ins");
    for _ in 0..2 {
        page = astrid.get(&page.attribute("a[rel=next]", "href")).await.expect(200);
        seen.extend(page.texts("main ol.list ins"));
    }
    assert!(!page.has("a[rel=next]") && page.has("a[rel=prev]"));
    assert_eq!(seen.len(), 120);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 120, "every act once");
    let other = field.app.client(olga).await.get("/audit").await.expect(200);
    assert!(other.words().contains("Nothing done yet"));
}

/// Files that hold nobody's records, or only what the viewer has just sent.
const OF_NOBODY: [&str; 2] = ["/imports/templates/{file}", "/imports/{id}/problems.csv"];

fn is_file(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, ending)| ending == "csv")
}

/// From the router: a new file that is not noted makes it fail.
#[tokio::test]
async fn whoever_takes_a_list_as_a_file_is_in_the_log() {
    let world = World::new().await;
    sqlx::query!("update organizations set growth_basis = 'book'").execute(&world.app.db).await.unwrap();
    let routes = attain::routes();
    let files = routes.listed().iter().filter(|(method, path)| *method == Method::GET && is_file(path));
    let files: Vec<&str> = files.map(|(_, path)| *path).filter(|path| !OF_NOBODY.contains(path)).collect();
    let mut browsers = world.browsers().await;
    let mut unnoted = vec![];
    for route in &files {
        // Growth is somebody's; the others are of everybody in sight.
        let whose = if *route == "/growth.csv" { format!("&rep={}", world.reps[0].id) } else { String::new() };
        let (path, mut taken) = (format!("{}?period=2026-11{whose}", world.path(route)), 0);
        for (user, browser) in world.people.iter().zip(&mut browsers[1..]) {
            let before = sqlx::query_scalar!(r#"select max(id) as "id!" from audit"#).fetch_one(&world.app.db).await;
            let answer = browser.get(&path).await;
            if answer.status != StatusCode::OK {
                continue;
            }
            taken += 1;
            let rows = csv::Reader::from_reader(&answer.bytes[..]).records().count();
            let noted = sqlx::query!(
                r#"select user_id, action, detail->>'file' as "file!", (detail->>'rows')::bigint as "rows!"
                   from audit
                   where id > $1"#,
                before.unwrap(),
            );
            let noted = noted.fetch_all(&world.app.db).await.unwrap();
            let is_it = noted.len() == 1
                && noted[0].user_id == Some(user.id)
                && noted[0].file.starts_with(&*world.path(route))
                && usize::try_from(noted[0].rows).unwrap() == rows;
            if !is_it {
                unnoted.push(format!("{path} of {rows} rows: {noted:?}"));
            }
        }
        assert!(taken > 0, "nobody may take {path}");
    }
    assert!(unnoted.is_empty(), "{}", unnoted.join("\n"));
    assert!(files.len() > 10, "{files:?}");
    let log = browsers[4].get("/audit").await.expect(200).words();
    for words in [
        "downloaded the pipeline",
        "downloaded the scoreboard",
        "downloaded the growth of customers",
        "downloaded what is behind a number",
        "downloaded the targets of November 2026",
    ] {
        assert!(log.contains(words), "{words} is not in {log}");
    }
}
