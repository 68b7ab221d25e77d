//! Customers: the list, keeping them, handing them over, their endings, and the events behind a number.

use std::collections::BTreeMap;

use attain::{
    customers::{self, db::NewEnding, events_db},
    domain::{
        access::Role,
        customer::{facts::EndingKind, stage::standing},
        id::CustomerId,
        visit::Kind,
    },
    postgres::tx,
    scorecards::db::Subject,
};
use time::{Date, Duration, macros::date};

use crate::{
    field::{Field, TODAY, number},
    support::{Answer, Client},
};

fn names(page: &Answer) -> Vec<String> {
    page.texts("tbody th a")
}

#[tokio::test]
async fn a_rep_keeps_own_customers() {
    let field = Field::new().await;
    let mut browser = field.app.client(field.ingrid).await;
    let empty = browser.get("/customers").await.expect(200);
    assert!(empty.text(".empty").contains("No customers yet"), "{}", empty.words());
    let page = browser.get("/customers/new").await.expect(200);
    assert!(!page.has("[name=owner]"), "a rep's customers are the rep's");
    let typed = [
        ("name", "Havn & Hage"),
        ("segment", "Restaurant"),
        ("city", "Oslo"),
        ("contact", "Siri Aas"),
        ("role", "Manager"),
        ("phone", "22 00 00 00"),
        ("email", "siri@havn.example"),
        ("field", "seats"),
        ("value", "40"),
        ("notes", "Deliveries through the yard."),
    ];
    let answer = browser.submit(&page, "main form", &typed).await.expect(303);
    let page = browser.follow(&answer).await.expect(200);
    assert_eq!(page.text("h1"), "Havn & Hage");
    for words in ["Restaurant", "Oslo", "Ingrid", "Siri Aas", "22 00 00 00", "seats", "40", "Not a customer yet"] {
        assert!(page.words().contains(words), "{words}");
    }
    // Changed: the history names what.
    let form = browser.get(&format!("{}/edit", answer.location())).await.expect(200);
    browser.submit(&form, "main form", &[("city", "Bergen")]).await.expect(303);
    let page = browser.get(answer.location()).await;
    assert!(page.text("section:has(#history)").contains("City: Oslo → Bergen"), "{}", page.words());
    assert!(page.words().contains("Siri Aas") && page.words().contains("seats"), "what was not touched stays");
    field.verify().await;
}

#[tokio::test]
async fn contacts_are_added_changed_and_removed() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let mut browser = field.app.client(field.ingrid).await;
    let path = format!("/customers/{havn}");
    let mut save = async |people: [(&'static str, &'static str); 2]| {
        let form = browser.get(&format!("{path}/edit")).await.expect(200);
        let emptied = ["role", "email"].into_iter().flat_map(|name| [(name, ""), (name, "")]);
        let typed = people.into_iter().flat_map(|(name, phone)| [("contact", name), ("phone", phone)]).chain(emptied);
        let saved = browser.submit(&form, "main form", &typed.collect::<Vec<_>>()).await;
        if saved.status == 303 { browser.get(&path).await.expect(200) } else { saved }
    };
    let shown = |page: &Answer| page.texts("section[aria-labelledby=people] dd");
    let page = save([("Siri Aas", "22 00 00 00"), ("Per Moe", "33 00 00 00")]).await;
    assert_eq!(shown(&page), ["Siri Aas 22 00 00 00", "Per Moe 33 00 00 00"]);
    let page = save([("Siri Lie", "44 00 00 00"), ("Per Moe", "33 00 00 00")]).await;
    assert_eq!(shown(&page), ["Siri Lie 44 00 00 00", "Per Moe 33 00 00 00"]);
    // An emptied row is gone, and the one below it keeps what is its own.
    let page = save([("", ""), ("Per Moe", "33 00 00 00")]).await;
    assert_eq!(shown(&page), ["Per Moe 33 00 00 00"]);
    assert!(page.text("section:has(#history)").contains("Siri Lie"), "the history keeps it: {}", page.words());
    // Half of one is told, and nothing happens.
    let refused = save([("", "33 00 00 00"), ("", "")]).await.expect(422);
    assert!(refused.text(".summary-error").contains("The contact has no name"), "{}", refused.words());
    let page = save([("", ""), ("", "")]).await;
    assert_eq!(shown(&page), [""; 0]);
    assert!(page.text("section[aria-labelledby=people]").contains("Nobody entered yet"), "{}", page.words());
    field.verify().await;
}

#[tokio::test]
async fn bad_input_is_told_and_kept() {
    let field = Field::new().await;
    let mut browser = field.app.client(field.berit).await;
    for (name, typed, place) in [
        ("name", "", "name"),
        ("name", &*"x".repeat(201), "name"),
        ("owner", "x", "owner"),
        ("owner", "999999", "owner"),
        ("owner", &*field.olav.id.to_string(), "owner"),
        ("customer_since", "2026-11-20", "customer_since"),
        ("customer_since", "long ago", "customer_since"),
        ("owner_from", "2026-02-30", "owner_from"),
        ("value", "40", "field-0"),
        ("email", "siri@havn.example", "contact-0"),
        ("segment", &*"x".repeat(101), "segment"),
    ] {
        let mut fields = vec![("city", "Kept"), (name, typed)];
        if name != "name" {
            fields.push(("name", "Havn"));
        }
        let page = browser.post("/customers", &fields).await.expect(422);
        assert_eq!(page.attributes(".summary-error a", "href"), [format!("#{place}")], "{name} {typed}");
        assert!(page.has(&format!("[id='{place}']")), "{place} has no place on the page");
        assert_eq!(page.value("city"), "Kept");
    }
    assert_eq!(field.count("customers").await, 0);
    // More rows keep what was typed and save nothing.
    let fields = [("name", "Havn"), ("contact", "Siri"), ("more", "contacts")];
    let page = browser.post("/customers", &fields).await.expect(200);
    assert_eq!((page.value("name"), page.count("[name=contact]")), ("Havn".into(), 4));
    assert_eq!(field.count("customers").await, 0);
}

#[tokio::test]
async fn a_stale_form_shows_both() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let mut browser = field.app.client(field.ingrid).await;
    let path = format!("/customers/{havn}/edit");
    let (first, second) = (browser.get(&path).await, browser.get(&path).await);
    browser.submit(&first, "main form", &[("city", "Bergen")]).await.expect(303);
    let stale = browser.submit(&second, "main form", &[("city", "Tromsø")]).await.expect(409);
    assert_eq!(stale.value("city"), "Tromsø");
    assert!(stale.text(".summary-error").contains("Bergen"), "{}", stale.text(".summary-error"));
    browser.submit(&stale, "main form", &[]).await.expect(303);
    assert_eq!(browser.get(&path).await.value("city"), "Tromsø");
}

