//! The company's settings: rules, limits and holidays, and what follows from them.

use attain::{
    customers::{self, events_db},
    domain::{access::Role, visit::Kind},
    scorecards::db::Subject,
};
use time::{Duration, macros::date};

use crate::{
    field::{Field, TODAY},
    support::{Answer, Client, NOW},
};

async fn admin(field: &Field) -> Client {
    field.app.client(field.astrid).await
}

/// Fills a form of the settings, and sends it.
async fn send(client: &mut Client, action: &str, typed: &[(&str, &str)]) -> Answer {
    let page = client.get("/settings").await.expect(200);
    client.submit(&page, &format!("form[action='{action}']"), typed).await
}

/// Sends a form whose change is shown first, and applies it: the preview.
async fn apply(client: &mut Client, action: &str, typed: &[(&str, &str)]) -> Answer {
    let preview = send(client, action, typed).await.expect(200);
    client.submit(&preview, "main form", &[]).await.expect(303);
    preview
}

#[tokio::test]
async fn settings_are_saved_and_told() {
    let field = Field::new().await;
    let mut astrid = admin(&field).await;
    let typed = [("new_customer_months", "6"), ("growth_base", "period_before"), ("growth_basis", "book")];
    send(&mut astrid, "/settings", &typed).await.expect(303);
    let page = astrid.get("/settings").await.expect(200);
    assert_eq!(page.value("new_customer_months"), "6");
    assert!(page.words().contains("Growth compares: What the rep sold → The customers that the rep owned"));
    assert!(
        page.words().contains("Growth compared with: The same period of last year → The period before"),
        "{}",
        page.words()
    );
}

#[tokio::test]
async fn wrong_settings_are_refused_and_kept() {
    let field = Field::new().await;
    let mut astrid = admin(&field).await;
    for (name, typed, words) in [
        ("name", "", "The name is missing."),
        ("new_customer_months", "0", "Use a whole number from 1 to 60."),
        ("handover_grace_days", "4000", "Use a whole number from 0 to 3650."),
        ("late_entry_days", "-1", ""),
        ("late_entry_days", "soon", ""),
        ("fiscal_year_start", "13", "Use a whole number from 1 to 12."),
        ("growth_base", "luck", "Choose what growth is compared with."),
        ("growth_basis", "luck", "Choose whose sales growth compares."),
        ("workdays", "8", "Tick at least one working day."),
        ("locale", "sv", "Choose how numbers and dates are written."),
    ] {
        let refused = send(&mut astrid, "/settings", &[(name, typed)]).await.expect(422);
        assert!(refused.text(".summary-error").contains(words), "{name}: {}", refused.text(".summary-error"));
    }
    for (path, fields) in [
        ("/settings/limits", [("days", "0"), ("from", "")]),
        ("/settings/limits", [("days", "90"), ("from", "2026-02-30")]),
        ("/settings/holidays", [("on", "never"), ("holiday", "Easter")]),
        ("/settings/holidays", [("on", "2026-12-25"), ("holiday", "")]),
    ] {
        astrid.post(path, &fields).await.expect(422);
    }
    astrid.post("/settings", &[("name", "X")]).await.expect(422);
    astrid.post("/settings/limits/999/remove", &[]).await.expect(404);
    astrid.post("/settings/holidays/2026-12-24/remove", &[]).await.expect(404);
    astrid.post("/settings/holidays/never/remove", &[]).await.expect(404);
}

