//! What the demo company's reps sold and whom they visited, as `deals.csv` and `visits.csv`.

use std::fmt::Write;

use rust_decimal::Decimal;
use time::{Date, Duration, Weekday};

use super::{
    chance::Chance,
    data::{Customer, Person, first_of_month, workday},
    names::{PRODUCTS, REPS},
};
use crate::domain::{
    commission::templates::Template,
    money::{Currency, Money},
};

/// The deals in order of date, and each customer's first order day.
pub(super) fn invent_deals(
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
        if customer.prospect {
            continue;
        }
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
    for (index, person) in people.iter().enumerate().filter(|(_, person)| person.is_on(Template::Newcomer)) {
        // The one order with which a newcomer pays back what the draw had been ahead.
        let Some(customer) = customers.iter().find(|customer| customer.rep == index) else { continue };
        let (day, amount) = (workday(first_of_month(today, -2) + Duration::days(13)), money(6_000_000, currency));
        let id = format!("n{}", person.id);
        deals.push((day, deal_row(&id, customer, person, day, &amount, "Machines", "", "")));
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
pub(super) fn money(hundredths: i64, currency: Currency) -> String {
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
        let own: Vec<&Customer> = customers.iter().filter(|c| c.rep == index && !c.prospect).collect();
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

/// The visits in order of reps and dates.
pub(super) fn invent_visits(
    chance: &mut Chance,
    people: &[Person],
    customers: &[Customer],
    first_orders: &[Date],
    today: Date,
) -> String {
    let mut rows = String::from("external_id,rep,customer,visited_on,kind,outcome,minutes,recorded_on\n");
    let mut number = 0;
    for (index, person) in people.iter().enumerate() {
        let own: Vec<(&Customer, Date)> =
            customers.iter().zip(first_orders.iter().copied()).filter(|(c, _)| c.rep == index && !c.prospect).collect();
        let prospects: Vec<&Customer> = customers.iter().filter(|c| c.rep == index && c.prospect).collect();
        let mut day = person.begins;
        while day <= today {
            // One of them misses some weeks, and then is paid nothing for new customers.
            let keeps = person.rep.id != "tomas" || chance.percent(70);
            if day.weekday() == Weekday::Wednesday && !prospects.is_empty() && keeps {
                number += 1;
                let prospect = chance.pick(&prospects);
                let _ = writeln!(rows, "v{number},{},{},{day},in_person,follow_up,40,{day}", person.id, prospect.id);
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn euro() -> Currency {
        Currency::parse("EUR").unwrap()
    }

    #[test]
    fn amounts_are_those_of_the_currency() {
        for (code, shown) in [("EUR", "1203.45,EUR"), ("JPY", "1203,JPY"), ("KWD", "1203.450,KWD")] {
            assert_eq!(money(120_345, Currency::parse(code).unwrap()), shown);
        }
        assert_eq!(money(-3, euro()), "-1.00,EUR");
    }
}
