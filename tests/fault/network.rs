//! A bad network between the program and PostgreSQL: the form that is sent again takes effect once.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::{
    company::Company,
    load::{Load, until_saved, visit},
    program::{Place, Server},
    proxy::Proxy,
};

async fn behind_a_network() -> (Company, Proxy, Server) {
    let company = Company::new().await;
    let proxy = Proxy::start(&company.db.connect_options()).await;
    let server = Server::start(&Place::Named(proxy.url())).await;
    (company, proxy, server)
}

/// The case for which forms have keys: the database has done it, and the program cannot know.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_is_lost_takes_effect_once() {
    let (company, proxy, server) = behind_a_network().await;
    let reps = company.reps(&server).await;
    let mut sent = 0;
    let form = loop {
        sent += 1;
        let form = visit(&company.customers[0][0].to_string(), &company.today.to_string(), &format!("cut {sent}"));
        proxy.cut_commits(1);
        let answer = reps[0].send(&form).await.unwrap();
        if answer.status == 503 {
            assert_eq!(answer.header("retry-after"), "2");
            break form;
        }
        // What the server does by itself commits, too: that was cut instead.
        assert!(answer.status == 303 && sent < 5, "{}", answer.body);
    };
    let there = "select count(*) from visits where notes like 'cut %'";
    assert_eq!(company.count(there).await, sent, "the commit was done all the same");
    until_saved(&reps[0], &form).await;
    assert_eq!(company.count(there).await, sent);

    // And under load.
    let load = Load::start(&company, &reps);
    for _ in 0..10 {
        proxy.cut_commits(2);
        load.more(15).await;
    }
    let told = load.finish().await;
    println!("F16 {} commits were done and their answers lost", proxy.cut());
    assert!(proxy.cut() > 15);
    told.is_there_once(&company.db, "F16 cut after COMMIT").await;
    server.stop().await;
    company.place.verify();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_network_and_one_that_breaks_lose_nothing() {
    let (company, proxy, server) = behind_a_network().await;
    let reps = company.reps(&server).await;
    let load = Load::start(&company, &reps);
    load.more(20).await;
    proxy.delay(Duration::from_millis(40));
    load.more(20).await;
    proxy.delay(Duration::ZERO);
    for _ in 0..5 {
        proxy.break_all();
        load.more(20).await;
    }
    let told = load.finish().await;
    told.is_there_once(&company.db, "F16 slow and broken").await;
    server.stop().await;
    company.place.verify();
}

/// Nothing comes through and nobody is told so, while every connection waits for an answer: they stay dead, others take
/// their places, and PostgreSQL gives up what they had begun.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "make fault: waits until PostgreSQL gives up what it hears nothing of"]
async fn a_network_that_goes_silent_is_survived() {
    let (company, proxy, server) = behind_a_network().await;
    let rep = company.reps(&server).await.remove(0);
    let customer = company.customers[0][0].to_string();
    let forms: Vec<_> =
        (0..12).map(|number| visit(&customer, &company.today.to_string(), &format!("silent {number}"))).collect();
    let mut held = company.db.begin().await.unwrap();
    sqlx::raw_sql("lock table visits in share mode").execute(&mut *held).await.unwrap();
    let mut sent = JoinSet::new();
    for form in forms.clone() {
        let impatient = rep.clone().patient_for(Duration::from_secs(4));
        sent.spawn(async move { impatient.send(&form).await });
    }
    company.until_waiting(8).await;
    proxy.silence(true);
    held.rollback().await.unwrap();
    let answers = sent.join_all().await;
    assert!(answers.iter().flatten().all(|answer| answer.status == 503));
    assert!(answers.iter().filter(|answer| answer.is_err()).count() >= 8, "what is silent gives no answer");
    rep.get("/healthz").await.unwrap().expect(200);
    proxy.silence(false);

    let since = Instant::now();
    let mut refused = 0;
    for form in &forms {
        let (_, told) = until_saved(&rep, form).await;
        refused += told.answers.values().sum::<u64>();
    }
    println!(
        "F16 silent: {refused} × 503 until all {} were saved, {:.2} s after it was over",
        forms.len(),
        since.elapsed().as_secs_f32()
    );
    assert_eq!(company.count("select count(distinct notes) from visits where notes like 'silent %'").await, 12);
    assert_eq!(company.count("select count(*) from visits where notes like 'silent %'").await, 12);
    server.stop().await;
    company.place.verify();
}
