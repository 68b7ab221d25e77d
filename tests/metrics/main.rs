//! The metrics against a naive version of themselves, on random companies.

#[path = "../support/database.rs"]
mod database;
mod lifecycle;
mod naive;
mod naive_more;
mod pay;
mod sql;
mod world;
