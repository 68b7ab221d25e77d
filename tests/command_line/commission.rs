//! `attain commission run`, `verify`, `export`, `recompute`: the pay of a real company's quarter, compared with what its
//! files give by hand, and what is found when somebody changes a cent.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::Value;
use sqlx::AssertSqlSafe;

use super::{database::TestDatabase, run, told};

const PLANS: &str = r#"[ { "name": "Quarterly", "currency": "USD", "period": "quarter", "components": [
    { "name": "Sales", "measure": "net_sales", "pays": { "rate": "0.03" } },
    { "name": "New customers", "measure": "new_customers", "pays": { "per_unit": "50.00" } } ] } ]"#;

/// Northwind with everybody but rep 9 on a plan by quarters, and a person of finance.
async fn northwind() -> TestDatabase {
    let database = TestDatabase::create().await;
    let files = tempfile::tempdir().unwrap();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/northwind");
    for file in ["reps.csv", "customers.csv", "deals.csv"] {
        fs::copy(data.join(file), files.path().join(file)).unwrap();
    }
    fs::write(files.path().join("plans.json"), PLANS).unwrap();
    let assigned: String = (1..=8).map(|rep| format!("Quarterly,{rep},1996-07-01,\n")).collect();
    fs::write(files.path().join("assignments.csv"), format!("plan,rep,from,to\n{assigned}")).unwrap();
    let (code, _, err) =
        told(&run(&database, &["import", files.path().to_str().unwrap(), "--organization", "Northwind"], ""));
    assert_eq!(code, Some(0), "{err}");
    let create = ["user", "create", "Freja@example.com", "--name", "Freja Finans", "--role", "finance"];
    let (code, _, err) = told(&run(&database, &create, "tuba paraffin nebel kran\n"));
    assert_eq!(code, Some(0), "{err}");
    database
}

fn commission(database: &TestDatabase, args: &[&str]) -> (Option<i32>, String, String) {
    told(&run(database, &[&["commission"], args].concat(), ""))
}

const STORE: [&str; 6] = ["run", "--period", "1997-Q4", "--store", "--as", "freja@EXAMPLE.com"];

fn cents(money: &str) -> i64 {
    let (whole, cents) = money.split_once('.').unwrap();
    assert_eq!(cents.len(), 2, "{money}");
    format!("{whole}{cents}").parse().unwrap()
}

/// Net sales of each rep from October to December 1997, as they stand in deals.csv.
fn sales_by_hand() -> BTreeMap<String, i64> {
    let text =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/northwind/deals.csv")).unwrap();
    let mut sales = BTreeMap::new();
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        if ["1997-10", "1997-11", "1997-12"].contains(&&cells[4][..7]) {
            *sales.entry(cells[2].to_owned()).or_default() += cents(cells[5]);
        }
    }
    sales
}