/// Set on the page, and seen where it counts: a page says something, and once that is set it does not.
#[tokio::test]
async fn what_is_set_is_what_other_pages_go_by() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    field.deal(havn, date!(2026 - 05 - 10), 432_100, &[(field.ingrid, 1)]).await;
    let day = TODAY - Duration::days(6);
    field.visit_entered(field.ingrid, havn, day, Kind::InPerson, NOW).await;
    let mut astrid = admin(&field).await;
    let mut ingrid = field.app.client(field.ingrid).await;
    let rep = format!("/reps/{}", field.ingrid.id);
    let sold = format!("{rep}?period=2026-Q2");
    for (name, set, page, words, back) in [
        ("fiscal_year_start", "4", &*sold, "€4,321", "1"),
        ("late_entry_days", "7", "/visits", "6 days late", "3"),
        ("confirm_deals", "", "/deals/new", "once somebody who is not credited has confirmed it", "yes"),
    ] {
        for (value, is_said) in [(set, false), (back, true)] {
            let before = ingrid.get(page).await.expect(200);
            assert_eq!(before.words().contains(words), !is_said, "{name} before {value}: {}", before.words());
            set_one(&mut astrid, name, value).await.expect(303);
            let after = ingrid.get(page).await.expect(200);
            assert_eq!(after.words().contains(words), is_said, "{name} {value}: {}", after.words());
        }
    }
    // From April on: May lies in the first quarter of the year that ends in 2027.
    set_one(&mut astrid, "fiscal_year_start", "4").await.expect(303);
    let quarter = ingrid.get(&format!("{rep}?period=2027-Q1")).await.expect(200);
    assert!(quarter.words().contains("€4,321"), "{}", quarter.words());
    // Its quarters are what was paid, once something is.
    field.lock("2026-10").await;
    let refused = set_one(&mut astrid, "fiscal_year_start", "1").await.expect(422);
    assert_eq!(refused.texts(".summary-error li"), ["A period is locked: the fiscal year stays as it is."]);
    assert_eq!(astrid.get("/settings").await.value("fiscal_year_start"), "4");
}

/// Sets one field of the settings; nothing: its box is not ticked.
async fn set_one(client: &mut Client, name: &str, value: &str) -> Answer {
    let page = client.get("/settings").await.expect(200);
    let filled = page.form_body("form[action='/settings']", &[(name, value)]);
    let empty = format!("{name}=");
    let sent: Vec<&str> = filled.split('&').filter(|pair| *pair != empty).collect();
    client.post_body("/settings", sent.join("&")).await
}

#[tokio::test]
async fn a_stale_form_overwrites_nothing() {
    let field = Field::new().await;
    let mut astrid = admin(&field).await;
    let old = astrid.get("/settings").await.expect(200);
    send(&mut astrid, "/settings", &[("late_entry_days", "7")]).await.expect(303);
    let stale = astrid.submit(&old, "form[action='/settings']", &[("new_customer_months", "24")]).await.expect(409);
    assert!(stale.words().contains("Somebody else has changed the settings"), "{}", stale.words());
    assert_eq!(stale.value("new_customer_months"), "24", "what was typed is kept");
    assert_eq!(astrid.get("/settings").await.value("late_entry_days"), "7");
}

#[tokio::test]
async fn a_limit_decides_who_is_lost() {
    let field = Field::new().await;
    let customer = field.customer("Havn", field.ingrid).await;
    field.deal(customer, TODAY - Duration::days(60), 100, &[(field.ingrid, 1)]).await;
    let mut astrid = admin(&field).await;
    let mut ingrid = field.app.client(field.ingrid).await;
    assert_eq!(ingrid.get("/customers?stage=lost").await.expect(200).count("tbody tr"), 0);
    apply(&mut astrid, "/settings/limits", &[("days", "30"), ("from", "")]).await;
    let lost = ingrid.get("/customers?stage=lost").await.expect(200);
    assert!(lost.text("tbody tr").contains("Havn"), "60 days without a sale, 30 allowed: {}", lost.words());

    let from = (TODAY + Duration::days(1)).to_string();
    apply(&mut astrid, "/settings/limits", &[("days", "45"), ("from", &from)]).await;
    let page = astrid.get("/settings").await;
    assert_eq!(page.count("form[action$='/remove']"), 1, "the first limit stays");
    let path = page.attribute("form[action^='/settings/limits/'][action$='/remove']", "action");
    apply(&mut astrid, &path, &[]).await;
    assert_eq!(astrid.get("/settings").await.count("form[action$='/remove']"), 0);
}

/// Of the rep's and the other one's numbers of a month: sales to new customers, losses.
async fn counted(field: &Field, month: &str) -> [String; 2] {
    let mut said = Vec::new();
    for rep in [field.ingrid, field.jonas] {
        let facts = field.facts(Subject::Rep(rep.id), month).await;
        said.push(format!("new {}, lost {}", facts.new_customer_sales.0, facts.lost_customers));
    }
    said.try_into().unwrap()
}

