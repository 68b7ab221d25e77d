//! Leave: who enters it, what overlaps, and what is locked.

use attain::{domain::period::Dates, users::leaves_db};
use time::macros::date;

use crate::{field::Field, support::Answer};

const VACATION: [(&str, &str); 3] = [("kind", "vacation"), ("from", "2026-12-07"), ("last", "2026-12-11")];

#[tokio::test]
async fn a_manager_enters_leave_and_the_rep_reads_it() {
    let field = Field::new().await;
    let mut berit = field.app.client(field.berit).await;
    let rep = berit.get(&format!("/reps/{}", field.ingrid.id)).await.expect(200);
    let path = format!("/users/{}/leave", field.ingrid.id);
    assert!(rep.has(&format!("a[href='{path}']")));
    let page = berit.get(&path).await.expect(200);
    let saved = berit.submit(&page, "main form", &VACATION).await.expect(303);
    let page = berit.follow(&saved).await.expect(200);
    assert_eq!(page.text("main ul li .title"), "Vacation");
    assert_eq!(page.text("main ul li .meta"), "7 Dec 2026 to 11 Dec 2026");
    // The same form again is the first one; another one on the same days is refused and kept.
    let twice = [("kind", "sick"), ("from", "2026-12-11"), ("last", ""), ("note", "Flu")];
    let refused = berit.submit(&page, "aside form", &twice).await.expect(422);
    assert!(refused.words().contains("is away on some of these days already"), "{}", refused.words());
    assert_eq!(refused.value("note"), "Flu");
    let next = [("kind", "sick"), ("from", "2026-12-12"), ("last", ""), ("note", "Flu")];
    berit.submit(&refused, "aside form", &next).await.expect(303);

    // What proration asks: as far as it lies within the period; without an end to the period's end.
    let mut read = attain::postgres::tx::read(&field.app.db, field.org).await.unwrap();
    let december = Dates { from: date!(2026 - 12 - 09), to: date!(2027 - 01 - 01) };
    let away = leaves_db::within(&mut read, field.org, &[field.ingrid.id, field.olav.id], december).await.unwrap();
    let days: Vec<_> = away.iter().map(|away| (away.rep, away.during.from, away.during.to)).collect();
    let ingrid = field.ingrid.id;
    let expected = [
        (ingrid, date!(2026 - 12 - 09), date!(2026 - 12 - 12)),
        (ingrid, date!(2026 - 12 - 12), date!(2027 - 01 - 01)),
    ];
    assert_eq!(days, expected);

    let profile = field.app.client(field.ingrid).await.get("/profile").await.expect(200);
    assert_eq!(profile.texts("section[aria-labelledby=leave] .title"), ["Sick leave", "Vacation"]);

    // Undo takes it back, and the log names both.
    let page = berit.get(&path).await.expect(200);
    let removed = berit.submit(&page, "main ul form", &[]).await.expect(303);
    let page = berit.follow(&removed).await.expect(200);
    assert_eq!(page.texts("main ul li .title"), ["Vacation"]);
    let log = field.app.client(field.astrid).await.get("/audit").await.expect(200);
    assert!(log.words().contains("removed leave of Ingrid"), "{}", log.words());
    assert!(log.words().contains("Sick leave, 12 Dec 2026 to open: Flu"), "{}", log.words());
}

