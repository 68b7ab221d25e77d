//! Handing customers over: what the preview says is what happens, all of it or nothing, and never twice.

use attain::{
    domain::{access::Role, id::CustomerId, visit::Kind},
    scorecards::db::Subject,
};
use time::macros::date;

use crate::{
    field::{Field, number},
    support::{Answer, Client, User},
};

fn names(page: &Answer) -> Vec<String> {
    page.texts("tbody th a")
}

/// The preview's line of a person: customers before and after, lost before and after.
fn line(page: &Answer, name: &str) -> Vec<String> {
    let at = page.texts("tbody th").iter().position(|one| one == name).unwrap_or_else(|| panic!("{}", page.words()));
    page.texts(&format!("tbody tr:nth-child({}) td", at + 1))
}

async fn book(field: &Field, user: User) -> Vec<String> {
    names(&field.app.client(user).await.get("/customers").await.expect(200))
}

async fn preview(browser: &mut Client, path: &str, to: User, from: &str) -> Answer {
    let page = browser.get(path).await.expect(200);
    browser.submit(&page, "main form", &[("to", &to.id.to_string()), ("from", from)]).await
}

#[tokio::test]
async fn a_whole_book_goes_to_another_rep_as_the_preview_says() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    field.customer("Torget", field.ingrid).await;
    field.customer("Kaia", field.jonas).await;
    // Lost on 19 November, today; the other one's first sale is of this month.
    field.deal(havn, date!(2026 - 05 - 22), 10_000, &[(field.ingrid, 1)]).await;
    let torget = field.customer("Brygga", field.ingrid).await;
    field.deal(torget, date!(2026 - 11 - 02), 20_000, &[(field.ingrid, 1)]).await;
    field.visit(field.ingrid, havn, date!(2026 - 11 - 03), Kind::InPerson).await;
    let november = |user: User| field.facts(Subject::Rep(user.id), "2026-11");
    assert_eq!(november(field.ingrid).await.lost_customers, 1);

    let mut berit = field.app.client(field.berit).await;
    let list = berit.get(&format!("/customers?owner={}", field.ingrid.id)).await.expect(200);
    let path = list.attribute("a[href*='handover?of=']", "href");
    let page = preview(&mut berit, &path, field.jonas, "2026-08-01").await.expect(200);
    assert_eq!(line(&page, "Ingrid")[..5], ["3 → 0", "1 → 0", "1", "0", "1"], "{}", page.words());
    assert_eq!(line(&page, "Jonas")[..2], ["1 → 4", "0 → 1"]);
    assert!(page.words().contains("3 customers go to Jonas"), "{}", page.words());
    // Nothing has moved by looking.
    assert_eq!(book(&field, field.ingrid).await, ["Brygga", "Havn", "Torget"]);

    let answer = berit.submit(&page, "form[method=post][action$=handover]", &[]).await.expect(303);
    let shown = berit.follow(&answer).await.expect(200);
    assert!(shown.words().contains("3 customers handed over to Jonas from 1 Aug 2026"), "{}", shown.words());
    assert_eq!(book(&field, field.ingrid).await, [""; 0]);
    assert_eq!(book(&field, field.jonas).await, ["Brygga", "Havn", "Kaia", "Torget"]);
    // Losses go along, what was done stays: as the preview said.
    let (before, after) = (november(field.ingrid).await, november(field.jonas).await);
    assert_eq!((before.lost_customers, before.new_customers, before.visits), (0, 1, 1));
    assert_eq!((after.lost_customers, after.new_customers, after.visits), (1, 0, 0));
    assert_eq!(before.net_sales.0, 20_000);
    field.verify().await;
    // Each customer's history tells it.
    let told = berit.get(&format!("/customers/{havn}")).await.expect(200).text("section:has(#history)");
    assert!(told.contains("Handed over") && told.contains("Ingrid → Jonas from 1 Aug 2026"), "{told}");
    // The same form again gives the first answer.
    let again = berit.submit(&page, "form[method=post][action$=handover]", &[]).await.expect(303);
    assert_eq!(again.location(), answer.location());
    assert_eq!(field.count("ownerships where upper_inf(during)").await, 4);
}

#[tokio::test]
async fn within_the_grace_a_loss_stays() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    field.deal(havn, date!(2026 - 05 - 22), 10_000, &[(field.ingrid, 1)]).await;
    let next = field.customer("Torget", field.ingrid).await;
    field.deal(next, date!(2026 - 05 - 29), 10_000, &[(field.ingrid, 1)]).await; // lost on 26 November
    let mut berit = field.app.client(field.berit).await;
    let path = format!("/customers/handover?of={}", field.ingrid.id);
    let page = preview(&mut berit, &path, field.jonas, "2026-11-10").await.expect(200);
    assert_eq!(line(&page, "Ingrid")[..2], ["2 → 0", "1"]);
    assert!(!page.words().contains("still to come"), "both stay with Ingrid: {}", page.words());
    let page = preview(&mut berit, &path, field.jonas, "2026-08-25").await.expect(200);
    assert_eq!(line(&page, "Ingrid")[..2], ["2 → 0", "1"], "held for less than 90 days");
    assert!(page.words().contains("1 loss still to come in November 2026"), "{}", page.words());
}

