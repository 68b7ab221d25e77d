//! How many deal lines per second the pure engine pays and explains on one core, beside a ceiling over the same amounts.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program that prints what it measured")]

use std::{fs, hint::black_box, time::Instant};

use attain::domain::{
    commission::{
        evaluate::evaluate,
        facts::{Deal, Facts},
        plan::Plan,
    },
    metric::Metric,
    money::Money,
};
use rust_decimal::Decimal;
use time::macros::date;

/// Each measure is taken so often; the best counts, the median stands beside it.
const ROUNDS: usize = 9;
/// Nanoseconds that a round takes at least.
const ENOUGH: u128 = 250_000_000;

const ONE: &str = r#"{ "name": "Tiers", "currency": "EUR", "period": "month", "components": [
    { "name": "Sales", "measure": "net_sales", "pays": { "tiers": { "mode": "marginal", "axis": "amount", "steps": [
        { "from": "0", "rate": "0.01" }, { "from": "1000", "rate": "0.02" },
        { "from": "30000", "rate": "0.03" }, { "from": "80000", "rate": "0.05" } ] } } } ] }"#;

const FIVE: &str = include_str!("five.json");

/// The deals of so many reps in one month; every tenth is a linked return of a part of the one before.
fn facts(reps: i64, deals: i64) -> Vec<Facts> {
    let first = date!(2026 - 10 - 01);
    let deal = |rep: i64, number: i64| {
        let cents = 1_000 + (number * 7_919 + rep * 104_729) % 250_000;
        let on = first + time::Duration::days(number * 31 / deals.max(1) % 31);
        let won = Deal::won(number, on, format!("C{}", number % 97), Money(cents));
        let since = date!(2025 - 06 - 15) + time::Duration::days(number % 400);
        let won = Deal { customer_since: Some(since), ..won };
        if number % 10 == 0 {
            return Deal { amount: Money(-500), returns: Some(number - 1), ..won };
        }
        won
    };
    let one = |rep: i64| Facts {
        rep: format!("R{rep}"),
        period: "2026-10".into(),
        metrics: [(Metric::Visits, 92), (Metric::LostCustomers, 2)]
            .map(|(metric, n)| (metric, Decimal::from(n)))
            .into(),
        targets: [(Metric::Visits, 96), (Metric::NetSales, 9_000_000)]
            .map(|(metric, n)| (metric, Decimal::from(n)))
            .into(),
        deals: Some((1..=deals).map(|number| deal(rep, number)).collect()),
        ..Facts::default()
    };
    (1..=reps).map(one).collect()
}

/// What this thread has had of a processor so far, in nanoseconds: other work on the machine does not count. Where the
/// system does not tell, the clock.
fn processor_time(start: Instant) -> u128 {
    let told = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|text| text.split(' ').next()?.parse().ok());
    nanoseconds.unwrap_or_else(|| start.elapsed().as_nanos())
}

/// How many nanoseconds the work took in each round, sorted; each does it so often that the system's clock of a few
/// milliseconds is exact enough.
fn rounds(mut work: impl FnMut()) -> Vec<u128> {
    let start = Instant::now();
    let mut times: Vec<u128> = (0..ROUNDS)
        .map(|_| {
            let before = processor_time(start);
            let mut done = 0;
            while processor_time(start) - before < ENOUGH {
                work();
                done += 1;
            }
            (processor_time(start) - before) / done
        })
        .collect();
    times.sort_unstable();
    times
}

fn report(what: &str, lines: u128, times: &[u128]) {
    let a_second = |nanoseconds: u128| lines * 1_000_000_000 / nanoseconds.max(1);
    let (best, median) = (times[0], times[ROUNDS / 2]);
    let micros = best / 1_000;
    println!("{what:<72} {micros:>8} µs {:>12} /s best {:>12} /s median", a_second(best), a_second(median));
}

fn measure(what: &str, plan: &str, facts: &[Facts]) {
    let plan = Plan::from_json(plan).unwrap();
    let lines: u128 = facts.iter().map(|one| u128::try_from(one.deals.as_ref().unwrap().len()).unwrap()).sum();
    let paid = rounds(|| facts.iter().for_each(|one| drop(black_box(evaluate(&plan, black_box(one)).unwrap()))));
    report(&format!("{what}: paid and explained, to the record"), lines, &paid);
    let ceiling = rounds(|| {
        for one in facts {
            let sum: Money = black_box(one).deals.iter().flatten().map(|deal| deal.amount).sum();
            black_box(sum.times(Decimal::new(1, 1)));
        }
    });
    report(&format!("{what}: the ceiling, a sum times 10 %"), lines, &ceiling);
}

fn main() {
    measure("20 reps × 2,500 deals × 1 component", ONE, &facts(20, 2_500));
    measure("2,000 reps × 100 deals × 5 components", FIVE, &facts(2_000, 100));
}
