//! The instant at which something is asked: taken once per request, fixed in tests and in the demo.

use time::OffsetDateTime;

/// Where *now* comes from. The one place that reads the machine's clock.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// Always this instant: tests.
    Fixed(OffsetDateTime),
}

impl Clock {
    /// The instant now. Which *day* that is depends on the company's time zone and is asked of PostgreSQL.
    pub fn now(self) -> OffsetDateTime {
        match self {
            #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
            Self::System => OffsetDateTime::now_utc(),
            Self::Fixed(instant) => instant,
        }
    }
}
