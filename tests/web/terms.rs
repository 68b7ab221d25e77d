//! Terms of the trade: each page that uses one explains it where it first appears, once.

use std::collections::BTreeSet;

use attain::web::terms::TERMS;
use scraper::{ElementRef, Html, Node, Selector};
use time::macros::date;

use crate::{
    access::World,
    commissions::{Desk, press},
    crawl::{crawl, pages},
    field::Field,
    support::{Answer, Client},
};

/// How far behind a term its explanation may stand, in characters that are shown between them.
const NEAR: usize = 250;

/// What a page shows of its main part, with `⟦term⟧` where one is explained. What the explanations say is left out.
fn shown(page: &Answer) -> String {
    let html = Html::parse_document(&page.body());
    let main = html.select(&Selector::parse("main").unwrap()).next().unwrap();
    let mut text = String::new();
    read(main, &mut text);
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn read(element: ElementRef<'_>, text: &mut String) {
    for node in element.children() {
        match node.value() {
            Node::Text(words) => text.push_str(words),
            Node::Element(value) => {
                let child = ElementRef::wrap(node).unwrap();
                // A space, since blocks stand apart.
                text.push(' ');
                match (value.name(), value.attr("popovertarget")) {
                    (_, Some(target)) => {
                        let selector = Selector::parse(&format!("#{target}[popover]")).unwrap();
                        let explained = element.select(&selector).next();
                        assert!(explained.is_some_and(|words| words.text().count() > 1), "{target} says nothing");
                        text.push_str(&format!("⟦{}⟧", target.trim_start_matches("help-").replace('-', " ")));
                    }
                    ("dfn", _) => text.push_str(&format!("⟦{}⟧", child.text().collect::<String>())),
                    _ if value.attr("popover").is_some() || value.classes().any(|class| class == "vh") => {}
                    ("option" | "script", _) => {}
                    _ => read(child, text),
                }
                text.push(' ');
            }
            _ => {}
        }
    }
}

/// The terms that a page uses, and what is wrong with how it explains them.
fn terms(page: &Answer) -> (Vec<&'static str>, Vec<String>) {
    let text = shown(page);
    let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric() && !"⟦⟧".contains(c)).collect();
    let plain = format!(" {} ", words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "));
    let (mut used, mut wrong) = (vec![], vec![]);
    for term in TERMS.map(|term| term.name) {
        let mark = format!("⟦{term}⟧");
        let first = [format!(" {term} "), format!(" {term}s ")].iter().filter_map(|word| plain.find(word)).min();
        let explained = plain.match_indices(&mark).map(|(at, _)| at).collect::<Vec<_>>();
        match (first, explained.as_slice()) {
            (None, []) => continue,
            (Some(at), [there]) if there.abs_diff(at) <= NEAR => {}
            // A definition is the first use itself.
            (None, [_]) => {}
            (first, explained) => {
                wrong.push(format!("{}: “{term}” at {first:?}, explained at {explained:?}", page.path));
            }
        }
        used.push(term);
    }
    (used, wrong)
}

async fn check(browser: &mut Client, path: &str, expected: &[&str], wrong: &mut Vec<String>) {
    let page = browser.get(path).await.expect(200);
    let (used, mistakes) = terms(&page);
    wrong.extend(mistakes);
    if used != expected {
        wrong.push(format!("{path} uses {used:?}, not {expected:?}"));
    }
}

#[tokio::test]
async fn pages_of_sales_explain_their_terms() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    field.deal(havn, date!(2026 - 06 - 01), 10_000, &[(field.ingrid, 1)]).await;
    let mut berit = field.app.client(field.berit).await;
    let page = berit.get("/targets/2026-11").await.expect(200);
    let (visits, sales) = (format!("{}.visits", field.ingrid.id), format!("{}.net_sales", field.ingrid.id));
    berit.submit(&page, "#grid", &[(&visits, "20"), (&sales, "5000")]).await.expect(303);
    let mut ingrid = field.app.client(field.ingrid).await;
    let mut wrong = vec![];
    check(&mut ingrid, "/my-month", &["pace"], &mut wrong).await;
    check(&mut ingrid, &format!("/customers/{havn}"), &["at risk"], &mut wrong).await;
    for (path, expected) in [
        ("/scoreboard", &["pace"][..]),
        ("/scoreboard/wall", &["pace"]),
        (&format!("/reps/{}", field.ingrid.id), &["pace"]),
        ("/targets/2026-11", &[]),
        ("/customers", &[]),
    ] {
        check(&mut berit, path, expected, &mut wrong).await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn pages_of_pay_explain_their_terms() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 2_000_000, true, None).await;
    desk.deal(desk.ingrid, date!(2026 - 11 - 05), 1_000_000, true, None).await;
    let mut freja = desk.app.client(desk.freja).await;
    // A plan with everything that has a name: steps, a cap and a draw.
    let page = freja.get("/plans/new?template=starter").await.expect(200);
    let page = freja.submit(&page, "main form", &[("act", "draw")]).await.expect(200);
    let more = [("name", "Rising"), ("from", "2026-01"), ("cap", "100"), ("d0_amount", "50"), ("d0_back", "yes")];
    let plan = freja.submit(&page, "main form", &more).await;
    let plan = plan.expect(303).location().to_owned();
    let page = freja.get(&plan).await.expect(200);
    let rep = desk.ingrid.id.to_string();
    freja.submit(&page, "main form", &[("rep", &*rep), ("from", "2026-01"), ("act", "on")]).await.expect(303);
    let run = desk.calculate(&mut freja, "2026-10").await;
    press(&mut freja, &run, "submission").await.expect(303);
    press(&mut desk.app.client(desk.farid).await, &run, "approval").await.expect(303);
    let statement = freja.get(&run).await.attribute("tbody a[href^='/statements/']", "href");
    let mut wrong = vec![];
    for (path, expected) in [
        ("/plans/new", &["accelerator", "draw", "clawback"][..]),
        ("/plans/new?template=accelerator", &["attainment", "tier", "draw", "cap"]),
        (&plan, &["draw"]),
        (&format!("{plan}/letter"), &["draw"]),
        (&format!("{plan}/simulation"), &["draw"]),
    ] {
        check(&mut freja, path, expected, &mut wrong).await;
    }
    let mut ingrid = desk.app.client(desk.ingrid).await;
    for (path, expected) in [
        (&*statement, &["cap"][..]),
        ("/statements/so-far", &["cap"]),
        ("/statements/what-if", &[]),
        ("/my-month", &["pace"]),
    ] {
        check(&mut ingrid, path, expected, &mut wrong).await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whatever page somebody comes to, as each role: a term that it uses is explained there, and once.
#[tokio::test]
async fn every_page_explains_the_terms_that_it_uses() {
    let world = World::new().await;
    // A customer that has been silent for longer than usual.
    let mut rep = world.app.client(world.people[0]).await;
    let silent = rep.post("/customers", &[("name", "Silent")]).await.expect(303).location().to_owned();
    let customer = silent.rsplit('/').next().unwrap();
    for day in ["2026-06-01", "2026-06-11", "2026-06-21"] {
        let deal = [("customer", customer), ("stage", "won"), ("booked_on", day), ("item", "Tea"), ("amount", "100")];
        rep.post("/deals", &deal).await.expect(303);
    }
    // Of the templates of plans one is opened: that with the most terms.
    let mut from = vec!["/plans/new?template=accelerator".to_owned(), silent];
    from.extend(pages(&world));
    let (mut met, mut wrong, mut looked) = (BTreeSet::new(), BTreeSet::new(), 0);
    for browser in &mut world.browsers().await[1..] {
        crawl(browser, from.clone(), |_, answer| {
            if answer.status == 200 && answer.header("content-type").starts_with("text/html") {
                let (used, mistakes) = terms(answer);
                met.extend(used);
                wrong.extend(mistakes);
                looked += 1;
            }
        })
        .await;
    }
    assert!(wrong.is_empty(), "{}", wrong.into_iter().collect::<Vec<_>>().join("\n"));
    assert_eq!(met, TERMS.map(|term| term.name).into(), "of {looked} pages");
    assert!(looked > 200, "{looked}");
}
