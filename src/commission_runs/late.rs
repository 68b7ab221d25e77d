//! Late facts: locked periods calculated again in shadow, and what they are worth now against what was paid.

use std::collections::HashMap;

use sqlx::PgConnection;
use time::Date;

use super::{
    calculate::{Beside, Calculated, OnPlan, Question, earned},
    late_db::{self, LockedPeriod, PaidLine},
    mark::{self, Days, Span},
    needs,
    rules::Rules,
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
        period::{Period, PeriodKind, add_months},
    },
    postgres::tx::Tx,
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

/// A locked period as its facts stand now.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The run that locked it.
    pub run: RunId,
    /// It.
    pub period: Period,
    rules: Rules,
    mark: i64,
    /// Whether nothing has changed since everything was posted.
    same: bool,
    /// Whether everybody who has a statement in it is looked at.
    whole: bool,
}

/// What a look at locked periods found.
#[derive(Default)]
pub struct Looked {
    /// What they owe reps, or the reps owe, by what is known now: in order of time, then of names, then of the plan.
    pub corrections: Vec<Correction>,
    /// Those that were calculated again, in order of time.
    pub again: Vec<Period>,
    /// The marks of those of which everybody was looked at: a run that takes up the corrections holds all of theirs.
    pub marks: Vec<(RunId, i64)>,
}

/// Looks at the locked periods of these reps before and after the asked one. Unchanged facts correct nothing.
pub async fn look(db: &mut PgConnection, asked: &Question, reps: &[UserId]) -> Result<Looked, Error> {
    let mut locked = locked(db, asked, reps, None).await?;
    // The asked period itself is calculated anew.
    locked.retain(|row| (row.period_kind, row.period_start) != (asked.period.kind(), asked.period.from()));
    let seen = seen(db, asked, &locked).await?;
    let marks = seen.iter().filter(|one| one.whole).map(|one| (one.run, one.mark)).collect();
    let again = again(db, asked, seen).await?;
    let corrections = in_shadow(db, asked, &again, reps).await?;
    Ok(Looked { corrections, again: again.into_iter().map(|one| one.period).collect(), marks })
}

/// Whether a period ended so long ago that no run of the periods that are calculated today calculates it again.
pub fn is_beyond_reach(period: Period, today: Date) -> bool {
    let calculated = period.at(period.kind(), today).previous();
    period.to() <= add_months(calculated.from(), -MONTHS_BACK)
}

/// From which day on facts make what these plans pay for a period: those before it that they look back at, too.
pub fn facts_from<'p>(on_plans: impl Iterator<Item = &'p OnPlan>, period: Period) -> Date {
    let all = on_plans.filter(|on_plan| !on_plan.settles).map(|on_plan| {
        let year = needs::year_to_date(&on_plan.plan).then(|| period.as_kind(PeriodKind::Year).from());
        let longer = needs::true_up(&on_plan.plan).map(|longer| period.as_kind(longer.into()).from());
        let back = needs::looks_back(&on_plan.document).then(|| add_months(period.from(), -MONTHS_BACK));
        [year, longer, back].into_iter().flatten().fold(period.from(), Date::min)
    });
    all.min().unwrap_or(period.from())
}

/// The locked periods that are calculated again, in order of time: those with facts that have changed and are not posted
/// yet, and later ones that may follow from them, because their plans look back.
async fn again(db: &mut PgConnection, asked: &Question, seen: Vec<Seen>) -> Result<Vec<Seen>, Error> {
    let Some(first) = seen.iter().position(|one| !one.same) else { return Ok(Vec::new()) };
    let later: Vec<RunId> = seen.iter().skip(first).filter(|one| one.same).map(|one| one.run).collect();
    let back = late_db::looking_back(db, asked.org, &later, &needs::LOOKING_BACK).await?;
    Ok(seen.into_iter().skip(first).filter(|one| !one.same || back.contains(&one.run)).collect())
}

/// The locked periods of the last two years in which one of these reps has a statement, or one of them.
async fn locked(
    db: &mut PgConnection,
    asked: &Question,
    reps: &[UserId],
    run: Option<RunId>,
) -> Result<Vec<LockedPeriod>, Error> {
    let after = add_months(asked.period.from(), -MONTHS_BACK);
    Ok(late_db::locked(db, asked.org, after, reps, run).await?)
}

/// These locked periods as their facts stand now.
async fn seen(db: &mut PgConnection, asked: &Question, locked: &[LockedPeriod]) -> Result<Vec<Seen>, Error> {
    let period = |row: &LockedPeriod| asked.period.at(row.period_kind, row.period_start);
    let mut spans = Vec::new();
    for (place, row) in (0..).zip(locked) {
        spans.extend(spans_of(place, period(row), row.facts_from, asked.growth_base, &row.rules()));
    }
    let marks = mark::marks(db, asked.org, &spans, asked.today).await?;
    let seen = (0..).zip(locked).map(|(place, row)| {
        let mark = marks.get(&place).copied().unwrap_or_default();
        let (run, period, rules, whole) = (row.run_id, period(row), row.rules(), row.whole);
        Seen { run, period, rules, mark, same: row.mark == Some(mark), whole }
    });
    Ok(seen.collect())
}

