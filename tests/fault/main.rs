//! Faults, done to the program as it is built: processes are killed, connections cut, locks held and disks kept waiting,
//! and what was acknowledged is there afterwards, once. `docs/reliability.md` lists them with their figures.
//!
//! The longer ones are ignored; `make fault` runs them with the others, under larger loads.
#![expect(clippy::disallowed_methods, reason = "what happens behind the program's back is no query of the program")]

mod client;
mod commission;
mod company;
#[path = "../support/database.rs"]
mod database;
mod days;
mod kills;
mod load;
mod locks;
mod model;
#[path = "../metrics/naive.rs"]
mod naive;
mod network;
mod program;
mod proxy;
mod schema;
mod signals;
#[expect(dead_code, reason = "shared with the tests of the pages")]
#[path = "../web/support.rs"]
mod support;
#[expect(dead_code, reason = "shared with the tests of metrics")]
#[path = "../metrics/world.rs"]
mod world;

/// How long something that must come may take on a busy machine; nothing measures speed here.
const PATIENCE: std::time::Duration = std::time::Duration::from_mins(1);
