//! Classes of customers by what they bought: A, B and C.

use std::{cmp::Reverse, collections::BTreeMap};

use super::money::Money;

/// A customer's class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The largest, who make up the first 80 %.
    A,
    /// The next 15 %.
    B,
    /// The rest, and whoever gave back as much as was bought.
    C,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::A, Self::B, Self::C];

    /// Reads the letter.
    pub fn parse(letter: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == letter)
    }

    /// Who is in it, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::A => "among the largest, who together make the first 80% of the company’s net sales of twelve months",
            Self::B => "among those who make the next 15% of the company’s net sales of twelve months",
            Self::C => "among the rest of those who bought, or gave back, in twelve months",
        }
    }

    /// The letter.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
        }
    }
}

/// The classes of customers by what each of them bought: the largest first, ties by customer; A while the share of those
/// before is below 80 % of all, B below 95 %, else C. Who comes to nothing or less is C and no part of the shares.
pub fn classes<C: Ord + Copy>(bought: &BTreeMap<C, Money>) -> BTreeMap<C, Class> {
    let mut order: Vec<(Reverse<Money>, C)> = bought.iter().map(|(&customer, &net)| (Reverse(net), customer)).collect();
    order.sort_unstable();
    let all: i128 = order.iter().map(|(net, _)| i128::from(net.0.0.max(0))).sum();
    let mut before = 0_i128;
    let mut found = BTreeMap::new();
    for (Reverse(net), customer) in order {
        let class = match before * 100 {
            _ if net <= Money::ZERO => Class::C,
            share if share < all * 80 => Class::A,
            share if share < all * 95 => Class::B,
            _ => Class::C,
        };
        before += i128::from(net.0.max(0));
        found.insert(customer, class);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bought: &[i64]) -> String {
        let bought = (0..).zip(bought.iter().map(|&net| Money(net))).collect::<BTreeMap<i32, Money>>();
        classes(&bought).values().map(|class| class.as_str()).collect()
    }

    #[test]
    fn the_share_before_decides() {
        assert_eq!(of(&[50, 29, 1, 15, 5]), "AACAB", "before them stand 0, 50, 99, 79 and 94 %");
        assert_eq!(of(&[80, 15, 5]), "ABC", "at 80 % B begins, at 95 % C");
        assert_eq!(of(&[100]), "A");
        assert_eq!(of(&[10, 10, 10, 10, 10]), "AAAAB", "ties by customer");
        assert_eq!(of(&[100, 0, -40]), "ACC", "what came back is no part of the shares");
        assert_eq!(of(&[0, -5]), "CC");
        assert_eq!(of(&[]), "");
    }
}
