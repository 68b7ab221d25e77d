//! The demo company's history as the files that `attain import` reads: believable, and the same for a seed and a date.

use std::fmt::Write;

use time::{Date, Duration, Month, Weekday};

use super::{
    chance::Chance,
    names::{FIRST, LAST, MANAGERS, REPS, Rep, TOWNS},
    sales::{invent_deals, invent_visits, money},
};
use crate::domain::{commission::templates::Template, money::Currency};

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

/// For so many months newcomers have been here: long enough for the draw that they owe.
const NEWCOMERS_MONTHS: i32 = 6;

/// Since so many months everybody is on a plan: as long as there are targets.
const PLAN_MONTHS: i32 = 11;

/// A rep of the company with its place in the files.
pub(super) struct Person {
    pub(super) id: String,
    pub(super) rep: &'static Rep,
    copy: usize,
    /// First day at work, as far as the history goes.
    pub(super) begins: Date,
}

impl Person {
    pub(super) fn is_on(&self, plan: Template) -> bool {
        self.rep.plan == plan.label()
    }
}

/// A customer and how it buys.
pub(super) struct Customer {
    pub(super) id: String,
    pub(super) rep: usize,
    /// Usual days between two orders.
    pub(super) rhythm: i64,
    /// Usual order in cents.
    pub(super) order: i64,
    pub(super) first: Date,
    /// No orders from here on.
    pub(super) silent: Option<Date>,
    /// Orders again from here on.
    pub(super) back: Option<Date>,
    /// Has never ordered anything.
    pub(super) prospect: bool,
}

/// The company's history up to and including `today`, in its currency.
pub fn files(shape: Shape, seed: u64, today: Date, currency: Currency) -> Files {
    let mut chance = Chance::new(seed);
    let start = first_of_month(today, -shape.months);
    let arrived = first_of_month(today, -NEWCOMERS_MONTHS);
    let people: Vec<Person> = (0..)
        .flat_map(|copy| {
            REPS.iter().map(move |rep| Person {
                id: if copy == 0 { rep.id.to_owned() } else { format!("{}{}", rep.id, copy + 1) },
                rep,
                copy,
                begins: if rep.plan == Template::Newcomer.label() { arrived } else { start },
            })
        })
        .take(shape.reps)
        .collect();
    let mut customers = Vec::new();
    let mut customer_rows =
        String::from("external_id,name,rep,created_on,customer_since,segment,industry,city,country\n");
    for (index, person) in people.iter().enumerate() {
        invent_customers(&mut chance, index, person, today, &mut customers, &mut customer_rows);
    }
    let (deals, first_orders) = invent_deals(&mut chance, &people, &customers, (start, today), currency);
    let visits = invent_visits(&mut chance, &people, &customers, &first_orders, today);
    Files(vec![
        ("reps.csv", rep_rows(&people)),
        ("customers.csv", customer_rows),
        ("deals.csv", deals),
        ("visits.csv", visits),
        ("targets.csv", target_rows(&people, &customers, today, currency)),
        ("plans.json", plans(today, currency)),
        ("assignments.csv", assignment_rows(&people, start.max(first_of_month(today, -PLAN_MONTHS)))),
    ])
}

/// The templates as they are offered; the campaign among them ran in the three months that are calculated.
fn plans(today: Date, currency: Currency) -> String {
    let before = first_of_month(today, -4);
    let plans = Template::ALL.map(|template| template.plan(template.label(), currency, before).to_json());
    format!("[\n{}\n]\n", plans.join(",\n"))
}

