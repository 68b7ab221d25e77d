//! Seals of the audit log: whatever the owner of the database changes below one is found, and none is made too early.

use std::time::Instant;

use attain::{
    audit::{
        self, seals,
        verify::{Kept, Verified, verify},
    },
    clock::Clock,
    domain::id::OrgId,
    postgres::tx::{self, Tx},
};
use sqlx::{AssertSqlSafe, PgConnection};
use time::{Duration, macros::date};

use crate::{
    commissions::{Desk, press},
    field::Field,
    support::TestApp,
};

async fn note(tx: &mut Tx, action: &str) {
    let detail = serde_json::json!({ "old": { "n": 1 }, "new": { "n": 2.50, "words": "Über" } });
    audit::db::record(tx, action, "/settings", detail).await.unwrap();
}

/// Lines in a transaction of their own.
async fn lines(app: &TestApp, org: OrgId, many: usize) {
    let mut tx = app.write(org).await;
    for _ in 0..many {
        note(&mut tx, "settings.changed").await;
    }
    tx.commit().await.unwrap();
}

async fn seal(app: &TestApp, org: OrgId) -> bool {
    seals::beside(&app.db, org, app.app.clock).await.unwrap().is_some()
}

/// What verifying tells, each line without the codes.
async fn told(db: &mut PgConnection, org: OrgId, kept: &[Kept]) -> (Vec<String>, Verified) {
    let mut told = vec![];
    let found = verify(db, org, kept, &mut |differs| told.push(differs.to_string())).await.unwrap();
    (told, found)
}

async fn told_of(app: &TestApp, org: OrgId) -> (Vec<String>, Verified) {
    told(&mut app.db.acquire().await.unwrap(), org, &[]).await
}

/// A company with three seals over lines 1 to 2, 3 to 5 and 7 to 8, and line 9. Nobody has number 6.
async fn sealed() -> (TestApp, OrgId) {
    let app = TestApp::new().await;
    let org = app.company("Nordlys").await;
    let other = app.company("Sørlys").await;
    sqlx::raw_sql("alter sequence audit_id_seq restart").execute(&app.db).await.unwrap();
    lines(&app, org, 2).await;
    assert!(seal(&app, org).await);
    lines(&app, org, 3).await;
    assert!(seal(&app, org).await);
    lines(&app, other, 1).await;
    lines(&app, org, 2).await;
    assert!(seal(&app, org).await);
    assert!(!seal(&app, org).await, "nothing is new");
    lines(&app, org, 1).await;
    let (told, found) = told_of(&app, org).await;
    assert_eq!(told, [""; 0]);
    assert_eq!((found.seals, found.lines, found.since), (3, 7, 1));
    (app, org)
}

const SEAL: [&str; 4] = [
    "",
    "audit_seals.digest of audit seal 1 of 2026-11-19 09:00 UTC, audit lines the first to 2: stored ",
    "audit_seals.digest of audit seal 2 of 2026-11-19 09:00 UTC, audit lines 3 to 5: stored ",
    "audit_seals.digest of audit seal 3 of 2026-11-19 09:00 UTC, audit lines 6 to 8: stored ",
];

