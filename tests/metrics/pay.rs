//! What pays is what the boards count, but for the two differences that are meant (docs/definitions.md, *Returns and
//! pay*, *Confirmation*).

use std::collections::{BTreeMap, BTreeSet};

use attain::{
    commission_runs::{
        calculate::Question,
        facts_db::{counted_visits, credited_deals, paid_events},
        paid_base_db,
        rules::Rules,
    },
    domain::{
        id::{OrgId, UserId},
        metric::{Facts, Metric},
        money::Money,
        period::{Dates, Period, PeriodKind, add_days},
    },
    postgres::tx,
    scorecards::{
        db::{Subject, Subjects, facts},
        more::{self, Asked},
        more_db::{self, Pays},
    },
};
use proptest::prelude::*;
use sqlx::{PgConnection, PgPool};
use time::Month;

use crate::{
    naive::{Happened, Who},
    naive_more::Further,
    sql::{Company, further, worth},
    world::{START, World},
};

/// What pays a rep in a month, counted from the records that a statement shows.
#[derive(Debug, Default, PartialEq, Eq)]
struct Paid {
    visits: i64,
    stranger_visits: i64,
    touches: i64,
    lost_customers: i64,
    new_customers: i64,
    won_back_customers: i64,
}

/// Every month of a company's history, with deals that need nobody's confirmation.
pub async fn compare(
    db: &PgPool,
    company: &Company,
    world: &World,
    lives: &[Vec<Happened>],
) -> Result<(), TestCaseError> {
    let whole = Dates { from: START, to: add_days(world.today, 40) };
    let months = Period::overlapping(PeriodKind::Month, whole, Month::January);
    let subjects = Subjects { reps: company.reps.clone(), ..Subjects::default() };
    confirm_deals(db, company.org, false).await;
    let mut db = tx::read(db, company.org).await.unwrap();
    let table = facts(&mut db, company.org, &subjects, &months, world.growth_base, world.today).await.unwrap();
    let board = |month: Period, rep: UserId| -> Facts { table[&(month, Subject::Rep(rep))] };

    let mut sales: BTreeMap<(Period, UserId), (i64, i64)> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for month in &months {
        let through = month.to().min(add_days(world.today, 1));
        for rep in &company.reps {
            let (paid, counted) = (paid(&mut db, company.org, *month, through, *rep).await, board(*month, *rep));
            let place = company.reps.iter().position(|r| r == rep).unwrap();
            let stands = |what| stands(lives, what, place, *month, world);
            let expected = Paid {
                visits: counted.visits,
                stranger_visits: counted.stranger_visits,
                touches: counted.touches,
                lost_customers: counted.lost_customers,
                new_customers: stands("first_sale"),
                won_back_customers: stands("won_back"),
            };
            prop_assert_eq!(paid, expected, "rep {} in {}", place, month);
        }
        let deals = credited_deals(&mut db, company.org, month.from(), month.to(), None, false, &Rules::default())
            .await
            .unwrap();
        for deal in deals.into_iter().filter(|deal| !deal.elsewhere && !deal.overlay) {
            prop_assert!(deal.confirmed && seen.insert((deal.id, deal.rep_id)), "deal {} pays twice", deal.number);
            let booked = Period::containing(PeriodKind::Month, deal.booked_on, Month::January);
            let (all, to_new) = sales.entry((booked, deal.rep_id)).or_default();
            *all += deal.amount.0;
            *to_new += if deal.to_new_customer { deal.amount.0 } else { 0 };
        }
    }
    for month in &months {
        for rep in &company.reps {
            let counted = board(*month, *rep);
            let paid = sales.remove(&(*month, *rep)).unwrap_or_default();
            prop_assert_eq!(paid, (counted.net_sales.0, counted.new_customer_sales.0), "{} {}", rep, month);
        }
    }
    prop_assert_eq!(sales, BTreeMap::new(), "these pay and are on no board");
    let asked = Asked {
        org: company.org,
        subjects: &subjects,
        periods: &months,
        growth_base: world.growth_base,
        today: world.today,
        paying: true,
        pays: Pays::default(),
    };
    let table = that_pay(&mut db, &asked).await;
    // Of many people other branches of the statements read the same.
    let strangers = (0..20).map(|n| UserId(i64::MAX - n));
    let many = Subjects { reps: company.reps.iter().copied().chain(strangers).collect(), ..Subjects::default() };
    let of_many = that_pay(&mut db, &Asked { subjects: &many, ..asked }).await;
    for (place, facts) in &table {
        prop_assert_eq!(Some(facts), of_many.get(place), "{:?}", place);
    }
    for ((month, subject), facts) in table {
        let place = company.reps.iter().position(|rep| subject == Subject::Rep(*rep)).unwrap();
        let naive = world.further(Who::Rep(place), month, lives, true);
        // The rest of the growth follows from what the run finds to be the paid sales.
        let paid = Further { growth_from_existing: naive.growth_from_existing, ..further(&facts) };
        prop_assert_eq!(paid, naive, "rep {} in {}", place, month);
        prop_assert_eq!(worth(&facts), world.worth(Who::Rep(place), month, lives, true), "rep {} in {}", place, month);
    }
    Ok(())
}