#[tokio::test]
async fn ticked_customers_go_and_later_handovers_stay() {
    let field = Field::new().await;
    let mut ids: Vec<CustomerId> = vec![];
    for (name, owner) in [("Brygga", field.ingrid), ("Havn", field.ingrid), ("Kaia", field.jonas)] {
        ids.push(field.customer(name, owner).await);
    }
    let mut astrid = field.app.client(field.astrid).await;
    // Olav takes Havn over in 2027, that is entered.
    let path = format!("/customers/handover?customer={}", ids[1]);
    let page = preview(&mut astrid, &path, field.olav, "2027-01-01").await.expect(200);
    let answer = astrid.submit(&page, "form[method=post][action$=handover]", &[]).await.expect(303);
    assert_eq!(answer.location(), format!("/customers/{}", ids[1]));
    // From the list, with ticks.
    let list = astrid.get("/customers").await.expect(200);
    let [first, second, third] = [0, 1, 2].map(|at: usize| ids[at].to_string());
    let ticks = [("customer", &*first), ("customer", &*second), ("customer", &*third)];
    let page = astrid.submit(&list, "form[action='/customers/handover']", &ticks).await.expect(200);
    let typed = [("to", &*field.jonas.id.to_string()), ("from", "2026-12-01")];
    let page = astrid.submit(&page, "main form", &typed).await.expect(200);
    assert!(page.words().contains("2 customers go to Jonas"), "Kaia is his already: {}", page.words());
    let answer = astrid.submit(&page, "form[method=post][action$=handover]", &[]).await.expect(303);
    assert_eq!(answer.location(), format!("/customers?owner={}", field.jonas.id));
    let owners = astrid.get(&format!("/customers/{}", ids[1])).await.text("section:has(#owners)");
    for words in ["from 1 Jan 2027 Olav", "from 1 Dec 2026 to before 1 Jan 2027 Jonas", "to before 1 Dec 2026 Ingrid"] {
        assert!(owners.contains(words), "{words}: {owners}");
    }
    // Olav's whole book of today, though he owns it only later.
    let path = format!("/customers/handover?of={}", field.olav.id);
    let page = preview(&mut astrid, &path, field.ingrid, "2026-11-19").await.expect(200);
    astrid.submit(&page, "form[method=post][action$=handover]", &[]).await.expect(303);
    let owners = astrid.get(&format!("/customers/{}", ids[1])).await.text("section:has(#owners)");
    assert!(owners.contains("from 1 Jan 2027 Ingrid") && owners.contains("to before 1 Jan 2027 Jonas"), "{owners}");
    field.verify().await;
}

#[tokio::test]
async fn what_changed_meanwhile_is_shown_first() {
    let field = Field::new().await;
    field.customer("Havn", field.ingrid).await;
    let mut berit = field.app.client(field.berit).await;
    let path = format!("/customers/handover?of={}", field.ingrid.id);
    let page = preview(&mut berit, &path, field.jonas, "2026-12-01").await.expect(200);
    field.customer("Brygga", field.ingrid).await;
    let stale = berit.submit(&page, "form[method=post][action$=handover]", &[]).await.expect(409);
    assert!(stale.words().contains("changed meanwhile") && stale.words().contains("2 customers go to Jonas"));
    assert_eq!(field.count("ownerships").await, 2);
    berit.submit(&stale, "form[method=post][action$=handover]", &[]).await.expect(303);
    assert_eq!(field.count("ownerships").await, 4);
    // Two at once: one of them moves it, the other is told.
    let mut astrid = field.app.client(field.astrid).await;
    let path = format!("/customers/handover?of={}", field.jonas.id);
    let (mut berit_too, mut pages) = (berit.clone(), vec![]);
    for browser in [&mut berit, &mut astrid] {
        pages.push(preview(browser, &path, field.ingrid, "2026-12-24").await.expect(200));
    }
    let (one, other) = tokio::join!(
        berit_too.submit(&pages[0], "form[method=post][action$=handover]", &[]),
        astrid.submit(&pages[1], "form[method=post][action$=handover]", &[]),
    );
    let mut answers = [one.status.as_u16(), other.status.as_u16()];
    answers.sort_unstable();
    assert_eq!(answers, [303, 422], "nothing is left of the book for the second");
    field.verify().await;
}