#[tokio::test]
async fn a_handover_moves_the_loss_and_the_list() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    // Lost on 20 May; handed over long before.
    field.deal(havn, date!(2025 - 11 - 20), 10_000, &[(field.ingrid, 1)]).await;
    assert_eq!(field.facts(Subject::Rep(field.ingrid.id), "2026").await.lost_customers, 1);
    let mut browser = field.app.client(field.berit).await;
    let page = browser.get(&format!("/customers/{havn}/edit")).await.expect(200);
    let jonas = field.jonas.id.to_string();
    let page = browser.get(&page.attribute("main a[href*='/customers/handover']", "href")).await.expect(200);
    let typed = [("to", &*jonas), ("from", "2026-01-01")];
    let page = browser.submit(&page, "main form", &typed).await.expect(200);
    browser.submit(&page, "form[method=post][action$=handover]", &[]).await.expect(303);
    assert_eq!(field.facts(Subject::Rep(field.ingrid.id), "2026").await.lost_customers, 0);
    assert_eq!(field.facts(Subject::Rep(field.jonas.id), "2026").await.lost_customers, 1);
    field.verify().await;
    assert_eq!(names(&field.app.client(field.jonas).await.get("/customers").await), ["Havn"]);
    // Ingrid no longer owns it, and still sees it: she is credited with a deal there.
    let mut ingrid = field.app.client(field.ingrid).await;
    assert_eq!(names(&ingrid.get("/customers").await), [""; 0]);
    let page = ingrid.get(&format!("/customers/{havn}")).await.expect(200);
    assert!(!page.has("a[href$='/edit']"));
    ingrid.get(&format!("/customers/{havn}/edit")).await.expect(403);
    // A rep cannot give a customer away, whatever the form is made to say.
    let own = field.customer("Torget", field.ingrid).await;
    let page = ingrid.get(&format!("/customers/{own}/edit")).await.expect(200);
    let version = page.value("version");
    let forged = [("name", "Torget"), ("version", &*version), ("owner", &*jonas), ("owner_from", "2026-01-01")];
    ingrid.post(&format!("/customers/{own}"), &forged).await.expect(303);
    assert_eq!(names(&ingrid.get("/customers").await), ["Torget"]);
}

#[tokio::test]
async fn the_form_of_a_customer_is_no_way_round_the_handover() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let path = format!("/customers/{havn}");
    let jonas = field.jonas.id.to_string();
    for user in [field.berit, field.ingrid] {
        let mut browser = field.app.client(user).await;
        let page = browser.get(&format!("{path}/edit")).await.expect(200);
        let owner = page.text("section:has(#owner)");
        assert!(owner.contains("Ingrid") && !page.has("[name=owner]") && !page.has("[name=owner_from]"), "{owner}");
        assert_eq!(
            page.has("section:has(#owner) a[href*='/customers/handover']"),
            user.id == field.berit.id,
            "{owner}"
        );
        // What is sent nevertheless is not read, be it nonsense.
        for owner in [&*jonas, "none", "x"] {
            let version = browser.get(&format!("{path}/edit")).await.value("version");
            let forged = [("name", "Havn"), ("version", &*version), ("owner", owner), ("owner_from", "2026-01-01")];
            browser.post(&path, &forged).await.expect(303);
            assert_eq!(field.count("ownerships").await, 1);
            assert_eq!(names(&field.app.client(field.ingrid).await.get("/customers").await), ["Havn"]);
        }
    }
}

#[tokio::test]
async fn customers_out_of_sight_are_not_there() {
    let field = Field::new().await;
    let (own, other) = (field.customer("Havn", field.ingrid).await, field.customer("Olavs", field.olav).await);
    for (user, expected) in
        [(field.ingrid, 404), (field.berit, 404), (field.olav, 200), (field.finn, 200), (field.astrid, 200)]
    {
        field.app.client(user).await.get(&format!("/customers/{other}")).await.expect(expected);
    }
    // A visit there brings it into sight, and its manager's.
    field.visit(field.ingrid, other, date!(2026 - 11 - 18), Kind::InPerson).await;
    for user in [field.ingrid, field.berit] {
        field.app.client(user).await.get(&format!("/customers/{other}")).await.expect(200);
    }
    let mut finn = field.app.client(field.finn).await;
    let page = finn.get(&format!("/customers/{own}")).await.expect(200);
    assert!(!page.has(".actions a"), "finance reads");
    assert_eq!(names(&finn.get("/customers").await), ["Havn", "Olavs"]);
    assert_eq!(names(&field.app.client(field.berit).await.get("/customers").await), ["Havn"]);
    for path in ["/customers/0", "/customers/x", "/customers/99999999999999999999"] {
        finn.get(path).await.expect(404);
    }
    for path in [format!("/customers?owner={}", field.olav.id), format!("/customers/events?rep={}", field.olav.id)] {
        field.app.client(field.berit).await.get(&path).await.expect(404);
    }
}

#[tokio::test]
async fn the_list_searches_filters_and_sorts() {
    let field = Field::new().await;
    let mut ids: Vec<CustomerId> = vec![];
    for name in ["Bakeriet", "Ål 100%", "Havn", "Café_Nord"] {
        ids.push(field.customer(name, field.ingrid).await);
    }
    field.deal(ids[0], date!(2026 - 11 - 01), 5_000, &[(field.ingrid, 1)]).await;
    field.deal(ids[2], date!(2026 - 11 - 02), 90_000, &[(field.ingrid, 1)]).await;
    field.deal(ids[2], date!(2026 - 11 - 03), -88_000, &[(field.ingrid, 1)]).await;
    field.visit(field.ingrid, ids[3], date!(2026 - 11 - 04), Kind::InPerson).await;
    let mut browser = field.app.client(field.ingrid).await;
    for (query, expected) in [
        ("", vec!["Bakeriet", "Café_Nord", "Havn", "Ål 100%"]),
        ("?sort=-name", vec!["Ål 100%", "Havn", "Café_Nord", "Bakeriet"]),
        ("?sort=-sales", vec!["Bakeriet", "Havn", "Café_Nord", "Ål 100%"]),
        ("?sort=-last_sale", vec!["Havn", "Bakeriet", "Café_Nord", "Ål 100%"]),
        ("?sort=-last_visit", vec!["Café_Nord", "Ål 100%", "Havn", "Bakeriet"]),
        ("?q=havn", vec!["Havn"]),
        ("?q=oslo&sort=-name", vec!["Ål 100%", "Havn", "Café_Nord", "Bakeriet"]),
        ("?q=100%25", vec!["Ål 100%"]),
        ("?q=_", vec!["Café_Nord"]),
        ("?q=%25%25%25", vec![]),
        ("?stage=new", vec!["Bakeriet", "Havn"]),
        ("?stage=prospect", vec!["Café_Nord", "Ål 100%"]),
        ("?stage=lost", vec![]),
    ] {
        let page = browser.get(&format!("/customers{query}")).await.expect(200);
        let mut found = names(&page);
        let mut expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
        if query.starts_with("?sort=-sales") || query.starts_with("?sort=-last") {
            // Equal values may stand in any order.
            found[2..].sort();
            expected[2..].sort();
            if query.ends_with("last_visit") {
                found[1..].sort();
                expected[1..].sort();
            }
        }
        assert_eq!(found, expected, "{query}");
        if expected.is_empty() {
            assert!(page.text(".empty").contains("Nothing matches"), "other words than for no customers");
        } else {
            assert_eq!(number(&page.text(".pager .meta")), i64::try_from(expected.len()).unwrap());
        }
    }
    // Heads keep the search; the sorted one says so.
    let page = browser.get("/customers?q=a&sort=-sales").await;
    assert_eq!(page.attribute("th[aria-sort] a", "href"), "/customers?q=a&sort=sales");
    assert_eq!(page.attribute("th[aria-sort]", "aria-sort"), "descending");
    browser.get("/customers?stage=happy").await.expect(400);
}

