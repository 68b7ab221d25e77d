//! The commission engine, from the outside: plans and facts as people write them, statements as people read them.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod accounts;
mod command;
mod contract;
mod curves;
mod deals;
mod editor;
mod forms;
mod gates;
mod guide;
mod hostile;
#[path = "../support/json_schema.rs"]
mod json_schema;
mod laws;
mod limits;
mod mutated;
mod properties;
mod reach;
mod refusals;
mod schema;
mod since;
mod statement_text;
mod support;
mod templates;
mod tiers;
mod worked;
