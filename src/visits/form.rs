//! The forms of visits: what was typed, and what it means.

use serde::{Deserialize, Serialize};
use time::{Date, Time, macros::format_description};

use super::{db::NewVisit, page_db::Visit, series::EVERY};
use crate::{
    customers::pick::Given,
    domain::{
        id::{CustomerId, UserId},
        visit::{Kind, LONGEST_SERIES, Outcome, State, series},
    },
    web::{form::Errors, format, number},
};

/// A visit as typed: to log, to plan and to correct it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct VisitForm {
    /// The customer that was ticked.
    pub customer: String,
    /// The customer that the page ticked by itself.
    pub ticked: String,
    /// The name of another customer.
    pub other: String,
    /// The day.
    pub visited_on: String,
    /// The time.
    pub starts_at: String,
    /// In person or not.
    pub kind: String,
    /// Planned, done or missed.
    pub state: String,
    /// What came of it.
    pub outcome: String,
    /// How long it took.
    pub minutes: String,
    /// Who goes or went along.
    pub with: Vec<String>,
    /// Free words.
    pub notes: String,
    /// A day for which the next visit is planned.
    pub next: String,
    /// How the next one is meant: in person or not; empty: like this one.
    pub next_kind: String,
    /// Every how many weeks a planned visit comes again; empty: once.
    pub repeat: String,
    /// Until when it comes again.
    pub until: String,
    /// Where to go afterwards.
    pub then: String,
    /// Why something in a locked period is changed.
    pub reason: String,
    /// The version that was changed.
    pub version: String,
}

/// What a form says, but for the customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    visited_on: Option<Date>,
    starts_at: Option<Time>,
    kind: Kind,
    state: State,
    outcome: Option<Outcome>,
    minutes: Option<i32>,
    notes: String,
    /// The day for which the next visit is planned.
    pub next: Option<Date>,
    /// How that one is meant.
    pub next_kind: Kind,
}

impl VisitForm {
    /// An empty form for a day.
    pub fn on(day: Date) -> Self {
        Self { visited_on: day.to_string(), kind: Kind::InPerson.as_str().to_owned(), ..Self::default() }
    }

