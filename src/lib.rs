//! Attain: sales targets that pay. Visits, deals, targets and commission from one set of numbers.
//!
//! This file is the map. Data flows in a sandwich: **load facts** (one query shaped like the question, in a `db.rs`)
//! → **compute** (a pure function in [`domain`]) → **render or store** (a handler in a `web.rs`).

/// The instant of a request.
pub mod clock;
/// The rules of the business, pure: no SQL, no HTTP, no clock.
pub mod domain {
    pub mod access;
    pub mod id;
    pub mod metric;
    pub mod money;
}