#[tokio::test]
async fn rules_of_customers_move_nothing_that_is_locked() {
    let field = Field::new().await;
    // Won in August; sold to again in October and November.
    let havn = field.customer("Havn", field.ingrid).await;
    for on in [date!(2026 - 08 - 10), date!(2026 - 10 - 05), date!(2026 - 11 - 05)] {
        field.deal(havn, on, 100, &[(field.ingrid, 1)]).await;
    }
    // Two that changed hands 50 days before they were lost, in October and in November.
    for (name, lost) in [("Gone", date!(2026 - 10 - 20)), ("Going", date!(2026 - 11 - 10))] {
        let customer = field.customer(name, field.ingrid).await;
        field.deal(customer, lost - Duration::days(181), 100, &[(field.ingrid, 1)]).await;
        let mut write = field.app.write(field.org).await;
        customers::db::set_owner(&mut write, customer, Some(field.jonas.id), Some(lost - Duration::days(50)))
            .await
            .unwrap();
        events_db::recompute(&mut write, &[customer]).await.unwrap();
        write.commit().await.unwrap();
    }
    assert_eq!(counted(&field, "2026-10").await, ["new 100, lost 1", "new 0, lost 0"]);
    assert_eq!(counted(&field, "2026-11").await, ["new 100, lost 1", "new 0, lost 0"]);
    field.lock("2026-10").await;

    let mut astrid = admin(&field).await;
    let page = astrid.get("/settings").await.expect(200);
    assert!(page.words().contains("holds from 1 Nov 2026 on, the first day that is not locked"), "{}", page.words());
    let typed = [("new_customer_months", "2"), ("handover_grace_days", "30")];
    astrid.submit(&page, "form[action='/settings']", &typed).await.expect(303);
    assert_eq!(counted(&field, "2026-10").await, ["new 100, lost 1", "new 0, lost 0"], "October stays as it was paid");
    assert_eq!(
        counted(&field, "2026-11").await,
        ["new 100, lost 0", "new 0, lost 1"],
        "whoever was won in August stays new for a year; who holds a customer for 50 days answers for the loss"
    );
    // Won from then on: new for two months.
    let late = field.customer("Late", field.ingrid).await;
    field.deal(late, date!(2026 - 11 - 03), 100, &[(field.ingrid, 1)]).await;
    let page = field.app.client(field.ingrid).await.get(&format!("/customers/{late}")).await.expect(200);
    assert!(page.words().contains("before 3 Jan 2027 its sales count as sales to a new customer"), "{}", page.words());
    field.verify().await;

    // Once more, from the same day: in place of the change before.
    send(&mut astrid, "/settings", &[("handover_grace_days", "60")]).await.expect(303);
    assert_eq!(field.count("customer_rules").await, 1);
    assert_eq!(counted(&field, "2026-11").await[0], "new 200, lost 1");
    assert_eq!(astrid.get("/settings").await.value("new_customer_months"), "2");
    field.verify().await;
}

#[tokio::test]
async fn a_holiday_is_no_working_day() {
    let field = Field::new().await;
    let mut astrid = admin(&field).await;
    let mut ingrid = field.app.client(field.ingrid).await;
    let days = |page: &Answer| page.words().split("working day ").nth(1).unwrap().chars().take(8).collect::<String>();
    let before = days(&ingrid.get("/my-month").await.expect(200));
    let first = date!(2026 - 11 - 02).to_string();
    send(&mut astrid, "/settings/holidays", &[("on", &first), ("holiday", "All Souls")]).await.expect(303);
    let after = days(&ingrid.get("/my-month").await.expect(200));
    assert_ne!(before, after);
    send(&mut astrid, &format!("/settings/holidays/{first}/remove"), &[]).await.expect(303);
    assert_eq!(days(&ingrid.get("/my-month").await.expect(200)), before);
}

