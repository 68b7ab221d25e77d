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
