//! The web tests: one binary, a file per feature.

mod access;
mod commissions;
#[path = "../support/database.rs"]
mod database;
mod drilldown;
mod invitations;
mod kit;
mod profile;
mod scorecards;
mod setup;
mod sign_in;
mod support;
mod targets;
mod teams;
mod users;

// sqlx.toml names the types of columns from the crate's root.
use attain::domain;
