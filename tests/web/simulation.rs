//! The simulation of a plan: the same facts and engine as a run, to the cent, and nothing stored.

use attain::domain::{access::Role, money::Money};
use time::{Duration, macros::date};

use crate::commissions::Desk;

/// The cells of a simulation's file without its heads.
fn rows(file: &str) -> Vec<Vec<String>> {
    file.lines().skip(1).map(|line| line.split(',').map(|cell| cell.trim_matches('"').to_owned()).collect()).collect()
}

/// Name, period and four amounts: would, today, difference, paid.
fn amounts(rows: &[Vec<String>]) -> Vec<[&str; 6]> {
    let mut found: Vec<[&str; 6]> = rows
        .iter()
        .map(|row| {
            let at = |from_end: usize| row[row.len() - from_end].as_str();
            [row[1].as_str(), at(7), at(6), at(5), at(4), at(3)]
        })
        .collect();
    found.sort_unstable();
    found
}

async fn stored(desk: &Desk) -> (i64, i64) {
    let counts = sqlx::query!(
        r#"select (select count(*) from commission_runs) as "runs!", (select count(*) from statements) as "statements!""#
    );
    let counts = counts.fetch_one(&desk.app.db).await.unwrap();
    (counts.runs, counts.statements)
}

#[tokio::test]
async fn the_plan_in_force_pays_what_its_run_paid_to_the_cent() {
    let desk = Desk::new().await;
    for (day, cents) in
        [(date!(2026 - 09 - 30), 33_333), (date!(2026 - 10 - 05), 100_001), (date!(2026 - 10 - 20), 50_017)]
    {
        desk.deal(desk.ingrid, day, cents, true, None).await;
    }
    desk.deal(desk.jonas, date!(2026 - 10 - 21), 77_777, true, None).await;
    // Neither is anything that is not over yet.
    desk.deal(desk.jonas, date!(2026 - 11 - 02), 999_999, true, None).await;
    let plan = desk.starter(&[desk.ingrid, desk.jonas]).await;
    desk.lock("2026-10").await;
    let before = stored(&desk).await;
    let mut freja = desk.app.client(desk.freja).await;
    let file = freja.post(&format!("{plan}/simulation.csv"), &[]).await.expect(200).body();
    let rows = rows(&file);
    let october: Vec<[&str; 6]> = amounts(&rows).into_iter().filter(|row| row[1] == "2026-10").collect();
    let paid = sqlx::query!(
        "select u.name, s.total as \"total: Money\"
         from statements s
         join users u on u.org_id = s.org_id and u.id = s.rep_id
         order by u.name"
    );
    let paid = paid.fetch_all(&desk.app.db).await.unwrap();
    assert_eq!((october.len(), paid.len()), (2, 2));
    for (row, paid) in october.iter().zip(paid) {
        let cents = rust_decimal::Decimal::new(paid.total.0, 2).to_string();
        assert_eq!(*row, [&*paid.name, "2026-10", &cents, &cents, "0.00", &cents], "{file}");
    }
    assert_eq!(
        amounts(&rows).into_iter().filter(|row| row[1] == "2026-09").collect::<Vec<_>>(),
        [["Ingrid", "2026-09", "10.00", "10.00", "0.00", ""], ["Jonas", "2026-09", "0.00", "0.00", "0.00", ""]],
        "3 % of 333.33, and nothing was paid for September yet"
    );
    let page = freja.get(&format!("{plan}/simulation")).await.expect(200);
    assert!(page.words().contains("September 2026 to October 2026"), "{}", page.words());
    assert!(page.texts("tbody tr").contains(&"October 2026 €68.34 €68.34 €0.00 €68.34".to_owned()), "{}", page.words());
    assert_eq!(stored(&desk).await, before, "nothing is stored");
}

