//! Boards beside an earlier one, and on a wall.

use attain::domain::visit::Kind;
use time::macros::date;

use crate::field::{Field, TODAY};

#[tokio::test]
async fn a_board_beside_an_earlier_one_says_who_rose_and_who_is_new() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    for (rep, month, target) in [
        (field.ingrid, "2026-10", "10"),
        (field.ingrid, "2026-11", "10"),
        (field.jonas, "2026-10", "10"),
        (field.jonas, "2026-11", "10"),
    ] {
        let mut berit = field.app.client(field.berit).await;
        let page = berit.get(&format!("/targets/{month}")).await.expect(200);
        berit.submit(&page, "#grid", &[(&*format!("{}.visits", rep.id), target)]).await.expect(303);
    }
    // By the 19th: 2 of 10 in October, then 5 of 10; what came after the 19th of October is not compared.
    for on in [date!(2026 - 10 - 01), date!(2026 - 10 - 19), date!(2026 - 10 - 20), date!(2026 - 10 - 30)] {
        field.visit(field.ingrid, havn, on, Kind::InPerson).await;
    }
    for on in [2, 3, 4, 5, 19] {
        field.visit(field.ingrid, havn, date!(2026 - 11 - 01).replace_day(on).unwrap(), Kind::InPerson).await;
    }
    sqlx::query!("update users set hired_on = '2026-11-02' where id = $1", field.jonas.id.0)
        .execute(&field.app.db)
        .await
        .unwrap();
    let mut berit = field.app.client(field.berit).await;
    let page = berit.get("/scoreboard?period=2026-11&compare=before").await.expect(200);
    let words = page.words();
    assert!(words.contains("Compared with October 2026 up to 19 Oct 2026."), "{words}");
    assert!(words.contains("Most improved: Ingrid (+30.0 points)."), "{words}");
    assert!(words.contains("New since then: Jonas."), "{words}");
    assert!(page.texts("#total dd")[0].contains("· 2 then"), "{:?}", page.texts("#total dd"));
    let whole = berit.get("/scoreboard?period=2026-10&compare=before").await.expect(200);
    assert!(whole.words().contains("Compared with September 2026. "), "{}", whole.words());
    assert!(!berit.get("/scoreboard?period=2026-11").await.words().contains("Compared with"));
    berit.get("/scoreboard?compare=never").await.expect(400);
    let file = berit.get("/scoreboard.csv?period=2026-11&compare=before").await.expect(200).body();
    assert!(file.contains("rank,rep,team,period,score,score_2026-10,"), "{file}");
    assert!(file.contains(",Ingrid,North,2026-11,50.00,20.00,"), "{file}");
}

#[tokio::test]
async fn a_week_is_compared_with_the_same_week_of_last_year() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    // Week 47 of 2025 is 17 to 23 November; a year before the Monday of week 47 of 2026 lies week 46.
    for on in [date!(2025 - 11 - 16), date!(2025 - 11 - 17), date!(2025 - 11 - 20), date!(2025 - 11 - 21)] {
        field.visit(field.ingrid, havn, on, Kind::InPerson).await;
    }
    let mut berit = field.app.client(field.berit).await;
    let page = berit.get("/scoreboard?period=2026-W47&compare=year").await.expect(200);
    let words = page.words();
    assert!(words.contains("Compared with Week 47, 2025 up to 20 Nov 2025."), "{words}");
    assert!(page.texts("#total dd")[0].contains("2 then"), "Monday and Thursday: {:?}", page.texts("#total dd"));
    assert!(page.texts(".seg a").contains(&"Week 47, 2025".to_owned()), "{words}");
    let next = berit.get("/scoreboard?period=2026-W53&compare=year").await.expect(200);
    assert!(next.words().contains("The year before has no week 53."), "{}", next.words());
    assert!(
        !next.words().contains("Compared with") && !next.has("[aria-label='Compare with'] a[href*='compare=year']"),
        "{}",
        next.words()
    );
    assert!(next.has("[aria-label='Compare with'] a[href*='compare=before']"), "the week before is there");
}

