//! The one SQL query equals the naive version, on random companies in a real database.

use attain::{
    customers::{self, events_db, rules_db},
    deals,
    domain::{
        access::Role,
        customer::facts::EndingKind,
        deal::{Credit, Stage},
        id::{CustomerId, DealId, OrgId, ProductId, TeamId, UserId},
        metric::{Facts, Metric, Value, value},
        money::{Currency, Money},
        period::{Dates, Period, PeriodKind, add_days},
        rate::Ratio,
        visit::{Kind, State},
    },
    organizations::{self, db::NewOrganization},
    postgres::{
        derived::Differs,
        tx::{self, Tx},
    },
    scorecards::{
        db::{Subject, Subjects},
        more::{self, Asked},
        more_db::Pays,
    },
    teams,
    users::{self, db::Details},
    visits,
};
use proptest::{prelude::*, test_runner::TestRunner};
use rust_decimal::Decimal;
use sqlx::{PgConnection, PgPool};
use time::macros::{datetime, time};

use crate::{
    database::TestDatabase,
    naive::{Happened, Numbers, Who},
    naive_more::Further,
    naive_worth::Worth,
    pay,
    world::{LimitOf, START, World, world},
};

/// A world as it stands in the database.
pub struct Company {
    pub org: OrgId,
    pub reps: Vec<UserId>,
    teams: Vec<TeamId>,
    customers: Vec<CustomerId>,
    deals: Vec<DealId>,
    products: Vec<ProductId>,
}

#[test]
fn the_query_counts_what_the_naive_version_counts() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let database = runtime.block_on(TestDatabase::create());
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new(ProptestConfig { cases: config.cases / 8, ..config });
    let input = (world(), prop::sample::select(PeriodKind::ALL.to_vec()), 0..780_i64);
    let done = runner.run(&input, |(world, kind, day)| {
        let lives: Vec<_> = (0..world.customers.len()).map(|customer| world.life(customer)).collect();
        runtime.block_on(async {
            let company = enter(&database.pool, &world).await;
            compare_events(&database.pool, &company, &lives).await?;
            // Days: two months anywhere; all else: everything.
            let (first, days) = if kind == PeriodKind::Day { (day, 60) } else { (0, 800) };
            let from = add_days(START, first);
            let dates = Dates { from, to: add_days(from, days) };
            compare_numbers(&database.pool, &company, &world, &lives, kind, dates).await?;
            pay::compare(&database.pool, &company, &world, &lives).await?;
            pay::nothing_unconfirmed_pays(&database.pool, &company, &world).await
        })
    });
    drop(database);
    done.unwrap();
}

async fn compare_events(db: &PgPool, company: &Company, lives: &[Vec<Happened>]) -> Result<(), TestCaseError> {
    let mut tx = tx::read(db, company.org).await.unwrap();
    for (customer, life) in company.customers.iter().zip(lives) {
        let mut stored: Vec<Happened> = events_db::list(&mut tx, company.org, *customer)
            .await
            .unwrap()
            .into_iter()
            .map(|event| Happened {
                what: event.kind.as_str(),
                on: event.on,
                rep: event.rep.map(|rep| company.reps.iter().position(|r| *r == rep).unwrap()),
                deal: event.deal.map(|deal| company.deals.iter().position(|d| *d == deal).unwrap()),
                value: event.value.0,
            })
            .collect();
        let mut life = life.clone();
        stored.sort_by_key(|event| (event.on, event.what.ends_with("undone"), event.what));
        life.sort_by_key(|event| (event.on, event.what.ends_with("undone"), event.what));
        prop_assert_eq!(stored, life);
    }
    prop_assert_eq!(differences(&mut tx, company.org).await, [""; 0]);
    Ok(())
}

/// What the product's own verification finds.
async fn differences(db: &mut PgConnection, org: OrgId) -> Vec<String> {
    let (mut found, euro) = (vec![], Currency::parse("EUR").unwrap());
    let mut tell = |differs: Differs| found.push(differs.to_string());
    customers::verify_db::verify(db, org, euro, &mut tell).await.unwrap();
    deals::verify_db::verify(db, org, euro, &mut tell).await.unwrap();
    found
}