#[tokio::test]
async fn holidays_and_minimums_that_were_removed_come_back() {
    let field = Field::new().await;
    let mut astrid = admin(&field).await;
    let holiday = vec![("on", "2026-12-24"), ("holiday", "Julaften")];
    let minimum = vec![("visits", "4"), ("per", "day"), ("counts", "strangers"), ("from", "2026-12-01")];
    for (page, form, typed, words) in [
        ("/settings", "/settings/holidays", holiday, "Julaften"),
        ("/settings/minimums", "/settings/minimums", minimum, "4 stranger visits"),
    ] {
        let rows = async |browser: &mut Client| {
            let page = browser.get(page).await.expect(200);
            page.count("form[action$='/remove']")
        };
        let before = rows(&mut astrid).await;
        let shown = astrid.get(page).await.expect(200);
        let added = astrid.submit(&shown, &format!("form[action='{form}']"), &typed).await.expect(303);
        // What was just added goes by its undo, and comes back by the next one, as it was.
        let told = astrid.follow(&added).await.expect(200);
        assert!(told.text("main").contains(words), "{}", told.words());
        assert_eq!(rows(&mut astrid).await, before + 1, "{words}");
        let removed = astrid.submit(&told, ".toast form", &[]).await.expect(303);
        let told = astrid.follow(&removed).await.expect(200);
        assert_eq!(rows(&mut astrid).await, before);
        let undo = told.attribute(".toast form", "action");
        let back = astrid.submit(&told, ".toast form", &[]).await.expect(303);
        let told = astrid.follow(&back).await.expect(200);
        assert_eq!(rows(&mut astrid).await, before + 1, "{words}");
        assert!(told.text(".toast").contains("put back"), "{}", told.text(".toast"));
        assert!(told.text("main").contains(words), "{}", told.words());
        // Once, and only what is one's own.
        astrid.post(&undo, &[]).await.expect(409);
    }
    astrid.post("/settings/minimums/0/restore", &[]).await.expect(404);
    astrid.post("/settings/holidays/2026-12-25/restore", &[]).await.expect(404);
    let stored = sqlx::query!("select visits, per, strangers_only, from_date from visit_minimums");
    let stored = stored.fetch_one(&field.app.db).await.unwrap();
    assert_eq!((stored.visits, stored.per.as_str(), stored.strangers_only), (4, "day", true));
    assert_eq!(stored.from_date, Some(date!(2026 - 12 - 01)));
    // Somebody else's is not put back by oneself.
    let holiday = "/settings/holidays/2026-12-24";
    astrid.post(&format!("{holiday}/remove"), &[]).await.expect(303);
    let other = field.app.user(field.org, "Aksel", &[Role::Admin]).await;
    field.app.client(other).await.post(&format!("{holiday}/restore"), &[]).await.expect(409);
    astrid.post(&format!("{holiday}/restore"), &[]).await.expect(303);
}

#[tokio::test]
async fn a_limit_is_seen_before_it_is_saved() {
    let field = Field::new().await;
    // By the 180 days of the beginning only Gamma was lost this month, by 30 days the two others.
    for (name, owner, days) in [("Alpha", field.ingrid, 32), ("Beta", field.ingrid, 35), ("Gamma", field.olav, 185)] {
        let customer = field.customer(name, owner).await;
        field.deal(customer, TODAY - Duration::days(days), 100, &[(owner, 1)]).await;
    }
    let mut astrid = admin(&field).await;
    let board = async |browser: &mut Client| {
        let page = browser.get("/scoreboard?period=2026-11").await.expect(200);
        page.text("#total a[data-metric=lost_customers]")
    };
    assert_eq!(board(&mut astrid).await, "1");
    let typed = [("days", "30"), ("from", "")];
    let preview = send(&mut astrid, "/settings/limits", &typed).await.expect(200);
    assert_eq!(preview.text("#month"), "November 2026 so far: 1 customer lost now, 2 with this change");
    let owners = preview.texts("aside tbody tr");
    assert_eq!(owners, ["Ingrid 0 2", "Olav 1 0"]);
    let names = preview.texts("section[aria-labelledby=who] li");
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(names[0].starts_with("Alpha") && names[0].ends_with("Lost as well"), "{names:?}");
    assert!(names[2].starts_with("Gamma") && names[2].ends_with("No longer lost"), "{names:?}");
    assert_eq!(board(&mut astrid).await, "1", "nothing has happened yet");
    assert_eq!(field.count("loss_limits").await, 1);

    // What was seen is not what would happen any more: it is shown once more.
    let customer = field.customer("Delta", field.olav).await;
    field.deal(customer, TODAY - Duration::days(33), 100, &[(field.olav, 1)]).await;
    let again = astrid.submit(&preview, "main form", &[]).await.expect(409);
    assert!(again.words().contains("The numbers have changed"), "{}", again.words());
    assert_eq!(again.text("#month"), "November 2026 so far: 1 customer lost now, 3 with this change");
    assert_eq!(board(&mut astrid).await, "1");
    let saved = astrid.submit(&again, "main form", &[]).await.expect(303);
    astrid.follow(&saved).await.expect(200);
    assert_eq!(board(&mut astrid).await, "3", "the numbers of the preview");
    field.verify().await;

    // Taking it away is shown in the same way, for the first day that is not locked by anything.
    let from = TODAY.to_string();
    apply(&mut astrid, "/settings/limits", &[("days", "180"), ("from", &from)]).await;
    let page = astrid.get("/settings").await;
    let path = page.attribute("form[action^='/settings/limits/'][action$='/remove']", "action");
    let preview = astrid.post(&path, &[]).await.expect(200);
    assert!(preview.text("h1").starts_with("Without: lost after 180 days for everybody"));
    assert_eq!(field.count("loss_limits").await, 2);
}

