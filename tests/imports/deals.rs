//! `deals.csv` and `deal_lines.csv`.

use attain::domain::money::Money;
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, TestRunner},
};
use time::macros::datetime;

use super::support::*;

const HEADER: &str =
    "external_id,customer,rep,opened_on,closed_on,amount,stage,source_stage,product,quantity,cost,returns,credits";
const ALL: &str = "select number || ' ' || d.external_id || ' ' || c.external_id || ' ' || coalesce(u.external_id, '-') || ' ' || stage ||
        ' ' || coalesce(booked_on::text, '-') || ' ' || net || ' ' ||
        coalesce((select string_agg(coalesce(p.name, '-') || '*' || l.quantity || '=' || l.amount || coalesce('/' || l.cost, ''), '+' order by l.position)
                  from deal_lines l left join products p on p.id = l.product_id where l.deal_id = d.id), '-') || ' ' ||
        coalesce((select string_agg(r.external_id || ':' || k.parts || '=' || k.amount || case when k.booked_on is distinct from d.booked_on then '!' else '' end, '+' order by k.position)
                  from deal_credits k join users r on r.id = k.rep_id where k.deal_id = d.id), '-')
    from deals d join customers c on c.id = d.customer_id left join users u on u.id = d.owner_id order by number";

fn deals(rows: &[&str]) -> String {
    format!("{HEADER}\n{}\n", rows.join("\n"))
}

#[tokio::test]
async fn a_deal_has_one_line_and_its_rep_the_credit() {
    let db = TestDatabase::create().await;
    let rows = deals(&[
        "D9,C1,R1,2025-12-01,2026-01-05,100.00,won,ordered,Tea,2.5,40,,",
        "D2,C2,R2,2025-12-01,2026-03-01,80,open,offer,Tea,,,,",
        "D3,C2,,,2026-01-07,-5.5,won,,,,,,",
        "D4,C2,R2,,,,cancelled,,,,,,",
        "D5,C1,R3,,2026-01-08,0,won,,Salt,,,,R1:50; R2:50 ;",
        "D6,C1,,,2026-01-08,0.05,won,,,,,,R1:1;R2:2;R3:2",
    ]);
    let summary = import(&db, &[REPS, CUSTOMERS, ("deals.csv", &rows)]).await;
    assert_eq!(counts(&summary, "deals.csv"), (6, 0, 0));
    assert_eq!(
        ask(&db.pool, ALL).await,
        [
            "1 D9 C1 R1 won 2026-01-05 10000 Tea*2.5=10000/4000 R1:1=10000",
            "2 D2 C2 R2 open - 8000 Tea*1=8000 R2:1=8000",
            "3 D3 C2 - won 2026-01-07 -550 -*1=-550 -",
            "4 D4 C2 R2 cancelled - 0 - R2:1=0",
            "5 D5 C1 R3 won 2026-01-08 0 Salt*1=0 R1:50=0+R2:50=0",
            "6 D6 C1 R2 won 2026-01-08 5 -*1=5 R1:1=1+R2:2=2+R3:2=2",
        ]
    );
    assert_eq!(
        ask(
            &db.pool,
            "select p.name || '/' || c.name from products p join categories c on c.id = p.category_id order by 1"
        )
        .await,
        ["Salt/Salt", "Tea/Tea"]
    );
    let rest = "select external_id || ' ' || coalesce(opened_on::text, '-') || ' ' || coalesce(expected_on::text, '-') || ' ' ||
        coalesce(source_stage, '-') || ' ' || (confirmed_at = changed_at) || ' ' || (confirmed_by is null) from deals order by number limit 2";
    assert_eq!(
        ask(&db.pool, rest).await,
        ["D9 2025-12-01 - ordered true true", "D2 2025-12-01 2026-03-01 offer true true"]
    );
}