#[tokio::test]
async fn every_order_of_the_list_pages_without_gaps() {
    let field = Field::new().await;
    for number in 0..105 {
        let id = field.customer(&format!("Customer {}", number % 7), field.ingrid).await;
        if number % 3 == 0 {
            field.deal(id, TODAY - Duration::days(number % 5), 1_000 * (number % 4), &[(field.ingrid, 1)]).await;
        }
    }
    let mut browser = field.app.client(field.ingrid).await;
    for sort in ["name", "-name", "sales", "-sales", "last_sale", "-last_sale", "last_visit"] {
        let mut path = format!("/customers?sort={sort}");
        let mut seen = vec![];
        loop {
            let page = browser.get(&path).await.expect(200);
            seen.extend(page.attributes("tbody th a", "href"));
            match page.attributes("a[rel=next]", "href").pop() {
                Some(next) => path = next,
                None => break,
            }
        }
        let total = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!((total, seen.len()), (105, 105), "{sort}");
    }
}

#[tokio::test]
async fn the_stage_of_the_list_is_that_of_the_page() {
    /// Its name, its sales (days ago, cents) and its ending (days ago).
    type Life<'l> = (&'static str, &'l [(i64, i64)], Option<(i64, EndingKind)>);
    // Of seventeen sale days only the last nine say that it usually buys every five days.
    let many: Vec<_> = (0..8).map(|n| 450 - 50 * n).chain((0..9).map(|n| 50 - 5 * n)).map(|ago| (ago, 100)).collect();
    // Its last ten deals were on five days, four days apart; its last nine days say that it usually waits longer.
    let twice: Vec<_> =
        (0..4).map(|n| 186 - 40 * n).chain((0..10).map(|n| 26 - n / 2 * 4)).map(|ago| (ago, 100)).collect();
    let field = Field::new().await;
    let rep = &[(field.ingrid, 1)];
    let day = |ago: i64| TODAY - Duration::days(ago);
    let lives: [Life; 16] = [
        ("prospect", &[], None),
        ("new", &[(20, 100)], None),
        ("existing", &[(500, 100), (400, 100), (300, 100), (150, 100), (20, 100)], None),
        ("lost", &[(300, 100)], None),
        ("won back", &[(700, 100), (20, 100)], None),
        ("second sale", &[(700, 100), (40, 100), (20, 100)], None),
        ("ended", &[(100, 100)], Some((50, EndingKind::Closed))),
        ("ended and back", &[(100, 100), (10, 100)], Some((50, EndingKind::Closed))),
        ("declared lost", &[(100, 100)], Some((50, EndingKind::DeclaredLost))),
        ("silent", &[(160, 100), (150, 100), (140, 100), (130, 100), (120, 100)], None),
        ("falling", &[(500, 100), (430, 1_000), (270, 100), (120, 100), (20, 1)], None),
        ("more than nine days", &many, None),
        ("nine days of more deals", &twice, None),
        ("twice on the first day", &[(20, 100), (20, 100)], None),
        ("back twice on a day", &[(700, 100), (20, 100), (20, 100)], None),
        ("ended on a day of sales", &[(100, 100), (50, 100), (50, 100)], Some((50, EndingKind::Closed))),
    ];
    let mut ids = vec![];
    for (name, sales, ending) in lives {
        let id = field.customer(name, field.ingrid).await;
        for &(ago, cents) in sales {
            field.deal(id, day(ago), cents, rep).await;
        }
        if let Some((ago, kind)) = ending {
            let mut tx = field.app.write(field.org).await;
            let ending =
                NewEnding { on: day(ago), kind, reason: "Said so".into(), verified_reason: None, competitor: None };
            customers::db::insert_ending(&mut tx, id, &ending).await.unwrap();
            events_db::recompute(&mut tx, &[id]).await.unwrap();
            tx.commit().await.unwrap();
        }
        ids.push(id);
    }
    // Undone: a first sale, a win-back, both.
    for (name, sales, undone) in [
        ("undone", vec![20], vec![0]),
        ("back undone", vec![700, 20], vec![1]),
        ("all undone", vec![700, 20], vec![1, 0]),
        ("second sale undone", vec![700, 40, 20], vec![2]),
        ("second sale undone, a third stands", vec![700, 60, 40, 20], vec![2]),
        ("back undone, a second sale stands", vec![700, 40, 20], vec![1]),
        ("one of two of a day undone", vec![20, 20], vec![0]),
        ("back, one of two of the day undone", vec![700, 20, 20], vec![1]),
        ("back, the other of the day undone", vec![700, 20, 20], vec![2]),
    ] {
        let id = field.customer(name, field.ingrid).await;
        let mut deals = vec![];
        for ago in sales {
            deals.push(field.deal(id, day(ago), 100, rep).await);
        }
        for index in undone {
            field.deal_like(id, day(5), -100, rep, Some(deals[index])).await;
        }
        ids.push(id);
    }
    let old = field.customer("since long", field.ingrid).await;
    let mut tx = field.app.write(field.org).await;
    let details = customers::db::Details {
        name: "since long".into(),
        customer_since: Some(date!(2019 - 01 - 01)),
        ..Default::default()
    };
    assert!(customers::db::update(&mut tx, old, 1, &details).await.unwrap());
    events_db::recompute(&mut tx, &[old]).await.unwrap();
    tx.commit().await.unwrap();
    ids.push(old);

    let mut read = tx::read(&field.app.db, field.org).await.unwrap();
    let histories = events_db::histories(&mut read, field.org, &ids).await.unwrap();
    drop(read);
    let mut browser = field.app.client(field.ingrid).await;
    let mut listed = 0;
    for stage in ["prospect", "new", "existing", "won_back", "lost", "ended"] {
        let page = browser.get(&format!("/customers?stage={stage}")).await.expect(200);
        let mut found: Vec<String> = page.attributes("tbody th a", "href");
        let standing_so = |id: &&CustomerId| standing(&histories[*id], TODAY).stage.kind().as_str() == stage;
        let mut expected: Vec<String> = ids.iter().filter(standing_so).map(|id| format!("/customers/{id}")).collect();
        listed += expected.len();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{stage}");
    }
    assert_eq!(listed, ids.len());
    // Each row tells the same, and who slips away.
    let page = browser.get("/customers").await.expect(200);
    let told = page.attributes("tbody th a", "href").into_iter().zip(page.texts("tbody th + td"));
    let told: BTreeMap<String, String> = told.collect();
    let expected = ids.iter().map(|id| {
        let standing = standing(&histories[id], TODAY);
        let slips = if standing.warnings.is_empty() { "" } else { " Slipping" };
        (format!("/customers/{id}"), format!("{}{slips}", standing.stage.kind().label()))
    });
    let expected: BTreeMap<String, String> = expected.collect();
    assert!(expected.values().any(|words| words.ends_with("Slipping")) && told.len() == ids.len(), "{expected:?}");
    assert_eq!(told, expected);
}

