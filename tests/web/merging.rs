//! Merging customers: the numbers are those of one customer, nothing is lost, and undo restores every number.

use attain::{
    domain::{
        id::{CustomerId, DealId},
        metric::Facts,
        visit::Kind,
    },
    scorecards::db::Subject,
};
use time::{Duration, macros::date};

use crate::{
    field::Field,
    support::{Answer, Client, NOW},
};

const PERIODS: [&str; 8] = ["2026-03", "2026-04", "2026-05", "2026-06", "2026-10", "2026-11", "2026-Q4", "2026"];

/// Every number of everybody in every period.
async fn numbers(field: &Field) -> Vec<(Subject, &'static str, Facts)> {
    let reps = [field.ingrid, field.jonas, field.olav].map(|rep| Subject::Rep(rep.id));
    let mut numbers = vec![];
    for subject in reps.into_iter().chain([Subject::Team(field.north), Subject::Company]) {
        for period in PERIODS {
            numbers.push((subject, period, field.facts(subject, period).await));
        }
    }
    numbers
}

async fn look(browser: &mut Client, one: CustomerId, other: &str) -> Answer {
    let page = browser.get(&format!("/customers/{one}/merge")).await.expect(200);
    browser.submit(&page, "main form[method=get]", &[("other", other)]).await
}

async fn merge(browser: &mut Client, page: &Answer, typed: &[(&str, &str)]) -> Answer {
    browser.submit(page, "main form[method=post]", typed).await
}

/// Havn, Ingrid's, sold to in May; Havn AS, Jonas', sold to in April and lost since.
async fn two(field: &Field) -> (CustomerId, CustomerId) {
    let havn = field.customer("Havn", field.ingrid).await;
    let double = field.customer("Havn AS", field.jonas).await;
    field.deal(havn, date!(2026 - 05 - 20), 10_000, &[(field.ingrid, 1)]).await;
    field.deal(havn, date!(2026 - 11 - 02), 20_000, &[(field.ingrid, 2), (field.jonas, 1)]).await;
    let sold = field.deal(double, date!(2026 - 04 - 10), 30_000, &[(field.jonas, 1)]).await;
    field.deal_like(double, date!(2026 - 06 - 01), -5_000, &[(field.jonas, 1)], Some(sold)).await;
    field.visit(field.ingrid, havn, date!(2026 - 11 - 03), Kind::InPerson).await;
    field.visit(field.ingrid, double, date!(2026 - 11 - 03), Kind::InPerson).await;
    field.visit(field.jonas, double, date!(2026 - 11 - 04), Kind::InPerson).await;
    (havn, double)
}

