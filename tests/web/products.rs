//! Products change: another name or category, and no longer offered; deals that name them stay.

use crate::{
    field::Field,
    support::{Answer, Client},
};

async fn add(browser: &mut Client, name: &str, category: &str) -> Answer {
    let page = browser.get("/products").await.expect(200);
    browser.submit(&page, "aside form", &[("name", name), ("category", category)]).await
}

/// The page of a product, by its name in the list.
async fn open(browser: &mut Client, name: &str) -> Answer {
    let list = browser.get("/products").await.expect(200);
    let at = list.texts("tbody th a").iter().position(|one| one == name).unwrap();
    browser.get(&list.attributes("tbody th a", "href")[at]).await.expect(200)
}

#[tokio::test]
async fn a_product_gets_another_name_and_category() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await.to_string();
    let mut berit = field.app.client(field.berit).await;
    add(&mut berit, "Coffee", "Drinks").await.expect(303);
    add(&mut berit, "Tea", "Drinks").await.expect(303);
    assert_eq!(add(&mut berit, "COFFEE", "Drinks").await.status.as_u16(), 422, "in any spelling");
    let mut ingrid = field.app.client(field.ingrid).await;
    let won =
        [("customer", &*havn), ("stage", "won"), ("booked_on", "2026-11-19"), ("item", "Coffee"), ("amount", "9")];
    let deal = ingrid.post("/deals", &won).await.expect(303).location().to_owned();

    let stale = open(&mut berit, "Coffee").await;
    let page = open(&mut berit, "Coffee").await;
    for (typed, place) in [(("name", " "), "#name"), (("name", "tea"), "#name"), (("category", ""), "#category")] {
        let refused = berit.submit(&page, "main form[action^='/products/']", &[typed]).await.expect(422);
        assert_eq!(refused.attributes(".summary-error a", "href"), [place], "{}", refused.words());
        assert_eq!(refused.value(typed.0), typed.1);
    }
    let typed = [("name", "Filter coffee"), ("category", "Hot drinks")];
    let saved = berit.submit(&page, "main form[action^='/products/']", &typed).await.expect(303);
    let page = berit.follow(&saved).await.expect(200);
    let history = page.text("section:has(#history)");
    assert!(history.contains("Coffee → Filter coffee") && history.contains("Drinks → Hot drinks"), "{history}");
    assert!(ingrid.get(&deal).await.expect(200).words().contains("Filter coffee"));
    // Who looked before is told, and nothing is overwritten unseen.
    let told = berit.submit(&stale, "main form[action^='/products/']", &[("name", "Espresso")]).await.expect(409);
    assert!(told.words().contains("Somebody else has changed this product meanwhile"), "{}", told.words());
    assert!(told.text("main [role=alert]").contains("Filter coffee"), "{}", told.words());
    assert_eq!(told.value("name"), "Espresso", "what was typed is kept");
    berit.submit(&told, "main form[action^='/products/']", &[]).await.expect(303);
    assert!(berit.get("/products").await.texts("tbody th a").contains(&"Espresso".to_owned()));
    let audit = field.app.client(field.astrid).await.get("/audit?act=product.").await.expect(200);
    assert!(audit.words().contains("Filter coffee"), "{}", audit.words());
}

#[tokio::test]
async fn a_product_is_no_longer_offered_until_it_is_again() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await.to_string();
    let mut berit = field.app.client(field.berit).await;
    add(&mut berit, "Coffee", "Drinks").await.expect(303);
    add(&mut berit, "Tea", "Drinks").await.expect(303);
    let mut ingrid = field.app.client(field.ingrid).await;
    let won = [("customer", &*havn), ("stage", "won"), ("booked_on", "2026-11-19"), ("item", "Tea"), ("amount", "9")];
    let deal = ingrid.post("/deals", &won).await.expect(303).location().to_owned();
    let page = open(&mut berit, "Tea").await;
    let path = page.attribute("main form[action^='/products/']", "action");
    let retired = berit.submit(&page, "form[action$='/retirement']", &[]).await.expect(303);
    let page = berit.follow(&retired).await.expect(200);
    assert!(page.words().contains("no longer offered since 19 Nov 2026"), "{}", page.words());
    let offered = async |browser: &mut Client, path: &str| {
        browser.get(path).await.expect(200).attributes("datalist option", "value")
    };
    let offers = offered(&mut ingrid, "/deals/new").await;
    assert!(offers.contains(&"Coffee".to_owned()) && !offers.contains(&"Tea".to_owned()), "{offers:?}");
    // The deal that names it is corrected as before, and stays one of the product.
    let edit = ingrid.get(&format!("{deal}/edit")).await.expect(200);
    ingrid.submit(&edit, "main form[method=post]", &[("notes", "Paid")]).await.expect(303);
    assert_eq!(field.count("deal_lines where product_id is not null").await, 1);
    berit.post(&format!("{path}/retirement"), &[]).await.expect(409);
    berit.submit(&page, ".toast form", &[]).await.expect(303);
    assert!(offered(&mut ingrid, "/deals/new").await.contains(&"Tea".to_owned()));
    ingrid.get(&path).await.expect(403);
    ingrid.post(&format!("{path}/retirement"), &[]).await.expect(403);
}
