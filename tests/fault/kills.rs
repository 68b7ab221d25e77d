//! PostgreSQL and the server, killed while people work: what was acknowledged is there, once.

use std::time::Duration;

use crate::{
    company::Company,
    load::{Load, Told, factor},
    program::{Server, halt_wal_writer, kill_postgres},
};

/// People work while PostgreSQL is killed so often, and until the server has started it again each time.
async fn kill_postgres_under_load(company: &Company, server: &Server, kills: u32) -> Told {
    let reps = company.reps(server).await;
    let load = Load::start(company, &reps);
    load.more(50 * u64::from(factor())).await;
    for _ in 0..kills {
        kill_postgres(company.folder());
        load.more(50 * u64::from(factor())).await;
    }
    load.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_postgres_is_killed() {
    let mut company = Company::durable().await;
    company.leave().await;
    let server = Server::start(&company.place).await;
    let told = kill_postgres_under_load(&company, &server, 2 * factor()).await;
    assert!(server.log().contains("PostgreSQL has died: starting it again"), "{}", server.log());
    server.stop().await;
    company.place.verify();
    company.enter().await;
    told.is_there_once(&company.db, "F1 kill -9 of PostgreSQL").await;
    company.leave().await;
}

/// The negative control: with a PostgreSQL that acknowledges before it has written, the same comparison finds the loss.
#[tokio::test(flavor = "multi_thread")]
async fn the_comparison_finds_what_is_lost_without_durable_commits() {
    let mut company = Company::durable().await;
    sqlx::raw_sql("alter system set synchronous_commit = off").execute(&company.db).await.unwrap();
    company.leave().await;
    let server = Server::start(&company.place).await;
    let reps = company.reps(&server).await;
    // Else the sessions would be among what is lost.
    company.enter().await;
    sqlx::raw_sql("checkpoint").execute(&company.db).await.unwrap();
    company.db.close().await;
    // What PostgreSQL has handed to the system survives the kill of a process: it must hand over nothing for a while.
    halt_wal_writer(company.folder());
    let load = Load::start(&company, &reps);
    load.more(100).await;
    kill_postgres(company.folder());
    load.more(20).await;
    let told = load.finish().await;
    server.stop().await;
    company.leave().await;
    company.enter().await;
    let found = told.compare(&company.db).await;
    println!("F1- without durable commits: {told}, {} lost, {} doubled", found.lost.len(), found.doubled.len());
    assert!(!found.lost.is_empty(), "the comparison sees nothing");
    company.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_the_server_is_killed() {
    let company = Company::new().await;
    let mut server = Server::start(&company.place).await;
    let reps = company.reps(&server).await;
    let load = Load::start(&company, &reps);
    for _ in 0..3 * factor() {
        load.more(50 * u64::from(factor())).await;
        let address = server.address;
        server.kill();
        server = Server::start_on(&company.place, address).await;
    }
    load.more(50).await;
    let told = load.finish().await;
    told.is_there_once(&company.db, "F2 kill -9 of the server").await;
    server.stop().await;
    company.place.verify();
}

/// Both at once, as when the machine loses its power: the next server adopts nothing, recovers and goes on.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "make fault: takes longer than a suite should"]
async fn nothing_is_lost_when_both_are_killed_again_and_again() {
    let mut company = Company::durable().await;
    company.leave().await;
    let mut server = Server::start(&company.place).await;
    let reps = company.reps(&server).await;
    let load = Load::start(&company, &reps);
    for round in 0..4 * factor() {
        load.more(100).await;
        let address = server.address;
        if round % 2 == 0 {
            kill_postgres(company.folder());
            server.kill();
        } else {
            server.kill();
            tokio::time::sleep(Duration::from_millis(100)).await;
            kill_postgres(company.folder());
        }
        server = Server::start_on(&company.place, address).await;
    }
    load.more(50).await;
    let told = load.finish().await;
    server.stop().await;
    company.place.verify();
    company.enter().await;
    told.is_there_once(&company.db, "kill -9 of both").await;
    company.leave().await;
}