#[tokio::test]
async fn leave_is_entered_by_managers_of_the_person_and_administrators_only() {
    let field = Field::new().await;
    let path = |user: crate::support::User| format!("/users/{}/leave", user.id);
    let (mut berit, mut ingrid) = (field.app.client(field.berit).await, field.app.client(field.ingrid).await);
    ingrid.post(&path(field.ingrid), &VACATION).await.expect(403);
    // Olav is in another team; nobody lowers the own targets; a rep of the team, and everybody for an administrator.
    berit.post(&path(field.olav), &VACATION).await.expect(404);
    berit.post(&path(field.berit), &VACATION).await.expect(403);
    berit.get(&path(field.berit)).await.expect(200);
    berit.post(&path(field.ingrid), &VACATION).await.expect(303);
    field.app.client(field.astrid).await.post(&path(field.olav), &VACATION).await.expect(303);
    // The leave of one person is not removed under the name of another.
    let olavs = sqlx::query_scalar!("select id from leaves where user_id = $1", field.olav.id.0)
        .fetch_one(&field.app.db)
        .await
        .unwrap();
    berit.post(&format!("{}/{olavs}/remove", path(field.ingrid)), &[]).await.expect(404);
    for (form, words) in [
        ([("kind", "vacation"), ("from", ""), ("last", "")], "The first day is missing"),
        ([("kind", "holiday"), ("from", "2026-12-20"), ("last", "")], "Choose why"),
        ([("kind", "sick"), ("from", "2026-12-20"), ("last", "2026-12-19")], "before the first one"),
        ([("kind", "sick"), ("from", "20.12.2026"), ("last", "")], "is not a date"),
    ] {
        let page = berit.post(&path(field.ingrid), &form).await.expect(422);
        assert!(page.words().contains(words), "{}", page.words());
    }
    assert_eq!(field.count("leaves").await, 2);
}

#[tokio::test]
async fn leave_of_locked_days_needs_a_reason() {
    let field = Field::new().await;
    field.lock("2026-10").await;
    let mut berit = field.app.client(field.berit).await;
    let path = format!("/users/{}/leave", field.ingrid.id);
    let form = [("kind", "sick"), ("from", "2026-10-26"), ("last", "2026-11-06"), ("reason", "")];
    let page = berit.get(&path).await.expect(200);
    let refused = berit.submit(&page, "main form", &form).await.expect(422);
    assert!(refused.words().contains("locked period"), "{}", refused.words());
    assert_eq!(field.count("leaves").await, 0);
    berit.submit(&refused, "main form", &[("reason", "The note came late")]).await.expect(303);
    let page = berit.get(&path).await.expect(200);
    let kept = berit.submit(&page, "main ul form", &[]).await.expect(422);
    assert!(kept.words().contains("locked period"), "{}", kept.words());
    assert_eq!(field.count("leaves").await, 1);
    let field_name = page.attribute("main ul form input[name^=reason]", "name");
    berit.submit(&page, "main ul form", &[(&field_name, "Wrong person")]).await.expect(303);
    assert_eq!(field.count("leaves").await, 0);
}

#[tokio::test]
async fn an_open_leave_ends_in_one_step() {
    let field = Field::new().await;
    let mut berit = field.app.client(field.berit).await;
    let path = format!("/users/{}/leave", field.ingrid.id);
    let open = [("kind", "sick"), ("from", "2026-11-09"), ("last", ""), ("note", "Flu")];
    berit.post(&path, &open).await.expect(303);
    let page = berit.get(&path).await.expect(200);
    let ends = "main ul form[action$='/end']";
    let last = page.attribute(&format!("{ends} input[type=date]"), "name");
    for (typed, words) in
        [("", "The last day is missing"), ("soon", "is not a date"), ("2026-11-08", "before the first one")]
    {
        let refused = berit.submit(&page, ends, &[(&last, typed)]).await.expect(422);
        assert!(refused.text(".summary-error").contains(words), "{typed}: {}", refused.words());
        assert_eq!(refused.attributes(".summary-error a", "href"), [format!("#{last}")]);
        assert_eq!(refused.value(&last), typed);
    }
    let saved = berit.submit(&page, ends, &[(&last, "2026-11-18")]).await.expect(303);
    let page = berit.follow(&saved).await.expect(200);
    assert_eq!(page.text("main ul li .meta"), "9 Nov 2026 to 18 Nov 2026 · Flu");
    assert!(!page.has(ends), "it has an end");
    let id = sqlx::query_scalar!("select id from leaves").fetch_one(&field.app.db).await.unwrap();
    let again = format!("{path}/{id}/end");
    let last = format!("last-{id}");
    berit.post(&again, &[(&last, "2026-11-20")]).await.expect(409);
    berit.post(&format!("{path}/0/end"), &[("last-0", "2026-11-20")]).await.expect(404);
    let log = field.app.client(field.astrid).await.get("/audit").await.expect(200);
    assert!(
        log.words().contains("Sick leave, 9 Nov 2026 to open: Flu → Sick leave, 9 Nov 2026 to 18 Nov 2026: Flu"),
        "{}",
        log.words()
    );
    assert_eq!(field.count("leaves").await, 1);
    // Whoever may not enter leave ends none.
    field.app.client(field.ingrid).await.post(&again, &[(&last, "2026-11-20")]).await.expect(403);
}

