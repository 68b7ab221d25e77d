//! Which period a page shows, and the links that lead from one to another: shorter and longer, before and after, any date.

use serde::Deserialize;
use time::Date;

use super::{auth::Viewer, error::Error, form, format, ui::Switch};
use crate::domain::period::{Period, PeriodKind};

/// How a query string names a period: `period=2026-11`, or `kind=month&on=2026-11-19` from the form that jumps to a date.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Asked {
    /// The word of a period.
    #[serde(default)]
    pub period: Option<String>,
    /// How long the period around `on` is.
    #[serde(default)]
    pub kind: Option<String>,
    /// A date in it.
    #[serde(default)]
    pub on: Option<String>,
}

impl Asked {
    /// The period that was asked for; without a word the running one of this kind.
    pub fn resolve(&self, me: &Viewer, usual: PeriodKind) -> Result<Period, Error> {
        let given =
            |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        if let Some(word) = given(&self.period) {
            return parse(&word, me);
        }
        let kind = given(&self.kind)
            .map_or(Ok(usual), |word| word.parse())
            .map_err(|_| Error::BadRequest("A period is a day, week, month, quarter or year. Correct the address."))?;
        let on = given(&self.on)
            .map_or(Some(me.today), |text| form::parse_date(&text))
            .ok_or(Error::BadRequest("That is not a date. Use year-month-day, like 2026-11-19."))?;
        Ok(containing(kind, on, me))
    }
}

/// Reads the word of a period, as paths and queries carry it.
pub fn parse(word: &str, me: &Viewer) -> Result<Period, Error> {
    Period::parse(word, me.company.fiscal_start)
        .map_err(|_| Error::BadRequest("That is not a period. Use 2026-11-19, 2026-W47, 2026-11, 2026-Q4 or 2026."))
}

/// The company's period of this kind that holds the day.
pub fn containing(kind: PeriodKind, day: Date, me: &Viewer) -> Period {
    Period::containing(kind, day, me.company.fiscal_start)
}

/// The links around a period. Print it with the macros of `templates/periods.html`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeriodNav {
    /// What the page shows.
    pub period: Period,
    /// Week, month, quarter …
    pub switches: Vec<Switch>,
    /// The one before.
    pub previous: Step,
    /// The one after.
    pub next: Step,
    /// The running one, if the page shows another.
    pub current: Option<Step>,
    /// Where the form that jumps to a date leads.
    pub action: String,
    /// What that form sends along: filters and sort.
    pub keep: Vec<(String, String)>,
    /// The date that the form begins with: today if it is in the period, else the first day.
    pub on: Date,
}

/// A link to another period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// "October 2026".
    pub label: String,
    /// Where it leads.
    pub href: String,
}

impl PeriodNav {
    /// Links to the kinds and neighbours of a period; `href` makes the address of one.
    pub fn new(me: &Viewer, period: Period, kinds: &[PeriodKind], href: impl Fn(Period) -> String) -> Self {
        let step = |to: Period| Step { label: format::period(to), href: href(to) };
        let on = if period.contains(me.today) { me.today } else { period.from() };
        let current = containing(period.kind(), me.today, me);
        let switches =
            kinds.iter().map(|&kind| Switch::new(kind.label(), href(containing(kind, on, me)), kind == period.kind()));
        Self {
            period,
            switches: switches.collect(),
            previous: step(period.previous()),
            next: step(period.next()),
            current: (current != period).then(|| step(current)),
            action: String::new(),
            keep: vec![],
            on,
        }
    }

    /// With a form that jumps to a date: where it leads, and what it sends along.
    #[must_use]
    pub fn jump(mut self, action: &str, keep: Vec<(String, String)>) -> Self {
        action.clone_into(&mut self.action);
        self.keep = keep;
        self
    }
}