/// What the owner of the database does, and the beginnings of the lines that tell it.
const BY_HAND: [(&str, &[&str]); 23] = [
    ("update audit set detail = detail || '{\"reason\": \"\"}' where id = 1", &[SEAL[1]]),
    ("update audit set detail = jsonb_set(detail, '{new,n}', '2.6') where id = 4", &[SEAL[2]]),
    ("update audit set at = at + interval '1 microsecond' where id = 3", &[SEAL[2]]),
    ("update audit set at = 'infinity' where id = 3", &[SEAL[2]]),
    ("update audit set action = 'visit.logged' where id = 5", &[SEAL[2]]),
    ("update audit set object = '/settings/' where id = 7", &[SEAL[3]]),
    ("update audit set user_id = (select min(id) from users) where id = 8", &[SEAL[3]]),
    (
        "with gone as (delete from audit where id = 8 returning org_id, at, user_id, action, object, detail)
         insert into audit overriding system value select org_id, 100, at, user_id, action, object, detail from gone",
        &[SEAL[3]],
    ),
    ("update audit set org_id = 2 where id = 2", &[SEAL[1]]),
    ("delete from audit where id = 1", &[SEAL[1]]),
    ("delete from audit where id in (3, 4, 5)", &[SEAL[2]]),
    (
        "insert into audit overriding system value select org_id, 6, at, user_id, action, object, detail from audit where id = 5",
        &[SEAL[3]],
    ),
    (
        "insert into audit overriding system value select org_id, -6, at, user_id, action, object, detail from audit where id = 5",
        &[SEAL[1]],
    ),
    ("update audit_seals set digest = sha256('') where number = 3", &[SEAL[3]]),
    ("update audit_seals set digest = sha256('') where number = 1", &[SEAL[1], SEAL[2]]),
    ("update audit_seals set rows = rows + 1 where number = 2", &[SEAL[2]]),
    (
        "update audit_seals set sealed_at = sealed_at - interval '1 day' where number = 3",
        &["audit_seals.digest of audit seal 3 of 2026-11-18"],
    ),
    (
        "update audit_seals set up_to = 4 where number = 2",
        &[
            "audit_seals.digest of audit seal 2 of 2026-11-19 09:00 UTC, audit lines 3 to 4",
            "audit_seals.digest of audit seal 3 of 2026-11-19 09:00 UTC, audit lines 5 to 8",
        ],
    ),
    (
        "delete from audit_seals where number = 1",
        &[
            "audit_seals.number of audit seal 1: stored none",
            "audit_seals.digest of audit seal 2 of 2026-11-19 09:00 UTC, audit lines the first to 5",
        ],
    ),
    (
        "delete from audit_seals where number = 2",
        &[
            "audit_seals.number of audit seal 2: stored none",
            "audit_seals.digest of audit seal 3 of 2026-11-19 09:00 UTC, audit lines 3 to 8",
        ],
    ),
    (
        "delete from audit_seals where number in (1, 2)",
        &["audit_seals.number of audit seal 1 to 2: stored none", "audit_seals.digest of audit seal 3 "],
    ),
    (
        "update audit_seals set number = 4 where number = 3",
        &["audit_seals.number of audit seal 3: stored none", "audit_seals.digest of audit seal 4 "],
    ),
    (
        "update audit_seals s set digest = o.digest, up_to = o.up_to, rows = o.rows from audit_seals o where s.number + o.number = 3",
        &[
            "audit_seals.digest of audit seal 1 ",
            "audit_seals.digest of audit seal 2 ",
            "audit_seals.digest of audit seal 3 ",
        ],
    ),
];

#[tokio::test]
async fn whatever_is_changed_below_a_seal_is_found() {
    let (app, org) = sealed().await;
    app.user(org, "Ingrid", &[attain::domain::access::Role::Rep]).await;
    for (sql, expected) in BY_HAND {
        let mut by_hand = app.db.begin().await.unwrap();
        let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *by_hand).await.unwrap();
        assert_ne!(done.rows_affected(), 0, "{sql}");
        let (told, _) = told(&mut by_hand, org, &[]).await;
        let named = |line: &&str| told.iter().any(|told| told.starts_with(line));
        assert!(expected.iter().all(named), "{sql}: {told:#?}");
        by_hand.rollback().await.unwrap();
    }
    assert_eq!(told_of(&app, org).await.0, [""; 0], "all of it was taken back");
}

