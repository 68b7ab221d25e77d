//! `attain db verify`: silent over a whole company, and exact about what somebody changed by hand.

use std::{io::BufReader, process::Command};

use attain::{
    audit::seals,
    clock::Clock,
    demo::{data::Size, fill},
    domain::id::OrgId,
};
use sqlx::AssertSqlSafe;
use time::macros::datetime;

use super::{attain, database::TestDatabase, free_address, line_with, run, stop, told};

/// One change by hand, and the beginning of the line that tells it.
const BY_HAND: [(&str, &str); 13] = [
    ("update deals set net = net + 1 where number = 1", "deals.net of deal 1: stored "),
    (
        "update deal_credits c set amount = amount - 1 from deals d where d.id = c.deal_id and d.number = 2 and position = 1",
        "deal_credits.amount of credit 1 of deal 2: stored ",
    ),
    (
        "update deal_credits c set booked_on = null from deals d where d.id = c.deal_id and d.number = 3 and position = 1",
        "deal_credits.booked_on of credit 1 of deal 3: stored none, derived 20",
    ),
    ("update deals set fully_returned_on = booked_on where number = 4", "deals.fully_returned_on of deal 4: stored 20"),
    ("update deal_numbers set last = last + 1", "deal_numbers.last of the company: stored "),
    (
        "update customer_events set on_date = on_date + 1 where customer_id = (select min(customer_id) from customer_events where kind = 'first_sale') and position = 1",
        "customer_events of customer ",
    ),
    ("update statements set total = total + 100 where id = 1", "statements.total of statement 1 "),
    ("update statements set digest = '\\x00' where id = 2", "statements.digest of statement 2 "),
    (
        "update statements set inputs = jsonb_set(inputs::jsonb, '{facts,rep}', '\"Somebody\"')::json where id = 3",
        "statements.digest of statement 3 ",
    ),
    (
        "update statements set inputs = jsonb_set(inputs::jsonb, '{facts,period}', '\"1999-01\"')::json where id = 5",
        "statements.inputs of statement 5 Jonas Lindqvist: stored facts of 1999-01, derived facts of 2026-07",
    ),
    (
        "update statements set inputs = jsonb_set(inputs::jsonb, '{plan,name}', '\"Another\"')::json where id = 6",
        "statements.inputs of statement 6 ",
    ),
    (
        "update statement_lines set detail = (detail::jsonb || '{\"component\": \"Gift\"}')::json where statement_id = 4 and position = 1",
        "statement_lines of statement 4 ",
    ),
    (
        "delete from payments; delete from period_locks where run_id = 3",
        "period_locks of run 3: stored open, derived locked",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_follows_from_its_facts_or_is_named() {
    let database = TestDatabase::create().await;
    let folder = tempfile::tempdir().unwrap();
    fill::fill(&database.pool, Size::S, folder.path(), datetime!(2026-11-19 10:00 UTC)).await.unwrap();
    let (code, out, err) = told(&run(&database, &["db", "verify"], ""));
    assert_eq!((code, out.as_str()), (Some(0), ""), "{err}");
    assert!(err.ends_with("deals, 347 customers and 56 statements verified\n"), "{err}");
    assert!(err.contains("audit lines, none of them sealed yet\n"), "{err}");

    for (sql, _) in BY_HAND {
        let mut by_hand = database.pool.begin().await.unwrap();
        // As a superuser who looks away from rules: the ones that would stop this are not what is tested.
        sqlx::raw_sql("set local session_replication_role = replica").execute(&mut *by_hand).await.unwrap();
        let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *by_hand).await.unwrap();
        assert_ne!(done.rows_affected(), 0, "{sql}");
        by_hand.commit().await.unwrap();
    }
    let (code, out, err) = told(&run(&database, &["db", "verify"], ""));
    assert_eq!(code, Some(1), "{out}{err}");
    for (sql, named) in BY_HAND {
        let line = format!("Nordlys Foods: {named}");
        assert_eq!(out.lines().filter(|told| told.starts_with(&line)).count(), 1, "{sql}: {named}\n{out}");
    }
    assert!(err.lines().last().unwrap().ends_with(" stored values differ"), "{err}");
}

/// The seal that the server's log and the audit page show is still there, or verifying says that it is not.
#[tokio::test(flavor = "multi_thread")]
async fn a_seal_that_was_kept_elsewhere_is_looked_for() {
    let database = TestDatabase::create().await;
    let act = "insert into organizations (name, currency, time_zone, created_at) values ('Nordlys', 'EUR', 'UTC', 'epoch');
         insert into audit (org_id, at, action, object) select 1, 'epoch', 'settings.changed', '/settings' from generate_series(1, 9)";
    sqlx::raw_sql(act).execute(&database.pool).await.unwrap();
    let mut server = attain(&database, &["serve", "--listen", &free_address().to_string()]).spawn().unwrap();
    let mut log = BufReader::new(server.stderr.take().unwrap());
    let line = line_with(&mut log, "sealed the audit log");
    stop(&mut server);
    assert_eq!(server.wait().unwrap().code(), Some(0));
    let field = |name: &str| {
        let (_, rest) = line.split_once(&format!(" {name}=")).unwrap();
        rest.split_whitespace().next().unwrap().trim_matches('"').to_owned()
    };
    assert_eq!((field("organization"), field("lines")), ("1".to_owned(), "9".to_owned()), "{line}");
    let kept = format!("{}:{}", field("seal"), field("code"));

    let (code, out, err) = told(&run(&database, &["db", "verify", "--seal", &kept], ""));
    assert_eq!((code, out.as_str()), (Some(0), ""), "{err}");
    assert!(err.contains("9 audit lines under 1 seal, 0 not sealed yet") && err.contains(&kept), "{err}");
    let (code, _, err) = told(&run(&database, &["db", "verify", "--seal", "1"], ""));
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("a seal is NUMBER:CODE"), "{err}");

    sqlx::raw_sql("delete from audit where id = 5").execute(&database.pool).await.unwrap();
    let (code, out, err) = told(&run(&database, &["db", "verify", "--seal", &kept], ""));
    assert_eq!(code, Some(1), "{err}");
    let told_of = "Nordlys: audit_seals.digest of audit seal 1 of ";
    assert!(out.starts_with(told_of) && out.contains("stored 9 lines") && out.contains("derived 8 lines"), "{out}");
    sqlx::raw_sql("delete from audit_seals").execute(&database.pool).await.unwrap();
    let (code, out, err) = told(&run(&database, &["db", "verify"], ""));
    assert_eq!((code, out.as_str()), (Some(0), ""), "{err}");
    let (code, out, err) = told(&run(&database, &["db", "verify", "--seal", &kept], ""));
    assert_eq!(code, Some(1), "{err}");
    assert_eq!(out, format!("audit_seals: the log has no seal {kept}: it was cut or rewritten since\n"));
}

/// Lines pass one by one: a log of 200 MB is sealed and verified with less memory than that.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_log_is_not_held_in_memory() {
    let database = TestDatabase::create().await;
    let act =
        "insert into organizations (name, currency, time_zone, created_at) values ('Nordlys', 'EUR', 'UTC', 'epoch');
         insert into audit (org_id, at, action, object, detail)
         select 1, 'epoch', 'settings.changed', '/settings', jsonb_build_object('words', repeat(md5(n::text), 40))
         from generate_series(1, 150000) n";
    sqlx::raw_sql(act).execute(&database.pool).await.unwrap();
    let clock = Clock::Fixed(datetime!(2026-11-19 10:00 UTC));
    assert!(seals::beside(&database.pool, OrgId(1), clock).await.unwrap().is_some());
    let verify = attain(&database, &["db", "verify"]);
    let mut limited = Command::new("/bin/sh");
    limited.args(["-c", "ulimit -d 100000 && exec \"$0\" db verify", verify.get_program().to_str().unwrap()]);
    limited.envs(verify.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let (code, out, err) = told(&limited.output().unwrap());
    assert_eq!((code, out.as_str()), (Some(0), ""), "{err}");
    assert!(err.contains("150000 audit lines under 1 seal"), "{err}");
}