#[tokio::test]
async fn lines_of_their_own_replace_the_one_line() {
    let db = TestDatabase::create().await;
    let rows = deals(&["D1,C1,,,2026-01-05,999,won,,Tea,,,,R1:1;R2:1;R3:1", "D2,C1,R1,,2026-01-06,,won,,,,,,"]);
    let lines = "product,deal,amount,quantity\nTea,D1,1.00,1\nSalt,D2,7,3\nSalt,D1,0.50,2\n";
    let files = [REPS, CUSTOMERS, ("deals.csv", rows.as_str()), ("deal_lines.csv", lines)];
    let summary = import(&db, &files).await;
    assert_eq!((counts(&summary, "deals.csv"), counts(&summary, "deal_lines.csv")), ((2, 0, 0), (3, 0, 0)));
    let expected = [
        "1 D1 C1 R1 won 2026-01-05 150 Tea*1=100+Salt*2=50 R1:1=51+R2:1=50+R3:1=49",
        "2 D2 C1 R1 won 2026-01-06 700 Salt*3=700 R1:1=700",
    ];
    // Line by line: 34, 33, 33 and 17, 17, 16.
    assert_eq!(ask(&db.pool, ALL).await, expected);
    let again = import(&db, &files).await;
    assert_eq!((counts(&again, "deals.csv"), counts(&again, "deal_lines.csv")), ((0, 0, 2), (0, 0, 3)));
    // Without the file of lines, their sum says the same, and another amount replaces them.
    let sum = deals(&["D1,C1,,,2026-01-05,1.50,won,,,,,,"]);
    let summary = import(&db, &[("deals.csv", &sum)]).await;
    assert_eq!(counts(&summary, "deals.csv"), (0, 0, 1));
    assert_eq!(ask(&db.pool, ALL).await, expected);
    let other = deals(&["D1,C1,,,2026-01-05,0.10,won,,Tea,,,,"]);
    import(&db, &[("deals.csv", &other)]).await;
    assert_eq!(ask(&db.pool, ALL).await[0], "1 D1 C1 R1 won 2026-01-05 10 Tea*1=10 R1:1=4+R2:1=3+R3:1=3");
    // Lines alone change a deal that is there.
    let summary = import(&db, &[("deal_lines.csv", "deal,amount\nD2,1\nD2,2\n")]).await;
    assert_eq!(counts(&summary, "deal_lines.csv"), (1, 1, 0));
    assert_eq!(ask(&db.pool, ALL).await[1], "2 D2 C1 R1 won 2026-01-06 300 -*1=100+-*1=200 R1:1=300");
}

#[tokio::test]
async fn the_same_external_id_updates_and_what_is_absent_stays() {
    let db = TestDatabase::create().await;
    let rows = deals(&[
        "D1,C1,R1,2025-12-01,2026-01-05,100.00,won,ordered,Tea,2.5,40,,",
        "D2,C2,,,2026-01-06,80,won,,,,,,R1:1;R2:3",
        "D3,C2,R2,,,10,open,,,,,,",
        "D4,C2,R2,,2026-01-09,10,won,,,,,,",
    ]);
    import(&db, &[REPS, CUSTOMERS, ("deals.csv", &rows)]).await;
    let later = datetime!(2026-12-01 08:00 UTC);
    let less = "external_id,customer,stage,closed_on,amount,rep,currency\nD1,C1,won,2026-01-05,120,R2,EUR\nD2,C2,won,2026-02-06,80.00,R3,\nD3,C1,won,2026-02-07,10,,\nD4,C2,lost,2026-01-09,,,\nD5,C1,won,2026-03-01,1,R1,\n";
    let summary = import_on(later, &db, &[("deals.csv", less)]).await.unwrap();
    assert_eq!(counts(&summary, "deals.csv"), (1, 4, 0));
    let expected = [
        "1 D1 C1 R2 won 2026-01-05 12000 Tea*2.5=12000/4000 R2:1=12000",
        "2 D2 C2 R3 won 2026-02-06 8000 -*1=8000 R1:1=2000+R2:3=6000",
        "3 D3 C1 R2 won 2026-02-07 1000 -*1=1000 R2:1=1000",
        "4 D4 C2 R2 lost - 1000 -*1=1000 R2:1=1000",
        "5 D5 C1 R1 won 2026-03-01 100 -*1=100 R1:1=100",
    ];
    assert_eq!(ask(&db.pool, ALL).await, expected);
    assert_eq!(
        ask(&db.pool, "select opened_on || ' ' || source_stage from deals where number = 1").await,
        ["2025-12-01 ordered"]
    );
    let again = import_on(datetime!(2026-12-02 08:00 UTC), &db, &[("deals.csv", less)]).await.unwrap();
    assert_eq!(counts(&again, "deals.csv"), (0, 0, 5));
    assert_eq!(ask(&db.pool, "select distinct changed_at::date::text from deals").await, ["2026-12-01"]);
    let noted = "select object || ' ' || (detail -> 'old' ->> 'net') || ' ' || (detail -> 'new' ->> 'net') || ' ' || (detail -> 'new' ->> 'credits')
        from audit where action = 'deal.changed' and detail -> 'new' ? 'net'";
    let ben = &ask(&db.pool, "select id::text from users where external_id = 'R2'").await[0];
    assert_eq!(ask(&db.pool, noted).await, [format!("/deals/1 10000 12000 [[{ben}, 1]]")]);
}

