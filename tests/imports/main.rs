//! Imports from the first cell to the last record: what the files may say, what they are refused for, what is left.

#[path = "../support/database.rs"]
mod database;

mod abroad;
mod cli;
mod deals;
mod large;
mod merged;
mod northwind;
mod people;
mod plans_and_targets;
mod refusals;
mod support;
mod visits;
mod whole;
