//! Targets: the grid, all or nothing, with history, conflicts and locks.

use attain::{
    domain::{
        access::Role,
        id::{OrgId, TeamId},
        period::Period,
        subject::Subjects,
    },
    postgres::tx,
    targets,
};
use time::{Duration, Month};

use crate::support::{Answer, Client, TestApp, User};

/// A manager over two teams with a rep each, and a rep of another team.
struct Field {
    app: TestApp,
    org: OrgId,
    karin: User,
    piet: User,
    ingrid: User,
    jonas: User,
    stranger: User,
    whole: TeamId,
    south: TeamId,
}

impl Field {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let org = app.company("Nordlys").await;
        let karin = app.user(org, "Karin Berg", &[Role::Manager]).await;
        let piet = app.user(org, "Piet van Dam", &[Role::Manager]).await;
        let ingrid = app.user(org, "Ingrid Solberg", &[Role::Rep]).await;
        let jonas = app.user(org, "Jonas Lindqvist", &[Role::Rep]).await;
        let stranger = app.user(org, "Luc Moreau", &[Role::Rep]).await;
        let field = app.team(org, "Field", None, Some(karin), &[ingrid]).await;
        let south = app.team(org, "South", Some(field), Some(piet), &[jonas]).await;
        app.team(org, "Inside", None, None, &[stranger]).await;
        Self { app, org, karin, piet, ingrid, jonas, stranger, whole: field, south }
    }

    /// Types into the grid of a period and saves.
    async fn save(&self, client: &mut Client, period: &str, typed: &[(User, &str, &str)]) -> Answer {
        let page = client.get(&format!("/targets/{period}")).await.expect(200);
        self.send(client, &page, typed).await
    }

    async fn send(&self, client: &mut Client, page: &Answer, typed: &[(User, &str, &str)]) -> Answer {
        let fields: Vec<(String, &str)> = typed.iter().map(|(rep, metric, text)| (cell(*rep, metric), *text)).collect();
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, text)| (name.as_str(), *text)).collect();
        client.submit(page, "form#grid", &fields).await
    }

    /// What is in force in a period: rep, metric, value.
    async fn in_force(&self, period: &str) -> Vec<(User, &'static str, String)> {
        let period = Period::parse(period, Month::January).unwrap();
        let mut tx = tx::read(&self.app.db, self.org).await.unwrap();
        let reps = Subjects::reps(&[self.ingrid.id, self.jonas.id, self.stranger.id]);
        let rows = targets::db::in_force(&mut tx, self.org, &reps, &[period]).await.unwrap();
        rows.into_iter()
            .map(|row| {
                let user = User { org: self.org, id: row.whose.rep().unwrap() };
                (user, row.metric.as_str(), row.value.unwrap().normalize().to_string())
            })
            .collect()
    }

    async fn rows(&self) -> i64 {
        sqlx::query_scalar!("select count(*) from targets").fetch_one(&self.app.db).await.unwrap().unwrap()
    }

    /// Locks November 2026 as an approved run does.
    async fn lock_november(&self) {
        let mut tx = self.app.write(self.org).await;
        let (org, by, now) = (self.org.0, self.piet.id.0, self.app.now());
        sqlx::query!(
            "with run as (
                 insert into commission_runs (org_id, period_kind, period_start, period_end, prepared_by, prepared_at, engine)
                 values ($1, 'month', '2026-11-01', '2026-12-01', $2, $3, '1')
                 returning id
             )
             insert into period_locks (org_id, run_id, period_kind, period_start, period_end, locked_at)
             select $1, run.id, 'month', '2026-11-01', '2026-12-01', $3 from run",
            org,
            by,
            now,
        )
        .execute(&mut *tx)
        .await
        .unwrap();
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn a_manager_sets_targets_as_people_type_numbers() {
    let field = Field::new().await;
    let mut karin = field.app.client(field.karin).await;
    let answer = karin.get("/targets").await.expect(303);
    assert_eq!(answer.location(), "/targets/2026-11");
    let page = karin.get("/targets/2026-11").await.expect(200);
    assert_eq!(
        page.texts("table.grid tbody:first-of-type th"),
        ["Ingrid Solberg", "Jonas Lindqvist"],
        "the subtree, by name"
    );
    assert!(page.words().contains("21 working days"), "{}", page.words());
    let typed = [
        (field.ingrid, "visits", "96"),
        (field.ingrid, "net_sales", "1 250,50"),
        (field.ingrid, "sales_growth", "5,5 %"),
        (field.jonas, "net_sales", "€104,300"),
        (field.jonas, "lost_customers", "2"),
    ];
    let saved = field.send(&mut karin, &page, &typed).await.expect(303);
    let page = karin.follow(&saved).await.expect(200);
    assert!(page.text(".toast").contains("5 targets for November 2026 saved"), "{}", page.text(".toast"));
    for (rep, metric, shown) in [
        (field.ingrid, "visits", "96"),
        (field.ingrid, "net_sales", "1,250.50"),
        (field.ingrid, "sales_growth", "5.5"),
        (field.jonas, "net_sales", "104,300"),
    ] {
        assert_eq!(page.value(&cell(rep, metric)), shown);
    }
    assert_eq!(page.text("#sum-net_sales"), "105,550.50");
    assert_eq!(
        field.in_force("2026-11").await,
        [
            (field.ingrid, "net_sales", "125050".to_owned()),
            (field.ingrid, "sales_growth", "0.055".to_owned()),
            (field.ingrid, "visits", "96".to_owned()),
            (field.jonas, "lost_customers", "2".to_owned()),
            (field.jonas, "net_sales", "10430000".to_owned()),
        ]
    );
}

