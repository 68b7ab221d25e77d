//! A stored value that is not what it follows from: what `attain db verify` looks for.

/// A stored value that is not what it follows from. There is none unless there is a bug, or somebody wrote by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differs {
    /// Table and column.
    pub what: &'static str,
    /// Which record, as people name it.
    pub record: String,
    /// What is there.
    pub stored: String,
    /// What follows.
    pub derived: String,
}

impl std::fmt::Display for Differs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {}: stored {}, derived {}", self.what, self.record, self.stored, self.derived)
    }
}