#[tokio::test]
async fn two_customers_become_one_and_every_number_follows_and_comes_back() {
    let field = Field::new().await;
    let (havn, double) = two(&field).await;
    let bystander = field.customer("Torget", field.olav).await;
    field.deal(bystander, date!(2026 - 04 - 01), 10_000, &[(field.olav, 1)]).await;
    let mut berit = field.app.client(field.berit).await;
    let typed = [("note", "Closed on Mondays")];
    let page = berit.get(&format!("/customers/{double}")).await.expect(200);
    berit.submit(&page, "form[action$='/notes']", &typed).await.expect(303);
    let before = numbers(&field).await;

    let page = look(&mut berit, havn, "Havn AS").await.expect(200);
    let said = page.text("section:has(#moves)");
    assert!(said.contains("Havn AS becomes part of Havn , with 2 deals, 2 visits, 1 note and 0 contacts"), "{said}");
    assert!(said.contains("Ingrid stays"), "{said}");
    // The later first sale was none; the loss of the double was none, for Havn bought on 20 May.
    let changes = page.text("section:has(#changes)");
    for words in ["First sale, 20 May 2026 for Ingrid No longer", "Lost, 8 Oct 2026 for Jonas No longer"] {
        assert!(changes.contains(words), "{words}: {changes}");
    }
    assert_eq!(numbers(&field).await, before, "nothing moves by looking");
    let answer = merge(&mut berit, &page, &[]).await.expect(303);
    assert_eq!(answer.location(), format!("/customers/{havn}"));
    let again = merge(&mut berit, &page, &[]).await.expect(303);
    assert_eq!(again.location(), answer.location());
    assert_eq!(field.count("customer_merges").await, 1);
    field.verify().await;

    // Metrics before = metrics after, but for the double new customer, its loss, and the day on which Ingrid was with both.
    for ((subject, period, before), (_, _, after)) in before.iter().zip(numbers(&field).await) {
        let is_of_ingrid =
            matches!(*subject, Subject::Team(_) | Subject::Company) || *subject == Subject::Rep(field.ingrid.id);
        let is_of_jonas =
            matches!(*subject, Subject::Team(_) | Subject::Company) || *subject == Subject::Rep(field.jonas.id);
        let double_new = i64::from(is_of_ingrid && ["2026-05", "2026"].contains(period));
        let no_loss = i64::from(is_of_jonas && ["2026-10", "2026-Q4", "2026"].contains(period));
        let one_day = i64::from(is_of_ingrid && ["2026-11", "2026-Q4", "2026"].contains(period));
        let expected = Facts {
            new_customers: before.new_customers - double_new,
            lost_customers: before.lost_customers - no_loss,
            visits: before.visits - one_day,
            // What was sold within a year of the first sale goes on being sold to a new customer.
            ..*before
        };
        assert_eq!(after, expected, "{subject:?} {period}");
    }

    let (page, toast) = (berit.follow(&answer).await.expect(200), "Havn AS is part of Havn now");
    assert!(page.words().contains(toast), "{}", page.words());
    assert!(page.words().contains("Closed on Mondays"));
    berit.submit(&page, ".toast form", &[]).await.expect(303);
    assert_eq!(numbers(&field).await, before, "every number is back");
    field.verify().await;
    let owners = sqlx::query_scalar!("select count(*) from ownerships").fetch_one(&field.app.db).await.unwrap();
    assert_eq!((owners, field.count("endings").await), (Some(3), 0));
    let page = berit.get(&format!("/customers/{double}")).await.expect(200);
    assert!(page.words().contains("Closed on Mondays") && !page.has("#merged"));
    assert!(page.text("section:has(#history)").contains("Became part of: Havn → nothing"), "{}", page.words());
}

#[tokio::test]
async fn the_merged_one_leads_to_the_other_and_is_in_no_list() {
    let field = Field::new().await;
    let (havn, double) = two(&field).await;
    let mut astrid = field.app.client(field.astrid).await;
    // From the page of the one that goes.
    let page = astrid.get(&format!("/customers/{double}/merge")).await.expect(200);
    let page = astrid.submit(&page, "main form[method=get]", &[("other", "Havn"), ("keep", "other")]).await.expect(200);
    let answer = merge(&mut astrid, &page, &[]).await.expect(303);
    astrid.follow(&answer).await.expect(200);
    let mut ingrid = field.app.client(field.ingrid).await;
    let led = ingrid.get(&format!("/customers/{double}")).await.expect(303);
    assert_eq!(led.location(), format!("/customers/{havn}"));
    field.app.client(field.olav).await.get(&format!("/customers/{double}")).await.expect(404);
    for path in ["/customers", "/customers?stage=ended", "/customers.csv", "/search?q=Havn", "/visits/new"] {
        let page = astrid.get(path).await;
        assert!(!page.body().contains("Havn AS"), "{path}: {}", page.body());
    }
    for below in ["edit", "ending", "merge"] {
        let mut berit = field.app.client(field.berit).await;
        berit.get(&format!("/customers/{double}/{below}")).await.expect(404);
    }
    let typed = [("customer", &*double.to_string()), ("visited_on", "2026-11-19"), ("kind", "in_person")];
    field.app.client(field.jonas).await.post("/visits", &typed).await.expect(422);
    // Its name is free again for the warning: only the one that goes on is like it.
    let page = ingrid.post("/customers", &[("name", "Havn AS")]).await.expect(422);
    assert_eq!(page.texts("#similar li a"), ["Havn"]);
    // What it was part of is merged on: both lead to the last.
    let quay = field.customer("Kaia", field.jonas).await;
    let page = look(&mut astrid, quay, "Havn").await.expect(200);
    merge(&mut astrid, &page, &[]).await.expect(303);
    assert_eq!(astrid.get(&format!("/customers/{double}")).await.expect(303).location(), format!("/customers/{quay}"));
    field.verify().await;
}