#[tokio::test]
async fn only_changed_cells_become_rows_and_every_change_is_kept() {
    let field = Field::new().await;
    let mut karin = field.app.client(field.karin).await;
    field
        .save(&mut karin, "2026-11", &[(field.ingrid, "visits", "96"), (field.jonas, "visits", "80")])
        .await
        .expect(303);
    assert_eq!(field.rows().await, 2);
    // The same values in other words change nothing.
    let same = field.save(&mut karin, "2026-11", &[(field.ingrid, "visits", "96.0")]).await.expect(303);
    assert!(karin.follow(&same).await.text(".toast").contains("Nothing was changed"));
    assert_eq!(field.rows().await, 2);
    let page = karin.get("/targets/2026-11").await;
    let visits = cell(field.ingrid, "visits");
    let fields = [(visits.as_str(), "100"), ("reason", "Took over Oslo")];
    karin.submit(&page, "form#grid", &fields).await.expect(303);
    field.save(&mut karin, "2026-11", &[(field.jonas, "visits", "")]).await.expect(303);
    assert_eq!(field.rows().await, 4);
    assert_eq!(field.in_force("2026-11").await, [(field.ingrid, "visits", "100".to_owned())]);
    let history = karin.get("/targets/2026-11/changes").await.expect(200);
    let rows = history.texts("tbody tr");
    assert_eq!(rows.len(), 4);
    assert!(rows[0].contains("Jonas Lindqvist") && rows[0].contains("80 none"), "{rows:?}");
    assert!(rows[1].contains("96 100 Karin Berg Took over Oslo"), "{rows:?}");
    let audit = sqlx::query!("select detail from audit where action = 'target.set' order by id desc offset 1 limit 1")
        .fetch_one(&field.app.db)
        .await
        .unwrap();
    let change = &audit.detail["changes"][0];
    assert_eq!((change["old"].as_str(), change["new"].as_str()), (Some("96"), Some("100")));
    assert_eq!(audit.detail["reason"], "Took over Oslo");
}

