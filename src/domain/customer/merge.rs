//! Two customers that are one: the history that both make together, and what that changes.

use time::Date;

use super::{
    events::Event,
    facts::{History, Ownership},
};

/// The history of both together. Deals are united and the first of both dates holds; owners, endings and limits are those
/// of the customer that is kept, but where nobody owned it the other one's owner goes on ([`united_owners`]).
#[must_use]
pub fn united(kept: &History, merged: &History) -> History {
    let mut both = kept.clone();
    both.customer_since = earliest(kept.customer_since, merged.customer_since);
    both.deals.extend(merged.deals.iter().cloned());
    both.ownerships = united_owners(&kept.ownerships, &merged.ownerships);
    both
}

/// The earlier of two dates, where there are two.
pub fn earliest(one: Option<Date>, other: Option<Date>) -> Option<Date> {
    [one, other].into_iter().flatten().min()
}

/// The owners of the customer that is kept, and on days without one the owner of the other.
#[must_use]
pub fn united_owners(kept: &[Ownership], merged: &[Ownership]) -> Vec<Ownership> {
    let mut owners = kept.to_vec();
    for other in merged {
        let mut free = vec![*other];
        for taken in kept {
            free = free.into_iter().flat_map(|days| without(days, *taken)).collect();
        }
        owners.extend(free);
    }
    owners.sort_by_key(|days| days.from);
    owners
}

/// The days that are left of an ownership without those of another.
fn without(days: Ownership, taken: Ownership) -> impl Iterator<Item = Ownership> {
    let before = taken.from.map(|from| Ownership { to: Some(days.to.map_or(from, |to| to.min(from))), ..days });
    let after = taken.to.map(|to| Ownership { from: Some(days.from.map_or(to, |from| from.max(to))), ..days });
    let is_some_day = |days: &Ownership| days.from.zip(days.to).is_none_or(|(from, to)| from < to);
    [before, after].into_iter().flatten().filter(is_some_day)
}

/// What differs between the events of two customers and those of both together: what is no longer there, and what is new.
pub fn changed(before: &[Event], after: &[Event]) -> (Vec<Event>, Vec<Event>) {
    let mut gone = before.to_vec();
    let mut new = vec![];
    for event in after {
        match gone.iter().position(|known| known == event) {
            Some(at) => {
                gone.remove(at);
            }
            None => new.push(*event),
        }
    }
    gone.sort_by_key(|event| event.on);
    (gone, new)
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;
    use crate::domain::{
        customer::{
            events::{EventKind, events},
            facts::DealFact,
        },
        id::{DealId, UserId},
        money::Money,
    };

    const INGRID: UserId = UserId(1);
    const JONAS: UserId = UserId(2);

    fn owned(rep: UserId, from: Option<Date>, to: Option<Date>) -> Ownership {
        Ownership { rep, from, to }
    }

    fn sale(id: i64, booked_on: Date, rep: UserId) -> DealFact {
        DealFact { id: DealId(id), number: id, booked_on, net: Money(100), returns: None, primary_rep: Some(rep) }
    }

    #[test]
    fn the_kept_owner_stays_and_free_days_go_to_the_other() {
        let (march, may, june) = (date!(2026 - 03 - 01), date!(2026 - 05 - 01), date!(2026 - 06 - 01));
        let all = owned(JONAS, None, None);
        for (kept, merged, after) in [
            (vec![], vec![all], vec![all]),
            (vec![owned(INGRID, None, None)], vec![all], vec![owned(INGRID, None, None)]),
            (
                vec![owned(INGRID, Some(may), None)],
                vec![all],
                vec![owned(JONAS, None, Some(may)), owned(INGRID, Some(may), None)],
            ),
            (
                vec![owned(INGRID, Some(march), Some(may))],
                vec![owned(JONAS, Some(march), Some(june))],
                vec![owned(INGRID, Some(march), Some(may)), owned(JONAS, Some(may), Some(june))],
            ),
            (
                vec![owned(INGRID, Some(march), Some(may))],
                vec![all],
                vec![
                    owned(JONAS, None, Some(march)),
                    owned(INGRID, Some(march), Some(may)),
                    owned(JONAS, Some(may), None),
                ],
            ),
        ] {
            assert_eq!(united_owners(&kept, &merged), after);
        }
    }

    #[test]
    fn one_customer_is_new_once() {
        let one = History { deals: vec![sale(1, date!(2026 - 05 - 04), INGRID)], ..History::default() };
        let other = History { deals: vec![sale(2, date!(2026 - 03 - 02), JONAS)], ..History::default() };
        let before = [events(&one), events(&other)].concat();
        let (gone, new) = changed(&before, &events(&united(&one, &other)));
        let told = |events: &[Event]| events.iter().map(|e| (e.kind, e.on, e.rep)).collect::<Vec<_>>();
        // The later first sale was none, and of the two losses only that after the last sale is left.
        assert_eq!(
            told(&gone),
            [
                (EventKind::FirstSale, date!(2026 - 05 - 04), Some(INGRID)),
                (EventKind::Lost, date!(2026 - 08 - 30), None),
                (EventKind::Lost, date!(2026 - 11 - 01), None),
            ]
        );
        // The same day, but of more value: the sales of both.
        assert_eq!(told(&new), [(EventKind::Lost, date!(2026 - 11 - 01), None)]);
        assert_eq!(new[0].value, Money(200));
        let long_ago = History { customer_since: Some(date!(2019 - 01 - 01)), ..other };
        assert!(events(&united(&one, &long_ago)).iter().all(|event| event.kind != EventKind::FirstSale));
    }
}
