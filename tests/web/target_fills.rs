//! What fills a grid of targets, what takes a save back, who says yes to it, and every kind of period.

use attain::{
    teams,
    users::{self, db::Details},
};
use time::{Date, Duration, macros::date};

use crate::{
    field::Field,
    support::{Answer, Client, User},
};
use attain::domain::{access::Role, visit::Kind};

fn cell(rep: User, metric: &str) -> String {
    format!("{}.{metric}", rep.id)
}

/// Types into the grid of a period and saves: what the browser is answered.
async fn save(client: &mut Client, period: &str, typed: &[(User, &str, &str)]) -> Answer {
    let page = client.get(&format!("/targets/{period}")).await.expect(200);
    let typed: Vec<(String, &str)> = typed.iter().map(|(rep, metric, text)| (cell(*rep, metric), *text)).collect();
    let typed: Vec<(&str, &str)> = typed.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    client.submit(&page, "form#grid", &typed).await.expect(303)
}

async fn level(field: &Field, rep: User, name: &str, level: &str) {
    let mut tx = field.app.write(field.org).await;
    let details = Details { name: name.to_owned(), level: Some(level.to_owned()), ..Details::default() };
    assert!(users::db::update(&mut tx, rep.id, 1, &details).await.unwrap());
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn levels_fill_the_grid_of_who_has_them() {
    let field = Field::new().await;
    level(&field, field.ingrid, "Ingrid", "Senior").await;
    let mut astrid = field.app.client(field.astrid).await;
    let old = astrid.get("/settings/levels").await.expect(200);
    let first = astrid.get("/settings/levels").await.expect(200);
    assert_eq!(first.count("tbody tr"), 2, "the one level that somebody has, and another");
    let typed = [("0.visits", "96"), ("0.net_sales", "1 000,50"), ("another", "Junior"), ("1.visits", "60")];
    astrid.submit(&first, "form#levels", &typed).await.expect(303);
    let page = astrid.get("/settings/levels?kind=month").await.expect(200);
    assert_eq!((page.value("0.visits"), page.value("1.visits")), ("60".to_owned(), "96".to_owned()), "by name");
    assert_eq!(page.value("1.net_sales"), "1,000.50");
    assert_eq!(astrid.get("/settings/levels?kind=quarter").await.expect(200).value("1.visits"), "");

    let long = "x".repeat(51);
    for (typed, words) in [
        ([("1.visits", "many"), ("another", "")], "Senior, visits: “many” is not a number."),
        ([("1.visits", "-1"), ("another", "")], "−1 is below zero"),
        ([("2.visits", "5"), ("another", "")], "The level is missing."),
        ([("2.visits", "5"), ("another", long.as_str())], "51 characters; 50 are possible"),
    ] {
        let refused = astrid.submit(&page, "form#levels", &typed).await.expect(422);
        assert!(refused.text(".summary-error").contains(words), "{}", refused.text(".summary-error"));
        assert_eq!(refused.value(typed[0].0), typed[0].1, "what was typed is kept");
    }
    let late = astrid.submit(&old, "form#levels", &[("0.visits", "1")]).await.expect(409);
    assert_eq!((late.value("0.visits"), late.value("level")), ("1".to_owned(), "Senior".to_owned()), "in its row");
    assert!(late.words().contains("Somebody else has changed the levels"), "{}", late.words());
    astrid.post("/settings/levels", &[("seen", "0"), ("7.visits", "1")]).await.expect(400);
    astrid.get("/settings/levels?kind=century").await.expect(400);

    let mut berit = field.app.client(field.berit).await;
    let grid = berit.get("/targets/2026-11").await.expect(200);
    assert!(grid.has("a[href='/targets/2026-11?fill=levels']"));
    assert!(!berit.get("/targets/2026-Q4").await.expect(200).has("a[href$='fill=levels']"), "none for quarters");
    let filled = berit.get("/targets/2026-11?fill=levels").await.expect(200);
    assert_eq!(filled.value(&cell(field.ingrid, "visits")), "96");
    assert_eq!(filled.value(&cell(field.ingrid, "net_sales")), "1,000.50");
    assert_eq!(filled.value(&cell(field.jonas, "visits")), "", "without a level");
    assert!(filled.words().contains("Filled in, not saved yet"));
    assert_eq!(field.count("targets").await, 0);
    berit.submit(&filled, "form#grid", &[]).await.expect(303);
    assert_eq!(field.count("targets").await, 2);
    // An empty cell takes the level's target away.
    let page = astrid.get("/settings/levels").await;
    astrid.submit(&page, "form#levels", &[("1.visits", "")]).await.expect(303);
    assert_eq!(astrid.get("/settings/levels").await.value("1.visits"), "");
}

#[tokio::test]
async fn a_suggestion_says_what_it_looked_at() {
    let field = Field::new().await;
    let customer = field.customer("Havn", field.ingrid).await;
    let visits = |rep, first: Date, count: i64| {
        let field = &field;
        async move {
            for day in 0..count {
                field.visit(rep, customer, first + Duration::days(day), Kind::InPerson).await;
            }
        }
    };
    for (first, count) in [
        (date!(2026 - 07 - 01), 2),
        (date!(2026 - 08 - 03), 3),
        (date!(2026 - 09 - 01), 4),
        (date!(2026 - 10 - 01), 5),
        (date!(2026 - 11 - 02), 9), // still runs
    ] {
        visits(field.ingrid, first, count).await;
    }
    visits(field.jonas, date!(2026 - 09 - 01), 7).await;
    let mut berit = field.app.client(field.berit).await;
    for period in ["2026-11", "2027-03"] {
        let page = berit.get(&format!("/targets/{period}?suggest=60")).await.expect(200);
        assert_eq!(
            page.text(".strip"),
            "60th percentile of November 2025 to October 2026; of lost customers the 40th percentile, as fewer is \
             better. Nothing for Jonas: there are fewer than 3 months to look at."
        );
        assert_eq!(page.value(&cell(field.ingrid, "visits")), "4", "of 2, 3, 4 and 5: 3.8");
        assert_eq!(page.value(&cell(field.jonas, "visits")), "");
    }
    let most = berit.get("/targets/2026-11?suggest=75").await.expect(200);
    assert_eq!(most.value(&cell(field.ingrid, "visits")), "4", "4.25");
    let weeks = berit.get("/targets/2026-W47?suggest=50").await.expect(200);
    assert!(weeks.text(".strip").starts_with("Median of "), "{}", weeks.text(".strip"));
    assert_eq!(field.count("targets").await, 0);
    berit.submit(&most, "form#grid", &[]).await.expect(303);
    assert!(berit.get("/targets/2026-11").await.value(&cell(field.ingrid, "visits")) == "4");
}

#[tokio::test]
async fn a_save_is_taken_back_unless_somebody_changed_it_since() {
    let field = Field::new().await;
    let piet = field.app.user(field.org, "Piet", &[Role::Manager]).await;
    let mut tx = field.app.write(field.org).await;
    teams::db::add_manager(&mut tx, field.north, piet.id, None).await.unwrap();
    tx.commit().await.unwrap();
    let (mut berit, mut piet) = (field.app.client(field.berit).await, field.app.client(piet).await);
    save(&mut berit, "2026-11", &[(field.ingrid, "visits", "90")]).await;
    let saved = save(&mut berit, "2026-11", &[(field.ingrid, "visits", "96"), (field.jonas, "visits", "80")]).await;
    let page = berit.follow(&saved).await.expect(200);
    let undo = page.attribute(".toast form", "action");
    piet.post(&undo, &[]).await.expect(404);
    let undone = berit.submit(&page, ".toast form", &[]).await.expect(303);
    let again = berit.submit(&page, ".toast form", &[]).await.expect(303);
    assert_eq!(undone.location(), again.location(), "twice is once");
    let page = berit.follow(&undone).await.expect(200);
    assert!(page.text(".toast").contains("2 targets for November 2026 taken back"), "{}", page.text(".toast"));
    assert_eq!(page.value(&cell(field.ingrid, "visits")), "90");
    assert_eq!(page.value(&cell(field.jonas, "visits")), "");
    assert_eq!(field.count("targets").await, 5, "nothing is deleted");
    let history = berit.get("/targets/2026-11/changes").await.expect(200).texts("#changes tr");
    assert!(history.iter().any(|row| row.contains("Ingrid Visits 96 90 Berit undone")), "{history:?}");

    // Somebody else was there in between.
    let saved = save(&mut berit, "2026-11", &[(field.ingrid, "visits", "97"), (field.jonas, "visits", "81")]).await;
    save(&mut piet, "2026-11", &[(field.jonas, "visits", "82")]).await;
    let page = berit.follow(&saved).await.expect(200);
    let refused = berit.submit(&page, ".toast form", &[]).await.expect(409);
    assert!(refused.words().contains("Somebody has changed one of these targets since"), "{}", refused.words());
    let page = berit.get("/targets/2026-11").await;
    assert_eq!(page.value(&cell(field.ingrid, "visits")), "97", "nothing was taken back");
    for rows in ["0-0", "x", "5", "9999-99999", "-1-1", "1-9223372036854775808"] {
        berit.post(&format!("/targets/2026-11/undo/{rows}"), &[]).await.expect(404);
    }
    // What was saved before a lock stays.
    let saved = save(&mut berit, "2026-10", &[(field.ingrid, "visits", "50")]).await;
    let page = berit.follow(&saved).await.expect(200);
    field.lock_at("2026-10", field.app.now() + Duration::minutes(1)).await;
    berit.submit(&page, ".toast form", &[]).await.expect(409);
}

#[tokio::test]
async fn a_rep_accepts_targets_and_is_asked_again_after_a_change() {
    let field = Field::new().await;
    let (mut berit, mut ingrid) = (field.app.client(field.berit).await, field.app.client(field.ingrid).await);
    let accept = "form[action='/targets/2026-11/acceptance']";
    assert!(!ingrid.get("/my-month").await.expect(200).has(accept), "no targets, nothing to accept");
    save(&mut berit, "2026-11", &[(field.ingrid, "visits", "96")]).await;
    let notice = ingrid.get("/notices").await.expect(200);
    assert!(notice.words().contains("By Berit. Look at them and accept"), "{}", notice.words());
    let month = ingrid.get("/my-month").await.expect(200);
    assert!(
        month.words().contains("Your targets for November 2026 were set by Berit on 19 Nov 2026"),
        "{}",
        month.words()
    );
    assert!(
        berit.get("/targets/2026-11").await.text("tbody:first-of-type tr:first-child th").contains("not accepted yet")
    );
    let accepted = ingrid.submit(&month, accept, &[]).await.expect(303);
    let page = ingrid.follow(&accepted).await.expect(200);
    assert!(page.text(".toast").contains("Targets for November 2026 accepted"));
    assert!(page.text("#accepted").starts_with("You accepted the targets on 19 Nov 2026, 10:00"));
    assert!(!page.has(accept));
    assert!(!ingrid.get("/notices").await.words().contains("Look at them and accept"));
    assert!(
        berit
            .get("/targets/2026-11")
            .await
            .text("tbody:first-of-type tr:first-child th")
            .contains("accepted 19 Nov 2026")
    );
    assert!(!ingrid.get("/my-month?period=2026-10").await.has("#accepted"), "each period by itself");

    save(&mut berit, "2026-11", &[(field.ingrid, "visits", "100")]).await;
    let month = ingrid.get("/my-month").await.expect(200);
    assert!(month.words().contains("were changed by Berit"), "{}", month.words());
    assert!(month.words().contains("You accepted what stood on 19 Nov 2026"), "{}", month.words());
    let rep = berit.get(&format!("/reps/{}", field.ingrid.id)).await.expect(200);
    assert_eq!(rep.text("#accepted"), "The targets were changed since Ingrid accepted them.");
    let history = berit.get("/targets/2026-11/changes").await.expect(200);
    assert!(history.text("#acceptances tbody tr").contains("changed since"), "{}", history.words());
    // What she has not seen she cannot accept.
    save(&mut berit, "2026-11", &[(field.ingrid, "visits", "110")]).await;
    ingrid.submit(&month, accept, &[]).await.expect(409);
    assert_eq!(field.count("target_acceptances").await, 1);
    let month = ingrid.get("/my-month").await.expect(200);
    ingrid.submit(&month, accept, &[]).await.expect(303);
    assert_eq!(field.count("target_acceptances").await, 2);
    for last in ["", "x", "99"] {
        let answer = ingrid.post("/targets/2026-11/acceptance", &[("last", last)]).await;
        assert_eq!(answer.status, if last == "99" { 409 } else { 400 });
    }
    ingrid.post("/targets/2026-12/acceptance", &[("last", "1")]).await.expect(404);
}

#[tokio::test]
async fn targets_of_every_kind_of_period_stand_on_the_board_of_that_period() {
    let field = Field::new().await;
    let (mut berit, mut ingrid) = (field.app.client(field.berit).await, field.app.client(field.ingrid).await);
    let kinds = [
        ("2026-11-19", "5", ["5", "10"]),
        ("2026-W47", "24", ["24", "48"]),
        ("2026-11", "96", ["96", "192"]),
        ("2026-Q4", "280", ["280", "560"]),
        ("2026", "1100", ["1,100", "2,200"]),
    ];
    for (period, visits, _) in kinds {
        save(&mut berit, period, &[(field.ingrid, "visits", visits), (field.jonas, "visits", visits)]).await;
    }
    for (period, visits, [own, both]) in kinds {
        let board = berit.get(&format!("/scoreboard?period={period}")).await.expect(200);
        assert!(board.text("#total").contains(&format!("0 of {both} · ")), "{period}: {}", board.text("#total"));
        let month = ingrid.get(&format!("/my-month?period={period}")).await.expect(200);
        assert!(month.texts(".stat")[0].contains(&format!("0 of {own}")), "{period}: {:?}", month.texts(".stat"));
        assert_eq!(
            berit.get(&format!("/targets/{period}")).await.value(&cell(field.ingrid, "visits")).replace(',', ""),
            visits
        );
    }
}

#[tokio::test]
async fn the_grid_says_where_months_come_to_something_else_than_their_quarter() {
    let field = Field::new().await;
    let mut berit = field.app.client(field.berit).await;
    save(&mut berit, "2026-Q4", &[(field.ingrid, "visits", "280"), (field.ingrid, "sales_growth", "5")]).await;
    for (month, visits) in [("2026-10", "80"), ("2026-11", "96")] {
        save(&mut berit, month, &[(field.ingrid, "visits", visits), (field.ingrid, "sales_growth", "4")]).await;
    }
    let notes = async |client: &mut Client, period: &str| {
        client.get(&format!("/targets/{period}")).await.expect(200).texts("tr.words")
    };
    assert_eq!(notes(&mut berit, "2026-Q4").await, [""; 0], "December is open yet");
    save(&mut berit, "2026-12", &[(field.ingrid, "visits", "90")]).await;
    assert_eq!(notes(&mut berit, "2026-Q4").await, ["The months come to 266 visits, the quarter says 280."]);
    save(&mut berit, "2026-12", &[(field.ingrid, "visits", "104")]).await;
    assert_eq!(notes(&mut berit, "2026-Q4").await, [""; 0]);
    for (quarter, visits) in [("2026-Q1", "270"), ("2026-Q2", "270"), ("2026-Q3", "200"), ("2026", "1000")] {
        save(&mut berit, quarter, &[(field.ingrid, "visits", visits)]).await;
    }
    assert_eq!(notes(&mut berit, "2026").await, ["The quarters come to 1,020 visits, the year says 1,000."]);
}

#[tokio::test]
async fn what_fills_the_grid_is_raised_and_nothing_raised_is_told() {
    let field = Field::new().await;
    let mut berit = field.app.client(field.berit).await;
    save(&mut berit, "2026-10", &[(field.ingrid, "visits", "90"), (field.ingrid, "lost_customers", "2")]).await;
    let copied = berit.get("/targets/2026-11?fill=previous").await.expect(200);
    let carried = copied.form_body("form.jump:has(#raise)", &[("raise", "5")]);
    assert!(carried.contains("fill=previous"), "{carried}");
    let raised = berit.get(&format!("/targets/2026-11?{carried}")).await.expect(200);
    assert_eq!(raised.value(&cell(field.ingrid, "visits")), "95", "the copied 90, raised");
    assert_eq!(raised.value(&cell(field.ingrid, "lost_customers")), "2", "a limit is copied and not raised");
    assert!(!raised.words().contains("Nothing was raised"), "{}", raised.words());
    let empty = berit.get("/targets/2026-11?raise=5").await.expect(200);
    assert!(empty.text(".strip").contains("Nothing was raised"), "{}", empty.words());
    // Also a suggestion is raised, and what comes out as it stands is no change.
    let customer = field.customer("Havn", field.ingrid).await;
    for month in [8, 9, 10] {
        let first = date!(2026 - 01 - 01).replace_month(time::Month::try_from(month).unwrap()).unwrap();
        for day in 0..10 {
            field.visit(field.ingrid, customer, first + Duration::days(day), Kind::InPerson).await;
        }
    }
    save(&mut berit, "2026-11", &[(field.ingrid, "visits", "12")]).await;
    let page = berit.get("/targets/2026-11?suggest=50").await.expect(200);
    assert_eq!(page.value(&cell(field.ingrid, "visits")), "10");
    let carried = page.form_body("form.jump:has(#raise)", &[("raise", "20")]);
    let page = berit.get(&format!("/targets/2026-11?{carried}")).await.expect(200);
    assert_eq!(page.value(&cell(field.ingrid, "visits")), "12");
    assert!(!page.has(&format!("[id='{}'][data-was]", cell(field.ingrid, "visits"))), "it stands already");
}