#[tokio::test]
async fn one_wrong_cell_saves_none_and_keeps_every_text() {
    let field = Field::new().await;
    let mut karin = field.app.client(field.karin).await;
    for (metric, typed, words) in [
        ("new_customers", "-4", "−4 is below zero. Use 0 or more."),
        ("new_customers", "4.5", "4.5 is not whole. Use a whole number, like 12."),
        ("new_customers", "four", "“four” is not a number. Use digits, like 1250."),
        ("visits", "99999999999", "99999999999 is too large. Use at most 1,000,000,000."),
        ("visits", "NaN", "“NaN” is not a number."),
        ("visits", "1e5", "“1e5” is not a number."),
        ("visits", "<b>", "“<b>” is not a number."),
        ("net_sales", "12.345,678", "12.345,678 has too many decimals; EUR has 2."),
        ("net_sales", "-1", "−1 is below zero. Use 0 or more."),
        ("net_sales", "9999999999999", "9999999999999 is too large."),
        ("sales_growth", "20000", "20000 is too large."),
        ("sales_growth", "0.123456", "0.123456 has too many decimals."),
    ] {
        let name = cell(field.ingrid, metric);
        let sent = [(field.ingrid, metric, typed), (field.jonas, "stranger_visits", "12")];
        let refused = field.save(&mut karin, "2026-11", &sent).await.expect(422);
        assert!(refused.text("title").starts_with("Error: "));
        assert!(refused.text(".summary-error").contains(words), "{typed}: {}", refused.text(".summary-error"));
        assert!(refused.text(".summary-error a").starts_with("Ingrid Solberg, "), "{}", refused.text(".summary-error"));
        assert_eq!(refused.attribute(".summary-error a", "href"), format!("#{name}"));
        let input = format!("input[name='{name}']");
        assert_eq!(refused.attribute(&input, "aria-invalid"), "true");
        assert_eq!(refused.attribute(&input, "aria-describedby"), format!("{name}-error"));
        assert!(refused.text(&format!("[id='{name}-error']")).contains(words));
        assert_eq!(refused.value(&name), typed, "what was typed is kept");
        assert_eq!(refused.value(&cell(field.jonas, "stranger_visits")), "12");
        assert_eq!(field.rows().await, 0, "{typed}");
    }
    let long = "x".repeat(501);
    let page = karin.get("/targets/2026-11").await;
    let visits = cell(field.ingrid, "visits");
    let refused = karin.submit(&page, "form#grid", &[(visits.as_str(), "5"), ("reason", &long)]).await.expect(422);
    assert!(refused.text(".summary-error").contains("501 characters; 500 are possible"));
}

#[tokio::test]
async fn a_form_that_is_no_grid_is_refused() {
    let field = Field::new().await;
    let mut karin = field.app.client(field.karin).await;
    let ingrid = cell(field.ingrid, "visits");
    let luc = cell(field.stranger, "visits");
    for (status, fields) in [
        (400, vec![("7.swimming", "1"), ("seen", "0")]),
        (400, vec![(ingrid.as_str(), "1")]),
        (400, vec![(ingrid.as_str(), "1"), ("seen", "x")]),
        (400, vec![(ingrid.as_str(), "1"), (ingrid.as_str(), "2"), ("seen", "0")]),
        (400, vec![(ingrid.as_str(), "1\0"), ("seen", "0")]),
        (404, vec![(luc.as_str(), "1"), ("seen", "0")]),
        (404, vec![("999999.visits", "1"), ("seen", "0")]),
    ] {
        karin.post("/targets/2026-11", &fields).await.expect(status);
        assert_eq!(field.rows().await, 0);
    }
    for path in ["/targets/2026-13", "/targets/soon", "/targets/2026-11-31", "/targets/2026-W54", "/targets/0000"] {
        karin.get(path).await.expect(400);
    }
    for path in ["2026", "2026-Q4", "2026-W47", "2026-11-19"] {
        karin.get(&format!("/targets/{path}")).await.expect(200);
    }
    karin.get("/targets/2026-11?raise=much").await.expect(400);
    field.app.client(field.ingrid).await.get("/targets/2026-11").await.expect(403);
}

#[tokio::test]
async fn who_was_slower_sees_both_values() {
    let field = Field::new().await;
    let mut karin = field.app.client(field.karin).await;
    let mut piet = field.app.client(field.piet).await;
    field.save(&mut karin, "2026-11", &[(field.jonas, "visits", "96")]).await.expect(303);
    let drawn = karin.get("/targets/2026-11").await;
    field
        .save(&mut piet, "2026-11", &[(field.jonas, "visits", "98"), (field.jonas, "new_customers", "5")])
        .await
        .expect(303);
    let late = [(field.jonas, "visits", "100"), (field.ingrid, "visits", "50")];
    let conflict = field.send(&mut karin, &drawn, &late).await.expect(409);
    let words = conflict.text(".summary-error");
    assert!(
        words.contains("Jonas Lindqvist, visits: you typed 100; Piet van Dam set 98 on 19 Nov 2026, 10:00."),
        "{words}"
    );
    assert_eq!(conflict.value(&cell(field.jonas, "visits")), "100");
    assert_eq!(conflict.value(&cell(field.ingrid, "visits")), "50", "nothing is lost");
    assert_eq!(conflict.value(&cell(field.jonas, "new_customers")), "5", "what was left alone is theirs");
    assert_eq!(field.in_force("2026-11").await.len(), 2, "nothing was saved");
    // Knowing both, she saves hers.
    karin.submit(&conflict, "form#grid", &[]).await.expect(303);
    let now = field.in_force("2026-11").await;
    assert!(
        now.contains(&(field.jonas, "visits", "100".to_owned()))
            && now.contains(&(field.ingrid, "visits", "50".to_owned()))
    );
    assert!(now.contains(&(field.jonas, "new_customers", "5".to_owned())));
}

