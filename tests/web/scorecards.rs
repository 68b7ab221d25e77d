//! Scorecards: the scoreboard, my month, and what each role sees of them.

use attain::{
    customers, deals,
    domain::{
        access::Role,
        deal::{Credit, Stage},
        id::{CustomerId, OrgId, TeamId},
        metric::Metric,
        money::Money,
        period::Period,
        subject::Subject,
        visit::{Kind, State},
    },
    targets::{self, db::NewTarget},
    visits,
};
use rust_decimal::Decimal;
use time::{Date, Month, macros::date};

use crate::support::{TestApp, User};

/// Two teams, one below the other, with reps whose numbers are known.
struct Field {
    app: TestApp,
    org: OrgId,
    karin: User,
    freja: User,
    ingrid: User,
    jonas: User,
    luc: User,
    whole: TeamId,
    south: TeamId,
}

impl Field {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let org = app.company("Nordlys").await;
        let karin = app.user(org, "Karin Berg", &[Role::Manager]).await;
        let freja = app.user(org, "Freja Aune", &[Role::Finance]).await;
        let ingrid = app.user(org, "Ingrid Solberg", &[Role::Rep]).await;
        let jonas = app.user(org, "=Jonas Lindqvist", &[Role::Rep]).await;
        let luc = app.user(org, "Luc Moreau", &[Role::Rep]).await;
        let whole = app.team(org, "Field", None, Some(karin), &[ingrid]).await;
        let south = app.team(org, "South", Some(whole), None, &[jonas]).await;
        app.team(org, "Inside", None, None, &[luc]).await;
        Self { app, org, karin, freja, ingrid, jonas, luc, whole, south }
    }

    async fn customer(&self, name: &str, owner: User) -> CustomerId {
        let mut tx = self.app.write(self.org).await;
        let details = customers::db::Details { name: name.to_owned(), ..customers::db::Details::default() };
        let id = customers::db::insert(&mut tx, &details, date!(2024 - 01 - 01)).await.unwrap();
        customers::db::set_owner(&mut tx, id, Some(owner.id), None).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    async fn sale(&self, rep: User, customer: CustomerId, on: Date, cents: i64) {
        let mut tx = self.app.write(self.org).await;
        let line = deals::db::Line {
            position: 1,
            product: None,
            text: "Coffee".to_owned(),
            quantity: 1.into(),
            amount: Money(cents),
            original: None,
            cost: None,
        };
        let new = deals::db::NewDeal {
            customer,
            owner: Some(rep.id),
            stage: Stage::Won,
            opened_on: None,
            booked_on: Some(on),
            expected_on: None,
            returns: None,
            currency: None,
            rate: None,
            notes: String::new(),
            confirmed: true,
            lines: vec![line],
            credits: vec![Credit { rep: rep.id, parts: 1, overlay: false }],
        };
        deals::db::insert(&mut tx, &new).await.unwrap();
        customers::events_db::recompute(&mut tx, &[customer]).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn visit(&self, rep: User, customer: CustomerId, on: Date, state: State) {
        let mut tx = self.app.write(self.org).await;
        let new = visits::db::NewVisit {
            rep: rep.id,
            customer,
            visited_on: on,
            starts_at: None,
            kind: Kind::InPerson,
            state,
            outcome: None,
            minutes: None,
            notes: String::new(),
        };
        visits::db::insert(&mut tx, &new).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn target(&self, rep: User, metric: Metric, value: Decimal) {
        let mut tx = self.app.write(self.org).await;
        let november = Period::parse("2026-11", Month::January).unwrap();
        let new = [NewTarget { whose: Subject::Rep(rep.id), metric, value: Some(value) }];
        targets::db::insert(&mut tx, november, &new, None).await.unwrap();
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn each_role_sees_whom_it_may_see() {
    let field = Field::new().await;
    let mut karin = field.app.client(field.karin).await;
    let board = karin.get("/scoreboard").await.expect(200);
    assert_eq!(board.text("h1"), "Field");
    let names = board.texts("table tbody th a");
    assert_eq!(names, ["=Jonas Lindqvist", "Ingrid Solberg"], "the subtree, unranked, by name");
    let south = karin.get(&format!("/scoreboard?team={}", field.south)).await.expect(200);
    assert_eq!((south.text("h1"), south.count("table tbody tr")), ("South".to_owned(), 1));
    karin.get("/scoreboard?team=999999").await.expect(404);
    karin.get("/scoreboard?team=x").await.expect(400);
    karin.get(&format!("/reps/{}", field.ingrid.id)).await.expect(200);
    karin.get(&format!("/reps/{}", field.luc.id)).await.expect(404);
    karin.get(&format!("/reps/{}", field.karin.id)).await.expect(404);
    assert_eq!(karin.get("/my-month").await.expect(303).location(), "/scoreboard?period=2026-11");

    let mut freja = field.app.client(field.freja).await;
    let company = freja.get("/scoreboard").await.expect(200);
    assert_eq!((company.text("h1"), company.count("table tbody tr")), ("Nordlys".to_owned(), 3));
    freja.get(&format!("/scoreboard?team={}", field.whole)).await.expect(200);

    let mut ingrid = field.app.client(field.ingrid).await;
    assert_eq!(ingrid.get("/scoreboard").await.expect(303).location(), "/my-month?period=2026-11");
    ingrid.get("/scoreboard.csv").await.expect(403);
    ingrid.get("/my-month").await.expect(200);
    ingrid.get(&format!("/reps/{}", field.ingrid.id)).await.expect(200);
    ingrid.get(&format!("/reps/{}", field.jonas.id)).await.expect(404);
}

#[tokio::test]
async fn reps_are_ranked_by_exact_scorecard() {
    let field = Field::new().await;
    let (mut customers, reps) = (vec![], [field.ingrid, field.jonas, field.luc]);
    for rep in reps {
        customers.push(field.customer("Havn", rep).await);
        field.target(rep, Metric::Visits, 3.into()).await;
    }
    // Ingrid and Luc: two of three. Jonas: one of three.
    for (place, days) in [(0, [2, 3].as_slice()), (1, &[2]), (2, &[2, 3])] {
        for day in days {
            let on = Date::from_calendar_date(2026, Month::November, *day).unwrap();
            field.visit(reps[place], customers[place], on, State::Done).await;
        }
    }
    let mut freja = field.app.client(field.freja).await;
    let board = freja.get("/scoreboard").await.expect(200);
    assert_eq!(board.texts("table tbody th a"), ["Ingrid Solberg", "Luc Moreau", "=Jonas Lindqvist"]);
    assert_eq!(board.texts("table tbody .rank"), ["1", "1", "3"]);
    let scores = board.texts("table tbody td.strong");
    assert_eq!(scores, ["66.66%", "66.66%", "33.33%"], "floored");
    assert_eq!(board.attribute("th[aria-sort]", "aria-sort"), "ascending");
    // By name, the other way round, and by visits, with who has most first.
    let by_name = freja.get("/scoreboard?sort=-rep").await.expect(200);
    assert_eq!(by_name.texts("table tbody th a"), ["Luc Moreau", "Ingrid Solberg", "=Jonas Lindqvist"]);
    assert_eq!(by_name.attribute("th[aria-sort]", "aria-sort"), "descending");
    let by_visits = freja.get("/scoreboard?sort=visits").await.expect(200);
    assert_eq!(by_visits.texts("table tbody th a")[0], "=Jonas Lindqvist");
    // Visits of the company: distinct customer and day; three customers are called the same and are not the same.
    assert_eq!(board.text("#total [data-metric=visits]"), "5");
}

#[tokio::test]
async fn growth_without_a_base_has_no_rate_and_below_zero_shows_its_bar() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    let torget = field.customer("Torget", field.jonas).await;
    field.target(field.ingrid, Metric::SalesGrowth, Decimal::new(8, 2)).await;
    field.target(field.jonas, Metric::SalesGrowth, Decimal::new(8, 2)).await;
    field.sale(field.ingrid, havn, date!(2025 - 11 - 05), 100_000).await;
    field.sale(field.ingrid, havn, date!(2025 - 11 - 25), 50_000).await;
    field.sale(field.ingrid, havn, date!(2026 - 11 - 05), 80_000).await;
    field.sale(field.jonas, torget, date!(2026 - 11 - 05), 80_000).await;
    let mut karin = field.app.client(field.karin).await;
    let board = karin.get("/scoreboard").await.expect(200);
    assert_eq!(board.texts("table tbody th a"), ["Ingrid Solberg", "=Jonas Lindqvist"]);
    assert_eq!(board.texts("table [data-metric=sales_growth]"), ["−20.0%", "n/a"], "through 19 November of last year");
    let growth = board.texts("table tbody tr:first-child td")[6].clone();
    assert!(growth.contains("−20.0%"), "{growth}");
    assert!(board.has("table tbody tr:first-child svg.bullet .zero"), "a bar to the left of zero");
    assert!(board.text("#total").contains("+60.0% of +8% · €1,600 vs €1,000 last year"), "{}", board.text("#total"));

    let mut ingrid = field.app.client(field.ingrid).await;
    let month = ingrid.get("/my-month").await.expect(200);
    assert_eq!(month.text("h1"), "Far behind pace, Ingrid");
    // The goal is 1,500 × 1.08 = 1,620; 14 of 21 working days: 1,080.
    assert!(month.text(".lede").starts_with("€280 of sales behind where today should be."));
    assert!(
        month.words().contains("€800 vs €1,000 last year") && month.words().contains("€820 to go"),
        "{}",
        month.words()
    );
    assert_eq!(month.text(".eyebrow"), "Thursday 19 November · working day 14 of 21");
    let other = karin.get(&format!("/reps/{}?period=2026-11", field.ingrid.id)).await.expect(200);
    assert_eq!(other.text("h1"), "Ingrid Solberg");
    assert!(other.text(".lede").starts_with("Far behind pace. €280 of sales"));
}

#[tokio::test]
async fn the_month_shows_todays_visits_and_who_slips_away() {
    let field = Field::new().await;
    let steady = field.customer("Havn", field.ingrid).await;
    let silent = field.customer("Torget", field.ingrid).await;
    let lost = field.customer("Kiosk", field.ingrid).await;
    for month in 4..=11 {
        field
            .sale(
                field.ingrid,
                steady,
                Date::from_calendar_date(2026, Month::try_from(month).unwrap(), 10).unwrap(),
                100,
            )
            .await;
    }
    for day in [1, 11, 21, 31] {
        field.sale(field.ingrid, silent, Date::from_calendar_date(2026, Month::July, day).unwrap(), 100).await;
    }
    field.sale(field.ingrid, silent, date!(2026 - 08 - 10), 100).await;
    field.sale(field.ingrid, lost, date!(2026 - 01 - 10), 100).await;
    field.visit(field.ingrid, steady, date!(2026 - 11 - 19), State::Planned).await;
    field.visit(field.ingrid, silent, date!(2026 - 11 - 12), State::Done).await;
    field.visit(field.ingrid, silent, date!(2026 - 11 - 19), State::Done).await;
    let mut ingrid = field.app.client(field.ingrid).await;
    let month = ingrid.get("/my-month").await.expect(200);
    let today = month.text("section[aria-labelledby=today]");
    assert!(today.contains("Havn First visit Log visit to Havn"), "{today}");
    assert!(today.contains("Torget Done Logged"), "{today}");
    let log = month.attribute("section[aria-labelledby=today] a.btn", "href");
    ingrid.get(&log).await.expect(200);
    let slipping = month.text("section[aria-labelledby=slipping]");
    assert_eq!(
        slipping,
        "Slipping away 1 of 2 Torget 101 days since an order, usually 10 Lost on 7 Feb 2027 without an order"
    );
    // Another month has no today and nobody slips away in it.
    let october = ingrid.get("/my-month?period=2026-10").await.expect(200);
    assert!(!october.has("section[aria-labelledby=today]") && !october.has("section[aria-labelledby=slipping]"));
    assert_eq!(october.attribute(".step a[rel=next]", "href"), "/my-month?period=2026-11");
}

#[tokio::test]
async fn any_period_can_be_asked_for_and_nonsense_is_refused() {
    let field = Field::new().await;
    let mut karin = field.app.client(field.karin).await;
    for period in ["2026-11-19", "2026-W47", "2026-11", "2026-Q4", "2026", "1999-02", "2026-W53", "2999"] {
        let board = karin.get(&format!("/scoreboard?period={period}")).await.expect(200);
        assert_eq!(board.attribute(".seg [aria-current]", "href"), board.attribute(".seg [aria-current]", "href"));
        karin.get(&format!("/reps/{}?period={period}", field.ingrid.id)).await.expect(200);
    }
    let jumped = karin.get("/scoreboard?kind=quarter&on=2025-02-03").await.expect(200);
    assert!(jumped.text(".head .eyebrow").starts_with("Q1 2025"));
    assert_eq!(jumped.attribute(".step a[rel=prev]", "href"), "/scoreboard?period=2024-Q4");
    for wrong in
        ["period=soon", "period=2026-13", "kind=fortnight", "on=yesterday", "kind=month&on=2026-02-30", "period=%00"]
    {
        karin.get(&format!("/scoreboard?{wrong}")).await.expect(400);
    }
    karin.get("/reps/x").await.expect(404);
    karin.get("/reps/99999999999999999999").await.expect(404);
}

#[tokio::test]
async fn a_board_ranks_by_the_attainment_of_one_metric() {
    let field = Field::new().await;
    let customer = field.customer("Havn", field.ingrid).await;
    // Visits: Ingrid 3 of 6, Jonas 2 of 4, Luc has no target. The scorecard puts Luc first, for a new customer, and Ingrid
    // last, who has none.
    for day in 2..5 {
        field.visit(field.ingrid, customer, date!(2026 - 11 - 01).replace_day(day).unwrap(), State::Done).await;
    }
    for day in 2..4 {
        field.visit(field.jonas, customer, date!(2026 - 11 - 01).replace_day(day).unwrap(), State::Done).await;
    }
    field.target(field.ingrid, Metric::Visits, 6.into()).await;
    field.target(field.ingrid, Metric::NewCustomers, 1.into()).await;
    field.target(field.jonas, Metric::Visits, 4.into()).await;
    field.target(field.luc, Metric::NewCustomers, 1.into()).await;
    let torget = field.customer("Torget", field.luc).await;
    field.sale(field.luc, torget, date!(2026 - 11 - 05), 10_000).await;
    let mut freja = field.app.client(field.freja).await;
    let ranks = |page: &crate::support::Answer| {
        let ranks = page.texts("table.board td.rankc").into_iter();
        ranks.zip(page.texts("table.board tbody th a")).map(|(rank, name)| format!("{rank} {name}")).collect::<Vec<_>>()
    };
    let board = freja.get("/scoreboard").await.expect(200);
    assert_eq!(ranks(&board), ["1 Luc Moreau", "2 =Jonas Lindqvist", "3 Ingrid Solberg"]);
    assert_eq!(board.texts("select#by option"), ["Scorecard", "New customers", "Visits"], "what has an attainment");
    let by_visits = freja.submit(&board, "form:has(#by)", &[("by", "visits")]).await.expect(200);
    assert_eq!(ranks(&by_visits), ["1 =Jonas Lindqvist", "1 Ingrid Solberg", " Luc Moreau"], "half of the target each");
    assert_eq!(by_visits.text("table.board caption"), "Reps ranked by attainment of visits, November 2026");
    // However it is sorted, ranks stay; the file and the wall have the same.
    let sorted = freja.get("/scoreboard?by=visits&sort=-rep").await.expect(200);
    assert_eq!(ranks(&sorted), [" Luc Moreau", "1 Ingrid Solberg", "1 =Jonas Lindqvist"]);
    let file = freja.get("/scoreboard.csv?by=visits").await.expect(200).body();
    assert!(
        file.lines().nth(1).unwrap().starts_with("1,") && file.lines().nth(3).unwrap().starts_with(",Luc"),
        "{file}"
    );
    let wall = freja.get("/scoreboard/wall?by=visits").await.expect(200);
    assert_eq!(wall.text("table caption"), "Reps ranked by attainment of visits");
    freja.get("/scoreboard?by=luck").await.expect(400);
}

#[tokio::test]
async fn the_file_holds_the_board_and_disarms_formulas() {
    let field = Field::new().await;
    let havn = field.customer("Havn", field.ingrid).await;
    field.sale(field.ingrid, havn, date!(2026 - 11 - 05), 80_050).await;
    field.target(field.ingrid, Metric::NetSales, 100_000.into()).await;
    let mut karin = field.app.client(field.karin).await;
    let board = karin.get("/scoreboard?period=2026-11&sort=-net_sales").await.expect(200);
    let file = karin.get(&board.attribute("a[download]", "href")).await.expect(200);
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"scoreboard-2026-11.csv\"");
    let body = file.body();
    let mut reader = csv::Reader::from_reader(body.as_bytes());
    let heads = reader.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let at = |row: usize, head: &str| rows[row].get(heads.iter().position(|h| h == head).unwrap()).unwrap();
    assert_eq!((at(0, "rep"), at(0, "team"), at(0, "period")), ("Ingrid Solberg", "Field", "2026-11"));
    assert_eq!(
        (at(0, "net_sales"), at(0, "net_sales_target"), at(0, "net_sales_attainment")),
        ("800.50", "1000.00", "80.05")
    );
    assert_eq!((at(0, "new_customers"), at(0, "sales_growth"), at(0, "visits_target")), ("1", "", ""));
    assert_eq!(at(1, "rep"), "'=Jonas Lindqvist");
}