#[tokio::test]
async fn the_list_and_its_file_are_filtered_by_segment() {
    let field = Field::new().await;
    for (name, segment) in [("Havn", "Retail"), ("Fjord", "Retail"), ("Bakeri", "Wholesale"), ("Loose", "")] {
        let id = field.customer(name, field.ingrid).await;
        let mut tx = field.app.write(field.org).await;
        let segment = Some(segment.to_owned()).filter(|segment| !segment.is_empty());
        let details = customers::db::Details { name: name.to_owned(), segment, ..Default::default() };
        assert!(customers::db::update(&mut tx, id, 1, &details).await.unwrap());
        tx.commit().await.unwrap();
    }
    let mut browser = field.app.client(field.ingrid).await;
    for (segment, names) in [("Retail", &["Fjord", "Havn"][..]), ("Wholesale", &["Bakeri"]), ("Other", &[])] {
        let page = browser.get(&format!("/customers?segment={segment}")).await.expect(200);
        assert_eq!(page.texts("tbody th a"), names, "{segment}");
        let file = browser.get(&format!("/customers.csv?segment={segment}")).await.expect(200);
        assert_eq!(file.body().lines().count(), names.len() + 1, "{segment}: {}", file.body());
    }
    assert_eq!(browser.get("/customers").await.expect(200).count("tbody th a"), 4);
}

#[tokio::test]
async fn losses_are_declared_by_reps_and_other_ends_by_managers() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    field.deal(havn, date!(2026 - 11 - 01), 10_000, &[(field.ingrid, 1)]).await;
    let path = format!("/customers/{havn}/ending");
    let mut ingrid = field.app.client(field.ingrid).await;
    let page = ingrid.get(&path).await.expect(200);
    assert_eq!(page.attributes("[name=kind]", "value"), ["declared_lost", "deselected", "closed", "credit_block"]);
    for (name, typed, place) in [
        ("reason", "", "reason"),
        ("on", "2026-11-20", "on"),
        ("on", "", "on"),
        ("kind", "merged", "kind"),
        ("kind", "x", "kind"),
    ] {
        let good = [("kind", "declared_lost"), ("on", "2026-11-19"), ("reason", "Too dear")];
        let mut fields: Vec<(&str, &str)> = good.into_iter().filter(|(field, _)| *field != name).collect();
        fields.push((name, typed));
        let page = ingrid.post(&path, &fields).await.expect(422);
        assert_eq!(page.attributes(".summary-error a", "href"), [format!("#{place}")], "{name} {typed}");
    }
    let typed = [("reason", "Too dear"), ("competitor", "Kaffe AS")];
    ingrid.submit(&page, "main form", &typed).await.expect(303);
    assert_eq!(field.facts(Subject::Rep(field.ingrid.id), "2026-11").await.lost_customers, 1);
    let page = ingrid.get(&format!("/customers/{havn}")).await.expect(200);
    assert_eq!(page.text("section:has(#life) h2"), "Lost");
    assert!(page.text(".timeline").contains("Too dear · went to Kaffe AS"), "{}", page.text(".timeline"));
    assert!(page.text("section:has(#ended)").contains("went to Kaffe AS"));
    // Taken back by the toast that said it.
    ingrid.submit(&page, ".toast form[action$=withdraw]", &[]).await.expect(303);
    assert_eq!(field.facts(Subject::Rep(field.ingrid.id), "2026-11").await.lost_customers, 0);
    // The manager closes it; the rep cannot open it again.
    let mut berit = field.app.client(field.berit).await;
    let page = berit.get(&path).await.expect(200);
    assert_eq!(page.count("[name=kind]"), 4);
    let typed = [("kind", "closed"), ("reason", "Bankrupt")];
    berit.submit(&page, "main form", &typed).await.expect(303);
    let page = berit.get(&format!("/customers/{havn}")).await;
    let withdraw = page.attribute("form[action$=withdraw]", "action");
    ingrid.post(&withdraw, &[]).await.expect(403);
    berit.post(&withdraw, &[]).await.expect(303);
    berit.post(&withdraw, &[]).await.expect(404);
    field.verify().await;
}

