//! The web tests: one binary, a file per feature.

#[path = "../support/database.rs"]
mod database;
mod kit;
mod sign_in;
mod support;
mod users;
