//! The web tests: one binary, a file per feature.

#[path = "../support/database.rs"]
mod database;
mod support;
mod users;