/// Whoever owns the database can cut the newest seals off, or write all of them anew. Only what was kept elsewhere shows it.
#[tokio::test]
async fn a_log_that_was_cut_lacks_the_seal_that_was_kept() {
    for sql in [
        "delete from audit_seals where number = 3; delete from audit where id > 6",
        "delete from audit_seals where number = 3; update audit set action = 'visit.logged' where id = 7",
    ] {
        let (app, org) = sealed().await;
        let (kept, _) = told_of(&app, org).await.1.newest.unwrap();
        let kept = [kept];
        let mut db = app.db.acquire().await.unwrap();
        assert_eq!(told(&mut db, org, &kept).await.1.kept, kept);
        sqlx::raw_sql(sql).execute(&app.db).await.unwrap();
        let cut = told(&mut db, org, &kept).await;
        assert_eq!((cut.0, cut.1.kept), (vec![], vec![]), "{sql}");
        lines(&app, org, 1).await;
        assert!(seal(&app, org).await);
        let written_anew = told(&mut db, org, &kept).await;
        assert_eq!((written_anew.0, written_anew.1.kept), (vec![], vec![]), "{sql}");
    }
    let code = "0123456789abcdef".repeat(4);
    assert_eq!(format!("3:{}", code.to_uppercase()).parse::<Kept>().unwrap().to_string(), format!("3:{code}"));
    for text in ["", "3", "3:", "x:00", &format!("3:{}", "g".repeat(64)), &format!("3:{}", "0".repeat(63))] {
        assert!(text.parse::<Kept>().is_err(), "{text}");
    }
}

/// A line that commits later may have a smaller number than one that is there already.
#[tokio::test]
async fn a_seal_waits_for_lines_that_are_not_there_yet() {
    let app = TestApp::new().await;
    let org = app.company("Nordlys").await;
    let mut slow = app.write(org).await;
    note(&mut slow, "visit.logged").await;
    lines(&app, org, 1).await;
    let begun = Instant::now();
    assert!(!seal(&app, org).await, "somebody is still writing");
    assert!(begun.elapsed().as_secs() < 5, "and is not waited for");
    lines(&app, org, 1).await; // nor is anybody held up
    slow.commit().await.unwrap();
    assert!(seal(&app, org).await);
    let (told, found) = told_of(&app, org).await;
    assert_eq!((told, found.lines, found.since), (vec![], 3, 0));
}