#[tokio::test]
async fn events_are_listed_as_they_are_counted() {
    let field = Field::new().await;
    let first = field.customer("First", field.ingrid).await;
    let undone = field.customer("Undone", field.ingrid).await;
    let back = field.customer("Back", field.jonas).await;
    let lost = field.customer("Lost", field.olav).await;
    field.deal(first, date!(2026 - 11 - 02), 10_000, &[(field.ingrid, 1)]).await;
    let deal = field.deal(undone, date!(2026 - 11 - 03), 10_000, &[(field.ingrid, 2), (field.jonas, 1)]).await;
    field.deal_like(undone, date!(2026 - 11 - 12), -10_000, &[(field.ingrid, 2), (field.jonas, 1)], Some(deal)).await;
    field.deal(back, date!(2026 - 01 - 05), 5_000, &[(field.jonas, 1)]).await;
    field.deal(back, date!(2026 - 11 - 05), 5_000, &[(field.jonas, 1)]).await;
    field.deal(lost, date!(2026 - 05 - 10), 7_000, &[(field.olav, 1)]).await;
    let subjects = [
        (Subject::Rep(field.ingrid.id), format!("&rep={}", field.ingrid.id), field.ingrid),
        (Subject::Team(field.north), format!("&team={}", field.north), field.berit),
        (Subject::Company, String::new(), field.astrid),
    ];
    for (period, dates) in [
        ("2026-11", "from=2026-11-01&to=2026-12-01"),
        ("2026", "from=2026-01-01&to=2027-01-01"),
        ("2026-07", "from=2026-07-01&to=2026-08-01"),
    ] {
        for (subject, query, asker) in &subjects {
            let facts = field.facts(*subject, period).await;
            let mut browser = field.app.client(*asker).await;
            for (kind, expected) in
                [("new", facts.new_customers), ("lost", facts.lost_customers), ("won_back", facts.won_back_customers)]
            {
                let page = browser.get(&format!("/customers/events?kind={kind}&{dates}{query}")).await.expect(200);
                let counts = page.texts("tbody td:last-child");
                let sum: i64 = counts.iter().map(|count| number(count)).sum();
                assert_eq!((sum, number(&page.text("#counted"))), (expected, expected), "{subject:?} {period} {kind}");
            }
        }
    }
    let november = field.facts(Subject::Company, "2026-11").await;
    assert_eq!((november.new_customers, november.lost_customers, november.won_back_customers), (1, 1, 1));
    let mut browser = field.app.client(field.ingrid).await;
    let page = browser.get("/customers/events?kind=new&from=2026-11-01&to=2026-12-01").await;
    assert_eq!(page.texts("tbody td:last-child"), ["−1", "1", "1"]);
    for path in ["/customers/events?kind=old", "/customers/events?from=x", "/customers/events?team=-"] {
        browser.get(path).await.expect(400);
    }
    browser.get(&format!("/customers/events?team={}", field.north)).await.expect(404);
}

#[tokio::test]
async fn the_timeline_tells_everything_and_pages() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    field.deal(havn, date!(2026 - 11 - 02), 348_000, &[(field.ingrid, 1)]).await;
    for ago in 0..30 {
        field.visit(field.ingrid, havn, TODAY - Duration::days(2 * ago), Kind::InPerson).await;
    }
    let mut browser = field.app.client(field.ingrid).await;
    let mut path = format!("/customers/{havn}");
    let mut titles = vec![];
    let mut pages = 0;
    loop {
        let page = browser.get(&path).await.expect(200);
        titles.extend(page.texts(".timeline .title"));
        pages += 1;
        match page.attributes("a[rel=next]", "href").pop() {
            Some(next) => path = next,
            None => break,
        }
    }
    assert_eq!((pages, titles.len()), (2, 32));
    assert!(titles.contains(&"Became a customer".to_owned()) && titles.contains(&"Deal 1, €3,480.00".to_owned()));
    let deals = browser.get(&format!("/customers/{havn}?show=deals")).await;
    assert_eq!(deals.texts(".timeline .title"), ["Deal 1, €3,480.00"]);
    // A colleague in sight of the customer reads it too, and opens only what is in his sight.
    field.visit(field.olav, havn, TODAY, Kind::InPerson).await;
    let page = field.app.client(field.olav).await.get(&format!("/customers/{havn}")).await.expect(200);
    assert_eq!(page.count(".timeline a.title"), 1);
    let admin = field.app.user(field.org, "Ada", &[Role::Admin]).await;
    field.app.client(admin).await.get(&format!("/customers/{havn}")).await.expect(200);
}

#[tokio::test]
async fn the_last_sale_is_told_in_days() {
    let field = Field::new().await;
    let mut browser = field.app.client(field.ingrid).await;
    for (name, ago, told) in [("Havn", 0, "0 days ago"), ("Fjord", 1, "1 day ago"), ("Vik", 2, "2 days ago")] {
        let customer = field.customer(name, field.ingrid).await;
        field.deal(customer, TODAY - Duration::days(ago), 10_000, &[(field.ingrid, 1)]).await;
        let page = browser.get(&format!("/customers/{customer}")).await.expect(200);
        assert!(page.words().contains(&format!("Last sale {told}")), "{}", page.words());
    }
}

/// Nothing twice and nothing left out, also where a page ends amid what happened on one day; and whoever shares something is
/// named on every page.
#[tokio::test]
async fn a_long_history_comes_whole_over_its_pages() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let other = field.customer("Other", field.ingrid).await;
    let words = |what: &str, on: Date| format!("{what} {} {:.3}", on.day(), on.month().to_string());
    let mut expected: Vec<(Date, i64, String)> = vec![];
    for week in (0..36).rev() {
        let on = TODAY - Duration::days(7 * week);
        for customer in [havn, other] {
            let deal = field.deal(customer, on, 10_000 + week, &[(field.ingrid, 2), (field.jonas, 1)]).await;
            let visit = field.visit(field.ingrid, customer, on, Kind::InPerson).await;
            sqlx::query!(
                "insert into visit_participants (org_id, visit_id, rep_id, visited_on, recorded_at)
                 values ($1, $2, $3, $4, now()), ($1, $2, $5, $4, now())",
                field.org.0,
                visit.0,
                field.olav.id.0,
                on,
                field.jonas.id.0,
            )
            .execute(&field.app.db)
            .await
            .unwrap();
            let lost = week == 10 && customer == havn;
            if lost {
                sqlx::query!(
                    "update deals set stage = 'lost', booked_on = null, closed_on = $2 where id = $1",
                    deal.0,
                    on + Duration::days(1),
                )
                .execute(&field.app.db)
                .await
                .unwrap();
            }
            if customer == havn {
                let on_close = on + Duration::days(lost.into());
                let (number, lost) = (71 - 2 * week, if lost { " lost" } else { "" });
                let told = format!("Deal {number}{lost}, €100.{week:02} Credited: Ingrid, Jonas");
                expected.push((on_close, 4 * deal.0 + 1, words(&told, on_close)));
                expected.push((on, 4 * visit.0, words("Visit by Ingrid, Jonas, Olav", on)));
            }
        }
    }
    let (began, ended) = (TODAY - Duration::days(7 * 35), TODAY - Duration::days(3));
    let mut tx = field.app.write(field.org).await;
    let ending = NewEnding {
        on: ended,
        kind: EndingKind::Closed,
        reason: "Moves".into(),
        verified_reason: None,
        competitor: None,
    };
    customers::db::insert_ending(&mut tx, havn, &ending).await.unwrap();
    tx.commit().await.unwrap();
    expected.push((ended, 7, words("Closed down by nobody Moves", ended)));
    expected.push((began, 6, words("Became a customer With deal 1. Counts for Ingrid", began)));
    expected.sort_by_key(|one| std::cmp::Reverse((one.0, one.1)));
    let expected: Vec<String> = expected.into_iter().map(|(.., words)| words).collect();

    for (query, only, links) in [("", "", 72), ("?show=visits", "Visit ", 36), ("?show=deals", "Deal ", 36)] {
        let of_query: Vec<&String> = expected.iter().filter(|words| words.starts_with(only)).collect();
        for (user, opened) in [(field.ingrid, links), (field.jonas, links), (field.astrid, links)] {
            let mut browser = field.app.client(user).await;
            let mut next = Some(format!("/customers/{havn}{query}"));
            let (mut told, mut sizes, mut open) = (vec![], vec![], 0);
            while let Some(path) = next {
                let page = browser.get(&path).await.expect(200);
                let rows = page.texts(".timeline li");
                sizes.push(rows.len());
                told.extend(rows);
                open += page.count(".timeline a.title");
                next = page.attributes("a[rel=next]", "href").pop();
            }
            assert_eq!(told.iter().collect::<Vec<_>>(), of_query, "{query}");
            assert_eq!(open, opened, "{query}");
            assert!(sizes.iter().rev().skip(1).all(|size| *size == 20), "{query}: {sizes:?}");
        }
    }
}

