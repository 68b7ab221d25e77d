//! The metrics about what customers are worth, loaded only where they are asked for: loss rate, time on A customers, the
//! share of the largest customer, contribution. Facts and the lists behind them come from here.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sqlx::PgConnection;
use time::Date;

use super::{
    more::{Asked, Who, holds, lines_of, span},
    more_db::{self, Line, Owned},
    worth_db::{self, Buying, Spent},
};
use crate::domain::{
    classes::{Class, classes},
    contribution::{Book, Costs},
    id::{CustomerId, OrgId, UserId},
    metric::{Facts, Largest, Metric, Time},
    money::Money,
    period::{Dates, Period, add_days, add_months},
    subject::Subject,
};

/// Adds these metrics to the facts, where they are among those that are wanted. `costs` are those that a locked period
/// keeps; none: today's.
pub async fn add(
    db: &mut PgConnection,
    asked: &Asked<'_>,
    who: &Who,
    metrics: &BTreeSet<Metric>,
    costs: Option<Costs>,
    table: &mut BTreeMap<(Period, Subject), Facts>,
) -> sqlx::Result<()> {
    if metrics.contains(&Metric::LossRate) {
        for facts in table.values_mut() {
            facts.buying_customers = Some(0);
        }
        for (period, whose, _) in buying(db, asked, who).await? {
            let facts = table.get_mut(&(period, whose));
            if let Some(count) = facts.and_then(|facts| facts.buying_customers.as_mut()) {
                *count += 1;
            }
        }
    }
    if metrics.contains(&Metric::TimeOnA) {
        for facts in table.values_mut() {
            facts.time = Some(Time::default());
        }
        for (period, whose, spent, class) in time(db, asked, who).await? {
            if let Some(time) = table.get_mut(&(period, whose)).and_then(|facts| facts.time.as_mut()) {
                time.all += spent.minutes;
                time.on_a += if class == Some(Class::A) { spent.minutes } else { 0 };
            }
        }
    }
    if metrics.contains(&Metric::Concentration) {
        for facts in table.values_mut() {
            facts.largest = Some(Largest::default());
        }
        for ((period, whose, _), (_, net)) in year_of_sales(db, asked, who).await? {
            let largest = table.get_mut(&(period, whose)).and_then(|facts| facts.largest.as_mut());
            if let Some(largest) = largest.filter(|_| net > Money::ZERO) {
                largest.one = largest.one.max(net);
                largest.all += net;
            }
        }
    }
    if metrics.contains(&Metric::Contribution) {
        let costs = match costs {
            Some(costs) => costs,
            None => worth_db::costs(db, asked.org).await?,
        };
        for facts in table.values_mut() {
            facts.book = Some(Book { costs, ..Book::default() });
        }
        for ((period, whose, _), (_, one)) in books(db, asked, who).await? {
            if let Some(book) = table.get_mut(&(period, whose)).and_then(|facts| facts.book.as_mut()) {
                *book = book.and(&one);
            }
        }
    }
    Ok(())
}

/// The customers that bought and were owned as the periods began, for each whose they were.
pub async fn buying(
    db: &mut PgConnection,
    asked: &Asked<'_>,
    who: &Who,
) -> sqlx::Result<Vec<(Period, Subject, Buying)>> {
    let days: BTreeSet<Date> = asked.periods.iter().map(|period| period.from()).collect();
    let days = Vec::from_iter(days);
    let mut found = vec![];
    for one in worth_db::buying(db, asked.org, &days, who.everybody().as_deref(), asked.today).await? {
        for &period in asked.periods.iter().filter(|period| period.from() == one.day) {
            for whose in who.of(one.rep, one.day).chain(who.company()) {
                let Buying { day, customer, ref name, rep } = one;
                found.push((period, whose, Buying { day, customer, name: name.clone(), rep }));
            }
        }
    }
    Ok(found)
}

/// The time spent with customers, for each whose it was, and the customer's class on the first day of the period.
pub async fn time(
    db: &mut PgConnection,
    asked: &Asked<'_>,
    who: &Who,
) -> sqlx::Result<Vec<(Period, Subject, Spent, Option<Class>)>> {
    let Some(dates) = asked.so_far() else { return Ok(vec![]) };
    let days: BTreeSet<Date> = asked.periods.iter().map(|period| period.from()).collect();
    let classes = classes_on(db, asked.org, &Vec::from_iter(days), asked.today).await?;
    let mut found = vec![];
    for spent in worth_db::spent(db, asked.org, dates, who.everybody().as_deref()).await? {
        for &period in asked.periods.iter().filter(|period| period.contains(spent.on)) {
            let class = classes.get(&period.from()).and_then(|classes| classes.get(&spent.customer)).copied();
            let whose = who.of(spent.rep, spent.on).chain(who.company());
            found.extend(whose.map(|whose| (period, whose, spent.clone(), class)));
        }
    }
    Ok(found)
}