    /// What it says of the customer.
    pub fn given(&self) -> Given<'_> {
        Given { chosen: &self.customer, ticked: &self.ticked, typed: &self.other }
    }

    /// The form of a visit that is there.
    pub fn of(visit: &Visit) -> Self {
        Self {
            customer: visit.customer_id.to_string(),
            ticked: visit.customer_id.to_string(),
            visited_on: visit.visited_on.to_string(),
            starts_at: visit.starts_at.as_ref().map(format::clock).unwrap_or_default(),
            kind: visit.kind.as_str().to_owned(),
            state: visit.state.as_str().to_owned(),
            outcome: visit.outcome.map(Outcome::as_str).unwrap_or_default().to_owned(),
            minutes: visit.minutes.map(|minutes| minutes.to_string()).unwrap_or_default(),
            with: visit.with.iter().map(UserId::to_string).collect(),
            notes: visit.notes.clone(),
            version: visit.version.to_string(),
            ..Self::default()
        }
    }

    /// What was typed, now for a plan that the form did not show: everybody who was to go is ticked, and the plan's note
    /// stands where none was typed.
    #[must_use]
    pub fn with_plan(self, plan: &Visit, me: &(UserId, String), typed: &[(UserId, String)]) -> Self {
        let mut with = plan.with.clone();
        for id in typed.iter().chain([me]).map(|(id, _)| *id) {
            if !with.contains(&id) && id != plan.rep_id {
                with.push(id);
            }
        }
        let notes = if self.notes.trim().is_empty() { plan.notes.clone() } else { self.notes };
        Self { with: with.iter().map(UserId::to_string).collect(), notes, ..self }
    }

    /// Whether customer, day or time were sent and are others than those of the plan.
    pub fn moves(&self, plan: &Self) -> bool {
        let pairs = [
            (&self.customer, &plan.customer),
            (&self.visited_on, &plan.visited_on),
            (&self.starts_at, &plan.starts_at),
        ];
        let differs = |(typed, stands): (&String, &String)| !typed.trim().is_empty() && typed.trim() != stands;
        !self.other.trim().is_empty() || pairs.into_iter().any(differs)
    }

    /// What was typed, with customer, day and time of the plan.
    #[must_use]
    pub fn at_plan(self, plan: Self) -> Self {
        Self {
            customer: plan.customer,
            other: String::new(),
            visited_on: plan.visited_on,
            starts_at: plan.starts_at,
            ..self
        }
    }

    /// Reads everything but the customer. What is done is not after today; what is planned is not before it.
    pub fn parse(&self, state: State, today: Date, time_zone: &str, errors: &mut Errors) -> Said {
        let visited_on = errors.date("visited_on", &self.visited_on, "The day");
        if let Some(day) = visited_on {
            let (shown, now) = (format::date(day), format::date(today));
            if state == State::Done && day > today {
                errors.add(
                    "visited_on",
                    format!("{shown} is after today, {now} in the company’s time zone ({time_zone}). Plan the visit instead."),
                );
            }
            if state == State::Planned && day < today {
                errors.add("visited_on", format!("{shown} is over: today is {now}. Log the visit instead."));
            }
        }
        let kind = match self.kind.as_str() {
            "" => Some(Kind::InPerson),
            word => Kind::parse(word),
        };
        if kind.is_none() {
            errors.add("kind", "Choose how you met.");
        }
        let outcome = match self.outcome.as_str() {
            "" => None,
            word => {
                let outcome = Outcome::parse(word);
                if outcome.is_none() {
                    errors.add("outcome", "Choose how it went.");
                }
                outcome
            }
        };
        let next_kind = match self.next_kind.as_str() {
            "" => kind,
            word => Kind::parse(word),
        };
        if next_kind.is_none() && kind.is_some() {
            errors.add("next_kind", "Choose how you meet next.");
        }
        let next = errors.optional_date("next", &self.next, "The follow-up");
        if let Some(day) = next.filter(|day| *day <= today) {
            let shown = format::date(day);
            errors.add("next", format!("{shown} is not after today. Use a later day, or leave it empty."));
        }
        Said {
            visited_on,
            starts_at: self.parse_time(errors),
            kind: kind.unwrap_or(Kind::InPerson),
            state,
            outcome: outcome.filter(|_| state == State::Done),
            minutes: self.parse_minutes(errors),
            notes: errors.optional_text("notes", &self.notes, "The note", 2000),
            next,
            next_kind: next_kind.unwrap_or(Kind::InPerson),
        }
    }

    /// The days for which a visit is planned that begins on this one: one, or those of a series.
    pub fn parse_days(&self, first: Date, errors: &mut Errors) -> Vec<Date> {
        if self.repeat.trim().is_empty() {
            return vec![first];
        }
        let weeks = EVERY.iter().map(|(weeks, _)| *weeks).find(|weeks| weeks.to_string() == self.repeat.trim());
        let Some(weeks) = weeks else {
            errors.add("repeat", "Choose how often it comes again.");
            return vec![];
        };
        let Some(until) = errors.date("until", &self.until, "The last day of the series") else { return vec![] };
        let days = series(first, weeks, until);
        if days.is_empty() {
            errors.add("until", format!("{} is before the first visit. Use a later day.", format::date(until)));
        } else if days.len() > LONGEST_SERIES {
            let last = days.get(LONGEST_SERIES - 1).copied().unwrap_or(until);
            let (shown, last) = (format::date(until), format::date(last));
            errors.add(
                "until",
                format!("Until {shown} these are more than {LONGEST_SERIES} visits. Use {last} at most."),
            );
        }
        days
    }

    /// Who goes or went along: some of the colleagues who may be chosen.
    pub fn parse_with(&self, colleagues: &[(UserId, String)], errors: &mut Errors) -> Vec<(UserId, String)> {
        let mut with: Vec<(UserId, String)> = vec![];
        for typed in self.with.iter().map(|typed| typed.trim()).filter(|typed| !typed.is_empty()) {
            match typed.parse().ok().and_then(|id: UserId| colleagues.iter().find(|(colleague, _)| *colleague == id)) {
                Some(colleague) if with.contains(colleague) => {}
                Some(colleague) => with.push(colleague.clone()),
                None => {
                    errors.add("with", "Choose colleagues of the list.");
                    break;
                }
            }
        }
        with
    }

    fn parse_time(&self, errors: &mut Errors) -> Option<Time> {
        let typed = self.starts_at.trim();
        if typed.is_empty() {
            return None;
        }
        let time = parse_time(typed);
        if time.is_none() {
            errors.add("starts_at", format!("“{typed}” is not a time. Use hours and minutes, like 09:30."));
        }
        time
    }

    fn parse_minutes(&self, errors: &mut Errors) -> Option<i32> {
        if self.minutes.trim().is_empty() {
            return None;
        }
        match number::count(&self.minutes) {
            Ok(minutes @ 1..=1440) => i32::try_from(minutes).ok(),
            Ok(_) => {
                errors.add("minutes", "Use 1 to 1440 minutes, or leave it empty.");
                None
            }
            Err(words) => {
                errors.add("minutes", words);
                None
            }
        }
    }
}

/// A time of day: hours and minutes, perhaps seconds.
pub fn parse_time(text: &str) -> Option<Time> {
    Time::parse(text, format_description!("[hour]:[minute]"))
        .or_else(|_| Time::parse(text, format_description!("[hour]:[minute]:[second]")))
        .ok()
}

