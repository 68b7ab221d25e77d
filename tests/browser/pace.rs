//! How long a person would take for what a test does in a second: pages read, fields filled, buttons pressed, each at a
//! generous human pace. No clock runs: the machine's speed says nothing about people.

use std::{cell::RefCell, collections::BTreeSet, time::Duration};

/// To read a page of a kind that was not there before: its heading, its form and what stands around, some 60 words at the
/// 240 words a minute at which adults read.
const FIRST_SIGHT: Duration = Duration::from_secs(15);
/// To find one's way on a page of a kind that one knows.
const SEEN_BEFORE: Duration = Duration::from_secs(5);
/// To go to a field and to know what to enter: a thought takes 1.35 s, pointing 1.1 s, moving to the keyboard 0.4 s (the
/// keystroke-level model of Card, Moran and Newell), and another second.
const FIELD: Duration = Duration::from_secs(4);
/// To press a key: 40 words a minute, somebody who does not type for a living.
const KEY: Duration = Duration::from_millis(300);
/// To decide on a link or a button, and to press it: a thought and pointing, rounded up.
const PRESS: Duration = Duration::from_secs(3);

/// What was done so far.
#[derive(Default)]
pub struct Pace(RefCell<Done>);

#[derive(Debug, Default)]
struct Done {
    kinds: BTreeSet<String>,
    pages: u32,
    fields: u32,
    keys: u32,
    presses: u32,
    aside: bool,
}

impl Pace {
    /// What is done until the next call belongs to the test and not to what a person would do, or belongs to it again. What
    /// was so before.
    pub fn aside(&self, aside: bool) -> bool {
        std::mem::replace(&mut self.0.borrow_mut().aside, aside)
    }

    /// A page was opened.
    pub fn page(&self) {
        self.count(|done| done.pages += 1);
    }

    /// The page in front is at this address. Numbers in it make no other kind of page.
    pub fn at(&self, path: &str) {
        let kind = path.split('/').map(|part| if part.starts_with(|c: char| c.is_ascii_digit()) { "7" } else { part });
        let kind = kind.collect::<Vec<_>>().join("/");
        self.count(|done| _ = done.kinds.insert(kind));
    }

    /// A field was filled with a text.
    pub fn field(&self, text: &str) {
        let keys = u32::try_from(text.chars().count()).unwrap();
        self.count(|done| (done.fields, done.keys) = (done.fields + 1, done.keys + keys));
    }

    /// A link or button was pressed, or a box ticked.
    pub fn press(&self) {
        self.count(|done| done.presses += 1);
    }

    fn count(&self, count: impl FnOnce(&mut Done)) {
        let mut done = self.0.borrow_mut();
        if !done.aside {
            count(&mut done);
        }
    }

    /// How long a person would have taken, and how that comes about.
    pub fn time(&self) -> (Duration, String) {
        let done = self.0.borrow();
        let kinds = u32::try_from(done.kinds.len()).unwrap();
        let again = done.pages.saturating_sub(kinds);
        let time =
            FIRST_SIGHT * kinds + SEEN_BEFORE * again + FIELD * done.fields + KEY * done.keys + PRESS * done.presses;
        let words = format!(
            "{kinds} kinds of pages, {again} pages again, {} fields with {} keys, {} presses: {} s",
            done.fields,
            done.keys,
            done.presses,
            time.as_secs()
        );
        (time, words)
    }
}

#[test]
fn a_person_takes_as_long_as_is_said() {
    let pace = Pace::default();
    for path in ["/deals", "/deals/7", "/deals/8"] {
        pace.page();
        pace.at(path);
        pace.press();
    }
    pace.field("Coffee");
    assert!(!pace.aside(true));
    pace.page();
    pace.press();
    let (time, words) = pace.time();
    assert_eq!(time, Duration::from_millis(2 * 15_000 + 5_000 + 4_000 + 6 * 300 + 3 * 3_000), "{words}");
}