/// One locked period as its facts stand now.
async fn seen_run(db: &mut PgConnection, asked: &Question, run: RunId, reps: &[UserId]) -> Result<Vec<Seen>, Error> {
    let locked = locked(db, asked, reps, Some(run)).await?;
    seen(db, asked, &locked).await
}

/// Keeps the mark of the facts that a period is paid for, in the transaction that has just locked it: what comes or changes
/// from here on is late.
pub async fn mark_locked(tx: &mut Tx, asked: &Question, run: RunId, reps: &[UserId]) -> Result<(), Error> {
    let seen = seen_run(tx, asked, run, reps).await?;
    let marks: Vec<(RunId, i64)> = seen.iter().map(|one| (one.run, one.mark)).collect();
    Ok(late_db::insert_marks(tx, run, &marks).await?)
}

/// What of a locked run is worth something else now, for these reps: calculated again whether its facts have changed or
/// not.
pub async fn of_run(
    db: &mut PgConnection,
    asked: &Question,
    run: RunId,
    reps: &[UserId],
) -> Result<Vec<Correction>, Error> {
    let own = seen_run(db, asked, run, reps).await?;
    in_shadow(db, asked, &own, reps).await
}

/// The same for its page: nothing is calculated where nothing has changed that is not posted.
pub async fn not_posted(
    db: &mut PgConnection,
    asked: &Question,
    run: RunId,
    reps: &[UserId],
) -> Result<Vec<Correction>, Error> {
    let mut own = seen_run(db, asked, run, reps).await?;
    if own.iter().all(|one| one.same) {
        let back = late_db::looking_back(db, asked.org, &[run], &needs::LOOKING_BACK).await?;
        own.clear();
        if !back.is_empty() {
            let locked = locked(db, asked, reps, None).await?;
            let seen = seen(db, asked, &locked).await?;
            own = again(db, asked, seen).await?;
            own.retain(|one| one.run == run);
        }
    }
    in_shadow(db, asked, &own, reps).await
}

fn spans_of(place: i32, period: Period, from: Date, growth_base: GrowthBase, rules: &Rules) -> Vec<Span> {
    let days = Days { from, to: period.to() };
    let own = Span { place, days, base: false, confirm: rules.confirm_deals };
    let base = period.base(rules.growth_base.unwrap_or(growth_base), period.to());
    let base = base.map(|base| Span { days: Days { from: base.whole.from, to: base.whole.to }, base: true, ..own });
    [Some(own), base].into_iter().flatten().collect()
}

async fn in_shadow(
    db: &mut PgConnection,
    asked: &Question,
    locked: &[Seen],
    reps: &[UserId],
) -> Result<Vec<Correction>, Error> {
    if locked.is_empty() {
        return Ok(Vec::new());
    }
    let runs: Vec<RunId> = locked.iter().map(|one| one.run).collect();
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
    for Seen { run, period, rules, .. } in locked {
        let (ids, of_run): (Vec<StatementId>, Vec<OnPlan>) =
            on_plans.remove(run).unwrap_or_default().into_iter().unzip();
        let names: Vec<String> = of_run.iter().map(|on_plan| on_plan.name.clone()).collect();
        let rep = asked.rep.filter(|rep| of_run.iter().all(|on_plan| on_plan.rep == *rep));
        beside.rules = rules.clone();
        let growth_base = rules.growth_base.unwrap_or(asked.growth_base);
        let question = Question { period: *period, rep, growth_base, ..*asked };
        let shadow = earned(db, &question, of_run, &beside).await?;
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
        let mut on_plan = OnPlan::new(one.rep_id, one.rep, one.version_id, one.document)?;
        on_plan.number = one.period_on_plan.and_then(|number| u32::try_from(number).ok());
        on_plan.settles = one.off_plan;
        found.entry(one.run_id).or_default().push((one.id, on_plan));
    }
    Ok(found)
}

/// The lines that the facts of a period make. Of draws only what is given for good: a debt, and what pays one back, is
/// settled with later earnings, from balance to balance.
fn worth(calculated: &Calculated) -> Vec<(String, Money)> {
    let counts = |line: &&Line| match line.kind {
        LineKind::Component | LineKind::TrueUp | LineKind::Limit => true,
        LineKind::Draw => !calculated.draw_is_debt && line.amount.money > Money::ZERO,
        LineKind::Adjustment | LineKind::Carried => false,
    };
    let lines = calculated.statement.lines.iter().filter(counts);
    lines.map(|line| (line.component.clone(), line.amount.money)).collect()
}

/// What was paid for these lines.
fn counting(paid: &[PaidLine], calculated: &Calculated) -> Vec<(String, Money)> {
    let counts = |line: &&PaidLine| line.measure != "draw" || !calculated.draw_is_debt && line.amount > Money::ZERO;
    paid.iter().filter(counts).map(|line| (line.component.clone(), line.amount)).collect()
}
