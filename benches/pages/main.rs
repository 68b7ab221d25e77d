//! How fast pages of a large company are, beside a bare handler in the same binary; `scripts/bench-pages` prepares the data.
//!
//! The server is a process of its own (this program once more), so that its processor time and memory are its own. All rounds
//! of all pages take turns: what else the machine does falls on each of them.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program that prints what it measured")]

mod load;
mod processes;
mod server;

use std::{env, time::Duration};

// sqlx.toml names the types of columns from the root of the crate.
use attain::domain;

use load::{Taken, Target, run, storm};
use processes::Server;

/// How long a page is asked for without a pause.
const ROUND: Duration = Duration::from_millis(1500);
/// How often each page has its turn; the median counts.
const ROUNDS: usize = 5;

#[tokio::main]
async fn main() {
    let data = env::var("ATTAIN_BENCH_DATA").unwrap_or_default();
    if data.is_empty() {
        println!("pages: run scripts/bench-pages, which prepares the data");
        return;
    }
    if env::var("ATTAIN_BENCH_SERVES").is_ok() {
        return server::serve(&data).await;
    }
    let mut server = Server::start(&data);
    let my_month = Target::new("my month", "/my-month", &server.rep, 32);
    let customers = Target::new("list of customers", "/customers", &server.rep, 32);
    let deals = Target::new("list of deals", "/deals", &server.rep, 32);
    let visits = Target::new("list of visits", "/visits", &server.rep, 32);
    let customer = Target::new("a customer", &server.customer, &server.rep, 32);
    // Some pages only, by a part of their name; the bare ones are always among them.
    let only = env::var("ATTAIN_BENCH_ONLY").unwrap_or_default();
    let mut many = vec![
        Target::new("bare: session and 50 rows", "/bare", &server.rep, 32),
        my_month.clone(),
        my_month.drawn_anew("my month, drawn anew"),
        customers.clone(),
        customers.drawn_anew("list of customers, drawn anew"),
        deals.clone(),
        deals.drawn_anew("list of deals, drawn anew"),
        visits.clone(),
        visits.drawn_anew("list of visits, drawn anew"),
        customer.clone(),
        customer.drawn_anew("a customer, drawn anew"),
        Target::new("scoreboard, 8 connections", "/scoreboard", &server.admin, 8),
        Target::new("bare, 8 connections", "/bare", &server.admin, 8),
    ];
    many.retain(|one| one.path == "/bare" || one.name.contains(&only));
    println!(
        "| page | requests/s | of bare | median | p95 | server CPU | database CPU | of both / of the database | bytes |\n\
         |---|---|---|---|---|---|---|---|---|"
    );
    for target in &many {
        run(&server, target, ROUND / 3).await; // warms caches and prepares statements
    }
    let mut taken: Vec<Vec<Taken>> = many.iter().map(|_| Vec::new()).collect();
    for _ in 0..ROUNDS {
        for (target, taken) in many.iter().zip(&mut taken) {
            taken.push(run(&server, target, ROUND).await);
        }
    }
    let bare = |connections| {
        let of = many.iter().position(|one| one.path == "/bare" && one.connections == connections);
        of.map_or(0.0, |index| load::median(&taken[index], |one| one.per_second))
    };
    for (target, taken) in many.iter().zip(&taken) {
        println!("{}", target.row(taken, bare(target.connections)));
    }
    run(&server, &my_month, ROUND / 3).await; // else the first calm would begin with drawing it
    for round in 1..=3 {
        let calm = run(&server, &my_month, ROUND * 2).await;
        let (stormy, signed_in) = storm(&server, &my_month, ROUND * 2, 64).await;
        println!(
            "my month while 64 sign in, round {round}: {:.0} of {:.0} requests/s ({:.0} %), {signed_in} passwords compared",
            stormy.per_second,
            calm.per_second,
            100.0 * stormy.per_second / calm.per_second
        );
    }
    println!("largest server process: {} MiB", server.peak_mib());
    server.stop();
}
