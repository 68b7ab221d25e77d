//! The commission engine, from the outside: plans and facts as people write them, statements as people read them.

mod command;
mod contract;
mod curves;
mod deals;
mod forms;
mod gates;
mod guide;
mod limits;
mod properties;
mod support;
mod templates;
mod tiers;
