//! What becomes of a dispute about pay.

use super::words::words;

words! {
    /// How a dispute ended.
    Outcome {
        /// Somebody who prepares pay agreed: an adjustment pays for it.
        Accepted = "accepted", "Accepted";
        /// Somebody who prepares pay said no, and why.
        Refused = "refused", "Refused";
        /// The rep took it back.
        Withdrawn = "withdrawn", "Withdrawn";
    }
}
