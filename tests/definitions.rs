//! Runs the tables of docs/definitions.md that it marks as checked.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use attain::{
    domain::{
        bridge::Step,
        calendar::Progress,
        classes::{Class, classes},
        commission::{evaluate::evaluate, facts::Facts, plan::Plan},
        contribution::{Book, Costs},
        cross_sell::{CategorySale, cross_sold},
        customer::{
            events::events,
            facts::{DealFact, History, Limit, LimitLevel},
        },
        exchange::converted,
        id::{CategoryId, CustomerId, DealId, UserId},
        locale::Locale,
        metric::{self, Metric, Unit, Value},
        minimum::{Kept, Made, Minimum, Per, stretches},
        money::{Currency, Money},
        period::Dates,
        rate::Ratio,
        target::{self, Presence, attainment, prorated},
    },
    web::{format, number},
};
use rust_decimal::Decimal;
use time::{Date, macros::format_description};

const PAGE: &str = include_str!("../docs/definitions.md");

/// The rows of the table after `Checked: NAME`, without its head.
fn rows(name: &str) -> Vec<Vec<String>> {
    let after = PAGE.split(&format!("Checked: {name}\n")).nth(1).unwrap_or_else(|| panic!("no table {name}"));
    let rows: Vec<Vec<String>> = after
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .skip(2)
        .map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect())
        .collect();
    assert!(rows.len() > 1, "the table {name} is empty");
    rows
}

fn euro() -> Currency {
    Currency::parse("EUR").unwrap()
}

fn money(text: &str) -> Money {
    euro().parse_plain(text).unwrap_or_else(|| panic!("{text} is no amount"))
}

fn date(text: &str) -> Date {
    Date::parse(text, format_description!("[year]-[month]-[day]")).unwrap()
}

#[test]
fn proration() {
    for row in rows("proration") {
        let metric = Metric::parse(&row[0]).unwrap();
        let read = |text: &str| match metric.unit() {
            Unit::Money => money(text).exact(),
            _ => text.parse::<Decimal>().unwrap(),
        };
        let presence = Presence { days: row[2].parse().unwrap(), of: row[3].parse().unwrap() };
        let counts = (row[4] != "none").then(|| read(&row[4]));
        assert_eq!(prorated(metric, read(&row[1]), presence), counts, "{row:?}");
    }
}

#[test]
fn pace() {
    for row in rows("pace") {
        let metric = Metric::parse(&row[0]).unwrap();
        let read = |text: &str| match metric.unit() {
            Unit::Money => money(text).exact(),
            _ => text.parse::<Decimal>().unwrap(),
        };
        let progress = Progress { elapsed: row[2].parse().unwrap(), total: row[3].parse().unwrap(), over: false };
        let pace = target::pace(metric, &metric::Facts::default(), read(&row[1]), progress).unwrap();
        assert_eq!(Decimal::from(pace.expected()), read(&row[4]), "{row:?}");
    }
}

#[test]
fn splits() {
    for row in rows("splits") {
        let parts: Vec<u32> = row[1].split(", ").map(|part| part.parse().unwrap()).collect();
        let shares: Vec<Money> = row[2].split(", ").map(money).collect();
        assert_eq!(money(&row[0]).split(&parts), shares, "{row:?}");
    }
}

#[test]
fn conversions() {
    for row in rows("conversions") {
        let amount = |text: &str| {
            let (code, amount) = text.split_once(' ').unwrap();
            let currency = Currency::parse(code).unwrap();
            (currency, currency.parse_plain(amount).unwrap())
        };
        let ((from, original), (to, expected)) = (amount(&row[0]), amount(&row[2]));
        assert_eq!(converted(original, from, row[1].parse().unwrap(), to), Some(expected), "{row:?}");
    }
}

#[test]
fn customers() {
    for row in rows("customers") {
        let deals = row[1].split("; ").zip(1..).map(|(deal, number)| {
            let words: Vec<&str> = deal.split(' ').collect();
            DealFact {
                id: DealId(number),
                number,
                booked_on: date(words[0]),
                net: money(words[1]),
                returns: words.get(3).map(|of| DealId(of.parse().unwrap())),
                primary_rep: None,
            }
        });
        let limit = Limit { level: LimitLevel::Company, from: None, days: row[2].parse().unwrap() };
        let history = History { deals: deals.collect(), limits: vec![limit], ..History::default() };
        let found: Vec<String> =
            events(&history).iter().map(|event| format!("{} {}", event.kind.as_str(), event.on)).collect();
        assert_eq!(found.join("; "), row[3], "{}", row[0]);
    }
}

