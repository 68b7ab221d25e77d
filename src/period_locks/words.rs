//! What a page says where somebody corrects a fact of locked days.

use time::Date;

use crate::web::{format::date, toast::Toast};

/// "Days before 1 Nov 2026 are locked and stay as they were"; the day is the first one that is open.
pub fn stay(open: Date) -> String {
    format!("Days before {} are locked and stay as they were", date(open))
}

/// "Days before 1 Oct 2026 are locked and stay as they were. A change of them needs a reason."
pub fn wants_reason(open_from: Date) -> String {
    format!("{}. A change of them needs a reason.", stay(open_from))
}

/// What was done, and, where it says something of days before the first open one, that those stay as they were.
pub fn done(words: String, earliest: Option<Date>, open: Option<Date>) -> Toast {
    match open.filter(|open| earliest.is_some_and(|day| day < *open)) {
        Some(open) => Toast::new(format!("{words}. {}", stay(open))),
        None => Toast::new(words),
    }
}
