//! A first import of many deals: it takes the indexes aside, and leaves everything as it would be without that.

use std::fmt::Write as _;

use super::support::*;

const RULES: &str = "select conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) || ' ' || convalidated
        from pg_constraint where connamespace = 'public'::regnamespace
    union all select pg_get_indexdef(indexrelid) from pg_index where indrelid = any (array['customers', 'ownerships', 'customer_events', 'deals',
        'deal_lines', 'deal_credits']::regclass[])
    order by 1";

#[tokio::test]
async fn many_first_deals_leave_every_index_and_reference_in_place() {
    let db = TestDatabase::create().await;
    let before = ask(&db.pool, RULES).await;
    let mut deals = "external_id,customer,rep,closed_on,amount,stage,credits,returns\n".to_owned();
    for deal in 0..50_000 {
        let customer = deal % 2 + 1;
        match deal % 10 {
            8 => writeln!(deals, "D{deal},C{customer},,2026-02-01,-5.00,won,,D{}", deal - 4),
            9 => writeln!(deals, "D{deal},C{customer},,2026-01-0{},0.05,won,R1:1;R2:1,", deal % 9 + 1),
            _ => writeln!(deals, "D{deal},C{customer},R3,2026-01-0{},10.00,won,,", deal % 9 + 1),
        }
        .unwrap();
    }
    let mut customers = CUSTOMERS.1.to_owned();
    for customer in 0..10_000 {
        writeln!(customers, "M{customer},One of many,R{}", customer % 3 + 1).unwrap();
    }
    let files = [REPS, ("customers.csv", &*customers), ("deals.csv", &*deals)];
    let summary = import(&db, &files).await;
    assert_eq!(counts(&summary, "deals.csv"), (50_000, 0, 0));
    assert_eq!(ask(&db.pool, RULES).await, before);
    let sums = "select count(*) || ' ' || sum(net) || ' ' || count(returns_id) || ' ' || min(number) || ' ' || max(number) || ' ' ||
        (select sum(amount) from deal_lines) || ' ' || (select sum(amount) from deal_credits) from deals";
    assert_eq!(ask(&db.pool, sums).await, ["50000 37525000 5000 1 50000 37525000 37525000"]);
    let owned = "select count(*)::text from ownerships";
    assert_eq!(ask(&db.pool, owned).await, ["10002"]);
    let again = import(&db, &files).await;
    assert_eq!(counts(&again, "deals.csv"), (0, 0, 50_000));
}

/// Somebody who reads the tables for long is not waited for: the import goes on with its indexes in place.
#[tokio::test]
async fn tables_in_use_keep_their_indexes() {
    let db = TestDatabase::create().await;
    let mut reader = db.pool.begin().await.unwrap();
    sqlx::raw_sql("select count(*) from deals").execute(&mut *reader).await.unwrap();
    let lifted =
        ask(&db.pool, "select lift_rules(array['deals', 'deal_lines', 'deal_credits']::regclass[])::text").await;
    assert_eq!(lifted, ["false"]);
    assert_eq!(ask(&db.pool, "select count(*)::text from import_lifted_rules").await, ["0"]);
    reader.rollback().await.unwrap();
}
