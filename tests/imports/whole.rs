//! All or nothing, twice the same, customers and who owns them.

use time::macros::datetime;

use super::support::*;
use attain::imports::import::{Failure, Request, run};

const DEALS: (&str, &str) = (
    "deals.csv",
    "external_id,customer,rep,closed_on,amount,stage\nD1,C1,R1,2026-01-05,100.00,won\nD2,C2,R2,2026-02-05,50.5,won\n",
);
const OWNERS: &str =
    "select c.external_id || ' ' || string_agg(u.external_id || ' ' || o.during::text, ', ' order by o.during)
    from ownerships o join customers c on c.id = o.customer_id join users u on u.id = o.rep_id
    group by c.external_id order by 1";

/// How many rows every table has that an import may write to.
async fn sizes(db: &TestDatabase) -> Vec<String> {
    let tables = ask(&db.pool, "select table_name::text from information_schema.tables where table_schema = 'public' and table_name <> '_sqlx_migrations' order by 1").await;
    let mut sizes = vec![];
    for table in tables {
        let rows = ask(&db.pool, &format!("select count(*)::text from {table}")).await;
        sizes.push(format!("{table} {}", rows[0]));
    }
    sizes
}

#[tokio::test]
async fn a_dry_run_does_everything_and_leaves_nothing() {
    let db = TestDatabase::create().await;
    let before = sizes(&db).await;
    let folder = folder(&[REPS, CUSTOMERS, DEALS]);
    let request = Request { folder: folder.path(), organization: "Acme", dry_run: true, now: TODAY };
    let summary = run(&db.pool, request).await.unwrap();
    assert_eq!(counts(&summary, "deals.csv"), (2, 0, 0));
    assert_eq!(sizes(&db).await, before);
}

#[tokio::test]
async fn one_wrong_cell_and_nothing_is_written() {
    let db = TestDatabase::create().await;
    let before = sizes(&db).await;
    let wrong = (
        "deals.csv",
        "external_id,customer,rep,closed_on,amount,stage\nD1,C1,R1,2026-01-05,100.00,won\nD2,C9,R2,2026-02-05,1.5,won\n",
    );
    assert_eq!(places(&db, &[REPS, CUSTOMERS, wrong]).await, ["deals.csv:3 customer C9"]);
    assert_eq!(sizes(&db).await, before);
}

