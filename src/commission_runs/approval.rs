//! Where a run stands, and when it may be approved: submitted, the newest of its period, its facts as they were.

use time::Date;

use super::{
    calculate::{Calculated, Question, calculate},
    db::{self, RunRow},
    late, late_db,
};
use crate::{
    domain::{
        id::{RunId, UserId},
        period::Period,
    },
    postgres::tx::Tx,
    targets::expected,
    web::{
        auth::Viewer,
        error::Error,
        periods,
        ui::{Badge, Tone},
    },
};

/// Whether a run may be approved now: submitted, the newest of its period, and its facts as they were.
/// Gives what was asked to see that. The transaction must be [`crate::postgres::tx::alone`].
pub async fn approvable(tx: &mut Tx, me: &Viewer, run: &RunRow) -> Result<Question, Error> {
    if run.superseded {
        return Err(Error::Conflict("A newer calculation of this period replaces this run. Approve that one."));
    }
    if run.submitted_at.is_none() {
        return Err(Error::Conflict("This run is not submitted for approval yet."));
    }
    if run.locked_at.is_some() {
        return Err(Error::Conflict("This run is approved already."));
    }
    let period = periods::containing(run.period_kind, run.period_start, me);
    must_be_over(me, period)?;
    tx.take_time().await?;
    let asked = Question::of(me, period, None);
    let again = calculate(tx, &asked).await?;
    let mut now = Vec::with_capacity(again.len());
    for calculated in &again {
        now.push((calculated.rep, calculated.to_store()?.digest.to_vec()));
    }
    now.sort_unstable();
    if now != db::digests(tx, me.scope.org, run.id).await? {
        return Err(Error::Conflict(
            "Deals, visits, targets or plans of this period have changed since it was calculated. Calculate it again.",
        ));
    }
    earlier_are_paid(tx, me, period, &again).await?;
    Ok(asked)
}

/// Locks the run's period if all of its statements are approved, keeps who was there on which of its days, and the mark of
/// the facts that it is paid for: as they were calculated, or nobody could have approved them. The transaction must be
/// [`crate::postgres::tx::alone`].
pub async fn lock_if_approved(tx: &mut Tx, asked: &Question, run: RunId) -> Result<bool, Error> {
    let locked = expected::lock_if_approved(tx, run).await?;
    if locked {
        let reps: Vec<UserId> = db::digests(tx, asked.org, run).await?.into_iter().map(|(rep, _)| rep).collect();
        late::mark_locked(tx, asked, run, &reps).await?;
    }
    Ok(locked)
}

/// What a longer period is worth beyond its parts is known once its earlier parts are paid.
async fn earlier_are_paid(tx: &mut Tx, me: &Viewer, period: Period, again: &[Calculated]) -> Result<(), Error> {
    for one in again {
        let Some((kind, periods)) = one.trues_up else { continue };
        let (from, to) = (period.as_kind(kind).from(), period.from());
        let paid = late_db::locked_count(tx, me.scope.org, one.rep, period.kind(), from, to).await?;
        if paid + 1 < i64::from(periods) {
            return Err(Error::Conflict(
                "This run trues up a longer period of which an earlier part is not approved yet. Approve that one first.",
            ));
        }
    }
    Ok(())
}

/// Refuses to lock a period that is still running: whatever came after the lock would count for nothing.
pub fn must_be_over(me: &Viewer, period: Period) -> Result<(), Error> {
    if period.is_over(me.today) {
        Ok(())
    } else {
        Err(Error::Conflict("This period is still running. Calculate and submit it once it is over."))
    }
}

/// Where a run or its statement stands, in one word.
pub fn badge(superseded: bool, paid_on: Option<Date>, approved: bool, submitted: bool) -> Badge {
    match (superseded, paid_on, approved, submitted) {
        (true, ..) => Badge::new(Tone::Plain, "Replaced"),
        (_, Some(_), ..) => Badge::new(Tone::Good, "Paid"),
        (_, _, true, _) => Badge::new(Tone::Good, "Approved"),
        (.., true) => Badge::new(Tone::Info, "Waiting for approval").icon("clock"),
        _ => Badge::new(Tone::Plain, "Draft"),
    }
}
