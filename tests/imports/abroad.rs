//! Deals in another currency: at the rate of their day, as the form has it, and again the same.

use attain::{
    deals::verify_db,
    domain::{id::OrgId, money::Currency},
    postgres::{derived::Differs, tx},
};

use super::support::*;

const HEADER: &str = "external_id,customer,rep,closed_on,amount,currency,stage,cost,returns,credits";
/// Each deal with its day, rate, net, lines in both currencies and credits.
const ALL: &str = "select d.external_id || ' ' || stage || ' ' || coalesce(booked_on::text, '-') || ' ' ||
        coalesce(currency || '@' || trim_scale(rate), '-') || ' ' || net || ' ' ||
        coalesce((select string_agg(l.amount || coalesce('<' || l.original, '') || coalesce('/' || l.cost, ''), '+' order by l.position)
                  from deal_lines l where l.deal_id = d.id), '-') || ' ' ||
        coalesce((select string_agg(r.external_id || '=' || k.amount, '+' order by k.position)
                  from deal_credits k join users r on r.id = k.rep_id where k.deal_id = d.id), '-')
    from deals d order by number";

fn deals(rows: &[&str]) -> String {
    format!("{HEADER}\n{}\n", rows.join("\n"))
}

/// Acme in euro with its people and customers, and what finance entered.
async fn acme(rates: &[(&str, &str, &str)]) -> TestDatabase {
    let db = TestDatabase::create().await;
    import(&db, &[REPS, CUSTOMERS]).await;
    for rate in rates {
        enter(&db, rate).await;
    }
    db
}

async fn enter(db: &TestDatabase, (currency, from, rate): &(&str, &str, &str)) {
    let sql = format!(
        "insert into exchange_rates (org_id, currency, from_date, rate, entered_by, entered_at)
         select o.id, '{currency}', '{from}', {rate}, (select min(id) from users where org_id = o.id), now()
         from organizations o returning currency"
    );
    assert_eq!(ask(&db.pool, &sql).await.len(), 1);
}

/// What is stored and does not follow from the rest.
async fn differences(db: &TestDatabase) -> Vec<String> {
    let org = ask(&db.pool, "select id::text from organizations").await[0].parse().unwrap();
    let mut read = tx::read(&db.pool, OrgId(org)).await.unwrap();
    let mut found = vec![];
    let mut tell = |differs: Differs| found.push(differs.to_string());
    verify_db::verify(&mut read, OrgId(org), Currency::parse("EUR").unwrap(), &mut tell).await.unwrap();
    found
}

