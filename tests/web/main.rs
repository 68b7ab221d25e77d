//! The web tests: one binary, a file per feature.

mod access;
mod audit;
mod bad_input;
mod boards;
mod commissions;
mod customers;
#[path = "../support/database.rs"]
mod database;
mod deal_life;
mod deal_returns;
mod deals;
mod disputes;
mod drilldown;
mod exchange_rates;
mod expected;
mod field;
mod formats;
mod further;
mod growth;
mod handover;
mod imports;
mod invitations;
mod joint_visits;
mod kit;
mod late_facts;
mod leave;
mod merging;
mod notices;
mod pay_by_hand;
mod pay_files;
mod pdf;
mod pipeline;
mod plan_letters;
mod planning;
mod plans;
mod profile;
mod proposals;
mod scorecards;
mod search;
mod settings;
mod settled;
mod setup;
mod sign_in;
mod simulation;
mod support;
mod taken_back;
mod target_fills;
mod targets;
mod teams;
mod users;
mod viewing;
mod visits;
mod what_if;

// sqlx.toml names the types of columns from the crate's root.
use attain::domain;
