//! "What if I win this deal", and what is missing to the next step: by today's facts, and stored nowhere.

use attain::{
    customers, deals,
    domain::{
        deal::{Credit, Stage},
        money::Money,
    },
};
use serde_json::json;
use time::macros::date;

use crate::{
    commissions::Desk,
    support::{Answer, User},
};

/// 1 % up to 1,000 and 3 % beyond on all sales, and 50 for each new customer.
fn climbing() -> serde_json::Value {
    json!({
        "name": "Climbing", "currency": "EUR", "period": "month",
        "components": [
            {"name": "Sales", "measure": "net_sales", "pays": {"tiers": {"mode": "marginal", "axis": "amount", "per": "period",
             "steps": [{"from": "0", "rate": "0.01"}, {"from": "1000", "rate": "0.03"}]}}},
            {"name": "New customers", "measure": "new_customers", "pays": {"per_unit": "50.00"}}
        ]
    })
}

/// An open deal of a rep's customer; with a second rep each has half of it.
async fn open_deal(desk: &Desk, name: &str, cents: i64, reps: &[User]) {
    let mut tx = desk.app.write(desk.org).await;
    tx.actor = Some(reps[0].id);
    let details = customers::db::Details { name: name.to_owned(), ..Default::default() };
    let customer = customers::db::insert(&mut tx, &details, date!(2026 - 01 - 01)).await.unwrap();
    let line = deals::db::Line {
        position: 1,
        product: None,
        text: "Coffee".to_owned(),
        quantity: 1.into(),
        amount: Money(cents),
        original: None,
        cost: None,
    };
    let new = deals::db::NewDeal {
        customer,
        owner: Some(reps[0].id),
        stage: Stage::Open,
        opened_on: None,
        booked_on: None,
        expected_on: None,
        returns: None,
        currency: None,
        rate: None,
        notes: String::new(),
        confirmed: false,
        lines: vec![line],
        credits: reps.iter().map(|rep| Credit { rep: rep.id, parts: 1, overlay: false }).collect(),
    };
    deals::db::insert(&mut tx, &new).await.unwrap();
    tx.commit().await.unwrap();
}

fn lines(page: &Answer) -> Vec<String> {
    page.texts("section[aria-labelledby=outcome] tbody tr")
}

#[tokio::test]
async fn a_deal_that_is_won_pays_what_was_said_before() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 11 - 05), 80_000, true, None).await;
    open_deal(&desk, "Fjell", 60_000, &[desk.ingrid, desk.jonas]).await;
    open_deal(&desk, "Elv", 60_000, &[desk.jonas]).await;
    desk.plan(climbing(), &[desk.ingrid.id]).await;
    let mut ingrid = desk.app.client(desk.ingrid).await;
    let so_far = ingrid.get("/statements/so-far").await.expect(200);
    let page = ingrid.get(&so_far.attribute("a[href='/statements/what-if']", "href")).await.expect(200);
    let choices = page.texts("select[name=deal] option");
    assert_eq!(choices, ["", "Fjell, deal 2, €300.00"], "what is Jonas’s alone is not offered");
    let before = desk.lines("2026-11", desk.ingrid.id).await;
    assert_eq!(before, ["Sales 8.00", "New customers 50.00"]);

    let page = ingrid.submit(&page, "main form", &[("deal", "2")]).await.expect(200);
    assert_eq!(lines(&page), ["Sales €8.00 €13.00", "New customers €50.00 €100.00"]);
    let words = page.text("section[aria-labelledby=outcome]");
    assert!(words.contains("+€55.00") && words.contains("from €58.00 to €113.00"), "{words}");
    assert_eq!(desk.lines("2026-11", desk.ingrid.id).await, before, "nothing of it is kept");
    let kept = sqlx::query_scalar!("select count(*) from deals").fetch_one(&desk.app.db).await.unwrap();
    assert_eq!(kept, Some(3));

    for (amount, customer, expected) in [
        ("700", "existing", vec!["Sales €8.00 €25.00"]),
        ("700", "new", vec!["Sales €8.00 €25.00", "New customers €50.00 €100.00"]),
    ] {
        let page = ingrid.submit(&page, "main form", &[("deal", ""), ("amount", amount), ("customer", customer)]).await;
        assert_eq!(lines(&page.expect(200)), expected);
    }
}

#[tokio::test]
async fn the_next_step_is_told_with_what_it_pays() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 11 - 05), 80_000, true, None).await;
    desk.plan(climbing(), &[desk.ingrid.id]).await;
    let mut ingrid = desk.app.client(desk.ingrid).await;
    let page = ingrid.get("/statements/what-if").await.expect(200);
    let steps = page.texts("section[aria-labelledby=steps] li");
    assert_eq!(
        steps[0],
        "Sales €200.00 more in net sales and it pays €10.00 instead of €8.00. €100.00 more in net sales beyond that then \
         pays €3.00."
    );
}

#[tokio::test]
async fn what_cannot_be_supposed_is_said() {
    let desk = Desk::new().await;
    let mut jonas = desk.app.client(desk.jonas).await;
    assert!(jonas.get("/statements/what-if?amount=5").await.expect(200).words().contains("On no plan"));
    desk.plan(climbing(), &[desk.jonas.id]).await;
    for (query, words) in [
        ("deal=1", "Choose one of your open deals"),
        ("deal=x", "Choose one of your open deals"),
        ("amount=x", "“x”"),
        ("amount=0", "above zero"),
        ("amount=-5", "above zero"),
        ("amount=9999999999999", "too large"),
        ("amount=5&customer=lost", "Choose a new or an existing customer"),
    ] {
        let page = jonas.get(&format!("/statements/what-if?{query}")).await.expect(422);
        assert!(page.words().contains(words), "{query}: {}", page.words());
    }
}