async fn compare_numbers(
    db: &PgPool,
    company: &Company,
    world: &World,
    lives: &[Vec<Happened>],
    kind: PeriodKind,
    dates: Dates,
) -> Result<(), TestCaseError> {
    let periods = Period::overlapping(kind, dates, world.fiscal_start);
    let subjects = Subjects { reps: company.reps.clone(), teams: company.teams.clone(), company: true };
    let mut tx = tx::read(db, company.org).await.unwrap();
    let asked = Asked {
        org: company.org,
        subjects: &subjects,
        periods: &periods,
        growth_base: world.growth_base,
        today: world.today,
        paying: false,
        pays: Pays::default(),
    };
    let table = more::facts(&mut tx, &asked, &Metric::MORE.into()).await.unwrap();
    prop_assert_eq!(table.len(), periods.len() * (company.reps.len() + company.teams.len() + 1));
    for ((period, subject), facts) in table {
        let who = match subject {
            Subject::Company => Who::Company,
            Subject::Rep(rep) => Who::Rep(company.reps.iter().position(|r| *r == rep).unwrap()),
            Subject::Team(team) => Who::Team(company.teams.iter().position(|t| *t == team).unwrap()),
        };
        prop_assert_eq!(numbers(&facts), world.numbers(who, period, lives), "{:?} {}", who, period);
        prop_assert_eq!(further(&facts), world.further(who, period, lives, false), "{:?} {}", who, period);
        prop_assert_eq!(worth(&facts), world.worth(who, period, lives, false), "{:?} {}", who, period);
    }
    Ok(())
}

/// The ten metrics through the product's one function.
fn numbers(facts: &Facts) -> Numbers {
    let count = |metric| match value(metric, facts) {
        Some(Value::Count(count)) => count,
        other => panic!("{metric:?} is {other:?}"),
    };
    let money = |metric| match value(metric, facts) {
        Some(Value::Money(Money(money))) => money,
        other => panic!("{metric:?} is {other:?}"),
    };
    let growth = value(Metric::SalesGrowth, facts).map(|growth| {
        let base = facts.net_sales_base.unwrap().0;
        let change = facts.growing_sales().0 - base;
        assert_eq!(growth, Value::Fraction(Ratio::new(change.into(), base.into()).unwrap()));
        (change, base)
    });
    Numbers {
        new_customers: count(Metric::NewCustomers),
        lost_customers: count(Metric::LostCustomers),
        won_back_customers: count(Metric::WonBackCustomers),
        visits: count(Metric::Visits),
        stranger_visits: count(Metric::StrangerVisits),
        touches: count(Metric::Touches),
        net_sales: money(Metric::NetSales),
        new_customer_sales: money(Metric::NewCustomerSales),
        existing_customer_sales: money(Metric::ExistingCustomerSales),
        sales_growth: growth,
    }
}

/// The further metrics through the product's one function.
pub fn further(facts: &Facts) -> Further {
    let share = |metric, part: Money| {
        value(metric, facts).map(|share| {
            let base = facts.net_sales_base.unwrap().0;
            assert_eq!(share, Value::Fraction(Ratio::new(part.0.into(), base.into()).unwrap()));
            (part.0, base)
        })
    };
    let new = facts.growth_new.unwrap();
    let kept = facts.visit_minimum.unwrap();
    let minimum = Ratio::new(kept.met.into(), kept.of.into()).map(Value::Fraction);
    assert_eq!(value(Metric::VisitMinimum, facts), minimum);
    let (Some(Value::Money(sales)), Some(Value::Count(count)), Some(Value::Money(margin))) =
        (value(Metric::CrossSellSales, facts), value(Metric::CrossSellCount, facts), value(Metric::GrossMargin, facts))
    else {
        panic!("{facts:?}");
    };
    let rest = facts.growing_sales() - facts.net_sales_base.unwrap_or_default() - new;
    Further {
        growth_from_new: share(Metric::GrowthFromNew, new),
        growth_from_existing: share(Metric::GrowthFromExisting, rest),
        cross_sell_sales: sales.0,
        cross_sell_count: count,
        gross_margin: margin.0,
        lines_without_cost: facts.lines_without_cost,
        visit_minimum: (kept.met, kept.of),
    }
}

/// The metrics about what customers are worth through the product's one function.
pub fn worth(facts: &Facts) -> Worth {
    let share = |metric, part: i64, all: i64| {
        let share = value(metric, facts);
        assert_eq!(share, Ratio::new(part.into(), all.into()).filter(|_| all > 0).map(Value::Fraction), "{metric:?}");
        share.map(|_| (part, all))
    };
    let (time, largest, book) = (facts.time.unwrap(), facts.largest.unwrap(), facts.book.unwrap());
    Worth {
        loss_rate: share(Metric::LossRate, facts.lost_customers, facts.buying_customers.unwrap()),
        time_on_a: share(Metric::TimeOnA, time.on_a, time.all),
        concentration: share(Metric::Concentration, largest.one.0, largest.all.0),
        contribution: value(Metric::Contribution, facts).map(|value| match value {
            Value::Money(Money(amount)) => amount,
            other => panic!("{other:?}"),
        }),
        without_cost: book.lines_without_cost,
    }
}