const HOLIDAYS: &str = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261224\r\nSUMMARY:Julaften\r\nEND:VEVENT\r\n\
    BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20260517\r\nRRULE:FREQ=YEARLY\r\nSUMMARY:Grunnlovsdag\r\nEND:VEVENT\r\n\
    BEGIN:VEVENT\r\nDTSTART:20261123T090000Z\r\nSUMMARY:Meeting\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

async fn send_calendar(client: &mut Client, name: &str, content: &str) -> Answer {
    let once = uuid::Uuid::new_v4();
    let body = format!(
        "--XX\r\nContent-Disposition: form-data; name=\"once\"\r\n\r\n{once}\r\n\
         --XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: text/calendar\r\n\r\n{content}\r\n--XX--\r\n"
    );
    let request = axum::http::Request::post("/settings/holidays/file")
        .header("content-type", "multipart/form-data; boundary=XX")
        .header("sec-fetch-site", "same-origin")
        .body(axum::body::Body::from(body))
        .unwrap();
    client.send(request).await
}

#[tokio::test]
async fn holidays_come_from_a_calendar_file() {
    let field = Field::new().await;
    let mut astrid = admin(&field).await;
    send(&mut astrid, "/settings/holidays", &[("on", "2026-12-24"), ("holiday", "Christmas Eve")]).await.expect(303);
    let preview = send_calendar(&mut astrid, "norge.ics", HOLIDAYS).await.expect(200);
    let days = preview.attributes("main form input[name=days]", "value");
    let may = ["2026-05-17", "2027-05-17", "2028-05-17", "2029-05-17"].map(|day| format!("{day} Grunnlovsdag"));
    assert_eq!(days, [&may[0], "2026-12-24 Julaften", &may[1], &may[2], &may[3]]);
    assert_eq!(preview.count("main form input[name=days][checked]"), 4, "the one that is there is not taken again");
    assert!(preview.words().contains("Already a holiday: Christmas Eve"), "{}", preview.words());
    assert!(preview.words().contains("“Meeting” is not for whole days. line 11"), "{}", preview.words());
    assert_eq!(field.count("holidays").await, 1, "nothing has happened yet");
    let taken = [("days", &*may[1]), ("days", &may[2])];
    let done = astrid.submit(&preview, "main form", &taken).await.expect(303);
    let page = astrid.follow(&done).await.expect(200);
    assert!(page.words().contains("Grunnlovsdag 17 May 2027"), "{}", page.words());
    assert_eq!(field.count("holidays").await, 3);
    // The same again: both are known now.
    let preview = send_calendar(&mut astrid, "norge.ics", HOLIDAYS).await.expect(200);
    assert_eq!(preview.count("main form input[name=days][checked]"), 2);

    for (name, content, words) in [
        ("wrong.ics", HOLIDAYS.replace("20261224", "20261324"), "wrong.ics, line 3 “20261324” is not a date"),
        (
            "cut.ics",
            HOLIDAYS.replace("END:VEVENT\r\nEND:VCALENDAR\r\n", ""),
            "cut.ics, line 11 begins an event that does not end",
        ),
        ("people.csv", "id,name".to_owned(), "people.csv, line 1 has no colon"),
        ("", HOLIDAYS.to_owned(), "Choose a calendar file"),
    ] {
        let refused = send_calendar(&mut astrid, name, &content).await.expect(422);
        assert!(refused.text(".summary-error").contains(words), "{}", refused.text(".summary-error"));
    }
    astrid.post("/settings/holidays/days", &[("days", "2026-13-01 X")]).await.expect(400);
    astrid.post("/settings/holidays/days", &[("days", "2026-12-01")]).await.expect(400);
    assert_eq!(field.count("holidays").await, 3);
}

