//! The form of numbers and dates: everybody reads and types their own, and files and history are the same for all.

use attain::domain::{access::Role, visit::Kind};
use time::macros::date;

use crate::{
    field::{Field, TODAY},
    support::{Answer, Client, User},
};

/// Chooses a form of numbers and dates on the profile page.
async fn choose(field: &Field, user: User, locale: &str) -> Client {
    let mut browser = field.app.client(user).await;
    let page = browser.get("/profile").await.expect(200);
    browser.submit(&page, "form[action='/profile/formats']", &[("locale", locale)]).await.expect(303);
    browser
}

/// What a page says, with plain blanks for those that do not break.
fn words(page: &Answer) -> String {
    page.words().replace('\u{a0}', " ")
}

#[tokio::test]
async fn everybody_reads_their_own_form() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    field.deal(havn, TODAY, 123_450, &[(field.ingrid, 1)]).await;
    for (locale, in_whole, exact, day, signs) in [
        ("company", "€1,235", "€1,234.50", "19 Nov 2026", [",", "."]),
        ("de", "1.235 €", "1.234,50 €", "19.11.2026", [".", ","]),
        ("nb", "1 235 €", "1 234,50 €", "19.11.2026", ["\u{a0}", ","]),
        ("es", "1.235 €", "1.234,50 €", "19/11/2026", [".", ","]),
        ("en", "€1,235", "€1,234.50", "19 Nov 2026", [",", "."]),
    ] {
        let mut ingrid = choose(&field, field.ingrid, locale).await;
        let month = ingrid.get("/my-month").await.expect(200);
        assert!(words(&month).contains(in_whole), "{locale}: {}", words(&month));
        let deals = ingrid.get("/deals").await.expect(200);
        assert!(words(&deals).contains(exact) && words(&deals).contains(day), "{locale}: {}", words(&deals));
        assert_eq!(deals.attribute("time", "datetime"), "2026-11-19", "{locale}: machines read one form");
        let html = ["data-group", "data-decimal"].map(|name| deals.attribute("html", name));
        assert_eq!((html, deals.attribute("html", "lang")), (signs.map(str::to_owned), "en".to_owned()));
        let profile = ingrid.get("/profile").await.expect(200);
        assert_eq!(profile.attributes("select[name=locale] option[selected]", "value"), [locale]);
        let day_of = ingrid.get("/my-month?period=2026-11-19").await.expect(200);
        assert!(words(&day_of).contains(day), "a day that is a period: {}", words(&day_of));
    }
    // Who only looks on sees what the person sees.
    let mut berit = field.app.client(field.berit).await;
    assert!(
        words(&berit.get("/deals").await.expect(200)).contains("€1,234.50"),
        "the choice of one is not that of others"
    );
}

#[tokio::test]
async fn the_company_has_a_form_and_a_person_may_differ() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    field.deal(havn, TODAY, 123_450, &[(field.ingrid, 1)]).await;
    let mut astrid = field.app.client(field.astrid).await;
    let page = astrid.get("/settings").await.expect(200);
    assert_eq!(page.attributes("select[name=locale] option[selected]", "value"), ["en"]);
    astrid.submit(&page, "form[action='/settings']", &[("locale", "nb")]).await.expect(303);
    let page = astrid.get("/settings").await.expect(200);
    assert_eq!(page.attributes("select[name=locale] option[selected]", "value"), ["nb"]);
    assert!(
        words(&page).contains("Numbers and dates: 1,234.50 and 19 Nov 2026 (English) → 1 234,50"),
        "{}",
        words(&page)
    );
    let mut ingrid = field.app.client(field.ingrid).await;
    assert!(words(&ingrid.get("/deals").await).contains("1 234,50 €"));
    let mut ingrid = choose(&field, field.ingrid, "es").await;
    assert!(words(&ingrid.get("/deals").await).contains("1.234,50 €"));
    let mut ingrid = choose(&field, field.ingrid, "company").await;
    assert!(words(&ingrid.get("/deals").await).contains("1 234,50 €"));
    let refused = ingrid.post("/profile/formats", &[("locale", "xx")]).await.expect(422);
    assert!(refused.text(".summary-error").contains("Choose how numbers and dates are written."));
    let audit = astrid.get("/audit").await.expect(200);
    assert!(words(&audit).contains("chose how numbers are written for Ingrid"), "{}", words(&audit));
    // Nobody is signed in: English.
    assert_eq!(field.app.visitor().get("/sign-in").await.expect(200).attributes("html[data-group]", "lang").len(), 0);
}

