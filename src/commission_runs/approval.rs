//! When a run may be approved: submitted, the newest of its period, and its facts as they were.

use super::{
    calculate::{Question, calculate},
    db::{self, RunRow},
};
use crate::{
    domain::period::{Period, PeriodKind, month_number},
    postgres::tx::Tx,
    web::{auth::Viewer, error::Error},
};

/// Whether a run may be approved now: submitted, the newest of its period, and its facts as they were.
/// The transaction must be [`crate::postgres::tx::alone`].
pub async fn approvable(tx: &mut Tx, me: &Viewer, run: &RunRow) -> Result<(), Error> {
    if run.superseded {
        return Err(Error::Conflict("A newer calculation of this period replaces this run. Approve that one."));
    }
    if run.submitted_at.is_none() {
        return Err(Error::Conflict("This run is not submitted for approval yet."));
    }
    if run.locked_at.is_some() {
        return Err(Error::Conflict("This run is approved already."));
    }
    let period = period_of(me, run)?;
    over(me, period)?;
    let again = calculate(tx, &question(me, period)).await?;
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
    Ok(())
}

/// Refuses to lock a period that is still running: whatever came after the lock would count for nothing.
pub fn over(me: &Viewer, period: Period) -> Result<(), Error> {
    if period.is_over(me.today) {
        Ok(())
    } else {
        Err(Error::Conflict("This period is still running. Calculate and submit it once it is over."))
    }
}

/// The measuring period of a run.
pub fn period_of(me: &Viewer, run: &RunRow) -> Result<Period, Error> {
    let kind = PeriodKind::parse(&run.period_kind)
        .ok_or_else(|| Error::Internal(format!("run {} has the period kind {}", run.id, run.period_kind)))?;
    Ok(Period::containing(kind, run.period_start, fiscal_start(me)))
}

/// Everybody's pay of a period.
pub fn question(me: &Viewer, period: Period) -> Question {
    Question { org: me.scope.org, growth_base: me.company.growth_base, period, rep: None, today: me.today }
}

/// The month in which the company's fiscal year begins.
pub fn fiscal_start(me: &Viewer) -> time::Month {
    month_number(i32::from(me.company.fiscal_year_start))
}