#[tokio::test]
async fn a_cell_that_was_left_alone_keeps_the_other_ones_change() {
    let field = Field::new().await;
    let mut karin = field.app.client(field.karin).await;
    let mut piet = field.app.client(field.piet).await;
    let drawn = karin.get("/targets/2026-11").await;
    field.save(&mut piet, "2026-11", &[(field.jonas, "visits", "98")]).await.expect(303);
    field.send(&mut karin, &drawn, &[(field.ingrid, "visits", "50")]).await.expect(303);
    assert_eq!(
        field.in_force("2026-11").await,
        [(field.ingrid, "visits", "50".to_owned()), (field.jonas, "visits", "98".to_owned())]
    );
}

#[tokio::test]
async fn the_same_form_twice_is_saved_once() {
    let field = Field::new().await;
    let mut karin = field.app.client(field.karin).await;
    let page = karin.get("/targets/2026-11").await;
    let typed = [(field.ingrid, "visits", "96")];
    let first = field.send(&mut karin, &page, &typed).await.expect(303);
    let again = field.send(&mut karin, &page, &typed).await.expect(303);
    assert_eq!(first.location(), again.location());
    assert_eq!(field.rows().await, 1);
}

#[tokio::test]
async fn a_locked_period_is_closed() {
    let field = Field::new().await;
    let mut karin = field.app.client(field.karin).await;
    let before = karin.get("/targets/2026-11").await;
    field.save(&mut karin, "2026-11", &[(field.ingrid, "visits", "96")]).await.expect(303);
    field.lock_november().await;
    let mut later = karin.on(&field.app.later(Duration::minutes(5)));
    let page = later.get("/targets/2026-11").await.expect(200);
    assert!(page.text(".strip").contains("Locked on 19 Nov 2026, 10:00"), "{}", page.text(".strip"));
    assert!(!page.has("form#grid input[aria-label]") && page.words().contains("96"));
    let refused = field.send(&mut later, &before, &[(field.ingrid, "visits", "10")]).await.expect(409);
    assert!(refused.words().contains("Nothing was saved: November 2026 was locked"), "{}", refused.words());
    // A week within it is closed too; the quarter around it is open.
    let week = later.post("/targets/2026-W46", &[("seen", "0"), (&cell(field.ingrid, "visits"), "1")]).await;
    week.expect(409);
    field.save(&mut later, "2026-Q4", &[(field.ingrid, "visits", "280")]).await.expect(303);
    assert_eq!(field.in_force("2026-11").await, [(field.ingrid, "visits", "96".to_owned())]);
}

#[tokio::test]
async fn the_period_before_fills_the_grid_and_saves_nothing() {
    let field = Field::new().await;
    let mut karin = field.app.client(field.karin).await;
    let october =
        [(field.ingrid, "visits", "90"), (field.ingrid, "net_sales", "1000"), (field.ingrid, "lost_customers", "2")];
    field.save(&mut karin, "2026-10", &october).await.expect(303);
    let page = karin.get("/targets/2026-11?fill=previous").await.expect(200);
    assert_eq!(page.value(&cell(field.ingrid, "visits")), "90");
    assert_eq!(field.rows().await, 3);
    let raised = karin.get("/targets/2026-10?raise=5%25").await.expect(200);
    assert_eq!(raised.value(&cell(field.ingrid, "visits")), "95", "94.5 rounds up");
    assert_eq!(raised.value(&cell(field.ingrid, "net_sales")), "1,050");
    assert_eq!(raised.value(&cell(field.ingrid, "lost_customers")), "2", "a limit is not raised");
    karin.submit(&page, "form#grid", &[]).await.expect(303);
    assert_eq!(field.in_force("2026-11").await.len(), 3);
}