impl Said {
    /// The day of the visit.
    pub fn day(&self) -> Option<Date> {
        self.visited_on
    }

    /// The visit, once customer and day are known.
    pub fn visit(&self, rep: UserId, customer: CustomerId) -> Option<NewVisit> {
        Some(NewVisit {
            rep,
            customer,
            visited_on: self.visited_on?,
            starts_at: self.starts_at,
            kind: self.kind,
            state: self.state,
            outcome: self.outcome,
            minutes: self.minutes,
            notes: self.notes.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    const TODAY: Date = date!(2026 - 11 - 19);

    fn wrong(form: &VisitForm, state: State) -> Vec<(String, String)> {
        let mut errors = Errors::new();
        form.parse(state, TODAY, "Europe/Oslo", &mut errors);
        errors.iter().map(|(field, words)| (field.to_owned(), words.to_owned())).collect()
    }

    #[test]
    fn a_series_is_told_what_is_wrong_with_it() {
        let days = |repeat: &str, until: &str| {
            let form = VisitForm { repeat: repeat.into(), until: until.into(), ..VisitForm::on(TODAY) };
            let mut errors = Errors::new();
            let days = form.parse_days(TODAY, &mut errors).len();
            (days, errors.iter().map(|(field, words)| format!("{field}: {words}")).collect::<String>())
        };
        assert_eq!(days("", "nonsense"), (1, String::new()));
        assert_eq!(days("4", "2026-12-31"), (2, String::new()));
        for (repeat, until, words) in [
            ("3", "2026-12-31", "repeat: Choose how often it comes again."),
            ("1", "", "until: The last day of the series is missing."),
            ("1", "2026-11-18", "until: 18 Nov 2026 is before the first visit. Use a later day."),
            ("1", "2999-01-01", "until: Until 1 Jan 2999 these are more than 52 visits. Use 11 Nov 2027 at most."),
        ] {
            assert_eq!(days(repeat, until).1, words);
        }
    }

    #[test]
    fn only_colleagues_go_along_and_each_once() {
        let colleagues = [(UserId(1), "Ingrid".to_owned()), (UserId(2), "Jonas".to_owned())];
        let with = |typed: &[&str]| {
            let form = VisitForm { with: typed.iter().map(|&id| id.to_owned()).collect(), ..VisitForm::on(TODAY) };
            let mut errors = Errors::new();
            let with: Vec<i64> = form.parse_with(&colleagues, &mut errors).iter().map(|(id, _)| id.0).collect();
            (with, errors.is_empty())
        };
        assert_eq!(with(&["2", "1", "2", ""]), (vec![2, 1], true));
        for wrong in [&["3"][..], &["x"], &["1", "99999999999999999999"]] {
            assert!(!with(wrong).1, "{wrong:?}");
        }
    }

    #[test]
    fn bad_input_is_put_into_words() {
        let good = VisitForm::on(TODAY);
        assert_eq!(wrong(&good, State::Done), []);
        for (form, field, words) in [
            (VisitForm { visited_on: String::new(), ..good.clone() }, "visited_on", "The day is missing."),
            (
                VisitForm { visited_on: "2026-11-20".into(), ..good.clone() },
                "visited_on",
                "20 Nov 2026 is after today, 19 Nov 2026 in the company’s time zone (Europe/Oslo). Plan the visit instead.",
            ),
            (VisitForm { kind: "lunch".into(), ..good.clone() }, "kind", "Choose how you met."),
            (VisitForm { outcome: "great".into(), ..good.clone() }, "outcome", "Choose how it went."),
            (VisitForm { minutes: "0".into(), ..good.clone() }, "minutes", "Use 1 to 1440 minutes, or leave it empty."),
            (VisitForm { minutes: "-5".into(), ..good.clone() }, "minutes", "−5 is below zero. Use 0 or more."),
            (
                VisitForm { starts_at: "25:00".into(), ..good.clone() },
                "starts_at",
                "“25:00” is not a time. Use hours and minutes, like 09:30.",
            ),
            (
                VisitForm { next: "2026-11-19".into(), ..good.clone() },
                "next",
                "19 Nov 2026 is not after today. Use a later day, or leave it empty.",
            ),
            (
                VisitForm { notes: "x".repeat(2001), ..good.clone() },
                "notes",
                "The note has 2001 characters; 2000 are possible.",
            ),
        ] {
            assert_eq!(wrong(&form, State::Done), [(field.to_owned(), words.to_owned())]);
        }
        let yesterday = VisitForm::on(date!(2026 - 11 - 18));
        assert_eq!(
            wrong(&yesterday, State::Planned),
            [("visited_on".to_owned(), "18 Nov 2026 is over: today is 19 Nov 2026. Log the visit instead.".to_owned())]
        );
    }
}
