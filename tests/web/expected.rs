//! What is expected of who is there on some of the working days: one number on every page and in pay.

use attain::{
    domain::{id::LeaveId, period::Dates},
    users::{self, leaves_db},
};
use time::{Date, macros::date};

use crate::{
    field::Field,
    support::{Answer, Client, User},
};

/// October 2026 has 22 working days.
const OCTOBER: &str = "2026-10";

async fn set(field: &Field, period: &str, typed: &[(User, &str, &str)]) {
    let mut berit = field.app.client(field.berit).await;
    let page = berit.get(&format!("/targets/{period}")).await.expect(200);
    let typed: Vec<(String, &str)> =
        typed.iter().map(|(rep, metric, text)| (format!("{}.{metric}", rep.id), *text)).collect();
    let typed: Vec<(&str, &str)> = typed.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    berit.submit(&page, "form#grid", &typed).await.expect(303);
}

async fn leave(field: &Field, rep: User, away: Dates) {
    let mut tx = field.app.write(field.org).await;
    let leave = leaves_db::Leave {
        id: LeaveId(0),
        from: away.from,
        to: Some(away.to),
        kind: "vacation".to_owned(),
        note: String::new(),
    };
    leaves_db::insert(&mut tx, rep.id, &leave, field.astrid.id).await.unwrap();
    tx.commit().await.unwrap();
}

async fn employed(field: &Field, rep: User, name: &str, hired_on: Option<Date>, left_on: Option<Date>) {
    let mut tx = field.app.write(field.org).await;
    let details = users::db::Details { name: name.to_owned(), hired_on, left_on, ..users::db::Details::default() };
    assert!(users::db::update(&mut tx, rep.id, 1, &details).await.unwrap());
    tx.commit().await.unwrap();
}

/// A column of the board's file, by rep.
async fn column(client: &mut Client, period: &str, column: &str) -> Vec<(String, String)> {
    let file = client.get(&format!("/scoreboard.csv?period={period}&sort=rep")).await.expect(200).body();
    let mut lines = file.trim_start_matches('\u{feff}').lines().map(|line| line.split(',').collect::<Vec<_>>());
    let heads = lines.next().unwrap();
    let at = |name: &str| heads.iter().position(|head| *head == name).unwrap_or_else(|| panic!("{name} in {heads:?}"));
    let (rep, column) = (at("rep"), at(column));
    lines.map(|line| (line[rep].to_owned(), line[column].to_owned())).collect()
}

