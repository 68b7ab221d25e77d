//! `plans.json`, `assignments.csv`, `targets.csv`.

use time::macros::datetime;

use super::support::*;

const PLANS: &str = r#"[
  { "name": "Field", "currency": "EUR", "period": "month",
    "components": [ { "name": "Sales", "measure": "net_sales", "pays": { "rate": "0.03" } } ] },
  { "name": "Quarterly", "currency": "EUR", "period": "quarter",
    "components": [ { "name": "Visits", "measure": "visits", "pays": { "bonus": "200.00" }, "gate": [ { "attainment": "visits", "at_least": "1" } ] } ] }
]"#;
const VERSIONS: &str = "select p.name || ' ' || v.number || ' ' || v.from_date from plan_versions v join plans p on p.id = v.plan_id order by 1";
const ASSIGNED: &str = "select u.external_id || ' ' || p.name || ' ' || a.during::text from plan_assignments a
    join users u on u.id = a.rep_id join plans p on p.id = a.plan_id order by 1";

#[tokio::test]
async fn plans_become_versions_and_reps_are_put_on_them() {
    let db = TestDatabase::create().await;
    let assignments = "plan,rep,from,to\nField,R1,2026-01-01,\nQuarterly,R2,2026-04-01,2027-01-01\n";
    let files = [REPS, ("plans.json", PLANS), ("assignments.csv", assignments)];
    let summary = import(&db, &files).await;
    assert_eq!((counts(&summary, "plans.json"), counts(&summary, "assignments.csv")), ((2, 0, 0), (2, 0, 0)));
    assert_eq!(ask(&db.pool, VERSIONS).await, ["Field 1 2026-01-01", "Quarterly 1 2026-04-01"]);
    assert_eq!(ask(&db.pool, ASSIGNED).await, ["R1 Field [2026-01-01,)", "R2 Quarterly [2026-04-01,2027-01-01)"]);
    let again = import(&db, &files).await;
    assert_eq!((counts(&again, "plans.json"), counts(&again, "assignments.csv")), ((0, 0, 2), (0, 0, 2)));
    let changed = PLANS.replace("0.03", "0.04");
    let moved = "plan,rep,from,to\nQuarterly,R1,2026-07-01,2026-10-01\n";
    let summary = import(&db, &[("plans.json", &changed), ("assignments.csv", moved)]).await;
    assert_eq!((counts(&summary, "plans.json"), counts(&summary, "assignments.csv")), ((0, 1, 1), (1, 0, 0)));
    assert_eq!(ask(&db.pool, VERSIONS).await, ["Field 1 2026-01-01", "Field 2 2026-11-01", "Quarterly 1 2026-04-01"]);
    assert_eq!(
        ask(&db.pool, ASSIGNED).await,
        [
            "R1 Field [2026-01-01,2026-07-01)",
            "R1 Field [2026-10-01,)",
            "R1 Quarterly [2026-07-01,2026-10-01)",
            "R2 Quarterly [2026-04-01,2027-01-01)",
        ]
    );
}

