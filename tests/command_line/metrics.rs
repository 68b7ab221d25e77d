//! `attain metrics`, the contract that other programs read: its numbers are compared with those that the files of a real
//! company give by hand.

use std::{collections::BTreeMap, fs, path::Path};

use attain::domain::rate::Ratio;
use time::{Date, macros::format_description};

use super::{database::TestDatabase, run, told};

const HEADER: &str = "period_kind,period_start,rep,new_customers,lost_customers,won_back_customers,visits,\
    stranger_visits,touches,net_sales,new_customer_sales,existing_customer_sales,net_sales_base,sales_growth";

async fn northwind() -> TestDatabase {
    let database = TestDatabase::create().await;
    let folder = northwind_folder();
    import(&database, folder.to_str().unwrap(), "Northwind");
    database
}

fn northwind_folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/northwind")
}

fn import(database: &TestDatabase, folder: &str, organization: &str) {
    let (code, _, err) = told(&run(database, &["import", folder, "--organization", organization], ""));
    assert_eq!(code, Some(0), "{err}");
}

/// The cells of what `attain metrics … --today 1998-12-31` prints, without the header.
fn metrics(database: &TestDatabase, every: &str, from: &str, to: &str, by: &str) -> Vec<Vec<String>> {
    let args = ["metrics", "--organization", "Northwind", "--every", every, "--from", from, "--to", to, "--by", by];
    let args = [&args[..], &["--format", "csv", "--today", "1998-12-31"]].concat();
    let (code, out, err) = told(&run(database, &args, ""));
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let mut lines = out.lines();
    assert_eq!(lines.next(), Some(HEADER));
    lines.map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

fn cents(money: &str) -> i64 {
    let (whole, cents) = money.split_once('.').unwrap();
    assert_eq!(cents.len(), 2, "{money}");
    format!("{whole}{cents}").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn northwinds_totals_are_those_of_its_history() {
    let database = northwind().await;
    for every in ["year", "month", "quarter", "day"] {
        let rows = metrics(&database, every, "1996-07", "1998-12", "organization");
        assert!(rows.iter().all(|row| row[0] == every && row[2] == "*"));
        let sum = |column: usize| rows.iter().map(|row| row[column].parse::<i64>().unwrap()).sum::<i64>();
        assert_eq!((sum(3), sum(4), sum(5), sum(6) + sum(7) + sum(8)), (89, 134, 45, 0), "{every}");
        assert_eq!(rows.iter().map(|row| cents(&row[9])).sum::<i64>(), 126_579_329, "{every}");
        assert!(rows.iter().all(|row| cents(&row[9]) == cents(&row[10]) + cents(&row[11])), "{every}");
    }
    let years = metrics(&database, "year", "1996-12", "1998-01", "organization");
    let starts: Vec<&str> = years.iter().map(|row| row[1].as_str()).collect();
    assert_eq!(starts, ["1996-01-01", "1997-01-01", "1998-01-01"]);
    assert_eq!((years[0][12].as_str(), years[0][13].as_str()), ("0.00", ""), "no rate over a base of zero");
}

/// Net sales by rep (and `*`) and month, as they stand in deals.csv.
fn sales_by_hand() -> BTreeMap<(String, String), i64> {
    let mut sales = BTreeMap::new();
    let text = fs::read_to_string(northwind_folder().join("deals.csv")).unwrap();
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let column = |name| header.iter().position(|column| *column == name).unwrap();
    let (rep, closed, amount) = (column("rep"), column("closed_on"), column("amount"));
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        for who in [cells[rep], "*"] {
            let month = format!("{}-01", &cells[closed][..7]);
            *sales.entry((month, who.to_owned())).or_default() += cents(cells[amount]);
        }
    }
    sales
}

#[tokio::test(flavor = "multi_thread")]
async fn every_month_of_every_rep_is_what_the_file_says() {
    let database = northwind().await;
    let rows = metrics(&database, "month", "1996-07", "1998-12", "rep");
    let by_hand = sales_by_hand();
    let mut keys = vec![];
    for month in (1996..=1998).flat_map(|year| (1..=12).map(move |month| format!("{year}-{month:02}-01"))).skip(6) {
        keys.extend(["*", "1", "2", "3", "4", "5", "6", "7", "8", "9"].map(|rep| (month.clone(), rep.to_owned())));
    }
    assert_eq!(rows.iter().map(|row| (row[1].clone(), row[2].clone())).collect::<Vec<_>>(), keys);

    for row in &rows {
        let sales = |month: &str| by_hand.get(&(month.to_owned(), row[2].clone())).copied().unwrap_or_default();
        let year: i32 = row[1][..4].parse().unwrap();
        let (now, base) = (sales(&row[1]), sales(&format!("{}{}", year - 1, &row[1][4..])));
        assert_eq!((cents(&row[9]), cents(&row[12])), (now, base), "{row:?}");
        let growth = if base > 0 { six_decimals(now - base, base) } else { String::new() };
        assert_eq!(row[13], growth, "{row:?}");
    }
    for column in [3, 4, 5] {
        let of = |company: bool| -> i64 {
            rows.iter().filter(|row| (row[2] == "*") == company).map(|row| row[column].parse::<i64>().unwrap()).sum()
        };
        assert_eq!(of(true), of(false), "every customer of Northwind has an owner");
    }
}

/// change ÷ base with six decimals, half away from zero, by school arithmetic.
fn six_decimals(change: i64, base: i64) -> String {
    let millionths = (i128::from(change.abs()) * 2_000_000 + i128::from(base)) / (2 * i128::from(base));
    let sign = if change < 0 && millionths > 0 { "-" } else { "" };
    format!("{sign}{}.{:06}", millionths / 1_000_000, millionths % 1_000_000)
}

#[test]
fn school_arithmetic_and_ours_agree_on_halves() {
    for (change, base, text) in
        [(1, 2_000_000, "0.000001"), (-1, 2_000_000, "-0.000001"), (-1, 3_000_000, "0.000000"), (5, 3, "1.666667")]
    {
        assert_eq!(six_decimals(change, base), text);
        let ours = Ratio::new(change.into(), base.into()).unwrap().rounded(6).to_string();
        assert_eq!(ours, text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn periods_are_those_with_a_day_in_the_months() {
    let database = northwind().await;
    let starts = |every, from, to| -> Vec<String> {
        metrics(&database, every, from, to, "organization").into_iter().map(|row| row[1].clone()).collect()
    };
    // 1 December 1996 is a Sunday, 31 January 1997 a Friday: both weeks reach beyond the months.
    let weeks = starts("week", "1996-12", "1997-01");
    let monday = |text: &str| Date::parse(text, format_description!("[year]-[month]-[day]")).unwrap();
    assert_eq!((weeks.len(), weeks[0].as_str(), weeks[9].as_str()), (10, "1996-11-25", "1997-01-27"));
    assert!(weeks.windows(2).all(|pair| (monday(&pair[1]) - monday(&pair[0])).whole_days() == 7));
    // 1998 has a week 53, and it ends in 1999: it is listed in both, and has no base.
    assert_eq!(starts("week", "1998-12", "1998-12").last().unwrap(), "1998-12-28");
    assert_eq!(starts("week", "1999-01", "1999-01")[0], "1998-12-28");
    let rows = metrics(&database, "week", "1998-12", "1998-12", "organization");
    let with_base: Vec<bool> = rows.iter().map(|row| !row[12].is_empty()).collect();
    assert_eq!(with_base, [true, true, true, true, false]);
    assert_eq!(rows[4][13], "");

    assert_eq!(starts("quarter", "1997-03", "1997-04"), ["1997-01-01", "1997-04-01"]);
    assert_eq!(starts("month", "1997-02", "1997-02"), ["1997-02-01"]);
    let days = starts("day", "1996-02", "1996-02");
    assert_eq!((days.len(), days[0].as_str(), days[28].as_str()), (29, "1996-02-01", "1996-02-29"));

    // What is dated after today does not count, and a running month is compared as far as it has come.
    let args = ["metrics", "--every", "month", "--from", "1998-03", "--to", "1998-04", "--by", "organization"];
    let (_, out, _) = told(&run(&database, &[&args[..], &["--format", "csv", "--today", "1998-03-31"]].concat(), ""));
    let rows: Vec<Vec<&str>> = out.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let by_hand = sales_by_hand();
    let sales = |month: &str| by_hand[&(month.to_owned(), "*".to_owned())];
    assert_eq!((cents(rows[0][9]), cents(rows[0][12])), (sales("1998-03-01"), sales("1997-03-01")));
    assert_eq!((cents(rows[1][9]), cents(rows[1][12])), (0, 0), "April has not begun: {out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn teams_and_formats_say_the_same() {
    let database = northwind().await;
    let company = metrics(&database, "year", "1996-01", "1998-12", "organization");
    let teams = metrics(&database, "year", "1996-01", "1998-12", "team");
    let names: Vec<&str> = teams.iter().map(|row| row[2].as_str()).collect();
    assert_eq!(names, ["UK", "USA", "UK", "USA", "UK", "USA"]);
    for (of_company, of_top) in company.iter().zip(teams.iter().filter(|row| row[2] == "USA")) {
        assert_eq!(of_company[3..], of_top[3..], "everybody belongs to USA or below");
    }
    let reps = metrics(&database, "year", "1996-01", "1998-12", "rep");
    for (place, team) in teams.iter().enumerate().filter(|(_, row)| row[2] == "UK") {
        let of_reps: i64 = reps
            .iter()
            .filter(|row| row[1] == team[1] && ["5", "9"].contains(&row[2].as_str()))
            .map(|row| cents(&row[9]))
            .sum();
        assert_eq!(cents(&team[9]), of_reps, "{place}");
    }

    let args = ["metrics", "--every", "year", "--from", "1996-01", "--to", "1996-12", "--by", "organization"];
    let args = [&args[..], &["--today", "1998-12-31", "--format"]].concat();
    let (_, json, _) = told(&run(&database, &[&args[..], &["json"]].concat(), ""));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let [row] = json.as_array().unwrap().as_slice() else { panic!("{json}") };
    let keys: Vec<&str> = HEADER.split(',').collect();
    assert_eq!(row.as_object().unwrap().len(), keys.len());
    for (key, cell) in keys.iter().zip(&company[0]) {
        let value = &row[key];
        match *key {
            "sales_growth" => assert!(value.is_null() && cell.is_empty()),
            _ if value.is_i64() => assert_eq!(value.to_string(), *cell),
            _ => assert_eq!(value, cell),
        }
    }
    // Without --format it is a table, without --by it is everybody.
    let (_, table, _) =
        told(&run(&database, &["metrics", "--every", "year", "--from", "1996-01", "--to", "1996-12"], ""));
    let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], keys);
    assert_eq!((lines.len(), lines[1][2], lines[10][2]), (11, "*", "9"));
    assert_eq!(lines[1][9], company[0][9]);
    assert!(table.lines().all(|line| line.trim_end() == line));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_answered_is_told_apart() {
    let database = northwind().await;
    for (args, code, words) in [
        (vec!["--from", "1996-13", "--to", "1997-01"], 1, "--from: “1996-13” is not a month"),
        (vec!["--from", "1996-12", "--to", "1997"], 1, "--to: “1997” is not a month"),
        (vec!["--from", "1997-02", "--to", "1997-01"], 1, "--from 1997-02 lies after --to 1997-01"),
        (vec!["--from", "1997-02", "--to", "1997-02", "--today", "tomorrow"], 1, "--today: “tomorrow” is not a date"),
        (vec!["--from", "1997-02", "--to", "1997-02", "--organization", "Southwind"], 1, "there is no company"),
        (vec!["--from", "1997-02"], 2, "--to"),
    ] {
        let output = run(&database, &[&["metrics", "--every", "month", "--format", "csv"], &args[..]].concat(), "");
        let (told_code, out, err) = told(&output);
        assert_eq!((told_code, out.as_str()), (Some(code), ""), "{args:?}: {err}");
        assert!(err.contains(words), "{args:?}: {err}");
    }
    let args = ["metrics", "--every", "month", "--from", "1997-02", "--to", "1997-02"];
    let mut nowhere = super::attain(&database, &args);
    nowhere.env("DATABASE_URL", "postgres://attain@127.0.0.1:1/nowhere");
    let (code, out, err) = told(&nowhere.output().unwrap());
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(err.contains("cannot reach the database"), "{err}");
}

/// Names as text, a currency without decimals, names that need quotes, and people and deals of nobody.
#[tokio::test(flavor = "multi_thread")]
async fn small_companies_keep_to_the_contract_too() {
    let database = TestDatabase::create().await;
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("reps.csv", "external_id,name,manager\n10,Ann,Boss\n2,Ben,Boss\n\"a, \"\"b\"\"\",Cyd,Boss\n"),
        ("customers.csv", "external_id,name,rep\nC1,Alpha,2\n"),
        (
            "deals.csv",
            "external_id,customer,rep,closed_on,amount,currency,stage\n\
             D1,C1,2,2026-01-05,1000,JPY,won\nD2,C1,,2026-01-06,500,JPY,won\nD3,C1,2,2026-01-07,-100,JPY,won\n",
        ),
        (
            "visits.csv",
            "external_id,rep,customer,visited_on,kind\nV1,10,C1,2026-01-04,in_person\nV2,10,C1,2026-01-04,call\n",
        ),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    import(&database, folder.path().to_str().unwrap(), "Tokyo");
    let args = ["metrics", "--every", "month", "--from", "2026-01", "--to", "2026-01", "--format", "csv"];
    let (code, out, _) = told(&run(&database, &[&args[..], &["--today", "2026-02-01"]].concat(), ""));
    assert_eq!(code, Some(0));
    let rows: Vec<&str> = out.lines().skip(1).collect();
    assert_eq!(
        rows,
        [
            "month,2026-01-01,*,1,0,0,1,1,1,1400,1400,0,0,",
            "month,2026-01-01,10,0,0,0,1,1,1,0,0,0,0,",
            "month,2026-01-01,2,1,0,0,0,0,0,900,900,0,0,",
            "month,2026-01-01,\"a, \"\"b\"\"\",0,0,0,0,0,0,0,0,0,0,",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn further_metrics_are_columns_for_who_asks() {
    let database = northwind().await;
    let asked = |with: &str| {
        let args =
            ["metrics", "--organization", "Northwind", "--every", "year", "--from", "1997-01", "--to", "1998-12"];
        let more = ["--by", "organization", "--format", "csv", "--today", "1998-12-31", "--with", with];
        told(&run(&database, &[&args[..], &more].concat(), ""))
    };
    let (code, out, err) = asked("growth_from_new,growth_from_existing,gross_margin,cross_sell_count,cross_sell_sales");
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let mut lines = out.lines();
    let header =
        format!("{HEADER},growth_from_new,growth_from_existing,gross_margin,cross_sell_count,cross_sell_sales");
    assert_eq!(lines.next(), Some(header.as_str()));
    let micro = |share: &str| share.replace('.', "").parse::<i64>().unwrap();
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    for row in &rows {
        let apart = micro(row[14]) + micro(row[15]) - micro(row[13]);
        assert!(apart.abs() <= 1, "{row:?}: each is rounded by itself");
        assert_eq!(row[16], "0.00", "the files name no costs");
    }
    // Counted and added up in the files by another program: each deal there is of one category, and none comes back.
    let crossed: Vec<(&str, &str)> = rows.iter().map(|row| (row[17], row[18])).collect();
    assert_eq!(crossed, [("202", "362309.38"), ("96", "120454.21")]);
    let (code, out, err) = asked("net_sales");
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(err.contains("no further column has this name"), "{err}");
}