/// How many customers each rep won in the quarter, by `attain metrics`.
fn won(database: &TestDatabase) -> BTreeMap<String, i64> {
    let args = ["metrics", "--every", "quarter", "--from", "1997-10", "--to", "1997-12", "--format", "csv"];
    let (_, out, _) = told(&run(database, &args, ""));
    let rows = out.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
    rows.map(|row| (row[2].to_owned(), row[3].parse().unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quarter_of_northwind_pays_what_its_files_give_by_hand() {
    let database = northwind().await;
    let printed = ["run", "--organization", "Northwind", "--period", "1997-Q4", "--format", "csv"];
    let (code, out, err) = commission(&database, &printed);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let (sales, won) = (sales_by_hand(), won(&database));
    let mut expected = "rep,component,measure,amount,currency\n".to_owned();
    for rep in (1..=8).map(|rep| rep.to_string()) {
        // 3 % rounded half away from zero, by school arithmetic.
        let pays = (sales.get(&rep).copied().unwrap_or_default() * 3 + 50) / 100;
        let new = won[&rep] * 5000;
        let money = |cents: i64| format!("{}.{:02}", cents / 100, cents % 100);
        expected += &format!("{rep},Sales,net_sales,{},USD\n", money(pays));
        expected += &format!("{rep},New customers,new_customers,{},USD\n", money(new));
        expected += &format!("{rep},*,total,{},USD\n", money(pays + new));
    }
    assert_eq!(out, expected);
    assert!(sales.len() > 5 && won.values().sum::<i64>() > 0, "the quarter has something to pay");

    let (_, json, _) = commission(&database, &["run", "--period", "1997-Q4", "--format", "json"]);
    let json: Vec<Value> = serde_json::from_str(&json).unwrap();
    let heads = ["rep", "component", "measure", "amount", "currency"];
    let same = json.iter().map(|row| heads.map(|head| row[head].as_str().unwrap()).join(",")).collect::<Vec<_>>();
    assert_eq!(same, out.lines().skip(1).collect::<Vec<_>>());
    let (_, text, _) = commission(&database, &["run", "--period", "1997-Q4"]);
    assert_eq!(text.lines().count(), out.lines().count());
    let runs = sqlx::query_scalar!("select count(*) from commission_runs").fetch_one(&database.pool).await.unwrap();
    assert_eq!(runs, Some(0), "nothing was stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_calculated_or_stored_is_refused() {
    let database = northwind().await;
    for (args, words) in [
        (&["run", "--period", "1997-W40"][..], "is no month, quarter or year"),
        (&["run", "--period", "soon"], "is no month, quarter or year"),
        (&["run", "--period", "2999"], "has not begun"),
        (&["run", "--period", "1997-10"], "nobody is on a plan that is paid by a month"),
        (&["run", "--period", "1997-Q4", "--organization", "Southwind"], "there is no company “Southwind”"),
        (&["run", "--period", "1997-Q4", "--store", "--as", "nobody@example.com"], "nobody active has the address"),
        (&["run", "--period", "1997-Q4", "--store", "--as", "nancy.davolio@example.test"], "is not of finance"),
        (&["run", "--period", "1997-10", "--store", "--as", "freja@example.com"], "Nobody is on a plan"),
        (&["verify", "--run", "77"], "there is no run 77"),
        (&["export", "77", "/tmp/never.json"], "there is no run 77"),
    ] {
        let (code, out, err) = commission(&database, args);
        assert_eq!((code, out.as_str()), (Some(1), ""), "{args:?} {err}");
        assert!(err.contains(words), "{args:?} {err}");
    }
    let second = ["user", "create", "farid@example.com", "--name", "Farid", "--role", "finance"];
    assert_eq!(told(&run(&database, &second, "tuba paraffin nebel kran\n")).0, Some(0));
    let (code, _, err) = commission(&database, &["run", "--period", "1997-Q4", "--store"]);
    assert_eq!(code, Some(1), "{err}");
    assert!(err.to_lowercase().contains("who prepares the run: farid@example.com, freja@example.com"), "{err}");
    let rows = "select (select count(*) from commission_runs) + (select count(*) from audit where action like 'run.%')";
    let row = sqlx::raw_sql(rows).fetch_one(&database.pool).await.unwrap();
    assert_eq!(sqlx::Row::get::<i64, _>(&row, 0), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_run_is_that_of_the_page_and_verifies() {
    let database = northwind().await;
    let (_, printed, _) = commission(&database, &["run", "--period", "1997-Q4"]);
    // Finance is one person: nobody has to say who prepares it.
    let (code, out, err) = commission(&database, &STORE[..4]);
    assert_eq!((code, out), (Some(0), printed));
    assert_eq!(err, "run 1 of Q4 1997 is stored: 8 statements\n");
    let kept = sqlx::query!(
        r#"select u.name, a.detail ->> 'period' as period, (select count(*) from statements) as "statements!",
                  (select count(*) from statement_lines) as "lines!"
           from commission_runs r
           join users u on u.id = r.prepared_by
           join audit a on a.user_id = u.id and a.action = 'run.calculated'"#
    );
    let kept = kept.fetch_one(&database.pool).await.unwrap();
    assert_eq!((kept.name.as_str(), kept.period.as_deref()), ("Freja Finans", Some("1997-Q4")));
    assert_eq!((kept.statements, kept.lines), (8, 16));

    let (code, out, err) = commission(&database, &["verify"]);
    assert_eq!((code, out.as_str(), err.as_str()), (Some(0), "", "8 statements calculated again: all the same\n"));
    // Nobody approved it, and somebody wrote a lock.
    let lock = "insert into period_locks select org_id, id, period_kind, period_start, period_end, prepared_at from commission_runs";
    by_hand(&database, lock).await;
    for run in [&["verify"][..], &["verify", "--run", "1"]] {
        let (code, out, err) = commission(&database, run);
        assert_eq!((code, err.as_str()), (Some(1), "1 thing does not hold together between statements\n"), "{out}");
        assert!(out.contains("period_locks") && out.contains("run 1"), "{out}");
    }
    by_hand(&database, "delete from period_locks").await;
    for (changes, back, words) in [
        ("carried = -100", "carried = 0", "statements.carried: stored -1.00, calculated 0.00"),
        ("draw_balance = 100", "draw_balance = 0", "statements.draw_balance: stored 1.00, calculated 0.00"),
    ] {
        let set = |what: &str| format!("update statements set {what} where id = 2");
        by_hand(&database, &set(changes)).await;
        let (code, out, _) = commission(&database, &["verify"]);
        assert!(code == Some(1) && out.contains(words), "{out}");
        by_hand(&database, &set(back)).await;
    }
    let moved = "update commission_runs set period_start = '1997-07-01', period_end = '1997-10-01'";
    by_hand(&database, moved).await;
    let (_, out, _) = commission(&database, &["verify"]);
    assert!(out.contains("facts of 1997-Q4, calculated facts of 1997-Q3"), "{out}");
    by_hand(&database, "update commission_runs set period_start = '1997-10-01', period_end = '1998-01-01'").await;
    by_hand(&database, "update statement_lines set amount = amount + 1 where statement_id = 3 and position = 1").await;
    by_hand(&database, "update statements set digest = '\\x00' where id = 5").await;
    let (code, out, err) = commission(&database, &["verify", "--organization", "Northwind", "--run", "1"]);
    assert_eq!((code, err.as_str()), (Some(1), "2 of 8 statements differ\n"));
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 2, "{out}");
    assert!(lines[0].starts_with("Northwind: statement 3 of ") && lines[0].contains("line 1 Sales"), "{out}");
    assert!(lines[1].starts_with("Northwind: statement 5 of ") && lines[1].contains("statements.digest"), "{out}");

    // Signed by somebody else, the period is locked: it is calculated, and not stored again.
    for sql in [
        "insert into run_submissions select org_id, id, prepared_by, prepared_at from commission_runs",
        "insert into period_locks select org_id, id, period_kind, period_start, period_end, prepared_at from commission_runs",
    ] {
        by_hand(&database, sql).await;
    }
    let (code, out, err) = commission(&database, &STORE);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(err.contains("approved and locked"), "{err}");
    let (code, _, err) = commission(&database, &["run", "--period", "1997-Q4"]);
    assert_eq!(code, Some(0));
    assert!(err.starts_with("note: Q4 1997 is approved and locked"), "{err}");
}

async fn by_hand(database: &TestDatabase, sql: &str) {
    let mut by_hand = database.pool.begin().await.unwrap();
    sqlx::raw_sql("set local session_replication_role = replica").execute(&mut *by_hand).await.unwrap();
    assert_ne!(
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut *by_hand).await.unwrap().rows_affected(),
        0,
        "{sql}"
    );
    by_hand.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_in_a_file_is_calculated_again_without_a_database() {
    let database = northwind().await;
    assert_eq!(commission(&database, &STORE).0, Some(0));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.json");
    let file = file.to_str().unwrap();
    let (code, out, err) = commission(&database, &["export", "1", file]);
    assert_eq!((code, out, err), (Some(0), String::new(), format!("run 1 is in {file}\n")));
    let (code, _, err) = commission(&database, &["export", "1", file]);
    assert_eq!((code, err), (Some(1), format!("{file}: is there already\n")), "an exported file is left as it is");

    let whole: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!((&whole["period"], &whole["plans"].as_array().unwrap().len()), (&Value::from("1997-Q4"), &1));
    let recompute = |value: &Value| {
        fs::write(file, value.to_string()).unwrap();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_attain"));
        // No server answers there: the command asks none.
        command.env("DATABASE_URL", "postgres://127.0.0.1:1/none").args(["commission", "recompute", file]);
        told(&command.output().unwrap())
    };
    let same = (Some(0), String::new(), "8 statements calculated again: all the same\n".to_owned());
    assert_eq!(recompute(&whole), same);

    let a_cent_more = |text: &Value| {
        let cents = cents(text.as_str().unwrap()) + 1;
        Value::from(format!("{}.{:02}", cents / 100, cents % 100))
    };
    for (place, words) in [
        ("/statements/0/lines/0/amount", "line 1 Sales"),
        ("/statements/0/lines/0/detail/amount", "with another detail"),
        ("/statements/0/total", "statements.total"),
        ("/statements/0/inputs/facts/deals/0/part", "statements.digest"),
        ("/total", "total of the run"),
    ] {
        let mut changed = whole.clone();
        let value = changed.pointer_mut(place).unwrap_or_else(|| panic!("{place}"));
        *value = a_cent_more(value);
        let (code, out, err) = recompute(&changed);
        assert_eq!(code, Some(1), "{place} {err}");
        assert!(out.contains(words), "{place} {out}");
    }
    for (place, value, words) in [
        ("/statements/0/carried", Value::from("-1.00"), "statements.carried: stored -1.00, calculated 0.00"),
        ("/statements/0/inputs/facts/period", "1997-Q3".into(), "facts of 1997-Q3, calculated facts of 1997-Q4"),
        ("/statements/0/rep_id", 77.into(), "calculated facts of user 77"),
        ("/statements/0/total", "92233720368547758.07".into(), "a sum beyond what can be calculated exactly"),
    ] {
        let mut changed = whole.clone();
        *changed.pointer_mut(place).unwrap_or_else(|| panic!("{place}")) = value;
        let (code, out, err) = recompute(&changed);
        assert_eq!(code, Some(1), "{place} {err}");
        assert!(out.contains(words), "{place} {out}");
    }
    let mut changed = whole.clone();
    changed["plans"][0]["document"]["components"][0]["pays"]["rate"] = "0.031".into();
    let (code, out, err) = recompute(&changed);
    assert_eq!((code, out.lines().count()), (Some(1), 8), "{err}");

    for (place, value, words) in [
        ("/statements/2/total", Value::from("much"), "statements[2].total: “much” is no amount: write it like 123.45"),
        ("/statements/1/digest", "abc".into(), "statements[1].digest: “abc” is not hexadecimal"),
        ("/statements/1/version", 9.into(), "statements[1].plan: “Quarterly” version 9 is not among the plans"),
        ("/currency", "Kroner".into(), "currency: “Kroner” is no currency"),
        ("/format", "something else".into(), "format: “something else” is not “attain commission run 1”"),
        ("/statements", Value::Array(vec![]), "statements: there is none"),
        ("/run", "first".into(), "use the file as `attain commission export` wrote it"),
    ] {
        let mut changed = whole.clone();
        *changed.pointer_mut(place).unwrap() = value;
        let (code, out, err) = recompute(&changed);
        assert_eq!((code, out.as_str()), (Some(1), ""), "{place} {err}");
        assert!(err.starts_with(&format!("{file}: ")) && err.contains(words), "{place} {err}");
    }
    for garbage in ["", "{", "[]", "{\"run\": 1}", "\u{0}"] {
        fs::write(file, garbage).unwrap();
        let (code, _, err) = commission(&database, &["recompute", file]);
        assert_eq!(code, Some(1), "{garbage} {err}");
        assert!(err.contains("line 1 column"), "{garbage} {err}");
    }
}
