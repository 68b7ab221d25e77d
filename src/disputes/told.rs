//! Disputes in words: where each stands, how long it has waited, and what an accepted one pays when.

use sqlx::PgConnection;
use time::Date;

use super::db::Dispute;
use crate::{
    domain::{
        calendar::Calendar,
        dispute::Outcome,
        id::OrgId,
        period::{Dates, PeriodKind, add_days},
    },
    targets::expected::Presences,
    web::{
        auth::Viewer,
        error::Error,
        format, periods,
        ui::{Badge, Tone},
    },
};

/// The company's working days from the oldest of these disputes to today.
pub async fn calendar(db: &mut PgConnection, org: OrgId, disputes: &[Dispute], today: Date) -> Result<Calendar, Error> {
    let from = disputes.iter().map(|one| one.opened_at.date()).min().unwrap_or(today);
    let dates = Dates { from, to: add_days(today, 1) };
    Ok(Presences::load(db, org, &[], dates).await?.calendar().clone())
}

/// How many working days lie behind a day, up to and with another one.
fn days_after(calendar: &Calendar, from: Date, to: Date) -> i64 {
    i64::from(calendar.working_days(Dates { from: add_days(from, 1), to: add_days(to, 1) }))
}

/// "for 3 working days", "since today".
fn for_days(days: i64) -> String {
    match days {
        0 => "since today".to_owned(),
        _ => format!("for {}", format::counted(days, "working day", "working days")),
    }
}

impl Dispute {
    /// Where it stands, in one word.
    pub fn badge(&self) -> Badge {
        match (self.outcome, self.waits_since) {
            (Some(outcome @ Outcome::Accepted), _) => Badge::new(Tone::Good, outcome.label()),
            (Some(outcome), _) => Badge::new(Tone::Plain, outcome.label()).icon("x"),
            (None, None) => Badge::new(Tone::Info, "Answered").icon("message-square"),
            (None, Some(_)) => Badge::new(Tone::Warn, "Open").icon("clock"),
        }
    }

    /// What it is about: "Sales", "Sales, deal 12".
    pub fn about(&self) -> String {
        let period = self.line_period.as_ref().map_or_else(String::new, |period| format!(", {period}"));
        let deal = self.deal.map_or_else(String::new, |deal| format!(", deal {deal}"));
        format!("{}{period}{deal}", self.component)
    }

    /// The statement's period: "October 2026".
    pub fn label(&self, me: &Viewer) -> String {
        format::period(periods::containing(self.period_kind, self.period_start, me))
    }

    /// "waiting for 3 working days"; "first answer after one working day".
    pub fn age(&self, calendar: &Calendar, today: Date) -> String {
        if let Some(since) = self.waits_since {
            return format!("waiting {}", for_days(days_after(calendar, since.date(), today)));
        }
        match self.answered_at {
            Some(at) => match days_after(calendar, self.opened_at.date(), at.date()) {
                0 => "first answer the same day".to_owned(),
                days => format!("first answer after {}", format::in_words(days, "working day", "working days")),
            },
            None => String::new(),
        }
    }

    /// What became of it and what it pays: "accepted, €50.00 comes with November 2026"; none: nothing is decided.
    pub fn result(&self, me: &Viewer) -> Option<String> {
        let outcome = self.outcome?.label().to_lowercase();
        let Some((amount, from)) = self.pays.zip(self.pays_from) else { return Some(outcome) };
        let amount = format::money(me.company.currency, amount);
        let label = |kind: PeriodKind, start| format::period(periods::containing(kind, start, me));
        Some(match (&self.withdrawn_by, self.paid_start) {
            (Some(by), _) => format!("{outcome}, but {by} withdrew the {amount}"),
            (None, Some(start)) => match self.paid_on {
                Some(day) => {
                    format!("{outcome}, {amount} paid with {} on {}", label(self.period_kind, start), format::date(day))
                }
                None => format!("{outcome}, {amount} is on the statement for {}", label(self.period_kind, start)),
            },
            (None, None) if self.pays_from_locked => format!("{outcome}, {amount} comes with the next statement"),
            (None, None) => format!("{outcome}, {amount} comes with {}", label(self.period_kind, from)),
        })
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn waiting_is_told_in_working_days() {
        let calendar = Calendar::new(&[1, 2, 3, 4, 5], [date!(2026 - 11 - 18)]);
        let monday = date!(2026 - 11 - 16);
        for (today, words) in [
            (monday, "since today"),
            (date!(2026 - 11 - 17), "for 1 working day"),
            (date!(2026 - 11 - 18), "for 1 working day"),
            (date!(2026 - 11 - 22), "for 3 working days"),
        ] {
            assert_eq!(for_days(days_after(&calendar, monday, today)), words, "{today}");
        }
    }
}
