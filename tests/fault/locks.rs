//! Somebody holds a lock that all writes need, or two hold what the other needs: “one moment”, and nothing is lost.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::{
    company::Company,
    load::{until_saved, visit},
    program::Server,
};

/// How many write at once, on eight connections.
const WRITERS: usize = 60;

#[tokio::test(flavor = "multi_thread")]
async fn where_no_connection_is_free_people_are_told_to_come_back() {
    let company = Company::new().await;
    let server = Server::start(&company.place).await;
    let reps = company.reps(&server).await;
    let mut held = company.db.begin().await.unwrap();
    sqlx::raw_sql("lock table visits in share mode").execute(&mut *held).await.unwrap();

    let since = Instant::now();
    let mut sent = JoinSet::new();
    for number in 0..WRITERS {
        let rep = reps[number % reps.len()].clone();
        let customer = company.customers[number % reps.len()][0].to_string();
        let form = visit(&customer, &company.today.to_string(), &format!("crowd {number}"));
        sent.spawn(async move { (rep.send(&form).await.unwrap(), rep, form) });
    }
    // All but those who hold a connection are told so; meanwhile the process answers.
    let (mut refused, mut health) = (vec![], vec![]);
    while refused.len() < WRITERS - 8 {
        let asked = Instant::now();
        reps[0].get("/healthz").await.unwrap().expect(200);
        health.push(asked.elapsed());
        let (answer, rep, form) = sent.join_next().await.unwrap().unwrap();
        assert_eq!((answer.status, answer.header("retry-after")), (503, "2"), "{}", answer.body);
        refused.push((rep, form));
    }
    let last = since.elapsed();
    held.rollback().await.unwrap();
    let saved = sent.join_all().await;
    let health = health.into_iter().max().unwrap();
    println!(
        "F4 {WRITERS} writers behind a lock: {} × 503, the last after {:.2} s; {} × 303 once it was gone; /healthz within {:.2} s",
        refused.len(),
        last.as_secs_f32(),
        saved.iter().filter(|(answer, ..)| answer.status == 303).count(),
        health.as_secs_f32()
    );
    assert!(saved.iter().all(|(answer, ..)| answer.status == 303 || answer.status == 503));
    // Normally again, for everybody, with what was typed.
    for (rep, form) in saved.into_iter().map(|(_, rep, form)| (rep, form)).chain(refused) {
        until_saved(&rep, &form).await;
    }
    assert_eq!(company.count("select count(*) from visits where notes like 'crowd %'").await, 60);
    assert_eq!(company.count("select count(distinct notes) from visits where notes like 'crowd %'").await, 60);
    server.stop().await;
    company.place.verify();
}

/// PostgreSQL breaks off one of two who wait for each other. Here it is the page, again and again.
#[tokio::test(flavor = "multi_thread")]
async fn a_deadlock_is_told_and_saved_the_next_time() {
    let company = Company::new().await;
    let server = Server::start(&company.place).await;
    let rep = company.reps(&server).await.remove(0);
    let customer = company.customers[0][0];
    let form = crate::load::deal(&customer.to_string(), &company.today.to_string(), "deadlock");
    let mut other = company.db.begin().await.unwrap();
    sqlx::raw_sql("set local deadlock_timeout = '1min'; lock table audit in share mode")
        .execute(&mut *other)
        .await
        .unwrap();
    let sent = tokio::spawn({
        let (rep, form) = (rep.clone(), form.clone());
        async move { rep.send(&form).await }
    });
    // The page has written the deal and waits for the audit log; now the other wants what the page has written.
    company.until_waiting(1).await;
    sqlx::raw_sql("lock table deals in share mode").execute(&mut *other).await.unwrap();
    let answer = sent.await.unwrap().unwrap();
    other.rollback().await.unwrap();
    assert_eq!((answer.status, answer.header("retry-after")), (503, "2"), "{}", answer.body);
    assert!(server.log().contains("deadlock detected"), "{}", server.log());
    assert_eq!(company.count("select count(*) from deals where notes = 'deadlock'").await, 0);
    let (first, _) = until_saved(&rep, &form).await;
    assert_eq!(until_saved(&rep, &form).await.0, first);
    assert_eq!(company.count("select count(*) from deals where notes = 'deadlock'").await, 1);
    server.stop().await;
    company.place.verify();
}

/// Imports that touch the same customers and deals in opposite orders, beside people who enter deals for them.
#[tokio::test(flavor = "multi_thread")]
async fn imports_in_opposite_orders_and_pages_beside_them_all_get_through() {
    let company = Company::new().await;
    let server = Server::start(&company.place).await;
    let reps = company.reps(&server).await;
    let load = crate::load::Load::start(&company, &reps);
    let mut waited = vec![];
    for round in 0..3 {
        let folders = [false, true].map(|turned| files(&company, round, turned));
        let since = Instant::now();
        let words = |folder: &tempfile::TempDir| folder.path().to_str().unwrap().to_owned();
        let commands: Vec<_> = folders
            .iter()
            .map(|folder| {
                company.place.command(&["import", &words(folder), "--organization", "Nordlys"]).spawn().unwrap()
            })
            .collect();
        for command in commands {
            let output = command.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        waited.push(since.elapsed());
    }
    let told = load.finish().await;
    told.is_there_once(&company.db, "F17 imports in opposite orders beside pages").await;
    assert!(waited.iter().all(|time| *time < Duration::from_secs(30)), "{waited:?}");
    assert_eq!(company.count("select count(*) from deals where external_id like 'i%'").await, 60);
    server.stop().await;
    company.place.verify();
}

/// The same customers and deals, once the other way round.
fn files(company: &Company, round: u32, turned: bool) -> tempfile::TempDir {
    let (mut customers, mut deals) = (vec![], vec![]);
    for rep in 0..company.customers.len() {
        for customer in 0..company.customers[rep].len() {
            let city = if turned { "Oslo" } else { "Bergen" };
            customers.push(format!("{rep}-{customer},Customer {rep}{customer},{city} {round}"));
            let amount = if turned { "7.00" } else { "8.00" };
            deals.push(format!("i{round}-{rep}-{customer},{rep}-{customer},{rep},{},{amount},won", company.today));
        }
    }
    if turned {
        customers.reverse();
        deals.reverse();
    }
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, head: &str, rows: &[String]| {
        std::fs::write(folder.path().join(name), format!("{head}\n{}\n", rows.join("\n"))).unwrap();
    };
    write("customers.csv", "external_id,name,city", &customers);
    write("deals.csv", "external_id,customer,rep,closed_on,amount,stage", &deals);
    folder
}
