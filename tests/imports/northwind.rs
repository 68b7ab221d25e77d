//! A real company's history (tests/data/northwind), from the first order to the last customer lost.

use std::path::Path;

use attain::imports::import::{Request, Summary, run};

use super::support::{TODAY, TestDatabase, ask, counts};

async fn northwind(db: &TestDatabase) -> Summary {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/northwind");
    run(&db.pool, Request { folder: &folder, organization: "Northwind", dry_run: false, now: TODAY }).await.unwrap()
}

#[tokio::test]
async fn the_totals_are_those_that_were_worked_out_by_hand() {
    let db = TestDatabase::create().await;
    let summary = northwind(&db).await;
    assert_eq!(counts(&summary, "reps.csv"), (9, 0, 0));
    assert_eq!(counts(&summary, "customers.csv"), (91, 0, 0));
    assert_eq!(counts(&summary, "deals.csv"), (830, 0, 0));
    assert_eq!(
        ask(&db.pool, "select kind || ' ' || count(*) from customer_events where on_date < '1999-01-01' group by kind order by kind").await,
        ["first_sale 89", "lost 134", "won_back 45"]
    );
    assert_eq!(ask(&db.pool, "select sum(net)::text from deals where stage = 'won'").await, ["126579329"]);
    assert_eq!(ask(&db.pool, "select sum(amount)::text from deal_credits").await, ["126579329"]);
    assert_eq!(ask(&db.pool, "select currency from organizations").await, ["USD"]);
    let again = northwind(&db).await;
    for (file, rows) in [("reps.csv", 9), ("customers.csv", 91), ("deals.csv", 830)] {
        assert_eq!(counts(&again, file), (0, 0, rows), "{file}");
    }
}

#[tokio::test]
async fn the_teams_stand_as_their_managers_do() {
    let db = TestDatabase::create().await;
    northwind(&db).await;
    let teams = "select t.name || ' < ' || coalesce(p.name, '-') || ' by ' || u.name
        from teams t left join teams p on p.id = t.parent_id
        join team_managers m on m.team_id = t.id join users u on u.id = m.user_id order by 1";
    assert_eq!(ask(&db.pool, teams).await, ["UK < USA by Andrew Fuller", "USA < - by Andrew Fuller"]);
    let managers = "select u.name from user_roles r join users u on u.id = r.user_id where role = 'manager' order by 1";
    assert_eq!(ask(&db.pool, managers).await, ["Andrew Fuller", "Steven Buchanan"]);
}