#[test]
fn growth() {
    for row in rows("growth") {
        let facts = metric::Facts {
            net_sales: money(&row[0]),
            net_sales_base: Some(money(&row[1])),
            ..metric::Facts::default()
        };
        let found = metric::value(Metric::SalesGrowth, &facts).map_or("none".to_owned(), |value| {
            let percent = value.exact().rounded(8) * Decimal::ONE_HUNDRED;
            format!("{} %", percent.normalize())
        });
        assert_eq!(found, row[2], "{row:?}");
    }
}

#[test]
fn minimums() {
    for row in rows("minimum") {
        let (visits, per) = row[0].split_once(" a ").unwrap();
        let monday = date("2026-11-02");
        let days = Dates { from: monday, to: date("2026-11-07") };
        let made: BTreeMap<Date, Made> = days
            .days()
            .zip(row[1].split(", "))
            .map(|(day, visits)| (day, Made { visits: visits.parse().unwrap(), strangers: 0 }))
            .collect();
        let minimum = Minimum {
            rep: None,
            visits: visits.parse().unwrap(),
            per: Per::parse(per).unwrap(),
            strangers_only: false,
            from: None,
        };
        let works = |day: Date| days.contains(day);
        let found = stretches(&[minimum], UserId(1), days, date("2026-11-06"), works, &made);
        let kept = found.iter().fold(Kept::default(), Kept::and);
        assert_eq!(format!("{} of {}", kept.met, kept.of), row[2], "{row:?}");
        let facts = metric::Facts { visit_minimum: Some(kept), ..metric::Facts::default() };
        assert_eq!(percent(Metric::VisitMinimum, &facts), row[3], "{row:?}");
    }
}

fn percent(metric: Metric, facts: &metric::Facts) -> String {
    metric::value(metric, facts).map_or("none".to_owned(), |value| {
        let percent = value.exact().rounded(8) * Decimal::ONE_HUNDRED;
        format!("{} %", percent.normalize())
    })
}

#[test]
fn bridge() {
    for row in rows("bridge") {
        let first = (row[2] != "none").then(|| date(&row[2]));
        let step = Step::of(money(&row[0]), money(&row[1]), first, date("2026-11-30"));
        assert_eq!(step.label(), row[3], "{row:?}");
    }
}

#[test]
fn kinds_of_growth() {
    for row in rows("kinds of growth") {
        let facts = metric::Facts {
            net_sales: money(&row[0]),
            growth_new: Some(money(&row[1])),
            net_sales_base: Some(money(&row[2])),
            ..metric::Facts::default()
        };
        assert_eq!(percent(Metric::GrowthFromNew, &facts), row[3], "{row:?}");
        assert_eq!(percent(Metric::GrowthFromExisting, &facts), row[4], "{row:?}");
    }
}

#[test]
fn classes_of_customers() {
    for row in rows("classes") {
        let bought: BTreeMap<usize, Money> = row[0].split(", ").map(money).enumerate().collect();
        let found: Vec<&str> = classes(&bought).into_values().map(Class::as_str).collect();
        assert_eq!(found.join(", "), row[1], "{row:?}");
    }
}

#[test]
fn shares() {
    for row in rows("shares") {
        let count = |place: usize| row[place].parse::<i64>().unwrap_or_default();
        let facts = metric::Facts {
            lost_customers: count(1),
            buying_customers: Some(count(2)),
            time: Some(metric::Time { on_a: count(1), all: count(2) }),
            largest: row[1].contains('.').then(|| metric::Largest { one: money(&row[1]), all: money(&row[2]) }),
            ..metric::Facts::default()
        };
        assert_eq!(percent(Metric::parse(&row[0]).unwrap(), &facts), row[3], "{row:?}");
    }
}

#[test]
fn contributions() {
    for row in rows("contribution") {
        let (count, cost) = (
            |place: usize| row[place].parse().unwrap(),
            |place: usize| (row[place] != "not set").then(|| money(&row[place])),
        );
        let book = Book {
            margin: money(&row[0]),
            visits: count(1),
            minutes: count(2),
            orders: count(3),
            costs: Costs { visit: cost(4), minute: cost(5), order: cost(6) },
            ..Book::default()
        };
        let found = book.contribution().map_or("none".to_owned(), |amount| euro().plain(amount));
        assert_eq!(found, row[7], "{row:?}");
    }
}