#[tokio::test]
async fn a_plan_older_than_the_limits_stays_as_it_is() {
    let db = TestDatabase::create().await;
    let part = |i: usize| format!(r#"{{ "name": "Part {i}", "measure": "net_sales", "pays": {{ "rate": "0.03" }} }}"#);
    let plan = |parts: usize| {
        let parts: Vec<String> = (0..parts).map(part).collect();
        let head = r#""name": "Field", "currency": "EUR", "period": "month""#;
        format!(r#"{{ {head}, "components": [ {} ] }}"#, parts.join(", "))
    };
    import(&db, &[REPS, ("plans.json", &format!("[{}]", plan(1)))]).await;
    let large = attain::domain::commission::plan::Plan::from_json(&plan(21)).unwrap();
    let document: serde_json::Value = serde_json::from_str(&large.to_json()).unwrap();
    sqlx::query!("update plan_versions set document = $1", document).execute(&db.pool).await.unwrap();
    let summary = import(&db, &[("plans.json", &format!("[{}]", plan(21)))]).await;
    assert_eq!(counts(&summary, "plans.json"), (0, 0, 1));
    // Another one that is as large is refused, as it is in the editor.
    assert!(!places(&db, &[("plans.json", &format!("[{}]", plan(22)))]).await.is_empty());
}

#[tokio::test]
async fn wrong_plans_and_assignments_are_refused() {
    let db = TestDatabase::create().await;
    let plans = PLANS
        .replace("0.03", "3 percent")
        .replace("\"EUR\", \"period\": \"quarter\"", "\"USD\", \"period\": \"quarter\"");
    let assignments = "plan,rep,from,to\nQuarterly,R1,2026-02-01,\nQuarterly,R1,2026-04-01,\nNone,R9,2026-01-01,\n";
    let (places, remedies) = refused(&db, &[REPS, ("plans.json", &plans), ("assignments.csv", assignments)]).await;
    assert_eq!(
        places,
        [
            "plans.json:2 components[0].pays.rate 3 percent",
            "plans.json:4 currency USD",
            "assignments.csv:2 from 2026-02-01",
            "assignments.csv:3 from 2026-04-01",
            "assignments.csv:4 plan None",
            "assignments.csv:4 rep R9",
        ]
    );
    assert!(remedies[2].contains("2026-01-01"), "{remedies:?}");
    for broken in [
        "{}",
        "[ {",
        "",
        "[1]",
        &format!("[{0},{0}]", PLANS.trim_matches(['[', ']']).split("},\n  {").next().unwrap().to_owned() + "}"),
    ] {
        assert!(!self::places(&db, &[("plans.json", broken)]).await.is_empty(), "{broken}");
    }
}

#[tokio::test]
async fn targets_are_kept_with_every_change() {
    let db = TestDatabase::create().await;
    let targets = "rep,period_kind,period_start,metric,value,currency\n\
        R1,month,2026-11-01,revenue,1000.50,EUR\nR1,week,2026-11-16,visits,12,\nR2,quarter,2026-10-01,sales_growth,0.05,\n\
        R2,year,2026-01-01,lost_customers,0,EUR\nR2,day,2026-11-18,touches,3,\n";
    let summary = import(&db, &[REPS, ("targets.csv", targets)]).await;
    assert_eq!(counts(&summary, "targets.csv"), (5, 0, 0));
    let all = "select u.external_id || ' ' || period_kind || ' ' || period_start || ' ' || metric || ' ' || value || ' ' || set_at::date
        from targets t join users u on u.id = t.rep_id order by t.id";
    let first = [
        "R1 month 2026-11-01 net_sales 100050 2026-11-19",
        "R1 week 2026-11-16 visits 12 2026-11-19",
        "R2 quarter 2026-10-01 sales_growth 0.05 2026-11-19",
        "R2 year 2026-01-01 lost_customers 0 2026-11-19",
        "R2 day 2026-11-18 touches 3 2026-11-19",
    ];
    assert_eq!(ask(&db.pool, all).await, first);
    let later = datetime!(2026-11-20 10:00 UTC);
    let changed = targets.replace("visits,12", "visits,13");
    let summary = import_on(later, &db, &[("targets.csv", &changed)]).await.unwrap();
    assert_eq!(counts(&summary, "targets.csv"), (0, 1, 4));
    let mut expected = first.map(str::to_owned).to_vec();
    expected.push("R1 week 2026-11-16 visits 13 2026-11-20".to_owned());
    assert_eq!(ask(&db.pool, all).await, expected);
}

#[tokio::test]
async fn wrong_targets_are_refused() {
    let db = TestDatabase::create().await;
    let targets = "rep,period_kind,period_start,metric,value,currency\n\
        R9,fortnight,2026-11-02,profit,1,USD\nR1,month,2026-11-02,visits,1.5,\nR1,week,2026-11-17,net_sales,1.005,\n\
        R1,quarter,2026-11-01,sales_growth,5%,\nR1,year,2026-01-01,visits,-1,\nR1,day,2026-01-01,visits,,\n\
        R2,day,2026-01-01,visits,1,\nR2,day,2026-01-01,visits,2,\n";
    let (places, remedies) = refused(&db, &[REPS, ("targets.csv", targets)]).await;
    assert_eq!(
        places,
        [
            "targets.csv:2 currency USD",
            "targets.csv:2 metric profit",
            "targets.csv:2 period_kind fortnight",
            "targets.csv:2 rep R9",
            "targets.csv:3 period_start 2026-11-02",
            "targets.csv:3 value 1.5",
            "targets.csv:4 period_start 2026-11-17",
            "targets.csv:4 value 1.005",
            "targets.csv:5 period_start 2026-11-01",
            "targets.csv:5 value 5%",
            "targets.csv:6 value -1",
            "targets.csv:7 value",
            "targets.csv:9 metric visits",
        ]
    );
    assert!(
        remedies[4].contains("2026-11-01") && remedies[6].contains("2026-11-16") && remedies[8].contains("2026-10-01")
    );
}
