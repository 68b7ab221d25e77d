//! Leave: why a person is away.

use super::words::words;

words! {
    /// Why a person is away. All kinds count the same: targets are for the days of presence.
    Kind {
        /// A holiday of one's own.
        Vacation = "vacation", "Vacation";
        /// Illness.
        Sick = "sick", "Sick leave";
        /// With a child.
        Parental = "parental", "Parental leave";
        /// Anything else.
        Other = "other", "Other leave";
    }
}
