//! Visits and touches: their kinds, states and outcomes.

use time::Date;

use super::{period::add_days, words::words};

words! {
    /// How people met. Only visits in person are visits; the others are touches.
    Kind {
        /// At the customer's.
        InPerson = "in_person", "In person";
        /// By telephone.
        Call = "call", "Call";
        /// On screen.
        Online = "online", "Online meeting";
    }
}

words! {
    /// Whether it took place. Only what is done counts.
    State {
        /// Intended for its day.
        Planned = "planned", "Planned";
        /// It took place.
        Done = "done", "Done";
        /// It was planned and did not take place.
        Missed = "missed", "Missed";
    }
}

words! {
    /// What came of it.
    Outcome {
        /// The customer ordered.
        Order = "order", "Order";
        /// To be continued.
        FollowUp = "follow_up", "Follow up";
        /// The customer does not want it.
        NoInterest = "no_interest", "No interest";
        /// Nobody was there.
        NotMet = "not_met", "Not met";
        /// Anything else.
        Other = "other", "Other";
    }
}

/// The most visits that are planned as one series.
pub const LONGEST_SERIES: usize = 52;

/// The days of a series: the first, and every so many weeks its weekday, until a date (included). Those that are too many
/// are among them, up to one more than [`LONGEST_SERIES`].
pub fn series(first: Date, weeks: i64, until: Date) -> Vec<Date> {
    let days = (0..).map(|turn| add_days(first, turn * weeks * 7));
    days.take_while(|day| *day <= until).take(LONGEST_SERIES + 1).collect()
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn a_series_comes_on_its_weekday_until_its_end() {
        let first = date!(2026 - 11 - 19);
        let days = [first, date!(2026 - 12 - 03), date!(2026 - 12 - 17)];
        assert_eq!(series(first, 2, date!(2026 - 12 - 17)), days);
        assert_eq!(series(first, 2, date!(2026 - 12 - 30)), days);
        assert_eq!(series(first, 4, first), [first]);
        assert_eq!(series(first, 1, date!(2026 - 11 - 18)), []);
        assert_eq!(series(first, 1, date!(2027 - 11 - 11)).len(), 52);
        assert_eq!(series(first, 1, date!(2999 - 12 - 31)).len(), 53);
    }

    #[test]
    fn words_are_read_back() {
        assert!(Kind::ALL.iter().all(|&kind| Kind::parse(kind.as_str()) == Some(kind)));
        assert!(State::ALL.iter().all(|&state| State::parse(state.as_str()) == Some(state)));
        assert!(Outcome::ALL.iter().all(|&outcome| Outcome::parse(outcome.as_str()) == Some(outcome)));
        assert_eq!(serde_json::to_string(&Outcome::FollowUp).unwrap(), "\"follow_up\"");
    }
}