fn card(page: &Answer, label: &str) -> String {
    page.texts(".stat").into_iter().find(|text| text.starts_with(label)).unwrap_or_else(|| panic!("{}", page.words()))
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

#[tokio::test]
async fn board_my_month_grid_and_pay_show_the_same_part_of_a_target() {
    let field = Field::new().await;
    // Monday and Tuesday of the second week.
    leave(&field, field.ingrid, Dates { from: date!(2026 - 10 - 05), to: date!(2026 - 10 - 07) }).await;
    set(&field, OCTOBER, &[(field.ingrid, "visits", "110"), (field.ingrid, "net_sales", "2,200.01")]).await;
    set(&field, OCTOBER, &[(field.ingrid, "sales_growth", "5"), (field.jonas, "visits", "110")]).await;

    let mut berit = field.app.client(field.berit).await;
    let visits = column(&mut berit, OCTOBER, "visits_target").await;
    assert_eq!(visits, pairs([("Ingrid", "100"), ("Jonas", "110")]));
    let board = berit.get(&format!("/scoreboard?period={OCTOBER}")).await.expect(200);
    let rows = board.texts("table.board tbody tr");
    let row = |name| rows.iter().find(|row| row.contains(name)).unwrap();
    assert!(row("Ingrid").contains("here 20 of 22 working days"), "{rows:?}");
    assert!(!row("Jonas").contains("working days"), "{rows:?}");
    assert!(board.text("#total").contains("0 of 210"), "the team: 100 + 110: {}", board.text("#total"));

    let mut ingrid = field.app.client(field.ingrid).await;
    let month = ingrid.get(&format!("/my-month?period={OCTOBER}")).await.expect(200);
    let visits = card(&month, "Visits");
    assert!(visits.contains("0 of 100") && visits.contains("100 of 110: here 20 of 22 working days"), "{visits}");
    let growth = card(&month, "Sales growth");
    assert!(growth.contains("+5%") && !growth.contains("working days"), "a rate stays: {growth}");
    assert!(month.words().contains("of €2,000"), "2,200.01 × 20 ÷ 22 = 2,000.01: {}", month.words());

    let grid = berit.get(&format!("/targets/{OCTOBER}")).await.expect(200);
    assert_eq!(grid.value(&format!("{}.visits", field.ingrid.id)), "110", "the whole one is kept");
    let notes = grid.texts("tr.words");
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].starts_with("Here 20 of 22 working days: "), "{notes:?}");
    assert!(
        notes[0].contains("100 of 110 visits") && notes[0].contains("€2,000.01 of €2,200.01 net sales"),
        "{notes:?}"
    );

    // Finance puts her on a plan and calculates.
    let mut finn = field.app.client(field.finn).await;
    let page = finn.get("/plans/new?template=starter").await.expect(200);
    let plan = finn.submit(&page, "main form", &[("name", "Starter"), ("from", "2026-01")]).await.expect(303);
    let page = finn.get(plan.location()).await.expect(200);
    let rep = field.ingrid.id.to_string();
    let on = [("rep", rep.as_str()), ("from", "2026-01"), ("act", "on")];
    finn.submit(&page, "main form", &on).await.expect(303);
    let page = finn.get("/commission-runs").await.expect(200);
    finn.submit(&page, "main form", &[("period", OCTOBER)]).await.expect(303);
    let statement = sqlx::query_scalar!("select id from statements where rep_id = $1", field.ingrid.id.0)
        .fetch_one(&field.app.db)
        .await
        .unwrap();
    let statement = finn.get(&format!("/statements/{statement}")).await.expect(200);
    let words = "Target in proportion: visits 100 of 110, here 20 of 22 working days.";
    assert!(statement.words().contains(words), "{}", statement.words());
    let inputs = sqlx::query_scalar!("select inputs from statements where rep_id = $1", field.ingrid.id.0)
        .fetch_one(&field.app.db)
        .await
        .unwrap();
    let targets = &inputs["facts"]["targets"];
    assert_eq!((&targets["visits"], &targets["net_sales"]), (&"100".into(), &"2000.01".into()));
    let part = &inputs["parts"]["visits"];
    assert_eq!((&part["target"], &part["here"], &part["of"]), (&"110".into(), &20.into(), &22.into()));
    assert!(inputs["parts"]["sales_growth"].is_null());
}

#[tokio::test]
async fn joiners_leavers_and_who_is_away_all_the_time() {
    let field = Field::new().await;
    set(&field, OCTOBER, &[(field.ingrid, "visits", "110"), (field.jonas, "visits", "3")]).await;
    employed(&field, field.ingrid, "Ingrid", Some(date!(2026 - 10 - 19)), None).await;
    employed(&field, field.jonas, "Jonas", None, Some(date!(2026 - 10 - 02))).await;
    let mut berit = field.app.client(field.berit).await;
    let visits = column(&mut berit, OCTOBER, "visits_target").await;
    assert_eq!(visits, pairs([("Ingrid", "50"), ("Jonas", "1")]), "10 of 22 days; at least one");
    leave(&field, field.ingrid, Dates { from: date!(2026 - 10 - 01), to: date!(2026 - 11 - 01) }).await;
    let visits = column(&mut berit, OCTOBER, "visits_target").await;
    assert_eq!(visits, pairs([("Ingrid", ""), ("Jonas", "1")]), "nothing is expected of who is never there");
    let mut ingrid = field.app.client(field.ingrid).await;
    let month = ingrid.get(&format!("/my-month?period={OCTOBER}")).await.expect(200);
    assert!(card(&month, "Visits").contains("away on all 22 working days"), "{}", card(&month, "Visits"));
    let board = berit.get(&format!("/scoreboard?period={OCTOBER}")).await.expect(200);
    assert!(board.text("#total").contains("0 of 1"), "{}", board.text("#total"));
}