#[tokio::test]
async fn what_is_settled_of_a_customer_changes_only_with_a_reason() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    field.deal(havn, date!(2026 - 10 - 05), 10_000, &[(field.ingrid, 1)]).await;
    let mut berit = field.app.client(field.berit).await;
    let path = format!("/customers/{havn}");
    let edit = format!("{path}/edit");
    let change = async |berit: &mut Client, typed: &[(&str, &str)], status: u16| {
        let page = berit.get(&edit).await.expect(200);
        berit.submit(&page, "main form", typed).await.expect(status)
    };
    // Before anything is locked nothing is asked.
    change(&mut berit, &[("customer_since", "2020-01-01")], 303).await;
    change(&mut berit, &[("customer_since", "")], 303).await;
    field.lock("2026-10").await;
    // A new customer of October was paid with.
    let page = change(&mut berit, &[("customer_since", "2020-01-01")], 422).await;
    assert_eq!(page.attributes(".summary-error a", "href"), ["#reason"], "{}", page.words());
    assert_eq!(page.value("customer_since"), "2020-01-01");
    assert_eq!(field.facts(Subject::Company, "2026-10").await.new_customers, 1);
    // What nothing follows from needs none.
    change(&mut berit, &[("city", "Bergen")], 303).await;
    let page = change(&mut berit, &[("customer_since", "2020-01-01")], 422).await;
    berit.submit(&page, "main form", &[("reason", "They bought in 2020")]).await.expect(303);
    assert!(berit.get(&path).await.text("section:has(#history)").contains("Reason: They bought in 2020"));
    assert_eq!(field.facts(Subject::Company, "2026-10").await.new_customers, 0);
    // A loss declared into October is one more loss of that month.
    let page = berit.get(&format!("{path}/ending")).await.expect(200);
    let typed = [("on", "2026-10-25"), ("reason", "Moved away")];
    let page = berit.submit(&page, "main form", &typed).await.expect(422);
    assert_eq!(page.attributes(".summary-error a", "href"), ["#late_reason"], "{}", page.words());
    assert_eq!(field.facts(Subject::Company, "2026-10").await.lost_customers, 0);
    berit.submit(&page, "main form", &[("late_reason", "Heard of it today")]).await.expect(303);
    assert_eq!(field.facts(Subject::Company, "2026-10").await.lost_customers, 1);
    assert!(berit.get(&path).await.text("section:has(#history)").contains("Reason: Heard of it today"));
    field.verify().await;
}

#[tokio::test]
async fn a_customer_that_may_be_there_already_is_shown_before_it_is_added_twice() {
    let field = Field::new().await;
    let havn = field.customer("Havn & Hage AS", field.ingrid).await;
    field.customer("Fjordkaféen", field.olav).await;
    let mut browser = field.app.client(field.ingrid).await;
    let page = browser.get("/customers/new").await.expect(200);
    let typed = [("name", "havn og hage"), ("city", "Bergen"), ("notes", "Through the yard."), ("contact", "Siri Aas")];
    let page = browser.submit(&page, "main form", &typed).await.expect(422);
    assert_eq!(page.attributes("#similar li a", "href"), [format!("/customers/{havn}")]);
    let words = page.text("#similar");
    assert!(words.contains("Havn & Hage AS") && words.contains("Oslo"), "{words}");
    // Nothing typed is lost, and nothing is added; saving again asks again.
    assert_eq!((page.value("name"), page.value("city")), ("havn og hage".into(), "Bergen".into()));
    assert_eq!((page.value("contact"), page.text("[name=notes]")), ("Siri Aas".into(), "Through the yard.".into()));
    let page = browser.submit(&page, "main form", &[]).await.expect(422);
    assert_eq!(field.count("customers").await, 2);
    // What was confirmed counts for that name only.
    let anyway = page.attribute("button[name=anyway]", "value");
    let (name, other) = (page.value("name"), "Fjordkafeen");
    browser.post("/customers", &[("name", other), ("anyway", &anyway)]).await.expect(422);
    let once = page.attribute("main form [name=once]", "value");
    let fields = [("name", &*name), ("city", "Bergen"), ("anyway", &anyway), ("once", &once)];
    let first = browser.post("/customers", &fields).await.expect(303);
    let second = browser.post("/customers", &fields).await.expect(303);
    assert_eq!(second.location(), first.location(), "a double click adds no second one");
    assert_eq!(browser.follow(&first).await.text("h1"), "havn og hage");
    assert_eq!(field.count("customers").await, 3);
    // A colleague's is not told: that there is one.
    let page = browser.post("/customers", &[("name", "Fjordkafeen AS")]).await.expect(422);
    let words = page.text("#similar");
    assert!(words.contains("A customer of colleagues") && !words.contains("Fjordkaf"), "{words}");
    assert!(!page.has("#similar li a"));
    // Other names are added as before.
    let torget = [("name", "Torget"), ("once", "7f0c0a4e-6c53-4a39-9a0e-1d1f3b1f7f11")];
    let answer = browser.post("/customers", &torget).await.expect(303);
    assert_eq!(browser.post("/customers", &torget).await.expect(303).location(), answer.location());
}

