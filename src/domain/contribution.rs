//! What a book of customers contributes: its margin less what visits, time and orders cost.

use super::money::Money;

/// What the company says that things cost; none of what is not set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Costs {
    /// A visit in person, of each person who goes.
    pub visit: Option<Money>,
    /// A minute with a customer, of each person.
    pub minute: Option<Money>,
    /// An order.
    pub order: Option<Money>,
}

/// What the customers of a book brought and took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Book {
    /// Net less cost of the lines whose cost is known.
    pub margin: Money,
    /// The lines whose cost is not.
    pub lines_without_cost: i64,
    /// Visits in person: at most one per person, customer and day.
    pub visits: i64,
    /// Minutes with the customers, of every person and kind.
    pub minutes: i64,
    /// Won deals above zero.
    pub orders: i64,
    /// What these cost.
    pub costs: Costs,
}

impl Book {
    /// Margin − (visits × cost + minutes × cost + orders × cost); nothing while a cost is not set.
    pub fn contribution(&self) -> Option<Money> {
        let Costs { visit, minute, order } = self.costs;
        let each = [(self.visits, visit?), (self.minutes, minute?), (self.orders, order?)];
        let cost: Money = each.into_iter().map(|(count, cost)| Money(count.saturating_mul(cost.0))).sum();
        Some(self.margin - cost)
    }

    /// Both together, at these costs.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self {
            margin: self.margin + other.margin,
            lines_without_cost: self.lines_without_cost + other.lines_without_cost,
            visits: self.visits + other.visits,
            minutes: self.minutes + other.minutes,
            orders: self.orders + other.orders,
            costs: self.costs,
        }
    }

    /// Whether nothing happened in it.
    pub fn is_empty(&self) -> bool {
        Self { costs: Costs::default(), ..*self } == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn visits_minutes_and_orders_are_taken_off_the_margin() {
        let costs = Costs { visit: Some(Money(25_00)), minute: Some(Money(50)), order: Some(Money(4_00)) };
        let book = Book { margin: Money(90_000), lines_without_cost: 1, visits: 12, minutes: 480, orders: 5, costs };
        // 900 − 12 × 25 − 480 × 0.50 − 5 × 4
        assert_eq!(book.contribution(), Some(Money(34_000)));
        assert_eq!(Book { margin: Money::ZERO, ..book }.contribution(), Some(Money(-56_000)));
        assert_eq!(Book { costs: Costs { minute: None, ..costs }, ..book }.contribution(), None);
        assert_eq!(book.and(&book).contribution(), Some(Money(68_000)));
    }
}