#[tokio::test]
async fn a_metric_can_count_whole_and_a_locked_month_keeps_its_rule() {
    let field = Field::new().await;
    for (period, day) in [("2026-09", date!(2026 - 09 - 07)), (OCTOBER, date!(2026 - 10 - 05))] {
        leave(&field, field.ingrid, Dates { from: day, to: day + time::Duration::days(2) }).await;
        set(&field, period, &[(field.ingrid, "visits", "110"), (field.ingrid, "new_customers", "22")]).await;
    }
    field.lock_at("2026-09", field.app.now()).await;
    let later = field.app.later(time::Duration::minutes(30));
    let mut astrid = field.app.client(field.astrid).await.on(&later);
    let old = astrid.get("/settings/proration").await.expect(200);
    let page = astrid.get("/settings/proration").await.expect(200);
    assert_eq!(
        (page.count("input[type=checkbox]"), page.count("input[checked]")),
        (13, 13),
        "rates never count in part"
    );
    let kept = ["new_customers", "net_sales"];
    let fields = kept.map(|metric| ("metrics", metric));
    astrid.submit(&page, "main form", &fields).await.expect(303);
    let mut berit = field.app.client(field.berit).await.on(&later);
    let of = |pairs: Vec<(String, String)>| pairs[0].1.clone();
    assert_eq!(of(column(&mut berit, OCTOBER, "visits_target").await), "110");
    assert_eq!(of(column(&mut berit, OCTOBER, "new_customers_target").await), "20");
    assert_eq!(
        of(column(&mut berit, "2026-09", "visits_target").await),
        "100",
        "22 working days, two away, locked before"
    );
    // Who was slower changes nothing; what was ticked is kept.
    let stale = astrid.submit(&old, "main form", &[("metrics", "visits")]).await.expect(409);
    assert_eq!(stale.count("input[checked]"), 1);
    assert_eq!(of(column(&mut berit, OCTOBER, "visits_target").await), "110");
    astrid.submit(&stale, "main form", &[]).await.expect(303);
    assert_eq!(of(column(&mut berit, OCTOBER, "visits_target").await), "100");
    let log = astrid.get("/audit").await.expect(200);
    assert!(log.words().contains("changed which targets are in proportion in"), "{}", log.words());
    let saved = astrid.get("/settings/proration").await;
    let same = astrid.submit(&saved, "main form", &[]).await.expect(303);
    assert!(astrid.follow(&same).await.text(".toast").contains("Nothing was changed"));
}

/// The file's target, the days there and the working days of a month on the board, and those in the grid.
async fn shown(berit: &mut Client, period: &str) -> (String, String, String) {
    let target = column(berit, period, "visits_target").await[0].1.clone();
    let board = berit.get(&format!("/scoreboard?period={period}")).await.expect(200);
    let grid = berit.get(&format!("/targets/{period}")).await.expect(200);
    let row = board.texts("table.board tbody tr").into_iter().find(|row| row.contains("Ingrid")).unwrap();
    let here = row.split("here ").nth(1).map(|words| words.split(" days").next().unwrap().to_owned());
    (target, here.unwrap_or_default(), grid.text("p.eyebrow"))
}