#[tokio::test]
async fn team_and_metrics_are_chosen_in_the_address() {
    let field = Field::new().await;
    let mut karin = field.app.client(field.karin).await;
    let page =
        karin.get(&format!("/targets/2026-11?team={}&metrics=touches&metrics=visits", field.south)).await.expect(200);
    assert_eq!(page.texts("table.grid tbody th"), ["Jonas Lindqvist", "Field / South", "Its reps together"]);
    assert_eq!(page.texts("table.grid thead .group"), ["Visits", "Calls and online meetings"]);
    let saved = field.send(&mut karin, &page, &[(field.jonas, "touches", "30")]).await.expect(303);
    assert!(saved.location().contains("metrics=visits%2Ctouches"), "{}", saved.location());
    // What has a target is shown without being asked for.
    let page = karin.get("/targets/2026-11").await;
    assert!(page.texts("table.grid thead .group").contains(&"Calls and online meetings".to_owned()));
    assert_eq!(page.attribute(".step a[rel=prev]", "href"), "/targets/2026-10");
    let jumped = karin.get("/targets?kind=quarter&on=2027-02-03").await.expect(303);
    assert_eq!(jumped.location(), "/targets/2027-Q1");
}

#[tokio::test]
async fn teams_have_targets_of_their_own_beside_those_of_their_reps() {
    let field = Field::new().await;
    let mut karin = field.app.client(field.karin).await;
    let team = |metric: &str| format!("t{}.{metric}", field.whole);
    let (visits, growth) = (team("visits"), team("sales_growth"));
    let (ingrid, jonas) = (cell(field.ingrid, "visits"), cell(field.jonas, "visits"));
    let south = format!("t{}.visits", field.south);
    let page = karin.get("/targets/2026-11").await.expect(200);
    let typed = [(ingrid.as_str(), "96"), (&jonas, "80"), (&visits, "200"), (&growth, "8"), (&south, "80")];
    karin.submit(&page, "form#grid", &typed).await.expect(303);
    let page = karin.get("/targets/2026-11").await.expect(200);
    assert_eq!((page.value(&visits), page.value(&growth)), ("200".to_owned(), "8".to_owned()));
    assert_eq!(page.text(&format!("#sum-t{}-visits", field.whole)), "176", "the reps of the team and of the one below");
    let gap_beside = |sum: &str| page.text(&format!("td:has(#{sum}) [data-gap]"));
    assert_eq!(gap_beside(&format!("sum-t{}-visits", field.whole)), "24 below the target");
    assert_eq!(gap_beside(&format!("sum-t{}-visits", field.south)), "as the target");
    // The teams below it, by their own targets: one has one. In the browser it follows what one types.
    let below = format!("teams-t{}-visits", field.whole);
    assert_eq!(page.text(&format!("td:has(#{below})")), "80 120 below the target");
    assert_eq!(page.attribute(&format!("input[name='{south}']"), "data-sum"), below);
    assert!(!page.has(&format!("#teams-t{}-visits", field.south)), "no team stands below the South");
    let sums = page.attribute(&format!("input[name='{jonas}']"), "data-sum");
    assert_eq!(sums, format!("sum-visits sum-t{}-visits sum-t{}-visits", field.whole, field.south));

    // The board holds the team against its own target, and says what those of its reps come to.
    let board = karin.get("/scoreboard?period=2026-11").await.expect(200);
    let total = board.text("#total");
    assert!(total.contains("0 of 200 · own target, its reps' come to 176 · 0.00%"), "{total}");
    let history = karin.get("/targets/2026-11/changes").await.expect(200).texts("tbody tr");
    assert!(history.iter().any(|row| row.contains("Field Visits none 200 Karin Berg")), "{history:?}");

    // Piet leads the South: he neither sees nor sets what stands above.
    let mut piet = field.app.client(field.piet).await;
    let page = piet.get("/targets/2026-11").await.expect(200);
    assert!(page.has(&format!("input[name='{south}']")) && !page.has(&format!("input[name='{visits}']")));
    piet.post("/targets/2026-11", &[("seen", "0"), (&visits, "1")]).await.expect(404);
    assert!(!piet.get("/targets/2026-11/changes").await.words().contains("200"));
    // Without its own target a team is held against those of its reps again.
    let page = karin.get("/targets/2026-11").await;
    karin.submit(&page, "form#grid", &[(&visits, "")]).await.expect(303);
    let board = karin.get("/scoreboard?period=2026-11").await.expect(200);
    assert!(board.text("#total").contains("0 of 176 · "), "{}", board.text("#total"));
}