/// The class of each customer on each of these days, as far as they have come; who neither bought nor gave back has none.
pub async fn classes_on(
    db: &mut PgConnection,
    org: OrgId,
    days: &[Date],
    today: Date,
) -> sqlx::Result<HashMap<Date, BTreeMap<CustomerId, Class>>> {
    let mut bought: HashMap<Date, BTreeMap<CustomerId, Money>> = HashMap::new();
    for one in worth_db::bought(db, org, days, today).await? {
        bought.entry(one.day).or_default().insert(one.customer, one.net);
    }
    Ok(bought.into_iter().map(|(day, bought)| (day, classes(&bought))).collect())
}

/// The twelve months up to the end of a period, as far as it has come.
fn year_up_to(period: Period, today: Date) -> Dates {
    let last = period.last_day().min(today);
    Dates { from: add_days(add_months(last, -12), 1), to: add_days(last, 1) }
}

/// What each customer bought in the twelve months up to the end of the periods: the parts of those whose it is.
pub async fn year_of_sales(
    db: &mut PgConnection,
    asked: &Asked<'_>,
    who: &Who,
) -> sqlx::Result<BTreeMap<(Period, Subject, CustomerId), (String, Money)>> {
    let years = asked.periods.iter().map(|&period| year_up_to(period, asked.today));
    let Some(dates) = span(years) else { return Ok(BTreeMap::new()) };
    let reps = who.everybody();
    let lines = lines_of(db, asked, dates, reps.as_deref()).await?;
    let mut found: BTreeMap<(Period, Subject, CustomerId), (String, Money)> = BTreeMap::new();
    for line in &lines {
        let shares = who.shares(line, line.amount, line.counts_on);
        let within = |period: &&Period| year_up_to(**period, asked.today).contains(line.counts_on);
        for &period in asked.periods.iter().filter(within) {
            for (&whose, &share) in &shares {
                let place = found.entry((period, whose, line.customer));
                place.or_insert_with(|| (line.customer_name.clone(), Money::ZERO)).1 += share;
            }
        }
    }
    Ok(found)
}

/// What each customer brought and took in the periods, for each in whose book it was; the costs are not said.
pub async fn books(
    db: &mut PgConnection,
    asked: &Asked<'_>,
    who: &Who,
) -> sqlx::Result<BTreeMap<(Period, Subject, CustomerId), (String, Book)>> {
    let Some(dates) = asked.so_far() else { return Ok(BTreeMap::new()) };
    // A book holds what others sold and whom others visited, too.
    let lines = lines_of(db, asked, dates, None).await?;
    let spent = worth_db::spent(db, asked.org, dates, None).await?;
    let customers: BTreeSet<CustomerId> =
        lines.iter().map(|line| line.customer).chain(spent.iter().map(|spent| spent.customer)).collect();
    let mut owned: HashMap<CustomerId, Vec<Owned>> = HashMap::new();
    for time in more_db::owners(db, asked.org, &Vec::from_iter(customers)).await? {
        owned.entry(time.customer).or_default().push(time);
    }
    let mut found: BTreeMap<(Period, Subject, CustomerId), (String, Book)> = BTreeMap::new();
    let mut put = |on: Date, customer: CustomerId, (name, held): (&str, &[UserId]), one: Book| {
        let times = owned.get(&customer).into_iter().flatten();
        let owner = times.filter(|time| holds(time.from, time.to, on)).map(|time| time.rep).next();
        let owner = owner.filter(|rep| !held.contains(rep));
        let books: Vec<Subject> = owner.into_iter().flat_map(|rep| who.of(rep, on)).chain(who.company()).collect();
        for &period in asked.periods.iter().filter(|period| period.contains(on)) {
            for &whose in &books {
                let place =
                    found.entry((period, whose, customer)).or_insert_with(|| (name.to_owned(), Book::default()));
                place.1 = place.1.and(&one);
            }
        }
    };
    for deal in lines.chunk_by(|a, b| a.deal == b.deal) {
        let Some(Line { customer, customer_name, counts_on, held, .. }) = deal.first() else { continue };
        let mut one = Book::default();
        for line in deal {
            match line.cost {
                Some(cost) => one.margin += line.amount - cost,
                None => one.lines_without_cost += 1,
            }
        }
        let net: Money = deal.iter().map(|line| line.amount).sum();
        one.orders = i64::from(net > Money::ZERO);
        put(*counts_on, *customer, (customer_name, held), one);
    }
    let mut went = BTreeSet::new();
    for one in &spent {
        let first = one.in_person && went.insert((one.rep, one.customer, one.on));
        let book = Book { visits: i64::from(first), minutes: one.minutes, ..Book::default() };
        put(one.on, one.customer, (&one.customer_name, &[]), book);
    }
    Ok(found)
}
