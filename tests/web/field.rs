//! A small company in the field, for the tests of customers, visits and deals: two teams, three reps, a manager.

use attain::{
    clock::Clock,
    customers::{self, db::Details},
    deals::{self, db::Line},
    domain::{
        access::Role,
        deal::{Credit, Stage},
        id::{CustomerId, DealId, OrgId, TeamId, VisitId},
        metric::Facts,
        money::{Currency, Money},
        period::{Dates, Period},
        visit::{Kind, State},
    },
    postgres::{derived::Differs, tx},
    scorecards::db::{Subject, Subjects, facts},
    visits::{self, db::NewVisit},
};
use time::{Date, Duration, OffsetDateTime, macros::date};

use crate::support::{NOW, TestApp, User};

/// The day of the tests.
pub const TODAY: Date = date!(2026 - 11 - 19);

/// Ingrid and Jonas are in the team North, which Berit manages; Olav is in South.
pub struct Field {
    pub app: TestApp,
    pub org: OrgId,
    pub ingrid: User,
    pub jonas: User,
    pub olav: User,
    pub berit: User,
    pub finn: User,
    pub astrid: User,
    pub north: TeamId,
}

impl Field {
    pub async fn new() -> Self {
        let app = TestApp::new().await;
        let org = app.company("Nordlys").await;
        let ingrid = app.user(org, "Ingrid", &[Role::Rep]).await;
        let jonas = app.user(org, "Jonas", &[Role::Rep]).await;
        let olav = app.user(org, "Olav", &[Role::Rep]).await;
        let berit = app.user(org, "Berit", &[Role::Manager]).await;
        let finn = app.user(org, "Finn", &[Role::Finance]).await;
        let astrid = app.user(org, "Astrid", &[Role::Admin]).await;
        let north = app.team(org, "North", None, Some(berit), &[ingrid, jonas]).await;
        app.team(org, "South", None, None, &[olav]).await;
        Self { app, org, ingrid, jonas, olav, berit, finn, astrid, north }
    }