fn rep_rows(people: &[Person]) -> String {
    let mut rows = String::from("external_id,name,team,manager,level,title,hired_on\n");
    for (id, name, team) in MANAGERS {
        let manager = if id == "kari" { "" } else { "kari" };
        let _ = writeln!(rows, "{id},{name},{team},{manager},,Sales manager,");
    }
    for person in people {
        let manager = MANAGERS.iter().find(|(_, _, team)| *team == person.rep.team).map_or("kari", |(id, _, _)| id);
        let suffix = if person.copy == 0 { String::new() } else { format!(" {}", person.copy + 1) };
        let Rep { name, team, level, .. } = person.rep;
        let hired = if person.is_on(Template::Newcomer) { person.begins.to_string() } else { String::new() };
        let _ = writeln!(rows, "{},{name}{suffix},{team},{manager},{level},Sales representative,{hired}", person.id);
    }
    rows
}

fn invent_customers(
    chance: &mut Chance,
    index: usize,
    person: &Person,
    today: Date,
    customers: &mut Vec<Customer>,
    rows: &mut String,
) {
    let start = person.begins;
    let months = (today - start).whole_days() / 30;
    let acquired: i64 = (0..=months).map(|_| 1 + i64::from(chance.percent(person.rep.skill / 2))).sum::<i64>() / 2;
    // Hunters visit companies that have never bought.
    let prospects = if person.is_on(Template::Hunter) { 12 } else { 0 };
    for n in 0..16 + acquired + prospects {
        let number = customers.len() + 1;
        let old = n < 16;
        let prospect = n >= 16 + acquired;
        let first = if old || prospect {
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
        let since = if old && person.begins + Duration::days(400) < today && chance.percent(60) {
            (start - Duration::days(chance.between(200, 2500))).to_string()
        } else {
            String::new()
        };
        let created = first - Duration::days(chance.between(5, 60));
        let _ = writeln!(rows, "{id},{name},{},{created},{since},{segment},{industry},{town},Norway", person.id);
        customers.push(Customer { id, rep: index, rhythm, order, first: workday(first), silent, back, prospect });
    }
}

/// Targets for this month and the twelve before it.
fn target_rows(people: &[Person], customers: &[Customer], today: Date, currency: Currency) -> String {
    let mut rows = String::from("rep,period_kind,period_start,metric,value,currency\n");
    for (index, person) in people.iter().enumerate() {
        let senior = person.rep.level == "senior";
        let monthly: i64 =
            customers.iter().filter(|c| c.rep == index && !c.prospect).map(|c| c.order * 30 / c.rhythm).sum::<i64>()
                * 80
                / 100;
        let months = (-12..=0).filter(|month| first_of_month(today, *month) >= person.begins);
        for month in months {
            let from = first_of_month(today, month);
            let expected = monthly * 10_000 / person.rep.skill.max(80) / 100 * (100 + i64::from(month) / 2) / 100;
            let whole = expected / 100_000 * 1_000;
            for (metric, value) in [
                ("visits", if senior { "56," } else { "52," }),
                ("stranger_visits", "3,"),
                ("new_customers", if senior { "2," } else { "1," }),
                ("lost_customers", "1,"),
                ("sales_growth", if senior { "0.08," } else { "0.05," }),
                ("net_sales", &*money(whole * 100, currency)),
            ] {
                let _ = writeln!(rows, "{},month,{from},{metric},{value}", person.id);
            }
            if person.is_on(Template::Farmer) {
                let _ = writeln!(rows, "{},month,{from},growth_from_existing,0.05,", person.id);
            }
        }
    }
    rows
}

fn assignment_rows(people: &[Person], start: Date) -> String {
    let mut rows = String::from("plan,rep,from,to\n");
    for person in people {
        let _ = writeln!(rows, "{},{},{},", person.rep.plan, person.id, person.begins.max(start));
    }
    for (id, ..) in MANAGERS {
        let _ = writeln!(rows, "{},{id},{start},", Template::Manager.label());
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
pub(super) fn workday(day: Date) -> Date {
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
    fn months_are_counted_over_the_year() {
        assert_eq!(first_of_month(date!(2026 - 01 - 31), -1), date!(2025 - 12 - 01));
        assert_eq!(first_of_month(date!(2026 - 12 - 31), 1), date!(2027 - 01 - 01));
    }
}