#[tokio::test]
async fn what_a_locked_month_shows_does_not_move() {
    let field = Field::new().await;
    let november = "2026-11";
    for (period, day) in [(OCTOBER, date!(2026 - 10 - 05)), (november, date!(2026 - 11 - 02))] {
        leave(&field, field.ingrid, Dates { from: day, to: day + time::Duration::days(2) }).await;
        set(&field, period, &[(field.ingrid, "visits", "110"), (field.jonas, "visits", "110")]).await;
    }
    let mut berit = field.app.client(field.berit).await;
    let before = ("100".to_owned(), "20 of 22 working".to_owned(), "October 2026 · 22 working days".to_owned());
    assert_eq!(shown(&mut berit, OCTOBER).await, before);
    assert_eq!(shown(&mut berit, november).await.1, "19 of 21 working");
    field.lock_at(OCTOBER, field.app.now()).await;
    assert_eq!(shown(&mut berit, OCTOBER).await, before);

    // Leave from October into November, entered late: with a reason, and from November on.
    let path = format!("/users/{}/leave", field.ingrid.id);
    let page = berit.get(&path).await.expect(200);
    let late = [("kind", "sick"), ("from", "2026-10-26"), ("last", "2026-11-01"), ("reason", "The note came late")];
    let saved = berit.submit(&page, "aside form", &late).await.expect(303);
    let page = berit.follow(&saved).await.expect(200);
    assert!(
        page.text(".toast").contains("Days before 1 Nov 2026 are locked and stay as they were"),
        "{}",
        page.words()
    );
    assert_eq!(shown(&mut berit, OCTOBER).await, before);
    // The days that were kept are not given back either.
    let old = sqlx::query_scalar!("select id from leaves where lower(during) = '2026-10-05'");
    let old = old.fetch_one(&field.app.db).await.unwrap();
    let reason = format!("reason-{old}");
    berit.post(&format!("{path}/{old}/remove"), &[(&reason, "He was there")]).await.expect(303);
    assert_eq!(shown(&mut berit, OCTOBER).await, before);

    // Who is said to have left long before was there when it was locked.
    employed(&field, field.jonas, "Jonas", None, Some(date!(2026 - 09 - 15))).await;
    let targets = column(&mut berit, OCTOBER, "visits_target").await;
    assert_eq!(targets, pairs([("Ingrid", "100"), ("Jonas", "110")]));
    assert_eq!(column(&mut berit, november, "visits_target").await.len(), 1);

    // The first day, the last day, holidays and working days: October stays, November follows.
    let mut astrid = field.app.client(field.astrid).await;
    let page = astrid.get(&format!("/users/{}", field.ingrid.id)).await.expect(200);
    let form = format!("form[action='/users/{}']", field.ingrid.id);
    let saved = astrid.submit(&page, &form, &[("hired_on", "2026-10-12")]).await.expect(303);
    let page = astrid.follow(&saved).await.expect(200);
    assert!(
        page.text(".toast").contains("Days before 1 Nov 2026 are locked and stay as they were"),
        "{}",
        page.words()
    );
    let page = astrid.get(&format!("/users/{}", field.jonas.id)).await.expect(200);
    astrid.submit(&page, "form[action$='/activation']", &[]).await.expect(303);
    let page = astrid.get(&format!("/users/{}", field.jonas.id)).await.expect(200);
    let form = format!("form[action='/users/{}/departure']", field.jonas.id);
    let left = astrid.submit(&page, &form, &[("last_day", "2026-10-09")]).await.expect(303);
    let page = astrid.follow(&left).await.expect(200);
    assert!(page.text(".toast").contains("Days before 1 Nov 2026 are locked"), "{}", page.text(".toast"));
    for day in ["2026-10-14", "2026-11-10"] {
        let page = astrid.get("/settings").await.expect(200);
        let form = [("on", day), ("holiday", "Founder’s day")];
        astrid.submit(&page, "form[action='/settings/holidays']", &form).await.expect(303);
    }
    let page = astrid.get("/settings").await.expect(200);
    assert!(page.words().contains("Days before 1 Nov 2026 are locked and stay as they were."), "{}", page.words());
    let week = ["1", "2", "3", "4", "5", "6"].map(|day| ("workdays", day));
    astrid.submit(&page, "form[action='/settings']", &week).await.expect(303);

    assert_eq!(shown(&mut berit, OCTOBER).await, before);
    let targets = column(&mut berit, OCTOBER, "visits_target").await;
    assert_eq!(targets, pairs([("Ingrid", "100"), ("Jonas", "110")]));
    let first = berit.get("/scoreboard?period=2026-10-14").await.expect(200);
    assert!(first.words().contains("1 working day"), "a day of a locked month: {}", first.words());
    // Saturdays are worked now, the 10th is a holiday: 24 days, of which Ingrid misses two.
    assert_eq!(shown(&mut berit, november).await.1, "22 of 24 working");
    // A quarter has 22 days of October as they were kept, 24 of November and 27 of December.
    let quarter = berit.get("/scoreboard?period=2026-Q4").await.expect(200);
    assert!(quarter.words().contains("of 73"), "{}", quarter.words());
    let row = quarter.texts("table.board tbody tr").into_iter().find(|row| row.contains("Ingrid")).unwrap();
    assert!(row.contains("here 69 of 73 working days"), "{row}");
}