#[tokio::test]
async fn a_wall_renews_itself_unless_it_is_held() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    field.visit(field.ingrid, havn, TODAY, Kind::InPerson).await;
    let mut berit = field.app.client(field.berit).await;
    let wall = berit.get("/scoreboard/wall").await.expect(200);
    assert_eq!(wall.header("refresh"), "60");
    assert!(wall.texts("tbody th").contains(&"Ingrid".to_owned()), "{}", wall.words());
    let held = berit.get(&wall.attribute("main a[href*=still]", "href")).await.expect(200);
    assert_eq!(held.header("refresh"), "");
    berit.get(&held.attribute("main .head a:last-of-type", "href")).await.expect(200);
    field.app.client(field.ingrid).await.get("/scoreboard/wall").await.expect(403);
}

/// How high the points of a small curve lie, oldest first: in hundredths of the way from its lowest to its highest.
fn heights(path: &str) -> Vec<String> {
    let points = path.split(['M', 'L']).skip(1).map(|point| point.split_once(' ').unwrap());
    let mut last = None;
    points
        .map(|(x, y)| {
            let (x, y): (f64, f64) = (x.parse().unwrap(), y.parse().unwrap());
            assert!(last.is_none_or(|last| x > last), "from left to right: {path}");
            last = Some(x);
            format!("{:.0}", (22.0 - y) / 22.0 * 100.0)
        })
        .collect()
}

#[tokio::test]
async fn the_small_curve_of_a_rep_is_the_six_whole_months_before() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let (ingrid, jonas) = (field.ingrid, field.jonas);
    for (on, cents) in [
        (date!(2026 - 04 - 30), 77_700), // before the curve of November
        (date!(2026 - 05 - 01), 10_000),
        (date!(2026 - 07 - 31), 20_000),
        (date!(2026 - 09 - 05), 30_000),
        (date!(2026 - 09 - 06), 20_000),
        (date!(2026 - 10 - 31), 30_000),
        (date!(2026 - 11 - 01), 99_900), // a month that is not over
    ] {
        field.deal(havn, on, cents, &[(ingrid, 1)]).await;
    }
    // A return counts in its month, a share of a deal for whom it is.
    let sold = field.deal(havn, date!(2026 - 03 - 02), 40_000, &[(ingrid, 1)]).await;
    field.deal_like(havn, date!(2026 - 09 - 30), -10_000, &[(ingrid, 1)], Some(sold)).await;
    field.deal(havn, date!(2026 - 06 - 15), 60_000, &[(jonas, 1)]).await;
    field.deal(havn, date!(2026 - 08 - 15), 60_000, &[(jonas, 1), (field.olav, 1)]).await;
    let mut berit = field.app.client(field.berit).await;
    let curve = async |berit: &mut crate::support::Client, period: &str, rep: &str| {
        let page = berit.get(&format!("/scoreboard?period={period}")).await.expect(200);
        let at = page.texts("table.board tbody th").iter().position(|name| name.contains(rep)).unwrap();
        let row = format!("table.board tbody tr:nth-child({}) .spark", at + 1);
        (heights(&page.attribute(&format!("{row} path"), "d")), page.attribute(&row, "aria-label"))
    };
    let (heights, words) = curve(&mut berit, "2026-11", "Ingrid").await;
    assert_eq!(heights, ["25", "0", "50", "0", "100", "75"], "May to October, in hundredths of September's 400");
    assert_eq!(words, "Net sales by month from May to Oct: €100, €0, €200, €0, €400, €300");
    let (heights, _) = curve(&mut berit, "2026-11", "Jonas").await;
    assert_eq!(heights, ["0", "100", "0", "50", "0", "0"]);
    // Of an earlier period: up to its last month, which is over.
    let (heights, words) = curve(&mut berit, "2026-08", "Ingrid").await;
    assert_eq!(heights, ["51", "100", "13", "0", "26", "0"], "March to August: 400, 777, 100, 0, 200, 0 of 777");
    assert!(words.starts_with("Net sales by month from Mar to Aug: €400, €777, €100,"), "{words}");
    let (quarter, _) = curve(&mut berit, "2026-Q3", "Ingrid").await;
    assert_eq!(quarter, ["100", "13", "0", "26", "0", "51"], "April to September: 777, 100, 0, 200, 0, 400");
}
