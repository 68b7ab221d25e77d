//! Growth of the book: the sales of the customers that a rep owned on the day, against the same customers a year before.

use attain::{
    commission_runs::{facts_db, rules::Rules},
    customers,
    domain::money::Money,
    postgres::tx,
    scorecards::db::Subject,
};
use time::macros::date;

use crate::{field::Field, further};

async fn by_book(field: &Field) {
    let mut astrid = field.app.client(field.astrid).await;
    let page = astrid.get("/settings").await.expect(200);
    astrid.submit(&page, "form[action='/settings']", &[("growth_basis", "book")]).await.expect(303);
}

#[tokio::test]
async fn a_book_grows_by_what_its_customers_bought() {
    let field = Field::new().await;
    let customer = field.customer("Havn", field.ingrid).await;
    let mut write = field.app.write(field.org).await;
    customers::db::set_owner(&mut write, customer, Some(field.jonas.id), Some(date!(2026 - 11 - 10))).await.unwrap();
    write.commit().await.unwrap();
    let nobodys = field.customer("Loose", field.olav).await;
    let mut write = field.app.write(field.org).await;
    customers::db::set_owner(&mut write, nobodys, None, None).await.unwrap();
    write.commit().await.unwrap();
    // Credited to somebody else than the owner: the book counts it all the same.
    for (on, cents) in [
        (date!(2025 - 11 - 05), 50),
        (date!(2025 - 11 - 12), 80),
        (date!(2025 - 11 - 30), 1_000),
        (date!(2026 - 11 - 05), 100),
        (date!(2026 - 11 - 12), 200),
    ] {
        field.deal(customer, on, cents, &[(field.olav, 1)]).await;
    }
    field.deal(nobodys, date!(2026 - 11 - 06), 7, &[(field.olav, 1)]).await;
    let olav = field.facts(Subject::Rep(field.olav.id), "2026-11").await;
    assert_eq!((olav.growing_sales(), olav.net_sales_base), (Money(307), Some(Money(130))), "credited");

    by_book(&field).await;
    let of = async |subject| {
        let facts = field.facts(subject, "2026-11").await;
        (facts.growing_sales().0, facts.net_sales_base.unwrap().0, facts.net_sales_whole_base.unwrap().0)
    };
    // The last days of the month a year before stand for days on which Jonas owns the customer.
    assert_eq!(of(Subject::Rep(field.ingrid.id)).await, (100, 50, 50));
    assert_eq!(of(Subject::Rep(field.jonas.id)).await, (200, 80, 1_080));
    assert_eq!(of(Subject::Rep(field.olav.id)).await, (0, 0, 0));
    // All reps and what nobody owns are the company.
    assert_eq!(of(Subject::Company).await, (307, 130, 1_130));
    let olav = field.facts(Subject::Rep(field.olav.id), "2026-11").await;
    assert_eq!(olav.net_sales, Money(307), "what is sold stays what is credited");

    // The number leads to exactly what it compares.
    let mut berit = field.app.client(field.berit).await;
    let month = berit.get(&format!("/reps/{}?period=2026-11", field.jonas.id)).await.expect(200);
    let href = month.attribute("a[data-metric=sales_growth]", "href");
    assert_eq!(href, format!("/growth?rep={}&period=2026-11", field.jonas.id));
    let list = berit.get(&href).await.expect(200);
    assert_eq!(list.texts("tbody tr"), ["Havn €2.00 €0.80 +€1.20"]);
    assert_eq!(list.texts("tfoot td"), ["€2.00", "€0.80", "+€1.20"]);
    assert!(list.words().contains("Growth is +150.0%"), "{}", list.words());
    let team = berit.get(&format!("/growth?team={}&period=2026-11", field.north)).await.expect(200);
    assert_eq!(team.texts("tfoot td"), ["€3.00", "€1.30", "+€1.70"]);
    berit.get(&format!("/growth?rep={}&period=2026-11", field.olav.id)).await.expect(404);
}

#[tokio::test]
async fn pay_grows_by_what_the_company_compares() {
    let growth = r#"{ "name": "Growth", "measure": "net_sales", "pays": { "bonus": "1.00" },
        "gate": [ { "metric": "sales_growth", "at_least": "0" } ] }"#;
    for (is_book, expected) in [(false, "1"), (true, "4")] {
        let field = Field::new().await;
        let own = field.customer("Havn", field.ingrid).await;
        let others = field.customer("Fjord", field.olav).await;
        // Credited are 4.00 after 2.00, and the book bought for 5.00 after 1.00.
        for (customer, on, cents, rep) in [
            (own, date!(2025 - 11 - 05), 100, field.ingrid),
            (others, date!(2025 - 11 - 06), 100, field.ingrid),
            (own, date!(2026 - 11 - 05), 400, field.ingrid),
            (own, date!(2026 - 11 - 06), 100, field.olav),
        ] {
            field.deal(customer, on, cents, &[(rep, 1)]).await;
        }
        if is_book {
            by_book(&field).await;
        }
        let (paid, inputs) = further::paid(&field, growth).await;
        assert_eq!((paid, &inputs.facts["metrics"]["sales_growth"]), (100, &expected.into()), "{is_book}");
    }
}

#[tokio::test]
async fn pay_compares_the_same_book() {
    let field = Field::new().await;
    let customer = field.customer("Havn", field.ingrid).await;
    let deal = field.deal(customer, date!(2026 - 11 - 05), 100, &[(field.olav, 1)]).await;
    let book = async || {
        let mut read = tx::read(&field.app.db, field.org).await.unwrap();
        let (from, to) = (date!(2026 - 11 - 01), date!(2026 - 12 - 01));
        facts_db::book_sales(&mut read, field.org, from, to, None, &Rules::default()).await.unwrap()
    };
    by_book(&field).await;
    let facts = field.facts(Subject::Rep(field.ingrid.id), "2026-11").await;
    assert_eq!(facts.book_sales, Some(Money(100)));
    // It pays once somebody has confirmed it.
    sqlx::query!("update deals set confirmed_at = null, confirmed_by = null where id = $1", deal.0)
        .execute(&field.app.db)
        .await
        .unwrap();
    assert!(book().await.is_empty());
    sqlx::query!("update organizations set confirm_deals = false where id = $1", field.org.0)
        .execute(&field.app.db)
        .await
        .unwrap();
    assert_eq!(book().await.get(&field.ingrid.id), Some(&Money(100)));
}