#[tokio::test]
async fn bad_handovers_are_told_and_nothing_moves() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let olavs = field.customer("Olavs", field.olav).await;
    field.lock("2026-10").await;
    let mut berit = field.app.client(field.berit).await;
    let (of, jonas, olav) = (field.ingrid.id.to_string(), field.jonas.id.to_string(), field.olav.id.to_string());
    let good = [("of", &*of), ("to", &*jonas), ("from", "2026-11-19")];
    for (name, typed, place) in [
        ("of", "", "of"),
        ("to", "", "to"),
        ("to", "x", "to"),
        ("to", &*olav, "to"),
        ("to", &*of, "to"),
        ("from", "", "from"),
        ("from", "soon", "from"),
        ("from", "2026-10-31", "from"),
    ] {
        let mut fields: Vec<(&str, &str)> = good.into_iter().filter(|(field, _)| *field != name).collect();
        fields.push((name, typed));
        let page = berit.post("/customers/handover", &fields).await.expect(422);
        assert_eq!(page.attributes(".summary-error a", "href"), [format!("#{place}")], "{name} {typed}");
        assert!(page.has(&format!("[id='{place}']")), "{place} has no place on the page");
        let query = serde_html_form::to_string(&fields).unwrap();
        if name != "of" {
            berit.get(&format!("/customers/handover?{query}")).await.expect(422);
        }
    }
    // Without having looked nothing moves.
    berit.post("/customers/handover", &good).await.expect(409);
    for wrong in [("of", &*olav), ("of", "999999"), ("of", "x"), ("customer", "x"), ("customer", &*olavs.to_string())] {
        let fields = [wrong, ("to", &*jonas), ("from", "2026-11-19")];
        berit.post("/customers/handover", &fields).await.expect(404);
    }
    // A customer that is in sight for a visit only belongs to a colleague still.
    field.visit(field.ingrid, olavs, date!(2026 - 11 - 18), Kind::InPerson).await;
    let fields =
        [("customer", &*olavs.to_string()), ("customer", &*havn.to_string()), ("to", &jonas), ("from", "2026-11-19")];
    let page = berit.post("/customers/handover", &fields).await.expect(422);
    assert!(page.words().contains("Olavs belongs to somebody outside your teams"), "{}", page.words());
    // Somebody who has left by then takes nothing over.
    sqlx::query!("update users set left_on = '2026-12-01' where id = $1", field.jonas.id.0)
        .execute(&field.app.db)
        .await
        .unwrap();
    let fields = [("of", &*of), ("to", &*jonas), ("from", "2026-12-01")];
    let page = berit.post("/customers/handover", &fields).await.expect(422);
    assert_eq!(page.attributes(".summary-error a", "href"), ["#to"]);
    assert_eq!(field.count("ownerships").await, 2);
}

#[tokio::test]
async fn a_leavers_page_leads_to_the_book() {
    let field = Field::new().await;
    field.customer("Havn", field.ingrid).await;
    let mut astrid = field.app.client(field.astrid).await;
    let page = astrid.get(&format!("/users/{}", field.ingrid.id)).await.expect(200);
    let path = page.attribute("a[href*=handover]", "href");
    assert_eq!(number(&page.text("section:has(#book) p")), 1);
    assert!(!astrid.get(&format!("/users/{}", field.olav.id)).await.expect(200).has("a[href*=handover]"));
    // It is offered from the day on which the leaver is gone, unless that day is locked.
    for (left_on, offered) in [("2026-12-01", "2026-12-01"), ("2026-11-02", "2026-11-02"), ("2026-10-15", "2026-11-19")]
    {
        let day = attain::web::form::parse_date(left_on);
        sqlx::query!("update users set left_on = $2 where id = $1", field.ingrid.id.0, day)
            .execute(&field.app.db)
            .await
            .unwrap();
        if left_on == "2026-10-15" {
            field.lock("2026-10").await;
        }
        assert_eq!(astrid.get(&path).await.expect(200).value("from"), offered);
    }
    // Without the role a book is still there to be handed over.
    let mut tx = field.app.write(field.org).await;
    attain::users::db::set_roles(&mut tx, field.ingrid.id, &[Role::Manager]).await.unwrap();
    tx.commit().await.unwrap();
    let page = preview(&mut astrid, &path, field.olav, "2026-11-19").await.expect(200);
    astrid.submit(&page, "form[method=post][action$=handover]", &[]).await.expect(303);
    assert!(!astrid.get(&format!("/users/{}", field.ingrid.id)).await.expect(200).has("a[href*=handover]"));
    // Who reads everything hands over only what is in the own teams.
    let havn = field.customer("Torget", field.jonas).await;
    field.customer("Olavs", field.olav).await;
    let mut tx = field.app.write(field.org).await;
    attain::users::db::set_roles(&mut tx, field.berit.id, &[Role::Manager, Role::Finance]).await.unwrap();
    tx.commit().await.unwrap();
    let mut berit = field.app.client(field.berit).await;
    let page = berit.get("/customers").await.expect(200);
    assert_eq!(names(&page).len(), 3, "{}", page.words());
    assert_eq!(page.attributes("[name=customer]", "value"), [havn.to_string()]);
    let page = berit.get(&format!("/customers?owner={}", field.olav.id)).await.expect(200);
    assert!(!page.has("a[href*='handover?of=']"));
    // Reps and finance hand nothing over, and see no way to.
    for user in [field.jonas, field.finn] {
        let mut browser = field.app.client(user).await;
        assert!(!browser.get("/customers").await.expect(200).has("[name=customer]"));
        browser.get(&path).await.expect(403);
    }
}