#[tokio::test]
async fn who_joins_is_expected_over_the_own_days() {
    let field = Field::new().await;
    set(&field, "2026-11", &[(field.ingrid, "visits", "105"), (field.jonas, "visits", "105")]).await;
    employed(&field, field.ingrid, "Ingrid", Some(date!(2026 - 11 - 16)), None).await;
    let mut ingrid = field.app.client(field.ingrid).await;
    let month = ingrid.get("/my-month").await.expect(200);
    let visits = card(&month, "Visits");
    assert!(visits.contains("0 of 55") && visits.contains("20 expected by today"), "day 4 of 11: {visits}");
    assert!(visits.contains("7 a day from now") || visits.contains("8 a day from now"), "55 on 7 days: {visits}");
    let mut jonas = field.app.client(field.jonas).await;
    let visits = card(&jonas.get("/my-month").await.expect(200), "Visits");
    assert!(visits.contains("0 of 105") && visits.contains("70 expected by today"), "day 14 of 21: {visits}");
}

#[tokio::test]
async fn who_is_away_all_the_time_needs_no_target() {
    let field = Field::new().await;
    set(&field, OCTOBER, &[(field.ingrid, "visits", "110"), (field.ingrid, "sales_growth", "5")]).await;
    let mut berit = field.app.client(field.berit).await;
    let board = berit.get(&format!("/scoreboard?period={OCTOBER}")).await.expect(200);
    assert!(board.text("#total").contains("1 of 2 reps have a target"), "{}", board.text("#total"));
    leave(&field, field.jonas, Dates { from: date!(2026 - 09 - 28), to: date!(2026 - 11 - 02) }).await;
    let board = berit.get(&format!("/scoreboard?period={OCTOBER}")).await.expect(200);
    let total = board.text("#total");
    assert!(total.contains("0 of 110") && !total.contains("1 of 2"), "{total}");
    leave(&field, field.ingrid, Dates { from: date!(2026 - 09 - 28), to: date!(2026 - 11 - 02) }).await;
    let total = berit.get(&format!("/scoreboard?period={OCTOBER}")).await.expect(200).text("#total");
    assert!(total.starts_with("Visits 0 New customers 0 Lost"), "nobody is there: {total}");
}

#[tokio::test]
async fn the_grid_says_what_counts_of_a_sum() {
    let field = Field::new().await;
    leave(&field, field.ingrid, Dates { from: date!(2026 - 10 - 05), to: date!(2026 - 10 - 07) }).await;
    let visits = [(field.ingrid, "visits", "110"), (field.jonas, "visits", "110")];
    set(&field, OCTOBER, &visits).await;
    set(&field, OCTOBER, &[(field.jonas, "net_sales", "1,000")]).await;
    let goal = format!("t{}.visits", field.north);
    let mut berit = field.app.client(field.berit).await;
    let page = berit.get(&format!("/targets/{OCTOBER}")).await.expect(200);
    berit.submit(&page, "form#grid", &[(&goal, "215")]).await.expect(303);
    let page = berit.get(&format!("/targets/{OCTOBER}")).await.expect(200);
    assert_eq!(
        (page.text("#sum-visits"), page.text("#sum-visits + [data-counts]")),
        ("220".into(), "(counts 210)".into())
    );
    let team = format!("#sum-t{}-visits", field.north);
    assert_eq!(
        (page.text(&team), page.text(&format!("{team} + [data-counts]"))),
        ("220".into(), "(counts 210)".into())
    );
    assert_eq!(page.text(&format!("[data-gap='{goal}']")), "5 below the target", "as the board compares");
    assert_eq!(page.text("#sum-net_sales + [data-counts]"), "", "all of it counts");
    let field_of = |rep: User, metric: &str| format!("input[name='{}.{metric}']", rep.id);
    assert_eq!(page.attribute(&field_of(field.ingrid, "visits"), "data-part"), "20 22 0 1");
    assert_eq!(page.attribute(&field_of(field.ingrid, "net_sales"), "data-part"), "20 22 2 0");
    assert!(
        !page.has("input[name$='sales_growth'][data-part]")
            && !page.has(&format!("input[name='{}.visits'][data-part]", field.jonas.id))
    );
    let board = berit.get(&format!("/scoreboard?period={OCTOBER}")).await.expect(200);
    assert!(board.text("#total").contains("own target, its reps' come to 210"), "{}", board.text("#total"));
}