#[tokio::test]
async fn people_of_the_same_company_point_to_the_customer_that_is_there() {
    let field = Field::new().await;
    let mut browser = field.app.client(field.ingrid).await;
    let add = |name: &'static str, email: &'static str| [("name", name), ("contact", "Siri"), ("email", email)];
    let first = browser.post("/customers", &add("Havn", "siri@havn.example")).await.expect(303);
    let page = browser.post("/customers", &add("Hotell Nord", "ola@HAVN.example")).await.expect(422);
    assert_eq!(page.attributes("#similar li a", "href"), [first.location()]);
    browser.post("/customers", &add("Bryggen", "siri@gmail.com")).await.expect(303);
    browser.post("/customers", &add("Kaien", "ola@gmail.com")).await.expect(303);
}

#[tokio::test]
async fn the_list_finds_who_was_forgotten_and_is_a_file_too() {
    let field = Field::new().await;
    let mut ids: Vec<CustomerId> = vec![];
    for (name, owner) in
        [("=Bakeriet", field.ingrid), ("Havn", field.jonas), ("Kaia", field.ingrid), ("Torget", field.olav)]
    {
        ids.push(field.customer(name, owner).await);
    }
    field.deal(ids[0], date!(2026 - 09 - 01), 123_450, &[(field.ingrid, 1)]).await;
    field.deal(ids[1], date!(2026 - 11 - 01), 5_000, &[(field.jonas, 1)]).await;
    field.deal(ids[2], date!(2026 - 01 - 05), 5_000, &[(field.ingrid, 1)]).await;
    field.visit(field.ingrid, ids[0], date!(2026 - 11 - 10), Kind::InPerson).await;
    field.visit(field.jonas, ids[1], date!(2026 - 10 - 10), Kind::InPerson).await;
    field.visit(field.ingrid, ids[2], date!(2026 - 11 - 10), Kind::Call).await;
    let mut tx = field.app.write(field.org).await;
    customers::db::set_owner(&mut tx, ids[3], None, Some(date!(2026 - 11 - 01))).await.unwrap();
    tx.commit().await.unwrap();
    let mut astrid = field.app.client(field.astrid).await;
    for (query, expected) in [
        ("unsold_since=2026-11-01", vec!["=Bakeriet", "Kaia", "Torget"]),
        ("unsold_since=2026-09-02", vec!["=Bakeriet", "Kaia", "Torget"]),
        ("unsold_since=2026-09-01", vec!["Kaia", "Torget"]),
        ("unvisited_since=2026-11-01", vec!["Havn", "Kaia", "Torget"]),
        ("unvisited_since=2026-10-10", vec!["Kaia", "Torget"]),
        ("unvisited_since=2026-10-10&unsold_since=2025-01-01", vec!["Torget"]),
        ("stage=class-new", vec!["=Bakeriet", "Havn", "Torget"]),
        ("stage=class-past", vec!["Kaia"]),
        ("stage=class-existing", vec![]),
        ("owner=none", vec!["Torget"]),
        ("owner=none&stage=class-past", vec![]),
    ] {
        let page = astrid.get(&format!("/customers?{query}")).await.expect(200);
        assert_eq!(names(&page), expected, "{query}");
        let file = astrid.get(&format!("/customers.csv?{query}")).await.expect(200).body();
        assert_eq!(file.lines().count(), expected.len() + 1, "{query}: {file}");
    }
    for path in ["/customers?unsold_since=x", "/customers.csv?unvisited_since=2026-13-01", "/customers.csv?stage=happy"]
    {
        astrid.get(path).await.expect(400);
    }
    // The page leads to the file of what it shows; formulas are disarmed.
    let page = astrid.get("/customers?q=bak&sort=-name").await.expect(200);
    let path = page.attribute("a[href*='.csv']", "href");
    assert_eq!(path, "/customers.csv?q=bak&sort=-name");
    let answer = astrid.get(&path).await.expect(200);
    assert!(answer.header("content-disposition").contains("customers-2026-11-19.csv"));
    let body = answer.body();
    let line = body.lines().nth(1).unwrap();
    let expected = format!("{},'=Bakeriet,,Oslo,,New,no,A,Ingrid,2026-09-01,2026-11-10,1234.50,EUR", ids[0]);
    assert_eq!(line, expected);
    // As far as the sight goes.
    let mut berit = field.app.client(field.berit).await;
    assert_eq!(names(&berit.get("/customers?unsold_since=2026-11-10").await), ["=Bakeriet", "Havn", "Kaia"]);
    assert_eq!(berit.get("/customers.csv").await.body().lines().count(), 4);
    berit.get(&format!("/customers.csv?owner={}", field.olav.id)).await.expect(404);
}

#[tokio::test]
async fn the_file_has_everything_that_the_pages_have() {
    let field = Field::new().await;
    for number in 0..60 {
        field.customer(&format!("Customer {number:02}"), field.ingrid).await;
    }
    let file = field.app.client(field.ingrid).await.get("/customers.csv?sort=-name").await.expect(200).body();
    let names: Vec<&str> = file.lines().skip(1).map(|line| line.split(',').nth(1).unwrap()).collect();
    assert_eq!((names.len(), names[0], names[59]), (60, "Customer 59", "Customer 00"));
}

#[tokio::test]
async fn notes_say_who_and_when() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    field.visit(field.jonas, havn, date!(2026 - 11 - 18), Kind::InPerson).await;
    let path = format!("/customers/{havn}");
    let (mut ingrid, mut jonas) = (field.app.client(field.ingrid).await, field.app.client(field.jonas).await);
    let page = ingrid.get(&path).await.expect(200);
    for (typed, words) in [("  ", "The note is missing"), (&*"x".repeat(5001), "5001 characters")] {
        let page = ingrid.post(&format!("{path}/notes"), &[("note", typed)]).await.expect(422);
        assert!(page.text(".summary-error").contains(words), "{}", page.text(".summary-error"));
        assert_eq!(page.attributes(".summary-error a", "href"), ["#note"]);
    }
    let once = page.attribute("form[action$=notes] [name=once]", "value");
    for _ in 0..2 {
        ingrid.post(&format!("{path}/notes"), &[("note", "Closed on <Mondays>"), ("once", &once)]).await.expect(303);
    }
    let page = jonas.get(&path).await.expect(200);
    jonas.submit(&page, "form[action$=notes]", &[("note", "New chef")]).await.expect(303);
    let page = jonas.get(&path).await.expect(200);
    let notes = page.texts("section:has(#notes) li .grow");
    assert_eq!(notes.len(), 2);
    assert!(notes[0].starts_with("New chef") && notes[0].contains("Jonas, 19 Nov 2026, 10:00"), "{notes:?}");
    assert!(notes[1].starts_with("Closed on <Mondays>") && notes[1].contains("Ingrid"), "{notes:?}");
    // One's own goes, another's stays; a manager takes any away.
    assert_eq!(page.count("form[action$=remove]"), 1);
    let others = ingrid.get(&path).await.attribute("form[action$=remove]", "action");
    jonas.post(&others, &[]).await.expect(403);
    jonas.submit(&page, "form[action$=remove]", &[]).await.expect(303);
    let mut berit = field.app.client(field.berit).await;
    berit.post(&others, &[]).await.expect(303);
    berit.post(&others, &[]).await.expect(404);
    assert_eq!(field.count("customer_notes").await, 0);
    assert!(berit.get(&path).await.text("section:has(#history)").contains("Closed on <Mondays>"), "its history stays");
    // Finance reads, and writes nothing; nobody writes where nothing is in sight.
    let mut finn = field.app.client(field.finn).await;
    assert!(!finn.get(&path).await.expect(200).has("form[action$=notes]"));
    field.app.client(field.olav).await.post(&format!("{path}/notes"), &[("note", "x")]).await.expect(404);
}

