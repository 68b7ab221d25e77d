//! The demo company's history as the files that `attain import` reads: believable, and the same for a seed and a date.

use std::fmt::Write;

use rust_decimal::Decimal;
use time::{Date, Duration, Month, Weekday};

use super::{
    chance::Chance,
    names::{FIRST, LAST, MANAGERS, PRODUCTS, REPS, Rep, TOWNS},
};
use crate::domain::money::{Currency, Money};

/// How much history the demo company has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Size {
    /// 10 reps, about 350 customers, 25 months.
    #[value(name = "S")]
    S,
    /// 50 reps.
    #[value(name = "M")]
    M,
    /// 200 reps.
    #[value(name = "L")]
    L,
}

/// How many people sell, and for how long they have.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// The reps; from the eleventh on they are copies with a number behind their names.
    pub reps: usize,
    /// How many months before the current one the history begins.
    pub months: i32,
}

/// The sample data of a company's first steps: small enough for a page, with a month of last year to compare with.
pub const SAMPLE: Shape = Shape { reps: 4, months: 14 };

impl Size {
    /// What the size means.
    pub fn shape(self) -> Shape {
        let reps = match self {
            Self::S => 10,
            Self::M => 50,
            Self::L => 200,
        };
        Shape { reps, months: 24 }
    }
}

