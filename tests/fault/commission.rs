//! A run that is killed while it is calculated or approved leaves nothing half; and whoever presses what when, one run of a
//! period is approved.

use tokio::task::JoinSet;

use crate::{
    client::{Browser, Form},
    company::{Company, FINANCE, email},
    load::until_saved,
    program::Server,
};

const RUNS: &str = "select count(*) from commission_runs";
const PARTS: &str = "select (select count(*) from commission_runs) + (select count(*) from statements)
    + (select count(*) from statement_lines) + (select count(*) from run_submissions)
    + (select count(*) from approvals) + (select count(*) from period_locks)
    + (select count(*) from audit where action like 'run.%')";
const WRITERS: &str = "select count(*) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'";

/// Nobody gets past this table's next insert.
async fn hold(company: &Company, table: &'static str) -> sqlx::PgTransaction<'static> {
    let mut held = company.db.begin().await.unwrap();
    let sql = match table {
        "statement_lines" => "lock table statement_lines in share mode",
        _ => "lock table period_locks in share mode",
    };
    sqlx::raw_sql(sql).execute(&mut *held).await.unwrap();
    held
}

/// Lets go, and returns once PostgreSQL has noticed that the killed program is gone.
async fn let_go(company: &Company, held: sqlx::PgTransaction<'static>) {
    held.rollback().await.unwrap();
    while company.count(WRITERS).await > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

/// The address of the newest run.
async fn newest(company: &Company) -> String {
    format!("/commission-runs/{}", company.count("select max(id) from commission_runs").await)
}

fn calculation(company: &Company) -> Form {
    Form::new("/commission-runs", &[("period", &company.last_month().to_string())])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_run_leaves_nothing_and_one_of_many_is_approved() {
    let company = Company::new().await;
    let period = company.last_month().to_string();
    let freja = email("freja");
    let args = ["commission", "run", "--period", &period, "--store", "--as", &freja];
    let before = company.count(PARTS).await;

    // The command, after it has written the run and before its lines are there.
    let held = hold(&company, "statement_lines").await;
    let mut command = company.place.command(&args).spawn().unwrap();
    company.until_waiting(1).await;
    command.kill().unwrap();
    command.wait().unwrap();
    let_go(&company, held).await;
    assert_eq!(company.count(PARTS).await, before, "the killed command left something");

    // The server, in the same place.
    let server = Server::start(&company.place).await;
    let browser = company.finance(&server, "freja").await;
    let form = calculation(&company);
    let held = hold(&company, "statement_lines").await;
    let sent = tokio::spawn({
        let (browser, form) = (browser.clone(), form.clone());
        async move { browser.send(&form).await }
    });
    company.until_waiting(1).await;
    server.kill();
    assert!(sent.await.unwrap().is_err(), "nothing was acknowledged");
    let_go(&company, held).await;
    assert_eq!(company.count(PARTS).await, before, "the killed server left something");

    // The same form again, in front of the next server; and four commands at once.
    let server = Server::start(&company.place).await;
    let browser = browser.before(server.address);
    let (first, _) = until_saved(&browser, &form).await;
    assert_eq!(until_saved(&browser, &form).await.0, first);
    assert_eq!(company.count(RUNS).await, 1);
    let commands: Vec<_> = (0..4).map(|_| company.place.command(&args).spawn().unwrap()).collect();
    for command in commands {
        assert!(command.wait_with_output().unwrap().status.success());
    }
    assert_eq!(company.count(RUNS).await, 5);
    assert_eq!(company.count("select count(distinct digest) from statements").await, 4, "four reps, each run alike");

    // Of five, the newest is submitted, and its approval killed after it is written.
    let run = newest(&company).await;
    until_saved(&browser, &Form::new(&format!("{run}/submission"), &[])).await;
    let submitted = company.count(PARTS).await;
    let farid = company.finance(&server, "farid").await;
    let approval = Form::new(&format!("{run}/approval"), &[]);
    let held = hold(&company, "period_locks").await;
    let sent = tokio::spawn({
        let (farid, approval) = (farid.clone(), approval.clone());
        async move { farid.send(&approval).await }
    });
    company.until_waiting(1).await;
    server.kill();
    assert!(sent.await.unwrap().is_err());
    let_go(&company, held).await;
    assert_eq!(company.count(PARTS).await, submitted, "the killed approval left something");

    // Then four people at once, each twice.
    let server = Server::start(&company.place).await;
    let answers = approve_at_once(&company, &server, &run).await;
    println!("F3 four approvals at once, each sent twice: {answers:?}");
    assert_eq!(answers, [303, 303, 409, 409, 409, 409, 409, 409]);
    assert_eq!(company.count("select count(*) from period_locks").await, 1);
    assert_eq!(company.count("select count(distinct run_id) from approvals").await, 1);
    assert_eq!(company.count("select count(*) from approvals").await, 4);
    let (code, _, err) = company.place.run(&args, "");
    assert!(code == Some(1) && err.contains("approved and locked"), "{err}");
    server.stop().await;
    company.place.verify();
}

async fn approve_at_once(company: &Company, server: &Server, run: &str) -> Vec<u16> {
    let mut approvers: Vec<Browser> = vec![];
    for name in &FINANCE[1..] {
        approvers.push(company.finance(server, name).await);
    }
    let mut pressed = JoinSet::new();
    for approver in approvers {
        let form = Form::new(&format!("{run}/approval"), &[]);
        for _ in 0..2 {
            let (approver, form) = (approver.clone(), form.clone());
            pressed.spawn(async move { approver.send(&form).await.unwrap().status });
        }
    }
    let mut answers = pressed.join_all().await;
    answers.sort_unstable();
    answers
}