#[tokio::test]
async fn owners_go_on_where_nobody_owned_it() {
    let field = Field::new().await;
    let (havn, double) = two(&field).await;
    let mut tx = field.app.write(field.org).await;
    attain::customers::db::set_owner(&mut tx, havn, None, Some(date!(2026 - 08 - 01))).await.unwrap();
    attain::customers::events_db::recompute(&mut tx, &[havn]).await.unwrap();
    tx.commit().await.unwrap();
    let before = numbers(&field).await;
    let mut astrid = field.app.client(field.astrid).await;
    let page = look(&mut astrid, havn, "Havn AS").await.expect(200);
    assert!(page.words().contains("Jonas takes over what nobody owned"), "{}", page.words());
    let answer = merge(&mut astrid, &page, &[]).await.expect(303);
    let page = astrid.follow(&answer).await.expect(200);
    let owners = page.text("section:has(#owners)");
    assert!(owners.contains("from 1 Aug 2026 Jonas") && owners.contains("to before 1 Aug 2026 Ingrid"), "{owners}");
    assert!(!field.app.client(field.olav).await.get("/customers").await.words().contains("Havn"));
    // Handed over since: undoing it leaves that alone, and gives Jonas his back.
    let mut tx = field.app.write(field.org).await;
    attain::customers::db::set_owner(&mut tx, havn, Some(field.olav.id), Some(date!(2026 - 11 - 18))).await.unwrap();
    tx.commit().await.unwrap();
    astrid.submit(&page, "section:has(#merged) form", &[]).await.expect(303);
    let owner = |id: CustomerId| {
        let db = field.app.db.clone();
        async move {
            sqlx::query_scalar!(
                "select rep_id from ownerships where customer_id = $1 and during @> '2026-11-19'::date",
                id.0
            )
            .fetch_optional(&db)
            .await
            .unwrap()
        }
    };
    assert_eq!((owner(havn).await, owner(double).await), (Some(field.olav.id), Some(field.jonas.id)));
    field.verify().await;
    assert_eq!(numbers(&field).await.len(), before.len());
}

#[tokio::test]
async fn locked_periods_ask_for_a_reason_and_end_the_undo() {
    let field = Field::new().await;
    let (havn, double) = two(&field).await;
    field.lock("2026-05").await;
    let mut berit = field.app.client(field.berit).await;
    let page = look(&mut berit, havn, "Havn AS").await.expect(200);
    assert!(page.words().contains("lies in a locked period"), "{}", page.words());
    let page = merge(&mut berit, &page, &[]).await.expect(422);
    assert_eq!(page.attributes(".summary-error a", "href"), ["#reason"]);
    let answer = merge(&mut berit, &page, &[("reason", "Entered twice")]).await.expect(303);
    let page = berit.follow(&answer).await.expect(200);
    assert!(page.text("section:has(#history)").contains("Reason: Entered twice"));
    // What was locked before the merge does not keep it: undone and done once more.
    berit.submit(&page, "section:has(#merged) form", &[]).await.expect(303);
    let page = look(&mut berit, havn, "Havn AS").await.expect(200);
    let answer = merge(&mut berit, &page, &[("reason", "Entered twice")]).await.expect(303);
    let page = berit.follow(&answer).await.expect(200);
    // A period without anything of it, then one in which the double would be lost once more.
    field.lock_at("2026-01", NOW + Duration::hours(1)).await;
    let undo = page.attribute("section:has(#merged) form", "action");
    field.lock_at("2026-10", NOW + Duration::hours(1)).await;
    berit.post(&undo, &[]).await.expect(409);
    assert_eq!(berit.get(&format!("/customers/{double}")).await.status, 303);
    field.verify().await;
}