/// The facts with all further metrics by the rules of pay, and what growth is compared with by the same.
async fn that_pay(db: &mut PgConnection, asked: &Asked<'_>) -> BTreeMap<(Period, Subject), Facts> {
    let Asked { org, growth_base, today, .. } = *asked;
    let mut table = more::facts(db, asked, &Metric::MORE.into()).await.unwrap();
    let basis = more_db::growth_basis(db, org).await.unwrap();
    for &period in asked.periods {
        let Some(base) = period.base(growth_base, today) else { continue };
        let (reps, question) = (&asked.subjects.reps, Question { org, growth_base, period, rep: None, today });
        let bases = paid_base_db::of_reps(db, &question, reps, base, basis, &Rules::default()).await.unwrap();
        for rep in reps {
            let facts = table.get_mut(&(period, Subject::Rep(*rep))).unwrap();
            facts.net_sales_base = Some(bases.get(rep).copied().unwrap_or(Money::ZERO));
        }
    }
    table
}

/// With the setting on, nothing that a rep entered pays before somebody has confirmed it, and losses count all the same.
pub async fn nothing_unconfirmed_pays(db: &PgPool, company: &Company, world: &World) -> Result<(), TestCaseError> {
    confirm_deals(db, company.org, true).await;
    let mut db = tx::read(db, company.org).await.unwrap();
    let to = add_days(world.today, 1);
    let deals = credited_deals(&mut db, company.org, START, to, None, false, &Rules::default()).await.unwrap();
    prop_assert!(deals.iter().all(|deal| !deal.confirmed));
    let events = paid_events(&mut db, company.org, START, to, None, &Rules::default()).await.unwrap();
    prop_assert!(events.iter().all(|event| event.kind == "lost"));
    Ok(())
}

async fn paid(db: &mut PgConnection, org: OrgId, month: Period, through: time::Date, rep: UserId) -> Paid {
    let mut paid = Paid::default();
    for event in paid_events(db, org, month.from(), through, Some(rep), &Rules::default()).await.unwrap() {
        match event.kind.as_str() {
            "first_sale" => paid.new_customers += 1,
            "won_back" => paid.won_back_customers += 1,
            _ => paid.lost_customers += 1,
        }
    }
    for visit in counted_visits(db, org, month.from(), through, Some(rep)).await.unwrap() {
        if visit.kind == "in_person" {
            paid.visits += 1;
            paid.stranger_visits += i64::from(visit.stranger);
        } else {
            paid.touches += 1;
        }
    }
    paid
}

/// The first sales or win-backs of a month that nobody took back, to this day.
fn stands(lives: &[Vec<Happened>], what: &str, rep: usize, month: Period, world: &World) -> i64 {
    let undone = format!("{what}_undone");
    let count = lives
        .iter()
        .flat_map(|life| life.iter().map(move |event| (life, event)))
        .filter(|(_, event)| event.what == what && event.rep == Some(rep))
        .filter(|(_, event)| month.from() <= event.on && event.on < month.to() && event.on <= world.today)
        .filter(|(life, event)| !life.iter().any(|other| other.what == undone && other.deal == event.deal))
        .count();
    i64::try_from(count).unwrap()
}

async fn confirm_deals(db: &PgPool, org: OrgId, confirm: bool) {
    sqlx::query!("update organizations set confirm_deals = $2 where id = $1", org as OrgId, confirm)
        .execute(db)
        .await
        .unwrap();
}
