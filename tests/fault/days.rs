//! Days are the company's: around midnight, month ends and changes of the clock, whatever the machine's own time zone is.

use attain::domain::{
    access::Role,
    id::OrgId,
    period::{Dates, Period, PeriodKind},
};
use time::{Date, Duration, Month, OffsetDateTime, macros::date, macros::datetime};

use crate::{
    company::Company,
    load::{deal, visit},
    program::Server,
    support::{Client, TestApp, User},
};

/// Instants around which Oslo's day or clock changes, and how many hours it is ahead then: before and after.
const EDGES: [(OffsetDateTime, i64, i64); 6] = [
    (datetime!(2026-01-31 23:00 UTC), 1, 1),
    (datetime!(2026-03-29 01:00 UTC), 1, 2),
    (datetime!(2026-03-28 23:00 UTC), 1, 1),
    (datetime!(2026-10-24 22:00 UTC), 2, 2),
    (datetime!(2026-10-25 01:00 UTC), 2, 1),
    (datetime!(2026-10-31 23:00 UTC), 1, 1),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_entered_around_midnight_counts_on_the_companys_day() {
    for (edge, before, after) in EDGES {
        let (app, org, rep, customer) = oslo(edge - Duration::minutes(30)).await;
        let mut days = vec![];
        for (minutes, ahead) in [(-30, before), (30, after)] {
            let app = app.later(Duration::minutes(30 + minutes));
            let local = (edge + Duration::minutes(minutes) + Duration::hours(ahead)).date();
            let mut browser = app.client(rep).await;
            assert_eq!(browser.get("/visits/new").await.expect(200).value("visited_on"), local.to_string());
            enter(&mut browser, customer, local, 303).await;
            enter(&mut browser, customer, local.next_day().unwrap(), 422).await;
            days.push(local);
        }
        for kind in PeriodKind::ALL {
            assert_eq!(counted(&app, org, kind).await, days, "{kind:?} around {edge}");
        }
    }
}

/// Every day of four years, a leap day and a week 53 among them, lies in one period of each kind.
#[test]
fn every_day_lies_in_one_period() {
    for fiscal_start in [Month::January, Month::April, Month::October] {
        for kind in PeriodKind::ALL {
            let dates = Dates { from: date!(2023 - 01 - 01), to: date!(2027 - 01 - 01) };
            let periods = Period::overlapping(kind, dates, fiscal_start);
            let mut day = dates.from;
            while day < dates.to {
                let within = periods.iter().filter(|period| period.from() <= day && day < period.to());
                assert_eq!(within.collect::<Vec<_>>(), [&Period::containing(kind, day, fiscal_start)], "{day}");
                day = day.next_day().unwrap();
            }
        }
    }
}

/// One server believes to be fourteen hours ahead, the other eleven behind; the company is where it is.
#[tokio::test(flavor = "multi_thread")]
async fn the_machines_time_zone_moves_no_day() {
    let company = Company::new().await;
    for zone in ["Pacific/Kiritimati", "Pacific/Niue"] {
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let server = Server::start_with(&company.place, address, &[("TZ", zone), ("PGTZ", zone)]).await;
        let rep = company.reps(&server).await.remove(0);
        let now = "select (now() at time zone 'UTC')::date";
        let today = sqlx::query_scalar::<_, Date>(now).fetch_one(&company.db).await.unwrap();
        let page = rep.get("/visits/new").await.unwrap().expect(200);
        assert!(page.body.contains(&format!("value=\"{today}\"")), "{zone}: {today} is not today");
        let customer = company.customers[0][0].to_string();
        for (day, status) in [(today, 303), (today + Duration::days(2), 422)] {
            rep.send(&visit(&customer, &day.to_string(), zone)).await.unwrap().expect(status);
            rep.send(&deal(&customer, &day.to_string(), zone)).await.unwrap().expect(status);
        }
        server.stop().await;
    }
    assert_eq!(company.count("select count(*) from visits where notes like 'Pacific/%'").await, 2);
}

/// A company in Oslo, its rep and the rep's customer.
async fn oslo(now: OffsetDateTime) -> (TestApp, OrgId, User, i64) {
    let app = TestApp::at(now).await;
    let org = app.company("Nordlys").await;
    let rep = app.user(org, "Ingrid", &[Role::Rep]).await;
    let mut tx = app.write(org).await;
    let details = attain::customers::db::Details { name: "Havn".to_owned(), ..Default::default() };
    let customer = attain::customers::db::insert(&mut tx, &details, date!(2025 - 01 - 01)).await.unwrap();
    attain::customers::db::set_owner(&mut tx, customer, Some(rep.id), None).await.unwrap();
    tx.commit().await.unwrap();
    (app, org, rep, customer.0)
}

/// A visit and a deal.
async fn enter(browser: &mut Client, customer: i64, day: Date, status: u16) {
    let (customer, day) = (customer.to_string(), day.to_string());
    let visit = [("customer", customer.as_str()), ("visited_on", &day), ("kind", "in_person")];
    browser.post("/visits", &visit).await.expect(status);
    let deal = [("stage", "won"), ("item", "Coffee"), ("amount", "1.00"), ("booked_on", &day), ("customer", &customer)];
    browser.post("/deals", &deal).await.expect(status);
}

/// The days of what counts in the periods of a year and more: a day for each deal, and the visits agree.
async fn counted(app: &TestApp, org: OrgId, kind: PeriodKind) -> Vec<Date> {
    use attain::scorecards::db::{Subject, Subjects, facts};
    let dates = Dates { from: date!(2025 - 12 - 01), to: date!(2027 - 02 - 01) };
    let periods = Period::overlapping(kind, dates, Month::January);
    let subjects = Subjects { company: true, ..Subjects::default() };
    let mut read = attain::postgres::tx::read(&app.db, org).await.unwrap();
    let base = attain::domain::company::GrowthBase::LastYear;
    let table = facts(&mut read, org, &subjects, &periods, base, date!(2027 - 01 - 31)).await.unwrap();
    let sales: i64 = table.values().map(|facts| facts.net_sales.0).sum();
    assert_eq!(sales, 200, "each deal counts in one {kind:?}");
    let deals: Vec<Date> =
        sqlx::query_scalar("select booked_on from deals order by id").fetch_all(&app.db).await.unwrap();
    let visits: Vec<Date> =
        sqlx::query_scalar("select visited_on from visits order by id").fetch_all(&app.db).await.unwrap();
    assert_eq!(visits, deals);
    for day in &deals {
        let facts = table[&(Period::containing(kind, *day, Month::January), Subject::Company)];
        assert!(facts.visits > 0 && facts.net_sales.0 > 0, "{day} is not in its {kind:?}");
    }
    deals
}