/// Writes a world down as the product would.
async fn enter(db: &PgPool, world: &World) -> Company {
    let mut tx = tx::write_as_owner(db, OrgId(0), datetime!(2019-01-01 12:00 UTC)).await.unwrap();
    let new = NewOrganization {
        name: uuid::Uuid::new_v4().to_string(),
        currency: Currency::parse("EUR").unwrap(),
        time_zone: "UTC".to_owned(),
    };
    let org = organizations::db::create(&mut tx, &new).await.unwrap();
    let mut company = Company { org, reps: vec![], teams: vec![], customers: vec![], deals: vec![], products: vec![] };
    sqlx::query!("update organizations set growth_basis = $2 where id = $1", org as OrgId, world.growth_basis.as_str())
        .execute(&mut *tx)
        .await
        .unwrap();
    let [visit, minute, order] = world.costs;
    sqlx::query!(
        "update organizations set cost_per_visit = $2, cost_per_minute = $3, cost_per_order = $4 where id = $1",
        org as OrgId,
        visit,
        minute,
        order,
    )
    .execute(&mut *tx)
    .await
    .unwrap();
    for rule in world.rules() {
        rules_db::set(&mut tx, rule).await.unwrap();
    }
    enter_people(&mut tx, world, &mut company).await;
    enter_expected(&mut tx, world, &mut company).await;
    enter_customers(&mut tx, world, &mut company).await;
    for deal in &world.deals {
        let new = deals::db::NewDeal {
            customer: company.customers[deal.customer],
            owner: deal.owner.map(|rep| company.reps[rep]),
            stage: if deal.won { Stage::Won } else { Stage::Open },
            opened_on: None,
            booked_on: deal.won.then_some(deal.on),
            expected_on: None,
            returns: deal.returns.map(|place| company.deals[place]),
            currency: None,
            rate: None,
            notes: String::new(),
            confirmed: false,
            lines: (1..)
                .zip(deal.lines.iter().zip(&deal.goods))
                .map(|(position, (amount, good))| deals::db::Line {
                    position,
                    product: good.category.map(|place| company.products[place]),
                    text: String::new(),
                    quantity: Decimal::ONE,
                    amount: Money(*amount),
                    original: None,
                    cost: good.cost.map(Money),
                })
                .collect(),
            credits: deal
                .credits
                .iter()
                .map(|credit| Credit { rep: company.reps[credit.rep], parts: credit.parts, overlay: credit.overlay })
                .collect(),
        };
        company.deals.push(deals::db::insert(&mut tx, &new).await.unwrap());
    }
    for visit in &world.visits {
        tx.now = add_days(visit.on, visit.entered_after).with_time(time!(12:00)).assume_utc();
        let new = visits::db::NewVisit {
            rep: company.reps[visit.rep],
            customer: company.customers[visit.customer],
            visited_on: visit.on,
            starts_at: None,
            kind: Kind::parse(visit.kind).unwrap(),
            state: State::parse(visit.state).unwrap(),
            outcome: None,
            minutes: visit.minutes,
            notes: String::new(),
        };
        let id = visits::db::insert(&mut tx, &new).await.unwrap();
        let mut along = vec![];
        for (rep, entered_after) in &visit.along {
            tx.now = add_days(visit.on, *entered_after).with_time(time!(12:00)).assume_utc();
            along.push(company.reps[*rep]);
            visits::db::set_participants(&mut tx, id, &along).await.unwrap();
        }
    }
    enter_locks(&mut tx, world, &company).await;
    events_db::recompute(&mut tx, &company.customers).await.unwrap();
    tx.commit().await.unwrap();
    company
}

async fn enter_people(tx: &mut Tx, world: &World, company: &mut Company) {
    for parent in &world.teams {
        let name = format!("Team {}", company.teams.len());
        let parent = parent.map(|place| company.teams[place]);
        company.teams.push(teams::db::insert(tx, &name, parent).await.unwrap());
    }
    for rep in 0..world.reps {
        let details = Details { name: format!("Rep {rep}"), ..Details::default() };
        let id = users::db::insert(tx, &details).await.unwrap();
        users::db::set_roles(tx, id, &[Role::Rep]).await.unwrap();
        company.reps.push(id);
    }
    for place in &world.memberships {
        sqlx::query!(
            "insert into memberships (org_id, user_id, team_id, during) values ($1, $2, $3, daterange($4, $5))",
            company.org as OrgId,
            company.reps[place.rep] as UserId,
            company.teams[place.what] as TeamId,
            place.from,
            place.to,
        )
        .execute(&mut **tx)
        .await
        .unwrap();
    }
}

