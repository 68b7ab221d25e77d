//! From when to when a version of a plan holds, and that nobody is paid twice, or not at all, where the next one begins.

use std::cmp::Reverse;

use sqlx::PgConnection;
use time::{Date, Month};

use super::db::{self, AssignmentRow, VersionRow};
use crate::{
    domain::{
        commission::plan::Plan,
        id::{PlanId, UserId},
        period::{Period, PeriodKind, add_days},
    },
    web::{auth::Viewer, error::Error, form::Errors, format, ui::Choice},
};

/// The periods that are longer than a month: another version, or another plan, could begin inside one.
const LONGER: [PeriodKind; 2] = [PeriodKind::Quarter, PeriodKind::Year];

/// The version that holds on a day: of those that have begun the latest, and of one day the one made last.
pub fn in_force(versions: &[VersionRow], day: Date) -> Option<&VersionRow> {
    let begun = versions.iter().filter(|version| version.from_date <= day);
    begun.max_by_key(|version| (version.from_date, version.number))
}

/// A version among others: "Version 2, from 1 Nov 2026".
pub fn choice(version: &VersionRow) -> Choice {
    Choice::new(version.number, format!("Version {}, from {}", version.number, format::date(version.from_date)))
}

/// The version after which one holds no more, whichever was made first.
fn next(versions: &[VersionRow], from: Date, number: i32) -> Option<&VersionRow> {
    let after = versions.iter().filter(|version| (version.from_date, version.number) > (from, number));
    after.min_by_key(|version| (version.from_date, Reverse(version.number)))
}

/// Until when a version holds, in words; empty: without end.
pub fn until(versions: &[VersionRow], version: &VersionRow) -> String {
    match next(versions, version.from_date, version.number) {
        None => String::new(),
        Some(next) if next.from_date == version.from_date => {
            format!("never: version {} holds from the same day", next.number)
        }
        Some(next) => format!("until {}, then version {}", format::date(next.from_date), next.number),
    }
}

/// What is said of a version made last that begins before one made earlier: that one takes over again.
pub fn overtaken(versions: &[VersionRow], from: Date, fiscal_start: Month) -> Option<String> {
    let next = next(versions, from, i32::MAX)?;
    let (number, day, month) = (next.number, format::date(next.from_date), Period::month(next.from_date, fiscal_start));
    Some(format!(
        "Version {number} holds from {day}: from that day on it pays, not this one. To replace it too, save this one from \
         {month} as well."
    ))
}

/// Why a new version cannot begin on this day: inside a period that an earlier version pays as a whole, or so that a
/// later one begins inside a period that this one pays as a whole.
///
/// # Errors
/// A stored version that cannot be read.
pub fn paid_twice(
    versions: &[VersionRow],
    plan: &Plan,
    from: Date,
    fiscal_start: Month,
) -> Result<Option<String>, Error> {
    for kind in LONGER {
        let whole = Period::containing(kind, from, fiscal_start);
        let Some(paying) = in_force(versions, whole.from()).filter(|_| whole.from() < from) else { continue };
        if PeriodKind::from(paying.plan()?.period) == kind {
            let (label, number, kind) = (format::period(whole), paying.number, kind.as_str());
            let [this, after] = [whole.from(), whole.to()].map(|day| Period::month(day, fiscal_start));
            return Ok(Some(format!(
                "Version {number} pays by the {kind}, and {label} as a whole: what is sold in it would be paid twice. \
                 Choose the first month of a {kind}, {this} or {after}."
            )));
        }
    }
    let kind = PeriodKind::from(plan.period);
    for later in versions.iter().filter(|version| version.from_date > from) {
        let whole = Period::containing(kind, later.from_date, fiscal_start);
        let others = versions.iter().any(|other| other.from_date > from && other.from_date <= whole.from());
        if whole.from() < later.from_date && whole.from() >= from && !others {
            let (number, day, label) = (later.number, format::date(later.from_date), format::period(whole));
            let after = Period::month(whole.to(), fiscal_start);
            return Ok(Some(format!(
                "Version {number} holds from {day}, inside {label}, which this one would pay as a whole: what is sold \
                 after that day would be paid twice. Choose {after}, the first month after {label}."
            )));
        }
    }
    Ok(None)
}