#[tokio::test]
async fn a_change_is_told_of_the_deal_that_changed() {
    let db = TestDatabase::create().await;
    // Another company has deals already: from here on a deal's number is not its id.
    let rows = deals(&["D1,C1,R1,,2026-01-05,100,won,,,,,,", "D2,C1,R1,,2026-01-06,100,won,,,,,,"]);
    import_into("Elsewhere", TODAY, &db, &[REPS, CUSTOMERS, ("deals.csv", &rows)]).await.unwrap();
    import(&db, &[REPS, CUSTOMERS, ("deals.csv", &rows)]).await;
    import(&db, &[("deals.csv", &deals(&["D1,C1,R1,,2026-01-05,120,won,,,,,,"]))]).await;
    let told = "select a.object || ' ' || (a.object = '/deals/' || d.id)
        from audit a
        join organizations o on o.id = a.org_id and o.name = 'Acme'
        join deals d on d.org_id = o.id and d.number = 1
        where a.action = 'deal.changed'";
    assert_eq!(ask(&db.pool, told).await, ["/deals/3 true"]);
}

#[tokio::test]
async fn a_deal_that_a_rep_entered_is_confirmed_by_the_import_and_overlays_stay() {
    let db = TestDatabase::create().await;
    let rows = deals(&["D1,C1,R1,,2026-01-05,1.00,won,,,,,,"]);
    import(&db, &[REPS, CUSTOMERS, ("deals.csv", &rows)]).await;
    ask(&db.pool, "update deals set confirmed_at = null returning external_id").await;
    ask(&db.pool, "insert into deal_credits (org_id, deal_id, position, rep_id, parts, overlay, amount, booked_on)
        select d.org_id, d.id, 2, u.id, 1, true, 100, d.booked_on from deals d, users u where u.external_id = 'R3' returning 'x'").await;
    let split = deals(&["D1,C1,R1,,2026-01-05,1.00,won,,,,,,R1:1;R2:1"]);
    let summary = import(&db, &[("deals.csv", &split)]).await;
    assert_eq!(counts(&summary, "deals.csv"), (0, 1, 0));
    assert_eq!(ask(&db.pool, "select (confirmed_at is not null)::text from deals").await, ["true"]);
    assert_eq!(ask(&db.pool, ALL).await, ["1 D1 C1 R1 won 2026-01-05 100 -*1=100 R3:2=100+R1:1=50+R2:1=50"]);
}

#[tokio::test]
async fn a_return_takes_the_overlays_of_its_deal_along() {
    let db = TestDatabase::create().await;
    let rows = deals(&["D1,C1,R1,,2026-01-05,100.00,won,,,,,,R1:1;R2:1"]);
    import(&db, &[REPS, CUSTOMERS, ("deals.csv", &rows)]).await;
    ask(&db.pool, "insert into deal_credits (org_id, deal_id, position, rep_id, parts, overlay, amount, booked_on)
        select d.org_id, d.id, 3, u.id, 1, true, 5000, d.booked_on from deals d, users u where u.external_id = 'R3' returning 'x'").await;
    // No file can name the overlay, which is half of the deal; half of one part is none.
    let back = deals(&[
        "B1,C1,,,2026-02-01,-40,won,,,,,D1,",
        "B2,C1,R2,,2026-02-02,-30,won,,,,,D1,",
        "B3,C1,,,2026-02-03,-20,won,,,,,D1,R2:1;R1:3",
    ]);
    import(&db, &[("deals.csv", &back)]).await;
    let ends = || async {
        let all = ask(&db.pool, ALL).await;
        all.iter().skip(1).map(|line| line.rsplit(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ends().await, ["R1:1=-2000+R2:1=-2000+R3:1=-2000", "R2:1=-3000", "R2:1=-500+R1:3=-1500+R3:2=-1000"]);
    // What the file changes later moves the overlay, too.
    import(&db, &[("deals.csv", &deals(&["B1,C1,,,2026-02-01,-50,won,,,,,D1,"]))]).await;
    assert_eq!(ends().await[0], "R1:1=-2500+R2:1=-2500+R3:1=-2500");
    let whole = deals(&["D1,C1,R1,,2026-01-05,200.00,won,,,,,,R1:1;R2:1"]);
    import(&db, &[("deals.csv", &whole)]).await;
    assert!(ask(&db.pool, ALL).await[0].ends_with("R3:1=10000"), "{:?}", ask(&db.pool, ALL).await);
}

#[tokio::test]
async fn returns_are_linked_and_complete_their_deal() {
    let db = TestDatabase::create().await;
    let rows = deals(&[
        "B1,C1,,,2026-02-01,-40,won,,,,,D1,",
        "D1,C1,R1,,2026-01-05,100,won,,,,,,R1:1;R2:2",
        "B2,C1,R2,,2026-03-01,-60,won,,,,,D1,",
        "B3,C1,R1,,2026-01-05,-1,open,,,,,D1,",
    ]);
    import(&db, &[REPS, CUSTOMERS, ("deals.csv", &rows)]).await;
    let links =
        "select d.external_id || ' ' || coalesce(r.external_id, '-') || ' ' || coalesce(d.fully_returned_on::text, '-')
        from deals d left join deals r on r.id = d.returns_id order by d.number";
    assert_eq!(ask(&db.pool, links).await, ["B1 D1 -", "D1 - 2026-03-01", "B2 D1 -", "B3 D1 -"]);
    assert_eq!(
        ask(&db.pool, ALL).await[..3],
        [
            "1 B1 C1 R2 won 2026-02-01 -4000 -*1=-4000 R1:1=-1333+R2:2=-2667",
            "2 D1 C1 R2 won 2026-01-05 10000 -*1=10000 R1:1=3333+R2:2=6667",
            "3 B2 C1 R2 won 2026-03-01 -6000 -*1=-6000 R2:1=-6000",
        ]
        .map(|line| line.replace("2 D1 C1 R2", "2 D1 C1 R1"))
        .map(|line| line.replace("1 B1 C1 R2", "1 B1 C1 R1"))
    );
    // A later import takes one of them back.
    let less = deals(&["B2,C1,R2,,2026-03-01,-59.99,won,,,,,,"]);
    import(&db, &[("deals.csv", &less)]).await;
    assert_eq!(ask(&db.pool, links).await[1], "D1 - -");
    let third = deals(&["B4,C1,,,2026-04-01,-0.01,won,,,,,D1,"]);
    import(&db, &[("deals.csv", &third)]).await;
    assert_eq!(ask(&db.pool, links).await[1], "D1 - 2026-04-01");
    assert_eq!(ask(&db.pool, ALL).await[4], "5 B4 C1 R1 won 2026-04-01 -1 -*1=-1 R1:1=0+R2:2=-1");
}

#[tokio::test]
async fn a_deal_and_its_stored_return_stay_together() {
    let db = TestDatabase::create().await;
    let rows = deals(&["D1,C1,R1,,2026-01-05,100,won,,,,,,", "B1,C1,R1,,2026-02-01,-40,won,,,,,D1,"]);
    import(&db, &[REPS, CUSTOMERS, ("deals.csv", &rows)]).await;
    let stored = ask(&db.pool, ALL).await;
    for (row, problem) in [
        ("D1,C2,R1,,2026-01-05,100,won,,,,,,", "deals.csv:2 customer C2"),
        ("D1,C1,R1,,2026-01-05,100,lost,,,,,,", "deals.csv:2 stage lost"),
        ("D1,C1,R1,,2026-02-02,100,won,,,,,,", "deals.csv:2 closed_on 2026-02-02"),
        ("B1,C2,R1,,2026-02-01,-40,won,,,,,,", "deals.csv:2 customer C2"),
        ("B1,C1,R1,,2026-01-04,-40,won,,,,,,", "deals.csv:2 closed_on 2026-01-04"),
    ] {
        assert_eq!(places(&db, &[("deals.csv", &deals(&[row]))]).await, [problem], "{row}");
    }
    let apart = ["D1,C2,R1,,2026-01-05,100,won,,,,,,", "B1,C1,R1,,2026-02-01,-40,won,,,,,,"];
    assert_eq!(places(&db, &[("deals.csv", &deals(&apart))]).await, ["deals.csv:2 customer C2"]);
    assert_eq!(ask(&db.pool, ALL).await, stored, "nothing was imported");
    // Both together, each alone within the other's bounds, or a return that is cancelled with its deal.
    for rows in [
        &["D1,C2,R1,,2026-01-05,100,won,,,,,,", "B1,C2,R1,,2026-02-01,-40,won,,,,,,"][..],
        &["D1,C2,R2,,2026-02-01,90,won,,,,,,"],
        &["B1,C2,R1,,2026-02-03,-30,won,,,,,,"],
        &["D1,C2,R2,,2026-02-01,90,lost,,,,,,", "B1,C2,R1,,2026-02-03,-30,cancelled,,,,,,"],
    ] {
        import(&db, &[("deals.csv", &deals(rows))]).await;
    }
}

#[tokio::test]
async fn wrong_deals_are_refused() {
    let db = TestDatabase::create().await;
    let rows = deals(&[
        "D1,C1,R1,,2026-01-05,100,won,,,,,,",
        "D1,C9,R9,5.1.2026,2026-01-05,1.005,won,,,,,,",
        "D3,C1,R1,,,,won,,,,,,",
        "D4,C1,R1,,2026-11-20,1,won,,,,,,",
        "D5,C1,R1,,,1,Won,,,,,,",
        "D6,C1,R1,,2026-01-05,1,won,,,a lot,,,R1",
        "D7,C1,R1,,2026-01-05,1,won,,,,,,R1:1;R9:1",
        "B1,C1,R1,,2026-02-05,1,won,,,,,D1,",
        "B2,C1,R1,,2026-02-05,-1,won,,,,,D0,",
        "B3,C2,R1,,2026-02-05,-1,won,,,,,D1,",
        "B4,C1,R1,,2026-01-04,-1,won,,,,,D1,",
        "B5,C1,R1,,2026-02-05,-1,won,,,,,B3,",
        "B6,C1,R1,,2026-02-05,-1,won,,,,,B6,",
        "B7,C1,R1,,2026-02-05,-1,won,,,,,O1,",
        "O1,C1,R1,,2027-02-05,1,open,,,,,,",
        ",,,,,,,,,,,,",
        ",C1,,,,,,,,,,,",
    ]);
    assert_eq!(
        places(&db, &[REPS, CUSTOMERS, ("deals.csv", &rows)]).await,
        [
            "deals.csv:3 amount 1.005",
            "deals.csv:3 rep R9",
            "deals.csv:3 opened_on 5.1.2026",
            "deals.csv:3 external_id D1",
            "deals.csv:3 customer C9",
            "deals.csv:4 closed_on",
            "deals.csv:4 amount",
            "deals.csv:5 closed_on 2026-11-20",
            "deals.csv:6 stage Won",
            "deals.csv:7 credits R1",
            "deals.csv:7 quantity a lot",
            "deals.csv:8 credits R1:1;R9:1",
            "deals.csv:9 amount 1.00",
            "deals.csv:10 returns D0",
            "deals.csv:11 returns D1",
            "deals.csv:12 returns D1",
            "deals.csv:13 returns B3",
            "deals.csv:14 returns B6",
            "deals.csv:15 returns O1",
            "deals.csv:18 stage",
            "deals.csv:18 external_id",
        ]
    );
}

#[tokio::test]
async fn wrong_lines_are_refused() {
    let db = TestDatabase::create().await;
    let rows = deals(&[
        "D1,C1,R1,,2026-01-05,100,won,,,,,,",
        "B1,C1,R1,,2026-01-05,,won,,,,,D1,",
        "D3,C1,R1,,2026-01-05,,won,,,,,,",
    ]);
    let lines = "deal,amount\nD9,1\nB1,-5\nB1,6\nD1,\n";
    assert_eq!(
        places(&db, &[REPS, CUSTOMERS, ("deals.csv", &rows), ("deal_lines.csv", lines)]).await,
        ["deals.csv:4 amount", "deal_lines.csv:2 deal D9", "deal_lines.csv:3 amount 1.00", "deal_lines.csv:5 amount"]
    );
}

#[tokio::test]
async fn a_return_that_is_there_may_not_become_a_sale() {
    let db = TestDatabase::create().await;
    let rows = deals(&["D1,C1,R1,,2026-01-05,100,won,,,,,,", "B1,C1,R1,,2026-01-06,-1,won,,,,,D1,"]);
    import(&db, &[REPS, CUSTOMERS, ("deals.csv", &rows)]).await;
    let positive = deals(&["B1,C1,R1,,2026-01-06,1,won,,,,,,"]);
    assert_eq!(places(&db, &[("deals.csv", &positive)]).await, ["deals.csv:2 amount 1.00"]);
    assert_eq!(places(&db, &[("deal_lines.csv", "deal,amount\nB1,1\n")]).await, ["deal_lines.csv:2 amount 1.00"]);
}

#[tokio::test]
async fn an_organization_has_one_currency() {
    let db = TestDatabase::create().await;
    let rows = "external_id,customer,rep,stage,closed_on,amount,currency\nD1,C1,R1,won,2026-01-05,1.00,usd\nD2,C1,R1,won,2026-01-05,1.00,\n";
    import(&db, &[REPS, CUSTOMERS, ("deals.csv", rows)]).await;
    let rows = "external_id,customer,stage,currency\nD3,C1,open,USD\nD4,C1,open,EUR\nD5,C1,open,Dollar\n";
    assert_eq!(places(&db, &[("deals.csv", rows)]).await, ["deals.csv:3 currency EUR", "deals.csv:4 currency Dollar"]);
    let yen = "external_id,customer,stage,currency,amount\nD1,C1,open,JPY,100.00\n";
    let other = TestDatabase::create().await;
    assert_eq!(places(&other, &[CUSTOMERS_ALONE, ("deals.csv", yen)]).await, ["deals.csv:2 amount 100.00"]);
}

const CUSTOMERS_ALONE: (&str, &str) = ("customers.csv", "external_id,name\nC1,Alpha\n");

/// SQL splits lines exactly as the domain does: the numbers of pay and of pages are the same.
#[tokio::test]
async fn sql_splits_as_the_domain_does() {
    let db = TestDatabase::create().await;
    let amount = prop_oneof![
        -3_i64..=3,
        -1_000_i64..1_000,
        Just(0),
        Just(10_000_000_000_000),
        -10_000_000_000_000_i64..10_000_000_000_000
    ];
    let parts = prop_oneof![1_u32..=3, 1_u32..=1_000_000];
    let deal = (prop::collection::vec(amount, 1..5), prop::collection::vec(parts, 1..6));
    let mut runner = TestRunner::new(Config::default());
    let cases: Vec<(Vec<i64>, Vec<u32>)> = (0..400).map(|_| deal.new_tree(&mut runner).unwrap().current()).collect();
    let reps: String = (0..6).map(|rep| format!("R{rep},Rep {rep}\n")).collect();
    let credits = |parts: &[u32]| {
        parts.iter().enumerate().map(|(rep, parts)| format!("R{rep}:{parts}")).collect::<Vec<_>>().join(";")
    };
    let mut rows = "external_id,customer,stage,closed_on,credits,amount\n".to_owned();
    let mut lines = "deal,amount\n".to_owned();
    for (at, (amounts, parts)) in cases.iter().enumerate() {
        // Half of the deals are split while they are read, half of them in SQL.
        let single = amounts.len() == 1 && at % 2 == 0;
        let major =
            |minor: i64| format!("{}{}.{:02}", if minor < 0 { "-" } else { "" }, minor.abs() / 100, minor.abs() % 100);
        let amount = if single { major(amounts[0]) } else { String::new() };
        rows += &format!("D{at},C1,won,2026-01-01,{},{amount}\n", credits(parts));
        for amount in amounts.iter().filter(|_| !single) {
            lines += &format!("D{at},{}\n", major(*amount));
        }
    }
    let reps = format!("external_id,name\n{reps}");
    import(&db, &[("reps.csv", &reps), CUSTOMERS_ALONE, ("deals.csv", &rows), ("deal_lines.csv", &lines)]).await;
    let found = ask(&db.pool, "select string_agg(c.amount::text, ' ' order by c.position) from deals d join deal_credits c on c.deal_id = d.id group by d.id, d.number order by d.number").await;
    for ((amounts, parts), found) in cases.iter().zip(&found) {
        let mut expected = vec![Money::ZERO; parts.len()];
        for amount in amounts {
            expected = expected.iter().zip(Money(*amount).split(parts)).map(|(sum, share)| *sum + share).collect();
        }
        let expected: Vec<String> = expected.iter().map(|share| share.0.to_string()).collect();
        assert_eq!(*found, expected.join(" "), "{amounts:?} in {parts:?}");
    }
    assert_eq!(found.len(), cases.len());
}

#[tokio::test]
async fn the_day_on_which_a_deal_ended_is_kept_however_it_ended() {
    let db = TestDatabase::create().await;
    let days = "select external_id || ' ' || stage || ' ' || coalesce(booked_on::text, '-') || ' ' || coalesce(expected_on::text, '-')
        || ' ' || coalesce(closed_on::text, '-') from deals order by 1";
    let first = deals(&[
        "D1,C1,R1,,2026-01-05,10,lost,,,,,,",
        "D2,C1,R1,,2026-01-06,,cancelled,,,,,,",
        "D3,C1,R1,,,10,lost,,,,,,",
        "D4,C1,R1,,2026-12-24,10,open,,,,,,",
    ]);
    import(&db, &[REPS, CUSTOMERS, ("deals.csv", &first)]).await;
    let kept = ["D1 lost - - 2026-01-05", "D2 cancelled - - 2026-01-06", "D3 lost - - -", "D4 open - 2026-12-24 -"];
    assert_eq!(ask(&db.pool, days).await, kept);
    let again = import(&db, &[("deals.csv", &first)]).await;
    assert_eq!(counts(&again, "deals.csv"), (0, 0, 4));
    let then = deals(&[
        "D1,C1,R1,,2026-03-01,10,won,,,,,,",
        "D2,C1,R1,,2026-01-07,,cancelled,,,,,,",
        "D3,C1,R1,,,10,lost,,,,,,",
        "D4,C1,R1,,2026-11-01,10,lost,,,,,,",
    ]);
    let then = import(&db, &[("deals.csv", &then)]).await;
    assert_eq!(counts(&then, "deals.csv"), (0, 3, 1));
    assert_eq!(
        ask(&db.pool, days).await,
        ["D1 won 2026-03-01 - -", "D2 cancelled - - 2026-01-07", "D3 lost - - -", "D4 lost - 2026-12-24 2026-11-01"]
    );
}
