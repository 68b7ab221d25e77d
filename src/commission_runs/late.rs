//! Late facts: locked periods calculated again in shadow, and what they are worth now against what was paid.

use std::collections::HashMap;

use sqlx::PgConnection;

use super::{
    calculate::{Beside, Calculated, OnPlan, Question, earned},
    late_db::{self, LockedPeriod, PaidLine},
    mark_db::{self, Span},
    needs,
};
use crate::{
    domain::{
        commission::{
            late::{Difference, differences},
            statement::{Line, LineKind},
        },
        company::GrowthBase,
        id::{RunId, StatementId, UserId},
        money::Money,
        period::{Period, add_months},
    },
    web::error::Error,
};

/// Periods that ended more than so many months before the calculated one are not calculated again.
pub const MONTHS_BACK: i32 = 24;

/// A component of a locked statement that is worth something else now.
#[derive(Clone, Debug)]
pub struct Correction {
    /// Whose pay it is.
    pub rep: UserId,
    /// The rep's name.
    pub name: String,
    /// The locked statement.
    pub statement: StatementId,
    /// Its period.
    pub period: Period,
    /// The component with old and new.
    pub difference: Difference,
}

/// What locked periods owe these reps, or the reps owe, by what is known now: in order of time, then of names, then of
/// the plan. Unchanged facts give nothing. In doubt a period is calculated again: one whose mark has changed, and every
/// later one, for pay may follow from earlier facts.
pub async fn corrections(db: &mut PgConnection, asked: &Question, reps: &[UserId]) -> Result<Vec<Correction>, Error> {
    let after = add_months(asked.period.from(), -MONTHS_BACK);
    let locked = late_db::locked(db, asked.org, after, reps, None).await?;
    let period = |row: &LockedPeriod| asked.period.at(row.period_kind, row.period_start);
    let mut spans = Vec::new();
    for (place, row) in (0..).zip(&locked) {
        spans.extend(spans_of(place, period(row), asked.growth_base));
    }
    let marks: HashMap<i32, i64> = if spans.is_empty() {
        HashMap::new()
    } else {
        mark_db::marks(db, asked.org, &spans, asked.today).await?.into_iter().collect()
    };
    let changed = (0..).zip(&locked).find(|(place, row)| row.mark.is_none() || row.mark != marks.get(place).copied());
    let Some(from) = changed.map(|(_, row)| row.period_start) else { return Ok(Vec::new()) };
    let again: Vec<(RunId, Period)> = locked
        .iter()
        .map(|row| (row.run_id, period(row)))
        .filter(|(_, period)| period.to() > from && *period != asked.period)
        .collect();
    in_shadow(db, asked, &again, reps).await
}

/// What of a locked run is worth something else now, for these reps.
pub async fn of_run(
    db: &mut PgConnection,
    asked: &Question,
    run: RunId,
    reps: &[UserId],
) -> Result<Vec<Correction>, Error> {
    in_shadow(db, asked, &[(run, asked.period)], reps).await
}

/// The mark of a period's facts, as they stand now.
pub async fn mark(db: &mut PgConnection, asked: &Question) -> Result<Option<i64>, Error> {
    let spans = spans_of(0, asked.period, asked.growth_base);
    let marks = mark_db::marks(db, asked.org, &spans, asked.today).await?;
    Ok(marks.first().map(|(_, mark)| *mark))
}

fn spans_of(place: i32, period: Period, growth_base: GrowthBase) -> Vec<Span> {
    let own = Span { place, from: period.from(), to: period.to(), base: false };
    let base = period.base(growth_base, period.to());
    let base = base.map(|base| Span { place, from: base.whole.from, to: base.whole.to, base: true });
    [Some(own), base].into_iter().flatten().collect()
}

async fn in_shadow(
    db: &mut PgConnection,
    asked: &Question,
    locked: &[(RunId, Period)],
    reps: &[UserId],
) -> Result<Vec<Correction>, Error> {
    let runs: Vec<RunId> = locked.iter().map(|(run, _)| *run).collect();
    let mut on_plans = on_plans(db, asked, &runs, Some(reps)).await?;
    if on_plans.values().flatten().any(|(_, on_plan)| needs::of_others(&on_plan.plan)) {
        on_plans = self::on_plans(db, asked, &runs, None).await?;
    }
    let ids: Vec<StatementId> = on_plans.values().flatten().map(|(statement, _)| *statement).collect();
    let mut paid: HashMap<StatementId, Vec<PaidLine>> = HashMap::new();
    for line in late_db::paid(db, asked.org, &ids).await? {
        paid.entry(line.statement_id).or_default().push(line);
    }
    let mut beside = Beside::default();
    for (run, period) in locked {
        let (ids, of_run): (Vec<StatementId>, Vec<OnPlan>) =
            on_plans.remove(run).unwrap_or_default().into_iter().unzip();
        let names: Vec<String> = of_run.iter().map(|on_plan| on_plan.name.clone()).collect();
        let rep = asked.rep.filter(|rep| of_run.iter().all(|on_plan| on_plan.rep == *rep));
        let shadow = earned(db, &Question { period: *period, rep, ..*asked }, of_run, &beside).await?;
        for ((calculated, statement), name) in shadow.iter().zip(ids).zip(names) {
            if !reps.contains(&calculated.rep) {
                continue;
            }
            let paid = paid.get(&statement).map(Vec::as_slice).unwrap_or_default();
            for difference in differences(&counting(paid, calculated), &worth(calculated)) {
                let (rep, name) = (calculated.rep, name.clone());
                beside.corrections.push(Correction { rep, name, statement, period: *period, difference });
            }
        }
    }
    Ok(beside.corrections)
}

/// The statements of locked runs, with the plans that they were paid by, run by run.
async fn on_plans(
    db: &mut PgConnection,
    asked: &Question,
    runs: &[RunId],
    reps: Option<&[UserId]>,
) -> Result<HashMap<RunId, Vec<(StatementId, OnPlan)>>, Error> {
    let mut found: HashMap<RunId, Vec<(StatementId, OnPlan)>> = HashMap::new();
    for one in late_db::statements(db, asked.org, runs, reps).await? {
        let on_plan = OnPlan::new(one.rep_id, one.rep, one.version_id, one.document)?;
        found.entry(one.run_id).or_default().push((one.id, on_plan));
    }
    Ok(found)
}

/// The lines that the facts of a period make. The draw is one of them unless it is a debt: that is settled by later
/// earnings, and its gap by then.
fn worth(calculated: &Calculated) -> Vec<(String, Money)> {
    let counts = |line: &&Line| match line.kind {
        LineKind::Component | LineKind::TrueUp | LineKind::Limit => true,
        LineKind::Draw => !calculated.draw_is_debt,
        LineKind::Adjustment | LineKind::Carried => false,
    };
    let lines = calculated.statement.lines.iter().filter(counts);
    lines.map(|line| (line.component.clone(), line.amount.money)).collect()
}

/// What was paid for these lines.
fn counting(paid: &[PaidLine], calculated: &Calculated) -> Vec<(String, Money)> {
    let counts = |line: &&PaidLine| line.measure != "draw" || !calculated.draw_is_debt;
    paid.iter().filter(counts).map(|line| (line.component.clone(), line.amount)).collect()
}
