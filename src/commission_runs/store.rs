//! A period becomes a run: calculated for everybody on a plan of such periods and stored, by the page and the command.

use super::{
    account_db,
    calculate::{Calculated, Question, ToStore, calculate_to_store},
    cores::on_all_cores,
    late::Correction,
    late_db, store_db,
};
use crate::{
    audit,
    domain::{
        commission::evaluate::ENGINE_VERSION,
        id::RunId,
        period::{Period, PeriodKind},
    },
    period_locks,
    postgres::tx::Tx,
    web::error::Error,
};

/// Why a period was not stored as a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotStored {
    /// A run of the period is approved.
    Settled,
    /// No plan pays by such periods, or nobody is on one.
    NobodyOnAPlan,
}

impl NotStored {
    /// What is wrong and what to do.
    pub fn words(self) -> &'static str {
        match self {
            Self::Settled => {
                "This period is approved and locked. What came later is listed on its run and goes into the next one."
            }
            Self::NobodyOnAPlan => "Nobody is on a plan that is paid by such a period. Put reps on a plan first.",
        }
    }
}

/// Whether plans pay by periods of this length.
pub fn is_paid_by(kind: PeriodKind) -> bool {
    matches!(kind, PeriodKind::Month | PeriodKind::Quarter | PeriodKind::Year)
}

/// Calculates the period for everybody and stores the run, prepared by the transaction's actor, with its audit row.
/// Nothing was written where it is refused. The transaction must be [`crate::postgres::tx::alone`].
pub async fn store(tx: &mut Tx, asked: &Question) -> Result<Result<(RunId, Vec<Calculated>), NotStored>, Error> {
    let period: Period = asked.period;
    if period_locks::db::is_settled(tx, asked.org, period).await? {
        return Ok(Err(NotStored::Settled));
    }
    tx.take_time().await?;
    let to_store = calculate_to_store(tx, asked).await?;
    if to_store.calculated.is_empty() {
        return Ok(Err(NotStored::NobodyOnAPlan));
    }
    let run = insert(tx, asked, &to_store).await?;
    let calculated = to_store.calculated;
    let detail = serde_json::json!({ "period": period.to_string(), "statements": calculated.len() });
    audit::db::record(tx, "run.calculated", &format!("/commission-runs/{run}"), detail).await?;
    Ok(Ok((run, calculated)))
}

/// Stores what was calculated as a new run of the period: statements, what they correct and what they take up.
async fn insert(tx: &mut Tx, asked: &Question, to_store: &ToStore) -> Result<RunId, Error> {
    let ToStore { calculated, marks, facts_from } = to_store;
    let statements = on_all_cores(calculated, Calculated::to_store).into_iter().collect::<Result<Vec<_>, _>>()?;
    let run = store_db::insert(tx, asked.period, ENGINE_VERSION, asked.growth_base, *facts_from).await?;
    late_db::insert_marks(tx, run, marks).await?;
    store_db::insert_statements(tx, run, &statements).await?;
    let corrections: Vec<&Correction> = calculated.iter().flat_map(|one| &one.corrections).collect();
    late_db::insert(tx, run, &corrections).await?;
    let taken = |one: &Calculated| one.by_hand.iter().map(|id| (one.rep, *id)).collect::<Vec<_>>();
    account_db::insert_taken_up(tx, run, &calculated.iter().flat_map(taken).collect::<Vec<_>>()).await?;
    Ok(run)
}