#[tokio::test]
async fn a_limit_is_for_a_segment_or_one_customer() {
    let field = Field::new().await;
    for (name, days) in [("Alpha", 60), ("Beta", 60)] {
        let customer = field.customer(name, field.ingrid).await;
        field.deal(customer, TODAY - Duration::days(days), 100, &[(field.ingrid, 1)]).await;
    }
    let mut astrid = admin(&field).await;
    for (typed, words) in [
        ([("other", "Alpha"), ("segment", "Retail")], "a segment or for one customer"),
        ([("other", "Alfa"), ("segment", "")], "None of your customers is called “Alfa”"),
        ([("other", ""), ("segment", "Retial")], "No customer is in a segment “Retial”"),
    ] {
        let form = [typed[0], typed[1], ("days", "50"), ("from", "")];
        let refused = send(&mut astrid, "/settings/limits", &form).await.expect(422);
        assert!(refused.text(".summary-error").contains(words), "{}", refused.words());
    }
    let form = [("other", "alpha"), ("days", "50"), ("from", "")];
    let preview = apply(&mut astrid, "/settings/limits", &form).await;
    assert_eq!(preview.text("#month"), "November 2026 so far: 0 customers lost now, 1 with this change");
    let mut ingrid = field.app.client(field.ingrid).await;
    let lost = ingrid.get("/customers?stage=lost").await.expect(200);
    assert_eq!((lost.count("tbody tr"), lost.text("tbody th a")), (1, "Alpha".to_owned()));
    let page = astrid.get("/settings").await.expect(200);
    assert!(page.words().contains("Alpha 50"), "{}", page.words());
    // Without it the company's holds again.
    let path = page.attribute("form[action^='/settings/limits/'][action$='/remove']", "action");
    apply(&mut astrid, &path, &[]).await;
    assert_eq!(ingrid.get("/customers?stage=lost").await.expect(200).count("tbody tr"), 0);
    field.verify().await;
}

#[tokio::test]
async fn a_limit_for_one_of_two_namesakes_is_chosen() {
    let field = Field::new().await;
    let customer = field.customer("Alpha", field.ingrid).await;
    field.customer("Alpha", field.olav).await;
    // One that became part of another is none to choose.
    let merged = field.customer("Beta", field.olav).await;
    field.customer("Beta", field.olav).await;
    sqlx::query!("update customers set merged_into = $1 where id = $2", customer.0, merged.0)
        .execute(&field.app.db)
        .await
        .unwrap();
    field.deal(customer, TODAY - Duration::days(60), 100, &[(field.ingrid, 1)]).await;
    let mut astrid = admin(&field).await;
    let typed = [("other", "Alpha"), ("days", "50"), ("from", "")];
    let page = send(&mut astrid, "/settings/limits", &typed).await.expect(422);
    assert!(page.text(".summary-error").contains("2 customers are called “Alpha”"), "{}", page.words());
    assert_eq!(page.texts("label.choice:has([name=customer]) .grow"), ["Alpha Oslo", "Alpha Oslo"]);
    let chosen = [("other", ""), ("customer", &*customer.to_string())];
    let preview = astrid.submit(&page, "form[action='/settings/limits']", &chosen).await.expect(200);
    assert_eq!(preview.text("#month"), "November 2026 so far: 0 customers lost now, 1 with this change");
    astrid.submit(&preview, "main form", &[]).await.expect(303);
    let typed = [("other", "Beta"), ("days", "50"), ("from", "")];
    send(&mut astrid, "/settings/limits", &typed).await.expect(200);
    field.verify().await;
}

#[tokio::test]
async fn a_limit_for_a_segment_concerns_its_customers_alone() {
    let field = Field::new().await;
    for name in ["Alpha", "Beta"] {
        let customer = field.customer(name, field.ingrid).await;
        field.deal(customer, TODAY - Duration::days(60), 100, &[(field.ingrid, 1)]).await;
    }
    sqlx::query!("update customers set segment = 'Retail' where name = 'Beta'").execute(&field.app.db).await.unwrap();
    let mut astrid = admin(&field).await;
    let page = astrid.get("/settings").await.expect(200);
    assert_eq!(page.attributes("select[name=segment] option", "value"), ["", "Retail"]);
    let typed = [("segment", "Retail"), ("days", "50"), ("from", "")];
    let preview = apply(&mut astrid, "/settings/limits", &typed).await;
    assert_eq!(preview.texts("section[aria-labelledby=who] li .title"), ["Beta"]);
    field.verify().await;
    let path =
        astrid.get("/settings").await.attribute("form[action^='/settings/limits/'][action$='/remove']", "action");
    let preview = apply(&mut astrid, &path, &[]).await;
    assert_eq!(preview.texts("section[aria-labelledby=who] li .title"), ["Beta"]);
    field.verify().await;
}