#[tokio::test]
async fn the_list_is_narrowed_to_a_team_and_to_a_class() {
    let field = Field::new().await;
    let largest = field.customer("Largest", field.ingrid).await;
    let second = field.customer("Second", field.jonas).await;
    let small = field.customer("Small", field.olav).await;
    field.customer("Prospect", field.olav).await;
    for (customer, rep, cents) in
        [(largest, field.ingrid, 8_000_000), (second, field.jonas, 1_500_000), (small, field.olav, 500_000)]
    {
        field.deal(customer, date!(2026 - 06 - 01), cents, &[(rep, 1)]).await;
    }
    // More than twelve months ago: of no class.
    field.deal(small, date!(2025 - 10 - 01), 90_000_000, &[(field.olav, 1)]).await;
    let mut astrid = field.app.client(field.astrid).await;
    let names = |page: &Answer| page.texts("tbody th a");
    let page = astrid.get("/customers").await.expect(200);
    assert_eq!(names(&page), ["Largest", "Prospect", "Second", "Small"]);
    assert_eq!(page.texts("tbody td:nth-of-type(2)"), ["A", "", "B", "C"]);
    let team = field.north;
    for (query, found) in [
        (format!("team={team}"), vec!["Largest", "Second"]),
        ("abc=A".to_owned(), vec!["Largest"]),
        ("abc=C".to_owned(), vec!["Small"]),
        (format!("abc=B&team={team}"), vec!["Second"]),
        (format!("abc=C&team={team}"), vec![]),
    ] {
        let page = astrid.get(&format!("/customers?{query}")).await.expect(200);
        assert_eq!(names(&page), found, "{query}");
        let file = astrid.get(&format!("/customers.csv?{query}")).await.expect(200).body();
        assert_eq!(file.lines().count(), found.len() + 1, "{query}: {file}");
    }
    let file = astrid.get("/customers.csv?abc=A").await.body();
    let place = file.lines().next().unwrap().split(',').position(|head| head == "class").unwrap();
    assert_eq!(file.lines().nth(1).unwrap().split(',').nth(place), Some("A"), "{file}");
    astrid.get("/customers?abc=D").await.expect(400);
    let page = astrid.get(&format!("/customers/{largest}")).await.expect(200);
    assert!(page.words().contains("Class A"), "{}", page.words());
    // A team out of sight is not there; one's own can be chosen wherever facts are listed.
    let mut berit = field.app.client(field.berit).await;
    for path in ["/customers", "/visits", "/deals", "/customers/events"] {
        assert!(astrid.get(path).await.expect(200).has(&format!("select[name=team] option[value='{team}']")), "{path}");
        berit.get(&format!("{path}?team={team}")).await.expect(200);
        berit.get(&format!("{path}?team={}", team.0 + 1)).await.expect(404);
    }
}

#[tokio::test]
async fn a_note_that_was_removed_comes_back_as_it_was() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let path = format!("/customers/{havn}");
    let mut ingrid = field.app.client(field.ingrid).await;
    ingrid.post(&format!("{path}/notes"), &[("note", "Likes strong coffee")]).await.expect(303);
    // Removed by the manager, on the next day.
    let then = field.app.later(Duration::DAY);
    let mut berit = then.client(field.berit).await;
    let page = berit.get(&path).await.expect(200);
    let written = page.text("li:has(form[action$='/remove'])");
    let removed = berit.submit(&page, "form[action*='/notes/'][action$='/remove']", &[]).await.expect(303);
    let page = berit.follow(&removed).await.expect(200);
    assert_eq!(field.count("customer_notes").await, 0);
    let undo = page.attribute(".toast form", "action");
    ingrid.post(&undo, &[]).await.expect(409);
    berit.submit(&page, ".toast form", &[]).await.expect(303);
    let page = berit.get(&path).await.expect(200);
    assert_eq!(page.text("li:has(form[action*='/notes/'][action$='/remove'])"), written, "by whom and when as before");
    berit.post(&undo, &[]).await.expect(409);
    assert_eq!(field.count("customer_notes").await, 1);
}

#[tokio::test]
async fn only_who_sells_is_offered_as_owner() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    sqlx::query!("update users set left_on = '2026-11-01' where id = $1", field.jonas.id.0)
        .execute(&field.app.db)
        .await
        .unwrap();
    let mut berit = field.app.client(field.berit).await;
    let page = berit.get("/customers/new").await.expect(200);
    let jonas = field.jonas.id.to_string();
    assert!(!page.attributes("[name=owner] option", "value").contains(&jonas), "{}", page.words());
    let path = format!("/customers/{havn}/edit");
    let page = berit.get(&path).await.expect(200);
    assert!(!page.attributes("[name=owner] option", "value").contains(&jonas), "{}", page.words());
    let forged = [("name", "Kaia"), ("owner", &*jonas), ("owner_from", "2026-11-19")];
    let refused = berit.post("/customers", &forged).await.expect(422);
    assert_eq!(refused.attributes(".summary-error a", "href"), ["#owner"]);
    // The way with a preview, which takes open deals and planned visits along.
    let handover = page.attribute("main a[href*='/customers/handover']", "href");
    assert!(berit.get(&handover).await.expect(200).has("[name=customer]"));
    // Whose owner has left keeps it until somebody takes over.
    let own = field.customer("Torget", field.jonas).await;
    let page = berit.get(&format!("/customers/{own}/edit")).await.expect(200);
    berit.submit(&page, "main form", &[("city", "Bergen")]).await.expect(303);
    assert_eq!(field.count("ownerships").await, 2);
}
