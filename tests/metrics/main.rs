//! The metrics against a naive version of themselves, on random companies.

#[path = "../support/database.rs"]
mod database;
mod lifecycle;
mod naive;
mod naive_more;
mod naive_worth;
mod pay;
mod sql;
mod world;

// sqlx.toml names the types of columns from the crate's root.
use attain::domain;
