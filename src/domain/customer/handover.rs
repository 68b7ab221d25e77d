//! What a handover moves: whose loss it becomes when a customer changes hands.

use time::Date;

use super::{
    events::{EventKind, events},
    facts::{History, Ownership},
};
use crate::domain::{id::UserId, period::Period};

/// The losses of a period: their days, and to whom each counts; nobody: to the company only.
pub fn losses(history: &History, period: Period) -> Vec<(Date, Option<UserId>)> {
    let within = |on: Date| on >= period.from() && on < period.to();
    let lost = events(history).into_iter().filter(|event| event.kind == EventKind::Lost && within(event.on));
    lost.map(|event| (event.on, event.rep)).collect()
}

/// The history with the customer in these hands from a day on, up to before another (none: for good).
#[must_use]
pub fn handed_over(history: &History, to: UserId, from: Date, until: Option<Date>) -> History {
    let mut after = history.clone();
    after.ownerships.clear();
    for owned in &history.ownerships {
        let ends = owned.to.map_or(from, |to| to.min(from));
        if owned.from.is_none_or(|begins| begins < ends) {
            after.ownerships.push(Ownership { to: Some(ends), ..*owned });
        }
        let Some(until) = until else { continue };
        let begins = owned.from.map_or(until, |begins| begins.max(until));
        if owned.to.is_none_or(|to| begins < to) {
            after.ownerships.push(Ownership { from: Some(begins), ..*owned });
        }
    }
    after.ownerships.push(Ownership { rep: to, from: Some(from), to: until });
    after
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;
    use crate::domain::{customer::facts::DealFact, id::DealId, money::Money};

    const INGRID: UserId = UserId(1);
    const JONAS: UserId = UserId(2);
    const OLAV: UserId = UserId(3);

    fn owned(rep: UserId, from: Option<Date>, to: Option<Date>) -> Ownership {
        Ownership { rep, from, to }
    }

    #[test]
    fn the_days_of_others_are_cut_where_it_changes_hands() {
        let (march, may, june) = (date!(2026 - 03 - 01), date!(2026 - 05 - 01), date!(2026 - 06 - 01));
        let history = |ownerships: &[Ownership]| History { ownerships: ownerships.to_vec(), ..History::default() };
        for (before, until, after) in [
            (vec![], None, vec![]),
            (vec![owned(INGRID, None, None)], None, vec![owned(INGRID, None, Some(may))]),
            (
                vec![owned(INGRID, Some(march), Some(june)), owned(OLAV, Some(june), None)],
                Some(june),
                vec![owned(INGRID, Some(march), Some(may)), owned(OLAV, Some(june), None)],
            ),
            (vec![owned(INGRID, None, Some(march))], Some(june), vec![owned(INGRID, None, Some(march))]),
            (vec![owned(INGRID, Some(may), Some(june))], Some(june), vec![]),
        ] {
            let mut expected = after;
            expected.push(owned(JONAS, Some(may), until));
            assert_eq!(handed_over(&history(&before), JONAS, may, until).ownerships, expected, "{before:?}");
        }
    }

    #[test]
    fn a_loss_goes_to_the_new_owner_only_after_the_grace() {
        let sold = date!(2026 - 05 - 22); // lost on 19 November
        let history = History {
            deals: vec![DealFact {
                id: DealId(1),
                number: 1,
                booked_on: sold,
                net: Money(10_000),
                returns: None,
                primary_rep: Some(INGRID),
            }],
            ownerships: vec![owned(INGRID, None, None)],
            ..History::default()
        };
        let november = Period::parse("2026-11", time::Month::January).unwrap();
        assert_eq!(losses(&history, november), [(date!(2026 - 11 - 19), Some(INGRID))]);
        for (from, charged) in [
            (date!(2026 - 11 - 20), INGRID),
            (date!(2026 - 11 - 01), INGRID),
            (date!(2026 - 08 - 22), INGRID),
            (date!(2026 - 08 - 21), JONAS),
        ] {
            let after = handed_over(&history, JONAS, from, None);
            assert_eq!(losses(&after, november), [(date!(2026 - 11 - 19), Some(charged))], "{from}");
        }
        assert_eq!(losses(&history, Period::parse("2026-10", time::Month::January).unwrap()), []);
    }
}
