//! What the macros of `templates/ui.html` are given: choices, badges, figures with their bar, pagers.

use super::chart::Bullet;

/// How a number or state stands. Shown as a colour with an icon and a word, never as a colour alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Neither good nor bad.
    #[default]
    Plain,
    /// Reached, ahead, done.
    Good,
    /// Behind, needs a look.
    Warn,
    /// Far behind, over the limit, refused.
    Bad,
    /// In progress.
    Info,
}

impl Tone {
    /// The class in the stylesheet.
    pub fn class(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Info => "info",
        }
    }
}

/// One option of a select, or one radio choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What the form sends.
    pub value: String,
    /// What the person reads.
    pub label: String,
    /// A second, quieter line of a radio choice. May be empty.
    pub hint: String,
    /// An icon of a radio choice, a name in `static/icons.svg`. May be empty.
    pub icon: &'static str,
}

impl Choice {
    /// A choice without hint and icon. Values are ids or words.
    #[expect(clippy::needless_pass_by_value, reason = "ids and words are copied: callers need no `&`")]
    pub fn new(value: impl ToString, label: impl Into<String>) -> Self {
        Self { value: value.to_string(), label: label.into(), hint: String::new(), icon: "" }
    }

    /// With a second line.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// With an icon.
    #[must_use]
    pub fn icon(mut self, icon: &'static str) -> Self {
        self.icon = icon;
        self
    }
}

/// A state in a pill: shape, word and colour.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Badge {
    /// The colour.
    pub tone: Tone,
    /// A name in `static/icons.svg`. May be empty.
    pub icon: &'static str,
    /// The word.
    pub words: String,
}

impl Badge {
    /// A badge with the icon that goes with its tone.
    pub fn new(tone: Tone, words: impl Into<String>) -> Self {
        let icon = match tone {
            Tone::Plain => "",
            Tone::Good => "check",
            Tone::Warn => "trending-down",
            Tone::Bad => "triangle-alert",
            Tone::Info => "minus",
        };
        Self { tone, icon, words: words.into() }
    }

    /// With another icon.
    #[must_use]
    pub fn icon(mut self, icon: &'static str) -> Self {
        self.icon = icon;
        self
    }
}

/// A figure with its target: the card of *My month*. Every part is text that is ready to be read.
#[derive(Clone, Debug, Default)]
pub struct Stat {
    /// "Visits".
    pub label: String,
    /// Where the records behind it are listed. Empty: the card is no link.
    pub href: String,
    /// The metric's word, for scripts and tests. May be empty.
    pub metric: &'static str,
    /// The number as files carry it. May be empty.
    pub exact: String,
    /// "61".
    pub value: String,
    /// "of 96", "limit 2". May be empty.
    pub of: String,
    /// "3 behind".
    pub badge: Option<Badge>,
    /// The bar.
    pub bullet: Option<Bullet>,
    /// Left below the bar, on wide screens: "64 expected by today".
    pub foot: String,
    /// Right below the bar, on wide screens: "4 a day from now".
    pub foot_end: String,
}

/// Keyset paging: links to the page before and the page after, with all filters kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pager {
    /// The page before, if there is one.
    pub previous: Option<String>,
    /// The page after, if there is one.
    pub next: Option<String>,
    /// What this page shows: "50 of 1,203 visits". May be empty.
    pub words: String,
}

/// A column head that sorts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sort {
    /// The list sorted by this column (or, where it is, the other way round).
    pub href: String,
    /// `Some(false)`: sorted by this column, ascending. `Some(true)`: descending. `None`: by another column.
    pub descending: Option<bool>,
}

/// One choice of a segmented switch or one tab: a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switch {
    /// "Month".
    pub label: String,
    /// Where it leads.
    pub href: String,
    /// Whether it is what the page shows.
    pub current: bool,
    /// How many things are behind it, as text. May be empty.
    pub count: String,
}

impl Switch {
    /// A link of the switch.
    pub fn new(label: impl Into<String>, href: impl Into<String>, current: bool) -> Self {
        Self { label: label.into(), href: href.into(), current, count: String::new() }
    }

    /// With a count behind the word.
    #[must_use]
    pub fn count(mut self, count: impl Into<String>) -> Self {
        self.count = count.into();
        self
    }
}

/// The first letters of the first and the last word of a name: "Ingrid Solberg" is IS.
pub fn initials(name: &str) -> String {
    let mut words = name.split_whitespace().filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    let first = words.next();
    first.into_iter().chain(words.next_back()).flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_of_first_and_last_name() {
        for (name, letters) in [
            ("Ingrid Solberg", "IS"),
            ("Piet van Dam", "PD"),
            ("madonna", "M"),
            ("  Östen  (Ö) Ålund ", "ÖÅ"),
            ("", ""),
            ("李 小龙", "李小"),
        ] {
            assert_eq!(initials(name), letters, "{name}");
        }
    }
}