/// A connection that waited in vain, or for somebody who went away, is as good as new for the next.
#[tokio::test(flavor = "multi_thread")]
async fn waiting_in_vain_leaves_nothing_behind() {
    let app = TestApp::new().await;
    let org = app.company("Nordlys").await;
    let mut slow = app.write(org).await;
    note(&mut slow, "visit.logged").await;
    for _ in 0..6 {
        assert!(!seal(&app, org).await);
    }
    let (db, clock) = (app.db.clone(), app.app.clock);
    let waiting = tokio::spawn(async move { tx::alone(&db, org, None, clock).await.map(|_| ()) });
    app.until_waiting(1).await;
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    slow.commit().await.unwrap();
    lines(&app, org, 1).await;
    for _ in 0..6 {
        drop(tx::alone(&app.db, org, None, clock).await.unwrap());
        tx::read(&app.db, org).await.unwrap();
    }
    assert!(seal(&app, org).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn sealers_at_once_make_one_chain() {
    let app = TestApp::new().await;
    let org = app.company("Nordlys").await;
    let mut tasks = vec![];
    for n in 0..4 {
        let (db, clock) = (app.db.clone(), app.app.clock);
        tasks.push(tokio::spawn(async move {
            let mut made = 0;
            for _ in 0..15 {
                let mut tx = tx::write(&db, org, None, clock).await.unwrap();
                note(&mut tx, "settings.changed").await;
                tx.commit().await.unwrap();
                if n == 0 {
                    // As an approval does it.
                    let mut tx = tx::alone(&db, org, None, clock).await.unwrap();
                    note(&mut tx, "run.approved").await;
                    made += usize::from(seals::within(&mut tx).await.unwrap().is_some());
                    tx.commit().await.unwrap();
                } else {
                    made += usize::from(seals::beside(&db, org, clock).await.unwrap().is_some());
                }
            }
            made
        }));
    }
    let mut made = 0;
    for task in tasks {
        made += task.await.unwrap();
    }
    let (told, found) = told_of(&app, org).await;
    assert_eq!(told, [""; 0]);
    assert_eq!((found.seals, found.lines + found.since), (made, 75));
    assert!(made >= 15, "{made}");
}

#[tokio::test]
async fn the_server_seals_once_an_hour_where_something_is_new() {
    let app = TestApp::new().await;
    let (org, other) = (app.company("Nordlys").await, app.company("Sørlys").await);
    app.company("Tom").await;
    let look = async |app: &TestApp| seals::look(&app.app).await.unwrap();
    assert_eq!(look(&app).await, 0, "there is nothing to seal");
    lines(&app, org, 1).await;
    lines(&app, other, 1).await;
    assert_eq!(look(&app).await, 2);
    lines(&app, org, 1).await;
    assert_eq!(look(&app).await, 0, "not again so soon");
    let later = app.later(Duration::hours(1));
    assert_eq!(look(&later).await, 1);
    sqlx::raw_sql("select setval('audit_id_seq', 200000)").execute(&app.db).await.unwrap();
    lines(&app, org, 1).await;
    assert_eq!(look(&later).await, 1, "many lines are not left for an approval to hash");
    let (told, found) = told_of(&app, org).await;
    assert_eq!((told, found.seals, found.lines), (vec![], 3, 3));
}

#[tokio::test]
async fn the_approval_that_locks_a_period_seals_the_log() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.starter(&[desk.ingrid]).await;
    let (mut freja, mut farid) = (desk.app.client(desk.freja).await, desk.app.client(desk.farid).await);
    let run = desk.calculate(&mut freja, "2026-10").await;
    press(&mut freja, &run, "submission").await.expect(303);
    assert_eq!(told_of(&desk.app, desk.org).await.1.seals, 0);
    press(&mut farid, &run, "approval").await.expect(303);
    let (told, found) = told_of(&desk.app, desk.org).await;
    assert_eq!((told, found.seals, found.since), (vec![], 1, 0), "the approval itself is sealed");
    freja.get(&run).await.expect(200);

    let admin = desk.app.user(desk.org, "Astrid", &[attain::domain::access::Role::Admin]).await;
    let page = desk.app.client(admin).await.get("/audit").await.expect(200);
    let (newest, _) = found.newest.unwrap();
    let words = page.words();
    assert!(words.contains(&format!("on 19 Nov 2026, 10:00 : {newest} .")), "{words}");
}

#[tokio::test]
async fn a_statement_alone_seals_nothing_until_it_is_the_last() {
    let desk = Desk::new().await;
    desk.deal(desk.ingrid, date!(2026 - 10 - 05), 100_000, true, None).await;
    desk.deal(desk.jonas, date!(2026 - 10 - 06), 100_000, true, None).await;
    desk.starter(&[desk.ingrid, desk.jonas]).await;
    let (mut freja, mut farid) = (desk.app.client(desk.freja).await, desk.app.client(desk.farid).await);
    let run = desk.calculate(&mut freja, "2026-10").await;
    press(&mut freja, &run, "submission").await.expect(303);
    let statements = farid.get(&run).await.expect(200).attributes("tbody a[href^='/statements/']", "href");
    assert_eq!(statements.len(), 2);
    for (statement, seals) in statements.iter().zip([0, 1]) {
        farid.post(&format!("{statement}/approval"), &[]).await.expect(303);
        assert_eq!(told_of(&desk.app, desk.org).await.1.seals, seals);
    }
}

#[tokio::test]
async fn a_log_without_a_seal_says_nothing_of_one() {
    let field = Field::new().await;
    lines(&field.app, field.org, 1).await;
    let page = field.app.client(field.astrid).await.get("/audit").await.expect(200);
    assert!(!page.words().contains("Sealed"), "{}", page.words());
    let clock = Clock::Fixed(field.app.now());
    assert!(seals::beside(&field.app.db, field.org, clock).await.unwrap().is_some());
    let page = field.app.client(field.astrid).await.get("/audit").await.expect(200);
    assert!(page.words().contains("Sealed up to line"), "{}", page.words());
}