/// Products of three categories, holidays, leave, and what is expected.
async fn enter_expected(tx: &mut Tx, world: &World, company: &mut Company) {
    for category in 0..3 {
        let product = sqlx::query_scalar!(
            "with c as (
                 insert into categories (org_id, name) values ($1, $2)
                 returning id
             )
             insert into products (org_id, name, category_id)
             select $1, $2, c.id
             from c
             returning id",
            company.org as OrgId,
            format!("Category {category}"),
        )
        .fetch_one(&mut **tx)
        .await
        .unwrap();
        company.products.push(product);
    }
    for day in &world.holidays {
        let org = company.org;
        sqlx::query!("insert into holidays (org_id, on_date, name) values ($1, $2, 'A holiday')", org as OrgId, *day)
            .execute(&mut **tx)
            .await
            .unwrap();
    }
    for leave in &world.leaves {
        sqlx::query!(
            "insert into leaves (org_id, user_id, during, kind, recorded_by, recorded_at)
             values ($1, $2, daterange($3, $4), 'vacation', $2, '2019-01-01')",
            company.org as OrgId,
            company.reps[leave.rep] as UserId,
            leave.from,
            leave.to,
        )
        .execute(&mut **tx)
        .await
        .unwrap();
    }
    for least in &world.minimums {
        sqlx::query!(
            "insert into visit_minimums (org_id, rep_id, visits, per, strangers_only, from_date)
             values ($1, $2, $3, $4, $5, $6)",
            company.org as OrgId,
            least.rep.map(|rep| company.reps[rep]) as Option<UserId>,
            i32::try_from(least.visits).unwrap(),
            if least.weekly { "week" } else { "day" },
            least.strangers,
            least.from,
        )
        .execute(&mut **tx)
        .await
        .unwrap();
    }
}

async fn enter_customers(tx: &mut Tx, world: &World, company: &mut Company) {
    for customer in &world.customers {
        let details = customers::db::Details {
            name: format!("Customer {}", company.customers.len()),
            segment: customer.segment.map(|segment| segment.to_string()),
            customer_since: customer.since,
            ..customers::db::Details::default()
        };
        company.customers.push(customers::db::insert(tx, &details, START).await.unwrap());
    }
    for held in &world.ownerships {
        sqlx::query!(
            "insert into ownerships (org_id, customer_id, rep_id, during) values ($1, $2, $3, daterange($4, $5))",
            company.org as OrgId,
            company.customers[held.what] as CustomerId,
            company.reps[held.rep] as UserId,
            held.from,
            held.to,
        )
        .execute(&mut **tx)
        .await
        .unwrap();
    }
    for ending in &world.endings {
        let new = customers::db::NewEnding {
            on: ending.on,
            kind: EndingKind::parse(ending.kind).unwrap(),
            reason: "A reason".to_owned(),
            verified_reason: None,
            competitor: None,
        };
        customers::db::insert_ending(tx, company.customers[ending.customer], &new).await.unwrap();
    }
    sqlx::query!("delete from loss_limits where org_id = $1", company.org as OrgId).execute(&mut **tx).await.unwrap();
    for limit in &world.limits {
        let (segment, customer) = match limit.of {
            LimitOf::Company => (None, None),
            LimitOf::Segment(segment) => (Some(segment.to_string()), None),
            LimitOf::Customer(place) => (None, Some(company.customers[place])),
        };
        sqlx::query!(
            "insert into loss_limits (org_id, segment, customer_id, days, from_date) values ($1, $2, $3, $4, $5)",
            company.org as OrgId,
            segment,
            customer as Option<CustomerId>,
            i32::try_from(limit.days).unwrap(),
            limit.from,
        )
        .execute(&mut **tx)
        .await
        .unwrap();
    }
}

async fn enter_locks(tx: &mut Tx, world: &World, company: &Company) {
    for lock in &world.locks {
        let at = lock.on.with_time(time!(18:00)).assume_utc();
        let run = sqlx::query_scalar!(
            r#"insert into commission_runs (org_id, period_kind, period_start, period_end, prepared_by, prepared_at, engine)
             values ($1, 'month', $2, $3, $4, $5, 'test')
             returning id as "id: i64""#,
            company.org as OrgId,
            lock.from,
            lock.to,
            company.reps[0] as UserId,
            at,
        )
        .fetch_one(&mut **tx)
        .await
        .unwrap();
        sqlx::query!(
            "insert into period_locks (org_id, run_id, period_kind, period_start, period_end, locked_at)
             values ($1, $2, 'month', $3, $4, $5)",
            company.org as OrgId,
            run,
            lock.from,
            lock.to,
            at,
        )
        .execute(&mut **tx)
        .await
        .unwrap();
    }
}