#[tokio::test]
async fn a_deal_is_typed_in_ones_own_form() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await.to_string();
    let mut ingrid = choose(&field, field.ingrid, "de").await;
    let page = ingrid.get(&format!("/deals/new?customer={havn}")).await.expect(200);
    let typed = [
        ("stage", "won"),
        ("booked_on", "19.11.2026"),
        ("item", "Coffee"),
        ("quantity", "1,125"),
        ("amount", "1.234,50"),
        ("cost", "1.000"),
    ];
    let done = ingrid.submit(&page, "main form", &typed).await.expect(303);
    let deal = ingrid.follow(&done).await.expect(200);
    assert!(words(&deal).contains("1,125 1.234,50 € 1.000,00 €"), "{}", words(&deal));
    let stored = async || {
        let row = sqlx::query!("select amount, cost, quantity from deal_lines").fetch_one(&field.app.db).await.unwrap();
        (row.amount.0, row.cost.map(|cost| cost.0), row.quantity.normalize().to_string())
    };
    assert_eq!(stored().await, (123_450, Some(100_000), "1.125".to_owned()));

    // What the form shows it reads again, and history is written the same for everybody.
    let path = format!("{}/edit", done.location());
    let edit = ingrid.get(&path).await.expect(200);
    let shown =
        ["quantity", "amount", "cost"].map(|name| edit.attributes(&format!("[name={name}]"), "value")[0].clone());
    assert_eq!(shown, ["1,125", "1234,50", "1000,00"]);
    ingrid.submit(&edit, "main form", &[("notes", "Called")]).await.expect(303);
    assert_eq!(stored().await, (123_450, Some(100_000), "1.125".to_owned()));
    let kept = sqlx::query_scalar!("select detail::text from audit where action like 'deal.%'");
    for detail in kept.fetch_all(&field.app.db).await.unwrap() {
        let detail = detail.unwrap();
        assert!(detail.contains("1.125 × Coffee: €1,234.50, cost €1,000.00"), "{detail}");
    }

    // What could be two numbers is refused, and stays as it was typed.
    let edit = ingrid.get(&path).await.expect(200);
    let refused = ingrid.submit(&edit, "main form", &[("amount", "1,250")]).await.expect(422);
    let error = "“1,250” can be read in two ways. Write 1250 or 1,25.";
    assert!(refused.text(".summary-error").contains(error), "{}", refused.text(".summary-error"));
    assert_eq!(refused.attributes("[name=amount]", "value")[0], "1,250");
    assert_eq!(stored().await, (123_450, Some(100_000), "1.125".to_owned()));
    field.verify().await;
}

#[tokio::test]
async fn targets_are_typed_in_ones_own_form() {
    let field = Field::new().await;
    let cell = |metric: &str| format!("{}.{metric}", field.ingrid.id);
    let (sales, visits, growth) = (cell("net_sales"), cell("visits"), cell("sales_growth"));
    for (locale, typed, shown) in [
        ("de", ["12.500,5", "1.200", "7,5"], ["12.500,50", "1.200", "7,5"]),
        ("nb", ["13 500,5", "1 300", "8,5"], ["13\u{a0}500,50", "1\u{a0}300", "8,5"]),
        ("es", ["14500,50", "1400", "9.5"], ["14.500,50", "1.400", "9,5"]),
        ("en", ["15,500.5", "1,500", "10,5"], ["15,500.50", "1,500", "10.5"]),
    ] {
        let mut berit = choose(&field, field.berit, locale).await;
        let page = berit.get("/targets/2026-11").await.expect(200);
        let fields = [(&*sales, typed[0]), (&visits, typed[1]), (&growth, typed[2])];
        berit.submit(&page, "form#grid", &fields).await.expect(303);
        let page = berit.get("/targets/2026-11").await.expect(200);
        assert_eq!([&sales, &visits, &growth].map(|name| page.value(name)), shown, "{locale}");
        let month = berit.get(&format!("/reps/{}", field.ingrid.id)).await.expect(200);
        assert!(
            month.words().contains(&format!("0 of {}", shown[1].replace('\u{a0}', " "))),
            "{locale}: {}",
            month.words()
        );
        // Sending what is shown changes nothing.
        let rows = field.count("targets").await;
        berit.submit(&page, "form#grid", &[]).await.expect(303);
        assert_eq!(field.count("targets").await, rows, "{locale}");
        let page = berit.get("/targets/2026-11").await.expect(200);
        let refused = berit.submit(&page, "form#grid", &[(&*visits, "1.5.0")]).await.expect(422);
        assert_eq!(refused.value(&visits), "1.5.0", "{locale}");
    }
}

/// Programs read files: a person's form is not theirs.
#[tokio::test]
async fn files_are_the_same_for_everybody() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    field.deal(havn, TODAY, 123_450, &[(field.ingrid, 1)]).await;
    field.visit(field.ingrid, havn, date!(2026 - 11 - 02), Kind::InPerson).await;
    let both = field.app.user(field.org, "Both", &[Role::Admin, Role::Manager, Role::Finance]).await;
    let files =
        ["/deals.csv", "/deals/pipeline.csv", "/customers.csv", "/visits.csv", "/scoreboard.csv?period=2026-11"];
    let mut read = vec![];
    for locale in ["en", "de"] {
        let mut browser = choose(&field, both, locale).await;
        let mut texts = vec![];
        for file in files {
            texts.push(browser.get(file).await.expect(200).body());
        }
        let log = browser.get("/audit.csv").await.expect(200).body();
        texts.push(log.lines().last().unwrap_or_default().to_owned());
        read.push(texts);
    }
    assert_eq!(read[0], read[1]);
    assert!(read[1][0].contains("1234.50"), "{}", read[1][0]);
}
