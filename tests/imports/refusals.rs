//! What is wrong with a file as a whole, and how it is told.

use std::fs;

use super::support::*;
use attain::imports::import::{Failure, Request, run};

#[tokio::test]
async fn headers_are_checked() {
    let db = TestDatabase::create().await;
    let files = [
        ("reps.csv", "external_id,name,Email,name,\nR1,Ann,,,\n"),
        ("customers.csv", "external_id,city\nC1,Bonn\n"),
        ("deals.csv", "external_id;customer;stage\nD1;C1;won\n"),
        ("visits.csv", ""),
    ];
    let (places, remedies) = refused(&db, &files).await;
    assert_eq!(
        places,
        [
            "reps.csv:1 Email Email",
            "reps.csv:1 name name",
            "reps.csv:1 5 5",
            "customers.csv:1 name",
            "deals.csv:1 external_id;customer;stage external_id;customer;stage",
            "deals.csv:1 external_id",
            "deals.csv:1 customer",
            "deals.csv:1 stage",
            "visits.csv:1 external_id",
            "visits.csv:1 rep",
            "visits.csv:1 customer",
            "visits.csv:1 visited_on",
        ]
    );
    assert!(remedies[0].contains("external_id, name, email"), "{remedies:?}");
    assert!(remedies[4].contains("commas"), "{remedies:?}");
}

#[tokio::test]
async fn a_problem_names_file_line_column_value_and_remedy() {
    let db = TestDatabase::create().await;
    let deals =
        "external_id,customer,stage,closed_on,amount\n\"D\n1\",C1,won,2026-01-01,1\nD2,C1,won,2026-01-01,12.345\n";
    let failure = import_on(TODAY, &db, &[CUSTOMERS_ALONE, ("deals.csv", deals)]).await.unwrap_err();
    assert_eq!(
        failure.to_string(),
        "deals.csv, line 4, column amount, value \"12.345\": EUR has 2 decimals. Round the amount to as many.\n"
    );
}

const CUSTOMERS_ALONE: (&str, &str) = ("customers.csv", "external_id,name\nC1,Alpha\n");

#[tokio::test]
async fn text_is_utf_8_without_nul_and_not_too_long() {
    let db = TestDatabase::create().await;
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = b"external_id,name,city\nC1,M\xfcller,\nC2,a\0b,\nC3,Alpha,".to_vec();
    bytes.extend("x".repeat(201).bytes());
    bytes.extend(b"\nC4,Beta,Bonn\nC4,Beta\n");
    fs::write(folder.path().join("customers.csv"), bytes).unwrap();
    let request = Request { folder: folder.path(), organization: "Acme", dry_run: false, now: TODAY };
    let Err(Failure::Refused(problems)) = run(&db.pool, request).await else { panic!() };
    let places: Vec<(u64, &str)> = problems.listed().iter().map(|p| (p.line, p.column.as_str())).collect();
    assert_eq!(places, [(2, "name"), (3, "name"), (4, "city"), (6, "2")]);
    assert!(problems.listed()[0].value.contains('\u{fffd}'));
}

#[tokio::test]
async fn line_ends_of_every_system_and_empty_lines_are_fine() {
    let db = TestDatabase::create().await;
    let windows = "\u{feff}external_id,name,city\r\nC1,Alpha,\r\n\r\n,,\r\nC2, Beta ,\"Bad\r\nTown\"\r\nC3,,x\r\nC4,,";
    let expected = ["customers.csv:7 name", "customers.csv:8 name"];
    assert_eq!(places(&db, &[("customers.csv", windows)]).await, expected);
    assert_eq!(places(&db, &[("customers.csv", &windows.replace('\r', ""))]).await, expected);
    let many = format!("external_id,name,city\r\n{}C,,\r\n", "\r\n".repeat(300_000));
    assert_eq!(places(&db, &[("customers.csv", &many)]).await, ["customers.csv:300002 name"]);
}

#[tokio::test]
async fn all_problems_are_counted_though_not_all_are_listed() {
    let db = TestDatabase::create().await;
    let mut deals = "external_id,customer,stage\n".to_owned();
    for row in 0..10_050 {
        deals += &format!("D{row},C9,open\n");
    }
    let Err(Failure::Refused(problems)) = import_on(TODAY, &db, &[("deals.csv", &deals)]).await else { panic!() };
    assert_eq!((problems.listed().len(), problems.unlisted()), (10_000, 50));
    assert!(problems.to_string().ends_with("… and 50 more problems.\n"));
}