#[tokio::test]
async fn a_version_of_next_year_shows_who_gains_and_what_it_lacks() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 09 - 05), 100_000, true, None).await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 200_000, true, None).await;
    desk.deal(desk.jonas, date!(2026 - 10 - 06), 100_000, true, None).await;
    let olga = desk.app.user(desk.org, "Olga", &[Role::Rep]).await;
    let plan = desk.starter(&[desk.ingrid, desk.jonas]).await;
    let mut freja = desk.app.client(desk.freja).await;
    let page = freja.get(&format!("{plan}/versions/new")).await.expect(200);
    freja.submit(&page, "main form[method=post]", &[("from", "2027-01"), ("c0_rate", "5%")]).await.expect(303);
    let page = freja.get(&format!("{plan}/simulation")).await.expect(200);
    let words = page.words();
    for told in [
        "This version €200.00 Today's plans €120.00 Difference +€80.00",
        "Of credited sales 5%, today 3%",
        "Gain most Ingrid +€60.00, Jonas +€20.00",
    ] {
        assert!(words.contains(told), "{told}: {words}");
    }
    assert!(page.texts("tbody tr").contains(&"Ingrid €150.00 €90.00 +€60.00 none Starter, version 1".to_owned()));
    let label = page.attribute("svg.chart.wide", "aria-label");
    assert!(label.contains("+€80.00 in all, from +€20.00 to +€60.00 in one period."), "{label}");
    // One rep alone, by name; and one who is on no plan today.
    let alone = format!("{plan}/simulation?version=2&rep={}&rep={}", desk.ingrid.id, olga.id);
    let page = freja.get(&alone).await.expect(200);
    assert!(
        page.texts("tbody tr").contains(&"September 2026 €50.00 €30.00 +€20.00 none".to_owned()),
        "{}",
        page.words()
    );
    assert!(page.texts("tbody tr").contains(&"Olga €0.00 €0.00 €0.00 none no plan".to_owned()), "{}", page.words());
    assert!(page.words().contains("Would get nothing Olga"));
    assert!(!page.texts("tbody tr").iter().any(|row| row.starts_with("Jonas")));
    freja.get(&format!("{plan}/simulation?version=9")).await.expect(404);
    // A plan that nobody is on is tried on everybody; it asks for targets that nobody has.
    let page = freja.get("/plans/new?template=accelerator").await.expect(200);
    let fields = [("name", "Faster"), ("from", "2027-01")];
    let other = freja.submit(&page, "main form[method=post]", &fields).await.expect(303).location().to_owned();
    let page = freja.get(&format!("{other}/simulation")).await.expect(200);
    let lacking = "3 reps have no target for net sales in September 2026 and October 2026: what depends on it pays nothing \
                   there.";
    assert!(page.words().contains(lacking), "{}", page.words());
    assert!(page.words().contains("Would get nothing Olga, Jonas, Ingrid"), "{}", page.words());
}

#[tokio::test]
async fn a_draw_runs_on_from_month_to_month() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 08 - 05), 100_000, true, None).await;
    desk.deal(desk.ingrid, date!(2026 - 09 - 05), 400_000, true, None).await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 50_000, true, None).await;
    let plan = desk.starter(&[desk.ingrid]).await;
    let document = serde_json::json!({
        "name": "Starter", "currency": "EUR", "period": "month",
        "components": [{ "name": "Sales", "measure": "net_sales", "pays": { "rate": "0.1" } }],
        "draw": { "amount": "200", "recoverable": true }
    });
    let id: i64 = plan.rsplit('/').next().unwrap().parse().unwrap();
    sqlx::query!(
        "insert into plan_versions (org_id, plan_id, number, from_date, document, created_at)
         values ($1, $2, 2, '2027-01-01', $3, $4)",
        desk.org.0,
        id,
        document,
        desk.app.now(),
    )
    .execute(&desk.app.db)
    .await
    .unwrap();
    let mut freja = desk.app.client(desk.freja).await;
    let file = freja.post(&format!("{plan}/simulation.csv?version=2"), &[]).await.expect(200).body();
    let rows = rows(&file);
    let would: Vec<[&str; 2]> = amounts(&rows).into_iter().map(|row| [row[1], row[2]]).collect();
    // 100 earned and 100 advanced; 400 earned less the 100; 50 earned and 150 advanced.
    assert_eq!(would, [["2026-08", "200.00"], ["2026-09", "300.00"], ["2026-10", "200.00"]], "{file}");
}

#[tokio::test]
async fn a_plan_is_tried_before_it_is_saved() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 09 - 05), 100_000, true, None).await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 200_000, true, None).await;
    desk.deal(desk.jonas, date!(2026 - 10 - 06), 100_000, true, None).await;
    let plan = desk.starter(&[desk.ingrid]).await;
    let before = (stored(&desk).await, versions(&desk).await);
    let mut freja = desk.app.client(desk.freja).await;
    let page = freja.get(&format!("{plan}/versions/new")).await.expect(200);
    let simulate = page.texts("button[name=act][value=simulate]");
    assert_eq!(simulate, ["Simulate before saving"]);
    let fields = [("from", "2027-01"), ("c0_rate", "5%"), ("act", "simulate")];
    let page = freja.submit(&page, "main form[method=post]", &fields).await.expect(200);
    let words = page.words();
    for told in ["Simulation of Starter", "Not saved", "This plan €150.00 Today's plans €90.00 Difference +€60.00"]
    {
        assert!(words.contains(told), "{told}: {words}");
    }
    assert!(page.texts("tbody tr").contains(&"Ingrid €150.00 €90.00 +€60.00 none Starter, version 1".to_owned()));
    assert!(!page.has("a[href*='simulation']"), "what is not saved has no address");
    assert_eq!((stored(&desk).await, versions(&desk).await), before, "nothing is stored");

    // From there: another rep, back to the form with what was typed, and saved.
    let jonas = desk.jonas.id.to_string();
    let other = freja
        .submit(&page, "main form[method=post]", &[("act", "simulate"), ("rep", jonas.as_str())])
        .await
        .expect(200);
    assert!(
        other.texts("tbody tr").contains(&"Jonas €50.00 €0.00 +€50.00 none no plan".to_owned()),
        "{}",
        other.words()
    );
    let editor = freja.submit(&page, "main form[method=post]", &[("act", "show")]).await.expect(200);
    assert_eq!(editor.attribute("input[name=c0_rate]", "value"), "5%");
    assert_eq!(editor.attribute("input[name=from]", "value"), "2027-01");
    freja.submit(&page, "main form[method=post]", &[]).await.expect(303);
    assert_eq!(versions(&desk).await, before.1 + 1);
    // The saved version pays what was shown before.
    let saved = freja.get(&format!("{plan}/simulation")).await.expect(200);
    assert!(
        saved.words().contains("This version €150.00 Today's plans €90.00 Difference +€60.00"),
        "{}",
        saved.words()
    );
}

