//! The web tests: one binary, a file per feature.

mod commissions;
#[path = "../support/database.rs"]
mod database;
mod kit;
mod sign_in;
mod support;
mod users;