#[tokio::test]
async fn a_deal_in_another_currency_takes_the_rate_of_its_day() {
    let db = acme(&[
        ("SEK", "2026-01-01", "0.09"),
        ("SEK", "2026-03-01", "0.1"),
        ("SEK", "2026-03-01", "0.0851"),
        ("JPY", "2026-01-01", "0.0062"),
    ])
    .await;
    let rows = deals(&[
        "D1,C1,R1,2026-02-28,100.00,SEK,won,7,,",
        "D2,C1,,2026-03-01,120000.00,SEK,won,,,R1:2;R2:1",
        "D3,C2,R2,2026-02-03,1000,JPY,won,,,",
        "D4,C2,R2,2026-12-24,100.05,SEK,open,,,",
        "D5,C2,R2,2026-02-01,10.00,SEK,lost,,,",
        "D6,C2,R2,2026-03-02,5.00,,won,,,",
        "D7,C2,R2,2026-03-02,5.00,eur,won,,,",
    ]);
    let summary = import(&db, &[("deals.csv", &rows)]).await;
    assert_eq!(counts(&summary, "deals.csv"), (7, 0, 0));
    let expected = [
        "D1 won 2026-02-28 SEK@0.09 900 900<10000/700 R1=900",
        "D2 won 2026-03-01 SEK@0.0851 1021200 1021200<12000000 R1=680800+R2=340400",
        "D3 won 2026-02-03 JPY@0.0062 620 620<1000 R2=620",
        "D4 open - SEK@0.0851 851 851<10005 R2=851",
        "D5 lost - SEK@0.09 90 90<1000 R2=90",
        "D6 won 2026-03-02 - 500 500 R2=500",
        "D7 won 2026-03-02 - 500 500 R2=500",
    ];
    assert_eq!(ask(&db.pool, ALL).await, expected);
    assert_eq!(differences(&db).await, Vec::<String>::new());
    // Again: nothing. A rate that was corrected since is for finance to apply; what was won keeps its own.
    enter(&db, &("JPY", "2026-01-01", "0.007")).await;
    let summary = import(&db, &[("deals.csv", &rows)]).await;
    assert_eq!(counts(&summary, "deals.csv"), (0, 0, 7));
    assert_eq!(ask(&db.pool, ALL).await, expected);
    // Another amount at the same rate, another day at that day's, and without the column in the deal's currency.
    let changed =
        "external_id,customer,stage,closed_on,amount\nD1,C1,won,2026-02-28,200.00\nD2,C1,won,2026-02-01,120000\n";
    let summary = import(&db, &[("deals.csv", changed)]).await;
    assert_eq!(counts(&summary, "deals.csv"), (0, 2, 0));
    let now = ask(&db.pool, ALL).await;
    assert_eq!(now[0], "D1 won 2026-02-28 SEK@0.09 1800 1800<20000/700 R1=1800");
    assert_eq!(now[1], "D2 won 2026-02-01 SEK@0.09 1080000 1080000<12000000 R1=720000+R2=360000");
    assert_eq!(differences(&db).await, Vec::<String>::new());
    let told = "select string_agg(coalesce(detail->'old'->>'net', '') || '>' || coalesce(detail->'new'->>'net', ''), ' ' order by id)
                from audit where action = 'deal.changed' and detail->'new' ? 'net'";
    assert_eq!(ask(&db.pool, told).await, ["900>1800 1021200>1080000"]);
}

