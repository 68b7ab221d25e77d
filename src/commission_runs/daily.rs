//! What each rep has earned so far, kept once a day: by the server for everybody, and by the first page that asks that day.

use std::time::{Duration, Instant};

use sqlx::{PgConnection, PgPool};
use time::{Date, PrimitiveDateTime};

use super::{
    calculate::{Calculated, Question, calculate},
    daily_db::{self, NewDay},
    inputs::Inputs,
};
use crate::{
    App,
    clock::Clock,
    domain::{
        commission::{evaluate::ENGINE_VERSION, facts::Facts, plan::Plan, statement::Statement},
        id::{OrgId, UserId},
        period::{Period, PeriodKind, add_days},
    },
    figures::Calculation,
    period_locks, plans,
    postgres::tx,
    scorecards::export_db,
    web::error::Error,
};

/// For so many days it is kept.
pub const DAYS_KEPT: i64 = 15;
/// How often the server looks for companies where a new day has begun.
const EVERY: Duration = Duration::from_mins(5);
/// How long it rests between two companies, so that pages come first.
const REST: Duration = Duration::from_secs(1);
/// The periods by which plans pay.
const KINDS: [PeriodKind; 3] = [PeriodKind::Month, PeriodKind::Quarter, PeriodKind::Year];

/// Keeps every company's days, for as long as the server runs. What fails is tried again at the next look.
pub async fn keep_up(app: App) {
    loop {
        if let Err(error) = look(&app, REST).await {
            tracing::warn!("cannot look for days to keep: {error}");
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Keeps the day of every company where that is not done yet, one after the other. Gives how many were kept; a company
/// that fails keeps no other from its turn.
pub async fn look(app: &App, rest: Duration) -> Result<usize, Error> {
    let mut kept = 0;
    for org in daily_db::due(&app.db, app.clock.now()).await? {
        let begun = Instant::now();
        match keep_everybody(&app.db, org, app.clock).await {
            Ok(done) => {
                app.figures.calculated(Calculation::Day, begun.elapsed());
                kept += usize::from(done);
            }
            Err(error) => tracing::warn!("cannot keep the day of organization {org}: {error}"),
        }
        tokio::time::sleep(rest).await;
    }
    Ok(kept)
}

/// The periods of a kind of which a day is kept: the one that runs, and the one before it, which may not be approved yet.
fn kept_periods(kind: PeriodKind, period: impl Fn(PeriodKind) -> Period) -> [Period; 2] {
    let running = period(kind);
    [running, running.previous()]
}

/// Whether a day of this period is kept.
pub fn is_kept(period: Period, today: Date) -> bool {
    KINDS.contains(&period.kind()) && kept_periods(period.kind(), |kind| period.at(kind, today)).contains(&period)
}

/// Keeps the day that the clock shows, of everybody in an organization. False: somebody else was faster.
pub async fn keep_everybody(db: &PgPool, org: OrgId, clock: Clock) -> Result<bool, Error> {
    let mut read = tx::long_read(db, org).await?;
    let settings = export_db::settings(&mut read, org, clock.now()).await?;
    let today = settings.today;
    let mut days = Vec::new();
    for kind in KINDS {
        for period in kept_periods(kind, |kind| Period::containing(kind, today, settings.fiscal_start)) {
            if period_locks::db::is_settled(&mut read, org, period).await? {
                continue;
            }
            let asked = Question { org, growth_base: settings.growth_base, period, rep: None, today };
            for calculated in everybody(&mut read, &asked).await? {
                days.push(new_day(period, &calculated)?);
            }
        }
    }
    drop(read);
    let mut write = tx::write(db, org, None, clock).await?;
    if !daily_db::begin(&mut write, today).await? {
        return Ok(false);
    }
    daily_db::forget(&mut write, add_days(today, -DAYS_KEPT)).await?;
    daily_db::insert(&mut write, today, &days).await?;
    write.commit().await?;
    Ok(true)
}

/// What everybody earns; where somebody's pay cannot be calculated, what the others earn, one by one. It fails where it
/// does for all of them.
async fn everybody(db: &mut PgConnection, asked: &Question) -> Result<Vec<Calculated>, Error> {
    let why = match calculate(db, asked).await {
        Err(why @ (Error::Internal(_) | Error::Uncalculable { .. })) => why,
        done => return done,
    };
    tracing::warn!("cannot keep {} of organization {} at once: {why}", asked.period, asked.org);
    let mut all = None;
    for row in plans::db::in_force(db, asked.org, asked.period.from(), None).await? {
        match calculate(db, &Question { rep: Some(row.rep_id), ..*asked }).await {
            Ok(one) => all.get_or_insert_with(Vec::new).extend(one),
            Err(why @ (Error::Internal(_) | Error::Uncalculable { .. })) => {
                tracing::warn!("cannot keep the day of a rep: {why}");
            }
            Err(error) => return Err(error),
        }
    }
    all.ok_or(why)
}

/// Keeps what a page has calculated for a rep, as today's. What is kept of today already stays.
pub async fn keep(app: &App, org: OrgId, today: Date, period: Period, calculated: &Calculated) -> Result<(), Error> {
    let day = new_day(period, calculated)?;
    let mut write = tx::write(&app.db, org, None, app.clock).await?;
    daily_db::insert(&mut write, today, &[day]).await?;
    Ok(write.commit().await?)
}

fn new_day(period: Period, calculated: &Calculated) -> Result<NewDay, Error> {
    let json = |error: serde_json::Error| Error::Internal(error.to_string());
    Ok(NewDay {
        rep: calculated.rep,
        period,
        version: calculated.version,
        engine: ENGINE_VERSION,
        inputs: calculated.inputs.text().map_err(json)?,
        statement: serde_json::to_string(&calculated.statement).map_err(json)?,
    })
}

/// A calculation of an earlier day.
pub struct Day {
    /// Of which day.
    pub day: Date,
    /// When, at the company.
    pub at: PrimitiveDateTime,
    /// The plan in force.
    pub plan: Plan,
    /// What was known.
    pub facts: Facts,
    /// What it paid.
    pub statement: Statement,
    /// Whether the same version of the engine calculated it.
    pub same_engine: bool,
}

/// What is kept of a rep's period.
pub struct Days {
    /// The days before today, the latest first.
    pub earlier: Vec<(Date, PrimitiveDateTime)>,
    /// Whether today is among them.
    pub today: bool,
    /// The calculation of the day that was asked for, else of the latest before today.
    pub chosen: Option<Day>,
}

/// What is kept of a rep's period; `since` asks for a day.
///
/// # Errors
/// [`Error::NotFound`] where the day that was asked for is not kept.
pub async fn load(db: &mut PgConnection, asked: &Question, rep: UserId, since: Option<Date>) -> Result<Days, Error> {
    let (org, period) = (asked.org, asked.period);
    let mut earlier = daily_db::days(db, org, rep, period).await?;
    let today = earlier.iter().any(|(day, _)| *day == asked.today);
    earlier.retain(|(day, _)| *day < asked.today);
    let wanted = match since {
        Some(since) => Some(*earlier.iter().find(|(day, _)| *day == since).ok_or(Error::NotFound)?),
        None => earlier.first().copied(),
    };
    let chosen = match wanted {
        Some((day, at)) => match daily_db::find(db, org, rep, period, day).await? {
            Some(row) => Some(read(row, day, at)?),
            None => None,
        },
        None => None,
    };
    Ok(Days { earlier, today, chosen })
}

fn read(row: daily_db::DayRow, day: Date, at: PrimitiveDateTime) -> Result<Day, Error> {
    let fault = |why: String| Error::Internal(format!("what is kept of {day}: {why}"));
    let inputs: Inputs = serde_json::from_value(row.inputs).map_err(|e| fault(e.to_string()))?;
    let plan = Plan::from_value(&inputs.plan).map_err(|e| fault(e.to_string()))?;
    let facts = Facts::from_value(&inputs.facts, plan.currency).map_err(|e| fault(e.to_string()))?;
    let statement = serde_json::from_value(row.statement).map_err(|e| fault(e.to_string()))?;
    Ok(Day { day, at, plan, facts, statement, same_engine: row.engine == ENGINE_VERSION })
}