/// Why a version cannot begin on this day: inside a longer period that it trues up for a component that the version
/// before has not, or before a later one that does so.
///
/// # Errors
/// A stored version that cannot be read.
pub fn trued_up_twice(
    versions: &[VersionRow],
    plan: &Plan,
    from: Date,
    fiscal_start: Month,
) -> Result<Option<String>, Error> {
    let inside = |kind, day| Some(Period::containing(kind, day, fiscal_start)).filter(|whole| whole.from() < day);
    if let Some(before) = in_force(versions, add_days(from, -1))
        && let Some((component, longer)) = plan.trues_up_anew(&before.plan()?)
        && let Some(whole) = inside(longer.into(), from)
    {
        let (name, number, kind, label) = (&component.name, before.number, longer.as_str(), format::period(whole));
        let [this, after] = [whole.from(), whole.to()].map(|day| Period::month(day, fiscal_start));
        return Ok(Some(format!(
            "“{name}” is made up to {label} as a whole, and nothing of that name is so in version {number}: what was paid \
             in {label} would be paid once more. Keep the name, or choose the first month of a {kind}, {this} or {after}."
        )));
    }
    if let Some(later) = next(versions, from, i32::MAX)
        && let Some((component, longer)) = later.plan()?.trues_up_anew(plan)
        && let Some(whole) = inside(longer.into(), later.from_date).filter(|whole| from < whole.to())
    {
        let (name, number, label) = (&component.name, later.number, format::period(whole));
        let (day, after) = (format::date(later.from_date), Period::month(whole.to(), fiscal_start));
        return Ok(Some(format!(
            "Version {number} holds from {day} and makes “{name}” up to {label} as a whole, and nothing of that name is so \
             in this one: what it pays in {label} would be paid once more. Keep the name, or choose {after} or a later month."
        )));
    }
    Ok(None)
}

/// Why a rep cannot be put on another plan on this day: inside a period that the rep is paid for as a whole.
///
/// # Errors
/// A stored plan that cannot be read, or the database.
pub async fn paid_already(
    db: &mut PgConnection,
    me: &Viewer,
    (rep, name): (UserId, &str),
    from: Date,
) -> Result<Option<String>, Error> {
    for kind in LONGER {
        let whole = Period::containing(kind, from, me.company.fiscal_start);
        if whole.from() == from {
            continue;
        }
        for row in db::in_force(db, me.scope.org, whole.from(), Some(rep)).await? {
            let plan = Plan::from_value(&row.document)
                .map_err(|e| Error::Internal(format!("plan version {}: {e}", row.version_id)))?;
            if PeriodKind::from(plan.period) == kind {
                let (label, plan, after) =
                    (format::period(whole), plan.name, Period::month(whole.to(), me.company.fiscal_start));
                return Ok(Some(format!(
                    "{name} is paid for {label} as a whole by the plan {plan}: what is sold in it would be paid twice. \
                     Choose {after} or a later month."
                )));
            }
        }
    }
    Ok(None)
}

/// The words where reps would get no statement, because they are put on the plan inside one of its new, longer periods:
/// a period is paid to who is on the plan on its first day.
///
/// # Errors
/// The database.
pub async fn cut_off(db: &mut PgConnection, me: &Viewer, id: PlanId, plan: &Plan, from: Date) -> Result<Errors, Error> {
    let mut errors = Errors::new();
    let kind = PeriodKind::from(plan.period);
    let rows = db::assignments(db, me.scope.org, id).await?;
    for row in &rows {
        let Some(begins) = row.from_date.filter(|begins| *begins >= from) else { continue };
        let period = Period::containing(kind, begins, me.company.fiscal_start);
        // Who was put on it twice in a row is on it on the first day.
        let paid = |other: &AssignmentRow| {
            other.rep_id == row.rep_id
                && other.from_date.is_none_or(|since| since <= period.from())
                && other.to_date.is_none_or(|to| period.from() < to)
        };
        if !rows.iter().any(paid) {
            let month = format::period(Period::month(begins, me.company.fiscal_start));
            let (rep, kind, period) = (&row.rep, kind.as_str(), format::period(period));
            let words = format!(
                "{rep} is put on this plan in {month}, inside {period}, and would be paid nothing for that {kind}. \
                 Put {rep} on it from the first month of a {kind} before you change how it is paid."
            );
            errors.add("period", words);
            break;
        }
    }
    Ok(errors)
}