/// The files, by name.
pub struct Files(pub Vec<(&'static str, String)>);

/// A rep of the company with its place in the files.
struct Person {
    id: String,
    rep: &'static Rep,
    copy: usize,
}

/// A customer and how it buys.
struct Customer {
    id: String,
    rep: usize,
    /// Usual days between two orders.
    rhythm: i64,
    /// Usual order in cents.
    order: i64,
    first: Date,
    /// No orders from here on.
    silent: Option<Date>,
    /// Orders again from here on.
    back: Option<Date>,
}

/// The company's history up to and including `today`, in its currency.
pub fn files(shape: Shape, seed: u64, today: Date, currency: Currency) -> Files {
    let mut chance = Chance::new(seed);
    let people: Vec<Person> = (0..)
        .flat_map(|copy| {
            REPS.iter().map(move |rep| Person {
                id: if copy == 0 { rep.id.to_owned() } else { format!("{}{}", rep.id, copy + 1) },
                rep,
                copy,
            })
        })
        .take(shape.reps)
        .collect();
    let start = first_of_month(today, -shape.months);
    let mut customers = Vec::new();
    let mut customer_rows =
        String::from("external_id,name,rep,created_on,customer_since,segment,industry,city,country\n");
    for (index, person) in people.iter().enumerate() {
        invent_customers(&mut chance, index, person, (shape.months, start, today), &mut customers, &mut customer_rows);
    }
    let (deals, first_orders) = invent_deals(&mut chance, &people, &customers, (start, today), currency);
    let visits = invent_visits(&mut chance, &people, &customers, &first_orders, start, today);
    Files(vec![
        ("reps.csv", rep_rows(&people)),
        ("customers.csv", customer_rows),
        ("deals.csv", deals),
        ("visits.csv", visits),
        ("targets.csv", target_rows(&people, &customers, today, currency)),
        ("plans.json", include_str!("plans.json").replace("EUR", currency.code())),
        ("assignments.csv", assignment_rows(&people, start)),
    ])
}

fn rep_rows(people: &[Person]) -> String {
    let mut rows = String::from("external_id,name,team,manager,level,title\n");
    for (id, name, team) in MANAGERS {
        let manager = if id == "kari" { "" } else { "kari" };
        let _ = writeln!(rows, "{id},{name},{team},{manager},,Sales manager");
    }
    for person in people {
        let manager = MANAGERS.iter().find(|(_, _, team)| *team == person.rep.team).map_or("kari", |(id, _, _)| id);
        let suffix = if person.copy == 0 { String::new() } else { format!(" {}", person.copy + 1) };
        let Rep { name, team, level, .. } = person.rep;
        let _ = writeln!(rows, "{},{name}{suffix},{team},{manager},{level},Sales representative", person.id);
    }
    rows
}

fn invent_customers(
    chance: &mut Chance,
    index: usize,
    person: &Person,
    (months, start, today): (i32, Date, Date),
    customers: &mut Vec<Customer>,
    rows: &mut String,
) {
    let acquired: i64 = (0..=months).map(|_| 1 + i64::from(chance.percent(person.rep.skill / 2))).sum::<i64>() / 2;
    for n in 0..16 + acquired {
        let number = customers.len() + 1;
        let old = n < 16;
        let first = if old {
            start + Duration::days(chance.between(0, 50))
        } else {
            start + Duration::days(chance.between(40, (today - start).whole_days()))
        };
        let size = chance.between(1, 10);
        let (order, rhythm) = match size {
            1..=2 => (chance.between(150_000, 480_000), chance.between(7, 21)),
            3..=6 => (chance.between(50_000, 180_000), chance.between(14, 35)),
            _ => (chance.between(12_000, 60_000), chance.between(21, 45)),
        };
        let silent = chance.percent(24).then(|| first + Duration::days(chance.between(90, 700)));
        let back = silent.filter(|_| chance.percent(35)).map(|day| day + Duration::days(chance.between(200, 320)));
        let (last_word, industry) = chance.pick(&LAST);
        let first_word = FIRST[(number * 7 + index) % FIRST.len()];
        let town = chance.pick(&TOWNS);
        let id = format!("c{number}");
        let name = format!("{first_word} {last_word} {town}");
        let segment = if size <= 2 {
            "Key account"
        } else if size <= 6 {
            "Standard"
        } else {
            "Small"
        };
        let since = if old && chance.percent(60) {
            (start - Duration::days(chance.between(200, 2500))).to_string()
        } else {
            String::new()
        };
        let created = first - Duration::days(chance.between(5, 60));
        let _ = writeln!(rows, "{id},{name},{},{created},{since},{segment},{industry},{town},Norway", person.id);
        customers.push(Customer { id, rep: index, rhythm, order, first: workday(first), silent, back });
    }
}

/// The deals in order of date, and each customer's first order day.
fn invent_deals(
    chance: &mut Chance,
    people: &[Person],
    customers: &[Customer],
    (start, today): (Date, Date),
    currency: Currency,
) -> (String, Vec<Date>) {
    let mut deals: Vec<(Date, String)> = Vec::new();
    let mut firsts = Vec::with_capacity(customers.len());
    let mut number = 0;
    for customer in customers {
        firsts.push(customer.first);
        let person = &people[customer.rep];
        let mut day = customer.first;
        while day <= today {
            let silent = customer.silent.is_some_and(|from| day >= from) && customer.back.is_none_or(|from| day < from);
            if silent {
                match customer.back {
                    Some(back) if back <= today => day = workday(back),
                    _ => break,
                }
                if day > today {
                    break;
                }
            }
            number += 1;
            let years = (day - start).whole_days();
            // Sales grow by about 6 % a year, more for the better ones.
            let growth = 1_000 + years * (person.rep.skill - 70) / 365 * 2;
            let amount = customer.order * chance.between(60, 140) / 100 * growth / 1_000;
            let credits = if chance.percent(4) {
                let last = i64::try_from(people.len().min(REPS.len())).unwrap_or(1) - 1;
                let other = &people[usize::try_from(chance.between(0, last)).unwrap_or(0)];
                if other.id == person.id { String::new() } else { format!("{}:60;{}:40", person.id, other.id) }
            } else {
                String::new()
            };
            let product = chance.pick(&PRODUCTS);
            deals.push((
                day,
                deal_row(&format!("d{number}"), customer, person, day, &money(amount, currency), product, "", &credits),
            ));
            if chance.percent(2) {
                let back = workday(day + Duration::days(chance.between(3, 40)));
                if back <= today {
                    let part = if chance.percent(40) { amount } else { amount * chance.between(20, 70) / 100 };
                    let row = deal_row(
                        &format!("r{number}"),
                        customer,
                        person,
                        back,
                        &money(-part, currency),
                        product,
                        &format!("d{number}"),
                        &credits,
                    );
                    deals.push((back, row));
                }
            }
            let jitter = chance.between(-customer.rhythm / 3, customer.rhythm / 3);
            day = workday(day + Duration::days((customer.rhythm + jitter).max(2)));
        }
    }
    deals.sort();
    let mut rows =
        String::from("external_id,customer,rep,opened_on,closed_on,amount,currency,stage,product,returns,credits\n");
    for (_, row) in deals {
        rows.push_str(&row);
    }
    open_deals(chance, people, customers, today, currency, &mut rows);
    (rows, firsts)
}

#[expect(clippy::too_many_arguments, reason = "one argument per column of the file")]
fn deal_row(
    id: &str,
    customer: &Customer,
    person: &Person,
    day: Date,
    amount: &str,
    product: &str,
    returns: &str,
    credits: &str,
) -> String {
    let (customer, rep) = (&customer.id, &person.id);
    format!("{id},{customer},{rep},{day},{day},{amount},won,{product},{returns},{credits}\n")
}

/// So many hundredths as an amount in a currency, never nothing, and its code: `1203.40,EUR`.
fn money(hundredths: i64, currency: Currency) -> String {
    let hundredths = hundredths.abs().max(100) * hundredths.signum();
    let amount = currency.money(Decimal::new(hundredths, 2).round_dp(u32::from(currency.decimals())));
    format!("{},{}", currency.plain(amount.unwrap_or(Money::ZERO)), currency.code())
}

/// A few open deals for everybody.
fn open_deals(
    chance: &mut Chance,
    people: &[Person],
    customers: &[Customer],
    today: Date,
    currency: Currency,
    rows: &mut String,
) {
    for (index, person) in people.iter().enumerate() {
        let own: Vec<&Customer> = customers.iter().filter(|c| c.rep == index).collect();
        for n in 0..3 {
            let customer = chance.pick(&own);
            let opened = workday(today - Duration::days(chance.between(3, 40)));
            let opened = if opened > today { today } else { opened };
            // Some are overdue, and some are for the months to come.
            let expected =
                workday(opened + Duration::days(i64::try_from(20 + (index * 7 + n * 13) % 41).unwrap_or(30)));
            let amount = money(customer.order * 3, currency);
            let product = chance.pick(&PRODUCTS);
            let _ = writeln!(
                rows,
                "o{index}-{n},{},{},{opened},{expected},{amount},open,{product},,",
                customer.id, person.id
            );
        }
    }
}

fn invent_visits(
    chance: &mut Chance,
    people: &[Person],
    customers: &[Customer],
    first_orders: &[Date],
    start: Date,
    today: Date,
) -> String {
    let mut rows = String::from("external_id,rep,customer,visited_on,kind,outcome,minutes,recorded_on\n");
    let mut number = 0;
    for (index, person) in people.iter().enumerate() {
        let own: Vec<(&Customer, Date)> =
            customers.iter().zip(first_orders.iter().copied()).filter(|(c, _)| c.rep == index).collect();
        let mut day = start;
        while day <= today {
            let per_day = chance.between(1, 4) + i64::from(chance.percent(person.rep.skill - 50));
            for _ in 0..per_day {
                // Customers that are to become customers within the quarter are visited as strangers.
                let known: Vec<_> = own.iter().filter(|(_, first)| *first - Duration::days(75) <= day).collect();
                if known.is_empty() {
                    break;
                }
                let (customer, first) = chance.pick(&known);
                if customer.silent.is_some_and(|from| day >= from) && chance.percent(70) {
                    continue;
                }
                number += 1;
                let kind = if chance.percent(82) {
                    "in_person"
                } else if chance.percent(70) {
                    "call"
                } else {
                    "online"
                };
                let outcome = if *first > day {
                    "follow_up"
                } else {
                    chance.pick(&["order", "follow_up", "no_interest", "not_met"])
                };
                let late = if chance.percent(3) { chance.between(4, 9) } else { 0 };
                let recorded = (day + Duration::days(late)).min(today);
                let minutes = chance.between(2, 9) * 10;
                let _ = writeln!(
                    rows,
                    "v{number},{},{},{day},{kind},{outcome},{minutes},{recorded}",
                    person.id, customer.id
                );
            }
            day = workday(day + Duration::days(1));
        }
    }
    rows
}

/// Targets for this month and the twelve before it.
fn target_rows(people: &[Person], customers: &[Customer], today: Date, currency: Currency) -> String {
    let mut rows = String::from("rep,period_kind,period_start,metric,value,currency\n");
    for (index, person) in people.iter().enumerate() {
        let senior = person.rep.level == "senior";
        let monthly: i64 =
            customers.iter().filter(|c| c.rep == index).map(|c| c.order * 30 / c.rhythm).sum::<i64>() * 80 / 100;
        for month in -12..=0 {
            let from = first_of_month(today, month);
            let money = monthly * 10_000 / person.rep.skill.max(80) / 100 * (100 + i64::from(month) / 2) / 100;
            let whole = money / 100_000 * 1_000;
            for (metric, value) in [
                ("visits", if senior { "56," } else { "52," }),
                ("stranger_visits", "3,"),
                ("new_customers", if senior { "2," } else { "1," }),
                ("lost_customers", "1,"),
                ("sales_growth", if senior { "0.08," } else { "0.05," }),
                ("net_sales", &*self::money(whole * 100, currency)),
            ] {
                let _ = writeln!(rows, "{},month,{from},{metric},{value}", person.id);
            }
        }
    }
    rows
}

fn assignment_rows(people: &[Person], start: Date) -> String {
    let mut rows = String::from("plan,rep,from,to\n");
    for person in people {
        let _ = writeln!(rows, "{},{},{start},", person.rep.plan, person.id);
    }
    rows
}

/// The first day of the month so many months from this day's.
pub fn first_of_month(day: Date, months: i32) -> Date {
    let index = day.year() * 12 + i32::from(u8::from(day.month())) - 1 + months;
    let month = u8::try_from(index.rem_euclid(12) + 1).ok().and_then(|n| Month::try_from(n).ok());
    Date::from_calendar_date(index.div_euclid(12), month.unwrap_or(Month::January), 1).unwrap_or(day)
}

/// This day, or the Monday after a weekend.
fn workday(day: Date) -> Date {
    match day.weekday() {
        Weekday::Saturday => day + Duration::days(2),
        Weekday::Sunday => day + Duration::days(1),
        _ => day,
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    fn euro() -> Currency {
        Currency::parse("EUR").unwrap()
    }

    #[test]
    fn the_same_seed_and_date_give_the_same_company() {
        let today = date!(2026 - 11 - 19);
        let company = |seed| files(Size::S.shape(), seed, today, euro()).0;
        assert_eq!(company(1), company(1));
        assert_ne!(company(1), company(2));
    }

    #[test]
    fn nothing_lies_after_today() {
        let today = date!(2026 - 03 - 01);
        for (name, text) in files(Size::S.shape(), 1, today, euro()).0 {
            if name == "deals.csv" || name == "visits.csv" {
                let column = if name == "deals.csv" { 4 } else { 3 };
                // Open deals are expected in the future.
                for line in text.lines().skip(1).filter(|line| !line.contains(",open,")) {
                    let day = line.split(',').nth(column).unwrap();
                    assert!(day <= "2026-03-01", "{name}: {line}");
                }
            }
        }
    }

    #[test]
    fn amounts_are_those_of_the_currency() {
        for (code, shown) in [("EUR", "1203.45,EUR"), ("JPY", "1203,JPY"), ("KWD", "1203.450,KWD")] {
            assert_eq!(money(120_345, Currency::parse(code).unwrap()), shown);
        }
        assert_eq!(money(-3, euro()), "-1.00,EUR");
    }

    #[test]
    fn months_are_counted_over_the_year() {
        assert_eq!(first_of_month(date!(2026 - 01 - 31), -1), date!(2025 - 12 - 01));
        assert_eq!(first_of_month(date!(2026 - 12 - 31), 1), date!(2027 - 01 - 01));
    }
}