#[tokio::test]
async fn bad_merges_are_told_and_nothing_moves() {
    let field = Field::new().await;
    let (havn, double) = two(&field).await;
    let olavs = field.customer("Olavs", field.olav).await;
    field.visit(field.ingrid, olavs, date!(2026 - 11 - 18), Kind::InPerson).await;
    let mut berit = field.app.client(field.berit).await;
    let path = format!("/customers/{havn}/merge");
    for (name, value, place) in [
        ("customer", "", "customer"),
        ("customer", "x", "customer"),
        ("customer", "999999", "customer"),
        ("customer", &*havn.to_string(), "other"),
        ("customer", &*olavs.to_string(), "other"),
        ("keep", "both", "keep"),
    ] {
        let double = double.to_string();
        let mut fields = vec![("customer", &*double), ("keep", "this")];
        fields.retain(|(field, _)| *field != name);
        fields.push((name, value));
        let page = berit.post(&path, &fields).await.expect(422);
        assert_eq!(page.attributes(".summary-error a", "href"), [format!("#{place}")], "{name} {value}");
        assert!(page.has(&format!("[id='{place}']")), "{place} has no place on the page");
    }
    // A name that is like others offers them.
    let page = look(&mut berit, havn, "hav").await.expect(422);
    assert!(page.texts("label.choice:has([name=customer]) .grow").contains(&"Havn AS Oslo".to_owned()));
    // Without having looked, or after something has changed, nothing moves.
    berit.post(&path, &[("customer", &*double.to_string()), ("keep", "this")]).await.expect(409);
    let page = look(&mut berit, havn, "Havn AS").await.expect(200);
    field.visit(field.jonas, double, date!(2026 - 11 - 10), Kind::Call).await;
    let stale = merge(&mut berit, &page, &[]).await.expect(409);
    assert!(stale.words().contains("changed meanwhile"), "{}", stale.words());
    assert_eq!(field.count("customer_merges").await, 0);
    merge(&mut berit, &stale, &[]).await.expect(303);
    // Neither reps nor finance, and nobody out of the own teams.
    for user in [field.ingrid, field.finn] {
        field.app.client(user).await.get(&path).await.expect(403);
    }
    berit.get(&format!("/customers/{olavs}/merge")).await.expect(403);
}

async fn customer_of_deal(field: &Field, deal: DealId) -> CustomerId {
    sqlx::query_scalar!("select customer_id from deals where id = $1", deal.0).fetch_one(&field.app.db).await.unwrap()
}

#[tokio::test]
async fn what_came_back_since_goes_along_when_a_merge_is_undone() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let double = field.customer("Havn AS", field.jonas).await;
    let first = field.deal(double, date!(2026 - 10 - 05), 30_000, &[(field.jonas, 1)]).await;
    let mut berit = field.app.client(field.berit).await;
    let page = look(&mut berit, havn, "Havn AS").await.expect(200);
    let answer = merge(&mut berit, &page, &[]).await.expect(303);
    let page = berit.follow(&answer).await.expect(200);
    let back = field.deal_like(havn, date!(2026 - 11 - 09), -30_000, &[(field.jonas, 1)], Some(first)).await;
    let november = async || field.facts(Subject::Company, "2026-11").await.new_customers;
    assert_eq!(november().await, -1);
    berit.submit(&page, ".toast form", &[]).await.expect(303);
    assert_eq!([customer_of_deal(&field, first).await, customer_of_deal(&field, back).await], [double; 2]);
    assert_eq!(november().await, -1, "all of it came back");
    field.verify().await;

    // A return under another customer than its deal is told.
    sqlx::query!("update deals set customer_id = $1 where id = $2", havn.0, back.0)
        .execute(&field.app.db)
        .await
        .unwrap();
    let told = field.differences().await;
    assert!(told.iter().any(|line| line.contains("deals.customer_id of deal 2")), "{told:?}");
}

#[tokio::test]
async fn a_return_in_a_locked_period_ends_the_undo() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let double = field.customer("Havn AS", field.jonas).await;
    let first = field.deal(double, date!(2026 - 09 - 07), 30_000, &[(field.jonas, 1)]).await;
    field.deal(double, date!(2026 - 09 - 08), 30_000, &[(field.jonas, 1)]).await;
    let mut berit = field.app.client(field.berit).await;
    let page = look(&mut berit, havn, "Havn AS").await.expect(200);
    let answer = merge(&mut berit, &page, &[]).await.expect(303);
    let page = berit.follow(&answer).await.expect(200);
    field.deal_like(havn, date!(2026 - 10 - 09), -10_000, &[(field.jonas, 1)], Some(first)).await;
    field.lock_at("2026-10", NOW + Duration::hours(1)).await;
    berit.submit(&page, ".toast form", &[]).await.expect(409);
}

