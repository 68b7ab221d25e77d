//! `attain commission evaluate`: data on stdout, words on stderr, exit 0, 1 or 2.

use std::{
    path::Path,
    process::{Command, Output},
};

use crate::support::{FIELD, OCTOBER};

fn evaluate(folder: &Path, format: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_attain"))
        .args(["commission", "evaluate", "--plan", "plan.json", "--facts", "facts.json", "--format", format])
        .current_dir(folder)
        .output()
        .unwrap()
}

fn folder(plan: &str, facts: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("plan.json"), plan).unwrap();
    std::fs::write(folder.path().join("facts.json"), facts).unwrap();
    folder
}

fn words(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn it_prints_the_statement() {
    let folder = folder(FIELD, OCTOBER);
    let output = evaluate(folder.path(), "json");
    assert_eq!(output.status.code(), Some(0));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["total"], "685.00");
    assert_eq!(
        words(&output.stderr),
        "note: plan.json: components[1].cap: the cap is reached after 5: the next one pays less or nothing\n"
    );

    let output = evaluate(folder.path(), "text");
    let text = words(&output.stdout);
    assert!(text.starts_with("Field 2026, R1, 2026-10\n\nSales "), "{text}");
    assert!(text.contains("\n  €1,000.00 × 1% = €10.00\n"), "{text}");
    assert!(text.contains("\n  4 more visits would have paid €200.00.\n"), "{text}");
    assert!(text.ends_with("€685.00\n"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 72), "{text}");
}

#[test]
fn refused_input_exits_with_one_and_says_where() {
    let plan = folder(&FIELD.replace(r#""rate": "0.03""#, r#""rate": 0.03"#), OCTOBER);
    let output = evaluate(plan.path(), "json");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    assert_eq!(
        words(&output.stderr),
        "plan.json: components[0].pays.tiers.steps[2].rate: numbers are written as text: \"0.03\"\n"
    );
    let facts = folder(FIELD, &OCTOBER.replace(r#""visits": "92", "#, ""));
    let output = evaluate(facts.path(), "json");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    assert_eq!(words(&output.stderr), "facts.json: metrics.visits: this is missing, and “Visits” needs it: add it\n");
}

#[test]
fn what_cannot_run_exits_with_two() {
    let folder = tempfile::tempdir().unwrap();
    let output = evaluate(folder.path(), "json");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    assert!(words(&output.stderr).starts_with("plan.json cannot be read: "));
    assert_eq!(evaluate(folder.path(), "pdf").status.code(), Some(2));
}
