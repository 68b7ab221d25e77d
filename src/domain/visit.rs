//! Visits and touches: their kinds, states and outcomes.

use super::words::words;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back() {
        assert!(Kind::ALL.iter().all(|&kind| Kind::parse(kind.as_str()) == Some(kind)));
        assert!(State::ALL.iter().all(|&state| State::parse(state.as_str()) == Some(state)));
        assert!(Outcome::ALL.iter().all(|&outcome| Outcome::parse(outcome.as_str()) == Some(outcome)));
        assert_eq!(serde_json::to_string(&Outcome::FollowUp).unwrap(), "\"follow_up\"");
    }
}