#[tokio::test]
async fn two_merges_into_one_are_undone_the_latest_first() {
    let field = Field::new().await;
    let (havn, double) = two(&field).await;
    let third = field.customer("Havn Nord", field.olav).await;
    field.deal(third, date!(2026 - 03 - 11), 40_000, &[(field.olav, 1)]).await;
    // From June on nobody owns the one that stays: the owners of the others go on.
    let mut tx = field.app.write(field.org).await;
    attain::customers::db::set_owner(&mut tx, havn, None, Some(date!(2026 - 06 - 01))).await.unwrap();
    attain::customers::db::set_owner(&mut tx, double, None, Some(date!(2026 - 09 - 01))).await.unwrap();
    attain::customers::events_db::recompute(&mut tx, &[havn, double]).await.unwrap();
    tx.commit().await.unwrap();
    let before = numbers(&field).await;
    let owners = async || {
        sqlx::query_scalar!(
            r#"select string_agg(format('%s %s %s', customer_id, rep_id, during), '; ' order by customer_id, during)
               from ownerships"#
        )
        .fetch_one(&field.app.db)
        .await
        .unwrap()
    };
    let owned = owners().await;
    let mut astrid = field.app.client(field.astrid).await;
    for other in ["Havn AS", "Havn Nord"] {
        let page = look(&mut astrid, havn, other).await.expect(200);
        merge(&mut astrid, &page, &[]).await.expect(303);
    }
    let page = astrid.get(&format!("/customers/{havn}")).await.expect(200);
    assert_eq!(page.count("section:has(#merged) form"), 1, "the latest alone");
    let first = sqlx::query_scalar!("select id from customer_merges where merged_id = $1", double.0)
        .fetch_one(&field.app.db)
        .await
        .unwrap();
    let refused = astrid.post(&format!("/customers/{havn}/merges/{first}/undo"), &[]).await.expect(409);
    assert!(refused.words().contains("Undo Havn Nord first"), "{}", refused.words());
    for _ in 0..2 {
        let page = astrid.get(&format!("/customers/{havn}")).await.expect(200);
        astrid.submit(&page, "section:has(#merged) form", &[]).await.expect(303);
        field.verify().await;
    }
    assert_eq!(numbers(&field).await, before, "every number is back");
    assert_eq!(owners().await, owned);
    assert_eq!(field.count("customers where merged_into is not null").await, 0);
}

#[tokio::test]
async fn what_became_part_of_another_is_not_handed_over() {
    let field = Field::new().await;
    let (havn, double) = two(&field).await;
    let mut astrid = field.app.client(field.astrid).await;
    let page = look(&mut astrid, havn, "Havn AS").await.expect(200);
    let answer = merge(&mut astrid, &page, &[]).await.expect(303);
    let page = astrid.follow(&answer).await.expect(200);
    let path = format!("/customers/handover?customer={double}&to={}&from=2026-11-20", field.olav.id);
    astrid.get(&path).await.expect(404);
    // One that got an owner nevertheless is undone all the same.
    let mut tx = field.app.write(field.org).await;
    attain::customers::db::set_owner(&mut tx, double, Some(field.olav.id), None).await.unwrap();
    tx.commit().await.unwrap();
    astrid.submit(&page, ".toast form", &[]).await.expect(303);
    assert_eq!(field.count("ownerships").await, 2);
    field.verify().await;
}

#[tokio::test]
async fn locked_days_of_the_one_that_stays_ask_for_a_reason_too() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let double = field.customer("Havn AS", field.jonas).await;
    // Nothing of the other one lies in October. But since it had bought before, nobody was a stranger there.
    field.deal(double, date!(2026 - 04 - 10), 30_000, &[(field.jonas, 1)]).await;
    field.visit(field.ingrid, havn, date!(2026 - 10 - 06), Kind::InPerson).await;
    field.lock("2026-10").await;
    let strangers = async || field.facts(Subject::Company, "2026-10").await.stranger_visits;
    assert_eq!(strangers().await, 1);
    let mut astrid = field.app.client(field.astrid).await;
    let page = look(&mut astrid, havn, "Havn AS").await.expect(200);
    assert!(page.text("section:has(#changes)").contains("1 visit is no stranger visit any more"), "{}", page.words());
    let page = merge(&mut astrid, &page, &[]).await.expect(422);
    let answer = merge(&mut astrid, &page, &[("reason", "Entered twice")]).await.expect(303);
    assert_eq!(strangers().await, 0);
    // Locked since, without anything that moved: it is undone with a reason.
    let shown = astrid.follow(&answer).await.expect(200);
    field.lock_at("2026-09", NOW + Duration::hours(1)).await;
    let undo = shown.attribute("section:has(#merged) form", "action");
    let refused = astrid.post(&undo, &[]).await.expect(422);
    assert!(refused.words().contains("changes what was counted in a locked period"), "{}", refused.words());
    let reason = refused.attribute("section:has(#merged) form input[name^=reason]", "name");
    assert_eq!(refused.attributes(".summary-error a", "href"), [format!("#{reason}")]);
    let typed = [(&*reason, "Two shops after all")];
    let answer = astrid.submit(&refused, "section:has(#merged) form", &typed).await.expect(303);
    let shown = astrid.follow(&answer).await.expect(200);
    assert!(shown.text("section:has(#history)").contains("Reason: Two shops after all"), "{}", shown.words());
    assert_eq!(strangers().await, 1);
}

