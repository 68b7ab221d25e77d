//! Visits and touches: their kinds, states and outcomes.

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal, $label:literal;)* }) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, sqlx::Type,
        )]
        #[serde(rename_all = "snake_case")]
        #[sqlx(type_name = "text", rename_all = "snake_case")]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// Every one, in the order of pages.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word in the database, in URLs and in CSV.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            /// The words on a page.
            pub fn label(self) -> &'static str {
                match self {
                    $(Self::$variant => $label,)*
                }
            }

            /// Reads the word of `as_str`.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == text)
            }
        }
    };
}

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