#[tokio::test]
async fn who_leads_all_teams_sets_the_companys_targets() {
    let field = Field::new().await;
    let mut karin = field.app.client(field.karin).await;
    karin.post("/targets/2026-11", &[("seen", "0"), ("all.visits", "500")]).await.expect(404);
    let inside = sqlx::query_scalar!("select id from teams where name = 'Inside'").fetch_one(&field.app.db).await;
    let mut tx = field.app.write(field.org).await;
    attain::teams::db::add_manager(&mut tx, inside.unwrap(), field.karin.id, None).await.unwrap();
    tx.commit().await.unwrap();
    let page = karin.get("/targets/2026-11").await.expect(200);
    let team = format!("t{}.visits", field.whole);
    let typed = [(cell(field.stranger, "visits"), "50"), ("all.visits".to_owned(), "500"), (team, "300")];
    let typed: Vec<(&str, &str)> = typed.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    karin.submit(&page, "form#grid", &typed).await.expect(303);
    let page = karin.get("/targets/2026-11").await.expect(200);
    assert_eq!(page.text("td:has(#sum-all-visits) [data-gap]"), "450 below the target");
    assert_eq!(page.text("td:has(#teams-all-visits)"), "300 (1 of 2 teams) 200 below the target");
    let freja = field.app.user(field.org, "Freja Aune", &[Role::Finance]).await;
    let board = field.app.client(freja).await.get("/scoreboard?period=2026-11").await.expect(200);
    assert!(board.text("#total").contains("0 of 500 · own target"), "{}", board.text("#total"));
    let astrid = field.app.user(field.org, "Astrid Moe", &[Role::Admin]).await;
    let log = field.app.client(astrid).await.get("/audit").await.expect(200);
    assert!(log.words().contains("Nordlys, visits"), "{}", log.words());
}

#[tokio::test]
async fn nobody_sets_the_own_targets() {
    let field = Field::new().await;
    // Piet sells beside managing South; Karin manages all.
    let mut tx = field.app.write(field.org).await;
    attain::users::db::set_roles(&mut tx, field.piet.id, &[Role::Rep, Role::Manager]).await.unwrap();
    attain::users::db::set_team(&mut tx, field.piet.id, Some(field.south), None).await.unwrap();
    tx.commit().await.unwrap();
    let mut karin = field.app.client(field.karin).await;
    field.save(&mut karin, "2026-11", &[(field.piet, "visits", "40"), (field.jonas, "visits", "60")]).await.expect(303);
    let mut piet = field.app.client(field.piet).await;
    let page = piet.get("/targets/2026-11").await.expect(200);
    let own = cell(field.piet, "visits");
    assert!(page.words().contains("Your own targets decide your own pay"), "{}", page.words());
    assert_eq!(page.attribute(&format!("[id='{own}'][readonly]"), "value"), "40");
    assert!(!page.has(&format!("[name='{own}']")), "it is not sent");
    // Nothing fills it either.
    let filled = piet.get("/targets/2026-12?fill=previous").await.expect(200);
    assert_eq!(filled.attribute(&format!("[id='{own}']"), "value"), "");
    assert_eq!(filled.value(&cell(field.jonas, "visits")), "60");
    // Those of the others are set, and what is sent nevertheless changes nothing.
    field.save(&mut piet, "2026-11", &[(field.jonas, "visits", "61")]).await.expect(303);
    let seen = page.value("seen");
    let forged = [("seen", &*seen), (&*own, "1"), (&*cell(field.jonas, "visits"), "62")];
    let refused = piet.post("/targets/2026-11", &forged).await.expect(409);
    assert!(refused.words().contains("the manager above you sets them"), "{}", refused.words());
    assert_eq!(field.rows().await, 3);
    // Who is an administrator, too, may do everything.
    let mut tx = field.app.write(field.org).await;
    attain::users::db::set_roles(&mut tx, field.piet.id, &[Role::Rep, Role::Manager, Role::Admin]).await.unwrap();
    tx.commit().await.unwrap();
    let mut piet = field.app.client(field.piet).await;
    field.save(&mut piet, "2026-11", &[(field.piet, "visits", "45")]).await.expect(303);
}

fn cell(rep: User, metric: &str) -> String {
    format!("{}.{metric}", rep.id)
}