#[tokio::test]
async fn leave_that_was_removed_or_ended_comes_back_as_it_was() {
    let field = Field::new().await;
    let mut berit = field.app.client(field.berit).await;
    let path = format!("/users/{}/leave", field.ingrid.id);
    let open = [("kind", "sick"), ("from", "2026-11-09"), ("last", ""), ("note", "Flu")];
    berit.post(&path, &open).await.expect(303);
    let entered = "9 Nov 2026 on, until further notice · Flu";
    let shown = |page: &Answer| page.texts("main ul li .meta");
    // Ended by mistake, and removed by mistake: what stands is what was entered.
    for (form, typed) in [("form[action$='/end']", Some("2026-11-18")), ("form[action$='/remove']", None)] {
        let page = berit.get(&path).await.expect(200);
        assert_eq!(shown(&page), [entered]);
        let last = page.attribute("main ul form input[type=date]", "name");
        let typed: Vec<_> = typed.map(|day| (last.as_str(), day)).into_iter().collect();
        let done = berit.submit(&page, &format!("main ul {form}"), &typed).await.expect(303);
        let page = berit.follow(&done).await.expect(200);
        assert_ne!(shown(&page), [entered]);
        let back = berit.submit(&page, ".toast form", &[]).await.expect(303);
        let page = berit.follow(&back).await.expect(200);
        assert_eq!(shown(&page), [entered], "{form}");
        assert!(page.text(".toast").contains("Sick leave put back"), "{}", page.text(".toast"));
        // Once: whoever asks again is told.
        let undo = format!("{path}/{}/restore", last.trim_start_matches("last-"));
        berit.post(&undo, &[]).await.expect(409);
    }
    assert_eq!(field.count("leaves").await, 1);
    let log = field.app.client(field.astrid).await.get("/audit").await.expect(200);
    assert!(log.words().contains("put back leave of Ingrid"), "{}", log.words());

    // Not what somebody else removed, not over other leave, and not once a period is locked with it.
    let page = berit.get(&path).await.expect(200);
    let removed = berit.submit(&page, "main ul form[action$='/remove']", &[]).await.expect(303);
    let undo = berit.follow(&removed).await.attribute(".toast form", "action");
    field.app.client(field.astrid).await.post(&undo, &[]).await.expect(409);
    berit.post(&format!("{path}/0/restore"), &[]).await.expect(404);
    field.app.client(field.ingrid).await.post(&undo, &[]).await.expect(403);
    berit.post(&path, &[("kind", "vacation"), ("from", "2026-11-12"), ("last", "2026-11-13")]).await.expect(303);
    let refused = berit.post(&undo, &[]).await.expect(409);
    assert!(refused.words().contains("Other leave was entered"), "{}", refused.words());
    let older = [("kind", "sick"), ("from", "2026-10-05"), ("last", "2026-10-06")];
    berit.post(&path, &older).await.expect(303);
    let page = berit.get(&path).await.expect(200);
    let remove = page.attributes("main ul form[action$='/remove']", "action").pop().unwrap();
    let removed = berit.post(&remove, &[]).await.expect(303);
    let undo = berit.follow(&removed).await.attribute(".toast form", "action");
    field.lock("2026-10").await;
    let refused = berit.post(&undo, &[]).await.expect(409);
    assert!(refused.words().contains("A period was locked meanwhile"), "{}", refused.words());
}
