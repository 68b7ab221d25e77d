//! A company's settings that decide what its numbers mean.

use time::Month;

use super::{money::Currency, words::words};

/// The organization as every request knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Company {
    /// Its name.
    pub name: String,
    /// The currency of all its money.
    pub currency: Currency,
    /// IANA name of its time zone. PostgreSQL does the arithmetic.
    pub time_zone: String,
    /// The month in which the fiscal year begins.
    pub fiscal_start: Month,
    /// Working weekdays, 1 = Monday … 7 = Sunday.
    pub workdays: Vec<u8>,
    /// What growth is compared with.
    pub growth_base: GrowthBase,
    /// Whose sales growth compares.
    pub growth_basis: GrowthBasis,
    /// A visit entered more days late than this is flagged.
    pub late_entry_days: u32,
    /// Whether a deal that a rep entered pays only once somebody else confirmed it.
    pub confirm_deals: bool,
}

words! {
    /// The period that sales growth is compared with.
    GrowthBase {
        /// The same period of last year.
        LastYear = "last_year", "The same period of last year";
        /// The period before.
        PeriodBefore = "period_before", "The period before";
    }
}

words! {
    /// Whose sales the growth of a rep or team compares. The company's growth is the same either way.
    GrowthBasis {
        /// What the rep is credited with, now and then.
        Credited = "credited", "What the rep sold";
        /// What the customers bought that the rep owned on the day, and the same customers on the base's days.
        Book = "book", "The customers that the rep owned on the day";
    }
}