    /// A customer that this rep has owned from the beginning.
    pub async fn customer(&self, name: &str, owner: User) -> CustomerId {
        let mut tx = self.app.write(self.org).await;
        let details = Details { name: name.to_owned(), city: Some("Oslo".to_owned()), ..Details::default() };
        let id = customers::db::insert(&mut tx, &details, date!(2025 - 01 - 01)).await.unwrap();
        customers::db::set_owner(&mut tx, id, Some(owner.id), None).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    /// A visit that took place and was entered on its day.
    pub async fn visit(&self, rep: User, customer: CustomerId, on: Date, kind: Kind) -> VisitId {
        let entered = NOW - Duration::days((TODAY - on).whole_days());
        self.visit_entered(rep, customer, on, kind, entered).await
    }

    pub async fn visit_entered(
        &self,
        rep: User,
        customer: CustomerId,
        on: Date,
        kind: Kind,
        entered: OffsetDateTime,
    ) -> VisitId {
        let mut tx = tx::write(&self.app.db, self.org, Some(rep.id), Clock::Fixed(entered)).await.unwrap();
        let new = NewVisit {
            rep: rep.id,
            customer,
            visited_on: on,
            starts_at: None,
            kind,
            state: State::Done,
            outcome: None,
            minutes: None,
            notes: String::new(),
        };
        let id = visits::db::insert(&mut tx, &new).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    /// A confirmed deal of one line, with these credits.
    pub async fn deal(&self, customer: CustomerId, on: Date, cents: i64, credits: &[(User, u32)]) -> DealId {
        self.deal_like(customer, on, cents, credits, None).await
    }

    pub async fn deal_like(
        &self,
        customer: CustomerId,
        on: Date,
        cents: i64,
        credits: &[(User, u32)],
        returns: Option<DealId>,
    ) -> DealId {
        let mut tx = self.app.write(self.org).await;
        let new = deals::db::NewDeal {
            customer,
            owner: credits.first().map(|(rep, _)| rep.id),
            stage: Stage::Won,
            opened_on: Some(on),
            booked_on: Some(on),
            expected_on: None,
            returns,
            currency: None,
            rate: None,
            notes: String::new(),
            confirmed: true,
            lines: vec![Line {
                position: 1,
                product: None,
                text: "Coffee".to_owned(),
                quantity: 1.into(),
                amount: Money(cents),
                original: None,
                cost: None,
            }],
            credits: credits.iter().map(|&(rep, parts)| Credit { rep: rep.id, parts, overlay: false }).collect(),
        };
        let id = deals::save::enter(&mut tx, &new).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    /// A locked month: what is entered for it from now on is late.
    pub async fn lock(&self, month: &str) {
        self.lock_at(month, NOW - Duration::days(1)).await;
    }

    /// A month that is locked from an instant on.
    pub async fn lock_at(&self, month: &str, at: OffsetDateTime) {
        let mut tx = tx::write_as_owner(&self.app.db, self.org, self.app.now()).await.unwrap();
        let start = date(month, "-01");
        let end = attain::domain::period::add_months(start, 1);
        let run = sqlx::query_scalar!(
            r#"insert into commission_runs (org_id, period_kind, period_start, period_end, prepared_by, prepared_at, engine)
               values ($1, 'month', $2, $3, $4, $5, 'test')
               returning id as "id!: i64""#,
            self.org.0,
            start,
            end,
            self.finn.id.0,
            NOW - Duration::days(1),
        )
        .fetch_one(&mut *tx)
        .await
        .unwrap();
        sqlx::query!(
            "insert into period_locks (org_id, run_id, period_kind, period_start, period_end, locked_at)
             values ($1, $2, 'month', $3, $4, $5)",
            self.org.0,
            run,
            start,
            end,
            at,
        )
        .execute(&mut *tx)
        .await
        .unwrap();
        let run = attain::domain::id::RunId(run);
        attain::targets::expected::keep(&mut tx, run, Dates { from: start, to: end }).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// What the metrics say of a subject in a period.
    pub async fn facts(&self, subject: Subject, period: &str) -> Facts {
        let period = Period::parse(period, time::Month::January).unwrap();
        let subjects = match subject {
            Subject::Company => Subjects { company: true, ..Subjects::default() },
            Subject::Rep(rep) => Subjects { reps: vec![rep], ..Subjects::default() },
            Subject::Team(team) => Subjects { teams: vec![team], ..Subjects::default() },
        };
        let mut tx = tx::read(&self.app.db, self.org).await.unwrap();
        let base = attain::domain::company::GrowthBase::LastYear;
        let table = facts(&mut tx, self.org, &subjects, &[period], base, TODAY).await.unwrap();
        table[&(period, subject)]
    }

    /// Fails if what is stored beside customers and deals is not what follows from the facts.
    pub async fn verify(&self) {
        assert_eq!(self.differences().await, [""; 0]);
    }

    /// What is stored beside customers and deals and does not follow from the facts.
    pub async fn differences(&self) -> Vec<String> {
        let mut tx = tx::read(&self.app.db, self.org).await.unwrap();
        let (mut found, euro) = (vec![], Currency::parse("EUR").unwrap());
        let mut tell = |differs: Differs| found.push(differs.to_string());
        customers::verify_db::verify(&mut tx, self.org, euro, &mut tell).await.unwrap();
        deals::verify_db::verify(&mut tx, self.org, euro, &mut tell).await.unwrap();
        visits::verify_db::verify(&mut tx, self.org, &mut tell).await.unwrap();
        found
    }

    /// How many rows a table has.
    pub async fn count(&self, table: &str) -> i64 {
        let sql = format!("select count(*) from {table}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
            .fetch_one(&self.app.db)
            .await
            .map(|row| sqlx::Row::get(&row, 0))
            .unwrap()
    }
}

fn date(month: &str, day: &str) -> Date {
    attain::web::form::parse_date(&format!("{month}{day}")).unwrap()
}

/// The first number of a text: "1,203 visits" is 1203, "−3 of 5" is −3.
pub fn number(text: &str) -> i64 {
    let start = text.find(|c: char| c.is_ascii_digit()).unwrap_or_else(|| panic!("no number in “{text}”"));
    let negative = text[..start].ends_with('−');
    let digits: String =
        text[start..].chars().take_while(|c| c.is_ascii_digit() || *c == ',').filter(char::is_ascii_digit).collect();
    let number: i64 = digits.parse().unwrap();
    if negative { -number } else { number }
}

/// An amount as a page writes it, in cents: "−€1,468.60" is −146860.
pub fn cents(text: &str) -> i64 {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let amount: i64 = digits.parse().unwrap_or_else(|_| panic!("no amount in “{text}”"));
    if text.contains('−') { -amount } else { amount }
}