#[tokio::test]
async fn a_form_that_cannot_be_tried_comes_back_with_what_is_wrong() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 200_000, true, None).await;
    let mut freja = desk.app.client(desk.freja).await;
    let page = freja.get("/plans/new?template=starter").await.expect(200);
    let fields = [("name", "Better"), ("from", "2027-01"), ("c0_rate", "much"), ("act", "simulate")];
    let page = freja.submit(&page, "main form[method=post]", &fields).await.expect(422);
    assert!(page.has(".summary-error"), "{}", page.words());
    assert_eq!(page.attribute("input[name=name]", "value"), "Better");
    assert_eq!(page.attribute("input[name=c0_rate]", "value"), "much");
    // A new plan that nobody is on is tried on everybody.
    let fields = [("c0_rate", "4%"), ("act", "simulate")];
    let page = freja.submit(&page, "main form[method=post]", &fields).await.expect(200);
    assert!(page.words().contains("Simulation of Better"), "{}", page.words());
    assert!(
        page.texts("tbody tr").contains(&"Ingrid €80.00 €0.00 +€80.00 none no plan".to_owned()),
        "{}",
        page.words()
    );
    assert_eq!(versions(&desk).await, 0);
}

async fn versions(desk: &Desk) -> i64 {
    let count = sqlx::query_scalar!(r#"select count(*) as "count!" from plan_versions"#);
    count.fetch_one(&desk.app.db).await.unwrap()
}

#[tokio::test]
async fn what_is_not_the_sum_of_all_says_so_in_the_page_and_in_the_file() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    for number in 0..199 {
        desk.app.user(desk.org, &format!("Rep {number:03}"), &[Role::Rep]).await;
    }
    let mut freja = desk.app.client(desk.freja).await;
    let page = freja.get("/plans/new?template=starter").await.expect(200);
    let fields = [("name", "All"), ("from", "2027-01")];
    let plan = freja.submit(&page, "main form[method=post]", &fields).await.expect(303).location().to_owned();
    let words = "Of the first 200 by name of 201 reps, not of all";
    let page = freja.get(&format!("{plan}/simulation")).await.expect(200);
    assert!(page.text("section[aria-labelledby=sum]").contains(words), "{}", page.text("section[aria-labelledby=sum]"));
    let file = freja.post(&format!("{plan}/simulation.csv"), &[]).await.expect(200).body();
    assert!(file.lines().last().unwrap().contains(words), "{file}");
    // One fewer is all.
    sqlx::query!("update users set left_on = '2026-01-01' where name = 'Rep 000'").execute(&desk.app.db).await.unwrap();
    let file = freja.post(&format!("{plan}/simulation.csv"), &[]).await.expect(200).body();
    assert!(!file.contains("not of all"));
}

#[tokio::test]
async fn the_file_leaves_with_a_fresh_password_and_under_a_name() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    let plan = desk.starter(&[desk.ingrid, desk.jonas]).await;
    let mut freja = desk.app.client(desk.freja).await;
    let taken = async || {
        let noted =
            sqlx::query!("select user_id, object, detail from audit where action = 'plan.downloaded' order by id");
        let noted = noted.fetch_all(&desk.app.db).await.unwrap();
        noted.into_iter().map(|row| (row.user_id, row.object, row.detail)).collect::<Vec<_>>()
    };
    freja.get(&format!("{plan}/simulation.csv")).await.expect(405);
    let page = freja.get(&format!("{plan}/simulation?rep={}", desk.ingrid.id)).await.expect(200);
    let form = "form[action*='/simulation.csv']";
    let address = page.attribute(form, "action");
    let mut late = freja.on(&desk.app.later(Duration::minutes(11)));
    let asked = late.submit(&page, form, &[]).await.expect(403);
    assert_eq!((asked.text("h1").as_str(), asked.value("then")), ("Confirm that it is you", address.clone()));
    assert!(taken().await.is_empty(), "nothing left");
    let file = freja.submit(&page, form, &[]).await.expect(200);
    assert!(file.header("content-disposition").contains("-version-1.csv"));
    let rows = rows(&file.body());
    assert!(!rows.is_empty() && rows.iter().all(|row| row[1] == "Ingrid"), "of whom the page is");
    let detail = serde_json::json!({ "file": address, "rows": rows.len() });
    assert_eq!(taken().await, [(Some(desk.freja.id), plan.clone(), detail)]);
    let log = desk.app.client(desk.app.user(desk.org, "Astrid", &[Role::Admin]).await).await.get("/audit").await;
    let log = log.expect(200).words();
    assert!(log.contains("Freja downloaded a simulation of plan"), "{log}");
}