#[tokio::test]
async fn only_the_owners_of_locked_days_need_a_reason_as_well() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    field.customer("Havn AS", field.jonas).await;
    let mut tx = field.app.write(field.org).await;
    attain::customers::db::set_owner(&mut tx, havn, None, Some(date!(2026 - 10 - 01))).await.unwrap();
    tx.commit().await.unwrap();
    field.lock("2026-10").await;
    let mut astrid = field.app.client(field.astrid).await;
    let page = look(&mut astrid, havn, "Havn AS").await.expect(200);
    merge(&mut astrid, &page, &[]).await.expect(422);
}

async fn contacts(field: &Field, customer: CustomerId) -> Vec<String> {
    sqlx::query_scalar!("select name from contacts where customer_id = $1 order by id", customer.0)
        .fetch_all(&field.app.db)
        .await
        .unwrap()
}

#[tokio::test]
async fn people_are_neither_doubled_nor_revived_and_the_free_note_goes_along() {
    let field = Field::new().await;
    let (havn, double) = two(&field).await;
    for name in ["Kari", "Nils", "Tove"] {
        sqlx::query!(
            "insert into contacts (org_id, customer_id, name) values ($1, $2, $3)",
            field.org.0,
            double.0,
            name
        )
        .execute(&field.app.db)
        .await
        .unwrap();
    }
    sqlx::query!("update customers set notes = 'Ring twice' where id = $1", double.0)
        .execute(&field.app.db)
        .await
        .unwrap();
    let mut astrid = field.app.client(field.astrid).await;
    let page = look(&mut astrid, havn, "Havn AS").await.expect(200);
    assert!(page.text("section:has(#moves)").contains("1 note and 3 contacts"), "{}", page.words());
    let answer = merge(&mut astrid, &page, &[]).await.expect(303);
    let page = astrid.follow(&answer).await.expect(200);
    assert!(page.text("section:has(#notes)").contains("Note of Havn AS: Ring twice"), "{}", page.words());
    assert_eq!(contacts(&field, havn).await, ["Kari", "Nils", "Tove"]);
    // One has left, one is called otherwise now: neither comes back.
    sqlx::query!("delete from contacts where name = 'Kari'").execute(&field.app.db).await.unwrap();
    sqlx::query!("update contacts set name = 'Nils Berg' where name = 'Nils'").execute(&field.app.db).await.unwrap();
    astrid.submit(&page, ".toast form", &[]).await.expect(303);
    assert_eq!(contacts(&field, havn).await, ["Nils Berg"]);
    assert_eq!(contacts(&field, double).await, ["Tove"]);
    assert_eq!(field.count("customer_notes").await, 0);
    let page = astrid.get(&format!("/customers/{double}")).await.expect(200);
    assert!(page.text("section:has(#about)").contains("Ring twice"), "{}", page.words());
}

#[tokio::test]
async fn a_proposal_about_the_merged_one_waits_no_longer() {
    let field = Field::new().await;
    let (havn, double) = two(&field).await;
    let (mut jonas, mut berit) = (field.app.client(field.jonas).await, field.app.client(field.berit).await);
    let page = jonas.get(&format!("/customers/{double}/ending")).await.expect(200);
    let typed = [("kind", "closed"), ("on", "2026-11-10"), ("reason", "Moved away")];
    jonas.submit(&page, "main form", &typed).await.expect(303);
    let waits = async |browser: &mut Client| {
        let notices = browser.get("/notices").await.expect(200).words().contains("The end of Havn AS waits");
        (notices, browser.get("/customers/proposals").await.expect(200).words().contains("Havn AS"))
    };
    assert_eq!(waits(&mut berit).await, (true, true));
    let page = look(&mut berit, havn, "Havn AS").await.expect(200);
    assert!(page.words().contains("A proposed end of Havn AS waits for a decision"), "{}", page.words());
    let answer = merge(&mut berit, &page, &[]).await.expect(303);
    let page = berit.follow(&answer).await.expect(200);
    assert_eq!(waits(&mut berit).await, (false, false), "nobody could decide on it");
    berit.submit(&page, ".toast form", &[]).await.expect(303);
    assert_eq!(waits(&mut berit).await, (true, true));
}