#[tokio::test]
async fn nothing_stays_staged_and_the_act_is_noted() {
    let db = TestDatabase::create().await;
    import(&db, &[REPS, CUSTOMERS, DEALS]).await;
    let staged: Vec<String> =
        sizes(&db).await.into_iter().filter(|size| size.starts_with("import_") && !size.ends_with(" 0")).collect();
    assert_eq!(staged, Vec::<String>::new());
    let noted = ask(&db.pool, "select detail ->> 'deals.csv' from audit where action = 'import.done'").await;
    assert_eq!(noted, [r#"{"created": 2, "updated": 0, "unchanged": 0}"#]);
}

#[tokio::test]
async fn an_organization_is_made_with_the_currency_of_the_deals() {
    let db = TestDatabase::create().await;
    let deals = (
        "deals.csv",
        "external_id,customer,stage,currency,amount,closed_on\nD0,C1,open,,,\nD1,C1,won,JPY,12,2026-01-01\n",
    );
    import(&db, &[REPS, CUSTOMERS, deals]).await;
    let made = "select currency || ' ' || time_zone || ' ' || fiscal_year_start || ' ' || days || ' ' || coalesce(from_date::text, 'always')
        from organizations o join loss_limits l on l.org_id = o.id";
    assert_eq!(ask(&db.pool, made).await, ["JPY UTC 1 180 always"]);
    let other = TestDatabase::create().await;
    import(&other, &[REPS]).await;
    assert_eq!(ask(&other.pool, made).await, ["EUR UTC 1 180 always"]);
}

#[tokio::test]
async fn the_same_again_touches_nothing() {
    let db = TestDatabase::create().await;
    let visits = ("visits.csv", "external_id,rep,customer,visited_on,minutes\nV1,R1,C1,2026-01-02,30\n");
    let targets = ("targets.csv", "rep,period_kind,period_start,metric,value\nR1,month,2026-01-01,revenue,1000\n");
    let ownership = ("ownership.csv", "customer,rep,from,to\nC2,R1,2025-01-01,2026-01-01\nC2,R2,2026-01-01,\n");
    let files = [REPS, CUSTOMERS, ownership, DEALS, visits, targets];
    let first = import(&db, &files).await;
    for (file, rows) in [
        ("reps.csv", 3),
        ("customers.csv", 2),
        ("ownership.csv", 2),
        ("deals.csv", 2),
        ("visits.csv", 1),
        ("targets.csv", 1),
    ] {
        assert_eq!(counts(&first, file), (rows, 0, 0), "{file}");
    }
    let everything = "select 'd' || number || ' ' || id || ' ' || changed_at || ' ' || version from deals
        union all select 'c' || id || ' ' || version from customers
        union all select 'v' || id || ' ' || version || recorded_at from visits
        union all select 't' || id from targets
        union all select 'e' || customer_id || ' ' || position || ' ' || kind || ' ' || on_date from customer_events
        union all select 'o' || customer_id || ' ' || during::text from ownerships order by 1";
    let before = ask(&db.pool, everything).await;
    let again = import_on(datetime!(2026-12-24 10:00 UTC), &db, &files).await.unwrap();
    for (file, rows) in [
        ("reps.csv", 3),
        ("customers.csv", 2),
        ("ownership.csv", 2),
        ("deals.csv", 2),
        ("visits.csv", 1),
        ("targets.csv", 1),
    ] {
        assert_eq!(counts(&again, file), (0, 0, rows), "{file}");
    }
    assert_eq!(ask(&db.pool, everything).await, before);
}

#[tokio::test]
async fn other_columns_of_customers_become_attributes() {
    let db = TestDatabase::create().await;
    let customers =
        "\u{feff}name,external_id,Employees,extra,industry\n\"Alpha, \"\"A\"\"\\\",C1,40,,Food\r\nBeta,C2,,x\ty,\n";
    import(&db, &[("customers.csv", customers)]).await;
    let all = "select external_id || ' ' || name || ' ' || attributes::text || ' ' || coalesce(industry, '-') from customers order by 1";
    assert_eq!(
        ask(&db.pool, all).await,
        [r#"C1 Alpha, "A"\ {"Employees": "40"} Food"#, r#"C2 Beta {"extra": "x\ty"} -"#]
    );
    let more =
        import(&db, &[("customers.csv", "name,external_id,Employees,city\nAlpha,C1,50,Bonn\nBeta,C2,,\n")]).await;
    assert_eq!(counts(&more, "customers.csv"), (0, 1, 1));
    assert_eq!(ask(&db.pool, all).await, [r#"C1 Alpha {"Employees": "50"} Food"#, r#"C2 Beta {"extra": "x\ty"} -"#]);
    let noted = "select detail::text from audit where action = 'customer.changed'";
    assert_eq!(
        ask(&db.pool, noted).await,
        [
            r#"{"new": {"city": "Bonn", "name": "Alpha", "attributes": {"Employees": "50"}}, "old": {"city": null, "name": "Alpha, \"A\"\\", "attributes": {"Employees": "40"}}, "import": true}"#
        ]
    );
}

#[tokio::test]
async fn a_customer_is_there_since_its_first_deal_if_nothing_else_is_said() {
    let db = TestDatabase::create().await;
    let customers = ("customers.csv", "external_id,name,created_on\nC1,Alpha,\nC2,Beta,2020-05-05\nC3,Gamma,\n");
    import(&db, &[REPS, customers, DEALS]).await;
    assert_eq!(
        ask(&db.pool, "select external_id || ' ' || created_on from customers order by 1").await,
        ["C1 2026-01-05", "C2 2020-05-05", "C3 2026-11-19"]
    );
}

#[tokio::test]
async fn a_rep_owns_from_the_beginning_and_another_one_as_of_today() {
    let db = TestDatabase::create().await;
    import(&db, &[REPS, CUSTOMERS]).await;
    assert_eq!(ask(&db.pool, OWNERS).await, ["C1 R1 (,)", "C2 R2 (,)"]);
    let moved = [("customers.csv", "external_id,name,rep\nC1,Alpha,R2\nC2,Beta,\n")];
    let summary = import_on(datetime!(2026-12-01 08:00 UTC), &db, &moved).await.unwrap();
    assert_eq!(counts(&summary, "customers.csv"), (0, 1, 1));
    assert_eq!(ask(&db.pool, OWNERS).await, ["C1 R1 (,2026-12-01), R2 [2026-12-01,)", "C2 R2 (,)"]);
    let back = [("customers.csv", "external_id,name,rep\nC1,Alpha,R3\n")];
    import_on(datetime!(2026-12-01 09:00 UTC), &db, &back).await.unwrap();
    assert_eq!(ask(&db.pool, OWNERS).await, ["C1 R1 (,2026-12-01), R3 [2026-12-01,)", "C2 R2 (,)"]);
}

#[tokio::test]
async fn ownership_replaces_the_rep_of_customers() {
    let db = TestDatabase::create().await;
    let ownership = ("ownership.csv", "customer,rep,from,to\nC1,R2,2026-01-01,2026-07-01\nC1,R1,2026-07-01,\n");
    import(&db, &[REPS, CUSTOMERS, ownership]).await;
    assert_eq!(ask(&db.pool, OWNERS).await, ["C1 R2 [2026-01-01,2026-07-01), R1 [2026-07-01,)", "C2 R2 (,)"]);
    let again = import(&db, &[CUSTOMERS, ("ownership.csv", "customer,rep,from,to\nC1,R2,2026-01-01,\n")]).await;
    assert_eq!(counts(&again, "ownership.csv"), (0, 1, 0));
    assert_eq!(ask(&db.pool, OWNERS).await, ["C1 R2 [2026-01-01,)", "C2 R2 (,)"]);
    assert_eq!(
        places(
            &db,
            &[(
                "ownership.csv",
                "customer,rep,from,to\nC1,R2,2026-01-01,\nC1,R1,2026-07-01,\nC9,R9,2026-01-01,2026-01-01\n,R1,,\n"
            )]
        )
        .await,
        [
            "ownership.csv:3 from 2026-07-01",
            "ownership.csv:4 rep R9",
            "ownership.csv:4 to 2026-01-01",
            "ownership.csv:4 customer C9",
            "ownership.csv:5 customer",
            "ownership.csv:5 from",
        ]
    );
}

#[tokio::test]
async fn organizations_do_not_see_each_other() {
    let db = TestDatabase::create().await;
    let folder = folder(&[REPS, CUSTOMERS, DEALS]);
    for organization in ["Acme", "Other"] {
        let summary =
            run(&db.pool, Request { folder: folder.path(), organization, dry_run: false, now: TODAY }).await.unwrap();
        assert_eq!(counts(&summary, "deals.csv"), (2, 0, 0));
    }
    let numbers = "select o.name || ' ' || string_agg(d.number || '=' || d.external_id, ' ' order by d.number)
        from deals d join organizations o on o.id = d.org_id group by o.name order by 1";
    assert_eq!(ask(&db.pool, numbers).await, ["Acme 1=D1 2=D2", "Other 1=D1 2=D2"]);
}

#[tokio::test]
async fn a_folder_or_name_that_is_none_cannot_run() {
    let db = TestDatabase::create().await;
    let nowhere = std::path::Path::new("/nowhere/at/all");
    let failed = run(&db.pool, Request { folder: nowhere, organization: "Acme", dry_run: false, now: TODAY }).await;
    assert!(matches!(failed, Err(Failure::Folder(..))));
    let folder = folder(&[REPS]);
    let failed = run(&db.pool, Request { folder: folder.path(), organization: " ", dry_run: false, now: TODAY }).await;
    assert!(matches!(failed, Err(Failure::Asked(_))));
}

#[tokio::test]
async fn files_that_look_as_if_they_should_be_read_are_named() {
    let db = TestDatabase::create().await;
    let summary = import(&db, &[REPS, ("customer.csv", "x"), ("LICENSE.txt", "x")]).await;
    assert!(summary.notes.iter().any(|note| note.starts_with("customer.csv")));
    assert!(!summary.notes.iter().any(|note| note.contains("LICENSE")));
}
