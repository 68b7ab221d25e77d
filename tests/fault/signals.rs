//! SIGTERM: what was begun ends with its answer, nothing new is taken, and nobody holds up the end.

use std::time::Instant;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{PATIENCE, company::Company, load::visit, program::Server};

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_was_begun_ends_with_its_answer() {
    let company = Company::new().await;
    let server = Server::start(&company.place).await;
    let rep = company.reps(&server).await.remove(0);
    let mut held = company.db.begin().await.unwrap();
    sqlx::raw_sql("lock table visits in share mode").execute(&mut *held).await.unwrap();
    let form = visit(&company.customers[0][0].to_string(), &company.today.to_string(), "slow");
    let sent = tokio::spawn({
        let rep = rep.clone();
        async move { rep.send(&form).await }
    });
    company.until_waiting(1).await;
    server.tell_to_stop();
    let since = Instant::now();
    while TcpStream::connect(server.address).await.is_ok() {
        assert!(since.elapsed() < PATIENCE, "it still takes connections");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert!(!sent.is_finished());
    held.rollback().await.unwrap();
    sent.await.unwrap().unwrap().expect(303);
    assert_eq!(server.ended().await, Some(0));
    assert_eq!(company.count("select count(*) from visits where notes = 'slow'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_sent_request_does_not_hold_up_the_end() {
    let company = Company::new().await;
    let server = Server::start(&company.place).await;
    let mut half = TcpStream::connect(server.address).await.unwrap();
    half.write_all(b"POST /visits HTTP/1.1\r\nhost: te").await.unwrap();
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: test\r\n\r\n").await.unwrap();
    assert_ne!(idle.read(&mut [0; 100]).await.unwrap(), 0);
    let since = Instant::now();
    server.tell_to_stop();
    assert_eq!(server.ended().await, Some(0));
    println!(
        "F5b ended {:.2} s after SIGTERM beside a half-sent head and an idle connection",
        since.elapsed().as_secs_f32()
    );
    assert!(since.elapsed().as_secs() < 5, "it waited for the client");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make fault: waits for the deadline of 25 seconds"]
async fn a_body_that_never_comes_is_cut_off_at_the_deadline() {
    let company = Company::new().await;
    let server = Server::start(&company.place).await;
    let mut half = TcpStream::connect(server.address).await.unwrap();
    let head = "POST /sign-in HTTP/1.1\r\nhost: test\r\nsec-fetch-site: same-origin\r\n\
                content-type: application/x-www-form-urlencoded\r\ncontent-length: 1000\r\n\r\nemail=";
    half.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let since = Instant::now();
    server.tell_to_stop();
    assert_eq!(server.ended().await, Some(0));
    println!("F5b ended {:.2} s after SIGTERM beside a half-sent body", since.elapsed().as_secs_f32());
    assert!((20..45).contains(&since.elapsed().as_secs()));
}