#[test]
fn cross_selling() {
    for row in rows("cross-selling") {
        let sale = |(sale, number): (&str, i64)| {
            let words: Vec<&str> = sale.split(' ').collect();
            CategorySale {
                customer: CustomerId(1),
                customer_name: String::new(),
                category: CategoryId(if words[0] == "tea" { 1 } else { 2 }),
                category_name: words[0].to_owned(),
                deal: DealId(number),
                number,
                on: date(words[1]),
                back_on: words.get(3).map(|day| date(day)),
                rep: None,
                confirmed: true,
            }
        };
        let sales: Vec<CategorySale> = row[0].split("; ").zip(1..).map(sale).collect();
        let told: Vec<String> = cross_sold(&sales)
            .iter()
            .map(|first| {
                let undone = first.undone_on.map(|day| format!(", undone {day}")).unwrap_or_default();
                format!("{} {}{undone}", first.sale.category_name, first.sale.on)
            })
            .collect();
        assert_eq!(told.join("; "), row[1], "{row:?}");
    }
}

#[test]
fn attainments() {
    for row in rows("attainment") {
        let metric = Metric::parse(&row[0]).unwrap();
        let (actual, target) = match metric.unit() {
            Unit::Money => (Value::Money(money(&row[1])), money(&row[2]).exact()),
            Unit::Count => (Value::Count(row[1].parse().unwrap()), row[2].parse().unwrap()),
            Unit::Fraction => (Value::Fraction(Ratio::from_decimal(row[1].parse().unwrap())), row[2].parse().unwrap()),
        };
        assert_eq!(attainment(metric, actual, target).percent().normalize().to_string(), row[3], "{row:?}");
    }
}

#[test]
fn tiers() {
    for row in rows("tiers") {
        let plan = format!(
            r#"{{ "name": "P", "currency": "EUR", "period": "month", "components": [ {{ "name": "Sales",
                "measure": "net_sales", "pays": {{ "tiers": {{ "mode": "{}", "axis": "amount", "per": "{}", "steps": [
                {{ "from": "0", "rate": "0.01" }}, {{ "from": "1000", "rate": "0.02" }},
                {{ "from": "3000", "rate": "0.03" }}, {{ "from": "8000", "rate": "0.05" }} ] }} }} }} ] }}"#,
            row[0], row[1]
        );
        let deals: Vec<String> = ["200", "300", "1500", "1200", "2000", "4500"]
            .iter()
            .zip(1..)
            .map(|(amount, n)| {
                format!(r#"{{ "number": {n}, "booked_on": "2026-10-0{n}", "customer": "C", "amount": "{amount}.00" }}"#)
            })
            .collect();
        let facts =
            format!(r#"{{ "rep": "R", "period": "2026-10", "metrics": {{}}, "deals": [ {} ] }}"#, deals.join(", "));
        let statement = evaluate(&Plan::from_json(&plan).unwrap(), &Facts::from_json(&facts, euro()).unwrap()).unwrap();
        let records: Vec<Money> = statement.lines[0].records.iter().map(|record| record.amount.money).collect();
        let expected: Vec<Money> = row[2].split(", ").map(money).collect();
        assert_eq!(records, expected, "{row:?}");
        assert_eq!(statement.total.money, money(&row[3]), "{row:?}");
    }
}

/// What the source says of the definitions leads somewhere.
#[test]
fn every_chapter_that_the_source_names_is_there() {
    let definitions = fs::read_to_string("docs/definitions.md").unwrap();
    let chapters: Vec<&str> = definitions.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let mut named = 0;
    for file in sources(Path::new("src")) {
        let text = fs::read_to_string(&file).unwrap();
        for rest in text.split("docs/definitions.md, *").skip(1) {
            let chapter = rest.split('*').next().unwrap();
            assert!(chapters.contains(&chapter), "{} names {chapter:?}, which is none of {chapters:?}", file.display());
            named += 1;
        }
    }
    assert!(named > 3, "the source names chapters");
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = |path: PathBuf| if path.is_dir() { sources(&path) } else { vec![path] };
    entries.flat_map(files).filter(|path| path.extension().is_some_and(|kind| kind == "rs")).collect()
}

#[tokio::test]
async fn typed_numbers_are_read_as_defined() {
    for row in rows("typed numbers") {
        let [form, typed, amount, count, quantity] = row.as_slice() else { panic!("{row:?}") };
        let read = format::within(Locale::parse(form).unwrap(), async {
            [
                number::money(typed, euro()).map(|amount| euro().plain(amount)),
                number::count(typed).map(|count| count.to_string()),
                number::quantity(typed).map(|quantity| quantity.to_string()),
            ]
        });
        let read = read.await.map(|read| read.unwrap_or_else(|_| "refused".to_owned()));
        assert_eq!(read, [amount, count, quantity].map(String::as_str), "{form}: {typed}");
    }
}
