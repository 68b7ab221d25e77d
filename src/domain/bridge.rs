//! The bridge of growth: what led from the sales of the base to those of the period, customer by customer.

use time::Date;

use super::{money::Money, period::add_months};

/// How the sales of one customer moved between the base and the period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing in the base, and the first sale lies in the twelve months up to the period's end.
    New,
    /// Nothing in the base, and bought before.
    Returned,
    /// More than in the base.
    Expansion,
    /// Less than in the base.
    Contraction,
    /// Something in the base, and nothing now.
    Paused,
    /// As much as in the base.
    Unchanged,
}

impl Step {
    /// The step of a customer; `first_sale` is the one in force, and none where the customer bought before all records.
    pub fn of(base: Money, now: Money, first_sale: Option<Date>, last_day: Date) -> Self {
        match (base, now) {
            (Money::ZERO, now) if now > Money::ZERO => {
                if first_sale.is_some_and(|day| is_new(day, last_day)) {
                    Self::New
                } else {
                    Self::Returned
                }
            }
            (base, Money::ZERO) if base > Money::ZERO => Self::Paused,
            _ if now > base => Self::Expansion,
            _ if now < base => Self::Contraction,
            _ => Self::Unchanged,
        }
    }

    /// The words on a page.
    pub fn label(self) -> &'static str {
        match self {
            Self::New => "New",
            Self::Returned => "Back again",
            Self::Expansion => "More",
            Self::Contraction => "Less",
            Self::Paused => "Nothing now",
            Self::Unchanged => "The same",
        }
    }
}

/// The first day whose first sales are new in a period that ends on this one.
pub fn new_since(last_day: Date) -> Date {
    add_months(last_day, -12).next_day().unwrap_or(last_day)
}

fn is_new(first_sale: Date, last_day: Date) -> bool {
    new_since(last_day) <= first_sale && first_sale <= last_day
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn each_customer_takes_one_step() {
        let (last, fresh, old) = (date!(2026 - 11 - 30), Some(date!(2025 - 12 - 01)), Some(date!(2025 - 11 - 30)));
        for (base, now, first, expected) in [
            (0, 50, fresh, Step::New),
            (0, 50, old, Step::Returned),
            (0, 50, None, Step::Returned),
            (100, 150, fresh, Step::Expansion),
            (100, 50, old, Step::Contraction),
            (100, 0, old, Step::Paused),
            (100, -20, old, Step::Contraction),
            (0, -20, old, Step::Contraction),
            (-20, 0, old, Step::Expansion),
            (-20, 30, fresh, Step::Expansion),
            (-20, -30, fresh, Step::Contraction),
            (100, 100, old, Step::Unchanged),
            (0, 0, fresh, Step::Unchanged),
        ] {
            assert_eq!(Step::of(Money(base), Money(now), first, last), expected, "{base} → {now}");
        }
        assert_eq!(new_since(date!(2021 - 02 - 28)), date!(2020 - 02 - 29));
    }
}
