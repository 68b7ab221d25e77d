//! Terms of the trade, each explained once on a page: where it first appears.

use std::{cell::RefCell, collections::BTreeSet};

/// A term that not everybody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// The word, in lower case.
    pub name: &'static str,
    /// More than one.
    plural: &'static str,
    /// What it means, as a sentence after the word.
    pub meaning: &'static str,
}

/// Every term that pages use.
pub const TERMS: [Term; 8] = [
    Term {
        name: "pace",
        plural: "paces",
        meaning: "what is reached, against what is expected by today. 100% is on pace, whatever is left of the period.",
    },
    Term {
        name: "attainment",
        plural: "attainments",
        meaning: "what is reached, as a share of the whole target: half of the target is 50%.",
    },
    Term {
        name: "at risk",
        plural: "at risk",
        meaning: "a customer that is silent for longer than usual, or buys much less than a year ago. Without a sale \
                  it counts as lost on the day that is shown.",
    },
    Term {
        name: "tier",
        plural: "tiers",
        meaning: "a step of a plan. From its beginning on, what is sold pays at its rate, until the next step.",
    },
    Term {
        name: "accelerator",
        plural: "accelerators",
        meaning: "a rate that is higher above the target than below it: what is sold beyond the target pays more.",
    },
    Term {
        name: "draw",
        plural: "draws",
        meaning: "the least that is paid in a period. What was not earned of it may be paid back from later earnings.",
    },
    Term {
        name: "clawback",
        plural: "clawbacks",
        meaning: "commission that is taken back, because the customer was lost soon after.",
    },
    Term { name: "cap", plural: "caps", meaning: "the most that is paid in a period, however much is sold." },
];

tokio::task_local! {
    static EXPLAINED: RefCell<BTreeSet<&'static str>>;
}

/// Answers a request: on the page that is drawn meanwhile each term is explained once.
pub async fn on_one_page<T>(answer: impl Future<Output = T>) -> T {
    EXPLAINED.scope(RefCell::default(), answer).await
}

/// The terms in a text that the page has not explained yet. From now on it has.
pub fn new_in(text: &str) -> Vec<Term> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let text = format!(" {} ", words.collect::<Vec<_>>().join(" ").to_lowercase());
    let says = |word: &str| text.contains(&format!(" {word} "));
    let found = TERMS.into_iter().filter(|term| says(term.name) || says(term.plural));
    let is_new = |term: &Term| EXPLAINED.try_with(|page| page.borrow_mut().insert(term.name)).unwrap_or(true);
    found.filter(is_new).collect()
}

impl Term {
    /// What it is called in addresses: `at-risk`.
    pub fn id(&self) -> String {
        self.name.replace(' ', "-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<&'static str> {
        new_in(text).iter().map(|term| term.name).collect()
    }

    #[tokio::test]
    async fn a_term_is_explained_where_it_first_appears() {
        on_one_page(async {
            assert_eq!(names("€1,300.00 more in net sales reaches the 6% tier."), ["tier"]);
            assert_eq!(names("Two tiers, and a cap. At risk, behind pace"), ["pace", "at risk", "cap"]);
            assert_eq!(names("Capital, captured, a drawing; risk at hand"), [""; 0], "other words");
            assert_eq!(names("Draw"), ["draw"]);
        })
        .await;
        on_one_page(async { assert_eq!(names("a tier"), ["tier"], "another page") }).await;
    }

    #[test]
    fn every_meaning_is_a_sentence() {
        for term in TERMS {
            assert!(term.meaning.ends_with('.') && term.meaning.len() < 160, "{term:?}");
            assert_eq!(term.name, term.name.to_lowercase());
        }
    }
}