#[tokio::test]
async fn what_is_still_to_come_is_seen_as_well() {
    let field = Field::new().await;
    for (name, on) in
        [("Alpha", date!(2026 - 11 - 02)), ("Beta", date!(2026 - 11 - 16)), ("Gamma", date!(2026 - 10 - 30))]
    {
        let customer = field.customer(name, field.ingrid).await;
        field.deal(customer, on, 100, &[(field.ingrid, 1)]).await;
    }
    field.lock("2026-10").await;
    let mut astrid = admin(&field).await;
    let typed = [("days", "20"), ("from", "2026-11-01")];
    let preview = send(&mut astrid, "/settings/limits", &typed).await.expect(200);
    // Nobody is lost yet. Alpha would be on 23 November, Beta on 7 December instead of in May; Gamma bought before.
    assert_eq!(preview.text("#month"), "November 2026 so far: 0 customers lost now, 0 with this change");
    assert_eq!(preview.text("#to-come"), "0 customers lost now, 1 with this change");
    assert_eq!(preview.text("#later"), "1 customer earlier, 0 later, the first on 7 Dec 2026");
    assert_eq!(preview.texts("aside tbody tr"), ["Ingrid 0 1"]);
    assert!(preview.text("section[aria-labelledby=who] li").starts_with("Alpha 23 Nov 2026"), "{}", preview.words());

    // Somebody sells to Beta meanwhile: what was seen is not what would happen, though nothing of this month changes.
    let beta =
        sqlx::query_scalar!("select id from customers where name = 'Beta'").fetch_one(&field.app.db).await.unwrap();
    field.deal(beta, date!(2026 - 11 - 18), 100, &[(field.ingrid, 1)]).await;
    let again = astrid.submit(&preview, "main form", &[]).await.expect(409);
    assert_eq!(again.text("#later"), "1 customer earlier, 0 later, the first on 9 Dec 2026");
    astrid.submit(&again, "main form", &[]).await.expect(303);
    field.verify().await;
    let path =
        astrid.get("/settings").await.attribute("form[action^='/settings/limits/'][action$='/remove']", "action");
    let preview = astrid.post(&path, &[]).await.expect(200);
    assert_eq!(preview.text("#later"), "0 customers earlier, 1 later, the first on 18 May 2027");
}

#[tokio::test]
async fn a_holiday_of_another_name_is_told() {
    let field = Field::new().await;
    let mut astrid = admin(&field).await;
    let typed = |name: &'static str| [("on", "2026-12-24"), ("holiday", name)];
    send(&mut astrid, "/settings/holidays", &typed("Christmas Eve")).await.expect(303);
    let saved = send(&mut astrid, "/settings/holidays", &typed("Julaften")).await.expect(303);
    let page = astrid.follow(&saved).await.expect(200);
    assert!(page.words().contains("Christmas Eve renamed to Julaften"), "{}", page.words());
    assert!(page.words().contains("Christmas Eve, 24 Dec 2026 → Julaften, 24 Dec 2026"), "{}", page.words());
    assert_eq!(field.count("holidays").await, 1);
}

#[tokio::test]
async fn the_time_zone_is_corrected_until_a_period_is_locked() {
    let field = Field::new().await;
    let mut astrid = admin(&field).await;
    let page = astrid.get("/settings").await.expect(200);
    let now = page.value("time_zone");
    assert_ne!(now, "Asia/Tokyo");
    send(&mut astrid, "/settings", &[("time_zone", "Mars/Olympus")]).await.expect(422);
    send(&mut astrid, "/settings", &[("time_zone", "Asia/Tokyo")]).await.expect(303);
    let page = astrid.get("/settings").await.expect(200);
    assert_eq!(page.value("time_zone"), "Asia/Tokyo");
    assert!(page.words().contains(&format!("Time zone: {now} → Asia/Tokyo")), "{}", page.words());
    field.lock("2026-10").await;
    let refused = send(&mut astrid, "/settings", &[("time_zone", &now)]).await.expect(422);
    assert!(refused.text(".summary-error").contains("the time zone stays as it is"), "{}", refused.words());
    send(&mut astrid, "/settings", &[("late_entry_days", "5")]).await.expect(303);
}