#[tokio::test]
async fn lines_and_returns_are_in_the_currency_of_their_deal() {
    let db = acme(&[("SEK", "2026-01-01", "0.0851"), ("SEK", "2026-02-01", "0.2")]).await;
    let rows = deals(&[
        "D1,C1,,2026-01-05,,SEK,won,,,R1:1;R2:1;R3:1",
        "B2,C1,,2026-02-07,-50.01,SEK,won,,D1,",
        "B1,C1,,2026-02-06,-50.00,SEK,won,,D1,",
    ]);
    let lines = "deal,amount\nD1,100.01\nD1,0.05\n";
    import(&db, &[("deals.csv", &rows), ("deal_lines.csv", lines)]).await;
    // 8.51 and 0.00; back at the rate of the deal, in steps of 4.26 and 4.25: in the order of entry, as a form takes them, so that
    // no import moves a cent of what was entered before.
    let expected = [
        "D1 won 2026-01-05 SEK@0.0851 851 851<10001+0<5 R1=284+R2=284+R3=283",
        "B2 won 2026-02-07 SEK@0.0851 -426 -426<-5001 R1=-142+R2=-142+R3=-142",
        "B1 won 2026-02-06 SEK@0.0851 -425 -425<-5000 R1=-142+R2=-142+R3=-141",
    ];
    assert_eq!(ask(&db.pool, ALL).await, expected);
    assert_eq!(differences(&db).await, Vec::<String>::new());
    let again = import(&db, &[("deals.csv", &rows), ("deal_lines.csv", lines)]).await;
    assert_eq!((counts(&again, "deals.csv"), counts(&again, "deal_lines.csv")), ((0, 0, 3), (0, 0, 2)));
    assert_eq!(ask(&db.pool, ALL).await, expected);
    // Lines alone, in the currency of a deal that is there; what came back follows a moved day.
    import(&db, &[("deal_lines.csv", "deal,amount\nD1,200.00\n")]).await;
    assert_eq!(ask(&db.pool, ALL).await[0], "D1 won 2026-01-05 SEK@0.0851 1702 1702<20000 R1=568+R2=567+R3=567");
    import(&db, &[("deals.csv", &deals(&["D1,C1,,2026-02-05,200.00,SEK,won,,,"]))]).await;
    let now = ask(&db.pool, ALL).await;
    assert_eq!(now[0], "D1 won 2026-02-05 SEK@0.2 4000 4000<20000 R1=1334+R2=1333+R3=1333");
    assert!(
        now[1].starts_with("B2 won 2026-02-07 SEK@0.2 -1000 ")
            && now[2].starts_with("B1 won 2026-02-06 SEK@0.2 -1000 "),
        "{now:?}"
    );
    assert_eq!(differences(&db).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_return_in_one_row_takes_back_what_all_lines_came_to() {
    let db = acme(&[("SEK", "2026-01-01", "0.0851")]).await;
    let rows = deals(&[
        "D1,C1,R1,2026-01-05,,SEK,won,,,",
        "B1,C1,R1,2026-02-07,-100.02,SEK,won,,D1,",
        "D2,C1,R1,2026-01-05,,SEK,won,,,",
        "B2,C1,R1,2026-02-07,-60.00,SEK,won,,D2,",
        "B3,C1,R1,2026-02-08,-40.02,SEK,won,,D2,",
    ]);
    // 4.26 each, where 100.02 alone would be 8.51.
    let lines = "deal,amount\nD1,50.01\nD1,50.01\nD2,50.01\nD2,50.01\n";
    import(&db, &[("deals.csv", &rows), ("deal_lines.csv", lines)]).await;
    let nets =
        "select external_id || ' ' || net || ' ' || coalesce(fully_returned_on::text, '-') from deals order by number";
    let expected = ["D1 852 2026-02-07", "B1 -852 -", "D2 852 2026-02-08", "B2 -511 -", "B3 -341 -"];
    assert_eq!(ask(&db.pool, nets).await, expected);
    assert_eq!(differences(&db).await, Vec::<String>::new());
    import(&db, &[("deals.csv", &rows), ("deal_lines.csv", lines)]).await;
    assert_eq!(ask(&db.pool, nets).await, expected);
}

#[tokio::test]
async fn what_has_no_rate_is_refused_where_it_stands() {
    let db = acme(&[("SEK", "2026-03-02", "0.1")]).await;
    let rows = deals(&[
        "D1,C1,R1,2026-03-01,100.00,SEK,won,,,",
        "D2,C1,R1,2026-03-02,100.00,SEK,won,,,",
        "D3,C1,R1,2026-03-02,100.00,NOK,open,,,",
        "D4,C1,R1,2026-03-02,100.00,Kroner,won,,,",
        "D5,C1,R1,2026-03-02,1.005,SEK,won,,,",
        "D6,C1,R1,2026-03-05,-1.00,,won,,D2,",
    ]);
    let (places, remedies) = refused(&db, &[("deals.csv", &rows)]).await;
    assert_eq!(
        places,
        [
            "deals.csv:2 currency SEK",
            "deals.csv:4 currency NOK",
            "deals.csv:5 currency Kroner",
            "deals.csv:6 amount 1.005",
            "deals.csv:7 currency"
        ]
    );
    assert_eq!(remedies[0], "There is no rate of SEK on 2026-03-01: enter one under Exchange rates.");
    assert_eq!(remedies[1], "There is no rate of NOK on 2026-11-19: enter one under Exchange rates.");
    assert_eq!(remedies[4], "The deal that it returns is in SEK. Write the return in SEK too.");
    assert_eq!(ask(&db.pool, ALL).await, Vec::<String>::new());
    // A deal stays in its currency.
    import(&db, &[("deals.csv", &deals(&["D2,C1,R1,2026-03-02,100.00,SEK,won,,,", "D7,C1,R1,2026-03-02,9,,won,,,"]))])
        .await;
    let rows = deals(&["D2,C1,R1,2026-03-02,100.00,EUR,won,,,", "D7,C1,R1,2026-03-02,9,SEK,won,,,"]);
    assert_eq!(places_of(&db, &rows).await, ["deals.csv:2 currency EUR", "deals.csv:3 currency SEK"]);
    // Too large in euro.
    enter(&db, &("SEK", "2026-03-03", "1000000000")).await;
    let rows = deals(&["D8,C1,R1,2026-03-03,1000000.00,SEK,won,,,"]);
    assert_eq!(places_of(&db, &rows).await, ["deals.csv:2 amount 1000000.00"]);
}

async fn places_of(db: &TestDatabase, rows: &str) -> Vec<String> {
    places(db, &[("deals.csv", rows)]).await
}
